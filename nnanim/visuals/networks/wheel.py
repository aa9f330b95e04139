"""A network with one hidden layer as a wheel: a digit in the middle, its hidden neurons in a ring, ten answers around it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from nnanim.quantity import Label, Quantity
from nnanim.visuals.networks.firing import draw_neuron
from nnanim.visuals.networks.reel import Reel
from nnanim.visuals.page.frame import Region, frame
from nnanim.visuals.page.readout import Readout, Tag
from nnanim.visuals.page.theme import along, rgba, theme
from nnanim.visuals.paint.canvas import Canvas
from nnanim.visuals.paint.painted import Floats
from nnanim.visuals.paint.picture import Picture

DIGIT, RING, NEURON, BAND = 0.34, 0.585, 0.061, (0.652, 0.735)
"""Shares of the radius: half of the digit's side, the ring of neurons and the radius of one, the band of the second layer's
lines."""
CLEAR = 0.62
"""Radius of the ring round a name, in em."""
LEAST_BAR = 0.06
"""Of a full bar, in a wheel that is small beside its type."""
ARC = 14
"""Points of a line of the second layer."""


class Wheel(Picture):
    """A network 784-H-10 that reads digits: ``frame`` says which moment of its reel is shown.

    Dials: ``frame``; ``flow`` 0–1 how far the light has come from the pixels to the answers; ``dark`` 0–1 marks neurons that fire
    for no digit; ``gap`` 0–1 what the label's bar lacks; ``back`` 0–1 how far the gradient has run from the answers to the
    pixels; ``one`` 0–1 the weight that moves most stands out; ``only`` 0–1 all but the ring of neurons steps back.

    Anchors: ``name0`` … ``name9``; ``top``, ``foot``, ``left``, ``right`` of it; ``gap``; ``neuron``: a neuron at the right;
    ``lines``: the band of lines; ``digit``: the digit's lower edge.

    Parameters
    ----------
    region
        Its radius is the largest that fits.
    reel
        What passes.
    label
        Whose bar shows what it lacks.
    gradients
        Of the second layer (10, H) and of the hidden neurons (H), for the way back.
    """

    dial_names: ClassVar[dict[str, float]] = {
        "frame": 0.0, "flow": 1.0, "dark": 0.0, "gap": 0.0, "back": 0.0, "one": 0.0, "only": 0.0,
    }  # fmt: skip
    bleeds: ClassVar[float] = 0.3

    def __init__(
        self, region: Region, reel: Reel, label: int = 0, gradients: tuple[ArrayLike, ArrayLike] | None = None, **dials: float
    ) -> None:
        self.reel, self.label, self.em = reel, label, frame().mark
        second, first = gradients if gradients is not None else (np.zeros(reel.lines.shape[1:]), np.zeros(reel.hidden.shape[1]))
        self.second, self.first = np.asarray(second, dtype=float), np.asarray(first, dtype=float)
        half = min(region.width, region.height) / 2
        x, y, _ = region.center
        super().__init__((x - half, y - half, x + half, y + half), **dials)

    @classmethod
    def named(cls, trace: Any, name: str, region: Region, **dials: float) -> list[Any]:
        """The wheel of a reel, and behind it the names of its answers; that of the slow step knows the gradients of that step."""
        gradients = (trace["one_second_gradient"], trace["one_hidden_gradient"]) if name == "slow" else None
        wheel = cls(region, Reel.of(trace, name), int(trace["one_label"]), gradients, **dials)
        return [wheel, *wheel.names()]

    # ---- where things are

    @property
    def hub(self) -> tuple[float, float, float]:
        """The middle, and the radius: all of the half width, less where names in their type need more of it."""
        left, bottom, right, top = self.corners
        half = (right - left) / 2
        radius = min(half, (half - 2 * CLEAR * 0.935 * self.em) / (BAND[1] + 0.01 + LEAST_BAR))
        return (left + right) / 2, (bottom + top) / 2, max(radius, 0.4 * half)

    @property
    def neuron(self) -> float:
        """Radius of a neuron, in manim units: where there are many, so that they keep apart."""
        return min(NEURON, 0.42 * 2 * np.pi * RING / self.reel.hidden.shape[1]) * self.hub[2]

    def at(self, share: float, angle: float) -> Floats:
        """The point (3,) at a share of the radius, an angle from the top clockwise."""
        x, y, radius = self.hub
        return np.array([x + share * radius * np.sin(angle), y + share * radius * np.cos(angle), 0.0])

    @property
    def rim(self) -> tuple[float, float, float, float]:
        """Shares of the radius: the ring round a name, where names stand, where the bars do, how long a full one is."""
        ring = max(0.075, CLEAR * self.em / self.hub[2])  # it clears the type of a small wheel, too
        name = BAND[1] + 0.87 * ring
        foot = name + ring + 0.01
        return ring, name, foot, max(LEAST_BAR, 1 - foot)

    def anchor(self, name: str) -> Floats:
        """See the class."""
        _, names, foot, bar = self.rim
        if name.startswith("name"):
            return self.at(names, _turns(10)[int(name[4:])])
        if name == "gap":
            return self.at(foot + bar + 0.02, _turns(10)[self.label])
        places = {"top": (1.0, 0.0), "right": (1.0, 0.25), "foot": (1.0, 0.5), "left": (1.0, 0.75), "digit": (DIGIT, 0.5),
                  "neuron": (RING, 0.25), "lines": (BAND[1], 0.31)}  # fmt: skip
        if name not in places:
            return super().anchor(name)
        share, turns = places[name]
        return self.at(share, 2 * np.pi * turns)

    def names(self, size: float | None = None) -> list[Tag]:
        """The ten answers, which hold on to it."""
        self.em = frame().mark if size is None else size
        return [Tag(Label(str(digit)), self, f"name{digit}", size=self.em, color=theme().text) for digit in range(10)]

    def runs(self, numbers: Sequence[Quantity], point: Floats, size: float, **style: Any) -> Readout:
        """A number that runs with its moments and stands at a point of the frame."""
        offset = (point - self.anchor("foot"))[:2]
        return Readout(numbers, self, "frame", anchor="foot", at=offset, size=size, **style)

    # ---- painting

    @property
    def moment(self) -> int:
        """Which moment of the reel is shown."""
        return int(np.clip(np.floor(self.dial("frame") + 1e-6), 0, len(self.reel.images) - 1))

    def draw(self, canvas: Canvas) -> None:
        """From the middle outwards, then what runs back."""
        x, y, radius = self.hub
        now, reel, flow = self.moment, self.reel, self.dial("flow")
        aside = 1 - 0.85 * self.dial("only")
        base = np.array([x, y])
        self._threads(canvas, base, radius, now, float(np.clip(flow / 0.35, 0, 1)), aside)
        self._band(canvas, base, radius, now, float(np.clip((flow - 0.5) / 0.3, 0, 1)), aside)
        if self.dial("back"):
            self._way_back(canvas, base, radius, now)
        if self.dial("one"):
            self._one_line(canvas, base, radius, now)
        self._digit(canvas, base, radius, reel.images[now], aside)
        self._neurons(canvas, base, radius, now, float(np.clip((flow - 0.3) / 0.2, 0, 1)))
        self._answers(canvas, radius, reel.shares[now], float(np.clip((flow - 0.75) / 0.25, 0, 1)), aside)

    def _digit(self, canvas: Canvas, base: Floats, radius: float, image: Floats, opacity: float) -> None:
        cell = 2 * DIGIT * radius / 28
        rows, columns = np.nonzero(image > 0.06)
        inks = along(theme().activation_ramp, 0.15 + 0.85 * image[rows, columns])
        ground = rgba(theme().background)
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
            canvas.box(base[0] + (column - 14.35) * cell, base[1] + (12.65 - row) * cell, 1.7 * cell, 1.7 * cell, ground, 0.8 * opacity)
        for row, column, color in zip(rows.tolist(), columns.tolist(), inks, strict=True):
            canvas.box(base[0] + (column - 14) * cell, base[1] + (13 - row) * cell, 0.9 * cell, 0.9 * cell, color, opacity)

    def _spots(self, base: Floats, radius: float) -> Floats:
        return base + RING * radius * _round(self.reel.hidden.shape[1])

    def _threads(self, canvas: Canvas, base: Floats, radius: float, now: int, grown: float, opacity: float) -> None:
        if grown <= 0:
            return
        pulls, pixels = self.reel.pulls[now], self.reel.pixels[now]
        strength = np.abs(pulls) / max(float(np.abs(pulls).max()), 1e-9)
        cell = 2 * DIGIT * radius / 28
        starts = base + cell * np.stack([pixels % 28 - 13.5, 13.5 - pixels // 28], axis=-1)
        spots = self._spots(base, radius)
        for neuron, spot in enumerate(spots):
            bend = base + 0.62 * (spot - base)
            for k, start in enumerate(starts[neuron]):
                if strength[neuron, k] < 0.08:
                    continue
                ends = start, 0.5 * start + 0.5 * bend, bend, spot
                color = rgba(theme().signed(float(pulls[neuron, k])))
                canvas.line(_bezier(*ends)[: 1 + round(grown * ARC)], 0.011 * radius, color, opacity * (0.08 + 0.5 * strength[neuron, k] ** 1.4))

    def _arcs(self, base: Floats, radius: float) -> Floats:
        return base + radius * _weave(self.reel.hidden.shape[1])

    def _band(self, canvas: Canvas, base: Floats, radius: float, now: int, grown: float, opacity: float) -> None:
        arcs, lines = self._arcs(base, radius), self.reel.lines[now]
        canvas.ctx.new_path()
        for path in arcs.reshape(-1, ARC + 1, 2)[:, ::3]:
            canvas.ctx.move_to(*path[0])
            for point in path[1:].tolist():
                canvas.ctx.line_to(*point)
        canvas.color(rgba(theme().muted), 0.16 * opacity)
        canvas.ctx.set_line_width(0.006 * radius * canvas.line_scale)
        canvas.ctx.stroke()
        carried = lines * self.reel.hidden[now]
        most = float(np.abs(carried).max())
        if grown <= 0 or most <= 0:
            return
        strength = np.abs(carried) / most
        for answer, neuron in zip(*np.nonzero(strength > 0.1), strict=True):
            share = float(strength[answer, neuron])
            color = rgba(theme().signed(float(carried[answer, neuron])))
            path = arcs[answer, neuron][: 1 + round(grown * ARC)]
            canvas.line(path, (0.006 + 0.016 * share) * radius, color, opacity * share**1.5)

    def _neurons(self, canvas: Canvas, base: Floats, radius: float, now: int, come: float) -> None:
        hidden, dark = self.reel.hidden[now], self.reel.dark[now]
        shares = come * hidden / max(float(hidden.max()), 1e-9)
        size, spots = self.neuron, self._spots(base, radius)
        box = (base[0] - radius, base[1] - radius, base[0] + radius, base[1] + radius)
        bright = [(spot, along(theme().activation_ramp, float(share)), float(share)) for spot, share in zip(spots, shares, strict=True) if share > 0.15]
        if bright:
            canvas.glow(partial(_discs, spots=bright, radius=size), box, 0.05 * radius, 0.9, theme().name == "dark")
        before = self.reel.dark[max(now - 1, 0)]
        fading = self.dial("frame") - now
        marked = self.dial("dark")
        for place, ((x, y), share) in enumerate(zip(spots.tolist(), shares.tolist(), strict=True)):
            gone = marked * float(dark[place])
            draw_neuron(canvas, x, y, size, share, gone, glows=False)
            if gone and not before[place] and fading < 1:
                canvas.disc(x, y, size * (1 + 1.6 * fading), rgba(theme().chosen), (1 - fading) * gone, line=0.02 * radius)

    def _answers(self, canvas: Canvas, radius: float, shares: Floats, come: float, opacity: float) -> None:
        best = int(np.argmax(shares))
        ring, names, stand, bar = self.rim
        for answer, angle in enumerate(_turns(10)):
            foot, full = self.at(stand, angle), self.at(stand + bar, angle)
            canvas.line([foot, full], 0.042 * radius, rgba(theme().line), 0.7 * opacity)
            share = come * float(shares[answer])
            if share > 0.01:
                color = rgba(theme().text if answer == best else theme().muted)
                canvas.line([foot, foot + share * (full - foot)], 0.05 * radius, color, opacity)
            if answer == best and come > 0.5:
                x, y, _ = self.at(names, angle)
                canvas.disc(x, y, ring * radius, rgba(theme().chosen), (2 * come - 1) * opacity, line=0.016 * radius)
            if answer == self.label and self.dial("gap"):
                lack = foot + float(shares[answer]) * (full - foot)
                canvas.line([full, full + self.dial("gap") * (lack - full)], 0.05 * radius, along(theme().loss_ramp, 0.97))

    # ---- the way back

    def _way_back(self, canvas: Canvas, base: Floats, radius: float, now: int) -> None:
        back, pink = self.dial("back"), rgba(theme().gradient)
        first, second = float(np.clip(back / 0.5, 0, 1)), float(np.clip((back - 0.5) / 0.5, 0, 1))
        arcs = self._arcs(base, radius)
        strength = np.abs(self.second) / max(float(np.abs(self.second).max()), 1e-12)
        for answer, neuron in zip(*np.nonzero(strength > 0.08), strict=True):
            share = float(strength[answer, neuron])
            canvas.line(arcs[answer, neuron][::-1][: 1 + round(first * ARC)], (0.008 + 0.02 * share) * radius, pink, 0.25 + 0.75 * share)
        if second <= 0:
            return
        strength = np.abs(self.first) * (self.reel.hidden[now] > 0)
        strength /= max(float(strength.max()), 1e-12)
        pixels, cell = self.reel.pixels[now], 2 * DIGIT * radius / 28
        starts = base + cell * np.stack([pixels % 28 - 13.5, 13.5 - pixels // 28], axis=-1)
        for neuron, spot in enumerate(self._spots(base, radius)):
            share = float(strength[neuron])
            if share < 0.05:
                continue
            canvas.disc(float(spot[0]), float(spot[1]), 1.35 * self.neuron, pink, share, line=0.016 * radius)
            bend = base + 0.62 * (spot - base)
            for start in starts[neuron]:
                path = _bezier(start, 0.5 * start + 0.5 * bend, bend, spot)[::-1]
                canvas.line(path[: 1 + round(second * ARC)], 0.012 * radius, pink, 0.2 + 0.7 * share)

    def _one_line(self, canvas: Canvas, base: Floats, radius: float, now: int) -> None:
        answer, neuron = np.unravel_index(int(np.abs(self.second).argmax()), self.second.shape)
        weight = float(self.reel.lines[now][answer, neuron])
        path, shine = self._arcs(base, radius)[answer, neuron], self.dial("one")
        most = float(np.abs(self.reel.lines[:, answer, neuron]).max())
        width = (0.01 + 0.05 * abs(weight) / max(most, 1e-9)) * radius
        canvas.line(path, width + 0.03 * radius, rgba(theme().background), shine)
        canvas.line(path, width, rgba(theme().signed(weight)), shine)


def _discs(canvas: Canvas, spots: list[tuple[Floats, Floats, float]], radius: float) -> None:
    for (x, y), color, share in spots:
        canvas.disc(x, y, 1.25 * radius, color, share)


@cache
def _turns(count: int) -> Floats:
    """Angles from the top clockwise, (count,)."""
    return 2 * np.pi * np.arange(count) / count


@cache
def _round(count: int) -> Floats:
    """Points on the unit circle, half a place from the top on, (count, 2)."""
    angles = _turns(count) + np.pi / count
    return np.stack([np.sin(angles), np.cos(angles)], axis=1)


@cache
def _weave(count: int) -> Floats:
    """The second layer's lines in a wheel of radius 1: from each neuron round to each answer, (10, count, points, 2)."""
    along_path = np.linspace(0, 1, ARC + 1)
    eased = along_path * along_path * (3 - 2 * along_path)
    neurons, answers = _turns(count) + np.pi / count, _turns(10)
    way = (answers[:, None] - neurons[None] + np.pi) % (2 * np.pi) - np.pi
    angles = neurons[None, :, None] + way[..., None] * eased
    low, high = BAND
    radii = low + (high - low) * along_path**1.0
    return np.stack([radii * np.sin(angles), radii * np.cos(angles)], axis=-1)


def _bezier(start: Floats, first: Floats, second: Floats, end: Floats) -> Floats:
    t = np.linspace(0, 1, ARC + 1)[:, None]
    return (1 - t) ** 3 * start + 3 * (1 - t) ** 2 * t * first + 3 * (1 - t) * t * t * second + t**3 * end
