"""Where a digit and the network that reads it stand: a rail for its pixels, a row of hidden neurons, ten outputs with names.

The network is laid out along its depth and across it; a wide region has its depth from left to right, a tall one from top to
bottom. All parts of the picture take their places from here, so that they stand together in every film.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from nnanim.visuals.page.frame import Region
from nnanim.visuals.paint.painted import Floats

SIDE = 28
PIXELS = SIDE * SIDE
RAIL_AT, RAIL_DEPTH, RAIL_REACH = 0.265, 0.25, 0.93
"""The rail is half an ellipse: its middle and its depth as shares of the network's depth, its reach across."""
HIDDEN_AT, OUTPUT_AT, NAME_AT, BAR_AT = 0.56, 0.80, 0.855, 0.895


class DigitLayout:
    """Places of everything for a 28×28 digit, ``hidden`` neurons and ``outputs`` outputs, in manim units.

    Parameters
    ----------
    region
        What the network fills.
    hidden, outputs
        How many neurons.
    """

    def __init__(self, region: Region, hidden: int = 24, outputs: int = 10) -> None:
        self.region, self.hidden_count, self.output_count = region, hidden, outputs
        self.tall = region.height > 1.1 * region.width
        self.depth, self.breadth = (region.height, region.width) if self.tall else (region.width, region.height)
        pitch = 0.96 * self.breadth / hidden
        self.radius = min(0.62 * pitch, 0.2)
        self.stagger = 0.55 * pitch
        self.output_radius = min(0.3 * 0.96 * self.breadth / outputs, 0.24)

    def at(self, along: ArrayLike, across: ArrayLike) -> Floats:
        """Points (…, 2) at shares of the depth (0–1) and across (1: the first neuron's side, −1: the last one's)."""
        u, v = np.broadcast_arrays(np.asarray(along, dtype=float), np.asarray(across, dtype=float))
        r = self.region
        if self.tall:
            return np.stack([r.center[0] - v * r.width / 2, r.top - u * r.height], axis=-1)
        return np.stack([r.left + u * r.width, r.center[1] + v * r.height / 2], axis=-1)

    @cached_property
    def inward(self) -> Floats:
        """The direction of the network's depth, (2,)."""
        return np.array([0.0, -1.0]) if self.tall else np.array([1.0, 0.0])

    # ---- the rail

    @cached_property
    def _rail(self) -> tuple[Floats, Floats, Floats]:
        angle = np.radians(np.linspace(263, 97, 2001))
        curve = self.at(RAIL_AT + RAIL_DEPTH * np.cos(angle), RAIL_REACH * np.sin(angle))
        along = np.gradient(curve, axis=0)
        along /= np.linalg.norm(along, axis=1, keepdims=True)
        outward = np.stack([-along[:, 1], along[:, 0]], axis=1) * (1 if not self.tall else -1)
        length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(curve, axis=0), axis=1))])
        return length, curve, outward

    @property
    def rail_length(self) -> float:
        """Of the whole rail."""
        return float(self._rail[0][-1])

    def rail(self, share: ArrayLike) -> tuple[Floats, Floats]:
        """Points (…, 2) on the rail at shares of its length from its near end, and the directions outwards there."""
        length, curve, outward = self._rail
        where = np.asarray(share) * length[-1]
        return tuple(  # type: ignore[return-value]
            np.stack([np.interp(where, length, line[:, k]) for k in (0, 1)], axis=-1) for line in (curve, outward)
        )

    @cached_property
    def inputs(self) -> tuple[Floats, Floats]:
        """Where each pixel's tick stands on the rail, in reading order, (784, 2), and outwards there."""
        return self.rail(1 - (np.arange(PIXELS) + 0.5) / PIXELS)

    # ---- neurons and names

    @cached_property
    def hidden(self) -> Floats:
        """Centres of the hidden neurons, (n, 2)."""
        middle = self.at(HIDDEN_AT, 0.96 * self._spread(self.hidden_count))
        side = np.where(np.arange(self.hidden_count) % 2, 1.0, -1.0)[:, None]  # in a zigzag there is room for larger circles
        return np.asarray(middle + side * self.stagger * self.inward)

    @cached_property
    def outputs(self) -> Floats:
        """Centres of the outputs, (n, 2)."""
        return self.at(OUTPUT_AT, 0.96 * self._spread(self.output_count))

    @cached_property
    def names(self) -> Floats:
        """Where the outputs' names stand, (n, 2)."""
        return self.at(NAME_AT, 0.96 * self._spread(self.output_count))

    def bar(self, number: int) -> tuple[Floats, Floats]:
        """Where the bar beside an output's name begins, and where it ends when it is full, (2,) each."""
        across = 0.96 * self._spread(self.output_count)[number]
        return self.at(BAR_AT, across), self.at(1.0, across)

    @staticmethod
    def _spread(count: int) -> Floats:
        return 1 - (2 * np.arange(count) + 1) / count

    # ---- lines

    @cached_property
    def first_lines(self) -> Floats:
        """Cubic Bézier curves from every tick to every hidden neuron, (hidden, 784, 4, 2)."""
        start, outward = self.inputs
        share = (np.arange(PIXELS) + 0.5) / PIXELS
        angle = np.radians(62) * (1 - 2 * share)  # where on its rim a line arrives, from the depth's direction
        side = np.array([self.inward[1], -self.inward[0]]) if self.tall else np.array([-self.inward[1], self.inward[0]])
        port = -np.cos(angle)[:, None] * self.inward + np.sin(angle)[:, None] * side * (-1 if self.tall else 1)
        a = start[None] - 0.02 * outward[None]
        d = self.hidden[:, None] + self.radius * port[None]
        reach = np.linalg.norm(d - a, axis=-1, keepdims=True)
        b = a - 0.42 * reach * outward[None]
        c = d + reach * (0.05 * port[None] - 0.30 * self.inward)
        return np.stack(np.broadcast_arrays(a, b, c, d), axis=2)

    @cached_property
    def second_lines(self) -> Floats:
        """From every hidden neuron to every output, (outputs, hidden, 4, 2)."""
        a = self.hidden[None] + self.radius * self.inward
        d = self.outputs[:, None] - self.output_radius * self.inward
        a, d = np.broadcast_arrays(a, d)
        gap = ((d - a) @ self.inward)[..., None] * self.inward
        return np.stack([a, a + 0.45 * gap, d - 0.45 * gap, d], axis=2)

    # ---- coming near one neuron

    def full_radius(self) -> float:
        """Radius of the neuron that has come nearest."""
        return 0.62 * max(self.region.width, self.region.height) if not self.tall else 0.9 * self.region.height

    def seen(self, points: ArrayLike, near: float, neuron: int) -> Floats:
        """Points (…, 2) as they are seen when a hidden neuron has come ``near`` (0: at home, 1: it fills the region)."""
        if near <= 0:
            return np.asarray(points, dtype=float)
        zoom, target, at = self.zoom(near), self.hidden[neuron], self.region.center[:2]
        return (np.asarray(points) - target) * zoom + target + (at - target) * near

    def zoom(self, near: float) -> float:
        """How many times larger things are seen."""
        return float((self.full_radius() / self.radius) ** near)


def bezier(curves: Floats, shares: ArrayLike) -> Floats:
    """Points at shares (k,) of cubic curves (…, 4, 2): (…, k, 2)."""
    s = np.asarray(shares, dtype=float)[:, None]
    c = curves[..., None, :, :]
    powers = (1 - s) ** 3, 3 * s * (1 - s) ** 2, 3 * s * s * (1 - s), s**3
    return np.asarray(sum(power * c[..., k, :] for k, power in enumerate(powers)))
