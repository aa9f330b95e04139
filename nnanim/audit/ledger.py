"""Every digit on screen has a source: finds those that have none, and ledger entries that say what is not so.

It looks at any manim scene, with manim's own texts in it as well as ours.
"""

from __future__ import annotations

import string
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Literal

from manim import (
    DecimalNumber,
    MarkupText,
    Mobject,
    Paragraph,
    Scene,
    SingleStringMathTex,
    Text,
    Typst,
    VMobject,
)

from nnanim.chapter import Shown
from nnanim.quantity import LOWERED, TIMES_TEN, Cited, Entry, Label, Quantity, Sentence, as_showable, facts
from nnanim.trace import Trace, TraceError

SEEN = 0.01
"""An opacity up to this is not seen."""


@dataclass(frozen=True)
class TextOnStage:
    """A text as the viewer sees it, and the mobject that draws it."""

    text: str
    mobject: Mobject


@dataclass(frozen=True)
class LedgerFault:
    """Something that is wrong: the text in which it stands, and what is wrong with it."""

    text: str
    problem: str

    def __str__(self) -> str:
        return f"“{self.text}”: {self.problem}"


# Texts on stage ----------------------------------------------------------------------------------------


def texts_on_stage(scene: Scene) -> list[TextOnStage]:
    """Every text that is seen on stage now, ours and manim's own, in drawing order."""
    return list(_texts_in([*scene.mobjects, *scene.foreground_mobjects]))


def _texts_in(mobjects: Iterable[Mobject]) -> Iterator[TextOnStage]:
    for mobject in mobjects:
        written = text_of(mobject)
        if written is None:
            yield from _texts_in(mobject.submobjects)
        elif is_seen(mobject):
            yield TextOnStage(written, mobject)


def text_of(mobject: Mobject) -> str | None:
    """What a mobject writes; None for what is no text, or a group whose texts are looked at one by one."""
    match mobject:
        case VMobject(string=str(ours)):
            return ours
        case DecimalNumber():
            return _decimal_text(mobject)
        case Paragraph():
            return str(mobject.lines_text.original_text)
        case Text() | MarkupText():
            return str(mobject.original_text)
        case SingleStringMathTex():
            return str(mobject.tex_string)
        case Typst():
            return str(mobject.typst_code)
    return None


def _decimal_text(mobject: DecimalNumber) -> str:
    return f"{mobject.get_value():.{mobject.num_decimal_places}f}"


def is_seen(mobject: Mobject) -> bool:
    """Whether any ink of a mobject or of its parts shows."""
    return any(
        len(member.points) > 0 and max(member.get_fill_opacity(), member.get_stroke_opacity()) > SEEN
        for member in mobject.get_family()
        if isinstance(member, VMobject)
    )


# Digits without a source -------------------------------------------------------------------------------


def unsourced_digits(scene: Scene) -> list[LedgerFault]:
    """Every text on stage with a digit that belongs neither to a ledger entry nor to a label.

    A scene that keeps a ledger (a chapter) must also have written down each of the numbers as standing now.
    """
    now = standing(scene)
    findings = []
    for seen in texts_on_stage(scene):
        findings += [LedgerFault(seen.text, problem) for problem in _problems(seen, now)]
    return findings


def standing(scene: Scene) -> set[Entry] | None:
    """What the scene's ledger says stands on stage now; None for a scene without a ledger."""
    ledger: Sequence[Shown] | None = getattr(scene, "ledger", None)
    if ledger is None:
        return None
    return {shown.entry for shown in ledger if shown.end >= scene.renderer.time}


def _problems(seen: TextOnStage, now: set[Entry] | None) -> Iterator[str]:
    mobject = seen.mobject
    if not hasattr(mobject, "entries"):
        if has_digit(seen.text):
            yield f"a {type(mobject).__name__} with a digit and no source"
        return
    rest = _without_sourced(seen.text, _pieces_of(mobject))
    if rest is None:
        yield "what stands there is not what its numbers and words add up to"
    elif has_digit(rest):
        yield f"no source for the digits of “{rest.strip()}”"
    for entry in mobject.entries:
        if now is not None and entry not in now:
            yield f"{entry.text} ({entry.source}) stands on stage but not in the ledger"


