"""What a render is asked for and what it gives back.
Plain frozen records; they are checked where they are made."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from .errors import EngineError
from .sound import Sound

if TYPE_CHECKING:
    from manim import Scene

Format = Literal["mp4", "webm", "mov", "gif", "png"]
Codec = Literal["h264", "h265", "vp9", "prores"]

CODECS: dict[str, tuple[str, ...]] = {
    # The first codec of a format is its default.
    "mp4": ("h264", "h265", "vp9"),
    "webm": ("vp9",),
    "mov": ("h264", "h265", "prores"),
    "gif": (),
    "png": (),
}
ALPHA_FORMATS = ("webm", "mov", "gif", "png")


@dataclass(frozen=True)
class RenderSettings:
    """How frames are drawn and written.

    Parameters
    ----------
    pixel_width, pixel_height
        Size of a frame in pixels.
    fps
        Frames per second.
    frame_width, frame_height
        Size of a frame in manim units; with neither, 8 units high (manim's rule); with one, square pixels.
    format
        Container of the result; ``png`` is a folder of numbered frames.
    codec
        ``None`` takes the format's own: h264 (mp4, mov), vp9 (webm), prores (mov with alpha).
    crf
        Quality of the codec, lower is better; ``None`` takes the tuned default.
    transparent
        Write an alpha channel (webm, mov, gif, png).
    workers
        Number of drawing processes; ``None`` takes all cores.
    cache_dir
        Folder of finished segments; ``None`` keeps none.
    cache_salt
        Text that becomes part of every cache key, for instance a digest of the drawing code.
    """

    pixel_width: int
    pixel_height: int
    fps: int
    frame_width: float | None = None
    frame_height: float | None = None
    format: Format = "mp4"
    codec: Codec | None = None
    crf: int | None = None
    transparent: bool = False
    background_color: str | None = None
    workers: int | None = None
    cache_dir: Path | None = None
    cache_salt: str = ""

    def __post_init__(self) -> None:
        for name in ("pixel_width", "pixel_height", "fps"):
            if getattr(self, name) < 1:
                raise EngineError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.format not in CODECS:
            raise EngineError(f"format must be one of {', '.join(CODECS)}, got {self.format!r}")
        if self.codec is not None and self.codec not in CODECS[self.format]:
            allowed = ", ".join(CODECS[self.format]) or "no codec (leave it out)"
            raise EngineError(f"a {self.format} file takes {allowed}; {self.codec} does not fit into it")
        if self.transparent and self.format not in ALPHA_FORMATS:
            raise EngineError(f"{self.format} has no transparency; use {', '.join(ALPHA_FORMATS)}")
        if self.transparent and self.format == "mov" and self.codec not in (None, "prores"):
            raise EngineError(f"a transparent mov is written as prores, not as {self.codec}")
        if self.format == "gif" and self.fps > 50:
            raise EngineError(f"a gif plays at most 50 frames a second, got fps={self.fps} (try fps=25)")
        if self.workers is not None and self.workers < 1:
            raise EngineError(f"workers must be at least 1, got {self.workers}")
        if self.format in ("mp4", "webm", "mov") and (self.pixel_width % 2 or self.pixel_height % 2):
            raise EngineError(
                f"{self.format} needs an even width and height, got {self.pixel_width}x{self.pixel_height}"
            )

    @property
    def chosen_codec(self) -> Codec | None:
        """The codec that will be used, or ``None`` for pictures."""
        if self.codec is not None or self.format in ("gif", "png"):
            return self.codec
        if self.format == "mov" and self.transparent:
            return "prores"
        return CODECS[self.format][0]  # type: ignore[return-value]

    @property
    def frame_size(self) -> tuple[float, float]:
        """Width and height of a frame in manim units."""
        aspect = self.pixel_width / self.pixel_height
        for usual in (16 / 9, 9 / 16):
            # Sizes such as 854x480 are 16:9 as nearly as even numbers of pixels can be.
            if abs(self.pixel_width - self.pixel_height * usual) <= 1:
                aspect = usual
        if self.frame_width is not None:
            return self.frame_width, self.frame_height or self.frame_width / aspect
        height = self.frame_height or 8.0
        return height * aspect, height

    @property
    def worker_count(self) -> int:
        """Number of drawing processes: as asked, else the cores this process may use."""
        if self.format == "gif" and self.fps > 50:
            raise EngineError(f"a gif plays at most 50 frames a second, got fps={self.fps} (try fps=25)")
        if self.workers is not None:
            return self.workers
        if hasattr(os, "sched_getaffinity"):
            return len(os.sched_getaffinity(0))
        return os.cpu_count() or 1


@dataclass(frozen=True)
class Annotations:
    """What goes into the container besides the pictures; times are seconds.

    Parameters
    ----------
    chapters
        ``(start, end, title)`` of every chapter mark.
    captions
        ``(start, end, text)`` of every caption; a track that players offer but do not show by themselves.
    metadata
        Texts such as ``title`` and ``comment``.
    sound
        A voice or other sound, from the first frame on; what the scene itself plays is mixed with it.
    language
        Of the captions and of ``sound``: three letters (ISO 639-2), ``und`` where it is unknown.
    """

    chapters: Sequence[tuple[float, float, str]] = ()
    captions: Sequence[tuple[float, float, str]] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    sound: Sound | None = None
    language: str = "eng"

    def __post_init__(self) -> None:
        if not re.fullmatch("[a-z]{3}", self.language):
            raise EngineError(
                f"a language is three letters (ISO 639-2), such as eng or deu, got {self.language!r}"
            )


@dataclass(frozen=True)
class Rendered:
    """What a finished render left behind; ``duration`` is in seconds."""

    path: Path
    frames: int
    fps: int
    duration: float
    scene: Scene
    plays: int
    segments_drawn: int
    segments_cached: int
    workers: int
