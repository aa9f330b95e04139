"""What is heard in the files: where it starts, that none of it is cut off, and that it is what was given."""

from __future__ import annotations

from functools import partial

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from manim import Create, FadeIn, Scene, Square

from nnanim.engine import Annotations, EngineError, RenderSettings, Sound, render
from nnanim.engine.sound import mix

from .assets import tone

FORMATS = [("mp4", "aac"), ("webm", "opus"), ("mov", "aac")]


class Loud(Scene):
    """A tone that begins at half a second and lasts so long, while the picture lasts 1.5 seconds."""

    def __init__(self, seconds=0.5):
        super().__init__()
        self.seconds = seconds

    def construct(self):
        self.wait(0.5)
        self.add_sound(str(tone(self.seconds)))
        self.play(Create(Square()))


def small(format="mp4"):
    return RenderSettings(192, 108, 10, workers=2, format=format)


def heard(path):
    """Samples (channels, n), their rate and the track's language, as PyAV decodes them."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        frames = list(container.decode(stream))
        samples = np.concatenate([frame.to_ndarray() for frame in frames], axis=1)
        if not frames[0].format.is_planar:
            samples = samples.reshape(-1, stream.codec_context.channels).T
        return samples, stream.rate, stream.language


def seen(path):
    """The pictures, and the seconds that they are shown."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert float(stream.average_rate) == 10
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]
    return frames, len(frames) / 10


def loud_between(samples, rate):
    loud = np.flatnonzero(np.abs(samples).max(axis=0) > 0.05 * np.abs(samples).max()) / rate
    return loud[0], loud[-1]


@pytest.mark.parametrize(("format", "codec"), FORMATS)
def test_sound_starts_where_the_scene_put_it_and_the_track_is_as_long_as_the_picture(tmp_path, format, codec):
    path = render(Loud, tmp_path / f"video.{format}", small(format)).path
    with av.open(str(path)) as container:
        assert container.streams.audio[0].codec_context.name == codec
    samples, rate, _ = heard(path)
    first, last = loud_between(samples, rate)
    assert first == pytest.approx(0.5, abs=0.03)
    assert last == pytest.approx(1.0, abs=0.03)
    frames, seconds = seen(path)
    assert len(frames) == 15
    assert samples.shape[1] / rate == pytest.approx(seconds, abs=0.1)


@pytest.mark.parametrize(("format", "codec"), FORMATS)
def test_sound_that_outlasts_the_picture_is_heard_to_its_end(tmp_path, format, codec):
    rendered = render(partial(Loud, 2.55), tmp_path / f"video.{format}", small(format))
    samples, rate, _ = heard(rendered.path)
    first, last = loud_between(samples, rate)
    assert (first, last) == (pytest.approx(0.5, abs=0.03), pytest.approx(3.05, abs=0.03))
    frames, seconds = seen(rendered.path)
    assert seconds == rendered.duration == 3.1, "the last picture stands until the sound ends"
    assert samples.shape[1] / rate == pytest.approx(seconds, abs=0.1)
    assert all(np.array_equal(frame, frames[15]) for frame in frames[16:])
    assert not np.array_equal(frames[15], frames[10])


def test_silence_at_the_end_holds_no_picture(tmp_path):
    """manim's own sound track begins with a second of silence, however short the scene."""

    class Short(Scene):
        def construct(self):
            self.add_sound(str(tone(0.2)))
            self.play(FadeIn(Square()), run_time=0.4)

    assert render(Short, tmp_path / "video.mp4", small()).frames == 4


def voice(seconds, rate, channels):
    """Tones that rise, another in each channel."""
    t = np.arange(round(seconds * rate)) / rate
    tones = [0.3 * np.sin(2 * np.pi * (200 + 300 * channel + 400 * t) * t) for channel in range(channels)]
    return np.stack(tones, axis=1)


