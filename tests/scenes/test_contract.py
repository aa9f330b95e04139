"""The tests' own tools for sentences: numbers are read back, opposites found, and a chapter's mutants told apart."""

from __future__ import annotations

import pytest
from contract import (
    Told,
    believed,
    exchanged,
    fault,
    general,
    heard,
    mutants,
    mutated,
    reads,
    sentences,
    shows,
    survives,
)
from productions import load

from nnanim.quantity import Label, Quantity, Sentence, counted, join
from nnanim.trace import Trace


def told(template: str, **shown: str) -> Told:
    return Told(template, shown, Trace({}), None)


@pytest.mark.parametrize(
    ("text", "value", "half"),
    [("−1,234", -1234, 0.5), ("0.50", 0.5, 0.005), ("62.5 %", 0.625, 0.0005), ("3.0°", 3, 0.05), ("3.2\u00a0×\u00a010⁻¹²", 3.2e-12, 0.05e-12)],
)
def test_numbers_are_read_back(text, value, half):
    assert reads(text) == pytest.approx((value, half))


@pytest.mark.parametrize(
    ("text", "value", "so"),
    [
        ("0.50", 0.504, True), ("0.50", 0.506, False), ("−0.00", -0.001, False), ("0.00", -0.001, True),
        ("under 0.000001", 1e-7, True), ("under 0.000001", 0.0, False), ("under 0.000001", 1e-5, False),
        ("over 1,000,000", 2e6, True), ("under minus 1,000,000", -2e6, True), ("under minus 1,000,000", 1e-7, False),
    ],
)  # fmt: skip
def test_a_text_shows_a_value_or_does_not(text, value, so):
    assert shows(text, value) == so


def test_words_are_exchanged_where_they_stand_alone():
    assert exchanged("Lifts, lowers; shoplifts {lifts}.", "lifts", "lowers") == "Lowers, lifts; shoplifts {lifts}."


def test_a_narration_is_taken_apart_into_its_sentences():
    one = Sentence("It rises to {a}.", {"a": Quantity(1.0, "a")})
    listed = Sentence("{a}, {b}.", {"a": one, "b": Sentence("{n} too", {"n": Label("x")})})
    steps = Sentence("After {n}.", {"n": counted(Quantity(2.0, "n", 0), "step", "steps")})
    assert [part.template for part in sentences(join(listed, steps))] == ["It rises to {a}.", "{n} too", "After {n}."]


def test_a_sentence_without_a_check_is_a_fault_and_so_is_a_false_one():
    checks = {"It lifts {a}.": lambda told: told.shows("a", 2.0), "It is a line.": general("what a line is")}
    assert fault(told("It lifts {a}.", a="2.00"), checks) is None
    assert "false" in fault(told("It lifts {a}.", a="3.00"), checks)
    assert "no independent check" in fault(told("It lowers {a}.", a="2.00"), checks)


def test_checks_that_believe_the_opposite_are_found_out():
    both = {"It lifts {a}.": general("lax"), "It lowers {a}.": general("lax")}
    assert believed([told("It lifts {a}.", a="2.00")], both) == ["It lowers 2.00."]
    words = {"{a} is there.": general("lax"), "{b} is there.": lambda one: one.shown["b"] == "most"}
    assert believed([told("{a} is there.", a="most")], words) == ["least is there."]
    assert not believed([told("{b} is there.", b="most")], words)


def test_a_chapter_s_mutants_are_those_of_its_spoken_words():
    chapter, cases = load("gradient-descent"), {"default": {}}
    (turned,) = [mutant for mutant in mutants(chapter) if mutant.was == "It converges."]
    assert turned.becomes == "It diverges."
    assert not [mutant for mutant in mutants(chapter) if mutant.was == "converges"], "the short word of a case is not spoken"
    assert mutated(chapter, turned).slug() == "gradient-descent"
    lax = {one.template: general("lax") for one in heard(chapter, "default", cases)}
    assert turned.was in lax
    assert not survives(chapter, turned, cases, lax), "what it says now has no check"
    assert not survives(chapter, turned, cases, lax | {turned.becomes: lambda told: False})
    assert survives(chapter, turned, cases, lax | {turned.becomes: general("lax")})
