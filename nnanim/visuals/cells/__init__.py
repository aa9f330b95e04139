"""Cells: matrices, heat maps, grids of numbers."""
