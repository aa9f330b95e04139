"""What tests of pictures share: pictures that are small."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from manim import tempconfig


@pytest.fixture(scope="module")
def small_picture() -> Iterator[None]:
    """Pictures of 480 × 270 pixels."""
    with tempconfig({"pixel_width": 480, "pixel_height": 270}):
        yield
