"""The table of a course: the ``course.toml`` that names its title, its parts and their chapters. Nothing is imported."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

TABLE = "course.toml"


class CourseError(ValueError):
    """A course or a chapter that cannot be used; one sentence for the person at the keyboard."""


@dataclass(frozen=True)
class Part:
    """A part of the course: its title and its chapters' names, in order."""

    title: str
    chapters: tuple[str, ...]


@dataclass(frozen=True)
class Syllabus:
    """What a course consists of.

    Parameters
    ----------
    folder
        Where the scene files are.
    title
        The course's title.
    parts
        Its parts in order.
    """

    folder: Path
    title: str
    parts: tuple[Part, ...]

    def __iter__(self) -> Iterator[str]:
        return (name for part in self.parts for name in part.chapters)

    def file(self, name: str) -> Path:
        """The scene file of a chapter."""
        return self.folder / f"{name.replace('-', '_')}.py"

    def part_of(self, name: str) -> str:
        """The title of the part in which a chapter stands; nothing for one that stands in none."""
        return next((part.title for part in self.parts if name in part.chapters), "")

    def after(self, name: str) -> str:
        """The chapter that follows; nothing after the last, or after one that is not in the course."""
        names = list(self)
        return next((later for one, later in pairwise(names) if one == name), "")


def read_syllabus(folder: Path) -> Syllabus:
    """Read the table of the course in a folder.

    Raises
    ------
    CourseError
        When the folder or its ``course.toml`` cannot be used.
    """
    table = folder / TABLE
    if not folder.is_dir():
        raise CourseError(f"there is no folder {folder}")
    if not table.is_file():
        raise CourseError(
            f"{folder} has no {TABLE} (it names the chapters: see “Write your own chapter” in the README)"
        )
    try:
        content = tomllib.loads(table.read_text(encoding="utf-8-sig"))
        parts = tuple(Part(str(part["title"]), _names(part["chapters"])) for part in content.get("part", ()))
    except OSError as error:
        raise CourseError(f"{table} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CourseError(f"{table} is not valid TOML: {error}") from None
    except (KeyError, TypeError):
        raise CourseError(
            f'{table}: every [[part]] needs a title and chapters (try title = "My part", chapters = ["my-chapter"])'
        ) from None
    return Syllabus(folder, str(content.get("title", folder.name)), parts)


def _names(chapters: Any) -> tuple[str, ...]:
    if not isinstance(chapters, list) or not all(isinstance(name, str) for name in chapters):
        raise TypeError(chapters)
    return tuple(chapters)
