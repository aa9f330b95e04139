"""A plane with two classes of points, and what a network says of every place in it, as it learns."""

from __future__ import annotations

from typing import ClassVar

import contourpy
import numpy as np
from numpy.typing import ArrayLike

from nnanim.visuals.page.frame import Region
from nnanim.visuals.page.theme import rgba, theme
from nnanim.visuals.paint.canvas import Canvas
from nnanim.visuals.paint.painted import Floats
from nnanim.visuals.paint.picture import Picture

DEEPEST = 0.62
"""How far the ground goes towards a class's colour where the network is sure."""


class Field(Picture):
    """Points of two classes (discs and rings) over the ground that a network's answers colour; the line of doubt between.

    Dials: ``moment`` runs through the snapshots (0 … S − 1, between two of them answers are blended), ``ground`` 0–1 brings
    the colours in, ``boundary`` 0–1 the line where the answer is one half, ``points`` 0–1 the points,
    ``frame`` 0–1 an edge round the plane.

    Parameters
    ----------
    region
        Where; the window is laid into it without stretching.
    window
        Left, right, bottom, top of the plane, in the data's units.
    points
        (n, 2).
    labels
        0 or 1 for each, (n,).
    answers
        The network's probability of class 1 on a grid, (S, rows, columns), the first row at the bottom; or nothing.
    radius
        Of the points, in manim units.
    """

    dial_names: ClassVar[dict[str, float]] = {"moment": 0.0, "ground": 0.0, "boundary": 0.0, "points": 1.0, "frame": 0.0}

    def __init__(
        self, region: Region, window: ArrayLike, points: ArrayLike, labels: ArrayLike, answers: ArrayLike | None = None,
        radius: float = 0.05, **dials: float,
    ) -> None:  # fmt: skip
        self.window = np.asarray(window, dtype=float)
        self.data, self.labels = np.asarray(points, dtype=float), np.asarray(labels).astype(int)
        self.answers = None if answers is None else np.asarray(answers, dtype=np.float32)
        self.radius = radius
        left, right, bottom, top = self.window
        unit = min(region.width / (right - left), region.height / (top - bottom))
        half = np.array([right - left, top - bottom]) * unit / 2
        x, y, _ = region.center
        super().__init__((x - half[0], y - half[1], x + half[0], y + half[1]), **dials)

    def spot(self, point: ArrayLike) -> Floats:
        """Where a point of the plane stands in the frame, (3,)."""
        left, right, bottom, top = self.window
        x, y = np.asarray(point, dtype=float)[:2]
        return self.place((x - left) / (right - left), (y - bottom) / (top - bottom))

    def anchor(self, name: str) -> Floats:
        """``middle``."""
        return self.place(0.5, 0.5) if name == "middle" else super().anchor(name)

    def now(self) -> Floats | None:
        """The answers that are shown, (rows, columns)."""
        if self.answers is None:
            return None
        moment = float(np.clip(self.dial("moment"), 0, len(self.answers) - 1))
        first = int(moment)
        second = min(first + 1, len(self.answers) - 1)
        share = moment - first
        return np.asarray((1 - share) * self.answers[first] + share * self.answers[second], dtype=float)

    def draw(self, canvas: Canvas) -> None:
        """Ground, line of doubt, points."""
        answers = self.now()
        if edge := self.dial("frame"):
            left, bottom, right, top = self.corners
            canvas.box(left, bottom, right - left, top - bottom, rgba(theme().line), edge, 0.05, 0.03)
        if answers is not None and (depth := self.dial("ground")):
            canvas.image(self._colors(answers, depth)[::-1], self.corners)
        if answers is not None and (shows := self.dial("boundary")):
            self._draw_boundary(canvas, answers, shows)
        if shown := self.dial("points"):
            self._draw_points(canvas, shown)

    def _colors(self, answers: Floats, depth: float) -> Floats:
        sure = np.abs(2 * answers - 1)[..., None] * DEEPEST * depth
        classes = np.where((answers > 0.5)[..., None], rgba(theme().second_class), rgba(theme().first_class))
        return (1 - sure) * rgba(theme().background) + sure * classes

    def _draw_boundary(self, canvas: Canvas, answers: Floats, shows: float) -> None:
        rows, columns = answers.shape
        x, y = (np.arange(columns) + 0.5) / columns, (np.arange(rows) + 0.5) / rows
        left, bottom, right, top = self.corners
        for line in contourpy.contour_generator(x, y, answers).lines(0.5):
            path = np.asarray(line) * (right - left, top - bottom) + (left, bottom)
            canvas.line(path, 0.055, rgba(theme().text), shows)

    def _draw_points(self, canvas: Canvas, shown: float) -> None:
        draw_points(canvas, np.array([self.spot(point)[:2] for point in self.data]), self.labels, self.radius, shown)


def draw_points(canvas: Canvas, spots: Floats, labels: ArrayLike, radius: float, shown: float | Floats = 1.0) -> None:
    """Points of two classes at places of the frame (n, 2): discs for 0, rings for 1; ``shown`` 0–1 for all or for each (n,)."""
    colors = rgba(theme().first_class), rgba(theme().second_class)
    rim = rgba(theme().background)
    each = np.broadcast_to(np.asarray(shown, dtype=float), (len(spots),))
    for (x, y), label, opacity in zip(spots.tolist(), np.asarray(labels).tolist(), each.tolist(), strict=True):
        if label:
            canvas.disc(x, y, radius, colors[1], opacity, line=0.4 * radius)
        else:
            canvas.disc(x, y, 1.25 * radius, rim, 0.7 * opacity)
            canvas.disc(x, y, radius, colors[0], opacity)
