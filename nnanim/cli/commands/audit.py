"""``nnanim audit``: whether a chapter is true, and whether it can be read."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from nnanim.cli.options import (
    WrongInput,
    find_chapter,
    one_line_errors,
    parameter_options,
    prepare,
    read_request,
    simulated,
)

if TYPE_CHECKING:
    from nnanim.audit.chapters import Report

Job = tuple[Any, ...]
"""A function and its arguments."""
Look = dict[str, str]
"""Theme and aspect."""

THEMES, ASPECTS = ("dark", "light"), ("16:9", "4:3", "1:1", "9:16")


@click.command("audit")
@click.argument("targets", nargs=-1, metavar="[CHAPTER]... | FILE.py [SCENE]...")
@click.option("--all", "everything", is_flag=True, help="Every chapter of the course.")
@parameter_options
@click.option("--theme", type=click.Choice([*THEMES, "all"]), default="dark", show_default=True, help="Colours.")
@click.option("--aspect", type=click.Choice([*ASPECTS, "all"]), default="16:9", show_default=True, help="Shape of the frame.")
@click.option(
    "--random",
    "draws",
    type=click.IntRange(0, 10000),
    default=0,
    metavar="N",
    help="Also draw N parameter sets from the chapter's bounds and judge all but their motion.",
)
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, help="Of the drawn parameter sets.")
@click.option("--extremes", is_flag=True, help="Also judge the parameter sets at the ends of the chapter's bounds, each in one of the looks in turn.")
@click.option("--sharpest", type=click.IntRange(1, 1000), metavar="N", help="Of the extremes only those N that change most, or are longest to write.")
@click.option("--in-turn", is_flag=True, help="Of several looks, each chapter in the first and in one of the others, in turn.")
@click.option("--recompute", is_flag=True, help="Also compute the trace anew, once for each chapter, and compare it with its recording.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("audit"), show_default=True, metavar="DIR", help="Pictures of what is found.")
@click.option("--workers", type=click.IntRange(1, 256), metavar="N", help="Processes.  [default: one for each core]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def command(
    targets: tuple[str, ...], everything: bool, course_folder: Path | None, assignments: tuple[str, ...],
    params_file: Path | None, theme: str, aspect: str, draws: int, seed: int, extremes: bool, sharpest: int | None,
    in_turn: bool, recompute: bool,
    out: Path, workers: int | None, as_json: bool,
) -> int:  # fmt: skip
    """Judge chapters: sources of all numbers, claims, layout, motion. Exit code 1 when something is found.

    Of a FILE.py with plain manim scenes, layout and motion are judged.
    """
    looks = [
        {"theme": colors, "aspect": shape}
        for shape in (ASPECTS if aspect == "all" else (aspect,))
        for colors in (THEMES if theme == "all" else (theme,))
    ]
    if targets and targets[0].endswith(".py"):
        if everything or draws or extremes or sharpest or in_turn or recompute or assignments or params_file:
            options = "--all, --random, --extremes, --sharpest, --in-turn, --recompute, --set and --params"
            raise WrongInput(f"audit: {options} are for chapters, not for a scene file")
        shapes = dict.fromkeys(look["aspect"] for look in looks)
        jobs: list[Job] = [(_audit_file, targets[0], name, shape, out) for shape in shapes for name in _scene_names(targets)]
    else:
        request = read_request(params_file)
        names = _chapter_names(targets, everything, course_folder, request)
        chosen = (course_folder, assignments, request)
        for name in names[:1] if assignments or params_file else ():
            prepare(name, *chosen, {}, simulate=False)  # wrong parameters are refused before anything runs
        jobs = [(_audit_trace, name, *chosen) for name in names if recompute]
        shown = {name: _looks_of(place, looks) if in_turn else looks for place, name in enumerate(names)}
        jobs += [(_audit_look, name, *chosen, look, out) for name in names for look in shown[name]]
        if extremes or sharpest:
            jobs += [job for name in names for job in _extreme_jobs(name, course_folder, looks, sharpest, out)]
        if draws:
            jobs += [(_audit_draws, name, *chosen, look, draws, seed, out) for name in names for look in looks]
    reports = list(_run(jobs, workers))
    if as_json:
        click.echo(json.dumps([_as_json(report) for report in reports], indent=2, ensure_ascii=False))
    else:
        print_table(reports)
    return 1 if any(report.faults for report in reports) else 0


def _chapter_names(
    targets: Sequence[str], everything: bool, course_folder: Path | None, request: dict[str, Any]
) -> list[str]:
    from nnanim.course import load_course

    if everything:
        if targets:
            raise WrongInput("audit: give chapters or --all, not both")
        with one_line_errors():
            return list(load_course(course_folder))
    names = list(targets) or ([str(request["chapter"])] if "chapter" in request else [])
    if not names:
        raise WrongInput("audit: name a chapter (or a FILE.py with scenes), or give --all")
    for name in names:
        find_chapter(course_folder, name)
    return names


def _scene_names(targets: Sequence[str]) -> list[str]:
    from nnanim.cli.plain_scenes import find_scenes

    return [scene.__name__ for scene in find_scenes(Path(targets[0]), targets[1:])]


def _looks_of(place: int, looks: Sequence[Look]) -> list[Look]:
    """The first look, and one of the others: each chapter of a course has the next one."""
    return [looks[0], *looks[1:][place % max(1, len(looks) - 1) :][:1]]


def _extreme_jobs(
    name: str, course_folder: Path | None, looks: Sequence[Look], count: int | None, out: Path
) -> Iterator[Job]:
    """A piece of work for every set at the ends of a chapter's bounds, or for the sharpest; the looks take turns."""
    from nnanim.audit.extremes import extreme_parameters, sharpest

    _, chapter = find_chapter(course_folder, name)
    with one_line_errors(chapter.slug()):
        sets = extreme_parameters(chapter)
    if count is not None:
        sets = sharpest(sets, count)
    for number, params in enumerate(sets):
        yield (_audit_set, name, course_folder, params.changed(), looks[number % len(looks)], out)


