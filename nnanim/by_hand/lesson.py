"""By hand: a small network of which every number is shown; products ride along their lines, and lines become rows of a matrix."""

from __future__ import annotations

from typing import Any

import numpy as np
from manim import (
    LEFT,
    UP,
    Circle,
    Create,
    FadeIn,
    FadeOut,
    Line,
    ReplacementTransform,
    TransformFromCopy,
    VGroup,
)

from nnanim.by_hand.layers import MOST_ROWS, LayersByHand
from nnanim.lesson.claims import Case, Cases
from nnanim.quantity import (
    Label,
    Quantity,
    Showable,
    as_showable,
    counted,
    decimals_that_add_up,
    parse_number,
)
from nnanim.trace import Trace
from nnanim.visuals.networks.network import Network
from nnanim.visuals.page.frame import Region
from nnanim.visuals.page.table import ELLIPSIS, Table, elide, rows_that_fit
from nnanim.visuals.page.text import TextLine, text_width
from nnanim.visuals.paint.motion import in_turn
from nnanim.visuals.plots.plot import CurvePlot

FUNCTION_NAMES = {"sigmoid": "sigmoid", "tanh": "tanh", "relu": "ReLU", "gelu": "GELU"}
SEEN = 0.005
"""A number smaller than this is shown as zero."""


