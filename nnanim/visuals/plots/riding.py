"""Several functions beside one another on the same equal axes, one x that rides on all of them, and the slope beneath it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from nnanim.quantity import Showable
from nnanim.visuals.page.frame import Region, frame
from nnanim.visuals.page.readout import Tag
from nnanim.visuals.page.theme import rgba, theme
from nnanim.visuals.paint.canvas import Canvas
from nnanim.visuals.paint.painted import Floats
from nnanim.visuals.paint.picture import Picture
from nnanim.visuals.plots.wall import answer_colors

BOTTOM, TOP = -2.2, 6.0
"""What is drawn of y, in the units of x."""


class RidingCurves(Picture):
    """Curves in panels, the largest that fit; x rides on all of them with the tangent there.

    Dials: ``x`` counts through the places of x; ``ball`` 0–1 shows it; ``flat`` 0–1 dims what has next to no slope; ``fields``
    0–1 shows what a network with the function made of two classes.

    Parameters
    ----------
    region
        Where.
    x
        Places, rising, (n,).
    ys, slopes
        A row for each function, (F, n).
    fields
        Probability of class 1, (F, rows, columns), the first row at the bottom.
    flat
        A slope under this is dimmed.
    """

    dial_names: ClassVar[dict[str, float]] = {"x": 0.0, "ball": 1.0, "flat": 0.0, "fields": 0.0}

    def __init__(
        self, region: Region, x: ArrayLike, ys: ArrayLike, slopes: ArrayLike, fields: ArrayLike, flat: float, **dials: float
    ) -> None:
        self.x, self.ys, self.slopes = (np.asarray(each, dtype=float) for each in (x, ys, slopes))
        self.flat = np.abs(self.slopes) < flat
        self.images = [answer_colors(each)[::-1] for each in np.asarray(fields, dtype=float)]
        self.panels = self._panels(region)
        panel = self.panels[0]
        self.unit = min(panel.width / (self.x[-1] - self.x[0]), panel.height / (TOP - BOTTOM))
        super().__init__((region.left, region.bottom, region.right, region.top), **dials)

    def _panels(self, region: Region) -> list[Region]:
        count = len(self.ys)
        share = (self.x[-1] - self.x[0]) / (TOP - BOTTOM)

        def unit(columns: int) -> float:
            rows = -(-count // columns)
            return min(region.width / columns / share, region.height / rows)

        columns = max(range(1, count + 1), key=unit)
        rows = region.rows([1] * -(-count // columns), 0.3)
        return [panel for row in rows for panel in row.columns([1] * columns, 0.45)][:count]

    @property
    def em(self) -> float:
        """The type that fits below and above the curves."""
        return max(frame().note, min(frame().label, 1.45 * self.unit))

    def tags(self, names: Sequence[Showable], shares: Sequence[Showable]) -> tuple[list[Tag], list[Tag]]:
        """What is written below the curves at their right ends, and above them."""
        below = [Tag(name, self, f"name{k}", size=self.em, align="right") for k, name in enumerate(names)]
        return below, [Tag(share, self, f"share{k}", size=self.em, align="left") for k, share in enumerate(shares)]

    def spot(self, number: int, x: ArrayLike, y: ArrayLike) -> Floats:
        """Where (x, y) of a function stands in the frame, (…, 2)."""
        panel = self.panels[number]
        middle = np.array([(self.x[0] + self.x[-1]) / 2, (BOTTOM + TOP) / 2])
        return np.asarray(panel.center[:2] + self.unit * (np.stack([np.asarray(x, dtype=float), np.asarray(y, dtype=float)], axis=-1) - middle))

    def anchor(self, name: str) -> Floats:
        """``name0`` …: below the curve at the right; ``share0`` …: above it, beside the field."""
        kind, number = name.rstrip("0123456789"), int(name.lstrip("abcdefghijklmnopqrstuvwxyz"))
        places = {"name": (self.x[-1], BOTTOM + 0.85), "share": (0.28 * self.x[0], TOP - 1.0)}
        return np.append(self.spot(number, *places[kind]), 0.0)

    def draw(self, canvas: Canvas) -> None:
        """Panel by panel."""
        for number in range(len(self.ys)):
            self._draw_panel(canvas, number)

    def _draw_panel(self, canvas: Canvas, number: int) -> None:
        line, ink, bright = rgba(theme().line), rgba(theme().text), rgba(theme().activation_ramp[-1])
        canvas.line(self.spot(number, self.x[[0, -1]], [0, 0]), 0.03, line)
        canvas.line(self.spot(number, [0, 0], [BOTTOM, 0.6 * TOP]), 0.03, line)
        if fields := self.dial("fields"):
            left, top = self.spot(number, self.x[0], TOP)
            side = 3.9 * self.unit
            corners = (left, top - side, left + side, top)
            canvas.image(self.images[number], corners, fields)
            canvas.box(left, top - side, side, side, line, fields, 0.04, line=0.03)
        curve = self.spot(number, self.x, self.ys[number])
        dim = 1 - 0.72 * self.dial("flat")
        for first, last, flat in stretches(self.flat[number]):
            canvas.line(curve[first : last + 2], 0.1, ink if flat else bright, dim if flat else 1.0)
        if ball := self.dial("ball"):
            self._draw_ball(canvas, number, ball)

    def _draw_ball(self, canvas: Canvas, number: int, shown: float) -> None:
        place = float(np.clip(self.dial("x"), 0, len(self.x) - 1))
        x, y, slope = (float(np.interp(place, np.arange(len(self.x)), each)) for each in (self.x, self.ys[number], self.slopes[number]))
        reach = 1.5 / np.hypot(1, slope)
        tangent = self.spot(number, np.array([x - reach, x + reach]), np.array([y - slope * reach, y + slope * reach]))
        canvas.line(tangent, 0.07, rgba(theme().gradient), shown)
        across, up = np.asarray(self.spot(number, x, y), dtype=float).ravel()[:2].tolist()
        canvas.disc(across, up, 0.12, rgba(theme().background), shown)
        canvas.disc(across, up, 0.095, rgba(theme().text), shown)


def stretches(flat: np.ndarray) -> list[tuple[int, int, bool]]:
    """Runs of equal values: first place, last place, the value."""
    edges = np.flatnonzero(np.diff(flat.astype(int))) + 1
    starts, ends = [0, *edges.tolist()], [*(edges - 1).tolist(), len(flat) - 1]
    return [(first, last, bool(flat[first])) for first, last in zip(starts, ends, strict=True)]
