"""The trial of nouns and last words: places of words, verdicts in a model that is made to look, a head that is cut out."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from nnanim.sim import language_model, pronoun
from nnanim.sim.pronoun import LAST_WORDS, OF_SITTER, PAIRS, SEAT, SITTER


def test_words_are_cut_into_tokens_one_by_one():
    model = language_model.toy()
    words = PAIRS[1].words("tired")
    ids, place = pronoun.word_of_tokens(model, words)
    assert model.decode(ids) == " ".join(words)
    assert sorted(set(place)) == list(range(len(words)))
    for number, word in enumerate(words):
        assert model.decode([token for token, of in zip(ids, place, strict=True) if of == number]).strip() == word


class Looking:
    """The toy model, of which every token looks at one word, which ``where`` chooses from the text."""

    def __init__(self, where):
        self.where = where

    def __getattr__(self, name):
        return getattr(language_model.toy(), name)

    def forward(self, ids, cache=None, keep=("logits",)):
        text = language_model.toy().decode(ids)
        words = text.split()
        ends = [len(language_model.toy().encode(" ".join(words[: n + 1]))) - 1 for n in range(len(words))]
        attention = torch.zeros(2, 4, len(ids), len(ids))
        attention[..., ends[self.where(words)]] = 1
        logits = torch.zeros(1, language_model.toy().config.n_vocabulary)
        return SimpleNamespace(attention=attention, logits=logits)


@pytest.mark.parametrize(
    ("where", "right"),
    [
        (lambda words: SITTER, len(OF_SITTER)),
        (lambda words: SITTER if words[-1] in OF_SITTER else SEAT, len(LAST_WORDS)),
        (lambda words: SEAT if words[-1] in OF_SITTER else SITTER, 0),
        (lambda words: 0, 0),
    ],
)
def test_a_head_is_right_where_it_gives_more_to_the_noun_that_fits(where, right):
    arrays, text = pronoun.pronoun_trial(Looking(where), 1, 1)
    assert arrays["trial.count"].tolist() == [right] * len(PAIRS)
    assert arrays["trial.running"][-1] == right
    assert np.diff(arrays["trial.running"]).tolist() == arrays["trial.right"][0].tolist()
    assert arrays["trial.sorted"][:, : len(OF_SITTER)].sum() == arrays["trial.right"][:, ::2].sum()
    assert "ask.cut_shares" not in arrays
    assert np.allclose(arrays["ask.shares"].sum(axis=1), 1)
    assert text["trial.sentence"] == "The cat sat on the mat because it was tired"


def test_a_head_that_is_cut_out_writes_nothing():
    model = language_model.toy()
    cut = pronoun.without(model, 1, 2)
    ids = model.encode("The cat sat")
    before, after = (each.forward(ids, keep=("heads", "residuals")) for each in (model, cut))
    d = model.config.d_head
    kept = [head for head in range(model.config.n_heads) if head != 2]
    assert torch.equal(before.residuals[1], after.residuals[1])
    assert not torch.allclose(before.residuals[2], after.residuals[2])
    matrix = model.weights["1.output.weight"].view(-1, model.config.n_heads, d)
    written = torch.einsum("htd,ohd->to", after.heads[1, kept], matrix[:, kept])
    middle = after.residuals[1] + written
    expected = middle + cut.feed_forward(1, cut.norm(middle, "1.feed_forward_norm"))
    assert torch.allclose(after.residuals[2], expected, atol=1e-4)


def test_the_pronoun_cannot_see_the_last_word():
    model = language_model.toy()
    one, other = (pronoun.pronoun_shares(model, PAIRS[0].words(last)) for last in LAST_WORDS[:2])
    assert torch.allclose(one, other, atol=1e-5)
    assert torch.allclose(one.sum(dim=-1), torch.ones(()).double(), atol=1e-5)
