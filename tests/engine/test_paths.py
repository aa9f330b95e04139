"""Paths that are built all at once are those that manim's camera draws, one mobject at a time."""

from __future__ import annotations

import itertools

import cairo
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from manim import Camera, Circle, DashedLine, Line, Text, VGroup, VMobject

from nnanim.engine.paths import path_appender, path_elements, paths_of

# Where the next curve begins: at the end of the last one, not quite there, or elsewhere.
GAPS = (0.0, -0.0, 5e-7, 9e-7, 3e-6, 0.5)


@st.composite
def outlines(draw):
    """Chains of curves that break off or close now and then, by much or by a hair."""
    numbers = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    curves = numbers.choice([0.0, 1.0, -1.5, 2.25], (draw(st.integers(1, 9)), 4, 3))
    curves += numbers.integers(0, 2) * numbers.normal(size=curves.shape)
    for before, after in itertools.pairwise(curves):
        after[0] = before[3] + draw(st.sampled_from(GAPS))
    if draw(st.booleans()):
        curves[-1, 3] = curves[0, 0] + draw(st.sampled_from(GAPS))
    # The third coordinate has no say in what is connected.
    curves[..., 2] = numbers.normal(size=curves.shape[:2])
    mobject = VMobject()
    mobject.tolerance_for_point_equality = draw(st.sampled_from([1e-6, 1e-3]))
    mobject.points = curves.reshape(-1, 3)[: 4 * len(curves) - draw(st.sampled_from([0, 0, 0, 0, 0, 1, 3]))]
    return mobject


def drawn_by_manim(mobject):
    context = new_context()
    Camera().set_cairo_context_path(context, mobject)
    return list(context.copy_path())


def new_context():
    return cairo.Context(cairo.ImageSurface(cairo.FORMAT_A8, 8, 8))


def drawn(path):
    context = new_context()
    path_appender().append(context, path.elements)
    return list(context.copy_path())


def compare(mobjects):
    points = [mobject.points for mobject in mobjects]
    together = paths_of(mobjects, points)
    assert together == [paths_of([mobject], [mobject.points])[0] for mobject in mobjects]
    for mobject, path in zip(mobjects, together, strict=True):
        assert drawn(path) == drawn_by_manim(mobject)
        plane = mobject.points[:, :2]
        assert path.box == (*plane.min(axis=0), *plane.max(axis=0))


@settings(deadline=None, max_examples=150)
@given(st.lists(outlines(), min_size=1, max_size=8))
def test_random_curves(mobjects):
    compare(mobjects)


def test_shapes_of_all_kinds():
    group = VGroup(Text("0%&8i"), Circle(), Line(), DashedLine(), Circle().rotate(1).scale(1e-4))
    compare([mobject for mobject in group.get_family() if len(mobject.points)])


def test_path_elements_of_two_subpaths():
    points = np.arange(36, dtype=float).reshape(12, 3)
    elements = np.frombuffer(path_elements(points, [(0, 8, True), (8, 12, False)])).reshape(-1, 2)
    kinds = elements[[0, 2, 6, 10, 11, 13], 0].copy().view(np.int32).reshape(-1, 2)
    assert kinds.tolist() == [[0, 2], [2, 4], [2, 4], [3, 1], [0, 2], [2, 4]]
    assert elements[3].tolist() == [3, 4] and elements[-1].tolist() == [33, 34]
