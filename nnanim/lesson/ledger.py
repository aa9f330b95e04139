"""The ledger: every number that stood on screen, since when, until when, and where it came from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from manim import Animation, Mobject
from manim.animation.composition import AnimationGroup

from nnanim.quantity import Entry
from nnanim.visuals.page.text import texts_in
from nnanim.visuals.paint.motion import Later, Span

HALF = 0.5
"""Share of an animation at which what comes with it can be read."""


@dataclass(frozen=True)
class Shown:
    """A number that stood on screen, from ``start`` to ``end`` in seconds.

    Where it ran through the elements of an array, ``ran_from`` is the first of them, and ``entry`` the last.
    """

    start: float
    end: float
    entry: Entry
    ran_from: Entry | None = None
    spoken: bool = False
    """Whether it stood in the narration."""


@dataclass
class Ledger:
    """Which numbers stand on stage since when; ids of mobjects stay valid since the mobjects are kept.

    ``first_visible`` notes a number when half of its arrival is over; otherwise when its animation begins.
    """

    first_visible: bool = False
    closed: list[Shown] = field(default_factory=list)
    standing: dict[tuple[int, int, Entry], tuple[float, Mobject]] = field(default_factory=dict)

    def observe(self, start: float, end: float, mobjects: list[Mobject], animations: tuple[Animation, ...] = (), ran: frozenset[int] = frozenset()) -> None:
        """Note what stands on stage after something happened between ``start`` and ``end``.

        Numbers of mobjects with an id in ``ran`` ran in between: what they show now stands from the end on.
        """
        now: dict[tuple[int, int, Entry], Mobject] = {}
        for text in texts_in(mobjects):
            if is_visible(text):
                now |= {(id(text), place, entry): text for place, entry in enumerate(text.entries)}
        for key in [key for key in self.standing if key not in now]:
            since, mobject = self.standing.pop(key)
            until = start if key[0] in ran else end
            if until > since:
                self.closed.append(Shown(since, until, key[2], spoken=_is_narration(mobject)))
        arrivals = _arrivals(animations, start) if self.first_visible else {}
        for key, text in now.items():
            since = end if id(text) in ran else arrivals.get(id(text), start)
            self.standing.setdefault(key, (since, text))

    def ran(self, start: float, end: float, first: Entry, last: Entry) -> None:
        """Note a number that ran through an interval of its array."""
        self.closed.append(Shown(start, end, last, first))

    def finish(self, end: float) -> list[Shown]:
        """Every number shown, in order of time."""
        open_now = [Shown(since, end, key[2], spoken=_is_narration(mobject)) for key, (since, mobject) in self.standing.items()]
        return sorted(self.closed + open_now, key=lambda shown: (shown.start, shown.end, shown.entry.source))


def _is_narration(mobject: Mobject) -> bool:
    return bool(getattr(mobject, "narration", False))


def _arrivals(animations: tuple[Animation, ...], start: float) -> dict[int, float]:
    """When what comes with these animations can be read, by the id of each mobject."""
    found: dict[int, float] = {}
    for animation in animations:
        for part, begins, lasts in _timed(animation, start):
            for mobject in part.get_all_mobjects():
                for member in mobject.get_family() if mobject is not None else ():
                    when = begins + HALF * lasts
                    found[id(member)] = min(found.get(id(member), when), when)
    return found


def _timed(animation: Animation, start: float) -> list[tuple[Animation, float, float]]:
    """An animation's parts with the seconds at which each begins, and how long each lasts."""
    if isinstance(animation, Later):
        return _timed(animation.inner, start + animation.delay)
    if isinstance(animation, Span):
        return [(animation.inner, start - animation.elapsed, animation.inner.run_time)]
    if isinstance(animation, AnimationGroup):
        share: Any = animation.run_time / max(animation.max_end_time, 1e-9)
        return [
            each
            for row in animation.anims_with_timings
            for each in _timed(row["anim"], start + float(row["start"]) * share)
        ]
    return [(animation, start, animation.run_time)]


def is_visible(mobject: Mobject) -> bool:
    """Whether any ink of the mobject, or of its parts, shows."""
    return any(
        max(part.get_fill_opacity(), part.get_stroke_opacity()) > 0.01 for part in mobject.family_members_with_points()
    )
