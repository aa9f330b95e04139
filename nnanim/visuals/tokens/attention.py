"""Attention as a grid: who looks at whom, and the hatching of what is masked.

Column names stand on the stairs of the causal grid, in the free triangle: level, and never crowded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import cairo
import numpy as np
from manim import Camera, Rectangle, VGroup
from numpy.typing import ArrayLike, NDArray

from nnanim.quantity import Label, Quantity, Showable
from nnanim.visuals.cells.heatmap import HeatMap
from nnanim.visuals.cells.number_grid import NumberGrid, fitting_size
from nnanim.visuals.page.frame import Region, frame
from nnanim.visuals.page.glyphs import advance
from nnanim.visuals.page.text import TextLine, text_width
from nnanim.visuals.page.theme import rgba, theme
from nnanim.visuals.paint.painted import INVISIBLE, Painted, ink, mask_of
from nnanim.visuals.tokens.tokens import visible_text

GAP = 0.05
"""Between the cells of a grid, in manim units."""
LARGEST_CELL = 0.86
WIDEST = 1.3
"""Width of a cell, in its heights, at the most."""
LEAST_NUMBER = 0.1
"""Weights below this are shown by colour alone in a language model's grid."""
LONGEST_NAME = 11
"""Characters of a token's name at the most; longer ones end in an ellipsis."""
CONTINUES = "·"
"""Stands before a token that goes on with the word before it."""


def token_names(texts: Sequence[str], most: int = LONGEST_NAME) -> list[Label]:
    """Tokens' names for people: the space before a word is left out, a token that continues a word begins with ``·``.

    Parameters
    ----------
    texts
        The tokens' own texts.
    most
        Longer names are cut to this many characters.
    """
    names = []
    for place, text in enumerate(texts):
        if text.startswith(" ") and text.strip():
            text = text[1:]
        elif place and text[:1].isalnum() and texts[place - 1][-1:].isalnum():
            text = CONTINUES + text
        names.append(visible_text(text, most))
    return names


# The grid ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class GridLayout:
    """Sizes of a grid, in manim units: its cells with their gap, the names' type (None: no names), room around them.

    ``rows`` says whether names stand at the left as well as on the stairs.
    """

    cell_width: float
    cell_height: float
    em: float | None
    left: float
    right: float
    top: float
    rows: bool = True


