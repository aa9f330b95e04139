"""Matrices with their numbers, and a layer written as an equation: W × x + b = z → a."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from manim import Animation, Arrow, Mobject, VGroup

from nnanim.quantity import Quantity, Showable
from nnanim.visuals.frame import Region, frame
from nnanim.visuals.heatmap import HeatMap, NumberGrid
from nnanim.visuals.table import ELLIPSIS, elide
from nnanim.visuals.text import TextLine, text_width
from nnanim.visuals.theme import theme

MOST_CELLS = 12
GAP = 0.05
LARGEST = 1.35
"""The largest type of an equation, in body sizes."""
PADDING = 0.12
"""Free space left and right of a number in its cell."""

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
        Indices to show, with an ellipsis for those left out (:func:`nnanim.visuals.table.elide`).
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
        self.numbers: NumberGrid | None = (
            NumberGrid.on(self.heat, quantities, cells.em) if cells.em is not None else None
        )
        self.dots = VGroup(*self._dots(frame().small))
        self.name = TextLine(name, frame().small * 1.1, theme().muted)
        self.name.at(float(self.heat.get_center()[0]), float(self.heat.get_top()[1]) + 0.16, "center")
        self.add(self.heat, *([self.numbers] if self.numbers is not None else []), self.dots, self.name)

    @property
    def body(self) -> list[Mobject]:
        """The cells and what stands in them."""
        return [mobject for mobject in (self.heat, self.numbers, self.dots) if mobject is not None]

    def _dots(self, size: float) -> list[TextLine]:
        dots = []
        if ELLIPSIS in self.rows:
            row, middle = self.rows.index(ELLIPSIS), (len(self.columns) - 1) / 2
            place = (
                self.heat.cell_center(row, int(np.floor(middle)))
                + self.heat.cell_center(row, int(np.ceil(middle)))
            ) / 2
            dots.append(TextLine("⋮", size, theme().muted, "bold").on(place))
        if ELLIPSIS in self.columns:
            column, middle = self.columns.index(ELLIPSIS), (len(self.rows) - 1) / 2
            place = (
                self.heat.cell_center(int(np.floor(middle)), column)
                + self.heat.cell_center(int(np.ceil(middle)), column)
            ) / 2
            dots.append(TextLine("…", size, theme().muted, "bold").on(place))
        return dots


class LayerEquation(VGroup):
    """One layer as an equation: weights × incoming + bias = sums → activations.

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
    ) -> None:
        super().__init__()
        self.layout = EquationLayout.fitting(
            [weights, incoming, biases, sums, activations], n_out, n_in, region, function
        )
        rows, columns = self.layout.rows, self.layout.columns
        vector, matrix = self.layout.vector_cells, self.layout.matrix_cells
        of_weights = max(
            (abs(weights(r, c).value) for r in rows for c in columns if ELLIPSIS not in (r, c)), default=1.0
        )
        of_sums = max(abs(read(r, 0).value) for read in (biases, sums) for r in rows if r != ELLIPSIS)
        self.weights = Matrix(weights, rows, columns, matrix, "W", of_weights)
        self.incoming = Matrix(incoming, columns, [0], vector, "x", 1.0)
        self.biases = Matrix(biases, rows, [0], vector, "b", of_sums)
        self.sums = Matrix(sums, rows, [0], vector, "z", of_sums)
        self.activations = Matrix(activations, rows, [0], vector, "a", 1.0)
        size = frame().body
        self.times, self.plus, self.equals = (TextLine(sign, size, theme().muted) for sign in "×+=")
        self.function = TextLine(function, frame().small, theme().muted)
        self.arrow = Arrow(
            (0, 0, 0),
            (self.layout.arrow - 0.2, 0, 0),
            buff=0,
            stroke_width=3,
            color=theme().muted,
            tip_length=0.16,
        )
        self.arrow.set_stroke(width=3)
        order: list[Mobject] = [
            self.weights, self.times, self.incoming, self.plus, self.biases, self.equals, self.sums, self.arrow, self.activations
        ]  # fmt: skip
        self._place(order, region)
        self.function.at(
            float(self.arrow.get_center()[0]), float(self.arrow.get_center()[1]) + 0.16, "center"
        )
        self.add(*order, self.function)

    def mark_row(self, row: int, name: Showable) -> TextLine:
        """The name of one row, to the left of it (above, where there is no room)."""
        mark = TextLine(name, frame().small * 1.1, theme().highlight, "semibold")
        if row not in self.weights.rows:
            return mark
        first = self.weights.heat.cell_region(self.weights.rows.index(row), 0)
        return mark.on(np.array([first.left - 0.2, (first.top + first.bottom) / 2, 0]), "right")

    def speak_of(self, row: int | None) -> list[Animation]:
        """Animations that dim all rows of the weights but one; none, with None."""
        parts = [part for part in (self.weights.heat, self.weights.numbers) if part is not None]
        if row is None or row not in self.weights.rows:
            return [part.animate.calm() for part in parts]
        return [part.animate.emphasise(row=self.weights.rows.index(row)) for part in parts]

    def _place(self, order: Sequence[Mobject], region: Region) -> None:
        x = region.center[0] - self.layout.width / 2
        height = region.center[1] - 0.17
        for part in order:
            width = self.layout.width_of(part)
            middle = np.array([x + width / 2, height, 0.0])
            if isinstance(part, Matrix):
                part.shift(middle - part.heat.get_center())
            elif isinstance(part, TextLine):
                part.on(middle)
            else:
                part.move_to(middle)
            x += width


