# ruff: noqa: NPY002 - scenes as people write them
"""Small plain-manim scenes, one for each feature whose pictures must come out as in manim itself."""

from __future__ import annotations

import random

import numpy as np
from manim import *

from .assets import picture, tone

SCENES: list[type[Scene]] = []


def scene(cls: type[Scene]) -> type[Scene]:
    SCENES.append(cls)
    return cls


@scene
class Shapes(Scene):
    def construct(self):
        circle = Circle(color=BLUE, fill_opacity=0.5)
        square = Square(color=RED).shift(2 * RIGHT)
        self.play(Create(circle), FadeIn(square))
        self.play(Transform(circle, Triangle(color=GREEN, fill_opacity=0.3)), square.animate.rotate(PI / 3))
        self.play(Uncreate(square))


@scene
class TextWrite(Scene):
    def construct(self):
        text = Text("Gradient: ∇L = 0.25", font_size=64)
        self.play(Write(text))
        self.wait(0.3)
        self.play(text.animate.set_color_by_gradient(RED, BLUE), run_time=0.5)
        self.play(Unwrite(text), run_time=0.5)


@scene
class HeldFrames(Scene):
    def construct(self):
        self.wait(0.3)
        self.add(Circle(fill_opacity=0.4), Text("held").shift(UP))
        self.wait(0.5)
        self.pause(0.25)
        self.wait(1 / 3)


@scene
class LongPlay(Scene):
    """Longer than one slice, so that several workers draw it."""

    def construct(self):
        dots = VGroup(*[Dot(i * RIGHT * 0.3) for i in range(-5, 6)])
        self.play(LaggedStart(*[dot.animate.shift(UP * 2) for dot in dots], lag_ratio=0.2), run_time=13.1)


@scene
class TimeUpdaters(Scene):
    """An updater that integrates over dt, which no jump could reproduce."""

    def construct(self):
        dot = Dot().shift(LEFT * 3)
        dot.velocity = np.array([2.0, 1.0, 0.0])

        def fall(mobject, dt):
            mobject.velocity = mobject.velocity + dt * np.array([0, -2.0, 0])
            mobject.shift(mobject.velocity * dt)

        dot.add_updater(fall)
        self.add(dot)
        self.wait(1.5)
        self.play(Create(Square()), run_time=0.7)
        dot.remove_updater(fall)
        self.wait(0.3)
        self.play(dot.animate.move_to(ORIGIN), run_time=0.4)


@scene
class LongUpdater(Scene):
    """Time updaters over more frames than a slice has."""

    def construct(self):
        square = Square().add_updater(lambda m, dt: m.rotate(dt))
        self.add(square)
        self.wait(13)


@scene
class Redrawn(Scene):
    def construct(self):
        tracker = ValueTracker(0.2)
        line = always_redraw(lambda: Line(ORIGIN, [3 * np.cos(tracker.get_value()), tracker.get_value(), 0]))
        number = DecimalNumber(0, mob_class=Text).add_updater(
            lambda m: m.set_value(tracker.get_value()).next_to(line, UP)
        )
        self.add(line, number)
        self.play(tracker.animate.set_value(2.0))
        self.wait(0.4)
        self.play(tracker.animate.set_value(-1.0), rate_func=there_and_back)


@scene
class RandomNumbers(Scene):
    """Every frame draws random numbers; a worker must draw the same."""

    def construct(self):
        dots = VGroup(*[Dot(np.random.uniform(-3, 3, 3) * [1, 0.7, 0]) for _ in range(8)])

        def shake(mobject):
            for dot in mobject:
                dot.shift(0.1 * np.random.normal(size=3) * [1, 1, 0] + random.uniform(-0.05, 0.05) * RIGHT)

        self.add(dots)
        self.play(UpdateFromFunc(dots, shake))
        dots.add_updater(lambda m, dt: shake(m))
        self.wait(0.8)
        dots.clear_updaters()
        self.play(dots.animate.shift(random.uniform(0, 1) * UP))


