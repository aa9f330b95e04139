"""Heat maps colour cells by value, and look like manim's own rectangles."""

from __future__ import annotations

import numpy as np
import pytest
from drawing import draw
from manim import UP, Camera, ManimColor, Rectangle, RoundedRectangle

from nnanim.visuals.cells.heatmap import HeatMap
from nnanim.visuals.page.theme import rgba, theme

VALUES = np.array([[1.0, -2.0, 0.0], [0.25, -0.5, 2.0]])
pytestmark = pytest.mark.usefixtures("small_picture")


def test_cells_are_manims_rectangles():
    cells = HeatMap(VALUES, 1.3, 0.9, gap=0.2)
    theirs = []
    for place, value in np.ndenumerate(VALUES):
        color = ManimColor(theme().diverging(value, 2.0)[:3])
        box = Rectangle(width=1.3, height=0.9, stroke_width=0, fill_color=color, fill_opacity=1)
        theirs.append(box.move_to(cells.cell_center(*place)))
    off = np.abs(draw(cells) - draw(*theirs, camera_class=Camera))
    assert off.max() <= 6  # Cairo rounds the rims of straight boxes another way than those of manim's curves
    assert np.count_nonzero(off > 1) < 0.02 * off.size
    np.testing.assert_allclose(cells.cell_center(0, 0), (-1.5, 0.55, 0))
    assert cells.width == pytest.approx(3 * 1.3 + 2 * 0.2)


def test_round_corners_are_manims():
    cells = HeatMap([[1.0]], 3.0, 2.0, corner_radius=0.5)
    box = RoundedRectangle(corner_radius=0.5, width=3.0, height=2.0, stroke_width=0, fill_opacity=1)
    box.set_fill(ManimColor(theme().diverging(1.0, 1.0)[:3]))
    assert np.abs(draw(cells) - draw(box, camera_class=Camera)).max() <= 2


def test_without_a_gap_no_seam_shows():
    cells = HeatMap(np.ones((7, 11)), 0.613, 0.777, gap=0.0).shift((0.0123, 0.0077, 0))
    picture = draw(cells)
    rows, columns = np.nonzero(np.abs(picture - picture[135, 240]).max(axis=2) == 0)
    inside = picture[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    np.testing.assert_array_equal(inside, np.broadcast_to(picture[135, 240], inside.shape))
    assert np.ptp(columns) + 1 == pytest.approx(11 * 0.613 * 33.75, abs=2)


def test_values_limit_and_scale_choose_the_colour():
    cells = HeatMap(VALUES)
    assert cells.limit == 2.0
    np.testing.assert_allclose(cells.colors.reshape(2, 3, 4), theme().diverging(VALUES, 2.0))
    cells.set_limit(1.0).set_values(-VALUES)
    np.testing.assert_allclose(cells.colors.reshape(2, 3, 4), theme().diverging(-VALUES, 1.0))
    shares = HeatMap([[0.0, 0.5, 1.0, -0.2]], scale="sequential", limit=1.0)
    np.testing.assert_allclose(shares.colors[0], shares.colors[3])
    np.testing.assert_allclose(shares.colors[1], theme().diverging(0.5, 1.0))
    np.testing.assert_allclose(HeatMap(np.zeros((2, 2))).colors, np.tile(rgba(theme().panel), (4, 1)))


@pytest.mark.parametrize(
    "how", [{"row": 1}, {"which": np.array([[0, 0, 0], [1, 1, 1]], dtype=bool)}, {"which": (1, slice(None))}]
)
def test_a_row_is_spoken_of(how):
    cells = HeatMap(VALUES, 1.0).emphasise(**how, others=0.25)
    np.testing.assert_allclose(cells.colors[:, 3], [0.25] * 3 + [1.0] * 3)
    row, column = 135 + 17, 240
    below = draw(cells)[row, column, :3]
    np.testing.assert_allclose(below, theme().diverging(-0.5, 2.0)[:3] * 255, atol=1)
    mixed = 0.25 * theme().diverging(-2.0, 2.0) + 0.75 * rgba(theme().background)
    np.testing.assert_allclose(draw(cells)[135 - 17, column, :3], mixed[:3] * 255, atol=1)
    np.testing.assert_allclose(cells.calm().colors[:, 3], 1.0)


def test_a_column_and_a_cell_are_spoken_of():
    assert HeatMap(VALUES).emphasise(column=2).emphasis.reshape(2, 3)[:, 2].tolist() == [1, 1]
    assert HeatMap(VALUES).emphasise(row=0, column=2).emphasis.tolist() == [
        -0.75,
        -0.75,
        1,
        -0.75,
        -0.75,
        -0.75,
    ]
    with pytest.raises(ValueError, match="which cells"):
        HeatMap(VALUES).emphasise()


def test_cells_are_found_after_moving_and_scaling():
    cells = HeatMap(VALUES, 1.0, gap=0.0).scale(2).shift(UP)
    region = cells.cell_region(0, 2)
    np.testing.assert_allclose((region.left, region.right, region.bottom, region.top), (1, 3, 1, 3))
    np.testing.assert_allclose(cells.cell_center(0, 2), region.center)


def test_a_vector_is_refused():
    with pytest.raises(ValueError, match=r"not an array of shape \(3,\)"):
        HeatMap([1.0, 2.0, 3.0])
