"""Autoregressive generation: a language model writes a text one drawn token at a time.

Everything is read from the trace of :func:`nnanim.sim.generation.generate`.
"""

from __future__ import annotations

import json
from typing import Annotated, Any

import numpy as np
from manim import (
    DOWN,
    LEFT,
    RIGHT,
    UP,
    Arrow,
    Create,
    FadeIn,
    FadeOut,
    Mobject,
    ReplacementTransform,
    Triangle,
    VGroup,
    linear,
)
from pydantic import BeforeValidator, Field

from nnanim.chapter import Chapter
from nnanim.quantity import Label, Quantity, Sentence, Showable, counted, decimals_that_add_up, join
from nnanim.trace import Trace
from nnanim.visuals.distribution import DistributionBars, ProbabilityLine
from nnanim.visuals.frame import Region
from nnanim.visuals.math import Formula
from nnanim.visuals.model_box import ModelBox
from nnanim.visuals.motion import Sweep, in_turn
from nnanim.visuals.reading import ReadingGrid, reading_legend
from nnanim.visuals.running_text import RunningText
from nnanim.visuals.text import TextLine, centred_lines, text_width
from nnanim.visuals.tokens import Token, TokenFlow, TokenRow, visible_text

MOST_PROMPT_TOKENS = 24
MOST_CHARACTERS = 14
"""Of a token on screen; longer ones are cut."""
PROMPT_SIZE, LARGEST_PROMPT = 1.6, 6.0
"""Size of the prompt's tokens at first, usually and at the most, in sizes of the title."""
LEAST_SHARE = 0.26
"""Of the stage's area, taken by the prompt at first."""


def as_text(value: Any) -> Any:
    """Let ``--set prompt=1984`` be a text."""
    return str(value) if isinstance(value, int | float) else value


Text = Annotated[str, BeforeValidator(as_text)]


def decimals_needed(value: float, least: int, most: int) -> int:
    """The fewest decimals that show a number exactly, within bounds."""
    return next((d for d in range(least, most) if abs(round(value, d) - value) < 1e-9), most)
CUT = 0.65
"""Opacity of a candidate that top-k or top-p took away: dimmed, but still to be read."""


