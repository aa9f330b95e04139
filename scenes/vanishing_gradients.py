"""Vanishing gradients: twin networks on the spirals, and light that walks back through one of them.

Everything is read from the trace of :func:`nnanim.sim.twins.record`.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from manim import DOWN, FadeIn, FadeOut, ReplacementTransform, linear, rate_functions
from pydantic import Field as Bounds

from nnanim import visuals as draw
from nnanim.chapter import Case, Cases, Chapter, Report, otherwise
from nnanim.quantity import Label, Quantity, Sentence, counted
from nnanim.sim import twin_outcomes as became
from nnanim.sim.twin_outcomes import BOTH, NORM, PLAIN, ROAD, START, used
from nnanim.trace import Trace
from nnanim.visuals import Field, Filters, Later, Plan, Readout, Slabs, Tag, Turn, Verdict, across, down

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
WALK = Plan(wide=across(first=30, rest=70), tall=down(rest=60, first=40))
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
BENDS = ("sigmoid", "tanh", "ReLU")
STARTS = ("torch’s default", "Xavier", "He")
VARIANT = ("plain", "road", "norm", "both", "start")
OUTCOME = Cases(
    Case("One learns. The other learns nothing.", became.parted),
    Case("Neither of them learns.", lambda t: became.guesses(t, BOTH) and became.guesses(t, PLAIN)),
    Case("One training breaks down.", lambda t: became.broke(t, PLAIN) or became.broke(t, BOTH)),
    Case("They do not end up alike.", lambda t: t["losses"][PLAIN, -1] != t["losses"][BOTH, -1]),
    Case("They end up alike.", otherwise),
)
QUESTION = Cases(
    Case("Where did it break?", became.parted),
    Case("What made the difference?", lambda t: not became.parted(t)),
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
START_HELPS = Cases(
    Case("The start, then: now the gradient arrives.", became.start_settles, "the start", "good"),
    Case("That start alone does not settle it.", otherwise, "not alone"),
)


def alone(name: str, variant: int) -> Cases:
    """What one of two changes brings without the other."""
    return Cases(
        Case(f"{name} alone: the loss blows up.", lambda t: became.broke(t, variant), "blows up"),
        Case(f"{name} alone: the first gets too much.", lambda t: became.floods(t, variant), "too much"),
        Case(f"{name} alone: it learns.", lambda t: became.learned(t, variant), "learns", "good"),
        Case(f"{name} alone: not enough.", otherwise, "not enough"),
    )


DRAWN = Cases(
    Case("{start}: weights from a wider range pass on {w}.", became.wider),
    Case("{start}: weights from a narrower range pass on {w}.", otherwise),
)
TOGETHER = Cases(
    Case("Both together: {right} right.", lambda t: became.learned(t, BOTH), "learns", "good"),
    Case("Both together blow up as well.", lambda t: became.broke(t, BOTH), "blows up"),
    Case("Both together are not enough here.", otherwise, "not enough"),
)
CHANGES = (
    (ROAD, alone("The road", ROAD), (1, 0), "The old start, and a residual road round each layer."),
    (NORM, alone("Layer norm", NORM), (0, 1), "Or a gate that rescales signals: layer norm."),
    (BOTH, TOGETHER, (1, 1), "And both at once?"),
)
"""The row of the trace, what came of it, roads and gates of the picture, and how it is said."""
UNSEEN = Cases(
    Case("Points it never saw? There it says nothing.", lambda t: became.broke(t, BOTH)),
    Case("Points it never saw? Nearly all right, too.", lambda t: t["unseen_right"][BOTH] >= 0.9),
    Case("Points it never saw? There it is wrong more often.", otherwise),
)
ANSWER = Cases(
    Case("In the grey one a factor of {f}, again and again.", became.fades),
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
        t, self.depth, self.layers = self.trace, self.given("depth"), self.params.depth
        self.moments = len(t["moments"]) - 1
        chart = self.plan(STUDY)
        self.axes = self.back_axes(self.plan(CHART).chart, t["norms"][PLAIN], self.layers)
        two = t["norms"][[PLAIN, START]]
        self.small = self.back_axes(chart.chart, two, self.layers)
        xs, styles = np.arange(self.layers, 0, -1), ["solid", "dashed"]
        self.lines = draw.RisingLines(self.small, xs, two, styles, drawn=1)
        plain = self.cold_open()
        self.title_card()
        slabs = self.walk_back(plain)
        leaving = self.count_tenths(slabs)
        leaving = self.watch_weights(leaving)
        leaving = self.cut_open(leaving)
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

    def back_axes(self, region: Any, values: Any, most: int) -> draw.Axes:
        """Gradients, logarithmic, over the layers counted back from the loss."""
        counted = draw.LinearScale.counting(1, most, 7)
        x = draw.LinearScale(most + 0.5, 0.5, counted.marks[::-1])
        y, names = draw.LogScale.over(values), ("layers back from the loss", "gradient (log)")
        return draw.Axes(region, x, y, *names, y_color=self.theme.gradient)

    def swap(self, old: Any, new: Any, *beside: Any) -> None:
        """Words leave with their picture; the new one comes when the old one is all but gone."""
        self.hush()
        leaving = [FadeOut(each, run_time=0.3) for each in old]
        self.play(*leaving, *(Later(0.26, FadeIn(each, run_time=0.4)) for each in new), *beside)

    def decided(self, variant: int) -> float:
        """Whether a network parts the plane at last; the noise of a guess has no boundary worth a line."""
        return 0.0 if became.guesses(self.trace, variant) else 1.0

    def measured(self, cases: Cases, start: int, region: Any) -> Verdict:
        """The badge of a test: the factor that was measured with a start."""
        words = Sentence("measured {m}", {"m": self.trace.quantity("measured", start)})
        return Verdict(words, cases.of(self.trace).role == "good").move_to(region.center)

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
                self.track(Turn(field, 3.5, linear, moment=self.moments))
                self.track(Turn(field, 2.0, boundary=self.decided(variant)))
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
        loss = Tag(words, slabs, "head_right", (0.0, -0.4), self.frame.label, align="right")
        with self.beat():
            turned = ReplacementTransform(plain, face, run_time=1.0)
            self.play(FadeOut(self.twin, run_time=0.5), turned, self.pulled_back(0.8))
            self.add(slabs)
            opening = Turn(slabs, 2.4, turn=0.55, points=0.45), Later(1.6, Turn(slabs, 0.7, loss=1))
            self.play(FadeOut(face, run_time=0.5), *opening, Later(1.9, FadeIn(loss, run_time=0.5)))
            self.say("Learning starts at the far end: how wrong?")
            self.track(Turn(slabs, 4.0, rate_functions.ease_in_quad, front=self.layers))
            self.say("The answer walks back, layer by layer.")
            self.settle()
            self.play(FadeOut(loss, run_time=0.4))
            self.track(Turn(slabs, 3.4, turn=0.46))
            self.drift(3.4, nearer=1.3, on=self.plan(WALK).first)
            self.say("How much of it reaches the first?")
        return slabs

    def count_tenths(self, slabs: Slabs) -> list[Any]:
        """Edge on the slabs are columns; the axis turns logarithmic, and the columns become points."""
        values = self.figure("first", PLAIN), self.figure("last", PLAIN)
        ends = slabs.end_numbers(*values, self.frame.number)
        with self.beat():
            self.hush()
            opening = Turn(slabs, 2.0, turn=1, points=0, loss=0)
            self.play(self.pulled_back(1.2), opening, Later(1.3, Turn(slabs, 1.0, bars=1)))
            self.wait(0.4)
            self.play(Turn(slabs, 1.8, log=1), Later(0.5, FadeIn(self.axes)))
            self.play(*(FadeIn(end) for end in ends))
            self.drift(4.4)
            self.say(ARRIVES, last=values[1], first=values[0])
        return [slabs, self.axes, *ends]

    def watch_weights(self, leaving: list[Any]) -> list[Any]:
        """The first layer's weights through the whole training; one is followed digit by digit."""
        t, areas, frame = self.trace, self.plan(CELLS), self.frame
        last = len(t["steps"]) - 1
        followed = int(t["followed_at"][0]) * 2 + int(t["followed_at"][1])
        cells = draw.WeightCells(areas.cells, t["weights"], t["changed_at"], followed, shown=0)
        middle = cells.anchor("below")[:2]
        step, value, changed = (each.center[:2] - middle for each in (areas.step, areas.value, areas.count))
        count = t.quantities("changed", decimals=0)
        steps = counted(self.given("steps"), "step", "steps")
        big = {"size": frame.number, "anchor": "below"}
        bigger = {"size": 1.25 * frame.number, "anchor": "below"}
        readouts = [
            Readout(t.quantities("steps", decimals=0), cells, "step", before="step ", at=step, **big),
            Readout(t.quantities("followed", decimals=8), cells, "step", at=value, **bigger),
            Readout(count, cells, "step", before="changed: ", at=changed, **big),
        ]
        with self.beat():
            self.swap(leaving, readouts, Later(0.3, Turn(cells, 1.2, shown=1)), self.pulled_back(0.8))
            self.track(Turn(cells, 3.9, linear, step=last))
            self.say("The first layer’s weights, through {steps} of training.", steps=steps)
            self.settle()
            self.drift(4.4)
            self.say(UNMOVED, n=count[-1])
        return [cells, *readouts]

    def filters(self, region: Any, bends: Any, starts: Any, case: Any = 0, **dials: float) -> Filters:
        """One layer, cut open: cases are pairs of an activation and a start."""
        t = self.trace
        bends, starts = np.broadcast_arrays(np.atleast_1d(bends), np.atleast_1d(starts))
        factors = t["slope_factor"] if len(set(starts)) > 1 else t["bend_slope_factor"][bends]
        names = "middle_weights", "weight_factor", "weight_bound"
        weights, kept, bounds = (t[name][starts] for name in names)
        return Filters(region, t["middle_slopes"][bends], weights, factors, kept, bounds, case=case, **dials)

    def cut_open(self, leaving: list[Any]) -> list[Any]:
        """Two filters in every layer; what they leave together is foretold, and then measured."""
        t, areas = self.trace, self.plan(BLOCK)
        place, bend = int(t["used"]), int(t["bend"])
        order = [bend, *(each for each in (1, 0, 2) if each != bend)]
        filters = self.filters(areas.filters, order, place)
        slopes, products = (t.quantities(name) for name in ("bend_slope_factor", "bend_foretold"))
        weight = t.quantity("weight_factor", place)
        numbers = [slopes[each] for each in order], [weight], [products[each] for each in order]
        slope_number, weight_number, product, times, equals = filters.numbers_under(numbers)
        over = filters.names_over(BENDS[bend])
        badge = self.measured(ACCOUNT, place, areas.foot)
        with self.beat():
            self.swap(leaving, (filters, *over), self.pulled_back(0.8))
            self.say("Inside a layer it meets two filters.")
            self.play(Turn(filters, 1.5, linear, beam=0.55), Later(0.9, FadeIn(slope_number)))
            self.play(Turn(filters, 1.2, linear, beam=1), Later(0.5, FadeIn(weight_number)))
            self.say("The slope leaves {s} of its length, the weights {w}.", s=slopes[bend], w=weight)
            falls = FadeIn(product, shift=0.6 * DOWN)
            self.play(FadeIn(times), Later(0.3, FadeIn(equals)), Later(0.6, falls))
            self.drift(6.0)
            self.say("So a layer should pass on {f}. Does it?", f=products[bend])
            self.play(FadeIn(badge, shift=0.2 * DOWN))
            self.say(ACCOUNT, m=t.quantity("measured", place))
        others = [(BENDS[each], products[each]) for each in order[1:]]
        with self.beat():
            self.hush()
            self.play(FadeOut(badge), self.pulled_back(0.8))
            for case, (kind, _) in enumerate(others, 1):
                gone, over[0] = over[0], filters.names_over(kind)[0]
                self.play(FadeOut(gone, run_time=0.3), Turn(filters, 1.3, case=case))
                self.play(FadeIn(over[0], run_time=0.3))
            (one, a), (other, b) = others
            self.say("With {one} {a}, with {other} {b}.", one=Label(one), a=a, other=Label(other), b=b)
        return [filters, *over, slope_number, weight_number, product, times, equals]

    def try_a_start(self, leaving: list[Any]) -> list[Any]:
        """Is it the depth, or the start? The same depth from another start."""
        t, used_start, other_start = self.trace, int(self.trace["used"]), int(self.trace["other"])
        bend = int(t["bend"])
        filters = self.filters(self.plan(BLOCK).filters, bend, np.arange(3), used_start, beam=1, span=1)
        names = "slope_factor", "weight_factor", "foretold"
        bounds = t.quantities("weight_bound", decimals=2)
        span = Readout(bounds, filters, "case", before="±", anchor="span")
        numbers = filters.numbers_under(map(t.quantities, names))
        shown = [filters, *filters.names_over(BENDS[bend]), *numbers, span]
        both = (used_start, other_start) == (0, 2)
        with self.beat():
            self.swap(leaving, shown, self.pulled_back(0.6))
            self.say("Is it the depth, or the start?")
            self.drift(13.0)
            for stop in (1, 2) if both else (other_start,):
                self.hush()
                self.play(Turn(filters, 1.4, case=stop))
                if both and stop == other_start:
                    self.say("He: wider still, to make up for the ReLU. {f}.", f=t.quantity("foretold", stop))
                else:
                    self.say(DRAWN, start=Label(STARTS[stop]), w=t.quantity("weight_factor", stop))
        study = self.plan(STUDY)
        field = self.field(study.field, START)
        badge = self.measured(START_HELPS, other_start, study.words)
        with self.beat():
            self.swap(shown, (field, self.small, self.lines))
            self.track(Turn(field, 5.6, linear, moment=self.moments, boundary=self.decided(START)))
            self.play(Turn(self.lines, 1.5, drawn=2))
            self.play(FadeIn(badge))
            self.say(START_HELPS)
            self.settle()
        return [field, self.small, self.lines, badge]

    def try_cures(self, leaving: list[Any]) -> list[Any]:
        """A road round every layer, a gate in every layer, and both."""
        t, areas = self.trace, self.plan(CURES)
        face = self.field(areas.field, PLAIN)
        slabs = Slabs(areas.slabs, face, t["norms"][: BOTH + 1], self.axes, np.arange(self.layers, 0, -1))
        block = self.filters(areas.block, int(t["bend"]), int(t["used"]), beam=1)
        for variant, cases, (road, gate), built in CHANGES:
            field, case = self.field(areas.field, variant), cases.of(t)
            right = Sentence("{right} right", {"right": t.quantity("right", BOTH, decimals=0, unit=" %")})
            verdict = Label(case.phrase) if not (variant == BOTH and case.role == "good") else right
            badge = Verdict(verdict, case.role == "good").move_to(areas.verdict.center)
            figures = self.figure("first", variant), self.figure("last", variant)
            ends = slabs.heads(*figures, 0.8 * self.frame.number)
            build = Turn(slabs, 1.2, front=0, roads=road, gates=gate), Turn(block, 1.2, road=road, gate=gate)
            with self.beat():
                if variant == ROAD:
                    self.swap(leaving, (slabs, block, field), self.pulled_back(0.6))
                    self.track(*build)
                else:
                    self.swap(leaving, (field,), *build)
                self.say(built)
                self.settle()
                slabs.turn(version=variant)
                self.track(Turn(field, 2.3, linear, moment=self.moments, boundary=self.decided(variant)))
                self.play(Turn(slabs, 1.8, linear, front=self.layers))
                self.play(*(FadeIn(end, run_time=0.5) for end in ends))
                self.settle()
                self.play(FadeIn(badge, shift=0.2 * DOWN))
                self.say(cases, right=lambda: t.quantity("right", BOTH, decimals=0, unit=" %"))
            leaving = [field, *ends, badge]
        style = {"moment": self.moments, "boundary": self.decided(BOTH)}
        fresh = self.plane(areas.field, t["planes_both"], unseen=True, **style)
        with self.beat():
            self.play(Turn(leaving[0], 0.6, points=0))
            self.swap(leaving[:1], (fresh,))
            self.drift(3.5)
            self.say(UNSEEN)
        return [slabs, block, fresh, *leaving[1:]]

    def call_back(self, leaving: list[Any]) -> None:
        """The product of factors comes out of the stack, which closes: the twins again."""
        t, areas = self.trace, self.plan(ENDING)
        style = {"moment": self.moments}
        one = self.field(areas.one, BOTH, boundary=self.decided(BOTH), **style)
        plain = self.field(areas.other, PLAIN, boundary=self.decided(PLAIN), **style)
        xs = np.arange(self.layers, 0, -1)
        slabs = Slabs(areas.twins, plain, t["norms"][:1], self.axes, xs, turn=0.5, points=1, loss=1)
        product, signs = slabs.product()
        formula = draw.Formula(product, 0.8 * self.frame.number, width=areas.formula.width)
        formula.move_to(areas.formula.center)
        with self.beat():
            self.swap(leaving, (slabs,), self.pulled_back(0.6))
            self.track(Turn(slabs, 4.0, rate_functions.ease_in_quad, front=self.layers))
            self.say(ANSWER, f=t.quantity("measured", int(t["used"])))
            self.play(self.distilled(formula, [(n, slabs.of_layer(layer)) for n, layer in signs], 3.4))
        with self.beat():
            self.hush()
            closing = Turn(slabs, 1.6, turn=0, loss=0, light=0)
            self.play(closing, Later(0.8, FadeIn(one, run_time=0.8)))
            self.play(FadeIn(plain, run_time=0.4), FadeOut(slabs, run_time=0.4))
            self.drift(5.0, nearer=1.02)
            self.say("Now it can learn. How large a step dare we take?")
