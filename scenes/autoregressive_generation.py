"""Autoregressive generation: one beginning, five texts, and what sets them apart.

Everything is read from the trace of :func:`nnanim.sim.futures.futures`.
"""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any

import numpy as np
from manim import FadeIn, FadeOut, linear
from pydantic import Field

from nnanim.chapter import Case, Chapter, Report
from nnanim.lesson.claims import Cases
from nnanim.quantity import Label, Quantity, Sentence
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
FORMULA = 'op("draw")(op("cut")(op("softmax")("logits" \\/ T)))'
WIDEST_CHANCE = 1e15


def listed(t: Any, name: str) -> Any:
    """Tokens' texts in the trace."""
    return json.loads(t.text[name])


def wrong(t: Any) -> bool:
    """Whether a sum was asked, and none of the texts begins with the right answer."""
    return int(t["sum_asked"]) == 1 and int(t["right_count"]) == 0


def leads(t: Any) -> bool:
    """Whether temperature changes nothing to be seen: all are alike, or the favourite has every chance."""
    return bool(float(np.ptp(t["heat.shares"][:, 0])) < 0.005)


def agree(t: Any) -> bool:
    """Whether all texts without random numbers are one."""
    return int(t["greedy_count"]) == int(t["future_count"])


def always(t: Any) -> bool:
    """What remains when nothing else is so."""
    return True


OPENING = Cases(Case("Ask a model the same sum. Ask five times.", lambda t: t["sum_asked"] == 1), Case("One model goes on with one beginning, five times.", always))
FOUND = Cases(
    Case("Five different answers. Not one begins right.", lambda t: wrong(t) and t["distinct"] == 5),
    Case("Five different texts come of it.", lambda t: t["distinct"] == 5),
    Case("Five times the same text comes of it.", lambda t: t["distinct"] == 1),
    Case("Some of the five texts differ.", always),
)
WHY = Cases(Case("Same model, same words: why do they differ?", lambda t: t["distinct"] > 1), Case("Could they have differed?", always))
SAME = Cases(
    Case("All five see the same scores.", lambda t: t["logit_differences"].max() < 1e-3),
    Case("All five see nearly the same scores.", lambda t: t["logit_differences"].max() < 1e-1),
)
FAVOURITE = Cases(
    Case("Its favourite is “{w}”. The right answer gets {q}.", lambda t: t["right_place"] > 0),
    Case("Several favourites are tied.", lambda t: t["top_logits"][0][0] == t["top_logits"][0][1]),
    Case("Its favourite is “{w}”.", always),
)
COLD = Cases(Case("Temperature divides the scores: here it hardly matters.", leads), Case("A low temperature favours the favourite.", always))
HOT = Cases(Case("Hot or cold, the chances stay alike.", leads), Case("A high temperature levels the chances.", always))
CUT = Cases(
    Case("Nothing is cut: every token may be drawn.", lambda t: t["kept_counts"][0] == t["vocabulary_size"]),
    Case("The blade leaves a single token.", lambda t: t["kept_counts"][0] == 1),
    Case("The blade cuts the unlikely tail: {n} tokens stay.", always),
)
PICKED = Cases(
    Case("It must be “{w}”: nothing else is left.", lambda t: t["kept_counts"][0] == 1),
    Case("It picks “{w}”, the favourite.", lambda t: t["drawn_ranks"][0] == 0),
    Case("It picks “{w}”: place {r} of {n}.", always),
)
ANSWER = Cases(
    Case("Same odds, five different numbers. That is why.", lambda t: t["distinct"] > 1),
    Case("Five numbers, yet each time the same tokens.", always),
)
AGAIN = Cases(
    Case("The token joins the text. The model reads again.", lambda t: t["step_count"] > 1), Case("The token joins the text.", always)
)
STOPS = Cases(
    Case("It drew its end mark, so it stops.", lambda t: t["ended"] == 1),
    Case("It can read no more, so it stops.", lambda t: t["full"] == 1),
    Case("Here we stop it.", always),
)
CHANCE = Cases(
    Case("It was certain: nothing else could come.", lambda t: t["chances"][-1] > 0.9995),
    Case("One in {n}. Yet some text had to come.", lambda t: t["one_in"][-1] >= 100),
    Case("One in {n}.", always),
)
STAYED = Cases(Case("Moved by {a}: the same text.", lambda t: t["nudge_none"] > 0), Case("It stands close to an edge.", always))
CROSSED = Cases(Case("Moved by {b}: another story.", lambda t: t["nudge_other"] > 0), Case("However far it was moved, the text stayed.", always))
REPLAYED = Cases(
    Case("The same numbers give the same text.", lambda t: t["replay_same"] == 1, "same text", "good"),
    Case("The same numbers give another text.", always, "another text", "text"),
)
GREEDY = Cases(
    Case("Always the same. And still wrong.", lambda t: agree(t) and t["sum_asked"] == 1 and t["greedy_right"] == 0),
    Case("Five times the same.", agree),
    Case("Even so, they differ.", always),
)
CACHED = Cases(
    Case("With one step, there is nothing to spare.", lambda t: t["step_count"] == 1),
    Case("Kept keys and values change these scores a little.", lambda t: t["cache_difference"].max() > 1e-3),
    Case("It keeps keys and values: {r} times less to multiply.", lambda t: t["total_ratio"] >= 1.05),
    Case("It keeps keys and values; here that spares little.", always),
)
LAST = Cases(
    Case("Same odds, different numbers, different texts.", lambda t: t["distinct"] > 1),
    Case("Same odds, different numbers, and one text.", always),
)
NEXT = Cases(Case("Which setting would make it right?", wrong), Case("Which setting would make it better?", always))


