"""The pile of layers, lines through points, trained stacks and their pieces, each worked out a second way."""

from __future__ import annotations

import math
from functools import reduce

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from nnanim.sim import activations, data, straight
from nnanim.sim.multilayer import ACTIVATIONS, bent


@pytest.fixture(scope="module")
def trace():
    return activations.record(seeds=2)


@pytest.fixture
def hasty(monkeypatch):
    """Networks are trained for ten steps: for what does not depend on how well they learn."""
    monkeypatch.setattr(activations, "STEPS", 10)
    monkeypatch.setattr(activations, "SNAPSHOTS", (0, 10))


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


# --- the pile ----------------------------------------------------------------------------------------------


@given(st.integers(2, 200), st.integers(0, 999))
def test_layers_keep_areas_and_turn_and_stretch_no_more_than_said(layers, seed):
    turns, stretches, matrices = straight.random_layers(layers, generator(seed))
    np.testing.assert_allclose(torch.linalg.det(matrices), 1, rtol=1e-12)
    np.testing.assert_allclose(torch.linalg.svdvals(matrices)[:, 0], stretches, rtol=1e-12)
    assert stretches.max() <= 1.15 and turns.abs().max() <= math.pi / 6
    # The turn is the orthogonal part of the polar decomposition.
    u, _, v = torch.linalg.svd(matrices)
    turned = u @ v
    np.testing.assert_allclose(torch.atan2(turned[:, 1, 0], turned[:, 0, 0]), turns, atol=1e-9)


@given(st.integers(2, 150), st.integers(0, 99))
def test_a_pile_of_straight_layers_is_numpys_product(layers, seed):
    _, _, matrices = straight.random_layers(layers, generator(seed))
    points = data.rings(40, 0.05, generator(seed)).inputs.double()
    pile = straight.through(matrices, points, lambda z: z)
    product = reduce(np.matmul, matrices.numpy()[::-1])
    np.testing.assert_allclose(pile[-1], points.numpy() @ product.T, atol=1e-10)
    assert pile.shape == (layers + 1, 40, 2) and torch.equal(pile[0], points)


def test_the_pile_and_its_product_differ_by_rounding_alone(trace):
    assert trace["matrices"].dtype == np.float32
    exact = trace["matrices"].astype(np.float64)
    points = trace["pile"][0].astype(np.float64)
    for matrix, product, place in zip(exact, trace["products"][1:], trace["pile"][1:], strict=True):
        points = points @ matrix.T
        np.testing.assert_allclose(place, points, atol=1e-4)
        np.testing.assert_allclose(trace["pile"][0] @ product.T, points, atol=1e-4)
    last = np.abs(trace["pile"][-1] - trace["pile"][0] @ trace["products"][-1].T).max()
    assert trace["difference"] == pytest.approx(last, abs=1e-6) and 0 < trace["difference"] < 1e-4
    assert trace["relative"] == pytest.approx(trace["difference"] / np.abs(trace["pile"][-1]).max())


def test_float64_is_as_much_closer_as_its_digits(hasty):
    double = activations.record(seeds=1, precision="float64")
    assert double["matrices"].dtype == np.float64
    assert 0 < double["relative"] < 1e-13


@given(st.integers(3, 60), st.integers(0, 99))
def test_the_best_affine_map_is_that_of_the_normal_equations(n, seed):
    before, after = torch.randn(2, n, 2, generator=generator(seed), dtype=torch.float64)
    fit, missed = straight.best_affine(before, after)
    x = np.column_stack([before, np.ones(n)])
    theirs = x @ np.linalg.pinv(x) @ after.numpy()
    np.testing.assert_allclose(fit, theirs, atol=1e-7)
    assert missed == pytest.approx(
        ((after.numpy() - theirs) ** 2).sum() / (n * after.numpy().var(0).sum()), abs=1e-9
    )
    line = before @ torch.tensor([[2.0, 1.0], [0.5, -1.0]]).double() + 3
    assert straight.best_affine(before, line)[1] < 1e-20


def test_bent_layers_are_not_one_layer(trace):
    points = trace["bent_pile"][0]
    for matrix, place in zip(trace["matrices"], trace["bent_pile"][1:], strict=True):
        points = np.where(points @ matrix.T > 0, points @ matrix.T, np.float32(0.9) * (points @ matrix.T))
        np.testing.assert_allclose(place, points, atol=1e-4 * max(1, np.abs(points).max()))
    left = trace["bent_pile"][-1] - trace["bent_fit"]
    share = (left**2).sum() / (len(left) * trace["bent_pile"][-1].var(0).sum())
    assert trace["bent_missed"][0] == pytest.approx(share, rel=1e-3)
    assert (trace["bent_missed"] > 0.05).all()


