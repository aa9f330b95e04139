"""The loss surface of a small network that is trained here, over two directions in the space of its weights.

Everything is float64; the surface is a loss like those of :mod:`nnanim.sim.landscape`, with gradients from autograd.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from nnanim.sim.multilayer import Networks
from nnanim.sim.training import Recipe, losses_of, train

HIDDEN = 8
"""Neurons of each of the two hidden layers of the small network."""
EXAMPLES = 160
NOISE = 0.2
TRAINING_STEPS = 300


@dataclass(frozen=True)
class TrainedNetwork:
    """A 2-8-8-1 tanh network trained on two moons, and a plane through its weights.

    Attributes
    ----------
    points, labels
        The data, (n, 2) and (n,) of 0 and 1.
    weights
        Trained weights and biases in turn, each (n_out, n_in) or (n_out,).
    directions
        Two filter-normalised random directions, each as ``weights``.
    history
        Training loss before every step, and after the last, (steps + 1,).
    """

    points: Float[Tensor, "examples 2"]
    labels: Float[Tensor, " examples"]
    weights: tuple[Tensor, ...]
    directions: tuple[tuple[Tensor, ...], tuple[Tensor, ...]]
    history: Float[Tensor, " _recorded"]

    def loss(self, theta: Float[Tensor, "*points 2"]) -> Float[Tensor, "*points"]:
        """Mean binary cross-entropy on all data with weights w* + θ₁ d₁ + θ₂ d₂, in nats."""
        flat = theta.reshape(-1, 2)
        first, second = flat[:, 0], flat[:, 1]
        moved = [
            w + torch.tensordot(first, a[None], 1) + torch.tensordot(second, b[None], 1)
            if len(flat) == 1
            else w + first.reshape(-1, *[1] * w.ndim) * a + second.reshape(-1, *[1] * w.ndim) * b
            for w, a, b in zip(self.weights, *self.directions, strict=True)
        ]
        logits = _logits(self.points, [m if m.ndim > w.ndim else m[None] for m, w in zip(moved, self.weights, strict=True)])
        labels = self.labels.expand_as(logits)
        losses = binary_cross_entropy_with_logits(logits, labels, reduction="none").mean(-1)  # (P,)
        return losses.reshape(theta.shape[:-1])

    @property
    def accuracy(self) -> float:
        """Share of the data on the right side of the decision line."""
        logits = _logits(self.points, [w[None] for w in self.weights])[0]
        return float(((logits > 0) == (self.labels > 0.5)).double().mean())


def two_moons(count: int, noise: float, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Two interleaved half circles with normal noise, as scikit-learn's ``make_moons``: (n, 2) and (n,) of 0 and 1."""
    half = count // 2
    angles = torch.linspace(0, math.pi, half, dtype=torch.float64)
    upper = torch.stack([torch.cos(angles), torch.sin(angles)], dim=1)
    lower = torch.stack([1 - torch.cos(angles), 0.5 - torch.sin(angles)], dim=1)
    points = torch.cat([upper, lower])
    points = points + noise * torch.randn(points.shape, generator=generator, dtype=torch.float64)
    return points, torch.cat([torch.zeros(half), torch.ones(half)]).double()


def train_network(seed: int, report: Callable[[float], None] = lambda share: None) -> TrainedNetwork:
    """Train the small network with full-batch Adam, and draw two filter-normalised random directions.

    The directions are those of Li, Xu, Taylor, Studer, Goldstein 2018, *Visualizing the Loss Landscape of Neural Nets*,
    section 4: normal noise, each neuron's incoming weights rescaled to the norm of the trained ones, biases left alone.
    """
    generator = torch.Generator().manual_seed(seed)
    points, labels = two_moons(EXAMPLES, NOISE, generator)
    weights: list[Tensor] = []
    for fan_in, fan_out in itertools.pairwise((2, HIDDEN, HIDDEN, 1)):
        weights.append(torch.randn(fan_out, fan_in, generator=generator, dtype=torch.float64) / math.sqrt(fan_in))
        weights.append(torch.zeros(fan_out, dtype=torch.float64))
    start = Networks(tuple(weight[None] for weight in weights), torch.tanh)
    end, history = train(start, points, labels, Recipe("adam", 0.02, TRAINING_STEPS), "binary", report=report)
    trained = tuple(weight[0] for weight in end.parameters)
    last = losses_of(end(points), labels, "binary")
    directions = tuple(filter_normalised(trained, generator) for _ in range(2))
    return TrainedNetwork(points, labels, trained, (directions[0], directions[1]), torch.cat([history.losses[:, 0], last]))


def filter_normalised(weights: Sequence[Tensor], generator: torch.Generator) -> tuple[Tensor, ...]:
    """A random direction in weight space: every row as long as the trained row, zero for biases (Li et al. 2018)."""
    direction = []
    for w in weights:
        if w.ndim == 1:
            direction.append(torch.zeros_like(w))
            continue
        noise = torch.randn(w.shape, generator=generator, dtype=w.dtype)
        direction.append(noise * (w.norm(dim=1, keepdim=True) / noise.norm(dim=1, keepdim=True)))
    return tuple(direction)


def _logits(points: Tensor, weights: Sequence[Tensor]) -> Tensor:
    """Outputs of a tanh network for many settings of its weights at once, (P, n); each weight has P in front."""
    x = points[None].expand(len(weights[0]), -1, -1)  # (P, n, n_in)
    last = len(weights) // 2 - 1
    for layer in range(last + 1):
        z = torch.baddbmm(weights[2 * layer + 1][:, None, :], x, weights[2 * layer].transpose(1, 2))
        x = z if layer == last else torch.tanh(z)
    return x[..., 0]
