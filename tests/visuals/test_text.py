"""Text against FreeType's own measures of the same font: baselines, widths, wrapping, formulas."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from manim import tempconfig
from PIL import ImageFont

from nnanim.quantity import Label, Quantity, UnsourcedDigit
from nnanim.visuals.page import glyphs
from nnanim.visuals.page.frame import Region, frame
from nnanim.visuals.page.math import Formula
from nnanim.visuals.page.text import Paragraph, TextLine, text_width, wrap

UNITS = 1000
letters = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ .,;:()", min_size=1, max_size=12).filter(
    lambda text: text.strip() == text
)


@pytest.fixture(autouse=True, scope="module")
def widescreen() -> Iterator[None]:
    with tempconfig({"frame_width": 14 + 2 / 9, "frame_height": 8.0}):
        yield


def freetype(text: str, weight: glyphs.Weight = "regular") -> tuple[float, float, float, float]:
    """Ink of a text in em, as FreeType draws it from the baseline's beginning: left, bottom, right, top."""
    font = ImageFont.truetype(str(glyphs.font_path(weight)), UNITS, layout_engine=ImageFont.Layout.BASIC)
    left, top, right, bottom = font.getbbox(text, anchor="ls")
    return left / UNITS, -bottom / UNITS, right / UNITS, -top / UNITS


