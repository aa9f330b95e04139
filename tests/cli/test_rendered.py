"""What a render leaves behind, read by other people's code."""

from __future__ import annotations

import itertools
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
import tomllib
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

import av
import numpy as np
import pytest
import srt
from PIL import Image

from nnanim.cli import main

TINY = Path(__file__).parent.parent / "tiny_course"
COMMAND = shlex.quote(str(Path(sys.executable).with_name("nnanim")))
FILES = {"video.mp4", "beats.json", "captions.srt", "captions.vtt", "numbers.json", "trace.npz", "poster.png", "sheet.png", "recipe.toml"}


def frame_of(folder: Path) -> float:
    with av.open(str(folder / "video.mp4")) as video:
        return 1 / float(video.streams.video[0].average_rate)


def beats_of(folder: Path) -> list[tuple[float, float, str]]:
    cues = srt.parse((folder / "captions.srt").read_text(encoding="utf-8"))
    return [(cue.start.total_seconds(), cue.end.total_seconds(), cue.content) for cue in cues]


# Numbers -----------------------------------------------------------------------------------------------


def resolve(arrays: dict[str, np.ndarray], source: str) -> np.generic:
    """The number that a source points to, by somebody who knows only numpy."""
    name, indices = source, []
    while name not in arrays:
        match = re.fullmatch(r"(.*)\[(\d+)\]", name)
        assert match, source
        name, indices = match[1], [int(match[2]), *indices]
    return arrays[name][tuple(indices)]


