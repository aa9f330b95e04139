"""Files of weights, whatever wrote them: their tensors by name, and whether they stand in an order.

Read are PyTorch files (a state dict, or a checkpoint that holds one), safetensors and npz. No code in a file is run.
"""

from __future__ import annotations

import pickle
import pickletools
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nnanim.params import ParameterError
from nnanim.wording import brief, listed

WEIGHT_FILES = (".npz", ".safetensors", ".pt", ".pth")
WRAPPERS = ("module.", "_orig_mod.")
"""What ``DataParallel`` and ``torch.compile`` put before every name."""
DEEPEST = 4
"""How deep in a checkpoint a state dict is looked for."""
_PLAIN = ("torch._utils.", "torch.FloatStorage", "collections.OrderedDict")
"""Beginnings of the names of what every PyTorch file holds."""
NOT_ARRAYS = ("__text__",)
"""What a trace says in words."""


@dataclass(frozen=True)
class Arrays:
    """What a file holds.

    Attributes
    ----------
    tensors
        By name; values that are no tensors stand there as they are.
    ordered
        Whether their order is that of the network they were taken from.
    """

    tensors: Mapping[str, Any]
    ordered: bool


def read_arrays(path: Path) -> Arrays:
    """Read a file of weights.

    Raises
    ------
    ParameterError
        When it is missing, of another kind, damaged, or holds no state dict or several.
    """
    kind = path.suffix.lower()
    if kind not in WEIGHT_FILES:
        raise ParameterError(f"weights must be a file ending in {', '.join(WEIGHT_FILES)}, got {brief(path)}")
    try:
        if not path.is_file():
            raise ParameterError(f"weights: there is no file {path}")
        with path.open("rb") as file:  # whether it can be read at all is the same question for every kind
            file.read(1)
        if kind == ".npz":
            return Arrays(_unwrapped(_npz(path)), ordered=False)
        if kind == ".safetensors":
            return Arrays(_unwrapped(_safetensors(path)), ordered=False)
        return Arrays(_unwrapped(_state_dict(_torch(path), path)), ordered=True)
    except OSError as error:
        raise ParameterError(f"weights: {path} cannot be read: {error.strerror or 'it is damaged'}") from None
    except ParameterError:
        raise
    except Exception:  # each format has errors of its own, whose texts are for those who wrote the reader
        raise ParameterError(f"weights: {path} cannot be read: {_WRITTEN_BY[kind]}") from None


_WRITTEN_BY = {
    ".npz": "it is not what numpy.savez writes, or it is damaged",
    ".safetensors": "it is not a safetensors file, or it is damaged",
    ".pt": "it is not what torch.save writes, or it is damaged",
    ".pth": "it is not what torch.save writes, or it is damaged",
}


def _unwrapped(tensors: Mapping[str, Any]) -> dict[str, Any]:
    """Without what wrappers put before all names."""
    names = {name: name for name in tensors}
    while prefix := next((p for p in WRAPPERS if names and all(n.startswith(p) for n in names.values())), None):
        names = {name: short.removeprefix(prefix) for name, short in names.items()}
    return {names[name]: tensor for name, tensor in tensors.items()}


def _npz(path: Path) -> dict[str, Any]:
    with np.load(path, allow_pickle=False) as file:
        tensors: dict[str, Any] = {}
        for name in file.files:
            if name in NOT_ARRAYS:
                continue
            try:
                array = file[name]
            except ValueError:
                raise ParameterError(f"weights: {path}: {brief(name)} holds Python objects, not numbers") from None
            tensors[name] = _tensor(array)
        return tensors


def _tensor(array: np.ndarray) -> Any:
    """The same numbers for torch, or the array itself where torch has no such type."""
    if array.dtype.kind == "f" and array.dtype.itemsize > 8:
        array = array.astype(np.float64)
    try:
        return torch.from_numpy(np.array(array, dtype=array.dtype.newbyteorder("=")))
    except TypeError:
        return array


def _safetensors(path: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    return dict(load_file(path))


def _torch(path: Path) -> Any:
    if _is_torchscript(path):
        raise ParameterError(f"weights: {path} holds a whole module (TorchScript); save model.state_dict() instead")
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        found = _foreign(path)
        if any(name.startswith("torch.nn.") for name in found):
            raise ParameterError(f"weights: {path} holds a whole module; save model.state_dict() instead") from None
        if found:
            raise ParameterError(
                f"weights: {path} holds Python objects ({listed(found, 2)}), which could run code and are not loaded; save "
                "model.state_dict() alone"
            ) from None
        raise


def _is_torchscript(path: Path) -> bool:
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(Path(name).name == "constants.pkl" for name in archive.namelist())


def _foreign(path: Path) -> list[str]:
    """Names of the Python objects in a PyTorch file that are neither tensors nor plain values."""
    try:
        return sorted(torch.serialization.get_unsafe_globals_in_checkpoint(path))
    except Exception:  # a file of the old form, which that function does not know, or a damaged one
        return _foreign_by_opcodes(path)


def _foreign_by_opcodes(path: Path) -> list[str]:
    """The same for the old form, several pickles one behind the other: the globals that are named in them."""
    names: list[str] = []
    with path.open("rb") as file:
        try:
            while True:
                found = [argument for opcode, argument, _ in pickletools.genops(file) if opcode.name == "GLOBAL"]
                names += [str(argument).replace(" ", ".") for argument in found]
        except Exception:  # where the pickles end, the numbers begin
            return sorted({name for name in names if not name.startswith(_PLAIN)})


def _state_dict(content: Any, path: Path) -> Mapping[str, Any]:
    """The one state dict in what a PyTorch file holds."""
    if not isinstance(content, Mapping):
        kind = "a tensor" if isinstance(content, Tensor) else f"a {type(content).__name__}"
        raise ParameterError(f"weights: {path} holds {kind}, no state dict; save model.state_dict()")
    if any(isinstance(value, Tensor) for value in content.values()):
        return {str(name): value for name, value in content.items()}
    found = dict(_nested(content))
    if len(found) == 1:
        return next(iter(found.values()))
    if found:
        raise ParameterError(
            f"weights: {path} holds {len(found)} state dicts: {listed(list(found), 4)}; save the one that is meant by itself"
        )
    keys = [str(key) for key in content]
    holds = f"it holds {listed(keys, 4)}" if keys else "it is empty"
    raise ParameterError(f"weights: {path} holds no layers: {holds} (save model.state_dict())")


def _nested(content: Mapping[Any, Any], before: str = "", depth: int = 1) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every state dict in a checkpoint, by the keys that lead to it."""
    for key, value in content.items():
        if not isinstance(value, Mapping):
            continue
        if _is_state_dict(value):
            yield f"{before}{key}", value
        elif depth < DEEPEST:
            yield from _nested(value, f"{before}{key}.", depth + 1)


def _is_state_dict(value: Mapping[Any, Any]) -> bool:
    """Whether a mapping has tensors under names such as an optimiser's state does not use."""
    return any(
        isinstance(key, str) and isinstance(tensor, Tensor) and (key in ("weight", "weights[1]") or key.endswith(".weight"))
        for key, tensor in value.items()
    )
