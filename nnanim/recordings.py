"""Traces of costly simulations, kept so that they are computed once.

A recording is found by a digest of everything that the trace depends on: nothing stale can be found.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import platformdirs

from nnanim.dependencies import digest_of_files, sources_of
from nnanim.params import Params
from nnanim.trace import Trace, TraceError

SHIPPED = "recorded"
"""Folder beside the scene files with the recordings of default parameters."""


def cache_folder(kind: str = "traces") -> Path:
    """Where traces or segments of video are kept; ``NNANIM_CACHE`` chooses another folder for both."""
    chosen = os.environ.get("NNANIM_CACHE")
    return (Path(chosen) if chosen else platformdirs.user_cache_path("nnanim")) / kind


def writable_cache(kind: str) -> Path | None:
    """The same folder, made if need be; None where nothing can be kept (a read-only home, say), which costs no render."""
    folder = cache_folder(kind)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError:
        return None


def digest(parameters: Params, simulate: Callable[..., Trace], more: str = "") -> str:
    """Digest of parameters and of the source that the simulation depends on; other simulations leave it as it is.

    Parameters
    ----------
    parameters
        The chapter's; files that they name count by their content.
    simulate
        The function that computes the trace: see :func:`nnanim.dependencies.sources_of`.
    more
        Whatever else the trace depends on, for instance a model's digest.
    """
    seal = hashlib.sha256(more.encode())
    seal.update(json.dumps(parameters.model_dump(mode="json"), sort_keys=True).encode())
    for name, text in sorted(sources_of(simulate).items()):
        seal.update(f"{name}\0{text}\0".encode())
    for _, value in parameters:
        if isinstance(value, Path) and value.exists():
            seal.update(digest_of_files(value).encode())
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
        try:
            if file.is_file():
                return Trace.load(file)
        except (TraceError, OSError):
            continue  # a damaged recording, or one that may not be read, is made again
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
