"""Networks out of files, against the torch modules that were saved: the same outputs, or a refusal that names what is there."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import nn
from torch.nn.utils import prune

from nnanim.params import ParameterError
from nnanim.sim import mlp
from nnanim.wording import LONGEST_MESSAGE

SUFFIXES = (".pt", ".pth", ".safetensors", ".npz")
UNORDERED = (".safetensors", ".npz")


def write(state: dict[str, Any], path: Path) -> Path:
    if path.suffix == ".npz":
        np.savez(path, **{name: np.asarray(value) for name, value in state.items()})
    elif path.suffix == ".safetensors":
        save_file({name: value.contiguous() for name, value in state.items()}, path)
    else:
        torch.save(state, path)
    return path


def refusal(path: Path) -> str:
    with pytest.raises(ParameterError) as error:
        mlp.load(path)
    message = str(error.value)
    assert message.startswith("weights")
    assert str(path) in message
    assert len(message) <= LONGEST_MESSAGE
    assert "\n" not in message
    return message.replace(str(path), "FILE")


def outputs(path: Path, inputs: list[float]) -> torch.Tensor:
    """What our pass makes of the network in a file: tanh between the layers, nothing behind the last."""
    return torch.from_numpy(mlp.forward(mlp.load(path), inputs, "tanh", "identity")["outputs"].copy())


class Named(nn.Module):
    """Linear layers under names of their own, with tanh between them; ``order`` is the order in which they are used."""

    def __init__(self, names: list[str], sizes: list[int], seed: int = 0) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.order = names
        for name, n_in, n_out in zip(names, sizes, sizes[1:], strict=False):
            setattr(self, name, nn.Linear(n_in, n_out))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for name in self.order[:-1]:
            x = torch.tanh(getattr(self, name)(x))
        return getattr(self, self.order[-1])(x)


names_of_layers = st.lists(
    st.sampled_from(["fc1", "fc2", "fc3", "fc10", "out", "hidden", "a", "b", "lin_in", "head", "z9"]), min_size=1, max_size=5, unique=True
)


# The order ----------------------------------------------------------------------------------------------


def test_layers_named_fc1_fc2_and_out_are_read_in_that_order(tmp_path):
    """Three layers of the same shape: only the file's own order tells which comes first."""
    module = Named(["fc1", "fc2", "out"], [3, 3, 3, 3])
    path = write(module.state_dict(), tmp_path / "w.pt")
    network = mlp.load(path)
    for weight, layer in zip(network.weights, (module.fc1, module.fc2, module.out), strict=True):
        assert torch.equal(weight, layer.weight)
    torch.testing.assert_close(outputs(path, [0.5, -1.0, 2.0]), module(torch.tensor([0.5, -1.0, 2.0])).detach())


@given(names_of_layers, st.data())
@settings(deadline=None, max_examples=60)
def test_a_state_dict_gives_what_the_module_gives_or_is_refused(tmp_path_factory, names, data):
    sizes = data.draw(st.lists(st.integers(1, 3), min_size=len(names) + 1, max_size=len(names) + 1), label="sizes")
    suffix = data.draw(st.sampled_from(SUFFIXES), label="suffix")
    numbers = [int(name.removeprefix("fc")) for name in names if name.startswith("fc")]
    if suffix in UNORDERED:
        assume(numbers == sorted(numbers))  # there the numbers are all that tells
    module = Named(names, sizes, data.draw(st.integers(0, 9), label="seed"))
    path = write(module.state_dict(), tmp_path_factory.mktemp("w") / f"w{suffix}")
    inputs = [0.3, -0.7, 1.1][: sizes[0]]
    try:
        found = outputs(path, inputs)
    except ParameterError as error:
        assert "order" in str(error)
        if suffix in UNORDERED:
            assert len(set(sizes)) < len(sizes)  # where all sizes differ, the shapes fit in one way
        else:
            assert numbers != sorted(numbers)  # the names contradict the file
        return
    torch.testing.assert_close(found, module(torch.tensor(inputs)).detach())


@pytest.mark.parametrize("suffix", UNORDERED)
def test_an_order_that_the_file_does_not_tell_is_not_guessed(tmp_path, suffix):
    message = refusal(write(Named(["fc1", "fc2", "out"], [3, 3, 3, 3]).state_dict(), tmp_path / f"w{suffix}"))
    assert "does not tell the order of its layers" in message
    assert all(name in message for name in ("fc1", "fc2", "out"))


