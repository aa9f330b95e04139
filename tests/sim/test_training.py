"""One loop for small networks, against a plain loop over torch.nn and torch.optim."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from nnanim.sim import data
from nnanim.sim.multilayer import ACTIVATIONS, Networks, accuracy, bent, change, seeded, silent
from nnanim.sim.training import OPTIMISERS, VERDICTS, Recipe, losses_of, rate_at, steps_in, train, verdict

SIZES = (2, 6, 5, 1)
MODULES = {
    "relu": nn.ReLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "linear": nn.Identity,
}
PLAIN = {
    "sgd": lambda p, rate: torch.optim.SGD(p, rate),
    "momentum": lambda p, rate: torch.optim.SGD(p, rate, momentum=0.9),
    "adam": lambda p, rate: torch.optim.Adam(p, rate),
    "adamw": lambda p, rate: torch.optim.AdamW(p, rate),
}


def moons(seed=0, count=60):
    return data.moons(count, 0.1, torch.Generator().manual_seed(seed))


def plain_loop(seed, sizes, kind, optimiser, rate, steps, batch, inputs, targets, loss):
    """As anybody writes it: the global generator, a module, epochs over a shuffled order."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        layers = []
        for n_in, n_out in pairwise(sizes):
            layers += [nn.Linear(n_in, n_out), MODULES[kind]()]
        model = nn.Sequential(*layers[:-1])
        stepper = PLAIN[optimiser](model.parameters(), rate)
        losses, rows = [], []
        for _ in range(steps):
            if not rows:
                rows = (
                    list(torch.randperm(len(inputs)).split(batch)) if batch else [torch.arange(len(inputs))]
                )
            at = rows.pop(0)
            logits = model(inputs[at])
            value = loss(logits, targets[at])
            stepper.zero_grad()
            value.backward()
            stepper.step()
            losses.append(float(value.detach()))
    return model, losses


