"""Many marked places on a landscape: what class each belongs to is told by its mark, so that no hue is needed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnanim.visuals.page.theme import rgba, theme
from nnanim.visuals.paint.canvas import Canvas
from nnanim.visuals.space.terrain import Terrain
from nnanim.visuals.space.view import Sight, View, hidden

STROKES = (((-0.5, 0.0), (0.5, 0.0)), ((0.0, -0.5), (0.0, 0.5)), ((-0.4, -0.4), (0.4, 0.4)), ((-0.4, 0.4), (0.4, -0.4)))
"""Marks of the first four classes: dashes in four directions, light and dark in turn; the fifth is of dots, what is beyond of dots in a ring."""


@dataclass(frozen=True, eq=False)
class Dots:
    """Marked places.

    Parameters
    ----------
    places
        (n, 2), in the surface's coordinates.
    classes
        A whole number from 0 for each; a negative one is not shown.
    pitch
        How far apart they lie, in the same coordinates: as large a mark is.
    seed
        Of the order in which they appear.
    """

    places: NDArray[np.float64]
    classes: NDArray[np.int64]
    pitch: float
    seed: int = 0


def draw_dots(canvas: Canvas, view: View, terrain: Terrain, dots: Dots, share: float, found: Sight, scale: float) -> None:
    """The first of them, in a random order, up to a share of all."""
    order = np.random.default_rng(dots.seed).permutation(len(dots.places))[: int(np.ceil(share * len(dots.places)))]
    skin = terrain.on_skin(terrain.ground(dots.places[order]), 0.002)
    visible = ~hidden(found, view, skin, scale, 4.0)
    spots = view.project(*skin[visible].T)
    sizes = 0.7 * dots.pitch / terrain.half * view.scale(view.along(*skin[visible, :2].T)[1])
    classes = dots.classes[order][visible]
    flat = np.sin(view.elevation)
    ctx = canvas.ctx
    for number in np.unique(classes[classes >= 0]):
        chosen = classes == number
        ctx.new_path()
        if number < len(STROKES):
            (x1, y1), (x2, y2) = STROKES[number]
            for (x, y), size in zip(spots[chosen].tolist(), sizes[chosen].tolist(), strict=True):
                ctx.move_to(x + x1 * size, y + y1 * size * flat)
                ctx.line_to(x + x2 * size, y + y2 * size * flat)
            canvas.color(rgba(theme().background if number % 2 else theme().text), 0.8)
            ctx.set_line_width(0.02 * canvas.line_scale)
            ctx.stroke()
        elif number == len(STROKES):
            for x, y in spots[chosen].tolist():
                ctx.new_sub_path()
                ctx.arc(x, y, 0.045, 0, 2 * np.pi)
            canvas.color(rgba(theme().text), 0.9)
            ctx.fill()
        else:
            for x, y in spots[chosen].tolist():
                canvas.disc(x, y, 0.07, rgba(theme().text))
                canvas.disc(x, y, 0.2, rgba(theme().background), line=0.12)
                canvas.disc(x, y, 0.2, rgba(theme().chosen), line=0.06)
