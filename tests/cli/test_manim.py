"""``nnanim manim`` does what ``manim render`` does: the same files in the same places, the same pictures in them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
SCENES = '''
from manim import *

FPS = config.frame_rate
SIZE = (config.pixel_width, config.pixel_height)


class Turn(Scene):
    def construct(self):
        self.add(Text(f"{FPS:g} {SIZE}").scale(0.5).to_edge(UP))
        square = Square(color=random_bright_color(), fill_opacity=0.5)
        self.play(Create(square), run_time=0.6, subcaption="a square")
        self.next_section("the turn", skip_animations=False)
        self.play(Rotate(square, 1), run_time=0.6)
        self.wait(0.4)
        self.next_section("left out", skip_animations=True)
        self.play(FadeOut(square), run_time=0.5)
        self.next_section()
        self.play(FadeIn(Dot()), run_time=0.4)


class Steps(Scene):
    def construct(self):
        dot, follower = Dot(), Square(0.5)
        self.add(dot, follower)
        for number in range(6):
            self.play(dot.animate.shift(0.5 * RIGHT), run_time=0.2)
            self.wait(0.1 * number + 0.1)
            if number == 2:
                self.next_section("with updaters")
                follower.add_updater(lambda m, dt: m.shift(UP * dt).match_x(dot))
        self.play(dot.animate.shift(DOWN), run_time=1.5)


class Still(Scene):
    def construct(self):
        self.add(Circle(fill_opacity=1))


class Follow(MovingCameraScene):
    def construct(self):
        at = ValueTracker(0)
        dot = always_redraw(lambda: Dot(at.get_value() * RIGHT))
        self.add(dot)
        self.play(at.animate.set_value(2), self.camera.frame.animate.scale(0.5), run_time=0.7)
        self.wait(0.3)
'''
CONFIGURED = """
from manim import *

config.pixel_width, config.pixel_height, config.frame_rate = 200, 160, 12
config.frame_width, config.frame_height = 10, 8
config.background_color = DARK_BLUE


class Own(Scene):
    def construct(self):
        self.play(Create(Circle()), run_time=0.5)
        self.add(Square(4))
        self.wait(0.25)
"""
SMALL = ("-r", "192,108", "--fps", "10", "--seed", "3", "--progress_bar", "none")


def run(folder: Path, program: tuple[str, ...], *arguments: str, **more) -> subprocess.CompletedProcess[str]:
    """Run a program in a folder that holds the scenes."""
    folder.mkdir(exist_ok=True)
    (folder / "scenes.py").write_text(SCENES)
    (folder / "own.py").write_text(CONFIGURED)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NNANIM_CACHE": str(folder / "cache"), "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, *program, *arguments], cwd=folder, env=environment, capture_output=True, text=True,
        stdin=subprocess.DEVNULL, **more,
    )  # fmt: skip


MANIM, OURS = ("-m", "manim"), (str(ROOT / "scripts" / "render.py"), "manim")


def left(folder: Path) -> list[str]:
    """The files that a run left, but for what is no result."""
    files = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
    working = {"cache", "__pycache__", "texts", "Tex", "partial_movie_files"}
    return sorted(str(file) for file in files if not working & set(file.parts))


def pictures(path: Path) -> np.ndarray:
    """All pictures of a file, (T, H, W, 4)."""
    if path.suffix == ".png":
        return np.array(Image.open(path).convert("RGBA"))[None]
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="rgba") for frame in container.decode(video=0)])


def over_black(pictures: np.ndarray) -> np.ndarray:
    """What is seen over black; in manim's own files, colours are multiplied by their opacity already."""
    return np.rint(pictures[..., :3] * (pictures[..., 3:] / 255))


def rate(path: Path) -> float:
    """Frames per second."""
    with av.open(str(path)) as container:
        return float(container.streams.video[0].average_rate)


