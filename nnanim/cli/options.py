"""Options that several commands share, and what they add up to: a chapter, its parameters, its recipe."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

if TYPE_CHECKING:
    from nnanim.chapter import Chapter
    from nnanim.course import Course
    from nnanim.lecture.production import Production

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


LIBRARIES = {name: name for name in ("torch", "transformers", "gguf", "tokenizers", "safetensors", "scipy", "jaxtyping", "contourpy")}
"""Libraries that only some commands need, and what pip calls them."""


class WrongInput(click.ClickException):
    """One line for the person at the keyboard."""

    exit_code = 2


@contextmanager
def one_line_errors(where: str = "") -> Iterator[None]:
    """Turn the errors that a lecturer can mend into one line that begins with ``where``."""
    from nnanim.params import ParameterError
    from nnanim.trace import TraceError

    mendable: tuple[type[Exception], ...] = (ParameterError, TraceError)
    try:
        yield
    except mendable as error:
        raise WrongInput(f"{where}: {error}" if where else str(error)) from error
    except click.ClickException:
        raise
    except ModuleNotFoundError as error:
        if missing := missing_library(error):
            raise WrongInput(f"{where}: {missing}" if where else missing) from error
        raise
    except Exception as error:
        # These need manim to be imported, so they are looked up only when something has gone wrong.
        from nnanim.chapter import ClaimError
        from nnanim.course import CourseError
        from nnanim.engine import EngineError
        from nnanim.quantity import UnsourcedDigit

        if isinstance(error, ClaimError | CourseError | EngineError | UnsourcedDigit):
            text = str(error)
            raise WrongInput(text if not where or text.startswith(where) else f"{where}: {text}") from error
        raise


def missing_library(error: ModuleNotFoundError) -> str:
    """What to do about a library of the package's own that is not installed; nothing for any other module."""
    library = (error.name or "").partition(".")[0]
    if library not in LIBRARIES:
        return ""
    return f"this needs {library}, which is not installed (pip install {LIBRARIES[library]})"


def _stack(*decorators: Decorator) -> Decorator:
    return lambda function: functools.reduce(
        lambda inner, decorate: decorate(inner), reversed(decorators), function
    )


