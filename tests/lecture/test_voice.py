"""A film's voice: it times the film, is as loud as it should be, and is heard where its captions stand."""

from __future__ import annotations

import sys
import wave
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from nnanim import voices
from nnanim.chapter import Chapter, Reading
from nnanim.cli import main
from nnanim.lecture import voice as voice_module
from nnanim.lecture.production import Production
from nnanim.lecture.recipe import Output, Recipe
from nnanim.lecture.voice import (
    BREATH,
    RATE,
    Narration,
    normalised,
    recording_name,
    sentences_of,
    voice_named,
)
from nnanim.params import ParameterError
from nnanim.quantity import Quantity, Sentence
from nnanim.trace import Trace

SPEAKER = """
import sys, wave, numpy as np
words = open(sys.argv[1]).read().split()
rate, seconds = 16000, 0.3 * len(words)
t = np.arange(int(rate * seconds)) / rate
tone = 0.02 * np.sin(2 * np.pi * 220 * t) * (1 + np.sin(2 * np.pi * 4 * t))
with wave.open(sys.argv[2], 'wb') as file:
    file.setnchannels(1); file.setsampwidth(2); file.setframerate(rate)
    file.writeframes((tone * 32767).astype('<i2').tobytes())
"""


@pytest.fixture
def speaker(tmp_path) -> str:
    """A program that hums 0.3 s for each word."""
    script = tmp_path / "speaker.py"
    script.write_text(SPEAKER)
    return f"{sys.executable} {script} {{text}} {{wav}}"


class Spoken(Chapter):
    """Three sentences."""

    @classmethod
    def part(cls) -> str:
        return "Tests"

    @staticmethod
    def simulate(p: Any, report: Any) -> Trace:
        return Trace({"x": np.array([0.25])})

    def construct(self) -> None:
        with self.beat():
            self.say("Where does it lead, and how long does it take to get there?")
            self.say("Here.")
        with self.beat():
            self.say("At {x} it ends.", x=self.trace.quantity("x", 0))


def production(**output: Any) -> Production:
    params = Spoken.Params.defaults()
    look = Output.read({"quality": "draft"}, **output)
    return Production(Spoken, Recipe("spoken", params, look, "test"), Spoken.record(params), workers=1)


def test_a_film_is_timed_by_its_voice(speaker):
    beats = production(voice=speaker).rehearse().beats
    (first, second), (third,) = (beat.cues for beat in beats)
    assert second.start - first.start == pytest.approx(13 * 0.3 + BREATH, abs=0.07)
    # “At zero point two five it ends.” has seven words.
    assert third.end - third.start == pytest.approx(7 * 0.3 + BREATH + 0.25, abs=0.07)


