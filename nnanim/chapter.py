"""Chapter: what every scene file subclasses. Parameters, trace, beats, narration, claims.

A chapter is an ordinary manim scene; everything it shows comes out of its trace.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from manim import Dot, Mobject, Scene, VGroup

from nnanim.params import Params as BaseParams
from nnanim.quantity import Entry, Given, Label, Quantity, Sentence, Showable, as_showable
from nnanim.recordings import SHIPPED, digest, recorded
from nnanim.trace import Trace
from nnanim.visuals.frame import Frame, frame
from nnanim.visuals.glyphs import CAP_HEIGHT
from nnanim.visuals.painted import PaintedCamera
from nnanim.visuals.text import Paragraph, TextLine, text_width, texts_in
from nnanim.visuals.theme import Theme, theme, use_theme

SECONDS_PER_WORD = 0.33
"""How long a beat stands for each word of its narration: a lecturer speaks some 180 words a minute; reading takes about 0.3 s a word."""
SHORTEST_BEAT = 2.5
DOT_PITCH = 0.19
"""Distance of two progress dots when there is room, in manim units."""


class ClaimError(ValueError):
    """A sentence that the trace does not bear out, without an alternative that it does."""


@dataclass(frozen=True)
class Look:
    """How a chapter is shown: theme, and whether the narration is drawn in the picture."""

    theme: str = "dark"
    burned_captions: bool = True


@dataclass
class Beat:
    """One step of the lesson: a sentence of narration and the seconds it is on screen."""

    number: int
    narration: Sentence
    start: float
    end: float = 0.0

    @property
    def text(self) -> str:
        """The narration as it is read."""
        return self.narration.text


@dataclass(frozen=True)
class Claim:
    """A sentence that was spoken because its predicate holds on the trace."""

    sentence: Sentence
    holds: Callable[[Trace], bool]


@dataclass(frozen=True)
class Shown:
    """A number that stood on screen, from ``start`` to ``end`` in seconds."""

    start: float
    end: float
    entry: Entry


@dataclass
class _Ledger:
    """Which numbers stand on stage since when; ids of mobjects stay valid since the mobjects are kept."""

    closed: list[Shown] = field(default_factory=list)
    standing: dict[tuple[int, int, Entry], tuple[float, Mobject]] = field(default_factory=dict)

    def observe(self, start: float, end: float, mobjects: list[Mobject]) -> None:
        """Note what stands on stage after something happened between ``start`` and ``end``."""
        now: dict[tuple[int, int, Entry], Mobject] = {}
        for text in texts_in(mobjects):
            if is_visible(text):
                now |= {(id(text), place, entry): text for place, entry in enumerate(text.entries)}
        for key in [key for key in self.standing if key not in now]:
            since, _ = self.standing.pop(key)
            self.closed.append(Shown(since, end, key[2]))
        for key, text in now.items():
            self.standing.setdefault(key, (start, text))

    def finish(self, end: float) -> list[Shown]:
        """Every number shown, in order of time."""
        open_now = [Shown(since, end, key[2]) for key, (since, _) in self.standing.items()]
        return sorted(self.closed + open_now, key=lambda shown: (shown.start, shown.end, shown.entry.source))


def is_visible(mobject: Mobject) -> bool:
    """Whether any ink of the mobject, or of its parts, shows."""
    return any(
        max(part.get_fill_opacity(), part.get_stroke_opacity()) > 0.01 for part in mobject.family_members_with_points()
    )


class Chapter(Scene):
    """A lesson of about a minute. Subclasses define ``Params``, ``simulate`` and ``construct``.

    Parameters
    ----------
    parameters
        The chapter's parameters; by default their defaults.
    trace
        The record of ``simulate(parameters)`` when it is at hand already.
    look
        Theme and captions.

    Attributes
    ----------
    beats
        The beats so far.
    claims
        The claims spoken so far.
    after_beat
        Called with each beat at its end, while its last picture stands.
    """

    class Params(BaseParams):
        """What a lecturer may change."""

    title: ClassVar[str] = ""
    costly: ClassVar[bool] = False
    """Whether the trace is kept and found again: worth it for whatever takes a second, and loading torch does."""
    extremes: ClassVar[Sequence[Mapping[str, Any]] | None] = None
    """Parameter sets that the audit judges in place of those at the ends of all bounds, where these are too many."""
    report: ClassVar[Callable[[float, str], None]] = staticmethod(lambda share, what: None)
    """A costly simulation calls ``self.report(0.4, "training")``; the command line draws a progress bar."""

    def __init__(
        self,
        *args: Any,
        parameters: BaseParams | None = None,
        trace: Trace | None = None,
        look: Look | None = None,
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("camera_class", PaintedCamera)
        self.params: Any = parameters or self.Params.defaults()
        self.look = look or Look()
        self._trace = trace
        self.after_beat: Callable[[Beat], None] | None = None
        self._outlining = False
        super().__init__(*args, **kwargs)

    # What a chapter defines ---------------------------------------------------------------------------

    def simulate(self, p: Any) -> Trace:
        """Compute everything that will be shown, with torch. Scenes override this."""
        raise NotImplementedError(f"{type(self).__name__} must define simulate()")

    def depends_on(self, p: Any) -> str:
        """What a costly simulation depends on besides its parameters and source, for instance a model's digest."""
        return ""

    # What a chapter uses ------------------------------------------------------------------------------

    @cached_property
    def trace(self) -> Trace:
        """The record of the simulation, with the chapter's numeric parameters beside it as ``parameters.NAME``."""
        return self._trace or self.record(self.params)

    @classmethod
    def record(cls, parameters: BaseParams) -> Trace:
        """Run the simulation without a scene, or read its recording when it is a costly one."""
        chapter = cls.__new__(cls)
        if cls.costly:
            trace = recorded(cls.recording(parameters), lambda: chapter.simulate(parameters))
        else:
            trace = chapter.simulate(parameters)
        numbers = {
            f"parameters.{name}": np.asarray(value)
            for name, value in parameters.model_dump().items()
            if np.asarray(value).dtype.kind in "if"
        }
        return trace.with_given(numbers)

    @classmethod
    def recording(cls, parameters: BaseParams) -> Path:
        """Where the course ships the recording of a costly simulation; its name is a digest of all that it depends on."""
        file = Path(sys.modules[cls.__module__].__file__ or "")
        key = digest(parameters, [file], cls.__new__(cls).depends_on(parameters))
        return file.parent / SHIPPED / cls.slug() / f"{key}.npz"

    @property
    def frame(self) -> Frame:
        """The frame's regions and sizes of type."""
        return frame()

    @property
    def theme(self) -> Theme:
        """The palette."""
        return theme()

    def given(self, name: str, *index: int, decimals: int = 0) -> Quantity:
        """A parameter's value, to be shown."""
        quantity = self.trace.quantity(f"parameters.{name}", *index, decimals=decimals)
        assert isinstance(quantity, Given)
        return quantity

    def claim(self, *cases: tuple[str, Callable[[Trace], bool]], **values: Showable) -> Sentence:
        """Choose the first sentence that is true of the trace.

        Parameters
        ----------
        cases
            Pairs of a sentence with placeholders, and its predicate on the trace.
        values
            What stands in the placeholders.

        Raises
        ------
        ClaimError
            When none of the sentences is true; it names the chapter, the sentence and the values.
        """
        for template, holds in cases:
            if holds(self.trace):
                names = set(re.findall(r"\{(\w+)\}", template))
                sentence = Sentence(
                    template, {name: value for name, value in values.items() if name in names}
                )
                self.claims.append(Claim(sentence, holds))
                return sentence
        said = ", ".join(f"{name} = {as_showable(value).text}" for name, value in values.items())
        raise ClaimError(
            f"{self.slug()}: the claim “{cases[0][0]}” is false of these parameters ({said}) and has no alternative"
        )

    @contextmanager
    def beat(self, *narration: Showable, **values: Showable) -> Iterator[Beat]:
        """A step of the lesson: sets the narration, then holds long enough for it to be read.

        Parameters
        ----------
        narration
            Sentences; a plain string may have placeholders for ``values``.
        """
        sentence = _narration(narration, values)
        if self.beats:  # what happens between two beats belongs to the first: its caption still stands
            self.beats[-1].end = self.renderer.time
        beat = Beat(len(self.beats) + 1, sentence, self.renderer.time)
        self.beats.append(beat)
        if self._outlining:
            yield beat
            return
        self.next_section(f"{beat.number:02d} {sentence.text}"[:60])
        self._furnish(beat)
        yield beat
        rest = speaking_seconds(sentence) - (self.renderer.time - beat.start)
        self.wait(max(rest, 0.6))
        beat.end = self.renderer.time
        if self.after_beat is not None:
            self.after_beat(beat)

    @property
    def ledger(self) -> list[Shown]:
        """Every number that stood on screen so far, with its times and its source."""
        return self._ledger.finish(self.renderer.time)

    # How it works -------------------------------------------------------------------------------------

    def setup(self) -> None:
        """Choose the palette, find out how many beats there will be, clear the stage."""
        use_theme(self.look.theme)
        if self.camera.background_opacity == 1:
            self.camera.background_color = self.theme.background
        self._start()
        self._outlining = True
        state = np.random.get_state()  # noqa: NPY002 (manim's own generator)
        self.construct()
        np.random.set_state(state)  # noqa: NPY002
        self._beat_total = len(self.beats)
        self._outlining = False
        self.mobjects: list[Mobject] = []
        self.foreground_mobjects: list[Mobject] = []
        self._start()

    def play(self, *args: Any, **kwargs: Any) -> None:
        """Play as manim does, and note in the ledger which numbers came and went."""
        if self._outlining:
            return
        start = self.renderer.time
        self._ledger.observe(start, start, self.mobjects)
        super().play(*args, **kwargs)
        self._ledger.observe(start, self.renderer.time, self.mobjects)

    def _start(self) -> None:
        self.beats: list[Beat] = []
        self.claims: list[Claim] = []
        self._ledger = _Ledger()
        self._heading: list[Mobject] = []
        self._caption: Mobject | None = None
        self._dots: VGroup | None = None

    def _furnish(self, beat: Beat) -> None:
        """Title strip, progress dots and caption of a beat."""
        if self._dots is None:
            self._heading = self._title()
            self.add(*self._heading)
            self._dots = self._progress_dots()
            self.add(self._dots)
        for number, dot in enumerate(self._dots):
            dot.set_fill(self.theme.highlight if number < beat.number else self.theme.line)
        if self._caption is not None:
            self.remove(self._caption)
        if self.look.burned_captions:
            self._caption = Paragraph(
                beat.narration,
                self.frame.caption,
                self.frame.caption_size,
                lines=3 if self.frame.portrait else 2,
            )
            self.add(self._caption)
        self._ledger.observe(beat.start, beat.start, self.mobjects)

    @property
    def furniture(self) -> list[Mobject]:
        """What belongs to the frame and not to the lesson: title strip, progress dots, caption."""
        return [*self._heading, *(part for part in (self._dots, self._caption) if part is not None)]

    def _title(self) -> list[Mobject]:
        strip, size = self.frame.title, self.frame.title_size
        if not self.frame.stacked:  # title, part and dots share a line
            words = text_width(Label(self.heading()), 1.0, "semibold") + 0.6 + 0.6 * text_width(Label(self.part()), 1.0)
            size = min(size, (strip.width - DOT_PITCH * self._beat_total - 0.4) / words)
        title = TextLine(Label(self.heading()), size, weight="semibold")
        part = TextLine(Label(self.part()), max(size * 0.6, self.frame.smallest), self.theme.muted)
        if self.frame.stacked:
            title.at(strip.left, strip.bottom + 0.2 + 1.35 * part.em)
            return [title, part.at(strip.left, strip.bottom + 0.2)]
        baseline = strip.center[1] - size * CAP_HEIGHT / 2
        title.at(strip.left, baseline)
        return [title, part.at(strip.left + title.advance + size * 0.6, baseline)]

    def _progress_dots(self) -> VGroup:
        strip, pitch = self.frame.title, DOT_PITCH
        height = strip.center[1]
        if self.frame.stacked:  # behind the title or behind the part's name, whichever leaves more room
            line = min(self._title(), key=lambda line: line.get_right()[0])
            height = strip.bottom + 0.32 if line.get_top()[1] < strip.center[1] else line.get_center()[1]
            pitch = min(pitch, (strip.right - float(line.get_right()[0]) - 0.3) / max(self._beat_total, 1))
        dots = [Dot(radius=0.05, stroke_width=0, fill_opacity=1, color=self.theme.line) for _ in range(self._beat_total)]
        for place, dot in enumerate(reversed(dots)):
            dot.move_to((strip.right - 0.05 - pitch * place, height, 0))
        return VGroup(*dots)

    # Names --------------------------------------------------------------------------------------------

    @classmethod
    def slug(cls) -> str:
        """The chapter's name on the command line: ``ForwardPropagation`` → ``forward-propagation``."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", cls.__name__).lower()

    @classmethod
    def heading(cls) -> str:
        """The chapter's title on screen."""
        return cls.title or cls.slug().replace("-", " ").capitalize()

    @classmethod
    def summary(cls) -> str:
        """What the chapter shows, in one sentence."""
        return (cls.__doc__ or "").strip().split("\n")[0]

    @classmethod
    def part(cls) -> str:
        """The part of the course that the chapter stands in, from the ``course.toml`` beside its file."""
        file = getattr(sys.modules.get(cls.__module__), "__file__", None)
        table = Path(file).with_name("course.toml") if file else None
        if table is None or not table.is_file():
            return ""
        parts = tomllib.loads(table.read_text(encoding="utf-8")).get("part", [])
        return next((part["title"] for part in parts if cls.slug() in part.get("chapters", ())), "")


def speaking_seconds(sentence: Sentence) -> float:
    """How long a beat stands at least for its narration."""
    return max(SHORTEST_BEAT, SECONDS_PER_WORD * len(sentence.text.split()) + 0.8)


def _narration(narration: tuple[Showable, ...], values: dict[str, Showable]) -> Sentence:
    parts: list[Sentence] = []
    for words in narration:
        if isinstance(words, Sentence):
            parts.append(words)
        else:
            names = set(re.findall(r"\{(\w+)\}", str(words)))
            parts.append(
                Sentence(str(words), {name: value for name, value in values.items() if name in names})
            )
    whole = parts[0]
    for part in parts[1:]:
        whole = whole + part
    return whole
