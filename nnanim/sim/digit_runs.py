"""Runs on handwritten digits: both parts of the digits, the networks, and what is measured of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from nnanim.sim.data import Examples, mnist, split
from nnanim.sim.multilayer import Networks, accuracy, seeded, silent
from nnanim.sim.training import Recipe, losses_of, train

CLASSES = 10
CLOSELY, COARSELY = 200, 25
"""Steps of the third run after each of which neurons are looked at (first seed), and then every how many (all
seeds)."""


@dataclass(frozen=True)
class Digits:
    """MNIST in two parts, each image a vector of 784 numbers, and the one that is watched."""

    seen: Examples
    unseen: Examples
    watched: Examples

    @classmethod
    def of(cls, trained: int, tested: int, watched: int) -> Digits:
        """So many of each from a stratified split that leaves the watched row out of training."""
        every = mnist().flat()
        generator = torch.Generator().manual_seed(0)
        seen, unseen = split(every.labels, tested, generator, unseen=[watched])
        if trained < len(seen):
            # Once more stratified, so that a small part still has all digits.
            kept = split(every.labels[seen], trained, generator)[1]
            seen = seen[kept]
        return cls(every.of(seen), every.of(unseen), every.of([watched]))


@dataclass(frozen=True)
class Bench:
    """The digits, the seeds, and the recipe with the second rate."""

    digits: Digits
    seeds: Sequence[int]
    hidden: int
    recipe: Recipe
    epochs: int

    def start(self, count: int | None = None) -> Networks:
        """The networks of the first ``count`` seeds before training."""
        return Networks.drawn((784, self.hidden, CLASSES), torch.relu, seeded(self.seeds[:count]))

    def run(
        self,
        start: Networks,
        recipe: Recipe,
        keep: Sequence[int],
        watch: Callable[[int, Networks], None] = lambda step, n: None,
    ) -> tuple[list[Networks], Tensor, Tensor]:
        """The networks at some steps, the losses (T, S) and the rates (T)."""
        generators = seeded(self.seeds[: len(start)])
        Networks.drawn(
            (784, self.hidden, CLASSES), torch.relu, generators
        )  # the order comes after the weights
        seen = self.digits.seen
        _, history = train(start, seen.inputs, seen.labels, recipe, "classes", generators, keep, watch)
        return [history.snapshots[step] for step in keep], history.losses, history.rates

    @property
    def rounds(self) -> list[int]:
        """Steps after which a round is done, from 0."""
        return [round(self.recipe.steps * number / self.epochs) for number in range(self.epochs + 1)]

    def score(self, networks: Networks) -> np.ndarray:
        """Accuracy on unseen digits, (S,)."""
        return accuracy(networks, self.digits.unseen.inputs, self.digits.unseen.labels).numpy()

    def dark(self, networks: Networks) -> np.ndarray:
        """Hidden neurons that give 0 for every training digit, (S,)."""
        return silent(networks, self.digits.seen.inputs)[0].sum(1).numpy()

    @torch.no_grad()
    def loss(self, networks: Networks) -> np.ndarray:
        """Loss on all training digits, (S,)."""
        return losses_of(networks(self.digits.seen.inputs), self.digits.seen.labels, "classes").numpy()

    @torch.no_grad()
    def lit(self, networks: Networks) -> np.ndarray:
        """Share of the training digits for which each hidden neuron fires, (S, H)."""
        return (networks.sums(self.digits.seen.inputs)[0] > 0).double().mean(1).numpy()


class Look:
    """Looks at the hidden neurons during a run: the first seed closely at first, all of them at times."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.steps: list[int] = []
        self.lit: list[np.ndarray] = []
        self.coarse: dict[int, np.ndarray] = {}

    def __call__(self, step: int, networks: Networks) -> None:
        now_and_then = step % COARSELY == 0 or step == self.bench.recipe.steps
        if step > CLOSELY and not now_and_then:
            return
        self.steps.append(step)
        lit = self.bench.lit(networks if now_and_then else networks.only(0))
        self.lit.append(lit[0])
        if now_and_then:
            self.coarse[step] = (lit == 0).sum(1)

    def found(self) -> dict[str, np.ndarray]:
        """The arrays of the third run."""
        lit, coarse = np.stack(self.lit), np.stack(list(self.coarse.values()))
        steps = np.array(list(self.coarse))
        none_left = coarse == self.bench.hidden
        gone = (lit == 0).all(1)
        return {
            "look_steps": np.array(self.steps),
            "lit": lit.astype(np.float32),
            "dark_counts": (lit == 0).sum(1),
            "coarse_steps": steps,
            "coarse_dark": coarse,
            "all_dark_at": np.where(none_left.any(0), steps[none_left.argmax(0)], -1),
            "first_dark_at": np.array(self.steps[gone.argmax()] if gone.any() else -1),
        }
