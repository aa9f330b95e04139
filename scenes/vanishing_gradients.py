"""Vanishing gradients: what is left of the gradient when it reaches the first layer, and what that does to learning.

Everything is read from the trace of :func:`nnanim.sim.gradients.compare`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from manim import (
    DOWN,
    LEFT,
    RIGHT,
    UP,
    Arrow,
    Create,
    DashedLine,
    DoubleArrow,
    FadeIn,
    FadeOut,
    GrowFromCenter,
    ReplacementTransform,
    Transform,
    VGroup,
)
from pydantic import Field

from nnanim.chapter import Chapter
from nnanim.quantity import (
    LOWERED,
    RAISED,
    TIMES_TEN,
    Label,
    Quantity,
    Sentence,
    Showable,
    join,
    parse_number,
)
from nnanim.trace import Trace
from nnanim.visuals.axes import Axes, EndLabel, Slider, end_labels, room_for
from nnanim.visuals.frame import Region
from nnanim.visuals.math import Formula
from nnanim.visuals.motion import Sweep
from nnanim.visuals.points import PointCloud
from nnanim.visuals.scales import LinearScale, LogScale
from nnanim.visuals.series import Bars, Marker, Series
from nnanim.visuals.table import Table
from nnanim.visuals.text import Paragraph, TextLine, centred_lines, text_width, veil

KINDS = ("sigmoid", "tanh", "relu", "residual")
NAMES = {"sigmoid": "sigmoid", "tanh": "tanh", "relu": "ReLU", "residual": "residual"}
NETWORKS = {
    "sigmoid": "the sigmoid network",
    "tanh": "the tanh network",
    "relu": "the ReLU network",
    "residual": "the residual network",
}
ROLES = {"sigmoid": "negative", "tanh": "text", "relu": "positive", "residual": "good"}
MARKERS: dict[str, Marker] = {"sigmoid": "circle", "tanh": "square", "relu": "triangle", "residual": "diamond"}
INITIALISATIONS = {"default": "default", "xavier": "Xavier", "he": "He"}
NONE, VANISHING, EXPLODING, FAINT, HUGE, STABLE = range(6)
"""Places in the list of verdicts of :mod:`nnanim.sim.gradients`."""
ROWS = 4
"""Factors that are shown one by one."""
GUESSING = 0.01
"""A loss this close to ln 2, that of always saying one half, is called as good as guessing."""
HARDLY = 0.01
"""A loss that changes by no more than this share has hardly changed; with three figures, a larger change is seen."""


def sentence_case(words: str) -> str:
    """The words with a capital at the beginning."""
    return words[0].upper() + words[1:]


def is_exact(number: Quantity) -> bool:
    """Whether what is shown is the very value."""
    factor, _, power = number.text.partition(TIMES_TEN)
    return float(f"{parse_number(factor)}e{power.translate(LOWERED) or 0}") == number.value


def listed(words: list[str]) -> str:
    """“a”, “a and b”, “a, b and c”."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


