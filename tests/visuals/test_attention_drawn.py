"""The attention grid names its columns without crowding; arcs are as wide as their weights and end on their numbers."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from manim import Create

from nnanim.quantity import Label, Quantity
from nnanim.visuals.cells.heatmap import HeatMap
from nnanim.visuals.page.frame import Region, frame
from nnanim.visuals.page.theme import theme
from nnanim.visuals.paint.painted import PaintedCamera
from nnanim.visuals.tokens.arcs import ArcDiagram, AttentionArcs
from nnanim.visuals.tokens.attention import AttentionGrid, Hatching, grid_layout, shared_layout, token_names

WORDS = ["The", "cat", "because", "international", "I", ",", "12", "tired", "responsibil…"]
pytestmark = pytest.mark.usefixtures("small_picture")


def weights_of(count: int, seed: int = 0) -> np.ndarray:
    rows = np.tril(np.random.default_rng(seed).exponential(size=(count, count)) ** 2)
    return rows / rows.sum(axis=1, keepdims=True)


def quantities(values: np.ndarray) -> list[list[Quantity | None]]:
    return [[Quantity(float(v), f"a[{r}][{c}]") if c <= r else None for c, v in enumerate(row)] for r, row in enumerate(values)]


def box(mobject: object) -> tuple[float, float, float, float]:
    low, high = mobject.points.min(axis=0), mobject.points.max(axis=0)  # type: ignore[attr-defined]
    return float(low[0]), float(high[0]), float(low[1]), float(high[1])


def overlap(first: tuple[float, ...], second: tuple[float, ...], allowed: float = 1e-6) -> bool:
    return (
        min(first[1], second[1]) - max(first[0], second[0]) > allowed
        and min(first[3], second[3]) - max(first[2], second[2]) > allowed
    )


def test_names_are_for_people():
    assert token_names(["The", " cat", "’s", " token", "ization", " ", "1", "2", "\n"]) == [
        "The", "cat", "’s", "token", "·ization", "␣", "1", "·2", "↵",
    ]  # fmt: skip
    assert token_names([" antidisestablishmentarian"], 8) == ["antidis…"]
    assert all(isinstance(name, Label) for name in token_names(["a", " 1"]))


@settings(max_examples=40)
@given(
    st.lists(st.sampled_from(WORDS), min_size=2, max_size=16),
    st.floats(3.0, 13.0),
    st.floats(2.5, 6.0),
    st.booleans(),
)
def test_a_grid_and_its_names_fit_and_do_not_touch(words, width, height, causal):
    region = Region(-width / 2, width / 2, -height / 2, height / 2)
    values = weights_of(len(words))
    names = [Label(word) for word in words]
    if not causal:
        names = [Label(word[:3]) for word in words]
    grid = AttentionGrid(values, names, region, quantities(values), causal=causal)
    for mobject in [grid.heat, *grid.row_names, *grid.column_names]:
        left, right, bottom, top = box(mobject)
        assert left >= region.left - 1e-6
        assert right <= region.right + 1e-6
        assert bottom >= region.bottom - 0.12
        assert top <= region.top + 0.12
    texts = [box(name) for name in [*grid.row_names, *grid.column_names]]
    allowed = 0.1  # descenders of one row may reach into the line below, not into its letters
    assert not any(overlap(first, second, allowed) for first, second in combinations(texts, 2))
    cells = [grid.heat.cell_region(r, c) for r in range(len(words)) for c in range(len(words)) if c <= r or not causal]
    for cell in cells:
        assert not any(overlap(text, (cell.left, cell.right, cell.bottom, cell.top), allowed) for text in texts)
    if grid.layout.em is not None:
        assert grid.layout.em >= frame().smallest * 0.999 or not causal
    if grid.numbers is not None:
        assert grid.numbers.em >= frame().smallest * 0.999
        assert len(grid.numbers.entries) == len(words) * (len(words) + 1) / 2


def test_later_tokens_are_not_drawn_in_a_causal_grid():
    grid = AttentionGrid(weights_of(4), [Label(word) for word in WORDS[:4]], Region(-4, 4, -3, 3))
    np.testing.assert_array_equal(grid.heat.opacity.reshape(4, 4), np.tril(np.ones((4, 4))))
    ring = grid.ring(2)
    assert ring.get_right()[0] == pytest.approx(grid.heat.cell_region(2, 2).right + 0.05)
    full = AttentionGrid(weights_of(4), [Label(word) for word in WORDS[:4]], Region(-4, 4, -3, 3), causal=False)
    assert full.heat.opacity.all()


def test_grids_that_are_compared_have_cells_of_one_size():
    short, long = ([Label(word)] * 8 for word in ("a", "internation…"))
    region = Region(-2, 2, -2.5, 2.5)
    layout = shared_layout([grid_layout(short, region), grid_layout(long, region)])
    first, second = (AttentionGrid(weights_of(8), names, region, layout=layout) for names in (short, long))
    assert first.heat.width == pytest.approx(second.heat.width)
    assert first.heat.height == pytest.approx(second.heat.height)
    for grid in (first, second):
        assert all(box(name)[1] <= region.right + 1e-6 for name in grid.column_names)


def test_hatching_covers_just_the_masked_cells():
    cells = HeatMap(np.zeros((3, 3)), 1.0)
    later = ~np.tril(np.ones((3, 3), dtype=bool))
    hatching = Hatching(cells, later)
    assert hatching.n_parts == 3
    camera = PaintedCamera(background_color=theme().background)
    camera.capture_mobjects([hatching])
    changed = (camera.pixel_array[..., :3].astype(int) - camera.pixel_array[0, 0, :3]).any(axis=-1)
    rows, columns = np.nonzero(changed)
    x = (columns + 0.5) / 480 * frame().width - frame().width / 2
    y = frame().height / 2 - (rows + 0.5) / 270 * frame().height
    margin = 0.05
    for place_x, place_y in zip(x, y, strict=True):
        regions = [cells.cell_region(r, c) for r, c in np.argwhere(later)]
        assert any(
            region.left - margin <= place_x <= region.right + margin and region.bottom - margin <= place_y <= region.top + margin
            for region in regions
        )
    assert changed.sum() > 100


def test_arcs_start_and_end_where_they_are_told():
    ends = np.array([(-2.0, 0, 0), (1.0, 0, 0)])
    arcs = AttentionArcs((3, 0, 0), ends, [0.1, 0.9], [2.0, 0.5], (0, 1, 0))
    parts = arcs.parts()
    np.testing.assert_allclose(parts[:, 0], [(3, 0, 0)] * 2)
    np.testing.assert_allclose(parts[:, 3], ends)
    middle = parts[:, 0] / 8 + 3 * parts[:, 1] / 8 + 3 * parts[:, 2] / 8 + parts[:, 3] / 8
    np.testing.assert_allclose(middle[:, 1], [2.0, 0.5])  # the apex is the rise
    assert arcs.stroke_widths[1] > arcs.stroke_widths[0]
    assert arcs.opacities[1] > arcs.opacities[0]
    growing = Create(arcs, rate_func=lambda t: t)
    growing.begin()
    growing.interpolate(0.5)
    np.testing.assert_allclose(arcs.reach, 0.5)
    growing.finish()
    np.testing.assert_allclose(arcs.reach, 1.0)


@settings(max_examples=40)
@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=16), st.data(), st.floats(3.2, 13.0), st.floats(4.2, 6.0))
def test_a_diagram_fits_and_no_number_touches_another(words, data, width, height):
    looking = data.draw(st.integers(0, len(words) - 1))
    region = Region(-width / 2, width / 2, -height / 2, height / 2)
    row = weights_of(len(words), seed=len(words))[looking, : looking + 1]
    numbers = [Quantity(float(weight), f"a[{place}]") for place, weight in enumerate(row)]
    diagram = ArcDiagram([Label(word) for word in words], numbers, looking, region, least=0.0)
    low, high = diagram.get_corner([-1, -1, 0]), diagram.get_corner([1, 1, 0])
    assert low[0] >= region.left - 0.01
    assert high[0] <= region.right + 0.01
    boxes = [box(number) for number in diagram.numbers.values()]
    assert not any(overlap(first, second) for first, second in combinations(boxes, 2))
    tokens = [token.box for token in diagram.tokens]
    assert not any(overlap(number, box(token)) for number in boxes for token in tokens)
    assert len(diagram.numbers) == looking + 1
    assert diagram.strongest == int(row.argmax())
    curve = np.linspace(0, 1, 50)[:, None]
    for a, b, c, d in diagram.arcs.parts():
        path = (1 - curve) ** 3 * a + 3 * curve * (1 - curve) ** 2 * b + 3 * curve**2 * (1 - curve) * c + curve**3 * d
        assert np.all(path[:, 1] <= region.top + 0.05)
        assert np.all(path[:, 0] <= region.right + 0.05)
        for left, right, bottom, top in boxes:
            inside = (path[:, 0] > left) & (path[:, 0] < right) & (path[:, 1] > bottom) & (path[:, 1] < top)
            assert not inside.any()


@pytest.mark.parametrize("causal", [True, False])
def test_rings_enclose_what_is_seen_of_a_row_or_a_column(causal):
    names = [Label(word) for word in WORDS[:5]]
    grid = AttentionGrid(weights_of(5), names, Region(-4, 4, -3, 3), causal=causal)
    for ring, cells in (
        (grid.ring(2), [(2, column) for column in range(3 if causal else 5)]),
        (grid.column_ring(2), [(row, 2) for row in range(2 if causal else 0, 5)]),
    ):
        places = [grid.heat.cell_region(*cell) for cell in cells]
        assert ring.get_left()[0] == pytest.approx(min(place.left for place in places) - 0.05)
        assert ring.get_right()[0] == pytest.approx(max(place.right for place in places) + 0.05)
        assert ring.get_bottom()[1] == pytest.approx(min(place.bottom for place in places) - 0.05)
        assert ring.get_top()[1] == pytest.approx(max(place.top for place in places) + 0.05)


def test_the_legend_stands_in_the_free_corner_or_nowhere():
    names, region = [Label(word) for word in ["I", "it", "12", ",", "I", "it"]], Region(-6, 6, -3, 3)
    grid = AttentionGrid(weights_of(6), names, region)
    legend = grid.corner_legend(["row: the token that looks", "column: what it looks at"], region)
    assert len(legend) == 2
    assert legend.get_left()[0] > grid.column_names[2].get_right()[0]
    assert not len(grid.corner_legend(["long words " * 12], region))
