"""Forward propagation: every sentence is derived again, by ``torch.nn`` and in float64 from the weights alone."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from contract import Told, believed, faults, general, heard, mutants, reads, survives, tell
from hypothesis import given, settings
from hypothesis import strategies as st
from productions import load
from torch.nn import functional

from nnanim import datasets
from nnanim.sim import go_or_stay, mlp
from nnanim.trace import Trace

needs_mnist = pytest.mark.skipif(not datasets.known_dataset("mnist").installed, reason="MNIST is not installed here (nnanim data install mnist)")


def chapter() -> Any:
    return load("forward-propagation")


THREE = {"layers": (2, 3, 2), "inputs": (1.0, 0.5)}
# One of everything, outputs that only look alike, sums at and around zero, and each activation and head.
DEFAULT: dict[str, Any] = {}
CASES: dict[str, dict[str, Any]] = {
    "learned": {"example": "by-hand"},
    "learned, stays": {"inputs": (0.1, 0.9, 0.3)},
    "drawn": {"seed": 3},
    "one of each": {"layers": (1, 1, 1)},
    "one of each, sigmoid": {"layers": (1, 1, 1), "head": "sigmoid", "inputs": (0.0,)},
    "one output, identity": {"layers": (3, 2, 1), "head": "identity", "activation": "tanh"},
    "alike to the digits shown": {"layers": (2, 2, 2), "gain": 0.001},
    "alike, sigmoid": {"layers": (2, 2, 2), "gain": 0.001, "head": "sigmoid", "activation": "relu"},
    "one ahead, sigmoid": {"head": "sigmoid", "activation": "gelu"},
    "relu, positive": {"activation": "relu", "seed": 1, "neuron": 1},
    "relu, negative": {"activation": "relu", "seed": 1, "neuron": 2},
    "gelu at nothing": {"layers": (1, 2, 2), "inputs": (0.0,), "activation": "gelu", "gain": 0.01},
    "gelu, part": {"activation": "gelu", "seed": 2, "neuron": 3},
    "gelu, most": {"activation": "gelu", "seed": 1, "neuron": 1},
    "gelu, all": {"activation": "gelu", "gain": 9, "seed": 4, "neuron": 2},
    "one product, lifted": {"layers": (1, 1, 1), "seed": 1},
    "large inputs": {"inputs": (1000.0, -1000.0, 1000.0), "gain": 0.001},
    "many": {"layers": (40, 30, 20, 50), "neuron": 30},
}


# Digits that are misread or not, that one pixel turns or not, on which other networks agree or not.
DIGITS: dict[str, dict[str, Any]] = {
    "a doubtful three": {},
    **{f"digit {row}": {"digit": row} for row in (7, 112, 0, 1270, 1003, 1593, 2093, 2818, 2479, 1732)},
}


@cache
def network(params: Any) -> torch.nn.Sequential:
    """The network as ``torch.nn.Linear`` layers in float64."""
    drawn = go_or_stay.shipped_network() if params.is_learned else mlp.initialise(params.layers, params.seed, params.gain)
    layers = []
    for weight, bias in zip(drawn.weights, drawn.biases, strict=True):
        linear = torch.nn.Linear(weight.shape[1], weight.shape[0]).double()
        linear.weight.data, linear.bias.data = weight.double(), bias.double()
        layers.append(linear)
    return torch.nn.Sequential(*layers)


class Pass:
    """The whole pass, by torch.nn."""

    def __init__(self, told: Told) -> None:
        p = told.params
        self.linears = list(network(p))
        f = {"sigmoid": torch.nn.Sigmoid(), "tanh": torch.nn.Tanh(), "relu": torch.nn.ReLU(), "gelu": torch.nn.GELU()}[p.activation]
        x = torch.tensor([float(value) for value in p.inputs], dtype=torch.float64)
        first, k = self.linears[0], p.neuron - 1
        with torch.no_grad():
            self.products = first.weight[k] * x
            self.bias = float(first.bias[k])
            self.z = float(first(x)[k])
            self.a = float(f(first(x))[k])
            for linear in self.linears[:-1]:
                x = f(linear(x))
            self.logits = self.linears[-1](x)
            heads = {"softmax": torch.nn.Softmax(dim=-1), "sigmoid": torch.nn.Sigmoid(), "identity": torch.nn.Identity()}
            self.outputs = heads[p.head](self.logits).numpy()


def close(told: Told, name: str, value: float) -> bool:
    """Whether a number shown is this one; the pass is float32, so that its last digit may be rounded the other way."""
    number, half = reads(told.shown[name])
    return abs(number - value) <= half * 1.001 + 2e-6 * max(1.0, abs(value))


def add_up(told: Told) -> bool:
    """The sum of the products of the neuron."""
    found = Pass(told)
    return close(told, "s", float(found.products.sum())) and ("one product" in told.template) == (len(found.products) == 1)


def biased(told: Told) -> bool:
    """The way the bias moves the sum, and whether that is seen in the digits shown."""
    found = Pass(told)
    products = float(found.products.sum())
    if "zero" in told.template:
        return found.bias == 0
    if "too small" in told.template:
        return abs(found.bias) <= 0.011 * 1.001 + 2e-6 * abs(products)
    return close(told, "z", products + found.bias) and ("lifts" in told.template) == (found.bias > 0) == ("lowers" not in told.template)


def activated(holds: Callable[[float, float], bool], kind: str) -> Callable[[Told], bool]:
    """The check of what the activation function makes of the sum."""

    def check(told: Told) -> bool:
        found = Pass(told)
        shown = all(close(told, name, {"z": found.z, "a": found.a}[name]) for name in told.shown)
        return told.params.activation == kind and shown and holds(found.z, found.a)

    return check


def ranked(told: Told) -> bool:
    """Outputs in the order in which they are shown: one ahead of all others, or not."""
    outputs = Pass(told).outputs
    if len(outputs) == 1:
        return "single output" in told.template.replace("no single output", "")
    decimals = 2
    if told.params.head == "softmax":
        decimals = next((d for d in (2, 3) if round(sum(round(float(p), d) for p in outputs), 6) == 1), 2)
    rounded = np.round(outputs, decimals)
    best = int(outputs.argmax())
    alone = int((rounded == rounded[best]).sum()) == 1
    if "{k}" not in told.template:
        return not alone and "no single output is ahead" in told.template
    return alone and told.shown["k"] == str(best + 1) and close(told, "p", outputs[best])


def goes(go: bool) -> Callable[[Told], bool]:
    """What the network that has learned says of the weather, by its own pass."""

    def check(told: Told) -> bool:
        outputs = Pass(told).outputs
        return told.params.is_learned and (outputs[0] > outputs[1]) == go and close(told, "p", outputs.max())

    return check


def counted(told: Told) -> bool:
    """Multiplications counted by the layers' shapes; each neuron adds its products and its bias: as many additions."""
    linears = Pass(told).linears
    multiplications = sum(linear.weight.numel() for linear in linears)
    additions = sum(linear.out_features * (linear.in_features - 1 + 1) for linear in linears)
    noun = "multiplication" if multiplications == 1 else "multiplications"
    return told.shown["multiplications"] == f"{multiplications:,} {noun}" and additions == multiplications


