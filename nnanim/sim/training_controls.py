"""Controls of the training loop: a cure, other batches, a rate that changes, which rate to take.

What the arrays are is said in :func:`nnanim.sim.training_loop.record`.
"""

from __future__ import annotations

import numpy as np
import torch

from nnanim.sim.data import split
from nnanim.sim.digit_reels import ROUND, Pool, reel
from nnanim.sim.digit_runs import CLASSES, Bench
from nnanim.sim.multilayer import Networks, accuracy, answers, change, seeded
from nnanim.sim.training import Recipe, Schedule, steps_in, train

RATES_TRIED = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
"""Rates that are tried on held-out training digits, from the first two seeds."""
HELD_OUT = 0.125
"""Share of the training digits that the choice of a rate is made on: the test digits have no say in it."""
ADAMW_RATE = 0.03
"""Of the two AdamW runs, one with a constant rate, one that warms up and comes down."""
ALONE_ROUNDS, FEW = 1, 3
"""Rounds with one digit a step; seeds of the controls that are costly."""


def cure(bench: Bench, patients: list[Networks], pool: Pool) -> dict[str, np.ndarray]:
    """Train the patients on with the bench's recipe; the first seed's read some digits after each round."""
    runs = [bench.run(patient, bench.recipe, bench.rounds) for patient in patients]
    unseen = bench.digits.unseen.inputs
    reels: dict[str, np.ndarray] = {}
    digits = np.resize(pool.unseen, ROUND * len(bench.rounds))
    for number, run in enumerate(runs):
        networks = [network.only(0) for network in run[0] for _ in range(ROUND)]
        reels |= reel(f"cure[{number}]", pool, networks, digits)
        reels[f"cure[{number}].lit"] = np.repeat([bench.lit(network)[0] for network in run[0]], ROUND, axis=0).astype(np.float16)
    return reels | {
        "cured": np.stack([[bench.score(networks) for networks in run[0]] for run in runs]),
        "cured_losses": torch.stack([losses for _, losses, _ in runs]).numpy(),
        "cured_changes": np.stack(
            [change(patient, run[0][-1])[:, 0].numpy() for patient, run in zip(patients, runs, strict=True)]
        ),
        "cured_dark": np.array([bench.dark(run[0][-1].only(0))[0] for run in runs]),
        "cured_answers": np.array(
            [[len(named.unique()) for named in answers(run[0][-1](unseen))] for run in runs]
        ),
    }


def other_batches(bench: Bench, pool: Pool) -> dict[str, np.ndarray]:
    """One digit a step, and all digits a step, with the same rate; at the end the first seed's read some digits."""
    seen = len(bench.digits.seen)
    of = bench.recipe
    single = Recipe(of.optimiser, of.learning_rate, steps_in(ALONE_ROUNDS, seen, 1), 1, of.schedule)
    whole = Recipe(of.optimiser, of.learning_rate, bench.epochs, 0, of.schedule)
    (alone,), *_ = bench.run(bench.start(FEW), single, [single.steps])
    (together,), *_ = bench.run(bench.start(), whole, [whole.steps])
    reels: dict[str, np.ndarray] = {}
    for number, end in enumerate((alone, together)):
        reels |= reel(f"batches[{number}]", pool, [end.only(0)], pool.unseen)
        reels[f"batches[{number}].lit"] = bench.lit(end)[:1].astype(np.float16)
    return reels | {
        "alone_steps": np.array(single.steps),
        "alone_dark": bench.dark(alone),
        "alone_accuracy": bench.score(alone),
        "whole_steps": np.array(whole.steps),
        "whole_accuracy": bench.score(together),
    }


def changing_rate(bench: Bench) -> dict[str, np.ndarray]:
    """AdamW with a constant rate, and with one that warms up and comes down."""
    schedules: tuple[Schedule, ...] = ("constant", "cosine")
    recipes = [
        Recipe("adamw", ADAMW_RATE, bench.recipe.steps, bench.recipe.batch, schedule)
        for schedule in schedules
    ]
    runs = [bench.run(bench.start(FEW), recipe, bench.rounds) for recipe in recipes]
    accuracies = np.stack([[bench.score(networks) for networks in run[0]] for run in runs])
    return {
        "adamw_accuracies": accuracies,
        "adamw_wins": (accuracies[1, -1] > accuracies[0, -1]).sum(),
        "adamw_seeds": np.array(accuracies.shape[-1]),
        "adamw_rates": torch.stack([rates for _, _, rates in runs]).numpy(),
    }


def which_rate(bench: Bench) -> dict[str, np.ndarray]:
    """Each rate on most of the training digits, judged by the others: the test digits have no say."""
    seen, of = bench.digits.seen, bench.recipe
    held = max(1, round(HELD_OUT * len(seen)))
    learned, judged = (seen.of(rows) for rows in split(seen.labels, held, torch.Generator().manual_seed(0)))
    found = []
    for rate in RATES_TRIED:
        generators = seeded(bench.seeds[:2])
        start = Networks.drawn((784, bench.hidden, CLASSES), torch.relu, generators)
        steps = steps_in(bench.epochs, len(learned), of.batch)
        recipe = Recipe(of.optimiser, rate, steps, of.batch, of.schedule)
        end, _ = train(start, learned.inputs, learned.labels, recipe, "classes", generators)
        found.append(accuracy(end, judged.inputs, judged.labels).numpy())
    return {
        "tried_rates": np.array(RATES_TRIED),
        "tried_accuracies": np.stack(found),
        "held_out": np.array(held),
    }
