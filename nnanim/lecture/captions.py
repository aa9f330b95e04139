"""The narration as caption files: SubRip and WebVTT, one cue for each sentence."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import srt

from nnanim.chapter import Beat, Cue


def cues_of(beats: Sequence[Beat]) -> list[Cue]:
    """Every sentence in order."""
    return [cue for beat in beats for cue in beat.cues]


def to_srt(beats: Sequence[Beat]) -> str:
    """The sentences as SubRip (``.srt``)."""
    return srt.compose(
        srt.Subtitle(number, timedelta(seconds=cue.start), timedelta(seconds=cue.end), cue.text)
        for number, cue in enumerate(cues_of(beats), 1)
    )


def to_vtt(beats: Sequence[Beat]) -> str:
    """The sentences as WebVTT (``.vtt``), as the HTML ``<track>`` element takes it."""
    cues = [
        f"{number}\n{_clock(cue.start)} --> {_clock(cue.end)}\n{_escape(cue.text)}\n"
        for number, cue in enumerate(cues_of(beats), 1)
    ]
    return "\n".join(["WEBVTT\n", *cues])


def _clock(seconds: float) -> str:
    return srt.timedelta_to_srt_timestamp(timedelta(seconds=seconds)).replace(",", ".")


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
