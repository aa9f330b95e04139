"""What the README shows as an example is one: its chapter is taken out of it, simulated, and judged by the audit."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from nnanim.audit.chapters import audit_chapter
from nnanim.cli import main
from nnanim.cli.commands.new import skeleton
from nnanim.course import load_course
from nnanim.lecture.production import Production
from nnanim.lecture.recipe import Output, Recipe

README = Path(__file__).parent.parent / "README.md"


def blocks(kind: str) -> list[tuple[str, str]]:
    """Code of a kind with the name of the file that the line before it gives, where it gives one."""
    text = README.read_text(encoding="utf-8")
    found = re.findall(rf"(?:`([\w./-]+)`[^`\n]*:\n\n)?```{kind}\n(.*?)```", text, re.DOTALL)
    return [(Path(name).name, code) for name, code in found]


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    folder = tmp_path_factory.mktemp("my-lecture")
    (name,) = re.findall(r"nnanim new ([\w-]+) --course my-lecture", README.read_text(encoding="utf-8"))
    with pytest.raises(SystemExit):
        main(["new", name, "--course", str(folder)])
    written = [(file, code) for file, code in blocks("python") if file]
    assert written == [(f"{name.replace('-', '_')}.py", skeleton(name))], "the README shows another chapter than nnanim new writes"
    return load_course(folder)


@pytest.mark.parametrize(("theme", "aspect"), [("dark", "16:9"), ("light", "9:16"), ("dark", "1:1")])
def test_the_chapter_in_the_readme_passes_the_audit(course, theme, aspect):
    assert list(course)
    for name in course:
        chapter = course.chapter(name)
        params = chapter.Params.defaults()
        output = Output(quality="draft", theme=theme, aspect=aspect)
        production = Production(chapter, Recipe(name, params, output, "test"), chapter.record(params), workers=1)
        assert [finding for finding in audit_chapter(production).findings if not finding.excused] == []


def test_the_parameters_that_the_readme_sets_there_are_taken(course):
    text = README.read_text(encoding="utf-8")
    commands = re.findall(r"nnanim render ([\w-]+) --course my-lecture((?: --set \S+)*)", text)
    assert commands
    for name, settings in commands:
        chapter = course.chapter(name)
        typed = dict(pair.split("=") for pair in settings.replace("--set", "").split())
        assert chapter.Params.read(typed).changed().keys() == typed.keys()
