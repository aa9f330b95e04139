"""One measured run of scripts/bench.py, in a process of its own: start-up and imports are part of its time.
python scripts/bench_run.py engine|manim|floor SUBJECT OUTPUT WORKERS, or: network; prints one line of JSON."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
SIZE, FPS = (1920, 1080), 60


def subject(text: str, workers: int | None = None) -> tuple[Callable[[], Any], Any]:
    """What makes the scene, and the settings: of ``FILE:CLASS``, or of a chapter of the course."""
    from nnanim.engine import RenderSettings

    if ":" not in text:
        from nnanim.cli.options import prepare

        production = prepare(text, None, (), {"params": {}}, {})
        settings = replace(
            production.settings,
            pixel_width=SIZE[0],
            pixel_height=SIZE[1],
            fps=FPS,
            workers=workers,
            cache_dir=None,
        )
        return production.scene, settings
    file, name = text.rsplit(":", 1)
    spec = importlib.util.spec_from_file_location("benched", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["benched"] = module
    spec.loader.exec_module(module)
    return getattr(module, name), RenderSettings(*SIZE, FPS, workers=workers)


def run_engine(text: str, output: Path, workers: int) -> dict[str, Any]:
    """Render with the engine."""
    from nnanim.engine import render

    scene, settings = subject(text, workers)
    render(scene, output, settings)
    return {}


def run_manim(text: str, output: Path) -> dict[str, Any]:
    """Render a chapter with manim's own renderer and encoder; plain scenes go through ``manim render``."""
    from manim import tempconfig

    scene, settings = subject(text)
    values = {
        "pixel_width": settings.pixel_width,
        "pixel_height": settings.pixel_height,
        "frame_rate": settings.fps,
        "frame_width": settings.frame_size[0],
        "frame_height": settings.frame_size[1],
        "background_color": settings.background_color,
        "disable_caching": True,
        "progress_bar": "none",
        "media_dir": str(output.parent / "manim-media"),
        "output_file": output.stem,
    }
    with tempconfig(values):
        made = scene()
        made.render()
        Path(made.renderer.file_writer.movie_file_path).rename(output)
    return {}


class Floor:
    """A recorder that draws here, and has the drawn pictures encoded as the engine's workers do.

    What counts is the encoders' processor time, colour conversion included: drawing, start-up, joining and idle
    cores do not, so no render with these settings can take less than ``seconds``.
    """

    def __init__(self, settings: Any) -> None:
        from nnanim.engine.encode import choose_profile

        self.settings = settings
        self.profile = choose_profile(settings)
        self.segments: list[Any] = []
        self.seconds = 0.0

    def hold(self, scene: Any, frames: int) -> None:
        from nnanim.engine.redraw import Redraw

        picture, changed = Redraw(scene).frame()
        self._encode([(picture.copy(), changed)], frames)

    def animate(self, scene: Any, times: Any) -> int:
        from nnanim.engine.plays import slices
        from nnanim.engine.redraw import Redraw

        for start, stop in slices(len(times)):
            pictures, redraw = [], Redraw(scene)
            for t in times[start:stop]:
                scene.update_to_time(t)
                picture, changed = redraw.frame()
                pictures.append((picture.copy(), changed))
                if scene.stop_condition is not None and scene.stop_condition():
                    self._encode(pictures)
                    return start + len(pictures)
            self._encode(pictures)
        return len(times)

    def _encode(self, pictures: list[Any], repeat: int = 1) -> None:
        from nnanim.engine.encode import open_segment

        held = len(pictures) == 1 and repeat > 1
        with tempfile.TemporaryDirectory() as folder:
            started = time.process_time()
            segment = open_segment(Path(folder) / "segment.mp4", self.profile, self.settings, held=held)
            for picture, changed in pictures:
                segment.write(picture, repeat, changed)
            segment.close()
            self.seconds += time.process_time() - started


def run_floor(text: str, workers: int) -> dict[str, Any]:
    """The least time in which so many workers could encode a scene's finished frames."""
    from nnanim.engine.session import configured, perform, prepare

    scene, settings = subject(text, workers)
    floor = Floor(settings)
    with configured(settings):
        perform(prepare(scene, floor))
    return {"seconds": floor.seconds / workers}


