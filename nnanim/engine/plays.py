"""Which plays can be entered at any frame, and where a play is cut into slices.
A play may be entered anywhere when each frame is a function of time alone, which only manim's own animations promise."""

from __future__ import annotations

import itertools
import types
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from manim import Animation, Mobject, Scene
from manim.animation.composition import AnimationGroup

from nnanim.visuals.paint.contract import is_function_of_time, within

# A worker's start and the key frame cost about as much as four frames; what is left over at the end of a
# render is half a slice on average. Longer slices lose more at the end than they save.
SLICE_FRAMES = 60

# manim's animations whose frame depends on their start, their end and the time, and on no earlier frame. A class, or a rate
# function, of somebody else's may promise the same with an attribute ``function_of_time = True``.
_FUNCTIONS_OF_TIME = frozenset(
    [
        "Animation",
        "Wait",
        "Add",
        "AnimationGroup",
        "LaggedStart",
        "LaggedStartMap",
        "Transform",
        "ReplacementTransform",
        "TransformFromCopy",
        "ClockwiseTransform",
        "CounterclockwiseTransform",
        "MoveToTarget",
        "_MethodAnimation",
        "ApplyMethod",
        "ScaleInPlace",
        "ShrinkToCenter",
        "Restore",
        "FadeToColor",
        "ApplyMatrix",
        "CyclicReplace",
        "Swap",
        "FadeTransform",
        "FadeTransformPieces",
        "TransformMatchingShapes",
        "TransformMatchingTex",
        "FadeIn",
        "FadeOut",
        "Create",
        "Uncreate",
        "ShowPartial",
        "DrawBorderThenFill",
        "Write",
        "Unwrite",
        "ShowIncreasingSubsets",
        "GrowFromPoint",
        "GrowFromCenter",
        "GrowFromEdge",
        "GrowArrow",
        "SpinInFromNothing",
        "Rotate",
        "Rotating",
        "MoveAlongPath",
        "Indicate",
        "Flash",
        "ShowPassingFlash",
        "ShowPassingFlashWithThinningStrokeWidth",
        "FocusOn",
        "Wiggle",
        "ChangeDecimalToValue",
    ]
)


def can_jump(scene: Scene) -> bool:
    """Whether any frame of the current play can be reached without the frames before it."""
    if scene.updaters or scene.meshes or scene.stop_condition is not None or scene.always_update_mobjects:
        return False
    if type(scene).update_to_time is not Scene.update_to_time:
        return False
    if _has_updater((*scene.mobjects, *scene.foreground_mobjects)):
        return False
    return all(_is_function_of_time(animation) for animation in scene.animations or ())


def _is_function_of_time(animation: Animation) -> bool:
    cls = type(animation)
    if not is_function_of_time(cls) and (not cls.__module__.startswith("manim.animation.") or cls.__name__ not in _FUNCTIONS_OF_TIME):
        return False
    inner = within(animation)
    if inner is not None and not _is_function_of_time(inner):
        return False
    if isinstance(animation, AnimationGroup):
        if not all(_is_function_of_time(part) for part in animation.animations):
            return False
    elif _has_updater(mobject for mobject in animation.get_all_mobjects() if mobject is not None):
        return False
    return all(_is_manims(value) for value in vars(animation).values() if callable(value))


def _is_manims(function: Any) -> bool:
    """Whether a function is manim's: a user's may remember what it was called with before."""
    if isinstance(function, (Mobject, Animation, type)) or is_function_of_time(function):
        return True
    if isinstance(function, types.MethodType):
        function = function.__func__
    module = getattr(function, "__module__", None) or ""
    return module == "numpy" or module.startswith(("manim.", "numpy."))


def _has_updater(mobjects: Iterable[Mobject]) -> bool:
    return any(
        part.updaters or type(part).update is not Mobject.update
        for mobject in mobjects
        for part in mobject.get_family()
    )


@lru_cache(maxsize=4096)
def slices(frames: int) -> tuple[tuple[int, int], ...]:
    """Cut ``frames`` into nearly equal runs; depends on nothing else, so that keys stay the same."""
    count = max(1, round(frames / SLICE_FRAMES))
    edges = [frames * number // count for number in range(count + 1)]
    return tuple(itertools.pairwise(edges))


def fixed_slices(frames: int, length: int = SLICE_FRAMES) -> Iterator[tuple[int, int]]:
    """Cut a play of unknown length, at most ``frames``, into runs of equal length."""
    for start in range(0, frames, length):
        yield start, min(start + length, frames)
