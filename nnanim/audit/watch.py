"""Runs a scene without encoding it and judges it as it goes: its layout at rest, its motion, the time to read.

A beat is judged at its end and at the rest that follows the movement in which its middle falls: things on their way
through each other are no fault.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from manim import Mobject, Scene, SingleStringMathTex, Typst
from PIL import Image, ImageDraw

from nnanim.audit.findings import Box, Finding
from nnanim.audit.ink import FULL, Moment, Pixels, strength_of
from nnanim.audit.layout import Bounds, area, judge, used_box
from nnanim.audit.ledger import texts_on_stage, unsourced_digits
from nnanim.audit.motion import FREEZE, Flashes, Jumps, Stillness
from nnanim.chapter import Beat, Chapter
from nnanim.engine import RenderSettings
from nnanim.engine.boxes import Box as PixelBox
from nnanim.engine.boxes import enclosing
from nnanim.engine.plays import can_jump
from nnanim.engine.redraw import Redraw
from nnanim.engine.session import configured, perform, prepare
from nnanim.lesson.furniture import PROGRESS_HEIGHT
from nnanim.quantity import facts
from nnanim.visuals.cells.number_grid import NumberGrid
from nnanim.visuals.page.frame import Region, frame

SECONDS_PER_WORD = 0.3
EVERY = 3
"""Of the frames in motion every third is drawn: an odd number, so that what flickers from frame to frame is seen."""
EVERY_SMOOTH = 9
"""The same where manim's own animations alone move things: none of them goes to and fro more than once or twice."""
FRAMES_PER_SECOND = 30
LOWEST = 0.2
"""Share of a narrow frame's height in which players lay their own controls."""
FILM_FREEZE = 2.5
"""Seconds for which a film's picture may stand still."""
MOST_STILL = 0.25
"""Share of a film's time in which nothing moves but the line of progress."""


@dataclass
class Standing:
    """A text on stage: since when, and what the picture was then (None where nothing was drawn yet)."""

    since: float
    beat: int
    text: str
    words: float
    box: Box
    picture: Pixels | None


