"""The strip of a softmax: lengths of pieces are shares, bars are scores, and names keep apart."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nnanim.quantity import Label, Quantity
from nnanim.visuals import Strip
from nnanim.visuals.page.frame import Region

REGION = Region(-6.0, 6.0, -2.0, 2.0)
scores = st.lists(st.floats(-30, 30), min_size=1, max_size=16)


def softmax(numbers: list[float], divisor: float = 1.0) -> np.ndarray:
    return torch.softmax(torch.tensor(numbers, dtype=torch.float64) / divisor, -1).numpy()


@settings(max_examples=60)
@given(scores, st.floats(1, 8), st.floats(0, 1))
def test_pieces_fill_the_strip_and_are_as_long_as_their_shares(numbers, divisor, step):
    rows = [softmax(numbers), softmax(numbers, divisor)]
    strip = Strip(REGION, numbers, rows, squeeze=1.0, step=step)
    boxes = np.array([strip.box_of(n) for n in range(len(numbers))])
    wanted = (1 - step) * rows[0] + step * rows[1]
    assert np.allclose(boxes[:, 2] - boxes[:, 0], wanted * REGION.width)
    assert boxes[0, 0] == pytest.approx(REGION.left)
    assert np.allclose(boxes[1:, 0], boxes[:-1, 2])
    assert boxes[-1, 2] == pytest.approx(REGION.right)


@settings(max_examples=60)
@given(scores)
def test_bars_are_as_high_as_scores_on_one_line_within_the_region(numbers):
    strip = Strip(REGION, numbers, softmax(numbers), rise=1.0)
    boxes = np.array([strip.box_of(n) for n in range(len(numbers))])
    heights = boxes[:, 3] - boxes[:, 1]
    largest = max(map(abs, numbers))
    if largest > 1e-3:
        assert np.allclose(heights / heights.max(), np.abs(numbers) / largest, atol=1e-6)
    assert boxes[:, 1].min() >= REGION.bottom - 1e-6
    assert boxes[:, 3].max() <= REGION.top + 1e-6
    line = strip.place(0, strip.base)[1]
    for number, (_, bottom, _, top) in zip(numbers, boxes, strict=True):
        assert (bottom if number >= 0 else top) == pytest.approx(line, abs=1e-6)


def test_inflated_bars_are_exponentials():
    numbers = [1.0, 3.0, -2.0]
    strip = Strip(REGION, numbers, softmax(numbers), rise=1.0, inflate=1.0)
    heights = [strip.box_of(n)[3] - strip.box_of(n)[1] for n in range(3)]
    assert np.allclose(np.array(heights) / heights[1], np.exp(np.array(numbers) - 3.0))


@settings(max_examples=40)
@given(st.lists(st.text("abcdefghmw", min_size=1, max_size=11), min_size=1, max_size=16), st.randoms(use_true_random=False))
def test_names_and_numbers_do_not_touch(words, random):
    numbers = [random.uniform(-5, 5) for _ in words]
    shares = softmax(numbers)
    quantities = [Quantity(number, f"scores[{n}]") for n, number in enumerate(numbers)]
    strip = Strip(REGION, numbers, shares, rise=1.0)
    assert apart(strip.names([Label(word) for word in words]))
    assert apart(strip.numbers(quantities))
    strip.turn(squeeze=1.0)
    parts = [Quantity(share, f"shares[{n}]") for n, share in enumerate(shares)]
    assert apart(strip.pieces([Label(word) for word in words], parts))


def apart(tags: list) -> bool:
    boxes = []
    for tag in tags:
        tag.follow()
        boxes.append((*tag.points[:, :2].min(axis=0), *tag.points[:, :2].max(axis=0)))
    return not any(
        a[0] < b[2] and b[0] < a[2] and a[1] < b[3] - 0.1 and b[1] < a[3] - 0.1
        for n, a in enumerate(boxes)
        for b in boxes[:n]
    )
