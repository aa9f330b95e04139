"""Scaled dot-product attention: a toy head with every number kept, and one head of a language model on a sentence.

Index ``i`` is the token that looks (a row), ``j`` the token that is looked at (a column); both count from 0.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import numpy as np
import torch
from jaxtyping import Bool, Float
from numpy.typing import NDArray
from torch import Tensor

from nnanim.params import ParameterError

if TYPE_CHECKING:
    from nnanim.sim.language_model import LanguageModel

FEWEST_TOKENS, MOST_TOKENS = 2, 16
"""How many tokens a sentence may have, so that its grid and its arcs can be read."""

Arrays = dict[str, NDArray[np.generic]]
Text = dict[str, str]


def causal_mask(n_tokens: int) -> Bool[Tensor, "T T"]:
    """True where token i may look at token j: at itself and at those before it."""
    return torch.ones(n_tokens, n_tokens, dtype=torch.bool).tril()


def attend(
    q: Float[Tensor, "T d"], k: Float[Tensor, "T d"], v: Float[Tensor, "T d_v"]
) -> dict[str, Tensor]:
    """Causal scaled dot-product attention with every step kept (Vaswani et al. 2017, eq. 1).

    Returns
    -------
    ``products`` q_i · k_j before they are added up (T, T, d), ``scores`` (T, T), ``scaled`` = scores / √d (T, T),
    ``exponentials`` of the scaled scores, 0 where masked (T, T), ``exponential_sums`` of its rows (T),
    ``weights`` = softmax of each row over the tokens it may look at, 0 elsewhere (T, T), ``row_sums`` (T),
    ``weighted_values`` = weight × value (T, T, d_v), ``output`` = their sum over j (T, d_v).
    """
    products = q[:, None] * k[None]  # (T, T, d)
    scores = products.sum(dim=-1)  # (T, T)
    scaled = scores / math.sqrt(q.shape[-1])  # (T, T)
    masked = scaled.masked_fill(~causal_mask(len(q)), -math.inf)  # (T, T)
    weights = torch.softmax(masked, dim=-1)  # (T, T)
    weighted_values = weights[:, :, None] * v[None]  # (T, T, d_v)
    exponentials = masked.exp()  # (T, T)
    return {
        "products": products,
        "scores": scores,
        "scaled": scaled,
        "exponentials": exponentials,
        "exponential_sums": exponentials.sum(dim=-1),
        "weights": weights,
        "row_sums": weights.sum(dim=-1),
        "weighted_values": weighted_values,
        "output": weighted_values.sum(dim=1),
    }


def toy_head(n_tokens: int, width: int, seed: int) -> Arrays:
    """Draw tokens and projections small enough to be followed by hand, and attend.

    Inputs and projections are drawn with one decimal, from N(0, 1) cut off at ±2 and from N(0, 0.7²) cut off at ±1.5,
    so that queries, keys and values have two decimals and nothing shown of them is rounded.

    Parameters
    ----------
    n_tokens
        T, the rows.
    width
        d, of tokens, queries, keys and values alike.
    seed
        Of the generator.

    Returns
    -------
    float64 arrays ``toy.x`` (T, d); ``toy.w_q``, ``toy.w_k``, ``toy.w_v`` (d, d); ``toy.q`` = x @ w_q, ``toy.k``,
    ``toy.v`` (T, d); ``toy.first_products`` (d), whose sum is q[0][0]; ``toy.root_d`` () = √d; and what :func:`attend` returns, each under ``toy.``.
    """
    generator = torch.Generator().manual_seed(seed)

    def draw(rows: int, deviation: float, most: float) -> Float[Tensor, "rows columns"]:
        numbers = torch.randn(rows, width, generator=generator, dtype=torch.float64) * deviation
        return numbers.clamp(-most, most).mul(10).round().div(10)

    x = draw(n_tokens, 1.0, 2.0)  # (T, d)
    w_q, w_k, w_v = (draw(width, 0.7, 1.5) for _ in range(3))  # (d, d)
    q, k, v = ((x @ w).mul(100).round().div(100) for w in (w_q, w_k, w_v))  # (T, d), exact to two decimals
    kept = {"x": x, "w_q": w_q, "w_k": w_k, "w_v": w_v, "q": q, "k": k, "v": v, **attend(q, k, v)}
    kept["first_products"] = x[0] * w_q[:, 0]  # (d,), their sum is q[0][0]
    arrays: Arrays = {f"toy.{name}": tensor.numpy() for name, tensor in kept.items()}
    return arrays | {"toy.root_d": np.array(math.sqrt(width))}


def check_head(model: LanguageModel, layer: int, head: int) -> None:
    """See that a model has a layer and a head, both counted from 1.

    Raises
    ------
    ParameterError
        Naming the range.
    """
    for name, number, most in (("layer", layer, model.config.n_layers), ("head", head, model.config.n_heads)):
        if not 1 <= number <= most:
            raise ParameterError(
                f"{name} must be a whole number from 1 to {most} in {model.config.name}, got {number} "
                f"(try --set {name}={min(most, max(1, number))})"
            )


def sentence_tokens(model: LanguageModel, sentence: str) -> list[int]:
    """The sentence's token ids.

    Raises
    ------
    ParameterError
        When it has fewer or more tokens than can be shown.
    """
    ids = [int(token) for token in model.encode(sentence)]
    if not FEWEST_TOKENS <= len(ids) <= MOST_TOKENS:
        raise ParameterError(
            f"sentence must have {FEWEST_TOKENS} to {MOST_TOKENS} tokens, got {len(ids)} "
            "(try --set sentence=\"The cat sat on the mat\")"
        )
    return ids


def looking_token(texts: list[str], word: str | None) -> int:
    """The token whose attention is shown: the last one that is ``word``; by default “it”, or else the last word.

    Raises
    ------
    ParameterError
        When the sentence has no such token.
    """
    bare = [text.strip() for text in texts]
    if word is None:
        places = [place for place, text in enumerate(bare) if text.lower() == "it"]
        places = places or [place for place, text in enumerate(bare) if any(map(str.isalnum, text))]
        return max(places, default=len(texts) - 1)
    wanted = word.strip()
    for same in (lambda text: text == wanted, lambda text: text.lower() == wanted.lower()):
        places = [place for place, text in enumerate(bare) if wanted and same(text)]
        if places:
            return max(places)
    known = ", ".join(f"“{text}”" for text in dict.fromkeys(bare) if text)
    raise ParameterError(f"word must be one of the sentence’s tokens, got “{word}” (its tokens are {known})")


def sentence_head(
    model: LanguageModel, sentence: str, layer: int, head: int, word: str | None
) -> tuple[Arrays, Text]:
    """One head of the model on one sentence; layer and head count from 1.

    Returns
    -------
    Arrays ``attention`` (T, T), ``looking`` () the token that is spoken of, ``target`` () the token that it gives most
    to, ``rivals`` () how many other tokens could look at the target and ``followers`` () how many of these give most to
    it as well; ``model.*`` counts. Text ``tokens`` (a JSON list), ``model``, ``weights``.

    Raises
    ------
    ParameterError
        When the sentence, the layer, the head or the word cannot be used.
    """
    check_head(model, layer, head)
    ids = sentence_tokens(model, sentence)
    texts = list(model.token_texts(ids))
    looking = looking_token(texts, word)
    attention = model.forward(ids, keep=("attention",)).attention[layer - 1, head - 1].double()  # (T, T)
    strongest = attention.argmax(dim=-1)  # (T,)
    target = int(strongest[looking])
    rivals = [place for place in range(target + 1, len(ids)) if place != looking]
    arrays: Arrays = {
        "attention": attention.numpy(),
        "looking": np.array(looking),
        "target": np.array(target),
        "rivals": np.array(len(rivals)),
        "followers": np.array(sum(int(strongest[place]) == target for place in rivals)),
        "model.layers": np.array(model.config.n_layers),
        "model.heads": np.array(model.config.n_heads),
        "model.all_heads": np.array(model.config.n_layers * model.config.n_heads),
        "model.head_width": np.array(model.config.d_head),
    }
    text = {
        "tokens": json.dumps(texts, ensure_ascii=False),
        "model": model.config.name,
        "weights": model.config.weights_note,
    }
    return arrays, text
