"""A straight line that sweeps over two classes of points: what lies on the right side of it shines, the rest is dimmed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from nnanim.quantity import Quantity
from nnanim.trace import Trace
from nnanim.visuals.page.frame import Region, frame
from nnanim.visuals.page.readout import Readout
from nnanim.visuals.page.theme import rgba, theme
from nnanim.visuals.paint.canvas import Canvas
from nnanim.visuals.paint.painted import Floats
from nnanim.visuals.plots.axes import Axes
from nnanim.visuals.plots.curves import Curves
from nnanim.visuals.plots.field import DEEPEST, Field, draw_points
from nnanim.visuals.plots.scales import LinearScale

DIMMED = 0.25
POINT = 0.0127
"""A point's radius, as a share of the field."""


class SweptField(Field):
    """A field with a straight line through it, one out of a list of lines, and the pieces that a network cuts it into.

    Dials beside those of a field: ``turn`` counts the lines (between two of them it lies between them), ``line`` 0–1 shows
    it and dims what lies on the wrong side; ``wrong`` 0–1 rings those points, one after another; ``pieces`` 0–1 lays the flat pieces open from the middle outwards.

    Parameters
    ----------
    angles
        Of the lines' normals, in degrees, (A,).
    offsets
        How far along its normal each line lies, in the data's units, (A,).
    pieces
        Numbers of the flat pieces on a grid, (rows, columns), the first row at the bottom; or nothing.
    field
        As for a field.
    """

    dial_names: ClassVar[dict[str, float]] = {**Field.dial_names, "turn": 0.0, "line": 0.0, "wrong": 0.0, "pieces": 0.0}

    def __init__(self, *field: Any, angles: ArrayLike, offsets: ArrayLike, pieces: ArrayLike | None = None, **style: Any) -> None:
        super().__init__(*field, **style)
        self.angles, self.offsets = np.radians(np.asarray(angles, dtype=float)), np.asarray(offsets, dtype=float)
        self.glass = None if pieces is None else self._glass(np.asarray(pieces).astype(int))

    @property
    def line_now(self) -> tuple[Floats, float]:
        """The line's normal (2,) and its offset."""
        turn = float(np.clip(self.dial("turn"), 0, len(self.angles) - 1))
        places = np.arange(len(self.angles))
        angle, offset = (float(np.interp(turn, places, each)) for each in (self.angles, self.offsets))
        return np.array([np.cos(angle), np.sin(angle)]), offset

    def right(self) -> NDArrayBool:
        """Which points lie on their side of the line, where classes take the sides that suit more points, (n,)."""
        normal, offset = self.line_now
        beyond = self.data @ normal > offset
        agree = beyond == (self.labels == 1)
        return agree if agree.mean() >= 0.5 else ~agree

    @classmethod
    def of(cls, trace: Trace, answers: str, region: Region, **style: Any) -> SweptField:
        """The field of a record like :func:`nnanim.sim.activations.record`'s, with the answers of this name."""
        radius = POINT * min(region.width, region.height)
        points = trace["view"], trace["train_points"], trace["train_labels"], trace[answers], radius
        return cls(region, *points, angles=trace["sweep_angles"], offsets=trace["sweep_offsets"], **style)

    def score(self, numbers: Sequence[Quantity], after: str, region: Region) -> Readout:
        """A number in a region beside the field that runs along with ``moment``."""
        at = (region.center - self.anchor("middle"))[:2]
        return Readout(numbers, self, "moment", after=after, anchor="middle", at=at, size=frame().number)

    def chart(self, region: Region, shares: ArrayLike) -> tuple[Axes, Curves]:
        """The share of points on the right side of each line, (A,), over the line's direction: axes and curve."""
        scales = LinearScale(0, 180, (0, 45, 90, 135, 180)), LinearScale(40, 100, (50, 100))
        axes = Axes(region, *scales, "direction, degrees", "right side, percent")
        return axes, Curves(axes, np.degrees(self.angles), [100 * np.asarray(shares)], [theme().text])

    def draw(self, canvas: Canvas) -> None:
        """As a field, with the pieces under its points and the line over them."""
        answers = self.now()
        if answers is not None and (depth := self.dial("ground")):
            canvas.image(self._colors(answers, depth)[::-1], self.corners)
        if pieces := self.dial("pieces"):
            self._draw_pieces(canvas, pieces)
        if answers is not None and (shows := self.dial("boundary")):
            self._draw_boundary(canvas, answers, shows)
        if shown := self.dial("points"):
            self._draw_points(canvas, shown)
        if line := self.dial("line"):
            self._draw_line(canvas, line)

    def _draw_points(self, canvas: Canvas, shown: float) -> None:
        dims = np.where(self.right(), 1.0, 1 - (1 - DIMMED) * self.dial("line"))
        spots = np.array([self.spot(point)[:2] for point in self.data])
        draw_points(canvas, spots, self.labels, self.radius, shown * dims)
        wrong = spots[~self.right()]
        wrong = wrong[np.argsort(wrong[:, 0])]
        for x, y in wrong[: round(self.dial("wrong") * len(wrong))].tolist():
            canvas.disc(x, y, 1.7 * self.radius, rgba(theme().chosen), shown, line=0.03)

    def _draw_line(self, canvas: Canvas, shown: float) -> None:
        normal, offset = self.line_now
        along = np.array([-normal[1], normal[0]])
        reach = 2 * float(np.ptp(self.window))
        left, bottom, right, top = self.corners
        ends = [self.spot(offset * normal + share * along)[:2] for share in (-reach, reach)]
        with canvas.within(left, bottom, right, top):
            canvas.line(ends, 0.16, rgba(theme().background), 0.8 * shown)
            canvas.line(ends, 0.075, rgba(theme().text), shown)

    def _glass(self, pieces: Floats) -> Floats:
        """Every piece in a shade of its own of the last answer's colour, like stained glass, (rows, columns, 4)."""
        shades = np.random.default_rng(0).uniform(0.35, 1.0, int(pieces.max()) + 1)[pieces]
        rows, columns = pieces.shape
        last = self.answers[-1].astype(float) if self.answers is not None else np.full((2, 2), 0.5)
        colors = self._colors(_between(last, rows) @ last @ _between(last.T, columns).T, 1 / DEEPEST)
        ground = rgba(theme().background)
        return np.asarray(ground + (colors - ground) * 0.72 * shades[..., None])

    def _draw_pieces(self, canvas: Canvas, shown: float) -> None:
        if self.glass is None:
            return
        rows, columns = self.glass.shape[:2]
        y, x = np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : columns * 1j]
        glass = self.glass.copy()
        glass[..., 3] = np.clip((1.6 * shown - np.hypot(x, y)) / 0.15 + 0.5, 0, 1)
        canvas.image(glass[::-1], self.corners)


def _between(grid: Floats, count: int) -> Floats:
    """Weights that lay so many rows evenly between a grid's first and its last, (count, rows)."""
    places = np.linspace(0, len(grid) - 1, count)
    return np.clip(1 - np.abs(places[:, None] - np.arange(len(grid))), 0, None)


NDArrayBool = np.ndarray[Any, np.dtype[np.bool_]]
