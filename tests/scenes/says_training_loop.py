"""The training loop: every sentence is derived again from answers, weights, losses and the neurons that still fire."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from contract import Told, believed, faults, general, heard, mutants, survives, tell
from hypothesis import given, settings
from hypothesis import strategies as st
from productions import load

from nnanim import datasets
from nnanim.params import ParameterError
from nnanim.sim import training_loop
from nnanim.sim.digit_runs import Digits
from nnanim.trace import Trace

needs_mnist = pytest.mark.skipif(
    not datasets.known_dataset("mnist").installed, reason="MNIST is not installed here (nnanim data install mnist)"
)


def chapter() -> Any:
    return load("training-loop")


SMALL = {"epochs": 2, "trained": 500, "tested": 100, "seeds": 1}
# The default is recorded; the others are quick: all three sleep, all three learn, the step on one digit overshoots.
CASES: dict[str, dict[str, Any]] = {
    "default": {},
    "all asleep": {**SMALL, "rates": (0.000001, 0.00001, 0.0001), "hidden": 8, "seed": 3},
    "none too large": {**SMALL, "rates": (0.01, 0.1, 0.3), "batch": 8, "hidden": 32},
    "all too large": {**SMALL, "rates": (3.0, 6.0, 10.0)},
}


# A second time -------------------------------------------------------------------------------------------


def accuracy(told: Told, run: int) -> float:
    return float(told.trace["accuracies"][run, -1, 0])


def learned(told: Told, run: int) -> bool:
    """Four fifths of the way from guessing one of ten to no error."""
    return accuracy(told, run) >= 0.1 + 0.8 * 0.9


def asleep(told: Told, run: int) -> bool:
    t = told.trace
    return bool(t["changes"][run, 0].max() < 0.05 and not learned(told, run) and t["dark"][run, 0] < told.params.hidden)


def dead(told: Told, run: int) -> bool:
    """No neuron gives anything for any of the digits that are looked at, and the count over all training digits says so too."""
    t = told.trace
    none = not t[f"end[{run}].lit"].any()
    assert not none or not t[f"end[{run}].hidden"].any() or told.params.tested < 100
    return none and int(t["dark"][run, 0]) == told.params.hidden


def as_told(told: Told) -> bool:
    return asleep(told, 0) and accuracy(told, 0) < 0.3 and learned(told, 1) and dead(told, 2)


def moved(told: Told) -> float:
    """‖ΔW‖ / ‖W‖ of the first layer, from the weights themselves."""
    before, after = (told.trace[name].astype(float) for name in ("start_weights", "slow_weights"))
    share = float(np.linalg.norm(after - before) / np.linalg.norm(before))
    assert math.isclose(share, float(told.trace["changes"][0, 0, 0]), rel_tol=1e-3)
    return share


def loss_of_one(told: Told, part: int) -> float:
    """−ln of the probability of the digit's label, when so many of 30 parts of the step are done."""
    t = told.trace
    return -math.log(float(t["one_path_shares"][part, int(t["one_label"])]))


def bar_of_one(told: Told, part: int) -> float:
    """The bar of the digit's label when so many of 30 parts of the step are done."""
    return float(told.trace["slow.shares"][part, int(told.trace["one_label"])])


def healthy(told: Told) -> bool:
    """Whether the change of the second run's first layer is as shown, and finite."""
    return math.isfinite(told.trace["changes"][1, 0, 0]) and told.shows("h", float(told.trace["changes"][1, 0, 0]))


_first: dict[tuple[Any, ...], np.ndarray] = {}


def first_sums(told: Told) -> np.ndarray:
    """One neuron's sums before and after one step with the third and the second rate, by torch's own layers and optimiser, (3, n)."""
    p = told.params
    key = (p.seed, p.hidden, p.trained, p.tested, p.batch, p.rates)
    if key not in _first:
        digits, neuron = Digits.of(p.trained, p.tested, 1972), int(told.trace["first_neuron"])
        found = []
        for rate in (0.0, p.rates[2], p.rates[1]):
            with torch.random.fork_rng():
                torch.manual_seed(p.seed)
                network = torch.nn.Sequential(torch.nn.Linear(784, p.hidden), torch.nn.ReLU(), torch.nn.Linear(p.hidden, 10))
                rows = torch.randperm(len(digits.seen))[: p.batch]
            loss = torch.nn.functional.cross_entropy(network(digits.seen.inputs[rows]), digits.seen.labels[rows])
            loss.backward()
            torch.optim.SGD(network.parameters(), max(rate, 1e-30)).step()
            found.append(network[0](digits.seen.inputs)[:, neuron].detach().numpy())
        _first[key] = np.stack(found)
        assert np.allclose(_first[key], told.trace["first_sums"], rtol=1e-3, atol=1e-4)
    return _first[key]


