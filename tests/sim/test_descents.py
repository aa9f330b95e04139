"""Many starts, bottoms and the steps they can hold, false rests: against closed forms and single runs."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nnanim.sim import descents, landscape
from nnanim.sim.descents import bottoms, crawling, false_rest, follow, runs_of, tried_rates
from nnanim.sim.surfaces import WINDOWS

HIMMELBLAU = [(3.0, 2.0), (-2.805118, 3.131312), (-3.779310, -3.283186), (3.584428, -1.848126)]


@settings(max_examples=15)
@given(
    st.sampled_from(["bowl", "himmelblau", "saddle", "rosenbrock"]), st.sampled_from(["sgd", "momentum", "adam"]),
    st.lists(st.tuples(st.floats(-2, 2), st.floats(-2, 2)), min_size=1, max_size=4), st.floats(1e-4, 5e-3), st.floats(0, 0.95), st.integers(1, 25),
)  # fmt: skip
def test_many_balls_walk_as_each_would_alone(name, optimiser, starts, rate, momentum, steps):
    loss = landscape.FORMULAS[name]
    together = follow(loss, np.array(starts), optimiser, rate, momentum, steps)
    for number, start in enumerate(starts):
        alone = landscape.descend(loss, start, optimiser, rate, momentum, steps).points
        np.testing.assert_allclose(together[: len(alone) - 1, number], alone[:-1], rtol=1e-9, atol=1e-9)


def test_only_the_steps_that_are_asked_for_are_kept_and_what_is_gone_is_no_number():
    points = follow(landscape.bowl, np.array([[1.0, 1.0]]), "sgd", 2.0, 0.0, 60, [0, 1, 60])
    assert points.shape == (3, 1, 2)
    np.testing.assert_allclose(points[1, 0], (1 - 2 * 0.7, 1 - 2 * 3.4))
    assert np.isnan(points[2, 0, 1])


@pytest.mark.parametrize(
    ("name", "expected"),
    [("himmelblau", HIMMELBLAU), ("bowl", [(0, 0)]), ("rosenbrock", [(1, 1)]), ("saddle", [(0, math.sqrt(2)), (0, -math.sqrt(2))])],
)
def test_every_bottom_of_the_window_is_found_once_the_sharpest_first(name, expected):
    loss = landscape.FORMULAS[name]
    found = bottoms(loss, WINDOWS[name])
    assert len(found) == len(expected)
    assert all(min(np.linalg.norm(np.subtract(place, other)) for other in found) < 1e-3 for place in expected)
    sharpness = [float(torch.linalg.eigvalsh(torch.autograd.functional.hessian(loss, torch.tensor(place)))[-1]) for place in found]
    assert (np.diff(sharpness) <= 1e-4).all()


def test_a_window_without_a_bottom_has_none():
    assert len(bottoms(lambda theta: theta.sum(-1), (-1.0, 1.0, -1.0, 1.0))) == 0


@given(st.floats(1e-4, 5.0), st.floats(1.0, 3.0))
def test_the_rates_that_are_tried_lie_on_both_sides_of_the_limit(limit, other):
    low, high = tried_rates(np.array([limit, limit * other]))
    assert low < 0.9991 * limit and 1.0009 * limit < high
    assert high - low <= 0.022 * limit


def test_a_bowl_holds_its_ball_up_to_two_over_its_curvature():
    """Along θ₂ the bowl curves by 3.4: each step multiplies the ball's distance by 1 − 3.4 × rate."""
    window = WINDOWS["bowl"]
    about = descents._about_bottoms(landscape.bowl, window)
    assert about["bottoms.limits"] == pytest.approx([2 / 3.4])
    thrown = descents._thrown(landscape.bowl, window, about)
    low, high = thrown["thrown.rates"]
    assert (low, high) == (0.587, 0.589)
    for row, rate in enumerate((low, high)):
        expected = thrown["thrown.nudge"] * np.abs(1 - 3.4 * rate) ** thrown["thrown.steps"]
        np.testing.assert_allclose(np.abs(thrown["thrown.offsets"][row, 0]), expected, rtol=1e-6, atol=1e-7)  # the minimum is found to 1e-9
    assert thrown["thrown.ends"][0, 0] < thrown["thrown.nudge"] < thrown["thrown.ends"][1, 0]


def test_a_false_rest_is_found_on_the_saddle_and_only_there():
    run = landscape.descend(landscape.himmelblau, (0.2, -0.6), "sgd", 0.01, 0.0, 100)
    step, bends = false_rest(run.points, run.losses, landscape.himmelblau, 5.0)
    assert step == run.step_lengths[:40].argmin()
    assert bends[0] < 0 < bends[1]
    straight = landscape.descend(landscape.himmelblau, (3.2, 2.2), "sgd", 0.01, 0.0, 100)
    assert false_rest(straight.points, straight.losses, landscape.himmelblau, 5.0)[0] == -1


def test_crawling_steps_are_faint_and_high():
    points = np.array([[0, 0], [1, 0], [1.0005, 0], [1.001, 0], [2, 0], [2.0001, 0]], float)[:, None]
    losses = np.array([9, 5, 5, 5, 0, 0], float)[:, None]
    assert crawling(points, losses, 5.0).tolist() == [2]


def test_runs_are_those_that_were_asked_for():
    runs = runs_of("adam", 0.1, 0.2, (0.4, 0.01, 0.1), 0.7)
    assert [(run.name, run.optimiser, run.learning_rate, run.momentum) for run in runs] == [
        ("descent", "adam", 0.1, 0.2), ("rate[0]", "adam", 0.01, 0.2), ("rate[1]", "adam", 0.1, 0.2), ("rate[2]", "adam", 0.4, 0.2),
        ("heavy", "momentum", 0.1, 0.7),
    ]  # fmt: skip
