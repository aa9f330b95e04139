"""Movements that manim lacks: one after another without regrouping, and part by part within a painted mobject."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from manim import Animation, linear, smooth, squish_rate_func

from nnanim.visuals.painted import Painted

Maker = Callable[..., Animation]


def in_turn(makers: Sequence[Maker], overlap: float = 0.5) -> list[Animation]:
    """Make animations that start one after another, to be played together.

    manim's ``LaggedStart`` puts what it moves into a group of its own, and so takes it out of the group that it
    belongs to; here everything stays where it is.

    Parameters
    ----------
    makers
        Each takes ``rate_func`` and makes an animation.
    overlap
        How far an animation is when the next begins: 1 at its end, 0 all at once.
    """
    length = 1.0 / (1.0 + overlap * (len(makers) - 1))
    return [
        maker(rate_func=squish_rate_func(smooth, place * overlap * length, min(1.0, (place * overlap + 1) * length)))
        for place, maker in enumerate(makers)
    ]


class Sweep(Animation):
    """Change a painted mobject into another state of itself, its parts one after another.

    Parameters
    ----------
    mobject
        What changes.
    target
        A copy of it in its new state, with as many parts.
    overlap
        As in :func:`in_turn`.
    """

    def __init__(self, mobject: Painted, target: Painted, overlap: float = 0.35, **kwargs: Any) -> None:
        self.target, self.overlap = target, overlap
        super().__init__(mobject, **{"rate_func": linear, **kwargs})

    def begin(self) -> None:
        """Remember where it starts."""
        self.origin = self.mobject.copy()
        super().begin()

    def interpolate_mobject(self, alpha: float) -> None:
        """Set every part as far as its turn has come."""
        mobject, first, last = self.mobject, self.origin, self.target
        assert isinstance(mobject, Painted)
        mobject.interpolate_color(first, last, self.rate_func(alpha))
        if alpha in (0, 1):
            return
        count = mobject.n_parts
        spread = 1.0 + self.overlap * (count - 1)
        reached = np.clip(self.rate_func(alpha) * spread - self.overlap * np.arange(count), 0.0, 1.0)
        eased = reached * reached * (3 - 2 * reached)
        for name in mobject.array_names:
            if name not in mobject.shared_names:
                start, end = getattr(first, name), getattr(last, name)
                setattr(mobject, name, start + (end - start) * eased.reshape(-1, *[1] * (start.ndim - 1)))
