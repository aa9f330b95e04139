"""Tokens: nothing in a text is invisible, and a row stands on one baseline within its region."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnanim.characters import text_of
from nnanim.quantity import Label
from nnanim.visuals.page.frame import Region, frame
from nnanim.visuals.page.glyphs import covers, outline
from nnanim.visuals.tokens.names import token_names
from nnanim.visuals.tokens.tokens import BOX_HEIGHT, TokenFlow, TokenRow, visible_text

REGION = Region(-6, 6, -1, 1)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (" the", "␣the"), ("\n\n", "↵↵"), ("\t", "⇥"), ("7", "7"), ("é", "é"), ("e\u0301", "e\u0301"), ("😀", "😀"), ("世界", "世界"), ("مرحبا", "مرحبا"),
        ("👩‍💻", "👩‍💻"), ("☺️", "☺️"), ("👍🏽", "👍🏽"), ("🇩🇪", "🇩🇪"), ("नमस्ते", "नमस्ते"), ("\\n", "\\n"), ("\\xf0", "\\xf0"),
        ("\xa0", "‹U+00A0›"), ("\x00", "‹U+0000›"), ("\u200d", "‹U+200D›"), ("\ufe0f", "‹U+FE0F›"), ("\u3164", "‹U+3164›"), ("\ue000", "‹U+E000›"),
        ("a\u200bb", "a‹U+200B›b"), ("\r\n", "‹U+000D›↵"), ("\udcff", "byte FF"), (text_of(b"\xf0\x9f"), "bytes F0 9F"), (text_of(b" \xe4"), "␣‹E4›"),
    ],
)  # fmt: skip
def test_everything_is_visible(text, shown):
    assert visible_text(text) == shown
    assert visible_text("abcdefgh", 5) == "abcd…"
    assert visible_text("a 👩‍💻👩‍💻👩‍💻", 6) == "a␣👩‍💻…", "an emoji is not cut in two"
    assert visible_text(" a\nb", spaces=False) == " a↵b"
    assert visible_text(text_of(b"\xf0\x9f"), spaces=False) == "‹F0›‹9F›"


@given(text=st.text(max_size=8))
def test_only_the_fonts_of_the_package_are_needed(text):
    shown = visible_text(text)
    assert covers(shown)
    assert outline(shown).advance >= 0
    assert bool(len(outline(shown).points)) == bool(text)


texts = st.lists(st.sampled_from(["a", " the", " network", ".", "\n", "gypj", "W" * 14]), min_size=1, max_size=14)


@given(tokens=texts, widths=st.sampled_from(["own", "equal", "fill"]))
def test_a_row_stands_in_its_region_on_one_baseline(tokens, widths):
    try:
        row = TokenRow(tokens, REGION, 0.5, widths=widths)
    except ValueError:
        return  # too many at the smallest type
    assert row.size >= frame().smallest * 0.99
    assert np.ptp([token.baseline for token in row.tokens]) < 1e-9
    assert np.ptp([token.line.origin[1] for token in row.tokens if len(token.line.points)]) < 1e-6
    lefts = [token.box.get_left()[0] for token in row.tokens]
    rights = [token.box.get_right()[0] for token in row.tokens]
    assert lefts[0] >= -6.001 and rights[-1] <= 6.001
    assert all(right < left for right, left in zip(rights[:-1], lefts[1:], strict=True))
    if widths == "fill":
        assert lefts[0] == pytest.approx(-6) and rights[-1] == pytest.approx(6)


@settings(max_examples=15)
@given(tokens=texts.flatmap(lambda row: st.just(row * 4)))
def test_a_growing_text_stays_in_its_region(tokens):
    flow = TokenFlow(tokens, Region(-3, 3, -0.6, 0.6), 0.4, 0.3)
    for count in range(1, len(tokens) + 1):
        last = flow.token(count - 1, count)
        assert last.box.get_top()[1] <= 0.6 + 1e-6 and last.box.get_bottom()[1] >= -0.6 - 1e-6
        assert flow.row(count - 1) - flow.first_row(count) < flow.visible
    assert last.box.height == pytest.approx(BOX_HEIGHT * flow.em)


def test_names_are_for_people():
    assert token_names(["The", " cat", "’s", " token", "ization", " ", "1", "2", "\n"]) == [
        "The", "cat", "’s", "token", "·ization", "␣", "1", "·2", "↵",
    ]  # fmt: skip
    assert token_names([" antidisestablishmentarian"], 8) == ["antidis…"]
    assert all(isinstance(name, Label) for name in token_names(["a", " 1"]))
