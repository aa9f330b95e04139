"""How a token is drawn, as something that happens: scores inflate to shares, a blade cuts the tail, a needle picks a piece."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnanim.quantity import Label
from nnanim.visuals.page.frame import Region, frame
from nnanim.visuals.page.glyphs import advance
from nnanim.visuals.page.readout import Tag
from nnanim.visuals.page.theme import along, rgba, theme
from nnanim.visuals.paint.canvas import Canvas
from nnanim.visuals.paint.painted import Floats
from nnanim.visuals.paint.picture import Picture

BAR = 0.72
"""Width of a bar, as a share of its place."""
GAP = 0.035
"""Between the pieces of the strip, in manim units."""
FALLING = 0.55
"""Share of the blade's way after which the tail falls."""
HIGHEST = 0.86
"""Height of the highest bar, as a share of the picture's; above it stands its number."""
SWINGS = 6.0
"""How often the needle goes to and fro before it settles."""


class Odds(Picture):
    """Scores of the likeliest tokens as bars, their shares as bars, the shares as one strip of length one, and draws from it.

    Dials: ``rise`` 0–1 the bars grow; ``apart`` 1–0 copies of them, one for each text, slide onto each other; ``inflate`` 0–1 from
    scores to shares; ``heat`` which row of ``heated`` is shown; ``squeeze`` 0–1 the bars go into the strip; ``blade`` 0–1 it falls
    through the strip, and the tail with it; ``stretch`` 0–1 what is left grows to length one; ``step`` which step's strip is shown;
    ``needle`` opacity of the needle, ``swing`` 0–1 from flickering to where it settles, ``nudge`` moves it by so much; ``five`` 0–1
    one after another, the needles of all texts; ``lit`` 0–1 the piece that was hit shines.

    Anchors: ``name0`` … (under a bar, in a piece), ``tip0`` … above a bar, ``needle``, ``hit`` and ``under_hit``, ``blade``, ``end``.

    Parameters
    ----------
    region
        Where.
    names
        Of the tokens, for each step, (S, R).
    scores
        Of the first step, (R,).
    heated
        Shares of the first step for one temperature after another, all other tokens last, (H, R + 1).
    before, after
        Shares of each step before and after the cut, all other tokens last, (S, R + 1).
    draws
        The random number of each step, (S,).
    spans
        Where the piece that was hit lies, from and to, (S, 2).
    firsts
        The first random number of each text, (F,).
    """

    dial_names: ClassVar[dict[str, float]] = {
        "rise": 0.0, "apart": 0.0, "inflate": 0.0, "heat": 0.0, "squeeze": 0.0, "blade": 0.0, "stretch": 0.0, "step": 0.0,
        "needle": 0.0, "swing": 0.0, "nudge": 0.0, "five": 0.0, "lit": 0.0,
    }  # fmt: skip
    bleeds: ClassVar[float] = 1.0

    def __init__(
        self, region: Region, names: list[list[Label]], scores: ArrayLike, heated: ArrayLike, before: ArrayLike, after: ArrayLike,
        draws: ArrayLike, spans: ArrayLike, firsts: ArrayLike, thick: float = 0.66, **dials: float,
    ) -> None:  # fmt: skip
        self.names = names
        self.scores, self.heated, self.before, self.after, self.draws, self.spans, self.firsts = (
            np.asarray(each, dtype=float) for each in (scores, heated, before, after, draws, spans, firsts)
        )
        self.thick, self.count = thick, len(self.scores)
        high, low = max(float(self.scores.max()), 0.0), min(float(self.scores.min()), 0.0)
        self.unit = HIGHEST / max(high - low, 1e-9)
        self.base = -low * self.unit
        self.largest = max(float(self.heated[:, :-1].max()), 1e-9)
        super().__init__((region.left, region.bottom, region.right, region.top), **dials)

    # ---- what is shown now

    @property
    def now(self) -> int:
        """The step that is shown."""
        return int(np.clip(self.dial("step") + 1e-6, 0, len(self.after) - 1))

    def shares(self) -> Floats:
        """Shares of the strip's whole length now, all other tokens last, (R + 1,)."""
        row = self.heated[int(np.clip(self.dial("heat") + 1e-6, 0, len(self.heated) - 1))] if self.now == 0 else self.before[self.now]
        return np.asarray(row + self.dial("stretch") * (self.after[self.now] - row))

    @property
    def stays(self) -> NDArray[np.bool_]:
        """Which pieces the blade leaves, (R + 1,)."""
        return self.after[self.now] > 0

    def boxes(self) -> Floats:
        """Left, bottom, width and height of each bar or piece now, in shares of the picture, (R + 1, 4)."""
        shares = self.shares()
        rise, inflate, squeeze = (self.dial(name) for name in ("rise", "inflate", "squeeze"))
        pitch = 1.0 / self.count
        base = (1 - inflate) * self.base
        heights = ((1 - inflate) * self.scores * self.unit + inflate * HIGHEST * shares[:-1] / self.largest) * rise
        places = np.arange(self.count)
        bars = np.column_stack([(places + (1 - BAR) / 2) * pitch, base + np.minimum(heights, 0), np.full(self.count, BAR * pitch), np.abs(heights)])
        bars = np.vstack([bars, [1.0, 0.0, 0.0, 0.0]])
        edges = np.concatenate([[0.0], np.cumsum(shares)])
        pieces = np.column_stack([edges[:-1], np.full(self.count + 1, (1 - self.thick) / 2), shares, np.full(self.count + 1, self.thick)])
        return np.asarray((1 - squeeze) * bars + squeeze * pieces)

    def box_of(self, place: int) -> tuple[float, float, float, float]:
        """Left, bottom, right and top of a bar or piece, in the scene; a piece that was cut off falls."""
        x, y, w, h = self.boxes()[place]
        (left, bottom, _), (right, top, _) = self.place(x, y), self.place(x + w, y + h)
        drop = 0.0 if self.stays[place] else 1.1 * self.fallen**2
        return float(left), float(bottom) - drop, float(right), float(top) - drop

    @property
    def fallen(self) -> float:
        """How far the tail has fallen, 0–1."""
        return float(np.clip((self.dial("blade") - FALLING) / (1 - FALLING), 0, 1))

    @property
    def at(self) -> float:
        """Where the needle stands now, as a share of the strip's length."""
        swing = self.dial("swing")
        target = self.draws[self.now] + self.dial("nudge")
        wide = (1 - swing) ** 2 * 0.5
        place = target + wide * np.sin(2 * np.pi * SWINGS * (1 - swing) + 0.7)
        return float(abs(place) if place <= 1 else 2 - place)

    def hit_span(self) -> tuple[float, float]:
        """From where to where the piece reaches that was hit, as shares of the strip's length."""
        start, end = self.spans[self.now]
        return float(start), float(end)

    # ---- points to hold on to

    def anchor(self, name: str) -> Floats:
        """See the class."""
        left, _, right, _ = self.corners
        if name == "needle":
            return np.array([left + self.at * (right - left), self.strip_top + 0.5 * self.tall, 0.0])
        if name == "hit":
            start, end = self.hit_span()
            return self.place((start + end) / 2, 0.5)
        if name == "under_hit":
            return self.place(sum(self.hit_span()) / 2, (1 - self.thick) / 2)
        if name == "blade":
            return np.array([left + self.cut_at * (right - left), self.strip_top, 0.0])
        if name == "end":
            return np.array([right, self.strip_top, 0.0])
        for kind in ("name", "tip"):
            if name.startswith(kind) and name[len(kind) :].isdigit():
                x0, y0, x1, y1 = self.box_of(int(name[len(kind) :]))
                if kind == "tip":
                    return np.array([(x0 + x1) / 2, y1, 0.0])
                squeeze = self.dial("squeeze")
                under = min(y0, float(self.place(0, (1 - self.dial("inflate")) * self.base)[1])) - 0.9 * frame().label
                return np.array([(x0 + x1) / 2, (1 - squeeze) * under + squeeze * (y0 + y1) / 2, 0.0])
        return super().anchor(name)

    @property
    def tall(self) -> float:
        """The picture's height."""
        return self.corners[3] - self.corners[1]

    @property
    def strip_top(self) -> float:
        """The upper edge of the strip."""
        return float(self.place(0, (1 + self.thick) / 2)[1])

    @property
    def cut_at(self) -> float:
        """Where the blade cuts, as a share of the strip's length."""
        return float(self.shares()[self.stays].sum())

    def ink_of(self, place: int) -> Floats:
        """The colour of a bar or piece: the likelier, the brighter."""
        shares = self.shares()
        strength = float(np.sqrt(shares[place] / max(shares.max(), 1e-9)))
        return np.asarray(along(theme().activation_ramp, 0.22 + 0.62 * strength))

    # ---- painting

    def draw(self, canvas: Canvas) -> None:
        """Bars or pieces, the blade, the needles."""
        squeeze, apart = self.dial("squeeze"), self.dial("apart")
        if squeeze < 1:
            base = self.place(0, (1 - self.dial("inflate")) * self.base)[1]
            left, _, right, _ = self.corners
            canvas.line([(left, base), (right, base)], 0.025, rgba(theme().line), 1 - squeeze)
        if apart > 1e-3:
            for copy in range(len(self.firsts)):
                self._bars(canvas, (copy - (len(self.firsts) - 1) / 2) * 0.13 * apart, 0.55, outline=True)
        self._bars(canvas, 0.0, 1 - 0.75 * apart)
        self._blade(canvas)
        self._needles(canvas)

    def _bars(self, canvas: Canvas, aside: float, opacity: float, outline: bool = False) -> None:
        squeeze, lit = self.dial("squeeze"), self.dial("lit")
        for place in range(self.count + 1):
            left, bottom, right, top = self.box_of(place)
            if right - left < 1e-4:
                continue
            gap = min(GAP * squeeze, 0.3 * (right - left))
            fade = 1.0 if self.stays[place] else (1 - self.fallen) ** 2
            box = (left + gap / 2 + aside, bottom + 0.5 * aside, max(right - left - gap, 0.004), top - bottom)
            if outline:
                canvas.box(*box, rgba(theme().muted), opacity, radius=0.06, line=0.03)
                continue
            canvas.box(*box, self.ink_of(place), opacity * fade, radius=min(0.09, 0.3 * box[2]))
        if lit > 0 and squeeze > 0.99 and not outline:
            self._shine(canvas, lit)

    def _shine(self, canvas: Canvas, lit: float) -> None:
        start, end = self.hit_span()
        (left, bottom, _), (right, top, _) = self.place(start, (1 - self.thick) / 2), self.place(end, (1 + self.thick) / 2)
        width, height = max(float(right - left), 0.05), float(top - bottom)
        gold = rgba(theme().chosen)
        if theme().name == "dark":
            canvas.glow(lambda c: c.box(left, bottom, width, height, gold, line=0.12), (left, bottom, left + width, top), 0.08, 0.25 * lit)
        canvas.box(left, bottom, width, height, gold, lit, radius=0.09, line=0.07)

    def _blade(self, canvas: Canvas) -> None:
        blade, stretch = self.dial("blade"), self.dial("stretch")
        if blade <= 0 or stretch >= 1 or self.stays.all():
            return
        left, _, right, _ = self.corners
        x = left + self.cut_at * (right - left)
        height, low = 0.62 * self.tall, float(self.place(0, (1 - self.thick) / 2)[1])
        y = self.strip_top + 0.75 * self.tall * (1 - min(1.0, blade / FALLING)) ** 2
        foot = y - (self.strip_top - low) - 0.12
        edge = [(x, foot), (x + 0.16, foot + 0.3), (x + 0.16, foot + height), (x, foot + height)]
        opacity = min(1.0, 4 * blade) * (1 - stretch) ** 2
        canvas.polygon(edge, rgba(theme().text), opacity)
        canvas.line([(x, foot), (x, foot + height)], 0.03, rgba(theme().background), opacity)

    def _needles(self, canvas: Canvas) -> None:
        gold, opacity = rgba(theme().chosen), self.dial("needle")
        left, _, right, _ = self.corners
        five = self.dial("five") * len(self.firsts)
        for place, number in enumerate(self.firsts):
            self._needle(canvas, left + number * (right - left), rgba(theme().text), float(np.clip(five - place, 0, 1)) * (place > 0))
        self._needle(canvas, left + self.at * (right - left), gold, opacity)

    def _needle(self, canvas: Canvas, x: float, color: Floats, opacity: float) -> None:
        if opacity <= 0:
            return
        low, top = float(self.place(0, (1 - self.thick) / 2)[1]), self.strip_top
        head = top + 0.34
        reach = 0.24 * (top - low)
        for begin, end in ((head, top - reach), (low + reach, low - 0.08)):  # not through the names
            canvas.line([(x, begin), (x, end)], 0.1, rgba(theme().background), opacity)
            canvas.line([(x, begin), (x, end)], 0.05, color, opacity)
        canvas.polygon([(x, top + 0.02), (x - 0.16, head), (x + 0.16, head)], color, opacity)


