"""Forward propagation: a plain three that a trained network takes for an eight, followed from its pixels to the answer.

Everything is read from the trace of :func:`nnanim.sim.digit_pass.record`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from manim import FadeIn, FadeOut, linear, smooth
from pydantic import Field

from nnanim.by_hand.lesson import ByHand
from nnanim.by_hand.parameters import ByHandParams
from nnanim.chapter import Chapter, Report
from nnanim.lesson.claims import Case, Cases
from nnanim.params import ParameterError, show_value
from nnanim.quantity import Label, Sentence, Showable
from nnanim.trace import Trace
from nnanim.visuals import (
    Digit,
    DigitLayout,
    DigitWall,
    Formula,
    HiddenNeurons,
    InsideNeuron,
    Later,
    Outputs,
    PilePairs,
    Piles,
    Plan,
    Readout,
    Region,
    Tag,
    Threads,
    Turn,
    Verdict,
    across,
    down,
    square_in,
)

OPEN = Plan(wide=across(digit=56, said=24, names=20), tall=down(digit=60, said=18, names=22))
ASIDE = Plan(wide=across(arc=22, digit=52, names=26), tall=down(arc=24, digit=54, names=22))
CORNER = Plan(wide=across(gap=0, corner=6.2, rest=93.8), tall=down(gap=0, corner=7, rest=93))
PILES = Plan(wide=across(words=19, piles=74, rest=7, gap=0), tall=across(words=36, piles=64, gap=0))
WALL = Plan(wide=down(verdict=17, wall=83), tall=down(verdict=14, wall=86))
ERASE = Plan(wide=across(digit=50, piles=50, gap=1.0), tall=down(digit=52, piles=48, gap=1.0))

OPENING = Cases(
    Case("The network says: {answer}.", lambda t: t["answer"] != t["label"]),
    Case("The network says so too.", lambda t: t["answer"] == t["label"]),
)
ASKED = Cases(
    Case("No line of code says so. Where is the mistake?", lambda t: t["answer"] != t["label"]),
    Case("No line of code says so. How does it know?", lambda t: t["answer"] == t["label"]),
)
FIRES = Cases(
    Case("Under zero it would stay dark. It fires.", lambda t: t["neuron_z"] > 0),
    Case("Under zero a neuron stays dark. This one does.", lambda t: t["neuron_z"] <= 0),
)
VISITED = Cases(
    Case("The one we visited.", lambda t: t["pulls"].max() > 0 and t["pulls"].argmax() == t["neuron"]),
    Case("None of them pulls towards {answer}.", lambda t: t["pulls"].max() <= 0),
)




SAYS_TO_ANSWER = Cases(
    Case("For {answer} it says almost nothing.", lambda t: abs(t["to_answer"]) < 0.2 * abs(t["to_rival"])),
    Case("For {answer} it says yes.", lambda t: t["to_answer"] > 0),
    Case("For {answer} it says no.", lambda t: t["to_answer"] < 0),
)
SAYS_TO_RIVAL = Cases(
    Case("To {rival} it says no.", lambda t: t["to_rival"] < 0 <= t["to_answer"]),
    Case("To {rival} it says a louder no.", lambda t: t["to_rival"] < t["to_answer"] < 0),
    Case("For {rival} it says yes, but less.", lambda t: 0 <= t["to_rival"] <= t["to_answer"]),
)
TURNING = Cases(
    Case("{n} of its {ink} ink pixels would do.", lambda t: t["turning"] > 0),
    Case("None of its {ink} ink pixels would do.", lambda t: t["turning"] == 0),
)
ONE_PIXEL = Cases(
    Case("One pixel, and it says {now}.", lambda t: t["turning"] > 0 and t["erased_answer"] != t["answer"]),
    Case("It is still {answer}. No single pixel turns it.", lambda t: t["turning"] == 0),
    Case("Still {answer}, though other pixels turn it.", lambda t: t["erased_answer"] == t["answer"]),
)
RETRAINED = Cases(
    Case("All four say {answer}, too.", lambda t: t["agreeing"] == len(t["other_answers"])),
    Case("None of them says {answer}.", lambda t: t["agreeing"] == 0),
    Case("Not all of them say {answer}.", lambda t: 0 < t["agreeing"] < len(t["other_answers"])),
)


def is_level(t: Trace) -> bool:
    """Whether the two piles differ by less than a twentieth."""
    return bool(abs(t["lead"]) < 0.05 * max(t["toward"], t["against"]))


ANSWERED = Cases(
    Case("No line says it. The higher pile does.", lambda t: t["answer"] == t["label"]),
    Case("Nothing broke. The wrong pile is higher.", lambda t: not is_level(t)),
    Case("Nothing broke. Two nearly level piles, and luck.", lambda t: t["agreeing"] < len(t["other_answers"])),
    Case("Nothing broke. Two nearly level piles.", lambda t: t["agreeing"] == len(t["other_answers"])),
)


class ForwardPropagation(ByHand, Chapter):
    """A digit travels through a trained network, and what decides the answer is found."""

    costly = True

    class Params(ByHandParams):
        """The digit that is read; or a small network, its input, and the neuron that is looked at."""

        digit: int = Field(1972, ge=0, le=4999, description="row of the digit among the 5,000 of MNIST that nnanim installs")

    @staticmethod
    def simulate(p: Params, report: Report) -> Trace:
        """One pass with every number kept, and the controls."""
        from nnanim.sim import (  # torch is imported only when something is computed
            digit_pass,
            go_or_stay,
            mlp,
        )

        if p.example == "digit":
            return digit_pass.record(p.digit, report=report)
        if p.is_learned:
            return mlp.forward(go_or_stay.shipped_network(), p.inputs, p.activation, p.head)
        network = mlp.load(p.weights) if p.weights else mlp.initialise(p.layers, p.seed, p.gain)
        if network.sizes != p.layers:
            raise ParameterError(f"weights: {p.weights} holds a network of {show_value(network.sizes)}, but layers is {show_value(p.layers)}")
        return mlp.forward(network, p.inputs, p.activation, p.head)

    def construct(self) -> None:
        """The film of the example, in order."""
        if self.params.example == "by-hand":
            self.tell_by_hand()
            return
        self.build()
        self.cold_open()
        self.title_card()
        self.unroll()
        self.grow_threads()
        self.one_neuron()
        self.the_others()
        self.race()
        self.all_blocks()
        self.one_pixel()
        self.control()
        self.ending()

    # What is on stage -----------------------------------------------------------------------------------

    def q(self, name: str, *index: int, decimals: int = 0, unit: str = "") -> Any:
        """A number of the trace, whole unless said otherwise."""
        return self.trace.quantity(name, *index, decimals=decimals, unit=unit)

    def build(self) -> None:
        """The digit, the threads, both layers, the names."""
        t = self.trace
        self.answer, self.rival, self.neuron = (int(t[name]) for name in ("answer", "rival", "neuron"))
        pair = self.answer, self.rival
        self.layout = layout = DigitLayout(self.frame.stage)
        corner = self.plan(CORNER).corner
        size = min(corner.width, corner.height)
        last = Region(corner.left, corner.left + size, corner.top - size, corner.top)
        self.digit = Digit(
            t["image"], layout, square_in(self.plan(OPEN).digit), square_in(self.plan(ASIDE).digit), last, self.neuron,
            int(t["pixel"]), t["pixels"][t["turned"]],
        )  # fmt: skip
        loudest = max(float(t["a"].max()), 1e-9)
        self.first = Threads(layout, layout.first_lines, t["weights[1]"], t["image"].reshape(-1), self.neuron)
        self.second = Threads(layout, layout.second_lines, t["weights[2]"], t["a"] / loudest, self.neuron, pair)
        self.hidden = HiddenNeurons(layout, t["a"], self.neuron, t["erased_a"])
        self.outputs = Outputs(layout, t["shares"], pair, t["erased_shares"])
        size = min(self.frame.number, 0.9 * layout.breadth / layout.output_count)
        two = {self.answer: self.q("answer"), self.rival: self.q("rival")}
        names = [two.get(n, Label(str(n))) for n in range(layout.output_count)]
        self.names = [Tag(name, self.outputs, f"name{n}", size=size) for n, name in enumerate(names)]

    def beside(self, number: Showable, noun: str) -> list[Tag]:
        """A number and its noun in the room of the bars."""
        place, size = self.layout.at(0.945, 0.0 if self.layout.tall else 0.1), self.frame.label * 1.15
        if self.layout.tall:
            return [Tag(Sentence("{n} {noun}", {"n": number, "noun": Label(noun)}), at=place, size=size)]
        return [Tag(number, at=place, size=size), Tag(noun, at=(place[0], place[1] - 1.2 * size), size=self.frame.mark, color=self.theme.muted)]

    def both(self) -> dict[str, Any]:
        """The two names, as placeholders."""
        return {"answer": self.q("answer"), "rival": self.q("rival")}

    # The film -------------------------------------------------------------------------------------------

    def cold_open(self) -> None:
        """The digit, what we see, what the network says, and the question."""
        self.add(self.digit, self.outputs, *self.names)
        with self.beat():
            self.track(Turn(self.digit, seconds=2.2, rate=linear, scan=1.02))
            said = self.plan(OPEN).said
            large, over = min(0.8 * said.height, 1.7 * said.width, 4.0), (said.center[0], said.top - 0.6 * self.frame.label)
            seen = Sentence("you: {n}", {"n": self.q("label")})
            self.seen = Tag(seen, self.outputs, "middle", over, 1.2 * self.frame.label, self.theme.muted)
            self.said = Tag(self.q("answer"), self.outputs, "middle", said.center[:2] - (0, 0.5 * self.frame.label), large)
            self.add(self.seen)
            self.say("You see a {label}.", label=self.q("label"))
            self.wait(0.6)
            others = [name.animate.set_opacity(0.3) for n, name in enumerate(self.names) if n != self.answer]
            self.play(Turn(self.outputs, seconds=0.7, ring=1), Later(0.3, FadeIn(self.said)), *others, run_time=0.9)
            self.say(OPENING, answer=self.q("answer"))
            self.track(Turn(self.digit, seconds=3.0, rate=linear, scan=-0.02))
            self.say(ASKED)
            self.hush()
            self.track(Turn(self.digit, seconds=2.2, rate=linear, scan=1.02))
            self.wait(0.6)

    def unroll(self) -> None:
        """The rows run onto the rail."""
        with self.beat():
            back = [name.animate.set_opacity(1.0) for name in self.names]
            self.play(Turn(self.digit, seconds=0.9, aside=1), Turn(self.outputs, seconds=0.6, ring=0), FadeOut(self.said), FadeOut(self.seen), *back, run_time=0.9)
            self.say("Row by row it becomes a list.")
            self.play(Turn(self.digit, seconds=2.8, rate=linear, unroll=1))
            where, big = self.plan(ASIDE).digit.center, self.frame.number
            words = [
                Tag(Sentence("{n} pixels", {"n": self.q("sizes", 0)}), at=(where[0], where[1] + 0.7 * big), size=1.2 * big),
                Tag(Sentence("{n} blank", {"n": self.q("blank")}), at=(where[0], where[1] - 0.9 * big), size=1.2 * big, color=self.theme.muted),
            ]
            self.play(Turn(self.digit, seconds=0.9, leave=1), Later(0.6, FadeIn(words[0])))
            self.drift(6.5, nearer=1.1)
            self.say("{n} pixels, each a number.", n=self.q("sizes", 0))
            self.show(words[1], seconds=0.4)
            self.say("{n} of them are blank.", n=self.q("blank"))
        self.words = words

    def grow_threads(self) -> None:
        """All weights."""
        with self.beat():
            self.add(self.first, self.second, self.hidden, self.digit, self.outputs, *self.names)
            self.track(Turn(self.first, seconds=3.4, rate=linear, grow=1))
            self.track(Later(1.0, Turn(self.hidden, seconds=1.6, show=1)))
            self.track(Later(2.2, Turn(self.second, seconds=1.6, rate=linear, grow=1)))
            self.track(Later(2.6, Turn(self.outputs, seconds=1.2, show=1)))
            self.play(*(FadeOut(each) for each in self.words), self.pulled_back(0.8), run_time=0.8)
            self.wait(1.0)
            many, count = self.beside(self.q("sizes", 1), "neurons"), self.beside(self.q("parameters"), "numbers")
            self.show(*many, seconds=0.4)
            self.say("Every pixel pulls on {n} neurons.", n=self.q("sizes", 1))
            self.settle()
            self.hush()
            self.exchange(many, count)
            self.drift(4.0)
            self.say("{n} numbers, all learned.", n=self.q("parameters"))
        self.play(*map(FadeOut, count), self.pulled_back(0.4), run_time=0.4)

    def near(self, share: float, seconds: float = 1.8) -> list[Turn]:
        """The looked-at neuron comes near, or goes back."""
        return [Turn(part, seconds=seconds, near=share) for part in (self.digit, self.first, self.second, self.hidden)]

    def one_neuron(self) -> None:
        """Into one hidden neuron: its weights on the digit, and their products."""
        t, stage, size = self.trace, self.frame.stage, self.frame.label
        foot = 0.55 * self.frame.number if not self.layout.tall else 1.2 * self.frame.number
        room = Region(stage.left, stage.right, stage.bottom + foot, stage.top - 1.4 * size)
        self.inside = inside = InsideNeuron(room, t["image"], t["weights[1]"][self.neuron], t["sums"], float(t["bias"]), tall=self.layout.tall)
        with self.beat():
            self.play(Turn(self.hidden, seconds=0.5, ring=1))
            self.say("Into one of them.")
            titles = [Tag("the digit", inside, "left", (0, 0.8 * size)), Tag("its weights", inside, "right", (0, 0.8 * size))]
            self.add(inside)
            self.play(
                *self.near(1.0), *(FadeOut(each, run_time=0.4) for each in (self.outputs, *self.names)), Later(1.0, Turn(inside, seconds=0.8, digit=1)),
                Later(1.3, FadeIn(titles[0], run_time=0.5)),
            )  # fmt: skip
            self.play(Turn(inside, seconds=0.8, weights=1), FadeIn(titles[1]), run_time=0.8)
            self.say("One weight for each pixel.")
            self.wait(0.6)
            self.play(*(FadeOut(title, run_time=0.3) for title in titles), Turn(inside, seconds=1.3, meet=1))
            self.play(Turn(inside, seconds=1.0, product=1))
            signs = [Tag(sign, inside, anchor, size=self.frame.number, plate=0.6) for sign, anchor in (("+", "plus"), ("−", "minus"))]
            self.show(*signs, seconds=0.4)
            self.drift(4.0, on=inside)
            self.say("Ink on blue adds. Ink on orange takes away.")
            self.wait(2.0)
            zero = Tag(Label("0"), inside, "zero", (0, 0.75 * size), color=self.theme.muted)
            self.play(*map(FadeOut, signs), Turn(inside, seconds=0.6, sum=1), FadeIn(zero), self.pulled_back(0.6), run_time=0.6)
        self.sum_up(zero)

    def sum_up(self, zero: Tag) -> None:
        """Row by row, the bias, the bend."""
        inside, size, number = self.inside, self.frame.label, self.frame.number
        style: dict[str, Any] = {"anchor": "read", "align": "center" if inside.tall else "left", "size": number}
        s, b, z = (self.q(name, decimals=2) for name in ("sum", "bias", "neuron_z"))
        with self.beat():
            running = Readout(self.trace.quantities("sums"), inside, "row", **style)
            self.add(running)
            self.track(Turn(inside, seconds=3.8, rate=linear, row=28))
            self.say("Row by row, it adds up.")
            self.settle()
            total = Readout([s, z], inside, "add", **style)
            self.remove(running)
            self.add(total)
            at = (0, 1.0 * number) if not inside.tall else (0, -0.9 * number)
            bias = Tag(Sentence("bias {b}", {"b": b}), inside, "read", at, size, self.theme.muted, align=style["align"])
            self.show(bias, seconds=0.4)
            self.say("The sum is {s}, the bias {b}.", s=s, b=b)
            self.wait(1.2)
            self.play(Turn(inside, seconds=0.8, add=1))
            self.play(FadeOut(bias, run_time=0.3), Turn(inside, seconds=1.2, bend=1))
            bend = Tag("ReLU", inside, "peak", (-0.3, 0.75 * size), size, align="right")
            self.play(Turn(inside, seconds=0.9, rise=1), Later(0.4, FadeIn(bend, run_time=0.5)))
            self.drift(4.0, on=inside)
            self.say(FIRES)
        self.hidden.turn(one=1.0)
        gone = [FadeOut(each, run_time=0.4) for each in (inside, zero, total, bend)]
        self.play(*gone, *self.near(0.0), self.pulled_back(1.2), Later(1.2, FadeIn(self.outputs, run_time=0.6)), *(Later(1.2, FadeIn(name, run_time=0.6)) for name in self.names))

    def the_others(self) -> None:
        """The whole layer at once."""
        with self.beat():
            self.play(Turn(self.hidden, seconds=0.4, ring=0), Turn(self.first, seconds=0.4, calm=0.45))
            self.track(Turn(self.first, seconds=2.6, rate=linear, light=1.4))
            self.track(Later(1.2, Turn(self.hidden, seconds=1.6, light=1)))
            self.say("The others do the same, all at once.")
            self.settle()
            count = self.beside(self.q("firing"), "fire")
            self.show(*count, seconds=0.4)
            self.track(Turn(self.second, seconds=3.2, rate=linear, light=1.4))
            self.say("{n} of {all} fire. The rest give zero.", n=self.q("firing"), all=self.q("sizes", 1))
        self.hide(*count, seconds=0.3)

    def pile_type(self, area: Region) -> float:
        """Height of an em over and under piles: two numbers stand side by side."""
        return min(self.frame.number, 0.19 * area.width)

    def blocks(self, area: Region, starts: Any, **dials: float) -> tuple[Piles, list[Tag]]:
        """The piles of pulls, the looked-at neuron's first and the bias last, and what stands under them."""
        t, size = self.trace, self.pile_type(area)
        self.order = [self.neuron, *(n for n in np.argsort(-np.abs(t["pulls"])) if n != self.neuron and t["pulls"][n])]
        pulls, later = ([*t[name][self.order], t["tilt"]] for name in ("pulls", "erased_pulls"))
        a = float(t["a"][self.neuron])
        parts = float(t["to_answer"]) * a, -float(t["to_rival"]) * a
        piles = Piles(area.inset(0.0, 1.15 * size), pulls, starts(self.order), later, parts, **dials)
        feet = [Tag(Sentence("for {n}", {"n": self.q(name)}), piles, f"foot{side}", (0, -0.62 * size), 0.8 * size) for side, name in enumerate(("answer", "rival"))]
        return piles, feet

    def race(self) -> None:
        """Two names, and the strongest pull."""
        with self.beat():
            self.second.turn(light=-1.0)
            faint = [self.names[n].animate.set_opacity(0.25) for n in range(self.layout.output_count) if n not in (self.answer, self.rival)]
            self.play(Turn(self.outputs, seconds=0.8, pair=1), Turn(self.second, seconds=0.8, pair=1), Turn(self.first, seconds=0.8, calm=1), *faint)
            self.track(Turn(self.second, seconds=2.4, rate=linear, light=1.4))
            self.say("What decides between {answer} and {rival}?", **self.both())
            self.wait(1.8)
            self.second.turn(light=-1.0)
            self.track(Turn(self.second, seconds=3.0, rate=linear, light=1.4))
            self.say("Each firing neuron pulls towards one of them.")
            self.wait(1.6)
        area = self.plan(PILES).piles
        self.piles, self.feet = piles, feet = self.blocks(area, lambda order: [*self.layout.hidden[order], self.layout.region.center[:2]])
        with self.beat():
            gone = [FadeOut(each, run_time=0.6) for each in (self.first, self.second, self.outputs, *self.names, self.digit)]
            self.play(*gone, FadeIn(piles), *map(FadeIn, feet), Turn(piles, seconds=1.6, rate=smooth, land=1))
            box = piles.block(0)
            close = Region(self.plan(PILES).words.left, box.right + 0.4, box.bottom - 1.1 * self.frame.number, box.top + 0.5)
            self.play(Turn(piles, seconds=0.5, ring=1), self.pushed_in(close, 0.86, 1.2))
            self.say(VISITED, answer=self.q("answer"))
            self.play(Turn(piles, seconds=0.7, split=1))
            parts = [
                Tag(Sentence("to {n}: {w}", {"n": self.q(name), "w": self.q(weight, decimals=2)}), piles, f"part{side}", (-0.3, 0), align="right")
                for side, (name, weight) in enumerate((("answer", "to_answer"), ("rival", "to_rival")))
            ]
            self.show(parts[0], seconds=0.4)
            self.track(self.pushed_in(close, 0.89, 6.0))
            self.say(SAYS_TO_ANSWER, answer=self.q("answer"))
            self.show(parts[1], seconds=0.4)
            self.say(SAYS_TO_RIVAL, rival=self.q("rival"))
        self.play(*(FadeOut(part, run_time=0.4) for part in parts), Turn(piles, seconds=0.5, split=0, ring=0), self.pulled_back(1.2))

    def all_blocks(self) -> None:
        """All pulls, the bias last: how close it is."""
        piles, size = self.piles, self.pile_type(self.plan(PILES).piles)
        with self.beat():
            self.say("Now all of them, the bias last.")
            self.play(Turn(piles, seconds=3.8, rate=linear, land=len(piles.pulls)), Later(1.2 if self.layout.tall else 2.6, FadeOut(self.hidden, run_time=1.2)))
            tops = [Tag(self.q(name, decimals=2), piles, f"top{side}", (0, 0.6 * size), size) for side, name in enumerate(("toward", "against"))]
            self.show(*tops)
            self.say("{a} for {answer}. {b} against.", a=self.q("toward", decimals=2), b=self.q("against", decimals=2), answer=self.q("answer"))
            self.wait(1.6)
            where: dict[str, Any] = {"anchor": "cap", "at": (0, -0.75 * size), "size": 0.85 * size}
            if self.layout.tall:
                where = {"anchor": "lead", "at": (-0.3, 0), "size": size, "align": "right"}
            lead = Tag(self.q("lead", decimals=2), piles, **where)
            self.play(Turn(piles, seconds=1.0, cap=1), FadeIn(lead))
            self.drift(3.0)
            self.say("Decided by {d}.", d=self.q("lead", decimals=2))
            self.hush()
        self.gone = [*tops, lead, *self.feet, piles]

    def one_pixel(self) -> None:
        """How little would change the answer."""
        area = self.plan(ERASE)
        size = self.pile_type(area.piles)
        self.digit.stands(square_in(area.digit))
        self.digit.turn(aside=0, leave=0, unroll=0, scan=-1)
        piles, feet = self.blocks(area.piles, lambda order: [area.piles.center[:2]] * (len(order) + 1), cap=1.0)
        piles.turn(land=len(piles.pulls))
        with self.beat():
            self.exchange(self.gone, (self.digit, piles, *feet), self.pulled_back(0.8), seconds=0.9)
            self.track(Turn(self.digit, seconds=2.8, rate=linear, scan=1.02))
            self.say("How little would change its mind?")
            self.wait(1.8)
            self.play(Turn(self.digit, seconds=0.9, ring=1))
            self.play(Turn(self.digit, seconds=0.9, erase=1), Later(0.6, Turn(piles, seconds=1.8, after=1)))
            tops = [Tag(self.q(name, decimals=2), piles, f"top{side}", (0, 0.55 * size), 0.85 * size) for side, name in enumerate(("erased_toward", "erased_against"))]
            panel = square_in(area.digit)
            corner = (panel.left + 0.4 * size, panel.top - 0.6 * size)
            says = Tag(Sentence("says {n}", {"n": self.q("erased_answer")}), at=corner, size=0.7 * size, align="left")
            self.show(*tops, says, seconds=0.4)
            self.drift(4.0)
            self.say(ONE_PIXEL, now=self.q("erased_answer"), answer=self.q("answer"))
            self.hush()
            share = Sentence("{n} of {ink} pixels", {"n": self.q("turning"), "ink": self.q("ink")})
            over = (area.piles.center[0] - piles.anchor("top1")[0], 0.55 * size)
            enough = Tag(share, piles, "top1", over, 0.85 * size)
            self.play(Turn(self.digit, seconds=1.0, turning=1, ring=0, dim=0.6), self.pulled_back(1.0), *map(FadeOut, tops), Later(0.5, FadeIn(enough)))
            self.drift(3.6)
            self.say(TURNING, n=self.q("turning"), ink=self.q("ink"))
        self.gone = [piles, *feet, enough, says, self.digit]

    def control(self) -> None:
        """The same test on all right answers; the same digit in four other networks."""
        t, size, area = self.trace, self.frame.number, self.plan(WALL)
        wall = DigitWall(area.wall, t["small"], t["falls"])
        with self.beat():
            self.exchange(self.gone, [wall], self.pulled_back(0.8), Later(0.4, Turn(wall, seconds=1.2, show=1)))
            self.say("Is every answer that fragile?")
            self.play(Turn(wall, seconds=3.0, rate=linear, test=wall.count + 20))
            fallen = Sentence("{n} of {m} fall", {"n": self.q("falling"), "m": self.q("right")})
            few = Verdict(fallen, False, size=min(size, 0.08 * area.verdict.width)).move_to(area.verdict.center)
            self.play(Turn(wall, seconds=0.6, fallen=1), FadeIn(few))
            self.drift(3.6)
            self.say("Of {m} right answers, one pixel fells {n}.", m=self.q("right"), n=self.q("falling"))
        pairs = PilePairs(self.frame.stage.inset(0.5, 1.25 * size), t["other_toward"], t["other_against"])
        said = [self.q("other_answers", n) for n in range(4)]
        words = said if self.layout.tall else [Sentence("says {n}", {"n": n}) for n in said]
        feet = [Tag(word, pairs, f"foot{n}", (0, -0.6 * size), 0.75 * size) for n, word in enumerate(words)]
        with self.beat():
            self.add(pairs)
            self.play(FadeOut(few, run_time=0.5), FadeOut(wall, run_time=0.5), self.pulled_back(0.5), Turn(pairs, seconds=3.0, rate=linear, grow=4), *(Later(0.9 + 0.7 * n, FadeIn(foot, run_time=0.4)) for n, foot in enumerate(feet)))
            self.say("Is it the digit? Four networks, trained anew.")
            self.drift(7.0)
            self.say(RETRAINED, answer=self.q("answer"))
        self.gone = [pairs, *feet]

    def ending(self) -> None:
        """The opening picture again, the question answered, the formula, the next question."""
        self.digit.stands(square_in(self.plan(OPEN).digit))
        self.digit.turn(turning=0, erase=0, dim=0, scan=-1)
        self.outputs.turn(show=0, bars=0, pair=0, ring=1)
        for n, name in enumerate(self.names):
            name.set_opacity(1.0 if n == self.answer else 0.3)
        self.said.set_opacity(1.0)
        with self.beat():
            opening = (self.digit, self.outputs, self.said, self.seen, *self.names)
            self.exchange(self.gone, opening, self.pulled_back(0.9), seconds=0.9)
            self.track(Turn(self.digit, seconds=3.4, rate=linear, scan=1.02))
            self.say(ANSWERED)
            self.wait(1.6)
            room = self.plan(ERASE).piles
            formula = Formula(Label('a = "ReLU"(W x + b)'), self.frame.title_size * 1.5, width=room.width).move_to(room.center)
            self.play(*(FadeOut(each, run_time=0.5) for each in (self.outputs, self.said, self.seen, *self.names)), Later(0.4, FadeIn(formula)))
            self.track(Turn(self.digit, seconds=3.4, rate=linear, scan=-0.02))
            self.say("How wrong was it, in one number?")
            self.wait(0.8)
