"""Tables by columns, panels, legends and plans: everything lies where it was asked to, in frames of every shape."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from manim import Square, tempconfig

from nnanim.quantity import Label, Quantity
from nnanim.visuals.page.columns import Column, ColumnTable, with_fitting_decimals
from nnanim.visuals.page.frame import Frame, Region
from nnanim.visuals.page.panel import Legend, Panel, side_by_side
from nnanim.visuals.page.plan import Plan, across, down

ROOM = Region(-6, 6, -3, 3)


def number(value: float, place: int = 0) -> Quantity:
    return Quantity(value, f"x[{place}]", 2)


def inside(mobject, region, slack=1e-6) -> bool:
    low, high = mobject.get_critical_point((-1, -1, 0)), mobject.get_critical_point((1, 1, 0))
    return bool(
        low[0] >= region.left - slack and high[0] <= region.right + slack and low[1] >= region.bottom - slack and high[1] <= region.top + slack
    )


def test_a_table_is_said_by_its_columns():
    columns = [Column("", align="left"), Column("input"), "×", Column("weight", "positive"), "=", Column("product", bold=True)]
    rows = [("sun", number(0.8), number(0.5), number(0.4)), ("rain", number(0.3), number(-2), number(-0.6))]
    table = ColumnTable(columns, rows, ROOM, foot=[("sum", None, None, number(-0.2))])
    assert [line.string for line in table.head] == ["input", "weight", "product"]
    assert [line.string for line in table["rain"]] == ["rain", "0.30", "×", "−2.00", "=", "−0.60"]
    assert [line.string for line in table["sum"]] == ["sum", "−0.20"]
    assert len(table.body) == 2 and len(table.foot) == 1
    assert inside(table, ROOM)
    with pytest.raises(KeyError, match="no row 'snow'"):
        table["snow"]


def test_as_many_decimals_as_fit():
    rows = [[number(123456.789), number(0.123456)]]
    wide = with_fitting_decimals(rows, (4, 2, 0), Region(-6, 6, -1, 1), 0.5)
    narrow = with_fitting_decimals(rows, (4, 2, 0), Region(-0.8, 0.8, -1, 1), 0.4)
    assert wide[0][0].decimals == 4 and narrow[0][0].decimals < 4
    with pytest.raises(ValueError, match="do not fit"):
        with_fitting_decimals(rows, (4, 2), Region(-0.3, 0.3, -1, 1), 0.4)


def test_a_panel_holds_its_picture_under_its_heading():
    panel = Panel(ROOM, "before")
    square = panel.hold(Square(20))
    assert inside(square, panel.room) and panel.heading.get_bottom()[1] >= square.get_top()[1]
    assert inside(panel, ROOM)


@pytest.mark.parametrize(("width", "height"), [(128 / 9, 8.0), (8.0, 128 / 9), (8.0, 8.0)])
def test_panels_stand_beside_or_below_one_another(width, height):
    with tempconfig({"frame_width": width, "frame_height": height}):
        whole = Region(-width / 2, width / 2, -height / 2, height / 2)
        panels = side_by_side(whole, ["a", "b", "c"], lambda n, room: Square(1).move_to(room.center))
        centers = np.array([panel[1].get_center() for panel in panels])
        spread = np.ptp(centers, axis=0)
        assert spread[1 if height > width else 0] > 3 and spread[0 if height > width else 1] < 1e-6


@given(st.lists(st.sampled_from(["positive", "negative", "a very long name of a line"]), min_size=1, max_size=6), st.floats(4.5, 12.0))
@settings(max_examples=25, deadline=None)
def test_a_legend_fits_its_width_and_nothing_touches(words, width):
    legend = Legend([(Label(word), "#FFFFFF", 3.0) for word in words], Region(-width / 2, width / 2, -2, 2))
    assert len(legend) == len(words)
    boxes = [(entry.get_left()[0], entry.get_right()[0], entry.get_bottom()[1], entry.get_top()[1]) for entry in legend]
    for place, one in enumerate(boxes):
        assert one[0] >= -width / 2 - 1e-6 and one[1] <= width / 2 + 1e-6
        assert all(not (one[0] < other[1] and one[1] > other[0] and one[2] < other[3] and one[3] > other[2]) for other in boxes[place + 1 :])


@pytest.mark.parametrize(("frame", "direction"), [(Frame(128 / 9, 8, True), "x"), (Frame(8, 128 / 9, True), "y"), (Frame(8, 8, True), "y")])
def test_a_plan_has_the_same_regions_in_every_frame_and_none_overlaps(frame, direction):
    plan = Plan(wide=across(map=54, side=(46, down(plot=64, words=36))), tall=down(map=47, plot=31, words=22), square=down(map=50, plot=30, words=20))
    areas = plan.areas(frame)
    regions = [areas.map, areas.plot, areas.words]
    for place, one in enumerate(regions):
        assert one.left >= frame.stage.left - 1e-9 and one.top <= frame.stage.top + 1e-9 and one.bottom >= frame.stage.bottom - 1e-9
        for other in regions[place + 1 :]:
            assert one.right <= other.left + 1e-9 or one.bottom >= other.top - 1e-9
    apart = areas.plot.left - areas.map.right if direction == "x" else areas.map.bottom - areas.plot.top
    assert apart > 0
    with pytest.raises(AttributeError, match="no region 'table'"):
        areas.table  # noqa: B018
