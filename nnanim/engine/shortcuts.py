"""manim's costliest bookkeeping, done the same way in less time: copying mobjects and listing their families.
The process that runs ahead through a scene does little else, and workers wait for it."""

from __future__ import annotations

import copy
import enum
import types
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import manim.camera.camera
import manim.scene.scene
import numpy as np
from manim import Mobject
from manim.utils.color import ManimColor

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
    for name, value in self.__dict__.items():
        attributes[name] = value if type(value) in _SHARED else _copied(value, memo)
    twin.original_id = str(id(self))
    return twin


def _copied(value: Any, memo: dict[int, Any]) -> Any:
    kind = type(value)
    if kind in _SHARED or isinstance(value, enum.Enum):
        return value
    known = memo.get(id(value))
    if known is not None:
        return known
    if kind is np.ndarray and not value.dtype.hasobject:
        twin = memo[id(value)] = value.copy(order="K")
        return twin
    if kind is list:
        items: list[Any] = []
        memo[id(value)] = items
        items.extend(item if type(item) in _SHARED else _copied(item, memo) for item in value)
        return items
    if kind is dict:
        table: dict[Any, Any] = {}
        memo[id(value)] = table
        for key, item in value.items():
            table[_copied(key, memo)] = _copied(item, memo)
        return table
    if kind is tuple and all(type(item) in _SHARED for item in value):
        return value
    if kind.__module__.startswith("svgelements"):
        # A glyph's outline as it was parsed, hundreds of small objects; its points were made from it once.
        return value
    if getattr(kind, "__deepcopy__", None) is deepcopy_mobject:
        return deepcopy_mobject(value, memo)
    return copy.deepcopy(value, memo)


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
        _visit(mobject, met, members)
    members.reverse()
    if only_those_with_points:
        members = [member for member in members if member.get_num_points() > 0]
    if use_z_index:
        members.sort(key=_z_index)
    return members


def _z_index(mobject: Mobject) -> float:
    return mobject.z_index


def _visit(mobject: Mobject, met: set[Mobject], members: list[Mobject]) -> None:
    if mobject in met:
        return
    for part in reversed(mobject.submobjects):
        _visit(part, met, members)
    met.add(mobject)
    members.append(mobject)


@contextmanager
def shortcuts() -> Iterator[None]:
    """While it lasts, manim takes the shortcuts of this module."""
    patches = [
        (Mobject, "__deepcopy__", deepcopy_mobject),
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
