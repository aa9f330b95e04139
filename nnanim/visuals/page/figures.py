"""A few large numbers, each with words under it, for the free side of a picture: below one another, or side by side."""

from __future__ import annotations

from collections.abc import Sequence

from manim import VGroup

from nnanim.quantity import Showable
from nnanim.visuals.page.frame import Region, frame
from nnanim.visuals.page.glyphs import CAP_HEIGHT
from nnanim.visuals.page.text import TextLine, text_width
from nnanim.visuals.page.theme import theme

WORDS_BELOW = 1.55
"""From the baseline of a number to that of its words, in em of the words."""
APART = 1.4
"""From these to the next number's capitals, in the same em."""


class Figures(VGroup):
    """Numbers with words: each pair is a submobject, so that they can come one by one.

    Parameters
    ----------
    region
        Where; it is cut so that the type is largest, and the type made smaller until it fits.
    entries
        What is shown large, and the words below it.
    """

    def __init__(self, region: Region, entries: Sequence[tuple[Showable, Showable]]) -> None:
        gap = min(0.4, 0.05 * region.width)
        cuts = region.rows([1] * len(entries), 0.0), region.columns([1] * len(entries), gap)
        cells = max(cuts, key=lambda cells: _sizes(cells[0], entries)[1])
        big, small = _sizes(cells[0], entries)
        pairs = []
        for cell, (number, words) in zip(cells, entries, strict=True):
            x, middle, _ = cell.center.tolist()
            baseline = middle + (CAP_HEIGHT * big + WORDS_BELOW * small) / 2 - CAP_HEIGHT * big
            pairs.append(VGroup(
                TextLine(number, big, weight="bold").at(x, baseline, "center"),
                TextLine(words, small, theme().muted, "semibold").at(x, baseline - WORDS_BELOW * small, "center"),
            ))  # fmt: skip
        super().__init__(*pairs)


def _sizes(cell: Region, entries: Sequence[tuple[Showable, Showable]]) -> tuple[float, float]:
    """Heights of one em of the numbers and of the words that fit a cell, both as large as they may be."""
    big = min(frame().number, *(cell.width / text_width(number, 1.0, "bold") for number, _ in entries))
    small = min(frame().label, *(cell.width / text_width(words, 1.0, "semibold") for _, words in entries))
    fit = min(1.0, cell.height / (CAP_HEIGHT * big + (WORDS_BELOW + APART) * small))
    return big * fit, small * fit
