"""The contract between the engine and what is drawn: what a mobject, a camera, an animation may promise, and how it is asked.

Nobody has to: manim's own classes promise nothing, and are drawn as manim draws them. The engine asks only here.
"""

from __future__ import annotations

from typing import Any, Protocol

import cairo
import numpy as np
from manim import Animation, Camera
from numpy.typing import NDArray


class PaintsItself(Protocol):
    """A mobject that draws itself on a camera's context; of its parts, those of a mask."""

    array_names: tuple[str, ...]
    """Arrays that it draws from, besides its points."""
    keeps_to_clip: bool
    """Whether it paints through the context alone, so that what lies outside of the clip stays as it is."""

    def paint(self, ctx: cairo.Context, camera: Camera, parts: NDArray[np.bool_] | None = None) -> None:
        """Draw it."""


class TellsItsAppearance(PaintsItself, Protocol):
    """One that can say where it looks otherwise than before, so that only that is drawn again."""

    def appearance(self, before: Any = None) -> Any:
        """How it looks now; ``before`` itself where that still holds."""


class PreparesPainting(PaintsItself, Protocol):
    """One that works out once, before workers are forked, what every one of them would need."""

    def prepare_painting(self, ctx: cairo.Context, camera: Camera) -> None:
        """Work it out."""


class FunctionOfTime(Protocol):
    """An animation or a rate function whose state depends on its start, its end and the time, and on no frame before."""

    function_of_time: bool


def paints_itself(kind: type) -> bool:
    """Whether mobjects of a class draw themselves."""
    return hasattr(kind, "paint")


def tells_its_appearance(kind: type) -> bool:
    """Whether mobjects of a class that draws itself can be drawn again in part."""
    return hasattr(kind, "appearance")


def prepares_painting(mobject: Any) -> bool:
    """Whether a mobject wants to be asked before the fork."""
    return hasattr(mobject, "prepare_painting")


def arrays_of(mobject: Any) -> tuple[str, ...]:
    """Names of the arrays that a mobject says it draws from."""
    return tuple(getattr(mobject, "array_names", ()))


def fills_through_mask(mobject: Any) -> bool:
    """Whether a mobject's fill is to be kept as coverage: text, whose colour changes more often than its shape."""
    return bool(getattr(mobject, "filled_through_mask", False))


def lets_parts_paint(kind: type[Camera]) -> bool:
    """Whether a camera class draws all but mobjects that draw themselves as the camera beneath does."""
    return bool(getattr(kind, "paints_parts", False))


def moves_only_pinned_points(kind: type[Camera]) -> bool:
    """Whether a camera class shows points as they are, or where its frame alone takes them."""
    return bool(getattr(kind, "moves_pinned_points", False))


def is_function_of_time(thing: Any) -> bool:
    """Whether an animation's class or a rate function promises to be one."""
    return bool(getattr(thing, "function_of_time", False))


def within(animation: Animation) -> Animation | None:
    """The animation that another wraps, if it wraps one."""
    inner = getattr(animation, "inner", None)
    return inner if isinstance(inner, Animation) else None
