"""Twin deep networks on the spirals: one as it comes, others with one thing changed; what reaches the first layer, and who learns.

Layer ``l`` runs from 1 (next to the data) to L (next to the loss), as in :mod:`nnanim.sim.gradients`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from nnanim.sim.gradients import (
    INITIALISATIONS,
    DeepNetwork,
    Initialisation,
    Kind,
    Measured,
    Report,
    mean_loss,
    measure,
    spirals,
    train,
)
from nnanim.sim.threads import one_thread
from nnanim.trace import Trace

VARIANTS = ("plain", "road", "norm", "both", "start")
"""The plain network; with residual connections; with layer norm; with both; plain with another start."""
BENDS: tuple[Kind, ...] = ("sigmoid", "tanh", "relu")
"""The activations that are compared."""
UNSEEN = 10_007
"""Added to the seed for points that no network was trained on."""
GRID = 56
"""Answers are taken at the middles of so many cells each way."""
MOMENTS = 41
"""Snapshots of a training at most: close together at first, where most happens, then ever farther apart."""
MARGIN = 0.18
"""The window of the plane goes so far beyond the outermost point, in the data's units."""
DRAWN = 32
"""Rows and columns of weights and slopes that are kept to be drawn, at most."""
SURE = 255
"""Answers are kept in 255ths."""


def weight_bound(initialisation: Initialisation, width: int, gain: float) -> float:
    """Weights of a hidden layer are drawn evenly between minus and plus this."""
    return gain * math.sqrt(
        {"default": 1 / width, "xavier": 6 / (2 * width), "he": 6 / width}[initialisation]
    )


def weight_power(initialisation: Initialisation, width: int, gain: float) -> float:
    """What weights of a hidden layer make of a signal's power, in expectation: n · Var(w), for uniform draws n · bound² / 3.

    Glorot & Bengio 2010; He et al. 2015. Forwards and backwards are alike, since hidden layers are square.
    """
    return width * weight_bound(initialisation, width, gain) ** 2 / 3


def other_start(activation: Kind, initialisation: Initialisation) -> Initialisation:
    """The start that is tried instead: the one made for the activation, or the default where that is used already."""
    made: Initialisation = "he" if activation == "relu" else "xavier"
    return "default" if initialisation == made else made


@dataclass(frozen=True)
class Run:
    """What a training left: snapshots (M, GRID, GRID) in 255ths, losses (steps + 1), shares of points right, where it stopped."""

    planes: UInt8[np.ndarray, "moments rows columns"]
    losses: Float[np.ndarray, " steps_and_one"]
    right: float
    unseen_right: float
    stopped_at: int


