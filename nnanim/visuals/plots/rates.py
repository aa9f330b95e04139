"""Knobs on a logarithmic line: settings side by side, each of which slides to where it belongs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from nnanim.visuals.page.theme import rgba, theme
from nnanim.visuals.paint.canvas import Canvas
from nnanim.visuals.paint.painted import Floats
from nnanim.visuals.paint.picture import Picture
from nnanim.visuals.plots.scales import LogScale

KNOB = 0.15
"""Radius of a knob, in manim units."""


class Knobs(Picture):
    """Knobs on a line between two points of the frame, at their values on a logarithmic scale.

    Dials: ``come`` 0–1 the line is drawn and the knobs run out along it; ``home`` 0–1 each slides to its home and the line goes.

    Anchors: ``knob0``, ``knob1``, …: the knobs; ``start``, ``end``: the line's ends.

    Parameters
    ----------
    start, end
        Ends of the line.
    values
        Of the knobs, greater than 0.
    homes
        Where each belongs, (n, 2 or 3).
    up
        How far above these points all of it stands, so that words have room below.
    """

    dial_names: ClassVar[dict[str, float]] = {"come": 0.0, "home": 0.0}
    bleeds: ClassVar[float] = 0.4

    def __init__(self, start: ArrayLike, end: ArrayLike, values: Sequence[float], homes: ArrayLike, up: float = 0.0, **dials: float) -> None:
        self.start, self.end = (np.add(np.asarray(point, dtype=float)[:2], (0.0, up)) for point in (start, end))
        self.scale_of_values = LogScale.over(values)
        self.shares = np.asarray(self.scale_of_values.share(values), dtype=float)
        self.homes = np.add(np.asarray(homes, dtype=float)[:, :2], (0.0, up))
        points = np.vstack([self.start, self.end, self.homes])
        super().__init__((*points.min(axis=0) - KNOB, *points.max(axis=0) + KNOB), **dials)

    def anchor(self, name: str) -> Floats:
        """See the class."""
        if name.startswith("knob"):
            return np.append(self._knobs()[int(name[4:])], 0.0)
        if name in ("start", "end"):
            return np.append(self.start if name == "start" else self.end, 0.0)
        return super().anchor(name)

    def _knobs(self) -> Floats:
        come, home = self.dial("come"), self.dial("home")
        on_line = self.start + (come * self.shares)[:, None] * (self.end - self.start)
        return on_line + home * (self.homes - on_line)

    def draw(self, canvas: Canvas) -> None:
        """The line with a mark at each power of ten, then the knobs."""
        there, muted = 1 - self.dial("home"), rgba(theme().muted)
        reach = self.start + self.dial("come") * (self.end - self.start)
        if self.dial("come") > 0:
            canvas.line([self.start, reach], 0.05, muted, there)
        away = np.array([-(self.end - self.start)[1], (self.end - self.start)[0]])
        away = 0.12 * away / max(float(np.hypot(*away)), 1e-9)
        for tick in self.scale_of_values.ticks(99):
            share = float(self.scale_of_values.share(tick.value))
            if share <= self.dial("come"):
                point = self.start + share * (self.end - self.start)
                canvas.line([point - away, point + away], 0.04, muted, there)
        for x, y in self._knobs().tolist():
            canvas.disc(x, y, KNOB * min(1.0, 3 * self.dial("come")), rgba(theme().text))


class Rounds(Picture):
    """A row of beads, one a round, of which so many are filled as rounds are over: ``round``; values can stand at its places.

    Anchors: ``bead0``, …: the beads; ``left``, ``right``: the row's ends.

    Parameters
    ----------
    region
        Where; with ``rows``, the beads stand in so many rows.
    count
        Rounds.
    """

    dial_names: ClassVar[dict[str, float]] = {"round": 0.0, "ink": 1.0}
    bleeds: ClassVar[float] = 0.3

    def __init__(self, region: object, count: int, rows: int = 1, **dials: float) -> None:
        left, bottom, right, top = region.left, region.bottom, region.right, region.top  # type: ignore[attr-defined]
        columns = -(-count // rows)
        self.pitch = np.array([(right - left) / columns, (top - bottom) / rows])
        self.radius = float(min(0.34 * self.pitch.min(), 0.16))
        places = [divmod(place, columns) for place in range(count)]
        self.spots = np.array([(left + (c + 0.5) * self.pitch[0], top - (r + 0.5) * self.pitch[1]) for r, c in places])
        super().__init__((left, bottom, right, top), **dials)

    def anchor(self, name: str) -> Floats:
        """See the class."""
        if name.startswith("bead"):
            return np.append(self.spots[int(name[4:])], 0.0)
        if name in ("left", "right"):
            return np.append(self.spots[0 if name == "left" else -1], 0.0)
        return super().anchor(name)

    def draw(self, canvas: Canvas) -> None:
        """Rims, and how far each is filled."""
        ink = self.dial("ink")
        for place, (x, y) in enumerate(self.spots.tolist()):
            share = float(np.clip(self.dial("round") - place, 0, 1))
            canvas.disc(x, y, self.radius, rgba(theme().muted), ink, line=0.035)
            canvas.disc(x, y, self.radius * share, rgba(theme().text), ink)
