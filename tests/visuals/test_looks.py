"""A sentence and what a word of it looks at; a wall of heads; vectors as bars; a tally: where things stand, and what is drawn."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from drawing import draw
from hypothesis import given, settings
from hypothesis import strategies as st

from nnanim.lesson.claims import Cases, ClaimError
from nnanim.quantity import Label
from nnanim.visuals import DotProduct, HeadWall, Looks, Mixture, Tally
from nnanim.visuals.page.frame import Region
from nnanim.visuals.page.theme import rgba, theme

WIDE, TALL = Region(-6.5, 6.5, -2.5, 3.5), Region(-3.5, 3.5, -4.0, 6.0)
words = st.lists(st.text("abcdemw", min_size=1, max_size=9), min_size=2, max_size=16)


def looks_of(region: Region, texts: list[str], **dials: float) -> Looks:
    row = np.full(len(texts), 1 / len(texts))
    return Looks(region, [[Label(text) for text in texts]], len(texts) - 1, row, **dials)


@settings(max_examples=60, deadline=None)
@given(words, st.sampled_from([WIDE, TALL]))
def test_words_stand_apart_in_order_within_the_region(texts, region):
    looks = looks_of(region, texts)
    boxes = []
    for word in looks.words():
        word.follow()
        boxes.append((*word.points[:, :2].min(axis=0), *word.points[:, :2].max(axis=0)))
    for (left, low, right, high), (other, under, _, over) in pairwise(boxes):
        assert under + 1e-6 >= high or low + 0.45 * looks.em_of_words >= over - 0.3 if looks.stacked else other > right
        assert not looks.stacked or over < high
        assert left >= region.left - 1e-6
    assert max(box[2] for box in boxes) <= region.right + 1e-6
    assert min(box[1] for box in boxes) >= region.bottom - 0.6 * looks.em_of_words


def test_between_two_sentences_words_are_exchanged_and_arcs_are_between_theirs():
    first, second = [[Label(text) for text in line.split()] for line in ("a b soft", "a b tired")]
    looks = Looks(WIDE, [first, second], 2, [[0.9, 0.1, 0.0], [0.1, 0.9, 0.0]])
    for variant, said, row in ((0.0, "soft", (0.9, 0.1, 0)), (0.4, "soft", (0.58, 0.42, 0)), (0.6, "tired", (0.42, 0.58, 0)), (1.0, "tired", (0.1, 0.9, 0))):
        looks.turn(variant=variant)
        assert looks.words()[2].showable.text == said
        assert np.allclose(looks.blend(looks.rows), row)


def test_threads_leave_from_the_word_that_looks_and_go_as_far_as_they_have_grown(small_picture):
    heads = np.zeros((40, 5))
    heads[:, 0] = 1.0
    texts = [[Label(text) for text in ("one", "two", "three", "four", "five")]]
    looks = Looks(WIDE, texts, 4, np.eye(5)[0], heads[None], ring=0.0)
    ground = draw()

    def inked(reach: float) -> np.ndarray:
        looks.turn(reach=reach)
        return np.flatnonzero((draw(looks) != ground).any(axis=(0, 2)))

    half, whole = inked(0.5), inked(1.0)
    assert not len(inked(0.0))
    scale = 480 / (8 * 16 / 9)
    first, last = (240 + scale * looks.feet()[place, 0] for place in (0, 4))
    assert half.min() > first + 20
    assert abs(whole.min() - first) < 4
    assert abs(whole.max() - last) < 4
    assert abs(half.max() - last) < 4


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 30), st.integers(1, 9), st.sampled_from([WIDE, TALL, Region(-3.5, 3.5, -2.5, 3.5)]), st.data())
def test_the_whole_wall_is_seen_and_then_the_tile_fills_the_picture(layers, heads, region, data):
    chosen = data.draw(st.tuples(st.integers(0, layers - 1), st.integers(0, heads - 1)))
    wall = HeadWall(region, np.zeros((layers, heads, 3, 3)), chosen, (2, 0), above=0.8)
    spots = wall.spots()
    assert len({tuple(spot) for spot in spots.tolist()}) == layers * heads
    corners = wall.project(spots[:, None] + np.array([(-0.5, -0.5), (0.5, 0.5), (-0.5, 0.5), (0.5, -0.5)]))
    assert corners[..., 0].min() >= region.left - 1e-6
    assert corners[..., 0].max() <= region.right + 1e-6
    assert corners[..., 1].min() >= region.bottom - 1e-6
    assert corners[..., 1].max() <= region.top - 0.8 + 1e-6
    wall.turn(near=1.0)
    low, high = (wall.project(spots[wall.index] + np.array(corner)) for corner in ((-0.5, -0.5), (0.5, 0.5)))
    assert np.allclose((low + high) / 2, region.center[:2])
    assert max((high - low) / (0.78 * region.width, region.height)) == pytest.approx(0.98)


def test_a_lit_wall_keeps_the_light_of_one_cell(small_picture):
    attention = np.zeros((1, 1, 4, 4))
    attention[0, 0] = np.tril(np.ones((4, 4)))
    wall = HeadWall(Region(-3, 3, -3, 3), attention, (0, 0), (3, 1), shown=1.0)
    bright = 255 * rgba(theme().activation_ramp[-1])[:3]

    def lit() -> int:
        return int((np.abs(draw(wall)[..., :3] - bright).max(axis=-1) < 6).sum())

    everything = lit()
    wall.turn(lit=1.0)
    assert 0.05 < lit() / everything < 0.2


vectors = st.lists(st.floats(-9, 9).filter(lambda x: abs(x) > 1e-3), min_size=1, max_size=64)


@settings(max_examples=60)
@given(vectors, st.randoms(use_true_random=False), st.floats(0, 1))
def test_bars_of_both_vectors_stay_within_the_picture(query, random, meet):
    key = [random.uniform(-5, 5) for _ in query]
    dot = DotProduct(WIDE, query, key, query=1.0, key=1.0, meet=meet)
    upper, lower, _, room = dot.layout()
    for values, base in ((np.array(query), upper), (np.array(key), lower)):
        heights = values * dot.unit_of(values, room)
        assert base + max(heights.max(), 0) <= WIDE.top + 1e-6
        assert base + min(heights.min(), 0) >= WIDE.bottom - 1e-6
    if meet == 0:
        lowest = upper + min(float(dot.query.min()), 0) * dot.unit_of(dot.query, room)
        highest = lower + max(float(dot.key.max()), 0) * dot.unit_of(dot.key, room)
        assert highest <= lowest + 1e-6


def test_rows_of_values_slide_into_one():
    mixture = Mixture(WIDE, np.ones((4, 3)), [0.25] * 4, np.ones(3))
    bases = [mixture.base(row) for row in range(4)]
    assert np.allclose(np.diff(bases), -WIDE.height / 4)
    mixture.turn(add=1.0)
    assert [mixture.base(row) for row in range(4)] == pytest.approx([WIDE.center[1]] * 4)


def test_a_tally_shows_what_was_passed_and_only_what_is_done(small_picture):
    tally = Tally(Region(-4, 4, -2, 2), [[1, 0, 1, 1], [0, 0, 1, 0]], 2)
    good = 255 * rgba(theme().good)[:3]

    def discs(done: float) -> float:
        tally.turn(done=done)
        return float((np.abs(draw(tally)[..., :3] - good).max(axis=-1) < 8).sum())

    one = discs(1.0)
    assert one > 100
    for done, passed in ((2, 1), (3, 2), (4, 3), (6, 3), (8, 4)):
        assert discs(done) / one == pytest.approx(passed, rel=0.1)


def test_cases_by_a_word():
    cases = Cases.by(lambda view: "rises" if view > 0 else "falls", falls="It falls.", rises="It rises.")
    assert cases.of(1).sentence == "It rises."
    assert cases.of(-1).sentence == "It falls."
    with pytest.raises(ClaimError, match="no alternative"):
        Cases.by(lambda view: "stands", falls="It falls.").of(0)
