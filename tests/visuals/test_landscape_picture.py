"""A landscape in perspective: its projection, what hides what, its trails and its fog; from straight above it is the map."""

from __future__ import annotations

import cairo
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnanim.visuals.page.frame import Region
from nnanim.visuals.page.theme import ramp, theme, use_theme
from nnanim.visuals.paint.canvas import Canvas
from nnanim.visuals.space.bowls import Bowls
from nnanim.visuals.space.fog import at_places, thickness
from nnanim.visuals.space.landscape import Landscape
from nnanim.visuals.space.terrain import RISE, TEXELS, Terrain, texture
from nnanim.visuals.space.view import View, hidden, sight
from nnanim.visuals.space.walks import Walk

LINE = np.linspace(-2, 2, 41)
HILL = np.exp(-2 * (LINE[None, :] ** 2 + LINE[:, None] ** 2))
REGION = Region(-4.0, 4.0, -3.0, 3.0)


class Camera:
    cairo_line_width_multiple, native_channels = 0.01, True


@pytest.fixture(scope="module")
def hill():
    use_theme("dark")
    return Terrain(LINE, LINE, HILL, [0.5])


def painted(land, pixels=20):
    left, bottom, right, top = land.corners
    width, height = round((right - left) * pixels), round((top - bottom) * pixels)
    surface = cairo.ImageSurface(cairo.FORMAT_ARGB32, width, height)
    ctx = cairo.Context(surface)
    ctx.scale(pixels, -pixels)
    ctx.translate(-left, -top)
    land.draw(Canvas(ctx, Camera()))
    return np.ndarray((height, width, 4), np.uint8, surface.get_data()).copy()


angles, places = st.floats(-3, 3), st.tuples(st.floats(-1, 1), st.floats(-1, 1))


@given(angles, places, places, st.floats(0.1, 2))
def test_from_straight_above_it_is_a_map(azimuth, look, place, size):
    """Heights do not matter, distances are true to one scale, and without turning x goes right and y up."""
    view = View(azimuth, np.pi / 2, (*look, 0.3), size, 4.0, 1.6, (0.0, 0.0))
    low, high = view.project(*place, 0.0), view.project(*place, 0.6)
    np.testing.assert_allclose(low, high, atol=1e-6)
    assert np.hypot(*low) == pytest.approx(np.hypot(*np.subtract(place, look)) * 4 / size, abs=1e-6)
    straight = View(0.0, np.pi / 2, (*look, 0.3), size, 4.0, 1.6, (0.0, 0.0)).project(*place, 0.0)
    np.testing.assert_allclose(straight, np.subtract(place, look) * 4 / size, atol=1e-6)


@given(angles, st.floats(0.1, 1.5), places, places)
def test_verticals_stay_vertical_and_what_is_looked_at_is_in_its_place(azimuth, elevation, look, place):
    view = View(azimuth, elevation, (*look, 0.2), 0.5, 4.0, 1.6, (0.7, -0.3))
    np.testing.assert_allclose(view.project(*look, 0.2), (0.7, -0.3), atol=1e-9)
    foot, head = view.project(*place, 0.0), view.project(*place, 0.5)
    assert foot[0] == pytest.approx(head[0]) and foot[1] < head[1]


