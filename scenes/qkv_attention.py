"""QKV attention: what “it” looks at, in all heads of a model and inside one, and whether looking is knowing.

Everything is read from the traces of :mod:`nnanim.sim.all_heads` and :mod:`nnanim.sim.pronoun`.
"""

from __future__ import annotations

from manim import UP, FadeIn, FadeOut, linear, rate_functions
from pydantic import Field

from nnanim.chapter import Chapter, Report
from nnanim.lesson.claims import Cases
from nnanim.quantity import Label, Quantity, Sentence
from nnanim.sim import riddle
from nnanim.trace import Trace
from nnanim.visuals import (
    DotProduct,
    Formula,
    HeadWall,
    Later,
    Looks,
    Mixture,
    Plan,
    Readout,
    Strip,
    Tag,
    Tally,
    Turn,
    Verdict,
    across,
    down,
    lines_within,
    rgba,
    token_names,
)

WHOLE = Plan(wide=down(all=1), tall=down(all=1))
HEADED = Plan(wide=down(gap=0.1, head=16, body=84), tall=down(gap=0.2, head=12, body=88))
MEET = Plan(wide=down(gap=0.1, head=15, body=73, foot=12), tall=down(gap=0.2, head=12, body=78, foot=10))
NOTED = Plan(wide=down(gap=0.0, body=84, note=16), tall=down(gap=0.2, note=12, body=88))
BARS = Plan(wide=down(gap=0.0, head=16, body=66, feet=18), tall=down(gap=0.0, head=20, body=58, feet=22))
ROWS = Plan(wide=across(gap=0.2, names=14, body=86), tall=across(gap=0.1, names=26, body=74))
TALLY = Plan(
    wide=down(gap=0.1, head=16, rows=(84, across(gap=0.3, names=22, body=66, counts=12))),
    tall=down(gap=0.2, head=20, rows=(80, across(gap=0.2, names=34, body=52, counts=14))),
    square=down(gap=0.1, head=16, rows=(84, across(gap=0.2, names=34, body=52, counts=14))),
)
END = Plan(wide=down(gap=0.2, head=34, body=66), tall=down(gap=0.2, head=26, body=74))

USUAL_HEAD = {"smollm2": (14, 9)}
"""Layer and head that are looked at unless others are chosen; in any other model the first of the first."""
LEAST_TOLD = 0.005  # of a row, or in size: what is less shows no digit
DIFFERS = {
    "model.window": "Here a word sees {d} words at most, itself included.",
    "model.score_cap": "Here no score exceeds {d} in size.",
    "model.sink": "Here up to {d} goes to no word: a sink.",
}
"""What a head may do besides a causal mask and a plain softmax."""
FORMULA = 'op("softmax")((Q K^T) / sqrt(d)) V'


