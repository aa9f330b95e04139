"""Measures the engine against ``manim render`` on the same scenes, in turn, on this machine.
Run it alone: python scripts/bench.py [--rounds 3] [--scene FILE:Class ...]; results go to media/bench.json."""

from __future__ import annotations

import argparse
import ast
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

from manim import (
    BLUE,
    DOWN,
    GREEN,
    LEFT,
    ORIGIN,
    PI,
    RED,
    RIGHT,
    UP,
    YELLOW,
    Axes,
    Circle,
    Create,
    DecimalNumber,
    Dot,
    FadeIn,
    FadeOut,
    LaggedStart,
    Line,
    MovingCameraScene,
    NumberPlane,
    Rotate,
    Scene,
    Square,
    Text,
    Transform,
    ValueTracker,
    VGroup,
    Write,
    always_redraw,
)


class NetworkOfLines(Scene):
    """A small network: circles, connections, a title, and held frames in between."""

    def construct(self):
        title = Text("Forward propagation", font_size=40).to_edge(UP)
        layers = VGroup(
            *[
                VGroup(*[Circle(radius=0.25, color=BLUE, fill_opacity=0.3) for _ in range(size)]).arrange(
                    DOWN, buff=0.25
                )
                for size in (6, 8, 8, 4)
            ]
        ).arrange(RIGHT, buff=2)
        lines = VGroup(
            *[
                Line(a.get_center(), b.get_center(), stroke_width=1)
                for left, right in pairwise(layers)
                for a in left
                for b in right
            ]
        )
        self.play(Write(title))
        self.play(LaggedStart(*[FadeIn(layer, shift=UP * 0.3) for layer in layers], lag_ratio=0.3))
        self.play(Create(lines), run_time=2)
        self.wait(1)
        self.play(lines.animate.set_color(YELLOW).set_stroke(width=3), run_time=1.5)
        self.play(layers.animate.set_fill(RED, 0.9), run_time=1)
        self.wait(1.5)
        self.play(FadeOut(lines), FadeOut(title), layers.animate.shift(0.5 * DOWN))


class NumberTable(Scene):
    """A hundred numbers that change colour, move and give way to others."""

    def construct(self):
        def table(factor):
            numbers = [
                DecimalNumber(factor * n, num_decimal_places=2, mob_class=Text, font_size=26)
                for n in range(100)
            ]
            return VGroup(*numbers).arrange_in_grid(10, 10, buff=0.35)

        first, second = table(0.01), table(0.37)
        self.play(FadeIn(first))
        self.play(first.animate.set_color(GREEN))
        self.wait(1)
        self.play(Transform(first, second), run_time=1.5)
        self.wait(1)


class CurveWithUpdaters(Scene):
    """A plot with a moving tangent that is redrawn for every frame."""

    def construct(self):
        axes = Axes(x_range=[-3, 3], y_range=[-1, 9], x_length=10, y_length=6)
        curve = axes.plot(lambda x: x * x, color=BLUE)
        at = ValueTracker(-2.5)
        dot = always_redraw(lambda: Dot(axes.c2p(at.get_value(), at.get_value() ** 2), color=RED))
        tangent = always_redraw(
            lambda: (
                Line(LEFT, RIGHT, color=YELLOW)
                .rotate(
                    float(axes.angle_of_tangent(at.get_value(), curve))
                    if hasattr(axes, "angle_of_tangent")
                    else 0
                )
                .move_to(dot)
            )
        )
        self.play(Create(axes), Create(curve))
        self.add(tangent, dot)
        self.play(at.animate.set_value(2.5), run_time=4)
        self.wait(1)
        self.play(at.animate.set_value(0), run_time=2)


class CameraTour(MovingCameraScene):
    """A camera that travels over a plane with shapes."""

    def construct(self):
        plane = NumberPlane()
        shapes = VGroup(
            *[Square(0.5).rotate(n).move_to(2.5 * Circle().point_from_proportion(n / 12)) for n in range(12)]
        )
        self.add(plane, shapes)
        self.play(self.camera.frame.animate.scale(0.5).move_to(shapes[0]), run_time=1.5)
        self.play(
            self.camera.frame.animate.move_to(shapes[6]),
            Rotate(shapes, PI / 6, about_point=ORIGIN),
            run_time=2,
        )
        self.wait(0.5)


BUILT_IN = ("NetworkOfLines", "NumberTable", "CurveWithUpdaters", "CameraTour")
SIZE, FPS = (1920, 1080), 60

