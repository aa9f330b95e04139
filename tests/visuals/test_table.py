"""Tables: columns and baselines line up, nothing overlaps, everything stays in its region or is refused."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from manim import tempconfig

from nnanim.quantity import Label, Quantity
from nnanim.visuals.page.frame import Region, frame
from nnanim.visuals.page.table import ELLIPSIS, Table, elide, rows_that_fit

ALIGN: Any = ["left", "center", "right"]


@pytest.fixture(autouse=True, scope="module")
def widescreen() -> Iterator[None]:
    with tempconfig({"frame_width": 14 + 2 / 9, "frame_height": 8.0}):
        yield


@given(st.integers(1, 60), st.integers(3, 12))
def test_eliding_keeps_first_and_last_within_the_room(count, most):
    shown = elide(count, most)
    if count <= most:
        assert shown == list(range(count))
        return
    assert len(shown) == most
    gap = shown.index(ELLIPSIS)
    assert shown[:gap] == list(range(gap))
    assert shown[gap + 1 :] == list(range(count - (most - gap - 1), count))
    assert gap >= 1
    assert shown[-1] == count - 1
    assert 0 <= gap - (most - gap - 1) <= 1, "about as many before as behind"


@given(st.integers(1, 60), st.integers(3, 12), st.data())
def test_a_part_that_is_wanted_is_never_left_out(count, most, data):
    keep = data.draw(st.integers(0, count - 1))
    shown = elide(count, most, keep)
    drawn = [index for index in shown if index != ELLIPSIS]
    assert keep in drawn
    assert len(shown) <= most
    assert drawn == sorted(set(drawn))
    for before, place, after in zip([-1, *shown], shown, [*shown[1:], count], strict=False):
        if place == ELLIPSIS:
            assert after - before > 1, "something is left out there"
        else:
            assert before in (ELLIPSIS, place - 1), "nothing is left out in silence"


cells = st.lists(
    st.tuples(st.sampled_from(["input", "weight", "gain", "⋮"]), st.sampled_from(["×", "="]), st.floats(-99, 99)),
    min_size=1,
    max_size=12,
)
regions = st.builds(lambda w, h: Region(-w / 2 + 1, w / 2 + 1, -h / 2, h / 2), st.floats(1.5, 13), st.floats(0.5, 6))


@settings(max_examples=80)
@given(cells, regions, st.booleans())
def test_a_table_lines_up_inside_its_region_or_is_refused(content, region, with_rules):
    rows = [[word, sign, Quantity(value, "x")] for word, sign, value in content]
    try:
        table = Table(rows, region, ALIGN, size=0.5, rules=[1] if with_rules and len(rows) > 1 else [])
    except ValueError as error:
        assert "does not fit" in str(error)
        smallest = frame().smallest
        assert region.height < len(rows) * smallest * 1.2 + 1e-6 or region.width < 9 * smallest
        return
    assert frame().smallest * 0.999 <= table.em_size <= 0.5
    slack = 0.25 * table.em_size  # what hangs below the last baseline
    for line in table.cells.values():
        low, high = line.points.min(axis=0), line.points.max(axis=0)
        assert region.left - 0.05 * table.em_size <= low[0]
        assert high[0] <= region.right + 0.05 * table.em_size
        assert region.bottom - slack <= low[1]
        assert high[1] <= region.top + slack
    for r in range(len(rows)):
        assert len({round(float(table.cell(r, c).origin[1]), 9) for c in range(3)}) == 1, "one baseline"
    rights = {round(float(table.cell(r, 2).origin[0] + table.cell(r, 2).advance), 9) for r in range(len(rows))}
    lefts = {round(float(table.cell(r, 0).origin[0]), 9) for r in range(len(rows))}
    middles = {round(float(table.cell(r, 1).origin[0] + table.cell(r, 1).advance / 2), 9) for r in range(len(rows))}
    assert len(rights) == len(lefts) == len(middles) == 1, "one edge a column"
    for a, b in itertools.combinations(table.cells.values(), 2):
        (low_a, high_a), (low_b, high_b) = ((m.points.min(axis=0), m.points.max(axis=0)) for m in (a, b))
        assert (high_a < low_b)[:2].any() or (high_b < low_a)[:2].any(), (a.string, b.string)


def test_points_of_decimals_stand_under_each_other():
    table = Table([[Quantity(value, "x")] for value in (0.25, -13.5, 7.0, 111.11)], Region(-3, 3, -2, 2), ["right"])
    ends = [table.cell(r, 0).origin[0] + table.cell(r, 0).advance for r in range(4)]
    assert np.ptp(ends) < 1e-9


def test_a_spanning_cell_does_not_widen_its_column():
    plain = [["a", "b", Quantity(1.5, "x")], [None, "sum of products", Quantity(2.5, "x")]]
    region = Region(-5, 5, -2, 2)
    wide = Table(plain, region, ["left", "right", "right"])
    narrow = Table(plain, region, ["left", "right", "right"], spanning=[(1, 1)])
    assert narrow.right - narrow.left < wide.right - wide.left
    assert narrow.cell(1, 1).origin[0] + narrow.cell(1, 1).advance == pytest.approx(
        narrow.cell(0, 1).origin[0] + narrow.cell(0, 1).advance
    )


def test_rows_are_taken_from_left_to_right_and_empty_cells_stay_empty():
    table = Table([["a", None, Label("2")], ["c", "d", None]], Region(-4, 4, -1, 1), ALIGN)
    assert [line.string for line in table.row(0)] == ["a", "2"]
    assert [line.string for line in table.row(1)] == ["c", "d"]
    assert table.row_heights[0] > table.row_heights[1]


def test_a_rule_runs_between_its_rows():
    table = Table([["a"], ["b"], ["c"]], Region(-4, 4, -2, 2), ["left"], rules=[2])
    (rule,) = table.rules
    height = float(rule.get_center()[1])
    assert table.cell(1, 0).points[:, 1].min() > height > table.cell(2, 0).points[:, 1].max()


@given(st.floats(0.5, 7))
def test_as_many_rows_fit_as_are_promised(height):
    region = Region(-6, 6, 0, height)
    count = rows_that_fit(region)
    if count:
        Table([["a"]] * count, region, ["left"])
    if height < (count + 1) * 1.2 * frame().smallest * 0.999:  # a thousandth is forgiven
        with pytest.raises(ValueError, match="does not fit"):
            Table([["a"]] * (count + 1), region, ["left"])
