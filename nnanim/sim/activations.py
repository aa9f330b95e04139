"""What a bend is good for: a pile of linear layers is one layer; a slight bend in each makes it many.

Everything that the chapter shows of it: the pile and its product, all straight lines through the data, the
same network trained with many functions and from several seeds, the flat pieces of its surface, and the
neurons that never fire.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import torch
from torch import Tensor

from nnanim.sim.data import Cloud, cloud
from nnanim.sim.multilayer import ACTIVATIONS, Activation, Networks, accuracy, bent, seeded, silent
from nnanim.sim.straight import Precision, of_pile, sweep
from nnanim.sim.threads import one_thread
from nnanim.sim.training import Recipe, losses_of, train
from nnanim.trace import Trace

Function = Literal["relu", "leaky", "sigmoid", "tanh", "gelu", "silu"]
Report = Callable[[float, str], None]

FUNCTIONS: tuple[Function, ...] = get_args(Function)
SLOPES = (1.0, 0.99, 0.95)
"""Left slopes that are tried besides the one that was asked for."""
POINTS = 300
"""Points to train on, and as many that are never trained on."""
HIDDEN = 4
"""Hidden layers of the trained network."""
STEPS, LEARNING_RATE = 400, 0.01
SNAPSHOTS = (0, 10, 20, 30, 40, 60, 80, 100, 150, 200, 300, 400)
"""Steps after which the plane is looked at."""
SIDE, SMALL_SIDE, PROBES = 81, 41, 200
"""Points along each side of a plane, of a small one, and of the net of probes for flat pieces."""
PASSED = 0.95
"""A network parts the classes when it has this share of the unseen points right."""
FLAT = 0.005
"""A slope under this is next to none."""
REACH = 6.0
"""The functions are looked at from −6 to 6."""


def record(
    layers: int = 100,
    width: int = 8,
    left_slope: float = 0.9,
    function: Function = "relu",
    data: Cloud = "rings",
    noise: float = 0.05,
    seed: int = 0,
    seeds: int = 5,
    precision: Precision = "float32",
    report: Report = lambda share, what: None,
) -> Trace:
    """Pile up layers, sweep lines, train networks.

    Parameters
    ----------
    layers
        Of the pile (L).
    width
        Neurons of each hidden layer of the trained networks, which have :data:`HIDDEN` of them.
    left_slope
        Of the bend that is given to the pile and to one set of networks, from 0 (ReLU) to 1 (straight).
    function
        Of the networks that are followed while they learn.
    data, noise
        What is to be parted: see :func:`nnanim.sim.data.cloud`.
    seed, seeds
        The first seed, whose network is followed, and how many (S): seed, seed + 1, … Each draws weights and
        points of its own.
    precision
        In which the pile is computed; networks are trained in float32.

    Returns
    -------
    A trace with, for the pile (n = :data:`POINTS` points, all of the first seed):

    ``layer`` (L + 1): 0, 1, …; ``labels`` (n); ``turns``, ``stretches`` (L): angles in radians, factors;
    ``matrices`` (L, 2, 2); ``pile`` (L + 1, n, 2): the points before the first and after each layer; ``products`` (L + 1, 2, 2): the one
    matrix for the layers so far; ``differences`` (L + 1): the largest distance, along one coordinate, between
    the two ways; ``sizes`` (L + 1): the largest coordinate; ``difference``, ``size``, ``relative``: at the
    end; ``difference_under``: the least power of ten over the difference, which is one of rounding.
    ``bent_pile``, ``bent_sizes``: with the bend after every layer; ``bent_fit`` (n, 2): what the best affine
    layer makes of the points; ``bent_missed`` (S): the share of the variance that it misses, for piles
    drawn with each seed; ``relu_sizes`` (L + 1): the pile with ReLU.

    Of lines: ``sweep_angles`` (A) of their normals in degrees, ``sweep_best`` (A), ``sweep_offsets`` (A): the
    best share of points on the right side, and where; ``line_angle``, ``line_offset``, ``line_accuracy``: the
    best of all; ``line_accuracies`` (S).

    Of trained networks, in sets: ``slopes`` (D) from 1 down with ``slope_at``, the place of ``left_slope``;
    the six functions (F = 6 = ``functions``) in the order of :data:`FUNCTIONS` with ``function_at``.
    ``slope_accuracies`` (D, S), ``function_accuracies`` (F, S): on unseen points; ``…_losses`` (…, S);
    ``slope_parted`` (D, S): where that is :data:`PASSED` at least; ``slope_passes`` (D): how often;
    ``function_passes``: for how many functions, with the first seed; ``slope_angles`` (D): by how many degrees each bends the line. ``steps``: of the snapshots (T); ``straight_planes``, ``bent_planes``,
    ``function_planes`` (T, side, side): the probability of class 1, of the first seed, for slope 1,
    ``left_slope`` and ``function``, rows from below; ``straight_scores``, ``bent_scores``,
    ``function_scores`` (T, S): accuracy on unseen points; ``slope_progress`` (D, T, S), ``function_progress``
    (F, T, S): that accuracy at each snapshot, of all; ``slope_planes`` (D, S, small, small), ``six_planes``
    (F, small, small): at the end. ``view``: left, right, bottom, top of all planes. ``train_points``,
    ``train_labels`` (n, 2), (n) and ``unseen_points``, ``unseen_labels``: of the first seed. ``facets`` (S):
    sign patterns of the hidden sums that the probes meet with ``left_slope``, each a flat piece (1 when it is
    straight); ``facets_over`` (S): the next lower number of one figure; ``facet_map`` (probes, probes): their
    numbers, of the first seed; ``probes``: how many.
    ``fires`` (S, H · width): share of the points for which each hidden ReLU neuron fires; ``dead`` (S): those
    that never do; ``hidden``: neurons in all; ``dead_seed``: the place of the first seed in whose network a whole
    layer never fires, or −1.

    Of the functions: ``curve_x`` (X), ``curve_y``, ``curve_slopes`` (F, X); ``flat_shares`` (F): share of −6
    … 6 where the slope is under ``flat_slope``; ``slope_largest``, ``slope_least`` (F).
    """
    with one_thread():
        every = range(seed, seed + seeds)
        found = of_pile(layers, left_slope, data, POINTS, noise, every, precision)
        report(0.05, "the pile")
        found |= _of_functions()
        found |= _of_networks(_Task.of(data, noise, width, every), left_slope, function, report)
        return Trace(found, {"functions": " ".join(FUNCTIONS)})


# --- trained networks --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Task:
    """S networks before training, each with its points and its unseen ones, (S, n, 2) and (S, n)."""

    start: Networks
    points: Tensor
    labels: Tensor
    unseen: Tensor
    unseen_labels: Tensor

    @classmethod
    def of(cls, data: Cloud, noise: float, width: int, seeds: Sequence[int]) -> _Task:
        generators = seeded(seeds)
        # The pile's points are the first that a seed draws: the same ones are trained on.
        train_sets = [cloud(data, POINTS, noise, generator) for generator in generators]
        unseen_sets = [cloud(data, POINTS, noise, generator) for generator in generators]
        start = Networks.drawn((2, *[width] * HIDDEN, 1), torch.relu, generators)
        stacked = [
            torch.stack([getattr(each, part) for each in sets])
            for sets in (train_sets, unseen_sets)
            for part in ("inputs", "labels")
        ]
        return cls(start, *stacked)

    def trained(self, function: Activation) -> dict[int, Networks]:
        """The networks at each of the snapshots."""
        start = Networks(self.start.parameters, function)
        recipe = Recipe("adam", LEARNING_RATE, STEPS)
        return train(start, self.points, self.labels, recipe, "binary", keep=SNAPSHOTS)[1].snapshots

    def scores(self, networks: Networks) -> np.ndarray:
        """Accuracy on unseen points, (S,)."""
        return accuracy(networks, self.unseen, self.unseen_labels).numpy()

    def losses(self, networks: Networks) -> np.ndarray:
        """Loss on the points trained on, (S,)."""
        with torch.no_grad():
            return losses_of(networks(self.points), self.labels, "binary").numpy()

    @property
    def view(self) -> tuple[float, float, float, float]:
        """Left, right, bottom and top of a square around the first seed's points."""
        low, high = self.points[0].amin(0), self.points[0].amax(0)
        reach = 1.2 * float((high - low).max()) / 2
        middle = (low + high) / 2
        x, y = middle.tolist()
        return x - reach, x + reach, y - reach, y + reach

    def net(self, side: int) -> Tensor:
        """Points of a square net over the view, rows from below, (side · side, 2)."""
        left, right, bottom, top = self.view
        y, x = torch.meshgrid(
            torch.linspace(bottom, top, side), torch.linspace(left, right, side), indexing="ij"
        )
        return torch.stack([x.flatten(), y.flatten()], dim=1)


