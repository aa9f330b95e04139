"""A film's caption track: mov_text in MP4 and MOV, WebVTT in WebM; offered by players, but not shown by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

MILLISECONDS = Fraction(1, 1000)
_ASS_HEADER = (
    b"[Script Info]\nScriptType: v4.00+\n[V4+ Styles]\n"
    b"Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, "
    b"Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, "
    b"MarginL, MarginR, MarginV, Encoding\n"
    b"Style: Default,Arial,16,&Hffffff,&Hffffff,&H0,&H0,0,0,0,0,100,100,0,0,1,1,0,2,10,10,10,1\n"
    b"[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
)


def add_caption_stream(container: Any, webm: bool, language: str) -> Any:
    """A caption stream; ``language`` is a code of three letters (ISO 639-2)."""
    if webm:
        stream = container.add_mux_stream("webvtt", time_base=MILLISECONDS)
    else:
        stream = container.add_stream("mov_text")
        stream.codec_context.subtitle_header = _ASS_HEADER
        stream.codec_context.time_base = MILLISECONDS
        stream.time_base = MILLISECONDS
    stream.metadata["language"] = language
    # Offered, not shown: the viewer turns captions on.
    stream.disposition = 0
    return stream


def caption_packets(
    stream: Any, webm: bool, captions: Sequence[tuple[float, float, str]]
) -> Iterator[tuple[float, Any]]:
    """The packets of ``(start, end, text)``, each with its time in seconds."""
    for start, end, text in sorted(captions):
        begin, finish = round(start * 1000), round(end * 1000)
        data = text.encode()
        packet = av.Packet(data if webm else len(data).to_bytes(2, "big") + data)
        packet.stream = stream
        packet.time_base = MILLISECONDS
        packet.pts = packet.dts = begin
        packet.duration = finish - begin
        yield begin / 1000, packet


def switch_captions_off(path: Path) -> None:
    """Clear the "enabled" flag of an MP4's caption track, which the muxer sets for the first track of every kind.

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
