"""Draws the same pictures as manim's camera, faster: whole paths are handed to cairo in one call,
what cannot be seen is not drawn, and mobjects with a ``paint`` method draw themselves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import cairo
import numpy as np
from manim import Mobject, MovingCamera, VMobject
from manim.camera.camera import CAP_STYLE_MAP, LINE_JOIN_MAP, Camera
from manim.constants import CapStyleType, LineJointType

from nnanim.visuals.paint.contract import (
    fills_through_mask,
    lets_parts_paint,
    moves_only_pinned_points,
    paints_itself,
)

from .masks import Masks
from .paths import Path, PathAppender, path_appender, paths_of
from .shortcuts import families

_KEPT_OUTLINES = 20_000
# The methods that the quick drawing stands for; a camera that brings its own keeps it.
_REPLACED = ("set_cairo_context_path", "set_cairo_context_color", "apply_fill", "apply_stroke")
# The steps from a list of mobjects to a picture; a camera that brings its own is asked for whole pictures.
_STEPS = (
    "reset",
    "set_frame_to_background",
    "set_pixel_array",
    "capture_mobjects",
    "get_mobjects_to_display",
    "get_cairo_context",
    "display_multiple_vectorized_mobjects",
    "display_multiple_non_background_colored_vmobjects",
    "display_vectorized",
    "transform_points_pre_display",
)


_Colours = list[list[float]]
"""Rows of red, green, blue and opacity."""


class Style(NamedTuple):
    """How a path is drawn: the colours that show, widths, and the kind of joint and cap."""

    background: _Colours | None
    fill: _Colours | None
    stroke: _Colours | None
    background_width: float
    width: float
    joint: LineJointType
    cap: CapStyleType
    gradient: bytes | None
    """What decides, beside the points, where several colours begin and end."""


class Outline(NamedTuple):
    """What is drawn of one mobject, all of it values: what the mobject does next changes nothing here."""

    points: bytes
    """The mobject's points, of which the path was made."""
    path: Path
    style: Style


