"""The weights of a layer as cells that shine when they change: what a training did to each of them."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from nnanim.visuals.page.frame import Region
from nnanim.visuals.page.theme import rgba, theme
from nnanim.visuals.paint.canvas import Canvas
from nnanim.visuals.paint.painted import Floats
from nnanim.visuals.paint.picture import Picture


class WeightCells(Picture):
    """Weights in cells, coloured by sign and size; a cell that has changed gets a rim.

    Dials: ``step`` of the training; ``shown`` 0–1 brings the cells in one after another.

    Parameters
    ----------
    region
        Where; it is filled with as many rows as suit it.
    weights
        Any shape.
    changed_at
        The step at which each first differs from its start, of the same shape; −1 for never.
    followed
        Place of the cell that is marked, among all of them in order.
    """

    dial_names: ClassVar[dict[str, float]] = {"step": 0.0, "shown": 1.0}

    def __init__(self, region: Region, weights: ArrayLike, changed_at: ArrayLike, followed: int, **dials: float) -> None:
        flat = np.asarray(weights, dtype=float).ravel()
        self.colors = theme().diverging(flat, float(np.abs(flat).max(initial=0.0)) or 1.0)
        self.changed_at, self.followed = np.asarray(changed_at).ravel(), followed
        self.columns = _columns(len(flat), region)
        self.rows = math.ceil(len(flat) / self.columns)
        self.side = min(region.width / self.columns, region.height / self.rows)
        x, y, _ = region.center
        half = np.array([self.columns, self.rows]) * self.side / 2
        super().__init__((x - half[0], y - half[1], x + half[0], y + half[1]), **dials)

    def middle(self, number: int) -> Floats:
        """The middle of a cell, (3,)."""
        row, column = divmod(number, self.columns)
        return self.place((column + 0.5) / self.columns, 1 - (row + 0.5) / self.rows)

    def anchor(self, name: str) -> Floats:
        """``followed``: the marked cell; ``below``, ``above``: under and over all of them."""
        places = {"below": (0.5, 0.0), "above": (0.5, 1.0)}
        if name == "followed":
            return self.middle(self.followed)
        return self.place(*places[name]) if name in places else super().anchor(name)

    def draw(self, canvas: Canvas) -> None:
        """Cells, rims of those that have changed, the mark."""
        left, _, right, _ = self.corners
        side = (right - left) / self.columns
        step, shown = self.dial("step"), self.dial("shown") * (len(self.colors) + 6)
        size = 0.84 * side
        for number, color in enumerate(self.colors):
            opacity = float(np.clip((shown - number) / 6, 0, 1))
            x, y, _ = self.middle(number)
            canvas.box(x - size / 2, y - size / 2, size, size, color, opacity, 0.12 * side)
            if 0 <= self.changed_at[number] <= step:
                canvas.box(x - size / 2, y - size / 2, size, size, rgba(theme().good), opacity, 0.12 * side, 0.07 * side)
        x, y, _ = self.middle(self.followed)
        canvas.box(x - size / 2, y - size / 2, size, size, rgba(theme().chosen), float(shown > self.followed), 0.12 * side, 0.09 * side)


def _columns(count: int, region: Region) -> int:
    """So many columns that cells are large; among those about as large, so many that the last row is full."""
    sides = {columns: min(region.width / columns, region.height / math.ceil(count / columns)) for columns in range(1, count + 1)}
    large = [columns for columns, side in sides.items() if side >= 0.8 * max(sides.values())]
    return min(large, key=lambda columns: (-count % columns, -sides[columns]))