@scene
class RandomRate(Scene):
    """A rate function of the scene's own, with a memory."""

    def construct(self):
        seen = []

        def jitter(t):
            seen.append(t)
            return min(1, t + 0.01 * (len(seen) % 7))

        self.play(Square().animate(rate_func=jitter).shift(2 * RIGHT))


@scene
class SceneUpdater(Scene):
    def construct(self):
        clock = Line(ORIGIN, 2 * UP)
        self.add(clock)
        self.add_updater(lambda dt: clock.rotate(-2 * dt, about_point=ORIGIN))
        self.wait(0.8)
        self.play(FadeIn(Circle()), run_time=0.5)


@scene
class StopCondition(Scene):
    def construct(self):
        dot = Dot().add_updater(lambda m, dt: m.shift(dt * RIGHT * 2))
        self.add(dot)
        self.wait_until(lambda: dot.get_x() > 1.5, max_time=5)
        self.play(dot.animate.shift(UP), run_time=0.4)


@scene
class Sections(Scene):
    def construct(self):
        self.next_section("first")
        self.play(Create(Circle()), run_time=0.5)
        self.next_section("skipped", skip_animations=True)
        self.play(Create(Square()), run_time=0.5)
        self.wait(0.5)
        self.next_section("last")
        self.play(self.mobjects[0].animate.scale(2), run_time=0.5)
        self.wait(0.2)


@scene
class Subcaptions(Scene):
    def construct(self):
        self.play(FadeIn(Square()), subcaption="A square appears.", run_time=0.6)
        self.add_subcaption("It stays.", duration=0.5)
        self.wait(0.5)


@scene
class Sound(Scene):
    def construct(self):
        self.add_sound(str(tone()), time_offset=0.2)
        self.play(Rotate(Square(), PI / 2), run_time=0.8)


@scene
class MovingCameraZoom(MovingCameraScene):
    def construct(self):
        grid = NumberPlane()
        dot = Dot(2 * RIGHT + UP, color=YELLOW)
        self.add(grid, dot)
        self.camera.frame.save_state()
        self.play(self.camera.frame.animate.scale(0.4).move_to(dot))
        self.wait(0.2)
        self.camera.frame.add_updater(lambda m: m.move_to(dot))
        self.play(dot.animate.shift(2 * LEFT), run_time=0.6)
        self.camera.frame.clear_updaters()
        self.play(Restore(self.camera.frame), run_time=0.6)


@scene
class Zoomed(ZoomedScene):
    def __init__(self, **kwargs):
        super().__init__(zoom_factor=0.3, zoomed_display_height=2, zoomed_display_width=3, **kwargs)

    def construct(self):
        self.add(Dot(color=RED), Square())
        self.activate_zooming(animate=False)
        self.play(self.zoomed_camera.frame.animate.shift(0.5 * UP), run_time=0.6)


@scene
class CentreMoves(ThreeDScene):
    """The camera looks elsewhere after its first picture, which decided where the scene lies on it."""

    def construct(self):
        self.set_camera_orientation(phi=60 * DEGREES, theta=-45 * DEGREES)
        self.wait(0.2)
        self.add(Cube(1.5), Dot3D(2 * RIGHT))
        self.play(Create(Line(LEFT, RIGHT)), run_time=0.3)
        self.move_camera(frame_center=[1, 0.5, 0.5], run_time=0.5)
        self.wait(0.2)
        self.play(FadeIn(Square()), run_time=0.3)


@scene
class CentreMovesFirst(ThreeDScene):
    """The camera looks elsewhere before its first picture, and again in the first play."""

    def construct(self):
        self.set_camera_orientation(phi=50 * DEGREES, theta=-30 * DEGREES, frame_center=[0.5, 0, 0])
        self.add(Cube(1.5))
        self.move_camera(frame_center=[-1, 0.5, 0], run_time=0.6)
        self.play(FadeIn(Square()), run_time=0.3)


