"""A picture that is painted by a function of a few named numbers, its dials; animations turn them, each by itself."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar, Self

import cairo
import numpy as np
from manim import Camera
from numpy.typing import ArrayLike, NDArray

from nnanim.visuals.paint.canvas import Canvas
from nnanim.visuals.paint.painted import INVISIBLE, Floats, Painted
from nnanim.visuals.paint.patch import Patch

LIGHT = 0.4
"""How far light may be seen around what a picture paints, in manim units."""


class Picture(Painted):
    """A mobject that paints itself, all of it, from its dials: ``Turn(picture, seconds=2, fog=0)`` animates one of them.

    A subclass lists its dials with the values at which they begin, and paints itself in :meth:`draw`. What it draws depends on
    nothing but its dials and what it was made from.

    Parameters
    ----------
    corners
        Left, bottom, right, top: where its ink lies, in manim units. Scaling and moving it moves these.
    dials
        Dials that begin elsewhere than usual.

    Raises
    ------
    KeyError
        When there is no such dial.
    """

    dial_names: ClassVar[dict[str, float]] = {}
    array_names: ClassVar[tuple[str, ...]] = ("opacity", "dials")
    shared_names: ClassVar[frozenset[str]] = frozenset({"dials"})
    bleeds: ClassVar[float] = 0.0
    """How far ink reaches beyond the corners, in manim units."""

    def __init__(self, corners: ArrayLike, **dials: float) -> None:
        left, bottom, right, top = (float(edge) for edge in np.asarray(corners, dtype=float))
        super().__init__([(left, bottom, 0), (right, bottom, 0), (right, top, 0), (left, top, 0)], 4)
        self.dials: NDArray[np.float64] = np.array(list(self.dial_names.values()), dtype=float)
        self.turn(**dials)

    @classmethod
    def place_of(cls, name: str) -> int:
        """Where a dial stands among the dials.

        Raises
        ------
        KeyError
            When there is no such dial.
        """
        try:
            return list(cls.dial_names).index(name)
        except ValueError:
            raise KeyError(f"{cls.__name__} has no dial {name!r} (it has {', '.join(cls.dial_names)})") from None

    def turn(self, **dials: float) -> Self:
        """Set dials at once."""
        values = self.dials.copy()
        for name, value in dials.items():
            values[self.place_of(name)] = value
        self.dials = values
        return self

    def dial(self, name: str) -> float:
        """Where a dial stands now."""
        return float(self.dials[self.place_of(name)])

    # ---- where it is

    @property
    def corners(self) -> tuple[float, float, float, float]:
        """Left, bottom, right and top now."""
        (left, bottom), (right, top) = self.points[:, :2].min(axis=0), self.points[:, :2].max(axis=0)
        return float(left), float(bottom), float(right), float(top)

    def place(self, x: float, y: float) -> Floats:
        """The point of the scene at these shares of its width and height, (3,)."""
        left, bottom, right, top = self.corners
        return np.array([left + x * (right - left), bottom + y * (top - bottom), 0.0])

    def anchor(self, name: str) -> Floats:
        """A named point of the picture as its dials stand now, (3,); labels hold on to it.

        Raises
        ------
        KeyError
            When there is no such point.
        """
        raise KeyError(f"{type(self).__name__} has no anchor {name!r}")

    @property
    def overhang(self) -> float:
        """As far as it bleeds, and light around it."""
        return self.bleeds + LIGHT

    # ---- painting

    def paint_parts(self, ctx: cairo.Context, camera: Camera) -> None:
        """Paint it with its opacity as a whole."""
        opacity = float(self.opacity[0])
        if opacity < INVISIBLE:
            return
        left, bottom, right, top = self.corners
        reach = self.overhang
        patch = Patch.around(ctx, (left - reach, bottom - reach, right + reach, top + reach))
        matrix = ctx.get_matrix()
        ctx.identity_matrix()
        ctx.rectangle(*patch)  # whole pixels: nothing shows where it is not drawn again
        ctx.clip()
        ctx.set_matrix(matrix)
        if opacity < 1:
            ctx.push_group()
        self.draw(Canvas(ctx, camera))
        if opacity < 1:
            ctx.pop_group_to_source()
            ctx.paint_with_alpha(opacity)

    @abstractmethod
    def draw(self, canvas: Canvas) -> None:
        """Paint everything, opaque, in scene units."""

    def _styled(self, kind: str, color: Any, opacity: Any) -> Self:
        # Colour is its own affair; opacity comes by fill and by stroke, as from any fade.
        if "opacity" in self.__dict__ and opacity is not None:
            self.opacity = np.broadcast_to(np.asarray(opacity, dtype=float), self.opacity.shape).copy()
        return self