@dataclass
class Watcher:
    """A recorder that writes nothing: it looks at every play of a scene.

    Parameters
    ----------
    middles
        ``(seconds, number)`` of the middle of every beat, in order of time; none for a scene without beats.
    sources
        Whether every digit needs a source (in a chapter).
    layout, motion
        What is judged.
    """

    middles: list[tuple[float, int]] = field(default_factory=list)
    sources: bool = True
    layout: bool = True
    motion: bool = True
    findings: list[Finding] = field(default_factory=list)
    pictures: dict[tuple[int, float], Pixels] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.flashes, self.stillness = Flashes(), Stillness()
        self.held = False
        self.there: set[str] = set()
        self.judged: Pixels | None = None
        self.standing: dict[str, Standing] = {}
        self.full: set[str] = set()
        self.dimmed: list[Finding] = []
        self.most_room = 0.0
        self.picture: Pixels | None = None

    # The scene -----------------------------------------------------------------------------------------

    def attach(self, scene: Scene) -> None:
        """Look after every play of this scene."""
        self.scene, self.jumps = scene, Jumps(scene)
        if getattr(scene, "film", False):
            self.stillness.longest = FILM_FREEZE
        for name in ("play", "_wait"):  # a film waits without playing, while what runs on runs on
            if hasattr(scene, name):
                setattr(scene, name, self._watched(getattr(scene, name)))
        if isinstance(scene, Chapter):
            scene.after_beat = lambda beat: self._at_end_of(beat)

    def _watched(self, play: Callable[..., Any]) -> Callable[..., Any]:
        """What plays, looked after."""
        scene = self.scene

        def watched(*args: Any, **kwargs: Any) -> Any:
            if getattr(scene, "_outlining", False):
                return play(*args, **kwargs)
            start = float(scene.renderer.time)
            plays = scene.renderer.num_plays
            done = play(*args, **kwargs)
            if scene.renderer.num_plays > plays:
                self._after_play(start)
            return done

        return watched

    @property
    def beat(self) -> int:
        """Number of the beat, or of the play in a plain scene."""
        if isinstance(self.scene, Chapter):
            return len(self.scene.beats)
        return int(self.scene.renderer.num_plays)

    @property
    def now(self) -> float:
        """Seconds since the scene began."""
        return float(self.scene.renderer.time)

    # Recording -----------------------------------------------------------------------------------------

    def hold(self, scene: Scene, frames: int) -> None:
        """A picture that stands."""
        self._note(self.jumps.compare())
        self.held = True
        if self.layout or self.motion:
            picture, _ = Redraw(scene).frame()
            self._see(picture, self.now, self.now + frames / float(scene.renderer.camera.frame_rate))

    def animate(self, scene: Scene, times: np.ndarray) -> int:
        """A movement; some of its frames are drawn."""
        self.held = False
        self.there = set(self._legible(set()))  # what comes in begins unseen
        jumps_allowed = can_jump(scene)
        if jumps_allowed:  # otherwise updaters have their say before anything is seen
            self._note(self.jumps.compare())
        animated = [animation.mobject for animation in scene.animations or ()]
        every = EVERY_SMOOTH if jumps_allowed else EVERY
        redraw = Redraw(scene) if self.motion else None
        for number, t in enumerate(times):
            drawn = redraw is not None and number % every == 0
            if jumps_allowed and not drawn:
                continue
            scene.update_to_time(t)
            if not jumps_allowed:
                self._note(self.jumps.compare(animated), t)
            if redraw is not None and drawn:
                picture, boxes = redraw.frame()
                changed = None if boxes is None else enclosing(boxes)
                self._see(picture, self.now + float(t), self.now + float(t), changed)
            if scene.stop_condition is not None and scene.stop_condition():
                return number + 1
        return len(times)

    def _see(self, picture: Pixels, time: float, until: float, changed: PixelBox | None = None) -> None:
        if self.motion:
            self.flashes.see(picture, time, changed)
            self.stillness.see(self._without_frame(picture), time, until, changed)
        self.picture = picture

    def _without_frame(self, picture: Pixels) -> Pixels:
        """A film's picture without the strip in which the line of progress grows: that alone is no life."""
        if not getattr(self.scene, "film", False):
            return picture
        rows = max(1, round(picture.shape[0] * 1.5 * PROGRESS_HEIGHT / frame().height))
        return picture[: picture.shape[0] - rows]

    def _note(self, findings: Any, after: float = 0.0) -> None:
        for finding in findings:
            self._add(replace(finding, beat=max(self.beat, 1), time=self.now + float(after)), self.picture)

    def _add(self, finding: Finding, picture: Pixels | None) -> None:
        self.findings.append(finding)
        if picture is not None:
            self.pictures[(finding.beat, finding.time)] = picture.copy()

    # Judging -------------------------------------------------------------------------------------------

    def _after_play(self, start: float) -> None:
        self.jumps.look()
        moving = not self.held
        self._read(start, moving)
        if self.sources:
            for wrong in unsourced_digits(self.scene):
                self._add(Finding("ledger", wrong.text, wrong.problem, beat=self.beat, time=self.now), self.picture)
        if not isinstance(self.scene, Chapter):
            self._judge(self.beat, self.now, room=False)
        elif self.middles and self.middles[0][0] <= self.now:
            _, number = self.middles.pop(0)
            if moving:  # in a hold the end will be the same picture
                self._judge(number, self.now, room=False)

    def _at_end_of(self, beat: Beat) -> None:
        self._judge(beat.number, self.now, room=True)
        self._citations(beat)

    def _judge(self, beat: int, time: float, room: bool) -> None:
        if not self.layout:
            return
        scene = self.scene
        moment = Moment(scene, furniture=furniture(scene))
        if self.judged is not None and not room and np.array_equal(self.judged, moment.picture):
            return
        self.judged = moment.picture
        bounds = bounds_of(scene)
        if not isinstance(scene, Chapter):
            self.most_room = max(self.most_room, area(used_box(moment, bounds.stage)) / area(bounds.stage))
        dim = {unit.name for unit in moment.units if not unit.is_full}
        for found in judge(moment, bounds, room):
            finding = replace(found, beat=beat, time=time)
            if found.kind == "contrast" and found.what in dim and "drawn at" in found.detail:
                self.dimmed.append(finding)
                self.pictures[(beat, time)] = moment.picture
            else:
                self._add(finding, moment.picture)

    def _citations(self, beat: Beat) -> None:
        """A figure from the literature says on screen what kind of figure it is: measured, reported or estimated."""
        seen = texts_on_stage(self.scene)
        spoken = " ".join(text.text for text in seen).lower()
        for text in seen:
            for entry in getattr(text.mobject, "entries", ()):
                if entry.kind != "cited":
                    continue
                fact = facts().get(entry.source.removeprefix("facts.toml: "), {})
                lacking = [name for name in ("source", "year", "status") if not fact.get(name)]
                if lacking:
                    problem = f"the table of facts gives no {' and no '.join(lacking)} for it"
                elif str(fact["status"]).lower() not in spoken:
                    problem = f"stands there without the word “{fact['status']}”"
                else:
                    continue
                self._add(Finding("ledger", entry.text, problem, beat=beat.number, time=self.now), self.picture)

    # Reading -------------------------------------------------------------------------------------------

    def _read(self, start: float, moving: bool) -> None:
        """Note which texts came and went; what came or went in a movement did so in its middle."""
        end = self.now
        middle = (start + end) / 2 if moving else start
        now = self._legible(self.full)
        for key in [key for key in self.standing if key not in now]:
            self._judge_reading(self.standing.pop(key), middle)
        picture = None if self.picture is None else self.picture.copy() if now.keys() - self.standing.keys() else None
        for key, mobject in now.items():
            if key not in self.standing:
                points = mobject.get_all_points()
                low, high = points.min(axis=0), points.max(axis=0)
                box = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
                came = start if key in self.there else middle
                self.standing[key] = Standing(came, self.beat, key, words_in(key, mobject), box, picture)

    def _legible(self, full: set[str]) -> dict[str, Mobject]:
        """Texts that are strong enough to be read, by their wording; those at full strength are noted in ``full``."""
        now: dict[str, Mobject] = {}
        for seen in texts_on_stage(self.scene):
            if isinstance(seen.mobject, NumberGrid):
                strengths = zip(seen.mobject.quantities, seen.mobject.inks[:, 3], strict=True)
                full |= {quantity.text for quantity, strength in strengths if quantity is not None and strength > FULL}
                continue  # nobody is to read a whole table
            strength = strength_of(part for part in seen.mobject.get_family() if len(part.points))
            if strength > FULL:
                full.add(" ".join(seen.text.split()))
            if strength > 0.5:
                now.setdefault(wording(seen.text), seen.mobject)
        return now

    def _judge_reading(self, text: Standing, end: float) -> None:
        words = text.words
        stood, needed = end - text.since, SECONDS_PER_WORD * words
        if stood < needed - 1 / FRAMES_PER_SECOND:
            detail = f"{words:.0f} words stand for {stood:.1f} s, they take {needed:.1f} s to read"
            self._add(Finding("hurried", text.text, detail, beat=text.beat, time=text.since, box=text.box), text.picture)

    # The end -------------------------------------------------------------------------------------------

    def finish(self, beats: Sequence[Beat]) -> None:
        """Judge what only the whole shows."""
        end = self.now
        for text in self.standing.values():
            self._judge_reading(text, end)
        self.findings += [finding for finding in self.dimmed if finding.what not in self.full]
        if self.layout and not isinstance(self.scene, Chapter) and 0 < self.most_room < 0.25:
            self.findings.append(
                Finding("empty", "frame", f"never more than {self.most_room:.0%} of its room is used", beat=self.beat, time=end)
            )
        if not self.motion:
            return
        self.stillness.end()
        for since, until, picture in self.stillness.frozen:
            detail = f"stands still for {until - since:.1f} s"
            self._add(Finding("freeze", "picture", detail, beat=beat_at(beats, since), time=since, note=until - since <= FREEZE), picture)
        if getattr(self.scene, "film", False) and end > 0 and self.stillness.whole > MOST_STILL * end:
            share = f"nothing moves in {self.stillness.whole / end:.0%} of the film, at most {MOST_STILL:.0%} is allowed"
            self.findings.append(Finding("still", "film", share, beat=1, time=0.0, note=True))
        if self.flashes.worst > 0:
            when = self.flashes.worst_time
            detail = f"more than three flashes in a second on {self.flashes.worst:.0%} of the field of vision"
            self._add(Finding("flash", "picture", detail, beat=beat_at(beats, when), time=when), self.flashes.worst_picture)


