"""Movements that manim lacks: one after another without regrouping, part by part within a painted mobject, named numbers of a
picture that turn by themselves, and animations that begin later or run on while others come and go.

A class that says ``function_of_time`` promises that each of its frames depends on its start, its end and the time, and on
no frame before it: the engine may enter it anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from manim import Animation, Mobject, Scene, linear, smooth, squish_rate_func

from nnanim.visuals.paint.painted import Painted

if TYPE_CHECKING:
    from nnanim.visuals.paint.picture import Picture

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

    function_of_time: ClassVar[bool] = True

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


class Turn(Animation):
    """Turn some of a picture's dials, and leave the others to whoever turns them at the same time.

    Parameters
    ----------
    picture
        Whose dials.
    seconds
        How long it takes.
    rate
        One of manim's rate functions, ``smooth`` when nothing is said.
    dials
        Names and the values at which they end.

    Raises
    ------
    KeyError
        When the picture has no such dial.
    """

    function_of_time: ClassVar[bool] = True

    def __init__(self, picture: Picture, seconds: float = 1.0, rate: Callable[[float], float] = smooth, **dials: float) -> None:
        self.places = [picture.place_of(name) for name in dials]
        self.ends = np.array([float(value) for value in dials.values()])
        super().__init__(picture, run_time=seconds, rate_func=rate)

    def begin(self) -> None:
        """Remember where the dials stand."""
        picture: Any = self.mobject
        self.starts = picture.dials[self.places].copy()
        self.interpolate(0)

    def interpolate(self, alpha: float) -> None:
        """Set the dials."""
        picture: Any = self.mobject
        share = self.rate_func(min(max(alpha, 0.0), 1.0))
        dials = picture.dials.copy()
        dials[self.places] = self.ends if alpha >= 1 else self.starts + share * (self.ends - self.starts)
        picture.dials = dials

    def get_all_mobjects(self) -> list[Mobject]:
        """The picture."""
        return [self.mobject]


class Wrapped(Animation):
    """Another animation, shown at other times than its own."""

    function_of_time: ClassVar[bool] = True

    def __init__(self, inner: Animation, seconds: float) -> None:
        self.inner = inner
        super().__init__(inner.mobject, run_time=seconds, rate_func=linear, introducer=inner.introducer, remover=inner.remover)

    def get_all_mobjects(self) -> Sequence[Mobject]:
        """Those of the animation within."""
        return self.inner.get_all_mobjects()

    def update_mobjects(self, dt: float) -> None:
        """Pass it on."""
        self.inner.update_mobjects(dt)

    def _setup_scene(self, scene: Scene) -> None:
        self.inner._setup_scene(scene)

    def begin(self) -> None:
        """Begin the animation within."""
        self.inner.begin()
        self.interpolate(0)

    def finish(self) -> None:
        """Finish the animation within."""
        self.inner.finish()

    def clean_up_from_scene(self, scene: Scene) -> None:
        """Clean up after the animation within."""
        self.inner.clean_up_from_scene(scene)


class Later(Wrapped):
    """An animation that begins some seconds after those that it is played with: ``play(first, Later(0.5, second))``."""

    def __init__(self, delay: float, inner: Animation) -> None:
        self.delay = delay
        super().__init__(inner, delay + inner.run_time)

    def interpolate(self, alpha: float) -> None:
        """The state that the animation within has by now."""
        self.inner.interpolate(min(max((alpha * self.run_time - self.delay) / max(self.inner.run_time, 1e-9), 0.0), 1.0))


class Span(Wrapped):
    """Some seconds out of a longer animation: what runs on while others come and go is played in spans.

    Parameters
    ----------
    inner
        The whole animation.
    elapsed
        Seconds of it that were played before.
    seconds
        How long this span lasts; from the animation's end on it stands.
    """

    def __init__(self, inner: Animation, elapsed: float, seconds: float) -> None:
        self.elapsed = elapsed
        super().__init__(inner, seconds)

    @property
    def is_last(self) -> bool:
        """Whether the whole animation ends within it."""
        return self.elapsed + self.run_time >= self.inner.run_time - 1e-6

    def interpolate(self, alpha: float) -> None:
        """The state that the animation within has by now."""
        self.inner.interpolate(min(1.0, (self.elapsed + alpha * self.run_time) / max(self.inner.run_time, 1e-9)))

    def is_remover(self) -> bool:
        """Only when it is the last."""
        return self.inner.is_remover() and self.is_last

    def _setup_scene(self, scene: Scene) -> None:
        if not self.elapsed:
            self.inner._setup_scene(scene)

    def begin(self) -> None:
        """Begin the animation within, if that did not happen before."""
        if not self.elapsed:
            self.inner.begin()
        self.interpolate(0)

    def finish(self) -> None:
        """Finish the animation within, if this is its last span."""
        if self.is_last:
            self.inner.finish()
        else:
            self.interpolate(1)

    def clean_up_from_scene(self, scene: Scene) -> None:
        """Clean up, if this is the last span."""
        if self.is_last:
            self.inner.clean_up_from_scene(scene)
