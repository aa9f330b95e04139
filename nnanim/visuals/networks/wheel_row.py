"""Wheels side by side which read the same digits, with a tally of what each has read right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from manim import Animation, linear
from numpy.typing import ArrayLike

from nnanim.quantity import Showable
from nnanim.visuals.networks.reel import Reel
from nnanim.visuals.networks.wheel import Wheel
from nnanim.visuals.page.frame import Region, frame
from nnanim.visuals.page.plan import Plan, across, down
from nnanim.visuals.page.readout import Tag, fitting
from nnanim.visuals.page.theme import rgba, theme
from nnanim.visuals.paint.canvas import Canvas
from nnanim.visuals.paint.motion import Turn
from nnanim.visuals.paint.painted import Floats
from nnanim.visuals.paint.picture import Picture

BEAD = 0.34
"""Radius of a bead of the tally, as a share of their distance."""


class Tally(Picture):
    """A bead for each digit that has passed: full when it was read right, a small ring when not; ``frame`` says how many.

    Anchors: ``middle``.

    Parameters
    ----------
    region
        Where; the beads stand in as many rows as make them largest.
    right
        Whether each digit is read right, (n,).
    """

    dial_names: ClassVar[dict[str, float]] = {"frame": 0.0}

    def __init__(self, region: Region, right: ArrayLike, **dials: Any) -> None:
        self.right = np.asarray(right, dtype=bool)
        count = len(self.right)
        fits = [(min(region.width / columns, region.height / -(-count // columns)), columns) for columns in range(1, count + 1)]
        self.pitch, self.columns = max(fits)
        rows = -(-count // self.columns)
        half = self.pitch * np.array([self.columns, rows]) / 2
        x, y, _ = region.center
        super().__init__((x - half[0], y - half[1], x + half[0], y + half[1]), **dials)

    def anchor(self, name: str) -> Floats:
        """See the class."""
        return self.place(0.5, 0.5) if name == "middle" else super().anchor(name)

    def draw(self, canvas: Canvas) -> None:
        """Beads in reading order."""
        left, _, right, top = self.corners
        pitch = (right - left) / self.columns
        for place in range(min(int(self.dial("frame") + 1e-6) + 1, len(self.right))):
            row, column = divmod(place, self.columns)
            x, y = left + (column + 0.5) * pitch, top - (row + 0.5) * pitch
            if self.right[place]:
                canvas.disc(x, y, BEAD * pitch, rgba(theme().good))
            else:
                canvas.disc(x, y, 0.6 * BEAD * pitch, rgba(theme().muted), line=0.09 * pitch)


def wheel_plan(count: int, upright: bool = False) -> Plan:
    """So many wheels beside one another, each on its foot; in a tall frame one above the other, each beside its foot or upright."""
    stacks = [down(**{f"wheel{k}": 77, f"foot{k}": 23}, gap=0.05) for k in range(count)]
    sides = [across(**{f"wheel{k}": 54, f"foot{k}": 46}) for k in range(count)]
    columns = {f"column{k}": (1.0, stack) for k, stack in enumerate(stacks)}
    rows = {f"row{k}": (1.0, split) for k, split in enumerate(stacks if upright else sides)}
    return Plan(wide=across(gap=0.2, **columns), tall=down(gap=0.1, **rows))


class WheelRow:
    """Wheels in the regions ``wheel0``, ``wheel1``, … of a plan; in ``foot0``, … stand a tally and a number or some words.

    Parameters
    ----------
    areas
        The plan's regions.
    trace, names
        What passes through each: see :meth:`nnanim.visuals.networks.reel.Reel.of`.
    tallied
        Whether there are tallies; their labels are in the reels.
    dials
        Of all wheels.
    """

    def __init__(self, areas: Any, trace: Any, *names: str, tallied: bool = True, **dials: Any) -> None:
        reels = [Reel.of(trace, name) for name in names]
        self.wheels = [Wheel(getattr(areas, f"wheel{k}"), reel, **dials) for k, reel in enumerate(reels)]
        self.names = [tag for wheel in self.wheels for tag in wheel.names()]
        feet = [getattr(areas, f"foot{k}").inset(0.15, 0.05).rows([42, 58], gap=0.12) for k in range(len(reels))]
        self.places = [low.center for _, low in feet] if tallied else [getattr(areas, f"foot{k}").center for k in range(len(reels))]
        self.breadth = areas.foot0.width
        """Room for words, in manim units."""
        self.tallies = [Tally(high, reel.right) for (high, _), reel in zip(feet, reels, strict=True)] if tallied else []

    @property
    def members(self) -> list[Any]:
        """All of it that is a mobject, without words."""
        return [*self.wheels, *self.names, *self.tallies]

    def led_by(self, place: int) -> list[Any]:
        """All of it, one wheel with its names first."""
        leader = self.of(place)
        return [*leader, *(member for member in self.members if member not in leader)]

    def of(self, place: int) -> list[Any]:
        """One wheel, with its names and its tally."""
        return [self.wheels[place], *self.names[10 * place : 10 * place + 10], *self.tallies[place : place + 1]]

    def dimmed(self, place: int, words: Sequence[Any] = (), opacity: float = 0.3) -> list[Any]:
        """One of them steps back, with its words, or comes to the fore again."""
        return [member.animate.set_opacity(opacity) for member in (*self.of(place), *words)]

    def offset(self, place: int) -> Floats:
        """From a wheel's lower end to where its number stands, (2,)."""
        return np.asarray((self.places[place] - self.wheels[place].anchor("foot"))[:2])

    def words(self, contents: Sequence[Showable], size: float | None = None) -> list[Tag]:
        """A number or some words for each wheel, as large as they have room."""
        em = min(frame().number if size is None else size, fitting(contents, self.breadth))
        return [Tag(words, self.wheels[k], "foot", self.offset(k), em) for k, words in enumerate(contents)]

    def passing(self, seconds: float, places: Sequence[int] | None = None) -> list[Animation]:
        """All digits pass, evenly."""
        chosen = range(len(self.wheels)) if places is None else places
        pictures = [(self.wheels[k], *self.tallies[k : k + 1]) for k in chosen]
        return [
            Turn(picture.turn(frame=0), seconds, linear, frame=len(group[0].reel.images) - 1) for group in pictures for picture in group
        ]
