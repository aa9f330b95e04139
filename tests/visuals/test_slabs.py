"""Slabs, filters, lines that rise, weights in cells: what is drawn is where the numbers say, and nothing shines that is nothing."""

from __future__ import annotations

import numpy as np
import pytest
from drawing import draw
from hypothesis import given, settings
from hypothesis import strategies as st

from nnanim.visuals import (
    Axes,
    Field,
    Filters,
    Formula,
    LinearScale,
    LogScale,
    RisingLines,
    Slabs,
    WeightCells,
    rgba,
    theme,
)
from nnanim.visuals.page.frame import Region

STAGE = Region(-6, 6, -3, 3.5)


def slabs(strengths: np.ndarray, **dials: float) -> tuple[Slabs, Axes]:
    layers = strengths.shape[1]
    axes = Axes(STAGE, LinearScale(layers + 0.5, 0.5, (layers, 1)), LogScale.over(strengths), "layers", "gradient")
    field = Field(STAGE, (-2, 2, -2, 2), np.zeros((2, 2)), [0, 1])
    return Slabs(STAGE, field, strengths, axes, np.arange(layers, 0, -1), **dials), axes


def pink(picture: np.ndarray) -> int:
    """Pixels in the hue of gradients."""
    return int((np.abs(picture[..., :3] / 255 - rgba(theme().gradient)[:3]).max(axis=-1) < 0.2).sum())


@settings(max_examples=10, deadline=None)
@given(st.lists(st.floats(1e-12, 10), min_size=2, max_size=30))
def test_edge_on_the_ends_stand_on_the_axes(values):
    picture, axes = slabs(np.array([values]), turn=1, log=1)
    for anchor, place in (("value_first", 0), ("value_last", -1)):
        np.testing.assert_allclose(picture.anchor(anchor), axes.point(len(values) if place == 0 else 1, values[place]), atol=1e-6)


@settings(max_examples=10, deadline=None)
@given(layers=st.integers(2, 30), turn=st.floats(0.4, 1), wide=st.booleans())
def test_slabs_stay_in_their_region(layers, turn, wide):
    strengths = np.ones((1, layers))
    picture, _ = slabs(strengths, turn=turn)
    if not wide:
        picture.region = Region(-2, 2, -3, 5)
    corners = np.array([picture.seen(np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]), np.full(4, depth)) for depth in picture.depths])
    if turn < 0.62:  # beyond that they are on their way to the axes
        room = picture.region
        assert (corners >= (room.left - 1e-6, room.bottom - 1e-6)).all() and (corners <= (room.right + 1e-6, room.top + 1e-6)).all()


