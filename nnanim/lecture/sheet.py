"""The contact sheet: the last picture of every beat, on one page."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

GAP = 8
WIDTH = 1920


def contact_sheet(
    pictures: Sequence[NDArray[np.uint8]], background: str, columns: int | None = None, width: int = WIDTH
) -> Image.Image:
    """Set pictures in rows.

    Parameters
    ----------
    pictures
        RGBA each, all of one size (H, W, 4).
    background
        Colour between the pictures, ``#RRGGBB``.
    columns
        Pictures in a row; by default so that the page is about as wide as it is high, or wider.
    width
        Width of the page in pixels.
    """
    height, across = pictures[0].shape[:2]
    columns = columns or min(len(pictures), max(1, round(math.sqrt(len(pictures) * 1.2 * height / across))))
    cell = (width - GAP * (columns + 1)) // columns
    cell_height = round(cell * height / across)
    rows = math.ceil(len(pictures) / columns)
    page = Image.new("RGB", (width, GAP + rows * (cell_height + GAP)), _between(background))
    for place, picture in enumerate(pictures):
        row, column = divmod(place, columns)
        small = on_background(picture, background).resize((cell, cell_height), Image.Resampling.LANCZOS)
        page.paste(small, (GAP + column * (cell + GAP), GAP + row * (cell_height + GAP)))
    return page


def on_background(picture: NDArray[np.uint8], background: str) -> Image.Image:
    """A picture without transparency."""
    image = Image.fromarray(picture, "RGBA")
    page = Image.new("RGBA", image.size, background)
    page.alpha_composite(image)
    return page.convert("RGB")


def _between(background: str) -> str:
    """A colour that sets pictures of this background apart."""
    channels = [int(background[k : k + 2], 16) for k in (1, 3, 5)]
    shifted = [min(255, c + 40) if sum(channels) < 384 else max(0, c - 50) for c in channels]
    return "#{:02x}{:02x}{:02x}".format(*shifted)
