"""Attention on screen: the grid of who looks at whom, the hatching of what is masked, arcs between tokens.

Column names stand on the stairs of the causal grid, in the free triangle: level, and never crowded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, Self

import cairo
import numpy as np
from manim import Camera, Rectangle, VGroup, VMobject
from numpy.typing import ArrayLike, NDArray

from nnanim.quantity import Label, Quantity
from nnanim.visuals.frame import Region, frame
from nnanim.visuals.glyphs import advance
from nnanim.visuals.heatmap import HeatMap, NumberGrid, fitting_size
from nnanim.visuals.painted import INVISIBLE, Floats, Painted, emphasis_of, ink, mask_of
from nnanim.visuals.text import TextLine, text_width
from nnanim.visuals.theme import rgba, theme
from nnanim.visuals.tokens import BOX_HEIGHT, PADDING, Token, token_width, visible_text

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
        ring = Rectangle(
            width=last.right - first.left + 0.1, height=first.height + 0.1, stroke_color=theme().highlight, stroke_width=3.5
        )
        return ring.move_to(((first.left + last.right) / 2, first.center[1], 0))


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


# Arcs ----------------------------------------------------------------------------------------------------


class AttentionArcs(Painted):
    """Arcs from one token to those it looks at: width and opacity are the weight.

    Parameters
    ----------
    start
        Where the looking token's arcs leave, a point (3,).
    ends
        Where they arrive, shape (n, 3).
    weights
        Shape (n,), 0–1.
    rises
        How far each arc goes out to the side, shape (n,), in manim units.
    side
        The direction of the side, a unit vector (3,).
    """

    array_names: ClassVar[tuple[str, ...]] = ("opacity", "weights", "emphasis", "reach")
    colored_by: ClassVar[Literal["fill", "stroke"]] = "stroke"

    def __init__(
        self, start: ArrayLike, ends: ArrayLike, weights: ArrayLike, rises: ArrayLike, side: ArrayLike
    ) -> None:
        first, last = np.asarray(start, dtype=float), np.asarray(ends, dtype=float).reshape(-1, 3)
        out = np.asarray(rises, dtype=float)[:, None] * 4 / 3 * np.asarray(side, dtype=float)  # apex at the rise
        begin = np.broadcast_to(first, last.shape)
        super().__init__(np.stack([begin, begin + out, last + out, last], axis=1).reshape(-1, 3), points_per_part=4)
        self.weights: Floats = np.asarray(weights, dtype=float).copy()
        self.emphasis: Floats = np.zeros(self.n_parts)
        self.reach: Floats = np.ones(self.n_parts)
        self.color_of_lines = rgba(theme().positive)

    def emphasise(self, which: ArrayLike, others: float = 0.25) -> Self:
        """Speak of some arcs and dim the others."""
        self.emphasis = emphasis_of(mask_of((self.n_parts,), np.asarray(which)), 1.0, others)
        return self

    @property
    def stroke_widths(self) -> Floats:
        """Width of each arc, in manim's stroke units, shape (n,)."""
        return 1.2 + 10.0 * self.weights

    @property
    def overhang(self) -> float:
        """Half of the widest arc."""
        return 0.005 * float(self.stroke_widths.max(initial=0.0))

    @property
    def opacities(self) -> Floats:
        """Opacity of each arc as it is drawn, shape (n,): weights under two per cent hardly show."""
        shown = np.clip(0.2 + 1.2 * self.weights, 0.0, 1.0) * np.clip(self.weights / 0.02, 0.0, 1.0)
        return np.clip(shown * self.opacity * (1.0 + np.clip(self.emphasis, -1.0, 0.0)), 0.0, 1.0)

    def pointwise_become_partial(self, vmobject: VMobject, a: float, b: float) -> Self:
        """``Create`` lets every arc grow out of the looking token."""
        assert isinstance(vmobject, AttentionArcs)
        self.reach = vmobject.reach * float(np.clip(b - a, 0.0, 1.0))
        return self

    def paint_parts(self, ctx: cairo.Context, camera: Camera) -> None:
        """Draw weak arcs first."""
        curves = self.parts(camera)[:, :, :2]
        widths = self.stroke_widths * camera.cairo_line_width_multiple
        colors = ink(camera, np.column_stack([np.tile(self.color_of_lines[:3], (self.n_parts, 1)), self.opacities]))
        ctx.set_line_cap(cairo.LineCap.ROUND)
        for place in np.argsort(self.weights, kind="stable"):
            if colors[place, 3] <= INVISIBLE or self.reach[place] <= 0:
                continue
            begin, first, second, end = _beginning_of(curves[place], float(self.reach[place])).tolist()
            ctx.set_source_rgba(*colors[place].tolist())
            ctx.set_line_width(float(widths[place]))
            ctx.move_to(*begin)
            ctx.curve_to(*first, *second, *end)
            ctx.stroke()


def _beginning_of(curve: Floats, share: float) -> Floats:
    """The first share of a cubic curve (4, 2), by de Casteljau's construction."""
    if share >= 1:
        return curve
    a = curve[:-1] + share * np.diff(curve, axis=0)
    b = a[:-1] + share * np.diff(a, axis=0)
    c = b[0] + share * (b[1] - b[0])
    return np.stack([curve[0], a[0], b[0], c])