def course_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--course DIR``."""
    return click.option(
        "--course",
        "course_folder",
        type=click.Path(path_type=Path),
        metavar="DIR",
        help="A folder of your own chapters (course.toml and scene files).",
    )(function)


def _complete_chapter(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    from nnanim.course import CourseError, load_course

    try:
        return [name for name in load_course(ctx.params.get("course_folder")) if name.startswith(incomplete)]
    except CourseError:
        return []


def chapter_argument(function: Callable[..., Any]) -> Callable[..., Any]:
    """``CHAPTER``."""
    return click.argument("chapter_name", metavar="CHAPTER", shell_complete=_complete_chapter)(function)


set_option: Decorator = click.option(
    "--set",
    "-s",
    "assignments",
    multiple=True,
    metavar="NAME=VALUE",
    help="Change a parameter, e.g. --set seed=3. May be given again.",
)
params_option: Decorator = click.option(
    "--params",
    "params_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Parameters from a TOML file, or from a recipe.",
)
parameter_options = _stack(course_option, set_option, params_option)

look_options = _stack(
    click.option("--theme", type=click.Choice(["dark", "light"]), help="Colours.  [default: dark]"),
    click.option("--aspect", type=click.Choice(["16:9", "4:3", "1:1", "9:16"]), help="Shape of the frame; the layout follows it.  [default: 16:9]"),
    click.option("--captions", type=click.Choice(["burned", "track", "both", "none"]), help="Narration: drawn in the picture, as a track, both or none.  [default: both; with a voice: track]"),
    click.option("--pace", type=click.FloatRange(0.5, 2.0), help="How fast the film goes as a whole; a voice keeps its pitch.  [default: 1]"),
)  # fmt: skip


def find_chapter(course_folder: Path | None, name: str) -> tuple[Course, type[Chapter]]:
    """The course and one of its chapters."""
    from nnanim.course import load_course

    with one_line_errors():
        course = load_course(course_folder)
        return course, course.chapter(name)


def read_request(params_file: Path | None) -> dict[str, Any]:
    """What a ``--params`` file holds, as a recipe: ``{"params": …}`` and, from a recipe, ``chapter`` and ``output``."""
    from nnanim.params import read_toml

    if params_file is None:
        return {"params": {}}
    with one_line_errors():
        table = read_toml(params_file)
    if isinstance(table.get("params"), dict) or "chapter" in table:
        for part in ("params", "output", "made"):
            if not isinstance(table.get(part, {}), dict):
                raise WrongInput(f"{params_file}: {part} must be a table, got {table[part]!r} (try [{part}] on a line of its own)")
        return {"params": {}, **table}
    return {"params": table}


def prepare(
    chapter_name: str | None,
    course_folder: Path | None,
    assignments: tuple[str, ...],
    request: dict[str, Any],
    output_changes: dict[str, Any],
    simulate: bool = True,
    workers: int | None = None,
    cache_dir: Path | None = None,
) -> Production:
    """Everything that a command needs to show a chapter: its class, its recipe, its trace.

    With ``simulate=False`` the trace is empty; :func:`simulated` fills it in.
    """
    from nnanim.lecture.production import Production
    from nnanim.lecture.recipe import Output, Recipe, source_digest
    from nnanim.params import parse_assignments
    from nnanim.trace import Trace

    course, chapter = find_chapter(course_folder, chapter_name or str(request.get("chapter", "")))
    with one_line_errors(chapter.slug()):
        params = chapter.Params.read({**request["params"], **parse_assignments(assignments)})
        output = Output.read(request.get("output", {}), **output_changes)
        if output.voice is not None and output.format in ("gif", "png"):
            raise WrongInput(f"--voice: {output.format} has no sound (choose mp4, webm or mov)")
        if output.transparent and output.format == "mp4":
            raise WrongInput(
                "--transparent needs a format with alpha: webm, mov, gif or png (try --format webm)"
            )
    recipe = Recipe(chapter.slug(), params, output, source_digest(course.file(chapter.slug())))
    production = Production(chapter, recipe, Trace({}), workers, cache_dir)
    with one_line_errors(chapter.slug()):
        _ = production.settings  # formats and codecs that do not go together are refused before anything is written
    return simulated(production) if simulate else production


def simulated(production: Production, quiet: bool = False) -> Production:
    """The same production after its simulation has run."""
    from dataclasses import replace

    from nnanim.cli.progress import progress_bar
    from nnanim.course import failing_line
    from nnanim.params import ParameterError
    from nnanim.trace import TraceError

    chapter = production.chapter
    with one_line_errors(chapter.slug()), progress_bar(chapter.slug(), unit="%", quiet=quiet) as progress:
        try:
            trace = chapter.record(production.recipe.params, lambda share, what: progress(100 * share, 100, what))
            return replace(production, trace=trace)
        except (ParameterError, TraceError):
            raise
        except Exception as error:  # whatever a lecturer's simulation may raise is reported with its line
            if isinstance(error, ModuleNotFoundError) and missing_library(error):
                raise
            file = Path(sys.modules[chapter.__module__].__file__ or "")
            raise WrongInput(
                f"{chapter.slug()}: {file}:{failing_line(error, file)}: {type(error).__name__}: {error}"
            ) from error


def picture_path(out: Path | None) -> None:
    """Refuse to write a picture under a name that is not a PNG's."""
    if out is not None and out.suffix.lower() != ".png":
        raise WrongInput(f"--out {out}: pictures are PNG files (try --out {out.with_suffix('.png')})")


def writable_folder(folder: Path) -> Path:
    """Make a folder and see that it can be written to."""
    import tempfile

    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise WrongInput(
            f"--out {folder}: cannot be written to: {error.strerror} (choose another folder)"
        ) from None
    return folder