@scene
class ThreeD(ThreeDScene):
    def construct(self):
        self.set_camera_orientation(phi=60 * DEGREES, theta=-45 * DEGREES)
        surface = Surface(
            lambda u, v: np.array([u, v, 0.5 * np.sin(u) * v]),
            u_range=[-2, 2],
            v_range=[-2, 2],
            resolution=(5, 5),
        )
        label = Text("fixed").to_corner(UL)
        self.add_fixed_in_frame_mobjects(label)
        self.play(Create(surface), run_time=0.6)
        self.move_camera(phi=30 * DEGREES, run_time=0.5)
        self.begin_ambient_camera_rotation(rate=0.5)
        self.wait(0.5)
        self.stop_ambient_camera_rotation()
        self.wait(0.2)


@scene
class Images(Scene):
    def construct(self):
        image = ImageMobject(picture()).set_height(3)
        self.play(FadeIn(image), run_time=0.5)
        self.play(image.animate.shift(RIGHT).rotate(0.3), run_time=0.5)
        self.add(Circle(fill_opacity=0.5))
        self.wait(0.3)


@scene
class PointClouds(Scene):
    def construct(self):
        cloud = PMobject(stroke_width=4)
        cloud.add_points(np.random.uniform(-2, 2, (50, 3)), color=YELLOW)
        self.add(cloud, Circle())
        self.play(cloud.animate.shift(RIGHT), run_time=0.6)


@scene
class BackgroundStroke(Scene):
    def construct(self):
        text = Text("stroke", font_size=90).set_stroke(BLUE, 8, background=True)
        self.add(Rectangle(width=8, height=0.4, fill_opacity=1))
        self.play(FadeIn(text, shift=UP), run_time=0.6)


@scene
class Gradients(Scene):
    def construct(self):
        square = Square(fill_opacity=1).set_color([RED, YELLOW, BLUE]).set_sheen_direction(RIGHT)
        ring = Annulus(1.2, 1.6, fill_opacity=0.7).set_sheen(-0.5, DR)
        self.play(FadeIn(square), Create(ring), run_time=0.6)
        self.play(square.animate.set_sheen_direction(UP), run_time=0.5)


@scene
class JointsAndCaps(Scene):
    def construct(self):
        for number, joint in enumerate(LineJointType):
            corner = VMobject(stroke_width=30, joint_type=joint, cap_style=list(CapStyleType)[number])
            corner.set_points_as_corners([LEFT, UP, RIGHT]).shift((number - 1.5) * 2.5 * RIGHT).scale(0.8)
            self.add(corner)
        self.play(self.mobjects[0].animate.scale(1.2), run_time=0.4)


@scene
class DashedAndArrows(Scene):
    def construct(self):
        arrow = Arrow(LEFT, RIGHT)
        dashed = DashedVMobject(Circle(radius=2), num_dashes=20)
        self.play(GrowArrow(arrow), Create(dashed), run_time=0.6)
        self.play(Rotating(dashed, angle=PI, run_time=0.6))
        self.play(Indicate(arrow), run_time=0.5)


@scene
class Graph(Scene):
    def construct(self):
        axes = Axes(x_range=[-3, 3], y_range=[-1, 1], x_length=8, y_length=4)
        curve = axes.plot(np.tanh, color=YELLOW)
        area = axes.get_area(curve, x_range=(0, 2), opacity=0.4)
        self.play(Create(axes), run_time=0.5)
        self.play(Create(curve), FadeIn(area), run_time=0.6)
        dot = Dot()
        self.play(MoveAlongPath(dot, curve), run_time=0.6)


