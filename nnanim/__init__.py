"""nnanim: animated lectures on neural networks in which every number is real."""

__version__ = "0.1.0"
