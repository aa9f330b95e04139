"""For each kind of fault a scene that has exactly that one, and its clean twin. ``FAULTS[kind]`` are the pairs."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from manim import (
    DOWN,
    LEFT,
    RIGHT,
    UP,
    Circle,
    FadeIn,
    FadeOut,
    Line,
    Rectangle,
    Scene,
    Square,
    Text,
    ValueTracker,
    VGroup,
    always_redraw,
)
from manim.utils.rate_functions import linear

from nnanim.chapter import Chapter
from nnanim.quantity import Cited, Label, Quantity, Sentence
from nnanim.trace import Trace
from nnanim.visuals.cells.heatmap import HeatMap
from nnanim.visuals.cells.number_grid import NumberGrid
from nnanim.visuals.page.text import TextLine


def frame() -> VGroup:
    """Something that uses the frame's room."""
    return VGroup(Line(6 * LEFT + 3.4 * UP, 6 * RIGHT + 3.4 * UP), Line(6 * LEFT + 3.4 * DOWN, 6 * RIGHT + 3.4 * DOWN))


def still(*mobjects: Any) -> type[Scene]:
    """A scene in which things only stand, long enough to be read."""

    class Still(Scene):
        def construct(self) -> None:
            self.add(frame(), *(mobject() if callable(mobject) else mobject for mobject in mobjects))
            self.wait(4)

    return Still


def playing(play: Any) -> type[Scene]:
    """A scene that does what a function does with it."""

    class Playing(Scene):
        def construct(self) -> None:
            self.add(frame())
            play(self)

    return Playing


def word(text: str = "gradient", size: float = 48, **style: Any) -> Text:
    return Text(text, font_size=size, **style)


# Motion -----------------------------------------------------------------------------------------------


def jumping(scene: Scene) -> None:
    square = Square().shift(4 * LEFT)
    scene.add(square)
    scene.wait(1)
    square.shift(7 * RIGHT)
    scene.wait(1)


def jumping_by_updater(scene: Scene) -> None:
    clock, square = ValueTracker(0.0), Square()
    square.add_updater(lambda m: m.move_to((-4 if clock.get_value() < 0.5 else 4, 0, 0)))
    scene.add(square)
    scene.play(clock.animate.set_value(1.0), run_time=1, rate_func=linear)


def walking(scene: Scene) -> None:
    square = Square().shift(4 * LEFT)
    scene.add(square)
    scene.wait(1)
    scene.play(square.animate.shift(7 * RIGHT), run_time=1)
    square.shift(0.5 * DOWN)  # a nudge is no jump
    scene.wait(1)


def walking_by_updater(scene: Scene) -> None:
    clock, square = ValueTracker(0.0), Square()
    square.add_updater(lambda m: m.move_to((8 * clock.get_value() - 4, 0, 0)))
    scene.add(square)
    scene.play(clock.animate.set_value(1.0), run_time=1, rate_func=linear)


def flashing(times: int, side: float = 6.0) -> Any:
    def play(scene: Scene) -> None:
        screen = Square(side, fill_opacity=1, stroke_width=0, fill_color="#FFFFFF")
        for _ in range(times):
            scene.add(screen)
            scene.wait(1 / 10)
            scene.remove(screen)
            scene.wait(1 / 10)
        scene.wait(1)

    return play


def flickering(scene: Scene) -> None:
    """From frame to frame, by an updater."""
    screen = Square(6, fill_opacity=1, stroke_width=0, fill_color="#FFFFFF")
    count = [0]

    def flip(mobject: Any) -> None:
        count[0] += 1
        mobject.set_fill(opacity=float(count[0] % 2))

    screen.add_updater(flip)
    scene.add(screen)
    scene.play(FadeIn(Circle()), run_time=1.5)


def frozen(seconds: float) -> Any:
    def play(scene: Scene) -> None:
        circle = Circle()
        scene.add(circle)
        scene.wait(seconds)
        scene.play(FadeOut(circle), run_time=0.5)
        scene.wait(1)

    return play


