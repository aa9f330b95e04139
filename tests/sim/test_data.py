"""What networks are trained on: closed forms of the point clouds, scikit-learn's own data, properties of the
split."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nnanim import datasets
from nnanim.cli import main
from nnanim.sim import data
from nnanim.wheels import WheelError, sha256

MNIST = datasets.known_dataset("mnist")
needs_mnist = pytest.mark.skipif(
    not MNIST.installed, reason="MNIST is not installed here (nnanim data install mnist)"
)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


counts = st.integers(2, 400)


@given(counts)
def test_rings_without_noise_lie_on_their_radii(count):
    rings = data.rings(count, 0.0, seeded(), radii=(1.0, 0.5))
    np.testing.assert_allclose(rings.inputs.norm(dim=1), np.where(rings.labels == 0, 1.0, 0.5), rtol=1e-6)
    for label in (0, 1):  # evenly spaced: n points of a circle sum to nothing, if there are two or more
        on_one = rings.inputs[rings.labels == label]
        assert len(on_one) == (count // 2 if label == 0 else count - count // 2)
        assert len(on_one) < 2 or on_one.sum(0).abs().max() < 1e-4


@given(counts)
def test_moons_without_noise_are_half_circles(count):
    moons = data.moons(count, 0.0, seeded())
    upper, lower = moons.inputs[moons.labels == 0], moons.inputs[moons.labels == 1]
    np.testing.assert_allclose(upper.norm(dim=1), 1, rtol=1e-6)
    np.testing.assert_allclose((lower - torch.tensor([1.0, 0.5])).norm(dim=1), 1, rtol=1e-5)
    assert (upper[:, 1] >= -1e-6).all() and (lower[:, 1] <= 0.5 + 1e-6).all()


@given(counts, st.floats(0.25, 4))
def test_spirals_without_noise_turn_with_their_radius(count, turns):
    spirals = data.spirals(count, 0.0, seeded(), turns)
    radius = spirals.inputs.double().norm(dim=1)
    angle = torch.atan2(spirals.inputs[:, 1], spirals.inputs[:, 0]).double()
    off = (angle - 2 * math.pi * turns * radius - math.pi * spirals.labels) / (2 * math.pi)
    assert (off - off.round()).abs().max() < 1e-4
    assert float(radius.max()) == pytest.approx(1.0, rel=1e-6)


@given(counts, st.integers(0, 1000))
def test_xor_is_the_sign_of_the_product(count, seed):
    xor = data.xor(count, 0.0, seeded(seed))
    assert ((xor.inputs.prod(dim=1) < 0).long() == xor.labels).all()
    assert xor.inputs.abs().max() <= 1


@pytest.mark.parametrize("name", data.CLOUDS)
def test_noise_is_normal_and_has_the_size_asked_for(name):
    clean, noisy = (data.cloud(name, 4000, noise, seeded(3)) for noise in (0.0, 0.2))
    moved = (noisy.inputs - clean.inputs).flatten().double()
    assert float(moved.std()) == pytest.approx(0.2, rel=0.03)
    assert abs(float(moved.mean())) < 0.01
    assert float((moved.abs() < 0.2).double().mean()) == pytest.approx(0.6827, abs=0.02)
    assert torch.equal(clean.labels, noisy.labels)


@pytest.mark.parametrize("name", data.CLOUDS)
def test_same_seed_same_points(name):
    first, again, other = (data.cloud(name, 60, 0.1, seeded(seed)) for seed in (5, 5, 6))
    assert torch.equal(first.inputs, again.inputs)
    assert not torch.equal(first.inputs, other.inputs)


@given(counts)
def test_shapes_are_those_of_scikit_learn(count):
    theirs = pytest.importorskip("sklearn.datasets")
    points, labels = theirs.make_moons(count, shuffle=False)
    np.testing.assert_allclose(data.moons(count, 0.0, seeded()).inputs, points, atol=1e-6)
    np.testing.assert_array_equal(data.moons(count, 0.0, seeded()).labels, labels)
    points, labels = theirs.make_circles(count, shuffle=False, factor=0.5)
    np.testing.assert_allclose(data.rings(count, 0.0, seeded()).inputs, points, atol=1e-6)
    np.testing.assert_array_equal(data.rings(count, 0.0, seeded()).labels, labels)


def test_digits_and_flowers_are_those_of_scikit_learn():
    theirs = pytest.importorskip("sklearn.datasets")
    for mine, other, scale in (
        (data.digits().flat(), theirs.load_digits(), 16),
        (data.iris(), theirs.load_iris(), 1),
    ):
        np.testing.assert_allclose(mine.inputs, other.data / scale, rtol=1e-6)
        np.testing.assert_array_equal(mine.labels, other.target)


def test_digits_have_the_published_counts():
    # Class counts of the test part, from the description in the UCI repository.
    published = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert data.digits().labels.bincount().tolist() == published
    assert data.digits().inputs.shape == (1797, 8, 8)
    assert (data.digits().inputs * 16).frac().abs().max() == 0 and data.digits().inputs.max() == 1


def test_flowers_have_fishers_means():
    # Fisher 1936, table II: means of the measurements in centimetres.
    means = [[5.006, 3.428, 1.462, 0.246], [5.936, 2.770, 4.260, 1.326], [6.588, 2.974, 5.552, 2.026]]
    iris = data.iris()
    for label, mean in enumerate(means):
        np.testing.assert_allclose(iris.inputs[iris.labels == label].mean(0), mean, atol=5e-4)


@needs_mnist
def test_mnist_is_the_pinned_file_and_reads_as_digits():
    assert sha256(MNIST.path) == MNIST.member_sha256
    mnist = data.mnist()
    assert mnist.inputs.shape == (5000, 28, 28)
    assert mnist.labels.bincount().tolist() == [500] * 10
    assert mnist.inputs.min() >= 0 and mnist.inputs.max() == 1
    # A one has less ink than a nought, and no digit touches the frame of two pixels: LeCun et al. centred
    # 20×20 in 28×28.
    ink = [float(mnist.inputs[mnist.labels == label].mean()) for label in range(10)]
    assert min(ink) == ink[1] and max(ink) == ink[0]
    assert mnist.inputs[:, :2].sum() < 1e-3 * mnist.inputs.sum()


def test_mnist_that_is_missing_or_damaged_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("NNANIM_DATA", str(tmp_path))
    data.mnist.cache_clear()
    with pytest.raises(
        WheelError, match=r"28×28 is not installed; install it with: nnanim data install mnist$"
    ):
        data.mnist()
    MNIST.path.parent.mkdir(parents=True)
    MNIST.path.write_bytes(b"\x1f\x8b" + b"\0" * (MNIST.member_bytes - 2))
    with pytest.raises(
        WheelError, match="damaged; remove it with nnanim data remove mnist and install it again"
    ):
        data.mnist()


def test_data_sets_are_listed_with_the_command_that_installs_them(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("NNANIM_DATA", str(tmp_path))
    with pytest.raises(SystemExit) as stopped:
        main(["data"])
    said = capsys.readouterr().out
    assert not stopped.value.code
    assert "install with: nnanim data install mnist" in said and MNIST.licence in said
    for command in ("install", "remove"):
        with pytest.raises(SystemExit) as stopped:
            main(["data", command, "mnits"])
        assert stopped.value.code == 2
        assert "there is no data set 'mnits'; known are mnist" in capsys.readouterr().err


@given(st.lists(st.integers(0, 40), min_size=1, max_size=6), st.floats(0, 1), st.integers(0, 99), st.data())
def test_a_split_is_stratified_complete_and_seeded(sizes, share, seed, more):
    labels = torch.cat([torch.full((size,), number) for number, size in enumerate(sizes)])
    labels = labels[torch.randperm(len(labels), generator=seeded(seed))]
    tested = round(share * len(labels))
    train, test = data.split(labels, tested, seeded(seed))
    assert sorted([*train.tolist(), *test.tolist()]) == list(range(len(labels)))
    assert len(test) == tested
    for number, size in enumerate(sizes):
        exact = tested * size / max(len(labels), 1)
        assert math.floor(exact) <= int((labels[test] == number).sum()) <= math.ceil(exact)
    again = data.split(labels, tested, seeded(seed))
    assert torch.equal(train, again[0]) and torch.equal(test, again[1])
    if tested:  # what is held out stays out
        row = more.draw(st.sampled_from(test.tolist()))
        held = data.split(labels, tested, seeded(seed + 1), unseen=[row])
        assert row in held[1] and row not in held[0] and len(held[1]) == tested


def test_a_split_that_cannot_be_is_refused():
    labels = torch.tensor([0, 0, 1, 1])
    with pytest.raises(ValueError, match="tested must be from 0 to 4, got 5"):
        data.split(labels, 5, seeded())
    with pytest.raises(ValueError, match="class 0 has room for 1 unseen rows, not for 2"):
        data.split(labels, 2, seeded(), unseen=[0, 1])
