"""Networks lay out well: circles apart, numbers inside them, nothing tiny, in every aspect and for every size."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from manim import tempconfig

from nnanim.lecture.recipe import Output
from nnanim.quantity import Quantity
from nnanim.visuals.networks.network import MOST_NEURONS, WEIGHT, Network
from nnanim.visuals.page import glyphs
from nnanim.visuals.page.frame import Region, frame
from nnanim.visuals.page.glyphs import CAP_HEIGHT
from nnanim.visuals.page.text import TextLine, texts_in

ASPECTS = ["16:9", "4:3", "1:1", "9:16"]
RIM = 0.0125
"""Half the width of a circle's line, in manim units."""

layer_sizes = st.lists(st.integers(1, 12), min_size=3, max_size=6)


@contextmanager
def drawn_in(aspect: str) -> Iterator[None]:
    width, height = Output(aspect=aspect).units  # type: ignore[arg-type]
    with tempconfig({"frame_width": width, "frame_height": height}):
        yield


def places() -> dict[str, Region]:
    """Where the chapter puts networks: over the whole stage, and beside a panel."""
    return {"wide": frame().stage.rows([1, 0.1], 0.05)[0], "side": frame().split([0.48, 0.52], 0.5)[0]}


def network(sizes: list[int], region: Region, largest: float = 1.0, least: float | None = None) -> Network:
    random = np.random.default_rng(0)
    weights = [random.normal(size=(b, a)) for a, b in itertools.pairwise(sizes)]
    net = Network(sizes, weights, region)
    for layer, size in enumerate(sizes):
        numbers = random.uniform(-largest if least is None else least, largest, size)
        net.show_values(layer, [Quantity(float(number), f"a[{layer}][{n}]") for n, number in enumerate(numbers)])
    return net


def circles(net: Network) -> list[tuple[np.ndarray, float]]:
    """Middle and radius of every circle, measured on what is drawn."""
    found = []
    for neurons in net.layers:
        for corners in neurons.parts():
            found.append((corners.mean(axis=0)[:2], float(np.ptp(corners[:, 0]) / 2)))
    return found


def box_of(line: TextLine) -> Region:
    low, high = line.points.min(axis=0), line.points.max(axis=0)
    return Region(float(low[0]), float(high[0]), float(low[1]), float(high[1]))


@pytest.mark.parametrize("aspect", ASPECTS)
@settings(max_examples=25)
@given(sizes=layer_sizes)
def test_circles_never_overlap_nor_leave_their_region(aspect, sizes):
    with drawn_in(aspect):
        for name, region in places().items():
            found = circles(network(sizes, region))
            assert len(found) == sum(sizes)
            for (a, radius_a), (b, radius_b) in itertools.combinations(found, 2):
                assert np.linalg.norm(a - b) >= radius_a + radius_b + 2 * RIM, (name, sizes)
            for (x, y), radius in found:
                assert region.left - 1e-9 <= x - radius - RIM, (name, sizes)
                assert x + radius + RIM <= region.right + 1e-9, (name, sizes)
                assert region.bottom - 1e-9 <= y - radius - RIM, (name, sizes)
                assert y + radius + RIM <= region.top + RIM + 1e-9, (name, sizes)


@pytest.mark.parametrize("aspect", ASPECTS)
@settings(max_examples=20)
@given(sizes=layer_sizes, largest=st.sampled_from([0.99, 9.9, 99.0, 999.0]))
def test_numbers_stand_inside_their_circles_in_type_that_can_be_read(aspect, sizes, largest):
    with drawn_in(aspect):
        for region in places().values():
            net = network(sizes, region, largest)
            for layer, numbers in enumerate(net.numbers):
                if numbers is None:
                    continue
                assert numbers.em >= frame().smallest - 1e-9
                middles = numbers.parts().mean(axis=1)
                for (middle, radius), quantity, stands in zip(
                    circles_of(net, layer), numbers.quantities, middles, strict=True
                ):
                    assert stands[:2] == pytest.approx(middle)
                    shape = glyphs.outline(quantity.text, WEIGHT)
                    away = (shape.points[:, :2] - (shape.advance / 2, CAP_HEIGHT / 2)) * numbers.em
                    assert np.linalg.norm(away, axis=1).max() <= radius - RIM, (sizes, layer, quantity.text)


