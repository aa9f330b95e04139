"""A network as a wheel: its parts keep apart, its tally counts, and what stands near it is where it was put."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnanim.trace import Trace
from nnanim.visuals import BendHeap, Knobs, Rounds, Sliver, WeightWall, Wheel, WheelRow
from nnanim.visuals.networks.reel import Reel
from nnanim.visuals.networks.wheel import BAND, CLEAR, DIGIT, NEURON, RING, _weave
from nnanim.visuals.networks.wheel_row import Tally
from nnanim.visuals.page.frame import Region

REGION = Region(-4.0, 4.0, -3.0, 3.0)


def trace(hidden: int = 24, count: int = 5, networks: int = 1) -> Trace:
    random = np.random.default_rng(0)
    shares = random.dirichlet(np.ones(10), count)
    return Trace(
        {
            "pool_images": random.integers(0, 256, (count, 28, 28)), "pool_labels": shares.argmax(1) * (np.arange(count) % 2),
            "r.digits": np.arange(count), "r.hidden": random.random((count, hidden)), "r.shares": shares,
            "r.pixels": random.integers(0, 784, (count, hidden, 4)), "r.pulls": random.normal(size=(count, hidden, 4)),
            "r.lines": random.normal(size=(networks, 10, hidden)), "r.lit": random.random((networks, hidden)), "one_label": np.array(7),
        }
    )  # fmt: skip


@pytest.mark.parametrize("hidden", [8, 24, 32])
@pytest.mark.parametrize("share", [1.0, 0.4, 0.25])
def test_the_parts_of_a_wheel_keep_apart(hidden, share):
    """From the middle outwards, and neighbours in the ring."""
    region = Region(share * REGION.left, share * REGION.right, share * REGION.bottom, share * REGION.top)
    wheel = Wheel.named(trace(hidden), "r", region)[0]
    ring, name, foot, bar = wheel.rim
    assert DIGIT * 2**0.5 < RING - NEURON < RING + NEURON < BAND[0] < BAND[1] < name - 0.5 * wheel.em / wheel.hub[2] < name + ring < foot
    assert ring >= CLEAR * wheel.em / wheel.hub[2] and (foot + bar) * wheel.hub[2] <= min(region.width, region.height) / 2 + 1e-9
    x, y, radius = wheel.hub
    spots = wheel._spots(np.array([x, y]), radius)
    gaps = np.linalg.norm(spots - np.roll(spots, 1, axis=0), axis=1)
    assert gaps.min() > 2 * wheel.neuron and np.allclose(np.linalg.norm(spots - (x, y), axis=1), RING * radius)


@given(st.integers(8, 32))
def test_lines_run_the_short_way_from_neurons_to_answers_within_their_band(hidden):
    paths = _weave(hidden)
    radii = np.linalg.norm(paths, axis=-1)
    assert radii.min() >= BAND[0] - 1e-9 and radii.max() <= BAND[1] + 1e-9
    angles = np.unwrap(np.arctan2(paths[..., 0], paths[..., 1]), axis=-1)
    assert np.abs(angles[..., -1] - angles[..., 0]).max() <= np.pi + 1e-9
    ends = np.arctan2(paths[:, 0, -1, 0], paths[:, 0, -1, 1]) % (2 * np.pi)
    assert np.allclose(np.minimum(np.abs(ends - 2 * np.pi * np.arange(10) / 10), 2 * np.pi - ends), 0, atol=1e-9)


@pytest.mark.parametrize("networks", [1, 5])
def test_a_reel_shows_the_network_of_its_moment(networks):
    t = trace(networks=networks)
    reel = Reel.of(t, "r")
    for moment in range(5):
        assert np.array_equal(reel.lines[moment], t["r.lines"][moment % networks])
        assert np.array_equal(reel.dark[moment], t["r.lit"][moment % networks] == 0)
    assert list(reel.right) == [answer == label for answer, label in zip(t["r.shares"].argmax(1), t["pool_labels"], strict=True)]


def test_numbers_and_names_stay_with_their_wheel():
    areas = SimpleNamespace(wheel0=REGION, foot0=Region(-4.0, 4.0, -4.0, -3.1))
    row: Any = WheelRow(areas, trace(), "r")
    (tag,) = row.words(["well"])
    assert np.allclose(tag.get_center()[:2], row.places[0][:2])
    row.wheels[0].shift((1.0, 0.5, 0.0))
    tag.follow()
    assert np.allclose(tag.get_center()[:2], np.add(row.places[0][:2], (1.0, 0.5)))


@settings(max_examples=40)
@given(st.floats(0.5, 8), st.floats(0.3, 3), st.integers(1, 60))
def test_a_tally_fits_its_region(width, height, count):
    tally = Tally(Region(0, width, 0, height), np.ones(count))
    left, bottom, right, top = tally.corners
    assert min(left, bottom) >= -1e-9 and right <= width + 1e-9 and top <= height + 1e-9
    assert tally.columns * round((top - bottom) / tally.pitch) >= count


def test_knobs_stand_by_the_logarithm_of_their_values_and_go_home():
    knobs = Knobs((0, 0), (10, 0), [0.01, 0.1, 10.0], [(1, 5), (2, 6), (3, 7)], come=1.0)
    places = [knobs.anchor(f"knob{k}")[0] for k in range(3)]
    assert np.isclose((places[2] - places[1]) / (places[1] - places[0]), 2)
    knobs.turn(home=1.0)
    assert np.allclose([knobs.anchor(f"knob{k}")[:2] for k in range(3)], [(1, 5), (2, 6), (3, 7)])


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=200))
def test_a_heap_keeps_its_sums_left_and_right_of_the_bend(sums):
    heap = BendHeap(REGION, sums)
    bend = heap.anchor("bend")[0]
    left, _, right, _ = heap.corners
    assert left < bend < right
    columns, heights = (each.tolist() for each in heap.lying())
    for z, column in zip(sums, columns, strict=True):
        edges = left + np.array([column, column + 1]) / 110 * (right - left)
        assert edges[0] - 1e-6 <= heap.at(z, 0)[0] <= edges[1] + 1e-6
    assert len(set(zip(columns, heights, strict=True))) == len(sums)


def test_a_sliver_is_as_long_as_its_share_and_a_wall_as_wide_as_its_region():
    sliver = Sliver(REGION, 0.25, filled=1.0)
    assert np.isclose(sliver.anchor("tip")[1], REGION.bottom + 0.25 * REGION.height)
    wall = WeightWall(REGION, np.zeros((24, 28, 28)), np.ones((24, 28, 28)), wipe=0.5)
    left, _, right, _ = wall.corners
    assert np.isclose(wall.line, (left + right) / 2) and right - left <= REGION.width + 1e-9


def test_beads_stand_in_their_region():
    rounds = Rounds(REGION, 8, rows=2)
    places = np.array([rounds.anchor(f"bead{k}") for k in range(8)])
    assert (np.abs(places[:, 0]) < 4).all() and (np.abs(places[:, 1]) < 3).all() and len({tuple(p) for p in places.round(6)}) == 8
