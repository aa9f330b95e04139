"""Autoregressive generation: one beginning, five texts, and what sets them apart.

Everything is read from the trace of :func:`nnanim.sim.futures.futures`.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from manim import FadeIn, FadeOut, linear
from pydantic import Field

from nnanim.chapter import Case, Cases, Chapter, Report, either, otherwise
from nnanim.quantity import Label, Quantity, Sentence
from nnanim.sim import future_findings as findings
from nnanim.trace import Trace
from nnanim.visuals import (
    Formula,
    Futures,
    Later,
    Odds,
    PieceName,
    Plan,
    Readings,
    Readout,
    Tag,
    Turn,
    Verdict,
    down,
    visible_text,
)

MOST_PROMPT_TOKENS = 24
MOST_CHARACTERS = 14
"""Of a token's name under its bar; longer ones are cut."""
STAGE = Plan(
    wide=down(gap=0.2, line=16, head=14, bars=(70, down(gap=0.0, odds=86, names=14))),
    tall=down(gap=0.3, line=20, head=12, bars=(68, down(gap=0.0, odds=88, names=12))),
)
TRIAL = Plan(wide=down(gap=0.3, head=12, strip=34, tree=54), tall=down(gap=0.3, head=12, strip=26, tree=62))
PAIR = Plan(wide=down(gap=0.3, tree=80, verdict=20), tall=down(gap=0.3, tree=82, verdict=18))
END = Plan(wide=down(gap=0.3, line=20, tree=80), tall=down(gap=0.3, line=16, tree=84))
END_MARK = Label("■")
"""Stands for the token with which a model ends a text."""
SLOW, QUICK, QUICKEST = 2, 0.7, 0.27
"""So many steps are told slowly; seconds of the first of the quick ones, and of the quickest."""
READY = {"rise": 1, "inflate": 1, "squeeze": 1, "blade": 1, "stretch": 1, "swing": 1}
"""Dials of a strip that the blade has cut, with its needle at rest."""
FORMULA = 'op("draw")(op("cut")(op("softmax")("logits" \\/ T)))'
PROMPT = f"the text that is continued, at most {MOST_PROMPT_TOKENS} tokens"
TOKENS = "how many tokens are generated, unless the model ends its text before"
TEMPERATURE = "logits are divided by it; small ones sharpen, large ones flatten"
TOP_K = "only so many of the most likely tokens stay; 0 keeps all, 1 is greedy"
TOP_P = "of those, only the fewest that together reach this share of their probability; 1 keeps all"
SEED = "seed of the random numbers that the first text is drawn with; the other four have the next ones"
MODEL = "smollm2, toy (random weights), or a directory that the transformers library can run"

# What may be true ------------------------------------------------------------------------------------------

