"""``nnanim trace``: save what a chapter's simulation computed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from nnanim.cli.options import (
    WrongInput,
    chapter_argument,
    one_line_errors,
    parameter_options,
    prepare,
    read_request,
)

if TYPE_CHECKING:
    from nnanim.lecture.production import Production


@click.command("trace")
@chapter_argument
@parameter_options
@click.option("--out", "out", type=click.Path(path_type=Path), metavar="FILE", help="Where to: .npz, .safetensors, .csv or .json.")
@click.option("--record", is_flag=True, help="Keep it beside the scene file instead: the course then ships it.")
def command(
    chapter_name: str, course_folder: Path | None, assignments: tuple[str, ...], params_file: Path | None, out: Path | None, record: bool
) -> None:  # fmt: skip
    """Save what a chapter's simulation computed: named arrays, exactly as torch left them."""
    from nnanim.lecture.production import unfinished_file

    if (out is None) != record:
        raise WrongInput("trace: say where to with --out FILE, or --record (one of the two)")
    production = prepare(chapter_name, course_folder, assignments, read_request(params_file), {})
    if out is None:
        click.echo(_record(production))
        return
    with one_line_errors(f"--out {out}"):
        content = production.trace.to_bytes(out.suffix)
    with unfinished_file(out) as draft:
        draft.write_bytes(content)
    click.echo(out)


def _record(production: Production) -> Path:
    """Put a costly chapter's trace where the course ships it, in place of an older one."""
    from nnanim.recordings import cache_folder, keep
    from nnanim.trace import Trace

    chapter, params = production.chapter, production.recipe.params
    if not chapter.costly:
        raise WrongInput(f"{chapter.slug()}: its simulation is quick and needs no recording")
    path = chapter.recording(params)
    trace = Trace.load(path if path.is_file() else cache_folder() / path.name)
    for old in path.parent.glob("*.npz"):
        old.unlink()
    keep(trace, path)
    return path
