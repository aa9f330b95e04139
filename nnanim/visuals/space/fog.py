"""Fog over a landscape: it lies in valleys more than on ridges, drifts, and lifts where somebody has been."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import gaussian_filter, zoom

from nnanim.visuals.page.theme import Theme, rgba
from nnanim.visuals.space.terrain import RISE, TEXELS, Floats, Terrain
from nnanim.visuals.space.view import Sight

GRAIN = 384
"""Cells of its grid along either side of the ground."""


def thickness(terrain: Terrain, visited: Sequence[ArrayLike], reach: float, time: float) -> NDArray[np.float32]:
    """How thick it lies on each cell, 0–1, the first row at the lowest y.

    Parameters
    ----------
    visited
        Places around which it has lifted, each (2,), in the ground's units.
    reach
        How far around them.
    time
        In seconds: it drifts.
    """
    noise = grain()
    one = np.roll(noise, (int(5 * time), int(9 * time)), axis=(0, 1))
    drifting = 0.6 * one + 0.4 * np.roll(noise, (int(-11 * time), int(14 * time)), axis=(1, 0))
    line = ((np.arange(GRAIN, dtype=np.float32) + 0.5) / GRAIN * 2 - 1)[None, :]
    nearest = np.full((GRAIN, GRAIN), 9.0, dtype=np.float32)
    for place in visited:
        x, y = np.asarray(place, dtype=np.float32)
        nearest = np.minimum(nearest, (line * np.float32(terrain.extent[0]) - x) ** 2 + (line.T * np.float32(terrain.extent[1]) - y) ** 2)
    reach = max(reach, 1e-3)
    far = np.clip((np.sqrt(nearest) + np.float32(0.2) * (drifting - np.float32(0.5)) - np.float32(0.7 * reach)) / np.float32(1.4 * reach), 0, 1)
    far = far * far * (3 - 2 * far)
    clouds = np.float32(0.78) + np.float32(0.22) * np.clip(2 * drifting - np.float32(0.5), 0, 1)
    return np.asarray(clouds * far * low_ground(terrain), dtype=np.float32)


def seen_fog(thick: NDArray[np.float32], found: Sight, palette: Theme) -> NDArray[np.uint32]:
    """The fog that pixels see, as Cairo's pixels of the same shape."""
    amount = np.clip(thick * 255, 0, 255).astype(np.uint8)
    shades = np.arange(256, dtype=np.float32)[:, None] * fog_color(palette).astype(np.float32)[[2, 1, 0, 3]]
    table = np.ascontiguousarray(np.rint(shades).astype(np.uint8)).view(np.uint32).ravel()
    ratio = TEXELS // GRAIN
    place = (found.texel // (TEXELS * ratio)) * GRAIN + (found.texel % TEXELS) // ratio
    return np.asarray(table[amount.ravel()[place]])


def at_places(thick: NDArray[np.float32], terrain: Terrain, places: Floats) -> Floats:
    """How thick it lies at places (n, 2 or 3), in the ground's units."""
    column, row = (np.clip((places[:, axis] / terrain.extent[axis] + 1) / 2 * GRAIN, 0, GRAIN - 1).astype(int) for axis in (0, 1))
    return np.asarray(thick[row, column], dtype=float)


@lru_cache(maxsize=2)
def grain(seed: int = 3) -> NDArray[np.float32]:
    """Cloudy noise 0–1 that repeats without a seam, (GRAIN, GRAIN)."""
    generator = np.random.default_rng(seed)
    noise = np.zeros((GRAIN, GRAIN))
    for width, share in ((60, 1.0), (28, 0.6), (12, 0.3)):
        layer = gaussian_filter(generator.standard_normal((GRAIN, GRAIN)), width, mode="wrap")
        noise += share * layer / layer.std()
    noise = (noise - noise.min()) / np.ptp(noise)
    noise.setflags(write=False)
    return noise.astype(np.float32)


@lru_cache(maxsize=8)
def low_ground(terrain: Terrain) -> NDArray[np.float32]:
    """How much fog lies on each place of the fog's grid for its height alone: most in valleys, little on ridges."""
    z = zoom(terrain.z, (GRAIN / terrain.z.shape[0], GRAIN / terrain.z.shape[1]), order=1, grid_mode=True, mode="nearest") / RISE
    share = np.clip((z - 0.38) / 0.5, 0, 1)
    return np.asarray(0.45 + 0.55 * (1 - share * share * (3 - 2 * share)), dtype=np.float32)


def fog_color(palette: Theme) -> Floats:
    """Bluish in the dark, a cool grey-white by day."""
    return np.array([0.225, 0.235, 0.365, 1.0]) if palette.name == "dark" else 0.72 * rgba(palette.background) + 0.28 * np.array([0.62, 0.70, 0.82, 1.0])
