"""Attention against torch's own and against loops."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import scaled_dot_product_attention

from nnanim.params import ParameterError
from nnanim.sim import attention, language_model

SENTENCE = "The cat sat on the mat because it was tired"


# The toy head ------------------------------------------------------------------------------------------


@settings(max_examples=60)
@given(st.integers(1, 12), st.integers(1, 9), st.integers(1, 9), st.integers(0, 2**31 - 1), st.floats(0.1, 5.0))
def test_attend_is_torchs_own(tokens, width, value_width, seed, gain):
    generator = torch.Generator().manual_seed(seed)
    q, k = (gain * torch.randn(tokens, width, generator=generator, dtype=torch.float64) for _ in range(2))
    v = torch.randn(tokens, value_width, generator=generator, dtype=torch.float64)
    steps = attention.attend(q, k, v)
    torch.testing.assert_close(steps["output"], scaled_dot_product_attention(q, k, v, is_causal=True))
    torch.testing.assert_close(steps["row_sums"], torch.ones(tokens, dtype=torch.float64))
    torch.testing.assert_close(steps["scaled"] * math.sqrt(width), q @ k.T)
    assert not steps["weights"][~attention.causal_mask(tokens)].any()
    torch.testing.assert_close(steps["products"].sum(-1), steps["scores"])
    torch.testing.assert_close(steps["exponentials"] / steps["exponential_sums"][:, None], steps["weights"])


@settings(max_examples=30)
@given(st.integers(2, 5), st.integers(2, 4), st.integers(0, 2**31 - 1))
def test_the_toy_head_by_loops(tokens, width, seed):
    toy = {name.removeprefix("toy."): array for name, array in attention.toy_head(tokens, width, seed).items()}
    for name, decimals in {"x": 1, "w_q": 1, "w_k": 1, "w_v": 1, "q": 2, "k": 2, "v": 2}.items():
        np.testing.assert_array_equal(toy[name], np.round(toy[name], decimals), err_msg=name)  # nothing shown is rounded
    for i in range(tokens):
        q = [sum(toy["x"][i, n] * toy["w_q"][n, m] for n in range(width)) for m in range(width)]
        scores = []
        for j in range(i + 1):
            k = [sum(toy["x"][j, n] * toy["w_k"][n, m] for n in range(width)) for m in range(width)]
            scores.append(sum(a * b for a, b in zip(q, k, strict=True)))
        shares = [math.exp(score / math.sqrt(width)) for score in scores]
        shares = [share / sum(shares) for share in shares]
        output = [
            sum(share * (toy["x"][j] @ toy["w_v"])[m] for j, share in enumerate(shares)) for m in range(width)
        ]
        np.testing.assert_allclose(toy["scores"][i, : i + 1], scores, atol=1e-12)
        np.testing.assert_allclose(toy["weights"][i, : i + 1], shares, atol=1e-12)
        np.testing.assert_allclose(toy["output"][i], output, atol=1e-12)
    assert toy["first_products"].sum() == pytest.approx(toy["q"][0, 0])
    assert toy["root_d"] ** 2 == pytest.approx(width)


def test_the_toy_head_follows_its_seed_only():
    first, again, other = (attention.toy_head(4, 3, seed) for seed in (5, 5, 6))
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert not np.array_equal(first["toy.x"], other["toy.x"])


# One head of a language model --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def toy_model() -> Any:
    return language_model.toy(seed=3)


@pytest.mark.parametrize(("layer", "head"), [(1, 1), (2, 3), (1, 4)])
def test_a_head_of_the_model_attends_as_torch_does(toy_model, layer, head):
    arrays, text = attention.sentence_head(toy_model, SENTENCE, layer, head, "it")
    kept = toy_model.forward(toy_model.encode(SENTENCE), keep=("queries", "keys", "values", "heads"))
    shared = toy_model.config.n_heads // toy_model.config.n_kv_heads
    q = kept.queries[layer - 1, head - 1]
    k, v = (part[layer - 1, (head - 1) // shared] for part in (kept.keys, kept.values))
    ones = torch.eye(len(k))  # values that are unit vectors: the output is the attention itself
    expected = scaled_dot_product_attention(q[None], k[None], ones[None], is_causal=True)[0]
    np.testing.assert_allclose(arrays["attention"], expected.numpy(), atol=1e-6)
    torch.testing.assert_close(scaled_dot_product_attention(q[None], k[None], v[None], is_causal=True)[0], kept.heads[layer - 1, head - 1])
    weights, looking = arrays["attention"], int(arrays["looking"])
    target = max(range(looking + 1), key=lambda place: weights[looking, place])
    others = [place for place in range(1, len(weights)) if place >= target and place != looking]  # the first has no choice
    assert arrays["target"] == target
    assert arrays["rivals"] == len(others)
    clear = [sum(f"{w:.2f}" >= f"{weights[place, target]:.2f}" for w in weights[place]) == 1 for place in others]
    assert arrays["followers"] == sum(clear)
    assert (text["model"], text["weights"]) == ("toy model", "random weights")


def test_which_token_looks():
    texts = ["The", " cat", " saw", " it", " and", " it", " ran", "."]
    assert attention.looking_token(texts, None) == 5
    assert attention.looking_token(["A", " cat", " ran", "."], None) == 2
    assert attention.looking_token([".", "!"], None) == 1
    assert attention.looking_token(texts, "cat") == 1
    assert attention.looking_token(texts, "the") == 0
    with pytest.raises(ParameterError, match=r"word must be one of the sentence’s tokens, got “dog” \(its tokens are “The”"):
        attention.looking_token(texts, "dog")


def test_what_cannot_be_shown_is_refused(toy_model):
    for layer in (0, 3, -1):
        with pytest.raises(ParameterError, match="layer must be a whole number from 1 to 2 in toy model"):
            attention.check_head(toy_model, layer, 1)
    with pytest.raises(ParameterError, match="head must be a whole number from 1 to 4 in toy model, got 5"):
        attention.check_head(toy_model, 1, 5)
    for sentence in ("a", "the cat " * 20):
        with pytest.raises(ParameterError, match="sentence must have 2 to 16 tokens, got"):
            attention.sentence_tokens(toy_model, sentence)


def test_the_real_head_of_the_reference():
    """Numbers of an earlier trial with another program; skipped where the model is not installed."""
    try:
        model = language_model.load("smollm2")
    except ParameterError as missing:
        pytest.skip(str(missing))
    arrays, _ = attention.sentence_head(model, SENTENCE, 14, 9, None)
    assert (arrays["looking"], arrays["target"]) == (7, 1)
    assert arrays["attention"][7, 1] == pytest.approx(0.80, abs=0.005)
    assert (arrays["rivals"], arrays["followers"], arrays["undecided"], arrays["equals"]) == (8, 5, 0, 0)
