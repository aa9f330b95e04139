"""How things are painted: mobjects of many parts, kept pictures, stencils. Knows manim, cairo and numpy only."""
