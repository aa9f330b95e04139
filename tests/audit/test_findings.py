"""Exceptions are declared with their reasons; drawn parameters keep to the bounds; findings are boxed and gathered."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import pytest
from manim import RIGHT, UP, FadeIn, Mobject, Scene, Text
from PIL import Image
from pydantic import Field, model_validator

sys.path.insert(0, str(Path(__file__).parent))
import scenes
from nnanim.audit.chapters import audit_chapter, audit_scene, audit_trace, settings_of
from nnanim.audit.draw import drawn_parameters
from nnanim.audit.extremes import extreme_parameters, sharpest
from nnanim.audit.findings import ExceptionError, Excuse, Finding, declared, excused, gathered
from nnanim.audit.ink import TextUnit
from nnanim.audit.layout import _text_over_text
from nnanim.audit.motion import Flashes, Stillness
from nnanim.audit.parameter_sets import audit_random, audit_set
from nnanim.audit.watch import wording
from nnanim.engine import RenderSettings
from nnanim.engine.boxes import Box
from nnanim.lecture.production import Production
from nnanim.lecture.recipe import Output, Recipe
from nnanim.params import Numbers, ParameterError, Params
from nnanim.quantity import Label
from nnanim.recordings import cache_folder, keep
from nnanim.trace import Trace
from nnanim.visuals.cells.heatmap import HeatMap
from nnanim.visuals.page.text import TextLine

DRAFT = RenderSettings(pixel_width=854, pixel_height=480, fps=30)


class Pale(Scene):
    """A text with too little contrast, on purpose."""

    exceptions: ClassVar = (("contrast", "grad*", "the watermark is meant to be pale"),)

    def construct(self) -> None:
        self.add(scenes.frame(), Text("gradient", color="#555555"))
        self.wait(2)


def test_an_exception_excuses_what_it_names_and_is_listed_with_its_reason():
    report = audit_scene(Pale, DRAFT)
    assert [finding.kind for finding in report.findings] == ["contrast"]
    assert report.faults == []
    assert report.findings[0].excused == "the watermark is meant to be pale"


@pytest.mark.parametrize(
    ("kind", "what", "covers"),
    [("contrast", "grad*", True), ("contrast", "loss", False), ("overlap", "grad*", False), ("contrast", "*", True)],
)
def test_what_an_exception_covers(kind, what, covers):
    assert Excuse(kind, what, "why").covers(Finding("contrast", "gradient", "too pale")) is covers


def test_either_of_the_two_objects_may_be_named():
    finding = Finding("overlap", "loss", "", other="gradient")
    assert excused([finding], [Excuse("overlap", "gradient", "why")])[0].excused == "why"


@pytest.mark.parametrize(
    ("exceptions", "says"),
    [
        ((("contrast", "x", " "),), "needs a reason"),
        ((("colour", "x", "why"),), "there is no kind 'colour'"),
        ((("contrast", "x"),), "must be (kind, what, reason)"),
        (("contrast",), "must be (kind, what, reason)"),
    ],
)
def test_an_exception_without_sense_is_refused(exceptions, says):
    with pytest.raises(ExceptionError) as error:
        declared(type("Careless", (), {"exceptions": exceptions}))
    assert says in str(error.value)


def test_the_same_fault_in_several_beats_is_one_finding():
    same = [Finding("contrast", "a", "", beat=beat) for beat in (2, 3, 3, 5)]
    other = Finding("contrast", "b", "", beat=3)
    assert [(finding.what, finding.beat, finding.also) for finding in gathered([*same, other])] == [("a", 2, (3, 5)), ("b", 3, ())]


def test_the_place_is_boxed_in_a_picture(tmp_path):
    fault, _ = scenes.PLAIN["contrast"][0]
    (finding,) = audit_scene(fault, DRAFT, tmp_path).findings
    picture = np.asarray(Image.open(finding.picture)).astype(int)
    pink = (np.abs(picture - (255, 46, 136)).max(axis=-1) < 30).nonzero()
    center = (pink[0].min() + pink[0].max()) / 2, (pink[1].min() + pink[1].max()) / 2
    assert np.allclose(center, (240, 427), atol=12)  # the text stands in the middle
    assert 100 < np.ptp(pink[1]) < 300


# Drawn parameters --------------------------------------------------------------------------------------


class Bounded(Params):
    number: float = Field(0.5, gt=0, le=10)
    count: int = Field(3, ge=1, le=12)
    sizes: tuple[Annotated[int, Field(ge=1, le=1000)], ...] = Field((3, 4), min_length=2, max_length=4)
    kind: Literal["a", "b", "c"] = "a"
    place: int = Field(1, ge=1)
    model: str = "toy"
    network: str = Field("small", examples=["small", "large"])
    maybe: float | None = Field(None, ge=-1, le=1)
    said: str = Field("some words", min_length=1, max_length=20)

    @model_validator(mode="after")
    def _check(self) -> Bounded:
        if self.place > self.sizes[0]:
            raise ValueError("place must be ≤ the first size")
        return self


def test_drawn_parameters_keep_to_the_bounds_and_reach_them():
    drawn: list[Any] = list(drawn_parameters(Bounded, 300, seed=1))
    assert len(drawn) == 300
    numbers, counts = [p.number for p in drawn], [p.count for p in drawn]
    assert 0 < min(numbers) < 0.1
    assert max(numbers) == 10
    assert {min(counts), max(counts)} == {1, 12}
    assert {p.kind for p in drawn} == {"a", "b", "c"}
    assert {len(p.sizes) for p in drawn} == {2, 3, 4}
    assert all(p.place <= p.sizes[0] for p in drawn)
    assert any(p.place > 1 for p in drawn)
    assert len({p.said for p in drawn}) > 10
    assert {p.model for p in drawn} == {"toy"}, "nothing says what else it may be called"
    assert {p.network for p in drawn} == {"small", "large"}
    assert [p.model_dump() for p in drawn_parameters(Bounded, 5, seed=1)] == [p.model_dump() for p in drawn[:5]]


class Fragile(scenes.Model):
    """A claim that is false of some parameters, and a line that grows out of the frame with others."""

    class Params(Params):
        slope: float = Field(1.0, ge=-1, le=1, description="of a line")

    @staticmethod
    def simulate(p: Any, report: Any) -> Trace:
        return Trace({"x": np.array([0.0, p.slope])})

    def spoil(self, heat: Any) -> None:
        self.claim(("It rises.", lambda t: t["x"][1] > t["x"][0]))


class FarOut(Fragile):
    """The line grows with its slope."""

    def spoil(self, heat: Any) -> None:
        self.play(heat.animate.scale(1.0 + 3.0 * max(0.0, self.params.slope - 0.5)), run_time=0.3)


class Sturdy(Fragile):
    """The same with an alternative."""

    def spoil(self, heat: Any) -> None:
        self.claim(("It rises.", lambda t: t["x"][1] > t["x"][0]), ("It does not rise.", lambda t: t["x"][1] <= t["x"][0]))


class Colliding(Fragile):
    """Two texts come too near when the slope falls."""

    def spoil(self, heat: Any) -> None:
        top = self.frame.stage.center + 2.2 * UP
        beside = 0.2 if self.params.slope < 0 else 2.0
        self.play(FadeIn(TextLine(Label("one text")).move_to(top)), FadeIn(TextLine(Label("another")).move_to(top + beside * RIGHT)))


class Fading(Fragile):
    """A text that is pale when the slope falls."""

    def spoil(self, heat: Any) -> None:
        color = "#555555" if self.params.slope < 0 else "#FFFFFF"
        self.play(FadeIn(TextLine(Label("one text"), 0.5, color).move_to(self.frame.stage.center + 2.2 * UP)))


class Choosy(Sturdy):
    """A simulation that does not take everything that its bounds allow."""

    @staticmethod
    def simulate(p: Any, report: Any) -> Trace:
        if p.slope < 0:
            raise ParameterError("the slope must not fall")
        return Sturdy.simulate(p, report)


class Breaking(Sturdy):
    """A simulation that fails at a bound."""

    @staticmethod
    def simulate(p: Any, report: Any) -> Trace:
        if p.slope == 1.0:
            raise ZeroDivisionError("no slope left")
        return Sturdy.simulate(p, report)


def produced(cls: Any, **values: Any) -> Production:
    params = cls.Params.read(values)
    return Production(cls, Recipe(cls.slug(), params, Output(quality="draft"), "test"), cls.record(params), workers=1)


@pytest.mark.parametrize(
    ("cls", "kind"),
    [(Fragile, "claim"), (FarOut, "off-frame"), (Breaking, "crash"), (Colliding, "overlap"), (Fading, "contrast"), (Sturdy, "")],
)
def test_random_parameters_find_what_the_defaults_do_not_show(cls, kind):
    report = audit_random(produced(cls, slope=0.25), 12, 0)
    found = {finding.kind for finding in report.findings}
    assert kind in found if kind else not found
    assert all("--set slope=" in finding.look for finding in report.findings if finding.look != "dark 16:9")


def test_what_a_simulation_refuses_is_no_fault_but_is_said():
    report = audit_set(produced(Choosy, slope=0.25), Choosy.Params.read({"slope": -1}))
    assert report.findings == []
    assert report.refused == "--set slope=-1: the slope must not fall"
    assert audit_set(produced(Choosy, slope=0.25), Choosy.Params.read({"slope": 1})).refused == ""


# Parameters at the ends of their bounds -----------------------------------------------------------------


def extremes_of(params: type[Params], **members: Any) -> list[dict[str, Any]]:
    chapter = type("Some", (scenes.Model,), {"Params": params, **members})
    return [params.changed() for params in extreme_parameters(chapter)]


def test_every_parameter_takes_both_its_ends_and_all_of_them_at_once():
    found = extremes_of(Bounded)
    alone = [values for values in found if len(values) == 1]
    assert {"number": 10.0} in alone
    assert {"number": 0.01} in alone, "just above a bound that does not belong to it"
    assert [values["count"] for values in alone if "count" in values] == [1, 12]
    assert [values["sizes"] for values in alone if "sizes" in values] == [[1, 1], [1000] * 4]
    assert [values["kind"] for values in alone if "kind" in values] == ["b", "c"], "a is the default"
    assert [values["place"] for values in alone if "place" in values] == [3], "as far as the first size lets it"
    assert [values["maybe"] for values in alone if "maybe" in values] == [-1.0, 1.0]
    assert [values["network"] for values in alone if "network" in values] == ["large"]
    assert [len(values["said"]) for values in alone if "said" in values] == [3, 19]
    assert not any("model" in values for values in found)
    together = found[-2:]
    assert together[0] == {"number": 0.01, "count": 1, "sizes": [1, 1], "maybe": -1.0, "said": "The"}
    assert together[1]["sizes"] == [1000] * 4
    assert together[1] | {"number": 10.0, "count": 12, "kind": "c", "place": 3, "network": "large", "maybe": 1.0} == together[1]


def test_each_set_stands_there_once_and_never_the_defaults():
    found = extremes_of(Bounded)
    assert {} not in found
    assert all(found.count(values) == 1 for values in found)
    assert found == extremes_of(Bounded)


def test_a_bound_that_only_the_chapter_knows_is_found():
    class Windowed(Params):
        start: Numbers = Field((0.5, 0.0), min_length=2, max_length=2)

        @model_validator(mode="after")
        def _check(self) -> Windowed:
            if max(map(abs, self.start)) > 2:
                raise ValueError("start must lie within 2")
            return self

    low, high = (values["start"] for values in extremes_of(Windowed))
    assert min(low) == pytest.approx(-2, abs=1e-3)
    assert max(high) == pytest.approx(2, abs=1e-3)


def test_a_chapter_may_declare_its_own_extremes():
    assert extremes_of(Bounded, extremes=({"count": 12}, {}, {"count": 12}, {"kind": "b"})) == [{"count": 12}, {"kind": "b"}]
    with pytest.raises(ParameterError, match="count must be"):
        extremes_of(Bounded, extremes=({"count": 13},))


def test_what_is_set_is_named_as_it_is_typed_and_what_follows_is_not():
    class Following(Params):
        size: int = 2
        many: tuple[int, ...] = Field(default_factory=lambda data: (1,) * data["size"])
        said: str = "word"

    assert settings_of(Following.read({"size": 4, "said": "two words"})) == "--set size=4 --set 'said=two words'"
    assert settings_of(Following.read({"many": (1, 2)})) == "--set many=1-2"
    assert settings_of(Following.defaults()) == ""


# Recordings ---------------------------------------------------------------------------------------------


class Recorded(scenes.Model):
    """A chapter whose trace is kept."""

    costly: ClassVar[bool] = True


def test_a_falsified_recording_is_found_and_a_true_one_is_not():
    params = Recorded.Params.defaults()
    true = Recorded.simulate_again(params)
    kept = cache_folder() / Recorded.recording(params).name
    keep(true, kept)
    assert audit_trace(produced(Recorded)).findings == []
    x = true["x"].copy()
    x[1] = np.nextafter(x[1], np.float32(1))  # the last bit of one number
    keep(Trace({"x": x}), kept)
    falsified = produced(Recorded)
    assert audit_chapter(falsified).findings == [], "nobody could see it"
    (finding,) = audit_trace(falsified).findings
    assert (finding.kind, finding.what) == ("ledger", "trace")
    assert "differs in x (by up to 6e-08)" in finding.detail


@pytest.mark.parametrize(
    ("kept", "says"),
    [
        (Trace({"x": np.array([0.125], np.float32)}), "x (float32 (1,), now float32 (2,))"),
        (Trace({"x": np.array([0.125, 0.678])}), "x (float64 (2,), now float32 (2,))"),
        (Trace({"x": np.array([0.125, 0.678], np.float32), "y": np.zeros(2)}), "y (is gone)"),
        (Trace({}), "x (is new)"),
        (Trace({"x": np.array([0.125, 0.678], np.float32)}, {"said": "something else"}), "its text"),
    ],
)
def test_it_is_said_in_what_a_recording_differs(kept, says):
    made = replace(produced(scenes.Model), trace=kept)
    (finding,) = audit_trace(made).findings
    assert finding.detail.endswith(f"differs in {says}")


# Details ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "other"), [("after 3 steps", "after 12 steps"), ("1.5 × 10⁻⁷", "−2.25 × 10¹⁶")])
def test_a_counter_is_one_text(text, other):
    assert wording(text) == wording(other)


@pytest.mark.parametrize(("hertz", "bright", "dark", "side", "found"), [
    (4, 255, 0, 1.0, True), (3, 255, 0, 1.0, False), (8, 255, 240, 1.0, False), (8, 255, 0, 0.1, False), (8, 255, 0, 0.25, True),
])  # fmt: skip
def test_flashes_by_the_letter_of_wcag(hertz, bright, dark, side, found):
    """More than three flashes in any second, a tenth of luminance, a quarter of the central ten degrees."""
    flashes = Flashes()
    for frame in range(90):
        time = frame / 30
        picture = np.full((480, 852, 4), dark, np.uint8)
        if (time * hertz) % 1 < 0.5:
            picture[: int(480 * side), : int(852 * side)] = bright
        flashes.see(picture, time)
    assert (flashes.worst > 0) is found


def test_a_box_of_changes_spares_looking_elsewhere_and_changes_no_verdict():
    random = np.random.default_rng(0)
    picture = random.integers(0, 256, (120, 160, 4), dtype=np.uint8)
    whole, boxed = (Flashes(), Stillness()), (Flashes(), Stillness())
    for frame in range(400):
        time = frame / 30
        top, left = (int(corner) for corner in random.integers(0, 30, 2))
        height, width = (int(side) for side in random.integers(50, 90, 2)) if frame % 210 < 20 else (0, 0)
        box = Box(top, top + height, left, left + width)
        picture[top : box.bottom, left : box.right] = 255 * (frame % 2)
        for (flashes, stillness), changed in ((whole, None), (boxed, box if frame else None)):
            flashes.see(picture, time, changed)
            stillness.see(picture, time, time, changed)
    assert len(whole[1].frozen) == 1
    assert whole[0].worst > 0
    assert (whole[0].worst, whole[0].worst_time) == (boxed[0].worst, boxed[0].worst_time)
    assert np.array_equal(whole[0].turns, boxed[0].turns)
    assert [found[:2] for found in whole[1].frozen] == [found[:2] for found in boxed[1].frozen]


@pytest.mark.parametrize(("strength", "found"), [(3, True), (40, False)])
def test_small_changes_add_up_before_the_picture_counts_as_moving(strength, found):
    """A slow drift below what is seen leaves the picture standing; the box of each step is its own."""
    stillness = Stillness()
    picture = np.full((60, 80, 4), 100, np.uint8)
    for frame in range(70):
        row = frame % 50
        picture[row : row + 5, 10:20] = 100 + strength
        stillness.see(picture, frame / 10, frame / 10 + 0.1, Box(row, row + 5, 10, 20) if frame else None)
    stillness.end()
    assert bool(stillness.frozen) is found


def test_without_motion_a_text_stands_as_long_as_with_it():
    """Nothing is drawn while things move; what comes in then is seen all the same."""

    class Coming(scenes.Model):
        def construct(self) -> None:
            heat = HeatMap([[0.2, 0.4, -0.3], [0.1, -0.9, 0.5]], cell_width=2.2, cell_height=1.7).move_to(self.frame.stage.center)
            with self.beat("Nine words take two point seven seconds to read."):
                self.play(FadeIn(heat), run_time=3.2)

    assert audit_chapter(produced(Coming), motion=False).findings == []
    assert audit_chapter(produced(Coming)).findings == []


@pytest.mark.parametrize(("shared", "found"), [(3, 0), (4, 1)])
def test_texts_overlap_from_four_pixels_of_ink_on(shared, found):
    def unit(name: str, rows: slice) -> TextUnit:
        alpha = np.zeros((40, 9))
        alpha[rows, 4] = 1.0
        return TextUnit(name, Mobject(), 0, 0, 1.0, 0.5, (slice(0, 40), slice(0, 9)), alpha, np.ones((40, 9, 3)))

    moment = SimpleNamespace(units=[unit("one", slice(0, 20)), unit("two", slice(21 - shared, 40))], to_units=lambda *edges: edges)
    assert [finding.kind for finding in _text_over_text(moment, set())] == ["overlap"] * found


class Strained(Params):
    """A number, a text and a list."""

    number: int = Field(5, ge=1, le=9, description="a number")
    said: str = Field("two words", max_length=80, description="a text")
    many: Numbers = Field((1.0, 2.0), min_length=1, max_length=3, description="a list")


def test_the_sharpest_sets_change_most_or_are_longest():
    class Chapter(scenes.Model):
        Params = Strained

    sets = extreme_parameters(Chapter)
    three = sharpest(sets, 3)
    assert [params.changed().keys() for params in three[1:]] == [{"number", "said", "many"}] * 2  # all lowest, all highest
    assert three[1].number == 1 and three[2].number == 9
    assert three[0].changed().keys() == {"said"} and len(three[0].said) > 60  # the longest text alone
    assert [params for params in sets if params in three] == three
    assert sharpest(sets, 100) == sets
