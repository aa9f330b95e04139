"""What is checked about a chapter beyond its code: that every digit on screen has a source."""
