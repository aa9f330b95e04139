"""Loads manim in half the time: of SciPy and NetworkX it uses next to nothing, and waits for all of them.
What is left out while manim is loaded is loaded when somebody asks for it."""

from __future__ import annotations

import importlib
import math
import sys
import types
from typing import Any

import numpy as np


class _AsInSciPy(type):
    """What the class below does not have, SciPy's has."""

    def __getattr__(cls, name: str) -> Any:
        return getattr(_scipys_rotation(), name)


def _scipys_rotation() -> Any:
    return importlib.import_module("scipy.spatial.transform").Rotation


class Rotation(metaclass=_AsInSciPy):
    """The part of ``scipy.spatial.transform.Rotation`` that manim uses: a rotation vector's matrix."""

    def __init__(self, matrix: np.ndarray) -> None:
        self._matrix = matrix

    def as_matrix(self) -> np.ndarray:
        """The matrix (3, 3)."""
        return self._matrix

    @staticmethod
    def from_rotvec(rotvec: Any, *more: Any, **named: Any) -> Any:
        """The rotation about a vector (3,) by its length in radians, by way of the unit quaternion (Shuster 1993, 175 ff.)."""
        vector = np.asarray(rotvec, float)
        if vector.shape != (3,) or more or named:
            return _scipys_rotation().from_rotvec(rotvec, *more, **named)
        x, y, z = vector.tolist()
        angle = math.sqrt(x * x + y * y + z * z)
        # Near zero, the series of sin(a / 2) / a.
        scale = 0.5 - angle**2 / 48 + angle**4 / 3840 if angle <= 1e-3 else math.sin(angle / 2) / angle
        x, y, z, w = scale * x, scale * y, scale * z, math.cos(angle / 2)
        return Rotation(
            np.array(
                [
                    [x * x - y * y - z * z + w * w, 2 * (x * y - z * w), 2 * (x * z + y * w)],
                    [2 * (x * y + z * w), -x * x + y * y - z * z + w * w, 2 * (y * z - x * w)],
                    [2 * (x * z - y * w), 2 * (y * z + x * w), -x * x - y * y + z * z + w * w],
                ]
            )
        )


class _Layouts:
    """``networkx.layout`` whose functions are looked up when they are called."""

    def __getattr__(self, name: str) -> Any:
        def layout(*arguments: Any, **named: Any) -> Any:
            return getattr(importlib.import_module("networkx").layout, name)(*arguments, **named)

        return layout


class _NetworkX(types.ModuleType):
    """NetworkX, loaded when it is used."""

    layout = _Layouts()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(importlib.import_module("networkx"), name)


def load_manim() -> None:
    """Import manim, if nobody has yet, without what it only might need."""
    if "manim" in sys.modules:
        return
    transform = types.ModuleType("scipy.spatial.transform")
    transform.Rotation = Rotation  # type: ignore[attr-defined]
    stand_ins = [transform, _NetworkX("networkx")]
    stand_ins = [module for module in stand_ins if module.__name__ not in sys.modules]
    for module in stand_ins:
        sys.modules[module.__name__] = module
    try:
        importlib.import_module("manim")
    finally:
        # From now on, everybody who imports them gets the real ones.
        for module in stand_ins:
            sys.modules.pop(module.__name__, None)
