"""Axes with numbers on them, names at the lines' ends instead of a legend, and a slider.

Scales are those of :mod:`nnanim.visuals.plots.scales`; lines are :class:`nnanim.visuals.plots.series.Series`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from manim import Circle, Line, Rectangle, VGroup
from numpy.typing import ArrayLike

from nnanim.quantity import Quantity, Showable, as_showable
from nnanim.visuals.page.frame import Region, frame
from nnanim.visuals.page.glyphs import Weight
from nnanim.visuals.page.text import TextLine, text_width
from nnanim.visuals.page.theme import theme
from nnanim.visuals.paint.painted import Floats
from nnanim.visuals.plots.scales import LinearScale, LogScale, Scale
from nnanim.visuals.plots.series import Marker, Series, segments

Side = Literal["left", "right"]


class Axes(VGroup):
    """Two axes with ticks, their names and thin grid lines, in a region.

    Parameters
    ----------
    region
        Ticks, names and what is asked for in ``room`` stand inside it as well.
    x, y
        The scales.
    x_name, y_name
        Names of the axes; that of the y axis stands above it, so that it is read without turning one's head.
    y_side
        Where the y axis has its ticks: opposite the side where the lines' names stand.
    room
        Free space to be left at the left and right for names of lines, in manim units.
    y_color
        Colour of the y axis's name.

    Attributes
    ----------
    plot
        The region inside the axes.
    em
        Height of one em of the ticks' type.
    decades
        On a logarithmic y axis: powers of ten from one grid line to the next.
    """

    def __init__(
        self,
        region: Region,
        x: Scale,
        y: Scale,
        x_name: Showable,
        y_name: Showable,
        y_side: Side = "left",
        room: tuple[float, float] = (0.0, 0.0),
        y_color: str | None = None,
    ) -> None:
        super().__init__()
        self.x, self.y, self.em = x, y, frame().small
        em = self.em
        below, above = region.bottom + 3.0 * em, region.top - 1.9 * em
        most = max(2, int((above - below) / (2 * em)))
        marked = y.exponents(most) if isinstance(y, LogScale) else []
        self.decades = marked[1] - marked[0] if len(marked) > 1 else 0
        y_ticks = y.ticks(most)
        widest = max((text_width(tick.name, em) for tick in y_ticks), default=0.0) + 0.55 * em
        half = max((text_width(tick.name, em) / 2 for tick in x.ticks(4)), default=0.0)
        left = region.left + max(half, room[0] + (widest if y_side == "left" else 0.0))
        right = region.right - max(half, room[1] + (widest if y_side == "right" else 0.0))
        self.plot = Region(left, right, below, above)
        x_ticks = x.ticks(max(2, int(self.plot.width / (3.2 * em))))
        heights = [float(self.point(None, tick.value)[1]) for tick in y_ticks]
        places = [float(self.point(tick.value, None)[0]) for tick in x_ticks]
        muted, line = theme().muted, theme().line
        strip = y.strip * self.plot.height if isinstance(y, LogScale) else 0.0
        self.zero_strip = VGroup()
        if strip:
            box = Rectangle(width=self.plot.width, height=strip, stroke_width=0, fill_color=theme().panel, fill_opacity=1)
            self.zero_strip.add(box.move_to((self.plot.center[0], below + strip / 2, 0)))
        self.grid = segments([((left, h), (right, h)) for h, tick in zip(heights, y_ticks, strict=True) if tick.value or not strip])
        self.grid.set_stroke(line, 1.5, 0.8)
        self.base = segments([((left, below), (right, below)), *(((p, below), (p, below - 0.25 * em)) for p in places)])
        self.base.set_stroke(muted, 2, 0.9)
        side, gap, align = (right, 0.55 * em, "left") if y_side == "right" else (left, -0.55 * em, "right")
        self.y_labels = VGroup(
            *(TextLine(t.name, em, muted).on(np.array([side + gap, h, 0]), align) for t, h in zip(y_ticks, heights, strict=True))  # type: ignore[arg-type]
        )
        self.x_labels = VGroup(*_apart([TextLine(t.name, em, muted).at(p, below - 1.25 * em, "center") for t, p in zip(x_ticks, places, strict=True)]))
        self.x_name = TextLine(x_name, em, muted).at(self.plot.center[0], below - 2.65 * em, "center")
        name_size = min(em * 1.1, region.width / text_width(as_showable(y_name), 1.0))
        self.y_name = TextLine(y_name, name_size, y_color or muted)
        if y_side == "right":
            self.y_name.at(min(region.right, right + widest), above + 0.85 * em, "right")
        else:
            self.y_name.at(max(region.left, left - widest), above + 0.85 * em)
        self.add(self.zero_strip, self.grid, self.base, self.y_labels, self.x_labels, self.x_name, self.y_name)

    def point(self, x: float | None, y: float | None) -> Floats:
        """Where (x, y) stands in the frame, as a point (3,); None stands for the middle, and what has no place too."""
        across, up = (0.5 if v is None else float(s.share(v)) for s, v in ((self.x, x), (self.y, y)))
        across, up = np.nan_to_num([across, up], nan=0.5)
        return np.array([self.plot.left + across * self.plot.width, self.plot.bottom + up * self.plot.height, 0.0])

    def series(
        self, x: ArrayLike, y: ArrayLike, color: str, width: float = 5.0, marker: Marker = "none", radius: float = 0.07
    ) -> Series:
        """A line through the points (x, y), shape (n,) each, in their order.

        A point without a place on the axes (NaN, infinite) is left out, and so is the line to it; a zero on a
        logarithmic axis is a hollow mark in the strip for zeros, which no line leads to.
        """
        across, up = np.broadcast_arrays(self.x.share(x), self.y.share(y))
        shown = np.isfinite(across) & np.isfinite(up)
        floor = np.broadcast_to(np.asarray(y, dtype=float) == 0, shown.shape) & isinstance(self.y, LogScale)
        points = np.stack(
            [
                self.plot.left + np.where(shown, across, 0.5) * self.plot.width,
                self.plot.bottom + np.where(shown, up, 0.5) * self.plot.height,
                np.zeros(len(shown)),
            ],
            axis=1,
        )
        return Series(points, color, width, marker, radius, shown, floor)


def _apart(labels: Sequence[TextLine]) -> list[TextLine]:
    """The labels of ticks from left to right without those that would touch another; the outermost two stay."""
    if len(labels) < 3:
        return list(labels)
    first, *inner, last = labels
    kept = [first]
    for label in inner:
        gap = 0.5 * label.em
        if label.get_left()[0] - kept[-1].get_right()[0] > gap and last.get_left()[0] - label.get_right()[0] > gap:
            kept.append(label)
    return [*kept, last]


# Names at the ends -------------------------------------------------------------------------------------


def spread(heights: Sequence[float], gap: float, low: float = -math.inf, high: float = math.inf) -> list[float]:
    """Move places as little as possible (least squares) so that neighbours are ``gap`` apart and all lie in low…high.

    The order of the heights stays; places come back in the order in which they were given. When there is no room
    for the gap, a smaller one is used.
    """
    count = len(heights)
    if count > 1 and math.isfinite(high - low):
        gap = min(gap, (high - low) / (count - 1))
    order = np.argsort(heights, kind="stable")
    wanted = np.asarray(heights, dtype=float)[order] - gap * np.arange(count)
    blocks: list[tuple[float, int]] = []  # mean and size of blocks that stick together: isotonic regression
    for value in wanted:
        mean, size = float(value), 1
        while blocks and blocks[-1][0] > mean:
            before, many = blocks.pop()
            mean, size = (before * many + mean * size) / (many + size), many + size
        blocks.append((mean, size))
    flat = np.concatenate([np.full(size, mean) for mean, size in blocks]) if blocks else np.zeros(0)
    placed = np.clip(flat, low, high - gap * (count - 1) if count else high) + gap * np.arange(count)
    result = np.empty(count)
    result[order] = placed
    return [float(place) for place in result]


class EndLabel(VGroup):
    """A line's name beside its end: its mark, the name, and a thin leader from the line to them.

    Attributes
    ----------
    leader, text, mark
        Its parts; ``mark`` is unseen when the line has none.
    """

    def __init__(
        self, tip: Floats | None, place: Floats, side: Side, content: Showable, size: float, color: str, marker: Marker, weight: Weight
    ) -> None:
        super().__init__()
        away = np.array([-1.0 if side == "left" else 1.0, 0.0, 0.0])
        begin = place if tip is None else tip + 0.13 * away
        self.leader = Line(begin, place - 0.06 * away + 1e-6 * away, stroke_width=1.8, color=color)
        self.leader.set_stroke(opacity=0.0 if tip is None else 0.7)
        reach = (0.0 if marker == "none" else 0.72) * size
        self.text = TextLine(content, size, color, weight).on(place + reach * away, "right" if side == "left" else "left")
        self.mark = Series([place + 0.32 * size * away], color, 1.0, marker, 0.24 * size)
        self.add(self.leader, self.text)
        if marker != "none":
            self.add(self.mark)


def end_labels(
    axes: Axes,
    lines: Sequence[Series],
    names: Sequence[Showable],
    side: Side = "right",
    size: float | None = None,
    markers: Sequence[Marker] | None = None,
    reach: float = 0.4,
    weight: Weight = "semibold",
) -> list[EndLabel]:
    """A name for each line beside its left or right end, in its colour, moved apart so that none touches another.

    Names stand outside the plot, ``reach`` manim units from it; the axes must have been given ``room`` for them (see
    :func:`room_for`). A leader joins them to lines that reach that side; a line that ends before, or has no point at
    all, goes without. ``markers`` are those of the names, by default the lines' own.
    """
    size = size or frame().small
    tips = [line.tip(side) for line in lines]
    plot = axes.plot
    middle = float(plot.center[1])
    wanted = [middle if tip is None else float(tip[1]) for tip in tips]
    heights = spread(wanted, 1.3 * size, plot.bottom + 0.4 * size, plot.top - 0.2 * size)
    x = plot.left - reach if side == "left" else plot.right + reach
    reached = [tip is not None and abs(float(tip[0]) - x) < reach + 0.15 * plot.width for tip in tips]
    return [
        EndLabel(tip if near else None, np.array([x, height, 0.0]), side, name, size, line.color_name, marker, weight)
        for line, tip, near, height, name, marker in zip(
            lines, tips, reached, heights, names, markers or [line.marker for line in lines], strict=True
        )
    ]


def room_for(names: Sequence[Showable], size: float | None = None, reach: float = 0.4, weight: Weight = "semibold") -> float:
    """The ``room`` that :func:`end_labels` needs for these names, in manim units."""
    size = size or frame().small
    return reach + 0.75 * size + max(text_width(as_showable(name), size, weight) for name in names)


# Slider ------------------------------------------------------------------------------------------------


@dataclass
class _Stop:
    place: Floats
    name: TextLine = field(repr=False)


class Slider(VGroup):
    """A track with named stops and a knob, for a quantity that the lesson turns.

    Parameters
    ----------
    stops
        The values that the knob can stand at, rising; each is shown under the track.
    region
        Where: the track runs along its middle.
    name
        What is turned; it stands before the track.
    """

    def __init__(self, stops: Sequence[Quantity], region: Region, name: Showable, start: int = 0) -> None:
        super().__init__()
        size = frame().small
        self.name = TextLine(name, size * 1.15, theme().text, "semibold")
        left = region.left + self.name.advance + 1.1 * size
        scale = LinearScale(stops[0].value, stops[-1].value)
        height = region.center[1] + 0.35 * size
        self.name.on(np.array([region.left, height, 0]), "left")
        ends = np.array([[left, height, 0], [region.right - 0.8 * size, height, 0]])
        places = [ends[0] + float(scale.share(stop.value)) * (ends[1] - ends[0]) for stop in stops]
        self.track = Line(ends[0], ends[1], stroke_width=5, color=theme().line)
        ticks = segments([((p[0], p[1] - 0.09), (p[0], p[1] + 0.09)) for p in places]).set_stroke(theme().muted, 2.5)
        apart = spread([float(p[0]) for p in places], 1.7 * size)
        self.stops = [
            _Stop(place, TextLine(stop, size, theme().muted).at(x, height - 1.45 * size, "center"))
            for place, stop, x in zip(places, stops, apart, strict=True)
        ]
        self.knob = Circle(0.36 * size, stroke_width=0, fill_color=theme().highlight, fill_opacity=1).move_to(places[start])
        self.add(self.name, self.track, ticks, *(stop.name for stop in self.stops), self.knob)

    def knob_at(self, stop: int) -> Floats:
        """Where the knob stands at a stop, (3,)."""
        return self.stops[stop].place
