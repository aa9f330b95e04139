"""The reference contact sheets: one for each chapter, theme and shape. ``python tests/pictures/sheets.py`` accepts what is drawn now."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from PIL import Image

HERE = Path(__file__).parent
SCENES = HERE.parent.parent / "scenes"
LOOKS = tuple((theme, aspect) for aspect in ("16:9", "9:16") for theme in ("dark", "light"))
WIDTH, COLUMNS = 900, {"16:9": 4, "9:16": 6}


def reference(chapter: str, theme: str, aspect: str) -> Path:
    """Where the accepted sheet is kept."""
    return HERE / f"{chapter}-{theme}-{aspect.replace(':', 'x')}.webp"


def chapters(course: Path = SCENES) -> list[str]:
    from nnanim.course import load_course

    return list(load_course(course))


def production(chapter: str, course: Path = SCENES) -> Any:
    """The chapter with its defaults and its trace."""
    from nnanim.course import load_course
    from nnanim.lecture.production import Production
    from nnanim.lecture.recipe import Output, Recipe

    cls = load_course(course).chapter(chapter)
    params = cls.Params.defaults()
    return Production(cls, Recipe(chapter, params, Output(quality="draft"), "test"), cls.record(params), workers=1)


def sheet(made: Any, theme: str, aspect: str) -> Image.Image:
    """The contact sheet as it is drawn now."""
    from dataclasses import replace

    from nnanim.lecture.sheet import contact_sheet
    from nnanim.visuals.page.theme import themes

    recipe = replace(made.recipe, output=replace(made.output, theme=theme, aspect=aspect))
    pictures = replace(made, recipe=recipe).pictures()
    return contact_sheet(pictures, themes()[theme].background, COLUMNS[aspect], WIDTH)


def approve(names: list[str], course: Path = SCENES) -> None:
    """Write the references of chapters anew, those that look different."""
    from nnanim.audit.pictures import compare, write_small

    for name in names:
        made = production(name, course)
        for theme, aspect in LOOKS:
            path, drawn = reference(name, theme, aspect), sheet(made, theme, aspect)
            if path.is_file() and compare(Image.open(path), drawn).same:
                continue
            write_small(drawn, path)
            print(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
    kept = {reference(name, *look) for name in chapters(course) for look in LOOKS}
    for path in HERE.glob("*.webp"):
        if path not in kept:
            path.unlink()
            print(f"{path.name} removed: there is no such chapter")


if __name__ == "__main__":
    import os

    os.environ.setdefault("OMP_NUM_THREADS", "1")
    given = sys.argv[1:]
    folder = Path(given[given.index("--course") + 1]) if "--course" in given else SCENES
    approve(chapters(folder), folder)
