"""A rectangle of whole pixels within a picture, to be painted by itself."""

from __future__ import annotations

from math import ceil, floor
from typing import NamedTuple, Self

import cairo

from nnanim.visuals.paint.appearance import Corners


class Patch(NamedTuple):
    """A rectangle of whole pixels: the first of them, and how many."""

    x: int
    y: int
    width: int
    height: int

    @classmethod
    def around(cls, ctx: cairo.Context, corners: Corners, margin: int = 0) -> Self:
        """The pixels in which a box of the scene lies, and so many around them."""
        left, bottom, right, top = corners
        across, down = zip(*(ctx.user_to_device(x, y) for x in (left, right) for y in (bottom, top)), strict=True)
        x, y = floor(min(across)) - margin, floor(min(down)) - margin
        return cls(x, y, ceil(max(across)) + margin - x, ceil(max(down)) + margin - y)

    def surface(self, ctx: cairo.Context, kind: cairo.Format) -> tuple[cairo.ImageSurface, cairo.Context]:
        """An empty picture of these pixels, and a context on it in the scene units of another."""
        surface = cairo.ImageSurface(kind, self.width, self.height)
        painter, to = cairo.Context(surface), ctx.get_matrix()
        painter.set_matrix(cairo.Matrix(to.xx, to.yx, to.xy, to.yy, to.x0 - self.x, to.y0 - self.y))
        return surface, painter
