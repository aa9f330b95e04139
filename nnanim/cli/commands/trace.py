"""``nnanim trace``: save what a chapter's simulation computed."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from nnanim.cli.options import chapter_argument, one_line_errors, parameter_options, prepare, read_request


@click.command("trace")
@chapter_argument
@parameter_options
@click.option(
    "--out",
    "out",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="Where to: .npz, .safetensors, .csv or .json.",
)
def command(
    chapter_name: str,
    course_folder: Path | None,
    assignments: tuple[str, ...],
    params_file: Path | None,
    out: Path,
) -> None:
    """Save what a chapter's simulation computed: named arrays, exactly as torch left them."""
    from nnanim.lecture.production import unfinished_file

    production = prepare(chapter_name, course_folder, assignments, read_request(params_file), {})
    with one_line_errors(f"--out {out}"):
        content = production.trace.to_bytes(out.suffix)
    with unfinished_file(out) as draft:
        draft.write_bytes(content)
    click.echo(out)
