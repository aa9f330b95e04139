"""What was drawn once is not drawn again, and what is different is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest
from manim import (
    BLUE,
    LEFT,
    RED,
    RIGHT,
    Circle,
    Create,
    Dot,
    FadeIn,
    Scene,
    Square,
    ValueTracker,
    always_redraw,
)
from PIL import Image

from nnanim.engine import RenderSettings, cache_info, clear_cache, render

from .corpus import SCENES


def settings(cache, **changes):
    return RenderSettings(
        **{"pixel_width": 128, "pixel_height": 72, "fps": 10, "workers": 2, "cache_dir": cache, **changes}
    )


def lecture(second=BLUE, wait=0.5):
    """A scene of three beats, of which the middle one depends on a parameter."""

    class Lecture(Scene):
        def construct(self):
            circle, square = Circle(), Square(color=second).shift(RIGHT)
            self.play(Create(circle))
            self.wait(wait)
            self.play(FadeIn(square))
            self.remove(square)
            self.play(circle.animate.shift(LEFT))
            at = ValueTracker(0)
            dot = always_redraw(lambda: Dot(at.get_value() * RIGHT))
            self.add(dot)
            self.play(at.animate.set_value(2))

    return Lecture


def test_unchanged_render_draws_nothing(tmp_path):
    first = render(lecture(), tmp_path / "a.mp4", settings(tmp_path / "cache"))
    again = render(lecture(), tmp_path / "b.mp4", settings(tmp_path / "cache"))
    assert (first.segments_drawn, first.segments_cached) == (5, 0)
    assert (again.segments_drawn, again.segments_cached) == (0, 5)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_only_what_a_parameter_affects_is_drawn_again(tmp_path):
    render(lecture(), tmp_path / "a.mp4", settings(tmp_path / "cache"))
    changed = render(lecture(second=RED), tmp_path / "b.mp4", settings(tmp_path / "cache"))
    assert (changed.segments_drawn, changed.segments_cached) == (1, 4)
    longer = render(lecture(wait=0.8), tmp_path / "c.mp4", settings(tmp_path / "cache"))
    assert (longer.segments_drawn, longer.segments_cached) == (1, 4)


@pytest.mark.parametrize(
    "change",
    [
        {"pixel_width": 130},
        {"fps": 12},
        {"crf": 30},
        {"codec": "h265"},
        {"cache_salt": "x"},
        {"background_color": RED},
    ],
    ids=str,
)
def test_other_settings_are_other_segments(tmp_path, change):
    render(lecture(), tmp_path / "a.mp4", settings(tmp_path / "cache"))
    assert render(lecture(), tmp_path / "b.mp4", settings(tmp_path / "cache", **change)).segments_cached == 0


def test_workers_do_not_change_the_keys(tmp_path):
    render(lecture(), tmp_path / "a.mp4", settings(tmp_path / "cache", workers=1))
    assert render(lecture(), tmp_path / "b.mp4", settings(tmp_path / "cache", workers=3)).segments_drawn == 0


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_cached_frames_are_the_frames(scene, tmp_path):
    """A file made of cached segments is, byte for byte, the file that was drawn."""
    first = render(scene, tmp_path / "a.mp4", settings(tmp_path / "cache"))
    again = render(scene, tmp_path / "b.mp4", settings(tmp_path / "cache"))
    assert again.segments_drawn == 0
    assert again.frames == first.frames
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_a_hidden_dependence_of_an_updater_is_seen(tmp_path):
    """An updater that reads a global has no visible input; its frames give it away."""
    speed = {"value": 1.0}

    class Hidden(Scene):
        def construct(self):
            dot = Dot().add_updater(lambda m, dt: m.shift(speed["value"] * dt * RIGHT))
            self.add(dot)
            self.wait(1)

    def last_picture(name):
        folder = render(Hidden, tmp_path / name, settings(tmp_path / "c", format="png")).path
        return np.array(Image.open(max(folder.iterdir())))

    slow = render(Hidden, tmp_path / "a.mp4", settings(tmp_path / "cache"))
    picture = last_picture("slow")
    speed["value"] = 3.0
    fast = render(Hidden, tmp_path / "b.mp4", settings(tmp_path / "cache"))
    assert (slow.segments_drawn, fast.segments_drawn) == (1, 1)
    assert not np.array_equal(picture, last_picture("fast"))


def test_info_and_clear(tmp_path):
    cache = tmp_path / "cache"
    assert cache_info(cache).segments == 0
    render(lecture(), tmp_path / "a.mp4", settings(cache))
    info = cache_info(cache)
    assert info.segments == 5
    assert info.bytes == sum(path.stat().st_size for path in cache.rglob("*.*") if path.is_file())
    half = clear_cache(cache, keep_bytes=info.bytes // 2)
    assert 0 < half.segments < 5 and cache_info(cache).bytes <= info.bytes // 2
    clear_cache(cache)
    assert cache_info(cache).segments == 0
    assert render(lecture(), tmp_path / "b.mp4", settings(cache)).segments_drawn == 5


SLOW_SCENE = """
    import sys, time
    from pathlib import Path
    from manim import *
    from nnanim.engine import RenderSettings, render

    class Slow(Scene):
        def construct(self):
            for number in range(12):
                self.play(Square().animate.shift(0.1 * number * RIGHT), run_time=1)
                if number >= int(sys.argv[2]):
                    time.sleep(60)

    cache = Path(sys.argv[1])
    rendered = render(Slow, cache.parent / "video.mp4", RenderSettings(128, 72, 10, workers=2, cache_dir=cache))
    print(rendered.segments_drawn, rendered.segments_cached)
"""


def test_a_killed_render_resumes(tmp_path):
    script = tmp_path / "slow.py"
    script.write_text(textwrap.dedent(SLOW_SCENE))
    cache = tmp_path / "cache"
    root = str(Path(__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": root}
    process = subprocess.Popen([sys.executable, str(script), str(cache), "7"], env=environment)
    deadline = time.monotonic() + 60
    while cache_info(cache).segments < 5 and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    kept = len(list(cache.glob("??/*.mp4")))
    assert kept >= 5 and not (tmp_path / "video.mp4").exists()
    output = subprocess.run(
        [sys.executable, str(script), str(cache), "99"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    drawn, cached = map(int, output.split())
    assert cached >= 5 and drawn + cached == 12
    assert not list(cache.glob("??/*.part")), "half-written segments are swept away"
