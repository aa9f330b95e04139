"""Vanishing gradients: what is said is true of the trace, and every beat stands in the frame, whatever the parameters."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from productions import load, walked

from nnanim.audit.ledger import check_ledger
from nnanim.chapter import Chapter
from nnanim.params import ParameterError

ASPECTS = ("16:9", "4:3", "1:1", "9:16")
# Chosen to make the default's sentences false.
CASES: dict[str, dict[str, Any]] = {
    "default": {},
    "shallow": {"depth": 2, "width": 2, "steps": 1},
    "underflow": {"depth": 30, "width": 4, "gain": 0.05, "steps": 5},
    "overflow": {"depth": 30, "width": 16, "gain": 5, "initialisation": "he", "learning_rate": 10, "steps": 5},
    "wide": {"depth": 3, "width": 128, "activation": "tanh", "steps": 3, "learning_rate": 1e-6},
}


def chapter() -> Any:
    return load("vanishing-gradients")


@cache
def told(case: str) -> tuple[Chapter, list[str]]:
    """A case in the default look."""
    return walked(chapter(), **CASES[case])


@pytest.mark.parametrize("case", CASES)
def test_every_number_has_its_source(case):
    scene, found = told(case)
    assert not found
    assert not check_ledger(scene.ledger, scene.trace)
    assert all(claim.holds(scene.trace) for claim in scene.claims)
    assert max(len(cue.text.split()) for beat in scene.beats for cue in beat.cues) <= 14


parameters = st.fixed_dictionaries(
    {
        "depth": st.integers(2, 30),
        "width": st.sampled_from([2, 3, 5, 8, 16]),
        "activation": st.sampled_from(["sigmoid", "tanh", "relu"]),
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
    _, found = walked(chapter(), {"aspect": aspect}, **params)
    assert not found


def test_the_stories_differ_as_they_should():
    words = {case: " ".join(beat.text for beat in told(case)[0].beats) for case in CASES}
    assert "The other learns nothing." in words["default"] and "Both together: 100 % right." in words["default"]
    assert "Not one has changed, not in its last digit." in words["default"] and "Where did it break?" in words["default"]
    assert "At the first nothing at all." in words["underflow"] and "Too little arrives to be measured." in words["underflow"]
    assert "the weights 7.07" in words["overflow"] and "breaks down" in words["overflow"]


def test_the_answer_is_withheld():
    """Where it broke is asked in the first beat; the factor of a layer is not told for twenty seconds."""
    scene, _ = told("default")
    asked = next(cue.start for beat in scene.beats for cue in beat.cues if cue.text == "Where did it break?")
    answered = next(cue.start for beat in scene.beats for cue in beat.cues if cue.text.startswith("So a layer should pass on"))
    assert asked < 13 and answered - asked >= 20


def test_it_lasts_as_long_as_a_chapter_should():
    scene, _ = told("default")
    assert 80 <= scene.beats[-1].end <= 122


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"depth": 1}, "depth"),
        ({"depth": 31}, "depth"),
        ({"width": 1}, "width"),
        ({"activation": "gelu"}, "activation"),
        ({"activation": "residual"}, "activation"),
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
