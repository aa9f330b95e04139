"""A surface in three dimensions as one mobject: shaded, drawn from back to front, turned and tilted by animation.

Seen straight from above it lies exactly where its contour map does.
"""

from __future__ import annotations

from functools import lru_cache
from math import tau
from typing import ClassVar, Self

import cairo
import numpy as np
from manim import Camera, Line, VGroup
from numpy.typing import ArrayLike

from nnanim.quantity import Showable
from nnanim.visuals.page.frame import Region, frame
from nnanim.visuals.page.text import TextLine
from nnanim.visuals.page.theme import rgba, theme
from nnanim.visuals.paint.kept import paint_kept
from nnanim.visuals.paint.painted import INVISIBLE, Floats, Painted, ink
from nnanim.visuals.plots.trail import paint_ball
from nnanim.visuals.space.relief import Relief, loss_colors

FACETS = 48
"""Facets along each side."""
OVERLAP = 0.6
"""How far a facet reaches over the seam to the facet behind, in manim's stroke units."""
MESH = 6
"""Every so many facets a line of the mesh is drawn."""
RISE = 0.75
"""Height of the highest point, where half the longer side of the ground is 1."""
LIGHT = np.array([-0.45, -0.35, 0.82])
"""Direction to the light, from the viewer's left."""


