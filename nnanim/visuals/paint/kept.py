"""Ink that is costly to lay down and rarely changes: it is painted into a picture of its own, which is shown until it changes."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from math import ceil, floor
from typing import NamedTuple, Self

import cairo
from manim import Camera

from nnanim.visuals.paint.appearance import Corners

MOST_BYTES = 100_000_000
"""What kept pictures may take together."""

_pictures: dict[Hashable, cairo.ImageSurface] = {}
"""By everything that they depend on; the one used last stands at the end."""


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


def paint_kept(
    ctx: cairo.Context,
    camera: Camera,
    looks: Hashable,
    corners: Corners,
    paint: Callable[[cairo.Context], None],
    opacity: float = 1.0,
) -> None:
    """Paint by way of a kept picture.

    Parameters
    ----------
    ctx
        Where, in scene units.
    looks
        Everything that the ink depends on (the theme, too), besides the camera and the context's place and scale.
    corners
        Left, bottom, right and top of what is painted.
    paint
        Paints it, opaque, on a context in scene units.
    opacity
        With which the whole is shown.
    """
    patch, target = Patch.around(ctx, corners), ctx.get_target()
    if (
        not isinstance(target, cairo.ImageSurface)
        or patch.width > 2 * target.get_width()
        or patch.height > 2 * target.get_height()
    ):
        ctx.push_group()
        paint(ctx)
        ctx.pop_group_to_source()
        ctx.paint_with_alpha(opacity)
        return
    context = camera.cairo_line_width_multiple, getattr(camera, "native_channels", False)
    key = (looks, context, repr(ctx.get_matrix()), patch)
    picture = _pictures.pop(key, None)
    if picture is None:
        picture, painter = patch.surface(ctx, cairo.FORMAT_ARGB32)
        paint(painter)
        while _pictures and _bytes(picture) + sum(map(_bytes, _pictures.values())) > MOST_BYTES:
            _pictures.pop(next(iter(_pictures)))
    _pictures[key] = picture
    ctx.save()
    ctx.identity_matrix()
    ctx.set_source_surface(picture, patch.x, patch.y)
    ctx.paint_with_alpha(opacity)
    ctx.restore()


def _bytes(picture: cairo.ImageSurface) -> int:
    return int(picture.get_stride() * picture.get_height())
