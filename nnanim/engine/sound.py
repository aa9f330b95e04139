"""A film's sound: what a scene plays and a voice given with it, mixed, as long as the picture, encoded as AAC or Opus."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from .errors import EngineError

RATE = 48000
# Below this, a sample is the rounding of silence: three steps of 16-bit sound.
SILENCE = 1e-4
CHUNK = 1024


@dataclass(frozen=True)
class Sound:
    """Sound that starts with the first frame.

    Parameters
    ----------
    samples
        Float (n,) or (n, channels) from −1 to 1, with one channel or two; what lies beyond is clipped.
    rate
        Samples a second, 8,000 to 192,000.

    Raises
    ------
    EngineError
        When the samples are of another shape, not finite, or the rate lies outside of its bounds.
    """

    samples: np.ndarray
    rate: int

    def __post_init__(self) -> None:
        shape = np.shape(self.samples)
        if len(shape) not in (1, 2) or (len(shape) == 2 and shape[1] not in (1, 2)):
            raise EngineError(f"sound must have the shape (n,), (n, 1) or (n, 2), got {shape}")
        if not 8000 <= self.rate <= 192000:
            raise EngineError(f"a sound's rate must be 8000 to 192000 samples a second, got {self.rate}")
        if not np.issubdtype(np.asarray(self.samples).dtype, np.floating):
            raise EngineError(f"sound must be floats from -1 to 1, got {np.asarray(self.samples).dtype}")
        if not np.isfinite(self.samples).all():
            raise EngineError("sound must be finite, got samples that are not")

    @classmethod
    def read(cls, path: Path | str) -> Sound:
        """The sound of a file (WAV, or whatever FFmpeg's libraries read), at its own rate."""
        try:
            with av.open(str(path)) as source:
                if not source.streams.audio:
                    raise EngineError(f"{path} has no sound in it")
                context = source.streams.audio[0].codec_context
                rate, layout = context.sample_rate, "mono" if context.channels == 1 else "stereo"
                resampler = av.AudioResampler(format="fltp", layout=layout, rate=rate)
                parts = [
                    part.to_ndarray()
                    for frame in (*source.decode(audio=0), None)
                    for part in resampler.resample(frame)
                ]
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise EngineError(f"could not read the sound of {path}: {reason}") from error
        channels = 1 if layout == "mono" else 2
        return cls(np.concatenate(parts, axis=1).T if parts else np.zeros((0, channels), np.float32), rate)


    @property
    def seconds(self) -> float:
        """When its last sample sounds that is not silent."""
        loud = np.flatnonzero(np.abs(self.samples.reshape(len(self.samples), -1)).max(axis=1) > SILENCE)
        return float(loud[-1] + 1) / self.rate if len(loud) else 0.0


def mix(sounds: Sequence[Sound], seconds: float) -> np.ndarray:
    """All of them at once, so long, as float32 (channels, n) at 48 kHz; one channel if all have one.

    Where sounds end before, silence follows; what lies after is cut off.
    """
    channels = max((_channels(sound) for sound in sounds), default=1)
    parts = [_resampled(sound, channels) for sound in sounds]
    mixed = np.zeros((channels, round(seconds * RATE)), np.float32)
    for part in parts:
        length = min(part.shape[1], mixed.shape[1])
        mixed[:, :length] += part[:, :length]
    return np.clip(mixed, -1, 1)


def _channels(sound: Sound) -> int:
    return 1 if sound.samples.ndim == 1 else sound.samples.shape[1]


def _resampled(sound: Sound, channels: int) -> np.ndarray:
    samples = np.asarray(sound.samples, np.float32).reshape(-1, _channels(sound)).T
    samples = np.ascontiguousarray(np.broadcast_to(samples, (channels, samples.shape[1])))
    if sound.rate == RATE or not samples.size:
        return samples
    layout = "mono" if channels == 1 else "stereo"
    frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout=layout)
    frame.sample_rate = sound.rate
    resampler = av.AudioResampler(format="fltp", layout=layout, rate=RATE)
    parts = [part.to_ndarray() for each in (frame, None) for part in resampler.resample(each)]
    return np.concatenate(parts, axis=1)


def add_sound_stream(container: Any, webm: bool, channels: int, language: str | None) -> Any:
    """A stream of AAC (MP4, MOV) or Opus (WebM) with one channel or two."""
    stream = container.add_stream("libopus" if webm else "aac", rate=RATE)
    stream.codec_context.layout = "mono" if channels == 1 else "stereo"
    if language is not None:
        stream.metadata["language"] = language
    return stream


def sound_packets(stream: Any, samples: np.ndarray) -> Iterator[tuple[float, Any]]:
    """The packets of float32 samples (channels, n), each with its time in seconds."""
    layout = "mono" if samples.shape[0] == 1 else "stereo"
    for start in range(0, samples.shape[1], CHUNK):
        chunk = np.ascontiguousarray(samples[:, start : start + CHUNK])
        frame = av.AudioFrame.from_ndarray(chunk, format="fltp", layout=layout)
        frame.sample_rate, frame.pts, frame.time_base = RATE, start, Fraction(1, RATE)
        for packet in stream.encode(frame):
            yield float(packet.pts * packet.time_base), packet
    for packet in stream.encode(None):
        yield float(packet.pts * packet.time_base), packet
