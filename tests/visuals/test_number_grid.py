"""Numbers in cells are legible, exact and known to the ledger."""

from __future__ import annotations

import numpy as np
import pytest
from drawing import draw
from hypothesis import given, settings
from hypothesis import strategies as st
from manim import ManimColor, Transform

from nnanim.quantity import Quantity
from nnanim.visuals.cells.heatmap import HeatMap
from nnanim.visuals.cells.number_grid import NumberGrid, fitting_size
from nnanim.visuals.page.frame import frame
from nnanim.visuals.page.text import TextLine, text_width
from nnanim.visuals.page.theme import contrast, rgba, theme, use_theme

VALUES = np.array([[1.0, -2.0, 0.0], [0.25, -0.5, 2.0]])
pytestmark = pytest.mark.usefixtures("small_picture")


def quantities(values: np.ndarray = VALUES, decimals: int = 2) -> list[list[Quantity | None]]:
    return [
        [Quantity(float(v), f"w[{i}][{j}]", decimals) for j, v in enumerate(row)]
        for i, row in enumerate(values)
    ]


def test_numbers_look_like_lines_of_text_in_the_same_places():
    cells = HeatMap(VALUES, 1.6, 1.0)
    numbers = NumberGrid.on(cells, quantities())
    lines = [
        TextLine(q, numbers.em, ManimColor(theme().ink_on(fill)).to_hex()).on(place)
        for q, fill, place in zip(
            np.ravel(quantities()), cells.colors, cells.parts().mean(axis=1), strict=True
        )
    ]
    assert np.abs(draw(cells, numbers) - draw(cells, *lines)).max() <= 1
    moved = [line.scale(1.5, about_point=(0, 0, 0)).rotate(0.4, about_point=(0, 0, 0)) for line in lines]
    numbers.scale(1.5, about_point=(0, 0, 0)).rotate(0.4, about_point=(0, 0, 0))
    assert np.abs(draw(numbers) - draw(*moved)).max() <= 1
    assert numbers.em == pytest.approx(1.5 * frame().body)


def test_the_ledger_sees_what_is_seen():
    rows = quantities()
    rows[0][2] = None
    numbers = NumberGrid.on(HeatMap(VALUES, 1.0), rows)
    assert numbers.string == "1.00 −2.00 0.25 −0.50 2.00"
    assert [entry.source for entry in numbers.entries] == [
        "w[0][0]",
        "w[0][1]",
        "w[1][0]",
        "w[1][1]",
        "w[1][2]",
    ]
    assert [entry.value for entry in numbers.entries] == [1.0, -2.0, 0.25, -0.5, 2.0]
    numbers.hide()
    assert (numbers.string, numbers.entries) == ("", ())
    np.testing.assert_array_equal(draw(numbers), draw())
    numbers.show((slice(None), 1))
    assert numbers.string == "−2.00 −0.50"
    assert np.any(draw(numbers) != draw())
    numbers.set_opacity(0.0)
    assert numbers.entries == ()


def test_numbers_change_without_passing_through_others():
    first = NumberGrid.on(HeatMap(VALUES, 1.0), quantities())
    second = first.copy().set_quantities(quantities(VALUES * [[1, 2, 3], [1, 1, 1]]))
    assert second.string == "1.00 −4.00 0.00 0.25 −0.50 2.00"
    changing = Transform(first, second, rate_func=lambda t: t)
    changing.begin()
    for alpha, text, visible in [(0.25, "1.00 −2.00 0.00 0.25 −0.50 2.00", 0.5), (0.75, second.string, 0.5)]:
        changing.interpolate(alpha)
        assert first.string == text
        np.testing.assert_allclose(first.inks[:, 3], [1, visible, 1, 1, 1, 1])
    changing.interpolate(0.5)
    assert first.string == "1.00 0.00 0.25 −0.50 2.00"
    changing.finish()
    assert first.string == second.string
    np.testing.assert_array_equal(draw(first), draw(second))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(-2000, 2000), min_size=1, max_size=6),
    st.floats(0.2, 2.0), st.floats(0.15, 1.0), st.integers(0, 4),
)  # fmt: skip
def test_fitting_type_is_the_largest_that_fits(values, width, height, decimals):
    numbers = [Quantity(value, "w[0]", decimals) for value in values]
    size, padding = fitting_size([*numbers, None], width, height), 0.06

    def fits(em: float) -> bool:
        widest = max(text_width(number, em) for number in numbers)
        return widest <= width - 2 * padding + 1e-9 and 0.66 * em <= height - 2 * padding + 1e-9

    if size is None:
        assert not fits(frame().smallest * 1.001)
    else:
        assert fits(size)
        assert frame().smallest * 0.99 <= size <= frame().body
        assert size == frame().body or not fits(size * 1.001)


def test_numbers_stay_inside_their_cells():
    cells = HeatMap(VALUES, 0.7, 0.5, gap=0.1)
    numbers = NumberGrid.on(cells, quantities(VALUES * 100, 1))
    inside = draw(cells, numbers), draw(cells)
    changed = np.argwhere(np.any(inside[0] != inside[1], axis=2))
    regions = [cells.cell_region(i, j) for i, j in np.ndindex(VALUES.shape)]
    for row, column in changed:
        x, y = (column + 0.5 - 240) / 33.75, (135 - row - 0.5) / 33.75
        assert any(r.left <= x <= r.right and r.bottom <= y <= r.top for r in regions)


def test_numbers_that_cannot_fit_are_refused():
    with pytest.raises(ValueError, match=r"“−12,345” does not fit a cell of 0\.40 × 0\.40"):
        NumberGrid.on(HeatMap([[1.0]], 0.4), [[Quantity(-12345.0, "w[0]", 0)]])


@pytest.mark.parametrize("name", ["dark", "light"])
def test_ink_reads_well_on_every_cell_even_a_dimmed_one(name):
    use_theme(name)
    values = np.linspace(-1, 1, 25).reshape(5, 5)
    cells = HeatMap(values, 1.2)
    numbers = NumberGrid.on(cells, quantities(values))
    for ink, fill in zip(numbers.inks, cells.colors, strict=True):
        assert contrast(ink, fill) >= 4.5
    numbers.set_fills(cells.emphasise(row=0, others=0.1).colors)
    np.testing.assert_allclose(numbers.inks[5:, :3], np.tile(rgba(theme().text)[:3], (20, 1)))


def test_ragged_rows_and_wrong_places_are_refused():
    with pytest.raises(ValueError, match="of one length"):
        NumberGrid([[Quantity(1.0, "a[0]")], []], np.zeros((1, 3)))
    with pytest.raises(ValueError, match="1 numbers need as many positions, not 2"):
        NumberGrid([[Quantity(1.0, "a[0]")]], np.zeros((2, 3)))
