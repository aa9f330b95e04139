"""Numbers that know where they came from, and how they are shown.

Nothing with a digit in it reaches the screen unless it is one of the kinds defined here, or a sentence of them.
"""

from __future__ import annotations

import math
import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib import resources
from typing import Any, ClassVar, Literal

from nnanim.quantity.spoken import spoken
from nnanim.quantity.writing import format_number, format_powers, is_right

Kind = Literal["computed", "given", "cited"]
CHAOTIC = "chaotic"
"""Stands in place of a number of which no digit survives other rounding."""
MARGIN = 8.0
"""Rounding may do so many times what it did the one time that it was tried: once it may have done little by chance."""


class UnsourcedDigit(ValueError):
    """A plain string with a digit in it was about to be shown."""


@dataclass(frozen=True)
class Entry:
    """One number as it stands on screen: a line of the ledger, without its times."""

    text: str
    value: float
    kind: Kind
    source: str


@dataclass(frozen=True)
class Quantity:
    """A computed number: its exact value, its place in the trace, and how it is rounded for the eye.

    Parameters
    ----------
    value
        The number at full precision.
    source
        Where it stands in the trace: an array's name, then an index for each axis, as in ``activations[2][1]``.
    decimals
        Digits behind the point; 0 shows a whole number with thousands separated.
    unit
        Put behind the number, for instance ``" %"``; a percent sign also multiplies what is shown by 100.
    powers
        Show it as ``3.2 × 10⁻¹²``; the decimals are those of the first factor.
    second
        The same number computed with other rounding; NaN where there was none. Digits that differ are not shown.
    """

    value: float
    source: str
    decimals: int = 2
    unit: str = ""
    powers: bool = False
    second: float | None = None
    kind: ClassVar[Kind] = "computed"

    @cached_property
    def text(self) -> str:
        """What stands on screen: rounded half to even on the exact value, with a true minus sign.

        Only with digits that the second computation confirms; “chaotic” where there is none.
        """
        wanted = self._written(self.decimals, self.powers)
        if self.second is None or self._carries(wanted):
            return wanted
        fewer = [(decimals, self.powers) for decimals in reversed(range(self.decimals))]
        if self.unit.strip() != "%" and abs(self.value) >= 10 and math.isfinite(self.value):
            fewer += [(figures, True) for figures in reversed(range(len(str(int(abs(self.value)))) - 1))]
        shorter = (self._written(*form) for form in fewer)
        return next((text for text in shorter if re.search("[1-9]", text) and self._carries(text)), CHAOTIC)

    @property
    def is_chaotic(self) -> bool:
        """Whether rounding decides even its first digit."""
        return self.text == CHAOTIC

    def _written(self, decimals: int, powers: bool) -> str:
        if powers:
            return format_powers(self.value, decimals) + self.unit
        scale = 100.0 if self.unit.strip() == "%" else 1.0
        return format_number(self.value * scale, decimals) + self.unit

    def _carries(self, text: str) -> bool:
        """Whether what is written would be right as well if rounding had done a few times what it did."""
        assert self.second is not None
        if not (math.isfinite(self.value) and math.isfinite(self.second)):
            return repr(self.value) == repr(self.second)
        far = MARGIN * (self.second - self.value)
        return is_right(text, self.value + far) and is_right(text, self.value - far)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """This number as its one line of the ledger; empty when none of its digits is shown."""
        return () if self.is_chaotic else (Entry(self.text, self.value, self.kind, self.source),)

    def rounded_to(self, decimals: int) -> Quantity:
        """The same number shown with another count of decimals."""
        return type(self)(self.value, self.source, decimals, self.unit, second=self.second)

    def to_figures(self, figures: int = 2) -> Quantity:
        """The same number with so many significant figures: in powers of ten below 0.001 and from 10,000 on.

        In between, whole figures are never cut: 4321 with two figures is “4,321”. Exactly zero is shown as “0”.
        """
        if self.value == 0:
            return self.rounded_to(0)
        magnitude = int(f"{abs(self.value):.{figures - 1}e}".partition("e")[2])  # after rounding: 9.99 is 10
        if -3 <= magnitude < 4:
            return self.rounded_to(max(0, figures - 1 - magnitude))
        return type(self)(self.value, self.source, figures - 1, self.unit, powers=True, second=self.second)


class Given(Quantity):
    """A number that the lecturer set; its source is the parameter's place in the trace."""

    kind: ClassVar[Kind] = "given"


@dataclass(frozen=True)
class Cited:
    """A number from the literature, read from ``nnanim/facts.toml`` by its key.

    Raises
    ------
    KeyError
        When the table has no such fact.
    """

    key: str
    text: str = field(init=False)
    value: float = field(init=False)
    note: str = field(init=False)
    kind: ClassVar[Kind] = "cited"

    def __post_init__(self) -> None:
        fact = facts()[self.key]
        object.__setattr__(self, "text", fact["text"])
        object.__setattr__(self, "value", float(fact["value"]))
        object.__setattr__(self, "note", f"{fact['status']}, {fact['source']} ({fact['year']})")

    @property
    def spoken(self) -> str:
        """How it is read aloud: “one point seven times ten to the sixteenth”."""
        return spoken(self.text)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """This number as its one line of the ledger."""
        return (Entry(self.text, self.value, self.kind, f"facts.toml: {self.key}"),)


class Label(str):
    """A name that happens to hold digits ("GPT-2", "x₁", "hidden 2"): an index or a name, never a value."""

    __slots__ = ()

    @property
    def text(self) -> str:
        """The name itself."""
        return str(self)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Empty: a name is not a number."""
        return ()


def refuse_digits(words: str) -> None:
    """Raise :class:`UnsourcedDigit` when the words hold a digit, be it raised, lowered or a fraction (``²``, ``₁``, ``½``)."""
    if any(unicodedata.category(character) in ("Nd", "No") for character in words):
        raise UnsourcedDigit(
            f"“{words}” has a digit in it but no source: pass a Quantity, Given or Cited for a value, a Label for a name"
        )


@cache
def facts() -> Mapping[str, Mapping[str, Any]]:
    """The literature figures: key → value, text, unit, source, year, status."""
    return tomllib.loads(resources.files("nnanim").joinpath("facts.toml").read_text(encoding="utf-8"))
