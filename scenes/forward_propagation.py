"""Forward propagation: a plain three that a network takes for an eight, from its pixels to the answer.

Everything is read from the trace of :func:`nnanim.sim.digit_pass.record`.
"""

from __future__ import annotations

from typing import Any

from manim import FadeIn, FadeOut, VGroup, linear, smooth
from pydantic import Field

from nnanim import visuals as draw
from nnanim.by_hand.lesson import ByHand
from nnanim.by_hand.parameters import ByHandParams
from nnanim.chapter import Chapter, Report
from nnanim.lesson.claims import Case, Cases, otherwise
from nnanim.params import ParameterError, show_value
from nnanim.quantity import Label, Sentence, Showable
from nnanim.trace import Trace
from nnanim.visuals import Later, Plan, Tag, Turn, across, down, square_in

OPEN = Plan(wide=across(digit=56, said=24, names=20), tall=down(digit=60, said=18, names=22))
ASIDE = Plan(wide=across(arc=22, digit=52, names=26), tall=down(arc=24, digit=54, names=22))
CORNER = Plan(
    wide=across(gap=0, column=(6.2, down(gap=0, corner=14, below=86)), rest=93.8),
    tall=down(gap=0, row=(7, across(gap=0, corner=12, beside=88)), rest=93),
)
INSIDE = Plan(wide=down(head=13, room=81, foot=6, gap=0.05), tall=down(head=8, room=78, foot=14, gap=0.05))
PILES = Plan(wide=across(words=15, piles=78, rest=7, gap=0), tall=across(words=36, piles=64, gap=0))
WALL = Plan(wide=down(verdict=17, wall=83), tall=down(verdict=14, wall=86))
ERASE = Plan(wide=across(digit=50, piles=50, gap=1.0), tall=down(digit=52, piles=48, gap=1.0))
FORMULA = Label('a = "ReLU"(w dot x + b)')
SYMBOLS = {"a": (0, 2), "bend": (2, 7), "w": (7, 8), "x": (8, 10), "b": (10, 12), "end": (12, 13)}
"""Which glyphs of the formula come from one thing on stage."""

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
ONE_PIXEL = Cases(
    Case("Erase one pixel: it says {now}.", lambda t: t["turning"] > 0 and t["erased_answer"] != t["answer"]),
    Case("It is still {answer}. No single pixel turns it.", lambda t: t["turning"] == 0),
    Case("Still {answer}, though other pixels turn it.", lambda t: t["erased_answer"] == t["answer"]),
)
RETRAINED = Cases(
    Case("All four say {answer}, too.", lambda t: t["agreeing"] == len(t["other_answers"])),
    Case("None of them says {answer}.", lambda t: t["agreeing"] == 0),
    Case("Only one of them says {answer}.", lambda t: t["agreeing"] == 1),
    Case("Not all of them say {answer}.", lambda t: 1 < t["agreeing"] < len(t["other_answers"])),
)


def is_level(t: Trace) -> bool:
    """Whether the two piles differ by less than a twentieth."""
    return bool(abs(t["lead"]) < 0.05 * max(t["toward"], t["against"]))


ANSWERED = Cases(
    Case("No line says it. The higher pile does.", lambda t: t["answer"] == t["label"]),
    Case("Nothing broke. The wrong pile is higher.", lambda t: not is_level(t)),
    Case("Nothing broke. Two nearly level piles.", otherwise),
)


