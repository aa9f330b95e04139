"""Draws the frames of a play, each out of the one before: only the part of the picture in which something changed
is drawn again. The pictures are those that drawing everything gives."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import cairo
import numpy as np
from manim import Mobject, Scene, VMobject
from manim.constants import LineJointType
from manim.utils.iterables import list_update

from .camera import Outline, path_appender
from .renderer import draw_moving, draw_static

# From this share of the picture on, drawing all of it costs less than finding out what may stay.
MOST_OF_THE_PICTURE = 0.7
# A pixel is touched by what lies beside it, and the widths of strokes are rounded.
_AROUND = 2.0
# Cairo cuts a corner off where it would stick out further than this many half widths.
_MITER_LIMIT = 10.0
_NOWHERE = (math.inf, math.inf, -math.inf, -math.inf)


class Box(NamedTuple):
    """Pixels from ``top`` to before ``bottom`` and from ``left`` to before ``right``."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def area(self) -> int:
        """Number of pixels."""
        return max(0, self.bottom - self.top) * max(0, self.right - self.left)


# Left, top, right and bottom in pixels, not yet rounded; None where nobody can tell.
_Reach = tuple[float, float, float, float]


class _Drawn:
    """A mobject as it stands in the last picture; ``look`` is an :class:`Outline`, or what ``appearance()`` gave."""

    __slots__ = ("look", "mobject", "reach")

    def __init__(self, mobject: Any, look: Any) -> None:
        self.mobject = mobject
        self.look = look
        self.reach: _Reach | None = None


