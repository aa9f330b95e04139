"""The commands, one a file. What needs manim or torch is imported inside the command that needs it."""
