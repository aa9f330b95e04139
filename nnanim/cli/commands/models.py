"""``nnanim models``: which language models are known and installed; install or remove one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nnanim.cli.installing import Shelf, megabytes, state


def overview() -> list[str]:
    """Two lines for each known model, and one on how to use another."""
    from nnanim import models

    lines = []
    for model in models.known_models().values():
        lines.append(
            f"{model.name:<10}{model.title} · {model.parameters / 1e6:.1f} million parameters, {model.note} · "
            f"{megabytes(model.member_bytes)} ({megabytes(model.wheel_bytes)} to download) · {model.licence}"
        )
        lines.append(f"{'':<10}{state(model)}")
    lines.append(
        f"{'toy':<10}a small model with random weights, made on the spot: it runs the same code and knows nothing"
    )
    lines.append(
        f"{'DIRECTORY':<10}config.json, model.safetensors and tokenizer.json of a Llama-type or GPT-2 model of your own"
    )
    return lines


def _known(name: str) -> Any:
    from nnanim import models

    return models.known_model(name)


def _install(*arguments: Any) -> Path:
    from nnanim import models

    return models.install(*arguments)


def _remove(model: Any) -> list[Path]:
    from nnanim import models

    return models.remove(model)


command = Shelf(
    command="models",
    plural="language models",
    what="its weights",
    default="smollm2",
    overview=overview,
    known=_known,
    install=_install,
    remove=_remove,
).group()
