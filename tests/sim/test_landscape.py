"""Surfaces, optimisers and verdicts, against closed forms and second derivations."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nnanim.sim import landscape
from nnanim.sim.landscape import Descent, Run, curvatures, descend, minimum_near
from nnanim.sim.outcomes import Outcome, alike, exceeds, outcome
from nnanim.trace import Trace

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


# What becomes of a run ----------------------------------------------------------------------------------


def judged(start, rate, steps=120, optimiser="sgd", name="bowl", momentum=0.0):
    return outcome(record(name, start, [Run("run", optimiser, rate, momentum)], steps), "run").name


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
    [
        (0.005, "UNDER_WAY"), (0.05, "CONVERGES"), (0.28, "CONVERGES"), (0.5, "SETTLES"), (0.58, "SETTLES"),
        (0.588, "OSCILLATES"), (0.6, "DIVERGES"), (0.7, "OUT_OF_BOUNDS"), (2.0, "OUT_OF_BOUNDS"),
    ],
)  # fmt: skip
def test_the_bowl_is_decided_by_its_steeper_axis(rate, expected):
    """1 − 3.4 × rate: positive glides, negative turns back at each step, below −1 grows."""
    assert judged((-2.4, 0.8), rate) == expected


def test_other_outcomes():
    assert judged((0.0, 0.0), 0.05) == "CONVERGES"
    assert judged((0.0, 0.0), 0.1, name="saddle") == "STALLS"
    assert judged((-1.8, 0.0), 0.1, 300, name="saddle") == "STALLS"
    assert judged((-1.8, 0.1), 0.1, name="saddle") == "CONVERGES"
    assert judged((-1.2, 1.0), 0.001, name="rosenbrock") == "UNDER_WAY"  # slow in the valley, far from (1, 1)
    assert judged((-1.2, 1.0), 0.05, name="rosenbrock") == "OUT_OF_BOUNDS"
    assert judged((-2.4, 0.8), 0.05, 20, "momentum", momentum=0.95) == "UNDER_WAY"  # passes the minimum at speed
    assert judged((0.0, 1e-7), 0.6, 40) == "OSCILLATES"  # near the minimum, and moving away from it
    assert judged((1e-6, 0.0), 0.3, 10, "adam") == "UNDER_WAY"  # thrown out of the minimum, higher than it began, not growing
    maximum = (-0.2708445906, -0.9230385565)  # a change in the last digits is neither a rise nor a fall
    assert judged(maximum, 0.01, 10, name="himmelblau") == "STALLS"


def test_an_outcome_goes_by_the_first_rule_that_holds():
    def of(losses=(5, 1), peaks=(5, 4, 3, 2), near=0.1, strays=(0.1, 0.1), turning=0.0, slope=1.0, stopped=False):
        measured = {
            "losses": losses, "peaks": peaks, "farthest": near, "distance": near, "strays": strays, "tolerance": 1.0,
            "turning_share": turning, "gradient_norms": (1.0, slope), "stopped": stopped,
        }  # fmt: skip
        return outcome(Trace({f"run.{name}": np.array(value, float) for name, value in measured.items()}), "run")

    far = {"near": np.inf, "strays": (np.inf, np.inf)}
    assert of(stopped=True) is Outcome.OUT_OF_BOUNDS
    assert of((5, 6), (5, 6, 7, 8), turning=1.0) is Outcome.DIVERGES
    assert of((5, 6), (5, 6, 7, np.inf), **far) is Outcome.DIVERGES
    assert of((5, 5 + 1e-7), (5, 6, 7, 8), **far) is Outcome.UNDER_WAY  # alike at both ends
    assert of((5, 6), (5, 6, 8, 7), **far) is Outcome.UNDER_WAY  # peaks do not grow
    assert of(turning=0.6) is Outcome.SETTLES
    assert of(turning=0.5) is Outcome.CONVERGES
    assert of(near=1.1, turning=0.6) is Outcome.OSCILLATES
    assert of(strays=(0.1, 1.1), turning=0.6) is Outcome.OSCILLATES
    assert of(strays=(0.1, 0.2), slope=1e-9) is Outcome.UNDER_WAY  # near a minimum, but moving away from it
    assert of(slope=1e-9, **far) is Outcome.STALLS
    assert of(slope=1e-5, **far) is Outcome.UNDER_WAY


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_one_tolerance_ranks_losses(one, other):
    assert alike(one, other) == (not exceeds(one, other) and not exceeds(other, one))
    assert alike(one, one) and alike(one, one + 5e-7 * max(1, abs(one)))
    assert exceeds(one + 3e-6 * max(1, abs(one)), one)


@pytest.mark.parametrize(
    ("places", "share"),
    [
        ([0, 1, 0, 1, 0], 1.0), ([0, 1, 2, 3, 2], 1 / 3), ([0, 1, 2, 1, 2], 2 / 3), ([0, 1, 2, 3, 4], 0.0),
        ([0, 1, 0, 1], 0.0), ([0, 1, 0, 1, 0, 0, 0, 0, 0, 0], 1.0), ([0, 1, 2, 2, 1, 2, 1], 2 / 3),
    ],
)  # fmt: skip
def test_turning_steps_are_counted_among_those_that_go_somewhere(places, share):
    points = np.stack([np.array(places, float), np.zeros(len(places))], axis=1)
    run = Descent(points, np.zeros(len(points)), np.zeros_like(points), np.diff(points, axis=0), False)
    assert run.turning_share(1e-9) == pytest.approx(share)


def test_a_right_angle_is_no_turning_back():
    points = np.array([(0, 0), (1, 0), (1, 1), (2, 1), (2, 2)], float)
    run = Descent(points, np.zeros(5), np.zeros_like(points), np.diff(points, axis=0), False)
    assert run.turning_share(1e-9) == 0


@settings(max_examples=25)
@given(names, starts)
def test_curvatures_are_those_of_the_gradients_by_hand(name, start):
    step = 1e-5
    rows = [
        (np.array(GRADIENTS[name](*np.add(start, axis))) - np.array(GRADIENTS[name](*np.subtract(start, axis)))) / (2 * step)
        for axis in step * np.eye(2)
    ]
    found = curvatures(landscape.FORMULAS[name], torch.tensor(start, dtype=torch.float64))
    np.testing.assert_allclose(found, np.linalg.eigvalsh(np.array(rows)), rtol=1e-5, atol=1e-5)


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
    assert trace["momentum[1].step_ratio"] == pytest.approx(lengths[1].max() / lengths[0].max())
    assert trace["momentum[1].path_ratio"] == pytest.approx(lengths[1].sum() / lengths[0].sum())
    assert trace["momentum[0].step_ratio"] == 1
    longest = int(lengths[1].argmax())
    slope = np.linalg.norm(trace["momentum[1].gradients"][longest])
    assert trace["momentum[1].boost"] == pytest.approx(lengths[1][longest] / 0.05 / slope)
    assert trace["momentum[0].boost"] == pytest.approx(1)


def test_gain_is_measured_against_the_run_without_momentum():
    """On ground that gets steeper plain descent speeds up as well: that is not momentum's doing."""
    runs = [Run("momentum[0]", "sgd", 0.1), Run("momentum[1]", "momentum", 0.1, 0.01)]
    trace = record("saddle", (0.0, 0.05), runs, 60)
    plain = np.linalg.norm(np.diff(trace["momentum[0].points"], axis=0), axis=1)
    assert plain.max() > 5 * plain[0]
    assert trace["momentum[1].step_ratio"] == pytest.approx(1, abs=0.05)
    assert np.isnan(record("bowl", (0.0, 0.0), runs, 10)["momentum[1].step_ratio"])


@pytest.mark.parametrize("rate", [0.05, 0.58, 0.6, 0.7])
def test_a_run_is_followed_for_as_many_steps_again(rate):
    trace, steps = record("bowl", (-2.4, 0.8), [Run("run", "sgd", rate)], 20), 20
    powers = np.arange(2 * steps + 1)
    points = np.stack([(1 - 0.7 * rate) ** powers * -2.4, (1 - 3.4 * rate) ** powers * 0.8], axis=1)
    losses, far = points**2 @ (0.35, 1.7), np.hypot(*points.T)
    losses[losses > landscape.BEYOND] = np.inf
    np.testing.assert_allclose(trace["run.peaks"], [losses[:11].max(), losses[11:21].max(), losses[21:31].max(), losses[31:].max()], rtol=1e-9)
    if rate == 0.7:
        assert np.isinf(trace["run.strays"]).all()
        return
    np.testing.assert_allclose(trace["run.strays"], [far[21:31].max(), far[31:].max()], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(trace["run.farthest"], far[18:21].max(), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(trace["run.distance"], far[20], rtol=1e-5, atol=1e-6)