def test_the_same_sound_in_the_file_as_long_as_the_picture_and_as_loud_as_asked(speaker, tmp_path):
    import pyloudnorm

    path = production(voice=speaker).produce(tmp_path / "film")
    with av.open(str(path)) as film:
        picture, sound = film.streams.video[0], film.streams.audio[0]
        assert sound.codec_context.name == "aac"
        samples = np.concatenate([frame.to_ndarray() for frame in film.decode(audio=0)], axis=1).T.astype(float)
        assert float(picture.duration * picture.time_base) == pytest.approx(len(samples) / RATE, abs=0.1)
    assert pyloudnorm.Meter(RATE).integrated_loudness(samples) == pytest.approx(-16, abs=1)
    captions = (tmp_path / "film" / "captions.vtt").read_text()
    starts = [float(line.split(" --> ")[0].split(":")[-1]) for line in captions.splitlines() if "-->" in line]
    loud = np.abs(samples[:, 0]) > 0.02
    for start in starts:  # silence before a sentence, sound when it begins
        begin = round(start * RATE)
        assert loud[begin : begin + RATE // 3].any()
        assert not loud[max(0, begin - RATE // 5) : max(0, begin - RATE // 20)].any()


def test_captions_go_to_the_track_when_somebody_speaks():
    assert Output.read({}, voice="joe").captions == "track"
    assert Output.read({}, voice="joe", captions="both").captions == "both"
    assert Output.read({"captions": "both"}, voice="joe").captions == "both"
    assert Output.read({}).captions == "both"


def test_what_was_said_is_kept(speaker, monkeypatch):
    voice = voice_named(speaker)
    sentence = Sentence("Once.")
    first = voice.say([sentence])
    monkeypatch.setattr(voice_module.subprocess, "run", lambda *a, **k: pytest.fail("said again"))
    assert np.array_equal(first[0], voice_named(speaker).say([sentence])[0])


def test_a_voice_at_another_pace_keeps_its_pitch(speaker):
    sentence = Sentence("One two three four five six seven eight nine ten.")
    (plain,), (quick,) = (voice_named(speaker, pace).say([sentence]) for pace in (1.0, 2.0))
    assert len(quick) == pytest.approx(len(plain) / 2, rel=0.05)

    def pitch(samples: np.ndarray) -> float:
        spectrum = np.abs(np.fft.rfft(samples))
        return float(np.fft.rfftfreq(len(samples), 1 / RATE)[spectrum.argmax()])

    assert pitch(quick) == pytest.approx(pitch(plain), rel=0.02) == pytest.approx(220, rel=0.02)


def test_a_folder_of_recordings_is_a_voice(tmp_path):
    scene = production().rehearse()
    sentences = sentences_of(scene)
    for number in range(1, len(sentences) + 1):
        write_wav(tmp_path / recording_name(number), seconds=0.5 * number)
    narration = Narration(voice_named(str(tmp_path)), sentences)
    assert [narration.seconds(s) for s in sentences] == [pytest.approx(0.5 * n + BREATH, abs=0.01) for n in (1, 2, 3)]
    (tmp_path / recording_name(2)).unlink()
    with pytest.raises(ParameterError, match=r"1 of 3 recordings are missing, first 002\.wav"):
        voice_named(str(tmp_path)).say(sentences)
    (tmp_path / recording_name(2)).write_bytes(b"no sound")
    with pytest.raises(ParameterError, match=r"002\.wav cannot be read as sound"):
        voice_named(str(tmp_path)).say(sentences)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("jane", "there is no voice 'jane'"),
        ("espeak-ng -w {wav}", "needs {text}"),
        ("no-such-program {text} {wav}", "there is no program 'no-such-program'"),
        ("false {text} {wav}", "false failed"),
        ("true {text} {wav}", "left no sound"),
    ],
)
def test_a_voice_that_cannot_speak_is_one_line(name, said):
    with pytest.raises(ParameterError) as error:
        voice_named(name).say([Sentence("Hello.")])
    assert said in str(error.value) and "\n" not in str(error.value)


def test_a_voice_that_is_not_installed_says_how(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("NNANIM_DATA", str(tmp_path / "nothing"))
    with pytest.raises(SystemExit) as left:
        main(["render", "forward-propagation", "--voice", "--quality", "draft", "--out", str(tmp_path / "out")])
    said = capsys.readouterr().err
    assert left.value.code == 2 and "nnanim voices install joe" in said and said.count("\n") == 1
    assert not list((tmp_path / "out").rglob("*.mp4"))


@pytest.mark.parametrize("gain", [0.01, 0.3, 0.9])
def test_loudness_is_reached_and_peaks_are_held(gain):
    import pyloudnorm

    rng = np.random.default_rng(0)
    t = np.arange(4 * RATE) / RATE
    speech = (gain * rng.standard_normal(len(t)) * np.maximum(0, np.sin(2 * np.pi * 3 * t)) ** 3).astype(np.float32)
    made = normalised(speech)
    assert pyloudnorm.Meter(RATE).integrated_loudness(made) == pytest.approx(-16, abs=1)
    assert np.abs(made).max() <= 0.9
    assert np.array_equal(normalised(np.zeros(RATE, dtype=np.float32)), np.zeros(RATE, dtype=np.float32))


def test_words_of_a_span_are_reached_in_order(speaker):
    sentence = Sentence("A neuron weighs {x} and adds.", {"x": Quantity(0.5, "x[0]")})
    narration = Narration(voice_named(speaker), [sentence])
    times = [narration.reaches(sentence, words) for words in range(7)]
    assert times == sorted(times) and times[0] == 0 and times[-1] == pytest.approx(narration.seconds(sentence) - BREATH)


@pytest.mark.skipif(not voices.known_voice("joe").installed, reason="the voice is not installed (nnanim voices install joe)")
def test_joe_says_the_same_every_time(tmp_path, monkeypatch):
    sentence = Sentence("The loss fell to zero point zero five.")
    pieces = []
    for number in range(2):
        monkeypatch.setenv("NNANIM_CACHE", str(tmp_path / str(number)))
        pieces.append(voice_named("joe").say([sentence])[0])
    assert np.array_equal(*pieces) and 1.5 < len(pieces[0]) / RATE < 5
    slow = voice_named("joe", 0.5).say([sentence])[0]
    assert 1.6 < len(slow) / len(pieces[0]) < 2.2  # silence before and after is not stretched


def test_without_a_voice_reading_takes_its_time():
    assert production().narration is None
    assert production(pace=2.0).rehearse().look.timing == Reading(2.0)


def write_wav(path: Path, seconds: float) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((3000 * np.sin(np.arange(int(RATE * seconds)) / 20)).astype("<i2").tobytes())
