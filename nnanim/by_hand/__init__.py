"""Forward propagation followed by hand: a network small enough to show every number, as pages of a lesson."""
