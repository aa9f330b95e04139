"""Autoregressive generation: each sentence it tells is derived again from the model's logits, or from the text it wrote."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from contract import OPPOSITES, Told, fault, faults, general, mutants, mutated, opposites, reads, tell
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from productions import load
from real_model import needs_model, users_cache

from nnanim.sim import language_model
from nnanim.sim.checkpoint import Checkpoint
from nnanim.sim.futures import NUDGES, futures
from nnanim.sim.generation import Sampling
from nnanim.sim.language_model import Cache, LanguageModel
from nnanim.sim.tokenizer import Tokenizer
from nnanim.trace import Trace
from nnanim.visuals.tokens.tokens import visible_text

SLUG = "autoregressive-generation"
PAIRS = (
    *OPPOSITES, ("same", "different"), ("low", "high"), ("another", "the same"), ("differ", "agree"), ("favours", "levels"),
    ("Nothing", "Something"), ("nothing", "everything"), ("tied", "apart"), ("right", "wrong"), ("Not one", "One"),
)  # fmt: skip


# Models, and what they do, once more ----------------------------------------------------------------------


@cache
def models() -> dict[str, LanguageModel]:
    """By the name that their traces bear: random weights; all logits alike; one that every token ends; one that is short."""
    toy = language_model.toy()

    def other(name: str, weights: dict[str, Any] | None = None, tokenizer: Tokenizer | None = None, **sizes: Any) -> LanguageModel:
        config = replace(toy.config, name=name, **sizes)
        return LanguageModel(Checkpoint(config, {**toy.weights, **(weights or {})}, tokenizer or toy.tokenizer, name))

    ending, open_ended = Tokenizer.toy(), Tokenizer.toy()
    ending.__dict__["end_ids"] = frozenset(range(0, ending.size, 5))
    open_ended.__dict__["end_ids"] = frozenset({ending.size + 1})  # it has a mark, which is never drawn
    made = [
        toy,
        other("flat", {"norm.weight": torch.zeros(toy.config.d_model)}),
        other("ending", tokenizer=ending),
        other("open", tokenizer=open_ended),
        other("short", n_context=8),
    ]
    return {model.config.name: model for model in made}


def told_by(name: str = "toy model", changes: dict[str, Any] | None = None, **params: Any) -> tuple[Told, ...]:
    """The lesson of one of :func:`models`, with some arrays of its trace put in place of the computed ones."""
    chapter, model = load(SLUG), models()[name]
    p = chapter.Params.read({"model": "toy", **params})
    trace = futures(model, p.prompt, p.tokens, Sampling(p.temperature, p.top_k, p.top_p), p.seed, 24)
    given_numbers = {f"parameters.{key}": value for key, value in p.model_dump().items() if isinstance(value, int | float)}
    arrays = {**trace.arrays, **{key: np.asarray(value) for key, value in (changes or {}).items()}}
    return tell(chapter, Trace(arrays, trace.text).with_given(given_numbers), model="toy", **params)


@dataclass(frozen=True)
class Again:
    """The first step once more, by loops: probabilities and what the cuts leave, by token id."""

    logits: list[float]
    plain: list[float]
    warm: list[float]
    kept: dict[int, float]


def softmax(values: list[float], temperature: float = 1.0) -> list[float]:
    top = max(values)
    powers = [math.exp((value - top) / temperature) for value in values]
    total = sum(powers)
    return [power / total for power in powers]


_again: dict[str, Again] = {}


def again(told: Told) -> Again:
    """The first step of what was told of."""
    if told.trace.digest not in _again:
        model, p = model_of(told), told.params
        logits = model.forward(model.encode(p.prompt)).logits[-1].double().tolist()
        warm = softmax(logits, p.temperature)
        left = sorted(range(len(logits)), key=lambda token: (-logits[token], token))[: p.top_k or None]
        mass, reached, kept = sum(warm[token] for token in left), 0.0, []
        for token in left:
            kept.append(token)
            reached += warm[token] / mass
            if p.top_p < 1 and reached >= p.top_p:
                break
        rest = sum(warm[token] for token in kept)
        _again[told.trace.digest] = Again(logits, softmax(logits), warm, {token: warm[token] / rest for token in kept})
    return _again[told.trace.digest]


def model_of(told: Told) -> LanguageModel:
    name = told.trace.text["model"]
    return models()[name] if name in models() else language_model.load(told.params.model)


def ids(told: Told) -> list[int]:
    return [int(token) for token in told.trace["ids"]]


def written(told: Told) -> list[int]:
    """The tokens that were drawn: all behind the prompt."""
    return ids(told)[len(model_of(told).encode(told.params.prompt)) :]


def number(told: Told, name: str) -> float:
    return reads(told.shown[name])[0]


def likeliest(told: Told) -> int:
    logits = again(told).logits
    return logits.index(max(logits))


# The texts once more -----------------------------------------------------------------------------------------


def numbers(seed: int, count: int) -> list[float]:
    return torch.rand(count, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).tolist()


def distribution(model: LanguageModel, text: tuple[int, ...], temperature: float, top_k: int, top_p: float) -> dict[int, float]:
    """What a token is drawn from, likeliest first, by loops over the logits of the whole text."""
    logits = model.forward(list(text)).logits[-1].double().tolist()
    order = sorted(range(len(logits)), key=lambda token: (-logits[token], token))[: top_k or None]
    weights = [math.exp((logits[token] - logits[order[0]]) / temperature) for token in order]
    total, reached, kept = sum(weights), 0.0, {}
    for token, weight in zip(order, weights, strict=True):
        kept[token] = weight
        reached += weight / total
        if top_p < 1 and reached >= top_p:
            break
    return {token: weight / sum(kept.values()) for token, weight in kept.items()}


_texts: dict[tuple[Any, ...], tuple[list[int], float]] = {}


def text_of(told: Told, seed: int, nudge: float = 0.0, greedy: bool = False) -> tuple[list[int], float]:
    """A text drawn again, and the product of its shares."""
    p, model = told.params, model_of(told)
    key = (told.trace.digest, seed, nudge, greedy)
    if key not in _texts:
        text, chance, start = tuple(model.encode(p.prompt)), 1.0, len(model.encode(p.prompt))
        draws = numbers(seed, p.tokens)
        draws[0] = draws[0] + nudge if draws[0] + nudge < 1 else draws[0] - nudge
        for number in draws:
            left = distribution(model, text, *((1.0, 1, 1.0) if greedy else (p.temperature, p.top_k, p.top_p)))
            place = min(int((np.cumsum(list(left.values())) <= number).sum()), len(left) - 1)
            token = list(left)[place]
            text, chance = (*text, token), chance * left[token]
            if token in model.tokenizer.end_ids or len(text) >= model.config.n_context:
                break
        _texts[key] = (list(text[start:]), chance)
    return _texts[key]


def five(told: Told) -> list[tuple[int, ...]]:
    return [tuple(text_of(told, (told.params.seed + place) % 2**31)[0]) for place in range(5)]


def distinct(told: Told) -> int:
    return len(set(five(told)))


def asked(told: Told) -> bool:
    one, _, other = told.params.prompt.rstrip().removesuffix("=").partition("+")
    return told.params.prompt.rstrip().endswith("=") and one.strip().isdecimal() and other.strip().isdecimal()


def answer(told: Told) -> str:
    return str(sum(map(int, told.params.prompt.rstrip().removesuffix("=").split("+"))))


def right(told: Told, ids_of: Sequence[int]) -> bool:
    return (re.findall(r"^\d+", model_of(told).decode(list(ids_of)).strip()) or [""])[0] == answer(told)


def none_right(told: Told) -> bool:
    return asked(told) and not any(right(told, text) for text in five(told))


def greedy(told: Told) -> list[tuple[int, ...]]:
    return [tuple(text_of(told, (told.params.seed + place) % 2**31, greedy=True)[0]) for place in range(5)]


def first_changing(told: Told) -> tuple[float, float]:
    """The largest of the nudges before which the text stays, and the first with which it changes; 0 for none."""
    same = text_of(told, told.params.seed)[0]
    changing = [by for by in NUDGES if text_of(told, told.params.seed, by)[0] != same]
    other = changing[0] if changing else 0.0
    staying = [by for by in NUDGES if not changing or by < other]
    return (staying[-1] if staying else 0.0), other


def shares_at(told: Told, temperature: float) -> list[float]:
    return softmax(again(told).logits, temperature)


def reacts(told: Told) -> tuple[float, float, float]:
    """The likeliest token's share in the cold, at one, and in the heat."""
    top, own = likeliest(told), told.params.temperature
    cold, hot = min(0.5, own), max(2.0, own)
    return shares_at(told, cold)[top], shares_at(told, 1.0)[top], shares_at(told, hot)[top]


