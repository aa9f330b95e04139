"""What the tests of every chapter's sentences share: hearing them, judging them, and turning them into their opposite.

A chapter's ``says_….py`` maps each sentence, as it stands in the source with its placeholders, to a check of its own,
derived from the trace or computed again, never from the predicate by which the chapter chose the sentence.
"""

from __future__ import annotations

import ast
import re
import string
import sys
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from manim import MathTypst
from productions import production_of

from nnanim.engine import EngineError, rehearse
from nnanim.lesson.claims import UNDECIDED
from nnanim.quantity import MINUS, TIMES_TEN, Sentence, Showable, as_showable, parse_number
from nnanim.trace import Trace

OPPOSITES = (
    ("lifts", "lowers"), ("sharpens", "flattens"), ("converges", "diverges"), ("rises", "falls"), ("above", "below"),
    ("up", "down"), ("uphill", "downhill"), ("largest", "smallest"), ("highest", "lowest"), ("most", "least"),
    ("more", "fewer"), ("larger", "smaller"), ("longer", "shorter"), ("steeper", "flatter"), ("steepest", "flattest"),
    ("vanishes", "explodes"), ("faint", "huge"), ("positive", "negative"), ("first", "last"), ("likeliest", "unlikeliest"),
    ("over", "under"), ("earlier", "later"), ("before", "after"), ("all", "none"), ("always", "never"), ("same", "other"),
)  # fmt: skip
"""Words that a slip of the pen could exchange."""
LOWERED = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")


# Hearing -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Told:
    """A sentence as a chapter told it.

    Attributes
    ----------
    template
        Its words, with placeholders.
    shown
        What stands in each placeholder, as it is read.
    trace, params
        What it was told of.
    beat
        Number of its beat, from 1.
    """

    template: str
    shown: Mapping[str, str]
    trace: Trace = field(repr=False)
    params: Any = field(repr=False)
    beat: int = 0

    @property
    def text(self) -> str:
        """The sentence as it is read."""
        return self.template.format(**self.shown)

    def shows(self, name: str, value: float) -> bool:
        """Whether the number in a placeholder is this value, to the digits that it is written with."""
        return shows(self.shown[name], value)


def tell(chapter: Any, trace: Trace | None = None, **params: Any) -> tuple[Told, ...]:
    """Every sentence that a chapter narrates under some parameters; nothing is drawn or played.

    Parameters
    ----------
    trace
        The record to tell, instead of that of the simulation.
    """
    made = production_of(chapter, **params) if trace is None else None
    if made is None:
        made = production_of(Recorded(chapter, trace), **params)
    beats: list[Any] = []

    def outlined() -> Any:
        scene = made.scene()
        construct = scene.construct

        def once() -> None:
            if not beats:  # a chapter goes through its lesson once before it plays it: that is enough to hear it
                construct()
                beats.extend(scene.beats)

        scene.construct = once
        return scene

    with formulas_set_once():
        scene = rehearse(outlined, made.settings)
    return tuple(
        Told(part.template, {name: as_showable(value).text for name, value in part.values.items()}, scene.trace, scene.params, beat.number)
        for beat in beats
        for part in sentences(beat.narration)
    )


_formulas: dict[tuple[Any, ...], MathTypst] = {}


@contextmanager
def formulas_set_once() -> Iterator[None]:
    """The same formula is set by Typst once and copied from then on: it takes most of a chapter's time."""
    set_by_typst = MathTypst.__init__

    def remembered(self: MathTypst, *args: Any, **kwargs: Any) -> None:
        key = (args, tuple(sorted(kwargs.items())))
        if key not in _formulas:
            set_by_typst(self, *args, **kwargs)
            _formulas[key] = self.copy()
        else:
            self.__dict__.update(_formulas[key].copy().__dict__)

    MathTypst.__init__ = remembered  # type: ignore[method-assign]
    try:
        yield
    finally:
        MathTypst.__init__ = set_by_typst  # type: ignore[method-assign]


