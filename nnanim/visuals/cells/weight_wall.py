"""A wall of tiles, each the weights of one hidden neuron as an image: as they were, and as they became."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from nnanim.visuals.page.frame import Region
from nnanim.visuals.page.theme import rgba, theme
from nnanim.visuals.paint.canvas import Canvas
from nnanim.visuals.paint.painted import Floats
from nnanim.visuals.paint.picture import Picture

GAP = 0.1
"""Between tiles, as a share of one."""


class WeightWall(Picture):
    """Tiles of weights, one a neuron. A bright line sweeps across: behind it stand the weights as they became.

    Dials: ``wipe`` 0–1 where the line stands; ``come`` 0–1 tile after tile appears.

    Anchors: ``before``, ``after``: above the wall, right and left of the line.

    Parameters
    ----------
    region
        Where; tiles are square.
    before, after
        (H, rows, columns).
    """

    dial_names: ClassVar[dict[str, float]] = {"wipe": 0.0, "come": 0.0}
    bleeds: ClassVar[float] = 0.3

    def __init__(self, region: Region, before: ArrayLike, after: ArrayLike, **dials: float) -> None:
        first, second = np.asarray(before, dtype=float), np.asarray(after, dtype=float)
        limit = float(np.quantile(np.abs(np.stack([first, second])), 0.995))
        self.tiles = [theme().diverging(each, limit)[..., :3] for each in (first, second)]
        count = len(first)
        sides = [(min(region.width / columns, region.height / -(-count // columns)), columns) for columns in range(1, count + 1)]
        self.side, self.columns = max(sides)
        rows = -(-count // self.columns)
        x, y, _ = region.center
        half = self.side * np.array([self.columns, rows]) / 2
        super().__init__((x - half[0], y - half[1], x + half[0], y + half[1]), **dials)

    @property
    def line(self) -> float:
        """Where the line stands."""
        left, _, right, _ = self.corners
        return left + self.dial("wipe") * (right - left)

    def anchor(self, name: str) -> Floats:
        """See the class."""
        left, _, right, top = self.corners
        if name in ("before", "after"):
            return np.array([right if name == "before" else left, top, 0.0])
        return super().anchor(name)

    def draw(self, canvas: Canvas) -> None:
        """The tiles of both sides, and the line."""
        left, bottom, right, top = self.corners
        side, line = (right - left) / self.columns, self.line
        count = len(self.tiles[0])
        for place in range(count):
            row, column = divmod(place, self.columns)
            x, y = left + (column + GAP / 2) * side, top - (row + 1 - GAP / 2) * side
            size = (1 - GAP) * side
            come = float(np.clip(self.dial("come") * (count + 6) - place, 0, 6) / 6)
            if come <= 0:
                continue
            box = (x, y, x + size, y + size)
            if line < x + size:
                canvas.image(self.tiles[0][place], box, come, smooth=False)
            if line > x:
                with canvas.within(x, y, min(line, x + size), y + size):
                    canvas.image(self.tiles[1][place], box, come, smooth=False)
        if 0 < self.dial("wipe") < 1:
            canvas.line([(line, bottom - 0.1), (line, top + 0.1)], 0.06, rgba(theme().text))


class Sliver(Picture):
    """A bar of length one, and of it the share that something has moved: ``filled`` 0–1 of it is drawn.

    Anchors: ``whole``, ``foot``: the bar's ends; ``tip``: that of the share.
    """

    dial_names: ClassVar[dict[str, float]] = {"filled": 0.0}

    def __init__(self, region: Region, share: float, **dials: float) -> None:
        self.share = min(float(share), 1.0)
        width = min(0.28 * region.width, 1.1)
        x = float(region.center[0])
        super().__init__((x - width / 2, region.bottom, x + width / 2, region.top), **dials)

    def anchor(self, name: str) -> Floats:
        """See the class."""
        if name == "foot":
            return self.place(0.5, 0.0)
        if name in ("whole", "tip"):
            return self.place(0.5, 1.0 if name == "whole" else self.share * self.dial("filled"))
        return super().anchor(name)

    def draw(self, canvas: Canvas) -> None:
        """The whole as a rim, the share as an area."""
        left, bottom, right, top = self.corners
        canvas.box(left, bottom, right - left, top - bottom, rgba(theme().panel), radius=0.08)
        canvas.box(left, bottom, right - left, top - bottom, rgba(theme().muted), radius=0.08, line=0.04)
        high = self.share * self.dial("filled") * (top - bottom)
        canvas.box(left, bottom, right - left, max(high, 1e-4), rgba(theme().text))
