"""Draws segments in the scene's own process; a thread encodes what is drawn while the scene goes on."""

from __future__ import annotations

from pathlib import Path

from .cache import part_of
from .drawing import Draw, Tell
from .encode import Profile, SegmentWriter, open_segment
from .lane import Lane
from .settings import RenderSettings
from .workers import CANNOT_WRITE, WorkerFailed


class OwnDrawing:
    """Draws segments one after the other in this process, for an encoder in :attr:`lane`.

    Parameters
    ----------
    profile, settings
        How segments are encoded.
    on_frames
        Called with the number of frames just drawn.
    """

    def __init__(self, profile: Profile, settings: RenderSettings, on_frames: Tell) -> None:
        self.profile, self.settings, self.on_frames = profile, settings, on_frames
        self.lane = Lane()
        self._open: tuple[SegmentWriter, Path, Path] | None = None
        self._unfinished: list[SegmentWriter] = []

    def draw(self, draw: Draw, path: Path, *, held: bool = False) -> int:
        """Draw a segment, which stands at ``path`` once the lane has come so far; the number of its frames."""
        self.begin(path, held=held)
        frames = self.append(draw)
        self.end()
        return frames

    def begin(self, path: Path, *, held: bool = False) -> None:
        """Open a segment that :meth:`append` draws into until :meth:`end`."""
        self.end()
        partial = part_of(path)
        try:
            segment = open_segment(partial, self.profile, self.settings, held=held, lane=self.lane)
        except OSError as error:
            raise _failed(path, error) from error
        self._unfinished.append(segment)
        self._open = segment, partial, path

    @property
    def is_open(self) -> bool:
        """Whether a segment is open."""
        return self._open is not None

    def append(self, draw: Draw) -> int:
        """Draw more frames into the open segment; how many."""
        assert self._open is not None
        segment, _, path = self._open
        before = segment.frames
        try:
            draw(segment, self.on_frames)
        except OSError as error:
            raise _failed(path, error) from error
        return segment.frames - before

    def end(self) -> None:
        """Let the open segment become whole, if there is one."""
        if self._open is not None:
            self.lane.do(self._complete, *self._open)
            self._open = None

    def _complete(self, segment: SegmentWriter, partial: Path, path: Path) -> None:
        segment.close()
        partial.replace(path)
        self._unfinished.remove(segment)

    def wait(self) -> None:
        """Wait until every segment drawn here is whole, and end the thread."""
        self.end()
        try:
            self.lane.rest()
        except OSError as error:
            raise _failed(Path("segment"), error) from error

    def close(self) -> None:
        """Throw away what is not whole."""
        self.lane.end()
        self._open = None
        while self._unfinished:
            self._unfinished.pop().abort()


def _failed(path: Path, error: OSError) -> BaseException:
    """The error as a worker would have reported it, if the disk is at fault."""
    if error.errno not in CANNOT_WRITE:
        return error
    return WorkerFailed(path.stem, {"error": str(error), "errno": error.errno, "lines": []})