class Recorded:
    """A chapter whose trace is at hand already; everything else is the chapter's."""

    def __init__(self, chapter: Any, trace: Trace) -> None:
        self._chapter, self._trace = chapter, trace

    def __getattr__(self, name: str) -> Any:
        return getattr(self._chapter, name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._chapter(*args, **kwargs)

    def record(self, parameters: Any) -> Trace:
        """The trace at hand, whatever the parameters."""
        return self._trace


def sentences(words: Showable) -> Iterator[Sentence]:
    """The sentences that words are made of: what only joins or lists others is taken apart, a counted noun is not."""
    if not isinstance(words, Sentence):
        return
    if re.search(r"[^\W\d_]", "".join(literal for literal, *_ in string.Formatter().parse(words.template))):
        yield words
        return
    for _, name, _, _ in string.Formatter().parse(words.template):
        if name is not None:
            yield from sentences(words.values[name])


# Judging -----------------------------------------------------------------------------------------------

Check = Callable[[Told], Any]
Checks = Mapping[str, Check]


def general(reason: str) -> Check:
    """The check of a sentence that is so under any parameters: a definition, or how the picture is to be read."""
    assert reason
    return lambda told: True


def fault(told: Told, checks: Checks) -> str | None:
    """What is wrong with a sentence: that there is no check for it, or that its check finds it false; None if it is so."""
    check = rounding_decides if told.template == UNDECIDED else checks.get(told.template)
    if check is None:
        return f"no independent check of “{told.template}”"
    return None if check(told) else f"false: “{told.text}”"


def rounding_decides(told: Told) -> bool:
    """Whether anything of a simulation comes out otherwise when it is repeated with other rounding."""
    return any(comes_out_otherwise(told.trace, other) for other in told.trace.again)


def comes_out_otherwise(trace: Trace, other: Trace) -> bool:
    """Whether two records of a simulation differ in words, in a count, or in the third figure of a number."""
    if dict(trace.text) != dict(other.text) or set(trace) != set(other):
        return True
    return any(
        trace[name].shape != other[name].shape or not np.allclose(trace[name], other[name], rtol=1e-3, atol=0, equal_nan=True)
        for name in trace
    )


def faults(told: Sequence[Told], checks: Checks) -> list[str]:
    """What is wrong with each of many sentences."""
    return [found for one in told if (found := fault(one, checks)) is not None]


def reads(text: str) -> tuple[float, float]:
    """The number that a text shows, and half a unit of its last digit: “3.2 × 10⁻¹²”, “−1,234”, “62.5 %”, “3.0°”."""
    text = text.removesuffix("°")
    share = text.endswith("%")
    factor, _, power = text.removesuffix("%").strip().partition(TIMES_TEN)
    exponent = int(power.translate(LOWERED) or 0)
    decimals = len(factor.partition(".")[2])
    scale = 10.0**exponent / (100 if share else 1)
    return parse_number(factor) * scale, 0.5 * 10.0**-decimals * scale


def shows(text: str, value: float) -> bool:
    """Whether a text is a true way to write a value: rounded to its last digit, or “under …”, “over …”."""
    if text.startswith("under minus "):
        return value < -reads(text.removeprefix("under minus "))[0]
    if text.startswith("under "):
        return 0 < value < reads(text.removeprefix("under "))[0]
    if text.startswith("over "):
        return value > reads(text.removeprefix("over "))[0]
    number, half = reads(text)
    written_zero = not re.search("[1-9]", text)
    return abs(value - number) <= half * (1 + 1e-9) + 1e-12 * abs(value) and not (written_zero and text.startswith(MINUS))


# Opposites ---------------------------------------------------------------------------------------------


def exchanged(words: str, one: str, other: str) -> str:
    """Words with each of two exchanged for the other, where they stand alone, large or small first letter."""
    pairs = {one: other, other: one, one.capitalize(): other.capitalize(), other.capitalize(): one.capitalize()}
    return re.sub(rf"(?<![\w{{])({'|'.join(pairs)})(?![\w}}])", lambda found: pairs[found[0]], words)


def opposites(told: Told, pairs: Sequence[tuple[str, str]] = OPPOSITES) -> Iterator[Told]:
    """A sentence told the other way round: two words exchanged in its template, or in one of the names put into it."""
    for one, other in pairs:
        if (template := exchanged(told.template, one, other)) != told.template:
            yield replace(told, template=template)
        for name, text in told.shown.items():
            if (turned := exchanged(text, one, other)) != text:
                yield replace(told, shown={**told.shown, name: turned})


def believed(told: Sequence[Told], checks: Checks) -> list[str]:
    """Sentences told the other way round that the checks still take for true: there should be none."""
    return [turned.text for one in told for turned in opposites(one) if fault(turned, checks) is None]


# Mutated source ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Mutant:
    """A chapter's source with a word of one string exchanged for its opposite."""

    line: int
    was: str
    becomes: str
    source: str = field(repr=False)

    def __str__(self) -> str:
        return f"line {self.line}: “{self.was}” → “{self.becomes}”"


def mutants(chapter: Any, pairs: Sequence[tuple[str, str]] = OPPOSITES[:3]) -> list[Mutant]:
    """A mutant for each string of a chapter's source, or part of one between placeholders, that holds a word of a pair.

    Docstrings, the descriptions of parameters and messages of errors are passed over: they are not told. Nor are the short
    words of cases, which stand in pictures: a chapter's tests derive those again by themselves.
    """
    file = Path(sys.modules[chapter.__module__].__file__)
    source = file.read_text(encoding="utf-8")
    tree = ast.parse(source)
    silent = set(_silent(tree))
    found = []
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Constant) and isinstance(node.value, str)) or id(node) in silent:
            continue
        for one, other in pairs:
            was, becomes = node.value, exchanged(node.value, one, other)
            if was != becomes:
                found.append(Mutant(node.lineno, was, becomes, _with(tree, node, becomes)))
    return sorted(found, key=lambda mutant: mutant.line)