@torch.no_grad()
def _planes(networks: Networks, net: Tensor, side: int) -> np.ndarray:
    """Probability of class 1 over a net, (S, side, side), float16."""
    return networks(net)[..., 0].sigmoid().view(-1, side, side).numpy().astype(np.float16)


def _of_networks(task: _Task, left_slope: float, function: Function, report: Report) -> dict[str, np.ndarray]:
    slopes = sorted({*SLOPES, left_slope}, reverse=True)
    small, large = task.net(SMALL_SIDE), task.net(SIDE)
    found: dict[str, np.ndarray] = _of_lines(task)
    runs: list[tuple[str, Activation]] = [
        *((f"slope {slope:g}", bent(slope)) for slope in slopes),
        *((name, ACTIVATIONS[name]) for name in FUNCTIONS),
    ]
    ends: list[Networks] = []
    progress: list[np.ndarray] = []
    followed = {
        "straight": 0,
        "bent": slopes.index(left_slope),
        "function": len(slopes) + FUNCTIONS.index(function),
    }
    for place, (name, activation) in enumerate(runs):
        report(0.1 + 0.85 * place / len(runs), f"training with {name}")
        snapshots = task.trained(activation)
        ends.append(snapshots[STEPS])
        progress.append(np.stack([task.scores(n) for n in snapshots.values()]))
        for who in (who for who, at in followed.items() if at == place):
            found[f"{who}_planes"] = np.concatenate(
                [_planes(n.only(0), large, SIDE) for n in snapshots.values()]
            )
            found[f"{who}_scores"] = progress[-1]
    count = len(slopes)
    planes = np.stack([_planes(networks, small, SMALL_SIDE) for networks in ends])
    scores, losses = (
        np.stack([measure(networks) for networks in ends]) for measure in (task.scores, task.losses)
    )
    found |= {
        "slopes": np.array(slopes),
        "slope_at": np.array(followed["bent"]),
        "slope_angles": 45 - np.degrees(np.arctan(slopes)),
        "functions": np.array(len(FUNCTIONS)),
        "function_at": np.array(FUNCTIONS.index(function)),
        "slope_accuracies": scores[:count],
        "function_accuracies": scores[count:],
        "slope_parted": scores[:count] >= PASSED,
        "slope_passes": (scores[:count] >= PASSED).sum(1),
        "function_passes": np.array((scores[count:, 0] >= PASSED).sum()),
        "slope_losses": losses[:count],
        "function_losses": losses[count:],
        "slope_progress": np.stack(progress[:count]),
        "function_progress": np.stack(progress[count:]),
        "slope_planes": planes[:count],
        "six_planes": planes[count:, 0],
        "steps": np.array(SNAPSHOTS),
        "view": np.array(task.view),
        "train_points": task.points[0].numpy(),
        "train_labels": task.labels[0].numpy().astype(np.uint8),
        "unseen_points": task.unseen[0].numpy(),
        "unseen_labels": task.unseen_labels[0].numpy().astype(np.uint8),
    }
    return found | _of_facets(task, ends[followed["bent"]], left_slope) | _of_silence(task, ends[count])


