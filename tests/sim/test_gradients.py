"""Gradients of deep networks against backpropagation by hand, against torch's own modules, and against torch.optim."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from nnanim.sim import gradients
from nnanim.sim.gradients import INITIALISATIONS, KINDS, DeepNetwork, measure, spirals, train, verdict

SETTINGS: dict[str, Any] = {
    "depth": 6, "width": 8, "initialisation": "default", "gain": 1.0, "seed": 0, "steps": 5, "learning_rate": 0.1,
}  # fmt: skip
networks = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(KINDS),
        "depth": st.integers(2, 12),
        "width": st.integers(2, 24),
        "initialisation": st.sampled_from(INITIALISATIONS),
        "gain": st.floats(0.3, 2.0),
        "seed": st.integers(0, 10_000),
    }
)
plain_networks = networks.filter(lambda case: case["kind"] != "residual")


# The backward pass -------------------------------------------------------------------------------------


def by_hand(network: DeepNetwork, x: np.ndarray, y: np.ndarray) -> tuple[list[float], list[float]]:
    """Norms of ∂L/∂W_l and ∂L/∂a_l of a plain network, by the chain rule in float64."""
    weights = [w.detach().double().numpy() for w in network.weights]
    biases = [linear.bias.detach().double().numpy() for linear in network.linears]
    function = {"sigmoid": lambda z: 1 / (1 + np.exp(-z)), "tanh": np.tanh, "relu": lambda z: np.maximum(z, 0)}[network.kind]
    slope = {
        "sigmoid": lambda a: a * (1 - a),
        "tanh": lambda a: 1 - a * a,
        "relu": lambda a: (a > 0).astype(float),
    }[network.kind]
    activations = [x]
    for number, (w, b) in enumerate(zip(weights, biases, strict=True), start=1):
        z = activations[-1] @ w.T + b
        activations.append(z if number == len(weights) else function(z))
    delta = (1 / (1 + np.exp(-activations[-1])) - y[:, None]) / len(y)  # ∂L/∂logit of the mean cross-entropy
    of_weights, of_outputs = [], [np.linalg.norm(delta)]
    for number in range(len(weights), 0, -1):
        of_weights.append(np.linalg.norm(delta.T @ activations[number - 1]))
        if number > 1:
            back = delta @ weights[number - 1]
            of_outputs.append(np.linalg.norm(back))
            delta = back * slope(activations[number - 1])
    return of_weights[::-1], of_outputs[::-1]


@settings(max_examples=40)
@given(plain_networks)
def test_plain_networks_agree_with_the_chain_rule_by_hand(case):
    network = DeepNetwork(**case)
    x, y = spirals(case["seed"])
    measured = measure(network, x, y)
    weights, outputs = by_hand(network, x.double().numpy(), y.double().numpy())
    largest = max(weights)
    np.testing.assert_allclose(measured.weight_norms, weights, rtol=2e-3, atol=1e-6 * largest if case["kind"] == "relu" else 0)
    np.testing.assert_allclose(measured.output_norms, outputs, rtol=2e-3, atol=1e-6 * max(outputs) if case["kind"] == "relu" else 0)


class Block(nn.Module):
    """x + ReLU(linear(norm(x))), from torch's own modules."""

    def __init__(self, linear: nn.Linear, width: int) -> None:
        super().__init__()
        self.inner = nn.Sequential(nn.LayerNorm(width), linear, nn.ReLU())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.inner(x)


def of_modules(network: DeepNetwork, width: int) -> tuple[nn.Sequential, list[nn.Linear]]:
    """The same network as an ``nn.Sequential``, in float64."""
    linears = []
    for linear in network.linears:
        copy = nn.Linear(linear.in_features, linear.out_features)
        copy.load_state_dict(linear.state_dict())
        linears.append(copy.double())
    first, *middle, last = linears
    activation = {"sigmoid": nn.Sigmoid, "tanh": nn.Tanh}.get(network.kind, nn.ReLU)
    parts: list[nn.Module] = [first, activation()]
    for linear in middle:
        parts += [Block(linear, width)] if network.kind == "residual" else [linear, activation()]
    parts += [nn.LayerNorm(width), last] if network.kind == "residual" else [last]
    return nn.Sequential(*parts).double(), linears


