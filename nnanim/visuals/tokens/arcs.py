"""Arcs from one token to those it looks at, and the tokens themselves in a row or a column.

Width and opacity of an arc are its weight; the number stands where the arc arrives.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal, Self

import cairo
import numpy as np
from manim import Camera, VGroup, VMobject
from numpy.typing import ArrayLike, NDArray

from nnanim.quantity import Label, Quantity
from nnanim.visuals.page.frame import Region, frame
from nnanim.visuals.page.glyphs import advance
from nnanim.visuals.page.text import TextLine, text_width
from nnanim.visuals.page.theme import rgba, theme
from nnanim.visuals.paint.painted import INVISIBLE, Floats, Painted, emphasis_of, ink, mask_of
from nnanim.visuals.tokens.tokens import BOX_HEIGHT, PADDING, Token, token_width


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
