"""A concave wall of all attention heads of a model, a small grid for each; the camera goes into one of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import ClassVar

import cairo
import numpy as np
from numpy.typing import ArrayLike

from nnanim.quantity import Showable
from nnanim.visuals.page.frame import Region, frame
from nnanim.visuals.page.readout import Tag, fitting
from nnanim.visuals.page.theme import along, rgba, theme
from nnanim.visuals.paint.canvas import Canvas
from nnanim.visuals.paint.painted import Floats, ink
from nnanim.visuals.paint.picture import Picture

CELL = 6
"""Pixels of a cell in the picture of a head, of which one is the gap."""
BRIGHTER = 0.5
"""Attention is shown with this power of the share, so that small shares are seen."""
BEND = 2.3
"""Angle that the whole wall takes up on its circle, in radians, seen from far."""
FEWEST = 24
"""A wall of fewer tiles across takes up a smaller angle, so that tiles stay squares to the eye."""
FRAME = 0.08
"""Free space within a tile around its grid, as a share of the tile."""


class HeadWall(Picture):
    """All heads as tiles on a bent wall: layers from left to right where the frame is wide, else in rows.

    Dials: ``shown`` 0–1 tiles appear from the chosen one outwards, ``lit`` 0–1 all but one cell of each tile grow dim,
    ``ring`` 0–1 the ring around the chosen tile, ``near`` 0–1 the way from where the wall is seen whole to where the chosen
    tile fills the picture (the wall straightens on the way), ``row`` 0–1 in the chosen tile all but one row grow dim.

    Anchors: ``over`` and ``under`` the chosen tile, ``free`` in the masked half of its grid, ``cell`` in the middle of its lit cell, ``row0`` … left of its rows,
    ``column0`` … at the upper left of its columns' first seen cells.

    Parameters
    ----------
    region
        Where.
    attention
        (L, H, T, T).
    chosen
        Layer and head, from 0.
    cell
        Row and column of the cell that is lit in every tile.
    above
        Height that is kept free above the wall when it is seen whole.
    """

    dial_names: ClassVar[dict[str, float]] = {"shown": 0.0, "lit": 0.0, "ring": 0.0, "near": 0.0, "row": 0.0}
    bleeds: ClassVar[float] = 1.0

    def __init__(
        self, region: Region, attention: ArrayLike, chosen: tuple[int, int], cell: tuple[int, int], above: float = 0.0,
        **dials: float,
    ) -> None:  # fmt: skip
        self.attention = np.asarray(attention, dtype=np.float32)
        self.chosen, self.cell, self.above = chosen, cell, above
        layers, heads = self.attention.shape[:2]
        self.tokens = self.attention.shape[2]
        columns = [(layers, heads, True), *((per * heads, -(-layers // per), False) for per in range(1, layers + 1))]
        sizes = [min(region.width / across, (region.height - above) / down) for across, down, _ in columns]
        best = 0 if sizes[0] > 0.8 * max(sizes) else int(np.argmax(sizes))
        self.across, self.down, self.by_column = columns[best]
        super().__init__((region.left, region.bottom, region.right, region.top), **dials)

    # ---- where things are

    def spots(self) -> Floats:
        """Where tiles stand on the wall, (L H, 2), a tile being 1 wide, the middle of the wall at 0, 0."""
        layers, heads = self.attention.shape[:2]
        number = np.arange(layers * heads)
        if self.by_column:
            column, row = number // heads, number % heads
        else:
            column, row = number % self.across, number // self.across
        return np.column_stack([column - (self.across - 1) / 2, (self.down - 1) / 2 - row])

    @property
    def index(self) -> int:
        """The chosen head's number, all heads in order."""
        return self.chosen[0] * self.attention.shape[1] + self.chosen[1]

    def project(self, points: ArrayLike) -> Floats:
        """Points of the wall (…, 2) as points of the scene (…, 2)."""
        u, v = np.moveaxis(np.asarray(points, dtype=float), -1, 0)
        left, bottom, right, top = self.corners
        near = self.dial("near")
        bend = BEND / max(self.across, FEWEST) * (1 - near)
        x, z = (u, np.zeros_like(u)) if bend < 1e-6 else (np.sin(bend * u) / bend, (1 - np.cos(bend * u)) / bend)
        edge = self.across / 2
        wide = edge if bend < 1e-6 else np.sin(bend * edge) / bend
        deep = 0.0 if bend < 1e-6 else (1 - np.cos(bend * edge)) / bend
        focal = 0.8 * self.across
        width, height = right - left, top - bottom - self.above
        # Seen whole: the edges, which are nearest, fit the picture in width and in height.
        far = max(wide * focal * 2 / width, self.down * focal / height) + deep
        close = focal / (0.98 * min(0.78 * width, top - bottom))
        distance = far ** (1 - near) * close**near
        target = self.spots()[self.index]
        on_bend = target[0] if bend < 1e-6 else np.sin(bend * target[0]) / bend
        way = (far - distance) / max(far - close, 1e-9)
        aim = np.array([on_bend, target[1]]) * way
        scale = focal / np.maximum(distance - z, 1e-3)
        middle = (bottom + top - self.above * (1 - near)) / 2
        return np.stack([(left + right) / 2 + (x - aim[0]) * scale, middle + (v - aim[1]) * scale], axis=-1)

    def grid_point(self, across: float, down: float) -> Floats:
        """A point of the chosen tile's grid, in cells from its upper left corner, in the scene (2,)."""
        u, v = self.spots()[self.index]
        side = 1 - 2 * FRAME
        return self.project((u - side / 2 + across / self.tokens * side, v + side / 2 - down / self.tokens * side))

    def anchor(self, name: str) -> Floats:
        """``over``, ``under``, ``free``, ``cell``, ``row0`` …, ``column0`` …"""
        u, v = self.spots()[self.index]
        row, column = self.cell
        named = {
            "over": lambda: self.project((u, v + 0.5)),
            "under": lambda: self.project((u, v - 0.5)),
            "free": lambda: self.project((u + 0.2, v + 0.27)),
            "cell": lambda: self.grid_point(column + 0.5, row + 0.5),
        }
        if name in named:
            x, y = named[name]()
            if name in ("over", "under"):  # what stands there stays in the frame
                x = np.clip(x, self.corners[0] + 0.9, self.corners[2] - 0.9)
            return np.array([x, y, 0.0])
        for kind, point in (("row", lambda n: (-0.15, n + 0.5)), ("column", lambda n: (n + 0.06, n - 0.1))):
            if name.startswith(kind) and name[len(kind) :].isdigit():
                return np.append(self.grid_point(*point(int(name[len(kind) :]))), 0.0)
        return super().anchor(name)

    def names(self, labels: Sequence[Showable]) -> list[Tag]:
        """A name left of each row of the chosen tile as it will be when it is near; of one row where they would touch."""
        near = self.dial("near")
        self.turn(near=1.0)
        first = self.anchor("row0")
        pitch, room = float(first[1] - self.anchor("row1")[1]), float(first[0]) + frame().width / 2 - 0.3
        self.turn(near=near)
        em = max(frame().note, min(frame().label, 0.7 * pitch, fitting(labels, room)))
        inks = [theme().query if n == self.cell[0] else theme().muted for n in range(len(labels))]
        return [
            Tag(label, self, f"row{n}", (-0.1, 0.0), em, ink, align="right")
            for n, (label, ink) in enumerate(zip(labels, inks, strict=True))
            if pitch > 0.9 * em or n == self.cell[0]
        ]

    def name_of_column(self, label: Showable) -> Tag:
        """A name over the lit cell's column of the chosen tile."""
        em = frame().label
        return Tag(label, self, f"column{self.cell[1]}", (0.0, 0.7 * em), em, theme().key, align="left")

    # ---- painting

    def draw(self, canvas: Canvas) -> None:
        """The tiles, the chosen one in clear cells when it is near, and its ring."""
        spots, index = self.spots(), self.index
        away = np.hypot(*(spots - spots[index]).T)
        shown = np.clip(self.dial("shown") * (away.max() + 3) - away, 0, 1)
        corners = self.project(spots[:, None] + np.array([(-0.47, 0.47), (0.47, 0.47), (-0.47, -0.47)]))  # (L H, 3, 2)
        left, bottom, right, top = self.corners
        shown = shown * float(np.clip(3 * (1 - self.dial("near")), 0, 1))
        seen = (corners[..., 0].max(1) > left - 4) & (corners[..., 0].min(1) < right + 4) & (shown > 0)
        seen &= (corners[..., 1].max(1) > bottom - 4) & (corners[..., 1].min(1) < top + 4)
        pictures = self._pictures(canvas)
        lit = self.dial("lit")
        entered = self.dial("near") > 0.02
        for number in np.flatnonzero(seen).tolist():
            if number == index and entered:
                continue
            for kind, opacity in ((0, 1.0), (1, lit)):
                if opacity > 0:
                    self._tile(canvas, pictures[kind][number], corners[number], float(shown[number]) * opacity)
        if entered:
            self._clear_tile(canvas)
        self._ring(canvas)

    def _tile(self, canvas: Canvas, picture: cairo.ImageSurface, corners: Floats, opacity: float) -> None:
        (x, y), (right, right_y), (low_x, low) = corners
        side = picture.get_width()
        ctx = canvas.ctx
        ctx.save()
        ctx.transform(cairo.Matrix((right - x) / side, (right_y - y) / side, (low_x - x) / side, (low - y) / side, x, y))
        ctx.set_source_surface(picture, 0, 0)
        ctx.get_source().set_filter(cairo.FILTER_GOOD)
        ctx.paint_with_alpha(opacity)
        ctx.restore()

    def _clear_tile(self, canvas: Canvas) -> None:
        u, v = self.spots()[self.index]
        low, high = self.project((u - 0.47, v - 0.47)), self.project((u + 0.47, v + 0.47))
        (left, bottom), (width, height) = low.tolist(), (high - low).tolist()
        canvas.box(left, bottom, width, height, rgba(theme().panel), radius=0.05 * width)
        grid = self.attention[self.chosen]
        colors = along(theme().activation_ramp, grid**BRIGHTER)
        gap = 0.06
        for i in range(self.tokens):
            dim = 1.0 if i == self.cell[0] else 1 - 0.8 * self.dial("row")
            for j in range(i + 1):
                (x, y), (right, up) = self.grid_point(j + gap, i + 1 - gap), self.grid_point(j + 1 - gap, i + gap)
                kept = 1 - 0.84 * self.dial("lit") * (1 - self.dial("near")) if (i, j) != self.cell else 1.0
                canvas.box(x, y, right - x, up - y, colors[i, j], dim * kept, radius=0.08 * (right - x))

    def _ring(self, canvas: Canvas) -> None:
        if not (strength := self.dial("ring")):
            return
        strength *= float(np.clip(4 * (1 - self.dial("near")), 0, 1))
        u, v = self.spots()[self.index]
        low, high = self.project((u - 0.5, v - 0.5)), self.project((u + 0.5, v + 0.5))
        (left, bottom), (width, height), gold = low.tolist(), (high - low).tolist(), rgba(theme().chosen)
        radius = 0.07 * float(high[0] - low[0])
        if theme().name == "dark" and self.dial("near") < 0.5:
            canvas.glow(
                lambda c: c.box(left, bottom, width, height, gold, radius=radius, line=0.12), (*low, *high), 0.2, 1.2 * strength
            )
        canvas.box(left, bottom, width, height, gold, strength, radius=radius, line=0.06)

    def _pictures(self, canvas: Canvas) -> tuple[tuple[cairo.ImageSurface, ...], ...]:
        native = tuple(ink(canvas.camera, (1.0, 0.5, 0.0, 1.0)))
        return tuple(
            _pictures_of(self.attention.tobytes(), self.attention.shape, self.cell, lit, theme().name, native) for lit in (False, True)
        )