@scene
class NumberGrid(Scene):
    def construct(self):
        numbers = VGroup(
            *[DecimalNumber(0.01 * i, font_size=30, mob_class=Text) for i in range(24)]
        ).arrange_in_grid(4, 6)
        self.add(numbers)
        self.play(numbers.animate.set_opacity(0.4), run_time=0.4)
        self.play(*[ChangeDecimalToValue(number, 1) for number in numbers[:6]], run_time=0.5)


@scene
class Successions(Scene):
    def construct(self):
        dot, square = Dot(), Square()
        self.play(Succession(FadeIn(dot), dot.animate.shift(UP), Create(square), run_time=1.6))
        self.play(AnimationGroup(FadeOut(dot), square.animate.scale(0.5), lag_ratio=0.5), run_time=0.8)


@scene
class TransformMatching(Scene):
    def construct(self):
        first, second = Text("weights").shift(UP), Text("heights").shift(DOWN)
        self.play(TransformMatchingShapes(first, second), run_time=0.7)
        self.play(FadeTransform(second, Circle()), run_time=0.6)
        self.play(Circumscribe(self.mobjects[-1]), run_time=0.6)


@scene
class Traced(Scene):
    def construct(self):
        dot = Dot()
        self.add(TracedPath(dot.get_center, stroke_width=6), dot)
        self.play(dot.animate.shift(2 * RIGHT), run_time=0.5)
        self.play(Rotate(dot, PI, about_point=ORIGIN), run_time=0.6)


@scene
class StatefulAnimations(Scene):
    """Animations of manim's own whose frames build on the frames before."""

    def construct(self):
        square = Square()
        self.play(PhaseFlow(lambda p: np.array([-p[1], p[0], 0]), square, run_time=0.6))
        self.play(ChangeSpeed(square.animate(run_time=1).shift(2 * RIGHT), speedinfo={0.3: 0.5, 0.8: 1}))
        self.play(ApplyWave(square), Wiggle(square.copy()), run_time=0.6)
        boundary = AnimatedBoundary(square, cycle_rate=2)
        self.add(boundary)
        self.wait(0.4)


@scene
class ForegroundAndZIndex(Scene):
    def construct(self):
        front = Square(fill_opacity=1, color=RED)
        self.add_foreground_mobject(front)
        self.play(Circle(fill_opacity=1, color=BLUE).animate.shift(RIGHT), run_time=0.5)
        high = Triangle(fill_opacity=1, color=GREEN).set_z_index(5)
        self.play(FadeIn(high), front.animate.shift(LEFT), run_time=0.5)


@scene
class OddShapes(Scene):
    """Paths that end where they began, break apart, vanish or leave the frame."""

    def construct(self):
        bean = VMobject(fill_opacity=0.8, color=TEAL)
        bean.set_points_smoothly([LEFT, UP, RIGHT, DOWN * 0.5, LEFT])
        cut = Cutout(Circle(radius=2), Square(1), fill_opacity=0.6, color=ORANGE)
        far = Line(100 * LEFT, 100 * RIGHT).shift(UP * 2)
        single = VMobject(stroke_width=10).set_points_as_corners([ORIGIN, ORIGIN])
        self.add(cut, far, single, VGroup(), VMobject())
        self.play(Create(bean), run_time=0.4)
        self.play(ShowPassingFlash(Circle(radius=2.5)), bean.animate.scale(0), run_time=0.5)
        self.play(cut.animate.shift(20 * RIGHT), run_time=0.3)


@scene
class Background(Scene):
    def construct(self):
        self.camera.background_color = "#224466"
        self.play(FadeIn(Square(fill_opacity=0.5)), run_time=0.5)
        self.camera.background_color = WHITE
        self.wait(0.3)


@scene
class Odd(Scene):
    """Times that do not fall on frames."""

    def construct(self):
        square = Square()
        self.play(FadeIn(square), run_time=0.55)
        self.wait(0.77)
        self.play(square.animate.shift(RIGHT), run_time=0.05)
        self.wait(0.1)
