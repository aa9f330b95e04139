"""QKV attention: each sentence it tells is derived again, from queries and keys, or from what the model answers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from contract import OPPOSITES, Told, fault, faults, general, opposites, tell
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from productions import load
from real_model import needs_model, users_cache
from torch.nn.functional import scaled_dot_product_attention

from nnanim.sim import all_heads, language_model
from nnanim.trace import Trace
from nnanim.visuals.tokens.names import token_names

SLUG = "qkv-attention"
SENTENCE = "The cat sat on the mat because it was tired"
PAIRS = (
    *OPPOSITES, ("Most", "Some"), ("Some", "No"), ("Most", "No"), ("cat", "mat"), ("Nothing", "Something"), ("later", "earlier"),
    ("everything", "nothing"), ("same", "another"), ("Right", "Not right"), ("clearly", "no"), ("short", "not short"), ("one", "None"),
    ("others", "nobody"), ("last", "first"), ("looks", "does not look"), ("up", "down"), ("neither", "both"), ("every", "no"),
)  # fmt: skip
SITTER_WORDS = ("tired", "hungry", "sleepy", "thirsty", "bored", "lonely", "scared", "ill")
SEAT_WORDS = ("soft", "woven", "flat", "thick", "square", "wide", "cheap", "smooth")
NOUNS = (("cat", "sat on", "mat"), ("dog", "lay on", "rug"), ("bird", "sat on", "roof"), ("child", "sat on", "chair"),
         ("boy", "sat on", "bench"), ("horse", "stood on", "grass"))  # fmt: skip


@cache
def toy() -> language_model.LanguageModel:
    return language_model.toy()


def model_of(told: Told) -> Any:
    return toy() if told.params.model == "toy" else language_model.load(told.params.model)


def made_up(told: Told) -> bool:
    return "made up" in told.trace.text


# The sentence once more ------------------------------------------------------------------------------------------


@cache
def attention_of(model_name: str, sentence: str) -> torch.Tensor:
    """Every head's attention, from queries and keys, by torch's own attention with the identity for values, (L, H, T, T)."""
    model = toy() if model_name == "toy" else language_model.load(model_name)
    kept = model.forward(model.encode(sentence), keep=("queries", "keys"))
    q, k = kept.queries.double(), kept.keys.double()
    k = k.repeat_interleave(q.shape[1] // k.shape[1], dim=1)
    eye = torch.eye(q.shape[2], dtype=torch.float64).expand(*q.shape[:3], q.shape[2])
    return scaled_dot_product_attention(q, k, eye, is_causal=True)


def heads(told: Told) -> torch.Tensor:
    if made_up(told):
        return torch.as_tensor(np.array(told.trace["heads"], dtype=float))
    return attention_of(told.params.model, told.params.sentence)


def texts(told: Told) -> list[str]:
    model = model_of(told)
    return [text.strip() for text in model.token_texts(model.encode(told.params.sentence))]


def names(told: Told) -> list[str]:
    model = model_of(told)
    return [name.text for name in token_names(model.token_texts(model.encode(told.params.sentence)))]


def looking(told: Told) -> int:
    words, word = texts(told), (told.params.word or "it").strip()
    exact = [i for i, text in enumerate(words) if text == word]
    wanted = [i for i, text in enumerate(words) if text.lower() == word.lower()]
    return (exact if told.params.word and exact else wanted or [i for i, text in enumerate(words) if any(c.isalnum() for c in text)] or [len(words) - 1])[-1]


def row(told: Told) -> torch.Tensor:
    return heads(told)[told.params.layer - 1, told.params.head - 1, looking(told)]


def target(told: Told) -> int:
    return int(row(told).argmax())


def named(told: Told) -> bool:
    """Names in a sentence are those of the word that looks and of what it looks at."""
    words = names(told)
    wanted = {"w": words[looking(told)], "t": words[target(told)], "m": words[int(mean(told).argmax())]}
    return all(told.shown[name] == text for name, text in wanted.items() if name in told.shown)


def mean(told: Told) -> torch.Tensor:
    return heads(told)[:, :, looking(told)].flatten(0, 1).mean(0)


def usual(told: Told) -> bool:
    return told.params.sentence.strip() == SENTENCE and texts(told)[looking(told)] == "it"


def wins(told: Told) -> int:
    """Heads of which the first token gets more than any other."""
    looks = heads(told)[:, :, looking(told)].flatten(0, 1)
    return sum(all(look[0] >= other for other in look[1:]) for look in looks)


def all_of(told: Told) -> int:
    return int(heads(told).shape[0] * heads(told).shape[1])


def half(told: Told, verdict: str) -> bool:
    over = int((heads(told)[:, :, looking(told), target(told)] > 0.5).sum())
    shown = told.shown["n"] == str(all_of(told)) and told.shown.get("k", str(over)) == str(over)
    return named(told) and shown and verdict == ("one" if over == 1 < all_of(told) else "none" if over == 0 else "many")


def followers(told: Told) -> tuple[int, int]:
    """How many others could look at the target and need not, and how many of them give most to it, in hundredths."""
    matrix = heads(told)[told.params.layer - 1, told.params.head - 1]
    i, j = looking(told), target(told)
    others = [r for r in range(len(matrix)) if r >= j and r not in (0, i) and matrix[r, j] > 0]
    rounded = [[round(float(x), 2) for x in matrix[r]] for r in others]
    return len(others), sum(all(r[j] > x for c, x in enumerate(r) if c != j) for r in rounded)


def others(told: Told, verdict: str) -> bool:
    rivals, same = followers(told)
    shown = (told.shown.get("f", str(same)), told.shown.get("r", str(rivals))) == (str(same), str(rivals))
    return named(told) and shown and verdict == ("some" if same else "none" if rivals else "no rivals")


def window(told: Told) -> int:
    """The most tokens that a row sees."""
    return max(sum(x > 0 for x in row) for row in heads(told)[0, 0].tolist())


# One head once more -------------------------------------------------------------------------------------------------


def step(told: Told) -> dict[str, torch.Tensor]:
    """Query, keys, values and shares of the head, from the model."""
    model, p = model_of(told), told.params
    kept = model.forward(model.encode(p.sentence), keep=("queries", "keys", "values"))
    shared, seen = kept.queries.shape[1] // kept.keys.shape[1], looking(told) + 1
    q = kept.queries[p.layer - 1, p.head - 1, looking(told)].double()
    k, v = (tensor[p.layer - 1, (p.head - 1) // shared, :seen].double() for tensor in (kept.keys, kept.values))
    return {"q": q, "k": k, "v": v, "plain": torch.softmax(k @ q, 0), "divided": torch.softmax(k @ q / len(q) ** 0.5, 0)}


def largest(told: Told, name: str) -> float:
    if made_up(told):
        return round(float(told.trace["step.shares"][{"plain": 0, "divided": -1}[name]].max()), 2)
    return round(float(step(told)[name].max()), 2)


def score(told: Told) -> bool:
    made, trace = step(told), told.trace
    total = sum(a * b for a, b in zip(made["q"].tolist(), made["k"][target(told)].tolist(), strict=True))
    return abs(float(trace["step.running"][-1]) - total) < 1e-3 and abs(float(trace["step.scores"][target(told)]) - total) < 1e-3


def lights(told: Told) -> bool:
    made = step(told)
    pairs = zip(made["q"].tolist(), made["k"][target(told)].tolist(), strict=True)
    return sum((a > 0) == (b > 0) for a, b in pairs) == int(told.trace["step.agree"])


def output(told: Told) -> bool:
    made = step(told)
    mixed = scaled_dot_product_attention(made["q"][None, None], made["k"][None], made["v"][None])[0, 0]
    return named(told) and np.allclose(mixed, told.trace["step.output"], atol=1e-4)


def scores_for(told: Told, many: bool) -> bool:
    return (looking(told) > 0) == many and len(told.trace["step.scores"]) == looking(told) + 1


# The trial once more ---------------------------------------------------------------------------------------------------


@cache
def tried(model_name: str, layer: int, head: int) -> dict[str, Any]:
    """The trial again: words cut one by one, shares summed over tokens, the model asked."""
    model = toy() if model_name == "toy" else language_model.load(model_name)

    def read(words: str) -> tuple[torch.Tensor, list[list[int]]]:
        ids: list[int] = []
        places = []
        for number, word in enumerate(words.split()):
            piece = list(model.encode((" " if number else "") + word))
            places.append(list(range(len(ids), len(ids) + len(piece))))
            ids += piece
        return model.forward(ids, keep=("attention",)).attention.double(), places

    found: dict[str, Any] = {"right": []}
    for a, does, b in NOUNS:
        right = 0
        for word in (*SITTER_WORDS, *SEAT_WORDS):
            seen, places = read(f"The {a} {does} the {b} because it was {word}")
            look = seen[layer - 1, head - 1, places[-1][-1]]
            first, second = float(look[places[1]].sum()), float(look[places[5]].sum())
            right += first > second if word in SITTER_WORDS else second > first
            found.setdefault(word, (first, second))
        found["right"].append(right)
    changes = [read(f"The cat sat on the mat because it was {word}") for word in ("tired", "soft")]
    rows = [seen[:, :, places[7][-1]] for seen, places in changes]
    least = min(row.shape[-1] for row in rows)
    found["moved"] = float((rows[0][..., :least] - rows[1][..., :least]).abs().max())
    prompt = "The cat sat on the mat because it was soft. The thing that was soft was the"
    found["says"] = preferred(model, prompt)
    return found


def side(shares: Any) -> int:
    """1 where the cat gets more in the first row, -1 where the mat does, in hundredths."""
    cat, mat = (float(f"{float(share):.2f}") for share in shares[0, :2])
    return (cat > mat) - (cat < mat)


def preferred(model: Any, prompt: str) -> int:
    """1 where the cat is likelier as the next token, -1 where the mat is, in hundredths; 0 where they are alike."""
    logits = model.forward(model.encode(prompt)).logits[-1].double()
    cat, mat = (float(f"{float((logits[model.encode(noun)[0]] - logits.logsumexp(0)).exp()):.2f}") for noun in (" cat", " mat"))
    return (cat > mat) - (cat < mat)


def trial(told: Told) -> dict[str, Any]:
    if made_up(told):
        trace = told.trace
        again = {word: (float(r[1]), float(r[5])) for word, r in zip(("tired", "soft"), trace["trial.rows"][0, :2], strict=True)}
        return {**again, "right": trace["trial.count"].tolist(), "moved": float(trace["trial.moved"]), "says": side(trace["ask.shares"])}
    return tried(told.params.model, told.params.layer, told.params.head)


def jumps(told: Told, verdict: str) -> bool:
    again = trial(told)
    (cat, mat), (soft_cat, soft_mat) = again["tired"], again["soft"]
    return verdict == ("jumps" if cat > mat and soft_mat > soft_cat else "cat" if soft_cat > soft_mat else "no more")


def control(told: Told, verdict: str) -> bool:
    better = sum(right > len(SITTER_WORDS) + 2 for right in trial(told)["right"][1:])
    return verdict == ("none" if not better else "few" if 2 * better < len(NOUNS) - 1 else "most")


def cut(told: Told) -> bool:
    """Whether the model answers alike when the head's part of the output matrix is set to nothing."""
    if made_up(told):
        return side(told.trace["ask.shares"]) == side(told.trace["ask.cut_shares"])
    model, p = model_of(told), told.params
    name, d = f"{p.layer - 1}.output.weight", model.config.d_head
    before = model.weights[name].clone()
    try:
        model.weights[name][:, (p.head - 1) * d : p.head * d] = 0
        prompt = "The cat sat on the mat because it was soft. The thing that was soft was the"
        left = preferred(model, prompt)
    finally:
        model.weights[name] = before
    return left == trial(told)["says"]


