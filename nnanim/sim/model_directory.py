"""Local directories of language models, read by the `transformers` library: any architecture that it knows, offline.

The library draws weights at random that it does not find and passes over switches and files that it does not know; here
such directories are refused, with the file to blame.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open

from nnanim.models import ModelError
from nnanim.sim.model_files import description, directory_digest, weight_files
from nnanim.sim.tokenizer import Tokenizer
from nnanim.sim.transformers_model import TransformersModel, reads_ahead

EXTRA = "pip install 'nnanim[models]'"
LONGEST_REASON = 160
"""Characters that are quoted of what a library says."""
FLOATING = {"F64", "F32", "F16", "BF16"}
"""Kinds of numbers that weights may be saved as: exactly these become float32 by themselves."""


def read_directory(folder: Path) -> TransformersModel:
    """Read a directory as ``save_pretrained`` writes it: ``config.json``, the weights, ``tokenizer.json``.

    Raises
    ------
    ModelError
        When `transformers` is not installed, a file is missing or damaged, files contradict each other, or the model
        is none that continues a text.
    """
    facts = description(folder)
    files = weight_files(folder)
    library = _library(folder)
    _refuse_what_would_be_passed_over(folder, facts, files)
    config = _config(library, folder, facts)
    network = _network(library, folder, config)
    tokenizer = _tokenizer(library, folder, _end_ids(network))
    try:
        model = TransformersModel(network, tokenizer, folder.resolve().name, directory_digest(folder))
        ahead = reads_ahead(model)
    except ModelError:
        raise
    except Exception as error:  # whatever an architecture stumbles over
        raise ModelError(f"{folder}: {facts['model_type']} cannot be run: {_reason(error)}") from None
    if ahead:
        raise ModelError(f"{folder}: {facts['model_type']} reads in both directions: it does not continue a text")
    if tokenizer.size > model.config.n_vocabulary:
        raise ModelError(
            f"{folder}: the tokenizer has {tokenizer.size} tokens, the model only {model.config.n_vocabulary}"
        )
    return model


def _library(folder: Path) -> Any:
    """The `transformers` library, offline and silent."""
    os.environ["HF_HUB_OFFLINE"] = "1"  # before it is imported; nothing is fetched at run time
    try:
        import transformers
    except ImportError:
        raise ModelError(f"{folder}: directories of models need the extra models: {EXTRA}") from None
    transformers.logging.set_verbosity(transformers.logging.CRITICAL)
    transformers.logging.disable_progress_bar()
    return transformers


def _refuse_what_would_be_passed_over(folder: Path, facts: dict[str, Any], files: list[Path]) -> None:
    """Refuse what the library reads without a word about what it leaves out."""
    described = folder / "config.json"
    if not isinstance(facts.get("model_type"), str):
        raise ModelError(f"{described}: has no model_type")
    if facts.get("quantization_config"):
        raise ModelError(f"{described}: has a quantization_config: quantised weights are not read, save them in full")
    if (folder / "adapter_config.json").is_file():
        raise ModelError(f"{folder / 'adapter_config.json'}: adapters are not read; merge it into the model first")
    for file in files:
        for name, kind in _kinds(file).items():
            if name.endswith(".weight") and kind not in FLOATING:
                raise ModelError(f"{file}: {name} is quantised ({kind}), which is not read; save it in full")


def _kinds(file: Path) -> dict[str, str]:
    """The kind of numbers of every tensor in a file, in the words of safetensors; no numbers are read."""
    try:
        if file.suffix == ".safetensors":
            with safe_open(file, "pt") as tensors:
                return {name: tensors.get_slice(name).get_dtype() for name in tensors.keys()}  # noqa: SIM118
        kinds = {torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16"}
        tensors = torch.load(file, map_location="meta", weights_only=True)
        return {name: kinds.get(tensor.dtype, str(tensor.dtype)) for name, tensor in tensors.items()}
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{file}: the weights cannot be read: {_reason(error)}") from None
    except Exception:  # pickle raises whatever it stumbles over
        raise ModelError(f"{file}: the weights cannot be read: it is no table of tensors") from None


def _config(library: Any, folder: Path, facts: dict[str, Any]) -> Any:
    """The library's description of the model, checked by the library."""
    described, kind = folder / "config.json", facts["model_type"]
    if kind not in library.CONFIG_MAPPING:
        own = "; code of its own, which it asks for, is never run" if "auto_map" in facts else ""
        raise ModelError(f"{described}: the transformers library knows no model_type {kind[:40]!r}{own}")
    config = _quietly(
        lambda: library.AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False),
        f"{described}: makes no model",
    )
    if getattr(config, "is_encoder_decoder", False):
        raise ModelError(f"{described}: {kind} is an encoder with a decoder; what can be shown are decoders alone")
    if type(config) not in library.MODEL_FOR_CAUSAL_LM_MAPPING:
        raise ModelError(f"{described}: {kind} is no model that continues a text")
    return config


