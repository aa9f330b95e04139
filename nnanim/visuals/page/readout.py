"""Words and running numbers that hold on to a picture: they stand where one of its points is, and say what its dial says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import cairo
import numpy as np
from manim import Camera, ManimColor
from numpy.typing import ArrayLike, NDArray

from nnanim.quantity import Cited, Entry, Label, Quantity, Sentence, Showable, as_showable
from nnanim.visuals.page import glyphs
from nnanim.visuals.page.frame import frame
from nnanim.visuals.page.glyphs import CAP_HEIGHT, Weight
from nnanim.visuals.page.text import Align
from nnanim.visuals.page.theme import rgba, theme
from nnanim.visuals.paint.appearance import Appearance
from nnanim.visuals.paint.painted import INVISIBLE, Floats, Painted, ink
from nnanim.visuals.paint.picture import Picture

_SHARE = {"left": 0.0, "center": 0.5, "right": 1.0}


class Tag(Painted):
    """A line of text that holds on to a point of a picture; its type keeps its size however the picture moves.

    Parameters
    ----------
    content
        What is shown.
    of
        The picture; nothing for text that stands where ``at`` says.
    anchor
        Which of the picture’s points: see :meth:`Picture.anchor`; without one it stands where ``at`` says.
    at
        From the anchor, or from the middle of the frame: how far right and up, in manim units.
    size
        Height of one em; by default that of labels.
    color
        A colour of the theme; by default its text colour.
    align
        Which end of the line stands there.
    plate
        Opacity of the ground that is laid under the text, so that it reads on anything.
    """

    array_names: ClassVar[tuple[str, ...]] = ("opacity", "ink")
    shared_names: ClassVar[frozenset[str]] = frozenset({"ink"})

    def __init__(
        self, content: Showable, of: Picture | None = None, anchor: str = "", at: ArrayLike = (0.0, 0.0),
        size: float | None = None, color: str | None = None, weight: Weight = "semibold",
        align: Align = "center", plate: float = 0.0,
    ) -> None:  # fmt: skip
        self.content = as_showable(content)
        self.of, self.anchor_name, self.weight, self.align, self.plate = of, anchor, weight, align, plate
        self.size = frame().label if size is None else size
        self.offset = np.append(np.asarray(at, dtype=float)[:2], 0.0)
        self.ink: NDArray[np.float64] = rgba(color or theme().text)
        self.letters = 1.0
        """Opacity of the letters alone, without the plate; who measures them takes them away."""
        super().__init__(np.zeros((4, 3)), 4)
        self.follow()

    # ---- what it says

    @property
    def showable(self) -> Quantity | Cited | Label | Sentence:
        """What is shown now."""
        return self.content

    @property
    def string(self) -> str:
        """The text now."""
        return self.showable.text

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The numbers in it now, each with its source."""
        return self.showable.entries

    @property
    def em(self) -> float:
        """Height of one em, in manim units."""
        return self.size

    # ---- where it is

    def follow(self) -> None:
        """Stand where the picture's point is now."""
        base = self.of.anchor(self.anchor_name) if self.of is not None and self.anchor_name else np.zeros(3)
        width = glyphs.advance(self.widest, self.weight) * self.size
        left, middle = base[0] + self.offset[0] - _SHARE[self.align] * width, base[1] + self.offset[1]
        low, high = middle - 0.5 * self.size, middle + 0.5 * self.size
        self.points = np.array([(left, low, 0), (left + width, low, 0), (left + width, high, 0), (left, high, 0)])

    @property
    def widest(self) -> str:
        """The text by which its place is reckoned, so that it does not tremble as its figures change."""
        return self.string

    def shift(self, *vectors: Any) -> Tag:
        """Move away from the point that it holds on to."""
        for vector in vectors:
            self.offset = self.offset + np.asarray(vector, dtype=float)
        self.follow()
        return self

    def appearance(self, before: Appearance | None = None) -> Appearance:
        """How it looks now."""
        self.follow()
        self._said = self.string  # noqa: part of how it looks
        return super().appearance(before)

    def interpolate(self, mobject1: Any, mobject2: Any, alpha: float, path_func: Any = None) -> Tag:
        """Colour and opacity between those of two others; where it stands is the picture's affair."""
        self.offset = (1 - alpha) * mobject1.offset + alpha * mobject2.offset
        self.interpolate_color(mobject1, mobject2, alpha)
        self.follow()
        return self

    @property
    def overhang(self) -> float:
        """Accents and descenders, and the plate."""
        return 0.4 * self.size

    def tint(self, color: Floats) -> Tag:
        """Another colour."""
        self.ink = np.asarray(color, dtype=float)
        return self

    def get_fill_color(self) -> ManimColor:
        """The colour of its type."""
        return ManimColor.from_rgb(self.ink[:3])

    # ---- painting

    def paint_parts(self, ctx: cairo.Context, camera: Camera) -> None:
        """Paint plate and text."""
        opacity = float(self.opacity[0])
        if opacity < INVISIBLE:
            return
        self.follow()
        low, high = self.points[:, :2].min(axis=0), self.points[:, :2].max(axis=0)
        if self.plate:
            pad = 0.28 * self.size
            _round_box(ctx, low[0] - pad, low[1] - 0.1 * self.size, high[0] - low[0] + 2 * pad, 1.2 * self.size, 0.3 * self.size)
            ctx.set_source_rgba(*ink(camera, (*rgba(theme().background)[:3], self.plate * opacity)))
            ctx.fill()
        shape = glyphs.outline(self.string, self.weight)
        slack = (high[0] - low[0]) - shape.advance * self.size
        start = np.array([low[0] + _SHARE[self.align] * slack, (low[1] + high[1]) / 2 - CAP_HEIGHT / 2 * self.size])
        curves = (shape.points[:, :2] * self.size + start).reshape(-1, 4, 2)
        ctx.new_path()
        at: list[float] | None = None
        for first, one, other, last in curves.tolist():
            if at is None or abs(at[0] - first[0]) + abs(at[1] - first[1]) > 1e-6 * self.size:
                ctx.move_to(*first)
            ctx.curve_to(*one, *other, *last)
            at = last
        ctx.set_source_rgba(*ink(camera, (*self.ink[:3], opacity * self.letters)))
        ctx.fill()


