"""Vanishing gradients: every sentence is derived again, from networks run and trained through plain ``torch.nn.functional``."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from contract import Told, believed, faults, general, heard, mutants, reads, shows, survives, tell
from hypothesis import given, settings
from hypothesis import strategies as st
from productions import load

from nnanim.sim.gradients import DeepNetwork, spirals

BENDS = {"sigmoid": torch.sigmoid, "tanh": torch.tanh, "relu": torch.relu}
PLAIN, ROAD, NORM, BOTH = (False, False), (True, False), (False, True), (True, True)
"""Residual connections, layer norm."""
PAIRS = (
    ("all", "none"), ("first", "last"), ("many", "few"), ("more", "fewer"), ("too much", "too little"), ("learns", "forgets"),
    ("broken", "whole"), ("part", "whole"), ("most", "little"), ("right", "wrong"), ("enough", "too much"), ("like", "unlike"),
)  # fmt: skip
"""Words of this chapter that a slip of the pen could exchange."""


def chapter() -> Any:
    return load("vanishing-gradients")


# Twins that part and twins that do not; nothing that arrives, and too much; starts of every kind; few and many layers.
CASES: dict[str, dict[str, Any]] = {
    "default": {},
    "thirteen": {"depth": 13, "width": 16, "steps": 60},
    "one step": {"activation": "tanh", "depth": 12, "width": 8, "steps": 1},
    "faint weights": {"gain": 0.05, "depth": 30, "width": 8, "steps": 3},
    "two wide": {"width": 2, "steps": 5},
    "shallow": {"depth": 2, "width": 2, "steps": 1},
    "he": {"initialisation": "he", "depth": 8, "width": 16, "steps": 40},
    "overflow": {"gain": 5, "initialisation": "he", "steps": 3, "learning_rate": 10},
    "sigmoid": {"activation": "sigmoid", "depth": 6, "width": 8, "steps": 4},
    "explodes": {"gain": 2, "depth": 12, "width": 16, "activation": "tanh", "steps": 4},
    "shallow learns": {"depth": 3, "width": 32, "steps": 400, "learning_rate": 0.5},
    "nothing moves": {"depth": 3, "width": 3, "steps": 1, "learning_rate": 1e-30},
}


# The networks, a second time -----------------------------------------------------------------------------


class Anew:
    """One network of the chapter, run through plain functions of torch: gradients at its layers' outputs, and its training."""

    def __init__(self, told: Told, parts: tuple[bool, bool] = PLAIN, start: str | None = None, kind: str | None = None) -> None:
        p = told.params
        self.kind = kind or p.activation
        self.p, self.parts, self.depth = p, parts, p.depth
        source = DeepNetwork(p.activation, self.depth, p.width, start or p.initialisation, p.gain, p.seed)
        self.weights = [linear.weight.detach().clone().requires_grad_() for linear in source.linears]
        self.biases = [linear.bias.detach().clone().requires_grad_() for linear in source.linears]
        self.start = self.weights[0].detach().clone()
        self.gains = [(torch.ones(p.width, requires_grad=True), torch.zeros(p.width, requires_grad=True)) for _ in range(self.depth - 1)]
        self.x, self.y = spirals(p.seed)

    def run(self, x: torch.Tensor) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        """Outputs of all layers, and the slopes of the hidden ones."""
        skips, norms = self.parts
        bend, outputs, sums = BENDS[self.kind], [], []
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            read = F.layer_norm(x, (self.p.width,), *self.gains[layer - 1]) if layer and norms else x
            z = F.linear(read, weight, bias)
            out = z if layer == self.depth - 1 else bend(z)
            x = x + out if skips and 0 < layer < self.depth - 1 else out
            outputs.append(x)
            sums.append(z)
        return outputs, sums[:-1]

    def loss(self, logits: torch.Tensor) -> torch.Tensor:
        return F.binary_cross_entropy_with_logits(logits[:, 0], self.y)

    def gradients(self) -> np.ndarray:
        """Gradient norm of each layer's output before the first step."""
        outputs, _ = self.run(self.x)
        return np.array([float(gradient.double().norm()) for gradient in torch.autograd.grad(self.loss(outputs[-1]), outputs)])

    def slope(self) -> float:
        """Root of the mean square of the slopes, by closed forms."""
        with torch.no_grad():
            z = torch.stack(self.run(self.x)[1]).double()
        kind = self.kind
        slopes = {"relu": (z > 0).double(), "tanh": 1 - torch.tanh(z) ** 2, "sigmoid": torch.sigmoid(z) * (1 - torch.sigmoid(z))}[kind]
        return float((slopes**2).mean().sqrt())

    def trained(self) -> Anew:
        """Train it by torch's own optimiser; ``losses`` end where one is not finite."""
        parameters = [*self.weights, *self.biases, *(each for pair in self.gains for each in pair if self.parts[1])]
        optimiser = torch.optim.SGD(parameters, lr=self.p.learning_rate)
        self.losses: list[float] = []
        for step in range(self.p.steps + 1):
            optimiser.zero_grad()
            loss = self.loss(self.run(self.x)[0][-1])
            if not torch.isfinite(loss):
                return self
            self.losses.append(float(loss.detach()))
            if step < self.p.steps:
                loss.backward()
                optimiser.step()
        return self

    @property
    def broke(self) -> bool:
        return len(self.losses) <= self.p.steps

    @property
    def guesses(self) -> bool:
        return not self.broke and abs(self.losses[-1] - math.log(2)) < 0.006

    def right(self, unseen: bool = False) -> float:
        x, y = spirals((self.p.seed + 10_007) % 2**31) if unseen else (self.x, self.y)
        with torch.no_grad():
            return float(((self.run(x)[0][-1][:, 0] > 0) == (y == 1)).double().mean())

    @property
    def learned(self) -> bool:
        return not self.broke and self.right() >= 0.945


