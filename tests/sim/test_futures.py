"""Futures of one beginning: drawn again by loops over the whole text, with numbers of a generator of our own."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nnanim.sim import futures as subject
from nnanim.sim import language_model
from nnanim.sim.futures import FUTURES, NUDGES, futures, heats, moved, numbers_of, seeds_from
from nnanim.sim.generation import Sampling
from nnanim.trace import Trace

MODEL = language_model.toy()


def drawn_again(ids: list[int], steps: int, sampling: Sampling, numbers: list[float]) -> list[int]:
    """The text once more: no cache, probabilities by loops, and the piece of the line on which each number falls."""
    text = list(ids)
    for number in numbers[:steps]:
        logits = MODEL.forward(text).logits[-1].double().tolist()
        order = sorted(range(len(logits)), key=lambda token: (-logits[token], token))
        order = order[: sampling.top_k or None]
        weights = [math.exp((logits[token] - logits[order[0]]) / sampling.temperature) for token in order]
        total, reached, kept = sum(weights), 0.0, []
        for token, weight in zip(order, weights, strict=True):
            kept.append((token, weight))
            reached += weight / total
            if sampling.top_p < 1 and reached >= sampling.top_p:
                break
        line = np.cumsum([weight for _, weight in kept]) / sum(weight for _, weight in kept)
        text.append(kept[min(int((line <= number).sum()), len(kept) - 1)][0])
        if text[-1] in MODEL.tokenizer.end_ids:
            break
    return text[len(ids) :]


def first_numbers(seed: int, count: int) -> list[float]:
    return torch.rand(count, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).tolist()


chosen = st.tuples(
    st.sampled_from(["The cat", "x", "2 + 2 = "]), st.integers(2, 4), st.floats(0.3, 3), st.sampled_from([0, 1, 3, 40]),
    st.sampled_from([0.5, 0.95, 1.0]), st.integers(0, 2**31 - 1),
)  # fmt: skip


def made(case: tuple) -> tuple[Trace, list[int], int, Sampling, int]:
    prompt, steps, temperature, top_k, top_p, seed = case
    sampling = Sampling(temperature, top_k, top_p)
    return futures(MODEL, prompt, steps, sampling, seed), MODEL.encode(prompt), steps, sampling, seed


@settings(max_examples=12, deadline=None)
@given(case=chosen)
def test_each_future_is_drawn_with_the_numbers_of_its_own_seed(case):
    trace, ids, steps, sampling, seed = made(case)
    seeds = [(seed + place) % 2**31 for place in range(FUTURES)]
    assert trace["future_seeds"].tolist() == seeds
    texts = [drawn_again(ids, steps, sampling, first_numbers(each, steps)) for each in seeds]
    assert [trace[f"futures[{place}].ids"].tolist() for place in range(FUTURES)] == texts
    assert trace["ids"].tolist() == ids + texts[0]
    assert trace["future_draws"].tolist() == [first_numbers(each, 1)[0] for each in seeds]
    assert int(trace["distinct"]) == len({tuple(text) for text in texts})
    assert json.loads(trace.text["futures"]) == [MODEL.token_texts(text) for text in texts]
    assert trace["replay.ids"].tolist() == texts[-1]
    assert trace["greedy.ids"].tolist() == drawn_again(ids, steps, Sampling(1.0, 1), [0.5] * steps)
    assert int(trace["greedy_count"]) == FUTURES
    assert trace["logit_differences"].tolist() == [0.0] * FUTURES


@settings(max_examples=12, deadline=None)
@given(case=chosen)
def test_a_nudge_is_the_first_that_makes_another_text(case):
    trace, ids, steps, sampling, seed = made(case)
    start, *rest = first_numbers(seed, steps)

    def text(by: float) -> list[int]:
        return drawn_again(ids, steps, sampling, [start + by if start + by < 1 else start - by, *rest])

    other = [by for by in NUDGES if text(by) != text(0)]
    assert float(trace["nudge_other"]) == (other[0] if other else 0)
    before = [by for by in NUDGES if not other or by < other[0]]
    assert float(trace["nudge_none"]) == (before[-1] if before else 0)
    assert trace["nudged_same.ids"].tolist() == text(0)
    assert trace["nudged.ids"].tolist() == text(other[0] if other else NUDGES[-1])


@settings(max_examples=12, deadline=None)
@given(case=chosen)
def test_the_chance_of_a_text_is_the_product_of_its_shares(case):
    trace, ids, _, sampling, _ = made(case)
    product, text = 1.0, list(ids)
    for step, token in enumerate(trace["ids"].tolist()[len(ids) :]):
        logits = MODEL.forward(text).logits[-1].double() / sampling.temperature
        shares = torch.softmax(logits, 0).sort(descending=True).values[: int(trace["kept_counts"][step])]
        product *= float(torch.softmax(logits, 0)[token] / shares.sum())
        assert trace["chances"][step] == pytest.approx(product, rel=1e-4)
        assert trace["one_in"][step] == pytest.approx(1 / product, rel=1e-4)
        assert trace["drawn_places"][step] == 1 + int((logits > logits[token]).sum())
        text.append(token)


@given(
    logits=st.lists(st.floats(-20, 20, width=32), min_size=2, max_size=30).map(torch.tensor), end=st.floats(0.05, 10), top=st.integers(1, 10)
)
def test_temperatures_lead_from_one_through_cold_and_hot_to_the_one_in_use(logits, end, top):
    temperatures, rows = heats(logits, top, end)
    legs = (len(temperatures) - 1) // 3
    assert temperatures[0] == 1 and temperatures[-1] == pytest.approx(end)
    assert temperatures[legs] == pytest.approx(min(subject.COLDEST, end)) and temperatures[2 * legs] == pytest.approx(max(subject.HOTTEST, end))
    place = len(temperatures) // 2
    ordered = logits.double().sort(descending=True).values
    expected = torch.softmax(ordered / float(temperatures[place]), 0)
    np.testing.assert_allclose(rows[place][: min(top, len(logits))], expected[:top], atol=1e-12)
    np.testing.assert_allclose(rows.sum(axis=1), 1, atol=1e-12)


def test_a_moved_number_stays_between_zero_and_one():
    assert [moved(0.5, 0.3), moved(0.75, 0.5)] == [0.8, 0.25]
    assert all(0 <= moved(number, by) < 1 for number in first_numbers(0, 200) for by in NUDGES)
    assert [next(numbers_of(7)) for _ in range(2)] == [first_numbers(7, 1)[0]] * 2
    assert seeds_from(2**31 - 2, 3) == [2**31 - 2, 2**31 - 1, 0]


@given(one=st.integers(0, 999), other=st.integers(0, 999), said=st.integers(0, 3000), spaces=st.sampled_from(["", " ", "  "]))
def test_a_sum_is_judged_by_its_first_whole_number(one, other, said, spaces):
    from nnanim.sim.sums import answer_to, begins_with, judged

    prompt = f"{spaces}{one}{spaces}+{other} ={spaces}"
    assert answer_to(prompt) == one + other
    for after in ("", ".", " + 1", ", so"):
        assert begins_with(f"{spaces}{said}{after}", one + other) == (said == one + other)
    assert not begins_with(f"{one + other}7", one + other)
    found = judged(prompt, [f"{one + other}.", "x", str(one + other)], f"{one + other}0", ["x", f" {one + other}"])
    assert found == {"sum_asked": 1, "right_count": 2, "greedy_right": 0, "right_place": 1}


@pytest.mark.parametrize("prompt", ["2 + 2", "2 - 2 =", "What is 2 + 2 =", "2 + 2 = 4", "x + 1 ="])
def test_what_is_no_sum_is_not_judged(prompt):
    from nnanim.sim.sums import judged

    assert judged(prompt, ["4"], "4", ["4"]) == {"sum_asked": 0, "right_count": 0, "greedy_right": 0, "right_place": -1}