def numbers_in_and_out(told: Told) -> bool:
    linears = Pass(told).linears
    counts = (linears[0].in_features, "input"), (linears[-1].out_features, "output")
    return [told.shown[f"{noun}s"] for _, noun in counts] == [f"{n:,} {noun}" + "s" * (n != 1) for n, noun in counts]


def sums(several: bool) -> Callable[[Told], bool]:
    def check(told: Told) -> bool:
        n = Pass(told).linears[0].out_features
        return (n > 1) == several and (not several or told.shows("n", n))

    return check


def weights_shown(told: Told) -> bool:
    """Lines of positive weights are blue, of negative ones orange, in both themes; large ones are thick."""
    from nnanim.visuals.page.theme import theme, use_theme

    found = []
    for name in ("light", "dark"):
        use_theme(name)
        positive, negative = ([int(color[n : n + 2], 16) for n in (1, 3, 5)] for color in (theme().positive, theme().negative))
        found.append(positive[2] == max(positive) and negative[0] == max(negative) and negative[2] == min(negative))
    return all(found)


# Of the digit's way -----------------------------------------------------------------------------------


class Digit:
    """The digit's pass and what turns it, by torch.nn.functional from the image and the weights alone."""

    def __init__(self, told: Told) -> None:
        t = told.trace
        self.label, self.image = int(t["label"]), torch.tensor(t["image"].reshape(-1), dtype=torch.float64)
        self.weights = [torch.tensor(t[f"weights[{n}]"], dtype=torch.float64) for n in (1, 2)]
        self.biases = [torch.tensor(t[f"biases[{n}]"], dtype=torch.float64) for n in (1, 2)]
        self.neuron = int(t["neuron"])
        self.z = functional.linear(self.image, self.weights[0], self.biases[0])
        self.logits = self.pass_of(self.image)
        self.answer = int(self.logits.argmax())
        second = int(self.logits.topk(2).indices[1])
        self.rival = self.label if self.label != self.answer else second
        self.pulls = (self.weights[1][self.answer] - self.weights[1][self.rival]) * self.z.clamp(min=0)
        self.votes = float(self.weights[1][self.answer, self.neuron]), float(self.weights[1][self.rival, self.neuron])
        tilt = float(self.biases[1][self.answer] - self.biases[1][self.rival])
        every = [*self.pulls.tolist(), tilt]
        self.toward, self.against = sum(p for p in every if p > 0), -sum(p for p in every if p < 0)
        self.level = abs(self.toward - self.against) < 0.05 * max(self.toward, self.against)
        self.others = [int(name) for name in t["other_answers"]]

    def pass_of(self, image: torch.Tensor) -> torch.Tensor:
        return functional.linear(functional.relu(functional.linear(image, self.weights[0], self.biases[0])), self.weights[1], self.biases[1])

    def without(self, pixel: int) -> torch.Tensor:
        keep = torch.ones_like(self.image)
        keep[pixel] = 0
        return self.pass_of(self.image * keep)

    @property
    def ink(self) -> list[int]:
        return [pixel for pixel, value in enumerate(self.image.tolist()) if value > 0]

    @property
    def turning(self) -> list[int]:
        return [pixel for pixel in self.ink if int(self.without(pixel).argmax()) != self.answer]

    @property
    def erased(self) -> int:
        """What it says without the pixel that brings the rival nearest."""
        lead = {pixel: float(logits[self.answer] - logits[self.rival]) for pixel in self.ink for logits in [self.without(pixel)]}
        return int(self.without(min(lead, key=lead.__getitem__)).argmax())


