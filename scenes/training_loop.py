"""The training loop: three copies of a network differ in one number. One reads; what ails the other two?

Everything is read from the trace of :func:`nnanim.sim.training_loop.record`."""

from __future__ import annotations

from typing import Any

import numpy as np
from manim import FadeIn, FadeOut, linear
from pydantic import Field, model_validator

from nnanim import visuals as draw
from nnanim.chapter import Chapter, Report, either
from nnanim.params import Numbers
from nnanim.quantity import Label, Sentence
from nnanim.trace import Trace
from nnanim.visuals import Later, Plan, Tag, Turn, across, down

TRIO, PAIR = draw.wheel_plan(3), draw.wheel_plan(2, upright=True)
BESIDE = across(left=(25, down(over=1, under=1)), wheel=50, right=25, gap=0.1)
NEAR = Plan(wide=BESIDE, tall=down(left=(16, across(over=1, under=1)), wheel=66, right=18, gap=0.1))
CHART = down(chart=86, beads=14, gap=0.1)
RUN = Plan(wide=across(wheel=46, side=(54, CHART)), tall=down(wheel=44, side=(56, CHART)))
READ = Plan(wide=across(wheel=50, grid=50), tall=down(wheel=62, grid=38))
WALL = Plan(wide=across(wall=74, bar=26, gap=0.2), tall=down(wall=60, bar=40))
LEFT, RIGHT = down(word0=1, word1=1, word2=1), down(word3=1, word4=1, word5=1)
WORDS = Plan(wide=across(left=(29, LEFT), wheel=42, right=(29, RIGHT), gap=0.1),
             tall=down(left=(18, LEFT), wheel=64, right=(18, RIGHT), gap=0.1))  # fmt: skip
PARTS = {"parameters": "{n} parameters", "batch": "batch: {n} digits", "steps": "step {n}",
         "epochs": "epoch {n}", "final_loss": "loss {n}", "passes": "inference: {n} pass"}  # fmt: skip
FORMULA = Label("theta <- theta - eta thin nabla L")


def as_told(t: Any) -> bool:
    """Whether the step sizes prove too small, right and too large."""
    return bool(t.text["became"] == "asleep learned dead" and t["tenths"][0] < 3)


READING = either("One reads. Two only guess.", "This is how well they read.", as_told)
LOSSES = either("By the loss, these two are equally ill.", "By the loss, these two differ.",
                lambda t: np.ptp(t["final_losses"][[0, 2], 0]) <= 0.1)  # fmt: skip
AGAIN = either("The same digit: the loss is down to {b}.", "The same digit: the loss is up to {b}.",
               lambda t: t["one_losses"][1] < t["one_losses"][0])  # fmt: skip
MIND = either("It cannot make up its mind.", "It hardly changes its mind.",
              lambda t: t["watched_changes"][1, 0] >= 2)  # fmt: skip
MOVED = either("{m}. It sleeps: its steps are too small.", "{m}. That is no sleep.",
               lambda t: t.text["became"].startswith("asleep"))  # fmt: skip
DARK = either("By step {s}, none of {h} fires any more.", "In the end, {k} of {h} never fire.",
              lambda t: t["dark"][2, 0] == t["parameters.hidden"])  # fmt: skip
DEAD = either("It is dead.", "It is not dead.", lambda t: t.text["became"].endswith("dead"))
BEND = either("All lie left of the bend: no slope, no learning.", "Some lie right of the bend: it can learn.",
              lambda t: t["dead_sums"].max() <= 0)  # fmt: skip
CURED = either("The sleeper wakes. The dead one does not.", "They end at {a} and {b} of ten.",
               lambda t: t.text["cured"] == "learned dead")  # fmt: skip
FROZEN = either("Not one of its hidden weights has moved.", "Its hidden weights have moved.",
                lambda t: t["cured_changes"][1, 0] == 0)  # fmt: skip
BATCH = either("Most of its neurons are dark.", "Most of its neurons still fire.",
               lambda t: t["alone_dark"][0] > 0.5 * t["parameters.hidden"])  # fmt: skip
