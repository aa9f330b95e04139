"""Measures the engine against ``manim render`` on the same scenes, in turn, on this machine.
Run it alone: python scripts/bench.py [--rounds 3] [SUBJECT ...]; results go to media/bench.json.

A subject is a chapter's name or FILE:CLASS; without any, the scenes of bench_scenes.py, the course's chapters, and the
network of 13,002 parameters: about 40 minutes on two cores."""

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
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
SCENES = ("NetworkOfLines", "NumberTable", "CurveWithUpdaters", "CameraTour")
SIZE, FPS = (1920, 1080), 60
CORPUS_SIZES = {"480p15": ((854, 480), 15), "1080p60": ((1920, 1080), 60)}
# Share of the cores that others may use; above it, wall times say more about them than about us.
MOST_LOAD = 0.15


def timed(command: list[str]) -> tuple[float, str, float, float]:
    """Seconds of wall time, output, peak MB of the largest process, and processor seconds of a command."""
    started = time.perf_counter()
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(command, stdout=output, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        output.seek(0)
        errors.seek(0)
        text, complaint = output.read(), errors.read().strip().splitlines()[-1:]
    if status:
        raise SystemExit(f"bench: {' '.join(command[1:4])} failed: {' '.join(complaint) or status}")
    # Processor time tells more than wall time where others share the machine.
    return seconds, text, usage.ru_maxrss / 1024, usage.ru_utime + usage.ru_stime


def child(kind: str, *arguments: object) -> tuple[float, dict[str, Any], float, float]:
    """A run of bench_run.py; seconds, what it tells, peak MB, processor seconds."""
    seconds, text, memory, processor = timed(
        [sys.executable, str(HERE / "bench_run.py"), kind, *map(str, arguments)]
    )
    return seconds, json.loads(text.splitlines()[-1]), memory, processor


def run_manim(subject: str, folder: Path) -> tuple[float, Path, float, float]:
    """One run of manim's renderer without its cache; seconds, file, peak MB, processor seconds."""
    output = folder / "manim.mp4"
    if ":" not in subject:
        seconds, _, memory, processor = child("manim", subject, output, 1)
        return seconds, output, memory, processor
    file, name = subject.rsplit(":", 1)
    command = [sys.executable, "-m", "manim", *manims_options(folder / "media"), file, name]
    seconds, _, memory, processor = timed(command)
    found = next(path for path in (folder / "media").rglob(f"{name}.mp4") if "partial" not in str(path))
    return seconds, found, memory, processor


def run_engine(subject: str, output: Path, workers: int) -> tuple[float, float, float]:
    """One run of the engine without its cache: ``nnanim manim`` for a plain scene; seconds, peak MB, processor seconds.

    A chapter is rendered without what ``nnanim render`` puts beside the video, which manim does not make.
    """
    if ":" not in subject:
        seconds, _, memory, processor = child("engine", subject, output, workers)
        return seconds, memory, processor
    file, name = subject.rsplit(":", 1)
    media = output.parent / "engine"
    command = [sys.executable, str(HERE / "render.py"), "manim", "--workers", str(workers)]
    seconds, _, memory, processor = timed([*command, *manims_options(media), file, name])
    next(media.rglob(f"{name}.mp4")).replace(output)
    return seconds, memory, processor


def manims_options(media: Path, size: tuple[int, int] = SIZE, fps: int = FPS) -> list[str]:
    """What both commands are told."""
    options = ["--disable_caching", "--media_dir", str(media), "--progress_bar", "none"]
    return [*options, "-r", f"{size[0]},{size[1]}", "--fps", str(fps)]


def measure_corpus(size: tuple[int, int], fps: int, rounds: int, names: list[str]) -> list[dict[str, Any]]:
    """Wall and processor time of both commands for the scenes of bench_corpus.py, in turn; prints a line for each."""
    rows = []
    file = str(HERE / "bench_corpus.py")
    commands = {"manim": [sys.executable, str(HERE / "bench_manim.py")], "engine": [sys.executable, str(HERE / "render.py"), "manim"]}
    for name in names:
        taken: dict[str, list[tuple[float, float]]] = {"manim": [], "engine": []}
        for _ in range(rounds):
            for kind, command in commands.items():
                with tempfile.TemporaryDirectory(prefix="nnanim-bench-") as folder:
                    seconds, _, _, processor = timed([*command, *manims_options(Path(folder), size, fps), file, name])
                taken[kind].append((seconds, processor))
        wall = {kind: statistics.median(seconds for seconds, _ in runs) for kind, runs in taken.items()}
        spent = {kind: statistics.median(processor for _, processor in runs) for kind, runs in taken.items()}
        row = {"scene": name, "seconds": wall, "processor_seconds": spent}
        row |= {"times_faster": wall["manim"] / wall["engine"], "times_less_processor": spent["manim"] / spent["engine"]}
        rows.append(row)
        print(
            f"{name:<24}{wall['manim']:>9.2f}{wall['engine']:>9.2f}{row['times_faster']:>7.2f}×"
            f"{spent['manim']:>13.2f}{spent['engine']:>13.2f}{row['times_less_processor']:>7.2f}×",
            flush=True,
        )
    for of, key in (("wall", "times_faster"), ("processor", "times_less_processor")):
        ratios = [row[key] for row in rows]
        print(
            f"{len(rows)} scenes at {size[1]}p{fps}, {of} time: median {statistics.median(ratios):.2f}×, "
            f"least {min(ratios):.2f}×"
        )
    return rows


def corpus(chosen: argparse.Namespace, on: dict[str, Any]) -> None:
    """Measure the corpus at one size and write the figures beside the others."""
    tree = ast.parse((HERE / "bench_corpus.py").read_text(encoding="utf-8"))
    names = [node.name for node in tree.body if isinstance(node, ast.ClassDef)]
    size, fps = CORPUS_SIZES[chosen.corpus]
    only = [name for name in names if name in chosen.subjects] or names
    rows = measure_corpus(size, fps, chosen.rounds, only)
    keep(
        {"machine": on, "size": size, "fps": fps, "rounds": chosen.rounds, "scenes": rows},
        chosen.output.with_name(f"bench-{chosen.corpus}.json"),
    )


def count_frames(video: Path) -> int:
    """Number of frames of a video."""
    import av

    with av.open(str(video)) as container:
        return sum(packet.size > 0 for packet in container.demux(video=0))


def ssim(ours: Path, theirs: Path, every: int = 20) -> tuple[float, float]:
    """Mean and least structural similarity of the luma of every twentieth frame (Wang et al. 2004, 8×8 windows)."""
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


def measure(subject: str, rounds: int, cores: int) -> dict[str, Any]:
    """All figures of one scene; the floor and the render with one worker are taken once."""
    manim, engine, manim_cpu, engine_cpu = [], [], [], []
    with tempfile.TemporaryDirectory(prefix="nnanim-bench-") as scratch:
        folder = Path(scratch)
        output = folder / "engine.mp4"
        for _ in range(rounds):
            seconds, theirs, manim_mb, processor = run_manim(subject, folder)
            manim.append(seconds)
            manim_cpu.append(processor)
            seconds, engine_mb, processor = run_engine(subject, output, cores)
            engine.append(seconds)
            engine_cpu.append(processor)
        single, _, _ = run_engine(subject, folder / "single.mp4", 1)
        _, floor, _, _ = child("floor", subject, output, cores)
        mean, least = ssim(output, theirs)
        frames = count_frames(output)
        sizes = output.stat().st_size, theirs.stat().st_size
    middle = statistics.median(engine)
    return {
        "scene": subject.rsplit(":", 1)[-1],
        "frames": frames,
        "manim_s": manim,
        "engine_s": engine,
        "engine_one_worker_s": single,
        "encoding_floor_s": floor["seconds"],
        "manim_processor_s": statistics.median(manim_cpu),
        "engine_processor_s": statistics.median(engine_cpu),
        "times_faster": statistics.median(manim) / middle,
        "one_to_all_workers": single / middle,
        "over_floor": middle / floor["seconds"],
        "ssim_mean": mean,
        "ssim_least": least,
        "engine_bytes": sizes[0],
        "manim_bytes": sizes[1],
        "engine_mb": engine_mb,
        "manim_mb": manim_mb,
    }


def others_load(seconds: float = 3.0) -> float | None:
    """Share of all cores that is in use now, 0 to 1, while this process waits; ``None`` where it cannot be read."""

    def times() -> list[int]:
        return [int(part) for part in Path("/proc/stat").read_text().splitlines()[0].split()[1:]]

    if not Path("/proc/stat").exists():
        return None
    before = times()
    time.sleep(seconds)
    spent = [now - then for now, then in zip(times(), before, strict=True)]
    # Fields 3 and 4: idle, and waiting for a disk.
    return 1 - (spent[3] + spent[4]) / max(1, sum(spent[:8]))


def machine(load: float | None) -> dict[str, Any]:
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
        "load_average_at_start": os.getloadavg()[0],
        "cores_in_use_by_others": load,
        "busy": load is not None and load > MOST_LOAD,
    }