_made: dict[Any, Any] = {}


def anew(told: Told, parts: tuple[bool, bool] = PLAIN, start: str | None = None) -> Anew:
    """The network trained anew, once for a trace."""
    key = (told.trace.digest, parts, start)
    if key not in _made:
        _made[key] = Anew(told, parts, start).trained()
    return _made[key]


def gradients(told: Told, parts: tuple[bool, bool] = PLAIN, start: str | None = None) -> np.ndarray:
    key = (told.trace.digest, parts, start, "gradients")
    if key not in _made:
        _made[key] = Anew(told, parts, start).gradients()
    return _made[key]


def tried(told: Told) -> str:
    """The start that is tried instead."""
    made = "he" if told.params.activation == "relu" else "xavier"
    return "default" if told.params.initialisation == made else made


def mean_factor(norms: np.ndarray) -> float:
    """By logarithms."""
    if norms[0] == 0 or norms[-1] == 0:
        return 0.0
    return math.exp((math.log(norms[0]) - math.log(norms[-1])) / (len(norms) - 1))


@cache
def kept(start: str, gain: float, width: int) -> float:
    """What weights leave of a length: root of the expected sum of squares of a column, from many drawn ones."""
    network = DeepNetwork("relu", 3, 512, start, gain, 1)  # all rules scale alike with the width of square layers
    weight = network.weights[1].detach().double()
    return float((weight**2).sum(dim=0).mean().sqrt())


def about(text: str, value: float, share: float = 0.01) -> bool:
    """Whether a number shown is this one; single precision or a draw may move its last digit."""
    number, half = reads(text)
    return shows(text, value) or abs(number - value) <= half * 1.01 + share * abs(value)


# What each sentence says ---------------------------------------------------------------------------------


def parts_ways(told: Told) -> bool:
    return anew(told, BOTH).learned and anew(told).guesses


def both_guess(told: Told) -> bool:
    return anew(told, BOTH).guesses and anew(told).guesses


def any_breaks(told: Told) -> bool:
    return anew(told).broke or anew(told, BOTH).broke


def arrives(told: Told) -> bool:
    norms = gradients(told)
    if "nothing" in told.template:
        return norms[0] == 0 and about(told.shown["last"], norms[-1])
    return norms[0] > 0 and about(told.shown["first"], norms[0], 0.03) and about(told.shown["last"], norms[-1])


def changed(told: Told) -> int:
    network = anew(told)
    return int((network.weights[0].detach() != network.start).sum())


def moved(word: str) -> Callable[[Told], bool]:
    def check(told: Told) -> bool:
        if anew(told).broke:
            return word == "breaks"
        count, whole = changed(told), anew(told).start.numel()
        found = "none" if count == 0 else "all" if count == whole else "some"
        return found == word and ("n" not in told.shown or told.shows("n", count))

    return check


