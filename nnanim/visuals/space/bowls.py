"""Bowls cut open, each with a ball beside its bottom that hops as its steps take it, and the parabola of its curvature."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from nnanim.visuals.page.frame import Region
from nnanim.visuals.page.theme import along, rgba, theme
from nnanim.visuals.paint.canvas import Canvas
from nnanim.visuals.paint.painted import Floats
from nnanim.visuals.paint.picture import Picture
from nnanim.visuals.plots.curves import DASHES
from nnanim.visuals.space.walks import draw_ball

BALL = 0.19
DEPTH = 0.72
"""How deep the deepest cut is, as a share of its panel's height."""


class Bowls(Picture):
    """Cuts through the bottoms of a landscape, all to one scale.

    Dials: ``away`` 0–1 from where each bottom lies on the map to its panel; ``bend`` how far the parabolas are drawn; ``rate``
    which of the rates is tried, and ``moment`` at which of the kept steps the balls are; ``balls`` their opacity.

    Parameters
    ----------
    region
        Where.
    offsets
        Along the cuts, (k,).
    cuts
        Losses above each bottom, (m, k).
    curvatures
        Along the cuts, (m,).
    hops
        How far from its bottom each ball is, for each rate and kept step, (r, m, n); infinite when it is gone.
    origins
        Where each bottom lies on the map, (m, 2 or 3), in scene units.
    """

    dial_names: ClassVar[dict[str, float]] = {"away": 0.0, "bend": 0.0, "rate": 0.0, "moment": 0.0, "balls": 0.0}

    def __init__(
        self, region: Region, offsets: ArrayLike, cuts: ArrayLike, curvatures: ArrayLike, hops: ArrayLike, origins: ArrayLike, **dials: float,
    ) -> None:  # fmt: skip
        self.offsets, self.cuts = np.asarray(offsets, dtype=float), np.asarray(cuts, dtype=float)
        self.curvatures, self.hops = np.asarray(curvatures, dtype=float), np.asarray(hops, dtype=float)
        self.origins = np.asarray(origins, dtype=float)[:, :2]
        self.panels = _panels(region, len(self.cuts))
        self.top = float(self.cuts.max()) or 1.0
        super().__init__((region.left, region.bottom, region.right, region.top), **dials)

    # ---- where things are

    def _frame(self, number: int) -> tuple[Floats, float]:
        """Where the bottom of a bowl is now, (2,), and how large it is, 0–1."""
        panel, away = self.panels[number], self.dial("away")
        home = np.array([panel.center[0], panel.bottom + 0.16 * panel.height])
        return (1 - away) * self.origins[number] + away * home, 0.02 + 0.98 * away

    def spots(self, number: int, offsets: ArrayLike, heights: ArrayLike) -> Floats:
        """Points of a bowl (…, 2), from offsets along its cut and losses above its bottom."""
        bottom, size = self._frame(number)
        panel = self.panels[number]
        x = np.asarray(offsets) / self.offsets[-1] * 0.46 * panel.width
        y = np.asarray(heights) / self.top * DEPTH * panel.height
        return bottom + size * np.stack(np.broadcast_arrays(x, y), axis=-1)

    def hop(self, number: int) -> float:
        """How far off its bottom a ball is now; between two kept steps it is on its way, after the last it repeats the last two."""
        rate = int(np.clip(self.dial("rate") + 1e-6, 0, len(self.hops) - 1))
        row = self.hops[rate, number]
        last = len(row) - 1
        moment = max(self.dial("moment"), 0.0)
        if moment > last:
            moment = last - (1 - abs(1 - (moment - last) % 2))
        first = min(int(moment), len(row) - 2)
        share = moment - first
        share = share * share * (3 - 2 * share)
        one, other = row[first], row[first + 1]
        return float(one if share == 0 else other if share == 1 else (1 - share) * one + share * other)

    def anchor(self, name: str) -> Floats:
        """``bowl0`` …, below each bowl; ``rim0`` …, in the middle above it; ``top``, the middle of the upper edge."""
        if name == "top":
            return self.place(0.5, 1.0)
        kind, number = name.rstrip("0123456789"), name.lstrip("abcdefghijklmnopqrstuvwxyz")
        if number and int(number) < len(self.cuts):
            bottom, size = self._frame(int(number))
            if kind == "bowl":
                return np.array([bottom[0], bottom[1] - 0.13 * size * self.panels[int(number)].height, 0.0])
            if kind == "rim":
                return np.array([bottom[0], bottom[1] + 0.7 * DEPTH * size * self.panels[int(number)].height, 0.0])
        return super().anchor(name)

    # ---- painting

    def draw(self, canvas: Canvas) -> None:
        """Ground, cut, parabola, ball."""
        if (away := self.dial("away")) < 0.004:
            return
        for number, cut in enumerate(self.cuts):
            line = self.spots(number, self.offsets, cut)
            self._earth(canvas, number, line, min(1.0, 4 * away))
            if bend := self.dial("bend"):
                self._parabola(canvas, number, bend)
            if shown := self.dial("balls"):
                self._ball(canvas, number, shown)

    def _earth(self, canvas: Canvas, number: int, line: Floats, opacity: float) -> None:
        bottom, size = self._frame(number)
        foot = bottom[1] - 0.05 * size * self.panels[number].height
        low, high = along(theme().loss_ramp, (0.06, 0.5))
        for share, color in ((0.0, low), (1.0, high)):
            if share == 0.0:
                area = np.concatenate([line, [(line[-1, 0], foot), (line[0, 0], foot)]])
                canvas.polygon(area, 0.75 * np.asarray(low) + 0.25 * np.asarray(high), opacity)
            else:
                canvas.line(line, 0.075, color, opacity)

    def _parabola(self, canvas: Canvas, number: int, share: float) -> None:
        reach = np.linspace(-1, 1, 61) * share * 0.8 * self.offsets[-1]
        line = self.spots(number, reach, self.curvatures[number] / 2 * reach**2)
        canvas.ctx.set_dash(DASHES["dashed"])
        canvas.line(line, 0.05, rgba(theme().text), 0.9)
        canvas.ctx.set_dash([])

    def _ball(self, canvas: Canvas, number: int, opacity: float) -> None:
        hop, (_, size) = self.hop(number), self._frame(number)
        if not np.isfinite(hop) or abs(hop) > self.offsets[-1]:
            return
        x, y = self.spots(number, hop, np.interp(hop, self.offsets, self.cuts[number])).tolist()
        draw = partial(draw_ball, canvas, x, y + BALL * size, BALL * size, False)
        draw(opacity)


def _panels(region: Region, count: int) -> list[Region]:
    """A panel for each bowl: beside one another, in a narrow region in two columns."""
    if region.width > 1.2 * region.height or count < 3:
        return region.columns([1] * count, 0.35)
    rows = region.rows([1] * -(-count // 2), 0.5)
    return [panel for row in rows for panel in row.columns([1, 1], 0.35)][:count]
