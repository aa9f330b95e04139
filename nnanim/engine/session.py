"""Runs a scene's own code: inside the manim configuration that the settings describe, with errors told plainly."""

from __future__ import annotations

import inspect
import logging
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import manim.camera.camera
from manim import Scene, config, tempconfig
from manim.utils.exceptions import EndSceneEarlyException
from PIL import Image

from .camera import quicken
from .errors import EngineError
from .renderer import EngineRenderer, Recorder, Rehearsal
from .settings import RenderSettings
from .shortcuts import shortcuts
from .textfiles import whole_text_files


@contextmanager
def configured(settings: RenderSettings) -> Iterator[None]:
    """manim's global configuration as ``settings`` describe it; restored at the end."""
    frame_width, frame_height = settings.frame_size
    values: dict[str, Any] = {
        "renderer": "cairo",
        "pixel_width": settings.pixel_width,
        "pixel_height": settings.pixel_height,
        "frame_rate": settings.fps,
        "frame_width": frame_width,
        "frame_height": frame_height,
        "disable_caching": True,
        "progress_bar": "none",
        "preview": False,
        # The engine writes all files; with this manim plans none of its own.
        "dry_run": True,
        "from_animation_number": 0,
        "upto_animation_number": -1,
    }
    if config.seed is None:
        # Unseeded, a second run would draw other frames than the first: no cache, and no replacing a worker.
        values["seed"] = 0
    if settings.background_color is not None:
        values["background_color"] = settings.background_color
    if settings.transparent:
        values["background_opacity"] = 0.0
    logger = logging.getLogger("manim")
    level = logger.level
    with tempconfig(values), pillow_of_manims_time(), shortcuts(), whole_text_files():
        logger.setLevel(max(level, logging.WARNING))
        try:
            yield
        finally:
            logger.setLevel(level)


class _ForgivingImage:
    """PIL.Image as manim 0.22 expects it: it makes an empty RGBA picture from float zeros."""

    def __getattr__(self, name: str) -> Any:
        return getattr(Image, name)

    @staticmethod
    def fromarray(array: Any, mode: str | None = None) -> Image.Image:
        if mode == "RGBA" and array.ndim == 2:
            return Image.new("RGBA", array.shape[::-1])
        return Image.fromarray(array) if mode == "RGBA" else Image.fromarray(array, mode)


@contextmanager
def pillow_of_manims_time() -> Iterator[None]:
    """Let manim draw images with Pillow 13, which refuses what manim 0.22 asks of it."""
    before = manim.camera.camera.Image
    manim.camera.camera.Image = _ForgivingImage()
    try:
        yield
    finally:
        manim.camera.camera.Image = before


def prepare(make_scene: Callable[[], Scene], recorder: Recorder) -> Scene:
    """Make the scene and put the engine's renderer and quick camera into it."""
    scene = make_scene()
    EngineRenderer.take_over(scene, recorder)
    quicken(scene.renderer.camera)
    return scene


def perform(scene: Scene) -> None:
    """Run the scene's setup, construct and tear_down; what goes wrong in them becomes an EngineError."""
    manager = scene._get_manager()
    try:
        manager.setup()
        with suppress(EndSceneEarlyException):
            manager.construct()
        manager.tear_down()
    except EngineError:
        raise
    except Exception as error:
        raise EngineError(blame(scene, error)) from error


def blame(scene: Scene, error: BaseException) -> str:
    """One line that says what failed and at which line of the scene's own files."""
    lines = [(entry.filename, entry.lineno) for entry in traceback.extract_tb(error.__traceback__)]
    text = " ".join(str(error).split())
    kind = type(error).__name__
    return blame_lines(scene, lines) + (f"{kind}: {text}" if text else kind)


def blame_lines(scene: Scene, lines: Sequence[tuple[str, int | None]]) -> str:
    """``"file:line: "`` of the innermost of these lines that stands in the scene's own file, or a base class's, or nothing."""
    for cls in type(scene).__mro__:
        if cls.__module__.startswith(("manim.", "builtins")) or not (source := _source_file(cls)):
            continue
        own = [f"{file}:{line}: " for file, line in lines if Path(file).resolve() == Path(source).resolve()]
        if own:
            return own[-1]
    return ""


def _source_file(cls: type) -> str | None:
    try:
        return inspect.getsourcefile(cls)
    except (TypeError, OSError):
        return None


def rehearse(make_scene: Callable[[], Scene], settings: RenderSettings) -> Scene:
    """Run a scene's setup, construct and tear_down without drawing any frame.

    Returns the scene, with everything that its code left on it and with ``renderer.time`` as after a render.
    """
    with configured(settings):
        scene = prepare(make_scene, Rehearsal())
        perform(scene)
    return scene
