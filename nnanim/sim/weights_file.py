"""A fully connected network out of a file: which tensors are its layers, and in which order.

A file may hold far more than linear layers. What is not understood is refused by its name, never passed over, and an
order that the file does not tell is not guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cmp_to_key
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from nnanim.params import ParameterError
from nnanim.sim.weight_formats import read_arrays
from nnanim.wording import brief, listed, n_of

MOST_UNNUMBERED = 12
"""Layers whose order is looked for by their shapes."""
_OF_A_TRACE = re.compile(
    r"(inputs|outputs|sizes|curve_[xy]|exponentials|exponential_sum|(parameter|multiplication)_count|parameters\.\w+)"
    r"|(activations|products|weighted_sums|pre_activations)\[\d+\]|__again\d+__\..+"
)
"""The other arrays of a forward pass's trace: they follow from the weights, the inputs and the parameters, or repeat it."""


@dataclass(frozen=True)
class Layer:
    """A linear layer as the file has it: its tensors by their names there."""

    name: str
    weight_name: str
    weight: Tensor
    bias_name: str
    bias: Tensor

    @property
    def fan_in(self) -> int:
        """How many numbers it takes."""
        return int(self.weight.shape[1])

    @property
    def fan_out(self) -> int:
        """How many numbers it gives."""
        return int(self.weight.shape[0])


def read_layers(path: Path) -> list[Layer]:
    """The layers of a network, first to last, in float32.

    A trace (``weights[1]``, ``biases[1]``, …) numbers its layers. A state dict (``fc.weight``, ``fc.bias``) from ``.pt`` or
    ``.pth`` keeps the file's own order, which is that of ``state_dict()``. ``.safetensors`` and ``.npz`` promise none: there
    the numbers in the names decide, else the shapes, if the layers fit together in one way only.

    Raises
    ------
    ParameterError
        When the file cannot be read, holds anything but linear layers with a bias, or does not tell their order.
    """
    arrays = read_arrays(path)
    try:
        if any(re.fullmatch(r"(weights|biases)\[\d+\]", name) for name in arrays.tensors):
            layers = _of_trace(arrays.tensors)
        else:
            layers = _of_state_dict(arrays.tensors, arrays.ordered)
        _check(layers)
    except _Refusal as refusal:
        raise ParameterError(f"weights: {path}: {refusal}") from None
    return layers


class _Refusal(ValueError):
    """Why the tensors make no network; the file's name is put before it."""


# Which tensors ------------------------------------------------------------------------------------------


def _of_trace(tensors: Mapping[str, Any]) -> list[Layer]:
    count = sum(re.fullmatch(r"(weights|biases)\[\d+\]", name) is not None for name in tensors)
    numbers = [n for n in range(1, count + 1) if f"weights[{n}]" in tensors or f"biases[{n}]" in tensors]
    wanted = [name for n in numbers for name in (f"weights[{n}]", f"biases[{n}]")]
    if missing := [n for n in range(1, (numbers or [0])[-1] + 1) if n not in numbers] or ([] if numbers else [1]):
        raise _Refusal(f"layers are weights[1], weights[2] and so on, but there is no weights[{missing[0]}]")
    for name, other in [*zip(wanted[::2], wanted[1::2], strict=True), *zip(wanted[1::2], wanted[::2], strict=True)]:
        if name in tensors and other not in tensors:
            raise _Refusal(f"{name} has no {other} beside it")
    _refuse_strangers(tensors, [name for name in tensors if name not in wanted and not _OF_A_TRACE.fullmatch(name)])
    return [_layer(tensors, str(n), f"weights[{n}]", f"biases[{n}]") for n in numbers]


def _of_state_dict(tensors: Mapping[str, Any], ordered: bool) -> list[Layer]:
    names = [name.rpartition("weight")[0] for name in tensors if name == "weight" or name.endswith(".weight")]
    linear = [name for name in names if getattr(tensors[f"{name}weight"], "ndim", 0) == 2]
    if not names:
        keys = f"holds only {listed(list(tensors))}" if tensors else "is empty"
        raise _Refusal(f"holds no layers: it {keys} (expected weights[1] and biases[1], or 0.weight and 0.bias)")
    known = [f"{name}{part}" for name in linear for part in ("weight", "bias")]
    _refuse_strangers(tensors, [name for name in tensors if name not in known])
    for name in linear:
        if f"{name}bias" not in tensors:
            raise _Refusal(f"{name}weight has no {name}bias beside it")
    layers = [_layer(tensors, name.rstrip("."), f"{name}weight", f"{name}bias") for name in linear]
    return _in_own_order(layers) if ordered else _in_told_order(layers)


def _refuse_strangers(tensors: Mapping[str, Any], names: Sequence[str]) -> None:
    if not names:
        return
    kinds = (kind for name in names for pattern, kind in _STRANGERS if re.search(pattern, name))
    axes = {getattr(tensors[name], "ndim", 0) for name in names if name.endswith(".weight")}
    what = next(kinds, "weights of a convolution" if axes & {3, 4, 5} else "the gain of a norm" if axes == {1} else "")
    raise _Refusal(
        f"holds {listed(list(names))}{what and f' ({what})'}; only linear layers are understood: weight (n_out, n_in) and bias (n_out,)"
    )


