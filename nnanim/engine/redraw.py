"""Draws the frames of a play, each out of the one before: only the parts of the picture in which something changed
are drawn again. The pictures are those that drawing everything gives."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import cairo
import numpy as np
from manim import Mobject, Scene, VMobject
from manim.constants import LineJointType
from manim.utils.iterables import list_update

from nnanim.visuals.paint.contract import paints_itself, tells_its_appearance

from .boxes import Box, boxes_around
from .camera import Outline, path_appender
from .renderer import draw_moving, draw_static

# From this share of the picture on, drawing all of it costs less than finding out what may stay.
MOST_OF_THE_PICTURE = 0.7
# A pixel is touched by what lies beside it, and the widths of strokes are rounded.
_AROUND = 2.0
# Cairo cuts a corner off where it would stick out further than this many half widths.
_MITER_LIMIT = 10.0
_POINTED = (LineJointType.AUTO, LineJointType.MITER)
_NOWHERE = (math.inf, math.inf, -math.inf, -math.inf)
_ANYWHERE = (-math.inf, -math.inf, math.inf, math.inf)
# Left, top, right and bottom in pixels, not yet rounded.
_Reach = tuple[float, float, float, float]


class _Drawn:
    """A mobject as it stands in the last picture; ``look`` is an :class:`Outline`, or what ``appearance()`` gave."""

    __slots__ = ("look", "mobject", "reach")

    def __init__(self, mobject: Any, look: Any) -> None:
        self.mobject = mobject
        self.look = look
        # None until it is asked for.
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

    def frame(self) -> tuple[np.ndarray, tuple[Box, ...] | None]:
        """Draw the scene as it stands; the picture (H, W, 4) is the camera's own and changes with the next frame.

        Beside it come the boxes outside of which the picture is the one before, or ``None`` where they are unknown.
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
        boxes = self._changed(before, drawn) if before is not None else None
        self._drawn = drawn
        within = self._within(boxes, drawn) if boxes else []
        if any(not _keeps_to_clip(entry) for entries in within for entry in entries):
            boxes = None
        if boxes is None:
            np.copyto(camera.pixel_array, self._base(), casting="unsafe")
            self._draw(drawn, context)
        else:
            for box, entries in zip(boxes, within, strict=True):
                self._mend(box, entries, context)
        return camera.pixel_array, boxes

    def _mobjects(self) -> list[Any] | None:
        """What is drawn, from back to front, or ``None`` if something in it can only be drawn by the camera itself."""
        scene, camera = self.scene, self.camera
        moving = scene.moving_mobjects or list_update(scene.mobjects, scene.foreground_mobjects)
        mobjects = camera.get_mobjects_to_display(moving)
        one_of_kind = {type(mobject): mobject for mobject in mobjects}
        of_kind = {kind: camera.type_or_raise(mobject) for kind, mobject in one_of_kind.items()}
        if not all(
            drawn_as in (VMobject, Mobject) and (not paints_itself(kind) or tells_its_appearance(kind))
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
        known = {id(entry.mobject): entry for entry in self._drawn or ()}
        plain = iter(self.camera.outlines([mobject for mobject in mobjects if not _paints(mobject)]))
        entries = []
        for mobject in mobjects:
            entry = known.get(id(mobject))
            look = (
                mobject.appearance(entry.look if entry is not None else None)
                if _paints(mobject)
                else next(plain)
            )
            if entry is None or look is not entry.look:
                entry = _Drawn(mobject, look)
            entries.append(entry)
        return entries

    def _changed(self, before: list[_Drawn], after: list[_Drawn]) -> tuple[Box, ...] | None:
        """The pixels in which two pictures may differ, or ``None`` if that is anywhere."""
        was, now = set(map(id, before)), set(map(id, after))
        kept_before = [entry for entry in before if id(entry) in now]
        kept_after = [entry for entry in after if id(entry) in was]
        if kept_before != kept_after:
            return None
        gone = {id(entry.mobject): entry for entry in before if id(entry) not in now}
        come = [entry for entry in after if id(entry) not in was]
        reaches: list[_Reach] = []
        for entry in come:
            old = gone.pop(id(entry.mobject), None)
            if old is not None and hasattr(entry.look, "change_since"):
                reaches.append(self._in_pixels(entry.look.change_since(old.look)))
            else:
                reaches += [self._reach(each) for each in (entry, old) if each is not None]
        reaches += [self._reach(entry) for entry in gone.values()]
        edges = np.array(reaches).reshape(-1, 4)
        if np.isnan(edges).any():
            return None
        height, width = self.camera.pixel_array.shape[:2]
        boxes = boxes_around(edges, height, width)
        return boxes if sum(box.area for box in boxes) < MOST_OF_THE_PICTURE * width * height else None

    def _in_pixels(self, corners: Sequence[float] | None) -> _Reach:
        """Where a box in the scene (left, bottom, right, top) lies on the picture; anywhere, when nobody can tell."""
        if corners is None:
            return _ANYWHERE
        to = self._view[0]
        left, bottom, right, top = corners
        return (
            to.xx * left + to.x0 - _AROUND,
            to.yy * top + to.y0 - _AROUND,
            to.xx * right + to.x0 + _AROUND,
            to.yy * bottom + to.y0 + _AROUND,
        )

    def _in_scene(self, box: Box) -> _Reach:
        """A box of pixels, and the pixels around it, as left, bottom, right and top in the scene."""
        to = self._view[0]
        return (
            (box.left - _AROUND - to.x0) / to.xx,
            (box.bottom + _AROUND - to.y0) / to.yy,
            (box.right + _AROUND - to.x0) / to.xx,
            (box.top - _AROUND - to.y0) / to.yy,
        )

    def _reach(self, entry: _Drawn) -> _Reach:
        """Where a mobject's ink lies on the picture, at the most."""
        if entry.reach is None:
            entry.reach = self._measured(entry.look)
        return entry.reach

    def _measured(self, look: Any) -> _Reach:
        if look is None:
            return _NOWHERE
        if not isinstance(look, Outline):
            return self._in_pixels(look.box())
        to, (left, bottom, right, top), margin = self._view[0], look.path.box, self._margin(look)
        return (
            to.xx * left + to.x0 - margin,
            to.yy * top + to.y0 - margin,
            to.xx * right + to.x0 + margin,
            to.yy * bottom + to.y0 + margin,
        )

    def _margin(self, outline: Outline) -> float:
        """How far strokes reach beyond the points, in pixels."""
        style = outline.style
        width = max(
            style.width if style.stroke is not None else 0,
            style.background_width if style.background is not None else 0,
        )
        if not width:
            return _AROUND
        pointed = style.joint in _POINTED and not outline.path.is_one_curve
        matrix, multiple = self._view
        half = 0.5 * width * multiple * max(abs(matrix.xx), abs(matrix.yy))
        # Square caps reach half a width beyond the end and to both sides.
        return _AROUND + half * (_MITER_LIMIT if pointed else 1.5)

    def _base(self) -> np.ndarray:
        """What everything is drawn on."""
        base = self.scene.renderer.static_image
        return self.camera.background if base is None else base

    def _within(self, boxes: Iterable[Box], drawn: Sequence[_Drawn]) -> list[list[_Drawn]]:
        """The mobjects that lie in each box at least in part, as far as is known."""
        reaches = np.array([self._reach(entry) for entry in drawn]).reshape(-1, 4)
        left, top, right, bottom = reaches.T
        within = []
        for box in boxes:
            meet = (top < box.bottom) & (bottom > box.top) & (left < box.right) & (right > box.left)
            within.append([drawn[place] for place in meet.nonzero()[0].tolist()])
        return within

    def _mend(self, box: Box, entries: Sequence[_Drawn], context: cairo.Context) -> None:
        """Bring the part of the picture within ``box`` up to date.

        Cairo keeps to its rows only, since a clip from the sides would change how it rounds strokes; what is drawn
        beside the box is taken back.
        """
        picture = self.camera.pixel_array
        rows = picture[box.top : box.bottom]
        reaches = [self._reach(entry) for entry in entries]
        beside = []
        if any(left < box.left for left, _, _, _ in reaches):
            beside.append(rows[:, : box.left])
        if any(right > box.right for _, _, right, _ in reaches):
            beside.append(rows[:, box.right :])
        kept = [side.copy() for side in beside]
        columns = slice(box.left, box.right)
        np.copyto(rows[:, columns], self._base()[box.top : box.bottom, columns], casting="unsafe")
        context.save()
        context.identity_matrix()
        context.new_path()
        context.rectangle(0, box.top, picture.shape[1], box.bottom - box.top)
        context.clip()
        context.set_matrix(self._view[0])
        self._draw(entries, context, box)
        context.restore()
        for side, pixels in zip(beside, kept, strict=True):
            side[:] = pixels

    def _draw(self, entries: Iterable[_Drawn], context: cairo.Context, box: Box | None = None) -> None:
        """Draw these, of mobjects of many parts only those that lie in ``box``."""
        camera, appender = self.camera, self._appender
        corners = self._in_scene(box) if box is not None else None
        for entry in entries:
            if isinstance(entry.look, Outline):
                camera.put(entry.look, entry.mobject, context, appender)
            elif entry.look is not None:
                camera.paint(entry.mobject, context, entry.look.parts_within(corners) if corners else None)


def _keeps_to_clip(entry: _Drawn) -> bool:
    return entry.look is None or isinstance(entry.look, Outline) or entry.mobject.keeps_to_clip


def _paints(mobject: Any) -> bool:
    """Whether a mobject draws itself."""
    return paints_itself(type(mobject))
