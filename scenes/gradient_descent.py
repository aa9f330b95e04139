"""Gradient descent: a ball in fog feels only the slope. Which bottom does it find, what throws it out again?

Everything is read from the trace of :func:`nnanim.sim.descents.study`.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from manim import FadeIn, FadeOut, linear, smooth
from manim.utils.rate_functions import ease_out_bounce
from pydantic import Field, model_validator

from nnanim.chapter import Case, Cases, Chapter, Report, either
from nnanim.lesson.numbers import exact, fitting, steps
from nnanim.params import Numbers
from nnanim.quantity import Label
from nnanim.sim import findings, surfaces
from nnanim.sim.findings import and_elsewhere, became
from nnanim.sim.outcomes import Outcome
from nnanim.sim.surfaces import SurfaceName, default_rate, default_rates, default_start
from nnanim.trace import Trace
from nnanim.visuals import Figures, Formula, Later, Plan, Readout, Tag, Turn, Verdict, across, down
from nnanim.visuals.space.bowls import Bowls
from nnanim.visuals.space.dots import Dots
from nnanim.visuals.space.landscape import Landscape
from nnanim.visuals.space.terrain import Terrain
from nnanim.visuals.space.walks import Style, Walk

RULES = {
    "sgd": "theta <- theta - eta thin nabla L",
    "momentum": "theta <- theta - eta thin v",
    "adam": "theta <- theta - eta thin hat(m) / sqrt(hat(v))",
}
BEGIN, THREE = "where the walk begins, θ₁ and θ₂", "learning rates that are compared"
TRIPLE: Any = {"min_length": 3, "max_length": 3}
LIMIT = 'eta_"max" = 2 slash "curvature"'
MAP = Plan(wide=across(map=58, side=42), square=down(map=74, side=26), tall=down(map=66, side=34))
PAIR = Plan(wide=across(one=50, other=50, gap=0.2), tall=down(one=50, other=50, gap=0.2))
TEST = Plan(*[down(dial=14, verdict=13, bowls=73, gap=0.05)] * 2)
RUNS = ("descent", "second", "rate[0]", "rate[1]", "rate[2]", "heavy")
STYLES: tuple[Style, ...] = ("solid", "dashed", "dotted", "solid", "dashed", "solid")

# What may be true ------------------------------------------------------------------------------------------

LEVEL = either("Which way is down?", "Which way is down? Here the ground is level.", findings.sloping)
STEP = Cases(
    Case("One step: learning rate times slope.", findings.goes_by_slope),
    Case("One step: learning rate times Adam’s direction.", findings.goes_otherwise),
)
FALL = Cases(
    Case("From {a} down to {b}.", findings.falls),
    Case("From {a} up to {b}.", findings.rises),
    Case("Hardly any change: {b}.", findings.stays),
)
SADDLE = Cases(
    Case("No. A saddle: down was there, only faint.", findings.saddle),
    Case("No. It moves on.", findings.no_saddle),
)
END = Cases(
    Case("It is out of all bounds: it diverges.", became(Outcome.OUT_OF_BOUNDS)),
    Case("Its peaks still grow: it diverges.", became(Outcome.DIVERGES)),
    Case("It overshoots, yet converges.", became(Outcome.SETTLES)),
    Case("It converges.", became(Outcome.CONVERGES)),
    Case("It oscillates.", became(Outcome.OSCILLATES)),
    Case("It stalls: no slope is left, and no bottom is near.", became(Outcome.STALLS)),
    Case("It is still on its way.", became(Outcome.UNDER_WAY)),
)
APART = Cases(
    Case("No end at all: out of all bounds.", findings.no_end),
    Case("No. They end apart.", findings.apart),
    Case("Yes, this time.", findings.together),
)
BOTTOMS = Cases(
    Case("Several bottoms, all equally deep.", findings.equally_deep),
    Case("Several bottoms, not equally deep.", findings.several),
    Case("There is one bottom.", findings.bottoms(1)),
    Case("There is no bottom in sight.", findings.bottoms(0)),
)
FATE = Cases(
    Case("The start decides which.", findings.start_decides),
    Case("Every start ends in it.", findings.all_caught),
    Case("{share} of the starts end in a bottom.", findings.some_caught),
    Case("No start ends in a bottom.", findings.none_caught),
)
RATE = Cases(
    Case("Rate {rate}: gone. Out of all bounds.", became(Outcome.OUT_OF_BOUNDS), "diverges"),
    Case("Rate {rate}: its peaks grow. It diverges.", became(Outcome.DIVERGES), "diverges"),
    Case("Rate {rate} overshoots, then converges elsewhere.", and_elsewhere(Outcome.SETTLES), "converges"),
    Case("Rate {rate} overshoots, yet converges.", became(Outcome.SETTLES), "converges"),
    Case("Rate {rate} converges elsewhere.", and_elsewhere(Outcome.CONVERGES), "converges"),
    Case("Rate {rate} converges.", became(Outcome.CONVERGES), "converges"),
    Case("Rate {rate} oscillates.", became(Outcome.OSCILLATES), "oscillates"),
    Case("Rate {rate} stalls: no slope is left.", became(Outcome.STALLS), "stalls"),
    Case("Rate {rate}: still on its way.", became(Outcome.UNDER_WAY), "on its way"),
)
THROW = Cases(
    Case("Equally deep. Does a ball settle in each at any step?", findings.equally_deep),
    Case("Does a ball settle in a bottom at any step?", findings.not_equally_deep),
)
FORECAST = Cases(
    Case("By its curvature, the sharpest should fail first, above {limit}.", findings.several),
    Case("By its curvature, this one should fail above {limit}.", findings.bottoms(1)),
)
AT_LOW = Cases(
    Case("At {rate} every ball settles.", findings.low_holds),
    Case("At {rate} not every ball settles.", findings.low_fails),
)
AT_HIGH = Cases(
    Case("At {rate} the ball in the sharpest never settles.", findings.sharpest_fails),
    Case("At {rate} it never settles.", findings.only_one_fails),
    Case("At {rate} it is not as foretold.", findings.high_surprises),
)
WEIGHT = Cases(
    Case("With momentum {a} instead of {b}, to another bottom.", findings.weight_leads_elsewhere),
    Case("Momentum helps: there in {a} instead of {b}.", findings.weight_helps),
    Case("Momentum costs: there in {a} instead of {b}.", findings.weight_costs),
    Case("Momentum changes nothing: both are there in {a}.", findings.weight_changes_nothing),
    Case("Momentum helps: there in {a}. Without it, not at all.", findings.weight_alone),
    Case("With that momentum it is not there after {s}.", findings.weight_fails),
)
NASTY = Cases(
    Case("Ours crawled for {c}. Of {m} random starts, {k} crawl as long.", findings.crawled(one=False)),
    Case("Ours crawled for {c}. Of {m} random starts, {k} crawls as long.", findings.crawled(one=True)),
    Case("Ours never crawled. Of {m} random starts, {k} do.", findings.never_crawled(one=False)),
    Case("Ours never crawled. Of {m} random starts, {k} does.", findings.never_crawled(one=True)),
)
SLICES = Cases(
    Case("Same network, same point: other hills.", findings.other_hills),
    Case("Same network, same point: much the same hills.", findings.same_hills),
)
ANSWER = Cases(
    Case("Enough to find a bottom. Start and step choose which.", findings.settled_somewhere),
    Case("Enough to find a bottom, from this start with this step.", findings.settled),
    Case("Not enough, from this start with this step.", findings.not_settled),
)


class GradientDescent(Chapter):
    """A ball in fog walks down by the slope alone; starts, step sizes and weight decide where it ends."""

    costly = True
    repeats = 1

    class Params(Chapter.Params):
        """The surface, the start, and the optimiser."""

        surface: SurfaceName = Field("himmelblau", description="loss surface")
        start: Numbers = Field(default_factory=default_start, min_length=2, max_length=2, description=BEGIN)
        learning_rate: float = Field(default_factory=default_rate, ge=1e-6, le=10, description="its rate, η")
        momentum: float = Field(0.1, ge=0, le=0.999, description="share of the velocity kept by momentum")
        heavy_momentum: float = Field(0.5, gt=0, le=0.999, description="momentum of the heavy ball")
        steps: int = Field(100, ge=10, le=300, description="steps of every run")
        optimiser: Literal["sgd", "momentum", "adam"] = Field("sgd", description="what walks down")
        learning_rates: Numbers = Field(default_factory=default_rates, description=THREE, **TRIPLE)
        seed: int = Field(0, ge=0, le=2**31 - 1, description="seed of the network and of random starts")

        @model_validator(mode="after")
        def _check(self) -> GradientDescent.Params:
            surfaces.check(self.surface, self.start, self.learning_rates)
            return self

    @staticmethod
    def simulate(p: Params, report: Report) -> Trace:
        """Every run, the many starts, the bottoms, and two slices through a network."""
        from nnanim.sim import descents  # torch is imported only when something is computed

        runs = descents.runs_of(p.optimiser, p.learning_rate, p.momentum, p.learning_rates, p.heavy_momentum)
        window, real = surfaces.WINDOWS[p.surface], surfaces.WINDOWS["network"]
        return descents.study(p.surface, window, p.start, runs, p.steps, real, p.seed, report)

    def construct(self) -> None:
        """The lesson, in order."""
        self.land = self.landscape()
        parts = (self.question, self.first_step, self.fall, self.second_ball, self.map, self.rates)
        for part in (*parts, self.throw, self.heavy_ball, self.random_starts, self.slices, self.answer):
            part()

    # Drawing ------------------------------------------------------------------------------------------

    def landscape(self) -> Landscape:
        """The land with every walk, seen from near the start, in fog."""
        trace, ground = self.trace, self.terrain("surface")
        points, reached = trace["descent.points"], float(trace["descent.steps"])
        then = [points[int(share * reached)] for share in (0, 0.5, 1)]
        self.front, self.beside = ground.open_azimuth(then[:1], 26, 20), ground.open_azimuth(then, 32, 70)
        runs = zip(RUNS, STYLES, strict=True)
        walks = [Walk(trace[f"{name}.points"], style, name == "heavy") for name, style in runs]
        pitch = float(trace["starts.pitch"])
        crawls = trace["random.crawls"] >= max(1, float(trace["random.own"]))
        land = Landscape(
            self.frame.whole, ground, walks, trace["descent.updates"], trace["bottoms.points"],
            Dots(trace["starts.places"], trace["starts.valley"], pitch),
            Dots(trace["random.places"], np.where(crawls, 5, 4), pitch, 1),
        )  # fmt: skip
        land.turn(azimuth=self.front - 16, elevation=26, size=self.near(0.43), follow=1)
        return land.turn(lift=0.4, fog=1, reach=0.14, show0=1)

    def terrain(self, name: str) -> Terrain:
        """The ground of a surface, with contour lines."""
        grid = (self.trace[f"{name}.{part}"] for part in ("x", "y", "heights"))
        return Terrain(*grid, [level / 12 for level in range(1, 12)])

    def near(self, size: float) -> float:
        """A size of the view that shows as much of the land's width in a frame of any shape."""
        return size * max(1.0, 0.85 * self.frame.height / self.frame.width)

    def turn(self, seconds: float = 1.0, rate: Any = smooth, near: float = 0.0, **dials: float) -> Turn:
        """The land's dials turning, to a nearness if one is said."""
        if near:
            dials["size"] = self.near(near)
        return Turn(self.land, seconds, rate, **dials)

    def running(self, array: str, decimals: int, before: str, count: int) -> Readout:
        """A number that runs above the ball."""
        size = (0.6 if self.frame.portrait else 0.9) * self.frame.number
        numbers, look = self.trace.quantities(array, decimals=decimals)[:count], {"size": size, "plate": 0.6}
        return Readout(numbers, self.land, "run0", before=before, anchor="ball0", at=(0, 1.4 * size), **look)

    # The lesson ---------------------------------------------------------------------------------------

    def question(self) -> None:
        """Fog, a ball that drops, and what it does not know."""
        self.add(self.land)
        self.track(self.turn(200, linear, time=200))
        with self.beat():
            self.say("In fog, you feel only the slope. Can you find the bottom?")
            self.track(self.turn(13, linear, azimuth=self.front))
            self.play(self.turn(0.9, ease_out_bounce, lift=0))
            self.say("Nearly every neural network learned by such a walk.")
            self.track(self.turn(2.0, plumb=1))
            self.say("Height is the loss: how wrong it is.")
        self.title_card()

    def first_step(self) -> None:
        """The slope's arrow, the arrow against it, one step."""
        trace, top, note, pink = self.trace, self.frame.stage.top, self.frame.note, self.theme.gradient
        notes = [Tag(surfaces.LANDS[self.params.surface], size=note, at=(0, top - 0.6 * note), plate=0.6)]
        if trace.text["surface.scale"] == "logarithmic":
            notes.append(Tag("heights: logarithmic scale", size=note, at=(0, top - 2.2 * note), plate=0.6))
        rule = Label(RULES[self.params.optimiser])
        formula = Formula(rule, self.frame.number, width=self.frame.stage.width).move_to((0, top - 0.65, 0))
        with self.beat():
            self.track(self.turn(2.0, near=0.25, elevation=34, plumb=0, reach=0.2))
            self.show(*notes)
            self.say(LEVEL)
            self.wait(2.0)
            if findings.sloping(trace):
                self.say("The slope points up. So go the other way.")
                notes.append(Tag("slope", self.land, "up", (0, -0.5), color=pink, plate=0.95))
                self.play(self.turn(1.0, up=1), Later(0.7, FadeIn(notes[-1], run_time=0.3)))
                self.play(self.turn(1.0, down=1))
            self.hide(*notes, seconds=0.3)
            figures, reach = (1 if trace["descent.losses"][0] >= 10 else 3), int(trace["descent.reach"])
            self.loss = self.running("descent.losses", figures, "loss ", reach + 1)
            self.show(self.loss, seconds=0.4)
            self.play(FadeIn(formula), self.turn(1.0, run0=1), self.turn(0.9, up=0, down=0))
            self.say(STEP)
            self.wait(0.8)
        self.hide(formula, seconds=0.3)

    def fall(self) -> None:
        """Down, a false rest if there is one, and how it ends."""
        trace, last = self.trace, float(self.trace["descent.steps"])
        reach, rest = int(trace["descent.reach"]), float(trace["rest.step"])
        with self.beat():
            self.track(self.turn(3.2, near=0.42, elevation=32, azimuth=self.front + 10, ink=0.7, reach=0.26))
            self.play(self.turn(2.8, linear, run0=reach))
            self.say(FALL, a=fitting(trace, "descent.losses", 0), b=fitting(trace, "descent.losses", reach))
            self.wait(1.5)
        self.hide(self.loss, seconds=0.3)
        with self.beat():
            if rest >= 0:
                length = self.running("descent.step_lengths", 4, "step length ", int(last))
                self.play(self.turn(1.8, run0=rest, near=0.22, elevation=30), FadeIn(length))
                self.say("Now it has all but stopped.")
                self.play(self.turn(1.4, linear, run0=min(rest + 4, last), eased=0))
                self.say("Is this the bottom?")
                self.wait(1.4)
                self.hide(length, seconds=0.3)
                away = max(float(trace["descent.there"]), min(rest + 8, last))
                self.play(self.turn(3.0, run0=away, near=0.4, azimuth=self.beside))
                self.say(SADDLE)
            self.play(self.turn(1.6, run0=last, eased=0, near=0.5, elevation=36, azimuth=self.beside))
            self.say(END, of=trace.under("descent"))

    def second_ball(self) -> None:
        """The same rule, from a little to the side."""
        trace, reach = self.trace, float(self.trace["descent.reach"])
        looks = trace["descent.points"][0 if findings.no_end(trace) else int(reach)]
        with self.beat():
            self.play(self.turn(1.4, run0=0, near=0.46, elevation=42), Later(1.0, self.turn(0.4, show1=1)))
            self.say("A second ball, a touch to the side.")
            self.wait(0.6)
            self.say("Same rule. Same end?")
            sees = {"follow": 0, "look_x": looks[0], "look_y": looks[1], "shift_y": 0.12}
            self.track(self.turn(5.0, near=0.75, elevation=54, reach=0.4, **sees))
            self.play(self.turn(2.0, linear, run0=reach, run1=min(reach, float(trace["second.steps"]))))
            self.play(self.turn(2.2, run0=float(trace["descent.steps"]), run1=float(trace["second.steps"])))
            self.say(APART)

    def map(self) -> None:
        """The fog lifts, the land becomes a map, every start is tried."""
        land, trace, plan = self.land, self.trace, self.plan(MAP)
        found = trace.quantities("starts.share", decimals=1, unit=" %")
        shares = [Tag(share, land, f"bottom{n}", at=(0, 0.75), plate=0.8) for n, share in enumerate(found)]
        starts, each = (trace.quantity(f"starts.{what}", decimals=0) for what in ("count", "steps"))
        many, home = Figures(plan.side, [(starts, "starts"), (each, "steps each")]), land.map_in(plan.map)
        with self.beat():
            self.play(self.turn(3.2, ink=1, show0=0, show1=0, **home), Later(2.4, self.turn(0.8, bottoms=1)))
            self.say(BOTTOMS)
            self.play(FadeIn(many), self.turn(2.6, linear, dots=1))
            self.show(*shares, seconds=0.5)
            self.say(FATE, share=trace.quantity("starts.caught", decimals=1, unit=" %"))
        tilt = {"elevation": 62, "azimuth": 9, "size": 1.14 * home["size"], "shift_y": home["shift_y"] + 0.05}
        self.play(self.turn(1.4, dots=0, flat=0, **tilt), *map(FadeOut, (many, *shares)))

    def rates(self) -> None:
        """One start, three step sizes."""
        trace, views = self.trace, self.trace.each("rate", 3)
        rates = [exact(trace, f"rate[{n}].learning_rate") for n in range(3)]
        words = zip(rates, (RATE.of(view).phrase for view in views), strict=True)
        figures = Figures(self.plan(MAP).side, list(words))
        self.land.turn(run0=0, show0=0)
        with self.beat():
            self.track(self.turn(12, linear, azimuth=-9))
            self.play(self.turn(0.6, show2=1, show3=1, show4=1), *(FadeIn(pair[0]) for pair in figures))
            self.say("Three learning rates.")
            for n, view in enumerate(views):
                self.play(self.turn(1.5, linear, **{f"run{n + 2}": float(view["steps"])}))
                self.show(figures[n][1], seconds=0.3)
                self.say(RATE, of=view, rate=rates[n])
                self.hush()
        self.play(self.turn(0.6, show2=0, show3=0, show4=0), FadeOut(figures))

    def throw(self) -> None:
        """How large a step each bottom can hold: foretold from its curvature, then tried."""
        trace, plan, size = self.trace, self.plan(TEST), self.frame.number
        if findings.bottoms(0)(trace):
            return
        bowls = self.bowls()
        most = trace.quantities("bottoms.limits", decimals=4)
        limits = [Tag(limit, bowls, f"bowl{n}", size=0.72 * size) for n, limit in enumerate(most)]
        rates = [exact(trace, "thrown.rates", n) for n in range(2)]
        rates = [rate.rounded_to(max(each.decimals for each in rates)) for rate in rates]
        up = plan.dial.center[:2] - (0, plan.bowls.top)
        tried = Readout(rates, bowls, "rate", before="rate ", size=size, anchor="top", at=up)
        rule = Formula(Label(LIMIT), size, width=plan.dial.width).move_to(plan.dial.center)
        good, last = findings.foretold(trace), len(trace["thrown.steps"]) - 1
        badge = Verdict("as foretold" if good else "not as foretold", good).move_to(plan.verdict.center)
        with self.beat():
            self.add(bowls)
            self.play(self.turn(1.2, veil=1, bottoms=0), Turn(bowls, 1.6, away=1, balls=1))
            self.track(Turn(bowls, 8.0, linear, bend=1))
            self.say(THROW)
            self.wait(1.6)
            self.show(rule, seconds=0.4)
            self.show(*limits, after=0.15)
            self.say(FORECAST, limit=most[0])
        with self.beat():
            self.play(FadeOut(rule, run_time=0.4), Turn(bowls, 0.5, bend=0))
            self.play(FadeIn(tried, run_time=0.4), Turn(bowls, 1.2, linear, moment=last))
            self.say(AT_LOW, rate=rates[0])
            self.hush()
            bowls.turn(rate=1, moment=last // 2)
            self.play(Turn(bowls, 4.0, linear, moment=last))
            self.track(Turn(bowls, 7.0, linear, moment=last + 12))
            self.say(AT_HIGH, rate=rates[1])
            self.show(badge, seconds=0.3)
            if good and findings.equally_deep(trace):
                self.say("Deep does not mean safe.")
        gone = map(FadeOut, (tried, badge, *limits))
        self.play(self.turn(1.2, veil=0, bottoms=1), Turn(bowls, 1.0, away=0, balls=0), *gone)
        self.remove(bowls)

    def bowls(self) -> Bowls:
        """The bottoms cut open, growing out of their places on the map."""
        trace = self.trace
        cuts = trace["bottoms.cuts"] - trace["bottoms.losses"][:, None]
        origins = [self.land.anchor(f"bottom{n}") for n in range(len(cuts))]
        sharpness, hops = trace["bottoms.curvatures"][:, -1], trace["thrown.offsets"]
        return Bowls(self.plan(TEST).bowls, trace["bottoms.offsets"], cuts, sharpness, hops, origins)

    def heavy_ball(self) -> None:
        """The same start with momentum."""
        trace, words = self.trace, {"descent": "steps", "heavy": "momentum"}
        there = [name for name in words if trace[f"{name}.there"] >= 0]
        counts = [(trace.quantity(f"{name}.there", decimals=0), words[name]) for name in there]
        shown = [Figures(self.plan(MAP).side, counts)] if counts else []
        with self.beat():
            self.track(self.turn(8.5, linear, azimuth=9))
            self.play(self.turn(0.5, show0=1, show5=1))
            self.play(self.turn(2.6, run0=float(trace["descent.steps"]), run5=float(trace["heavy.steps"])))
            self.show(*shown)
            heavy, plain = (steps(trace, f"{name}.there") for name in ("heavy", "descent"))
            self.say(WEIGHT, a=heavy, b=plain, s=steps(trace, "heavy.steps"))
        self.play(self.turn(0.6, show0=0, show5=0), *map(FadeOut, shown))

    def random_starts(self) -> None:
        """Was our start a nasty one?"""
        trace = self.trace
        all_of_them, as_long = (trace.quantity(f"random.{each}", decimals=0) for each in ("count", "as_long"))
        own = trace.quantity("random.own", decimals=0)
        counts = [(own, "steps"), (all_of_them, "starts"), (as_long, "as long")]
        figures = Figures(self.plan(MAP).side, counts)
        with self.beat():
            self.say("Did we pick a nasty start?")
            self.track(self.turn(9, linear, azimuth=-8))
            self.play(self.turn(2.2, linear, rain=1, bottoms=0))
            self.show(figures)
            self.say(NASTY, c=steps(trace, "random.own"), m=all_of_them, k=as_long)
        self.play(self.turn(0.6, rain=0), FadeOut(figures))

    def slices(self) -> None:
        """Two slices through one trained network."""
        areas, rest = self.plan(PAIR), [Walk(np.zeros((1, 2)))]
        look = {"size": 1.2, "elevation": 36, "distance": 2.6, "ink": 0.7, "show0": 1}
        places = ((areas.one, "network"), (areas.other, "slice"))
        pair = [Landscape(area, self.terrain(name), rest, **look) for area, name in places]
        with self.beat():
            self.play(self.turn(0.6, veil=1), *(Later(0.3, FadeIn(land, run_time=0.6)) for land in pair))
            for land in pair:
                self.track(Turn(land, 8, linear, azimuth=52))
            self.say("A real network has far more than two dials.")
            self.say("Two slices, both through its trained weights.")
            self.say(SLICES)
        self.land.turn(fog=1, reach=0.16, ink=0, bottoms=0, run0=0, show0=1, follow=1, shift_x=0, shift_y=0)
        self.land.turn(elevation=60, azimuth=self.front, size=self.near(0.7))
        self.play(*(FadeOut(land, run_time=0.6) for land in pair), Later(0.3, self.turn(0.6, veil=0)))

    def answer(self) -> None:
        """The fog again, and what the walk was enough for."""
        with self.beat():
            self.track(self.turn(6.5, azimuth=self.beside, elevation=34, near=0.5))
            self.play(self.turn(3.6, linear, run0=float(self.trace["descent.steps"]), eased=0))
            self.say(ANSWER)
            self.track(self.turn(6, fog=0, ink=0.7, near=0.62, elevation=42))
            self.say("Somebody said how wrong. What if nobody does?")
            self.wait(1.0)
