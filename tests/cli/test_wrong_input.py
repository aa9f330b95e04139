"""Wrong input: one line that names what, where and what is allowed; exit code 2; nothing left behind."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nnanim.wording import LONGEST_MESSAGE

TINY = Path(__file__).parent.parent / "tiny_course"
TINY_LESSON = ("tiny-lesson", "--course", TINY)
FORWARD = ("forward-propagation",)
LINES = (TINY / "tiny_lesson.py").read_text(encoding="utf-8").splitlines()
COMPUTES = 1 + next(place for place, line in enumerate(LINES) if "number = np.float32(p.number)" in line)
"""The line of the tiny lesson in which its simulation computes."""


def snapshot(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.fixture
def refused(nnanim: Any, tmp_path: Path) -> Any:
    """Call the command line and see that it refuses, in one line, and writes nothing."""

    def call(*arguments: object, parts: tuple[str, ...] = ()) -> str:
        before = snapshot(tmp_path)
        ran = nnanim(*arguments)
        assert ran.code == 2, ran.out + ran.err
        assert ran.out == ""
        assert len(ran.err.splitlines()) == 1, ran.err
        assert ran.err.startswith("nnanim: ")
        assert "Traceback" not in ran.err
        assert snapshot(tmp_path) == before, "something was left behind"
        for part in parts:
            assert part in ran.err, f"{part!r} is not in {ran.err!r}"
        return ran.err

    return call


COMMANDS = {
    "render": ("--quality", "draft", "--quiet"),
    "numbers": ("--json",),
    "trace": ("--out", "trace.npz"),
    "sheet": (),
    "still": ("--beat", "1"),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_an_unknown_chapter(refused, command):
    message = refused(command, "forward-propagatoin", *COMMANDS[command], parts=("there is no chapter 'forward-propagatoin'", "did you mean forward-propagation?"))
    assert "scenes" in message


def test_an_unknown_chapter_of_params(refused):
    refused("params", "foward", parts=("did you mean forward-propagation?",))


@pytest.mark.parametrize("command", COMMANDS)
def test_an_unknown_parameter(refused, command):
    refused(command, *FORWARD, "--set", "layer=3", *COMMANDS[command], parts=("forward-propagation: ", "no parameter 'layer'", "did you mean layers?"))


@pytest.mark.parametrize(
    ("setting", "parts"),
    [
        ("gain=-1", ("gain must be a number > 0 and ≤ 10", "got -1", "--set gain=1.75")),
        ("gain=much", ("gain must be a number", "got much")),
        ("seed=1.5", ("seed must be a whole number ≥ 0", "got 1.5")),
        ("seed=true", ("seed must be a whole number", "got true")),
        ("seed=99999999999", ("≤ 2147483647",)),
        ("layers=3-2", ("layers must be 3 to 6 whole numbers", "--set layers=3-4-4-2")),
        ("layers=3-0-2", ("got 0 at place 2",)),
        ("layers=3-1001-2", ("≤ 1000",)),
        ("inputs=1,2", ("inputs must hold 3 numbers", "got 2", "--set inputs=0.8,0.3,0.6")),
        ("inputs=1,2,x", ("inputs", "got x at place 3")),
        ("inputs=1,2,1e9", ("inputs", "1000")),
        ("inputs=nan,1,1", ("inputs", "got nan at place 1")),
        ("activation=swish", ("one of sigmoid, tanh, relu, gelu", "got swish")),
        ("head=max", ("one of softmax, sigmoid, identity",)),
        ("neuron=5", ("neuron must be ≤ 4", "got 5")),
        ("weights=none.npz", ("weights: there is no file none.npz",)),
        ("seed", ("NAME=VALUE", "'seed'", "--set seed=1")),
    ],
)
def test_values_that_are_wrong(refused, setting, parts):
    refused("numbers", *FORWARD, "--set", setting, parts=("forward-propagation: ", *parts))


LONG = "all work and no play " * 200


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (("numbers", "autoregressive-generation", "--set", f"prompt={LONG}"), ("prompt must be text of 1 to 400 characters", "got 4,200 characters")),
        (("numbers", "qkv-attention", "--set", f"sentence={LONG}"), ("sentence must be text of 1 to 400 characters",)),
        (("numbers", *FORWARD, "--set", f"activation={LONG}"), ("activation must be one of", "got all work", "--set activation=sigmoid")),
        (("numbers", *FORWARD, "--set", f"layers={'3-' * 2000}4"), ("layers must be 3 to 6 whole numbers",)),
        (("numbers", *FORWARD, "--set", f"{LONG}=3"), ("there is no parameter",)),
        (("numbers", *FORWARD, "--set", LONG), ("--set takes NAME=VALUE", "try --set seed=1")),
        (("numbers", LONG), ("there is no chapter",)),
        (("numbers", *FORWARD, "--course", LONG), ("File name too long",)),
        (("render", *TINY_LESSON, "--theme", LONG), ("dark",)),
    ],
)  # fmt: skip
def test_messages_are_short_however_long_what_was_typed(refused, arguments, parts):
    assert len(refused(*arguments, parts=parts)) <= len("nnanim: ") + LONGEST_MESSAGE + 1


# Files -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        (None, ("mine.toml", "cannot be read", "No such file")),
        (b"\xff\xfe\x00", ("mine.toml", "UTF-8")),
        (b"seed = 1\nlayers = 3-4", ("mine.toml", "not valid TOML", "line 2")),
        (b"sed = 1", ("no parameter 'sed'", "did you mean seed?")),
        (b"params = 3\nchapter = 'forward-propagation'", ("params",)),
        (b"params = 3", ("params",)),
        (b"output = 3\nchapter = 'forward-propagation'", ("output",)),
        (b"[params]\n[output]\nquality = 'best'", ("quality must be one of draft, 720p, 1080p, 4k", "best")),
        (b"[params]\n[output]\nsize = 3", ("no setting 'size'",)),
        (b"[params]\n[output]\nfps = 'many'", ("fps",)),
        (b"[params]\n[output]\nfps = 0", ("fps",)),
        (b"[params]\n[output]\ncrf = 'x'", ("crf",)),
        (b"[params]\n[output]\ntheme = 'pink'", ("theme", "pink")),
        (b"[params]\n[output]\ncodec = 'divx'", ("codec", "divx")),
        (b"[params]\n[output]\ntransparent = 'yes'", ("transparent",)),
        (b"[params]\n[output]\naspect = [16, 9]", ("aspect must be one of",)),
        (b"made = 3\n[params]\n", ("made",)),
    ],
)
def test_parameter_files_that_are_wrong(refused, tmp_path, content, parts):
    if content is not None:
        (tmp_path / "mine.toml").write_bytes(content)
    refused("render", *FORWARD, "--params", tmp_path / "mine.toml", "--quality" if b"[output]" not in (content or b"") else "--quiet",
            *(["draft"] if b"[output]" not in (content or b"") else []), parts=parts)  # fmt: skip


def test_a_folder_instead_of_a_parameter_file(refused, tmp_path):
    refused("numbers", *FORWARD, "--params", tmp_path, parts=("cannot be read",))


def weights(**changes: Any) -> dict[str, Any]:
    good = {"weights[1]": np.ones((4, 3)), "biases[1]": np.ones(4), "weights[2]": np.ones((2, 4)), "biases[2]": np.ones(2)}
    return {name: array for name, array in (good | changes).items() if array is not None}


@pytest.mark.parametrize(
    ("arrays", "parts"),
    [
        (weights(**{"weights[2]": np.ones((2, 5))}), ("layer 2 takes 5 numbers, but layer 1 gives 4",)),
        (weights(**{"biases[1]": np.ones(3)}), ("layer 1", "(4, 3) and (3,)")),
        (weights(**{"weights[2]": np.full((2, 4), np.nan)}), ("layer 2", "NaN")),
        (weights(**{"biases[2]": None}), ("weights[2] has no biases[2]",)),
        ({"a": np.ones(3)}, ("holds no layers",)),
        (b"garbage", ("cannot be read",)),
    ],
)
@pytest.mark.parametrize("suffix", [".npz", ".pt"])
def test_weight_files_that_are_wrong(refused, tmp_path, arrays, parts, suffix):
    path = tmp_path / f"mine{suffix}"
    if isinstance(arrays, bytes):
        path.write_bytes(arrays)
    elif suffix == ".npz":
        np.savez(path, **arrays)
    else:
        torch.save({name: torch.tensor(array) for name, array in arrays.items()}, path)
    refused("numbers", *FORWARD, "--set", f"weights={path}", parts=("forward-propagation: weights: ", str(path), *parts))


def test_weights_that_do_not_fit_the_layers_that_were_set(refused, tmp_path):
    np.savez(tmp_path / "mine.npz", **weights())
    refused("numbers", *FORWARD, "--set", f"weights={tmp_path / 'mine.npz'}", "--set", "layers=3-5-2", parts=("3-4-2", "3-5-2"))


def test_weights_with_which_the_numbers_overflow(refused, tmp_path):
    np.savez(tmp_path / "mine.npz", **weights(**{"weights[1]": np.full((4, 3), 3e38), "weights[2]": np.full((2, 4), 3e38)}))
    refused("numbers", *FORWARD, "--set", f"weights={tmp_path / 'mine.npz'}", "--set", "activation=relu", parts=("overflow",))


# Options -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (("render",), ("name a chapter, or --all",)),
        (("render", *TINY_LESSON, "--quality", "best"), ("'best'", "draft", "1080p")),
        (("render", *TINY_LESSON, "--fps", "0"), ("--fps", "1<=x<=120")),
        (("render", *TINY_LESSON, "--fps", "fast"), ("--fps", "fast")),
        (("render", *TINY_LESSON, "--format", "avi"), ("avi", "mp4", "webm")),
        (("render", *TINY_LESSON, "--theme", "pink"), ("pink", "dark", "light")),
        (("render", *TINY_LESSON, "--aspect", "2:1"), ("2:1", "16:9")),
        (("render", *TINY_LESSON, "--captions", "loud"), ("loud", "burned")),
        (("render", *TINY_LESSON, "--transparent"), ("--transparent", "webm")),
        (("render", *TINY_LESSON, "--format", "webm", "--codec", "h264", "--quality", "draft"), ("webm", "h264")),
        (("render", *TINY_LESSON, "--frmat", "mp4"), ("--frmat", "--format")),
        (("still", *TINY_LESSON), ("--beat",)),
        (("still", *TINY_LESSON, "--beat", "0"), ("--beat",)),
        (("still", *TINY_LESSON, "--beat", "4"), ("--beat must be 1 to 3", "got 4")),
        (("trace", *TINY_LESSON), ("--out",)),
        (("trace", *TINY_LESSON, "--out", "mine.txt"), (".npz", ".csv", "txt")),
        (("trace", *TINY_LESSON, "--out", "mine"), (".npz", ".csv")),
        (("recipe", "nowhere.mp4"), ("there is no file nowhere.mp4",)),
        (("recipe", TINY / "course.toml"), ("course.toml",)),
        (("numbers", "tiny-lesson", "--course", "/nowhere"), ("there is no folder /nowhere",)),
        (("list", "--course", TINY.parent), ("has no course.toml",)),
        (("rendr", "x"), ("rendr",)),
        (("numbers",), ("CHAPTER",)),
        (("numbers", "a", "b"), ("b",)),
    ],
)  # fmt: skip
def test_options_that_are_wrong(refused, arguments, parts):
    refused(*arguments, parts=parts)


@pytest.mark.parametrize(
    ("looks", "parts"),
    [
        (("--transparent",), ("webm, mov, gif",)),
        (("--transparent", "--format", "mp4", "--codec", "vp9"), ("webm, mov, gif",)),
        (("--transparent", "--format", "mov", "--codec", "h264"), ("prores", "h264")),
        (("--transparent", "--format", "mov", "--codec", "h265"), ("prores", "h265")),
        (("--format", "webm", "--codec", "prores"), ("webm", "prores")),
        (("--format", "gif", "--codec", "h264", "--fps", "25"), ("gif", "h264")),
        (("--format", "gif", "--fps", "60"), ("gif", "50")),
        (("--format", "png", "--codec", "vp9"), ("png", "vp9")),
    ],
)
def test_formats_codecs_and_transparency_that_do_not_go_together(refused, looks, parts):
    refused("render", *TINY_LESSON, *looks, "--quality", "draft", "--quiet", parts=parts)


def test_a_video_without_a_recipe(refused, tmp_path):
    import av

    with av.open(str(tmp_path / "other.mp4"), "w") as video:
        stream = video.add_stream("libx264", rate=5)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for _ in range(3):
            video.mux(stream.encode(av.VideoFrame(64, 64, "yuv420p")))
        video.mux(stream.encode())
    refused("recipe", tmp_path / "other.mp4", parts=("other.mp4", "no recipe"))


@pytest.mark.parametrize(
    ("before", "after", "parts"),
    [
        ("self.wait(0.2)", "undefined_name()", ("tiny_lesson.py:", "NameError", "undefined_name")),
        ('"Take {x}."', '"Take 3."', ("tiny_lesson.py:", "Take 3.", "no source")),
        ("<", ">", ("tiny-lesson", "the claim", "Doubled, it grows to {y}.", "y = −2.00")),
        ("number = np.float32(p.number)", "number = 1 / 0", ("tiny-lesson: ", f"tiny_lesson.py:{COMPUTES}: ZeroDivisionError")),
    ],
    ids=["fails", "shows a digit without a source", "says what is not so", "cannot compute"],
)
def test_a_chapter_of_the_lecturers_own_that_is_wrong(refused, tmp_path, monkeypatch, before, after, parts):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    for name in ("course.toml", "tiny_lesson.py"):
        source = (TINY / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(source.replace(before, after) if name.endswith(".py") else source, encoding="utf-8")
    (tmp_path / "out" / "tiny-lesson").mkdir(parents=True)
    refused("render", "tiny-lesson", "--course", tmp_path, "--set", "number=-1", "--quality", "draft", "--quiet", "--out", tmp_path / "out", parts=parts)


# Places ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["render", "trace", "sheet", "still"])
def test_a_place_that_cannot_be_written_to(refused, tmp_path, command):
    """A file stands where a folder should: that stops root as well."""
    (tmp_path / "file").write_text("here")
    place = tmp_path / "file" / ("out" if command == "render" else "out.npz" if command == "trace" else "out.png")
    extra = {"render": ("--quality", "draft", "--quiet"), "still": ("--beat", "1", "--quality", "draft"), "sheet": ("--quality", "draft")}
    refused(command, *TINY_LESSON, *extra.get(command, ()), "--out", place, parts=(str(tmp_path / "file"),))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_the_right_to_write(refused, tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    refused("render", *TINY_LESSON, "--out", tmp_path / "locked", parts=("cannot be written to", "Permission denied"))


@pytest.mark.parametrize("name", ["numbers.json", "trace.npz", "captions.srt", "recipe.toml"])
def test_a_disk_that_fills_up_while_the_folder_is_written(nnanim, tmp_path, monkeypatch, name):
    def write(self: Path, *arguments: Any, **keywords: Any) -> int:
        if self.name == name:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self))
        return real(self, *arguments, **keywords)

    method = "write_bytes" if name == "trace.npz" else "write_text"
    real = getattr(Path, method)
    monkeypatch.setattr(Path, method, write)
    ran = nnanim("render", *TINY_LESSON, "--quality", "draft", "--fps", 5, "--quiet", "--out", tmp_path / "out")
    assert ran.code == 2
    assert ran.out == ""
    assert len(ran.err.splitlines()) == 1
    assert "the disk is full" in ran.err
    assert [path for path in (tmp_path / "out").rglob("*") if path.is_file()] == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Any:
    """A file system of 200 kB of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(place)], capture_output=True)
    if mounted.returncode:
        pytest.skip("no right to mount a file system here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_disk_that_is_really_full(nnanim, small_disk):
    for arguments in (
        ("render", *TINY_LESSON, "--quality", "720p", "--format", "png", "--quiet", "--fps", 5, "--no-cache"),
        ("render", *TINY_LESSON, "--quality", "720p", "--crf", 0, "--quiet", "--no-cache"),
        ("sheet", *TINY_LESSON, "--width", "8000"),
    ):
        place = small_disk / "sheet.png" if arguments[0] == "sheet" else small_disk
        ran = nnanim(*arguments, "--out", place)
        assert ran.code == 2, ran.out + ran.err
        assert len(ran.err.splitlines()) == 1, ran.err
        assert "full" in ran.err or "No space left" in ran.err
        assert [path for path in small_disk.rglob("*") if path.is_file()] == []
