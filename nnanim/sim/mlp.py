"""The multi-layer perceptron: its weights, and one forward pass with every intermediate number kept.

Index ``l`` is a layer; layer 0 is the input. ``weights[l]`` leads from layer ``l − 1`` to layer ``l``.
"""

from __future__ import annotations

import math
import re
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
from nnanim.trace import Trace

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
WEIGHT_FILES = (".npz", ".safetensors", ".pt", ".pth")


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
            f"inputs must hold {network.sizes[0]} numbers, one for each input neuron, got {len(inputs)}"
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
    """Read a network from a file.

    ``.npz`` and ``.safetensors`` hold ``weights[1]``, ``biases[1]``, ``weights[2]``, … (a trace of this module does);
    ``.pt``, ``.pth`` and ``.safetensors`` may hold the state dict of a ``torch.nn.Sequential`` of linear layers.

    Raises
    ------
    ParameterError
        When the file cannot be read, is of the wrong shapes, or holds a number that is not finite.
    """
    tensors = _read_tensors(path)
    pairs = _layer_pairs(tensors, path)
    if not pairs:
        raise ParameterError(
            f"weights: {path} holds no layers (expected weights[1] and biases[1], or 0.weight and 0.bias)"
        )
    for number, (weight, bias) in enumerate(pairs, start=1):
        if weight.ndim != 2 or bias.shape != (weight.shape[0],) or not weight.numel():
            raise ParameterError(
                f"weights: {path}: layer {number} must have a weight (n_out, n_in) and a bias (n_out,), none of them empty, "
                f"got {tuple(weight.shape)} and {tuple(bias.shape)}"
            )
        if number > 1 and weight.shape[1] != pairs[number - 2][0].shape[0]:
            raise ParameterError(
                f"weights: {path}: layer {number} takes {weight.shape[1]} numbers, but layer {number - 1} gives "
                f"{pairs[number - 2][0].shape[0]}"
            )
        if not (torch.isfinite(weight).all() and torch.isfinite(bias).all()):
            raise ParameterError(
                f"weights: {path}: layer {number} holds a number that is not finite (NaN or infinity)"
            )
    return MLP(tuple(weight for weight, _ in pairs), tuple(bias for _, bias in pairs))


def _read_tensors(path: Path) -> dict[str, Tensor]:
    if path.suffix not in WEIGHT_FILES:
        raise ParameterError(f"weights must be a file ending in {', '.join(WEIGHT_FILES)}, got {path}")
    if not path.is_file():
        raise ParameterError(f"weights: there is no file {path}")
    try:
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as file, np.errstate(over="ignore"):
                names = [name for name in file.files if file[name].dtype.kind in "fiu"]
                return {name: torch.from_numpy(np.asarray(file[name], dtype=np.float32)) for name in names}
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return {name: tensor.float() for name, tensor in load_file(path).items()}
        state = torch.load(path, map_location="cpu", weights_only=True)
        return {name: tensor.float() for name, tensor in state.items() if isinstance(tensor, Tensor)}
    except Exception as error:  # every format has errors of its own; the person wants one sentence
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ParameterError(f"weights: {path} cannot be read: {reason}") from None


def _layer_pairs(tensors: dict[str, Tensor], path: Path) -> list[tuple[Tensor, Tensor]]:
    for weight_form, bias_form in (("weights[{}]", "biases[{}]"), ("{}.weight", "{}.bias")):
        weights, biases = (_by_layer(tensors, form) for form in (weight_form, bias_form))
        layers = sorted(weights.keys() | biases.keys(), key=_natural)
        if weight_form == "weights[{}]" and layers and layers[0] != "1":
            raise ParameterError(f"weights: {path}: the first layer is weights[1], but the file begins with {layers[0]}")
        for layer in layers:
            here, lacking = (bias_form, weight_form) if layer not in weights else (weight_form, bias_form)
            if layer not in weights or layer not in biases:
                raise ParameterError(f"weights: {path}: {here.format(layer)} has no {lacking.format(layer)} beside it")
        if layers:
            return [(weights[layer], biases[layer]) for layer in layers]
    return []


def _by_layer(tensors: dict[str, Tensor], form: str) -> dict[str, Tensor]:
    pattern = re.escape(form).replace(r"\{\}", r"(.*)" if "." in form else r"(\d+)")
    return {match[1]: tensor for name, tensor in tensors.items() if (match := re.fullmatch(pattern, name))}


def _natural(layer: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", layer)]