def visible(told: Told, token: int) -> str:
    model = model_of(told)
    return "end mark" if token in model.tokenizer.end_ids else visible_text(model.token_texts([token])[0], 14)


def picked(told: Told) -> int | None:
    """The token that the sentence names and the first number falls on."""
    token = written(told)[0]
    kept = again(told).kept
    line = np.cumsum(list(kept.values()))
    fell = list(kept)[min(int((line <= numbers(told.params.seed, 1)[0]).sum()), len(kept) - 1)]
    return token if fell == token and told.shown["w"] == visible(told, token) else None


def favourite(told: Told) -> bool:
    return told.shown["w"] == visible(told, likeliest(told)) and max(again(told).logits) > sorted(again(told).logits)[-2]


def tied(told: Told) -> bool:
    logits = sorted(again(told).logits)
    return logits[-1] == logits[-2]


def ended(told: Told) -> bool:
    return written(told)[-1] in model_of(told).tokenizer.end_ids


def full(told: Told) -> bool:
    return len(ids(told)) == model_of(told).config.n_context


def spared(told: Told) -> float:
    """Multiplications without a cache over those with one, by the sizes of the matrices."""
    c: Any = model_of(told).config
    length, steps, width = len(ids(told)) - len(written(told)), len(written(told)), c.n_heads * c.d_head

    def one_pass(new: int, cached: int) -> int:
        fixed = 2 * c.d_model * width + 2 * c.d_model * c.n_kv_heads * c.d_head + 3 * c.d_model * c.d_feed_forward
        return c.n_layers * new * (fixed + 2 * (new + cached) * width) + c.d_model * c.n_vocabulary

    without = sum(one_pass(length + step, 0) for step in range(steps))
    return without / (one_pass(length, 0) + sum(one_pass(1, length + step - 1) for step in range(1, steps)))


