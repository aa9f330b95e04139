"""``nnanim render``: chapters, or anybody's manim scenes, to video."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import rich_click as click

from nnanim.cli.options import (
    WrongInput,
    _complete_chapter,
    look_options,
    one_line_errors,
    parameter_options,
    prepare,
    read_request,
    simulated,
    writable_folder,
)
from nnanim.cli.progress import progress_bar


@click.command("render")
@click.argument("names", nargs=-1, metavar="CHAPTER…", shell_complete=_complete_chapter)
@click.option("--all", "all_chapters", is_flag=True, help="Every chapter of the course.")
@parameter_options
@click.option(
    "--quality",
    type=click.Choice(["draft", "720p", "1080p", "4k"]),
    help="Size of the shorter side.  [default: 1080p]",
)
@click.option("--fps", type=click.IntRange(1, 120), help="Frames per second.  [default: 30; draft: 15]")
@click.option(
    "--format",
    type=click.Choice(["mp4", "webm", "mov", "gif", "png"]),
    help="Kind of file; png is a folder of frames.  [default: mp4]",
)
@click.option(
    "--codec",
    type=click.Choice(["h264", "h265", "vp9", "prores"]),
    help="Video codec.  [default: the format's own]",
)
@click.option("--crf", type=click.IntRange(0, 63), help="Quality of the codec: lower is better and larger.")
@click.option(
    "--transparent", is_flag=True, default=None, help="Leave the background out (webm, mov, gif, png)."
)
@look_options
@click.option(
    "--out",
    "out",
    type=click.Path(path_type=Path),
    default=Path("media"),
    metavar="DIR",
    help="Where to.",
    show_default=True,
)
@click.option(
    "--workers", type=click.IntRange(min=1), metavar="N", help="Processes that draw.  [default: all cores]"
)
@click.option("--force", is_flag=True, help="Render even if the same video is there already.")
@click.option("--quiet", "-q", is_flag=True, help="Print the path only.")
def command(
    names: tuple[str, ...], all_chapters: bool, course_folder: Path | None, assignments: tuple[str, ...], params_file: Path | None,
    out: Path, workers: int | None, force: bool, quiet: bool, **output: Any,
) -> None:  # fmt: skip
    """Render chapters to video, each into DIR/CHAPTER/VARIANT/ with captions, numbers, trace, poster and recipe.

    Prints the video's path as its last line.
    """
    request = read_request(params_file)
    if all_chapters:
        from nnanim.course import load_course

        with one_line_errors():
            names = tuple(load_course(course_folder))
    elif not names and "chapter" in request:
        names = (str(request["chapter"]),)
    if not names:
        raise WrongInput("render: name a chapter, or --all (nnanim list shows them)")
    writable_folder(out)
    for name in names:
        path = _render_chapter(name, course_folder, assignments, request, output, out, workers, force, quiet)
        click.echo(path)


def _render_chapter(
    name: str, course_folder: Path | None, assignments: tuple[str, ...], request: dict[str, Any], output: dict[str, Any],
    out: Path, workers: int | None, force: bool, quiet: bool,
) -> Path:  # fmt: skip
    from nnanim.lecture.production import is_finished, video_name

    production = prepare(name, course_folder, assignments, request, output, simulate=False, workers=workers)
    slug, recipe = production.chapter.slug(), production.recipe
    folder = out / slug / recipe.variant
    if not force and is_finished(folder, recipe):
        return folder / video_name(recipe.output)
    production = simulated(production)
    made = request.get("made", {})
    if not assignments and made.get("trace", production.trace.digest) != production.trace.digest:
        click.echo(
            f"nnanim: {slug}: note: the numbers differ from those of the recipe (other versions, or another weights file)",
            err=True,
        )
    with one_line_errors(slug), progress_bar(slug, quiet=quiet) as progress:
        total = round(production.rehearse().renderer.time * production.output.frames_per_second)
        return production.produce(folder, lambda done, _: progress(done, total))
