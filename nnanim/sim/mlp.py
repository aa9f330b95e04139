"""The multi-layer perceptron: its weights, and one forward pass with every intermediate number kept.

Index ``l`` is a layer; layer 0 is the input. ``weights[l]`` leads from layer ``l − 1`` to layer ``l``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from nnanim.params import ParameterError
from nnanim.sim.weights_file import read_layers
from nnanim.trace import Trace
from nnanim.wording import n_of

Activation = Literal["sigmoid", "tanh", "relu", "gelu"]
Head = Literal["softmax", "sigmoid", "identity"]

_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "gelu": torch.nn.functional.gelu,
}
_HEADS: dict[str, Callable[[Tensor], Tensor]] = {
    "softmax": lambda logits: torch.softmax(logits, dim=-1),
    "sigmoid": torch.sigmoid,
    "identity": lambda logits: logits,
}


@dataclass(frozen=True)
class MLP:
    """Weights and biases of a fully connected network, one of each for every layer but the input."""

    weights: tuple[Float[Tensor, "_n_out _n_in"], ...]
    biases: tuple[Float[Tensor, " _n_out"], ...]

    @property
    def sizes(self) -> tuple[int, ...]:
        """Neurons of each layer, the input first."""
        return (self.weights[0].shape[1], *(w.shape[0] for w in self.weights))

    @property
    def parameter_count(self) -> int:
        """Weights and biases together."""
        return sum(w.numel() + b.numel() for w, b in zip(self.weights, self.biases, strict=True))


def initialise(sizes: Sequence[int], seed: int, gain: float) -> MLP:
    """Draw a network: weights from N(0, (gain / √fan_in)²), biases from N(0, (gain / 4)²).

    The scaling by fan-in is LeCun's (LeCun et al. 1998, *Efficient BackProp*, eq. 16); biases are drawn as well,
    so that there is a shift to be seen.
    """
    generator = torch.Generator().manual_seed(seed)
    weights, biases = [], []
    for fan_in, fan_out in pairwise(sizes):
        weights.append(torch.randn(fan_out, fan_in, generator=generator) * (gain / math.sqrt(fan_in)))
        biases.append(torch.randn(fan_out, generator=generator) * (gain / 4))
    return MLP(tuple(weights), tuple(biases))


def forward(network: MLP, inputs: Sequence[float], activation: Activation, head: Head) -> Trace:
    """Send one input through the network and keep every number on the way.

    Parameters
    ----------
    network
        The weights and biases.
    inputs
        Values of the input layer, (n_0,).
    activation
        Applied after every hidden layer.
    head
        Applied to the last layer's sums, the logits.

    Returns
    -------
    A trace with, for each layer ``l`` ≥ 1: ``weights[l]`` (n_l, n_{l−1}), ``biases[l]`` (n_l),
    ``products[l]`` = weights × incoming activations, elementwise (n_l, n_{l−1}), ``weighted_sums[l]`` without bias (n_l),
    ``pre_activations[l]`` with it (n_l), ``activations[l]`` (n_l); ``inputs`` = ``activations[0]`` (n_0);
    ``outputs`` = the head's (n_L); ``exponentials`` and ``exponential_sum`` when the head is softmax;
    ``curve_x``, ``curve_y``: the activation function, drawn as far as the pre-activations of the hidden layers reach;
    ``sizes``, ``parameter_count``, ``multiplication_count``.
    All float32, as torch computed them.

    Raises
    ------
    ParameterError
        When the inputs do not fit the network, or a sum overflows.
    """
    x = torch.tensor(inputs, dtype=torch.float32)  # (n_0,)
    if x.shape != (network.sizes[0],):
        raise ParameterError(
            f"inputs must hold {n_of(network.sizes[0], 'number')}, one for each input neuron, got {len(inputs)}"
        )
    record: dict[str, Tensor] = {"inputs": x, "activations[0]": x}
    last = len(network.weights)
    hidden_reach = 0.0
    with torch.no_grad():
        for layer, (weight, bias) in enumerate(zip(network.weights, network.biases, strict=True), start=1):
            products = weight * x  # (n_out, n_in)
            weighted = weight @ x  # (n_out,)
            z = torch.nn.functional.linear(x, weight, bias)  # (n_out,)
            x = _HEADS[head](z) if layer == last else _ACTIVATIONS[activation](z)
            hidden_reach = max(hidden_reach, float(z.abs().max()) if layer < last else 0.0)
            record |= {
                f"weights[{layer}]": weight,
                f"biases[{layer}]": bias,
                f"products[{layer}]": products,
                f"weighted_sums[{layer}]": weighted,
                f"pre_activations[{layer}]": z,
                f"activations[{layer}]": x,
            }
        record["outputs"] = x
        if head == "softmax":
            record["exponentials"] = torch.exp(z)
            record["exponential_sum"] = torch.exp(z).sum()
    if not all(
        bool(torch.isfinite(tensor).all())
        for name, tensor in record.items()
        if not name.startswith("exponential")
    ):
        raise ParameterError(
            "the numbers overflow on their way through the network; use smaller inputs, weights or gain"
        )
    reach = max(4.0, math.ceil(hidden_reach * 1.1))
    record["curve_x"] = torch.linspace(-reach, reach, 241)
    record["curve_y"] = _ACTIVATIONS[activation](record["curve_x"])
    sizes = np.array(network.sizes)
    counts = {
        "sizes": sizes,
        "parameter_count": np.array(network.parameter_count),
        "multiplication_count": np.array(int((sizes[:-1] * sizes[1:]).sum())),
    }
    return Trace(
        {name: tensor.numpy() for name, tensor in record.items()} | counts,
        given=frozenset({"inputs", "activations[0]"}),
    )


def load(path: Path) -> MLP:
    """Read a network from a file, as :func:`nnanim.sim.weights_file.read_layers` does.

    ``.npz`` and ``.safetensors`` hold ``weights[1]``, ``biases[1]``, ``weights[2]``, … (a trace of this module does), or the
    state dict of linear layers, as ``.pt`` and ``.pth`` do.

    Raises
    ------
    ParameterError
        When the file cannot be read, is of the wrong shapes, or holds what is not understood.
    """
    layers = read_layers(path)
    return MLP(tuple(layer.weight for layer in layers), tuple(layer.bias for layer in layers))
