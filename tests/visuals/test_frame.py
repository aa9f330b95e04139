"""Regions of the frame: inside it, apart from each other, in every aspect."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from manim import tempconfig

from nnanim.lecture.recipe import Output
from nnanim.visuals.page.frame import Frame, Region, frame

ASPECTS = ["16:9", "4:3", "1:1", "9:16"]


@pytest.fixture(params=ASPECTS)
def shape(request: pytest.FixtureRequest) -> Iterator[Frame]:
    width, height = Output(aspect=request.param).units
    with tempconfig({"frame_width": width, "frame_height": height}):
        yield frame()


def inside(inner: Region, outer: Region) -> bool:
    return (
        outer.left - 1e-9 <= inner.left < inner.right <= outer.right + 1e-9
        and outer.bottom - 1e-9 <= inner.bottom < inner.top <= outer.top + 1e-9
    )


def apart(first: Region, second: Region) -> bool:
    return (
        first.right <= second.left + 1e-9
        or second.right <= first.left + 1e-9
        or first.top <= second.bottom + 1e-9
        or second.top <= first.bottom + 1e-9
    )


def test_the_frame_is_the_one_that_is_drawn(shape):
    assert min(shape.width, shape.height) == 8


def test_title_stage_and_caption_fill_the_frame_and_stay_apart(shape):
    whole = Region(-shape.width / 2, shape.width / 2, -shape.height / 2, shape.height / 2)
    regions = [shape.title, shape.stage, shape.caption]
    assert all(inside(region, whole) for region in regions)
    assert all(apart(a, b) for a in regions for b in regions if a is not b)
    assert shape.title.top == whole.top
    assert shape.caption.top <= whole.bottom + shape.height / 8 + 1e-9, "the caption has the lowest eighth"
    assert shape.stage.height > 0.65 * shape.height
    assert {(r.left, r.right) for r in regions} == {(-shape.width / 2 + shape.margin, shape.width / 2 - shape.margin)}


def test_no_type_is_smaller_than_a_fortieth_of_the_height(shape):
    for size in (shape.small, shape.body, shape.heading, shape.title_size, shape.caption_size, shape.smallest):
        assert size >= shape.height / 40
    assert shape.smallest <= shape.small <= shape.body <= shape.heading


def test_a_split_stage_is_side_by_side_or_stacked(shape):
    first, second = shape.split([0.5, 0.5], 0.5)
    assert inside(first, shape.stage)
    assert inside(second, shape.stage)
    assert apart(first, second)
    if shape.height > shape.width:
        assert first.bottom == pytest.approx(second.top + 0.5)
    else:
        assert first.right == pytest.approx(second.left - 0.5)


shares = st.lists(st.floats(0.1, 10), min_size=1, max_size=5)


@given(shares, st.floats(0, 0.5))
def test_columns_and_rows_fill_their_region_in_proportion(portions, gap):
    whole = Region(-7, 5, -4, 3)
    for parts, size in ((whole.columns(portions, gap), "width"), (whole.rows(portions, gap), "height")):
        assert all(inside(part, whole) for part in parts)
        assert all(apart(a, b) for a, b in itertools.pairwise(parts))
        extents = [getattr(part, size) for part in parts]
        assert sum(extents) + gap * (len(parts) - 1) == pytest.approx(getattr(whole, size))
        for extent, portion in zip(extents, portions, strict=True):
            assert extent / sum(extents) == pytest.approx(portion / sum(portions))
    first, *_, last = [*whole.rows(portions, gap), *whole.rows(portions, gap)]
    assert (first.top, last.bottom) == (whole.top, pytest.approx(whole.bottom))


def test_an_inset_region_keeps_its_middle():
    region = Region(-3, 5, -1, 2).inset(0.5, 0.25)
    assert (region.width, region.height) == (7, 2.5)
    assert tuple(region.center) == (1.0, 0.5, 0.0)