def a_hill(told: Told) -> bool:
    """Whether the outermost of the ten guess, and some one between is four fifths of the way to no error."""
    read = told.trace["tried_accuracies"][:, 0]
    return bool(read[0] < 0.3 and read[-1] < 0.3 and (read > 0.1 + 0.8 * 0.9).any())


def lit_at(told: Told, moment: int) -> int:
    """Neurons that fire for some digit at a moment of the third run."""
    return int((told.trace["dying.lit"][moment] > 0).sum())


def steps_in_a_round(told: Told) -> int:
    return math.ceil(told.params.trained / min(told.params.batch, told.params.trained))


def cured(told: Told, patient: int) -> float:
    return float(told.trace["cured"][patient, -1, 0])


def wakes_one(told: Told) -> bool:
    t = told.trace
    return cured(told, 0) >= 0.82 and not t["cure[1].lit"][-1].any() and int(t["cured_answers"][1, 0]) == 1


def frozen(told: Told) -> bool:
    return float(told.trace["cured_changes"][1, 0]) == 0.0


def tenths(told: Told, name: str, value: float) -> bool:
    return told.shows(name, 10 * value)


def equally_ill(told: Told) -> bool:
    first, third = (float(told.trace["final_losses"][run, 0]) for run in (0, 2))
    return abs(first - third) <= 0.1


def read_by_the_second(told: Told) -> float:
    """As the sums of the network say for the digits that are looked at, roughly; exactly as it was counted over all."""
    reel, labels = told.trace["end[1].shares"], told.trace["pool_labels"]
    seen = labels[told.trace["end[1].digits"]]
    share = float((reel.argmax(1) == seen).mean())
    assert abs(share - accuracy(told, 1)) < 0.3
    return accuracy(told, 1)


CHECKS: dict[str, Callable[[Told], Any]] = {
    "One network, three times. The same digits for all.": lambda told: len({tuple(told.trace[f"end[{k}].digits"]) for k in range(3)}) == 1,
    "One reads. Two only guess.": as_told,
    "This is how well they read.": lambda told: not as_told(told),
    "By the loss, these two are equally ill.": equally_ill,
    "By the loss, these two differ.": lambda told: not equally_ill(told),
    "Of the same thing?": general("a question"),
    "One number differs: the size of a step.": lambda told: len(set(told.params.rates)) == 3,
    "How can one number fail in two ways?": general("a question"),
    "One digit, before any training: the bars are its guess.": lambda told: np.allclose(told.trace["slow.shares"][0], told.trace["one_shares"][0], atol=1e-3),
    "The smaller the right bar, the larger the loss: {a}.": lambda told: told.shows("a", loss_of_one(told, 0))
    and all((loss_of_one(told, a) - loss_of_one(told, b)) * (bar_of_one(told, a) - bar_of_one(told, b)) <= 0 for a, b in pairwise(range(31))),
    "The gradient runs back: who is to blame?": general("a question"),
    "Each weight moves against its gradient, times the step size.": lambda told: math.isclose(
        told.trace["one_weight"][1] - told.trace["one_weight"][0], -told.params.rates[1] * told.trace["one_weight_gradient"], rel_tol=1e-2, abs_tol=1e-7
    ),
    "The same digit: the loss is down to {b}.": lambda told: told.shows("b", loss_of_one(told, 30)) and loss_of_one(told, 30) < loss_of_one(told, 0),
    "The same digit: the loss is up to {b}.": lambda told: told.shows("b", loss_of_one(told, 30)) and loss_of_one(told, 30) >= loss_of_one(told, 0),
    "Now {n} digits share a step. Then the next {n}.": lambda told: told.shows("n", min(told.params.batch, told.params.trained)),
    "{n} steps: each digit seen once. That is an epoch.": lambda told: told.shows("n", steps_in_a_round(told)),
    "It reads {k} of ten digits that it has never seen.": lambda told: tenths(told, "k", read_by_the_second(told)),
    "Back to the first: its weights before training, and after.": lambda told: told.trace["start_weights"].shape == (told.params.hidden, 784),
    "How far has it moved?": general("a question"),
    "A healthy one moves {h} times its size, this one {m}. It sleeps.": lambda told: told.shows("m", moved(told)) and healthy(told) and asleep(told, 0),
    "The second moves {h} times its size, this one {m}.": lambda told: told.shows("m", moved(told)) and healthy(told) and not asleep(told, 0),
    "And the other one, with its large steps?": lambda told: told.params.rates[2] == max(told.params.rates),
    "Step {s}: {k} of {h} fire for no digit.": lambda told: told.shows("s", float(told.trace["moments"][5]))
    and told.shows("k", told.params.hidden - lit_at(told, 5)) and told.shows("h", told.params.hidden),
    "By step {s} all {h} are dark.": lambda told: lit_at(told, -1) == 0 and told.shows("h", told.params.hidden)
    and lit_at(told, list(told.trace["moments"]).index(int(told.shown["s"].replace(",", "")))) == 0,
    "In the end {k} of {h} are dark.": lambda told: lit_at(told, -1) > 0 and told.shows("k", told.params.hidden - lit_at(told, -1)) and told.shows("h", told.params.hidden),
    "It is dead.": lambda told: dead(told, 2),
    "It is not dead.": lambda told: not dead(told, 2),
    "One neuron before the first step: some digits fire it.": lambda told: (first_sums(told)[0] > 0).any(),
    "No digit fires it at first.": lambda told: (first_sums(told)[0] <= 0).all(),
    "One step of {r}: all lie left. No slope, no learning.": lambda told: told.shows("r", told.params.rates[2]) and (first_sums(told)[1] <= 0).all(),
    "One step of {r}: some still fire it.": lambda told: told.shows("r", told.params.rates[2]) and (first_sums(told)[1] > 0).any(),
    "One step of {r} instead: some still fire it.": lambda told: told.shows("r", told.params.rates[1]) and (first_sums(told)[2] > 0).any(),
    "One step of {r} instead: none fires it.": lambda told: told.shows("r", told.params.rates[1]) and (first_sums(told)[2] <= 0).all(),
    "The good step size for both. Which one wakes?": general("a question"),
    "The sleeper wakes. The dead one does not.": wakes_one,
    "They end at {a} and {b} of ten.": lambda told: not wakes_one(told) and tenths(told, "a", cured(told, 0)) and tenths(told, "b", cured(told, 1)),
    "Not one of its hidden weights has moved.": frozen,
    "Its hidden weights have moved.": lambda told: not frozen(told),
    "Is there a best step size? Ten of them, tried.": lambda told: len(set(told.trace["tried_rates"].tolist())) == 10,
    "Asleep on the left, dead on the right, a hill between.": lambda told: a_hill(told),
    "This is what each one reads.": lambda told: not a_hill(told),
    "Equally ill? One slept. One was dead.": as_told,
    "Equally ill? Only a look inside can tell.": lambda told: not as_told(told),
    "Each step of the loop is this one line.": general("what a formula is"),
    "It learned from {n} digits. Would a handful do?": lambda told: told.shows("n", told.params.trained),
}  # fmt: skip


