"""Serial manim's own frames, taken from its renderer before they are encoded."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from manim import Scene
from manim.scene.scene_file_writer import SceneFileWriter

from nnanim.engine import RenderSettings
from nnanim.engine.session import configured


class FrameKeeper(SceneFileWriter):
    """Keeps every frame that manim's renderer hands over."""

    def __init__(self, settings):
        super().__init__(settings)
        self.pictures: list[np.ndarray] = []

    def write_frame(self, pixels, *, repeat=1):
        self.pictures.extend([pixels] * repeat)


def serial_frames(
    make_scene: Callable[[], Scene], settings: RenderSettings
) -> tuple[list[np.ndarray], Scene]:
    """All frames (H, W, 4) of a scene as manim 0.22 draws them, and the scene."""
    with configured(settings):
        scene = make_scene()
        scene.renderer.file_writer = FrameKeeper(scene.file_writer_settings)
        scene.render()
    return scene.renderer.file_writer.pictures, scene
