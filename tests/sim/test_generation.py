"""Sampling against `transformers`, counts against counted matrix products, and traces against passes made anew."""

from __future__ import annotations

import json

import numpy as np
import pytest
import scipy.stats
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nnanim.params import ParameterError
from nnanim.sim import language_model
from nnanim.sim.checkpoint import Config
from nnanim.sim.generation import Choice, Sampling, choose, counted_pass, draw, entropy, generate
from nnanim.sim.language_model import LanguageModel
from nnanim.sim.tokenizer import Tokenizer
from nnanim.trace import Trace

logit_rows = st.lists(st.floats(-30, 30, width=32), min_size=1, max_size=40).map(torch.tensor)
samplings = st.builds(
    Sampling,
    temperature=st.floats(0.05, 5),
    top_k=st.integers(0, 45),
    top_p=st.one_of(st.just(1.0), st.floats(0.01, 1)),
)


# Sampling -------------------------------------------------------------------------------------------------


def of_transformers(logits: torch.Tensor, sampling: Sampling) -> torch.Tensor:
    """The distribution that the library draws from, by token id."""
    transformers = pytest.importorskip("transformers", reason="transformers is only needed by tests")
    scores = transformers.TemperatureLogitsWarper(sampling.temperature)(None, logits.double()[None])
    if sampling.top_k:
        scores = transformers.TopKLogitsWarper(sampling.top_k)(None, scores)
    if sampling.top_p < 1:
        scores = transformers.TopPLogitsWarper(sampling.top_p)(None, scores)
    return torch.softmax(scores[0], dim=0)


def by_id(choice: Choice) -> torch.Tensor:
    return torch.empty_like(choice.kept_probabilities).scatter(0, choice.order, choice.kept_probabilities)


@settings(max_examples=80)
@given(logits=logit_rows, sampling=samplings)
def test_the_distribution_is_that_of_transformers(logits, sampling):
    assume(len(logits.unique()) == len(logits))  # ties: theirs keeps all that equal the k-th
    choice = choose(logits, sampling)
    assume(sampling.top_p == 1 or nowhere_near(choice, sampling))
    torch.testing.assert_close(by_id(choice), of_transformers(logits, sampling), atol=1e-9, rtol=1e-6)


@st.composite
def where_both_cut(draw: st.DrawFn) -> tuple[torch.Tensor, Sampling, int]:
    """Logits of which top-k cuts some and top-p some more, and how many would stay if top-p were taken of all tokens.

    How many are to stay is drawn first; top-p then lies between the shares that so many, and one fewer, reach of what top-k left.
    """
    steps = draw(st.lists(st.floats(0.05, 1.5), min_size=7, max_size=30))
    logits = torch.tensor(steps).cumsum(0)[torch.randperm(len(steps), generator=torch.Generator().manual_seed(len(steps)))]
    temperature = draw(st.floats(0.8, 4))
    top_k = draw(st.integers(3, len(steps) - 3))
    shares = torch.softmax(logits.double() / temperature, 0).sort(descending=True).values
    reached = (shares[:top_k] / shares[:top_k].sum()).cumsum(0)
    count = draw(st.integers(2, top_k - 1))
    top_p = float(reached[count - 2] + draw(st.floats(0.1, 0.9)) * (reached[count - 1] - reached[count - 2]))
    of_all = int((shares.cumsum(0) < top_p).sum()) + 1
    return logits, Sampling(temperature, top_k, top_p), min(of_all, top_k)


def test_top_p_is_taken_of_what_top_k_left():
    at_stake = []

    @settings(max_examples=100)
    @given(case=where_both_cut())
    def holds(case):
        logits, sampling, of_all = case
        choice = choose(logits, sampling)
        assert nowhere_near(choice, sampling)
        torch.testing.assert_close(by_id(choice), of_transformers(logits, sampling), atol=1e-9, rtol=1e-6)
        kept = int(choice.kept.sum())
        assert 2 <= kept < sampling.top_k < len(logits)  # both cut
        at_stake.append(kept != of_all)  # and the other order would leave other tokens

    holds()
    assert sum(at_stake) >= 40, f"the order of the cuts was at stake in {sum(at_stake)} of {len(at_stake)} examples"


