"""The steps of a run as one mobject: a broken line with a dot at each step and a ball at its head.

What lies outside a window is clipped, whatever its numbers; how far the run has come can be animated.
"""

from __future__ import annotations

from math import tau
from typing import ClassVar, Literal, Self

import cairo
import numpy as np
from manim import Camera
from numpy.typing import ArrayLike, NDArray

from nnanim.visuals.page.frame import Region
from nnanim.visuals.page.theme import rgba, theme
from nnanim.visuals.paint.painted import INVISIBLE, Floats, Painted, ink, near_clip
from nnanim.visuals.plots.series import mark_path

Shape = Literal["circle", "square", "triangle"]
_CORNERS: dict[str, Floats] = {
    shape: 1.25 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    for shape, angles in (("square", np.radians((45, 135, 225, 315))), ("triangle", np.radians((90, 210, 330))))
}


class Trail(Painted):
    """A run through n + 1 points, n ≥ 1; one part for each of its n steps.

    Parameters
    ----------
    spots
        Points of the frame, (n + 1, 2) or (n + 1, 3); they may lie anywhere.
    window
        What lies outside of this rectangle is not drawn.
    color
        Of the theme; by default its highlight.
    shape
        Of the ball, so that several runs are told apart without colour.
    ball, dot
        Radius of the ball and of the dots, in manim units.
    width
        Of the line, in manim's stroke units.
    """

    array_names: ClassVar[tuple[str, ...]] = ("opacity", "reached", "rgba", "ball")
    shared_names: ClassVar[frozenset[str]] = frozenset({"reached", "rgba", "ball"})
    state_names: ClassVar[tuple[str, ...]] = ("seen", "arrives", "departs")
    parts_stand_alone = False

    def __init__(
        self, spots: ArrayLike, window: Region, color: str | None = None, shape: Shape = "circle",
        ball: float = 0.13, dot: float = 0.04, width: float = 3.5,
    ) -> None:  # fmt: skip
        places = np.asarray(spots, dtype=float)[:, :2]
        ends, self.seen, self.departs, self.arrives = clipped(places, window)
        super().__init__(np.pad(ends, ((0, 0), (0, 0), (0, 1))).reshape(-1, 3), points_per_part=2)
        self.rgba: Floats = rgba(color or theme().highlight)
        self.reached: Floats = np.zeros(1)
        self.ball: Floats = np.array([ball])
        self.dot, self.width_of_line, self.shape = dot, width, shape

    def reach(self, step: float) -> Self:
        """Show the run as far as this step; a fraction lies on the way to the next."""
        self.reached = np.array([float(np.clip(step, 0, self.n_parts))])
        return self

    def finish(self) -> Self:
        """Show the whole run."""
        return self.reach(self.n_parts)

    @property
    def overhang(self) -> float:
        """The corner of the ball with its rim, a dot, or half of the line."""
        return max(1.3 * float(self.ball[0]) + 0.1, self.dot, 0.005 * self.width_of_line)

    @property
    def leaves(self) -> bool:
        """Whether any step ends outside of the window."""
        return not bool(self.arrives.all())

    def tint(self, color: Floats) -> Self:
        """Give the whole run one colour."""
        self.rgba = np.array(color, dtype=float)
        return self

    def paint_parts(self, ctx: cairo.Context, camera: Camera) -> None:
        """Draw the line, the dots over it, and the ball at its head."""
        red, green, blue, alpha = ink(camera, self.rgba)
        alpha *= float(self.opacity.max(initial=0.0))
        if alpha <= INVISIBLE:
            return
        ends = self.parts(camera)[:, :, :2]
        whole = int(self.reached[0])
        share = float(self.reached[0]) - whole
        if alpha < 1:
            ctx.push_group()
        ctx.set_source_rgba(red, green, blue, 0.75)
        ctx.set_line_width(self.width_of_line * camera.cairo_line_width_multiple)
        ctx.set_line_join(cairo.LineJoin.ROUND)
        head = self._head(ends, whole, share)
        goes_on = False  # whether the last step ended where the next one begins
        for k in range(whole + (share > 0)):
            (x0, y0), (x1, y1) = ends[k].tolist()
            part = share if k == whole else 1.0
            if self.seen[k]:
                if not (goes_on and self.departs[k]):
                    ctx.move_to(x0, y0)
                ctx.line_to(x0 + part * (x1 - x0), y0 + part * (y1 - y0))
            goes_on = bool(self.seen[k] and self.arrives[k])
        ctx.stroke()
        ctx.set_source_rgba(red, green, blue, 1.0)
        dots = np.concatenate([ends[:1, 0][self.departs[:1]], ends[:whole, 1][self.arrives[:whole]]])
        for x, y in dots[near_clip(ctx, dots[:, 1], self.dot)].tolist():
            ctx.arc(x, y, self.dot, 0, tau)
            ctx.fill()
        if head is not None and self.ball[0] > 0:
            paint_ball(ctx, camera, head, float(self.ball[0]), self.shape)
        if alpha < 1:
            ctx.pop_group_to_source()
            ctx.paint_with_alpha(alpha)

    def _head(self, ends: Floats, whole: int, share: float) -> Floats | None:
        """Where the ball is; None when it is outside of the window."""
        if share > 0:
            if not self.seen[whole]:
                return None
            head: Floats = ends[whole, 0] + share * (ends[whole, 1] - ends[whole, 0])
            return head
        if whole == 0:
            return ends[0, 0] if self.departs[0] else None
        return ends[whole - 1, 1] if self.arrives[whole - 1] else None


