"""What the audit holds a film to: faulty and clean twins close to each bar."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest
from manim import UP, FadeIn, linear

from nnanim.audit.chapters import audit_chapter
from nnanim.chapter import Chapter
from nnanim.lecture.production import Production
from nnanim.lecture.recipe import Output, Recipe
from nnanim.trace import Trace
from nnanim.visuals import Canvas, Picture, Readout, Tag, TextLine, Turn, rgba, theme


class Ball(Picture):
    dial_names: ClassVar[dict[str, float]] = {"step": 0.0}

    def anchor(self, name: str) -> np.ndarray:
        return self.place(0.1 + 0.1 * self.dial("step"), 0.5)

    def draw(self, canvas: Canvas) -> None:
        canvas.box(*self.corners[:2], self.width, self.height, rgba(theme().panel))
        x, y, _ = self.anchor("ball")
        canvas.disc(x, y, 0.4, rgba(theme().positive))


class Clean(Chapter):
    """A film in which something always moves."""

    @classmethod
    def part(cls) -> str:
        return "Tests"

    @staticmethod
    def simulate(p: Any, report: Any) -> Trace:
        return Trace({"x": np.linspace(1.0, 0.1, 10)})

    def construct(self) -> None:
        stage = self.frame.stage
        self.ball = Ball((stage.left, stage.bottom, stage.right, stage.top))
        self.numbers = self.trace.quantities("x", decimals=2)
        with self.beat():
            self.add(self.ball)
            self.track(Turn(self.ball, seconds=8, rate=linear, step=8))
            self.say("Where does it roll?")
            self.tell()
        self.title_card()
        with self.beat():
            self.settle()
            self.say("There.")

    def tell(self) -> None:
        """What a faulty twin does otherwise."""


class SaidBefore(Clean):
    """The words name a number that the picture has not shown."""

    def tell(self) -> None:
        self.say("It ends at {x}.", x=self.numbers[8])


class SaidAfter(Clean):
    """The picture shows it first."""

    def tell(self) -> None:
        self.show(Readout(self.numbers[8:9], self.ball, "step", anchor="ball", at=(0, 1)), seconds=0.4)
        self.say("It ends at {x}.", x=self.numbers[8])


class SaidWhileItRan(Clean):
    """The number ran past before it is named."""

    def tell(self) -> None:
        self.show(Readout(self.numbers, self.ball, "step", anchor="ball", at=(0, 1)), seconds=0.4)
        self.wait(2)
        self.say("It was {x}.", x=self.numbers[2])


class SaidTooSoon(SaidWhileItRan):
    """The number will run there, but has not."""

    def tell(self) -> None:
        self.show(Readout(self.numbers, self.ball, "step", anchor="ball", at=(0, 1)), seconds=0.4)
        self.say("It will be {x}.", x=self.numbers[9])


class ReadWhileItRolls(Clean):
    """Words are read while nothing is played and the ball rolls on; then something comes, and they go."""

    def tell(self) -> None:
        self.say("These seven words are read while rolling.")
        self.wait(3)
        line, other = (TextLine(words, self.frame.label).at(0, height, "center") for words, height in (("here", 3), ("too", 2)))
        self.show(line, seconds=0.3)
        self.say("There.")
        self.show(other, seconds=0.3)


class Still(Clean):
    """The picture stands for 2.7 s."""

    seconds: ClassVar[float] = 2.7

    def construct(self) -> None:
        with self.beat():
            stage = self.frame.stage
            ball = Ball((stage.left, stage.bottom, stage.right, stage.top))
            self.add(ball)
            self.play(Turn(ball, seconds=8, rate=linear, step=4))
            self.wait(self.seconds)
            self.play(Turn(ball, seconds=8, rate=linear, step=8))


class NotTooStill(Still):
    """It stands for 2.3 s."""

    seconds: ClassVar[float] = 2.3


class MostlyStill(Still):
    """It stands again and again, 30 % of the time."""

    def construct(self) -> None:
        with self.beat():
            stage = self.frame.stage
            ball = Ball((stage.left, stage.bottom, stage.right, stage.top))
            self.add(ball)
            for step in range(1, 5):
                self.play(Turn(ball, seconds=3 - self.rest, rate=linear, step=2 * step))
                self.wait(self.rest)

    rest: ClassVar[float] = 0.9


class LessStill(MostlyStill):
    """The same, 20 % of the time."""

    rest: ClassVar[float] = 0.6


class Faint(Clean):
    """A label without a ground on a picture of nearly its colour."""

    plate: ClassVar[float] = 0.0

    def tell(self) -> None:
        self.show(Tag("here", self.ball, "ball", color=theme().positive, size=0.3, plate=self.plate))


class OnAPlate(Faint):
    """The same on a plate."""

    plate: ClassVar[float] = 1.0


class Deep(Clean):
    """Words in the lowest fifth of a narrow frame."""

    share: ClassVar[float] = 0.19

    def tell(self) -> None:
        line = TextLine("down here", self.frame.label)
        height = -self.frame.height / 2 + self.share * self.frame.height
        self.play(FadeIn(line.move_to(height * UP, aligned_edge=-UP)), run_time=0.3)
        self.hush()


class HighEnough(Deep):
    """Just above it."""

    share: ClassVar[float] = 0.205


def kinds(cls: Any, aspect: str = "16:9") -> set[str]:
    params = cls.Params.defaults()
    look = Output(quality="draft", aspect=aspect)
    report = audit_chapter(Production(cls, Recipe(cls.slug(), params, look, "test"), cls.record(params), workers=1))
    return {finding.kind for finding in report.findings if not finding.excused}


@pytest.mark.parametrize(
    ("cls", "kind"),
    [
        (Clean, ""), (SaidBefore, "early"), (SaidAfter, ""), (SaidWhileItRan, ""), (SaidTooSoon, "early"), (ReadWhileItRolls, ""),
        (Still, "freeze"), (NotTooStill, ""), (MostlyStill, "still"), (LessStill, ""), (Faint, "contrast"), (OnAPlate, ""),
    ],
)  # fmt: skip
def test_a_film_is_held_to_its_rules(cls, kind):
    assert kinds(cls) == ({kind} if kind else set())


def test_words_keep_out_of_the_lowest_fifth_of_a_narrow_film():
    assert "low" in kinds(Deep, "9:16")
    assert "low" not in kinds(HighEnough, "9:16")
    assert kinds(Clean, "9:16") == set()