@pytest.mark.parametrize("layers", [2, 3, 4, 5, 6, 30])
def test_the_product_has_a_factor_for_every_layer_behind_the_first(layers):
    """Few are written out; of many the last two and the first two are, and every sign of the formula stands for something."""
    picture, _ = slabs(np.ones((1, layers)), turn=0.5)
    label, signs = picture.product()
    assert sum(count for count, _ in signs) == len(Formula(label).submobjects)
    assert [layer for _, layer in signs][:2] == [1, 0], "from the first layer's gradient, by way of the loss"
    behind = [layer for _, layer in signs[2:]]
    assert behind == (list(range(layers, 1, -1)) if layers < 6 else [layers, layers - 1, (layers + 2) // 2, 3, 2])
    places = np.array([picture.of_layer(layer) for layer in behind])
    assert (np.diff(places[:, 0]) < 0).all(), "from the far end to the near one"


def test_a_range_of_weights_is_as_wide_as_its_bound():
    """Of two bounds the second is twice the first: so wide are their bands, in light of either sign."""
    def wide(case: float, span: float = 1.0) -> int:
        picture = Filters(STAGE, np.zeros((4, 4)), np.zeros((4, 4)), [1, 1], [1, 1], [0.2, 0.4], case=case, span=span)
        drawn = draw(picture)
        row = round((0.5 - float(picture.place(0, -0.02)[1]) / 8) * drawn.shape[0])
        band = np.abs(drawn[row].astype(int) - draw(picture.turn(span=0.0))[row].astype(int)).max(axis=-1) > 4
        return int(np.ptp(np.flatnonzero(band)))

    assert wide(1.0) == pytest.approx(2 * wide(0.0), abs=3) and wide(0.0) > 20
    assert wide(0.5) == pytest.approx(1.5 * wide(0.0), abs=3)


def test_light_shines_only_where_it_has_been():
    strengths = np.ones((1, 8))
    dark, half, whole = (pink(draw(slabs(strengths, turn=0.55, front=front)[0])) for front in (0, 4, 8))
    assert dark == 0 < half < whole


@pytest.mark.parametrize("strengths", [[0.0, 0.0, 0.0], [np.nan, 0.0, 0.0]])
def test_nothing_does_not_shine(strengths):
    assert pink(draw(slabs(np.array([strengths]), turn=0.55, front=3)[0])) == 0


def test_a_column_is_as_high_as_its_share():
    """Of a strength a quarter of the largest, a quarter of the height, to a pixel."""
    picture, axes = slabs(np.array([[0.25, 1.0]]), turn=1, bars=1, front=2)
    drawn = draw(picture)
    heights = []
    for x in picture.across:
        column = drawn[:, round((x / 14.222 + 0.5) * drawn.shape[1]), :3] / 255
        heights.append(int((np.abs(column - rgba(theme().gradient)[:3]).max(axis=-1) < 0.1).sum()))
    assert abs(heights[0] / heights[1] - 0.25) < 0.02 and heights[1] > 20
    assert abs(heights[1] / drawn.shape[0] * 8 - axes.plot.height) < 0.1


@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(0, 7), min_size=3, max_size=3), st.lists(st.floats(0, 1), min_size=3, max_size=3), st.floats(0, 2))
def test_beams_are_as_high_as_their_product(weights, slopes, start):
    picture = Filters(STAGE, np.ones((4, 4)), np.ones((4, 4)), slopes, weights, case=start)
    first, second, third = picture.shares()
    lower, share = int(start), start - int(start)
    upper = min(lower + 1, 2)
    weight, slope = ((1 - share) * row[lower] + share * row[upper] for row in (weights, slopes))
    assert first == 1 and np.isclose(second, slope) and np.isclose(third, slope * weight)
    assert picture.half(first) >= picture.half(second) and picture.half(1e9) <= 0.5 * STAGE.height


def test_lines_are_drawn_from_the_right():
    axes = Axes(STAGE, LinearScale(3.5, 0.5, (3, 1)), LogScale(1e-3, 1), "layers", "gradient")
    lines = RisingLines(axes, [3, 2, 1], [[np.nan, 0.1, 1.0], [0.01, 0.1, 1.0]], ["solid", "dashed"], drawn=0.001)
    np.testing.assert_allclose(lines.anchor("head"), axes.point(1, 1.0), atol=0.02)
    np.testing.assert_allclose(lines.turn(drawn=1).anchor("head0"), axes.point(2, 0.1), atol=1e-6)
    np.testing.assert_allclose(lines.turn(drawn=2).anchor("head"), axes.point(3, 0.01), atol=1e-6)


@settings(max_examples=30, deadline=None)
@given(count=st.integers(1, 256), width=st.floats(1, 8), height=st.floats(1, 8))
def test_all_weights_have_a_cell(count, width, height):
    region = Region(0, width, 0, height)
    cells = WeightCells(region, np.linspace(-1, 1, count), np.full(count, -1), count - 1)
    assert cells.columns * cells.rows >= count and (cells.rows - 1) * cells.columns < count
    middles = np.array([cells.middle(n)[:2] for n in range(count)])
    assert (middles > 0).all() and (middles < (width, height)).all()
    assert len(np.unique(middles.round(6), axis=0)) == count
    np.testing.assert_allclose(cells.anchor("followed"), cells.middle(count - 1))


def test_a_cell_has_a_rim_once_it_has_changed():
    region = Region(-2, 2, -2, 2)
    cells = WeightCells(region, np.zeros(4), [-1, 5, -1, -1], 3)
    good = rgba(theme().good)[:3]
    before, after = (int((np.abs(draw(cells.turn(step=step))[..., :3] / 255 - good).max(axis=-1) < 0.1).sum()) for step in (4, 5))
    assert before == 0 < after
