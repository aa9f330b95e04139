"""Texts and formulas made by several processes at once are whole, and are what manim makes."""

from __future__ import annotations

import multiprocessing
import time
from pathlib import Path

import numpy as np
import pytest
from manim import RIGHT, UP, MarkupText, MathTypst, Scene, Text, ValueTracker, always_redraw, tempconfig

from nnanim.engine import RenderSettings, render
from nnanim.engine.textfiles import one_at_a_time, whole_text_files, written_aside

KINDS = {
    "Text": lambda k: Text(f"same {k}"),
    "MarkupText": lambda k: MarkupText(f"<b>same</b> {k}"),
    "MathTypst": lambda k: MathTypst(f"x^{k}"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_text_made_anew_in_every_frame(kind, tmp_path):
    class Anew(Scene):
        def construct(self):
            t = ValueTracker(0)
            self.add(always_redraw(lambda: KINDS[kind](int(3 * t.get_value())).shift(RIGHT * t.get_value())))
            for k in range(1, 6):
                self.play(t.animate.set_value(k), run_time=1)

    with tempconfig({"media_dir": str(tmp_path / "media")}):
        rendered = render(Anew, tmp_path / "video.mp4", RenderSettings(192, 108, 20, workers=4))
    assert rendered.frames == 100
    left = {path.suffix for path in (tmp_path / "media").rglob("*") if path.is_file()}
    assert left <= {".svg", ".typ"}, "nothing half-written is left"
    assert all(b"</svg>" in path.read_bytes() for path in (tmp_path / "media").rglob("*.svg"))


@pytest.mark.parametrize("kind", KINDS)
def test_the_shapes_are_manims(kind, tmp_path):
    def points(number):
        mobject = KINDS[kind](number).to_edge(UP)
        return [part.points for part in mobject.get_family()]

    with tempconfig({"media_dir": str(tmp_path / "a")}):
        theirs = points(7)
    with tempconfig({"media_dir": str(tmp_path / "b")}), whole_text_files():
        ours = points(7)
    assert len(ours) == len(theirs) > 1
    assert all(np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True))


def _slowly(path: Path, moment) -> None:
    """Write a file in two halves, once all are ready."""

    def write(name: str, seconds: float) -> None:
        with Path(name).open("w") as file:
            file.write("<svg>")
            file.flush()
            time.sleep(seconds)
            file.write("</svg>")

    moment.wait()
    written_aside(write, 0)(str(path), 0.2)


def test_nobody_sees_half_a_file(tmp_path):
    path, moment = tmp_path / "a.svg", multiprocessing.get_context("fork").Barrier(4)
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_slowly, args=(path, moment)) for _ in range(3)]
    for writer in writers:
        writer.start()
    moment.wait()
    seen = set()
    while any(writer.is_alive() for writer in writers):
        seen.add(path.read_text() if path.exists() else "")
    assert seen <= {"", "<svg></svg>"} and path.read_text() == "<svg></svg>"
    assert [file.name for file in tmp_path.iterdir()] == ["a.svg"]


def _alone(folder: Path, moment) -> None:
    def make() -> Path:
        busy = folder / "busy"
        busy.touch(exist_ok=False)  # fails if another process is at work
        time.sleep(0.1)
        busy.unlink()
        return busy

    moment.wait()
    with tempconfig({"tex_dir": str(folder)}):
        one_at_a_time(make)()


def test_formulas_are_made_by_one_process_at_a_time(tmp_path):
    context = multiprocessing.get_context("fork")
    moment = context.Barrier(3)
    makers = [context.Process(target=_alone, args=(tmp_path, moment)) for _ in range(3)]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()
    assert [maker.exitcode for maker in makers] == [0, 0, 0]
