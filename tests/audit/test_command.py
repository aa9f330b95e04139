"""``nnanim audit``: what it prints, its exit codes, wrong input in one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nnanim.audit.chapters import Report
from nnanim.audit.findings import Excuse, Finding
from nnanim.cli import main
from nnanim.cli.commands.audit import _looks_of, print_table

TINY = Path(__file__).parent.parent / "tiny_course"
PLAIN = """
from manim import Line, Scene, Text, LEFT, RIGHT, UP, DOWN

class Fine(Scene):
    def construct(self):
        self.add(Line(6 * LEFT + 3 * UP, 6 * RIGHT + 3 * UP), Line(6 * LEFT + 3 * DOWN, 6 * RIGHT + 3 * DOWN), Text("fine"))
        self.wait(1)

class Struck(Fine):
    def construct(self):
        self.add(Line(3 * LEFT, 3 * RIGHT))
        super().construct()
"""


@pytest.fixture
def scene_file(tmp_path: Path) -> Path:
    file = tmp_path / "talk.py"
    file.write_text(PLAIN, encoding="utf-8")
    return file


def run(capsys: Any, *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stopped:
        main(["audit", *arguments])
    printed = capsys.readouterr()
    return int(stopped.value.code or 0), printed.out, printed.err


def test_a_clean_scene_has_exit_code_0(capsys, scene_file, tmp_path):
    code, out, _ = run(capsys, str(scene_file), "Fine", "--out", str(tmp_path / "out"))
    assert code == 0
    assert "nothing found in 1 run" in out
    assert not (tmp_path / "out").exists()


def test_findings_have_exit_code_1_a_table_and_pictures(capsys, scene_file, tmp_path):
    code, out, _ = run(capsys, str(scene_file), "--out", str(tmp_path / "out"), "--workers", "1")
    assert code == 1
    assert "crossed" in out
    assert "runs through it" in out
    assert "1 finding in 2 runs" in out
    (picture,) = (tmp_path / "out").rglob("*.png")
    assert picture.name.endswith("crossed.png")


def test_what_may_be_meant_so_is_a_note_and_has_exit_code_0(capsys, tmp_path):
    file = tmp_path / "small.py"
    file.write_text(PLAIN.split("class Fine")[0] + "class Small(Scene):\n    def construct(self):\n        self.add(Text('fine'))\n        self.wait(7)\n", encoding="utf-8")
    code, out, _ = run(capsys, str(file), "--workers", "1", "--out", str(tmp_path))
    assert code == 0
    assert "note: Small" in out and "empty" in out and "freeze" in out and "nothing found" in out
    code, out, _ = run(capsys, str(file), "--workers", "1", "--json", "--out", str(tmp_path))
    ((first, second),) = [report["findings"] for report in json.loads(out)]
    assert code == 0 and first["note"] and second["note"]


def test_json_names_chapter_beat_time_and_both_objects(capsys, scene_file, tmp_path):
    code, out, _ = run(capsys, str(scene_file), "Struck", "--json", "--out", str(tmp_path))
    ((finding,),) = [report["findings"] for report in json.loads(out)]
    assert code == 1
    assert (finding["chapter"], finding["kind"], finding["what"], finding["other"]) == ("Struck", "crossed", "fine", "Line")
    assert Path(finding["picture"]).is_file()
    assert finding["beat"] == 1
    assert finding["time"] == 1.0


def test_a_chapter_and_drawn_parameters(capsys, tmp_path):
    arguments = ("tiny-lesson", "--course", str(TINY), "--workers", "1", "--random", "2", "--json", "--out", str(tmp_path))
    code, out, _ = run(capsys, *arguments, "--set", "number=0.5")
    reports = json.loads(out)
    assert [report["look"] for report in reports] == ["dark 16:9", "random dark 16:9"]
    kinds = {finding["kind"] for report in reports for finding in report["findings"]}
    # The tiny lesson is a number in the middle of nothing, and does not say that its cited figure was reported.
    assert kinds == {"empty", "ledger", "claim"} or kinds == {"empty", "ledger"}
    assert code == 1


def test_extremes_take_turns_with_the_looks_and_each_trace_is_computed_again_once(capsys, tmp_path):
    arguments = ("tiny-lesson", "--course", str(TINY), "--workers", "1", "--theme", "all", "--extremes", "--recompute")
    code, out, _ = run(capsys, *arguments, "--json", "--out", str(tmp_path))
    reports = json.loads(out)
    assert [report["look"] for report in reports] == [
        "trace", "dark 16:9", "light 16:9", "dark 16:9", "light 16:9", "dark 16:9", "light 16:9", "dark 16:9", "light 16:9"
    ]  # fmt: skip
    # The number at both its ends, the others too, then both together; at −100 the claims differ.
    assert [finding["look"] for finding in reports[3]["findings"]][:1] == ["dark 16:9 --set number=-100"]
    assert code == 1


def test_a_chapter_is_shown_in_its_first_look_and_one_other_and_at_its_sharpest_extremes(capsys, tmp_path):
    arguments = ("tiny-lesson", "--course", str(TINY), "--workers", "1", "--theme", "all", "--aspect", "all", "--in-turn", "--sharpest", "2")
    _, out, _ = run(capsys, *arguments, "--json", "--out", str(tmp_path))
    assert [report["look"] for report in json.loads(out)] == ["dark 16:9", "light 16:9", "dark 16:9", "light 16:9"]


def test_chapters_take_turns_with_the_looks():
    looks = [{"theme": name} for name in "abc"]
    assert ["".join(look["theme"] for look in _looks_of(place, looks)) for place in range(4)] == ["ab", "ac", "ab", "ac"]
    assert _looks_of(3, looks[:1]) == looks[:1]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "name a chapter"),
        (("tiny-leson", "--course", str(TINY)), "did you mean tiny-lesson?"),
        (("tiny-lesson", "--all", "--course", str(TINY)), "not both"),
        (("tiny-lesson", "--course", str(TINY), "--set", "number=1000"), "number must be"),
        (("nothing.py",), "there is no file nothing.py"),
        (("nothing.py", "--random", "3"), "are for chapters"),
        (("nothing.py", "--extremes"), "are for chapters"),
        (("nothing.py", "--recompute"), "are for chapters"),
        (("tiny-lesson", "--aspect", "2:1"), "2:1"),
    ],
)
def test_wrong_input_is_one_line_and_exit_code_2(capsys, arguments, says):
    code, out, err = run(capsys, *arguments)
    assert code == 2
    assert says in err
    assert err.count("\n") == 1
    assert out == ""


def test_an_exception_that_nothing_needs_is_named_once(capsys):
    used, unused = Excuse("freeze", "picture", "it is read"), Excuse("contrast", "x", "it is pale")
    freeze = Finding("freeze", "picture", "stands still", chapter="a", excused="it is read")
    reports = [Report("a", "dark", [freeze], [used, unused]), Report("a", "trace", [], [used, unused])]
    print_table(reports)
    printed = capsys.readouterr().out
    assert printed.count("exception not needed") == 1
    assert "exception not needed: a, contrast of “x”" in printed
