"""Activation functions: every sentence is derived again from the points, the matrices and the networks' answers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import reduce
from typing import Any

import numpy as np
import pytest
import torch
from contract import Told, believed, faults, general, heard, mutants, reads, survives, tell
from hypothesis import given, settings
from hypothesis import strategies as st
from productions import load
from torch.nn import functional

from nnanim.sim import activations
from nnanim.trace import Trace


def chapter() -> Any:
    return load("activations")


# Seeds whose networks learn, one in which a whole layer falls silent, the gentlest and the sharpest bend, other points.
CASES: dict[str, dict[str, Any]] = {
    "default": {},
    "a dead layer": {"seed": 1, "seeds": 2, "layers": 2},
    "hardly a bend": {"left_slope": 0.98, "seeds": 2, "precision": "float64"},
    "ReLU everywhere": {"left_slope": 0, "seeds": 2, "data": "xor", "noise": 0, "layers": 200},
    "moons": {"data": "moons", "seeds": 2, "noise": 0.2, "width": 4},
}


@pytest.fixture(scope="module", autouse=True)
def computed_once() -> Iterator[None]:
    """The default is heard as it is recorded, with other roundings beside it; the other cases are computed only once each."""
    with pytest.MonkeyPatch.context() as patch:
        heard(chapter(), "default", CASES)
        patch.setattr(chapter(), "repeats", 0)
        yield


# A second time -------------------------------------------------------------------------------------------


def pile_differs(told: Told) -> bool:
    """How far the pile's end lies from what the exact product makes of the points, as a share of its size."""
    t = told.trace
    product = reduce(np.matmul, t["matrices"].astype(float)[::-1])
    exact = t["pile"][0].astype(float) @ product.T
    error = np.abs(t["pile"][-1] - exact).max() / np.abs(exact).max()  # the pile is kept in float32
    bound = reads(told.shown["d"])[0]
    return error < 1e-4 and 0.1 * bound * (1 - 1e-9) <= t["difference"] < bound


def right_of(points: np.ndarray, labels: np.ndarray, angle: float, offset: float) -> float:
    beyond = points @ (math.cos(angle), math.sin(angle)) > offset
    share = float((beyond == (labels == 1)).mean())
    return max(share, 1 - share)


def best_line(told: Told) -> float:
    """No line out of many thousands is better than the one that is named, and that one is as good as is said."""
    t, random = told.trace, np.random.default_rng(1)
    points, labels = t["train_points"].astype(float), t["train_labels"]
    named = right_of(points, labels, math.radians(float(t["line_angle"])), float(t["line_offset"]))
    others = (right_of(points, labels, a, o) for a, o in zip(random.uniform(0, math.pi, 3000), random.uniform(-2, 2, 3000), strict=True))
    assert max(others) <= named + 1e-9
    return named


def score(told: Told, accuracies: str, row: int, planes: str) -> float:
    """What a network has right of the unseen points, read off the plane of its answers where that is clear."""
    t = told.trace
    said = float(t[accuracies][row, 0])
    plane, (left, right, bottom, top) = t[planes][-1].astype(float), t["view"]
    x, y = t["unseen_points"].T
    places = [np.clip(np.rint((v - a) / (b - a) * (len(plane) - 1)).astype(int), 0, len(plane) - 1) for v, a, b in ((y, bottom, top), (x, left, right))]
    answer = plane[tuple(places)]
    inside = (left < x) & (x < right) & (bottom < y) & (y < top)
    clear = inside & (np.abs(answer - 0.5) > 0.15)
    right = float((((answer > 0.5) == (t["unseen_labels"] == 1)) & clear).mean())
    assert right - 0.02 <= said <= right + 0.02 + float((~clear).mean())  # what is not clear may be right or wrong
    return said


def slight(told: Told) -> int:
    return list(told.trace["slopes"]).index(told.params.left_slope)


def of_seeds(told: Told, row: int) -> bool:
    k, n = sum(accuracy >= 0.95 for accuracy in told.trace["slope_accuracies"][row]), told.params.seeds
    return told.shown["k"] == {0: "none", n: f"all {n}"}.get(k, f"{k} of {n}")


def halves(told: Told) -> bool:
    """Where W x + b of one neuron is zero is a line, whatever is drawn: three places on it lie in a row."""
    w, b = np.array([0.7, -0.4]), 0.3
    on_it = [-b * w / (w @ w) + s * np.array([-w[1], w[0]]) for s in (-1, 0.4, 2)]
    (x, y), (u, v) = on_it[1] - on_it[0], on_it[2] - on_it[0]
    return np.allclose([w @ p + b for p in on_it], 0) and abs(x * v - y * u) < 1e-9