@pytest.mark.parametrize("suffix", UNORDERED)
def test_shapes_that_fit_in_one_way_only_tell_the_order(tmp_path, suffix):
    module = Named(["out", "a", "middle"], [4, 2, 5, 3])
    path = write(dict(sorted(module.state_dict().items())), tmp_path / f"w{suffix}")
    assert mlp.load(path).sizes == (4, 2, 5, 3)
    torch.testing.assert_close(outputs(path, [0.1, 0.2, 0.3, 0.4]), module(torch.tensor([0.1, 0.2, 0.3, 0.4])).detach())


@pytest.mark.parametrize("suffix", UNORDERED)
def test_numbers_and_shapes_together_tell_the_order(tmp_path, suffix):
    """By its shapes ``out`` can only be last, and of ``fc1`` and ``fc2`` the numbers tell."""
    module = Named(["fc1", "fc2", "out"], [3, 3, 3, 2])
    path = write(module.state_dict(), tmp_path / f"w{suffix}")
    torch.testing.assert_close(outputs(path, [1.0, 2.0, 3.0]), module(torch.tensor([1.0, 2.0, 3.0])).detach())


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_nested_sequential_is_read_in_its_order(tmp_path, suffix):
    torch.manual_seed(1)
    linear = [nn.Linear(3, 3) for _ in range(12)]
    inner = [nn.Sequential(*(part for layer in linear[k : k + 4] for part in (layer, nn.Tanh()))) for k in (0, 4)]
    module = nn.Sequential(*inner, *(part for layer in linear[8:] for part in (layer, nn.Tanh())))[:-1]
    path = write(module.state_dict(), tmp_path / f"w{suffix}")
    torch.testing.assert_close(outputs(path, [1.0, -2.0, 0.5]), module(torch.tensor([1.0, -2.0, 0.5])).detach())


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("wrap", ["module.", "_orig_mod.", "_orig_mod.module.", "module._orig_mod.", "model.", "net.body."])
def test_prefixes_change_nothing(tmp_path, suffix, wrap):
    module = nn.Sequential(*(part for _ in range(11) for part in (nn.Linear(2, 2), nn.Tanh())))[:-1]
    state = {f"{wrap}{name}": value for name, value in module.state_dict().items()}
    path = write(state, tmp_path / f"w{suffix}")
    torch.testing.assert_close(outputs(path, [1.0, -2.0]), module(torch.tensor([1.0, -2.0])).detach())


def test_dataparallel_and_ordered_dicts_are_read(tmp_path):
    module = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 2))
    state = nn.DataParallel(module).state_dict()
    assert isinstance(state, OrderedDict)
    assert next(iter(state)).startswith("module.")
    torch.testing.assert_close(outputs(write(state, tmp_path / "w.pt"), [1.0, 2.0]), module(torch.tensor([1.0, 2.0])).detach())


def test_the_old_form_of_pytorch_files_is_read(tmp_path):
    module = Named(["b", "a"], [2, 2, 2])
    torch.save(module.state_dict(), tmp_path / "w.pt", _use_new_zipfile_serialization=False)
    torch.testing.assert_close(outputs(tmp_path / "w.pt", [1.0, 2.0]), module(torch.tensor([1.0, 2.0])).detach())
    torch.save(module, tmp_path / "m.pt", _use_new_zipfile_serialization=False)
    assert "save model.state_dict()" in refusal(tmp_path / "m.pt")


def test_a_file_whose_order_contradicts_its_numbers_is_refused(tmp_path):
    state = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 2)).state_dict()
    turned = {name: state[name] for name in ("2.weight", "2.bias", "0.weight", "0.bias")}
    assert "order of its layers is not clear: 2 stands before 0" in refusal(write(turned, tmp_path / "w.pt"))


READ_IN_ANOTHER_PROCESS = """
import sys
from pathlib import Path
from nnanim.params import ParameterError
from nnanim.sim import mlp
for name in sys.argv[1:]:
    try:
        print(name, [w.flatten().tolist() for w in mlp.load(Path(name)).weights])
    except ParameterError as error:
        print(error)
"""


def test_the_order_is_the_same_under_any_hash_seed(tmp_path):
    names = ["alpha", "beta", "gamma", "delta", "omega"]
    paths = [str(write(Named(names, [3] * 6).state_dict(), tmp_path / f"same{suffix}")) for suffix in SUFFIXES]
    paths += [str(write(Named(names, [2, 3, 4, 5, 6, 7]).state_dict(), tmp_path / f"chain{suffix}")) for suffix in SUFFIXES]
    said = {
        subprocess.run(
            [sys.executable, "-c", READ_IN_ANOTHER_PROCESS, *paths],
            env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True,
        ).stdout
        for seed in ("0", "1", "2", "77")
    }  # fmt: skip
    assert len(said) == 1
    here = Named(names, [3] * 6)
    assert said.pop().splitlines()[0] == f"{paths[0]} {[getattr(here, n).weight.flatten().tolist() for n in names]}"


