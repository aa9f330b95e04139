"""Painting through a stencil gives what filling and stroking give."""

from __future__ import annotations

from functools import partial
from math import tau

import cairo
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnanim.visuals.paint import stencil
from nnanim.visuals.paint.stencil import MOST_PIXELS, Stencils

SIZE = 160
FEW = 6
"""Pixels, of 25,600."""
unit = st.floats(0, 1)


def shape(ctx, points):
    ctx.move_to(*points[0])
    ctx.curve_to(*np.ravel(points[1:4]))
    ctx.line_to(*points[4])
    ctx.close_path()
    ctx.arc(*points[5], 0.1 + abs(points[5][0]) / 9, 0, tau)
    ctx.close_path()


def canvas(seed):
    pixels = np.random.default_rng(seed).integers(0, 256, (SIZE, SIZE, 4), np.uint8)
    pixels[..., 3] = 255
    ctx = cairo.Context(cairo.ImageSurface.create_for_data(pixels, cairo.FORMAT_ARGB32, SIZE, SIZE))
    ctx.set_matrix(cairo.Matrix(20, 0, 0, -20, SIZE / 2 + 0.3, SIZE / 2))
    return pixels, ctx


@given(
    points=st.lists(st.tuples(st.floats(-3, 3), st.floats(-3, 3)), min_size=6, max_size=6),
    color=st.tuples(unit, unit, unit, unit),
    line=st.none() | st.floats(0.01, 0.4),
)
def test_a_shape_looks_as_if_drawn(points, color, line):
    # Inside of the picture: at its edges cairo cuts paths off, and then rounds what is left of them otherwise.
    expected, plain = canvas(0)
    shape(plain, points)
    plain.set_source_rgba(*color)
    if line is None:
        plain.fill()
    else:
        plain.set_line_width(line)
        plain.stroke()
    for _ in range(2):  # cut, then kept
        pixels, ctx = canvas(0)
        Stencils(ctx).paint(tuple(points), partial(shape, points=points), color, line)
        # Cairo mixes opaque colours into edges itself, and rounds both products otherwise than pixman.
        # Of others it covers a pixel or two, where parts of a line lie over each other, by 1/255 more or less than in its mask.
        apart = np.abs(pixels.astype(int) - expected).max(axis=2)
        assert apart.max() <= 2 and (color[3] > 0.99 or np.count_nonzero(apart) <= FEW)


def test_it_is_cut_once_and_again_elsewhere(monkeypatch):
    traced = []

    def trace(ctx):
        traced.append(1)
        ctx.rectangle(0, 0, 1, 1)

    monkeypatch.setattr(stencil, "_kept", {})
    _, ctx = canvas(1)
    for _ in range(5):
        Stencils(ctx).paint("square", trace, (1, 0, 0, 1))
    once = len(traced)
    ctx.translate(1, 0)
    Stencils(ctx).paint("square", trace, (1, 0, 0, 1))
    assert 0 < once < 5 and len(traced) == 2 * once


def test_what_is_large_is_drawn(monkeypatch):
    monkeypatch.setattr(stencil, "_kept", {})
    side = (MOST_PIXELS / 400) ** 0.5 + 0.1
    pixels, ctx = canvas(1)
    Stencils(ctx).paint("large", lambda ctx: ctx.rectangle(-side / 2, -side / 2, side, side), (1, 1, 1, 1))
    assert list(stencil._kept.values()) == [None]
    assert (pixels[SIZE // 2, SIZE // 2] == 255).all()


def test_few_are_kept(monkeypatch):
    monkeypatch.setattr(stencil, "_kept", {})
    monkeypatch.setattr(stencil, "MOST_KEPT", 3)
    _, ctx = canvas(1)
    for number in range(10):
        Stencils(ctx).paint(number, lambda ctx: ctx.rectangle(0, 0, 1, 1), (1, 1, 1, 1))
        assert len(stencil._kept) <= 3
    with pytest.raises(KeyError):
        stencil._kept[0, None, None, Stencils(ctx)._view]
