"""Does a head that looks right know what it looks at? A pronoun, two nouns, and last words that fit only one of them.

“The cat sat on the mat because it was tired”: the last word can mean only one of the two nouns. A head is asked, at the last
word, which noun it gives more to; then other pairs of nouns are put in; then the model is asked in words.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from nnanim.sim.attention import Arrays, Text
from nnanim.sim.language_model import LanguageModel

if TYPE_CHECKING:
    from nnanim.sim.causal_model import CausalModel

SITTER, SEAT = 1, 5
"""Which words of the sentence the two nouns are."""
PRONOUN = 7
OF_SITTER = ("tired", "hungry", "sleepy", "thirsty", "bored", "lonely", "scared", "ill")
OF_SEAT = ("soft", "woven", "flat", "thick", "square", "wide", "cheap", "smooth")
"""Last words that fit one noun only, picked by people."""
LAST_WORDS = tuple(word for both in zip(OF_SITTER, OF_SEAT, strict=True) for word in both)
"""In the order in which they are tried: the two kinds take turns."""


@dataclass(frozen=True)
class Pair:
    """Two nouns, and what joins them."""

    sitter: str
    does: str
    seat: str

    def words(self, last: str) -> list[str]:
        """The sentence, word by word."""
        return f"The {self.sitter} {self.does} the {self.seat} because it was {last}".split()


PAIRS = (
    Pair("cat", "sat on", "mat"), Pair("dog", "lay on", "rug"), Pair("bird", "sat on", "roof"),
    Pair("child", "sat on", "chair"), Pair("boy", "sat on", "bench"), Pair("horse", "stood on", "grass"),
)  # fmt: skip
"""The pair that the head was found with, then the others."""
QUESTIONS = (
    "{text}. The thing that was {last} was the",
    "{text}. What was {last}? The",
    "{text}. Question: What was {last}, the {sitter} or the {seat}? Answer: The",
)
Report = Callable[[float, str], None]


def pronoun_trial(
    model: CausalModel, layer: int, head: int, report: Report = lambda share, what: None
) -> tuple[Arrays, Text]:
    """One head on every pair and last word; layer and head count from 1.

    Returns
    -------
    ``trial.rows`` (P, W, 10)
        What the last word gives to each word, all tokens of a word together.
    ``trial.right`` (P, W)
        1 where it gives more to the noun that the last word fits, else 0; ``trial.sorted`` (P, W) the same, words that fit the
        sitter first; ``trial.count`` (P,) their sums,
        ``trial.running`` (W + 1,) the first pair's sum so far, ``trial.words`` () = W, ``trial.pairs`` () = P - 1.
    ``trial.rule`` ()
        Right answers of the rule “always the sitter”.
    ``trial.pronoun`` (10,)
        What the pronoun gives to each word, in the first sentence.
    ``trial.moved`` ()
        The largest change in what the pronoun gives to anything, over all heads, when the last word changes.
    ``ask.shares`` (Q, 3)
        Probability of the sitter, of the seat (of their first tokens) and of anything else as the answer to each of
        :data:`QUESTIONS` about a word that fits the seat; ``ask.cut_shares`` the same without the head, where the model is
        run by our own code.

    Text ``trial.sentences`` of the first pair, the first of them as ``trial.sentence``, and ``trial.nouns`` of every pair (JSON);
    ``ask.lines``, what is asked first, sentence by sentence (JSON).
    """
    rows = np.zeros((len(PAIRS), len(LAST_WORDS), len(PAIRS[0].words("x"))))
    right = np.zeros(rows.shape[:2], dtype=int)
    for p, pair in enumerate(PAIRS):
        for w, last in enumerate(LAST_WORDS):
            report((p + w / len(LAST_WORDS)) / len(PAIRS), "trying last words")
            rows[p, w] = by_word(model, pair.words(last), layer, head)[-1]
            right[p, w] = (rows[p, w, SITTER] > rows[p, w, SEAT]) == (last in OF_SITTER) and rows[p, w, SITTER] != rows[p, w, SEAT]
    first, other = (pronoun_shares(model, PAIRS[0].words(last)) for last in LAST_WORDS[:2])
    arrays: Arrays = {
        "trial.rows": rows,
        "trial.right": right,
        "trial.sorted": np.concatenate([right[:, ::2], right[:, 1::2]], axis=1),
        "trial.count": right.sum(axis=1),
        "trial.running": np.concatenate([[0], right[0].cumsum()]),
        "trial.words": np.array(len(LAST_WORDS)),
        "trial.pairs": np.array(len(PAIRS) - 1),
        "trial.rule": np.array(len(OF_SITTER)),
        "trial.pronoun": first[layer - 1, head - 1].numpy(),
        "trial.moved": np.array(float((first - other).abs().max())),
    }
    arrays["ask.shares"] = answers(model)
    if isinstance(model, LanguageModel):
        arrays["ask.cut_shares"] = answers(without(model, layer - 1, head - 1))
    return arrays, {
        "trial.sentences": json.dumps([" ".join(PAIRS[0].words(last)) for last in LAST_WORDS]),
        "trial.sentence": " ".join(PAIRS[0].words(LAST_WORDS[0])),
        "ask.lines": json.dumps(QUESTIONS[0].format(text=" ".join(PAIRS[0].words(OF_SEAT[0])), last=OF_SEAT[0]).split(". ")),
        "trial.nouns": json.dumps([f"{pair.sitter}, {pair.seat}" for pair in PAIRS]),
    }


def word_of_tokens(model: CausalModel, words: list[str]) -> tuple[list[int], list[int]]:
    """Token ids of the sentence, cut word by word, and for each the word that it belongs to."""
    pieces = [[int(token) for token in model.encode(f" {word}" if place else word)] for place, word in enumerate(words)]
    return [token for piece in pieces for token in piece], [place for place, piece in enumerate(pieces) for _ in piece]


def by_word(model: CausalModel, words: list[str], layer: int, head: int) -> np.ndarray:
    """One head's attention between words, (W, W): each word looks with its last token, at all tokens of another."""
    ids, place = word_of_tokens(model, words)
    attention = model.forward(ids, keep=("attention",)).attention[layer - 1, head - 1].double().numpy()
    return _gathered(attention, place, len(words))