def _of_lines(task: _Task) -> dict[str, np.ndarray]:
    angles = torch.arange(720, dtype=torch.float64) * (math.pi / 720)
    swept = [sweep(points, labels, angles) for points, labels in zip(task.points, task.labels, strict=True)]
    best, offsets = swept[0]
    at = int(best.argmax())
    return {
        "sweep_angles": np.degrees(angles.numpy()),
        "sweep_best": best.numpy(),
        "sweep_offsets": offsets.numpy(),
        "line_angle": np.degrees(angles[at].numpy()),
        "line_offset": offsets[at].numpy(),
        "line_accuracy": best[at].numpy(),
        "line_accuracies": np.array([float(of_seed.max()) for of_seed, _ in swept]),
    }


@torch.no_grad()
def _of_facets(task: _Task, networks: Networks, left_slope: float) -> dict[str, np.ndarray]:
    """Each sign pattern of the hidden sums is a convex piece of the plane on which the network is flat."""
    signs = torch.cat([z > 0 for z in networks.sums(task.net(PROBES))[:-1]], dim=-1)  # (S, probes, neurons)
    counts, maps = [], []
    for of_seed in signs.numpy():
        patterns, numbers = np.unique(np.packbits(of_seed, axis=1), axis=0, return_inverse=True)
        counts.append(len(patterns) if left_slope < 1 else 1)
        maps.append(numbers.reshape(PROBES, PROBES))
    first = maps[0] if left_slope < 1 else np.zeros_like(maps[0])
    over = [10 ** (len(str(count - 1)) - 1) * int(str(count - 1)[0]) for count in counts]
    return {
        "facets": np.array(counts),
        "facets_over": np.array(over),
        "facet_map": first.astype(np.uint16),
        "probes": np.array(PROBES**2),
    }


