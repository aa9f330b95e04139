"""manim's file writer on the engine's segments: places, names, sections, subcaptions and messages are manim's own."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import manim
import numpy as np
from manim import Scene, logger
from manim.scene.scene_file_writer import SceneFileWriter

from .errors import EngineError
from .mux import join_segments
from .pictures import straight_alpha
from .render import played_sound
from .renderer import scene_annotations
from .settings import Annotations, RenderSettings
from .sound import mix

_MADE_BY = f"Rendered with Manim Community v{manim.__version__}, drawn by nnanim"


class EngineFileWriter(SceneFileWriter):
    """Writes what manim's writer writes, from segments that the engine has drawn."""

    engine_settings: RenderSettings
    recorder: Any = None
    renderer: Any = None
    folder: Path
    frames_done: int = 0
    frames_total: int | None = None
    section_starts: tuple[tuple[float, str], ...] = ()

    @classmethod
    def take_over(cls, scene: Scene) -> EngineFileWriter:
        """Turn the writer that ``scene`` has into this one; what it knows it keeps."""
        writer = scene.renderer.file_writer
        writer.__class__ = cls
        assert isinstance(writer, EngineFileWriter)
        writer._scene = scene
        writer._segments_of_plays = []
        return writer

    def prepare(self, settings: RenderSettings, recorder: Any, folder: Path) -> None:
        """Say where the segments come from; ``folder`` is for what lies between them and the files."""
        self.engine_settings, self.recorder, self.folder = settings, recorder, folder

    def note_play(self) -> None:
        """A play is over: the section that it belongs to is not empty."""
        self.sections[-1].partial_movie_files.append(None)
        if self.recorder is not None:
            self._segments_of_plays.append((self.sections[-1], len(self.recorder.segments)))

    def next_section(self, name: str, type_: str, skip_animations: bool) -> None:
        """As manim's; where it begins becomes a chapter mark."""
        super().next_section(name, type_, skip_animations)
        if self.recorder is not None:
            # A section's file is made of whole segments.
            self.recorder.cut()
        if self.renderer is not None and not skip_animations:
            start = self.renderer.frames / self.renderer.camera.frame_rate
            self.section_starts = (*self.section_starts, (start, name))

    def save_image(self, pixels: np.ndarray) -> None:
        """As manim's, with straight alpha, as a PNG has it."""
        super().save_image(straight_alpha(pixels))

    def finish(self) -> None:
        """Wait for all segments and make the files."""
        self.frames_total = sum(segment.frames for segment in self.recorder.segments)
        self.recorder.finish()
        if self.output_spec.is_image_sequence:
            self._gather_pictures()
        elif not self.recorder.segments:
            logger.info("No animations are contained in this scene.")
        else:
            self._hand_out_segments()
            self.combine_to_movie()
            if self.output_spec.save_sections:
                self.combine_to_section_videos()
        if self.subcaptions:
            self.write_subcaption_file()

    def _hand_out_segments(self) -> None:
        """Give every section the files of its plays, as manim's writer has them."""
        files = [str(segment.path) for segment in self.recorder.segments]
        self.partial_movie_files = list(files)
        for section in self.sections:
            section.partial_movie_files = []
        before = 0
        for section, upto in self._segments_of_plays:
            section.partial_movie_files += files[before:upto]
            before = upto

    def combine_to_movie(self) -> None:
        """Join the segments to the scene's file."""
        if self.output_spec.is_gif:
            self.combine_files(self.partial_movie_files, self.gif_file_path, create_gif=True)
            self.print_file_ready_message(self.gif_file_path)
            return
        notes = replace(scene_annotations(self._scene), metadata={"comment": _MADE_BY})
        sound = played_sound(self._scene, self.folder)
        # As in manim, sound may outlast the pictures.
        seconds = max(self.renderer.frames / self.engine_settings.fps, sound.seconds if sound else 0)
        soundtrack = mix([sound], seconds) if sound else None
        self._join(self.partial_movie_files, self.movie_file_path, notes, soundtrack)
        self.print_file_ready_message(self.movie_file_path)

    def combine_files(
        self,
        input_files: list[str],
        output_file: Path,
        create_gif: bool = False,
        includes_sound: bool = False,
    ) -> None:
        """Join segments; a GIF is made by manim."""
        if create_gif:
            super().combine_files(input_files, output_file, create_gif, includes_sound)
        elif input_files:
            self._join(input_files, output_file, Annotations(metadata={"comment": _MADE_BY}))

    def _join(self, files: list[str], output: Path, notes: Annotations, sound: np.ndarray | None = None) -> None:
        try:
            output.parent.mkdir(parents=True, exist_ok=True)
            join_segments([Path(file) for file in files], output, self.engine_settings, notes, sound)
        except OSError as error:
            raise EngineError(f"could not write {output}: {error.strerror or error}") from error

    def _gather_pictures(self) -> None:
        """Put the pictures of all segments where manim would, under its names; a held one once, as manim does."""
        target = self.image_sequence_directory
        target.mkdir(parents=True, exist_ok=True)
        for segment in self.recorder.segments:
            # A held picture is one file with many names.
            held = {picture.stat().st_ino: picture for picture in sorted(segment.path.iterdir(), reverse=True)}
            for picture in sorted(held.values()):
                place = self.output_plan.image_frame_path(self.frame_count)
                waiting = place.with_name(f".{place.name}.part")
                os.link(picture, waiting)
                waiting.replace(place)
                self.frame_count += 1
        self.final_file_path = target
        logger.info("\n%i images ready at %s\n", self.frame_count, str(target))
