"""Chapters of the course, ready to be rehearsed, looked at beat by beat, or drawn by a test."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

REPOSITORY = Path(__file__).resolve().parent.parent
SCENES = REPOSITORY / "scenes"
OVERLAP = 0.02
"""By how much the boxes of two texts may reach into each other, in manim units."""


@cache
def load(name: str = "forward-propagation") -> Any:
    from nnanim.course import load_course

    return load_course(SCENES).chapter(name)


def production_of(chapter: Any, output: dict[str, Any] | None = None, **params: Any) -> Any:
    """A production in draft quality with its simulation run; ``output`` are fields of Output."""
    from nnanim.lecture.production import Production
    from nnanim.lecture.recipe import Output, Recipe

    read = chapter.Params.read(params)
    look = Output(**{"quality": "draft", **(output or {})})
    return Production(chapter, Recipe(chapter.slug(), read, look, "test"), chapter.record(read), workers=1)


def walked(chapter: Any, output: dict[str, Any] | None = None, **params: Any) -> tuple[Any, list[str]]:
    """The chapter after its last beat, and whatever was wrong with the picture of any: see :func:`faults`."""
    from nnanim.audit.ledger import unsourced_digits
    from nnanim.engine import rehearse

    made = production_of(chapter, output, **params)
    found: list[str] = []

    def look(scene: Any, beat: Any) -> None:
        found.extend(f"beat {beat.number}: {fault}" for fault in faults(scene))
        found.extend(str(finding) for finding in unsourced_digits(scene))

    return rehearse(lambda: made.scene(look), made.settings), found


def faults(scene: Any) -> list[str]:
    """Texts that leave the frame, are too small, or lie on one another, now."""
    from nnanim.visuals.text import texts_in

    edge = np.array([scene.frame.width, scene.frame.height]) / 2
    found, boxes = [], []
    for text in texts_in(scene.mobjects):
        if not len(text.points) or max(text.get_fill_opacity(), text.get_stroke_opacity()) < 0.01:
            continue
        low, high = text.points.min(0)[:2], text.points.max(0)[:2]
        if (low < -edge).any() or (high > edge).any():
            found.append(f"“{text.string}” leaves the frame")
        if getattr(text, "em", 1.0) < scene.frame.smallest * 0.995:
            found.append(f"“{text.string}” is too small")
        if "Grid" in type(text).__name__:  # its box reaches over empty cells
            continue
        found += [
            f"“{text.string}” lies on “{other}”"
            for other, other_low, other_high in boxes
            if (np.minimum(high, other_high) - np.maximum(low, other_low) > OVERLAP).all()
        ]
        boxes.append((text.string, low, high))
    return found
