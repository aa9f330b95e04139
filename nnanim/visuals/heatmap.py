"""Matrices as grids of coloured cells, and the numbers that stand in them.

Each is one mobject, whatever the number of its cells.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Literal, Self

import cairo
import numpy as np
from manim import Camera, VMobject
from numpy.typing import ArrayLike, NDArray

from nnanim.quantity import Entry, Quantity
from nnanim.visuals import glyphs
from nnanim.visuals.frame import Region, frame
from nnanim.visuals.glyphs import CAP_HEIGHT
from nnanim.visuals.painted import INVISIBLE, Floats, Painted, emphasis_of, ink, mask_of
from nnanim.visuals.theme import rgba, theme

Scale = Literal["diverging", "sequential"]
_UNIT_SQUARE = np.array([[-0.5, -0.5, 0.0], [0.5, -0.5, 0.0], [0.5, 0.5, 0.0], [-0.5, 0.5, 0.0]])
_SEAM = 1.0
"""Pixels that an opaque cell without a gap reaches under its neighbours, so that no background shines through."""


class _Grid(Painted):
    """Parts with four corners (lower left, lower right, upper right, upper left) in a table of ``shape``."""

    array_names: ClassVar[tuple[str, ...]] = ("opacity", "emphasis")
    state_names: ClassVar[tuple[str, ...]] = ("shape",)

    def __init__(self, corners: ArrayLike, shape: tuple[int, int]) -> None:
        super().__init__(corners, points_per_part=4)
        self.shape = shape
        self.emphasis: Floats = np.zeros(self.n_parts)

    def emphasise(
        self, which: Any = None, *, row: int | None = None, column: int | None = None,
        strength: float = 1.0, others: float = 0.25,
    ) -> Self:  # fmt: skip
        """Speak of some cells and dim the others.

        Parameters
        ----------
        which
            A mask (rows, columns), or what indexes such an array: ``(2, 0)``, ``(slice(1, 3), 0)``.
        row, column
            A whole row or column instead, or, given both, one cell.
        strength
            How strongly, 0–1.
        others
            What is left of the others' opacity, 0–1.

        Raises
        ------
        ValueError
            When nothing says which cells.
        """
        if which is None:
            if row is None and column is None:
                raise ValueError("say which cells: a mask, row=… or column=…")
            which = (slice(None) if row is None else row, slice(None) if column is None else column)
        self.emphasis = emphasis_of(mask_of(self.shape, which), strength, others)
        return self

    def calm(self) -> Self:
        """Speak of all cells alike again."""
        self.emphasis = np.zeros(self.n_parts)
        return self

    @property
    def seen(self) -> Floats:
        """Opacity of each part as it is drawn, shape (n_parts,), 0–1."""
        return np.clip(self.opacity * (1.0 + np.clip(self.emphasis, -1.0, 0.0)), 0.0, 1.0)

    def cell_center(self, row: int, column: int) -> Floats:
        """The middle of a cell now, a point (3,)."""
        return self.parts()[np.ravel_multi_index((row, column), self.shape)].mean(axis=0)


class HeatMap(_Grid):
    """A matrix as a grid of cells, the first row on top.

    Parameters
    ----------
    values
        Shape (rows, columns).
    cell_width, cell_height
        Size of a cell in manim units, without the gap; height as width when not given.
    gap
        Free space between cells, in manim units.
    limit
        The magnitude at which the colour is fullest; by default the largest one.
    scale
        ``diverging`` colours by sign; ``sequential`` goes from the panel's colour at 0 to the positive one at the limit.
    corner_radius
        Of the cells, in manim units.

    Raises
    ------
    ValueError
        When ``values`` is not a matrix.
    """

    array_names: ClassVar[tuple[str, ...]] = ("opacity", "emphasis", "values", "limit", "roundness", "gap")
    shared_names: ClassVar[frozenset[str]] = frozenset({"limit", "roundness", "gap"})
    state_names: ClassVar[tuple[str, ...]] = ("shape", "scale_of_colors")
    overhang = 0.0

    def __init__(
        self,
        values: ArrayLike,
        cell_width: float = 0.6,
        cell_height: float | None = None,
        gap: float = 0.04,
        limit: float | None = None,
        scale: Scale = "diverging",
        corner_radius: float = 0.0,
    ) -> None:
        matrix = np.asarray(values, dtype=float)
        if matrix.ndim != 2:
            raise ValueError(
                f"a heat map shows a matrix (rows, columns), not an array of shape {matrix.shape}"
            )
        cell = np.array([cell_width, cell_width if cell_height is None else cell_height, 0.0])
        rows, columns = matrix.shape
        row, column = np.indices(matrix.shape).reshape(2, -1)
        places = np.stack([column - (columns - 1) / 2, (rows - 1) / 2 - row, np.zeros(matrix.size)], axis=1)
        middles = places * (cell + gap)
        super().__init__((middles[:, None] + _UNIT_SQUARE * cell).reshape(-1, 3), (rows, columns))
        self.scale_of_colors: Scale = scale
        self.values: Floats = matrix.reshape(-1).copy()
        self.limit: Floats = np.array([limit or np.abs(matrix).max(initial=0.0) or 1.0])
        self.roundness: Floats = np.array([corner_radius / max(cell[:2].min(), 1e-12)])
        self.gap: Floats = np.array([float(gap)])

    def set_values(self, values: ArrayLike) -> Self:
        """Show other values, shape (rows, columns), on the same scale."""
        self.values = np.array(np.broadcast_to(np.asarray(values, dtype=float), self.shape)).reshape(-1)
        return self

    def set_limit(self, limit: float) -> Self:
        """Set the magnitude at which the colour is fullest."""
        self.limit = np.array([float(limit)])
        return self

    @property
    def colors(self) -> Floats:
        """Colour of each cell as it is drawn, shape (rows × columns, 4), 0–1."""
        values = np.maximum(self.values, 0.0) if self.scale_of_colors == "sequential" else self.values
        colors = theme().diverging(values, limit=float(self.limit[0]))
        colors[:, 3] = self.seen
        return colors

    def cell_region(self, row: int, column: int) -> Region:
        """The rectangle of a cell now, for something to be placed in."""
        corners = self.parts()[np.ravel_multi_index((row, column), self.shape)]
        (left, bottom, _), (right, top, _) = corners.min(axis=0), corners.max(axis=0)
        return Region(float(left), float(right), float(bottom), float(top))

    def paint_parts(self, ctx: cairo.Context, camera: Camera) -> None:
        """Draw the cells row by row."""
        corners = self.parts(camera)[:, :, :2]
        colors = ink(camera, self.colors)
        order = np.flatnonzero(colors[:, 3] > INVISIBLE)
        roundness = float(np.clip(self.roundness[0], 0.0, 0.5))
        if self.gap[0] <= 0 and roundness == 0:
            reach = np.where(colors[:, 3] > 0.999, _SEAM / _pixels_per_unit(ctx), 0.0)
            corners = _under_neighbours(corners, self.shape, reach)
        for quad, color in zip(corners[order].tolist(), colors[order].tolist(), strict=True):
            ctx.set_source_rgba(*color)
            _trace(ctx, quad, roundness)
            ctx.fill()


def _pixels_per_unit(ctx: cairo.Context) -> float:
    matrix = ctx.get_matrix()
    return float(abs(matrix.xx * matrix.yy - matrix.xy * matrix.yx) ** 0.5)


def _under_neighbours(corners: Floats, shape: tuple[int, int], reach: Floats) -> Floats:
    """Lengthen each cell to the right and downwards, under the cells drawn after it; the outer rim stays."""
    if len(corners) != shape[0] * shape[1]:
        return corners
    right, up = corners[:, 1] - corners[:, 0], corners[:, 3] - corners[:, 0]
    right *= reach[:, None] / np.maximum(np.linalg.norm(right, axis=1, keepdims=True), 1e-12)
    up *= reach[:, None] / np.maximum(np.linalg.norm(up, axis=1, keepdims=True), 1e-12)
    row, column = np.indices(shape).reshape(2, -1, 1)
    right *= column < shape[1] - 1
    up *= row < shape[0] - 1
    return corners + np.stack([-up, right - up, right, np.zeros_like(up)], axis=1)


def _trace(ctx: cairo.Context, quad: list[list[float]], roundness: float) -> None:
    """A quadrilateral as a path; roundness is the corners' radius as a share of the shorter side."""
    if roundness <= 0:
        ctx.move_to(*quad[0])
        for corner in quad[1:]:
            ctx.line_to(*corner)
        ctx.close_path()
        return
    sides = [complex(*b) - complex(*a) for a, b in zip(quad, quad[1:] + quad[:1], strict=True)]
    radius = roundness * min(abs(side) for side in sides)
    bow = radius * (1 - 0.5522847498)  # handles of a cubic curve close to a quarter of a circle
    for number, (corner, side) in enumerate(zip(quad, sides, strict=True)):
        at = complex(*corner)
        before, after = sides[number - 1] / (abs(sides[number - 1]) or 1), side / (abs(side) or 1)
        enter, leave = at - before * radius, at + after * radius
        first, second = at - before * bow, at + after * bow
        (ctx.line_to if number else ctx.move_to)(enter.real, enter.imag)
        ctx.curve_to(first.real, first.imag, second.real, second.imag, leave.real, leave.imag)
    ctx.close_path()