def front(told: Told) -> bool:
    """Whether the first token draws the most, whatever it is."""
    if made_up(told):
        means = [np.array(each).mean(axis=0) for each in told.trace["openings"]]
        return looking(told) > 0 and all(int(each.argmax()) == 0 for each in means)
    model = model_of(told)
    ids = list(model.encode(told.params.sentence))
    firsts = [ids[0], *(model.encode(word)[0] for word in ("My", "Green"))]
    looks = [model.forward([first, *ids[1:]], keep=("attention",)).attention[:, :, looking(told)].mean((0, 1)) for first in firsts]
    return looking(told) > 0 and all(int(look.argmax()) == 0 for look in looks)


def short(told: Told) -> bool:
    """Whether the first token's value is less than half as long as the mean of the others', in each opening."""
    if made_up(told):
        return max(told.trace["opening_lengths"].tolist()) < 0.5
    model = model_of(told)
    ids = list(model.encode(told.params.sentence))
    for first in (ids[0], *(model.encode(word)[0] for word in ("My", "Green"))):
        values = model.forward([first, *ids[1:]], keep=("values",)).values.double()
        lengths = values.pow(2).sum(-1).sqrt().mean(1).mean(0)
        if lengths[0] / lengths[1:].mean() >= 0.5:
            return False
    return True