Piece = tuple[Literal["words", "sourced"], str]


def _pieces_of(mobject: Any) -> list[Piece]:
    """What a text of ours is made of, in order; a grid of numbers is made of its entries."""
    if hasattr(mobject, "showable"):
        return list(pieces(mobject.showable))
    return [("sourced", entry.text) for entry in mobject.entries]


def pieces(showable: Any) -> Iterator[Piece]:
    """The words and the sourced parts (numbers and names) of something showable, in the order of reading."""
    if isinstance(showable, Sentence):
        for literal, name, _, _ in string.Formatter().parse(showable.template):
            yield "words", literal
            if name is not None:
                yield from pieces(showable.values[name])
    elif isinstance(showable, Quantity | Cited | Label):
        yield "sourced", showable.text
    else:
        yield "words", as_showable(showable).text


def _without_sourced(text: str, parts: Iterable[Piece]) -> str | None:
    """The words that are left of ``text``; None when it does not consist of the parts, in their order."""
    rest, place = "", 0
    for kind, part in parts:
        found = text.find(part, place)
        if found < 0:
            return None
        rest += text[place:found] + (part if kind == "words" else " ")
        place = found + len(part)
    return rest + text[place:]


def has_digit(text: str) -> bool:
    """Whether a text holds a digit in any script, raised and lowered ones and fractions included."""
    return any(unicodedata.category(character) in ("Nd", "No") for character in text)


# The finished ledger -----------------------------------------------------------------------------------


def check_ledger(ledger: Iterable[Shown], trace: Trace) -> list[LedgerFault]:
    """Whether a finished ledger keeps its word.

    Each text must be its value, rounded half to even; each computed or given source must hold exactly that value in
    the trace; each cited one must be the fact in ``facts.toml``; each must end after it begins.
    """
    return [
        LedgerFault(shown.entry.text, problem) for shown in ledger for problem in _broken_promises(shown, trace)
    ]


def _broken_promises(shown: Shown, trace: Trace) -> Iterator[str]:
    if shown.ran_from is not None:
        yield from _broken_promises(Shown(shown.start, shown.end, shown.ran_from), trace)
    entry = shown.entry
    if not 0 <= shown.start <= shown.end:
        yield f"stands from {shown.start} to {shown.end}"
    if entry.kind == "cited":
        yield from _wrong_citation(entry, facts())
        return
    if not is_rounding(entry.text, entry.value):
        yield f"is not {entry.value!r} rounded"
    try:
        recorded = trace.value(entry.source)
    except TraceError as error:
        yield f"has no source: {error}"
        return
    if recorded != entry.value:
        yield f"{entry.source} is {recorded!r} in the trace, {entry.value!r} in the ledger"
    name = _array_of(entry.source, trace)
    if (entry.kind == "given") != (name in trace.given):
        yield f"is called {entry.kind}, but the trace says otherwise of {name}"


def _array_of(source: str, trace: Trace) -> str:
    """The array of the trace that a source points into: the longest name that it begins with."""
    return max((name for name in trace if source == name or source.startswith(f"{name}[")), key=len)


def _wrong_citation(entry: Entry, table: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    fact = table.get(entry.source.removeprefix("facts.toml: "))
    if fact is None:
        yield f"{entry.source} is not in the table of facts"
    elif (fact["text"], float(fact["value"])) != (entry.text, entry.value):
        yield f"the table of facts says {fact['text']} ({fact['value']})"


def is_rounding(text: str, value: float) -> bool:
    """Whether ``text`` is ``value`` rounded half to even to the decimals that it shows."""
    percent = text.endswith("%")
    figures = text.removesuffix("%").removesuffix("°").strip().replace("−", "-").replace(",", "")
    figures = figures.split(" ")[0]
    if TIMES_TEN in figures:
        factor, _, exponent = figures.partition(TIMES_TEN)
        figures = f"{factor}E{exponent.translate(LOWERED)}"
    try:
        written = Decimal(figures)
    except ArithmeticError:
        return False
    exact = Decimal(value * 100.0 if percent else value)
    step = Decimal(1).scaleb(int(written.as_tuple().exponent))
    rounded = exact.quantize(step, rounding=ROUND_HALF_EVEN)
    return written == rounded and not (written == 0 and figures.startswith("-"))
