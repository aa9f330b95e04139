"""Gradients in deep networks: one backward pass measured layer by layer, and what training makes of it.

Layer ``l`` runs from 1 (next to the data) to L (next to the loss); ``depth`` L counts the layers that have weights.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from nnanim.sim.threads import one_thread
from nnanim.trace import Trace

Kind = Literal["sigmoid", "tanh", "relu", "residual", "skip", "norm"]
Initialisation = Literal["default", "xavier", "he"]
Report = Callable[[float, str], None]

KINDS: tuple[Kind, ...] = ("sigmoid", "tanh", "relu", "residual")
ALONE: tuple[Kind, ...] = ("skip", "norm")
"""What the residual network has together, each without the other: residual connections, and layer norm."""
INITIALISATIONS: tuple[Initialisation, ...] = ("default", "xavier", "he")
DEPTHS = (2, 5, 10, 20, 30)
"""Depths at which all networks are measured, besides the one that was asked for."""
SAMPLES = 128
"""Points of the data set; every gradient is that of the mean loss over all of them."""
FACTOR = 100.0
"""First and last layer's gradient norms differ by more than this: vanishing or exploding."""
STEADY = 10.0
"""They differ by no more than this: stable. In between the gradient shrinks or grows."""
FAINT, HUGE = 0.01, 100.0
"""When no layer's gradient norm reaches the first, the gradient is faint everywhere; huge, when every one exceeds the second."""
VERDICTS = ("none", "vanishing", "exploding", "faint", "huge", "shrinking", "growing", "stable")
"""What can become of a gradient; see :func:`verdict`. A trace holds the place in this list."""

_ACTIVATIONS: dict[Kind, Callable[[Tensor], Tensor]] = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "residual": torch.relu,
    "skip": torch.relu,
    "norm": torch.relu,
}


def spirals(seed: int, samples: int = SAMPLES) -> tuple[Float[Tensor, "_n 2"], Float[Tensor, " _n"]]:
    """Two spirals, one for each class, three quarters of a turn or more each; both coordinates standardised.

    A point of class y at t, uniform in (0, 1), lies at radius 0.3 + t and angle 1.65 π t + π y, plus normal noise of
    standard deviation 0.05. Classes alternate, so that both are equally frequent.
    """
    generator = torch.Generator().manual_seed(seed)
    y = (torch.arange(samples) % 2).float()  # (N,)
    t = torch.rand(samples, generator=generator)
    radius, angle = 0.3 + t, 1.65 * math.pi * t + math.pi * y
    x = torch.stack([radius * angle.cos(), radius * angle.sin()], dim=1)  # (N, 2)
    x = x + 0.05 * torch.randn(samples, 2, generator=generator)
    return (x - x.mean(0)) / x.std(0), y


