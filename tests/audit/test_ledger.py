"""Every digit on screen has a source: the chapter under many parameters, and scenes that must be caught."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from manim import (
    DecimalNumber,
    FadeIn,
    Integer,
    MarkupText,
    MathTypst,
    Paragraph,
    Scene,
    Square,
    Text,
    Typst,
    VGroup,
)

from nnanim.audit.ledger import LedgerFault, check_ledger, is_rounding, texts_on_stage, unsourced_digits
from nnanim.chapter import Shown
from nnanim.engine import RenderSettings, rehearse
from nnanim.quantity import Cited, Entry, Given, Label, Quantity, Sentence
from nnanim.sim import mlp
from nnanim.trace import Trace
from nnanim.visuals.cells.number_grid import NumberGrid
from nnanim.visuals.page.math import Formula
from nnanim.visuals.page.text import TextLine

SMALL = RenderSettings(pixel_width=160, pixel_height=90, fps=4)
WEIGHTS = "a file with weights"

CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "default": ({}, {}),
    "2-12-12-3": ({}, {"layers": (2, 12, 12, 3)}),
    "5-1-4": ({}, {"layers": (5, 1, 4)}),
    "relu and identity": ({}, {"activation": "relu", "head": "identity"}),
    "tanh and sigmoid": ({}, {"activation": "tanh", "head": "sigmoid"}),
    "20-30-15": ({}, {"layers": (20, 30, 15)}),
    WEIGHTS: ({}, {}),
    "light": ({"theme": "light"}, {"layers": (3, 4, 4, 4, 2), "activation": "gelu"}),
    "9:16": ({"aspect": "9:16"}, {}),
    "1:1": ({"aspect": "1:1"}, {"seed": 7, "gain": 4.0}),
}


@pytest.mark.parametrize("case", CASES)
def test_every_digit_of_the_chapter_has_a_source_at_every_beat(produce, tmp_path, case):
    output, params = CASES[case]
    if case == WEIGHTS:
        trace = mlp.forward(mlp.initialise((4, 6, 3), 5, 1.0), (0.1, 0.2, 0.3, 0.4), "tanh", "softmax")
        (tmp_path / "weights.npz").write_bytes(trace.to_bytes(".npz"))
        params = {"weights": tmp_path / "weights.npz"}
    production = produce(output, **params)
    found: list[tuple[int, LedgerFault]] = []
    numbers: list[int] = []

    def look(scene: Any, beat: Any) -> None:
        found.extend((beat.number, finding) for finding in unsourced_digits(scene))
        numbers.append(sum(any(c.isdigit() for c in seen.text) for seen in texts_on_stage(scene)))

    scene: Any = rehearse(lambda: production.scene(look), production.settings)
    assert found == []
    assert len(numbers) == len(scene.beats)
    assert max(numbers) >= 8, "hardly a number was looked at"
    assert check_ledger(scene.ledger, production.trace) == []
    assert len(scene.ledger) > 20


# Scenes that must be caught ----------------------------------------------------------------------------


def on_stage(*mobjects: Any) -> Scene:
    class Stage(Scene):
        def construct(self) -> None:
            self.add(*mobjects)
            self.wait(0.5)

    return rehearse(Stage, SMALL)


UNSOURCED = {
    "Text": lambda: Text("0.5"),
    "Text among words": lambda: Text("about 3 times"),
    "raised": lambda: Text("x²"),
    "MarkupText": lambda: MarkupText("<b>0.5</b>"),
    "Paragraph": lambda: Paragraph("one", "line 2"),
    "Typst": lambda: Typst("0.5"),
    "MathTypst": lambda: MathTypst("x + 1"),
    "DecimalNumber": lambda: DecimalNumber(0.5, mob_class=Text),
    "Integer": lambda: Integer(3, mob_class=Text),
    "deep in groups": lambda: VGroup(Square(), VGroup(VGroup(Text("7")))),
    "behind a label": lambda: VGroup(TextLine(Label("GPT-2")), Text("2")),
}


@pytest.mark.parametrize("case", UNSOURCED)
def test_a_number_of_manims_own_is_found(case):
    findings = unsourced_digits(on_stage(UNSOURCED[case]()))
    assert len(findings) == 1
    assert "no source" in str(findings[0])


def test_the_same_scene_with_sourced_numbers_is_clean():
    scene = on_stage(
        TextLine(Quantity(0.5, "x[0]")),
        TextLine(Given(3.0, "parameters.n", 0)),
        TextLine(Cited("gpt3_parameters")),
        TextLine(Label("x²")),
        TextLine(Sentence("about {n} times, says {m}", {"n": Quantity(3, "n", 0), "m": Label("GPT-2")})),
        Formula(Label("a^((l-1))")),
        NumberGrid([[Quantity(0.5, "x[0]"), None]], [(0, 0, 0), (1, 0, 0)]),
        Text("words"),
        Typst("words"),
        Paragraph("one", "two"),
        Square(),
    )
    assert unsourced_digits(scene) == []
    assert [seen.text for seen in texts_on_stage(scene)] == [
        "0.50", "3", "175 billion", "x²", "about 3 times, says GPT-2", "a^((l-1))", "0.50", "words", "words", "one\ntwo",
    ]  # fmt: skip


def test_what_is_not_seen_is_not_found():
    scene = on_stage(Text("0.5").set_opacity(0), DecimalNumber(2, mob_class=Text).set_opacity(0))
    assert texts_on_stage(scene) == []


def test_a_number_that_was_never_computed_is_found_though_the_text_is_ours():
    changed = TextLine(Sentence("z is {z}.", {"z": Quantity(0.25, "z")}))
    changed.string = "z is 0.52."
    added = TextLine(Quantity(0.25, "z"))
    added.string = "0.25 of 10"
    problems = [finding.problem for finding in unsourced_digits(on_stage(changed, added))]
    assert len(problems) == 2
    assert "not what its numbers" in problems[0]
    assert "of 10" in problems[1]


def test_a_number_that_the_ledger_missed_is_found(rehearsed, produce):
    """A chapter that puts a number on stage behind the ledger's back."""
    production = produce(example="by-hand")
    found: list[LedgerFault] = []

    def smuggle(scene: Any, beat: Any) -> None:
        if beat.number == 1:
            scene.mobjects.append(TextLine(production.trace.quantity("outputs", 0, decimals=4)))
            found.extend(unsourced_digits(scene))

    rehearse(lambda: production.scene(smuggle), production.settings)
    assert [finding.problem.split(" (")[1] for finding in found] == ["outputs[0]) stands on stage but not in the ledger"]