@dataclass(frozen=True)
class EquationLayout:
    """Which rows and columns an equation shows, and how large its cells are, in manim units."""

    rows: list[int]
    columns: list[int]
    matrix_cells: Cells
    vector_cells: Cells
    arrow: float

    SIGN = 0.42

    @property
    def width(self) -> float:
        """Of the whole equation."""
        return (
            len(self.columns) * self.matrix_cells.width
            + 4 * self.vector_cells.width
            + 3 * self.SIGN
            + self.arrow
        )

    @property
    def complete(self) -> bool:
        """Whether every weight can show its number."""
        return self.matrix_cells.em is not None

    def width_of(self, part: Mobject) -> float:
        """Room for a part of the equation."""
        if isinstance(part, Matrix):
            return len(part.columns) * (
                self.vector_cells.width if len(part.columns) == 1 else self.matrix_cells.width
            )
        return self.SIGN if isinstance(part, TextLine) else self.arrow

    @classmethod
    def fitting(
        cls, reads: Sequence[Read], n_out: int, n_in: int, region: Region, function: Showable
    ) -> EquationLayout:
        """The layout with the largest type that fits the region; weights give up their numbers first.

        Raises
        ------
        ValueError
            When even the vectors do not fit.
        """
        least, header = frame().smallest, 0.55
        most = min(MOST_CELLS, int((region.height - header) / (least * 1.12)))
        rows, columns = elide(n_out, most), elide(n_in, most)
        tall = min((region.height - header) / max(len(rows), len(columns)), 0.85)
        drawn_rows, drawn_columns = [r for r in rows if r != ELLIPSIS], [c for c in columns if c != ELLIPSIS]
        of_weights = max(text_width(reads[0](r, c), 1.0) for r in drawn_rows for c in drawn_columns)
        of_vectors = max(
            [text_width(reads[1](c, 0), 1.0) for c in drawn_columns]
            + [text_width(read(r, 0), 1.0) for read in reads[2:] for r in drawn_rows]
        )
        arrow = max(
            0.8, text_width(function if isinstance(function, str) else function.text, frame().small) + 0.35
        )
        for numbers_in_matrix in (True, False):
            em = min(LARGEST * frame().body, tall / 1.12)
            while em >= least * 0.999:
                vector = Cells(em * of_vectors + 2 * PADDING, tall, em)
                if numbers_in_matrix:
                    matrix = vector if len(columns) == 1 else Cells(em * of_weights + 2 * PADDING, tall, em)
                else:
                    room = region.width - 4 * vector.width - 3 * cls.SIGN - arrow
                    matrix = Cells(min(room / len(columns), tall, vector.width), tall, None)
                layout = cls(rows, columns, matrix, vector, arrow)
                if layout.width <= region.width and matrix.width > 0.14:
                    return layout
                em *= 0.96
        raise ValueError(f"a layer of {n_out} × {n_in} does not fit {region.width:.1f} × {region.height:.1f}")
