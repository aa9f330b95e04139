"""Heights over a rectangle of the plane: what a contour map shows from above and a surface from the side, in the same colours."""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike

from nnanim.visuals.page.frame import Region
from nnanim.visuals.page.theme import theme
from nnanim.visuals.paint.painted import Floats


class Relief(NamedTuple):
    """Heights on a grid.

    Attributes
    ----------
    x, y
        The grid, (n,) and (m,), rising.
    heights
        Shape (m, n), a row for each y; 0–1 is the range of the colours.
    """

    x: Floats
    y: Floats
    heights: Floats

    @classmethod
    def of(cls, x: ArrayLike, y: ArrayLike, heights: ArrayLike) -> Self:
        """The same from anything like an array."""
        return cls(*(np.asarray(values, dtype=float) for values in (x, y, heights)))

    @property
    def window(self) -> Region:
        """The rectangle that the grid spans, in the plane's own units."""
        return Region(float(self.x[0]), float(self.x[-1]), float(self.y[0]), float(self.y[-1]))


def loss_colors(heights: ArrayLike) -> Floats:
    """Colours of heights between 0 (lowest) and 1 (highest), RGBA in 0–1, shape of ``heights`` + (4,).

    Low is the panel's colour, high goes towards a single hue: one scale that colour-blind viewers can read in both themes.
    """
    return theme().diverging(np.clip(np.asarray(heights, dtype=float), 0.0, 1.0), limit=1.0)