@settings(max_examples=25)
@given(
    st.integers(0, 99), st.sampled_from(sorted(MODULES)), st.sampled_from(OPTIMISERS), st.sampled_from([0.003,
    0.05, 0.3]), st.sampled_from([0, 7, 16, 59]), st.sampled_from(["binary", "classes", "squares"]),
)  # fmt: skip
def test_one_network_is_trained_as_by_a_plain_loop(seed, kind, optimiser, rate, batch, loss):
    examples = moons(seed)
    sizes = (*SIZES[:-1], 2 if loss == "classes" else 1)
    plain = {
        "binary": lambda logits, y: nn.functional.binary_cross_entropy_with_logits(logits[:, 0], y.float()),
        "classes": nn.functional.cross_entropy,
        "squares": lambda logits, y: ((logits[:, 0] - y) ** 2).mean(),
    }[loss]
    model, losses = plain_loop(
        seed, sizes, kind, optimiser, rate, 12, batch, examples.inputs, examples.labels, plain
    )
    generators = seeded([seed])
    start = Networks.drawn(sizes, ACTIVATIONS[kind], generators)
    trained, history = train(
        start, examples.inputs, examples.labels, Recipe(optimiser, rate, 12, batch), loss, generators
    )
    np.testing.assert_allclose(history.losses[:, 0], losses, rtol=1e-5, atol=1e-7)
    for mine, theirs in zip(trained.parameters, model.parameters(), strict=True):
        np.testing.assert_allclose(mine[0], theirs.detach(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_networks_are_drawn_as_torch_draws_them(seed):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        theirs = [p for n_in, n_out in ((784, 24), (24, 10)) for p in nn.Linear(n_in, n_out).parameters()]
    mine = Networks.drawn((784, 24, 10), torch.relu, seeded([5, seed]))
    assert mine.size == sum(p.numel() for p in theirs) == 19_090
    for stacked, alone in zip(mine.parameters, theirs, strict=True):
        assert torch.equal(stacked[1], alone.detach())


@settings(max_examples=15)
@given(st.sampled_from(OPTIMISERS), st.sampled_from([0, 16]), st.booleans())
def test_side_by_side_is_alone(optimiser, batch, own_data):
    seeds = (3, 1, 4)
    sets = [moons(seed if own_data else 0) for seed in seeds]
    inputs = torch.stack([each.inputs for each in sets]) if own_data else sets[0].inputs
    labels = torch.stack([each.labels for each in sets]) if own_data else sets[0].labels
    recipe = Recipe(optimiser, 0.05, 10, batch, "cosine")
    generators = seeded(seeds)
    together, history = train(
        Networks.drawn(SIZES, torch.tanh, generators), inputs, labels, recipe, "binary", generators
    )
    for member, seed in enumerate(seeds):
        generators = seeded([seed])
        alone, its = train(
            Networks.drawn(SIZES, torch.tanh, generators),
            sets[member].inputs,
            sets[member].labels,
            recipe,
            "binary",
            generators,
        )
        np.testing.assert_allclose(history.losses[:, member], its.losses[:, 0], rtol=1e-5)
        for many, one in zip(together.only(member).parameters, alone.parameters, strict=True):
            np.testing.assert_allclose(many, one, rtol=1e-3, atol=1e-5)


@given(st.integers(1, 300), st.floats(0, 1), st.floats(1e-4, 3))
def test_the_cosine_schedule_is_torchs(steps, warm_up, rate):
    recipe = Recipe("sgd", rate, steps, 0, "cosine", warm_up)
    rising = max(1, round(warm_up * steps))
    stepper = torch.optim.SGD([torch.zeros(1, requires_grad=True)], rate)
    linear = torch.optim.lr_scheduler.LinearLR(stepper, 1 / rising, total_iters=max(1, rising - 1))
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(stepper, max(1, steps - rising))
    rates = []
    for step in range(steps):
        if step == rising:  # in closed form from the peak, as SequentialLR hands over
            stepper.param_groups[0]["lr"] = rate
            cosine.last_epoch = 0
        rates.append(stepper.param_groups[0]["lr"])
        stepper.step()
        (linear if step < rising - 1 else cosine).step() if step != rising - 1 else None
    np.testing.assert_allclose(
        [rate_at(recipe, step) for step in range(steps)], rates, rtol=1e-6, atol=1e-6 * rate
    )
    assert max(rate_at(recipe, step) for step in range(steps)) == pytest.approx(rate)


@given(st.integers(1, 4), st.integers(1, 9), st.integers(2, 5), st.integers(0, 99))
def test_losses_are_torchs_for_each_network(members, n, k, seed):
    generator = torch.Generator().manual_seed(seed)
    logits = 3 * torch.randn(members, n, k, generator=generator)
    classes = torch.randint(k, (n,), generator=generator)
    binary = torch.randint(2, (members, n), generator=generator)
    for member in range(members):
        alone = logits[member]
        assert float(losses_of(logits, classes, "classes")[member]) == pytest.approx(
            float(-alone.log_softmax(1)[torch.arange(n), classes].mean()), rel=1e-5
        )
        p = alone[:, 0].double().sigmoid()
        y = binary[member]
        assert float(losses_of(logits, binary, "binary")[member]) == pytest.approx(
            float(-(y * p.log() + (1 - y) * (1 - p).log()).mean()), rel=1e-4
        )
        assert float(losses_of(logits, binary, "squares")[member]) == pytest.approx(
            float(((alone[:, 0] - y) ** 2).mean()), rel=1e-5
        )


@given(st.integers(0, 99))
def test_silent_neurons_and_accuracy_are_counted_one_by_one(seed):
    examples = moons(seed)
    networks = Networks.drawn(SIZES, torch.relu, seeded([seed, seed + 1]))
    # The first neuron of each first layer cannot fire; the others may.
    networks.parameters[1][:, 0] = -100.0
    found = silent(networks, examples.inputs)
    right = accuracy(networks, examples.inputs, examples.labels)
    for member in range(2):
        weights = [parameter[member] for parameter in networks.parameters]
        fired = [torch.zeros(6, dtype=torch.bool), torch.zeros(5, dtype=torch.bool)]
        hits = 0
        for point, label in zip(examples.inputs, examples.labels, strict=True):
            first = (weights[0] @ point + weights[1]).clamp(min=0)
            second = (weights[2] @ first + weights[3]).clamp(min=0)
            fired = [fired[0] | (first > 0), fired[1] | (second > 0)]
            hits += int((float(weights[4] @ second + weights[5]) > 0) == bool(label))
        assert [layer[member].tolist() for layer in found] == [(~layer).tolist() for layer in fired]
        assert found[0][member][0]
        assert float(right[member]) == pytest.approx(hits / len(examples))


@given(st.floats(0, 1), st.floats(-5, 5))
def test_a_bent_line_is_torchs_leaky_relu(slope, z):
    z = torch.tensor([z])
    assert float(bent(slope)(z)) == pytest.approx(float(nn.functional.leaky_relu(z, slope)), abs=1e-7)
    assert not torch.signbit(bent(0.0)(torch.tensor([-1.0]))).any()


def test_snapshots_are_the_run_at_that_step():
    examples = moons()
    start = Networks.drawn(SIZES, torch.relu, seeded([0]))
    seen = {}
    trained, history = train(
        start, examples.inputs, examples.labels, Recipe("adam", 0.01, 9), "binary", keep=(0, 4, 9),
        watch=lambda step, networks: seen.update({step: networks.copy()}),
    )  # fmt: skip
    shorter, _ = train(start, examples.inputs, examples.labels, Recipe("adam", 0.01, 4), "binary")
    assert sorted(history.snapshots) == [0, 4, 9] and sorted(seen) == list(range(10))
    for step, networks in history.snapshots.items():
        for kept, watched in zip(networks.parameters, seen[step].parameters, strict=True):
            assert torch.equal(kept, watched)
    for pair in (
        (history.snapshots[0], start),
        (history.snapshots[4], shorter),
        (history.snapshots[9], trained),
    ):
        for one, other in zip(*(networks.parameters for networks in pair), strict=True):
            assert torch.equal(one, other)
    assert float(losses_of(start(examples.inputs), examples.labels, "binary")) == float(history.losses[0])


def test_change_is_relative_to_where_it_started():
    before = Networks.drawn(SIZES, torch.relu, seeded([0, 1]))
    after = Networks(
        tuple(p * factor for p, factor in zip(before.parameters, (1.5, 1, 1, 1, 0.0, 1), strict=True)),
        torch.relu,
    )
    np.testing.assert_allclose(change(before, after), [[0.5, 0, 1]] * 2, rtol=1e-6)


def test_what_explodes_is_told_from_its_first_step():
    examples = moons()
    start = Networks.drawn((2, 4, 1), ACTIVATIONS["linear"], seeded([0, 1]))
    _, history = train(start, 1e3 * examples.inputs, examples.labels, Recipe("sgd", 1e3, 60), "squares")
    for member, step in enumerate(history.diverged_at.tolist()):
        assert step > 0
        assert history.losses[:step, member].isfinite().all() and not history.losses[step, member].isfinite()
    _, history = train(start, examples.inputs, examples.labels, Recipe("sgd", 0.01, 5), "binary")
    assert history.diverged_at.tolist() == [-1, -1]


@pytest.mark.parametrize(
    ("loss", "right", "moved", "alive", "said"),
    [
        (math.nan, 0.1, math.nan, 0.0, "diverged"),
        (math.inf, 0.1, 0.5, 1.0, "diverged"),
        (2.3, 0.10, 9.0, 0.0, "dead"),
        (2.3, 0.12, 0.01, 1.0, "asleep"),
        (2.3, 0.12, 0.50, 1.0, "guessing"),
        (1.0, 0.50, 0.50, 0.1, "partly"),
        (1.0, 0.81, 0.50, 0.1, "partly"),
        (1.0, 0.18, 0.50, 0.1, "guessing"),
        (0.3, 0.83, 0.50, 0.5, "learned"),
        (0.3, 0.95, 0.01, 1.0, "learned"),
    ],
)
def test_verdicts(loss, right, moved, alive, said):
    assert verdict(loss, right, 0.1, moved, alive) == said
    assert said in VERDICTS


@given(st.integers(0, 5), st.integers(1, 50), st.integers(0, 60))
def test_rounds_are_counted_in_steps(rounds, examples, batch):
    counted = rounds * (len(range(0, examples, batch)) if batch else 1)
    assert steps_in(rounds, examples, batch) == counted
