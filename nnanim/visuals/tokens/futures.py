"""Texts that grow from one beginning, and one of them carried through: it types, and flies to the top."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

import numpy as np

from nnanim.quantity import Label
from nnanim.visuals.page.frame import Region, frame
from nnanim.visuals.page.glyphs import advance
from nnanim.visuals.page.readout import Tag
from nnanim.visuals.page.text import wrap
from nnanim.visuals.page.theme import rgba, theme
from nnanim.visuals.paint.canvas import Canvas
from nnanim.visuals.paint.painted import Floats
from nnanim.visuals.paint.picture import Picture
from nnanim.visuals.tokens.flowing import Flow, flow

PIECES = 32
"""Of which a thread is made."""


class Futures(Picture):
    """A beginning, from which threads lead to several texts that are typed at once; the first text can be carried elsewhere.

    Dials: ``sprout`` 0–1 the threads grow; ``typed`` how many tokens of the first text stand, ``others`` how many of each other
    text; ``ghost`` opacity of the other texts and threads; ``where`` 0 as a tree, 1 in the line on top; ``glow``
    0–1 the thread of the first text shines; ``lit`` 0–1 so does its newest token.

    Anchors: ``fork``, ``start0`` … where a text begins, ``new`` above the newest token, ``below`` the first text's last line.

    Parameters
    ----------
    tree
        Region of the tree.
    line
        Region of the line on top.
    beginning
        The text that all begin with.
    texts
        The tokens of each, as they are shown.
    """

    dial_names: ClassVar[dict[str, float]] = {
        "sprout": 0.0, "typed": 0.0, "others": 0.0, "ghost": 1.0, "where": 0.0, "glow": 0.0, "lit": 0.0,
    }  # fmt: skip
    bleeds: ClassVar[float] = 0.5

    def __init__(
        self, tree: Region, line: Region, beginning: Label, texts: Sequence[Sequence[Label]], **dials: float
    ) -> None:
        self.texts = [list(text) for text in texts]
        left, right = split(tree, beginning)
        size = _prompt_size(beginning, left)
        self.beginning = [Label(words) for words in pieces_of(beginning, size, left.width)]
        stacked = flow(self.beginning, left, size, frame().mark, "left")
        self.trees = self._branches(right)
        first = [*self.beginning, *self.texts[0]]
        self.flows = [
            Flow(np.vstack([stacked.places, self.trees[0].places]), 0.0, np.concatenate([stacked.seen, self.trees[0].seen])),
            flow(first, line, 1.2 * frame().number, frame().mark),
        ]
        count = len(self.beginning)
        self.sizes = np.array([
            [stacked.size] * count + [self.trees[0].size] * len(self.texts[0]), [self.flows[1].size] * len(first),
        ])  # fmt: skip
        self.fork = np.array([self._right_of_beginning(stacked), float(left.center[1])]) if _beside() else np.array([left.left + 0.6, left.bottom])
        super().__init__((tree.left, tree.bottom, tree.right, line.top), **dials)

    def _branches(self, right: Region) -> list[Flow]:
        """The texts below one another, all in one size."""
        rows = right.rows([1.0] * len(self.texts), 0.12)
        pairs = list(zip(self.texts, rows, strict=True))

        def largest(lines: int) -> float:
            return min(flow(text, row, 2.2 * frame().label, frame().note, "left", lines).size for text, row in pairs)

        lines = 1 if largest(1) > 0.9 * frame().label else 2
        return [flow(text, row, largest(lines), frame().note, "left", lines) for text, row in pairs]

    def _right_of_beginning(self, stacked: Flow) -> float:
        ends = [place[0] + advance(words.rstrip(" "), "semibold") * stacked.size for place, words in zip(stacked.places, self.beginning, strict=True)]
        return max(ends) + 0.18

    # ---- where each piece is now

    def words(self) -> list[Word]:
        """Text that holds on to this picture: the beginning, and each token of each text."""
        first = [Word(self, 0, place) for place in range(len(self.beginning) + len(self.texts[0]))]
        return first + [Word(self, text, place) for text in range(1, len(self.texts)) for place in range(len(self.texts[text]))]

    def text_of(self, text: int, place: int) -> str:
        """What is typed of a piece by now."""
        if text == 0 and place < len(self.beginning):
            return self.beginning[place]
        number = place - len(self.beginning) if text == 0 else place
        typed = self.dial("typed" if text == 0 else "others") - number
        words = self.texts[text][number]
        return words[: int(np.ceil(np.clip(typed, 0, 1) * len(words) - 1e-6))]

    def state_of(self, text: int, place: int) -> tuple[Floats, float, float]:
        """Left end and middle of a piece's line (2,), its size, and its opacity."""
        if text:
            tree = self.trees[text]
            return tree.places[place], tree.size, float(tree.seen[place]) * self.dial("ghost")
        share, (before, after) = float(np.clip(self.dial("where"), 0, 1)), self.flows
        spot = before.places[place] + share * (after.places[place] - before.places[place])
        size = self.sizes[0, place] + share * (self.sizes[1, place] - self.sizes[0, place])
        return spot, float(size), float(before.seen[place] + share * (after.seen[place] - before.seen[place]))

    def color_of(self, text: int, place: int) -> Floats:
        """Bright for the first text, grey for the others; gold for the newest token while it is lit."""
        if text:
            return rgba(theme().muted)
        if place < len(self.beginning):
            return rgba(theme().text if self.dial("where") < 0.5 else theme().muted)
        share = self.dial("lit") if place == self.newest else 0.0
        return np.asarray(rgba(theme().text) + share * (rgba(theme().highlight) - rgba(theme().text)))

    @property
    def newest(self) -> int:
        """The place of the token of the first text that was typed last."""
        return len(self.beginning) + max(0, int(np.ceil(self.dial("typed") - 1e-6)) - 1)

    def anchor(self, name: str) -> Floats:
        """See the class."""
        if name == "fork":
            return np.append(self.fork, 0.0)
        if name.startswith("start"):
            return np.append(self._start(int(name[5:])), 0.0)
        if name in ("new", "next"):
            place = self.newest if name == "new" else min(self.newest + 1, len(self.beginning) + len(self.texts[0]) - 1)
            spot, size, _ = self.state_of(0, place)
            return np.array([spot[0] + 0.5 * advance(self.texts[0][place - len(self.beginning)], "semibold") * size, spot[1], 0.0])
        return super().anchor(name)

    def destination(self, number: int) -> Floats:
        """The middle of a token of the first text in the line on top, (3,)."""
        place, line = len(self.beginning) + number, self.flows[1]
        left, middle = line.places[place]
        return np.array([left + 0.5 * advance(self.texts[0][number], "semibold") * line.size, middle, 0.0])

    def _start(self, text: int) -> Floats:
        tree = self.trees[text]
        place = int(np.argmax(tree.seen))
        return np.asarray(tree.places[place]) + np.array([-0.14, 0.0])

    # ---- painting

    def draw(self, canvas: Canvas) -> None:
        """The threads; the first text's is bright."""
        sprout, tree = self.dial("sprout"), max(0.0, 1 - 2 * self.dial("where"))
        if sprout <= 0 or tree <= 0:
            return
        for text in range(len(self.texts) - 1, -1, -1):
            start, end = self.fork, self._start(text)
            curve = _thread(start, end, _beside_points(start, end))[: max(2, int(np.ceil(sprout * PIECES)) + 1)]
            bright = text == 0
            color = rgba(theme().text if bright else theme().muted)
            opacity = tree if bright else tree * self.dial("ghost") * 0.7
            if bright and self.dial("glow") > 0 and theme().name == "dark":
                box = (*curve.min(axis=0) - 0.1, *curve.max(axis=0) + 0.1)
                canvas.glow(partial(_shine, path=curve), box, 0.16, 0.8 * self.dial("glow") * tree)
            canvas.line(curve, 0.055 if bright else 0.04, color, opacity)
            x, y = curve[-1][:2].tolist()
            canvas.disc(x, y, 0.06, color, opacity)


