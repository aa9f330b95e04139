"""``nnanim manim``: manim's own command line, with the engine in its renderer's place."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from typing import Any, NoReturn

import rich_click as click

from nnanim.cli.options import WrongInput
from nnanim.cli.progress import progress_bar


@click.command(
    "manim",
    context_settings={"ignore_unknown_options": True, "help_option_names": []},
    add_help_option=False,
    options_metavar="[--workers N]",
)
@click.option(
    "--workers", type=click.IntRange(min=1), metavar="N", help="Processes that draw.  [default: all cores]"
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="MANIM'S OPTIONS, FILE.py [SCENE]...")
@click.pass_context
def command(ctx: click.Context, workers: int | None, arguments: tuple[str, ...]) -> int:
    """Render anybody's manim scenes, faster: this is manim's own command with another renderer put in.

    It takes everything that manim takes, reads manim.cfg, and leaves its files where manim would:
    nnanim manim -qh scene.py SceneName. All options: nnanim manim render --help.

    The pictures are manim's. What is different: in three-dimensional scenes, under cameras of one's own and where an
    earlier render began in the same way, updaters run twice, once in the scene's own process and once in the worker
    that draws, so what they print or write comes twice; with --disable_caching, short plays share key frames; finished segments are kept in nnanim's cache
    (nnanim cache), not in partial_movie_files; transparent files carry straight alpha, as players expect it; and --dry_run
    runs the scene without drawing. Scenes for OpenGL, broken frame rates and encoder options are left to manim's own
    renderer, with a line that says so.
    """
    if not arguments or arguments[0] in ("--help", "-h"):
        click.echo(ctx.get_help())
        return 0
    if "--jupyter" in arguments:
        raise WrongInput("manim: --jupyter is for notebooks (%%manim in a cell); leave it out here")
    return run(list(arguments), workers)


def run(arguments: list[str], workers: int | None) -> int:
    """Run manim's command with these arguments; its exit code."""
    from nnanim.cli.starting import load_manim

    load_manim()
    import manim.__main__
    from manim import config, tempconfig
    from manim.cli.render import commands

    from nnanim.engine.substitute import Work, engine_in_manims_place
    from nnanim.recordings import writable_cache

    def note(text: str) -> None:
        click.echo(f"nnanim: {text}", err=True)

    segments = writable_cache("segments")
    work = Work(workers, segments, lambda name: progress_bar(name, quiet=config.progress_bar == "none"), note)
    errors, commands.error_console = commands.error_console, _OneLine()
    try:
        with tempconfig({}), engine_in_manims_place(work):
            manim.__main__.main.main(args=arguments, prog_name="nnanim manim", standalone_mode=False)
    except SystemExit as ended:
        # manim has said what is wrong, and sometimes ends with 0 or 1 then.
        return ended.code if isinstance(ended.code, int) and ended.code > 2 else 2
    finally:
        commands.error_console = errors
    if segments is not None:
        _limit_cache(segments)
    return 0


def _limit_cache(segments: Path) -> None:
    from nnanim.cli.commands.render import MOST_CACHED
    from nnanim.engine import clear_cache

    clear_cache(segments, keep_bytes=MOST_CACHED)


class _OneLine:
    """Stands where manim prints a traceback."""

    def print_exception(self, *_: Any, **__: Any) -> NoReturn:
        """Say what went wrong in one line; with ``-v DEBUG``, after the traceback."""
        from manim import config

        from nnanim.course import failing_line
        from nnanim.engine import EngineError

        error = sys.exc_info()[1]
        assert error is not None
        if config.verbosity == "DEBUG":
            traceback.print_exception(error)
        text = " ".join(str(error).split())
        if not isinstance(error, EngineError):
            file = Path(config.input_file)
            kind = f"{type(error).__name__}: {text}" if text else type(error).__name__
            in_file = any(Path(entry.filename) == file for entry in traceback.extract_tb(error.__traceback__))
            text = f"{file}:{failing_line(error, file)}: {kind}" if in_file else kind
        raise WrongInput(f"manim: {text}") from error
