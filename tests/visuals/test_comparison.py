"""An example and its control: cells of one size, arcs beside each other, and room for a bar under each."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from nnanim.quantity import Label, Quantity
from nnanim.visuals.page.frame import Region
from nnanim.visuals.page.text import TextLine
from nnanim.visuals.tokens.comparison import arc_pair, grid_pair

REGION = Region(-6.5, 6.5, -2.5, 2.8)
WORDS = [Label(word) for word in ("The", "river", "froze", "before", "anyone", "noticed")]


def causal(count: int) -> np.ndarray:
    rows = np.tril(np.ones((count, count)))
    return rows / rows.sum(axis=1, keepdims=True)


def test_grids_of_two_lengths_have_cells_of_one_size():
    panels = grid_pair([causal(6), causal(4)], [WORDS, WORDS[:4]], ("a sentence", "its words shuffled"), REGION)
    cells = [panel.parts[1].heat.cell_region(0, 0) for panel in panels]
    assert cells[0].width == pytest.approx(cells[1].width)
    assert cells[0].height == pytest.approx(cells[1].height)
    for panel in panels:
        heading, grid = panel.parts
        assert heading.get_bottom()[1] > grid.get_top()[1]
        assert grid.get_bottom()[1] > panel.bar.bottom + 0.4, "room for a bar"
    assert panels[0].bar.right < panels[1].bar.left


@pytest.mark.parametrize("count", [4, 6])
def test_arcs_leave_the_last_token_and_their_bars_stay_free(count):
    weights = [[Quantity(1 / count, f"{name}[{n}]") for n in range(count)] for name in ("attention", "control")]
    panels = arc_pair(
        [WORDS[:count]] * 2, weights, lambda number, place: TextLine("next", 0.4).at(place.left, place.top - 0.32), REGION
    )
    for panel in panels:
        heading, diagram = panel.parts
        assert len(diagram.numbers) == count
        assert panel.bar.left > heading.get_right()[0] or panel.bar.bottom + 0.4 < diagram.get_bottom()[1]
    boxes = [(panel.parts[1].get_bottom()[1], panel.parts[1].get_top()[1]) for panel in panels]
    assert all(upper[0] > lower[1] for upper, lower in pairwise(boxes))