class Surface(Painted):
    """Heights over a rectangle of the plane, in parallel projection; a run may walk down it.

    It stands where :meth:`look` puts it; that, the reach of its run and its opacity can be animated.

    Parameters
    ----------
    relief
        The heights.
    region
        Where.
    azimuth, elevation
        In degrees: how far the ground is turned, and how high the viewer stands (90 is straight above).
    run
        Points of a run, (k + 1, 2), and their heights, (k + 1,): drawn on the surface as far as it is in the rectangle.
    """

    array_names: ClassVar[tuple[str, ...]] = ("opacity", "azimuth", "elevation", "zoom", "offset", "reached")
    shared_names: ClassVar[frozenset[str]] = frozenset({"azimuth", "elevation", "zoom", "offset", "reached"})
    parts_stand_alone = False

    def __init__(
        self, relief: Relief, region: Region,
        azimuth: float = -28.0, elevation: float = 40.0, run: tuple[ArrayLike, ArrayLike] | None = None,
    ) -> None:  # fmt: skip
        self.window = relief.window
        self.half = max(self.window.width, self.window.height) / 2
        u, v = (np.linspace(grid[0], grid[-1], FACETS + 1) for grid in (relief.x, relief.y))
        self.grid = self.world(*np.meshgrid(u, v), _resampled(relief, u, v))  # (F + 1, F + 1, 3)
        self.run = np.zeros((0, 3)) if run is None else self._on_surface(*map(np.asarray, run))
        super().__init__(np.zeros((4, 3)), points_per_part=4)
        self.reached: Floats = np.zeros(1)
        self.look(azimuth, elevation, region)

    def _on_surface(self, points: Floats, heights: Floats) -> Floats:
        """A run in world coordinates, cut where it leaves the rectangle or rises above its highest point."""
        window = self.window
        inside = (points >= (window.left, window.bottom)).all(axis=1) & (points <= (window.right, window.top)).all(axis=1)
        count = int(np.argmin(np.append(inside & (heights <= 1.0 + 1e-9), False)))
        return self.world(points[:count, 0], points[:count, 1], heights[:count])

    # ---- what a lesson does with it

    def look(self, azimuth: float, elevation: float, region: Region) -> Self:
        """Turn and tilt the surface within a region, with angles in degrees.

        It is centred and as large as fits, its ground included.
        """
        self.azimuth, self.elevation = np.array([float(azimuth)]), np.array([float(elevation)])
        self.zoom, self.offset = np.ones(1), np.zeros(2)
        flat = self.project(np.vstack([self.grid.reshape(-1, 3), self._ground()]))
        low, high = flat.min(axis=0), flat.max(axis=0)
        zoom = min((region.width, region.height) / (high - low))
        self.zoom = np.array([zoom])
        self.offset = region.center[:2] - zoom * (low + high) / 2
        corners = [(region.left, region.bottom, 0), (region.right, region.bottom, 0)]
        self.points = np.array([*corners, (region.right, region.top, 0), (region.left, region.top, 0)], dtype=float)
        return self

    def reach(self, step: float) -> Self:
        """Show the run as far as this step."""
        self.reached = np.array([float(np.clip(step, 0, max(len(self.run) - 1, 0)))])
        return self

    def finish(self) -> Self:
        """Show the whole run."""
        return self.reach(len(self.run) - 1)

    def spot(self, x: float, y: float, height: float = 0.0) -> Floats:
        """Where a point of the plane, at a height, stands in the frame now, (3,)."""
        return np.append(self.project(self.world(np.array(x), np.array(y), np.array(height))[None])[0], 0.0)

    # ---- how it looks

    def world(self, x: Floats, y: Floats, height: Floats) -> Floats:
        """Points of the plane and heights as places in space, (…, 3): the ground's longer half is 1."""
        middle = self.window.center
        return np.stack([(x - middle[0]) / self.half, (y - middle[1]) / self.half, RISE * height], axis=-1)

    def project(self, places: Floats) -> Floats:
        """Places in space as points of the frame, (…, 2)."""
        turned, tilt = self._turned(places), np.radians(self.elevation[0])
        flat = np.stack([turned[..., 0], turned[..., 1] * np.sin(tilt) + turned[..., 2] * np.cos(tilt)], axis=-1)
        return np.asarray(self.zoom[0] * flat + self.offset)

    def _turned(self, places: Floats) -> Floats:
        angle = np.radians(self.azimuth[0])
        x, y = places[..., 0], places[..., 1]
        return np.stack([x * np.cos(angle) - y * np.sin(angle), x * np.sin(angle) + y * np.cos(angle), places[..., 2]], axis=-1)

    def _colors(self) -> Floats:
        """Colour of each facet, (F, F, 4): by height, brighter towards the light; its underside is plain."""
        turned = self._turned(self.grid)
        along, across = turned[:-1, 1:] - turned[:-1, :-1], turned[1:, :-1] - turned[:-1, :-1]
        normals = np.cross(along, across)
        normals /= np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), 1e-12)
        tilt = np.radians(min(float(self.elevation[0]), 90.0))
        underside = normals @ (0.0, -np.cos(tilt), np.sin(tilt)) < 0
        lit = np.clip(np.where(underside[..., None], -normals, normals) @ (LIGHT / np.linalg.norm(LIGHT)), 0.0, 1.0)
        heights = self.grid[..., 2] / RISE
        colors = loss_colors((heights[:-1, :-1] + heights[1:, 1:] + heights[:-1, 1:] + heights[1:, :-1]) / 4)
        colors = np.where(underside[..., None], rgba(theme().line), colors)
        relief = np.cos(tilt) ** 0.5  # seen from above it has the flat colours of the map
        brightest = 0.08 if rgba(theme().panel)[:3].mean() > 0.5 else 0.5  # pale colours would be washed out
        colors[..., :3] *= (1 + relief * (brightest + (lit - 1) * (0.5 + brightest)))[..., None]
        return np.clip(colors, 0.0, 1.0)

    def boxes_of_parts(self) -> Floats:
        """The facets, the ground and the run, with the ball at its head."""
        flat = self.project(np.vstack([self.grid.reshape(-1, 3), self._ground(), self.run]))
        return np.hstack([flat.min(axis=0) - 0.3, flat.max(axis=0) + 0.3])[None]

    def paint_parts(self, ctx: cairo.Context, camera: Camera) -> None:
        """Draw the ground's outline, the facets from back to front, then the run."""
        opacity = float(self.opacity.max(initial=0.0))
        if opacity <= INVISIBLE:
            return
        if opacity < 1:
            ctx.push_group()
        unit = camera.cairo_line_width_multiple
        looks = theme(), *(array.tobytes() for array in (self.grid, self.azimuth, self.elevation, self.zoom, self.offset))
        left, bottom, right, top = self.boxes_of_parts()[0].tolist()
        paint_kept(ctx, camera, looks, (left, bottom, right, top), lambda painter: self._paint_facets(painter, camera, unit))
        if len(self.run):
            self._paint_run(ctx, camera, unit)
        if opacity < 1:
            ctx.pop_group_to_source()
            ctx.paint_with_alpha(opacity)

    def _ground(self) -> Floats:
        """Corners of the ground, (4, 3)."""
        window = self.window
        xs = np.array([window.left, window.right, window.right, window.left])
        ys = np.array([window.bottom, window.bottom, window.top, window.top])
        return self.world(xs, ys, np.zeros(4))

    def _paint_ground(self, ctx: cairo.Context, camera: Camera, width: float) -> None:
        for corner in self.project(self._ground()).tolist():
            ctx.line_to(*corner)
        ctx.close_path()
        ctx.set_source_rgba(*ink(camera, rgba(theme().line)))
        ctx.set_line_width(width)
        ctx.stroke()

    def _paint_facets(self, ctx: cairo.Context, camera: Camera, unit: float) -> None:
        """Paint the ground's outline, then the facets from back to front."""
        self._paint_ground(ctx, camera, 2 * unit)
        flat, depth = self.project(self.grid), self._turned(self.grid)[..., 1]
        corners = np.stack([flat[:-1, :-1], flat[:-1, 1:], flat[1:, 1:], flat[1:, :-1]], axis=2).reshape(-1, 4, 2)
        order = np.argsort(-(depth[:-1, :-1] + depth[1:, 1:]).reshape(-1), kind="stable")
        mesh = _mesh()
        colors = ink(camera, self._colors().reshape(-1, 4))
        red, green, blue, _ = ink(camera, rgba(theme().text))
        ctx.set_line_width(1.6 * unit)
        wide = _widened(corners, OVERLAP * unit).reshape(-1, 8)[order].tolist()
        for place, (x0, y0, x1, y1, x2, y2, x3, y3), color in zip(order.tolist(), wide, colors[order].tolist(), strict=True):
            ctx.move_to(x0, y0)
            ctx.line_to(x1, y1)
            ctx.line_to(x2, y2)
            ctx.line_to(x3, y3)
            ctx.set_source_rgba(*color)
            ctx.fill()
            if mesh[place]:
                ends = corners[place].tolist()
                for side in mesh[place]:
                    ctx.move_to(*ends[side])
                    ctx.line_to(*ends[(side + 1) % 4])
                ctx.set_source_rgba(red, green, blue, 0.2)
                ctx.stroke()

    def _paint_run(self, ctx: cairo.Context, camera: Camera, unit: float) -> None:
        whole = int(self.reached[0])
        share = float(self.reached[0]) - whole
        places = self.run[: whole + 1]
        if share > 0:
            places = np.vstack([places, places[-1] + share * (self.run[whole + 1] - places[-1])])
        spots = self.project(places).tolist()
        ctx.set_source_rgba(*ink(camera, rgba(theme().highlight)))
        ctx.set_line_width(3.5 * unit)
        for spot in spots:
            ctx.line_to(*spot)
        ctx.stroke()
        for x, y in spots[: whole + 1]:
            ctx.arc(x, y, 0.04, 0, tau)
            ctx.fill()
        paint_ball(ctx, camera, spots[-1], 0.14)