def foretold(told: Told, start: str | None = None, kind: str | None = None) -> float:
    start = start or told.params.initialisation
    return kept(start, told.params.gain, told.params.width) * Anew(told, start=start, kind=kind).slope()


KINDS = {"sigmoid": "sigmoid", "tanh": "tanh", "ReLU": "relu"}


def passes(told: Told, compared: Callable[[float, float], bool]) -> bool:
    """Whether another start is drawn from a wider or narrower range, and what it passes."""
    start, p = STARTS[told.shown["start"]], told.params
    ranges = [DeepNetwork("relu", 3, 512, name, 1.0, 1).weights[1].abs().max().item() for name in (start, p.initialisation)]
    return compared(*ranges) and about(told.shown["w"], kept(start, p.gain, p.width))


def others(told: Told) -> bool:
    """What the two activations that are not in use would leave, by slopes of networks that have them."""
    kinds = {KINDS[told.shown[name]] for name in ("one", "other")}
    pairs = ("one", "a"), ("other", "b")
    rest = set(BENDS) - {told.params.activation}
    return kinds == rest and all(about(told.shown[n], foretold(told, kind=KINDS[told.shown[k]]), 0.02) for k, n in pairs)


def he_makes_up(told: Told) -> bool:
    """He's weights make twice the power that Xavier's make; ReLU's slopes are 0 or 1, half of them in expectation."""
    p = told.params
    twice = math.isclose(kept("he", 1.0, p.width) ** 2, 2 * kept("xavier", 1.0, p.width) ** 2, rel_tol=0.02)
    return twice and p.activation == "relu" and p.initialisation == "default" and about(told.shown["f"], foretold(told, "he"), 0.02)


def account(told: Told) -> bool:
    measured, expected = mean_factor(gradients(told)), foretold(told)
    if "Too little" in told.template:
        return measured == 0
    near = abs(measured / expected - 1)
    return measured > 0 and about(told.shown["m"], measured) and (near > 0.08 if "too simple" in told.template else near < 0.12)


STARTS = {"torch’s default": "default", "Xavier": "xavier", "He": "he"}


def the_start(told: Told) -> bool:
    before, after = mean_factor(gradients(told)), mean_factor(gradients(told, start=tried(told)))
    return before < 0.81 and 0.84 < after < 1.19


def alone(parts: tuple[bool, bool], word: str) -> Callable[[Told], bool]:
    def check(told: Told) -> bool:
        network, norms = anew(told, parts), gradients(told, parts)
        much = norms[0] > 10 * norms[-1]
        found = "blows up" if network.broke else "learns" if network.learned else "too much" if much else "not enough"
        return found == word

    return check


def together(told: Told) -> bool:
    network = anew(told, BOTH)
    if "right" in told.shown:
        return network.learned and about(told.shown["right"], network.right(), 0.0)
    return network.broke if "blow up" in told.template else not network.broke and not network.learned


def unseen(told: Told) -> bool:
    network = anew(told, BOTH)
    if "nothing" in told.template:
        return network.broke
    return not network.broke and (network.right(unseen=True) > 0.89) == ("Nearly all" in told.template)


