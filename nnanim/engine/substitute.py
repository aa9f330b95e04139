"""Puts the engine in the place of manim's renderer in scenes that manim's own command makes and renders.
Everything but the drawing and the encoding stays manim's: configuration, order of steps, places and names of files."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from manim import Scene, config
from manim._config.output import OutputFormat
from manim._config.video_encoder import VideoEncoderSpec, resolve_video_encoder
from manim.cli.render import commands
from manim.manager import Manager
from manim.renderer.cairo_renderer import CairoRenderer
from manim.scene.scene_file_writer import SceneFileWriter

from .camera import quicken
from .encode import Profile, choose_profile
from .errors import EngineError
from .manims_files import EngineFileWriter
from .render import explain, make_recorder, quiet_codecs, terminable
from .renderer import EngineRenderer, Rehearsal
from .session import blame, pillow_of_manims_time
from .settings import RenderSettings
from .shortcuts import shortcuts
from .textfiles import whole_text_files
from .workers import WorkerDied, WorkerFailed

# manim's own codec for video with transparency; without loss, and what its GIFs are made of here.
_LOSSLESS = Profile("qtrle", "argb", "mov", (), is_rgb=True)
Progress = Callable[[float, "float | None"], None]


@dataclass(frozen=True)
class Work:
    """What the command line says beside manim's own options.

    Parameters
    ----------
    workers, cache_dir
        As in :class:`~nnanim.engine.RenderSettings`; ``--disable_caching`` wins over ``cache_dir``.
    progress
        Makes a progress bar for a scene of this name.
    note
        Tells the user one line.
    """

    workers: int | None
    cache_dir: Path | None
    progress: Callable[[str], AbstractContextManager[Progress]]
    note: Callable[[str], None]


@contextmanager
def engine_in_manims_place(work: Work) -> Iterator[None]:
    """While it lasts, scenes that manim's command renders are drawn by the engine, where it can draw them."""
    before = commands.Manager
    commands.Manager = partial(EngineManager, work=work)
    try:
        with pillow_of_manims_time(), quiet_codecs(), terminable():
            yield
    finally:
        commands.Manager = before


class EngineManager(Manager[Any]):
    """Renders its scene step by step as manim's manager does, with the engine's renderer."""

    def __init__(self, scene: Scene, work: Work) -> None:
        super().__init__(scene)
        self.work = work

    def render(self, preview: bool = False) -> bool:
        """As manim's; what goes wrong in the scene becomes an :class:`EngineError` that names the line."""
        scene = self.scene
        reason = why_not(scene)
        if reason is not None:
            self.work.note(f"{type(scene).__name__}: drawn by manim's own renderer: {reason}")
            return super().render(preview)
        try:
            with ExitStack() as stack:
                put_in(scene, self.work, stack)
                return super().render(preview)
        except EngineError:
            raise
        except WorkerDied as death:
            raise EngineError(
                f"{type(scene).__name__}: the worker for {death.label} {death.reason}; if memory ran out, use fewer "
                "--workers or fewer pixels (what was drawn is kept)"
            ) from None
        except WorkerFailed as failure:
            raise EngineError(explain(failure, scene, type(scene).__name__)) from None
        except Exception as error:
            raise EngineError(blame(scene, error)) from error


def why_not(scene: Scene) -> str | None:
    """Why the engine cannot take a scene over, in a few words, or ``None``."""
    renderer = scene.renderer
    if type(renderer) is not CairoRenderer:
        return f"the engine draws what cairo draws, this is {type(renderer).__name__}"
    if type(renderer.file_writer) is not SceneFileWriter:
        return f"it writes its files with {type(renderer.file_writer).__name__}"
    if type(scene).play_internal is not Scene.play_internal:
        return "it has a play_internal of its own"
    rate = config.frame_rate
    if abs(rate - round(rate)) >= 1e-4:
        return f"{rate:g} frames a second is no whole number"
    spec = scene.session_spec.video_encoder
    if spec is not None and (spec.width % 2 or spec.height % 2):
        return f"{spec.width}x{spec.height} is not even in width and height"
    if spec is not None and _crf(scene, spec) is None:
        return "codec, pixel format or encoder options are not the default ones"
    return None


