"""A small matrix as a card: cells tinted by their numbers, which run along a dial; rows and columns that light up when they meet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import ClassVar

import numpy as np
from manim import Animation, FadeIn, VGroup
from numpy.typing import ArrayLike

from nnanim.quantity import Label, Quantity
from nnanim.trace import Trace
from nnanim.visuals.page.frame import Region, frame
from nnanim.visuals.page.readout import Readout, Tag
from nnanim.visuals.page.theme import rgba, theme
from nnanim.visuals.paint.canvas import Canvas
from nnanim.visuals.paint.motion import Turn
from nnanim.visuals.paint.painted import Floats
from nnanim.visuals.paint.picture import Picture

GAP = 0.08
"""Between two cells, as a share of their size."""

NAME = 0.55
"""Room for a name over the card, as a share of a cell."""


class MatrixCard(Picture):
    """A matrix whose cells are tinted by sign and size; numbers hold on to its cells.

    Dials: ``step`` counts through the matrices; ``row``, ``column`` light
    one of them (counted from 1, 0 for none); ``cells`` 0–1 brings cell after cell.

    Parameters
    ----------
    region
        Where it stands, with room for a name above.
    matrices
        What it runs through, (S, rows, columns).
    limit
        The number at which a cell is fullest.
    """

    dial_names: ClassVar[dict[str, float]] = {"step": 0.0, "row": 0.0, "column": 0.0, "cells": 1.0}

    def __init__(self, region: Region, matrices: ArrayLike, limit: float = 1.5, **dials: float) -> None:
        self.matrices = np.asarray(matrices, dtype=float)
        self.limit = limit
        rows, columns = self.matrices.shape[1:]
        self.side = min(region.width / columns, region.height / (rows + NAME))
        self.shape = rows, columns
        self.center = region.center[:2] - (0.0, self.side * NAME / 2)
        half = self.side * np.array([columns, rows]) / 2
        super().__init__((*(self.center - half), *(self.center + half)), **dials)

    def middle(self, row: float, column: float) -> Floats:
        """The middle of a cell, (2,)."""
        rows, columns = self.shape
        return np.asarray(self.center + self.side * np.array([column - (columns - 1) / 2, (rows - 1) / 2 - row]))

    def anchor(self, name: str) -> Floats:
        """``r0c1``: a cell; ``above``: over the card."""
        if name == "above":
            return np.append(self.middle(-0.5, (self.shape[1] - 1) / 2), 0.0)
        row, _, column = name.removeprefix("r").partition("c")
        return np.append(self.middle(int(row), int(column)), 0.0)

    def now(self) -> Floats:
        """The matrix that is shown, (rows, columns)."""
        step = int(np.clip(self.dial("step") + 1e-6, 0, len(self.matrices) - 1))
        return np.asarray(self.matrices[step])

    def numbers(self, quantities: Callable[[int, int], Sequence[Quantity]], size: float) -> list[Readout]:
        """A running number on every cell, row by row: ``quantities(row, column)`` are those that it runs through."""
        places = [(row, column) for row in range(self.shape[0]) for column in range(self.shape[1])]
        return [Readout(quantities(r, c), self, "step", anchor=f"r{r}c{c}", size=size) for r, c in places]

    def draw(self, canvas: Canvas) -> None:
        """Cells, then what lights up."""
        colors = theme().diverging(self.now(), self.limit)
        rows, columns = self.shape
        size = self.side * (1 - GAP)
        for row in range(rows):
            for column in range(columns):
                come = float(np.clip(self.dial("cells") * rows * columns - row * columns - column, 0, 1))
                x, y = self.middle(row, column) - size / 2
                canvas.box(x, y, size, size, colors[row, column], come, 0.09)
                if row + 1 == round(self.dial("row")) or column + 1 == round(self.dial("column")):
                    canvas.box(x, y, size, size, rgba(theme().chosen), come, 0.09, line=0.07)


class Product(VGroup):
    """Two matrices and their product, cell by cell: a row of the second meets a column of the first.

    Parameters
    ----------
    regions
        Of the first, the second (which stands left of it) and the product.
    trace
        The record in which the matrices stand.
    matrices, products
        Names of arrays (S, rows, columns) there: the two factors are the first two of the one, the first of them to be applied
        first; the product's card runs through the other, beginning with the product of none, of one, of the two …
    names
        Of the two factors.

    Attributes
    ----------
    factors
        The two cards, each with its name and its numbers.
    result
        The product's card, whose dial ``cells`` brings its numbers.
    """

    def __init__(self, regions: Sequence[Region], trace: Trace, matrices: str, products: str, names: Sequence[str]) -> None:
        cards = [MatrixCard(region, [each]) for region, each in zip(regions[:2], trace[matrices][:2], strict=True)]
        self.cards = cards
        self.result = MatrixCard(regions[2], trace[products], step=2, cells=0)

        def quantities(card: int, row: int, column: int) -> list[Quantity]:
            if card < 2:
                return [trace.quantity(matrices, card, row, column)]
            return [trace.quantity(products, step, row, column) for step in range(len(trace[products]))]

        size = max(frame().note, min(frame().label, 0.35 * cards[0].side))
        numbers = [card.numbers(partial(quantities, k), size) for k, card in enumerate((*cards, self.result))]
        tags = [Tag(Label(name), card, "above", (0.0, 0.6 * size), size) for name, card in zip(names, cards, strict=True)]
        self.factors = [VGroup(card, tag, *each) for card, tag, each in zip(cards, tags, numbers, strict=False)]
        self.numbers = numbers[2]
        super().__init__(*self.factors, self.result, *self.numbers)

    def meeting(self, place: int) -> list[Animation]:
        """Light up the row and the column that meet in a cell of the product, counted row by row, and show what they make."""
        columns = self.result.shape[1]
        first, second = self.cards
        first.turn(column=place % columns + 1)
        second.turn(row=place // columns + 1)
        come = Turn(self.result, 0.4, cells=(place + 1) / len(self.numbers))
        return [come, FadeIn(self.numbers[place], run_time=0.4)]

    def part(self) -> None:
        """Nothing is lit up any more."""
        for card in self.cards:
            card.turn(row=0, column=0)
