"""The recipe of a video: chapter, parameters, look, format and versions, enough to make it again.

It travels inside the video's metadata and stands beside it as ``recipe.toml``.
"""

from __future__ import annotations

import hashlib
import platform
import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, get_args

import tomli_w

import nnanim
from nnanim.params import ParameterError, Params, show_value

Quality = Literal["draft", "720p", "1080p", "4k"]
Aspect = Literal["16:9", "4:3", "1:1", "9:16"]
Captions = Literal["burned", "track", "both", "none"]
Format = Literal["mp4", "webm", "mov", "gif", "png"]
Codec = Literal["h264", "h265", "vp9", "prores"]
Theme = Literal["dark", "light"]

SHORT_SIDE_PIXELS: dict[str, int] = {"draft": 480, "720p": 720, "1080p": 1080, "4k": 2160}
FRAMES_PER_SECOND: dict[str, int] = {"draft": 15, "720p": 30, "1080p": 30, "4k": 30}
SHORT_SIDE_UNITS = 8.0


@dataclass(frozen=True)
class Output:
    """How a chapter is to look and what file is wanted."""

    quality: Quality = "1080p"
    fps: int | None = None
    format: Format = "mp4"
    codec: Codec | None = None
    crf: int | None = None
    transparent: bool = False
    theme: Theme = "dark"
    aspect: Aspect = "16:9"
    captions: Captions = "both"
    voice: str | None = None
    pace: float = 1.0

    @property
    def frames_per_second(self) -> int:
        """Asked for, or what goes with the quality."""
        return self.fps or FRAMES_PER_SECOND[self.quality]

    @property
    def ratio(self) -> float:
        """Width over height."""
        across, down = self.aspect.split(":")
        return int(across) / int(down)

    @property
    def pixels(self) -> tuple[int, int]:
        """Width and height, both even as video codecs want them."""
        short = SHORT_SIDE_PIXELS[self.quality]
        wide = 2 * round(short * max(self.ratio, 1 / self.ratio) / 2)
        return (wide, short) if self.ratio >= 1 else (short, wide)

    @property
    def units(self) -> tuple[float, float]:
        """Width and height in manim units: the shorter side is 8."""
        wide = SHORT_SIDE_UNITS * max(self.ratio, 1 / self.ratio)
        return (wide, SHORT_SIDE_UNITS) if self.ratio >= 1 else (SHORT_SIDE_UNITS, wide)

    @property
    def burned(self) -> bool:
        """Whether the narration is drawn in the picture."""
        return self.captions in ("burned", "both")

    @property
    def track(self) -> bool:
        """Whether the video carries a captions track."""
        return self.captions in ("track", "both")

    @classmethod
    def read(cls, table: Mapping[str, Any], **changes: Any) -> Output:
        """Read a recipe's ``[output]`` table, then apply what was asked for on top of it.

        Raises
        ------
        ParameterError
            When a setting is unknown or of the wrong value.
        """
        known = {field.name for field in fields(cls)}
        for name in table:
            if name not in known:
                raise ParameterError(
                    f"[output] has no setting {name!r}; known are {', '.join(sorted(known))}"
                )
        if changes.get("voice") and not changes.get("captions") and "captions" not in table:
            changes["captions"] = "track"  # who listens need not read
        output = replace(
            cls(), **{**table, **{name: value for name, value in changes.items() if value is not None}}
        )
        for name, value in asdict(output).items():
            if not _is_allowed(name, value):
                raise ParameterError(f"{name} must be {_IN_WORDS[name]}, got {value!r}")
        return output


_CHOICES: dict[str, tuple[str, ...]] = {
    "quality": get_args(Quality),
    "format": get_args(Format),
    "codec": get_args(Codec),
    "theme": get_args(Theme),
    "aspect": get_args(Aspect),
    "captions": get_args(Captions),
}
_RANGES = {"fps": range(1, 121), "crf": range(64)}
_OPTIONAL = ("fps", "codec", "crf", "voice")
SLOWEST, QUICKEST = 0.5, 2.0
_IN_WORDS = {
    **{name: f"one of {', '.join(choices)}" for name, choices in _CHOICES.items()},
    **{name: f"a whole number from {numbers[0]} to {numbers[-1]}" for name, numbers in _RANGES.items()},
    "transparent": "true or false",
    "voice": "a voice's name, a folder of recordings, or a command",
    "pace": f"a number from {SLOWEST} to {QUICKEST}",
}