class AutoregressiveGeneration(Chapter):
    """A language model writes: one token is drawn, put behind the text, and the longer text is read again."""

    costly = True
    exceptions = (("freeze", "picture", "eleven probabilities are compared with those of the step before"),)
    extremes = (
        {"prompt": "The"},
        {"prompt": "the cat that we saw sat on the mat because it was tired of mice that ran all day and all night"},
        {"tokens": 2},
        {"tokens": 32},
        {"temperature": 0.01},
        {"temperature": 10.0},
        {"top_k": 0, "top_p": 1.0},
        {"top_k": 1},
        {"top_p": 0.001},
        {"seed": 0},
        {"seed": 2**31 - 1},
        {"prompt": "sat", "model": "toy"},
        {"prompt": "The", "tokens": 2, "temperature": 0.01, "top_k": 0, "top_p": 0.001, "seed": 0},
        {"tokens": 32, "temperature": 10.0, "top_k": 1_000_000, "top_p": 1.0, "seed": 2**31 - 1, "model": "toy"},
    )

    class Params(Chapter.Params):
        """The text to be continued, the model, and how tokens are drawn."""

        prompt: Text = Field(
            "A neural network learns by",
            min_length=1,
            max_length=400,
            description=f"the text that is continued, at most {MOST_PROMPT_TOKENS} tokens",
        )
        tokens: int = Field(18, ge=2, le=32, description="how many tokens are generated, unless the model ends its text before")
        temperature: float = Field(
            0.8, ge=0.01, le=10, description="logits are divided by it; small ones sharpen, large ones flatten"
        )
        top_k: int = Field(
            40, ge=0, le=1_000_000, description="only so many of the most likely tokens stay; 0 keeps all, 1 is greedy"
        )
        top_p: float = Field(
            0.95, ge=0.001, le=1, description="of those, only the fewest that together reach this probability; 1 keeps all"
        )
        seed: int = Field(5, ge=0, le=2**31 - 1, description="seed of the random numbers that tokens are drawn with")
        model: str = Field(
            "smollm2",
            min_length=1,
            description="smollm2, toy (random weights), or the directory of a Llama-type or GPT-2 model",
            examples=["smollm2", "toy"],
        )

    def simulate(self, p: Params) -> Trace:
        """Generate the text, every decision kept."""
        from nnanim.sim import generation, language_model  # torch is imported only when something is computed

        self.report(0.0, "loading the model")
        sampling = generation.Sampling(p.temperature, p.top_k, p.top_p)
        return generation.generate(
            language_model.load(p.model), p.prompt, p.tokens, sampling, p.seed, MOST_PROMPT_TOKENS, self.report
        )

    def depends_on(self, p: Params) -> str:
        """The model's weights."""
        from nnanim.sim.model_files import digest_of

        return digest_of(p.model)

    def construct(self) -> None:
        """The lesson, in order."""
        trace = self.trace
        self.texts: list[str] = json.loads(trace.text["tokens"])
        self.top_texts: list[list[str]] = json.loads(trace.text["top_tokens"])
        self.prompt_length, self.steps = int(trace["prompt_length"]), int(trace["step_count"])
        self.rows = len(self.top_texts[0])
        self.divide()
        self.read_the_prompt()
        self.logits()
        self.probabilities()
        self.cuts()
        self.draw()
        self.append()
        if self.steps > 1:
            self.go_on()
        self.leave_the_loop()
        self.cache()
        self.ending()

    # Where things stand -------------------------------------------------------------------------------

    def divide(self) -> None:
        """Regions for the text, the model and the bars."""
        stage, frame = self.frame.stage, self.frame
        self.wide = frame.width > 11
        if self.wide:
            self.text_region, below = stage.rows([0.235, 0.765], 0.12)
            self.model_region, self.bar_region = below.columns([0.2, 0.8], 0.5)
        else:
            shares = [0.31, 0.07, 0.62] if frame.portrait else [0.28, 0.085, 0.635]
            self.text_region, self.model_region, self.bar_region = stage.rows(shares, 0.14)
        size = frame.body * (1.15 if self.wide else 1.0)
        self.flow = TokenFlow(self.texts, self.text_region, size, frame.small, MOST_CHARACTERS)
        self.context: list[Token] = []

    def think(self, seconds: float) -> None:
        """Layer after layer works."""
        layers, rim = self.box.layers, self.box.rim
        if layers.n_parts:
            lit = layers.copy().choose(slice(None))
            self.play(Sweep(layers, lit, 0.6), rim.animate.set_stroke(self.theme.highlight), run_time=seconds)
            self.play(layers.animate.calm(), rim.animate.set_stroke(self.theme.muted), run_time=0.3 * seconds)
        else:
            self.play(rim.animate.set_stroke(self.theme.highlight), run_time=0.6 * seconds)
            self.play(rim.animate.set_stroke(self.theme.muted), run_time=0.4 * seconds)

    # The text -------------------------------------------------------------------------------------------

    def read_the_prompt(self) -> None:
        """The prompt, cut into tokens, each with its number in the vocabulary."""
        row, numbers = self.large_prompt()
        large = row.tokens
        said = self.claim(
            ("A language model continues a text. It reads tokens: here {n}, each with a number in its vocabulary.", lambda t: t["prompt_length"] > 1),
            ("A language model continues a text. It reads tokens: here only {n}, with a number in its vocabulary.", lambda t: t["prompt_length"] == 1),
            n=self.trace.quantity("prompt_length", decimals=0),
        )
        with self.beat(said):
            lines = [token.line for token in large]
            self.play(*map(FadeIn, lines), run_time=0.9)
            self.wait(0.4)
            boxes = [token.box for token in large]
            for box, line in zip(boxes, lines, strict=True):
                self.remove(line)
                self.add(box.set_opacity(0), line)
            self.play(
                *in_turn([lambda box=box, **how: box.animate(**how).set_fill(opacity=1).set_stroke(opacity=1) for box in boxes], 0.3),
                run_time=1.2,
            )
            self.play(*in_turn([lambda line=line, **how: FadeIn(line, **how) for line in numbers], 0.3), run_time=1.0)
        self.remove(*boxes, *lines)
        self.add(*large)
        self.context = [self.flow.token(place, self.prompt_length) for place in range(self.prompt_length)]
        seen = self.seen_tokens()
        hidden = [token for token, small in zip(large, self.context, strict=True) if small not in seen]
        self.play(*map(FadeOut, [*numbers, *hidden]), run_time=0.3)
        moving = [(token, small) for token, small in zip(large, self.context, strict=True) if small in seen]
        self.play(*(ReplacementTransform(token, small) for token, small in moving), run_time=1.0)

    def large_prompt(self) -> tuple[TokenRow, list[TextLine]]:
        """The prompt's tokens with their numbers below them; a short prompt is written so large that it fills the stage."""
        stage = self.frame.stage
        size = self.frame.title_size * PROMPT_SIZE
        row, numbers = self.prompt_row(size)
        while self.share_of_stage(row, numbers) < LEAST_SHARE and size < LARGEST_PROMPT * self.frame.title_size:
            size *= 1.05
            larger, below = self.prompt_row(size)
            if larger.get_top()[1] - below[-1].get_bottom()[1] > stage.height - 0.2 or larger.size < 0.99 * size:
                break
            row, numbers = larger, below
        return row, numbers

    def prompt_row(self, size: float) -> tuple[TokenRow, list[TextLine]]:
        """Tokens and numbers, centred together in the stage."""
        stage = self.frame.stage
        row = TokenRow(
            self.texts[: self.prompt_length], stage.inset(0, 0.1), size, lines=12, most=MOST_CHARACTERS, step=2.7
        )
        numbers = []
        for place, token in enumerate(row.tokens):
            number: Showable = self.trace.quantity("ids", place, decimals=0)
            if self.prompt_length == 1:
                number = Sentence("number {n}", {"n": number})
            line = TextLine(number, max(0.55 * row.size, self.frame.smallest), self.theme.muted)
            numbers.append(line.on(token.box.get_bottom() - np.array([0, 0.42 * row.size, 0])))
        row.shift((stage.center[1] - (row.get_top()[1] + numbers[-1].get_bottom()[1]) / 2) * UP)
        for token, line in zip(row.tokens, numbers, strict=True):
            line.on(token.box.get_bottom() - np.array([0, 0.42 * row.size, 0]))
        return row, numbers

    def share_of_stage(self, row: TokenRow, numbers: list[TextLine]) -> float:
        """How much of the stage's area the tokens with their numbers take."""
        stage, whole = self.frame.stage, VGroup(*row.tokens, *numbers)
        return float(whole.width * whole.height / (stage.width * stage.height))

    def seen_tokens(self) -> list[Token]:
        """The tokens of the text that are in the lines on screen."""
        first = self.flow.first_row(len(self.context))
        return [token for place, token in enumerate(self.context) if self.flow.row(place) >= first]

    def make_room(self, count: int) -> list[Any]:
        """Animations that move the text up a line when its next token needs one."""
        lines = self.flow.first_row(count) - self.flow.first_row(count - 1)
        if not lines:
            return []
        first, moves = self.flow.first_row(count), []
        for place, token in enumerate(self.context):
            if token in self.mobjects:
                up = lines * self.flow.step * UP
                leaves = self.flow.row(place) < first
                moves.append(FadeOut(token, shift=up) if leaves else token.animate.shift(up))
        return moves

    # One step, slowly -------------------------------------------------------------------------------------

    def labels(self, step: int) -> list[TextLine]:
        """The names of the rows: ten tokens, and all others."""
        names: list[Showable] = [visible_text(text, MOST_CHARACTERS) for text in self.top_texts[step]]
        lines = [TextLine(name, self.em, weight="semibold") for name in names]
        if self.has_rest:
            lines.append(TextLine(self.rest_name, self.em, self.theme.muted))
        return [line.on((self.label_right, y, 0), "right") for line, y in zip(lines, self.heights, strict=True)]  # type: ignore[arg-type]

    @property
    def has_rest(self) -> bool:
        """Whether there are tokens besides those named."""
        return int(self.trace["rest_count"]) > 0

    def rule_columns(self) -> None:
        """Rows and columns of the panel."""
        region = self.bar_region
        count = self.rows + self.has_rest
        self.rest_name = counted(self.trace.quantity("rest_count", decimals=0), "other", "others")
        header = 2.0
        self.pitch = min(region.height / (count + header), 2.0 * self.frame.body)
        self.em = max(min(self.frame.body * (1.15 if self.wide else 1.0), self.pitch / 1.18), self.frame.smallest)
        self.header_y = region.top - self.pitch * 1.4
        self.heights = [region.top - self.pitch * (row + 0.5 + header) for row in range(count)]
        longest = max(
            text_width(visible_text(text, MOST_CHARACTERS), self.em, "semibold") for row in self.top_texts for text in row
        )
        longest = max(longest, text_width(self.rest_name, self.em) if self.has_rest else 0.0)
        self.label_right = region.left + longest
        self.logit_right = self.label_right + 3.1 * self.em
        self.number_width = text_width("100.0 %", self.em, "semibold")
        # Where the frame is narrow, the bars take the place of the logits.
        self.bar_left = (self.logit_right if self.wide else self.label_right) + 0.5 * self.em
        self.bar_right = region.right - self.number_width - 0.3 * self.em

    def header(self, text: Showable, x: float, align: Any = "left") -> TextLine:
        """A column's heading."""
        return TextLine(text, max(self.em * 0.86, self.frame.smallest), self.theme.muted).on(np.array([x, self.header_y, 0]), align)

    def shares(self, name: str, step: int) -> list[float]:
        """Probabilities of the rows: ten tokens, and all others."""
        values = [float(p) for p in self.trace[f"top_{name}"][step]]
        return values + ([float(self.trace[f"rest_{name}"][step])] if self.has_rest else [])

    def numbers(self, name: str, step: int) -> list[TextLine]:
        """The rows' probabilities as text, in percent."""
        quantities = [self.trace.quantity(f"top_{name}", step, row, decimals=1, unit=" %") for row in range(self.rows)]
        if self.has_rest:
            quantities.append(self.trace.quantity(f"rest_{name}", step, decimals=1, unit=" %"))
        kept = self.kept(step) if name == "kept_probabilities" else np.ones(len(quantities))
        lines = []
        for quantity, y, left in zip(quantities, self.heights, kept, strict=True):
            line = TextLine(quantity if left else "–", self.em, None if left else self.theme.muted, "semibold")
            lines.append(line.on(np.array([self.bar_right + 0.3 * self.em + self.number_width, y, 0]), "right"))
        return lines

    def kept(self, step: int) -> np.ndarray:
        """Which rows are not cut away, 0 or 1."""
        kept = [float(k) for k in self.trace["top_kept"][step]]
        return np.array(kept + ([float(self.trace["rest_kept_counts"][step] > 0)] if self.has_rest else []))

    def bar_heading(self, name: str, step: int) -> TextLine:
        """The heading of the bars, within the panel."""
        line = self.header(self.percent_heading(name, step), self.bar_left)
        over = line.get_right()[0] - self.bar_region.right
        return line.shift(over * LEFT) if over > 0 else line

    def percent_heading(self, name: str, step: int) -> Label:
        """The heading of the bars; it says so when the rounded numbers do not add up."""
        adds_up = decimals_that_add_up([100 * p for p in self.shares(name, step)], 100.0, 1, 1) is not None
        return Label("probability" if adds_up else "probability, rounded")

    def logits(self) -> None:
        """The model's scores for the next token."""
        self.rule_columns()
        trace = self.trace
        name, note = Label(trace.text["model"]), Label(trace.text["weights_note"])
        count = trace.quantity("layer_count", decimals=0) if self.wide else None
        self.box = ModelBox(name, note, self.model_region, count)
        self.arrows = self.flow_arrows()
        self.head_names = [self.header("next token", self.label_right, "right"), self.header("logit", self.logit_right, "right")]
        self.names = self.labels(0)
        self.scores = [
            TextLine(trace.quantity("top_logits", 0, row), self.em).on(np.array([self.logit_right, y, 0]), "right")
            for row, y in enumerate(self.heights[: self.rows])
        ]
        with self.beat(
            "The model gives each of the {v} tokens it knows a score for coming next: its logit.",
            v=trace.quantity("vocabulary_size", decimals=0),
        ):
            self.play(FadeIn(self.box), run_time=0.6)
            copies = [token.copy() for token in self.seen_tokens()]
            middle = self.box.rim.get_center()
            self.play(
                *(copy.animate.scale(0.4).move_to(middle).set_opacity(0) for copy in copies), run_time=1.0
            )
            self.remove(*copies)
            self.think(1.2)
            self.play(*map(FadeIn, [*self.arrows, *self.head_names]), run_time=0.4)
            rows = [VGroup(name, score) for name, score in zip(self.names, self.scores, strict=False)]
            self.play(*in_turn([lambda row=row, **how: FadeIn(row, shift=0.1 * RIGHT, **how) for row in rows], 0.3), run_time=1.8)
            if self.has_rest:
                self.play(FadeIn(self.names[-1]), run_time=0.4)
            self.take_apart(rows)

    def take_apart(self, groups: list[VGroup]) -> None:
        """Put the parts of groups on stage in place of the groups."""
        self.remove(*groups)
        self.add(*(part for group in groups for part in group))

    def flow_arrows(self) -> list[Arrow]:
        """From the model to the scores."""
        if not self.wide:
            return []
        right = self.box.rim.get_right()
        return [Arrow(right, right + 0.46 * RIGHT, stroke_width=4, color=self.theme.muted, buff=0.06, tip_length=0.18)]

    def probabilities(self) -> None:
        """Softmax, and what the temperature does."""
        trace = self.trace
        others = self.rows if self.has_rest else None
        self.bars = DistributionBars(self.heights, self.bar_left, self.bar_right, 0.62 * self.pitch, others)
        self.percent = self.numbers("plain", 0)
        self.bar_head = self.bar_heading("plain", 0)
        cases = [
            ("Softmax turns the logits into probabilities. All {others} other tokens share {p}.", lambda t: t["rest_count"] > 1),
            ("Softmax turns the logits into probabilities, which add up to one.", lambda t: t["rest_count"] <= 1),
        ]
        said = self.claim(
            *cases, others=trace.quantity("rest_count", decimals=0), p=trace.quantity("rest_plain", 0, decimals=1, unit=" %")
        )
        with self.beat(said):
            if not self.wide:
                self.play(*map(FadeOut, [*self.scores, self.head_names.pop()]), run_time=0.5)
                self.scores = []
            self.add(self.bars)
            self.play(FadeIn(self.bar_head), self.bars.animate.show(self.shares("plain", 0)), run_time=1.4)
            self.play(*map(FadeIn, self.percent), run_time=0.6)
        with self.beat(self.temperature_claim()):
            self.change_bars("probabilities", 0)

    def temperature_claim(self) -> Sentence:
        """What dividing by the temperature did to the likeliest token."""

        def gain(trace: Trace) -> float:
            """In percent, as it is shown."""
            before, after = (100 * float(trace[name][0][0]) for name in ("top_plain", "top_probabilities"))
            return round(after, 1) - round(before, 1)

        return self.claim(
            (
                "Temperature {t} divides the logits first. Below one it sharpens: the likeliest rises to {p}.",
                lambda t: t["parameters.temperature"] < 1 and gain(t) > 0,
            ),
            (
                "Temperature {t} divides the logits first. Above one it flattens: the likeliest falls to {p}.",
                lambda t: t["parameters.temperature"] > 1 and gain(t) < 0,
            ),
            (
                "A temperature would divide the logits first. At {t} it changes nothing.",
                lambda t: t["parameters.temperature"] == 1,
            ),
            ("Temperature {t} divides the logits first. Here the likeliest stays at {p}.", lambda t: gain(t) == 0),
            t=self.given_temperature(),
            p=self.trace.quantity("top_probabilities", 0, 0, decimals=1, unit=" %"),
        )

    def change_bars(self, name: str, step: int, seconds: float = 1.2, **changes: Any) -> None:
        """Let the bars go to another distribution over the same tokens; numbers follow."""
        arriving = self.numbers(name, step)
        head = self.bar_heading(name, step)
        moved = self.bars.copy().show(self.shares(name, step))
        if "kept" in changes:
            moved.keep(changes["kept"])
        self.play(*map(FadeOut, self.percent), run_time=0.25)
        extra = [] if head.string == self.bar_head.string else [FadeOut(self.bar_head), FadeIn(head)]
        self.play(self.bars.animate.become(moved), *extra, *changes.get("along", []), run_time=seconds)
        if extra:
            self.bar_head = head
        self.percent = arriving
        self.play(*map(FadeIn, arriving), run_time=0.3)

    def cuts(self) -> None:
        """Top-k and top-p cut away, what is left adds up to one again."""
        with self.beat(self.cut_claim()):
            kept = self.kept(0)
            if kept.all() and int(self.trace["kept_counts"][0]) == int(self.trace["vocabulary_size"]):
                return
            dim = [
                self.names[row].animate.set_fill(opacity=CUT)
                for row in range(len(self.names))
                if not kept[row]
            ] + [score.animate.set_fill(opacity=CUT) for score, left in zip(self.scores, kept, strict=False) if not left]
            if dim:
                self.play(*dim, run_time=1.2)
            self.change_bars("kept_probabilities", 0, kept=kept)

    def cut_claim(self) -> Sentence:
        """What the two cuts left."""
        top_k = "{k} likeliest tokens" if self.params.top_k > 1 else "likeliest token"
        by_k, by_p = self.params.top_k > 0, self.params.top_p < 1

        def some_cut(trace: Trace) -> bool:
            return bool(trace["kept_counts"][0] < trace["vocabulary_size"])

        def one(trace: Trace) -> bool:
            return bool(trace["kept_counts"][0] == 1) and some_cut(trace)

        if by_k and by_p:
            how = f"Top-k keeps the {top_k}, top-p of these the fewest that reach {{q}}"
        elif by_k:
            how = f"Top-k keeps only the {top_k}"
        elif by_p:
            how = "Top-p keeps only the fewest tokens that together reach {q}"
        else:
            how = "Nothing is cut away"
        return self.claim(
            (f"{how}: a single one stays.", one),
            (f"{how}: {{n}} stay, scaled to add up to one.", some_cut),
            (
                "Top-k and top-p could cut away unlikely tokens. Here every token stays, however unlikely.",
                lambda t: not some_cut(t),
            ),
            k=self.given("top_k"),
            q=self.given_percent("top_p"),
            n=self.trace.quantity("kept_counts", 0, decimals=0),
        )

    def given_percent(self, name: str) -> Quantity:
        """A share that the lecturer set, in percent with as many decimals as it needs."""
        decimals = decimals_needed(100 * float(self.trace[f"parameters.{name}"]), 0, 4)
        return self.trace.quantity(f"parameters.{name}", decimals=decimals, unit=" %")

    def given_temperature(self) -> Quantity:
        """The temperature, with as many decimals as it needs."""
        return self.given("temperature", decimals=decimals_needed(self.params.temperature, 2, 6))

    # The draw -------------------------------------------------------------------------------------------

    def drawn_row(self, step: int) -> int:
        """The row of the drawn token: its own, or that of all others."""
        return min(int(self.trace["drawn_ranks"][step]), self.rows)

    def drawn_text(self, step: int) -> str:
        """The drawn token."""
        return self.texts[self.prompt_length + step]

    def draw(self) -> None:
        """A random number picks a token on the line of probabilities."""
        trace, region, row = self.trace, self.bar_region, self.drawn_row(0)
        thickness = min(0.4, 0.95 * self.pitch)
        bottom = region.top - 1.75 * self.pitch
        lower = Region(region.left, region.right, bottom, bottom + thickness)
        shares = self.shares("kept_probabilities", 0)
        line = ProbabilityLine(shares, lower, thickness, self.has_rest)
        y = float(lower.center[1])
        number = float(trace["draws"][0])
        landing = np.array([lower.left + number * lower.width, y + thickness / 2, 0])
        marker = Triangle(stroke_width=0, fill_opacity=1, fill_color=self.theme.highlight).rotate(np.pi)
        marker.scale_to_fit_height(0.2).move_to(np.array([lower.left, landing[1] + 0.13, 0]))
        value = TextLine(trace.quantity("draws", 0, decimals=3), self.em, self.theme.highlight, "semibold")
        half = value.advance / 2
        beside = landing[0] + 0.25 + half if landing[0] + 0.3 + 2 * half < lower.right else landing[0] - 0.25 - half
        value.on(np.array([beside, landing[1] + 0.17, 0]))
        names = self.names_on_line(line, y, thickness)
        for mark, x, align in (("0", lower.left, LEFT), ("1", lower.right, RIGHT)):
            label = TextLine(Label(mark), max(0.8 * self.em, self.frame.smallest), self.theme.muted)
            label.on(np.array([x, landing[1] + 0.17, 0])).align_to(np.array([x, 0, 0]), align)
            if min(abs(x - landing[0]), abs(x - beside)) > 2 * half + 0.2:
                names.append(label)
        with self.beat(self.draw_claim()):
            self.play(*map(FadeOut, [*self.head_names, self.bar_head]), run_time=0.3)
            self.play(Create(line), run_time=1.0)
            if names:
                self.play(*map(FadeIn, names), run_time=0.4)
            self.play(FadeIn(marker, shift=0.15 * DOWN), run_time=0.4)
            self.play(marker.animate.set_x(landing[0]), run_time=1.3)
            self.play(FadeIn(value), line.animate.choose(row), self.bars.animate.choose(row), run_time=0.6)
        self.on_line = [line, marker, value, *names]

    def names_on_line(self, line: ProbabilityLine, y: float, thickness: float) -> list[TextLine]:
        """Names of the pieces that are wide enough for them, under or in the line."""
        names = []
        em = max(min(self.em, thickness * 0.82), self.frame.smallest)
        for piece in range(self.rows):
            begin, end = line.span(piece)
            text = visible_text(self.top_texts[0][piece], MOST_CHARACTERS)
            if text_width(text, em, "semibold") + 0.16 < end - begin:
                name = TextLine(text, em, self.theme.background, "semibold")
                names.append(name.on(np.array([(begin + end) / 2, y, 0])))
        return names

    def draw_claim(self) -> Sentence:
        """Where the random number fell."""
        token = Label(f"“{visible_text(self.drawn_text(0), MOST_CHARACTERS)}”")
        return self.claim(
            (
                "A random number between zero and one decides. It must fall on {token}: nothing else is left.",
                lambda t: t["kept_counts"][0] == 1,
            ),
            (
                "Laid end to end they fill a line. The random number {u} falls on {token}, the likeliest.",
                lambda t: t["drawn_ranks"][0] == 0,
            ),
            (
                "Laid end to end they fill a line. The random number {u} falls on {token}, not the likeliest.",
                lambda t: 0 < t["drawn_ranks"][0] < self.rows,
            ),
            (
                "Laid end to end they fill a line. The random number {u} falls among the others, on {token}.",
                lambda t: t["drawn_ranks"][0] >= self.rows,
            ),
            u=self.trace.quantity("draws", 0, decimals=3),
            token=token,
        )

    def append(self) -> None:
        """The drawn token joins the text."""
        said = self.claim(
            ("The token joins the text. Then the model reads the longer text, and everything begins again.", lambda t: t["step_count"] > 1),
            ("The token is the mark by which the model ends a text: here it stops.", lambda t: t["ended"] == 1),
            ("The token joins the text, which is now as long as this model can read.", lambda t: t["full"] == 1),
        )
        with self.beat(said):
            self.fly(0, 1.2)
            self.play(*map(FadeOut, [*self.on_line, *self.scores]), run_time=0.5)
            if self.steps > 1:
                self.head_names = self.head_names[:1]
                self.bar_head = self.bar_heading("kept_probabilities", 0)
                self.play(*map(FadeIn, [*self.head_names, self.bar_head]), run_time=0.3)

    def fly(self, step: int, seconds: float) -> None:
        """Let the drawn token go from its row to the end of the text."""
        row, count = self.drawn_row(step), self.prompt_length + step + 1
        room = self.make_room(count)
        token = self.flow.token(count - 1, count)
        token.box.set_stroke(self.theme.highlight, width=3)
        start = token.copy().move_to(np.array([self.label_right, self.heights[row], 0]), aligned_edge=RIGHT)
        if room:
            self.play(*room, run_time=min(0.3, seconds / 3))
        previous = self.context[-1] if step else None
        calm = [] if previous not in self.mobjects else [previous.box.animate.set_stroke(self.theme.positive, width=2)]  # type: ignore[union-attr]
        self.play(ReplacementTransform(start, token), *calm, run_time=seconds)
        self.context.append(token)

    # And again ------------------------------------------------------------------------------------------

    def go_on(self) -> None:
        """The other steps, faster."""
        trace = self.trace
        pace = float(np.clip(23 / (self.steps - 1), 0.7, 1.7))
        said = self.claim(
            (
                "Again and again. In {n} of {s} steps the draw took the likeliest token.",
                lambda t: int((t["drawn_ranks"] == 0).sum()) == t["likeliest_count"],
            ),
            n=trace.quantity("likeliest_count", decimals=0),
            s=trace.quantity("step_count", decimals=0),
        )
        with self.beat("Again and again: read, weigh, draw, append. Nothing else ever happens.") as _:
            for step in range(1, self.steps):
                self.one_step(step, pace)
        with self.beat(said, self.end_claim()):
            self.play(*(self.context[-1].box.animate.set_stroke(self.theme.positive, width=2),), run_time=0.4)

    def end_claim(self) -> Sentence:
        """Why it stopped."""
        return self.claim(
            ("The last one is the model’s mark for the end of a text.", lambda t: t["ended"] == 1),
            ("Now the text is as long as this model can read.", lambda t: t["full"] == 1),
            ("It would go on as long as we let it.", lambda t: t["step_count"] == t["parameters.tokens"]),
        )

    def one_step(self, step: int, pace: float) -> None:
        """New probabilities, a drawn token, the text grows."""
        names, numbers = self.labels(step), self.numbers("kept_probabilities", step)
        moved = self.bars.copy().show(self.shares("kept_probabilities", step)).keep(self.kept(step)).calm()
        for row, kept in enumerate(self.kept(step)):
            names[row].set_fill(opacity=1.0 if kept else CUT)
        self.play(*map(FadeOut, [*self.names, *self.percent]), self.box.rim.animate.set_stroke(self.theme.highlight), run_time=0.12 * pace)
        self.names, self.percent = names, numbers
        self.play(
            self.bars.animate.become(moved), *map(FadeIn, [*names, *numbers]),
            self.box.rim.animate.set_stroke(self.theme.muted), run_time=0.3 * pace,
        )  # fmt: skip
        self.play(self.bars.animate.choose(self.drawn_row(step)), run_time=0.13 * pace)
        self.fly(step, 0.3 * pace)
        self.wait(0.15 * pace)

    def leave_the_loop(self) -> None:
        """Clear the stage but for the title."""
        gone: list[Mobject] = [self.bars, self.bar_head, *self.head_names, self.box, *self.arrows, *self.names, *self.percent]
        gone += [token for token in self.context if token in self.mobjects]
        self.play(*map(FadeOut, gone), run_time=0.6)

    # The cache --------------------------------------------------------------------------------------------

    def cache(self) -> None:
        """What reading everything again costs, and what keeping keys and values saves."""
        trace = self.trace
        lengths = trace["context_lengths"]
        sides = self.frame.split([0.5, 0.5], 0.7)
        grids, heads, legends, totals = [], [], [], []
        for side, head in zip(sides, ("without a cache", "with a KV cache"), strict=True):
            title, middle, legend, foot = side.rows([0.13, 0.67, 0.08, 0.12], 0.06)
            grid = ReadingGrid(lengths, middle)
            heads.append(TextLine(head, self.frame.heading * 1.1, weight="semibold").on(title.center))
            legends.append(legend)
            grids.append(grid)
            totals.append(foot)
        first, second = grids
        new = first.column >= np.array([0, *lengths[:-1]])[first.row]
        steps = len(lengths)
        notes = [
            TextLine("rows: steps, columns: tokens", self.frame.small, self.theme.muted),
            reading_legend(),
        ]
        for note, region in zip(notes, legends, strict=True):
            note.scale(min(1.0, region.width / note.width)).move_to(region.center)
        heads[1].set_opacity(0.35)
        second.set_fill(opacity=0.35)
        again = self.claim(
            ("Without help, every step reads the whole text again: {n} tokens for the last one.", lambda t: t["step_count"] > 1),
            ("Without help, every step reads the whole text: here there was only one.", lambda t: t["step_count"] == 1),
            n=trace.quantity("context_lengths", steps - 1, decimals=0),
        )
        pace = 2.6 / steps
        with self.beat(again):
            self.play(*map(FadeIn, [*heads, *grids]), FadeIn(notes[0]), run_time=0.7)
            for step in range(steps):
                self.play(first.animate.show(first.row <= step), run_time=pace, rate_func=linear)
        kept = self.claim(
            ("But keys and values of old tokens stay the same. Kept in a cache, only new tokens need reading.", lambda t: t["agreement"] <= 0.01),
            ("Keys and values of old tokens can be kept in a cache; then only new tokens need reading.", lambda t: True),
        )
        with self.beat(kept):
            self.play(heads[1].animate.set_opacity(1), second.animate.set_fill(opacity=1), FadeIn(notes[1]), run_time=0.7)
            for step in range(steps):
                done = second.row <= step
                self.play(second.animate.show(done & new, done & ~new), run_time=pace, rate_func=linear)
        unit = trace.text["unit"]
        counts = [
            self.total(Sentence("{n} " + f"{unit} multiplications".strip(), {"n": self.readable(name)}), region, color)
            for name, region, color in (
                ("readable_uncached", totals[0], self.theme.text),
                ("readable_cached", totals[1], self.theme.text),
            )
        ]
        saved = self.claim(
            (
                "The cache makes it {r} times less work, and the logits agree to within {d}.",
                lambda t: t["total_ratio"] >= 1.05 and t["cache_difference"].max() <= t["agreement"] <= 0.1,
            ),
            ("The cache makes it {r} times less work.", lambda t: t["total_ratio"] >= 1.05),
            ("With so little to read again, the cache saves almost nothing here.", lambda t: t["total_ratio"] < 1.05),
            r=trace.quantity("total_ratio", decimals=1),
            d=trace.quantity("agreement", decimals=max(0, -round(float(np.log10(trace["agreement"]))))),
        )
        with self.beat(saved):
            self.play(*(FadeIn(count, shift=0.15 * UP) for count in counts), run_time=0.9)
        self.play(*map(FadeOut, [*heads, *grids, *counts, *notes]), run_time=0.6)

    def readable(self, name: str) -> Quantity:
        """A count in its unit; both counts with the same decimals."""
        value = float(self.trace["readable_cached"])
        return self.trace.quantity(name, decimals=0 if value >= 100 else 1 if value >= 10 else 2)

    def total(self, text: Sentence, region: Region, color: str) -> TextLine:
        """A count under its grid."""
        size = min(self.frame.heading, self.frame.heading * region.width / text_width(text, self.frame.heading, "semibold"))
        return TextLine(text, size, color, "semibold").on(region.center)

    # The end ----------------------------------------------------------------------------------------------

    def ending(self) -> None:
        """The finished text, the rule, and the parameters used."""
        stage = self.frame.stage
        upper, middle, lower = stage.rows([0.44, 0.2, 0.36], 0.2)
        written = self.finished(upper)
        size = self.frame.title_size * (0.95 if self.frame.portrait else 1.25)
        formula = Formula(
            Label("p(\"token\" | \"text so far\") = op(\"softmax\")(z slash T)"), size, width=middle.width
        ).move_to(middle.center)
        used = self.used_parameters(lower)
        with self.beat("Read the text, draw one token, append it, repeat: that is how a language model writes."):
            self.play(FadeIn(written), run_time=1.0)
            self.play(FadeIn(formula, shift=0.15 * UP), run_time=0.8)
            self.play(FadeIn(used), run_time=0.6)

    def finished(self, region: Region) -> RunningText:
        """The prompt and its continuation as running text."""
        pieces = [
            (Label(visible_text(text).replace("␣", " ")), self.theme.text if place >= self.prompt_length else self.theme.muted)
            for place, text in enumerate(self.texts)
        ]
        return RunningText(pieces, region, self.frame.body * 1.25)

    def used_parameters(self, region: Region) -> VGroup:
        """The parameters of this video, on lines of their own."""
        lines: list[Showable] = [
            join(Label(self.trace.text["model"]), "·", Label(self.trace.text["weights_note"])),
            Sentence("temperature {t}   ·   top-p {q}", {"t": self.given_temperature(), "q": self.given_percent("top_p")}),
            Sentence(
                "top-k {k}   ·   tokens {n}   ·   seed {s}",
                {"k": self.given("top_k"), "n": self.given("tokens"), "s": self.given("seed")},
            ),
        ]
        return centred_lines(lines, region.width).move_to(region.center)
