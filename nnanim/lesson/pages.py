"""What a film does again and again: things come, go, move and grow out of one another; the camera nears; titles and verdicts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from manim import (
    AnimationGroup,
    Create,
    FadeIn,
    FadeOut,
    FadeTransform,
    Mobject,
    ReplacementTransform,
    Transform,
    VMobject,
    rate_functions,
)

from nnanim.lesson.furniture import title_card
from nnanim.lesson.stage import Stage
from nnanim.visuals.page.frame import Region
from nnanim.visuals.page.plan import Areas, Plan
from nnanim.visuals.page.readout import Tag
from nnanim.visuals.paint.film_camera import Dolly, FilmCamera, Follow
from nnanim.visuals.paint.motion import Later
from nnanim.visuals.paint.painted import Painted
from nnanim.visuals.paint.picture import Picture

ARRIVE = rate_functions.ease_out_cubic
LEAVE = rate_functions.ease_in_cubic
QUICKER = 0.88
"""Each of several repetitions takes this share of the time of the one before."""


class Lesson(Stage):
    """The verbs of a lesson, chosen by meaning; times have defaults.

    Attributes
    ----------
    leaving
        What goes at the next :meth:`change`.
    """

    leaving: Sequence[Mobject] = ()

    # Coming and going ---------------------------------------------------------------------------------

    def show(self, *mobjects: Mobject, seconds: float = 0.6, after: float = 0.0) -> None:
        """Let things appear together, each of them a little after the one before where ``after`` says so."""
        if not mobjects:
            return
        fades = [FadeIn(mobject, run_time=seconds, rate_func=ARRIVE) for mobject in mobjects]
        self.play(*(Later(place * after, fade) if place and after else fade for place, fade in enumerate(fades)))

    def draw(self, *mobjects: VMobject, seconds: float = 1.0) -> None:
        """Let lines be drawn from their beginnings to their ends."""
        self.play(*(Create(mobject) for mobject in mobjects), run_time=seconds)

    def hide(self, *mobjects: Mobject, seconds: float = 0.4) -> None:
        """Let things go."""
        if mobjects:
            self.play(*(FadeOut(mobject, rate_func=LEAVE) for mobject in mobjects), run_time=seconds)

    def one_by_one(self, *mobjects: Mobject, each: float = 0.45, quicken: float = QUICKER) -> None:
        """Let things appear one after another, faster and faster."""
        for mobject in mobjects:
            self.play(FadeIn(mobject, rate_func=ARRIVE), run_time=each)
            each = max(each * quicken, 0.12)

    def exchange(self, old: Iterable[Mobject], new: Iterable[Mobject], *beside: Any, seconds: float = 0.7) -> None:
        """Let some things go and others come, so that the stage is never empty; animations may be played beside it."""
        leaving = [FadeOut(mobject, rate_func=LEAVE, run_time=0.55 * seconds) for mobject in old]
        coming = [Later(0.5 * seconds, FadeIn(mobject, rate_func=ARRIVE, run_time=0.5 * seconds)) for mobject in new]
        self.play(*leaving, *coming, *beside)

    def become(self, old: Iterable[Mobject], new: Iterable[Mobject], *beside: Any, seconds: float = 1.0) -> None:
        """The first of the old moves to where the first of the new stands and becomes it; the others go, and then come.

        Both are pictures of one kind; the words that hold on to them go along. Animations may be played as the others come.
        """
        (first, *others), (last, *comers) = list(old), list(new)
        held = [each for each in others if type(each) is Tag and each.of is first]
        theirs = [each for each in comers if getattr(each, "of", None) is last]
        target = first.copy()
        target.points = last.points.copy()
        leaving = [FadeOut(each, rate_func=LEAVE, run_time=0.35) for each in others if each not in held]
        if leaving:
            self.play(*leaving)
        self.play(Transform(first, target, run_time=seconds))
        self.remove(first, *held)
        self.add(last, *theirs)
        coming = [FadeIn(each, rate_func=ARRIVE, run_time=0.4 * seconds) for each in comers if each not in theirs]
        if coming or beside:
            self.play(*coming, *beside)

    def clear(self, keep: Iterable[Mobject] = (), seconds: float = 0.4) -> None:
        """Let everything go except what is kept, and what belongs to the frame."""
        kept = {id(member) for mobject in (*keep, *self.furniture) for member in mobject.get_family()}
        leaving = [mobject for mobject in self.mobjects if not any(id(member) in kept for member in mobject.get_family())]
        self.hide(*leaving, seconds=seconds)

    def change(self, *new: Mobject, to: Iterable[Any] = (), after: float = 0.3) -> None:
        """What was left behind as ``leaving`` goes while its words go too; what is new is put on stage, and begins to move.

        Parameters
        ----------
        new
            Put on stage as it is, for instance a picture whose dials still hide it.
        to
            Animations that bring in what comes.
        after
            Seconds by which they begin later.
        """
        self.hush()
        self.add(*new)
        self.play(*map(FadeOut, self.leaving), *(Later(after, animation) for animation in to))

    def move(self, mobject: Mobject, to: Region | Mobject | Sequence[float], seconds: float = 1.0) -> None:
        """Take something to another place; into a region it goes as large as it fits."""
        target: Any = mobject.copy()
        if isinstance(to, Region):
            target.scale(min(to.width / max(target.width, 1e-9), to.height / max(target.height, 1e-9)))
            target.move_to(to.center)
        else:
            target.move_to(to if isinstance(to, Mobject) else np.asarray(to, dtype=float))
        self.play(Transform(mobject, target), run_time=seconds)

    def grow(self, new: Mobject, out_of: Mobject, keep: bool = False, seconds: float = 1.0) -> None:
        """Let something new grow out of something that is there, which goes unless it is kept.

        Things of one kind change part by part; others open out of the place and the size of what they come from.
        """
        self.play(self.growth(new, out_of, keep), run_time=seconds)

    def growth(self, new: Mobject, out_of: Mobject, keep: bool = False) -> Any:
        """The animation of :meth:`grow`, to be played with others."""
        old = out_of.copy() if keep else out_of
        alike = (
            type(old) is type(new)
            if isinstance(old, Painted) or isinstance(new, Painted)
            else isinstance(old, VMobject) and isinstance(new, VMobject)
        )
        if alike:
            return ReplacementTransform(old, new)
        if isinstance(old, Painted) or isinstance(new, Painted):
            seed = new.copy()
            seed.scale(max(old.width, 1e-3) / max(seed.width, 1e-3)).move_to(old.get_center())
            seed.fade(1)
            return AnimationGroup(ReplacementTransform(seed, new), *([] if keep else [FadeOut(old)]))
        return FadeTransform(old, new, stretch=True)

    def distilled(self, formula: VMobject, sources: Iterable[tuple[int, Sequence[float]]], seconds: float = 2.4) -> Any:
        """A formula whose signs come, in the order of reading, out of the things that they stand for; to be played with others.

        Parameters
        ----------
        sources
            How many signs, and the point that they come from; together they are all signs of the formula.
        """
        seed, first = formula.copy(), 0
        for count, point in sources:
            for sign in seed.submobjects[first : first + count]:
                sign.scale(0.05).move_to(np.asarray(point, dtype=float)).set_opacity(0)
            first += count
        if first != len(seed.submobjects):
            raise ValueError(f"the formula has {len(seed.submobjects)} signs, and {first} of them have a source")
        return ReplacementTransform(seed, formula, run_time=seconds, lag_ratio=0.15)

    def flown(self, sign: Mobject, source: Mobject, arc: float = 0.0) -> FadeIn:
        """A sign that comes from what it stands for along an arc, and so passes others by.

        Parameters
        ----------
        arc
            Its angle in radians: with a positive one what flies to the left passes over what stands between, what flies to the right
            below it; with a negative one the reverse.
        """
        return FadeIn(sign, target_position=source, path_arc=arc)

    # The camera ---------------------------------------------------------------------------------------

    def pushed_in(self, on: Mobject | Region, fill: float = 0.8, seconds: float = 1.6) -> Dolly:
        """The camera's move until something fills this share of the frame, to be played with others."""
        camera = self.camera
        assert isinstance(camera, FilmCamera)
        width, height = on.width, on.height
        center = on.center if isinstance(on, Region) else on.get_center()
        across = max(width / fill, height / fill * self.frame.width / self.frame.height)
        return Dolly(camera, center, across, seconds)

    def begin_near(self, on: Mobject | Region, fill: float = 0.8) -> None:
        """Let the camera stand near from the first frame on, until it is pulled back."""
        near = self.pushed_in(on, fill)
        near.begin()
        near.interpolate(1)

    def pulled_back(self, seconds: float = 1.6) -> Dolly:
        """The camera's move to where it sees everything, to be played with others."""
        camera = self.camera
        assert isinstance(camera, FilmCamera)
        return Dolly(camera, np.zeros(3), self.frame.width, seconds)

    def push_in(self, on: Mobject | Region, fill: float = 0.8, seconds: float = 1.6) -> None:
        """Bring the camera so near that something fills this share of the frame."""
        self.play(self.pushed_in(on, fill, seconds))

    def pull_back(self, seconds: float = 1.6) -> None:
        """Take the camera back to where it sees everything."""
        self.play(self.pulled_back(seconds))

    def drift(self, seconds: float, nearer: float = 1.03, on: Mobject | Region | None = None) -> None:
        """Let the camera come nearer, slowly and from now on, so that a picture that stands while it is spoken of lives.

        Parameters
        ----------
        seconds
            How long it takes, beside whatever is played or said; it stays near until it is pulled back.
        nearer
            How much larger everything is at last.
        on
            What it heads for; by default the middle of the frame.
        """
        camera = self.camera
        assert isinstance(camera, FilmCamera)
        heads_for = np.zeros(3) if on is None else on.center if isinstance(on, Region) else on.get_center()
        share = 1 - 1 / nearer  # so far that its far side just stays inside
        self.track(Dolly(camera, share * heads_for, self.frame.width / nearer, seconds, rate_functions.linear))

    def followed(self, picture: Picture, anchor: str, fill: float, seconds: float) -> Follow:
        """The camera's move along with a point of a picture, to be played or to run on; it sees this share of the frame."""
        camera = self.camera
        assert isinstance(camera, FilmCamera)
        return Follow(camera, picture, anchor, self.frame.width * fill, seconds)

    def pinned(self, mobject: Mobject) -> Mobject:
        """Something that stays on the screen wherever the camera looks."""
        for member in mobject.get_family():
            member.pinned = True
        return mobject

    # Pages --------------------------------------------------------------------------------------------

    def plan(self, plan: Plan) -> Areas:
        """The regions of a plan in a frame of this shape."""
        return plan.areas(self.frame)

    def title_card(self, seconds: float = 2.0) -> None:
        """The chapter's title over the living picture; it comes, stands and leaves."""
        self.hush()
        card = title_card(self.heading(), self.part())
        veil, words = card
        moving = max(0.3, min(0.45, seconds / 4))
        self.put_in_front(card)
        self.play(FadeIn(veil, rate_func=ARRIVE, run_time=moving), Later(0.3 * moving, FadeIn(words, run_time=0.7 * moving)))
        self.wait(max(seconds - 2 * moving, 0.1))
        self.play(FadeOut(words, rate_func=LEAVE, run_time=0.5 * moving), Later(0.3 * moving, FadeOut(veil, run_time=0.7 * moving)))
        self.take_away(card)