def wording(text: str) -> str:
    """A text with its numbers alike: a counter that runs is one text."""
    return re.sub(r"[−+-]?[\d⁰¹²³⁴-⁹⁻][\d.,⁰¹²³⁴-⁹⁻]*", "#", " ".join(text.split()))


def words_in(text: str, mobject: Mobject) -> float:
    """How many words there are to read; a formula's symbols count five to a word."""
    if isinstance(mobject, Typst | SingleStringMathTex):
        return sum(len(part.points) > 0 for part in mobject.get_family()) / 5
    return sum(any(character.isalnum() or character == "#" for character in word) for word in text.split())


def beat_at(beats: Sequence[Beat], time: float) -> int:
    """Number of the beat that stands at a time."""
    return max((beat.number for beat in beats if beat.start <= time + 1e-6), default=1)


def furniture(scene: Scene) -> frozenset[int]:
    """ids of what belongs to a chapter's frame: title strip, progress dots, caption."""
    if not isinstance(scene, Chapter):
        return frozenset()
    return frozenset(id(member) for part in scene.furniture for member in part.get_family())


def bounds_of(scene: Scene) -> Bounds:
    """The regions that a scene has to keep to."""
    camera = scene.renderer.camera
    x, y = camera.frame_center[:2]
    width, height = float(camera.frame_width), float(camera.frame_height)
    whole: Box = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    if not isinstance(scene, Chapter):
        return Bounds(whole, None, whole)
    layout = frame()
    if not scene.film:
        return Bounds(whole, layout.caption.top if scene.look.burned_captions else None, edges(layout.stage))
    zoom = camera.zoom

    def seen(height: float) -> float:
        return float(y + height / zoom)

    left, bottom, right, top = edges(layout.stage)
    return Bounds(
        whole,
        seen(layout.caption.top) if scene.look.burned_captions else None,
        (x + left / zoom, seen(bottom), x + right / zoom, seen(top)),
        film=True,
        lowest=seen(-layout.height / 2 + LOWEST * layout.height) if layout.portrait else None,
        smallest=layout.smallest,
    )


