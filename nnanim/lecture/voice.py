"""A film's voice: each sentence becomes a piece of sound, and the pieces time the film.

A voice is Piper with an installed voice, any program that turns text into a WAV, or a folder of recordings.
"""

from __future__ import annotations

import hashlib
import shlex
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nnanim import voices
from nnanim.chapter import Chapter, Cue
from nnanim.engine import Sound
from nnanim.params import ParameterError
from nnanim.quantity import Sentence
from nnanim.quantity.spoken import spoken
from nnanim.recordings import cache_folder

LOUDNESS = -16.0
"""LUFS, as podcasts and lectures on the web are (AES TD1008 asks for −16 to −20)."""
BREATH = 0.4
"""Seconds of silence after each sentence."""
RATE = 48_000
LOUDEST = 0.89
"""Where samples are held back, −1 dBFS."""
Samples = NDArray[np.float32]


class Voice(Protocol):
    """Whoever speaks."""

    @property
    def language(self) -> str:
        """Three letters (ISO 639-2)."""

    def say(self, sentences: Sequence[Sentence]) -> list[Samples]:
        """A piece of sound (n,) at :data:`RATE` for each sentence, in order."""


@dataclass(frozen=True)
class Program:
    """A program that is given text and leaves a WAV; what it said once is kept.

    Parameters
    ----------
    command
        With ``{text}`` for a file with the words and ``{wav}`` for the file that is wanted.
    seal
        What tells this voice and version of its program from any other.
    pace
        Is already part of the command for Piper; other programs are made quicker afterwards.
    """

    command: tuple[str, ...]
    seal: str
    language: str = "eng"
    stretch: float = 1.0

    def say(self, sentences: Sequence[Sentence]) -> list[Samples]:
        """Let the program speak what was not said before."""
        return [_stretched(_read(self._spoken(sentence.spoken)), self.stretch) for sentence in sentences]

    def _spoken(self, words: str) -> Path:
        key = hashlib.sha256(f"{self.seal}\0{words}".encode()).hexdigest()[:32]
        kept = cache_folder("voice") / f"{key}.wav"
        if kept.is_file():
            return kept
        with tempfile.TemporaryDirectory(prefix="nnanim-voice-") as folder:
            text, wav = Path(folder) / "words.txt", Path(folder) / "said.wav"
            text.write_text(words + "\n", encoding="utf-8")
            self._run([part.format(text=text, wav=wav) for part in self.command])
            if not wav.is_file():
                raise ParameterError(f"--voice: {Path(self.command[0]).name} left no sound for “{words[:60]}”")
            return _kept(wav, kept)

    def _run(self, command: list[str]) -> None:
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        except FileNotFoundError:
            raise ParameterError(f"--voice: there is no program {command[0]!r}") from None
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ParameterError(f"--voice: {Path(command[0]).name} did not speak: {error}") from None
        if done.returncode:
            said = (done.stderr.strip() or done.stdout.strip() or "no reason given").splitlines()[-1]
            raise ParameterError(f"--voice: {Path(command[0]).name} failed: {said}")


@dataclass(frozen=True)
class Recordings:
    """A lecturer's own recordings: ``001.wav``, ``002.wav`` …, one for each sentence in order."""

    folder: Path
    stretch: float = 1.0
    language: str = "eng"

    def say(self, sentences: Sequence[Sentence]) -> list[Samples]:
        """The recordings, in order.

        Raises
        ------
        ParameterError
            When one is missing.
        """
        names = [recording_name(number) for number in range(1, len(sentences) + 1)]
        missing = [name for name in names if not (self.folder / name).is_file()]
        if missing:
            raise ParameterError(
                f"--voice {self.folder}: {len(missing)} of {len(names)} recordings are missing, first {missing[0]} "
                "(nnanim voices script CHAPTER says what to read)"
            )
        return [_stretched(_read(self.folder / name), self.stretch) for name in names]


def recording_name(number: int) -> str:
    """The file of a sentence of one's own recordings, counted from 1."""
    return f"{number:03d}.wav"


def voice_named(name: str, pace: float = 1.0) -> Voice:
    """The voice that ``--voice`` asks for.

    Parameters
    ----------
    name
        A known voice, a folder of recordings, or a command with ``{text}`` and ``{wav}`` in it.
    pace
        2 speaks twice as fast, at the same pitch.

    Raises
    ------
    ParameterError
        When there is no such voice, or when it is not installed.
    """
    if "{wav}" in name:
        if "{text}" not in name:
            raise ParameterError("--voice: a command needs {text} for the file with the words (try 'espeak-ng -f {text} -w {wav}')")
        return Program(tuple(shlex.split(name)), name, stretch=pace)
    if Path(name).is_dir():
        return Recordings(Path(name), pace)
    voice = voices.known_voice(name)
    model = voice.require()
    command = (
        str(voices.program()), "-m", str(model), "-i", "{text}", "-f", "{wav}",
        "--noise-scale", "0", "--noise-w-scale", "0", "--length-scale", f"{1 / pace:.4f}",
    )  # fmt: skip
    return Program(command, f"{voices.ENGINE} {voice.member_sha256} {pace:.4f}", voice.language)


