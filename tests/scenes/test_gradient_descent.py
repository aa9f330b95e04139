"""The gradient-descent chapter says what its trace says, under any parameters and in every frame."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from productions import load, production_of

from nnanim.audit.ledger import check_ledger, unsourced_digits
from nnanim.params import ParameterError
from nnanim.sim import descents

ASPECTS = ("16:9", "9:16", "1:1", "4:3")


def chapter():
    return load("gradient-descent")


@pytest.fixture(scope="module", autouse=True)
def fewer_starts():
    with pytest.MonkeyPatch.context() as patch:
        for name, size in (("GRID", 15), ("NETWORK_GRID", 7), ("FOLLOWED", 150), ("RANDOM_STARTS", 120)):
            patch.setattr(descents, name, size)
        yield


def rehearse(aspect="16:9", **params):
    scene = production_of(chapter(), {"aspect": aspect}, **params).rehearse()
    assert not check_ledger(scene.ledger, scene.trace)
    assert not unsourced_digits(scene)
    assert all(claim.holds(claim.of) for claim in scene.claims)
    return scene


def said(scene):
    return " ".join(beat.text for beat in scene.beats)


def test_the_defaults_tell_the_course_s_story():
    scene = rehearse()
    assert scene.given("learning_rate").value == 0.01
    words = said(scene)
    for sentence in (
        "From 175.1 down to 13.31.", "No. A saddle: down was there, only faint.", "Several bottoms, all equally deep.",
        "At 0.0149 every ball settles.", "At 0.0150 the ball in the sharpest never settles.",
        "With momentum 26 steps instead of 71 steps, to another bottom.",
    ):  # fmt: skip
        assert sentence in words
    assert 60 <= scene.beats[-1].end <= 150
    assert max(len(cue.text.split()) for beat in scene.beats for cue in beat.cues) <= 14
    # One step, by hand, down the slope of (θ₁² + θ₂ − 11)² + (θ₁ + θ₂² − 7)².
    x, y = 0.2, -0.6
    slope = 4 * x * (x * x + y - 11) + 2 * (x + y * y - 7), 2 * (x * x + y - 11) + 4 * y * (x + y * y - 7)
    np.testing.assert_allclose(scene.trace["descent.points"][1], (x - 0.01 * slope[0], y - 0.01 * slope[1]))


@pytest.mark.parametrize(
    ("aspect", "params", "words"),
    [
        ("9:16", {"learning_rate": 0.6}, "It is out of all bounds: it diverges"),
        ("1:1", {"surface": "bowl", "learning_rate": 0.57}, "It overshoots"),
        ("4:3", {"surface": "saddle", "start": (0, 0)}, "Here the ground is level"),
        ("4:3", {"surface": "network", "learning_rate": 10, "steps": 10, "optimiser": "adam"}, "Adam’s direction"),
    ],
)
def test_the_narration_follows_the_run(aspect, params, words):
    assert words in said(rehearse(aspect, **params))


@settings(max_examples=2)
@given(
    aspect=st.sampled_from(ASPECTS),
    surface=st.sampled_from(["bowl", "rosenbrock", "himmelblau", "saddle"]),
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
        ({"start": (6, 0)}, "start must lie between -5 and 5, -5 and 5"),
        ({"start": (1, 2, 3)}, "start must be"),
        ({"learning_rate": -1}, "learning_rate must be a number"),
        ({"learning_rates": (0.1, 0.2, 1000)}, "learning_rates must each lie between"),
        ({"momentum": 1}, "momentum must be a number"),
    ],
)
def test_wrong_parameters_are_explained(params, message):
    with pytest.raises(ParameterError, match=message.replace("(", r"\(")):
        chapter().Params.read(params)
