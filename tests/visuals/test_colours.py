"""Colours tell roles apart in normal sight; where colour-blind eyes take two for one, a second sign does."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from coloraide import Color

from nnanim.visuals.page.theme import SECOND_SIGNS, along, ramp, themes

ROLES = ("positive", "negative", "gradient", "good", "query", "key", "value", "first_class", "second_class", "text", "muted")
APART, APART_FOR_THE_BLIND = 12.0, 8.0
"""CIEDE2000."""
BLINDNESS = ("protan", "deutan", "tritan")


def distance(first: str, second: str, blindness: str | None = None) -> float:
    one, other = Color(first), Color(second)
    if blindness:
        one, other = one.filter(blindness), other.filter(blindness)
    return float(one.delta_e(other, method="2000"))


@pytest.mark.parametrize("theme", themes().values(), ids=lambda theme: theme.name)
def test_every_two_roles_differ(theme):
    for first, second in combinations(ROLES, 2):
        assert distance(getattr(theme, first), getattr(theme, second)) >= APART, (first, second)


@pytest.mark.parametrize("theme", themes().values(), ids=lambda theme: theme.name)
@pytest.mark.parametrize("blindness", BLINDNESS)
def test_where_a_colour_blind_eye_takes_two_for_one_there_is_a_second_sign(theme, blindness):
    for first, second in combinations(ROLES, 2):
        if distance(getattr(theme, first), getattr(theme, second), blindness) < APART_FOR_THE_BLIND:
            signs = {SECOND_SIGNS.get(first, ""), SECOND_SIGNS.get(second, "")}
            assert len(signs) == 2, (first, second)


@pytest.mark.parametrize("theme", themes().values(), ids=lambda theme: theme.name)
@pytest.mark.parametrize("blindness", [None, *BLINDNESS])
def test_the_signs_of_weights_are_told_apart_by_everybody(theme, blindness):
    assert distance(theme.positive, theme.negative, blindness) >= (APART_FOR_THE_BLIND if blindness else APART)


@pytest.mark.parametrize("theme", themes().values(), ids=lambda theme: theme.name)
@pytest.mark.parametrize("name", ["activation_ramp", "loss_ramp"])
def test_a_ramp_runs_one_way_in_lightness_and_in_grey_print(theme, name):
    colors = ramp(getattr(theme, name))
    light = np.array([Color("srgb", color[:3]).convert("lab-d65")["lightness"] for color in colors[::8]])
    steps = np.diff(light)
    assert (steps > 0).all() or (steps < 0).all()
    assert abs(light[-1] - light[0]) > 40


def test_shares_beyond_a_ramp_are_its_ends():
    stops = themes()["dark"].loss_ramp
    ends = along(stops, [-1.0, 0.0, 1.0, 7.0, np.nan])
    assert np.array_equal(ends[0], ends[1]) and np.array_equal(ends[2], ends[3]) and np.array_equal(ends[4], ends[0])
    assert along(stops, np.zeros((2, 3))).shape == (2, 3, 4)
