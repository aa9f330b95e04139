"""What a neuron sums up for each input, as a heap of grains under the bend of its activation function."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnanim.visuals.page.frame import Region
from nnanim.visuals.page.theme import rgba, theme
from nnanim.visuals.paint.canvas import Canvas
from nnanim.visuals.paint.painted import Floats
from nnanim.visuals.paint.picture import Picture

BINS = 110
"""Columns of the heap."""


class BendHeap(Picture):
    """The function max(0, z) as a line, and a grain for each input where its sum z lies; grains rain in with ``rain``.

    Dials: ``moment`` from which row of the sums to which the grains are on their way; ``line`` 0–1 how far the function is drawn; ``rain`` 0–1 how many grains have fallen; ``slope`` 0–1 greys the flat part, where there is none.

    Anchors: ``flat``: above the flat part; ``bend``: the bend; ``rise``: on the rising part; ``over``: high above the flat part's beginning.

    Parameters
    ----------
    region
        Where.
    sums
        z of each input, (n,), or at each of several moments, (M, n).
    """

    dial_names: ClassVar[dict[str, float]] = {"moment": 0.0, "line": 0.0, "rain": 0.0, "slope": 0.0}
    bleeds: ClassVar[float] = 0.3

    def __init__(self, region: Region, sums: ArrayLike, **dials: float) -> None:
        self.sums = z = np.atleast_2d(np.asarray(sums, dtype=float))
        reach = max(float(np.abs(z).max()), 1e-6)
        self.low, self.high = -1.05 * reach, max(0.5 * reach, 1.05 * float(z.max()))
        self.most = max(int(np.bincount(self.columns_of(row)).max()) for row in z)
        super().__init__((region.left, region.bottom, region.right, region.top), **dials)

    def columns_of(self, z: Floats) -> NDArray[np.int64]:
        """In which column of the heap each grain lies, (n,)."""
        return np.clip(((z - self.low) / (self.high - self.low) * BINS).astype(int), 0, BINS - 1)

    def lying(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The column of each grain now, and how many lie under it, (n,) each."""
        moment = float(np.clip(self.dial("moment"), 0, len(self.sums) - 1))
        row = min(int(moment), max(len(self.sums) - 2, 0))
        columns = self.columns_of(self.sums[row] + (moment - row) * (self.sums[min(row + 1, len(self.sums) - 1)] - self.sums[row]))
        order = np.argsort(columns, kind="stable")
        first = np.searchsorted(columns[order], columns[order])
        heights = np.empty_like(columns)
        heights[order] = np.arange(len(columns)) - first
        return columns, heights

    @property
    def ground(self) -> float:
        """Where the axis stands, as a share of the height."""
        return 0.62

    def at(self, z: float, up: float) -> Floats:
        """The point of a sum, so far above the ground as a share of the height, (3,)."""
        return self.place((z - self.low) / (self.high - self.low), self.ground + up)

    def anchor(self, name: str) -> Floats:
        """See the class."""
        places = {"flat": (0.5 * self.low, 0.0), "bend": (0.0, 0.0), "over": (self.low, 0.26)}
        if name == "rise":
            bend, (_, _, right, top) = self.at(0.0, 0.0), self.corners
            run = 0.6 * min(right - bend[0], top - bend[1])
            return bend + np.array([run, run, 0.0])
        if name not in places:
            return super().anchor(name)
        return self.at(*places[name])

    def draw(self, canvas: Canvas) -> None:
        """Grains below the axis, the function above it."""
        left, bottom, right, top = self.corners
        ground = bottom + self.ground * (top - bottom)
        step, high = (right - left) / BINS, (ground - bottom - 0.25) / max(self.most, 1)
        columns, heights = self.lying()
        count = round(self.dial("rain") * len(columns))
        ctx = canvas.ctx
        canvas.color(rgba(theme().text), 0.85)
        size = min(0.8 * step, 0.09)
        for column, height in zip(columns[:count].tolist(), heights[:count].tolist(), strict=True):
            ctx.rectangle(left + (column + 0.1) * step, ground - 0.16 - (height + 1) * high, size, max(0.75 * high, 0.012))
        ctx.fill()
        canvas.line([(left, ground), (right, ground)], 0.03, rgba(theme().muted), 0.6)
        bend = self.at(0.0, 0.0)
        peak = np.array([right, min(top, ground + (right - bend[0])), 0.0])
        path = np.array([[left, ground, 0.0], bend, peak])
        lengths = np.array([bend[0] - left, float(np.hypot(*(peak - bend)[:2]))])
        drawn = self.dial("line") * lengths.sum()
        end = path[0] + min(drawn / lengths[0], 1) * (bend - path[0]) if drawn < lengths[0] else bend + (drawn - lengths[0]) / lengths[1] * (peak - bend)
        canvas.line([path[0], *([bend] if drawn > lengths[0] else []), end], 0.1, rgba(theme().text))
        if self.dial("slope"):
            canvas.line([path[0], bend], 0.16, rgba(theme().muted), self.dial("slope"))
