"""A small network lit by how often each of its neurons fires; those that never do stay dark."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from nnanim.quantity import Showable
from nnanim.visuals.page.frame import Region, frame
from nnanim.visuals.page.readout import Tag, fitting
from nnanim.visuals.page.theme import along, rgba, theme
from nnanim.visuals.paint.canvas import Canvas
from nnanim.visuals.paint.painted import Floats
from nnanim.visuals.paint.picture import Picture


def draw_neuron(canvas: Canvas, x: float, y: float, radius: float, share: float, dark: float = 0.0, glows: bool = True) -> None:
    """A neuron as bright as the share of inputs for which it fires; ``dark`` 0–1 marks one that never does by a dashed rim.

    ``glows`` is false where the light around many neurons is painted at once.
    """
    color = along(theme().activation_ramp, np.sqrt(share))
    if glows and share > 0.02:
        disc = partial(_disc, x=x, y=y, radius=radius, color=color)
        canvas.glow(disc, (x - radius, y - radius, x + radius, y + radius), 0.45 * radius, 0.8 * share, theme().name == "dark")
    canvas.disc(x, y, radius, rgba(theme().background))
    canvas.disc(x, y, radius, color, 1 - 0.6 * dark)
    canvas.disc(x, y, radius, rgba(theme().muted), 1 - dark, line=0.03)
    if dark:
        ctx = canvas.ctx
        ctx.set_dash([0.34 * radius, 0.3 * radius])
        canvas.disc(x, y, radius, rgba(theme().muted), dark, line=0.05)
        ctx.set_dash([])
        r = 0.34 * radius
        for sign in (-1, 1):
            canvas.line([(x - r, y - sign * r), (x + r, y + sign * r)], 0.05, rgba(theme().muted), dark)


def _disc(canvas: Canvas, x: float, y: float, radius: float, color: Floats) -> None:
    canvas.disc(x, y, radius, color)


class Firing(Picture):
    """Hidden layers of a network, column by column, each neuron as bright as it fires often.

    Dials: ``lit`` 0–1 brings the light, layer after layer; ``dark`` 0–1 marks the neurons that never fire; ``frame`` 0–1 rings
    the layers in which none does; ``pulse`` counts fronts of light that run through the lines, out of neurons that fire: none
    passes a layer in which none does.

    Parameters
    ----------
    region
        Where.
    fires
        Share of the inputs for which each neuron fires, (layers, width).
    ends
        How many inputs and outputs stand at the ends.
    """

    dial_names: ClassVar[dict[str, float]] = {"lit": 0.0, "dark": 0.0, "frame": 0.0, "pulse": 0.0}

    def __init__(self, region: Region, fires: ArrayLike, ends: tuple[int, int] = (2, 1), **dials: float) -> None:
        self.fires = np.asarray(fires, dtype=float)
        layers, width = self.fires.shape
        self.counts = [ends[0], *[width] * layers, ends[1]]
        self.pitch = min(region.height / max(self.counts), 0.72 * region.width / len(self.counts))
        self.radius = 0.4 * self.pitch
        edge = region.width / 2 - self.radius
        self.across = np.linspace(-edge, edge, len(self.counts)) + region.center[0]
        self.middle = float(region.center[1])
        self.foot = self.middle - self.pitch * max(self.counts) / 2
        super().__init__((region.left, region.bottom, region.right, region.top), **dials)

    def spots(self, layer: int) -> Floats:
        """Where the neurons of a layer stand, inputs first, (n, 2)."""
        count = self.counts[layer]
        heights = self.middle + self.pitch * ((count - 1) / 2 - np.arange(count))
        return np.column_stack([np.full(count, self.across[layer]), heights])

    def anchor(self, name: str) -> Floats:
        """``below`` the layers."""
        if name == "below":
            return np.array([(self.across[1] + self.across[-2]) / 2, self.foot, 0.0])
        return super().anchor(name)

    def caption(self, content: Showable) -> Tag:
        """What is written below the layers, no wider than they are where that can be read."""
        left, _, right, _ = self.corners
        em = max(frame().smallest, min(frame().label, fitting([content], right - left)))
        return Tag(content, self, "below", (0.0, -0.9 * em), em)

    def draw(self, canvas: Canvas) -> None:
        """Lines, neurons, the frame round layers that are dark altogether."""
        self._draw_lines(canvas)
        for layer, count in enumerate(self.counts):
            hidden = 0 < layer <= len(self.fires)
            come = self._come(layer)
            for place, (x, y) in enumerate(self.spots(layer).tolist()):
                share = self.fires[layer - 1, place] if hidden else 0.0
                draw_neuron(canvas, x, y, self.radius, share * come, self.dial("dark") * float(hidden and share == 0))
            if hidden and (frame := self.dial("frame")) and not self.fires[layer - 1].any():
                x, pad = self.across[layer], 1.35 * self.radius
                high = self.pitch * (count - 1) / 2 + pad
                canvas.box(x - pad, self.middle - high, 2 * pad, 2 * high, rgba(theme().chosen), frame, 0.2, line=0.06)

    def _draw_lines(self, canvas: Canvas) -> None:
        line, bright = rgba(theme().line), rgba(theme().activation_ramp[3])
        gaps = len(self.counts) - 1
        for layer in range(gaps):
            away = (self.dial("pulse") * (gaps + 1)) % (gaps + 1) - layer - 0.5 if self.dial("pulse") else 9.0
            front = max(0.0, 1 - 1.3 * abs(away))
            shares = np.ones(self.counts[0]) if not layer else self.fires[layer - 1] * float((self.fires[: layer - 1] > 0).any(1).all())
            for start, share in zip(self.spots(layer), shares, strict=True):
                for end in self.spots(layer + 1):
                    canvas.line([start, end], 0.02, line, 0.25 + 0.6 * self._come(layer + 1))
                    canvas.line([start, end], 0.03, bright, 0.75 * front * np.sqrt(share))

    def _come(self, layer: int) -> float:
        return float(np.clip(self.dial("lit") * len(self.counts) - layer + 1, 0, 1))