class DeepNetwork(nn.Module):
    """Two inputs, ``depth − 1`` hidden layers of ``width`` neurons, one logit.

    ``sigmoid``, ``tanh``, ``relu``: a_l = f(W_l a_{l−1} + b_l). ``residual``: the same with ReLU, but from the second
    layer on a_l = a_{l−1} + ReLU(W_l · norm(a_{l−1}) + b_l), and the logit is read from norm(a_{L−1}): pre-norm
    residual connections (He et al. 2016, *Identity mappings*; Xiong et al. 2020) with layer norm (Ba et al. 2016).
    ``skip``: the same without norm, a_l = a_{l−1} + ReLU(W_l a_{l−1} + b_l). ``norm``: the same without the connections,
    a_l = ReLU(W_l · norm(a_{l−1}) + b_l).

    Parameters
    ----------
    initialisation
        ``default``: what ``torch.nn.Linear`` does, weights and biases uniform in ±1/√n_in; ``xavier``: weights uniform
        in ±√(6 / (n_in + n_out)) (Glorot & Bengio 2010), biases 0; ``he``: weights uniform in ±√(6 / n_in)
        (He et al. 2015), biases 0.
    gain
        Every weight is multiplied by it at the start.
    seed
        Of the drawn weights. All kinds and initialisations draw the same numbers and scale them differently.
    skips, norms
        Whether there are residual connections and layer norm; by default what the kind says. So a kind of any activation can
        have them.
    """

    def __init__(
        self, kind: Kind, depth: int, width: int, initialisation: Initialisation = "default", gain: float = 1.0, seed: int = 0,
        skips: bool | None = None, norms: bool | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.kind: Kind = kind
        sizes = [2, *[width] * (depth - 1), 1]
        generator = torch.Generator().manual_seed(seed)
        self.linears = nn.ModuleList(
            _linear(n_in, n_out, initialisation, gain, generator) for n_in, n_out in pairwise(sizes)
        )
        normed = kind in ("residual", "norm") if norms is None else norms
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(depth - 1) if normed)
        self.skips = kind in ("residual", "skip") if skips is None else skips

    @property
    def weights(self) -> list[Tensor]:
        """The weights of each layer, (n_out, n_in)."""
        return [linear.weight for linear in self.linears]  # type: ignore[misc]

    def forward(self, x: Float[Tensor, "n 2"]) -> tuple[list[Tensor], list[Tensor]]:
        """What each layer gives: its output a_l (the last one's are the logits), and its sum z_l."""
        outputs, sums = [], []
        activation = _ACTIVATIONS[self.kind]
        for number, linear in enumerate(self.linears):
            read = self.norms[number - 1](x) if self.norms and number > 0 else x  # (N, n_in)
            z = linear(read)  # (N, n_out)
            last = number == len(self.linears) - 1
            a = z if last else activation(z)
            x = x + a if self.skips and number > 0 and not last else a
            sums.append(z)
            outputs.append(x)
        return outputs, sums


def _linear(n_in: int, n_out: int, initialisation: Initialisation, gain: float, generator: torch.Generator) -> nn.Linear:
    linear = nn.Linear(n_in, n_out, device="meta").to_empty(device="cpu")  # torch's own generator stays untouched
    bound = {
        "default": 1 / math.sqrt(n_in),
        "xavier": math.sqrt(6 / (n_in + n_out)),
        "he": math.sqrt(6 / n_in),
    }[initialisation]
    with torch.no_grad():
        linear.weight.copy_(gain * bound * (2 * torch.rand(n_out, n_in, generator=generator) - 1))
        bias = 2 * torch.rand(n_out, generator=generator) - 1
        linear.bias.copy_(bias / math.sqrt(n_in) if initialisation == "default" else torch.zeros(n_out))
    return linear


def mean_loss(logits: Float[Tensor, "n 1"], y: Float[Tensor, " n"]) -> Float[Tensor, ""]:
    """Binary cross-entropy of the logits, averaged over the batch."""
    return nn.functional.binary_cross_entropy_with_logits(logits[:, 0], y)


@dataclass(frozen=True)
class Measured:
    """What one backward pass leaves: gradient norms of the weights (L,) and of the layers' outputs (L,), slopes, loss.

    Norms are Euclidean over all entries, in float64: squares of what float32 can just hold would be lost in it.
    ``slopes`` are the derivatives f'(z) of all hidden neurons for all samples, (L − 1, N, width).
    """

    weight_norms: Float[np.ndarray, " layers"]
    output_norms: Float[np.ndarray, " layers"]
    slopes: Float[np.ndarray, "hidden n width"]
    loss: float


def measure(network: DeepNetwork, x: Float[Tensor, "n 2"], y: Float[Tensor, " n"]) -> Measured:
    """One forward and one backward pass through the mean loss, by autograd."""
    network.zero_grad()
    outputs, sums = network(x)
    for output in outputs:
        output.retain_grad()
    loss = mean_loss(outputs[-1], y)
    loss.backward()
    return Measured(
        np.array([_norm(weight.grad) for weight in network.weights]),
        np.array([_norm(output.grad) for output in outputs]),
        torch.stack([slope(network.kind, z.detach()) for z in sums[:-1]]).numpy(),
        float(loss.detach()),
    )