OPENING = either(
    "Ask a model the same sum. Ask five times.",
    "One model goes on with one beginning, five times.", findings.sum_asked
)
FOUND = Cases(
    Case("Five different answers. Not one begins right.", findings.five_wrong),
    Case("Five different texts come of it.", findings.all_differ),
    Case("Some of the five texts differ.", findings.some_differ),
    Case("Five times the same text comes of it.", otherwise),
)
WHY = either("Same model, same words: why do they differ?", "Could they have differed?", findings.some_differ)
SAME = Cases(
    Case("All five see the same scores.", findings.same_scores),
    Case("All five see nearly the same scores.", findings.nearly_same_scores),
)
FAVOURITE = Cases(
    Case("Its favourite is “{w}”. The right answer gets {q}.", findings.right_is_not_likeliest),
    Case("Several favourites are tied.", findings.tied),
    Case("Its favourite is “{w}”.", otherwise),
)
COLD = either(
    "Temperature divides the scores: here it hardly matters.",
    "A low temperature favours the favourite.", findings.heat_hardly_matters
)
HOT = either(
    "Hot or cold, the chances stay alike.",
    "A high temperature levels the chances.", findings.heat_hardly_matters
)
CUT = Cases(
    Case("Nothing is cut: every token may be drawn.", findings.nothing_cut),
    Case("The blade leaves a single token.", findings.single),
    Case("The blade cuts the unlikely tail: {n} tokens stay.", otherwise),
)
PICKED = Cases(
    Case("It must be “{w}”: nothing else is left.", findings.single),
    Case("It picks “{w}”, the favourite.", findings.likeliest_drawn),
    Case("It picks “{w}”: place {r} of {n}.", otherwise),
)
FIVE = either(
    "Same odds, five different numbers. That is why.",
    "Five numbers, yet each time the same tokens.", findings.some_differ
)
AGAIN = either(
    "The token joins the text. The model reads again.", "The token joins the text.", findings.goes_on
)
STOPS = Cases(
    Case("It drew its end mark, so it stops.", findings.ended),
    Case("It can read no more, so it stops.", findings.full),
    Case("Here we stop it.", otherwise),
)
STAYED = either("Moved by {a}: the same text.", "It stands close to an edge.", findings.stays_at_first)
CROSSED = either(
    "Moved by {b}: another story.", "However far it was moved, the text stayed.", findings.turns_at_last
)
REPLAYED = Cases(
    Case("The same numbers give the same text.", findings.repeats, "same text", "good"),
    Case("The same numbers give another text.", otherwise, "another text"),
)
GREEDY = Cases(
    Case("Always the same. And still wrong.", findings.agree_and_wrong),
    Case("Five times the same.", findings.agree),
    Case("Even so, they differ.", otherwise),
)
CACHED = Cases(
    Case("With one step, there is nothing to spare.", findings.one_step),
    Case("Kept keys and values change these scores a little.", findings.cache_differs),
    Case("It keeps keys and values: {r} times less to multiply.", findings.cache_spares),
    Case("It keeps keys and values; here that spares little.", otherwise),
)
LAST = either(
    "Same beginning, different numbers, different texts.",
    "Same beginning, different numbers, and one text.", findings.some_differ
)
NEXT = either("Which setting would make it right?", "Which setting would make it better?", findings.all_wrong)


