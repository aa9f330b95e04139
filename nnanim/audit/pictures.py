"""Pictures compared the way an eye does: by structural similarity, place by place.

Source: Wang, Bovik, Sheikh, Simoncelli, Image quality assessment: from error visibility to structural similarity
(IEEE Transactions on Image Processing 13, 2004), eq. 13, with its Gaussian window.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage

SIGMA = 1.5
"""Width of the window, in pixels."""
SOFTENED = 1.0
"""Pictures are blurred by so many pixels first: edges that another Cairo smooths otherwise are no difference."""
BLOCK = 12
"""Side of the places that are compared, in pixels."""
LEAST = 0.55
"""Structural similarity below which a place is different. Other edges give 0.8 at the least, a lost word 0.3 at the most."""
LEAST_WHOLE = 0.97
"""And below which the whole picture is."""


@dataclass(frozen=True)
class Comparison:
    """How alike two pictures are: structural similarity of the whole, and of the place that differs most."""

    whole: float
    worst: float
    place: tuple[int, int]
    """Left upper corner of the worst place, x and y in pixels."""

    @property
    def same(self) -> bool:
        """Whether a viewer would call them the same."""
        return self.whole >= LEAST_WHOLE and self.worst >= LEAST


def similarity(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Structural similarity at every pixel of two pictures (rows, columns[, 3]) in 0–1."""
    axes = (SIGMA, SIGMA, 0) if first.ndim == 3 else SIGMA

    def mean(picture: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(ndimage.gaussian_filter(picture, axes, truncate=3.5))

    one, two = mean(first), mean(second)
    variance_one, variance_two = mean(first * first) - one * one, mean(second * second) - two * two
    covariance = mean(first * second) - one * two
    c1, c2 = 0.01**2, 0.03**2
    return np.asarray(
        (2 * one * two + c1) * (2 * covariance + c2) / ((one**2 + two**2 + c1) * (variance_one + variance_two + c2))
    )


def compare(reference: Image.Image, picture: Image.Image) -> Comparison:
    """Compare two pictures; one of another size is another picture."""
    if reference.size != picture.size:
        return Comparison(0.0, 0.0, (0, 0))
    arrays = [np.asarray(image.convert("RGB"), dtype=float) / 255 for image in (reference, picture)]
    soft = [ndimage.gaussian_filter(array, (SOFTENED, SOFTENED, 0)) for array in arrays]
    alike = similarity(*soft).mean(axis=-1)
    # Where both are plain, the ratio of two tiny variances says nothing: a difference has to be seen.
    seen = ndimage.maximum_filter(np.abs(soft[0] - soft[1]).max(axis=-1), BLOCK) > 0.06
    local = ndimage.uniform_filter(np.where(seen, alike, 1.0), BLOCK)
    row, column = np.unravel_index(int(local.argmin()), local.shape)
    corner = (max(0, int(column) - BLOCK // 2), max(0, int(row) - BLOCK // 2))
    return Comparison(float(alike.mean()), float(local.min()), corner)


def side_by_side(reference: Image.Image, picture: Image.Image, found: Comparison) -> Image.Image:
    """The accepted picture, the new one with the worst place boxed, and where they differ."""
    first, second = reference.convert("RGB"), picture.convert("RGB").copy()
    x, y = found.place
    ImageDraw.Draw(second).rectangle((x - 6, y - 6, x + BLOCK + 6, y + BLOCK + 6), outline="#FF2E88", width=2)
    fitted = picture.convert("RGB").resize(first.size)
    difference = np.abs(np.asarray(first, dtype=int) - np.asarray(fitted, dtype=int)).max(axis=-1)
    third = Image.fromarray(np.clip(difference * 3, 0, 255).astype(np.uint8)).convert("RGB")
    parts = (first, second, third)
    page = Image.new("RGB", (sum(part.width for part in parts) + 16, max(part.height for part in parts)), "#808080")
    left = 0
    for part in parts:
        page.paste(part, (left, 0))
        left += part.width + 8
    return page


def write_small(picture: Image.Image, path: Path, most: int = 60_000) -> None:
    """Write a picture as WebP in at most so many bytes, at the best quality that fits.

    Raises
    ------
    ValueError
        When it does not fit at any quality.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    for quality in (90, 80, 70, 60, 50, 40, 30):
        picture.convert("RGB").save(path, "WEBP", quality=quality, method=4)
        if path.stat().st_size <= most:
            return
    raise ValueError(f"{path} takes more than {most} bytes at any quality")
