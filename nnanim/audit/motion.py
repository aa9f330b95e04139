"""Whether the picture moves bearably: no jumps without an animation, no flashes, nothing that stands still for long.

Flashes as in WCAG 2.2, 2.3.1 (general flash): a pair of opposing changes of relative luminance of a tenth or more, the
darker below 0.80, on more than a quarter of any 10° of the field of vision, more than three in a second.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from manim import Mobject, Scene
from numpy.typing import NDArray
from scipy import ndimage

from nnanim.audit.findings import Box, Finding
from nnanim.audit.ink import Patch, Pixels, name_of
from nnanim.audit.layout import luminance, shows
from nnanim.engine.boxes import NOTHING
from nnanim.engine.boxes import Box as PixelBox

JUMP = 0.25
"""Share of the frame's width or height."""
FLASHES = 3
"""So many in a second are allowed."""
STEP, DARK = 0.1, 0.8
"""Change of relative luminance that counts, and how dark the darker state has to be."""
FIELD = 1 / 3
"""The 10° of the field of vision as a share of the frame's sides: 341 × 256 of 1024 × 768 pixels (WCAG 2.2)."""
FREEZE = 6.0
"""Seconds for which a picture may stand still."""
GLANCE = 0.35
"""Seconds up to which a picture that stands is part of a movement: it is looked at as seldom as that."""
STILL = 6
"""Difference of a byte of colour that is not seen."""
UNSEEN = 6
"""And so many bytes that differ by more are not yet a change."""
COARSE = 4
"""Of so many rows and columns one is looked at first."""


