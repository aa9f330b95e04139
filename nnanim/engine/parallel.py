"""Records a scene with forked workers: the scene's own process runs ahead through the plays and draws nothing.
At every slice of a play a worker is forked that goes on from exactly this state, draws, and encodes a segment."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from manim import Scene

from .cache import SegmentStore
from .encode import Profile, SegmentWriter, open_segment
from .errors import EngineError
from .fingerprint import Digest, Unkeyable, play_key, still_key
from .plays import can_jump, fixed_slices, slices
from .redraw import Redraw
from .segments import Segment
from .settings import RenderSettings
from .tween import quicken_animations
from .workers import Task, WorkerPool

Tell = Callable[[int], None]
Draw = Callable[[SegmentWriter, Tell], None]

# Forked but waiting: enough that a core never waits for the scene's process, few enough to cost no memory.
FORKED_AHEAD = 3


class ForkRecorder:
    """Draws in forked workers; see the module.

    Parameters
    ----------
    store
        Where segments are written.
    keep
        Whether segments are keyed by content, to be found again by another render.
    finished
        Segments that an earlier attempt at the same render has drawn, by their number.
    """

    def __init__(
        self,
        store: SegmentStore,
        settings: RenderSettings,
        profile: Profile,
        *,
        keep: bool,
        finished: dict[int, Path],
        on_frames: Callable[[int], None],
    ) -> None:
        self.store = store
        self.settings = settings
        self.profile = profile
        self.keep = keep
        self.finished = finished
        self.on_frames = on_frames
        self.segments: list[Segment] = []
        self.pool = WorkerPool(settings.worker_count, FORKED_AHEAD, on_frames)
        self._salt = (
            settings.cache_salt,
            repr(profile),
            f"{settings.pixel_width}x{settings.pixel_height}@{settings.fps} {settings.frame_size}",
        )
        self._under_way: dict[Path, Segment] = {}

    @property
    def drawn(self) -> int:
        """Number of segments drawn by this recorder."""
        return sum(segment.worker is not None for segment in self.segments)

    def done(self) -> dict[int, Path]:
        """The segments that are whole, by number."""
        return {
            number: segment.path
            for number, segment in enumerate(self.segments)
            # A segment that waits for another one's worker has a path, but perhaps no file yet.
            if segment.path.exists() and (segment.worker is None or segment.worker.report is not None)
        }

    def hold(self, scene: Scene, frames: int) -> None:
        """Draw the scene as it stands once and show it for so many frames."""

        def draw(segment: SegmentWriter, tell: Tell) -> None:
            picture, _ = Redraw(scene).frame()
            segment.write(picture, frames)
            tell(frames)

        key = self._key(lambda: still_key(scene, *self._salt), f"{frames} frames")
        self._add(_label(scene, 0, frames), frames, key, draw, held=True)

    def animate(self, scene: Scene, times: np.ndarray) -> int:
        """Cut the play into slices and have each drawn; leaves the scene as after the last frame."""
        if not can_jump(scene):
            return self._step(scene, times)
        play = self._key(lambda: play_key(scene, times, *self._salt))
        if len(slices(len(times))) > 1:
            _prepare_painting(scene)
        for start, stop in slices(len(times)):
            key = play and self._key(play.copy, f"frames {start} to {stop}")
            self._add(_label(scene, start, stop), stop - start, key, _jump(scene, times[start:stop]))
        return len(times)

    def _step(self, scene: Scene, times: np.ndarray) -> int:
        """Go through every frame here as well, because each follows from the one before.

        What a user's code will do cannot be keyed, but what it did can: a worker stands at the start of the
        slice while this process steps through it, and is sent home if the frames turn out to be known.
        """
        shown, stopped = 0, False
        for start, stop in fixed_slices(len(times)):
            segment = Segment(_label(scene, start, stop), Path(), stop - start)
            number = len(self.segments)
            key = self._key(lambda: _frames_key(scene, *self._salt))
            if number not in self.finished:
                segment.worker = self.pool.start(segment.label, self._task(_slice(scene, times[start:stop])))
                if key is None:
                    self._send(segment, self._new_path(number))
            for t in times[start:stop]:
                scene.update_to_time(t)
                shown += 1
                if key is not None:
                    key.camera(scene.renderer.camera)
                    key.look(scene.moving_mobjects)
                if stopped := bool(scene.stop_condition is not None and scene.stop_condition()):
                    break
            segment.frames = shown - start
            self._settle(segment, number, key)
            self.segments.append(segment)
            if stopped:
                break
        return shown

    def _settle(self, segment: Segment, number: int, key: Digest | None) -> None:
        """Decide about a worker that waits at the start of a slice, now that its frames are known."""
        if segment.worker is None:
            segment.path = self.finished[number]
            self.on_frames(segment.frames)
        elif key is not None:
            known = self._find(key)
            if known is None:
                self._send(segment, self.store.path(key.key()))
            else:
                self.pool.dismiss(segment.worker)
                segment.worker, segment.path = None, known
                self.on_frames(segment.frames)

    def _add(self, label: str, frames: int, key: Digest | None, draw: Draw, held: bool = False) -> None:
        number = len(self.segments)
        known = self.finished.get(number) or (self._find(key) if key is not None else None)
        if known is not None:
            self.segments.append(Segment(label, known, frames))
            self.on_frames(frames)
            return
        segment = Segment(label, Path(), frames, self.pool.start(label, self._task(draw, held)))
        self._send(segment, self._new_path(number) if key is None else self.store.path(key.key()))
        self.segments.append(segment)

    def _send(self, segment: Segment, path: Path) -> None:
        assert segment.worker is not None
        segment.path = path
        self._under_way[path] = segment
        self.pool.go(segment.worker, str(path))

    def _find(self, key: Digest) -> Path | None:
        """The file of these frames if it exists or a worker is making it."""
        path = self.store.path(key.key())
        return path if path in self._under_way else self.store.find(key.key())

    def _key(self, make: Callable[[], Digest], *texts: str) -> Digest | None:
        if not self.keep:
            return None
        try:
            key = make()
        except Unkeyable:
            return None
        for text in texts:
            key.text(text)
        return key

    def _new_path(self, number: int) -> Path:
        return self.store.path(f"{number:02}-{os.getpid()}-{id(self):x}")

    def _task(self, draw: Draw, held: bool = False) -> Task:
        """What a worker does: write a segment under a name of its own and rename it when it is whole."""

        def task(order: str, tell: Tell) -> dict[str, Any]:
            path = Path(order)
            partial = path.with_name(f"{path.name}.{os.getpid()}.part")
            segment = open_segment(partial, self.profile, self.settings, held=held)
            try:
                draw(segment, tell)
                segment.close()
                partial.replace(path)
            except BaseException:
                segment.abort()
                raise
            return {"frames": segment.frames}

        return task

    def finish(self) -> None:
        """Wait for all segments and check that each holds the frames that the scene counted."""
        self.pool.finish()
        for segment in self.segments:
            report = segment.worker.report if segment.worker is not None else None
            if report is not None and report["frames"] != segment.frames:
                raise EngineError(
                    f"{segment.label}: a worker drew {report['frames']} frames where the scene counted "
                    f"{segment.frames}; something in this play depends on the clock or on the process"
                )


def _prepare_painting(scene: Scene) -> None:
    """Let mobjects that paint themselves work out here, once, what every worker would need."""
    camera = scene.renderer.camera
    for mobject in camera.get_mobjects_to_display(scene.moving_mobjects):
        if hasattr(mobject, "prepare_painting"):
            mobject.prepare_painting(camera.get_cairo_context(camera.pixel_array), camera)


def _label(scene: Scene, start: int, stop: int) -> str:
    return f"play {scene.renderer.num_plays + 1}, frames {start} to {stop - 1}"


def _frames_key(scene: Scene, *salt: str) -> Digest:
    key = Digest("frames", *salt)
    key.camera(scene.renderer.camera)
    key.look(scene.static_mobjects)
    return key


def _jump(scene: Scene, times: np.ndarray) -> Draw:
    """Draw a slice of a play in which nothing has an updater."""

    def draw(segment: SegmentWriter, tell: Tell) -> None:
        quicken_animations(scene)
        redraw = Redraw(scene)
        for t in times:
            for animation in scene.animations:
                animation.interpolate(t / animation.run_time)
            picture, changed = redraw.frame()
            segment.write(picture, changed=changed)
            tell(1)

    return draw


def _slice(scene: Scene, times: np.ndarray) -> Draw:
    def draw(segment: SegmentWriter, tell: Tell) -> None:
        redraw = Redraw(scene)
        for t in times:
            scene.update_to_time(t)
            picture, changed = redraw.frame()
            segment.write(picture, changed=changed)
            tell(1)
            if scene.stop_condition is not None and scene.stop_condition():
                break

    return draw
