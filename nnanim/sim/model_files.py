"""Which files make up a language model, and their digest; torch is loaded for none of it but the toy's."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from nnanim.models import ModelError, known_model, known_models, sha256

WEIGHTS = ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json")
"""Where a directory may have its weights: the first of these that it has; an index names the files of the parts."""


def digest_of(name: str | Path) -> str:
    """The digest of a model without loading it; an installed model need not be installed for that.

    Raises
    ------
    ModelError
        When there is no such model, or its directory lacks ``config.json`` or the weights.
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
    """SHA-256 over names and contents of all files of a model's directory; hidden ones, which no model reads, are left out.

    Raises
    ------
    ModelError
        When a file cannot be read, or there is no ``config.json`` or are no weights.
    """
    description(folder)
    weight_files(folder)
    seal = hashlib.sha256()
    paths = {path.relative_to(folder): path for path in folder.rglob("*") if path.is_file() or path.is_symlink()}
    for name, path in sorted(paths.items()):
        if not any(part.startswith(".") for part in name.parts):
            seal.update(f"{name.as_posix()}\0{sha256(path)}\n".encode())
    return seal.hexdigest()


def description(folder: Path) -> dict[str, Any]:
    """What ``config.json`` says of the model.

    Raises
    ------
    ModelError
        When it is missing or no table.
    """
    file = folder / "config.json"
    if not file.is_file():
        raise ModelError(f"{folder} is not a model's directory: it has no config.json")
    return read_table(file)


def weight_files(folder: Path) -> list[Path]:
    """The files of a directory with the model's weights.

    Raises
    ------
    ModelError
        When there are none, or not all that an index names.
    """
    found = next((folder / name for name in WEIGHTS if (folder / name).is_file()), None)
    if found is None:
        raise ModelError(f"{folder} has no model.safetensors")
    if found.suffix != ".json":
        return [found]
    parts = read_table(found).get("weight_map")
    if not isinstance(parts, dict) or not all(isinstance(name, str) for name in parts.values()):
        raise ModelError(f"{found}: has no weight_map")
    for name in sorted(set(parts.values())):
        if not (folder / name).is_file():
            raise ModelError(f"{found}: names {name}, which is not there")
    return [folder / name for name in sorted(set(parts.values()))]


def read_table(file: Path) -> dict[str, Any]:
    """A JSON file that holds one table.

    Raises
    ------
    ModelError
        When it cannot be read as one.
    """
    try:
        table = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(f"{file}: cannot be read: {error.strerror}") from None
    except ValueError as error:  # neither UTF-8 nor JSON
        raise ModelError(f"{file}: cannot be read as a JSON table: {str(error)[:80]}") from None
    if not isinstance(table, dict):
        raise ModelError(f"{file}: cannot be read as a JSON table: it holds something else")
    return table