CHECKS = {
    "Who is tired: the cat or the mat?": usual,
    "Which of these words does “{w}” look at?": lambda t: named(t) and looking(t) > 0 and not usual(t),
    "“{w}” stands first. What can it look at?": lambda t: named(t) and looking(t) == 0,
    "You knew at once. Does the model?": general("to the class"),
    "Each thread is one head. Where will they land?": lambda t: all_of(t) == t.trace["heads"].shape[0] * t.trace["heads"].shape[1],
    "Only on itself: nothing stands before it.": lambda t: looking(t) == 0 and float(mean(t)[0]) > 0.9999,
    "Not on the cat. “{m}” gets the largest share.": lambda t: usual(t) and named(t) and int(mean(t).argmax()) != 1,
    "“{m}” gets the largest share.": lambda t: named(t) and looking(t) > 0,
    "Most heads prefer the first word. Why?": lambda t: 2 * wins(t) > all_of(t),
    "Some heads prefer the first word.": lambda t: 0 < 2 * wins(t) <= all_of(t),
    "No head prefers the first word.": lambda t: wins(t) == 0,
    "Only one of {n} gives “{t}” more than half.": lambda t: half(t, "one"),
    "None of {n} gives “{t}” more than half.": lambda t: half(t, "none"),
    "{k} of {n} give “{t}” more than half.": lambda t: half(t, "many"),
    "Inside it, “{w}” looks most at “{t}”.": named,
    "Yet {f} of {r} others do, too.": lambda t: others(t, "some"),
    "No other word looks at “{t}” most.": lambda t: others(t, "none"),
    "No other word could look there.": lambda t: others(t, "no rivals"),
    "Here a word sees {d} words at most, itself included.": lambda t: window(t) == int(t.shown["d"]),
    "Here no score exceeds {d} in size.": lambda t: t.shows("d", float(t.trace["model.score_cap"])) and float(t.trace["model.score_cap"]) > 0,
    "Here up to {d} goes to no word: a sink.": lambda t: t.shows("d", 1 - min(map(sum, heads(t)[0, 0].tolist()))),
    "“{w}” asks: a query.": named,
    "“{t}” offers: a key.": named,
    "Same sign? It lights up.": lights,
    "Multiply and add: a score.": score,
    "Each word it sees gets one.": lambda t: scores_for(t, True),
    "It sees itself alone.": lambda t: scores_for(t, False),
    "Softmax inflates them, …": lambda t: np.allclose(t.trace["step.shares"][0], step(t)["plain"], atol=1e-5),
    "… squeezes all into one strip, …": lambda t: abs(float(step(t)["plain"].sum()) - 1) < 1e-9,
    "… and “{t}” takes everything.": lambda t: named(t) and largest(t, "plain") == 1,
    "… and “{t}” takes {p}.": lambda t: named(t) and largest(t, "plain") < 1 and t.shows("p", float(t.trace["step.shares"][0].max())),
    "Now the others get something, too.": lambda t: largest(t, "divided") < largest(t, "plain"),
    "That changes nothing here.": lambda t: largest(t, "divided") == largest(t, "plain"),
    "So divide by √d first.": lambda t: np.allclose(t.trace["step.shares"][-1], step(t)["divided"], atol=1e-5),
    "Each word’s value V shrinks to its share.": lambda t: np.allclose(step(t)["v"] * step(t)["divided"][:, None], t.trace["step.weighted"], atol=1e-4),
    "The sum is what “{w}” takes along.": output,
    "Its queries and keys are not to be had.": lambda t: made_up(t) and "step.query" not in t.trace,
    "Now “soft” for “tired”: the mat.": general("what is changed"),
    "Nothing moves: “it” cannot see later words.": lambda t: trial(t)["moved"] < 5e-5,
    "Something moves: this model sees later words.": lambda t: trial(t)["moved"] >= 5e-5,
    "So ask the last word.": general("what is asked"),
    "The arc jumps to the mat.": lambda t: jumps(t, "jumps"),
    "The cat gets more than the mat.": lambda t: jumps(t, "cat"),
    "The cat gets no more than the mat.": lambda t: jumps(t, "no more"),
    "Other last words, each fitting one noun.": general("picked by people"),
    "Right every time. So it knows?": lambda t: trial(t)["right"][0] == 16,
    "Not right every time.": lambda t: trial(t)["right"][0] < 16,
    "Control: other nouns.": lambda t: [str(pair) for pair in t.trace.words("trial.nouns")] == [f"{a}, {b}" for a, _, b in NOUNS],
    "“Always the first noun” scores {r}.": lambda t: t.shown["r"] == str(len(SITTER_WORDS)),
    "In no other pair any better.": lambda t: control(t, "none"),
    "In most other pairs, no better.": lambda t: control(t, "few"),
    "In most other pairs, clearly better.": lambda t: control(t, "most"),
    "Ask the model: what was soft?": general("what is asked"),
    "It says the cat.": lambda t: trial(t)["says"] > 0,
    "It says the mat.": lambda t: trial(t)["says"] < 0,
    "It says neither of them more.": lambda t: trial(t)["says"] == 0,
    "Without this head: the same.": cut,
    "Without this head: another.": lambda t: not cut(t),
    "And the first word?": general("what is asked"),
    "Whatever stands first draws the most.": front,
    "What stands first need not draw the most.": lambda t: looking(t) > 0 and not front(t),
    "It looks at itself, whatever it is.": lambda t: looking(t) == 0,
    "Its value is short: a resting place.": short,
    "Its value is not short.": lambda t: not short(t),
    "One head found the mat. The model said cat.": lambda t: trial(t)["soft"][1] > trial(t)["soft"][0] and trial(t)["says"] > 0,
    "Looking is not yet knowing.": general("a warning that holds whatever was measured"),
    "What becomes of what a word has seen?": general("what comes next"),
}  # fmt: skip


