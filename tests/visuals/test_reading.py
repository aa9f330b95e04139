"""The grid of what is read: a cell for each token of each step, filled when read, outlined when held."""

from __future__ import annotations

import numpy as np
import pytest
from drawing import draw
from manim import config

from nnanim.visuals.page.frame import Region
from nnanim.visuals.page.text import texts_in
from nnanim.visuals.page.theme import rgba, theme
from nnanim.visuals.paint.painted import Floats
from nnanim.visuals.tokens.reading import ReadingGrid, reading_legend

pytestmark = pytest.mark.usefixtures("small_picture")
REGION = Region(-4.0, 4.0, -3.0, 3.0)


def color_in(grid: ReadingGrid, picture: np.ndarray, row: int, column: int) -> Floats:
    (cell,) = np.flatnonzero((grid.row == row) & (grid.column == column))
    x, y, _ = grid.parts()[cell].mean(axis=0)
    height, width = picture.shape[:2]
    return picture[int((0.5 - y / config.frame_height) * height), int((x / config.frame_width + 0.5) * width), :3] / 255


def test_each_step_has_a_cell_for_each_token():
    grid = ReadingGrid([3, 4, 6], REGION)
    assert [(grid.row == row).sum() for row in range(3)] == [3, 4, 6]
    corners = grid.parts().reshape(-1, 3)
    assert (corners[:, :2] >= (REGION.left, REGION.bottom)).all()
    assert (corners[:, :2] <= (REGION.right, REGION.top)).all()
    rising = [grid.parts()[grid.row == row][:, :, 1].mean() for row in range(3)]
    assert rising == sorted(rising, reverse=True), "the first step is on top"


def test_read_cells_are_filled_and_the_others_are_not():
    grid = ReadingGrid([2, 3], REGION)
    grid.show((grid.row == 1) & (grid.column == 2), (grid.row == 1) & (grid.column < 2))
    picture = draw(grid)
    np.testing.assert_allclose(color_in(grid, picture, 1, 2), rgba(theme().positive)[:3], atol=0.01)
    for row, column in ((0, 0), (1, 0), (1, 1)):
        np.testing.assert_allclose(color_in(grid, picture, row, column), rgba(theme().panel)[:3], atol=0.01)
    bare = draw(ReadingGrid([2, 3], REGION).show(grid.read))
    assert np.abs(picture - bare).max() > 40, "what is held has an outline"


def test_the_legend_names_both():
    assert [text.string for text in texts_in([reading_legend()])] == ["read now", "in the cache"]
