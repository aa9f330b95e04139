"""QKV attention: a toy head with every number, one head of a real model, and heads found by search, with controls.

Everything is read from the traces of :mod:`nnanim.sim.attention` and :mod:`nnanim.sim.head_search`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import numpy as np
from manim import (
    DOWN,
    UP,
    Create,
    FadeIn,
    FadeOut,
    Mobject,
    ReplacementTransform,
    VGroup,
)
from pydantic import BeforeValidator, Field

from nnanim.chapter import Chapter, speaking_seconds
from nnanim.quantity import Label, Quantity, Sentence, Showable, counted, decimals_that_add_up
from nnanim.trace import Trace
from nnanim.visuals.arcs import ArcDiagram
from nnanim.visuals.attention import LEAST_NUMBER, AttentionGrid, Hatching, token_names
from nnanim.visuals.bars import ProbabilityBars
from nnanim.visuals.comparison import Panel, arc_pair, grid_pair
from nnanim.visuals.frame import Region
from nnanim.visuals.glyphs import OPEN_BOX
from nnanim.visuals.math import Formula
from nnanim.visuals.matrix import Cells, Matrix, Read
from nnanim.visuals.projections import NAME_ROOM, Mixture, Projection, Projections, TokenMatrix, stacked_cells
from nnanim.visuals.table import Table, product_table
from nnanim.visuals.text import Paragraph, TextLine, centred_lines, text_width
from nnanim.visuals.tokens import visible_text

TOY_WORDS = ("the", "cat", "sat", "on", "it")
MOST_SHOWN = 12
"""Tokens of an example that are drawn as a grid."""
USUAL_GROWTH, LEAST_SHARE = 1.6, 0.26
"""How much larger the first matrix is than later ones: so much, or more where it would take less of the stage's area."""
LONGEST_STAND = 5.5
"""Seconds that a picture stands still at the most while a long sentence is spoken."""
LONGEST_SENTENCE = 56
"""Characters of the sentence among the parameters at the end."""
LONGEST_MODEL = 20
"""Characters of a model's name."""
LONGEST_ROW = 16
"""Tokens of an example that are drawn with arcs."""


