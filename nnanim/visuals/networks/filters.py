"""One layer cut open: a gradient as a beam of light that passes two filters, the slopes and the weights; a gate and a road."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from nnanim.quantity import Label, Quantity
from nnanim.visuals.page.frame import Region, frame
from nnanim.visuals.page.readout import Readout, Tag
from nnanim.visuals.page.theme import along, rgba, theme
from nnanim.visuals.paint.canvas import Canvas
from nnanim.visuals.paint.painted import Floats
from nnanim.visuals.paint.picture import Picture

SLANT = 0.16
"""How far a filter's upper edge is moved against its height, as things seen from the side are."""
PLACES = (0.7, 0.32)
"""Where the filters stand, as shares of the width: the slopes, which the gradient meets first, and the weights."""
OUT = 0.1
"""Where it is read what has come through."""
SPAN = 0.24
"""Half the width of the widest range of weights, as a share of the width."""
PLATE = 0.15
"""Width of a filter as a share of the width of all."""
FINER = 8
"""Cells are painted as so many by so many smooth pixels: of single ones cairo picks the neighbour at an edge, now and then."""


class Filters(Picture):
    """A beam from right to left through a layer: as high as the gradient is long.

    Dials: ``beam`` 0–1 how far its head has come; ``case`` runs through filters that take turns; ``span`` 0–1 shows from what
    range weights are drawn; ``road`` 0–1 a road round both filters, on which all of it passes; ``gate`` 0–1 a gate before the filters.

    Parameters
    ----------
    region
        Where.
    slopes
        Slopes f'(z) of the layer, (samples, neurons): how much each hole of the first filter lets through; or (K, …), of each case.
    weights
        (n_out, n_in): the second filter; or (K, …). The largest of all weights has the strongest colour.
    slope_factors, weight_factors
        What each leaves of the length, in every case, (K,) each.
    bounds
        Weights are drawn evenly between minus and plus this, in every case, (K,).
    """

    dial_names: ClassVar[dict[str, float]] = {"beam": 0.0, "case": 0.0, "span": 0.0, "road": 0.0, "gate": 0.0}
    bleeds: ClassVar[float] = 0.5

    def __init__(
        self, region: Region, slopes: ArrayLike, weights: ArrayLike, slope_factors: ArrayLike, weight_factors: ArrayLike,
        bounds: ArrayLike = (), **dials: float,
    ) -> None:  # fmt: skip
        slopes, weights = np.asarray(slopes, dtype=float), np.asarray(weights, dtype=float)
        self.holes = along(theme().activation_ramp, slopes / max(float(slopes.max(initial=0.0)), 1e-12))
        self.limit = float(np.abs(weights).max(initial=0.0)) or 1.0
        self.cells = theme().diverging(weights, self.limit)
        self.bounds = np.asarray(bounds, dtype=float)
        self.slope_factors, self.weight_factors = np.asarray(slope_factors, dtype=float), np.asarray(weight_factors, dtype=float)
        most = float(np.max([np.ones_like(self.slope_factors), self.slope_factors, self.slope_factors * self.weight_factors]))
        self.full = 0.44 / min(max(most, 1.0), 1.5)
        super().__init__((region.left, region.bottom, region.right, region.top), **dials)

    # ---- where things are

    def shares(self) -> tuple[float, float, float]:
        """The beam's height before the filters, between them and behind them, as shares of what comes in."""
        slope, weight = (float(np.interp(self.dial("case"), np.arange(len(row)), row)) for row in (self.slope_factors, self.weight_factors))
        return 1.0, slope, slope * weight

    def half(self, share: float) -> float:
        """Half the height of a beam that has this share, in manim units; where it would not fit it ends at the edge."""
        low, high = self.corners[1], self.corners[3]
        return min(share * self.full, 0.5) * (high - low) / 2

    @property
    def middle(self) -> float:
        """Height of the beam's axis."""
        return float(self.place(0.0, 0.5)[1])

    def anchor(self, name: str) -> Floats:
        """``slope``, ``weight``, ``product``: below each filter and what they leave; ``equals``, ``times``: between those;
        ``over_slope``, ``over_weight``: above; ``in``, ``between``, ``out``: on the beam; ``span``: below the range of weights.
        """
        places = {"product": (OUT, 0.2), "equals": ((OUT + PLACES[1]) / 2, 0.2), "times": (sum(PLACES) / 2, 0.2)}
        places |= {"span": (PLACES[1], -0.11)}
        places |= {"slope": (PLACES[0], 0.2), "weight": (PLACES[1], 0.2), "over_slope": (PLACES[0], 0.8), "over_weight": (PLACES[1], 0.8)}
        places |= {"in": (0.9, 0.5), "between": (sum(PLACES) / 2, 0.5), "out": (OUT, 0.5), "road": (0.5, 0.97)}
        return self.place(*places[name]) if name in places else super().anchor(name)

    # ---- words

    def names_over(self, activation: str) -> list[Tag]:
        """What the two filters are, above each."""
        names = (Label(f"slope of {activation}"), "over_slope"), ("weights", "over_weight")
        label, narrow = frame().label, frame().portrait  # there they have no room beside each other
        heights = (2.0 if narrow else 0.8) * label, 0.8 * label
        return [Tag(words, self, anchor, (0, up)) for (words, anchor), up in zip(names, heights, strict=True)]

    def numbers_under(self, numbers: Iterable[Sequence[Quantity]]) -> list[Tag]:
        """What slopes, weights and both leave in every case, below each; then the signs that make of them a product."""
        left, _, right, _ = self.corners
        style: dict[str, Any] = {"size": min(frame().number, 0.085 * (right - left)), "at": (0, -0.45)}
        found = zip(numbers, ("slope", "weight", "product"), strict=True)
        signs = ("×", "times"), ("=", "equals")
        readouts = [Readout(of, self, "case", anchor=anchor, **style) for of, anchor in found]
        return [*readouts, *(Tag(sign, self, anchor, **style) for sign, anchor in signs)]

    # ---- painting

    def draw(self, canvas: Canvas) -> None:
        """Road, beam, filters."""
        left, _, right, _ = self.corners
        if road := self.dial("road"):
            self._draw_road(canvas, road)
        self._draw_beam(canvas, left, right)
        self._draw_plate(canvas, PLACES[0], self._in_case(self.holes))
        self._draw_plate(canvas, PLACES[1], self._in_case(self.cells))
        if span := self.dial("span"):
            self._draw_span(canvas, span)
        if gate := self.dial("gate"):
            self._draw_gate(canvas, gate)

    def _in_case(self, colors: Floats) -> Floats:
        """The colours of a filter now; between two cases they are blended."""
        if colors.ndim == 3:
            return colors
        case = float(np.clip(self.dial("case"), 0, len(colors) - 1))
        first, second = int(case), min(int(case) + 1, len(colors) - 1)
        return np.asarray((1 - (case - first)) * colors[first] + (case - first) * colors[second])

    def _draw_span(self, canvas: Canvas, shown: float) -> None:
        """From minus to plus the bound, below the weights, in the weights' colours."""
        bound = float(np.interp(self.dial("case"), np.arange(len(self.bounds)), self.bounds))
        x, y, _ = self.place(PLACES[1], -0.02)
        half = SPAN * (self.corners[2] - self.corners[0]) * shown * bound / max(float(self.bounds.max()), 1e-12)
        high = 0.035 * (self.corners[3] - self.corners[1])
        canvas.image(theme().diverging(np.linspace(-bound, bound, 256)[None, :], self.limit), (x - half, y - high, x + half, y + high))
        canvas.box(x - half, y - high, 2 * half, 2 * high, rgba(theme().muted), shown, 0.0, 0.03)
        canvas.line([(x, y - 1.6 * high), (x, y + 1.6 * high)], 0.03, rgba(theme().muted), shown)

    def _draw_beam(self, canvas: Canvas, left: float, right: float) -> None:
        head = right - self.dial("beam") * (right - left)
        stops = [right, *(float(self.place(place, 0)[0]) for place in PLACES), left]
        hue, y = rgba(theme().gradient), self.middle
        for share, first, last in zip(self.shares(), stops[:-1], stops[1:], strict=True):
            end = max(head, last)
            if end >= first:
                break
            half = self.half(share)
            shape = np.array([(first, y + half), (end, y + half), (end, y - half), (first, y - half)])
            canvas.polygon(shape, hue, 0.8)
            core = 0.45 * half
            canvas.polygon(np.array([(first, y + core), (end, y + core), (end, y - core), (first, y - core)]), 0.5 * hue + 0.5 * rgba(theme().text), 0.35)
            if theme().name == "dark":
                canvas.glow(partial(_area, shape=shape, color=hue), (end, y - half, first, y + half), 0.25, 0.45)

    def _outline(self, place: float) -> Floats:
        x, low, high = float(self.place(place, 0)[0]), float(self.place(0, 0.25)[1]), float(self.place(0, 0.75)[1])
        width = PLATE * (self.corners[2] - self.corners[0])
        lean = SLANT * width
        return np.array([(x - width / 2, low - lean), (x + width / 2, low + lean), (x + width / 2, high + lean), (x - width / 2, high - lean)])

    def _draw_plate(self, canvas: Canvas, place: float, colors: Floats) -> None:
        shape = self._outline(place)
        (left, low), (right, _), (_, top), _ = shape
        ctx = canvas.ctx
        ctx.save()
        rise = (shape[1][1] - shape[0][1]) / (right - left)
        ctx.transform(_sheared(left, rise))
        height = top - shape[1][1]
        fine = colors.repeat(FINER, axis=0).repeat(FINER, axis=1)
        canvas.image(fine, (left, low, right, low + height), 0.93)
        ctx.restore()
        canvas.line(shape, 0.04, rgba(theme().muted), closed=True)

    def _draw_gate(self, canvas: Canvas, shown: float) -> None:
        x = float(self.place(0.86, 0)[0])
        half, y = self.half(1.0), self.middle
        reach = (self.corners[3] - self.corners[1]) * 0.3
        color = rgba(theme().text)
        for sign in (1, -1):
            near, far = y + sign * (half + (1 - shown) * reach), y + sign * (half + reach)
            canvas.line([(x, near), (x, far)], 0.16, color, shown)
            canvas.line([(x - 0.22, near), (x + 0.22, near)], 0.1, color, shown)

    def _draw_road(self, canvas: Canvas, shown: float) -> None:
        y, top = self.middle, float(self.place(0, 0.9)[1])
        first, last = (float(self.place(place, 0)[0]) for place in (0.93, 0.07))
        bend = 0.35 * (top - y)
        angle = np.linspace(0, np.pi / 2, 10)
        up = np.stack([first - bend * (1 - np.cos(angle)), top - bend + bend * np.sin(angle)], axis=1)
        down = np.stack([last + bend * (1 - np.cos(angle)), top - bend + bend * np.sin(angle)], axis=1)[::-1]
        path = np.concatenate([[(first, y)], up, down, [(last, y)]])
        lengths = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
        ends = np.linspace(0, lengths[-1] * shown, 60)
        seen = np.stack([np.interp(ends, lengths, path[:, k]) for k in (0, 1)], axis=1)
        wide = 0.5 * self.half(1.0)
        canvas.line(seen, wide / canvas.line_scale + 0.06, rgba(theme().line), 1.0)
        canvas.line(seen, wide / canvas.line_scale, rgba(theme().gradient), 0.85)


def _area(canvas: Canvas, shape: Floats, color: Floats) -> None:
    canvas.polygon(shape, color)


def _sheared(left: float, rise: float):
    import cairo

    return cairo.Matrix(1, rise, 0, 1, 0, -rise * left)
