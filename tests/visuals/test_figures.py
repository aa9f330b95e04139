"""Large numbers with words under them fit the region that they are given."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnanim.lesson.numbers import exact, fitting, steps
from nnanim.quantity import Quantity
from nnanim.trace import Trace
from nnanim.visuals.page.figures import Figures
from nnanim.visuals.page.frame import Region


@settings(max_examples=10)
@given(st.integers(1, 4), st.floats(1.0, 9.0), st.floats(1.0, 6.0), st.floats(0, 1e6))
def test_figures_stay_in_their_region(count, width, height, value):
    area = Region(-width / 2, width / 2, 1.0, 1.0 + height)
    pairs = Figures(area, [(Quantity(value, "x", 2), "so many of them")] * count)
    assert len(pairs) == count
    assert pairs.get_left()[0] >= area.left - 1e-6 and pairs.get_right()[0] <= area.right + 1e-6
    assert pairs.get_bottom()[1] >= area.bottom - 0.3 and pairs.get_top()[1] <= area.top + 1e-6
    places = [(round(float(pair.get_center()[0]), 6), round(-float(pair.get_center()[1]), 6)) for pair in pairs]
    assert places == sorted(places) and len(set(places)) == count


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.00"), (5e-7, "under 0.000001"), (0.0123, "0.0123"), (0.5, "0.50"), (13.31, "13.31"), (175.1072, "175.1"),
        (12345.6, "12,346"), (2e6, "over 1,000,000"), (-2e6, "under minus 1,000,000"),
    ],
)  # fmt: skip
def test_numbers_are_written_to_fit_their_size(value, text):
    trace = Trace({"x": [value], "beyond": 1e6, "tiny": 1e-6})
    assert fitting(trace, "x", 0).text == text


def test_settings_keep_all_their_decimals_and_steps_their_number():
    trace = Trace({"rates": [0.1, 0.0149, 0.005], "count": [1, 71]})
    assert [exact(trace, "rates", n).text for n in range(3)] == ["0.10", "0.0149", "0.005"]
    assert [steps(trace, "count", n).text for n in range(2)] == ["1 step", "71 steps"]