def hurried(seconds: float) -> Any:
    def play(scene: Scene) -> None:
        text = word("ten words that nobody can read in half a second", 36)
        scene.play(FadeIn(text), run_time=0.4)
        scene.wait(seconds)
        scene.play(FadeOut(text), run_time=0.4)
        scene.wait(1)

    return play


def counter(scene: Scene) -> None:
    """A number that runs is one text, whatever it says."""
    clock = ValueTracker(0)
    scene.add(always_redraw(lambda: TextLine(Label(f"after {int(clock.get_value())} of these steps"), 0.5)))
    scene.play(clock.animate.set_value(30), run_time=2)


def dimmed(full_first: bool) -> Any:
    def play(scene: Scene) -> None:
        text = word("gradient", fill_opacity=1.0 if full_first else 0.3)
        scene.add(text)
        scene.wait(2)
        if full_first:
            scene.play(text.animate.set_opacity(0.3), run_time=0.5)
            scene.wait(1)

    return play


def crossing_on_its_way(scene: Scene) -> None:
    """Two texts pass each other; at rest they stand apart."""
    first, second = word("first").shift(3 * LEFT), word("second").shift(3 * RIGHT)
    scene.add(first, second)
    scene.play(first.animate.shift(6 * RIGHT), second.animate.shift(6 * LEFT), run_time=1)
    scene.wait(1)


def on_panel(panel: str, ink: str) -> Any:
    return lambda: VGroup(Rectangle(width=5, height=2, fill_color=panel, fill_opacity=1, stroke_width=0), word(color=ink))


def half_on_panel(ink: str) -> Any:
    return lambda: VGroup(Rectangle(width=5, height=2, fill_color="#FFFFFF", fill_opacity=1, stroke_width=0).shift(2.5 * LEFT), word(color=ink))


def grid(pitch: float) -> Any:
    def make() -> NumberGrid:
        numbers = [[Quantity(0.123, "x[0]"), Quantity(4.567, "x[1]")]]
        return NumberGrid(numbers, [(0, 0, 0), (pitch, 0, 0)], size=0.5)

    return make


PLAIN: dict[str, list[tuple[type[Scene], type[Scene]]]] = {
    "off-frame": [
        (still(lambda: word().move_to(7 * RIGHT)), still(lambda: word().move_to(5 * RIGHT))),
        (still(lambda: word().move_to(9 * RIGHT)), still(lambda: word().move_to(9 * RIGHT).set_opacity(0))),
        (still(lambda: Circle().move_to(4 * UP)), still(lambda: Rectangle(width=20, height=12, fill_color="#101020", fill_opacity=1))),
    ],
    "overlap": [
        (still(word, lambda: word("descent").shift(0.4 * RIGHT)), still(word, lambda: word("descent").shift(DOWN))),
        (still(grid(0.5)), still(grid(1.6))),
        (still(word, lambda: word("x", 30).shift(0.05 * UP)), playing(crossing_on_its_way)),
        # One exactly on the other is one text to the viewer.
        (still(word, lambda: word().shift(0.1 * UP + 0.05 * RIGHT)), still(word, word)),
    ],
    "crossed": [
        (still(lambda: Line(4 * LEFT, 4 * RIGHT), word), still(lambda: Line(4 * LEFT, 4 * RIGHT).shift(0.6 * DOWN), word)),
        (still(word, lambda: Line(4 * LEFT + DOWN, 4 * RIGHT + UP)), still(word, lambda: Rectangle(width=5, height=1.4))),
        # A plate hides the line.
        (
            still(lambda: Line(4 * LEFT + DOWN, 4 * RIGHT + UP), word),
            still(lambda: Line(4 * LEFT + DOWN, 4 * RIGHT + UP), lambda: Rectangle(width=4, height=1, fill_opacity=1, fill_color="#000000", stroke_width=0), word),
        ),
        # A line so faint that it is hardly seen does not disturb.
        (
            still(lambda: Line(2 * DOWN, 2 * UP, stroke_opacity=0.9).shift(0.22 * RIGHT), lambda: word("minimum")),
            still(lambda: Line(4 * LEFT, 4 * RIGHT, color="#1C1C1C"), word),
        ),
    ],
    "covered": [
        (
            still(word, lambda: Square(0.9, fill_opacity=1, fill_color="#3050A0", stroke_width=0).shift(0.6 * RIGHT)),
            still(lambda: Square(0.9, fill_opacity=1, fill_color="#203060", stroke_width=0).shift(2.6 * RIGHT), word),
        ),
        (
            still(word, lambda: Rectangle(width=5, height=1.5, fill_opacity=0.7, fill_color="#000000", stroke_width=0)),
            still(word, lambda: Rectangle(width=5, height=1.5, fill_opacity=0.1, fill_color="#5AA9FF", stroke_width=0)),
        ),
    ],
    "small": [(still(lambda: word(size=10)), still(lambda: word(size=15))), (still(lambda: word().scale(0.2)), still(lambda: word().scale(0.4)))],
    "contrast": [
        (still(lambda: word(color="#666666")), still(lambda: word(color="#8A8A8A"))),
        (still(on_panel("#E0E0E0", "#FFFFFF")), still(on_panel("#E0E0E0", "#101010"))),
        (still(half_on_panel("#FFFFFF")), still(half_on_panel("#757575"))),
        (playing(dimmed(full_first=False)), playing(dimmed(full_first=True))),
    ],
    "hurried": [(playing(hurried(0.4)), playing(hurried(3.0))), (playing(hurried(1.8)), playing(counter))],
    "jump": [(playing(jumping), playing(walking)), (playing(jumping_by_updater), playing(walking_by_updater))],
    "flash": [(playing(flashing(5)), playing(flashing(3))), (playing(flashing(8)), playing(flashing(8, side=1.0))), (playing(flickering), playing(walking))],
    "freeze": [(playing(frozen(6.5)), playing(frozen(5.5)))],
}


