"""The frozen record of one simulation: named arrays, a little text, and a digest of both.

Scenes read it, numbers on screen point into it, and anybody can recompute it from its file.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnanim.quantity import Given, Quantity

_INDEX = re.compile(r"\[(\d+)\]")
_INDICES = re.compile(r"(?:\[\d+\])*")
_TEXT_KEY = "__text__"
_AGAIN = "__again{}__."
"""Before the names of the arrays of a further computation, in a file."""


class TraceError(ValueError):
    """A trace that cannot be read, or a source that points nowhere."""


@dataclass(frozen=True)
class Trace:
    """Named arrays and text that a simulation left behind; it cannot be changed.

    Parameters
    ----------
    arrays
        Name → array of any shape; names may carry an index, as in ``weights[1]``.
    text
        What the simulation has to say in words, for instance the tokens of a sentence.
    given
        Names of the arrays that the lecturer set (shown as *given*, not as *computed*).
    again
        The same simulation computed with other roundings, when that was done: only digits on which all agree are shown.
    """

    arrays: Mapping[str, NDArray[Any]]
    text: Mapping[str, str] = field(default_factory=dict)
    given: frozenset[str] = frozenset()
    again: tuple[Trace, ...] = ()

    def __post_init__(self) -> None:
        frozen = {}
        for name, array in self.arrays.items():
            copy = np.array(array, copy=True)
            copy.setflags(write=False)
            frozen[name] = copy
        object.__setattr__(self, "arrays", MappingProxyType(frozen))
        object.__setattr__(self, "text", MappingProxyType(dict(self.text)))

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.arrays[name]

    def __contains__(self, name: str) -> bool:
        return name in self.arrays

    def __iter__(self) -> Iterator[str]:
        return iter(self.arrays)

    def quantity(self, name: str, *index: int, decimals: int = 2, unit: str = "") -> Quantity:
        """The number at ``name[index]…``, ready to be shown.

        Raises
        ------
        TraceError
            When the trace has no such number.
        """
        source = name + "".join(f"[{i}]" for i in index)
        kind = Given if name in self.given else Quantity
        return kind(self.value(source), source, decimals, unit, second=self.second(source))

    def second(self, source: str) -> float | None:
        """What the further computation has there that is farthest off: NaN where it has nothing; None without one.

        None also for what was set.
        """
        if not self.again or any(source == name or source.startswith(f"{name}[") for name in self.given):
            return None
        value = self.value(source)
        others = [other._value_or_nan(source) for other in self.again]
        different = [other for other in others if repr(other) != repr(value)]
        return max(different, key=lambda other: abs(other - value) if math.isfinite(other) else math.inf, default=value)

    def _value_or_nan(self, source: str) -> float:
        try:
            return self.value(source)
        except TraceError:
            return math.nan

    def beside(self, *again: Trace) -> Trace:
        """The same record with further computations of it."""
        return Trace(self.arrays, self.text, self.given, again)

    def quantities(self, name: str, *index: int, decimals: int = 2, unit: str = "") -> list[Quantity]:
        """All numbers of an array, or of the row at ``index``, in order."""
        row = self[name][index] if index else self[name]
        return [self.quantity(name, *index, place, decimals=decimals, unit=unit) for place in range(len(row))]

    def value(self, source: str) -> float:
        """The number that a source such as ``activations[1][2]`` points to.

        Raises
        ------
        TraceError
            When the source points nowhere or to more than one number.
        """
        for cut in [len(source), *(m.start() for m in reversed(list(_INDEX.finditer(source))))]:
            if source[:cut] in self.arrays and _INDICES.fullmatch(source, cut):
                index = tuple(int(i) for i in _INDEX.findall(source[cut:]))
                array = self.arrays[source[:cut]]
                if len(index) != array.ndim or any(i >= n for i, n in zip(index, array.shape, strict=True)):
                    raise TraceError(f"{source}: the array has shape {array.shape}")
                return float(array[index])
        raise TraceError(f"{source}: the trace has no such array")

    def under(self, name: str) -> View:
        """What belongs to a part of the simulation: ``trace.under("race[0]")["losses"]`` is ``trace["race[0].losses"]``.

        Raises
        ------
        TraceError
            When the trace has nothing of that part.
        """
        return View(self, name)

    def each(self, name: str, count: int) -> list[View]:
        """The views of several parts of one kind: ``race[0]``, ``race[1]``, …"""
        return [self.under(f"{name}[{place}]") for place in range(count)]

    def words(self, name: str) -> list[str]:
        """Text that is a list, for instance the tokens of a sentence.

        Raises
        ------
        TraceError
            When the trace has no such text, or when it is no list.
        """
        try:
            listed = json.loads(self.text[name])
        except KeyError:
            raise TraceError(f"the trace has no text {name!r}") from None
        except ValueError:
            listed = None
        if not isinstance(listed, list):
            raise TraceError(f"the text {name!r} is no list")
        return [str(each) for each in listed]

    def with_given(self, values: Mapping[str, ArrayLike]) -> Trace:
        """The same record with more arrays that the lecturer set."""
        arrays = {name: np.asarray(value) for name, value in values.items()}
        again = tuple(other.with_given(values) for other in self.again)
        return Trace({**self.arrays, **arrays}, self.text, self.given | arrays.keys(), again)

    @cached_property
    def digest(self) -> str:
        """SHA-256 over names, types, shapes and bytes of all arrays, and the text."""
        seal = hashlib.sha256()
        for name in sorted(self.arrays):
            array = self.arrays[name]
            seal.update(f"{name} {array.dtype.str} {array.shape} {name in self.given}\n".encode())
            seal.update(array.tobytes())
        seal.update(json.dumps(dict(self.text), sort_keys=True, ensure_ascii=False).encode())
        for other in self.again:
            seal.update(other.digest.encode())
        return seal.hexdigest()

    def to_bytes(self, suffix: str) -> bytes:
        """The record as ``.npz`` (arrays by name), ``.safetensors``, ``.csv`` (source, value) or ``.json``.

        JSON has no infinity and no NaN: they are written as ``"inf"``, ``"-inf"`` and ``"nan"``, which numpy reads back.

        Raises
        ------
        TraceError
            For any other suffix.
        """
        match suffix:
            case ".npz":
                return _npz({_TEXT_KEY: np.array(self._described()), **self._filed()})
            case ".safetensors":
                from safetensors.numpy import save

                return save(
                    {name: np.asarray(array, order="C") for name, array in self._filed().items()},
                    {_TEXT_KEY: self._described()},
                )
            case ".csv":
                return self._csv().encode()
            case ".json":
                arrays = {name: _plain(array.tolist()) for name, array in self.arrays.items()}
                record = {
                    "arrays": arrays,
                    "text": dict(self.text),
                    "given": sorted(self.given),
                    "digest": self.digest,
                }
                return json.dumps(record, indent=1, ensure_ascii=False).encode()
        raise TraceError(
            f"a trace is saved as .npz, .safetensors, .csv or .json, not as {suffix or 'a file without an ending'}"
        )

    @classmethod
    def load(cls, path: Path) -> Trace:
        """Read what :meth:`to_bytes` wrote as ``.npz`` or ``.safetensors``.

        Raises
        ------
        TraceError
            When the file is missing or is not a trace.
        """
        try:
            if path.suffix == ".safetensors":
                from safetensors import safe_open

                with safe_open(path, "numpy") as file:
                    arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
                    described = (file.metadata() or {}).get(_TEXT_KEY, "{}")
            else:
                with np.load(path, allow_pickle=False) as file:
                    arrays = {name: file[name] for name in file.files if name != _TEXT_KEY}
                    described = str(file[_TEXT_KEY]) if _TEXT_KEY in file.files else "{}"
            notes = json.loads(described)
        except Exception as error:  # every reader has its own; the person wants one sentence
            raise TraceError(f"{path}: cannot be read as a trace: {error}") from error
        given = frozenset(notes.get("given", ()))
        first = {name: array for name, array in arrays.items() if not name.startswith(_AGAIN.partition("{")[0])}
        again = []
        for number, note in enumerate(notes.get("again", ())):
            prefix = _AGAIN.format(number)
            own = {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
            same = {name: first[name] for name in note["same"]}
            again.append(cls(same | own, note["text"], frozenset(note["given"])))
        return cls(first, notes.get("text", {}), given, tuple(again))

    def _described(self) -> str:
        notes: dict[str, Any] = {"text": dict(self.text), "given": sorted(self.given)}
        if self.again:
            notes["again"] = [
                {"text": dict(other.text), "given": sorted(other.given), "same": [name for name in other if self._has(name, other)]}
                for other in self.again
            ]
        return json.dumps(notes, sort_keys=True, ensure_ascii=False)

    def _filed(self) -> dict[str, NDArray[Any]]:
        """The arrays of a file: the first computation's, and of the others those that came out otherwise."""
        others = {
            _AGAIN.format(number) + name: other[name]
            for number, other in enumerate(self.again) for name in other if not self._has(name, other)
        }  # fmt: skip
        return {**self.arrays, **others}

    def _has(self, name: str, other: Trace) -> bool:
        """Whether an array is the same here, bit by bit, as in another record."""
        one, two = self.arrays.get(name), other[name]
        return one is not None and (one.dtype, one.shape) == (two.dtype, two.shape) and one.tobytes() == two.tobytes()

    def _csv(self) -> str:
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerow(["source", "value"])
        for name, array in self.arrays.items():
            for index in np.ndindex(array.shape):
                writer.writerow([name + "".join(f"[{i}]" for i in index), repr(array[index].item())])
        return buffer.getvalue()