@settings(max_examples=10)
@given(st.floats(-0.6, 0.6), st.floats(0.4, 1.2))
def test_each_pixel_sees_the_ground_that_is_projected_to_it(hill, azimuth, elevation):
    view = View(azimuth, elevation, (0.0, 0.0, 0.0), 1.2, 4.0, 2.6, (0.0, 0.0))
    rows, columns = 240, 320
    found = sight(hill, view, columns, rows)
    row, column = (np.arange(20, rows, 31), np.arange(10, columns, 29))
    for r in row:
        for c in column:
            if not found.seen[r, c] or not found.seen[max(r - 3, 0), c]:
                continue
            texel = found.texel[r, c]
            x, y = ((texel % TEXELS + 0.5) / TEXELS * 2 - 1), ((texel // TEXELS + 0.5) / TEXELS * 2 - 1)
            spot = view.project(x, y, float(hill.height(x, y))) * rows / 8
            assert np.hypot(spot[0] + columns / 2 - c - 0.5, rows / 2 - spot[1] - r - 0.5) < 3.0


def test_a_hill_hides_what_lies_behind_it(hill):
    view = View(0.0, 0.25, (0.0, 0.0, 0.0), 1.0, 4.0, 2.0, (0.0, 0.0))
    found = sight(hill, view, 320, 240)
    behind, before, top = (0.0, 0.45, 0.02), (0.0, -0.6, 0.0), (0.0, 0.0, RISE)
    points = np.array([[x, y, float(hill.height(x, y)) + 0.002] for x, y, _ in (behind, before, top)])
    assert hidden(found, view, points, 30.0).tolist() == [True, False, False]
    assert hill.openness(points[0, :2], 0.0, 0.25) < 0 < hill.openness(points[1, :2], 0.0, 0.25)
    turned = np.radians(hill.open_azimuth([2 * points[0, :2]], np.degrees(0.25), 0.0))
    assert hill.openness(points[0, :2], turned, 0.25) >= 0


@pytest.mark.parametrize("name", ["dark", "light"])
def test_the_map_has_the_ramps_colours(hill, name):
    use_theme(name)
    pixels = texture(hill, name, True).view(np.uint8).reshape(TEXELS, TEXELS, 4)
    for share in (0.1, 0.35, 0.5):
        place = round(share * TEXELS)
        x = (place + 0.5) / TEXELS * 2 - 1
        expected = ramp(theme().loss_ramp)[round(255 * float(hill.height(x, 0.0)) / RISE), :3] * 255
        assert np.abs(pixels[TEXELS // 2, place, [2, 1, 0]] - expected).max() < 8
    use_theme("dark")


def test_heights_are_those_of_the_grid(hill):
    assert float(hill.height(0, 0)) == pytest.approx(RISE, rel=1e-2)
    x, y = hill.ground((LINE[7], LINE[22]))
    assert float(hill.height(x, y)) == pytest.approx(RISE * HILL[22, 7], abs=2e-3)
    for line in hill.lines:
        np.testing.assert_allclose(hill.height(line[:, 0], line[:, 1]), RISE * 0.5, atol=6e-3)


def test_fog_lifts_where_a_ball_has_been(hill):
    thick = thickness(hill, [(-0.5, 0.5)], 0.15, 3.0)
    here, there = at_places(thick, hill, np.array([(-0.5, 0.5), (0.7, -0.7)]))
    assert here < 0.05 and there > 0.5
    assert not np.array_equal(thick, thickness(hill, [(-0.5, 0.5)], 0.15, 5.0))


def test_a_ball_stands_where_its_step_is_and_what_holds_on_to_it_too(hill):
    points = np.array([(-1.0, -1.0), (0.0, -1.0), (0.0, 1.0)])
    land = Landscape(REGION, hill, [Walk(points)], elevation=90, azimuth=0, size=1.0, eased=0, show0=1)
    land.turn(run0=1.5)
    np.testing.assert_allclose(land.anchor("ball0")[:2], (0.0, 0.0), atol=1e-6)
    land.turn(run0=7)
    np.testing.assert_allclose(land.anchor("ball0")[:2], (0.0, 1.5), atol=1e-6)
    for unknown in ("ball1", "bottom0", "somewhere"):
        with pytest.raises(KeyError, match=unknown):
            land.anchor(unknown)
    with pytest.raises(ValueError, match="room for 6"):
        Landscape(REGION, hill, [Walk(points)] * 7)


def test_a_map_fills_its_region(hill):
    land = Landscape(REGION, hill)
    area = Region(-3.5, 0.5, -2.0, 2.0)
    land.turn(**land.map_in(area))
    np.testing.assert_allclose(land.spot((-1, -1))[:2], (area.left, area.bottom), atol=1e-6)
    np.testing.assert_allclose(land.spot((1, 1))[:2], (area.right, area.top), atol=1e-6)


def test_what_is_drawn_depends_on_the_dials_alone(hill):
    def land(**dials):
        return Landscape(REGION, hill, [Walk(np.array([(-1.0, -1.0), (1.0, 0.5)]))], [[1.0, 0.5]], [(0.5, 0.5)], show0=1, **dials)

    dials = {"fog": 0.7, "run0": 0.6, "ink": 1, "up": 1, "down": 1, "bottoms": 1, "plumb": 1, "time": 4}
    first = painted(land(**dials))
    again = land(run0=0.1)
    painted(again)
    assert np.array_equal(first, painted(again.turn(**dials)))
    for name, value in {"fog": 0, "run0": 0.9, "ink": 0, "up": 0, "down": 0, "bottoms": 0, "plumb": 0, "veil": 0.5, "azimuth": 60}.items():
        assert not np.array_equal(first, painted(land(**{**dials, name: value}))), name


def test_a_veil_hides_all(hill):
    pixels = painted(Landscape(REGION, hill, [Walk(np.zeros((1, 2)))], show0=1, veil=1))
    assert np.ptp(pixels.reshape(-1, 4), axis=0).max() <= 1


def test_bowls_come_from_their_places_and_balls_hop_on_their_cuts():
    offsets = np.linspace(-1, 1, 21)
    hops = np.array([[[0.5, -0.5, np.inf], [0.1, 0.1, 0.1]]])
    bowls = Bowls(REGION, offsets, [2 * offsets**2, offsets**2], [4, 2], hops, [(-3, 2), (3, 2)], away=0)
    np.testing.assert_allclose(bowls.anchor("bowl0")[:2], (-3, 2), atol=0.05)
    bowls.turn(away=1)
    left, right = bowls.anchor("bowl0"), bowls.anchor("bowl1")
    assert left[0] < 0 < right[0] and left[1] == pytest.approx(right[1])
    assert [bowls.turn(moment=m).hop(0) for m in (0, 1)] == [0.5, -0.5]
    assert not np.isfinite(bowls.turn(moment=2).hop(0)) and bowls.hop(1) == 0.1
    assert [bowls.turn(moment=2 + m).hop(0) for m in (1, 3)] == [-0.5, -0.5] and not np.isfinite(bowls.turn(moment=4).hop(0))
    with pytest.raises(KeyError, match="bowl2"):
        bowls.anchor("bowl2")
