"""Twin networks: what is recorded of them is what torch's own modules give, and the plane is answered where it is drawn."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from nnanim.sim import twins
from nnanim.sim.gradients import DeepNetwork, spirals

SMALL = {"depth": 4, "width": 6, "activation": "relu", "initialisation": "default", "gain": 1.0, "seed": 3, "steps": 6, "learning_rate": 0.1}


@pytest.mark.parametrize("start", ["default", "xavier", "he"])
@pytest.mark.parametrize("gain", [0.3, 1.0, 2.0])
def test_weights_keep_the_power_that_is_foretold_of_them(start, gain):
    """Against one large draw: the mean of ‖Wᵀg‖² over ‖g‖²."""
    weight = DeepNetwork("tanh", 3, 400, start, gain, 5).weights[1].detach().double()
    g = torch.randn(400, 64, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    measured = float(((weight.T @ g) ** 2).sum() / (g**2).sum())
    assert math.isclose(measured, twins.weight_power(start, 400, gain), rel_tol=0.03)


@pytest.mark.parametrize("start", ["default", "xavier", "he"])
def test_weights_fill_the_range_that_they_are_said_to_come_from(start):
    drawn = DeepNetwork("tanh", 3, 400, start, 1.7, 5).weights[1].detach().abs().max().item()
    assert 0.999 * twins.weight_bound(start, 400, 1.7) < drawn <= 1.000001 * twins.weight_bound(start, 400, 1.7)


def test_slopes_of_other_activations_are_those_of_networks_with_them():
    trace = twins.record(**SMALL)
    for place, kind in enumerate(twins.BENDS):
        other = twins.record(**{**SMALL, "activation": kind, "steps": 1})
        assert math.isclose(trace["bend_slope_factor"][place], other["slope_factor"][0])
        np.testing.assert_array_equal(trace["middle_slopes"], other["middle_slopes"])
    assert trace["bend_foretold"][trace["bend"]] == trace["foretold"][trace["used"]]


def test_the_mean_factor_takes_the_loss_to_the_first_layer():
    assert math.isclose(twins.factor(np.array([1e-6, 1e-3, 1.0])), 1e-3)
    assert twins.factor(np.array([0.0, 1.0])) == 0.0


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid"])
def test_another_start_is_tried(activation):
    for start in ("default", "xavier", "he"):
        other = twins.other_start(activation, start)
        assert other != start and other in ("default", "he" if activation == "relu" else "xavier")


@settings(max_examples=5, deadline=None)
@given(depth=st.integers(2, 6), width=st.sampled_from([2, 5]), steps=st.integers(1, 50), seed=st.integers(0, 99))
def test_the_trace_keeps_its_word(depth, width, steps, seed):
    trace = twins.record(**{**SMALL, "depth": depth, "width": width, "steps": steps, "seed": seed, "gain": 1.5})
    moments, size = trace["moments"], twins.GRID
    assert moments[0] == 0 and moments[-1] == steps and len(moments) <= twins.MOMENTS and (np.diff(moments) > 0).all()
    for name in twins.VARIANTS:
        assert trace[f"planes_{name}"].shape == (len(moments), size, size)
    assert trace["norms"].shape == (5, depth) and trace["first"].tolist() == trace["norms"][:, 0].tolist()
    assert trace["changed"][0] == 0 and (trace["changed_at"] >= 0).sum() >= trace["changed"][-1]
    assert trace["followed"][0] == trace["weights"][tuple(trace["followed_at"])]


def test_all_variants_come_from_the_same_draw():
    lesson = twins.Lesson(6, "tanh", 1.0, 3, 5, 0.1)
    networks = [lesson.network(5, "default", name) for name in ("plain", "road", "norm", "both")]
    for network in networks[1:]:
        for one, other in zip(networks[0].weights, network.weights, strict=True):
            assert torch.equal(one, other)
    assert [len(network.norms) for network in networks] == [0, 0, 4, 4] and [network.skips for network in networks] == [False, True, False, True]


def test_the_plane_is_answered_where_it_is_drawn():
    """Each cell by the network at the cell's middle, the first row at the bottom; the network rebuilt from torch's modules."""
    lesson = twins.Lesson(6, "tanh", 3.0, 3, 5, 0.1)
    network = lesson.network(3, "default")
    modules: list[nn.Module] = []
    for linear in network.linears:
        modules += [linear, nn.Tanh()]
    left, right, bottom, top = lesson.window
    plane = lesson.plane(network)
    for row, column in ((0, 0), (3, 40), (55, 10)):
        x = left + (column + 0.5) / twins.GRID * (right - left)
        y = bottom + (row + 0.5) / twins.GRID * (top - bottom)
        answer = torch.sigmoid(nn.Sequential(*modules[:-1])(torch.tensor([[x, y]], dtype=torch.float32)))
        assert abs(255 * float(answer) - plane[row, column]) <= 0.51
    assert all(np.abs(points.numpy()).max() < right for points in (lesson.x, lesson.unseen_x))


def test_unseen_points_are_others():
    lesson = twins.Lesson(4, "relu", 1.0, 2**31 - 1, 1, 0.1)
    assert not torch.equal(lesson.x, lesson.unseen_x) and torch.equal(lesson.x, spirals(2**31 - 1)[0])


def test_a_training_that_breaks_down_says_so():
    trace = twins.record(**{**SMALL, "gain": 5.0, "depth": 12, "initialisation": "he", "learning_rate": 10.0})
    broken = trace["stopped_at"] >= 0
    assert broken.any() and np.isnan(trace["right"][broken]).all() and np.isfinite(trace["right"][~broken]).all()


def test_the_defaults_tell_the_story_of_the_chapter():
    """At once: one in three tenths of a billion of the gradient arrives, by the factor that the two filters foretell."""
    lesson = twins.Lesson(32, "relu", 1.0, 0, 1, 0.1)
    filters = twins._filters(lesson, 30, "default", "he")
    assert abs(filters["foretold"][0] - filters["measured"][0]) < 0.02 and abs(filters["measured"][2] - 1) < 0.1
