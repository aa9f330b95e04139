"""A canvas in scene units: lines, discs, boxes, images, glow, and clipping, for pictures that paint themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import cairo
import numpy as np
from manim import Camera
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageFilter

from nnanim.visuals.paint.painted import INVISIBLE, Floats, ink, pixels_per_unit

Ink = ArrayLike
"""A colour, RGBA in 0–1 (4,) or RGB (3,)."""
HAIRLINE = 0.01
"""manim's width of a line of stroke width 1, in scene units, when the camera stands at home."""
GLOW_SCALE = 4
"""Glow is worked out at a quarter of the picture's size: it has no edges."""


class Canvas:
    """What a picture paints on. Widths of lines are in scene units as seen when the camera stands at home.

    Parameters
    ----------
    ctx
        In scene units, y upwards.
    camera
        Says in which order colours go, and how lines grow as it comes nearer.
    """

    def __init__(self, ctx: cairo.Context, camera: Camera) -> None:
        self.ctx, self.camera = ctx, camera
        self.line_scale = float(camera.cairo_line_width_multiple) / HAIRLINE
        ctx.set_line_cap(cairo.LineCap.ROUND)
        ctx.set_line_join(cairo.LineJoin.ROUND)

    @property
    def pixel(self) -> float:
        """The side of a pixel, in scene units."""
        return 1.0 / pixels_per_unit(self.ctx)

    # ---- colour

    def color(self, color: Ink, opacity: float = 1.0) -> None:
        """Choose a colour for what follows."""
        red, green, blue, alpha = self._rgba(color, opacity)
        self.ctx.set_source_rgba(red, green, blue, alpha)

    def _rgba(self, color: Ink, opacity: float = 1.0) -> Floats:
        channels = np.asarray(color, dtype=float)
        full = np.ones(4)
        full[: len(channels)] = channels
        full[3] *= opacity
        return ink(self.camera, full)

    # ---- shapes

    def line(self, points: ArrayLike, width: float, color: Ink, opacity: float = 1.0, closed: bool = False) -> None:
        """A broken line through points (n, 2 or 3)."""
        if opacity < INVISIBLE or width <= 0:
            return
        self._path(points, closed)
        self.color(color, opacity)
        self.ctx.set_line_width(width * self.line_scale)
        self.ctx.stroke()

    def polygon(self, points: ArrayLike, color: Ink, opacity: float = 1.0) -> None:
        """The area within points (n, 2 or 3)."""
        if opacity < INVISIBLE:
            return
        self._path(points, True)
        self.color(color, opacity)
        self.ctx.fill()

    def disc(self, x: float, y: float, radius: float, color: Ink, opacity: float = 1.0, line: float | None = None) -> None:
        """A filled circle, or its outline of this width."""
        if opacity < INVISIBLE or radius <= 0:
            return
        self.ctx.new_path()
        self.ctx.arc(x, y, radius, 0, 2 * np.pi)
        self.color(color, opacity)
        self._ink(line)

    def box(
        self, left: float, bottom: float, width: float, height: float, color: Ink, opacity: float = 1.0,
        radius: float = 0.0, line: float | None = None,
    ) -> None:  # fmt: skip
        """A rectangle with round corners, or its outline of this width."""
        if opacity < INVISIBLE:
            return
        ctx, r = self.ctx, min(radius, abs(width) / 2, abs(height) / 2)
        ctx.new_path()
        if r > 1e-4:
            right, top = left + width, bottom + height
            ctx.arc(right - r, bottom + r, r, -np.pi / 2, 0)
            ctx.arc(right - r, top - r, r, 0, np.pi / 2)
            ctx.arc(left + r, top - r, r, np.pi / 2, np.pi)
            ctx.arc(left + r, bottom + r, r, np.pi, 1.5 * np.pi)
            ctx.close_path()
        else:
            ctx.rectangle(left, bottom, width, height)
        self.color(color, opacity)
        self._ink(line)

    def _path(self, points: ArrayLike, closed: bool) -> None:
        self.ctx.new_path()
        for point in np.asarray(points, dtype=float)[:, :2].tolist():
            self.ctx.line_to(*point)
        if closed:
            self.ctx.close_path()

    def _ink(self, line: float | None) -> None:
        if line is None:
            self.ctx.fill()
        else:
            self.ctx.set_line_width(line * self.line_scale)
            self.ctx.stroke()

    # ---- images and light

    def image(self, colors: NDArray[np.float64], corners: ArrayLike, opacity: float = 1.0, smooth: bool = True) -> None:
        """Colours (rows, columns, 3 or 4), the first row on top, laid over left, bottom, right, top."""
        if opacity < INVISIBLE:
            return
        rows, columns = colors.shape[:2]
        if colors.shape[2] == 3:
            colors = np.dstack([colors, np.ones((rows, columns))])
        straight = ink(self.camera, np.clip(colors, 0, 1))
        premultiplied = np.empty((rows, columns, 4), dtype=np.uint8)
        premultiplied[..., 3] = np.rint(straight[..., 3] * 255)
        for place, channel in enumerate((2, 1, 0)):  # Cairo's B, G, R
            premultiplied[..., place] = np.rint(straight[..., channel] * straight[..., 3] * 255)
        surface = cairo.ImageSurface.create_for_data(premultiplied, cairo.FORMAT_ARGB32, columns, rows, columns * 4)  # type: ignore[arg-type]
        left, bottom, right, top = (float(edge) for edge in np.asarray(corners, dtype=float))
        ctx = self.ctx
        ctx.save()
        ctx.translate(left, top)
        ctx.scale((right - left) / columns, (bottom - top) / rows)
        ctx.rectangle(0, 0, columns, rows)
        ctx.clip()
        ctx.set_source_surface(surface, 0, 0)
        source = ctx.get_source()
        source.set_filter(cairo.Filter.BILINEAR if smooth else cairo.Filter.NEAREST)
        source.set_extend(cairo.Extend.PAD)
        ctx.paint_with_alpha(opacity)
        ctx.restore()

    def glow(self, draw: Callable[[Canvas], None], corners: ArrayLike, radius: float, strength: float = 1.0, adds: bool = True) -> None:
        """Light around what ``draw`` paints within the corners: blurred over ``radius``, in scene units.

        ``adds`` lays it on as light does, which suits dark grounds; else it is laid over.
        """
        if strength <= 0:
            return
        left, bottom, right, top = (float(edge) for edge in np.asarray(corners, dtype=float))
        scale = pixels_per_unit(self.ctx) / GLOW_SCALE
        reach = 3 * radius
        width, height = (int(np.ceil((extent + 2 * reach) * scale)) for extent in (right - left, top - bottom))
        if width < 1 or height < 1 or width * height > 4_000_000:
            return
        surface = cairo.ImageSurface(cairo.FORMAT_ARGB32, width, height)
        painter = cairo.Context(surface)
        painter.scale(scale, -scale)
        painter.translate(reach - left, -(top + reach))
        draw(Canvas(painter, self.camera))
        surface.flush()
        pixels = np.ndarray((height, surface.get_stride() // 4, 4), np.uint8, surface.get_data())[:, :width]
        rows, columns = np.flatnonzero(pixels[..., 3].any(axis=1)), np.flatnonzero(pixels[..., 3].any(axis=0))
        if not len(rows):
            return
        margin = int(np.ceil(reach * scale)) + 1
        y0, y1 = max(rows[0] - margin, 0), min(rows[-1] + margin + 1, height)
        x0, x1 = max(columns[0] - margin, 0), min(columns[-1] + margin + 1, width)
        blurred = Image.fromarray(np.ascontiguousarray(pixels[y0:y1, x0:x1])).filter(ImageFilter.GaussianBlur(float(radius * scale)))
        light = np.clip(np.asarray(blurred, dtype=np.float32) * strength, 0, 255).astype(np.uint8)
        light[..., :3] = np.minimum(light[..., :3], light[..., 3:])
        glowing = cairo.ImageSurface.create_for_data(light, cairo.FORMAT_ARGB32, x1 - x0, y1 - y0, (x1 - x0) * 4)
        ctx = self.ctx
        ctx.save()
        ctx.translate(left - reach, top + reach)
        ctx.scale(1 / scale, -1 / scale)
        ctx.rectangle(x0, y0, x1 - x0, y1 - y0)
        ctx.clip()
        ctx.set_source_surface(glowing, x0, y0)
        ctx.get_source().set_filter(cairo.Filter.BILINEAR)
        if adds:
            ctx.set_operator(cairo.Operator.SCREEN)
        ctx.paint()
        ctx.restore()

    def shade(self, start: ArrayLike, end: ArrayLike, colors: list[tuple[float, Ink]], corners: ArrayLike) -> None:
        """A gradient from one point to another over left, bottom, right, top; colours at shares of the way."""
        gradient = cairo.LinearGradient(*np.asarray(start, dtype=float)[:2], *np.asarray(end, dtype=float)[:2])
        for share, color in colors:
            gradient.add_color_stop_rgba(share, *self._rgba(color))
        left, bottom, right, top = (float(edge) for edge in np.asarray(corners, dtype=float))
        self.ctx.new_path()
        self.ctx.rectangle(left, bottom, right - left, top - bottom)
        self.ctx.set_source(gradient)
        self.ctx.fill()

    @contextmanager
    def within(self, left: float, bottom: float, right: float, top: float) -> Iterator[None]:
        """Paint only within a box."""
        self.ctx.save()
        self.ctx.rectangle(left, bottom, right - left, top - bottom)
        self.ctx.clip()
        try:
            yield
        finally:
            self.ctx.restore()
