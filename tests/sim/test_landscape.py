"""Surfaces, optimisers and verdicts, against closed forms and second derivations."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nnanim.sim import landscape
from nnanim.sim.landscape import Descent, Run, descend, minimum_near, verdict

WINDOWS = {
    "bowl": (-3.0, 3.0, -2.0, 2.0),
    "rosenbrock": (-2.0, 2.0, -1.0, 3.0),
    "himmelblau": (-5.0, 5.0, -5.0, 5.0),
    "saddle": (-2.4, 2.4, -2.0, 2.0),
}
GRADIENTS = {
    "bowl": lambda x, y: (0.7 * x, 3.4 * y),
    "rosenbrock": lambda x, y: (-2 * (1 - x) - 400 * x * (y - x**2), 200 * (y - x**2)),
    "himmelblau": lambda x, y: (
        4 * x * (x**2 + y - 11) + 2 * (x + y**2 - 7),
        2 * (x**2 + y - 11) + 4 * y * (x + y**2 - 7),
    ),
    "saddle": lambda x, y: (x, -y + y**3 / 2),
}
coordinate = st.floats(-2, 2)
starts = st.tuples(coordinate, coordinate)
names = st.sampled_from(sorted(GRADIENTS))


@given(names, starts)
def test_autograd_agrees_with_the_gradients_by_hand(name, start):
    run = descend(landscape.FORMULAS[name], start, "sgd", 1e-6, 0.0, 1)
    np.testing.assert_allclose(run.gradients[0], GRADIENTS[name](*start), rtol=1e-9, atol=1e-9)
    assert run.losses[0] == pytest.approx(float(landscape.FORMULAS[name](torch.tensor(start, dtype=torch.float64))))


@given(starts, st.floats(1e-3, 0.65), st.integers(1, 60))
def test_plain_steps_on_the_bowl_shrink_each_axis_by_its_own_factor(start, rate, steps):
    run = descend(landscape.bowl, start, "sgd", rate, 0.5, steps)
    powers = np.arange(steps + 1)
    expected = np.stack([(1 - 0.7 * rate) ** powers * start[0], (1 - 3.4 * rate) ** powers * start[1]], axis=1)
    np.testing.assert_allclose(run.points, expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(run.losses, 0.35 * expected[:, 0] ** 2 + 1.7 * expected[:, 1] ** 2, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(run.directions, run.gradients[:-1])


@settings(max_examples=40)
@given(names, starts, st.floats(1e-4, 5e-3), st.floats(0.0, 0.99), st.integers(2, 30))
def test_momentum_is_the_heavy_ball(name, start, rate, momentum, steps):
    run = descend(landscape.FORMULAS[name], start, "momentum", rate, momentum, steps)
    place, velocity = np.array(start), np.zeros(2)
    for step in range(len(run.directions)):
        velocity = momentum * velocity + np.array(GRADIENTS[name](*place))
        np.testing.assert_allclose(run.directions[step], velocity, rtol=1e-7, atol=1e-7)
        place = place - rate * velocity
        np.testing.assert_allclose(run.points[step + 1], place, rtol=1e-7, atol=1e-9)


@settings(max_examples=25)
@given(names, starts, st.floats(1e-3, 1.0), st.integers(2, 12))
def test_adam_is_the_algorithm_of_the_paper(name, start, rate, steps):
    run = descend(landscape.FORMULAS[name], start, "adam", rate, 0.0, steps)
    place, first, second = np.array(start), np.zeros(2), np.zeros(2)
    for step in range(1, len(run.directions) + 1):
        gradient = np.array(GRADIENTS[name](*place))
        first, second = 0.9 * first + 0.1 * gradient, 0.999 * second + 0.001 * gradient**2
        direction = (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
        np.testing.assert_allclose(run.directions[step - 1], direction, rtol=1e-7, atol=1e-7)
        np.testing.assert_allclose(run.points[step], run.points[step - 1] - rate * run.directions[step - 1], rtol=1e-9, atol=1e-9)
        place = run.points[step]


@settings(max_examples=25)
@given(
    names, starts, st.sampled_from(["sgd", "momentum", "adam"]), st.floats(1e-6, 100), st.floats(0, 0.999), st.integers(1, 80)
)
def test_nothing_overflows(name, start, optimiser, rate, momentum, steps):
    run = descend(landscape.FORMULAS[name], start, optimiser, rate, momentum, steps)
    for array in (run.points, run.losses, run.gradients, run.directions):
        assert np.isfinite(array).all()
    assert len(run.points) == len(run.losses) == len(run.gradients) == len(run.directions) + 1
    assert run.stopped or len(run.points) == steps + 1
    within = (np.abs(run.losses) <= landscape.BEYOND) & (np.abs(run.points).max(axis=1) <= landscape.BEYOND)
    assert within[:-1].all()
    assert within[-1] != run.stopped


# Verdicts ------------------------------------------------------------------------------------------------


def judged(start, rate, steps=120, optimiser="sgd", name="bowl", momentum=0.0):
    return record(name, start, [Run("run", optimiser, rate, momentum)], steps).text["run.verdict"]


def record(name, start, runs, steps, seed=0):
    square = (-1.0, 1.0, -1.0, 1.0)
    return landscape.record(
        name, WINDOWS.get(name, square), start, runs, steps, square, (-0.8, 0.7), Run("real", "sgd", 0.05), seed
    )  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def trained_once(network):
    """The network does not depend on the runs: train it once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(landscape, "train_network", lambda seed, report=None: network)
        yield


