"""Outlines as cairo takes them, a whole path in one call: the path's elements, and the C function that takes them."""

from __future__ import annotations

import ctypes
import itertools
import sys
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

import cairo
import numpy as np
from manim import VMobject

_MOVE_TO, _CURVE_TO, _CLOSE_PATH = 0, 2, 3
# From so many mobjects on, building all their paths at once is quicker than building one after the other.
_WORTH_A_BATCH = 3


class _CairoPath(ctypes.Structure):
    """``cairo_path_t``: a status, the elements, and how many there are (cairo 1.0 ABI)."""

    _fields_ = (("status", ctypes.c_int), ("data", ctypes.c_char_p), ("num_data", ctypes.c_int))


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
# Headers and points are pairs of float64.
_ELEMENT_BYTES = 16


class Path(NamedTuple):
    """A mobject's outline."""

    elements: bytes
    """What cairo is handed: ``cairo_path_data_t``, one after the other."""
    box: tuple[float, float, float, float]
    """Left, bottom, right and top of the points."""

    @property
    def is_one_curve(self) -> bool:
        """Whether it has no corner at which two curves meet."""
        return len(self.elements) <= 6 * _ELEMENT_BYTES


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

    def append(self, context: cairo.Context, elements: bytes) -> None:
        """Add path ``elements`` to the context's current path."""
        self._path.data = elements
        self._path.num_data = len(elements) // _ELEMENT_BYTES
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


def paths_of(vmobjects: Sequence[VMobject], points: Sequence[np.ndarray]) -> list[Path]:
    """The paths of mobjects whose anchors and handles are shown at ``points``, each (n, 3), finite and n > 0."""
    counts = np.array([len(some) for some in points])
    if len(points) < _WORTH_A_BATCH or (counts % 4).any():
        return [_path_of(vmobject, some) for vmobject, some in zip(vmobjects, points, strict=True)]
    plane = np.ascontiguousarray(np.concatenate(points, dtype=float)[:, :2])
    corners = np.cumsum(counts) - counts
    boxes = np.hstack([np.minimum.reduceat(plane, corners), np.maximum.reduceat(plane, corners)]).tolist()
    # A point in one number, of the size of an element.
    curves = plane.view(complex).reshape(-1, 4)
    owners = np.repeat(np.arange(len(points)), counts // 4)
    # A curve begins a subpath unless it goes on where the one before it ends, in the same mobject.
    begins = np.ones(len(curves), bool)
    later = (owners[1:] == owners[:-1]).nonzero()[0] + 1
    begins[later] = ~_same_points(curves[later - 1, 3], curves[later, 0], owners[later], vmobjects)
    first = begins.nonzero()[0]
    last = np.append(first[1:], len(curves)) - 1
    closed = _same_points(curves[first, 0], curves[last, 3], owners[first], vmobjects)

    stops = np.cumsum(4 * (last - first) + 6 + closed)
    starts = np.append(0, stops[:-1])
    closes = stops[closed] - 1
    elements = np.empty(stops[-1], complex)
    of_curves = np.ones(len(elements), bool)
    of_curves[starts] = of_curves[starts + 1] = of_curves[closes] = False
    elements[starts], elements[starts + 1], elements[closes] = _MOVE_HEADER, curves[first, 0], _CLOSE_HEADER
    curves[:, 0] = _CURVE_HEADER
    elements[of_curves] = curves.ravel()
    content = elements.tobytes()
    edges = (_ELEMENT_BYTES * starts[np.searchsorted(first, corners // 4)]).tolist()
    return [
        Path(content[start:stop], tuple(box))
        for start, stop, box in zip(edges, [*edges[1:], len(content)], boxes, strict=True)
    ]


def _same_points(
    points: np.ndarray, others: np.ndarray, owners: np.ndarray, vmobjects: Sequence[VMobject]
) -> np.ndarray:
    """Which points, complex (n,), manim takes for the same as the others; only where they differ it is asked."""
    same: np.ndarray = points == others
    for place in (~same).nonzero()[0].tolist():
        pair = [(point.real, point.imag) for point in (points.item(place), others.item(place))]
        same[place] = vmobjects[owners[place]].consider_points_equals_2d(*pair)
    return same


def _path_of(vmobject: VMobject, points: np.ndarray) -> Path:
    plane = points[:, :2]
    elements = path_elements(points, _subpaths(vmobject, points))
    return Path(elements, (*plane.min(axis=0).tolist(), *plane.max(axis=0).tolist()))


def path_elements(points: np.ndarray, subpaths: Iterable[tuple[int, int, bool]]) -> bytes:
    """Cairo's path elements of cubic curves.

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
        elements = np.zeros((2 + 4 * curves + closed, 2))
        elements[0, 0] = _MOVE_HEADER
        elements[1] = points[start, :2]
        body = elements[2 : 2 + 4 * curves].reshape(curves, 4, 2)
        body[:, 0, 0] = _CURVE_HEADER
        body[:, 1:] = points[start : start + 4 * curves, :2].reshape(curves, 4, 2)[:, 1:]
        if closed:
            elements[-1, 0] = _CLOSE_HEADER
        parts.append(elements.tobytes())
    return b"".join(parts)


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
