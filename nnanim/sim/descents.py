"""What a film on gradient descent shows besides single runs: many starts, bottoms and the steps they can hold, a false rest.

Everything is float64, with gradients from autograd and steps from torch.optim, as in :mod:`nnanim.sim.landscape`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from nnanim.sim import landscape
from nnanim.sim.landscape import (
    CLOSE,
    Loss,
    Optimiser,
    Run,
    Window,
    curvatures,
    drawn,
    minimum_near,
    walked,
)
from nnanim.sim.surfaces import SurfaceName
from nnanim.sim.trained_loss import TrainedNetwork, filter_normalised
from nnanim.trace import Trace

Floats = NDArray[np.float64]
Arrays = dict[str, NDArray[Any]]
GRID = 101
"""Starts along either side of the window; on the network's surface, where each costs more, :data:`NETWORK_GRID`."""
NETWORK_GRID = 31
FOLLOWED = 400
"""Steps for which many starts are followed."""
RANDOM_STARTS = 1000
ASIDE = 1e-3
"""How far to the side the second ball starts, in half extents of the window."""
THERE = 1e-3
"""A run is there from the first point on whose loss is no more than this above that of the minimum near its end."""
FAINT = 2e-4
"""A step shorter than this share of the window's half extent is a crawl."""
HIGH = 1.0
"""A run crawls while its steps are that faint and its loss lies more than this above where it ends."""
FALL = 8
"""So many steps of the first run are counted one by one."""
MOST_BOTTOMS = 4
NUDGE = 2e-3
"""How far a ball is put beside its bottom, in half extents of the window."""
THROWN_STEPS = 4000
PROFILE = 0.07
"""How far to either side a bowl is cut, in half extents of the window."""


def runs_of(optimiser: Optimiser, learning_rate: float, momentum: float, learning_rates: Sequence[float], heavy: float) -> list[Run]:
    """The runs of the chapter: the first, one for each learning rate from the smallest, and the heavy ball's."""
    rates = [Run(f"rate[{n}]", optimiser, rate, momentum) for n, rate in enumerate(sorted(learning_rates))]
    return [Run("descent", optimiser, learning_rate, momentum), *rates, Run("heavy", "momentum", learning_rate, heavy)]


def half_extent(window: Window) -> float:
    """Half of the longer side of a window."""
    return max(window[1] - window[0], window[3] - window[2]) / 2


def follow(
    loss: Loss, starts: Floats, optimiser: Optimiser, learning_rate: float, momentum: float, steps: int, every: Sequence[int] | None = None
) -> Floats:
    """Many descents at once, each as :func:`nnanim.sim.landscape.descend` walks it: torch's optimisers treat each number alone.

    Returns
    -------
    Points (steps + 1, n, 2), or those after the steps listed in ``every``; what left all bounds is not finite.
    """
    theta = torch.nn.Parameter(torch.tensor(starts, dtype=torch.float64))
    settings = {"lr": learning_rate, "momentum": momentum if optimiser == "momentum" else 0.0}
    walker = torch.optim.Adam([theta], lr=learning_rate) if optimiser == "adam" else torch.optim.SGD([theta], **settings)  # type: ignore[arg-type]
    kept = set(range(steps + 1) if every is None else every)
    points = []
    for step in range(steps + 1):
        if step in kept:
            points.append(theta.detach().clone())
        if step == steps:
            break
        walker.zero_grad()
        loss(theta).sum().backward()
        walker.step()
    found = torch.stack(points).numpy()
    return np.where(np.abs(found) <= landscape.BEYOND, found, np.nan)


def bottoms(loss: Loss, window: Window, sides: int = 5) -> Floats:
    """The minima that L-BFGS finds in a window from a grid of starts, the sharpest first, (m, 2), four at most (the lowest)."""
    left, right, bottom, top = window
    inset = (np.arange(sides) + 0.5) / sides
    close = 1e-3 * half_extent(window)
    found: list[Floats] = []
    for x in left + (right - left) * inset:
        for y in bottom + (top - bottom) * inset:
            place = minimum_near(loss, np.array([x, y]))
            if place is None or not (left <= place[0] <= right and bottom <= place[1] <= top):
                continue
            if all(np.linalg.norm(place - other) > close for other in found):
                found.append(place)
    lowest = sorted(found, key=lambda place: float(loss(torch.tensor(place))))[:MOST_BOTTOMS]
    return np.array(sorted(lowest, key=lambda place: -float(curvatures(loss, torch.tensor(place))[-1]))).reshape(-1, 2)


