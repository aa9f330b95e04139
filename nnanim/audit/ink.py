"""What is drawn where: the ink of every text and every shape of a moment, measured on pixels.

Things are drawn alone on nothing, and one after another as the viewer gets them, so that every answer is about ink
and not about bounding boxes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from manim import Camera, MarkupText, Mobject, Scene, Text, VMobject
from manim.utils.iterables import list_update
from numpy.typing import NDArray

from nnanim.audit.findings import Box
from nnanim.audit.ledger import SEEN, text_of
from nnanim.quantity import Quantity
from nnanim.visuals.cells.number_grid import NumberGrid
from nnanim.visuals.paint.painted import Painted

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Patch = tuple[slice, slice]
"""Rows and columns of the picture."""
FULL = 0.95
"""Opacity from which a text stands at full strength."""


@dataclass
class TextUnit:
    """A text as one thing: a line, a paragraph, a formula, or one number of a grid.

    ``first`` and ``last`` are its leaves' places in drawing order; ``opacity`` is what it is drawn with, 0–1;
    ``em`` is the height of one em in manim units (0 when unknown); ``alpha`` is its ink, drawn alone, in its patch.
    """

    name: str
    mobject: Mobject
    first: int
    last: int
    opacity: float
    em: float
    patch: Patch
    alpha: NDArray[np.float64]
    color: NDArray[np.float64]
    """RGB (rows, columns, 3) of the ink where there is any, 0–1."""
    part: int | None = None

    @cached_property
    def ink(self) -> Mask:
        """Pixels that are mostly ink, of the patch."""
        return self.alpha > 0.45 * max(self.opacity, 1e-6)

    @property
    def is_full(self) -> bool:
        """Whether it stands there at full strength: what is dimmed is not spoken of."""
        return self.opacity > FULL


@dataclass
class Moment:
    """Everything that is drawn at one moment of a scene.

    Making it draws the scene leaf by leaf; the scene itself stays as it is.
    """

    scene: Scene
    caption: Mobject | None = None
    furniture: frozenset[int] = frozenset()
    """ids of the mobjects that belong to the frame and not to the stage: title, progress dots, caption."""
    leaves: list[Mobject] = field(init=False)
    units: list[TextUnit] = field(init=False)
    picture: Pixels = field(init=False)
    behind: dict[int, Pixels] = field(init=False)
    """What stood behind a text just before it was drawn, by the text's place in :attr:`units`."""

    def __post_init__(self) -> None:
        self.camera: Camera = self.scene.renderer.camera
        everything = list_update(self.scene.mobjects, self.scene.foreground_mobjects)
        self.leaves = list(self.camera.get_mobjects_to_display(everything))
        self._alphas: dict[int, tuple[Patch | None, Pixels | None]] = {}
        self.place = {id(leaf): number for number, leaf in enumerate(self.leaves)}
        kept = self.camera.pixel_array.copy()
        static, self.scene.renderer.static_image = self.scene.renderer.static_image, None
        try:
            # What lies under a curtain, such as a film's title, is not there to be read.
            curtain = max((self.place[id(leaf)] for leaf in self.leaves if getattr(leaf, "curtain", False)), default=-1)
            self.units = [unit for unit in self._find_units(everything) if unit.last > curtain]
            self._draw_in_order()
        finally:
            self.camera.set_pixel_array(kept)
            self.scene.renderer.static_image = static

    # Units of the picture ------------------------------------------------------------------------------

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        rows, columns = self.camera.pixel_array.shape[:2]
        return rows, columns

    @property
    def scale(self) -> float:
        """Pixels per manim unit."""
        return float(self.size[0] / self.camera.frame_height)

    def to_pixels(self, box: Box) -> tuple[float, float, float, float]:
        """A box as (top, bottom, left, right), in pixels."""
        center = self.camera.frame_center
        rows, columns = self.size
        left, bottom, right, top = box
        return (
            rows / 2 - (top - center[1]) * self.scale,
            rows / 2 - (bottom - center[1]) * self.scale,
            columns / 2 + (left - center[0]) * self.scale,
            columns / 2 + (right - center[0]) * self.scale,
        )

    def to_units(self, top: float, bottom: float, left: float, right: float) -> Box:
        """Pixels' edges as a box in manim units."""
        center = self.camera.frame_center
        rows, columns = self.size
        return (
            float(center[0] + (left - columns / 2) / self.scale),
            float(center[1] + (rows / 2 - bottom) / self.scale),
            float(center[0] + (right - columns / 2) / self.scale),
            float(center[1] + (rows / 2 - top) / self.scale),
        )

    def nearness(self, mobject: Mobject) -> float:
        """How much larger a text is seen than it is: with a film's camera near it, unless it stays on the screen."""
        zoom = getattr(self.camera, "zoom", 1.0)
        return 1.0 if getattr(mobject, "pinned", False) else float(zoom)

    def patch_of(self, box: Box, margin: float = 3.0) -> Patch | None:
        """The part of the picture that a box covers, with a margin in pixels; None outside the frame."""
        rows, columns = self.size
        top, bottom, left, right = self.to_pixels(box)
        r0, r1 = max(0, int(top - margin)), min(rows, int(bottom + margin) + 1)
        c0, c1 = max(0, int(left - margin)), min(columns, int(right + margin) + 1)
        return (slice(r0, r1), slice(c0, c1)) if r0 < r1 and c0 < c1 else None

    def box_of(self, leaf: Mobject) -> Box | None:
        """The box of a leaf's points, as the camera sees them."""
        return box_of_leaf(leaf, self.camera)

    # Drawing -------------------------------------------------------------------------------------------

    def draw(self, leaves: Sequence[Mobject]) -> None:
        """Draw leaves over what stands in the camera's picture."""
        if leaves:
            self.camera.capture_mobjects(leaves, include_submobjects=False)

    def alone(self, leaves: Sequence[Mobject], patch: Patch) -> Pixels:
        """Leaves drawn on nothing, RGBA premultiplied, of a patch."""
        self.camera.pixel_array[...] = 0
        self.draw(leaves)
        return np.asarray(self.camera.pixel_array[patch].copy())

    def alpha_of(self, leaf: Mobject, patch: Patch) -> NDArray[np.float64] | None:
        """Coverage (rows, columns), 0–1, of a leaf drawn alone in a patch; None when it is elsewhere."""
        known = self._alphas.get(id(leaf))
        if known is None:
            box = self.box_of(leaf)
            own = None if box is None else self.patch_of(box, margin=8)
            kept = self.camera.pixel_array.copy()
            alpha = None if own is None else self.alone([leaf], (slice(None), slice(None)))[..., 3]
            self.camera.set_pixel_array(kept)
            known = self._alphas[id(leaf)] = (own, alpha)
        own, alpha = known
        if own is None or alpha is None:
            return None
        if any(max(one.start, two.start) >= min(one.stop, two.stop) for one, two in zip(own, patch, strict=True)):
            return None
        return np.asarray(alpha[patch] / 255.0)

    def _draw_in_order(self) -> None:
        before: dict[int, list[int]] = {}
        for number, unit in enumerate(self.units):
            before.setdefault(unit.first, []).append(number)
        stops = sorted({*before, len(self.leaves)})
        self.behind = {}
        self.camera.reset()
        done = 0
        for stop in stops:
            self.draw(self.leaves[done:stop])
            done = stop
            for number in before.get(stop, ()):
                self.behind[number] = self._behind(self.units[number])
        self.picture = self.camera.pixel_array.copy()

    def _behind(self, unit: TextUnit) -> Pixels:
        """What a text is about to be drawn on, the plate that it brings along included."""
        mobject: Any = unit.mobject
        if not getattr(mobject, "plate", 0.0):
            return np.asarray(self.camera.pixel_array[unit.patch].copy())
        kept, mobject.letters = self.camera.pixel_array.copy(), 0.0
        self.draw([mobject])
        behind = self.camera.pixel_array[unit.patch].copy()
        mobject.letters = 1.0
        self.camera.set_pixel_array(kept)
        return np.asarray(behind)

    # Texts ---------------------------------------------------------------------------------------------

    def _find_units(self, mobjects: Iterable[Mobject]) -> Iterable[TextUnit]:
        found: set[int] = set()
        for mobject in _text_mobjects(mobjects):
            if id(mobject) in found:
                continue
            found.add(id(mobject))
            yield from self._units_of(mobject)

    def _units_of(self, mobject: Mobject) -> Iterable[TextUnit]:
        leaves = [leaf for leaf in mobject.get_family() if id(leaf) in self.place]
        strength = strength_of(leaves)
        if not leaves or strength <= SEEN:
            return
        boxes = [box for leaf in leaves if (box := self.box_of(leaf)) is not None]
        if not boxes:
            return
        patch = self.patch_of(union(boxes))
        if patch is None:
            return
        drawn = self._letters(mobject, leaves, patch)
        places = [self.place[id(leaf)] for leaf in leaves]
        name = " ".join((text_of(mobject) or "").split())
        if not name:
            return
        if isinstance(mobject, NumberGrid):
            yield from self._numbers_of(mobject, patch, drawn, places)
            return
        alpha, color = _separate(drawn)
        yield TextUnit(name, mobject, min(places), max(places), strength, em_of(mobject) * self.nearness(mobject), patch, alpha, color)

    def _letters(self, mobject: Any, leaves: Sequence[Mobject], patch: Patch) -> Pixels:
        """A text drawn alone, without the plate that it may bring along: the ground of a label is no ink."""
        plate = getattr(mobject, "plate", 0.0)
        if not plate:
            return self.alone(leaves, patch)
        mobject.plate = 0.0
        drawn = self.alone(leaves, patch)
        mobject.plate = plate
        return drawn

    def _numbers_of(
        self, grid: NumberGrid, whole: Patch, drawn: Pixels, places: list[int]
    ) -> Iterable[TextUnit]:
        corners = grid.parts(self.camera)
        strengths = grid.inks[:, 3]
        for number, quantity in enumerate(grid.quantities):
            if not isinstance(quantity, Quantity) or strengths[number] <= SEEN:
                continue
            (left, bottom, _), (right, top, _) = corners[number].min(axis=0), corners[number].max(axis=0)
            patch = self.patch_of((left, bottom, right, top), margin=2)
            if patch is None:
                continue
            rows, columns = patch
            inside = (
                slice(rows.start - whole[0].start, rows.stop - whole[0].start),
                slice(columns.start - whole[1].start, columns.stop - whole[1].start),
            )
            if inside[0].start < 0 or inside[1].start < 0:
                continue
            alpha, color = _separate(drawn[inside])
            if alpha.shape != (rows.stop - rows.start, columns.stop - columns.start):
                continue
            yield TextUnit(
                quantity.text, grid, min(places), max(places), float(strengths[number]), grid.em, patch, alpha, color, number
            )

    def ink_box(self, unit: TextUnit) -> Box:
        """The box of a text's ink as far as it is in the frame."""
        rows, columns = np.nonzero(unit.alpha > 0.05)
        if not len(rows):
            rows, columns = np.array([0, unit.alpha.shape[0] - 1]), np.array([0, unit.alpha.shape[1] - 1])
        top, left = unit.patch[0].start, unit.patch[1].start
        return self.to_units(top + rows.min(), top + rows.max() + 1, left + columns.min(), left + columns.max() + 1)


