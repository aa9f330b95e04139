"""The audit of a chapter under other parameters than its defaults: drawn at random, or at the ends of their bounds."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from nnanim.audit.chapters import Report, audit_chapter, settings_of
from nnanim.audit.draw import drawn_parameters
from nnanim.audit.findings import Finding, declared, excused
from nnanim.lecture.production import Production
from nnanim.params import ParameterError, Params
from nnanim.trace import TraceError

REFUSALS = 20
"""So many sets are drawn for each that is wanted: some are refused by the simulation."""


def audit_set(production: Production, params: Params, out: Path | None = None, motion: bool = True) -> Report:
    """Simulate and judge a chapter with these parameters, in the look of a production.

    What the simulation refuses in one line, as wrong input is, is no fault: the report says so. Whatever else it
    raises is.
    """
    chapter, output = production.chapter, production.output
    report = Report(chapter.slug(), f"{output.theme} {output.aspect}", excuses=declared(chapter))
    begun = time.monotonic()
    try:
        trace = chapter.record(params)
    except (ParameterError, TraceError) as error:
        report.refused = f"{settings_of(params)}: {error}"
    except Exception as error:
        problem = f"{type(error).__name__}: {' '.join(str(error).split())}"
        look = f"{report.look} {settings_of(params)}".strip()
        report.findings = excused([Finding("crash", "simulation", problem, chapter=report.name, look=look)], report.excuses)
    else:
        recipe = replace(production.recipe, params=params)
        report = audit_chapter(replace(production, recipe=recipe, trace=trace), out, again=False, motion=motion)
    report.seconds = time.monotonic() - begun
    return report


def audit_random(
    production: Production, numbers: int, seed: int, out: Path | None = None, progress: Callable[[int], None] = lambda done: None
) -> Report:  # fmt: skip
    """Draw parameters from the chapter's own bounds and judge it: everything but its motion, at the end of every beat.

    Parameters
    ----------
    numbers
        How many sets are judged; those that the simulation refuses do not count.
    out
        Folder for the pictures of findings; None writes none.
    """
    begun = time.monotonic()
    chapter, output = production.chapter, production.output
    whole = Report(chapter.slug(), f"random {output.theme} {output.aspect}", excuses=declared(chapter))
    done = 0
    for params in drawn_parameters(chapter.Params, REFUSALS * numbers, seed):
        if done == numbers:
            break
        report = audit_set(production, params, out, motion=False)
        if report.refused:
            continue
        done += 1
        progress(done)
        whole.findings += report.findings
    whole.seconds = time.monotonic() - begun
    return whole