class AutoregressiveGeneration(Chapter):
    """A language model writes one drawn token after another; five texts from one beginning show what decides."""

    costly = True
    repeats = 1
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
        {"seed": 2**31 - 1},
        {"prompt": "😀 世界"},
        {"prompt": "مرحبا"},
        {"prompt": "sat", "model": "toy"},
        {"tokens": 32, "temperature": 10.0, "top_k": 1_000_000, "top_p": 1.0, "seed": 2**31 - 1, "model": "toy"},
    )

    class Params(Chapter.Params):
        """The text to be continued, the model, and how tokens are drawn."""

        prompt: str = Field(
            "2 + 2 = ",
            min_length=1,
            max_length=400,
            description=f"the text that is continued, at most {MOST_PROMPT_TOKENS} tokens",
        )
        tokens: int = Field(14, ge=2, le=32, description="how many tokens are generated, unless the model ends its text before")
        temperature: float = Field(
            0.8, ge=0.01, le=10, description="logits are divided by it; small ones sharpen, large ones flatten"
        )
        top_k: int = Field(
            40, ge=0, le=1_000_000, description="only so many of the most likely tokens stay; 0 keeps all, 1 is greedy"
        )
        top_p: float = Field(
            0.95, ge=0.001, le=1, description="of those, only the fewest that together reach this share of their probability; 1 keeps all"
        )
        seed: int = Field(
            2, ge=0, le=2**31 - 1, description="seed of the random numbers that the first text is drawn with; the other four have the next ones"
        )
        model: str = Field(
            "smollm2",
            min_length=1,
            description="smollm2, toy (random weights), or a directory that the transformers library can run",
            examples=["smollm2", "toy"],
        )

    @staticmethod
    def simulate(p: Params, report: Report) -> Trace:
        """Five texts, every decision of the first, and the controls."""
        from nnanim.sim import futures, generation, language_model  # torch, when something is computed

        report(0.0, "loading the model")
        sampling = generation.Sampling(p.temperature, p.top_k, p.top_p)
        return futures.futures(language_model.load(p.model), p.prompt, p.tokens, sampling, p.seed, MOST_PROMPT_TOKENS, report)

    @staticmethod
    def depends_on(p: Params) -> str:
        """The model's weights."""
        from nnanim.sim.model_files import digest_of

        return digest_of(p.model)

    def construct(self) -> None:
        """The lesson, in order."""
        self.steps = int(self.trace["step_count"])
        self.open()
        self.fork()
        self.heat()
        self.blade()
        self.needle()
        self.five()
        self.again()
        self.chance()
        self.nudge()
        self.replay()
        self.no_dice()
        if int(self.trace["caches"]):
            self.cache()
        self.answer()

    # Reading the trace --------------------------------------------------------------------------------

    @cached_property
    def texts(self) -> list[list[Label]]:
        """The tokens of each text, as they are shown."""
        return [self.shown(text) for text in listed(self.trace, "futures")]

    def shown(self, tokens: list[str], name: bool = False) -> list[Label]:
        """Tokens of running text, or each by itself; an end mark as its sign."""
        ends = listed(self.trace, "end_texts")
        most = MOST_CHARACTERS if name else None
        mark = Label("end mark") if name else END_MARK
        return [mark if token in ends else visible_text(token, most, spaces=name) for token in tokens]

    def name(self, step: int) -> Label:
        """The token drawn at a step, by itself."""
        return self.shown([listed(self.trace, "tokens")[int(self.trace["prompt_length"]) + step]], name=True)[0]

    def whole(self, name: str, *index: int) -> Quantity:
        """A count of the trace."""
        return self.trace.quantity(name, *index, decimals=0)

    def tree(self, region: Any, line: Any, alone: Any, texts: list[list[Label]], **dials: float) -> tuple[Futures, list[Any]]:
        """Texts that grow from the prompt, with their words, on stage."""
        made = Futures(region, line, alone, visible_text(self.trace.text["prompt"], spaces=False), texts, **dials)
        words = made.words()
        self.add(made, *words)
        return made, words

    # The question -------------------------------------------------------------------------------------

    def open(self) -> None:
        """Five texts sprout from one beginning."""
        place = self.plan(STAGE)
        most = max(map(len, self.texts))
        self.texts_on, self.words = self.tree(self.frame.stage, place.line, place.bars, self.texts, sprout=1.0, typed=1.0, others=1.0)
        with self.beat():
            self.track(Turn(self.texts_on, 7.5, linear, typed=most, others=most))
            self.track(Turn(self.texts_on, 1.5, glow=0.7))
            self.say(OPENING)
            self.say(FOUND)
            self.say(WHY)
            self.wait(1.0)
        self.title_card()
        self.settle()

    def fork(self) -> None:
        """Back to where nothing is drawn yet: a score for every token."""
        trace, place = self.trace, self.plan(STAGE)

        def rows(top: str, rest: str) -> Any:
            return np.column_stack([trace[top], trace[rest]])

        self.made: dict[str, Any] = {
            "names": [self.shown(row, name=True) for row in listed(trace, "top_tokens")], "scores": trace["top_logits"][0],
            "heated": trace["heat.shares"], "before": rows("top_probabilities", "rest_probabilities"),
            "after": rows("top_kept_probabilities", "rest_kept_probabilities"), "draws": trace["draws"],
            "spans": np.column_stack([trace["drawn_from"], trace["drawn_to"]]), "firsts": trace["future_draws"],
        }  # fmt: skip
        self.odds = Odds(place.odds, **self.made)
        self.pitch = place.odds.width / self.odds.count
        places, many = range(self.odds.count), self.head("a score for each of {v} tokens", v=self.whole("vocabulary_size"))
        self.names = [PieceName(self.odds, n, self.fitting(0.3)) for n in places]
        tips = [Tag(trace.quantity("top_logits", 0, n, decimals=1), self.odds, f"tip{n}", (0, 0.3), self.fitting(0.36)) for n in places]
        most = int(trace["logit_differences"].argmax())
        same = self.head("largest difference {d}", d=trace.quantity("logit_differences", most, decimals=3))
        with self.beat():
            self.play(Turn(self.texts_on, 1.3, ghost=0.0, typed=0.0, others=0.0, where=1.0, glow=0.0))
            self.add(self.odds.turn(apart=1.0), *self.names)
            self.play(Turn(self.odds, 1.1, rise=1.0), Later(0.5, FadeIn(many)))
            self.say("At the fork, the model scores every token it knows.")
            self.show(*tips, after=0.04)
            self.play(Turn(self.odds, 1.4, apart=0.0), Later(0.6, FadeOut(many)))
            self.play(FadeIn(same), run_time=0.4)
            self.say(SAME)
        self.leaving = [same, *tips]

    def head(self, words: str, size: float = 1.25, **values: Quantity) -> Tag:
        """Words over the bars."""
        return Tag(Sentence(words, values), at=self.plan(STAGE).head.center[:2], size=self.frame.mark if self.frame.portrait else size * self.frame.label)

    def fitting(self, share: float) -> float:
        """Type for what stands at a bar, at the most this share of a bar's place."""
        return max(self.frame.note, min(1.3 * self.frame.label, share * self.pitch))

    def heat(self) -> None:
        """Scores inflate to shares; temperature sharpens and levels them."""
        trace, place = self.trace, self.plan(STAGE)
        rows, leg = len(trace["heat.temperatures"]), (len(trace["heat.temperatures"]) - 1) / 3

        def share(row: int, n: int) -> Quantity:
            return trace.quantity("heat.shares", row, n, decimals=0, unit=" %")

        tips = [
            Readout([share(row, n) for row in range(rows)], self.odds, "heat", anchor=f"tip{n}", at=(0, 0.32), size=self.fitting(0.34))
            for n in range(self.odds.count)
        ]  # fmt: skip
        warm = Readout(trace.quantities("heat.temperatures"), self.odds, "heat", before="temperature ", at=place.head.center[:2], size=0.8 * self.frame.number)
        with self.beat():
            self.play(*map(FadeOut, self.leaving), run_time=0.4)
            self.play(Turn(self.odds, 1.3, inflate=1.0), *(Later(0.8, FadeIn(tip)) for tip in tips))
            self.say("Softmax turns the scores into chances.")
            self.say(FAVOURITE, w=self.made["names"][0][0], q=lambda: share(0, int(trace["right_place"])))
        with self.beat():
            self.play(FadeIn(warm), run_time=0.4)
            self.play(Turn(self.odds, 1.0, heat=0.6 * leg))
            self.say(COLD)
            self.play(Turn(self.odds, 1.4, heat=leg))
            self.wait(0.3)
            self.play(Turn(self.odds, 1.3, heat=1.7 * leg))
            self.say(HOT)
            self.play(Turn(self.odds, 1.3, heat=2 * leg))
            self.wait(0.3)
            self.play(Turn(self.odds, 1.0, heat=rows - 1))
            self.wait(0.3)
        self.play(*map(FadeOut, [*tips, warm]), run_time=0.4)

    def blade(self) -> None:
        """The shares are one strip; the blade cuts it."""
        with self.beat():
            self.play(Turn(self.odds, 1.5, squeeze=1.0))
            self.say("End to end, the chances make a strip of length one.")
            self.wait(0.5)
            self.play(Turn(self.odds, 1.8, linear, blade=1.0))
            self.play(Turn(self.odds, 1.4, stretch=1.0))
            self.say(CUT, n=lambda: self.whole("kept_counts", 0))
            self.track(Turn(self.odds, 1.0, needle=1.0))
            self.track(Turn(self.odds, 6.5, linear, swing=1.0))

    def needle(self) -> None:
        """A random number picks a piece, and it joins the text."""
        number = Tag(self.trace.quantity("draws", 0, decimals=3), self.odds, "needle", (0, 0.1), 0.8 * self.frame.number, self.theme.highlight)
        with self.beat():
            self.say("Now a random number. Where will it land?")
            self.settle()
            self.play(FadeIn(number), Turn(self.odds, 0.5, lit=1.0))
            self.say(PICKED, w=self.name(0), r=lambda: self.whole("drawn_places", 0), n=lambda: self.whole("kept_counts", 0))
            self.play(FadeOut(number), run_time=0.3)
            self.fly(0, 0.9)

    def fly(self, step: int, seconds: float) -> None:
        """The piece that was hit goes to the text."""
        flying = Tag(self.name(step), self.odds, "hit", size=self.texts_on.sizes[1, -1], color=self.theme.highlight)
        self.add(flying)
        self.play(flying.animate(run_time=seconds).shift(self.texts_on.destination(step) - self.odds.anchor("hit")))
        self.remove(flying)
        self.texts_on.turn(typed=step + 1, lit=1.0)
        self.track(Turn(self.texts_on, 0.6, lit=0.0))

    def five(self) -> None:
        """The needles of all texts over one strip."""
        with self.beat():
            self.play(Turn(self.odds, 1.8, linear, five=1.0))
            self.say(ANSWER)
            self.wait(0.8)

    def again(self) -> None:
        """The longer text is read, a token is drawn: slowly, then faster and faster."""
        with self.beat():
            self.say(AGAIN)
            seconds = QUICK
            for step in range(1, self.steps):
                slow = step <= SLOW
                seconds = max(QUICKEST, 0.88 * seconds)
                self.play(Turn(self.odds, 0.4 if slow else 0.25 * seconds, stretch=0.0, lit=0.0, needle=0.0, five=0.0))
                self.odds.turn(step=step, blade=0.0, swing=0.0)
                self.play(Turn(self.odds, 0.6 if slow else 0.3 * seconds, blade=1.0, stretch=1.0, needle=1.0))
                self.play(Turn(self.odds, 0.9 if slow else 0.45 * seconds, linear, swing=1.0, lit=1.0))
                if slow:
                    self.fly(step, 0.6)
                else:
                    self.texts_on.turn(typed=step + 1)
            self.say(STOPS)

    # What had to come, and what did not ---------------------------------------------------------------

    def chance(self) -> None:
        """The text alone: the product of its shares."""
        trace, place = self.trace, self.plan(STAGE)
        last, name = [max(step - 1, 0) for step in range(self.steps + 1)], "readable_one_in"
        units = [f" {unit}" if unit else "" for unit in listed(trace, "chance_units")]
        numbers = [trace.quantity(name, step, decimals=0, unit=units[step]) for step in last]
        if trace["one_in"][-1] > WIDEST_CHANCE:
            numbers = [Quantity(n.value, n.source, 0, powers=True, second=n.second) for n in (trace.quantity("one_in", step) for step in last)]
        one = Readout(numbers, self.texts_on, "count", before="one in ", at=place.line.center[:2], size=(0.65 if self.frame.portrait else 1) * self.frame.number)
        with self.beat():
            self.play(*(FadeOut(each, run_time=0.5) for each in [self.odds, *self.names]), Later(0.4, Turn(self.texts_on, 1.2, where=2.0)))
            self.remove(self.odds, *self.names)
            self.say("How likely was exactly this text?")
            self.wait(1.0)
            self.texts_on.turn(count=0.5)
            self.play(FadeIn(one), run_time=0.3)
            self.play(Turn(self.texts_on, 2.8, linear, count=self.steps))
            self.say(CHANCE, n=lambda: numbers[-1])
            self.wait(0.4)
        self.play(*map(FadeOut, [one, *self.words]), run_time=0.4)
        self.remove(self.texts_on, *self.words)

    def nudge(self) -> None:
        """The first number is moved a little, and a little more."""
        trace, place = self.trace, self.plan(TRIAL)
        ready = {"heat": len(trace["heat.temperatures"]) - 1, "rise": 1, "inflate": 1, "squeeze": 1, "blade": 1, "stretch": 1, "swing": 1}
        odds = Odds(place.strip, **self.made, thick=0.7, **ready)
        names = [PieceName(odds, n, self.fitting(0.3)) for n in range(odds.count)]
        same, other = (self.shown(listed(trace, name)) for name in ("nudged_same", "nudged"))
        by = [self.moved_by(name, odds) for name in ("nudge_none", "nudge_other")]
        with self.beat():
            self.add(odds, *names)
            pair, words = self.tree(place.tree, place.head, place.tree, [same, other], sprout=0.3, typed=0.0)
            self.play(FadeIn(odds), *map(FadeIn, names), Turn(odds, 0.8, needle=1.0), Turn(pair, 0.8, sprout=1.0))
            self.track(Turn(pair, 1.6, linear, typed=len(same)))
            self.say("The first draw again. Push the needle a little.")
            self.play(Turn(odds, 1.0, nudge=trace["nudged_to"][0] - trace["draws"][0]), Later(0.6, FadeIn(by[0], run_time=0.4)))
            self.say(STAYED, a=lambda: trace.quantity("nudge_none", decimals=3))
            self.wait(1.4)
            self.play(FadeOut(by[0]), run_time=0.2)
            self.play(Turn(odds, 1.0, nudge=trace["nudged_to"][1] - trace["draws"][0]), Later(0.6, FadeIn(by[1], run_time=0.4)))
            self.play(Turn(pair, 1.8, linear, others=len(other)))
            self.say(CROSSED, b=lambda: trace.quantity("nudge_other", decimals=3))
        self.play(*map(FadeOut, [odds, *names, pair, *words, by[1]]), run_time=0.4)

    def moved_by(self, name: str, odds: Odds) -> Tag:
        """How far the needle was moved, over it."""
        words = Sentence("moved by {by}", {"by": self.trace.quantity(name, decimals=3)})
        return Tag(words, odds, "needle", (-0.3, 0.12), 1.2 * self.frame.label, self.theme.highlight, align="right")

    def replay(self) -> None:
        """The control: the last text's numbers, drawn once more."""
        place, last, again = self.plan(PAIR), self.texts[-1], self.shown(listed(self.trace, "replay"))
        with self.beat():
            pair, words = self.tree(place.tree, place.verdict, place.tree, [last, again], sprout=1.0, typed=len(last))
            self.say("The control: the last text's numbers, once more.")
            self.play(Turn(pair, 1.6, linear, others=len(again)))
            badge = Verdict(REPLAYED.of(self.trace).phrase, bool(self.trace["replay_same"])).move_to(place.verdict.center)
            self.play(FadeIn(badge), run_time=0.4)
            self.say(REPLAYED)
        self.play(*map(FadeOut, [badge, pair, *words]), run_time=0.4)

    def no_dice(self) -> None:
        """Without random numbers: the likeliest token each time."""
        greedy, place = self.shown(listed(self.trace, "greedy")), self.plan(STAGE)
        with self.beat():
            tree, words = self.tree(self.frame.stage, place.line, place.odds, [greedy] * 5, sprout=0.4)
            self.play(Turn(tree, 0.6, sprout=1.0))
            self.track(Turn(tree, 2.8, linear, typed=len(greedy), others=len(greedy)))
            self.say("No random numbers: always take the favourite.")
            self.settle()
            self.say(GREEDY)
        self.leaving = [tree, *words]

    def cache(self) -> None:
        """What is read at each step, and what need not be."""
        trace, place = self.trace, self.plan(STAGE)
        grid = Readings(place.bars, [int(n) for n in trace["context_lengths"]])
        words = "{c} instead of {u} " + trace.text["unit"]
        spared = self.head(words.strip(), c=trace.quantity("readable_cached"), u=trace.quantity("readable_uncached"))
        halves = [Tag(name, grid, name, size=1.3 * self.frame.label, color=getattr(self.theme, name)) for name in ("key", "value")]
        line, on_top = self.tree(self.frame.stage, place.line, place.odds, self.texts, typed=self.steps, where=1.0, ghost=0.0)
        with self.beat():
            self.play(*map(FadeOut, self.leaving), *map(FadeIn, [line, *on_top]), run_time=0.5)
            self.add(grid)
            self.track(Turn(grid, 3.0, linear, rows=self.steps))
            self.play(*map(FadeIn, halves), run_time=0.5)
            self.say("Must each step read the whole text anew?")
            self.settle()
            self.play(Turn(grid, 1.4, kept=1.0), Later(0.6, FadeIn(spared)))
            self.say(CACHED, r=lambda: trace.quantity("total_ratio", decimals=1))
        self.leaving = [grid, spared, line, *on_top, *halves]

    def answer(self) -> None:
        """The tree again, and the formula over it."""
        place, most = self.plan(END), max(map(len, self.texts))
        formula = Formula(FORMULA, 0.9 * self.frame.number, width=place.line.width).move_to(place.line.center)
        with self.beat():
            self.play(*map(FadeOut, self.leaving), run_time=0.4)
            tree, _ = self.tree(place.tree, place.line, place.tree, self.texts, sprout=0.3)
            self.play(Turn(tree, 0.8, sprout=1.0, glow=0.7))
            self.track(Turn(tree, 2.6, linear, typed=most, others=most))
            self.show(formula)
            self.say(LAST)
            self.settle()
            self.say(NEXT)
            self.wait(0.8)
