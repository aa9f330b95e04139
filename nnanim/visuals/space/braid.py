"""Points on their way through a pile of layers: face on as a plane that each layer moves, from the side as a braid of threads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from nnanim.quantity import Quantity, Showable
from nnanim.trace import Trace
from nnanim.visuals.page.frame import Region, frame
from nnanim.visuals.page.readout import Readout, Tag
from nnanim.visuals.page.text import Align
from nnanim.visuals.page.theme import rgba, theme
from nnanim.visuals.paint.canvas import Canvas
from nnanim.visuals.paint.painted import Floats
from nnanim.visuals.paint.picture import Picture
from nnanim.visuals.plots.field import draw_points

SQUEEZE = 0.34
"""Seen from the side, a layer keeps this share of its extent along the pile."""
ABOVE = 0.13
"""Share of the stage's height that is left free above the pile, seen from the side, for what is written there."""
THREADS = 110
"""Points whose ways are drawn as threads: as many as can still be told apart."""
GRID = np.linspace(-3.5, 3.5, 29)
"""Where the lines of the plane stand before the first layer."""


@dataclass(frozen=True)
class Eye:
    """How the data's plane lies in the frame: a pivot, scales along and across the pile, the way that the pile goes, and a turn about a point."""

    pivot: Floats
    scale: Floats
    along: Floats
    turn: float = 0.0
    about: Floats = field(default_factory=lambda: np.zeros(2))

    def spots(self, points: Floats, depth: ArrayLike) -> Floats:
        """Points (…, 2) of the data at depths 0–1 in the frame, (…, 2)."""
        turned = points - self.about
        if self.turn:
            cos, sin = np.cos(self.turn), np.sin(self.turn)
            turned = turned @ np.array([[cos, sin], [-sin, cos]])
        return np.asarray(self.pivot + (np.asarray(depth, dtype=float)[..., None] - 0.5) * self.along + turned * self.scale)


