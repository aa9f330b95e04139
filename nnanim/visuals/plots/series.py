"""Lines through data points and rows of bars, each one mobject.

Marks differ in shape as well as in colour, so that lines can be told apart by everybody.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar, Literal, Self

import cairo
import numpy as np
from manim import Camera, VMobject
from numpy.typing import ArrayLike

from nnanim.visuals.page.theme import rgba, theme
from nnanim.visuals.paint.painted import INVISIBLE, Floats, Painted, ink, near_clip
from nnanim.visuals.paint.stencil import Stencils

Marker = Literal["circle", "square", "triangle", "diamond", "none"]
_CORNERS: dict[str, Floats] = {
    "square": np.array([[-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9]]),
    "triangle": np.array([[-1.12, -0.8], [1.12, -0.8], [0.0, 1.2]]),
    "diamond": np.array([[-1.25, 0.0], [0.0, -1.25], [1.25, 0.0], [0.0, 1.25]]),
}


def segments(pairs: Sequence[tuple[tuple[float, float], tuple[float, float]]]) -> VMobject:
    """Straight lines between pairs of points of the plane, as one mobject."""
    drawn = VMobject(stroke_width=2)
    for start, end in pairs:
        drawn.start_new_path(np.array([*start, 0.0]))
        drawn.add_line_to(np.array([*end, 0.0]))
    return drawn


class Series(Painted):
    """A line through points, each with a mark; one mobject.

    Parameters
    ----------
    points
        Shape (n, 3), in manim units.
    shown
        Mask (n,): points that are there; lines run only between neighbours that both are.
    hollow
        Mask (n,): points drawn as a hollow mark and not joined to others.

    Notes
    -----
    ``Create`` draws it from its first point to its last. ``Transform`` takes it to another series.
    """

    array_names: ClassVar[tuple[str, ...]] = ("opacity", "shown", "hollow", "rgba", "line_width", "radius")
    shared_names: ClassVar[frozenset[str]] = frozenset({"rgba", "line_width", "radius"})
    state_names: ClassVar[tuple[str, ...]] = ("marker",)
    colored_by = "stroke"
    parts_stand_alone = False

    def __init__(
        self,
        points: ArrayLike,
        color: str,
        width: float = 5.0,
        marker: Marker = "none",
        radius: float = 0.07,
        shown: ArrayLike = True,
        hollow: ArrayLike = False,
    ) -> None:
        super().__init__(points, points_per_part=1)
        self.shown: Floats = np.array(np.broadcast_to(np.asarray(shown, dtype=float), (self.n_parts,)))
        self.hollow: Floats = np.array(np.broadcast_to(np.asarray(hollow, dtype=float), (self.n_parts,)))
        self.line_width: Floats = np.array([float(width)])
        self.radius: Floats = np.array([float(radius)])
        self.marker: Marker = marker
        self.rgba: Floats = rgba(color)

    def tint(self, color: Floats) -> Self:
        """Give the line and its marks another colour."""
        self.rgba = np.asarray(color, dtype=float).copy()
        return self

    @property
    def color_name(self) -> str:
        """The line's colour as ``#RRGGBB``."""
        return "#" + "".join(f"{round(255 * channel):02X}" for channel in self.rgba[:3])

    @property
    def overhang(self) -> float:
        """The tip of a mark with its rim, or half of the line."""
        return 1.3 * float(self.radius[0]) + 0.03 + 0.005 * float(self.line_width[0])

    @property
    def seen(self) -> Floats:
        """Opacity of each point's mark, (n,)."""
        return np.clip(self.opacity * self.shown, 0.0, 1.0)

    @property
    def joints(self) -> Floats:
        """Opacity of the line from each point to the next, (n − 1,)."""
        solid = self.seen * (1 - np.clip(self.hollow, 0, 1))
        return np.minimum(solid[:-1], solid[1:])

    def tip(self, side: Literal["left", "right"]) -> Floats | None:
        """The leftmost or rightmost point that is shown, (3,); None when none is."""
        there = self.points[self.shown > 0.5]
        if not len(there):
            return None
        return np.asarray(there[int(np.argmin(there[:, 0]) if side == "left" else np.argmax(there[:, 0]))])

    def paint_parts(self, ctx: cairo.Context, camera: Camera) -> None:
        """Draw the line, runs of equal opacity in one stroke, then the marks."""
        points = self.parts(camera)[:, 0, :2]
        places, color = points.tolist(), ink(camera, self.rgba)
        ctx.set_line_join(cairo.LineJoin.ROUND)
        ctx.set_line_cap(cairo.LineCap.BUTT)
        ctx.set_line_width(float(self.line_width[0]) * 0.01)
        joints = self.joints.tolist()
        start = 0
        while start < len(joints):
            stop = start + 1
            while stop < len(joints) and joints[stop] == joints[start]:
                stop += 1
            if joints[start] > INVISIBLE:
                _set_ink(ctx, color, joints[start])
                ctx.move_to(*places[start])
                for place in places[start + 1 : stop + 1]:
                    ctx.line_to(*place)
                ctx.stroke()
            start = stop
        self._paint_marks(ctx, points, color, ink(camera, rgba(theme().background)))

    def _paint_marks(self, ctx: cairo.Context, points: Floats, color: Floats, ground: Floats) -> None:
        seen, hollow = self.seen, np.clip(self.hollow, 0, 1)
        radius = float(self.radius[0])
        shown = near_clip(ctx, points[:, 1], self.overhang) & ((seen * hollow if self.marker == "none" else seen) > INVISIBLE)
        fills = (1 - hollow)[:, None] * color + hollow[:, None] * ground
        rims = hollow[:, None] * color + (1 - hollow)[:, None] * ground
        for colors in (fills, rims):
            colors[:, 3] *= seen
        stencils = Stencils(ctx)
        for k in np.flatnonzero(shown).tolist():
            x, y = points[k].tolist()
            mark = (self.marker, x, y, radius)
            trace = partial(mark_path, corners=_CORNERS.get(self.marker), place=(x, y), radius=radius)
            stencils.paint(mark, trace, fills[k].tolist())
            stencils.paint(mark, trace, rims[k].tolist(), 0.028)