class Lesson:
    """The data, and networks drawn, measured and trained on them."""

    def __init__(
        self, width: int, activation: Kind, gain: float, seed: int, steps: int, learning_rate: float
    ) -> None:
        self.width, self.activation, self.gain, self.seed = width, activation, gain, seed
        self.steps, self.learning_rate = steps, learning_rate
        self.x, self.y = spirals(seed)
        self.unseen_x, self.unseen_y = _unseen(seed)
        both = torch.cat([self.x, self.unseen_x])
        reach = float(both.abs().max()) + MARGIN
        self.window = np.array([-reach, reach, -reach, reach])
        middles = (torch.arange(GRID) + 0.5) / GRID * 2 * reach - reach
        self.cells = torch.stack(
            [middles.repeat(GRID), middles.repeat_interleave(GRID)], dim=1
        )  # the first row at the bottom

    def network(
        self, depth: int, initialisation: Initialisation, variant: str = "plain", kind: Kind | None = None
    ) -> DeepNetwork:
        """The same draw for each variant and each activation, by default that of the lesson."""
        road, norm = variant in ("road", "both"), variant in ("norm", "both")
        return DeepNetwork(
            kind or self.activation, depth, self.width, initialisation, self.gain, self.seed, road, norm
        )

    def run(
        self,
        network: DeepNetwork,
        moments: list[int],
        watch: Callable[[int, DeepNetwork], None] = lambda step, network: None,
    ) -> Run:
        """Train a network and take its answers at these steps; where it breaks down, the answers from then on are one half."""
        planes = np.full((len(moments), GRID, GRID), SURE // 2, dtype=np.uint8)

        def seen(step: int) -> None:
            watch(step, network)
            if step in moments:
                planes[moments.index(step)] = self.plane(network)

        trained = train(network, self.x, self.y, self.steps, self.learning_rate, seen)
        right, unseen = math.nan, math.nan
        if trained.stopped_at is None:
            right, unseen = (
                right_share(network, self.x, self.y),
                right_share(network, self.unseen_x, self.unseen_y),
            )
        return Run(
            planes, trained.losses, right, unseen, -1 if trained.stopped_at is None else trained.stopped_at
        )

    def plane(self, network: DeepNetwork) -> UInt8[np.ndarray, "rows columns"]:
        """Probabilities of class 1 over the plane, in 255ths."""
        with torch.no_grad():
            answers = torch.sigmoid(network(self.cells)[0][-1][:, 0])
        return (SURE * answers.reshape(GRID, GRID)).nan_to_num(SURE / 2).round().to(torch.uint8).numpy()


def _unseen(seed: int) -> tuple[Tensor, Tensor]:
    """As many points again from the same spirals, laid into the plane by the training points' mean and scale."""
    return spirals((seed + UNSEEN) % 2**31)


def right_share(network: DeepNetwork, x: Tensor, y: Tensor) -> float:
    """Share of points whose answer lies on their class's side of one half."""
    with torch.no_grad():
        return float(((network(x)[0][-1][:, 0] > 0) == (y > 0.5)).double().mean())


def factor(norms: Float[np.ndarray, " layers"]) -> float:
    """The geometric mean of what a layer hands back of what it gets, from the loss to the first layer's output; 0 if nothing."""
    first, last = float(norms[0]), float(norms[-1])
    return (first / last) ** (1 / (len(norms) - 1)) if first > 0 and last > 0 else 0.0


def record(
    depth: int, width: int, activation: Kind, initialisation: Initialisation, gain: float, seed: int, steps: int,
    learning_rate: float, report: Report = lambda share, what: None,
) -> Trace:  # fmt: skip
    """Measure and train the plain network and its variants.

    Returns
    -------
    A trace. ``points`` (N, 2), ``labels`` (N), ``unseen_points``, ``unseen_labels``, ``window`` (4).
    For each of :data:`VARIANTS` (V): ``norms`` (V, L), gradient norm of each layer's output before the first step; ``first``,
    ``last`` (V) of them; ``right``, ``unseen_right`` (V), shares of points, NaN where the training broke down; ``losses``
    (V, steps + 1); ``stopped_at`` (V), −1 where it did not. ``planes_NAME`` (M, G, G), answers in 255ths at ``moments`` (M).
    ``faint``: layers of the plain network whose norm is under a hundredth of the largest.
    For each of the initialisations (3): what weights and slopes leave of a gradient's length, ``weight_factor`` (from the rule
    by which weights are drawn) and ``slope_factor`` (root of the mean of f'(z)² at the start), ``foretold`` their product,
    ``measured`` the mean factor of a layer; ``used`` and ``other``, places of the start in use and the one tried instead.
    ``weight_bound`` (3): weights are drawn evenly between minus and plus this. For each of the activations :data:`BENDS` (3), from
    the start in use: ``bend_slope_factor`` and ``bend_foretold``; ``bend``, the place of the one in use.
    Of the layer in the middle: ``middle_weights`` (3, n_out, n_in) of each start, ``middle_slopes`` (3, samples, width) of each
    activation from the start in use; as many as are drawn.
    The first layer's weights: ``weights`` (n, 2) at the start; ``changed`` (steps + 1, fewer where training breaks down),
    how many differ from the start after each of ``steps``;
    ``changed_at`` (n, 2), the first step at which each does, −1 for none; ``followed`` (steps + 1), the one whose gradient is
    largest; ``followed_at`` (2), its place; ``followed_moves``, how far it goes at most; ``count``.
    ``guess``: the loss of always saying one half.
    """
    with one_thread():
        return _record(
            Lesson(width, activation, gain, seed, steps, learning_rate), depth, initialisation, report
        )


def _record(lesson: Lesson, depth: int, initialisation: Initialisation, report: Report) -> Trace:
    moments = sorted({round(lesson.steps * share**2) for share in np.linspace(0, 1, MOMENTS)})
    other = other_start(lesson.activation, initialisation)
    kept: dict[str, np.ndarray] = {
        "points": lesson.x.numpy(), "labels": lesson.y.numpy(), "window": lesson.window,
        "unseen_points": lesson.unseen_x.numpy(), "unseen_labels": lesson.unseen_y.numpy(),
        "moments": np.array(moments), "guess": np.array(math.log(2)), "samples": np.array(len(lesson.x)),
    }  # fmt: skip
    weights = _Weights(lesson, lesson.network(depth, initialisation))
    runs, norms = [], []
    for place, name in enumerate(VARIANTS):
        report(place / len(VARIANTS), f"training: {name}")
        start = other if name == "start" else initialisation
        norms.append(measure(lesson.network(depth, start, name), lesson.x, lesson.y).output_norms)
        run = lesson.run(
            lesson.network(depth, start, name), moments, *([weights.see] if name == "plain" else [])
        )
        runs.append(run)
        kept[f"planes_{name}"] = run.planes
    kept |= {
        "norms": np.stack(norms), "first": np.array([n[0] for n in norms]), "last": np.array([n[-1] for n in norms]),
        "right": np.array([run.right for run in runs]), "unseen_right": np.array([run.unseen_right for run in runs]),
        "losses": np.stack([run.losses for run in runs]), "stopped_at": np.array([run.stopped_at for run in runs]),
        "faint": np.array((norms[0] < norms[0].max() / 100).sum()),
    }  # fmt: skip
    return Trace(kept | weights.kept() | _filters(lesson, depth, initialisation, other))


class _Weights:
    """Watches the first layer's weights during a training."""

    def __init__(self, lesson: Lesson, network: DeepNetwork) -> None:
        mean_loss(network(lesson.x)[0][-1], lesson.y).backward()
        first = network.weights[0]
        assert first.grad is not None
        self.place = divmod(int(first.grad.abs().argmax()), 2)
        self.changed, self.followed = np.full(lesson.steps + 1, np.nan), np.full(lesson.steps + 1, np.nan)
        self.changed_at = np.full(tuple(first.shape), -1)
        self.see(0, network)

    def see(self, step: int, network: DeepNetwork) -> None:
        """Note which differ now."""
        now = network.weights[0].detach()
        if not step:
            self.start = now.clone()
        differs = (now != self.start).numpy()
        self.changed[step], self.followed[step] = differs.sum(), float(now[self.place])
        self.changed_at[differs & (self.changed_at < 0)] = step

    def kept(self) -> dict[str, np.ndarray]:
        """What was seen."""
        known = np.isfinite(self.changed)
        return {
            "weights": self.start.numpy(), "count": np.array(self.start.numel()), "changed_at": self.changed_at,
            "steps": np.arange(known.sum()), "changed": self.changed[known], "followed": self.followed[known], "followed_at": np.array(self.place),
            "followed_moves": np.array(np.abs(self.followed[known] - self.followed[0]).max(initial=0.0)),
        }  # fmt: skip


def _filters(
    lesson: Lesson, depth: int, used: Initialisation, other: Initialisation
) -> dict[str, np.ndarray]:
    networks = [lesson.network(depth, start) for start in INITIALISATIONS]
    starts = [measure(network, lesson.x, lesson.y) for network in networks]
    bends = [measure(lesson.network(depth, used, kind=kind), lesson.x, lesson.y) for kind in BENDS]
    weights = np.sqrt([weight_power(start, lesson.width, lesson.gain) for start in INITIALISATIONS])
    place, middle = INITIALISATIONS.index(used), (depth - 1) // 2
    slopes, bend_slopes = _slope_factors(starts), _slope_factors(bends)
    drawn = [network.weights[depth // 2].detach().numpy() for network in networks]
    return {
        "weight_factor": weights, "slope_factor": slopes, "foretold": weights * slopes,
        "weight_bound": np.array([weight_bound(start, lesson.width, lesson.gain) for start in INITIALISATIONS]),
        "bend_slope_factor": bend_slopes, "bend_foretold": weights[place] * bend_slopes,
        "bend": np.array(BENDS.index(lesson.activation)),
        "middle_weights": np.stack([each[:DRAWN, :DRAWN] for each in drawn]),
        "middle_slopes": np.stack([each.slopes[middle, :DRAWN, :DRAWN] for each in bends]),
        "measured": np.array([factor(each.output_norms) for each in starts]),
        "used": np.array(place), "other": np.array(INITIALISATIONS.index(other)),
    }  # fmt: skip


def _slope_factors(seen: list[Measured]) -> Float[np.ndarray, " networks"]:
    """The root of the mean of f'(z)² of each network."""
    return np.sqrt([(each.slopes.astype(np.float64) ** 2).mean() for each in seen])