def nowhere_near(choice, sampling) -> bool:
    """Whether no sum of probabilities is so close to top-p that rounding decides."""
    share = choice.probabilities[: sampling.top_k or None]
    return bool(((share / share.sum()).cumsum(0) - sampling.top_p).abs().min() > 1e-9)


@settings(max_examples=100)
@given(logits=logit_rows, sampling=samplings, number=st.floats(0, 1, exclude_max=True))
def test_a_draw_falls_into_its_piece_of_the_line(logits, sampling, number):
    choice = choose(logits, sampling)
    rank = draw(choice, number)
    assert choice.kept[rank]
    assert choice.kept_probabilities[rank] > 0 or rank == 0
    before = float(choice.kept_probabilities[:rank].sum())
    assert before - 1e-9 <= number <= before + float(choice.kept_probabilities[rank]) + 1e-9
    count = int(choice.kept.sum())
    assert choice.kept[:count].all() and not choice.kept[count:].any()
    assert float(choice.kept_probabilities.sum()) == pytest.approx(1)
    assert (choice.probabilities.diff() <= 0).all()


def test_many_draws_pile_up_to_the_distribution():
    choice = choose(torch.tensor([2.0, 1.0, 0.5, -1.0, 1.5]), Sampling(0.7, 4, 0.97))
    generator = torch.Generator().manual_seed(0)
    numbers = torch.rand(4000, generator=generator, dtype=torch.float64)
    counts = np.bincount([draw(choice, float(u)) for u in numbers], minlength=5)
    kept = choice.kept_probabilities.numpy()
    assert counts[kept == 0].sum() == 0
    assert scipy.stats.chisquare(counts[kept > 0], 4000 * kept[kept > 0]).pvalue > 0.001


def test_extreme_temperatures_stay_numbers():
    logits = torch.tensor([3.0, 1.0, 2.0])
    assert choose(logits, Sampling(1e-300)).probabilities.tolist() == [1, 0, 0]
    torch.testing.assert_close(choose(logits, Sampling(1e300)).probabilities, torch.full((3,), 1 / 3).double())
    assert choose(torch.zeros(4), Sampling(top_k=2)).order[:2].tolist() == [0, 1]  # equal ones by id


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"temperature": 0.0}, "temperature must be > 0, got 0 .*top_k=1"),
        ({"temperature": -1.0}, "temperature must be > 0, got -1"),
        ({"temperature": float("nan")}, "temperature must be > 0, got nan"),
        ({"top_k": -1}, "top_k must be ≥ 0"),
        ({"top_p": 0.0}, "top_p must be > 0 and ≤ 1, got 0"),
        ({"top_p": 1.1}, "top_p must be > 0 and ≤ 1, got 1.1"),
    ],
)
def test_sampling_out_of_bounds_is_refused(wrong, said):
    with pytest.raises(ParameterError, match=said):
        Sampling(**wrong)


@given(logits=logit_rows)
def test_entropy_is_that_of_scipy(logits):
    probabilities = choose(logits, Sampling()).probabilities
    assert entropy(probabilities) == pytest.approx(scipy.stats.entropy(probabilities.numpy(), base=2), abs=1e-9)


# Counting ---------------------------------------------------------------------------------------------------


def random_model(config: Config) -> LanguageModel:
    from nnanim.sim.checkpoint import Checkpoint

    weights = {f"{name}.weight": torch.randn(*shape) for name, shape in language_model._shapes(config).items()}
    return LanguageModel(Checkpoint(config, weights, Tokenizer.toy(), "random"))


def multiplications(c: Config, new: int, cached: int = 0) -> int:
    """Those of a pass that reads ``new`` tokens behind ``cached`` ones and says what comes next, by their matrices' sizes.

    For each new token and layer: its query, d·h·d_h; its key and value, 2·d·h_kv·d_h; the way back, h·d_h·d; the
    feed-forward layer, 3·d·d_ff; its scores with all tokens and the weighted sum of their values, 2·(new + cached)·h·d_h.
    Then, for the last token only, a logit for every token of the vocabulary, d·V.
    """
    width = c.n_heads * c.d_head
    attention = 2 * c.d_model * width + 2 * c.d_model * c.n_kv_heads * c.d_head + 2 * (new + cached) * width
    return c.n_layers * new * (attention + 3 * c.d_model * c.d_feed_forward) + c.d_model * c.n_vocabulary