@settings(max_examples=40)
@given(networks.filter(lambda case: case["width"] > 3))
def test_every_network_agrees_with_torchs_own_modules_in_double_precision(case):
    network = DeepNetwork(**case)
    x, y = spirals(case["seed"])
    measured = measure(network.double(), x.double(), y.double())
    sequential, linears = of_modules(network, case["width"])
    loss = nn.BCEWithLogitsLoss()(sequential(x.double()).squeeze(1), y.double())
    expected = [float(g.norm()) for g in torch.autograd.grad(loss, [linear.weight for linear in linears])]
    np.testing.assert_allclose(measured.weight_norms, expected, rtol=1e-9, atol=1e-280)
    assert measured.loss == pytest.approx(float(loss.detach()), rel=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_the_first_layers_gradient_is_the_slope_of_the_loss(kind):
    network = DeepNetwork(kind, 4, 6, "he", seed=2).double()
    x, y = (t.double() for t in spirals(2))
    measure(network, x, y)
    weight = network.weights[0]
    direction = weight.grad / weight.grad.norm()
    step = 1e-6

    def loss_at(distance: float) -> float:
        moved = DeepNetwork(kind, 4, 6, "he", seed=2).double()
        with torch.no_grad():
            moved.weights[0].add_(distance * direction)
            return float(gradients.mean_loss(moved(x)[0][-1], y))

    assert (loss_at(step) - loss_at(-step)) / (2 * step) == pytest.approx(float(weight.grad.norm()), rel=1e-4)


@settings(max_examples=30)
@given(plain_networks)
def test_no_layer_hands_back_more_than_its_weights_times_its_greatest_slope(case):
    network = DeepNetwork(**case)
    x, y = spirals(case["seed"])
    measured = measure(network, x, y)
    limit = 0.25 if case["kind"] == "sigmoid" else 1.0
    assert measured.slopes.min() >= 0
    assert measured.slopes.max() <= limit
    for layer, (near_data, near_loss) in enumerate(pairwise(measured.output_norms), start=1):
        last = layer == case["depth"] - 1
        bound = float(torch.linalg.matrix_norm(network.weights[layer].detach(), 2)) * (1.0 if last else limit)
        assert near_data <= near_loss * bound * (1 + 1e-5) + 1e-30


# Initialisation and data -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", INITIALISATIONS)
def test_weights_are_drawn_as_torch_draws_them(name):
    ours = torch.cat([DeepNetwork("relu", 4, 40, name, seed=seed).weights[1].detach().flatten() for seed in range(8)])
    if name == "default":
        theirs = torch.cat([nn.Linear(40, 40).weight.detach() for _ in range(8)])
    elif name == "xavier":
        theirs = torch.cat([nn.init.xavier_uniform_(torch.empty(40, 40)) for _ in range(8)])
    else:
        theirs = torch.cat([nn.init.kaiming_uniform_(torch.empty(40, 40), nonlinearity="relu") for _ in range(8)])
    assert float(ours.std()) == pytest.approx(float(theirs.std()), rel=0.03)
    assert float(ours.abs().max()) == pytest.approx(float(theirs.abs().max()), rel=0.01)
    assert abs(float(ours.mean())) < 5 * float(ours.std()) / math.sqrt(len(ours))


@settings(max_examples=20)
@given(st.integers(0, 1000), st.integers(2, 20), st.floats(0.1, 3))
def test_all_networks_start_from_the_same_draw_scaled(seed, width, gain):
    drawn = {name: DeepNetwork("tanh", 4, width, name, 1.0, seed) for name in INITIALISATIONS}
    bounds = {"default": 1 / math.sqrt(width), "xavier": math.sqrt(3 / width), "he": math.sqrt(6 / width)}
    unit = drawn["default"].weights[1] / bounds["default"]
    for name in INITIALISATIONS:
        torch.testing.assert_close(drawn[name].weights[1] / bounds[name], unit)
        assert bool((drawn[name].linears[1].bias == 0).all()) == (name != "default")
    for kind in KINDS:
        other = DeepNetwork(kind, 4, width, "he", gain, seed)
        torch.testing.assert_close(other.weights[2], gain * drawn["he"].weights[2])


def test_nothing_random_but_the_seed():
    torch.manual_seed(1)
    state = torch.get_rng_state()
    first = gradients.compare(**SETTINGS)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(2)
    assert gradients.compare(**SETTINGS).digest == first.digest
    assert gradients.compare(**{**SETTINGS, "seed": 1}).digest != first.digest


@settings(max_examples=10)
@given(st.integers(0, 10_000))
def test_the_data_are_two_spirals(seed):
    x, y = spirals(seed)
    assert x.shape == (gradients.SAMPLES, 2)
    assert float(y.mean()) == 0.5
    torch.testing.assert_close(x.mean(0), torch.zeros(2), atol=1e-5, rtol=0)
    torch.testing.assert_close(x.std(0), torch.ones(2))
    # No straight line tells them apart: the best linear classifier is far from perfect.
    design = torch.cat([x, torch.ones(len(x), 1)], dim=1)
    fitted = torch.linalg.lstsq(design, (2 * y - 1)[:, None]).solution
    assert float(((design @ fitted)[:, 0] > 0).float().sub(y).abs().mean()) > 0.08


# Training ----------------------------------------------------------------------------------------------


@settings(max_examples=15)
@given(networks.filter(lambda case: case["width"] > 3), st.floats(0.01, 0.2))
def test_training_is_that_of_torch_optim(case, rate):
    x, y = (t.double() for t in spirals(case["seed"]))
    ours = DeepNetwork(**case).double()
    theirs = DeepNetwork(**case).double()
    before = [w.detach().clone() for w in theirs.weights]
    optimizer = torch.optim.SGD(theirs.parameters(), lr=rate)
    losses = []
    for _ in range(9):
        optimizer.zero_grad()
        loss = nn.functional.binary_cross_entropy_with_logits(theirs(x)[0][-1][:, 0], y)
        losses.append(float(loss.detach()))
        if len(losses) < 9:
            loss.backward()
            optimizer.step()
    run = train(ours, x, y, 8, rate)
    np.testing.assert_allclose(run.losses, losses, rtol=1e-6)
    moved = [float((w.detach() - old).norm() / old.norm()) for w, old in zip(theirs.weights, before, strict=True)]
    np.testing.assert_allclose(run.changes, moved, rtol=1e-5, atol=1e-14)
    assert run.stopped_at is None


def test_a_training_run_that_overflows_says_when():
    x, y = spirals(0)
    run = train(DeepNetwork("relu", 20, 32, "default", 3.0), x, y, 200, 0.1)
    assert run.stopped_at is not None
    assert np.isfinite(run.losses[: run.stopped_at]).all()
    assert np.isnan(run.losses[run.stopped_at :]).all()
    assert np.isnan(run.changes).all()


def test_steps_below_float32s_rounding_leave_a_layer_exactly_where_it_was():
    x, y = spirals(0)
    network = DeepNetwork("sigmoid", 20, 32)
    first = network.weights[0].detach().clone()
    run = train(network, x, y, 20, 0.1)
    assert torch.equal(network.weights[0], first)
    assert run.changes[0] == 0 < run.changes[-1]
    assert 0 < measure(network, x, y).weight_norms[0] < 1e-15, "it has a gradient all the same"


# Verdicts and the trace --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("norms", "expected"),
    [
        ([0.0, 0.1, 1.0], "none"),
        ([0.0, 0.0, 0.0], "none"),
        ([1e-3, 1.0, 0.1001], "vanishing"),
        ([1e-3, 1.0, 0.1], "shrinking"),
        ([1e-2, 1.0, 0.1], "stable"),
        ([1e-2, 1.0, 0.1001], "shrinking"),
        ([1.0, 1.0, 0.0999], "growing"),
        ([1.0, 1.0, 0.1], "stable"),
        ([1.0, 1.0, 0.0099], "exploding"),
        ([1.0, 1.0, 0.0], "exploding"),
        ([1e-3, 9e-3, 2e-3], "faint"),
        ([1e-3, 1e-2, 2e-3], "stable"),
        ([101.0, 1e6, 200.0], "huge"),
        ([101.0, 100.0, 200.0], "stable"),
    ],
)
def test_verdicts(norms, expected):
    assert verdict(norms) == expected
    assert verdict(np.array(norms)) in gradients.VERDICTS


