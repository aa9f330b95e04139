"""Mobjects of many parts that draw themselves in one pass, and the cameras that let them.

All parts live in numpy arrays, so that a thousand cells cost one interpolation instead of a thousand.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar, Literal, Self

import cairo
import numpy as np
from manim import Camera, ManimColor, Mobject, MovingCamera, VMobject, straight_path
from numpy.typing import ArrayLike, NDArray

from nnanim.visuals.paint.appearance import Appearance

Floats = NDArray[np.float64]
STRAIGHT = straight_path()
INVISIBLE = 1 / 512
"""An opacity below this changes no pixel of eight bits."""


def pixels_per_unit(ctx: cairo.Context) -> float:
    """Pixels along a manim unit, on a context that a camera has set up."""
    matrix = ctx.get_matrix()
    return float(abs(matrix.xx * matrix.yy - matrix.xy * matrix.yx) ** 0.5)


class Painted(VMobject):
    """A mobject whose ``n_parts`` parts are rows of arrays; ordinary manim animations work on it.

    A subclass names its arrays in :attr:`array_names` and draws them in :meth:`paint_parts`. Its geometry is ``points``:
    ``n_points_per_cubic_curve`` of them for each part, one part behind the other.

    Parameters
    ----------
    points
        Geometry, shape (n_parts × points of a part, 3), in manim units.
    points_per_part
        How many points describe a part.
    """

    array_names: ClassVar[tuple[str, ...]] = ("opacity",)
    """Arrays that interpolate, shape (n_parts, …) unless they are in :attr:`shared_names`."""

    shared_names: ClassVar[frozenset[str]] = frozenset()
    """Those of :attr:`array_names` that belong to the whole and not to its parts."""

    state_names: ClassVar[tuple[str, ...]] = ()
    """Attributes that cannot be interpolated: they change when an animation is over."""

    colored_by: ClassVar[Literal["fill", "stroke"]] = "fill"
    """Whether parts follow ``set_fill`` (areas) or ``set_stroke`` (lines) of a group they are in."""

    parts_stand_alone: ClassVar[bool] = True
    """Whether the ink of a part depends on its own rows and on what is shared, and on no other part."""

    def __init__(self, points: ArrayLike, points_per_part: int) -> None:
        super().__init__(stroke_width=0, fill_opacity=1, n_points_per_cubic_curve=points_per_part)
        self.points = np.array(points, dtype=float).reshape(-1, 3)
        self.opacity: Floats = np.ones(len(self.points) // points_per_part)

    def paint(self, ctx: cairo.Context, camera: Camera, parts: NDArray[np.bool_] | None = None) -> None:
        """Draw all parts, or those of a mask (n_parts,), on a camera's context, in scene units with y upwards."""
        opacity = self.opacity
        if parts is not None:
            self.opacity = np.where(parts, opacity, 0.0)
        ctx.save()
        ctx.new_path()  # manim leaves the last mobject's path behind
        try:
            self.paint_parts(ctx, camera)
        finally:
            self.opacity = opacity
        ctx.new_path()
        ctx.restore()

    @abstractmethod
    def paint_parts(self, ctx: cairo.Context, camera: Camera) -> None:
        """Draw all parts; the context has no path, and what is set in it is forgotten afterwards."""

    # ---- drawing again only what changed

    @property
    def overhang(self) -> float | None:
        """How far the ink of a part reaches beyond its points, in scene units; ``None`` when nobody can tell.

        A subclass that says so, or has its own :meth:`boxes_of_parts`, is drawn again only where it changed.
        """
        return None

    @property
    def keeps_to_clip(self) -> bool:
        """Whether it paints through the context alone, so that what lies outside of its clip stays as it is."""
        return True

    def boxes_of_parts(self) -> Floats | None:
        """Where the ink of each part lies: left, bottom, right, top, shape (n_parts, 4); ``None`` when unknown."""
        overhang = self.overhang
        if overhang is None:
            return None
        corners = self.parts()[:, :, :2]
        return np.hstack([corners.min(axis=1) - overhang, corners.max(axis=1) + overhang])

    def appearance(self, before: Appearance | None = None) -> Appearance:
        """How it looks now; ``before`` itself if that still holds."""
        return before if before is not None and before.still_holds(self) else Appearance(self)

    # ---- geometry

    @property
    def n_parts(self) -> int:
        """How many parts there are."""
        return len(self.points) // self.n_points_per_cubic_curve

    def parts(self, camera: Camera | None = None) -> Floats:
        """The geometry part by part, shape (n_parts, points of a part, 3); as the camera sees it when one is given."""
        points = self.points if camera is None else camera.transform_points_pre_display(self, self.points)
        if len(points) != len(self.points):  # manim's answer to points that are not finite
            points = np.zeros_like(self.points)
        return np.asarray(points, dtype=float).reshape(self.n_parts, self.n_points_per_cubic_curve, 3)

    # ---- colour and opacity, as manim's own methods understand them

    def set_fill(
        self, color: Any = None, opacity: float | Iterable[float] | None = None, family: bool = True
    ) -> Self:
        """Colour and opacity of areas; reaches every part."""
        super().set_fill(color, opacity, family)
        return self._styled("fill", color, opacity)

    def set_stroke(
        self,
        color: Any = None,
        width: float | Iterable[float] | None = None,
        opacity: float | Iterable[float] | None = None,
        background: bool = False,
        family: bool = True,
    ) -> Self:
        """Colour and opacity of lines; reaches every part."""
        super().set_stroke(color, width, opacity, background, family)
        return self if background else self._styled("stroke", color, opacity)

    def _styled(self, kind: str, color: Any, opacity: float | Iterable[float] | None) -> Self:
        if (
            kind == self.colored_by and "opacity" in self.__dict__
        ):  # manim styles a mobject before it is complete
            if color is not None:
                self.tint(np.array(ManimColor.parse(color).to_rgba()))
            if opacity is not None:
                self.opacity = np.broadcast_to(np.asarray(opacity, dtype=float), self.opacity.shape).copy()
        return self

    def tint(self, color: Floats) -> Self:
        """Give every part one colour, RGBA (4,) in 0–1; a subclass that has colours of its own does it."""
        return self

    def fade(self, darkness: float = 0.5, family: bool = True) -> Self:
        """Take away a share of the opacity: 1 makes it invisible."""
        self.opacity = self.opacity * (1.0 - darkness)
        Mobject.fade(self, darkness, family)
        return self

    # ---- animation

    def interpolate(
        self, mobject1: Mobject, mobject2: Mobject, alpha: float, path_func: Any = STRAIGHT
    ) -> Self:
        """Set geometry and every array between those of two others.

        Points that do not move stay the same to the last bit, so that what was worked out for them still holds.
        """
        if np.array_equal(mobject1.points, mobject2.points):
            self.points = mobject1.points.copy()
            return self.interpolate_color(mobject1, mobject2, alpha)
        return super().interpolate(mobject1, mobject2, alpha, path_func)

    def interpolate_color(self, mobject1: VMobject, mobject2: VMobject, alpha: float) -> Self:
        """Set every array between those of two others; 1 gives exactly the second."""
        for name in self.array_names:
            first, second = getattr(mobject1, name), getattr(mobject2, name)
            if alpha == 0 or alpha == 1 or first is second:
                setattr(self, name, (first if alpha == 0 else second).copy())
            else:
                setattr(self, name, first + alpha * (second - first))
        source = mobject2 if alpha == 1 else mobject1
        for name in self.state_names:
            setattr(self, name, getattr(source, name))
        if alpha in (0, 1):
            end = mobject1 if alpha == 0 else mobject2
            true_count = end.__dict__.get("_count_before_alignment", self.n_parts)
            self.__dict__.pop("_count_before_alignment", None)
            if true_count != self.n_parts:
                self._keep(true_count)
        return self

    def align_points(self, vmobject: VMobject) -> Self:
        """Give both the same number of parts: the shorter repeats its last part, unseen.

        Raises
        ------
        TypeError
            When the other is not the same kind of mobject.
        """
        if not isinstance(vmobject, Painted) or vmobject.array_names != self.array_names:
            raise TypeError(
                f"{type(self).__name__} cannot turn into {type(vmobject).__name__} part by part: use FadeTransform, "
                "or FadeOut and FadeIn"
            )
        counts = self.n_parts, vmobject.n_parts
        both: tuple[Painted, Painted] = (self, vmobject)
        for mobject, count in zip(both, counts, strict=True):
            if count < max(counts):
                mobject._count_before_alignment = count
                mobject._keep(max(counts))
        return self

    def _keep(self, count: int) -> None:
        """Cut or lengthen to ``count`` parts; added ones are unseen copies of the last."""
        before = self.n_parts
        rows = np.minimum(np.arange(count), before - 1)
        self.points = self.parts()[rows].reshape(-1, 3)
        for name in self.array_names:
            if name not in self.shared_names:
                setattr(self, name, getattr(self, name)[rows])
        self.opacity[before:] = 0.0

    def insert_n_curves(self, n: int) -> Self:
        """Add ``n`` unseen parts."""
        self._keep(self.n_parts + n)
        return self

    def pointwise_become_partial(self, vmobject: VMobject, a: float, b: float) -> Self:
        """Show the parts between two shares of the whole: one appears after another, several on their way at once."""
        assert isinstance(vmobject, Painted)
        self.points = vmobject.points.copy()
        overlap = max(1.0, self.n_parts / 6)  # in parts
        place = np.arange(self.n_parts)

        def reached(share: float) -> Floats:
            return np.clip((share * (self.n_parts - 1 + overlap) - place) / overlap, 0.0, 1.0)

        self.opacity = vmobject.opacity * (reached(b) - reached(a))
        return self

    def get_point_mobject(self, center: ArrayLike | None = None) -> Self:
        """What it grows from when it has no counterpart: itself, unseen, in one point."""
        ghost = self.copy().fade(1)
        ghost.points = np.tile(
            self.get_center() if center is None else np.asarray(center), (len(self.points), 1)
        )
        return ghost

    # ---- geometry that VMobject takes for cubic curves

    def get_points_defining_boundary(self) -> Floats:
        """All points: none of them is a handle."""
        return self.get_all_points()

    def apply_function(self, function: Any, **kwargs: Any) -> Self:
        """Move every point."""
        Mobject.apply_function(self, function, **kwargs)
        return self

    def get_image(self, camera: Camera | None = None) -> Any:
        """A picture of this mobject alone."""
        return super().get_image(PaintedCamera() if camera is None else camera)


