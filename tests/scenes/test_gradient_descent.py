"""The gradient-descent chapter says what its trace says, under any parameters and in every frame."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from productions import load, production_of

from nnanim.audit.ledger import check_ledger, unsourced_digits
from nnanim.params import ParameterError

ASPECTS = ("16:9", "9:16", "1:1", "4:3")


def chapter():
    return load("gradient-descent")


def rehearse(aspect="16:9", **params):
    scene = production_of(chapter(), {"aspect": aspect}, **params).rehearse()
    assert not check_ledger(scene.ledger, scene.trace)
    assert not unsourced_digits(scene)
    assert all(claim.holds(scene.trace) for claim in scene.claims)
    return scene


def said(scene):
    return " ".join(beat.text for beat in scene.beats)


def test_the_defaults_tell_the_course_s_story():
    scene = rehearse()
    assert scene.given("learning_rate").value == 0.05
    assert scene.given("momentum").value == 0.1
    assert "0.005 is still on its way, 0.05 converges, 0.60 diverges" in said(scene)
    assert 45 <= scene.beats[-1].end <= 120
    assert max(len(beat.text) for beat in scene.beats) <= 112
    # One step, by hand: the gradient of 0.35 θ₁² + 1.7 θ₂² is (0.7 θ₁, 3.4 θ₂).
    np.testing.assert_allclose(scene.trace["descent.points"][1], (-2.4 + 0.05 * 0.7 * 2.4, 0.8 - 0.05 * 3.4 * 0.8))


@pytest.mark.parametrize(
    ("aspect", "params", "words"),
    [
        ("9:16", {"learning_rate": 0.6}, "above the 3.10 of the start: the run diverges"),
        ("1:1", {"learning_rate": 0.57}, "It overshoots"),
        ("4:3", {"surface": "saddle", "start": (0, 0)}, "The gradient is zero"),
        ("9:16", {"surface": "rosenbrock", "learning_rate": 10, "start": (-2, -1)}, "out of all bounds"),
        ("4:3", {"surface": "network", "learning_rate": 10, "steps": 10, "optimiser": "adam"}, "Adam’s direction"),
    ],
)
def test_the_narration_follows_the_run(aspect, params, words):
    assert words in said(rehearse(aspect, **params))


@settings(max_examples=3)
@given(
    aspect=st.sampled_from(ASPECTS),
    surface=st.sampled_from(["bowl", "rosenbrock", "himmelblau", "saddle", "network"]),
    start=st.tuples(st.floats(-1, 1), st.floats(-1, 1)),
    learning_rate=st.floats(1e-6, 10),
    learning_rates=st.tuples(*[st.floats(1e-6, 100)] * 3),
    momentum=st.floats(0, 0.999),
    heavy_momentum=st.floats(1e-3, 0.999),
    steps=st.integers(10, 60),
    optimiser=st.sampled_from(["sgd", "momentum", "adam"]),
)
def test_every_beat_plays_under_any_parameters(**params):
    rehearse(**params)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"surface": "bowel"}, "surface must be one of bowl"),
        ({"start": (5, 0)}, "start must lie between -3 and 3, -2 and 2"),
        ({"start": (1, 2, 3)}, "start must be"),
        ({"learning_rate": -1}, "learning_rate must be a number"),
        ({"learning_rates": (0.1, 0.2, 1000)}, "learning_rates must each lie between"),
        ({"momentum": 1}, "momentum must be a number"),
    ],
)
def test_wrong_parameters_are_explained(params, message):
    with pytest.raises(ParameterError, match=message.replace("(", r"\(")):
        chapter().Params.read(params)
