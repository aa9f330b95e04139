"""A function's curve with its axes, and a point that rides it with a crosshair."""

from __future__ import annotations

import numpy as np
from manim import RIGHT, DashedLine, Dot, Line, VGroup, VMobject
from numpy.typing import ArrayLike, NDArray

from nnanim.quantity import Quantity, Showable
from nnanim.visuals.page.frame import Region, frame
from nnanim.visuals.page.text import Align, TextLine
from nnanim.visuals.page.theme import theme


class CurvePlot(VGroup):
    """A curve through given points, drawn in a region.

    Parameters
    ----------
    x, y
        The points, (n,) each, in rising order of x.
    region
        Where; names of the axes stand inside it.
    x_name, y_name
        Names of the axes.
    """

    def __init__(
        self, x: ArrayLike, y: ArrayLike, region: Region, x_name: Showable, y_name: Showable
    ) -> None:
        super().__init__()
        self.x, self.y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
        size = frame().small
        plot = Region(
            region.left + 0.1, region.right - 0.1, region.bottom + 1.5 * size, region.top - 1.6 * size
        )
        low, high = min(0.0, float(self.y.min())), max(0.0, float(self.y.max()))
        pad = 0.06 * (high - low or 1.0)
        self._from = np.array([self.x[0], low - pad])
        self._scale = np.array([plot.width / np.ptp(self.x), plot.height / (high - low + 2 * pad)])
        self._corner = np.array([plot.left, plot.bottom])
        origin = self.point(0.0, 0.0)
        self.axes = axes = VGroup(
            Line((plot.left, origin[1], 0), (plot.right, origin[1], 0)),
            Line((origin[0], plot.bottom, 0), (origin[0], plot.top, 0)),
        )
        axes.set_stroke(theme().muted, 2, 0.7)
        self.curve = VMobject(stroke_color=theme().positive, stroke_width=5)
        self.curve.set_points_as_corners([self.point(a, b) for a, b in zip(self.x, self.y, strict=True)])
        self.y_name = TextLine(y_name, size, theme().muted).at(origin[0], plot.top + 0.5 * size, "center")
        self.x_name = TextLine(x_name, size, theme().muted).at(plot.right, plot.bottom - 1.1 * size, "right")
        self.add(axes, self.curve, self.x_name, self.y_name)
        self.region = plot

    def point(self, x: float, y: float) -> NDArray[np.float64]:
        """Where (x, y) stands in the frame, as a point (3,)."""
        return np.append(self._corner + (np.array([x, y]) - self._from) * self._scale, 0.0)

    def rider(self, x: Quantity, y: Quantity) -> VGroup:
        """A point at (x, y) with its crosshair and both numbers: [dot, lines, x number, y number].

        Where the x number comes too near the axis's name, that moves to the axis's end.
        """
        at, size = self.point(x.value, y.value), frame().body
        foot, side = self.point(x.value, 0.0), self.point(0.0, y.value)
        lines = VGroup(DashedLine(at, foot, dash_length=0.09), DashedLine(at, side, dash_length=0.09))
        lines.set_stroke(theme().highlight, 2.5)
        dot = Dot(at, radius=0.1, color=theme().highlight)
        x_text, y_text = TextLine(x, size, theme().highlight, "semibold"), TextLine(y, size, theme().text, "bold")
        origin, clear = self.point(0.0, 0.0), 0.3 * size
        away = 1.0 if x.value >= 0 else -1.0
        least = x_text.advance / 2 + clear
        x_place = origin[0] + away * max(away * (foot[0] - origin[0]), least)
        x_text.on(np.array([x_place, origin[1] - (0.85 if y.value >= 0 else -0.85) * size, 0]))
        if _touch(x_text, self.x_name, 0.1 * size):
            self.x_name.on(self.axes[0].get_end() + 0.06 * RIGHT, "left")
        self._put_beside_axis(y_text, side, origin, away, [x_text, *lines])
        return VGroup(dot, lines, x_text, y_text)

    def _put_beside_axis(
        self, text: TextLine, side: NDArray[np.float64], origin: NDArray[np.float64], away: float, others: list[VMobject]
    ) -> None:
        """Put the y number at its height beside the vertical axis: on the side and at the height where least crosses it."""
        points = [self.curve.points, *(part.points for other in others for part in other.family_members_with_points())]
        obstacles = np.concatenate([*points, self.axes[0].point_from_proportion(0) + np.linspace(0, 1, 200)[:, None] * self.axes[0].get_vector()])
        size = text.em
        best: tuple[float, NDArray[np.float64], Align] | None = None
        for horizontal in (-away, away):
            for shift in (0.0, 0.55, -0.55, 1.0, -1.0):
                place = np.array([origin[0] + horizontal * 0.3 * size, side[1] + shift * size, 0])
                align: Align = "left" if horizontal > 0 else "right"
                text.on(place, align)
                low, high = text.points.min(axis=0) - 0.12 * size, text.points.max(axis=0) + 0.12 * size
                inside = ((obstacles[:, :2] > low[:2]) & (obstacles[:, :2] < high[:2])).all(axis=1).sum()
                cost = inside + 0.5 * abs(shift) + (0.2 if horizontal == away else 0)
                if best is None or cost < best[0]:
                    best = (cost, place, align)
        assert best is not None
        text.on(best[1], best[2])


def _touch(text: TextLine, other: TextLine, free: float) -> bool:
    """Whether there is less than so much free space between two texts."""
    low, high = text.points.min(axis=0) - free, text.points.max(axis=0) + free
    return bool(((other.points.max(axis=0) > low) & (other.points.min(axis=0) < high))[:2].all())