Cells = Sequence[Sequence[Quantity | None]]


def fitting_size(
    quantities: Iterable[Quantity | None], cell_width: float, cell_height: float, padding: float = 0.06
) -> float | None:
    """The largest type, at most the frame's body size, in which each of the numbers fits into a cell.

    Parameters
    ----------
    quantities
        The numbers; None is skipped.
    cell_width, cell_height
        In manim units.
    padding
        Free space on every side, in manim units.

    Returns
    -------
    The height of one em in manim units, or None when it would be under the frame's smallest type.
    """
    widest = max(
        (glyphs.advance(quantity.text) for quantity in quantities if quantity is not None), default=0.0
    )
    size = min(
        frame().body,
        (cell_width - 2 * padding) / widest if widest else np.inf,
        (cell_height - 2 * padding) / CAP_HEIGHT,
    )
    return float(size) if size >= frame().smallest * 0.999 else None


class NumberGrid(_Grid):
    """Numbers in a table, drawn in one pass, each known to the ledger while it is seen.

    Parameters
    ----------
    quantities
        Rows of numbers, None for an empty place.
    positions
        The middle of each number, shape (rows, columns, 3) or (rows × columns, 3), in manim units.
    size
        Height of one em in manim units; by default the frame's body size.
    fills
        Colours that the numbers stand on, RGBA, shape (rows × columns, 4); by default the background.
    weight
        Of the type.

    Raises
    ------
    ValueError
        When the rows are not of one length, or the positions do not match them.
    """

    array_names: ClassVar[tuple[str, ...]] = ("opacity", "emphasis", "fills")
    state_names: ClassVar[tuple[str, ...]] = ("shape", "quantities", "turning")

    def __init__(
        self,
        quantities: Cells,
        positions: ArrayLike,
        size: float | None = None,
        fills: ArrayLike | None = None,
        weight: glyphs.Weight = "regular",
    ) -> None:
        self.weight: glyphs.Weight = weight
        rows = [tuple(row) for row in quantities]
        if len({len(row) for row in rows}) > 1:
            raise ValueError("rows of numbers must be of one length; put None where nothing stands")
        self.quantities: tuple[Quantity | None, ...] = tuple(quantity for row in rows for quantity in row)
        middles = np.asarray(positions, dtype=float).reshape(-1, 3)
        if len(middles) != len(self.quantities):
            raise ValueError(f"{len(self.quantities)} numbers need as many positions, not {len(middles)}")
        self.size = frame().body if size is None else size
        boxes = np.array(
            [(_advance(quantity, weight), CAP_HEIGHT, 0.0) for quantity in self.quantities]
        ).reshape(-1, 3)
        corners = middles[:, None] + _UNIT_SQUARE * boxes[:, None] * self.size
        super().__init__(corners.reshape(-1, 3), (len(rows), len(rows[0]) if rows else 0))
        self.fills: Floats = np.tile(rgba(theme().background), (self.n_parts, 1))
        if fills is not None:
            self.set_fills(fills)
        self.turning: Floats = np.ones(
            self.n_parts
        )  # 0 in the middle of an animation, where a number changes

    @classmethod
    def on(
        cls, cells: HeatMap, quantities: Cells, size: float | None = None, padding: float = 0.06
    ) -> NumberGrid:
        """Numbers in the cells of a heat map, in ink that reads well on them.

        Raises
        ------
        ValueError
            When they do not fit even in the frame's smallest type.
        """
        region = cells.cell_region(0, 0)
        flat = [quantity for row in quantities for quantity in row]
        fitted = fitting_size(flat, region.width, region.height, padding)
        if fitted is None:
            widest = max((quantity.text for quantity in flat if quantity is not None), key=glyphs.advance)
            raise ValueError(
                f"“{widest}” does not fit a cell of {region.width:.2f} × {region.height:.2f} even in the smallest type"
            )
        chosen = fitted if size is None else min(size, fitted)
        return cls(quantities, cells.parts().mean(axis=1), chosen, cells.colors)

    def set_fills(self, fills: ArrayLike) -> Self:
        """Say what the numbers stand on now: RGBA, shape (rows × columns, 4); choose ink again."""
        over = np.asarray(fills, dtype=float).reshape(-1, 4)
        share = over[:, 3:]
        self.fills = share * over + (1 - share) * rgba(theme().background)
        self.fills[:, 3] = 1.0
        return self

    def set_quantities(self, quantities: Cells) -> Self:
        """Show other numbers in the same places; in an animation the changed ones fade over."""
        flat = tuple(quantity for row in quantities for quantity in row)
        if len(flat) != self.n_parts:
            raise ValueError(f"there are places for {self.n_parts} numbers, not {len(flat)}")
        em, parts = self.em, self.parts()
        across = parts[:, 1] - parts[:, 0]
        across = across / np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-12)
        across[~across.any(axis=1)] = (1.0, 0.0, 0.0)
        half = across * (np.array([_advance(quantity, self.weight) for quantity in flat]) * em / 2)[:, None]
        middle, up = parts.mean(axis=1), (parts[:, 3] - parts[:, 0]) / 2
        self.points = np.stack(
            [middle - half - up, middle + half - up, middle + half + up, middle - half + up], 1
        ).reshape(-1, 3)
        self.quantities = flat
        return self

    def show(self, which: Any = (slice(None), slice(None))) -> Self:
        """Reveal these cells (a mask or an index, see :meth:`emphasise`) and leave the others as they are."""
        self.opacity = np.where(mask_of(self.shape, which), 1.0, self.opacity)
        return self

    def hide(self, which: Any = (slice(None), slice(None))) -> Self:
        """Take these cells away and leave the others as they are."""
        self.opacity = np.where(mask_of(self.shape, which), 0.0, self.opacity)
        return self

    @property
    def _shown(self) -> list[Quantity]:
        seen = self.seen * self.turning > INVISIBLE
        return [
            quantity
            for quantity, shown in zip(self.quantities, seen, strict=True)
            if shown and quantity is not None
        ]

    @property
    def string(self) -> str:
        """All texts that are seen now, joined by a space."""
        return " ".join(quantity.text for quantity in self._shown)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The numbers that are seen now, each with its source."""
        return tuple(entry for quantity in self._shown for entry in quantity.entries)

    @property
    def em(self) -> float:
        """Height of one em as drawn now, in manim units."""
        parts = self.parts()
        return float(np.linalg.norm(parts[0, 3] - parts[0, 0]) / CAP_HEIGHT) if len(parts) else self.size

    @property
    def overhang(self) -> float:
        """What hangs below or above the capitals, and half of the longest number: the box may still be another's."""
        parts = self.parts()
        em = float(np.linalg.norm(parts[:, 3] - parts[:, 0], axis=1).max(initial=0.0)) / CAP_HEIGHT
        return em * (0.4 + max((_advance(quantity, self.weight) for quantity in self.quantities), default=0.0) / 2)

    @property
    def inks(self) -> Floats:
        """Colour of each number as it is drawn, shape (n_parts, 4), 0–1."""
        colors = _inks_on(self.fills)
        colors[:, 3] = self.seen * self.turning
        return colors

    def interpolate_color(self, mobject1: VMobject, mobject2: VMobject, alpha: float) -> Self:
        """As any painted mobject; numbers that change go out and come in, they never show a value that nobody computed."""
        assert isinstance(mobject1, NumberGrid)
        assert isinstance(mobject2, NumberGrid)
        super().interpolate_color(mobject1, mobject2, alpha)
        self.turning = np.ones(self.n_parts)
        if 0 < alpha < 1:
            before, after = mobject1.quantities, mobject2.quantities
            changed = [number != other for number, other in zip(before, after, strict=True)]
            self.turning[changed] = abs(1.0 - 2.0 * alpha)
            self.quantities = before if alpha < 0.5 else after
        return self

    def _keep(self, count: int) -> None:
        super()._keep(count)
        self.quantities = (self.quantities + (None,) * count)[:count]
        self.turning = np.ones(count)

    def paint_parts(self, ctx: cairo.Context, camera: Camera) -> None:
        """Draw the numbers."""
        parts = self.parts(camera)[:, :, :2]
        colors = ink(camera, self.inks)
        middles = parts.mean(axis=1)
        up = (parts[:, 3] - parts[:, 0]) / CAP_HEIGHT
        right = parts[:, 1] - parts[:, 0]
        right *= np.linalg.norm(up, axis=1, keepdims=True) / np.maximum(
            np.linalg.norm(right, axis=1, keepdims=True), 1e-12
        )
        for place, quantity in enumerate(self.quantities):
            if quantity is None or colors[place, 3] <= INVISIBLE:
                continue
            shape = glyphs.outline(quantity.text, self.weight)
            away = shape.points[:, :2] - (shape.advance / 2, CAP_HEIGHT / 2)
            curves = (middles[place] + away @ np.stack([right[place], up[place]])).reshape(-1, 8)
            ctx.set_source_rgba(*colors[place])
            _trace_curves(ctx, curves)
            ctx.fill()


def _advance(quantity: Quantity | None, weight: glyphs.Weight) -> float:
    return 0.0 if quantity is None else glyphs.advance(quantity.text, weight)


def _inks_on(fills: Floats) -> Floats:
    """Text or background colour for each fill, whichever reads better; equal fills are asked about once."""
    distinct, back = np.unique(np.round(fills, 3), axis=0, return_inverse=True)
    inks = np.array([rgba(theme().ink_on(fill)) for fill in distinct]).reshape(-1, 4)
    return inks[back.reshape(-1)]


def _trace_curves(ctx: cairo.Context, curves: NDArray[np.float64]) -> None:
    """Cubic curves (n, 8) as a path; a contour begins wherever a curve does not go on from the one before."""
    begins = np.ones(len(curves), dtype=bool)
    begins[1:] = np.abs(curves[1:, :2] - curves[:-1, 6:]).max(axis=1) > 1e-7
    for new, (x0, y0, x1, y1, x2, y2, x3, y3) in zip(begins.tolist(), curves.tolist(), strict=True):
        if new:
            ctx.move_to(x0, y0)
        ctx.curve_to(x1, y1, x2, y2, x3, y3)