CHECKS: dict[str, Callable[[Told], Any]] = {
    "Same points, same {depth} layers, same start: who learns?": lambda told: told.shows("depth", told.params.depth),
    "One learns. The other learns nothing.": parts_ways,
    "Neither of them learns.": both_guess,
    "One training breaks down.": any_breaks,
    "They do not end up alike.": lambda told: not parts_ways(told) and not both_guess(told) and not any_breaks(told) and anew(told).losses[-1] != anew(told, BOTH).losses[-1],
    "They end up alike.": lambda told: not any_breaks(told) and math.isclose(anew(told).losses[-1], anew(told, BOTH).losses[-1], rel_tol=1e-5),
    "Where did it break?": parts_ways,
    "What made the difference?": lambda told: not parts_ways(told),
    "Learning starts at the far end: how wrong?": general("how backpropagation runs"),
    "The answer walks back, layer by layer.": general("how backpropagation runs"),
    "How much of it reaches the first?": general("a question"),
    "At the last layer {last}. At the first {first}.": arrives,
    "At the last layer {last}. At the first nothing at all.": arrives,
    "The first layer’s weights, through {steps} of training.": lambda told: told.shown["steps"] == f"{told.params.steps:,} step" + "s" * (told.params.steps != 1),
    "Its training breaks down.": moved("breaks"),
    "Not one has changed, not in its last digit.": moved("none"),
    "{n} of them have changed.": moved("some"),
    "All of them have changed.": moved("all"),
    "Inside a layer it meets two filters.": general("the chain rule: slope, then weights"),
    "The slope leaves {s} of its length, the weights {w}.": lambda told: about(told.shown["s"], Anew(told).slope()) and about(told.shown["w"], kept(told.params.initialisation, told.params.gain, told.params.width)),
    "So a layer should pass on {f}. Does it?": lambda told: about(told.shown["f"], foretold(told), 0.02),
    "Measured over all layers: {m}.": account,
    "Measured: {m}. Our account is too simple here.": account,
    "Too little arrives to be measured.": account,
    "Is it the depth, or the start?": general("a question"),
    "With {one} {a}, with {other} {b}.": others,
    "{start}: weights from a wider range pass on {w}.": lambda told: passes(told, lambda tried, used: tried > 1.2 * used),
    "{start}: weights from a narrower range pass on {w}.": lambda told: passes(told, lambda tried, used: tried < used / 1.2),
    "He: wider still, to make up for the ReLU. {f}.": he_makes_up,
    "The start, then: now the gradient arrives.": the_start,
    "That start alone does not settle it.": lambda told: not the_start(told),
    "The old start, and a residual road round each layer.": general("what is built"),
    "Or a gate that rescales signals: layer norm.": general("what layer norm does"),
    "And both at once?": general("a question"),
    **{
        f"{name} alone: {words}.": alone(parts, word)
        for name, parts in (("The road", ROAD), ("Layer norm", NORM))
        for words, word in (("the loss blows up", "blows up"), ("the first gets too much", "too much"), ("it learns", "learns"), ("not enough", "not enough"))
    },
    "Both together: {right} right.": together,
    "Both together blow up as well.": together,
    "Both together are not enough here.": together,
    "Points it never saw? Nearly all right, too.": unseen,
    "Points it never saw? There it is wrong more often.": unseen,
    "Points it never saw? There it says nothing.": unseen,
    "In the grey one a factor of {f}, again and again.": lambda told: about(told.shown["f"], mean_factor(gradients(told))) and parts_ways(told),
    "A gradient is a product, with a factor for every layer.": general("the chain rule"),
    "Now it can learn. How large a step dare we take?": general("the next chapter's question"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_every_sentence_is_so(case):
    assert not faults(heard(chapter(), case, CASES), CHECKS)


def test_every_sentence_is_told_in_some_case():
    told = {one.template for case in CASES for one in heard(chapter(), case, CASES)}
    rare = {  # they need trainings that no small case gives; the random ones may
        "They end up alike.", "Both together blow up as well.",
        "Layer norm alone: it learns.", "Layer norm alone: the loss blows up.", "Points it never saw? There it says nothing.",
        "Neither of them learns.",
        "The road alone: it learns.", "The road alone: the first gets too much.", "{n} of them have changed.",
        "Layer norm alone: not enough.",
    }  # fmt: skip
    assert sorted(set(CHECKS) - told - rare) == []


@settings(max_examples=3, deadline=None)
@given(
    depth=st.integers(2, 12),
    width=st.sampled_from([2, 3, 8]),
    activation=st.sampled_from(["sigmoid", "tanh", "relu"]),
    initialisation=st.sampled_from(["default", "xavier", "he"]),
    gain=st.sampled_from([0.05, 0.3, 1.0, 2.0, 5.0]),
    seed=st.integers(0, 999),
    steps=st.integers(1, 4),
    learning_rate=st.sampled_from([1e-6, 0.01, 0.1, 1.0]),
)
def test_every_sentence_is_so_under_any_parameters(**params):
    assert not faults(tell(chapter(), **params), CHECKS)


def test_no_check_believes_the_opposite():
    assert not believed([one for case in ("default", "shallow", "he", "overflow") for one in heard(chapter(), case, CASES)], CHECKS)


def test_no_word_of_the_source_can_be_exchanged_unnoticed():
    seen = [mutant for mutant in mutants(chapter(), PAIRS[:4]) if " " in mutant.was]
    assert len(seen) >= 4
    cases = {name: CASES[name] for name in ("default", "shallow", "overflow", "two wide")}
    assert not [str(mutant) for mutant in seen if survives(chapter(), mutant, cases, CHECKS)]
