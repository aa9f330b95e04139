"""The audit of a chapter: its trace, its ledger, its claims, and everything that is seen; and of a plain scene."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from manim import Scene

from nnanim.audit.findings import Excuse, Finding, declared, excused, gathered
from nnanim.audit.ledger import check_ledger
from nnanim.audit.watch import FRAMES_PER_SECOND, Watcher, beat_at, boxed, watch
from nnanim.chapter import Chapter, ClaimError
from nnanim.engine import EngineError, RenderSettings, rehearse
from nnanim.lecture.production import Production
from nnanim.params import ParameterError, show_value
from nnanim.trace import Trace, TraceError

REFUSALS = 20
"""So many sets are drawn for each that is wanted: some are refused by the simulation."""
DRAFT_FPS = FRAMES_PER_SECOND


@dataclass
class Report:
    """What was found in one scene, in one look."""

    name: str
    look: str
    findings: list[Finding] = field(default_factory=list)
    excuses: list[Excuse] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def faults(self) -> list[Finding]:
        """Findings without an exception."""
        return [finding for finding in self.findings if not finding.excused]


def audit_chapter(production: Production, out: Path | None = None, again: bool = True) -> Report:
    """Judge a chapter in the look of a production.

    Parameters
    ----------
    out
        Folder for the pictures of findings; None writes none.
    again
        Whether the trace is computed a second time and compared. A costly simulation is not repeated.
    """
    begun = time.monotonic()
    output = replace(production.output, quality="draft", fps=FRAMES_PER_SECOND)
    production = replace(production, recipe=replace(production.recipe, output=output), workers=1)
    chapter = production.chapter
    report = Report(chapter.slug(), f"{output.theme} {output.aspect}", excuses=declared(chapter))
    found: list[Finding] = []
    watcher: Watcher | None = None
    try:
        beats = production.rehearse().beats
        middles = [((beat.start + beat.end) / 2, beat.number) for beat in beats]
        scene, watcher = watch(production.scene, production.settings, middles)
        assert isinstance(scene, Chapter)
        found += watcher.findings
        found += spoken(scene, production.trace)
    except EngineError as error:
        found.append(failure(error))
    if again and not chapter.costly:
        found += recomputed(production)
    report.findings = _finished(found, report, watcher, production.settings, out, changed(production))
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
        found = watcher.findings
    except EngineError as error:
        found = [failure(error)]
    report.findings = _finished(found, report, watcher, settings, out, "")
    report.seconds = time.monotonic() - begun
    return report


def failure(error: EngineError) -> Finding:
    """A scene that cannot be run, or a claim that has no true alternative."""
    cause = error.__cause__
    return Finding("claim" if isinstance(cause, ClaimError) else "crash", "scene", str(cause if isinstance(cause, ClaimError) else error))


def changed(production: Production) -> str:
    """The parameters that differ from the defaults, as they are typed."""
    params = production.recipe.params
    return " ".join(f"--set {name}={show_value(getattr(params, name))}" for name in params.changed())


# Numbers and words ------------------------------------------------------------------------------------


def spoken(scene: Chapter, trace: Trace) -> list[Finding]:
    """Sentences that the trace does not bear out, and lines of the ledger that do not keep their word."""
    found = [
        Finding("claim", claim.sentence.text, "is false of the trace", beat=_beat_of(scene, claim.sentence.text))
        for claim in scene.claims
        if not claim.holds(trace)
    ]
    return found + checked_ledger(scene, trace)


def checked_ledger(scene: Chapter, trace: Trace) -> list[Finding]:
    """The finished ledger against the trace."""
    found = []
    for shown in scene.ledger:
        for wrong in check_ledger([shown], trace):
            found.append(Finding("ledger", wrong.text, wrong.problem, beat=beat_at(scene.beats, shown.start), time=shown.start))
    return found


def _beat_of(scene: Chapter, sentence: str) -> int:
    return next((beat.number for beat in scene.beats if sentence in beat.text), 0)


def recomputed(production: Production) -> list[Finding]:
    """Whether the simulation gives the same trace again."""
    params = production.recipe.params
    again = production.chapter.record(params)
    if again.digest == production.trace.digest:
        return []
    different = [
        name for name in production.trace
        if name not in again or not np.array_equal(production.trace[name], again[name], equal_nan=True)
    ]  # fmt: skip
    named = ", ".join(different[:4]) or "other arrays"
    return [Finding("ledger", "trace", f"computed again from its recipe it differs in {named}")]


# Pictures of findings ---------------------------------------------------------------------------------


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
            folder = out / report.name / re.sub(r"[^\w.-]+", "-", look.replace(":", "x")).strip("-")[:60]
            path = folder / f"{number:02d}-beat{finding.beat:02d}-{finding.kind}.png"
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


# Random parameters ------------------------------------------------------------------------------------


def audit_random(
    production: Production, numbers: int, seed: int, prepare: Callable[[Any], Production], progress: Callable[[int], None] = lambda done: None
) -> Report:  # fmt: skip
    """Draw parameters from the chapter's own bounds and run it: nothing false, no crash, nothing out of the frame.

    Parameters
    ----------
    prepare
        Makes a production of drawn parameters, with its trace.
    """
    from nnanim.audit.draw import drawn_parameters

    begun = time.monotonic()
    chapter = production.chapter
    report = Report(chapter.slug(), f"random {production.output.aspect}", excuses=declared(chapter))
    done = 0
    for params in drawn_parameters(chapter.Params, REFUSALS * numbers, seed):
        if done == numbers:
            break
        look = " ".join(f"--set {name}={show_value(getattr(params, name))}" for name in params.changed())
        found: list[Finding] = []
        try:
            drawn = prepare(params)
        except (ParameterError, TraceError):
            continue  # refused in one line, as wrong input is: not within the bounds after all
        except Exception as error:  # whatever else a simulation raises is a fault
            found.append(Finding("crash", "simulation", f"{type(error).__name__}: {' '.join(str(error).split())}"))
        else:
            found += run_quickly(drawn)
        done += 1
        progress(done)
        report.findings += [replace(finding, chapter=report.name, look=look or "defaults") for finding in gathered(found)]
    report.findings = excused(report.findings, report.excuses)
    report.seconds = time.monotonic() - begun
    return report


def run_quickly(production: Production) -> list[Finding]:
    """Rehearse a chapter without drawing: claims, ledger, sources, and what leaves the frame."""
    from nnanim.audit.outside import outside

    found: list[Finding] = []

    def look(scene: Chapter, beat: Any) -> None:
        found.extend(replace(finding, beat=beat.number, time=float(scene.renderer.time)) for finding in outside(scene))

    try:
        scene = rehearse(lambda: production.scene(look), production.settings)
    except EngineError as error:
        return [*found, failure(error)]
    assert isinstance(scene, Chapter)
    return found + spoken(scene, production.trace)
