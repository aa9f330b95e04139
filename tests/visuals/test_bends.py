"""Pictures of piles of layers, bends, swept lines, walls of networks and their firing: where things are is what they say."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from drawing import draw
from hypothesis import given, settings
from hypothesis import strategies as st
from manim import tempconfig

from nnanim.trace import Trace
from nnanim.visuals import (
    Braid,
    FieldWall,
    Firing,
    Fold,
    MatrixCard,
    Product,
    Region,
    RidingCurves,
    SweptField,
)
from nnanim.visuals.plots.riding import stretches

STAGE, HOME = Region(-6, 6, -2, 3), Region(-6, -1, -2, 3)
WINDOW = (-1.5, 1.5, -1.4, 1.6)
random = np.random.default_rng(0)
POINTS = random.uniform(-1, 1, (24, 2))
LABELS = np.arange(24) % 2
MATRICES = random.normal(0, 1, (5, 2, 2))


def pile() -> tuple[np.ndarray, np.ndarray]:
    places, products = [POINTS], [np.eye(2)]
    for matrix in MATRICES:
        places.append(places[-1] @ matrix.T)
        products.append(matrix @ products[-1])
    return np.array(places), np.array(products)


def braid(stage: Region = STAGE, place: Region = HOME, **dials: float) -> Braid:
    path, products = pile()
    return Braid(stage, place, WINDOW, LABELS, path, np.abs(path), products, np.abs(path)[-1] + 0.1, **dials)


def field(**style: object) -> SweptField:
    angles = np.linspace(0, 180, 7)
    return SweptField(HOME, WINDOW, POINTS, LABELS, np.full((2, 4, 4), 0.6), angles=angles, offsets=np.linspace(-0.5, 0.5, 7), **style)


# ---- the pile


def test_threads_pulled_straight_keep_their_ends():
    wavy, straight = braid().places(), braid(taut=1).places()
    assert np.allclose(wavy[0], straight[0]) and np.allclose(wavy[-1], straight[-1])
    steps = np.diff(straight, axis=0)
    assert np.allclose(steps, steps[0])


def test_the_plane_at_home_lies_where_a_field_does():
    eye = braid(aside=1).eye()
    spots = np.array([field().spot(point)[:2] for point in POINTS])
    assert np.allclose(eye.spots(POINTS, 0.0), spots)


@given(step=st.floats(0, 5), bent=st.sampled_from([0.0, 1.0]), tall=st.booleans())
def test_from_the_side_the_whole_pile_fits_below_what_is_written(step, bent, tall):
    stage = Region(-3, 3, -4, 5) if tall else STAGE
    home = Region(-3, 3, 0, 5) if tall else HOME
    picture = braid(stage, home, side=1, far=1, step=step, bent=bent)
    eye, places = picture.eye(), picture.places()
    for layer, points in enumerate(places):
        x, y = eye.spots(points, layer / picture.layers).T
        assert x.min() >= stage.left - 1e-6 and x.max() <= stage.right + 1e-6
        assert y.min() >= stage.bottom - 1e-6 and y.max() <= stage.top - 0.13 * stage.height + 1e-6


def test_an_aimed_plane_is_turned_and_enlarged_but_never_stretched():
    picture = braid(step=5, bent=1, aim=1)
    eye = picture.eye()
    ends = np.abs(pile()[0])[-1]
    spots = eye.spots(ends, 1.0)
    before, after = (np.linalg.norm(p[:, None] - p[None], axis=-1) for p in (ends, spots))
    share = after[before > 0] / before[before > 0]
    assert np.allclose(share, share[0])
    assert spots[:, 0].min() >= STAGE.left and spots[:, 0].max() <= STAGE.right
    assert np.allclose(picture.bent_path[-1], ends)


# ---- the line and the fold


@given(st.floats(0, 6))
def test_points_on_the_right_side_are_more_than_half(turn):
    picture = field(turn=turn)
    normal, offset = picture.line_now
    assert np.isclose(np.linalg.norm(normal), 1) and -0.5 <= offset <= 0.5
    right = picture.right()
    beyond = POINTS @ normal > offset
    assert right.mean() >= 0.5 and (np.array_equal(right, beyond == (LABELS == 1)) or np.array_equal(right, beyond != (LABELS == 1)))


@pytest.mark.parametrize("lay", [0.0, 0.5, 1.0])
@given(slope=st.floats(0, 1))
def test_the_bend_keeps_its_angle_however_the_picture_lies(lay, slope):
    fold = Fold(STAGE, HOME, slope=slope, lay=lay)
    left, right, middle = fold.anchor("left"), fold.anchor("right"), np.append(fold.spot(0.0, 0.0), 0.0)
    one, other = left - middle, middle - right
    cosine = one @ other / np.linalg.norm(one) / np.linalg.norm(other)
    assert np.degrees(np.arccos(min(cosine, 1.0))) == pytest.approx(45 - np.degrees(np.arctan(slope)), abs=1e-4)


def test_a_fold_laid_flat_is_as_wide_as_its_place():
    fold = Fold(STAGE, HOME, lay=1)
    assert fold.anchor("right")[0] - fold.anchor("left")[0] == pytest.approx(HOME.width)
    assert fold.anchor("right")[1] == pytest.approx(HOME.center[1])


# ---- the wall


def wall(region: Region = STAGE, count: int = 4, each: int = 5, **dials: float) -> FieldWall:
    answers = np.linspace(0, 1, count * each * 9).reshape(count, each, 3, 3)
    return FieldWall(region, answers, np.linspace(1, 0.5, count), answers.mean((2, 3)) > 0.5, count - 1, **dials)


@given(st.integers(1, 5), st.integers(1, 6), st.booleans())
def test_fields_stand_apart_in_the_region(count, each, upright):
    region = Region(-3, 3, -5, 5) if upright else STAGE
    made = wall(region, count, each)
    cells = [made.field_region(d, s) for d in range(count) for s in range(each)]
    for k, one in enumerate(cells):
        assert one.left >= region.left - 1e-6 and one.right <= region.right + 1e-6
        assert one.bottom >= region.bottom - 1e-6 and one.top <= region.top + 1e-6
        apart = [one.right < o.left or o.right < one.left or one.top < o.bottom or o.top < one.bottom for o in cells[k + 1 :]]
        assert all(apart)


def test_the_camera_sees_a_field_over_the_region_it_was_asked_for():
    made = wall()
    seen, cell = made.seen_over(3, HOME), made.field_region(3)
    with tempconfig({"frame_width": 14.222, "frame_height": 8.0}):
        zoom = 8.0 / seen.height
        assert np.allclose((cell.center - seen.center) * zoom, HOME.center, atol=1e-2)
        assert cell.width * zoom == pytest.approx(max(HOME.width, HOME.height), rel=1e-2)


# ---- functions, matrices, firing


@given(st.lists(st.booleans(), min_size=1, max_size=40))
def test_stretches_are_the_runs_of_equal_values(values):
    found = stretches(np.array(values))
    assert [value for first, last, value in found for _ in range(last - first + 1)] == values
    assert all(one[2] != other[2] for one, other in itertools.pairwise(found))


def test_what_meets_in_a_cell_is_its_row_and_its_column():
    first, second = random.normal(0, 1, (2, 2, 2))
    regions = [Region(x, x + 2, 0, 2) for x in (0, -3)] + [Region(-1, 1, -3, -1)]
    trace = Trace({"factors": np.array([first, second]), "products": np.array([np.eye(2), first, second @ first])})
    product = Product(regions, trace, "factors", "products", ("A", "B"))
    for place in range(4):
        product.meeting(place)
        row, column = int(product.cards[1].dial("row")) - 1, int(product.cards[0].dial("column")) - 1
        assert second[row] @ first[:, column] == pytest.approx(product.numbers[place].showing.value)
    product.part()
    assert not any(card.dial(name) for card in product.cards for name in ("row", "column"))


@settings(max_examples=20)
@given(st.integers(1, 16), st.integers(1, 6))
def test_neurons_stand_apart_in_their_region(width, layers):
    net = Firing(STAGE, np.zeros((layers, width)))
    spots = [net.spots(layer) for layer in range(layers + 2)]
    assert [len(each) for each in spots] == [2, *[width] * layers, 1]
    everything = np.concatenate(spots)
    assert everything[:, 0].min() >= STAGE.left + net.radius - 1e-6 and everything[:, 1].max() <= STAGE.top - net.radius + 1e-6
    gaps = np.linalg.norm(everything[:, None] - everything[None], axis=-1)[~np.eye(len(everything), dtype=bool)]
    assert gaps.min() > 2 * net.radius


@pytest.mark.usefixtures("small_picture")
def test_every_picture_shows_what_its_dials_bring():
    x = np.linspace(-6, 6, 31)
    curves = RidingCurves(STAGE, x, [np.tanh(x), x], [1 - np.tanh(x) ** 2, np.ones(31)], np.full((2, 4, 4), 0.9), 0.01)
    firing = Firing(STAGE, np.array([[0.0, 1.0], [0.0, 0.0]]))
    pictures = [
        (braid(), {"side": 1.0, "step": 3.0}), (braid(step=5, bent=1), {"gap": 1.0}), (field(), {"line": 1.0}), (field(), {"wrong": 1.0}), (field(), {"ground": 1.0}),
        (field(pieces=np.arange(64).reshape(8, 8)), {"pieces": 1.0}), (Fold(STAGE), {"slope": 0.0}), (Fold(STAGE, slope=0.5), {"protractor": 1.0}),
        (Fold(STAGE), {"ball": 1.0}), (wall(), {"rows": 4.0}), (wall(rows=4), {"chosen": 1.0}), (wall(rows=4), {"angle": 1.0}),
        (wall(rows=4), {"alone": 1.0}), (wall(rows=4), {"close": 1.0}), (curves, {"fields": 1.0}), (curves.copy(), {"flat": 1.0}),
        (curves.copy(), {"x": 20.0}), (firing, {"lit": 1.0}), (firing.copy(), {"dark": 1.0}), (firing.copy(), {"frame": 1.0}), (firing.copy(), {"pulse": 0.1}),
        (MatrixCard(STAGE, [np.eye(2)]), {"row": 1.0}),
    ]  # fmt: skip
    for picture, dials in pictures:
        before = draw(picture)
        assert np.abs(draw(picture.turn(**dials)) - before).max() > 20, (type(picture).__name__, dials)
