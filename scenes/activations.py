"""Activation functions: a hundred layers that are one, and the three degrees of bend that change it."""

from __future__ import annotations

from typing import Any, Literal

from manim import FadeIn, linear
from pydantic import Field

from nnanim.chapter import Case, Cases, Chapter, Report
from nnanim.quantity import Label, Quantity, Sentence, n_of_m
from nnanim.trace import Trace
from nnanim.visuals import (
    Braid,
    FieldWall,
    Firing,
    Fold,
    Formula,
    Later,
    Paragraph,
    Plan,
    Product,
    RidingCurves,
    SweptField,
    Turn,
    across,
    down,
)

PAIR = across(second=50, first=50, gap=0.12)
PLANE = Plan(
    wide=across(plane=50, side=(50, down(pair=(48, PAIR), product=52))),
    tall=down(plane=54, side=(46, across(pair=(66, PAIR), product=34, gap=0.25))),
)
CHART = down(score=24, chart=76)
TEST = Plan(wide=across(plane=50, side=(50, CHART)), tall=down(plane=54, side=(46, CHART)))
NAMES = {"relu": "ReLU", "leaky": "leaky ReLU", "gelu": "GELU", "silu": "SiLU"}
FORMULA = Label("y = f(W_L thin f(W_(L-1) thin dots.c thin f(W_1 x)))")  # its digits are names
ONE_LAYER = Cases(
    Case("They agree to the last digit.", lambda t: t["difference"] == 0),
    Case("They differ by less than {d}: mere rounding.", lambda t: t["relative"] < 1e-4),
)
LINES = Cases(
    Case("The best of all lines gets {best}.", lambda t: t["line_accuracy"] < 0.99),
    Case("It is: {best}.", lambda t: t["line_accuracy"] >= 0.99),
)
SILENT = Cases(
    Case("Each of {all} neurons fires for some point: {score}.", lambda t: t["dead"][0] == 0),
    Case(
        "{dead} of {all} neurons never fire. It manages: {score}.",
        lambda t: t["function_scores"][-1, 0] >= 0.95,
    ),
    Case("{dead} of {all} neurons never fire: {score}.", lambda t: t["function_scores"][-1, 0] < 0.95),
)


