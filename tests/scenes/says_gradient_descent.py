"""Gradient descent: every sentence is derived again, from closed forms of the surfaces and from the points of the runs alone."""

from __future__ import annotations

import dataclasses
import math
import sys
from collections.abc import Callable
from functools import cache, cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import scipy.optimize
import torch
from contract import OPPOSITES, Told, believed, faults, general, heard, mutants, reads, shows, survives, tell
from hypothesis import given, settings
from hypothesis import strategies as st
from productions import load

from nnanim.sim import descents, landscape, trained_loss

train = cache(lambda seed: trained_loss.train_network(seed))
"""The network does not depend on the runs: it is trained once for each seed."""


@pytest.fixture(scope="module", autouse=True)
def trained_once():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(landscape, "train_network", lambda seed, report=None: train(seed))
        for name, size in (("GRID", 15), ("NETWORK_GRID", 7), ("FOLLOWED", 150), ("RANDOM_STARTS", 120), ("THROWN_STEPS", 2500)):
            patch.setattr(descents, name, size)  # as many starts as tell the same story; the shipped record has them all
        yield


def chapter() -> Any:
    return load("gradient-descent")


# The default, places where a gradient is nothing, and one for each outcome.
CASES: dict[str, dict[str, Any]] = {
    "default": {},
    "as asked": {"learning_rate": 0.6},
    "saddle": {"surface": "saddle", "start": (0, 0), "steps": 10},
    "past a saddle": {"surface": "saddle", "start": (-1.8, 0.0001), "steps": 150},
    "maximum": {"start": (-0.2708445906, -0.9230385565), "steps": 10},
    "minimum": {"surface": "bowl", "start": (0, 0), "steps": 10},
    "settles": {"surface": "bowl", "learning_rate": 0.55, "steps": 50},
    "oscillates": {"surface": "bowl", "learning_rate": 0.588, "steps": 30},
    "grows": {"surface": "bowl", "learning_rate": 0.62, "steps": 20, "momentum": 0},
    "out at once": {"surface": "rosenbrock", "start": (-2, -1), "learning_rate": 10, "steps": 10},
    "stalls": {"surface": "saddle", "start": (-1.8, 0), "steps": 25, "learning_rate": 0.5},
    "too heavy": {"learning_rate": 0.005, "start": (4, 1), "heavy_momentum": 0.9, "steps": 60},
    "weight costs": {"surface": "bowl", "learning_rate": 0.3, "heavy_momentum": 0.9, "steps": 200},
    "adam": {"surface": "saddle", "optimiser": "adam", "steps": 100, "learning_rate": 0.05},
    "on the network": {"surface": "network", "steps": 10, "seed": 0},
}


# The surfaces and the runs, a second time ----------------------------------------------------------------

MINIMA = {
    "bowl": [(0, 0)],
    "rosenbrock": [(1, 1)],
    "himmelblau": [(3, 2), (-2.805118, 3.131312), (-3.779310, -3.283186), (3.584428, -1.848126)],
    "saddle": [(0, math.sqrt(2)), (0, -math.sqrt(2))],
}
DIAGONALS = {"bowl": math.hypot(6, 4), "rosenbrock": math.hypot(4, 4), "himmelblau": math.hypot(10, 10), "saddle": math.hypot(4.8, 4)}
LOSSES: dict[str, Callable[[float, float], float]] = {
    "bowl": lambda x, y: 0.35 * x * x + 1.7 * y * y,
    "rosenbrock": lambda x, y: (1 - x) ** 2 + 100 * (y - x * x) ** 2,
    "himmelblau": lambda x, y: (x * x + y - 11) ** 2 + (x + y * y - 7) ** 2,
    "saddle": lambda x, y: 0.5 * (x * x - y * y) + y**4 / 8,
}
GRADIENTS: dict[str, Callable[[float, float], tuple[float, float]]] = {
    "bowl": lambda x, y: (0.7 * x, 3.4 * y),
    "rosenbrock": lambda x, y: (-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)),
    "himmelblau": lambda x, y: (4 * x * (x * x + y - 11) + 2 * (x + y * y - 7), 2 * (x * x + y - 11) + 4 * y * (x + y * y - 7)),
    "saddle": lambda x, y: (x, -y + y**3 / 2),
}