# --- straight lines ----------------------------------------------------------------------------------------


def best_line(points, labels):
    """Some best line touches two points, and those two can be put on any side by a nudge: all pairs are
    tried."""
    best = 0
    for i in range(len(points)):
        for j in range(i):
            along = points[j] - points[i]
            side = np.delete((points - points[i]) @ np.array([-along[1], along[0]]), [i, j])
            right = int(((side > 0) == (np.delete(labels, [i, j]) == 1)).sum())
            best = max(best, max(right, len(side) - right) + 2)
    return best / len(points)


@settings(max_examples=10)
@given(st.sampled_from(data.CLOUDS), st.integers(0, 99))
def test_the_sweep_finds_the_best_line(name, seed):
    examples = data.cloud(name, 40, 0.1, generator(seed))
    points, labels = examples.inputs.double(), examples.labels
    angles = torch.linspace(0, math.pi, 1441, dtype=torch.float64)[:-1]
    best, offsets = straight.sweep(points, labels, angles)
    exact = best_line(points.numpy(), labels.numpy())
    assert exact - 1 / 40 - 1e-9 <= float(best.max()) <= exact + 1e-9
    for angle, share, offset in zip(angles[::40], best[::40], offsets[::40], strict=True):
        along = points @ torch.stack([angle.cos(), angle.sin()])
        of_all = [
            ((along > cut) == (labels == 1)).double().mean() for cut in [*(along - 1e-9), *(along + 1e-9)]
        ]
        assert float(share) == pytest.approx(max(max(float(r), 1 - float(r)) for r in of_all))
        right = float(((along > offset) == (labels == 1)).double().mean())
        assert max(right, 1 - right) == pytest.approx(float(share))


def test_no_line_parts_the_rings(trace):
    assert trace["line_accuracy"] == trace["sweep_best"].max() == trace["line_accuracies"][0]
    angle = math.radians(trace["line_angle"])
    side = trace["train_points"] @ [math.cos(angle), math.sin(angle)] > trace["line_offset"]
    right = (side == (trace["train_labels"] == 1)).mean()
    assert max(right, 1 - right) == pytest.approx(trace["line_accuracy"])
    assert 0.6 < trace["line_accuracy"] < 0.75
    assert (trace["slope_accuracies"][0] < trace["line_accuracy"]).all()


# --- trained networks --------------------------------------------------------------------------------------


def test_a_plain_loop_learns_the_same(trace):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        points = data.rings(300, 0.05, torch.default_generator)
        unseen = data.rings(300, 0.05, torch.default_generator)
        layers = []
        for n_in, n_out in ((2, 8), (8, 8), (8, 8), (8, 8)):
            layers += [nn.Linear(n_in, n_out), nn.LeakyReLU(0.9)]
        model = nn.Sequential(*layers, nn.Linear(8, 1))
    np.testing.assert_array_equal(trace["train_points"], points.inputs)
    np.testing.assert_array_equal(trace["pile"][0], points.inputs)
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    scores = []
    for step in range(401):
        loss = nn.functional.binary_cross_entropy_with_logits(
            model(points.inputs)[:, 0], points.labels.float()
        )
        if step in trace["steps"]:
            scores.append(float(((model(unseen.inputs)[:, 0] > 0) == (unseen.labels == 1)).float().mean()))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    # Chaos lets rounding grow in the middle of a run: a few points of 300 may fall on the other side.
    np.testing.assert_allclose(trace["bent_scores"][:, 0], scores, atol=0.02)
    assert scores[-1] == trace["slope_accuracies"][3][0] == 1


def test_sets_agree_with_each_other(trace):
    np.testing.assert_array_equal(trace["slope_progress"][:, -1], trace["slope_accuracies"])
    np.testing.assert_array_equal(trace["function_progress"][:, -1], trace["function_accuracies"])
    np.testing.assert_array_equal(trace["bent_scores"], trace["slope_progress"][trace["slope_at"]])
    assert trace["slopes"][trace["slope_at"]] == 0.9
    assert trace["slope_angles"][trace["slope_at"]] == pytest.approx(3.0128, abs=1e-4)
    # Each plane is what parts the points: the nearest of its cells answers as the score says.
    left, right, bottom, top = trace["view"]
    plane = trace["bent_planes"][-1]
    cell = (trace["unseen_points"] - [left, bottom]) / [right - left, top - bottom] * (len(plane) - 1)
    column, row = np.rint(cell).astype(int).T
    assert ((plane[row, column] > 0.5) == trace["unseen_labels"]).mean() > 0.97


