"""Films: sentences land one after another, what runs on runs on, running numbers are true in every frame, the camera keeps its promises."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from manim import RIGHT, UP, Circle, FadeIn, Square, linear

from nnanim.audit.ledger import check_ledger
from nnanim.chapter import Case, Cases, Chapter, ClaimError, Look, Reading, either, otherwise
from nnanim.engine import RenderSettings, rehearse, render, snapshot
from nnanim.engine.plays import can_jump
from nnanim.lesson.beats import without_marks
from nnanim.quantity import Label
from nnanim.trace import Trace
from nnanim.visuals.page.math import Formula
from nnanim.visuals.page.readout import Readout, Tag
from nnanim.visuals.page.text import TextLine
from nnanim.visuals.page.theme import rgba, theme
from nnanim.visuals.paint.canvas import Canvas
from nnanim.visuals.paint.film_camera import LINES_GROW
from nnanim.visuals.paint.motion import Later, Span, Turn
from nnanim.visuals.paint.picture import Picture

SMALL = RenderSettings(pixel_width=320, pixel_height=180, fps=10)
VALUES = np.array([1.0, 0.64, 0.4096, 0.262144, 0.16777216], dtype=np.float64)


class Ball(Picture):
    dial_names: ClassVar[dict[str, float]] = {"step": 0.0, "height": 0.0}
    bleeds: ClassVar[float] = 0.5

    def anchor(self, name: str) -> np.ndarray:
        return self.place(0.1 + 0.2 * self.dial("step"), self.dial("height"))

    def draw(self, canvas: Canvas) -> None:
        x, y, _ = self.anchor("ball")
        canvas.disc(x, y, 0.3, rgba(theme().text))


class Film(Chapter):
    """A film of five numbers."""

    @classmethod
    def part(cls) -> str:
        return "Tests"

    @staticmethod
    def simulate(p: Any, report: Any) -> Trace:
        return Trace({"x": VALUES})

    def ball(self) -> Ball:
        return Ball((-5, -2, 5, 2))

    def readout(self, ball: Ball, **style: Any) -> Readout:
        return Readout(self.trace.quantities("x", decimals=3), ball, "step", anchor="ball", **style)


def filmed(construct: Callable[[Any], None], **look: Any) -> Any:
    cls: Any = type("Film", (Film,), {"construct": construct, "__module__": __name__})
    return rehearse(lambda: cls(look=Look(**look)), SMALL)


# Sentences ---------------------------------------------------------------------------------------------


def test_a_sentence_lands_when_the_one_before_has_been_read():
    def construct(self: Any) -> None:
        with self.beat():
            self.say("Where does it go, and why there?")
            self.say("Down.")

    beat = filmed(construct).beats[0]
    first, second = beat.cues
    assert first.end == second.start == pytest.approx(7 * 0.33 + 0.45, abs=0.11)
    assert beat.text == "Where does it go, and why there? Down."


@pytest.mark.parametrize("pace", [0.5, 1.0, 2.0])
def test_the_pace_stretches_a_film(pace):
    def construct(self: Any) -> None:
        with self.beat():
            self.say("One two three four five six seven eight nine ten.")

    beat = filmed(construct, timing=Reading(pace)).beats[0]
    assert beat.end == pytest.approx((10 * 0.33 + 0.45) / pace + 0.25, abs=0.11)


def test_what_is_played_for_marked_words_waits_for_them():
    times: list[float] = []

    def construct(self: Any) -> None:
        with self.beat():
            cue = self.say("A neuron [weighs its input] and then [adds a bias].")
            for mark in range(2):
                self.when(cue, mark)
                times.append(self.now)

    scene = filmed(construct)
    assert scene.beats[0].text == "A neuron weighs its input and then adds a bias."
    assert times[-2:] == [pytest.approx(2 * 0.33, abs=0.11), pytest.approx(7 * 0.33, abs=0.11)]


def test_brackets_must_pair():
    assert without_marks("a [b c] d [e]") == ("a b c d e", (1, 4))
    for wrong in ("a [b", "a b]", "a [b [c]]"):
        with pytest.raises(ValueError, match="pair"):
            without_marks(wrong)


def test_cases_speak_of_a_view_and_make_values_only_when_needed():
    cases = Cases(Case("It ends at {low}.", lambda v: v["x"][-1] < 0.5, "small"), Case("It ends at {high}.", lambda v: v["x"][-1] >= 0.5))

    def construct(self: Any) -> None:
        with self.beat():
            self.say(cases, of=self.trace, low=self.trace.quantity("x", 4), high=lambda: pytest.fail("made in vain"))

    scene = filmed(construct)
    assert scene.beats[0].text == "It ends at 0.17."
    assert scene.claims[0].of is scene.trace and scene.claims[0].holds(scene.trace)
    assert cases.of(scene.trace).phrase == "small"
    with pytest.raises(ClaimError, match="It is so"):
        Cases(Case("It is so.", lambda v: False)).of(scene.trace)


def test_otherwise_is_that_none_of_the_others_holds():
    cases = Cases(Case("It is large.", lambda v: v > 2), Case("It is small.", lambda v: v < 1), Case("It is neither.", otherwise))
    assert [cases.of(value).sentence for value in (3, 0, 1.5)] == ["It is large.", "It is small.", "It is neither."]
    assert [bool(cases[2].holds(value)) for value in (3, 0, 1.5)] == [False, False, True]
    with pytest.raises(TypeError, match="list of cases"):
        Case("It is alone.", otherwise).holds(1)


# What runs on ------------------------------------------------------------------------------------------


def test_what_runs_on_is_where_time_is_whatever_is_played_beside_it():
    seen: list[tuple[float, float]] = []

    def construct(self: Any) -> None:
        ball = self.ball()
        with self.beat():
            self.add(ball)
            self.track(Turn(ball, seconds=4, rate=linear, step=4))
            for seconds in (0.5, 1.0, 0.3):
                self.play(FadeIn(Square()), run_time=seconds)
                seen.append((self.now, ball.dial("step")))
            self.wait(1.0)
            seen.append((self.now, ball.dial("step")))
            self.settle()
            seen.append((self.now, ball.dial("step")))

    filmed(construct)
    seen = seen[-5:]
    for now, step in seen[:4]:
        assert step == pytest.approx(now, abs=1e-6)
    assert seen[-1] == (pytest.approx(4.0, abs=0.11), 4.0)


def test_two_animations_turn_dials_of_one_picture_at_the_same_time():
    ball = Ball((-5, -2, 5, 2))
    one, other = Turn(ball, seconds=2, rate=linear, step=4), Turn(ball, seconds=1, rate=linear, height=1)
    one.begin()
    other.begin()
    one.interpolate(0.5)
    other.interpolate(0.25)
    assert ball.dials.tolist() == [2.0, 0.25]
    one.interpolate(1)
    assert ball.dials.tolist() == [4.0, 0.25]
    with pytest.raises(KeyError, match="no dial 'depth'"):
        Turn(ball, depth=1)


@given(st.lists(st.floats(0.1, 2.0), min_size=1, max_size=6))
@settings(max_examples=40, deadline=None)
def test_spans_of_an_animation_make_up_the_whole(lengths):
    ball = Ball((-5, -2, 5, 2))
    whole, elapsed = Turn(ball, seconds=3, step=4), 0.0
    for seconds in lengths:
        if elapsed >= 3:
            break
        span = Span(whole, elapsed, seconds)
        span.begin()
        span.interpolate(0.5)
        middle = ball.dial("step")
        span.finish()
        elapsed += seconds
        reference = Ball((-5, -2, 5, 2))
        alone = Turn(reference, seconds=3, step=4)
        alone.begin()
        alone.interpolate(min(1.0, (elapsed - seconds / 2) / 3))
        assert middle == pytest.approx(reference.dial("step"), abs=1e-9)
        assert span.is_last is (elapsed >= 3 - 1e-6)


def test_a_later_animation_waits_for_its_time():
    ball = Ball((-5, -2, 5, 2))
    later = Later(1.0, Turn(ball, seconds=1, rate=linear, height=1))
    later.begin()
    heights = []
    for share in (0.0, 0.5, 0.75, 1.0):
        later.interpolate(share)
        heights.append(ball.dial("height"))
    assert later.run_time == 2 and heights == [0.0, 0.0, 0.5, 1.0]


def test_films_can_be_entered_at_any_frame():
    jumps: list[bool] = []

    def construct(self: Any) -> None:
        ball = self.ball()
        with self.beat():
            self.add(ball, self.readout(ball))
            self.track(Turn(ball, seconds=3, step=4))
            self.say("Watch.")
            self.play(FadeIn(Square()), run_time=0.5)
            jumps.append(can_jump(self))
            self.push_in(ball, 0.5)
            jumps.append(can_jump(self))

    filmed(construct)
    assert jumps[-2:] == [True, True]


def test_a_frame_drawn_by_itself_is_the_frame_of_the_film(tmp_path):
    def construct(self: Any) -> None:
        ball = self.ball()
        with self.beat():
            self.add(ball, self.readout(ball))
            self.track(Turn(ball, seconds=2, step=4))
            self.say("It runs.")
            self.play(FadeIn(Square().shift(2 * UP)), run_time=1)
            self.push_in(ball, 0.6, seconds=1)

    from PIL import Image

    cls: Any = type("Film", (Film,), {"construct": construct, "__module__": __name__})
    pictures = []
    for workers in (1, 2):
        folder = tmp_path / f"frames{workers}"
        render(cls, folder, RenderSettings(pixel_width=320, pixel_height=180, fps=10, format="png", workers=workers))
        pictures.append([np.asarray(Image.open(path)) for path in sorted(folder.glob("*.png"))])
    assert len(pictures[0]) == len(pictures[1]) > 15
    assert all(np.array_equal(one, other) for one, other in zip(*pictures, strict=True))
    moved = [np.abs(one.astype(int) - other).max() for one, other in zip(pictures[0], pictures[0][1:], strict=False)]
    assert sum(change > 40 for change in moved) > 12


# Numbers that run --------------------------------------------------------------------------------------


@given(st.floats(-1.0, 6.0))
@settings(max_examples=60, deadline=None)
def test_a_running_number_is_an_element_of_its_array_in_every_frame(step):
    ball = Ball((-5, -2, 5, 2), step=step)
    numbers = Trace({"x": VALUES}).quantities("x", decimals=3)
    readout = Readout(numbers, ball, "step", anchor="ball")
    shown = VALUES[int(np.clip(np.floor(step + 1e-6), 0, 4))]
    assert readout.string == f"{shown:.3f}"
    assert float(readout.entries[0].value) == shown


def test_a_run_is_one_line_of_the_ledger_and_its_end_another():
    def construct(self: Any) -> None:
        ball = self.ball()
        with self.beat():
            self.add(ball, self.readout(ball))
            self.wait(1.0)
            self.play(Turn(ball, seconds=2, rate=linear, step=4))
            self.wait(1.0)

    scene = filmed(construct)
    rows = [(round(s.start, 2), round(s.end, 2), s.entry.text, s.entry.source) for s in scene.ledger]
    assert rows[0] == (0.0, 1.0, "1.000", "x[0]")
    assert rows[1] == (1.0, 3.0, "0.168", "x[4]") and scene.ledger[1].ran_from.source == "x[0]"
    assert [check_ledger([shown], scene.trace) for shown in scene.ledger] == [[], [], []]
    assert rows[2][:3] == (3.0, 4.0, "0.168")


def test_a_number_is_entered_when_it_can_be_read_not_when_it_begins_to_appear():
    def construct(self: Any) -> None:
        with self.beat():
            self.play(Later(1.0, FadeIn(TextLine(self.trace.quantity("x", 1)), run_time=0.6)))
            self.wait(0.5)

    (row,) = filmed(construct).ledger
    assert row.start == pytest.approx(1.3, abs=0.01)


def test_numbers_that_run_together_keep_their_decimals():
    ball = Ball((-5, -2, 5, 2))
    trace = Trace({"x": VALUES})
    with pytest.raises(ValueError, match="decimals"):
        Readout([trace.quantity("x", 0, decimals=2), trace.quantity("x", 1, decimals=3)], ball, "step")


def test_a_tag_stands_where_its_picture_says():
    ball = Ball((-5, -2, 5, 2))
    tag = Tag("here", ball, "ball", at=(0, 1))
    ball.turn(step=2, height=1)
    before = tag.appearance()
    assert tag.points.mean(axis=0)[:2] == pytest.approx([0.0, 3.0])
    ball.turn(height=0)
    assert not before.still_holds(tag) or tag.appearance(before) is not before


def test_what_has_left_the_stage_no_longer_runs_on():
    ball: Ball

    def construct(self: Any) -> None:
        nonlocal ball
        ball = self.ball()
        with self.beat():
            self.add(ball)
            self.track(Turn(ball, seconds=9, rate=linear, step=4))
            self.wait(1)
            self.hide(ball, seconds=0.5)
            self.wait(1)
            self.settle()

    film = filmed(construct)
    assert ball not in film.mobjects and ball.dial("step") == pytest.approx(4 * 1.5 / 9, abs=0.01)
    assert film.now == pytest.approx(2.5, abs=0.3)


def test_a_formula_comes_out_of_the_things_that_its_signs_stand_for():
    formula = Formula(Label("a = b"), 1.0)

    def construct(self: Any) -> None:
        come = self.distilled(formula, [(2, (-3, 1, 0)), (1, (4, -2, 0))], 1.0)
        began = [sign.get_center() for sign in come.mobject.submobjects]
        assert np.allclose(began, [(-3, 1, 0), (-3, 1, 0), (4, -2, 0)], atol=1e-6)
        with pytest.raises(ValueError, match="3 signs, and 2"):
            self.distilled(formula, [(2, (0, 0, 0))])
        with self.beat():
            self.play(come)
            self.wait(0.5)

    film = filmed(construct)
    assert formula in film.mobjects and come_to_rest(formula, film)


def come_to_rest(formula: Formula, film: Chapter) -> bool:
    """Whether all signs stand where a formula made anew has them, fully seen."""
    fresh = Formula(Label("a = b"), 1.0)
    pairs = zip(formula.submobjects, fresh.submobjects, strict=True)
    return all(np.allclose(sign.get_center(), there.get_center(), atol=1e-3) and sign.get_fill_opacity() == 1 for sign, there in pairs)


def test_signs_that_pass_one_another_fly_on_opposite_sides():
    def middle(start: float, arc: float) -> float:
        sign, source = TextLine("w"), Square(0.1).move_to((start, 0, 0))
        way = Film().flown(sign.move_to((0, 0, 0)), source, arc)
        way.begin()
        way.interpolate(0.5)
        return float(way.mobject.get_center()[1])

    assert middle(3, 1.2) > 0.2 and middle(-3, 1.2) < -0.2
    assert middle(3, -1.2) < -0.2 and middle(-3, -1.2) > 0.2
    assert middle(3, 0.0) == pytest.approx(0.0, abs=1e-6)


def test_who_turns_a_dial_takes_over_from_what_turned_it():
    ball: Ball

    def construct(self: Any) -> None:
        nonlocal ball
        ball = self.ball()
        with self.beat():
            self.add(ball)
            self.track(Turn(ball, seconds=9, rate=linear, step=4))
            self.track(Turn(ball, seconds=3, rate=linear, height=1))
            self.wait(1)
            self.play(Turn(ball, seconds=1, step=0))
            self.wait(1)

    filmed(construct)
    assert ball.dial("step") == 0 and ball.dial("height") == 1


def test_a_move_of_the_camera_takes_over_from_one_that_runs_on():
    def construct(self: Any) -> None:
        ball = self.ball()
        with self.beat():
            self.add(ball)
            self.track(self.pushed_in(ball, 0.2, 9))
            self.wait(1)
            self.pull_back(seconds=1)
            self.wait(1)

    film = filmed(construct)
    assert film.camera.zoom == pytest.approx(1.0)


def test_the_outline_knows_when_what_runs_on_is_over():
    lengths = []

    def construct(self: Any) -> None:
        ball = self.ball()
        with self.beat():
            self.add(ball)
            self.track(Turn(ball, seconds=2, step=4))
            self.wait(1.5)
            self.settle()
        lengths.append(self.now)

    filmed(construct)
    outlined, played = lengths
    assert outlined == pytest.approx(played) == pytest.approx(2.0, abs=0.3)


# The camera --------------------------------------------------------------------------------------------


def test_narration_stays_on_the_screen_and_lines_grow_less_than_what_they_bound():
    pictures: list[np.ndarray] = []
    zooms: list[tuple[float, float]] = []

    def construct(self: Any) -> None:
        circle = Circle(0.5, stroke_width=6, color="#FFFFFF").shift(2 * RIGHT)
        with self.beat():
            self.add(circle)
            self.say("The words stay.")
            self.wait(0.2)
            if not self._outlining:
                pictures.append(snapshot(self))
            self.push_in(circle, 0.5, seconds=0.5)
            if not self._outlining:
                pictures.append(snapshot(self))
                zooms.append((self.camera.zoom, self.camera.cairo_line_width_multiple))
            self.pull_back(seconds=0.5)
            if not self._outlining:
                pictures.append(snapshot(self))

    filmed(construct)
    home, near, back = (picture.astype(int) for picture in pictures)
    zoom, width = zooms[0]
    assert zoom == pytest.approx(4.0, rel=0.02)
    assert width == pytest.approx(0.01 * zoom ** (LINES_GROW - 1))
    words = slice(160, 174)
    assert np.abs(home[words] - near[words]).max() <= 24
    assert np.abs(home[:140] - near[:140]).max() > 100
    assert np.abs(home[:176] - back[:176]).max() <= 1


# Progress and title ------------------------------------------------------------------------------------


def test_the_line_of_progress_never_shrinks_and_ends_full():
    lengths: list[float] = []

    def construct(self: Any) -> None:
        for sentence in ("One.", "Two and two and two.", "Three."):
            with self.beat():
                self.say(sentence)
                self.show(Square())
                if not self._outlining:
                    lengths.append(self._progress.width)
        if not self._outlining:
            lengths.append(self._progress.width)

    filmed(construct)
    assert lengths == sorted(lengths)
    assert lengths[-1] == pytest.approx(128 / 9, rel=0.01)


def test_the_title_comes_and_goes():
    stages: list[list[str]] = []

    def construct(self: Any) -> None:
        def words() -> list[str]:
            return [member.string for mobject in self.mobjects for member in mobject.get_family() if hasattr(member, "string")]

        with self.beat():
            self.add(self.ball())
            self.say("Why?")
        self.title_card()
        stages.append(words())
        with self.beat():
            self.say("Because.")
            stages.append(words())

    scene = filmed(construct)
    assert stages[-2] == [] and stages[-1] == ["Because."]
    assert scene.beats[0].end - scene.beats[0].cues[0].end == pytest.approx(0, abs=0.01)
    assert scene.beats[1].start >= 3.2


# Growing, and following --------------------------------------------------------------------------------


def parts() -> dict[str, Any]:
    from nnanim.visuals import HeatMap

    return {
        "picture": Ball((-3, -1, 3, 1)),
        "another picture": Ball((-1, -1, 1, 1)),
        "cells": HeatMap(np.eye(3), 0.5),
        "more cells": HeatMap(np.eye(5), 0.5),
        "square": Square(),
        "circle": Circle(),
        "words": TextLine("words"),
    }


@pytest.mark.parametrize("new", ["picture", "cells", "more cells", "square", "words"])
@pytest.mark.parametrize("old", ["another picture", "cells", "square", "circle", "words"])
@pytest.mark.parametrize("keep", [True, False])
def test_anything_grows_out_of_anything(old, new, keep):
    stage: list[tuple[bool, bool, bool]] = []

    def construct(self: Any) -> None:
        things = parts()
        first = things[old]
        later = parts()[new]
        with self.beat():
            self.add(first)
            self.grow(later, out_of=first, keep=keep, seconds=0.3)
            if not self._outlining:
                on = {id(member) for mobject in self.mobjects for member in mobject.get_family()}
                shows = later.get_fill_opacity() > 0.5 or later.get_stroke_opacity() > 0.5 or getattr(later, "opacity", np.zeros(1)).max() > 0.5
                stage.append((id(later) in on, id(first) in on, bool(shows)))

    filmed(construct)
    assert stage == [(True, keep, True)]


def test_the_camera_follows_a_point_wherever_it_goes():
    seen: list[tuple[np.ndarray, np.ndarray, float]] = []

    def construct(self: Any) -> None:
        ball = self.ball()
        with self.beat():
            self.add(ball)
            self.track(Turn(ball, seconds=3, rate=linear, step=4))
            self.track(self.followed(ball, "ball", fill=0.4, seconds=3))
            for _ in range(3):
                self.wait(1.0)
                if not self._outlining:
                    seen.append((self.camera.frame.get_center(), ball.anchor("ball"), self.camera.zoom))

    filmed(construct)
    for center, point, zoom in seen:
        assert center == pytest.approx(point) and zoom == pytest.approx(2.5)
    assert np.ptp([point[0] for _, point, _ in seen]) > 2


class Several(Film):
    """Two things run on from one call, while the camera stands near at first."""

    def construct(self) -> None:
        first, second = self.ball(), self.ball()
        self.add(first, second)
        self.begin_near(first, 0.5)
        self.seen = [float(self.camera.frame.width)]
        with self.beat():
            track = self.track(Turn(first, 1.0, linear, step=4), Turn(second, 2.0, linear, step=2))
            self.wait(1.0)
            self.ends = [track.animation.mobject is first, first.dial("step"), second.dial("step")]
            self.pull_back(0.5)
            self.settle()
        self.ends.append(second.dial("step"))
        self.seen.append(float(self.camera.frame.width))


def test_several_animations_run_on_from_one_call_and_the_camera_begins_near():
    scene = rehearse(lambda: Several(look=Look()), SMALL)
    assert scene.ends[0] and scene.ends[1:] == pytest.approx([4, 1, 2], abs=0.15)
    assert scene.seen[0] == pytest.approx(10 / 0.5) and scene.seen[1] == pytest.approx(scene.frame.width)


@given(st.integers(-3, 3))
def test_of_two_sentences_exactly_one_is_true(number):
    cases = either("It is positive.", "It is not.", lambda n: n > 0)
    assert [case.holds(number) for case in cases] == [number > 0, not number > 0]


def test_what_is_taken_off_the_stage_does_not_come_back_with_what_ran_on():
    def construct(self: Any) -> None:
        ball = self.ball()
        with self.beat():
            self.add(ball)
            self.track(Turn(ball, seconds=5, step=4))
            self.wait(0.5)
            self.remove(ball)
            self.show(Square())
            if not self._outlining:
                assert ball not in self.mobjects and not self._tracks

    filmed(construct)
