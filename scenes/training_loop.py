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
TALL = down(left=(16, across(over=1, under=1)), wheel=66, right=18, gap=0.1)
NEAR = Plan(wide=BESIDE, tall=TALL, square=TALL)
CHART = down(said=14, chart=72, beads=14, gap=0.1)
RUN = Plan(wide=across(wheel=46, side=(54, CHART)), tall=down(wheel=44, side=(56, CHART)))
WALL = Plan(wide=across(wall=74, bar=26, gap=0.2), tall=down(wall=60, bar=40))
FORMULA = Label("theta <- theta - eta thin nabla L")


def as_told(t: Any) -> bool:
    """Whether the step sizes prove too small, right and too large."""
    return bool(t.text["became"] == "asleep learned dead" and t["tenths"][0] < 3)


def is_hill(read: Any) -> bool:
    """Whether the outermost networks guess, and some one between reads."""
    return bool(read[[0, -1]].max() < 0.3 and read.max() > 0.82)


READING = either("One reads. Two only guess.", "This is how well they read.", as_told)
LOSSES = either("By the loss, these two are equally ill.", "By the loss, these two differ.",
                lambda t: np.ptp(t["final_losses"][[0, 2], 0]) <= 0.1)  # fmt: skip
AGAIN = either("The same digit: the loss is down to {b}.", "The same digit: the loss is up to {b}.",
               lambda t: t["one_losses"][1] < t["one_losses"][0])  # fmt: skip
MOVED = either("A healthy one moves {h} times its size, this one {m}. It sleeps.",
               "The second moves {h} times its size, this one {m}.",
               lambda t: t.text["became"].startswith("asleep"))  # fmt: skip
DARK = either("By step {s} all {h} are dark.", "In the end {k} of {h} are dark.",
              lambda t: t["dark"][2, 0] == t["parameters.hidden"])  # fmt: skip
DEAD = either("It is dead.", "It is not dead.", lambda t: t.text["became"].endswith("dead"))
BEFORE = either("One neuron before the first step: some digits fire it.", "No digit fires it at first.",
                lambda t: t["first_sums"][0].max() > 0)  # fmt: skip
BEND = either("One step of {r}: all lie left. No slope, no learning.", "One step of {r}: some still fire it.",
              lambda t: t["first_sums"][1].max() <= 0)  # fmt: skip
SMALLER = either("One step of {r} instead: some still fire it.", "One step of {r} instead: none fires it.",
                 lambda t: t["first_sums"][2].max() > 0)  # fmt: skip
CURED = either("The sleeper wakes. The dead one does not.", "They end at {a} and {b} of ten.",
               lambda t: t.text["cured"] == "learned dead")  # fmt: skip
FROZEN = either("Not one of its hidden weights has moved.", "Its hidden weights have moved.",
                lambda t: t["cured_changes"][1, 0] == 0)  # fmt: skip
