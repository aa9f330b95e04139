"""Rows of marks that come one after another: a disc for each test that was passed, a ring for each that was not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from nnanim.quantity import Quantity, Showable
from nnanim.visuals.page.frame import Region, frame
from nnanim.visuals.page.readout import Tag, fitting
from nnanim.visuals.page.theme import rgba, theme
from nnanim.visuals.paint.canvas import Canvas
from nnanim.visuals.paint.painted import Floats
from nnanim.visuals.paint.picture import Picture


class Tally(Picture):
    """Tests as marks: discs where they were passed, rings where not.

    Dials: ``done`` how many marks are there, all rows counted one after another (0 … rows × columns); ``rule`` 0–1 a line
    behind the column ``rule`` is drawn.

    Anchors: ``row0`` … left of each row, ``end0`` … right of it.

    Parameters
    ----------
    region
        Where.
    passed
        (rows, columns), true where the test was passed.
    rule
        So many columns stand left of the line.
    """

    dial_names: ClassVar[dict[str, float]] = {"done": 0.0, "rule": 0.0}

    def __init__(self, region: Region, passed: ArrayLike, rule: int = 0, **dials: float) -> None:
        self.passed, self.rule = np.asarray(passed).astype(bool), rule
        super().__init__((region.left, region.bottom, region.right, region.top), **dials)

    def spot(self, row: int, column: float) -> Floats:
        """The middle of a mark, (3,)."""
        rows, columns = self.passed.shape
        return self.place((column + 0.5) / columns, 1 - (row + 0.5) / rows)

    def anchor(self, name: str) -> Floats:
        """``row0`` …, ``end0`` …"""
        for kind, column in (("row", -0.5), ("end", self.passed.shape[1] - 0.5)):
            if name.startswith(kind) and name[len(kind) :].isdigit():
                return self.spot(int(name[len(kind) :]), column)
        return super().anchor(name)

    def names(self, labels: Sequence[Showable], room: float) -> list[Tag]:
        """A name left of each row, within so much room."""
        em = min(frame().label, fitting(labels, room - 0.3))
        return [Tag(label, self, f"row{n}", (-0.3, 0.0), em, align="right") for n, label in enumerate(labels)]

    def counts(self, numbers: Sequence[Quantity], size: float | None = None) -> list[Tag]:
        """A number right of each row."""
        em = 1.2 * frame().label if size is None else size
        return [Tag(number, self, f"end{n}", (0.3, 0.0), em, align="left") for n, number in enumerate(numbers)]

    def draw(self, canvas: Canvas) -> None:
        """The marks that are there."""
        left, bottom, right, top = self.corners
        rows, columns = self.passed.shape
        radius = 0.36 * min((right - left) / columns, (top - bottom) / rows)
        for number, passed in enumerate(self.passed.ravel().tolist()):
            grown = float(np.clip(self.dial("done") - number, 0, 1))
            x, y, _ = self.spot(*divmod(number, columns))
            canvas.disc(x, y, 0.22 * radius, rgba(theme().line), 1 - grown)
            if passed:
                canvas.disc(x, y, radius * grown, rgba(theme().good), grown)
            else:
                canvas.disc(x, y, 0.85 * radius * grown, rgba(theme().muted), grown, line=0.22 * radius)
        if shown := self.dial("rule"):
            x = left + self.rule / columns * (right - left)
            canvas.line([(x, top), (x, top - shown * (top - bottom))], 0.05, rgba(theme().chosen))
