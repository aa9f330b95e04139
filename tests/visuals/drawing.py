"""Mobjects as the pixels that a camera makes of them."""

from __future__ import annotations

import numpy as np
from manim import Camera

from nnanim.visuals.page.theme import theme
from nnanim.visuals.paint.painted import PaintedCamera


def draw(*mobjects: object, camera_class: type[Camera] = PaintedCamera, **settings: object) -> np.ndarray:
    """The picture, (height, width, 4), 0–255; on the theme's background, unless the camera's settings say another."""
    camera = camera_class(**({"background_color": theme().background} | settings))
    camera.capture_mobjects(mobjects)
    return camera.pixel_array.astype(int)
