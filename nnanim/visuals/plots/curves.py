"""Curves that grow over the steps of a run, all driven by one dial, each with a bright head that labels can hold on to."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from nnanim.visuals.page.theme import rgba, theme
from nnanim.visuals.paint.canvas import Canvas
from nnanim.visuals.paint.painted import Floats
from nnanim.visuals.paint.picture import Picture
from nnanim.visuals.plots.axes import Axes

HEAD = 0.09
"""Radius of a curve's head, in manim units."""
DASHES: dict[str, tuple[float, ...]] = {"solid": (), "dashed": (0.22, 0.16), "dotted": (0.02, 0.14)}


class Curves(Picture):
    """Lines over a shared run of x, drawn up to where the dial ``step`` stands (an index into x, from 0).

    Parameters
    ----------
    axes
        Where they lie.
    x
        Rising, shape (n,).
    ys
        A row for each curve, each (n,); what has no place on the axes is left out.
    colors
        A colour of the theme for each.
    styles
        ``solid``, ``dashed`` or ``dotted`` for each: lines that are compared differ by more than their hue.
    width
        Of the lines, in manim units.
    """

    dial_names: ClassVar[dict[str, float]] = {"step": 0.0, "heads": 1.0}
    bleeds: ClassVar[float] = 0.35

    def __init__(
        self, axes: Axes, x: ArrayLike, ys: Sequence[ArrayLike], colors: Sequence[str], styles: Sequence[str] | None = None,
        width: float = 0.06,
    ) -> None:  # fmt: skip
        self.across = np.asarray(axes.x.share(x), dtype=float)
        self.up = np.array([np.asarray(axes.y.share(y), dtype=float) for y in ys])
        self.inks = np.array([rgba(color) for color in colors])
        self.styles, self.width_of_lines = tuple(styles or ["solid"] * len(colors)), width
        plot = axes.plot
        super().__init__((plot.left, plot.bottom, plot.right, plot.top))

    @property
    def last(self) -> int:
        """The last step."""
        return len(self.across) - 1

    def anchor(self, name: str) -> Floats:
        """``head0``, ``head1`` …: the end of each curve as far as it is drawn."""
        if not name.startswith("head"):
            return super().anchor(name)
        return self._path(int(name[4:]))[-1]

    def _path(self, number: int) -> Floats:
        """The points of a curve up to the dial, (m, 3) with m ≥ 1."""
        step = float(np.clip(self.dial("step"), 0, self.last))
        whole = int(step)
        places = [*range(whole + 1), *([step] if step > whole else [])]
        x = np.interp(places, np.arange(len(self.across)), self.across)
        y = np.interp(places, np.arange(len(self.across)), self.up[number])
        seen = np.isfinite(y)
        if not seen.any():
            x, y, seen = x[:1], np.zeros(1), np.ones(1, dtype=bool)
        return np.array([self.place(a, float(np.clip(b, -0.02, 1.02))) for a, b in zip(x[seen], y[seen], strict=True)])

    def draw(self, canvas: Canvas) -> None:
        """Lines, then heads with their glow."""
        heads = []
        for number, color in enumerate(self.inks):
            path = self._path(number)
            canvas.ctx.set_dash(DASHES[self.styles[number]])
            canvas.line(path, self.width_of_lines, color)
            heads.append((path[-1], color))
        canvas.ctx.set_dash([])
        if not (shine := self.dial("heads")):
            return
        for (x, y, _), color in heads:
            box = (x - HEAD, y - HEAD, x + HEAD, y + HEAD)
            canvas.glow(partial(_head, x=x, y=y, color=color), box, 0.12, 1.3 * shine, theme().name == "dark")
            canvas.disc(x, y, HEAD * shine, color)


def _head(canvas: Canvas, x: float, y: float, color: Floats) -> None:
    canvas.disc(x, y, HEAD, color)
