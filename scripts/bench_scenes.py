"""The plain manim scenes that scripts/bench.py measures: lines, numbers, updaters, a moving camera."""

from itertools import pairwise

from manim import (
    BLUE,
    DOWN,
    GREEN,
    LEFT,
    ORIGIN,
    PI,
    RED,
    RIGHT,
    UP,
    YELLOW,
    Axes,
    Circle,
    Create,
    DecimalNumber,
    Dot,
    FadeIn,
    FadeOut,
    LaggedStart,
    Line,
    MovingCameraScene,
    NumberPlane,
    Rotate,
    Scene,
    Square,
    Text,
    Transform,
    ValueTracker,
    VGroup,
    Write,
    always_redraw,
)


class NetworkOfLines(Scene):
    """A small network: circles, connections, a title, and held frames in between."""

    def construct(self):
        title = Text("Forward propagation", font_size=40).to_edge(UP)
        layers = VGroup(
            *[
                VGroup(*[Circle(radius=0.25, color=BLUE, fill_opacity=0.3) for _ in range(size)]).arrange(
                    DOWN, buff=0.25
                )
                for size in (6, 8, 8, 4)
            ]
        ).arrange(RIGHT, buff=2)
        lines = VGroup(
            *[
                Line(a.get_center(), b.get_center(), stroke_width=1)
                for left, right in pairwise(layers)
                for a in left
                for b in right
            ]
        )
        self.play(Write(title))
        self.play(LaggedStart(*[FadeIn(layer, shift=UP * 0.3) for layer in layers], lag_ratio=0.3))
        self.play(Create(lines), run_time=2)
        self.wait(1)
        self.play(lines.animate.set_color(YELLOW).set_stroke(width=3), run_time=1.5)
        self.play(layers.animate.set_fill(RED, 0.9), run_time=1)
        self.wait(1.5)
        self.play(FadeOut(lines), FadeOut(title), layers.animate.shift(0.5 * DOWN))


class NumberTable(Scene):
    """A hundred numbers that change colour, move and give way to others."""

    def construct(self):
        def table(factor):
            numbers = [
                DecimalNumber(factor * n, num_decimal_places=2, mob_class=Text, font_size=26)
                for n in range(100)
            ]
            return VGroup(*numbers).arrange_in_grid(10, 10, buff=0.35)

        first, second = table(0.01), table(0.37)
        self.play(FadeIn(first))
        self.play(first.animate.set_color(GREEN))
        self.wait(1)
        self.play(Transform(first, second), run_time=1.5)
        self.wait(1)


class CurveWithUpdaters(Scene):
    """A plot with a moving tangent that is redrawn for every frame."""

    def construct(self):
        axes = Axes(x_range=[-3, 3], y_range=[-1, 9], x_length=10, y_length=6)
        curve = axes.plot(lambda x: x * x, color=BLUE)
        at = ValueTracker(-2.5)
        dot = always_redraw(lambda: Dot(axes.c2p(at.get_value(), at.get_value() ** 2), color=RED))
        tangent = always_redraw(
            lambda: (
                Line(LEFT, RIGHT, color=YELLOW)
                .rotate(
                    float(axes.angle_of_tangent(at.get_value(), curve))
                    if hasattr(axes, "angle_of_tangent")
                    else 0
                )
                .move_to(dot)
            )
        )
        self.play(Create(axes), Create(curve))
        self.add(tangent, dot)
        self.play(at.animate.set_value(2.5), run_time=4)
        self.wait(1)
        self.play(at.animate.set_value(0), run_time=2)


class CameraTour(MovingCameraScene):
    """A camera that travels over a plane with shapes."""

    def construct(self):
        plane = NumberPlane()
        shapes = VGroup(
            *[Square(0.5).rotate(n).move_to(2.5 * Circle().point_from_proportion(n / 12)) for n in range(12)]
        )
        self.add(plane, shapes)
        self.play(self.camera.frame.animate.scale(0.5).move_to(shapes[0]), run_time=1.5)
        self.play(
            self.camera.frame.animate.move_to(shapes[6]),
            Rotate(shapes, PI / 6, about_point=ORIGIN),
            run_time=2,
        )
        self.wait(0.5)
