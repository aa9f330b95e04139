"""Claims: sentences that are spoken because they are true of the trace, with the word and the colour that go with them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from nnanim.quantity import Quantity, Sentence, Showable, as_showable

Predicate = Callable[[Any], Any]
Lazy = Showable | Callable[[], Showable]
"""A value of a placeholder, or what makes it when the sentence with that placeholder is the one that is true."""


class ClaimError(ValueError):
    """A sentence that the trace does not bear out, without an alternative that it does."""


@dataclass(frozen=True)
class Claim:
    """A sentence that was spoken because its predicate holds; ``of`` is the trace, or the view of it, that it speaks of."""

    sentence: Sentence
    holds: Predicate
    of: Any = None


UNDECIDED = "Chaotic: another order of sums changes this."


def decided(claim: Claim) -> Claim:
    """The claim, when it is also true of what other roundings give and its numbers have digits that survive them.

    Otherwise rounding decides it, another machine might say the contrary, and that is what is said instead.
    """

    def is_decided(view: Any) -> bool:
        return all(holds_in(claim, other) for other in getattr(view, "again", ())) and not has_chaotic(claim.sentence)

    if is_decided(claim.of):
        return claim
    return Claim(Sentence(UNDECIDED), lambda view: claim.holds(view) and not is_decided(view), claim.of)


def holds_in(claim: Claim, view: Any) -> bool:
    """Whether a claim is true of a trace; false where the trace lacks what it asks for."""
    try:
        return bool(claim.holds(view))
    except (KeyError, IndexError):
        return False


def has_chaotic(showable: Showable) -> bool:
    """Whether there is a number in it of which no digit survives other rounding."""
    if isinstance(showable, Sentence):
        return any(map(has_chaotic, showable.values.values()))
    return isinstance(showable, Quantity) and showable.is_chaotic


@dataclass(frozen=True)
class Case:
    """What may be true: a sentence, its predicate on the trace, a short word for it, and the role of its colour.

    Parameters
    ----------
    sentence
        With placeholders.
    holds
        What the sentence says, asked of a trace or of a view of it.
    phrase
        The same in a word or two, for a label: “diverges”.
    role
        A role of the theme, for instance ``good``.
    """

    sentence: str
    holds: Predicate
    phrase: str = ""
    role: str = "text"


def otherwise(view: Any) -> bool:
    """The predicate of the last of several cases: that none of those before it holds."""
    raise TypeError("otherwise stands in a list of cases, behind those that it excludes")


def _told_apart(case: Case, before: Sequence[Case]) -> Case:
    if case.holds is not otherwise:
        return case
    return replace(case, holds=lambda view: not any(earlier.holds(view) for earlier in before))


class Cases(tuple[Case, ...]):
    """What may be true, in the order in which it is asked; the first that holds is said."""

    __slots__ = ()

    def __new__(cls, *cases: Case) -> Cases:
        return super().__new__(cls, [_told_apart(case, cases[:place]) for place, case in enumerate(cases)])

    @classmethod
    def by(cls, verdict: Callable[[Any], str], **sentences: str) -> Cases:
        """Cases told apart by a word: ``Cases.by(trend, falls="The loss falls.", rises="The loss rises.")``.

        Parameters
        ----------
        verdict
            Says of a view which of the words it is; of any other word nothing is said.
        sentences
            What is said, by word.
        """
        def says(word: str) -> Predicate:
            return lambda view: verdict(view) == word

        return cls(*(Case(said, says(word)) for word, said in sentences.items()))

    def of(self, view: Any) -> Case:
        """The first case that holds.

        Raises
        ------
        ClaimError
            When none does.
        """
        for case in self:
            if case.holds(view):
                return case
        raise ClaimError(f"the claim “{self[0].sentence}” is false of these parameters and has no alternative")


def either(sentence: str, otherwise: str, holds: Predicate) -> Cases:
    """Two sentences of which one is true and the other is not: the first when ``holds`` does, else the second."""
    return Cases(Case(sentence, holds), Case(otherwise, lambda view: not holds(view)))


def as_cases(cases: Iterable[Case | Cases | tuple[str, Predicate]]) -> Cases:
    """One list of cases out of cases, lists of them, and pairs of a sentence and its predicate."""
    flat: list[Case] = []
    for each in cases:
        if isinstance(each, Case):
            flat.append(each)
        elif isinstance(each, Cases):
            flat.extend(each)
        else:
            flat.append(Case(*each))
    return Cases(*flat)


def filled(template: str, values: Mapping[str, Lazy]) -> Sentence:
    """The sentence with those of the values that it has placeholders for; lazy ones are made now."""
    names = dict.fromkeys(re.findall(r"\{(\w+)\}", template))
    chosen = {name: values[name] for name in names if name in values}
    return Sentence(template, {name: _made(value) for name, value in chosen.items()})


def told(values: Mapping[str, Lazy]) -> str:
    """The values as an error message names them."""
    return ", ".join(f"{name} = {as_showable(value).text}" for name, value in values.items() if not _is_lazy(value))  # type: ignore[arg-type]


def _is_lazy(value: Lazy) -> bool:
    return callable(value) and not isinstance(value, str)


def _made(value: Any) -> Showable:
    return value() if _is_lazy(value) else value
