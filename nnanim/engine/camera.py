"""Draws the same pictures as manim's camera, faster: whole paths are handed to cairo in one call,
what cannot be seen is not drawn, and mobjects with a ``paint`` method draw themselves."""

from __future__ import annotations

import ctypes
import itertools
import sys
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

import cairo
import numpy as np
from manim import Mobject, MovingCamera, VMobject
from manim.camera.camera import CAP_STYLE_MAP, LINE_JOIN_MAP, Camera

from .shortcuts import families

_MOVE_TO, _CURVE_TO, _CLOSE_PATH = 0, 2, 3
_KEPT_PATHS = 20_000
# The methods that the quick drawing stands for; a camera that brings its own keeps it.
_REPLACED = ("set_cairo_context_path", "set_cairo_context_color", "apply_fill", "apply_stroke")
# The steps from a list of mobjects to a picture; a camera that brings its own is asked for whole pictures.
_STEPS = (
    "reset",
    "set_frame_to_background",
    "set_pixel_array",
    "capture_mobjects",
    "get_mobjects_to_display",
    "get_cairo_context",
    "display_multiple_vectorized_mobjects",
    "display_multiple_non_background_colored_vmobjects",
    "display_vectorized",
    "transform_points_pre_display",
)


class _CairoPath(ctypes.Structure):
    """``cairo_path_t``: a status, the elements, and how many there are (cairo 1.0 ABI)."""

    _fields_ = (("status", ctypes.c_int), ("data", ctypes.c_void_p), ("num_data", ctypes.c_int))


class _PycairoContext(ctypes.Structure):
    """The beginning of pycairo's context object (``PycairoContext`` in py3cairo.h, unchanged since 1.0)."""

    _fields_ = (("refcount", ctypes.c_ssize_t), ("type", ctypes.c_void_p), ("context", ctypes.c_void_p))


def _header(kind: int, length: int) -> float:
    """A path element's header (two 32-bit integers) as the float64 of the same bytes."""
    return float(np.array([kind, length], np.int32).view(np.float64)[0])


_MOVE_HEADER, _CURVE_HEADER, _CLOSE_HEADER = (
    _header(_MOVE_TO, 2),
    _header(_CURVE_TO, 4),
    _header(_CLOSE_PATH, 1),
)


class PathAppender:
    """Hands a path to cairo in one call, through the C function that pycairo does not wrap for new paths."""

    def __init__(self) -> None:
        self._append = ctypes.CDLL(sys.modules["cairo._cairo"].__file__).cairo_append_path
        self._append.argtypes = (ctypes.c_void_p, ctypes.c_void_p)
        self._append.restype = None
        self._path = _CairoPath(0, None, 0)
        self._address = ctypes.addressof(self._path)
        self._context: cairo.Context | None = None
        self._known = 0

    def append(self, context: cairo.Context, elements: np.ndarray) -> None:
        """Add path ``elements``, float64 (N, 2), to the context's current path."""
        self._path.data = elements.__array_interface__["data"][0]
        self._path.num_data = len(elements)
        self._append(self._pointer(context), self._address)

    def _pointer(self, context: cairo.Context) -> int:
        if context is not self._context:
            self._context, self._known = context, _PycairoContext.from_address(id(context)).context
        return self._known


@lru_cache(maxsize=1)
def path_appender() -> PathAppender | None:
    """The appender, if this build of cairo lets it work: it draws a path and reads it back to find out."""
    try:
        appender = PathAppender()
    except (OSError, AttributeError):
        return None
    if ctypes.sizeof(_CairoPath) != 24 or not cairo.version.startswith("1."):
        return None
    context = cairo.Context(cairo.ImageSurface(cairo.FORMAT_A8, 8, 8))
    points = np.array([[1, 2, 0], [3, 4, 0], [5, 6, 0], [1, 2, 0]], float)
    appender.append(context, path_elements(points, [(0, 4, True)]))
    read_back = [(int(kind), values) for kind, values in context.copy_path()]
    expected = [(0, (1.0, 2.0)), (2, (3.0, 4.0, 5.0, 6.0, 1.0, 2.0)), (3, ()), (0, (1.0, 2.0))]
    return appender if read_back == expected else None


