"""Which pixels a change concerns, as a few boxes around everything that changed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

# What one more box costs, in pixels that could be drawn and converted in the same time.
BOX_PIXELS = 60_000

_Edges = NDArray[np.int_]
"""Left, top, right and bottom, shape (n, 4)."""


class Box(NamedTuple):
    """Pixels from ``top`` to before ``bottom`` and from ``left`` to before ``right``."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def area(self) -> int:
        """Number of pixels."""
        return max(0, self.bottom - self.top) * max(0, self.right - self.left)


NOTHING = Box(0, 0, 0, 0)


def enclosing(boxes: Iterable[Box]) -> Box:
    """The smallest box that holds all of these; an empty one for none."""
    corners = list(zip(*(box for box in boxes if box.area), strict=True))
    return Box(min(corners[0]), max(corners[1]), min(corners[2]), max(corners[3])) if corners else NOTHING


def boxes_around(reaches: ArrayLike, height: int, width: int) -> tuple[Box, ...]:
    """Disjoint boxes that together hold everything in ``reaches``, and little else.

    A box is cut in two where its parts are smaller by more than a box costs, in the way in which a scanned page is
    taken apart into columns and lines (the recursive X–Y cut of Nagy and Seth, 1984).

    Parameters
    ----------
    reaches
        Left, top, right and bottom of each, shape (n, 4), in pixels and not yet rounded; what lies outside of the
        picture counts for nothing.
    height, width
        The picture's, in pixels.
    """
    edges = np.asarray(reaches, dtype=float).reshape(-1, 4)
    edges = np.hstack([np.floor(edges[:, :2]), np.ceil(edges[:, 2:])])
    edges = np.clip(edges, 0, (width, height, width, height)).astype(int)
    edges = edges[(edges[:, 0] < edges[:, 2]) & (edges[:, 1] < edges[:, 3])]
    boxes, waiting = [], [edges] if len(edges) else []
    while waiting:
        group = waiting.pop()
        parts = _cut(group)
        if parts is None:
            left, top, right, bottom = _unions(group)[-1].tolist()
            boxes.append(Box(top, bottom, left, right))
        else:
            waiting += parts
    return tuple(sorted(boxes))


def _cut(edges: _Edges) -> list[_Edges] | None:
    """The two parts that are best held apart, or ``None`` where one box does as well."""
    left, top = edges[:, :2].min(axis=0).tolist()
    right, bottom = edges[:, 2:].max(axis=0).tolist()
    whole = (right - left) * (bottom - top)
    if len(edges) == 1 or whole <= BOX_PIXELS:
        return None
    least, parts = whole - BOX_PIXELS, None
    for axis in (0, 1):
        ordered = edges[np.argsort(edges[:, axis], kind="stable")]
        before, after = _unions(ordered)[:-1], _unions(ordered[::-1])[-2::-1]
        apart = before[:, axis + 2] <= after[:, axis]
        areas = np.where(apart, _areas(before) + _areas(after), whole)
        place = int(areas.argmin())
        if areas[place] < least:
            least, parts = int(areas[place]), [ordered[: place + 1], ordered[place + 1 :]]
    return parts


def _unions(edges: _Edges) -> _Edges:
    """What the first, the first two, the first three … reach together."""
    return np.hstack(
        [np.minimum.accumulate(edges[:, :2], axis=0), np.maximum.accumulate(edges[:, 2:], axis=0)]
    )


def _areas(edges: _Edges) -> NDArray[np.int_]:
    return (edges[:, 2] - edges[:, 0]) * (edges[:, 3] - edges[:, 1])
