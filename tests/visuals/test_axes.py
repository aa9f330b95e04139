"""Scales against closed form, names that never touch, lines and bars against manim's own shapes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from drawing import draw
from hypothesis import given, settings
from hypothesis import strategies as st
from manim import Camera, Rectangle, Transform, VMobject, tempconfig
from scipy.optimize import minimize

from nnanim.quantity import Label, Quantity
from nnanim.visuals.page.frame import Region
from nnanim.visuals.page.theme import rgba, theme
from nnanim.visuals.plots.axes import Axes, Slider, end_labels, room_for, spread
from nnanim.visuals.plots.scales import LinearScale, LogScale
from nnanim.visuals.plots.series import Bars, Series

PLACE = Region(-6, 6, -3, 3)
finite = st.floats(-1e6, 1e6)
positive = st.floats(1e-30, 1e30)


@pytest.fixture(autouse=True)
def small_picture() -> Iterator[None]:
    with tempconfig({"pixel_width": 480, "pixel_height": 270, "frame_width": 128 / 9, "frame_height": 8.0}):
        yield


# Scales ------------------------------------------------------------------------------------------------


@given(st.lists(finite, min_size=1, max_size=20), st.integers(2, 12))
def test_a_linear_scale_holds_its_values_and_marks_round_numbers(values, most):
    scale = LinearScale.over(values)
    share = scale.share(values)
    assert (share >= -1e-9).all() and (share <= 1 + 1e-9).all()
    np.testing.assert_allclose(scale.low + share * (scale.high - scale.low), values, atol=1e-6 * max(1, *np.abs(values)))
    ticks = [tick.value for tick in scale.ticks(most)]
    steps = np.diff(ticks)
    assert len(ticks) <= most + 1
    if len(steps):
        np.testing.assert_allclose(steps, steps[0], rtol=1e-6)
        assert f"{steps[0]:.0e}"[0] in "125"


@given(st.integers(0, 50), st.integers(1, 2000), st.integers(3, 9))
def test_counting_marks_both_ends_and_whole_numbers(low, more, most):
    marks = LinearScale.counting(low, low + more, most).marks
    assert (marks[0], marks[-1]) == (low, low + more)
    assert all(float(mark).is_integer() for mark in marks)
    assert all(a < b for a, b in pairwise(marks))
    assert len(marks) <= most + 1


@given(st.lists(positive, min_size=1, max_size=20), st.booleans())
def test_a_logarithmic_scale_keeps_equal_factors_equally_far_apart(values, zero):
    scale = LogScale.over([*values, 0.0] if zero else values)
    assert scale.zero == zero
    share = scale.share(values)
    assert (share >= scale.strip - 1e-9).all() and (share <= 1 + 1e-9).all()
    decades = math.log10(scale.high / scale.low)
    expected = scale.strip + (1 - scale.strip) * (np.log10(values) - math.log10(scale.low)) / decades
    np.testing.assert_allclose(share, expected, atol=1e-9)


def test_no_floor_is_invented_for_zero():
    with_zeros, without = LogScale.over([0.0, 1e-5, 1.0]), LogScale.over([1e-5, 1.0])
    assert 0 < float(with_zeros.share(0.0)) < with_zeros.strip < float(with_zeros.share(1.1e-5))
    assert np.isnan(without.share(0.0))
    assert [tick.name for tick in with_zeros.ticks(9)][:2] == ["0", "10⁻⁵"]
    assert np.isnan(with_zeros.share([-1.0, np.nan, np.inf])).all()
    assert LogScale.over([0.0, np.nan]).zero, "nothing but zeros still has a scale"


@given(st.integers(-45, 20), st.integers(1, 60), st.integers(2, 12))
def test_logarithmic_ticks_are_powers_of_ten_and_few(low, decades, most):
    scale = LogScale(10.0**low, 10.0 ** (low + decades))
    ticks = scale.ticks(most)
    assert len(ticks) <= most
    exponents = [round(math.log10(tick.value)) for tick in ticks]
    assert len(ticks) >= 2
    assert len(set(np.diff(exponents))) == 1
    for tick, exponent in zip(ticks, exponents, strict=True):
        written = {0: "1", 1: "10"}.get(exponent)
        assert tick.name == (written or "10" + str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")))


def test_a_logarithmic_scale_refuses_what_has_no_logarithm():
    for low, high in ((0.0, 1.0), (-1.0, 1.0), (2.0, 1.0), (1.0, math.inf)):
        with pytest.raises(ValueError, match="positive"):
            LogScale(low, high)


# Names at the ends -------------------------------------------------------------------------------------


@settings(max_examples=60)
@given(st.lists(st.floats(-3, 3), min_size=1, max_size=8), st.floats(0.05, 0.6))
def test_spread_moves_as_little_as_possible(heights, gap):
    placed = spread(heights, gap)
    order = np.argsort(heights, kind="stable")
    assert (np.diff(np.array(placed)[order]) >= gap - 1e-9).all()
    ordered = np.sort(heights)
    constraints = [{"type": "ineq", "fun": lambda y: np.diff(y) - gap}] if len(heights) > 1 else []
    start = ordered[0] + gap * np.arange(len(heights))
    best = minimize(lambda y: ((y - ordered) ** 2).sum(), start, constraints=constraints, method="SLSQP").fun
    assert ((np.array(placed) - heights) ** 2).sum() <= best + 1e-5


@given(st.lists(st.floats(-9, 9), min_size=2, max_size=12))
def test_spread_stays_within_its_limits(heights):
    placed = spread(heights, 0.5, -1.0, 1.0)
    assert min(placed) >= -1 - 1e-9 and max(placed) <= 1 + 1e-9
    assert np.diff(sorted(placed)).min() >= min(0.5, 2 / (len(heights) - 1)) - 1e-9


@settings(max_examples=25)
@given(st.lists(st.floats(1e-20, 1.0), min_size=2, max_size=6), st.sampled_from(["left", "right"]))
def test_names_stand_outside_the_plot_inside_the_region_and_touch_nothing(values, side):
    names = [Label(f"network {n}") for n in range(len(values))]
    room = room_for(names)
    axes = Axes(
        PLACE, LinearScale.counting(1, 5), LogScale.over(values), "layer", "norm",
        "right" if side == "left" else "left", (room, 0.0) if side == "left" else (0.0, room),
    )  # fmt: skip
    lines = [axes.series(np.arange(1, 6), np.full(5, value), theme().positive, marker="circle") for value in values]
    labels = end_labels(axes, lines, names, side)
    for label in labels:
        low, high = label.text.points.min(0), label.text.points.max(0)
        assert PLACE.left - 1e-6 <= low[0] and high[0] <= PLACE.right + 1e-6
        assert high[0] < axes.plot.left if side == "left" else low[0] > axes.plot.right
    for a in labels:
        for b in labels:
            if a is not b:
                apart = np.maximum(a.text.points.min(0) - b.text.points.max(0), b.text.points.min(0) - a.text.points.max(0))
                assert apart[:2].max() > 0


@settings(max_examples=30)
@given(positive, st.floats(1.001, 1e12), st.booleans(), st.sampled_from(["left", "right"]))
def test_ticks_and_names_of_axes_stay_inside_and_apart(low, factor, zero, side):
    values = [low, min(low * factor, 1e35), 0.0] if zero else [low, min(low * factor, 1e35)]
    axes = Axes(PLACE, LinearScale.counting(1, 30), LogScale.over(values), "layer", "gradient norm", side)
    texts = [*axes.y_labels, *axes.x_labels, axes.x_name, axes.y_name]
    boxes = [(text.points.min(0), text.points.max(0)) for text in texts]
    for bottom, top in boxes:
        assert (bottom[:2] >= (PLACE.left - 1e-6, PLACE.bottom - 0.1)).all() and (top[:2] <= (PLACE.right + 1e-6, PLACE.top + 1e-6)).all()
    for n, (bottom, top) in enumerate(boxes):
        for other_bottom, other_top in boxes[:n]:
            assert np.maximum(bottom - other_top, other_bottom - top)[:2].max() > 0


def test_a_points_place_is_where_the_scales_say():
    axes = Axes(PLACE, LinearScale(0, 10), LogScale(1e-4, 1.0), "x", "y")
    plot = axes.plot
    np.testing.assert_allclose(axes.point(5, 1e-2), [plot.center[0], plot.center[1], 0])
    np.testing.assert_allclose(axes.point(0, 1e-4), [plot.left, plot.bottom, 0])
    np.testing.assert_allclose(axes.point(10, 1.0), [plot.right, plot.top, 0])
    line = axes.series([0, 5, 10], [1e-4, 1e-2, 1.0], theme().positive)
    np.testing.assert_allclose(line.points, [axes.point(0, 1e-4), axes.point(5, 1e-2), axes.point(10, 1.0)])


# Lines and bars ----------------------------------------------------------------------------------------


def test_a_line_is_manims_polyline():
    points = np.array([[-5, -2, 0], [-1, 2, 0], [1, -1, 0], [5, 3, 0]], dtype=float)
    theirs = VMobject(stroke_color=theme().positive, stroke_width=8, joint_type=None).set_points_as_corners(points)
    off = np.abs(draw(Series(points, theme().positive, 8)) - draw(theirs, camera_class=Camera))
    assert off.mean() < 0.4  # joints are rounded here and mitred there


def test_zeros_are_hollow_and_joined_to_nothing():
    axes = Axes(PLACE, LinearScale(0, 4), LogScale.over([0, 1e-3, 1]), "x", "y")
    line = axes.series(np.arange(5), [1.0, 0.1, 0.0, 0.01, 0.001], theme().positive, marker="circle")
    assert line.hollow.tolist() == [0, 0, 1, 0, 0]
    assert line.joints.tolist() == [1, 0, 0, 1]
    picture = draw(line)
    column, row = (line.points[2, :2] * (1, -1) + (64 / 9, 4)) * (480 / (128 / 9), 270 / 8)
    ground = (255 * rgba(theme().background)[:3]).round()
    assert np.abs(picture[int(row), int(column), :3] - ground).max() <= 3, "the middle of the mark is empty"


def test_what_is_no_number_leaves_a_gap():
    axes = Axes(PLACE, LinearScale(0, 4), LinearScale(0, 1), "x", "y")
    line = axes.series(np.arange(5), [0.1, np.nan, 0.3, np.inf, 0.5], theme().positive)
    assert line.shown.tolist() == [1, 0, 1, 0, 1]
    assert line.joints.tolist() == [0, 0, 0, 0]
    assert line.tip("left")[0] == pytest.approx(axes.plot.left)
    assert axes.series([1.0], [np.nan], theme().positive).tip("right") is None
    line.set_opacity(1.0)
    assert line.seen.tolist() == [1, 0, 1, 0, 1], "dimming and lighting do not bring it back"


def test_lines_of_different_length_turn_into_each_other():
    first = Series([[0, 0, 0], [1, 0, 0]], theme().positive, marker="circle")
    second = Series([[0, 1, 0], [1, 1, 0], [2, 1, 0], [3, 1, 0]], theme().negative, marker="square")
    moving = Transform(first, second, rate_func=lambda t: t)
    moving.begin()
    moving.interpolate(0.5)
    np.testing.assert_allclose(first.points[0], [0, 0.5, 0])
    np.testing.assert_allclose(first.rgba, (rgba(theme().positive) + rgba(theme().negative)) / 2)
    moving.interpolate(1)
    moving.finish()
    np.testing.assert_allclose(first.points, second.points)
    assert first.marker == "square"


def test_bars_are_manims_rectangles():
    feet, lengths = np.array([[-3.0, 0.0], [0.0, 0.5], [2.0, 1.0]]), np.array([2.0, -1.5, 0.0])
    theirs = [
        Rectangle(width=0.8, height=abs(length), stroke_width=0, fill_color=theme().gradient, fill_opacity=1).move_to((x, y + length / 2, 0))
        for (x, y), length in zip(feet, lengths, strict=True)
        if length
    ]
    off = np.abs(draw(Bars(feet, lengths, 0.8, theme().gradient)) - draw(*theirs, camera_class=Camera))
    assert off.max() <= 10  # at the edges
    assert off.mean() < 0.01


def test_single_bars_are_coloured_alone():
    bars = Bars(np.zeros((3, 2)), 1.0, 0.5, theme().panel, theme().muted)
    bars.set_colors(theme().highlight, 1).set_rims(theme().text, 2)
    np.testing.assert_allclose(bars.rgba[[0, 2]], np.tile(rgba(theme().panel), (2, 1)))
    np.testing.assert_allclose(bars.rgba[1], rgba(theme().highlight))
    np.testing.assert_allclose(bars.rims[2], rgba(theme().text))


def test_a_sliders_stops_lie_in_proportion():
    stops = [Quantity(value, f"depths[{n}]", 0) for n, value in enumerate((2.0, 5.0, 10.0, 30.0))]
    slider = Slider(stops, Region(-5, 5, -1, 1), "layers", start=1)
    places = np.array([slider.knob_at(k)[0] for k in range(4)])
    np.testing.assert_allclose((places - places[0]) / (places[-1] - places[0]), [0, 3 / 28, 8 / 28, 1])
    np.testing.assert_allclose(slider.knob.get_center(), slider.knob_at(1))
    names = [stop.name for stop in slider.stops]
    assert all(a.get_right()[0] < b.get_left()[0] for a, b in pairwise(names))