class ForwardPropagation(ByHand, Chapter):
    """A digit travels through a trained network, and what decides the answer is found."""

    costly = True

    class Params(ByHandParams):
        """The digit that is read; or a small network, its input, and the neuron that is looked at."""

        digit: int = Field(1972, ge=0, le=4999, description="row of the digit among nnanim’s 5,000 of MNIST")

    @staticmethod
    def simulate(p: Params, report: Report) -> Trace:
        """One pass with every number kept, and the controls."""
        from nnanim.sim import digit_pass, go_or_stay, mlp  # torch is imported only here

        if p.example == "digit":
            return digit_pass.record(p.digit, report=report)
        if p.is_learned:
            return mlp.forward(go_or_stay.shipped_network(), p.inputs, p.activation, p.head)
        network = mlp.load(p.weights) if p.weights else mlp.initialise(p.layers, p.seed, p.gain)
        if network.sizes != p.layers:
            holds, asked = show_value(network.sizes), show_value(p.layers)
            raise ParameterError(f"weights: {p.weights} holds a network of {holds}, but layers is {asked}")
        return mlp.forward(network, p.inputs, p.activation, p.head)

    def construct(self) -> None:
        """The film of the example, in order."""
        if self.params.example == "by-hand":
            self.tell_by_hand()
            return
        self.build()
        for beats in (
            (self.cold_open, self.title_card, self.unroll, self.learn),
            (self.one_neuron, self.sum_up, self.the_others),
            (self.race, self.visited, self.all_blocks),
            (self.one_pixel, self.every_digit, self.other_networks, self.ending),
        ):
            for beat in beats:
                beat()

    # What is on stage -----------------------------------------------------------------------------------

    def q(self, name: str, *index: int, decimals: int = 0) -> Any:
        """A number of the trace, whole unless said otherwise."""
        return self.trace.quantity(name, *index, decimals=decimals)

    def build(self) -> None:
        """The digit, the threads, both layers, the names."""
        places = self.plan(OPEN).digit, self.plan(ASIDE).digit, self.plan(CORNER).corner
        self.net = net = draw.DigitNetwork(self.trace, self.frame.stage, *map(square_in, places))
        self.layout, self.digit, self.outputs, self.hidden = net.layout, net.digit, net.outputs, net.hidden
        self.first, self.second = net.first, net.second
        self.both = {"answer": self.q("answer"), "rival": self.q("rival")}
        size = min(self.frame.number, 0.9 * net.layout.breadth / net.layout.output_count)
        names = [Label(str(n)) for n in range(net.layout.output_count)]
        names[net.answer], names[net.rival] = self.both.values()
        self.names = [Tag(name, net.outputs, f"name{n}", size=size) for n, name in enumerate(names)]

    def beside(self, number: Showable, noun: Showable) -> list[Tag]:
        """A number and its noun in the room of the bars."""
        place, size = self.layout.at(0.945, 0.0 if self.layout.tall else 0.1), self.frame.label * 1.15
        if self.layout.tall:
            return [Tag(Sentence("{n} {noun}", {"n": number, "noun": noun}), at=place, size=size)]
        below = place - (0, 1.2 * size)
        small = Tag(noun, at=below, size=self.frame.mark, color=self.theme.muted)
        return [Tag(number, at=place, size=size), small]

    # The film -------------------------------------------------------------------------------------------

    def cold_open(self) -> None:
        """The digit, what we see, what the network says, and the question."""
        self.digit.turn(scan=-0.02)
        self.add(self.digit, self.outputs, *self.names)
        said, label = self.plan(OPEN).said, self.frame.label
        large, over = min(0.8 * said.height, 1.7 * said.width, 4.0), (said.center[0], said.top - 0.6 * label)
        seen = Sentence("you: {n}", {"n": self.q("label")})
        self.seen = Tag(seen, self.outputs, "middle", over, 1.2 * label, self.theme.muted)
        self.said = Tag(self.q("answer"), self.outputs, "middle", said.center[:2] - (0, 0.5 * label), large)
        with self.beat():
            self.add(self.seen)
            self.track(Turn(self.digit, 2.4, linear, scan=1.02))
            self.say("This is a {label}, is it not?", label=self.q("label"))
            self.wait(1.4)
            others = [name for n, name in enumerate(self.names) if n != self.net.answer]
            said = Later(0.3, FadeIn(self.said)), Turn(self.outputs, 0.7, ring=1)
            self.play(*said, *(name.animate.set_opacity(0.3) for name in others), run_time=0.9)
            self.track(Turn(self.digit, 3.0, linear, scan=-0.02))
            self.say(OPENING, answer=self.q("answer"))
            self.say(ASKED)
            self.settle()
            self.track(Turn(self.digit, 2.2, linear, scan=1.02))
            self.hush()

    def unroll(self) -> None:
        """The rows run onto the rail, and lines grow out of the ticks."""
        where, size = self.plan(ASIDE).digit.center, 1.2 * self.frame.number
        count = Tag(Sentence("{n} pixels", {"n": self.q("sizes", 0)}), at=where, size=size)
        with self.beat():
            back = [name.animate.set_opacity(1.0) for name in self.names]
            gone = FadeOut(self.said), FadeOut(self.seen), Turn(self.outputs, 0.6, ring=0)
            self.play(Turn(self.digit, 0.9, aside=1), *gone, *back, run_time=0.9)
            self.say("Row by row it becomes a list.")
            self.play(Turn(self.digit, 2.8, linear, unroll=1))
            self.play(Turn(self.digit, 0.9, leave=1), Later(0.5, FadeIn(count)))
            self.wait(0.7)
        self.words = [count]

    def learn(self) -> None:
        """All weights: as they were drawn, and as they were learned."""
        for threads in (self.first, self.second):
            threads.turn(learned=0)
        reads = Sentence("of {m}", {"m": self.q("tested")})
        figures = [(self.q("sizes", 1), Label("neurons")), (self.q("parameters"), Label("numbers"))]
        figures += [(self.q("start_right"), reads), (self.q("right"), reads)]
        many, count, before, after = (self.beside(*figure) for figure in figures)
        with self.beat():
            self.add(self.first, self.second, self.hidden, self.digit, self.outputs, *self.names)
            self.track(*self.net.growing())
            self.play(*map(FadeOut, self.words), self.pulled_back(0.8), run_time=0.8)
            self.play(Later(0.6, FadeIn(VGroup(*many), run_time=0.4)))
            self.say("Every pixel pulls on {n} neurons.", n=self.q("sizes", 1))
            self.settle()
            self.exchange(many, count, seconds=0.5)
            self.say("{n} numbers, drawn at random.", n=self.q("parameters"))
            self.exchange(count, before, seconds=0.5)
            self.say("So it reads {k} of {m} digits.", k=self.q("start_right"), m=self.q("tested"))
            self.hush()
            learning = [Turn(threads, 2.6, linear, learned=1) for threads in (self.first, self.second)]
            self.play(*learning, *(FadeOut(each, run_time=0.4) for each in before))
            self.show(*after, seconds=0.4)
            self.drift(3.0)
            self.say("Trained, it reads {n}.", n=self.q("right"))
        self.words = after

    def one_neuron(self) -> None:
        """Into one hidden neuron: its weights on the digit, and their products; the formula begins."""
        places, size, big = self.plan(INSIDE), self.frame.label, self.frame.number
        self.inside = inside = self.net.inside(places.room)
        formula = draw.Formula(FORMULA, big, width=0.95 * inside.third.width)
        formula.move_to((inside.third.center[0], places.head.center[1], 0))
        self.symbols = {name: VGroup(*formula[first:last]) for name, (first, last) in SYMBOLS.items()}
        names = ("the digit", "left"), ("its weights", "right")
        titles = [Tag(words, inside, anchor, (0, 0.7 * size)) for words, anchor in names]
        with self.beat():
            self.play(Turn(self.hidden, 0.5, ring=1), *map(FadeOut, self.words), self.pulled_back(0.5))
            self.say("Into one of them.")
            self.add(inside)
            gone = [FadeOut(each, run_time=0.4) for each in (self.outputs, *self.names)]
            coming = Turn(inside, 0.8, digit=1), FadeIn(titles[0], run_time=0.5)
            self.play(*self.net.nearing(1.0), *gone, *(Later(1.2, each) for each in coming))
            self.play(Turn(inside, 0.8, weights=1), FadeIn(titles[1]), run_time=0.8)
            self.say("One weight for each pixel.")
            self.wait(0.8)
            letters = [self.flown(self.symbols["xw"[n]], title, 0.5) for n, title in enumerate(titles)]
            self.play(*letters, *map(FadeOut, titles), Turn(inside, 1.3, meet=1))
            self.play(Turn(inside, 1.0, product=1))
            signs = [Tag(s, inside, at, size=big, plate=0.6) for s, at in (("+", "plus"), ("−", "minus"))]
            self.show(*signs, seconds=0.4)
            self.drift(3.4, on=inside)
            self.say("Ink on blue adds. Ink on orange takes away.")
            self.wait(1.2)
            self.zero = Tag(Label("0"), inside, "zero", (0, 0.75 * size), color=self.theme.muted)
            coming = Turn(inside, 0.6, sum=1), FadeIn(self.zero), self.pulled_back(0.6)
            self.play(*map(FadeOut, signs), *coming, run_time=0.6)

    def sum_up(self) -> None:
        """Row by row, the bias, the bend; each gives the formula its symbol."""
        inside, size, number, symbols = self.inside, self.frame.label, self.frame.number, self.symbols
        align: Any = "center" if inside.tall else "left"
        style: dict[str, Any] = {"anchor": "read", "align": align, "size": number}
        s, b, z = (self.q(name, decimals=2) for name in ("sum", "bias", "neuron_z"))
        with self.beat():
            running = draw.Readout(self.trace.quantities("sums"), inside, "row", **style)
            self.add(running)
            self.track(Turn(inside, 3.6, linear, row=28))
            self.say("Row by row, it adds up.")
            self.settle()
            total = draw.Readout([s, z], inside, "add", **style)
            self.remove(running)
            self.add(total)
            at = (0, 1.0 * number) if not inside.tall else (0, -0.9 * number)
            bias = Tag(
                Sentence("bias {b}", {"b": b}), inside, "read", at, size, self.theme.muted, align=align
            )
            self.show(bias, seconds=0.4)
            self.say("The sum is {s}, the bias {b}.", s=s, b=b)
            self.play(Turn(inside, 0.8, add=1), self.flown(symbols["b"], bias), FadeOut(bias))
            bend = Tag("ReLU", inside, "peak", (-0.3, 0.75 * size), size, align="right")
            self.play(Turn(inside, 1.2, bend=1))
            self.play(Turn(inside, 0.9, rise=1), Later(0.4, FadeIn(bend, run_time=0.5)))
            self.track(*(self.flown(symbols[name], bend, -1.2) for name in ("bend", "end")))
            self.say(FIRES)
            self.settle()
            self.play(self.flown(symbols["a"], total, -1.2))
            self.drift(1.5, on=inside)
        gone = [FadeOut(each, run_time=0.4) for each in (inside, self.zero, total, bend, *symbols.values())]
        lit = Later(0.9, Turn(self.hidden, 0.9, one=1))
        back = [Later(1.2, FadeIn(each, run_time=0.6)) for each in (self.outputs, *self.names)]
        self.play(*gone, *self.net.nearing(0.0), self.pulled_back(1.2), lit, *back)

    def the_others(self) -> None:
        """The whole layer at once."""
        with self.beat():
            self.play(Turn(self.hidden, 0.4, ring=0), Turn(self.first, 0.4, calm=0.45))
            self.track(Turn(self.first, 2.6, linear, light=1.4), Later(1.2, Turn(self.hidden, 1.6, light=1)))
            self.say("The others do the same, all at once.")
            self.track(Later(1.4, Turn(self.second, 2.6, linear, light=1.4)))
            self.settle()

    def pile_up(self, area: draw.Region, flying: bool = False) -> tuple[draw.Piles, list[Tag], float]:
        """The piles of pulls, what stands under them, and the size of type at them."""
        size = min(self.frame.number, 0.19 * area.width)
        piles = self.net.piles(area.inset(0.0, 1.15 * size), flying)
        words = [Sentence("for {n}", {"n": name}) for name in self.both.values()]
        feet = [Tag(each, piles, f"foot{n}", (0, -0.62 * size), 0.8 * size) for n, each in enumerate(words)]
        return piles, feet, size

    def race(self) -> None:
        """Two names."""
        pair = self.net.answer, self.net.rival
        with self.beat():
            self.second.turn(light=-1.0)
            fewer = [Turn(part, 0.8, pair=1) for part in (self.outputs, self.second)]
            faint = [name.animate.set_opacity(0.25) for n, name in enumerate(self.names) if n not in pair]
            self.play(*fewer, Turn(self.first, 0.8, calm=1), *faint)
            self.track(Turn(self.second, 2.4, linear, light=1.4))
            self.say("What decides between {answer} and {rival}?", **self.both)
            self.wait(0.6)
            self.second.turn(light=-1.0)
            self.track(Turn(self.second, 3.0, linear, light=1.4))
            self.say("Each firing neuron pulls towards one of them.")

    def visited(self) -> None:
        """The strongest pull, and what it consists of."""
        piles, feet, _ = self.piled = self.pile_up(self.plan(PILES).piles, flying=True)
        with self.beat():
            old = self.first, self.second, self.outputs, *self.names, self.digit
            gone = [FadeOut(each, run_time=0.6) for each in old]
            self.play(*gone, FadeIn(piles), *map(FadeIn, feet), Turn(piles, 1.6, smooth, land=1))
            close = piles.block(0).inset(-5.2 * self.frame.label, -1.1 * self.frame.number)
            self.play(Turn(piles, 0.5, ring=1), self.pushed_in(close, 0.86, 1.2))
            self.say(VISITED, answer=self.q("answer"))
            self.play(Turn(piles, 0.7, split=1))
            said = [{"n": n, "w": self.q(f"to_{name}", decimals=2)} for name, n in self.both.items()]
            words = [Sentence("to {n}: {w}", each) for each in said]
            parts = [Tag(each, piles, f"part{n}", (-0.3, 0), align="right") for n, each in enumerate(words)]
            self.show(parts[0], seconds=0.4)
            self.track(self.pushed_in(close, 0.9, 5.0))
            self.say(SAYS_TO_ANSWER, answer=self.q("answer"))
            self.show(parts[1], seconds=0.4)
            self.say(SAYS_TO_RIVAL, rival=self.q("rival"))
        gone = [FadeOut(part, run_time=0.4) for part in parts]
        self.play(*gone, Turn(piles, 0.5, split=0, ring=0), self.pulled_back(1.2))

    def all_blocks(self) -> None:
        """All pulls, the bias last: how close it is."""
        (piles, feet, size), tall = self.piled, self.layout.tall
        heights = [self.q(name, decimals=2) for name in ("toward", "against")]
        with self.beat():
            self.say("Now all of them, the bias last.")
            gone = Later(1.2 if tall else 2.6, FadeOut(self.hidden, run_time=1.2))
            self.play(Turn(piles, 3.8, linear, land=len(piles.pulls)), gone)
            tops = [Tag(n, piles, f"top{side}", (0, 0.6 * size), size) for side, n in enumerate(heights)]
            self.show(*tops)
            self.say("{a} for {answer}. {b} against.", a=heights[0], b=heights[1], answer=self.q("answer"))
            where: dict[str, Any] = {"anchor": "cap", "at": (0, -0.75 * size), "size": 0.85 * size}
            if tall:
                where = {"anchor": "lead", "at": (-0.3, 0), "size": size, "align": "right"}
            lead = Tag(self.q("lead", decimals=2), piles, **where)
            self.play(Turn(piles, 1.0, cap=1), FadeIn(lead))
            self.drift(3.0)
            self.say("Decided by {d}.", d=self.q("lead", decimals=2))
            self.hush()
            self.wait(1.0)
        self.gone = [*tops, lead, *feet, piles]

    def one_pixel(self) -> None:
        """How little would change the answer."""
        area = self.plan(ERASE)
        panel, (piles, feet, size) = square_in(area.digit), self.pile_up(area.piles)
        self.digit.stands(panel)
        self.digit.turn(aside=0, leave=0, unroll=0, scan=-0.02)
        heights = [self.q(name, decimals=2) for name in ("erased_toward", "erased_against")]
        with self.beat():
            self.exchange(self.gone, (self.digit, piles, *feet), self.pulled_back(0.8), seconds=0.9)
            self.track(Turn(self.digit, 2.4, linear, scan=1.02))
            self.say("How little would change its mind?")
            self.wait(0.8)
            self.play(Turn(self.digit, 0.9, ring=1))
            self.play(Turn(self.digit, 0.9, erase=1), Later(0.6, Turn(piles, 1.8, after=1)))
            tops = [Tag(n, piles, f"top{m}", (0, 0.55 * size), 0.85 * size) for m, n in enumerate(heights)]
            corner, now = (panel.left + 0.4 * size, panel.top - 0.6 * size), self.q("erased_answer")
            small = min(0.7 * size, 0.09 * panel.width)
            says = Tag(Sentence("says {n}", {"n": now}), at=corner, size=small, align="left")
            self.show(*tops, says, seconds=0.4)
            self.drift(3.0)
            self.say(ONE_PIXEL, now=now, answer=self.q("answer"))
            self.hush()
        self.gone = [piles, *feet, *tops, says, self.digit]

    def every_digit(self) -> None:
        """Control: the same test on all right answers."""
        area = self.plan(WALL)
        wall = draw.DigitWall(area.wall, self.trace["small"], self.trace["falls"])
        fallen = Sentence("{n} of {m} fall", {"n": self.q("falling"), "m": self.q("right")})
        few = draw.Verdict(fallen, False, size=0.85 * min(self.frame.number, 0.08 * area.verdict.width))
        few.move_to(area.verdict.center)
        with self.beat():
            self.exchange(self.gone, [wall], self.pulled_back(0.8), Later(0.4, Turn(wall, 1.2, show=1)))
            self.say("Is every answer that fragile?")
            self.play(Turn(wall, 2.8, linear, test=wall.count + 20))
            self.play(Turn(wall, 0.6, fallen=1), FadeIn(few))
            self.drift(3.6)
            self.say("Of {m} right answers, one pixel fells {n}.", m=self.q("right"), n=self.q("falling"))
        self.gone = [few, wall]

    def other_networks(self) -> None:
        """Control: the same digit in four other networks."""
        t, size = self.trace, self.frame.number
        area = self.frame.stage.inset(0.5, 1.25 * size)
        pairs = draw.PilePairs(area, t["other_toward"], t["other_against"])
        said = [self.q("other_answers", n) for n in range(4)]
        words = said if self.layout.tall else [Sentence("says {n}", {"n": n}) for n in said]
        feet = [Tag(word, pairs, f"foot{n}", (0, -0.6 * size), 0.75 * size) for n, word in enumerate(words)]
        with self.beat():
            self.say("Do others agree? Four networks, trained anew.")
            self.add(pairs)
            coming = [Later(0.9 + 0.7 * n, FadeIn(foot, run_time=0.4)) for n, foot in enumerate(feet)]
            gone = [FadeOut(each, run_time=0.5) for each in self.gone]
            self.play(*gone, self.pulled_back(0.5), Later(0.4, Turn(pairs, 3.0, linear, grow=4)), *coming)
            self.drift(4.0)
            self.say(RETRAINED, answer=self.q("answer"))
        self.gone = [pairs, *feet]

    def ending(self) -> None:
        """The opening picture again, the question answered, the next question."""
        self.digit.stands(square_in(self.plan(OPEN).digit))
        self.digit.turn(ring=0, erase=0, scan=-0.02)
        self.outputs.turn(show=0, bars=0, pair=0, ring=1)
        for n, name in enumerate(self.names):
            name.set_opacity(1.0 if n == self.net.answer else 0.3)
        self.said.set_opacity(1.0)
        with self.beat():
            opening = (self.digit, self.outputs, self.said, self.seen, *self.names)
            self.exchange(self.gone, opening, self.pulled_back(0.9), seconds=0.9)
            self.track(Turn(self.digit, 3.4, linear, scan=1.02))
            self.say(ANSWERED)
            self.settle()
            self.track(Turn(self.digit, 4.2, linear, scan=-0.02))
            self.say("Two layers learned to read. Would thirty learn too?")
            self.wait(0.8)
