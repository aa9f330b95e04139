"""The stage of a lesson: beats and sentences, what plays, what runs on beside it, and the ledger of what was seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from manim import Animation, Mobject, Scene, VGroup, Wait, config
from manim.animation.animation import prepare_animation
from manim.utils.iterables import list_update

from nnanim.lesson.beats import Beat, Cue, Reading, Timing, narrated, speaking_seconds, without_marks
from nnanim.lesson.claims import (
    Case,
    Cases,
    Claim,
    ClaimError,
    Lazy,
    Predicate,
    as_cases,
    decided,
    filled,
    told,
)
from nnanim.lesson.furniture import Progress, ProgressLine, caption, progress_dots, scrim, title_strip
from nnanim.lesson.ledger import Ledger, Shown
from nnanim.quantity import Sentence, Showable
from nnanim.visuals.page.frame import Frame, frame, use_film
from nnanim.visuals.page.readout import readouts_in
from nnanim.visuals.page.theme import Theme, theme, use_theme
from nnanim.visuals.paint.contract import within
from nnanim.visuals.paint.film_camera import FilmCamera
from nnanim.visuals.paint.motion import Span, Turn
from nnanim.visuals.paint.painted import PaintedCamera

PAUSE_AFTER_BEAT = 0.25


@dataclass(frozen=True)
class Look:
    """How a chapter is shown: theme, whether the narration is drawn in the picture, and how long sentences take."""

    theme: str = "dark"
    burned_captions: bool = True
    timing: Timing = field(default_factory=Reading)


@dataclass
class Track:
    """An animation that runs on while others come and go, and how much of it is over, in seconds."""

    animation: Animation
    elapsed: float = 0.0


class Stage(Scene):
    """What every lesson is told with. A chapter adds a subject; see :class:`nnanim.chapter.Chapter`.

    Attributes
    ----------
    beats
        The beats so far.
    claims
        The claims spoken so far.
    after_beat
        Called with each beat at its end, while its last picture stands.
    """

    film: ClassVar[bool] = True
    """Whether pictures fill the frame and the title comes and goes; otherwise a strip on top bears the title."""
    trace: Any
    _tracks: list[Track]
    _marks_of_claim: tuple[int, ...]

    def __init__(self, *args: Any, look: Look | None = None, **kwargs: Any) -> None:
        kwargs.setdefault("camera_class", FilmCamera if self.film else PaintedCamera)
        self.look = look or Look()
        self.after_beat: Callable[[Beat], None] | None = None
        self._outlining = False
        use_film(self.film)
        super().__init__(*args, **kwargs)

    @property
    def frame(self) -> Frame:
        """The frame's regions and sizes of type."""
        return frame()

    @property
    def theme(self) -> Theme:
        """The palette."""
        return theme()

    @property
    def now(self) -> float:
        """Seconds since the film began."""
        return self._outlined_time if self._outlining else float(self.renderer.time)

    # Words --------------------------------------------------------------------------------------------

    def claim(self, *cases: Case | Cases | tuple[str, Predicate], of: Any = None, **values: Lazy) -> Sentence:
        """Choose the first sentence that is true.

        Parameters
        ----------
        cases
            Cases, lists of them, or pairs of a sentence with placeholders and its predicate.
        of
            The view of the trace that the predicates are asked of; by default the whole trace.
        values
            What stands in the placeholders; a function is called only when its sentence is the true one.

        Raises
        ------
        ClaimError
            When none of the sentences is true; it names the chapter, the sentence and the values.
        """
        view = self.trace if of is None else of
        listed = as_cases(cases)
        try:
            case = listed.of(view)
        except ClaimError:
            said = told(values)
            raise ClaimError(
                f"{self.slug()}: the claim “{listed[0].sentence}” is false of these parameters ({said}) and has no alternative"
            ) from None
        chosen = Claim(filled(without_marks(case.sentence)[0], values), case.holds, view)
        claim = decided(chosen)
        self.claims.append(claim)
        self._marks_of_claim = without_marks(case.sentence)[1] if claim is chosen else ()
        return claim.sentence

    @contextmanager
    def beat(self, *narration: Showable, **values: Showable) -> Iterator[Beat]:
        """A step of the lesson. Sentences given here are heard from its beginning; others with :meth:`say` inside it.

        It ends when all that was said in it has been read.
        """
        if self.beats:  # what happens between two beats belongs to the first: its words still stand
            self._end_beat(self.beats[-1])
        beat = Beat(len(self.beats) + 1, self.now)
        self.beats.append(beat)
        if not self._outlining:
            self.next_section(f"{beat.number:02d} {narrated(narration, dict(values)).text if narration else ''}"[:60].strip())
            self._furnish(beat)
        if narration:
            self._speak(narrated(narration, dict(values)))
        yield beat
        beat.held = self.now
        if self.film:
            self._hear_out(beat, PAUSE_AFTER_BEAT)
        else:
            rest = speaking_seconds(beat.narration) - (self.now - beat.start)
            self.wait(max(rest, 0.6))
        self._end_beat(beat)
        if self._outlining:
            return
        if self.after_beat is not None:
            self.after_beat(beat)

    def say(self, *words: Showable | Case | Cases | tuple[str, Predicate], of: Any = None, **values: Lazy) -> Cue:
        """Let a sentence land now: when the one before has been read, with the picture that stands.

        Parameters
        ----------
        words
            A sentence, a template with placeholders, or cases of which the first true one is said. Brackets mark spans of
            words, as in ``"A neuron [weighs its input] and [adds a bias]."``: :meth:`when` waits for them.
        of, values
            As in :meth:`claim`.
        """
        marks: tuple[int, ...] = ()
        first = words[0]
        if isinstance(first, Case | Cases | tuple):
            sentence = self.claim(*words, of=of, **values)  # type: ignore[arg-type]
            marks = self._marks_of_claim
        elif isinstance(first, str) and len(words) == 1:
            plain, marks = without_marks(first)
            sentence = filled(plain, values)
        else:
            sentence = narrated(words, dict(values))  # type: ignore[arg-type]
        return self._speak(sentence, marks)

    def when(self, cue: Cue, mark: int = 0) -> None:
        """Wait until the words of a marked span are heard."""
        due = cue.start + self.look.timing.reaches(cue.sentence, cue.marks[mark])
        if due > self.now:
            self.wait(due - self.now)

    def hush(self) -> None:
        """Silence: the last sentence goes when it has been read."""
        if self.beats:
            self._hear_out(self.beats[-1])
        self._caption_now(None)

    def _speak(self, sentence: Sentence, marks: tuple[int, ...] = ()) -> Cue:
        beat = self.beats[-1]
        self._hear_out(beat)
        if beat.cues:
            beat.cues[-1].end = self.now
        cue = Cue(sentence, self.now, marks=marks)
        beat.cues.append(cue)
        if not self._outlining:
            self._caption_now(sentence)
        return cue

    def _hear_out(self, beat: Beat, pause: float = 0.0) -> None:
        """Wait until what was said last has been read."""
        if beat.cues and self.film:
            due = beat.cues[-1].start + self.look.timing.seconds(beat.cues[-1].sentence) + pause
            if due - self.now > 1e-6:
                self.wait(due - self.now)

    def _end_beat(self, beat: Beat) -> None:
        beat.end = self.now
        if beat.cues:
            beat.cues[-1].end = self.now

    # Playing ------------------------------------------------------------------------------------------

    def track(self, animation: Any, *more: Any) -> Track:
        """Let animations run from now on, beside whatever is played or waited for, across sentences and beats; the first's track.

        They end early when what they move leaves the stage; of two moves of the camera, or turns of a dial, the later goes on.
        """
        tracks = [Track(prepare_animation(each)) for each in (animation, *more)]
        self._tracks.extend(tracks)
        return tracks[0]

    def settle(self) -> None:
        """Wait until everything that runs on has ended."""
        rest = max((track.animation.run_time - track.elapsed for track in self._tracks), default=0.0)
        if rest > 0:
            self.wait(rest)

    def play(self, *args: Any, **kwargs: Any) -> None:
        """Play as manim does, with what runs on beside it, and note in the ledger which numbers came and went."""
        if self._outlining:
            if self.film:
                animations = self.compile_animations(*args, **kwargs)
                self._steer(animations)
                self._pass(self.get_run_time(animations))
            return
        start = self.now
        self._ledger.observe(start, start, self.mobjects)
        if self.film:
            animations = self.compile_animations(*args, **kwargs)
            seconds = self.get_run_time(animations)
            self._steer(animations)
            beside, present = self._running(seconds), self._present()
            before = {id(readout): (readout, readout.place) for readout in readouts_in(self.mobjects)}
            super().play(*animations, *beside)
            gone = present - self._present()
            self._tracks = [track for track in self._tracks if id(track.animation.mobject) not in gone]
            ran = self._after(seconds, before, start)
            self._ledger.observe(start, self.now, self.mobjects, (*animations, *beside), ran)
        else:
            super().play(*args, **kwargs)
            self._ledger.observe(start, self.now, self.mobjects)

    def wait(self, duration: float = 1.0, *args: Any, **kwargs: Any) -> None:
        """Wait as manim does; what runs on runs on."""
        if not self.film or args or kwargs:
            super().wait(duration, *args, **kwargs)
            return
        if duration * float(config.frame_rate) >= 1:  # less than a frame is nothing to be seen
            self.play(Wait(duration)) if self._outlining else self._wait(duration)

    def _wait(self, seconds: float) -> None:
        start = self.now
        self._ledger.observe(start, start, self.mobjects)
        beside = self._running(seconds)
        before = {id(readout): (readout, readout.place) for readout in readouts_in(self.mobjects)}
        super().play(*(beside or [Wait(seconds, frozen_frame=True)]))
        ran = self._after(seconds, before, start)
        self._ledger.observe(start, self.now, self.mobjects, tuple(beside), ran)

    def _steer(self, animations: Any) -> None:
        """A move of the camera takes over from one that runs on, and whoever turns a dial from what turned it."""
        if self._moves_the_camera(*animations):
            self._tracks = [track for track in self._tracks if not self._moves_the_camera(track.animation)]
        turned = _dials_of(*animations)
        self._tracks = [track for track in self._tracks if not turned & _dials_of(track.animation)]

    def _moves_the_camera(self, *animations: Animation) -> bool:
        return any(each.mobject is self.camera.frame for each in _leaves(animations))

    def _present(self) -> frozenset[int]:
        """Everything on stage, by id: what leaves it no longer runs on."""
        return frozenset(id(member) for mobject in self.mobjects for member in mobject.get_family())

    def _running(self, seconds: float) -> list[Animation]:
        """Spans of so many seconds of what runs on, and of the line of progress."""
        beside: list[Animation] = [Span(track.animation, track.elapsed, seconds) for track in self._tracks]
        if self._progress is not None:
            first, last = (self._share_at(when) for when in (self.now, self.now + seconds))
            beside.append(Progress(self._progress, first, last, seconds))
        return beside

    def _after(self, seconds: float, before: dict[int, Any], start: float) -> frozenset[int]:
        """Note what has run, and which running numbers changed (by id)."""
        self._age(seconds)
        ran = {number: readout.ran(first, readout.place) for number, (readout, first) in before.items()}
        for entry in ran.values():
            if entry is not None:
                self._ledger.ran(start, self.now, *entry)
        return frozenset(number for number, entry in ran.items() if entry is not None)

    def _age(self, seconds: float) -> None:
        """What runs on has run for so many seconds more; what is over is forgotten."""
        for track in self._tracks:
            track.elapsed += seconds
        self._tracks = [track for track in self._tracks if track.elapsed < track.animation.run_time - 1e-6]

    def _share_at(self, when: float) -> float:
        """How much of the film is over: its beats share the line, and each fills its part at its own pace."""
        number = max(len(self.beats) - 1, 0)
        planned = self._planned[number] if number < len(self._planned) else 1.0
        begun = self.beats[-1].start if self.beats else 0.0
        return min(1.0, (number + min(1.0, (when - begun) / max(planned, 1e-6))) / max(len(self._planned), 1))

    def get_moving_mobjects(self, *animations: Animation) -> list[Mobject]:
        """As manim has it; when the camera moves, everything does."""
        if self.film and self._moves_the_camera(*animations):
            return list_update(self.mobjects, self.foreground_mobjects)
        return super().get_moving_mobjects(*animations)

    @property
    def ledger(self) -> list[Shown]:
        """Every number that stood on screen so far, with its times and its source."""
        return self._ledger.finish(self.now)

    # How it works -------------------------------------------------------------------------------------

    def setup(self) -> None:
        """Choose the palette, find out how many beats there will be and how long each lasts, clear the stage."""
        use_theme(self.look.theme)
        use_film(self.film)
        if self.camera.background_opacity == 1:
            self.camera.background_color = self.theme.background
        self._planned: list[float] = []
        self._start()
        self._outlining = True
        state = np.random.get_state()  # noqa: NPY002 (manim's own generator)
        self.construct()
        np.random.set_state(state)  # noqa: NPY002
        if self.beats:
            self._end_beat(self.beats[-1])
        self._planned = [beat.end - beat.start for beat in self.beats]
        self._beat_total = len(self.beats)
        self._outlining = False
        self.mobjects: list[Mobject] = []
        self.foreground_mobjects: list[Mobject] = []
        self._start()

    def _start(self) -> None:
        self.beats: list[Beat] = []
        self.claims: list[Claim] = []
        self._ledger = Ledger(first_visible=self.film)
        self._tracks = []
        self._outlined_time = 0.0
        self._marks_of_claim = ()
        self._heading: list[Mobject] = []
        self._caption: Mobject | None = None
        self._scrim: Mobject | None = None
        self._progress: ProgressLine | None = None
        self._dots: VGroup | None = None

    def _pass(self, seconds: float) -> None:
        """In an outline time passes without anything being played."""
        self._outlined_time += seconds
        self._age(seconds)

    def _furnish(self, beat: Beat) -> None:
        """What belongs to the frame at the beginning of a beat."""
        if self.film:
            if self._progress is None:
                self._progress = ProgressLine()
                self.put_in_front(self._progress)
            return
        if self._dots is None:
            titles = title_strip(self.heading(), self.part(), self._beat_total)
            self._heading = list(titles)
            self.add(*self._heading)
            self._dots = progress_dots(titles, self._beat_total)
            self.add(self._dots)
        for number, dot in enumerate(self._dots):
            dot.set_fill(self.theme.highlight if number < beat.number else self.theme.line)

    def _caption_now(self, sentence: Sentence | None) -> None:
        """Let the narration in the picture be this sentence, or none."""
        put = self.put_in_front if self.film else self.add
        if self._caption is not None:
            self.take_away(self._caption)
            self._caption = None
        if sentence is not None and self.look.burned_captions:
            if self.film and self._scrim is None:
                self._scrim = scrim()
                put(self._scrim)
            self._caption = caption(sentence)
            put(self._caption)
        self._ledger.observe(self.now, self.now, self.mobjects)

    def put_in_front(self, mobject: Mobject) -> None:
        """Put something before everything that will come."""
        # manim's own add_foreground_mobject() lists it twice, and so paints it twice.
        self.foreground_mobjects = [*self.foreground_mobjects, mobject]
        self.add()

    def remove(self, *mobjects: Mobject) -> Stage:
        """Take things off the stage, as manim does; what ran on with them runs on no longer."""
        super().remove(*mobjects)
        gone = {id(member) for mobject in mobjects for member in mobject.get_family()}
        self._tracks = [track for track in self._tracks if id(track.animation.mobject) not in gone]
        return self

    def take_away(self, mobject: Mobject) -> None:
        """Take something off the stage at once, from before everything too."""
        self.foreground_mobjects = [each for each in self.foreground_mobjects if each is not mobject]
        self.remove(mobject)

    @property
    def furniture(self) -> list[Mobject]:
        """What belongs to the frame and not to the lesson: title strip, progress, caption and its ground."""
        parts = (self._dots, self._progress, self._scrim, self._caption)
        return [*self._heading, *(part for part in parts if part is not None)]


def _dials_of(*animations: Animation) -> set[tuple[int, int]]:
    """Which dials of which pictures (by id) animations turn."""
    return {(id(each.mobject), place) for each in _leaves(animations) if isinstance(each, Turn) for place in each.places}


def _leaves(animations: tuple[Animation, ...]) -> Iterator[Animation]:
    """Animations without what groups or wraps them."""
    for animation in animations:
        inner = within(animation)
        parts = getattr(animation, "animations", None)
        if inner is not None:
            yield from _leaves((inner,))
        elif parts:
            yield from _leaves(tuple(parts))
        else:
            yield animation
