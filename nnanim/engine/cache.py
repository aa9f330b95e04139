"""Finished segments, kept by content: what was drawn once is not drawn again.
A file appears under its key only when it is whole, so a killed render leaves nothing that could be mistaken for one."""

from __future__ import annotations

import contextlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from .errors import EngineError

NOTE, PART = ".begun", ".part"


@dataclass(frozen=True)
class CacheInfo:
    """What a segment cache holds; ``bytes`` is its size on disk."""

    path: Path
    segments: int
    bytes: int


class SegmentStore:
    """The folder in which segments are written and found again.

    Parameters
    ----------
    folder
        Root of the cache, or a temporary folder when nothing is to be kept.
    extension
        File name extension of the segments.
    """

    def __init__(self, folder: Path, extension: str) -> None:
        self.folder = folder
        self.extension = extension
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise EngineError(f"could not make the segment folder {folder}: {error.strerror}") from error
        if not os.access(folder, os.W_OK | os.X_OK):
            raise EngineError(f"could not write into the segment folder {folder}: Permission denied")

    def path(self, key: str) -> Path:
        """Where the segment of this key stands or will stand."""
        folder = self.folder / key[:2]
        folder.mkdir(exist_ok=True)
        return folder / f"{key}.{self.extension}"

    def find(self, key: str) -> Path | None:
        """The finished segment of this key, marked as used now, or ``None``."""
        path = self.path(key)
        try:
            os.utime(path)
        except OSError:
            return None
        return path

    def was_begun(self, key: str) -> bool:
        """Whether :meth:`note_begun` was called with this key, by whatever render."""
        return self._note(key).exists()

    def note_begun(self, key: str) -> None:
        """Remember a key under which nothing is kept."""
        self._note(key).touch()

    def _note(self, key: str) -> Path:
        return self.path(key).with_suffix(NOTE)

    def sweep(self) -> None:
        """Remove what killed workers left half written."""
        for partial in self.folder.glob(f"??/*{PART}"):
            pid = partial.name.split(".")[-2]
            if not pid.isdigit() or not _runs(int(pid)):
                if partial.is_dir():
                    shutil.rmtree(partial, ignore_errors=True)
                else:
                    partial.unlink(missing_ok=True)


def part_of(path: Path) -> Path:
    """Where this process writes what will stand at ``path`` when it is whole; :meth:`SegmentStore.sweep` knows the name."""
    return path.with_name(f"{path.name}.{os.getpid()}{PART}")


def _runs(pid: int) -> bool:
    """Whether a process still does something; one that only waits to be buried does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (OSError, IndexError):
        return False
    return state not in "ZX"


def cache_info(cache_dir: Path) -> CacheInfo:
    """Number of the whole segments in a cache, and size of everything in it."""
    segments = size = 0
    for path in Path(cache_dir).glob("??/*.*"):
        with contextlib.suppress(OSError):
            size += path.stat().st_size
            segments += path.suffix not in (NOTE, PART)
    return CacheInfo(Path(cache_dir), segments, size)


def clear_cache(cache_dir: Path, keep_bytes: int = 0) -> CacheInfo:
    """Remove segments, the longest unused first, until at most ``keep_bytes`` are left; what was removed."""
    files = []
    for path in Path(cache_dir).glob("??/*.*"):
        with contextlib.suppress(OSError):
            stat = path.stat()
            files.append((stat.st_mtime, stat.st_size, path))
    size = sum(entry[1] for entry in files)
    removed = removed_bytes = 0
    for _, file_size, path in sorted(files):
        if size - removed_bytes <= keep_bytes:
            break
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise EngineError(f"could not remove {path}: {error.strerror}") from error
        removed += 1
        removed_bytes += file_size
    if keep_bytes == 0:
        for folder in Path(cache_dir).glob("??"):
            shutil.rmtree(folder, ignore_errors=True)
    return CacheInfo(Path(cache_dir), removed, removed_bytes)