def ball_alone(spot: Floats, color: str, shape: Shape) -> Trail:
    """The ball of a run without the run, for a key or a table."""
    x, y, _ = spot.tolist()
    return Trail([spot, spot], Region(x - 1, x + 1, y - 1, y + 1), color, shape, ball=0.1, dot=0.0)


def paint_ball(ctx: cairo.Context, camera: Camera, place: ArrayLike, radius: float, shape: Shape = "circle") -> None:
    """Draw the ball at a run's head in the context's colour, with a rim that sets it off from what it lies on."""
    mark_path(ctx, _CORNERS.get(shape), place, radius)
    ctx.fill_preserve()
    ctx.set_source_rgba(*ink(camera, rgba(theme().background)))
    ctx.set_line_width(2 * camera.cairo_line_width_multiple)
    ctx.stroke()


Mask = NDArray[np.bool_]


def clipped(points: ArrayLike, window: Region) -> tuple[Floats, Mask, Mask, Mask]:
    """The pieces of a broken line that lie in a window (Liang & Barsky 1984).

    Parameters
    ----------
    points
        Shape (n + 1, 2).

    Returns
    -------
    The pieces (n, 2, 2), those unseen shrunk into the window; and, (n,) each: whether any of a piece is seen,
    whether it begins where the segment does, whether it ends where the segment does.
    """
    places = np.asarray(points, dtype=float)
    starts, along = places[:-1], np.diff(places, axis=0)
    low, high = np.array([window.left, window.bottom]) - 1e-9, np.array([window.right, window.top]) + 1e-9
    with np.errstate(divide="ignore", invalid="ignore"):
        first, last = (low - starts) / along, (high - starts) / along
    enter, leave = np.minimum(first, last), np.maximum(first, last)
    still = along == 0  # a segment that does not move along an axis is inside all the way or never
    inside = (starts >= low) & (starts <= high)
    enter = np.where(still, np.where(inside, -np.inf, np.inf), enter)
    leave = np.where(still, np.where(inside, np.inf, -np.inf), leave)
    begin, end = np.maximum(enter.max(axis=1), 0.0), np.minimum(leave.min(axis=1), 1.0)
    seen = begin <= end
    begin, end = np.where(seen, begin, 0.0), np.where(seen, end, 0.0)
    pieces = np.stack([starts + begin[:, None] * along, starts + end[:, None] * along], axis=1)
    pieces = np.clip(pieces, low, high)
    return pieces, seen, seen & (begin == 0), seen & (end == 1)