@settings(max_examples=12)
@given(
    st.integers(2, 8), st.integers(2, 12), st.sampled_from(INITIALISATIONS), st.floats(0.05, 5), st.integers(0, 99), st.integers(1, 4)
)
def test_the_trace_keeps_its_word(depth, width, initialisation, gain, seed, steps):
    trace = gradients.compare(depth, width, initialisation, gain, seed, steps, 0.1)
    x, y = spirals(seed)
    for row, kind in enumerate(KINDS):
        alone = measure(DeepNetwork(kind, depth, width, initialisation, gain, seed), x, y)
        np.testing.assert_array_equal(trace["weight_norms"][row], alone.weight_norms)
        assert trace["ratios"][row] == (alone.weight_norms[-1] / alone.weight_norms[0] if alone.weight_norms[0] else math.inf)
        assert gradients.VERDICTS[trace["verdicts"][row]] == verdict(alone.weight_norms)
        product = np.cumprod(trace["factors"][row][::-1])[::-1]
        known = np.isfinite(product)
        np.testing.assert_allclose(product[known], trace["left"][row][known], rtol=1e-9)
        at = list(trace["depths"]).index(depth)
        np.testing.assert_array_equal(trace["depth_norms"][at, row, :depth], alone.weight_norms)
        assert np.isnan(trace["depth_norms"][at, row, depth:]).all()
        drawn = INITIALISATIONS.index(initialisation)
        assert trace["initialisation_first"][drawn, row] == alone.weight_norms[0]
        assert trace["losses_before"][row] == pytest.approx(alone.loss, rel=1e-6)
        assert trace["losses"].shape == (4, steps + 1)
    assert trace["slope_limit"].tolist() == pytest.approx([0.25, 1, 1, 1])
    assert trace.value("guess") == math.log(2)