def apart(told: Told) -> float:
    """The largest difference of the last step's logits, with a cache made anew and without one."""
    model, cache_now, text = model_of(told), Cache(), ids(told)[:-1]
    half = len(text) // 2
    if half:
        model.forward(text[:half], cache_now, keep=())
    return float((model.forward(text[half:], cache_now, keep=()).logits[-1] - model.forward(text, keep=()).logits[-1]).abs().max())


def cached_alike(told: Told) -> bool:
    return apart(told) <= 1e-3 and len(written(told)) > 1


CHECKS = {
    "Ask a model the same sum. Ask five times.": asked,
    "One model goes on with one beginning, five times.": lambda t: not asked(t),
    "Five different answers. Not one begins right.": lambda t: none_right(t) and distinct(t) == 5,
    "Five different texts come of it.": lambda t: distinct(t) == 5,
    "Five times the same text comes of it.": lambda t: distinct(t) == 1,
    "Some of the five texts differ.": lambda t: 1 < distinct(t) < 5,
    "Same model, same words: why do they differ?": lambda t: distinct(t) > 1,
    "Could they have differed?": lambda t: distinct(t) == 1,
    "At the fork, the model scores every token it knows.": lambda t: len(again(t).logits) == model_of(t).config.n_vocabulary,
    "All five see the same scores.": lambda t: again(t).logits == model_of(t).forward(model_of(t).encode(t.params.prompt)).logits[-1].double().tolist(),
    "Softmax turns the scores into chances.": lambda t: math.isclose(sum(again(t).plain), 1, rel_tol=1e-9),
    "Its favourite is “{w}”. The right answer gets {q}.": lambda t: asked(t) and favourite(t) and t.shows(
        "q", next(again(t).plain[token] for token in range(len(again(t).plain)) if model_of(t).token_texts([token])[0].strip() == answer(t))
    ),
    "Its favourite is “{w}”.": favourite,
    "Several favourites are tied.": tied,
    "A low temperature favours the favourite.": lambda t: reacts(t)[0] >= reacts(t)[1] and reacts(t)[0] - reacts(t)[2] >= 0.005,
    "A high temperature levels the chances.": lambda t: reacts(t)[2] <= reacts(t)[0] - 0.005,
    "Temperature divides the scores: here it hardly matters.": lambda t: max(reacts(t)) - min(reacts(t)) < 0.005,
    "Hot or cold, the chances stay alike.": lambda t: max(reacts(t)) - min(reacts(t)) < 0.005,
    "End to end, the chances make a strip of length one.": lambda t: math.isclose(sum(again(t).warm), 1, rel_tol=1e-9),
    "Nothing is cut: every token may be drawn.": lambda t: len(again(t).kept) == len(again(t).logits),
    "The blade leaves a single token.": lambda t: len(again(t).kept) == 1,
    "The blade cuts the unlikely tail: {n} tokens stay.": lambda t: (
        1 < len(again(t).kept) < len(again(t).logits) and t.shown["n"] == f"{len(again(t).kept):,}"
    ),
    "Now a random number. Where will it land?": general("a question"),
    "It must be “{w}”: nothing else is left.": lambda t: len(again(t).kept) == 1 and picked(t) is not None,
    "It picks “{w}”, the favourite.": lambda t: len(again(t).kept) > 1 and picked(t) == next(iter(again(t).kept)),
    "It picks “{w}”: place {r} of {n}.": lambda t: (
        picked(t) is not None and t.shown["r"] == f"{1 + list(again(t).kept).index(picked(t)):,}" and t.shown["n"] == f"{len(again(t).kept):,}"
        and t.shown["r"] != "1"
    ),
    "Same odds, five different numbers. That is why.": lambda t: distinct(t) > 1 and len({numbers((t.params.seed + n) % 2**31, 1)[0] for n in range(5)}) == 5,
    "Five numbers, yet each time the same tokens.": lambda t: distinct(t) == 1,
    "The token joins the text. The model reads again.": lambda t: len(written(t)) > 1,
    "The token joins the text.": lambda t: len(written(t)) == 1,
    "It drew its end mark, so it stops.": ended,
    "It can read no more, so it stops.": lambda t: full(t) and not ended(t),
    "Here we stop it.": lambda t: len(written(t)) == t.params.tokens and not ended(t) and not full(t),
    "The first draw again. Push the needle a little.": general("what is shown next"),
    "Moved by {a}: the same text.": lambda t: number(t, "a") == first_changing(t)[0] > 0,
    "It stands close to an edge.": lambda t: first_changing(t) == (0.0, NUDGES[0]),
    "Moved by {b}: another story.": lambda t: number(t, "b") == first_changing(t)[1] > 0,
    "However far it was moved, the text stayed.": lambda t: first_changing(t)[1] == 0,
    "The control: the last text’s numbers, once more.": general("what is shown next"),
    "The same numbers give the same text.": lambda t: tuple(t.trace["replay.ids"].tolist()) == five(t)[-1],
    "The same numbers give another text.": lambda t: tuple(t.trace["replay.ids"].tolist()) != five(t)[-1],
    "No random numbers: always take the favourite.": lambda t: tuple(t.trace["greedy.ids"].tolist()) == greedy(t)[0],
    "Always the same. And still wrong.": lambda t: len(set(greedy(t))) == 1 and asked(t) and not right(t, greedy(t)[0]),
    "Five times the same.": lambda t: len(set(greedy(t))) == 1,
    "Must each step read the whole text anew?": general("a question"),
    "With one step, there is nothing to spare.": lambda t: len(written(t)) == 1 and spared(t) == 1,
    "It keeps keys and values: {r} times less to multiply.": lambda t: cached_alike(t) and t.shows("r", spared(t)) and number(t, "r") > 1,
    "It keeps keys and values; here that spares little.": lambda t: t.trace["total_ratio"] < 1.05 and cached_alike(t),
    "Kept keys and values change these scores a little.": lambda t: t.trace["cache_difference"].max() > 0.001,
    "Same beginning, different numbers, different texts.": lambda t: distinct(t) > 1,
    "Same beginning, different numbers, and one text.": lambda t: distinct(t) == 1,
    "Which setting would make it right?": none_right,
    "Which setting would make it better?": lambda t: not none_right(t),
}  # fmt: skip


