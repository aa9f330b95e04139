"""Surface, contour map, trail and step plot: pictures against the arrays that they show."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from drawing import draw
from hypothesis import given, settings
from hypothesis import strategies as st
from manim import Transform, config

from nnanim.quantity import Label
from nnanim.visuals.page.frame import Region
from nnanim.visuals.page.text import texts_in
from nnanim.visuals.page.theme import contrast, rgba, theme, use_theme
from nnanim.visuals.plots.steps import StepPlot
from nnanim.visuals.plots.trail import Trail, clipped
from nnanim.visuals.space.contour import ContourBands, ContourMap
from nnanim.visuals.space.relief import Relief, loss_colors
from nnanim.visuals.space.surface import Surface

PLACE = Region(-4.0, 4.0, -2.0, 2.0)
X, Y = np.linspace(-2, 2, 81), np.linspace(-1, 1, 61)
RELIEF = Relief.of(X, Y, (X**2 + 4 * Y[:, None] ** 2) / 8)
LEVELS = [level / 12 for level in range(1, 12)]
pytestmark = pytest.mark.usefixtures("small_picture")


def pixel(picture: np.ndarray, x: float, y: float) -> np.ndarray:
    column = int((x / config.frame_width + 0.5) * picture.shape[1])
    row = int((0.5 - y / config.frame_height) * picture.shape[0])
    return picture[row, column, :3]


# Colours -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["dark", "light"])
def test_colours_go_one_way_in_lightness_and_begin_at_the_panel(name):
    use_theme(name)
    colors = loss_colors(np.linspace(0, 1, 50))
    np.testing.assert_allclose(colors[0], rgba(theme().panel))
    from_panel = np.array([contrast(color, rgba(theme().panel)) for color in colors])
    assert (np.diff(from_panel) > 0).all()
    assert from_panel[-1] > 1.9
    np.testing.assert_array_equal(loss_colors([-3.0, 7.0]), loss_colors([0.0, 1.0]))


# Contours ------------------------------------------------------------------------------------------------


def test_each_pixel_has_the_colour_of_its_band():
    bands = ContourBands(RELIEF, LEVELS, PLACE, lines=0.0)
    picture = draw(bands)
    edges = np.array([0, *LEVELS, 1.0])
    generator = np.random.default_rng(1)
    checked = 0
    for a, b in generator.uniform(-0.95, 0.95, (300, 2)):
        height = ((2 * a) ** 2 + 4 * b**2) / 8
        if np.abs(edges - height).min() < 0.02:  # too near a line
            continue
        band = np.searchsorted(edges, height) - 1
        expected = loss_colors((edges[band] + edges[band + 1]) / 2)[:3] * 255
        assert np.abs(pixel(picture, 4 * a, 2 * b) - expected).max() <= 2
        checked += 1
    assert checked > 100


def test_a_map_keeps_right_angles():
    area = ContourMap(RELIEF, LEVELS, Region(-3, 5, -3, 3), (Label("θ₁"), Label("θ₂")))
    assert area.place.width / area.place.height == pytest.approx(2)
    np.testing.assert_allclose(area.spots([[-2, -1], [2, 1]])[:, :2], [[area.place.left, area.place.bottom], [area.place.right, area.place.top]])
    assert area.get_left()[0] >= -3
    assert area.get_bottom()[1] >= -3


@given(st.tuples(st.floats(-2, 2), st.floats(-1, 1)), st.tuples(st.floats(-50, 50), st.floats(-50, 50)))
def test_an_arrow_keeps_its_direction_and_is_seen(start, along):
    area = ContourMap(RELIEF, LEVELS, PLACE)
    foot, tip, exact = area.arrow_ends(start, along)
    np.testing.assert_allclose(foot, area.spots(start))
    whole = area.spots(np.add(start, along)) - foot
    if exact:
        np.testing.assert_allclose(tip - foot, whole)
    length = np.linalg.norm(whole)
    if length > 1e-6:
        np.testing.assert_allclose((tip - foot) / np.linalg.norm(tip - foot), whole / length, atol=1e-6)
        assert np.linalg.norm(tip - foot) >= 0.1 * area.place.width * 0.999
        assert np.linalg.norm(tip - foot) <= max(0.4 * area.place.width, length if exact else 0) * 1.001


# The surface ---------------------------------------------------------------------------------------------


def test_seen_from_above_it_lies_where_its_map_does():
    area = ContourMap(RELIEF, LEVELS, PLACE)
    surface = Surface(RELIEF, PLACE).look(0, 90, area.place)
    for x, y in ((-2, -1), (2, 1), (0.3, -0.7)):
        np.testing.assert_allclose(surface.spot(x, y, 0.8), area.spots([x, y]), atol=1e-9)
    off = np.abs(draw(surface) - draw(area.bands))[..., :3]
    assert np.median(off) < 12  # bands against a continuous scale, and the lines of both


@given(st.floats(-80, 80), st.floats(10, 85))
@settings(max_examples=15)
def test_it_stays_in_its_region(azimuth, elevation):
    surface = Surface(RELIEF, PLACE, azimuth, elevation)
    flat = surface.project(surface.grid.reshape(-1, 3))
    assert (flat >= (PLACE.left - 1e-9, PLACE.bottom - 1e-9)).all()
    assert (flat <= (PLACE.right + 1e-9, PLACE.top + 1e-9)).all()


def test_what_is_in_front_hides_what_is_behind():
    wall = np.where(np.abs(Y[:, None] + 0.5) < 0.2, 1.0, 0.0) * np.ones_like(X)  # a ridge in the nearer half
    hidden, bare = (Surface(Relief.of(X, Y, heights), PLACE, 0, 20) for heights in (wall, 0 * wall))
    bare.zoom, bare.offset = hidden.zoom, hidden.offset
    behind = hidden.spot(0.1, -0.1, 0.0)  # on the floor, right behind the ridge
    top, floor = loss_colors(1.0)[:3] * 255, loss_colors(0.0)[:3] * 255
    ridge = pixel(draw(hidden), *hidden.spot(0.1, -0.5, 1.0)[:2])
    shown = pixel(draw(hidden), *behind[:2])
    open_floor = pixel(draw(bare), *behind[:2])
    assert np.abs(open_floor - floor).max() < 40
    assert ridge[2] - ridge[0] > 0.5 * (top[2] - top[0])  # blue
    assert not np.array_equal(shown, open_floor)


def test_turning_is_animated():
    surface = Surface(RELIEF, PLACE, -50, 30)
    moving = Transform(surface, surface.copy().look(0, 90, PLACE), rate_func=lambda t: t)
    moving.begin()
    moving.interpolate(0.5)
    assert (surface.azimuth[0], surface.elevation[0]) == (-25, 60)


def test_a_run_is_cut_where_it_leaves():
    points = np.array([(0, 0), (1, 0.5), (1.9, 0.9), (2.5, 0.0), (0, 0)])
    surface = Surface(RELIEF, PLACE, run=(points, np.zeros(5)))
    assert len(surface.run) == 3
    assert surface.finish().reached[0] == 2


# Trails --------------------------------------------------------------------------------------------------

place = st.floats(-6, 6)


@given(st.lists(st.tuples(place, place), min_size=2, max_size=6))
def test_clipping_keeps_what_is_inside(points):
    given_points = np.array(points)
    pieces, seen, departs, arrives = clipped(given_points, PLACE)
    shares = np.linspace(0, 1, 201)[:, None]
    for n, (start, end) in enumerate(itertools.pairwise(given_points)):
        walked = start + shares * (end - start)
        inside = ((walked > (-4, -2)) & (walked < (4, 2))).all(axis=1)
        if not inside.any():
            continue
        assert seen[n]
        # The piece begins and ends where the walk enters and leaves, to a step of the walk.
        step = np.linalg.norm(end - start) / 200 + 1e-6
        assert np.linalg.norm(pieces[n, 0] - walked[inside][0]) <= step
        assert np.linalg.norm(pieces[n, 1] - walked[inside][-1]) <= step
        if departs[n]:
            np.testing.assert_allclose(pieces[n, 0], start, atol=1e-9)
        if arrives[n]:
            np.testing.assert_allclose(pieces[n, 1], end, atol=1e-9)
    assert ((pieces >= (-4.001, -2.001)) & (pieces <= (4.001, 2.001))).all()


def test_nothing_is_drawn_outside_of_the_window():
    wild = np.array([(0.0, 0.0), (1e9, 1e8), (-1e12, 3.0), (1.0, 1.0), (1.0, 50.0)])
    trail = Trail(wild, PLACE, ball=0.1).finish()
    assert trail.leaves
    drawn = np.abs(draw(trail) - draw()).max(axis=2) > 0
    rows, columns = np.nonzero(drawn)
    assert len(rows)
    x = ((columns + 0.5) / 480 - 0.5) * config.frame_width
    y = (0.5 - (rows + 0.5) / 270) * config.frame_height
    assert np.abs(x).max() <= 4.2
    assert np.abs(y).max() <= 2.2


def test_a_trail_goes_as_far_as_it_has_come():
    spots = np.array([(-3.0, 0.0), (-1.0, 0.0), (1.0, 0.0), (3.0, 0.0)])
    trail = Trail(spots, PLACE, ball=0.15).reach(1.5)
    picture = draw(trail)
    background = pixel(draw(), 0, 0)
    assert np.abs(pixel(picture, -2, 0) - background).max() > 50
    assert np.abs(pixel(picture, 0, 0.08) - background).max() > 50  # the ball
    np.testing.assert_array_equal(pixel(picture, 0.6, 0), background)
    moving = Transform(trail, trail.copy().finish(), rate_func=lambda t: t)
    moving.begin()
    moving.interpolate(0.5)
    assert trail.reached[0] == pytest.approx(2.25)


@pytest.mark.parametrize("reached", [1.5, 2.0])
def test_steps_are_joined(reached):
    trail = Trail([(-2.0, 0.0), (0.0, 0.0), (0.0, -2.0)], PLACE, ball=0.0, dot=0.0, width=60.0).reach(reached)
    picture, background = draw(trail), pixel(draw(), 0, 0)
    along = np.abs(pixel(picture, -1, 0) - background).max()
    assert along > 50
    for x, y in ((0.1, 0.1), (0.15, 0.12)):  # outside of both steps, inside of their joint
        assert np.abs(pixel(picture, x, y) - background).max() == along
    np.testing.assert_array_equal(pixel(picture, 0.27, 0.27), background)


def test_steps_that_leave_the_window_are_not_joined():
    outside = [(-2.0, -1.0), (-2.0, 3.0), (2.0, 3.0), (2.0, -1.0)]
    trail = Trail(outside, PLACE, ball=0.0, dot=0.0, width=20.0).finish()
    picture, background = draw(trail), pixel(draw(), 0, 0)
    for x in (-2.0, 2.0):
        assert np.abs(pixel(picture, x, 0) - background).max() > 50
    for x in (-1.5, -1.0, 0.0, 1.0, 1.5):
        np.testing.assert_array_equal(pixel(picture, x, 1.97), background)


def test_a_plot_is_linear_in_steps_and_values():
    plot = StepPlot(Region(-3, 3, -2, 2), (10, Label("10")), 0.0, 4.0, "loss", [(4.0, Label("4"))])
    spots = plot.spots([4, 2, 0, *[0] * 8])
    assert spots[0] == pytest.approx((plot.place.left, plot.place.top))
    assert spots[1, 1] == pytest.approx((plot.place.top + plot.place.bottom) / 2)
    assert spots[-1] == pytest.approx((plot.place.right, plot.place.bottom))
    assert plot.get_left()[0] >= -3.01
    assert plot.get_bottom()[1] >= -2.01


def test_the_key_stands_in_the_plot_s_corner():
    plot = StepPlot(Region(-3, 3, -2, 2), (10, Label("10")), 0.0, 4.0, "loss")
    key = plot.key(["without", "with"], [(theme().highlight, "circle"), (theme().text, "square")])
    assert [text.string for text in texts_in([key])] == ["without", "with"]
    back, first_ball, first_name, *_ = key
    assert first_ball.get_right()[0] < first_name.get_left()[0]
    assert back.get_left()[0] < first_ball.get_left()[0]
    assert key.get_right()[0] <= 3.01
