"""Every head of a language model on one sentence, one head step by step, and what becomes of the first token's share.

Index ``i`` is the token that looks, ``j`` the one that is looked at; both count from 0. n tokens can be seen by the one
that looks: itself and those before it.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from nnanim.sim.attention import Arrays, Text, sentence_head

if TYPE_CHECKING:
    from nnanim.sim.causal_model import CausalModel, Pass

OPENINGS = ("My", "Green")
"""What is put in the place of a sentence's first token."""
DIVISORS = 41
"""Divisors of the scores between 1 and √d for which the shares are computed."""
MECHANISM = ("queries", "keys", "values")
"""What a model must offer for one head to be followed step by step."""

PLAIN = 1e-4
"""How far shares may be from a softmax of scores / √d: sliding windows, bent scores and sinks are something else."""


def all_heads(model: CausalModel, sentence: str, layer: int, head: int, word: str | None) -> tuple[Arrays, Text]:
    """All heads on the sentence, and the chosen one step by step; layer and head count from 1.

    Returns
    -------
    What :func:`nnanim.sim.attention.sentence_head` returns, and

    ``heads``
        Attention of every head, (L, H, T, T).
    ``mean``
        What the looking token gives to each token, on the mean of all heads, (T,); ``mean_order`` (T,) its order, largest first.
    ``first_wins``
        Heads of which the looking token gives most to the first token.
    ``over_half``
        Heads in which it gives the target more than half; ``best`` and ``second``, the two largest such shares, and
        ``best_layer``, ``best_head`` of the largest, counted from 1.
    ``openings``
        What every head of the looking token gives to each token, with another first token in each, (1 + O, L H, T);
        ``opening_first`` (1 + O,) the mean of what the first one gets.
    ``opening_lengths``
        Length of the first token's value over the mean length of the others', in the mean of all layers and value
        heads, (1 + O,); where the model offers values.

    Where it offers queries and keys too, and the head is a plain softmax of their products, what :func:`steps_of` returns. Text ``openings``, a JSON list of first tokens.
    """
    arrays, text = sentence_head(model, sentence, layer, head, word)
    ids = [int(token) for token in model.encode(sentence)]
    offered = tuple(name for name in MECHANISM if name in model.offers)
    kept = model.forward(ids, keep=("attention", *offered))
    looking, target = int(arrays["looking"]), int(arrays["target"])
    looks = kept.attention[:, :, looking].double()  # (L, H, T)
    mean = looks.mean(dim=(0, 1))  # (T,)
    shares = looks[..., target].flatten()  # (L H,)
    best = int(shares.argmax())
    arrays |= {
        "heads": kept.attention.float().numpy(),
        "mean": mean.numpy(),
        "mean_order": mean.argsort(descending=True).numpy(),
        "first_wins": np.array(int((looks.argmax(dim=-1) == 0).sum())),
        "over_half": np.array(int((shares > 0.5).sum())),
        "best": np.array(float(shares[best])),
        "second": np.array(float(shares.sort(descending=True).values[1]) if len(shares) > 1 else 0.0),
        "best_layer": np.array(best // looks.shape[1] + 1),
        "best_head": np.array(best % looks.shape[1] + 1),
    }
    if set(offered) == set(MECHANISM):
        steps = steps_of(kept, layer - 1, head - 1, looking, target)
        if np.allclose(steps["step.shares"][-1], arrays["attention"][looking, : looking + 1], atol=PLAIN):
            arrays |= steps
    more, words = first_tokens(model, ids, looking, kept)
    return arrays | more, text | words


def steps_of(kept: Pass, layer: int, head: int, looking: int, target: int) -> Arrays:
    """One head's attention from one token, step by step (Vaswani et al. 2017, eq. 1); layer and head count from 0.

    Returns
    -------
    ``step.query`` (d,), ``step.keys`` (n, d), ``step.products`` (d,) of query and the target's key, ``step.running`` (d + 1,)
    their sum so far from 0, ``step.agree`` () how many of them are positive, ``step.width`` () = d, ``step.root`` () = √d,
    ``step.scores`` (n,), ``step.scaled`` (n,) = scores / √d, ``step.divisors`` (S,) from 1 to √d in equal ratios,
    ``step.shares`` (S, n) = softmax(scores / divisor), ``step.values`` (n, d), ``step.weighted`` (n, d) = share × value,
    ``step.output`` (d,), their sum; ``step.sharing`` () how many query heads use the same keys and values.
    """
    seen = looking + 1
    group = kept.queries.shape[1] // kept.keys.shape[1]
    query = kept.queries[layer, head, looking].double()  # (d,)
    keys = kept.keys[layer, head // group, :seen].double()  # (n, d)
    values = kept.values[layer, head // group, :seen].double()  # (n, d)
    products = query * keys[target]  # (d,)
    scores = keys @ query  # (n,)
    root = math.sqrt(len(query))
    divisors = torch.logspace(0.0, math.log10(root), DIVISORS, dtype=torch.float64)  # (S,)
    divisors[-1] = root
    shares = torch.softmax(scores / divisors[:, None], dim=-1)  # (S, n)
    weighted = shares[-1][:, None] * values  # (n, d)
    made = {
        "query": query, "keys": keys, "products": products, "scores": scores, "scaled": scores / root, "divisors": divisors,
        "running": torch.cat([torch.zeros(1, dtype=torch.float64), products.cumsum(0)]), "shares": shares,
        "values": values, "weighted": weighted, "output": weighted.sum(dim=0),
    }  # fmt: skip
    counts = {"agree": int((products > 0).sum()), "width": len(query), "root": root, "sharing": group}
    return {f"step.{name}": tensor.numpy() for name, tensor in made.items()} | {
        f"step.{name}": np.array(count) for name, count in counts.items()
    }


def first_tokens(model: CausalModel, ids: list[int], looking: int, kept: Pass) -> tuple[Arrays, Text]:
    """The same sentence with other first tokens: what they get, and how long their values are."""
    others = [int(model.encode(opening)[0]) for opening in OPENINGS]
    sentences = [ids, *([other, *ids[1:]] for other in others)]
    keep = ("attention", *(("values",) if "values" in model.offers else ()))
    passes = [kept, *(model.forward(each, keep=keep) for each in sentences[1:])]
    looks = torch.stack([each.attention[:, :, looking].double().flatten(0, 1) for each in passes])  # (1 + O, L H, T)
    arrays: Arrays = {"openings": looks.float().numpy(), "opening_first": looks[..., 0].mean(dim=1).numpy()}
    if "values" in model.offers and len(ids) > 1:
        arrays["opening_lengths"] = np.array([_length(each.values) for each in passes])
    return arrays, {"openings": json.dumps(list(model.token_texts([ids[0], *others])), ensure_ascii=False)}


def _length(values: Float[Tensor, "L K T d"]) -> float:
    """The first token's value over the mean of the others', in length."""
    lengths = values.double().norm(dim=-1).mean(dim=(0, 1))  # (T,)
    return float(lengths[0] / lengths[1:].mean())
