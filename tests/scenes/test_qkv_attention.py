"""QKV attention: every beat stands in the frame, every number has its source, wrong input gets one line."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from productions import load, walked

from nnanim.audit.ledger import check_ledger
from nnanim.params import ParameterError
from nnanim.subject import in_silence

ASPECTS = ("16:9", "4:3", "1:1", "9:16")
TOY: dict[str, Any] = {"model": "toy", "layer": 1, "head": 1}
CASES: dict[str, dict[str, Any]] = {
    "usual": {},
    "longest": {"sentence": "The cat sat on the mat because it was tired and the cat sat"},
    "shortest": {"sentence": "a cat", "layer": 2, "head": 4},
    "odd": {"sentence": "1 😀 {x}\n\"1\""},
    "first": {"word": "The"},
}


def chapter() -> Any:
    return load("qkv-attention")


def test_names():
    assert chapter().slug() == "qkv-attention"
    assert chapter().heading() == "QKV attention"


@pytest.mark.parametrize("aspect", ASPECTS)
@pytest.mark.parametrize("case", CASES)
def test_every_beat_fits_and_every_number_has_its_source(case, aspect):
    if aspect == "4:3" and case not in ("longest", "usual"):
        pytest.skip("as 16:9, but narrower: seen with the fullest frames")
    scene, found = walked(chapter(), {"aspect": aspect, "theme": "light" if aspect == "4:3" else "dark"}, **{**TOY, **CASES[case]})
    assert not found
    assert not check_ledger(scene.ledger, scene.trace)
    assert all(claim.holds(scene.trace) for claim in scene.claims)
    assert all(len(cue.text.split()) <= 14 for beat in scene.beats for cue in beat.cues)
    assert 80 < scene.beats[-1].end < 150


words = st.lists(st.sampled_from(["the", "cat", "it", "12", "because", "tired.", "mat", "x_1"]), min_size=2, max_size=4)


@settings(max_examples=3, phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow])
@given(words, st.integers(1, 2), st.integers(1, 4), st.sampled_from(ASPECTS))
def test_no_parameters_break_it(sentence, layer, head, aspect):
    params = {"sentence": " ".join(sentence), "layer": layer, "head": head}
    _, found = walked(chapter(), {"aspect": aspect}, **{**TOY, **params})
    assert not found


@pytest.mark.parametrize(
    ("params", "problem"),
    [
        ({"layer": 3}, "layer must be a whole number from 1 to 2 in toy model, got 3"),
        ({"layer": 0}, "layer must be a whole number from 1 to 2"),
        ({"head": 5}, "head must be a whole number from 1 to 4"),
        ({"sentence": "cat " * 60}, "sentence must have 2 to 16 tokens, got"),
        ({"sentence": ""}, "sentence must be text of 1 to 400 characters, got nothing"),
        ({"word": "dog"}, "word must be one of the sentence’s tokens, got “dog”"),
        ({"model": "no/such/model"}, "there is no model 'no/such/model'"),
    ],
)
def test_wrong_input_gets_one_line(params, problem):
    with pytest.raises(ParameterError, match=re.escape(problem)) as caught:
        chapter().record(chapter().Params.read({**TOY, **params}))
    assert "\n" not in str(caught.value)


def test_without_the_model_it_says_how_to_install_it(monkeypatch, tmp_path):
    from nnanim.sim import language_model

    monkeypatch.setenv("NNANIM_DATA", str(tmp_path))
    language_model._load_installed.cache_clear()
    with pytest.raises(ParameterError, match="nnanim models install smollm2"):
        chapter().simulate(chapter().Params.read({}), in_silence)


def test_the_trace_depends_on_the_model():
    scene = chapter()
    of_toy, of_real = (scene.depends_on(chapter().Params.read({"model": name})) for name in ("toy", "smollm2"))
    assert of_toy and of_real and of_toy != of_real


def test_layer_and_head_fit_the_model():
    read = chapter().Params.read
    assert (read({}).layer, read({}).head) == (14, 9)
    for model in ("toy", "some/directory"):
        assert (read({"model": model}).layer, read({"model": model}).head) == (1, 1)
        assert read({"model": model}).changed() == {"model": model}
    assert read({"model": "toy", "layer": 2}).changed() == {"model": "toy", "layer": 2}
    assert read({"model": "smollm2", "head": 1}).changed() == {"head": 1}
    assert read({"layer": 14}).changed() == {}


def test_a_directory_is_shown_like_any_other_model(tmp_path):
    """A model of another architecture, with a sliding window, capped scores, more ids than tokens, and nothing set but its directory."""
    pytest.importorskip("transformers", reason="directories need the extra models")
    from local_models import DECODERS, save

    save(DECODERS["gemma2"](), tmp_path / "mine")
    scene, found = walked(chapter(), {}, model=str(tmp_path / "mine"))
    assert not found
    assert not check_ledger(scene.ledger, scene.trace)
    assert all(claim.holds(scene.trace) for claim in scene.claims)
    assert scene.trace.text["model"] == "mine"
    heard = " ".join(beat.text for beat in scene.beats)
    assert "Here a word sees 4 words at most, itself included." in heard
    assert "Here no score exceeds 0.50 in size." in heard
    assert "Its queries and keys are not to be had." in heard
    assert "a sink" not in heard
    weights = scene.trace["attention"]
    assert weights[-1, :-4].max() == 0 < weights[-1, -4:].min()
    with pytest.raises(ParameterError, match=r"layer must be a whole number from 1 to 2 in mine, got 3 \(try --set layer=2\)"):
        chapter().record(chapter().Params.read({"model": str(tmp_path / "mine"), "layer": 3}))