@pytest.mark.parametrize(
    ("rate", "expected"),
    [(0.005, "on its way"), (0.05, "converges"), (0.28, "converges"), (0.5, "oscillates"), (0.58, "oscillates"), (0.6, "diverges"), (2.0, "diverges")],
)  # fmt: skip
def test_the_bowl_is_decided_by_its_steeper_axis(rate, expected):
    """1 − 3.4 × rate: positive glides, negative turns back at each step, below −1 grows."""
    assert judged((-2.4, 0.8), rate) == expected


def test_other_verdicts():
    assert judged((0.0, 0.0), 0.05) == "converges"
    assert judged((0.0, 0.0), 0.1, name="saddle") == "stalls"
    assert judged((-1.8, 0.0), 0.1, 300, name="saddle") == "stalls"
    assert judged((-1.8, 0.1), 0.1, name="saddle") == "converges"
    assert judged((-1.2, 1.0), 0.001, name="rosenbrock") == "on its way"  # slow in the valley, far from (1, 1)
    assert judged((-1.2, 1.0), 0.05, name="rosenbrock") == "diverges"
    assert judged((-2.4, 0.8), 0.05, 20, "momentum", momentum=0.95) == "on its way"  # passes the minimum at speed


def test_a_verdict_goes_by_the_first_rule_that_holds():
    places = np.array([(0.0, 0.0), (1.0, 0.0), (0.5, 0.0), (0.8, 0.0), (0.6, 0.0)])
    near, far = np.zeros(3), np.full(3, np.inf)

    def of(losses, distances=far, points=places, stopped=False, slope=1.0):
        run = Descent(points, np.array(losses, float), np.full((len(points), 2), slope), np.diff(points, axis=0), stopped)
        return verdict(run, distances, 1.0)

    assert of([5, 4, 3, 2, 1], stopped=True) == "diverges"
    assert of([5, 4, 3, 2, 6], near) == "diverges"
    assert of([5, 4, 3, 2, 1], near) == "oscillates"
    straight = np.cumsum(np.ones((5, 2)), axis=0)
    assert of([5, 4, 3, 2, 1], near, straight) == "converges"
    assert of([5, 4, 3, 2, 1], far, straight, slope=1e-9) == "stalls"
    assert of([5, 4, 3, 2, 1], far, straight) == "on its way"


@pytest.mark.parametrize("place", [(3.0, 2.0), (-2.805118, 3.131312), (-3.779310, -3.283186), (3.584428, -1.848126)])
def test_the_four_minima_of_himmelblau_are_found(place):
    found = minimum_near(landscape.himmelblau, np.add(place, (0.3, -0.2)))
    np.testing.assert_allclose(found, place, atol=1e-5)


def test_minima_are_told_from_saddles_and_slopes():
    np.testing.assert_allclose(minimum_near(landscape.rosenbrock, np.array([-1.0, 1.1])), (1, 1), atol=1e-4)
    np.testing.assert_allclose(minimum_near(landscape.saddle, np.array([0.4, -0.2])), (0, -math.sqrt(2)), atol=1e-5)
    assert minimum_near(landscape.saddle, np.array([0.5, 0.0])) is None
    assert minimum_near(lambda theta: theta.sum(-1) * 0.0, np.zeros(2)) is None
    assert minimum_near(lambda theta: torch.exp(theta[..., 0]) + theta[..., 1] ** 2, np.zeros(2)) is None


# The record ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*WINDOWS, "network"])
def test_what_is_drawn_is_what_was_computed(name, network):
    start = (-0.5, 0.4)
    trace = record(name, start, [Run("run", "sgd", 1e-3)], 10)
    loss = landscape.FORMULAS.get(name, network.loss)
    x, y, losses = (trace[f"surface.{what}"] for what in ("x", "y", "losses"))
    for row, column in ((0, 0), (3, 7), (len(y) - 1, 2)):
        place = torch.tensor([x[column], y[row]], dtype=torch.float64)
        assert losses[row, column] == pytest.approx(float(loss(place)), rel=1e-9)
    heights = trace["surface.heights"]
    assert heights.min() == 0
    assert heights.max() == pytest.approx(1)
    order = np.argsort(losses, axis=None)
    assert (np.diff(heights.reshape(-1)[order]) >= 0).all()
    on_levels = np.interp(trace["surface.levels"], losses.reshape(-1)[order], heights.reshape(-1)[order])
    np.testing.assert_allclose(on_levels, np.arange(1, 12) / 12, atol=0.01)
    np.testing.assert_allclose(trace["run.updates"], -np.diff(trace["run.points"], axis=0), rtol=1e-6, atol=1e-12)
    assert trace["run.points"][0] == pytest.approx(start)


def test_momentum_measures():
    runs = [Run("momentum[0]", "sgd", 0.05), Run("momentum[1]", "momentum", 0.05, 0.9)]
    trace = record("bowl", (-2.4, 0.8), runs, 60)
    lengths = [np.linalg.norm(np.diff(trace[f"{run.name}.points"], axis=0), axis=1) for run in runs]
    assert trace["momentum[1].speed_up"] == pytest.approx(lengths[1].max() / lengths[1][0])
    assert trace["momentum[1].path_ratio"] == pytest.approx(lengths[1].sum() / lengths[0].sum())
    assert trace["momentum[0].speed_up"] == 1
    longest = int(lengths[1].argmax())
    slope = np.linalg.norm(trace["momentum[1].gradients"][longest])
    assert trace["momentum[1].boost"] == pytest.approx(lengths[1][longest] / 0.05 / slope)
    assert trace["momentum[0].boost"] == pytest.approx(1)
