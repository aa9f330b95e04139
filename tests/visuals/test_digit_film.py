"""Pictures of a digit's way: where things stand and how large they are, derived from the numbers they are made of."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnanim.visuals import (
    Digit,
    DigitLayout,
    DigitWall,
    HiddenNeurons,
    InsideNeuron,
    Outputs,
    PilePairs,
    Piles,
    Threads,
    square_in,
)
from nnanim.visuals.networks.layout import bezier
from nnanim.visuals.page.frame import Region

WIDE, TALL = Region(-6.7, 6.7, -2.9, 3.6), Region(-3.6, 3.6, -2.6, 6.7)
pulls = st.lists(st.floats(-6, 6).filter(lambda pull: abs(pull) > 0.01), min_size=2, max_size=25)


def layouts() -> list[DigitLayout]:
    return [DigitLayout(WIDE), DigitLayout(TALL)]


@pytest.mark.parametrize("layout", layouts(), ids=["wide", "tall"])
def test_everything_stands_within_the_region_and_apart(layout):
    r = layout.region
    for points, slack in ((layout.inputs[0], 0.0), (layout.hidden, layout.radius), (layout.outputs, layout.output_radius), (layout.names, 0.0)):
        assert (points >= np.array([r.left, r.bottom]) + slack - 0.06).all()
        assert (points <= np.array([r.right, r.top]) - slack + 0.06).all()
    for points, radius in ((layout.hidden, layout.radius), (layout.outputs, layout.output_radius)):
        distance = np.linalg.norm(points[:, None] - points[None], axis=-1) + 99 * np.eye(len(points))
        assert distance.min() > 2 * radius


@pytest.mark.parametrize("layout", layouts(), ids=["wide", "tall"])
def test_lines_run_from_tick_to_rim(layout):
    ends = bezier(layout.first_lines, [0.0, 1.0])  # (24, 784, 2, 2)
    assert np.linalg.norm(ends[:, :, 0] - layout.inputs[0][None], axis=-1).max() < 0.03
    assert np.allclose(np.linalg.norm(ends[:, :, 1] - layout.hidden[:, None], axis=-1), layout.radius)
    steps = np.linalg.norm(np.diff(layout.inputs[0], axis=0), axis=1)
    assert steps.max() < 1.05 * steps.min()  # ticks are evenly spaced along the rail


@pytest.mark.parametrize("layout", layouts(), ids=["wide", "tall"])
def test_a_neuron_that_comes_near_fills_the_region(layout):
    assert np.allclose(layout.seen(layout.hidden[5], 1.0, 5), layout.region.center[:2])
    assert layout.radius * layout.zoom(1.0) == pytest.approx(layout.full_radius())
    corner = np.array([layout.region.right, layout.region.top]) - layout.region.center[:2]
    assert layout.full_radius() > 0.98 * np.linalg.norm(corner) * (0.85 if layout.tall else 1.0)


def test_the_erased_pixel_has_no_ink_and_others_keep_theirs():
    image = np.random.default_rng(0).random((28, 28))
    digit = Digit(image, DigitLayout(WIDE), WIDE, WIDE, WIDE, pixel=100, erase=1.0)
    shown = digit._shown()
    assert shown[100] == 0
    assert np.array_equal(np.delete(shown, 100), np.delete(image.reshape(-1), 100))
    x, y, _ = digit.anchor("pixel")
    square = square_in(WIDE)
    assert (x - square.left) / square.width == pytest.approx((100 % 28 + 0.5) / 28)
    assert (square.top - y) / square.height == pytest.approx((100 // 28 + 0.5) / 28)


@settings(max_examples=50)
@given(pulls)
def test_piles_are_as_high_as_what_pulls(values):
    piles = Piles(WIDE, values, np.zeros((len(values), 2)), land=len(values))
    one, other = piles.heights()
    up, down = sum(v for v in values if v > 0), -sum(v for v in values if v < 0)
    assert one == pytest.approx(up * piles.unit)
    assert other == pytest.approx(down * piles.unit)
    assert max(one, other) == pytest.approx(0.97 * WIDE.height)
    assert np.allclose(piles._flown(), 1.0)


@settings(max_examples=50)
@given(pulls, st.floats(0.01, 1))
def test_the_first_block_flies_alone(values, land):
    flown = Piles(WIDE, values, np.zeros((len(values), 2)), land=land)._flown()
    assert (flown[1:] == 0).all()
    assert 0 < flown[0] <= 1


def test_parts_of_a_block_are_in_proportion():
    piles = Piles(WIDE, [4.0, -2.0], np.zeros((2, 2)), parts=(1.0, 3.0), land=2)
    box = piles.block(0)
    assert piles._cut() == pytest.approx(0.25)
    assert piles.anchor("part0")[1] == pytest.approx(box.bottom + box.height / 8)
    assert piles.anchor("part1")[1] == pytest.approx(box.bottom + box.height * 5 / 8)


@pytest.mark.parametrize("tall", [False, True])
def test_the_sum_stands_beside_the_row_that_it_has_reached(tall):
    rng = np.random.default_rng(1)
    image, weights = rng.random((28, 28)), rng.normal(size=(28, 28))
    sums = np.concatenate([[0], np.cumsum((image * weights).sum(1))])
    region = TALL if tall else WIDE
    inside = InsideNeuron(region, image, weights, sums, 0.5, tall=tall, row=14.0, sum=1.0)
    x, y, _ = inside.anchor("tip")
    assert y == pytest.approx((inside.third.top + inside.third.bottom) / 2)
    zero, end = inside.anchor("zero")[0], inside.anchor("end")[0]
    assert (x - zero) / (end - zero) == pytest.approx(sums[14] / (sums[-1] + 0.5))
    assert inside.third.right <= inside.plot.left + 1e-9


def test_neurons_light_in_proportion_to_their_activations():
    layout, values = DigitLayout(WIDE), np.linspace(0, 6, 24)
    assert np.allclose(HiddenNeurons(layout, values, light=1.0).shares(), values / 6)
    alone = HiddenNeurons(layout, values, neuron=7, one=1.0).shares()
    assert alone[7] == pytest.approx(values[7] / 6)
    assert alone.sum() == pytest.approx(alone[7])


def test_bars_are_as_long_as_shares():
    layout, shares = DigitLayout(WIDE), np.array([0.5, 0.25, *[0.25 / 8] * 8])
    outputs = Outputs(layout, shares, bars=1.0)
    lengths = [np.linalg.norm(outputs.anchor(f"tip{n}")[:2] - layout.bar(n)[0]) for n in range(10)]
    assert np.allclose(np.array(lengths) / lengths[0], shares / shares[0])


def test_only_the_heaviest_lines_are_drawn():
    layout, weights = DigitLayout(WIDE), np.random.default_rng(2).normal(size=(24, 784))
    threads = Threads(layout, layout.first_lines, weights, np.ones(784))
    drawn = np.abs(weights).reshape(-1)[threads.base]
    left_out = np.delete(np.abs(weights).reshape(-1), threads.base)
    assert drawn.min() >= left_out.max()


def test_lines_go_from_the_weights_before_training_to_the_learned_ones():
    """Half-way each line is as strong as the mean of both weights."""
    layout, rng = DigitLayout(WIDE), np.random.default_rng(4)
    weights, before = rng.normal(size=(10, 24)), 0.1 * rng.normal(size=(10, 24))
    threads = Threads(layout, layout.second_lines, weights, np.ones(24), before=before, learned=0.5)
    expected = (weights + before).reshape(-1)[threads.base] / 2 / np.abs(weights).max()
    assert np.allclose(threads.resting(), expected)
    assert np.allclose(threads.turn(learned=1.0).resting(), weights.reshape(-1)[threads.base] / np.abs(weights).max())


def test_a_neuron_that_comes_near_may_be_drawn_across_the_frame():
    layout = DigitLayout(WIDE)
    hidden = HiddenNeurons(layout, np.ones(24), neuron=3, near=1.0)
    left, bottom, right, top = hidden.corners
    x, y = layout.region.center[:2]
    radius, reach = layout.full_radius(), hidden.overhang
    assert min(x - radius - left, y - radius - bottom, right - x - radius, top - y - radius) >= -reach


def test_the_wall_has_room_for_all_and_knows_where_each_hangs():
    pictures = np.random.default_rng(3).integers(0, 256, (37, 14, 14))
    wall = DigitWall(WIDE, pictures, np.zeros(37, bool))
    assert wall.rows * wall.columns >= 37
    left, bottom, right, top = wall.corners
    assert left >= WIDE.left - 1e-9
    assert right <= WIDE.right + 1e-9
    assert top - bottom <= WIDE.height + 1e-9
    row, column = divmod(30, wall.columns)
    patch = wall.wall[row * 16 + 1 : row * 16 + 15, column * 16 + 1 : column * 16 + 15]
    assert np.allclose(patch, pictures[30] / 255)
    assert np.allclose(wall.spot(30), [left + column * wall.size, top - (row + 1) * wall.size])


def test_pairs_stand_side_by_side_on_one_scale():
    pairs = PilePairs(WIDE, [4.0, 1.0], [2.0, 3.0])
    assert pairs.unit * 4.0 == pytest.approx(0.97 * WIDE.height)
    assert pairs.anchor("foot0")[0] < pairs.anchor("foot1")[0]
