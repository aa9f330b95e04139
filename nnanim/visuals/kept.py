"""Ink that is costly to lay down and rarely changes: it is painted into a picture of its own, which is shown until it changes."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from math import ceil, floor

import cairo

from nnanim.visuals.appearance import Corners

MOST_BYTES = 100_000_000
"""What kept pictures may take together."""

_pictures: dict[Hashable, cairo.ImageSurface] = {}
"""By everything that they depend on; the one used last stands at the end."""


def paint_kept(
    ctx: cairo.Context, ink: Hashable, corners: Corners, paint: Callable[[cairo.Context], None], opacity: float = 1.0
) -> None:
    """Paint by way of a kept picture.

    Parameters
    ----------
    ctx
        Where, in scene units.
    ink
        Everything that the ink depends on, besides the context's place and scale.
    corners
        Left, bottom, right and top of what is painted.
    paint
        Paints it, opaque, on a context in scene units.
    opacity
        With which the whole is shown.
    """
    left, bottom, right, top = corners
    spots = [ctx.user_to_device(x, y) for x in (left, right) for y in (bottom, top)]
    x, y = (floor(min(values)) for values in zip(*spots, strict=True))
    width, height = (ceil(max(values)) - start for values, start in zip(zip(*spots, strict=True), (x, y), strict=True))
    target = ctx.get_target()
    if not isinstance(target, cairo.ImageSurface) or width > 2 * target.get_width() or height > 2 * target.get_height():
        _paint_directly(ctx, paint, opacity)
        return
    to = ctx.get_matrix()
    key = (ink, repr(to), width, height)
    picture = _pictures.pop(key, None)
    if picture is None:
        picture = cairo.ImageSurface(cairo.FORMAT_ARGB32, width, height)
        painter = cairo.Context(picture)
        painter.set_matrix(cairo.Matrix(to.xx, to.yx, to.xy, to.yy, to.x0 - x, to.y0 - y))
        paint(painter)
        while _pictures and 4 * width * height + sum(map(_bytes, _pictures.values())) > MOST_BYTES:
            _pictures.pop(next(iter(_pictures)))
    _pictures[key] = picture
    ctx.save()
    ctx.identity_matrix()
    ctx.set_source_surface(picture, x, y)
    ctx.paint_with_alpha(opacity)
    ctx.restore()


def _bytes(picture: cairo.ImageSurface) -> int:
    return int(picture.get_stride() * picture.get_height())


def _paint_directly(ctx: cairo.Context, paint: Callable[[cairo.Context], None], opacity: float) -> None:
    ctx.push_group()
    paint(ctx)
    ctx.pop_group_to_source()
    ctx.paint_with_alpha(opacity)
