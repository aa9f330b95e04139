"""Finds the chapters of a course: a folder with a ``course.toml`` and one scene file per chapter.

A chapter that cannot be imported is reported with its line; the others still work.
"""

from __future__ import annotations

import importlib.util
import inspect
import sys
import traceback
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

import nnanim
from nnanim.syllabus import CourseError, Syllabus, read_syllabus

if TYPE_CHECKING:
    from nnanim.chapter import Chapter


class Course(Syllabus):
    """A course whose chapters can be imported."""

    def chapter(self, name: str) -> type[Chapter]:
        """Import a chapter.

        Raises
        ------
        CourseError
            When there is none of that name (with the nearest), or when its file cannot be imported (with the line).
        """
        name = name.replace("_", "-").lower().removesuffix(".py")
        if name not in list(self):
            near = get_close_matches(name, list(self), n=1, cutoff=0.4)
            hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(self) or 'none'}"
            raise CourseError(f"there is no chapter {name!r} in {self.folder}; {hint}")
        chapter = load_chapter(self.file(name))
        if chapter.slug() != name:
            raise CourseError(
                f"{self.file(name)}: the class {chapter.__name__} is the chapter {chapter.slug()!r}, not {name!r}; "
                f"rename the class, or the file and its entry in course.toml"
            )
        return chapter


def load_course(folder: Path | None = None) -> Course:
    """Read a course; by default the one that comes with the package.

    Raises
    ------
    CourseError
        When the folder or its ``course.toml`` cannot be used.
    """
    read = read_syllabus((folder or built_in_course()).resolve())
    return Course(read.folder, read.title, read.parts)


def built_in_course() -> Path:
    """The course that comes with the package: inside the wheel, or beside it in a checkout."""
    package = Path(nnanim.__file__).parent
    inside = package / "_course"
    return inside if inside.is_dir() else package.parent / "scenes"


def load_chapter(file: Path) -> type[Chapter]:
    """Import the one chapter that a scene file defines.

    Raises
    ------
    CourseError
        When the file is missing, fails to import (with its line), or defines no chapter or several.
    """
    from nnanim.chapter import Chapter  # brings manim in, which listing the chapters' names does without

    if not file.is_file():
        raise CourseError(f"there is no scene file {file}")
    module_name = f"nnanim_course.{file.stem}_{abs(hash(str(file.parent))):x}"
    spec = importlib.util.spec_from_file_location(module_name, file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    sys.path.insert(0, str(file.parent))
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # whatever a lecturer's file may raise is reported with its line
        del sys.modules[module_name]
        reason = " ".join(str(error).split())
        raise CourseError(f"{file}:{failing_line(error, file)}: {type(error).__name__}: {reason}") from error
    finally:
        sys.path.remove(str(file.parent))
    found = [
        member
        for _, member in inspect.getmembers(module, inspect.isclass)
        if issubclass(member, Chapter) and member is not Chapter and member.__module__ == module_name
    ]
    if len(found) != 1:
        raise CourseError(f"{file} must define one Chapter, it defines {len(found)}")
    return found[0]


def failing_line(error: BaseException, file: Path) -> int:
    """The last line of ``file`` that an error passed through (a syntax error's own line)."""
    if isinstance(error, SyntaxError) and error.filename == str(file):
        return error.lineno or 1
    lines = [
        frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)
    ]
    return lines[-1] if lines and lines[-1] else 1
