"""Plots: axes, scales, curves, bars, runs over steps, clouds of points."""