def checked(subject: str, parser: argparse.ArgumentParser) -> str:
    """The subject with its file's whole path, if there is such a scene or chapter."""
    if ":" not in subject:
        from nnanim.course import CourseError, load_course

        try:
            load_course(None).chapter(subject)
        except CourseError as error:
            parser.error(str(error))
        return subject
    file, name = subject.rsplit(":", 1)
    if not Path(file).is_file():
        parser.error(f"no file {file}")
    tree = ast.walk(ast.parse(Path(file).read_text()))
    classes = [node.name for node in tree if isinstance(node, ast.ClassDef)]
    if name not in classes:
        parser.error(f"{file} has no class {name}; it has {', '.join(classes)}")
    return f"{Path(file).resolve()}:{name}"


def everything() -> list[str]:
    """The plain scenes and the course's chapters."""
    from nnanim.course import load_course

    return [*(f"{HERE / 'bench_scenes.py'}:{name}" for name in SCENES), *load_course(None)]


def keep(report: dict[str, Any], output: Path) -> None:
    """Write what is measured so far: a run takes long."""
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(report, indent=1))


def main() -> None:
    """Measure the chosen subjects, print a table and write the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("subjects", nargs="*", metavar="SUBJECT", help="a chapter's name, or FILE:CLASS")
    parser.add_argument(
        "--corpus", choices=CORPUS_SIZES, help="measure the documentation scenes of bench_corpus.py at this size (or the SUBJECTs of them)"
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--anyway", action="store_true", help="measure although others use the machine")
    parser.add_argument("--output", type=Path, default=HERE.parent / "media" / "bench.json")
    chosen = parser.parse_args()
    if chosen.rounds < 1:
        parser.error("--rounds must be at least 1")
    subjects = [] if chosen.corpus else [checked(text, parser) for text in chosen.subjects]
    on = machine(others_load())
    if on["busy"] and not chosen.anyway:
        parser.exit(
            2,
            f"bench: others use {on['cores_in_use_by_others']:.0%} of the cores (load average "
            f"{on['load_average_at_start']:.1f}), so times would be theirs as well as ours; "
            "wait, or measure with --anyway\n",
        )
    if chosen.corpus:
        corpus(chosen, on)
        return
    report: dict[str, Any] = {"machine": on, "size": SIZE, "fps": FPS, "rounds": chosen.rounds, "scenes": []}
    print(
        f"{'':<24}{'manim s':>9}{'engine s':>9}{'faster':>8}{'1→all':>7}{'/floor':>8}{'SSIM':>8}{'size':>7}{'MB':>6}"
        f"{'manim CPU s':>13}{'engine CPU s':>13}"
    )
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    for subject in subjects or everything():
        row = measure(subject, chosen.rounds, cores)
        report["scenes"].append(row)
        report["median_times_faster"] = statistics.median(row["times_faster"] for row in report["scenes"])
        keep(report, chosen.output)
        print(
            f"{row['scene']:<24}{statistics.median(row['manim_s']):>9.1f}{statistics.median(row['engine_s']):>9.1f}"
            f"{row['times_faster']:>7.2f}×{row['one_to_all_workers']:>6.2f}×{row['over_floor']:>8.2f}"
            f"{row['ssim_mean']:>8.4f}{row['engine_bytes'] / row['manim_bytes']:>6.2f}×{row['engine_mb']:>6.0f}"
            f"{row['manim_processor_s']:>13.1f}{row['engine_processor_s']:>13.1f}",
            flush=True,
        )
    print(f"median: {report['median_times_faster']:.2f}× faster than manim render")
    if not subjects:
        _, network, _, _ = child("network")
        report["network"] = network
        keep(report, chosen.output)
        print(
            f"{network['parameters']:,} parameters changing colour: {network['rendered_fps']:.1f} frames/s rendered, "
            f"{network['painted_fps']:.1f} drawn in one process, {network['plain_manim_fps']:.2f} as manim's own mobjects"
        )
    if on["busy"]:
        print("measured while others used the machine: wall times are not comparable", file=sys.stderr)


if __name__ == "__main__":
    main()
