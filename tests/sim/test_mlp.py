"""The forward pass against an independent torch.nn.Sequential and against numpy by hand, over random networks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from jaxtyping import TypeCheckError
from safetensors.torch import save_file
from scipy.special import erf

from nnanim.params import ParameterError
from nnanim.sim import mlp
from nnanim.trace import Trace

MODULES = {
    "sigmoid": torch.nn.Sigmoid,
    "tanh": torch.nn.Tanh,
    "relu": torch.nn.ReLU,
    "gelu": torch.nn.GELU,
}
HEADS: dict[str, Any] = {
    "softmax": lambda: torch.nn.Softmax(dim=-1),
    "sigmoid": torch.nn.Sigmoid,
    "identity": torch.nn.Identity,
}
BY_HAND: dict[str, Any] = {
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": lambda z: (np.exp(2 * z) - 1) / (np.exp(2 * z) + 1),
    "relu": lambda z: np.where(z > 0, z, 0),
    "gelu": lambda z: z * (1 + erf(z / math.sqrt(2))) / 2,
    "softmax": lambda z: np.exp(z - z.max()) / np.exp(z - z.max()).sum(),
    "identity": lambda z: z,
}
# GELU is z · (1 + erf): 1 + erf loses digits where erf is close to −1, and torch's erf is good to some 1e-7.
NEAR_ZERO = dict.fromkeys(BY_HAND, 2e-7) | {"gelu": 1.5e-6}


@dataclass(frozen=True)
class Pass:
    """What a forward pass is made of."""

    sizes: list[int]
    seed: int
    gain: float
    inputs: list[float]
    activation: Any
    head: Any

    def run(self) -> Trace:
        network = mlp.initialise(self.sizes, self.seed, self.gain)
        return mlp.forward(network, self.inputs, self.activation, self.head)


@st.composite
def passes(draw: st.DrawFn) -> Pass:
    sizes = draw(st.lists(st.integers(1, 12), min_size=3, max_size=6))
    number = st.floats(-5, 5, width=32)
    return Pass(
        sizes,
        draw(st.integers(0, 2**31 - 1)),
        draw(st.floats(0.1, 3.0)),
        draw(st.lists(number, min_size=sizes[0], max_size=sizes[0])),
        draw(st.sampled_from(sorted(MODULES))),
        draw(st.sampled_from(sorted(HEADS))),
    )


def layers_of(trace: Trace) -> range:
    return range(1, len(trace["sizes"]))


@settings(max_examples=60)
@given(passes())
def test_agrees_with_a_torch_sequential_built_from_its_own_weights(case):
    trace, activation, head = case.run(), case.activation, case.head
    modules: list[torch.nn.Module] = []
    for layer in layers_of(trace):
        weight, bias = trace[f"weights[{layer}]"], trace[f"biases[{layer}]"]
        linear = torch.nn.Linear(weight.shape[1], weight.shape[0])
        linear.load_state_dict({"weight": torch.tensor(weight), "bias": torch.tensor(bias)})
        last = layer == layers_of(trace)[-1]
        modules += [linear, HEADS[head]() if last else MODULES[activation]()]
    sequential = torch.nn.Sequential(*modules)
    with torch.no_grad():
        x = torch.tensor(trace["inputs"])
        for number, module in enumerate(sequential):
            x = module(x)
            name = "pre_activations" if number % 2 == 0 else "activations"
            torch.testing.assert_close(torch.tensor(trace[f"{name}[{number // 2 + 1}]"]), x, rtol=0, atol=0)
    assert np.array_equal(trace["outputs"], x.numpy())
    assert np.array_equal(trace["inputs"], np.array(case.inputs, dtype=np.float32))


@settings(max_examples=60)
@given(passes())
def test_agrees_with_numpy_by_hand(case):
    trace, activation, head = case.run(), case.activation, case.head
    x = np.array(case.inputs, dtype=np.float64)
    for layer in layers_of(trace):
        weight = trace[f"weights[{layer}]"].astype(np.float64)
        bias = trace[f"biases[{layer}]"].astype(np.float64)
        before = trace[f"activations[{layer - 1}]"].astype(np.float64)
        # Each step from the float32 numbers before it: the tolerance is then float32's own and not an accumulated one.
        scale = np.abs(weight) @ np.abs(before) + np.abs(bias) + 1e-30
        error = 4e-7 * len(before) * scale
        assert np.allclose(trace[f"products[{layer}]"], weight * before, rtol=1.2e-7, atol=1e-44)
        assert (np.abs(trace[f"weighted_sums[{layer}]"] - weight @ before) <= error).all()
        assert (np.abs(trace[f"products[{layer}]"].sum(axis=1) - trace[f"weighted_sums[{layer}]"]) <= error).all()
        z = trace[f"pre_activations[{layer}]"].astype(np.float64)
        assert (np.abs(z - (weight @ before + bias)) <= error).all()
        name = head if layer == layers_of(trace)[-1] else activation
        function = BY_HAND[name]
        np.testing.assert_allclose(trace[f"activations[{layer}]"], function(z), rtol=2e-6, atol=NEAR_ZERO[name])
        x = function(weight @ x + bias)
    # The whole way in float64 from the inputs.
    np.testing.assert_allclose(trace["outputs"], x, rtol=2e-3, atol=2e-4)
    if head == "softmax":
        z = trace[f"pre_activations[{layers_of(trace)[-1]}]"].astype(np.float64)
        np.testing.assert_allclose(trace["exponentials"], np.exp(z), rtol=1e-5)
        np.testing.assert_allclose(trace["exponential_sum"], np.exp(z).sum(), rtol=1e-5)
        assert trace["outputs"].sum() == pytest.approx(1, abs=1e-5)
    else:
        assert "exponentials" not in trace


@given(passes())
@settings(max_examples=25)
def test_the_drawn_curve_is_the_activation_and_reaches_past_every_sum(case):
    trace, activation = case.run(), case.activation
    x = trace["curve_x"].astype(np.float64)
    np.testing.assert_allclose(trace["curve_y"], BY_HAND[activation](x), rtol=2e-6, atol=NEAR_ZERO[activation])
    assert x[0] == -x[-1]
    for layer in list(layers_of(trace))[:-1]:
        assert np.abs(trace[f"pre_activations[{layer}]"]).max() <= x[-1]


@settings(max_examples=40)
@given(st.lists(st.integers(1, 12), min_size=2, max_size=6))
def test_counts_are_those_of_the_arrays(sizes):
    network = mlp.initialise(sizes, 0, 1.0)
    trace = mlp.forward(network, [0.5] * sizes[0], "tanh", "identity")
    counted = sum(trace[name].size for name in trace if name.startswith(("weights[", "biases[")))
    multiplied = sum(trace[name].size for name in trace if name.startswith("products["))
    assert trace.value("parameter_count") == network.parameter_count == counted
    assert trace.value("multiplication_count") == multiplied
    assert tuple(trace["sizes"]) == network.sizes == tuple(sizes)


def test_counts_of_the_default_network():
    # 3·4 + 4·4 + 4·2 = 36 weights, 4 + 4 + 2 = 10 biases.
    network = mlp.initialise((3, 4, 4, 2), 0, 1.75)
    trace = mlp.forward(network, (0.8, 0.3, 0.6), "sigmoid", "softmax")
    assert (trace.value("parameter_count"), trace.value("multiplication_count")) == (46, 36)


@pytest.mark.parametrize(("fan_in", "gain"), [(1, 1.0), (9, 1.75), (100, 1.0), (400, 3.0)])
def test_weights_are_drawn_with_standard_deviation_gain_over_root_fan_in(fan_in, gain):
    draws = [mlp.initialise((fan_in, 20), seed, gain) for seed in range(max(4, 4000 // fan_in))]
    weights = torch.cat([network.weights[0].flatten() for network in draws]).double()
    biases = torch.cat([network.biases[0] for network in draws]).double()
    for sample, deviation in ((weights, gain / math.sqrt(fan_in)), (biases, gain / 4)):
        # The sample's deviation scatters by σ/√(2n), its mean by σ/√n: five times that is a chance of one in a million.
        assert float(sample.std()) == pytest.approx(deviation, rel=5 / math.sqrt(2 * len(sample)))
        assert abs(float(sample.mean())) < 5 * deviation / math.sqrt(len(sample))


def test_the_seed_alone_decides_the_draw():
    torch.manual_seed(1)
    first = mlp.initialise((3, 5, 2), 7, 1.0)
    torch.manual_seed(2)
    again, other = mlp.initialise((3, 5, 2), 7, 1.0), mlp.initialise((3, 5, 2), 8, 1.0)
    for layer in range(2):
        assert torch.equal(first.weights[layer], again.weights[layer])
        assert torch.equal(first.biases[layer], again.biases[layer])
        assert not torch.equal(first.weights[layer], other.weights[layer])
    state = torch.get_rng_state()
    mlp.initialise((3, 5, 2), 7, 1.0)
    assert torch.equal(torch.get_rng_state(), state), "torch's own generator was touched"


def test_too_many_inputs_are_refused_in_one_sentence():
    with pytest.raises(ParameterError, match=r"inputs must hold 3 numbers.*got 2"):
        mlp.forward(mlp.initialise((3, 2), 0, 1.0), (1.0, 2.0), "relu", "identity")


def test_an_overflow_is_refused_instead_of_shown():
    network = mlp.MLP((torch.full((1, 1), 3e38), torch.full((1, 1), 3e38)), (torch.zeros(1), torch.zeros(1)))
    with pytest.raises(ParameterError, match="overflow"):
        mlp.forward(network, (1000.0,), "relu", "identity")


def test_shapes_are_checked_by_the_annotations():
    with pytest.raises(TypeCheckError):
        mlp.MLP((torch.zeros(4),), (torch.zeros(4),))  # type: ignore[arg-type]  # a weight has two axes


# Files -------------------------------------------------------------------------------------------------

SIZES = (3, 5, 4, 2)


def same(network: mlp.MLP, other: mlp.MLP) -> bool:
    pairs = zip(network.weights + network.biases, other.weights + other.biases, strict=True)
    return all(torch.equal(a, b) and b.dtype == torch.float32 for a, b in pairs)


def sequential_of(network: mlp.MLP) -> torch.nn.Sequential:
    modules: list[torch.nn.Module] = []
    for weight, bias in zip(network.weights, network.biases, strict=True):
        linear = torch.nn.Linear(weight.shape[1], weight.shape[0])
        linear.weight.data, linear.bias.data = weight.clone(), bias.clone()
        modules += [linear, torch.nn.Tanh()]
    return torch.nn.Sequential(*modules[:-1])


@pytest.mark.parametrize("sizes", [SIZES, (2, *[3] * 12, 1)], ids=["3 layers", "13 layers: 10 comes behind 9"])
@pytest.mark.parametrize("form", ["trace.npz", "trace.safetensors", "state.safetensors", "state.pt", "state.pth"])
def test_a_network_comes_back_from_a_file(tmp_path, form, sizes):
    network = mlp.initialise(sizes, 3, 1.0)
    path = tmp_path / form
    if form.startswith("trace"):
        trace = mlp.forward(network, [0.1] * sizes[0], "tanh", "identity")
        path.write_bytes(trace.to_bytes(path.suffix))
    elif form.endswith("safetensors"):
        save_file({name: t.contiguous() for name, t in sequential_of(network).state_dict().items()}, path)
    else:
        torch.save(sequential_of(network).state_dict(), path)
    loaded = mlp.load(path)
    assert loaded.sizes == sizes
    assert same(network, loaded)


def test_a_double_precision_file_is_read_as_float32(tmp_path):
    weight = np.array([[0.1, 0.2]])
    np.savez(tmp_path / "w.npz", **{"weights[1]": weight, "biases[1]": np.zeros(1)})
    loaded = mlp.load(tmp_path / "w.npz")
    assert loaded.weights[0].dtype == torch.float32
    assert np.array_equal(loaded.weights[0].numpy(), weight.astype(np.float32))


def good() -> dict[str, np.ndarray]:
    return {
        "weights[1]": np.ones((4, 3)),
        "biases[1]": np.ones(4),
        "weights[2]": np.ones((2, 4)),
        "biases[2]": np.ones(2),
    }


WRONG_ARRAYS: dict[str, tuple[dict[str, Any], str]] = {
    "bias too long": ({"biases[1]": np.ones(5)}, r"layer 1.*\(4, 3\) and \(5,\)"),
    "layers do not meet": ({"weights[2]": np.ones((2, 3))}, r"layer 2 takes 3 numbers, but layer 1 gives 4"),
    "weight of one axis": ({"weights[1]": np.ones(4)}, r"layer 1 must have a weight"),
    "not a number": ({"weights[2]": np.full((2, 4), np.nan)}, r"layer 2.*NaN"),
    "infinite": ({"biases[2]": np.array([1, np.inf])}, r"layer 2.*infinity"),
    "too large for float32": ({"biases[2]": np.array([1, 1e300])}, r"layer 2.*infinity"),
    "missing bias": ({"biases[2]": None}, r"weights\[2\] has no biases\[2\]"),
    "missing first layer": ({"weights[1]": None, "biases[1]": None}, r"weights\[1\]"),
    "empty layer": ({"weights[1]": np.ones((0, 3)), "biases[1]": np.ones(0), "weights[2]": np.ones((2, 0))}, r"layer 1"),
    "bias without its weight": ({"weights[2]": None}, r"biases\[2\]"),
}


@pytest.mark.parametrize("case", WRONG_ARRAYS)
@pytest.mark.parametrize("suffix", [".npz", ".safetensors", ".pt"])
def test_wrong_arrays_are_named(tmp_path, case, suffix):
    changes, expected = WRONG_ARRAYS[case]
    arrays = {name: array for name, array in (good() | changes).items() if array is not None}
    path = tmp_path / f"wrong{suffix}"
    tensors = {name: torch.tensor(array) for name, array in arrays.items()}
    if suffix == ".npz":
        np.savez(path, **arrays)
    elif suffix == ".safetensors":
        save_file(tensors, path)
    else:
        torch.save(tensors, path)
    with pytest.raises(ParameterError, match=expected) as error:
        mlp.load(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("suffix", [".npz", ".safetensors", ".pt"])
@pytest.mark.parametrize("content", [b"", b"not a file of weights", b"PK\x03\x04 half a zip", bytes(200)])
def test_garbage_is_refused(tmp_path, suffix, content):
    path = tmp_path / f"garbage{suffix}"
    path.write_bytes(content)
    with pytest.raises(ParameterError, match=r"weights.*garbage"):
        mlp.load(path)


def test_a_file_that_runs_code_is_refused(tmp_path):
    class Evil:
        def __reduce__(self) -> Any:
            return (Path.touch, (tmp_path / "touched",))

    torch.save({"0.weight": Evil()}, tmp_path / "evil.pt")
    np.savez(tmp_path / "evil.npz", **{"weights[1]": np.array([Evil()], dtype=object)})
    for name in ("evil.pt", "evil.npz"):
        with pytest.raises(ParameterError, match=name):
            mlp.load(tmp_path / name)
    assert not (tmp_path / "touched").exists()


def test_wrong_contents_and_places_are_refused(tmp_path):
    torch.save(torch.zeros(3), tmp_path / "tensor.pt")
    torch.save({"a": 3}, tmp_path / "words.pt")
    np.savez(tmp_path / "other.npz", pictures=np.zeros(3))
    np.savez(tmp_path / "complex.npz", **{"weights[1]": np.ones((1, 1), dtype=complex), "biases[1]": np.ones(1)})
    (tmp_path / "folder.npz").mkdir()
    (tmp_path / "weights.txt").write_text("1 2 3")
    for name, expected in (
        ("tensor.pt", "weights"),
        ("words.pt", "holds no layers"),
        ("other.npz", "holds no layers"),
        ("complex.npz", "weights"),
        ("folder.npz", "there is no file"),
        ("weights.txt", r"ending in \.npz"),
        ("missing.npz", "there is no file"),
    ):
        with pytest.raises(ParameterError, match=expected) as error:
            mlp.load(tmp_path / name)
        assert name in str(error.value)
