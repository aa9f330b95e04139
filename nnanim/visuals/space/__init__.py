"""Space: surfaces and landscapes, from above and from the side."""
