"""Recordings that ship with the course are current, and what they hold can be computed again."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from nnanim import models
from nnanim.course import load_course
from nnanim.params import Params
from nnanim.recordings import cache_folder, recorded
from nnanim.trace import Trace

COURSE = load_course()
COSTLY = [name for name in COURSE if COURSE.chapter(name).costly]


@pytest.mark.parametrize("name", COSTLY)
def test_the_shipped_recording_is_that_of_the_present_source(name):
    chapter = COURSE.chapter(name)
    path = chapter.recording(chapter.Params.defaults())
    assert path.is_file(), "a simulation changed since it was recorded: make record"
    assert [file.name for file in path.parent.iterdir()] == [path.name], "older recordings lie beside it"


def test_gradients_come_out_as_recorded():
    from nnanim.sim import twins

    chapter = COURSE.chapter("vanishing-gradients")
    defaults = chapter.Params.defaults()
    shipped = Trace.load(chapter.recording(defaults))
    again = twins.record(**{**defaults.model_dump(), "steps": 1})
    # Before any training; another processor may round sums differently.
    np.testing.assert_allclose(again["norms"], shipped["norms"], rtol=1e-3)


def test_the_first_logits_come_out_as_recorded():
    if not models.known_model("smollm2").installed:
        pytest.skip("the language model is not installed (nnanim models install smollm2)")
    from nnanim.sim import language_model

    chapter = COURSE.chapter("autoregressive-generation")
    shipped = Trace.load(chapter.recording(chapter.Params.defaults()))
    length = int(shipped["prompt_length"])
    logits = language_model.load().forward(shipped["ids"][:length].tolist(), keep=("logits",)).logits[-1].numpy()
    np.testing.assert_allclose(logits[shipped["top_ids"][0].astype(int)], shipped["top_logits"][0], atol=1e-2)


def test_a_recording_is_computed_once_and_a_damaged_one_again(tmp_path):
    class Some(Params):
        seed: int = 3

    calls = []

    def compute() -> Trace:
        calls.append(1)
        return Trace({"x": np.arange(len(calls))})

    shipped = tmp_path / "course" / "abc.npz"
    assert recorded(shipped, compute)["x"].tolist() == [0]
    assert recorded(shipped, compute)["x"].tolist() == [0]
    (cache_folder() / "abc.npz").write_bytes(b"damaged")
    assert recorded(shipped, compute)["x"].tolist() == [0, 1]
    assert len(calls) == 2


@pytest.mark.parametrize("name", COSTLY)
def test_a_default_lesson_loads_no_torch(name):
    program = (
        "import sys; from nnanim.cli.options import prepare; "
        f"production = prepare({name!r}, None, (), {{'params': {{}}}}, {{}}); "
        "production.rehearse(); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("False\n", 0), done.stderr
