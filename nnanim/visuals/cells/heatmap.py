"""Matrices as grids of coloured cells, each matrix one mobject.

The numbers that may stand in the cells are a :class:`nnanim.visuals.cells.number_grid.NumberGrid`.
"""

from __future__ import annotations

from typing import ClassVar, Literal, Self

import cairo
import numpy as np
from manim import Camera
from numpy.typing import ArrayLike

from nnanim.visuals.cells.grid import UNIT_SQUARE, Grid
from nnanim.visuals.page.frame import Region
from nnanim.visuals.page.theme import theme
from nnanim.visuals.paint.painted import INVISIBLE, Floats, ink, pixels_per_unit

Scale = Literal["diverging", "sequential"]
_SEAM = 1.0
"""Pixels that an opaque cell without a gap reaches under its neighbours, so that no background shines through."""


class HeatMap(Grid):
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
        super().__init__((middles[:, None] + UNIT_SQUARE * cell).reshape(-1, 3), (rows, columns))
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
            reach = np.where(colors[:, 3] > 0.999, _SEAM / pixels_per_unit(ctx), 0.0)
            corners = _under_neighbours(corners, self.shape, reach)
        for quad, color in zip(corners[order].tolist(), colors[order].tolist(), strict=True):
            ctx.set_source_rgba(*color)
            _trace(ctx, quad, roundness)
            ctx.fill()


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
