"""Moves all parts of a transformed mobject in one array operation instead of part by part.
Used in workers only, on plays that manim's own animations alone drive."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
from manim import Animation, Mobject, Scene, Transform, VMobject
from manim.animation.composition import AnimationGroup
from manim.utils.bezier import interpolate

_ARRAYS = ("points", "fill_rgbas", "stroke_rgbas", "background_stroke_rgbas", "sheen_direction")
_NUMBERS = ("stroke_width", "background_stroke_width", "sheen_factor")


def quicken_animations(scene: Scene) -> None:
    """Give the current play's transforms a quicker way to reach a moment; the values are the same."""
    animations = [animation for top in scene.animations or () for animation in _single(top)]
    # Where two animations share a part, the later one has to win in every attribute, every time.
    shares = Counter(part for animation in animations for part in animation.mobject.get_family())
    for animation in animations:
        if all(shares[part] == 1 for part in animation.mobject.get_family()) and _is_plain(animation):
            tween = Tween(animation)
            if tween.fits:
                animation.interpolate_mobject = tween


def _single(animation: Animation) -> Iterator[Animation]:
    if isinstance(animation, AnimationGroup):
        for part in animation.animations:
            yield from _single(part)
    else:
        yield animation


def _is_plain(animation: Animation) -> bool:
    """Whether all parts follow the same straight line in the same rhythm, by manim's own code."""
    cls = type(animation)
    return (
        isinstance(animation, Transform)
        and cls.interpolate is Animation.interpolate
        and cls.interpolate_mobject is Animation.interpolate_mobject
        and cls.interpolate_submobject is Transform.interpolate_submobject
        and cls.get_sub_alpha is Animation.get_sub_alpha
        and animation.lag_ratio == 0
        and animation.path_func is interpolate
    )


class Tween:
    """Takes the place of ``interpolate_mobject`` of one :class:`Transform`.

    The numbers that differ between start and target lie in two flat vectors; a frame is one interpolation
    between them into a third, of which the parts have views.
    """

    def __init__(self, animation: Transform) -> None:
        self.animation = animation
        self.families = list(animation.get_all_families_zipped())
        self.fits = bool(self.families) and all(_is_vector(part) for parts in self.families for part in parts)
        self._places: list[tuple[dict[str, Any], str, slice, tuple[int, ...]]] = []
        self._numbers: list[tuple[dict[str, Any], str, int]] = []
        self._constants: list[tuple[dict[str, Any], str, Any]] = []
        starts: list[np.ndarray] = []
        targets: list[np.ndarray] = []
        self._size = 0
        for part, start, target in self.families if self.fits else ():
            for name in (*_ARRAYS, *_NUMBERS):
                self._place(vars(part), name, getattr(start, name), getattr(target, name), starts, targets)
        if self.fits and starts:
            self._start, self._target = np.concatenate(starts), np.concatenate(targets)
        else:
            self._start = self._target = np.empty(0)
        self._now, self._rest = np.empty(self._size), np.empty(self._size)
        self._arrays = [
            (attributes, name, self._now[where].reshape(shape))
            for attributes, name, where, shape in self._places
        ]
        self._settled = False

    def _place(
        self,
        attributes: dict[str, Any],
        name: str,
        start: Any,
        target: Any,
        starts: list[np.ndarray],
        targets: list[np.ndarray],
    ) -> None:
        first, last = np.asarray(start), np.asarray(target)
        if first.shape != last.shape or first.dtype.kind not in "fiu" or last.dtype.kind not in "fiu":
            self.fits = False
            return
        if np.array_equal(first, last):
            self._constants.append((attributes, name, start))
            return
        if name in _NUMBERS:
            self._numbers.append((attributes, name, self._size))
        else:
            self._places.append((attributes, name, slice(self._size, self._size + first.size), first.shape))
        starts.append(first.ravel())
        targets.append(last.ravel())
        self._size += first.size

    def __call__(self, alpha: float) -> None:
        """Set the animated mobject to the moment ``alpha`` in [0, 1] of its animation."""
        reached = self.animation.get_sub_alpha(alpha, 0, len(self.families))
        if reached == 1.0:
            # manim copies the target then, to the last bit.
            Animation.interpolate_mobject(self.animation, alpha)
            return
        if not self._settled:
            for attributes, name, value in self._constants:
                attributes[name] = value.copy() if isinstance(value, np.ndarray) else value
            self._settled = True
        np.multiply(1 - reached, self._start, out=self._now)
        self._now += np.multiply(reached, self._target, out=self._rest)
        for attributes, name, view in self._arrays:
            attributes[name] = view
        for attributes, name, index in self._numbers:
            attributes[name] = self._now.item(index)


def _is_vector(part: Mobject) -> bool:
    cls = type(part)
    return (
        isinstance(part, VMobject)
        and cls.interpolate is Mobject.interpolate
        and cls.interpolate_color is VMobject.interpolate_color
        and all(hasattr(part, name) for name in (*_ARRAYS, *_NUMBERS))
        and not any(isinstance(getattr(cls, name, None), property) for name in (*_ARRAYS, *_NUMBERS))
    )
