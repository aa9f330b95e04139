"""What lies and moves on the ground of a landscape: draped trails, balls with their shadows, arrows on the slope, marks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import cairo
import numpy as np
from numpy.typing import NDArray

from nnanim.visuals.page.theme import rgba, theme
from nnanim.visuals.paint.canvas import Canvas
from nnanim.visuals.plots.curves import DASHES
from nnanim.visuals.space.terrain import RISE, Floats, Terrain
from nnanim.visuals.space.view import View

Style = Literal["solid", "dashed", "dotted"]
"""How a trail is drawn."""
RADIUS = 0.022
"""Of a ball, in the ground's units."""
SMALLEST_BALL = 0.15
"""Radius below which no ball shrinks, in scene units."""
HEAVY = 1.5
"""How many times as large a heavy ball is."""
LONGEST_ARROW, SHORTEST_ARROW = 0.36, 0.15
"""Lengths of arrows on the ground, in its units; between them an arrow is as long as the step that it stands for."""


@dataclass(frozen=True, eq=False)
class Walk:
    """A run over the ground.

    Parameters
    ----------
    points
        The start and where each step led, (n, 2), in the surface's coordinates.
    style
        ``solid``, ``dashed`` or ``dotted``: how its trail is drawn.
    heavy
        Whether it is a heavy ball's.
    """

    points: NDArray[np.float64]
    style: Style = "solid"
    heavy: bool = False


class Track:
    """A walk laid over a terrain: its trail in small pieces, each with the step at which it is reached."""

    def __init__(self, walk: Walk, terrain: Terrain) -> None:
        self.walk, self.terrain = walk, terrain
        self.ground = np.clip(terrain.ground(walk.points), -1e3, 1e3)

    @property
    def last(self) -> int:
        """Its last step."""
        return len(self.ground) - 1

    def at(self, step: float, eased: float = 0.0) -> Floats:
        """Where the ball is at a step, or between two, (2,); eased, it rests a moment at each."""
        step = min(max(step, 0.0), float(self.last))
        first = min(int(step), max(self.last - 1, 0))
        share = step - first
        share += eased * (share * share * (3 - 2 * share) - share)
        following = self.ground[min(first + 1, self.last)]
        return np.asarray(self.ground[first] + share * (following - self.ground[first]))

    def around(self, step: float, reach: float = 1.5) -> Floats:
        """Where it is on the mean of some steps before and after: what a calm camera follows."""
        return np.mean([np.clip(self.at(s), -1.2, 1.2) for s in np.linspace(step - reach, step + reach, 9)], axis=0)

    def on_ground(self, place: Floats) -> bool:
        """Whether a place lies on the ground."""
        return bool((np.abs(place) <= np.array(self.terrain.extent)).all())

    @cached_property
    def pieces(self) -> tuple[Floats, Floats]:
        """The trail in space (P, 3), and the step at which each of its points is reached (P,)."""
        reached = [0.0]
        for step, length in enumerate(np.linalg.norm(np.diff(self.ground, axis=0), axis=1)):
            if length > 1e-6:
                count = int(np.clip(np.ceil(length / 0.015), 1, 60))
                reached.extend(step + np.arange(1, count + 1) / count)
        places = np.array([self.at(step) for step in reached])
        return self.terrain.on_skin(places, 0.003), np.array(reached)


def stroke_runs(canvas: Canvas, spots: Floats, shown: NDArray[np.bool_], width: float, color: Floats, opacity: float) -> None:
    """A line through those of its points (n, 2) that are shown; where some are not, it is broken."""
    breaks = np.flatnonzero(np.diff(shown.astype(int))) + 1
    for run in np.split(np.arange(len(spots)), breaks):
        if len(run) > 1 and shown[run[0]]:
            canvas.line(spots[run], width, color, opacity)


def draw_trail(canvas: Canvas, spots: Floats, shown: NDArray[np.bool_], style: str, opacity: float, width: float = 0.06) -> None:
    """A trail on a dark or light rim, so that it reads on any ground."""
    rim = rgba(theme().background)
    stroke_runs(canvas, spots, shown, 2.0 * width, rim, 0.55 * opacity)
    canvas.ctx.set_dash(DASHES[style])
    stroke_runs(canvas, spots, shown, width, rgba(theme().text), opacity)
    canvas.ctx.set_dash([])