def fitting(labels: Sequence[Showable], room: float, weight: Weight = "semibold") -> float:
    """The em with which the widest of some labels is as wide as the room."""
    return room / max((glyphs.advance(as_showable(label).text, weight) for label in labels), default=1.0)


class Readout(Tag):
    """A number that runs: it shows the element of an array of the trace at which a picture's dial stands.

    In every frame it is one computed number, rounded: the element at the dial's whole part.

    Parameters
    ----------
    numbers
        The numbers that it runs through, in order, with the decimals to be shown.
    of
        The picture.
    dial
        The name of the dial that counts through them, from 0.
    before, after
        Words around the number.
    """

    def __init__(
        self, numbers: Sequence[Quantity], of: Picture, dial: str, before: Showable = "", after: Showable = "",
        **style: Any,
    ) -> None:  # fmt: skip
        self.numbers, self.dial_name = tuple(numbers), dial
        self.before, self.after = as_showable(before), as_showable(after)
        self.picture = of
        decimals = {number.decimals for number in self.numbers}
        if len(decimals) > 1:
            raise ValueError("a number that runs keeps its decimals: give all of them the same")
        self._widest = max((self._written(number) for number in self.numbers), key=lambda text: glyphs.advance(text, "semibold"))
        super().__init__("", of, **style)

    @property
    def place(self) -> int:
        """Which of the numbers is shown now."""
        return int(np.clip(np.floor(self.picture.dial(self.dial_name) + 1e-6), 0, len(self.numbers) - 1))

    @property
    def showable(self) -> Sentence:
        """What is shown now."""
        return Sentence("{before}{number}{after}", {"before": self.before, "number": self.showing, "after": self.after})

    @property
    def showing(self) -> Quantity:
        """The number that is shown now."""
        return self.numbers[self.place]

    def _written(self, number: Quantity) -> str:
        return f"{self.before.text}{number.text}{self.after.text}"

    @property
    def string(self) -> str:
        """The text now."""
        return self._written(self.showing)

    @property
    def widest(self) -> str:
        """The widest that it will be."""
        return self._widest

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The number that is shown now, with its source."""
        return self.showing.entries

    def ran(self, first: int, last: int) -> tuple[Entry, Entry] | None:
        """The ends of a run from one of its numbers to another, for the ledger; nothing where it stood still."""
        before, after = self.numbers[first].entries, self.numbers[last].entries
        return (before[0], after[0]) if first != last and before and after else None


def readouts_in(mobjects: Sequence[Any]) -> list[Readout]:
    """Every running number on stage."""
    return [member for mobject in mobjects for member in mobject.get_family() if isinstance(member, Readout)]


def _round_box(ctx: cairo.Context, left: float, bottom: float, width: float, height: float, radius: float) -> None:
    r = min(radius, width / 2, height / 2)
    right, top = left + width, bottom + height
    ctx.new_path()
    ctx.arc(right - r, bottom + r, r, -np.pi / 2, 0)
    ctx.arc(right - r, top - r, r, 0, np.pi / 2)
    ctx.arc(left + r, top - r, r, np.pi / 2, np.pi)
    ctx.arc(left + r, bottom + r, r, np.pi, 1.5 * np.pi)
    ctx.close_path()