# Cases ------------------------------------------------------------------------------------------------------------------


@cache
def usual_trace() -> Trace:
    chapter = load(SLUG)
    return chapter.record(chapter.Params.read({"model": "toy", "layer": 1, "head": 1}))


class Fixed:
    """A model that reads as the toy does, with heads that pay the attention they are told to."""

    offers = frozenset({"attention"})

    def __init__(self, weights: Any) -> None:
        self.weights_told = torch.as_tensor(np.array(weights, dtype=np.float32))

    def __getattr__(self, name: str) -> Any:
        return getattr(toy(), name)

    def forward(self, ids: Sequence[int], keep: Sequence[str] = ()) -> Any:
        from types import SimpleNamespace

        return SimpleNamespace(attention=self.weights_told)


def told_of(weights: Any = None, changes: dict[str, Any] | None = None, **params: Any) -> tuple[Told, ...]:
    """The lesson of the toy model; or of made-up attention, or with some of what was measured made up."""
    params = {"model": "toy", "layer": 1, "head": 1, **params}
    chapter = load(SLUG)
    if weights is None and changes is None:
        return tell(chapter, **params)
    p, known = chapter.Params.read(params), usual_trace()
    arrays, text = dict(known.arrays), {**known.text, "sentence": p.sentence.strip()}
    if weights is not None:
        found, words = all_heads.all_heads(Fixed(weights), p.sentence, 1, 1, p.word)
        arrays = {name: array for name, array in arrays.items() if not name.startswith(("step.", "opening"))} | found
        text |= words
    for name, value in (changes or {}).items():
        arrays[name] = np.array(value)
    return tell(chapter, Trace(arrays, {**text, "made up": "yes"}, known.given), **params)