def test_pieces_are_flat_and_all_counted(trace):
    task = activations._Task.of("rings", 0.05, 8, range(2))
    networks = task.trained(bent(0.9))[activations.STEPS]
    net = task.net(activations.PROBES)
    with torch.no_grad():
        signs = torch.cat([z[0] > 0 for z in networks.sums(net)[:-1]], dim=1)
        logits = networks.doubled()(net.double())[0, :, 0].numpy()
    numbers = trace["facet_map"].ravel()
    pairs = set(zip(map(bytes, signs.numpy()), numbers.tolist(), strict=True))
    assert len(pairs) == len({pattern for pattern, _ in pairs}) == trace["facets"][0] == numbers.max() + 1
    for piece in np.argsort(-np.bincount(numbers))[:20]:
        at = np.column_stack(
            [net[torch.from_numpy(numbers == piece)].double(), np.ones((numbers == piece).sum())]
        )
        values = logits[numbers == piece]
        np.testing.assert_allclose(at @ np.linalg.pinv(at) @ values, values, atol=1e-9)


def test_neurons_that_never_fire_are_counted(trace):
    np.testing.assert_array_equal((trace["fires"] == 0).sum(1), trace["dead"])
    assert trace["fires"].shape == (2, 32) and trace["hidden"] == 32
    assert trace["fires"].max() <= 1 and 0 < trace["dead"][0] < 32


# --- the functions -----------------------------------------------------------------------------------------


def test_slopes_are_the_textbooks(trace):
    x = trace["curve_x"]
    sigmoid = 1 / (1 + np.exp(-x))
    phi, density = (
        np.vectorize(f)
        for f in (lambda z: 0.5 * (1 + math.erf(z / math.sqrt(2))), lambda z: math.exp(-z * z / 2))
    )
    closed = {
        "relu": (x > 0) * 1.0,
        "leaky": np.where(x > 0, 1, 0.01),
        "sigmoid": sigmoid * (1 - sigmoid),
        "tanh": 1 - np.tanh(x) ** 2,
        "gelu": phi(x) + x * density(x) / math.sqrt(2 * math.pi),
        "silu": sigmoid + x * sigmoid * (1 - sigmoid),
    }
    for name, slopes, curve in zip(
        activations.FUNCTIONS, trace["curve_slopes"], trace["curve_y"], strict=True
    ):
        np.testing.assert_allclose(slopes, closed[name], atol=1e-9)
        np.testing.assert_allclose(curve, ACTIVATIONS[name](torch.tensor(x)))


def test_flat_shares_are_those_of_closed_forms(trace):
    shares = dict(zip(activations.FUNCTIONS, trace["flat_shares"], strict=True))
    assert shares["relu"] == pytest.approx(0.5, abs=1e-4) and shares["leaky"] == 0
    # sigmoid: s(1 − s) = 0.005; tanh: 1 − t² = 0.005.
    s = (1 - math.sqrt(1 - 0.02)) / 2
    assert shares["sigmoid"] == pytest.approx(1 + math.log(s / (1 - s)) / 6, abs=1e-4)
    assert shares["tanh"] == pytest.approx(1 - math.atanh(math.sqrt(0.995)) / 6, abs=1e-4)


@pytest.mark.parametrize(
    "extreme",
    [
        {
            "layers": 2,
            "width": 2,
            "left_slope": 0.0,
            "function": "silu",
            "data": "xor",
            "noise": 0.0,
            "seeds": 1,
        },
        {
            "layers": 300,
            "width": 32,
            "left_slope": 1.0,
            "function": "leaky",
            "data": "spirals",
            "noise": 0.5,
            "seeds": 3,
        },
        {"layers": 100, "left_slope": 0.95, "function": "sigmoid", "data": "moons", "seed": 9, "seeds": 2},
    ],
)
def test_extremes_leave_numbers_everywhere(hasty, extreme):
    trace = activations.record(**extreme)
    assert all(np.isfinite(trace[name]).all() for name in trace)
    assert trace["slopes"][trace["slope_at"]] == extreme["left_slope"]
    assert activations.FUNCTIONS[trace["function_at"]] == extreme["function"]
    assert trace["facets"].min() == 1 if extreme["left_slope"] == 1 else trace["facets"].min() > 1
    assert (trace["bent_missed"] < 1e-6).all() if extreme["left_slope"] == 1 else True