# One piece of work, perhaps in a process of its own ------------------------------------------------------


def _audit_look(
    name: str, course_folder: Path | None, assignments: tuple[str, ...], request: dict[str, Any], look: Look, out: Path
) -> Report:  # fmt: skip
    from nnanim.audit.chapters import audit_chapter

    production = prepare(name, course_folder, assignments, request, look, simulate=False)
    with _wrong_exceptions():
        return audit_chapter(simulated(production, quiet=True), out)


def _audit_trace(name: str, course_folder: Path | None, assignments: tuple[str, ...], request: dict[str, Any]) -> Report:
    from nnanim.audit.chapters import audit_trace

    production = prepare(name, course_folder, assignments, request, {}, simulate=False)
    with _wrong_exceptions():
        return audit_trace(simulated(production, quiet=True))


def _audit_set(name: str, course_folder: Path | None, values: dict[str, Any], look: Look, out: Path) -> Report:
    from nnanim.audit.parameter_sets import audit_set

    production = prepare(name, course_folder, (), {"params": values}, look, simulate=False)
    with _wrong_exceptions():
        return audit_set(production, production.recipe.params, out)


def _audit_draws(
    name: str, course_folder: Path | None, assignments: tuple[str, ...], request: dict[str, Any], look: Look,
    draws: int, seed: int, out: Path,
) -> Report:  # fmt: skip
    from nnanim.audit.parameter_sets import audit_random

    production = prepare(name, course_folder, assignments, request, look, simulate=False)
    with _wrong_exceptions():
        return audit_random(production, draws, seed, out)


def _audit_file(file: str, name: str, shape: str, out: Path) -> Report:
    from nnanim.audit.chapters import DRAFT_FPS, audit_scene
    from nnanim.cli.plain_scenes import find_scenes
    from nnanim.engine import RenderSettings
    from nnanim.lecture.recipe import Output

    width, height = Output(quality="draft", aspect=shape).pixels  # type: ignore[arg-type]
    (scene,) = find_scenes(Path(file), [name])
    with _wrong_exceptions():
        return audit_scene(scene, RenderSettings(width, height, DRAFT_FPS), out)


