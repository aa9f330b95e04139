"""How much one attention head, by itself, raises the logit of a token: its direct path through the residual stream.

What a head writes reaches the logits through all later layers, and directly; here is the direct part alone
(Elhage et al. 2021, *A mathematical framework for transformer circuits*; Olsson et al. 2022 ask it of an induction head).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from nnanim.sim.language_model import LanguageModel


@torch.no_grad()
def direct_logits(
    model: LanguageModel, layer: int, head: int, ids: Sequence[int], rows: Sequence[int]
) -> Float[Tensor, "R V"]:
    """What a head adds to every logit on the direct path, the final norm scaling as it does for the whole stream.

    Parameters
    ----------
    layer, head
        Counted from 0.
    ids
        The text, (T,).
    rows
        Which of its tokens look, (R,).

    Returns
    -------
    float64, (R, V). Summed over all heads and feed-forward layers, and the embedding, these are the model's logits
    (but for a bias of the final norm).
    """
    kept = model.forward(ids, keep=("heads", "residuals"))
    c, looking = model.config, list(rows)
    back = model.weights[f"{layer}.output.weight"][:, head * c.d_head : (head + 1) * c.d_head]  # (d_model, d_head)
    written = kept.heads[layer, head, looking].double() @ back.double().T  # (R, d_model)
    stream = kept.residuals[-1, looking].double()  # (R, d_model)
    if "norm.bias" in model.weights:  # layer norm takes the mean away, RMSNorm does not
        written, stream = (x - x.mean(-1, keepdim=True) for x in (written, stream))
    scale = torch.rsqrt(stream.square().mean(-1, keepdim=True) + c.epsilon)  # (R, 1)
    scaled = written * scale * model.weights["norm.weight"].double()  # (R, d_model)
    unembedding = model.weights.get("unembedding.weight", model.weights["embedding.weight"])  # (V, d_model)
    return scaled @ unembedding.double().T


def copying(
    model: LanguageModel, layer: int, head: int, ids: Sequence[int], rows: Sequence[int], columns: Sequence[int]
) -> Float[Tensor, " R"]:
    """How far a head raises the logit of the token that it is to look at above the mean over the vocabulary, (R,).

    Parameters
    ----------
    layer, head
        Counted from 0.
    ids
        The text, (T,).
    rows, columns
        The tokens that look, and the tokens that they are to look at, (R,) each.
    """
    logits = direct_logits(model, layer, head, ids, rows)  # (R, V)
    wanted = torch.as_tensor(list(ids))[list(columns)]  # (R,)
    return logits.gather(1, wanted[:, None])[:, 0] - logits.mean(dim=-1)
