"""Exceptions are declared with their reasons; drawn parameters keep to the bounds; findings are boxed and gathered."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import pytest
from manim import Scene, Text
from PIL import Image
from pydantic import Field, model_validator

sys.path.insert(0, str(Path(__file__).parent))
import scenes
from nnanim.audit.chapters import audit_random, audit_scene
from nnanim.audit.draw import drawn_parameters
from nnanim.audit.findings import ExceptionError, Excuse, Finding, declared, excused, gathered
from nnanim.audit.motion import Flashes
from nnanim.audit.watch import wording
from nnanim.engine import RenderSettings
from nnanim.lecture.production import Production
from nnanim.lecture.recipe import Output, Recipe
from nnanim.params import Params
from nnanim.trace import Trace

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

    def simulate(self, p: Any) -> Trace:
        if p.slope == 1.0 and self.breaks:
            raise ZeroDivisionError("no slope left")
        return Trace({"x": np.array([0.0, p.slope])})

    breaks: ClassVar[bool] = False

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


class Breaking(Sturdy):
    """A simulation that fails at a bound."""

    breaks: ClassVar[bool] = True


@pytest.mark.parametrize(("cls", "kind"), [(Fragile, "claim"), (FarOut, "off-frame"), (Breaking, "crash"), (Sturdy, "")])
def test_random_parameters_find_what_the_defaults_do_not_show(cls, kind):
    params = cls.Params.read({"slope": 0.25})
    made = Production(cls, Recipe(cls.slug(), params, Output(quality="draft"), "test"), cls.record(params), workers=1)

    def prepare(drawn: Any) -> Production:
        return Production(cls, Recipe(cls.slug(), drawn, Output(quality="draft"), "test"), cls.record(drawn), workers=1)

    report = audit_random(made, 12, 0, prepare)
    found = {finding.kind for finding in report.findings}
    assert kind in found if kind else not found
    assert all("--set slope=" in finding.look for finding in report.findings if finding.look != "defaults")


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