class Walk:
    """A run of the trace, its surface by hand, and where it goes when it is walked on by hand."""

    def __init__(self, told: Told, name: str) -> None:
        self.points = told.trace[f"{name}.points"]
        self.surface = told.params.surface
        self.seed = told.params.seed
        self.rate = float(told.trace[f"{name}.learning_rate"])
        self.steps = len(self.points) - 1
        self.asked = told.params.steps
        heavy = name == "heavy"
        self.optimiser = "momentum" if heavy else told.params.optimiser
        self.momentum = told.params.heavy_momentum if heavy else told.params.momentum

    def loss(self, place: Any) -> float:
        if self.surface != "network":
            return LOSSES[self.surface](*map(float, place))
        return float(network_loss(self.seed, torch.tensor(np.array(place, dtype=float))))

    def gradient(self, place: Any) -> np.ndarray:
        if self.surface != "network":
            return np.array(GRADIENTS[self.surface](*map(float, place)))
        theta = torch.tensor(np.array(place, dtype=float), requires_grad=True)
        return torch.autograd.grad(network_loss(self.seed, theta), theta)[0].numpy()

    @cached_property
    def losses(self) -> np.ndarray:
        return np.array([self.loss(place) for place in self.points])

    @cached_property
    def moves(self) -> np.ndarray:
        return np.diff(self.points, axis=0)

    @cached_property
    def lengths(self) -> np.ndarray:
        return np.hypot(*self.moves.T)

    @property
    def diagonal(self) -> float:
        return DIAGONALS.get(self.surface, math.hypot(2, 2))

    def direction(self, step: int) -> np.ndarray:
        """What a step multiplies by −learning rate, by the definition of its optimiser."""
        slopes = [self.gradient(place) for place in self.points[: step + 1]]
        if self.optimiser == "sgd":
            return slopes[-1]
        if self.optimiser == "momentum":
            return sum(self.momentum ** (step - n) * slope for n, slope in enumerate(slopes))
        first = sum(0.1 * 0.9 ** (step - n) * slope for n, slope in enumerate(slopes)) / (1 - 0.9 ** (step + 1))
        second = sum(0.001 * 0.999 ** (step - n) * slope**2 for n, slope in enumerate(slopes)) / (1 - 0.999 ** (step + 1))
        return first / (np.sqrt(second) + 1e-8)

    def on(self) -> np.ndarray:
        """The points of as many steps again; infinity from where the run is out of bounds."""
        slopes = [self.gradient(place) for place in self.points[:-1]]
        velocity, first, second = np.zeros(2), np.zeros(2), np.zeros(2)
        for slope in slopes:
            velocity, first, second = self.momentum * velocity + slope, 0.9 * first + 0.1 * slope, 0.999 * second + 0.001 * slope**2
        place, further = self.points[-1], []
        for step in range(self.steps + 1, 2 * self.steps + 1):
            slope = self.gradient(place)
            velocity, first, second = self.momentum * velocity + slope, 0.9 * first + 0.1 * slope, 0.999 * second + 0.001 * slope**2
            corrected = first / (1 - 0.9**step), second / (1 - 0.999**step)
            go = {"sgd": slope, "momentum": velocity, "adam": corrected[0] / (np.sqrt(corrected[1]) + 1e-8)}[self.optimiser]
            place = place - self.rate * go
            further.append(place)
            if not (np.abs(place).max() <= 1e6 and self.loss(place) <= 1e6):
                break
        return np.array(further[:-1] + [np.full(2, np.inf)] * (self.steps + 1 - len(further)) if len(further) < self.steps else further)

    @cached_property
    def minimum(self) -> np.ndarray | None:
        if self.surface != "network":
            places = np.array(MINIMA[self.surface], dtype=float)
            return places[np.hypot(*(places - self.points[-1]).T).argmin()]
        found = scipy.optimize.minimize(self.loss, self.points[-1], jac=self.gradient, method="BFGS", options={"gtol": 1e-8}).x
        bends = np.array([(self.gradient(found + 1e-5 * axis) - self.gradient(found - 1e-5 * axis)) / 2e-5 for axis in np.eye(2)])
        return found if np.linalg.eigvalsh(bends).min() > 1e-6 else None

    @cached_property
    def turns(self) -> bool:
        """Whether more than half of its steps lead back, among those that lead anywhere."""
        going = [(a, b) for a, b in zip(self.moves[:-1], self.moves[1:], strict=True) if min(np.hypot(*a), np.hypot(*b)) > 1e-9 * self.diagonal]
        back = sum(abs(math.remainder(math.atan2(*a) - math.atan2(*b), math.tau)) > math.pi / 2 for a, b in going)
        return len(going) >= 3 and back > len(going) / 2

    @cached_property
    def became(self) -> str:
        """What became of the run, by its points alone."""
        losses = self.losses
        if not (np.abs(self.points[-1]).max() <= 1e6 and losses[-1] <= 1e6):
            return "out of bounds"
        further = self.on()
        after = np.array([self.loss(place) if np.isfinite(place).all() else np.inf for place in further])
        half = self.steps // 2
        peaks = [max(losses[: half + 1]), max(losses[half + 1 :]), max(after[: (self.steps + 1) // 2]), max(after[(self.steps + 1) // 2 :])]
        rising = [b == np.inf or b - a > 1e-6 * max(1, abs(a), abs(b)) for a, b in pairwise(peaks)]
        if higher(losses[-1], losses[0]) and all(rising):
            return "diverges"
        goal, close = self.minimum, 0.02 * self.diagonal
        if goal is not None:
            ends = np.hypot(*(self.points - goal).T)[-max(3, len(self.points) // 10) :]
            later = np.hypot(*(further - goal).T)
            one, two = later[: (self.steps + 1) // 2].max(), later[(self.steps + 1) // 2 :].max()
            if max(ends.max(), one, two) <= close and two <= one * (1 + 1e-6) + 1e-6 * close:
                return "settles" if self.turns else "converges"
        if self.turns:
            return "oscillates"
        far = goal is None or np.hypot(*(self.points[-1] - goal)) > close
        return "stalls" if far and np.hypot(*self.gradient(self.points[-1])) < 1e-6 else "on its way"


_walks: dict[tuple[str, str], Walk] = {}


def walk(told: Told, name: str) -> Walk:
    """A run, looked into once however many sentences are about it."""
    key = (told.trace.digest, name)
    if key not in _walks:
        _walks[key] = Walk(told, name)
    return _walks[key]


@cache
def planes(seed: int) -> list[tuple[torch.Tensor, ...]]:
    network = train(seed)
    return list(zip(network.weights, *network.directions, strict=True))


def network_loss(seed: int, theta: torch.Tensor) -> torch.Tensor:
    """The loss of the small network with its weights moved along the two directions, layer by layer."""
    moved = [w + theta[0] * a + theta[1] * b for w, a, b in planes(seed)]
    x, y = train(seed).points, train(seed).labels
    for weight, bias in ((moved[0], moved[1]), (moved[2], moved[3])):
        x = torch.tanh(x @ weight.T + bias)
    p = torch.sigmoid(x @ moved[4].T + moved[5])[:, 0].clamp(1e-300, 1)
    q = torch.sigmoid(-(x @ moved[4].T + moved[5]))[:, 0].clamp(1e-300, 1)
    return -(y * p.log() + (1 - y) * q.log()).mean()


def higher(one: float, other: float) -> bool:
    """Whether a loss is higher than another by more than a millionth."""
    return one - other > 1e-6 * max(1.0, abs(one), abs(other))


# Many runs at once ---------------------------------------------------------------------------------------


def gradients(told: Told, places: np.ndarray) -> np.ndarray:
    """Gradients at many places, (n, 2), by hand; on the network's surface by autograd of its loss as it is written here."""
    if told.params.surface != "network":
        return np.stack(np.broadcast_arrays(*GRADIENTS[told.params.surface](*places.T)), axis=-1)
    slopes = torch.func.vmap(torch.func.grad(lambda theta: network_loss(told.params.seed, theta)))
    return slopes(torch.tensor(places)).numpy()


def losses_at(told: Told, places: np.ndarray) -> np.ndarray:
    if told.params.surface != "network":
        return np.asarray(LOSSES[told.params.surface](*places.T))
    return torch.func.vmap(lambda theta: network_loss(told.params.seed, theta))(torch.tensor(places)).numpy()


def walked_by_hand(told: Told, places: np.ndarray, rate: float, steps: int, optimiser: str = "sgd") -> np.ndarray:
    """Where many balls are after each step, (steps + 1, n, 2)."""
    p, found = told.params, [places]
    velocity, first, second = np.zeros_like(places), np.zeros_like(places), np.zeros_like(places)
    with np.errstate(all="ignore"):
        for step in range(1, steps + 1):
            slope = gradients(told, found[-1])
            velocity, first, second = p.momentum * velocity + slope, 0.9 * first + 0.1 * slope, 0.999 * second + 0.001 * slope**2
            adam = (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
            found.append(found[-1] - rate * {"sgd": slope, "momentum": velocity, "adam": adam}[optimiser])
    return np.array(found)


def bends(told: Told, place: Any) -> tuple[np.ndarray, np.ndarray]:
    """Curvatures, rising, and their directions as columns, by differences of gradients."""
    step = 1e-5
    rows = [(gradients(told, np.array([place + axis]))[0] - gradients(told, np.array([place - axis]))[0]) / (2 * step) for axis in step * np.eye(2)]
    values, ways = np.linalg.eigh((np.array(rows) + np.array(rows).T) / 2)
    return values, ways


def minima(told: Told) -> np.ndarray:
    """The minima in the window, the sharpest first; of the network those of the trace, once they are found to be minima."""
    if told.params.surface != "network":
        places = np.array(MINIMA[told.params.surface], dtype=float)
    else:
        places = told.trace["bottoms.points"]
        assert all(np.linalg.norm(gradients(told, place[None])) < 1e-3 and bends(told, place)[0].min() > 0 for place in places)
    return places[np.argsort([-bends(told, place)[0][-1] for place in places], kind="stable")]


def half(told: Told) -> float:
    x, y = told.trace["surface.x"], told.trace["surface.y"]
    return max(np.ptp(x), np.ptp(y)) / 2


# What each sentence says ---------------------------------------------------------------------------------


def higher_is_worse(told: Told) -> bool:
    """The ground is drawn the higher the larger the loss is, on the scale that is said."""
    losses, heights = told.trace["surface.losses"], told.trace["surface.heights"]
    share = (losses - losses.min()) / (losses.max() - losses.min())
    stretched = told.params.surface in ("himmelblau", "rosenbrock")
    expected = np.log1p(150 * share) / math.log(151) if stretched else share
    scale = "logarithmic" if stretched else "linear"
    return bool(np.allclose(heights, expected)) and told.trace.text["surface.scale"] == scale


def level(told: Told) -> bool:
    slope = np.hypot(*walk(told, "descent").gradient(told.params.start))
    return ("level" in told.template) == (slope < 1e-6)


def uphill(told: Told) -> bool:
    run, start = walk(told, "descent"), np.array(told.params.start, dtype=float)
    slope = run.gradient(start)
    tiny = 1e-6 * slope / np.hypot(*slope)
    up = run.loss(start + tiny) > run.loss(start - tiny)
    return bool(up) and bool((told.trace["descent.updates"][0] * slope).sum() > 0)


def one_step(told: Told) -> bool:
    run = walk(told, "descent")
    went = np.allclose(run.points[1], run.points[0] - run.rate * run.direction(0), rtol=1e-9, atol=1e-9 * run.rate)
    slope = np.allclose(run.direction(0), run.gradient(run.points[0]), rtol=1e-6)
    return bool(went) and ("slope" in told.template) == bool(slope)


def first_steps(told: Told) -> bool:
    run = walk(told, "descent")
    reach = min(8, run.steps)
    a, b = run.losses[0], run.losses[reach]
    word = "down" if higher(a, b) else "up" if higher(b, a) else "hardly"
    right = told.shows("b", b) and ("a" not in told.shown or told.shows("a", a))
    return right and f" {word} " in f" {told.template.lower()} "


def all_but_stopped(told: Told) -> bool:
    """Some step is next to nothing while the loss is high above the end, and a later one is ten times as long."""
    run = walk(told, "descent")
    quiet = [n for n in range(run.steps) if run.lengths[n] < 2e-4 * half(told) and run.losses[n] > run.losses[-1] + 1]
    return any(run.lengths[n:].max() > 10 * run.lengths[n] for n in quiet)


def saddle(told: Told) -> bool:
    run = walk(told, "descent")
    low, high = bends(told, run.points[int(told.trace["rest.step"])])[0]
    return all_but_stopped(told) and ("saddle" in told.template) == bool(low < 0 < high)


def became(outcome: str, name: str = "descent") -> Callable[[Told], bool]:
    """The check of a sentence on what became of a run: its outcome, its steps, and its last loss."""

    def check(told: Told) -> bool:
        run = walk(told, name)
        right = "n" not in told.shown or told.shown["n"] == (f"{run.steps} step" if run.steps == 1 else f"{run.steps} steps")
        return right and ("b" not in told.shown or told.shows("b", run.losses[-1])) and run.became == outcome

    return check


def rate(outcome: str) -> Callable[[Told], bool]:
    """The check of what a learning rate leads to, and where."""

    def check(told: Told) -> bool:
        first = walk(told, "descent")
        for n in range(3):
            run = walk(told, f"rate[{n}]")
            steps = "n" not in told.shown or told.shown["n"] == (f"{run.steps} step" if run.steps == 1 else f"{run.steps} steps")
            if not (told.shows("rate", run.rate) and run.became == outcome and steps):
                continue
            apart = np.hypot(*(run.points[-1] - first.points[-1])) > 0.02 * run.diagonal
            other = apart and {run.became, first.became} <= {"converges", "settles"}
            if other == ("elsewhere" in told.template):
                return True
        return False

    return check


def aside(told: Told) -> bool:
    one, other = told.trace["descent.points"][0], told.trace["second.points"][0]
    return np.hypot(*(one - other)) <= 1.001e-3 * half(told) and not np.array_equal(one, other) and np.array_equal(one, np.array(told.params.start, dtype=float))


def ends(told: Told) -> bool:
    one, other = walk(told, "descent"), walk(told, "second")
    if "out of bounds" in (one.became, other.became):
        return "out of all bounds" in told.template
    apart = np.hypot(*(one.points[-1] - other.points[-1]))
    if "out of all bounds" in told.template or ("Yes" in told.template) != bool(apart <= 0.02 * one.diagonal):
        return False
    return "d" not in told.shown or told.shows("d", apart)


def depths(told: Told) -> bool:
    places = minima(told)
    same = len(places) > 1 and np.ptp(losses_at(told, places)) < 1e-9
    words = {0: "no bottom", 1: "one bottom"}.get(len(places), "all equally deep" if same else "not equally deep")
    return words in told.template


def fates(told: Told) -> np.ndarray:
    """In which bottom each start of the grid ends, −1 for none; walked again by hand."""
    p, places = told.params, minima(told)
    starts, steps = told.trace["starts.places"], int(told.trace["starts.steps"])
    last = walked_by_hand(told, starts, p.learning_rate, steps, p.optimiser)[-1]
    away = np.nan_to_num(np.linalg.norm(last[:, None] - places, axis=-1), nan=np.inf) if len(places) else np.full((len(starts), 1), np.inf)
    return np.where(away.min(axis=1) <= 0.02 * walk(told, "descent").diagonal, away.argmin(axis=1), -1)


def fate(told: Told) -> bool:
    found = fates(told)
    caught = np.unique(found[found >= 0])
    if len(caught) > 1:
        return "decides" in told.template
    if not len(caught):
        return "No start" in told.template
    if (found >= 0).all():
        return "Every start" in told.template
    return "share" in told.shown and told.shows("share", (found >= 0).mean())


def limits(told: Told) -> np.ndarray:
    return np.array([2 / bends(told, place)[0][-1] for place in minima(told)])


def forecast(told: Told) -> bool:
    found = limits(told)
    return told.shows("limit", found.min()) and (len(found) > 1) == ("sharpest" in told.template)


def thrown(told: Told, number: int) -> np.ndarray:
    """How far each ball ends from its bottom, put 0.002 half extents beside it along the sharpest way."""
    places = minima(told)
    ways = np.array([bends(told, place)[1][:, -1] for place in places])
    steps = int(told.trace["thrown.last"])
    nudged = places + 2e-3 * half(told) * ways
    ends = walked_by_hand(told, nudged, float(told.trace["thrown.rates"][number]), steps)[-2:] - places
    return np.nan_to_num(np.linalg.norm(ends, axis=-1).max(axis=0), nan=np.inf)


def tried(number: int) -> Callable[[Told], bool]:
    """The check of what a rate just below (0) or just above (1) the smallest limit does to the balls."""

    def check(told: Told) -> bool:
        if not told.shows("rate", float(told.trace["thrown.rates"][number])):
            return False
        below, above = (float(r) for r in told.trace["thrown.rates"][:2])
        smallest, away = limits(told).min(), thrown(told, number) / (2e-3 * half(told))
        if not below < smallest < above:
            return False
        if number == 0:
            return ("not every" not in told.template) == bool((away < 0.1).all())
        so = bool(away[0] > 10 and (away[1:] < 0.1).all())
        return so != ("not as foretold" in told.template) and ("sharpest" in told.template) == (so and len(away) > 1)

    return check


def deep_not_safe(told: Told) -> bool:
    away = thrown(told, 1) / (2e-3 * half(told))
    return bool(np.ptp(losses_at(told, minima(told))) < 1e-9 and len(away) > 1 and away[0] > 10 and (away[1:] < 0.1).all())


def there(told: Told, name: str) -> int:
    """The first step after which the loss is within 0.001 of its minimum's; −1 when there is none."""
    run = walk(told, name)
    if run.became == "out of bounds" or run.minimum is None:
        return -1
    at = np.flatnonzero(run.losses <= run.loss(run.minimum) + 1e-3)
    return int(at[0]) if len(at) else -1


def weight(told: Told) -> bool:
    plain, heavy = there(told, "descent"), there(told, "heavy")
    steps = {"a": heavy, "b": plain, "s": walk(told, "heavy").steps}
    if not all(told.shown[name] == (f"{n} step" if n == 1 else f"{n} steps") for name, n in steps.items() if name in told.shown):
        return False
    if heavy < 0:
        return "not there after" in told.template
    if plain >= 0:
        apart = np.hypot(*(walk(told, "heavy").points[-1] - walk(told, "descent").points[-1]))
        elsewhere = bool(apart > 0.02 * walk(told, "descent").diagonal)
        if elsewhere or "another bottom" in told.template:
            return elsewhere and "another bottom" in told.template
    words = "not at all" if plain < 0 else "helps" if heavy < plain else "costs" if heavy > plain else "nothing"
    return words in told.template and ("not at all" in told.template) == (plain < 0)


def crawl(told: Told, points: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(np.diff(points, axis=0), axis=-1)
    losses = np.array([losses_at(told, row) for row in points])
    with np.errstate(invalid="ignore"):
        return ((lengths < 2e-4 * half(told)) & (losses[:-1] > losses[-1] + 1)).sum(axis=0)


def nasty(told: Told) -> bool:
    p, starts = told.params, told.trace["random.places"]
    own = int(crawl(told, walk(told, "descent").points[:, None])[0])
    points = walked_by_hand(told, starts, p.learning_rate, int(told.trace["starts.steps"]), p.optimiser)
    as_long = int((crawl(told, np.where(np.abs(points) <= 1e6, points, np.nan)) >= max(own, 1)).sum())
    counted = "c" not in told.shown or told.shown["c"] == (f"{own} step" if own == 1 else f"{own} steps")
    return counted and told.shows("m", len(starts)) and told.shows("k", as_long) and ("never" in told.template) == (own == 0)


def of_the_network(told: Told) -> bool:
    """Parameters of a 2-8-8-1 network counted by torch."""
    layers = torch.nn.Sequential(torch.nn.Linear(2, 8), torch.nn.Linear(8, 8), torch.nn.Linear(8, 1))
    count = sum(p.numel() for p in layers.parameters())
    return "far more than two" in told.template and count > 50 and count == int(told.trace["network.parameter_count"])


def in_the_middle(told: Told) -> bool:
    """The middle of both slices is where nothing is added to the trained weights."""
    trained = float(network_loss(told.params.seed, torch.zeros(2, dtype=torch.float64)))
    centres = [told.trace[f"{name}.losses"][32, 32] for name in ("network", "slice")]
    moved = [told.trace[f"{name}.{axis}"][32] for name in ("network", "slice") for axis in "xy"]
    return np.allclose(centres, trained, rtol=1e-9) and not np.any(moved)


def hills(told: Told) -> bool:
    one, other = (told.trace[f"{name}.losses"].ravel() for name in ("network", "slice"))
    likeness = ((one - one.mean()) * (other - other.mean())).mean() / (one.std() * other.std())
    return ("other hills" in told.template) == bool(likeness < 0.8)


def answer(told: Told) -> bool:
    enough = walk(told, "descent").became in ("converges", "settles")
    found = fates(told)
    choose = enough and len(np.unique(found[found >= 0])) > 1
    return ("Not enough" in told.template) != enough and ("choose" in told.template) == choose


CHECKS: dict[str, Callable[[Told], Any]] = {
    "In fog, you feel only the slope. Can you find the bottom?": general("the question"),
    "Nearly every neural network learned by such a walk.": general("why it matters"),
    "Height is the loss: how wrong it is.": higher_is_worse,
    "Which way is down?": level,
    "Which way is down? Here the ground is level.": level,
    "The slope points up. So go the other way.": uphill,
    "One step: learning rate times slope.": one_step,
    "One step: learning rate times Adam’s direction.": one_step,
    "From {a} down to {b}.": first_steps,
    "From {a} up to {b}.": first_steps,
    "Hardly any change: {b}.": first_steps,
    "Now it has all but stopped.": all_but_stopped,
    "Is this the bottom?": general("a question"),
    "No. A saddle: down was there, only faint.": saddle,
    "No. It moves on.": saddle,
    "It is out of all bounds: it diverges.": became("out of bounds"),
    "Its peaks still grow: it diverges.": became("diverges"),
    "It overshoots, yet converges.": became("settles"),
    "It converges.": became("converges"),
    "It oscillates.": became("oscillates"),
    "It stalls: no slope is left, and no bottom is near.": became("stalls"),
    "It is still on its way.": became("on its way"),
    "A second ball, a touch to the side.": aside,
    "Same rule. Same end?": general("a question"),
    "No end at all: out of all bounds.": ends,
    "No. They end apart.": ends,
    "Yes, this time.": ends,
    "Several bottoms, all equally deep.": depths,
    "Several bottoms, not equally deep.": depths,
    "There is one bottom.": depths,
    "There is no bottom in sight.": depths,
    "The start decides which.": fate,
    "Every start ends in it.": fate,
    "{share} of the starts end in a bottom.": fate,
    "No start ends in a bottom.": fate,
    "Three learning rates.": lambda told: len({tuple(told.trace[f"rate[{n}].points"][0]) for n in range(3)}) == 1,
    "Rate {rate}: gone. Out of all bounds.": rate("out of bounds"),
    "Rate {rate}: its peaks grow. It diverges.": rate("diverges"),
    "Rate {rate} overshoots, then converges elsewhere.": rate("settles"),
    "Rate {rate} overshoots, yet converges.": rate("settles"),
    "Rate {rate} converges elsewhere.": rate("converges"),
    "Rate {rate} converges.": rate("converges"),
    "Rate {rate} oscillates.": rate("oscillates"),
    "Rate {rate} stalls: no slope is left.": rate("stalls"),
    "Rate {rate}: still on its way.": rate("on its way"),
    "Equally deep. Does a ball settle in each at any step?": lambda told: len(minima(told)) > 1 and np.ptp(losses_at(told, minima(told))) < 1e-9,
    "Does a ball settle in a bottom at any step?": general("a question"),
    "By its curvature, the sharpest should fail first, above {limit}.": forecast,
    "By its curvature, this one should fail above {limit}.": forecast,
    "At {rate} every ball settles.": tried(0),
    "At {rate} not every ball settles.": tried(0),
    "At {rate} the ball in the sharpest never settles.": tried(1),
    "At {rate} it never settles.": tried(1),
    "At {rate} it is not as foretold.": tried(1),
    "Deep does not mean safe.": deep_not_safe,
    "With momentum {a} instead of {b}, to another bottom.": weight,
    "Momentum helps: there in {a} instead of {b}.": weight,
    "Momentum costs: there in {a} instead of {b}.": weight,
    "Momentum changes nothing: both are there in {a}.": weight,
    "Momentum helps: there in {a}. Without it, not at all.": weight,
    "With that momentum it is not there after {s}.": weight,
    "Did we pick a nasty start?": general("a question"),
    **dict.fromkeys((
        "Ours crawled for {c}. Of {m} random starts, {k} crawl as long.",
        "Ours crawled for {c}. Of {m} random starts, {k} crawls as long.",
        "Ours never crawled. Of {m} random starts, {k} do.",
        "Ours never crawled. Of {m} random starts, {k} does.",
    ), nasty),
    "A real network has far more than two dials.": of_the_network,
    "Two slices, both through its trained weights.": in_the_middle,
    "Same network, same point: other hills.": hills,
    "Same network, same point: much the same hills.": hills,
    "Enough to find a bottom. Start and step choose which.": answer,
    "Enough to find a bottom, from this start with this step.": answer,
    "Not enough, from this start with this step.": answer,
    "Somebody said how wrong. What if nobody does?": general("the question that hands over"),
}  # fmt: skip
RARE = {
    "No. It moves on.", "There is no bottom in sight.", "At {rate} not every ball settles.", "At {rate} it is not as foretold.",
    "Same network, same point: much the same hills.", "Ours never crawled. Of {m} random starts, {k} does.", "Several bottoms, not equally deep.",
    "Ours crawled for {c}. Of {m} random starts, {k} crawls as long.", "Rate {rate} converges elsewhere.",
    "Ours crawled for {c}. Of {m} random starts, {k} crawl as long.",
    "Rate {rate}: its peaks grow. It diverges.",
}  # fmt: skip
"""Sentences that no case here has come to; their checks hold them wherever they are told."""


@pytest.mark.parametrize("case", CASES)
def test_every_sentence_is_so(case):
    assert not faults(heard(chapter(), case, CASES), CHECKS)


def test_every_sentence_is_told_in_some_case():
    told = {one.template for case in CASES for one in heard(chapter(), case, CASES)}
    assert sorted(set(CHECKS) - told - RARE) == []


def test_the_checks_notice_another_trace():
    """What is told of one run is false of another: each check looks at what it is given."""
    default, other = (heard(chapter(), case, CASES) for case in ("default", "as asked"))
    swapped = [dataclasses.replace(one, trace=other[0].trace, params=other[0].params) for one in default]
    false = {one.template for one in swapped if faults([one], CHECKS)}
    assert {"From {a} down to {b}.", "It converges.", "No. They end apart."} <= false


@settings(max_examples=3)
@given(
    surface=st.sampled_from(["bowl", "rosenbrock", "himmelblau", "saddle"]),
    start=st.tuples(st.floats(-2, 2), st.floats(-1, 2)) | st.sampled_from([(0, 0), (1, 1), (0, 1.4142135623730951)]),
    power=st.floats(-3, 0.5),
    momentum=st.sampled_from([0, 0.3, 0.9]),
    heavy_momentum=st.sampled_from([0.3, 0.9, 0.99]),
    steps=st.integers(10, 30),
    optimiser=st.sampled_from(["sgd", "momentum", "adam"]),
)
def test_every_sentence_is_so_under_any_parameters(power, surface, **params):
    rates = {"bowl": 1, "rosenbrock": 0.005, "himmelblau": 0.02, "saddle": 1}
    told = tell(chapter(), surface=surface, learning_rate=float(f"{rates[surface] * 10**power:.3g}"), **params)
    assert not faults(told, CHECKS)


def test_no_check_believes_the_opposite():
    told = [one for case in CASES for one in heard(chapter(), case, CASES)]
    assert not believed(told, CHECKS)


def test_no_word_of_the_source_can_be_exchanged_unnoticed():
    found = mutants(chapter(), [*OPPOSITES[:3], ("up", "down"), ("helps", "costs"), ("every", "no"), ("enough", "short")])
    spoken = [mutant for mutant in found if " " in mutant.was]
    assert len(spoken) >= 8
    assert not [str(mutant) for mutant in spoken if survives(chapter(), mutant, CASES, CHECKS)]


@pytest.mark.parametrize("case", CASES)
def test_the_words_under_the_three_rates_are_what_became_of_them(case):
    words = {"out of bounds": "diverges", "settles": "converges"}
    told = heard(chapter(), case, CASES)[0]
    shown = [sys.modules[chapter().__module__].RATE.of(view).phrase for view in told.trace.each("rate", 3)]
    became = [walk(told, f"rate[{n}]").became for n in range(3)]
    assert shown == [words.get(outcome, outcome) for outcome in became]


def test_numbers_are_shown_as_this_file_reads_them():
    assert shows("over 1,000,000", 2e6) and shows("under 0.000001", 5e-7) and not shows("under 0.000001", 0.0)
    assert reads("25.6 %")[0] == pytest.approx(0.256)
