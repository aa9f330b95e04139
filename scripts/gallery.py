"""Makes the moving pictures of the README: the liveliest seconds of each chapter, as a WebP of at most 600 kB.

    python scripts/gallery.py                    # every chapter, rendered at 720p where it is not there yet
    python scripts/gallery.py gradient-descent   # one
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import av
import click
import numpy as np
from PIL import Image

from nnanim.course import load_course
from nnanim.lecture.production import Production
from nnanim.lecture.recipe import Output, Recipe, source_digest

GALLERY = Path(__file__).resolve().parent.parent / "media" / "gallery"
SECONDS, RATE, WIDTH, MOST_BYTES = 6.0, 10, 480, 600_000
AFTER = 12.0
"""Seconds from the beginning: the question and the title are not what a chapter looks like."""


def frames(video: Path) -> Iterator[np.ndarray]:
    """Frames at :data:`RATE`, RGB (rows, columns, 3), :data:`WIDTH` wide."""
    with av.open(str(video)) as film:
        stream = film.streams.video[0]
        stream.thread_type = "AUTO"
        due = 0.0
        for frame in film.decode(stream):
            if frame.time is not None and frame.time >= due - 1e-6:
                due += 1 / RATE
                height = 2 * round(WIDTH * frame.height / frame.width / 2)
                yield frame.reformat(WIDTH, height, "rgb24").to_ndarray()


def liveliest(pictures: list[np.ndarray]) -> int:
    """Where the seconds begin in which most changes, without any cut from one picture to another."""
    small = np.array([picture[::6, ::6].mean(axis=2) for picture in pictures])
    change = np.abs(np.diff(small, axis=0)).mean(axis=(1, 2))
    change = np.minimum(change, np.median(change) + 3 * change.std())  # one leap is not yet life
    length, first = round(SECONDS * RATE), round(min(AFTER, len(pictures) / RATE / 3) * RATE)
    sums = np.convolve(change, np.ones(length), mode="valid")
    return first + int(np.argmax(sums[first:])) if len(sums) > first else 0


def webp(pictures: list[np.ndarray]) -> bytes:
    """An animation that is small enough: with less and less quality until it is."""
    images = [Image.fromarray(picture) for picture in pictures]
    for quality in (80, 70, 60, 50, 40, 30, 20, 10):
        made = io.BytesIO()
        images[0].save(made, "WEBP", save_all=True, append_images=images[1:], duration=1000 // RATE, loop=0, quality=quality, method=4)
        if made.tell() <= MOST_BYTES:
            break
    return made.getvalue()


@click.command()
@click.argument("names", nargs=-1, metavar="[CHAPTER…]")
@click.option("--out", type=click.Path(path_type=Path), default=GALLERY, show_default=True, help="Folder of the pictures.")
@click.option("--films", type=click.Path(path_type=Path), default=Path("media"), show_default=True, help="Where renders are, or go.")
def gallery(names: tuple[str, ...], out: Path, films: Path) -> None:
    """Make the moving pictures of the README."""
    course = load_course()
    out.mkdir(parents=True, exist_ok=True)
    for name in names or tuple(course):
        chapter = course.chapter(name)
        params = chapter.Params.defaults()
        recipe = Recipe(name, params, Output(quality="720p"), source_digest(course.file(name)))
        folder = films / name / recipe.variant
        if not (folder / "video.mp4").is_file():
            Production(chapter, recipe, chapter.record(params)).produce(folder)
        pictures = list(frames(folder / "video.mp4"))
        start = liveliest(pictures)
        path = out / f"{name}.webp"
        path.write_bytes(webp(pictures[start : start + round(SECONDS * RATE)]))
        click.echo(f"{path} ({path.stat().st_size / 1000:.0f} kB, from {start / RATE:.1f} s)")


if __name__ == "__main__":
    gallery()
