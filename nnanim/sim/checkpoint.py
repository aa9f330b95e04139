"""Weights from files, all in one form: float32 tensors by name, and the sizes of the model they belong to.

Read are the GGUF file of an installed model (dequantised once, then kept as safetensors) and Hugging Face directories.
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
from nnanim.sim.model_files import description_file, directory_digest, weight_files
from nnanim.sim.tokenizer import Tokenizer

FORM = 1
"""Raised when the form of the kept weights changes: older files are then not read."""
Weights = dict[str, Tensor]


@dataclass(frozen=True)
class Config:
    """The sizes of a model.

    ``rotary_base`` is the base of the rotary positions' wavelengths, None where positions are learned vectors;
    ``d_feed_forward`` the width of the feed-forward layer; ``gated`` whether that layer is a SwiGLU (else a GELU);
    ``epsilon`` is added to the variance in the norms.
    """

    name: str
    weights_note: str
    n_layers: int
    n_heads: int
    n_kv_heads: int
    d_model: int
    d_head: int
    d_feed_forward: int
    n_vocabulary: int
    n_context: int
    epsilon: float = 1e-5
    rotary_base: float | None = 10_000.0
    gated: bool = True


@dataclass(frozen=True)
class Checkpoint:
    """A model as it was read: sizes, weights by name, tokenizer, and a digest of all of them."""

    config: Config
    weights: Weights
    tokenizer: Tokenizer
    digest: str


# An installed model ---------------------------------------------------------------------------------------


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


# A Hugging Face directory ---------------------------------------------------------------------------------


def read_directory(folder: Path) -> Checkpoint:
    """Read ``config.json``, ``model.safetensors`` and ``tokenizer.json`` of a Llama-type or GPT-2 model.

    Raises
    ------
    ModelError
        When a file is missing or damaged, or the model is of another type.
    """
    described = description_file(folder)
    try:
        facts = dict(json.loads(described.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        raise ModelError(f"{described}: cannot be read as a JSON table") from None
    kind = facts.get("model_type", "nothing")
    if kind not in _READERS:
        raise ModelError(f"{described}: model_type must be one of {', '.join(_READERS)}, got {kind}")
    files = weight_files(folder)
    try:
        tensors: Weights = {}
        for file in files:
            tensors |= {name: tensor.float() for name, tensor in load_file(file).items()}
        config, weights = _READERS[kind](folder.resolve().name, facts, tensors)
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{folder}: the weights cannot be read: {error}") from None
    except KeyError as error:
        raise ModelError(f"{folder}: the model lacks {error}") from None
    except (TypeError, ValueError, ArithmeticError) as error:
        if isinstance(error, ModelError):
            raise
        raise ModelError(f"{described}: makes no model: {error}") from None
    tokenizer = Tokenizer.from_file(folder / "tokenizer.json")
    if tokenizer.size > config.n_vocabulary:
        raise ModelError(f"{folder}: the tokenizer has {tokenizer.size} tokens, the model only {config.n_vocabulary}")
    return Checkpoint(config, weights, tokenizer, directory_digest(folder))


def _size(facts: dict[str, Any], name: str) -> int:
    """A size out of ``config.json``."""
    if type(facts[name]) is not int or facts[name] < 1:
        raise ValueError(f"{name} must be a whole number ≥ 1, got {facts[name]!r}")
    return int(facts[name])


_LLAMA_NAMES = {
    "input_layernorm": "attention_norm",
    "self_attn.q_proj": "query",
    "self_attn.k_proj": "key",
    "self_attn.v_proj": "value",
    "self_attn.o_proj": "output",
    "post_attention_layernorm": "feed_forward_norm",
    "mlp.gate_proj": "gate",
    "mlp.up_proj": "up",
    "mlp.down_proj": "down",
}


def _read_llama(name: str, facts: dict[str, Any], tensors: Weights) -> tuple[Config, Weights]:
    rotary = facts.get("rope_parameters") or {}
    scaling = (facts.get("rope_scaling") or rotary).get("rope_type", "default")
    if scaling != "default" or facts.get("hidden_act", "silu") != "silu":
        raise ModelError(
            f"{name}: only plain rotary positions and SiLU are known here, not {scaling} and {facts.get('hidden_act')}"
        )
    heads = _size(facts, "num_attention_heads")
    config = Config(
        name=name,
        weights_note="weights from a local directory",
        n_layers=_size(facts, "num_hidden_layers"),
        n_heads=heads,
        n_kv_heads=facts.get("num_key_value_heads") or heads,
        d_model=_size(facts, "hidden_size"),
        d_head=facts.get("head_dim") or _size(facts, "hidden_size") // heads,
        d_feed_forward=_size(facts, "intermediate_size"),
        n_vocabulary=_size(facts, "vocab_size"),
        n_context=facts.get("max_position_embeddings", 2048),
        epsilon=facts.get("rms_norm_eps", 1e-6),
        rotary_base=float(rotary.get("rope_theta") or facts.get("rope_theta") or 10_000.0),
    )
    weights = {
        "embedding.weight": tensors["model.embed_tokens.weight"],
        "norm.weight": tensors["model.norm.weight"],
    }
    if not facts.get("tie_word_embeddings", False):
        weights["unembedding.weight"] = tensors["lm_head.weight"]
    for layer in range(config.n_layers):
        for theirs, ours in _LLAMA_NAMES.items():
            weights[f"{layer}.{ours}.weight"] = tensors[f"model.layers.{layer}.{theirs}.weight"]
            if (bias := tensors.get(f"model.layers.{layer}.{theirs}.bias")) is not None:
                weights[f"{layer}.{ours}.bias"] = bias
    return config, weights


_GPT2_NAMES = {
    "ln_1": "attention_norm",
    "attn.c_proj": "output",
    "ln_2": "feed_forward_norm",
    "mlp.c_fc": "up",
    "mlp.c_proj": "down",
}


def _read_gpt2(name: str, facts: dict[str, Any], tensors: Weights) -> tuple[Config, Weights]:
    tensors = {key.removeprefix("transformer."): tensor for key, tensor in tensors.items()}
    if facts.get("activation_function", "gelu_new") != "gelu_new":
        raise ModelError(f"{name}: only the GELU of GPT-2 is known here, not {facts['activation_function']}")
    heads, width = _size(facts, "n_head"), _size(facts, "n_embd")
    config = Config(
        name=name,
        weights_note="weights from a local directory",
        n_layers=_size(facts, "n_layer"),
        n_heads=heads,
        n_kv_heads=heads,
        d_model=width,
        d_head=width // heads,
        d_feed_forward=facts.get("n_inner") or 4 * width,
        n_vocabulary=_size(facts, "vocab_size"),
        n_context=_size(facts, "n_positions"),
        epsilon=facts.get("layer_norm_epsilon", 1e-5),
        rotary_base=None,
        gated=False,
    )
    weights = {"embedding.weight": tensors["wte.weight"], "positions.weight": tensors["wpe.weight"]}
    weights |= {"norm.weight": tensors["ln_f.weight"], "norm.bias": tensors["ln_f.bias"]}
    if "lm_head.weight" in tensors and not facts.get("tie_word_embeddings", True):
        weights["unembedding.weight"] = tensors["lm_head.weight"]
    for layer in range(config.n_layers):
        for theirs, ours in _GPT2_NAMES.items():
            weight = tensors[f"h.{layer}.{theirs}.weight"]
            # GPT-2 keeps its matrices as (in, out).
            weights[f"{layer}.{ours}.weight"] = weight.T.contiguous() if weight.ndim == 2 else weight
            weights[f"{layer}.{ours}.bias"] = tensors[f"h.{layer}.{theirs}.bias"]
        together = tensors[f"h.{layer}.attn.c_attn.weight"].T.split(width)
        biases = tensors[f"h.{layer}.attn.c_attn.bias"].split(width)
        for ours, weight, bias in zip(("query", "key", "value"), together, biases, strict=True):
            weights[f"{layer}.{ours}.weight"] = weight.contiguous()
            weights[f"{layer}.{ours}.bias"] = bias.contiguous()
    return config, weights


_READERS = {"llama": _read_llama, "gpt2": _read_gpt2}
