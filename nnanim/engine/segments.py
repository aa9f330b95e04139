"""A run of frames on its way into the file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .workers import Worker


@dataclass
class Segment:
    """A run of frames of one play, and the file that holds them or will."""

    label: str
    path: Path
    frames: int
    worker: Worker | None = None
    drawn_here: bool = False
    """Whether the scene's own process has drawn it."""