def of_digit(holds: Callable[[Digit], Any], **shown: Callable[[Digit], float]) -> Callable[[Told], bool]:
    """The check of a sentence on the digit: what must hold, and what stands in its placeholders."""

    def check(told: Told) -> bool:
        found = Digit(told)
        values = {"answer": lambda d: d.answer, "rival": lambda d: d.rival, "label": lambda d: d.label} | shown
        return bool(holds(found)) and set(told.shown) <= set(values) and all(told.shows(name, values[name](found)) for name in told.shown)

    return check


def always(found: Digit) -> bool:
    return True


def of_control(told: Told) -> bool:
    """The pictures of the wall are counted; the test itself is repeated in the simulation's own tests."""
    t = told.trace
    return told.shows("m", len(t["small"])) and told.shows("n", int(np.count_nonzero(t["falls"]))) and len(t["falls"]) == len(t["small"])


def of_start(told: Told) -> bool:
    """The digits that it read before training are counted; which these are is found again in the simulation's own tests.

    That its weights were drawn is seen in them: uniform up to 1/√784, as ``torch.nn.Linear`` draws.
    """
    t = told.trace
    drawn, most = t["start[1]"], 784**-0.5
    uniform = np.abs(drawn).max() <= most and np.isclose(drawn.std(), most / np.sqrt(3), rtol=0.02)
    reads = t["start_reads"]
    return bool(uniform) and told.shows("k", int(np.count_nonzero(reads))) and told.shows("m", len(reads))


def learned_two_layers(told: Told) -> bool:
    """There are two layers of weights, and with them it reads many more digits than before training."""
    t = told.trace
    layers = [name for name in t if name.startswith("weights[")]
    return len(layers) == 2 and len(t["small"]) > 0.9 * len(t["start_reads"]) > 0.2 * len(t["start_reads"]) > t["start_reads"].sum()


def agrees(count: Callable[[int], bool]) -> Callable[[Told], bool]:
    return of_digit(lambda d: len(d.others) == 4 and count(sum(name == d.answer for name in d.others)))