def pronoun_shares(model: CausalModel, words: list[str]) -> torch.Tensor:
    """What the pronoun gives to each word, in every head, (L, H, W)."""
    ids, place = word_of_tokens(model, words)
    last = max(token for token, word in enumerate(place) if word == PRONOUN)
    looks = model.forward(ids, keep=("attention",)).attention[:, :, last].double()  # (L, H, T)
    return torch.stack([looks[..., [t for t, w in enumerate(place) if w == word]].sum(-1) for word in range(len(words))], -1)


def _gathered(attention: np.ndarray, place: list[int], count: int) -> np.ndarray:
    member = np.array(place)[:, None] == np.arange(count)  # (T, W)
    last = [max(token for token, word in enumerate(place) if word == w) for w in range(count)]
    return np.asarray(attention[last] @ member)


def answers(model: CausalModel) -> np.ndarray:
    """Probabilities of the sitter, the seat and anything else after each question, (Q, 3)."""
    pair, last = PAIRS[0], OF_SEAT[0]
    asked = {"text": " ".join(pair.words(last)), "last": last, "sitter": pair.sitter, "seat": pair.seat}
    nouns = [int(model.encode(f" {noun}")[0]) for noun in (pair.sitter, pair.seat)]
    rows = []
    for question in QUESTIONS:
        likely = model.forward(model.encode(question.format(**asked))).logits[-1].double().softmax(-1)  # (V,)
        rows.append([float(likely[noun]) for noun in nouns])
    return np.array([[*row, 1.0 - sum(row)] for row in rows])


def without(model: LanguageModel, layer: int, head: int) -> LanguageModel:
    """The same model, in which a head writes nothing; layer and head count from 0."""
    name, d = f"{layer}.output.weight", model.config.d_head
    matrix = model.weights[name].clone()
    matrix[:, head * d : (head + 1) * d] = 0.0
    cut = copy.copy(model)
    cut.weights = {**model.weights, name: matrix}
    return cut
