"""A probability distribution over a few named things: as bars under one another, and as pieces of a line from 0 to 1.

Each is one mobject, so that all bars can move at once.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self

import cairo
import numpy as np
from manim import Camera
from numpy.typing import ArrayLike

from nnanim.visuals.page.frame import Region
from nnanim.visuals.page.theme import rgba, theme
from nnanim.visuals.paint.painted import INVISIBLE, Floats, Painted, ink, mask_of

LEAST = 0.02
"""Length of a bar that stands for next to nothing, in manim units: zero and a trifle look different."""


class _Pieces(Painted):
    """Rectangles, each with a share of the highlight and of its own presence."""

    array_names: ClassVar[tuple[str, ...]] = ("opacity", "values", "chosen", "kept", "others")
    overhang = LEAST

    def __init__(self, corners: ArrayLike) -> None:
        super().__init__(corners, points_per_part=4)
        self.values: Floats = np.zeros(self.n_parts)
        self.chosen: Floats = np.zeros(self.n_parts)
        self.kept: Floats = np.ones(self.n_parts)
        self.others: Floats = np.zeros(self.n_parts)

    def choose(self, which: Any) -> Self:
        """Mark parts with the highlight, an index or a mask; the others lose it."""
        self.chosen = mask_of((self.n_parts,), which).astype(float)
        return self

    def calm(self) -> Self:
        """Mark nothing."""
        self.chosen = np.zeros(self.n_parts)
        return self

    @property
    def fills(self) -> Floats:
        """Colour of each part as it is drawn, shape (n, 4), 0–1."""
        others, chosen = self.others[:, None], self.chosen[:, None]
        colors = (1 - others) * rgba(theme().positive) + others * rgba(theme().muted)
        colors = (1 - chosen) * colors + chosen * rgba(theme().highlight)
        colors[:, 3] *= np.clip(self.opacity, 0, 1)
        return colors


class DistributionBars(_Pieces):
    """Horizontal bars of probabilities; a full track is 1.

    Parameters
    ----------
    heights
        The y of each bar's middle, shape (n,).
    left, right
        Where tracks begin and end.
    thickness
        Height of a bar.
    others
        Index or mask of bars that stand for what is not named, drawn in a muted colour.
    """

    def __init__(
        self, heights: ArrayLike, left: float, right: float, thickness: float, others: Any = None
    ) -> None:
        y = np.asarray(heights, dtype=float).reshape(-1)
        corners = np.zeros((len(y), 4, 3))
        corners[:, :, 0] = (left, right, right, left)
        corners[:, :2, 1] = (y - thickness / 2)[:, None]
        corners[:, 2:, 1] = (y + thickness / 2)[:, None]
        super().__init__(corners.reshape(-1, 3))
        if others is not None:
            self.others[others] = 1.0

    def show(self, values: ArrayLike) -> Self:
        """Give every bar its probability, shape (n,)."""
        self.values = np.array(values, dtype=float)
        return self

    def keep(self, kept: ArrayLike) -> Self:
        """Say how much of each row is left, shape (n,), 0–1: what is cut away loses its track."""
        self.kept = np.array(kept, dtype=float)
        return self

    def tip(self, row: int) -> Floats:
        """Where a bar ends now, a point (3,)."""
        corners = self.parts()[row]
        middle = corners.mean(axis=0)
        middle[0] = corners[0, 0] + self.values[row] * (corners[1, 0] - corners[0, 0])
        return middle

    def paint_parts(self, ctx: cairo.Context, camera: Camera) -> None:
        """Draw each track and its bar."""
        seen = np.clip(self.opacity, 0, 1)
        tracks = np.tile(rgba(theme().panel), (self.n_parts, 1))
        tracks[:, 3] = seen * (0.35 + 0.65 * self.kept)
        places, tracks, colors = self.rectangles(camera), ink(camera, tracks), ink(camera, self.fills)
        for k in np.flatnonzero(seen > INVISIBLE).tolist():
            (x, y, width, height), track, color, value = places[k].tolist(), tracks[k], colors[k], float(self.values[k])
            ctx.rectangle(x, y, width, height)
            ctx.set_source_rgba(*track)
            ctx.fill()
            if value > 0:
                ctx.rectangle(x, y, max(LEAST, width * value), height)
                ctx.set_source_rgba(*color)
                ctx.fill()


class ProbabilityLine(_Pieces):
    """Probabilities laid end to end on a line from 0 to 1, with a hair of space between two pieces.

    Parameters
    ----------
    shares
        Probabilities that add up to 1, shape (n,).
    region
        The line fills its width.
    thickness
        Height of the line.
    others
        Whether the last piece stands for everything not named.
    """

    def __init__(self, shares: ArrayLike, region: Region, thickness: float, others: bool = False) -> None:
        ends = np.concatenate([[0.0], np.cumsum(np.asarray(shares, dtype=float))])
        x = region.left + ends / max(float(ends[-1]), 1e-12) * region.width
        y = float(region.center[1])
        corners = np.zeros((len(x) - 1, 4, 3))
        corners[:, :, 0] = np.stack([x[:-1], x[1:], x[1:], x[:-1]], axis=1)
        corners[:, :2, 1], corners[:, 2:, 1] = y - thickness / 2, y + thickness / 2
        super().__init__(corners.reshape(-1, 3))
        if others:
            self.others[-1] = 1.0

    def span(self, piece: int) -> tuple[float, float]:
        """Where a piece begins and ends now."""
        corners = self.parts()[piece]
        return float(corners[:, 0].min()), float(corners[:, 0].max())

    def paint_parts(self, ctx: cairo.Context, camera: Camera) -> None:
        """Draw the pieces."""
        places, colors = self.rectangles(camera).tolist(), ink(camera, self.fills).tolist()
        for (x, y, width, height), color in zip(places, colors, strict=True):
            ctx.rectangle(x, y, width - min(0.025, 0.3 * width), height)
            ctx.set_source_rgba(*color)
            ctx.fill()
