"""The engine's front door: a scene goes in, a finished file comes out."""

from __future__ import annotations

import contextlib
import logging
import math
import signal
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av.logging
from manim import Scene

from .cache import SegmentStore
from .encode import Profile, choose_profile
from .errors import EngineError
from .mux import assemble
from .parallel import ForkRecorder
from .renderer import scene_annotations
from .serial import SerialRecorder
from .session import blame_lines, configured, perform, prepare
from .settings import Annotations, Rendered, RenderSettings
from .sound import Sound, mix
from .workers import CANNOT_WRITE, WorkerDied, WorkerFailed, can_fork

Progress = Callable[[float, "float | None"], None]


def render(
    make_scene: Callable[[], Scene],
    output: Path,
    settings: RenderSettings,
    *,
    annotate: Callable[[Scene], Annotations] | None = None,
    progress: Progress | None = None,
) -> Rendered:
    """Draw a scene and write it to ``output``.

    Parameters
    ----------
    make_scene
        Makes the scene; called inside the manim configuration that ``settings`` describe, and once more when
        a worker had to be replaced.
    output
        The file, or the folder of pictures for ``png``; it appears when it is whole.
    annotate
        Called with the scene after its ``construct``; says what else goes into the file. Without it, the
        scene's own subcaptions become captions and its named sections chapter marks.
    progress
        Called with the number of finished frames and of all frames, ``None`` until that is known.

    Raises
    ------
    EngineError
        When the scene fails, a worker dies twice, or a file cannot be written.
    """
    output = Path(output).absolute()
    _check_folder(output)
    deaths: Counter[str] = Counter()
    with configured(settings), quiet_codecs(), terminable(), _working_folder(output) as folder:
        finished: dict[int, Path] = {}
        while True:
            attempt = _Attempt(settings, folder, finished, progress)
            try:
                return attempt.run(make_scene, output, annotate)
            except WorkerDied as death:
                finished = attempt.salvage()
                deaths[death.label] += 1
                if deaths[death.label] == 2:
                    raise EngineError(
                        f"the worker for {death.label} {death.reason}, twice; "
                        "if memory ran out, use fewer workers or fewer pixels"
                    ) from None
            except WorkerFailed as failure:
                raise EngineError(explain(failure, attempt.scene, output.name)) from None
            except OSError as error:
                raise EngineError(f"could not write {output}: {error.strerror or error}") from error
            finally:
                attempt.close()


class _Attempt:
    """One run through the scene."""

    def __init__(
        self, settings: RenderSettings, folder: Path, finished: dict[int, Path], progress: Progress | None
    ) -> None:
        self.settings = settings
        self.folder = folder
        self.progress = progress
        self.scene: Scene | None = None
        self.frames_done = 0
        self.frames_total: int | None = None
        self.recorder = make_recorder(settings, choose_profile(settings), folder, self.count, finished)

    def run(
        self, make_scene: Callable[[], Scene], output: Path, annotate: Callable[[Scene], Annotations] | None
    ) -> Rendered:
        settings, recorder = self.settings, self.recorder
        scene = self.scene = prepare(make_scene, recorder)
        perform(scene)
        if not recorder.segments:
            raise EngineError(
                f"{type(scene).__name__} plays nothing, so there is nothing to film; call play or wait"
            )
        played = played_sound(scene, self.folder)
        self._hold_for(scene, played)
        notes = (annotate or scene_annotations)(scene)
        self._hold_for(scene, notes.sound)
        self.frames_total = sum(segment.frames for segment in recorder.segments)
        recorder.finish()
        paths = [segment.path for segment in recorder.segments]
        sounds = [sound for sound in (played, notes.sound) if sound is not None]
        soundtrack = mix(sounds, self.frames_total / settings.fps) if sounds else None
        frames = assemble(paths, output, settings, notes, soundtrack)
        if frames != self.frames_total:
            raise EngineError(f"{output} holds {frames} frames where the scene counted {self.frames_total}")
        return Rendered(
            path=output,
            frames=frames,
            fps=settings.fps,
            duration=frames / settings.fps,
            scene=scene,
            plays=scene.renderer.num_plays,
            segments_drawn=recorder.drawn,
            segments_cached=len(recorder.segments) - recorder.drawn,
            workers=settings.worker_count if isinstance(recorder, ForkRecorder) else 1,
        )

    def _hold_for(self, scene: Scene, sound: Sound | None) -> None:
        """Let the last picture stand until the sound has ended."""
        missing = math.ceil((sound.seconds if sound else 0.0) * self.settings.fps - 1e-6) - scene.renderer.frames
        if missing > 0 and self.settings.format in ("mp4", "webm", "mov"):
            scene.renderer.hold_last(scene, missing)

    def count(self, frames: int) -> None:
        self.frames_done += frames
        if self.progress is not None:
            self.progress(self.frames_done, self.frames_total)

    def salvage(self) -> dict[int, Path]:
        """Let the other workers finish, and say which segments are whole."""
        assert isinstance(self.recorder, ForkRecorder)
        while self.recorder.pool.alive:
            with contextlib.suppress(WorkerDied, WorkerFailed):
                self.recorder.pool.finish()
        return self.recorder.done()

    def close(self) -> None:
        self.recorder.close()


