"""What is checked about a chapter beyond its code: sources of its numbers, claims, layout, motion, recordings."""