# Runs in a process of its own, as manim does: start-up, import and the file are part of the time.
ENGINE = """
import importlib.util, json, resource, sys
from pathlib import Path
from nnanim.engine import RenderSettings, render
file, name, output, workers = sys.argv[1:]
spec = importlib.util.spec_from_file_location("benched", file)
module = importlib.util.module_from_spec(spec)
sys.modules["benched"] = module
spec.loader.exec_module(module)
rendered = render(getattr(module, name), Path(output), RenderSettings(1920, 1080, 60, workers=int(workers)))
print(json.dumps({
    "frames": rendered.frames,
    "segments": rendered.segments_drawn,
    "worker_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
    "main_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
}))
"""

# Encodes the frames of a finished file again with the engine's settings, on as many processes as given; a run of
# equal frames counts as one hold, as it does in a render. Prints the seconds that encoding alone takes.
FLOOR = """
import os, sys, tempfile, time
from pathlib import Path
import av, numpy as np
from nnanim.engine import RenderSettings
from nnanim.engine.encode import choose_profile, open_segment
source, workers, slice_frames = sys.argv[1], int(sys.argv[2]), 60
settings = RenderSettings(1920, 1080, 60)
profile = choose_profile(settings)
seconds = 0.0
with tempfile.TemporaryDirectory() as folder, av.open(source) as container:
    def encode(runs):
        children = []
        share = max(1, -(-len(runs) // workers))
        started = time.perf_counter()
        for number in range(0, len(runs), share):
            if (pid := os.fork()) == 0:
                part = runs[number : number + share]
                held = len(part) == 1 and part[0][1] > 1
                segment = open_segment(Path(folder) / f"{number}.mp4", profile, settings, held=held)
                for picture, repeat in part:
                    segment.write(picture, repeat)
                segment.close()
                os._exit(0)
            children.append(pid)
        for pid in children:
            os.waitpid(pid, 0)
        return time.perf_counter() - started
    runs, last = [], None
    for frame in container.decode(video=0):
        picture = np.ascontiguousarray(frame.to_ndarray(format="rgba"))
        if last is not None and np.array_equal(picture, last):
            runs[-1][1] += 1
            continue
        if len(runs) >= workers * slice_frames:
            seconds += encode(runs)
            runs = []
        runs.append([picture, 1])
        last = picture
    seconds += encode(runs)
print(seconds)
"""


def timed(command: list[str], **environment: str) -> tuple[float, str, float, float]:
    """Seconds of wall time, output, peak MB of the largest process, and processor seconds of a command."""
    started = time.perf_counter()
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.DEVNULL, env={**os.environ, **environment}
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        output.seek(0)
        text = output.read()
    if status:
        raise SystemExit(f"bench: {' '.join(command[:6])} … failed with status {status}")
    # Processor time tells more than wall time where others share the machine.
    return seconds, text, usage.ru_maxrss / 1024, usage.ru_utime + usage.ru_stime


def run_manim(file: Path, name: str, folder: Path) -> tuple[float, Path, float, float]:
    """One run of ``manim render`` without its cache; seconds, file, peak MB, processor seconds."""
    command = [sys.executable, "-m", "manim", "render", "--disable_caching", "--media_dir", str(folder)]
    command += ["-r", "1920,1080", "--fps", "60", "--progress_bar", "none", str(file), name]
    seconds, _, memory, processor = timed(command)
    return seconds, next(p for p in folder.rglob(f"{name}.mp4") if "partial" not in str(p)), memory, processor


def run_engine(file: Path, name: str, output: Path, workers: int) -> tuple[float, dict]:
    """One run of the engine without its cache; seconds, and what it tells about itself."""
    root = str(Path(__file__).resolve().parents[1])
    command = [sys.executable, "-c", ENGINE, str(file), name, str(output), str(workers)]
    seconds, text, _, processor = timed(command, PYTHONPATH=root)
    return seconds, {**json.loads(text.splitlines()[-1]), "processor": processor}


def ssim(ours: Path, theirs: Path, every: int = 10) -> tuple[float, float]:
    """Mean and least structural similarity of the luma of every tenth frame (Wang et al. 2004, 8×8 windows)."""
    import av
    import numpy as np

    def luma(path: Path):
        with av.open(str(path)) as container:
            for number, frame in enumerate(container.decode(video=0)):
                if number % every == 0:
                    # Both files are brought to the same matrix; manim does not tag its own, which is BT.601.
                    rgb = frame.to_ndarray(format="rgb24").astype(np.float32)
                    yield rgb @ np.array([0.2126, 0.7152, 0.0722], np.float32)

    def windows(plane):
        height, width = plane.shape[0] // 8 * 8, plane.shape[1] // 8 * 8
        return plane[:height, :width].reshape(height // 8, 8, width // 8, 8).mean(axis=(1, 3))

    values = []
    for x, y in zip(luma(ours), luma(theirs), strict=True):
        mx, my = windows(x), windows(y)
        vx, vy, cxy = windows(x * x) - mx**2, windows(y * y) - my**2, windows(x * y) - mx * my
        c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
        values.append(
            float(np.mean((2 * mx * my + c1) * (2 * cxy + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2))))
        )
    return statistics.mean(values), min(values)


