"""Chapters: true sentences, beats long enough to read, a ledger that is right to the frame, manim's own pictures."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from manim import UP, FadeIn, FadeOut, ReplacementTransform
from manim.scene.scene_file_writer import SceneFileWriter
from manim.utils.exceptions import EndSceneEarlyException
from PIL import Image
from productions import production_of

from nnanim.chapter import Beat, Chapter, ClaimError, Look
from nnanim.cli.commands.new import skeleton
from nnanim.course import load_course
from nnanim.engine import EngineError, RenderSettings, rehearse, render, snapshot
from nnanim.engine.session import configured
from nnanim.quantity import Label, Quantity, Sentence, UnsourcedDigit
from nnanim.trace import Trace
from nnanim.visuals.cells.number_grid import NumberGrid
from nnanim.visuals.page.math import Formula
from nnanim.visuals.page.text import TextLine

SMALL = RenderSettings(pixel_width=160, pixel_height=90, fps=10)
SCENE_FILE = Path(__file__).parent.parent / "scenes" / "forward_propagation.py"
READING_SPEED = 0.3
"""Seconds for each word on screen (visual-language.md)."""

PARAMETERS: dict[str, dict[str, Any]] = {
    "default": {},
    "wide": {"layers": (2, 12, 12, 3)},
    "narrow": {"layers": (5, 1, 4)},
    "deep": {"layers": (3, 4, 4, 4, 4, 2), "activation": "gelu"},
    "single": {"layers": (1, 1, 1), "head": "sigmoid"},
    "relu": {"activation": "relu", "head": "identity"},
}

END: Any = pytest.approx(2.5, abs=0.101)
"""The end of the shortest beat, to the frame: manim cuts a hold off where its frames do not fill it."""


class OneNumber(Chapter):
    """A chapter whose trace holds 0.25 and 0.75."""

    film = False

    @classmethod
    def part(cls) -> str:
        return "Tests"

    @staticmethod
    def simulate(p: Any, report: Any) -> Trace:
        return Trace({"x": np.array([0.25, 0.75], dtype=np.float32)})

    def x(self, place: int = 0) -> Quantity:
        return self.trace.quantity("x", place)


def perform(construct: Any) -> Chapter:
    """A chapter with this ``construct``, rehearsed at ten frames a second."""
    scene = rehearse(type("OneNumber", (OneNumber,), {"construct": construct, "__module__": __name__}), SMALL)
    assert isinstance(scene, Chapter)
    return scene


# Claims ------------------------------------------------------------------------------------------------


def test_the_first_true_sentence_is_spoken():
    chapter = OneNumber()
    chapter._start()
    cases = [
        ("{a} is large.", lambda t: t["x"][0] > 0.5),
        ("{a} is small beside {b}.", lambda t: t["x"][0] < t["x"][1]),
        ("{a} is small.", lambda t: t["x"][0] < 0.5),
    ]
    sentence = chapter.claim(*cases, a=chapter.x(0), b=chapter.x(1))
    assert sentence.text == "0.25 is small beside 0.75."
    assert [entry.source for entry in sentence.entries] == ["x[0]", "x[1]"]
    assert [claim.sentence for claim in chapter.claims] == [sentence]
    assert chapter.claims[0].holds(chapter.trace)


def test_a_claim_without_a_true_sentence_names_chapter_sentence_and_values():
    chapter = OneNumber()
    chapter._start()
    with pytest.raises(ClaimError) as error:
        chapter.claim(("{a} is large.", lambda t: t["x"][0] > 0.5), ("{a} is huge.", lambda t: False), a=chapter.x())
    assert all(part in str(error.value) for part in ("one-number", "{a} is large.", "a = 0.25"))
    assert "\n" not in str(error.value)
    assert chapter.claims == []


@pytest.mark.parametrize("name", PARAMETERS)
def test_every_claim_of_the_chapter_holds_of_its_trace(produce, name):
    scene = produce(**PARAMETERS[name]).rehearse()
    assert len(scene.claims) >= 3
    assert all(claim.holds(scene.trace) for claim in scene.claims)


# Beats -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("aspect", ["16:9", "9:16"])
@pytest.mark.parametrize("name", PARAMETERS)
def test_beats_follow_each_other_and_are_long_enough_to_read(produce, name, aspect):
    played: list[Beat] = []
    production = produce({"aspect": aspect}, **PARAMETERS[name])
    scene = rehearse(lambda: production.scene(lambda _, beat: played.append(beat)), production.settings)
    assert isinstance(scene, Chapter)
    assert played == scene.beats
    assert [beat.number for beat in scene.beats] == list(range(1, scene._beat_total + 1))
    frame = 1 / production.settings.fps
    for beat in scene.beats:
        assert beat.end - beat.start >= READING_SPEED * len(beat.text.split()) - frame, beat.text
        assert not re.search(r"[{}]|  ", beat.text)
        assert beat.text.endswith((".", "?"))
    assert scene.beats[0].start == 0
    for before, after in zip(scene.beats, scene.beats[1:], strict=False):
        assert before.end == pytest.approx(after.start, abs=frame / 2)
    assert scene.beats[-1].end == pytest.approx(scene.renderer.time, abs=frame / 2)


def test_the_default_film_lasts_between_one_and_two_and_a_half_minutes(rehearsed):
    assert 60 <= rehearsed.renderer.time <= 150


def test_a_beat_refuses_digits_without_a_source():
    def construct(self: Any) -> None:
        with self.beat("This takes 3 steps."):
            pass

    with pytest.raises(EngineError, match="3 steps"):
        perform(construct)


def test_what_construct_does_not_play_is_not_counted_twice():
    runs = []

    def construct(self: Any) -> None:
        runs.append(self._outlining)
        with self.beat("One.") as beat:
            assert beat.number == 1
        with self.beat("Two."):
            self.play(FadeIn(TextLine("word")), run_time=0.5)

    scene = perform(construct)
    assert runs == [True, False]
    assert scene._beat_total == len(scene.beats) == 2
    assert len(scene._dots) == 2


def test_drawing_lots_is_the_same_in_outline_and_play():
    drawn = []

    def construct(self: Any) -> None:
        drawn.append(np.random.rand())  # noqa: NPY002 (manim's own generator)
        with self.beat("One."):
            pass

    perform(construct)
    assert drawn[0] == drawn[1]


# The ledger --------------------------------------------------------------------------------------------


def intervals(scene: Chapter, source: str) -> list[tuple[float, float]]:
    return [(round(s.start, 6), round(s.end, 6)) for s in scene.ledger if s.entry.source == source]


def test_a_number_that_fades_in_and_out_is_entered_from_its_first_to_its_last_frame():
    def construct(self: Any) -> None:
        line = TextLine(self.x())
        with self.beat("Watch."):
            self.wait(0.2)
            self.play(FadeIn(line), run_time=0.5)  # 0.2 to 0.7
            self.wait(0.4)
            self.play(FadeOut(line), run_time=0.5)  # 1.1 to 1.6

    assert intervals(perform(construct), "x[0]") == [(0.2, 1.6)]


def test_a_number_that_is_put_there_and_taken_away_at_once():
    def construct(self: Any) -> None:
        line = TextLine(self.x())
        with self.beat("Watch."):
            self.wait(0.5)
            self.add(line)
            self.wait(0.4)  # 0.5 to 0.9
            self.remove(line)
            self.wait(0.4)

    assert intervals(perform(construct), "x[0]") == [(0.5, 0.9)]


def test_a_number_that_comes_back_is_entered_twice():
    def construct(self: Any) -> None:
        line = TextLine(self.x())
        with self.beat("Watch."):
            self.play(FadeIn(line), run_time=0.3)
            self.play(FadeOut(line), run_time=0.3)
            self.wait(0.4)
            self.play(FadeIn(line), run_time=0.3)

    assert intervals(perform(construct), "x[0]") == [(0.0, 0.6), (1.0, END)]


def test_a_number_that_turns_into_another_stands_until_the_turn_is_over():
    def construct(self: Any) -> None:
        first, second = TextLine(self.x(0)), TextLine(self.x(1)).shift(UP)
        with self.beat("Watch."):
            self.add(first)
            self.wait(0.5)
            self.play(ReplacementTransform(first, second), run_time=0.5)

    scene = perform(construct)
    assert intervals(scene, "x[0]") == [(0.0, 1.0)]
    assert intervals(scene, "x[1]") == [(0.5, END)]


def test_numbers_of_a_grid_are_entered_one_by_one():
    def construct(self: Any) -> None:
        grid = NumberGrid([[self.x(0)], [self.x(1)]], [(0, 0, 0), (0, 1, 0)]).hide((1, 0))
        with self.beat("Watch."):
            self.add(grid)
            self.wait(1.0)
            self.play(grid.animate.show((1, 0)), run_time=0.5)

    scene = perform(construct)
    assert intervals(scene, "x[0]") == [(0.0, END)]
    assert intervals(scene, "x[1]") == [(1.0, END)]


def test_a_number_inside_a_formula_is_entered():
    def construct(self: Any) -> None:
        formula = Formula(Sentence("x = {x}", {"x": self.x()}))
        with self.beat("Watch."):
            self.play(FadeIn(formula), run_time=0.5)

    assert intervals(perform(construct), "x[0]") == [(0.0, END)]


def test_a_number_in_the_narration_is_entered_only_when_the_narration_is_drawn():
    def construct(self: Any) -> None:
        with self.beat("It is {x}.", x=self.x()):
            pass
        with self.beat("It was."):
            pass

    assert intervals(perform(construct), "x[0]") == [(0.0, END)]
    cls: Any = type("OneNumber", (OneNumber,), {"construct": construct, "__module__": __name__})
    assert rehearse(lambda: cls(look=Look(burned_captions=False)), SMALL).ledger == []


def test_an_invisible_number_and_a_name_are_not_entered():
    def construct(self: Any) -> None:
        with self.beat("Watch."):
            self.add(TextLine(self.x()).set_opacity(0), TextLine(Label("GPT-2")))

    assert perform(construct).ledger == []


def test_a_parameter_is_given_and_its_numbers_are_in_the_trace(rehearsed):
    quantity = rehearsed.given("layers", 3)
    assert (quantity.kind, quantity.value, quantity.source) == ("given", 2.0, "parameters.layers[3]")
    numeric = {name for name, value in rehearsed.params.model_dump().items() if isinstance(value, int | float | tuple)}
    assert {f"parameters.{name}" for name in numeric} <= rehearsed.trace.given


def test_a_chapter_outside_a_course_has_no_part_and_plays_nevertheless():
    def construct(self: Any) -> None:
        with self.beat("Watch."):
            self.wait(0.5)

    alone: Any = type("OneNumber", (OneNumber,), {"construct": construct, "part": classmethod(lambda cls: "")})
    assert len(rehearse(alone, SMALL).beats) == 1


# Wrong chapters ----------------------------------------------------------------------------------------


def test_an_error_in_construct_is_one_line_with_the_files_line():
    def construct(self: Any) -> None:
        with self.beat("One."):
            self.play(FadeIn(TextLine("0.5")))

    with pytest.raises(EngineError) as error:
        perform(construct)
    assert re.search(r"test_chapter\.py:\d+: UnsourcedDigit", str(error.value))
    assert "\n" not in str(error.value)
    assert isinstance(error.value.__cause__, UnsourcedDigit)


def test_a_chapter_without_a_simulation_says_so():
    with pytest.raises(NotImplementedError, match="simulate"):
        Chapter.record(Chapter.Params.defaults())


@pytest.mark.parametrize(("name", "slug"), [("ForwardPropagation", "forward-propagation"), ("BPE", "bpe"), ("Softmax2", "softmax2")])
def test_the_name_on_the_command_line_follows_from_the_class(name, slug):
    assert type(name, (Chapter,), {}).slug() == slug


# manim's own pictures ----------------------------------------------------------------------------------


class FrameKeeper(SceneFileWriter):
    """Keeps every frame that manim's renderer hands over, before it is encoded."""

    def __init__(self, settings: Any) -> None:
        super().__init__(settings)
        self.pictures: list[np.ndarray] = []

    def write_frame(self, pixels: np.ndarray, *, repeat: int = 1) -> None:
        self.pictures.extend([pixels.copy()] * repeat)


