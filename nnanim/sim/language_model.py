"""A transformer language model in plain torch, from token ids to logits: SmolLM2, and a toy with random weights.

It reads top to bottom: embed, then for each layer attend and think, then compare with every token of the vocabulary.
Shapes stand in the margin: T tokens in this pass, S tokens so far (cached ones included), V tokens in the vocabulary.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import linear, silu, softmax

from nnanim.models import known_model, known_models
from nnanim.sim.causal_model import KEPT, CausalModel, Pass, check_request
from nnanim.sim.checkpoint import Checkpoint, Config, read_installed
from nnanim.sim.model_files import model_directory
from nnanim.sim.tokenizer import Tokenizer


@dataclass
class Cache:
    """Keys and values of the tokens that were read already: one (n_kv_heads, S, d_head) tensor each for every layer."""

    keys: list[Tensor] = field(default_factory=list)
    values: list[Tensor] = field(default_factory=list)

    @property
    def length(self) -> int:
        """Tokens held."""
        return self.keys[0].shape[1] if self.keys else 0

    def extend(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Put new keys and values behind a layer's old ones; returns all of them."""
        if layer == len(self.keys):
            self.keys.append(keys)
            self.values.append(values)
        else:
            self.keys[layer] = torch.cat([self.keys[layer], keys], dim=1)
            self.values[layer] = torch.cat([self.values[layer], values], dim=1)
        return self.keys[layer], self.values[layer]


class LanguageModel(CausalModel):
    """A model with its weights and its tokenizer.

    Parameters
    ----------
    checkpoint
        What :func:`load` or :func:`toy` read or drew.

    Attributes
    ----------
    config
        The sizes: ``n_layers``, ``n_heads``, ``n_kv_heads``, ``d_model``, ``d_head``, ``n_vocabulary``, …
    weights
        Float32 tensors by name, matrices as (out, in): ``embedding.weight``, ``0.query.weight``, … ``norm.weight``.
    digest
        Changes when weights or tokenizer do.
    """

    offers = frozenset(KEPT)

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.config: Config = checkpoint.config
        self.weights = checkpoint.weights
        self.tokenizer: Tokenizer = checkpoint.tokenizer
        self.digest = checkpoint.digest

    def new_cache(self) -> Cache:
        """A cache that holds nothing yet."""
        return Cache()

    @torch.no_grad()
    def forward(self, ids: Sequence[int], cache: Cache | None = None, keep: Sequence[str] = ("logits",)) -> Pass:
        """Read tokens and say what may come next.

        Parameters
        ----------
        ids
            Tokens, (T,).
        cache
            Holds the tokens before these; it is extended by these.
        keep
            Names out of :data:`KEPT`: what the pass is to leave behind for every token and layer.

        Raises
        ------
        ValueError
            When there is no token, too many for the model, or ``keep`` names something unknown.
        """
        cache = Cache() if cache is None else cache
        start, c = cache.length, self.config
        check_request(self, len(ids), start, keep)
        record: dict[str, list[Tensor]] = {name: [] for name in KEPT}

        x = self.weights["embedding.weight"][torch.as_tensor(ids)]  # (T, d_model)
        record["residuals"].append(x)
        for layer in range(c.n_layers):
            x = x + self.attend(layer, self.norm(x, f"{layer}.attention_norm"), cache, record)
            x = x + self.feed_forward(layer, self.norm(x, f"{layer}.feed_forward_norm"))
            record["residuals"].append(x)
        x = self.norm(x, "norm")
        record["hidden_states"] = [*record["residuals"][:-1], x]
        unembedding = self.weights.get("unembedding.weight", self.weights["embedding.weight"])  # (V, d_model)
        logits = linear(x if "logits" in keep else x[-1:], unembedding)  # (T, V)
        return Pass.of(logits, **{name: torch.stack(record[name]) for name in KEPT[1:] if name in keep})

    def attend(self, layer: int, x: Tensor, cache: Cache, record: dict[str, list[Tensor]]) -> Tensor:
        """Every token looks at itself and those before it, and takes what their values hold (Vaswani et al. 2017, eq. 1).

        Several query heads share a key/value head (Ainslie et al. 2023, grouped-query attention).
        """
        c, tokens, start = self.config, x.shape[0], cache.keys[layer].shape[1] if layer < len(cache.keys) else 0
        q = self.project(x, f"{layer}.query").view(tokens, c.n_heads, c.d_head).transpose(0, 1)  # (heads, T, d_head)
        k = self.project(x, f"{layer}.key").view(tokens, c.n_kv_heads, c.d_head).transpose(0, 1)  # (kv_heads, T, d_head)
        v = self.project(x, f"{layer}.value").view(tokens, c.n_kv_heads, c.d_head).transpose(0, 1)
        q, k = rotate(q, start, c.rotary_base), rotate(k, start, c.rotary_base)
        k, v = cache.extend(layer, k, v)  # (kv_heads, S, d_head)

        shared = c.n_heads // c.n_kv_heads
        scores = q @ k.repeat_interleave(shared, dim=0).mT / math.sqrt(c.d_head)  # (heads, T, S)
        future = torch.ones(tokens, start + tokens, dtype=torch.bool).triu(start + 1)  # (T, S)
        attention = softmax(scores.masked_fill(future, -math.inf), dim=-1)  # (heads, T, S)
        heads = attention @ v.repeat_interleave(shared, dim=0)  # (heads, T, d_head)
        for name, tensor in zip(KEPT[1:6], (attention, q, k, v, heads), strict=True):
            record[name].append(tensor)
        return self.project(heads.transpose(0, 1).reshape(tokens, -1), f"{layer}.output")  # (T, d_model)

    def feed_forward(self, layer: int, x: Tensor) -> Tensor:
        """Every token by itself: SwiGLU (Shazeer 2020)."""
        hidden = silu(self.project(x, f"{layer}.gate")) * self.project(x, f"{layer}.up")  # (T, d_feed_forward)
        return self.project(hidden, f"{layer}.down")  # (T, d_model)

    def norm(self, x: Tensor, name: str) -> Tensor:
        """RMSNorm (Zhang & Sennrich 2019)."""
        scale = torch.rsqrt(x.square().mean(-1, keepdim=True) + self.config.epsilon)
        return x * scale * self.weights[f"{name}.weight"]

    def project(self, x: Tensor, name: str) -> Tensor:
        """Matrix times vector for every token."""
        return linear(x, self.weights[f"{name}.weight"])


