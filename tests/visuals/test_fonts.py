"""What the family lacks is drawn in the named fallback, as FreeType draws it there, and nothing of the machine's fonts is used."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import manimgx_fonts
import manimgx_fonts_cjk
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ImageFont

from nnanim.characters import text_of
from nnanim.visuals.page.fonts import runs
from nnanim.visuals.page.glyphs import Outline, covers, outline

NOTO = Path(manimgx_fonts.__file__).parent
CJK = Path(manimgx_fonts_cjk.__file__).parent / "NotoSansCJK-VF.otf.ttc"
UNITS = 1000
SAMPLES = ["😀", "世", "界", "カ", "é", "ش", "ש", "한", "आ", "ไ", "→", "♥", "↵", "␣", "⇥", "a"]


def ink(shape: Outline) -> np.ndarray:
    """Left, bottom, right and top of the curves, in em."""
    curves = shape.points.reshape(-1, 4, 3)
    t = np.linspace(0, 1, 33)[None, :, None]
    a, b, c, d = (curves[:, k, None] for k in range(4))
    points = ((1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t**2 * c + t**3 * d).reshape(-1, 3)[:, :2]
    return np.concatenate([points.min(axis=0), points.max(axis=0)])


@pytest.mark.parametrize(
    ("text", "path", "face"),
    [("😀", NOTO / "NotoEmoji[wght].ttf", 0), ("世", CJK, 2), ("カ", CJK, 0), ("한", CJK, 2), ("ש", NOTO / "NotoSansHebrew[wght].ttf", 0),
     ("ไ", NOTO / "NotoSansThai[wght].ttf", 0)],
)  # fmt: skip
@pytest.mark.parametrize(("weight", "thickness"), [("regular", 400), ("bold", 700)])
def test_a_character_is_drawn_as_freetype_draws_it_in_the_named_font(text, path, face, weight, thickness):
    theirs = ImageFont.truetype(str(path), UNITS, index=face, layout_engine=ImageFont.Layout.BASIC)
    theirs.set_variation_by_axes([thickness])
    _, top, _, bottom = theirs.getbbox(text, anchor="ls")  # (horizontally it holds the advance, too)
    left, _, right, _ = theirs.getmask(text).getbbox()
    found = ink(outline(text, weight))
    assert found[[1, 3]] == pytest.approx(np.array([-bottom, -top]) / UNITS, abs=0.004)
    assert found[2] - found[0] == pytest.approx((right - left) / UNITS, abs=0.004)
    assert outline(text, weight).advance == pytest.approx(theirs.getlength(text) / UNITS, abs=0.002)


@given(st.lists(st.sampled_from(SAMPLES), min_size=1, max_size=6))
def test_no_two_texts_look_alike_and_every_character_adds_ink(characters):
    text = "".join(characters)
    assert covers(text)
    for changed in range(len(characters)):
        for other in ("世", "a"):
            if characters[changed] != other:
                varied = outline("".join([*characters[:changed], other, *characters[changed + 1 :]])).points
                ours = outline(text).points
                assert varied.shape != ours.shape or not np.allclose(varied, ours)
        assert len(outline("".join(characters[: changed + 1])).points) > len(outline("".join(characters[:changed])).points)


def test_arabic_is_joined_and_runs_from_right_to_left():
    """The word is narrower than its letters by themselves, and its second word stands left of its first."""
    letters = sum(outline(letter).advance for letter in "مرحبا")
    assert outline("مرحبا").advance < 0.9 * letters
    first, both = outline("مرحبا"), outline("مرحبا عالم")
    shift = both.advance - first.advance
    assert any(np.allclose(both.points[k : k + len(first.points)], first.points + np.array([shift, 0, 0])) for k in range(0, len(both.points), 4))


@pytest.mark.parametrize(
    ("text", "left_to_right"),
    [
        ("a שלום b", ["a ", "שלום", " b"]),
        ("שלום עולם", ["עולם", " ", "שלום"]),
        ("שלום 12 b", ["12", " ", "שלום", " b"]),
        ("12 שלום", ["12 ", "שלום"]),
        ("a世b", ["a", "世", "b"]),
    ],
)
def test_runs_stand_in_the_order_in_which_they_are_seen(text, left_to_right):
    """As the Unicode bidirectional algorithm orders them in a line from left to right."""
    assert [run.text for run in runs(text, "regular")] == left_to_right


@pytest.mark.parametrize("missing", ["\ue000", "\u0378", "\U0001fffe", text_of(b"\xf0")])
def test_what_no_font_has_is_written_as_its_number(missing):
    written = "‹F0›" if missing == text_of(b"\xf0") else f"‹U+{ord(missing):04X}›"
    assert not covers(missing)
    assert np.allclose(outline(f"a{missing}").points, outline(f"a{written}").points)
    assert len(outline(missing).points) > len(outline("‹").points)


def test_a_line_break_is_never_two_letters():
    assert np.allclose(outline("a\nb").points, outline("a↵b").points)
    assert not np.allclose(outline("a\nb").advance, outline("a\\nb").advance)


def test_the_machines_own_fonts_make_no_difference(tmp_path):
    """In a process that finds no font at all, the same outlines."""
    (tmp_path / "fonts.conf").write_text("<fontconfig></fontconfig>")
    text = "😀 世界 مرحبا é नमस्ते ไทย \ue000"
    program = f"from nnanim.visuals.page.glyphs import outline; o = outline({text!r}); print(o.advance, o.points.sum())"
    said = [
        subprocess.run([sys.executable, "-c", program], env={**os.environ, **more}, capture_output=True, text=True, check=True).stdout
        for more in ({}, {"FONTCONFIG_FILE": str(tmp_path / "fonts.conf"), "FONTCONFIG_PATH": str(tmp_path)})
    ]
    assert said[0] == said[1]
    assert said[0].strip() == f"{outline(text).advance} {outline(text).points.sum()}"
