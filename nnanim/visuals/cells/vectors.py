"""Vectors as rows of bars: a query and a key that meet, and values that are scaled and added up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from nnanim.quantity import Showable
from nnanim.visuals.page.frame import Region, frame
from nnanim.visuals.page.readout import Tag, fitting
from nnanim.visuals.page.theme import rgba, theme
from nnanim.visuals.paint.canvas import Canvas
from nnanim.visuals.paint.painted import Floats
from nnanim.visuals.paint.picture import Picture

THIN = 0.74
"""Width of a bar, as a share of its place."""


def bar_row(
    canvas: Canvas, values: Floats, left: float, right: float, base: float, unit: float, color: Floats,
    opacity: Floats | float = 1.0, shift: float = 0.0, thin: float = THIN,
) -> None:  # fmt: skip
    """Signed bars on a line, one for each number of a vector (d,); ``unit`` is the height of 1, in manim units.

    Parameters
    ----------
    opacity
        One for all, or one for each, (d,).
    shift
        How far each bar stands beside the middle of its place, as a share of the place.
    """
    pitch = (right - left) / len(values)
    shown = np.broadcast_to(np.asarray(opacity, dtype=float), values.shape)
    for place, (value, strength) in enumerate(zip(values, shown, strict=True)):
        height = value * unit
        x = left + (place + 0.5 + shift - thin / 2) * pitch
        canvas.box(x, base + min(height, 0.0), thin * pitch, abs(height), color, float(strength))


class DotProduct(Picture):
    """Two vectors that meet: where both have the same sign, the pair lights up; the products are added up one after another.

    Dials: ``query``, ``key`` 0–1 their bars grow, ``meet`` 0–1 they come together on one line, ``lit`` 0–1 pairs of one sign
    light up and the others grow dim, ``product`` 0–1 each pair becomes its product, ``step`` 0 … d how many are added up.

    Anchor: ``sum`` above the place that has been reached.

    Parameters
    ----------
    region
        Where.
    query, key
        (d,) each.
    """

    dial_names: ClassVar[dict[str, float]] = {"query": 0.0, "key": 0.0, "meet": 0.0, "lit": 0.0, "product": 0.0, "step": 0.0}
    bleeds: ClassVar[float] = 0.5

    def __init__(self, region: Region, query: ArrayLike, key: ArrayLike, /, **dials: float) -> None:
        self.query, self.key = np.asarray(query, dtype=float), np.asarray(key, dtype=float)
        self.products = self.query * self.key
        super().__init__((region.left, region.bottom, region.right, region.top), **dials)

    @property
    def count(self) -> int:
        """Numbers in each vector."""
        return len(self.query)

    def unit_of(self, values: Floats, room: float) -> float:
        """Height of 1 so that the largest fills so much room."""
        return room / max(float(np.abs(values).max()), 1e-9)

    def layout(self) -> tuple[float, float, float, float]:
        """Height of the query's line, of the key's, of the one on which they meet, and room for the largest bar of each."""
        _, bottom, _, top = self.corners
        whole, meet = 0.97 * (top - bottom), self.dial("meet")
        (up, low), (key_up, key_low) = (self._reach(values) for values in (self.query, self.key))
        apart, together = whole / (up + low + key_up + key_low + 0.25), whole / (max(up, key_up) + max(low, key_low))
        middle = top - max(up, key_up) * together
        query, key = top - up * apart, bottom + key_low * apart
        room = apart + meet * (together - apart)
        return query + meet * (middle - query), key + meet * (middle - key), middle, room

    @staticmethod
    def _reach(values: Floats) -> tuple[float, float]:
        """How far bars reach up and down, the largest being 1."""
        largest = max(float(np.abs(values).max()), 1e-9)
        return max(float(values.max()), 0.0) / largest, max(-float(values.min()), 0.0) / largest

    def anchor(self, name: str) -> Floats:
        """``sum``."""
        left, _, right, top = self.corners
        if name == "sum":
            share = float(np.clip(self.dial("step") / self.count, 0, 1))
            return np.array([left + share * (right - left), top, 0.0])
        return super().anchor(name)

    def draw(self, canvas: Canvas) -> None:
        """Lines, the two rows or their products, and the place that the sum has reached."""
        left, _, right, _ = self.corners
        upper, lower, middle, room = self.layout()
        meet, lit, product, step = (self.dial(name) for name in ("meet", "lit", "product", "step"))
        inks = rgba(theme().query), rgba(theme().key)
        agree = self.products > 0
        keep = np.where(agree, 1.0, 1 - 0.78 * lit) * (1 - product)
        for values, base, ink, name, side in ((self.query, upper, inks[0], "query", -1), (self.key, lower, inks[1], "key", 1)):
            grown = self.dial(name)
            canvas.line([(left, base), (right, base)], 0.02, ink, 0.5 * min(grown, 1) * (1 - product))
            unit = self.unit_of(values, room) * grown
            bar_row(canvas, values, left, right, base, unit, ink, keep, 0.2 * side * meet, THIN * (1 - 0.48 * meet))
        if lit and product < 1 and theme().name == "dark":
            self._light(canvas, middle, room, agree, lit * (1 - product))
        if product:
            self._products(canvas, product, step)

    def _light(self, canvas: Canvas, base: float, room: float, agree: Floats, strength: float) -> None:
        left, _, right, _ = self.corners
        least = np.sign(self.query) * np.minimum(
            np.abs(self.query) * self.unit_of(self.query, room), np.abs(self.key) * self.unit_of(self.key, room)
        )
        shared = np.where(agree, least, 0.0)

        def paint(glowing: Canvas) -> None:
            bar_row(glowing, shared, left, right, base, 1.0, rgba(theme().activation_ramp[-1]))

        canvas.glow(paint, (left, base - room, right, base + room), 0.13, 1.1 * strength)

    def _products(self, canvas: Canvas, product: float, step: float) -> None:
        left, bottom, right, top = self.corners
        up, low = self._reach(self.products)
        room = 0.97 * (top - bottom) / (up + low)
        base, unit = top - up * room, self.unit_of(self.products, room) * product
        done = np.arange(self.count) < step
        canvas.line([(left, base), (right, base)], 0.03, rgba(theme().line), product)
        ink = np.where(self.products > 0, 1.0, 0.0)
        for sign, role in ((1.0, theme().positive), (0.0, theme().negative)):
            row = np.where(ink == sign, self.products, 0.0)
            bar_row(canvas, row, left, right, base, unit, rgba(role), np.where(done | (step <= 0), 1.0, 0.4) * product)
        if 0 < step < self.count:
            x = left + step / self.count * (right - left)
            canvas.line([(x, bottom), (x, top)], 0.03, rgba(theme().muted), 0.8 * product)


class Mixture(Picture):
    """Value vectors, one row for each word; each shrinks to its share, and all are added up in one row.

    Dials: ``show`` 0–1 the rows grow, ``share`` 0–1 each is scaled by its share, ``add`` 0–1 they slide into their sum.

    Anchors: ``row0`` … left of each row, ``end0`` … right of it, ``sum`` left of the sum.

    Parameters
    ----------
    region
        Where.
    values
        (n, d).
    shares
        (n,).
    output
        The sum of share × value, (d,).
    """

    dial_names: ClassVar[dict[str, float]] = {"show": 0.0, "share": 0.0, "add": 0.0}
    bleeds: ClassVar[float] = 0.4

    def __init__(self, region: Region, values: ArrayLike, shares: ArrayLike, output: ArrayLike, **dials: float) -> None:
        self.values, self.shares = np.asarray(values, dtype=float), np.asarray(shares, dtype=float)
        self.output = np.asarray(output, dtype=float)
        super().__init__((region.left, region.bottom, region.right, region.top), **dials)

    def base(self, row: int) -> float:
        """Height of a row's line now."""
        _, bottom, _, top = self.corners
        own = top - (row + 0.5) * (top - bottom) / len(self.values)
        return own + self.dial("add") * ((top + bottom) / 2 - own)

    def anchor(self, name: str) -> Floats:
        """``row0`` …, ``end0`` …, ``sum``."""
        left, bottom, right, top = self.corners
        if name == "sum":
            return np.array([left, (top + bottom) / 2, 0.0])
        for kind, x in (("row", left), ("end", right)):
            if name.startswith(kind) and name[len(kind) :].isdigit():
                return np.array([x, self.base(int(name[len(kind) :])), 0.0])
        return super().anchor(name)

    def names(self, labels: Sequence[Showable], lit: int, room: float) -> list[Tag]:
        """A name left of each row, within so much room."""
        _, bottom, _, top = self.corners
        em = max(frame().note, min(frame().label, 0.62 * (top - bottom) / len(labels), fitting(labels, room - 0.25)))
        inks = [theme().key if n == lit else theme().muted for n in range(len(labels))]
        return [Tag(label, self, f"row{n}", (-0.2, 0.0), em, inks[n], align="right") for n, label in enumerate(labels)]

    def name_of_sum(self, label: Showable, room: float) -> Tag:
        """The name of the word that takes the sum along, left of it."""
        return Tag(label, self, "sum", (-0.2, 0.0), min(frame().number, fitting([label], room - 0.25)), theme().query, align="right")

    def draw(self, canvas: Canvas) -> None:
        """The rows, or their sum."""
        left, bottom, right, top = self.corners
        show, share, add = (self.dial(name) for name in ("show", "share", "add"))
        pitch = (top - bottom) / len(self.values)
        unit = 0.85 * pitch / max(float(np.abs(self.values).max()), 1e-9)  # a few bars reach into the next row
        ink = rgba(theme().value)
        gone = float(np.clip(2.5 * (add - 0.6), 0, 1))
        for row, (value, weight) in enumerate(zip(self.values, self.shares, strict=True)):
            scale = 1 + share * (weight - 1)
            canvas.line([(left, self.base(row)), (right, self.base(row))], 0.015, ink, 0.35 * show * (1 - gone))
            bar_row(canvas, value * scale, left, right, self.base(row), unit * show, ink, (0.35 + 0.65 * max(1 - share, weight)) * (1 - gone))
        if gone:
            middle = (top + bottom) / 2
            room = 0.4 * (top - bottom) / max(float(np.abs(self.output).max()), 1e-9)
            grown = unit + (room - unit) * float(np.clip(2.5 * (add - 0.6), 0, 1))
            canvas.line([(left, middle), (right, middle)], 0.02, ink, 0.5 * gone)
            bar_row(canvas, self.output, left, right, middle, grown, ink, gone)


