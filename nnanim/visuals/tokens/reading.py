"""What a language model reads at each step of writing, and what it finds in its cache."""

from __future__ import annotations

from typing import ClassVar, Self

import cairo
import numpy as np
from manim import Camera, Square, VGroup
from numpy.typing import ArrayLike

from nnanim.visuals.page.frame import Region, frame
from nnanim.visuals.page.text import TextLine
from nnanim.visuals.page.theme import rgba, theme
from nnanim.visuals.paint.painted import INVISIBLE, Floats, Painted, ink


class ReadingGrid(Painted):
    """Which tokens are read at which step: a row for each step, a column for each token of the text.

    Parameters
    ----------
    lengths
        Tokens in the text at each step, shape (steps,).
    region
        The grid is centred in it, its cells square where they can be.
    """

    array_names: ClassVar[tuple[str, ...]] = ("opacity", "read", "held")
    overhang = 0.0

    def __init__(self, lengths: ArrayLike, region: Region) -> None:
        self.lengths = [int(length) for length in np.asarray(lengths)]
        rows, columns = len(self.lengths), max(self.lengths)
        width = min(region.width / columns, 2.2 * region.height / rows, 0.62)
        height = min(region.height / rows, 1.25 * width)
        left = float(region.center[0]) - columns * width / 2
        top = float(region.center[1]) + rows * height / 2
        row, column = np.array([(r, c) for r, length in enumerate(self.lengths) for c in range(length)]).T
        gap = 0.12 * min(width, height)
        corners = np.zeros((len(row), 4, 3))
        x, y = left + column * width, top - row * height
        corners[:, :, 0] = np.stack([x + gap, x + width - gap, x + width - gap, x + gap], axis=1) - gap / 2
        corners[:, :, 1] = np.stack([y - height + gap, y - height + gap, y - gap, y - gap], axis=1)
        super().__init__(corners.reshape(-1, 3), points_per_part=4)
        self.row, self.column = row, column
        self.left, self.right, self.top, self.bottom = left, left + columns * width, top, top - rows * height
        self.cell_width, self.cell_height = width, height
        self.read: Floats = np.zeros(self.n_parts)
        self.held: Floats = np.zeros(self.n_parts)

    def show(self, read: ArrayLike, held: ArrayLike | None = None) -> Self:
        """Say which cells are read and which are held in the cache, masks of shape (cells,) by ``row`` and ``column``."""
        self.read = np.array(read, dtype=float)
        self.held = np.zeros(self.n_parts) if held is None else np.array(held, dtype=float)
        return self

    def paint_parts(self, ctx: cairo.Context, camera: Camera) -> None:
        """Draw the cells: read ones filled, held ones as an outline, the others faint."""
        empty, full, rim = rgba(theme().panel), rgba(theme().positive), rgba(theme().muted)
        seen = np.clip(self.opacity, 0, 1)
        fills = (1 - self.read[:, None]) * empty + self.read[:, None] * full
        rims = np.tile(rim, (self.n_parts, 1))
        fills[:, 3], rims[:, 3] = seen, seen * self.held
        places, fills, rims = self.rectangles(camera), ink(camera, fills), ink(camera, rims)
        for k in np.flatnonzero(seen > INVISIBLE).tolist():
            x, y, width, height = places[k].tolist()
            ctx.rectangle(x, y, width, height)
            ctx.set_source_rgba(*fills[k])
            ctx.fill()
            if self.held[k] > 0.01:
                line = min(0.025, 0.12 * min(width, height))
                ctx.rectangle(x + line / 2, y + line / 2, width - line, height - line)
                ctx.set_line_width(line)
                ctx.set_source_rgba(*rims[k])
                ctx.stroke()


def reading_legend() -> VGroup:
    """What filled and outlined cells of a :class:`ReadingGrid` mean, on one line."""
    size = frame().small
    made, x = VGroup(), 0.0
    for filled, words in ((True, "read now"), (False, "in the cache")):
        cell = Square(0.62 * size, stroke_width=2, stroke_color=theme().positive if filled else theme().muted)
        cell.set_fill(theme().positive if filled else theme().panel, 1)
        text = TextLine(words, size, theme().muted).at(x + size, 0)
        made.add(cell.move_to(np.array([x + 0.31 * size, 0.33 * size, 0])), text)
        x += size + text.advance + 0.9 * size
    return made
