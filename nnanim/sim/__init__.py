"""Simulations: torch computes, and leaves a trace. Nothing here knows that anything is drawn."""