def _place(changed: PixelBox | None, every: int = 1) -> Patch:
    """Rows and columns of a box in a picture of which every so-manieth are left; of None, all."""
    if changed is None:
        return (slice(None), slice(None))
    top, bottom, left, right = (-(-edge // every) for edge in changed)
    return (slice(top, bottom), slice(left, right))


def _around(first: PixelBox | None, second: PixelBox | None) -> PixelBox | None:
    """The smallest box around two; None, which is the whole picture, when one of them is."""
    if first is None or second is None:
        return None
    if not (first.area and second.area):
        return first if first.area else second
    return PixelBox(
        min(first.top, second.top), max(first.bottom, second.bottom),
        min(first.left, second.left), max(first.right, second.right),
    )  # fmt: skip


class Flashes:
    """Counts opposing changes of luminance at every place of the picture, at a quarter of its size."""

    def __init__(self) -> None:
        self.small: Pixels | None = None
        self.extreme: NDArray[np.float64] | None = None
        self.worst = 0.0
        self.worst_time = 0.0
        self.worst_picture: Pixels | None = None

    def see(self, picture: Pixels, time: float, changed: PixelBox | None = None) -> None:
        """Take in the picture (H, W, 4) that stands from ``time`` on; outside of ``changed`` it is the one before."""
        small = picture[::COARSE, ::COARSE]
        if self.small is None or self.extreme is None:
            self.small, self.extreme = small.copy(), luminance(small)
            self.direction = np.zeros(self.extreme.shape, int)
            self.turns = np.full((2 * (FLASHES + 1), *self.extreme.shape), -np.inf)
            return
        place = _place(changed, COARSE)
        if np.array_equal(small[place], self.small[place]):
            return
        self.small[place] = small[place]
        if not self._turn(place, luminance(small[place]), time):
            return  # where nothing turned, nothing flashes more than before
        # Four pairs of changes: the eighth-last turn is less than a second ago.
        flashing = self.turns[0] > time - 1.0
        if flashing.sum() > 0.25 * FIELD**2 * flashing.size * 0.9:
            self._measure(flashing, time, picture)

    def _turn(self, place: Patch, light: NDArray[np.float64], time: float) -> bool:
        """Note at a place which pixels turn from brighter to darker or back; whether any does."""
        assert self.extreme is not None
        extreme, direction = self.extreme[place], self.direction[place]
        change = light - extreme
        darker = np.minimum(light, extreme) < DARK
        turned = (np.abs(change) >= STEP) & darker & (np.sign(change) != direction)
        further = np.sign(change) == direction
        if turned.any():
            turns = self.turns[(slice(None), *place)]
            turns[:, turned] = np.concatenate([turns[1:, turned], np.full((1, int(turned.sum())), time)])
            direction[turned] = np.sign(change)[turned].astype(int)
        self.extreme[place] = np.where(turned | further, light, extreme)
        return bool(turned.any())

    def _measure(self, flashing: NDArray[np.bool_], time: float, picture: Pixels) -> None:
        size = [max(1, round(side * FIELD)) for side in flashing.shape]
        share = float(ndimage.uniform_filter(flashing.astype(float), size, mode="constant").max())
        if share > max(self.worst, 0.25):
            self.worst, self.worst_time, self.worst_picture = share, time, picture.copy()


class Stillness:
    """How long the same picture stands, as far as it was looked at: never longer than it really does."""

    def __init__(self) -> None:
        self.picture: Pixels | None = None
        self.changed: PixelBox | None = None
        self.since = self.until = 0.0
        self.frozen: list[tuple[float, float, Pixels]] = []
        self.longest = FREEZE
        self.whole = 0.0
        """Seconds in which the picture stood, all together, from the second look at it on."""

    def see(self, picture: Pixels, time: float, until: float, changed: PixelBox | None = None) -> None:
        """Take in the picture that stands from ``time`` to ``until``; outside of ``changed`` it is the one before."""
        self.changed = _around(self.changed, changed)
        if self.picture is None or not self._same(picture, _place(self.changed)):
            self.end()
            self.picture, self.since = picture.copy(), time
            self.changed = NOTHING
        self.until = until

    def _same(self, picture: Pixels, place: Patch) -> bool:
        """Whether a picture looks at a place as the one that stands; elsewhere it is known to."""
        assert self.picture is not None
        now, before = picture[place], self.picture[place]
        coarse = np.abs(now[::COARSE, ::COARSE, :3].astype(np.int16) - before[::COARSE, ::COARSE, :3])
        if (coarse > STILL).sum() >= UNSEEN:  # most pictures that differ do so at once
            return False
        if np.array_equal(now, before):
            return True
        difference = np.abs(now[..., :3].astype(np.int16) - before[..., :3])
        return bool((difference > STILL).sum() < UNSEEN)

    def end(self) -> None:
        """Something else is seen from now on."""
        if self.picture is None:
            return
        self.whole += self.until - self.since if self.until - self.since > GLANCE else 0.0
        if self.until - self.since > self.longest + 1e-6:
            self.frozen.append((self.since, self.until, self.picture))


class Jumps:
    """Objects that are somewhere else without an animation that took them there."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.places: dict[int, tuple[Mobject, NDArray[np.float64]]] = {}

    def look(self) -> None:
        """Remember where everything that is seen is."""
        self.places = dict(self._seen())

    def compare(self, animated: Iterable[Mobject] = ()) -> Iterator[Finding]:
        """What is elsewhere than when looked at last, except what is being animated; then look again."""
        moving = {id(part) for mobject in animated for part in mobject.get_family()}
        now = dict(self._seen())
        camera = self.scene.renderer.camera
        room = np.array([camera.frame_width, camera.frame_height])
        for key, (mobject, place) in now.items():
            if key in moving or key not in self.places:
                continue
            far = np.abs(place - self.places[key][1])[:2] / room
            if far.max() > JUMP:
                low, high = mobject.points.min(axis=0), mobject.points.max(axis=0)
                box: Box = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
                yield Finding("jump", name_of(mobject), f"moves {far.max():.0%} of the frame at once, without an animation", box=box)
        self.places = now

    def _seen(self) -> Iterator[tuple[int, tuple[Mobject, NDArray[np.float64]]]]:
        for mobject in (*self.scene.mobjects, *self.scene.foreground_mobjects):
            for leaf in mobject.get_family():
                if len(leaf.points) and shows(leaf) and getattr(leaf, "of", None) is None:  # such words go with their picture
                    middle = (leaf.points.min(axis=0) + leaf.points.max(axis=0)) / 2
                    yield id(leaf), (leaf, middle)
