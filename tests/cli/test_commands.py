"""Every command but render: what it prints and what it writes."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nnanim.trace import Trace


def test_list_shows_title_parts_chapters_and_what_they_show(nnanim, tiny):
    mine = tiny("list")
    assert (mine.code, mine.err) == (0, "")
    assert re.search(r"Tiny course\s+Numbers\s+tiny-lesson +A number is doubled\.", mine.out)
    built_in = nnanim("list")
    assert "forward-propagation" in built_in.out
    assert "A language model writes one drawn token after another" in built_in.out


def test_a_broken_chapter_is_reported_and_the_others_are_listed_and_work(nnanim, tmp_path):
    source = (Path(__file__).parent.parent / "tiny_course" / "tiny_lesson.py").read_text(encoding="utf-8")
    (tmp_path / "tiny_lesson.py").write_text(source, encoding="utf-8")
    (tmp_path / "broken_one.py").write_text("import os\n\nos.nothing()\n", encoding="utf-8")
    (tmp_path / "course.toml").write_text('[[part]]\ntitle = "A"\nchapters = ["broken-one", "tiny-lesson"]\n', encoding="utf-8")
    listed = nnanim("list", "--course", tmp_path)
    assert "A number is doubled." in listed.out
    assert f"{tmp_path / 'broken_one.py'}:3: AttributeError" in listed.out
    assert listed.code == 2
    assert len(listed.err.splitlines()) == 1
    assert nnanim("numbers", "tiny-lesson", "--course", tmp_path).code == 0


def test_params_prints_a_table_and_a_json_schema(tiny):
    table = tiny("params", "tiny-lesson").out
    assert re.search(r"number +0\.25 +a number ≥ -100 and ≤ 100 +what is doubled", table)
    schema = json.loads(tiny("params", "tiny-lesson", "--json-schema").out)
    assert schema["properties"]["number"]["maximum"] == 100


def test_numbers_are_the_ledger_of_what_is_shown(tiny):
    rows = json.loads(tiny("numbers", "tiny-lesson", "--set", "number=0.75", "--json").out)
    assert all(list(row) == ["start", "end", "text", "value", "kind", "source"] for row in rows)
    shown = {(row["text"], row["value"], row["kind"], row["source"]) for row in rows}
    assert shown == {
        ("0.75", 0.75, "given", "parameters.number"),
        ("1.50", 1.5, "computed", "doubled[1]"),
        ("175 billion", 175e9, "cited", "facts.toml: gpt3_parameters"),
    }
    table = tiny("numbers", "tiny-lesson", "--set", "number=0.75").out.splitlines()
    assert len(table) == len(rows) + 1
    for line, row in zip(table[1:], rows, strict=True):
        assert row["text"] in line
        assert line.endswith(row["source"])


def test_a_params_file_is_read_and_set_goes_before_it(tiny, tmp_path):
    (tmp_path / "mine.toml").write_text("number = 3\nothers = [5, 6]\n", encoding="utf-8")
    from_file = tiny("numbers", "tiny-lesson", "--params", tmp_path / "mine.toml", "--json").out
    assert '"value": 6.0' in from_file
    both = tiny("numbers", "tiny-lesson", "--params", tmp_path / "mine.toml", "--set", "number=4", "--json").out
    assert '"value": 8.0' in both


@pytest.mark.parametrize("suffix", [".npz", ".safetensors", ".csv", ".json"])
def test_a_trace_is_written_in_every_format(tiny, tmp_path, suffix):
    ran = tiny("trace", "tiny-lesson", "--set", "number=0.1", "--out", f"mine{suffix}")
    assert (ran.code, ran.err, ran.path) == (0, "", Path(f"mine{suffix}"))
    file = tmp_path / f"mine{suffix}"
    doubled = np.float32(0.1) * 2
    if suffix == ".csv":
        values = dict(csv.reader(file.open(encoding="utf-8")))
        assert float(values["doubled[1]"]) == doubled
        assert float(values["parameters.number"]) == 0.1
    elif suffix == ".json":
        arrays = json.loads(file.read_text(encoding="utf-8"))["arrays"]
        assert (arrays["doubled"][1], arrays["parameters.number"]) == (doubled, 0.1)
    else:
        trace = Trace.load(file)
        assert (trace.value("doubled[1]"), trace.value("parameters.number")) == (doubled, 0.1)
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


def test_a_still_is_the_picture_at_the_end_of_its_beat(tiny, tmp_path):
    ran = tiny("still", "tiny-lesson", "--beat", 2, "--quality", "draft")
    assert ran.path == Path("tiny-lesson-beat-2.png")
    tiny("still", "tiny-lesson", "--beat", 2, "--quality", "draft", "--set", "number=0.3", "--out", "other.png")
    tiny("still", "tiny-lesson", "--beat", 3, "--quality", "draft", "--out", "third.png")
    second, other, third = (np.asarray(Image.open(tmp_path / name)) for name in (ran.path, "other.png", "third.png"))
    assert second.shape[:2] == (480, 854)
    middle = np.s_[180:300, 300:550]
    assert (second[middle] != other[middle]).any(), "another number looks the same"
    assert np.ptp(second[middle][..., :3]) > 100, "there is no number"
    assert (third[middle] == third[180, 300]).all(), "the number was faded out"


@pytest.mark.parametrize(("aspect", "size"), [("16:9", (854, 480)), ("4:3", (640, 480)), ("1:1", (480, 480)), ("9:16", (480, 854))])
def test_a_still_has_the_shape_that_was_asked_for(tiny, tmp_path, aspect, size):
    assert tiny("still", "tiny-lesson", "--beat", 1, "--quality", "draft", "--aspect", aspect, "--theme", "light").code == 0
    image = Image.open(tmp_path / "tiny-lesson-beat-1.png")
    assert image.size == size
    assert image.convert("RGB").getpixel((2, 2)) == (0xFB, 0xFA, 0xF6)


def test_a_transparent_still_has_no_background(tiny, tmp_path):
    assert tiny("still", "tiny-lesson", "--beat", 1, "--quality", "draft", "--transparent").code == 0
    alpha = np.asarray(Image.open(tmp_path / "tiny-lesson-beat-1.png"))[..., 3]
    assert alpha[2, 2] == 0
    assert alpha.max() == 255


def test_captions_are_drawn_only_when_they_are_wanted(tiny, tmp_path):
    caption = np.s_[425:475, :, :3]
    drawn = {}
    for captions in ("burned", "both", "track", "none"):
        tiny("still", "tiny-lesson", "--beat", 1, "--quality", "draft", "--captions", captions, "--out", f"{captions}.png")
        drawn[captions] = bool(np.ptp(np.asarray(Image.open(tmp_path / f"{captions}.png"))[caption]) > 100)
    assert drawn == {"burned": True, "both": True, "track": False, "none": False}


def test_a_contact_sheet_holds_the_last_picture_of_every_beat(tiny, tmp_path):
    ran = tiny("sheet", "tiny-lesson", "--quality", "draft", "--columns", 3, "--width", 1200)
    assert ran.path == Path("tiny-lesson-sheet.png")
    sheet = Image.open(tmp_path / ran.path)
    assert sheet.width == 1200
    cell = (1200 - 4 * 8) // 3
    for beat in (1, 2, 3):
        tiny("still", "tiny-lesson", "--beat", beat, "--quality", "draft", "--out", "one.png")
        still = Image.open(tmp_path / "one.png").convert("RGB").resize((cell, round(cell * 480 / 854)), Image.Resampling.LANCZOS)
        left = 8 + (beat - 1) * (cell + 8)
        part = sheet.convert("RGB").crop((left, 8, left + still.width, 8 + still.height))
        assert np.abs(np.asarray(part, dtype=int) - np.asarray(still, dtype=int)).max() <= 1


def test_nothing_but_what_was_asked_for_is_written(tiny, tmp_path):
    tiny("numbers", "tiny-lesson")
    tiny("list")
    tiny("params", "tiny-lesson")
    assert list(tmp_path.iterdir()) == []


def test_the_chapter_with_its_formula_leaves_no_files_of_manims(nnanim, tmp_path):
    assert nnanim("numbers", "forward-propagation", "--set", "layers=2-3-2").code == 0
    assert list(tmp_path.iterdir()) == []