def bend_angle(told: Told) -> float:
    """Between the direction of the line left of zero and its straight continuation."""
    left, straight = np.array([-1.0, -told.params.left_slope]), np.array([-1.0, -1.0])
    return math.degrees(math.acos(left @ straight / np.linalg.norm(left) / np.linalg.norm(straight)))


FUNCTIONS = (torch.relu, functional.leaky_relu, torch.sigmoid, torch.tanh, functional.gelu, functional.silu)


def curves_are_theirs(told: Told) -> bool:
    """The curves are torch's own functions, and none of them is straight."""
    x = torch.tensor(told.trace["curve_x"])
    expected = [function(x).numpy() for function in FUNCTIONS]
    bends = [np.abs(np.diff(y, 2)).max() > 1e-4 for y in expected]
    return all(bends) and np.allclose(told.trace["curve_y"], expected, atol=1e-12)


def parted(told: Told) -> int:
    return sum(row[0] >= 0.95 for row in told.trace["function_accuracies"])


def flat(told: Told) -> bool:
    """Shares of −6 … 6 with a slope under what is said, by differences of the functions."""
    x = torch.linspace(-6, 6, 24_001, dtype=torch.float64)
    slopes = [np.diff(function(x).numpy()) / np.diff(x.numpy()) for function in FUNCTIONS]
    shares = [(np.abs(slope) < 0.005).mean() for slope in slopes]
    return np.allclose(told.trace["flat_shares"], shares, atol=0.002)


def dark(told: Told, seed: int = 0) -> int:
    return int((told.trace["fires"][seed] == 0).sum())


def relu_score(told: Told, seed: int = 0) -> bool:
    return told.shows("score", float(told.trace["function_accuracies"][0, seed]))


def never(told: Told) -> bool:
    """How many neurons there are, how many of them fire for no point, and what the network has right all the same."""
    shown = {"dead": dark(told), "all": 4 * told.params.width}
    return relu_score(told) and all(told.shows(name, shown[name]) for name in set(told.shown) & set(shown))


def dark_layer(told: Told) -> bool:
    """Of a network that is not the first: none of the neurons of one of its layers fires."""
    t = told.trace
    layers = t["fires"].reshape(told.params.seeds, 4, told.params.width)
    lost = [seed for seed in range(told.params.seeds) if (layers[seed].sum(1) == 0).any()]
    return bool(lost) and lost[0] > 0 and relu_score(told, lost[0])


def missed(told: Told) -> float:
    """What the normal equations leave of the bent pile's variance."""
    t = told.trace
    before = np.column_stack([t["bent_pile"][0].astype(float), np.ones(len(t["labels"]))])
    after = t["bent_pile"][-1].astype(float)
    fit = before @ np.linalg.solve(before.T @ before, before.T @ after)
    assert np.allclose(fit, t["bent_fit"], atol=1e-4 * np.abs(after).max())
    return float(((after - fit) ** 2).sum() / ((after - after.mean(0)) ** 2).sum())


def misses(told: Told) -> bool:
    share = missed(told)
    return abs(share - told.trace["bent_missed"][0]) < 1e-4 and told.shows("missed", float(told.trace["bent_missed"][0]))


def two_are_one(told: Told) -> bool:
    """The product of the first two matrices takes every point where they take it one after the other."""
    first, second = told.trace["matrices"][:2].astype(float)
    points = told.trace["pile"][0].astype(float)
    return np.allclose(points @ (second @ first).T, (points @ first.T) @ second.T) and np.allclose(told.trace["products"][2], second @ first, atol=1e-6)


def bends_of_the_chapter(told: Told) -> bool:
    x = torch.tensor([-1.0, -0.2, 0.3, 2.0])
    return torch.equal(torch.relu(x), torch.where(x < 0, 0.0, x))


def relu_scored(told: Told) -> float:
    return score(told, "function_accuracies", 0, "function_planes")


