"""Vanishing gradients: what is said is true of the trace, and every beat stands in the frame, whatever the parameters."""

from __future__ import annotations

import math
import re
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from productions import load, walked

from nnanim.audit.ledger import check_ledger
from nnanim.chapter import Chapter
from nnanim.params import ParameterError
from nnanim.quantity import parse_number

KINDS = ("sigmoid", "tanh", "relu", "residual")
ASPECTS = ("16:9", "4:3", "1:1", "9:16")
# Chosen to make the default's sentences false.
CASES: dict[str, dict[str, Any]] = {
    "default": {},
    "stable": {"initialisation": "he", "activation": "relu"},
    "faint": {"initialisation": "xavier", "activation": "relu"},
    "shallow": {"depth": 2, "width": 2, "steps": 1},
    "dead neurons": {"depth": 30, "width": 2, "activation": "relu", "steps": 20},
    "underflow": {"depth": 30, "width": 2, "gain": 0.05, "steps": 20},
    "exploding": {"depth": 30, "gain": 3, "initialisation": "he", "activation": "tanh", "steps": 20},
    "overflow": {"depth": 30, "gain": 5, "initialisation": "he", "activation": "relu", "learning_rate": 10, "steps": 20},
    "wide": {"depth": 3, "width": 128, "activation": "residual", "steps": 3, "learning_rate": 1e-6},
}


def chapter() -> Any:
    return load("vanishing-gradients")


@cache
def told(case: str) -> tuple[Chapter, list[str]]:
    """A case in the default look."""
    return walked(chapter(), **CASES[case])


@pytest.mark.parametrize("case", CASES)
def test_every_beat_fits_and_every_number_has_its_source(case):
    scene, found = told(case)
    assert not found
    assert not check_ledger(scene.ledger, scene.trace)
    assert all(claim.holds(scene.trace) for claim in scene.claims)
    assert max(len(beat.text) for beat in scene.beats) <= 135


@pytest.mark.parametrize(("case", "aspect"), list(zip(CASES, ("9:16", "1:1", "4:3") * 3, strict=True)))
def test_every_beat_fits_other_aspects(case, aspect):
    _, found = walked(chapter(), {"aspect": aspect, "theme": "light"}, **CASES[case])
    assert not found


parameters = st.fixed_dictionaries(
    {
        "depth": st.integers(2, 30),
        "width": st.sampled_from([2, 3, 5, 8, 16]),
        "activation": st.sampled_from(KINDS),
        "initialisation": st.sampled_from(["default", "xavier", "he"]),
        "gain": st.sampled_from([0.05, 0.3, 1.0, 2.0, 5.0]),
        "seed": st.integers(0, 2**31 - 1),
        "steps": st.integers(1, 12),
        "learning_rate": st.sampled_from([1e-6, 0.01, 0.1, 1.0, 10.0]),
    }
)


@settings(max_examples=4, suppress_health_check=[HealthCheck.too_slow])
@given(parameters, st.sampled_from(ASPECTS))
def test_no_parameters_break_it(params, aspect):
    scene, found = walked(chapter(), {"aspect": aspect}, **params)
    assert not found
    check_what_is_said(scene)


@pytest.mark.parametrize("case", CASES)
def test_what_is_said_is_so(case):
    check_what_is_said(told(case)[0])


