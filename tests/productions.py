"""Chapters of the course, ready to be rehearsed, looked at beat by beat, or drawn by a test."""

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


def walked(chapter: Any, output: dict[str, Any] | None = None, **params: Any) -> tuple[Any, list[str]]:
    """The chapter after its last beat, and every digit without a source at the end of one; pictures are the audit's."""
    from nnanim.audit.ledger import unsourced_digits
    from nnanim.engine import rehearse

    made = production_of(chapter, output, **params)
    found: list[str] = []

    def look(scene: Any, beat: Any) -> None:
        found.extend(str(finding) for finding in unsourced_digits(scene))

    return rehearse(lambda: made.scene(look), made.settings), found
