"""The ground of a landscape: heights between the points of a grid, its colours with light baked in, and contour lines."""

from __future__ import annotations

from functools import lru_cache

import contourpy
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import gaussian_filter, map_coordinates, zoom

from nnanim.visuals.page.theme import Theme, ramp, themes

Floats = NDArray[np.float64]
RISE = 0.62
"""How high the highest ground stands, in the ground's larger half extent."""
TEXELS = 1536
"""Texels of the texture along either axis."""
SUN = np.array([-0.55, 0.35, 0.62], dtype=np.float32)


class Terrain:
    """Ground over a rectangle; in its own units the larger half extent is 1.

    Parameters
    ----------
    x, y
        Rising, evenly spaced, (n,) and (m,).
    heights
        0–1, a row for each y, (m, n).
    levels
        Heights of the contour lines, 0–1.
    """

    def __init__(self, x: ArrayLike, y: ArrayLike, heights: ArrayLike, levels: ArrayLike = ()) -> None:
        self.x, self.y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
        self.heights = np.clip(np.asarray(heights, dtype=float), 0, None)
        spans = np.ptp(self.x), np.ptp(self.y)
        self.middle = np.array([self.x.mean(), self.y.mean()])
        self.half = max(spans) / 2
        self.extent = (float(spans[0] / 2 / self.half), float(spans[1] / 2 / self.half))
        self.z = np.clip(zoom(RISE * self.heights, 640 / len(self.y), order=3, mode="nearest", grid_mode=False), 0, None).astype(np.float32)
        self.lines = self._contours(np.asarray(levels, dtype=float))

    def ground(self, places: ArrayLike) -> Floats:
        """Places of the surface (…, 2) in the ground's own units."""
        return np.asarray((np.asarray(places, dtype=float) - self.middle) / self.half)

    def height(self, x: ArrayLike, y: ArrayLike) -> Floats:
        """Heights at places in the ground's units, of their shape."""
        across, along = (np.asarray(v, dtype=float) for v in np.broadcast_arrays(x, y))
        rows, columns = self.z.shape
        down = (along / self.extent[1] + 1) / 2 * (rows - 1), (across / self.extent[0] + 1) / 2 * (columns - 1)
        return np.asarray(map_coordinates(self.z, [v.ravel() for v in down], order=1, mode="nearest").reshape(across.shape), dtype=float)

    def on_skin(self, places: Floats, above: float = 0.0) -> Floats:
        """Places in the ground's units (n, 2) as points in space on it, or above it, (n, 3)."""
        return np.column_stack([places, self.height(places[:, 0], places[:, 1]) + above])

    def openness(self, place: Floats, azimuth: float, elevation: float) -> float:
        """By how much the ground between a place and a viewer in such a direction stays below the line of sight, at its highest."""
        way = np.linspace(0.03, 1.6, 40)
        x, y = place[0] - way * np.sin(azimuth), place[1] - way * np.cos(azimuth)
        inside = (np.abs(x) <= self.extent[0]) & (np.abs(y) <= self.extent[1])
        line = float(self.height(*place)) + 0.02 + way * np.tan(elevation)
        return float((line - self.height(x, y))[inside].min(initial=1.0))

    def open_azimuth(self, places: ArrayLike, elevation: float, near: float) -> float:
        """The direction, in degrees, from which no ground hides places (n, 2) of the surface; the nearest to one that is wished for."""
        ground = np.clip(self.ground(places), -1.0, 1.0)
        best, widest = near, -np.inf
        for turn in sorted(range(-170, 190, 10), key=abs):
            opens = min(self.openness(place, np.radians(near + turn), np.radians(elevation)) for place in ground)
            if opens >= 0:
                return near + turn
            if opens > widest:
                best, widest = near + turn, opens
        return best

    def quick_height(self, x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.float32]:
        """As :meth:`height`, in single precision, for many places."""
        rows, columns = self.z.shape
        across = np.clip((x * np.float32(1 / self.extent[0]) + 1) * np.float32((columns - 1) / 2), 0, np.float32(columns - 1.001))
        along = np.clip((y * np.float32(1 / self.extent[1]) + 1) * np.float32((rows - 1) / 2), 0, np.float32(rows - 1.001))
        i, j = across.astype(np.int32), along.astype(np.int32)
        u, v = across - i, along - j
        place, z = j * columns + i, self.z.ravel()
        low = z[place] + u * (z[place + 1] - z[place])
        high = z[place + columns] + u * (z[place + columns + 1] - z[place + columns])
        return np.asarray(low + v * (high - low), dtype=np.float32)

    def texel(self, x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.int32]:
        """Numbers of the texels at places, row by row from the lowest y."""
        across = np.clip((x * np.float32(1 / self.extent[0]) + 1) * np.float32(TEXELS / 2), 0, TEXELS - 1).astype(np.int32)
        along = np.clip((y * np.float32(1 / self.extent[1]) + 1) * np.float32(TEXELS / 2), 0, TEXELS - 1).astype(np.int32)
        return along * TEXELS + across

    def _contours(self, levels: Floats) -> list[Floats]:
        """Contour lines as points in space, each (n, 3), in the ground's units."""
        found = []
        maker = contourpy.contour_generator(self.x, self.y, self.heights)
        for level in levels:
            for line in maker.lines(float(level)):
                ground = self.ground(np.asarray(line))
                found.append(np.column_stack([ground, np.full(len(ground), RISE * level + 0.002)]))
        return found


