"""Vanishing gradients: twin networks on the spirals, light that walks back through one, and how it gets through.

Everything is read from the trace of :func:`nnanim.sim.twins.record`.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from manim import DOWN, FadeIn, FadeOut, ReplacementTransform, linear
from pydantic import Field as Bounds

from nnanim.chapter import Case, Cases, Chapter, Report, otherwise
from nnanim.quantity import RAISED, Label, Quantity, Sentence, counted
from nnanim.sim import twin_outcomes as became
from nnanim.sim.twin_outcomes import BOTH, NORM, PLAIN, ROAD, START, used
from nnanim.trace import Trace
from nnanim.visuals import (
    Axes,
    Field,
    Filters,
    Formula,
    Later,
    LinearScale,
    LogScale,
    Plan,
    Readout,
    RisingLines,
    Slabs,
    Tag,
    Turn,
    Verdict,
    WeightCells,
    across,
    down,
)  # fmt: skip

TWINS = Plan(wide=across(one=50, other=50, gap=0.6), tall=down(one=50, other=50, gap=0.3))
STUDY = Plan(
    wide=across(field=44, side=(56, down(words=15, chart=85, gap=0.1)), gap=0.6),
    tall=down(field=44, words=12, chart=44, gap=0.2),
    square=down(top=(48, across(field=40, words=60)), chart=52, gap=0.2),
)
CELLS = Plan(
    wide=across(cells=50, side=(50, down(step=26, value=48, count=26)), gap=0.6),
    tall=down(cells=58, side=(42, down(step=26, value=48, count=26)), gap=0.3),
    square=down(cells=50, side=(50, down(step=26, value=48, count=26)), gap=0.2),
)
BLOCK = Plan(wide=down(filters=84, foot=16, gap=0.1), tall=down(filters=74, foot=26, gap=0.1))
STACK = down(head=11, slabs=74, verdict=15, gap=0.05)
LOW_STACK = down(head=20, slabs=60, verdict=20, gap=0.05)
CHART = Plan(wide=down(head=8, chart=92, gap=0.05), tall=down(head=6, chart=94, gap=0.05))
CURES = Plan(
    wide=across(stack=(60, STACK), side=(40, down(block=40, field=60, gap=0.3)), gap=0.5),
    tall=down(side=(46, down(block=34, field=66, gap=0.2)), stack=(54, STACK), gap=0.2),
    square=down(side=(40, across(block=55, field=45)), stack=(60, LOW_STACK), gap=0.2),
)
ENDING = Plan(
    wide=down(twins=(74, across(one=50, other=50, gap=0.6)), formula=26, gap=0.2),
    tall=down(twins=(82, down(one=50, other=50, gap=0.3)), formula=18, gap=0.2),
)
NAMES = {"sigmoid": "sigmoid", "tanh": "tanh", "relu": "ReLU"}
STARTS = ("torch’s default", "Xavier", "He")
VARIANT = ("plain", "road", "norm", "both", "start")
FACTOR = Label(
    "frac(partial cal(L), partial a_1) = frac(partial cal(L), partial a_L) dot f_L dot f_(L-1) dots.c f_3 dot f_2"
)
"""The gradient at the first layer; the indices are names."""
OUTCOME = Cases(
    Case("One of them learns. The other one learns nothing.", became.parted),
    Case("Neither of them learns.", lambda t: became.guesses(t, BOTH) and became.guesses(t, PLAIN)),
    Case("One training breaks down.", lambda t: became.broke(t, PLAIN) or became.broke(t, BOTH)),
    Case("They do not end up alike.", lambda t: t["losses"][PLAIN, -1] != t["losses"][BOTH, -1]),
    Case("They end up alike.", otherwise),
)
QUESTION = Cases(
    Case("Where did it break?", became.parted),
    Case("What made the difference?", lambda t: not became.parted(t)),
)
PASSES = Cases(
    Case("Each layer passes on only a part.", lambda t: used(t, "measured") < 0.95),
    Case("Each layer passes on more than it gets.", lambda t: used(t, "measured") > 1.05),
    Case("Each layer passes on about as much as it gets.", otherwise),
)
FAINT = Cases(
    Case("Drawn to scale, most of it is all but gone.", lambda t: 2 * t["faint"] > t["norms"].shape[1]),
    Case("Drawn to scale, some of it is all but gone.", lambda t: t["faint"] > 0),
    Case("Drawn to scale, every column can be seen.", lambda t: t["faint"] == 0),
)
ARRIVES = Cases(
    Case("At the last layer {last}. At the first {first}.", lambda t: t["first"][PLAIN] > 0),
    Case("At the last layer {last}. At the first nothing at all.", lambda t: t["first"][PLAIN] == 0),
)
UNMOVED = Cases(
    Case("Its training breaks down.", lambda t: became.broke(t, PLAIN)),
    Case("Not one has changed, not in its last digit.", lambda t: t["changed"][-1] == 0),
    Case("{n} of them have changed.", lambda t: t["changed"][-1] < t["count"]),
    Case("All of them have changed.", lambda t: t["changed"][-1] == t["count"]),
)
ACCOUNT = Cases(
    Case("Too little arrives to be measured.", lambda t: used(t, "measured") == 0, "not measured"),
    Case("Measured over all layers: {m}.", became.account_holds, "it holds", "good"),
    Case("Measured: {m}. Our account is too simple here.", otherwise, "too simple"),
)
DEPTH = Cases(
    Case("Few layers learn something. Many only guess.", became.depth_matters),
    Case("The more layers, the longer the line.", otherwise),
)
START_HELPS = Cases(
    Case("The start, then. Depth only repeats it.", became.start_settles, "the start", "good"),
    Case("That start alone does not settle it.", otherwise, "not alone"),
)
START_LEARNS = Cases(
    Case("Its training breaks down, though.", lambda t: became.broke(t, START)),
    Case("And with it, it learns.", lambda t: became.learned(t, START)),
    Case("It no longer just guesses, but it is not there yet.", lambda t: became.begins(t, START)),
    Case("Yet in {steps} it learns next to nothing.", otherwise),
)
ROAD_ALONE = Cases(
    Case("The road alone: the loss blows up.", lambda t: became.broke(t, ROAD), "blows up"),
    Case("The road alone: the first layer gets too much.", lambda t: became.floods(t, ROAD), "too much"),
    Case("The road alone: it learns.", lambda t: became.learned(t, ROAD), "learns", "good"),
    Case("The road alone: not enough.", otherwise, "not enough"),
)
GATES_ALONE = Cases(
    Case("The gates alone: the loss blows up.", lambda t: became.broke(t, NORM), "blows up"),
    Case("The gates alone: the first layer gets too much.", lambda t: became.floods(t, NORM), "too much"),
    Case("The gates alone: it learns.", lambda t: became.learned(t, NORM), "learns", "good"),
    Case("The gates alone: not enough.", otherwise, "not enough"),
)
TOGETHER = Cases(
    Case("Both together: {right} right.", lambda t: became.learned(t, BOTH), "learns", "good"),
    Case("Both together blow up as well.", lambda t: became.broke(t, BOTH), "blows up"),
    Case("Both together are not enough here.", otherwise, "not enough"),
)
CHANGES = (
    (ROAD, ROAD_ALONE, {"road": 1, "gate": 0}, "The old start again, with a road round each layer."),
    (NORM, GATES_ALONE, {"road": 0, "gate": 1}, "Or a gate that brings signals back to scale."),
    (BOTH, TOGETHER, {"road": 1, "gate": 1}, "And both at once?"),
)
"""What is changed: the row of the trace, what came of it, the dials of the picture, and how it is said."""
UNSEEN = Cases(
    Case("There it says nothing.", lambda t: became.broke(t, BOTH)),
    Case("It gets nearly all of them right, too.", lambda t: t["unseen_right"][BOTH] >= 0.9),
    Case("There it is wrong more often.", otherwise),
)
ANSWER = Cases(
    Case(
        "In the grey one a factor of {f}, again and again.", lambda t: became.parted(t) and used(t, "measured") < 0.8
    ),
    Case("A gradient is a product, with a factor for every layer.", otherwise),
)


class VanishingGradients(Chapter):
    """The gradient on its way back through a deep network: what is left of it, and what lets it through."""

    costly = True

    class Params(Chapter.Params):
        """The networks, how they start, and how they are trained."""

        depth: int = Bounds(30, ge=2, le=30, description="layers with weights of the twin networks")
        width: int = Bounds(32, ge=2, le=128, description="neurons of each hidden layer")
        activation: Literal["sigmoid", "tanh", "relu"] = Bounds("relu", description="of every network")
        initialisation: Literal["default", "xavier", "he"] = Bounds(
            "default", description="how weights are drawn: as torch does, Xavier (Glorot) or He, each uniform"
        )
        gain: float = Bounds(1.0, ge=0.05, le=5, description="all weights are multiplied by it at the start")
        seed: int = Bounds(0, ge=0, le=2**31 - 1, description="seed of the data set and of the drawn weights")
        steps: int = Bounds(200, ge=1, le=1000, description="training steps, each on the whole data set")
        learning_rate: float = Bounds(0.1, gt=0, le=10, description="learning rate of the training")

    @staticmethod
    def simulate(p: Params, report: Report) -> Trace:
        """Backward passes and training runs of the twins and of all that is compared with them."""
        from nnanim.sim import twins  # torch is imported only when something is computed

        return twins.record(**p.model_dump(), report=report)

    def construct(self) -> None:
        """The lesson, in order."""
        self.depth, self.layers = self.given("depth"), self.params.depth
        self.moments = len(self.trace["moments"]) - 1
        chart = self.plan(STUDY)
        self.axes = self.back_axes(self.plan(CHART).chart, self.trace["norms"][PLAIN], self.layers)
        every = np.append(self.trace["depth_norms"], self.trace["norms"][START])
        self.small = self.back_axes(chart.chart, every, int(self.trace["depths"][-1]))
        plain = self.cold_open()
        self.title_card()
        slabs = self.walk_back(plain)
        leaving = self.count_tenths(slabs)
        leaving = self.watch_weights(leaving)
        leaving = self.cut_open(leaving)
        leaving = self.turn_depth(leaving)
        leaving = self.try_a_start(leaving)
        leaving = self.try_cures(leaving)
        self.call_back(leaving)

    # ---- what is used more than once

    def field(self, region: Any, variant: int, **dials: float) -> Field:
        """The plane with its points, and what a network says of it as it learns."""
        return self.plane(region, self.trace[f"planes_{VARIANT[variant]}"], **dials)

    def plane(self, region: Any, answers: Any, unseen: bool = False, **dials: float) -> Field:
        """The plane, its points, and answers in 255ths."""
        t, kind = self.trace, "unseen_" if unseen else ""
        points = t[f"{kind}points"], t[f"{kind}labels"]
        radius = 0.0125 * min(region.width, region.height)
        style = {"ground": 1.0, "frame": 1.0, **dials}
        return Field(region, t["window"], *points, answers / 255.0, radius, **style)

    def back_axes(self, region: Any, values: Any, most: int) -> Axes:
        """Gradients, logarithmic, over the layers counted back from the loss."""
        counted = LinearScale.counting(1, most, 7)
        x = LinearScale(most + 0.5, 0.5, counted.marks[::-1])
        y, names = LogScale.over(values), ("layers back from the loss", "gradient")
        return Axes(region, x, y, *names, y_color=self.theme.gradient)

    def swap(self, old: Any, new: Any, *beside: Any) -> None:
        """Words leave with their picture; the new one comes when the old one is all but gone."""
        self.hush()
        leaving = [FadeOut(each, run_time=0.3) for each in old]
        self.play(*leaving, *(Later(0.26, FadeIn(each, run_time=0.4)) for each in new), *beside)

    def decided(self, variant: int) -> float:
        """Whether a network parts the plane at last; the noise of a guess has no boundary worth a line."""
        return 0.0 if became.guesses(self.trace, variant) else 1.0

    def number(self, words: Any, of: Any, anchor: str, **style: Any) -> Tag:
        """A number that matters, at a point of a picture."""
        return Tag(words, of, anchor, **{"size": self.frame.number, **style})

    def end(self, slabs: Slabs, words: Sentence, side: Any) -> Tag:
        """What an end of the network gets, written above it."""
        return Tag(words, slabs, f"head_{side}", size=0.8 * self.frame.number, align=side)

    @property
    def small_number(self) -> float:
        """Type of a number that stands on the beam, which is short in a narrow frame."""
        return self.frame.number * (0.7 if self.frame.portrait else 1.0)

    def measured(self, cases: Cases, start: int, region: Any) -> Verdict:
        """The badge of a test: the factor that was measured with a start."""
        words = Sentence("measured {m}", {"m": self.trace.quantity("measured", start)})
        return Verdict(words, cases.of(self.trace).role == "good").move_to(region.center)

    def counted_steps(self) -> Sentence:
        """“200 steps”."""
        return counted(self.given("steps"), "step", "steps")

    def figure(self, name: str, *index: int) -> Quantity:
        """A number of the trace with two figures."""
        return self.trace.quantity(name, *index).to_figures(2)

    # ---- the lesson

    def cold_open(self) -> Field:
        """The twins learn side by side, and one of them stays grey."""
        areas = self.plan(TWINS)
        one, plain = self.field(areas.one, BOTH), self.field(areas.other, PLAIN)
        with self.beat():
            self.add(one, plain)
            for field, variant in ((one, BOTH), (plain, PLAIN)):
                self.track(Turn(field, 5.4, linear, moment=self.moments))
                self.track(Turn(field, 1.0, boundary=self.decided(variant)))
            self.say("Same points, same {depth} layers, same start: who learns?", depth=self.depth)
            self.settle()
            self.drift(8.0, nearer=1.02)
            self.say(OUTCOME)
            self.say(QUESTION)
        self.twin = one
        return plain

    def walk_back(self, plain: Field) -> Slabs:
        """The grey plane opens into slabs, and light walks back from the loss."""
        t, stage = self.trace, self.frame.stage
        face = self.field(stage, PLAIN, moment=self.moments, boundary=plain.dial("boundary"))
        xs = np.arange(self.layers, 0, -1)
        slabs = Slabs(stage, face, t["norms"][:1], self.axes, xs, turn=0, points=1)
        words = Sentence("loss {x}", {"x": t.quantity("losses", PLAIN, 0)})
        below = (-3.6 if self.frame.portrait else -1.7) * self.frame.label
        loss = Tag(words, slabs, "under", (0.3, below), self.frame.label, align="right")
        with self.beat():
            turned = ReplacementTransform(plain, face, run_time=1.0)
            self.play(FadeOut(self.twin, run_time=0.5), turned, self.pulled_back(0.8))
            self.add(slabs)
            opening = Turn(slabs, 2.4, turn=0.55, points=0.45), Later(1.6, Turn(slabs, 0.7, loss=1))
            self.play(FadeOut(face, run_time=0.5), *opening, Later(1.9, FadeIn(loss, run_time=0.5)))
            self.say("Learning starts at the far end: how wrong?")
            self.track(Turn(slabs, 5.6, linear, front=self.layers))
            self.say("The answer walks back, layer by layer.")
            self.say(PASSES)
            self.play(FadeOut(loss, run_time=0.4))
            self.track(Turn(slabs, 4.2, turn=0.46))
            self.say("How much of it reaches the first?")
        return slabs

    def count_tenths(self, slabs: Slabs) -> list[Any]:
        """Edge on the slabs are columns; the axis turns logarithmic, and the columns become points."""
        t = self.trace
        em, rising = self.frame.number, t["first"][PLAIN] < t["last"][PLAIN]  # numbers stand off the line
        steep = self.axes.plot.height / self.axes.plot.width
        over = (0.5 * em, 0.9 * em)
        inside = (em, 0.1 * em) if steep > 0.7 else (0.0, (0.6 + 4.2 * steep) * em)
        ends = []
        for name, side, align, away in (("first", 1, "left", inside), ("last", -1, "right", over)):
            x, y = away if rising else over if away is inside else inside
            style = {"at": (side * x, y), "align": align} if self.layers > 6 else {"at": (0.0, 0.9 * em)}
            ends.append(self.number(self.figure(name, PLAIN), slabs, f"value_{name}", **style))
        with self.beat():
            self.hush()
            self.play(Turn(slabs, 2.0, turn=1, points=0, loss=0), Later(1.3, Turn(slabs, 1.0, bars=1)))
            self.say(FAINT)
            self.play(Turn(slabs, 1.8, log=1), Later(0.5, FadeIn(self.axes)))
            self.say("Now every line is a factor of {factor}.", factor=Label(self.factor_of(self.axes)))
            self.play(*(FadeIn(end) for end in ends))
            self.drift(4.4)
            self.say(ARRIVES, last=self.figure("last", PLAIN), first=self.figure("first", PLAIN))
        return [slabs, self.axes, *ends]

    def factor_of(self, axes: Axes) -> str:
        """What lies between two grid lines, as it is written."""
        decades = axes.decades
        return "10" if decades <= 1 else f"10{str(decades).translate(RAISED)}"

    def watch_weights(self, leaving: list[Any]) -> list[Any]:
        """The first layer's weights through the whole training; one is followed digit by digit."""
        t, areas, frame = self.trace, self.plan(CELLS), self.frame
        last = len(t["steps"]) - 1
        followed = int(t["followed_at"][0]) * 2 + int(t["followed_at"][1])
        cells = WeightCells(areas.cells, t["weights"], t["changed_at"], followed, shown=0)
        middle = cells.anchor("below")[:2]
        step, value, changed = (each.center[:2] - middle for each in (areas.step, areas.value, areas.count))
        count = t.quantities("changed", decimals=0)
        big = {"size": frame.number, "anchor": "below"}
        bigger = {"size": 1.25 * frame.number, "anchor": "below"}
        readouts = [
            Readout(t.quantities("steps", decimals=0), cells, "step", before="step ", at=step, **big),
            Readout(t.quantities("followed", decimals=8), cells, "step", at=value, **bigger),
            Readout(count, cells, "step", before="changed: ", at=changed, **big),
        ]
        with self.beat():
            self.swap(leaving, readouts, Later(0.3, Turn(cells, 1.2, shown=1)), self.pulled_back(0.8))
            self.track(Turn(cells, 4.4, linear, step=last))
            self.say("The first layer’s weights, through {steps} of training.", steps=self.counted_steps())
            self.settle()
            self.drift(4.4)
            self.say(UNMOVED, n=count[-1])
        return [cells, *readouts]

    def filters(self, region: Any, **dials: float) -> Filters:
        """One layer, cut open."""
        names = "middle_slopes", "middle_weights", "slope_factor", "weight_factor"
        return Filters(region, *(self.trace[name] for name in names), **dials)

    def names_over(self, filters: Filters) -> list[Tag]:
        """What the two filters are."""
        names = (Label(f"slope of {NAMES[self.params.activation]}"), "over_slope"), ("weights", "over_weight")
        return [Tag(words, filters, anchor, (0, 0.8 * self.frame.label)) for words, anchor in names]

    def cut_open(self, leaving: list[Any]) -> list[Any]:
        """Two filters in every layer; what they leave together is foretold, and then measured."""
        t, areas = self.trace, self.plan(BLOCK)
        place = int(t["used"])
        filters = self.filters(areas.filters, start=place)
        names = "slope_factor", "weight_factor", "foretold", "measured"
        slope, weight, product, measured = (t.quantity(name, place) for name in names)
        over = self.names_over(filters)
        pairs = (slope, "slope"), (weight, "weight")
        under = [self.number(value, filters, anchor, at=(0, -0.2)) for value, anchor in pairs]
        foretold = self.number(product, filters, "out", size=self.small_number, plate=0.7)
        badge = self.measured(ACCOUNT, place, areas.foot)
        with self.beat():
            self.swap(leaving, (filters, *over), self.pulled_back(0.8))
            self.say("Inside a layer it meets two filters.")
            self.play(Turn(filters, 1.5, linear, beam=0.55), Later(0.9, FadeIn(under[0])))
            self.play(Turn(filters, 1.2, linear, beam=1), Later(0.5, FadeIn(under[1])))
            self.say("The slope leaves {s} of its length, the weights {w}.", s=slope, w=weight)
            self.play(FadeIn(foretold))
            self.drift(6.0)
            self.say("So a layer should pass on {f}. Does it?", f=product)
            self.wait(0.5)
            self.play(FadeIn(badge, shift=0.2 * DOWN))
            self.say(ACCOUNT, m=measured)
        self.block = filters
        return [filters, *over, *under, foretold, badge]

    def turn_depth(self, leaving: list[Any]) -> list[Any]:
        """A dial for the depth: the line grows longer, and the plane greyer."""
        t, areas, last = self.trace, self.plan(STUDY), len(self.trace["depths"]) - 1
        field = self.plane(areas.field, t["depth_planes"], boundary=1)
        most = int(t["depths"][-1])
        other_line = np.full(most, np.nan)
        other_line[most - self.layers :] = t["norms"][START]
        styles = ["solid"] * (last + 1) + ["dashed"]
        xs = np.arange(most, 0, -1)
        lines = RisingLines(self.small, xs, [*t["depth_norms"], other_line], styles, drawn=0.02)
        offset = areas.words.center[:2] - field.anchor("middle")[:2]
        style = {"anchor": "middle", "at": offset, "size": self.frame.number}
        depth = Readout(t.quantities("depths", decimals=0), field, "moment", after=" layers", **style)
        with self.beat():
            self.swap(leaving, (field, self.small, lines, depth), self.pulled_back(0.6))
            self.play(Turn(lines, 0.6, drawn=1))
            self.say("Would fewer layers do?")
            for stop in range(1, last + 1):
                self.play(Turn(field, 0.8, moment=stop), Turn(lines, 0.8, drawn=stop + 1))
            self.drift(3.6)
            self.say(DEPTH)
        self.lines = lines
        return [field, depth]

    def try_a_start(self, leaving: list[Any]) -> list[Any]:
        """Is it the depth, or the start? The same depth from another start."""
        t, used_start, other_start = self.trace, int(self.trace["used"]), int(self.trace["other"])
        filters = self.filters(self.plan(BLOCK).filters, start=used_start, beam=1)
        slope = self.number(t.quantity("slope_factor", used_start), filters, "slope", at=(0, -0.2))
        style = {"size": self.frame.number, "at": (0, -0.2)}
        weight = Readout(t.quantities("weight_factor"), filters, "start", anchor="weight", **style)
        beam = {"size": self.small_number, "plate": 0.7}
        out = Readout(t.quantities("foretold"), filters, "start", anchor="out", **beam)
        shown = [filters, *self.names_over(filters), slope, weight, out]
        with self.beat():
            self.swap([*leaving, self.lines, self.small], shown, self.pulled_back(0.6))
            self.say("Is it the depth, or the start?")
            for stop in (1, 2) if (used_start, other_start) == (0, 2) else (other_start,):
                self.play(Turn(filters, 1.6, start=stop))
                words = {"start": Label(STARTS[stop]), "w": t.quantity("weight_factor", stop)}
                self.say("{start}: the weights pass {w}.", **words)
        study = self.plan(STUDY)
        field = self.field(study.field, START)
        badge = self.measured(START_HELPS, other_start, study.words)
        with self.beat():
            self.swap(shown, (field, self.small, self.lines))
            self.track(Turn(field, 5.6, linear, moment=self.moments, boundary=self.decided(START)))
            self.play(Turn(self.lines, 1.5, drawn=len(self.lines.up)))
            self.play(FadeIn(badge))
            self.say(START_HELPS)
            self.settle()
            self.drift(4.4)
            self.say(START_LEARNS, steps=self.counted_steps())
        return [field, self.small, self.lines, badge]

    def try_cures(self, leaving: list[Any]) -> list[Any]:
        """A road round every layer, a gate in every layer, and both."""
        t, areas = self.trace, self.plan(CURES)
        face = self.field(areas.field, PLAIN)
        slabs = Slabs(areas.slabs, face, t["norms"][: BOTH + 1], self.axes, np.arange(self.layers, 0, -1))
        block = self.filters(areas.block, start=int(t["used"]), beam=1)
        for variant, cases, dials, built in CHANGES:
            field, case = self.field(areas.field, variant), cases.of(t)
            right = Sentence("{right} right", {"right": t.quantity("right", BOTH, decimals=0, unit=" %")})
            verdict = Label(case.phrase) if not (variant == BOTH and case.role == "good") else right
            badge = Verdict(verdict, case.role == "good").move_to(areas.verdict.center)
            first = Sentence("first {x}", {"x": self.figure("first", variant)})
            last = Sentence("last {x}", {"x": self.figure("last", variant)})
            ends = [self.end(slabs, first, "left"), self.end(slabs, last, "right")]
            built_over = {"front": 0, "roads": dials["road"], "gates": dials["gate"]}
            build = Turn(slabs, 1.2, **built_over), Turn(block, 1.2, **dials)
            with self.beat():
                if variant == ROAD:
                    self.swap(leaving, (slabs, block, field), self.pulled_back(0.6))
                    self.track(*build)
                else:
                    self.swap(leaving, (field,), *build)
                self.say(built)
                self.settle()
                slabs.turn(version=variant)
                self.track(Turn(field, 3.4, linear, moment=self.moments, boundary=self.decided(variant)))
                self.play(Turn(slabs, 2.4, linear, front=self.layers))
                self.play(*(FadeIn(end) for end in ends))
                self.settle()
                self.play(FadeIn(badge, shift=0.2 * DOWN))
                self.say(cases, right=lambda: t.quantity("right", BOTH, decimals=0, unit=" %"))
            leaving = [field, *ends, badge]
        style = {"moment": self.moments, "boundary": self.decided(BOTH)}
        fresh = self.plane(areas.field, t["planes_both"], unseen=True, **style)
        with self.beat():
            self.play(Turn(leaving[0], 0.6, points=0))
            self.swap(leaving[:1], (fresh,))
            self.drift(7.0)
            self.say("And points that it never saw?")
            self.say(UNSEEN)
        return [slabs, block, fresh, *leaving[1:]]

    def call_back(self, leaving: list[Any]) -> None:
        """The twins again, and the product of factors."""
        areas = self.plan(ENDING)
        one, plain = (
            self.field(region, variant, moment=self.moments, boundary=self.decided(variant))
            for region, variant in ((areas.one, BOTH), (areas.other, PLAIN))
        )
        formula = Formula(FACTOR, 0.8 * self.frame.number, width=areas.formula.width)
        formula.move_to(areas.formula.center)
        with self.beat():
            self.swap(leaving, (one, plain), self.pulled_back(0.6))
            self.drift(9.0, nearer=1.02)
            self.say(ANSWER, f=self.trace.quantity("measured", int(self.trace["used"])))
            self.show(formula)
            self.say("Now it can learn. How large a step dare we take?")
