"""A course: its chapters by name, and what is said about one that cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from nnanim.chapter import Chapter
from nnanim.course import CourseError, built_in_course, load_chapter, load_course

TINY = Path(__file__).parent / "tiny_course"
GOOD = (TINY / "tiny_lesson.py").read_text(encoding="utf-8")
BROKEN = "import numpy\n\nfrom nnanim.chapter import Chapter\n\nnumpy.no_such_thing()\n"


def course(folder: Path, *names: str, **files: str) -> Path:
    """A folder of chapters: their names in course.toml, and scene files by their stems."""
    chapters = ", ".join(f'"{name}"' for name in names)
    (folder / "course.toml").write_text(f'title = "Mine"\n[[part]]\ntitle = "One"\nchapters = [{chapters}]\n', encoding="utf-8")
    for stem, source in files.items():
        (folder / f"{stem}.py").write_text(source, encoding="utf-8")
    return folder


def test_the_course_of_the_package_loads_whole():
    built_in = load_course()
    assert built_in.folder == built_in_course().resolve()
    assert "forward-propagation" in list(built_in)
    for name in built_in:
        chapter = built_in.chapter(name)
        assert chapter.slug() == name
        assert chapter.summary().endswith(".")
        assert chapter.part() == next(part.title for part in built_in.parts if name in part.chapters)
        assert chapter.Params.defaults().changed() == {}


@pytest.mark.parametrize("name", ["tiny-lesson", "tiny_lesson", "Tiny-Lesson", "tiny_lesson.py"])
def test_a_chapter_is_found_however_its_name_is_written(name):
    assert load_course(TINY).chapter(name).__name__ == "TinyLesson"


@pytest.mark.parametrize(
    ("name", "hint"), [("tiny-leson", "did you mean tiny-lesson?"), ("lesson", "did you mean tiny-lesson?"), ("qqqq", "there are: tiny-lesson")]
)
def test_an_unknown_chapter_gives_the_nearest_name(name, hint):
    with pytest.raises(CourseError) as error:
        load_course(TINY).chapter(name)
    assert f"no chapter '{name}'" in str(error.value)
    assert str(TINY) in str(error.value)
    assert hint in str(error.value)


def test_one_broken_chapter_is_reported_with_its_line_and_the_others_work(tmp_path):
    mine = load_course(course(tmp_path, "bad-lesson", "tiny-lesson", bad_lesson=BROKEN, tiny_lesson=GOOD))
    with pytest.raises(CourseError) as error:
        mine.chapter("bad-lesson")
    assert str(error.value).startswith(f"{tmp_path / 'bad_lesson.py'}:5: AttributeError: ")
    assert issubclass(mine.chapter("tiny-lesson"), Chapter)
    assert list(mine) == ["bad-lesson", "tiny-lesson"]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = 1\nthis is no python\n", "bad_lesson.py:2: SyntaxError"),
        ("import os\nimport no_such_module\n", "bad_lesson.py:2: ModuleNotFoundError: No module named 'no_such_module'"),
        ("\n\nraise ValueError('two\\nlines')\n", "bad_lesson.py:3: ValueError: two lines"),
        ("import sys\nsys.exit(3)\n", "bad_lesson.py:2: SystemExit"),
        ("def f():\n    return {}['x']\n\nf()\n", "bad_lesson.py:2: KeyError"),
        ("x = 1\n", "must define one Chapter, it defines 0"),
        (GOOD + "\n\nclass Second(TinyLesson):\n    pass\n", "must define one Chapter, it defines 2"),
        (GOOD, "the class TinyLesson is the chapter 'tiny-lesson', not 'bad-lesson'"),
        (None, "there is no scene file"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_scene_file(tmp_path, source, expected):
    files = {} if source is None else {"bad_lesson": source}
    with pytest.raises(CourseError) as error:
        load_course(course(tmp_path, "bad-lesson", **files)).chapter("bad-lesson")
    assert expected in str(error.value)
    assert "\n" not in str(error.value)


def test_the_line_is_the_scene_files_own_even_when_a_module_beside_it_fails(tmp_path):
    folder = course(tmp_path, "bad-lesson", bad_lesson="import os\n\nimport beside_it\n", beside_it="\n" * 9 + "1 / 0\n")
    with pytest.raises(CourseError, match=r"bad_lesson\.py:3: ZeroDivisionError"):
        load_course(folder).chapter("bad-lesson")


def test_chapters_of_one_name_in_two_folders_stay_apart(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first = load_chapter(course(tmp_path / "a", "tiny-lesson", tiny_lesson=GOOD) / "tiny_lesson.py")
    second = load_chapter(course(tmp_path / "b", "tiny-lesson", tiny_lesson=GOOD.replace("is doubled", "grows")) / "tiny_lesson.py")
    assert (first.summary(), second.summary()) == ("A number is doubled.", "A number grows.")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, "has no course.toml"),
        ("title = = 3", "not valid TOML"),
        ("part = 3", "every [[part]] needs a title and chapters"),
        ('[[part]]\ntitle = "x"', "every [[part]] needs a title and chapters"),
        ('[[part]]\ntitle = "x"\nchapters = "one"', "every [[part]] needs a title and chapters"),
        ('[[part]]\ntitle = "x"\nchapters = [1]', "every [[part]] needs a title and chapters"),
    ],
)
def test_what_is_wrong_with_a_course_table(tmp_path, content, expected):
    if content is not None:
        (tmp_path / "course.toml").write_text(content, encoding="utf-8")
    with pytest.raises(CourseError) as error:
        load_course(tmp_path)
    assert expected in str(error.value)
    assert str(tmp_path) in str(error.value)


def test_a_course_without_chapters_or_folder_says_so(tmp_path):
    (tmp_path / "course.toml").write_bytes(b"")
    assert list(load_course(tmp_path)) == []
    with pytest.raises(CourseError, match="there are: none"):
        load_course(tmp_path).chapter("anything")
    with pytest.raises(CourseError, match="there is no folder"):
        load_course(tmp_path / "nowhere")
    (tmp_path / "course.toml").write_bytes(b"\xff\xff")
    with pytest.raises(CourseError, match="not valid TOML"):
        load_course(tmp_path)


def test_a_byte_order_mark_is_no_part_of_a_course_table(tmp_path):
    course(tmp_path, "tiny-lesson", tiny_lesson=GOOD)
    table = tmp_path / "course.toml"
    table.write_bytes(b"\xef\xbb\xbf" + table.read_bytes())
    mine = load_course(tmp_path)
    assert mine.title == "Mine"
    assert mine.chapter("tiny-lesson").part() == "One"