def _is_allowed(name: str, value: Any) -> bool:
    if value is None:
        return name in _OPTIONAL
    if name in _CHOICES:
        return value in _CHOICES[name]
    if name in _RANGES:
        return isinstance(value, int) and not isinstance(value, bool) and value in _RANGES[name]
    if name == "voice":
        return isinstance(value, str) and bool(value)
    if name == "pace":
        return isinstance(value, int | float) and not isinstance(value, bool) and SLOWEST <= value <= QUICKEST
    return isinstance(value, bool)


@dataclass(frozen=True)
class Recipe:
    """Everything that a render depends on."""

    chapter: str
    params: Params
    output: Output
    source: str

    @property
    def variant(self) -> str:
        """A folder's name for this render: quality, then whatever differs from the defaults."""
        default, mine = asdict(Output()), asdict(self.output)
        parts: list[str] = [self.output.quality]
        for name in ("fps", "format", "codec", "crf", "theme", "aspect", "captions"):
            if mine[name] != default[name]:
                named = {
                    "fps": f"{mine[name]}fps",
                    "crf": f"crf{mine[name]}",
                    "captions": f"captions-{mine[name]}",
                }
                parts.append(str(named.get(name, mine[name])))
        parts += ["transparent"] if self.output.transparent else []
        parts += [f"voice-{Path(self.output.voice).name}"] if self.output.voice else []
        parts += [f"pace-{self.output.pace:g}"] if self.output.pace != default["pace"] else []
        parts += [f"{name}-{show_value(value)}" for name, value in self.params.changed().items()]
        written = re.sub(r"[^A-Za-z0-9.,−-]+", "-", "_".join(parts).replace(":", "x")).strip("-")
        if len(written) > 80:
            seal = hashlib.sha256("_".join(parts).encode()).hexdigest()[:8]
            written = f"{written[:70]}-{seal}"
        return written

    def to_toml(self, trace_digest: str = "") -> str:
        """The recipe as text."""
        made = {
            "nnanim": nnanim.__version__,
            **{package: version(package) for package in ("manim", "torch", "numpy", "av")},
            "python": platform.python_version(),
            "source": self.source,
            **{f"{name}_sha256": digest for name, digest in _files(self.params).items()},
        }
        if trace_digest:
            made["trace"] = trace_digest
        table = {
            "chapter": self.chapter,
            "params": _without_none(self.params.model_dump(mode="json")),
            "output": _without_none(asdict(self.output)),
            "made": made,
        }
        return tomli_w.dumps(table)


def is_same(recipe_text: str, other_text: str) -> bool:
    """Whether two recipes make the same video (the trace's digest follows from the rest)."""
    try:
        first, second = tomllib.loads(recipe_text), tomllib.loads(other_text)
    except tomllib.TOMLDecodeError:
        return False
    for table in (first, second):
        table.get("made", {}).pop("trace", None)
    return first == second


def source_digest(chapter_file: Path) -> str:
    """Digest of the code that a render depends on: the package and the chapter's own folder."""
    package = Path(nnanim.__file__).parent
    seal = hashlib.sha256()
    files = [
        *sorted(package.rglob("*.py")),
        *sorted(package.rglob("*.toml")),
        *sorted(chapter_file.parent.glob("*.py")),
    ]
    for file in [*files, chapter_file.with_name("course.toml")]:
        if file.is_file():
            seal.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return seal.hexdigest()


def _files(params: Params) -> dict[str, str]:
    named = {name: value for name, value in params if isinstance(value, Path) and value.is_file()}
    return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in named.items()}


def _without_none(table: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in table.items() if value is not None}