class AttentionGrid(VGroup):
    """Who looks at whom: a row for each token that looks, a column for each that is looked at.

    Parameters
    ----------
    values
        Shape (T, T), what the colours show.
    names
        The tokens' names, T of them.
    region
        The grid with its names is centred in it.
    quantities
        Numbers of the cells, None for none; they are drawn when they all fit.
    limit
        The magnitude at which the colour is fullest.
    causal
        Whether the cells after the diagonal are left out; column names then stand on the stairs, otherwise on top.
    size
        Height of one em of the names to begin with.
    widest
        A number as wide as any that the cells will show later.
    layout
        Sizes to use instead of the largest that fit, from :func:`shared_layout`.

    Attributes
    ----------
    heat, numbers, row_names, column_names
        The cells, the numbers (or None), and the names.
    """

    def __init__(
        self,
        values: ArrayLike,
        names: Sequence[Label],
        region: Region,
        quantities: Sequence[Sequence[Quantity | None]] | None = None,
        limit: float = 1.0,
        causal: bool = True,
        size: float | None = None,
        widest: str = "",
        layout: GridLayout | None = None,
    ) -> None:
        super().__init__()
        matrix = np.asarray(values, dtype=float)
        self.n_tokens, self.causal = len(matrix), causal
        self.layout = layout = layout or grid_layout(names, region, causal, size)
        self.heat = HeatMap(
            matrix, layout.cell_width - GAP, layout.cell_height - GAP, GAP, limit, corner_radius=0.03
        )
        if causal:
            self.heat.opacity = np.tril(np.ones(matrix.shape)).reshape(-1)
        wide = self.n_tokens * layout.cell_width
        high = self.n_tokens * layout.cell_height
        x = region.center[0] + (layout.left - layout.right) / 2
        self.heat.move_to((x, region.center[1] - layout.top / 2, 0))
        self.region = Region(
            x - wide / 2 - layout.left, x + wide / 2 + layout.right,
            self.heat.get_center()[1] - high / 2, self.heat.get_center()[1] + high / 2 + layout.top,
        )  # fmt: skip
        self.numbers = self._number(quantities, widest)
        self.row_names, self.column_names = VGroup(), VGroup()
        if layout.em is not None:
            self._name(names, layout.em)
        parts = [self.heat, self.numbers, self.row_names, self.column_names]
        self.add(*(part for part in parts if part is not None))

    def _number(
        self, quantities: Sequence[Sequence[Quantity | None]] | None, widest: str
    ) -> NumberGrid | None:
        if quantities is None:
            return None
        cell = self.heat.cell_region(0, 0)
        flat = [quantity for row in quantities for quantity in row if quantity is not None]
        size = fitting_size(flat, cell.width, cell.height, 0.03)
        if size is None or not flat:
            return None
        if widest:
            size = min(size, (cell.width - 0.1) / advance(widest))
        return NumberGrid(quantities, self.heat.parts().mean(axis=1), size, self.heat.colors)

    def _name(self, names: Sequence[Label], em: float) -> None:
        for place, name in enumerate(names):
            first, last = self.heat.cell_region(place, 0), self.heat.cell_region(place, place)
            if self.layout.rows:
                line = TextLine(name, em, theme().muted)
                self.row_names.add(line.on(np.array([first.left - 0.16, first.center[1], 0]), "right"))
            column = TextLine(name, em, theme().muted)
            if self.causal:
                column.on(np.array([last.right + 0.12, last.center[1], 0]), "left")
            else:
                top = self.heat.cell_region(0, place)
                column.at(float(top.center[0]), top.top + 0.14, "center")
            self.column_names.add(column)

    def ring(self, row: int) -> Rectangle:
        """A frame around one row, as far as it is seen."""
        first = self.heat.cell_region(row, 0)
        last = self.heat.cell_region(row, row if self.causal else self.n_tokens - 1)
        return _ring(Region(first.left, last.right, first.bottom, first.top))

    def column_ring(self, column: int) -> Rectangle:
        """A frame around one column, as far as it is seen."""
        first = self.heat.cell_region(column if self.causal else 0, column)
        last = self.heat.cell_region(self.n_tokens - 1, column)
        return _ring(Region(first.left, first.right, last.bottom, first.top))

    def corner_legend(self, lines: Sequence[Showable], region: Region) -> VGroup:
        """Lines of small type in the free corner of a causal grid that stands in ``region``; empty where there is no room."""
        size = frame().small
        made = [TextLine(words, size, theme().muted) for words in lines]
        right = min(region.right, max(self.region.right, region.center[0] + 3.2))
        reach = max(float(name.get_right()[0]) for name in self.column_names[:3]) if len(self.column_names) else region.right
        for number, line in enumerate(made):
            line.at(right, self.region.top - (number + 0.9) * 1.4 * size, "right")
        if min(float(line.get_left()[0]) for line in made) < reach + 0.4 or self.n_tokens < 4:
            return VGroup()
        return VGroup(*made)


def _ring(place: Region) -> Rectangle:
    ring = Rectangle(width=place.width + 0.1, height=place.height + 0.1, stroke_color=theme().highlight, stroke_width=3.5)
    return ring.move_to(place.center)


def grid_layout(
    names: Sequence[Label], region: Region, causal: bool = True, size: float | None = None
) -> GridLayout:
    """The largest cells with which a grid and its tokens' names fit a region; without names where they do not fit."""
    count, least = len(names), frame().smallest
    widths = np.array([text_width(name, 1.0) for name in names])
    high = region.height / count
    if not causal:
        high = (region.height - 1.5 * least) / count
    em: float | None = min(size or 1.1 * frame().small, high / 0.97)
    if em is not None and em < least * 0.999:
        em = None
    choices = [(em, True), (em, False)] if em is not None and causal else [(em, True)]
    made = [_sized(widths, region, causal, type_size, rows, min(high, LARGEST_CELL)) for type_size, rows in choices]
    made.append(_sized(widths, region, causal, None, False, min(high, LARGEST_CELL)))
    wanted = min(0.32, 0.7 * min(high, LARGEST_CELL))
    good = [layout for layout in made[:-1] if layout.cell_width >= wanted]
    if good:
        return good[0]
    return made[-2] if made[-2].cell_width >= 0.15 else made[-1]


