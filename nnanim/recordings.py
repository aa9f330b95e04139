"""Traces of costly simulations, kept so that they are computed once.

A recording is found by a digest of everything that the trace depends on: nothing stale can be found.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import platformdirs

import nnanim
from nnanim.params import Params
from nnanim.trace import Trace, TraceError

SHIPPED = "recorded"
"""Folder beside the scene files with the recordings of default parameters."""


def cache_folder(kind: str = "traces") -> Path:
    """Where traces or segments of video are kept; ``NNANIM_CACHE`` chooses another folder for both."""
    chosen = os.environ.get("NNANIM_CACHE")
    return (Path(chosen) if chosen else platformdirs.user_cache_path("nnanim")) / kind


def digest(parameters: Params, files: Iterable[Path], more: str = "") -> str:
    """Digest of parameters, of the simulations' source, and of further files and text (weights, a model's digest).

    Parameters
    ----------
    parameters
        The chapter's; files that they name count by their content.
    files
        Source files besides those of :mod:`nnanim.sim`.
    more
        Whatever else the trace depends on.
    """
    seal = hashlib.sha256(more.encode())
    seal.update(json.dumps(parameters.model_dump(mode="json"), sort_keys=True).encode())
    sources = sorted((Path(nnanim.__file__).parent / "sim").glob("*.py"))
    named = [value for _, value in parameters if isinstance(value, Path) and value.is_file()]
    for file in [*sources, *files, *named]:
        seal.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return seal.hexdigest()[:32]


def recorded(shipped: Path, compute: Callable[[], Trace]) -> Trace:
    """The trace of a costly simulation: from the course, from the cache, or computed now and kept.

    Parameters
    ----------
    shipped
        Where the course may have it; the file's name is the :func:`digest`.
    compute
        Runs the simulation.
    """
    kept = cache_folder() / shipped.name
    for file in (shipped, kept):
        if file.is_file():
            try:
                return Trace.load(file)
            except TraceError:
                continue  # a damaged recording is made again
    trace = compute()
    keep(trace, kept)
    return trace


def keep(trace: Trace, path: Path) -> None:
    """Write a recording under a temporary name, then rename it; a folder that cannot be written to is passed over."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".unfinished", delete=False) as file:
            file.write(trace.to_bytes(".npz"))
        Path(file.name).chmod(0o644)
        Path(file.name).replace(path)
    except OSError:
        return
