"""How the frames of a segment are drawn: by entering a play at a slice, or by going through it frame after frame."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from manim import Scene

from nnanim.visuals.paint.contract import prepares_painting

from .encode import SegmentWriter
from .redraw import Redraw
from .tween import quicken_animations

Tell = Callable[[int], None]
Draw = Callable[[SegmentWriter, Tell], None]


def hold(scene: Scene, frames: int) -> Draw:
    """Draw the scene as it stands once and show it for so many frames."""

    def draw(segment: SegmentWriter, tell: Tell) -> None:
        picture, _ = Redraw(scene).frame()
        segment.write(picture, frames)
        tell(frames)

    return draw


def enter(scene: Scene, times: np.ndarray) -> Draw:
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


def has_stopped(scene: Scene) -> bool:
    """Whether the scene's current wait is over before its time."""
    return scene.stop_condition is not None and bool(scene.stop_condition())


def go_through(
    scene: Scene,
    times: np.ndarray,
    note: Callable[[], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> Draw:
    """Draw a slice frame by frame; after each, ``note`` is called and ``stop`` asked whether it was the last one."""
    is_over = stop or partial(has_stopped, scene)

    def draw(segment: SegmentWriter, tell: Tell) -> None:
        redraw = Redraw(scene)
        for t in times:
            scene.update_to_time(t)
            picture, changed = redraw.frame()
            segment.write(picture, changed=changed)
            tell(1)
            if note is not None:
                note()
            if is_over():
                break

    return draw


def prepare_painting(scene: Scene) -> None:
    """Let mobjects that paint themselves work out here, once, what every worker would need."""
    camera = scene.renderer.camera
    for mobject in camera.get_mobjects_to_display(scene.moving_mobjects):
        if prepares_painting(mobject):
            mobject.prepare_painting(camera.get_cairo_context(camera.pixel_array), camera)


def label(scene: Scene, start: int, stop: int) -> str:
    """What a slice of the current play is called in messages."""
    return f"play {scene.renderer.num_plays + 1}, frames {start} to {stop - 1}"
