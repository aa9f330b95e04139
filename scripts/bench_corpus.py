"""Scenes in the manner of documentation pages, for scripts/bench.py --corpus: short ones, many plays, space, images, updaters."""

import numpy as np
from manim import (
    BLUE,
    DEGREES,
    DOWN,
    GREEN,
    LEFT,
    ORANGE,
    ORIGIN,
    PI,
    PINK,
    RED,
    RIGHT,
    TAU,
    UL,
    UP,
    WHITE,
    YELLOW,
    Arrow,
    Axes,
    BarChart,
    Brace,
    Circle,
    Create,
    Cube,
    DashedLine,
    DecimalNumber,
    Dot,
    Dot3D,
    FadeIn,
    FadeOut,
    Graph,
    GrowFromCenter,
    ImageMobject,
    Indicate,
    LaggedStart,
    Line,
    MathTypst,
    MovingCameraScene,
    NumberPlane,
    Rotate,
    Scene,
    Square,
    Surface,
    SurroundingRectangle,
    Text,
    ThreeDAxes,
    ThreeDScene,
    TracedPath,
    Transform,
    Triangle,
    Uncreate,
    ValueTracker,
    VGroup,
    Write,
    always_redraw,
    linear,
    there_and_back,
)


class ShapesChange(Scene):
    """The first scene of every manual."""

    def construct(self):
        square = Square(color=PINK, fill_opacity=0.5).rotate(PI / 4)
        self.play(Create(square))
        self.play(Transform(square, Circle(color=BLUE, fill_opacity=0.5)))
        self.wait()
        self.play(FadeOut(square))


class HelloText(Scene):
    """Text is written, framed and taken away."""

    def construct(self):
        text = Text("An animated lecture", font_size=72)
        self.play(Write(text))
        self.play(Create(SurroundingRectangle(text)))
        self.wait()
        self.play(Indicate(text), run_time=1)


class BraceOnLine(Scene):
    """A brace with words, held."""

    def construct(self):
        line = Line([-2, -1, 0], [2, 1, 0], color=ORANGE)
        brace = Brace(line, direction=line.copy().rotate(PI / 2).get_unit_vector())
        self.add(line, Dot([-2, -1, 0]), Dot([2, 1, 0]))
        self.play(GrowFromCenter(brace))
        self.play(FadeIn(Text("distance", font_size=30).next_to(brace, UP)))
        self.wait(2)


class FormulaStepByStep(Scene):
    """Three formulas follow each other."""

    def construct(self):
        steps = ["a = sigma(z)", "z = w x + b", "a = sigma(w x + b)"]
        shown = MathTypst(steps[0], font_size=72)
        self.play(Write(shown))
        for step in steps[1:]:
            following = MathTypst(step, font_size=72)
            self.play(FadeOut(shown, shift=UP), FadeIn(following, shift=UP))
            shown = following
        self.wait()


class SineAndCircle(Scene):
    """A point runs around a circle and leaves its height behind."""

    def construct(self):
        axes = Axes(x_range=[0, TAU], y_range=[-1.5, 1.5], x_length=8, y_length=4).shift(RIGHT * 1.5)
        circle = Circle(radius=1.2).shift(LEFT * 4.5)
        angle = ValueTracker(0)
        dot = always_redraw(lambda: Dot(circle.point_at_angle(angle.get_value()), color=YELLOW))
        curve = always_redraw(
            lambda: axes.plot(np.sin, x_range=[0, max(0.01, angle.get_value())], color=GREEN)
        )
        link = always_redraw(
            lambda: DashedLine(
                dot.get_center(), axes.c2p(angle.get_value(), np.sin(angle.get_value())), stroke_width=2
            )
        )
        self.add(axes, circle, curve, link, dot)
        self.play(angle.animate.set_value(TAU), run_time=4, rate_func=linear)


class RollingTrace(Scene):
    """A rolling point with the path behind it, by time."""

    def construct(self):
        circle = Circle(color=RED).shift(LEFT * 4)
        dot = Dot(circle.get_start())
        trace = TracedPath(dot.get_center, stroke_color=YELLOW)
        self.add(trace, circle, dot)
        group = VGroup(circle, dot)
        group.add_updater(lambda m, dt: m.shift(RIGHT * dt))
        dot.add_updater(lambda m, dt: m.rotate(-dt * 2, about_point=circle.get_center()))
        self.wait(4)


class CountingUp(Scene):
    """A number counts while a bar grows."""

    def construct(self):
        value = ValueTracker(0)
        number = DecimalNumber(0, mob_class=Text, font_size=96).add_updater(lambda m: m.set_value(value.get_value()))
        bar = always_redraw(
            lambda: Line(LEFT * 3, LEFT * 3 + RIGHT * (0.01 + 0.06 * value.get_value()), stroke_width=20).shift(DOWN * 2)
        )
        self.add(number, bar)
        self.play(value.animate.set_value(100), run_time=3)
        self.wait(0.5)


class ManyShortPlays(Scene):
    """Sixty plays of seven hundredths of a second."""

    def construct(self):
        dots = VGroup(*[Dot(color=WHITE) for _ in range(60)]).arrange_in_grid(6, 10, buff=0.5)
        self.add(dots)
        for dot in dots:
            self.play(dot.animate.set_color(RED).scale(1.5), run_time=0.07)