class Activations(Chapter):
    """A hundred layers are one layer until each of them bends, and three degrees of bend are enough."""

    costly = True
    title = "Activation functions"
    extremes = {"layers": 2, "left_slope": 0, "width": 4, "seeds": 2}, {"layers": 200, "width": 16}

    class Params(Chapter.Params):
        """The pile, the bend, the points, and the seeds."""

        layers: int = Field(100, ge=2, le=200, description="layers of the pile")
        width: int = Field(8, ge=4, le=16, description="neurons of each hidden layer of the trained networks")
        left_slope: float = Field(0.9, ge=0, le=0.98, description="slope of the slight bend left of zero")
        data: Literal["rings", "moons", "xor"] = Field("rings", description="the two classes to be parted")
        noise: float = Field(0.05, ge=0, le=0.2, description="standard deviation added to each coordinate")
        seed: int = Field(0, ge=0, le=2**31 - 100, description="the first seed, whose network is followed")
        seeds: int = Field(5, ge=2, le=6, description="how many networks are trained, each from its own seed")
        precision: Literal["float32", "float64"] = Field("float32", description="that of the pile")

    @staticmethod
    def simulate(p: Params, report: Report) -> Trace:
        """The pile, all lines, the trained networks."""
        from nnanim.sim import activations  # torch is imported only when something is computed

        return activations.record(**p.model_dump(), report=report)

    def construct(self) -> None:
        """The lesson."""
        t, self.plane, self.test = self.trace, self.plan(PLANE), self.plan(TEST)
        self.bright, self.last = int(t["slope_at"]), len(t["steps"]) - 1
        self.layers, self.seeds = self.count("parameters.layers"), self.count("parameters.seeds")
        self.angles = t.quantities("slope_angles", decimals=1, unit="°")
        self.hidden, self.angle = self.count("hidden"), self.angles[self.bright]
        self.wall = FieldWall.of(t, self.frame.stage)
        braid = self.open_with_the_pile()
        self.title_card()
        self.pull_it_straight(braid)
        self.multiply_two(braid)
        self.fold_it(*self.try_a_line(braid))
        self.build_the_wall()
        self.bend_the_pile(self.count_the_dark(self.look_at_six(self.count_pieces())))

    def count(self, name: str, *index: int) -> Quantity:
        """A whole number of the trace."""
        return self.trace.quantity(name, *index, decimals=0)

    def share(self, name: str, *index: int) -> Quantity:
        """A share of the trace, in percent."""
        return self.trace.quantity(name, *index, decimals=0, unit=" %")

    # ---- the pile

    def open_with_the_pile(self) -> Braid:
        """The rings, and layer after layer at work on them; the view walks round to the side."""
        braid = Braid.of(self.trace, self.frame.stage, self.plane.plane)
        count = braid.counter(self.trace.quantities("layer", decimals=0), "layer ")
        with self.beat():
            self.add(braid, count)
            self.track(Turn(braid, 6.4, lambda s: float(s**1.7), step=braid.layers))
            self.track(Later(2.0, Turn(braid, 3.2, side=1, far=1)))
            self.say("{n} layers, one after another.", n=self.layers)
            self.wait(0.6)
            self.say("How many of them does it take?")
            self.settle()
        self.hide(count, seconds=0.3)
        return braid

    def pull_it_straight(self, braid: Braid) -> None:
        """Every thread is pulled straight, and the ends stay where they are."""
        difference = self.trace.quantity("difference_under").to_figures(1)
        shown = braid.heading(Sentence("difference under {d}", {"d": difference}))
        with self.beat():
            self.say("Pull every thread straight.")
            self.play(Turn(braid, 2.2, taut=1))
            self.play(Turn(braid, 0.6, step=0))
            self.play(Turn(braid, 1.2, step=braid.layers))
            self.say("That is one single layer.")
            self.track(Turn(braid, 8.0, side=0.75))
            self.show(shown)
            self.say(ONE_LAYER, d=difference)
            self.say("All the others were for show.")
        self.hide(shown, seconds=0.2)

    def multiply_two(self, braid: Braid) -> None:
        """Two matrices become one, and then all of them."""
        regions = self.plane.first, self.plane.second, self.plane.product
        product = Product(regions, self.trace, "matrices", "products", ("W₁", "W₂"))
        with self.beat():
            self.play(Turn(braid, 1.8, side=0, aside=1, far=0, step=0))
            braid.turn(taut=0)
            self.play(FadeIn(product.factors[0]), Turn(braid, 1.2, step=1))
            self.say("A layer turns and stretches. Lines stay lines.")
            self.play(FadeIn(product.factors[1]), Turn(braid, 1.2, step=2))
            self.add(product.result)
            for place in range(len(product.numbers)):
                self.play(*product.meeting(place))
            product.part()
            self.say("Two straight moves make one.")
            self.track(Turn(braid, 3.5, step=braid.layers, far=1))
            self.track(Turn(product.result, 3.5, step=braid.layers))
            self.say("All {n} together: still four numbers.", n=self.layers)
            self.settle()
        leaving = (*product.factors, product.result, *product.numbers)
        self.exchange(leaving, (), Turn(braid, 1.2, step=0, far=0))

    # ---- one network, with and without a bend

    def try_a_line(self, braid: Braid) -> tuple[SweptField, Fold]:
        """A line sweeps over the points, in every direction and at every place."""
        t, best = self.trace, self.share("line_accuracy")
        field = SweptField.of(t, "function_planes", self.plane.plane)
        axes, curve = field.chart(self.test.chart, t["sweep_best"])
        at = int(abs(t["sweep_angles"] - t["line_angle"]).argmin())
        tag = field.score([best], " right", self.test.score)
        with self.beat():
            self.exchange((braid,), (field, axes))
            self.add(curve)
            for picture, dial in ((field, "turn"), (curve, "step")):
                self.track(Turn(picture, 5.0, linear, **{dial: curve.last}))
            self.track(Turn(field, 0.6, line=1))
            self.say("One layer can only cut along a straight line.")
            self.say("Is that enough to part discs from rings?")
            self.settle()
            self.play(Turn(field, 1.0, turn=at), Turn(curve, 1.0, step=at), FadeIn(tag))
            self.track(Turn(field, 2.6, linear, wrong=1))
            self.say(LINES, best=best)
        fold = Fold(self.test.chart, self.wall.head_region(0), z=0.8)
        self.exchange((curve, axes, tag), (fold,), Turn(field, 0.7, line=0, wrong=0))
        return field, fold

    def fold_it(self, field: SweptField, fold: Fold) -> None:
        """A neuron's line is folded at zero, and the network closes round the ring; the fold opens again."""
        numbers = [self.share("function_scores", step, 0) for step in range(self.last + 1)]
        score = field.score(numbers, " right", self.test.score)
        with self.beat():
            self.track(Turn(fold, 3.0, z=-0.85, ball=1))
            self.say("Fold each neuron’s line at zero.")
            self.play(Turn(fold, 1.8, slope=0))
            self.track(Turn(fold, 3.6, z=0.85))
            self.say("Below zero: nothing. Above: unchanged. That is ReLU.")
        with self.beat():
            self.track(Turn(field, 0.6, ground=1, boundary=1))
            self.track(Turn(fold, 7.0, z=-0.85))
            self.show(score, seconds=0.3)
            self.play(Turn(field, 3.0, linear, moment=self.last))
            self.say("A deep network with that bend: {score} of new points.", score=numbers[-1])
            self.hide(score, seconds=0.2)
            self.say("How much of a bend does it need?")
            self.track(Turn(fold, 3.4, slope=1, ball=0))
            self.track(Turn(field, 3.0, moment=0, ground=0.3, boundary=0))
            self.settle()
        self.exchange((field,), (), Turn(fold, 1.1, lay=1, axes=0), Later(0.9, FadeIn(self.wall)))
        self.remove(fold)

    # ---- how little bend

    def build_the_wall(self) -> None:
        """A row of networks for each slope; then the camera goes up to the line that looks straight."""
        wall, bright, passes = self.wall, self.bright, self.trace.quantities("slope_passes", decimals=0)
        counts = [n_of_m(number, self.seeds, none="none") for number in passes]
        rows = wall.tags(self.angles, counts)
        head, above = wall.head_region(bright), self.frame.stage.rows([50, 50])[0]
        number = self.pinned(Paragraph(self.angle, above, 1.7 * self.frame.number, weight="semibold"))
        with self.beat():
            for k, (angle, end) in enumerate(rows):
                coming = FadeIn(angle, run_time=0.4), Later(0.9, FadeIn(end, run_time=0.4))
                self.play(Turn(wall, 1.3, linear, rows=k + 1), *coming)
                if not k:
                    self.say("{n} networks without a bend: {k} succeed.", n=self.seeds, k=counts[0])
            others = [tag for row in rows if row is not rows[bright] for tag in row]
            self.exchange(others, (), Turn(wall, 0.6, chosen=1))
            self.say("With a bend of {a}: {k} succeed.", a=self.angle, k=counts[bright])
            self.exchange(rows[bright], (), self.pushed_in(head, 0.84, 2.4), Turn(wall, 1.6, close=1))
            self.say("Is this line straight?")
            self.track(self.pushed_in(head, 0.95, 5.5))
            self.play(Turn(wall, 1.6, angle=1), Later(0.8, FadeIn(number)))
            self.say("Not quite: it bends by {a}.", a=self.angle)
        self.hide(number, seconds=0.2)

    def count_pieces(self) -> list[Any]:
        """The plane of the first network with the slight bend falls into flat pieces."""
        wall, (glass, side) = self.wall, self.frame.split([66, 34])
        cell, over = wall.field_region(self.bright), self.count("facets_over", 0)
        seen = wall.seen_over(self.bright, glass)
        field = SweptField.of(self.trace, "bent_planes", cell, pieces=self.trace["facet_map"])
        field.turn(moment=self.last, ground=1, points=0)
        words = Sentence("{k} bends, over {n} flat pieces", {"k": self.hidden, "n": over})
        words = self.pinned(Paragraph(words, side, self.frame.number, weight="semibold", lines=4))
        with self.beat():
            alone = Turn(wall, 1.2, alone=1, close=0, angle=0)
            self.play(self.pushed_in(seen, 1.0, 1.8), alone, Later(1.4, FadeIn(field, run_time=0.4)))
            self.play(Turn(field, 0.5, points=1))
            self.play(Turn(field, 2.0, pieces=1, points=0.3), Later(1.3, FadeIn(words, run_time=0.5)))
            self.track(self.pushed_in(seen, 1.06, 4.2))
            self.say("{k} such bends cut the plane into over {n} flat pieces.", k=self.hidden, n=over)
        return [field, wall, words]

    # ---- functions and their price

    def look_at_six(self, leaving: list[Any]) -> list[Any]:
        """Six functions, one x; where they are flat, and what each makes of the classes."""
        kinds = self.trace.text["functions"].split()
        arrays = (self.trace[f"curve_{name}"] for name in ("x", "y", "slopes"))
        curves = RidingCurves(self.frame.stage, *arrays, self.trace["six_planes"], self.trace["flat_slope"])
        shares = [Sentence("flat {s}", {"s": self.share("flat_shares", k)}) for k in range(len(kinds))]
        names, flats = curves.tags([Label(NAMES.get(kind, kind)) for kind in kinds], shares)
        with self.beat():
            coming = (Later(0.8, FadeIn(each, run_time=0.5)) for each in (curves, *names))
            self.exchange(leaving, (), self.pulled_back(1.0), *coming)
            self.track(Turn(curves, 8, x=len(self.trace["curve_x"]) - 1))
            self.say("These bend as well.")
            self.play(Turn(curves, 1.0, fields=1))
            six = self.count("function_passes"), self.count("functions")
            self.say("Parting the two classes: {k}.", k=n_of_m(*six, "all of them", "none", "not all"))
            self.play(Turn(curves, 1.0, flat=1), *(FadeIn(flat) for flat in flats))
            self.say("Dimmed: hardly any slope, so hardly any learning.")
        return [curves, *names, *flats]

    def count_the_dark(self, leaving: list[Any]) -> list[Any]:
        """Neurons that never fire: some do no harm, a whole layer of them does."""
        t, seeds = self.trace, sorted({0, max(0, int(self.trace["dead_seed"]))})
        layers = t["fires"].reshape(len(t["fires"]), -1, int(t["parameters.width"]))
        areas = (area.rows([90, 10])[0] for area in self.frame.split([1] * len(seeds), 0.9))
        nets = [Firing(area, layers[seed]) for seed, area in zip(seeds, areas, strict=True)]
        dead = [self.count("dead", seed) for seed in seeds]
        right = [self.share("function_accuracies", 0, seed) for seed in seeds]
        values = [{"n": n_of_m(n, self.hidden), "s": s} for n, s in zip(dead, right, strict=True)]
        told = [Sentence("{n} silent, {s} right", each) for each in values]
        tags = [net.caption(words) for net, words in zip(nets, told, strict=True)]
        with self.beat():
            self.exchange(leaving, nets)
            self.play(*(Turn(net, 1.6, linear, lit=1) for net in nets))
            for net in nets:
                self.track(Turn(net, 9, linear, pulse=4))
            self.play(Turn(nets[0], 0.8, dark=1), FadeIn(tags[0]))
            self.say(SILENT, dead=dead[0], all=self.hidden, score=right[0])
            for net, tag in zip(nets[1:], tags[1:], strict=True):
                self.play(Turn(net, 1.0, dark=1, frame=1), FadeIn(tag))
                self.say("Here a whole layer is silent: {score}.", score=right[1])
        return [*nets, *tags]

    def bend_the_pile(self, leaving: list[Any]) -> None:
        """The pile again, with the bend in every layer: no single layer does its work any more."""
        braid = Braid.of(self.trace, self.frame.stage, self.plane.plane, side=1, far=1, taut=1)
        braid.turn(step=braid.layers)
        missed, area = self.share("bent_missed", 0), self.frame.stage.rows([13, 87])[0]
        words = Sentence("{n} layers", {"n": self.layers}), Sentence("one misses {m}", {"m": missed})
        tags = braid.names(*words)
        formula = Formula(FORMULA, 0.8 * self.frame.number, width=area.width).move_to(area.center)
        with self.beat():
            self.exchange(leaving, (braid,))
            self.say("Now bend all {n} layers by {a}.", n=self.layers, a=self.angle)
            self.play(Turn(braid, 2.4, bent=1, taut=0))
            self.play(Turn(braid, 2.0, side=0, aim=1))
            self.play(Turn(braid, 2.2, gap=1), *(Later(1.2, FadeIn(tag)) for tag in tags))
            self.track(self.pushed_in(self.frame.whole, 1.05, 4.0))
            self.say("The best single layer now misses {missed}.", missed=missed)
        with self.beat():
            self.exchange(tags, (), Turn(braid, 1.8, side=1, aim=0, gap=0), self.pulled_back(1.8))
            braid.turn(step=0)
            self.track(Turn(braid, 6.0, linear, step=braid.layers))
            self.show(formula, seconds=0.4)
            self.say("Layers count only if they bend.")
            self.say("How many does it take to read a digit?")