def _set_ink(ctx: cairo.Context, color: Floats, opacity: float) -> None:
    red, green, blue, alpha = color.tolist()
    ctx.set_source_rgba(red, green, blue, alpha * float(opacity))


def mark_path(ctx: cairo.Context, corners: Floats | None, place: ArrayLike, radius: float) -> None:
    """Put a mark's outline on the context's path: a polygon with corners (n, 2) of a mark of radius 1, or else a circle."""
    x, y = np.asarray(place, dtype=float)[:2]
    if corners is not None:
        for number, (a, b) in enumerate(corners * radius):
            (ctx.line_to if number else ctx.move_to)(x + a, y + b)
        ctx.close_path()
    else:
        ctx.new_sub_path()
        ctx.arc(x, y, radius, 0, math.tau)


class Bars(Painted):
    """Upright bars as one mobject: gradient norms, blocks of a chain.

    Parameters
    ----------
    feet
        Middle of each bar's foot, shape (n, 3) or (n, 2), in manim units.
    lengths
        Of each bar, (n,); below 0 it hangs down.
    thickness
        Of every bar.
    colors
        RGBA (4,) or (n, 4), or a colour of the theme.
    rim
        Colour of the outline, a colour of the theme; None for none.
    """

    array_names: ClassVar[tuple[str, ...]] = ("opacity", "lengths", "rgba", "rims")

    def __init__(
        self, feet: ArrayLike, lengths: ArrayLike, thickness: float, colors: ArrayLike | str, rim: str | None = None
    ) -> None:
        places = np.asarray(feet, dtype=float)
        super().__init__(np.pad(places, ((0, 0), (0, 3 - places.shape[1]))), points_per_part=1)
        self.thickness = thickness
        self.lengths: Floats = np.array(np.broadcast_to(np.asarray(lengths, dtype=float), (self.n_parts,)))
        self.set_colors(colors)
        self.rims: Floats = np.tile(np.zeros(4) if rim is None else rgba(rim), (self.n_parts, 1))

    def set_lengths(self, lengths: ArrayLike) -> Self:
        """Let the bars be as long as this, (n,) or one number."""
        self.lengths = np.array(np.broadcast_to(np.asarray(lengths, dtype=float), (self.n_parts,)))
        return self

    def set_colors(self, colors: ArrayLike | str, which: Any = slice(None)) -> Self:
        """Colour all bars or some of them."""
        chosen = rgba(colors) if isinstance(colors, str) else np.asarray(colors, dtype=float)
        filled = np.array(getattr(self, "rgba", np.zeros((self.n_parts, 4))))
        filled[which] = chosen
        self.rgba: Floats = filled
        return self

    def set_rims(self, color: str, which: Any = slice(None)) -> Self:
        """Colour the outline of all bars or of some."""
        rims = self.rims.copy()
        rims[which] = rgba(color)
        self.rims = rims
        return self

    def tint(self, color: Floats) -> Self:
        """Give every bar one colour."""
        return self.set_colors(color)

    def boxes_of_parts(self) -> Floats:
        """Each bar with its rim."""
        feet, half = self.parts()[:, 0, :2], np.array([self.thickness / 2, 0.0])
        heads = feet + np.outer(self.lengths, (0.0, 1.0))
        return np.hstack([np.minimum(feet, heads) - half - 0.022, np.maximum(feet, heads) + half + 0.022])

    def paint_parts(self, ctx: cairo.Context, camera: Camera) -> None:
        """Draw the bars; one shorter than a hundredth of a unit is not seen."""
        places, fills, rims = self.parts(camera)[:, 0, :2], ink(camera, self.rgba), ink(camera, self.rims)
        for (x, y), length, fill, rim, alpha in zip(places, self.lengths, fills, rims, np.clip(self.opacity, 0, 1), strict=True):
            if alpha <= INVISIBLE or abs(length) < 1e-9:
                continue
            ctx.rectangle(x - self.thickness / 2, min(y, y + length), self.thickness, abs(length))
            _set_ink(ctx, fill, alpha)
            ctx.fill_preserve()
            if rim[3] > INVISIBLE:
                ctx.set_line_width(0.022)
                _set_ink(ctx, rim, alpha)
                ctx.stroke()
            ctx.new_path()