def ball_radius(view: View, place: Floats, heavy: bool) -> tuple[float, float]:
    """A ball's radius in scene units, and in the ground's."""
    scale = float(view.scale(view.along(*place)[1]))
    shown = max(RADIUS * scale, SMALLEST_BALL * view.half / 4) * (HEAVY if heavy else 1.0)
    return shown, shown / scale


def draw_shadow(canvas: Canvas, view: View, terrain: Terrain, place: Floats, radius: float, lift: float, opacity: float) -> None:
    """The soft shadow of a ball, on the skin, away from the sun; wider and fainter as the ball is higher."""
    turns = np.linspace(0, 2 * np.pi, 28)
    circle = np.column_stack([np.cos(turns), np.sin(turns)])
    for wide in np.linspace(2.1, 0.8, 14):
        ring = place + np.array([0.5, -0.32]) * radius * (wide - 0.6 + 2.0 * lift) + wide * (1 + 1.5 * lift) * radius * circle
        skin = terrain.on_skin(ring)
        canvas.polygon(view.project(*skin.T), np.array([0.03, 0.0, 0.06]), 0.06 * opacity / (1 + 2 * lift))


def draw_ball(canvas: Canvas, x: float, y: float, radius: float, heavy: bool, opacity: float = 1.0) -> None:
    """A ball in the light: bright in the dark, ink by day; a heavy one has a ring of metal."""
    dark = theme().name == "dark"
    tones = ("#FFFFFF", "#F3EBDD", "#B9AE9E", "#544C4A") if dark else ("#8FA0B5", "#42526A", "#1B2430", "#05080C")
    if heavy:
        tones = ("#E4E9F0", "#8C97A8", "#4A5462", "#1A2028") if dark else ("#6B7A8F", "#2A3646", "#0E141C", "#000000")
    ctx = canvas.ctx
    if dark:
        canvas.glow(lambda c: c.disc(x, y, radius, rgba("#FFF4DC")), (x - radius, y - radius, x + radius, y + radius), 0.9 * radius, 0.55 * opacity)
    canvas.disc(x, y, 1.12 * radius, rgba(theme().background), 0.5 * opacity)
    shine = cairo.RadialGradient(x - 0.35 * radius, y + 0.4 * radius, 0.05 * radius, x, y, 1.02 * radius)
    for share, tone in zip((0, 0.3, 0.7, 1), tones, strict=True):
        shine.add_color_stop_rgba(share, *canvas._rgba(rgba(tone), opacity))
    ctx.new_path()
    ctx.arc(x, y, radius, 0, 2 * np.pi)
    ctx.set_source(shine)
    ctx.fill()
    if heavy:
        canvas.disc(x, y, 0.62 * radius, rgba(theme().chosen), 0.9 * opacity, line=0.16 * radius)


def arrow_in_space(terrain: Terrain, place: Floats, towards: Floats, length: float, share: float) -> tuple[Floats, Floats]:
    """The shaft (2, 3) and the head (3, 3) of an arrow along the slope, from the foot of a ball, so far grown."""
    size = np.linalg.norm(towards)
    way = towards / size if size > 1e-300 else np.zeros(2)
    rise = float((terrain.height(*(place + 0.01 * way)) - terrain.height(*(place - 0.01 * way))) / 0.02)
    slant = np.append(way, rise) / np.hypot(1.0, rise)
    side = np.array([-way[1], way[0], 0.0])
    foot = np.append(place, float(terrain.height(*place)) + 0.012)
    tip = foot + slant * length * share
    broad = min(0.34 * length, 0.026) * min(1.0, 3 * share)
    neck = tip - slant * 1.7 * broad
    return np.array([foot, neck]), np.array([tip, neck + side * broad, neck - side * broad])


def arrow_length(step: float) -> float:
    """How long an arrow is that stands for a step of so many units of the ground."""
    return float(np.clip(step, SHORTEST_ARROW, LONGEST_ARROW))


def draw_arrow(canvas: Canvas, view: View, shaft: Floats, head: Floats, width: float, color: Floats, hollow: bool = False) -> None:
    """An arrow with a rim; a hollow one stands for what is not gone along."""
    line, tip = view.project(*shaft.T), view.project(*head.T)
    rim = rgba(theme().background)
    canvas.line(line, 1.9 * width, rim, 0.85)
    canvas.line(tip, 0.9 * width, rim, 0.85, closed=True)
    if hollow:
        canvas.ctx.set_dash(DASHES["dotted"])
    canvas.line(line, width, color)
    canvas.ctx.set_dash([])
    canvas.polygon(tip, color)


__all__ = ["RISE", "Track", "Walk"]
