"""The training loop on digits: three step sizes, what ails the two that fail, and a cure for both.

Everything is measured on MNIST with one hidden layer of ReLU; the loop itself is
:func:`nnanim.sim.training.train`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch

from nnanim.sim.digit_reels import Pool, moments_of, reel
from nnanim.sim.digit_runs import CLASSES, Bench, Digits, Look
from nnanim.sim.multilayer import Networks, change
from nnanim.sim.one_step import on_the_way, one_step
from nnanim.sim.threads import one_thread
from nnanim.sim.training import VERDICTS, Optimiser, Recipe, Schedule, steps_in, verdict
from nnanim.sim.training_controls import changing_rate, cure, other_batches, which_rate
from nnanim.trace import Trace

Report = Callable[[float, str], None]


def record(
    rates: Sequence[float] = (0.0001, 0.3, 3.0),
    batch: int = 32,
    epochs: int = 8,
    optimiser: Optimiser = "sgd",
    schedule: Schedule = "constant",
    seed: int = 1,
    watched: int = 1972,
    hidden: int = 24,
    trained: int = 4000,
    tested: int = 1000,
    seeds: int = 5,
    report: Report = lambda share, what: None,
) -> Trace:
    """Train the same network with each rate, look into those that fail, and give them the second rate.

    Parameters
    ----------
    rates
        Three learning rates (R = 3): too small, right, too large.
    batch
        Digits a step; 0 for all.
    epochs
        Rounds through all training digits (E).
    optimiser, schedule
        Of all runs but those that compare them.
    seed, seeds
        The first, which is looked into, and how many (S): seed, seed + 1, … The digits are the same for all.
    watched
        Row of the digit that is read after every round and never trained on.
    hidden
        Neurons of the hidden layer (H).
    trained, tested
        Digits to train on (n) and to test on.

    Returns
    -------
    A trace with, of the three runs (T steps each):

    ``losses`` (R, T, S): on each step's batch, before it; ``accuracies`` (R, E + 1, S): share of the unseen
    digits that are read after each round; ``final_losses`` (R, S): on all training digits; ``changes`` (R, S,
    2): ‖ΔW‖ / ‖W‖ of both layers, ``moved`` (R, S): of all weights together; ``dark`` (R, S): hidden neurons
    that give 0 for every training digit, at the end; ``verdicts`` (R, S): places in
    :data:`nnanim.sim.training.VERDICTS`; ``watched_answers`` (R, E + 1, S), ``watched_shares`` (R, E + 1,
    10): what the watched digit is taken for, and its ten probabilities (first seed); ``watched_changes`` (R,
    S): how often that changes. ``watched_image`` (28, 28), ``watched_label``. ``start_weights``,
    ``slow_weights`` (H, 784): first layer of the first seed, before, and after the first run.

    Of the third run: ``look_steps`` (K), ``lit`` (K, H): share of the training digits for which each neuron
    fires after so many steps, first seed; ``dark_counts`` (K): neurons that fire for none; ``coarse_steps``
    (C), ``coarse_dark`` (C, S); ``all_dark_at`` (S): the first of them with no neuron left,
    ``first_dark_at``: of all looked at, first seed; −1 if there is none.

    Of the first step: ``first_sums`` (3, n): what the neuron ``first_neuron`` sums up for each digit before it, after that
    of the third run, and after that of the second, which begin alike and see the same digits. It is the neuron of those that
    fire at first which fires for the fewest digits after the third run's; of several the one that fired for the most.

    Of the cure, the first and third network trained on with the second rate (2): ``cured`` (2, E + 1, S),
    ``cured_losses`` (2, T, S), ``cured_changes`` (2, S): ‖ΔW‖ / ‖W‖ of the first layer since the cure began;
    ``cured_answers`` (2, S): how many different digits it names.

    Of other batches with the second rate: ``alone_dark``, ``alone_accuracy`` (few): one digit a step, after
    ``alone_steps``; ``whole_accuracy`` (S): all digits a step, after ``whole_steps``. ``adamw_accuracies``
    (2, E + 1, few), ``adamw_rates`` (2, T): constant, and warm-up with cosine; ``adamw_wins`` of ``adamw_seeds``: for how
    many seeds the second ends higher. ``tried_rates`` (10),
    ``tried_accuracies`` (10, seeds), the first two at most: on ``held_out`` training digits.

    Digits passing through networks of the first seed, see :func:`nnanim.sim.digit_reels.reel`, with ``NAME.lit`` (1 or n, H):
    share of the training digits for which each neuron fires: ``end[0…2]``: after the three runs; ``learning``, ``dying``:
    during the second and the third, after ``moments`` (n) steps, ``dying.dark`` (n): neurons that fire for none;
    ``watched``: the watched digit after each round (no ``lit``); ``cure[0…1]``, six digits after each round of the cure;
    ``slow``: the single seven while the weights go one step on it;
    ``batches[0…1]``: after the runs with one digit a step, and with all. ``pool_images``, ``pool_labels``: the digits that pass.

    In words of :data:`nnanim.sim.training.VERDICTS`, of the first seed: ``became``, the three runs; ``cured``, the two cured.
    Out of ten unseen digits the networks of the first seed read so many: ``tenths`` (R), ``cured_tenths`` (2),
    ``batch_tenths`` (2).

    ``one_…``: one step on a single seven, see :func:`nnanim.sim.one_step.one_step`.

    ``parameters``, ``lines`` (weights of the first layer), ``batch``, ``steps``, ``epochs``, ``final_loss``, ``steps_per_epoch``, ``passes`` (1),
    ``guess`` (ln 10), ``trained``, ``tested``: the words of training, for the second run of the first seed.

    Raises
    ------
    WheelError
        When MNIST is not installed.
    """
    with one_thread():
        digits = Digits.of(trained, tested, watched)
        steps = steps_in(epochs, len(digits.seen), batch)
        bench = Bench(
            digits,
            range(seed, seed + seeds),
            hidden,
            Recipe(optimiser, rates[1], steps, batch, schedule),
            epochs,
        )
        step = one_step(bench.start().only(0), digits.seen, rates[1], label=7)
        pool = Pool(bench, step["one_image"])
        way = on_the_way(bench.start().only(0), pool.images[pool.one :], torch.as_tensor(step["one_label"])[None], rates[1])
        step |= reel("slow", pool, way, [pool.one] * len(way))
        found, ends = _three_runs(bench, rates, pool, report)
        report(0.5, "the cure")
        found |= cure(bench, [ends[0], ends[2]], pool)
        report(0.65, "other batches")
        found |= other_batches(bench, pool)
        report(0.8, "a rate that changes")
        found |= changing_rate(bench)
        report(0.9, "which rate to take")
        found |= which_rate(bench)
        return Trace(found | step | pool.found() | _tenths(found), _ends(bench, found))


def _three_runs(
    bench: Bench, rates: Sequence[float], pool: Pool, report: Report
) -> tuple[dict[str, np.ndarray], list[Networks]]:
    start = bench.start()
    look = Look(bench)
    runs, moments = [], moments_of(bench.recipe.steps)
    keep = sorted({*bench.rounds, *moments})
    for place, rate in enumerate(rates):
        report(0.15 * place, f"training with rate {rate:g}")
        recipe = Recipe(
            bench.recipe.optimiser, rate, bench.recipe.steps, bench.recipe.batch, bench.recipe.schedule
        )
        runs.append(
            bench.run(start, recipe, keep, look if place == 2 else lambda step, networks: None)
        )
    kept = [dict(zip(keep, run[0], strict=True)) for run in runs]
    rounds, ends = [[each[step] for step in bench.rounds] for each in kept], [run[0][-1] for run in runs]
    found = {
        "losses": torch.stack([losses for _, losses, _ in runs]).numpy(),
        "accuracies": np.stack([[bench.score(networks) for networks in run] for run in rounds]),
        "final_losses": np.stack([bench.loss(end) for end in ends]),
        "changes": np.stack([change(start, end).numpy() for end in ends]),
        "moved": np.stack([_moved(start, end) for end in ends]),
        "dark": np.stack([bench.dark(end) for end in ends]),
        "start_weights": start.weights[0][0].numpy(),
        "slow_weights": ends[0].weights[0][0].numpy(),
    }
    found["verdicts"] = np.array(
        [
            [
                VERDICTS.index(
                    verdict(float(loss), float(right), 1 / CLASSES, float(moved), 1 - dark / bench.hidden)
                )
                for loss, right, moved, dark in zip(*row, strict=True)
            ]
            for row in zip(
                found["final_losses"],
                found["accuracies"][:, -1],
                found["changes"].max(2),
                found["dark"],
                strict=True,
            )
        ]
    )
    found |= _reels(bench, pool, kept, moments)
    return found | _of_watched(bench, rounds) | look.found() | _first_step(bench, kept) | _words(bench, found), ends


def _ends(bench: Bench, found: dict[str, np.ndarray]) -> dict[str, str]:
    """What became of the networks of the first seed, and of the two after the cure, in words of :data:`VERDICTS`."""
    cured = [
        verdict(float(loss), float(right), 1 / CLASSES, float(moved), 1 - float(dark) / bench.hidden)
        for loss, right, moved, dark in zip(
            found["cured_losses"][:, -1, 0], found["cured"][:, -1, 0], found["cured_changes"][:, 0], found["cured_dark"], strict=True
        )
    ]
    return {"became": " ".join(VERDICTS[place] for place in found["verdicts"][:, 0]), "cured": " ".join(cured)}


def _tenths(found: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """How many of ten unseen digits are read: as many figures of an accuracy as other rounding leaves of it."""
    batches = np.stack([found["alone_accuracy"][0], found["whole_accuracy"][0]])
    return {
        "tenths": 10 * found["accuracies"][:, -1, 0],
        "cured_tenths": 10 * found["cured"][:, -1, 0],
        "batch_tenths": 10 * batches,
    }


def _reels(bench: Bench, pool: Pool, kept: list[dict[int, Networks]], moments: list[int]) -> dict[str, np.ndarray]:
    """Digits passing through the networks of the first seed: at the end of each run, during the second and the third."""
    ends = [each[moments[-1]].only(0) for each in kept]
    found: dict[str, np.ndarray] = {"moments": np.array(moments)}
    for number, end in enumerate(ends):
        found |= reel(f"end[{number}]", pool, [end], pool.unseen)
        found[f"end[{number}].lit"] = bench.lit(end)[:1].astype(np.float16)
    digits = np.resize(pool.seen, len(moments))
    for name, number in (("learning", 1), ("dying", 2)):
        networks = [kept[number][step].only(0) for step in moments]
        found |= reel(name, pool, networks, digits)
        found[f"{name}.lit"] = np.concatenate([bench.lit(network) for network in networks]).astype(np.float16)
    found["dying.dark"] = (found["dying.lit"] == 0).sum(1)
    return found | reel(
        "watched", pool, [kept[1][step].only(0) for step in bench.rounds], [pool.watched] * len(bench.rounds)
    )


@torch.no_grad()
def _first_step(bench: Bench, kept: list[dict[int, Networks]]) -> dict[str, np.ndarray]:
    """One neuron's sums before the first step, and after that with the third and with the second rate (first seed)."""
    networks = kept[2][0], kept[2][1], kept[1][1]
    sums = torch.stack([each.only(0).sums(bench.digits.seen.inputs)[0][0] for each in networks])  # (3, n, H)
    fires, stays, _ = (sums > 0).sum(1).tolist()
    neuron = min(range(bench.hidden), key=lambda place: (not fires[place], stays[place], -fires[place]))
    return {"first_neuron": np.array(neuron), "first_sums": sums[:, :, neuron].numpy()}


