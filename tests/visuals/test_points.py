"""A point cloud looks like manim's dots and animates as one mobject."""

from __future__ import annotations

import numpy as np
import pytest
from drawing import draw
from manim import Camera, Dot, ManimColor, Transform

from nnanim.visuals.page.theme import rgba, theme
from nnanim.visuals.plots.points import PointCloud

RANDOM = np.random.default_rng(0)
PLACES = RANDOM.uniform(-3, 3, (40, 2))
RADII = RANDOM.uniform(0.1, 0.6, 40)
COLORS = RANDOM.uniform(size=(40, 4))
pytestmark = pytest.mark.usefixtures("small_picture")


def test_points_are_manims_dots():
    cloud = PointCloud(PLACES, RADII, COLORS)
    dots = [
        Dot((*place, 0), radius, color=ManimColor(color[:3]), fill_opacity=color[3])
        for place, radius, color in zip(PLACES, RADII, COLORS, strict=True)
    ]
    off = np.abs(draw(cloud) - draw(*dots, camera_class=Camera))
    assert (
        off.max() <= 25
    )  # a tenth of a pixel at the rims: Cairo flattens its own arcs another way than manim's
    assert off.mean() < 0.2


def test_every_property_is_animated():
    cloud = PointCloud(PLACES, RADII)
    np.testing.assert_array_equal(cloud.rgba, np.tile(rgba(theme().positive), (40, 1)))
    target = cloud.copy().set_positions(PLACES + 1).set_radius(0.2).set_colors(theme().negative)
    moving = Transform(cloud, target, rate_func=lambda t: t)
    moving.begin()
    moving.interpolate(0.25)
    np.testing.assert_allclose(cloud.points[:, :2], PLACES + 0.25)
    np.testing.assert_allclose(cloud.points[:, 2], 0)
    np.testing.assert_allclose(cloud.radius, 0.75 * RADII + 0.25 * 0.2)
    np.testing.assert_allclose(
        cloud.rgba, np.tile(0.75 * rgba(theme().positive) + 0.25 * rgba(theme().negative), (40, 1))
    )


def test_dots_keep_their_size_unless_told():
    cloud = PointCloud(PLACES, RADII).scale(2)
    np.testing.assert_array_equal(cloud.radius, RADII)
    np.testing.assert_allclose(cloud.scale(-0.5, scale_stroke=True).radius, RADII / 2)


def test_colour_of_a_whole_cloud():
    cloud = PointCloud(PLACES, RADII, COLORS).set_color(theme().highlight)
    np.testing.assert_allclose(cloud.rgba, np.tile(rgba(theme().highlight), (40, 1)))


def test_what_is_no_list_of_points_is_refused():
    with pytest.raises(ValueError, match=r"not an array of shape \(3,\)"):
        PointCloud([1.0, 2.0, 3.0])
