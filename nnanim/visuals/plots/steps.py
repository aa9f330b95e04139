"""A quantity over the steps of a run, for instance its loss: axes, marks, and a curve for each run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import Line, VGroup
from numpy.typing import ArrayLike

from nnanim.quantity import Label, Showable
from nnanim.visuals.page.frame import Region, frame
from nnanim.visuals.page.text import TextLine, text_width, veil
from nnanim.visuals.page.theme import theme
from nnanim.visuals.plots.trail import Shape, Trail, ball_alone


class StepPlot(VGroup):
    """Axes over steps 0 to ``steps``; curves outside of the range are clipped.

    Parameters
    ----------
    region
        Where; names and marks stand inside it.
    steps
        The last step, and how it is written.
    low, high
        Range of the quantity.
    name
        Of the quantity.
    marks
        Heights that are marked, each with what is written beside it.
    """

    def __init__(
        self, region: Region, steps: tuple[int, Showable], low: float, high: float, name: Showable,
        marks: Sequence[tuple[float, Showable]] = (),
    ) -> None:  # fmt: skip
        super().__init__()
        size, muted = frame().small, theme().muted
        left = region.left + max([text_width(words, size) for _, words in marks], default=0.0) + 0.4 * size
        self.place = Region(left, region.right - 0.3 * size, region.bottom + 1.5 * size, region.top - 1.6 * size)
        self.low, self.high, self.steps = low, high, steps[0]
        place = self.place
        axes = VGroup(
            Line((place.left, place.bottom, 0), (place.right, place.bottom, 0)),
            Line((place.left, place.bottom, 0), (place.left, place.top, 0)),
        )
        axes.set_stroke(muted, 2, 0.7)
        self.add(axes)
        self.add(TextLine(name, size, muted).at(place.left, place.top + 0.55 * size, "left"))
        below = place.bottom - 1.1 * size
        self.add(TextLine(Label("0"), size, muted).at(place.left, below, "center"))
        self.add(TextLine("step", size, muted).at((place.left + place.right) / 2, below, "center"))
        self.add(TextLine(steps[1], size, muted).at(place.right, below, "right"))
        for value, words in marks:
            height = self.spots([value])[0, 1]
            self.add(Line((place.left - 0.2 * size, height, 0), (place.left, height, 0), color=muted, stroke_width=2))
            self.add(TextLine(words, size, muted).on(np.array([place.left - 0.4 * size, height, 0]), "right"))

    def spots(self, values: ArrayLike) -> np.ndarray:
        """Where the values of steps 0, 1, … stand in the frame, (n, 2)."""
        given, place = np.asarray(values, dtype=float), self.place
        x = place.left + np.arange(len(given)) / max(self.steps, 1) * place.width
        return np.stack([x, place.bottom + (given - self.low) / (self.high - self.low) * place.height], axis=1)

    def curve(self, values: ArrayLike, color: str | None = None, shape: Shape = "circle", ball: float = 0.1) -> Trail:
        """The curve of one run, its values at steps 0, 1, …; it is not part of the plot."""
        place = self.place
        seen = Region(place.left, place.right, place.bottom - 0.02, place.top + 0.02)
        return Trail(self.spots(values), seen, color, shape, ball=ball, dot=0.0, width=5.0)

    def key(self, names: Sequence[Showable], styles: Sequence[tuple[str, Shape]]) -> VGroup:
        """Names of runs with their balls, colour and shape each, in the upper right corner; it is not part of the plot."""
        size, made, place = frame().small * 1.1, VGroup(), self.place
        x = place.right - max(text_width(name, size) for name in names)
        bottom = place.top - (len(names) + 0.05) * 1.4 * size
        made.add(veil(Region(x - 1.2 * size, place.right + 0.2 * size, bottom, place.top + 0.6 * size)))
        for row, (name, style) in enumerate(zip(names, styles, strict=False)):
            spot = np.array([x - 0.7 * size, place.top - (row + 0.3) * 1.4 * size, 0.0])
            made.add(ball_alone(spot, *style), TextLine(name, size).on(spot + np.array([0.7 * size, 0, 0]), "left"))
        return made