class StepsAndWaits(Scene):
    """Many half-second plays with waits in between, as narrated scenes have them."""

    def construct(self):
        boxes = VGroup(*[Square(0.8) for _ in range(12)]).arrange_in_grid(3, 4, buff=0.4)
        self.play(FadeIn(boxes))
        for number, box in enumerate(boxes):
            self.play(box.animate.set_fill(BLUE, number / 12), run_time=0.3)
            self.wait(0.2)


class SortBars(Scene):
    """Bars trade places."""

    def construct(self):
        heights = [3, 1, 4, 1.5, 5, 2.5]
        bars = [Line(ORIGIN, UP * h, stroke_width=40, color=BLUE).move_to([i - 2.5, h / 2 - 2, 0]) for i, h in enumerate(heights)]
        self.play(LaggedStart(*[Create(bar) for bar in bars], lag_ratio=0.2))
        for end in range(len(bars) - 1, 0, -1):
            for i in range(end):
                if heights[i] > heights[i + 1]:
                    heights[i], heights[i + 1] = heights[i + 1], heights[i]
                    self.play(bars[i].animate.shift(RIGHT), bars[i + 1].animate.shift(LEFT), run_time=0.2)
                    bars[i], bars[i + 1] = bars[i + 1], bars[i]
        self.wait()


class GraphOfNodes(Scene):
    """A graph is laid out and moves."""

    def construct(self):
        nodes = list(range(8))
        edges = [(a, b) for a in nodes for b in nodes if a < b and (a + b) % 3]
        graph = Graph(nodes, edges, layout="circular", layout_scale=3)
        self.play(Create(graph))
        self.play(*[graph[n].animate.move_to(1.5 * (n % 4 - 1.5) * RIGHT + (n // 4 - 0.5) * 3 * UP) for n in nodes])
        self.wait()


class BarsOfAChart(Scene):
    """A chart changes its values."""

    def construct(self):
        chart = BarChart([1, 3, 2, 5], y_range=[0, 6, 2], x_length=8, y_length=5, y_axis_config={"include_numbers": False})
        self.play(Create(chart))
        self.play(chart.animate.change_bar_values([4, 1, 5, 2]))
        self.wait(0.5)


class PlaneIsTransformed(Scene):
    """A grid is sheared."""

    def construct(self):
        plane = NumberPlane()
        arrow = Arrow(ORIGIN, [2, 1, 0], buff=0, color=YELLOW)
        self.play(Create(plane), GrowFromCenter(arrow))
        self.play(plane.animate.apply_matrix([[1, 1], [0, 1]]), arrow.animate.put_start_and_end_on(ORIGIN, [3, 1, 0]), run_time=2)
        self.wait()


class ZoomIn(MovingCameraScene):
    """The camera goes to a detail and back."""

    def construct(self):
        text = Text("Look here").set_color(BLUE)
        self.add(text, Square(6))
        self.camera.frame.save_state()
        self.play(self.camera.frame.animate.set(width=text.width * 1.2))
        self.wait(0.3)
        self.play(self.camera.frame.animate.set(width=14.2))


class CubeTurns(ThreeDScene):
    """A cube with axes while the camera turns."""

    def construct(self):
        self.set_camera_orientation(phi=75 * DEGREES, theta=30 * DEGREES)
        axes = ThreeDAxes()
        self.add(axes)
        self.play(FadeIn(Cube(fill_opacity=0.7)), FadeIn(Dot3D([2, 0, 0], color=RED)))
        self.move_camera(theta=80 * DEGREES, run_time=1.5)
        self.wait(0.5)


class SurfaceTurns(ThreeDScene):
    """A surface under an ambient camera."""

    def construct(self):
        surface = Surface(
            lambda u, v: np.array([u, v, np.sin(u) * np.cos(v)]), u_range=[-3, 3], v_range=[-3, 3], resolution=(12, 12)
        )
        self.set_camera_orientation(phi=60 * DEGREES, theta=-45 * DEGREES)
        self.add(surface)
        self.begin_ambient_camera_rotation(rate=0.3)
        self.wait(2)
        self.stop_ambient_camera_rotation()


class PictureMoves(Scene):
    """An image of numbers is moved and faded."""

    def construct(self):
        ramp = np.uint8(np.add.outer(np.arange(120), np.arange(160)) % 256)
        image = ImageMobject(ramp).scale(4)
        self.play(FadeIn(image))
        self.play(image.animate.shift(LEFT * 2).scale(0.6))
        self.play(FadeIn(Text("an image", font_size=36).to_corner(UL)))
        self.wait()


class Polygons(Scene):
    """Shapes turn and bounce."""

    def construct(self):
        shapes = VGroup(Triangle(), Square(), Circle()).arrange(RIGHT, buff=1.5)
        self.play(LaggedStart(*[Create(shape) for shape in shapes], lag_ratio=0.5))
        self.play(*[Rotate(shape, PI / 2, rate_func=there_and_back) for shape in shapes], run_time=1.5)
        self.play(Uncreate(shapes))


class OneHeldPicture(Scene):
    """Nothing but a picture that stands."""

    def construct(self):
        self.add(NumberPlane(), Text("held", font_size=96))
        self.wait(3)


SCENES = [name for name, each in list(globals().items()) if isinstance(each, type) and each.__module__ == __name__]
