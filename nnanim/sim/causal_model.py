"""What a language model offers to a simulation, whoever runs it: our own code or the `transformers` library.

A causal model reads tokens from left to right and says after each what may come next.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from nnanim.models import ModelError
from nnanim.sim.tokenizer import Tokenizer

KEPT = ("logits", "attention", "queries", "keys", "values", "heads", "residuals", "hidden_states")
"""What a pass can leave behind; not every model offers all of it."""


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """What every model knows of itself: two names for the screen, its counts, and the most tokens that it reads.

    ``score_cap`` and ``logit_cap`` are bounds c that attention scores and logits are bent to, c · tanh(x / c) (soft-capping,
    Gemma 2, 2024); 0 where there is none.
    """

    name: str
    weights_note: str
    n_layers: int
    n_heads: int
    n_vocabulary: int
    n_context: int
    score_cap: float = 0.0
    logit_cap: float = 0.0


def _nothing() -> Tensor:
    return torch.empty(0)


@dataclass(frozen=True)
class Pass:
    """What one forward pass of T tokens left behind, with S tokens so far; what was not asked for is empty.

    Attributes
    ----------
    logits
        (T, V); only those of the last token, (1, V), unless ``"logits"`` is kept.
    attention
        Attention weights, (n_layers, n_heads, T, S); rows sum to 1, or to less where a learned sink takes a part.
    queries
        (n_layers, n_heads, T, d_head); like the keys, already rotated: attention = softmax(q · k / √d_head).
    keys, values
        Of all S tokens, (n_layers, n_kv_heads, S, d_head); query head h reads key/value head h // (n_heads // n_kv_heads).
    heads
        What each head read: attention-weighted sums of values, (n_layers, n_heads, T, d_head).
    residuals
        The residual stream before the first layer and after each, (n_layers + 1, T, d_model).
    hidden_states
        The same, but the last one after the final norm, as the `transformers` library hands it out.
    """

    logits: Float[Tensor, "T V"]
    attention: Tensor
    queries: Tensor
    keys: Tensor
    values: Tensor
    heads: Tensor
    residuals: Tensor
    hidden_states: Tensor

    @classmethod
    def of(cls, logits: Float[Tensor, "T V"], **kept: Tensor) -> Pass:
        """A pass that kept these and nothing else."""
        return cls(logits, **{name: kept.get(name, _nothing()) for name in KEPT[1:]})


@runtime_checkable
class CausalModel(Protocol):
    """A language model with its weights and its tokenizer.

    Attributes
    ----------
    config
        Its names and counts.
    tokenizer
        Cuts text into tokens and knows which of them end a text.
    offers
        Those names out of :data:`KEPT` that a pass of this model can keep.
    digest
        Changes when the weights or the tokenizer do.
    """

    config: Sizes
    tokenizer: Tokenizer
    offers: frozenset[str]
    digest: str

    def encode(self, text: str) -> list[int]:
        """The ids of a text's tokens."""
        return self.tokenizer.encode(text)

    def decode(self, ids: Sequence[int]) -> str:
        """The text of token ids."""
        return self.tokenizer.decode(ids)

    def token_texts(self, ids: Sequence[int]) -> list[str]:
        """The text of each token by itself."""
        return self.tokenizer.texts(ids)

    def check_offers(self, keep: Iterable[str]) -> None:
        """See that a pass of this model can keep what it is asked to.

        Raises
        ------
        ModelError
            Naming what it cannot.
        """
        if missing := set(keep) - self.offers:
            raise ModelError(f"{self.config.name} does not hand out its {', '.join(sorted(missing))}")

    def new_cache(self) -> Any:
        """An empty cache for keys and values, to be handed to :meth:`forward`; None when the model keeps none."""
        ...

    def forward(self, ids: Sequence[int], cache: Any = None, keep: Sequence[str] = ("logits",)) -> Pass:
        """Read tokens, (T,), behind those that the cache holds, and say what may come next.

        Raises
        ------
        ValueError
            When there is no token, too many for the model, or ``keep`` names something unknown.
        ModelError
            When the model does not offer what is to be kept.
        """
        ...


def check_request(model: CausalModel, new: int, cached: int, keep: Sequence[str]) -> None:
    """See that a model can read so many tokens, and can keep what it is asked to.

    Raises
    ------
    ValueError, ModelError
        As :meth:`CausalModel.forward` says.
    """
    most = model.config.n_context
    if not new or cached + new > most:
        raise ValueError(f"{model.config.name} reads 1 to {most} tokens, got {cached + new}")
    if unknown := set(keep) - set(KEPT):
        raise ValueError(f"a pass keeps {', '.join(KEPT)}, not {', '.join(sorted(unknown))}")
    model.check_offers(keep)
