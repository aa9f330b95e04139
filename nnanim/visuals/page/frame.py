"""Named regions of the frame and the sizes of type, for any aspect ratio.

Positions come from here, so that a portrait video is laid out anew instead of being cropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass

import numpy as np
from manim import config
from numpy.typing import NDArray

SHORT_SIDE = 8.0
"""The shorter side of every frame, in manim units."""


@dataclass(frozen=True)
class Region:
    """A rectangle of the frame, in manim units."""

    left: float
    right: float
    bottom: float
    top: float

    @property
    def width(self) -> float:
        """Extent in x."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Extent in y."""
        return self.top - self.bottom

    @property
    def center(self) -> NDArray[np.float64]:
        """The middle, as a point (3,)."""
        return np.array([(self.left + self.right) / 2, (self.bottom + self.top) / 2, 0.0])

    def inset(self, horizontal: float = 0.0, vertical: float | None = None) -> Region:
        """The region less a margin on each side."""
        vertical = horizontal if vertical is None else vertical
        return Region(
            self.left + horizontal, self.right - horizontal, self.bottom + vertical, self.top - vertical
        )

    def columns(self, shares: Sequence[float], gap: float = 0.5) -> list[Region]:
        """Cut into columns, left to right, with widths in proportion to ``shares``."""
        widths = _portions(self.width, shares, gap)
        lefts = self.left + np.concatenate([[0], np.cumsum(np.array(widths[:-1]) + gap)])
        return [
            Region(x, x + w, self.bottom, self.top) for x, w in zip(map(float, lefts), widths, strict=True)
        ]

    def rows(self, shares: Sequence[float], gap: float = 0.4) -> list[Region]:
        """Cut into rows, top to bottom, with heights in proportion to ``shares``."""
        heights = _portions(self.height, shares, gap)
        tops = self.top - np.concatenate([[0], np.cumsum(np.array(heights[:-1]) + gap)])
        return [
            Region(self.left, self.right, y - h, y) for y, h in zip(map(float, tops), heights, strict=True)
        ]


def _portions(whole: float, shares: Sequence[float], gap: float) -> list[float]:
    room = whole - gap * (len(shares) - 1)
    return [room * share / sum(shares) for share in shares]


CAP_SHARE = 0.66
"""Height of a capital as a share of an em, in the family that everything is set in."""


@dataclass(frozen=True)
class Frame:
    """The frame of this render: its size in manim units, its regions, its sizes of type (height of one em).

    Parameters
    ----------
    width, height
        In manim units.
    film
        Whether pictures fill it: no strip with the title on top, larger type, one line of narration.
    """

    width: float
    height: float
    film: bool = False

    @property
    def portrait(self) -> bool:
        """Whether the frame is clearly higher than it is wide."""
        return self.height > 1.2 * self.width

    @property
    def stacked(self) -> bool:
        """Whether the part's name stands under the chapter's title instead of beside it."""
        return self.width < 9

    @property
    def margin(self) -> float:
        """Free space along the left and right edge."""
        return 0.42

    @property
    def whole(self) -> Region:
        """All of it, to its edges."""
        return Region(-self.width / 2, self.width / 2, -self.height / 2, self.height / 2)

    # ---- type

    @property
    def scale(self) -> float:
        """What sizes of type are shares of: the height, in a narrow frame somewhat less."""
        return min(self.height, 1.3 * self.width)

    def cap(self, share: float) -> float:
        """The em of type whose capitals are this share of the height."""
        return share * self.scale / CAP_SHARE

    @property
    def number(self) -> float:
        """A number that matters."""
        return self.cap(0.065)

    @property
    def label(self) -> float:
        """Names on objects."""
        return self.cap(0.035)

    @property
    def mark(self) -> float:
        """Marks of axes."""
        return self.cap(0.028)

    @property
    def note(self) -> float:
        """Where something comes from: the smallest type of a film."""
        return self.cap(0.0241)

    @property
    def smallest(self) -> float:
        """The smallest type that may be used."""
        return self.note if self.film else self.height / 40

    @property
    def small(self) -> float:
        """Labels and notes."""
        return self.mark if self.film else max(self.smallest, 0.26)

    @property
    def body(self) -> float:
        """Numbers in tables and panels."""
        if self.film:
            return self.label
        return 0.42 if self.portrait else 0.34 if self.width > 9 else 0.3

    @property
    def heading(self) -> float:
        """The heading of a panel."""
        return self.body * 1.1

    @property
    def title_size(self) -> float:
        """The chapter's title."""
        if self.film:
            return self.cap(0.085)
        return 0.56 if self.portrait else 0.48 if self.width > 9 else 0.42

    @property
    def caption_size(self) -> float:
        """The narration at the foot of the frame, before it is fitted."""
        if self.film:
            return self.cap(0.035)
        return 0.44 if self.portrait else 0.37 if self.width > 9 else 0.31

    # ---- regions

    def _across(self, bottom: float, top: float) -> Region:
        return Region(-self.width / 2 + self.margin, self.width / 2 - self.margin, bottom, top)

    @property
    def title(self) -> Region:
        """The strip on top."""
        depth = 1.5 if self.portrait else 1.3 if self.stacked else 1.0
        return self._across(self.height / 2 - depth, self.height / 2)

    @property
    def caption_lines(self) -> int:
        """How many lines of narration there is room for."""
        if self.film:
            return 1 if self.width > 12 else 2
        return 3 if self.portrait else 2

    @property
    def caption(self) -> Region:
        """Where the narration stands: along the lower edge, in a narrow film above what players lay over it."""
        foot = -self.height / 2
        if self.film:
            low = foot + (0.2 * self.height if self.portrait else 0.3)
            return self._across(low, low + self.caption_size * (1.24 * self.caption_lines + 0.1))
        edge = 0.16 if self.portrait else 0.1
        return self._across(foot + edge, foot + self.height / 8)

    @property
    def stage(self) -> Region:
        """Everything above the narration (and, where there is a title strip, below that)."""
        if self.film:
            return self._across(self.caption.top + 0.5 * self.caption_size, self.height / 2 - 0.36)
        return self._across(self.caption.top + 0.12, self.title.bottom - 0.12)

    def split(self, shares: Sequence[float], gap: float = 0.5) -> list[Region]:
        """The stage in parts: side by side, or one above the other in a portrait frame."""
        return self.stage.rows(shares, gap) if self.portrait else self.stage.columns(shares, gap)


_film: ContextVar[bool] = ContextVar("film", default=False)


def frame() -> Frame:
    """The frame that manim is set to draw now."""
    return Frame(float(config.frame_width), float(config.frame_height), _film.get())


def use_film(film: bool) -> None:
    """Say whether what is drawn from now on is a film, whose pictures fill the frame."""
    _film.set(film)