configs = st.builds(
    lambda layers, kv, shared, d_head, d_model, d_ff: Config(
        name="random", weights_note="random weights", n_layers=layers, n_heads=kv * shared, n_kv_heads=kv, d_model=d_model, d_head=2 * d_head,
        d_feed_forward=d_ff, n_vocabulary=300, n_context=64,
    ),
    st.integers(1, 3), st.integers(1, 3), st.integers(1, 3), st.integers(1, 4), st.integers(2, 20), st.integers(1, 30),
)  # fmt: skip


@settings(max_examples=40)
@given(config=configs, new=st.integers(1, 9), cached=st.integers(0, 9))
def test_the_multiplications_counted_are_those_of_the_matrices(config, new, cached):
    model = random_model(config)
    cache = model.new_cache()
    if cached:
        model.forward([1] * cached, cache, keep=())
    logits, work = counted_pass(model, [2] * new, cache)
    assert work == multiplications(config, new, cached)
    torch.testing.assert_close(logits, model.forward([1] * cached + [2] * new, keep=()).logits[-1], atol=1e-3, rtol=1e-3)


# Generation -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def toy() -> LanguageModel:
    return language_model.toy(4)


@settings(max_examples=12)
@given(sampling=samplings, seed=st.integers(0, 2**31 - 1), prompt=st.text(min_size=1, max_size=12), steps=st.integers(1, 7))
def test_every_step_can_be_derived_again(toy, sampling, seed, prompt, steps):
    trace = generate(toy, prompt, steps, sampling, seed)
    ids, length = trace["ids"].tolist(), int(trace["prompt_length"])
    assert ids[:length] == toy.encode(prompt)
    assert len(ids) == length + steps == length + int(trace["step_count"])
    generator = torch.Generator().manual_seed(seed)
    for step in range(steps):
        logits = toy.forward(ids[: length + step]).logits[-1].double()
        order = logits.argsort(descending=True)[:10]
        np.testing.assert_allclose(trace["top_logits"][step], logits[order], atol=1e-3)
        plain, warm = torch.softmax(logits, 0), torch.softmax(logits / sampling.temperature, 0)
        np.testing.assert_allclose(trace["top_plain"][step], plain[order], atol=1e-3)
        np.testing.assert_allclose(trace["rest_plain"][step], 1 - plain[order].sum(), atol=1e-3)
        np.testing.assert_allclose(
            trace["top_probabilities"][step].sum() + trace["rest_probabilities"][step], 1, atol=1e-9
        )
        number = torch.rand((), generator=generator, dtype=torch.float64).item()
        assert trace["draws"][step] == number
        drawn = ids[length + step]
        assert drawn == trace["drawn_ids"][step]
        assert trace["drawn_logits"][step] == pytest.approx(float(logits[drawn]), abs=1e-3)
        assert trace["drawn_probabilities"][step] == pytest.approx(float(warm[drawn]), abs=2e-2 / sampling.temperature**2)
        assert trace["drawn_from"][step] <= number + 1e-9
        assert number <= trace["drawn_to"][step] + 1e-9
        assert trace["drawn_to"][step] - trace["drawn_from"][step] == pytest.approx(trace["drawn_kept_probabilities"][step])
        rank = int(trace["drawn_ranks"][step])
        if rank < 10:
            assert trace["top_ids"][step][rank] == drawn
            assert trace["top_kept"][step][rank] == 1
        kept = trace["top_kept_probabilities"][step].sum() + trace["rest_kept_probabilities"][step]
        assert kept == pytest.approx(1)
        assert trace["kept_counts"][step] == trace["top_kept"][step].sum() + trace["rest_kept_counts"][step]
    assert (trace["cache_difference"] < 1e-3).all()
    assert trace["cache_difference"].max() <= trace["agreement"] <= max(10 * trace["cache_difference"].max(), 1e-9) * (1 + 1e-9)
    assert trace["likeliest_count"] == sum(logit == row[0] for logit, row in zip(trace["drawn_logits"], trace["top_logits"], strict=True))
    assert trace["end_marks"] == 0


