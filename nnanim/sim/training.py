"""One loop that trains small networks: batches, optimiser, schedule, history, and what became of the run.

``S`` networks of one shape, which differ in their seed, are trained side by side. Everything is elementwise
over them (the sum of their losses has the gradients of each), so that each gets what it would have got alone,
up to the rounding of sums.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from nnanim.sim.multilayer import Networks

Optimiser = Literal["sgd", "momentum", "adam", "adamw"]
Schedule = Literal["constant", "cosine"]
Loss = Literal["binary", "classes", "squares"]
Report = Callable[[float], None]

OPTIMISERS: tuple[Optimiser, ...] = get_args(Optimiser)
SCHEDULES: tuple[Schedule, ...] = get_args(Schedule)
VERDICTS = ("diverged", "dead", "asleep", "guessing", "partly", "learned")
"""What can become of a training run; see :func:`verdict`."""
ASLEEP = 0.05
"""Weights that moved by less than this share of their norm have hardly moved."""
GUESSING, LEARNED = 0.1, 0.8
"""Shares of the way from chance to no error: guessing up to the first, learned from the second on."""


def losses_of(logits: Float[Tensor, "s n k"], targets: Tensor, loss: Loss) -> Float[Tensor, " s"]:
    """Mean loss of each network.

    Parameters
    ----------
    logits
        (S, n, K).
    targets
        (n,) or (S, n). ``binary``: 0 or 1, cross-entropy of the one logit's sigmoid; ``classes``: class
        numbers, cross-entropy of the K logits' softmax; ``squares``: numbers, squared error of the one
        output.
    loss
        Which of them. In nats, or in the targets' unit squared.
    """
    targets = targets.expand(logits.shape[:2])
    of_each: Callable[..., Tensor] = functional.cross_entropy
    if loss == "classes":
        guess = logits.transpose(1, 2)
    else:
        of_each = functional.binary_cross_entropy_with_logits if loss == "binary" else functional.mse_loss
        guess, targets = logits[..., 0], targets.to(logits.dtype)
    if len(logits) == 1:
        # torch's own mean: one network alone is to the bit what a plain torch loop makes of it.
        return of_each(logits[0] if loss == "classes" else guess[0], targets[0])[None]
    return of_each(guess, targets, reduction="none").mean(-1)


def verdict(loss: float, accuracy: float, chance: float, moved: float, alive: float) -> str:
    """What became of a run, the first of these that holds.

    ``diverged``: the loss is no finite number. ``dead``: no hidden neuron of some layer answers to any input,
    so that all inputs look alike. ``asleep``: the weights moved by less than :data:`ASLEEP` and it did not
    learn. ``learned``, ``guessing``: at least :data:`LEARNED`, at most :data:`GUESSING` of the way from
    chance to no error; ``partly``: between.

    Parameters
    ----------
    loss, accuracy
        After training; accuracy as a share, on examples that were held out.
    chance
        Accuracy of guessing: 1 / number of classes, when they are equally frequent.
    moved
        ‖W_after − W_before‖ / ‖W_before‖, the largest of the layers.
    alive
        Share of neurons that are not :func:`silent`, the least of the hidden layers.
    """
    if not math.isfinite(loss):
        return "diverged"
    if alive == 0:
        return "dead"
    reached = (accuracy - chance) / (1 - chance)
    if reached >= LEARNED:
        return "learned"
    if moved < ASLEEP:
        return "asleep"
    return "guessing" if reached <= GUESSING else "partly"


# --- the loop ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Recipe:
    """How to train.

    Attributes
    ----------
    optimiser
        ``momentum`` is SGD with momentum 0.9; all as in ``torch.optim`` with its defaults (AdamW decays
        weights by 0.01).
    learning_rate
        The peak, when a schedule changes it.
    steps
        Updates.
    batch
        Examples a step; 0, or as many as there are, takes them all, in their order. Otherwise each round
        (epoch) goes through all examples in a new random order, and its last batch is what is left.
    schedule
        ``constant``, or ``cosine``: see :func:`rate_at`.
    warm_up
        Share of the steps in which ``cosine`` rises.
    """

    optimiser: Optimiser = "sgd"
    learning_rate: float = 0.1
    steps: int = 100
    batch: int = 0
    schedule: Schedule = "constant"
    warm_up: float = 0.1


@dataclass(frozen=True)
class History:
    """What a run left.

    Attributes
    ----------
    losses
        Loss on the step's own batch before the step, (steps, S).
    rates
        Learning rate of each step, (steps,).
    snapshots
        The networks after so many steps, for the numbers of steps that were asked for.
    """

    losses: Float[Tensor, "steps s"]
    rates: Float[Tensor, " steps"]
    snapshots: dict[int, Networks] = field(default_factory=dict)

    @property
    def diverged_at(self) -> Int[Tensor, " s"]:
        """First step whose loss is no finite number, −1 where there is none."""
        bad = ~self.losses.isfinite()
        return torch.where(bad.any(0), bad.int().argmax(0), -1)


def rate_at(recipe: Recipe, step: int) -> float:
    """The learning rate of a step, counted from 0.

    ``cosine``: a straight rise over the first ``warm_up`` of the steps (at least one), whose last has the
    peak, then half a cosine from the peak towards 0 (Goyal et al. 2017; Loshchilov & Hutter 2017, one
    period).
    """
    if recipe.schedule == "constant":
        return recipe.learning_rate
    rising = max(1, round(recipe.warm_up * recipe.steps))
    if step < rising:
        return recipe.learning_rate * (step + 1) / rising
    done = (step - rising) / max(1, recipe.steps - rising)
    return recipe.learning_rate * 0.5 * (1 + math.cos(math.pi * done))


def steps_in(rounds: int, examples: int, batch: int) -> int:
    """Steps in so many rounds through the examples."""
    return rounds * (math.ceil(examples / batch) if batch else 1)


def train(
    networks: Networks,
    inputs: Float[Tensor, "... features"],
    targets: Tensor,
    recipe: Recipe,
    loss: Loss,
    generators: Sequence[torch.Generator] = (),
    keep: Collection[int] = (),
    watch: Callable[[int, Networks], None] = lambda step, networks: None,
    report: Report = lambda share: None,
) -> tuple[Networks, History]:
    """Train networks side by side; those given stay as they are.

    Parameters
    ----------
    networks
        Where to start.
    inputs, targets
        (n, features) and (n,), the same for all, or (S, n, features) and (S, n). See :func:`losses_of` for
        the targets.
    recipe, loss
        How to train, and for what.
    generators
        One for each network, for the order of its examples; needed for batches.
    keep
        Numbers of steps after which a snapshot is kept (0: before the first).
    watch
        Called with 0 before the first step and with k after the k-th; it sees the networks that are being
        trained.
    report
        Told the share that is done.
    """
    trained = networks.copy()
    leaves = [parameter.requires_grad_() for parameter in trained.parameters]
    optimiser = _optimiser(recipe, leaves)
    batches = _Batches(inputs, targets, recipe.batch, generators)
    losses, rates = [], []
    snapshots = {0: networks.copy()} if 0 in keep else {}
    watch(0, trained)
    for step in range(recipe.steps):
        rates.append(rate_at(recipe, step))
        for group in optimiser.param_groups:
            group["lr"] = rates[-1]
        x, y = batches.next()
        each = losses_of(trained(x), y, loss)
        optimiser.zero_grad()
        each.sum().backward()
        optimiser.step()
        losses.append(each.detach())
        if step + 1 in keep:
            snapshots[step + 1] = trained.copy()
        watch(step + 1, trained)
        report((step + 1) / recipe.steps)
    told = torch.stack(losses) if losses else torch.zeros(0, len(networks))
    return trained.copy(), History(told, torch.tensor(rates, dtype=torch.float64), snapshots)


def _optimiser(recipe: Recipe, leaves: list[Tensor]) -> torch.optim.Optimizer:
    match recipe.optimiser:
        case "sgd":
            return torch.optim.SGD(leaves, lr=recipe.learning_rate)
        case "momentum":
            return torch.optim.SGD(leaves, lr=recipe.learning_rate, momentum=0.9)
        case "adam":
            return torch.optim.Adam(leaves, lr=recipe.learning_rate)
        case "adamw":
            return torch.optim.AdamW(leaves, lr=recipe.learning_rate)


class _Batches:
    """Batches without end: all examples in a new order, then again; each network has an order of its own."""

    def __init__(
        self, inputs: Tensor, targets: Tensor, batch: int, generators: Sequence[torch.Generator]
    ) -> None:
        self.inputs, self.targets = inputs, targets
        self.count = inputs.shape[-2]
        self.batch = batch if 0 < batch < self.count else 0
        self.generators = generators
        self.waiting: list[Tensor] = []

    def next(self) -> tuple[Tensor, Tensor]:
        """Inputs (S, b, features) and targets (S, b) of the next step, or all as they were given."""
        if not self.batch:
            return self.inputs, self.targets
        if not self.waiting:
            order = torch.stack(
                [torch.randperm(self.count, generator=generator) for generator in self.generators]
            )
            self.waiting = list(order.split(self.batch, dim=1))
        rows = self.waiting.pop(0)  # (S, b)
        member = torch.arange(len(rows))[:, None]
        inputs = self.inputs[rows] if self.inputs.ndim == 2 else self.inputs[member, rows]
        targets = self.targets[rows] if self.targets.ndim == 1 else self.targets[member, rows]
        return inputs, targets
