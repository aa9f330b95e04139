"""The narration as caption files: SubRip and WebVTT, one cue for each beat."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import srt

from nnanim.chapter import Beat


def to_srt(beats: Sequence[Beat]) -> str:
    """The beats as SubRip (``.srt``)."""
    return srt.compose(
        srt.Subtitle(beat.number, timedelta(seconds=beat.start), timedelta(seconds=beat.end), beat.text)
        for beat in beats
    )


def to_vtt(beats: Sequence[Beat]) -> str:
    """The beats as WebVTT (``.vtt``), as the HTML ``<track>`` element takes it."""
    cues = [
        f"{beat.number}\n{_clock(beat.start)} --> {_clock(beat.end)}\n{_escape(beat.text)}\n"
        for beat in beats
    ]
    return "\n".join(["WEBVTT\n", *cues])


def _clock(seconds: float) -> str:
    return srt.timedelta_to_srt_timestamp(timedelta(seconds=seconds)).replace(",", ".")


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