HILL = either("Asleep on the left, dead on the right, a hill between.", "This is what each one reads.",
              lambda t: is_hill(t["tried_accuracies"][:, 0]))  # fmt: skip
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
        first = self.step_once, self.run_rounds, self.look_at_the_sleeper, self.look_at_the_dead
        for beat in (*first, self.look_at_the_bend, self.cure, self.try_ten):
            stage = beat(stage)
        self.answer(stage)

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
            self.track(Turn(wheel, 3.0, flow=1), FadeIn(verbs[0]))
            self.say("One digit, before any training: the bars are its guess.")
            self.hush()
            self.exchange(verbs[:1], verbs[1:2], Turn(wheel, 0.9, gap=1), Later(0.5, FadeIn(loss)))
            first, last = (t.quantity("one_path_losses", part) for part in (0, 30))
            self.drift(8.0, nearer=1.015, on=wheel)
            self.say("The smaller the right bar, the larger the loss: {a}.", a=first)
            self.hush()
            self.track(Turn(wheel, 2.6, linear, back=1))
            self.say("The gradient runs back: who is to blame?")
            self.hush()
            self.exchange(verbs[1:2], verbs[2:], Turn(wheel, 0.5, one=1), Later(0.3, FadeIn(one)))
            self.track(Turn(wheel, 3.2, frame=30, back=0))
            self.say("Each weight moves against its gradient, times the step size.")
            self.hush()
            self.exchange(verbs[2:], verbs[:1], Turn(wheel, 0.3, flow=0, gap=0, one=0))
            self.play(Turn(wheel, 1.3, flow=1), Later(0.9, Turn(wheel, 0.4, gap=1)))
            self.say(AGAIN, b=last)
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
        said, style = self.plan(RUN).said.center[:2], {"size": 0.7 * self.number}
        batch, epoch = self.count("batch"), self.count("steps_per_epoch")
        share = Tag(Sentence("{n} digits a step", {"n": batch}), at=said, **style)
        round_ = Tag(Sentence("{n} steps an epoch", {"n": epoch}), at=said, **style)
        read = Tag(Sentence("reads {k} of ten", {"k": self.count("tenths", 1)}), at=said, **style)
        with self.beat():
            self.become(leaving, [*stage, share], self.pulled_back(0.5))
            self.track(Turn(wheel, 7.5, linear, frame=len(t["moments"]) - 1))
            for picture, end in ((curve, {"step": steps - 1}), (beads, {"round": self.epochs})):
                self.track(Turn(picture, 7.5, lambda share: ((steps + 1) ** share - 1) / steps, **end))
            self.say("Now {n} digits share a step. Then the next {n}.", n=batch)
            self.hush()
            self.exchange([share], [round_])
            self.say("{n} steps: each digit seen once. That is an epoch.", n=epoch)
            self.settle()
            self.exchange([round_], [read])
            self.drift(4.0)
            self.say("It reads {k} of ten digits that it has never seen.", k=self.count("tenths", 1))
        return [*stage, read]

    def look_at_the_sleeper(self, leaving: list[Any]) -> list[Any]:
        """Weights before and after a thousand small steps look the same."""
        t, areas, up = self.trace, self.plan(WALL), (0, 0.3)
        tiles = [t[name].reshape(-1, 28, 28) for name in ("start_weights", "slow_weights")]
        wall = draw.WeightWall(areas.wall.inset(0, 0.35), *tiles)
        bar = draw.Sliver(areas.bar.inset(0, 1.0), float(t["changes"][0, 0, 0] / t["changes"][1, 0, 0]))
        moved, healthy = (t.quantity("changes", k, 0, 0, decimals=3 - 2 * k) for k in range(2))
        tip = Tag(moved, bar, "foot", (0, -0.5), 0.8 * self.number)
        whole = Tag(healthy, bar, "whole", (0, 0.5), 0.8 * self.number, self.theme.muted)
        before = Tag("before", wall, "before", up, align="right")
        after = Tag("after", wall, "after", up, align="left")
        with self.beat():
            self.exchange(leaving, (wall, before), Turn(wall, 1.2, come=1), self.pulled_back(0.6))
            self.track(Turn(wall, 3.6, wipe=1), Later(0.5, FadeIn(after)), Later(2.6, FadeOut(before)))
            self.say("Back to the first: its weights before training, and after.")
            self.settle()
            self.say("How far has it moved?")
            self.play(FadeIn(bar), FadeIn(whole), Turn(bar, 1.6, filled=1), Later(1.0, FadeIn(tip)))
            self.drift(5.0, on=wall)
            self.say(MOVED, m=moved, h=healthy)
        return [wall, bar, tip, whole, after]

    def look_at_the_dead(self, leaving: list[Any]) -> list[Any]:
        """Neuron after neuron of the third network goes dark."""
        t, areas = self.trace, self.plan(NEAR)
        wheel, *names = draw.Wheel.named(t, "dying", areas.wheel, dark=1)
        end, *more = draw.Wheel.named(t, "end[2]", areas.wheel, dark=1)
        steps, counts = (t.quantities(name, decimals=0) for name in ("moments", "dying.dark"))
        step = wheel.runs(steps, areas.left.center, 0.8 * self.number, before="step ")
        after = Sentence(" of {h} dark", {"h": self.hidden})
        gone = wheel.runs(counts, areas.right.center, 0.7 * self.number, after=after)
        worst = int(t["dying.dark"].argmax())
        with self.beat():
            self.exchange(leaving, (wheel, *names, step, gone), self.pulled_back(0.6))
            self.track(Turn(wheel, 3.4, linear, frame=5))
            self.say("And the other one, with its large steps?")
            self.settle()
            self.say("Step {s}: {k} of {h} fire for no digit.", s=steps[5], k=counts[5], h=self.hidden)
            self.hush()
            self.play(Turn(wheel, 3.2, linear, frame=worst))
            self.say(DARK, s=steps[worst], k=counts[worst], h=self.hidden)
            self.hush()
            self.remove(wheel, *names)
            self.add(end, *more)
            self.track(Turn(end, 3.2, linear, frame=47))
            self.say(DEAD)
            self.settle()
        return [end, *more, step, gone]

    def look_at_the_bend(self, leaving: list[Any]) -> list[Any]:
        """How one large step throws all sums of a neuron over the bend, and a smaller one does not."""
        before, large, good = self.trace["first_sums"]
        heap = draw.BendHeap(self.frame.stage, [before, large, before, good])
        said = Sentence("one neuron’s sum for each of {n} digits", {"n": self.count("trained")})
        name = Tag("ReLU", heap, "rise", (-0.5, 0.2), align="right")
        grains = Tag(said, heap, "over", (0, 0), self.label, self.theme.muted, align="left")
        words = [Sentence("a step of {r}", {"r": self.rates[k]}) for k in (2, 1)]
        steps = [Tag(each, heap, "over", (0, 0), self.number, align="left") for each in words]
        with self.beat():
            self.exchange(leaving, (heap,), Turn(heap, 1.0, line=1))
            self.play(Turn(heap, 1.6, linear, rain=1), FadeIn(name), Later(0.6, FadeIn(grains)))
            self.say(BEFORE)
            self.hush()
            self.exchange([grains], steps[:1], Later(0.4, Turn(heap, 1.4, moment=1)))
            self.track(Turn(heap, 1.2, slope=1))
            self.say(BEND, r=self.rates[2])
            self.hush()
            self.exchange(steps[:1], steps[1:], Turn(heap, 0.9, moment=2, slope=0))
            self.play(Turn(heap, 1.2, moment=3))
            self.drift(3.4)
            self.say(SMALLER, r=self.rates[1])
        return [heap, name, steps[1]]

    def cure(self, leaving: list[Any]) -> list[Any]:
        """Both are trained on with the step size of the one that learned."""
        row = draw.WheelRow(self.plan(PAIR), self.trace, "cure[0]", "cure[1]", tallied=False, dark=1)
        dose = row.words([Sentence("step size {r}", {"r": self.rates[1]})] * 2, 0.6 * self.number)
        ends = row.words([Sentence("{n} of ten", {"n": self.count("cured_tenths", k)}) for k in range(2)])
        with self.beat():
            self.exchange(leaving, (*row.members, *dose), self.pulled_back(0.6))
            self.say("The good step size for both. Which one wakes?")
            self.play(*row.passing(4.2))
            self.exchange(dose, ends)
            self.drift(7.0)
            self.say(CURED, a=self.count("cured_tenths", 0), b=self.count("cured_tenths", 1))
            self.say(FROZEN)
        return [*row.members, *ends]

    def try_ten(self, leaving: list[Any]) -> list[Any]:
        """Ten step sizes, tried the same way: where a network sleeps, where it learns, where it dies."""
        t, area = self.trace, self.frame.stage.inset(0.3, 0.2)
        rates, read = t["tried_rates"], t["tried_accuracies"][:, 0]
        scales = draw.LogScale.over(rates), draw.LinearScale(0, 1)
        axes = draw.Axes(area, *scales, "step size", "share of digits read")
        hill = draw.Curves(axes, rates, [read], [self.theme.text])
        with self.beat():
            self.exchange(leaving, (axes, hill), self.pulled_back(0.6))
            self.track(Turn(hill, 4.0, linear, step=len(rates) - 1))
            self.say("Is there a best step size? Ten of them, tried.")
            self.settle()
            self.drift(4.0)
            self.say(HILL)
        return [axes, hill]

    def answer(self, leaving: list[Any]) -> None:
        """The three wheels again."""
        row = draw.WheelRow(self.plan(TRIO), self.trace, "end[0]", "end[1]", "end[2]", tallied=False, dark=1)
        rates, place = row.words(self.rates), self.plan(TRIO).foot1
        formula = draw.Formula(FORMULA, self.number, width=place.width).move_to(place.center)
        with self.beat():
            self.exchange(leaving, (*row.led_by(1), *rates), self.pulled_back(0.6))
            self.track(*row.passing(14))
            self.say(ANSWER)
            self.exchange(rates, (formula,))
            self.say("Each step of the loop is this one line.")
            self.say("It learned from {n} digits. Would a handful do?", n=self.count("trained"))