LAYERS = (784, 16, 16, 10)


def run_network() -> dict[str, Any]:
    """Frames a second of a 784-16-16-10 network, each of its 13,002 parameters changing colour in every frame.

    Rendered to a file by the engine with all cores, and drawn here in one process, beside manim's own mobjects.
    """
    import numpy as np
    from manim import RED, Camera, Circle, Line, ManimColor, Scene, Transform, VGroup, tempconfig

    from nnanim.engine import RenderSettings, render
    from nnanim.engine.camera import quicken
    from nnanim.engine.session import configured
    from nnanim.visuals.networks.bundle import WeightBundle
    from nnanim.visuals.networks.neurons import Neurons
    from nnanim.visuals.paint.painted import PaintedCamera

    numbers = np.random.default_rng(0)
    places = [
        np.column_stack([np.full(size, x), np.linspace(3.6, -3.6, size), np.zeros(size)])
        for size, x in zip(LAYERS, np.linspace(-6, 6, len(LAYERS)), strict=True)
    ]
    layers = list(pairwise(places))

    def parameters() -> list[Any]:
        bundles = [WeightBundle(a, b, numbers.normal(size=(len(b), len(a))), limit=2.5) for a, b in layers]
        return [*bundles, *(Neurons(at, 0.12).light(numbers.normal(size=len(at))) for at in places[1:])]

    before, after = parameters(), parameters()

    class Network(Scene):
        def __init__(self) -> None:
            super().__init__(camera_class=PaintedCamera)

        def construct(self) -> None:
            self.play(*(Transform(a.copy(), b) for a, b in zip(before, after, strict=True)), run_time=4)

    settings = RenderSettings(*SIZE, FPS)
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        rendered = render(Network, Path(folder) / "network.mp4", settings)
        seconds = time.perf_counter() - started
    with configured(settings):
        camera = PaintedCamera()
        quicken(camera)
        drawn = frames_per_second(camera, [Transform(a, b) for a, b in zip(before, after, strict=True)], 60)
    with tempconfig({"pixel_width": SIZE[0], "pixel_height": SIZE[1], "frame_rate": FPS}):
        lines = VGroup(
            *[
                Line(*ends, stroke_width=width, stroke_color=ManimColor(rgba[:3]), stroke_opacity=rgba[3])
                for bundle in before[: len(layers)]
                for ends, width, rgba in zip(bundle.parts(), bundle.stroke_widths, bundle.rgba, strict=True)
            ],
            *[Circle(0.12, fill_opacity=1).move_to(at) for layer in places[1:] for at in layer],
        )
        plain = frames_per_second(Camera(), [lines.animate.set_color(RED).build()], 3)
    return {
        "parameters": sum(part.n_parts for part in before),
        "rendered_fps": rendered.frames / seconds,
        "painted_fps": drawn,
        "plain_manim_fps": plain,
    }


def frames_per_second(camera: Any, animations: list[Any], frames: int) -> float:
    """Frames for each second of processor time that interpolation and drawing take, without encoding."""
    for animation in animations:
        animation.begin()
    # The first frame finds out where the lines lie; a play of a second shares it among sixty.
    started = time.process_time()
    for number in range(frames):
        for animation in animations:
            animation.interpolate(number / frames)
        camera.reset()
        camera.capture_mobjects([animation.mobject for animation in animations])
    return frames / (time.process_time() - started)


def main() -> None:
    """Do the run that the command line asks for."""
    kind, *rest = sys.argv[1:]
    if kind == "network":
        told = run_network()
    else:
        text, output, workers = rest[0], Path(rest[1]), int(rest[2])
        runs = {
            "engine": lambda: run_engine(text, output, workers),
            "manim": lambda: run_manim(text, output),
            "floor": lambda: run_floor(text, workers),
        }
        told = runs[kind]()
    print(json.dumps(told), flush=True)
    if kind == "engine":
        from nnanim.cli import leave

        leave(0)  # as the command does


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