def test_a_text_that_fades_in_is_seen():
    class Fading(Scene):
        def construct(self) -> None:
            self.play(FadeIn(Text("0.5")), run_time=0.5)

    assert len(unsourced_digits(rehearse(Fading, SMALL))) == 1


# Ledgers that do not keep their word -------------------------------------------------------------------

TRACE = Trace({"x": np.array([0.125, 0.678], dtype=np.float32)}, given=frozenset()).with_given({"parameters.n": 3})
X1 = float(np.float32(0.678))
GOOD = [
    Shown(0, 1, Entry("0.68", X1, "computed", "x[1]")),
    Shown(0, 1, Entry("0.12", 0.125, "computed", "x[0]")),  # a tie goes to the even digit
    Shown(0, 1, Entry("3", 3.0, "given", "parameters.n")),
    Shown(0, 1, Cited("gpt3_parameters").entries[0]),
    Shown(0.5, 0.5, Quantity(X1, "x[1]", 1, " %").entries[0]),
]


def test_a_ledger_that_keeps_its_word_has_no_findings():
    assert check_ledger(GOOD, TRACE) == []


@pytest.mark.parametrize(
    ("place", "changes", "problem"),
    [
        (0, {"text": "0.67"}, "rounded"),
        (0, {"text": "0.680"}, "rounded"),
        (0, {"text": "−0.68"}, "rounded"),
        (0, {"text": "many"}, "rounded"),
        (1, {"text": "0.13"}, "rounded"),
        (0, {"value": 0.678}, "in the trace"),  # float64's 0.678 is not float32's
        (0, {"source": "x[0]"}, "in the trace"),
        (0, {"source": "x[2]"}, "no source"),
        (0, {"source": "y[0]"}, "no source"),
        (0, {"kind": "given"}, "is called given"),
        (2, {"kind": "computed"}, "is called computed"),
        (3, {"source": "facts.toml: nothing"}, "not in the table of facts"),
        (3, {"text": "176 billion"}, "the table of facts says 175 billion"),
        (3, {"value": 1.0}, "the table of facts says"),
    ],
)
def test_a_ledger_that_breaks_its_word_is_found_out(place, changes, problem):
    wrong = dataclasses.replace(GOOD[place], entry=dataclasses.replace(GOOD[place].entry, **changes))
    findings = check_ledger([wrong], TRACE)
    assert any(problem in finding.problem for finding in findings), findings


def test_times_must_run_forward():
    assert len(check_ledger([Shown(2, 1, GOOD[0].entry)], TRACE)) == 1


@pytest.mark.parametrize(
    ("text", "value", "right"),
    [
        ("1,235", 1234.6, True),
        ("1,234", 1234.6, False),
        ("−0.01", -0.006, True),
        ("0.00", -0.004, True),
        ("−0.00", -0.004, False),
        ("67.8 %", 0.678, True),
        ("0.68 %", 0.678, False),
        ("3.0°", 3.013, True),
        ("3.1°", 3.013, False),
        ("2", 2.5, True),
        ("3", 2.5, False),
    ],
)
def test_rounding(text, value, right):
    assert is_rounding(text, value) is right