# Checkpoints --------------------------------------------------------------------------------------------


def checkpoint(module: nn.Module) -> dict[str, Any]:
    """What a training script keeps besides the state dict; the optimiser's state holds tensors too."""
    optimiser = torch.optim.Adam(module.parameters())
    module(torch.ones(3)).sum().backward()
    optimiser.step()
    return {"epoch": 3, "loss": 0.25, "optimizer_state_dict": optimiser.state_dict(), "notes": ["a", None], "rng": torch.get_rng_state().tolist()}


@pytest.mark.parametrize("key", ["model_state_dict", "state_dict", "model", "net", "weights", "ema", "anything at all"])
@pytest.mark.parametrize("deep", [False, True])
def test_a_checkpoint_with_one_state_dict_is_read(tmp_path, key, deep):
    module = Named(["fc1", "fc2", "out"], [3, 3, 3, 3])
    kept = checkpoint(module)
    content = {**kept, key: {"inner": module.state_dict()} if deep else module.state_dict()}
    torch.save(content, tmp_path / "w.pt")
    torch.testing.assert_close(outputs(tmp_path / "w.pt", [1.0, 2.0, 3.0]), module(torch.ones(3) * torch.tensor([1.0, 2.0, 3.0])).detach())


def test_of_several_state_dicts_none_is_chosen(tmp_path):
    module = Named(["fc1", "out"], [3, 3, 3])
    torch.save({**checkpoint(module), "model": module.state_dict(), "ema": module.state_dict()}, tmp_path / "w.pt")
    message = refusal(tmp_path / "w.pt")
    assert "holds 2 state dicts: model, ema" in message


def test_a_checkpoint_without_a_state_dict_names_its_keys(tmp_path):
    torch.save(checkpoint(Named(["fc1"], [3, 3])), tmp_path / "w.pt")
    message = refusal(tmp_path / "w.pt")
    assert "epoch, loss, optimizer_state_dict" in message
    assert "save model.state_dict()" in message


