"""Sentences with numbers in them: whole templates with named placeholders, so that they can be translated."""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass, field

from nnanim.quantity.number import Cited, Entry, Label, Quantity, refuse_digits
from nnanim.quantity.spoken import spoken


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
    def spoken(self) -> str:
        """The sentence as it is read aloud."""
        return spoken(self.text)

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


def n_of_m(number: Quantity, whole: Quantity, every: str = "all {m}", none: str = "none of {m}", some: str = "{n} of {m}") -> Sentence:
    """How many of how many: “all 24”, “none of 24”, “17 of 24”; the templates are whole, so that they can be translated."""
    template = none if number.value == 0 else every if number.value == whole.value else some
    return Sentence(template, {"n": number, "m": whole} if "{n}" in template else {"m": whole})


def listed(*items: Showable, two: str = "{first} and {last}", more: str = "{first}, {last}") -> Sentence:
    """Several things in a row: “a”, “a and b”, “a, b and c”.

    Raises
    ------
    ValueError
        When there is none.
    """
    if not items:
        raise ValueError("nothing to be listed")
    if len(items) == 1:
        return Sentence("{only}", {"only": items[0]})
    if len(items) == 2:
        return Sentence(two, {"first": items[0], "last": items[1]})
    return Sentence(more, {"first": items[0], "last": listed(*items[1:], two=two, more=more)})
