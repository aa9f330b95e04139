"""The camera of a film: it comes nearer and goes back, lines grow less than what they bound, and what is pinned stays on the screen."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from manim import Animation, Mobject, Rectangle, config, smooth
from numpy.typing import NDArray

from nnanim.visuals.paint.painted import PaintedMovingCamera
from nnanim.visuals.paint.picture import Picture

LINES_GROW = 0.35
"""Widths of lines grow with this power of the zoom: at 43 times the size a rim is 3.7 times as wide, not 43 times."""


class FilmCamera(PaintedMovingCamera):
    """A moving camera for frames of any shape; a mobject with ``pinned = True`` stands on the screen wherever it looks."""

    moves_pinned_points: ClassVar[bool] = True
    """Says that points of mobjects are shown as they are, or where the camera's frame alone takes them."""

    def __init__(self, **kwargs: Any) -> None:
        home = Rectangle(width=config["frame_width"], height=config["frame_height"], stroke_width=0)
        super().__init__(**{"frame": home, **kwargs})

    @property
    def zoom(self) -> float:
        """How many times larger than at home things are shown."""
        return float(config["frame_width"]) / float(self.frame.width)

    @property
    def cairo_line_width_multiple(self) -> float:
        """Width of a line of stroke width 1, in scene units."""
        return float(self._line_width * self.zoom ** (LINES_GROW - 1.0))

    @cairo_line_width_multiple.setter
    def cairo_line_width_multiple(self, width: float) -> None:
        self._line_width = width

    def transform_points_pre_display(self, mobject: Mobject, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Where points are drawn: pinned ones go along with the camera's frame."""
        points = super().transform_points_pre_display(mobject, points)
        if getattr(mobject, "pinned", False):
            return np.asarray(points) / self.zoom + self.frame.get_center()
        return points


class Dolly(Animation):
    """Move the camera: its width changes by equal factors in equal times, so that nearing looks even.

    Parameters
    ----------
    camera
        The film's.
    center
        Where it looks at last, (3,).
    width
        Of its frame at last, in manim units.
    seconds, rate
        As of any animation.
    """

    function_of_time: ClassVar[bool] = True

    def __init__(self, camera: FilmCamera, center: Any, width: float, seconds: float = 1.6, rate: Any = smooth) -> None:
        self.center, self.width = np.asarray(center, dtype=float), float(width)
        super().__init__(camera.frame, run_time=seconds, rate_func=rate)

    def begin(self) -> None:
        """Remember where it stands."""
        self.first_center, self.first_width = self.mobject.get_center().copy(), float(self.mobject.width)
        self.interpolate(0)

    def interpolate(self, alpha: float) -> None:
        """Set the frame: what the camera heads for keeps its direction on the screen."""
        share = float(self.rate_func(min(max(alpha, 0.0), 1.0)))
        width = self.first_width * (self.width / self.first_width) ** share
        change = self.width - self.first_width
        way = share if abs(change) < 1e-6 * self.first_width else (width - self.first_width) / change
        x, y, _ = self.first_center + way * (self.center - self.first_center)
        look(self.mobject, x, y, width)

    def get_all_mobjects(self) -> list[Mobject]:
        """The camera's frame."""
        return [self.mobject]


class Follow(Animation):
    """Keep the camera on a point of a picture while it moves; at first it comes up to it.

    Parameters
    ----------
    camera
        The film's.
    picture, anchor
        What it follows: see :meth:`Picture.anchor`. What turns the picture's dials is to be played before it, or beside it.
    width
        Of its frame at last, in manim units.
    seconds
        How long.
    arrives
        Share of the time after which it has come up.
    """

    function_of_time: ClassVar[bool] = True

    def __init__(self, camera: FilmCamera, picture: Picture, anchor: str, width: float, seconds: float, arrives: float = 0.3) -> None:
        self.picture, self.anchor, self.width, self.arrives = picture, anchor, float(width), arrives
        super().__init__(camera.frame, run_time=seconds)

    def begin(self) -> None:
        """Remember where it stands."""
        self.first_center, self.first_width = self.mobject.get_center().copy(), float(self.mobject.width)
        self.interpolate(0)

    def interpolate(self, alpha: float) -> None:
        """Look where the point is now."""
        share = float(smooth(min(max(alpha / self.arrives, 0.0), 1.0)))
        width = self.first_width * (self.width / self.first_width) ** share
        x, y, _ = self.first_center + share * (self.picture.anchor(self.anchor) - self.first_center)
        look(self.mobject, float(x), float(y), width)

    def get_all_mobjects(self) -> list[Mobject]:
        """The camera's frame."""
        return [self.mobject]


def look(frame: Any, x: float, y: float, width: float) -> None:
    """Let a camera's frame have this middle and this width, in the shape of the film's."""
    half, high = width / 2, width / 2 * float(config["frame_height"]) / float(config["frame_width"])
    frame.set_points_as_corners([(x + half, y + high, 0), (x - half, y + high, 0), (x - half, y - high, 0), (x + half, y - high, 0), (x + half, y + high, 0)])