class Word(Tag):
    """A piece of one of the texts of :class:`Futures`, as far as it is typed."""

    def __init__(self, futures: Futures, text: int, place: int) -> None:
        self.futures, self.text_number, self.number = futures, text, place
        super().__init__("", futures, size=futures.state_of(text, place)[1], align="left")

    @property
    def showable(self) -> Label:
        """What is shown now: a name, whatever digits are in it."""
        return Label(self.string)

    @property
    def string(self) -> str:
        """What is typed of it, where it is to be seen at all."""
        return self.futures.text_of(self.text_number, self.number) if self.shown > 0.02 else ""

    @property
    def shown(self) -> float:
        """Its opacity by the picture."""
        return self.futures.state_of(self.text_number, self.number)[2]

    def follow(self) -> None:
        """Stand where the picture has it, in its size and colour."""
        spot, self.size, shown = self.futures.state_of(self.text_number, self.number)
        color = self.futures.color_of(self.text_number, self.number)
        self.ink = np.asarray(shown * color + (1 - shown) * rgba(theme().background))
        width = max(advance(self.string, self.weight) * self.size, 1e-3)
        (left, middle), half = spot + self.offset[:2], 0.5 * self.size
        self.points = np.array([
            (left, middle - half, 0), (left + width, middle - half, 0), (left + width, middle + half, 0), (left, middle + half, 0),
        ])  # fmt: skip


