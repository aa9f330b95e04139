"""Rendering anybody's manim scenes with the engine: ``nnanim render scene.py SceneName``."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from nnanim.cli.options import WrongInput, one_line_errors, writable_folder
from nnanim.cli.progress import progress_bar


def render_scenes(
    file: Path,
    names: Sequence[str],
    output: dict[str, Any],
    out: Path,
    workers: int | None,
    cache_dir: Path | None,
    quiet: bool,
) -> Iterator[Path]:
    """Render scenes of a file, the named ones or all, to ``out/FILE/SCENE/QUALITY.mp4``."""
    from nnanim.engine import RenderSettings, render
    from nnanim.lecture.recipe import Output

    if output.get("theme") or output.get("captions"):
        raise WrongInput(f"render {file}: a plain scene has no themes and no narration (--theme and --captions are for chapters)")
    with one_line_errors(str(file)):
        look = Output.read({}, **output)
    scenes = find_scenes(file, names)
    writable_folder(out)
    width, height = look.pixels
    # manim's own frame is 8 units high in every shape.
    settings = RenderSettings(
        width, height, look.frames_per_second,
        format=look.format, codec=look.codec, crf=look.crf, transparent=look.transparent, workers=workers, cache_dir=cache_dir,
    )  # fmt: skip
    for scene in scenes:
        folder = out / file.stem / scene.__name__
        folder.mkdir(parents=True, exist_ok=True)
        shape = "" if look.aspect == "16:9" else "_" + look.aspect.replace(":", "x")
        target = folder / f"{look.quality}{shape}{'-frames' if look.format == 'png' else '.' + look.format}"
        with one_line_errors(scene.__name__), progress_bar(scene.__name__, quiet=quiet) as progress:
            yield render(scene, target, settings, progress=progress).path


def find_scenes(file: Path, names: Sequence[str]) -> list[type]:
    """Import a file and find its scenes.

    Raises
    ------
    WrongInput
        When the file cannot be imported (with its line), has no scenes, or none of a name (with the nearest).
    """
    from manim import Scene

    from nnanim.course import failing_line

    if not file.is_file():
        raise WrongInput(f"there is no file {file}")
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[file.stem] = module
    sys.path.insert(0, str(file.parent.resolve()))
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # whatever somebody's file may raise is reported with its line
        raise WrongInput(f"{file}:{failing_line(error, file)}: {type(error).__name__}: {error}") from error
    found = {
        name: member
        for name, member in vars(module).items()
        if inspect.isclass(member) and issubclass(member, Scene) and member.__module__ == file.stem
    }
    for name in names:
        if name not in found:
            near = get_close_matches(name, found, n=1, cutoff=0.4)
            hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(found) or 'none'}"
            raise WrongInput(f"{file} has no scene {name!r}; {hint}")
    if not found:
        raise WrongInput(f"{file} has no manim scene")
    return [found[name] for name in names] if names else list(found.values())
