"""A lesson of three beats with a given, a computed and a cited number in it."""

from __future__ import annotations

from typing import Any

import numpy as np
from manim import FadeIn, FadeOut, ReplacementTransform
from pydantic import Field

from nnanim.chapter import Chapter
from nnanim.params import Numbers
from nnanim.quantity import Cited
from nnanim.trace import Trace
from nnanim.visuals.page.text import TextLine


class TinyLesson(Chapter):
    """A number is doubled."""

    film = False

    class Params(Chapter.Params):
        number: float = Field(0.25, ge=-100, le=100, description="what is doubled")
        others: Numbers = Field((1.0, 2.0), min_length=2, max_length=2, description="never shown")

    @staticmethod
    def simulate(p: Any, report: Any) -> Trace:
        number = np.float32(p.number)
        return Trace({"doubled": np.array([number, 2 * number], dtype=np.float32)})

    def construct(self) -> None:
        before = self.given("number", decimals=2)
        after = self.trace.quantity("doubled", 1)
        middle = self.frame.stage.center
        line = TextLine(before, 1.0).on(middle)
        with self.beat("Take {x}.", x=before):
            self.play(FadeIn(line), run_time=0.5)
        doubled = TextLine(after, 1.0).on(middle)
        sentence = self.claim(
            ("Doubled, it grows to {y}.", lambda t: t["doubled"][1] > t["doubled"][0]),
            ("Doubled, it falls to {y}.", lambda t: t["doubled"][1] < t["doubled"][0]),
            y=after,
        )
        with self.beat(sentence):
            self.play(ReplacementTransform(line, doubled), run_time=0.5)
        self.play(FadeOut(doubled), run_time=0.4)
        with self.beat("A large model has {n} parameters.", n=Cited("gpt3_parameters")):
            self.wait(0.2)
