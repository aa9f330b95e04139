"""A straight line that is folded at zero, with a ball that rides on it and a protractor at its bend."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from nnanim.visuals.page.frame import Region
from nnanim.visuals.page.theme import rgba, theme
from nnanim.visuals.paint.canvas import Canvas
from nnanim.visuals.paint.painted import Floats
from nnanim.visuals.paint.picture import Picture

BALL = 0.15
ARC = 0.62
"""Where along the left half the protractor's arc stands."""


class Fold(Picture):
    """f(z) = z right of zero and slope · z left of it, on equal axes, so that angles are true.

    Dials: ``slope`` of the left half; ``z`` −1–1 where the ball rides; ``ball`` 0–1 shows it; ``lay`` 0–1 turns the picture
    until the right half lies flat and the line runs from edge to edge; ``protractor`` 0–1 the straight line beyond zero and
    the angle between; ``axes`` 0–1; ``line`` 0–1.

    Parameters
    ----------
    region
        Where it stands upright.
    wide
        Where it lies flat; by default the same.
    """

    dial_names: ClassVar[dict[str, float]] = {
        "slope": 1.0, "z": 0.0, "ball": 0.0, "lay": 0.0, "protractor": 0.0, "axes": 1.0, "line": 1.0,
    }  # fmt: skip

    def __init__(self, region: Region, wide: Region | None = None, **dials: float) -> None:
        self.region, self.wide = region, wide or region
        over = (min(region.left, self.wide.left), min(region.bottom, self.wide.bottom))
        to = (max(region.right, self.wide.right), max(region.top, self.wide.top))
        super().__init__((*over, *to), **dials)

    # ---- where things are

    def spot(self, z: ArrayLike, y: ArrayLike) -> Floats:
        """Where (z, y), each from −1 to 1, stands in the frame, (…, 2)."""
        lay = self.dial("lay")
        upright, flat = self.region, self.wide
        half = 0.5 * min(upright.width, upright.height) * 0.94
        unit = half ** (1 - lay) * (0.5 * flat.width / np.sqrt(2)) ** lay
        middle = (1 - lay) * upright.center[:2] + lay * flat.center[:2]
        turn = -np.pi / 4 * lay
        z, y = np.asarray(z, dtype=float), np.asarray(y, dtype=float)
        turned = np.stack([np.cos(turn) * z - np.sin(turn) * y, np.sin(turn) * z + np.cos(turn) * y], axis=-1)
        return np.asarray(middle + unit * turned)

    def value(self, z: float) -> float:
        """f(z) now."""
        return z if z > 0 else self.dial("slope") * z

    def anchor(self, name: str) -> Floats:
        """``ball``; ``left`` and ``right``: the line's ends; ``angle``: at the protractor's arc."""
        ends = {"ball": self.dial("z"), "left": -1.0, "right": 1.0, "angle": -ARC}
        if name not in ends:
            return super().anchor(name)
        z = ends[name]
        y = (z + self.value(z)) / 2 if name == "angle" else self.value(z)
        return np.append(self.spot(z, y), 0.0)

    # ---- painting

    def draw(self, canvas: Canvas) -> None:
        """Axes, what would be straight, the line, the ball."""
        muted, ink, accent = rgba(theme().muted), rgba(theme().text), rgba(theme().activation_ramp[-1])
        if axes := self.dial("axes"):
            for ends in (((-1, 1), (0, 0)), ((0, 0), (-1, 1))):
                canvas.line(self.spot(*np.array(ends, dtype=float)), 0.03, muted, 0.6 * axes)
        if shown := self.dial("protractor"):
            self._draw_protractor(canvas, shown)
        if line := self.dial("line"):
            path = self.spot(np.array([-1.0, 0.0, 1.0]), np.array([-self.dial("slope"), 0.0, 1.0]))
            canvas.line(path, 0.13, accent if theme().name == "dark" else ink, line)
        if ball := self.dial("ball"):
            z = self.dial("z")
            x, y = self.spot(z, self.value(z))
            below, level = self.spot(z, 0.0)
            canvas.line([(below, level), (x, y)], 0.04, muted, 0.8 * ball)
            canvas.disc(below, level, 0.6 * BALL, muted, ball)
            glow = partial(_ball, x=x, y=y)
            canvas.glow(glow, (x - BALL, y - BALL, x + BALL, y + BALL), 0.2, 1.2 * ball, theme().name == "dark")
            canvas.disc(x, y, BALL, ink, ball)

    def _draw_protractor(self, canvas: Canvas, shown: float) -> None:
        color, slope = rgba(theme().chosen), self.dial("slope")
        straight = self.spot(np.array([0.0, -shown]), np.array([0.0, -shown]))
        canvas.ctx.set_dash((0.2, 0.16))
        canvas.line(straight, 0.05, rgba(theme().muted), 0.9)
        canvas.ctx.set_dash([])
        first, last = np.arctan2(-slope, -1.0) % (2 * np.pi), 1.25 * np.pi
        radius = ARC * np.hypot(1, (1 + slope) / 2)
        sweep = last + (first - last) * np.linspace(0, shown, 24)
        arc = self.spot(radius * np.cos(sweep), radius * np.sin(sweep))
        canvas.polygon(np.vstack([self.spot(0.0, 0.0), arc]), color, 0.3 * shown)
        canvas.line(arc, 0.06, color, shown)


def _ball(canvas: Canvas, x: float, y: float) -> None:
    canvas.disc(x, y, BALL, rgba(theme().text))
