"""From a recipe to a folder that holds the video and everything around it.

The folder is made under a temporary name and renamed when it is whole: what exists is finished.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from manim.utils.exceptions import EndSceneEarlyException
from numpy.typing import NDArray

import nnanim
from nnanim.chapter import Beat, Chapter, Look, Reading, Timing
from nnanim.engine import Annotations, RenderSettings, rehearse, render, snapshot, write_still
from nnanim.lecture import beats, captions, numbers
from nnanim.lecture.recipe import Output, Recipe, is_same
from nnanim.lecture.sheet import contact_sheet
from nnanim.trace import Trace
from nnanim.visuals.page.theme import themes

if TYPE_CHECKING:
    from nnanim.lecture.voice import Narration

Progress = Callable[[float, float | None], None]
Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class Production:
    """A chapter that is to be rendered by a recipe; the simulation has run."""

    chapter: type[Chapter]
    recipe: Recipe
    trace: Trace
    workers: int | None = None
    cache_dir: Path | None = None

    @property
    def output(self) -> Output:
        """How it is to look."""
        return self.recipe.output

    @property
    def settings(self) -> RenderSettings:
        """What the engine is told."""
        width, height = self.output.pixels
        frame_width, frame_height = self.output.units
        return RenderSettings(
            pixel_width=width,
            pixel_height=height,
            fps=self.output.frames_per_second,
            frame_width=frame_width,
            frame_height=frame_height,
            format=self.output.format,
            codec=self.output.codec,
            crf=self.output.crf,
            transparent=self.output.transparent,
            background_color=themes()[self.output.theme].background,
            workers=self.workers,
            cache_dir=self.cache_dir,
            cache_salt=drawing_digest(),
        )

    def scene(self, after_beat: Callable[[Chapter, Beat], None] | None = None) -> Chapter:
        """A new scene of the chapter."""
        return self._scene(self.narration or Reading(self.output.pace), after_beat)

    def _scene(self, timing: Timing, after_beat: Callable[[Chapter, Beat], None] | None = None) -> Chapter:
        look = Look(self.output.theme, self.output.burned, timing)
        scene = self.chapter(parameters=self.recipe.params, trace=self.trace, look=look)
        if after_beat is not None:
            scene.after_beat = lambda beat: after_beat(scene, beat)
        return scene

    @cached_property
    def narration(self) -> Narration | None:
        """What a voice says in this film, and when; nothing where it is only read.

        Raises
        ------
        ParameterError
            When there is no such voice, or it cannot say a sentence.
        """
        if self.output.voice is None:
            return None
        from nnanim.lecture.voice import Narration, sentences_of, voice_named

        voice = voice_named(self.output.voice, self.output.pace)
        read = rehearse(lambda: self._scene(Reading(self.output.pace)), self.settings)
        assert isinstance(read, Chapter)
        return Narration(voice, sentences_of(read))

    def rehearse(self) -> Chapter:
        """Run the chapter without drawing: beats, claims and the ledger are on the scene afterwards."""
        scene = rehearse(self.scene, self.settings)
        assert isinstance(scene, Chapter)
        return scene

    def pictures(self, beat: int | None = None) -> list[Picture]:
        """The last picture of every beat, RGBA each; or of one beat alone."""
        taken: list[Picture] = []

        def take(scene: Chapter, done: Beat) -> None:
            if beat is None or done.number == beat:
                taken.append(snapshot(scene))
            if done.number == beat:
                raise EndSceneEarlyException

        rehearse(lambda: self.scene(take), self.settings)
        return taken

    def produce(self, folder: Path, progress: Progress | None = None) -> Path:
        """Render into ``folder``; returns the path of the video (of the folder of frames for PNG)."""
        folder.parent.mkdir(parents=True, exist_ok=True)
        recipe_text = self.recipe.to_toml(self.trace.digest)
        pictures: list[Picture] = []
        with unfinished(folder) as draft:
            done = render(
                lambda: self.scene(lambda scene, _: pictures.append(snapshot(scene))),
                draft / video_name(self.output),
                self.settings,
                annotate=lambda scene: self._annotations(scene, recipe_text),
                progress=progress,
            )
            scene = done.scene
            assert isinstance(scene, Chapter)
            background = themes()[self.output.theme].background
            (draft / "captions.srt").write_text(captions.to_srt(scene.beats), encoding="utf-8")
            (draft / "captions.vtt").write_text(captions.to_vtt(scene.beats), encoding="utf-8")
            (draft / "beats.json").write_text(beats.to_json(scene.beats), encoding="utf-8")
            (draft / "numbers.json").write_text(numbers.to_json(scene.ledger), encoding="utf-8")
            (draft / "trace.npz").write_bytes(self.trace.to_bytes(".npz"))
            write_still(pictures[poster_beat(len(pictures))], draft / "poster.png")
            contact_sheet(pictures, background).save(draft / "sheet.png")
            (draft / "recipe.toml").write_text(recipe_text, encoding="utf-8")
        return folder / video_name(self.output)

    def _annotations(self, scene: Chapter, recipe_text: str) -> Annotations:
        marks = [(beat.start, beat.end, beat.text) for beat in scene.beats]
        cues = [(cue.start, cue.end, cue.text) for cue in captions.cues_of(scene.beats)]
        voice = self.narration
        return Annotations(
            chapters=marks,
            captions=cues if self.output.track else (),
            metadata={"title": scene.heading(), "comment": recipe_text},
            sound=voice.sound(captions.cues_of(scene.beats)) if voice else None,
            language=voice.language if voice else "eng",
        )


@cache
def drawing_digest() -> str:
    """Digest of the code that draws: segments drawn by other code are not found again."""
    seal, package = hashlib.sha256(), Path(nnanim.__file__).parent
    for file in sorted(file for room in ("visuals", "lesson", "by_hand") for file in (package / room).rglob("*.*")):
        if file.suffix in (".py", ".toml"):
            seal.update(file.relative_to(package).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return seal.hexdigest()


def video_name(output: Output) -> str:
    """Name of the video in its folder; PNG frames go to a folder of their own."""
    return "frames" if output.format == "png" else f"video.{output.format}"


def poster_beat(count: int) -> int:
    """Which beat's picture stands for the video: one from the middle, where there is something to see."""
    return count // 2


def is_finished(folder: Path, recipe: Recipe) -> bool:
    """Whether the folder holds exactly what this recipe makes."""
    made = folder / "recipe.toml"
    whole = all(
        (folder / name).exists()
        for name in (video_name(recipe.output), "beats.json", "numbers.json", "trace.npz", "sheet.png")
    )
    return whole and made.is_file() and is_same(made.read_text(encoding="utf-8-sig"), recipe.to_toml())


@contextlib.contextmanager
def unfinished(folder: Path) -> Iterator[Path]:
    """A new folder that takes the place of ``folder`` when everything in it is written, and vanishes otherwise."""
    for left in folder.parent.glob(".*.unfinished"):
        if not _is_running(int(left.name.split(".")[-2])):
            shutil.rmtree(left, ignore_errors=True)
    draft = folder.with_name(f".{folder.name}.{os.getpid()}.unfinished")
    draft.mkdir()
    try:
        yield draft
        old = folder.with_name(f".{folder.name}.{os.getpid()}.old")
        if folder.exists():
            folder.rename(old)
        draft.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


@contextlib.contextmanager
def unfinished_file(path: Path) -> Iterator[Path]:
    """A temporary file beside ``path`` that takes its name when it is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}.", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    draft = Path(name)
    try:
        yield draft
        draft.chmod(0o666 & ~_umask())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