def slope(kind: Kind, z: Tensor) -> Tensor:
    """Derivative of the activation function at z, by autograd, of z's shape."""
    z = z.clone().requires_grad_()
    (derivative,) = torch.autograd.grad(_ACTIVATIONS[kind](z).sum(), z)
    return derivative


def _norm(tensor: Tensor | None) -> float:
    assert tensor is not None
    return float(tensor.detach().double().norm())


@dataclass(frozen=True)
class Trained:
    """A training run: loss before each step and after the last, and ‖W_after − W_before‖ / ‖W_before‖ of each layer.

    When the loss stops being a finite number the run ends there (``stopped_at`` is the first such step): ``losses`` are
    NaN from then on, ``changes`` too.
    """

    losses: Float[np.ndarray, " steps_and_one"]
    changes: Float[np.ndarray, " layers"]
    stopped_at: int | None


def train(
    network: DeepNetwork, x: Tensor, y: Tensor, steps: int, learning_rate: float, watch: Callable[[int], None] = lambda step: None
) -> Trained:
    """Plain gradient descent on the whole batch: every parameter minus learning rate × gradient, in float32.

    ``watch`` is called before each step and after the last, while the loss is finite.
    """
    before = [weight.detach().double().clone() for weight in network.weights]
    losses = np.full(steps + 1, np.nan)
    for step in range(steps + 1):
        network.zero_grad()
        loss = mean_loss(network(x)[0][-1], y)
        if not torch.isfinite(loss):
            return Trained(losses, np.full(len(before), np.nan), step)
        losses[step] = float(loss.detach())
        watch(step)
        if step < steps:
            loss.backward()
            with torch.no_grad():
                for parameter in network.parameters():
                    if parameter.grad is not None:
                        parameter.sub_(learning_rate * parameter.grad)
    moved = zip(network.weights, before, strict=True)
    changes = np.array([float((weight.detach().double() - old).norm() / old.norm()) for weight, old in moved])
    return Trained(losses, changes, None)


def ratio(norms: Sequence[float] | np.ndarray) -> float:
    """Last layer's gradient norm / first layer's; infinite when nothing reaches the first layer."""
    return float(norms[-1]) / float(norms[0]) if norms[0] > 0 else math.inf


def verdict(norms: Sequence[float] | np.ndarray) -> str:
    """What becomes of the gradient on its way from the last layer to the first.

    ``none``: it is zero at the first layer. ``vanishing``: the last layer's norm is more than :data:`FACTOR` times the
    first's; ``exploding``: the first's is more than that times the last's. Otherwise ``faint`` when no layer's norm reaches
    :data:`FAINT`, ``huge`` when every layer's exceeds :data:`HUGE`; then ``shrinking`` and ``growing`` when the two differ by
    more than :data:`STEADY` in the same ways, and ``stable``.
    """
    if norms[0] == 0:
        return "none"
    if norms[-1] > FACTOR * norms[0]:
        return "vanishing"
    if norms[0] > FACTOR * norms[-1]:
        return "exploding"
    if max(norms) < FAINT:
        return "faint"
    if min(norms) > HUGE:
        return "huge"
    if norms[-1] > STEADY * norms[0]:
        return "shrinking"
    return "growing" if norms[0] > STEADY * norms[-1] else "stable"


def _place(norms: Sequence[float] | np.ndarray) -> int:
    return VERDICTS.index(verdict(norms))


