"""A wall of many small digits, each of which is put to a test; those that fall are ringed."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from nnanim.visuals.page.frame import Region
from nnanim.visuals.page.theme import along, rgba, theme
from nnanim.visuals.paint.canvas import Canvas
from nnanim.visuals.paint.painted import Floats
from nnanim.visuals.paint.picture import Picture

FAINT = 0.6
"""How bright a digit stands that has passed, before and after the light runs over it."""


class DigitWall(Picture):
    """Small digits side by side that fill a region.

    Dials: ``show`` 0–1 they appear from the middle outwards; ``test`` 0 … n so many have been tested; ``fallen`` 0–1 those that fell stand out.

    Parameters
    ----------
    region
        Where.
    pictures
        (n, s, s), 0–255.
    falls
        Which of them fall, (n,).
    """

    dial_names: ClassVar[dict[str, float]] = {"show": 0.0, "test": 0.0, "fallen": 0.0}
    bleeds: ClassVar[float] = 0.1

    def __init__(self, region: Region, pictures: ArrayLike, falls: ArrayLike, **dials: float) -> None:
        images = np.asarray(pictures, dtype=float) / 255
        self.falls = np.asarray(falls, dtype=bool)
        self.count, side, _ = images.shape
        self.columns = max(1, int(np.ceil(np.sqrt(self.count * region.width / region.height))))
        self.rows = -(-self.count // self.columns)
        wall = np.zeros((self.rows * self.columns, side + 2, side + 2))
        wall[: self.count, 1:-1, 1:-1] = images
        grid = wall.reshape(self.rows, self.columns, side + 2, side + 2)
        self.wall = grid.transpose(0, 2, 1, 3).reshape(self.rows * (side + 2), self.columns * (side + 2))
        self.cell = side + 2
        size = min(region.width / self.columns, region.height / self.rows)
        x, y, _ = region.center
        half = np.array([self.columns, self.rows]) * size / 2
        self.size = size
        super().__init__((x - half[0], y - half[1], x + half[0], y + half[1]), **dials)

    def spot(self, number: int) -> Floats:
        """Lower left corner of one of them, (2,)."""
        left, _, _, top = self.corners
        row, column = divmod(number, self.columns)
        return np.array([left + column * self.size, top - (row + 1) * self.size])

    def _brightness(self) -> Floats:
        """Of each place of the wall, (rows · columns,)."""
        count = self.rows * self.columns
        number = np.arange(count)
        middle = np.hypot(*(np.array(np.divmod(number, self.columns)).T - (self.rows / 2, self.columns / 2)).T)
        shown = np.clip(self.dial("show") * 1.5 - 0.5 * middle / middle.max(), 0, 1)
        test = self.dial("test")
        front = np.exp(-np.clip(test - number, 0, None) / 14.0) * (number < test)
        falls = np.zeros(count, dtype=bool)
        falls[: self.count] = self.falls
        standing = FAINT * np.where(falls, 1.0, 1 - 0.55 * self.dial("fallen"))
        bright = np.where(falls & (number < test), 1.0, standing + (1 - FAINT) * front * (test < self.count))
        return np.asarray(shown * bright)

    def draw(self, canvas: Canvas) -> None:
        """The wall, and rings around what fell."""
        bright = self._brightness().reshape(self.rows, self.columns)
        light = np.kron(bright, np.ones((self.cell, self.cell)))
        canvas.image(along(theme().activation_ramp, self.wall * light) if theme().name == "dark" else self._on_paper(np.asarray(light, dtype=float)), self.corners)
        test = self.dial("test")
        for number in np.flatnonzero(self.falls):
            if number < test:
                x, y = self.spot(int(number))
                grown = float(np.clip((test - number) / 20.0, 0, 1))
                pad = 0.12 * self.size * self.dial("fallen") + 0.5 * self.size * (1 - grown)
                canvas.box(x - pad, y - pad, self.size + 2 * pad, self.size + 2 * pad, rgba(theme().chosen), grown, radius=0.2 * self.size, line=0.05)

    def _on_paper(self, light: Floats) -> Floats:
        colors = along(theme().activation_ramp, self.wall)
        ground = rgba(theme().background)
        share = np.clip(light * 1.15, 0, 1)[..., None]
        return (1 - share) * ground + share * colors
