"""A wall of small fields: for each slope of a bend, drawn beside them true to its angle, one field for each network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from nnanim.quantity import Showable
from nnanim.trace import Trace
from nnanim.visuals.page.frame import Region, frame
from nnanim.visuals.page.readout import Tag
from nnanim.visuals.page.theme import rgba, theme
from nnanim.visuals.paint.canvas import Canvas
from nnanim.visuals.paint.painted import Floats
from nnanim.visuals.paint.picture import Picture

GAP = 0.13
"""Free space between two fields, as a share of their side."""
HEAD, TAIL = 1.45, 1.2
"""Room for a line with its angle, and for what is said of its networks, as shares of a field's side."""


def answer_colors(answers: ArrayLike, depth: float = 0.8) -> Floats:
    """Colours of a network's answers (rows, columns): from the ground to a class's colour, (rows, columns, 4)."""
    answers = np.asarray(answers, dtype=float)
    sure = np.abs(2 * answers - 1)[..., None] * depth
    classes = np.where((answers > 0.5)[..., None], rgba(theme().second_class), rgba(theme().first_class))
    return np.asarray((1 - sure) * rgba(theme().panel) + sure * classes)


class FieldWall(Picture):
    """Fields of trained networks, a row for each slope with its line at the left end; in an upright region columns below lines.

    Dials: ``rows`` 0–D brings one row after another, field by field; ``chosen`` 0–1 leaves one row bright; ``close`` 0–1 leaves
    that row's line alone; ``angle`` 0–1 shows there what would be straight, and the angle between; ``alone`` 0–1 leaves that
    row's first field alone.

    Parameters
    ----------
    region
        Where.
    answers
        Probability of class 1, (D, S, rows, columns), the first row at the bottom.
    slopes
        Of the line left of zero, (D,).
    passed
        Whether each network parts the classes, (D, S): a frame in the colour of what is good.
    bright
        The row that stays bright.
    """

    dial_names: ClassVar[dict[str, float]] = {"rows": 0.0, "chosen": 0.0, "close": 0.0, "angle": 0.0, "alone": 0.0}

    def __init__(
        self, region: Region, answers: ArrayLike, slopes: ArrayLike, passed: ArrayLike, bright: int, **dials: float
    ) -> None:
        self.answers, self.slopes = np.asarray(answers, dtype=float), np.asarray(slopes, dtype=float)
        self.passed, self.bright = np.asarray(passed, dtype=bool), bright
        self.count, self.each = self.answers.shape[:2]
        self.images = [[answer_colors(image)[::-1] for image in row] for row in self.answers]
        self.upright = region.height > region.width
        head, tail = (0.85, 0.6) if self.upright else (HEAD, TAIL)
        along, across = self.each * (1 + GAP) + head + tail, self.count * (1 + GAP) - GAP
        wide, high = (across, along) if self.upright else (along, across)
        self.side = min(region.width / wide, region.height / high)
        self.head = head * self.side
        self.origin = region.center[:2] + np.array([-wide, high]) / 2 * self.side
        super().__init__((region.left, region.bottom, region.right, region.top), **dials)

    @classmethod
    def of(cls, trace: Trace, region: Region) -> FieldWall:
        """The wall of a record like :func:`nnanim.sim.activations.record`'s."""
        return cls(region, trace["slope_planes"], trace["slopes"], trace["slope_parted"], int(trace["slope_at"]))

    # ---- where things are

    def spot(self, along: float, across: float) -> Floats:
        """A point so far along a row from its beginning, and so far across the rows, (2,)."""
        right, down = (across, along) if self.upright else (along, across)
        return np.array([self.origin[0] + right, self.origin[1] - down])

    def row(self, number: int) -> float:
        """How far across the rows a row's middle is."""
        return (number * (1 + GAP) + 0.5) * self.side

    def bend(self, number: int) -> Floats:
        """Where a row's line bends, (2,)."""
        if self.upright:
            return self.spot(0.72 * self.head, self.row(number))
        return self.spot(0.42 * self.head, self.row(number) + 0.16 * self.side)

    @property
    def half(self) -> float:
        """Half the length of a line."""
        return 0.46 * self.side if self.upright else 0.4 * self.head

    def anchor(self, name: str) -> Floats:
        """``head0`` …: above a row's line; ``end0`` …: after its last field."""
        kind, number = name.rstrip("0123456789"), name.lstrip("abcdefghijklmnopqrstuvwxyz")
        if kind == "head":
            x, y = self.bend(int(number))
            return np.array([x, y + 0.33 * self.side, 0.0])
        if kind == "end":
            after = self.head + (self.each * (1 + GAP) + (0.2 if self.upright else 0.05)) * self.side
            return np.append(self.spot(after, self.row(int(number))), 0.0)
        return super().anchor(name)

    def tags(self, heads: Sequence[Showable], ends: Sequence[Showable]) -> list[tuple[Tag, Tag]]:
        """What is written above each row's line, and after its last field."""
        em, align = frame().label, "center" if self.upright else "left"
        return [
            (Tag(head, self, f"head{k}", size=em), Tag(end, self, f"end{k}", size=em, align=align))  # type: ignore[arg-type]
            for k, (head, end) in enumerate(zip(heads, ends, strict=True))
        ]

    def head_region(self, number: int) -> Region:
        """Around a row's line."""
        (x, y), half = self.bend(number), self.half
        return Region(x - half, x + half, y - 0.2 * half, y + 0.2 * half)

    def field_region(self, number: int, place: int = 0) -> Region:
        """Where a field stands."""
        x, y = self.spot(self.head + (place * (1 + GAP) + 0.5) * self.side, self.row(number))
        half = self.side / 2
        return Region(x - half, x + half, y - half, y + half)

    def seen_over(self, number: int, region: Region) -> Region:
        """What the camera must see so that a row's first field covers a region of the frame."""
        cell = self.field_region(number)
        zoom = max(region.width, region.height) / self.side
        middle = cell.center - region.center / zoom
        half = np.array([frame().width, frame().height]) / 2 / zoom
        return Region(middle[0] - half[0], middle[0] + half[0], middle[1] - half[1], middle[1] + half[1])

    # ---- painting

    def draw(self, canvas: Canvas) -> None:
        """Where fields will stand, and row by row as far as the dial says."""
        others, close, alone = 1 - 0.7 * self.dial("chosen"), 1 - self.dial("close"), 1 - self.dial("alone")
        for number in range(self.count):
            come = float(np.clip(self.dial("rows") - number, 0, 1))
            bright = number == self.bright
            dim = 1.0 if bright else others
            if come > 0:
                self._draw_line(canvas, number, dim * min(1.0, 3 * come) * alone * (1.0 if bright else close))
            for place in range(self.each):
                kept = close * (1.0 if bright and not place else alone)
                self._draw_field(canvas, number, place, float(np.clip(come * (self.each + 1) - place, 0, 1)), dim, kept)

    def _draw_line(self, canvas: Canvas, number: int, shown: float) -> None:
        middle, half = self.bend(number), self.half
        bend = np.pi / 4 - np.arctan(self.slopes[number])
        if number == self.bright and (angle := self.dial("angle")):
            sweep = np.pi + bend * np.linspace(0, angle, 16)
            arc = middle + 0.8 * half * np.stack([np.cos(sweep), np.sin(sweep)], axis=-1)
            canvas.polygon(np.vstack([middle, arc]), rgba(theme().chosen), 0.45 * angle)
            canvas.ctx.set_dash((0.05, 0.04))
            canvas.line([middle, middle - (half * angle, 0)], 0.03, rgba(theme().muted))
            canvas.ctx.set_dash([])
            canvas.line(arc, 0.05, rgba(theme().chosen), angle)
        ends = middle + half * np.array([(-np.cos(bend), -np.sin(bend)), (0.0, 0.0), (1.0, 0.0)])
        canvas.line(ends, 0.075, rgba(theme().text), shown)

    def _draw_field(self, canvas: Canvas, number: int, place: int, grown: float, dim: float, kept: float) -> None:
        cell = self.field_region(number, place)
        canvas.box(cell.left, cell.bottom, self.side, self.side, rgba(theme().line), 0.8 * kept * (1 - grown), 0.04, line=0.02)
        side, passed = self.side * (0.85 + 0.15 * grown), self.passed[number, place]
        left, bottom = cell.center[:2] - side / 2
        canvas.image(self.images[number][place], (left, bottom, left + side, bottom + side), grown * dim * kept)
        color = rgba(theme().good if passed else theme().line)
        canvas.box(left, bottom, side, side, color, grown * dim * kept, 0.04, line=0.05 if passed else 0.03)
