"""Text on stage: one mobject a line, placed by its baseline, knowing which numbers it shows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import ClassVar, Literal

import numpy as np
from manim import Mobject, Rectangle, VGroup, VMobject
from numpy.typing import NDArray

from nnanim.quantity import Entry, Showable, as_showable
from nnanim.visuals.page import glyphs
from nnanim.visuals.page.frame import Region, frame
from nnanim.visuals.page.glyphs import CAP_HEIGHT, Weight
from nnanim.visuals.page.theme import theme

Align = Literal["left", "center", "right"]
_ALIGN_SHARE = {"left": 0.0, "center": 0.5, "right": 1.0}
LINE_PITCH = 1.24
"""Distance of two baselines of a paragraph, in em."""


class TextLine(VMobject):
    """One line of text: all its glyphs in one mobject.

    Parameters
    ----------
    content
        What is shown. A plain string may hold no digit; see :mod:`nnanim.quantity`.
    size
        Height of one em in manim units; by default the frame's body size.
    color
        A colour of the theme; by default its text colour.
    weight
        ``regular``, ``semibold`` or ``bold``.

    Raises
    ------
    UnsourcedDigit
        When a plain string holds a digit.
    """

    filled_through_mask: ClassVar[bool] = True
    """Asks the engine's camera to keep what the glyphs cover of each pixel."""

    def __init__(
        self,
        content: Showable,
        size: float | None = None,
        color: str | None = None,
        weight: Weight = "regular",
    ) -> None:
        self.showable = as_showable(content)
        self.string: str = self.showable.text
        self.size = frame().body if size is None else size
        self._outline = glyphs.outline(self.string, weight)
        super().__init__(stroke_width=0, fill_opacity=1, fill_color=color or theme().text)
        self.points = self._outline.points * self.size

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The numbers in this line, each with its source."""
        return self.showable.entries

    @property
    def _scale(self) -> float:
        """Size of one em now, after any scaling."""
        points = self._outline.points
        if not len(points):
            return self.size
        axis = int(np.ptp(points[:, 1]) > np.ptp(points[:, 0]))
        return float(np.ptp(self.points[:, axis]) / np.ptp(points[:, axis]))

    @property
    def em(self) -> float:
        """Height of one em as drawn now, in manim units."""
        return self._scale

    @property
    def origin(self) -> NDArray[np.float64]:
        """Where the line's baseline begins now, as a point (3,)."""
        if not len(self._outline.points):
            return np.zeros(3)
        return self.points.min(axis=0) - self._outline.points.min(axis=0) * self._scale

    @property
    def advance(self) -> float:
        """Typographic width now: unlike the ink's, the same for all numbers of equal length."""
        return self._outline.advance * self._scale

    def at(self, x: float, baseline: float, align: Align = "left") -> TextLine:
        """Move so that the line begins, is centred or ends at ``x``, its baseline at ``baseline``."""
        start = np.array([x - _ALIGN_SHARE[align] * self.advance, baseline, 0.0])
        self.shift(start - self.origin)
        return self

    def on(self, point: NDArray[np.float64], align: Align = "center") -> TextLine:
        """Move so that the middle of its figures and capitals is at the height of ``point``."""
        return self.at(float(point[0]), float(point[1]) - CAP_HEIGHT / 2 * self._scale, align)


def text_width(content: Showable, size: float, weight: Weight = "regular") -> float:
    """Width in manim units of a line before it is made."""
    text = str(content) if isinstance(content, str) else content.text
    return glyphs.advance(text, weight) * size


def wrap(text: str, size: float, width: float, weight: Weight = "regular") -> list[str]:
    """Break text into lines no wider than ``width``, then even their lengths out."""
    words = [word for word in text.split(" ") if word]  # a no-break space does not break
    lines = _fill(words, size, width, weight)
    if len(lines) < 2:
        return lines
    low, high = width / len(lines) * 0.6, width
    for _ in range(12):  # the narrowest measure that needs no more lines: lines of even length
        middle = (low + high) / 2
        if len(_fill(words, size, middle, weight)) > len(lines) or _widest(words, size, weight) > middle:
            low = middle
        else:
            high = middle
    return _fill(words, size, high, weight)


def _widest(words: Sequence[str], size: float, weight: Weight) -> float:
    return max(text_width(word, size, weight) for word in words)