def _crf(scene: Scene, spec: VideoEncoderSpec) -> int | None:
    """The quality that is asked for, -1 if none is; ``None`` if the encoder is to be another than manim's default."""
    output = scene.session_spec.output
    usual = resolve_video_encoder(output, width=spec.width, height=spec.height, frame_rate=spec.frame_rate)
    assert usual is not None
    if spec == usual:
        return -1
    options = dict(spec.options)
    crf = options.get("crf", "")
    same = replace(spec, options=tuple(sorted({**options, **dict(usual.options)}.items()))) == usual
    return int(crf) if same and crf.isdigit() and "crf" in dict(usual.options) and not output.is_gif else None


def settings_of(scene: Scene, work: Work) -> tuple[RenderSettings, Profile]:
    """What a scene that manim has configured is to become, in the engine's terms."""
    output, camera, spec = scene.session_spec.output, scene.renderer.camera, scene.session_spec.video_encoder
    crf = _crf(scene, spec) if spec is not None else -1
    as_pictures = output.is_image_sequence
    settings = RenderSettings(
        pixel_width=camera.pixel_width,
        pixel_height=camera.pixel_height,
        fps=round(config.frame_rate),
        frame_width=camera.frame_width,
        frame_height=camera.frame_height,
        # A GIF is put together by manim out of segments without loss.
        format="png" if as_pictures else "mov" if output.is_gif else output.format.value,
        crf=crf if crf is not None and crf >= 0 else None,
        # manim's pictures have an alpha channel even where all is opaque.
        transparent=as_pictures or (output.transparent and not output.is_gif),
        workers=work.workers,
        cache_dir=None if config.disable_caching else work.cache_dir,
    )
    if output.is_gif:
        return settings, _LOSSLESS
    if output.format is OutputFormat.MOV and output.transparent:
        return settings, replace(_LOSSLESS, alpha=True)
    return settings, choose_profile(settings)


def put_in(scene: Scene, work: Work, stack: ExitStack) -> None:
    """Give a scene the engine's renderer; what it needs is opened, and closed with ``stack``."""
    stack.enter_context(shortcuts())
    for name in ("embed", "interactive_embed"):
        # manim asserts that it has a window.
        setattr(scene, name, partial(_no_window, name))
    stack.enter_context(whole_text_files())
    output = scene.session_spec.output
    if not (output.is_video or output.is_image_sequence):
        FileRenderer.take_over(scene, Rehearsal(), EngineFileWriter.take_over)
        return
    settings, profile = settings_of(scene, work)
    target = scene.output_plan.primary_artifact
    assert target is not None
    folder = stack.enter_context(_working_folder(target))
    progress = stack.enter_context(work.progress(type(scene).__name__))

    def count(frames: int) -> None:
        writer.frames_done += frames
        progress(writer.frames_done, writer.frames_total)

    quicken(scene.renderer.camera)
    recorder = make_recorder(settings, profile, folder, count, join=True)
    stack.callback(recorder.close)
    writer = FileRenderer.take_over(scene, recorder, EngineFileWriter.take_over).file_writer
    writer.prepare(settings, recorder, folder)


def _no_window(name: str) -> None:
    raise EngineError(f"{name} needs a window, which cairo has not (try: manim --renderer opengl -p)")


@contextmanager
def _working_folder(target: Path) -> Iterator[Path]:
    # Where the result will lie, as far as that exists: finished pictures are moved there, not copied.
    beside = next(folder for folder in target.absolute().parents if folder.is_dir())
    try:
        made = tempfile.TemporaryDirectory(prefix=f".{target.stem}-", dir=beside)
    except OSError as error:
        raise EngineError(f"could not write into {beside}: {error.strerror or error}") from error
    with made as folder:
        yield Path(folder)


class FileRenderer(EngineRenderer):
    """The engine's renderer with manim's last step: the files are made when the scene is finished."""

    scene_finished = CairoRenderer.scene_finished

    def play(self, scene: Scene, *args: Any, **kwargs: Any) -> None:
        """As the engine's; the current section gets the segments of this play."""
        super().play(scene, *args, **kwargs)
        self.file_writer.note_play()
