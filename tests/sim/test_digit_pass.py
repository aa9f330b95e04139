"""A digit's way through the shipped networks: every number derived again, by torch.nn and by brute force."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import torch
from torch import nn

from nnanim import datasets
from nnanim.sim import digit_pass, go_or_stay, mlp
from nnanim.sim.data import mnist, split
from nnanim.trace import Trace

needs_mnist = pytest.mark.skipif(
    not datasets.known_dataset("mnist").installed, reason="MNIST is not installed here (nnanim data install mnist)"
)


@cache
def record(row: int = digit_pass.WATCHED) -> Trace:
    return digit_pass.record(row)


def module(member: int = 0) -> nn.Sequential:
    """A shipped network as torch.nn has it, in float64."""
    w1, b1, w2, b2 = (parameter[member].double() for parameter in digit_pass.shipped_networks().parameters)
    net = nn.Sequential(nn.Linear(784, 24), nn.ReLU(), nn.Linear(24, 10)).double()
    with torch.no_grad():
        for parameter, value in zip(net.parameters(), (w1, b1, w2, b2), strict=True):
            parameter.copy_(value)
    return net


@needs_mnist
@pytest.mark.parametrize("row", [1972, 0, 1003, 4999])
def test_pass_piles_and_parts_are_those_of_torch(row):
    t, net, x = record(row), module(), mnist().flat().inputs[row].double()
    with torch.no_grad():
        hidden, logits = net[:2](x), net(x)
    assert np.allclose(t["a"], hidden)
    assert np.allclose(t["logits"], logits)
    assert np.allclose(t["shares"], torch.softmax(logits, 0))
    answer, rival = int(t["answer"]), int(t["rival"])
    assert answer == int(logits.argmax())
    label = int(mnist().labels[row])
    assert rival == (label if answer != label else int(logits.topk(2).indices[1]))
    # The piles are the difference of the two logits, taken apart.
    assert float(t["toward"] - t["against"]) == pytest.approx(float(logits[answer] - logits[rival]), abs=1e-9)
    assert float(t["pulls"].sum() + t["tilt"]) == pytest.approx(float(t["lead"]), abs=1e-9)
    k = int(t["neuron"])
    assert t["pulls"].argmax() == k
    assert float((t["to_answer"] - t["to_rival"]) * t["neuron_a"]) == pytest.approx(float(t["pulls"][k]))
    # The gradient of a sum towards its inputs, times these, is the products.
    inputs = x.clone().requires_grad_()
    net[0](inputs)[k].backward()
    assert np.allclose(t["products"].reshape(-1), (inputs.grad * inputs).detach())
    assert np.allclose(np.diff(t["sums"]), t["products"].sum(1))
    assert float(t["sum"] + t["bias"]) == pytest.approx(float(t["neuron_z"]))


@needs_mnist
@pytest.mark.parametrize("row", [1972, 2818, 7])
def test_each_erasure_is_a_pass_of_its_own(row):
    t, net, x = record(row), module(), mnist().flat().inputs[row].double()
    leads = {}
    turned = 0
    for pixel in (x > 0).nonzero()[:, 0].tolist():
        without = x.clone()
        without[pixel] = 0
        with torch.no_grad():
            logits = net(without)
        leads[pixel] = float(logits[int(t["answer"])] - logits[int(t["rival"])])
        turned += int(logits.argmax()) != int(t["answer"])
    assert t["pixels"].tolist() == list(leads)
    assert np.allclose(t["leads"], list(leads.values()))
    assert int(t["turning"]) == turned == int(t["turned"].sum())
    pixel = min(leads, key=leads.__getitem__)
    assert int(t["pixel"]) == pixel
    assert float(t["erased_toward"] - t["erased_against"]) == pytest.approx(leads[pixel])
    without = x.clone()
    without[pixel] = 0
    with torch.no_grad():
        assert np.allclose(t["erased_a"], net[:2](without))
        assert int(t["erased_answer"]) == int(net(without).argmax())


@needs_mnist
def test_the_control_counts_held_out_digits_that_one_pixel_turns():
    """By the columns of the weights that an erased pixel takes away, not by passes of erased digits."""
    every = mnist().flat()
    _, rows = split(every.labels, 1000, torch.Generator().manual_seed(0), unseen=[digit_pass.WATCHED])
    t = record()
    w1, b1, w2, b2 = (parameter.detach() for parameter in module().parameters())
    right, falling = 0, 0
    for row in rows.tolist():
        x = every.inputs[row].double()
        z = w1 @ x + b1
        if int((w2 @ z.clamp(min=0) + b2).argmax()) != int(every.labels[row]):
            continue
        right += 1
        ink = x > 0
        fewer = z - (w1 * x).T[ink]
        falling += bool(((fewer.clamp(min=0) @ w2.T + b2).argmax(1) != every.labels[row]).any())
    assert (int(t["tested"]), int(t["right"]), int(t["falling"])) == (1000, right, falling)
    assert float(t["new_right"]) == right / 1000
    assert len(t["small"]) == right
    assert float(t["small"].astype(float).mean()) == pytest.approx(255 * float(every.inputs[rows].mean()), rel=0.1)


@needs_mnist
def test_before_training_the_network_guesses():
    """The digits that it reads as it was drawn, by torch.nn; its weights are known again in those that no training moved."""
    every = mnist().flat()
    _, rows = split(every.labels, 1000, torch.Generator().manual_seed(0), unseen=[digit_pass.WATCHED])
    t, net = record(), module()
    with torch.no_grad():
        for parameter, drawn in zip(net.parameters(), digit_pass.untrained_networks(digit_pass.SEEDS[:1]).parameters, strict=True):
            parameter.copy_(drawn[0])
        reads = net(every.inputs[rows].double()).argmax(1) == every.labels[rows]
    assert t["start_reads"].tolist() == reads.tolist()
    assert int(t["start_right"]) == int(reads.sum()) < 200
    assert np.array_equal(t["start[1]"], net[0].weight.detach().float())
    assert np.array_equal(t["start[2]"], net[2].weight.detach().float())
    blank = (every.inputs == 0).all(0).numpy()
    assert np.corrcoef(t["start[1]"][:, blank].ravel(), t["weights[1]"][:, blank].ravel())[0, 1] > 0.9999


@needs_mnist
def test_other_networks_are_asked_about_the_same_two_names():
    t, x = record(), mnist().flat().inputs[digit_pass.WATCHED].double()
    with torch.no_grad():
        logits = torch.stack([module(member)(x) for member in range(1, 5)])
    assert t["other_answers"].tolist() == logits.argmax(1).tolist()
    assert np.allclose(t["other_toward"] - t["other_against"], logits[:, int(t["answer"])] - logits[:, int(t["rival"])])


@needs_mnist
def test_the_doubtful_three_is_read_as_an_eight_by_one_digit_in_thirty_of_its_ink():
    """What the film is about: a misreading that is close, and that other trainings do not share."""
    t = record()
    assert (int(t["label"]), int(t["answer"])) == (3, 8)
    assert bool(t["unseen"])
    assert 0 < int(t["agreeing"]) + 1 < 5
    assert float(t["lead"]) < 0.05 * float(t["toward"])
    assert abs(float(t["to_answer"])) < 0.2 * abs(float(t["to_rival"]))


@needs_mnist
def test_the_networks_can_be_trained_again():
    """One round suffices to see that recipe, data and order are those of the shipped ones: the same start leads the same way."""
    again = digit_pass.trained_networks(seeds=digit_pass.SEEDS[:1], epochs=1)
    shipped = digit_pass.shipped_networks()
    assert [parameter.shape[1:] for parameter in again.parameters] == [parameter.shape[1:] for parameter in shipped.parameters]
    # A pixel that is blank in all training digits keeps its first weights, but for the decay: they are recognised.
    blank = (mnist().flat().inputs == 0).all(0)
    one, other = again.weights[0][0][:, blank].flatten(), shipped.weights[0][0][:, blank].flatten()
    assert float(torch.corrcoef(torch.stack([one, other]))[0, 1]) > 0.9999


def test_the_small_network_has_learned_when_to_go_out():
    weather, answers = go_or_stay.days(500, torch.Generator().manual_seed(11))
    assert float((answers == (weather[:, 0] + weather[:, 2] < 0.55 + 1.5 * weather[:, 1])).double().mean()) == 1
    network = go_or_stay.shipped_network()
    said = [int(mlp.forward(network, tuple(day), "sigmoid", "softmax")["outputs"].argmax()) for day in weather.tolist()]
    assert np.mean(np.array(said) == answers.numpy()) > 0.97
    again = go_or_stay.trained_network()
    assert all(torch.allclose(one, other, atol=0.05) for one, other in zip(again.weights, network.weights, strict=True))