def _about_bottoms(loss: Loss, window: Window) -> Arrays:
    """The bottoms, their losses and curvatures, the largest step they can hold by theory, and a cut along the sharpest way."""
    places = bottoms(loss, window)
    hessians = [torch.autograd.functional.hessian(loss, torch.tensor(place)) for place in places]
    bends = [torch.linalg.eigh(hessian) for hessian in hessians]
    values = np.array([bend.eigenvalues.numpy() for bend in bends]).reshape(-1, 2)
    axes = np.array([bend.eigenvectors[:, -1].numpy() for bend in bends]).reshape(-1, 2)
    offsets = np.linspace(-PROFILE, PROFILE, 141) * half_extent(window)
    with torch.no_grad():
        cuts = [loss(torch.tensor(place + offsets[:, None] * axis)).numpy() for place, axis in zip(places, axes, strict=True)]
        losses = np.array([float(loss(torch.tensor(place))) for place in places])
    return {
        "bottoms.points": places, "bottoms.losses": losses, "bottoms.curvatures": values, "bottoms.axes": axes,
        "bottoms.limits": 2 / values[:, -1] if len(values) else np.zeros(0),
        "bottoms.spread": np.array(np.ptp(losses) if len(losses) else 0.0), "bottoms.count": np.array(len(places)),
        "bottoms.offsets": offsets, "bottoms.cuts": np.array(cuts).reshape(-1, len(offsets)),
    }  # fmt: skip


def tried_rates(limits: Floats) -> list[float]:
    """Learning rates of three figures below and above the smallest limit, each at least a thousandth away from it."""
    decimals = 2 - math.floor(math.log10(limits[0]))
    below, above = 0.999 * limits[0] * 10**decimals, 1.001 * limits[0] * 10**decimals
    return [round(whole / 10**decimals, max(decimals, 0)) for whole in (math.floor(below), math.ceil(above))]


