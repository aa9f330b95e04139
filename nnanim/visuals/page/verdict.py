"""The gesture of every control: a claim, its test, and the verdict, as a badge with a mark that no colour-blind eye confuses."""

from __future__ import annotations

import numpy as np
from manim import RoundedRectangle, VGroup, VMobject
from numpy.typing import ArrayLike

from nnanim.quantity import Showable, as_showable
from nnanim.visuals.page.frame import frame
from nnanim.visuals.page.text import TextLine
from nnanim.visuals.page.theme import theme

TICK = ((-0.34, 0.0), (-0.08, -0.28), (0.38, 0.34))
CROSS = (((-0.28, -0.28), (0.28, 0.28)), ((-0.28, 0.28), (0.28, -0.28)))


class Verdict(VGroup):
    """A badge that says how a test came out: a tick or a cross, and a word or two.

    Parameters
    ----------
    words
        For instance a case's ``phrase``.
    holds
        Whether what was claimed has held: a tick in the colour of what is good, else a cross in the text's colour.
    size
        Height of one em of the words.
    """

    def __init__(self, words: Showable, holds: bool, size: float | None = None) -> None:
        em = frame().label * 1.15 if size is None else size
        color = theme().good if holds else theme().text
        text = TextLine(as_showable(words), em, color, "bold").at(0.75 * em, -0.33 * em)
        mark = VGroup(*(_stroke(np.array(line) * em, color, em) for line in ((TICK,) if holds else CROSS)))
        plate = RoundedRectangle(
            width=text.advance + 2.1 * em, height=1.9 * em, corner_radius=0.5 * em,
            stroke_color=color, stroke_width=3, fill_color=theme().background, fill_opacity=0.9,
        )  # fmt: skip
        plate.move_to((text.advance / 2 + 0.3 * em, 0, 0))
        super().__init__(plate, mark, text)


def _stroke(points: ArrayLike, color: str, em: float) -> VMobject:
    corners = [np.array([x, y, 0.0]) for x, y in np.asarray(points, dtype=float)]
    return VMobject(stroke_color=color, stroke_width=14 * em, fill_opacity=0).set_points_as_corners(corners)