def check_numbers(folder: Path) -> int:
    with np.load(folder / "trace.npz", allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    rows = json.loads((folder / "numbers.json").read_text(encoding="utf-8"))
    duration = beats_of(folder)[-1][1]
    for row in rows:
        assert list(row) == ["start", "end", "text", "value", "kind", "source"]
        assert 0 <= row["start"] < row["end"] <= duration + 0.001
        if row["kind"] == "cited":
            continue
        number = resolve(arrays, row["source"])
        assert number.shape == ()
        assert float(number) == row["value"], row
        written = Decimal(row["text"].replace("−", "-").replace(",", ""))
        assert written == Decimal(row["value"]).quantize(Decimal(1).scaleb(written.as_tuple().exponent), ROUND_HALF_EVEN), row
    return len(rows)


def test_every_number_is_in_the_trace_and_on_screen_rounded(rendered):
    assert check_numbers(rendered) >= 3


@pytest.mark.parametrize("settings", [["layers=2-12-12-3"], ["activation=relu", "head=identity"]])
def test_every_number_of_the_chapter_is_in_its_trace(nnanim, tmp_path, settings):
    """Without drawing it: the ledger and the trace that a render would write."""
    chosen = [word for setting in settings for word in ("--set", setting)]
    (tmp_path / "numbers.json").write_text(nnanim("numbers", "forward-propagation", "--json", *chosen).out, encoding="utf-8")
    nnanim("trace", "forward-propagation", "--out", tmp_path / "trace.npz", *chosen)
    (tmp_path / "captions.srt").write_text("1\n00:00:00,000 --> 00:10:00,000\nx\n")
    assert check_numbers(tmp_path) > 50


def test_numbers_without_drawing_are_those_of_the_render(rendered, tiny):
    """Byte for byte at the same frame rate; within the rounding of the plays to frames at another."""
    recipe = rendered / "recipe.toml"
    drawn = (rendered / "numbers.json").read_text(encoding="utf-8")
    assert tiny("numbers", "tiny-lesson", "--params", recipe, "--json").out == drawn
    undrawn = json.loads(tiny("numbers", "tiny-lesson", "--set", "number=0.75", "--json").out)
    assert len(undrawn) == len(json.loads(drawn))
    for mine, theirs in zip(undrawn, json.loads(drawn), strict=True):
        assert {k: v for k, v in mine.items() if k not in ("start", "end")} == {k: v for k, v in theirs.items() if k not in ("start", "end")}
        assert abs(mine["start"] - theirs["start"]) < 2 * frame_of(rendered)
        assert abs(mine["end"] - theirs["end"]) < 2 * frame_of(rendered)


# The folder --------------------------------------------------------------------------------------------


def test_the_folder_holds_what_belongs_in_it_and_nothing_else(rendered):
    assert {path.name for path in rendered.iterdir()} == FILES
    assert rendered.name == "draft-number-0.75"
    assert [path.name for path in rendered.parent.iterdir()] == [rendered.name]
    with Image.open(rendered / "poster.png") as poster, Image.open(rendered / "sheet.png") as sheet:
        assert poster.size == (854, 480)
        assert sheet.width == 1920


def test_captions_agree_in_both_forms_and_follow_each_other(rendered):
    beats = beats_of(rendered)
    assert [text for _, _, text in beats] == ["Take 0.75.", "Doubled, it grows to 1.50.", "A large model has 175 billion parameters."]
    assert beats[0][0] == 0
    for (_, end, _), (start, _, _) in itertools.pairwise(beats):
        assert end == start
    head, *cues = (rendered / "captions.vtt").read_text(encoding="utf-8").strip().split("\n\n")
    assert head == "WEBVTT"
    read = []
    for cue in cues:
        number, times, text = cue.split("\n")
        assert int(number) == len(read) + 1
        clocks = re.fullmatch(r"(\d\d):(\d\d):(\d\d\.\d{3}) --> (\d\d):(\d\d):(\d\d\.\d{3})", times)
        assert clocks
        h, m, s, hh, mm, ss = map(float, clocks.groups())
        read.append((round(h * 3600 + m * 60 + s, 3), round(hh * 3600 + mm * 60 + ss, 3), text))
    assert read == [(round(start, 3), round(end, 3), text) for start, end, text in beats]


def test_a_film_can_be_cut_where_the_last_picture_of_a_beat_stands(rendered):
    beats = json.loads((rendered / "beats.json").read_text(encoding="utf-8"))
    assert [list(beat) for beat in beats] == [["number", "name", "start", "held", "end", "words"]] * 3
    assert [beat["number"] for beat in beats] == [1, 2, 3]
    spoken = " ".join(text for _, _, text in beats_of(rendered))
    assert " ".join(beat["words"] for beat in beats) == spoken
    assert all(beat["words"].startswith(beat["name"]) for beat in beats)
    assert beats[0]["start"] == 0
    with av.open(str(rendered / "video.mp4")) as video:
        stream = video.streams.video[0]
        fps = float(stream.average_rate)
        marks = [float(mark["start"] * mark["time_base"]) for mark in video.chapters()]
        keys = {round(float(p.pts * p.time_base) * fps) for p in video.demux(stream) if p.is_keyframe}
        video.seek(0)
        frames = [frame.to_ndarray(format="rgb24").astype(int) for frame in video.decode(stream)]
    assert marks == pytest.approx([beat["start"] for beat in beats], abs=0.001)
    for beat, following in itertools.zip_longest(beats, beats[1:]):
        assert beat["start"] <= beat["held"] < beat["end"]
        assert beat["end"] == (following["start"] if following else pytest.approx(len(frames) / fps))
        held = round(beat["held"] * fps)
        assert held in keys
        # It stands for 0.6 s at least; after that, what clears the stage for the next beat still belongs to this one.
        standing = frames[held : held + int(0.6 * fps)]
        assert len(standing) == int(0.6 * fps) and all(np.array_equal(frame, frames[held]) for frame in standing)
    moved = round(beats[1]["held"] * fps)
    assert np.abs(frames[moved - 1] - frames[moved]).max() > 50, "it stood before"


def test_numbers_of_the_narration_stand_as_long_as_their_caption(rendered):
    start, end, _ = beats_of(rendered)[2]
    (cited,) = (row for row in json.loads((rendered / "numbers.json").read_text()) if row["kind"] == "cited")
    assert (cited["start"], cited["end"]) == pytest.approx((start, end), abs=0.002)


def test_the_video_has_pictures_chapters_captions_and_its_recipe(rendered):
    beats = beats_of(rendered)
    with av.open(str(rendered / "video.mp4")) as video:
        pictures = video.streams.video[0]
        assert (pictures.codec_context.name, pictures.width, pictures.height) == ("h264", 854, 480)
        assert pictures.average_rate == 15
        duration = float(pictures.duration * pictures.time_base)
        assert duration == pytest.approx(beats[-1][1], abs=1 / 15)
        assert pictures.frames == round(duration * 15)
        assert video.metadata["comment"] == (rendered / "recipe.toml").read_text(encoding="utf-8")
        assert video.metadata["title"] == "Tiny lesson"
        chapters = video.chapters()
        assert [(float(c["start"] * c["time_base"]), c["metadata"]["title"]) for c in chapters] == [
            (pytest.approx(start, abs=0.002), text) for start, _, text in beats
        ]
        (captions,) = video.streams.subtitles
        cues = [
            (float(packet.pts * packet.time_base), bytes(packet)[2:].decode())
            for packet in video.demux(captions)
            if packet.size > 2 and packet.pts is not None
        ]
    assert [text for _, text in cues] == [text for _, _, text in beats]
    assert [start for start, _ in cues] == pytest.approx([start for start, _, _ in beats], abs=0.002)


def test_the_recipe_says_what_was_made(rendered):
    recipe = tomllib.loads((rendered / "recipe.toml").read_text(encoding="utf-8"))
    assert recipe["chapter"] == "tiny-lesson"
    assert recipe["params"] == {"number": 0.75, "others": [1.0, 2.0]}
    assert (recipe["output"]["quality"], recipe["output"]["theme"]) == ("draft", "dark")
    assert {"nnanim", "manim", "torch", "numpy", "python", "trace"} <= recipe["made"].keys()


# Again -------------------------------------------------------------------------------------------------


def test_the_recipe_in_a_video_makes_it_again(rendered, tmp_path):
    video = shlex.quote(str(rendered / "video.mp4"))
    course = shlex.quote(str(TINY))
    line = f"{COMMAND} render --course {course} --params <({COMMAND} recipe {video}) --out {shlex.quote(str(tmp_path))} --quiet"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, cwd=tmp_path, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    again = Path(done.stdout.strip()).parent
    for name in ("beats.json", "numbers.json", "captions.srt", "captions.vtt", "trace.npz", "poster.png", "sheet.png"):
        assert (again / name).read_bytes() == (rendered / name).read_bytes(), name
    recipes = [tomllib.loads((folder / "recipe.toml").read_text(encoding="utf-8")) for folder in (again, rendered)]
    for recipe in recipes:
        del recipe["made"]["source"]  # somebody may be at work on the code while the tests run
    assert recipes[0] == recipes[1]
    pictures = []
    for folder in (again, rendered):
        with av.open(str(folder / "video.mp4")) as video:
            pictures.append([frame.to_ndarray(format="rgb24") for frame in video.decode(video=0)])
    assert len(pictures[0]) == len(pictures[1])
    assert all(np.array_equal(a, b) for a, b in zip(*pictures, strict=True))


def test_a_finished_render_is_not_made_again_unless_it_must(tiny, tmp_path):
    arguments = ("render", "tiny-lesson", "--quality", "draft", "--fps", 5, "--quiet", "--out", tmp_path, "--no-cache")
    path = tiny(*arguments).path
    first = path.stat().st_mtime_ns
    assert tiny(*arguments).path == path
    assert path.stat().st_mtime_ns == first
    assert tiny(*arguments, "--force").path == path
    second = path.stat().st_mtime_ns
    assert second != first
    path.unlink()
    assert tiny(*arguments).path == path
    assert path.is_file()


# Formats -----------------------------------------------------------------------------------------------


def render_as(tmp_path: Path, *arguments: object) -> Path:
    words = ["render", "tiny-lesson", "--course", TINY, "--quality", "draft", "--fps", 5, "--quiet", "--out", tmp_path, *arguments]
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    assert ended.value.code == 0
    (folder,) = (tmp_path / "tiny-lesson").iterdir()
    return folder


def test_a_transparent_webm_has_alpha(tmp_path):
    video = render_as(tmp_path, "--format", "webm", "--transparent") / "video.webm"
    with av.open(str(video)) as file:
        stream = file.streams.video[0]
        assert stream.codec_context.name.startswith(("vp9", "libvpx"))
        decoder = av.CodecContext.create("libvpx-vp9", "r")
        frames = [frame for packet in file.demux(stream) for frame in decoder.decode(packet)]
    assert frames[0].format.name == "yuva420p"
    rgba = frames[8].to_ndarray(format="rgba")
    assert rgba[4, 4, 3] == 0
    assert rgba[..., 3].max() > 250


def test_a_transparent_mov_has_alpha(tmp_path):
    video = render_as(tmp_path, "--format", "mov", "--transparent") / "video.mov"
    with av.open(str(video)) as file:
        assert file.streams.video[0].codec_context.name == "prores"
        rgba = next(file.decode(video=0)).to_ndarray(format="rgba")
    assert rgba[4, 4, 3] == 0


def test_a_gif_moves(tmp_path):
    with Image.open(render_as(tmp_path, "--format", "gif") / "video.gif") as gif:
        assert gif.size == (854, 480)
        assert gif.n_frames > 5
        assert gif.info["loop"] == 0


def test_png_gives_a_folder_of_numbered_frames(tmp_path):
    folder = render_as(tmp_path, "--format", "png", "--transparent")
    frames = sorted((folder / "frames").iterdir())
    seconds = beats_of(folder)[-1][1]
    assert len(frames) == pytest.approx(seconds * 5, abs=1)
    with Image.open(frames[0]) as first:
        assert first.mode == "RGBA"
        assert first.getpixel((2, 2))[3] == 0


# Killed ------------------------------------------------------------------------------------------------


def children_of(process: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(stat.read_text().rpartition(")")[2].split()[1]) == process:
                found.append(int(stat.parent.name))
        except (OSError, ValueError):
            continue
    return found


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_a_killed_render_leaves_nothing_that_looks_finished(tmp_path):
    arguments = [*shlex.split(COMMAND), "render", "tiny-lesson", "--course", str(TINY), "--quality", "1080p", "--no-cache", "--workers", "2", "--out", str(tmp_path)]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(os.environ))
    lesson, deadline = tmp_path / "tiny-lesson", time.monotonic() + 60
    while not children_of(process.pid) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    workers = children_of(process.pid)
    process.kill()
    assert process.wait() == -signal.SIGKILL, "it was over before it could be killed"
    assert all(path.name.startswith(".") and path.name.endswith(".unfinished") for path in lesson.iterdir())
    # Whoever drew for it stops as well.
    while any(Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes() for pid in workers):
        assert time.monotonic() < deadline, "a worker goes on without its master"
        time.sleep(0.05)
    # The next render sweeps up.
    folder = render_as(tmp_path)
    assert {path.name for path in folder.iterdir()} == FILES
    assert list(lesson.iterdir()) == [folder]
