"""Whether the digits on screen, and what is said about them, survive another rounding of the computation."""

from __future__ import annotations

import math

from nnanim.audit.findings import Finding
from nnanim.audit.ledger import has_digit
from nnanim.audit.watch import beat_at
from nnanim.chapter import Chapter
from nnanim.lesson.claims import UNDECIDED, holds_in
from nnanim.params import ParameterError, Params
from nnanim.quantity import Entry, is_right
from nnanim.trace import Trace, TraceError, View

SEED = 90210
"""Another one than those of the computations that the chapter itself looks at."""


def rounded_otherwise(chapter: type[Chapter], params: Params) -> Trace:
    """The chapter's trace, computed now with a rounding that the chapter has not seen; empty when it refuses."""
    try:
        return chapter.rounded_otherwise(params, SEED)
    except ParameterError:
        return Trace({})


def unsupported(scene: Chapter, other: Trace) -> list[Finding]:
    """Numbers shown, and claims made, that another computation of the same does not bear out.

    Parameters
    ----------
    scene
        The chapter after its last beat.
    other
        The other computation.
    """
    found = []
    for shown in scene.ledger:
        entry = shown.entry
        if entry.kind != "computed" or not _is_from(entry, scene.trace):
            continue  # what is not even in the trace is the ledger's fault
        problem = _problem(entry.text, entry.source, other)
        if problem:
            found.append(Finding("digits", entry.text, problem, beat=beat_at(scene.beats, shown.start), time=shown.start))
    for claim in scene.claims:
        if claim.sentence.text == UNDECIDED or not isinstance(claim.of, Trace | View):
            continue
        if not holds_in(claim, claim.of):
            continue  # what is not even true of the trace is the claim's fault
        if not holds_in(claim, claim.of.of(other) if isinstance(claim.of, View) else other):
            beat = next((beat.number for beat in scene.beats if claim.sentence.text in beat.text), 0)
            found.append(Finding("digits", claim.sentence.text, "is false when sums are rounded otherwise", beat=beat))
    return found


def _is_from(entry: Entry, trace: Trace) -> bool:
    try:
        return trace.value(entry.source) == entry.value
    except TraceError:
        return False


def _problem(text: str, source: str, other: Trace) -> str:
    try:
        value = other.value(source)
    except TraceError:
        return f"rounded otherwise there is no {source}"
    if not math.isfinite(value) and not has_digit(text):
        return ""
    return "" if is_right(text, value) else f"{source} is {value:.6g} when sums are rounded otherwise"
