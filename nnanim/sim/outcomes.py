"""What becomes of a descent: one definition for the simulation, the words, the colours and the audit of all of them.

Decided by numbers that the trace of :func:`nnanim.sim.landscape.record` holds; torch is not needed.
"""

from __future__ import annotations

from enum import Enum
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from nnanim.trace import Trace

LIKE = 1e-6
"""Two losses that differ by no more than this share of the larger, or of one, are alike."""
STILL = 1e-6
"""A gradient shorter than this is next to none; a curvature smaller than this is none that can be told."""


class Outcome(Enum):
    """What became of a run: a short word for it, how the narration says it of a learning rate, and its colour's role."""

    OUT_OF_BOUNDS = ("diverges", "leaves all bounds", "negative")
    DIVERGES = ("diverges", "diverges", "negative")
    SETTLES = ("converges", "overshoots, yet converges", "good")
    CONVERGES = ("converges", "converges", "good")
    OSCILLATES = ("oscillates", "oscillates", "negative")
    STALLS = ("stalls", "stalls", "text")
    UNDER_WAY = ("on its way", "is still on its way", "text")

    def __init__(self, word: str, phrase: str, role: str) -> None:
        self.word, self.phrase, self.role = word, phrase, role


def exceeds(one: float, other: float) -> bool:
    """Whether a loss is larger than another, beyond what :data:`LIKE` lets pass as alike."""
    return bool(one - other > LIKE * max(1.0, abs(one), abs(other)))


def alike(one: float, other: float) -> bool:
    """Whether neither of two losses exceeds the other."""
    return not exceeds(one, other) and not exceeds(other, one)


def outcome(trace: Trace, run: str) -> Outcome:
    """What became of a run: the first of these that holds.

    * ``OUT_OF_BOUNDS``: its loss or a coordinate went beyond all bounds;
    * ``DIVERGES``: its loss ended above its start, and its peaks grow: the highest loss of either half of the run, and of
      either half of as many steps more, exceeds the one before;
    * ``SETTLES``: it stays near a minimum (see below), and most of its steps turned back on the one before;
    * ``CONVERGES``: it stays near a minimum;
    * ``OSCILLATES``: most of its steps turned back on the one before;
    * ``STALLS``: next to no gradient is left at its end, and no minimum is near;
    * ``UNDER_WAY``: anything else.

    A run stays near a minimum when the last tenth of its points, and as many steps again as it had, keep within its
    tolerance of the minimum, and it is no further from it in the second half of these steps than in the first.
    A step turns back when it leads more than 90° away from the one before.
    """
    losses = trace[f"{run}.losses"]
    if trace[f"{run}.stopped"]:
        return Outcome.OUT_OF_BOUNDS
    if exceeds(float(losses[-1]), float(losses[0])) and grows(trace[f"{run}.peaks"]):
        return Outcome.DIVERGES
    turns = float(trace[f"{run}.turning_share"]) > 0.5
    if stays(trace, run):
        return Outcome.SETTLES if turns else Outcome.CONVERGES
    if turns:
        return Outcome.OSCILLATES
    near = float(trace[f"{run}.distance"]) <= float(trace[f"{run}.tolerance"])
    return Outcome.STALLS if trace[f"{run}.gradient_norms"][-1] < STILL and not near else Outcome.UNDER_WAY


def grows(peaks: NDArray[np.float64]) -> bool:
    """Whether each peak exceeds the one before; an infinite one stands for a run that has left all bounds."""
    return all(bool(np.isinf(later)) or exceeds(float(later), float(sooner)) for sooner, later in pairwise(peaks))


def stays(trace: Trace, run: str) -> bool:
    """Whether a run stays near a minimum: see :func:`outcome`."""
    tolerance, (sooner, later) = float(trace[f"{run}.tolerance"]), trace[f"{run}.strays"]
    near = max(float(trace[f"{run}.farthest"]), sooner, later) <= tolerance
    return bool(near and later <= sooner * (1 + LIKE) + LIKE * tolerance)
