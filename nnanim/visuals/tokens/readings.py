"""How often a growing text is read: a row of cells for each step, and which of them need not be computed again."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from nnanim.visuals.page.frame import Region
from nnanim.visuals.page.theme import rgba, theme
from nnanim.visuals.paint.canvas import Canvas
from nnanim.visuals.paint.painted import Floats
from nnanim.visuals.paint.picture import Picture

SPACE = 0.14
"""Between cells, as a share of a cell."""
HIGHEST = 0.62
"""Height of a row at the most, in manim units."""


class Readings(Picture):
    """A row for each step, in it a cell for each token that is read; each token's key and value are a cell's two halves.

    Dials: ``rows`` how many rows stand, the last of them as far as it goes; ``kept`` 0–1 cells that a cache spares fade.

    Anchors: ``key`` and ``value`` in the upper right corner, ``row0`` … the right end of a row.

    Parameters
    ----------
    region
        Where.
    lengths
        How many tokens are read at each step without a cache, rising, (S,).
    """

    dial_names: ClassVar[dict[str, float]] = {"rows": 0.0, "kept": 0.0}

    def __init__(self, region: Region, lengths: list[int], **dials: float) -> None:
        self.lengths = lengths
        height = min(region.height, HIGHEST * len(lengths))
        middle = float(region.center[1])
        super().__init__((region.left, middle - height / 2, region.right, middle + height / 2), **dials)

    def anchor(self, name: str) -> Floats:
        """See the class."""
        if name in ("key", "value"):
            return self.place(0.9, 0.88 if name == "key" else 0.74)
        if name.startswith("row") and name[3:].isdigit():
            row = int(name[3:])
            return self.place(self.lengths[row] / self.lengths[-1], 1 - (row + 0.5) / len(self.lengths))
        return super().anchor(name)

    def draw(self, canvas: Canvas) -> None:
        """Cells, row by row."""
        left, bottom, right, top = self.corners
        wide, high = (right - left) / self.lengths[-1], (top - bottom) / len(self.lengths)
        rows, kept = self.dial("rows"), self.dial("kept")
        key, value, spared = rgba(theme().key), rgba(theme().value), rgba(theme().muted)
        for row, length in enumerate(self.lengths):
            shown = float(np.clip(rows - row, 0, 1)) * length
            for cell in range(int(np.ceil(shown - 1e-9))):
                fresh = row == 0 or cell >= self.lengths[row - 1]
                x, y = left + (cell + SPACE / 2) * wide, top - (row + 1 - SPACE / 2) * high
                width, height = (1 - SPACE) * wide, (1 - SPACE) * high
                if not fresh and kept > 0:
                    canvas.box(x, y, width, height, spared, 0.35 * kept, radius=0.06, line=0.02)
                strength = 1.0 if fresh else 0.8 * (1 - kept)
                canvas.box(x, y, width / 2 - 0.01, height, key, strength, radius=0.04)
                canvas.box(x + width / 2 + 0.01, y, width / 2 - 0.01, height, value, strength, radius=0.04)
