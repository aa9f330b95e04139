"""Outlines of text: HarfBuzz shapes the string, the font comes with the package.

Nothing is expected of the machine's own fonts, and numbers have figures of one width.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
import uharfbuzz as hb
from numpy.typing import NDArray

from nnanim.characters import clusters
from nnanim.visuals.page.fonts import Run, Weight, font, font_for, font_path, runs

__all__ = ["CAP_HEIGHT", "OPEN_BOX", "RETURN", "TAB", "Outline", "Weight", "advance", "covers", "font_path", "outline"]

_FEATURES = {"kern": True, "liga": True, "tnum": True, "lnum": True}
RAISED_MINUS = "⁻"
"""As in 10⁻³: the family has it as a raised en dash, behind a feature."""
CAP_HEIGHT = 0.66
"""Height of capitals and figures above the baseline, in em (Source Sans Pro)."""


OPEN_BOX, RETURN, TAB = "␣", "↵", "⇥"
"""What spaces, line breaks and tabs are shown as where they matter; drawn here, since the family has no such characters."""


@dataclass(frozen=True)
class Outline:
    """A shaped line of text at a size of one em, its baseline on y = 0, its origin at x = 0.

    ``points`` are cubic Bézier curves, four points each, shape (4 × curves, 3); ``advance`` is the width in em.
    """

    points: NDArray[np.float64]
    advance: float


@lru_cache(maxsize=4096)
def outline(text: str, weight: Weight = "regular") -> Outline:
    """Shape one line of text.

    What the family lacks is set in a Noto font (:mod:`nnanim.visuals.page.fonts`), what these lack as its number in Unicode.
    """
    text = str(text)
    if not text:
        return Outline(np.zeros((0, 3)), 0.0)
    if text == "⋮":
        return _vertical_ellipsis(weight)
    text = text.replace("\n", RETURN).replace("\t", TAB)
    if _DRAWN.search(text):
        return _with_drawn(text, weight)
    shape = _shape(Run(text, "", False), weight)
    if shape is not None:
        return shape
    return _side_by_side([made for run in runs(text, weight) if (made := _shape(run, weight)) is not None])


_DRAWN = re.compile(f"([{OPEN_BOX}{RETURN}{TAB}])")


def _shape(run: Run, weight: Weight) -> Outline | None:
    """A run in its font; None when the font lacks a character of it."""
    hb_font = font(run.font, weight)
    buffer = hb.Buffer()
    buffer.add_str(run.text.replace(RAISED_MINUS, "–") if not run.font else run.text)
    buffer.guess_segment_properties()
    if run.backwards:
        buffer.direction = "rtl"
    raised = [[place, place + 1, True] for place, character in enumerate(run.text) if character == RAISED_MINUS]
    hb.shape(hb_font, buffer, {**_FEATURES, "sups": raised} if raised else _FEATURES)
    if any(info.codepoint == 0 for info in buffer.glyph_infos):
        return None
    em = hb_font.face.upem
    pen_x = 0.0
    curves: list[NDArray[np.float64]] = []
    for info, position in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
        glyph = _glyph(run.font, weight, info.codepoint)
        if len(glyph):
            curves.append(glyph + np.array([pen_x + position.x_offset / em, position.y_offset / em, 0.0]))
        pen_x += position.x_advance / em
    points = np.concatenate(curves) if curves else np.zeros((0, 3))
    points.setflags(write=False)
    if run.font and len(points):  # signs such as a virama may hang over the end, where another text may begin
        pen_x = max(pen_x, float(points[:, 0].max()))
    return Outline(points, pen_x)


def _side_by_side(shapes: list[Outline]) -> Outline:
    """Outlines from left to right."""
    starts = np.cumsum([0.0, *(shape.advance for shape in shapes)])
    parts = [shape.points + np.array([x, 0, 0]) for shape, x in zip(shapes, starts, strict=False)]
    points = np.concatenate(parts) if parts else np.zeros((0, 3))
    points.setflags(write=False)
    return Outline(points, float(starts[-1]))


def advance(text: str, weight: Weight = "regular") -> float:
    """Width of a line of text in em."""
    return outline(text, weight).advance


def covers(text: str, weight: Weight = "regular") -> bool:
    """Whether every character of a text can be drawn as it is with the fonts of the package."""
    japanese = any(0x3040 <= ord(character) <= 0x30FF for character in text)
    return all(_DRAWN.fullmatch(c) or font_for(c, weight, japanese) is not None for c in clusters(text))


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

    @property
    def points(self) -> NDArray[np.float64]:
        """What was drawn, (4 × curves, 3)."""
        flat = np.array(self.curves, dtype=complex).reshape(-1)
        return np.stack([flat.real, flat.imag, np.zeros(len(flat))], axis=1)


@cache
def _glyph(name: str, weight: Weight, codepoint: int) -> NDArray[np.float64]:
    hb_font = font(name, weight)
    pen = _Pen(hb_font.face.upem)
    hb_font.draw_glyph_with_pen(codepoint, pen)
    return pen.points


def _vertical_ellipsis(weight: Weight) -> Outline:
    """Three full stops above one another; the family has no such character."""
    dot = outline(".", weight)
    middle = (CAP_HEIGHT - float(dot.points[:, 1].max() + dot.points[:, 1].min())) / 2
    points = np.concatenate([dot.points + np.array([0, middle + step, 0]) for step in (0.27, 0.0, -0.27)])
    return Outline(points, dot.advance)


def _with_drawn(text: str, weight: Weight) -> Outline:
    """A text with signs that are drawn here, each with its own advance."""
    pieces = [piece for piece in _DRAWN.split(text) if piece]
    return _side_by_side([_drawn(piece) if _DRAWN.fullmatch(piece) else outline(piece, weight) for piece in pieces])


@cache
def _drawn(sign: str) -> Outline:
    """An open box, a bent arrow or an arrow to a bar, of strokes 0.05 em thick."""
    pen = _Pen(1)
    for polygon in _POLYGONS[sign]:
        pen.moveTo(polygon[0])
        for corner in polygon[1:]:
            pen.lineTo(corner)
        pen.closePath()
    return Outline(pen.points, float(pen.points[:, 0].max()) + 0.06)


def _head(tip: tuple[float, float], along: int) -> list[tuple[float, float]]:
    """An arrow's head: a triangle."""
    x, y = tip
    return [(x, y), (x - 0.16 * along, y - 0.12), (x - 0.16 * along, y + 0.12)]


def _bar(left: float, bottom: float, right: float, top: float) -> list[tuple[float, float]]:
    return [(left, bottom), (right, bottom), (right, top), (left, top)]


_POLYGONS: dict[str, list[list[tuple[float, float]]]] = {
    OPEN_BOX: [[(0.06, 0.06), (0.06, -0.14), (0.40, -0.14), (0.40, 0.06), (0.35, 0.06), (0.35, -0.09), (0.11, -0.09), (0.11, 0.06)]],
    RETURN: [
        [(0.18, 0.175), (0.55, 0.175), (0.55, 0.56), (0.60, 0.56), (0.60, 0.125), (0.18, 0.125)],
        _head((0.06, 0.15), -1),
    ],
    TAB: [_bar(0.06, 0.215, 0.44, 0.265), _head((0.56, 0.24), 1), _bar(0.58, 0.08, 0.63, 0.40)],
}