@needs_mnist
@pytest.mark.parametrize("case", CASES)
def test_every_sentence_is_so(case):
    assert not faults(heard(chapter(), case, CASES), CHECKS)


@needs_mnist
@settings(max_examples=3)
@given(
    exponents=st.lists(st.floats(-5, 0.9), min_size=3, max_size=3, unique_by=lambda e: round(e, 1)), hidden=st.integers(8, 32),
    batch=st.sampled_from([8, 32, 100]), seed=st.integers(0, 99),
)  # fmt: skip
def test_every_sentence_is_so_of_any_step_sizes(exponents, **params):
    params |= {**SMALL, "rates": tuple(float(f"{10**e:.2g}") for e in sorted(exponents))}
    found = training_loop.record(**params)
    numbers = {f"parameters.{name}": np.asarray(value) for name, value in params.items()}
    assert not faults(tell(chapter(), Trace(found.arrays, found.text).with_given(numbers), **params), CHECKS)


def test_the_default_tells_the_story():
    told = {one.template for one in heard(chapter(), "default", CASES)}
    assert {"One reads. Two only guess.", "It is dead.", "The sleeper wakes. The dead one does not."} <= told
    assert {"Not one of its hidden weights has moved."} <= told
    assert {"One step of {r}: all lie left. No slope, no learning.", "Asleep on the left, dead on the right, a hill between."} <= told


@needs_mnist
def test_no_check_believes_the_opposite():
    assert not believed([one for case in CASES for one in heard(chapter(), case, CASES)], CHECKS)


@needs_mnist
def test_no_word_of_the_source_can_be_exchanged_unnoticed():
    found = mutants(chapter(), [("down", "up"), ("all", "some"), ("same", "other"), ("never", "always"), ("left", "right")])
    told = {one.template for case in CASES for one in heard(chapter(), case, CASES)}
    spoken = [mutant for mutant in found if mutant.was in told]
    assert len(spoken) >= 5
    assert not [str(mutant) for mutant in spoken if survives(chapter(), mutant, CASES, CHECKS)]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"rates": (0.3, 0.1, 3)}, "rise"), ({"rates": (0.1, 0.3)}, "rates"), ({"rates": (0.1, 0.3, 11)}, "within"),
        ({"trained": 4500}, "trained"), ({"seeds": 0}, "seeds"),
    ],
)  # fmt: skip
def test_wrong_parameters_are_refused_in_one_sentence(wrong, said):
    with pytest.raises(ParameterError, match=said):
        chapter().Params.read(wrong)
