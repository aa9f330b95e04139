"""Digits and claims that another rounding does not bear out are found, close to the bar on both sides."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from manim import tempconfig

from nnanim.audit.digits import unsupported
from nnanim.chapter import Chapter, Claim, Shown
from nnanim.lesson.claims import UNDECIDED, decided
from nnanim.quantity import Entry, Quantity, Sentence
from nnanim.trace import Trace


def shown(text: str, value: float, source: str = "x[0]", *claims: Claim) -> Any:
    beat = SimpleNamespace(number=1, start=0.0, end=3.0, text="Here it stands.")
    name = source.partition("[")[0]
    trace = Trace({name: np.full(9, value)})
    return SimpleNamespace(trace=trace, beats=[beat], ledger=[Shown(1.0, 2.0, Entry(text, value, "computed", source))], claims=list(claims))


@pytest.mark.parametrize(("text", "value", "unit"), [("0.50", 0.5, 0.01), ("4,321", 4321.0, 1.0), ("2.1\u00a0×\u00a010⁻⁶", 2.1e-6, 1e-7), ("68 %", 0.68, 0.01)])
@pytest.mark.parametrize("way", [-1, 1])
def test_half_of_the_last_digit_and_a_little_is_the_bar(text, value, unit, way):
    for share, found in ((0.98, 0), (1.02, 1)):
        other = Trace({"x": np.array([value + way * share * 0.52 * unit])})
        findings = unsupported(shown(text, value), other)
        assert [finding.kind for finding in findings] == ["digits"] * found


def test_a_number_that_the_other_computation_does_not_have_is_found():
    assert "no y[3]" in unsupported(shown("0.50", 0.5, "y[3]"), Trace({"x": np.array([0.5])}))[0].detail


def test_a_claim_that_only_one_rounding_bears_out_is_found_unless_it_says_so():
    trace = Trace({"x": np.array([0.5])}).beside(Trace({"x": np.array([-0.5])}))
    claim = Claim(Sentence("It is positive."), lambda t: t["x"][0] > 0, trace)
    other = Trace({"x": np.array([-0.1])})
    assert [f.what for f in unsupported(shown("0.50", 0.5, "x[0]", claim), other) if "false" in f.detail] == ["It is positive."]
    honest = decided(claim)
    assert honest.sentence.text == UNDECIDED and honest.holds(trace)
    assert not [f for f in unsupported(shown("0.50", 0.5, "x[0]", honest), other) if "false" in f.detail]
    agreeing = trace.beside(Trace({"x": np.array([0.6])}))
    sure = replace(claim, of=agreeing)
    assert decided(sure) is sure
    assert not honest.holds(agreeing)  # a trace that is not chaotic is not called so


def test_a_claim_with_a_number_that_rounding_decides_is_not_made():
    trace = Trace({"x": np.array([0.5])}).beside(Trace({"x": np.array([0.1])}))
    claim = Claim(Sentence("It ends at {x}.", {"x": trace.quantity("x", 0)}), lambda t: t["x"][0] > 0, trace)
    assert decided(claim).sentence.text == UNDECIDED


class Wavering(Chapter):
    """Its number is the outcome of a chaotic map in single precision."""

    @staticmethod
    def simulate(p: Any, report: Any) -> Trace:
        import torch

        x = torch.tensor(0.3)
        for _ in range(60):
            x = 3.99 * x * (1 - x**1.0001)
        return Trace({"x": x[None].numpy()})

    def construct(self) -> None:
        with self.beat(self.claim(("It is in the upper half: {x}.", lambda t: t["x"][0] > 0.5), ("It is {x}.", lambda t: True), x=self.trace.quantity("x", 0))):
            pass
        with self.beat("It ends at {x}.", x=self.trace.quantity("x", 0)):
            pass


def test_a_chapter_says_that_its_outcome_is_chaotic():
    with tempconfig({"verbosity": "ERROR", "dry_run": True}):
        scene = Wavering(trace=Wavering.record(Wavering.Params.defaults()))
        scene.setup()
        scene._outlining = True
        scene.construct()
    assert [beat.text for beat in scene.beats] == [UNDECIDED, "It ends at chaotic."]
    assert isinstance(scene.trace.quantity("x", 0), Quantity)


def test_claims_about_a_part_of_a_trace_are_held_against_the_same_part():
    trace = Trace({"race.x": np.array([0.5])}).beside(Trace({"race.x": np.array([-0.5])}))
    claim = Claim(Sentence("It is positive."), lambda view: view["x"][0] > 0, trace.under("race"))
    assert decided(claim).sentence.text == UNDECIDED
    assert decided(replace(claim, of=trace.beside(Trace({"race.x": np.array([0.4])})).under("race"))).sentence.text == "It is positive."
    assert decided(replace(claim, of=trace.beside(Trace({})).under("race"))).sentence.text == UNDECIDED
    found = unsupported(shown("0.50", 0.5, "x[0]", claim), Trace({"x": np.array([0.5]), "race.x": np.array([-0.1])}))
    assert [finding.what for finding in found] == ["It is positive."]
