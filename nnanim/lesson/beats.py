"""Beats and cues: the steps of a lesson, the sentences in them, and when they are heard."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Protocol

from nnanim.quantity import Sentence, Showable, join

SECONDS_PER_WORD = 0.33
"""How long a sentence stands for each of its words: a lecturer speaks some 180 words a minute; reading takes about 0.3 s a word."""
SHORTEST_BEAT = 2.5
SHORTEST_CUE = 1.3
BREATH = 0.45
"""Seconds that a sentence stands beyond the reading of its words."""


class Timing(Protocol):
    """How long sentences take: read in silence, or spoken by a voice."""

    def seconds(self, sentence: Sentence) -> float:
        """How long a sentence is heard or read, with the breath after it."""

    def reaches(self, sentence: Sentence, words: int) -> float:
        """Seconds after its beginning at which so many of its words are over."""


@dataclass(frozen=True)
class Reading:
    """The time that reading takes; ``pace`` 2 is twice as fast."""

    pace: float = 1.0

    def seconds(self, sentence: Sentence) -> float:
        """How long the sentence stands at least."""
        return max(SHORTEST_CUE, SECONDS_PER_WORD * len(sentence.text.split()) + BREATH) / self.pace

    def reaches(self, sentence: Sentence, words: int) -> float:
        """When so many of its words have been read."""
        return SECONDS_PER_WORD * words / self.pace


@dataclass
class Cue:
    """A sentence of narration and the seconds it is heard; ``marks`` are the words before each marked span."""

    sentence: Sentence
    start: float
    end: float = 0.0
    marks: tuple[int, ...] = ()

    @property
    def text(self) -> str:
        """The sentence as it is read."""
        return self.sentence.text


@dataclass
class Beat:
    """One step of the lesson: its sentences, and the seconds it is on screen.

    ``held`` is the moment from which its last picture stands.
    """

    number: int
    start: float
    end: float = 0.0
    held: float = 0.0
    cues: list[Cue] = field(default_factory=list)

    @property
    def narration(self) -> Sentence:
        """All that is said in it."""
        return join(*(cue.sentence for cue in self.cues)) if self.cues else Sentence("")

    @property
    def text(self) -> str:
        """The narration as it is read."""
        return " ".join(cue.text for cue in self.cues)


def speaking_seconds(sentence: Sentence) -> float:
    """How long a beat of one sentence stands at least."""
    return max(SHORTEST_BEAT, SECONDS_PER_WORD * len(sentence.text.split()) + 0.8)


def narrated(words: tuple[Showable, ...], values: dict[str, Showable]) -> Sentence:
    """One sentence out of several; a plain string may have placeholders for ``values``."""
    parts = []
    for each in words:
        if isinstance(each, Sentence):
            parts.append(each)
        else:
            names = set(re.findall(r"\{(\w+)\}", str(each)))
            parts.append(Sentence(str(each), {name: value for name, value in values.items() if name in names}))
    return join(*parts) if len(parts) > 1 else parts[0]


def without_marks(template: str) -> tuple[str, tuple[int, ...]]:
    """A template without the brackets around its marked spans, and how many words stand before each of them.

    ``"A neuron [weighs its input] and [adds a bias]."`` marks two spans, before which stand 2 and 6 words.

    Raises
    ------
    ValueError
        When a bracket is not closed, or stands within another.
    """
    depth, marks, plain = 0, [], ""
    for character in template:
        if character == "[":
            depth += 1
            marks.append(len(plain.split()))
        elif character == "]":
            depth -= 1
        else:
            plain += character
        if depth not in (0, 1):
            raise ValueError(f"the brackets of “{template}” do not pair")
    if depth:
        raise ValueError(f"the brackets of “{template}” do not pair")
    return plain, tuple(marks)
