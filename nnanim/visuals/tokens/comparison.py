"""Attention on an example and on its control, side by side or below one another, with room for a bar under each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from manim import Mobject
from numpy.typing import ArrayLike

from nnanim.quantity import Label, Quantity, Showable
from nnanim.visuals.page.frame import Region, frame
from nnanim.visuals.page.text import TextLine
from nnanim.visuals.tokens.arcs import ArcDiagram
from nnanim.visuals.tokens.attention import AttentionGrid, grid_layout, shared_layout


class Panel(NamedTuple):
    """One of the two: a heading and a picture, and the region along whose foot a bar may stand."""

    parts: list[Mobject]
    bar: Region


def grid_pair(
    attentions: Sequence[ArrayLike], names: Sequence[Sequence[Label]], headings: Sequence[Showable], region: Region
) -> list[Panel]:
    """Two grids with cells of one size, each under its heading.

    Parameters
    ----------
    attentions
        Two arrays of weights, (T, T) each, T of the two may differ.
    names
        Of the tokens of each.
    """
    places = region.rows([1, 1], 0.3) if frame().portrait else region.columns([1, 1], 0.7)
    size = frame().heading
    inside = [Region(place.left, place.right, place.bottom + 0.56, place.top - 1.2 * size) for place in places]
    layout = shared_layout([grid_layout(*each) for each in zip(names, inside, strict=True)])
    panels = []
    for attention, tokens, words, place, room in zip(attentions, names, headings, places, inside, strict=True):
        heading = TextLine(words, size, weight="semibold").at(place.center[0], place.top - 0.8 * size, "center")
        panels.append(Panel([heading, AttentionGrid(attention, tokens, room, layout=layout)], place))
    return panels


def arc_pair(
    names: Sequence[Sequence[Label]], weights: Sequence[Sequence[Quantity]], heading: Callable[[int, Region], TextLine], region: Region
) -> list[Panel]:
    """Two rows of tokens with arcs from the last one, or two columns where a row has no room.

    Parameters
    ----------
    names, weights
        Of the tokens of each, and what the last token gives them.
    heading
        Makes the heading of the first (0) or second (1) in the top left of its region.
    """
    rows = region.rows([1, 1], 0.35)
    wide = all(ArcDiagram.row_size(*each, rows[0]) is not None for each in zip(names, weights, strict=True))
    panels = []
    for number, place in enumerate(rows if wide else region.columns([1, 1], 0.4)):
        line, bar = heading(number, place), place
        inside = Region(place.left, place.right, place.bottom + 0.6, place.top - 1.4 * line.em)
        if wide:  # the bar stands beside the heading, and leaves its height to the arcs
            low = place.top - 0.5 * line.em - 0.26
            bar = Region(max(place.center[0], place.left + line.advance + 0.6), place.right, low, place.top)
            inside = Region(place.left, place.right, place.bottom, place.top - 1.5 * line.em)
        diagram = ArcDiagram(names[number], weights[number], len(names[number]) - 1, inside, least=0.05)
        diagram.tokens[-1].light()
        panels.append(Panel([line, diagram], bar))
    return panels
