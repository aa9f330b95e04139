"""``nnanim still``: one picture of a chapter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import rich_click as click

from nnanim.cli.options import (
    WrongInput,
    chapter_argument,
    look_options,
    one_line_errors,
    parameter_options,
    picture_path,
    prepare,
    read_request,
)


@click.command("still")
@chapter_argument
@parameter_options
@look_options
@click.option(
    "--beat", type=click.IntRange(min=1), required=True, metavar="N", help="Which beat's last picture."
)
@click.option(
    "--quality",
    type=click.Choice(["draft", "720p", "1080p", "4k"]),
    help="Size of the picture.  [default: 1080p]",
)
@click.option("--transparent", is_flag=True, default=None, help="Leave the background out.")
@click.option(
    "--out",
    "out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Where to.  [default: CHAPTER-beat-N.png]",
)
def command(
    chapter_name: str, course_folder: Path | None, assignments: tuple[str, ...], params_file: Path | None, beat: int,
    out: Path | None, **output: Any,
) -> None:  # fmt: skip
    """One picture of a chapter: the last one of a beat, in seconds."""
    from nnanim.engine import write_still
    from nnanim.lecture.production import unfinished_file

    if output["transparent"]:
        output["format"] = "png"
    picture_path(out)
    production = prepare(chapter_name, course_folder, assignments, read_request(params_file), output)
    slug = production.chapter.slug()
    with one_line_errors(slug):
        pictures = production.pictures(beat)
        if not pictures:
            raise WrongInput(f"{slug}: --beat must be 1 to {len(production.rehearse().beats)}, got {beat}")
    path = out or Path(f"{slug}-beat-{beat}.png")
    with unfinished_file(path) as draft:
        write_still(pictures[0], draft)
    click.echo(path)