def ink(line: TextLine) -> tuple[float, float, float, float]:
    """Ink of a line in manim units; Bézier curves are sampled, their handles reach further than they do."""
    curves = line.points.reshape(-1, 4, 3)
    t = np.linspace(0, 1, 33)[None, :, None]
    a, b, c, d = (curves[:, k, None] for k in range(4))
    points = ((1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t**2 * c + t**3 * d).reshape(-1, 3)
    return (*points.min(axis=0)[:2], *points.max(axis=0)[:2])  # type: ignore[return-value]


# Baselines and widths ----------------------------------------------------------------------------------


@pytest.mark.parametrize("weight", ["regular", "semibold", "bold"])
@given(text=letters, size=st.floats(0.1, 2), baseline=st.floats(-4, 4))
@example(text="xyg", size=0.5, baseline=1.0)
def test_ink_stands_on_the_baseline_where_freetype_puts_it(weight, text, size, baseline):
    line = TextLine(text, size, weight=weight).at(1.0, baseline)
    _, bottom, _, top = ink(line)
    _, expected_bottom, _, expected_top = freetype(text, weight)
    assert bottom == pytest.approx(baseline + expected_bottom * size, abs=0.003 * size)
    assert top == pytest.approx(baseline + expected_top * size, abs=0.003 * size)
    assert line.origin == pytest.approx((1.0, baseline, 0), abs=1e-9)
    assert line.em == pytest.approx(size)


def test_numbers_and_words_share_a_baseline():
    lines = [TextLine(Quantity(0.8, "x")), TextLine("xyg"), TextLine("H"), TextLine("x"), TextLine(Label("x₁"))]
    for place, line in enumerate(lines):
        line.at(place, 0.5)
    assert ink(lines[2])[1] == pytest.approx(0.5, abs=1e-6)  # an H ends on the baseline
    assert ink(lines[3])[1] == pytest.approx(0.5, abs=1e-6)
    assert 0.5 - 0.02 * lines[0].em < ink(lines[0])[1] <= 0.5  # round figures overshoot it a little
    assert ink(lines[1])[1] < 0.5 - 0.15 * lines[1].em  # y and g reach below
    for line in lines:
        assert line.origin[1] == pytest.approx(0.5, abs=1e-9)


@pytest.mark.parametrize("weight", ["regular", "semibold", "bold"])
def test_all_figures_are_of_one_width(weight):
    widths = {round(glyphs.advance(figure, weight), 6) for figure in "0123456789"}
    assert len(widths) == 1


@given(st.integers(0, 999), st.integers(0, 999))
def test_numbers_of_equal_length_are_of_equal_width(first, second):
    one, other = (TextLine(Quantity(n / 100, "x")) for n in (first, second))
    assert one.advance == pytest.approx(other.advance, abs=1e-9)
    one.at(2.0, 0, "right")
    other.at(2.0, 0, "right")
    assert one.origin == pytest.approx(other.origin, abs=1e-9)


@given(text=letters, size=st.floats(0.2, 1))
def test_words_are_as_wide_as_freetype_says(text, size):
    font = ImageFont.truetype(str(glyphs.font_path("regular")), UNITS, layout_engine=ImageFont.Layout.BASIC)
    bare = sum(font.getlength(letter) for letter in text) / UNITS
    # Kerning and ligatures (fi) move letters by a few hundredths of an em each.
    assert text_width(text, size) == pytest.approx(bare * size, abs=0.09 * size * len(text))
    assert TextLine(text, size).advance == pytest.approx(text_width(text, size))


@pytest.mark.parametrize(("align", "share"), [("left", 0), ("center", 0.5), ("right", 1)])
def test_alignment(align, share):
    line = TextLine("weight", 0.4).at(3.0, 1.0, align)
    assert line.origin[0] + share * line.advance == pytest.approx(3.0)


def test_on_puts_the_middle_of_a_capital_at_the_point():
    line = TextLine("H", 0.8).on(np.array([1.0, 2.0, 0]))
    _, bottom, _, top = ink(line)
    assert (bottom + top) / 2 == pytest.approx(2.0, abs=0.01 * 0.8)


def test_a_scaled_line_knows_its_size_and_still_finds_its_baseline():
    line = TextLine("Hxg", 0.4).scale(2.5).at(0, 1.0)
    assert line.em == pytest.approx(1.0)
    assert ink(line)[1] == pytest.approx(1.0 + freetype("Hxg")[1], abs=0.003)


def test_an_empty_line_takes_no_room():
    assert TextLine("").advance == 0
    assert list(TextLine("").at(1, 1).entries) == []


def test_characters_that_the_font_lacks_are_drawn_nevertheless():
    lacking = TextLine("漢字", 0.5)
    assert len(lacking.points) > 0 or lacking.advance > 0


def test_digits_need_a_source():
    with pytest.raises(UnsourcedDigit):
        TextLine("0.5")
    with pytest.raises(UnsourcedDigit):
        Paragraph("in 3 steps", Region(-3, 3, -1, 1), 0.4)
    with pytest.raises(UnsourcedDigit):
        Formula("x + 1")


# Wrapping ----------------------------------------------------------------------------------------------

words = st.lists(st.text("abcdefgilmorst", min_size=1, max_size=9), min_size=1, max_size=12)


@given(words, st.floats(0.2, 0.6), st.floats(0.5, 8))
def test_wrapping_keeps_the_words_the_width_and_the_fewest_lines(parts, size, width):
    lines = wrap(" ".join(parts), size, width)
    assert " ".join(lines).split() == parts
    for line in lines:
        assert text_width(line, size) <= width + 1e-9 or " " not in line
    assert len(lines) == fewest_lines(parts, size, width)


def fewest_lines(parts: list[str], size: float, width: float) -> int:
    """By trying every place to break, as far as words before it could be set (a word too wide stands alone)."""
    best = [0] + [len(parts)] * len(parts)
    for end in range(1, len(parts) + 1):
        for begin in range(end):
            line = " ".join(parts[begin:end])
            if end - begin == 1 or text_width(line, size) <= width:
                best[end] = min(best[end], best[begin] + 1)
    return best[-1]


def test_lines_are_of_even_length():
    text = "Every line is a weight: blue for positive, orange for negative, thick for large."
    lines = wrap(text, 0.37, 9.5)
    widths = [text_width(line, 0.37) for line in lines]
    assert len(lines) == 2
    # No other break in two comes closer than one word's width.
    parts = text.split()
    others = [
        max(text_width(" ".join(parts[:cut]), 0.37), text_width(" ".join(parts[cut:]), 0.37))
        for cut in range(1, len(parts))
    ]
    assert max(widths) <= min(others) + 0.02


@given(words, st.floats(1.5, 12), st.floats(0.5, 2))
def test_a_paragraph_stays_in_its_region_or_refuses(parts, width, height):
    region = Region(-width / 2, width / 2, -4, -4 + height)
    try:
        paragraph = Paragraph(" ".join(parts), region, 0.4)
    except ValueError as error:
        assert "does not fit" in str(error)
        smallest = frame().smallest
        pitch = 1.24 * smallest
        needed = fewest_lines(parts, smallest, width)
        too_wide = any(text_width(part, smallest) > width for part in parts)
        assert needed > 3 or (needed - 1) * pitch + smallest > height - 0.02 or too_wide
        return
    assert frame().smallest * 0.999 <= paragraph.em <= 0.4
    assert " ".join(paragraph.lines).split() == parts
    low, high = paragraph.points.min(axis=0), paragraph.points.max(axis=0)
    slack = 0.05 * paragraph.em  # side bearings and overshoot
    assert region.bottom - slack <= low[1]
    assert high[1] <= region.top + slack
    assert region.left - slack <= low[0]
    assert high[0] <= region.right + slack


# Formulas ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0.25, 0.5, 1.2])
def test_an_em_of_a_formula_is_as_large_as_was_asked_for(size):
    """Typst draws a box of two em by one; at manim's font size of 48 an em is half a unit."""
    box = Formula(Label("#rect(width: 2em, height: 1em, fill: black)"), size)
    assert (box.width, box.height) == (pytest.approx(2 * size, rel=1e-3), pytest.approx(size, rel=1e-3))
    assert box.font_size == pytest.approx(96 * size, rel=1e-3)


def test_a_formula_too_wide_is_made_smaller_and_says_so():
    free = Formula(Label("a b c d e f g h"), 0.5)
    narrow = Formula(Label("a b c d e f g h"), 0.5, width=free.width / 2)
    assert narrow.width == pytest.approx(free.width / 2)
    assert narrow.em == pytest.approx(0.25)


def test_no_two_texts_of_a_kind_are_confused():
    for first, second in itertools.combinations(["regular", "semibold", "bold"], 2):
        assert not np.array_equal(glyphs.outline("a", first).points, glyphs.outline("a", second).points)