def path_elements(points: np.ndarray, subpaths: Iterable[tuple[int, int, bool]]) -> np.ndarray:
    """Cairo's path elements, float64 (N, 2), of cubic curves.

    Parameters
    ----------
    points
        Anchors and handles, (4 * curves, 3).
    subpaths
        ``(start, stop, closed)`` of every subpath, as indices into ``points``.
    """
    parts = []
    for start, stop, closed in subpaths:
        curves = (stop - start) // 4
        if curves == 0:
            continue
        elements = np.empty((2 + 4 * curves + closed, 2))
        elements[0, 0] = _MOVE_HEADER
        elements[1] = points[start, :2]
        body = elements[2 : 2 + 4 * curves].reshape(curves, 4, 2)
        body[:, 0, 0] = _CURVE_HEADER
        body[:, 1:] = points[start : start + 4 * curves, :2].reshape(curves, 4, 2)[:, 1:]
        if closed:
            elements[-1, 0] = _CLOSE_HEADER
        parts.append(elements)
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts) if parts else np.empty((0, 2))


class Outline(NamedTuple):
    """What is drawn of one mobject: its path, the colours that show, and what else decides how it looks."""

    points: bytes
    elements: np.ndarray
    background: np.ndarray | None
    fill: np.ndarray | None
    stroke: np.ndarray | None
    style: tuple[Any, ...]
    """Widths of background stroke and stroke, kind of joint and cap; then all colours, as values."""


class QuickDrawing(Camera):
    """The drawing of vectorised mobjects as manim does it, with less Python.

    It takes :class:`Camera`'s place beneath a camera's own class, so that what that class overrides stays in force
    and its calls of ``super()`` arrive here.
    """

    # Whether the steps of drawing one mobject are manim's own; set for each class by :func:`quicken`.
    draws_as_manim = False
    # Whether a part of the picture can be drawn without the rest.
    draws_in_part = False
    shows_points_as_they_are = False

    def get_mobjects_to_display(
        self, mobjects: Any, include_submobjects: bool = True, excluded_mobjects: Any = None
    ) -> Any:
        if not include_submobjects or excluded_mobjects:
            return super().get_mobjects_to_display(mobjects, include_submobjects, excluded_mobjects)
        return families(mobjects, use_z_index=self.use_z_index, only_those_with_points=True)

    def type_or_raise(self, mobject: Mobject) -> type[Mobject]:
        kinds = self.__dict__.setdefault("_quick_kinds", {})
        kind = kinds.get(type(mobject))
        if kind is None:
            kind = kinds[type(mobject)] = super().type_or_raise(mobject)
        return kind

    def display_multiple_non_background_colored_vmobjects(
        self, vmobjects: Iterable[VMobject], pixel_array: np.ndarray
    ) -> None:
        context = self.get_cairo_context(pixel_array)
        for vmobject in vmobjects:
            if hasattr(type(vmobject), "paint"):
                self.paint(vmobject, context)
            else:
                self.display_vectorized(vmobject, context)

    def paint(self, vmobject: Any, context: cairo.Context, parts: np.ndarray | None = None) -> None:
        """Let a mobject draw itself, or only some of its parts; what it sets in the context is forgotten."""
        context.save()
        if parts is None:
            vmobject.paint(context, self)
        else:
            vmobject.paint(context, self, parts)
        context.restore()

    def display_vectorized(self, vmobject: VMobject, ctx: cairo.Context) -> Any:
        appender = path_appender() if self.draws_as_manim else None
        if appender is None:
            return super().display_vectorized(vmobject, ctx)
        self.draw_quickly(vmobject, ctx, appender)
        return self

    def draw_quickly(self: Any, vmobject: VMobject, context: cairo.Context, appender: PathAppender) -> None:
        """Background stroke, fill and stroke of one mobject."""
        outline = self.outline(vmobject)
        if outline is not None:
            self.put(outline, vmobject, context, appender)

    def outline(self: Any, vmobject: VMobject) -> Outline | None:
        """What would be drawn of one mobject now; ``None`` if nothing of it shows."""
        background_width = vmobject.get_stroke_width(True)
        width = vmobject.get_stroke_width(False)
        fill = _visible(self.get_fill_rgbas(vmobject))
        background = _visible(self.get_stroke_rgbas(vmobject, True)) if background_width else None
        stroke = _visible(self.get_stroke_rgbas(vmobject, False)) if width else None
        if fill is background is stroke is None:
            return None
        content, elements = self._path_of(vmobject)
        if len(elements) == 0:
            return None
        style: list[Any] = [background_width, width, vmobject.joint_type, vmobject.cap_style]
        for rgbas in (background, fill, stroke):
            # The arrays are the mobject's own and may be written over.
            style.append(rgbas if rgbas is None else rgbas.tobytes())
            if rgbas is not None and len(rgbas) > 1:
                style.append(np.asarray(vmobject.get_sheen_direction()).tobytes())
        return Outline(content, elements, background, fill, stroke, tuple(style))

    def put(
        self: Any, outline: Outline, vmobject: VMobject, context: cairo.Context, appender: PathAppender
    ) -> None:
        """Draw a mobject's outline."""
        context.new_path()
        appender.append(context, outline.elements)
        if outline.background is not None:
            self._stroke(context, vmobject, outline.background, outline.style[0])
        if outline.fill is not None:
            self._set_source(context, outline.fill, vmobject)
            context.fill_preserve()
        if outline.stroke is not None:
            self._stroke(context, vmobject, outline.stroke, outline.style[1])

    def _path_of(self: Any, vmobject: VMobject) -> tuple[bytes, np.ndarray]:
        """The mobject's points and path, from the frame before if nothing moved; comparing costs a tenth of building."""
        points = vmobject.points
        if not self.shows_points_as_they_are:
            points = self.transform_points_pre_display(vmobject, points)
        content = points.tobytes()
        paths = self.__dict__.setdefault("_quick_paths", {})
        known = paths.get(id(vmobject))
        if known is not None and known[0] == content:
            return known
        if self.shows_points_as_they_are:
            points = self.transform_points_pre_display(vmobject, points)
        elements = path_elements(points, _subpaths(vmobject, points))
        if len(paths) > _KEPT_PATHS:
            paths.clear()
        known = paths[id(vmobject)] = (content, elements)
        return known

    def _stroke(
        self: Any, context: cairo.Context, vmobject: VMobject, rgbas: np.ndarray, width: float
    ) -> None:
        self._set_source(context, rgbas, vmobject)
        context.set_line_width(width * self.cairo_line_width_multiple)
        context.set_line_join(LINE_JOIN_MAP[vmobject.joint_type])
        context.set_line_cap(CAP_STYLE_MAP[vmobject.cap_style])
        context.stroke_preserve()

    def _set_source(self: Any, context: cairo.Context, rgbas: np.ndarray, vmobject: VMobject) -> None:
        if len(rgbas) == 1:
            red, green, blue, alpha = rgbas[0].tolist()
            # The picture's bytes are in reverse order of cairo's.
            context.set_source_rgba(blue, green, red, alpha)
        else:
            self.set_cairo_context_color(context, rgbas, vmobject)