DIGIT_CHECKS: dict[str, Callable[[Told], Any]] = {
    "This is a {label}, is it not?": of_digit(always),
    "The network says: {answer}.": of_digit(lambda d: d.answer != d.label),
    "The network says so too.": of_digit(lambda d: d.answer == d.label),
    "No line of code says so. Where is the mistake?": of_digit(lambda d: d.answer != d.label),
    "No line of code says so. How does it know?": of_digit(lambda d: d.answer == d.label),
    "Row by row it becomes a list.": general("how the picture is to be read"),
    "Every pixel pulls on {n} neurons.": of_digit(always, n=lambda d: d.weights[0].shape[0]),
    "{n} numbers, drawn at random.": of_digit(always, n=lambda d: sum(part.numel() for part in (*d.weights, *d.biases))),
    "So it reads {k} of {m} digits.": of_start,
    "Trained, it reads {n}.": lambda told: told.shows("n", len(told.trace["small"])),
    "Into one of them.": general("where the picture goes"),
    "One weight for each pixel.": of_digit(lambda d: d.weights[0].shape[1] == len(d.image)),
    "Ink on blue adds. Ink on orange takes away.": lambda told: weights_shown(told),
    "Row by row, it adds up.": lambda told: np.allclose(np.diff(told.trace["sums"]), told.trace["products"].sum(1)),
    "The sum is {s}, the bias {b}.": of_digit(always, s=lambda d: float(d.weights[0][d.neuron] @ d.image), b=lambda d: float(d.biases[0][d.neuron])),
    "Under zero it would stay dark. It fires.": of_digit(lambda d: d.z[d.neuron] > 0),
    "Under zero a neuron stays dark. This one does.": of_digit(lambda d: d.z[d.neuron] <= 0),
    "The others do the same, all at once.": general("the layer is one product of a matrix"),
    "What decides between {answer} and {rival}?": of_digit(lambda d: d.answer != d.rival),
    "Each firing neuron pulls towards one of them.": of_digit(lambda d: bool((d.pulls[d.z > 0] != 0).all())),
    "The one we visited.": of_digit(lambda d: int(d.pulls.argmax()) == d.neuron and d.pulls.max() > 0),
    "None of them pulls towards {answer}.": of_digit(lambda d: not (d.pulls > 0).any()),
    "For {answer} it says almost nothing.": of_digit(lambda d: abs(d.votes[0]) < 0.2001 * abs(d.votes[1])),
    "For {answer} it says yes.": of_digit(lambda d: d.votes[0] > 0),
    "For {answer} it says no.": of_digit(lambda d: d.votes[0] < 0),
    "To {rival} it says no.": of_digit(lambda d: d.votes[1] < 0 <= d.votes[0]),
    "To {rival} it says a louder no.": of_digit(lambda d: d.votes[1] < d.votes[0] < 0),
    "For {rival} it says yes, but less.": of_digit(lambda d: 0 <= d.votes[1] < d.votes[0]),
    "Now all of them, the bias last.": general("the order in which blocks land"),
    "{a} for {answer}. {b} against.": of_digit(always, a=lambda d: d.toward, b=lambda d: d.against),
    "Decided by {d}.": of_digit(always, d=lambda d: float(d.logits[d.answer] - d.logits[d.rival])),
    "How little would change its mind?": general("a question"),
    "Erase one pixel: it says {now}.": of_digit(lambda d: d.erased != d.answer, now=lambda d: d.erased),
    "It is still {answer}. No single pixel turns it.": of_digit(lambda d: not d.turning),
    "Still {answer}, though other pixels turn it.": of_digit(lambda d: d.turning and d.erased == d.answer),
    "Is every answer that fragile?": general("a question"),
    "Of {m} right answers, one pixel fells {n}.": of_control,
    "Do others agree? Four networks, trained anew.": lambda told: len(told.trace["other_answers"]) == 4,
    "All four say {answer}, too.": agrees(lambda n: n == 4),
    "None of them says {answer}.": agrees(lambda n: n == 0),
    "Only one of them says {answer}.": agrees(lambda n: n == 1),
    "Not all of them say {answer}.": agrees(lambda n: 1 < n < 4),
    "No line says it. The higher pile does.": of_digit(lambda d: d.answer == d.label and d.toward > d.against),
    "Nothing broke. The wrong pile is higher.": of_digit(lambda d: d.answer != d.label and d.toward > d.against and not d.level),
    "Nothing broke. Two nearly level piles.": of_digit(lambda d: d.answer != d.label and d.level),
    "Two layers learned to read. Would thirty learn too?": learned_two_layers,
}  # fmt: skip

# By hand ----------------------------------------------------------------------------------------------

