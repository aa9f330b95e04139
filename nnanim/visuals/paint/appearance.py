"""How a mobject of many parts looks at one moment, and where it looks different at another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from nnanim.visuals.paint.painted import Painted

Floats = NDArray[np.float64]
Corners = tuple[float, float, float, float]
"""Left, bottom, right and top, in scene units."""

# What no mobject paints itself by.
_UNSEEN = frozenset({"submobjects", "updaters", "updating_suspended", "target", "saved_state", "name", "original_id"})


class _Frozen:
    """An array's content, safe from being written over."""

    __slots__ = ("content", "kind", "shape")

    def __init__(self, array: NDArray[Any]) -> None:
        self.kind, self.shape, self.content = array.dtype, array.shape, array.tobytes()

    def equals(self, array: Any) -> bool:
        return (
            isinstance(array, np.ndarray)
            and array.shape == self.shape
            and array.dtype == self.kind
            and array.tobytes() == self.content
        )

    def thaw(self) -> NDArray[Any]:
        return np.frombuffer(self.content, self.kind).reshape(self.shape)


class Appearance:
    """Everything that a painted mobject could draw itself by, as it is now, and where its ink lies.

    Parameters
    ----------
    mobject
        Is not kept.
    """

    def __init__(self, mobject: Painted) -> None:
        self._values = {
            name: _frozen(value) for name, value in vars(mobject).items() if name not in _UNSEEN
        }
        self._boxes = mobject.boxes_of_parts()
        self._shared = mobject.shared_names
        self._apart = mobject.parts_stand_alone

    def still_holds(self, mobject: Painted) -> bool:
        """Whether the mobject would be drawn the same now."""
        attributes = vars(mobject)
        values = self._values
        count = 0
        for name, value in attributes.items():
            if name in _UNSEEN:
                continue
            count += 1
            known = values.get(name, self)
            if type(known) is _Frozen:
                if not known.equals(value):
                    return False
            elif known is not value and not (
                type(known) is type(value) and isinstance(value, (bool, int, float, str, list, tuple)) and known == value
            ):
                return False
        return count == len(values)

    def box(self) -> Corners | None:
        """Where ink may lie; ``None`` when nobody can tell."""
        return None if self._boxes is None else _union(self._boxes)

    def parts_within(self, corners: Corners) -> NDArray[np.bool_] | None:
        """A mask of the parts whose ink may lie in a box; ``None`` for all of them, or when nobody can tell."""
        if self._boxes is None or not self._apart:
            return None
        left, bottom, right, top = corners
        boxes = self._boxes
        mask = (boxes[:, 0] < right) & (boxes[:, 2] > left) & (boxes[:, 1] < top) & (boxes[:, 3] > bottom)
        return None if mask.all() else mask

    def change_since(self, before: Appearance) -> Corners | None:
        """Where it may look different from before; ``None`` when nobody can tell."""
        if self._boxes is None or before._boxes is None:
            return None
        changed = self._changed_parts(before)
        if changed is None:
            return _union(np.concatenate([self._boxes, before._boxes]))
        return _union(np.concatenate([self._boxes[changed], before._boxes[changed]]))

    def _changed_parts(self, before: Appearance) -> NDArray[np.bool_] | None:
        """A mask of the parts that changed, or ``None`` for all of them."""
        count = len(self._boxes) if self._boxes is not None else 0
        if not (self._apart and before._apart) or before._boxes is None or len(before._boxes) != count:
            return None
        if self._values.keys() != before._values.keys():
            return None
        changed = np.zeros(count, dtype=bool)
        for name, value in self._values.items():
            other = before._values[name]
            if isinstance(value, _Frozen) and isinstance(other, _Frozen):
                if value.content == other.content and value.shape == other.shape:
                    continue
                rows = value.shape[0] if value.shape else 0
                if name in self._shared or value.shape != other.shape or count == 0 or rows == 0 or rows % count:
                    return None
                differs = value.thaw() != other.thaw()
                changed |= differs.reshape(count, -1).any(axis=1)
            elif value is not other and value != other:
                if not (isinstance(value, tuple) and isinstance(other, tuple) and len(value) == len(other) == count):
                    return None
                changed |= [new is not old and new != old for new, old in zip(value, other, strict=True)]
        return changed


def _frozen(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value if value.dtype.hasobject else _Frozen(value)
    return list(value) if type(value) is list else value


def _union(boxes: Floats) -> Corners:
    if not len(boxes):
        return (np.inf, np.inf, -np.inf, -np.inf)
    (left, bottom), (right, top) = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    return float(left), float(bottom), float(right), float(top)