class _wrong_exceptions:
    """A chapter whose declared exceptions cannot be used is wrong input."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        from nnanim.audit.findings import ExceptionError

        if isinstance(error, ExceptionError):
            raise WrongInput(str(error)) from error


def _work(job: Job) -> Report | str:
    try:
        report: Report = job[0](*job[1:])
    except click.ClickException as error:  # it does not survive the way back as itself
        return error.format_message()
    return report


def _run(jobs: Sequence[Job], workers: int | None) -> Iterator[Report]:
    from nnanim.cli.progress import progress_bar

    count = min(len(jobs), workers or len(os.sched_getaffinity(0)))
    with progress_bar("audit", unit="looks") as progress:
        for done, outcome in enumerate(_outcomes(jobs, count), start=1):
            if isinstance(outcome, str):
                raise WrongInput(outcome)
            yield outcome
            progress(done, len(jobs))


def _outcomes(jobs: Sequence[Job], count: int) -> Iterator[Report | str]:
    if count <= 1:
        yield from map(_work, jobs)
        return
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    os.environ.setdefault("OMP_NUM_THREADS", "1")  # the processes share the cores
    with ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(_work, jobs)


# What is printed ----------------------------------------------------------------------------------------


def _as_json(report: Report) -> dict[str, Any]:
    return {
        "name": report.name,
        "look": report.look,
        "seconds": round(report.seconds, 2),
        "faults": len(report.faults),
        "refused": report.refused,
        "findings": [finding.as_dict() for finding in report.findings],
        "exceptions": [excuse.__dict__ for excuse in report.excuses],
    }


def print_table(reports: Sequence[Report]) -> None:
    """Findings as a table, then exceptions, refusals and a count."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console()
    if not console.is_terminal:  # a file or a pipe has no width of its own
        console.width = 200
    table = Table("chapter", "look", "beat", "time", "kind", "what", "fault", "picture", box=None, header_style="bold")
    for column in ("what", "fault", "picture"):
        table.columns[[c.header for c in table.columns].index(column)].overflow = "fold"
    faults = [finding for report in reports for finding in report.faults]
    for finding in faults:
        also = f" (also {', '.join(map(str, finding.also))})" if finding.also else ""
        cells = (
            finding.chapter, finding.look, f"{finding.beat or '–'}{also}", f"{finding.time:.1f} s", finding.kind,
            _shortened(finding.what), finding.detail, finding.picture,
        )  # fmt: skip
        table.add_row(*map(escape, cells))
    if faults:
        console.print(table)
    for report in reports:
        for finding in report.findings:
            if finding.excused:
                console.print(
                    escape(f"exception: {report.name} ({report.look}), beat {finding.beat}, {finding.kind} of “{_shortened(finding.what)}”: {finding.excused}"),
                    style="dim",
                )
            elif finding.note:
                console.print(escape(f"note: {report.name} ({report.look}), {finding.kind}: {finding.what} {finding.detail}"), style="dim")
        if report.refused:
            console.print(escape(f"refused by the simulation: {report.name} ({_shortened(report.refused, 160)})"), style="dim")
    for name, excuse in dict.fromkeys((report.name, excuse) for report in reports for excuse in report.excuses):
        if not any(excuse.covers(finding) for report in reports if report.name == name for finding in report.findings):
            console.print(escape(f"exception not needed: {name}, {excuse.kind} of “{excuse.what}”"), style="dim")
    counted = "nothing found" if not faults else f"{len(faults)} finding{'s' * (len(faults) > 1)}"
    seconds = sum(report.seconds for report in reports)
    console.print(f"{counted} in {len(reports)} run{'s' * (len(reports) > 1)} ({seconds:.0f} s of work)")


def _shortened(text: str, most: int = 60) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
