"""A loss surface seen from above: filled bands, contour lines, axes, and the scale of its colours.

Its heights are a :class:`nnanim.visuals.space.relief.Relief`, as those of a surface seen from the side.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from typing import Any, ClassVar, cast

import cairo
import numpy as np
from contourpy import contour_generator
from manim import Camera, Rectangle, VGroup
from numpy.typing import ArrayLike

from nnanim.quantity import Label, Showable, format_number
from nnanim.visuals.page.frame import Region, frame
from nnanim.visuals.page.text import TextLine, text_width, veil
from nnanim.visuals.page.theme import rgba, theme
from nnanim.visuals.paint.kept import paint_kept
from nnanim.visuals.paint.painted import INVISIBLE, Floats, Painted, ink
from nnanim.visuals.space.relief import Relief, loss_colors

Path = list[Floats]
"""Broken lines, (n, 2) each."""


class ContourBands(Painted):
    """Bands between contour lines, and the lines, in a rectangle of the frame.

    Parameters
    ----------
    relief
        The heights.
    levels
        Heights of the contour lines, rising.
    region
        Where the grid's corners lie.
    lines
        Opacity of the contour lines.
    """

    array_names: ClassVar[tuple[str, ...]] = ("opacity",)
    overhang = 0.05

    def __init__(self, relief: Relief, levels: Sequence[float], region: Region, lines: float = 0.55) -> None:
        corners = [(region.left, region.bottom, 0), (region.right, region.bottom, 0)]
        corners += [(region.right, region.top, 0), (region.left, region.top, 0)]
        super().__init__(corners, points_per_part=4)
        across, up = ((grid - grid[0]) / np.ptp(grid) for grid in (relief.x, relief.y))
        contours = contour_generator(across, up, relief.heights, fill_type="OuterOffset")
        self.levels = [float(level) for level in levels]
        # Each band reaches up to the highest: painted over one another, they leave no seams.
        self.areas: list[Path] = [_rings(contours.filled(level, np.inf)) for level in self.levels]
        self.contours: list[Path] = [list(cast(Path, contours.lines(level))) for level in self.levels]
        edges = np.array([0.0, *self.levels, 1.0])
        self.colors = loss_colors((edges[1:] + edges[:-1]) / 2)
        self.line_opacity = lines
        # Tells one relief's bands from another's; copies share it.
        self.seal = hashlib.sha256(b"".join(array.tobytes() for array in (*relief, np.array(self.levels)))).digest()

    def paint_parts(self, ctx: cairo.Context, camera: Camera) -> None:
        """Draw the bands from low to high, then the lines."""
        opacity = float(np.clip(self.opacity[0], 0.0, 1.0))
        if opacity <= INVISIBLE:
            return
        corners = self.parts(camera)[0, :, :2]
        looks = theme(), self.seal, self.line_opacity, corners.tobytes(), self.colors.tobytes()
        (left, bottom), (right, top) = corners.min(axis=0) - self.overhang, corners.max(axis=0) + self.overhang
        paint_kept(ctx, camera, looks, (left, bottom, right, top), lambda painter: self._paint_bands(painter, camera, corners), opacity)

    def _paint_bands(self, ctx: cairo.Context, camera: Camera, corners: Floats) -> None:
        corner, right, _, up = corners
        ctx.save()
        ctx.transform(cairo.Matrix(*(right - corner), *(up - corner), *corner))
        colors = ink(camera, self.colors)
        ctx.rectangle(0, 0, 1, 1)
        ctx.set_source_rgba(*colors[0])
        ctx.fill()
        ctx.set_fill_rule(cairo.FillRule.EVEN_ODD)
        for rings, color in zip(self.areas, colors[1:], strict=True):
            _trace(ctx, rings)
            ctx.close_path()
            ctx.set_source_rgba(*color)
            ctx.fill()
        for line in self.contours:
            _trace(ctx, line)
        ctx.restore()
        ctx.set_source_rgba(*ink(camera, rgba(theme().muted) * (1, 1, 1, self.line_opacity)))
        ctx.set_line_width(1.6 * camera.cairo_line_width_multiple)
        ctx.set_line_join(cairo.LineJoin.ROUND)
        ctx.stroke()


def _rings(filled: Any) -> Path:
    """Outer and inner boundaries of a filled contour, each a closed line."""
    return [
        ring[start:end]
        for ring, cuts in zip(*filled, strict=True)
        if ring is not None
        for start, end in itertools.pairwise(cuts.tolist())
    ]


def _trace(ctx: cairo.Context, lines: Path) -> None:
    for line in lines:
        points = line.tolist()
        ctx.move_to(*points[0])
        for point in points[1:]:
            ctx.line_to(*point)


class ContourMap(VGroup):
    """Contour bands with a frame around them and, where wanted, marks along both axes.

    Both axes have the same scale, so that the gradient stands at right angles to the contour lines.

    Parameters
    ----------
    relief, levels
        As of :class:`ContourBands`.
    region
        Where: the map is as large as fits, in the middle.
    names
        Of the two axes; without names there are no marks either.
    """

    def __init__(
        self, relief: Relief, levels: Sequence[float], region: Region, names: tuple[Showable, Showable] | None = None
    ) -> None:
        super().__init__()
        self.window = relief.window
        self.place = map_region(self.window, region, names is not None)
        self.bands = ContourBands(relief, levels, self.place)
        self.border = Rectangle(width=self.place.width, height=self.place.height, stroke_width=2, color=theme().line)
        self.border.move_to(self.place.center)
        self.marks = VGroup(*(_marks(self.window, self.place, names) if names is not None else ()))
        self.add(self.bands, self.border, self.marks)

    def spots(self, points: ArrayLike) -> Floats:
        """Where points (…, 2) of the plane lie in the frame, (…, 3)."""
        given = np.asarray(points, dtype=float)
        unit = self.place.width / self.window.width
        flat = (given - (self.window.left, self.window.bottom)) * unit + (self.place.left, self.place.bottom)
        return np.concatenate([flat, np.zeros((*flat.shape[:-1], 1))], axis=-1)

    def arrow_ends(self, start: ArrayLike, along: ArrayLike) -> tuple[Floats, Floats, bool]:
        """Where an arrow from a point of the plane begins and ends in the frame, and whether it is as long as ``along``.

        One that would leave the map is shortened, one too short to be seen is lengthened.
        """
        window, foot, arrow = self.window, np.asarray(start, dtype=float), np.asarray(along, dtype=float)
        share = 1.0
        for axis, (low, high) in enumerate(((window.left, window.right), (window.bottom, window.top))):
            step = float(arrow[axis])
            if step:
                share = min(share, ((high if step > 0 else low) - float(foot[axis])) / step)
        length = float(np.linalg.norm(arrow)) or 1.0
        if share < 1:
            share = min(share, 0.4 * window.width / length)
        share = max(min(share, 1.0), 0.1 * window.width / length)
        return self.spots(foot), self.spots(foot + share * arrow), share == 1.0

    def corner_note(self, words: Showable) -> VGroup:
        """A few words in the upper right corner, on a veil that keeps them legible; they are not part of the map."""
        size, place = frame().small, self.place
        back = veil(Region(place.right - text_width(words, size) - 0.8 * size, place.right, place.top - 1.5 * size, place.top))
        return VGroup(back, TextLine(words, size).on(back.get_center()))


def map_region(window: Region, region: Region, marks: bool) -> Region:
    """The largest rectangle in the shape of ``window`` that fits the region, with room for marks below and on the left."""
    size = frame().small
    room = Region(region.left + 1.75 * size, region.right, region.bottom + 1.35 * size, region.top) if marks else region
    unit = min(room.width / window.width, room.height / window.height)
    (x, y, _), width, height = room.center, unit * window.width, unit * window.height
    return Region(float(x) - width / 2, float(x) + width / 2, float(y) - height / 2, float(y) + height / 2)


def _marks(window: Region, place: Region, names: tuple[Showable, Showable]) -> list[TextLine]:
    size, muted = frame().small, theme().muted
    made = []
    for share in (0.0, 0.5, 1.0):
        value = Label(_mark(window.left + share * window.width))
        half = text_width(value, size) / 2
        x = float(np.clip(place.left + share * place.width, place.left + half * (share == 0), place.right - half))
        made.append(TextLine(value, size, muted).at(x, place.bottom - 1.1 * size, "center"))
        value = Label(_mark(window.bottom + share * window.height))
        y = place.bottom + share * place.height - 0.33 * size
        made.append(TextLine(value, size, muted).at(place.left - 0.4 * size, float(np.clip(y, place.bottom, place.top - 0.66 * size)), "right"))
    made.append(TextLine(names[0], size, muted).at(place.left + 0.75 * place.width, place.bottom - 1.1 * size, "center"))
    made.append(TextLine(names[1], size, muted).at(place.left - 0.4 * size, place.bottom + 0.75 * place.height - 0.33 * size, "right"))
    return made


def _mark(value: float) -> str:
    """A mark of an axis, with as few decimals as it needs."""
    return next(format_number(value, d) for d in range(4) if d == 3 or abs(round(value, d) - value) < 1e-9)


class ColorScale(VGroup):
    """The colours of a surface from low to high, with the numbers of both ends.

    Parameters
    ----------
    heights
        Heights of the contour lines, rising, in 0–1.
    low, high
        The losses at both ends.
    region
        Where: the bar is as wide as the region, under its name.
    """

    def __init__(self, heights: Sequence[float], low: Showable, high: Showable, region: Region, name: Showable) -> None:
        super().__init__()
        size = frame().small
        x, _, _ = region.center
        deep = 0.9 * size
        bar = Region(region.left, region.right, float(region.center[1]) - deep / 2, float(region.center[1]) + deep / 2)
        slope = np.linspace(0, 1, 65)
        self.bands = ContourBands(Relief.of(slope, (0, 1), np.tile(slope, (2, 1))), heights, bar)
        border = Rectangle(width=bar.width, height=bar.height, stroke_width=2, color=theme().line).move_to(bar.center)
        self.add(self.bands, border)
        self.add(TextLine(name, size, theme().muted).at(float(x), bar.top + 0.45 * size, "center"))
        self.add(TextLine(low, size, theme().muted).at(bar.left, bar.bottom - 1.1 * size, "left"))
        self.add(TextLine(high, size, theme().muted).at(bar.right, bar.bottom - 1.1 * size, "right"))
