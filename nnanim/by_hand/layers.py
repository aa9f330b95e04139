"""By hand, the second half: a whole layer as a matrix, layer after layer, and what the outputs say."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from manim import LEFT, UP, Create, FadeIn, FadeOut, GrowFromEdge, VGroup

from nnanim.lesson.claims import Case, Cases
from nnanim.lesson.pages import Lesson
from nnanim.quantity import Label, Sentence, counted, decimals_that_add_up
from nnanim.trace import Trace
from nnanim.visuals.cells.matrix import LayerEquation
from nnanim.visuals.page.frame import Region
from nnanim.visuals.page.math import Formula
from nnanim.visuals.page.readout import Tag
from nnanim.visuals.page.table import ELLIPSIS, Table, elide, rows_that_fit
from nnanim.visuals.page.text import Align, TextLine
from nnanim.visuals.plots.bars import ProbabilityBars

MOST_ROWS = 12
LEAST_ROOM = 0.27
"""Share of the stage that a matrix times a vector fills at least."""
MOST_GROWTH = 1.25
"""A matrix that would have to grow more than this stands beside the network instead."""
GO = Cases(
    Case("It says go: {p}.", lambda t: t["outputs"][0] > t["outputs"][1]),
    Case("It says stay: {p}.", lambda t: t["outputs"][0] <= t["outputs"][1]),
)


class LayersByHand(Lesson):
    """From one layer to the answer; what it needs of the network is made by :class:`nnanim.by_hand.lesson.ByHand`."""

    params: Any
    net: Any
    sizes: tuple[int, ...]
    last: int
    chosen: int
    function: str
    wide: Region
    foot: Region
    side: Region
    panel: Region
    draw_network: Any
    move_network: Any
    panel_heading: Any
    vector: Any

    # One layer ------------------------------------------------------------------------------------------

    def whole_layer(self) -> None:
        """The layer as matrix × vector + bias."""
        place = self.frame.stage
        equation, mark, spoken_of = self.layer_equation(place)
        first = VGroup(mark, *equation.beginning)
        growth = max(1.0, math.sqrt(LEAST_ROOM * place.width * place.height / (first.width * first.height)))
        beside = growth > MOST_GROWTH or (growth > 1 and growth * first.width > place.width)
        if beside:
            place, growth = self.panel, 1.0
            equation, mark, spoken_of = self.layer_equation(place)
            first = VGroup(mark, *equation.beginning)
        if first.width > place.width:
            mark.set_opacity(0)
        to_middle = place.center - first.get_center()
        first.shift(to_middle)
        if growth > 1:
            first.scale(growth)
        if not beside:
            self.play(FadeOut(self.net), run_time=0.5)
        rows = Cases(
            Case("All neurons do so: each is one row of the matrix W.", lambda t: len(t["weights[1]"]) > 1),
            Case("This layer has a single neuron: the only row of the matrix W.", lambda t: len(t["weights[1]"]) == 1),
        )
        with self.beat():
            self.play(FadeIn(equation.weights), run_time=0.8)
            self.play(FadeIn(mark), *equation.speak_of(spoken_of), run_time=0.8)
            self.say(rows)
            self.play(FadeIn(equation.times), FadeIn(equation.incoming), run_time=0.8)
        sums = Cases(
            Case("Matrix times input, plus bias: all {n} sums at once.", lambda t: t["sizes"][1] > 1),
            Case("Matrix times input, plus bias: the sum z.", lambda t: t["sizes"][1] == 1),
        )
        with self.beat():
            self.play(FadeOut(mark), *equation.speak_of(None), run_time=0.5)
            settled = equation.beginning.animate
            if growth > 1:
                settled = settled.scale(1 / growth, about_point=place.center)
            self.play(settled.shift(-to_middle), run_time=0.8)
            self.play(FadeIn(equation.plus), FadeIn(equation.biases), run_time=0.7)
            self.play(FadeIn(equation.equals), FadeIn(equation.sums, shift=0.1 * UP), run_time=1.0)
            self.say(sums, n=self.given("layers", 1))
            self.play(Create(equation.arrow), FadeIn(equation.function), run_time=0.6)
            self.play(FadeIn(equation.activations, shift=0.1 * UP), run_time=0.8)
            self.say("The {f} function turns every z into an activation a.", f=Label(self.function))
        self.play(FadeOut(equation), *([FadeOut(self.net)] if beside else []), run_time=0.5)
        self.net = self.draw_network(self.wide, filled=2)
        self.play(FadeIn(self.net), run_time=0.7)

    def layer_equation(self, place: Region) -> tuple[LayerEquation, TextLine, int]:
        """The first hidden layer's equation, the name at one of its rows, and the neuron of that row."""
        trace = self.trace
        equation = LayerEquation(
            lambda row, column: trace.quantity("weights[1]", row, column),
            lambda row, _: trace.quantity("inputs", row),
            lambda row, _: trace.quantity("biases[1]", row),
            lambda row, _: trace.quantity("pre_activations[1]", row),
            lambda row, _: trace.quantity("activations[1]", row),
            self.sizes[1],
            self.sizes[0],
            place.inset(0.0, 0.06),
            self.function,
            self.chosen,
        )
        return equation, equation.mark_row(self.chosen, Label(f"neuron {self.params.neuron}")), self.chosen

    # All layers -----------------------------------------------------------------------------------------

    def all_layers(self) -> None:
        """The numbers go on, layer after layer, to the logits."""
        hidden = range(2, self.last)
        if hidden:
            with self.beat():
                self.say("Activations are the next layer’s inputs: multiply, add, activate, and again.")
                for layer in hidden:
                    self.pass_to(layer, "activations", 1.2 if len(hidden) < 3 else 0.9)
        with self.beat():
            self.pass_to(self.last, "pre_activations", 1.2)
            self.play(*(bundle.animate.calm() for bundle in self.net.bundles), run_time=0.5)
            if self.params.head == "identity":
                self.say("The last layer adds up as well.")
            elif self.sizes[-1] > 1:
                self.say("The last layer’s sums are called logits.")
            else:
                self.say("The last layer’s sum is called a logit.")
            count = self.trace.quantity("multiplication_count", decimals=0)
            shown = self.counted_below(counted(count, "multiplication", "multiplications"))
            self.say(
                Case(
                    "Weights and biases took {multiplications} and as many additions.",
                    lambda t: t["multiplication_count"] == sum(t[f"weights[{n}]"].size for n in range(1, self.last + 1)),
                ),
                multiplications=counted(count, "multiplication", "multiplications"),
            )
        self.hide(shown, seconds=0.3)

    def counted_below(self, words: Sentence) -> Tag:
        """A count that comes under the network."""
        shown = Tag(words, at=self.foot.center[:2], size=self.frame.label, color=self.theme.muted)
        self.show(shown)
        return shown

    def pass_to(self, layer: int, name: str, seconds: float) -> None:
        """One step of the pass: the weights into a layer light up, its neurons fill."""
        speak = [
            bundle.animate.emphasise(np.full(bundle.shape, number == layer), 0.5)
            for number, bundle in enumerate(self.net.bundles, start=1)
        ]
        self.play(*speak, run_time=0.5)
        self.play(*self.net.activate(layer, self.vector(name, layer)), run_time=seconds)

    # The output -----------------------------------------------------------------------------------------

    def output_head(self) -> None:
        """Logits become outputs."""
        moved = self.draw_network(self.side, filled=self.last)
        moved.show_values(self.last, self.vector("pre_activations", self.last))
        self.move_network(moved)
        heading, table, bars = self.head_panel()
        logits = [cell for (_, column), cell in table.cells.items() if column < 2]
        later = [cell for (_, column), cell in table.cells.items() if column >= 2]
        with self.beat():
            self.play(FadeIn(heading), *map(FadeIn, logits), run_time=0.9)
            if later:
                self.play(*map(FadeIn, [*later, *table.rules]), run_time=0.9)
            if bars is not None:
                self.play(FadeIn(bars.tracks), *(GrowFromEdge(bar, LEFT) for bar in bars.bars), run_time=1.1)
                self.play(FadeIn(bars.numbers), *self.net.change(self.last, self.vector("activations", self.last)), run_time=0.8)
            self.say_head()
        self.play(*map(FadeOut, [heading, table, self.net, *([bars] if bars is not None else [])]), run_time=0.7)

    def head_panel(self) -> tuple[TextLine, Table, ProbabilityBars | None]:
        """The panel of the output layer: logits, what the head makes of them, and bars for probabilities."""
        trace, head, last = self.trace, self.params.head, self.last
        panel = Region(self.panel.left, self.panel.right, self.panel.bottom, self.panel.top - 0.65)
        shown = elide(self.sizes[last], min(MOST_ROWS, rows_that_fit(panel) - 2))
        exponentials = head == "softmax" and float(trace["exponential_sum"]) < 1000 and panel.width > 6
        names = {"softmax": ["output", "logit z"], "sigmoid": ["output", "logit z"], "identity": ["output", "sum z", "value"]}[head]
        names = [*names, "exp(z)"] if exponentials else names
        rows: list[list[Any]] = [list(names)]
        for i in shown:
            if i == ELLIPSIS:
                rows.append(["⋮"] * len(names))
                continue
            row: list[Any] = [Label(str(i + 1)), trace.quantity(f"pre_activations[{last}]", i)]
            row += [trace.quantity("exponentials", i)] if exponentials else []
            row += [trace.quantity("outputs", i)] if head == "identity" else []
            rows.append(row)
        if exponentials:
            rows.append([None, "sum", trace.quantity("exponential_sum")])
        colors = {(0, column): self.theme.muted for column in range(len(names))}
        colors |= {(r, 0): self.theme.muted for r in range(len(rows))} | ({(len(rows) - 1, 1): self.theme.muted} if exponentials else {})
        share = 1.0 if head == "identity" else 0.56 if exponentials else 0.48
        left = Region(panel.left, panel.left + share * panel.width, panel.bottom, panel.top)
        align: list[Align] = ["center"]
        align += ["right"] * (len(names) - 1)
        table = Table(
            rows,
            left,
            align,
            size=self.frame.body * 1.25,
            colors=colors,
            rules=[len(rows) - 1] if exponentials else [],
        )
        titles = {"softmax": "Softmax", "sigmoid": "A sigmoid for each output", "identity": "Identity"}
        heading = self.panel_heading(titles[head], table)
        if head == "identity":
            return heading.at(table.left, table.row_heights[0] + 1.6 * table.em_size), table, None
        table.shift((panel.left - table.left) * np.array([1.0, 0, 0]))
        heading.at(panel.left, table.row_heights[0] + 1.6 * table.em_size)
        return heading, table, self.head_bars(table, shown, panel, "exp(z) / sum" if exponentials else "probability")

    def head_bars(self, table: Table, shown: list[int], panel: Region, name: str) -> ProbabilityBars:
        """A bar for each probability, in the rows of the table."""
        trace = self.trace
        begin = float(table.get_right()[0]) + 0.45
        drawn = [i for i in shown if i != ELLIPSIS]
        heights = [table.row_heights[1 + shown.index(i)] for i in drawn]
        outputs = [trace.quantity(f"activations[{self.last}]", i, decimals=self.output_decimals()) for i in drawn]
        thickness = min(0.4, 0.62 * (table.row_heights[0] - table.row_heights[1]))
        bars = ProbabilityBars(outputs, heights, begin, panel.right, thickness, table.em_size)
        title = TextLine(name, table.em_size, self.theme.muted)
        bars.tracks.add(title.at(begin, table.cell(0, 0).origin[1]))
        return bars

    def output_decimals(self) -> int:
        """Two decimals, or three where the probabilities would seem not to add up to one."""
        if self.params.head != "softmax":
            return 2
        return decimals_that_add_up([float(p) for p in self.trace["outputs"]], 1.0, 2, 3) or 2

    def say_head(self) -> None:
        """What the output says."""
        best = int(np.argmax(self.trace["outputs"]))
        decimals = self.output_decimals()
        shown = [self.trace.quantity("outputs", n, decimals=decimals).text for n in range(self.sizes[-1])]

        def one(trace: Trace) -> bool:
            return len(trace["outputs"]) == 1

        def ahead(trace: Trace) -> bool:
            """Whether one output is ahead of all others in the digits shown."""
            return not one(trace) and shown.count(shown[best]) == 1

        values: dict[str, Any] = {"k": Label(str(best + 1)), "p": self.trace.quantity("outputs", best, decimals=decimals)}
        level = ("To the digits shown no single output is ahead.", lambda t: not one(t) and not ahead(t))
        if self.params.head == "identity":
            self.say("The output layer leaves its sums as they are.")
            self.say("This is how a network predicts quantities.")
        elif self.params.head == "softmax":
            self.say("Softmax turns logits into probabilities that add up to one.")
            if self.params.is_learned:
                self.say(GO, p=values["p"])
            else:
                self.say(("Output {k} is the most likely: {p}.", ahead), ("With a single output this is always {p}.", one), level, **values)
        elif self.sizes[-1] == 1:
            self.say("The logit passes through a sigmoid and becomes a probability: {p}.", **values)
        else:
            self.say("Each logit passes through a sigmoid of its own.")
            self.say(("Output {k} is the largest: {p}.", ahead), level, **values)

    def formula(self) -> None:
        """The formula worth keeping."""
        symbol = {"sigmoid": "sigma", "tanh": "tanh", "relu": 'op("ReLU")', "gelu": 'op("GELU")'}[self.params.activation]
        stage = self.frame.stage
        formula = Formula(Label(f"a^((l)) = {symbol}(W^((l)) a^((l-1)) + b^((l)))"), self.frame.title_size, width=0.9 * stage.width)
        last = {
            "softmax": "The last layer ends in softmax instead.",
            "sigmoid": "The last layer ends in a sigmoid.",
            "identity": "The last layer leaves its sums as they are.",
        }[self.params.head]
        with self.beat():
            self.show(formula.move_to(stage.center), seconds=1.2)
            self.say("That is all of forward propagation: one line for each hidden layer.")
            self.say(last)