def _network(library: Any, folder: Path, config: Any) -> Any:
    """The model with its weights, all of them from the files."""
    network, told = _quietly(
        lambda: library.AutoModelForCausalLM.from_pretrained(
            folder,
            config=config,
            local_files_only=True,
            trust_remote_code=False,
            dtype=torch.float32,
            attn_implementation="eager",  # others do not hand out attention weights
            experts_implementation="eager",  # in matrix products that can be counted
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # told below, in one line
        ),
        f"{folder}: the model cannot be made of config.json and the weights",
    )
    for what, names in (
        ("lack", told["missing_keys"]),
        ("have another shape than config.json says of", [name for name, *_ in told["mismatched_keys"]]),
        ("have what config.json knows nothing of:", told["unexpected_keys"]),
    ):
        if names:
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            raise ModelError(f"{folder}: the weights {what} {min(names)}{more}")
    if odd := {str(weight.dtype) for weight in network.parameters()} - {"torch.float32"}:
        raise ModelError(f"{folder}: the weights are {', '.join(sorted(odd))}, not float32, when loaded")
    return network.eval()


def _end_ids(network: Any) -> list[int] | None:
    """The tokens at which the library's own ``generate`` stops; None when the model names none."""
    ends = network.generation_config.eos_token_id
    return [ends] if isinstance(ends, int) else ends


def _tokenizer(library: Any, folder: Path, end_ids: list[int] | None) -> Tokenizer:
    """The rules of ``tokenizer.json`` as they stand there, or else what the library makes of older files.

    (The library's classes for single architectures would put rules of their own in place of the file's.)
    """
    file = folder / "tokenizer.json"
    kind = library.PreTrainedTokenizerFast if file.is_file() else library.AutoTokenizer
    older = ("tokenizer.model", "vocab.json", "vocab.txt", "tokenizer_config.json", "tekken.json")
    if not file.is_file() and not any((folder / name).is_file() for name in older):
        raise ModelError(f"{folder} has no tokenizer.json")
    blamed = file if file.is_file() else folder
    found = _quietly(
        lambda: kind.from_pretrained(folder, local_files_only=True, trust_remote_code=False),
        f"{blamed}: makes no tokenizer",
    )
    pipeline = getattr(found, "backend_tokenizer", None)
    if pipeline is None:
        raise ModelError(f"{folder}: its tokenizer is none that tokenizer.json can hold")
    pipeline.no_padding()
    pipeline.no_truncation()
    if end_ids is None and found.eos_token_id is not None:
        end_ids = [found.eos_token_id]
    return Tokenizer(pipeline, end_ids or ())


def _quietly(make: Callable[[], Any], problem: str) -> Any:
    """What a library makes, without its warnings; whatever it raises becomes one short line."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return make()
        except Exception as error:  # the library raises all kinds
            raise ModelError(f"{problem}: {_reason(error)}") from None


def _reason(error: Exception) -> str:
    """The gist of an exception, on one short line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    reason = " ".join(lines) or type(error).__name__
    return reason if len(reason) <= LONGEST_REASON else f"{reason[: LONGEST_REASON - 1]}…"
