"""Files that test scenes need, made on the spot."""

from __future__ import annotations

import tempfile
import wave
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

# Removed when the process that made it ends.
_folder = tempfile.TemporaryDirectory(prefix="nnanim-test-assets-")


def folder() -> Path:
    return Path(_folder.name)


@lru_cache
def picture() -> Path:
    path = folder() / "picture.png"
    y, x = np.mgrid[0:24, 0:32]
    Image.fromarray(np.stack([x * 8, y * 10, x * y % 256, 255 - 4 * x], axis=-1).astype(np.uint8)).save(path)
    return path


@lru_cache
def tone(seconds: float = 0.5, rate: int = 22050) -> Path:
    path = folder() / f"tone-{seconds}-{rate}.wav"
    samples = 8000 * np.sin(2 * np.pi * 440 * np.arange(int(seconds * rate)) / rate)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.astype("<i2").tobytes())
    return path