TOGETHER = either("Step size and batch belong together.", "This step size bears either batch.",
                  lambda t: t["alone_dark"][0] >= 0.8 * t["parameters.hidden"])  # fmt: skip
ANSWER = either("Equally ill? One slept. One was dead.", "Equally ill? Only a look inside can tell.", as_told)


class TrainingLoop(Chapter):
    """Three step sizes: one learns, one sleeps, one kills all neurons; one cure wakes but one of the two."""

    costly = True
    title = "The training loop"

    class Params(Chapter.Params):
        """The three step sizes, and what is trained with them."""

        rates: Numbers = Field((0.0001, 0.3, 3), min_length=3, max_length=3, description="rising step sizes")
        batch: int = Field(32, ge=8, le=100, description="digits a step")
        epochs: int = Field(8, ge=2, le=10, description="rounds through all training digits")
        seed: int = Field(1, ge=0, le=2**31 - 100, description="the first seed: its networks are shown")
        seeds: int = Field(5, ge=1, le=5, description="how many networks are trained with each step size")
        watched: int = Field(1972, ge=0, lt=5000, description="row of the digit that is never learned")
        hidden: int = Field(24, ge=8, le=32, description="neurons of the hidden layer")
        trained: int = Field(4000, ge=500, le=4000, description="digits to train on")
        tested: int = Field(1000, ge=100, le=1000, description="digits to test with, never trained on")

        @model_validator(mode="after")
        def _within(self) -> TrainingLoop.Params:
            if not 1e-6 <= self.rates[0] < self.rates[1] < self.rates[2] <= 10:
                raise ValueError("rates must rise and lie within 0.000001 and 10, for instance 0.0001,0.3,3")
            return self

    @staticmethod
    def simulate(p: Params, report: Report) -> Trace:
        """Three runs, what ails two of them, and the cure."""
        from nnanim.sim import training_loop  # torch is imported only when something is computed

        return training_loop.record(**p.model_dump(), report=report)

    @staticmethod
    def depends_on(p: Params) -> str:
        """The digits."""
        from nnanim.datasets import known_dataset

        return known_dataset("mnist").member_sha256

    def construct(self) -> None:
        """The lesson."""
        self.rates = [self.exactly("rates", place) for place in range(3)]
        self.epochs, self.hidden = int(self.trace["parameters.epochs"]), self.count("parameters.hidden")
        self.number, self.label = self.frame.number, self.frame.label
        stage = self.open()
        first = self.step_once, self.run_rounds, self.read_the_watched, self.look_at_the_sleeper
        for beat in (*first, self.look_at_the_dead, self.look_at_the_bend, self.cure, self.other_batches):
            stage = beat(stage)
        self.answer(self.name_parts(stage))

    def open(self) -> list[Any]:
        """Three wheels read the same digits: their scores, their losses, and the one number that differs."""
        t, row = self.trace, draw.WheelRow(self.plan(TRIO), self.trace, "end[0]", "end[1]", "end[2]")
        scores = row.words([Sentence("{n} of ten", {"n": self.count("tenths", k)}) for k in range(3)])
        losses = row.words([Sentence("loss {l}", {"l": t.quantity("final_losses", k, 0)}) for k in range(3)])
        self.add(*row.members)
        self.begin_near(row.wheels[1], 0.92)
        with self.beat():
            self.track(*row.passing(5.0))
            self.wait(0.6)
            self.track(self.pulled_back(1.6))
            self.say("One network, three times. The same digits for all.")
            self.settle()
            self.show(*scores, after=0.25)
            self.say(READING)
            self.track(*row.passing(24.0))
            self.exchange(scores, losses, *row.dimmed(1))
            self.say(LOSSES)
            self.say("Of the same thing?")
        self.title_card()
        knobs = draw.Knobs(row.places[0], row.places[2], t["parameters.rates"].tolist(), row.places, up=0.42)
        tags = [Tag(r, knobs, f"knob{k}", (0, -0.5), 0.8 * self.number) for k, r in enumerate(self.rates)]
        with self.beat():
            self.exchange(losses, (knobs,), Later(0.3, Turn(knobs, 1.4, come=1)), *row.dimmed(1, opacity=1))
            self.show(*tags, after=0.15)
            self.say("One number differs: the size of a step.")
            self.track(Turn(knobs, 1.6, home=1))
            self.say("How can one number fail in two ways?")
        return [*row.led_by(1), knobs, *tags]

    def step_once(self, leaving: list[Any]) -> list[Any]:
        """One digit, one step: predict, measure, adjust, predict again."""
        t, areas, em = self.trace, self.plan(NEAR), 0.7 * self.number
        wheel, *names = draw.Wheel.named(t, "slow", areas.wheel, flow=0)
        words = ("predict", "measure", "adjust")
        verbs = [draw.TextLine(verb, em, weight="bold").on(areas.over.center) for verb in words]
        with self.beat():
            self.become(leaving, (wheel, *names), seconds=1.4)
            loss = wheel.runs(t.quantities("one_path_losses"), areas.right.center, em, before="loss ")
            one = wheel.runs(t.quantities("one_path_weight"), areas.under.center, em, before="a weight ")
            self.play(Turn(wheel, 1.6, flow=1), FadeIn(verbs[0]))
            self.say("One digit, before any training: the bars are its guess.")
            self.exchange(verbs[:1], verbs[1:2], Turn(wheel, 0.9, gap=1), Later(0.5, FadeIn(loss)))
            self.say("What the right bar lacks is the loss: {a}.", a=t.quantity("one_path_losses", 0))
            self.track(Turn(wheel, 2.6, linear, back=1))
            self.exchange(verbs[1:2], verbs[2:])
            self.say("The gradient runs back: who is to blame?")
            self.play(Turn(wheel, 0.5, one=1), FadeIn(one))
            self.track(Turn(wheel, 2.6, frame=30, back=0))
            self.say("Each weight moves against it, times the step size.")
            self.exchange(verbs[2:], verbs[:1], Turn(wheel, 0.3, flow=0, gap=0, one=0))
            self.play(Turn(wheel, 1.3, flow=1), Later(0.9, Turn(wheel, 0.4, gap=1)))
            self.say(AGAIN, b=t.quantity("one_losses", 1))
        return [wheel, *names, loss, one, verbs[0]]

    def run_rounds(self, leaving: list[Any]) -> list[Any]:
        """The same a thousand times."""
        t, areas, steps = self.trace, self.plan(RUN), int(self.trace["steps"])
        wheel, *names = draw.Wheel.named(t, "learning", areas.wheel)
        losses = t["losses"][1, :, 0]
        x, y = draw.LinearScale(0, steps), draw.LinearScale(0, float(losses.max()))
        axes = draw.Axes(areas.chart, x, y, "steps", "loss of each step")
        curve = draw.Curves(axes, range(1, steps + 1), [losses], [self.theme.text], width=0.03)
        beads = draw.Rounds(areas.beads, self.epochs)
        stage = [wheel, *names, axes, curve, beads]
        with self.beat():
            self.become(leaving, stage)
            self.say("Now {n} digits share a step. Then the next {n}.", n=self.count("batch"))
            self.track(Turn(wheel, 6.5, linear, frame=len(t["moments"]) - 1))
            for picture, end in ((curve, {"step": steps - 1}), (beads, {"round": self.epochs})):
                self.track(Turn(picture, 6.5, lambda share: ((steps + 1) ** share - 1) / steps, **end))
            self.wait(0.6)
            self.say("{n} steps: each digit seen once. That is an epoch.", n=self.count("steps_per_epoch"))
            self.settle()
            self.say("It reads {k} of ten digits that it has never seen.", k=self.count("tenths", 1))
        return stage

    def read_the_watched(self, leaving: list[Any]) -> list[Any]:
        """A doubtful digit is read after every round."""
        wheel, *names = draw.Wheel.named(self.trace, "watched", self.plan(READ).wheel, flow=0, frame=1)
        grid = draw.Rounds(self.plan(READ).grid, self.epochs, rows=2)
        read = [self.count("watched_answers", 1, k + 1, 0) for k in range(self.epochs)]
        answers = [Tag(each, grid, f"bead{k}", size=1.7 * self.number) for k, each in enumerate(read)]
        with self.beat():
            self.become(leaving, (wheel, *names))
            self.say("A doubtful {d}, never trained on.", d=self.count("watched_label"))
            for k, answer in enumerate(answers, 1):
                passing = Turn(wheel.turn(frame=k, flow=0), 0.5, linear, flow=1)
                self.play(passing, Later(0.3, FadeIn(answer, run_time=0.2)))
            self.say(MIND)
        return [wheel, *names, *answers]

    def look_at_the_sleeper(self, leaving: list[Any]) -> list[Any]:
        """Weights before and after a thousand small steps look the same."""
        t, areas, up = self.trace, self.plan(WALL), (0, 0.3)
        tiles = [t[name].reshape(-1, 28, 28) for name in ("start_weights", "slow_weights")]
        wall = draw.WeightWall(areas.wall.inset(0, 0.35), *tiles)
        bar = draw.Sliver(areas.bar.inset(0, 1.0), float(t["changes"][0, 0, 0]))
        moved = t.quantity("changes", 0, 0, 0, decimals=1, unit=" %")
        tip = Tag(moved, bar, "whole", (0, 0.55), self.number)
        before = Tag("before", wall, "before", up, align="right")
        after = Tag("after", wall, "after", up, align="left")
        with self.beat():
            self.exchange(leaving, (wall, before), Turn(wall, 2.0, come=1))
            self.say("Back to the first: its {n} weights.", n=self.count("lines"))
            self.play(Turn(wall, 2.8, wipe=1), Later(0.5, FadeIn(after)), Later(2.0, FadeOut(before)))
            self.say("How far has it moved?")
            self.play(FadeIn(bar), Later(0.4, Turn(bar, 1.2, filled=1)), Later(1.0, FadeIn(tip)))
            self.say(MOVED, m=moved)
        return [wall, bar, tip, after]

    def look_at_the_dead(self, leaving: list[Any]) -> list[Any]:
        """Neuron after neuron of the third network goes dark."""
        t, areas = self.trace, self.plan(NEAR)
        wheel, *names = draw.Wheel.named(t, "dying", areas.wheel, dark=1)
        end, *more = draw.Wheel.named(t, "end[2]", areas.wheel, dark=1)
        steps, counts = (t.quantities(name, decimals=0) for name in ("moments", "dying.dark"))
        step = wheel.runs(steps, areas.left.center, 0.8 * self.number, before="step ")
        after = Sentence(" of {h} dark", {"h": self.hidden})
        gone = wheel.runs(counts, areas.right.center, 0.7 * self.number, after=after)
        with self.beat():
            self.exchange(leaving, (wheel, *names, step, gone))
            self.say("And the other one, with its large steps?")
            self.play(Turn(wheel, 3.2, linear, frame=5))
            self.say("Step {s}: {k} of {h} never fire.", s=steps[5], k=counts[5], h=self.hidden)
            self.play(Turn(wheel, 5.0, linear, frame=len(t["moments"]) - 1))
            self.say(DARK, s=steps[t["dying.dark"].argmax()], k=counts[-1], h=self.hidden)
            self.hush()
            self.remove(wheel, *names)
            self.add(end, *more)
            self.play(Turn(end, 2.4, linear, frame=47))
            self.say(DEAD)
        return [end, *more, step, gone]

    def look_at_the_bend(self, leaving: list[Any]) -> list[Any]:
        """Where the sums of a dead neuron lie."""
        heap = draw.BendHeap(self.frame.stage, self.trace["dead_sums"])
        said = Sentence("a neuron’s sums, {n} digits", {"n": self.count("trained")})
        name = Tag("ReLU", heap, "rise", (-0.5, 0.2), align="right")
        grains = Tag(said, heap, "over", (0, 0), self.frame.mark, self.theme.muted, align="left")
        with self.beat():
            self.exchange(leaving, (heap,), Turn(heap, 1.0, line=1))
            self.play(Turn(heap, 1.8, linear, rain=1), FadeIn(name), Later(0.6, FadeIn(grains)))
            self.track(Turn(heap, 1.2, slope=1))
            self.say(BEND)
        return [heap, name, grains]

    def cure(self, leaving: list[Any]) -> list[Any]:
        """Both are trained on with the step size of the one that learned."""
        row = draw.WheelRow(self.plan(PAIR), self.trace, "cure[0]", "cure[1]", tallied=False, dark=1)
        dose = row.words([Sentence("step size {r}", {"r": self.rates[1]})] * 2, 0.6 * self.number)
        ends = row.words([Sentence("{n} of ten", {"n": self.count("cured_tenths", k)}) for k in range(2)])
        with self.beat():
            self.exchange(leaving, (*row.members, *dose))
            self.say("The good step size for both. Which one wakes?")
            self.play(*row.passing(4.2))
            self.exchange(dose, ends)
            self.say(CURED, a=self.count("cured_tenths", 0), b=self.count("cured_tenths", 1))
            self.say(FROZEN)
        return [*row.members, *ends]

    def other_batches(self, leaving: list[Any]) -> list[Any]:
        """The same step size with one digit a step, and with all of them."""
        row = draw.WheelRow(self.plan(TRIO), self.trace, "batches[0]", "end[1]", "batches[1]", dark=1)
        counts = [Sentence("{n} a step", {"n": self.count(name)}) for name in ("batch", "trained")]
        under = row.words(["one a step", *counts], 0.6 * self.number)
        with self.beat():
            self.exchange(leaving, (*row.of(0), *row.of(1), *under[:2]))
            self.track(*row.passing(9, (0, 1)))
            self.say("The same step size, but one digit a step?")
            self.say(BATCH)
            self.show(*row.of(2), under[2])
            self.track(*row.passing(4.5, (2,)))
            values = {"s": self.count("whole_steps"), "a": self.count("batch_tenths", 1)}
            self.say("All in one step: in {s} steps, {a} of ten.", **values)
            self.say(TOGETHER)
        return [*row.led_by(1), *under]

    def name_parts(self, leaving: list[Any]) -> list[Any]:
        """The words of training, with this run's numbers."""
        areas = self.plan(WORDS)
        wheel, *names = draw.Wheel.named(self.trace, "end[1]", areas.wheel)
        numbers = [self.trace.quantity(name, decimals=int(name == "final_loss")) for name in PARTS]
        lines = [Sentence(words, {"n": n}) for words, n in zip(PARTS.values(), numbers, strict=True)]
        places = [getattr(areas, f"word{k}").center for k in range(6)]
        texts = [draw.TextLine(line, self.label, weight="bold") for line in lines]
        words = [text.on(place) for text, place in zip(texts, places, strict=True)]
        with self.beat():
            self.become(leaving, (wheel, *names))
            self.track(Turn(wheel, 9, linear, frame=47))
            self.say("The words for it, from this very run.")
            self.one_by_one(*words)
        return [wheel, *names, *words]

    def answer(self, leaving: list[Any]) -> None:
        """The three wheels again."""
        row = draw.WheelRow(self.plan(TRIO), self.trace, "end[0]", "end[1]", "end[2]", tallied=False, dark=1)
        rates, place = row.words(self.rates), self.plan(TRIO).foot1
        formula = draw.Formula(FORMULA, self.number, width=place.width).move_to(place.center)
        with self.beat():
            self.become(leaving, (*row.led_by(1), *rates))
            self.track(*row.passing(14))
            self.say(ANSWER)
            self.exchange(rates, (formula,))
            self.say("The whole loop is one line.")
            self.say("It learned from {n} digits. Would fourteen do?", n=self.count("trained"))
