"""``nnanim render``: chapters to video."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from nnanim.lecture.production import Production

MANIMS_QUALITY = {"draft": "-ql", "720p": "-qm", "1080p": "-qh", "4k": "-qk"}
"""What manim's command calls the qualities."""
MOST_CACHED = 4 * 1024**3
"""Bytes of finished segments that are kept; the longest unused go first."""


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
@click.option(
    "--voice", is_flag=False, flag_value="joe", metavar="[NAME|DIR|COMMAND]",
    help="Speak the narration: a voice (nnanim voices), a folder of your own recordings, or a program "
    "('espeak-ng -f {text} -w {wav}'). Alone it is joe.",
)  # fmt: skip
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
@click.option("--no-cache", is_flag=True, help="Neither use nor keep finished segments.")
@click.option("--force", is_flag=True, help="Render even if the same video is there already.")
@click.option("--quiet", "-q", is_flag=True, help="Print the path only.")
def command(
    names: tuple[str, ...], all_chapters: bool, course_folder: Path | None, assignments: tuple[str, ...], params_file: Path | None,
    out: Path, workers: int | None, no_cache: bool, force: bool, quiet: bool, **output: Any,
) -> None:  # fmt: skip
    """Render chapters to video, each into DIR/CHAPTER/VARIANT/ with captions, numbers, trace, poster and recipe.

    Plain manim scenes, anybody's, are rendered by: nnanim manim. Prints the video's path as its last line.
    """
    from nnanim.recordings import writable_cache

    for name in names:
        if name.endswith(".py"):
            raise WrongInput(f"render: {name} is a file of plain manim scenes; type: {_for_manim(names, output, workers)}")
    cache_dir = None if no_cache else writable_cache("segments")
    paths = _render_chapters(names, all_chapters, course_folder, assignments, params_file, output, out, workers, cache_dir, force, quiet)
    for path in paths:
        click.echo(path)
    if cache_dir is not None:
        from nnanim.engine import clear_cache

        clear_cache(cache_dir, keep_bytes=MOST_CACHED)


def _for_manim(names: tuple[str, ...], output: dict[str, Any], workers: int | None) -> str:
    """The command that renders plain scenes as they were asked for here."""
    words = ["nnanim", "manim", MANIMS_QUALITY[output.get("quality") or "1080p"]]
    if workers is not None:
        words += ["--workers", str(workers)]
    if output.get("fps") is not None:
        words += ["--fps", str(output["fps"])]
    if output.get("format") is not None:
        words += ["--format", "png-sequence" if output["format"] == "png" else output["format"]]
    if output.get("transparent"):
        words.append("-t")
    if output.get("crf") is not None:
        words += ["--encoder-option", f"crf={output['crf']}"]
    return shlex.join([*words, *names])


def _render_chapters(
    names: tuple[str, ...], all_chapters: bool, course_folder: Path | None, assignments: tuple[str, ...], params_file: Path | None,
    output: dict[str, Any], out: Path, workers: int | None, cache_dir: Path | None, force: bool, quiet: bool,
) -> Iterator[Path]:  # fmt: skip
    request = read_request(params_file)
    if all_chapters:
        from nnanim.course import load_course

        with one_line_errors():
            names = tuple(load_course(course_folder))
    elif not names and "chapter" in request:
        names = (str(request["chapter"]),)
    if not names:
        raise WrongInput("render: name a chapter, or --all (nnanim list shows them)")
    productions, broken = [], []
    for name in names:
        try:
            productions.append(
                prepare(name, course_folder, assignments, request, output, simulate=False, workers=workers, cache_dir=cache_dir)
            )
        except WrongInput as error:
            if not all_chapters:
                raise
            broken.append(error.message)
    writable_folder(out)
    expected = request.get("made", {}).get("trace") if not assignments else None
    for production in productions:
        yield _render_chapter(production, out, expected, force, quiet)
    if broken:
        raise WrongInput(f"{len(broken)} of {len(names)} chapters were left out: {'; '.join(broken)}")


def _render_chapter(production: Production, out: Path, expected_trace: str | None, force: bool, quiet: bool) -> Path:
    from nnanim.lecture.production import is_finished, video_name

    slug, recipe = production.chapter.slug(), production.recipe
    folder = out / slug / recipe.variant
    if not force and is_finished(folder, recipe):
        return folder / video_name(recipe.output)
    production = simulated(production, quiet)
    if expected_trace not in (None, production.trace.digest):
        click.echo(
            f"nnanim: {slug}: note: the numbers differ from those of the recipe (other versions, or another weights file)",
            err=True,
        )
    with one_line_errors(slug), progress_bar(slug, quiet=quiet) as progress:
        total = round(production.rehearse().renderer.time * production.output.frames_per_second)
        return production.produce(folder, lambda done, _: progress(done, total))
