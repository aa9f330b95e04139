"""The chapter under many parameters and in every shape of frame: nothing false, nothing outside, nothing over another."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from productions import load, walked
from real_model import needs_model, users_cache

from nnanim.audit.ledger import check_ledger
from nnanim.chapter import Chapter
from nnanim.params import ParameterError, parse_assignments
from nnanim.visuals.page.text import texts_in
from nnanim.visuals.tokens.futures import Futures, Word

ASPECTS = ("16:9", "4:3", "1:1", "9:16")


@pytest.fixture(scope="module")
def lesson() -> type[Chapter]:
    return load("autoregressive-generation")


def rehearsed(lesson: type[Chapter], aspect: str = "16:9", theme: str = "dark", **params: Any) -> Chapter:
    """The chapter after all of its beats, each looked at while its last picture stood."""
    scene, found = walked(lesson, {"aspect": aspect, "theme": theme}, **params)
    assert not found
    return scene


params = st.fixed_dictionaries(
    {
        "prompt": st.one_of(
            st.text(min_size=1, max_size=12),
            st.sampled_from(["x", "Once upon a time", "  ", "\n\n", "1 2 3 4", "日本語", "WWWWWWWWWWWWWWWWWWWW", "a b c d e f g h i j k"]),
        ),
        "tokens": st.integers(2, 32),
        "temperature": st.one_of(st.sampled_from([0.01, 0.999, 1.0, 1.001, 10.0]), st.floats(0.01, 10)),
        "top_k": st.one_of(st.sampled_from([0, 1, 2, 10, 11, 1_000_000]), st.integers(0, 600)),
        "top_p": st.one_of(st.sampled_from([0.001, 0.5, 0.99999, 1.0]), st.floats(0.001, 1)),
        "seed": st.integers(0, 2**31 - 1),
    }
)


@settings(max_examples=6)
@given(chosen=params, aspect=st.sampled_from(ASPECTS), theme=st.sampled_from(["dark", "light"]))
def test_random_parameters_show_and_say_nothing_wrong(lesson, chosen, aspect, theme):
    try:
        scene = rehearsed(lesson, aspect, theme, model="toy", **chosen)
    except ParameterError as error:
        assert "prompt must have at most 24 tokens" in str(error)
        return
    check(scene)


def check(scene: Chapter) -> None:
    """Claims hold, the ledger agrees with the trace, sentences are short, the length is that of a film."""
    assert all(claim.holds(scene.trace) for claim in scene.claims)
    assert check_ledger(scene.ledger, scene.trace) == []
    assert max(len(cue.text.split()) for beat in scene.beats for cue in beat.cues) <= 14
    assert 45 <= scene.renderer.time <= 135


@pytest.mark.parametrize("aspect", ASPECTS)
def test_a_long_text_fits_every_frame(lesson, aspect):
    longest = {"prompt": "a b c d e f g h i j", "tokens": 32, "temperature": 10, "top_k": 0, "top_p": 1}
    check(rehearsed(lesson, aspect, model="toy", **longest))


@pytest.mark.parametrize("prompt", ["😀 世界 é", "مرحبا", "3.10", " 007", "a\nb", "नमस्", "👩‍💻 \\n", "the cat sat on the mat and was tired of it"])
def test_the_closing_picture_shows_the_text_as_it_is(lesson, prompt):
    """The pieces of the beginning, read one behind the other, are the prompt; what is drawn are its characters."""
    scene = rehearsed(lesson, model="toy", prompt=prompt, tokens=2)
    tree = next(m for m in scene.mobjects if isinstance(m, Futures))
    lines = [text.string for text in texts_in(scene.mobjects) if isinstance(text, Word) and text.futures is tree]
    assert "".join(lines).startswith(prompt.replace("\n", "↵"))
    assert not any("\\x" in text.string for text in texts_in(scene.mobjects))


def test_it_stops_when_the_model_ends_the_text(lesson, monkeypatch):
    from nnanim.sim.tokenizer import Tokenizer

    monkeypatch.setattr(Tokenizer, "end_ids", frozenset(range(1000)))
    scene = rehearsed(lesson, model="toy", prompt="it ends at once", seed=77)
    check(scene)
    said = sentences(scene)
    assert "It drew its end mark" in said and "there is nothing to spare" in said
    assert "reads again" not in said


def sentences(scene: Chapter) -> str:
    return " ".join(beat.text for beat in scene.beats)


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({"temperature": 0.5, "top_k": 7, "top_p": 1}, ("The blade cuts the unlikely tail: 7 tokens stay", "A low temperature favours the favourite")),
        ({"temperature": 3.0, "top_k": 1}, ("The blade leaves a single token", "It must be", "Five times the same text comes of it")),
        ({"temperature": 10, "top_k": 0, "top_p": 1}, ("Nothing is cut: every token may be drawn",)),
        ({"prompt": "7 + 5 ="}, ("Ask a model the same sum",)),
        ({"prompt": "seven"}, ("One model goes on with one beginning", "Which setting would make it better?")),
    ],
)
def test_the_narration_follows_the_parameters(lesson, chosen, said):
    heard = sentences(rehearsed(lesson, model="toy", tokens=2, seed=1, **chosen))
    assert [words for words in said if words not in heard] == []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"prompt": ""}, "prompt must be text of 1 to 400 characters, got nothing"),
        ({"temperature": 0}, "temperature must be a number ≥ 0.01 and ≤ 10, got 0"),
        ({"temperature": -1}, "temperature must be a number ≥ 0.01 and ≤ 10, got -1"),
        ({"top_p": 0}, "top_p must be a number ≥ 0.001 and ≤ 1, got 0"),
        ({"top_p": 1.5}, "got 1.5"),
        ({"top_k": -1}, "top_k must be a whole number ≥ 0"),
        ({"tokens": 33}, "tokens must be a whole number ≥ 2 and ≤ 32, got 33"),
        ({"seed": -1}, "seed must be"),
        ({"topp": 1}, "did you mean top_p"),
    ],
)
def test_wrong_parameters_are_named(lesson, wrong, said):
    with pytest.raises(ParameterError) as error:
        lesson.Params.read(wrong)
    assert said in str(error.value)


def test_a_number_is_a_prompt_too(lesson):
    assert lesson.Params.read(parse_assignments(["prompt=1984"])).prompt == "1984"


def test_wrong_models_and_long_prompts_are_one_sentence(lesson, tmp_path, monkeypatch):
    for chosen, said in (
        ({"model": "gpt5"}, "there is no model 'gpt5'; known are smollm2, toy, or a directory"),
        ({"model": str(tmp_path)}, "has no config.json"),
        ({"model": "toy", "prompt": "z q x " * 12}, "prompt must have at most 24 tokens, got"),
    ):
        with pytest.raises(ParameterError, match=said):
            lesson.record(lesson.Params.read(chosen))
    from nnanim.sim import language_model

    monkeypatch.setenv("NNANIM_DATA", str(tmp_path))
    monkeypatch.setenv("NNANIM_CACHE", str(tmp_path))
    language_model._load_installed.cache_clear()
    with pytest.raises(ParameterError, match=r"is not installed; install it with: nnanim models install smollm2$"):
        lesson.record(lesson.Params.read({"prompt": "never seen before"}))


@pytest.mark.parametrize("steps", [1, 3])
def test_without_a_cache_its_section_is_left_out_with_a_sentence(lesson, tmp_path, steps):
    transformers = pytest.importorskip("transformers", reason="directories need the extra models")
    from local_models import VOCABULARY, save

    sizes = {"vocab_size": VOCABULARY, "hidden_size": 16, "num_hidden_layers": 2, "state_size": 4}
    ends = list(range(VOCABULARY)) if steps == 1 else None
    save(transformers.MambaConfig(**sizes, eos_token_id=ends), tmp_path / "states")
    scene = rehearsed(lesson, model=str(tmp_path / "states"), tokens=3, prompt="The cat")
    check(scene)
    assert scene.trace["step_count"] == steps
    heard = sentences(scene)
    assert "keys and values" not in heard and "anew" not in heard


# The real model ---------------------------------------------------------------------------------------------


@cache
def default_scene(lesson: type[Chapter]) -> Chapter:
    with users_cache():
        return rehearsed(lesson)


@needs_model
def test_the_default_lesson(lesson):
    scene = default_scene(lesson)
    check(scene)
    assert scene.trace.text["model"] == "SmolLM2-135M"
    assert scene.trace["distinct"] == 5
    shown = {(entry.entry.source, entry.entry.text) for entry in scene.ledger}
    assert ("draws[0]", f"{float(scene.trace['draws'][0]):.3f}") in shown
    for place, logit in enumerate(scene.trace["top_logits"][0]):
        assert (f"top_logits[0][{place}]", f"{logit:.1f}") in shown
    first = scene.beats[0].cues[0]
    assert first.start < 2 and first.text.startswith("Ask")


@needs_model
def test_the_first_step_is_the_models_own(lesson):
    """Logits, probabilities, cuts and draw of the first step, once more with numpy."""
    from nnanim.sim import language_model

    trace, p = default_scene(lesson).trace, lesson.Params.defaults()
    with users_cache():
        model = language_model.load()
    logits = model.forward(model.encode(p.prompt)).logits[-1].double().numpy()
    order = np.argsort(-logits)
    np.testing.assert_allclose(trace["top_logits"][0], logits[order[:10]], atol=1e-3)
    chances = np.exp((logits - logits.max()) / p.temperature)
    chances /= chances.sum()
    np.testing.assert_allclose(trace["top_probabilities"][0], chances[order[:10]], atol=1e-4)
    best = chances[order[: p.top_k]] / chances[order[: p.top_k]].sum()
    kept = best[: int(np.searchsorted(best.cumsum(), p.top_p)) + 1]
    assert trace["kept_counts"][0] == len(kept)
    line = kept.cumsum() / kept.sum()
    assert trace["drawn_ids"][0] == order[int(np.searchsorted(line, trace["draws"][0], side="right"))]
    assert json.loads(trace.text["tokens"]) == model.token_texts(trace["ids"].tolist())
