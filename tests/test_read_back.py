"""Numbers read off the finished pictures by text recognition are the ledger's (where Tesseract is installed)."""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from manim import config
from PIL import Image

from nnanim.audit.ledger import texts_on_stage
from nnanim.chapter import Beat, Chapter
from nnanim.engine import rehearse, snapshot
from nnanim.visuals.cells.number_grid import NumberGrid
from nnanim.visuals.page.text import TextLine

PADDING = 0.06
"""Cut around a number, in manim units."""
LINE = 56
"""Height of a number on the page that Tesseract reads, in pixels."""
CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "default": ({}, {}),
    "light": ({"theme": "light"}, {"layers": (5, 1, 4), "activation": "relu", "head": "identity"}),
}

Found = tuple[str, np.ndarray, np.ndarray]


def numbers_on_stage(scene: Chapter) -> Iterator[Found]:
    """Every decimal number that stands alone: what the ledger says it is, and the corners of where it stands."""
    for mobject in (seen.mobject for seen in texts_on_stage(scene)):
        if isinstance(mobject, NumberGrid):
            for quantity, part, seen in zip(mobject.quantities, mobject.parts(), mobject.seen, strict=True):
                if quantity is not None and seen > 0.9 and "." in quantity.text:
                    yield quantity.text, part.min(axis=0), part.max(axis=0)
        elif isinstance(mobject, TextLine) and len(mobject.entries) == 1 and mobject.string == mobject.entries[0].text and "." in mobject.string:
            yield mobject.string, mobject.points.min(axis=0), mobject.points.max(axis=0)


def cut(picture: np.ndarray, low: np.ndarray, high: np.ndarray) -> Image.Image:
    """A part of the picture as black on white, in the height of a line."""
    down, across = picture.shape[:2]
    per_unit = np.array([across / config.frame_width, down / config.frame_height])
    left, bottom = (low[:2] - PADDING) * per_unit * (1, -1) + (across / 2, down / 2)
    right, top = (high[:2] + PADDING) * per_unit * (1, -1) + (across / 2, down / 2)
    grey = np.asarray(Image.fromarray(picture[:, :, :3]).convert("L").crop((round(left), round(top), round(right), round(bottom))), dtype=float)
    ink = np.abs(grey - np.median(grey))
    image = Image.fromarray((255 - 255 * ink / max(ink.max(), 1)).astype(np.uint8))
    return image.resize((round(image.width * LINE / image.height), LINE), Image.Resampling.LANCZOS)


def read(cuts: list[Image.Image]) -> list[str]:
    """What Tesseract reads on a page with one number a line; signs are left out, it does not see them reliably."""
    # A speck of a circle's rim beside a number reads as a point.
    page = Image.new("L", (900, 40 + 90 * len(cuts)), 255)
    for row, part in enumerate(cuts):
        page.paste(part, (60, 20 + 90 * row))
    buffer = io.BytesIO()
    page.save(buffer, "PNG")
    command = ["tesseract", "-", "-", "--psm", "6", "-c", "tessedit_char_whitelist=0123456789.-"]
    done = subprocess.run(command, input=buffer.getvalue(), capture_output=True, check=True)
    return [line.strip().strip("-.") for line in done.stdout.decode().splitlines() if line.strip()]


@pytest.mark.skipif(not shutil.which("tesseract"), reason="Tesseract is not installed (apt-get install tesseract-ocr)")
@pytest.mark.parametrize("case", CASES)
def test_every_decimal_number_can_be_read_where_the_ledger_says_it_stands(produce, case):
    output, params = CASES[case]
    production = produce({"quality": "1080p", **output}, **params)
    told: list[tuple[int, str]] = []
    taken: list[tuple[int, str]] = []

    def look(scene: Chapter, beat: Beat) -> None:
        found = list(numbers_on_stage(scene))
        standing = {shown.entry.text for shown in scene.ledger if shown.end >= scene.renderer.time}
        assert {text for text, _, _ in found} <= standing
        if found:
            picture = snapshot(scene)
            told.extend((beat.number, text.lstrip("−")) for text, _, _ in found)
            taken.extend((beat.number, text) for text in read([cut(picture, low, high) for _, low, high in found]))

    rehearse(lambda: production.scene(look), production.settings)
    assert len(told) > 60
    assert taken == told
