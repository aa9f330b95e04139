"""Dead workers, failing scenes, full disks, Ctrl-C: one clear sentence each, and nothing left behind."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest
from manim import RIGHT, UP, Circle, Create, FadeIn, Scene, Square, VMobject

from nnanim.engine import EngineError, RenderSettings, rehearse, render, snapshot

SMALL = RenderSettings(128, 72, 10, workers=2)
ROOT = str(Path(__file__).parents[2])


class Fatal(VMobject):
    """Kills the worker that draws it, as often as the file beside it says."""

    def __init__(self, counter: Path, **kwargs):
        super().__init__(**kwargs)
        self.set_points_as_corners([UP, RIGHT])
        self.counter = counter

    def paint(self, context, camera):
        left = int(self.counter.read_text())
        if left:
            self.counter.write_text(str(left - 1))
            os.kill(os.getpid(), signal.SIGKILL)


def deadly(counter):
    class Deadly(Scene):
        def construct(self):
            self.play(Create(Circle()))
            self.play(FadeIn(Square()))
            self.add(Fatal(counter))
            self.wait(0.5)
            self.clear()
            self.play(Create(Circle()))

    return Deadly


def test_a_killed_worker_is_replaced(tmp_path):
    (counter := tmp_path / "deaths").write_text("1")
    rendered = render(deadly(counter), tmp_path / "video.mp4", SMALL)
    assert rendered.frames == 35
    assert counter.read_text() == "0"


def test_a_worker_killed_twice_is_named(tmp_path):
    (counter := tmp_path / "deaths").write_text("2")
    with pytest.raises(EngineError, match=r"play 3, frames 0 to 4 was killed by signal SIGKILL, twice"):
        render(deadly(counter), tmp_path / "video.mp4", SMALL)
    assert [path.name for path in tmp_path.iterdir()] == ["deaths"]
    no_children()


def no_children():
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


class Wrong(Scene):
    def construct(self):
        self.play(Create(Circle()))
        raise ValueError("no such layer: 7")


def test_an_exception_in_construct_names_file_and_line(tmp_path):
    with pytest.raises(EngineError) as error:
        render(Wrong, tmp_path / "video.mp4", SMALL)
    line = Wrong.construct.__code__.co_firstlineno + 2
    assert str(error.value) == f"{__file__}:{line}: ValueError: no such layer: 7"
    assert isinstance(error.value.__cause__, ValueError)
    assert list(tmp_path.iterdir()) == []
    no_children()
    with pytest.raises(EngineError, match="no such layer"):
        rehearse(Wrong, SMALL)


class Painter(VMobject):
    def paint(self, context, camera):
        raise RuntimeError("no colour for NaN")


class BadPaint(Scene):
    def construct(self):
        self.add(Painter().set_points_as_corners([UP, RIGHT]))
        self.wait(0.5)


def test_an_exception_while_drawing_is_told(tmp_path):
    with pytest.raises(EngineError, match=r"RuntimeError: no colour for NaN \(in play 1, frames 0 to 4\)"):
        render(BadPaint, tmp_path / "video.mp4", SMALL)
    assert list(tmp_path.iterdir()) == []


class Empty(Scene):
    def construct(self):
        self.add(Circle())


def test_a_scene_without_a_play_is_told(tmp_path):
    with pytest.raises(EngineError, match="Empty plays nothing"):
        render(Empty, tmp_path / "video.mp4", SMALL)


class Simple(Scene):
    def construct(self):
        self.play(Create(Circle()))
        self.wait(0.4)
        self.middle = snapshot(self)
        self.play(FadeIn(Square()))


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(EngineError, match="could not write into"):
        render(Simple, tmp_path / "file" / "video.mp4", SMALL)
    with pytest.raises(EngineError, match="segment folder"):
        render(
            Simple, tmp_path / "video.mp4", RenderSettings(128, 72, 10, cache_dir=tmp_path / "file" / "cache")
        )


def test_a_full_disk(tmp_path):
    """A limit on the size of files fails the same writes that a full disk fails."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(EngineError, match=r"could not write .*video.mp4.*File too large"):
            render(Simple, tmp_path / "video.mp4", SMALL)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []
    no_children()


INTERRUPTED = """
    import signal
    import sys
    from pathlib import Path

    # A shell without job control starts what it puts into the background with SIGINT ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    from manim import *
    from nnanim.engine import RenderSettings, render

    class DrawnByWorkers(Scene):
        def construct(self):
            print("drawing", flush=True)
            self.play(Rotate(Square(), 3000), run_time=3000)

    class DrawnHere(Scene):
        def construct(self):
            square = Square().add_updater(lambda m, dt: m.rotate(dt))
            self.add(square)
            print("drawing", flush=True)
            self.wait(3000)

    render(globals()[sys.argv[2]], Path(sys.argv[1]), RenderSettings(640, 360, 30, workers=2))
"""


