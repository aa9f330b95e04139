"""Probabilities as horizontal bars: label left, number right."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import Rectangle, VGroup

from nnanim.quantity import Quantity
from nnanim.visuals.page.frame import frame
from nnanim.visuals.page.text import TextLine, text_width
from nnanim.visuals.page.theme import theme


class ProbabilityBars(VGroup):
    """A bar for each probability, at given heights in the frame, with its number behind it.

    Parameters
    ----------
    quantities
        The probabilities, each in 0–1.
    heights
        The y of each bar's middle.
    left, right
        Where the bars begin, and where the longest bar with its number must end.
    thickness
        Height of a bar.
    """

    def __init__(
        self,
        quantities: Sequence[Quantity],
        heights: Sequence[float],
        left: float,
        right: float,
        thickness: float,
        size: float | None = None,
    ) -> None:
        super().__init__()
        size = size or frame().body
        room = right - left - max(text_width(q, size, "semibold") for q in quantities) - 0.35 * size
        best = max(quantity.value for quantity in quantities)
        self.tracks, self.bars, self.numbers = VGroup(), VGroup(), VGroup()
        for quantity, height in zip(quantities, heights, strict=True):
            first = quantity.value == best
            track = Rectangle(
                width=room, height=thickness, stroke_width=0, fill_color=theme().panel, fill_opacity=1
            )
            bar = Rectangle(width=max(room * quantity.value, 0.02), height=thickness, stroke_width=0)
            bar.set_fill(theme().positive, 1.0 if first else 0.6)
            for box in (track, bar):
                box.move_to((left + box.width / 2, height, 0))
            number = TextLine(quantity, size, weight="semibold")
            number.on(np.array([left + room + 0.35 * size, height, 0.0]), "left")
            self.tracks.add(track)
            self.bars.add(bar)
            self.numbers.add(number)
        self.add(self.tracks, self.bars, self.numbers)
