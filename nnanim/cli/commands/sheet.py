"""``nnanim sheet``: a contact sheet of a chapter, without rendering its video."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import rich_click as click

from nnanim.cli.options import (
    chapter_argument,
    look_options,
    one_line_errors,
    parameter_options,
    picture_path,
    prepare,
    read_request,
)


@click.command("sheet")
@chapter_argument
@parameter_options
@look_options
@click.option(
    "--quality",
    type=click.Choice(["draft", "720p", "1080p", "4k"]),
    default="720p",
    help="Size at which the pictures are drawn.",
    show_default=True,
)
@click.option("--columns", type=click.IntRange(1, 12), help="Pictures in a row.")
@click.option(
    "--width",
    type=click.IntRange(200, 8000),
    default=1920,
    show_default=True,
    help="Width of the sheet in pixels.",
)
@click.option(
    "--out",
    "out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Where to.  [default: CHAPTER-sheet.png]",
)
def command(
    chapter_name: str, course_folder: Path | None, assignments: tuple[str, ...], params_file: Path | None, columns: int | None,
    width: int, out: Path | None, **output: Any,
) -> None:  # fmt: skip
    """A contact sheet: the last picture of every beat."""
    from nnanim.lecture.production import unfinished_file
    from nnanim.lecture.sheet import contact_sheet
    from nnanim.visuals.page.theme import themes

    picture_path(out)
    production = prepare(chapter_name, course_folder, assignments, read_request(params_file), output)
    with one_line_errors(production.chapter.slug()):
        pictures = production.pictures()
    path = out or Path(f"{production.chapter.slug()}-sheet.png")
    with unfinished_file(path) as draft:
        contact_sheet(pictures, themes()[production.output.theme].background, columns, width).save(
            draft, "PNG"
        )
    click.echo(path)
