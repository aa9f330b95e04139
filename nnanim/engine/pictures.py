"""Frames as numbered PNG files, and single stills."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from .boxes import Box
from .errors import EngineError


class PictureFolder:
    """Writes frames as numbered PNG files; a repeated frame is one more name for the same file."""

    def __init__(self, path: Path, transparent: bool) -> None:
        self.path = path
        self.transparent = transparent
        self.frames = 0
        path.mkdir()

    def write(self, picture: np.ndarray, repeat: int = 1, changed: Sequence[Box] | None = None) -> None:
        """Append ``picture`` (H, W, 4, uint8, RGBA as cairo leaves it) ``repeat`` times, as one file with so many names."""
        image = Image.fromarray(straight_alpha(picture) if self.transparent else picture[..., :3])
        first = self.path / picture_name(self.frames)
        image.save(first, compress_level=3)
        for number in range(self.frames + 1, self.frames + repeat):
            os.link(first, self.path / picture_name(number))
        self.frames += repeat

    def close(self) -> None:
        """Nothing is left to do: every file was whole when it was written."""

    def abort(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)


def picture_name(number: int) -> str:
    """File name of a frame in a folder of pictures."""
    return f"frame_{number:06}.png"


def straight_alpha(picture: np.ndarray) -> np.ndarray:
    """Undo cairo's premultiplication: video alpha is straight, and premultiplied edges would look dark."""
    alpha = picture[..., 3]
    partial = (alpha > 0) & (alpha < 255)
    if not partial.any():
        return picture
    picture = picture.copy()
    scale = 255.0 / alpha[partial].astype(np.float32)
    colours = picture[partial][:, :3] * scale[:, None]
    picture[partial, :3] = np.minimum(np.rint(colours), 255).astype(np.uint8)
    return picture


def gather_pictures(segments: Sequence[Path], output: Path) -> int:
    """Number the pictures of all segments through, in the folder ``output``; returns how many there are.

    A folder that an earlier render left there is replaced; one with anything else in it is refused.
    """
    if output.exists() and any(not path.match("frame_*.png") for path in output.iterdir()):
        raise EngineError(f"{output} holds other files than numbered frames; choose another folder")
    partial = output.with_name(f".{output.name}.part")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    frames = 0
    for segment in segments:
        for picture in sorted(segment.iterdir()):
            os.link(picture, partial / picture_name(frames))
            frames += 1
    shutil.rmtree(output, ignore_errors=True)
    partial.rename(output)
    return frames


def write_still(picture: np.ndarray, path: Path) -> None:
    """Write an RGBA picture (H, W, 4) as PNG, without alpha where it is opaque."""
    image = Image.fromarray(straight_alpha(picture))
    if (picture[..., 3] == 255).all():
        image = image.convert("RGB")
    try:
        image.save(path)
    except OSError as error:
        raise EngineError(f"could not write {path}: {error.strerror or error}") from error