def compare(
    depth: int,
    width: int,
    initialisation: Initialisation,
    gain: float,
    seed: int,
    steps: int,
    learning_rate: float,
    report: Report = lambda share, what: None,
) -> Trace:
    """Measure and train the four networks.

    Returns
    -------
    A trace with a row for each network of :data:`KINDS` (K = 4), layers from 1 to L = ``depth``:

    ``weight_norms`` (K, L): gradient norm of each layer's weights. ``output_norms`` (K, L): gradient norm of each layer's
    output. ``factors`` (K, L − 1): ``output_norms[l] / output_norms[l + 1]``, what layer l + 2 hands back of what it got
    (NaN when that is nothing). ``left`` (K, L − 1): product of the factors from the loss to there. ``ratios`` (K): last /
    first weight norm, ``inverse_ratios`` (K) the other way round; ``verdicts`` (K), ``depth_verdicts`` (D, K) and
    ``initialisation_verdicts`` (3, K): places in :data:`VERDICTS`. ``most``, ``least`` (K): the largest and smallest
    weight norm of a layer. ``underflows``, ``output_underflows`` (K): 1 where the gradient of the first layer's weights, or of
    its output, is 0 in float32, but not in float64; ``loss_underflows`` (K) the same of the last layer's output.
    ``alone_ratios``, ``alone_inverse_ratios``, ``alone_verdicts`` (2), ``alone_norms`` (2, L): of the networks of
    :data:`ALONE`. ``faint_layers`` (K): layers whose ``output_norms`` are under a hundredth
    of the largest.
    ``slope_limit`` (K): the greatest derivative that the activation has; ``slope_largest``, ``slope_mean`` (K): of those
    measured; ``slope_x`` (n), ``slope_y`` (K, n): its curve.
    ``depths`` (D), ``depth_norms`` (D, K, 30) with NaN behind the last layer, ``depth_ratios``, ``depth_inverse_ratios``
    (D, K). ``initialisation_first``, ``initialisation_last`` (3, K): first and last layer's weight norm for each of
    :data:`INITIALISATIONS`.
    ``losses`` (K, steps + 1), ``losses_before``, ``losses_after``, ``changes`` (K, L), ``unmoved`` (K): layers whose weights
    are exactly what they were; ``stopped_at`` (K): first step with a loss that is not finite, else −1.
    ``factor``, ``steady``, ``faint``, ``huge``: the limits of :func:`verdict`; ``guess``: the loss of always saying one half, ln 2;
    ``samples``; ``x`` (N, 2), ``y`` (N).
    """
    with one_thread():
        return _compare(depth, width, initialisation, gain, seed, steps, learning_rate, report)


def _compare(
    depth: int, width: int, initialisation: Initialisation, gain: float, seed: int, steps: int, learning_rate: float, report: Report
) -> Trace:
    x, y = spirals(seed)

    def network(kind: Kind, layers: int = depth, drawn: Initialisation = initialisation) -> DeepNetwork:
        return DeepNetwork(kind, layers, width, drawn, gain, seed)

    record: dict[str, np.ndarray] = {"x": x.numpy(), "y": y.numpy()}
    here = [measure(network(kind), x, y) for kind in KINDS]
    record |= _of_one_pass(here)
    record |= _underflows(here, lambda kind: measure(network(kind).double(), x.double(), y.double()))
    alone = [measure(network(kind), x, y).weight_norms for kind in ALONE]
    record["alone_norms"] = np.stack(alone)
    record["alone_ratios"] = np.array([ratio(norms) for norms in alone])
    record["alone_inverse_ratios"] = np.array([ratio(norms[::-1]) for norms in alone])
    record["alone_verdicts"] = np.array([_place(norms) for norms in alone])
    report(0.05, "backward passes")
    record |= _of_depths(sorted({*DEPTHS, depth}), lambda kind, layers: measure(network(kind, layers), x, y).weight_norms)
    report(0.1, "initialisations")
    drawn = [[measure(network(kind, depth, how), x, y).weight_norms for kind in KINDS] for how in INITIALISATIONS]
    record["initialisation_first"] = np.array([[norms[0] for norms in row] for row in drawn])
    record["initialisation_last"] = np.array([[norms[-1] for norms in row] for row in drawn])
    record["initialisation_verdicts"] = np.array([[_place(norms) for norms in row] for row in drawn])
    runs = []
    for place, kind in enumerate(KINDS):
        report(0.15 + 0.85 * place / len(KINDS), f"training {kind}")
        runs.append(train(network(kind), x, y, steps, learning_rate))
    record["losses"] = np.stack([run.losses for run in runs])
    record["losses_before"], record["losses_after"] = record["losses"][:, 0], record["losses"][:, -1]
    record["changes"] = np.stack([run.changes for run in runs])
    record["unmoved"] = (record["changes"] == 0).sum(axis=1)
    record["stopped_at"] = np.array([-1 if run.stopped_at is None else run.stopped_at for run in runs])
    constants = {"factor": FACTOR, "steady": STEADY, "faint": FAINT, "huge": HUGE, "guess": math.log(2), "samples": SAMPLES}
    record |= {name: np.array(value) for name, value in constants.items()}
    return Trace(record)


