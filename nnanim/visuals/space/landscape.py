"""A landscape of losses: fog that lifts where a ball has been, trails on the ground, and a camera that rises until it is a map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import cairo
import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnanim.visuals.page.frame import Region
from nnanim.visuals.page.theme import rgba, theme
from nnanim.visuals.paint.canvas import Canvas
from nnanim.visuals.paint.painted import pixels_per_unit
from nnanim.visuals.paint.picture import Picture
from nnanim.visuals.space import walks
from nnanim.visuals.space.dots import Dots, draw_dots
from nnanim.visuals.space.fog import at_places, seen_fog, thickness
from nnanim.visuals.space.terrain import Floats, Terrain, texture
from nnanim.visuals.space.view import Sight, View, hidden, sight
from nnanim.visuals.space.walks import Track, Walk

MOST_WALKS = 6
FINEST = 460
"""Rows of pixels in which the ground is painted at most: it is soft; lines and balls on it are painted in full."""


class Landscape(Picture):
    """A surface with balls that walk on it.

    Dials: the camera's ``azimuth`` and ``elevation`` in degrees, ``size`` (half the picture's height, in the ground's half
    extents), ``distance``, ``look_x`` and ``look_y`` (in the surface's coordinates), ``follow`` (0–1: looks at the first ball
    instead), ``shift_x`` and ``shift_y`` (where that is shown, in half heights from the middle); ``fog`` and its ``reach``
    around where balls have been; ``ink`` of contour lines; ``flat`` 0–1 from light and shade to the plain colours of a map;
    ``time`` drifts the fog; ``run0`` … ``run5`` at which step each walk is, ``show0`` … its opacity, ``eased`` whether balls
    rest at each step; ``lift`` of the first ball above the ground, ``plumb`` the line from it down to where the loss is
    lowest; ``up`` and ``down`` how far the arrows against and along the first ball's next step have grown; ``bottoms``
    rings round places; ``dots`` and ``rain`` the shares of many marked places that are shown; ``veil`` dims the whole.

    Parameters
    ----------
    region
        Where.
    terrain
        The ground; its texture is made at once, so that processes that are forked from this one share it.
    runs
        The walks, six at most.
    slopes
        The direction of each step of the first walk times its learning rate, (n, 2), in the surface's coordinates.
    ringed
        Places that are ringed, (m, 2); each is an anchor, ``bottom0`` ….
    marks, drops
        Many marked places, for the dials ``dots`` and ``rain``.

    Raises
    ------
    ValueError
        When there are more walks than dials for them.
    """

    dial_names: ClassVar[dict[str, float]] = {
        "azimuth": 20.0, "elevation": 28.0, "size": 0.5, "distance": 1.6, "look_x": 0.0, "look_y": 0.0, "follow": 0.0,
        "shift_x": 0.0, "shift_y": 0.0, "fog": 0.0, "reach": 0.2, "ink": 0.0, "flat": 0.0, "time": 0.0, "eased": 1.0,
        "lift": 0.0, "plumb": 0.0, "up": 0.0, "down": 0.0, "bottoms": 0.0, "dots": 0.0, "rain": 0.0, "veil": 0.0,
        **{f"{kind}{n}": value for n in range(MOST_WALKS) for kind, value in (("run", 0.0), ("show", 0.0))},
    }  # fmt: skip

    def __init__(
        self, region: Region, terrain: Terrain, runs: Sequence[Walk] = (), slopes: ArrayLike | None = None,
        ringed: ArrayLike = (), marks: Dots | None = None, drops: Dots | None = None, **dials: float,
    ) -> None:  # fmt: skip
        if len(runs) > MOST_WALKS:
            raise ValueError(f"a landscape has room for {MOST_WALKS} walks, not {len(runs)}")
        self.terrain, self.marks, self.drops = terrain, marks, drops
        self.tracks = [Track(run, terrain) for run in runs]
        self.steps = np.zeros((1, 2)) if slopes is None or not len(np.asarray(slopes)) else np.asarray(slopes, dtype=float) / terrain.half
        self.ringed = terrain.ground(np.asarray(ringed, dtype=float).reshape(-1, 2))
        for flat in (False, True):
            texture(terrain, theme().name, flat)
        super().__init__((region.left, region.bottom, region.right, region.top), **dials)

    # ---- where things are

    @property
    def view(self) -> View:
        """The view that the dials give."""
        _, bottom, _, top = self.corners
        half = (top - bottom) / 2
        look = self.terrain.ground((self.dial("look_x"), self.dial("look_y")))
        if self.tracks and (follow := self.dial("follow")):
            look = look + follow * (self.tracks[0].around(self.dial("run0")) - look)
        steep = np.radians(self.dial("elevation"))
        return View(
            float(np.radians(self.dial("azimuth"))), float(min(steep, np.pi / 2)), (float(look[0]), float(look[1]), float(self.terrain.height(*look)) + 0.03),
            self.dial("size"), half, self.dial("distance"), (self.dial("shift_x") * half, self.dial("shift_y") * half),
        )  # fmt: skip

    @property
    def middle(self) -> Floats:
        """The middle of the picture, (2,)."""
        left, bottom, right, top = self.corners
        return np.array([(left + right) / 2, (bottom + top) / 2])

    def ball(self, number: int) -> Floats:
        """Where a ball is on the ground, in its units, (2,)."""
        return self.tracks[number].at(self.dial(f"run{number}"), self.dial("eased"))

    def spot(self, point: ArrayLike, above: float = 0.0) -> Floats:
        """Where a place of the ground (2,), so high above it, is shown, (3,)."""
        x, y = np.asarray(point, dtype=float)
        shown = self.view.project(x, y, float(self.terrain.height(x, y)) + above)
        return np.append(shown + self.middle, 0.0)

    def anchor(self, name: str) -> Floats:
        """``ball0`` …, ``bottom0`` …, ``start``, ``up`` and ``down`` (the tips of the arrows)."""
        if name in ("up", "down"):
            _, head = self._arrow(1.0 if name == "down" else -1.0, 1.0)
            return np.append(self.view.project(*head[0]) + self.middle, 0.0)
        if name == "start" and self.tracks:
            return self.spot(self.tracks[0].ground[0])
        kind, number = name.rstrip("0123456789"), name.lstrip("abcdefghijklmnopqrstuvwxyz")
        if kind == "ball" and number and int(number) < len(self.tracks):
            place = self.ball(int(number))
            return np.append(self._middle_of_ball(int(number), place, self.view)[:2] + self.middle, 0.0)
        if kind == "bottom" and number and int(number) < len(self.ringed):
            return self.spot(self.ringed[int(number)])
        return super().anchor(name)

    def _middle_of_ball(self, number: int, place: Floats, view: View) -> Floats:
        """x, y from the picture's middle, and the radius, of a ball, (3,)."""
        radius, _ = walks.ball_radius(view, place, self.tracks[number].walk.heavy)
        foot = view.project(place[0], place[1], float(self.terrain.height(*place)) + (self.dial("lift") if number == 0 else 0.0))
        return np.array([foot[0], foot[1] + 0.92 * radius * np.cos(view.elevation), radius])

    def _arrow(self, sign: float, share: float) -> tuple[Floats, Floats]:
        step = self.steps[min(int(self.dial("run0") + 1e-6), len(self.steps) - 1)]
        length = walks.arrow_length(float(np.linalg.norm(step)))
        return walks.arrow_in_space(self.terrain, self.ball(0), -sign * step, length, share)

    # ---- painting

    def draw(self, canvas: Canvas) -> None:
        """Sky, ground, fog, lines, and what walks on it."""
        view, ctx = self.view, canvas.ctx
        left, bottom, right, top = self.corners
        pixels = pixels_per_unit(ctx)
        rows = int(np.clip(round((top - bottom) * pixels), 2, FINEST))
        columns = max(2, round((right - left) / (top - bottom) * rows))
        found = sight(self.terrain, view, columns, rows)
        with canvas.within(left, bottom, right, top):
            ctx.translate(*self.middle)
            self._sky(canvas, view)
            self._lay(canvas, self._ground(found), found)
            fog = self._fog() if self.dial("fog") else None
            if fog is not None:
                self._lay(canvas, seen_fog(fog, found, theme()), found)
            scale = rows / (top - bottom)
            self._contours(canvas, view, found, scale, fog)
            for dots, share in ((self.marks, self.dial("dots")), (self.drops, self.dial("rain"))):
                if dots is not None and share:
                    draw_dots(canvas, view, self.terrain, dots, share, found, scale)
            self._rings(canvas, view)
            self._walkers(canvas, view, found, scale)
            if veil := self.dial("veil"):
                ctx.translate(*-self.middle)
                canvas.box(left, bottom, right - left, top - bottom, rgba(theme().background), veil)

    def map_in(self, region: Region) -> dict[str, float]:
        """Dials with which the ground is a map that fills a region."""
        _, bottom, _, top = self.corners
        half = (top - bottom) / 2
        unit = min(region.width / 2 / self.terrain.extent[0], region.height / 2 / self.terrain.extent[1])
        x, y = (region.center[:2] - self.middle) / half
        return {
            "azimuth": 0.0, "elevation": 90.0, "size": half / unit, "look_x": float(self.terrain.middle[0]), "look_y": float(self.terrain.middle[1]),
            "follow": 0.0, "shift_x": float(x), "shift_y": float(y), "flat": 1.0, "fog": 0.0, "plumb": 0.0,
        }  # fmt: skip

    def _sky(self, canvas: Canvas, view: View) -> None:
        glow = np.cos(view.elevation) ** 2
        horizon = np.array([0.29, 0.165, 0.306]) if theme().name == "dark" else np.array([0.87, 0.85, 0.90])
        ground = rgba(theme().background)[:3]
        half, (left, _, right, _) = view.half, self.corners
        wide = (right - left) / 2
        tint = ground + glow * 0.8 * (horizon - ground)
        canvas.shade((0, half), (0, -half), [(0, ground), (0.5, tint), (1, ground)], (-wide, -half, wide, half))

    def _ground(self, found: Sight) -> NDArray[np.uint32]:
        flat = self.dial("flat")
        lit = texture(self.terrain, theme().name, flat >= 1)
        pixels = lit[found.texel]
        if 0 < flat < 1:
            one, other = (np.ascontiguousarray(part).view(np.uint8).astype(np.uint16) for part in (pixels, texture(self.terrain, theme().name, True)[found.texel]))
            share = np.uint16(round(256 * flat))
            pixels = ((one * (256 - share) + other * share) >> 8).astype(np.uint8).view(np.uint32)
        return pixels

    def _visited(self) -> list[Floats]:
        """A few places where balls that are shown are or have been, each (2,)."""
        places = []
        for number, track in enumerate(self.tracks):
            if self.dial(f"show{number}") > 0.01 or number == 0:
                step = self.dial(f"run{number}")
                places += [track.at(s) for s in {0.0, step, *np.linspace(0, step, 8)}]
        return places

    def _fog(self) -> NDArray[np.float32]:
        """How thick the fog lies on each place of its grid, 0–1."""
        return self.dial("fog") * thickness(self.terrain, self._visited(), self.dial("reach"), self.dial("time"))

    def _lay(self, canvas: Canvas, pixels: NDArray[np.uint32], found: Sight) -> None:
        """Lay pixels of the ground over the picture; its far edge is smoothed."""
        rows, columns = pixels.shape
        shown = np.where(found.seen, pixels, np.uint32(0))
        bytes_ = np.ascontiguousarray(shown).view(np.uint8).reshape(rows, columns, 4)
        edge = rows - 1 - np.floor(found.skyline).astype(int)
        inside = (edge >= 0) & (edge < rows)
        column = np.flatnonzero(inside)
        share = (found.skyline[column] - np.floor(found.skyline[column]))[:, None]
        under = bytes_[np.minimum(edge[column] + 1, rows - 1), column]
        bytes_[edge[column], column] = (under * share).astype(np.uint8)
        if not getattr(canvas.camera, "native_channels", False):
            bytes_ = np.ascontiguousarray(bytes_[..., [2, 1, 0, 3]])
        surface = cairo.ImageSurface.create_for_data(bytes_, cairo.FORMAT_ARGB32, columns, rows, columns * 4)  # type: ignore[arg-type]
        left, bottom, right, top = self.corners
        ctx = canvas.ctx
        ctx.save()
        ctx.scale((right - left) / columns, -(top - bottom) / rows)
        ctx.set_source_surface(surface, -columns / 2, -rows / 2)
        ctx.get_source().set_filter(cairo.Filter.BILINEAR)
        ctx.paint()
        ctx.restore()

    def _contours(self, canvas: Canvas, view: View, found: Sight, scale: float, fog: NDArray[np.float32] | None) -> None:
        if not (ink := self.dial("ink")):
            return
        color = np.array([1.0, 0.93, 0.82]) if theme().name == "dark" else np.array([0.16, 0.07, 0.30])
        for line in self.terrain.lines:
            shown = ~hidden(found, view, line, scale)
            if fog is not None:
                shown &= at_places(fog, self.terrain, line) < 0.3
            walks.stroke_runs(canvas, view.project(*line.T), shown, 0.02, color, 0.55 * ink)

    def _rings(self, canvas: Canvas, view: View) -> None:
        if not (shown := self.dial("bottoms")):
            return
        for place in self.ringed:
            x, y = view.project(place[0], place[1], float(self.terrain.height(*place)))
            radius = 0.2 * view.half / 4
            canvas.disc(x, y, radius, rgba(theme().background), 0.8 * shown, line=0.11)
            canvas.disc(x, y, radius, rgba(theme().chosen), shown, line=0.06)

    def _walkers(self, canvas: Canvas, view: View, found: Sight, scale: float) -> None:
        order = sorted(range(len(self.tracks)), key=lambda number: -float(view.along(*self.ball(number))[1]))
        shown = [number for number in order if self.dial(f"show{number}") > 0.004]
        for number in shown:
            self._trail(canvas, view, found, scale, number)
        for number in shown:
            place, opacity = self.ball(number), self.dial(f"show{number}")
            if not self.tracks[number].on_ground(place):
                continue
            x, y, radius = self._middle_of_ball(number, place, view).tolist()
            lift = self.dial("lift") if number == 0 else 0.0
            walks.draw_shadow(canvas, view, self.terrain, place, radius / float(view.scale(view.along(*place)[1])), lift, opacity)
            if number == 0:
                self._plumb(canvas, view, place)
                self._arrows(canvas, view)
            walks.draw_ball(canvas, x, y, radius, self.tracks[number].walk.heavy, opacity)

    def _trail(self, canvas: Canvas, view: View, found: Sight, scale: float, number: int) -> None:
        track, step = self.tracks[number], self.dial(f"run{number}")
        points, reached = track.pieces
        head = self.terrain.on_skin(self.ball(number)[None], 0.003)
        points = np.concatenate([points[reached < step - 1e-9], head])
        if len(points) < 2:
            return
        on = (np.abs(points[:, :2]) <= np.array(self.terrain.extent)).all(axis=1)
        shown = on & ~hidden(found, view, points, scale, 4.0)
        walks.draw_trail(canvas, view.project(*points.T), shown, track.walk.style, self.dial(f"show{number}"))

    def _plumb(self, canvas: Canvas, view: View, place: Floats) -> None:
        if not (shown := self.dial("plumb")):
            return
        foot, ground = view.project(place[0], place[1], float(self.terrain.height(*place))), view.project(place[0], place[1], 0.0)
        canvas.ctx.set_dash((0.14, 0.12))
        canvas.line([foot, ground], 0.035, rgba(theme().text), 0.75 * shown)
        canvas.ctx.set_dash([])

    def _arrows(self, canvas: Canvas, view: View) -> None:
        color = rgba(theme().gradient)
        for name, sign in (("up", -1.0), ("down", 1.0)):
            if (share := self.dial(name)) > 0.01:
                shaft, head = self._arrow(sign, share)
                width = 0.11 * float(np.clip(0.3 / self.dial("size"), 0.7, 1.4)) * view.half / 4
                walks.draw_arrow(canvas, view, shaft, head, width, color, hollow=name == "up")
