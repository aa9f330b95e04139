"""A shift lens over a landscape: verticals stay vertical, places shrink with their distance over the ground, and from straight
above the view is the map. What each pixel sees of the ground is worked out for all columns at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from nnanim.visuals.space.terrain import Terrain

Floats = NDArray[np.float64]
NEAREST = 0.15
"""Nothing nearer to the viewer than this share of the ground's half extent is enlarged any more."""
SLICES_PER_ROW = 0.5
"""Into how many slices the ground is cut, for each row of pixels."""


@dataclass(frozen=True)
class View:
    """From where a landscape is looked at.

    Parameters
    ----------
    azimuth, elevation
        How far the ground is turned, and how high the viewer stands, in radians; from π/2 it is a map.
    look
        The point in space that is looked at, in the ground's units (its larger half extent is 1).
    size
        Half of the picture's height at that point, in the ground's units.
    half
        The same in scene units.
    distance
        Of the viewer, over the ground: the smaller, the stronger the perspective.
    shift
        Where the point looked at is shown, right of and above the picture's middle, in scene units.
    """

    azimuth: float
    elevation: float
    look: tuple[float, float, float]
    size: float
    half: float
    distance: float
    shift: tuple[float, float]

    @property
    def unit(self) -> float:
        """Scene units along one unit of the ground, where it is looked at."""
        return self.half / self.size

    def along(self, x: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
        """How far places of the ground lie to the right, and how far away, of what is looked at."""
        right, away = np.asarray(x, dtype=float) - self.look[0], np.asarray(y, dtype=float) - self.look[1]
        cos, sin = np.cos(self.azimuth), np.sin(self.azimuth)
        return right * cos - away * sin, right * sin + away * cos

    def scale(self, away: ArrayLike) -> Floats:
        """Scene units along one unit of the ground at such a distance."""
        return self.distance / np.maximum(self.distance + np.asarray(away) * np.cos(self.elevation), NEAREST) * self.unit

    def project(self, x: ArrayLike, y: ArrayLike, z: ArrayLike) -> Floats:
        """Points in space (…) as points of the picture (…, 2), from its middle, in scene units."""
        right, away = self.along(x, y)
        scale = self.scale(away)
        up = away * np.sin(self.elevation) + (np.asarray(z, dtype=float) - self.look[2]) * np.cos(self.elevation)
        return np.stack(np.broadcast_arrays(right * scale + self.shift[0], up * scale + self.shift[1]), axis=-1)


class Sight(NamedTuple):
    """What the pixels of a picture see.

    Attributes
    ----------
    texel
        Which texel of the terrain's texture, counted row by row, (rows, columns), the first row on top.
    seen
        Which pixels see ground at all.
    skyline
        Where the ground ends in each column, in rows from below (columns,).
    tops, depths
        Of each slice in each column: the row up to which it and nearer ones cover, and its distance, (slices, columns).
    """

    texel: NDArray[np.int32]
    seen: NDArray[np.bool_]
    skyline: NDArray[np.float32]
    tops: NDArray[np.float32]
    depths: NDArray[np.float32]


@lru_cache(maxsize=3)
def sight(terrain: Terrain, view: View, columns: int, rows: int) -> Sight:
    """What each pixel of a picture of so many columns and rows sees of a terrain."""
    pixels = rows / (2 * view.half)
    k = 1 / view.unit
    across = (np.arange(columns, dtype=np.float32) + 0.5 - columns / 2) / pixels - view.shift[0]
    cos, sin, low, high = np.cos(view.azimuth), np.sin(view.azimuth), np.cos(view.elevation), np.sin(view.elevation)
    # A column sees a straight line of ground, origin + distance × direction; it is cut to the ground, so that every slice counts.
    origin = across * k * cos + view.look[0], -across * k * sin + view.look[1]
    way = across * k * low / view.distance * cos + sin, -across * k * low / view.distance * sin + cos
    entries, exits = [], []
    for start, step, edge in zip(origin, way, terrain.extent, strict=True):
        with np.errstate(divide="ignore", invalid="ignore"):
            one, other = (-edge - start) / step, (edge - start) / step
        entries.append(np.minimum(one, other))
        exits.append(np.maximum(one, other))
    nearest = -0.82 * view.distance / max(low, 1e-3)
    enter, leave = np.maximum(np.maximum(*entries), nearest), np.minimum(*exits)
    meets = leave > enter + 1e-4
    enter, leave = np.where(meets, enter, 0.0), np.where(meets, leave, 1e-3)
    slices = max(40, int(SLICES_PER_ROW * rows))
    share = np.linspace(0, 1, slices, dtype=np.float32)
    share = (0.6 * share + 0.4 * share * share)[:, None]
    depths = (enter + (leave - enter) * share).astype(np.float32)
    scales = (np.float32(view.distance * view.unit) / (np.float32(view.distance) + depths * np.float32(low))).astype(np.float32)
    x, y = (np.asarray(o + depths * w, dtype=np.float32) for o, w in zip(origin, way, strict=True))
    height = terrain.quick_height(x, y)
    up = (depths * np.float32(high) + (height - np.float32(view.look[2])) * np.float32(low)) * scales + np.float32(view.shift[1])
    tops = (rows / 2 + up * pixels).astype(np.float32)
    tops[:, ~meets] = -1e4
    bare = tops
    tops = np.maximum.accumulate(tops, axis=0)
    # The number of slices whose top lies below a pixel's middle is the number of the first slice that covers it.
    cell = np.clip(np.floor(tops + 0.5), 0, rows).astype(np.int32)
    places = (cell * columns + np.arange(columns, dtype=np.int32)).ravel()
    first = np.bincount(places, minlength=(rows + 1) * columns).reshape(rows + 1, columns)[:rows].cumsum(axis=0, dtype=np.int32)
    seen = (first < slices) & (first > 0) & meets
    upper = np.minimum(first, slices - 1) * columns + np.arange(columns, dtype=np.int32)
    lower = np.maximum(upper - columns, np.arange(columns, dtype=np.int32))
    flat_tops, flat_depths = tops.ravel(), depths.ravel()
    below, above = flat_tops[lower], flat_tops[upper]
    middle = np.arange(rows, dtype=np.float32)[:, None] + np.float32(0.5)
    between = np.clip((middle - below) / np.maximum(above - below, np.float32(1e-3)), 0, 1)
    between[bare.ravel()[lower] < below - 1.5] = 1.0  # what comes out from behind a ridge begins at its own slice
    near = flat_depths[lower]
    depth = near + between * (flat_depths[upper] - near)
    texel = terrain.texel((origin[0].astype(np.float32) + depth * way[0].astype(np.float32)), (origin[1].astype(np.float32) + depth * way[1].astype(np.float32)))
    return Sight(texel[::-1], seen[::-1], tops[-1], tops, depths)


def hidden(found: Sight, view: View, points: Floats, pixels: float, slack: float = 2.5) -> NDArray[np.bool_]:
    """Which points in space (n, 3) nearer ground hides.

    Parameters
    ----------
    found
        What the picture sees.
    points
        In the ground's units.
    pixels
        Of that picture along a scene unit.
    slack
        Points so many pixels below an edge are shown still.
    """
    columns = found.tops.shape[1]
    rows = 2 * view.half * pixels
    x, y, z = points.T
    spot = view.project(x, y, z)
    _, away = view.along(x, y)
    column = np.clip(spot[:, 0] * pixels + columns / 2, 0, columns - 1).astype(int)
    row = rows / 2 + spot[:, 1] * pixels
    nearer = (found.depths[:, column] < away - 0.012).sum(axis=0) - 1
    return (nearer >= 0) & (found.tops[np.maximum(nearer, 0), column] > row + slack)
