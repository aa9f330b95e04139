"""Scales of axes, linear and logarithmic: where a value stands, and which values bear a mark.

A logarithmic scale never invents a floor: what is exactly zero stands in a strip of its own, marked “0”.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from nnanim.quantity import MINUS, RAISED, Label
from nnanim.visuals.paint.painted import Floats

ZERO_STRIP = 0.14
"""Share of a logarithmic axis that is set aside for exact zeros, when there are any."""


@dataclass(frozen=True)
class Tick:
    """A mark on an axis: the value it stands at, and its name."""

    value: float
    name: Label


class Scale(Protocol):
    """Where values stand on an axis."""

    def share(self, values: ArrayLike) -> Floats:
        """How far along the axis, 0–1, of the values' shape; NaN for what has no place on it."""

    def ticks(self, most: int) -> list[Tick]:
        """At most so many marks, evenly spaced."""


@dataclass(frozen=True)
class LinearScale:
    """Evenly spaced values from ``low`` to ``high``; ``marks`` are the ticks, when they are not to be chosen."""

    low: float
    high: float
    marks: tuple[float, ...] = ()

    @classmethod
    def over(cls, values: ArrayLike, include: Sequence[float] = ()) -> LinearScale:
        """A scale that holds all finite values and ends on round numbers."""
        seen = np.append(_finite(values), list(include) or [])
        low, high = (float(seen.min()), float(seen.max())) if len(seen) else (0.0, 1.0)
        if low == high:
            low, high = low - 0.5, high + 0.5
        step = _round_step((high - low) / 5)
        return cls(math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step)

    @classmethod
    def counting(cls, low: int, high: int, most: int = 7) -> LinearScale:
        """Whole numbers, both ends among the marks; the others are multiples of a round step, clear of the ends."""
        step = next(s for k in range(20) for s in (10**k, 2 * 10**k, 5 * 10**k) if (high - low) / s <= most - 1)
        inner = [n for n in range(low - low % step, high, step) if n - low > 0.6 * step and high - n > 0.6 * step]
        return cls(low, high, tuple(sorted({low, *inner, high})))

    def share(self, values: ArrayLike) -> Floats:
        """See :class:`Scale`."""
        numbers = np.asarray(values, dtype=float)
        if self.high == self.low:
            return np.where(np.isfinite(numbers), 0.5, np.nan)
        return np.where(np.isfinite(numbers), (numbers - self.low) / (self.high - self.low), np.nan)

    def ticks(self, most: int) -> list[Tick]:
        """Multiples of 1, 2 or 5 times a power of ten; or the given marks."""
        if self.marks:
            return [Tick(mark, _plain(mark, 0 if float(mark).is_integer() else 2)) for mark in self.marks]
        step = _round_step((self.high - self.low) / max(most - 1, 1))
        decimals = max(0, -math.floor(math.log10(step) + 1e-9))
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [Tick(k * step, _plain(k * step, decimals)) for k in range(first, last + 1)]


@dataclass(frozen=True)
class LogScale:
    """Powers of ten from ``low`` to ``high``, both greater than 0; with ``zero``, a strip below for exact zeros."""

    low: float
    high: float
    zero: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.low < self.high < math.inf:
            raise ValueError(f"a logarithmic scale runs from a positive number to a larger one, not from {self.low} to {self.high}")

    @classmethod
    def over(cls, values: ArrayLike) -> LogScale:
        """A scale of whole decades that holds all positive values, with a strip for zeros when one is exactly zero."""
        seen = _finite(values)
        positive = seen[seen > 0]
        low, high = (float(positive.min()), float(positive.max())) if len(positive) else (1.0, 1.0)
        bottom, top = math.floor(math.log10(low)), math.ceil(math.log10(high))
        return cls(10.0**bottom, 10.0 ** max(top, bottom + 1), bool((seen == 0).any()))

    @property
    def strip(self) -> float:
        """Share of the axis that is set aside for zeros."""
        return ZERO_STRIP if self.zero else 0.0

    def share(self, values: ArrayLike) -> Floats:
        """See :class:`Scale`; a zero stands in the middle of its strip."""
        numbers = np.asarray(values, dtype=float)
        known = np.isfinite(numbers) & ((numbers > 0) | ((numbers == 0) & self.zero))
        decades = math.log10(self.high) - math.log10(self.low)
        positive = np.where(numbers > 0, numbers, self.low)
        with np.errstate(invalid="ignore"):
            along = self.strip + (1 - self.strip) * (np.log10(positive) - math.log10(self.low)) / decades
        return np.where(known, np.where(numbers == 0, self.strip / 2, along), np.nan)

    def ticks(self, most: int) -> list[Tick]:
        """Powers of ten, every one or every second, third, fifth …; and “0” when zeros have a strip."""
        powers = [Tick(10.0**e, _power(e)) for e in self.exponents(most)]
        return [Tick(0.0, Label("0")), *powers] if self.zero else powers

    def exponents(self, most: int) -> list[int]:
        """The powers of ten that bear a mark when there may be so many, evenly spaced: two at least, when there are two."""
        bottom, top = math.ceil(math.log10(self.low) - 1e-9), math.floor(math.log10(self.high) + 1e-9)
        for step in (1, 2, 3, 4, 5, 6, 8, 10, 20):
            marked = [e for e in range(bottom, top + 1) if e % step == 0]
            if 2 <= len(marked) <= most:
                return marked
        return sorted({bottom, top}) if bottom <= top else []


def _power(exponent: int) -> Label:
    return Label({0: "1", 1: "10"}.get(exponent, f"10{str(exponent).translate(RAISED)}"))


def _finite(values: ArrayLike) -> Floats:
    numbers = np.asarray(values, dtype=float).reshape(-1)
    return numbers[np.isfinite(numbers)]


def _round_step(least: float) -> float:
    """The smallest of 1, 2, 5 × a power of ten that is not less."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(m * power for m in (1, 2, 5, 10) if m * power >= least * (1 - 1e-9))


def _plain(value: float, decimals: int) -> Label:
    written = f"{value:,.{decimals}f}"
    return Label("0" if float(value) == 0 else written.replace("-", MINUS))
