"""The matrices of a toy head: X times three projections (in Falk's scheme), and the mixture of the values.

Each matrix has a row for each token; numbers stay in their cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from manim import FadeIn, FadeOut, Mobject, Rectangle, VGroup

from nnanim.quantity import Label, Quantity, Showable
from nnanim.visuals.cells.matrix import Cells, Matrix, Read
from nnanim.visuals.page.frame import Region, frame
from nnanim.visuals.page.text import TextLine, text_width
from nnanim.visuals.page.theme import theme

PADDING = 0.28
"""Free space left and right of a number in its cell, in em."""
LARGEST = 1.3
"""The largest type, in body sizes."""
TALLEST, TIGHTEST = 1.75, 1.16
"""Height of a cell at the most and at the least, in em."""
NAME_ROOM = 0.52
BLOCK_GAP = 0.42


@dataclass(frozen=True)
class Projection:
    """One matrix and what X times it is: names and numbers."""

    letter: str
    result: str
    read_matrix: Read
    read_result: Read


class TokenMatrix(VGroup):
    """A matrix with a row for each token, their names at its left.

    Attributes
    ----------
    matrix, names
        The cells with their numbers and the matrix' name; the tokens' names.
    """

    def __init__(
        self, read: Read, names: Sequence[Label], columns: int, cells: Cells, name: Showable, limit: float
    ) -> None:
        super().__init__()
        self.matrix = Matrix(read, range(len(names)), range(columns), cells, name, limit)
        self.names = VGroup()
        em = cells.em or frame().small
        for row, word in enumerate(names):
            region = self.matrix.heat.cell_region(row, 0)
            line = TextLine(word, em, theme().muted)
            self.names.add(line.on(np.array([region.left - 0.16, region.center[1], 0]), "right"))
        self.add(self.matrix, self.names)


class Projections(VGroup):
    """X with the tokens' names, and for each projection its matrix above its result.

    Parameters
    ----------
    read_x
        Gives the number in (row, column) of X.
    projections
        One or several.
    names
        The tokens' names, T of them.
    width
        d, of X and of all results.
    region
        The whole is centred in it.

    Attributes
    ----------
    x, matrices, results
        X with its names; the matrices; their products.

    Raises
    ------
    ValueError
        When it does not fit even in the smallest type.
    """

    def __init__(
        self, read_x: Read, projections: Sequence[Projection], names: Sequence[Label], width: int, region: Region
    ) -> None:
        super().__init__()
        count = len(names)
        sizes = fit(read_x, projections, names, width, region)
        if sizes is None:
            raise ValueError(f"projections do not fit {region.width:.1f} × {region.height:.1f}")
        of_x, of_results = sizes
        limit = max(1.0, *(abs(read_x(r, c).value) for r in range(count) for c in range(width)))
        self.x = TokenMatrix(read_x, names, width, of_x, "X", limit)
        self.matrices, self.results = VGroup(), VGroup()
        for projection in projections:
            largest = max(abs(projection.read_matrix(r, c).value) for r in range(width) for c in range(width))
            matrix = Matrix(projection.read_matrix, range(width), range(width), of_results, "W", largest or 1.0)
            index = TextLine(projection.letter, max(frame().smallest, 0.66 * matrix.name.em), theme().muted)
            index.at(matrix.name.origin[0] + matrix.name.advance, matrix.name.origin[1] - 0.1)
            matrix.add(index)
            largest = max(abs(projection.read_result(r, c).value) for r in range(count) for c in range(width))
            self.matrices.add(matrix)
            self.results.add(Matrix(projection.read_result, range(count), range(width), of_results, projection.result, largest or 1.0))
        self._place(of_x, of_results, count, width, region)
        self.add(self.x, self.matrices, self.results)

    def _place(self, of_x: Cells, of_results: Cells, count: int, width: int, region: Region) -> None:
        whole = _name_room(self.x) + width * of_x.width + len(self.results) * (BLOCK_GAP + width * of_results.width)
        high = (count + width) * of_x.height + 2 * NAME_ROOM
        left = region.center[0] - whole / 2 + _name_room(self.x)
        bottom = region.center[1] - high / 2
        low = bottom + count * of_x.height / 2
        up = bottom + count * of_x.height + NAME_ROOM + width * of_x.height / 2
        self.x.shift(np.array([left + width * of_x.width / 2, low, 0]) - self.x.matrix.heat.get_center())
        x = left + width * of_x.width + BLOCK_GAP
        for matrix, result in zip(self.matrices, self.results, strict=True):
            middle = x + width * of_results.width / 2
            matrix.shift(np.array([middle, up, 0]) - matrix.heat.get_center())
            result.shift(np.array([middle, low, 0]) - result.heat.get_center())
            x += width * of_results.width + BLOCK_GAP


def _name_room(x: TokenMatrix) -> float:
    return float(x.matrix.heat.get_left()[0] - x.names.get_left()[0])


def fit(
    read_x: Read, projections: Sequence[Projection], names: Sequence[Label], width: int, region: Region
) -> tuple[Cells, Cells] | None:
    """The largest cells of X and of the other matrices with which all fit the region; None when none do."""
    count = len(names)
    of_x = max(text_width(read_x(r, c), 1.0) for r in range(count) for c in range(width))
    of_results = max(
        max(text_width(p.read_matrix(r, c), 1.0) for p in projections for r in range(width) for c in range(width)),
        max(text_width(p.read_result(r, c), 1.0) for p in projections for r in range(count) for c in range(width)),
    )
    words = max(text_width(name, 1.0) for name in names)
    em = LARGEST * frame().body
    while em >= frame().smallest * 0.999:
        tall = min((region.height - 2 * NAME_ROOM) / (count + width), TALLEST * em)
        narrow, broad = (em * (extent + 2 * PADDING) for extent in (of_x, of_results))
        wide = words * em + 0.16 + width * narrow + len(projections) * (BLOCK_GAP + width * broad)
        if wide <= region.width and tall >= TIGHTEST * em:
            return Cells(narrow, tall, em), Cells(broad, tall, em)
        em *= 0.97
    return None


def stacked_cells(
    reads: Sequence[Read], names: Sequence[Label], columns: int, region: Region, rows: int, blocks: int, extra: float = 0.0, beside: int = 1,
) -> Cells:  # fmt: skip
    """The largest cells for matrices of ``columns`` columns, ``rows`` rows in all, in ``blocks`` blocks below one another.

    Parameters
    ----------
    extra
        Width that something beside the matrices takes, in em.
    beside
        How many blocks stand beside one another.

    Raises
    ------
    ValueError
        When they do not fit even in the smallest type.
    """
    widest = max(text_width(read(r, c), 1.0) for read in reads for r in range(len(names)) for c in range(columns))
    words = max(text_width(name, 1.0) for name in names)
    em = LARGEST * frame().body
    while em >= frame().smallest * 0.999:
        tall = min((region.height - blocks * NAME_ROOM) / rows, TALLEST * em)
        cell = em * (widest + 2 * PADDING)
        if (words + extra) * em + 0.16 + beside * columns * cell <= region.width and tall >= TIGHTEST * em:
            return Cells(cell, tall, em)
        em *= 0.97
    raise ValueError(f"{blocks} matrices of {columns} columns do not fit {region.width:.1f} × {region.height:.1f}")


class Mixture:
    """One token's weights beside the values, the weighted values, and their sum.

    Weighted values stand beside the values where there is room, else they take their place.

    Parameters
    ----------
    shares
        The weights, T of them.
    read_v, read_weighted, read_output
        Give the numbers of the values (T, d), of the weighted values (T, d), and of their sum (in row 0).
    names
        The tokens' names, T of them.
    width
        d.
    region
        The whole is centred in it.
    title
        Written above the weighted values.
    """

    def __init__(
        self,
        shares: Sequence[Quantity],
        read_v: Read,
        read_weighted: Read,
        read_output: Read,
        names: Sequence[Label],
        width: int,
        region: Region,
        title: Showable,
    ) -> None:
        words, count = names, len(names)
        extra = max(text_width(share, 1.0) for share in shares) + 2.0
        reads = [read_v, read_weighted]
        rows = count + 1
        limit = max(abs(read_v(r, c).value) for r in range(count) for c in range(width)) or 1.0
        self.beside = False
        cells = stacked_cells(reads, words, width, region, rows + 1, 1, extra)
        try:
            double = stacked_cells(reads, words, width, region, rows + 1, 1, extra + 1.0, beside=2)
            if double.em and cells.em and double.em >= 0.8 * frame().body:
                cells, self.beside = double, True
        except ValueError:  # no room for values and weighted values: these take the place of those
            pass
        em = cells.em or frame().small
        name_width = max(text_width(word, em) for word in words)
        sign = em * 1.2
        own = width * cells.width
        whole = name_width + 0.16 + (extra - 2.0) * em + sign + own + (sign + own if self.beside else 0.0)
        left = region.center[0] - whole / 2
        high = rows * cells.height + NAME_ROOM + 0.25
        top = region.center[1] + high / 2 - NAME_ROOM
        x_values = left + name_width + 0.16 + (extra - 2.0) * em + sign + own / 2
        x_weighted = x_values + (own + sign if self.beside else 0.0)
        self.values = Matrix(read_v, range(count), range(width), cells, "V", limit)
        self.weighted = Matrix(read_weighted, range(count), range(width), cells, title, limit)
        self.output = Matrix(read_output, range(1), range(width), cells, "V", limit)
        self.output.remove(self.output.name)
        middle = top - count * cells.height / 2
        self.values.shift(np.array([x_values, middle, 0]) - self.values.heat.get_center())
        self.weighted.shift(np.array([x_weighted, middle, 0]) - self.weighted.heat.get_center())
        bottom = top - count * cells.height - 0.25 - cells.height / 2
        self.output.shift(np.array([x_weighted, bottom, 0]) - self.output.heat.get_center())
        self.names, self.weights, self.times = VGroup(), [], []
        muted = theme().muted
        for row, (word, share) in enumerate(zip(words, shares, strict=True)):
            y = float(self.values.heat.cell_center(row, 0)[1])
            self.names.add(TextLine(word, em, muted).on(np.array([left + name_width, y, 0]), "right"))
            right = left + name_width + 0.16 + (extra - 2.0) * em
            self.weights.append(TextLine(share, em, theme().positive, "semibold").on(np.array([right, y, 0]), "right"))
            self.times.append(TextLine("×", em, muted).on(np.array([right + sign / 2, y, 0])))
        self.equals = [
            TextLine("=", em, muted).on(np.array([x_values + own / 2 + sign / 2, float(self.values.heat.cell_center(row, 0)[1]), 0]))
            for row in range(count)
        ] if self.beside else []  # fmt: skip
        self.rule = Rectangle(width=own, height=0.02, stroke_width=0, fill_color=muted, fill_opacity=1)
        self.rule.move_to((x_weighted, top - count * cells.height - 0.12, 0))
        self.output_name = TextLine("output", em, theme().highlight)
        self.output_name.on(np.array([x_weighted - own / 2 - 0.16, bottom, 0]), "right")

    def multiply(self) -> list[Any]:
        """Animations from values to weighted values."""
        if self.beside:
            return [*map(FadeIn, self.equals), FadeIn(self.weighted, target_position=self.values.get_center())]
        return [FadeOut(self.values), FadeIn(self.weighted)]

    def leaving(self) -> list[Mobject]:
        """Everything but the output."""
        shown = [self.values] if self.beside else []
        return [*shown, self.weighted, self.names, *self.weights, *self.times, *self.equals, self.rule, self.output_name]