QUESTION = Cases.by(
    riddle.question, riddle="Who is tired: the cat or the mat?",
    choice="Which of these words does “{w}” look at?", none="“{w}” stands first. What can it look at?",
)  # fmt: skip
LANDED = Cases.by(
    riddle.landed, not_cat="Not on the cat. “{m}” gets the largest share.",
    some="“{m}” gets the largest share.", itself="Only on itself: nothing stands before it.",
)  # fmt: skip
FIRST = Cases.by(
    riddle.first_word, most="Most heads prefer the first word. Why?",
    some="Some heads prefer the first word.", none="No head prefers the first word.",
)  # fmt: skip
HALF = Cases.by(
    riddle.over_half, one="Only one of {n} gives “{t}” more than half.",
    none="None of {n} gives “{t}” more than half.", many="{k} of {n} give “{t}” more than half.",
)  # fmt: skip
OTHERS = Cases.by(
    riddle.others, some="Yet {f} of {r} others do, too.",
    none="No other word looks at “{t}” most.", alone="No other word could look there.",
)  # fmt: skip
SCORED = Cases.by(riddle.seen, others="Each word it sees gets one.", itself="It sees itself alone.")
ALONE = Cases.by(riddle.undivided, all="… and “{t}” takes everything.", part="… and “{t}” takes {p}.")
DIVIDED = Cases.by(
    riddle.divided, less="Now the others get something, too.", same="That changes nothing here."
)
MOVED = Cases.by(
    riddle.moved, still="Nothing moves: “it” cannot see later words.",
    moves="Something moves: this model sees later words.",
)  # fmt: skip
JUMPS = Cases.by(
    riddle.arc, jumps="The arc jumps to the mat.", cat="The cat gets more than the mat.",
    not_cat="The cat gets no more than the mat.",
)  # fmt: skip
EVERY = Cases.by(riddle.every, all="Right every time. So it knows?", some="Not right every time.")
CONTROL = Cases.by(
    riddle.better, few="In most other pairs, no better.", none="In no other pair any better.",
    most="In most other pairs, clearly better.",
)  # fmt: skip
VERDICT = {"few": "a habit", "none": "a habit", "most": "it holds"}
SAYS = Cases.by(
    riddle.says, cat="It says the cat.", mat="It says the mat.", neither="It says neither of them more."
)
CUT = Cases.by(riddle.cut, same="Without this head: the same.", another="Without this head: another.")
FRONT = Cases.by(
    riddle.front, most="Whatever stands first draws the most.",
    itself="It looks at itself, whatever it is.", other="What stands first need not draw the most.",
)  # fmt: skip
SHORT = Cases.by(riddle.value, short="Its value is short: a resting place.", long="Its value is not short.")
ANSWER = Cases.by(
    riddle.answer, apart="One head found the mat. The model said cat.", other="Looking is not yet knowing."
)


