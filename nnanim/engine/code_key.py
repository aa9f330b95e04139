"""What code decides how something looks, as a digest: the methods of a camera or a mobject of one's own class.
Code of manim and of this package is told by its version, or by the salt of the cache."""

from __future__ import annotations

import functools
import hashlib
import types
from collections.abc import Iterator
from typing import Any

import numpy as np

_KNOWN = ("manim.", "nnanim.", "builtins", "abc", "typing", "numpy", "collections")


@functools.lru_cache(maxsize=1024)
def own_code(cls: type) -> tuple[str, bool]:
    """Digest of what a class and its bases bring along beyond manim, and whether all of it could be read.

    Code is read with its constants, defaults and the data and functions that it takes from its surroundings.
    """
    reader = _Reader()
    for base in cls.__mro__:
        if not base.__module__.startswith(_KNOWN):
            reader.add(base.__qualname__)
            for name, member in sorted(vars(base).items()):
                if name not in ("__dict__", "__weakref__", "__doc__", "__module__", "__firstlineno__"):
                    reader.add(name)
                    reader.read(member)
    return reader.digest.hexdigest(), reader.understood


class _Reader:
    """Adds up code and data."""

    def __init__(self) -> None:
        self.digest = hashlib.blake2b(digest_size=20)
        self.understood = True
        self._met: set[int] = set()

    def add(self, text: str) -> None:
        """Add a text."""
        self.digest.update(f"{len(text)}:{text}".encode())

    def read(self, value: Any) -> None:
        """Add a value, or give up on it."""
        if isinstance(value, property):
            for part in (value.fget, value.fset):
                self.read(part)
        elif isinstance(value, (staticmethod, classmethod, types.MethodType)):
            self.read(value.__func__)
        elif isinstance(value, types.FunctionType):
            self._function(value)
        elif isinstance(value, np.ndarray) and not value.dtype.hasobject:
            self.add(f"{value.dtype.str}{value.shape}")
            self.digest.update(value.tobytes())
        elif value is None or isinstance(value, (bool, int, float, complex, str, bytes, np.generic)):
            self.add(f"{type(value).__name__} {value!r}")
        elif isinstance(value, (list, tuple, set, frozenset)):
            self.add(f"{type(value).__name__}{len(value)}")
            for item in sorted(value, key=repr) if isinstance(value, (set, frozenset)) else value:
                self.read(item)
        elif isinstance(value, dict):
            self.add(f"dict{len(value)}")
            for key, item in value.items():
                self.read(key)
                self.read(item)
        elif isinstance(value, (types.ModuleType, types.BuiltinFunctionType, np.ufunc)):
            self.add(value.__name__)
        elif isinstance(value, type):
            self.add(f"{value.__module__}.{value.__qualname__}")
        elif type(value).__module__.startswith("manim.utils.color"):
            self.add(f"colour {value._internal_value.tolist()}")
        elif type(value).__module__.startswith(("manim.", "functools")) or callable(value):
            self.add(repr(type(value)))
            self.understood = False
        else:
            self.understood = False

    def _function(self, function: types.FunctionType) -> None:
        if id(function) in self._met:
            return
        self._met.add(id(function))
        self.add(f"{function.__module__}.{function.__qualname__}")
        if function.__module__.startswith(_KNOWN):
            return
        self._code(function.__code__)
        self.read(function.__defaults__)
        for cell in function.__closure__ or ():
            try:
                content = cell.cell_contents
            except ValueError:
                continue
            # The class that a method stands in, for super().
            if not isinstance(content, type):
                self.read(content)
        for name in _names(function.__code__):
            if name in function.__globals__:
                self.read(function.__globals__[name])

    def _code(self, code: types.CodeType) -> None:
        self.digest.update(code.co_code)
        self.add(" ".join(code.co_names))
        for constant in code.co_consts:
            if isinstance(constant, types.CodeType):
                self._code(constant)
            else:
                self.add(repr(constant))


def _names(code: types.CodeType) -> Iterator[str]:
    """The names that code and the functions within it look up."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names(constant)