@pytest.mark.parametrize("format", ["mp4", "webm"])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate", [22050, 48000])
def test_a_voice_is_heard_as_it_was_given(tmp_path, format, channels, rate):
    given = voice(1.2, rate, channels)
    notes = Annotations(sound=Sound(given, rate), language="eng")
    silent = partial(Silent, 2.0)
    path = render(silent, tmp_path / f"v.{format}", small(format), annotate=lambda scene: notes).path
    samples, at, language = heard(path)
    assert language == "eng"
    assert samples.shape[0] == channels
    assert samples.shape[1] / at == pytest.approx(2.0, abs=0.1)
    wanted = np.stack([np.interp(np.arange(1.2 * at) / at, np.arange(len(given)) / rate, x) for x in given.T])
    got = samples[:, : wanted.shape[1]]
    for channel in range(channels):
        likeness = np.corrcoef(got[channel], wanted[channel])[0, 1]
        assert likeness > 0.97, "another sound, or one that begins elsewhere"
    assert np.abs(samples[:, round(1.3 * at) :]).max() < 0.01


class Silent(Scene):
    def __init__(self, seconds):
        super().__init__()
        self.seconds = seconds

    def construct(self):
        self.add(Square())
        self.wait(self.seconds)


def test_a_voice_and_what_the_scene_plays_are_heard_together(tmp_path):
    notes = Annotations(sound=Sound(voice(0.4, 48000, 2), 48000))
    samples, rate, _ = heard(render(Loud, tmp_path / "v.mp4", small(), annotate=lambda scene: notes).path)
    assert samples.shape[0] == 2
    volume = np.abs(samples).max(axis=0)
    assert volume[: round(0.35 * rate)].max() > 0.25
    assert volume[round(0.43 * rate) : round(0.47 * rate)].max() < 0.05
    assert volume[round(0.55 * rate) : round(0.95 * rate)].max() > 0.2


@given(
    lengths=st.lists(st.integers(0, 3000), min_size=1, max_size=3),
    channels=st.integers(1, 2),
    seconds=st.floats(0, 0.1),
    seed=st.integers(0, 99),
)
@settings(max_examples=50, deadline=None)
def test_sounds_are_added_up(lengths, channels, seconds, seed):
    numbers = np.random.default_rng(seed)
    sounds = [Sound(numbers.uniform(-0.6, 0.6, (length, channels)).astype("f4"), 48000) for length in lengths]
    total = round(seconds * 48000)
    wanted = sum(np.pad(s.samples, ((0, total + 3000 - len(s.samples)), (0, 0))) for s in sounds)[:total]
    got = mix(sounds, seconds)
    assert got.shape == (channels, total)
    assert np.allclose(got.T, np.clip(wanted, -1, 1), atol=1e-6)


def test_a_wav_file_is_read_as_it_is():
    sound = Sound.read(tone())
    assert (sound.rate, sound.samples.shape) == (22050, (11025, 1))
    wanted = 8000 / 32768 * np.sin(2 * np.pi * 440 * np.arange(11025) / 22050)
    assert np.abs(sound.samples[:, 0] - wanted).max() < 1e-4
    assert sound.seconds == pytest.approx(0.5, abs=0.001)


@pytest.mark.parametrize(
    ("samples", "rate", "says"),
    [
        (np.zeros((10, 3)), 48000, r"shape .*\(10, 3\)"),
        (np.zeros((2, 2, 2)), 48000, "shape"),
        (np.zeros(10, np.int16), 48000, "int16"),
        (np.array([0.0, np.nan]), 48000, "finite"),
        (np.zeros(10), 0, "got 0"),
    ],
)
def test_sound_that_is_none_is_refused_in_one_line(samples, rate, says):
    with pytest.raises(EngineError, match=says) as error:
        Sound(samples, rate)
    assert "\n" not in str(error.value)


def test_a_file_without_sound_is_refused(tmp_path):
    path = render(partial(Silent, 0.3), tmp_path / "v.mp4", small()).path
    with pytest.raises(EngineError, match="has no sound"):
        Sound.read(path)
    (tmp_path / "x.wav").write_text("no sound")
    with pytest.raises(EngineError, match=r"x\.wav"):
        Sound.read(tmp_path / "x.wav")