class Chain(VGroup):
    """A row of blocks, one for each layer, the data's arrow into them, and the gradient hanging below as bars.

    Parameters
    ----------
    region
        Where.
    gradients
        Length of each layer's bar, to scale, (L,); None draws tall blocks instead and leaves the gradient out.
    data, loss, back
        Names of what goes in, of what comes out, and of what goes back.
    colors
        Of ``panel``, ``muted`` and ``gradient``.
    count
        Layers.
    """

    def __init__(
        self, region: Region, gradients: np.ndarray | None, data: TextLine, loss: TextLine, back: TextLine, colors: dict[str, str], count: int
    ) -> None:
        super().__init__()
        em = data.em
        left, right = region.left + data.advance + 0.75, region.right - loss.advance - 0.75
        pitch = (right - left) / count
        self.thickness = min(0.7 * pitch, 1.6)
        self.x = left + pitch * (np.arange(count) + 0.5)
        if gradients is None:
            self.height_of_block = min(0.7 * region.height, 0.62 * region.width)
            self.top = float(region.center[1]) + self.height_of_block / 2
        else:
            self.height_of_block = min(0.2 * region.height, 0.9)
            self.top = region.top - 1.6 * em
        foot, middle = self.top - self.height_of_block, self.top - self.height_of_block / 2
        self.blocks = Bars(np.stack([self.x, np.full(count, foot)], 1), self.height_of_block, self.thickness, colors["panel"], colors["muted"])
        self.data = data.on(np.array([region.left, middle, 0]), "left")
        self.loss = loss.on(np.array([region.right, middle, 0]), "right")
        style: dict[str, Any] = {"buff": 0, "stroke_width": 3.5, "tip_length": 0.17, "max_tip_length_to_length_ratio": 0.5}
        self.arrow_in = Arrow((self.data.get_right()[0] + 0.13, middle, 0), (left - 0.03, middle, 0), color=colors["muted"], **style)
        self.arrow_out = Arrow((right + 0.03, middle, 0), (self.loss.get_left()[0] - 0.13, middle, 0), color=colors["muted"], **style)
        ticks = LinearScale.counting(1, count, max(2, min(count, int((right - left) / (2.4 * em))))).marks
        self.numbers = VGroup(
            *(TextLine(Label(f"{n:.0f}"), em, colors["muted"]).at(self.x[int(n) - 1], self.top + 0.5 * em, "center") for n in ticks)
        )
        self.parts = [self.blocks, self.data, self.loss, self.arrow_in, self.arrow_out, self.numbers]
        self.add(*self.parts)
        if gradients is None:
            return
        low = region.bottom + 0.5 * em
        longest = min(max(0.3, foot - 0.1 - low - em), 0.9 * region.width)
        share = np.nan_to_num(gradients / max(float(gradients.max()), 1e-300))
        self.lengths = -longest * share
        self.bars = Bars(np.stack([self.x, np.full(count, foot - 0.1)], 1), self.lengths, self.thickness, colors["gradient"])
        seen = np.flatnonzero(share > 0.03)
        free = self.x[seen[0]] - self.thickness / 2 - left if len(seen) else right - left
        roomy = free > back.advance + 2.2
        place = (left + free / 2 + 0.5, foot - 0.1 - longest / 2) if roomy else ((left + right) / 2 + 0.5, low)
        self.back = back.on(np.array([*place, 0]), "center")
        edge = self.back.get_left()[0] - 0.16
        self.back_arrow = Arrow((edge, place[1], 0), (edge - 1.2, place[1], 0), color=colors["gradient"], **style)
        self.add(self.bars, self.back, self.back_arrow)

    def neurons(self, width: int, color: str) -> PointCloud:
        """A dot for each neuron of each layer; the last layer has one."""
        columns = math.ceil(width / 40)
        rows = math.ceil(width / columns)
        pitch = min(0.92 * self.height_of_block / rows, 0.3, 1.5 * self.thickness / columns)
        n = np.arange(width)
        across = (n // rows - (columns - 1) / 2) * self.thickness / columns
        up = ((rows - 1) / 2 - n % rows) * pitch
        middle = self.top - self.height_of_block / 2
        hidden = [np.stack([x + across, middle + up], 1) for x in self.x[:-1]]
        return PointCloud(np.concatenate([*hidden, [[self.x[-1], middle]]]), min(0.36 * pitch, 0.3 * self.thickness / columns), color)


class VanishingGradients(Chapter):
    """The gradient on its way back through a deep network: what is left of it at the first layer."""

    class Params(Chapter.Params):
        """The networks, how they start, and how they are trained."""

        depth: int = Field(20, ge=2, le=30, description="layers with weights of each network")
        width: int = Field(32, ge=2, le=128, description="neurons of each hidden layer")
        activation: Literal["sigmoid", "tanh", "relu", "residual"] = Field(
            "sigmoid", description="the network that is looked at first; the three others are compared with it"
        )
        initialisation: Literal["default", "xavier", "he"] = Field(
            "default", description="how weights are drawn: as torch does by default, Xavier (Glorot) or He, each uniform"
        )
        gain: float = Field(1.0, ge=0.05, le=5, description="all weights are multiplied by this at the start")
        seed: int = Field(0, ge=0, le=2**31 - 1, description="seed of the data set and of the drawn weights")
        steps: int = Field(200, ge=1, le=1000, description="training steps, each on the whole data set")
        learning_rate: float = Field(0.1, gt=0, le=10, description="learning rate of the training")

    costly = True

    def simulate(self, p: Params) -> Trace:
        """Backward passes at every depth and initialisation, and a training run of each network."""
        from nnanim.sim import gradients  # torch is imported only when something is computed

        return gradients.compare(
            p.depth, p.width, p.initialisation, p.gain, p.seed, p.steps, p.learning_rate, self.report
        )

    def construct(self) -> None:
        """The lesson, in order."""
        self.chosen = KINDS.index(self.params.activation)
        self.order = [self.chosen, *(i for i in range(len(KINDS)) if i != self.chosen)]
        self.spacious = self.frame.stage.width > 9
        self.name_size = max(self.frame.small, 0.9 * self.frame.body)
        self.layers_in_a_row()
        self.slopes()
        self.factors()
        self.compare_networks()
        self.turn_depth()
        self.losses()
        self.movement()
        self.what_helps()
        self.ending()

    # Reading the trace --------------------------------------------------------------------------------

    def figure(self, name: str, *index: int, figures: int = 2) -> Quantity:
        """A number of the trace with so many significant figures."""
        return self.trace.quantity(name, *index).to_figures(figures)

    def exact(self, name: str) -> Quantity:
        """A parameter with as few figures as tell it exactly, or six."""
        given = self.trace.quantity(f"parameters.{name}")
        written = [given.to_figures(figures) for figures in range(1, 7)]
        return next((number for number in written if is_exact(number)), written[-1])

    def color(self, i: int) -> str:
        """The colour of a network."""
        return str(getattr(self.theme, ROLES[KINDS[i]]))

    def curve(self, axes: Axes, i: int, x: Any, y: Any, points: int, width: float = 5.0) -> Series:
        """A network's line, from its last layer to its first."""
        spacing = axes.plot.width / max(points, 2)
        return axes.series(x, y, self.color(i), width, MARKERS[KINDS[i]], float(np.clip(0.3 * spacing, 0.04, 0.085)))

    # The chain ------------------------------------------------------------------------------------------

    def draw_chain(self, region: Region, gradients: np.ndarray | None) -> Chain:
        """The chosen network as a chain of layers."""
        theme, size = self.theme, self.frame.small
        colors = {"panel": theme.panel, "muted": theme.muted, "gradient": theme.gradient}
        names = TextLine("data", size, theme.text), TextLine("loss", size, theme.text)
        back = TextLine("gradient", size * 1.2, theme.gradient, "semibold")
        return Chain(region, gradients, *names, back, colors, self.params.depth)

    def layers_in_a_row(self) -> None:
        """The layers, and the gradient that walks back through them."""
        stage, norms = self.frame.stage, self.trace["output_norms"][self.chosen]
        tall = self.draw_chain(stage, None)
        dots = tall.neurons(self.params.width, self.theme.muted)
        with self.beat(
            "A deep network: {depth} layers, {width} neurons in each hidden one. Data goes in, a loss comes out.",
            depth=self.given("depth"),
            width=self.given("width"),
        ):
            self.play(FadeIn(tall.data), FadeIn(tall.arrow_in), run_time=0.5)
            self.play(Create(tall.blocks), Create(dots), FadeIn(tall.numbers), run_time=2.2)
            self.play(FadeIn(tall.arrow_out), FadeIn(tall.loss), run_time=0.5)
        self.chain = chain = self.draw_chain(stage.inset(0, 0.02 * stage.height), norms)
        self.play(FadeOut(dots), run_time=0.3)
        self.play(*(ReplacementTransform(old, new) for old, new in zip(tall.parts, chain.parts, strict=True)), run_time=0.7)
        with self.beat("The gradient goes the other way.", self.scale_claim()):
            self.play(FadeIn(chain.back), FadeIn(chain.back_arrow, shift=0.3 * LEFT), run_time=0.6)
            feet = chain.bars.points[::-1]
            growing = Bars(feet, 0.0, chain.thickness, self.theme.gradient)
            passing = Bars(chain.blocks.points[::-1], chain.height_of_block, chain.thickness, np.zeros(4), self.theme.gradient)
            passed = passing.copy()
            tall_bars = growing.copy().set_lengths(chain.lengths[::-1])
            self.play(Sweep(growing, tall_bars, overlap=0.4), Sweep(passing.set_opacity(0), passed, overlap=0.4), run_time=3.2)
            self.remove(growing)
            self.add(chain, passing)
            self.wait(0.6)
            seen = norms[::-1] * 100 >= norms.max()  # the outlines that stay are those of the bars that can be seen
            self.play(passing.animate.set_stroke(opacity=seen.astype(float)).set_fill(opacity=seen.astype(float)), run_time=0.8)
        self.remove(passing)

    def scale_claim(self) -> Sentence:
        """Whether the bars can be seen when they are drawn to scale."""
        i = self.chosen

        def faint(trace: Trace) -> int:
            return int(trace["faint_layers"][i]) if trace["output_norms"][i].max() > 0 else -1

        return self.claim(
            ("Drawn to scale, {n} of its {depth} bars are under a hundredth of the largest.", lambda t: faint(t) > 1),
            ("Drawn to scale, one of its {depth} bars is under a hundredth of the largest.", lambda t: faint(t) == 1),
            ("Drawn to scale, none of its {depth} bars is under a hundredth of the largest.", lambda t: faint(t) == 0),
            ("But the loss gives none here: it is exactly zero.", lambda t: faint(t) < 0),
            n=self.trace.quantity("faint_layers", i, decimals=0),
            depth=self.given("depth"),
        )

    # Slopes and factors ---------------------------------------------------------------------------------

    def slopes(self) -> None:
        """The slope of the activation function, and those that were measured."""
        i, kind = self.chosen, self.params.activation
        portrait = self.frame.portrait
        upper, self.lower = self.frame.stage.rows([0.3, 0.7] if portrait else [0.4, 0.6], 0.3)
        left, right = self.lower.rows([0.62, 0.38], 0.3) if portrait else self.lower.columns([0.55, 0.45], 0.4)
        limit = float(self.trace["slope_limit"][i])
        function = "ReLU" if kind in ("relu", "residual") else kind
        axes = Axes(left, LinearScale(-6, 6), LinearScale(0, 1.1 * limit, (0, limit)), "z", Label(f"slope of {function}"))
        line = axes.series(self.trace["slope_x"], self.trace["slope_y"][i], self.theme.text, 5)
        rows: list[list[Showable | None]] = [
            ["greatest slope there is", self.figure("slope_limit", i)],
            ["greatest measured here", self.figure("slope_largest", i)],
            ["mean measured here", self.figure("slope_mean", i)],
        ]
        styles = {(r, 0): self.theme.muted for r in range(3)}
        table = Table(rows, right, ["left", "right"], self.frame.body * 1.1, styles, {(r, 1): "semibold" for r in range(3)})
        moved = self.draw_chain(upper, self.trace["output_norms"][i])
        self.play(ReplacementTransform(self.chain, moved), run_time=0.8)
        self.chain = moved
        words = (
            "Each layer adds its part, weights times slope, to what comes past."
            if kind == "residual"
            else "Each layer multiplies it by its weights and by its activation’s slope."
        )
        with self.beat(words, self.slope_claim()):
            self.play(FadeIn(axes), run_time=0.5)
            self.play(Create(line), run_time=1.2)
            for r in range(3):
                self.play(FadeIn(table.row(r), shift=0.1 * UP), run_time=0.5)
        self.play(*map(FadeOut, (axes, line, table)), run_time=0.4)

    def slope_claim(self) -> Sentence:
        """What the slope can be at most."""
        i, function = self.chosen, NAMES[self.params.activation]
        if self.params.activation in ("relu", "residual"):
            return self.claim(
                ("ReLU’s slope is one or zero, {mean} on average.", lambda t: bool(np.isin(t["slope_y"][i], (0, 1)).all())),
                mean=self.figure("slope_mean", i),
            )
        return self.claim(
            ("For {f}, {limit} at most, {mean} on average.", lambda t: bool(t["slope_largest"][i] <= t["slope_limit"][i])),
            f=Label(function),
            limit=self.figure("slope_limit", i),
            mean=self.figure("slope_mean", i),
        )

    def factors(self) -> None:
        """Factor after factor: what each layer hands back of the gradient, and what is left."""
        i, chain = self.chosen, self.chain
        layers = list(range(self.params.depth, 1, -1))
        shown: list[int | None] = list(layers) if len(layers) <= ROWS + 2 else [*layers[:ROWS], None, layers[-1]]
        rows: list[list[Showable | None]] = [["layer", None, "factor", None, "gradient left"]]
        for layer in shown:
            if layer is None:
                rows.append(["⋮", None, "⋮", None, "⋮"])
                continue
            factor = self.trace["factors"][i][layer - 2]
            handed: Showable = self.figure("factors", i, layer - 2) if math.isfinite(factor) else "–"
            rows.append([Label(str(layer)), "×", handed, "→", self.figure("left", i, layer - 2)])
        muted = self.theme.muted
        colors = {(0, c): muted for c in range(5)} | {(r, c): muted for r in range(1, len(rows)) for c in (0, 1, 3)}
        colors |= {(r, 4): self.theme.gradient for r in range(1, len(rows))}
        table = Table(
            rows, self.lower, ["right", "center", "right", "center", "right"], size=self.frame.body * 1.15,
            colors=colors, weights={(r, 4): "semibold" for r in range(1, len(rows))},
        )  # fmt: skip
        with self.beat("From the loss back, each layer is one factor.", self.left_claim()):
            self.play(FadeIn(table.row(0)), run_time=0.5)
            for r, layer in enumerate(shown, start=1):
                if layer is None:
                    self.play(FadeIn(table.row(r)), run_time=0.3)
                    continue
                lit = chain.blocks.copy().set_colors(self.theme.panel).set_colors(self.theme.highlight, layer - 1)
                self.play(Transform(chain.blocks, lit), FadeIn(table.row(r), shift=0.1 * LEFT), run_time=0.7)
        self.play(*map(FadeOut, (table, chain)), run_time=0.5)

    def left_claim(self) -> Sentence:
        """What is left of the gradient at the first layer."""
        i = self.chosen

        def left(trace: Trace) -> float:
            return float(trace["left"][i][0])

        return self.claim(
            ("At the first, exactly nothing is left of the gradient.", lambda t: left(t) == 0),
            ("At the first, {left} of the gradient is left.", lambda t: 0 < left(t) < 1),
            ("At the first, the gradient is {left} times what it was.", lambda t: 1 < left(t) < math.inf),
            ("At the first, the gradient is as large as before.", lambda t: left(t) == 1),
            ("There is no gradient even at the loss.", lambda t: not math.isfinite(left(t))),
            left=self.figure("left", i, 0),
        )

    # The four networks ----------------------------------------------------------------------------------

    def layer_axes(self, region: Region, values: np.ndarray, last: int, name: str, labels: Sequence[Showable]) -> Axes:
        """Axes for a number of each layer on a logarithmic scale, with room for names beside the first layer."""
        marks = LinearScale.counting(1, last, 8 if self.spacious else 5).marks
        pad = 0.012 * last + 0.2
        room = room_for(labels, self.name_size)
        return Axes(region, LinearScale(1 - pad, last + pad, marks), LogScale.over(values), "layer", name, "right", (room, 0.0), self.theme.gradient)

    def label_of(self, i: int, name: str) -> Showable:
        """A network's name, with its first layer's number where there is room."""
        named = Label(NAMES[KINDS[i]])
        if not self.spacious or not math.isfinite(self.trace[name][i][0]):
            return named
        return Sentence("{name}  {value}", {"name": named, "value": self.figure(name, i, 0)})

    def lines_of(self, axes: Axes, name: str) -> list[Series]:
        """Every network's number of each layer, drawn from the last layer to the first."""
        count = self.params.depth
        return [self.curve(axes, i, np.arange(count, 0, -1), self.trace[name][i][::-1], count) for i in range(len(KINDS))]

    def compare_networks(self) -> None:
        """Gradient norm of each layer's weights, one network after another on the same axes."""
        name = "gradient norm of each layer’s weights"
        names = [self.label_of(i, "weight_norms") for i in range(len(KINDS))]
        axes = self.layer_axes(self.frame.stage, self.trace["weight_norms"], self.params.depth, name, names)
        lines = self.lines_of(axes, "weight_norms")
        labels = end_labels(axes, lines, names, "left", self.name_size)
        with self.beat("Now the gradients of the weights themselves.", self.log_step(axes)):
            self.play(FadeIn(axes), run_time=0.7)
            self.play(Create(lines[self.chosen]), run_time=2.2)
            self.play(FadeIn(labels[self.chosen]), run_time=0.4)
        span = self.span(axes, lines[self.chosen])
        with self.beat(self.verdict_claim(self.chosen)):
            if len(span):
                self.play(Create(span[0]), run_time=0.6)
                self.play(GrowFromCenter(span[1]), FadeIn(span[2:]), run_time=0.7)
            else:
                self.draw_again(lines[self.chosen])
        for before, i in pairwise(self.order):
            with self.beat(self.verdict_claim(i, brief=True)):
                self.play(lines[before].animate.set_opacity(0.4), labels[before].animate.set_opacity(0.6), FadeOut(span), run_time=0.4)
                self.remove(span)
                self.play(Create(lines[i]), run_time=1.6)
                self.play(FadeIn(labels[i]), run_time=0.4)
        self.play(*map(FadeOut, (axes, *lines, *labels)), run_time=0.5)

    def draw_again(self, line: Series) -> None:
        """Dim a line and draw it anew over itself, from the last layer to the first: the way that the narration speaks of."""
        again = line.copy()
        self.play(line.animate.set_opacity(0.4), run_time=0.4)
        self.play(Create(again), run_time=2.2)
        line.set_opacity(1.0)
        self.remove(again)

    def span(self, axes: Axes, line: Series) -> VGroup:
        """How far the chosen network's last layer is from its first: a dashed line, a double arrow, the factor.

        Empty when it is not far, or when there is no place where the number is clear of the line.
        """
        i = self.chosen
        if int(self.trace["verdicts"][i]) not in (VANISHING, EXPLODING):
            return VGroup()
        ratio = "ratios" if self.trace["verdicts"][i] == VANISHING else "inverse_ratios"
        if not math.isfinite(self.trace[ratio][i]):
            return VGroup()
        first, last = line.points[-1], line.points[0]
        color = self.theme.highlight
        text = TextLine(Sentence("× {r}", {"r": self.figure(ratio, i)}), self.frame.body, color, "semibold")
        x, low, high = first[0] + 0.22, *sorted((first[1], last[1]))
        share = np.linspace(0, 1, 40)[:, None]
        along = np.concatenate([a + share * (b - a) for a, b in pairwise(line.points)])
        near = along[along[:, 0] < x + text.advance + 0.15, 1]
        places = sorted(np.linspace(low + 0.25, high - 0.25, 21), key=lambda y: abs(y - (low + high) / 2))
        clear = [y for y in places if not len(near) or np.abs(near - y).min() > 0.6 * text.em]
        if high - low < 0.9 or not clear:
            return VGroup()
        text.on(np.array([x, clear[0], 0]), "left")
        level = DashedLine((first[0], last[1], 0), (last[0], last[1], 0), dash_length=0.09, color=color, stroke_width=2.5)
        toward = 1.0 if last[1] > first[1] else -1.0
        arrow = DoubleArrow(
            (first[0], first[1] + 0.12 * toward, 0), (first[0], last[1], 0), buff=0, color=color, stroke_width=3.5, tip_length=0.16
        )
        around = Region(x - 0.07, x + text.advance + 0.07, clear[0] - 0.5 * text.em, clear[0] + 0.5 * text.em)
        return VGroup(level, arrow, veil(around), text)

    @staticmethod
    def log_step(axes: Axes) -> Sentence:
        """What a grid line of the logarithmic axis means."""
        power = axes.decades
        factor = f"{10**power:,}" if power < 5 else f"10{str(power).translate(RAISED)}"
        return Sentence("The axis is logarithmic: each line is a factor of {factor}.", {"factor": Label(factor)})

    def verdict_claim(self, i: int, brief: bool = False) -> Sentence:
        """What becomes of a network's gradient, decided by the ratio of last and first layer."""
        last_over = "last over first is {r}" if brief else "the last layer’s gradient is {r} times the first’s"
        way = "" if brief else " on the way back"
        first_over = "first over last is {q}" if brief else "the first layer’s gradient is {q} times the last’s"

        def is_(verdict: int) -> Callable[[Trace], bool]:
            return lambda t: int(t["verdicts"][i]) == verdict

        def last_leads(trace: Trace) -> bool:
            return float(trace["ratios"][i]) >= 1

        ratio, inverse = self.trace["ratios"][i], self.trace["inverse_ratios"][i]
        return self.claim(
            (
                "{N}: the first layer’s gradient is exactly zero. It is too small for single precision.",
                lambda t: is_(NONE)(t) and t["underflows"][i] == 1,
            ),
            ("{N}: nothing reaches the first layer. Its gradient is exactly zero.", is_(NONE)),
            (
                "{N}: " + last_over + f". It vanishes{way}.",
                lambda t: is_(VANISHING)(t) and t["ratios"][i] > t["factor"],
            ),
            (
                "{N}: " + first_over + f". It explodes{way}.",
                lambda t: is_(EXPLODING)(t) and t["factor"] < t["inverse_ratios"][i] < math.inf,
            ),
            ("{N}: the first layer gets a gradient, the last one none.", lambda t: is_(EXPLODING)(t) and t["inverse_ratios"][i] == math.inf),
            (
                "{N}: first and last within a factor of {limit}, but all layers are faint: {most} at most.",
                lambda t: is_(FAINT)(t) and t["most"][i] < t["faint"],
            ),
            (
                "{N}: first and last within a factor of {limit}, but all layers are huge: {least} at least.",
                lambda t: is_(HUGE)(t) and t["least"][i] > t["huge"],
            ),
            ("{N}: " + last_over + ". It stays stable.", lambda t: is_(STABLE)(t) and last_leads(t)),
            ("{N}: " + first_over + ". It stays stable.", lambda t: is_(STABLE)(t) and not last_leads(t)),
            N=Label(self.introduced(i)),
            r=self.figure("ratios", i) if math.isfinite(ratio) else "–",
            q=self.figure("inverse_ratios", i) if math.isfinite(inverse) else "–",
            limit=self.trace.quantity("factor", decimals=0),
            most=self.figure("most", i),
            least=self.figure("least", i),
        )

    @staticmethod
    def introduced(i: int) -> str:
        """A network's name when it is compared with the others."""
        return {"residual": "Residual connections and layer norm"}.get(KINDS[i], sentence_case(NAMES[KINDS[i]]))

    # Depth ----------------------------------------------------------------------------------------------

    def turn_depth(self) -> None:
        """The same networks from shallow to deep."""
        trace, depths = self.trace, self.trace["depths"]
        portrait = self.frame.portrait
        place, foot = self.frame.stage.rows([0.86, 0.14] if self.spacious else [0.82, 0.18] if portrait else [0.76, 0.24], 0.15)
        if self.spacious:
            track, readout = foot.columns([0.58, 0.42], 0.5)
        else:
            track, readout = foot.rows([0.6, 0.4], 0.05)
        stops = [trace.quantity("depths", k, decimals=0) for k in range(len(depths))]
        slider = Slider(stops, track, "layers")
        names: list[Showable] = [Label(NAMES[kind]) for kind in KINDS]
        axes = self.layer_axes(place, trace["depth_norms"], int(depths[-1]), "gradient norm of each layer’s weights", names)
        drawn = [self.depth_state(axes, k, names) for k in range(len(depths))]
        lines, labels = drawn[0]
        said = self.ratio_text(0, readout)
        with self.beat(self.depth_claim()):
            self.play(FadeIn(axes), FadeIn(slider), run_time=0.6)
            self.play(*map(FadeIn, lines), *map(FadeIn, labels), FadeIn(said), run_time=0.7)
            self.wait(0.4)
            for k in range(1, len(depths)):
                goal_lines, goal_labels = drawn[k]
                text = self.ratio_text(k, readout)
                self.play(
                    *(Transform(line, goal) for line, goal in zip(lines, goal_lines, strict=True)),
                    *(Transform(label, goal) for label, goal in zip(labels, goal_labels, strict=True)),
                    slider.knob.animate.move_to(slider.knob_at(k)),
                    FadeOut(said, run_time=0.3),
                    run_time=1.1,
                )
                self.play(FadeIn(text), run_time=0.3)
                said = text
                self.wait(0.8)
        with self.beat(self.deepest_claim()):
            fading = [i for i in range(len(KINDS)) if trace["depth_verdicts"][-1][i] != STABLE]
            if 0 < len(fading) < len(KINDS):
                self.play(
                    *(lines[i].animate.set_opacity(0.25) for i in fading), *(labels[i].animate.set_opacity(0.4) for i in fading), run_time=0.8
                )
        self.play(*map(FadeOut, (axes, slider, said, *lines, *labels)), run_time=0.5)

    def depth_state(self, axes: Axes, k: int, names: list[Showable]) -> tuple[list[Series], list[EndLabel]]:
        """The lines and their names at one depth; all have as many points, the last layer's repeated."""
        depth, most = int(self.trace["depths"][k]), int(self.trace["depths"][-1])
        layers = np.minimum(np.arange(1, most + 1), depth)
        norms = self.trace["depth_norms"][k]
        lines = [self.curve(axes, i, layers, norms[i][layers - 1], most) for i in range(len(KINDS))]
        return lines, end_labels(axes, lines, names, "left", self.name_size)

    def ratio_text(self, k: int, region: Region) -> TextLine:
        """The ratio of last and first layer of the chosen network at one depth, in words."""
        i = self.chosen
        name = Label(NAMES[KINDS[i]])
        if math.isfinite(self.trace["depth_ratios"][k][i]):
            words = Sentence("{name}: last / first = {r}", {"name": name, "r": self.figure("depth_ratios", k, i)})
        else:
            words = Sentence("{name}: first layer exactly zero", {"name": name})
        size = min(self.frame.body, region.width / text_width(words, 1.0, "semibold"))
        line = TextLine(words, size, self.color(i), "semibold")
        return line.on(np.array([region.right if self.spacious else region.left, region.center[1], 0]), "right" if self.spacious else "left")

    def depth_claim(self) -> Sentence:
        """How the chosen network's ratio goes with depth."""
        i, last = self.chosen, len(self.trace["depths"]) - 1

        def ratios(trace: Trace) -> np.ndarray:
            return np.asarray(trace["depth_ratios"][[0, last], i], dtype=float)

        values = ratios(self.trace)
        return self.claim(
            (
                "More layers: with {few}, last over first is {a} in {N}; with {many}, it is {b}.",
                lambda t: bool(np.isfinite(ratios(t)).all()),
            ),
            (
                "More layers: with {few}, last over first is {a} in {N}; with {many}, nothing reaches the first.",
                lambda t: bool(np.isfinite(ratios(t)[0]) and t["depth_norms"][last, i, 0] == 0),
            ),
            ("More layers: in {N}, nothing reaches the first layer even with {few}.", lambda t: bool(t["depth_norms"][0, i, 0] == 0)),
            N=Label(NETWORKS[KINDS[i]]),
            a=self.figure("depth_ratios", 0, i) if math.isfinite(values[0]) else "–",
            b=self.figure("depth_ratios", last, i) if math.isfinite(values[1]) else "–",
            few=self.trace.quantity("depths", 0, decimals=0),
            many=self.trace.quantity("depths", last, decimals=0),
        )

    def deepest_claim(self) -> Sentence:
        """Which networks are stable at the greatest depth."""

        def stable(trace: Trace) -> list[str]:
            return [NETWORKS[kind] for kind, verdict in zip(KINDS, trace["depth_verdicts"][-1], strict=True) if verdict == STABLE]

        return self.claim(
            ("With {many} layers, no network keeps its gradient stable.", lambda t: len(stable(t)) == 0),
            ("With {many} layers, all four keep their gradient stable.", lambda t: len(stable(t)) == len(KINDS)),
            ("With {many} layers, only {who} keeps its gradient stable.", lambda t: len(stable(t)) == 1),
            ("With {many} layers, {who} keep their gradient stable.", lambda t: len(stable(t)) > 1),
            many=self.trace.quantity("depths", len(self.trace["depths"]) - 1, decimals=0),
            who=Label(listed(stable(self.trace) or ["none"])),
        )

    # Training -------------------------------------------------------------------------------------------

    def losses(self) -> None:
        """The loss of all four networks during training."""
        trace, count = self.trace, self.params.steps
        losses = trace["losses"]
        finite = losses[np.isfinite(losses)]
        steep = finite.max() > 20
        y = LogScale.over(losses) if steep else LinearScale.over(losses, include=(0.0,))
        names: list[Showable] = [self.loss_label(i) for i in range(len(KINDS))]
        room = (0.0, room_for(names, self.name_size))
        axes = Axes(self.frame.stage, LinearScale.counting(0, count, 6), y, "training step", "loss", "left", room, self.theme.text)
        lines = [axes.series(np.arange(count + 1), losses[i], self.color(i)) for i in range(len(KINDS))]
        ends = VGroup()  # where a loss overflows: its last finite value
        for i, stop in enumerate(trace["stopped_at"]):
            if stop > 0:
                ends.add(axes.series([stop - 1], [losses[i][stop - 1]], self.color(i), 5, MARKERS[KINDS[i]], 0.11))
        labels = end_labels(axes, lines, names, "right", self.name_size, [MARKERS[kind] for kind in KINDS])
        with self.beat(
            "Training: {steps}, learning rate {rate}.",
            self.loss_claim(),
            steps=self.counted_steps(),
            rate=self.exact("learning_rate"),
        ):
            self.play(FadeIn(axes), run_time=0.6)
            self.play(*map(Create, lines), run_time=2.6)
            self.play(FadeIn(ends), *map(FadeIn, labels), run_time=0.6)
        self.play(*map(FadeOut, (axes, ends, *lines, *labels)), run_time=0.5)

    def counted_steps(self) -> Sentence:
        """“200 steps”."""
        return Sentence("{n} step" if self.params.steps == 1 else "{n} steps", {"n": self.given("steps")})

    def loss_label(self, i: int) -> Showable:
        """A network's name and its loss at the end."""
        name = Label(NAMES[KINDS[i]])
        if self.trace["stopped_at"][i] >= 0:
            return Sentence("{name}  overflow", {"name": name})
        return Sentence("{name}  {loss}", {"name": name, "loss": self.figure("losses_after", i, figures=3)})

    def loss_claim(self) -> Sentence:
        """What training did to the loss of the chosen network, and to the best of the others."""
        after = self.trace["losses_after"]
        others = [i for i in self.order[1:] if math.isfinite(after[i])]
        first = self.one_loss(self.chosen)
        return join(first, self.one_loss(min(others, key=lambda i: after[i]))) if others else first

    def one_loss(self, i: int) -> Sentence:
        """What training did to a network's loss."""

        def ended(trace: Trace) -> bool:
            return int(trace["stopped_at"][i]) < 0

        def guesses(trace: Trace) -> bool:
            return ended(trace) and abs(float(trace["losses_after"][i]) - float(trace["guess"])) < GUESSING

        def gain(trace: Trace) -> float:
            return float(trace["losses_before"][i]) - float(trace["losses_after"][i])

        stop = int(self.trace["stopped_at"][i])
        return self.claim(
            ("{N}: overflow at the start.", lambda t: int(t["stopped_at"][i]) == 0),
            ("{N}: overflow at step {stop}.", lambda t: int(t["stopped_at"][i]) > 0),
            ("{N} is as good as guessing: loss {b}.", guesses),
            ("{N}: loss {b}, hardly changed.", lambda t: ended(t) and abs(gain(t)) <= HARDLY * float(t["losses_before"][i])),
            ("{N}: loss from {a} down to {b}.", lambda t: ended(t) and gain(t) > 0),
            ("{N}: loss from {a} up to {b}.", lambda t: ended(t) and gain(t) < 0),
            N=Label(sentence_case(NAMES[KINDS[i]])),
            stop=self.trace.quantity("stopped_at", i, decimals=0) if stop >= 0 else "–",
            a=self.figure("losses_before", i, figures=3) if math.isfinite(self.trace["losses_before"][i]) else "–",
            b=self.figure("losses_after", i, figures=3) if stop < 0 else "–",
        )

    def movement(self) -> None:
        """How far each layer's weights moved."""
        changes, count = self.trace["changes"], self.params.depth
        names = [self.label_of(i, "changes") if np.isfinite(changes[i]).all() else Label(f"{NAMES[KINDS[i]]}: overflow") for i in range(len(KINDS))]
        axes = self.layer_axes(self.frame.stage, changes, count, "relative change of each layer’s weights", names)
        lines = self.lines_of(axes, "changes")
        labels = end_labels(axes, lines, names, "left", self.name_size)
        others = self.order[1:]
        with self.beat(self.movement_claim(self.chosen)):
            self.play(FadeIn(axes), run_time=0.6)
            self.play(Create(lines[self.chosen]), run_time=1.6)
            self.play(FadeIn(labels[self.chosen]), run_time=0.4)
        with self.beat(self.most_moved_claim()):
            self.play(*(Create(lines[i]) for i in others), run_time=1.8)
            self.play(*(FadeIn(labels[i]) for i in others), run_time=0.5)
        self.play(*map(FadeOut, (axes, *lines, *labels)), run_time=0.5)

    def movement_claim(self, i: int) -> Sentence:
        """Whether the chosen network's first layers moved."""

        def ended(trace: Trace) -> bool:
            return int(trace["stopped_at"][i]) < 0

        def still(trace: Trace) -> int:
            return int(trace["unmoved"][i])

        def first(trace: Trace) -> float:
            return float(trace["changes"][i][0])

        stop = not ended(self.trace)
        return self.claim(
            ("{N} overflowed: how far its weights moved cannot be told.", lambda t: not ended(t)),
            (
                "{N}, after {steps}: {n} of {depth} layers are exactly where they started, the first among them.",
                lambda t: first(t) == 0 and still(t) > 1,
            ),
            ("{N}, after {steps}: the first layer is exactly where it started.", lambda t: first(t) == 0),
            ("{N}, after {steps}: the first layer has moved by {c} of its size, the last by {d}.", ended),
            N=Label(sentence_case(NETWORKS[KINDS[i]])),
            steps=self.counted_steps(),
            n=self.trace.quantity("unmoved", i, decimals=0),
            depth=self.given("depth"),
            c="–" if stop else self.figure("changes", i, 0),
            d="–" if stop else self.figure("changes", i, self.params.depth - 1),
        )

    def most_moved_claim(self) -> Sentence:
        """Why a layer did not move; whose first layer moved most."""
        first = self.trace["changes"][:, 0]
        known = [i for i in range(len(KINDS)) if math.isfinite(first[i])]
        if not known:
            return self.claim(("No network came to the end of its training.", lambda t: bool((t["stopped_at"] >= 0).all())))
        best, i = max(known, key=lambda n: first[n]), self.chosen

        def leads(trace: Trace) -> bool:
            return bool(trace["changes"][best, 0] == np.nanmax(trace["changes"][:, 0]) > 0)

        most = self.claim(
            ("{M}’s first layer moved most: by {c} of its size.", leads),
            ("No network’s first layer moved at all.", lambda t: float(np.nanmax(t["changes"][:, 0])) == 0),
            M=Label(sentence_case(NETWORKS[KINDS[best]])),
            c=self.figure("changes", best, 0),
        )
        if first[i] == 0 and self.trace["weight_norms"][i][0] > 0:
            why = self.claim(
                (
                    "Steps that small are lost in rounding.",
                    lambda t: bool(t["changes"][i][0] == 0 < t["weight_norms"][i][0]),
                )
            )
            return join(why, most)
        return most

    # What helps -----------------------------------------------------------------------------------------

    def what_helps(self) -> None:
        """All initialisations and all networks in one table."""
        trace, theme = self.trace, self.theme
        stable = trace["initialisation_verdicts"] == STABLE
        head: list[Showable | None] = [None, *INITIALISATIONS.values()]
        rows: list[list[Showable | None]] = [head]
        colors: dict[tuple[int, int], str] = {(0, c): theme.muted for c in range(4)}
        weights: dict[tuple[int, int], Any] = {}
        for row, i in enumerate(range(len(KINDS)), start=1):
            rows.append([Label(NAMES[KINDS[i]]), *(self.figure("initialisation_first", how, i) for how in range(3))])
            colors[row, 0] = self.color(i)
            for how in range(3):
                colors[row, how + 1] = theme.good if stable[how, i] else theme.muted
                weights[row, how + 1] = "semibold" if stable[how, i] else "regular"
        used = list(INITIALISATIONS).index(self.params.initialisation)
        colors[0, used + 1], weights[0, used + 1] = theme.highlight, "semibold"
        middle, foot = self.frame.stage.rows([0.84, 0.16], 0.1)
        table = Table(
            rows, middle.inset(0, 0.5 * self.frame.heading), ["left", "right", "right", "right"], size=self.frame.body * 1.6,
            colors=colors, weights=weights, rules=[1], gap=1.1 if self.spacious else 0.5,
        )  # fmt: skip
        title = "gradient norm of the first layer’s weights"
        size = min(self.frame.heading, 0.98 * middle.width / text_width(title, 1.0))
        heading = TextLine(title, size, theme.gradient).at(table.left, table.row_heights[0] + table.em_size + 0.5 * size)
        VGroup(heading, table).move_to(middle.center)
        note = Sentence(
            "Bold: stable. First and last layer within a factor of {factor}, largest at least {faint}, smallest at most {huge}.",
            {name: trace.quantity(name).to_figures(1) for name in ("factor", "faint", "huge")},
        )
        legend = Paragraph(note, foot, self.frame.small, theme.muted)
        with self.beat("What helps here?", self.helps_claim()):
            self.play(FadeIn(heading), FadeIn(table.row(0)), FadeIn(legend), Create(table.rules), run_time=0.5)
            for row in range(1, len(rows)):
                self.play(FadeIn(table.row(row), shift=0.1 * RIGHT), run_time=0.6)
            self.wait(2.5)  # the legend takes longer to read than the shortest narration to say
        self.play(*map(FadeOut, (heading, table, legend)), run_time=0.5)

    def helps_claim(self) -> Sentence:
        """Which network is stable with which initialisation."""

        def stable(trace: Trace) -> list[tuple[str, tuple[str, ...]]]:
            names = tuple(INITIALISATIONS.values())
            table = trace["initialisation_verdicts"] == STABLE
            return [(kind, tuple(n for n, good in zip(names, table[:, i], strict=True) if good)) for i, kind in enumerate(KINDS)]

        found = stable(self.trace)
        parts = []
        for kind, how in reversed(found):
            name = NAMES[kind]
            parts.append(f"{name} always" if len(how) == 3 else f"{name} never" if not how else f"{name} with {listed(list(how))}")
        return self.claim(("Stable: {what}.", lambda t: stable(t) == found), what=Label(", ".join(parts)))

    # The end --------------------------------------------------------------------------------------------

    def ending(self) -> None:
        """The formula worth keeping, and the parameters used."""
        stage = self.frame.stage
        size = self.frame.title_size * (1.3 if self.frame.portrait else 1.7)
        top, bottom = "(partial cal(L))", "partial a"
        formula = Formula(
            Label(
                f"{top} / ({bottom}^((1))) = {top} / ({bottom}^((L))) dot ({bottom}^((L))) / ({bottom}^((L-1))) "
                f"dots.c ({bottom}^((3))) / ({bottom}^((2))) dot ({bottom}^((2))) / ({bottom}^((1)))"
            ),
            size,
            width=stage.width,
        )
        with self.beat("A gradient is a product with one factor for every layer. Keep the factors near one."):
            used = self.used_parameters()
            VGroup(formula, used).arrange(DOWN, buff=0.9).move_to(stage.center)
            self.play(FadeIn(formula, shift=0.2 * UP), run_time=1.0)
            self.play(FadeIn(used), run_time=1.0)
            self.wait(5.1)

    def used_parameters(self) -> VGroup:
        """The parameters of this video, on lines of their own."""
        gain = self.exact("gain")
        initialisation = Sentence("{how} initialisation", {"how": Label(INITIALISATIONS[self.params.initialisation])})
        if self.params.gain != 1:
            initialisation = join(initialisation, Sentence("times {gain}", {"gain": gain}))
        lines = [
            Sentence("{d} layers of {w} neurons", {"d": self.given("depth"), "w": self.given("width")}),
            initialisation,
            Sentence(
                "{steps}, learning rate {rate}",
                {"steps": self.counted_steps(), "rate": self.exact("learning_rate")},
            ),
            Sentence("{n} points of two spirals, seed {s}", {"n": self.trace.quantity("samples", decimals=0), "s": self.given("seed")}),
        ]
        return centred_lines(lines, self.frame.stage.width)