def _text_mobjects(mobjects: Iterable[Mobject]) -> Iterable[Mobject]:
    for mobject in mobjects:
        if text_of(mobject) is None:
            yield from _text_mobjects(mobject.submobjects)
        else:
            yield mobject


def strength_of(leaves: Iterable[Mobject]) -> float:
    """The strength at which a text is drawn: that of its strongest part."""
    strongest = 0.0
    for leaf in leaves:
        if isinstance(leaf, NumberGrid):
            strongest = max(strongest, float(leaf.inks[:, 3].max(initial=0.0)))
        elif isinstance(leaf, VMobject):
            stroke = leaf.get_stroke_opacity() if leaf.get_stroke_width() > 0 else 0.0
            strongest = max(strongest, float(leaf.get_fill_opacity()), float(stroke))
    return strongest


def _separate(drawn: Pixels) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coverage (rows, columns) and colour (rows, columns, 3) of premultiplied pixels, 0–1."""
    alpha = drawn[..., 3] / 255.0
    color = np.clip(drawn[..., :3] / 255.0 / np.maximum(alpha, 1e-3)[..., None], 0.0, 1.0)
    return alpha, color


def em_of(mobject: Any) -> float:
    """Height of one em of a text now, in manim units; 0 when it does not say.

    manim sets one em one unit high at font size 72 with Pango, and at 96 with Typst and TeX.
    """
    size = getattr(mobject, "font_size", None)
    if isinstance(size, int | float | np.floating):
        return float(size) / (72.0 if isinstance(mobject, Text | MarkupText) else 96.0)
    em = getattr(mobject, "em", None)
    return float(em) if isinstance(em, int | float | np.floating) else 0.0


def bezier_extremes(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points on cubic curves (4 × n, 3) close enough together that their box is the curves'."""
    a, b, c, d = (points[start::4, None, :] for start in range(4))
    t = np.linspace(0, 1, 5)[None, :, None]
    return np.asarray((1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t**2 * c + t**3 * d).reshape(-1, 3)


def union(boxes: Sequence[Box]) -> Box:
    """The smallest box around boxes."""
    array = np.array(boxes)
    return (*map(float, array[:, :2].min(axis=0)), *map(float, array[:, 2:].max(axis=0)))  # type: ignore[return-value]


def name_of(mobject: Mobject) -> str:
    """What a finding calls an object: its text, or its class."""
    written = text_of(mobject)
    return " ".join(written.split()) if written else type(mobject).__name__


def box_of_leaf(leaf: Mobject, camera: Camera) -> Box | None:
    """The box of what a leaf draws, without the width of its lines, as a camera sees it; None when it draws nothing."""
    points = camera.transform_points_pre_display(leaf, leaf.points)
    if isinstance(leaf, Painted) and leaf.n_parts and len(leaf.opacity) == leaf.n_parts:
        seen = np.repeat(leaf.opacity > SEEN, leaf.n_points_per_cubic_curve)
        points = points[seen] if len(seen) == len(points) else points
    elif isinstance(leaf, VMobject) and len(points) % 4 == 0 and len(points):
        points = bezier_extremes(points)
    if len(points) == 0 or not np.isfinite(points).all():
        return None
    low, high = points.min(axis=0), points.max(axis=0)
    return (float(low[0]), float(low[1]), float(high[0]), float(high[1]))


def reaches(leaf: Mobject, camera: Camera, edge: Box) -> bool:
    """Whether a leaf's ink reaches over an edge: outside ``edge``, or to the picture's rim where that is the edge.

    Points of a painted mobject may be handles of curves that run well inside of them; its pixels tell.
    """
    kept = camera.pixel_array.copy()
    try:
        camera.pixel_array[...] = 0
        camera.capture_mobjects([leaf], include_submobjects=False)
        alpha = camera.pixel_array[..., 3] > 255 * 0.08
    finally:
        camera.set_pixel_array(kept)
    rows, columns = alpha.shape
    scale = rows / camera.frame_height
    x, y = camera.frame_center[:2]
    left, right = columns / 2 + (edge[0] - x) * scale, columns / 2 + (edge[2] - x) * scale
    top, bottom = rows / 2 - (edge[3] - y) * scale, rows / 2 - (edge[1] - y) * scale
    inside = np.zeros_like(alpha)
    inside[max(1, round(top)) : min(rows - 1, round(bottom)), max(1, round(left)) : min(columns - 1, round(right))] = True
    return bool((alpha & ~inside).any()) or not alpha.any()