def edges(region: Region) -> Box:
    """A region as a box."""
    return (region.left, region.bottom, region.right, region.top)


def watch(
    make_scene: Callable[[], Scene],
    settings: RenderSettings,
    middles: Sequence[tuple[float, int]] = (),
    layout: bool = True,
    motion: bool = True,
) -> tuple[Scene, Watcher]:
    """Run a scene and judge it.

    Parameters
    ----------
    middles
        ``(seconds, number)`` of the middle of every beat.

    Raises
    ------
    EngineError
        When the scene itself fails.
    """
    watcher = Watcher(list(middles), layout=layout, motion=motion)
    with configured(settings):
        scene = prepare(make_scene, watcher)
        watcher.sources = isinstance(scene, Chapter)
        watcher.attach(scene)
        perform(scene)
        watcher.finish(getattr(scene, "beats", ()))
    return scene, watcher


def boxed(picture: Pixels, box: tuple[float, float, float, float] | None, path: Path) -> None:
    """Write a picture with a place boxed; ``box`` is (top, bottom, left, right) in pixels."""
    image = Image.fromarray(np.ascontiguousarray(picture[..., :3]))
    if box is not None:
        top, bottom, left, right = box
        draw = ImageDraw.Draw(image)
        for grow, color in ((5, "#000000"), (4, "#FF2E88"), (3, "#FF2E88"), (2, "#FFFFFF")):
            left_edge, right_edge = sorted((max(0, left - grow), min(image.width - 1, right + grow)))
            top_edge, bottom_edge = sorted((max(0, top - grow), min(image.height - 1, bottom + grow)))
            draw.rectangle((left_edge, top_edge, right_edge, bottom_edge), outline=color)
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, optimize=True)