def _moved(before: Networks, after: Networks) -> np.ndarray:
    """‖ΔW‖ / ‖W‖ of all weights together, (S,)."""
    old, new = (
        torch.cat([w.detach().double().flatten(1) for w in n.weights], dim=1) for n in (before, after)
    )
    return ((new - old).norm(dim=1) / old.norm(dim=1)).numpy()


@torch.no_grad()
def _of_watched(bench: Bench, rounds: list[list[Networks]]) -> dict[str, np.ndarray]:
    watched = bench.digits.watched
    logits = torch.stack(
        [torch.stack([networks(watched.inputs)[:, 0] for networks in run]) for run in rounds]
    )  # (R, E + 1, S, 10)
    named = logits.argmax(-1)
    return {
        "watched_answers": named.numpy(),
        "watched_shares": logits[:, :, 0].softmax(-1).numpy(),
        # Before the first round nothing was learned that could be changed.
        "watched_changes": (named[:, 2:] != named[:, 1:-1]).sum(1).numpy(),
        "watched_image": watched.inputs.view(28, 28).numpy(),
        "watched_label": watched.labels[0].numpy(),
    }


def _words(bench: Bench, found: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    seen = len(bench.digits.seen)
    numbers = {
        "parameters": bench.start(1).size,
        "lines": bench.start(1).weights[0][0].numel(),
        "batch": bench.recipe.batch or seen,
        "steps": bench.recipe.steps,
        "epochs": bench.epochs,
        "steps_per_epoch": bench.recipe.steps // bench.epochs,
        "passes": 1,
        "guess": math.log(CLASSES),
        "trained": seen,
        "tested": len(bench.digits.unseen),
    }
    return {name: np.array(number) for name, number in numbers.items()} | {
        "final_loss": found["final_losses"][1, 0]
    }