# A film that is spoken ---------------------------------------------------------------------------------


class Narration:
    """What a voice says in a film, and how long each sentence takes: the film's timing."""

    def __init__(self, voice: Voice, sentences: Sequence[Sentence]) -> None:
        self.voice = voice
        self.order = list(sentences)
        self.pieces: dict[str, Samples] = {}
        for sentence, piece in zip(sentences, voice.say(sentences), strict=True):
            self.pieces.setdefault(sentence.text, piece)

    def seconds(self, sentence: Sentence) -> float:
        """How long it is heard, and the breath after it."""
        return len(self._piece(sentence)) / RATE + BREATH

    def reaches(self, sentence: Sentence, words: int) -> float:
        """When so many of its words are over: they share its time by their length when spoken."""
        parts = [len(spoken(word)) + 1 for word in sentence.text.split()]
        return len(self._piece(sentence)) / RATE * sum(parts[:words]) / max(sum(parts), 1)

    def _piece(self, sentence: Sentence) -> Samples:
        try:
            return self.pieces[sentence.text]
        except KeyError:
            raise ParameterError(f"the voice has not said “{sentence.text}”: what a chapter says must not depend on how long it takes") from None

    def sound(self, cues: Sequence[Cue]) -> Sound:
        """The whole film's sound: each sentence where it begins, at :data:`LOUDNESS`."""
        ends = [round(cue.start * RATE) + len(self._piece(cue.sentence)) for cue in cues]
        whole = np.zeros(max(ends, default=1), dtype=np.float32)
        for cue, end in zip(cues, ends, strict=True):
            piece = self._piece(cue.sentence)
            whole[end - len(piece) : end] += piece
        return Sound(normalised(whole), RATE)

    @cached_property
    def language(self) -> str:
        """Three letters."""
        return self.voice.language


def sentences_of(scene: Chapter) -> list[Sentence]:
    """What is said in a chapter, in order."""
    return [cue.sentence for beat in scene.beats for cue in beat.cues]


def normalised(samples: Samples) -> Samples:
    """Sound at :data:`LOUDNESS` (ITU-R BS.1770), its peaks held under −1 dBFS."""
    import pyloudnorm

    meter = pyloudnorm.Meter(RATE)
    result = samples
    for _ in range(3):  # holding peaks back costs a little loudness
        loudness = meter.integrated_loudness(result) if len(result) >= RATE // 2 else -np.inf
        if not np.isfinite(loudness):
            return result
        result = _held_back(result * np.float32(10 ** ((LOUDNESS - loudness) / 20)))
    return result


def _held_back(samples: Samples) -> Samples:
    """Peaks bent towards :data:`LOUDEST`, smoothly from three quarters of it on."""
    knee = 0.75 * LOUDEST
    over = np.maximum(np.abs(samples) - knee, 0.0)
    bent = knee + (LOUDEST - knee) * np.tanh(over / (LOUDEST - knee))
    return np.where(over > 0, np.sign(samples) * bent, samples).astype(np.float32)


# Files -------------------------------------------------------------------------------------------------


def _read(path: Path) -> Samples:
    """A WAV as one channel at :data:`RATE`, (n,)."""
    import av

    try:
        with av.open(str(path)) as source:
            resampler = av.AudioResampler("flt", "mono", RATE)
            parts = [made.to_ndarray()[0] for frame in source.decode(audio=0) for made in resampler.resample(frame)]
            parts += [made.to_ndarray()[0] for made in resampler.resample(None)]
    except (OSError, av.FFmpegError, IndexError) as error:
        raise ParameterError(f"{path} cannot be read as sound: {getattr(error, 'strerror', None) or error}") from None
    return np.concatenate(parts).astype(np.float32) if parts else np.zeros(0, dtype=np.float32)


def _stretched(samples: Samples, pace: float) -> Samples:
    """The same sound quicker or slower, at its pitch."""
    if pace == 1.0 or not len(samples):
        return samples
    import av
    from av.filter import Graph

    graph = Graph()
    source = graph.add_abuffer(format="flt", sample_rate=RATE, layout="mono", time_base=None)
    tempo, sink = graph.add("atempo", f"{pace:.4f}"), graph.add("abuffersink")
    source.link_to(tempo)
    tempo.link_to(sink)
    graph.configure()
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[None]), format="flt", layout="mono")
    frame.sample_rate = RATE
    parts: list[Samples] = []
    source.push(frame)
    source.push(None)
    while True:
        try:
            made: Any = sink.pull()
            parts.append(made.to_ndarray()[0])
        except (av.EOFError, av.BlockingIOError):
            return np.concatenate(parts).astype(np.float32)


def _kept(made: Path, path: Path) -> Path:
    """Keep a piece of sound under its key; where nothing can be written it is read from a place of its own."""
    import shutil

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".unfinished", delete=False) as draft:
            draft.write(made.read_bytes())
        Path(draft.name).replace(path)
        return path
    except OSError:
        aside = Path(tempfile.mkdtemp(prefix="nnanim-said-")) / path.name
        shutil.copyfile(made, aside)
        return aside
