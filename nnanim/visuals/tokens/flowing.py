"""Where the pieces of a text stand when it runs in lines through a region, as large as it fits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from nnanim.visuals.page.frame import Region
from nnanim.visuals.page.glyphs import Weight, advance
from nnanim.visuals.page.text import Align
from nnanim.visuals.paint.painted import Floats

PITCH = 1.28
"""Distance of two baselines, in em."""


@dataclass(frozen=True)
class Flow:
    """Where each piece stands: left end and middle of its line (n, 2), the size of type, and which are to be seen (n,)."""

    places: Floats
    size: float
    seen: Floats


def lines_of(pieces: Sequence[str], size: float, width: float, weight: Weight = "semibold") -> list[list[int]]:
    """Numbers of the pieces in each line, no wider than a width; a line break in the text is a sign like others."""
    lines: list[list[int]] = [[]]
    reached = 0.0
    for place, words in enumerate(pieces):
        extent = advance(words, weight) * size
        if lines[-1] and reached + extent > width:
            lines.append([])
            reached = -lead(words, weight) * size
        lines[-1].append(place)
        reached += extent
    return lines


def lead(words: str, weight: Weight = "semibold") -> float:
    """How wide the spaces are with which a piece begins, in em."""
    return advance(words, weight) - advance(words.lstrip(" "), weight) if words.strip() else 0.0


def flow(
    pieces: Sequence[str], region: Region, largest: float, smallest: float, align: Align = "center", lines: int | None = None,
    weight: Weight = "semibold",
) -> Flow:  # fmt: skip
    """Let pieces run through a region in lines.

    Parameters
    ----------
    largest, smallest
        Size of type: the largest with which all has room; where the smallest is too large, the last lines are seen.
    lines
        At most so many.
    """
    size = largest
    while True:
        broken = lines_of(pieces, size, region.width, weight)
        fits = len(broken) * PITCH * size <= region.height + 1e-6 and (lines is None or len(broken) <= lines)
        if fits or size <= smallest:
            break
        size = max(size * 0.96, smallest)
    room = max(1, min(int(region.height / (PITCH * size) + 1e-6), lines or 99))
    shown = broken[-room:]
    places, seen = np.tile(region.center[:2], (len(pieces), 1)), np.zeros(len(pieces))
    top = region.center[1] + (len(shown) - 1) / 2 * PITCH * size
    for number, line in enumerate(shown):
        first = lead(pieces[line[0]], weight) * size if line else 0.0
        widths = [advance(pieces[place], weight) * size for place in line]
        extent = sum(widths) - first
        x = {"left": region.left, "center": region.center[0] - extent / 2, "right": region.right - extent}[align] - first
        starts = np.cumsum([x, *widths])
        for place, (left, _) in zip(line, pairwise(starts), strict=True):
            places[place], seen[place] = (left, top - number * PITCH * size), 1.0
    return Flow(places, size, seen)