@pytest.mark.parametrize(
    "arguments",
    [
        ("scenes.py", "Turn", *SMALL),
        ("render", "scenes.py", "Turn", *SMALL, "--save_sections"),
        ("-a", "scenes.py", *SMALL),
        ("scenes.py", "Steps", *SMALL, "--save_sections"),
        ("scenes.py", "Steps", *SMALL, "--save_sections", "--disable_caching"),
        ("--format", "png-sequence", "scenes.py", "Steps", *SMALL, "--disable_caching"),
        ("-s", "scenes.py", "Turn", *SMALL),
        ("-s", "-t", "scenes.py", "Follow", *SMALL),
        ("-n", "1,2", "scenes.py", "Turn", *SMALL),
        ("-o", "name", "scenes.py", "Follow", *SMALL, "--media_dir", "elsewhere", "--disable_caching"),
        ("-t", "scenes.py", "Follow", *SMALL),
        ("--format", "gif", "scenes.py", "Follow", *SMALL),
        ("--format", "webm", "scenes.py", "Turn", *SMALL),
        ("--format", "png-sequence", "-0", "3", "scenes.py", "Follow", "Still", *SMALL),
        ("--format", "mov", "scenes.py", "Follow", *SMALL, "-v", "WARNING"),
        ("--dry_run", "scenes.py", "Turn", *SMALL),
        ("own.py", "--progress_bar", "none"),
        ("scenes.py", "Follow", *SMALL, "--encoder-option", "crf=10"),
        ("scenes.py", "Follow", *SMALL, "--encoder-option", "preset=slow"),
        ("-c", "my.cfg", "scenes.py", "Follow"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_files_and_pictures_are_manims(arguments, tmp_path):
    for name in ("theirs", "ours"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "my.cfg").write_text("[CLI]\npixel_width = 160\npixel_height = 120\nframe_rate = 8\n")
    theirs = run(tmp_path / "theirs", MANIM, *arguments)
    ours = run(tmp_path / "ours", OURS, *arguments)
    assert (theirs.returncode, ours.returncode) == (0, 0), ours.stderr + theirs.stderr
    files = left(tmp_path / "theirs")
    assert left(tmp_path / "ours") == files
    shown = [file for file in files if file.endswith((".mp4", ".mov", ".webm", ".png", ".gif"))]
    assert bool(shown) == ("--dry_run" not in arguments)
    for file in shown:
        a, b = pictures(tmp_path / "theirs" / file), pictures(tmp_path / "ours" / file)
        assert a.shape == b.shape, file
        assert np.ptp(a[..., :3]) > 50, "nothing is shown, so nothing is compared"
        off = np.abs(a[..., :3].astype(float) - over_black(b))
        # What is encoded with loss is near, and another picture would not be.
        assert off.max() <= 1 if file.endswith(".png") or "-t" in arguments else off.mean() < 3, file
        if not file.endswith(".png"):
            assert rate(tmp_path / "theirs" / file) == rate(tmp_path / "ours" / file)
    for file in files:
        if file.endswith((".srt", ".json")):
            same = [(tmp_path / name / file).read_text().splitlines() for name in ("theirs", "ours")]
            assert [line for line in same[0] if "bit_rate" not in line] == [
                line for line in same[1] if "bit_rate" not in line
            ]


def test_render_says_what_to_type_for_a_plain_scene(tmp_path):
    command = (str(ROOT / "scripts" / "render.py"), "render")
    told = run(tmp_path, command, "scenes.py", "Follow", "--quality", "draft", "--fps", "12", "--format", "png", "--workers", "1")
    assert told.returncode == 2 and told.stdout == ""
    assert len(told.stderr.splitlines()) == 1
    typed = told.stderr.rsplit("type: nnanim manim ", 1)[1].split()
    assert typed == [*["-ql", "--workers", "1", "--fps", "12", "--format", "png-sequence", "scenes.py", "Follow"]]
    assert run(tmp_path, OURS, *typed, "--progress_bar", "none").returncode == 0
    assert len(list((tmp_path / "media" / "images").rglob("Follow/*.png"))) > 8


WRONG = """
from manim import *


class Fails(Scene):
    def construct(self):
        self.play(Create(Circle()), run_time=0.2)
        undefined_name()


class FailsInAnUpdater(Scene):
    def construct(self):
        self.add(Dot().add_updater(lambda m, dt: m.shift(1 / 0)))
        self.wait(0.5)


class Talks(Scene):
    def construct(self):
        self.wait(0.2)
        self.interactive_embed()
"""


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (("wrong.py", "Fails"), ("wrong.py:8: NameError", "undefined_name")),
        (("wrong.py", "FailsInAnUpdater"), ("wrong.py:13: ZeroDivisionError",)),
        (("wrong.py", "Talks"), ("interactive_embed", "--renderer opengl")),
        (("scenes.py", "Still", "--format", "mp4"), ("no play calls", "--format=png")),
        (("scenes.py", "Turn", "-t", "--format", "mp4"), ("alpha", "mov")),
        (("scenes.py", "Turn", "--jupyter"), ("notebooks",)),
        (("scenes.py", "Turn", "--live-preview"), ("live preview",)),
        (("scenes.py", "Turn", "--no_such_option"), ("--no_such_option",)),
        (("scenes.py", "Turn", "-q", "x"), ("-q", "'x'")),
        (("scenes.py", "Turn", "--workers", "0"), ("--workers", "1")),
        (("missing.py",), ("missing.py", "not found")),
        (("broken.py",), ("SyntaxError", "broken.py, line 2")),
        (("-a", "-o", "x", "scenes.py"), ("--output_file", "one scene")),
    ],
    ids=" ".join,
)  # fmt: skip
def test_what_is_wrong_is_said_in_one_line(arguments, parts, tmp_path):
    (tmp_path / "wrong.py").write_text(WRONG)
    (tmp_path / "broken.py").write_text("x = 1\ny = (\n")
    ran = run(tmp_path, OURS, *arguments, "--progress_bar", "none", "-v", "WARNING")
    assert ran.returncode == 2
    assert len(ran.stderr.splitlines()) == 1, ran.stderr
    assert all(part in ran.stderr for part in parts), ran.stderr
    assert not [file for file in left(tmp_path) if file.endswith((".mp4", ".png", ".part"))]


def test_what_the_engine_cannot_draw_is_left_to_manim_with_a_word(tmp_path):
    ran = run(tmp_path, OURS, "scenes.py", "Follow", "-r", "192,108", "--fps", "29.97", "--progress_bar", "none")
    assert ran.returncode == 0
    assert "nnanim: Follow: drawn by manim's own renderer: 29.97 frames a second" in ran.stderr
    video = next(path for path in tmp_path.rglob("Follow.mp4") if "partial" not in str(path))
    assert abs(rate(video) - 30000 / 1001) < 0.01


def test_a_second_render_finds_its_segments_unless_caching_is_off(tmp_path):
    def segments() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").rglob("*.mp4")}

    assert run(tmp_path, OURS, "scenes.py", "Follow", *SMALL, "--disable_caching").returncode == 0
    assert not segments()
    assert run(tmp_path, OURS, "scenes.py", "Follow", *SMALL).returncode == 0
    kept = segments()
    assert kept
    assert run(tmp_path, OURS, "scenes.py", "Follow", *SMALL).returncode == 0
    assert segments().keys() == kept.keys()


def test_help_is_ours_and_manims(tmp_path):
    ours, manims = run(tmp_path, OURS, "--help"), run(tmp_path, OURS, "render", "--help")
    assert "updaters run twice" in " ".join(ours.stdout.split()) and "--workers" in ours.stdout
    assert "--save_sections" in manims.stdout
    assert (ours.returncode, manims.returncode) == (0, 0)