def make_recorder(
    settings: RenderSettings,
    profile: Profile,
    folder: Path,
    on_frames: Callable[[int], None],
    finished: dict[int, Path] | None = None,
    *,
    join: bool = False,
) -> ForkRecorder | SerialRecorder:
    """What draws and encodes; segments that no later render wants are written into ``folder``.

    With ``join``, short plays may share such a segment; it does not begin every play with a key frame then.
    """
    if not can_fork():
        logging.getLogger("nnanim.engine").warning("no fork on this system: drawing in one process")
        return SerialRecorder(folder / "segments", settings, profile, on_frames)
    keep = settings.cache_dir is not None and settings.format != "png"
    root = settings.cache_dir if keep and settings.cache_dir is not None else folder / "segments"
    store = SegmentStore(Path(root), "dir" if settings.format == "png" else profile.container)
    store.sweep()
    join = join and settings.format != "png"
    return ForkRecorder(
        store, settings, profile, keep=keep, join=join, finished=finished or {}, on_frames=on_frames
    )


def explain(failure: WorkerFailed, scene: Scene | None, name: str) -> str:
    """One line about what a worker met; ``name`` is that of the file or scene."""
    if failure.report["errno"] in CANNOT_WRITE:
        return f"could not write the frames of {name}: {failure.report['error']}"
    place = blame_lines(scene, failure.report["lines"]) if scene is not None else ""
    return f"{place}{failure.report['error']} (in {failure.label})"


def _check_folder(output: Path) -> None:
    """Find out before the work, not after it, that the result cannot be written."""
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=output.parent):
            pass
    except OSError as error:
        raise EngineError(f"could not write into {output.parent}: {error.strerror or error}") from error


@contextmanager
def _working_folder(output: Path) -> Iterator[Path]:
    # Beside the result: there is room for it there, and finished pictures are moved instead of copied.
    with tempfile.TemporaryDirectory(prefix=f".{output.stem}-", dir=output.parent) as folder:
        yield Path(folder)


@contextmanager
def terminable() -> Iterator[None]:
    """While it lasts, SIGTERM ends this process as Ctrl-C does, by way of all clean-up."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def leave(number: int, _: Any) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def quiet_codecs() -> Iterator[None]:
    """Keep the encoders' own chatter off the terminal."""
    level = av.logging.get_level()
    av.logging.set_libav_level(av.logging.FATAL)
    try:
        yield
    finally:
        if level is not None:
            av.logging.set_level(level)


def played_sound(scene: Scene, folder: Path) -> Sound | None:
    """What the scene has added with ``add_sound``; ``folder`` is for a file on the way."""
    writer = scene.renderer.file_writer
    if not writer.includes_sound:
        return None
    path = folder / "sound.wav"
    writer.audio_segment.export(path, format="wav").close()
    return Sound.read(path)
