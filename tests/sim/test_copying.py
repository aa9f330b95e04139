"""What a head adds to the logits, against the pass that the model makes, and in a model whose head was made to copy."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nnanim.sim import language_model
from nnanim.sim.copying import copying, direct_logits
from nnanim.sim.head_search import Case, Inputs, copying_of

IDS = [72, 9, 200, 31, 72, 9, 200]
ROWS, COLUMNS = [4, 5], [1, 2]


@settings(max_examples=10)
@given(st.integers(0, 2**31 - 1), st.sampled_from([(1, 4, 2), (2, 4, 4), (3, 6, 1)]))
def test_the_heads_add_up_to_the_logits_of_a_model_that_does_nothing_else(seed, sizes):
    """Without embedding in the logits' stream and feed-forward layers, what is left of the stream is what heads wrote."""
    layers, heads, kv_heads = sizes
    model = language_model.toy(seed, layers, heads, kv_heads, d_model=8 * heads)
    for layer in range(layers):
        model.weights[f"{layer}.down.weight"] = torch.zeros_like(model.weights[f"{layer}.down.weight"])
    kept = model.forward(IDS, keep=("logits", "residuals"))
    written = sum(direct_logits(model, layer, head, IDS, ROWS) for layer in range(layers) for head in range(heads))
    last, first = kept.residuals[-1].double(), kept.residuals[0].double()
    embedded = first * torch.rsqrt(last.square().mean(-1, keepdim=True) + model.config.epsilon) * model.weights["norm.weight"]
    expected = kept.logits.double() - embedded @ model.weights["embedding.weight"].double().T
    torch.testing.assert_close(written, expected[ROWS], atol=2e-4, rtol=1e-4)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_head_that_was_made_to_copy_raises_and_one_that_suppresses_lowers(sign):
    """One head as wide as the stream: values are the tokens, the output matrix writes them back, or their opposite."""
    model = language_model.toy(1, n_layers=1, n_heads=1, n_kv_heads=1, d_model=32)
    model.weights["0.value.weight"] = torch.eye(32)
    model.weights["0.output.weight"] = sign * torch.eye(32)
    model.weights["0.query.weight"] = torch.zeros(32, 32)  # it looks at all tokens alike
    lifts = copying(model, 0, 0, [5, 7, 7, 7, 7, 7], [5], [1])
    assert (sign * lifts > 0).all()
    inputs = Inputs([], [Case([5, 7, 7, 7, 7, 7], [5], [1])] * 2, [Case([5, 7, 8, 9, 10, 11], [5], [1])], ([], []))
    arrays = copying_of(model, 0, 0, inputs)
    assert arrays["found.induction.lift"] == pytest.approx(float(lifts[0]))
    assert arrays["found.induction.lifted"] == (sign > 0)
    assert sign * float(arrays["found.induction.control_lift"]) < sign * float(arrays["found.induction.lift"])


def test_a_constant_over_the_vocabulary_is_no_copying():
    model = language_model.toy(2)
    lifts = copying(model, 1, 3, IDS, ROWS, COLUMNS)
    logits = direct_logits(model, 1, 3, IDS, ROWS)
    for row, column, lift in zip(range(2), COLUMNS, lifts, strict=True):
        others = [float(logit) for logit in logits[row]]
        assert float(lift) == pytest.approx(others[IDS[column]] - sum(others) / len(others))