class AutoregressiveGeneration(Chapter):
    """A language model writes one drawn token after another; five texts show what decides."""

    costly = True
    repeats = 1
    extremes = (
        {"prompt": "The"}, {"prompt": "😀 世界"}, {"prompt": "مرحبا"}, {"prompt": "sat", "model": "toy"},
        {"prompt": "the cat that we saw sat on the mat because it was tired of mice that ran all day"},
        {"tokens": 2}, {"tokens": 32}, {"temperature": 0.01}, {"temperature": 10.0}, {"seed": 2**31 - 1},
        {"top_k": 0, "top_p": 1.0}, {"top_k": 1}, {"top_p": 0.001},
        {"tokens": 32, "temperature": 10.0, "top_k": 10**6, "top_p": 1.0, "seed": 2**31 - 1, "model": "toy"},
    )  # fmt: skip

    class Params(Chapter.Params):
        """The text to be continued, the model, and how tokens are drawn."""

        prompt: str = Field("2 + 2 = ", min_length=1, max_length=400, description=PROMPT)
        tokens: int = Field(14, ge=2, le=32, description=TOKENS)
        temperature: float = Field(0.8, ge=0.01, le=10, description=TEMPERATURE)
        top_k: int = Field(40, ge=0, le=1_000_000, description=TOP_K)
        top_p: float = Field(0.95, ge=0.001, le=1, description=TOP_P)
        seed: int = Field(2, ge=0, le=2**31 - 1, description=SEED)
        model: str = Field("smollm2", min_length=1, description=MODEL, examples=["smollm2", "toy"])

    @staticmethod
    def simulate(p: Params, report: Report) -> Trace:
        """Five texts, every decision of the first, and the controls."""
        from nnanim.sim import futures, generation, language_model  # torch, when something is computed

        report(0.0, "loading the model")
        sampling = generation.Sampling(p.temperature, p.top_k, p.top_p)
        return futures.futures(
            language_model.load(p.model), p.prompt, p.tokens, sampling, p.seed, MOST_PROMPT_TOKENS, report
        )

    @staticmethod
    def depends_on(p: Params) -> str:
        """The model's weights."""
        from nnanim.sim.model_files import digest_of

        return digest_of(p.model)

    def construct(self) -> None:
        """The lesson, in order."""
        self.steps = int(self.trace["step_count"])
        self.texts = [self.shown(text) for text in self.listed("futures")]
        self.open()
        self.fork()
        self.heat()
        self.blade()
        self.needle()
        self.again()
        self.nudge()
        self.replay()
        self.no_dice()
        if int(self.trace["caches"]):
            self.cache()
        self.answer()

    # Reading the trace --------------------------------------------------------------------------------

    def listed(self, name: str) -> Any:
        """Tokens' texts in the trace."""
        return json.loads(self.trace.text[name])

    def shown(self, tokens: list[str], name: bool = False) -> list[Label]:
        """Tokens of running text, or each by itself; an end mark as its sign."""
        ends, most = self.listed("end_texts"), MOST_CHARACTERS if name else None
        mark = Label("end mark") if name else END_MARK
        return [mark if token in ends else visible_text(token, most, spaces=name) for token in tokens]

    def name(self, step: int) -> Label:
        """The token drawn at a step, by itself."""
        return self.shown([self.listed("tokens")[int(self.trace["prompt_length"]) + step]], name=True)[0]

    def whole(self, name: str, *index: int) -> Quantity:
        """A count of the trace."""
        return self.trace.quantity(name, *index, decimals=0)

    # What is used more than once ------------------------------------------------------------------------

    def tree(self, region: Any, line: Any, texts: Any, **dials: float) -> tuple[Futures, list[Any]]:
        """Texts that grow from the prompt, with their words, on stage."""
        made = Futures(region, line, visible_text(self.trace.text["prompt"], spaces=False), texts, **dials)
        words = made.words()
        self.add(made, *words)
        return made, words

    def strip(self, region: Any, **dials: float) -> Odds:
        """Scores, chances and draws of the first text; and the names of its tokens, as ``names``."""
        trace, names = self.trace, [self.shown(row, name=True) for row in self.listed("top_tokens")]

        def rows(top: str, rest: str) -> Any:
            return np.column_stack([trace[top], trace[rest]])

        before = rows("top_probabilities", "rest_probabilities")
        after = rows("top_kept_probabilities", "rest_kept_probabilities")
        spans = np.column_stack([trace["drawn_from"], trace["drawn_to"]])
        shares, draws, firsts = (trace[each] for each in ("heat.shares", "draws", "future_draws"))
        scores = trace["top_logits"][0]
        odds = Odds(region, names, scores, shares, before, after, draws, spans, firsts, **dials)
        self.pitch = region.width / odds.count
        self.names = [PieceName(odds, n, self.fitting(0.3)) for n in range(odds.count)]
        return odds

    def head(self, words: str, **values: Quantity) -> Tag:
        """Words over the bars."""
        size = self.frame.mark if self.frame.portrait else 1.25 * self.frame.label
        return Tag(Sentence(words, values), at=self.plan(STAGE).head.center[:2], size=size)

    def fitting(self, share: float) -> float:
        """Type for what stands at a bar, at the most this share of a bar's place."""
        return max(self.frame.note, min(1.3 * self.frame.label, share * self.pitch))

    def tips(self, at: Any, share: float) -> list[Any]:
        """Numbers on the bars, one for each."""
        return [at(n, {"at": (0, 0.32), "size": self.fitting(share)}) for n in range(self.odds.count)]

    # The question -------------------------------------------------------------------------------------

    def open(self) -> None:
        """Five texts sprout from one beginning."""
        place, most = self.plan(STAGE), max(map(len, self.texts))
        begun = {"sprout": 1.0, "typed": 1.0, "others": 1.0}
        self.texts_on, self.words = self.tree(self.frame.stage, place.line, self.texts, **begun)
        with self.beat():
            self.track(Turn(self.texts_on, 8.0, linear, typed=most, others=most))
            self.track(Turn(self.texts_on, 1.5, glow=0.7))
            self.say(OPENING)
            self.say(FOUND)
            self.say(WHY)
        self.title_card()
        self.settle()

    def fork(self) -> None:
        """Back to where nothing is drawn yet: a score for every token, the same for all five."""
        trace, place = self.trace, self.plan(STAGE)
        self.odds = self.strip(place.odds)
        many = self.head("a score for each of {v} tokens", v=self.whole("vocabulary_size"))
        scores = trace.quantities("top_logits", 0, decimals=1)
        tips = self.tips(lambda n, look: Tag(scores[n], self.odds, f"tip{n}", **look), 0.36)
        most = int(trace["logit_differences"].argmax())
        same = self.head("largest difference {d}", d=trace.quantity("logit_differences", most, decimals=3))
        with self.beat():
            self.play(Turn(self.texts_on, 1.3, ghost=0.0, typed=0.0, others=0.0, where=1.0, glow=0.0))
            self.add(self.odds.turn(apart=1.0), *self.names)
            self.play(Turn(self.odds, 1.1, rise=1.0), Later(0.5, FadeIn(many)))
            self.say("At the fork, the model scores every token it knows.")
            self.show(*tips, after=0.06)
            self.hush()
            self.play(Turn(self.odds, 1.4, apart=0.0), FadeOut(many), Later(0.6, FadeIn(same)))
            self.say(SAME)
            self.drift(9.0, on=place.bars)
        self.leaving = [same, *tips]

    def heat(self) -> None:
        """Scores inflate to shares; temperature sharpens and levels them."""
        trace, place = self.trace, self.plan(STAGE)
        rows, leg = len(trace["heat.temperatures"]), (len(trace["heat.temperatures"]) - 1) / 3

        def share(row: int, n: int) -> Quantity:
            unit = "%" if self.frame.portrait else " %"
            return trace.quantity("heat.shares", row, n, decimals=0, unit=unit)

        def running(n: int, look: Any) -> Readout:
            each = [share(row, n) for row in range(rows)]
            return Readout(each, self.odds, "heat", anchor=f"tip{n}", **look)

        tips, size, where = self.tips(running, 0.34), 0.8 * self.frame.number, place.head.center[:2]
        temperatures = trace.quantities("heat.temperatures")
        warm = Readout(temperatures, self.odds, "heat", before="temperature ", at=where, size=size)
        with self.beat():
            self.play(*map(FadeOut, self.leaving), run_time=0.4)
            self.play(Turn(self.odds, 1.3, inflate=1.0), *(Later(0.8, FadeIn(tip)) for tip in tips))
            self.say("Softmax turns the scores into chances.")
            self.say(FAVOURITE, w=self.odds.names[0][0], q=lambda: share(0, int(trace["right_place"])))
        with self.beat():
            self.play(FadeIn(warm), self.pulled_back(0.8))
            self.track(Turn(self.odds, 2.6, heat=leg))
            self.wait(0.8)
            self.say(COLD)
            self.settle()
            self.track(Turn(self.odds, 3.0, heat=2 * leg))
            self.wait(1.2)
            self.say(HOT)
            self.settle()
            self.play(Turn(self.odds, 1.0, heat=rows - 1))
        self.play(*map(FadeOut, [*tips, warm]), run_time=0.4)

    def blade(self) -> None:
        """The shares are one strip; the blade cuts it."""
        count, uncut = self.whole("kept_counts", 0), findings.nothing_cut(self.trace)
        left = [] if uncut else [self.head("{n} left", n=count)]
        with self.beat():
            self.play(Turn(self.odds, 1.5, squeeze=1.0))
            self.say("End to end, the chances make a strip of length one.")
            self.wait(0.8)
            self.play(Turn(self.odds, 2.2, linear, blade=1.0))
            self.play(Turn(self.odds, 1.4, stretch=1.0), *(Later(0.8, FadeIn(each)) for each in left))
            self.say(CUT, n=count)
            self.track(Turn(self.odds, 1.0, needle=1.0))
            self.track(Turn(self.odds, 7.4, linear, swing=1.0))
        self.leaving = left

    def needle(self) -> None:
        """A random number picks a piece, which joins the text; then those of all five texts."""
        t, top, size = self.trace, self.frame.number, 1.1 * self.frame.label
        gold = {"size": 0.8 * top, "color": self.theme.highlight}
        number = Tag(t.quantity("draws", 0, decimals=3), self.odds, "needle", (0, 0.1), **gold)
        place = {"r": self.whole("drawn_places", 0), "n": self.whole("kept_counts", 0)}
        rank = Tag(Sentence("place {r} of {n}", place), self.odds, "under_hit", (0, -0.75 * size), size)
        with self.beat():
            self.say("Now a random number. Where will it land?")
            self.hide(*self.leaving)
            self.settle()
            self.play(FadeIn(number), FadeIn(rank), Turn(self.odds, 0.5, lit=1.0))
            self.say(PICKED, w=self.name(0), **place)
            self.wait(0.6)
            self.play(FadeOut(number, rank, run_time=0.4))
            self.fly(0, 0.9)
        with self.beat():
            self.play(Turn(self.odds, 1.8, linear, five=1.0))
            self.drift(4.0, on=self.odds)
            self.say(FIVE)

    def fly(self, step: int, seconds: float) -> None:
        """The piece that was hit goes to the text."""
        size, gold = self.texts_on.sizes[1, -1], self.theme.highlight
        flying = Tag(self.name(step), self.odds, "hit", size=size, color=gold)
        self.add(flying)
        way = self.texts_on.destination(step) - self.odds.anchor("hit")
        self.play(flying.animate(run_time=seconds).shift(way))
        self.remove(flying)
        self.texts_on.turn(typed=step + 1, lit=1.0)
        self.track(Turn(self.texts_on, 0.6, lit=0.0))

    def again(self) -> None:
        """The longer text is read, a token is drawn: slowly, then faster and faster."""
        with self.beat():
            self.say(AGAIN)
            self.play(self.pulled_back(0.6))
            seconds = QUICK
            for step in range(1, self.steps):
                slow = step <= SLOW
                seconds = max(QUICKEST, 0.88 * seconds)
                shut = {"stretch": 0.0, "lit": 0.0, "needle": 0.0, "five": 0.0}
                self.play(Turn(self.odds, 0.4 if slow else 0.25 * seconds, **shut))
                self.odds.turn(step=step, blade=0.0, swing=0.0)
                self.play(Turn(self.odds, 0.6 if slow else 0.3 * seconds, blade=1.0, stretch=1.0, needle=1.0))
                self.play(Turn(self.odds, 0.9 if slow else 0.45 * seconds, linear, swing=1.0, lit=1.0))
                if slow:
                    self.fly(step, 0.6)
                else:
                    self.texts_on.turn(typed=step + 1)
            self.drift(4.0, on=self.odds)
            self.say(STOPS)
        self.leaving = [self.odds, *self.names, self.texts_on, *self.words]

    # What had to come, and what did not ---------------------------------------------------------------

    def nudge(self) -> None:
        """The first number is moved a little, and a little more."""
        trace, place = self.trace, self.plan(TRIAL)
        odds = self.strip(place.strip, thick=0.7, heat=len(trace["heat.temperatures"]) - 1, **READY)
        same, other = (self.shown(self.listed(name)) for name in ("nudged_same", "nudged"))
        a, b = (trace.quantity(name, decimals=3) for name in ("nudge_none", "nudge_other"))
        to = trace["nudged_to"] - trace["draws"][0]
        look = {"size": 1.2 * self.frame.label, "color": self.theme.highlight, "align": "right"}
        words = [Sentence("moved by {by}", {"by": each}) for each in (a, b)]
        by = [Tag(each, odds, "needle", (-0.3, 0.12), **look) for each in words]
        with self.beat():
            self.exchange(self.leaving, (odds, *self.names), self.pulled_back(0.7))
            pair, words = self.tree(place.tree, place.head, [same, other], sprout=0.3, typed=0.0)
            self.play(Turn(odds, 0.6, needle=1.0), Turn(pair, 0.6, sprout=1.0))
            self.track(Turn(pair, 2.6, linear, typed=len(same)))
            self.say("The first draw again. Push the needle a little.")
            self.settle()
            self.play(Turn(odds, 1.2, nudge=to[0]), Later(0.7, FadeIn(by[0], run_time=0.4)))
            self.say(STAYED, a=a)
            self.drift(7.0)
            self.hush()
            self.play(FadeOut(by[0], run_time=0.3))
            self.play(Turn(odds, 1.2, nudge=to[1]), Later(0.7, FadeIn(by[1], run_time=0.4)))
            self.track(Turn(pair, 2.2, linear, others=len(other)))
            self.say(CROSSED, b=b)
            self.settle()
        gone = [odds, *self.names, by[1], pair, *words]
        self.play(*map(FadeOut, gone), self.pulled_back(0.4), run_time=0.4)

    def replay(self) -> None:
        """The control: the last text's numbers, drawn once more."""
        place, last, again = self.plan(PAIR), self.texts[-1], self.shown(self.listed("replay"))
        case = REPLAYED.of(self.trace)
        badge = Verdict(case.phrase, case.role == "good").move_to(place.verdict.center)
        with self.beat():
            pair, words = self.tree(place.tree, place.tree, [last, again], sprout=1.0, typed=len(last))
            self.track(Turn(pair, 2.8, linear, others=len(again)))
            self.say("The control: the last text’s numbers, once more.")
            self.settle()
            self.play(FadeIn(badge), run_time=0.4)
            self.drift(4.0)
            self.say(REPLAYED)
        self.play(*map(FadeOut, [badge, pair, *words]), self.pulled_back(0.4), run_time=0.4)

    def no_dice(self) -> None:
        """Without random numbers: the likeliest token each time."""
        greedy, place = self.shown(self.listed("greedy")), self.plan(STAGE)
        with self.beat():
            tree, words = self.tree(self.frame.stage, place.line, [greedy] * 5, sprout=0.4)
            self.play(Turn(tree, 0.6, sprout=1.0))
            self.track(Turn(tree, 3.8, linear, typed=len(greedy), others=len(greedy)))
            self.say("No random numbers: always take the favourite.")
            self.say(GREEDY)
            self.settle()
        self.leaving = [tree, *words]

    def cache(self) -> None:
        """What is read at each step, and what need not be."""
        trace, place = self.trace, self.plan(STAGE)
        grid = Readings(place.bars, [int(n) for n in trace["context_lengths"]])
        ratio = trace.quantity("total_ratio", decimals=1)
        spared = self.head("{r} times less to multiply", r=ratio)
        size, inks = 1.3 * self.frame.label, {name: getattr(self.theme, name) for name in ("key", "value")}
        halves = [Tag(name, grid, name, size=size, color=ink) for name, ink in inks.items()]
        laid = {"typed": self.steps, "where": 1.0, "ghost": 0.0}
        line, on_top = self.tree(self.frame.stage, place.line, self.texts, **laid)
        with self.beat():
            self.play(*map(FadeOut, self.leaving), *map(FadeIn, [line, *on_top]), run_time=0.5)
            self.add(grid)
            self.track(Turn(grid, 3.4, linear, rows=self.steps))
            self.play(*map(FadeIn, halves), run_time=0.5)
            self.say("Must each step read the whole text anew?")
            self.settle()
            self.play(Turn(grid, 1.6, kept=1.0), Later(0.9, FadeIn(spared)))
            self.drift(5.0)
            self.say(CACHED, r=ratio)
        self.leaving = [grid, spared, line, *on_top, *halves]

    def answer(self) -> None:
        """The tree again, and the formula over it."""
        place, most = self.plan(END), max(map(len, self.texts))
        formula = Formula(FORMULA, 0.9 * self.frame.number, width=place.line.width).move_to(place.line.center)
        with self.beat():
            self.play(*map(FadeOut, self.leaving), self.pulled_back(0.4), run_time=0.4)
            tree, _ = self.tree(place.tree, place.line, self.texts, sprout=0.3)
            self.play(Turn(tree, 0.8, sprout=1.0, glow=0.7))
            self.track(Turn(tree, 6.0, linear, typed=most, others=most))
            self.show(formula)
            self.say(LAST)
            self.say(NEXT)
            self.settle()