def check_what_is_said(scene: Chapter) -> None:
    """The verdicts, numbers and lists that are spoken, derived again from the norms and losses alone."""
    trace, chosen = scene.trace, KINDS.index(scene.params.activation)
    order = [chosen, *(i for i in range(4) if i != chosen)]
    spoken = [beat.text for beat in scene.beats]
    for i, words in zip(order, spoken[5:9], strict=True):
        norms = trace["weight_norms"][i]
        number = first_number(words)
        if norms[0] == 0:
            assert "exactly zero" in words
        elif norms[-1] / norms[0] > 100:
            assert "vanishes" in words and number == pytest.approx(norms[-1] / norms[0], rel=0.06)
        elif norms[-1] == 0:
            assert "the last one none" in words
        elif norms[0] / norms[-1] > 100:
            assert "explodes" in words and number == pytest.approx(norms[0] / norms[-1], rel=0.06)
        elif max(norms) < 0.01:
            assert "faint" in words and "stable" not in words
        elif min(norms) > 100:
            assert "huge" in words and "stable" not in words
        else:
            assert "stable" in words
            assert norms[0] > norms[-1] or not re.search("first over last|the first layer’s gradient is", words)
            assert number == pytest.approx(max(norms[-1] / norms[0], norms[0] / norms[-1]), rel=0.06)
    deepest = trace["depth_norms"][-1]
    stable = [
        name
        for name, norms in zip(("sigmoid", "tanh", "ReLU", "residual"), deepest, strict=True)
        if 0 < norms[0] <= 100 * norms[-1] and norms[-1] <= 100 * norms[0] and max(norms) >= 0.01 and min(norms) <= 100
    ]
    words = spoken[10]
    if stable and len(stable) < 4:
        assert re.findall("sigmoid|tanh|ReLU|residual", words) == stable
        assert ("only" in words) == (len(stable) == 1)
    else:
        assert ("all four" if stable else "no network") in words
    loss = trace["losses"][chosen]
    words = spoken[11]
    if not np.isfinite(loss).all():
        assert "overflow" in words
    elif abs(loss[-1] - math.log(2)) < 0.01:
        assert "as good as guessing" in words
    first = trace["changes"][chosen][0]
    words = spoken[12]
    if math.isnan(first):
        assert "overflow" in words
    elif first == 0:
        assert "exactly where" in words
        if (unmoved := int((trace["changes"][chosen] == 0).sum())) > 1:
            assert f": {unmoved} of {scene.params.depth} layers" in words
    else:
        assert "has moved by" in words


def first_number(words: str) -> float:
    """The first number of a sentence, also one in powers of ten; infinite when there is none."""
    found = re.search(r"(\d[\d,]*(?:\.\d+)?)(?:\u00a0×\u00a010([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+))?", words)
    if not found:
        return math.inf
    power = (found[2] or "⁰").translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
    return float(f"{parse_number(found[1])}e{power}")


def test_the_stories_differ_as_they_should():
    words = {case: " ".join(beat.text for beat in told(case)[0].beats) for case in CASES}
    assert "Sigmoid: the last layer’s gradient is" in words["default"] and "only the residual network" in words["default"]
    assert "ReLU: the last layer’s gradient is 5.2 times the first’s. It stays stable." in words["stable"]
    assert "but all layers are faint" in words["faint"]
    assert "nothing reaches the first layer" in words["dead neurons"]
    assert "too small for single precision" in words["underflow"]
    assert "It explodes on the way back." in words["exploding"]
    assert "but all layers are huge" in words["overflow"] and "overflow at" in words["overflow"]
    assert "none of its 2 bars" in words["shallow"]


def test_it_lasts_as_long_as_a_chapter_should():
    scene, _ = told("default")
    assert 45 <= scene.beats[-1].end <= 120
    for beat in scene.beats:
        assert beat.end - beat.start >= 0.3 * len(beat.text.split())


def test_the_legend_of_what_helps_can_be_read():
    """Its nineteen words at 0.3 s each, also where no network is stable and little is said of it."""
    scene, _ = told("underflow")
    (beat,) = (beat for beat in scene.beats if beat.text.startswith("What helps"))
    assert beat.end - beat.start >= 0.5 + 0.3 * 19


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"depth": 1}, "depth"),
        ({"depth": 31}, "depth"),
        ({"width": 1}, "width"),
        ({"activation": "gelu"}, "activation"),
        ({"initialisation": "xavie"}, "initialisation"),
        ({"learning_rate": 0}, "learning_rate"),
        ({"steps": 0}, "steps"),
        ({"gain": -1}, "gain"),
    ],
)
def test_wrong_parameters_are_refused_in_one_sentence(wrong, message):
    with pytest.raises(ParameterError, match=message) as error:
        chapter().Params.read(wrong)
    assert "\n" not in str(error.value)
