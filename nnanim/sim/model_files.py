"""Which files make up a language model, and their digest; torch is loaded for none of it but the toy's."""

from __future__ import annotations

import json
from pathlib import Path

from nnanim.models import ModelError, known_model, known_models, sha256


def digest_of(name: str | Path) -> str:
    """The digest of a model without loading it; an installed model need not be installed for that.

    Raises
    ------
    ModelError
        When there is no such model, or a file of its directory is missing.
    """
    if str(name) in known_models():
        return known_model(str(name)).member_sha256
    if str(name) == "toy":
        from nnanim.sim.language_model import toy  # its weights are drawn by torch

        return toy().digest
    return directory_digest(model_directory(name))


def model_directory(name: str | Path) -> Path:
    """The directory of a model that is named by one."""
    folder = Path(name).expanduser()
    if not folder.is_dir():
        raise ModelError(
            f"there is no model {str(name)!r}; known are {', '.join(known_models())}, toy, "
            "or a directory with config.json, model.safetensors and tokenizer.json"
        )
    return folder


def directory_digest(folder: Path) -> str:
    """SHA-256 over the files of a model's directory that matter."""
    files = [description_file(folder), *weight_files(folder), folder / "tokenizer.json"]
    return "-".join(sha256(file)[:16] for file in files)


def description_file(folder: Path) -> Path:
    """The file that says what kind of model a directory holds."""
    described = folder / "config.json"
    if not described.is_file():
        raise ModelError(f"{folder} is not a model's directory: it has no config.json")
    return described


def weight_files(folder: Path) -> list[Path]:
    """The files of a directory with the model's weights."""
    whole, index = folder / "model.safetensors", folder / "model.safetensors.index.json"
    if whole.is_file():
        return [whole]
    if index.is_file():
        try:
            names = json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()
            return [folder / name for name in sorted(set(names))]
        except (ValueError, KeyError, AttributeError):
            raise ModelError(f"{index}: is damaged") from None
    raise ModelError(f"{folder} has no model.safetensors")
