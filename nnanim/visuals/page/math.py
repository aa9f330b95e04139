"""Formulas, set by Typst: no LaTeX anywhere."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping

from manim import MathTypst, tempconfig

from nnanim.quantity import Entry, Showable, as_showable
from nnanim.visuals.page.frame import frame
from nnanim.visuals.page.theme import theme


def _colored(text: str, letters: Mapping[str, str]) -> str:
    """Typst's source with some letters in colours of their own."""
    for letter, color in letters.items():
        text = re.sub(rf"(?<![\w\"]){letter}(?![\w\"])", f'#text(fill: rgb("{color}"))[${letter}$]', text)
    return text


class Formula(MathTypst):
    """A formula in Typst's notation, for instance ``Formula("a = sigma(z)")``.

    Parameters
    ----------
    content
        The formula. Digits need a :class:`~nnanim.quantity.Label` (an index such as ``l - 1``) like everywhere else.
    size
        Height of one em in manim units.
    width
        The formula is made smaller when it is wider than this.
    letters
        Colours of the theme for letters that stand alone.

    Raises
    ------
    UnsourcedDigit
        When a plain string holds a digit.
    """

    def __init__(
        self,
        content: Showable,
        size: float | None = None,
        color: str | None = None,
        width: float | None = None,
        letters: Mapping[str, str] | None = None,
    ) -> None:
        self.showable = as_showable(content)
        self.string: str = self.showable.text
        self.em = frame().body if size is None else size
        # manim scales a Typst drawing so that one em at font size 48 is 0.5 units high (measured: see the tests).
        # Two processes that share manim's folder of Typst drawings disturb each other.
        with tempfile.TemporaryDirectory(prefix="nnanim-") as folder, tempconfig({"tex_dir": folder}):
            super().__init__(_colored(self.string, letters or {}), font_size=96 * self.em, color=color or theme().text)
        if width is not None and self.width > width:
            self.em *= width / self.width
            self.scale_to_fit_width(width)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The numbers in this formula."""
        return self.showable.entries
