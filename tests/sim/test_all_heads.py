"""All heads on a sentence and one of them step by step, against torch's own attention and loops."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import scaled_dot_product_attention

from nnanim.sim import language_model
from nnanim.sim.all_heads import DIVISORS, all_heads

SENTENCES = st.lists(st.sampled_from(["the", "cat", "it", "mat", "sat", "x"]), min_size=2, max_size=5).map(" ".join)


@settings(max_examples=15)
@given(SENTENCES, st.integers(0, 9), st.integers(1, 2), st.integers(1, 4))
def test_the_steps_are_those_of_torchs_attention(sentence, seed, layer, head):
    model = language_model.toy(seed)
    arrays, _ = all_heads(model, sentence, layer, head, None)
    looking, n = int(arrays["looking"]), int(arrays["looking"]) + 1
    kept = model.forward(model.encode(sentence), keep=("queries", "keys", "values", "heads"))
    shared = model.config.n_heads // model.config.n_kv_heads
    q = kept.queries[layer - 1, head - 1, looking].double()
    k, v = (part[layer - 1, (head - 1) // shared, :n].double() for part in (kept.keys, kept.values))
    output = scaled_dot_product_attention(q[None, None], k[None], v[None])[0, 0]
    assert np.allclose(arrays["step.output"], output, atol=1e-6)
    assert np.allclose(arrays["step.output"], kept.heads[layer - 1, head - 1, looking], atol=1e-4)
    assert np.allclose(arrays["step.weighted"].sum(axis=0), output)
    assert np.allclose(arrays["step.running"][-1], arrays["step.scores"][int(arrays["target"])])
    assert arrays["step.running"][0] == 0
    assert np.allclose(np.diff(arrays["step.running"]), arrays["step.products"])
    assert arrays["step.shares"].shape == (DIVISORS, n)
    assert np.allclose(arrays["step.shares"][-1], arrays["attention"][looking, :n], atol=1e-5)
    assert np.allclose(arrays["step.shares"][0], torch.softmax(k @ q, 0))
    assert np.allclose(arrays["step.shares"].sum(axis=1), 1)
    agree = sum(a * b > 0 for a, b in zip(q.tolist(), k[int(arrays["target"])].tolist(), strict=True))
    assert arrays["step.agree"] == agree


@settings(max_examples=15)
@given(SENTENCES, st.integers(0, 9))
def test_heads_are_counted_as_loops_count_them(sentence, seed):
    model = language_model.toy(seed)
    arrays, _ = all_heads(model, sentence, 1, 1, None)
    heads = model.forward(model.encode(sentence), keep=("attention",)).attention.flatten(0, 1).tolist()
    looking, target = int(arrays["looking"]), int(arrays["target"])
    rows = [head[looking] for head in heads]
    assert arrays["first_wins"] == sum(row[0] == max(row) for row in rows)
    assert arrays["over_half"] == sum(row[target] > 0.5 for row in rows)
    assert np.allclose(arrays["mean"], np.mean(rows, axis=0), atol=1e-6)
    shares = sorted((row[target] for row in rows), reverse=True)
    assert (float(arrays["best"]), float(arrays["second"])) == pytest.approx(shares[:2])


def test_other_first_tokens_take_the_place_of_the_first():
    model = language_model.toy()
    ids = list(model.encode("The cat sat"))
    arrays, text = all_heads(model, "The cat sat", 1, 1, "sat")
    assert arrays["openings"].shape == (3, 8, len(ids))
    other = [model.encode("My")[0], *ids[1:]]
    kept = model.forward(other, keep=("attention", "values"))
    assert np.allclose(arrays["openings"][1], kept.attention[:, :, int(arrays["looking"])].flatten(0, 1), atol=1e-6)
    lengths = np.sqrt((kept.values.double().numpy() ** 2).sum(-1)).mean(axis=(0, 1))
    assert arrays["opening_lengths"][1] == pytest.approx(lengths[0] / lengths[1:].mean())
    assert text["openings"].startswith('["The", "M"')


def test_what_is_no_plain_softmax_is_not_followed(monkeypatch):
    """A model that hands out queries and keys, but attends otherwise than they say."""
    model = language_model.toy()
    forward = type(model).forward

    def bent(self, ids, cache=None, keep=("logits",)):
        from dataclasses import replace

        kept = forward(self, ids, cache, keep)
        return replace(kept, attention=kept.attention**2 / (kept.attention**2).sum(-1, keepdim=True)) if "attention" in keep else kept

    monkeypatch.setattr(type(model), "forward", bent)
    arrays, _ = all_heads(model, "the cat sat", 1, 1, None)
    assert not any(name.startswith("step.") for name in arrays)
