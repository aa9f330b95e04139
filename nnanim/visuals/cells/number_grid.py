"""Numbers in rows and columns, drawn in one pass: those in the cells of a heat map, or a table's.

Each is one mobject, whatever the number of its numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, ClassVar, Self

import cairo
import numpy as np
from manim import Camera, VMobject
from numpy.typing import ArrayLike, NDArray

from nnanim.quantity import Entry, Quantity
from nnanim.visuals.cells.grid import UNIT_SQUARE, Grid
from nnanim.visuals.cells.heatmap import HeatMap
from nnanim.visuals.page import glyphs
from nnanim.visuals.page.frame import frame
from nnanim.visuals.page.glyphs import CAP_HEIGHT
from nnanim.visuals.page.theme import rgba, theme
from nnanim.visuals.paint.painted import INVISIBLE, Floats, ink, mask_of
from nnanim.visuals.paint.stencil import Stencils

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


class NumberGrid(Grid):
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
        corners = middles[:, None] + UNIT_SQUARE * boxes[:, None] * self.size
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
        colors = theme().ink_on(self.fills)
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
        stencils = Stencils(ctx)
        for place, quantity in enumerate(self.quantities):
            if quantity is None or colors[place, 3] <= INVISIBLE:
                continue
            where = np.stack([middles[place], right[place], up[place]])
            number = (quantity.text, self.weight, where.tobytes())
            stencils.paint(number, partial(_trace_number, quantity.text, self.weight, where), colors[place].tolist())


def _advance(quantity: Quantity | None, weight: glyphs.Weight) -> float:
    return 0.0 if quantity is None else glyphs.advance(quantity.text, weight)


def _trace_number(text: str, weight: glyphs.Weight, where: Floats, ctx: cairo.Context) -> None:
    """A number's outline around its middle; ``where`` is that, and one em to the right and up, (3, 2)."""
    shape = glyphs.outline(text, weight)
    away = shape.points[:, :2] - (shape.advance / 2, CAP_HEIGHT / 2)
    _trace_curves(ctx, (where[0] + away @ where[1:]).reshape(-1, 8))


def _trace_curves(ctx: cairo.Context, curves: NDArray[np.float64]) -> None:
    """Cubic curves (n, 8) as a path; a contour begins wherever a curve does not go on from the one before."""
    begins = np.ones(len(curves), dtype=bool)
    begins[1:] = np.abs(curves[1:, :2] - curves[:-1, 6:]).max(axis=1) > 1e-7
    for new, (x0, y0, x1, y1, x2, y2, x3, y3) in zip(begins.tolist(), curves.tolist(), strict=True):
        if new:
            ctx.move_to(x0, y0)
        ctx.curve_to(x1, y1, x2, y2, x3, y3)
