"""Matrices with their numbers, and a layer written as an equation: W × x + b = z → a."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from manim import Arrow, Mobject, VGroup

from nnanim.quantity import Quantity, Showable, as_showable
from nnanim.visuals.cells.heatmap import HeatMap
from nnanim.visuals.cells.number_grid import NumberGrid
from nnanim.visuals.page.frame import Region, frame
from nnanim.visuals.page.table import ELLIPSIS, elide
from nnanim.visuals.page.text import TextLine, text_width
from nnanim.visuals.page.theme import theme

MOST_CELLS = 12
GAP = 0.05
LARGEST = 1.35
"""The largest type of an equation, in body sizes."""
TALLEST_CELL = 0.85
TIGHTEST = 1.12
"""Height of the lowest cell, in em."""
SIGN_ROOM = 0.46
NAME_ROOM = 0.6
"""Room for the matrices' names above them."""
LINE_GAP = 0.35
PADDING = 0.32
"""Free space left and right of a number in its cell, in em."""

Read = Callable[[int, int], Quantity]


@dataclass(frozen=True)
class Cells:
    """Size of a matrix' cells and of the numbers in them; ``em`` is None where only colours show."""

    width: float
    height: float
    em: float | None


class Matrix(VGroup):
    """A heat map whose cells show numbers when there is room, with its name above.

    Parameters
    ----------
    read
        Gives the number in (row, column).
    rows, columns
        Indices to show, with an ellipsis for those left out (:func:`nnanim.visuals.page.table.elide`).
    cells
        Sizes.
    name
        Written above.
    limit
        The magnitude at which the colour is fullest.
    """

    def __init__(
        self,
        read: Read,
        rows: Sequence[int],
        columns: Sequence[int],
        cells: Cells,
        name: Showable,
        limit: float,
    ) -> None:
        super().__init__()
        quantities = [[None if ELLIPSIS in (r, c) else read(r, c) for c in columns] for r in rows]
        values = [[0.0 if q is None else q.value for q in line] for line in quantities]
        self.rows, self.columns = list(rows), list(columns)
        self.heat = HeatMap(values, cells.width - GAP, cells.height - GAP, GAP, limit, corner_radius=0.04)
        self.heat.opacity = np.array(
            [[q is not None for q in line] for line in quantities], dtype=float
        ).reshape(-1)
        self.numbers: NumberGrid | None = None
        if cells.em is not None:
            self.numbers = NumberGrid(quantities, self.heat.parts().mean(axis=1), cells.em, self.heat.colors)
        self.dots = VGroup(*self._dots(frame().small))
        self.name = TextLine(name, frame().body, theme().muted)
        self.name.at(float(self.heat.get_center()[0]), float(self.heat.get_top()[1]) + 0.16, "center")
        self.add(self.heat, *([self.numbers] if self.numbers is not None else []), self.dots, self.name)

    @property
    def body(self) -> list[Mobject]:
        """The cells and what stands in them."""
        return [mobject for mobject in (self.heat, self.numbers, self.dots) if mobject is not None]

    def _dots(self, size: float) -> list[TextLine]:
        """What stands for rows and columns left out, off the middle, so that the two do not meet."""
        dots = []
        for row in [place for place, index in enumerate(self.rows) if index == ELLIPSIS]:
            place = self.heat.cell_center(row, (len(self.columns) - 1) // 4)
            dots.append(TextLine("⋮", size, theme().muted, "bold").on(place))
        for column in [place for place, index in enumerate(self.columns) if index == ELLIPSIS]:
            place = self.heat.cell_center((len(self.rows) - 1) // 4, column)
            dots.append(TextLine("…", size, theme().muted, "bold").on(place))
        return dots


class LayerEquation(VGroup):
    """One layer as an equation: weights × incoming + bias = sums → activations.

    It stands on one line or, where that leaves the numbers larger, on two.

    Parameters
    ----------
    weights, incoming, biases, sums, activations
        Give the numbers, by (row, column); the four vectors are asked for column 0.
    n_out, n_in
        The layer's size and the one before's.
    region
        The equation is centred in it.
    function
        Name of the activation function, written above the arrow.
    keep
        The row that is shown even where most are left out.

    Raises
    ------
    ValueError
        When even the vectors' numbers do not fit.
    """

    def __init__(
        self,
        weights: Read,
        incoming: Read,
        biases: Read,
        sums: Read,
        activations: Read,
        n_out: int,
        n_in: int,
        region: Region,
        function: Showable,
        keep: int | None = None,
    ) -> None:
        super().__init__()
        name = as_showable(function)
        layout = best_layout([weights, incoming, biases, sums, activations], n_out, n_in, region, name.text, keep)
        self.layout, rows, columns = layout, layout.rows, layout.columns
        of_weights = max((abs(weights(r, c).value) for r in rows for c in columns if ELLIPSIS not in (r, c)), default=1.0)
        of_sums = max(abs(read(r, 0).value) for read in (biases, sums) for r in rows if r != ELLIPSIS)
        of_inputs = max(1.0, *(abs(incoming(c, 0).value) for c in columns if c != ELLIPSIS))
        of_activations = max(1.0, *(abs(activations(r, 0).value) for r in rows if r != ELLIPSIS))
        self.weights = Matrix(weights, rows, columns, layout.matrix, "W", of_weights)
        self.incoming = Matrix(incoming, columns, [0], layout.vector, "x", of_inputs)
        self.biases = Matrix(biases, rows, [0], layout.vector, "b", of_sums)
        self.sums = Matrix(sums, rows, [0], layout.vector, "z", of_sums)
        self.activations = Matrix(activations, rows, [0], layout.vector, "a", of_activations)
        self.times, self.plus, self.equals = (TextLine(sign, 1.2 * frame().body, theme().muted) for sign in "×+=")
        self.function = TextLine(name, frame().small, theme().muted)
        self.arrow = Arrow((0, 0, 0), (layout.arrow - 0.24, 0, 0), buff=0, color=theme().muted, tip_length=0.16)
        self.arrow.set_stroke(width=3)
        first: list[Mobject] = [self.weights, self.times, self.incoming, self.plus, self.biases]
        second: list[Mobject] = [self.equals, self.sums, self.arrow, self.activations]
        lines = [[*first, *second]] if layout.lines == 1 else [first, second]
        for line, place in zip(lines, region.rows([1] * layout.lines, LINE_GAP), strict=True):
            self._place(line, place)
            self.add(*line)
        self.function.at(float(self.arrow.get_center()[0]), float(self.arrow.get_center()[1]) + 0.16, "center")
        self.add(self.function)

    @property
    def beginning(self) -> VGroup:
        """Weights × incoming."""
        return VGroup(self.weights, self.times, self.incoming)

    def mark_row(self, row: int, name: Showable) -> TextLine:
        """The name of one row of the weights, at its left."""
        mark = TextLine(name, frame().small * 1.1, theme().highlight, "semibold")
        first = self.weights.heat.cell_region(self.weights.rows.index(row), 0)
        return mark.on(np.array([first.left - 0.2, (first.top + first.bottom) / 2, 0]), "right")

    def speak_of(self, row: int | None) -> list[Any]:
        """Animations that dim all rows of the weights but one; none, with None."""
        parts = [part for part in (self.weights.heat, self.weights.numbers) if part is not None]
        if row is None:
            return [part.animate.calm() for part in parts]
        return [part.animate.emphasise(row=self.weights.rows.index(row)) for part in parts]

    def _place(self, line: Sequence[Mobject], region: Region) -> None:
        widths = [self._width(part) for part in line]
        x = region.center[0] - sum(widths) / 2
        for part, width in zip(line, widths, strict=True):
            middle = np.array([x + width / 2, region.center[1] - NAME_ROOM / 2, 0.0])
            if isinstance(part, Matrix):
                part.shift(middle - part.heat.get_center())
            elif isinstance(part, TextLine):
                part.on(middle)
            else:
                part.move_to(middle)
            x += width

    def _width(self, part: Mobject) -> float:
        if isinstance(part, Matrix):
            return len(part.columns) * (self.layout.matrix if part is self.weights else self.layout.vector).width
        return SIGN_ROOM if isinstance(part, TextLine) else self.layout.arrow


@dataclass(frozen=True)
class EquationLayout:
    """Which rows and columns an equation shows, on how many lines, and how large its cells are, in manim units."""

    rows: list[int]
    columns: list[int]
    lines: int
    matrix: Cells
    vector: Cells
    arrow: float

    @property
    def width(self) -> float:
        """Of the longest line."""
        first = len(self.columns) * self.matrix.width + 2 * SIGN_ROOM + 2 * self.vector.width
        second = SIGN_ROOM + self.arrow + 2 * self.vector.width
        return first + second if self.lines == 1 else max(first, second)

    @property
    def legibility(self) -> tuple[bool, int, float]:
        """What makes a layout better than another: all weights in numbers, more of them, larger type."""
        return self.matrix.em is not None, len(self.rows) + len(self.columns), self.vector.em or 0.0


def best_layout(
    reads: Sequence[Read], n_out: int, n_in: int, region: Region, function: str, keep: int | None = None
) -> EquationLayout:
    """The most legible layout that fits the region.

    Raises
    ------
    ValueError
        When none does.
    """
    layouts = [
        layout
        for lines in (1, 2)
        for with_numbers in (True, False)
        if (layout := _layout(reads, n_out, n_in, region, function, lines, with_numbers, keep)) is not None
    ]
    if not layouts:
        raise ValueError(f"a layer of {n_out} × {n_in} does not fit {region.width:.1f} × {region.height:.1f}")
    return max(layouts, key=lambda layout: layout.legibility)


def _layout(
    reads: Sequence[Read], n_out: int, n_in: int, region: Region, function: str, lines: int, with_numbers: bool,
    keep: int | None,
) -> EquationLayout | None:
    least = frame().smallest
    height = (region.height - LINE_GAP * (lines - 1)) / lines - NAME_ROOM
    most = min(MOST_CELLS, int(height / (least * TIGHTEST)))
    if most < min(3, max(n_out, n_in)):
        return None
    rows, columns = elide(n_out, most, keep), elide(n_in, most)
    tall = min(height / max(len(rows), len(columns)), TALLEST_CELL)
    drawn_rows, drawn_columns = [r for r in rows if r != ELLIPSIS], [c for c in columns if c != ELLIPSIS]
    of_weights = max(text_width(reads[0](r, c), 1.0) for r in drawn_rows for c in drawn_columns)
    of_vectors = max(
        *(text_width(reads[1](c, 0), 1.0) for c in drawn_columns),
        *(text_width(read(r, 0), 1.0) for read in reads[2:] for r in drawn_rows),
    )
    arrow = max(0.9, text_width(function, frame().small) + 0.5)
    em = min(LARGEST * frame().body, tall / TIGHTEST)
    while em >= least * 0.999:
        vector = Cells(em * (of_vectors + 2 * PADDING), tall, em)
        if with_numbers:
            matrix = Cells(em * (of_weights + 2 * PADDING), tall, em)
        else:
            room = region.width - 4 * vector.width - 3 * SIGN_ROOM - arrow
            if lines == 2:
                room = region.width - 2 * vector.width - 2 * SIGN_ROOM
            matrix = Cells(min(room / len(columns), tall, vector.width), tall, None)
        layout = EquationLayout(rows, columns, lines, matrix, vector, arrow)
        if layout.width <= region.width + 1e-9 and matrix.width > 0.14:
            return layout
        em *= 0.97
    return None
