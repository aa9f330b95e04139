"""manim's renderer, with the drawing taken out: it runs the plays and hands their frames to a recorder.
The order of everything that a scene can notice is manim's own."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
from manim import Scene, VMobject, Wait, config
from manim.renderer.cairo_renderer import CairoRenderer
from manim.scene.scene_file_writer import SceneFileWriter
from manim.utils.iterables import list_update

from .errors import EngineError
from .plays import can_jump
from .settings import Annotations


class Recorder(Protocol):
    """What becomes of the frames of a play."""

    def hold(self, scene: Scene, frames: int) -> None:
        """Show the scene as it stands for so many frames."""

    def animate(self, scene: Scene, times: np.ndarray) -> int:
        """Take the scene through these times (seconds since the play began); the number of frames shown."""


class EngineRenderer(CairoRenderer):
    """Drives a scene through its plays; frames go to :attr:`recorder`."""

    recorder: Recorder
    frames: int = 0
    view_is_fixed: bool = False

    @classmethod
    def take_over(
        cls, scene: Scene, recorder: Recorder, make_writer: Callable[[Scene], Any] | None = None
    ) -> EngineRenderer:
        """Turn the renderer that ``scene`` made for itself into this one."""
        renderer = scene.renderer
        if not isinstance(renderer, CairoRenderer):
            raise EngineError(f"{type(scene).__name__} is drawn by {type(renderer).__name__}, not by cairo")
        renderer.__class__ = cls
        assert isinstance(renderer, EngineRenderer)
        renderer.recorder = recorder
        writer = make_writer(scene) if make_writer else QuietFileWriter(scene.file_writer_settings)
        writer.renderer = renderer
        renderer.file_writer = writer
        return renderer

    def play(self, scene: Scene, *args: Any, **kwargs: Any) -> None:
        self.skip_animations = self._original_skipping_status
        self.update_skipping_status()
        scene.compile_animation_data(*args, **kwargs)
        scene.begin_animations()
        self._fix_view(scene)
        if self.skip_animations:
            self.time += scene.duration
            if not scene.is_current_animation_frozen_frame():
                scene.play_internal(skip_rendering=True)
        elif scene.is_current_animation_frozen_frame():
            self._hold(scene)
        else:
            self._animate(scene)
        self.num_plays += 1

    def _fix_view(self, scene: Scene) -> None:
        """Let the camera decide how the scene lies on the picture when manim does: as the first thing is drawn.

        Most cameras keep this for good; a worker that decided it for its own first frame would draw another picture.
        """
        if not self.view_is_fixed:
            camera, shown = self.camera, list_update(scene.mobjects, scene.foreground_mobjects)
            if any(isinstance(each, VMobject) for each in camera.get_mobjects_to_display(shown)):
                camera.get_cairo_context(camera.pixel_array)
                self.view_is_fixed = True

    def _hold(self, scene: Scene) -> None:
        dt = 1 / self.camera.frame_rate
        # manim truncates here and rounds up in an animation; frame counts follow it to the letter.
        frames = int(scene.duration / dt)
        if frames:
            self._turn_camera()
            self.recorder.hold(scene, frames)
            self.time += frames * dt
            self.frames += frames

    def hold_last(self, scene: Scene, frames: int) -> None:
        """Show the finished scene for so many frames more."""
        scene.compile_animation_data(Wait(frozen_frame=True))
        scene.begin_animations()
        self.recorder.hold(scene, frames)
        self.time += frames / self.camera.frame_rate
        self.frames += frames

    def _animate(self, scene: Scene) -> None:
        assert scene.animations is not None
        scene.duration = scene.get_run_time(scene.animations)
        times = np.arange(0, scene.duration, 1 / config["frame_rate"])
        shown = self.recorder.animate(scene, times)
        for _ in range(shown):
            # Added one by one, because that is the sum that manim's clock shows.
            self.time += 1 / self.camera.frame_rate
        self.frames += shown
        for animation in scene.animations:
            animation.finish()
            animation.clean_up_from_scene(scene)
        scene.update_mobjects(0)
        self.static_image = None
        self._turn_camera()

    def _turn_camera(self) -> None:
        """What drawing a frame does in manim: a scene may ask a 3-D camera where a point falls."""
        if hasattr(self.camera, "reset_rotation_matrix"):
            self.camera.reset_rotation_matrix()

    def scene_finished(self, scene: Scene) -> None:
        """Nothing: the recorder's owner puts the file together."""


class QuietFileWriter(SceneFileWriter):
    """Keeps what a scene says about sections, sounds and subcaptions, and writes nothing."""

    renderer: EngineRenderer | None = None
    section_starts: tuple[tuple[float, str], ...] = ()

    def next_section(self, name: str, type_: str, skip_animations: bool) -> None:
        super().next_section(name, type_, skip_animations)
        if self.renderer is not None and not skip_animations:
            start = self.renderer.frames / self.renderer.camera.frame_rate
            self.section_starts = (*self.section_starts, (start, name))

    def print_file_ready_message(self, file_path: Any) -> None:
        """Nothing was written, so nothing is announced."""


def scene_annotations(scene: Scene) -> Annotations:
    """What a plain manim scene says about itself: subcaptions as captions, named sections as chapter marks."""
    writer = scene.renderer.file_writer
    end = scene.renderer.frames / scene.renderer.camera.frame_rate
    starts = [*writer.section_starts, (end, "")]
    return Annotations(
        chapters=[(start, stop, name) for (start, name), (stop, _) in pairwise(starts) if stop > start],
        captions=[
            (cue.start.total_seconds(), cue.end.total_seconds(), cue.content) for cue in writer.subcaptions
        ],
        language="und",
    )


class Rehearsal:
    """A recorder that draws nothing."""

    def hold(self, scene: Scene, frames: int) -> None:
        """Nothing moves and nothing is drawn."""

    def animate(self, scene: Scene, times: np.ndarray) -> int:
        """Step through the times without drawing, where the scene's state could depend on every one of them."""
        if can_jump(scene):
            return len(times)
        for number, t in enumerate(times):
            scene.update_to_time(t)
            if scene.stop_condition is not None and scene.stop_condition():
                return number + 1
        return len(times)


def draw_static(scene: Scene) -> None:
    """Draw once what does not move during the current play; every frame starts from it."""
    scene.renderer.save_static_frame_data(scene, scene.static_mobjects)


def draw_moving(scene: Scene) -> np.ndarray:
    """Draw the current frame; the array (H, W, 4) is the camera's own and changes with the next frame."""
    scene.renderer.update_frame(scene, scene.moving_mobjects)
    return scene.renderer.camera.pixel_array


def snapshot(scene: Scene) -> np.ndarray:
    """The scene as it stands now, as RGBA uint8 (H, W, 4).

    It may be called in the middle of ``construct``, in a rehearsal as well as in a render.
    """
    renderer = scene.renderer
    camera = renderer.camera
    static_image, pixels = renderer.static_image, camera.pixel_array.copy()
    renderer.static_image = None
    camera.reset()
    camera.capture_mobjects(list_update(scene.mobjects, scene.foreground_mobjects))
    picture = camera.pixel_array.copy()
    camera.set_pixel_array(pixels)
    renderer.static_image = static_image
    return picture
