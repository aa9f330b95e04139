"""Forward propagation: from one neuron's products to the whole pass.

Everything is read from the trace of :func:`nnanim.sim.mlp.forward`.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from manim import (
    DOWN,
    LEFT,
    UP,
    Circle,
    Create,
    FadeIn,
    FadeOut,
    GrowFromEdge,
    Line,
    ReplacementTransform,
    TransformFromCopy,
    VGroup,
)
from pydantic import BeforeValidator, Field, model_validator

from nnanim.chapter import Chapter
from nnanim.params import Numbers, ParameterError, show_value, split_numbers
from nnanim.quantity import (
    Label,
    Quantity,
    Sentence,
    Showable,
    as_showable,
    counted,
    decimals_that_add_up,
    join,
)
from nnanim.trace import Trace
from nnanim.visuals.bars import ProbabilityBars
from nnanim.visuals.frame import Region
from nnanim.visuals.math import Formula
from nnanim.visuals.matrix import LayerEquation
from nnanim.visuals.motion import in_turn
from nnanim.visuals.network import Network
from nnanim.visuals.plot import CurvePlot
from nnanim.visuals.table import ELLIPSIS, Table, elide, rows_that_fit
from nnanim.visuals.text import TextLine, centred_lines, text_width

DEFAULT_INPUTS = (0.8, 0.3, 0.6, 0.9, 0.1, 0.5, 0.7, 0.2, 0.4, 1.0, 0.0, 0.35)
FUNCTION_NAMES = {"sigmoid": "sigmoid", "tanh": "tanh", "relu": "ReLU", "gelu": "GELU"}
MOST_ROWS = 12
LEAST_ROOM = 0.27
"""Share of the stage that a matrix times a vector fills at least."""
MOST_GROWTH = 1.25
"""A matrix that would have to grow more than this stands beside the network instead."""
LayerSizes = Annotated[tuple[Annotated[int, Field(ge=1, le=1000)], ...], BeforeValidator(split_numbers)]


def default_inputs(known: dict[str, Any]) -> tuple[float, ...]:
    """As many inputs as the network takes."""
    return tuple(DEFAULT_INPUTS[n % len(DEFAULT_INPUTS)] for n in range(known.get("layers", (3,))[0]))


class ForwardPropagation(Chapter):
    """Numbers travel through a small network, one layer at a time."""

    costly = True

    class Params(Chapter.Params):
        """The network, its input, and the neuron that is looked at."""

        layers: LayerSizes = Field(
            (3, 4, 4, 2),
            min_length=3,
            max_length=6,
            description="neurons of each layer: input, 1–4 hidden layers, output",
        )
        inputs: Numbers = Field(
            default_factory=default_inputs, description="values of the input layer, one for each input neuron"
        )
        activation: Literal["sigmoid", "tanh", "relu", "gelu"] = Field(
            "sigmoid", description="activation function of the hidden layers"
        )
        head: Literal["softmax", "sigmoid", "identity"] = Field(
            "softmax", description="what turns the last layer's sums into outputs"
        )
        neuron: int = Field(
            default_factory=lambda known: min(2, known.get("layers", (3, 4))[1]),
            ge=1,
            description="the neuron of the first hidden layer whose products are shown",
        )
        seed: int = Field(0, ge=0, le=2**31 - 1, description="seed of the drawn weights and biases")
        gain: float = Field(
            1.75, gt=0, le=10, description="weights are drawn with standard deviation gain / √(neurons of the layer before)"
        )
        weights: Path | None = Field(
            None, description="a file with weights and biases instead (.npz, .safetensors, .pt); layers follow from it"
        )

        @model_validator(mode="before")
        @classmethod
        def _take_layers_from_file(cls, values: Any) -> Any:
            if isinstance(values, dict) and values.get("weights") and "layers" not in values:
                from nnanim.sim import mlp  # torch is imported only when something is computed

                return {**values, "layers": mlp.load(Path(str(values["weights"]))).sizes}
            return values

        @model_validator(mode="after")
        def _check_sizes(self) -> ForwardPropagation.Params:
            if len(self.inputs) != self.layers[0]:
                raise ValueError(
                    f"inputs must hold {self.layers[0]} numbers, one for each input neuron, got {len(self.inputs)} "
                    f"(try --set inputs={show_value(default_inputs({'layers': self.layers}))})"
                )
            if any(abs(x) > 1000 for x in self.inputs):
                raise ValueError("inputs must each lie between −1000 and 1000")
            if self.neuron > self.layers[1]:
                raise ValueError(f"neuron must be ≤ {self.layers[1]}, the size of the first hidden layer, got {self.neuron}")
            return self

    def simulate(self, p: Params) -> Trace:
        """One forward pass, every intermediate number kept."""
        from nnanim.sim import mlp  # torch is imported only when something is computed

        network = mlp.load(p.weights) if p.weights else mlp.initialise(p.layers, p.seed, p.gain)
        if network.sizes != p.layers:
            raise ParameterError(
                f"weights: {p.weights} holds a network of {show_value(network.sizes)}, but layers is {show_value(p.layers)}"
            )
        return mlp.forward(network, p.inputs, p.activation, p.head)

    def construct(self) -> None:
        """The lesson, in order."""
        self.sizes: tuple[int, ...] = self.params.layers
        self.last = len(self.sizes) - 1
        self.function = FUNCTION_NAMES[self.params.activation]
        self.wide, self.foot = self.frame.stage.rows([1, 0.1], 0.05)
        self.side, self.panel = self.frame.split([0.48, 0.52], 0.5)
        self.introduce()
        self.one_neuron()
        self.whole_layer()
        self.all_layers()
        self.output_head()
        self.ending()

    # Reading the trace --------------------------------------------------------------------------------

    def vector(self, name: str, layer: int) -> list[Quantity]:
        """All numbers of a layer; the input layer's activations are the inputs."""
        if layer == 0:
            return [self.trace.quantity("inputs", n) for n in range(self.sizes[0])]
        return [self.trace.quantity(f"{name}[{layer}]", n) for n in range(self.sizes[layer])]

    def draw_network(self, region: Region, filled: int = 0) -> Network:
        """The network in a region, its first layers filled with their activations."""
        weights = [self.trace[f"weights[{layer}]"] for layer in range(1, self.last + 1)]
        largest = max(float(np.abs(self.trace[f"activations[{layer}]"]).max()) for layer in range(self.last))
        network = Network(self.sizes, weights, region, limit=max(1.0, largest))
        for layer in range(filled):
            network.show_values(layer, self.vector("activations", layer))
        return network

    def move_network(self, moved: Network) -> None:
        """Let another drawing of the same network take the place of this one."""
        arriving = []
        if [numbers is None for numbers in self.net.numbers] != [numbers is None for numbers in moved.numbers]:
            if leaving := self.net.take_numbers():
                self.play(*map(FadeOut, leaving), run_time=0.3)
            arriving = moved.take_numbers()
        self.play(ReplacementTransform(self.net, moved), run_time=1.1)
        self.net = moved
        if arriving:
            self.play(*map(FadeIn, arriving), run_time=0.3)
            moved.add(*arriving)
            self.add(moved)  # takes the numbers, on the stage by themselves until now, back into the network

    # The network ----------------------------------------------------------------------------------------

    def introduce(self) -> None:
        """The network, its inputs, its weights."""
        self.net = net = self.draw_network(self.wide)
        net.remove(net.bundles)
        with self.beat(
            "A neural network turns numbers into numbers. This one takes {inputs} and gives {outputs}.",
            inputs=counted(self.given("layers", 0), "input", "inputs"),
            outputs=counted(self.given("layers", self.last), "output", "outputs"),
        ):
            self.add(net)
            self.play(
                *in_turn([lambda part=part, **how: FadeIn(part, **how) for part in net.layers]),
                *in_turn([lambda part=part, **how: FadeIn(part, **how) for part in net.names]),
                run_time=2.2,
            )
        with self.beat("The input layer computes nothing: it holds the numbers that we feed in."):
            self.play(*net.activate(0, self.vector("inputs", 0)), run_time=1.6)
        source = (
            Sentence("They were read from a file.")
            if self.params.weights
            else Sentence("Here they are drawn at random, with seed {seed}.", {"seed": self.given("seed")})
        )
        legend = self.legend()
        with self.beat("Every line is a weight: blue for positive, orange for negative, thick for large.", source):
            net.add_to_back(net.bundles)
            self.play(*in_turn([lambda part=part, **how: Create(part, **how) for part in net.bundles]), run_time=3.0)
            self.play(FadeIn(legend), run_time=0.8)
        self.play(FadeOut(legend), run_time=0.4)

    def legend(self) -> VGroup:
        """What the lines mean, on one line or on two."""
        size = self.frame.small
        roles = [("positive", self.theme.positive, 3.5), ("negative", self.theme.negative, 3.5)]
        roles += [("small", self.theme.muted, 1.2), ("large", self.theme.muted, 7.0)]
        entries = VGroup()
        for word, color, width in roles:
            line = Line((0, 0, 0), (0.4, 0, 0), stroke_width=width, color=color)
            entries.add(VGroup(line, TextLine(word, size, self.theme.muted).on(np.array([0.52, 0, 0]), "left")))
        columns = 4
        entries.arrange_in_grid(cols=columns, buff=0.36, cell_alignment=LEFT)
        if entries.width > self.foot.width:
            columns = 2
            entries.arrange_in_grid(cols=columns, buff=(0.8, 0.1), cell_alignment=LEFT)
        for place, (line, _) in enumerate(entries):  # words with and without descenders on one baseline
            first = entries[place - place % columns][0]
            entries[place].shift((first.get_y() - line.get_y()) * UP)
        return entries.move_to(self.foot.center)

    # One neuron -----------------------------------------------------------------------------------------

    def one_neuron(self) -> None:
        """One neuron's products one at a time, their sum, the bias, the activation."""
        self.move_network(self.draw_network(self.side, filled=1))
        visible = self.net.visible(1)
        self.chosen = self.params.neuron - 1 if self.params.neuron - 1 in visible else visible[-1]
        ring = Circle(self.net.radii[1] + 0.07, stroke_color=self.theme.highlight, stroke_width=4.5)
        ring.move_to(self.net.center(1, self.chosen))
        layer_name = "the hidden layer" if self.last == 2 else "hidden layer 1"
        table = self.products_table()
        heading = self.panel_heading(Label(f"Neuron {self.chosen + 1} of {layer_name}"), table)
        heading.at(table.left, table.row_heights[0] + 1.6 * table.em_size)
        self.multiply(heading, table, ring)
        self.add_up(table)
        self.squash(heading, table)
        self.play(FadeOut(ring), run_time=0.3)

    def panel_heading(self, words: Showable, table: Table) -> TextLine:
        """A heading as large as the table's type, or the panel's width, allows."""
        size = max(table.em_size, self.frame.heading)
        widest = self.panel.right - table.left
        return TextLine(words, min(size, widest / text_width(as_showable(words), 1.0, "semibold")), weight="semibold")

    def products_table(self) -> Table:
        """A row for each input: input × weight = product; then their sum, the bias, and z."""
        trace, k = self.trace, self.chosen
        place = Region(self.panel.left, self.panel.right, self.panel.bottom, self.panel.top - 0.65)
        places = elide(self.sizes[0], min(MOST_ROWS, rows_that_fit(place) - 4))
        products = [float(product) for product in trace["products[1]"][k]]
        exact = decimals_that_add_up([*products, float(trace["biases[1]"][k])], float(trace["pre_activations[1]"][k]), 2, 3)
        decimals = exact or 2
        muted = self.theme.muted
        rows: list[list[Any]] = [["input", None, "weight", None, "product"]]
        colors = {(0, column): muted for column in range(5)}
        for r, i in enumerate(places, start=1):
            if i == ELLIPSIS:
                rows.append(["⋮", None, "⋮", None, "⋮"])
                continue
            weight = trace.quantity("weights[1]", k, i)
            rows.append([trace.quantity("inputs", i), "×", weight, "=", trace.quantity("products[1]", k, i, decimals=decimals)])
            colors |= {(r, 1): muted, (r, 3): muted, (r, 2): self.theme.signed(weight.value)}
        self.sum_row, self.bias_row, self.z_row = (len(rows) + step for step in range(3))
        rows.append([None, None, "sum of products", None, trace.quantity("weighted_sums[1]", k, decimals=decimals)])
        rows.append([None, None, "bias", None, trace.quantity("biases[1]", k, decimals=decimals)])
        rows.append([None, None, "z" if exact else "z (all rounded)", None, trace.quantity("pre_activations[1]", k, decimals=decimals)])
        labels = [(r, 2) for r in (self.sum_row, self.bias_row, self.z_row)]
        colors |= dict.fromkeys(labels, muted) | {(self.z_row, 4): self.theme.highlight}
        self.row_of = {i: r for r, i in enumerate(places, start=1)}
        return Table(
            rows,
            place,
            ["right", "center", "right", "center", "right"],
            size=self.frame.body * 1.2,
            colors=colors,
            weights={(r, 4): "semibold" for r in range(1, len(rows))},
            rules=[self.sum_row],
            spanning=labels,
        )

    def multiply(self, heading: TextLine, table: Table, ring: Circle) -> None:
        """Each input travels to its weight; the product appears."""
        net, bundle = self.net, self.net.bundles[0]
        into = net.visible(1).index(self.chosen)
        shown = [i for i in self.row_of if i != ELLIPSIS]
        pace = float(np.clip(6.0 / len(shown), 0.5, 1.8))
        with self.beat(
            "Take neuron {k}. Each input is multiplied by the weight on its line.", k=Label(str(self.chosen + 1))
        ):
            self.play(
                Create(ring),
                FadeIn(heading),
                FadeIn(table.row(0)),
                bundle.animate.emphasise((into, slice(None)), 0.4),
                *(other.animate.emphasise(np.zeros(other.shape, dtype=bool)) for other in net.bundles[1:]),
                run_time=0.9,
            )
            for i in shown:
                value, times, weight, equals, product = (table.cell(self.row_of[i], column) for column in range(5))
                number = net.value_text(0, i)
                arrives = TransformFromCopy(number, value) if number is not None and number.string == value.string else FadeIn(value)
                lights = [bundle.animate.emphasise((into, net.visible(0).index(i)))] if i in net.visible(0) else []
                self.play(arrives, FadeIn(times), FadeIn(weight), *lights, run_time=0.6 * pace)
                after = self.row_of[i] + 1
                gap = [FadeIn(table.row(after))] if self.row_of.get(ELLIPSIS) == after else []
                self.play(FadeIn(equals), FadeIn(product, shift=0.12 * UP), *gap, run_time=0.4 * pace)
            self.play(bundle.animate.emphasise((into, slice(None))), run_time=0.4)

    def add_up(self, table: Table) -> None:
        """The products add up; the bias shifts the sum."""
        trace, k = self.trace, self.chosen
        total = table.cell(self.sum_row, 4)
        sentence = self.claim(
            ("The products add up to {s}. The bias lifts this to {z}.", lambda t: t["biases[1]"][k] > 0),
            ("The products add up to {s}. The bias lowers this to {z}.", lambda t: t["biases[1]"][k] < 0),
            ("The products add up to {s}. The bias is zero and leaves it there.", lambda t: t["biases[1]"][k] == 0),
            s=total.showable,
            z=table.cell(self.z_row, 4).showable,
        )
        assert trace is not None
        with self.beat(sentence):
            for step, r in enumerate((self.sum_row, self.bias_row, self.z_row)):
                line = [Create(table.rules)] if step == 0 else []
                self.play(*line, FadeIn(table.row(r), shift=0.12 * UP), run_time=0.9)
                self.wait(0.3)

    def squash(self, heading: TextLine, table: Table) -> None:
        """The sum goes through the activation function's curve into the neuron."""
        trace, k = self.trace, self.chosen
        z, a = trace.quantity("pre_activations[1]", k), trace.quantity("activations[1]", k)
        place = Region(self.panel.left + 0.2, self.panel.right - 0.2, self.panel.bottom + 0.3, self.panel.top - 0.8)
        plot = CurvePlot(trace["curve_x"], trace["curve_y"], place, "z", Label(f"{self.function}(z)"))
        dot, crosshair, z_text, a_text = plot.rider(z, a)
        z_cell = table.cell(self.z_row, 4)
        with self.beat(self.activation_claim(z, a)):
            others = [part for part in table.cells.values() if part is not z_cell]
            top = self.panel.top - 0.35
            self.play(
                *map(FadeOut, [*others, table.rules]),
                heading.animate.shift((self.panel.left - heading.origin[0], top - heading.origin[1], 0)),
                FadeIn(plot),
                run_time=0.9,
            )
            self.play(ReplacementTransform(z_cell, z_text), FadeIn(dot), Create(crosshair[0]), run_time=1.0)
            self.play(Create(crosshair[1]), FadeIn(a_text), run_time=0.8)
            self.play(*self.net.activate(1, self.vector("activations", 1), only=k), run_time=0.8)
        self.play(*map(FadeOut, (plot, dot, crosshair, z_text, a_text, heading)), run_time=0.5)

    def activation_claim(self, z: Quantity, a: Quantity) -> Sentence:
        """What the activation function did to this sum."""
        k = self.chosen

        def sum_of(trace: Trace) -> float:
            return float(trace["pre_activations[1]"][k])

        def activation_of(trace: Trace) -> float:
            return float(trace["activations[1]"][k])

        cases = {
            "sigmoid": [
                (
                    "The sigmoid squeezes any sum into the range from zero to one: {z} becomes {a}.",
                    lambda t: 0 <= activation_of(t) <= 1,
                )
            ],
            "tanh": [
                (
                    "The tanh squeezes any sum into the range from minus one to one: {z} becomes {a}.",
                    lambda t: -1 <= activation_of(t) <= 1,
                )
            ],
            "relu": [
                ("The sum is positive, so ReLU lets {z} pass unchanged.", lambda t: activation_of(t) == sum_of(t) > 0),
                ("The sum is not positive, so ReLU turns {z} into {a}.", lambda t: sum_of(t) <= 0 == activation_of(t)),
            ],
            "gelu": [
                (
                    "GELU lets most of a positive sum pass: {z} becomes {a}.",
                    lambda t: sum_of(t) > 0 and sum_of(t) / 2 <= activation_of(t) <= sum_of(t),
                ),
                # The lowest point of GELU is −0.17 (Hendrycks & Gimpel 2016).
                ("GELU holds a negative sum close to zero: {z} becomes {a}.", lambda t: sum_of(t) <= 0 and abs(activation_of(t)) < 0.171),
            ],
        }
        return self.claim(*cases[self.params.activation], z=z, a=a)

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
        rows = self.claim(
            ("All neurons of the layer do the same, with weights of their own: each is one row of the matrix W.", lambda t: len(t["weights[1]"]) > 1),
            ("This layer has a single neuron: its weights are the only row of the matrix W.", lambda t: len(t["weights[1]"]) == 1),
        )
        with self.beat(rows):
            self.play(FadeIn(equation.weights), run_time=0.8)
            self.play(FadeIn(mark), *equation.speak_of(spoken_of), run_time=0.8)
            self.play(FadeIn(equation.times), FadeIn(equation.incoming), run_time=0.8)
        sums = self.claim(
            ("Matrix times input, plus bias, gives all {n} sums at once; the {f} function turns every z into an activation a.", lambda t: t["sizes"][1] > 1),
            ("Matrix times input, plus bias, gives the sum z; the {f} function turns it into the activation a.", lambda t: t["sizes"][1] == 1),
            n=self.given("layers", 1),
            f=Label(self.function),
        )
        with self.beat(sums):
            self.play(FadeOut(mark), *equation.speak_of(None), run_time=0.5)
            settled = equation.beginning.animate
            if growth > 1:
                settled = settled.scale(1 / growth, about_point=place.center)
            self.play(settled.shift(-to_middle), run_time=0.8)
            self.play(FadeIn(equation.plus), FadeIn(equation.biases), run_time=0.7)
            self.play(FadeIn(equation.equals), FadeIn(equation.sums, shift=0.1 * UP), run_time=1.0)
            self.play(Create(equation.arrow), FadeIn(equation.function), run_time=0.6)
            self.play(FadeIn(equation.activations, shift=0.1 * UP), run_time=0.8)
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
        )
        spoken_of = self.chosen if self.chosen in equation.weights.rows else equation.weights.rows[0]
        return equation, equation.mark_row(spoken_of, Label(f"neuron {spoken_of + 1}")), spoken_of

    # All layers -----------------------------------------------------------------------------------------

    def all_layers(self) -> None:
        """The numbers go on, layer after layer, to the logits."""
        hidden = range(2, self.last)
        if hidden:
            with self.beat("The activations of one layer are the inputs of the next: multiply, add, activate, and again."):
                for layer in hidden:
                    self.pass_to(layer, "activations", 1.2 if len(hidden) < 3 else 0.9)
        with self.beat(
            "The last layer adds up as well." if self.params.head == "identity" else "The last layer’s sums are called logits.",
            self.claim(
                (
                    "Up to here it took {multiplications} and as many additions.",
                    lambda t: t["multiplication_count"] == sum(t[f"weights[{n}]"].size for n in range(1, self.last + 1)),
                ),
                multiplications=counted(
                    self.trace.quantity("multiplication_count", decimals=0), "multiplication", "multiplications"
                ),
            ),
        ):
            self.pass_to(self.last, "pre_activations", 1.2)
            self.play(*(bundle.animate.calm() for bundle in self.net.bundles), run_time=0.5)

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
        with self.beat(self.head_claim()):
            self.play(FadeIn(heading), *map(FadeIn, logits), run_time=0.9)
            if later:
                self.play(*map(FadeIn, [*later, *table.rules]), run_time=0.9)
            if bars is not None:
                self.play(FadeIn(bars.tracks), *(GrowFromEdge(bar, LEFT) for bar in bars.bars), run_time=1.1)
                self.play(FadeIn(bars.numbers), *self.net.change(self.last, self.vector("activations", self.last)), run_time=0.8)
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
        table = Table(
            rows,
            left,
            ["center", *["right"] * (len(names) - 1)],
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

    def head_claim(self) -> Sentence:
        """What the output says."""
        best = int(np.argmax(self.trace["outputs"]))

        def one(trace: Trace) -> bool:
            return len(trace["outputs"]) == 1

        def ahead(trace: Trace) -> bool:
            return not one(trace) and int((trace["outputs"] == trace["outputs"].max()).sum()) == 1

        def level(trace: Trace) -> bool:
            return not one(trace) and not ahead(trace)

        cases = {
            "softmax": [
                ("Softmax turns logits into probabilities that add up to one. Output {k} is the most likely: {p}.", ahead),
                ("Softmax turns logits into probabilities that add up to one. With a single output this is always {p}.", one),
                ("Softmax turns logits into probabilities that add up to one. Here no single output is ahead.", level),
            ],
            "sigmoid": [
                ("Each logit passes through a sigmoid of its own. Output {k} is the largest: {p}.", ahead),
                ("The logit passes through a sigmoid and becomes a probability: {p}.", one),
                ("Each logit passes through a sigmoid of its own. Here no single output is ahead.", level),
            ],
            "identity": [
                (
                    "The output layer leaves its sums as they are: this is how a network predicts quantities.",
                    lambda t: bool((t["outputs"] == t[f"pre_activations[{self.last}]"]).all()),
                )
            ],
        }
        return self.claim(*cases[self.params.head], k=Label(str(best + 1)), p=self.trace.quantity("outputs", best, decimals=self.output_decimals()))

    def ending(self) -> None:
        """The formula worth keeping, and the parameters used."""
        symbol = {"sigmoid": "sigma", "tanh": "tanh", "relu": 'op("ReLU")', "gelu": 'op("GELU")'}[self.params.activation]
        stage = self.frame.stage
        size = self.frame.title_size * (1.3 if self.frame.portrait else 1.9)
        formula = Formula(Label(f"a^((l)) = {symbol}(W^((l)) a^((l-1)) + b^((l)))"), size, width=stage.width)
        last = {
            "softmax": "The last layer ends in softmax instead.",
            "sigmoid": "The last layer ends in a sigmoid.",
            "identity": "The last layer leaves its sums as they are.",
        }[self.params.head]
        with self.beat("That is all of forward propagation: one line, repeated for every hidden layer.", last):
            used = self.used_parameters()
            VGroup(formula, used).arrange(DOWN, buff=0.9).move_to(stage.center)
            self.play(FadeIn(formula, shift=0.2 * UP), run_time=1.5)
            self.wait(1.0)
            self.play(FadeIn(used), run_time=0.8)

    def used_parameters(self) -> VGroup:
        """The parameters of this video, on lines of their own."""
        sizes = join(*(self.given("layers", n) for n in range(self.last + 1)), separator="–")
        source = Sentence("weights from a file") if self.params.weights else Sentence("seed {s}", {"s": self.given("seed")})
        lines = [
            Sentence("layers {sizes}", {"sizes": sizes}),
            Label(f"hidden layers: {self.function}"),
            Label(f"output: {self.params.head}"),
            source,
        ]
        if self.sizes[0] <= 6:
            inputs = join(*(self.given("inputs", n, decimals=2) for n in range(self.sizes[0])), separator="   ")
            lines.insert(1, Sentence("inputs {inputs}", {"inputs": inputs}))
        return centred_lines(lines, self.frame.stage.width)