def processes_of(group):
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            found.append(int(folder.name))
    return found


@pytest.mark.parametrize(("scene", "processes"), [("DrawnByWorkers", 3), ("DrawnHere", 1)])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda n: n.name)
def test_an_interrupted_render_leaves_no_child_and_no_half_file(tmp_path, number, scene, processes):
    script = tmp_path / "endless.py"
    script.write_text(textwrap.dedent(INTERRUPTED))
    (out := tmp_path / "out").mkdir()
    process = subprocess.Popen(
        [sys.executable, str(script), str(out / "video.mp4"), scene],
        env={**os.environ, "PYTHONPATH": ROOT},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert process.stdout is not None and process.stdout.readline() == b"drawing\n"
    deadline = time.monotonic() + 30

    def under_way():
        return len(processes_of(process.pid)) >= processes and any(out.rglob("*.part"))

    while not under_way() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert under_way(), "nothing was there to be ended"
    if number == signal.SIGINT:
        os.killpg(process.pid, number)  # what a terminal does
    else:
        process.send_signal(number)
    assert process.wait(timeout=10) != 0
    deadline = time.monotonic() + 5
    while processes_of(process.pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert processes_of(process.pid) == []
    if number != signal.SIGKILL:
        assert list(out.iterdir()) == []
    else:
        assert not (out / "video.mp4").exists()


MEMORY = """
    import resource, sys
    from pathlib import Path
    from manim import *
    from nnanim.engine import RenderSettings, render

    class Long(Scene):
        def construct(self):
            dots = VGroup(*[Dot().shift(0.1 * n * RIGHT) for n in range(30)])
            for number in range(int(sys.argv[2])):
                self.play(dots.animate.shift(0.1 * (-1) ** number * UP), run_time=0.1)
                always = always_redraw(lambda: Circle(radius=dots.get_y() + 1))
                self.add(always)
                self.play(dots.animate.shift(0.1 * LEFT), run_time=0.1)
                self.remove(always)
                if number % 4 == 0:  # long enough for a worker
                    self.play(dots.animate.shift(0.1 * LEFT), run_time=1.6)

    render(Long, Path(sys.argv[1]), RenderSettings(1920, 1080, 20, workers=1))
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024, own // 1024)
"""


def test_memory_of_a_worker_does_not_grow_with_the_scene(tmp_path):
    script = tmp_path / "long.py"
    script.write_text(textwrap.dedent(MEMORY))

    def peak(plays):
        output = subprocess.run(
            [sys.executable, str(script), str(tmp_path / "video.mp4"), str(plays)],
            env={**os.environ, "PYTHONPATH": ROOT},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        return tuple(map(int, output.split()))

    short_worker, short_own = peak(4)
    long_worker, long_own = peak(24)
    assert long_worker < 700
    assert long_worker < short_worker + 60
    assert long_own < short_own + 60


def test_serial_where_fork_is_missing(tmp_path, monkeypatch):
    module = sys.modules["nnanim.engine.render"]
    parallel = render(Simple, tmp_path / "a", RenderSettings(128, 72, 10, workers=2, format="png"))
    monkeypatch.setattr(module, "can_fork", lambda: False)
    serial = render(Simple, tmp_path / "b", RenderSettings(128, 72, 10, workers=2, format="png"))
    assert serial.workers == 1 and parallel.workers == 2
    names = sorted(path.name for path in parallel.path.iterdir())
    assert names == sorted(path.name for path in serial.path.iterdir())
    assert all((parallel.path / name).read_bytes() == (serial.path / name).read_bytes() for name in names)
    assert render(Simple, tmp_path / "v.mp4", SMALL).frames == 24


def test_snapshot_and_rehearsal(tmp_path):
    rendered = render(Simple, tmp_path / "frames", RenderSettings(128, 72, 10, format="png", workers=2))
    rehearsed = rehearse(Simple, SMALL)
    assert rehearsed.renderer.time == rendered.scene.renderer.time
    assert rehearsed.middle.shape == (72, 128, 4) and rehearsed.middle.dtype == np.uint8
    assert np.array_equal(rehearsed.middle, rendered.scene.middle)
    assert np.ptp(rehearsed.middle[..., :3]) > 0
    no_children()


def test_progress_counts_every_frame(tmp_path):
    told = []
    rendered = render(
        Simple, tmp_path / "v.mp4", SMALL, progress=lambda done, total: told.append((done, total))
    )
    dones = [done for done, _ in told]
    assert dones == sorted(dones) and dones[-1] == rendered.frames
    assert told[0][1] is None or told[0][1] == rendered.frames


def test_random_state_and_configuration_are_given_back(tmp_path):
    from manim import config

    before = (config.pixel_width, config.frame_rate, config.seed, config.frame_height)
    render(Simple, tmp_path / "v.mp4", SMALL)
    assert (config.pixel_width, config.frame_rate, config.seed, config.frame_height) == before