def _silent(tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield id(node.value)
        if isinstance(node, ast.keyword) and node.arg == "description":
            yield id(node.value)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Case":
            yield from map(id, node.args[2:])
        if isinstance(node, ast.Raise):
            yield from (id(part) for part in ast.walk(node))


def _with(tree: ast.AST, node: ast.Constant, value: str) -> str:
    kept, node.value = node.value, value
    source = ast.unparse(tree)
    node.value = kept
    return source


def mutated(chapter: Any, mutant: Mutant) -> Any:
    """The chapter of a mutant's source, as if it stood in the chapter's own file."""
    original = sys.modules[chapter.__module__]
    module = types.ModuleType(f"{chapter.__module__}_mutated")
    module.__file__ = original.__file__
    sys.modules[module.__name__] = module
    exec(compile(mutant.source, str(original.__file__), "exec"), module.__dict__)
    return getattr(module, chapter.__name__)


def survives(chapter: Any, mutant: Mutant, cases: Mapping[str, Mapping[str, Any]], checks: Checks) -> bool:
    """Whether a mutant tells nothing, in any case, that the checks find wrong. A mutant that breaks down is noticed too.

    A sentence that becomes one without a check is noticed wherever it is told, also where no case of the tests tells it.
    """
    if mutant.was in checks and mutant.becomes not in checks:
        return False
    changed = mutated(chapter, mutant)
    anchor = max(re.split(r"\{\w*\}", mutant.was), key=len)  # the longest stretch of its words
    names = sorted(cases, key=lambda name: not any(anchor in one.text or anchor in one.template for one in heard(chapter, name, cases)))
    for name in names:
        try:
            if faults(tell(changed, heard(chapter, name, cases)[0].trace, **cases[name]), checks):
                return False
        except (EngineError, KeyError):  # a word that was a key
            return False
    return True


_heard: dict[tuple[str, str], tuple[Told, ...]] = {}


def heard(chapter: Any, name: str, cases: Mapping[str, Mapping[str, Any]]) -> tuple[Told, ...]:
    """What a chapter tells in a case; each is told once in a session of tests."""
    key = (chapter.slug(), f"{name} {sorted(cases[name].items())}")
    if key not in _heard:
        _heard[key] = tell(chapter, **cases[name])
    return _heard[key]