class Braid(Picture):
    """Points of two classes, before the first layer and after each, and the way that each point takes.

    Dials: ``step`` counts layers; ``side`` 0–1 walks round from the plane's face to the pile's side; ``taut`` 0–1 pulls every
    thread straight between its ends; ``bent`` 0–1 turns the pile into the one with bends; ``aside`` 0–1 takes the plane from
    the middle of the stage to the region where a field will stand; ``far`` 0–1 steps back until all layers fit; ``grid`` 0–1
    the plane's lines; ``gap`` 0–1 moves the true ends to one side and lays out, at the other, those that the best single layer
    reaches: threads between them are parallel as far as it succeeds; ``aim``
    0–1 turns the plane and comes nearer, until the points at the end lie along the stage and fill it.

    Parameters
    ----------
    stage, home
        Regions of the frame.
    window
        Left, right, bottom, top of the plane as it will be laid into ``home``, in the data's units.
    labels
        0 or 1 for each point, (n,).
    path, bent_path
        (L + 1, n, 2): the points before the first and after each layer, without and with bends.
    products
        (L + 1, 2, 2): what the layers so far make of the plane, without bends.
    reached
        (n, 2): where the best single layer takes the points, for the pile with bends.
    """

    dial_names: ClassVar[dict[str, float]] = {
        "step": 0.0, "side": 0.0, "taut": 0.0, "bent": 0.0, "aside": 0.0, "far": 0.0, "grid": 1.0, "gap": 0.0,
        "aim": 0.0,
    }  # fmt: skip

    def __init__(
        self, stage: Region, home: Region, window: ArrayLike, labels: ArrayLike, path: ArrayLike, bent_path: ArrayLike,
        products: ArrayLike, reached: ArrayLike, **dials: float,
    ) -> None:  # fmt: skip
        self.stage, self.home = stage, home
        left, right, bottom, top = np.asarray(window, dtype=float)
        self.middle = np.array([left + right, bottom + top]) / 2
        self.near = min(home.width / (right - left), home.height / (top - bottom))
        self.labels = np.asarray(labels).astype(int)
        self.path, self.bent_path = np.asarray(path, dtype=float), np.asarray(bent_path, dtype=float)
        self.products, self.reached = np.asarray(products, dtype=float), np.asarray(reached, dtype=float)
        self.layers = len(self.path) - 1
        self.reaches = [1.06 * max(float(np.abs(each).max()), 1e-9) for each in (self.path, self.bent_path)]
        self.threads = np.unique(np.linspace(0, len(self.labels) - 1, THREADS).astype(int))
        super().__init__((stage.left, stage.bottom, stage.right, stage.top), **dials)

    @classmethod
    def of(cls, trace: Trace, stage: Region, home: Region, **dials: float) -> Braid:
        """The pile of a record like :func:`nnanim.sim.activations.record`'s."""
        names = ("view", "labels", "pile", "bent_pile", "products", "bent_fit")
        return cls(stage, home, *(trace[name] for name in names), **dials)

    # ---- where things are

    def eye(self) -> Eye:
        """How the plane lies in the frame now."""
        side, aside, far = self.dial("side"), self.dial("aside"), self.dial("far")
        stage, upright = self.stage, self.upright
        room = ABOVE * stage.height * side
        across = min(stage.width, self.home.width) if upright else min(stage.height, self.home.height) - room
        all_of_it = 0.5 * across / self.reach
        scale = self.near ** (1 - far) * all_of_it**far
        pivot = (1 - aside) * stage.center[:2] + aside * self.home.center[:2] - (1 - far) * scale * self.middle
        pivot = pivot - (0.0, room / 2)
        along = np.array([0.0, -1.0]) if upright else np.array([1.0, 0.0])
        squeezed = 1 - side * (1 - SQUEEZE)
        length = (stage.height - room if upright else stage.width) - 2 * SQUEEZE * all_of_it * self.reach
        scales = np.where(along != 0, squeezed, 1.0) * scale
        if aim := self.dial("aim"):
            about, turn, nearest = self._aim()
            pivot = (1 - aim) * (pivot + about * scales) + aim * stage.center[:2]
            return Eye(pivot, scales ** (1 - aim) * nearest**aim, along * max(length, 0.0) * side, aim * turn, about)
        return Eye(pivot, scales, along * max(length, 0.0) * side)

    @property
    def upright(self) -> bool:
        """Whether the pile goes downwards."""
        return self.stage.height > self.stage.width

    @property
    def apart(self) -> Floats:
        """How far the true ends and those of one layer are moved away from the middle, either way, (2,)."""
        return np.array([-0.25 * self.stage.width, 0.0] if self.upright else [0.0, 0.22 * self.stage.height])

    def _aim(self) -> tuple[Floats, float, float]:
        """The middle of the last points and of what one layer makes of them, the turn that lays them flat, and a scale."""
        points = np.concatenate([self.bent_path[-1], self.reached])
        axes = np.linalg.svd(points - points.mean(0), full_matrices=False)[2]
        long = axes[0] * (1 if axes[0] @ (1.0, 0.3) >= 0 else -1)
        turn = float((np.pi / 2 if self.upright else 0.0) - np.arctan2(long[1], long[0]))
        cos, sin = np.cos(turn), np.sin(turn)
        flat = points @ np.array([[cos, sin], [-sin, cos]])
        extent = np.maximum(np.ptp(flat, axis=0), 1e-9)
        middle = (flat.max(0) + flat.min(0)) / 2 @ np.array([[cos, -sin], [sin, cos]])
        room = np.array([0.38, 0.8] if self.upright else [0.94, 0.4]) * (self.stage.width, self.stage.height)
        return middle, turn, float((room / extent).min())

    @property
    def reach(self) -> float:
        """The largest coordinate of the pile as the dials have it, and a little more."""
        straight, bent = self.reaches
        return (1 - self.dial("bent")) * straight + self.dial("bent") * bent

    def places(self) -> Floats:
        """Every point before the first layer and after each, as the dials have it, (L + 1, n, 2)."""
        bent, taut = self.dial("bent"), self.dial("taut")
        places = self.path if not bent else (1 - bent) * self.path + bent * self.bent_path
        if not taut:
            return places
        depth = np.linspace(0, 1, self.layers + 1)[:, None, None]
        return np.asarray((1 - taut) * places + taut * ((1 - depth) * places[0] + depth * places[-1]))

    def at_step(self, rows: Floats) -> Floats:
        """The row of an array (L + 1, …) at the dial ``step``, between two rows where it is on its way."""
        step = float(np.clip(self.dial("step"), 0, self.layers))
        first = min(int(step), self.layers - 1)
        return np.asarray((1 - (step - first)) * rows[first] + (step - first) * rows[first + 1])

    def anchor(self, name: str) -> Floats:
        """``front``: above the foremost layer; ``corner``: at the left of what is free above the pile; ``true``, ``single``: by the true
        ends and those of one layer, as ``gap`` lays them out.
        """
        eye, depth = self.eye(), self.dial("step") / self.layers
        if name == "front":
            x, y = eye.spots(np.array([0.0, 0.0]), depth)
            high = self.stage.top if self.stage.width > self.stage.height else y
            return np.array([x, high, 0.0])
        if name in ("true", "single"):
            x, y = self.stage.center[:2] + (1 if name == "true" else -1) * self.apart
            if self.upright:
                return np.array([x, self.stage.top - 0.3, 0.0])
            return np.array([self.stage.left + 0.1, y + (0.17 if name == "true" else -0.14) * self.stage.height, 0.0])
        if name == "corner":
            return np.array([self.stage.left + 0.1, self.stage.top - 0.5 * ABOVE * self.stage.height, 0.0])
        return super().anchor(name)

    # ---- what is written there

    def counter(self, numbers: Sequence[Quantity], before: str) -> Readout:
        """A number above the pile that counts its layers along with ``step``."""
        return Readout(numbers, self, "step", before=before, anchor="corner", size=self.em, align="left")

    def heading(self, content: Showable) -> Tag:
        """What is said above the pile."""
        return Tag(content, self, "corner", size=self.em, align="left")

    def names(self, true: Showable, single: Showable) -> list[Tag]:
        """What the true ends and those of one layer are called."""
        size = min(frame().label, self.stage.width / 17)
        align: Align = "center" if self.upright else "left"
        return [Tag(words, self, end, size=size, align=align) for end, words in (("true", true), ("single", single))]

    @property
    def em(self) -> float:
        """The type above the pile."""
        return min(0.85 * frame().number, self.stage.width / 11)

    # ---- painting

    def draw(self, canvas: Canvas) -> None:
        """Slabs and threads from behind, then the foremost plane with its points."""
        eye, places = self.eye(), self.places()
        depth = float(np.clip(self.dial("step"), 0, self.layers)) / self.layers
        front = self.at_step(places)
        if (side := self.dial("side")) > 0.02:
            self._draw_slabs(canvas, eye, side)
            self._draw_threads(canvas, eye, places, front, side)
            draw_points(canvas, eye.spots(places[0], 0.0), self.labels, 0.045, 0.75 * side)
        if grid := self.dial("grid") * (1 - side) * (1 - self.dial("bent")):
            with canvas.within(*self._window()):
                self._draw_grid(canvas, eye, depth, grid)
        spots = eye.spots(front, depth)
        if gap := self.dial("gap"):
            apart = gap * self.apart
            self._draw_gap(canvas, eye.spots(self.reached, depth) - apart, spots + apart, gap)
            spots = spots + apart
        draw_points(canvas, spots, self.labels, 0.045 + 0.035 * (1 - side) * (1 - 0.35 * self.dial("far")))

    def _draw_slabs(self, canvas: Canvas, eye: Eye, side: float) -> None:
        r = 0.98 * self.reach
        corners = np.array([(-r, -r), (r, -r), (r, r), (-r, r)])
        edge, ground = rgba(theme().line), rgba(theme().panel)
        last = int(self.dial("step") + 1e-6)
        for layer in range(self.layers + 1):
            shape = eye.spots(corners, layer / self.layers)
            done = layer <= last
            if done and layer % max(1, self.layers // 25) == 0:
                canvas.polygon(shape, ground, 0.16 * side)
            canvas.line(shape, 0.012, edge, (0.55 if done else 0.3) * side, closed=True)
        shape = eye.spots(corners, self.dial("step") / self.layers)
        canvas.polygon(shape, ground, 0.5 * side)
        canvas.line(shape, 0.03, rgba(theme().muted), 0.8 * side, closed=True)

    def _draw_threads(self, canvas: Canvas, eye: Eye, places: Floats, front: Floats, side: float) -> None:
        step = float(np.clip(self.dial("step"), 0, self.layers))
        whole = int(step)
        rows = np.concatenate([places[: whole + 1, self.threads], front[None, self.threads]])
        depths = np.append(np.arange(whole + 1), step) / self.layers
        ways = eye.spots(rows, depths[:, None])
        colors = rgba(theme().first_class), rgba(theme().second_class)
        for place, thread in enumerate(self.threads):
            canvas.line(ways[:, place], 0.022, colors[self.labels[thread]], 0.5 * side)

    def _window(self) -> tuple[float, float, float, float]:
        """Left, bottom, right, top of what is seen of the plane's lines: the whole frame, or the field's region."""
        whole, home = frame().whole, self.home
        ends = np.array([(w.left, w.bottom, w.right, w.top) for w in (whole, home)])
        left, bottom, right, top = (1 - self.dial("aside")) * ends[0] + self.dial("aside") * ends[1]
        return float(left), float(bottom), float(right), float(top)

    def _draw_grid(self, canvas: Canvas, eye: Eye, depth: float, shown: float) -> None:
        matrix, color = self.at_step(self.products), rgba(theme().line)
        end = GRID[-1]
        for line in GRID:
            for ends in (((line, -end), (line, end)), ((-end, line), (end, line))):
                canvas.line(eye.spots(np.array(ends) @ matrix.T, depth), 0.05 if line == 0 else 0.022, color, 0.95 * shown)

    def _draw_gap(self, canvas: Canvas, reached: Floats, spots: Floats, shown: float) -> None:
        colors = rgba(theme().first_class), rgba(theme().second_class)
        for start, end, label in zip(reached, spots, self.labels, strict=True):
            canvas.line([start, end], 0.02, colors[label], 0.4 * shown)
        draw_points(canvas, reached, self.labels, 0.06, shown)
