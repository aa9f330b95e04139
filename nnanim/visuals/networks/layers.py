"""Layers of a network as circles that take on light: hidden neurons, and outputs with bars at their names."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from nnanim.visuals.networks.layout import DigitLayout
from nnanim.visuals.page.theme import along, ramp, rgba, theme
from nnanim.visuals.paint.canvas import Canvas
from nnanim.visuals.paint.painted import Floats
from nnanim.visuals.paint.picture import Picture

RIM = 0.03
WAITING = 0.3
"""How much of the whole time passes before the last of a row of neurons begins to take on light."""


def in_turn_of(share: float, number: int, count: int, spread: float = WAITING) -> float:
    """How far one of several has come that start one after another, 0–1, when all of it stands at ``share``."""
    begins = spread * number / max(count - 1, 1)
    x = float(np.clip((share - begins) / (1 - spread), 0, 1))
    return x * x * (3 - 2 * x)


class HiddenNeurons(Picture):
    """The hidden neurons of a digit's network.

    Dials: ``show`` 0–1 they appear one after another; ``light`` 0–1 they take on their activations; ``one`` 0–1 the looked-at one
    takes on its own; ``after`` 0–1 from these activations to the other ones; ``ring`` 0–1 around the looked-at one; ``dim`` 0–1;
    ``near`` how near the looked-at one has come.

    Anchors: ``neuron``: the one that is looked at; ``neuron0``, …

    Parameters
    ----------
    layout
        Of the network.
    values, after
        Activations, and other ones that may follow, (n,).
    neuron
        The one that is looked at.
    """

    dial_names: ClassVar[dict[str, float]] = {
        "show": 0.0, "light": 0.0, "one": 0.0, "after": 0.0, "ring": 0.0, "dim": 0.0, "near": 0.0,
    }  # fmt: skip
    bleeds: ClassVar[float] = 0.5

    def __init__(self, layout: DigitLayout, values: ArrayLike, neuron: int = 0, after: ArrayLike | None = None, **dials: float) -> None:
        self.layout, self.neuron = layout, neuron
        self.values = np.asarray(values, dtype=float)
        self.later = self.values if after is None else np.asarray(after, dtype=float)
        self.limit = max(float(np.abs(self.values).max()), 1e-9)
        low, high = layout.hidden.min(0) - layout.radius, layout.hidden.max(0) + layout.radius
        super().__init__((*low, *high), **dials)

    def anchor(self, name: str) -> Floats:
        """``neuron``, ``neuron0``, …"""
        number = name.removeprefix("neuron")
        if name.startswith("neuron") and (not number or number.isdigit()):
            place = self.layout.hidden[int(number or self.neuron)]
            return np.append(self.layout.seen(place, self.dial("near"), self.neuron), 0.0)
        return super().anchor(name)

    @property
    def overhang(self) -> float:
        """One that comes near reaches across the frame."""
        return super().overhang + (self.layout.depth + self.layout.breadth if self.dial("near") > 0 else 0.0)

    def shares(self) -> Floats:
        """How brightly each is lit now, 0–1, (n,)."""
        after, count = self.dial("after"), len(self.values)
        values = np.clip(((1 - after) * self.values + after * self.later) / self.limit, 0, 1)
        lit = np.array([in_turn_of(self.dial("light"), n, count) for n in range(count)])
        lit[self.neuron] = max(lit[self.neuron], self.dial("one"))
        return np.asarray(values * lit)

    def draw(self, canvas: Canvas) -> None:
        """The circles; the one that comes near lies over the others."""
        near, layout = self.dial("near"), self.layout
        zoom, shares = layout.zoom(near), self.shares()
        opacity = 1 - 0.75 * self.dial("dim")
        count = len(shares)
        for n in [*(k for k in range(count) if k != self.neuron), self.neuron]:
            appear = in_turn_of(self.dial("show"), n, count, 0.7)
            x, y = layout.seen(layout.hidden[n], near, self.neuron)
            radius = layout.radius * zoom * appear
            if radius > 0 and abs(x) < 12 + radius and abs(y) < 12 + radius:
                draw_neuron(canvas, x, y, radius, float(shares[n]), opacity)
        if ring := self.dial("ring") * (1 - near):
            x, y = layout.seen(layout.hidden[self.neuron], near, self.neuron)
            canvas.disc(x, y, layout.radius * zoom + 0.08 + 0.3 * (1 - self.dial("ring")), rgba(theme().chosen), ring, line=0.05)


def draw_neuron(canvas: Canvas, x: float, y: float, radius: float, share: float, opacity: float = 1.0) -> None:
    """A circle lit by its activation's share of the largest; a bright one shines."""
    light = along(theme().activation_ramp, share)
    if share > 0.15 and theme().name == "dark" and radius < 1:
        halo = ramp(theme().activation_ramp)[-1]
        for grows, strength in ((2.1, 0.07), (1.7, 0.10), (1.35, 0.16)):
            canvas.disc(x, y, radius * grows, halo, strength * share * opacity)
    canvas.disc(x, y, radius, rgba(theme().background), opacity)
    canvas.disc(x, y, radius, light, opacity)
    rim = (1 - share) * rgba(theme().muted) + share * ramp(theme().activation_ramp)[-1]
    canvas.disc(x, y, radius, rim, opacity, line=RIM * min(1.0, radius / 0.1))