def ink(camera: Camera, rgba: ArrayLike) -> Floats:
    """Colours in the order that the camera's surface wants, any shape (…, 4).

    manim reads Cairo's B, G, R bytes as R, G, B, and so hands colours over in reverse. A camera whose surface is in
    Cairo's own order says so with an attribute ``native_channels = True``.
    """
    rgba = np.asarray(rgba, dtype=float)
    return rgba if getattr(camera, "native_channels", False) else rgba[..., (2, 1, 0, 3)]


def near_clip(ctx: cairo.Context, heights: Floats, reach: float) -> NDArray[np.bool_]:
    """Which of these heights, in scene units, lie in the rows that are being drawn, or so near; where the others lie nothing shows."""
    _, low, _, high = ctx.clip_extents()
    return (heights > low - reach) & (heights < high + reach)


def mask_of(shape: tuple[int, ...], which: Any) -> NDArray[np.bool_]:
    """A flat mask from a mask of ``shape``, or from whatever indexes an array of it (``(rows, columns)``, slices …)."""
    if isinstance(which, list):
        which = np.asarray(which)
    mask = np.zeros(shape, dtype=bool)
    mask[which] = True
    return mask.reshape(-1)


def emphasis_of(mask: NDArray[np.bool_], strength: float, others: float) -> Floats:
    """Emphasis of each part: up to 1 where it is spoken of, down to −1 (unseen) elsewhere, 0 when nothing is said."""
    return np.where(mask, strength, others - 1.0)


class PaintsParts:
    """What makes a manim camera draw :class:`Painted` mobjects; put it in front of the camera's class."""

    paints_parts: ClassVar[bool] = True
    """Says that everything else is drawn as the camera beneath does it."""

    def display_vectorized(self, vmobject: VMobject, ctx: cairo.Context) -> Any:
        """Let the mobject paint itself if it can."""
        if not isinstance(vmobject, Painted):
            return super().display_vectorized(vmobject, ctx)  # type: ignore[misc]
        vmobject.paint(ctx, self)
        return self


class PaintedCamera(PaintsParts, Camera):
    """manim's camera, for scenes with :class:`Painted` mobjects: ``Scene(camera_class=PaintedCamera)``."""


class PaintedMovingCamera(PaintsParts, MovingCamera):
    """manim's moving camera, for scenes with :class:`Painted` mobjects."""