def _thrown(loss: Loss, window: Window, about: Arrays) -> Arrays:
    """Balls put beside each bottom, with several learning rates: how far off along the sharpest way they are, and at the end."""
    places, axes, limits = about["bottoms.points"], about["bottoms.axes"], about["bottoms.limits"]
    nudge = NUDGE * half_extent(window)
    arrays: Arrays = {"thrown.nudge": np.array(nudge), "thrown.last": np.array(THROWN_STEPS)}
    if not len(places):
        return arrays | {"thrown.rates": np.zeros(0)}
    rates = tried_rates(limits)
    grid = np.unique(np.rint(np.geomspace(1, THROWN_STEPS - 1, 44)).astype(int))
    kept = np.unique([0, *(grid // 2 * 2), *(grid // 2 * 2 + 1), THROWN_STEPS - 1, THROWN_STEPS])
    # Plain steps of different sizes at once: a step of size one on a loss that is multiplied by the rate.
    factors = torch.tensor(np.repeat(rates, len(places)))
    starts = np.tile(places + nudge * axes, (len(rates), 1))
    points = follow(lambda theta: factors * loss(theta), starts, "sgd", 1.0, 0.0, THROWN_STEPS, kept.tolist())
    away = points.reshape(len(kept), len(rates), -1, 2) - places  # (k, r, m, 2)
    offsets = np.moveaxis(np.nan_to_num((away * axes).sum(axis=-1), nan=np.inf), 0, -1)
    ends = np.nan_to_num(np.linalg.norm(away[-2:], axis=-1).max(axis=0), nan=np.inf)
    return arrays | {
        "thrown.rates": np.array(rates), "thrown.steps": kept.astype(float),
        "thrown.offsets": offsets, "thrown.ends": ends,
    }  # fmt: skip


def _fate_of_starts(loss: Loss, window: Window, run: Run, places: Floats, sides: int) -> Arrays:
    """In which bottom each start of a grid ends."""
    left, right, bottom, top = window
    x, y = np.meshgrid(np.linspace(left, right, sides), np.linspace(bottom, top, sides))
    starts = np.column_stack([x.ravel(), y.ravel()])
    ends = follow(loss, starts, run.optimiser, run.learning_rate, run.momentum, FOLLOWED, [FOLLOWED])[-1]
    valley = np.full(len(starts), -1)
    if len(places):
        away = np.nan_to_num(np.linalg.norm(ends[:, None] - places, axis=-1), nan=np.inf)
        close = CLOSE * math.hypot(right - left, top - bottom)
        valley = np.where(away.min(axis=1) <= close, away.argmin(axis=1), -1)
    shares = np.array([(valley == number).mean() for number in range(len(places))])
    return {
        "starts.places": starts, "starts.valley": valley, "starts.share": shares, "starts.caught": np.array((valley >= 0).mean()),
        "starts.count": np.array(len(starts)), "starts.steps": np.array(FOLLOWED), "starts.pitch": np.array((right - left) / (sides - 1)),
    }  # fmt: skip


def crawling(points: Floats, losses: Floats, half: float) -> NDArray[np.int64]:
    """For how many steps runs crawl; points (t + 1, …, 2), losses (t + 1, …)."""
    lengths = np.linalg.norm(np.diff(points, axis=0), axis=-1)
    with np.errstate(invalid="ignore"):
        return np.asarray(((lengths < FAINT * half) & (losses[:-1] > losses[-1] + HIGH)).sum(axis=0))


def _at_random(loss: Loss, window: Window, run: Run, seed: int, own: int) -> Arrays:
    """Random starts, for how many steps each crawls, and how many crawl for as many as our own (for one, if that never does)."""
    left, right, bottom, top = window
    shares = torch.rand(RANDOM_STARTS, 2, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).numpy()
    starts = np.array([left, bottom]) + shares * np.array([right - left, top - bottom])
    points = follow(loss, starts, run.optimiser, run.learning_rate, run.momentum, FOLLOWED)
    with torch.no_grad():
        losses = np.array([loss(torch.tensor(row)).numpy() for row in points])
    crawls = crawling(points, losses, half_extent(window))
    return {
        "random.places": starts, "random.crawls": crawls, "random.own": np.array(own),
        "random.as_long": np.array((crawls >= max(own, 1)).sum()), "random.count": np.array(RANDOM_STARTS),
    }  # fmt: skip


def false_rest(points: Floats, losses: Floats, loss: Loss, half: float) -> tuple[int, Floats]:
    """The step at which a run all but stops, high above where it ends, before it moves on; and the curvatures there.

    −1 and NaN when there is none. It moves on when a later step is ten times as long.
    """
    lengths = np.linalg.norm(np.diff(points, axis=0), axis=1)
    for step in np.argsort(lengths):
        if lengths[step] >= FAINT * half:
            break
        if losses[step] > losses[-1] + HIGH and lengths[step:].max() > 10 * lengths[step] > 0:
            return int(step), curvatures(loss, torch.tensor(points[step])).numpy()
    return -1, np.full(2, np.nan)


def _arrival(arrays: Arrays, name: str, loss: Loss) -> Arrays:
    """From which step on a run is there (−1: never), and its step lengths with one more for its last point."""
    points, losses = arrays[f"{name}.points"], arrays[f"{name}.losses"]
    minimum = None if arrays[f"{name}.stopped"] else minimum_near(loss, points[-1])
    there = -1
    if minimum is not None:
        at = np.flatnonzero(losses <= float(loss(torch.tensor(minimum))) + THERE)
        there = int(at[0]) if len(at) else -1
    return {f"{name}.there": np.array(there)}


def study(
    surface: SurfaceName, window: Window, start: Sequence[float], runs: Sequence[Run], steps: int, real_window: Window, seed: int,
    report: Callable[[float, str], None] = lambda share, what: None,
) -> Trace:  # fmt: skip
    """Every number of the gradient-descent chapter.

    Parameters
    ----------
    surface, window, start, runs, steps
        As in :func:`nnanim.sim.landscape.record`; the first run is followed most closely, and gives its settings to the second
        ball and to the many starts.
    real_window
        The part of the network's surface that is drawn.
    seed
        Of the network's data, first weights and directions, and of the random starts.

    Returns
    -------
    What :func:`nnanim.sim.landscape.record` gives, and: ``descent.reach`` (8 steps, or all), ``second.…`` the run from a little to the side, ``aside`` how far;
    ``apart`` how far the ends of both lie from one another (infinite when one has left all bounds); ``RUN.there``;
    ``rest.step``, ``rest.curvatures`` (2) of a false rest (−1, NaN without one), ``rest.length``, ``rest.loss``;
    ``bottoms.…`` (the sharpest first) with ``limits`` = 2 / largest curvature; ``thrown.…`` for ``rates`` (r): ``offsets``
    (r, m, k) after ``steps`` (k), ``ends`` (r, m); ``starts.…``, ``random.…``; ``slice.…`` the second slice through the
    network, ``slices.likeness`` the correlation of the losses on both.
    """
    network = landscape.train_network(seed, lambda share: report(0.3 * share, "training the small network"))
    loss = network.loss if surface == "network" else landscape.FORMULAS[surface]
    first, half = runs[0], half_extent(window)
    real = Run("real", "sgd", 0.05)
    base = landscape.record(
        surface, window, start, runs, steps, real_window, (0.5 * real_window[0], 0.5 * real_window[3]), real, seed,
        lambda share, what: report(0.3 + 0.2 * share, what), network,
    )  # fmt: skip
    arrays: Arrays = dict(base.arrays)
    left, *_ = window
    aside = ASIDE * half if start[0] - ASIDE * half < left else -ASIDE * half
    arrays |= walked(Run("second", first.optimiser, first.learning_rate, first.momentum), loss, (start[0] + aside, start[1]), steps, window, arrays, "surface")
    for name in (*(run.name for run in runs), "second"):
        arrays |= _arrival(arrays, name, loss)
    out = bool(arrays["descent.stopped"] or arrays["second.stopped"])
    arrays["aside"] = np.array(abs(aside))
    arrays["descent.reach"] = np.minimum(FALL, arrays["descent.steps"])
    arrays["apart"] = np.array(np.inf if out else np.linalg.norm(arrays["descent.points"][-1] - arrays["second.points"][-1]))
    step, bends = false_rest(arrays["descent.points"], arrays["descent.losses"], loss, half)
    arrays |= {"rest.step": np.array(step), "rest.curvatures": bends, "rest.length": np.array(np.nan if step < 0 else arrays["descent.step_lengths"][step])}
    report(0.5, "looking for the bottoms")
    about = _about_bottoms(loss, window)
    report(0.6, "throwing balls out of them")
    arrays |= about | _thrown(loss, window, about)
    report(0.7, "following many starts")
    sides = NETWORK_GRID if surface == "network" else GRID
    own = int(crawling(arrays["descent.points"], arrays["descent.losses"], half))
    arrays |= _fate_of_starts(loss, window, first, about["bottoms.points"], sides) | _at_random(loss, window, first, seed, own)
    return Trace(arrays | _second_slice(network, real_window, seed, arrays["network.losses"]), base.text)


def _second_slice(network: TrainedNetwork, window: Window, seed: int, losses: Floats) -> Arrays:
    """The same network over two other filter-normalised directions, and how alike both pictures are."""
    generator = torch.Generator().manual_seed(seed + 1)
    other = [filter_normalised(network.weights, generator) for _ in range(2)]
    turned = TrainedNetwork(network.points, network.labels, network.weights, (other[0], other[1]), network.history)
    arrays, _ = drawn("slice", turned.loss, window, "linear", len(losses))
    both = np.corrcoef(losses.ravel(), arrays["slice.losses"].ravel())[0, 1]
    return arrays | {"slices.likeness": np.array(both)}