def rotate(x: Tensor, start: int, base: float) -> Tensor:
    """Rotary positions: turn pairs of components by an angle that grows with the position (Su et al. 2021, eq. 34).

    Parameters
    ----------
    x
        Queries or keys, (heads, T, d_head); component i pairs with component i + d_head / 2.
    start
        Position of the first token.
    base
        Wavelengths run from 2π to 2π · base, in tokens.
    """
    half = x.shape[-1] // 2
    frequency = base ** (-torch.arange(half, dtype=torch.float32) / half)  # (d_head / 2,)
    angle = torch.outer(torch.arange(start, start + x.shape[-2], dtype=torch.float32), frequency)  # (T, d_head / 2)
    cosine, sine = angle.cos(), angle.sin()
    first, second = x[..., :half], x[..., half:]
    return torch.cat([first * cosine - second * sine, second * cosine + first * sine], dim=-1)


# Where models come from -----------------------------------------------------------------------------------


def load(name: str | Path = "smollm2") -> CausalModel:
    """A model by name; ``"toy"`` has random weights, a local directory is run by the `transformers` library.

    Raises
    ------
    ModelError
        When it or the library is not installed (the message says how to), unknown, damaged, or no such model.
    """
    if str(name) == "toy":
        return toy()
    if str(name) in known_models():
        return _load_installed(str(name))
    from nnanim.sim.model_directory import read_directory  # it alone needs transformers

    return read_directory(model_directory(name))


@lru_cache(maxsize=1)
def _load_installed(name: str) -> LanguageModel:
    return LanguageModel(read_installed(known_model(name)))


def toy(
    seed: int = 0, n_layers: int = 2, n_heads: int = 4, n_kv_heads: int = 2, d_model: int = 32, gain: float = 3.0
) -> LanguageModel:
    """A small Llama-type model with random weights, labelled so: it runs the same code and knows nothing.

    Parameters
    ----------
    seed
        Of the weights: matrices from N(0, gain² / fan_in), embeddings from N(0, 1).
    gain
        Larger ones make it surer of its nonsense.
    """
    tokenizer = Tokenizer.toy()
    config = Config(
        name="toy model",
        weights_note="random weights",
        n_layers=n_layers,
        n_heads=n_heads,
        n_kv_heads=n_kv_heads,
        d_model=d_model,
        d_head=d_model // n_heads,
        d_feed_forward=2 * d_model,
        n_vocabulary=tokenizer.size,
        n_context=512,
    )
    generator = torch.Generator().manual_seed(seed)

    def matrix(rows: int, columns: int) -> Tensor:
        return torch.randn(rows, columns, generator=generator) / math.sqrt(columns)

    weights = {
        f"{name}.weight": gain * matrix(*shape) if len(shape) == 2 else torch.ones(*shape)
        for name, shape in _shapes(config).items()
    }
    weights["embedding.weight"] = matrix(config.n_vocabulary, d_model) * math.sqrt(d_model)
    weights["norm.weight"] = torch.full((d_model,), gain / math.sqrt(d_model))
    seal = hashlib.sha256(repr((seed, gain, config)).encode()).hexdigest()
    return LanguageModel(Checkpoint(config, weights, tokenizer, seal))


def _shapes(c: Config) -> dict[str, tuple[int, ...]]:
    """The shape of every weight, in order of use."""
    shapes: dict[str, tuple[int, ...]] = {"embedding": (c.n_vocabulary, c.d_model)}
    for layer in range(c.n_layers):
        block: dict[str, tuple[int, ...]] = {
            "attention_norm": (c.d_model,),
            "query": (c.n_heads * c.d_head, c.d_model),
            "key": (c.n_kv_heads * c.d_head, c.d_model),
            "value": (c.n_kv_heads * c.d_head, c.d_model),
            "output": (c.d_model, c.n_heads * c.d_head),
            "feed_forward_norm": (c.d_model,),
            "gate": (c.d_feed_forward, c.d_model),
            "up": (c.d_feed_forward, c.d_model),
            "down": (c.d_model, c.d_feed_forward),
        }
        shapes |= {f"{layer}.{name}": shape for name, shape in block.items()}
    return shapes | {"norm": (c.d_model,)}
