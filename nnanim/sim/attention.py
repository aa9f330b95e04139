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

from nnanim.characters import readable
from nnanim.params import ParameterError
from nnanim.wording import brief

if TYPE_CHECKING:
    from nnanim.sim.causal_model import CausalModel

FEWEST_TOKENS, MOST_TOKENS = 2, 16
"""How many tokens a sentence may have, so that its grid and its arcs can be read."""

DECIMALS = 2
"""With which attention is shown; what is said of it compares the rounded numbers."""

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


def check_head(model: CausalModel, layer: int, head: int) -> None:
    """See that a model has attention to show, and a layer and a head, both counted from 1.

    Raises
    ------
    ParameterError
        Naming the range.
    """
    model.check_offers(("attention",))
    for name, number, most in (("layer", layer, model.config.n_layers), ("head", head, model.config.n_heads)):
        if not 1 <= number <= most:
            raise ParameterError(
                f"{name} must be a whole number from 1 to {most} in {model.config.name}, got {number} "
                f"(try --set {name}={min(most, max(1, number))})"
            )


def sentence_tokens(model: CausalModel, sentence: str) -> list[int]:
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
    known = ", ".join(f"“{readable(text)}”" for text in dict.fromkeys(bare) if text)
    raise ParameterError(f"word must be one of the sentence’s tokens, got “{brief(word)}” (its tokens are {known})")


def shown_alike(shares: Float[Tensor, " T"], place: int) -> int:
    """How many other shares of a row show the same hundredths as the one at ``place``."""
    shown = [round(share, DECIMALS) for share in shares.tolist()]
    return shown.count(shown[place]) - 1


def preference(shares: Float[Tensor, " T"], place: int) -> str:
    """Whether a token gives ``"most"`` of its attention to a place, ``"as much"`` as to another, or ``"less"``, in hundredths."""
    shown = [round(share, DECIMALS) for share in shares.tolist()]
    if shown[place] < max(shown):
        return "less"
    return "most" if shown.count(shown[place]) == 1 else "as much"


def window_of(attention: Float[Tensor, "T T"]) -> int:
    """How many tokens one token may look at, itself included, when that is fewer than stand before it; 0 when it is not.

    Read off the weights: a mask leaves exactly 0, softmax something more. A pattern that is no sliding window is 0, too.
    """
    count = len(attention)
    distance = torch.arange(count)[:, None] - torch.arange(count)  # how far back j lies behind i
    seen = attention > 0
    window = int(seen.sum(dim=-1).max())
    return window if window < count and bool((seen == ((distance >= 0) & (distance < window))).all()) else 0


def sentence_head(
    model: CausalModel, sentence: str, layer: int, head: int, word: str | None
) -> tuple[Arrays, Text]:
    """One head of the model on one sentence; layer and head count from 1.

    Returns
    -------
    Arrays ``attention`` (T, T), ``looking`` () the token that is spoken of, ``target`` () the token that it gives most
    to; ``equals`` () how many other tokens it gives as much, rounded; ``rivals`` () how many other tokens could choose to
    look at the target (itself too, unless it is the first, which has no choice), ``followers`` () how many of these give
    most to it as well, and ``undecided`` () how many give it as much as another, rounded; ``model.*`` counts. Shares are
    compared as they are shown, in hundredths. ``model.window`` () of :func:`window_of`, ``model.score_cap`` (), and
    ``model.sink`` (), the largest part of a row that goes to no token; each 0 when there is none.
    Text ``tokens`` (a JSON list), ``model``, ``weights``.

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
    target = int(attention[looking].argmax())
    # A weight of exactly 0 is that of a mask: in a sliding window a later token need not see the target.
    able = [place for place in range(max(target, 1), len(ids)) if attention[place, target] > 0]
    rivals = [place for place in able if place != looking]
    verdicts = [preference(attention[place], target) for place in rivals]
    arrays: Arrays = {
        "attention": attention.numpy(),
        "looking": np.array(looking),
        "target": np.array(target),
        "equals": np.array(shown_alike(attention[looking], target)),
        "rivals": np.array(len(rivals)),
        "followers": np.array(verdicts.count("most")),
        "undecided": np.array(verdicts.count("as much")),
        "model.layers": np.array(model.config.n_layers),
        "model.heads": np.array(model.config.n_heads),
        "model.window": np.array(window_of(attention)),
        "model.score_cap": np.array(model.config.score_cap),
        "model.sink": np.array(max(0.0, round(1 - float(attention.sum(dim=-1).min()), 4))),
        "model.all_heads": np.array(model.config.n_layers * model.config.n_heads),
    }
    text = {
        "tokens": json.dumps(texts, ensure_ascii=False),
        "model": model.config.name,
        "weights": model.config.weights_note,
    }
    return arrays, text