class QuickDrawing(Camera):
    """The drawing of vectorised mobjects as manim does it, with less Python.

    It takes :class:`Camera`'s place beneath a camera's own class, so that what that class overrides stays in force
    and its calls of ``super()`` arrive here.
    """

    # Whether the steps of drawing one mobject are manim's own; set for each class by :func:`quicken`.
    draws_as_manim = False
    # Whether a part of the picture can be drawn without the rest.
    draws_in_part = False
    shows_points_as_they_are = False

    def get_mobjects_to_display(
        self, mobjects: Any, include_submobjects: bool = True, excluded_mobjects: Any = None
    ) -> Any:
        if not include_submobjects or excluded_mobjects:
            return super().get_mobjects_to_display(mobjects, include_submobjects, excluded_mobjects)
        return families(mobjects, use_z_index=self.use_z_index, only_those_with_points=True)

    def type_or_raise(self, mobject: Mobject) -> type[Mobject]:
        kinds = self.__dict__.setdefault("_quick_kinds", {})
        kind = kinds.get(type(mobject))
        if kind is None:
            kind = kinds[type(mobject)] = super().type_or_raise(mobject)
        return kind

    def display_multiple_non_background_colored_vmobjects(
        self, vmobjects: Iterable[VMobject], pixel_array: np.ndarray
    ) -> None:
        context = self.get_cairo_context(pixel_array)
        for vmobject in vmobjects:
            if paints_itself(type(vmobject)):
                self.paint(vmobject, context)
            else:
                self.display_vectorized(vmobject, context)

    def paint(self, vmobject: Any, context: cairo.Context, parts: np.ndarray | None = None) -> None:
        """Let a mobject draw itself, or only some of its parts; what it sets in the context is forgotten."""
        context.save()
        if parts is None:
            vmobject.paint(context, self)
        else:
            vmobject.paint(context, self, parts)
        context.restore()

    def display_vectorized(self, vmobject: VMobject, ctx: cairo.Context) -> Any:
        appender = path_appender() if self.draws_as_manim else None
        if appender is None:
            return super().display_vectorized(vmobject, ctx)
        self.draw_quickly(vmobject, ctx, appender)
        return self

    def draw_quickly(self: Any, vmobject: VMobject, context: cairo.Context, appender: PathAppender) -> None:
        """Background stroke, fill and stroke of one mobject."""
        outline = self.outlines([vmobject])[0]
        if outline is not None:
            self.put(outline, vmobject, context, appender)

    def outlines(self: Any, vmobjects: Sequence[VMobject]) -> list[Outline | None]:
        """What would be drawn of these mobjects now; ``None`` where nothing shows.

        A mobject that looks as it did when it was last asked for has the same outline again, not only an equal one.
        """
        known = self.__dict__.setdefault("_quick_outlines", {})
        if len(known) > _KEPT_OUTLINES:
            known.clear()
        outlines: list[Outline | None] = []
        new: list[tuple[int, VMobject, np.ndarray, bytes, Style]] = []
        for place, vmobject in enumerate(vmobjects):
            outline = None
            style, points = self._style_of(vmobject), vmobject.points
            if style is not None and len(points):
                if not self.shows_points_as_they_are:
                    points = self.transform_points_pre_display(vmobject, points)
                content = points.tobytes()
                outline = known.get(id(vmobject))
                if outline is None or outline.points != content:
                    new.append((place, vmobject, points, content, style))
                elif outline.style != style:
                    outline = known[id(vmobject)] = Outline(content, outline.path, style)
            outlines.append(outline)
        if new:
            paths = self._paths_of([each[1] for each in new], [each[2] for each in new])
            for (place, vmobject, _, content, style), path in zip(new, paths, strict=True):
                outlines[place] = known[id(vmobject)] = Outline(content, path, style)
        return outlines

    def _paths_of(self: Any, vmobjects: list[VMobject], points: list[np.ndarray]) -> list[Path]:
        # All that manim does to points before it shows them is to look for what is not finite.
        if self.shows_points_as_they_are and not np.isfinite(np.concatenate(points)).all():
            points = [
                self.transform_points_pre_display(vmobject, some)
                for vmobject, some in zip(vmobjects, points, strict=True)
            ]
        return paths_of(vmobjects, points)

    def _style_of(self: Any, vmobject: VMobject) -> Style | None:
        """How a mobject would be drawn now, or ``None`` if nothing of it shows."""
        background_width, width = vmobject.get_stroke_width(True), vmobject.get_stroke_width(False)
        fill = _visible(self.get_fill_rgbas(vmobject))
        background = _visible(self.get_stroke_rgbas(vmobject, True)) if background_width else None
        stroke = _visible(self.get_stroke_rgbas(vmobject, False)) if width else None
        if fill is background is stroke is None:
            return None
        gradient = None
        if len(fill or ()) > 1 or len(stroke or ()) > 1 or len(background or ()) > 1:
            # It reaches over all parts of the mobject, and they may move where its own points do not.
            parts = vmobject.submobjects
            ends = vmobject.get_gradient_start_and_end_points if parts else vmobject.get_sheen_direction
            gradient = np.array(ends()).tobytes()
        joint, cap = vmobject.joint_type, vmobject.cap_style
        return Style(background, fill, stroke, background_width, width, joint, cap, gradient)

    def put(
        self: Any, outline: Outline, vmobject: VMobject, context: cairo.Context, appender: PathAppender
    ) -> None:
        """Draw a mobject's outline."""
        style = outline.style
        context.new_path()
        appender.append(context, outline.path.elements)
        if style.background is not None:
            self._stroke(context, vmobject, style, style.background, style.background_width)
        if style.fill is not None:
            self._set_source(context, style.fill, vmobject)
            if fills_through_mask(vmobject):
                masks: Masks = self.__dict__.setdefault("_quick_masks", Masks())
                masks.fill(context, outline.path, appender)
            else:
                context.fill_preserve()
        if style.stroke is not None:
            self._stroke(context, vmobject, style, style.stroke, style.width)

    def _stroke(
        self: Any, context: cairo.Context, vmobject: VMobject, style: Style, colours: _Colours, width: float
    ) -> None:
        self._set_source(context, colours, vmobject)
        context.set_line_width(width * self.cairo_line_width_multiple)
        context.set_line_join(LINE_JOIN_MAP[style.joint])
        context.set_line_cap(CAP_STYLE_MAP[style.cap])
        context.stroke_preserve()

    def _set_source(self: Any, context: cairo.Context, colours: _Colours, vmobject: VMobject) -> None:
        if len(colours) == 1:
            red, green, blue, alpha = colours[0]
            # The picture's bytes are in reverse order of cairo's.
            context.set_source_rgba(blue, green, red, alpha)
        else:
            self.set_cairo_context_color(context, np.array(colours), vmobject)


def _visible(rgbas: np.ndarray) -> _Colours | None:
    """The colours, or ``None`` where all are fully transparent: cairo leaves the picture as it is then."""
    colours: _Colours = rgbas.tolist()
    shows = colours[0][3] if len(colours) == 1 else any(colour[3] for colour in colours)
    return colours if shows else None


@lru_cache(maxsize=64)
def _quick_class(cls: type[Camera]) -> type[Camera]:
    bases = (QuickDrawing,) if cls is Camera else (cls, QuickDrawing)
    quick: Any = type(cls.__name__, bases, {"__module__": cls.__module__, "__qualname__": cls.__qualname__})
    quick.shows_points_as_they_are = cls.transform_points_pre_display is Camera.transform_points_pre_display
    quick.draws_as_manim = all(getattr(cls, name) is getattr(Camera, name) for name in _REPLACED)
    quick.draws_in_part = quick.draws_as_manim and all(
        getattr(cls, name) in (getattr(Camera, name), getattr(MovingCamera, name))
        or (name == "display_vectorized" and lets_parts_paint(cls))
        or (name == "transform_points_pre_display" and moves_only_pinned_points(cls))
        for name in _STEPS
    )
    return quick


def quicken(camera: Camera) -> None:
    """Make ``camera`` draw faster, whatever its class; its pictures stay the same."""
    if not isinstance(camera, QuickDrawing):
        cls: Any = type(camera)
        camera.__class__ = _quick_class(cls)