def _fill(words: Sequence[str], size: float, width: float, weight: Weight) -> list[str]:
    lines: list[str] = []
    for word in words:
        if lines and text_width(f"{lines[-1]} {word}", size, weight) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


class Paragraph(VMobject):
    """Several lines of text as one mobject, wrapped to a region's width and fitted to its height.

    Parameters
    ----------
    content
        What is shown.
    region
        Where: lines are as wide as the region at most, the block stands in its middle.
    size
        Height of one em to begin with; made smaller until the lines fit, at least the frame's smallest type.
    lines
        How many lines are wanted at the most before the size gives way.
    align
        Alignment of the lines within the region.

    Raises
    ------
    ValueError
        When the text does not fit even at the smallest size.
    """

    filled_through_mask: ClassVar[bool] = True

    def __init__(
        self,
        content: Showable,
        region: Region,
        size: float,
        color: str | None = None,
        weight: Weight = "regular",
        lines: int = 2,
        align: Align = "center",
    ) -> None:
        self.showable = as_showable(content)
        self.string: str = self.showable.text
        self.size, self.lines = self._fit(region, size, weight, lines)
        super().__init__(stroke_width=0, fill_opacity=1, fill_color=color or theme().text)
        pitch = LINE_PITCH * self.size
        ink = (len(self.lines) - 1) * pitch + CAP_HEIGHT * self.size
        baseline = region.center[1] + ink / 2 - CAP_HEIGHT * self.size
        share = _ALIGN_SHARE[align]
        parts = []
        for number, line in enumerate(self.lines):
            shape = glyphs.outline(line, weight)
            x = region.left + share * (region.width - shape.advance * self.size)
            parts.append(shape.points * self.size + (x, baseline - number * pitch, 0))
        self.points = np.concatenate(parts) if parts else np.zeros((0, 3))

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The numbers in this text, each with its source."""
        return self.showable.entries

    @property
    def em(self) -> float:
        """Height of one em, in manim units."""
        return self.size

    def _fit(self, region: Region, size: float, weight: Weight, wanted: int) -> tuple[float, list[str]]:
        least = frame().smallest
        steps = max(0, math.ceil(math.log(max(size / least, 1)) / math.log(1 / 0.97)))
        sizes = [max(size * 0.97**step, least) for step in range(steps + 1)]
        for allowed in (wanted, wanted + 1):
            for em in sizes:
                lines = wrap(self.string, em, region.width, weight)
                block = (len(lines) - 1) * LINE_PITCH * em + em
                fits = all(text_width(line, em, weight) <= region.width + 1e-6 for line in lines)
                if fits and len(lines) <= allowed and block <= region.height + 1e-6:
                    return em, lines
        raise ValueError(
            f"“{self.string}” does not fit its region in {wanted + 1} lines at the smallest type"
        )


def row(parts: Sequence[TextLine], x: float, baseline: float, gap: float | None = None) -> VGroup:
    """Set lines of text one behind the other on one baseline, from ``x`` to the right."""
    for part in parts:
        part.at(x, baseline)
        x += part.advance + (0.24 * part.em if gap is None else gap)
    return VGroup(*parts)


def lines_within(lines: Sequence[Showable], region: Region, size: float) -> VGroup:
    """Lines below one another in the middle of a region, of this size, or as large as the region allows."""
    widest = max(text_width(line, 1.0, "semibold") for line in lines)
    em = min(size, region.width / widest, region.height / (1.35 * len(lines)))
    made = VGroup(*(TextLine(line, em, weight="semibold").at(0, -n * 1.35 * em, "center") for n, line in enumerate(lines)))
    return made.move_to(region.center)


def veil(region: Region) -> Rectangle:
    """What keeps words legible over lines: the background, nearly opaque."""
    made = Rectangle(width=region.width, height=region.height, stroke_width=0, fill_color=theme().background, fill_opacity=0.85)
    return made.move_to(region.center)


def texts_in(mobjects: Sequence[Mobject]) -> Iterator[Mobject]:
    """Every mobject on stage that shows text: ours (with ``string`` and ``entries``), in drawing order."""
    for mobject in mobjects:
        for member in mobject.get_family():
            if hasattr(member, "string") and hasattr(member, "entries"):
                yield member