LEVEL = "To the digits shown no single output is ahead."
CHECKS: dict[str, Callable[[Told], Any]] = {
    "What becomes of {inputs} on the way to {outputs}?": lambda told: numbers_in_and_out(told) and not told.params.is_learned,
    "Sunshine, rain, free time: go or stay?": lambda told: told.params.is_learned and len(told.params.inputs) == 3,
    "The input layer computes nothing: it holds what we feed in.": lambda told: np.allclose(told.trace["activations[0]"], told.params.inputs),
    "Every line is a weight: blue positive, orange negative, thick large.": weights_shown,
    "They were learned.": lambda told: told.params.is_learned,
    "Here they are drawn at random, with seed {seed}.": lambda told: told.shows("seed", told.params.seed) and not told.params.weights and not told.params.is_learned,
    "They were read from a file.": lambda told: bool(told.params.weights),
    "Take neuron {k}.": lambda told: told.shows("k", told.params.neuron),
    "Each input is multiplied by the weight on its line.": lambda told: len(told.params.inputs) > 1,
    "The input is multiplied by the weight on its line.": lambda told: len(told.params.inputs) == 1,
    "The products add up to {s}.": add_up,
    "There is one product, {s}.": add_up,
    "The bias is zero and leaves it there.": biased,
    "The bias lifts it to {z}.": biased,
    "The bias lowers it to {z}.": biased,
    "The bias is too small to change the digits shown.": biased,
    "The sigmoid squeezes sums between zero and one: {z} becomes {a}.": activated(lambda z, a: 0 <= a <= 1, "sigmoid"),
    "The tanh squeezes sums between minus one and one: {z} becomes {a}.": activated(lambda z, a: -1 <= a <= 1, "tanh"),
    "The sum rounds to zero, where ReLU has its bend: {z} becomes {a}.": activated(lambda z, a: abs(z) < 0.00501 and a in (0, z), "relu"),
    "The sum is positive, so ReLU lets {z} pass unchanged.": activated(lambda z, a: z > 0.00499 and a == z, "relu"),
    "The sum is negative, so ReLU turns {z} into {a}.": activated(lambda z, a: z < -0.00499 and a == 0, "relu"),
    "GELU keeps a sum so close to zero close to zero: {z} becomes {a}.": activated(lambda z, a: abs(z) < 0.1001 and abs(a) <= abs(z), "gelu"),
    "GELU holds a negative sum close to zero: {z} becomes {a}.": activated(lambda z, a: z < 0 >= a > -0.171, "gelu"),
    "GELU lets so large a sum pass, to the digits shown: {z} becomes {a}.": activated(lambda z, a: z > 0.5 and abs(z - a) < 0.01, "gelu"),
    "GELU lets most of a positive sum pass: {z} becomes {a}.": activated(lambda z, a: z > 0.49 and 0.5 < a / z < 1, "gelu"),
    "GELU lets part of a small positive sum pass: {z} becomes {a}.": activated(lambda z, a: 0.09 < z < 0.51 and 0 < a < z, "gelu"),
    "All neurons do so: each is one row of the matrix W.": lambda told: Pass(told).linears[0].out_features > 1,
    "This layer has a single neuron: the only row of the matrix W.": lambda told: Pass(told).linears[0].out_features == 1,
    "Matrix times input, plus bias: all {n} sums at once.": sums(True),
    "Matrix times input, plus bias: the sum z.": sums(False),
    "The {f} function turns every z into an activation a.": lambda told: told.shown["f"].lower() == told.params.activation,
    "Activations are the next layer’s inputs: multiply, add, activate, and again.": lambda told: len(Pass(told).linears) > 2,
    "The last layer adds up as well.": lambda told: told.params.head == "identity",
    "The last layer’s sums are called logits.": lambda told: told.params.head != "identity" and len(Pass(told).logits) > 1,
    "The last layer’s sum is called a logit.": lambda told: told.params.head != "identity" and len(Pass(told).logits) == 1,
    "Weights and biases took {multiplications} and as many additions.": counted,
    "Softmax turns logits into probabilities that add up to one.": lambda told: told.params.head == "softmax" and np.isclose(Pass(told).outputs.sum(), 1),
    "It says go: {p}.": goes(True),
    "It says stay: {p}.": goes(False),
    "Output {k} is the most likely: {p}.": lambda told: ranked(told) and told.params.head == "softmax",
    "With a single output this is always {p}.": lambda told: ranked(told) and told.shows("p", 1.0) and len(Pass(told).outputs) == 1,
    LEVEL: ranked,
    "Each logit passes through a sigmoid of its own.": lambda told: told.params.head == "sigmoid" and len(Pass(told).logits) > 1,
    "Output {k} is the largest: {p}.": lambda told: ranked(told) and told.params.head == "sigmoid",
    "The logit passes through a sigmoid and becomes a probability: {p}.": lambda told: close(told, "p", Pass(told).outputs[0]) and len(Pass(told).outputs) == 1,
    "The output layer leaves its sums as they are.": lambda told: told.params.head == "identity" and np.allclose(Pass(told).outputs, Pass(told).logits),
    "This is how a network predicts quantities.": lambda told: told.params.head == "identity",
    "That is all of forward propagation: one line for each hidden layer.": general("the closing formula"),
    "The last layer ends in softmax instead.": lambda told: told.params.head == "softmax",
    "The last layer ends in a sigmoid.": lambda told: told.params.head == "sigmoid",
    "The last layer leaves its sums as they are.": lambda told: told.params.head == "identity",
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_every_sentence_by_hand_is_so(case):
    assert not faults(heard(chapter(), case, CASES), CHECKS)


@needs_mnist
@pytest.mark.parametrize("case", DIGITS)
def test_every_sentence_on_a_digit_is_so(case):
    assert not faults(heard(chapter(), case, DIGITS), DIGIT_CHECKS)


def test_every_sentence_of_the_default_is_so():
    assert not faults(heard(chapter(), "default", {"default": DEFAULT}), DIGIT_CHECKS)


def test_every_sentence_by_hand_is_told_in_some_case():
    told = {one.template for case in CASES for one in heard(chapter(), case, CASES)}
    elsewhere = {"They were read from a file.", "The bias is zero and leaves it there."}
    assert sorted(set(CHECKS) - told - elsewhere) == []


@needs_mnist
def test_every_sentence_on_a_digit_is_told_in_some_case():
    told = {one.template for case in DIGITS for one in heard(chapter(), case, DIGITS)}
    rare = {"Under zero a neuron stays dark. This one does.", "None of them pulls towards {answer}."}  # no such digit is known
    assert sorted(set(DIGIT_CHECKS) - told - rare) == []


def test_a_bias_of_zero_is_said_to_be_zero():
    trace = heard(chapter(), "drawn", CASES)[0].trace
    still = Trace(
        {**trace.arrays, "biases[1]": np.zeros(4, np.float32), "pre_activations[1]": trace["weighted_sums[1]"]}, trace.text, trace.given
    )
    assert any("The bias is zero and leaves it there." in one.text for one in tell(chapter(), still, seed=3))


def test_weights_of_a_file_are_said_to_be_read(tmp_path):
    file = tmp_path / "weights.npz"
    file.write_bytes(heard(chapter(), "drawn", CASES)[0].trace.to_bytes(".npz"))
    assert "They were read from a file." in {one.text for one in tell(chapter(), weights=str(file))}


@settings(max_examples=20)
@given(
    layers=st.lists(st.integers(1, 5), min_size=3, max_size=5).map(tuple),
    activation=st.sampled_from(["sigmoid", "tanh", "relu", "gelu"]),
    head=st.sampled_from(["softmax", "sigmoid", "identity"]),
    seed=st.integers(0, 999),
    gain=st.sampled_from([0.001, 0.02, 0.3, 1.75, 10.0]),
)
def test_every_sentence_is_so_under_any_parameters(**params):
    assert not faults(tell(chapter(), neuron=1, **params), CHECKS)


def test_no_check_believes_the_opposite():
    assert not believed([one for case in CASES for one in heard(chapter(), case, CASES)], CHECKS)
    digit = heard(chapter(), "default", {"default": DEFAULT})
    assert len(digit) > 30
    assert not believed(digit, DIGIT_CHECKS)


@needs_mnist
def test_no_word_of_the_source_can_be_exchanged_unnoticed():
    found = mutants(chapter(), [("yes", "no"), ("wrong", "right"), ("adds", "takes"), ("higher", "lower"), ("still", "not")])
    spoken = [mutant for mutant in found if " " in mutant.was]
    assert len(spoken) >= 7
    assert not [str(mutant) for mutant in spoken if survives(chapter(), mutant, DIGITS, DIGIT_CHECKS)]
