"""What a shape covers of every pixel, worked out once: colour is then laid on through it, as through a mask."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Self

import cairo

from nnanim.visuals.paint.appearance import Corners
from nnanim.visuals.paint.patch import Patch


class Coverage(NamedTuple):
    """The share of each pixel that a shape covers, and the pixel at its corner."""

    surface: cairo.ImageSurface
    x: int
    y: int

    @classmethod
    def cut(cls, ctx: cairo.Context, corners: Corners, ink: Callable[[cairo.Context], None], most_pixels: float) -> Self | None:
        """What ``ink`` paints within corners, in the scene units of a context; None where it would take too many pixels."""
        patch = Patch.around(ctx, corners, margin=1)
        if patch.width * patch.height > most_pixels:
            return None
        surface, painter = patch.surface(ctx, cairo.FORMAT_A8)
        ink(painter)
        return cls(surface, patch.x, patch.y)

    def lay(self, ctx: cairo.Context, matrix: cairo.Matrix) -> None:
        """Lay the context's colour on through it; ``matrix`` is the context's own, and holds afterwards."""
        ctx.identity_matrix()
        ctx.mask_surface(*self)
        ctx.set_matrix(matrix)

    @property
    def size(self) -> int:
        """Bytes."""
        return int(self.surface.get_stride() * self.surface.get_height())
