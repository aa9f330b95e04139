"""``nnanim params``: what a lecturer may change in a chapter."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from nnanim.cli.options import chapter_argument, course_option, find_chapter


@click.command("params")
@chapter_argument
@course_option
@click.option("--json-schema", is_flag=True, help="Print a JSON schema instead, for editors and forms.")
def command(chapter_name: str, course_folder: Path | None, json_schema: bool) -> None:
    """A chapter's parameters: defaults, what is allowed, what they do."""
    from nnanim.params import json_schema as schema_of

    _, chapter = find_chapter(course_folder, chapter_name)
    if json_schema:
        click.echo(schema_of(chapter.Params))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(
        title=f"{chapter.slug()}: {chapter.summary()}",
        title_justify="left",
        box=None,
        pad_edge=False,
        padding=(0, 2, 0, 0),
    )
    for heading in ("parameter", "default", "allowed", "what it does"):
        table.add_column(heading, no_wrap=heading in ("parameter", "default"))
    for row in chapter.Params.table():
        table.add_row(*row)
    Console().print(table, markup=False)