class ByHand(LayersByHand):
    """One forward pass through a small network, number by number; the trace is that of :func:`nnanim.sim.mlp.forward`."""

    params: Any

    def tell_by_hand(self) -> None:
        """The lesson, in order."""
        self.sizes: tuple[int, ...] = self.params.layers
        self.last = len(self.sizes) - 1
        self.chosen = self.params.neuron - 1
        self.function = FUNCTION_NAMES[self.params.activation]
        self.wide, self.foot = self.frame.stage.rows([1, 0.12], 0.05)
        beside = [0.48, 0.52] if self.frame.portrait or self.frame.width > 12 else [0.3, 0.7]  # a table needs its width
        self.side, self.panel = self.frame.split(beside, 0.3 if self.frame.width < 9 else 0.5)
        self.introduce()
        self.one_by_hand()
        self.whole_layer()
        self.all_layers()
        self.output_head()
        self.formula()

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
        network = Network(self.sizes, weights, region, limit=max(1.0, largest), keep={1: self.chosen})
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
        with self.beat():
            self.play(
                *in_turn([lambda part=part, **how: FadeIn(part, **how) for part in net.layers]),
                *in_turn([lambda part=part, **how: FadeIn(part, **how) for part in net.names]),
                run_time=1.6,
            )
            self.add(net)
            counts = {
                "inputs": counted(self.given("layers", 0), "input", "inputs"),
                "outputs": counted(self.given("layers", self.last), "output", "outputs"),
            }
            if self.params.is_learned:
                self.say("Sunshine, rain, free time: go or stay?")
            else:
                self.say("What becomes of {inputs} on the way to {outputs}?", **counts)
            self.play(*net.activate(0, self.vector("inputs", 0)), run_time=1.6)
            self.say("The input layer computes nothing: it holds what we feed in.")
        legend = self.legend()
        with self.beat():
            net.add_to_back(net.bundles)
            self.play(*in_turn([lambda part=part, **how: Create(part, **how) for part in net.bundles]), run_time=2.4)
            self.play(FadeIn(legend), run_time=0.6)
            self.say("Every line is a weight: blue positive, orange negative, thick large.")
            if self.params.weights:
                self.say("They were read from a file.")
            elif self.params.is_learned:
                self.say("They were learned.")
            else:
                self.say("Here they are drawn at random, with seed {seed}.", seed=self.given("seed"))
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

    def one_by_hand(self) -> None:
        """One neuron's products one at a time, their sum, the bias, the activation."""
        self.move_network(self.draw_network(self.side, filled=1))
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
        with self.beat():
            self.say("Take neuron {k}.", k=Label(str(self.chosen + 1)))
            self.play(
                Create(ring),
                FadeIn(heading),
                FadeIn(table.row(0)),
                bundle.animate.emphasise((into, slice(None)), 0.4),
                *(other.animate.emphasise(np.zeros(other.shape, dtype=bool)) for other in net.bundles[1:]),
                run_time=0.9,
            )
            if self.sizes[0] > 1:
                self.say("Each input is multiplied by the weight on its line.")
            else:
                self.say("The input is multiplied by the weight on its line.")
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
        k = self.chosen
        total = table.cell(self.sum_row, 4)
        products, z = total.showable, table.cell(self.z_row, 4).showable

        def bias(trace: Trace) -> float:
            return float(trace["biases[1]"][k])

        def seen(trace: Trace) -> float:
            """By how much the bias moves what is shown."""
            return parse_number(z.text) - parse_number(products.text)

        bias_says = Cases(
            Case("The bias is zero and leaves it there.", lambda t: bias(t) == 0),
            Case("The bias lifts it to {z}.", lambda t: bias(t) > 0 and seen(t) > 0),
            Case("The bias lowers it to {z}.", lambda t: bias(t) < 0 and seen(t) < 0),
            Case("The bias is too small to change the digits shown.", lambda t: seen(t) == 0),
        )
        with self.beat():
            self.play(Create(table.rules), FadeIn(table.row(self.sum_row), shift=0.12 * UP), run_time=0.9)
            if self.sizes[0] > 1:
                self.say("The products add up to {s}.", s=products)
            else:
                self.say("There is one product, {s}.", s=products)
            for r in (self.bias_row, self.z_row):
                self.play(FadeIn(table.row(r), shift=0.12 * UP), run_time=0.9)
            self.say(bias_says, z=z)

    def squash(self, heading: TextLine, table: Table) -> None:
        """The sum goes through the activation function's curve into the neuron."""
        trace, k = self.trace, self.chosen
        z, a = trace.quantity("pre_activations[1]", k), trace.quantity("activations[1]", k)
        place = Region(self.panel.left + 0.2, self.panel.right - 0.2, self.panel.bottom + 0.3, self.panel.top - 0.8)
        plot = CurvePlot(trace["curve_x"], trace["curve_y"], place, "z", Label(f"{self.function}(z)"))
        dot, crosshair, z_text, a_text = plot.rider(z, a)
        z_cell = table.cell(self.z_row, 4)
        with self.beat():
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
            self.say(*self.what_became(z, a), z=z, a=a)
        self.play(*map(FadeOut, (plot, dot, crosshair, z_text, a_text, heading)), run_time=0.5)

    def what_became(self, z: Quantity, a: Quantity) -> list[tuple[str, Any]]:
        """What the activation function did to this sum: sentences, with their predicates on the trace."""
        k = self.chosen

        def sum_of(trace: Trace) -> float:
            return float(trace["pre_activations[1]"][k])

        def activation_of(trace: Trace) -> float:
            return float(trace["activations[1]"][k])

        cases: dict[str, list[tuple[str, Any]]] = {
            "sigmoid": [
                (
                    "The sigmoid squeezes sums between zero and one: {z} becomes {a}.",
                    lambda t: 0 <= activation_of(t) <= 1,
                )
            ],
            "tanh": [
                (
                    "The tanh squeezes sums between minus one and one: {z} becomes {a}.",
                    lambda t: -1 <= activation_of(t) <= 1,
                )
            ],
            "relu": [
                ("The sum rounds to zero, where ReLU has its bend: {z} becomes {a}.", lambda t: abs(sum_of(t)) < SEEN),
                ("The sum is positive, so ReLU lets {z} pass unchanged.", lambda t: activation_of(t) == sum_of(t) > 0),
                ("The sum is negative, so ReLU turns {z} into {a}.", lambda t: sum_of(t) < 0 == activation_of(t)),
            ],
            "gelu": [
                ("GELU keeps a sum so close to zero close to zero: {z} becomes {a}.", lambda t: abs(sum_of(t)) < 0.1),
                # The lowest point of GELU is −0.17 (Hendrycks & Gimpel 2016).
                ("GELU holds a negative sum close to zero: {z} becomes {a}.", lambda t: sum_of(t) < 0 and abs(activation_of(t)) < 0.171),
                ("GELU lets so large a sum pass, to the digits shown: {z} becomes {a}.", lambda t: sum_of(t) > 0.5 and z.text == a.text),
                ("GELU lets most of a positive sum pass: {z} becomes {a}.", lambda t: sum_of(t) >= 0.5 and activation_of(t) > 0.69 * sum_of(t)),
                ("GELU lets part of a small positive sum pass: {z} becomes {a}.", lambda t: 0 < activation_of(t) < sum_of(t) < 0.5),
            ],
        }
        return cases[self.params.activation]