def circles_of(net: Network, layer: int) -> list[tuple[np.ndarray, float]]:
    return [(c.mean(axis=0)[:2], float(np.ptp(c[:, 0]) / 2)) for c in net.layers[layer].parts()]


@pytest.mark.parametrize("aspect", ASPECTS)
def test_the_default_network_shows_its_numbers_everywhere(aspect):
    with drawn_in(aspect):
        for region in places().values():
            net = network([3, 4, 4, 2], region, 1.0, 0.0)
            assert all(numbers is not None and numbers.quantities[0].decimals == 2 for numbers in net.numbers)


@pytest.mark.parametrize("aspect", ASPECTS)
@settings(max_examples=25)
@given(sizes=st.lists(st.integers(1, 40) | st.just(1000), min_size=3, max_size=6))
def test_names_of_layers_can_be_read_and_touch_nothing(aspect, sizes):
    with drawn_in(aspect):
        for name, region in places().items():
            net = network(sizes, region)
            lines = list(texts_in([net.names]))
            boxes = [box_of(line) for line in lines]
            for line, box in zip(lines, boxes, strict=True):
                assert line.em >= frame().smallest * 0.999
                assert region.left - 0.02 <= box.left, (name, sizes, line.string)
                assert box.right <= region.right + 0.02, (name, sizes, line.string)
                assert region.bottom - 0.02 <= box.bottom, (name, sizes, line.string)
                assert box.top <= region.top + 0.02, (name, sizes, line.string)
            for a, b in itertools.combinations(boxes, 2):
                assert a.right < b.left or b.right < a.left or a.top < b.bottom or b.top < a.bottom, (name, sizes)
            for (x, y), radius in circles(net):
                for line, box in zip(lines, boxes, strict=True):
                    nearest = np.array([np.clip(x, box.left, box.right), np.clip(y, box.bottom, box.top)])
                    assert np.linalg.norm(nearest - (x, y)) > radius + RIM, (name, sizes, line.string)


@pytest.mark.parametrize("aspect", ASPECTS)
def test_a_large_layer_shows_first_last_and_an_ellipsis_and_says_how_large_it_is(aspect):
    with drawn_in(aspect):
        sizes = [20, 12, 1000, 13]
        net = network(sizes, places()["wide"])
        for layer, size in enumerate(sizes):
            shown = net.visible(layer)
            assert len(net.layers[layer].parts()) == len(shown) == min(size, MOST_NEURONS - 1 if size > MOST_NEURONS else size)
            assert (shown[0], shown[-1]) == (0, size - 1)
            said = " ".join(line.string for line in texts_in([net.names[layer]]))
            assert (f"({size})" in said) == (size > MOST_NEURONS)
        dots = net.submobjects[2]
        assert len(dots) == 3 * 3, "three dots for each of three elided layers"
        found = circles(net)
        for dot in dots:
            assert all(np.linalg.norm(dot.get_center()[:2] - c) > r + RIM + 0.035 for c, r in found)


@pytest.mark.parametrize("aspect", ASPECTS)
def test_the_order_of_layers_is_the_direction_of_reading(aspect):
    with drawn_in(aspect):
        net = network([2, 3, 2], places()["wide"])
        first, last = net.center(0, 0), net.center(2, 0)
        if aspect == "9:16":
            assert first[1] > last[1]
            assert net.center(1, 0)[0] < net.center(1, 2)[0]
        else:
            assert first[0] < last[0]
            assert net.center(1, 0)[1] > net.center(1, 2)[1]


def test_a_number_that_travels_starts_exactly_on_the_number_in_the_neuron():
    with drawn_in("16:9"):
        net = network([3, 4, 2], places()["wide"])
        text = net.value_text(0, 1)
        assert text is not None
        assert text.string == net.numbers[0].quantities[1].text
        assert text.em == pytest.approx(net.numbers[0].em)
        assert text.origin[0] + text.advance / 2 == pytest.approx(net.center(0, 1)[0])
        assert net.value_text(0, 1) is not text
        assert network([20, 4, 2], places()["wide"]).value_text(0, 10) is None
