"""Text is laid on through masks: what a line covers of each pixel is worked out once, however often its colour changes.

Only mobjects that ask for it are drawn so, and then always: an edge may come out a level or two otherwise than when it is
filled, but the same path at the same place always looks the same.
"""

from __future__ import annotations

from math import ceil, floor
from typing import NamedTuple

import cairo

from .paths import Path, PathAppender

# Pixels for each element of a path, four to a curve, up to which laying colour on costs less than filling.
PIXELS_PER_ELEMENT = 120
MOST_BYTES = 32_000_000


class Mask(NamedTuple):
    """The share of each pixel that a path covers, and the pixel at its corner."""

    surface: cairo.ImageSurface
    x: int
    y: int


class Masks:
    """The masks of the paths that one camera fills."""

    def __init__(self) -> None:
        # A path is kept as well, or another could get its number.
        self._known: dict[int, tuple[Path, cairo.Matrix, Mask | None]] = {}
        self._bytes = 0

    def fill(self, context: cairo.Context, path: Path, appender: PathAppender) -> None:
        """Fill the context's path, which is ``path``, with its colour, and keep the path."""
        matrix, known = context.get_matrix(), self._known.get(id(path))
        if known is None or known[0] is not path or known[1] != matrix:
            known = path, matrix, self._cut(context, path, appender, matrix)
            self._keep(known)
        if known[2] is None:
            context.fill_preserve()
            return
        context.identity_matrix()
        context.mask_surface(*known[2])
        context.set_matrix(matrix)

    def _keep(self, known: tuple[Path, cairo.Matrix, Mask | None]) -> None:
        path, _, mask = known
        size = len(path.elements) + (mask.surface.get_stride() * mask.surface.get_height() if mask else 0)
        if self._bytes + size > MOST_BYTES:
            self._known.clear()
            self._bytes = 0
        self._known[id(path)] = known
        self._bytes += size

    def _cut(
        self, context: cairo.Context, path: Path, appender: PathAppender, matrix: cairo.Matrix
    ) -> Mask | None:
        left, bottom, right, top = path.box
        (x0, y0), (x1, y1) = matrix.transform_point(left, top), matrix.transform_point(right, bottom)
        x, y = floor(min(x0, x1)) - 1, floor(min(y0, y1)) - 1
        width, height = ceil(max(x0, x1)) + 1 - x, ceil(max(y0, y1)) + 1 - y
        if width * height > PIXELS_PER_ELEMENT * len(path.elements) / 16:
            return None
        surface = cairo.ImageSurface(cairo.FORMAT_A8, width, height)
        painter = cairo.Context(surface)
        painter.set_matrix(
            cairo.Matrix(matrix.xx, matrix.yx, matrix.xy, matrix.yy, matrix.x0 - x, matrix.y0 - y)
        )
        appender.append(painter, path.elements)
        painter.fill()
        return Mask(surface, x, y)