class TooEmpty(Scene):
    """A tiny diagram in the middle of nothing."""

    def construct(self) -> None:
        self.add(Circle(0.5))
        self.wait(1)


class WellFilled(Scene):
    """One that takes its room, in the end."""

    def construct(self) -> None:
        self.add(Circle(0.5))
        self.wait(1)
        self.play(self.mobjects[0].animate.scale(6), run_time=0.5)


PLAIN["empty"] = [(TooEmpty, WellFilled)]


# Chapters ---------------------------------------------------------------------------------------------


class Model(Chapter):
    """A clean chapter, of which the others are spoilt copies."""

    film = False

    rising: ClassVar[bool] = True

    @staticmethod
    def simulate(p: Any, report: Any) -> Trace:
        return Trace({"x": np.array([0.125, 0.678], dtype=np.float32)})

    def construct(self) -> None:
        stage = self.frame.stage
        heat = HeatMap([[0.2, 0.4, -0.3], [0.1, -0.9, 0.5]], cell_width=2.2, cell_height=1.7).move_to(stage.center)
        sentence = self.claim(
            ("The second number is larger.", lambda t: t["x"][1] > t["x"][0]),
            ("The second number is not larger.", lambda t: t["x"][1] <= t["x"][0]),
        )
        with self.beat(sentence):
            self.play(FadeIn(heat), run_time=0.5)
        with self.beat("Here it stands: {x}.", x=self.trace.quantity("x", 1)):
            self.play(heat.animate.shift(0.4 * UP), run_time=0.5)
            self.spoil(heat)
        with self.beat("That is all."):
            self.play(heat.animate.shift(0.4 * DOWN), run_time=0.5)

    def spoil(self, heat: HeatMap) -> None:
        """Nothing, in the model."""


class InTheStrip(Model):
    """A line of text stands in the caption's strip."""

    def spoil(self, heat: HeatMap) -> None:
        self.play(FadeIn(TextLine(Label("note")).move_to((4.5, self.frame.caption.top - 0.02, 0))))


class AboveTheStrip(Model):
    """The same line on the stage."""

    def spoil(self, heat: HeatMap) -> None:
        self.play(FadeIn(TextLine(Label("note")).move_to((4.5, self.frame.stage.bottom + 0.2, 0))))


