"""Chapters of the course, ready to be rehearsed or drawn by a test."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
SCENES = REPOSITORY / "scenes"


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