class Outputs(Picture):
    """The outputs: circles, and a bar at each name for its share.

    Dials: ``show`` 0–1 the circles appear, ``bars`` 0–1 the bars grow, ``after`` 0–1 from these shares to the other ones, ``dim`` 0–1, ``pair`` 0–1 all but some grow dim, ``ring`` 0–1 around the name of the first of these.

    Anchors: ``name0``, … where each name stands, ``tip0``, … behind each bar; ``middle`` of the frame.

    Parameters
    ----------
    layout
        Of the network.
    shares, after
        Shares, 0–1, and others that may follow, (n,).
    pair
        The outputs that stay when others grow dim.
    """

    dial_names: ClassVar[dict[str, float]] = {"show": 0.0, "bars": 0.0, "after": 0.0, "dim": 0.0, "pair": 0.0, "ring": 0.0}
    bleeds: ClassVar[float] = 0.5

    def __init__(self, layout: DigitLayout, shares: ArrayLike, pair: tuple[int, ...] = (), after: ArrayLike | None = None, **dials: float) -> None:
        self.layout, self.pair = layout, pair
        self.shares = np.asarray(shares, dtype=float)
        self.later = self.shares if after is None else np.asarray(after, dtype=float)
        whole = layout.region
        low = layout.outputs.min(0) - layout.output_radius
        edge = (whole.right, layout.outputs.max(0)[1] + layout.output_radius)
        super().__init__((low[0], min(low[1], whole.bottom if layout.tall else low[1]), *edge), **dials)

    def _shares(self) -> Floats:
        after = self.dial("after")
        return (1 - after) * self.shares + after * self.later

    def _bar(self, number: int) -> tuple[Floats, Floats]:
        """Beginning and end of a bar that is full."""
        return self.layout.bar(number)

    def anchor(self, name: str) -> Floats:
        """``name0``, …, ``tip0``, …"""
        if name.startswith("name"):
            return np.append(self.layout.names[int(name[4:])], 0.0)
        if name == "middle":
            return np.zeros(3)
        if name.startswith("tip"):
            first, last = self._bar(int(name[3:]))
            return np.append(first + (last - first) * self._shares()[int(name[3:])], 0.0)
        return super().anchor(name)

    def draw(self, canvas: Canvas) -> None:
        """Circles and bars."""
        opacity, count = 1 - 0.75 * self.dial("dim"), len(self.shares)
        bright, thick = ramp(theme().activation_ramp)[-1], 1.1 * self.layout.output_radius
        for n, share in enumerate(self._shares()):
            faint = opacity * (1 - 0.7 * self.dial("pair") * (n not in self.pair))
            x, y = self.layout.outputs[n]
            radius = self.layout.output_radius * in_turn_of(self.dial("show"), n, count, 0.6)
            if radius > 0:
                draw_neuron(canvas, x, y, radius, share * self.dial("bars"), faint)
            if self.dial("bars"):
                first, last = self._bar(n)
                end = first + (last - first) * max(share, 0.004) * self.dial("bars")
                low, high = np.minimum(first, end), np.maximum(first, end)
                across = np.array([thick, 0.0] if self.layout.tall else [0.0, thick])
                low, high = low - across / 2, high + across / 2
                width, height = (high - low).tolist()
                canvas.box(low[0], low[1], width, height, bright, faint, radius=0.05)
        if self.pair and (ring := self.dial("ring")):
            x, y = self.layout.names[self.pair[0]]
            radius = 0.36 * (2.2 - 1.2 * min(ring, 1))
            canvas.disc(x, y, radius, rgba(theme().chosen), min(ring, 1), line=0.06)