def shared_layout(layouts: Sequence[GridLayout]) -> GridLayout:
    """One layout for grids that are to be compared: cells and type as in the one with the least room."""
    smallest = min(layouts, key=lambda layout: (layout.em is not None, layout.rows, layout.cell_width))
    if smallest.em is None:
        return smallest
    rows = all(layout.rows for layout in layouts)
    return replace(
        smallest, cell_width=min(layout.cell_width for layout in layouts), cell_height=min(layout.cell_height for layout in layouts),
        rows=rows, left=max(layout.left for layout in layouts) if rows else 0.0, right=max(layout.right for layout in layouts),
    )  # fmt: skip


def _sized(
    widths: NDArray[np.float64], region: Region, causal: bool, em: float | None, rows: bool, tall: float
) -> GridLayout:
    """The largest cells with names of one size; ``rows`` says whether the names stand at the left as well."""
    count = len(widths)
    left = float(widths.max() * em + 0.16) if em and rows else 0.0
    wide = min(WIDEST * tall, (region.width - left) / count)
    while causal and em and wide > 0.1 and left + count * wide + _overhang(widths * em, wide) > region.width:
        wide *= 0.98
    tall = max(min(tall, 1.2 * wide), 1.02 * em if em else 0.0)
    if not causal and em and max(widths) * em > 1.1 * wide:
        em = wide / max(widths)
    top = 1.1 * em + 0.1 if em and not causal else 0.0
    right = _overhang(widths * em, wide) if em and causal else 0.0
    return GridLayout(float(wide), float(tall), em, left, float(right), float(top), rows)


def _overhang(widths: NDArray[np.float64], cell: float) -> float:
    """How far names on the stairs reach beyond the grid's right edge."""
    places = np.arange(len(widths))
    return float(max(0.0, (widths + 0.12 - (len(widths) - 1 - places) * cell).max()))


class Hatching(Painted):
    """Cells that are masked: an outline and slanted lines instead of a number.

    Parameters
    ----------
    cells
        The heat map that they belong to.
    which
        A mask (rows, columns).
    """

    array_names: ClassVar[tuple[str, ...]] = ("opacity",)
    overhang = 0.0
    colored_by: ClassVar[Literal["fill", "stroke"]] = "stroke"

    def __init__(self, cells: HeatMap, which: ArrayLike) -> None:
        super().__init__(cells.parts()[mask_of(cells.shape, np.asarray(which))].reshape(-1, 3), points_per_part=4)
        self.color_of_lines = rgba(theme().muted)

    def paint_parts(self, ctx: cairo.Context, camera: Camera) -> None:
        """Draw the cells one by one."""
        width = 1.6 * camera.cairo_line_width_multiple
        for quad, opacity in zip(self.parts(camera)[:, :, :2], self.opacity.tolist(), strict=True):
            if opacity <= INVISIBLE:
                continue
            color = ink(camera, self.color_of_lines * (1, 1, 1, 0.5 * opacity))
            (left, bottom), (right, top) = quad.min(axis=0).tolist(), quad.max(axis=0).tolist()
            ctx.save()
            ctx.rectangle(left, bottom, right - left, top - bottom)
            ctx.clip()
            ctx.set_source_rgba(*color.tolist())
            ctx.set_line_width(width)
            step, high = 0.15, top - bottom
            for x in np.arange(left - high + step / 2, right, step).tolist():
                ctx.move_to(x, bottom)
                ctx.line_to(x + high, top)
            ctx.stroke()
            ctx.restore()
