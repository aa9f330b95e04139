"""Plays of a few frames are drawn without a worker; what may be slow or dangerous is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from manim import RIGHT, UP, Dot, Scene, VMobject
from PIL import Image

from nnanim.engine import RenderSettings, render
from nnanim.engine.workers import WorkerPool

from .manims_own import serial_frames


class Steps(Scene):
    def construct(self):
        dot, pulled = Dot(), Dot(UP)
        self.add(dot, pulled)
        for number in range(8):
            self.play(dot.animate.shift(0.3 * RIGHT), run_time=0.2)
            self.wait(0.2)
            if number == 3:
                pulled.add_updater(lambda m, dt: m.shift(dt * RIGHT))


class Painted(VMobject):
    def paint(self, context, camera):
        """Nothing."""


class PaintsItself(Scene):
    def construct(self):
        self.add(Painted().set_points_as_corners([UP, RIGHT]))
        self.wait(0.3)


@pytest.fixture
def started(monkeypatch):
    labels = []
    start = WorkerPool.start

    def counted(self, label, task):
        labels.append(label)
        return start(self, label, task)

    monkeypatch.setattr(WorkerPool, "start", counted)
    return labels


def test_no_worker_for_a_few_frames_and_the_same_pictures(tmp_path, started):
    settings = RenderSettings(192, 108, 10, format="png", workers=2)
    theirs, _ = serial_frames(Steps, settings)
    rendered = render(Steps, tmp_path / "frames", settings)
    ours = [np.array(Image.open(path)).astype(int) for path in sorted(rendered.path.iterdir())]
    assert rendered.segments_drawn == 16
    assert len(started) <= 4, "only a slow machine may find some of them long"
    assert max(np.abs(a - b[..., :3]).max() for a, b in zip(ours, theirs, strict=True)) <= 1


def test_what_paints_itself_gets_a_worker_that_can_be_replaced(tmp_path, started):
    render(PaintsItself, tmp_path / "video.mp4", RenderSettings(192, 108, 10, workers=2))
    assert len(started) == 1


def test_a_long_play_gets_workers(tmp_path, started):
    class Long(Scene):
        def construct(self):
            self.play(Dot().animate.shift(RIGHT), run_time=4)

    render(Long, tmp_path / "video.mp4", RenderSettings(192, 108, 10, workers=2))
    assert started


def counted_updater(file):
    class Counted(Scene):
        def construct(self):
            dot = Dot()

            def move(mobject, dt):
                with file.open("a") as lines:
                    lines.write(f"{dt:.4f}\n")
                mobject.shift(dt * RIGHT)

            dot.add_updater(move)
            self.add(dot)
            self.wait(0.5)
            self.play(Dot(UP).animate.shift(UP), run_time=5)
            self.wait_until(lambda: dot.get_x() > 7, max_time=10)

    return Counted


def test_updaters_run_as_often_as_in_manim(tmp_path, started):
    settings = RenderSettings(192, 108, 60, workers=2, cache_dir=tmp_path / "cache")
    theirs, _ = serial_frames(counted_updater(tmp_path / "theirs"), settings)
    for _ in ("drawn", "known"):
        (tmp_path / "ours").unlink(missing_ok=True)
        rendered = render(counted_updater(tmp_path / "ours"), tmp_path / "video.mp4", settings)
        assert rendered.frames == len(theirs)
        assert (tmp_path / "ours").read_text() == (tmp_path / "theirs").read_text()
    assert rendered.segments_drawn == 0
    # Only where an earlier render came by does a worker wait, and it is not needed.
    assert 1 <= len(started) <= 3


def test_a_play_that_goes_on_in_another_way_than_before_is_drawn_anew(tmp_path):
    """What a play looks like as it begins is a hint, no more."""

    def moving(towards):
        class Moving(Scene):
            def construct(self):
                dot = Dot().add_updater(lambda m, dt: m.shift(dt * towards))
                self.add(dot)
                self.wait(5)

        return Moving

    settings = RenderSettings(192, 108, 30, workers=2, cache_dir=tmp_path / "cache")
    render(moving(RIGHT), tmp_path / "right.mp4", settings)
    rendered = render(moving(UP), tmp_path / "up.mp4", settings)
    assert rendered.segments_drawn == 1
    fresh = render(moving(UP), tmp_path / "fresh.mp4", replace(settings, cache_dir=None))
    assert (tmp_path / "up.mp4").read_bytes() == fresh.path.read_bytes() != (tmp_path / "right.mp4").read_bytes()


def test_manims_command_draws_them_without_workers_as_well(tmp_path, started, monkeypatch):
    from nnanim.cli.commands.manim import run

    file = tmp_path / "scene.py"
    file.write_text(
        "from manim import *\n\n\nclass Steps(Scene):\n    def construct(self):\n        dot = Dot()\n"
        "        for _ in range(9):\n            self.play(dot.animate.shift(0.3 * RIGHT), run_time=0.2)\n"
    )
    monkeypatch.setenv("NNANIM_CACHE", str(tmp_path / "cache"))
    size = ["-r", "192,108", "--fps", "10", "--progress_bar", "none", "--media_dir", str(tmp_path / "media")]
    assert run([*size, str(file), "Steps"], 2) == 0
    assert len(list((tmp_path / "media").rglob("Steps.mp4"))) == 1
    assert len(started) <= 3
