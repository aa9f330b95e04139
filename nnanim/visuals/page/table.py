"""A table of text and numbers: columns aligned, rows evenly spaced, type as large as the region allows."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from manim import Line, VGroup

from nnanim.quantity import Showable, as_showable
from nnanim.visuals.page import glyphs
from nnanim.visuals.page.frame import Region, frame
from nnanim.visuals.page.glyphs import CAP_HEIGHT
from nnanim.visuals.page.text import Align, TextLine
from nnanim.visuals.page.theme import theme

ROW_PITCH = 1.6
"""Distance of two rows' baselines when there is room, in em."""
TIGHTEST_PITCH = 1.2
COLUMN_GAP = 0.8
"""Free space between two columns, in em."""
ELLIPSIS = -1
"""Stands for the parts left out in what :func:`elide` returns."""


def elide(count: int, most: int, keep: int | None = None) -> list[int]:
    """Indices of the parts to show when there is room for ``most``: the first, an :data:`ELLIPSIS`, the last.

    The part ``keep`` is always among them: where it would be left out it stands between two ellipses.
    """
    if count <= most:
        return list(range(count))
    first = (most - 1 + 1) // 2
    last = most - 1 - first
    if keep is None or not first <= keep < count - last:
        return [*range(first), ELLIPSIS, *range(count - last, count)]
    first = max(0, (most - 3 + 1) // 2)
    last = max(0, most - 3 - first)
    return [*range(first), ELLIPSIS, keep, ELLIPSIS, *range(count - last, count)]


class Table(VGroup):
    """Rows and columns of text lines.

    Parameters
    ----------
    rows
        What stands in each cell; None leaves it empty.
    region
        The table is centred in it and no larger than it.
    align
        Alignment of each column.
    size
        Height of one em when there is room.
    colors, weights
        Colour and weight of single cells, by (row, column).
    rules
        Rows above which a thin line is drawn.
    spanning
        Cells, by (row, column), that may reach into the empty cells beside them and do not widen their column.

    Raises
    ------
    ValueError
        When it does not fit even in the smallest type.
    """

    def __init__(
        self,
        rows: Sequence[Sequence[Showable | None]],
        region: Region,
        align: Sequence[Align],
        size: float | None = None,
        colors: dict[tuple[int, int], str] | None = None,
        weights: dict[tuple[int, int], glyphs.Weight] | None = None,
        rules: Sequence[int] = (),
        spanning: Collection[tuple[int, int]] = (),
        gap: float = COLUMN_GAP,
    ) -> None:
        super().__init__()
        colors, weights = colors or {}, weights or {}
        extents = np.zeros(len(align))
        for r, cells in enumerate(rows):
            for c, cell in enumerate(cells):
                if cell is not None and (r, c) not in spanning:
                    extents[c] = max(
                        extents[c], glyphs.advance(as_showable(cell).text, weights.get((r, c), "regular"))
                    )
        self.em_size = fitted_size(region, extents, len(rows), size or frame().body, gap)
        pitch = min(ROW_PITCH * self.em_size, region.height / len(rows))
        lefts = np.concatenate([[0], np.cumsum(extents[:-1] + gap)]) * self.em_size
        lefts += region.center[0] - (extents.sum() + gap * (len(align) - 1)) * self.em_size / 2
        top = region.center[1] + pitch * (len(rows) - 1) / 2
        self.left = float(lefts[0])
        self.right = float(lefts[-1] + extents[-1] * self.em_size)
        self.cells: dict[tuple[int, int], TextLine] = {}
        share = {"left": 0.0, "center": 0.5, "right": 1.0}
        for r, cells in enumerate(rows):
            baseline = top - r * pitch - CAP_HEIGHT / 2 * self.em_size
            for c, cell in enumerate(cells):
                if cell is None:
                    continue
                line = TextLine(cell, self.em_size, colors.get((r, c)), weights.get((r, c), "regular"))
                line.at(float(lefts[c] + share[align[c]] * extents[c] * self.em_size), baseline, align[c])
                self.cells[r, c] = line
                self.add(line)
        self.rules = VGroup()
        for r in rules:
            height = top - (r - 0.5) * pitch
            self.rules.add(
                Line((self.left, height, 0), (self.right, height, 0), color=theme().line, stroke_width=2)
            )
        self.add(self.rules)
        self.row_heights = [float(top - r * pitch) for r in range(len(rows))]

    def cell(self, row: int, column: int) -> TextLine:
        """The text line in a cell."""
        return self.cells[row, column]

    def row(self, row: int) -> VGroup:
        """Everything in a row, from left to right."""
        return VGroup(*(line for (r, _), line in sorted(self.cells.items()) if r == row))


def fitted_size(
    region: Region, extents: np.ndarray, rows: int, size: float, gap: float = COLUMN_GAP
) -> float:
    """The largest em, at most ``size``, with which columns of ``extents`` em and so many rows fit the region.

    Raises
    ------
    ValueError
        When this is under the frame's smallest type.
    """
    wide = region.width / (extents.sum() + gap * (len(extents) - 1))
    high = region.height / (rows * TIGHTEST_PITCH)
    em = min(size, wide, high)
    if em < frame().smallest * 0.999:
        raise ValueError(
            f"a table of {rows} rows and {len(extents)} columns does not fit {region.width:.1f} × {region.height:.1f}"
        )
    return float(em)


def rows_that_fit(region: Region) -> int:
    """How many rows of the smallest type a region holds."""
    return int(region.height / (frame().smallest * TIGHTEST_PITCH))