def measure(file: Path, name: str, rounds: int) -> dict:
    """All figures of one scene."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    manim, engine, single, floor = [], [], [], []
    root = str(Path(__file__).resolve().parents[1])
    with tempfile.TemporaryDirectory(prefix="nnanim-bench-") as scratch:
        folder = Path(scratch)
        output = folder / "engine.mp4"
        for _ in range(rounds):
            seconds, theirs, manim_mb, manim_cpu = run_manim(file, name, folder / "manim")
            manim.append(seconds)
            seconds, told = run_engine(file, name, output, cores)
            engine.append(seconds)
            seconds, _ = run_engine(file, name, folder / "single.mp4", 1)
            single.append(seconds)
            _, text, _, _ = timed([sys.executable, "-c", FLOOR, str(output), str(cores)], PYTHONPATH=root)
            floor.append(float(text.split()[-1]))
        mean, least = ssim(output, theirs)
        sizes = output.stat().st_size, theirs.stat().st_size
    middle = {
        key: statistics.median(v) for key, v in (("m", manim), ("e", engine), ("s", single), ("f", floor))
    }
    return {
        "scene": name,
        "frames": told["frames"],
        "manim_s": manim,
        "engine_s": engine,
        "engine_one_worker_s": single,
        "encoding_floor_s": floor,
        "manim_processor_s": manim_cpu,
        "engine_processor_s": told["processor"],
        "times_faster": middle["m"] / middle["e"],
        "one_to_all_workers": middle["s"] / middle["e"],
        "over_floor": middle["e"] / middle["f"],
        "ssim_mean": mean,
        "ssim_least": least,
        "engine_bytes": sizes[0],
        "manim_bytes": sizes[1],
        "worker_mb": told["worker_mb"],
        "main_mb": told["main_mb"],
        "manim_mb": manim_mb,
    }


def machine() -> dict:
    """What the figures were measured on."""
    model = platform.processor()
    if Path("/proc/cpuinfo").exists():
        lines = [
            line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")
        ]
        model = lines[0].split(":")[1].strip() if lines else model
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": platform.platform(),
        "load_at_start": os.getloadavg()[0],
    }


def main() -> None:
    """Measure the chosen scenes, print a table and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--scene", action="append", metavar="FILE:CLASS", help="measure these instead of the built-in"
    )
    parser.add_argument(
        "--output", type=Path, default=Path(__file__).resolve().parents[1] / "media" / "bench.json"
    )
    chosen = parser.parse_args()
    if chosen.rounds < 1:
        parser.error("--rounds must be at least 1")
    scenes = [text.rsplit(":", 1) for text in chosen.scene or [f"{__file__}:{name}" for name in BUILT_IN]]
    for file, name in scenes:
        classes = [
            node.name
            for node in ast.walk(ast.parse(Path(file).read_text()))
            if isinstance(node, ast.ClassDef)
        ]
        if name not in classes:
            parser.error(f"{file} has no class {name}; it has {', '.join(classes)}")
    report = {"machine": machine(), "size": SIZE, "fps": FPS, "rounds": chosen.rounds, "scenes": []}
    print(
        f"{'scene':<20}{'manim s':>9}{'engine s':>9}{'faster':>8}{'1→all':>7}{'/floor':>8}{'SSIM':>8}{'size':>7}{'MB':>6}"
    )
    for file, name in scenes:
        row = measure(Path(file).resolve(), name, chosen.rounds)
        report["scenes"].append(row)
        print(
            f"{name:<20}{statistics.median(row['manim_s']):>9.1f}{statistics.median(row['engine_s']):>9.1f}"
            f"{row['times_faster']:>7.2f}×{row['one_to_all_workers']:>6.2f}×{row['over_floor']:>8.2f}"
            f"{row['ssim_mean']:>8.4f}{row['engine_bytes'] / row['manim_bytes']:>6.2f}×{row['worker_mb']:>6.0f}",
            flush=True,
        )
    report["median_times_faster"] = statistics.median(row["times_faster"] for row in report["scenes"])
    print(f"median: {report['median_times_faster']:.2f}× faster than manim render")
    chosen.output.parent.mkdir(parents=True, exist_ok=True)
    chosen.output.write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