def ground_labels(surface: Surface, names: tuple[Showable, Showable], height: Showable) -> VGroup:
    """Names of the ground's axes outside its nearer edges, and that of the height on a rule at its corner."""
    muted, window = theme().muted, surface.window
    middle = surface.spot(*window.center[:2])
    made = VGroup()
    for name, (x, y) in zip(names, ((window.center[0], window.bottom), (window.right, window.center[1])), strict=True):
        spot = surface.spot(x, y)
        away = (spot - middle) / np.linalg.norm(spot - middle)
        made.add(TextLine(name, frame().body, muted).on(spot + 0.45 * away))
    foot, top = surface.spot(window.left, window.bottom), surface.spot(window.left, window.bottom, 1.0)
    rule = Line(foot - (0.2, 0, 0), top - (0.2, 0, 0), color=muted, stroke_width=2)
    made.add(rule, TextLine(height, frame().small, muted).on(top + np.array([-0.2, 0.3, 0])))
    return made


def _widened(quads: Floats, reach: float) -> Floats:
    """Quadrilaterals (n, 4, 2) with every corner moved so far away from the middle: they cover the seams between them."""
    away = quads - quads.mean(axis=1, keepdims=True)
    return np.asarray(quads + reach * away / np.maximum(np.linalg.norm(away, axis=2, keepdims=True), 1e-12))


@lru_cache(maxsize=1)
def _mesh() -> list[list[int]]:
    """The sides of each facet that the mesh runs along.

    A line of the mesh is drawn with the facets on both sides of it, of which the nearer covers half of the farther's.
    """
    row, column = np.indices((FACETS, FACETS)).reshape(2, -1)
    sides = np.stack([row % MESH == 0, column % MESH == MESH - 1, row % MESH == MESH - 1, column % MESH == 0], axis=1)
    return [np.flatnonzero(drawn).tolist() for drawn in sides]


def _resampled(relief: Relief, x: Floats, y: Floats) -> Floats:
    """Heights on another grid, linearly between the points of the relief's own."""
    rows = np.stack([np.interp(x, relief.x, row) for row in relief.heights])
    return np.stack([np.interp(y, relief.y, column) for column in rows.T], axis=1)
