"""Running text: every piece stands in its place and its colour, and lines keep to their region."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from manim import ManimColor

from nnanim.quantity import Label
from nnanim.visuals.page.frame import Region, frame
from nnanim.visuals.page.text import text_width
from nnanim.visuals.tokens.running_text import RunningText, break_pieces

COLORS = ("#5AA9FF", "#FF9F5A")
pieces = st.lists(
    st.tuples(st.sampled_from(["a", " network", " learns", ".", " by", "ing"]).map(Label), st.sampled_from(COLORS)),
    min_size=1,
    max_size=30,
)


@given(pieces, st.floats(2.0, 9.0))
def test_lines_hold_all_pieces_in_their_order_and_colour(given_pieces, width):
    lines = break_pieces(given_pieces, 0.4, width)
    letters = [(letter, color) for words, color in given_pieces for letter in words if letter != " "]
    assert [(letter, color) for line in lines for words, color in line for letter in words if letter != " "] == letters
    for line in lines:
        assert sum(text_width(words, 0.4) for words, _ in line) <= width + 1e-9
        assert all(first[1] != second[1] for first, second in pairwise(line))
    assert not any(line[0][0].startswith(" ") for line in lines[1:])


@given(pieces, st.floats(2.0, 9.0), st.floats(0.6, 3.0))
def test_it_stays_in_its_region(given_pieces, width, height):
    region = Region(-1.0, width - 1.0, -0.5, height - 0.5)
    text = RunningText(given_pieces, region, 0.4)
    assert text.get_left()[0] >= region.left - 0.05
    assert text.get_right()[0] <= region.right + 0.05
    assert text.get_top()[1] <= region.top + 0.1
    assert all(line.em >= frame().smallest * 0.999 for line in text)
    assert {line.get_fill_color() for line in text} <= {ManimColor(color) for color in COLORS}
    last = given_pieces[-1][0].strip()
    assert text[-1].string.endswith(last), "what does not fit is left out at the beginning"
