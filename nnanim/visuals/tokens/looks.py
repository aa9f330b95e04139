"""A sentence across the frame, and what one of its words looks at: a thread for each head, piles of what they bring, one arc."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

import cairo
import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnanim.quantity import Label, Sentence, Showable
from nnanim.visuals.page import glyphs
from nnanim.visuals.page.frame import Region, frame
from nnanim.visuals.page.readout import Tag
from nnanim.visuals.page.theme import rgba, theme
from nnanim.visuals.paint.canvas import Canvas
from nnanim.visuals.paint.painted import Floats, ink
from nnanim.visuals.paint.picture import Picture

SPACE = 0.3
"""Between words, in em."""
LARGEST = 1.05
"""Em of the words at the most, in manim units."""
POINTS = 36
"""Points along an arc."""
FAINTEST = 0.04
"""Threads of less attention are not drawn."""
LAG = 0.5
"""How much later the last thread starts than the first, as a share of a thread's time."""


class Looks(Picture):
    """Words, one of which looks at others: arcs over a line of words, or beside words that stand below one another.

    Dials: ``typed`` how many words are there, ``reach`` 0–1 how far the threads have grown, ``bundle`` and ``arcs`` 0–1 the
    opacity of threads and arcs, ``heap`` 0–1 the bars under the words grow, ``grow`` 0–1 the arcs grow, ``source`` the word that looks,
    ``ring`` 0–1 its light, ``variant`` which sentence is shown (between two, arcs are between theirs), ``quiet`` 0–1 words that
    are not looked at grow dim.

    Anchors: ``word0`` … the middle of each word, ``pile0`` … the end of each pile, ``top0`` … above each word.

    Parameters
    ----------
    region
        Where.
    variants
        The words of each sentence, as many in each.
    source
        The word that looks, from 0.
    rows
        What it gives to each word in each sentence, (V, T): the arcs.
    threads
        What every head gives to each word in each sentence, (V, H, T); or nothing.
    piles
        What the bars are as long as, (V, T), the largest filling its room; or nothing.
    """

    dial_names: ClassVar[dict[str, float]] = {
        "typed": 1e3, "reach": 0.0, "bundle": 1.0, "heap": 0.0, "grow": 0.0, "arcs": 1.0, "source": 0.0, "ring": 1.0,
        "variant": 0.0, "quiet": 0.0,
    }  # fmt: skip
    bleeds: ClassVar[float] = 0.5

    def __init__(
        self, region: Region, variants: Sequence[Sequence[Label]], source: int, rows: ArrayLike,
        threads: ArrayLike | None = None, piles: ArrayLike | None = None, **dials: float,
    ) -> None:  # fmt: skip
        self.variants = [[Label(word) for word in words] for words in variants]
        self.rows = np.atleast_2d(np.asarray(rows, dtype=float))
        self.threads = None if threads is None else np.asarray(threads, dtype=float)
        self.piles = None if piles is None else np.atleast_2d(np.asarray(piles, dtype=float)) / max(float(np.max(piles)), 1e-9)
        self.count = len(self.variants[0])
        widths = np.array([[glyphs.advance(word, "semibold") for word in words] for words in self.variants])
        line = widths.sum(axis=1).max() + SPACE * (self.count - 1)
        self.em_of_words = min(LARGEST, region.width / line)
        self.stacked = region.height > 1.1 * region.width or self.em_of_words < 1.25 * frame().note
        if self.stacked:
            self.em_of_words = min(LARGEST, 0.78 * region.height / self.count, 0.4 * region.width / widths.max())
        self.widths = widths * self.em_of_words
        super().__init__((region.left, region.bottom, region.right, region.top), **{"source": source, **dials})

    # ---- words

    def between(self, name: str, last: int) -> tuple[int, int, float]:
        """The two whole numbers between which a dial stands, and how far it is."""
        value = float(np.clip(self.dial(name), 0, last))
        first = int(value + 1e-6)
        return first, min(first + 1, last), max(0.0, value - first)

    def blend(self, states: Floats) -> Floats:
        """What belongs to the sentence that is shown, out of one for each."""
        first, second, share = self.between("variant", len(states) - 1)
        return np.asarray(states[first] + share * (states[second] - states[first]))

    def word(self, place: int) -> Label:
        """A word now: between two sentences it is exchanged half-way."""
        first, second, share = self.between("variant", len(self.variants) - 1)
        return self.variants[first if share < 0.5 else second][place]

    def middles(self) -> Floats:
        """Where the words stand, (T, 2)."""
        left, bottom, right, top = self.corners
        widths = self.blend(self.widths)
        if self.stacked:
            pitch = (top - bottom) / self.count
            return np.column_stack([left + widths / 2, top - (np.arange(self.count) + 0.5) * pitch])
        gap = SPACE * self.em_of_words
        starts = np.concatenate([[0.0], np.cumsum(widths[:-1] + gap)])
        x = (left + right) / 2 - (widths.sum() + gap * (self.count - 1)) / 2 + starts + widths / 2
        return np.column_stack([x, np.full(self.count, bottom + 0.3 * (top - bottom))])

    def feet(self) -> Floats:
        """Where arcs leave each word, (T, 2)."""
        middles = self.middles()
        if self.stacked:
            left = self.corners[0]
            return np.column_stack([np.full(self.count, left + self.widths.max() + 0.25), middles[:, 1]])
        return np.asarray(middles + np.array([0.0, 0.62 * self.em_of_words]))

    def ends_of_piles(self) -> tuple[Floats, Floats]:
        """Where piles begin and end, (T, 2) each."""
        _, bottom, right, _ = self.corners
        lengths = (np.zeros(self.count) if self.piles is None else self.blend(self.piles)) * self.dial("heap")
        if self.stacked:
            starts = self.feet()
            return starts, starts + np.column_stack([lengths * 0.7 * (right - starts[0, 0]), np.zeros(self.count)])
        starts = self.middles() - (0, 0.66 * self.em_of_words)
        return starts, starts - np.column_stack([np.zeros(self.count), lengths * (starts[0, 1] - bottom - 0.5)])

    def anchor(self, name: str) -> Floats:
        """``word0`` …, ``pile0`` …, ``top0`` …"""
        for kind, points in (("word", self.middles), ("top", self.feet), ("pile", lambda: self.ends_of_piles()[1])):
            if name.startswith(kind) and name[len(kind) :].isdigit():
                return np.append(points()[int(name[len(kind) :])], 0.0)
        return super().anchor(name)

    def number(self, content: Showable, kind: str, place: int) -> Tag:
        """A number at the end of a pile, or over the word that an arc ends in."""
        return Tag(content, self, **self.style(kind, place))

    def clear_of_one_another(self, numbers: Mapping[int, Tag]) -> list[int]:
        """The piles whose numbers have room, by the numbers of piles: who comes first stays, and who stands too near goes.

        A column of words has room for all.
        """
        kept: list[int] = []
        for place, number in numbers.items():
            room = glyphs.advance(number.string, number.weight) * number.size + 0.12
            if self.stacked or all(abs(self.middles()[place][0] - self.middles()[other][0]) >= room for other in kept):
                kept.append(place)
        return kept

    def style(self, kind: str, place: int) -> dict[str, Any]:
        """Where a number stands at the end of a pile, and how, for a tag or a readout."""
        em = frame().label
        style = {"anchor": f"{kind}{place}", "size": em, "color": theme().key}
        return style | ({"at": (0.18, 0.0), "align": "left"} if self.stacked else {"at": (0.0, -0.66 * em)})

    @property
    def behind(self) -> float:
        """Opacity of threads while piles stand: they share a place with them beside a column of words."""
        return 0.0 if self.stacked else 0.6

    def ink_of(self, place: int) -> Floats:
        """The colour of a word now."""
        plain, source = rgba(theme().text), self.dial("source")
        shine = max(0.0, 1 - abs(place - source)) * self.dial("ring")
        row = self.blend(self.rows)
        seen = float(np.clip(row[place] / max(row.max(), 1e-9), 0, 1)) ** 3 * self.dial("grow") * self.dial("arcs")
        faded = plain + self.dial("quiet") * (1 - max(seen, shine)) * (rgba(theme().muted) - plain)
        toward = faded + seen * (rgba(theme().key) - faded)
        return np.asarray(toward + shine * (rgba(theme().query) - toward))

    def presence(self, place: int) -> float:
        """How far a word is there, 0–1."""
        return float(np.clip(self.dial("typed") - place, 0, 1))

    def words(self, weight: glyphs.Weight = "semibold") -> list[Word]:
        """The words, to be put on stage with the picture."""
        return [Word(self, place, weight) for place in range(self.count)]

    # ---- painting

    def arc(self, start: Floats, ends: Floats, rises: Floats) -> Floats:
        """Arcs from a point to others, (n, POINTS, 2)."""
        u = np.linspace(0, 1, POINTS)[None, :, None]
        path = start + (ends[:, None] - start) * u
        bulge = np.sin(np.pi * u[..., 0]) ** 0.8 * rises[:, None]
        path = np.broadcast_to(path, (len(ends), POINTS, 2)).copy()
        path[..., 0 if self.stacked else 1] += bulge
        return path

    def rise_to(self, place: int, feet: Floats, start: Floats) -> float:
        """How far an arc to a word swings out at the most."""
        _, _, right, top = self.corners
        axis = 1 if self.stacked else 0
        far = abs(feet[place, axis] - start[axis]) / max(np.ptp(feet[:, axis]), 1e-9)
        return float((right - feet[0, 0] if self.stacked else top - feet[0, 1]) * (0.16 + 0.82 * far**0.8))

    def source_point(self, feet: Floats) -> Floats:
        """Where arcs begin now."""
        first, second, share = self.between("source", self.count - 1)
        return np.asarray(feet[first] + share * (feet[second] - feet[first]))

    def draw(self, canvas: Canvas) -> None:
        """Light on the word that looks, threads, piles, arcs."""
        feet = self.feet()
        start = self.source_point(feet)
        self._draw_ring(canvas)
        if self.threads is not None and self.dial("bundle") > 0 and self.dial("reach") > 0:
            self._draw_threads(canvas, feet, start)
        if self.piles is not None and self.dial("heap") > 0:
            for first, last in zip(*self.ends_of_piles(), strict=True):
                half = 0.3 * self.em_of_words
                low, high = np.minimum(first, last), np.maximum(first, last)
                box = (low[0], low[1] - half, high[0] - low[0], 2 * half) if self.stacked else (low[0] - half, low[1], 2 * half, high[1] - low[1])
                canvas.box(*box, rgba(theme().key), radius=0.05)
        if self.dial("grow") > 0 and self.dial("arcs") > 0:
            self._draw_arcs(canvas, feet, start)

    def _draw_ring(self, canvas: Canvas) -> None:
        if not (strength := self.dial("ring")):
            return
        x, y = self.source_point(self.middles())
        first, second, share = self.between("source", self.count - 1)
        widths = self.blend(self.widths)
        half = (widths[first] + share * (widths[second] - widths[first])) / 2 + 0.16 * self.em_of_words
        high = 0.58 * self.em_of_words
        box, radius, gold = (x - half, y - high, 2 * half, 2 * high), 0.3 * self.em_of_words, rgba(theme().chosen)
        strength *= self.presence(round(self.dial("source")))
        if theme().name == "dark":
            canvas.glow(lambda c: c.box(*box, gold, radius=radius, line=0.09), (x - half, y - high, x + half, y + high), 0.16, 0.8 * strength)
        canvas.box(*box, gold, strength, radius=radius, line=0.045)

    def _stroke(self, canvas: Canvas, path: Floats, width: float, start: Floats, end: Floats, strength: float) -> None:
        channels = [tuple(ink(canvas.camera, (*rgba(color)[:3], strength))) for color in (theme().query, theme().key)]
        gradient = cairo.LinearGradient(*start, *(end + 1e-4))
        gradient.add_color_stop_rgba(0.0, *channels[0])
        gradient.add_color_stop_rgba(1.0, *channels[1])
        ctx = canvas.ctx
        ctx.new_path()
        for point in path.tolist():
            ctx.line_to(*point)
        ctx.set_source(gradient)
        ctx.set_line_width(width * canvas.line_scale)
        ctx.stroke()

    def _draw_threads(self, canvas: Canvas, feet: Floats, start: Floats) -> None:
        assert self.threads is not None
        weights = self.blend(self.threads)  # (H, T)
        phase = np.arange(len(weights)) * 0.618 % 1
        reach = np.clip(self.dial("reach") * (1 + LAG) - LAG * phase, 0, 1)
        opacity, dark = self.dial("bundle"), theme().name == "dark"
        ctx, source = canvas.ctx, self.dial("source")
        ctx.save()
        if dark:
            ctx.set_operator(cairo.OPERATOR_ADD)
        for place in range(self.count):
            heads = np.flatnonzero(weights[:, place] > FAINTEST)
            if abs(place - source) < 0.5 or not len(heads):
                continue
            rises = self.rise_to(place, feet, start) * (0.5 + 0.5 * phase[heads])
            paths = self.arc(start, np.repeat(feet[place][None], len(heads), axis=0), np.asarray(rises, dtype=float))
            for path, head in zip(paths, heads, strict=True):
                weight, kept = float(weights[head, place]), int(reach[head] * (POINTS - 1)) + 1
                strength = (0.03 + 0.26 * weight) * (0.66 if dark else 1.1) * opacity
                if kept > 1:
                    self._stroke(canvas, path[:kept], 0.013 + 0.034 * weight, start, feet[place], strength)
        ctx.restore()

    def _draw_arcs(self, canvas: Canvas, feet: Floats, start: Floats) -> None:
        row, grown = self.blend(self.rows), self.dial("grow")
        kept = max(2, int(grown * (POINTS - 1)) + 1)
        opacity, best = self.dial("arcs"), int(row.argmax())
        order: NDArray[Any] = np.argsort(row)
        for place in order.tolist():
            if row[place] < 0.02 or abs(place - self.dial("source")) < 0.5:
                continue
            rise = np.array([0.96 * self.rise_to(place, feet, start)])
            path = self.arc(start, feet[place][None], rise)[0][:kept]
            width = 0.03 + 0.34 * float(row[place])
            strength = opacity * min(1.0, 0.25 + 1.2 * float(row[place]))
            if place == best and theme().name == "dark":
                box = (*path.min(axis=0), *path.max(axis=0))
                canvas.glow(partial(self._stroke, path=path, width=width, start=start, end=feet[place], strength=1.0), box, 0.2, 0.6 * strength)
            self._stroke(canvas, path, width, start, feet[place], strength)


class Word(Tag):
    """A word of :class:`Looks`: its place, its colour and what it says are the picture's affair."""

    def __init__(self, of: Looks, place: int, weight: glyphs.Weight = "semibold") -> None:
        self.place = place
        super().__init__(of.word(place), of, f"word{place}", size=of.em_of_words, weight=weight)

    @property
    def showable(self) -> Label | Sentence:
        """The word now."""
        assert isinstance(self.of, Looks)
        return self.of.word(self.place)

    def paint_parts(self, ctx: Any, camera: Any) -> None:
        """In the colour that it has now, as far as it is there."""
        assert isinstance(self.of, Looks)
        opacity, self.ink = self.opacity, self.of.ink_of(self.place)
        self.opacity = opacity * self.of.presence(self.place)
        super().paint_parts(ctx, camera)
        self.opacity = opacity
