"""Small models with random weights, written to directories by the `transformers` library itself."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["HF_HUB_OFFLINE"] = "1"

import torch
import transformers

from nnanim.sim.tokenizer import Tokenizer

transformers.logging.disable_progress_bar()
transformers.logging.set_verbosity_error()

VOCABULARY = Tokenizer.toy().size + 8  # more ids than the tokenizer has pieces, as models are padded to round sizes
SIZES: dict[str, Any] = {
    "vocab_size": VOCABULARY, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
    "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 64,
    "bos_token_id": None, "eos_token_id": None, "pad_token_id": None,
}  # fmt: skip
OF_GPT2 = {
    "vocab_size": VOCABULARY, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 64, "bos_token_id": None, "eos_token_id": None
}  # fmt: skip
LLAMA_3 = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 16}
YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16}


def _llama(**rope: Any) -> Callable[[], Any]:
    return lambda: transformers.LlamaConfig(**SIZES, rope_parameters={"rope_theta": 500.0, **rope} if rope else None)


DECODERS: dict[str, Callable[[], Any]] = {
    "llama": _llama(),
    "llama-linear": _llama(rope_type="linear", factor=4.0),
    "llama-3": _llama(**LLAMA_3),
    "llama-yarn": _llama(**YARN),
    "mistral": lambda: transformers.MistralConfig(**SIZES, sliding_window=4),
    "qwen2": lambda: transformers.Qwen2Config(**SIZES),
    "qwen3": lambda: transformers.Qwen3Config(**SIZES, head_dim=8),
    "gemma": lambda: transformers.GemmaConfig(**SIZES, head_dim=8),
    "gemma2": lambda: transformers.Gemma2Config(
        **SIZES, head_dim=8, sliding_window=4, attn_logit_softcapping=0.5, final_logit_softcapping=1.5
    ),
    "gpt2": lambda: transformers.GPT2Config(**OF_GPT2),
    "gpt2-inverse-layer": lambda: transformers.GPT2Config(**OF_GPT2, scale_attn_by_inverse_layer_idx=True),
    "gpt2-upcast": lambda: transformers.GPT2Config(
        **OF_GPT2, reorder_and_upcast_attn=True, scale_attn_weights=False, activation_function="relu"
    ),
    "phi": lambda: transformers.PhiConfig(**SIZES),
    "gpt-neox": lambda: transformers.GPTNeoXConfig(
        **{name: size for name, size in SIZES.items() if name != "num_key_value_heads"}
    ),
    "mixtral": lambda: transformers.MixtralConfig(**SIZES, num_local_experts=4),
}
"""Architectures that both chapters can be made with."""


def save(config: Any, folder: Path, seed: int = 0, cls: Any = transformers.AutoModelForCausalLM) -> Any:
    """Write a model with random weights and the toy's tokenizer; returns the model as the library made it."""
    network = (cls.from_config(config) if hasattr(cls, "from_config") else cls(config)).float().eval()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():  # far from their tame initial values: gains and biases too
        for name, weight in network.named_parameters():
            drawn = torch.randn(weight.shape, generator=generator)
            weight.copy_(1.5 * drawn / weight.shape[-1] ** 0.5 if weight.ndim > 1 else 0.3 * drawn + float("bias" not in name))
    network.save_pretrained(folder)
    Tokenizer.toy().pipeline.save(str(folder / "tokenizer.json"))
    return network


def edit(folder: Path, name: str = "config.json", **changes: Any) -> None:
    """Change entries of a JSON file; None takes one out."""
    file = folder / name
    facts = {**json.loads(file.read_text()), **changes}
    file.write_text(json.dumps({key: value for key, value in facts.items() if value is not None}))