_STRANGERS = (
    (r"running_(mean|var)$|num_batches_tracked$", "statistics of a batch norm"),
    (r"(scale|zero_point|_packed_params|zeros|qweight|g_idx|absmax|quant_\w+)s?$", "parts of quantised weights"),
    (r"parametrizations\.|weight_(g|v|u|orig|mask)$", "parts of a weight that is worked out from others"),
    (r"weight_[ih]h_l\d", "parts of a recurrent layer"),
    (r"in_proj_(weight|bias)$", "parts of attention"),
    (r"kernel$", "a weight that lies transposed"),
)


def _layer(tensors: Mapping[str, Any], name: str, weight_name: str, bias_name: str) -> Layer:
    weight, bias = (_numbers(key, tensors[key]) for key in (weight_name, bias_name))
    return Layer(name, weight_name, weight, bias_name, bias)


def _numbers(name: str, tensor: Any) -> Tensor:
    """A tensor of real numbers as float32."""
    if not isinstance(tensor, Tensor):
        raise _Refusal(f"{name} is no tensor, but of the type {type(tensor).__name__}")
    if tensor.is_quantized:
        raise _Refusal(f"{name} is quantised; save the weights as float32")
    if tensor.layout is not torch.strided or tensor.is_nested:
        raise _Refusal(f"{name} is sparse; save it dense (tensor.to_dense())")
    if tensor.device.type == "meta":
        raise _Refusal(f"{name} has a shape but no numbers (it is on the meta device)")
    if not tensor.dtype.is_floating_point:
        kind = str(tensor.dtype).removeprefix("torch.")
        raise _Refusal(f"{name} is of the type {kind}; weights are floating-point numbers")
    return tensor.detach().to(torch.float32)


# In which order -----------------------------------------------------------------------------------------


def _in_own_order(layers: list[Layer]) -> list[Layer]:
    """The file's order, unless the numbers in the names say something else."""
    for before, after in combinations(layers, 2):
        if _compare(before.name, after.name) > 0:
            raise _Refusal(f"the order of its layers is not clear: {before.name} stands before {after.name} in the file")
    return layers


def _in_told_order(layers: list[Layer]) -> list[Layer]:
    """The order by the names' numbers, or the only one in which the layers fit together."""
    if all(_compare(a.name, b.name) for a, b in combinations(layers, 2)):
        names = sorted((layer.name for layer in layers), key=cmp_to_key(_compare))
        return sorted(layers, key=lambda layer: names.index(layer.name))
    for layer in layers:
        _check_layer(layer)
    found: list[list[Layer]] = []
    if len(layers) <= MOST_UNNUMBERED:
        for chain in _chains([], layers):
            found.append(chain)
            if len(found) == 2:
                break
    if len(found) == 1:
        return found[0]
    names = [f"{layer.name} {layer.fan_in}→{layer.fan_out}" for layer in layers]
    if found or len(layers) > MOST_UNNUMBERED:
        raise _Refusal(
            f"this kind of file does not tell the order of its layers {listed(names, 5)}; number their names, or save the "
            "state dict as .pt"
        )
    raise _Refusal(f"its layers do not fit together in any order: {listed(names, 5)}")


def _chains(begun: list[Layer], left: list[Layer]) -> Iterator[list[Layer]]:
    """Every order in which each layer takes what the one before gives, and no number comes before a smaller one."""
    if not left:
        yield begun
    for layer in left:
        fits = not begun or begun[-1].fan_out == layer.fan_in
        if fits and all(_compare(layer.name, other.name) <= 0 for other in left):
            yield from _chains([*begun, layer], [other for other in left if other is not layer])


def _compare(first: str, second: str) -> int:
    """Negative or positive where the first numbers in which two names differ decide between them, else 0.

    ``net.2`` comes before ``net.10`` and after ``net.0.4``; ``fc1`` before ``fc2``; of ``fc1`` and ``out`` nothing is known.
    """
    for one, other in zip(first.split("."), second.split("."), strict=False):
        if one == other:
            continue
        stems = [re.fullmatch(r"(\D*)(\d+)(\D*)", part) for part in (one, other)]
        if None in stems:
            return 0
        (before, number, after), (other_before, other_number, other_after) = (stem.groups() for stem in stems if stem)
        return int(number) - int(other_number) if (before, after) == (other_before, other_after) else 0
    return 0


# Whether it is a network --------------------------------------------------------------------------------


def _check_layer(layer: Layer, number: int | None = None) -> None:
    weight, bias = layer.weight, layer.bias
    place = f"layer {number}" if number else f"layer {layer.name}"
    if weight.ndim != 2 or bias.shape != (weight.shape[0],) or not weight.numel():
        transposed = weight.ndim == 2 and weight.numel() and bias.shape == (weight.shape[1],)
        raise _Refusal(
            f"{place} must have a weight (n_out, n_in) and a bias (n_out,), none of them empty, got {tuple(weight.shape)} and "
            f"{tuple(bias.shape)} in {brief(layer.weight_name)}" + (" (it lies transposed)" if transposed else "")
        )
    for name, tensor in ((layer.weight_name, weight), (layer.bias_name, bias)):
        if not torch.isfinite(tensor).all():
            raise _Refusal(f"{place}: {brief(name)} holds a number that is not finite (NaN or infinity)")


def _check(layers: Sequence[Layer]) -> None:
    for number, layer in enumerate(layers, start=1):
        _check_layer(layer, number)
    for number, (before, layer) in enumerate(pairwise(layers), start=2):
        if layer.fan_in != before.fan_out:
            raise _Refusal(
                f"layer {number} takes {n_of(layer.fan_in, 'number')}, but layer {number - 1} gives {before.fan_out} "
                f"({layer.name} after {before.name})"
            )
