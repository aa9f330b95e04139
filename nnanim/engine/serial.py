"""Records a scene in its own process, frame after frame, where workers cannot be forked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from manim import Scene

from .encode import Profile, SegmentWriter, open_segment
from .redraw import Redraw
from .segments import Segment
from .settings import RenderSettings


class SerialRecorder:
    """Draws and encodes one segment for every play; keeps none for later renders."""

    def __init__(
        self, folder: Path, settings: RenderSettings, profile: Profile, on_frames: Callable[[int], None]
    ) -> None:
        self.folder = folder
        self.settings = settings
        self.profile = profile
        self.on_frames = on_frames
        self.segments: list[Segment] = []

    @property
    def drawn(self) -> int:
        """Number of segments drawn by this recorder."""
        return len(self.segments)

    def hold(self, scene: Scene, frames: int) -> None:
        """Draw the scene as it stands once and show it for so many frames."""
        segment = self._open(held=True)
        picture, _ = Redraw(scene).frame()
        segment.write(picture, frames)
        self._close(scene, segment)
        self.on_frames(frames)

    def animate(self, scene: Scene, times: np.ndarray) -> int:
        """Draw the play from its first to its last frame."""
        segment = self._open()
        redraw = Redraw(scene)
        for t in times:
            scene.update_to_time(t)
            picture, changed = redraw.frame()
            segment.write(picture, changed=changed)
            self.on_frames(1)
            if scene.stop_condition is not None and scene.stop_condition():
                break
        return self._close(scene, segment)

    def cut(self) -> None:
        """Every play begins a segment of its own."""

    def finish(self) -> None:
        """Nothing is under way."""

    def close(self) -> None:
        """Nothing is left behind."""

    def _open(self, held: bool = False) -> SegmentWriter:
        self.folder.mkdir(parents=True, exist_ok=True)
        # No worker shares the cores here, so the encoder may take them all.
        return open_segment(self._path(), self.profile, self.settings, held=held, threads=0)

    def _path(self) -> Path:
        return self.folder / f"{len(self.segments):05}.{self.profile.container}"

    def _close(self, scene: Scene, segment: SegmentWriter) -> int:
        segment.close()
        self.segments.append(Segment(f"play {scene.renderer.num_plays + 1}", self._path(), segment.frames))
        return segment.frames
