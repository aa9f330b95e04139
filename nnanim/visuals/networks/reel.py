"""Digits that pass through networks, moment by moment: what a wheel shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnanim.visuals.paint.painted import Floats


@dataclass(frozen=True)
class Reel:
    """Digits passing through networks, moment by moment (n moments).

    Attributes
    ----------
    images
        (n, 28, 28), 0–1.
    hidden, shares
        Outputs of the hidden neurons (n, H), and probabilities (n, 10).
    pixels, pulls
        Pixels that pull most at each neuron, and how (n, H, k).
    lines
        Weights of the second layer (n, 10, H).
    dark
        Neurons that fire for no digit (n, H).
    labels
        What each digit is (n,), −1 where that is not known.
    """

    images: Floats
    hidden: Floats
    shares: Floats
    pixels: NDArray[np.int64]
    pulls: Floats
    lines: Floats
    dark: NDArray[np.bool_]
    labels: NDArray[np.int64]

    @classmethod
    def of(cls, trace: Any, name: str) -> Reel:
        """What :func:`nnanim.sim.digit_reels.reel` left under a name."""
        view = trace.under(name)
        digits = np.asarray(view["digits"], dtype=int)
        count, hidden = len(digits), np.asarray(view["hidden"], dtype=float)
        every = np.arange(count)
        lines = np.asarray(view["lines"], dtype=float)
        lit = np.asarray(view["lit"], dtype=float) if "lit" in view else np.ones((1, hidden.shape[1]))
        return cls(
            trace["pool_images"][digits] / 255.0, hidden, np.asarray(view["shares"], dtype=float),
            np.asarray(view["pixels"], dtype=int), np.asarray(view["pulls"], dtype=float),
            lines[every if len(lines) == count else np.zeros(count, dtype=int)],
            lit[every if len(lit) == count else np.zeros(count, dtype=int)] == 0,
            trace["pool_labels"][digits],
        )  # fmt: skip

    @property
    def right(self) -> NDArray[np.bool_]:
        """Whether each digit is read right, (n,)."""
        return np.asarray(self.shares.argmax(axis=1) == self.labels)
