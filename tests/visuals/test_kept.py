"""A kept picture shows what was painted, and is painted once."""

from __future__ import annotations

from types import SimpleNamespace

import cairo
import numpy as np
import pytest

from nnanim.visuals.paint import kept
from nnanim.visuals.paint.kept import paint_kept

CAMERA = SimpleNamespace(cairo_line_width_multiple=0.01)


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch):
    monkeypatch.setattr(kept, "_pictures", {})


def canvas():
    pixels = np.full((60, 80, 4), 255, np.uint8)
    ctx = cairo.Context(cairo.ImageSurface.create_for_data(pixels, cairo.FORMAT_ARGB32, 80, 60))
    ctx.set_matrix(cairo.Matrix(10, 0, 0, -10, 40.25, 30.5))
    return pixels, ctx


def blob(ctx):
    ctx.set_source_rgba(0.2, 0.6, 0.1, 1)
    ctx.arc(0.3, -0.2, 1.7, 0, 7)
    ctx.fill()


def test_it_looks_as_if_painted():
    expected, ctx = canvas()
    blob(ctx)
    for _ in range(2):
        pixels, ctx = canvas()
        paint_kept(ctx, CAMERA, "blob", (-2, -2, 2, 2), blob)
        assert np.abs(pixels.astype(int) - expected).max() <= 1


def test_opacity_is_that_of_the_whole():
    opaque, ctx = canvas()
    paint_kept(ctx, CAMERA, "blob", (-2, -2, 2, 2), blob)
    half, ctx = canvas()
    paint_kept(ctx, CAMERA, "blob", (-2, -2, 2, 2), blob, 0.5)
    assert np.abs(half - (opaque.astype(int) + 255) / 2).max() <= 1.5


def test_it_is_painted_once_for_each_place():
    painted = []

    def paint(ctx):
        painted.append(1)
        blob(ctx)

    for shift in (0, 0, 1, 1, 0):
        pixels, ctx = canvas()
        ctx.translate(shift, 0)
        paint_kept(ctx, CAMERA, "blob", (-2, -2, 2, 2), paint)
        assert pixels[30, 40 + 10 * shift, 1] < 200
    assert len(painted) == 2


def test_pictures_share_their_room(monkeypatch):
    monkeypatch.setattr(kept, "MOST_BYTES", 20_000)
    _, ctx = canvas()
    for number in range(8):
        paint_kept(ctx, CAMERA, number, (-2, -2, 2, 2), blob)
        assert sum(p.get_stride() * p.get_height() for p in kept._pictures.values()) <= 20_000
    assert 7 in [ink for ink, *_ in kept._pictures]


def test_what_would_be_far_larger_than_the_picture_is_painted_directly():
    pixels, ctx = canvas()
    paint_kept(ctx, CAMERA, "wide", (-20, -20, 20, 20), blob)
    assert not kept._pictures and pixels[30, 40, 1] < 200
