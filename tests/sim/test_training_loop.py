"""Three runs on MNIST, what ails two of them, and one step of learning, each worked out a second way."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from nnanim import datasets
from nnanim.sim import data, training_loop
from nnanim.sim.digit_runs import Digits
from nnanim.sim.multilayer import Networks, seeded
from nnanim.sim.one_step import one_step
from nnanim.sim.training import VERDICTS

needs_mnist = pytest.mark.skipif(
    not datasets.known_dataset("mnist").installed,
    reason="MNIST is not installed here (nnanim data install mnist)",
)
ROUNDS, TRAINED = 2, 1000


@pytest.fixture(scope="module")
def trace():
    """A shorter film: a quarter of the digits, two rounds, two seeds."""
    return training_loop.record(epochs=ROUNDS, trained=TRAINED, seed=0, seeds=2)


@pytest.fixture(scope="module")
def digits():
    return Digits.of(TRAINED, 1000, 1972)


def model(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(784, 24), nn.ReLU(), nn.Linear(24, 10))


def plain_run(digits, network, rate, steps, batch=32, optimiser=torch.optim.SGD):
    """The loop as anybody writes it; the order of the digits goes on where the weights were drawn."""
    stepper, rows, losses = optimiser(network.parameters(), rate), [], []
    for _ in range(steps):
        rows = rows or list(torch.randperm(len(digits.seen)).split(batch))
        at = rows.pop(0)
        loss = nn.functional.cross_entropy(network(digits.seen.inputs[at]), digits.seen.labels[at])
        stepper.zero_grad()
        loss.backward()
        stepper.step()
        losses.append(float(loss.detach()))
    return losses


def right(network, examples):
    with torch.no_grad():
        return float((network(examples.inputs).argmax(1) == examples.labels).float().mean())


@needs_mnist
def test_the_watched_digit_is_never_trained_on(digits):
    rows = {tuple(row.tolist()) for row in digits.seen.inputs}
    watched = tuple(digits.watched.inputs[0].tolist())
    assert watched not in rows and int(digits.watched.labels[0]) == 3
    assert watched in {tuple(row.tolist()) for row in digits.unseen.inputs}
    assert len(rows & {tuple(row.tolist()) for row in digits.unseen.inputs}) == 0
    assert digits.seen.labels.bincount().tolist() == [TRAINED // 10] * 10
    assert digits.unseen.labels.bincount().tolist() == [100] * 10


@needs_mnist
@pytest.mark.parametrize("place", [0, 1])
def test_a_plain_loop_learns_the_same(trace, digits, place):
    with torch.random.fork_rng():
        network = model()
        before = right(network, digits.unseen)
        losses = plain_run(digits, network, (0.0001, 0.3)[place], int(trace["steps"]))
    np.testing.assert_allclose(trace["losses"][place, :20, 0], losses[:20], rtol=1e-4)
    np.testing.assert_allclose(trace["losses"][place, :, 0], losses, atol=0.05)
    assert trace["accuracies"][place, 0, 0] == pytest.approx(before)
    assert trace["accuracies"][place, -1, 0] == pytest.approx(right(network, digits.unseen), abs=0.005)
    if place == 0:
        moved = (network[0].weight.detach().numpy() - trace["start_weights"]).ravel()
        np.testing.assert_allclose(trace["slow_weights"], network[0].weight.detach(), atol=1e-6)
        share = np.linalg.norm(moved) / np.linalg.norm(trace["start_weights"])
        assert trace["changes"][0, 0, 0] == pytest.approx(share, rel=1e-3)


@needs_mnist
def test_neurons_go_dark_and_stay_so(trace, digits):
    # A neuron that fires for no digit gets no gradient: its weights stay where they are.
    assert (np.diff(trace["dark_counts"]) >= 0).all() and (np.diff(trace["coarse_dark"], axis=0) >= 0).all()
    np.testing.assert_array_equal(trace["dark_counts"], (trace["lit"] == 0).sum(1))
    assert trace["coarse_dark"][-1].tolist() == trace["dark"][2].tolist()
    with torch.random.fork_rng():  # the first steps again, neuron by neuron
        network = model()
        for steps in range(4):
            fired = torch.zeros(24, dtype=torch.bool)
            for image in digits.seen.inputs:
                fired |= network[0](image) > 0
            assert trace["dark_counts"][steps] == int((~fired).sum())
            if steps == 0:
                order = torch.randperm(len(digits.seen)).split(32)
            at = order[steps]
            loss = nn.functional.cross_entropy(network(digits.seen.inputs[at]), digits.seen.labels[at])
            network.zero_grad()
            loss.backward()
            with torch.no_grad():
                for parameter in network.parameters():
                    parameter -= 3.0 * parameter.grad


@needs_mnist
def test_the_cure_wakes_the_sleeper_and_moves_nothing_of_the_dead(trace):
    verdicts = [[VERDICTS[int(number)] for number in row] for row in trace["verdicts"]]
    assert verdicts[0] == ["asleep"] * 2 and {*verdicts[1]} <= {"partly", "learned"}
    assert (trace["cured"][0, -1] > 0.75).all() and (trace["cured_changes"][0] > 0.5).all()
    np.testing.assert_array_equal(trace["cured"][:, 0], trace["accuracies"][[0, 2], -1])
    for seed, verdict in enumerate(verdicts[2]):
        assert (trace["dark"][2, seed] == 24) == (verdict == "dead") == (trace["cured_changes"][1, seed] == 0)
        if verdict == "dead":  # only the last biases learn: one answer for all
            assert trace["cured_answers"][1, seed] == 1
            assert trace["cured"][1, -1, seed] == pytest.approx(0.1)


@needs_mnist
def test_what_is_said_of_the_watched_digit(trace):
    shares = trace["watched_shares"]
    np.testing.assert_allclose(shares.sum(-1), 1, rtol=1e-5)
    np.testing.assert_array_equal(shares.argmax(-1), trace["watched_answers"][:, :, 0])
    changes = [
        [sum(a != b for a, b in zip(run[1:, s], run[2:, s], strict=False)) for s in range(2)]
        for run in trace["watched_answers"]
    ]
    np.testing.assert_array_equal(trace["watched_changes"], changes)
    assert trace["watched_image"].shape == (28, 28)


@needs_mnist
def test_words_are_those_of_this_run(trace):
    assert trace["parameters"] == sum(p.numel() for p in model().parameters()) == 19_090
    assert trace["steps"] == ROUNDS * math.ceil(TRAINED / 32) == len(trace["losses"][0])
    assert trace["steps_per_epoch"] * ROUNDS == trace["steps"]
    assert trace["guess"] == pytest.approx(math.log(10))
    assert trace["final_loss"] == trace["final_losses"][1, 0]
    assert (trace["alone_steps"], trace["whole_steps"], trace["held_out"]) == (TRAINED, ROUNDS, TRAINED // 8)


@settings(max_examples=15)
@given(st.integers(0, 99), st.floats(0.001, 0.5), st.integers(0, 9))
def test_one_step_is_autograds(seed, rate, label):
    examples = data.digits().flat()
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = nn.Sequential(nn.Linear(64, 12), nn.ReLU(), nn.Linear(12, 10))
    found = one_step(Networks.drawn((64, 12, 10), torch.relu, seeded([seed])), examples, rate, label)
    image, target = torch.tensor(found["one_image"]), torch.tensor(found["one_label"])
    assert int(target) == label
    loss = nn.functional.cross_entropy(network(image)[None], target[None])
    loss.backward()
    np.testing.assert_allclose(found["one_first_gradient"], network[0].weight.grad, atol=1e-6)
    np.testing.assert_allclose(found["one_second_gradient"], network[2].weight.grad, atol=1e-6)
    # By hand: shares minus target, and that back through the second layer.
    np.testing.assert_allclose(
        found["one_logit_gradient"], found["one_shares"][0] - np.eye(10)[label], atol=1e-6
    )
    hidden = found["one_logit_gradient"] @ network[2].weight.detach().numpy()
    np.testing.assert_allclose(found["one_hidden_gradient"], hidden, atol=1e-6)
    np.testing.assert_allclose(
        found["one_first_gradient"],
        np.outer(hidden * (found["one_hidden"][0] > 0), found["one_image"]),
        atol=1e-5,
    )
    torch.optim.SGD(network.parameters(), rate).step()
    after = nn.functional.cross_entropy(network(image)[None], target[None])
    np.testing.assert_allclose(
        found["one_losses"], [float(loss.detach()), float(after.detach())], rtol=1e-4, atol=1e-6
    )
    np.testing.assert_allclose(
        found["one_losses"], -np.log(found["one_shares"][:, label]), rtol=1e-4, atol=1e-6
    )
    before, later = found["one_weight"]
    row, column = found["one_weight_at"]
    assert later == pytest.approx(network[2].weight[row, column].item(), abs=1e-6)
    assert later - before == pytest.approx(-rate * found["one_weight_gradient"], abs=1e-6)
    assert abs(found["one_weight_gradient"]) == np.abs(found["one_second_gradient"]).max()


@needs_mnist
@pytest.mark.parametrize(
    "extreme",
    [
        {
            "rates": (1e-5, 0.01, 100.0),
            "batch": 0,
            "epochs": 1,
            "optimiser": "momentum",
            "hidden": 1,
            "trained": 100,
        },
        {
            "rates": (1e-4, 0.01, 1.0),
            "batch": 128,
            "epochs": 2,
            "optimiser": "adamw",
            "schedule": "cosine",
            "hidden": 64,
        },
    ],
)
def test_extremes_leave_arrays_of_their_shapes(extreme):
    trace = training_loop.record(**{"trained": 300, "tested": 200, "seeds": 1, "watched": 4999, **extreme})
    epochs, hidden = extreme["epochs"], extreme["hidden"]
    assert trace["losses"].shape == (3, trace["steps"], 1)
    assert trace["accuracies"].shape == (3, epochs + 1, 1) and trace["lit"].shape[1] == hidden
    assert trace["watched_answers"].shape == (3, epochs + 1, 1)
    assert trace["tested"] == 200 and trace["watched_label"] == 9
    assert np.isfinite(trace["losses"][:2]).all()
    assert len(trace["all_dark_at"]) == 1
