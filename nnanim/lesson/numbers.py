"""Numbers of a record, written as they are read best: with decimals that suit their size, in words where digits would say nothing."""

from __future__ import annotations

from nnanim.quantity import Quantity, Sentence, Showable, counted
from nnanim.trace import Trace

SIZES = ((1000, 0), (100, 1), (0.1, 2), (0.001, 4), (1e-6, 6))
"""From which size on a number is written with how many decimals."""


def fitting(trace: Trace, source: str, *index: int) -> Showable:
    """A number with decimals that suit its size.

    What lies beyond ``trace["beyond"]``, or between 0 and ``trace["tiny"]``, is put in words.
    """
    value = trace.quantity(source, *index).value
    if abs(value) > float(trace["beyond"]):
        words = "over {beyond}" if value > 0 else "under minus {beyond}"
        return Sentence(words, {"beyond": trace.quantity("beyond", decimals=0)})
    if 0 < value < float(trace["tiny"]):
        return Sentence("under {tiny}", {"tiny": trace.quantity("tiny", decimals=6)})
    return trace.quantity(source, *index, decimals=next((decimals for least, decimals in SIZES if abs(value) >= least), 2))


def exact(trace: Trace, source: str, *index: int) -> Quantity:
    """A number with as many decimals as it has, two at least and nine at most."""
    value = trace.quantity(source, *index).value
    decimals = next((places for places in range(2, 9) if abs(round(value, places) - value) < 1e-12), 9)
    return trace.quantity(source, *index, decimals=decimals)


def steps(trace: Trace, source: str, *index: int) -> Sentence:
    """“1 step”, “80 steps”."""
    return counted(trace.quantity(source, *index, decimals=0), "step", "steps")
