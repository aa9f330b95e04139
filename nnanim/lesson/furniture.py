"""What belongs to the frame and not to the lesson: the narration and, in a film, the line of progress and the title card."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from manim import Animation, Dot, Mobject, Rectangle, VGroup

from nnanim.quantity import Label, Sentence, Showable
from nnanim.visuals.page.frame import frame
from nnanim.visuals.page.glyphs import CAP_HEIGHT
from nnanim.visuals.page.text import Paragraph, TextLine, text_width
from nnanim.visuals.page.theme import theme

DOT_PITCH = 0.19
"""Distance of two progress dots when there is room, in manim units."""
PROMISE = "every number here was computed"
PROGRESS_HEIGHT = 0.06
SCRIM = (0.0, 0.82, 0.92)
VEIL = (0.55, 0.72, 0.93, 0.95, 0.93, 0.72, 0.55)
"""Opacities from top to bottom: the picture lives on above and below the title."""


def caption(sentence: Sentence) -> Paragraph:
    """The narration, drawn in the picture; it stays on the screen wherever the camera looks."""
    made = Paragraph(
        sentence, frame().caption, frame().caption_size, weight="semibold" if frame().film else "regular", lines=frame().caption_lines
    )
    made.pinned = made.narration = True
    return made


def _graded(area: Rectangle, opacities: Sequence[float]) -> Rectangle:
    """An area in the ground's colour, with these opacities from top to bottom."""
    area.set_fill([theme().background, theme().background], opacity=1)
    color = area.fill_rgbas[0][:3]
    area.fill_rgbas = np.array([[*color, opacity] for opacity in opacities])
    area.sheen_direction, area.sheen_factor = np.array([0.0, -1.0, 0.0]), 1.0
    return area


def scrim() -> Rectangle:
    """The ground fading in from below, on which narration is read over any picture."""
    below, area = frame().whole.bottom, frame().caption
    top = area.top + 0.9 * frame().caption_size
    made = Rectangle(width=frame().width, height=top - below, stroke_width=0)
    made.move_to((0, (top + below) / 2, 0))
    _graded(made, SCRIM)
    made.pinned = True
    return made


class ProgressLine(Rectangle):
    """A thin line along the lower edge: how much of the film is over."""

    pinned: ClassVar[bool] = True

    def __init__(self) -> None:
        super().__init__(width=1, height=PROGRESS_HEIGHT, stroke_width=0, fill_color=theme().muted, fill_opacity=0.8)
        self.reach(0.0)

    def reach(self, share: float) -> ProgressLine:
        """Be as long as a share of the frame's width."""
        edges = frame().whole
        left, right = edges.left, edges.left + max(share, 1e-4) * edges.width
        low, high = edges.bottom, edges.bottom + PROGRESS_HEIGHT
        self.set_points_as_corners([(right, high, 0), (left, high, 0), (left, low, 0), (right, low, 0), (right, high, 0)])
        return self


class Progress(Animation):
    """The line of progress growing from one share to another."""

    function_of_time: ClassVar[bool] = True

    def __init__(self, line: ProgressLine, first: float, last: float, seconds: float) -> None:
        self.first, self.last = first, last
        super().__init__(line, run_time=seconds)

    def begin(self) -> None:
        """It starts where it is told to."""
        self.interpolate(0)

    def interpolate(self, alpha: float) -> None:
        """As long as the time that is over."""
        line = self.mobject
        assert isinstance(line, ProgressLine)
        line.reach(self.first + min(max(alpha, 0.0), 1.0) * (self.last - self.first))

    def get_all_mobjects(self) -> list[Mobject]:
        """The line."""
        return [self.mobject]


def title_card(title: str, part: str) -> VGroup:
    """The chapter's title over the living picture: a veil, the title, the part, and what is promised."""
    whole, em = frame().whole, frame().title_size
    veil = _graded(Rectangle(width=whole.width, height=whole.height, stroke_width=0), VEIL)
    room = whole.width - 2 * frame().margin - 0.6
    words: list[tuple[Showable, float, str, str]] = [(Label(title), em, theme().text, "bold"), (PROMISE, frame().label, theme().muted, "regular")]
    if part:
        words.insert(0, (Label(part), frame().label, theme().muted, "semibold"))
    lines = VGroup()
    height = 0.0
    for words_of_line, size, color, weight in words:
        fitted = min(size, room / text_width(words_of_line, 1.0, weight))  # type: ignore[arg-type]
        line = TextLine(words_of_line, fitted, color, weight)  # type: ignore[arg-type]
        height -= 1.5 * fitted + (0.35 * frame().label if words_of_line == PROMISE else 0.0)
        lines.add(line.at(0.0, height, "center"))
    lines.move_to((0, 0.03 * whole.height, 0))
    veil.curtain = True
    card = VGroup(veil, lines)
    for member in card.get_family():
        member.pinned = True
    return card


# ---- the frame of a chapter that is no film yet


def title_strip(heading: str, part: str, beats: int) -> list[TextLine]:
    """The chapter's title and the part that it stands in, along the upper edge."""
    strip, size = frame().title, frame().title_size
    if not frame().stacked:  # title, part and dots share a line
        words = text_width(Label(heading), 1.0, "semibold") + 0.6 + 0.6 * text_width(Label(part), 1.0)
        size = min(size, (strip.width - DOT_PITCH * beats - 0.4) / words)
    title = TextLine(Label(heading), size, weight="semibold")
    below = TextLine(Label(part), max(size * 0.6, frame().smallest), theme().muted)
    if frame().stacked:
        title.at(strip.left, strip.bottom + 0.2 + 1.35 * below.em)
        return [title, below.at(strip.left, strip.bottom + 0.2)]
    baseline = strip.center[1] - size * CAP_HEIGHT / 2
    title.at(strip.left, baseline)
    return [title, below.at(strip.left + title.advance + size * 0.6, baseline)]


def progress_dots(titles: list[TextLine], beats: int) -> VGroup:
    """A dot for each beat, in the upper right corner."""
    strip, pitch = frame().title, DOT_PITCH
    height = strip.center[1]
    if frame().stacked:  # behind the title or behind the part's name, whichever leaves more room
        line = min(titles, key=lambda line: line.get_right()[0])
        height = strip.bottom + 0.32 if line.get_top()[1] < strip.center[1] else line.get_center()[1]
        pitch = min(pitch, (strip.right - float(line.get_right()[0]) - 0.3) / max(beats, 1))
    dots = [Dot(radius=0.05, stroke_width=0, fill_opacity=1, color=theme().line) for _ in range(beats)]
    for place, dot in enumerate(reversed(dots)):
        dot.move_to((strip.right - 0.05 - pitch * place, height, 0))
    return VGroup(*dots)