class PieceName(Tag):
    """A token's name under its bar and, where there is room, in its piece of the strip.

    Parameters
    ----------
    odds
        Whose piece.
    place
        Which.
    size
        Height of one em.
    """

    def __init__(self, odds: Odds, place: int, size: float) -> None:
        self.odds, self.number, self.plain = odds, place, size
        super().__init__("", odds, f"name{place}", size=size)

    @property
    def showable(self) -> Label:
        """What is shown now: a name, whatever digits are in it."""
        return Label(self.string)

    @property
    def string(self) -> str:
        """The token's text now; nothing in a piece that is too narrow for it, or has fallen."""
        odds = self.odds
        text = odds.names[odds.now][self.number]
        left, _, right, _ = odds.box_of(self.number)
        room = odds.dial("squeeze") < 0.5 or right - left > advance(text, self.weight) * self.size + 0.1
        gone = odds.dial("rise") < 0.3 or (not odds.stays[self.number] and odds.fallen > 0.3)
        return str(text) if room and not gone else ""

    def follow(self) -> None:
        """Where its bar or piece is, in a colour that reads on it."""
        squeeze = self.odds.dial("squeeze")
        self.size = self.plain * (1 + 0.8 * squeeze)
        super().follow()
        self.ink = np.asarray(theme().ink_on(self.odds.ink_of(self.number))) if squeeze > 0.5 else rgba(theme().text)
