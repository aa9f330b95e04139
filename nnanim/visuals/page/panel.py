"""A picture under its heading, several of them side by side, and a legend."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from manim import Line, Mobject, VGroup

from nnanim.quantity import Showable, as_showable
from nnanim.visuals.page.frame import Region, frame
from nnanim.visuals.page.text import TextLine, text_width
from nnanim.visuals.page.theme import theme


class Panel(VGroup):
    """A region with a heading along its upper edge, and room for a picture below.

    Attributes
    ----------
    heading
        The line of text.
    room
        The region under it.
    """

    def __init__(self, region: Region, heading: Showable, color: str | None = None) -> None:
        size = min(frame().label, region.width / text_width(as_showable(heading), 1.0, "semibold"))
        top = region.top - 0.75 * size
        self.heading = TextLine(heading, size, color, "semibold").at(float(region.center[0]), top, "center")
        self.room = Region(region.left, region.right, region.bottom, top - 0.6 * size)
        super().__init__(self.heading)

    def hold(self, picture: Mobject) -> Mobject:
        """Put a picture into the room, as large as it fits."""
        picture.scale(min(self.room.width / max(picture.width, 1e-9), self.room.height / max(picture.height, 1e-9)))
        picture.move_to(self.room.center)
        self.add(picture)
        return picture


def side_by_side(region: Region, headings: Sequence[Showable], make: Callable[[int, Region], Mobject], gap: float = 0.5) -> list[Panel]:
    """Panels beside one another, or below one another in a narrow frame, each with what ``make(number, room)`` gives."""
    shares = [1.0] * len(headings)
    regions = region.rows(shares, gap) if frame().portrait else region.columns(shares, gap)
    panels = []
    for number, (heading, place) in enumerate(zip(headings, regions, strict=True)):
        panel = Panel(place, heading)
        panel.add(make(number, panel.room))
        panels.append(panel)
    return panels


class Legend(VGroup):
    """What colours and styles of lines mean: a short line and a word for each, in rows that fit a width.

    Parameters
    ----------
    entries
        Word, colour, and width of its line in manim's units.
    region
        They are centred in it.
    """

    def __init__(self, entries: Sequence[tuple[Showable, str, float]], region: Region) -> None:
        super().__init__()
        size = frame().mark
        reach = 1.5 * size
        made = [(Line((0, 0, 0), (reach, 0, 0), stroke_width=width, color=color), TextLine(word, size, theme().muted)) for word, color, width in entries]
        widths = [reach + 0.4 * size + text.advance for _, text in made]
        rows: list[list[int]] = [[]]
        for number, width in enumerate(widths):
            if rows[-1] and sum(widths[each] + size for each in rows[-1]) + width > region.width:
                rows.append([])
            rows[-1].append(number)
        top = region.center[1] + (len(rows) - 1) * 0.8 * size
        for place, row in enumerate(rows):
            x = region.center[0] - (sum(widths[each] for each in row) + size * (len(row) - 1)) / 2
            y = top - 1.6 * size * place
            for each in row:
                line, text = made[each]
                line.move_to((x + reach / 2, y, 0))
                text.on(np.array([x + reach + 0.4 * size, y, 0.0]), "left")
                self.add(VGroup(line, text))
                x += widths[each] + size
