"""Gradient descent: a ball walks down a loss surface, and three optimisers race.

Everything is read from the trace of :func:`nnanim.sim.landscape.record`.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Literal

import numpy as np
from manim import DOWN, UP, Arrow, Create, FadeIn, FadeOut, VGroup, linear, squish_rate_func
from pydantic import Field, model_validator

from nnanim.chapter import Chapter
from nnanim.params import Numbers, show_value
from nnanim.quantity import Label, Quantity, Sentence, Showable, as_showable, counted, join
from nnanim.trace import Trace
from nnanim.visuals.contour import ColorScale, ContourMap, map_region
from nnanim.visuals.frame import Region
from nnanim.visuals.glyphs import Weight
from nnanim.visuals.math import Formula
from nnanim.visuals.points import PointCloud
from nnanim.visuals.relief import Relief
from nnanim.visuals.steps import StepPlot
from nnanim.visuals.surface import Surface, ground_labels
from nnanim.visuals.table import Table
from nnanim.visuals.text import Paragraph, TextLine, centred_lines, text_width
from nnanim.visuals.theme import rgba
from nnanim.visuals.trail import Shape, Trail, ball_alone

SurfaceName = Literal["bowl", "rosenbrock", "himmelblau", "saddle", "network"]

# Left, right, bottom, top of what is drawn of each surface.
WINDOWS = {
    "bowl": (-3.0, 3.0, -2.0, 2.0),
    "rosenbrock": (-2.0, 2.0, -1.0, 3.0),
    "himmelblau": (-5.0, 5.0, -5.0, 5.0),
    "saddle": (-2.4, 2.4, -2.0, 2.0),
    "network": (-1.0, 1.0, -1.0, 1.0),
}
STARTS = {
    "bowl": (-2.4, 0.8),
    "rosenbrock": (-1.2, 1.0),
    "himmelblau": (-0.5, -0.6),
    "saddle": (-1.8, 0.1),
    "network": (-0.8, 0.7),
}
RATES = {"bowl": 0.05, "rosenbrock": 0.001, "himmelblau": 0.01, "saddle": 0.1, "network": 0.05}
FORMULAS = {
    "bowl": "L(theta) = 0.35 thin theta_1^2 + 1.7 thin theta_2^2",
    "rosenbrock": "L(theta) = (1 - theta_1)^2 + 100 (theta_2 - theta_1^2)^2",
    "himmelblau": "L(theta) = (theta_1^2 + theta_2 - 11)^2 + (theta_1 + theta_2^2 - 7)^2",
    "saddle": "L(theta) = 1/2 (theta_1^2 - theta_2^2) + 1/8 theta_2^4",
    "network": "L(theta) = L_upright(\"net\")(bold(w) + theta_1 bold(d)_1 + theta_2 bold(d)_2)",
}
NAMES = {
    "bowl": "An elongated bowl",
    "rosenbrock": "Rosenbrock’s valley",
    "himmelblau": "Himmelblau’s function",
    "saddle": "A saddle between two valleys",
    "network": "The loss of a small network",
}
OPTIMISERS = {"sgd": "SGD", "momentum": "momentum", "adam": "Adam"}
SOURCE = "Filter-normalised directions: Li et al. 2018, Visualizing the Loss Landscape of Neural Nets"
STEP = (("descent.points", 0), ("descent.directions", 0), ("descent.points", 1))
"""Where the trace holds the numbers of the first step: θ − learning rate × direction = new θ."""
LEVELS = [level / 12 for level in range(1, 12)]
"""Heights of the contour lines."""
VIEW = (-28.0, 40.0)
"""How far the ground is turned, and how high the viewer stands, in degrees."""
LEAVES = "leaves the picture"
THETA = (Label("θ₁"), Label("θ₂"))


def default_start(known: dict[str, Any]) -> tuple[float, ...]:
    """A start from which the surface shows what it is known for."""
    return STARTS[known.get("surface", "bowl")]


def default_rate(known: dict[str, Any]) -> float:
    """A learning rate that suits the surface."""
    return RATES[known.get("surface", "bowl")]


def default_rates(known: dict[str, Any]) -> tuple[float, ...]:
    """A tenth of the learning rate, the rate itself, and twelve times as much."""
    rate = known.get("learning_rate", RATES["bowl"])
    return tuple(min(max(float(f"{rate * factor:.6g}"), 1e-6), 100.0) for factor in (0.1, 1, 12))


class GradientDescent(Chapter):
    """A ball walks down a loss surface by its gradient; learning rates and optimisers are compared."""

    costly = True

    class Params(Chapter.Params):
        """The surface, the start, and the optimiser."""

        surface: SurfaceName = Field("bowl", description="the loss surface; network is that of a small trained network")
        start: Numbers = Field(
            default_factory=default_start, min_length=2, max_length=2, description="where the walk begins, θ₁ and θ₂"
        )
        learning_rate: float = Field(default_factory=default_rate, ge=1e-6, le=10, description="learning rate")
        momentum: float = Field(0.1, ge=0, le=0.999, description="share of the velocity that a step keeps")
        heavy_momentum: float = Field(0.9, gt=0, le=0.999, description="the larger momentum that it is compared with, and of the race")
        steps: int = Field(100, ge=10, le=300, description="steps of every run")
        optimiser: Literal["sgd", "momentum", "adam"] = Field(
            "sgd", description="what walks down first, and in the comparison of learning rates"
        )
        learning_rates: Numbers = Field(
            default_factory=default_rates, min_length=3, max_length=3, description="learning rates that are compared"
        )
        seed: int = Field(0, ge=0, le=2**31 - 1, description="seed of the network: its data, first weights, directions")

        @model_validator(mode="after")
        def _check(self) -> GradientDescent.Params:
            left, right, bottom, top = WINDOWS[self.surface]
            x, y = self.start
            if not (left <= x <= right and bottom <= y <= top):
                raise ValueError(
                    f"start must lie between {left:g} and {right:g}, {bottom:g} and {top:g} on the surface {self.surface}, "
                    f"got {show_value(self.start)} (try --set start={show_value(STARTS[self.surface])})"
                )
            if not all(1e-6 <= rate <= 100 for rate in self.learning_rates):
                raise ValueError(
                    f"learning_rates must each lie between 0.000001 and 100, got {show_value(self.learning_rates)}"
                )
            return self

    def simulate(self, p: Params) -> Trace:
        """Every run, on the surface and on that of the network."""
        from nnanim.sim import landscape  # torch is imported only when something is computed

        runs = [landscape.Run("descent", p.optimiser, p.learning_rate, p.momentum)]
        runs += [landscape.Run(f"rate[{n}]", p.optimiser, rate, p.momentum) for n, rate in enumerate(p.learning_rates)]
        for n, momentum in enumerate(momenta(p)):
            runs.append(landscape.Run(f"momentum[{n}]", "momentum" if momentum else "sgd", p.learning_rate, momentum))
        for n, name in enumerate(OPTIMISERS):
            runs.append(landscape.Run(f"race[{n}]", name, p.learning_rate, p.heavy_momentum))  # type: ignore[arg-type]
        same = p.surface == "network"
        real_run = landscape.Run("real", p.optimiser, p.learning_rate if same else RATES["network"], p.momentum)
        return landscape.record(
            p.surface, WINDOWS[p.surface], p.start, runs, p.steps,
            WINDOWS["network"], p.start if same else STARTS["network"], real_run, p.seed, self.report,
        )  # fmt: skip

    def construct(self) -> None:
        """The lesson, in order."""
        self.last_step = (self.params.steps, self.given("steps"))
        self.landscape()
        self.first_gradient()
        self.one_step()
        self.walk()
        self.compare_rates()
        self.build_up_momentum()
        self.race()
        self.real_surface()
        self.ending()

    # Reading the trace --------------------------------------------------------------------------------

    def number(self, source: str, *index: int) -> Showable:
        """A number of the trace with decimals that suit its size; what is hardly there or beyond all bounds is put in words."""
        value = self.trace.quantity(source, *index).value
        if abs(value) > float(self.trace["beyond"]):
            side = "over" if value > 0 else "under minus"
            return Sentence(f"{side} {{beyond}}", {"beyond": self.trace.quantity("beyond", decimals=0)})
        if 0 < value < float(self.trace["tiny"]) and "losses" in source:
            return Sentence("under {tiny}", {"tiny": self.trace.quantity("tiny", decimals=6)})
        sizes = ((1000, 0), (100, 1), (0.1, 2), (0.001, 4), (1e-6, 6))
        decimals = next((decimals for least, decimals in sizes if abs(value) >= least), 2)
        return self.trace.quantity(source, *index, decimals=decimals)

    def setting(self, name: str, *index: int) -> Quantity:
        """A parameter with its decimals, at least two, and of a small number with four figures at most."""
        value = self.given(name, *index).value
        most = 3 - int(np.floor(np.log10(abs(value)))) if 0 < abs(value) < 1 else 3
        return self.given(name, *index, decimals=next((d for d in range(2, most) if abs(round(value, d) - value) < 1e-12), most))

    def two_losses(self, run: str, first: int, last: int) -> tuple[Showable, Showable]:
        """Two losses of a run, with as many decimals as it takes to tell them apart."""
        both = tuple(self.number(f"{run}.losses", step) for step in (first, last))
        decimals = 2
        while both[0].text == both[1].text and decimals < 8 and isinstance(both[0], Quantity) and both[0].value != both[1].value:  # type: ignore[union-attr]
            decimals += 1
            both = tuple(self.trace.quantity(f"{run}.losses", step, decimals=decimals) for step in (first, last))
        return both[0], both[1]

    def steps_of(self, run: str) -> Sentence:
        """“80 steps”."""
        return counted(self.trace.quantity(f"{run}.steps", decimals=0), "step", "steps")

    def last_loss(self, run: str) -> Showable:
        """The loss at the end of a run."""
        return self.number(f"{run}.losses", len(self.trace[f"{run}.losses"]) - 1)

    def verdict(self, run: str) -> str:
        """What became of a run, as the simulation decided."""
        return self.trace.text[f"{run}.verdict"]

    # Drawing ------------------------------------------------------------------------------------------

    def halves(self, shares: tuple[float, float] = (0.54, 0.46), gap: float = 0.5) -> list[Region]:
        """The stage in two: side by side in a wide frame, one above the other in a narrow one."""
        stage = self.frame.stage
        if self.frame.stacked:
            return stage.rows(shares, 0.3)
        return stage.columns(shares if self.frame.width > 12 else (shares[0] - 0.06, shares[1] + 0.06), gap)

    def three_parts(self) -> tuple[Region, Region, Region]:
        """The stage in three: a map, a plot, and room for a few lines."""
        stage = self.frame.stage
        if self.frame.portrait:
            area, plot, lines = stage.rows([0.47, 0.31, 0.22], 0.3)
            return area, plot, lines
        if self.frame.width < 12:
            upper, lines = stage.rows([0.66, 0.34], 0.3)
            area, plot = upper.columns([0.54, 0.46], 0.3)
            return area, plot, lines
        area, right = stage.columns([0.54, 0.46], 0.5)
        plot, lines = right.rows([0.64, 0.36], 0.2)
        return area, plot, lines

    def relief(self, name: str) -> Relief:
        """The heights of a surface."""
        return Relief(*(self.trace[f"{name}.{part}"] for part in ("x", "y", "heights")))

    def contour_map(self, region: Region, name: str = "surface", marks: bool = True) -> ContourMap:
        """The surface from above."""
        return ContourMap(self.relief(name), LEVELS, region, THETA if marks else None)

    def trail(self, area: ContourMap, run: str, color: str | None = None, shape: Shape = "circle", ball: float = 0.13) -> Trail:
        """A run on a map, at its start."""
        return Trail(area.spots(self.trace[f"{run}.points"]), area.place, color, shape, ball=ball)

    def moves(self, run: str, *trails: Trail, begin: int = 0, end: int | None = None) -> list[Any]:
        """Animations that let a run walk from one step to another, all runs at the same pace."""
        end = self.params.steps if end is None else end
        last = min(int(self.trace[f"{run}.steps"]), end)
        share = min(max((last - begin) / max(end - begin, 1), 0.02), 1.0)
        pace = squish_rate_func(linear, 0, share) if share < 1 else linear
        return [trail.animate(rate_func=pace).reach(last) for trail in trails]

    # The surface --------------------------------------------------------------------------------------

    def landscape(self) -> None:
        """The surface in three dimensions, then from above."""
        self.left, self.right = self.halves()
        room = self.left.inset(0.25, 0.3)
        solid = Surface(self.relief("surface"), room, azimuth=VIEW[0] - 24)
        labels = ground_labels(solid.copy().look(*VIEW, room), THETA, "loss")
        self.area = self.contour_map(self.left)
        name, formula, scale = self.legend()
        with self.beat("Two weights span the ground; the height above them is the loss. Learning means walking down."):
            self.play(FadeIn(solid), FadeIn(name), run_time=0.8)
            self.play(solid.animate.look(*VIEW, room), run_time=2.6)
            self.play(FadeIn(labels), FadeIn(formula), run_time=0.6)
        with self.beat("Seen from above it is a map: a line joins points of equal loss; the bluer, the higher."):
            self.play(FadeOut(labels), run_time=0.3)
            self.play(solid.animate.look(0, 90, self.area.place), run_time=1.8)
            self.play(FadeIn(self.area), run_time=0.6)
            self.remove(solid)
            self.play(FadeIn(scale), run_time=0.6)
        self.play(*map(FadeOut, (name, formula, scale)), run_time=0.4)

    def legend(self) -> tuple[TextLine, Formula, ColorScale]:
        """The surface's name, its formula, and the scale of its colours."""
        trace, place = self.trace, self.right
        name = TextLine(NAMES[self.params.surface], self.frame.heading, weight="semibold")
        formula = Formula(Label(FORMULAS[self.params.surface]), self.frame.body * 1.3, width=place.width)
        words = "loss, on a logarithmic scale" if trace.text["surface.scale"] == "logarithmic" else "loss"
        bar = Region(place.left + 0.1 * place.width, place.right - 0.1 * place.width, 0, 0)
        scale = ColorScale(LEVELS, self.number("surface.lowest"), self.number("surface.highest"), bar, words)
        VGroup(name, formula, scale).arrange(DOWN, buff=0.5 if self.frame.stacked else 0.75).move_to(place.center)
        return name, formula, scale

    # The gradient -------------------------------------------------------------------------------------

    def first_gradient(self) -> None:
        """The ball at the start, and the arrow of the negative gradient."""
        trace, area = self.trace, self.area
        self.ball = self.trail(area, "descent", ball=0.15)
        still = float(trace["descent.gradient_norms"][0]) < 1e-6
        start, end, exact = area.arrow_ends(trace["descent.points"][0], -trace["descent.gradients"][0])
        table = self.state_table()
        key = self.arrow_key(table, exact)
        with self.beat("We start somewhere, as random first weights do: here the loss is {loss}.", loss=self.number("descent.losses", 0)):
            self.play(FadeIn(self.ball), run_time=0.6)
            self.play(FadeIn(table.row(0)), FadeIn(table.row(1)), run_time=0.6)
            self.play(FadeIn(table.row(2)), run_time=0.6)
        arrow = Arrow(start, end, buff=0, color=self.theme.gradient, stroke_width=7, tip_length=0.26, max_tip_length_to_length_ratio=0.4)
        said = self.claim(
            ("The gradient points uphill. We go the other way: the arrow is the steepest way down.", lambda t: t["descent.gradient_norms"][0] >= 1e-6),
            ("The gradient is zero: the ground is level here, and no direction leads down.", lambda t: t["descent.gradient_norms"][0] < 1e-6),
        )
        with self.beat(said):
            self.play(FadeIn(table.row(3)), run_time=0.7)
            if not still:
                self.add(arrow, self.ball)
                self.play(Create(arrow), FadeIn(key), run_time=0.9)
        self.play(FadeOut(table), FadeOut(key), run_time=0.4)
        self.arrow = arrow if not still else VGroup()

    def arrow_key(self, table: Table, exact: bool) -> TextLine:
        """What the arrow is, under the table."""
        words = "arrow: −gradient, to scale" if exact else "arrow: −gradient, not to scale"
        size = min(self.frame.small * 1.15, self.right.width / text_width(words, 1.0))
        height = max(table.row_heights[-1] - 1.7 * table.em_size, self.right.bottom + size / 2)
        return TextLine(words, size, self.theme.gradient).on(np.array([self.right.center[0], height, 0]))

    def state_table(self) -> Table:
        """Place, loss and gradient at the start."""
        gradient = [self.number("descent.gradients", 0, n) for n in range(2)]
        rows: list[list[Any]] = [
            [None, *THETA],
            ["place", *(self.number("descent.points", 0, n) for n in range(2))],
            ["loss", self.number("descent.losses", 0), None],
            ["gradient", *gradient],
        ]
        colors = {(r, 0): self.theme.muted for r in range(4)} | {(0, c): self.theme.muted for c in (1, 2)}
        colors |= {(3, c): self.theme.gradient for c in (0, 1, 2)}
        return Table(
            rows, self.right.rows([0.86, 0.14], 0)[0], ["left", "right", "right"], size=self.frame.body * 1.25, colors=colors,
            weights={(r, c): "semibold" for r in (1, 2, 3) for c in (1, 2)},
        )  # fmt: skip

    # One step -----------------------------------------------------------------------------------------

    def one_step(self) -> None:
        """θ − learning rate × direction, with numbers; the loss before and after."""
        table, before, after = self.step_table()
        names = {"sgd": "the gradient", "momentum": "the velocity, at first the gradient", "adam": "Adam’s direction, the rescaled gradient"}
        said = self.claim(
            ("One step: subtract learning rate times {d}. The loss stays close to {a}.", lambda t: alike(t["descent.losses"][0], t["descent.losses"][1])),
            ("One step: subtract learning rate times {d}. The loss falls from {a} to {b}.", lambda t: t["descent.losses"][1] < t["descent.losses"][0]),
            ("One step: subtract learning rate times {d}. The loss rises from {a} to {b}.", lambda t: t["descent.losses"][1] > t["descent.losses"][0]),
            d=names[self.params.optimiser], a=before, b=after,
        )  # fmt: skip
        with self.beat(said):
            for row in range(len(table.row_heights) - 2):
                self.play(FadeIn(table.row(row), shift=0.1 * UP), run_time=0.7)
            self.play(self.ball.animate.reach(1), run_time=1.0)
            for row in range(len(table.row_heights) - 2, len(table.row_heights)):
                self.play(FadeIn(table.row(row)), run_time=0.5)
        self.play(FadeOut(table), FadeOut(self.arrow), run_time=0.4)

    def step_table(self) -> tuple[Table, Showable, Showable]:
        """The arithmetic of the first step with as many decimals as fit, and the losses before and after."""
        muted, rate = self.theme.muted, self.setting("learning_rate")
        word = {"sgd": "gradient", "momentum": "velocity", "adam": "direction"}[self.params.optimiser]
        before, after = self.two_losses("descent", 0, 1)
        named = 4 if isinstance(before, Quantity) and isinstance(after, Quantity) else 2  # words need more room than a number
        spanning = [(row, column) for row in (3, 4) for column in (named, 6)]
        colors = {(r, c): muted for r in range(3) for c in (0, 1, 2, 3, 5, 6) if r == 0 or c % 2} | {(3, named): muted, (4, named): muted}
        colors |= {(r, 4): self.theme.gradient for r in (0, 1, 2)} | {(r, 6): self.theme.highlight for r in (1, 2)}
        for decimals in (3, 2, 1, 0):
            rows: list[list[Any]] = [["place", None, "rate", None, word, None, "new place"]]
            for axis in range(2):
                place, direction, moved = (self.briefly(decimals, *where, axis) for where in STEP)
                rows.append([place, "−", rate, "×", direction, "=", moved])
            for words, loss in (("loss before", before), ("loss after", after)):
                rows.append([words if column == named else None for column in range(6)] + [loss])
            with suppress(ValueError):
                return Table(
                    rows, self.right.inset(0.0, 0.05), ["right", "center"] * 3 + ["right"], size=self.frame.body * 1.2, colors=colors,
                    weights={(r, 6): "semibold" for r in range(1, 5)}, spanning=spanning, gap=0.45,
                ), before, after  # fmt: skip
        raise AssertionError("the table of a step fits no frame")

    def briefly(self, decimals: int, source: str, *index: int) -> Showable:
        """A number with these decimals, or fewer when it is large."""
        shown = self.number(source, *index)
        if not isinstance(shown, Quantity):
            return "far away"
        return shown.rounded_to(min(decimals, 3 if abs(shown.value) < 100 else 1 if abs(shown.value) < 1000 else 0))

    # The walk -----------------------------------------------------------------------------------------

    def loss_range(self, *runs: str) -> tuple[float, float]:
        """Range of a loss plot: from zero, or the lowest, to the start, or clearly above it when a loss rises."""
        losses = np.concatenate([self.trace[f"{run}.losses"] for run in runs])
        start = float(self.trace[f"{runs[0]}.losses"][0])
        low = min(0.0, float(losses.min()))
        high = min(max(float(losses.max()), start), start + 0.6 * (start - low))
        return low, high if high > low else low + 1.0

    def loss_plot(self, region: Region, *runs: str) -> StepPlot:
        """Axes for the losses of some runs, their common start marked."""
        low, high = self.loss_range(*runs)
        start = self.number(f"{runs[0]}.losses", 0)
        marks: list[tuple[float, Showable]] = [(float(self.trace[f"{runs[0]}.losses"][0]), start)]
        if marks[0][0] - low > 0.12 * (high - low):
            marks.append((0.0, Label("0")))
        return StepPlot(region, self.last_step, low, high, "loss", marks)

    def walk(self) -> None:
        """Step after step, with the loss beside it, and what becomes of it."""
        plot = self.loss_plot(self.right.inset(0.1, 0.2), "descent")
        curve = plot.curve(self.trace["descent.losses"]).reach(1)
        few = min(6, int(self.trace["descent.steps"]))
        again = self.claim(
            ("Then again, from the new place: a new gradient, a new step.", lambda t: t["descent.steps"] > 1),
            ("One step, and the ball is out of all bounds.", lambda t: t["descent.steps"] == 1),
        )
        with self.beat(again):
            self.play(FadeIn(plot), FadeIn(curve), run_time=0.6)
            for step in range(2, few + 1):
                self.play(self.ball.animate.reach(step), curve.animate.reach(step), run_time=0.55)
        said = self.outcome("descent")
        with self.beat(said):
            self.play(*self.moves("descent", self.ball, curve, begin=few), run_time=4.0)
            note = self.leaving_note(self.area, self.ball)
            if note is not None:
                self.play(FadeIn(note), run_time=0.4)
        self.play(*map(FadeOut, [self.area, self.ball, plot, curve, *([note] if note is not None else [])]), run_time=0.5)

    def leaving_note(self, area: ContourMap, *trails: Trail) -> VGroup | None:
        """Says that a run leaves the picture, where one does."""
        return area.corner_note(LEAVES) if any(trail.leaves for trail in trails) else None

    def outcome(self, run: str) -> Sentence:
        """What became of a run."""
        before, after = self.two_losses(run, 0, len(self.trace[f"{run}.losses"]) - 1)
        return self.claim(
            ("After {n} the loss is out of all bounds: the run diverges.", lambda t: bool(t[f"{run}.stopped"])),
            ("After {n} the loss is {b}, above the {a} of the start: the run diverges.", lambda t: diverges(t, run)),
            ("It overshoots: most steps turn back on the one before. It oscillates; the loss ends at {b}.", lambda t: oscillates(t, run)),
            ("After {n} the loss is {b}: the run converges to a minimum.", lambda t: converges(t, run)),
            ("After {n} the loss is {b}: the gradient has vanished, yet this is no minimum. The run stalls.", lambda t: stalls(t, run)),
            ("After {n} the loss is {b}: still on its way.", lambda t: under_way(t, run)),
            n=self.steps_of(run), a=before, b=after,
        )  # fmt: skip

    # Learning rates -----------------------------------------------------------------------------------

    def compare_rates(self) -> None:
        """The same start with three learning rates, each with its verdict."""
        runs = [f"rate[{n}]" for n in range(3)]
        panels = [self.rate_panel(n, place) for n, place in enumerate(self.panel_regions())]
        with self.beat("The same start with three learning rates: how long should a step be?"):
            for area, trail, heading, _ in panels:
                self.play(FadeIn(area), FadeIn(trail), FadeIn(heading), run_time=0.5)
        with self.beat(self.rates_claim(runs)):
            self.play(*(move for n, run in enumerate(runs) for move in self.moves(run, panels[n][1])), run_time=4.0)
            for *_, verdict in panels:
                self.play(FadeIn(verdict), run_time=0.4)
        self.play(*(FadeOut(part) for panel in panels for part in panel), run_time=0.5)

    def panel_regions(self) -> list[Region]:
        """Three columns or three rows, whichever makes the larger maps."""
        stage = self.frame.stage
        columns, rows = stage.columns([1, 1, 1], 0.35), stage.rows([1, 1, 1], 0.3)
        left, right, bottom, top = WINDOWS[self.params.surface]
        shape = Region(left, right, bottom, top)
        self.in_rows = map_region(shape, self.panel_parts(rows[0], True)[0], False).width > map_region(
            shape, self.panel_parts(columns[0], False)[0], False
        ).width
        return rows if self.in_rows else columns

    def panel_parts(self, place: Region, beside: bool) -> tuple[Region, Region]:
        """Room for a map and for the words beside it, or around it."""
        if beside:
            area, words = place.columns([0.58, 0.42], 0.35)
            return area, words
        size = self.frame.body
        return Region(place.left, place.right, place.bottom + 5.1 * size, place.top - 1.6 * size), place

    def rate_panel(self, n: int, place: Region) -> tuple[ContourMap, Trail, TextLine, VGroup]:
        """A map with its run, the rate above it, the verdict below; or both beside it."""
        run = f"rate[{n}]"
        room, words = self.panel_parts(place, self.in_rows)
        widest = max(text_width(as_showable(text), 1.0, weight) for m in range(3) for text, _, weight in self.panel_lines(m, True))
        lack = 1.01 * self.frame.smallest * widest - words.width
        if self.in_rows and lack > 0:  # the map yields so that the words can be read
            room = Region(room.left, room.right - lack, room.bottom, room.top)
            words = Region(words.left - lack, words.right, words.bottom, words.top)
        area = self.contour_map(room, marks=False)
        trail = self.trail(area, run)
        lines = self.panel_lines(n, trail.leaves)
        tallest = words.height / 5.4 if self.in_rows else self.frame.body * 1.15
        size = min(self.frame.body * 1.15, tallest, words.width / widest)
        x, align = (words.left, "left") if self.in_rows else (float(area.place.center[0]), "center")
        baselines = [words.center[1] + (len(lines) / 2 - 0.8 - row) * 1.35 * size for row in range(len(lines))]
        if not self.in_rows:
            baselines = [area.place.top + 0.5 * size, *(area.place.bottom - (row * 1.35 + 1.1) * size for row in range(len(lines) - 1))]
        made = [
            TextLine(text, size, color, weight).at(x, float(baseline), align)  # type: ignore[arg-type]
            for (text, color, weight), baseline in zip(lines, baselines, strict=True)
        ]
        return area, trail, made[0], VGroup(*made[1:])

    def panel_lines(self, n: int, leaves: bool) -> list[tuple[Showable, str, Weight]]:
        """The words of a panel, each with its colour and weight."""
        run = f"rate[{n}]"
        lines: list[tuple[Showable, str, Weight]] = [
            (Sentence("rate {r}", {"r": self.setting("learning_rates", n)}), self.theme.text, "semibold"),
            (Label(self.verdict(run)), self.verdict_color(run), "semibold"),
            (Sentence("loss {b}", {"b": self.last_loss(run)}), self.theme.muted, "regular"),
        ]
        return [*lines, (LEAVES, self.theme.muted, "regular")] if leaves else lines

    def verdict_color(self, run: str) -> str:
        """Good for what converges, the gradient's orange opposite for what does not hold, plain otherwise."""
        return {"converges": self.theme.good, "diverges": self.theme.negative, "oscillates": self.theme.negative}.get(self.verdict(run), self.theme.text)

    def rates_claim(self, runs: list[str]) -> Sentence:
        """The three verdicts in one sentence."""
        said = []
        for n, run in enumerate(runs):
            holds = {
                "diverges": diverges, "oscillates": oscillates, "converges": converges, "stalls": stalls, "on its way": under_way,
            }[self.verdict(run)]  # fmt: skip
            phrase = "is still on its way" if self.verdict(run) == "on its way" else self.verdict(run)
            said.append(self.claim((f"{{rate}} {phrase}", lambda t, holds=holds, run=run: holds(t, run)), rate=self.setting("learning_rates", n)))
        whole = Sentence("{a}, {b}, {c}.", dict(zip("abc", said, strict=True)))
        if self.verdict(runs[0]) == "on its way" and self.verdict(runs[1]) == "converges" and self.verdict(runs[2]) in ("diverges", "oscillates"):
            return join(whole, self.claim(("Too small creeps; too large overshoots.", lambda t: under_way(t, runs[0]) and (diverges(t, runs[2]) or oscillates(t, runs[2])))))
        return whole

    # Momentum -----------------------------------------------------------------------------------------

    def styles(self) -> list[tuple[str, Shape]]:
        """Colours and shapes of the runs that share a map."""
        return [(self.theme.highlight, "circle"), (self.theme.text, "square"), (self.theme.good, "triangle")]

    def build_up_momentum(self) -> None:
        """Velocity builds up where steps agree."""
        values = momenta(self.params)
        runs = [f"momentum[{n}]" for n in range(len(values))]
        place, low, top = self.three_parts()
        area = self.contour_map(place)
        rule = Formula(Label("v arrow.l mu v + nabla L, quad theta arrow.l theta - eta v"), self.frame.body * 1.3, width=top.width).move_to(top.center)
        lengths = [self.trace[f"{run}.step_lengths"] for run in runs]
        high = 1.08 * min(max(float(length.max()) for length in lengths), 25 * max(float(lengths[0][0]), 1e-9))
        first = float(lengths[0][0])
        marks = [(first, self.number(f"{runs[0]}.step_lengths", 0))] if 0.03 * high < first < high else []
        plot = StepPlot(low, self.last_step, 0.0, max(high, 1e-9), "step length", marks)
        balls = plot.key([self.momentum_name(n) for n in range(len(runs))], self.styles())
        trails = [self.trail(area, run, *style, ball=0.11) for run, style in zip(runs, self.styles(), strict=False)]
        few = min(12, max(1, max(int(self.trace[f"{run}.steps"]) for run in runs) // 2))
        curves = [plot.curve(length, *style, ball=0.08) for length, style in zip(lengths, self.styles(), strict=False)]
        with self.beat("Momentum lets the ball roll: each step keeps a share μ of the velocity v, and adds the new gradient."):
            self.play(FadeIn(area), FadeIn(rule), run_time=0.7)
            self.play(FadeIn(plot), *map(FadeIn, [*trails, *curves]), FadeIn(balls), run_time=0.7)
            self.play(*(move for run, *pair in zip(runs, trails, curves, strict=True) for move in self.moves(run, *pair, end=few)), run_time=3.0)
        heavy = runs[-1]
        said = self.claim(
            ("With μ = {m} velocity builds up: the longest step is {k} times the first.", lambda t: bool(t[f"{heavy}.speed_up"] >= 1.05 and t[f"{heavy}.boost"] > 1.05)),
            ("With μ = {m} the longest step is {k} times the first: there the ground is steeper.", lambda t: bool(t[f"{heavy}.speed_up"] >= 1.05 >= t[f"{heavy}.boost"])),
            ("With μ = {m} no step is clearly longer than the first, but the ball rolls on: its path is {p} times as long.", lambda t: bool(t[f"{heavy}.speed_up"] < 1.05 <= t[f"{heavy}.path_ratio"])),
            ("With μ = {m} no step is clearly longer than the first, nor the path longer than without.", lambda t: bool(t[f"{heavy}.speed_up"] < 1.05 and t[f"{heavy}.path_ratio"] < 1.05)),
            m=self.momentum_setting(len(runs) - 1),
            k=self.number(f"{heavy}.speed_up"),
            p=self.number(f"{heavy}.path_ratio"),
        )
        with self.beat(said):
            self.play(*(move for run, *pair in zip(runs, trails, curves, strict=True) for move in self.moves(run, *pair, begin=few)), run_time=4.5)
            note = self.leaving_note(area, *trails)
            if note is not None:
                self.play(FadeIn(note), run_time=0.4)
        self.play(*map(FadeOut, [rule, plot, balls, *curves, *trails, *([note] if note is not None else [])]), run_time=0.5)
        self.area = area

    def momentum_setting(self, n: int) -> Quantity:
        """The μ of a run of the momentum beat, as the parameter that it comes from."""
        return self.setting("heavy_momentum" if momenta(self.params)[n] == self.params.heavy_momentum else "momentum")

    def momentum_name(self, n: int) -> Showable:
        """“without” or “μ = 0.90”."""
        return "without" if n == 0 else Sentence("μ = {m}", {"m": self.momentum_setting(n)})

    # The race -----------------------------------------------------------------------------------------

    def race(self) -> None:
        """SGD, momentum and Adam on the same surface."""
        runs = [f"race[{n}]" for n in range(3)]
        area = self.area
        names: list[Showable] = ["SGD", Sentence("momentum {m}", {"m": self.setting("heavy_momentum")}), "Adam"]
        _, upper, lower = self.three_parts()
        plot = self.loss_plot(upper, *runs)
        trails = [self.trail(area, run, *style, ball=0.12) for run, style in zip(runs, self.styles(), strict=True)]
        curves = [plot.curve(self.trace[f"{run}.losses"], *style, ball=0.09) for run, style in zip(runs, self.styles(), strict=True)]
        table = self.race_table(runs, names, lower)
        racers = [table.cell(row, 0) for row in (1, 2, 3)]
        marks = [ball_alone(np.array([table.left - 0.3, table.row_heights[row], 0]), *style) for row, style in enumerate(self.styles(), start=1)]
        results = [VGroup(*(cell for (line, column), cell in table.cells.items() if line == row and column)) for row in range(4)]
        with self.beat("A race with one learning rate, {rate}: SGD, momentum, and Adam, which rescales each direction.", rate=self.setting("learning_rate")):
            self.play(*map(FadeIn, [plot, *racers, *marks, *trails, *curves]), run_time=0.8)
            end = seen_until(*trails, *curves)
            moves = [move for run, *pair in zip(runs, trails, curves, strict=True) for move in self.moves(run, *pair, end=end)]
            self.play(*moves, run_time=6.0 * max(end / self.params.steps, 0.2))
        with self.beat(self.race_claim(runs, names)):
            self.play(FadeIn(results[0]), run_time=0.5)
            for result in results[1:]:
                self.play(FadeIn(result), run_time=0.5)
            note = self.leaving_note(area, *trails)
            if note is not None:
                self.play(FadeIn(note), run_time=0.4)
        self.play(*map(FadeOut, [area, plot, *racers, *marks, *results, *trails, *curves, *([note] if note is not None else [])]), run_time=0.5)

    def race_table(self, runs: list[str], names: list[Showable], place: Region) -> Table:
        """Loss at the end and verdict of each racer; in a narrow frame without the momentum's number."""
        muted = self.theme.muted
        colors = {(0, c): muted for c in range(3)} | {(r + 1, 2): self.verdict_color(run) for r, run in enumerate(runs)}
        room = Region(place.left + 0.5, place.right, place.bottom, place.top)
        for called in (names, list(OPTIMISERS.values())):
            rows: list[list[Any]] = [[None, "final loss", "verdict"]]
            rows += [[name, self.last_loss(run), Label(self.verdict(run))] for name, run in zip(called, runs, strict=True)]
            with suppress(ValueError):
                return Table(rows, room, ["left", "right", "left"], size=self.frame.body, colors=colors, gap=0.6)
        raise AssertionError("the race's table fits no frame")

    def race_claim(self, runs: list[str], names: list[Showable]) -> Sentence:
        """Who is lowest in the end."""

        def ends(trace: Trace) -> list[float]:
            return [float(trace[f"{run}.losses"][-1]) for run in runs]

        def lowered(trace: Trace) -> bool:
            return min(ends(trace)) < float(trace[f"{runs[0]}.losses"][0])

        best = int(np.argmin(ends(self.trace)))
        written = [as_showable(self.last_loss(run)).text for run in runs]
        return self.claim(
            ("From this start none of the three comes lower.", lambda t: not lowered(t)),
            (
                "In the end more than one of them has the lowest loss, {loss}, to the digits shown.",
                lambda t: written.count(written[best]) > 1,
            ),
            (
                "Lowest in the end, on this surface and from this start: {name}, loss {loss}.",
                lambda t: lowered(t) and ends(t)[best] == min(ends(t)),
            ),
            name=names[best],
            loss=self.last_loss(runs[best]),
        )

    # A real surface -----------------------------------------------------------------------------------

    def real_surface(self) -> None:
        """The loss surface of a small network that was trained here, and a walk on it."""
        trace = self.trace
        place, side = self.halves((0.66, 0.34))
        foot = self.frame.small * 3.2
        room = Region(place.left, place.right, place.bottom + foot, place.top)
        run = (trace["real.points"], trace["real.heights"])
        solid = Surface(self.relief("network"), room, azimuth=VIEW[0] - 24, run=run)
        source = Paragraph(Label(SOURCE), Region(place.left, place.right, place.bottom, place.bottom + 2.5 * self.frame.small), self.frame.small, self.theme.muted, lines=2)
        moons, facts = self.moons(side)
        cut = len(solid.run) < len(run[0])
        note = TextLine("drawn until it leaves the picture", self.frame.small, self.theme.text)
        note.at(place.left, room.bottom + 0.3 * self.frame.small)
        with self.beat(
            "A real one: {p} weights of a network trained to part these two moons. Two random directions span the ground.",
            p=self.trace.quantity("network.parameter_count", decimals=0),
        ):
            self.play(FadeIn(moons), FadeIn(facts), run_time=0.8)
            self.play(FadeIn(solid), FadeIn(source), run_time=0.8)
            self.play(solid.animate.look(*VIEW, room), run_time=2.2)
        with self.beat(
            "The trained weights lie in the middle.",
            self.outcome("real"),
        ):
            self.wait(1.0)
            self.play(solid.animate(rate_func=linear).finish(), run_time=4.0)
            if cut:
                self.play(FadeIn(note), run_time=0.4)
        self.play(*map(FadeOut, [solid, source, moons, facts, *([note] if cut else [])]), run_time=0.6)

    def moons(self, place: Region) -> tuple[PointCloud, VGroup]:
        """The network's data, and what it reached."""
        trace, size = self.trace, self.frame.body
        lines: list[Showable] = [
            Label("network 2-8-8-1, tanh"),
            Sentence("{n} points", {"n": trace.quantity("network.examples", decimals=0)}),
            Sentence("classified correctly: {a}", {"a": trace.quantity("accuracy", decimals=1, unit=" %")}),
            Sentence("trained loss {l}", {"l": self.number("training.losses", len(trace["training.losses"]) - 1)}),
        ]
        beside = place.width > 2 * place.height
        room, words = place.columns([0.4, 0.6], 0.4) if beside else place.rows([0.56, 0.44], 0.3)
        size = min(size, words.height / (1.35 * len(lines)), *(words.width / text_width(as_showable(line), 1.0) for line in lines))
        points = trace["data.points"]
        low, high = points.min(axis=0), points.max(axis=0)
        spots = (points - (low + high) / 2) * min((room.width, room.height) / (high - low)) * 0.92 + room.center[:2]
        colors = np.where(trace["data.labels"][:, None] > 0.5, rgba(self.theme.positive), rgba(self.theme.negative))
        cloud = PointCloud(spots, 0.055, colors)
        made = VGroup()
        x, middle, _ = words.center
        top = middle + 0.65 * len(lines) * size if beside else float(spots[:, 1].min()) - 0.5
        for row, line in enumerate(lines):
            color = self.theme.muted if row else self.theme.text
            made.add(TextLine(line, size, color).at(float(x), top - (row * 1.35 + 0.66) * size, "center"))
        if not beside:
            VGroup(cloud, made).shift((0, float(place.center[1]) - (float(spots[:, 1].max()) + float(made.get_bottom()[1])) / 2, 0))
        return cloud, made

    # The end ------------------------------------------------------------------------------------------

    def ending(self) -> None:
        """The rule worth keeping, and the parameters used."""
        stage = self.frame.stage
        size = self.frame.title_size * (1.5 if self.frame.portrait else 2.2)
        formula = Formula("theta arrow.l theta - eta thin nabla L(theta)", size, width=stage.width)
        words = TextLine("new weights = weights − learning rate × gradient", self.frame.body, self.theme.text)
        if words.width > stage.width:
            words.scale_to_fit_width(stage.width)
        with self.beat("That is the whole rule. Nearly every neural network learns by some version of it."):
            used = self.used_parameters()
            VGroup(formula, words, used).arrange(DOWN, buff=0.6).move_to(stage.center)
            self.play(FadeIn(formula, shift=0.2 * UP), FadeIn(words), run_time=1.0)
            self.play(FadeIn(used), run_time=0.6)

    def used_parameters(self) -> VGroup:
        """The parameters of this video, on lines of their own."""
        start = join(*(self.setting("start", n) for n in range(2)), separator="   ")
        rates = join(*(self.setting("learning_rates", n) for n in range(3)), separator="   ")
        lines: list[Showable] = [
            Sentence("surface: {s}, start {p}", {"s": Label(self.params.surface), "p": start}),
            Sentence("{o}, learning rate {r}, {n}", {"o": OPTIMISERS[self.params.optimiser], "r": self.setting("learning_rate"), "n": counted(self.given("steps"), "step", "steps")}),
            Sentence("learning rates compared: {r}", {"r": rates}),
            Sentence("momentum {a} and {b}, seed {s}", {"a": self.setting("momentum"), "b": self.setting("heavy_momentum"), "s": self.given("seed")}),
        ]
        return centred_lines(lines, self.frame.stage.width)


def momenta(p: GradientDescent.Params) -> list[float]:
    """Momenta that are compared, none first."""
    return sorted({0.0, p.momentum, p.heavy_momentum})


def seen_until(*trails: Trail) -> int:
    """The last step of which a trail has anything in its window, at least the first."""
    return max(int(np.flatnonzero(trail.seen).max(initial=0)) + 1 for trail in trails)


def alike(first: float, second: float) -> bool:
    """Whether two losses are the same to eight decimals."""
    return abs(first - second) < 1e-8 * max(1.0, abs(first))


# What verdicts mean, read off the trace: the narration rests on these.


def diverges(trace: Trace, run: str) -> bool:
    """Beyond all bounds, or a loss that ended above its start."""
    losses = trace[f"{run}.losses"]
    return bool(trace[f"{run}.stopped"]) or bool(losses[-1] > losses[0])


def oscillates(trace: Trace, run: str) -> bool:
    """More than half of the steps turn back."""
    return float(trace[f"{run}.turning_share"]) > 0.5


def converges(trace: Trace, run: str) -> bool:
    """Close to a minimum at the end."""
    return trace.text[f"{run}.verdict"] == "converges" and float(trace[f"{run}.distance"]) <= float(trace[f"{run}.tolerance"])


def stalls(trace: Trace, run: str) -> bool:
    """No gradient left, and no minimum near."""
    return trace.text[f"{run}.verdict"] == "stalls" and float(trace[f"{run}.gradient_norms"][-1]) < 1e-6


def under_way(trace: Trace, run: str) -> bool:
    """None of the others."""
    return not any(holds(trace, run) for holds in (diverges, oscillates, converges, stalls))