class QkvAttention(Chapter):
    """What a word looks at: all heads of a model, one step by step, and whether looking is knowing."""

    title = "QKV attention"
    costly = True
    repeats = 1
    extremes = (
        {"sentence": "The cat"}, {"word": "The"}, {"layer": 1, "head": 1}, {"layer": 30}, {"model": "toy"},
        {"sentence": "The cat sat on the mat because it was tired of running after mice all day"},
        {"model": "toy", "layer": 2, "head": 1, "sentence": "The cat"},
    )  # fmt: skip

    class Params(Chapter.Params):
        """A sentence, and the head of a language model that is entered."""

        sentence: str = Field(
            "The cat sat on the mat because it was tired", min_length=1, max_length=400,
            description="what the language model reads: 2 to 16 tokens",
        )  # fmt: skip
        model: str = Field(
            "smollm2", min_length=1, examples=["smollm2", "toy"],
            description="smollm2, toy (random weights), or a directory that the transformers library can run",
        )  # fmt: skip
        layer: int = Field(
            default_factory=lambda given: USUAL_HEAD.get(given.get("model"), (1, 1))[0],
            description="layer of the language model, counted from 1",
        )
        head: int = Field(
            default_factory=lambda given: USUAL_HEAD.get(given.get("model"), (1, 1))[1],
            description="head of that layer, counted from 1",
        )
        word: str | None = Field(None, description="the token that looks; by default “it”, or the last one")

    @staticmethod
    def simulate(p: Params, report: Report) -> Trace:
        """All heads on the sentence, the chosen one step by step, and the trial of nouns and last words."""
        from nnanim.sim import all_heads, language_model, pronoun, threads

        with threads.one_thread():
            report(0.0, "reading the model")
            model = language_model.load(p.model)
            arrays, text = all_heads.all_heads(model, p.sentence, p.layer, p.head, p.word)
            tried, words = pronoun.pronoun_trial(model, p.layer, p.head, report)
        return Trace(arrays | tried, text | words | {"sentence": p.sentence.strip()})

    @staticmethod
    def depends_on(p: Params) -> str:
        """The language model."""
        from nnanim.sim.model_files import digest_of

        return digest_of(p.model)

    def construct(self) -> None:
        """The lesson, in order."""
        self.looking, self.target = int(self.trace["looking"]), int(self.trace["target"])
        self.names: list[Label] = token_names(self.trace.words("tokens"))
        steps = (self.query_meets_key, self.softmax, self.values) if "step.query" in self.trace else ()
        proof = (self.last_word, self.control, self.ask_the_model, self.resting_place, self.answer)
        for part in (self.ask_the_class, self.all_heads, self.inside, *steps, *proof):
            part()

    def count(self, name: str) -> Quantity:
        """A number of the trace, without decimals where it is whole."""
        return self.trace.quantity(name, decimals=0 if float(self.trace[name]).is_integer() else 2)

    def tell(self, sentence: Cases | str) -> None:
        """A sentence, with the names and numbers that it holds."""
        self.say(
            sentence,
            w=self.names[self.looking], t=self.names[self.target], m=self.names[self.trace["mean_order"][0]],
            p=lambda: self.trace.quantity("step.shares", 0, self.target), r=lambda: self.count("rivals"),
            n=lambda: self.count("model.all_heads"), k=lambda: self.count("over_half"),
            f=lambda: self.count("followers"),
        )  # fmt: skip

    def ask_the_class(self) -> None:
        """A riddle; threads creep out of a word, stop half-way, and land after the title."""
        trace = self.trace
        threads = trace["heads"][:, :, self.looking].reshape(1, -1, len(self.names))
        row, place = trace["attention"][self.looking], self.plan(WHOLE).all
        looks = Looks(place, [self.names], self.looking, row, threads, trace["mean"], reach=0.3)
        words = looks.words()
        self.add(looks, *words)
        with self.beat():
            self.track(Turn(looks, 8.5, rate_functions.ease_out_sine, reach=0.56))
            self.tell(QUESTION)
            self.say("You knew at once. Does the model?")
            self.say("Each thread is one head. Where will they land?")
        self.title_card()
        piled = [int(n) for n in trace["mean_order"] if trace["mean"][n] >= LEAST_TOLD]
        means = {n: looks.number(trace.quantity("mean", n), "pile", n) for n in piled}
        numbers = [means[n] for n in looks.clear_of_one_another(means)]
        with self.beat():
            self.play(Turn(looks, 1.8, reach=1.0))
            piling = Turn(looks, 0.9, heap=1.0, bundle=looks.behind)
            self.play(piling, *(Later(0.6, FadeIn(number)) for number in numbers))
            self.drift(6.0, on=looks)
            self.tell(LANDED)
            self.tell(FIRST)
        self.leaving = [looks, *words, *numbers]

    def all_heads(self) -> None:
        """The bundle parts into a wall of all heads; all but one cell of each grow dim."""
        trace, head, whole = self.trace, self.plan(HEADED).head, self.plan(WHOLE).all
        chosen = self.params.layer - 1, self.params.head - 1
        self.wall = HeadWall(whole, trace["heads"], chosen, (self.looking, self.target), head.height)
        heads = Sentence("{n} heads", {"n": self.count("model.all_heads")})
        title = Tag(heads, at=head.center[:2], size=self.frame.number)
        self.share = trace.quantity("attention", self.looking, self.target)
        share = Tag(self.share, self.wall, "over", (0, 0.55), self.frame.number)
        with self.beat():
            self.change(self.wall, to=[FadeIn(title), Turn(self.wall, 1.6, shown=1.0), self.pulled_back(0.8)])
            ring = Turn(self.wall, 0.6, ring=1.0)
            self.play(Turn(self.wall, 1.3, lit=1.0), Later(0.9, ring), Later(1.2, FadeIn(share)))
            self.drift(3.6, on=share)
            self.tell(HALF)
        self.leaving = [title, share]

    def inside(self) -> None:
        """The camera goes into one head; its row is read, and the control of its column."""
        wall, trace = self.wall, self.trace
        rows, top = wall.names(self.names), wall.name_of_column(self.names[self.target])
        where = {"l": self.given("layer"), "h": self.given("head")}
        counted = {"r": self.count("rivals"), "f": self.count("followers")}
        large = {"size": 1.3 * self.frame.number, "color": self.theme.key}
        share = Tag(self.share, wall, "free", **large)
        others = Tag(Sentence("{f} of {r}", counted), wall, "free", **large) if trace["rivals"] else share
        style = {"at": (0, -1.1 * self.frame.number), "size": self.frame.mark, "color": self.theme.muted}
        note = Tag(Sentence("layer {l}, head {h}", where), wall, "free", **style)
        with self.beat():
            self.change(to=[Turn(wall, 2.2, near=1.0, lit=0.0), self.pulled_back(1.0)])
            self.play(*map(FadeIn, [*rows, top, note]), Turn(wall, 0.8, row=1.0), Later(0.4, FadeIn(share)))
            self.drift(9.0)
            self.tell("Inside it, “{w}” looks most at “{t}”.")
            self.hush()
            count = [FadeOut(share, run_time=0.4), Later(0.5, FadeIn(others))] if others is not share else []
            self.play(Turn(wall, 0.9, row=0.0), *count)
            self.tell(OTHERS)
            for name, said in DIFFERS.items():
                if trace[name] >= LEAST_TOLD:
                    self.say((said, lambda t, name=name: t[name] >= LEAST_TOLD), d=self.count(name))
            if "step.query" not in trace:
                self.say("Its queries and keys are not to be had.")
        self.leaving = [wall, *rows, top, others, note]

    def query_meets_key(self) -> None:
        """A query and a key: rows of bars that meet; products that add up to a score."""
        trace, place = self.trace, self.plan(MEET)
        dot = DotProduct(place.body, trace["step.query"], trace["step.keys"][self.target])
        names = {"w": self.names[self.looking], "t": self.names[self.target]}
        query = Tag(Sentence("query Q of “{w}”", names), at=place.head.center[:2], color=self.theme.query)
        key = Tag(Sentence("key K of “{t}”", names), at=place.foot.center[:2], color=self.theme.key)
        head = {"at": place.head.center[:2], "size": self.frame.number}
        same = {"n": self.count("step.agree"), "d": self.count("step.width")}
        agree = Tag(Sentence("same sign: {n} of {d}", same), **head)
        total = Readout(trace.quantities("step.running"), dot, "step", "Q · K = ", **head)
        with self.beat():
            self.change(dot, to=[FadeIn(query), Turn(dot, 1.4, query=1.0), self.pulled_back(0.6)])
            self.tell("“{w}” asks: a query.")
            self.tell("“{t}” offers: a key.")
            self.play(Turn(dot, 1.4, key=1.0), FadeIn(key))
            self.say("Same sign? It lights up.")
            self.play(FadeOut(query), FadeOut(key), Turn(dot, 1.2, meet=1.0))
            self.play(Turn(dot, 0.9, lit=1.0), FadeIn(agree))
            self.say("Multiply and add: a score.")
            self.play(Later(0.4, Turn(dot, 0.9, product=1.0)), Later(0.4, FadeOut(agree)))
            self.play(FadeIn(total, run_time=0.3), Turn(dot, 2.3, linear, step=dot.count))
        self.leaving = [dot, total]

    def softmax(self) -> None:
        """A score for every word that is seen; softmax, undivided, then divided by the root of the width."""
        trace, place, seen = self.trace, self.plan(BARS), self.names[: self.looking + 1]
        strip = Strip(place.body, trace["step.scores"], trace["step.shares"], lit=self.target)
        names, numbers = strip.names(seen), strip.numbers(trace.quantities("step.scores"))
        steps = [trace.quantity("step.shares", step, self.target) for step in range(strip.last + 1)]
        style = {"size": 1.5 * self.frame.number, "color": self.theme.background}
        share = Readout(steps, strip, "step", anchor=f"share{self.target}", **style)
        root = Sentence("÷ √{d} = {r}", {"d": self.count("step.width"), "r": self.count("step.root")})
        head = Tag(root, at=place.head.center[:2], size=self.frame.number)
        shares = strip.pieces(seen, trace.quantities("step.shares", strip.last))
        with self.beat():
            self.change(strip, to=[Turn(strip, 1.2, rise=1.0), *map(FadeIn, names), *map(FadeIn, numbers)])
            self.tell(SCORED)
            self.say("Softmax inflates them, …")
            self.play(*map(FadeOut, numbers), Turn(strip, 1.9, inflate=1.0, focus=1.0))
            self.say("… squeezes all into one strip, …")
            self.play(*map(FadeOut, names), Turn(strip, 2.2, squeeze=1.0), Later(1.8, FadeIn(share)))
            self.tell(ALONE)
            self.say("So divide by √d first.")
            self.play(FadeIn(head), Later(0.3, Turn(strip, 2.4, linear, step=strip.last)))
            self.show(*shares, seconds=0.4)
            self.tell(DIVIDED)
        self.leaving = [strip, share, head, *shares]

    def values(self) -> None:
        """The values, scaled by the shares, add up to what the word takes."""
        trace, place = self.trace, self.plan(ROWS)
        mixture = Mixture(place.body, trace["step.values"], trace["step.shares"][-1], trace["step.output"])
        names = mixture.names(self.names[: self.looking + 1], self.target, place.names.width)
        output = mixture.name_of_sum(self.names[self.looking], place.names.width)
        with self.beat():
            self.change(mixture, to=[*map(FadeIn, names), Turn(mixture, 1.4, show=1.0)])
            self.say("Each word’s value V shrinks to its share.")
            self.play(Turn(mixture, 1.8, share=1.0))
            self.tell("The sum is what “{w}” takes along.")
            self.play(Turn(mixture, 1.8, add=1.0), *map(FadeOut, names), Later(1.2, FadeIn(output)))
        self.leaving = [mixture, output]

    def last_word(self) -> None:
        """The last word changes: the pronoun does not notice; the last word itself has seen it all."""
        trace, place = self.trace, self.plan(NOTED)
        sentences = [[Label(word) for word in words.split()] for words in trace.words("trial.sentences")]
        rows = [trace["trial.pronoun"]] * 2 + [trace["trial.rows"][0, n] for n in (0, *range(len(sentences)))]
        texts = [sentences[n] for n in (0, 1, 0, *range(len(sentences)))]
        trial = Looks(place.body, texts, riddle.IT, rows, quiet=1.0)
        words, at = trial.words(), {"at": place.note.center[:2], "size": self.frame.number}
        moved = Tag(Sentence("change: {d}", {"d": trace.quantity("trial.moved", decimals=4)}), **at)
        counts, of_all = trace.quantities("trial.running", decimals=0), {"n": self.count("trial.words")}
        counts, of_all = [counts[0]] * 2 + counts, Sentence(" of {n}", of_all)
        right = Readout(counts, trial, "variant", "right: ", of_all, **at)
        with self.beat():
            self.change(trial, to=[*map(FadeIn, words), Turn(trial, 1.4, grow=1.0)])
            self.say("Now “soft” for “tired”: the mat.")
            self.play(Later(0.9, Turn(trial, 0.8, variant=1.0)), Later(1.7, FadeIn(moved)))
            self.drift(4.0)
            self.tell(MOVED)
        with self.beat():
            self.hush()
            self.play(FadeOut(moved), Turn(trial, 0.4, grow=0.0), self.pulled_back(0.6))
            trial.turn(variant=2.0)
            self.say("So ask the last word.")
            self.play(Turn(trial, 0.9, source=riddle.LAST), Later(0.6, Turn(trial, 0.9, grow=1.0)))
            self.hush()
            trial.turn(variant=3.0)
            self.play(Turn(trial, 1.2, variant=4.0))
            self.tell(JUMPS)
            self.say("Other last words, each fitting one noun.")
            self.play(FadeIn(right, run_time=0.3), Turn(trial, 3.8, linear, variant=2.0 + len(sentences)))
            self.tell(EVERY)
        self.leaving = [trial, *words, right]

    def control(self) -> None:
        """Other pairs of nouns: the head against the rule “always the first noun”."""
        trace, place, held = self.trace, self.plan(TALLY), riddle.better(self.trace)
        kinds, tried = int(trace["trial.rule"]), trace["trial.sorted"]
        tally = Tally(place.body, tried, kinds)
        names = tally.names([Label(pair) for pair in trace.words("trial.nouns")], place.names.width)
        counts = tally.counts(trace.quantities("trial.count", decimals=0))
        verdict = Verdict(VERDICT[held], held == "most").move_to(place.head.center)
        score, where = Sentence("first noun: {r}", {"r": self.count("trial.rule")}), place.head.center[:2]
        rule = Tag(score, at=where, size=self.frame.number)
        with self.beat():
            self.change(tally, to=[FadeIn(names[0]), Turn(tally, 0.9, done=2 * kinds), FadeIn(counts[0])])
            self.say("Control: other nouns.")
            for n in range(1, len(tried)):
                moving = Turn(tally, 0.85 * 0.88**n, linear, done=(n + 1) * 2 * kinds)
                self.play(FadeIn(names[n]), moving, Later(0.5 * 0.88**n, FadeIn(counts[n], run_time=0.3)))
            self.play(Turn(tally, 0.7, rule=1.0), FadeIn(rule))
            self.say("“Always the first noun” scores {r}.", r=self.count("trial.rule"))
            self.wait(1.4)
            self.exchange([rule], [verdict])
            self.drift(5.0)
            self.tell(CONTROL)
        self.leaving = [tally, *names, *counts, verdict]

    def ask_the_model(self) -> None:
        """The model is asked in words, with the head and without it."""
        trace, place = self.trace, self.plan(BARS)
        kinds = [name for name in ("ask.shares", "ask.cut_shares") if name in trace]
        inks = [rgba(color) for color in (self.theme.key, self.theme.text, self.theme.panel)]
        strip = Strip(place.body, [0.0] * 3, [trace[name][0] for name in kinds], inks, squeeze=1.0, thick=0.7)
        lines = [Label(line) for line in trace.words("ask.lines")]
        prompt = lines_within(lines, place.head, self.frame.number)
        numbers = []
        for n, (noun, ink) in enumerate((("cat ", self.theme.key), ("mat ", self.theme.text))):
            asked, foot = [trace.quantity(name, 0, n) for name in kinds], place.feet.columns([1, 1])[n]
            style = {"at": foot.center[:2], "size": self.frame.number, "color": ink}
            numbers.append(Readout(asked, strip, "step", noun, **style))
        with self.beat():
            self.say("Ask the model: what was soft?")
            told = (Later(1.0, FadeIn(part)) for part in (strip, *numbers))
            self.change(to=[FadeIn(prompt), self.pulled_back(0.6), *told])
            self.drift(6.0)
            self.tell(SAYS)
            if len(kinds) > 1:
                self.play(Later(0.8, Turn(strip, 1.0, step=1.0)))
                self.tell(CUT)
        self.leaving = [strip, prompt, *numbers]

    def resting_place(self) -> None:
        """Why the first word draws so much: whatever stands first does, and it has little to give."""
        trace = self.trace
        variants = [[*token_names([first]), *self.names[1:]] for first in trace.words("openings")]
        row, threads = trace["attention"][self.looking], trace["openings"]
        place = self.plan(NOTED)
        looks = Looks(place.body, variants, self.looking, row, threads, threads.mean(axis=1))
        looks.turn(reach=1.0, heap=1.0, bundle=looks.behind)
        words, firsts = looks.words(), trace.quantities("opening_first")
        share = Readout(firsts, looks, "variant", **looks.style("pile", 0))
        with self.beat():
            self.change(to=[*map(FadeIn, [looks, *words, share]), self.pulled_back(0.6)])
            self.say("And the first word?")
            for step in range(1, len(variants)):
                self.play(Turn(looks, 0.7, variant=step))
            self.drift(6.0)
            self.tell(FRONT)
            if "opening_lengths" in trace:
                long, texts = trace.quantities("opening_lengths"), ("length of its value: ", " of others’")
                words.append(Readout(long, looks, "variant", *texts, at=place.note.center[:2]))
                self.show(words[-1])
                self.tell(SHORT)
        self.leaving = [looks, *words, share]

    def answer(self) -> None:
        """The first picture again, and the formula out of what was seen."""
        place, letters = self.plan(END), {"Q": self.theme.query, "K": self.theme.key, "V": self.theme.value}
        looks = Looks(place.body, [self.names], self.looking, self.trace["attention"][self.looking], quiet=1)
        formula = Formula(Label(FORMULA), 1.1 * self.frame.number, width=place.head.width, letters=letters)
        formula.move_to(place.head.center)
        with self.beat():
            coming = map(FadeIn, [looks, *looks.words()])
            self.change(to=[*coming, Turn(looks, 1.6, grow=1.0), self.pulled_back(0.6)])
            self.drift(9.0)
            self.tell(ANSWER)
            self.play(FadeIn(formula, shift=0.3 * UP), run_time=1.0)
            self.say("What becomes of what a word has seen?")
