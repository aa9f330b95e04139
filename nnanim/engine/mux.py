"""Segments to one file: joined without re-encoding, with sound, chapter marks, captions and metadata.
The file is written under a temporary name beside its place and renamed when whole."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from .errors import EngineError
from .gif import write_gif
from .pictures import gather_pictures
from .settings import Annotations, RenderSettings

MILLISECONDS = Fraction(1, 1000)
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
_ASS_HEADER = (
    b"[Script Info]\nScriptType: v4.00+\n[V4+ Styles]\n"
    b"Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, "
    b"Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, "
    b"MarginL, MarginR, MarginV, Encoding\n"
    b"Style: Default,Arial,16,&Hffffff,&Hffffff,&H0,&H0,0,0,0,0,100,100,0,0,1,1,0,2,10,10,10,1\n"
    b"[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
)


def assemble(
    segments: Sequence[Path], output: Path, settings: RenderSettings, notes: Annotations, sound: Path | None
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
    sound: Path | None = None,
) -> int:
    """Write ``output`` from the segments in order and return its number of frames.

    ``sound`` is a WAV file that starts with the first frame; what outlasts the pictures is cut off.
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
            frames = _write(container, first, segments, settings, notes, sound)
        if notes.captions and settings.format != "webm":
            _switch_captions_off(partial)
        partial.replace(output)
    finally:
        partial.unlink(missing_ok=True)
    return frames


def _write(
    container: Any,
    first: Any,
    segments: Sequence[Path],
    settings: RenderSettings,
    notes: Annotations,
    sound: Path | None,
) -> int:
    _set_metadata(container, settings, notes)
    video = container.add_stream_from_template(first.streams.video[0])
    if video.codec_context is not None and video.codec_context.name in ("hevc", "libx265"):
        # The name under which Apple's players know it; the muxer's own choice they refuse.
        video.codec_context.codec_tag = "hvc1"
    video.time_base = Fraction(1, settings.fps * 256 if settings.format != "webm" else 1000)
    captions = _add_caption_stream(container, settings, notes.captions)
    audio = _add_sound_stream(container, settings, sound)
    frames = 0
    # Packets of the side tracks go in as their time comes, so that every track can be read from the start.
    waiting = heapq.merge(
        _caption_packets(captions, settings, notes.captions),
        _sound_packets(audio, sound),
        key=lambda timed: timed[0],
    )
    upcoming = next(waiting, None)
    for segment in segments:
        # The packets are all that is wanted; without this, every key frame would be decoded to describe it.
        with av.open(str(segment), options={"skip_frame": "all"}) as part:
            stream = part.streams.video[0]
            for packet in part.demux(stream):
                if packet.size == 0:
                    continue
                while upcoming is not None and upcoming[0] <= frames / settings.fps:
                    container.mux_one(upcoming[1])
                    upcoming = next(waiting, None)
                packet.stream = video
                packet.time_base = Fraction(1, settings.fps)
                packet.pts = packet.dts = frames
                packet.duration = 1
                container.mux_one(packet)
                frames += 1
    duration = frames / settings.fps
    while upcoming is not None and upcoming[0] < duration:
        container.mux_one(upcoming[1])
        upcoming = next(waiting, None)
    return frames


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


def _add_caption_stream(container: Any, settings: RenderSettings, captions: Sequence[Any]) -> Any:
    if not captions:
        return None
    if settings.format == "webm":
        stream = container.add_mux_stream("webvtt", time_base=MILLISECONDS)
    else:
        stream = container.add_stream("mov_text")
        stream.codec_context.subtitle_header = _ASS_HEADER
        stream.codec_context.time_base = MILLISECONDS
        stream.time_base = MILLISECONDS
    # Offered, not shown: the viewer turns captions on.
    stream.disposition = 0
    return stream


def _switch_captions_off(path: Path) -> None:
    """Clear the "enabled" flag of the caption track, which the muxer sets for the first track of every kind.

    The flag is the last bit of a track header's flags (ISO/IEC 14496-12, 8.3.2).
    """
    with path.open("r+b") as file:
        start = 0
        while (head := file.read(8)) and head[4:] != b"moov":
            start += int.from_bytes(head[:4], "big")
            file.seek(start)
        moov = file.read(int.from_bytes(head[:4], "big") - 8)
        at = 0
        while at < len(moov):
            size, kind = int.from_bytes(moov[at : at + 4], "big"), moov[at + 4 : at + 8]
            if kind == b"trak" and b"sbtl" in moov[at : at + size]:
                flags = moov.index(b"tkhd", at) + 7
                file.seek(start + 8 + flags)
                file.write(bytes([moov[flags] & ~1]))
            at += size


def _caption_packets(
    stream: Any, settings: RenderSettings, captions: Sequence[tuple[float, float, str]]
) -> Iterable[tuple[float, Any]]:
    if stream is None:
        return
    for start, end, text in sorted(captions):
        begin, finish = round(start * 1000), round(end * 1000)
        data = text.encode()
        if settings.format != "webm":
            data = len(data).to_bytes(2, "big") + data
        yield begin / 1000, _caption(stream, data, begin, finish - begin)


def _caption(stream: Any, data: bytes, start: int, duration: int) -> Any:
    packet = av.Packet(data)
    packet.stream = stream
    packet.time_base = MILLISECONDS
    packet.pts = packet.dts = start
    packet.duration = duration
    return packet


def _add_sound_stream(container: Any, settings: RenderSettings, sound: Path | None) -> Any:
    if sound is None:
        return None
    if settings.format != "webm":
        return container.add_stream("aac", rate=48000)
    return container.add_stream("libopus", rate=48000)


def _sound_packets(stream: Any, sound: Path | None) -> Iterable[tuple[float, Any]]:
    if stream is None or sound is None:
        return
    with av.open(str(sound)) as source:
        resampler = av.AudioResampler(
            format="flt" if stream.name == "libopus" else "fltp", layout="stereo", rate=48000
        )
        fifo = av.AudioFifo()
        for frame in source.decode(audio=0):
            for resampled in resampler.resample(frame):
                resampled.pts = None
                fifo.write(resampled)
        position = 0
        size = stream.codec_context.frame_size or 1024
        while True:
            chunk = fifo.read(size, partial=True)
            if chunk is None:
                break
            chunk.pts, chunk.time_base = position, Fraction(1, 48000)
            position += chunk.samples
            for packet in stream.encode(chunk):
                yield float(packet.pts * packet.time_base), packet
        for packet in stream.encode(None):
            yield float(packet.pts * packet.time_base), packet


def read_metadata(path: Path | str) -> dict[str, str]:
    """The texts in a video's container, with lower-case names, for instance the recipe under ``comment``."""
    try:
        with av.open(str(path)) as container:
            return {key.lower(): value for key, value in container.metadata.items()}
    except (OSError, ValueError) as error:
        raise EngineError(f"could not read {path}: {getattr(error, 'strerror', None) or error}") from error
