"""The weights of an installed model: float32 tensors by name, and the sizes of the model they belong to.

Its GGUF file is dequantised once and then kept as safetensors.
"""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from nnanim.models import KnownModel, ModelError, require, sha256, weights_cache
from nnanim.sim.causal_model import Sizes
from nnanim.sim.tokenizer import Tokenizer

FORM = 1
"""Raised when the form of the kept weights changes: older files are then not read."""
Weights = dict[str, Tensor]


@dataclass(frozen=True, kw_only=True)
class Config(Sizes):
    """The sizes of a model of the Llama type.

    ``rotary_base`` is the base of the rotary positions' wavelengths; ``d_feed_forward`` the width of the feed-forward
    layer, a SwiGLU; ``epsilon`` is added to the variance in the norms.
    """

    n_kv_heads: int
    d_model: int
    d_head: int
    d_feed_forward: int
    epsilon: float = 1e-5
    rotary_base: float = 10_000.0


@dataclass(frozen=True)
class Checkpoint:
    """A model as it was read: sizes, weights by name, tokenizer, and a digest of all of them."""

    config: Config
    weights: Weights
    tokenizer: Tokenizer
    digest: str


def read_installed(model: KnownModel) -> Checkpoint:
    """Read an installed model; its weights are dequantised the first time and mapped into memory from then on.

    Raises
    ------
    ModelError
        When it is not installed or damaged.
    """
    source = require(model.name)
    kept = weights_cache() / f"{model.name}-{model.member_sha256[:16]}-{FORM}.safetensors"
    try:
        with safe_open(kept, "pt") as file:
            facts = json.loads(file.metadata()["facts"])
        weights = load_file(kept)
    except (OSError, SafetensorError, KeyError, TypeError):
        if sha256(source) != model.member_sha256:
            raise ModelError(
                f"{source}: is damaged; install it again with: nnanim models install {model.name}"
            ) from None
        weights, facts = _read_gguf(source)
        _keep(weights, facts, kept)
    config = Config(name=model.screen_name, weights_note=model.note, **facts["config"])
    return Checkpoint(config, weights, Tokenizer.from_gguf(facts["tokenizer"]), model.member_sha256)


def _keep(weights: Weights, facts: dict[str, Any], path: Path) -> None:
    """Write under a temporary name, then rename; a folder that cannot be written to is passed over."""
    draft = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f"{path.stem}-", suffix=".unfinished")
        os.close(handle)
        draft = Path(name)
        save_file(weights, draft, {"facts": json.dumps(facts)})
        draft.replace(path)
    except (OSError, SafetensorError):
        return
    finally:
        if draft is not None:
            draft.unlink(missing_ok=True)


_GGUF_NAMES = {
    "attn_norm.weight": "attention_norm.weight",
    "attn_q.weight": "query.weight",
    "attn_k.weight": "key.weight",
    "attn_v.weight": "value.weight",
    "attn_output.weight": "output.weight",
    "ffn_norm.weight": "feed_forward_norm.weight",
    "ffn_gate.weight": "gate.weight",
    "ffn_up.weight": "up.weight",
    "ffn_down.weight": "down.weight",
}


def _read_gguf(path: Path) -> tuple[Weights, dict[str, Any]]:
    """Dequantise a GGUF file of the Llama architecture to float32."""
    import gguf

    reader = gguf.GGUFReader(path)

    def field(name: str) -> Any:
        return reader.fields[name].contents()

    heads, kv_heads = field("llama.attention.head_count"), field("llama.attention.head_count_kv")
    weights: Weights = {}
    for tensor in reader.tensors:
        full = torch.from_numpy(gguf.quants.dequantize(tensor.data, tensor.tensor_type).astype("float32"))
        block, _, rest = tensor.name.removeprefix("blk.").partition(".")
        if tensor.name == "token_embd.weight":
            weights["embedding.weight"] = full
        elif tensor.name == "output_norm.weight":
            weights["norm.weight"] = full
        elif tensor.name == "output.weight":
            weights["unembedding.weight"] = full
        else:
            if rest in ("attn_q.weight", "attn_k.weight"):
                full = _halves_from_pairs(full, heads if rest == "attn_q.weight" else kv_heads)
            weights[f"{block}.{_GGUF_NAMES[rest]}"] = full
    config = {
        "n_layers": field("llama.block_count"),
        "n_heads": heads,
        "n_kv_heads": kv_heads,
        "d_model": field("llama.embedding_length"),
        "d_head": field("llama.rope.dimension_count"),
        "d_feed_forward": field("llama.feed_forward_length"),
        "n_vocabulary": weights["embedding.weight"].shape[0],
        "n_context": field("llama.context_length"),
        "epsilon": field("llama.attention.layer_norm_rms_epsilon"),
        "rotary_base": field("llama.rope.freq_base"),
    }
    names = ("tokens", "merges", "token_type", "pre")
    return weights, {"config": config, "tokenizer": {name: field(f"tokenizer.ggml.{name}") for name in names}}


def _halves_from_pairs(weight: Tensor, heads: int) -> Tensor:
    """Undo GGUF's order of query and key rows: there, the two rows that rotate together are neighbours."""
    rows, columns = weight.shape
    pairs = weight.reshape(heads, rows // heads // 2, 2, columns)
    return pairs.transpose(1, 2).reshape(rows, columns).contiguous()
