"""manim's costliest bookkeeping, done the same way in less time: copying mobjects and listing their families.
The process that runs ahead through a scene does little else, and workers wait for it."""

from __future__ import annotations

import copy
import enum
import math
import types
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from operator import attrgetter
from pathlib import Path
from typing import Any

import manim.camera.camera
import manim.scene.scene
import numpy as np
from manim import Animation, Mobject, Transform, VMobject
from manim.animation.fading import _Fade
from manim.constants import CapStyleType, LineJointType
from manim.utils.color import ManimColor

_create_faded_mobject = _Fade._create_faded_mobject
_consider_points_equals = VMobject.consider_points_equals

# What deepcopy returns as it is. Colours are values: nothing in manim changes one after it was made.
_SHARED = frozenset(
    {
        type(None),
        bool,
        int,
        float,
        complex,
        str,
        bytes,
        type,
        range,
        types.FunctionType,
        types.BuiltinFunctionType,
        ManimColor,
        CapStyleType,
        LineJointType,
        type(Path()),
        np.float64,
        np.int64,
        np.bool_,
    }
)


def deepcopy_mobject(self: Mobject, memo: dict[int, Any]) -> Mobject:
    """What ``Mobject.__deepcopy__`` does, without a generic detour for every attribute."""
    cls: Any = type(self)
    twin = cls.__new__(cls)
    memo[id(self)] = twin
    attributes = twin.__dict__
    # All at once, in their order; what must not be shared is replaced by its copy.
    attributes.update(self.__dict__)
    for name, value in self.__dict__.items():
        kind = type(value)
        if kind in _SHARED:
            continue
        if kind is np.ndarray and id(value) not in memo and not value.dtype.hasobject:
            attributes[name] = memo[id(value)] = value.copy("K")
        elif not (_copies_for_animation and name in _NOT_FOR_ANIMATION):
            attributes[name] = _copied(value, memo)
    twin.original_id = str(id(self))
    return twin


def _copied(value: Any, memo: dict[int, Any]) -> Any:
    kind = type(value)
    if kind in _SHARED:
        return value
    known = memo.get(id(value))
    if known is not None:
        return known
    if getattr(kind, "__deepcopy__", None) is deepcopy_mobject:
        return deepcopy_mobject(value, memo)
    if kind is list:
        items: list[Any] = []
        memo[id(value)] = items
        for item in value:
            items.append(_copied(item, memo))
        return items
    if kind is np.ndarray and not value.dtype.hasobject:
        twin = memo[id(value)] = value.copy(order="K")
        return twin
    if kind is dict:
        table: dict[Any, Any] = {}
        memo[id(value)] = table
        for key, item in value.items():
            table[_copied(key, memo)] = _copied(item, memo)
        return table
    if isinstance(value, enum.Enum):
        return value
    if kind is tuple and all(type(item) in _SHARED for item in value):
        return value
    if kind.__module__.startswith("svgelements"):
        # A glyph's outline as it was parsed, hundreds of small objects; its points were made from it once.
        return value
    return copy.deepcopy(value, memo)


# No animation looks at these in its own copies: where a mobject is to go, where it was, and an SVG's groups by
# their names in the file, nine of them for a single digit.
_NOT_FOR_ANIMATION = frozenset({"target", "saved_state", "id_to_vgroup_dict"})
_copies_for_animation = False


@contextmanager
def _copying_for_animation() -> Iterator[None]:
    """While it lasts, copies are seen by nobody but the animation that they are made for."""
    global _copies_for_animation
    before, _copies_for_animation = _copies_for_animation, True
    try:
        yield
    finally:
        _copies_for_animation = before


def create_starting_mobject(self: Animation) -> Mobject:
    """What ``Animation.create_starting_mobject`` does."""
    with _copying_for_animation():
        return self.mobject.copy()


def create_faded_mobject(self: _Fade, fadeIn: bool) -> Mobject:
    """What the fades' ``_create_faded_mobject`` does."""
    with _copying_for_animation():
        return _create_faded_mobject(self, fadeIn)


def begin_transform(self: Transform) -> None:
    """What ``Transform.begin`` does."""
    self.target_mobject = self.create_target()
    with _copying_for_animation():
        self.target_copy = self.target_mobject.copy()
    self.mobject.align_data(self.target_copy)
    super(Transform, self).begin()


def consider_points_equals(self: VMobject, p0: Any, p1: Any) -> bool:
    """What ``VMobject.consider_points_equals`` does, number by number for two single points."""
    if not (type(p0) is type(p1) is np.ndarray and p0.shape == p1.shape == (3,)):
        return _consider_points_equals(self, p0, p1)
    tolerance = self.tolerance_for_point_equality
    # The comparison of numpy.isclose, with its default relative tolerance.
    return all(
        a == b or (abs(a - b) <= tolerance + 1e-5 * abs(b) and math.isfinite(b))
        for a, b in zip(p0.tolist(), p1.tolist(), strict=True)
    )


def family(self: Mobject, recurse: bool = True) -> list[Mobject]:
    """What ``Mobject.get_family`` returns: the mobject and its parts in order, each at its last place."""
    if not self.submobjects:
        return [self]
    members: list[Mobject] = []
    _visit(self, set(), members)
    members.reverse()
    return members


def family_with_points(self: Mobject) -> list[Mobject]:
    """What ``Mobject.family_members_with_points`` returns."""
    return [member for member in family(self) if member.get_num_points() > 0]


def families(
    mobjects: Iterable[Mobject], use_z_index: bool = False, only_those_with_points: bool = False
) -> list[Mobject]:
    """What ``extract_mobject_family_members`` returns, with every member visited once.

    From the back, a mobject that was met already was met with all its parts, so its parts need no second look.
    """
    met: set[Mobject] = set()
    members: list[Mobject] = []
    for mobject in reversed(list(mobjects)):
        if mobject not in met:
            _visit(mobject, met, members)
    members.reverse()
    if only_those_with_points:
        members = [member for member in members if member.get_num_points() > 0]
    if use_z_index:
        members.sort(key=attrgetter("z_index"))
    return members


def _visit(mobject: Mobject, met: set[Mobject], members: list[Mobject]) -> None:
    """List a mobject that was not met yet, and its parts, from the last to the first."""
    for part in reversed(mobject.submobjects):
        if part not in met:
            _visit(part, met, members)
    met.add(mobject)
    members.append(mobject)


@contextmanager
def shortcuts() -> Iterator[None]:
    """While it lasts, manim takes the shortcuts of this module."""
    patches = [
        (Mobject, "__deepcopy__", deepcopy_mobject),
        (Animation, "create_starting_mobject", create_starting_mobject),
        (Transform, "begin", begin_transform),
        (_Fade, "_create_faded_mobject", create_faded_mobject),
        (VMobject, "consider_points_equals", consider_points_equals),
        (Mobject, "get_family", family),
        (Mobject, "family_members_with_points", family_with_points),
        (manim.scene.scene, "extract_mobject_family_members", families),
        (manim.camera.camera, "extract_mobject_family_members", families),
    ]
    before = [(owner, name, getattr(owner, name)) for owner, name, _ in patches]
    for owner, name, quicker in patches:
        setattr(owner, name, quicker)
    try:
        yield
    finally:
        for owner, name, original in before:
            setattr(owner, name, original)