CHECKS: dict[str, Callable[[Told], Any]] = {
    "{n} layers, one after another.": lambda told: told.shows("n", told.params.layers) and len(told.trace["pile"]) == told.params.layers + 1,
    "How many of them does it take?": general("a question"),
    "Pull every thread straight.": general("what the picture does"),
    "That is one single layer.": lambda told: told.trace["relative"] < 1e-4,
    "They agree to the last digit.": lambda told: np.allclose(told.trace["pile"][-1], told.trace["pile"][0] @ told.trace["products"][-1].T, rtol=1e-6, atol=1e-6),
    "They differ by less than {d}: mere rounding.": pile_differs,
    "All the others were for show.": lambda told: told.params.layers > 1 and told.trace["relative"] < 1e-4,
    "A layer turns and stretches. Lines stay lines.": lambda told: np.allclose(np.linalg.det(told.trace["matrices"].astype(float)), 1, atol=1e-5),
    "Two straight moves make one.": two_are_one,
    "All {n} together: still four numbers.": lambda told: told.shows("n", told.params.layers) and told.trace["products"][-1].size == 4,
    "One layer can only cut along a straight line.": halves,
    "Is that enough to part discs from rings?": general("a question"),
    "The best of all lines gets {best}.": lambda told: told.shows("best", best_line(told)) and best_line(told) < 0.99,
    "It is: {best}.": lambda told: told.shows("best", best_line(told)) and best_line(told) >= 0.99,
    "Fold each neuron’s line at zero.": general("what the picture does"),
    "Below zero: nothing. Above: unchanged. That is ReLU.": bends_of_the_chapter,
    "A deep network with that bend: {score} of new points.": lambda told: told.shows("score", relu_scored(told)),
    "How much of a bend does it need?": general("a question"),
    "{n} networks without a bend: {k} succeed.": lambda told: of_seeds(told, 0) and told.shows("n", told.params.seeds),
    "With a bend of {a}: {k} succeed.": lambda told: of_seeds(told, slight(told)) and told.shows("a", bend_angle(told)),
    "Is this line straight?": general("a question"),
    "Not quite: it bends by {a}.": lambda told: told.shows("a", bend_angle(told)),
    "{k} such bends cut the plane into over {n} flat pieces.": lambda told: told.shows("k", 4 * told.params.width) and len(np.unique(told.trace["facet_map"])) > int(told.shown["n"].replace(",", "")) > 0,
    "These bend as well.": curves_are_theirs,
    "Parting the two classes: {k}.": lambda told: told.shown["k"] == {0: "none", 6: "all of them"}.get(parted(told), "not all"),
    "Dimmed: hardly any slope, so hardly any learning.": flat,
    "{dead} of {all} neurons never fire. It manages: {score}.": lambda told: never(told) and dark(told) > 0 and relu_scored(told) >= 0.95,
    "{dead} of {all} neurons never fire: {score}.": lambda told: never(told) and dark(told) > 0 and relu_scored(told) < 0.95,
    "Each of {all} neurons fires for some point: {score}.": lambda told: never(told) and dark(told) == 0,
    "Here a whole layer is silent: {score}.": dark_layer,
    "Now bend all {n} layers by {a}.": lambda told: told.shows("n", told.params.layers) and told.shows("a", bend_angle(told)),
    "The best single layer now misses {missed}.": misses,
    "Layers count only if they bend.": lambda told: told.trace["relative"] < 1e-4,
    "How many does it take to read a digit?": general("a question"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_every_sentence_is_so(case):
    assert not faults(heard(chapter(), case, CASES), CHECKS)


@settings(max_examples=8)
@given(
    layers=st.integers(2, 200), width=st.integers(4, 16), left_slope=st.sampled_from([0.0, 0.3, 0.9, 0.97, 0.98]),
    data=st.sampled_from(["rings", "moons", "xor"]), noise=st.sampled_from([0.0, 0.05, 0.2]), seed=st.integers(0, 999),
    seeds=st.integers(2, 6), precision=st.sampled_from(["float32", "float64"]),
)  # fmt: skip
def test_every_sentence_is_so_of_networks_that_hardly_learned(**params):
    """Trained for a few steps only: some have learned nothing, some have lines only, none has done well."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(activations, "STEPS", 10)
        patch.setattr(activations, "SNAPSHOTS", (0, 10))
        found = activations.record(**params)
    given_too = {f"parameters.{name}": np.asarray(value) for name, value in params.items() if not isinstance(value, str)}
    trace = Trace(found.arrays, found.text).with_given(given_too)
    assert not faults(tell(chapter(), trace, **params), CHECKS)


def test_no_check_believes_the_opposite():
    assert not believed([one for case in CASES for one in heard(chapter(), case, CASES)], CHECKS)


def test_no_word_of_the_source_can_be_exchanged_unnoticed():
    found = mutants(chapter(), [("below", "above"), ("all", "none"), ("same", "other"), ("never", "always"), ("more", "fewer"), ("best", "worst")])
    spoken = [mutant for mutant in found if " " in mutant.was and mutant.was[-1] in ".?"]
    assert len(spoken) >= 7
    told = {one.template for case in CASES for one in heard(chapter(), case, CASES)}
    assert not [str(mutant) for mutant in spoken if mutant.was in told and survives(chapter(), mutant, CASES, CHECKS)]