@lru_cache(maxsize=4)
def _pictures_of(
    data: bytes, shape: tuple[int, ...], cell: tuple[int, int], lit: bool, name: str, native: tuple[float, ...]
) -> tuple[cairo.ImageSurface, ...]:
    """A picture for each head; of lit ones only one cell keeps its light."""
    heads = np.frombuffer(data, dtype=np.float32).reshape(-1, *shape[2:])
    count = shape[2]
    panel = rgba(theme().panel)
    side = count * CELL
    edge = int(np.ceil(side * FRAME / (1 - 2 * FRAME)))
    surfaces = []
    inner = np.zeros((CELL, CELL, 1))
    inner[:-1, :-1] = 1
    seen = np.kron(np.tril(np.ones((count, count)))[..., None], inner)
    for head in heads:
        colors = along(theme().activation_ramp, np.clip(head, 0, 1) ** BRIGHTER)
        if lit:
            dim = panel + 0.22 * (colors - panel)
            dim[cell] = colors[cell]
            colors = dim
        cells = np.kron(colors, np.ones((CELL, CELL, 1)))
        grid = panel * (1 - seen) + cells * seen
        if lit:  # its cell is drawn over its neighbours' gaps, so that it is seen from far
            i, j = cell
            grow = CELL if count > 4 else 0
            top, left = max(i * CELL - grow, 0), max(j * CELL - grow, 0)
            grid[top : (i + 1) * CELL + grow, left : (j + 1) * CELL + grow] = colors[cell]
        tile = np.tile(panel, (side + 2 * edge, side + 2 * edge, 1))
        tile[edge : edge + side, edge : edge + side] = grid
        channels = (2, 1, 0) if native[0] > native[2] else (0, 1, 2)
        pixels = np.full((*tile.shape[:2], 4), 255, dtype=np.uint8)
        for place, channel in enumerate(channels):
            pixels[..., place] = np.rint(np.clip(tile[..., channel], 0, 1) * 255)
        surface = cairo.ImageSurface(cairo.FORMAT_ARGB32, *tile.shape[:2])
        stride = surface.get_stride()
        np.ndarray((tile.shape[0], stride // 4, 4), np.uint8, surface.get_data())[:, : tile.shape[1]] = pixels
        surface.mark_dirty()
        surfaces.append(surface)
    return tuple(surfaces)
