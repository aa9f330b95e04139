"""What became of the networks in a trace of :func:`nnanim.sim.twins.record`: read from its numbers alone, without torch."""

from __future__ import annotations

from typing import Any

PLAIN, ROAD, NORM, BOTH, START = range(5)
"""Rows of the variants in the trace: plain; with residual connections; with layer norm; with both; with another start."""
LEARNED = 0.95
"""A network with so many of its points right has learned."""
GUESSING = 0.005
"""A loss so near to that of always saying one half is a guess."""


def broke(t: Any, variant: int) -> bool:
    """Whether the training came to a loss that is no number."""
    return bool(t["stopped_at"][variant] >= 0)


def guesses(t: Any, variant: int) -> bool:
    """Whether it ended where it would by always saying one half."""
    return bool(not broke(t, variant) and abs(t["losses"][variant, -1] - t["guess"]) < GUESSING)


def learned(t: Any, variant: int) -> bool:
    """Whether it ended with nearly every point right."""
    return bool(not broke(t, variant) and t["right"][variant] >= LEARNED)


def parted(t: Any) -> bool:
    """Whether of the twins one has learned, and the other nothing."""
    return bool(learned(t, BOTH) and guesses(t, PLAIN))


def wider(t: Any) -> bool:
    """Whether the start that is tried instead draws weights from a wider range than the one in use."""
    return bool(other(t, "weight_bound") > used(t, "weight_bound"))


def fades(t: Any) -> bool:
    """Whether the twins parted and a layer of the plain one passes on clearly less than it gets."""
    return parted(t) and used(t, "measured") < 0.8


def floods(t: Any, variant: int) -> bool:
    """Whether the first layer got more than ten times what the last one did, and the network has not learned."""
    return bool(t["first"][variant] > 10 * t["last"][variant] and not learned(t, variant))


def account_holds(t: Any) -> bool:
    """Whether the factor of a layer was foretold to a tenth."""
    return bool(abs(used(t, "measured") / used(t, "foretold") - 1) < 0.1)


def start_settles(t: Any) -> bool:
    """Whether the gradient shrank with the start in use, and keeps its size with the one tried instead."""
    return bool(used(t, "measured") < 0.8 and 0.85 < other(t, "measured") < 1.18)


def used(t: Any, name: str) -> float:
    """A figure of the start in use."""
    return float(t[name][int(t["used"])])


def other(t: Any, name: str) -> float:
    """A figure of the start that is tried instead."""
    return float(t[name][int(t["other"])])
