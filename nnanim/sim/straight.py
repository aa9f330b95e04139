"""What straight maps and lines can do: piles of linear layers, the best line between labelled points."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from nnanim.sim.data import Cloud, cloud
from nnanim.sim.multilayer import Activation, bent

Precision = Literal["float32", "float64"]
TURN, STRETCH = math.radians(30), 1.15
"""A random layer turns by at most the one, and stretches a direction by at most the other."""


# --- the pile ----------------------------------------------------------------------------------------------


def random_layers(
    layers: int, generator: torch.Generator
) -> tuple[Tensor, Tensor, Float[Tensor, "layers 2 2"]]:
    """Turns (L,), stretches (L,) and the matrices made of them (L, 2, 2), float64.

    A layer stretches a random direction by up to :data:`STRETCH` and shrinks the one across by as much, then
    turns by up to :data:`TURN` either way: areas stay as they are, so that a hundred of them neither blow the
    points up nor crush them.
    """
    drawn = torch.rand(3, layers, generator=generator, dtype=torch.float64)
    turns, axes, stretches = TURN * (2 * drawn[0] - 1), math.pi * drawn[1], 1 + (STRETCH - 1) * drawn[2]
    stretched = torch.diag_embed(torch.stack([stretches, 1 / stretches], dim=1))
    return turns, stretches, _turned(turns) @ _turned(axes) @ stretched @ _turned(-axes)


def _turned(angles: Tensor) -> Tensor:
    cos, sin = angles.cos(), angles.sin()
    return torch.stack([torch.stack([cos, -sin], -1), torch.stack([sin, cos], -1)], -2)  # (…, 2, 2)


def through(matrices: Float[Tensor, "layers 2 2"], points: Float[Tensor, "n 2"], bend: Activation) -> Tensor:
    """The points before the first and after each layer, x ← bend(W x), (L + 1, n, 2)."""
    places = [points]
    for matrix in matrices:
        places.append(bend(places[-1] @ matrix.T))
    return torch.stack(places)


def power_of_ten_over(value: float) -> float:
    """The least power of ten over a value; what rounding leaves is not known better. Of 0 it is 0."""
    return float(f"1e{math.floor(math.log10(value)) + 1}") if value > 0 else 0.0


def best_affine(before: Float[Tensor, "n 2"], after: Float[Tensor, "n 2"]) -> tuple[Tensor, float]:
    """What the best affine map makes of the points (n, 2), and the share of the variance that it misses."""
    padded = torch.cat([before, torch.ones(len(before), 1, dtype=before.dtype)], dim=1)
    fit = padded @ torch.linalg.lstsq(padded, after, driver="gelsd").solution
    variance = (after - after.mean(0)).square().sum()
    missed = float((after - fit).square().sum() / variance) if variance > 0 else 0.0
    return fit, missed


def of_pile(
    layers: int,
    left_slope: float,
    data: Cloud,
    count: int,
    noise: float,
    seeds: Sequence[int],
    precision: Precision,
) -> dict[str, np.ndarray]:
    """The arrays of the pile: :func:`nnanim.sim.activations.record` says what they are."""
    bend, dtype = bent(left_slope), getattr(torch, precision)
    missed: list[float] = []
    found: dict[str, np.ndarray] = {}
    for seed in seeds:
        generator = torch.Generator().manual_seed(seed)
        examples = cloud(data, count, noise, generator)
        points = examples.inputs.to(dtype)
        turns, stretches, exact = random_layers(layers, generator)
        matrices = exact.to(dtype)
        bent_pile = through(matrices, points, bend)
        # Divided by its size first: the least squares then see no tiny numbers.
        size = bent_pile[-1].abs().max().clamp(min=torch.finfo(dtype).tiny)
        fit, share = best_affine(points.double(), (bent_pile[-1] / size).double())
        missed.append(share)
        if found:
            continue
        pile = through(matrices, points, lambda z: z)
        products = through(matrices, torch.eye(2, dtype=dtype), lambda z: z).transpose(1, 2)
        differences = (pile - points @ products.transpose(1, 2)).abs().amax((1, 2))
        sizes = pile.abs().amax((1, 2))
        found = {
            "layer": np.arange(layers + 1),
            "labels": examples.labels.numpy().astype(np.uint8),
            "turns": turns.numpy(),
            "stretches": stretches.numpy(),
            "matrices": matrices.numpy(),
            "pile": pile.float().numpy(),
            "products": products.numpy(),
            "differences": differences.double().numpy(),
            "sizes": sizes.double().numpy(),
            "difference": differences[-1].double().numpy(),
            "difference_under": np.array(power_of_ten_over(float(differences[-1]))),
            "size": sizes[-1].double().numpy(),
            "relative": (differences[-1].double() / sizes[-1].double()).numpy(),
            "bent_pile": bent_pile.float().numpy(),
            "bent_sizes": bent_pile.abs().amax((1, 2)).double().numpy(),
            "bent_fit": (fit * size.double()).float().numpy(),
            "relu_sizes": through(matrices, points, torch.relu).abs().amax((1, 2)).double().numpy(),
        }
    return {**found, "bent_missed": np.array(missed)}


# --- straight lines ----------------------------------------------------------------------------------------


def sweep(
    points: Float[Tensor, "n 2"], labels: Int[Tensor, " n"], angles: Float[Tensor, " a"]
) -> tuple[Float[Tensor, " a"], Float[Tensor, " a"]]:
    """For each direction of a line's normal, the best share of points on their side, and its offset.

    Class 1 may lie on either side; every gap between two neighbouring points is tried, and both ends.
    """
    normals = torch.stack([angles.cos(), angles.sin()])  # (2, A)
    places, order = (points.double() @ normals).sort(dim=0)  # (n, A)
    ones = torch.nn.functional.pad(
        (labels[order] == 1).long().cumsum(0), (0, 0, 1, 0)
    )  # class 1 below the k-th gap
    below = torch.arange(len(points) + 1)[:, None]
    right = ones[-1:] - ones + below - ones  # class 1 above and class 0 below
    right = torch.maximum(right, len(points) - right)  # (n + 1, A)
    best, gap = right.max(dim=0)
    edges = torch.cat([places[:1] - 0.1, places, places[-1:] + 0.1])
    offsets = (edges.gather(0, gap[None]) + edges.gather(0, gap[None] + 1))[0] / 2
    return best.double() / len(points), offsets