class Mine(nn.Module):
    """A module of somebody's own."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(2, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.fc(x))


@pytest.mark.parametrize("content", [nn.Linear(2, 2), nn.Sequential(nn.Linear(2, 2), nn.ReLU()), Mine(), {"model": Mine(), "epoch": 3}])
def test_a_pickled_module_says_what_to_save(tmp_path, content):
    torch.save(content, tmp_path / "w.pt")
    assert "holds a whole module; save model.state_dict() instead" in refusal(tmp_path / "w.pt")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_torchscript_says_what_to_save(tmp_path):
    torch.jit.save(torch.jit.script(Mine()), tmp_path / "w.pt")
    assert "save model.state_dict()" in refusal(tmp_path / "w.pt")


@pytest.mark.parametrize("content", [torch.zeros(3), [torch.zeros(2, 2)], (1, 2), 3, "text", None])
def test_what_is_no_state_dict_says_what_it_is(tmp_path, content):
    torch.save(content, tmp_path / "w.pt")
    message = refusal(tmp_path / "w.pt")
    assert ("a tensor" if isinstance(content, torch.Tensor) else type(content).__name__) in message
    assert "save model.state_dict()" in message


def test_other_objects_are_named(tmp_path):
    import fractions

    torch.save({"model": {"fc.weight": torch.ones(2, 2), "fc.bias": torch.ones(2)}, "share": fractions.Fraction(1, 2)}, tmp_path / "w.pt")
    assert "fractions.Fraction" in refusal(tmp_path / "w.pt")


# What is not understood ---------------------------------------------------------------------------------


def linear(**more: Any) -> dict[str, Any]:
    layers = {"fc1.weight": torch.ones(3, 3), "fc1.bias": torch.ones(3), "fc2.weight": torch.ones(2, 3), "fc2.bias": torch.ones(2)}
    return {**layers, **more}


def of(*modules: nn.Module) -> dict[str, Any]:
    return dict(nn.Sequential(*modules).state_dict())


KINDS: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "batch norm": (of(nn.Linear(3, 3), nn.BatchNorm1d(3), nn.ReLU(), nn.Linear(3, 2)), ("1.running_mean", "batch norm")),
    "batch norm without a gain": (of(nn.Linear(3, 3), nn.BatchNorm1d(3, affine=False), nn.Linear(3, 2)), ("1.running_mean", "batch norm")),
    "layer norm": (of(nn.Linear(3, 3), nn.LayerNorm(3), nn.Linear(3, 2)), ("1.weight", "1.bias", "norm")),
    "convolution": (of(nn.Conv2d(1, 3, 3), nn.Flatten(), nn.Linear(3, 2)), ("0.weight", "convolution")),
    "1×1 convolution": (of(nn.Conv1d(3, 3, 1), nn.Linear(3, 2)), ("0.weight", "convolution")),
    "embedding": (of(nn.Embedding(3, 3), nn.Linear(3, 2)), ("0.weight has no 0.bias",)),
    "prelu": (of(nn.Linear(3, 3), nn.PReLU(), nn.Linear(3, 2)), ("1.weight",)),
    "missing bias": (of(nn.Linear(3, 3, bias=False), nn.Linear(3, 2)), ("0.weight has no 0.bias",)),
    "attention": (of(nn.MultiheadAttention(4, 2)), ("0.in_proj_weight", "attention")),
    "recurrent": ({**of(nn.Linear(3, 3)), **nn.LSTM(3, 3).state_dict()}, ("weight_hh_l0", "recurrent")),
    "weight norm": (of(nn.utils.parametrizations.weight_norm(nn.Linear(3, 3)), nn.Linear(3, 2)), ("0.parametrizations.weight.original0",)),
    "pruned": (of(prune.identity(nn.Linear(3, 3), "weight"), nn.Linear(3, 2)), ("0.weight_orig", "0.weight_mask")),
    "bilinear": (of(nn.Bilinear(3, 3, 3), nn.Linear(3, 2)), ("0.weight",)),
    "a buffer": (linear(temperature=torch.tensor(2.0)), ("temperature", "only linear layers")),
    "a buffer of a layer": (linear(**{"fc1.mask": torch.ones(3, 3)}), ("fc1.mask",)),
    "a lone bias": (linear(**{"shift.bias": torch.ones(3)}), ("shift.bias",)),
    "many buffers": (linear(**{f"buffer{k}": torch.ones(1) for k in range(40)}), ("buffer0", "and 37 more")),
    "scales": (linear(**{"fc1.weight_scale": torch.ones(3)}), ("fc1.weight_scale", "quantised")),
    "kernels": ({"dense.kernel": torch.ones(3, 2), "dense.bias": torch.ones(2)}, ("holds no layers", "dense.kernel")),
    "transposed": ({"fc.weight": torch.ones(3, 2), "fc.bias": torch.ones(2)}, ("transposed", "fc.weight", "(3, 2)")),
    "integers": (linear(**{"fc1.weight": torch.ones(3, 3, dtype=torch.int8)}), ("fc1.weight", "int8")),
    "truth": (linear(**{"fc1.bias": torch.ones(3, dtype=torch.bool)}), ("fc1.bias", "bool")),
    "complex": (linear(**{"fc2.weight": torch.ones(2, 3, dtype=torch.complex64)}), ("fc2.weight", "complex64")),
    "nan": (linear(**{"fc2.bias": torch.tensor([1.0, float("nan")])}), ("fc2.bias", "NaN")),
    "infinity": (linear(**{"fc1.weight": torch.full((3, 3), -float("inf"))}), ("fc1.weight", "infinity")),
    "does not fit float32": (linear(**{"fc1.bias": torch.full((3,), 1e300, dtype=torch.float64)}), ("fc1.bias", "infinity")),
    "do not meet": (linear(**{"fc1.weight": torch.ones(4, 3), "fc1.bias": torch.ones(4)}), ("3", "4")),
    "gap": ({"weights[1]": torch.ones(2, 2), "biases[1]": torch.ones(2), "weights[3]": torch.ones(2, 2), "biases[3]": torch.ones(2)}, ("no weights[2]",)),
    "stranger in a trace": ({"weights[1]": torch.ones(2, 2), "biases[1]": torch.ones(2), "dropout": torch.ones(1)}, ("dropout",)),
}  # fmt: skip


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_understood_is_refused_by_name(tmp_path, kind, suffix):
    state, parts = KINDS[kind]
    if suffix == ".safetensors":
        state = {name: value.clone() for name, value in state.items()}
    message = refusal(write(state, tmp_path / f"w{suffix}"))
    if suffix in UNORDERED and kind == "do not meet":
        parts = ("layers do not fit together in any order",) if "layer 2" not in message else parts
    for part in parts:
        assert part in message


TORCH_ONLY: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "sparse": (linear(**{"fc1.weight": torch.eye(3).to_sparse()}), ("fc1.weight", "sparse")),
    "quantised": (linear(**{"fc1.weight": torch.quantize_per_tensor(torch.eye(3), 0.1, 0, torch.qint8)}), ("fc1.weight", "quantised")),
    "meta": (linear(**{"fc1.weight": torch.ones(3, 3, device="meta")}), ("fc1.weight", "no numbers")),
    "an entry that is no tensor": (linear(epoch=3), ("epoch",)),
    "a list for a bias": (linear(**{"fc1.bias": [1.0, 1.0, 1.0]}), ("fc1.bias", "list")),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", TORCH_ONLY)
def test_what_only_pytorch_files_can_hold_is_refused_by_name(tmp_path, kind):
    state, parts = TORCH_ONLY[kind]
    message = refusal(write(state, tmp_path / "w.pt"))
    for part in parts:
        assert part in message


@given(st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=400), st.sampled_from([0, 1, 3]), st.sampled_from(SUFFIXES))
@settings(deadline=None, max_examples=40)
def test_any_further_key_is_refused_by_its_name(tmp_path_factory, name, axes, suffix):
    assume(name not in ("weight", "bias"))
    state = linear(**{name: torch.ones([2] * axes)})
    message = refusal(write(state, tmp_path_factory.mktemp("w") / f"w{suffix}"))
    assert name[:20] in message


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_every_kind_of_floating_point_number_is_read(tmp_path, dtype):
    torch.manual_seed(0)
    state = {name: torch.randn(value.shape).to(dtype) for name, value in linear().items()}
    for suffix in SUFFIXES:
        if suffix == ".npz" and dtype == torch.bfloat16:
            continue
        network = mlp.load(write(state, tmp_path / f"w{suffix}"))
        assert all(torch.equal(w, state[name].float()) for w, name in zip(network.weights, ("fc1.weight", "fc2.weight"), strict=True))
        assert all(w.dtype == torch.float32 for w in network.weights + network.biases)


def test_a_parameter_with_its_gradient_is_read(tmp_path):
    module = Named(["b", "a"], [2, 2, 2])
    torch.save(module.state_dict(keep_vars=True), tmp_path / "w.pt")
    assert not any(w.requires_grad for w in mlp.load(tmp_path / "w.pt").weights)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("content", [b"", b"e", b"\x80\x02e", b"garbage", b"PK\x03\x04" + bytes(60), bytes(300), b"\x80\x02}q\x00."])
def test_damage_is_said_in_words(tmp_path, suffix, content):
    path = tmp_path / f"w{suffix}"
    path.write_bytes(content)
    message = refusal(path)
    assert any(words in message for words in ("it is not", "is damaged", "holds no layers"))


@given(st.data())
@settings(deadline=None, max_examples=60)
def test_a_damaged_file_is_refused_in_words_or_read_right(tmp_path_factory, data):
    suffix = data.draw(st.sampled_from(SUFFIXES))
    module = Named(["fc1", "out"], [2, 3, 2])
    path = write(module.state_dict(), tmp_path_factory.mktemp("w") / f"w{suffix}")
    content = bytearray(path.read_bytes())
    cut = data.draw(st.integers(0, len(content)))
    flips = data.draw(st.lists(st.integers(0, len(content) - 1), max_size=4))
    for place in flips:
        content[place] ^= 0x55
    path.write_bytes(bytes(content[: cut if data.draw(st.booleans()) else len(content)]))
    try:
        network = mlp.load(path)
    except ParameterError as error:
        assert str(path) in str(error)
        assert not str(error).rstrip().endswith(tuple("0123456789"))
    else:
        assert network.sizes == (2, 3, 2)


@pytest.mark.parametrize("name", ["w.PT", "w.NPZ", "w.SafeTensors"])
def test_endings_may_be_capital(tmp_path, name):
    path = tmp_path / name
    small = write(linear(), path.with_suffix(path.suffix.lower()))
    path.write_bytes(small.read_bytes())
    assert mlp.load(path).sizes == (3, 3, 2)


def test_files_that_cannot_be_opened_say_why(tmp_path):
    with pytest.raises(ParameterError, match="cannot be read: File name too long") as error:
        mlp.load(tmp_path / ("x" * 260 + ".pt"))
    assert len(str(error.value)) <= LONGEST_MESSAGE