class EmptyStage(Model):
    """Hardly anything is left."""

    def spoil(self, heat: HeatMap) -> None:
        self.play(heat.animate.scale(0.2), run_time=0.5)


class WithoutSource(Model):
    """A number that nobody computed."""

    def spoil(self, heat: HeatMap) -> None:
        self.play(FadeIn(Text("0.99", font_size=30).move_to(self.frame.stage.center + 2.2 * UP)))


class WrongValue(Model):
    """A number whose source holds another."""

    def spoil(self, heat: HeatMap) -> None:
        self.play(FadeIn(TextLine(Quantity(0.5, "x[0]")).move_to(self.frame.stage.center + 2.2 * UP)))


class NoSuchSource(Model):
    """A number whose source is not in the trace."""

    def spoil(self, heat: HeatMap) -> None:
        self.play(FadeIn(TextLine(Quantity(0.5, "y[0]")).move_to(self.frame.stage.center + 2.2 * UP)))


class Unnamed(Model):
    """A figure from the literature without a word on what kind of figure it is."""

    def spoil(self, heat: HeatMap) -> None:
        self.play(FadeIn(TextLine(Cited("gpt3_parameters")).move_to(self.frame.stage.center + 2.2 * UP)))


class Named(Model):
    """The same, with its kind."""

    def spoil(self, heat: HeatMap) -> None:
        cited = Cited("gpt3_parameters")
        line = TextLine(Sentence("{n} ({kind})", {"n": cited, "kind": Label(cited.note)}))
        self.play(FadeIn(line.move_to(self.frame.stage.center + 2.2 * UP)))


class Restless(Model):
    """A simulation that is never the same twice."""

    count: ClassVar[list[int]] = [0]

    @staticmethod
    def simulate(p: Any, report: Any) -> Trace:
        Restless.count[0] += 1
        return Trace({"x": np.array([0.125, 0.678 + Restless.count[0]], dtype=np.float32)})


class Unsure(Model):
    """A sum of which single precision carries two or three figures; the last one shown is decided by rounding."""

    bypassing: ClassVar[bool] = True

    @staticmethod
    def simulate(p: Any, report: Any) -> Trace:
        import torch

        terms = 1000 * torch.randn(4096, generator=torch.Generator().manual_seed(3))
        return Trace({"x": torch.stack([terms.sum() - 4 * terms[:1024].sum(), terms.sum()]).numpy()})

    def spoil(self, heat: HeatMap) -> None:
        known = self.trace.quantity("x", 0, decimals=3)
        shown = Quantity(known.value, known.source, 3) if self.bypassing else known
        self.play(FadeIn(TextLine(shown).move_to(self.frame.stage.center + 2.2 * UP)))


class Modest(Unsure):
    """The same sum with the digits that it carries."""

    bypassing: ClassVar[bool] = False


class TwoFaced(Model):
    """A claim that is true when it is chosen and false when it is checked."""

    def spoil(self, heat: HeatMap) -> None:
        asked: list[int] = []
        self.claim(("It is so.", lambda t: not asked and not asked.append(1)), ("It is always so.", lambda t: True))


class Speechless(Model):
    """A claim without a true alternative."""

    def spoil(self, heat: HeatMap) -> None:
        self.claim(("The first number is larger.", lambda t: t["x"][0] > t["x"][1]))


class Broken(Model):
    """A chapter that fails."""

    def spoil(self, heat: HeatMap) -> None:
        raise RuntimeError("a wheel came off")


CHAPTERS: dict[str, list[tuple[type[Chapter], type[Chapter]]]] = {
    "caption-strip": [(InTheStrip, AboveTheStrip)],
    "empty": [(EmptyStage, Model)],
    "ledger": [(WithoutSource, Model), (WrongValue, Model), (NoSuchSource, Model), (Unnamed, Named), (Restless, Model)],
    "digits": [(Unsure, Modest)],
    "claim": [(TwoFaced, Model), (Speechless, Model)],
    "crash": [(Broken, Model)],
}
