"""The audit of a chapter: its trace, its ledger, its claims, and everything that is seen; and of a plain scene."""

from __future__ import annotations

import hashlib
import re
import shlex
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from manim import Scene

from nnanim.audit.digits import rounded_otherwise, unsupported
from nnanim.audit.findings import NOTES, Excuse, Finding, declared, excused, gathered
from nnanim.audit.ledger import check_ledger
from nnanim.audit.watch import FRAMES_PER_SECOND, Watcher, beat_at, boxed, watch
from nnanim.chapter import Chapter, ClaimError, Shown
from nnanim.engine import EngineError, RenderSettings
from nnanim.lecture.production import Production
from nnanim.params import ParameterError, Params, show_value
from nnanim.trace import Trace

DRAFT_FPS = FRAMES_PER_SECOND


@dataclass
class Report:
    """What was found in one scene, in one look.

    Parameters
    ----------
    look
        Theme and aspect, or what else was looked at.
    refused
        Why the simulation does not take these parameters; nothing was judged then.
    seconds
        How long it took.
    """

    name: str
    look: str
    findings: list[Finding] = field(default_factory=list)
    excuses: list[Excuse] = field(default_factory=list)
    seconds: float = 0.0
    refused: str = ""

    @property
    def faults(self) -> list[Finding]:
        """Findings without an exception, notes aside."""
        return [finding for finding in self.findings if not (finding.excused or finding.note)]


def audit_chapter(production: Production, out: Path | None = None, again: bool = True, motion: bool = True) -> Report:
    """Judge a chapter in the look of a production.

    Parameters
    ----------
    out
        Folder for the pictures of findings; None writes none.
    again
        Whether the trace is computed a second time and compared. A costly simulation is not repeated here:
        see :func:`audit_trace`.
    motion
        Whether frames in motion are drawn and judged, and beats in their middle too; otherwise only at their ends.
    """
    begun = time.monotonic()
    production = _as_draft(production)
    chapter, output = production.chapter, production.output
    report = Report(chapter.slug(), f"{output.theme} {output.aspect}", excuses=declared(chapter))
    found: list[Finding] = []
    watcher: Watcher | None = None
    try:
        middles = _middles(production) if motion else []
        scene, watcher = watch(production.scene, production.settings, middles, motion=motion)
        assert isinstance(scene, Chapter)
        found += watcher.findings
        found += spoken(scene, production.trace)
        found += shown_otherwise(scene, production, anew=again and not chapter.costly)
    except EngineError as error:
        found.append(failure(error))
    if again and not chapter.costly:
        found += recomputed(production)
    report.findings = _finished(found, report, watcher, production.settings, out, settings_of(production.recipe.params))
    report.seconds = time.monotonic() - begun
    return report


def _as_draft(production: Production) -> Production:
    output = replace(production.output, quality="draft", fps=FRAMES_PER_SECOND)
    return replace(production, recipe=replace(production.recipe, output=output), workers=1)


def _middles(production: Production) -> list[tuple[float, int]]:
    """Seconds at which a beat is half over, and its number."""
    return [((beat.start + beat.end) / 2, beat.number) for beat in production.rehearse().beats]


def audit_trace(production: Production) -> Report:
    """Compute the trace of a production anew, past every recording, and compare it with the one that it has."""
    begun = time.monotonic()
    chapter = production.chapter
    report = Report(chapter.slug(), "trace", excuses=declared(chapter))
    found = recomputed(production)
    try:
        if not found:  # a recording that is not what its recipe gives has no digits to be judged
            found = shown_otherwise(production.rehearse(), production, anew=True)
    except EngineError as error:
        found.append(failure(error))
    report.findings = _finished(found, report, None, production.settings, None, settings_of(production.recipe.params))
    report.seconds = time.monotonic() - begun
    return report


def audit_scene(cls: type[Scene], settings: RenderSettings, out: Path | None = None) -> Report:
    """Judge the layout and the motion of a plain manim scene."""
    begun = time.monotonic()
    width, height = settings.pixel_width, settings.pixel_height
    report = Report(cls.__name__, f"{width}×{height}", excuses=declared(cls))
    found: list[Finding] = []
    watcher = None
    try:
        _, watcher = watch(cls, settings)
        found = [replace(finding, note=finding.kind in NOTES) for finding in watcher.findings]
    except EngineError as error:
        found = [failure(error)]
    report.findings = _finished(found, report, watcher, settings, out, "")
    report.seconds = time.monotonic() - begun
    return report


def failure(error: EngineError) -> Finding:
    """A scene that cannot be run, or a claim that has no true alternative."""
    cause = error.__cause__
    return Finding("claim" if isinstance(cause, ClaimError) else "crash", "scene", str(cause if isinstance(cause, ClaimError) else error))


def settings_of(params: Params) -> str:
    """The parameters that have to be set to get these, as they are typed."""
    typed = params.changed()
    for name in list(typed):
        rest = {other: value for other, value in typed.items() if other != name}
        try:
            follows = params.read(rest) == params  # as its default may, from another
        except ParameterError:
            continue
        typed = rest if follows else typed
    return " ".join(f"--set {shlex.quote(f'{name}={show_value(getattr(params, name))}')}" for name in typed)


# Numbers and words ------------------------------------------------------------------------------------


