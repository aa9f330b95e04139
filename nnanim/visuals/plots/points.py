"""Thousands of dots as one mobject: data points, paths of an optimiser, embeddings.

Positions, radii and colours are arrays; any of them can be animated.
"""

from __future__ import annotations

from math import tau
from typing import ClassVar, Self

import cairo
import numpy as np
from manim import Camera
from numpy.typing import ArrayLike

from nnanim.visuals.page.theme import rgba, theme
from nnanim.visuals.paint.painted import INVISIBLE, Floats, Painted, ink


class PointCloud(Painted):
    """Filled dots, later ones over earlier ones.

    Parameters
    ----------
    positions
        Shape (n, 3), or (n, 2) in the plane, in manim units.
    radius
        In manim units, one number or shape (n,).
    colors
        RGBA in 0–1, shape (4,) or (n, 4), or one colour of the theme; by default its positive colour.

    Raises
    ------
    ValueError
        When the positions are not points of two or three coordinates.
    """

    array_names: ClassVar[tuple[str, ...]] = ("opacity", "radius", "rgba")

    def __init__(
        self, positions: ArrayLike, radius: ArrayLike = 0.05, colors: ArrayLike | str | None = None
    ) -> None:
        super().__init__(_in_space(positions), points_per_part=1)
        self.radius: Floats = _for_each(radius, self.n_parts)
        self.set_colors(theme().positive if colors is None else colors)

    def set_positions(self, positions: ArrayLike) -> Self:
        """Move the dots to other places, shape (n, 3) or (n, 2)."""
        self.points = _in_space(
            np.broadcast_to(np.asarray(positions), (self.n_parts, np.shape(positions)[-1]))
        )
        return self

    def set_radius(self, radius: ArrayLike) -> Self:
        """Set one radius or one for each dot, in manim units."""
        self.radius = _for_each(radius, self.n_parts)
        return self

    def set_colors(self, colors: ArrayLike | str) -> Self:
        """Set one colour or one for each dot: RGBA in 0–1, or a ``#RRGGBB`` of the theme."""
        chosen = rgba(colors) if isinstance(colors, str) else np.asarray(colors, dtype=float)
        self.rgba: Floats = np.array(np.broadcast_to(chosen, (self.n_parts, 4)))
        return self

    def tint(self, color: Floats) -> Self:
        """Give every dot one colour."""
        return self.set_colors(color)

    def scale(self, scale_factor: float, scale_stroke: bool = False, **kwargs: object) -> Self:
        """Scale the places; the dots keep their size, as strokes do, unless ``scale_stroke`` is set."""
        super().scale(scale_factor, **kwargs)
        if scale_stroke:
            self.radius = self.radius * abs(scale_factor)
        return self

    @property
    def overhang(self) -> float:
        """The largest radius."""
        return float(self.radius.max(initial=0.0))

    def paint_parts(self, ctx: cairo.Context, camera: Camera) -> None:
        """Draw the dots in their order."""
        colors = ink(camera, self.rgba)
        colors[:, 3] *= self.opacity
        order = np.flatnonzero((colors[:, 3] > INVISIBLE) & (self.radius > 0))
        places = self.parts(camera)[order, 0, :2].tolist()
        ctx.set_line_cap(cairo.LineCap.ROUND)
        for (x, y), radius, color in zip(
            places, self.radius[order].tolist(), colors[order].tolist(), strict=True
        ):
            ctx.set_source_rgba(*color)
            ctx.arc(x, y, radius, 0, tau)
            ctx.fill()


def _in_space(positions: ArrayLike) -> Floats:
    places = np.asarray(positions, dtype=float)
    if places.ndim != 2 or places.shape[1] not in (2, 3):
        raise ValueError(f"positions are points (n, 2) or (n, 3), not an array of shape {places.shape}")
    return np.array(np.pad(places, ((0, 0), (0, 3 - places.shape[1]))))


def _for_each(value: ArrayLike, count: int) -> Floats:
    return np.array(np.broadcast_to(np.asarray(value, dtype=float), (count,)))
