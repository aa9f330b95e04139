"""What a film of training looks at: digits as they pass through networks at chosen moments of their runs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from nnanim.sim.digit_runs import Bench
from nnanim.sim.multilayer import Networks

POOL = 48
"""Digits of each part that are looked at while they pass: enough to be a crowd."""
STRONGEST = 4
"""Pixels of each hidden neuron whose pull on it is shown."""
ROUND = 6
"""Digits of each round that are looked at during the cure."""


class Pool:
    """The digits that are looked at: unseen ones, ones that are trained on, the watched one, the one of the slow step."""

    def __init__(self, bench: Bench, one: np.ndarray) -> None:
        digits = bench.digits
        order = torch.randperm(len(digits.unseen), generator=torch.Generator().manual_seed(0))
        rest = torch.randperm(len(digits.seen), generator=torch.Generator().manual_seed(0))
        count = min(POOL, len(order), len(rest))
        self.unseen = np.arange(count)
        self.seen = count + np.arange(count)
        self.watched, self.one = 2 * count, 2 * count + 1
        parts = [digits.unseen.inputs[order[:count]], digits.seen.inputs[rest[:count]], digits.watched.inputs, torch.as_tensor(one)[None]]
        self.images = torch.cat(parts)
        labels = [digits.unseen.labels[order[:count]], digits.seen.labels[rest[:count]], digits.watched.labels]
        self.labels = torch.cat([*labels, torch.full((1,), -1)])

    def found(self) -> dict[str, np.ndarray]:
        """``pool_images`` (m, 28, 28), grey values of 0–255; ``pool_labels`` (m)."""
        grey = (self.images * 255).round().to(torch.uint8).view(-1, 28, 28)
        return {"pool_images": grey.numpy(), "pool_labels": self.labels.numpy()}


@torch.no_grad()
def reel(name: str, pool: Pool, networks: Sequence[Networks], digits: Sequence[int] | np.ndarray) -> dict[str, np.ndarray]:
    """Digits of the pool passing one after another, the k-th through the k-th network (S = 1), or all through one.

    Returns
    -------
    ``NAME.digits`` (n): places in the pool; ``NAME.hidden`` (n, H): outputs of the hidden neurons; ``NAME.shares`` (n, 10):
    probabilities; ``NAME.pixels``, ``NAME.pulls`` (n, H, 4): the pixels that pull most at each neuron, and weight times pixel;
    ``NAME.lines`` (networks, 10, H): weights of the second layer.
    """
    places = np.asarray(digits)
    images = pool.images[torch.as_tensor(places)]
    many = list(networks) if len(networks) > 1 else [networks[0]] * len(places)
    hidden, shares, pixels, pulls = [], [], [], []
    for network, image in zip(many, images, strict=True):
        sums, logits = network.sums(image[None])
        pull = network.weights[0][0] * image
        strongest = pull.abs().topk(STRONGEST, dim=1).indices
        hidden.append(network.activation(sums)[0, 0])
        shares.append(logits[0, 0].softmax(-1))
        pixels.append(strongest)
        pulls.append(pull.gather(1, strongest))
    arrays = {
        "digits": places.astype(np.int16),
        "hidden": _small(hidden),
        "shares": _small(shares),
        "pixels": torch.stack(pixels).numpy().astype(np.int16),
        "pulls": _small(pulls),
        "lines": _small([network.weights[1][0] for network in networks]),
    }
    return {f"{name}.{key}": value for key, value in arrays.items()}


def _small(rows: Sequence[Tensor]) -> np.ndarray:
    return torch.stack(list(rows)).detach().numpy().clip(-6e4, 6e4).astype(np.float16)


def moments_of(steps: int, count: int = 40) -> list[int]:
    """Steps of a run at which it is looked at: one by one at first, then farther and farther apart, the last among them."""
    spaced = np.rint(np.geomspace(1, max(steps, 1), count)).astype(int)
    return sorted({0, *spaced.tolist(), steps})
