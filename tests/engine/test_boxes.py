"""Boxes around what changed hold all of it, once, and leave out what lies far between."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nnanim.engine.boxes import BOX_PIXELS, NOTHING, Box, boxes_around, enclosing

HEIGHT, WIDTH = 1080, 1920
place = st.floats(-300, 2200)
reach = st.tuples(place, place, st.floats(0, 400), st.floats(0, 400)).map(
    lambda r: (r[0], r[1], r[0] + r[2], r[1] + r[3])
)


def covered(boxes):
    mask = np.zeros((HEIGHT, WIDTH), int)
    for box in boxes:
        mask[box.top : box.bottom, box.left : box.right] += 1
    return mask


@given(st.lists(reach, max_size=12))
def test_everything_lies_in_one_box(reaches):
    boxes = boxes_around(reaches, HEIGHT, WIDTH)
    mask = covered(boxes)
    assert mask.max() <= 1, "boxes overlap"
    for left, top, right, bottom in reaches:
        rows = slice(max(0, int(np.floor(top))), max(0, int(np.ceil(bottom))))
        columns = slice(max(0, int(np.floor(left))), max(0, int(np.ceil(right))))
        assert mask[rows, columns].all()
    assert all(box.area > 0 for box in boxes)


@given(st.lists(reach, max_size=12))
def test_boxes_are_no_larger_than_one_around_all(reaches):
    boxes = boxes_around(reaches, HEIGHT, WIDTH)
    whole = enclosing(boxes)
    assert sum(box.area for box in boxes) <= whole.area - BOX_PIXELS * max(0, len(boxes) - 1)
    assert (covered([whole]) >= covered(boxes)).all()


def test_corners_are_kept_apart_and_neighbours_together():
    corners = [(0, 0, 50, 50), (1800, 1000, 1900, 1080)]
    assert boxes_around(corners, HEIGHT, WIDTH) == (Box(0, 50, 0, 50), Box(1000, 1080, 1800, 1900))
    row = [(x, 500, x + 20, 540) for x in range(600, 1200, 30)]
    assert boxes_around(row, HEIGHT, WIDTH) == (Box(500, 540, 600, 1190),)


def test_nothing_and_what_cannot_be_seen():
    assert boxes_around(np.empty((0, 4)), HEIGHT, WIDTH) == ()
    assert boxes_around([(-50, -50, -1, -1), (np.inf, np.inf, -np.inf, -np.inf)], HEIGHT, WIDTH) == ()
    assert enclosing(()) == NOTHING
