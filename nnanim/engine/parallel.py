"""Records a scene with forked workers: the scene's own process runs ahead through the plays and draws nothing.
At every slice of a play a worker is forked that goes on from exactly this state, draws, and encodes a segment."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from manim import Scene

from nnanim.visuals.paint.contract import paints_itself

from .cache import SegmentStore, part_of
from .drawing import Draw, Tell, enter, go_through, has_stopped, hold, label, prepare_painting
from .encode import Profile, open_segment
from .errors import EngineError
from .fingerprint import Digest, Unkeyable, play_key, still_key
from .own import OwnDrawing
from .plays import SLICE_FRAMES, can_jump, fixed_slices, slices
from .segments import Segment
from .settings import RenderSettings
from .workers import Task, Worker, WorkerPool

# A worker costs about a third as many seconds of processor time, and a core that waits for one is idle.
SHORT_SECONDS, SHORT_FRAMES = 0.12, 30
# Plays of so few frames, of so few mobjects, share an encoder, and stills between them that cost less than a key frame.
JOINED_FRAMES, JOINED_MOBJECTS, JOINED_STILLS = 12, 500, 4
# Frames of a play that is gone through in this process alone: key frames lie so far apart.
LONG_SLICE_FRAMES = 240
# Seconds for each pixel, to begin with: drawing a frame; opening an encoder and its key frame (at 480p and 1080p).
SECONDS_PER_PIXEL, SECONDS_TO_OPEN = 6e-9, 15e-9
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
    join
        Whether short plays may share a segment, and with it an encoder; not together with ``keep``.
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
        join: bool = False,
        finished: dict[int, Path],
        on_frames: Callable[[int], None],
    ) -> None:
        self.store = store
        self.settings = settings
        self.profile = profile
        self.keep = keep
        self.join = join and not keep
        self.finished = finished
        self.on_frames = on_frames
        self.segments: list[Segment] = []
        self.pool = WorkerPool(settings.worker_count, FORKED_AHEAD, on_frames)
        self.own = OwnDrawing(profile, settings, on_frames)
        self._salt = (
            settings.cache_salt,
            repr(profile),
            f"{settings.pixel_width}x{settings.pixel_height}@{settings.fps} {settings.frame_size}",
        )
        self._under_way: dict[Path, Segment] = {}
        self._shared: Segment | None = None
        pixels = settings.pixel_width * settings.pixel_height
        self._to_open, self._per_frame = pixels * SECONDS_TO_OPEN, pixels * SECONDS_PER_PIXEL

    @property
    def drawn(self) -> int:
        """Number of segments drawn by this recorder."""
        return sum(segment.worker is not None or segment.drawn_here for segment in self.segments)

    def done(self) -> dict[int, Path]:
        """The segments that are whole, by number."""
        return {
            number: segment.path
            for number, segment in enumerate(self.segments)
            # A segment that waits for another one's worker, or for the encoder, has a path, but perhaps no file yet.
            if segment.path.exists() and (segment.worker is None or segment.worker.report is not None)
        }

    def hold(self, scene: Scene, frames: int) -> None:
        """Draw the scene as it stands once and show it for so many frames."""
        draw = hold(scene, frames)
        if self._shared is not None and frames <= JOINED_STILLS and self._joins(scene, frames):
            self._share(scene, draw)
            return
        self.cut()
        key = self._key(lambda: still_key(scene, *self._salt), f"{frames} frames")
        here = self._is_short(scene, 1)
        self._add(label(scene, 0, frames), frames, key, draw, held=True, here=here)

    def animate(self, scene: Scene, times: np.ndarray) -> int:
        """Cut the play into slices and have each drawn; leaves the scene as after the last frame."""
        if self._joins(scene, len(times)):
            return self._share(scene, go_through(scene, times))
        self.cut()
        if not can_jump(scene):
            return self._step(scene, times)
        play = self._key(lambda: play_key(scene, times, *self._salt))
        if len(slices(len(times))) > 1:
            prepare_painting(scene)
        for start, stop in slices(len(times)):
            key = play and self._key(play.copy, f"frames {start} to {stop}")
            here = self._is_short(scene, len(times))
            draw = go_through(scene, times) if here else enter(scene, times[start:stop])
            self._add(label(scene, start, stop), stop - start, key, draw, here=here)
        return len(times)

    def cut(self) -> None:
        """Let what comes next begin a segment of its own."""
        self.own.end()
        self._shared = None

    def _joins(self, scene: Scene, frames: int) -> bool:
        """Whether so many frames go into a segment that they share with their neighbours.

        It depends on the scene alone, not on what takes how long here, so that the file always comes out the same.
        """
        if not self.join or frames > JOINED_FRAMES or not self._can_draw_here(scene):
            return False
        return sum(len(mobject.get_family()) for mobject in scene.mobjects) <= JOINED_MOBJECTS

    def _share(self, scene: Scene, draw: Draw) -> int:
        """Draw into the segment that short plays share; the number of frames."""
        if self._shared is None or self._shared.frames >= LONG_SLICE_FRAMES:
            path = self._new_path(len(self.segments))
            self._shared = Segment(f"play {scene.renderer.num_plays + 1} and short ones after it", path, 0, drawn_here=True)
            self.segments.append(self._shared)
            self.own.begin(path)
        shown = self.own.append(draw)
        self._shared.frames += shown
        scene.renderer.static_image = None
        return shown

    def _step(self, scene: Scene, times: np.ndarray) -> int:
        """Go through every frame here, because each follows from the one before, and draw here as well if that is possible.

        Where it is not, or where the frames were probably drawn by an earlier render, a worker stands at the start of
        each slice while this process goes through it. What a user's code will do cannot be keyed, but what it did can:
        the worker is sent home if the frames turn out to be known.
        """
        draws_here, shown = self._can_draw_here(scene), 0
        for start, stop in fixed_slices(len(times), LONG_SLICE_FRAMES if draws_here else SLICE_FRAMES):
            number, part = len(self.segments), times[start:stop]
            segment = Segment(label(scene, start, stop), Path(), stop - start)
            if number in self.finished:
                segment.frames, stopped, _ = self._go_through(scene, part)
                segment.path = self.finished[number]
                self.on_frames(segment.frames)
            elif draws_here and not self._was_drawn(scene, part):
                stopped = self._step_here(scene, part, segment)
            else:
                stopped = self._step_beside_worker(scene, part, segment)
            self.segments.append(segment)
            shown += segment.frames
            if stopped:
                break
        return shown

    def _go_through(self, scene: Scene, times: np.ndarray, draw_into: Path | None = None) -> tuple[int, bool, Digest | None]:
        """Take the scene through these times; the number of frames, whether it stopped before its time, and their key."""
        key, stopped, shown = self._key(lambda: _frames_key(scene, *self._salt)), False, 0

        def note() -> None:
            if key is not None:
                key.camera(scene.renderer.camera)
                key.look(scene.moving_mobjects)

        def stop() -> bool:
            nonlocal stopped
            stopped = has_stopped(scene)
            return stopped

        if draw_into is not None:
            shown = self._draw_here(go_through(scene, times, note, stop), draw_into, len(times))
            scene.renderer.static_image = None
            return shown, stopped, key
        for t in times:
            scene.update_to_time(t)
            shown += 1
            note()
            if stop():
                break
        return shown, stopped, key

    def _step_here(self, scene: Scene, times: np.ndarray, segment: Segment) -> bool:
        """Draw each frame as this process comes to it; whether the play stopped before its time."""
        path = self._new_path(len(self.segments))
        segment.frames, stopped, key = self._go_through(scene, times, path)
        segment.path, segment.drawn_here = path, True
        if key is not None:
            known = self._find(key)
            # It had to be drawn to be recognised; the kept one is taken, so that the file comes out the same.
            segment.path, segment.drawn_here = known or self.store.path(key.key()), known is None
            self.own.lane.do(path.unlink) if known is not None else self.own.lane.do(path.replace, segment.path)
            self._under_way[segment.path] = segment
        return stopped

    def _step_beside_worker(self, scene: Scene, times: np.ndarray, segment: Segment) -> bool:
        """Go through the frames while a worker waits at the first, or draws them; whether the play stopped before its time."""
        segment.worker = self._start(segment.label, self._task(go_through(scene, times)))
        if not self.keep:
            self._send(segment, self._new_path(len(self.segments)))
        segment.frames, stopped, key = self._go_through(scene, times)
        known = self._find(key) if key is not None else None
        if known is not None:
            self.pool.dismiss(segment.worker)
            segment.worker, segment.path = None, known
            self.on_frames(segment.frames)
        elif self.keep:
            self._send(segment, self.store.path(key.key()) if key is not None else self._new_path(len(self.segments)))
        return stopped

    def _was_drawn(self, scene: Scene, times: np.ndarray) -> bool:
        """Whether a slice that began as this one does has been drawn by an earlier render, for all that can be seen of it.

        It may go on in another way this time. Of a short one it does not matter: it is drawn in less than a worker costs.
        """
        if self._is_short(scene, len(times)):
            return False
        key = self._key(lambda: _frames_key(scene, *self._salt))
        if key is None:
            return False
        key.array(times)
        key.look(scene.moving_mobjects)
        begun = key.key()
        if self.store.was_begun(begun):
            return True
        self.store.note_begun(begun)
        return False

    def _is_short(self, scene: Scene, frames: int) -> bool:
        """Whether drawing so many frames here costs less than a worker for them."""
        if frames > SHORT_FRAMES:
            return False
        if self._to_open + frames * self._per_frame >= SHORT_SECONDS:
            # What was slow once need not stay slow.
            self._per_frame *= 0.95
            return False
        return self._can_draw_here(scene)

    def _can_draw_here(self, scene: Scene) -> bool:
        """Whether this process may draw the scene as it stands.

        What draws itself is left to workers: they can be replaced. So are cameras with ways of their own, whose drawing
        leaves marks on the scene.
        """
        if not getattr(scene.renderer.camera, "draws_in_part", False):
            return False
        shown = (part for mobject in scene.mobjects for part in mobject.get_family())
        return not any(paints_itself(type(part)) for part in shown)

    def _draw_here(self, draw: Draw, path: Path, frames: int, held: bool = False) -> int:
        """Draw a segment in this process; the number of its frames. It also learns how long that takes."""
        started = time.thread_time()
        shown = self.own.draw(draw, path, held=held)
        taken = time.thread_time() - started
        self._per_frame = max(taken / (1 if held else max(frames, 1)), 0.1 * self._per_frame)
        return shown

    def _add(
        self,
        label: str,
        frames: int,
        key: Digest | None,
        draw: Draw,
        held: bool = False,
        here: bool = False,
    ) -> None:
        number = len(self.segments)
        known = self.finished.get(number) or (self._find(key) if key is not None else None)
        if known is not None:
            self.segments.append(Segment(label, known, frames))
            self.on_frames(frames)
            return
        path = self._new_path(number) if key is None else self.store.path(key.key())
        if here:
            self._draw_here(draw, path, frames, held)
            segment = Segment(label, path, frames, drawn_here=True)
            self._under_way[path] = segment
            self.segments.append(segment)
            return
        segment = Segment(label, Path(), frames, self._start(label, self._task(draw, held)))
        self._send(segment, path)
        self.segments.append(segment)

    def _start(self, label: str, task: Task) -> Worker:
        # No encoder may be at work in a thread when the process is forked.
        self.own.wait()
        return self.pool.start(label, task)

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
        return self.store.path(f"segment-{number}-{os.getpid()}-{id(self):x}")

    def _task(self, draw: Draw, held: bool = False) -> Task:
        """What a worker does: write a segment under a name of its own and rename it when it is whole."""

        def task(order: str, tell: Tell) -> dict[str, Any]:
            path = Path(order)
            partial = part_of(path)
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
        self.own.wait()
        self.pool.finish()
        for segment in self.segments:
            report = segment.worker.report if segment.worker is not None else None
            if report is not None and report["frames"] != segment.frames:
                raise EngineError(
                    f"{segment.label}: a worker drew {report['frames']} frames where the scene counted "
                    f"{segment.frames}; something in this play depends on the clock or on the process"
                )

    def close(self) -> None:
        """End what still runs, and remove the half segments that it leaves."""
        self.own.close()
        self.pool.close()
        self.store.sweep()


def _frames_key(scene: Scene, *salt: str) -> Digest:
    key = Digest("frames", *salt)
    key.camera(scene.renderer.camera)
    key.look(scene.static_mobjects)
    return key
