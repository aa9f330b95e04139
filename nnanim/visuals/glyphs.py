"""Outlines of text: HarfBuzz shapes the string, the font comes with the package.

Nothing is expected of the machine's own fonts, and numbers have figures of one width.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal

import font_source_sans_pro
import manimpango
import numpy as np
import uharfbuzz as hb
from manim import Text
from numpy.typing import NDArray

FAMILY = "Source Sans Pro"
Weight = Literal["regular", "semibold", "bold"]
_FILES: dict[str, str] = {"regular": "Regular", "semibold": "Semibold", "bold": "Bold"}
_FEATURES = {"kern": True, "liga": True, "tnum": True, "lnum": True}
RAISED_MINUS = "⁻"
"""As in 10⁻³: the family has it as a raised en dash, behind a feature."""
CAP_HEIGHT = 0.66
"""Height of capitals and figures above the baseline, in em (Source Sans Pro)."""


OPEN_BOX = "␣"
"""What a space is shown as where it matters; drawn here, since the family has no such character."""


@dataclass(frozen=True)
class Outline:
    """A shaped line of text at a size of one em, its baseline on y = 0, its origin at x = 0.

    ``points`` are cubic Bézier curves, four points each, shape (4 × curves, 3); ``advance`` is the width in em.
    """

    points: NDArray[np.float64]
    advance: float


def font_path(weight: Weight) -> Path:
    """The font file of a weight."""
    return Path(font_source_sans_pro.__file__).parent / "files" / f"SourceSansPro-{_FILES[weight]}.otf"


@cache
def register_fonts() -> None:
    """Let Pango (manim's ``Text``) know the family too, on a machine without any font."""
    for weight in _FILES:
        manimpango.register_font(str(font_path(weight)))  # type: ignore[arg-type]


@lru_cache(maxsize=4096)
def outline(text: str, weight: Weight = "regular") -> Outline:
    """Shape one line of text.

    A string with a character that the family lacks is set by Pango instead, in whatever font of the machine has it.
    """
    text = str(text)
    if not text:
        return Outline(np.zeros((0, 3)), 0.0)
    if text == "⋮":
        return _vertical_ellipsis(weight)
    if OPEN_BOX in text:
        return _with_open_boxes(text, weight)
    font = _font(weight)
    buffer = hb.Buffer()
    buffer.add_str(text.replace(RAISED_MINUS, "–"))
    buffer.guess_segment_properties()
    raised = [[place, place + 1, True] for place, character in enumerate(text) if character == RAISED_MINUS]
    hb.shape(font, buffer, {**_FEATURES, "sups": raised} if raised else _FEATURES)
    if any(info.codepoint == 0 for info in buffer.glyph_infos):
        return _outline_by_pango(text, weight)
    em = font.face.upem
    pen_x = 0.0
    curves: list[NDArray[np.float64]] = []
    for info, position in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
        glyph = _glyph(weight, info.codepoint)
        if len(glyph):
            curves.append(glyph + np.array([pen_x + position.x_offset / em, position.y_offset / em, 0.0]))
        pen_x += position.x_advance / em
    points = np.concatenate(curves) if curves else np.zeros((0, 3))
    points.setflags(write=False)
    return Outline(points, pen_x)


def advance(text: str, weight: Weight = "regular") -> float:
    """Width of a line of text in em."""
    return outline(text, weight).advance


def covers(text: str, weight: Weight = "regular") -> bool:
    """Whether every character of a text can be drawn with the fonts of the package alone."""
    font = _font(weight)
    return all(c == OPEN_BOX or font.get_nominal_glyph(ord(c)) is not None for c in text)


@cache
def _font(weight: Weight) -> hb.Font:
    return hb.Font(hb.Face(hb.Blob.from_file_path(str(font_path(weight)))))


class _Pen:
    """Collects a glyph's contours as cubic curves, in em."""

    def __init__(self, em: int) -> None:
        self.em = em
        self.curves: list[tuple[complex, complex, complex, complex]] = []
        self.start = self.at = 0j

    def moveTo(self, point: tuple[float, float]) -> None:
        self.start = self.at = complex(*point) / self.em

    def lineTo(self, point: tuple[float, float]) -> None:
        to = complex(*point) / self.em
        self.curves.append((self.at, (2 * self.at + to) / 3, (self.at + 2 * to) / 3, to))
        self.at = to

    def qCurveTo(self, control: tuple[float, float], point: tuple[float, float]) -> None:
        middle, to = complex(*control) / self.em, complex(*point) / self.em
        self.curves.append((self.at, (self.at + 2 * middle) / 3, (to + 2 * middle) / 3, to))
        self.at = to

    def curveTo(
        self, first: tuple[float, float], second: tuple[float, float], point: tuple[float, float]
    ) -> None:
        to = complex(*point) / self.em
        self.curves.append((self.at, complex(*first) / self.em, complex(*second) / self.em, to))
        self.at = to

    def closePath(self) -> None:
        if abs(self.at - self.start) > 1e-9:
            self.lineTo((self.start.real * self.em, self.start.imag * self.em))

    endPath = closePath


@cache
def _glyph(weight: Weight, codepoint: int) -> NDArray[np.float64]:
    font = _font(weight)
    pen = _Pen(font.face.upem)
    font.draw_glyph_with_pen(codepoint, pen)
    flat = np.array(pen.curves, dtype=complex).reshape(-1)
    return np.stack([flat.real, flat.imag, np.zeros(len(flat))], axis=1)


def _vertical_ellipsis(weight: Weight) -> Outline:
    """Three full stops above one another; the family has no such character."""
    dot = outline(".", weight)
    middle = (CAP_HEIGHT - float(dot.points[:, 1].max() + dot.points[:, 1].min())) / 2
    points = np.concatenate([dot.points + np.array([0, middle + step, 0]) for step in (0.27, 0.0, -0.27)])
    return Outline(points, dot.advance)


def _with_open_boxes(text: str, weight: Weight) -> Outline:
    """A text in which every ``␣`` is a low open box, half an em wide."""
    stroke, left, right, bottom, top = 0.05, 0.06, 0.40, -0.14, 0.06
    corners = [
        (left, top), (left, bottom), (right, bottom), (right, top),
        (right - stroke, top), (right - stroke, bottom + stroke), (left + stroke, bottom + stroke), (left + stroke, top),
    ]  # fmt: skip
    pen = _Pen(1)
    pen.moveTo(corners[0])
    for corner in corners[1:]:
        pen.lineTo(corner)
    pen.closePath()
    flat = np.array(pen.curves, dtype=complex).reshape(-1)
    box = np.stack([flat.real, flat.imag, np.zeros(len(flat))], axis=1)
    parts: list[NDArray[np.float64]] = []
    pen_x = 0.0
    for place, piece in enumerate(text.split(OPEN_BOX)):
        if place:
            parts.append(box + np.array([pen_x, 0, 0]))
            pen_x += right + left
        if piece:
            shape = outline(piece, weight)
            parts.append(shape.points + np.array([pen_x, 0, 0]))
            pen_x += shape.advance
    points = np.concatenate(parts)
    points.setflags(write=False)
    return Outline(points, pen_x)


def _outline_by_pango(text: str, weight: Weight) -> Outline:
    register_fonts()
    # An "x" in front fixes scale and baseline, which Pango's drawing does not tell; it is cut off again.
    drawn = Text("x" + text, font=FAMILY, weight="NORMAL" if weight == "regular" else weight.upper())
    mark, *rest = drawn.submobjects
    height = outline("x", weight).points[:, 1].max()
    scale = height / (mark.height or 1.0)
    parts = [part.points for part in rest if len(part.points)]
    points = (np.concatenate(parts) if parts else np.zeros((0, 3))) - (
        mark.get_right()[0],
        mark.get_bottom()[1],
        0,
    )
    points = points * scale
    return Outline(points, float(points[:, 0].max() if len(points) else 0.0) + 0.03)