# Cases ----------------------------------------------------------------------------------------------------------

SHORT: dict[str, Any] = {"prompt": "The cat", "tokens": 4}
CASES: dict[str, dict[str, Any]] = {
    "usual": {"tokens": 4},
    "one token of prompt, two steps": {"prompt": "a", "tokens": 2, "temperature": 1.0, "top_k": 0, "top_p": 0.5},
    "coldest": {**SHORT, "temperature": 0.01},
    "hottest, nothing cut": {**SHORT, "temperature": 10.0, "top_k": 0, "top_p": 1.0},
    "greedy": {**SHORT, "top_k": 1, "top_p": 0.5},
    "greedy sum": {"top_k": 1, "tokens": 3},
    "larger than the vocabulary": {**SHORT, "top_k": 1_000_000, "top_p": 1.0},
    "two stay": {**SHORT, "top_k": 2, "top_p": 1.0, "tokens": 2, "seed": 5},
    "top-p alone, a single one": {**SHORT, "temperature": 0.3, "top_k": 0, "top_p": 0.001},
    "all alike": {**SHORT, "name": "flat", "top_k": 5, "top_p": 0.93},
    "all alike, greedy": {**SHORT, "name": "flat", "top_k": 1},
    "it ends": {"prompt": "The cat", "tokens": 30, "name": "ending", "seed": 3},
    "it ends at once": {"prompt": "The cat", "tokens": 3, "name": "ending", "seed": 29},
    "full": {"prompt": "abc", "tokens": 30, "name": "short"},
    "logits apart": {**SHORT, "changes": {"cache_difference": [0.2, 0.2, 0.2, 0.2]}},
    "little to read": {**SHORT, "changes": {"total_ratio": 1.04}},
}
SCARCE = {
    "All five see nearly the same scores.", "The same numbers give another text.", "Even so, they differ.",
    "Its favourite is “{w}”. The right answer gets {q}.", "Five different answers. Not one begins right.", "It stands close to an edge.",
}  # fmt: skip
"""Sentences for machines that do not repeat themselves, and those that the real model alone gives cause for."""


