"""Mending the frame before gives, to the last bit, what drawing the whole frame gives."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from manim import (
    BLUE,
    RED,
    UP,
    AnimationGroup,
    Circle,
    FadeIn,
    LaggedStart,
    MovingCameraScene,
    Rotate,
    Scene,
    Square,
    Text,
    Transform,
    VGroup,
    VMobject,
)

from nnanim.course import load_course
from nnanim.engine import EngineError, RenderSettings, redraw
from nnanim.engine.session import configured, perform, prepare
from nnanim.visuals.cells.heatmap import HeatMap
from nnanim.visuals.networks.bundle import DENSE, WeightBundle
from nnanim.visuals.networks.neurons import Neurons
from nnanim.visuals.paint.painted import PaintedCamera, PaintedMovingCamera
from nnanim.visuals.plots.points import PointCloud
from nnanim.visuals.plots.series import Bars, Series
from tests.productions import load, production_of

from .corpus import SCENES
from .mended import Mended

SMALL = RenderSettings(384, 216, 10)


def mended(scene, settings=SMALL, every=1):
    recorder = Mended(every)
    with configured(settings):
        perform(prepare(scene, recorder))
    return recorder


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_plain_scenes(scene):
    recorder = mended(scene)
    assert recorder.largest == 0, recorder.worst


FULL_BLEED = {"gradient-descent"}
"""Films whose picture fills the frame and moves all the time: there is nothing that could be kept."""


@pytest.mark.parametrize("slug", list(load_course()))
def test_chapters(slug):
    production = production_of(load(slug))
    recorder = mended(production.scene, production.settings, every=6)
    # Where a picture with light or translucent parts is drawn again in part, cairo may round a level otherwise.
    assert recorder.largest <= 1, recorder.worst
    if slug not in FULL_BLEED:
        assert recorder.pixels < 0.95 * recorder.frames, "hardly anything was mended, so hardly anything was compared"


class Written(Scene):
    """Arrays are written over in place, mobjects come and go and change places in front of one another."""

    def construct(self):
        square, circle = Square(fill_opacity=1, color=RED), Circle(fill_opacity=1, color=BLUE).shift(0.6 * UP)
        group = VGroup(square, circle)

        steps = itertools.cycle(range(12))

        def change(group, dt):
            step = next(steps)
            square.fill_rgbas[:, 1] = step / 12
            square.points[:, 0] += 0.02
            group.submobjects = [circle, square] if step > 6 else [square, circle]
            if step == 9:
                group.submobjects = [square]
            circle.set_stroke(width=step)

        group.add_updater(change)
        self.add(group)
        self.wait(3)


class Parts(Scene):
    """Every kind of change that a mobject of many parts can undergo."""

    def __init__(self, camera_class=PaintedCamera):
        super().__init__(camera_class=camera_class)

    def construct(self):
        numbers = np.random.default_rng(3)
        places = [np.column_stack([np.full(4, x), np.arange(4) - 1.5, np.zeros(4)]) for x in (-5, -3)]
        bundle = WeightBundle(*places, numbers.normal(size=(4, 4)), radius=0.2)
        neurons = Neurons(places[1], 0.2)
        cells = HeatMap(numbers.normal(size=(4, 5)), 0.4, gap=0)
        cloud = PointCloud(numbers.uniform(2, 4, (30, 2)), 0.1)
        line = Series(
            np.column_stack([np.linspace(2, 6, 8), numbers.uniform(-3, -1, 8), np.zeros(8)]),
            "#FF8800",
            marker="diamond",
        )
        bars = Bars(
            np.column_stack([np.linspace(-2, 1, 6), np.full(6, -3)]),
            numbers.uniform(-0.5, 1.5, 6),
            0.3,
            "#3366FF",
            "#FFFFFF",
        )
        self.add(bundle, neurons, cells, cloud, line, bars)
        self.play(bundle.animate.emphasise((2, 0)), neurons.animate.light(np.arange(4), 1))
        self.play(cells.animate.emphasise((1, 3)), cloud.animate.set_radius(0.2))
        self.play(bundle.animate.set_limit(0.5), bars.animate.set_lengths(numbers.uniform(-0.5, 1.5, 6)))
        self.play(line.animate.shift(UP), cells.animate.set_values(numbers.normal(size=(4, 5))))
        self.play(FadeIn(Text("over everything")), Rotate(cells), bundle.animate.calm())


def test_a_background_that_changes():
    class Changing(Scene):
        def construct(self):
            square = Square(fill_opacity=1)

            steps = itertools.count()

            def change(square, dt):
                square.shift(0.05 * UP)
                if next(steps) == 6:
                    self.camera.background_color = BLUE

            self.add(square.add_updater(change))
            self.wait(1)

    recorder = mended(Changing)
    assert recorder.largest == 0, recorder.worst
    assert 0 < recorder.in_part < recorder.frames


def test_arrays_written_over_in_place():
    recorder = mended(Written)
    assert recorder.largest == 0, recorder.worst
    assert recorder.in_part > recorder.frames / 2


def test_colours_handed_on_and_written_over():
    class HandedOn(Scene):
        def construct(self):
            square, circle = Square(4, fill_opacity=1, color=RED), Circle(0.5, fill_opacity=1, color=BLUE)
            steps = itertools.count()

            def change(group, dt):
                step = next(steps)
                if step == 3:
                    circle.fill_rgbas, square.fill_rgbas = square.fill_rgbas, square.fill_rgbas.copy()
                if step > 3:
                    circle.fill_rgbas[:, 1] = step / 20

            self.add(VGroup(square, circle).add_updater(change))
            self.wait(1.5)

    recorder = mended(HandedOn)
    assert recorder.largest == 0, recorder.worst
    assert recorder.in_part > recorder.frames / 2


def test_a_gradient_reaches_over_parts_that_move():
    class Reaching(Scene):
        def construct(self):
            square = Square(1, fill_opacity=1).set_fill([RED, BLUE])
            dot = Circle(0.1)
            square.add(dot)
            dot.add_updater(lambda dot, dt: dot.shift(0.1 * UP))
            self.add(square)
            self.wait(1.5)

    recorder = mended(Reaching)
    assert recorder.largest == 0, recorder.worst
    assert recorder.in_part > recorder.frames / 2


def test_mobjects_of_many_parts():
    recorder = mended(Parts)
    assert recorder.largest == 0, recorder.worst
    assert recorder.pixels < 0.5 * recorder.frames


def test_parts_under_a_camera_that_moves():
    class Moving(Parts):
        def construct(self):
            steps = itertools.count()
            self.camera.frame.add_updater(
                lambda frame, dt: frame.shift(0.1 * UP) if next(steps) % 10 > 5 else None
            )
            self.add(self.camera.frame)
            super().construct()

    recorder = mended(lambda: Moving(PaintedMovingCamera))
    assert recorder.largest == 0, recorder.worst
    assert 0 < recorder.in_part < recorder.frames


def test_a_camera_that_jumps_between_changes():
    class Jumping(MovingCameraScene):
        def construct(self):
            still, small = Square(2, fill_opacity=1, color=BLUE), Circle(0.3, fill_opacity=1, color=RED)
            steps = itertools.count()

            def jump(frame, dt):
                if next(steps) == 4:
                    frame.shift(3 * UP)

            self.camera.frame.add_updater(jump)
            self.add(self.camera.frame, still, small)
            small.add_updater(lambda mobject, dt: mobject.shift(0.05 * UP))
            self.wait(1.5)

    recorder = mended(Jumping)
    assert recorder.largest == 0, recorder.worst
    assert 5 < recorder.in_part < recorder.frames


def test_thousands_of_lines_beside_something_small():
    class Crowd(Scene):
        def __init__(self):
            super().__init__(camera_class=PaintedCamera)

        def construct(self):
            count = int(DENSE**0.5) + 1
            sides = [
                np.column_stack([np.full(count, x), np.linspace(-3, 3, count), np.zeros(count)])
                for x in (-5, 5)
            ]
            bundle = WeightBundle(*sides, np.random.default_rng(0).normal(size=(count, count)))
            dot, apart = Circle(0.1), Circle(0.1).shift(3.8 * UP)
            self.add(dot, apart)
            # All of them are drawn anew in every frame, though most of the time only a circle changes.
            self.play(
                LaggedStart(
                    apart.animate.set_color(RED),
                    AnimationGroup(dot.animate.scale(2), Transform(bundle, bundle.copy().set_limit(1))),
                    lag_ratio=0.9,
                )
            )

    recorder = mended(Crowd)
    assert recorder.largest == 0, recorder.worst
    assert 3 < recorder.in_part < recorder.frames


class Spikes(Scene):
    """Thick corners that point ahead, as far beyond their point as Cairo lets them: just under ten half widths."""

    def construct(self):
        half = float(np.arcsin(1 / 9.95))  # of the angle between the legs; from arcsin(1 / 10) on the corner is cut off
        for way in range(4):
            turned = way * np.pi / 2
            legs = [2.2 * np.array([np.cos(np.pi + turned + side), np.sin(np.pi + turned + side), 0]) for side in (-half, half)]
            spike = VMobject(stroke_width=60, color=RED).set_points_as_corners([legs[0], np.zeros(3), legs[1]])
            ahead = np.array([np.cos(turned), np.sin(turned), 0])
            self.add(spike.shift(-1.2 * ahead))
            self.play(spike.animate.shift(0.9 * ahead), run_time=0.4)
            self.play(spike.animate.shift(-0.9 * ahead), run_time=0.4)
            self.remove(spike)


def test_a_thick_pointed_corner_that_moves(monkeypatch):
    recorder = mended(Spikes)
    assert recorder.largest == 0, recorder.worst
    assert recorder.pixels < 0.9 * recorder.frames
    monkeypatch.setattr(redraw, "_MITER_LIMIT", 9.0)
    with pytest.raises(EngineError, match="more changed"):  # with less room the tip would be cut: that is at stake here
        mended(Spikes)