@torch.no_grad()
def _of_silence(task: _Task, networks: Networks) -> dict[str, np.ndarray]:
    fires = torch.cat([(z > 0).double().mean(1) for z in networks.sums(task.points)[:-1]], dim=1)
    dead = torch.cat(silent(networks, task.points), dim=1)
    layers = dead.unflatten(1, (HIDDEN, -1)).all(2).any(1)
    return {
        "fires": fires.numpy(),
        "dead": dead.sum(1).numpy(),
        "hidden": np.array(dead.shape[1]),
        "dead_seed": np.array(int(layers.int().argmax()) if layers.any() else -1),
    }


# --- the functions themselves ------------------------------------------------------------------------------


def slope_of(function: Activation, z: Tensor) -> Tensor:
    """Derivative at z, by autograd, of z's shape."""
    z = z.clone().requires_grad_()
    (slope,) = torch.autograd.grad(function(z).sum(), z)
    return slope


def _of_functions() -> dict[str, np.ndarray]:
    curve = torch.linspace(-REACH, REACH, 241, dtype=torch.float64)
    fine = torch.linspace(-REACH, REACH, 120_001, dtype=torch.float64)
    kinds = [ACTIVATIONS[name] for name in FUNCTIONS]
    slopes = torch.stack([slope_of(kind, fine) for kind in kinds])
    return {
        "curve_x": curve.numpy(),
        "curve_y": torch.stack([kind(curve) for kind in kinds]).numpy(),
        "curve_slopes": torch.stack([slope_of(kind, curve) for kind in kinds]).numpy(),
        "flat_slope": np.array(FLAT),
        "flat_shares": (slopes.abs() < FLAT).double().mean(1).numpy(),
        "slope_largest": slopes.amax(1).numpy(),
        "slope_least": slopes.amin(1).numpy(),
    }
