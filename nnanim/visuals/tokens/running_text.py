"""Running text put together from pieces, each in its colour: what was given and what a model wrote."""

from __future__ import annotations

from collections.abc import Sequence

from manim import VGroup

from nnanim.quantity import Label
from nnanim.visuals.page.frame import Region, frame
from nnanim.visuals.page.text import TextLine, text_width

Piece = tuple[Label, str]
"""A text, with the spaces that belong to it, and its colour."""
PITCH = 1.3
"""Distance of two baselines, in em."""


class RunningText(VGroup):
    """Lines of text, centred in a region; one text line for each run of pieces of a colour.

    Parameters
    ----------
    pieces
        In their order. Lines are broken between pieces.
    region
        Where. When there is no room for all lines in the smallest type, the last ones are shown.
    size
        Height of one em in manim units, when there is room.
    """

    def __init__(self, pieces: Sequence[Piece], region: Region, size: float) -> None:
        super().__init__()
        lines = break_pieces(pieces, size, region.width)
        while len(lines) * PITCH * size > region.height and size > frame().smallest:
            size = max(size * 0.96, frame().smallest)
            lines = break_pieces(pieces, size, region.width)
        lines = lines[-max(1, int(region.height / (PITCH * size))) :]
        top = region.center[1] + (len(lines) - 1) / 2 * PITCH * size
        for number, line in enumerate(lines):
            whole = sum(text_width(words, size) for words, _ in line)
            x, baseline = region.center[0] - whole / 2, top - number * PITCH * size - 0.33 * size
            for words, color in line:
                self.add(TextLine(words, size, color).at(x, baseline))
                x += text_width(words, size)


def break_pieces(pieces: Sequence[Piece], size: float, width: float) -> list[list[Piece]]:
    """Pieces in lines no wider than a width; neighbours of one colour become one piece, a line begins without spaces."""
    lines: list[list[Piece]] = [[]]
    reached = 0.0
    for words, color in pieces:
        extent = text_width(words, size)
        if lines[-1] and reached + extent > width:
            lines.append([])
            reached = 0.0
            words = Label(words.lstrip(" "))
            extent = text_width(words, size)
        if lines[-1] and lines[-1][-1][1] == color:
            lines[-1][-1] = (Label(lines[-1][-1][0] + words), color)
        else:
            lines[-1].append((words, color))
        reached += extent
    return lines
