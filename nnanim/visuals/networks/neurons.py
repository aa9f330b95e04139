"""A layer of neurons as one mobject: circles, each filled by its activation once it has one."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar, Self

import cairo
import numpy as np
from manim import Camera
from numpy.typing import ArrayLike

from nnanim.visuals.page.theme import rgba, theme
from nnanim.visuals.paint.painted import INVISIBLE, Floats, Painted, emphasis_of, ink, mask_of
from nnanim.visuals.paint.stencil import Stencils
from nnanim.visuals.plots.series import mark_path

RIM = 2.5
"""Width of a circle's line, in manim's stroke units."""
_CORNERS = np.array([[-1.0, -1.0, 0.0], [1.0, -1.0, 0.0], [1.0, 1.0, 0.0], [-1.0, 1.0, 0.0]])


class Neurons(Painted):
    """The neurons of a layer.

    Parameters
    ----------
    centers
        Shape (n, 3), in manim units.
    radius
        Of every circle.
    limit
        The activation's magnitude at which the colour is fullest.
    """

    overhang = 0.01 * RIM
    array_names: ClassVar[tuple[str, ...]] = ("opacity", "emphasis", "values", "lit", "limit")
    shared_names: ClassVar[frozenset[str]] = frozenset({"limit"})

    def __init__(self, centers: ArrayLike, radius: float, limit: float = 1.0) -> None:
        middles = np.asarray(centers, dtype=float).reshape(-1, 1, 3)
        super().__init__((middles + radius * _CORNERS).reshape(-1, 3), points_per_part=4)
        self.emphasis: Floats = np.zeros(self.n_parts)
        self.values: Floats = np.zeros(self.n_parts)
        self.lit: Floats = np.zeros(self.n_parts)
        self.limit: Floats = np.array([float(limit)])

    def light(self, values: ArrayLike, which: Any = slice(None)) -> Self:
        """Fill neurons with their activations.

        Parameters
        ----------
        values
            Of all neurons, shape (n,).
        which
            A mask (n,) or an index: only these are filled.
        """
        mask = mask_of((self.n_parts,), which)
        self.values = np.where(mask, np.asarray(values, dtype=float), self.values)
        self.lit = np.where(mask, 1.0, self.lit)
        return self

    def emphasise(self, which: Any, others: float = 0.35) -> Self:
        """Speak of some neurons and dim the others."""
        self.emphasis = emphasis_of(mask_of((self.n_parts,), which), 0.0, others)
        return self

    def calm(self) -> Self:
        """Speak of all neurons alike again."""
        self.emphasis = np.zeros(self.n_parts)
        return self

    @property
    def fills(self) -> Floats:
        """Colour inside each circle as it is drawn, shape (n, 4), 0–1."""
        share = self.lit[:, None]
        return (1 - share) * rgba(theme().background) + share * theme().diverging(self.values, float(self.limit[0]))

    @property
    def rims(self) -> Floats:
        """Colour of each circle's line, shape (n, 4), 0–1."""
        share = self.lit[:, None]
        empty = 0.3 * rgba(theme().background) + 0.7 * rgba(theme().muted)
        return (1 - share) * empty + share * rgba(theme().text)

    def paint_parts(self, ctx: cairo.Context, camera: Camera) -> None:
        """Draw the circles."""
        seen = np.clip(self.opacity, 0, 1)
        dimming = 1.0 + np.clip(self.emphasis, -1, 0)
        fills, rims = self.fills, self.rims
        # A dimmed circle stays opaque, so that no line shows through it; its colours go towards the background.
        for colors in (fills, rims):
            colors[:] = dimming[:, None] * colors + (1 - dimming[:, None]) * rgba(theme().background)
            colors[:, 3] = seen
        fills, rims = ink(camera, fills).tolist(), ink(camera, rims).tolist()
        corners = self.parts(camera)
        middles = corners.mean(axis=1)[:, :2].tolist()
        radii = (np.linalg.norm(corners[:, 1] - corners[:, 0], axis=1) / 2).tolist()
        stencils = Stencils(ctx)
        for (x, y), radius, fill, rim in zip(middles, radii, fills, rims, strict=True):
            if fill[3] > INVISIBLE:
                circle = ("circle", x, y, radius)
                trace = partial(mark_path, corners=None, place=(x, y), radius=radius)
                stencils.paint(circle, trace, fill)
                stencils.paint(circle, trace, rim, RIM * 0.01)