def _underflows(passes: Sequence[Measured], in_float64: Callable[[Kind], Measured]) -> dict[str, np.ndarray]:
    """Where a gradient that is zero in float32 is none in float64."""
    exact = [in_float64(kind) for kind in KINDS]
    pairs = {
        "underflows": [(m.weight_norms[0], e.weight_norms[0]) for m, e in zip(passes, exact, strict=True)],
        "output_underflows": [(m.output_norms[0], e.output_norms[0]) for m, e in zip(passes, exact, strict=True)],
        "loss_underflows": [(m.output_norms[-1], e.output_norms[-1]) for m, e in zip(passes, exact, strict=True)],
    }
    return {name: np.array([float(single == 0 < double) for single, double in both]) for name, both in pairs.items()}


def _of_one_pass(passes: Sequence[Measured]) -> dict[str, np.ndarray]:
    weight_norms = np.stack([m.weight_norms for m in passes])  # (K, L)
    output_norms = np.stack([m.output_norms for m in passes])  # (K, L)
    with np.errstate(invalid="ignore", divide="ignore"):
        factors = output_norms[:, :-1] / output_norms[:, 1:]  # (K, L − 1)
        left = output_norms[:, :-1] / output_norms[:, -1:]
    curve = torch.linspace(-6, 6, 241)
    slopes = torch.stack([slope(kind, curve) for kind in KINDS])
    return {
        "weight_norms": weight_norms,
        "output_norms": output_norms,
        "factors": factors,
        "left": left,
        "ratios": np.array([ratio(norms) for norms in weight_norms]),
        "inverse_ratios": np.array([ratio(norms[::-1]) for norms in weight_norms]),
        "verdicts": np.array([_place(norms) for norms in weight_norms]),
        "most": weight_norms.max(axis=1),
        "least": weight_norms.min(axis=1),
        "faint_layers": (output_norms < output_norms.max(axis=1, keepdims=True) / 100).sum(axis=1),
        "slope_limit": slopes.max(dim=1).values.numpy(),
        "slope_largest": np.array([m.slopes.max() for m in passes]),
        "slope_mean": np.array([m.slopes.mean(dtype=np.float64) for m in passes]),
        "slope_x": curve.numpy(),
        "slope_y": slopes.numpy(),
    }


def _of_depths(depths: Sequence[int], norms_of: Callable[[Kind, int], np.ndarray]) -> dict[str, np.ndarray]:
    norms = np.full((len(depths), len(KINDS), max(depths)), np.nan)
    for place, layers in enumerate(depths):
        for row, kind in enumerate(KINDS):
            norms[place, row, :layers] = norms_of(kind, layers)
    measured = [[norms[place, row, :layers] for row in range(len(KINDS))] for place, layers in enumerate(depths)]
    return {
        "depths": np.array(depths),
        "depth_norms": norms,
        "depth_verdicts": np.array([[_place(n) for n in row] for row in measured]),
        "depth_ratios": np.array([[ratio(n) for n in row] for row in measured]),
        "depth_inverse_ratios": np.array([[ratio(n[::-1]) for n in row] for row in measured]),
    }