def test_the_same_seed_gives_the_same_text_and_another_seed_another(toy):
    def run(seed: int, temperature: float = 1.5) -> Trace:
        return generate(toy, "The cat", 12, Sampling(temperature), seed)

    torch.manual_seed(5)  # the global generator has no part in it
    first = run(3)
    torch.manual_seed(6)
    assert first.digest == run(3).digest
    assert run(3).text["continuation"] != run(4).text["continuation"]
    assert run(3).digest != run(3, 1.4).digest


def test_one_token_kept_is_the_greedy_choice(toy):
    trace = generate(toy, "The cat", 8, Sampling(2.0, top_k=1), 0)
    ids = toy.encode("The cat")
    for drawn in trace["drawn_ids"]:
        assert drawn == int(toy.forward(ids).logits[-1].argmax())
        ids.append(int(drawn))
    assert trace["drawn_kept_probabilities"].tolist() == [1.0] * 8
    assert trace["kept_entropies"].tolist() == [0.0] * 8
    narrow = generate(toy, "The cat", 8, Sampling(1.0, top_p=1e-6), 1)
    assert narrow["ids"].tolist() == trace["ids"].tolist()


def test_work_is_counted_with_and_without_the_cache(toy):
    trace = generate(toy, "abc", 5, Sampling(), 0)
    c, length = toy.config, int(trace["prompt_length"])
    assert trace["context_lengths"].tolist() == [length + s for s in range(5)]
    assert trace["total_uncached"][-1] == sum(multiplications(c, length + s) for s in range(5))
    assert trace["total_cached"][-1] == multiplications(c, length) + sum(multiplications(c, 1, length + s) for s in range(4))
    assert trace["caches"] == 1
    assert trace["total_ratio"] == trace["total_uncached"][-1] / trace["total_cached"][-1] > 1
    assert trace["readable_cached"] == trace["total_cached"][-1] / {"million": 1e6, "thousand": 1e3}[trace.text["unit"]]


def test_texts_are_beside_the_numbers(toy):
    trace = generate(toy, "Hello 🌍", 4, Sampling(), 1)
    ids = trace["ids"].tolist()
    assert json.loads(trace.text["tokens"]) == toy.token_texts(ids)
    assert json.loads(trace.text["top_tokens"])[2] == toy.token_texts(trace["top_ids"][2].tolist())
    assert trace.text["continuation"] == toy.decode(ids[int(trace["prompt_length"]) :])
    assert (trace.text["model"], trace.text["weights_note"]) == ("toy model", "random weights")
    assert len(trace.digest) == 64  # pieces of characters among the tokens do not harm it


def test_it_ends_with_the_mark_of_the_end_or_when_the_model_is_full(toy, monkeypatch):
    monkeypatch.setattr(Tokenizer, "end_ids", frozenset(range(toy.config.n_vocabulary)))
    trace = generate(language_model.toy(4), "abc", 9, Sampling(), 0)
    assert (trace["step_count"], trace["ended"], trace["full"]) == (1, 1, 0)
    monkeypatch.setattr(Tokenizer, "end_ids", frozenset())
    from dataclasses import replace

    small = random_model(replace(toy.config, n_context=8))
    trace = generate(small, "abcde", 9, Sampling(), 0)
    assert (len(trace["ids"]), trace["ended"], trace["full"]) == (8, 0, 1)


@pytest.mark.parametrize(
    ("prompt", "said"),
    [("", "prompt must not be empty"), ("a b c d e f g h", r"prompt must have at most 6 tokens, got \d+")],
)
def test_prompts_that_cannot_be_used_are_refused(toy, prompt, said):
    with pytest.raises(ParameterError, match=said):
        generate(toy, prompt, 3, Sampling(), 0, most_prompt_tokens=6)


def test_progress_is_told(toy):
    told = []
    generate(toy, "a", 4, Sampling(), 0, report=lambda share, what: told.append((share, what)))
    assert told == [(step / 4, "generating") for step in range(4)]
