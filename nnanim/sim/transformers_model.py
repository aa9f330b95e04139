"""A language model that the `transformers` library runs: its logits, attention weights and hidden states, as it hands them out.

What the library does not hand out for every architecture (queries, keys and values by head, say) is not offered.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from inspect import signature
from typing import Any

import torch
from torch import Tensor

from nnanim.models import ModelError
from nnanim.sim.causal_model import CausalModel, Pass, Sizes, check_request
from nnanim.sim.tokenizer import Tokenizer

UNBOUNDED = 1_000_000
"""Tokens that a model reads at the most which states no bound (its positions are distances, or a state's)."""


@dataclass
class LibraryCache:
    """The library's own cache, of whatever kind the architecture has; it makes one in the first pass."""

    held: Any = None
    length: int = 0


class TransformersModel(CausalModel):
    """A causal model of any architecture that the library knows, in float32, in evaluation mode.

    Parameters
    ----------
    network
        The library's model, loaded with ``attn_implementation="eager"``: others compute no attention weights.
    tokenizer
        Of the same directory.
    name
        For the screen.
    digest
        Of the directory.

    Attributes
    ----------
    withheld
        Why there are no attention weights, where there are none.
    """

    def __init__(self, network: Any, tokenizer: Tokenizer, name: str, digest: str) -> None:
        self.network, self.tokenizer, self.digest = network, tokenizer, digest
        sizes = network.config.get_text_config(decoder=True)
        self.config = Sizes(
            name=name,
            weights_note="weights from a local directory",
            n_layers=sizes.num_hidden_layers,
            n_heads=getattr(sizes, "num_attention_heads", None) or 0,
            n_vocabulary=network.get_output_embeddings().weight.shape[0],
            n_context=getattr(sizes, "max_position_embeddings", None) or UNBOUNDED,
            score_cap=getattr(sizes, "attn_logit_softcapping", None) or 0.0,
            logit_cap=getattr(sizes, "final_logit_softcapping", None) or 0.0,
        )
        self._reads_last = "logits_to_keep" in signature(network.forward).parameters
        self.offers = frozenset({"logits", "attention", "hidden_states"})
        first = self._run(torch.zeros(3, dtype=torch.long), LibraryCache(), attention=True)
        self.keeps_cache = first.get("past_key_values") is not None
        self.withheld = self._why_no_attention(first.get("attentions"))
        if self.withheld:
            self.offers -= {"attention"}

    def check_offers(self, keep: Iterable[str]) -> None:
        """See that a pass of this model can keep what it is asked to; of attention weights the reason is told."""
        if "attention" in keep and self.withheld:
            raise ModelError(f"{self.config.name} {self.withheld}")
        super().check_offers(keep)

    def new_cache(self) -> LibraryCache | None:
        """A cache that holds nothing yet; None where the architecture keeps no keys and values."""
        return LibraryCache() if self.keeps_cache else None

    def forward(self, ids: Sequence[int], cache: LibraryCache | None = None, keep: Sequence[str] = ("logits",)) -> Pass:
        """Read tokens, (T,), behind those that the cache holds, and say what may come next.

        Raises
        ------
        ValueError
            When there is no token, too many for the model, or ``keep`` names something unknown.
        ModelError
            When the model does not offer what is to be kept, with the reason.
        """
        check_request(self, len(ids), cache.length if cache else 0, keep)
        said = self._run(
            torch.as_tensor(ids), cache, attention="attention" in keep, states="hidden_states" in keep, last="logits" not in keep
        )
        kept = {}
        if "attention" in keep:
            kept["attention"] = torch.cat(said.attentions)  # (n_layers, n_heads, T, S)
        if "hidden_states" in keep:
            kept["hidden_states"] = torch.cat(said.hidden_states)  # (n_layers + 1, T, d_model)
        logits = said.logits[0] if "logits" in keep else said.logits[0, -1:]  # (T, V)
        return Pass.of(logits, **kept)

    @torch.no_grad()
    def _run(
        self, ids: Tensor, cache: LibraryCache | None, attention: bool = False, states: bool = False, last: bool = False
    ) -> Any:
        """One pass of the network over one text."""
        before = cache.length if cache else 0
        more: dict[str, Any] = {"logits_to_keep": 1} if last and self._reads_last else {}
        if before:
            more["past_key_values"] = cache.held  # type: ignore[union-attr]
        said = self.network(
            ids[None],
            attention_mask=torch.ones(1, before + len(ids), dtype=torch.long),
            use_cache=cache is not None,
            output_attentions=attention,
            output_hidden_states=states,
            return_dict=True,
            **more,
        )
        if cache is not None:
            cache.held, cache.length = said.get("past_key_values"), before + len(ids)
        return said

    def _why_no_attention(self, weights: Any) -> str:
        """What is amiss with the attention weights of a pass; nothing when they are shares by every head of every layer."""
        layers, heads = self.config.n_layers, self.config.n_heads
        given = [layer for layer in weights or () if layer is not None]
        if not given:
            return "has no attention: there are no weights to show"
        if len(given) != layers:
            return f"has attention in only {len(given)} of its {layers} layers"
        if any(layer.shape != (1, heads, 3, 3) for layer in given):
            return "has attention weights of another shape than one for each head and two tokens"
        if any(layer.min() < 0 or layer.sum(-1).max() > 1 + 1e-4 for layer in given):
            return "has attention weights that are no shares: negative ones, or more than one in all"
        return ""


def reads_ahead(model: TransformersModel) -> bool:
    """Whether a later token changes what the model says of earlier ones, as in an encoder: then it is no causal model."""
    most = model.config.n_vocabulary - 1
    texts = [[0, most, most // 2, last] for last in (1 % (most + 1), most // 3)]
    first, second = (model.forward(ids).logits[:-1] for ids in texts)
    # The same sums of the same numbers: rounding can differ only where tokens share the work (mixtures of experts).
    return bool((first - second).abs().max() > 1e-5 * first.abs().max())