def test_every_frame_is_the_one_that_manim_draws(produce, tmp_path):
    """The first three beats: neurons, numbers and weights appear; pixel by pixel."""
    production = produce({"format": "png"})

    def stop(scene: Chapter, beat: Beat) -> None:
        if beat.number == 3:
            raise EndSceneEarlyException

    with configured(production.settings):
        scene = production.scene(stop)
        scene.renderer.file_writer = keeper = FrameKeeper(scene.file_writer_settings)
        scene.render()
    done = render(lambda: production.scene(stop), tmp_path / "frames", production.settings)
    ours = sorted((tmp_path / "frames").glob("*.png"))
    assert len(ours) == len(keeper.pictures) == done.frames > 200
    for path, theirs in zip(ours, keeper.pictures, strict=True):
        picture = np.asarray(Image.open(path).convert("RGB"), dtype=int)
        assert np.abs(picture - theirs[:, :, :3]).max() <= 1, path.name


def test_manim_on_the_command_line_gives_the_same_picture(tmp_path):
    """The picture before the hold at the end of a beat, of the chapter that ``nnanim new`` writes."""
    file = tmp_path / "fading_away.py"
    file.write_text(skeleton("fading-away"), encoding="utf-8")
    (tmp_path / "course.toml").write_text('[[part]]\ntitle = "Mine"\nchapters = ["fading-away"]\n', encoding="utf-8")
    production = production_of(load_course(tmp_path).chapter("fading-away"))
    plays: list[int] = []
    rehearse(lambda: production.scene(lambda scene, _: plays.append(scene.renderer.num_plays)), production.settings)
    last = plays[1] - 2  # what follows is the hold; nothing is put on stage between the two
    command = [sys.executable, "-m", "manim", "render", "-ql", "--format", "png", "-n", f"0,{last}", "--progress_bar", "none",
               "--media_dir", str(tmp_path / "media"), str(file), "FadingAway"]  # fmt: skip
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=240)
    assert run.returncode == 0, run.stdout + run.stderr
    (path,) = tmp_path.rglob("*.png")
    theirs = np.asarray(Image.open(path).convert("RGB"), dtype=int)
    ours = picture_after(production, last)
    assert theirs.shape == ours.shape
    difference = np.abs(theirs - ours)
    # manim paints what stands in front twice: edges of narration come out a little fuller.
    assert (difference > 1).mean() < 0.002 and difference.max() <= 16


def picture_after(production: Any, number: int) -> np.ndarray:
    """The stage after a play, as the engine draws it."""
    taken: list[np.ndarray] = []

    def make() -> Chapter:
        scene = production.scene()
        play = scene.play

        def and_look(*args: Any, **kwargs: Any) -> None:
            play(*args, **kwargs)
            if scene.renderer.num_plays == number + 1:
                taken.append(snapshot(scene)[:, :, :3].astype(int))
                raise EndSceneEarlyException

        scene.play = and_look
        return scene

    rehearse(make, production.settings)
    return taken[0]