def split(tree: Region, beginning: str) -> tuple[Region, Region]:
    """Where the beginning stands and where the texts do: beside it, or below it in a narrow frame."""
    if _beside():
        left, right = tree.columns([0.3, 0.7] if len(beginning) < 40 else [0.42, 0.58], 1.5)
        return left, right
    above, below = tree.rows([0.16, 0.84], 0.5)
    return above, Region(below.left + 1.1, below.right, below.bottom, below.top)


def _beside() -> bool:
    return not frame().portrait


def _prompt_size(beginning: str, left: Region) -> float:
    """The largest type with which the beginning has room."""
    size = 1.35 * frame().number
    while size > frame().mark and len(pieces_of(beginning, size, left.width)) * 1.28 * size > min(left.height, 3.2 * frame().number + size):
        size *= 0.96
    return max(size, frame().mark)


def pieces_of(beginning: str, size: float, width: float) -> list[str]:
    """A text in lines; the spaces at their ends stay, so that they can be joined again."""
    lines = wrap(beginning, size, width, "semibold") if beginning.strip() and len(beginning.split()) > 1 else [beginning]
    if len(lines) < 2:
        return [beginning]
    pieces, rest = [], beginning
    for line in lines[:-1]:
        reach = rest.find(line) + len(line)
        while reach < len(rest) and rest[reach] == " ":
            reach += 1
        pieces.append(rest[:reach])
        rest = rest[reach:]
    return [*pieces, rest]


def _beside_points(start: Floats, end: Floats) -> bool:
    return bool(abs(end[0] - start[0]) > 0.95)


def _thread(start: Floats, end: Floats, level: bool) -> Floats:
    """A curve that leaves and arrives level, or falls along an edge and turns in, (PIECES + 1, 2)."""
    t = np.linspace(0, 1, PIECES + 1)[:, None]
    if level:
        middle = 0.55 * (end[0] - start[0])
        one, other = np.array([start[0] + middle, start[1]]), np.array([end[0] - middle, end[1]])
    else:
        one, other = np.array([start[0], end[1] + 0.2]), np.array([start[0], end[1]])
    return np.asarray((1 - t) ** 3 * start + 3 * (1 - t) ** 2 * t * one + 3 * (1 - t) * t**2 * other + t**3 * end)


def _shine(canvas: Canvas, path: Floats) -> None:
    canvas.line(path, 0.09, rgba(theme().activation_ramp[-1]))