def as_words(value: Any) -> Any:
    """Let a number stand for its digits."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


Words = Annotated[str, BeforeValidator(as_words)]


class QkvAttention(Chapter):
    """Tokens look at each other: queries, keys and values, by hand, in a real model, and under control."""

    title = "QKV attention"
    costly = True
    extremes = (
        {"sentence": "The cat"},
        {"sentence": "The cat sat on the mat because it was tired of running after mice all day"},
        {"layer": 1, "head": 1},
        {"layer": 30, "head": 9},
        {"toy_tokens": 2, "toy_width": 2},
        {"toy_tokens": 5, "seed": 0},
        {"toy_tokens": 5, "toy_width": 2, "seed": 2**31 - 1},
        {"model": "toy", "layer": 1, "head": 1},
        {"model": "toy", "layer": 2, "head": 1, "toy_tokens": 5, "sentence": "The cat"},
    )

    class Params(Chapter.Params):
        """The toy head, and the head of the language model that is looked at."""

        sentence: Words = Field(
            "The cat sat on the mat because it was tired",
            min_length=1,
            max_length=400,
            description="what the language model reads: 2 to 16 tokens",
        )
        layer: int = Field(14, description="layer of the language model, counted from 1")
        head: int = Field(9, description="head of that layer, counted from 1")
        word: Words | None = Field(
            None, description="the token whose attention is followed; by default “it”, or else the last word"
        )
        model: str = Field(
            "smollm2",
            min_length=1,
            description="smollm2, toy, or a directory with a Llama-type or GPT-2 model",
            examples=["smollm2", "toy"],
        )
        toy_tokens: int = Field(4, ge=2, le=5, description="tokens of the toy head")
        toy_width: int = Field(3, ge=2, le=3, description="numbers of each token, query, key and value of the toy head")
        seed: int = Field(360, ge=0, le=2**31 - 1, description="seed of the toy head, and of the words that the search draws")

    def simulate(self, p: Params) -> Trace:
        """The toy head, the chosen head on the sentence, and the search through all heads."""
        from nnanim.models import known_models
        from nnanim.sim import (  # torch is imported only when something is computed
            attention,
            head_search,
            language_model,
            threads,
        )

        with threads.one_thread():
            self.report(0.0, "reading the model")
            model = language_model.load(p.model)
            arrays, text = attention.sentence_head(model, p.sentence, p.layer, p.head, p.word)
            found, examples = head_search.search_heads(model, p.seed, self.report)
            toy = attention.toy_head(p.toy_tokens, p.toy_width, p.seed)
        kind = {"kind": "known" if p.model in known_models() else "other"}
        return Trace(toy | arrays | found, text | examples | kind)

    def depends_on(self, p: Params) -> str:
        """The language model."""
        from nnanim.sim.model_files import digest_of

        return digest_of(p.model)

    def construct(self) -> None:
        """The lesson, in order."""
        self.count: int = self.params.toy_tokens
        self.width: int = self.params.toy_width
        self.words = [Label(word) for word in TOY_WORDS[: self.count]]
        self.row = self.count - 1
        weights = self.trace["toy.weights"][self.row]
        self.column = int(weights[: self.row].argmax())
        self.project()
        self.score()
        self.mask_and_normalise()
        self.mix()
        self.one_real_head()
        self.search()
        self.ending()

    # Reading the trace --------------------------------------------------------------------------------

    def read(self, name: str, decimals: int = 2) -> Read:
        """The numbers of a matrix of the toy head."""
        return lambda row, column: self.trace.quantity(f"toy.{name}", row, column, decimals=decimals)

    def limit(self, name: str) -> float:
        """The largest magnitude of an array of the toy head."""
        return float(np.abs(self.trace[f"toy.{name}"]).max()) or 1.0

    def texts(self, name: str) -> list[str]:
        """Token texts that the simulation left behind."""
        return list(json.loads(self.trace.text[name]))

    # Queries, keys, values ----------------------------------------------------------------------------

    def project(self) -> None:
        """Tokens are vectors; three matrices turn each into a query, a key and a value."""
        stage = self.frame.stage
        big = stacked_cells([self.read("x", 1)], self.words, self.width, stage, self.count, 1)
        start = TokenMatrix(self.read("x", 1), self.words, self.width, big, "X", self.limit("x"))
        share = start.width * start.height / (stage.width * stage.height)
        wide, high = stage.width / start.width, stage.height / start.height
        growth = min(USUAL_GROWTH, 0.7 * wide, 0.85 * high)
        if growth**2 * share < LEAST_SHARE:
            growth = min(float(np.sqrt(LEAST_SHARE / share)), 0.7 * wide, 0.98 * high)
        start.scale(growth)
        start.shift(stage.center - start.get_center())
        with self.beat(
            "Attention lets tokens look at each other. Here are {tokens}, each of them {numbers}.",
            tokens=counted(self.given("toy_tokens"), "token", "tokens"),
            numbers=counted(self.given("toy_width"), "number", "numbers"),
        ):
            self.play(FadeIn(start.names), run_time=0.8)
            self.play(FadeIn(start.matrix), run_time=1.2)
        all_three = [
            Projection(letter, letter, self.read(f"w_{letter.lower()}", 1), self.read(letter.lower())) for letter in "QKV"
        ]
        try:
            whole = Projections(self.read("x", 1), all_three, self.words, self.width, stage)
            self.project_side_by_side(start, whole)
        except ValueError:
            self.project_in_turn(start, all_three)

    def project_side_by_side(self, start: TokenMatrix, whole: Projections) -> None:
        """All three projections beside one another."""
        self.play(ReplacementTransform(start, whole.x), run_time=0.9)
        table, heading = self.first_number_table(whole)
        with self.beat(self.QUERY_WORDS):
            self.one_projection(whole, 0, table, heading)
        self.play(FadeOut(table), FadeOut(heading), run_time=0.4)
        with self.beat(self.KEY_VALUE_WORDS):
            for place in (1, 2):
                self.play(FadeIn(whole.matrices[place]), run_time=0.6)
                self.play(FadeIn(whole.results[place], shift=0.15 * DOWN), run_time=0.8)
        self.play(FadeOut(whole), run_time=0.5)

    def first_number_table(self, whole: Projections) -> tuple[Table, TextLine]:
        """How the first number of the first query comes about, where keys and values will stand."""
        trace = self.trace
        products = [
            (trace.quantity("toy.x", 0, n, decimals=1), trace.quantity("toy.w_q", n, 0, decimals=1), trace.quantity("toy.first_products", n))
            for n in range(self.width)
        ]
        region = whole.results[0].heat.get_right()
        place = Region(float(region[0]) + 0.6, self.frame.stage.right, self.frame.stage.bottom, self.frame.stage.top - 0.8)
        table = product_table(("vector", "matrix", "product"), products, ("query", trace.quantity("toy.q", 0, 0)), place)
        words = Sentence("the first number of the query of “{w}”", {"w": self.words[0]})
        widest = self.frame.stage.right - place.left
        size = max(self.frame.smallest, min(self.frame.heading, widest / text_width(words, 1.0, "semibold")))
        heading = TextLine(words, size, weight="semibold")
        x = min(table.left, self.frame.stage.right - heading.advance)
        return table, heading.at(x, table.row_heights[0] + 1.6 * table.em_size)

    def project_in_turn(self, start: TokenMatrix, projections: Sequence[Projection]) -> None:
        """One projection after another, where there is no room for three; what is done stands aside in colours."""
        work, aside = self.frame.split([0.74, 0.26], 0.4)
        places = aside.columns([1, 1, 1], 0.4) if self.frame.portrait else aside.rows([1, 1, 1], 0.2)
        wholes = [Projections(self.read("x", 1), [p], self.words, self.width, work) for p in projections]
        self.play(ReplacementTransform(start, wholes[0].x), run_time=0.9)
        kept: list[Mobject] = []
        with self.beat(self.QUERY_WORDS):
            self.one_projection(wholes[0], 0)
            kept.append(self.put_aside(wholes[0], projections[0], places[0]))
        with self.beat(self.KEY_VALUE_WORDS):
            for number in (1, 2):
                before, whole = wholes[number - 1], wholes[number]
                self.play(
                    FadeOut(before.matrices[0]), FadeOut(before.results[0]), ReplacementTransform(before.x, whole.x), run_time=0.4
                )
                self.play(FadeIn(whole.matrices[0]), run_time=0.5)
                self.play(FadeIn(whole.results[0], shift=0.15 * DOWN), run_time=0.7)
                kept.append(self.put_aside(whole, projections[number], places[number]))
        self.play(*map(FadeOut, [wholes[2].x, wholes[2].matrices[0], wholes[2].results[0], *kept]), run_time=0.5)

    def put_aside(self, whole: Projections, projection: Projection, place: Region) -> Matrix:
        """A finished matrix goes to its place aside, in colours."""
        cell = min((place.width - 0.1) / self.width, (place.height - NAME_ROOM) / self.count, 0.5)
        small = Matrix(
            projection.read_result, range(self.count), range(self.width), Cells(cell, cell, None), projection.result,
            self.limit(projection.result.lower()),
        )  # fmt: skip
        small.shift(place.center - small.get_center())
        self.play(ReplacementTransform(whole.results[0].heat.copy(), small.heat), FadeIn(small.name), run_time=0.7)
        self.add(small)
        return small

    QUERY_WORDS = "Row times matrix: each token’s vector times W gives its query, what the token looks for."
    KEY_VALUE_WORDS = "Two more matrices give its key, what it can be found by, and its value, what it passes on."

    def one_projection(
        self, whole: Projections, place: int, table: Table | None = None, heading: TextLine | None = None
    ) -> None:
        """The first number of a product: a row of X, a column of the matrix; then all numbers."""
        matrix, result, x = whole.matrices[place], whole.results[place], whole.x.matrix
        self.play(FadeIn(matrix), run_time=0.7)
        lit_x = [part.animate.emphasise(row=0) for part in (x.heat, x.numbers)]
        lit_w = [part.animate.emphasise(column=0) for part in (matrix.heat, matrix.numbers)]
        self.play(*lit_x, *lit_w, run_time=0.6)
        if table is not None and heading is not None:
            self.play(FadeIn(heading), FadeIn(table.row(0)), run_time=0.4)
            self.play(
                *(FadeIn(table.cell(n + 1, 0), target_position=x.heat.cell_center(0, n)) for n in range(self.width)),
                *(FadeIn(table.cell(n + 1, 2), target_position=matrix.heat.cell_center(n, 0)) for n in range(self.width)),
                *(FadeIn(table.cell(n + 1, 1)) for n in range(self.width)),
                run_time=0.9,
            )
            self.play(*(FadeIn(table.cell(n + 1, c)) for n in range(self.width) for c in (3, 4)), run_time=0.6)
            self.play(Create(table.rules), FadeIn(table.row(self.width + 1)), run_time=0.6)
            self.add(table)
        only = np.zeros((self.count, self.width))
        only[0, 0] = 1
        whole_numbers = result.numbers.copy()
        whole_heat = result.heat.copy()
        result.heat.opacity, result.numbers.opacity = only.reshape(-1), only.reshape(-1)
        self.play(FadeIn(result), run_time=0.6)
        calm = [part.animate.calm() for part in (x.heat, x.numbers, matrix.heat, matrix.numbers)]
        self.play(
            *calm, result.heat.animate.become(whole_heat), result.numbers.animate.become(whole_numbers), run_time=1.0
        )

    # Scores -------------------------------------------------------------------------------------------

    def stack(self, region: Region, blocks: Sequence[tuple[str, str]], cells: Cells) -> list[TokenMatrix]:
        """Matrices of the toy head below one another, centred in a region: (name, array) each."""
        made = []
        depth = self.count * cells.height + NAME_ROOM
        top = region.center[1] + len(blocks) * depth / 2
        for number, (name, array) in enumerate(blocks):
            block = TokenMatrix(self.read(array), self.words, self.width, cells, name, self.limit(array))
            middle = top - number * depth - NAME_ROOM - self.count * cells.height / 2
            reach = float(block.matrix.heat.get_right()[0] - block.get_left()[0])
            left_of_cells = float(block.matrix.heat.get_left()[0] - block.get_left()[0])
            x = region.center[0] - reach / 2 + left_of_cells + self.width * cells.width / 2
            block.shift(np.array([x, middle, 0]) - block.matrix.heat.get_center())
            made.append(block)
        return made

    def score(self) -> None:
        """One score number by number; then all of them, divided by √d."""
        trace, i, j = self.trace, self.row, self.column
        shares = [0.58, 0.42] if self.frame.portrait else [0.42, 0.58]
        self.left, self.right = self.frame.split(shares, 0.4)
        cells = stacked_cells([self.read("q"), self.read("k")], self.words, self.width, self.left, 2 * self.count, 2)
        self.q, self.k = self.stack(self.left, [("Q", "q"), ("K", "k")], cells)
        self.play(FadeIn(self.q), FadeIn(self.k), run_time=0.7)
        table, heading = self.score_table()
        pace = 3.0 / self.width
        with self.beat(
            "How much should “{w}” look at “{t}”? Multiply its query by that key and add up: {s}.",
            w=self.words[i],
            t=self.words[j],
            s=trace.quantity("toy.scores", i, j),
        ):
            lit = [part.animate.emphasise(row=i) for part in (self.q.matrix.heat, self.q.matrix.numbers)]
            lit += [part.animate.emphasise(row=j) for part in (self.k.matrix.heat, self.k.matrix.numbers)]
            self.play(FadeIn(heading), *map(FadeIn, table.row(0)), *lit, run_time=0.8)
            for n in range(self.width):
                first, times, second, equals, product = (table.cell(n + 1, column) for column in range(5))
                self.play(
                    FadeIn(first, target_position=self.q.matrix.heat.cell_center(i, n)),
                    FadeIn(second, target_position=self.k.matrix.heat.cell_center(j, n)),
                    FadeIn(times),
                    run_time=0.7 * pace,
                )
                self.play(FadeIn(equals), FadeIn(product), run_time=0.35 * pace)
            self.play(Create(table.rules), FadeIn(table.row(self.width + 1), shift=0.1 * UP), run_time=0.8)
        self.all_scores(table, heading)

    def score_table(self) -> tuple[Table, TextLine]:
        """A row for each component: query × key = product; then their sum."""
        trace, i, j = self.trace, self.row, self.column
        products = [float(product) for product in trace["toy.products"][i, j]]
        decimals = decimals_that_add_up(products, float(trace["toy.scores"][i, j]), 2, 4) or 4
        rows = [
            (trace.quantity("toy.q", i, n), trace.quantity("toy.k", j, n), trace.quantity("toy.products", i, j, n, decimals=decimals))
            for n in range(self.width)
        ]
        place = Region(self.right.left, self.right.right, self.right.bottom, self.right.top - 0.7)
        total = ("score", trace.quantity("toy.scores", i, j, decimals=decimals))
        table = product_table(("query", "key", "product"), rows, total, place)
        heading = TextLine(Sentence("“{w}” looks at “{t}”", {"w": self.words[i], "t": self.words[j]}), self.frame.heading, weight="semibold")
        return table, heading.at(table.left, table.row_heights[0] + 1.6 * table.em_size)

    def all_scores(self, table: Table, heading: TextLine) -> None:
        """The grid of all scores, then divided by √d."""
        self.grid_place = Region(self.right.left, self.right.right, self.right.bottom, self.right.top - 0.55)
        self.grid, self.decimals = self.score_grid()
        grid, numbers = self.grid, self.grid.numbers
        self.grid_heading = self.over_grid("scores: query · key")
        with self.beat(
            "Every query meets every key. Dividing by √d, here {root}, keeps long vectors from inflating the scores.",
            root=self.trace.quantity("toy.root_d"),
        ):
            total = table.cell(self.width + 1, 4)
            others = [cell for cell in table.cells.values() if cell is not total]
            calm = [part.animate.calm() for block in (self.q, self.k) for part in (block.matrix.heat, block.matrix.numbers)]
            self.play(*map(FadeOut, [*others, table.rules, heading]), *calm, run_time=0.6)
            self.play(
                FadeOut(total, target_position=grid.heat.cell_center(self.row, self.column), scale=0.6),
                FadeIn(grid.row_names), FadeIn(grid.column_names), FadeIn(self.grid_heading), run_time=0.8,
            )  # fmt: skip
            self.play(FadeIn(grid.heat), FadeIn(numbers), run_time=1.2)
            self.add(grid)
            self.wait(0.6)
            scaled = self.matrix_quantities("scaled", self.decimals)
            after = self.over_grid("scores divided by √d")
            colors = grid.heat.copy().set_values(self.trace["toy.scaled"]).colors
            self.play(
                grid.heat.animate.set_values(self.trace["toy.scaled"]),
                numbers.animate.set_quantities(scaled).set_fills(colors),
                FadeOut(self.grid_heading),
                FadeIn(after),
                run_time=1.2,
            )
            self.grid_heading = after

    def matrix_quantities(self, name: str, decimals: int) -> list[list[Quantity | None]]:
        """All numbers of a (T, T) array of the toy head."""
        read = self.read(name, decimals)
        return [[read(row, column) for column in range(self.count)] for row in range(self.count)]

    def score_grid(self) -> tuple[AttentionGrid, int]:
        """The grid of scores, with as many decimals as there is room for; room is kept for the sums of the rows."""
        room = 3.4 * self.frame.small
        place = Region(self.grid_place.left, self.grid_place.right - room, self.grid_place.bottom, self.grid_place.top)
        self.share_decimals = self.decimals_of_shares()
        for decimals in (2, 1, 0):
            grid = AttentionGrid(
                self.trace["toy.scores"], self.words, place, self.matrix_quantities("scores", decimals),
                self.limit("scores"), causal=False, size=self.grid_type, widest="0." + "0" * self.share_decimals,
            )  # fmt: skip
            if grid.numbers is not None:
                return grid, decimals
        raise ValueError("the toy head’s scores do not fit the frame")

    def decimals_of_shares(self) -> int:
        """Enough decimals that every row of weights is seen to add up to one; two when more are not enough or have no room."""
        rows = self.trace["toy.weights"]
        most = 3 if self.frame.width > 12 else 2
        needed = [decimals_that_add_up([float(w) for w in rows[i, : i + 1]], 1.0, 2, most) for i in range(self.count)]
        self.rounded = None in needed
        return 2 if self.rounded else max(number or 2 for number in needed)

    @property
    def grid_type(self) -> float:
        """Size of the tokens' names beside the toy head's grid."""
        return 1.1 * (self.frame.body if self.frame.portrait or self.frame.width > 9 else self.frame.small)

    def over_grid(self, words: Showable) -> TextLine:
        """A heading over the toy head's grid."""
        heat = self.grid.heat
        line = TextLine(words, min(self.frame.heading, self.right.width / text_width(TextLine(words).showable, 1.0, "semibold")), weight="semibold")
        x = float(heat.get_left()[0])
        x = min(x, self.right.right - line.advance)
        return line.at(x, self.grid.region.top + 0.22)

    # Mask and softmax ---------------------------------------------------------------------------------

    def mask_and_normalise(self) -> None:
        """Later tokens are masked; softmax turns each row into shares."""
        grid, numbers, n = self.grid, self.grid.numbers, self.count
        later = ~np.tril(np.ones((n, n), dtype=bool))
        self.hatching = Hatching(grid.heat, later)
        masked = self.over_grid("masked: no look ahead")
        dim = [part.animate.set_opacity(0.35) for block in (self.q, self.k) for part in (block.matrix.heat, block.matrix.numbers)]
        with self.beat("A token may look at itself and back, never ahead: scores of later tokens are masked."):
            kept = grid.heat.copy()
            kept.opacity = np.where(later.reshape(-1), 0.0, 1.0)
            self.play(
                grid.heat.animate.become(kept), numbers.animate.hide(later), FadeIn(self.hatching),
                FadeOut(self.grid_heading), FadeIn(masked), *dim, run_time=1.2,
            )  # fmt: skip
        self.grid_heading = masked
        self.play(FadeOut(self.q), FadeOut(self.k), run_time=0.5)
        self.normalise()

    def normalise(self) -> None:
        """Softmax: one row by its exponentials, then every row."""
        grid, numbers, trace, i = self.grid, self.grid.numbers, self.trace, self.row
        table, heading = self.softmax_table()
        weights = self.over_grid("attention weights")
        size = numbers.em
        edge = float(grid.heat.get_right()[0]) + 0.25
        sums = [
            TextLine(trace.quantity("toy.row_sums", r), max(size, self.frame.smallest), self.theme.muted).on(
                np.array([edge, grid.heat.cell_center(r, 0)[1], 0]), "left"
            )
            for r in range(self.count)
        ]
        name = grid.column_names[0]
        middle = sums[0].origin[0] + sums[0].advance / 2
        sums.append(TextLine("sum", min(name.em, 1.1 * size), self.theme.muted).at(middle, name.origin[1], "center"))
        shares = self.matrix_quantities("weights", self.share_decimals)
        quantities = self.matrix_quantities("scaled", self.decimals)
        values = np.array(trace["toy.scaled"])
        with self.beat(
            "Softmax turns each row into shares that add up to one"
            + (" (the shares shown are rounded)." if self.rounded else ".")
        ):
            self.play(FadeIn(heading), *map(FadeIn, table.cells.values()), Create(table.rules), run_time=1.2)
            self.play(FadeOut(self.grid_heading), FadeIn(weights), FadeIn(sums[-1]), run_time=0.5)
            # Colours go from scores to shares, each on a scale of its own: the limit changes with the values.
            scale = self.limit("scores")
            for r in [i, *(r for r in range(self.count) if r != i)]:
                values[r] = trace["toy.weights"][r] * scale
                quantities[r] = shares[r]
                colors = grid.heat.copy().set_values(values).colors
                self.play(
                    grid.heat.animate.set_values(values),
                    numbers.animate.set_quantities(quantities).set_fills(colors),
                    FadeIn(sums[r]),
                    run_time=0.7,
                )
        self.grid_heading, self.sums = weights, sums
        self.play(FadeOut(table), FadeOut(heading), *map(FadeOut, sums), run_time=0.5)

    def softmax_table(self) -> tuple[Table, TextLine]:
        """The softmax of one row: token, score, exponential where there is room, share."""
        place = Region(self.left.left, self.left.right, self.left.bottom, self.left.top - 0.7)
        try:
            table = self.softmax_rows(place, float(self.trace["toy.exponential_sums"][self.row]) < 1000)
        except ValueError:
            table = self.softmax_rows(place, False)
        words = Sentence("softmax of the row of “{w}”", {"w": self.words[self.row]})
        if text_width(words, self.frame.heading, "semibold") > self.left.width:
            words = Sentence("row of “{w}”", {"w": self.words[self.row]})
        heading = TextLine(words, self.frame.heading, weight="semibold")
        above = table.row_heights[0] + 1.4 * table.em_size
        if not self.frame.portrait:  # on one line with the grid's heading, where the table is low enough
            above = max(above, float(self.grid_heading.origin[1]))
        return table, heading.at(min(table.left, self.left.right - heading.advance), above)

    def softmax_rows(self, place: Region, with_exponentials: bool) -> Table:
        """The table itself, in a region."""
        trace, i, muted = self.trace, self.row, self.theme.muted
        exponentials = trace["toy.exponentials"][i, : i + 1].tolist()
        exact = decimals_that_add_up(exponentials, float(trace["toy.exponential_sums"][i]), 2, 3)
        decimals = exact or 2
        head = ["token", "score", *(["exp" if exact else "exp (rounded)"] if with_exponentials else []), "share"]
        rows: list[list[Any]] = [list(head)]
        for j in range(i + 1):
            row: list[Any] = [self.words[j], trace.quantity("toy.scaled", i, j)]
            row += [trace.quantity("toy.exponentials", i, j, decimals=decimals)] if with_exponentials else []
            rows.append([*row, trace.quantity("toy.weights", i, j, decimals=self.share_decimals)])
        last: list[Any] = [None, "sum"]
        last += [trace.quantity("toy.exponential_sums", i, decimals=decimals)] if with_exponentials else []
        rows.append([*last, trace.quantity("toy.row_sums", i, decimals=self.share_decimals)])
        colors = {(0, c): muted for c in range(len(head))} | {(r, 0): muted for r in range(len(rows))} | {(len(rows) - 1, 1): muted}
        return Table(
            rows, place, ["left", *["right"] * (len(head) - 1)], size=1.15 * self.frame.body, colors=colors,
            weights={(r, len(head) - 1): "semibold" for r in range(1, len(rows) - 1)}, rules=[len(rows) - 1], gap=0.7,
        )  # fmt: skip

    # The mixture of values ----------------------------------------------------------------------------

    def mix(self) -> None:
        """The weights mix the values: one row number by number, then all."""
        i = self.row
        shares = [0.42, 0.58] if self.frame.portrait else [0.34, 0.66] if self.frame.width > 12 else [0.46, 0.54]
        left, right = self.frame.split(shares, 0.5)
        grid = self.weights_grid(left)
        later = ~np.tril(np.ones((self.count, self.count), dtype=bool))
        hatching = Hatching(grid.heat, later)
        heading = TextLine("attention weights", self.grid_heading.em, weight="semibold")
        heading.at(min(float(grid.heat.get_left()[0]), left.right - heading.advance), grid.region.top + 0.22)
        if self.grid.numbers is not None and grid.numbers is not None:
            self.play(
                ReplacementTransform(self.grid, grid), ReplacementTransform(self.hatching, hatching),
                ReplacementTransform(self.grid_heading, heading), run_time=0.9,
            )  # fmt: skip
        else:
            self.play(*map(FadeOut, [self.grid, self.hatching, self.grid_heading]), run_time=0.4)
            self.play(*map(FadeIn, [grid, hatching, heading]), run_time=0.5)
        mixture = self.mixture(right)
        ring = grid.ring(i)
        with self.beat(
            "“{w}” takes a share of every value, as large as its weight. The sum is its output.", w=self.words[i]
        ):
            self.play(FadeIn(mixture.values), FadeIn(mixture.names), Create(ring), run_time=0.8)
            self.play(
                *(
                    FadeIn(cell, target_position=grid.heat.cell_center(i, j))
                    for j, cell in enumerate(mixture.weights)
                ),
                *map(FadeIn, mixture.times),
                run_time=1.1,
            )
            self.play(*mixture.multiply(), run_time=1.1)
            self.play(FadeIn(mixture.output, shift=0.3 * DOWN), FadeIn(mixture.output_name), Create(mixture.rule), run_time=1.0)
        cells = stacked_cells([self.read("v"), self.read("output")], self.words, self.width, right, 2 * self.count, 2)
        v, z = self.stack(right, [("V", "v"), ("output = weights × V", "output")], cells)
        with self.beat("All tokens at once: each one leaves with a mixture of what it looked at."):
            self.play(FadeOut(ring), *map(FadeOut, mixture.leaving()), FadeOut(mixture.output), FadeIn(v), run_time=0.8)
            self.play(FadeIn(z.names), FadeIn(z.matrix.name), run_time=0.4)
            self.play(FadeIn(z.matrix.heat), FadeIn(z.matrix.numbers), run_time=1.2)
        self.play(*map(FadeOut, [grid, hatching, heading, v, z]), run_time=0.5)

    def mixture(self, region: Region) -> Mixture:
        """One token's weights, the values, and what they come to."""
        trace, i = self.trace, self.row
        parts, sums = trace["toy.weighted_values"][i], trace["toy.output"][i]
        needed = [decimals_that_add_up(parts[:, n].tolist(), float(sums[n]), 2, 3) for n in range(self.width)]
        decimals = 2 if None in needed else max(number or 2 for number in needed)
        return Mixture(
            [trace.quantity("toy.weights", i, j, decimals=self.share_decimals) for j in range(self.count)],
            self.read("v"),
            lambda row, column: trace.quantity("toy.weighted_values", i, row, column, decimals=decimals),
            lambda row, column: trace.quantity("toy.output", i, column, decimals=decimals),
            self.words,
            self.width,
            region,
            "weight × V (rounded)" if None in needed else "weight × V",
        )

    def weights_grid(self, region: Region) -> AttentionGrid:
        """The toy head's weights, in a region."""
        later = ~np.tril(np.ones((self.count, self.count), dtype=bool))
        place = Region(region.left, region.right, region.bottom, region.top - 0.55)
        grid = AttentionGrid(
            self.trace["toy.weights"], self.words, place, self.matrix_quantities("weights", self.share_decimals), 1.0,
            causal=False, size=self.grid_type,
        )  # fmt: skip
        grid.heat.opacity = np.where(later.reshape(-1), 0.0, 1.0)
        if grid.numbers is not None:
            grid.numbers.hide(later)
        return grid

    # One real head ------------------------------------------------------------------------------------

    def one_real_head(self) -> None:
        """A head of the language model on the sentence, its arcs, and what the other tokens do."""
        trace = self.trace
        names = token_names(self.texts("tokens"))
        attention = np.asarray(trace["attention"])
        looking, target = int(trace["looking"]), int(trace["target"])
        main, foot = self.frame.stage.rows([0.9, 0.1], 0.12)
        count = len(names)
        quantities = [
            [trace.quantity("attention", r, c) if c <= r and attention[r, c] >= LEAST_NUMBER else None for c in range(count)]
            for r in range(count)
        ]
        grid = AttentionGrid(attention, names, main, quantities)
        diagram, heading = self.sentence_arcs(names, looking, main)
        info = self.head_info(self.given("layer"), self.given("head"), foot)
        shown = [grid.heat] + ([grid.numbers] if grid.numbers is not None else [])
        legend = grid.corner_legend(["row: the token that looks", "column: what it looks at"], main)
        said = self.claim(
            ("The same in a real model, with {n}. This is one of them, reading one sentence.", lambda t: t.text["kind"] == "known"),
            ("The same in a language model, with {n}. This is one of them, reading one sentence.", lambda t: True),
            n=counted(trace.quantity("model.all_heads", decimals=0), "such head", "such heads"),
        )  # fmt: skip
        with self.beat(said):
            self.play(FadeIn(grid.row_names), FadeIn(grid.column_names), FadeIn(info), run_time=0.7)
            self.play(*(Create(part) for part in shown), FadeIn(legend), run_time=2.0)
            self.add(grid)
        ring = grid.ring(looking)
        with self.beat(self.sentence_claim(names, looking, target)):
            self.play(Create(ring), *(part.animate.emphasise(row=looking, others=0.4) for part in shown), run_time=0.8)
            arriving = [
                FadeIn(number, target_position=grid.heat.cell_center(looking, place)) for place, number in diagram.numbers.items()
            ]
            self.play(FadeOut(grid), FadeOut(ring), FadeOut(legend), *arriving, run_time=1.0)
            self.play(FadeIn(diagram.tokens), FadeIn(heading), run_time=0.5)
            self.play(Create(diagram.arcs), diagram.tokens[looking].animate.light(), run_time=1.4)
        column = np.zeros(attention.shape, dtype=bool)
        column[target:, target] = True
        for part in shown:
            part.emphasise(column, others=0.4)
        ring = grid.column_ring(target)
        said = self.control_claim(names, looking, target)
        with self.beat(said):
            self.play(*map(FadeOut, [diagram.tokens, diagram.arcs, *diagram.numbers.values(), heading]), run_time=0.4)
            self.play(FadeIn(grid), FadeIn(legend), run_time=0.6)
            rest = speaking_seconds(said) - 1.0
            self.play(Create(ring), run_time=max(0.8, rest - LONGEST_STAND))
        self.play(*map(FadeOut, [grid, ring, info, legend]), run_time=0.5)

    def sentence_arcs(self, names: Sequence[Label], looking: int, main: Region) -> tuple[ArcDiagram, TextLine]:
        """The arcs of the looking token, and their heading."""
        place = Region(main.left, main.right, main.bottom, main.top - 1.5 * self.frame.heading)
        weights = [self.trace.quantity("attention", looking, column) for column in range(looking + 1)]
        diagram = ArcDiagram(names, weights, looking, place, least=0.05)
        words = Sentence("attention paid by “{w}”", {"w": names[looking]})
        size = min(self.frame.heading, main.width / text_width(words, 1.0, "semibold"))
        return diagram, TextLine(words, size, weight="semibold").at(main.center[0], main.top - 0.8 * size, "center")

    def head_info(self, layer: Quantity, head: Quantity, region: Region, more: Sentence | None = None) -> Paragraph:
        """Which head of which model is seen."""
        which = Sentence(
            "layer {layer} of {layers}, head {head} of {heads}" + (" — {more}" if more else "") + " · {model}, {weights}",
            {
                "layer": layer,
                "layers": self.trace.quantity("model.layers", decimals=0),
                "head": head,
                "heads": self.trace.quantity("model.heads", decimals=0),
                "model": self.model_name,
                "weights": Label(self.trace.text["weights"]),
                **({"more": more} if more else {}),
            },
        )
        return Paragraph(which, region, self.frame.small, self.theme.muted, lines=1 if self.frame.width > 9 else 2)

    def sentence_claim(self, names: Sequence[Label], looking: int, target: int) -> Sentence:
        """What the looking token does."""
        return self.claim(
            ("“{w}” is the first token: the mask leaves it nothing but itself.", lambda t: t["looking"] == 0),
            ("In this head, “{w}” gives {p} of its attention to itself.", lambda t: t["target"] == t["looking"] > 0),
            ("In this head, “{w}” gives {p} of its attention to the first token, “{t}”.", lambda t: t["target"] == 0 < t["looking"]),
            ("In this head, “{w}” gives {p} of its attention to “{t}”.", lambda t: 0 < t["target"] < t["looking"]),
            w=names[looking],
            t=names[target],
            p=self.trace.quantity("attention", looking, target, decimals=0, unit="\u00a0%"),
        )

    def control_claim(self, names: Sequence[Label], looking: int, target: int) -> Sentence:
        """What the other tokens do, by way of control."""
        trace = self.trace

        def most(t: Trace) -> bool:
            return 2 * int(t["followers"]) >= int(t["rivals"]) > 0

        return self.claim(
            ("That holds in every head of every layer, and so it says nothing about this one.", lambda t: t["looking"] == 0),
            ("No other token of this sentence could look there: there is nothing to compare it with.", lambda t: t["rivals"] == 0),
            ("A control: no other token gives its largest share to “{t}”. Yet one sentence proves nothing.", lambda t: t["followers"] == 0),
            (
                "A control: it gets the largest share from {n} of {m}, too. It serves as a resting place, a “sink”.",
                lambda t: most(t) and t["target"] == 0 and t["rivals"] >= 4,
            ),
            ("A control: “{t}” gets the largest share from {n} of {m}, too. So this is not about “{w}”.", most),
            (
                "A control: “{t}” gets the largest share from {n} of {m}, too. One sentence proves nothing.",
                lambda t: 0 < 2 * int(t["followers"]) < int(t["rivals"]),
            ),
            w=names[looking],
            t=names[target],
            m=counted(trace.quantity("rivals", decimals=0), "other token", "other tokens"),
            n=trace.quantity("followers", decimals=0),
        )  # fmt: skip

    # Heads found by search ----------------------------------------------------------------------------

    def search(self) -> None:
        """Three heads with a name, each beside its control."""
        self.found("previous", self.previous_claim(), "a sentence", "its words shuffled", self.grid_pair)
        self.found("induction", self.induction_claim(), "random words, twice", "nothing repeated", self.grid_pair)
        self.found("indirect", self.indirect_claim(), "", "", self.arc_pair)

    def found(
        self, name: str, said: Sentence, with_it: str, without: str,
        draw: Callable[[str, str, str, Region], list[Panel]],
    ) -> None:  # fmt: skip
        """One head: an example and its control side by side, with the mean scores over many."""
        trace = self.trace
        main, foot = self.frame.stage.rows([0.88, 0.12], 0.1)
        info = self.head_info(
            trace.quantity(f"found.{name}.layer", decimals=0),
            trace.quantity(f"found.{name}.head", decimals=0),
            foot,
            Sentence(
                "best of {heads} on {count} other inputs ({score})",
                {
                    "heads": trace.quantity("model.all_heads", decimals=0),
                    "count": trace.quantity(f"found.{name}.count", decimals=0),
                    "score": trace.quantity(f"found.{name}.score"),
                },
            ),
        )
        (first, first_place), (second, second_place) = draw(name, with_it, without, main)
        bars = [self.mean_bar(name, "check", first_place), self.mean_bar(name, "control", second_place)]
        with self.beat(said):
            self.play(FadeIn(info), *map(FadeIn, first), run_time=1.1)
            self.play(FadeIn(bars[0]), run_time=0.7)
            self.wait(0.5)
            self.play(*map(FadeIn, second), run_time=1.0)
            self.play(FadeIn(bars[1]), run_time=0.7)
        self.play(*map(FadeOut, [info, *first, *second, *bars]), run_time=0.5)

    def mean_bar(self, name: str, kind: str, region: Region) -> VGroup:
        """The mean score as a bar along the foot of a region, with what it is the mean of."""
        size = self.frame.small
        quantity = self.trace.quantity(f"found.{name}.{kind}")
        words = Sentence("mean of {n}", {"n": self.trace.quantity(f"found.{name}.count", decimals=0)})
        label = TextLine(words, size, self.theme.muted)
        height = region.bottom + 0.26
        label.on(np.array([region.left, height, 0]), "left")
        bars = ProbabilityBars([quantity], [height], region.left + label.advance + 0.2, region.right, 0.3, self.frame.body)
        return VGroup(label, bars)

    def grid_pair(self, name: str, with_it: str, without: str, main: Region) -> list[Panel]:
        """The head on an example and on its control, as grids."""
        most = MOST_SHOWN - 2 if self.frame.portrait else MOST_SHOWN
        attentions = [np.asarray(self.trace[f"example.{name}.{kind}"])[:most, :most] for kind in ("attention", "control")]
        names = [token_names(self.texts(f"example.{name}.{tokens}"))[:most] for tokens in ("tokens", "control_tokens")]
        return grid_pair(attentions, names, (with_it, without), main)

    def arc_pair(self, name: str, with_it: str, without: str, main: Region) -> list[Panel]:
        """The head on two prompts, as arcs from their last token; over each, what the model says next."""
        names, weights = [], []
        for kind, tokens in (("attention", "tokens"), ("control", "control_tokens")):
            texts = self.texts(f"example.{name}.{tokens}")
            places = self.places_shown(len(texts))
            names.append([token_names(texts)[place] for place in places])
            weights.append([self.trace.quantity(f"example.{name}.{kind}", len(texts) - 1, place) for place in places])
        return arc_pair(names, weights, lambda number, place: self.answer_heading(("", "control_")[number], place), main)

    def answer_heading(self, prefix: str, place: Region) -> TextLine:
        """What the model says next, as large as fits."""
        values = {
            "p": self.trace.quantity(f"example.indirect.{prefix}answer"),
            "a": token_names([self.trace.text[f"example.indirect.{prefix}answer"]])[0],
        }
        sentence = Sentence("the model goes on: “{a}” ({p})", values)
        if text_width(sentence, self.frame.heading, "semibold") > place.width:
            sentence = Sentence("next: “{a}” ({p})", values)
        size = min(self.frame.heading, place.width / text_width(sentence, 1.0, "semibold"))
        line = TextLine(sentence, size, weight="semibold")
        return line.at(place.left, place.top - 0.8 * line.em)

    def places_shown(self, count: int) -> list[int]:
        """Which tokens of a prompt are drawn: all, or the first, the one looked for, and the last when there are many."""
        if count <= LONGEST_ROW:
            return list(range(count))
        place = int(self.trace["example.indirect.place"])
        return sorted({0, place, *range(1, 6), *range(count - 9, count)})

    def previous_claim(self) -> Sentence:
        """What the search for a previous-token head came to."""
        return self.claim(
            ("This head looks at the token before: {s}. On shuffled words it still does: {c}. It goes by position.", lambda t: t["found.previous.check"] >= 0.5 and t["found.previous.control"] >= 0.75 * t["found.previous.check"]),
            ("This head looks at the token before: {s}. On shuffled words only {c} is left: it goes by more than position.", lambda t: t["found.previous.check"] >= 0.5),
            ("No head keeps to the token before: the best one gives it {s}, and {c} on shuffled words.", lambda t: t["found.previous.check"] < 0.5),
            **self.scores_of("previous"),
        )  # fmt: skip

    def induction_claim(self) -> Sentence:
        """What the search for an induction head came to."""
        return self.claim(
            ("This one looks at what followed last time: {s} where words repeat, {c} where none does. That is induction.", lambda t: t["found.induction.check"] >= 0.5 and t["found.induction.control"] < 0.5 * t["found.induction.check"]),
            ("The best head gives {s} to what would have followed last time, but {c} where nothing repeats: no induction.", lambda t: t["found.induction.check"] < 2 * t["found.induction.control"] or t["found.induction.check"] < 0.25),
            ("No head keeps to what followed last time: the best gives it {s}, and {c} where nothing repeats.", lambda t: t["found.induction.check"] < 0.5),
            **self.scores_of("induction"),
        )  # fmt: skip

    def indirect_claim(self) -> Sentence:
        """What the search for an indirect-object head came to."""
        return self.claim(
            ("This head looks at the name of the receiver: {s}. The same name as the giver’s gets {c}.", lambda t: t["found.indirect.check"] >= 0.25 and t["found.indirect.control"] < 0.5 * t["found.indirect.check"]),
            ("This head gives the receiver’s name {s}, but {c} to the same name as the giver’s: it does not tell them apart.", lambda t: t["found.indirect.check"] >= 0.25),
            ("No head looks for the receiver: the best gives that name {s}, and {c} when it is the giver’s.", lambda t: t["found.indirect.check"] < 0.25),
            **self.scores_of("indirect"),
        )  # fmt: skip

    def scores_of(self, name: str) -> dict[str, Quantity]:
        """The mean on new inputs, and on their controls."""
        return {"s": self.trace.quantity(f"found.{name}.check"), "c": self.trace.quantity(f"found.{name}.control")}

    # The end ------------------------------------------------------------------------------------------

    def ending(self) -> None:
        """The formula worth keeping, and the parameters used."""
        stage = self.frame.stage
        size = self.frame.title_size * (1.2 if self.frame.portrait else 1.7)
        formula = Formula(Label('op("softmax")((Q K^T) / sqrt(d)) V'), size, width=stage.width)
        with self.beat("Compare queries with keys, turn scores into shares, mix the values: that is attention."):
            used = self.used_parameters()
            VGroup(formula, used).arrange(DOWN, buff=0.9).move_to(stage.center)
            self.play(FadeIn(formula, shift=0.2 * UP), run_time=1.0)
            self.play(FadeIn(used), run_time=0.6)

    @property
    def model_name(self) -> Label:
        """The model's name, cut where it is too long for a line."""
        return Label(visible_text(self.trace.text["model"], LONGEST_MODEL))

    def used_parameters(self) -> VGroup:
        """The parameters of this video, on lines of their own."""
        toy = {"t": counted(self.given("toy_tokens"), "token", "tokens"), "d": counted(self.given("toy_width"), "number", "numbers")}
        lines: list[Sentence | Label] = [
            Sentence("layer {l}, head {h}", {"l": self.given("layer"), "h": self.given("head")}),
            Sentence("{m}, {w}", {"m": self.model_name, "w": Label(self.trace.text["weights"])}),
            Sentence("toy head: {t} of {d}", toy),
            Sentence("seed {s}", {"s": self.given("seed")}),
        ]
        wide, least = self.frame.stage.width, self.frame.smallest
        size = min(self.frame.body, *(wide / text_width(line, 1.0) for line in lines))
        for most in range(LONGEST_SENTENCE, 8, -2):
            sentence = visible_text(self.params.sentence.strip(), most).replace(OPEN_BOX, " ")
            shown = Label(f"“{sentence}”")
            if text_width(shown, max(least, 0.8 * size)) <= wide:
                break
        lines.insert(0, shown)
        return centred_lines(lines, wide)
