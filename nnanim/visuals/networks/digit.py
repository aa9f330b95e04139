"""A handwritten digit as cells of light; its rows peel off and run like a tape onto a rail, where each pixel is a tick."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from nnanim.visuals.networks.layout import PIXELS, SIDE, DigitLayout
from nnanim.visuals.page.frame import Region
from nnanim.visuals.page.theme import along, rgba, theme
from nnanim.visuals.paint.canvas import Canvas
from nnanim.visuals.paint.painted import Floats, ink
from nnanim.visuals.paint.picture import Picture

GAP = 0.06
"""Between cells, as a share of a cell."""
LEAD = 0.16
"""How much of the tape is in the air at once, as a share of all pixels."""
PEAK, FOOT = 0.42, 0.08
"""Lengths of the ticks of full and of no ink, in manim units."""
GRID = np.stack([np.tile(np.arange(SIDE) - 13.5, SIDE), np.repeat(13.5 - np.arange(SIDE), SIDE)], axis=1)
"""Where the pixels of a digit stand from its middle, in cells."""


def square_in(region: Region) -> Region:
    """The largest square in the middle of a region."""
    half = min(region.width, region.height) / 2
    x, y, _ = region.center
    return Region(x - half, x + half, y - half, y + half)


class Digit(Picture):
    """The digit, as cells or as a tape.

    Dials: ``scan`` light that runs along its rows (0–1 from the first pixel to the last; outside of it there is none),
    ``aside`` 0–1 from its first place to the one from which the tape leaves, ``unroll`` 0–1 the pixels run onto the rail,
    ``leave`` 0–1 what stays behind shrinks to its last place, ``erase`` 0–1 one pixel loses its ink, ``dim`` 0–1,
    ``ring`` 0–1 a ring around that pixel, ``turning`` 0–1 rings around the pixels that are listed, ``near`` how near a neuron has come (the ticks go out of sight), ``back`` 0–1 the tape's
    ticks fade while the digit stands large again.

    Anchors: ``pixel``: the pixel that loses its ink; ``top``, ``foot``: above and below the cells.

    Parameters
    ----------
    image
        (28, 28), 0–1.
    layout
        Where the rail is.
    first, leaving, last
        Regions in which the digit stands at first, when the tape leaves it, and at last.
    pixel
        Place in reading order of the pixel that can be erased.
    turning
        Places of further pixels that may be ringed.
    """

    dial_names: ClassVar[dict[str, float]] = {
        "scan": -1.0, "aside": 0.0, "unroll": 0.0, "leave": 0.0, "erase": 0.0, "dim": 0.0, "ring": 0.0, "turning": 0.0,
        "near": 0.0, "ticks": 1.0,
    }  # fmt: skip
    bleeds: ClassVar[float] = 0.4

    def __init__(
        self, image: ArrayLike, layout: DigitLayout, first: Region, leaving: Region, last: Region, neuron: int = 0,
        pixel: int = 0, turning: ArrayLike = (), **dials: float,
    ) -> None:  # fmt: skip
        self.values = np.asarray(image, dtype=float).reshape(-1)
        self.layout, self.neuron, self.pixel = layout, neuron, pixel
        self.others = np.asarray(turning, dtype=int)
        self.places = [(r.center[:2], min(r.width, r.height) / SIDE) for r in (first, leaving, last)]
        whole = layout.region
        super().__init__((whole.left, whole.bottom, whole.right, whole.top), **dials)

    def stands(self, where: Region) -> None:
        """From now on its first place is another one."""
        self.places = [(where.center[:2], min(where.width, where.height) / SIDE), *self.places[1:]]

    # ---- where the cells are

    def _stand(self) -> tuple[Floats, float]:
        """Middle of the digit and side of a cell now."""
        (m0, c0), (m1, c1), (m2, c2) = self.places
        aside, leave = self.dial("aside"), self.dial("leave")
        middle, cell = m0 + aside * (m1 - m0), float(c0 + aside * (c1 - c0))
        return middle + leave * (m2 - middle), cell + leave * (c2 - cell)

    def anchor(self, name: str) -> Floats:
        """``pixel``, ``top``, ``foot``."""
        middle, cell = self._stand()
        offsets = {"pixel": GRID[self.pixel], "top": np.array([0, 14.0]), "foot": np.array([0, -14.0])}
        if name not in offsets:
            return super().anchor(name)
        return np.append(middle + cell * offsets[name], 0.0)

    # ---- painting

    def _shown(self) -> Floats:
        values = self.values.copy()
        values[self.pixel] *= 1 - self.dial("erase")
        return values

    def draw(self, canvas: Canvas) -> None:
        """What stays, the tape in the air, the ticks on the rail."""
        unroll, dim = self.dial("unroll"), self.dial("dim")
        values = self._shown()
        middle, cell = self._stand()
        if (near := self.dial("near")) < 0.5:
            self._draw_cells(canvas, values, middle, cell, (1 - 0.6 * dim) * max(0.0, 1 - 3 * near))
        if unroll > 0 and self.dial("ticks") > 0:
            self._draw_tape(canvas, values, middle, cell, unroll)
        self._draw_rings(canvas, middle, cell)

    def _light(self, values: Floats) -> Floats:
        return along(theme().activation_ramp, values)

    def _draw_cells(self, canvas: Canvas, values: Floats, middle: Floats, cell: float, opacity: float) -> None:
        colors = self._light(values)
        left_behind = np.clip((self.dial("unroll") * (1 + LEAD) - np.arange(PIXELS) / PIXELS) / 0.02, 0, 1)
        fade = 1 - left_behind * (1 - self.dial("leave")) * 0.82
        scan = self.dial("scan") * PIXELS
        lift = np.exp(-(((np.arange(PIXELS) - scan) / 20.0) ** 2)) * float(0 <= scan <= PIXELS)
        chosen = rgba(theme().chosen)
        colors = colors + (lift * 0.75)[:, None] * (chosen - colors)
        corners = middle[0] - 14 * cell, middle[1] - 14 * cell, middle[0] + 14 * cell, middle[1] + 14 * cell
        ground = rgba(theme().panel)
        canvas.box(*(corners[0], corners[1], 28 * cell, 28 * cell), ground, opacity, radius=0.6 * cell)
        alphas = opacity * fade
        if theme().name == "dark" and opacity > 0.3 and cell > 0.1:
            grid = (values * alphas).reshape(SIDE, SIDE)
            picture = np.dstack([np.broadcast_to(rgba(theme().text)[:3], (SIDE, SIDE, 3)), grid])
            canvas.glow(lambda c: c.image(picture, corners), corners, 1.6 * cell, 0.35)
        half = cell * (1 - GAP) / 2
        places = middle + cell * GRID
        drawn = np.flatnonzero((values > 0) | (lift > 0.02))
        _boxes(canvas, places[drawn], half, colors[drawn], alphas[drawn])

    def _draw_tape(self, canvas: Canvas, values: Floats, middle: Floats, cell: float, unroll: float) -> None:
        near, fade = self.dial("near"), self.dial("ticks")
        shares = unroll * (1 + LEAD) - LEAD - np.arange(PIXELS) / PIXELS
        air = np.clip(1 + shares / LEAD, 0, 1)
        flown = air * air * (3 - 2 * air)
        on, outward = self.layout.rail(np.clip(shares, 0, 1))
        cells = middle + cell * GRID
        entry, out_there = self.layout.rail(0.0)
        bend = entry + 0.9 * np.array([out_there[1], -out_there[0]]) * (1 if not self.layout.tall else -1)
        f = flown[:, None]
        spots = np.where(
            (shares >= 0)[:, None], on, (1 - f) ** 2 * cells + 2 * f * (1 - f) * (0.5 * cells + 0.5 * bend) + f * f * entry
        )
        tangent = np.stack([outward[:, 1], -outward[:, 0]], axis=1)
        wide = (1 - f) * cell * (1 - GAP) / 2 + f * 0.46 * self.layout.rail_length / PIXELS
        high = (1 - f) * cell * (1 - GAP) / 2 + f * (FOOT + (PEAK - FOOT) * values)[:, None] / 2
        turn = np.where((shares >= 0)[:, None], 1.0, f)
        u = (1 - turn) * np.array([1.0, 0.0]) + turn * tangent
        v = (1 - turn) * np.array([0.0, 1.0]) + turn * outward
        spots = spots + turn * high * outward
        corners = np.stack([spots - wide * u - high * v, spots + wide * u - high * v, spots + wide * u + high * v, spots - wide * u + high * v], axis=1)
        corners = self.layout.seen(corners, near, self.neuron)
        alphas = fade * np.where(air > 0, 1.0, 0.0) * max(0.0, 1 - 2 * near)
        flying = (air < 1) & (values == 0)
        colors = np.where((values > 0)[:, None], self._light(np.maximum(values, 0.25)), rgba(theme().line))
        _quads(canvas, corners, colors, alphas * np.where(flying, 0.55, 1.0))

    def _draw_rings(self, canvas: Canvas, middle: Floats, cell: float) -> None:
        if many := self.dial("turning"):
            for place in self.others:
                x, y = middle + cell * GRID[place]
                canvas.box(x - cell / 2, y - cell / 2, cell, cell, rgba(theme().chosen), many, radius=0.2 * cell, line=0.06)
        if ring := self.dial("ring"):
            x, y = middle + cell * GRID[self.pixel]
            half = cell * (0.75 + 1.5 * (1 - min(ring, 1)))
            canvas.box(x - half, y - half, 2 * half, 2 * half, rgba(theme().chosen), min(ring, 1), radius=0.4 * cell, line=0.09)


def _boxes(canvas: Canvas, centers: Floats, half: float, colors: Floats, alphas: Floats) -> None:
    ctx = canvas.ctx
    inks = ink(canvas.camera, np.concatenate([colors[:, :3], alphas[:, None]], axis=1)).tolist()
    for (x, y), color in zip((centers - half).tolist(), inks, strict=True):
        ctx.rectangle(x, y, 2 * half, 2 * half)
        ctx.set_source_rgba(*color)
        ctx.fill()


def _quads(canvas: Canvas, corners: Floats, colors: Floats, alphas: Floats) -> None:
    ctx = canvas.ctx
    seen = alphas > 0.004
    inks = ink(canvas.camera, np.concatenate([colors[:, :3], alphas[:, None]], axis=1))[seen].tolist()
    for (a, b, c, d), color in zip(corners[seen].tolist(), inks, strict=True):
        ctx.move_to(*a)
        ctx.line_to(*b)
        ctx.line_to(*c)
        ctx.line_to(*d)
        ctx.close_path()
        ctx.set_source_rgba(*color)
        ctx.fill()
