"""Layers as slabs in perspective: face on, from the side, and edge on as the columns of a chart; light walks back through them."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from nnanim.quantity import Label, Quantity, Sentence
from nnanim.visuals.page.frame import Region
from nnanim.visuals.page.readout import Tag, fitting
from nnanim.visuals.page.theme import rgba, theme
from nnanim.visuals.paint.canvas import Canvas
from nnanim.visuals.paint.painted import Floats
from nnanim.visuals.paint.picture import Picture
from nnanim.visuals.plots.axes import Axes
from nnanim.visuals.plots.field import Field, draw_points

PITCH, LONGEST = 0.9, 5.6
"""Distance of two slabs when there is room, and of the first from the last at most, in halves of a slab's side."""
NEAR = 7.5
"""How far the eye is from the first slab, in the same unit; edge on it is infinitely far."""
BEYOND = 2.4
"""How far behind the last slab the loss shines."""
TALLEST = 2.4
"""Height over width of the slabs at most, where they are stretched to fill a narrow region."""
SQUARE = np.array([(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)])


class Slabs(Picture):
    """A deep network from the first layer, in front, to the last, and how strongly a gradient shines on each.

    Dials: ``turn`` 0 the first slab's face, about 0.55 all in perspective, 1 edge on, as columns over an axis; ``front`` how
    many slabs, counted from the last, the light has passed; ``light`` 0–1 brightness; ``version`` which of several rows of
    strengths is shown (between two of them they are blended); ``loss`` 0–1 the light at the far end; ``points`` 0–1 the data
    on the first slab; ``roads`` 0–1 a road over each slab; ``gates`` 0–1 a gate in each; ``bars`` 0–1 columns to scale, edge on;
    ``log`` 0–1 turns columns into points over a logarithmic axis, joined by a line.

    Parameters
    ----------
    region
        Where the slabs stand.
    field
        What is seen of the first slab face on.
    strengths
        (V, L): the largest of a row shines brightest. NaN and 0 do not shine.
    axes
        Over which the columns stand edge on; its y scale is logarithmic.
    xs
        Where each slab stands on the x axis, (L,).
    """

    dial_names: ClassVar[dict[str, float]] = {
        "turn": 0.55, "front": 0.0, "light": 1.0, "version": 0.0, "loss": 0.0, "points": 0.0, "roads": 0.0, "gates": 0.0,
        "bars": 0.0, "log": 0.0,
    }  # fmt: skip
    bleeds: ClassVar[float] = 0.6

    def __init__(
        self, region: Region, field: Field, strengths: ArrayLike, axes: Axes, xs: ArrayLike, **dials: float,
    ) -> None:  # fmt: skip
        self.region, self.field, self.plot = region, field, axes.plot
        self.strengths = np.nan_to_num(np.asarray(strengths, dtype=float), posinf=0.0)
        self.layers = self.strengths.shape[1]
        largest = self.strengths.max(axis=1, keepdims=True)
        self.shares = self.strengths / np.where(largest > 0, largest, 1.0)
        self.heights = np.nan_to_num(np.asarray(axes.y.share(self.strengths), dtype=float))
        self.across = axes.plot.left + np.asarray(axes.x.share(xs), dtype=float) * axes.plot.width
        self.depths = np.arange(self.layers) * min(PITCH, LONGEST / max(self.layers - 1, 1))
        super().__init__((region.left, region.bottom, region.right, region.top), **dials)

    # ---- where things are

    def row(self, rows: Floats) -> Floats:
        """The row of an array (V, L) at the dial ``version``."""
        version = float(np.clip(self.dial("version"), 0, len(rows) - 1))
        first = min(int(version), len(rows) - 1)
        second = min(first + 1, len(rows) - 1)
        return np.asarray((1 - (version - first)) * rows[first] + (version - first) * rows[second])

    def seen(self, spots: ArrayLike, depths: ArrayLike) -> Floats:
        """Where points of slabs, −1 to 1 across and up, at these depths stand in the frame, (…, 2)."""
        turn = self.dial("turn")
        flat = self._flat(turn)
        loose, (scale, shift) = self._project(spots, depths, turn), self._fit(turn)
        placed = loose * scale + shift
        if not flat:
            return placed
        spots, depths = np.asarray(spots, dtype=float), np.asarray(depths, dtype=float)
        steps = np.interp(depths, self.depths, self.across) if self.layers > 1 else np.full(depths.shape, self.across[0])
        steps = steps + np.maximum(depths - self.depths[-1], 0) * 0.4 + np.minimum(depths, 0) * 0.4
        x = steps + 0.5 * self.thickness * spots[..., 0]
        y = self.plot.bottom + (spots[..., 1] + 1) / 2 * self.plot.height
        return np.asarray((1 - flat) * placed + flat * np.stack(np.broadcast_arrays(x, y), axis=-1))

    @staticmethod
    def _flat(turn: float) -> float:
        """How far the slabs are columns."""
        share = float(np.clip((turn - 0.62) / 0.38, 0, 1))
        return share * share * (3 - 2 * share)

    @property
    def thickness(self) -> float:
        """Of a column."""
        pitch = abs(self.across[-1] - self.across[0]) / max(self.layers - 1, 1) if self.layers > 1 else 1.0
        return min(0.62 * pitch, 0.9)

    def _project(self, spots: ArrayLike, depths: ArrayLike, turn: float) -> Floats:
        spots, depths = np.asarray(spots, dtype=float), np.asarray(depths, dtype=float)
        yaw = turn * np.pi / 2
        pitch = 0.2 * np.sin(min(turn / 0.62, 1.0) * np.pi / 2) * (1 - self._flat(turn))
        x = spots[..., 0] * np.cos(yaw) + depths * np.sin(yaw)
        z = depths * np.cos(yaw) - spots[..., 0] * np.sin(yaw)
        y, z = spots[..., 1] * np.cos(pitch) + z * np.sin(pitch), z * np.cos(pitch) - spots[..., 1] * np.sin(pitch)
        nearer = NEAR / np.maximum(NEAR + z * (1 - self._flat(turn)), 0.5)
        return np.stack(np.broadcast_arrays(x * nearer, y * nearer), axis=-1)

    def _fit(self, turn: float) -> tuple[Floats, Floats]:
        """Scales and shift that let all slabs, and some room for what stands beyond them, fill the region."""
        opened = float(np.clip(turn / 0.4, 0, 1))
        spots = np.concatenate([SQUARE, SQUARE, [(0.4, 0.0), (-0.55, 1 + 0.36 * opened)]])
        behind = self.depths[-1] + BEYOND * opened
        depths = np.array([0.0] * 4 + [self.depths[-1] * (1 if opened else 0)] * 4 + [behind * opened, 0.0])
        ends = self._project(spots, depths, turn)
        low, high = ends.min(axis=0), ends.max(axis=0)
        room = self.region
        faces = np.array(self.field.corners)
        extent = np.array([room.width, room.height]) * opened + (1 - opened) * (faces[2:] - faces[:2])
        middle = room.center[:2] * opened + (1 - opened) * (faces[2:] + faces[:2]) / 2
        scales = extent / np.maximum(high - low, 1e-9)
        if scales[1] > scales[0]:
            scales[1] = min(scales[1], TALLEST * scales[0])
        else:
            scales[0] = min(scales[0], 1.9 * scales[1])
        return scales, middle - scales * (low + high) / 2

    def anchor(self, name: str) -> Floats:
        """``head_left``, ``head_right``: above the region; ``under``: below the last slab; ``loss``: at the far end; ``value_first``, ``value_last``."""
        if name.startswith("value"):
            place = 0 if name == "value_first" else -1
            height = self.row(self.heights)[place]
            return np.array([self.across[place], self.plot.bottom + height * self.plot.height, 0.0])
        if name.startswith("head"):
            return self.place(float(name == "head_right"), 1.0) + np.array([0.0, 0.4, 0.0])
        spots = {"under": (0.6, -1.0, self.depths[-1])}
        if name == "loss":
            return np.append(self._sun(), 0.0)
        if name not in spots:
            return super().anchor(name)
        x, y, depth = spots[name]
        return np.append(self.seen(np.array([x, y]), np.array(depth)), 0.0)

    def end_numbers(self, first: Quantity, last: Quantity, em: float) -> list[Tag]:
        """What arrives at the first and at the last layer, beside the ends of the line that edge on runs over the axis, and off it."""
        steep = self.plot.height / self.plot.width
        inside = (em, 0.1 * em) if steep > 0.7 else (0.0, (0.6 + 4.2 * steep) * em)
        rises = self.strengths[0, 0] < self.strengths[0, -1]
        away = (inside, (0.5 * em, 0.9 * em)) if rises else ((2.3 * em, 0.55 * em), inside)  # beside the name of the axis
        if self.layers <= 6:
            return [Tag(value, self, f"value_{name}", (0.0, 0.9 * em), em) for value, name in ((first, "first"), (last, "last"))]
        (x, y), (back, up) = away
        return [
            Tag(first, self, "value_first", (x, y), em, align="left"),
            Tag(last, self, "value_last", (-back, up), em, align="right"),
        ]

    def heads(self, first: Quantity, last: Quantity, em: float) -> list[Tag]:
        """What the first and the last layer get, over the two ends, in type in which both have room."""
        words = Sentence("first {x}", {"x": first}), Sentence("last {x}", {"x": last})
        size = min(em, fitting(words, 0.47 * self.region.width))
        return [
            Tag(words[0], self, "head_left", size=size, align="left"),
            Tag(words[1], self, "head_right", size=size, align="right"),
        ]

    def product(self) -> tuple[Label, list[tuple[int, int]]]:
        """The gradient at the first layer as a product with a factor for every further layer, the indices being names.

        Also how many of its signs stand for which layer, in order; 0 is the loss. Few layers are written out.
        """
        last, few = self.layers, self.layers < 6
        factors = [(str(layer), 1, layer) for layer in range(last, 1, -1)] if few else [("L", 1, last), ("(L-1)", 3, last - 1)]
        written = [(f"f_{name}", 1 + signs, layer) for name, signs, layer in factors]
        if not few:
            written += [("dots.c", 1, (last + 2) // 2), ("f_3", 2, 3), ("f_2", 2, 2)]
        whole = f"frac(partial cal(L), partial a_1) = frac(partial cal(L), partial a_{last if few else 'L'})"
        label = Label(" dot ".join([whole, *(factor for factor, *_ in written)]))
        return label, [(7, 1), (6, 0), *((1 + signs, layer) for _, signs, layer in written)]

    def of_layer(self, layer: int) -> Floats:
        """The middle of a layer's slab as it is seen now, (3,); of layer 0 the loss."""
        return np.append(self.seen(np.zeros(2), self.depths[layer - 1]) if layer else self._sun(), 0.0)

    def _sun(self) -> Floats:
        return self.seen(np.array([0.0, 0.0]), np.array(self.depths[-1] + BEYOND))

    # ---- painting

    def draw(self, canvas: Canvas) -> None:
        """From the far end to the first slab, then what stands over them."""
        flat = self._flat(self.dial("turn"))
        shares = self.row(self.shares) * self.dial("light")
        reached = self.layers - self.dial("front")  # slabs with a number above this have been passed
        lit = np.clip(np.arange(self.layers) + 1 - reached, 0, 1) * shares
        outlines = self.seen(np.broadcast_to(SQUARE, (self.layers, 4, 2)), np.repeat(self.depths[:, None], 4, axis=1))
        if loss := self.dial("loss") * (1 - flat):
            self._draw_sun(canvas, loss)
        if flat < 1:
            self._draw_slabs(canvas, outlines, lit, 1 - flat)
            if points := self.dial("points") * (1 - flat):
                self._draw_points(canvas, points)
            if 0 < self.dial("front") < self.layers and self.dial("light") > 0:
                self._draw_wave(canvas, reached, shares, 1 - flat)
        if flat:
            self._draw_columns(canvas, flat, lit)

    def _draw_slabs(self, canvas: Canvas, outlines: Floats, lit: Floats, shown: float) -> None:
        opened = float(np.clip(self.dial("turn") / 0.12, 0, 1))
        hue, panel, edge = rgba(theme().gradient), rgba(theme().panel), rgba(theme().muted)
        dark = theme().name == "dark"
        for layer in reversed(range(self.layers)):
            if layer and not opened:
                continue
            shape, strength = outlines[layer], float(lit[layer])
            canvas.polygon(shape, panel, (0.42 * opened if layer else 0.55 * opened) * shown)
            canvas.line(shape, 0.022 if layer else 0.035, edge, (0.7 if layer else 0.95) * opened * shown, closed=True)
            if strength > 0.004:
                canvas.polygon(shape, hue, 0.8 * strength * shown)
                canvas.line(shape, 0.035, 0.4 * rgba(theme().text) + 0.6 * hue, strength * shown, closed=True)
                if strength > 0.12 and layer % max(1, self.layers // 12) == 0:
                    low, high = shape.min(axis=0), shape.max(axis=0)
                    canvas.glow(partial(_fill, shape=shape, color=hue), (*low, *high), 0.22, 0.5 * strength * shown, dark)
            if gates := self.dial("gates") * shown:
                self._draw_gate(canvas, layer, gates)
            if roads := self.dial("roads") * shown:
                self._draw_road(canvas, layer, roads, strength)

    def _draw_gate(self, canvas: Canvas, layer: int, shown: float) -> None:
        if not layer:
            return
        size = 0.62 - 0.12 * shown
        shape = self.seen(SQUARE * size, np.full(4, self.depths[layer]))
        canvas.line(shape, 0.03, rgba(theme().text), 0.85 * shown, closed=True)

    def _draw_road(self, canvas: Canvas, layer: int, shown: float, strength: float) -> None:
        if not 0 < layer < self.layers - 1:
            return
        half = (self.depths[1] - self.depths[0]) / 2
        angle = np.linspace(0, np.pi * shown, 14)
        spots = np.stack([np.full(14, -0.55), 0.92 + 0.4 * np.sin(angle)], axis=-1)
        path = self.seen(spots, self.depths[layer] + half * np.cos(angle))
        hue = rgba(theme().gradient)
        canvas.line(path, 0.05, rgba(theme().text), 0.55 * shown)
        canvas.line(path, 0.05, hue, shown * min(1.0, 1.5 * strength))

    def _draw_wave(self, canvas: Canvas, reached: float, shares: Floats, shown: float) -> None:
        place = float(np.clip(reached, 0, self.layers - 1))
        strength = float(np.interp(place, np.arange(self.layers), shares))
        depth = np.interp(place, np.arange(self.layers), self.depths)
        if strength < 0.004:
            return
        shape = self.seen(SQUARE, np.full(4, depth))
        hue = 0.25 * rgba(theme().text) + 0.75 * rgba(theme().gradient)
        canvas.polygon(shape, hue, 0.75 * strength**0.5 * shown)
        low, high = shape.min(axis=0), shape.max(axis=0)
        canvas.glow(partial(_fill, shape=shape, color=hue), (*low, *high), 0.4, 1.1 * strength**0.5 * shown, theme().name == "dark")

    def _draw_sun(self, canvas: Canvas, shown: float) -> None:
        x, y = self._sun()
        rim = self.seen(np.array([(0.0, -0.42), (0.0, 0.42)]), np.full(2, self.depths[-1] + BEYOND))
        radius = max(0.5 * float(np.abs(rim[1] - rim[0]).max()), 0.12)
        color = rgba(theme().gradient)
        box = (x - radius, y - radius, x + radius, y + radius)
        canvas.glow(partial(_round, x=x, y=y, radius=radius, color=color), box, 0.8 * radius, 1.4 * shown, theme().name == "dark")
        canvas.disc(x, y, radius, color, shown)
        canvas.disc(x, y, 0.6 * radius, rgba(theme().background if theme().name == "light" else theme().text), 0.85 * shown)

    def _draw_points(self, canvas: Canvas, shown: float) -> None:
        field = self.field
        left, right, bottom, top = field.window
        spots = (field.data - (left, bottom)) / (right - left, top - bottom) * 2 - 1
        places = self.seen(spots, np.zeros(len(spots)))
        draw_points(canvas, places, field.labels, field.radius, shown)

    def _draw_columns(self, canvas: Canvas, shown: float, lit: Floats) -> None:
        log, bars = self.dial("log"), self.dial("bars")
        hue, width, plot = rgba(theme().gradient), self.thickness, self.plot
        for x in self.across:
            ghost = 0.5 * shown * (1 - log)
            canvas.box(x - width / 2, plot.bottom, width, plot.height, rgba(theme().panel), ghost, 0.04)
            canvas.box(x - width / 2, plot.bottom, width, plot.height, rgba(theme().line), ghost, 0.04, 0.015)
        tops = plot.bottom + plot.height * ((1 - log) * lit * bars + log * self.row(self.heights))
        known = self.row(self.strengths) > 0
        if log > 0:
            line = np.stack([self.across, tops], axis=1)[known]
            if len(line) > 1:
                canvas.line(line, 0.05, hue, log * log)
        for x, top, seen in zip(self.across, tops, known, strict=True):
            low = plot.bottom + log * (top - plot.bottom)
            across = width * (1 - log) + min(width, 0.2) * log
            if seen and top - low > 0.004:
                canvas.box(x - across / 2, low, across, top - low, hue, shown, 0.04)
            if log > 0 and seen:
                canvas.disc(x, top, 0.12 * log, hue, shown)
            elif log > 0:
                canvas.disc(x, top, 0.11 * log, hue, shown, 0.03)


def _fill(canvas: Canvas, shape: Floats, color: Floats) -> None:
    canvas.polygon(shape, color)


def _round(canvas: Canvas, x: float, y: float, radius: float, color: Floats) -> None:
    canvas.disc(x, y, radius, color)