def spread(*rows: Sequence[float], over: tuple[int, int] = (2, 4)) -> np.ndarray:
    """One matrix of attention for every head, from rows of what is not masked."""
    matrix = np.array([[*each, *[0.0] * (len(rows) - len(each))] for each in rows])
    return np.broadcast_to(matrix, (*over, *matrix.shape)).copy()


def rows_of(tired: tuple[float, float], soft: tuple[float, float]) -> np.ndarray:
    rows = np.array(usual_trace()["trial.rows"])
    for n, (cat, mat) in enumerate((tired, soft)):
        rows[0, n, 1], rows[0, n, 5] = cat, mat
    return rows


ONE = spread([1], [0.7, 0.3], [0.3, 0.3, 0.4], [0.25, 0.25, 0.25, 0.25])
ONE[0, 0, 3] = [0.1, 0.7, 0.1, 0.1]
CASES: dict[str, dict[str, Any]] = {
    "usual": {},
    "two tokens": {"sentence": "The cat"},
    "the first looks": {"word": "The"},
    "another sentence": {"sentence": "a cat sat on it", "layer": 2, "head": 3},
    "another head": {"layer": 2, "head": 2},
    "itself most": {"sentence": "a b", "weights": spread([1], [0.4, 0.6])},
    "only one": {"sentence": "a b c d", "weights": ONE},
    "none": {"sentence": "a b c d", "weights": spread([1], [0.7, 0.3], [0.3, 0.3, 0.4], [0.24, 0.26, 0.25, 0.25])},
    "a window": {"sentence": "a b c d", "weights": spread([1], [0.7, 0.3], [0, 0.6, 0.4], [0, 0, 0.75, 0.25])},
    "a sink that is no word": {"sentence": "a b c", "weights": spread([1], [0.7, 0.3], [0.2, 0.1, 0.4])},
    "bent scores": {"changes": {"model.score_cap": 50.0}},
    "a good head": {"changes": {
        "trial.count": [16, 16, 16, 15, 8, 16], "trial.rows": rows_of((0.9, 0.1), (0.2, 0.7)), "ask.shares": [[0.5, 0.1, 0.4]] * 3,
        "ask.cut_shares": [[0.4, 0.1, 0.5]] * 3, "opening_lengths": [0.2, 0.3, 0.3], "trial.moved": 0.0,
    }},
    "a habit": {"changes": {
        "trial.count": [16, 8, 8, 9, 16, 8], "trial.rows": rows_of((0.9, 0.1), (0.7, 0.2)), "ask.shares": [[0.1, 0.5, 0.4]] * 3,
        "ask.cut_shares": [[0.5, 0.1, 0.4]] * 3, "opening_lengths": [1.2, 0.3, 0.3], "trial.moved": 0.2,
    }},
    "no better at all": {"changes": {
        "trial.count": [3, 8, 8, 10, 10, 8], "trial.rows": rows_of((0.1, 0.2), (0.1, 0.2)), "ask.shares": [[0.2, 0.2, 0.6]] * 3,
    }},
    "most look at the first": {"sentence": "a b c", "weights": spread([1], [0.9, 0.1], [0.8, 0.1, 0.1]), "changes": {"opening_lengths": [0.1] * 3}},
}  # fmt: skip


