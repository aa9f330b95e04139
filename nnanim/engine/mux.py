"""Segments to one file: joined without re-encoding, with sound, chapter marks, captions and metadata.
The file is written under a temporary name beside its place and renamed when whole."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from .captions import MILLISECONDS, add_caption_stream, caption_packets, switch_captions_off
from .encode import choose_profile
from .errors import EngineError
from .gif import write_gif
from .pictures import gather_pictures
from .settings import Annotations, RenderSettings
from .sound import add_sound_stream, sound_packets

# What an MP4 keeps without private keys; others would vanish silently.
MP4_KEYS = frozenset(
    [
        "title",
        "artist",
        "album",
        "album_artist",
        "comment",
        "date",
        "description",
        "synopsis",
        "genre",
        "copyright",
        "lyrics",
        "grouping",
        "composer",
        "show",
        "network",
        "keywords",
    ]
)

def assemble(
    segments: Sequence[Path], output: Path, settings: RenderSettings, notes: Annotations, sound: np.ndarray | None
) -> int:
    """Make the result, whatever its format, from the segments in order; returns its number of frames."""
    if settings.format == "png":
        return gather_pictures(segments, output)
    if settings.format == "gif":
        return write_gif(segments, output, settings)
    return join_segments(segments, output, settings, notes, sound)


def join_segments(
    segments: Sequence[Path],
    output: Path,
    settings: RenderSettings,
    notes: Annotations,
    sound: np.ndarray | None = None,
) -> int:
    """Write ``output`` from the segments in order and return its number of frames.

    ``sound`` is float32 (channels, n) at 48 kHz, from the first frame to the last; none of it is cut off.
    """
    partial = output.with_name(f".{output.stem}.part{output.suffix}")
    options = {}
    if settings.format in ("mp4", "mov"):
        options["movflags"] = "+faststart"
    try:
        with (
            av.open(str(segments[0])) as first,
            av.open(str(partial), "w", format=settings.format, container_options=options) as container,
        ):
            met = _Joint(container, first.streams.video[0], settings, notes, sound).write(segments)
        if notes.captions and settings.format != "webm":
            switch_captions_off(partial)
        partial.replace(output)
    finally:
        partial.unlink(missing_ok=True)
    return met


class _Joint:
    """One file while it is put together: the picture's track from the segments, the side tracks between its packets."""

    def __init__(
        self, container: Any, template: Any, settings: RenderSettings, notes: Annotations, sound: np.ndarray | None
    ) -> None:
        self.container, self.settings = container, settings
        self.profile = choose_profile(settings)
        _set_metadata(container, settings, notes)
        self.video = self._add_video(template)
        webm = settings.format == "webm"
        tracks: list[Iterator[tuple[float, Any]]] = []
        if notes.captions:
            stream = add_caption_stream(container, webm, notes.language)
            tracks.append(caption_packets(stream, webm, notes.captions))
        if sound is not None:
            language = notes.language if notes.sound is not None else None
            stream = add_sound_stream(container, webm, sound.shape[0], language)
            tracks.append(sound_packets(stream, sound))
        # Packets of the side tracks go in as their time comes, so that every track can be read from the start.
        self._waiting = heapq.merge(*tracks, key=lambda timed: timed[0])
        self._upcoming = next(self._waiting, None)

    def _add_video(self, template: Any) -> Any:
        video = self.container.add_stream_from_template(template)
        if video.codec_context is not None and video.codec_context.name in ("hevc", "libx265"):
            # The name under which Apple's players know it; the muxer's own choice they refuse.
            video.codec_context.codec_tag = "hvc1"
        if self.profile.alpha and self.settings.format == "webm":
            # Written as the track's AlphaMode; without it, browsers leave every packet's alpha unread.
            video.metadata["alpha_mode"] = "1"
        video.time_base = Fraction(1, self.settings.fps * 256 if self.settings.format != "webm" else 1000)
        return video

    def write(self, segments: Sequence[Path]) -> int:
        """Write all tracks; returns the number of frames."""
        fps, frames = self.settings.fps, 0
        for segment in segments:
            first = frames
            # The packets are all that is wanted; without this, every key frame would be decoded to describe it.
            with av.open(str(segment), options={"skip_frame": "all"}) as part:
                for packet in part.demux(part.streams.video[0]):
                    if packet.size == 0:
                        continue
                    self._until(frames / fps)
                    # A segment is closed: whatever the order inside it, it is decoded and shown before the next.
                    shown = first + round(packet.pts * packet.time_base * fps)
                    packet.stream = self.video
                    packet.time_base = Fraction(1, fps)
                    packet.pts, packet.dts = shown, frames - self.profile.reordered
                    packet.duration = 1
                    self.container.mux_one(packet)
                    frames += 1
        self._until(math.inf)
        return frames

    def _until(self, seconds: float) -> None:
        while self._upcoming is not None and self._upcoming[0] <= seconds:
            self.container.mux_one(self._upcoming[1])
            self._upcoming = next(self._waiting, None)


def _set_metadata(container: Any, settings: RenderSettings, notes: Annotations) -> None:
    if settings.format in ("mp4", "mov"):
        lost = sorted(set(notes.metadata) - MP4_KEYS)
        if lost:
            raise EngineError(f"{settings.format} keeps no metadata named {', '.join(lost)}; use 'comment'")
    container.metadata.update({key: str(value) for key, value in notes.metadata.items()})
    if notes.chapters:
        container.set_chapters(
            [
                {
                    "id": number,
                    "start": round(start * 1000),
                    "end": round(end * 1000),
                    "time_base": MILLISECONDS,
                    "metadata": {"title": title},
                }
                for number, (start, end, title) in enumerate(notes.chapters, start=1)
            ]
        )


def read_metadata(path: Path | str) -> dict[str, str]:
    """The texts in a video's container, with lower-case names, for instance the recipe under ``comment``."""
    try:
        with av.open(str(path)) as container:
            return {key.lower(): value for key, value in container.metadata.items()}
    except (OSError, ValueError) as error:
        raise EngineError(f"could not read {path}: {getattr(error, 'strerror', None) or error}") from error