def spoken(scene: Chapter, trace: Trace) -> list[Finding]:
    """Sentences that the trace does not bear out, and lines of the ledger that do not keep their word."""
    found = [
        Finding("claim", claim.sentence.text, "is false of the trace", beat=_beat_of(scene, claim.sentence.text))
        for claim in scene.claims
        if not claim.holds(trace if claim.of is None else claim.of)
    ]
    return found + checked_ledger(scene, trace) + early_words(scene)


def early_words(scene: Chapter) -> list[Finding]:
    """Computed numbers in a film's narration that the picture has not shown by then."""
    if not scene.film:
        return []
    seen = [shown for shown in scene.ledger if not shown.spoken]
    return [
        Finding("early", said.entry.text, "is said before the picture has shown it", beat=beat_at(scene.beats, said.start), time=said.start, note=True)
        for said in scene.ledger
        if said.spoken and said.entry.kind == "computed" and not any(_shows(shown, said) for shown in seen)
    ]


def _shows(shown: Shown, said: Shown) -> bool:
    """Whether a number in the picture is the one that is said, and was there first."""
    if shown.start > said.start + 1e-6:
        return False
    if shown.ran_from is None:
        return shown.entry.source == said.entry.source
    array, first = _indexed(shown.ran_from.source)
    same, last = _indexed(shown.entry.source)
    other, place = _indexed(said.entry.source)
    return array == same == other and min(first, last) <= place <= max(first, last)


def _indexed(source: str) -> tuple[str, int]:
    """An array's element as the array and the last of its indices."""
    array, _, index = source.rpartition("[")
    return (array, int(index[:-1])) if index.endswith("]") and index[:-1].isdigit() else (source, -1)


def checked_ledger(scene: Chapter, trace: Trace) -> list[Finding]:
    """The finished ledger against the trace."""
    found = []
    for shown in scene.ledger:
        for wrong in check_ledger([shown], trace):
            found.append(Finding("ledger", wrong.text, wrong.problem, beat=beat_at(scene.beats, shown.start), time=shown.start))
    return found


def _beat_of(scene: Chapter, sentence: str) -> int:
    return next((beat.number for beat in scene.beats if sentence in beat.text), 0)


def shown_otherwise(scene: Chapter, production: Production, anew: bool) -> list[Finding]:
    """What is shown and said that other rounding does not bear out: that of a computation made now, or of the recording."""
    if anew:
        return unsupported(scene, rounded_otherwise(production.chapter, production.recipe.params))
    return [finding for other in production.trace.again for finding in unsupported(scene, other)]


def recomputed(production: Production) -> list[Finding]:
    """Whether the simulation gives the same trace again, bit by bit."""
    kept, again = production.trace, simulated_anew(production.chapter, production.recipe.params)
    if again.digest == kept.digest:
        return []
    different = [difference for name in kept if (difference := _difference(name, kept, again))]
    different += [f"{name} (is new)" for name in again if name not in kept]
    named = ", ".join(different[:4]) or "its text"
    return [Finding("ledger", "trace", f"computed again from its recipe it differs in {named}")]


def simulated_anew(chapter: type[Chapter], params: Params) -> Trace:
    """The chapter's trace for some parameters, computed now: recordings are passed over."""
    unrecorded: type[Chapter] = type(chapter.__name__, (chapter,), {"costly": False, "__module__": chapter.__module__})
    return unrecorded.record(params)


def _difference(name: str, kept: Trace, again: Trace) -> str:
    """How an array of two traces differs, in a few words; empty when it does not."""
    if name not in again:
        return f"{name} (is gone)"
    old, new = kept[name], again[name]
    if old.dtype != new.dtype or old.shape != new.shape:
        return f"{name} ({old.dtype} {old.shape}, now {new.dtype} {new.shape})"
    if old.tobytes() == new.tobytes():
        return ""
    if old.dtype.kind != "f":
        return name
    with np.errstate(all="ignore"):
        largest = float(np.nanmax(np.abs(new.astype(float) - old.astype(float)), initial=0.0))
    return f"{name} (by up to {largest:.1g})"


# Pictures of findings ---------------------------------------------------------------------------------


def _folder_of(look: str) -> str:
    """A folder's name for a look; of a long one its beginning and a digest."""
    name = re.sub(r"[^\w.-]+", "-", look.replace(":", "x")).strip("-")
    return name if len(name) <= 60 else f"{name[:50]}-{hashlib.sha256(look.encode()).hexdigest()[:8]}"


def _finished(
    found: Sequence[Finding], report: Report, watcher: Watcher | None, settings: RenderSettings, out: Path | None, params: str
) -> list[Finding]:  # fmt: skip
    look = f"{report.look} {params}".strip()
    named = [replace(finding, chapter=report.name, look=look) for finding in found]
    marked = excused(gathered(named), report.excuses)
    marked.sort(key=lambda finding: (finding.beat, finding.time, finding.kind, finding.what))
    if watcher is None or out is None:
        return marked
    width, height = settings.frame_size
    written = []
    for number, finding in enumerate(marked, start=1):
        picture = watcher.pictures.get((finding.beat, finding.time))
        if picture is not None:
            path = out / report.name / _folder_of(look) / f"{number:02d}-beat{finding.beat:02d}-{finding.kind}.png"
            scale = picture.shape[0] / height
            box = finding.box
            pixels = None if box is None else (
                (height / 2 - box[3]) * scale, (height / 2 - box[1]) * scale,
                (box[0] + width / 2) * scale, (box[2] + width / 2) * scale,
            )  # fmt: skip
            boxed(picture, pixels, path)
            finding = replace(finding, picture=str(path))
        written.append(finding)
    return written