@lru_cache(maxsize=8)
def texture(terrain: Terrain, theme_name: str, flat: bool) -> NDArray[np.uint32]:
    """The ground's colours as Cairo's pixels (texels² ,), row by row from the lowest y.

    ``flat`` gives the colours of the ramp itself, as on a map with a scale; else there is light and shade on them.
    """
    palette = themes()[theme_name]
    z = zoom(terrain.z, (TEXELS / terrain.z.shape[0], TEXELS / terrain.z.shape[1]), order=1, grid_mode=True, mode="nearest").astype(np.float32)
    places = np.clip(z * np.float32(255 / RISE), 0, 255).astype(np.uint8)
    colors = ramp(palette.loss_ramp)[:, :3].astype(np.float32)[places]
    if not flat:
        colors = _lit(terrain, colors, palette)
    pixels = np.empty((TEXELS, TEXELS, 4), dtype=np.uint8)
    pixels[..., 3] = 255
    pixels[..., :3] = np.rint(np.clip(colors[..., ::-1], 0, 1) * 255)
    return np.ascontiguousarray(pixels).view(np.uint32).ravel()


def _lit(terrain: Terrain, colors: NDArray[np.float32], palette: Theme) -> NDArray[np.float32]:
    """Colours under a low sun, darker in hollows; what is high shines by itself on dark grounds."""
    rows, columns = terrain.z.shape
    slope_y, slope_x = np.gradient(terrain.z, 2 * terrain.extent[1] / (rows - 1), 2 * terrain.extent[0] / (columns - 1))
    length = np.sqrt(slope_x**2 + slope_y**2 + 1)
    sun = SUN / np.linalg.norm(SUN)
    facing = np.clip((-slope_x * sun[0] - slope_y * sun[1] + sun[2]) / length, 0, 1)
    hollow = np.clip((gaussian_filter(terrain.z, 0.045 * rows, mode="nearest") - terrain.z) / RISE * 1.6, -0.35, 0.5)
    spread = (TEXELS / rows, TEXELS / columns)
    facing, hollow, high = (zoom(part.astype(np.float32), spread, order=1, grid_mode=True, mode="nearest")[..., None] for part in (facing, hollow, terrain.z / RISE))
    if palette.name == "dark":
        shine = np.clip((high - 0.62) / 0.38, 0, 1)
        return np.asarray(colors * (0.44 + 0.78 * facing - 0.35 * hollow + 0.3 * shine) + 0.15 * facing**6 * np.array([1, 0.85, 0.75], dtype=np.float32))
    return np.asarray(colors * (0.74 + 0.34 * facing - 0.2 * hollow))
