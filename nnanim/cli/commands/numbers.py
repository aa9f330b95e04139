"""``nnanim numbers``: the ledger of a chapter, without drawing a frame."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import rich_click as click

from nnanim.cli.options import chapter_argument, one_line_errors, parameter_options, prepare, read_request


@click.command("numbers")
@chapter_argument
@parameter_options
@click.option("--quality", type=click.Choice(["draft", "720p", "1080p", "4k"]), help="Times as in a render of this quality.  [default: 1080p]")
@click.option("--fps", type=click.IntRange(1, 120), help="Times as in a render of so many frames a second.  [default: 30; draft: 15]")
@click.option("--json", "as_json", is_flag=True, help="Print what numbers.json holds.")
def command(
    chapter_name: str,
    course_folder: Path | None,
    assignments: tuple[str, ...],
    params_file: Path | None,
    as_json: bool,
    **output: Any,
) -> None:
    """Every number that a chapter shows: when, as what, its exact value, where it came from."""
    from nnanim.lecture import numbers

    production = prepare(chapter_name, course_folder, assignments, read_request(params_file), output)
    with one_line_errors(production.chapter.slug()):
        ledger = production.rehearse().ledger
    if as_json:
        click.echo(numbers.to_json(ledger), nl=False)
        return
    click.echo(f"{'start':>7} {'end':>7}  {'shown':>9}  {'value':>14}  {'kind':<8}  source")
    for row in numbers.rows(ledger):
        click.echo(
            f"{row['start']:7.2f} {row['end']:7.2f}  {row['text']:>9}  {row['value']:>14.9g}  {row['kind']:<8}  {row['source']}"
        )