@pytest.fixture(scope="module")
def lessons() -> dict[str, tuple[Told, ...]]:
    return {name: told_by(**case) for name, case in CASES.items()}


def test_every_sentence_is_so(lessons):
    assert {name: found for name, told in lessons.items() if (found := faults(told, CHECKS))} == {}


def test_every_sentence_has_been_heard(lessons):
    assert set(CHECKS) - {one.template for told in lessons.values() for one in told} - SCARCE == set()


def test_no_sentence_is_believed_the_other_way_round(lessons):
    heard: dict[str, Told] = {}
    for told in lessons.values():
        for one in told:
            heard.setdefault(one.template, one)
    assert believed_the_other_way_round(list(heard.values())) == []


def test_cold_and_hot_exchanged_in_the_source_is_noticed(lessons):
    chapter = load(SLUG)
    found = mutants(chapter, (("low", "high"),))
    assert len(found) >= 2
    for mutant in found:
        told = lessons["usual"]
        assert faults(tell(mutated(chapter, mutant), told[0].trace, model="toy", **params_of(told)), CHECKS)


def believed_the_other_way_round(told: Sequence[Told]) -> list[str]:
    return [turned.text for one in told for turned in opposites(one, PAIRS) if fault(turned, CHECKS) is None]


def params_of(told: tuple[Told, ...]) -> dict[str, Any]:
    return {name: value for name, value in told[0].params.model_dump().items() if name != "model"}


drawn = st.fixed_dictionaries(
    {
        "prompt": st.sampled_from(["x", "The cat sat", "2 + 2 =", "日本", "  "]),
        "tokens": st.integers(2, 4),
        "temperature": st.one_of(st.sampled_from([0.01, 1.0, 10.0]), st.floats(0.01, 10)),
        "top_k": st.one_of(st.sampled_from([0, 1, 451, 452, 453]), st.integers(2, 60)),
        "top_p": st.one_of(st.sampled_from([0.001, 1.0]), st.floats(0.3, 1)),
        "seed": st.integers(0, 2**31 - 1),
        "name": st.sampled_from(["toy model", "toy model", "flat", "ending", "open", "short"]),
    }
)


@settings(max_examples=12, phases=[Phase.generate])
@given(case=drawn)
def test_every_sentence_is_so_under_any_parameters(case):
    assert faults(told_by(**case), CHECKS) == []


@needs_model
def test_every_sentence_is_so_of_the_real_model():
    with users_cache():
        told = tell(load(SLUG))
        assert faults(told, CHECKS) == []
        assert {"Five different answers. Not one begins right.", "Its favourite is “{w}”. The right answer gets {q}."} < {one.template for one in told}
        assert believed_the_other_way_round(told) == []