class Redraw:
    """The pictures of one play, to be made when its static part is known.

    Parameters
    ----------
    scene
        Its current play decides what stands still and what moves.
    """

    def __init__(self, scene: Scene) -> None:
        draw_static(scene)
        self.scene = scene
        self.camera: Any = scene.renderer.camera
        self._appender = path_appender()
        self._in_part = self._appender is not None and getattr(self.camera, "draws_in_part", False)
        self._drawn: list[_Drawn] | None = None
        self._view: tuple[Any, float] = (None, 0.0)
        self._background: np.ndarray | None = None

    def frame(self) -> tuple[np.ndarray, Box | None]:
        """Draw the scene as it stands; the picture (H, W, 4) is the camera's own and changes with the next frame.

        Beside it comes the box outside of which the picture is the one before, or ``None`` where that is unknown.
        """
        mobjects = self._mobjects() if self._in_part else None
        if mobjects is None:
            self._drawn = None
            return draw_moving(self.scene), None
        camera = self.camera
        context = camera.get_cairo_context(camera.pixel_array)
        view = (context.get_matrix(), camera.cairo_line_width_multiple)
        if view != self._view or camera.background is not self._background:
            # Nothing lies where it lay, or all of it lies on something else.
            self._drawn, self._view, self._background = None, view, camera.background
        before, drawn = self._drawn, self._look_at(mobjects)
        box = self._changed(before, drawn) if before is not None else None
        self._drawn = drawn
        if box is not None and box.area == 0:
            return camera.pixel_array, box
        if box is not None:
            self._measure(drawn)
            if not all(_keeps_to_clip(entry) for entry in drawn if _meet(entry, box)):
                box = None
        self._draw(drawn, box, context)
        return camera.pixel_array, box

    def _mobjects(self) -> list[Any] | None:
        """What is drawn, from back to front, or ``None`` if something in it can only be drawn by the camera itself."""
        scene, camera = self.scene, self.camera
        moving = scene.moving_mobjects or list_update(scene.mobjects, scene.foreground_mobjects)
        mobjects = camera.get_mobjects_to_display(moving)
        of_kind = {type(mobject): camera.type_or_raise(mobject) for mobject in mobjects}
        if not all(
            drawn_as in (VMobject, Mobject) and (not hasattr(kind, "paint") or hasattr(kind, "appearance"))
            for kind, drawn_as in of_kind.items()
        ):
            return None
        if Mobject in of_kind.values():
            # The camera draws nothing for what is merely a mobject, such as a value that is tracked.
            mobjects = [mobject for mobject in mobjects if of_kind[type(mobject)] is VMobject]
        if any(mobject.get_background_image() for mobject in mobjects):
            return None
        return mobjects

    def _look_at(self, mobjects: Sequence[Any]) -> list[_Drawn]:
        """The mobjects as they are now; who did not change keeps the entry that it had."""
        before = self._drawn or []
        known = {id(entry.mobject): entry for entry in before}
        entries = []
        for mobject in mobjects:
            entry = known.get(id(mobject))
            if hasattr(type(mobject), "paint"):
                look = mobject.appearance(entry.look if entry is not None else None)
                same = entry is not None and look is entry.look
            else:
                look = self.camera.outline(mobject)
                same = entry is not None and _same(entry.look, look)
            entries.append(entry if same and entry is not None else _Drawn(mobject, look))
        return entries

    def _changed(self, before: list[_Drawn], after: list[_Drawn]) -> Box | None:
        """The pixels in which two pictures may differ, or ``None`` if that is anywhere."""
        was, now = set(map(id, before)), set(map(id, after))
        kept_before = [entry for entry in before if id(entry) in now]
        kept_after = [entry for entry in after if id(entry) in was]
        if any(a is not b for a, b in zip(kept_before, kept_after, strict=True)):
            return None
        gone = {id(entry.mobject): entry for entry in before if id(entry) not in now}
        come = [entry for entry in after if id(entry) not in was]
        self._measure([*gone.values(), *come])
        reaches = []
        for entry in come:
            old = gone.pop(id(entry.mobject), None)
            if old is not None and hasattr(entry.look, "change_since"):
                reaches.append(self._in_pixels(entry.look.change_since(old.look)))
            else:
                reaches += [entry.reach, *([old.reach] if old is not None else [])]
        reaches += [entry.reach for entry in gone.values()]
        return self._rounded(reaches)

    def _rounded(self, reaches: Iterable[_Reach | None]) -> Box | None:
        height, width = self.camera.pixel_array.shape[:2]
        left, top, right, bottom = _NOWHERE
        for reach in reaches:
            if reach is None or any(map(math.isnan, reach)):
                return None
            left, top = min(left, reach[0]), min(top, reach[1])
            right, bottom = max(right, reach[2]), max(bottom, reach[3])
        if left >= min(right, width) or top >= min(bottom, height) or right <= 0 or bottom <= 0:
            return Box(0, 0, 0, 0)
        box = Box(
            max(0, math.floor(top)),
            math.ceil(min(bottom, height)),
            max(0, math.floor(left)),
            math.ceil(min(right, width)),
        )
        return box if box.area < MOST_OF_THE_PICTURE * width * height else None

    def _in_pixels(self, corners: Sequence[float] | None) -> _Reach | None:
        """Where a box in the scene (left, bottom, right, top) lies on the picture."""
        if corners is None:
            return None
        to = self._view[0]
        left, bottom, right, top = corners
        return (
            to.xx * left + to.x0 - _AROUND,
            to.yy * top + to.y0 - _AROUND,
            to.xx * right + to.x0 + _AROUND,
            to.yy * bottom + to.y0 + _AROUND,
        )

    def _measure(self, entries: Iterable[_Drawn]) -> None:
        """Find out where these lie; all outlines at once."""
        unknown = [entry for entry in entries if entry.reach is None]
        outlines = [entry for entry in unknown if isinstance(entry.look, Outline)]
        for entry in unknown:
            if entry.look is None:
                entry.reach = _NOWHERE
            elif not isinstance(entry.look, Outline):
                entry.reach = self._in_pixels(entry.look.box())
        if not outlines:
            return
        points = np.frombuffer(b"".join(entry.look.points for entry in outlines)).reshape(-1, 3)[:, :2]
        starts = np.cumsum([0, *(len(entry.look.points) // 24 for entry in outlines[:-1])])
        to = self._view[0]
        low, high = np.minimum.reduceat(points, starts), np.maximum.reduceat(points, starts)
        margins = np.array([self._margin(entry.look) for entry in outlines])
        reaches = np.column_stack(
            [
                to.xx * low[:, 0] + to.x0 - margins,
                to.yy * high[:, 1] + to.y0 - margins,
                to.xx * high[:, 0] + to.x0 + margins,
                to.yy * low[:, 1] + to.y0 + margins,
            ]
        )
        for entry, reach in zip(outlines, reaches.tolist(), strict=True):
            entry.reach = tuple(reach)

    def _margin(self, outline: Outline) -> float:
        """How far strokes reach beyond the points, in pixels."""
        background_width, width, joint = outline.style[:3]
        width = max(
            width if outline.stroke is not None else 0,
            background_width if outline.background is not None else 0,
        )
        if not width:
            return _AROUND
        pointed = joint in (LineJointType.AUTO, LineJointType.MITER) and len(outline.elements) > 6
        matrix, multiple = self._view
        half = 0.5 * width * multiple * max(abs(matrix.xx), abs(matrix.yy))
        # Square caps reach half a width beyond the end and to both sides.
        return _AROUND + half * (_MITER_LIMIT if pointed else 1.5)

    def _draw(self, entries: Sequence[_Drawn], box: Box | None, context: cairo.Context) -> None:
        """Bring the picture, or its part within ``box``, up to date."""
        camera = self.camera
        picture, base = camera.pixel_array, self.scene.renderer.static_image
        if base is None:
            base = camera.background
        if box is None:
            np.copyto(picture, base, casting="unsafe")
            self._draw_each(entries, context)
            return
        part = slice(box.top, box.bottom)
        np.copyto(picture[part], base[part], casting="unsafe")
        context.save()
        context.identity_matrix()
        context.new_path()
        context.rectangle(0, box.top, picture.shape[1], box.bottom - box.top)
        context.clip()
        context.set_matrix(self._view[0])
        self._draw_each([entry for entry in entries if _meet(entry, box)], context)
        context.restore()

    def _draw_each(self, entries: Iterable[_Drawn], context: cairo.Context) -> None:
        camera, appender = self.camera, self._appender
        for entry in entries:
            if isinstance(entry.look, Outline):
                camera.put(entry.look, entry.mobject, context, appender)
            elif entry.look is not None:
                camera.paint(entry.mobject, context)


def _keeps_to_clip(entry: _Drawn) -> bool:
    return entry.look is None or isinstance(entry.look, Outline) or entry.mobject.keeps_to_clip


def _meet(entry: _Drawn, box: Box) -> bool:
    """Whether a mobject lies in the box at least in part, as far as is known."""
    if entry.reach is None:
        return True
    _, top, _, bottom = entry.reach
    return top < box.bottom and bottom > box.top


def _same(before: Any, after: Outline | None) -> bool:
    """Whether an outline would be drawn as the one before."""
    if before is None or after is None:
        return before is after
    return before.elements is after.elements and before.style == after.style