@dataclass(frozen=True)
class View:
    """A part of a trace: names are those behind its prefix, and numbers keep their place in the whole trace as their source."""

    trace: Trace
    prefix: str

    def __post_init__(self) -> None:
        if not any(name.startswith(f"{self.prefix}.") for name in (*self.trace.arrays, *self.trace.text)):
            raise TraceError(f"the trace has no part {self.prefix!r}")

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.trace[f"{self.prefix}.{name}"]

    def __contains__(self, name: str) -> bool:
        return f"{self.prefix}.{name}" in self.trace

    @property
    def text(self) -> Mapping[str, str]:
        """The words of this part."""
        start = len(self.prefix) + 1
        return {name[start:]: words for name, words in self.trace.text.items() if name.startswith(f"{self.prefix}.")}

    def quantity(self, name: str, *index: int, decimals: int = 2, unit: str = "") -> Quantity:
        """The number at ``name[index]…`` of this part; see :meth:`Trace.quantity`."""
        return self.trace.quantity(f"{self.prefix}.{name}", *index, decimals=decimals, unit=unit)

    @property
    def again(self) -> tuple[View | Trace, ...]:
        """The same part of what other roundings give; an empty trace where it has none."""
        return tuple(self.of(other) for other in self.trace.again)

    def of(self, other: Trace) -> View | Trace:
        """The same part of another trace; an empty trace where it has none."""
        try:
            return View(other, self.prefix)
        except TraceError:
            return Trace({})

    def quantities(self, name: str, *index: int, decimals: int = 2, unit: str = "") -> list[Quantity]:
        """All numbers of an array, or of the row at ``index``, in order."""
        row = self[name][index] if index else self[name]
        return [self.quantity(name, *index, place, decimals=decimals, unit=unit) for place in range(len(row))]


def _npz(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """What ``numpy.savez_compressed`` writes; unlike there, an array may bear any name (``file`` too)."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            member = zipfile.ZipInfo(f"{name}.npy")  # dated 1980: the same record gives the same bytes
            member.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(member, "w", force_zip64=True) as file:
                np.lib.format.write_array(file, array, allow_pickle=False)
    return buffer.getvalue()


def _plain(values: Any) -> Any:
    """Nested lists of numbers with words for those that JSON lacks."""
    if isinstance(values, list):
        return [_plain(value) for value in values]
    return str(values) if isinstance(values, float) and not math.isfinite(values) else values