@pytest.fixture(scope="module")
def lessons() -> dict[str, tuple[Told, ...]]:
    return {name: told_of(**case) for name, case in CASES.items()}


def test_every_sentence_is_so(lessons):
    assert {name: wrong for name, told in lessons.items() if (wrong := faults(told, CHECKS))} == {}


def test_every_sentence_has_been_heard(lessons):
    assert set(CHECKS) - {one.template for told in lessons.values() for one in told} == set()


def test_no_sentence_is_believed_the_other_way_round(lessons):
    for told in lessons.values():
        assert [turned.text for one in told for turned in opposites(one, PAIRS) if fault(turned, CHECKS) is None] == []


words = st.lists(st.sampled_from(["the", "cat", "it", "12", "because", "mat", "x"]), min_size=2, max_size=4)


@settings(max_examples=12, phases=[Phase.generate])
@given(words, st.integers(1, 2), st.integers(1, 4))
def test_every_sentence_is_so_under_any_parameters(sentence, layer, head):
    assert faults(told_of(sentence=" ".join(sentence), layer=layer, head=head), CHECKS) == []


@needs_model
@pytest.mark.parametrize("changed", [{}, {"word": "The"}])
def test_every_sentence_is_so_of_the_real_model(changed):
    chapter = load(SLUG)
    with users_cache():
        told = tell(chapter, **changed)
        assert faults(told, CHECKS) == []
        assert [turned.text for one in told for turned in opposites(one, PAIRS) if fault(turned, CHECKS) is None] == []
    if not changed:
        said = {one.template for one in told}
        assert {"The arc jumps to the mat.", "Right every time. So it knows?", "In most other pairs, no better.", "It says the cat."} <= said