class ArcDiagram(VGroup):
    """Tokens in a row, or in a column where a row has no room; arcs show what one of them looks at.

    Every arc ends on its number, so that no number stands on an arc.

    Parameters
    ----------
    names
        The tokens' names, T of them.
    quantities
        The weights that the looking token gives to itself and to those before it, looking + 1 of them.
    looking
        The token that looks.
    region
        The diagram is centred in it.
    least
        Weights below this have no number.

    Attributes
    ----------
    tokens, numbers, arcs
        Boxes (T), numbers (by token), and the arcs.
    """

    def __init__(
        self,
        names: Sequence[Label],
        quantities: Sequence[Quantity],
        looking: int,
        region: Region,
        least: float = 0.02,
    ) -> None:
        super().__init__()
        self.looking = looking
        weights = np.array([quantity.value for quantity in quantities])
        self.strongest = int(weights.argmax())
        self.tokens = VGroup()
        self.numbers: dict[int, TextLine] = {}
        em = self.row_size(names, quantities, region)
        if em is not None:
            feet, side, room = self._set_row(names, quantities, region, em)
        else:
            feet, side, room = self._set_column(names, quantities, region)
        self.upright = em is None
        for place, quantity in enumerate(quantities):
            if quantity.value >= least or place == self.strongest:
                self._set_number(place, quantity, feet[place])
        spans = np.linalg.norm(feet[: looking + 1] - feet[looking], axis=1)
        rises = room * (0.12 + 0.88 * spans / spans.max()) if looking else np.zeros(1)
        self.arcs = AttentionArcs(feet[looking], feet[:looking], weights[:looking], rises[:looking], side)
        if em is not None and looking:
            self._drop(rises, region)
        for place in range(looking + 1, len(names)):
            self.tokens[place].set_opacity(0.35)
        self.add(self.arcs, self.tokens, *self.numbers.values())

    @staticmethod
    def row_size(names: Sequence[Label], quantities: Sequence[Quantity], region: Region) -> float | None:
        """The type with which the tokens stand in one row; None when it would be too small."""
        widths = _box_widths(names, quantities)
        em = region.width / (widths.sum() + 0.22 * (len(names) - 1))
        em = min(em, 1.15 * frame().body)
        return float(em) if em >= max(0.24, frame().smallest) else None

    def _set_row(
        self, names: Sequence[Label], quantities: Sequence[Quantity], region: Region, em: float
    ) -> tuple[Floats, Floats, float]:
        widths = _box_widths(names, quantities) * em
        pitch_gap = 0.22 * em
        x = region.center[0] - (widths.sum() + pitch_gap * (len(names) - 1)) / 2
        baseline = region.bottom + 0.55 * BOX_HEIGHT * em
        middles = []
        for name, width in zip(names, widths, strict=True):
            token = Token(name, em, float(width))
            self.tokens.add(token.at(x + width / 2, baseline, "center"))
            middles.append(x + width / 2)
            x += width + pitch_gap
        self.size = em
        self.number_size = max(frame().smallest, 0.92 * em)
        foot = float(self.tokens[0].box.get_top()[1]) + 1.35 * self.number_size
        feet = np.array([(middle, foot, 0.0) for middle in middles])
        reach = abs(feet[self.looking, 0] - feet[0, 0])
        room = min(region.top - foot - 0.1, 0.42 * reach + 0.35)
        return feet, np.array([0.0, 1.0, 0.0]), room

    def _drop(self, rises: Floats, region: Region) -> None:
        """Centre the whole in the height of the region."""
        top = float(self.arcs.parts()[0, 0, 1] + rises.max())
        bottom = float(self.tokens.get_bottom()[1])
        VGroup(self.arcs, self.tokens, *self.numbers.values()).shift((0, region.center[1] - (top + bottom) / 2, 0))

    def _set_column(
        self, names: Sequence[Label], quantities: Sequence[Quantity], region: Region
    ) -> tuple[Floats, Floats, float]:
        count = len(names)
        pitch = min(region.height / count, 0.72)
        em = self.size = max(frame().smallest, min(1.05 * frame().body, pitch / 1.3))
        width = max(token_width(name, em) for name in names)
        number = text_width(quantities[0], em)
        whole = min(region.width, 2.1 * (width + number + 0.9))
        left = region.center[0] - whole / 2
        top = region.center[1] + pitch * (count - 1) / 2
        for place, name in enumerate(names):
            token = Token(name, em, width)
            token.box.stretch_to_fit_height(min(BOX_HEIGHT * em, 0.9 * pitch))
            self.tokens.add(token.at(left + width / 2, top - place * pitch - 0.33 * em, "center"))
        self.number_size = em
        foot = left + width + 0.16 + number + 0.12
        feet = np.array([(foot, token.middle[1], 0.0) for token in self.tokens])
        reach = abs(feet[self.looking, 1] - feet[0, 1])
        room = min(region.right - foot - 0.1, left + whole - foot, 0.5 * reach + 0.4)
        return feet, np.array([1.0, 0.0, 0.0]), room

    def _set_number(self, place: int, quantity: Quantity, foot: Floats) -> None:
        first = place == self.strongest
        color = theme().positive if first else theme().muted
        line = TextLine(quantity, self.number_size, color, "bold" if first else "regular")
        if self.upright:
            line.on(foot - (0.12, 0, 0), "right")
        else:
            line.at(float(foot[0]), float(foot[1]) - 1.0 * self.number_size, "center")
        self.numbers[place] = line


def _box_widths(names: Sequence[Label], quantities: Sequence[Quantity]) -> NDArray[np.float64]:
    """Width of each token's box in em: as wide as its name, and as its number where it has one."""
    numbers = max(advance(quantity.text, "bold") for quantity in quantities)
    widths = np.array([token_width(name, 1.0) for name in names])
    widths[: len(quantities)] = np.maximum(widths[: len(quantities)], numbers + PADDING)
    return widths
