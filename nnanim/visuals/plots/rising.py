"""Lines over shared axes that are drawn one after another from right to left, as a gradient walks back; older ones dim."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from nnanim.visuals.page.theme import rgba, theme
from nnanim.visuals.paint.canvas import Canvas
from nnanim.visuals.paint.painted import Floats
from nnanim.visuals.paint.picture import Picture
from nnanim.visuals.plots.axes import Axes


class RisingLines(Picture):
    """Lines over shared axes that are drawn one after another, each from its right end to its left; older ones dim.

    Dials: ``drawn`` 0 … K, so many lines; ``guide`` 0–1 a dotted line beside them; ``dim`` 0–1, how far older ones dim.

    Parameters
    ----------
    axes
        Where they lie.
    xs
        Shared, (n,).
    lines
        Each (n,); NaN where it has no point.
    styles
        ``solid`` or ``dashed`` for each.
    guide
        The dotted line, (n,), or nothing.
    """

    dial_names: ClassVar[dict[str, float]] = {"drawn": 0.0, "guide": 0.0, "dim": 1.0}
    bleeds: ClassVar[float] = 0.4

    def __init__(
        self, axes: Axes, xs: ArrayLike, lines: Sequence[ArrayLike], styles: Sequence[str], guide: ArrayLike | None = None, **dials: float
    ) -> None:
        self.across = np.asarray(axes.x.share(xs), dtype=float)
        self.up = np.array([np.asarray(axes.y.share(line), dtype=float) for line in lines])
        self.styles = tuple(styles)
        self.guide = None if guide is None else np.asarray(axes.y.share(guide), dtype=float)
        plot = axes.plot
        super().__init__((plot.left, plot.bottom, plot.right, plot.top), **dials)

    def path(self, number: int) -> Floats:
        """The points of a line as far as it is drawn, from right to left, (m, 3)."""
        seen = np.flatnonzero(np.isfinite(self.up[number]))[::-1]
        if not len(seen):
            return np.zeros((0, 3))
        done = float(np.clip(self.dial("drawn") - number, 0, 1)) * (len(seen) - 1)
        steps = [*range(int(done) + 1), *([done] if done > int(done) else [])]
        x = np.interp(steps, np.arange(len(seen)), self.across[seen])
        y = np.interp(steps, np.arange(len(seen)), self.up[number][seen])
        return np.array([self.place(a, float(np.clip(b, -0.02, 1.02))) for a, b in zip(x, y, strict=True)])

    def anchor(self, name: str) -> Floats:
        """``head``: the end of the newest line; ``head0``, ``head1`` …: that of each."""
        if not name.startswith("head"):
            return super().anchor(name)
        number = int(name[4:]) if name[4:] else int(np.clip(np.ceil(self.dial("drawn")) - 1, 0, len(self.up) - 1))
        path = self.path(number)
        return np.array(path[-1] if len(path) else self.place(1.0, 0.0))

    def draw(self, canvas: Canvas) -> None:
        """The dotted line, older lines, the newest with its head."""
        drawn, hue = self.dial("drawn"), rgba(theme().gradient)
        if (shown := self.dial("guide")) and self.guide is not None:
            ends = np.array([self.place(a, b) for a, b in zip(self.across, self.guide, strict=True) if np.isfinite(b)])
            canvas.ctx.set_dash((0.02, 0.2))
            canvas.line(ends[::-1], 0.07, rgba(theme().text), 0.9 * shown)
            canvas.ctx.set_dash([])
        newest = int(np.ceil(drawn)) - 1
        for number in range(min(newest + 1, len(self.up))):
            path = self.path(number)
            if len(path) < 1:
                continue
            opacity = 1.0 if number == newest else 1 - 0.55 * self.dial("dim")
            canvas.ctx.set_dash((0.2, 0.16) if self.styles[number] == "dashed" else [])
            canvas.line(path, 0.06, hue, opacity)
            canvas.ctx.set_dash([])
            x, y, _ = path[-1]
            canvas.disc(x, y, 0.12 if number == newest else 0.08, hue, opacity)
