"""Lossless segments to one GIF, with a palette made from all its frames."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from .settings import RenderSettings


def write_gif(segments: Sequence[Path], output: Path, settings: RenderSettings) -> int:
    """Write a GIF with one palette made from all its frames, weighted by what changes; returns the frames."""
    partial = output.with_name(f".{output.stem}.part.gif")
    pixel_format = "bgra" if settings.transparent else "bgr0"
    try:
        palette = _gif_palette(segments, pixel_format, settings.transparent)
        with av.open(str(partial), "w", format="gif", container_options={"loop": "0"}) as container:
            stream = container.add_stream("gif", rate=settings.fps)
            stream.width, stream.height, stream.pix_fmt = settings.pixel_width, settings.pixel_height, "pal8"
            frames = _encode_gif(container, stream, segments, palette, pixel_format, settings)
        partial.replace(output)
    finally:
        partial.unlink(missing_ok=True)
    return frames


def _pictures(segments: Sequence[Path], pixel_format: str) -> Iterable[Any]:
    for segment in segments:
        with av.open(str(segment)) as part:
            for frame in part.decode(video=0):
                yield frame.reformat(format=pixel_format)


def _gif_palette(segments: Sequence[Path], pixel_format: str, alpha: bool) -> Any:
    graph = None
    for number, frame in enumerate(_pictures(segments, pixel_format)):
        if graph is None:
            graph = av.filter.Graph()
            source = graph.add_buffer(
                width=frame.width, height=frame.height, format=pixel_format, time_base=Fraction(1, 100)
            )
            generate = graph.add("palettegen", f"stats_mode=full:reserve_transparent={int(alpha)}")
            graph.link_nodes(source, generate, graph.add("buffersink")).configure()
        frame.pts, frame.time_base = number, Fraction(1, 100)
        graph.push(frame)
    assert graph is not None
    graph.push(None)
    return graph.pull()


def _encode_gif(
    container: Any,
    stream: Any,
    segments: Sequence[Path],
    palette: Any,
    pixel_format: str,
    settings: RenderSettings,
) -> int:
    graph = av.filter.Graph()
    size = {"width": settings.pixel_width, "height": settings.pixel_height}
    time_base = Fraction(1, settings.fps)
    source = graph.add_buffer(format=pixel_format, time_base=time_base, **size)
    colours = graph.add_buffer(
        width=palette.width, height=palette.height, format=palette.format.name, time_base=time_base
    )
    # Ordered dither keeps still areas still; error diffusion would make them swarm and the file large.
    use = graph.add("paletteuse", "dither=bayer:bayer_scale=5:diff_mode=rectangle")
    sink = graph.add("buffersink")
    source.link_to(use, 0, 0)
    colours.link_to(use, 0, 1)
    use.link_to(sink)
    graph.configure()
    palette.pts, palette.time_base = 0, time_base
    colours.push(palette)
    colours.push(None)
    frames = 0

    def drain() -> None:
        nonlocal frames
        while True:
            try:
                frame = graph.pull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            frame.pts, frame.time_base = frames, time_base
            container.mux(stream.encode(frame))
            frames += 1

    for number, frame in enumerate(_pictures(segments, pixel_format)):
        frame.pts, frame.time_base = number, time_base
        source.push(frame)
        drain()
    source.push(None)
    drain()
    container.mux(stream.encode(None))
    return frames
