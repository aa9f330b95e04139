"""Numbers that know where they came from, and how they are shown.

Nothing with a digit in it reaches the screen unless it is one of the kinds defined here.
"""

from __future__ import annotations

import re
import string
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, ClassVar, Literal

Kind = Literal["computed", "given", "cited"]
MINUS = "−"
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
LOWERED = {raised: ordinary for ordinary, raised in RAISED.items()}
TIMES_TEN = "\u00a0×\u00a010"
"""With no-break spaces: a number stays on one line."""
NUMBER = re.compile(rf"[{MINUS}+-]?\d[\d,]*(?:\.\d+)?(?:[eE][{MINUS}+-]?\d+)?")


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
    """

    value: float
    source: str
    decimals: int = 2
    unit: str = ""
    powers: bool = False
    kind: ClassVar[Kind] = "computed"

    @property
    def text(self) -> str:
        """What stands on screen: rounded half to even on the exact value, with a true minus sign."""
        if self.powers:
            return format_powers(self.value, self.decimals) + self.unit
        scale = 100.0 if self.unit.strip() == "%" else 1.0
        return format_number(self.value * scale, self.decimals) + self.unit

    @property
    def entries(self) -> tuple[Entry, ...]:
        """This number as its one line of the ledger."""
        return (Entry(self.text, self.value, self.kind, self.source),)

    def rounded_to(self, decimals: int) -> Quantity:
        """The same number shown with another count of decimals."""
        return type(self)(self.value, self.source, decimals, self.unit)

    def to_figures(self, figures: int = 2) -> Quantity:
        """The same number with so many significant figures: in powers of ten below 0.001 and from 10,000 on.

        In between, whole figures are never cut: 4321 with two figures is “4,321”. Exactly zero is shown as “0”.
        """
        if self.value == 0:
            return self.rounded_to(0)
        magnitude = int(f"{abs(self.value):.{figures - 1}e}".partition("e")[2])  # after rounding: 9.99 is 10
        if -3 <= magnitude < 4:
            return self.rounded_to(max(0, figures - 1 - magnitude))
        return type(self)(self.value, self.source, figures - 1, self.unit, powers=True)


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


@dataclass(frozen=True)
class Sentence:
    """Words with numbers in them: ``Sentence("The sum is {z}.", {"z": quantity})``.

    Raises
    ------
    UnsourcedDigit
        When the words themselves, or words put into them, hold a digit.
    KeyError
        When a placeholder has no value.
    ValueError
        When a placeholder asks for a format of its own, as in ``{z:.3f}``.
    """

    template: str
    values: Mapping[str, Showable] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for literal, name, spec, conversion in string.Formatter().parse(self.template):
            refuse_digits(literal)
            if spec or conversion:
                raise ValueError(f"the sentence “{self.template}” must not format {{{name}}}: the number knows its decimals")
            if name is not None and name not in self.values:
                raise KeyError(f"the sentence “{self.template}” has no value for {{{name}}}")
            if name is not None:
                as_showable(self.values[name])

    @property
    def text(self) -> str:
        """The sentence as it is read."""
        return self.template.format(**{name: as_showable(value).text for name, value in self.values.items()})

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The lines of the ledger, in the order in which the numbers stand in the sentence."""
        names = [name for _, name, _, _ in string.Formatter().parse(self.template) if name is not None]
        return tuple(entry for name in names for entry in as_showable(self.values[name]).entries)

    def __add__(self, other: Sentence) -> Sentence:
        return join(self, other)


Showable = Quantity | Cited | Label | Sentence | str


def as_showable(content: Showable) -> Quantity | Cited | Label | Sentence:
    """Give a plain string the form of a label, after refusing digits in it.

    Raises
    ------
    UnsourcedDigit
        When the string holds a digit.
    """
    if isinstance(content, Quantity | Cited | Label | Sentence):
        return content
    refuse_digits(content)
    return Label(content)


def join(*parts: Showable, separator: str = " ") -> Sentence:
    """Put sentences, labels and numbers one behind the other."""
    values = {f"part_{place}": part for place, part in enumerate(parts)}
    return Sentence(separator.join(f"{{{name}}}" for name in values), values)


def counted(number: Quantity, one: str, many: str) -> Sentence:
    """A count with its noun: “1 input”, “3 inputs”."""
    return Sentence("{number} " + (one if number.value == 1 else many), {"number": number})


def refuse_digits(words: str) -> None:
    """Raise :class:`UnsourcedDigit` when the words hold a digit, be it raised, lowered or a fraction (``²``, ``₁``, ``½``)."""
    if any(unicodedata.category(character) in ("Nd", "No") for character in words):
        raise UnsourcedDigit(
            f"“{words}” has a digit in it but no source: pass a Quantity, Given or Cited for a value, a Label for a name"
        )


def format_number(value: float, decimals: int) -> str:
    """Write a number the way every chapter does: fixed decimals, ``−`` for minus, never ``−0.00``."""
    written = f"{value:,.{decimals}f}" if decimals == 0 else f"{value:.{decimals}f}"
    if written.startswith("-"):
        written = written[1:] if not re.search(r"[1-9]", written) else MINUS + written[1:]
    return written


def format_powers(value: float, decimals: int) -> str:
    """Write a number as ``3.2 × 10⁻¹²``, for what is very small or very large."""
    factor, _, exponent = f"{value:.{decimals}e}".partition("e")
    return f"{factor.replace('-', MINUS)}{TIMES_TEN}{str(int(exponent)).translate(RAISED)}"


def parse_number(text: str) -> float:
    """Read back what :func:`format_number` wrote."""
    return float(text.replace(MINUS, "-").replace(",", ""))


def decimals_that_add_up(terms: list[float], total: float, preferred: int = 2, most: int = 4) -> int | None:
    """The fewest decimals with which the rounded terms really add up to the rounded total.

    Returns None when no count up to ``most`` does; the screen then says that numbers are rounded.
    """
    for decimals in range(preferred, most + 1):
        unit = 10.0**decimals
        if sum(round(round(term, decimals) * unit) for term in terms) == round(round(total, decimals) * unit):
            return decimals
    return None


@cache
def facts() -> Mapping[str, Mapping[str, Any]]:
    """The literature figures: key → value, text, unit, source, year, status."""
    return tomllib.loads(resources.files("nnanim").joinpath("facts.toml").read_text(encoding="utf-8"))