def test_underflow_is_told_from_dead_neurons():
    tiny = gradients.compare(30, 2, "default", 0.05, 0, 1, 0.1)
    assert tiny["weight_norms"][0][0] == 0
    assert tiny["underflows"][0] == 1, "sigmoid: float64 still has a gradient"
    dead = gradients.compare(30, 2, "default", 1.0, 0, 1, 0.1)
    relu = KINDS.index("relu")
    assert dead["weight_norms"][relu][0] == 0
    assert dead["underflows"][relu] == 0, "ReLU: no path is open, in any precision"


@pytest.mark.parametrize("kind", gradients.ALONE)
def test_connections_and_norm_alone_are_what_they_say(kind):
    """Against torch's own layers, put together by hand: one with the sum and no norm, one with the norm and no sum."""
    x, y = spirals(3)
    ours = DeepNetwork(kind, 5, 6, "he", 1.0, 3)
    theirs = [torch.nn.Linear(linear.in_features, linear.out_features) for linear in ours.linears]
    for linear, ready in zip(theirs, ours.linears, strict=True):
        linear.load_state_dict(ready.state_dict())
    norm = torch.nn.LayerNorm(6) if kind == "norm" else torch.nn.Identity()
    a = torch.relu(theirs[0](x))
    for linear in theirs[1:-1]:
        bent = torch.relu(linear(norm(a)))
        a = a + bent if kind == "skip" else bent
    loss = torch.nn.functional.binary_cross_entropy_with_logits(theirs[-1](norm(a))[:, 0], y)
    found = torch.autograd.grad(loss, [linear.weight for linear in theirs])
    np.testing.assert_allclose(measure(ours, x, y).weight_norms, [float(g.norm()) for g in found], rtol=1e-4)
    trace = gradients.compare(5, 6, "he", 1.0, 3, 1, 0.1)
    row = gradients.ALONE.index(kind)
    np.testing.assert_array_equal(trace["alone_norms"][row], measure(ours, x, y).weight_norms)
    assert gradients.VERDICTS[trace["alone_verdicts"][row]] == verdict(trace["alone_norms"][row])
    assert trace["alone_ratios"][row] == trace["alone_norms"][row][-1] / trace["alone_norms"][row][0]


def test_the_defaults_tell_the_story_of_the_chapter():
    trace = gradients.compare(20, 32, "default", 1.0, 0, 1, 0.1)
    assert [gradients.VERDICTS[v] for v in trace["verdicts"]] == ["vanishing", "vanishing", "vanishing", "stable"]
    assert trace["ratios"][0] > 1e12
    assert (trace["depth_ratios"][1:, 0] > 10 * trace["depth_ratios"][:-1, 0]).all(), "the deeper, the worse"
