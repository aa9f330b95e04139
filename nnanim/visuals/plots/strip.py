"""Softmax as something that happens: bars of scores inflate, and are squeezed into one strip of length one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from nnanim.quantity import Quantity, Showable, as_showable
from nnanim.visuals.page import glyphs
from nnanim.visuals.page.frame import Region, frame
from nnanim.visuals.page.readout import Tag
from nnanim.visuals.page.theme import rgba, theme
from nnanim.visuals.paint.canvas import Canvas
from nnanim.visuals.paint.painted import Floats
from nnanim.visuals.paint.picture import Picture

BAR = 0.72
"""Width of a bar, as a share of its place."""
GAP = 0.035
"""Between the pieces of the strip, in manim units."""
LOW = 0.3
"""Opacity of pieces that are not spoken of."""


class Strip(Picture):
    """Scores as bars that become the pieces of one strip; the length of a piece is its share of one.

    Dials: ``rise`` 0–1 the bars grow, ``inflate`` 0–1 from scores to their exponentials (the largest fills the height),
    ``squeeze`` 0–1 the bars go into the strip, ``step`` which row of shares is shown (0 … S − 1, between two rows the pieces
    are between theirs), ``focus`` 0–1 all but the lit piece grow dim, ``cut`` how many pieces are kept (the others fall).

    Anchors: ``foot0`` … under each bar or piece, ``tip0`` … above each bar or piece, ``share0`` … in the middle of each piece.

    Parameters
    ----------
    region
        Where.
    scores
        (n,); negative ones hang below the line.
    shares
        (n,), or a row for each step, (S, n); each row adds up to one.
    inks
        RGBA of each piece, (n, 4); by default the theme's for keys, and muted for all that is not lit.
    lit
        The piece that is spoken of.
    thick
        Height of the strip as a share of the region's.
    """

    dial_names: ClassVar[dict[str, float]] = {
        "rise": 0.0, "inflate": 0.0, "squeeze": 0.0, "step": 0.0, "focus": 0.0, "cut": 1e9,
    }  # fmt: skip
    bleeds: ClassVar[float] = 0.4

    def __init__(
        self, region: Region, scores: ArrayLike, shares: ArrayLike, inks: ArrayLike | None = None, lit: int = 0,
        thick: float = 0.5, **dials: float,
    ) -> None:  # fmt: skip
        self.scores = np.asarray(scores, dtype=float)
        self.rows = np.atleast_2d(np.asarray(shares, dtype=float))
        count = len(self.scores)
        plain = [rgba(theme().key if n == lit else theme().muted) for n in range(count)]
        self.inks = np.asarray(plain if inks is None else inks, dtype=float)
        self.lit, self.thick = lit, thick
        high, low = max(float(self.scores.max()), 0.0), min(float(self.scores.min()), 0.0)
        self.unit = 1.0 / max(high - low, 1e-9)
        self.base = -low * self.unit
        super().__init__((region.left, region.bottom, region.right, region.top), **dials)

    @property
    def last(self) -> int:
        """The last step."""
        return len(self.rows) - 1

    def shares_now(self) -> Floats:
        """The shares where the dial ``step`` stands, (n,)."""
        step = float(np.clip(self.dial("step"), 0, self.last))
        first = int(step)
        return np.asarray(self.rows[first] + (step - first) * (self.rows[min(first + 1, self.last)] - self.rows[first]))

    def boxes(self) -> Floats:
        """Left, bottom, width and height of each bar or piece now, in shares of the picture, (n, 4)."""
        count, shares = len(self.scores), self.shares_now()
        rise, inflate, squeeze = (self.dial(name) for name in ("rise", "inflate", "squeeze"))
        powers = np.exp(np.log(np.maximum(shares, 1e-300)) - np.log(max(shares.max(), 1e-300)))
        base = (1 - inflate) * self.base
        heights = (1 - inflate) * self.scores * self.unit * rise + inflate * powers
        pitch = 1.0 / count
        bars = np.column_stack([
            (np.arange(count) + (1 - BAR) / 2) * pitch, base + np.minimum(heights, 0), np.full(count, BAR * pitch), np.abs(heights),
        ])  # fmt: skip
        edges = np.concatenate([[0.0], np.cumsum(shares)])
        bottom = (1 - self.thick) / 2
        pieces = np.column_stack([edges[:-1], np.full(count, bottom), shares, np.full(count, self.thick)])
        return np.asarray((1 - squeeze) * bars + squeeze * pieces)

    def box_of(self, place: int) -> tuple[float, float, float, float]:
        """Left, bottom, right and top of a bar or piece, in the scene."""
        x, y, w, h = self.boxes()[place]
        (left, bottom, _), (right, top, _) = self.place(x, y), self.place(x + w, y + h)
        return float(left), float(bottom), float(right), float(top)

    def anchor(self, name: str) -> Floats:
        """``foot0``, ``tip0``, ``share0`` …"""
        for kind in ("foot", "tip", "share"):
            if name.startswith(kind) and name[len(kind) :].isdigit():
                left, bottom, right, top = self.box_of(int(name[len(kind) :]))
                if kind == "foot":  # below the line where a bar hangs
                    bottom = min(bottom, self._floor())
                return np.array([(left + right) / 2, {"foot": bottom, "tip": top, "share": (bottom + top) / 2}[kind], 0.0])
        return super().anchor(name)

    def _floor(self) -> float:
        """The lowest edge of any bar or piece."""
        return float(self.place(0, float(self.boxes()[:, 1].min()))[1])

    def names(self, labels: Sequence[Showable], size: float | None = None) -> list[Tag]:
        """A name under each bar, in one row or two; where they do not fit, those of the highest bars alone."""
        wanted = frame().label if size is None else size
        widths = np.array([glyphs.advance(as_showable(label).text, "semibold") for label in labels])
        pitch = (self.corners[2] - self.corners[0]) / len(labels)
        rows = 1 if 0.9 * pitch / widths.max() >= frame().note else 2
        em = max(frame().note, min(wanted, 0.9 * rows * pitch / float(widths.max())))
        kept = self._apart(widths * em, rows)
        return [
            Tag(label, self, f"foot{n}", (0.0, -0.75 * em - 1.1 * em * (n % rows)), em, self._name_ink(n))
            for n, label in enumerate(labels)
            if n in kept
        ]

    def numbers(self, numbers: Sequence[Quantity], size: float | None = None) -> list[Tag]:
        """A number above each bar; where they do not fit, those of the highest bars alone."""
        wanted = frame().label if size is None else size
        widths = np.array([glyphs.advance(number.text, "semibold") for number in numbers])
        pitch = (self.corners[2] - self.corners[0]) / len(numbers)
        em = max(frame().note, min(wanted, 0.86 * pitch / float(widths.max())))
        kept = self._apart(widths * em, 1)
        return [Tag(q, self, f"tip{n}", (0.0, 0.7 * em), em, self._name_ink(n)) for n, q in enumerate(numbers) if n in kept]

    def pieces(self, labels: Sequence[Showable], shares: Sequence[Quantity]) -> list[Tag]:
        """Names under the pieces as the last row has them, and shares on all but the lit one, where they fit."""
        em, tags = frame().label, []
        row, span = self.rows[-1], self.corners[2] - self.corners[0]
        middles, wide = (np.cumsum(row) - row / 2) * span, row * span
        kept: list[tuple[float, float]] = []
        for n in np.argsort(-row).tolist():
            half = glyphs.advance(as_showable(labels[n]).text, "semibold") * em / 2
            if half < 0.5 * wide[n] + 0.08 and all(abs(x - middles[n]) > half + other + 0.15 for x, other in kept):
                kept.append((float(middles[n]), half))
                tags.append(Tag(labels[n], self, f"foot{n}", (0.0, -0.75 * em), em, self._name_ink(n)))
            if n != self.lit and glyphs.advance(shares[n].text, "semibold") * em < wide[n] - 0.08:
                tags.append(Tag(shares[n], self, f"share{n}", size=em))
        return tags

    def _name_ink(self, place: int) -> str:
        return theme().key if place == self.lit else theme().muted

    def _apart(self, widths: Floats, rows: int) -> set[int]:
        """Which labels are shown so that none touches another, the highest bars first."""
        pitch = (self.corners[2] - self.corners[0]) / len(widths)
        kept: set[int] = set()
        for place in [self.lit, *np.argsort(-self.scores).tolist()]:
            near = (other for other in kept if (other - place) % rows == 0 and other != place)
            if all(abs(other - place) * pitch > (widths[other] + widths[place]) / 2 + 0.12 for other in near):
                kept.add(place)
        return kept

    def draw(self, canvas: Canvas) -> None:
        """Bars or pieces, the lit one with its light."""
        squeeze, focus = self.dial("squeeze"), self.dial("focus")
        count = len(self.scores)
        if squeeze < 1 and self.dial("rise"):
            base = self.place(0, (1 - self.dial("inflate")) * self.base)[1]
            left, _, right, _ = self.corners
            canvas.line([(left, base), (right, base)], 0.025, rgba(theme().line), 1 - squeeze)
        for place in range(count):
            left, bottom, right, top = self.box_of(place)
            gap = min(GAP * squeeze, 0.3 * (right - left))
            opacity = 1.0 if place == self.lit else 1 - focus * (1 - LOW)
            fall = float(np.clip(place + 1 - self.dial("cut"), 0, 1))
            box = (left + gap / 2, bottom - 0.6 * fall, max(right - left - gap, 0.004), top - bottom)
            if place == self.lit and focus and theme().name == "dark":
                shine = partial(_piece, box=box, ink=self.inks[place])
                canvas.glow(shine, (box[0], box[1], box[0] + box[2], box[1] + box[3]), 0.16, 0.55 * focus)
            canvas.box(*box, self.inks[place], opacity * (1 - fall), radius=min(0.09, 0.3 * box[2]))


def _piece(canvas: Canvas, box: tuple[float, float, float, float], ink: Floats) -> None:
    canvas.box(*box, ink)
