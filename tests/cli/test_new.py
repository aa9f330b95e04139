"""``nnanim new`` writes a chapter that works, and nothing when it cannot."""

from __future__ import annotations

import pytest

from nnanim.audit.chapters import audit_chapter
from nnanim.cli import main
from nnanim.course import load_course
from nnanim.lecture.production import Production
from nnanim.lecture.recipe import Output, Recipe


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as left:
        main([*arguments])
    return int(left.value.code or 0)


@pytest.mark.parametrize("name", ["fading-away", "FadingAway", "fading_away"])
def test_the_skeleton_is_a_chapter_of_its_course(tmp_path, capsys, name):
    folder = tmp_path / "mine"
    assert run("new", name, "--course", str(folder)) == 0
    assert capsys.readouterr().out.strip().endswith("fading_away.py")
    chapter = load_course(folder).chapter("fading-away")
    assert chapter.__name__ == "FadingAway"
    for values, word in [({}, "fades"), ({"factor": 1.1}, "grows"), ({"factor": -1.0}, "keeps"), ({"start": 0.0}, "keeps")]:
        params = chapter.Params.read(values)
        made = Production(chapter, Recipe(chapter.slug(), params, Output(quality="draft"), "test"), chapter.record(params), workers=1)
        assert word in made.rehearse().beats[-1].text


def test_the_skeleton_passes_the_audit(tmp_path):
    folder = tmp_path / "mine"
    assert run("new", "fading-away", "--course", str(folder)) == 0
    chapter = load_course(folder).chapter("fading-away")
    for aspect in ("16:9", "9:16"):
        params = chapter.Params.defaults()
        look = Output(quality="draft", aspect=aspect)
        report = audit_chapter(Production(chapter, Recipe(chapter.slug(), params, look, "test"), chapter.record(params), workers=1))
        assert [str(finding) for finding in report.findings] == []


def test_a_second_chapter_joins_the_course(tmp_path, capsys):
    folder = tmp_path / "mine"
    run("new", "one", "--course", str(folder))
    before = (folder / "course.toml").read_text()
    capsys.readouterr()
    assert run("new", "two", "--course", str(folder)) == 0
    assert 'add "two"' in capsys.readouterr().err
    assert (folder / "course.toml").read_text() == before


@pytest.mark.parametrize("name", ["", "1st", "a b/c", "../up", "é", "-"])
def test_a_name_that_is_none_is_refused_in_one_line(tmp_path, capsys, name):
    assert run("new", "--course", str(tmp_path / "mine"), "--", name) == 2
    assert "try my-chapter" in capsys.readouterr().err
    assert not (tmp_path / "mine").exists()


def test_what_is_there_is_not_written_over(tmp_path, capsys):
    folder = tmp_path / "mine"
    run("new", "one", "--course", str(folder))
    (folder / "one.py").write_text("mine\n")
    assert run("new", "one", "--course", str(folder)) == 2
    assert (folder / "one.py").read_text() == "mine\n"
