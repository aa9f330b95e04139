"""QKV attention: every beat stands in the frame, every sentence is true of the trace, wrong input gets one line."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from productions import load, walked

from nnanim.audit.ledger import check_ledger
from nnanim.chapter import Chapter
from nnanim.params import ParameterError
from nnanim.trace import Trace

ASPECTS = ("16:9", "4:3", "1:1", "9:16")
TOY: dict[str, Any] = {"model": "toy", "layer": 1, "head": 1}
CASES: dict[str, dict[str, Any]] = {
    "usual": {},
    "largest": {"toy_tokens": 5, "seed": 28, "sentence": "The cat sat on the mat because it was tired and the cat sat"},
    "smallest": {"toy_tokens": 2, "toy_width": 2, "sentence": "a cat", "layer": 2, "head": 4},
    "odd": {"seed": 9, "sentence": "1 😀 {x}\n\"1\""},
    "first": {"word": "The", "toy_tokens": 3},
}


def chapter() -> Any:
    return load("qkv-attention")


@cache
def trace_of(**params: Any) -> Any:
    return chapter().record(chapter().Params.read(params))


def test_names():
    assert chapter().slug() == "qkv-attention"
    assert chapter().heading() == "QKV attention"


@pytest.mark.parametrize("aspect", ASPECTS)
@pytest.mark.parametrize("case", CASES)
def test_every_beat_fits_and_every_number_has_its_source(case, aspect):
    if aspect == "4:3" and case not in ("largest", "usual"):
        pytest.skip("as 16:9, but narrower: seen with the fullest frames")
    scene, found = walked(chapter(), {"aspect": aspect, "theme": "light" if aspect == "4:3" else "dark"}, **{**TOY, **CASES[case]})
    assert not found
    assert not check_ledger(scene.ledger, scene.trace)
    assert all(claim.holds(scene.trace) for claim in scene.claims)
    assert len(scene.beats) == 16
    assert max(len(beat.text) for beat in scene.beats) <= 125
    assert 60 < scene.beats[-1].end < 125
    check_what_is_said(scene)


words = st.lists(st.sampled_from(["the", "cat", "it", "12", "because", "tired.", "mat", "x_1"]), min_size=2, max_size=4)


@settings(max_examples=4, phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow])
@given(words, st.integers(1, 2), st.integers(1, 4), st.integers(2, 5), st.integers(2, 3), st.integers(0, 2**31 - 1), st.sampled_from(ASPECTS))
def test_no_parameters_break_it(sentence, layer, head, tokens, width, seed, aspect):
    params = {"sentence": " ".join(sentence), "layer": layer, "head": head, "toy_tokens": tokens, "toy_width": width, "seed": seed}
    scene, found = walked(chapter(), {"aspect": aspect}, **{**TOY, **params})
    assert not found
    check_what_is_said(scene)


def check_what_is_said(scene: Chapter) -> None:
    """What is spoken of the sentence, derived again from the attention alone."""
    attention, looking = np.asarray(scene.trace["attention"]), int(scene.trace["looking"])
    said, control = (beat.text for beat in scene.beats[10:12])
    best = int(attention[looking].argmax())
    if looking == 0:
        assert "is the first token" in said
        return
    percent = re.search(r"gives ([\d.]+)\s%", said)
    assert percent and float(percent[1]) == pytest.approx(100 * attention[looking, best], abs=0.51)
    assert ("to itself" in said) == (best == looking)
    assert ("to the first token" in said) == (best == 0)
    others = [i for i in range(best + 1, len(attention)) if i != looking]
    same = sum(int(attention[i].argmax()) == best for i in others)
    if others and same:
        assert f"{same} of {len(others)} other token" in control
    else:
        assert ("no other token" in control.lower()) and bool(others) == control.startswith("A control")


@pytest.mark.parametrize(
    ("name", "check", "control", "said"),
    [
        ("previous", 0.9, 0.8, "It goes by position"),
        ("previous", 0.9, 0.3, "more than position"),
        ("previous", 0.4, 0.4, "No head keeps to the token before"),
        ("induction", 0.9, 0.1, "That is induction"),
        ("induction", 0.9, 0.6, "no induction"),
        ("induction", 0.4, 0.1, "No head keeps to what followed"),
        ("induction", 0.1, 0.0, "no induction"),
        ("indirect", 0.6, 0.2, "looks at the name of the receiver"),
        ("indirect", 0.6, 0.5, "does not tell them apart"),
        ("indirect", 0.1, 0.0, "No head looks for the receiver"),
    ],
)
def test_the_verdict_follows_check_and_control(name, check, control, said):
    before = trace_of(**TOY)
    changed = {f"found.{name}.check": np.array(check), f"found.{name}.control": np.array(control)}
    trace = Trace({**before.arrays, **changed}, before.text, before.given)
    scene = chapter()(parameters=chapter().Params.read(TOY), trace=trace)
    scene.claims = []
    assert said in getattr(scene, f"{name}_claim")().text


@pytest.mark.parametrize(
    ("params", "problem"),
    [
        ({"layer": 3}, "layer must be a whole number from 1 to 2 in toy model, got 3"),
        ({"layer": 0}, "layer must be a whole number from 1 to 2"),
        ({"head": 5}, "head must be a whole number from 1 to 4"),
        ({"sentence": "cat " * 60}, "sentence must have 2 to 16 tokens, got"),
        ({"sentence": ""}, "sentence must be text, got nothing"),
        ({"word": "dog"}, "word must be one of the sentence’s tokens, got “dog”"),
        ({"model": "no/such/model"}, "there is no model 'no/such/model'"),
        ({"toy_tokens": 6}, "toy_tokens must be a whole number ≥ 2 and ≤ 5, got 6"),
        ({"seed": -1}, "seed must be"),
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
        chapter().__new__(chapter()).simulate(chapter().Params.read({}))


def test_the_trace_depends_on_the_model():
    scene = chapter().__new__(chapter())
    of_toy, of_real = (scene.depends_on(chapter().Params.read({"model": name})) for name in ("toy", "smollm2"))
    assert of_toy and of_real and of_toy != of_real
