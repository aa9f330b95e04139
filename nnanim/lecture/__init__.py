"""What surrounds a video: captions, poster, contact sheet, recipe, and the folder that holds them all."""
