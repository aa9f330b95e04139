"""What networks are trained on: points drawn with a seed, handwritten digits, flowers; and a fair split.

Points are drawn by torch and depend on nothing but their arguments; digits and flowers are files whose origin
is named.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal, get_args

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from nnanim.datasets import known_dataset
from nnanim.wheels import WheelError

Cloud = Literal["rings", "moons", "spirals", "xor"]
CLOUDS: tuple[Cloud, ...] = get_args(Cloud)
"""Two classes of points in the plane, by name."""


@dataclass(frozen=True)
class Examples:
    """Inputs with their labels.

    Attributes
    ----------
    inputs
        One row for each example, (n, …).
    labels
        Its class, 0, 1, …, (n,), int64.
    """

    inputs: Float[Tensor, " examples *_shape"]
    labels: Int[Tensor, " examples"]

    def __len__(self) -> int:
        return len(self.labels)

    def of(self, rows: Tensor | Sequence[int]) -> Examples:
        """Those in these rows, in that order."""
        return Examples(self.inputs[rows], self.labels[rows])

    def flat(self) -> Examples:
        """The same with each input as one vector, (n, d)."""
        return Examples(self.inputs.flatten(1), self.labels)


# --- points in the plane -----------------------------------------------------------------------------------


def cloud(name: Cloud, count: int, noise: float, generator: torch.Generator) -> Examples:
    """Points of one of :data:`CLOUDS`; ``noise`` is a standard deviation, added to both coordinates."""
    clouds: dict[Cloud, Callable[[int, float, torch.Generator], Examples]] = {
        "rings": rings,
        "moons": moons,
        "spirals": spirals,
        "xor": xor,
    }
    return clouds[name](count, noise, generator)


def rings(
    count: int, noise: float, generator: torch.Generator, radii: tuple[float, float] = (1.0, 0.5)
) -> Examples:
    """Two circles around the origin, evenly spaced points on each, plus normal noise.

    Class 0 is on the first radius, class 1 on the second. As ``sklearn.datasets.make_circles``: half of the
    points (rounded down) on the first. Float32, (count, 2).
    """
    first = count // 2
    on_each = [
        radius * _on_circle(torch.arange(n) * (2 * math.pi / n))
        for n, radius in zip((first, count - first), radii, strict=True)
    ]
    return _labelled(on_each, noise, generator)


def moons(count: int, noise: float, generator: torch.Generator) -> Examples:
    """Two interleaved half circles of radius 1, the lower one moved by (1, 0.5), plus normal noise.

    As ``sklearn.datasets.make_moons``: half of the points (rounded down) on the upper one, class 0. Float32,
    (count, 2).
    """
    upper = _on_circle(torch.linspace(0, math.pi, count // 2))
    lower = torch.tensor([1.0, 0.5]) - _on_circle(torch.linspace(0, math.pi, count - count // 2))
    return _labelled([upper, lower], noise, generator)


def spirals(count: int, noise: float, generator: torch.Generator, turns: float = 1.75) -> Examples:
    """Two spirals, half a turn apart: radius t and angle 2π·turns·t for t evenly spaced up to 1.

    Lang & Witbrock 1988, *Learning to Tell Two Spirals Apart*, with radius 0 to 1. Float32, (count, 2).
    """
    arms = []
    for arm, n in enumerate((count // 2, count - count // 2)):
        t = (torch.arange(n) + 1) / n  # no point of both classes at the origin
        arms.append(t[:, None] * _on_circle(2 * math.pi * turns * t + math.pi * arm))
    return _labelled(arms, noise, generator)


def xor(count: int, noise: float, generator: torch.Generator) -> Examples:
    """Points uniform in the square ±1, class 1 where their coordinates differ in sign; then noise moves
    them."""
    points = 2 * torch.rand(count, 2, generator=generator) - 1
    labels = (points[:, 0] * points[:, 1] < 0).long()
    return Examples(points + noise * torch.randn(count, 2, generator=generator), labels)


def _on_circle(angles: Tensor) -> Tensor:
    return torch.stack([angles.cos(), angles.sin()], dim=1)  # (n, 2)


def _labelled(classes: Sequence[Tensor], noise: float, generator: torch.Generator) -> Examples:
    points = torch.cat(list(classes)).float()
    labels = torch.cat([torch.full((len(points),), number) for number, points in enumerate(classes)])
    return Examples(points + noise * torch.randn(points.shape, generator=generator), labels)


# --- files -------------------------------------------------------------------------------------------------


@cache
def digits() -> Examples:
    """1,797 handwritten digits of 8×8 pixels in [0, 1], (1797, 8, 8) (Alpaydin & Kaynak 1998)."""
    file = _shipped("digits")
    return Examples(torch.from_numpy(file["images"]).float() / 16, torch.from_numpy(file["labels"]).long())


@cache
def iris() -> Examples:
    """150 irises of three kinds: lengths and widths of sepals and petals in cm, (150, 4) (Fisher 1936)."""
    file = _shipped("iris")
    return Examples(torch.from_numpy(file["measurements"]).float(), torch.from_numpy(file["labels"]).long())


@cache
def mnist() -> Examples:
    """5,000 handwritten digits of 28×28 pixels in [0, 1], 500 of each, sorted (LeCun et al. 1998).

    Raises
    ------
    WheelError
        When they are not installed; the message holds the command that installs them.
    """
    file = known_dataset("mnist").require()
    try:
        table = np.loadtxt(file, delimiter=",", dtype=np.uint8)  # (5000, 785); numpy unpacks .gz itself
    except (OSError, EOFError, ValueError):
        raise WheelError(
            f"{file}: is damaged; remove it with nnanim data remove mnist and install it again"
        ) from None
    images = torch.from_numpy(table[:, :-1].reshape(-1, 28, 28)).float() / 255
    return Examples(images, torch.from_numpy(table[:, -1].copy()).long())


def _shipped(name: str) -> dict[str, np.ndarray]:
    place = resources.files("nnanim.sim").joinpath("shipped", f"{name}.npz")
    with place.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
        return {key: file[key] for key in file.files}


# --- parts -------------------------------------------------------------------------------------------------


def split(
    labels: Int[Tensor, " examples"], tested: int, generator: torch.Generator, unseen: Sequence[int] = ()
) -> tuple[Int[Tensor, " _train"], Int[Tensor, " tested"]]:
    """Rows for training and rows for testing, drawn so that each class has its share of both (stratified).

    Each class gives the test part its share of ``tested``, rounded down; what is lacking then comes from the
    classes with the largest remainders (Hamilton's method; ties go to the smaller class number). Both parts
    are shuffled.

    Parameters
    ----------
    labels
        Of all examples.
    tested
        How many are held out for testing.
    generator
        Draws them.
    unseen
        Rows that have to be in the test part, in place of others of their class.

    Raises
    ------
    ValueError
        When ``tested`` is not within 0 … n, or a class has more ``unseen`` rows than its place in the test
        part.
    """
    n = len(labels)
    if not 0 <= tested <= n:
        raise ValueError(f"tested must be from 0 to {n}, got {tested}")
    classes, counts = labels.unique(return_counts=True)
    quota = [tested * int(count) // n for count in counts]
    by_remainder = sorted(range(len(quota)), key=lambda place: (-(tested * int(counts[place]) % n), place))
    for place in by_remainder[: tested - sum(quota)]:
        quota[place] += 1
    train, test = [], []
    for number, held in zip(classes, quota, strict=True):
        rows = (labels == number).nonzero()[:, 0]
        rows = rows[torch.randperm(len(rows), generator=generator)]
        first = torch.isin(rows, torch.tensor(list(unseen), dtype=rows.dtype))
        if int(first.sum()) > held:
            raise ValueError(
                f"class {int(number)} has room for {held} unseen rows, not for {int(first.sum())}"
            )
        rows = torch.cat([rows[first], rows[~first]])
        test.append(rows[:held])
        train.append(rows[held:])
    parts = [torch.cat([labels.new_empty(0), *part]) for part in (train, test)]
    shuffled = [part[torch.randperm(len(part), generator=generator)] for part in parts]
    return shuffled[0], shuffled[1]
