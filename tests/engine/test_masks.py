"""Filling through a mask gives what filling gives, and the same picture every time."""

from __future__ import annotations

import cairo
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from manim import Circle, Rectangle, VMobject

from nnanim.engine import masks
from nnanim.engine.masks import Masks
from nnanim.engine.paths import path_appender, paths_of

HEIGHT, WIDTH = 90, 160
place = st.floats(-4, 4)


def canvas(clip):
    pixels = np.random.default_rng(2).integers(0, 256, (HEIGHT, WIDTH, 4), np.uint8)
    pixels[..., 3] = 255
    context = cairo.Context(cairo.ImageSurface.create_for_data(pixels, cairo.FORMAT_ARGB32, WIDTH, HEIGHT))
    if clip is not None:
        context.rectangle(0, clip[0], WIDTH, clip[1])
        context.clip()
    context.set_matrix(cairo.Matrix(11.25, 0, 0, -11.25, WIDTH / 2, HEIGHT / 2))
    return pixels, context


def shape_of(kind, points):
    if kind == "circle":
        return Circle(0.1 + abs(points[0][0])).shift((*points[1], 0))
    if kind == "rectangle":
        return Rectangle(width=0.1 + abs(points[0][0]), height=0.1 + abs(points[0][1])).shift((*points[1], 0))
    return VMobject().set_points_smoothly([(*point, 0) for point in points])


@given(
    kind=st.sampled_from(["circle", "rectangle", "curve"]),
    points=st.lists(st.tuples(place, place), min_size=3, max_size=9),
    color=st.tuples(*4 * [st.floats(0, 1)]),
    clip=st.none() | st.tuples(st.integers(0, 60), st.integers(1, 40)),
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_it_looks_as_if_filled(kind, points, color, clip):
    appender, shape = path_appender(), shape_of(kind, points)
    (path,) = paths_of([shape], [shape.points])
    filled = Masks()
    expected, plain = canvas(clip)
    appender.append(plain, path.elements)
    plain.set_source_rgba(*color)
    plain.fill()
    first = None
    for _ in range(3):
        pixels, context = canvas(clip)
        appender.append(context, path.elements)
        context.set_source_rgba(*color)
        filled.fill(context, path, appender)
        assert context.has_current_point(), "the path is lost to the stroke"
        first = pixels if first is None else first
        assert (pixels == first).all()
    left, _, right, _ = path.box
    # Cairo cuts off what leaves the picture at its sides, and then rounds what is left otherwise.
    if left > -6.5 and right < 6.5:
        # It mixes opaque colours into edges itself, where two products are rounded; and a path's place is rounded.
        assert np.abs(pixels.astype(int) - expected).max() <= 3


def fills(filled, path, matrix=None):
    _, context = canvas(None)
    if matrix is not None:
        context.set_matrix(matrix)
    path_appender().append(context, path.elements)
    context.set_source_rgba(1, 1, 1, 0.5)
    filled.fill(context, path, path_appender())
    return filled._known[id(path)][2]


def test_a_mask_is_cut_once_and_anew_when_the_view_moves():
    shape = Circle(0.5)
    (path,) = paths_of([shape], [shape.points])
    filled = Masks()
    mask = fills(filled, path)
    assert mask is not None and fills(filled, path) is mask
    moved = cairo.Matrix(11.25, 0, 0, -11.25, WIDTH / 2 + 9, HEIGHT / 2)
    assert fills(filled, path, moved).x == mask.x + 9


def test_a_large_simple_shape_is_filled():
    shape = Rectangle(width=13, height=6)
    (path,) = paths_of([shape], [shape.points])
    assert fills(Masks(), path) is None


def test_masks_share_their_room(monkeypatch):
    monkeypatch.setattr(masks, "MOST_BYTES", 5000)
    filled = Masks()
    for number in range(20):
        shape = Circle(0.5 + number / 100)
        (path,) = paths_of([shape], [shape.points])
        assert fills(filled, path) is not None
        kept = [mask for _, _, mask in filled._known.values() if mask]
        assert sum(m.surface.get_width() * m.surface.get_height() for m in kept) <= 5000