def _visible(rgbas: np.ndarray) -> np.ndarray | None:
    """The colours, or ``None`` where all are fully transparent: cairo leaves the picture as it is then."""
    shows = rgbas.item(3) != 0 if len(rgbas) == 1 else rgbas[:, 3].any()
    return rgbas if shows else None


def _subpaths(vmobject: VMobject, points: np.ndarray) -> list[tuple[int, int, bool]]:
    """``(start, stop, closed)`` of the runs of connected curves, by manim's own comparison of points."""
    count = len(points)
    if count < 4:
        return []
    edges = [0]
    if count > 7:
        # Anchors that are equal bit by bit need no closer look; only the others go through the tolerance.
        apart = (points[3 : count - 1 : 4, :2] != points[4::4, :2]).any(axis=1)
        for curve in apart.nonzero()[0].tolist():
            index = 4 * curve + 3
            if not vmobject.consider_points_equals_2d(points[index].tolist(), points[index + 1].tolist()):
                edges.append(index + 1)
    edges.append(count)
    return [
        (start, stop, vmobject.consider_points_equals_2d(points[start].tolist(), points[stop - 1].tolist()))
        for start, stop in itertools.pairwise(edges)
    ]


@lru_cache(maxsize=64)
def _quick_class(cls: type[Camera]) -> type[Camera]:
    bases = (QuickDrawing,) if cls is Camera else (cls, QuickDrawing)
    quick: Any = type(cls.__name__, bases, {"__module__": cls.__module__, "__qualname__": cls.__qualname__})
    quick.shows_points_as_they_are = cls.transform_points_pre_display is Camera.transform_points_pre_display
    quick.draws_as_manim = all(getattr(cls, name) is getattr(Camera, name) for name in _REPLACED)
    quick.draws_in_part = quick.draws_as_manim and all(
        getattr(cls, name) in (getattr(Camera, name), getattr(MovingCamera, name))
        or (name == "display_vectorized" and getattr(cls, "paints_parts", False))
        for name in _STEPS
    )
    return quick


def quicken(camera: Camera) -> None:
    """Make ``camera`` draw faster, whatever its class; its pictures stay the same."""
    if not isinstance(camera, QuickDrawing):
        cls: Any = type(camera)
        camera.__class__ = _quick_class(cls)
