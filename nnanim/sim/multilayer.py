"""Small fully connected networks, several of one shape side by side, and what can be measured of them.

The first axis of everything is the network: ``S`` of them, which differ in their seed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional

Activation = Callable[[Tensor], Tensor]


def bent(left_slope: float) -> Activation:
    """f(z) = z for z > 0 and ``left_slope`` · z elsewhere: 1 is a straight line, 0 is ReLU."""
    if left_slope == 0:
        return torch.relu  # 0 · z would leave −0.0 and, of an infinite z, no number at all
    return lambda z: torch.where(z > 0, z, left_slope * z)


ACTIVATIONS: dict[str, Activation] = {
    "linear": lambda z: z,
    "relu": torch.relu,
    "leaky": bent(0.01),
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "gelu": functional.gelu,
    "silu": functional.silu,
}


def seeded(seeds: Sequence[int]) -> list[torch.Generator]:
    """One random generator for each network: it draws its weights first, then the order of its examples."""
    return [torch.Generator().manual_seed(seed) for seed in seeds]


# --- networks ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Networks:
    """S fully connected networks of one shape, side by side.

    Attributes
    ----------
    parameters
        Weights and biases of each layer in turn, (S, n_out, n_in) and (S, n_out).
    activation
        Of all hidden layers; the last layer gives its sums (logits).
    """

    parameters: tuple[Tensor, ...]
    activation: Activation

    @classmethod
    def drawn(
        cls, sizes: Sequence[int], activation: Activation, generators: Sequence[torch.Generator]
    ) -> Networks:
        """Networks as ``torch.nn.Linear`` draws them: uniform in ±1/√n_in, layer by layer, float32."""
        members = [_as_torch_draws(sizes, generator) for generator in generators]
        return cls(tuple(torch.stack(same) for same in zip(*members, strict=True)), activation)

    def __len__(self) -> int:
        return len(self.parameters[0])

    @property
    def weights(self) -> tuple[Tensor, ...]:
        """The weights of each layer, (S, n_out, n_in)."""
        return self.parameters[::2]

    @property
    def size(self) -> int:
        """Numbers that one of the networks has to learn."""
        return sum(parameter[0].numel() for parameter in self.parameters)

    def copy(self) -> Networks:
        """The same numbers at another place, without gradients."""
        return replace(self, parameters=tuple(parameter.detach().clone() for parameter in self.parameters))

    def only(self, member: int) -> Networks:
        """One of them, still with S = 1 in front."""
        return replace(
            self, parameters=tuple(parameter[member : member + 1] for parameter in self.parameters)
        )

    def doubled(self) -> Networks:
        """The same numbers as float64."""
        return replace(self, parameters=tuple(parameter.detach().double() for parameter in self.parameters))

    def sums(self, inputs: Float[Tensor, "... features"]) -> list[Tensor]:
        """z of each layer, (S, n, n_out); inputs are (n, features), the same for all, or (S, n, features)."""
        a = inputs if inputs.ndim == 3 else inputs.expand(len(self), *inputs.shape)
        sums: list[Tensor] = []
        for weight, bias in zip(self.parameters[::2], self.parameters[1::2], strict=True):
            z = torch.baddbmm(
                bias[:, None, :], self.activation(sums[-1]) if sums else a, weight.transpose(1, 2)
            )
            sums.append(z)
        return sums

    def __call__(self, inputs: Float[Tensor, "... features"]) -> Tensor:
        """The logits, (S, n, n_out)."""
        return self.sums(inputs)[-1]


def _as_torch_draws(sizes: Sequence[int], generator: torch.Generator) -> list[Tensor]:
    drawn = []
    for n_in, n_out in pairwise(sizes):
        weight, bias = torch.empty(n_out, n_in), torch.empty(n_out)
        nn.init.kaiming_uniform_(weight, a=math.sqrt(5), generator=generator)
        nn.init.uniform_(bias, -1 / math.sqrt(n_in), 1 / math.sqrt(n_in), generator=generator)
        drawn += [weight, bias]
    return drawn


# --- measures ----------------------------------------------------------------------------------------------


def answers(logits: Float[Tensor, "s n k"]) -> Int[Tensor, "s n"]:
    """The class that is answered: the largest of several logits, or whether the only one is over 0."""
    return (logits[..., 0] > 0).long() if logits.shape[-1] == 1 else logits.argmax(-1)


@torch.no_grad()
def accuracy(networks: Networks, inputs: Tensor, labels: Tensor) -> Float[Tensor, " s"]:
    """Share of right answers of each network, (S,)."""
    return (answers(networks(inputs)) == labels).double().mean(-1)


@torch.no_grad()
def silent(networks: Networks, inputs: Tensor) -> list[Bool[Tensor, "s width"]]:
    """The neurons of each hidden layer that give exactly 0 for every input: of ReLU, the dead ones."""
    return [(networks.activation(z) == 0).all(dim=1) for z in networks.sums(inputs)[:-1]]


def change(before: Networks, after: Networks) -> Float[Tensor, "s layers"]:
    """‖W_after − W_before‖ / ‖W_before‖ of each layer (Frobenius norms in float64)."""
    pairs = zip(before.weights, after.weights, strict=True)
    ratios = [
        (new.detach().double() - old.detach().double()).flatten(1).norm(dim=1)
        / old.detach().double().flatten(1).norm(dim=1)
        for old, new in pairs
    ]
    return torch.stack(ratios, dim=1)
