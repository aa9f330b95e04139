"""What is drawn: manim mobjects that know colours, type, regions and where their numbers come from."""
