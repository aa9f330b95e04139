"""The loss surface of a trained network, against a torch module with the same weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.func import functional_call

from nnanim.sim.trained_loss import train_network, two_moons


def module_at(network, theta):
    model = torch.nn.Sequential(
        torch.nn.Linear(2, 8), torch.nn.Tanh(), torch.nn.Linear(8, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1)
    ).double()  # fmt: skip
    keys = [key for key, _ in model.named_parameters()]
    moved = {
        key: w + theta[0] * a + theta[1] * b for key, w, a, b in zip(keys, network.weights, *network.directions, strict=True)
    }
    logits = functional_call(model, moved, (network.points,))[:, 0]
    return torch.nn.functional.binary_cross_entropy_with_logits(logits, network.labels)


@settings(max_examples=20)
@given(st.floats(-1.5, 1.5), st.floats(-1.5, 1.5))
def test_loss_and_gradient_are_those_of_a_torch_module(network, a, b):
    mine, other = (torch.tensor([a, b], dtype=torch.float64, requires_grad=True) for _ in range(2))
    first, second = network.loss(mine), module_at(network, other)
    assert float(first.detach()) == pytest.approx(float(second.detach()), rel=1e-10)
    np.testing.assert_allclose(
        *(torch.autograd.grad(loss, at)[0] for loss, at in ((first, mine), (second, other))), rtol=1e-8, atol=1e-10
    )


def test_a_grid_is_its_points(network):
    places = torch.randn(4, 5, 2, dtype=torch.float64)
    one_by_one = [float(network.loss(place)) for place in places.reshape(-1, 2)]
    np.testing.assert_allclose(network.loss(places).reshape(-1), one_by_one, rtol=1e-12)


def test_the_middle_is_the_trained_network(network):
    assert float(network.loss(torch.zeros(2, dtype=torch.float64))) == pytest.approx(float(network.history[-1]), rel=1e-9)
    assert network.history[-1] < 0.2 * network.history[0]
    assert network.accuracy > 0.9


def test_directions_are_filter_normalised(network):
    for direction in network.directions:
        for w, d in zip(network.weights, direction, strict=True):
            if w.ndim == 1:
                assert not d.any()
            else:
                np.testing.assert_allclose(d.norm(dim=1), w.norm(dim=1))
    first, second = (torch.cat([d.flatten() for d in direction]) for direction in network.directions)
    assert abs(float(torch.nn.functional.cosine_similarity(first, second, dim=0))) < 0.5


def test_two_moons_without_noise_are_half_circles():
    points, labels = two_moons(100, 0.0, torch.Generator())
    np.testing.assert_allclose(points[labels == 0].norm(dim=1), 1)
    np.testing.assert_allclose((points[labels == 1] - torch.tensor([1.0, 0.5])).norm(dim=1), 1)
    assert (points[labels == 0][:, 1] >= -1e-12).all()
    assert (points[labels == 1][:, 1] <= 0.5 + 1e-12).all()


def test_same_seed_same_network():
    first, again, other = (train_network(seed) for seed in (1, 1, 2))
    for a, b in zip(first.weights + first.directions[0], again.weights + again.directions[0], strict=True):
        assert torch.equal(a, b)
    assert not torch.equal(first.weights[0], other.weights[0])
    assert not torch.equal(first.points, other.points)
