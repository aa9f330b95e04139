"""Which of two names wins: what every neuron pulls, as blocks on two piles that are compared by height."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from nnanim.visuals.page.frame import Region
from nnanim.visuals.page.theme import ramp, rgba, theme
from nnanim.visuals.paint.canvas import Canvas
from nnanim.visuals.paint.painted import Floats
from nnanim.visuals.paint.picture import Picture

GAP = 0.045
FLIGHT = 2.2
"""How many blocks are in the air at once; the first flies alone."""


class Piles(Picture):
    """Blocks that fly from where they come from onto one of two piles; a block's height is what it pulls.

    Dials: ``land`` 0 … n so many blocks have landed, in their order; ``split`` 0–1 the first block shows its two parts;
    ``cap`` 0–1 the difference of the heights lights up; ``after`` 0–1 from these pulls to the other ones; ``ring`` 0–1
    around the first block; ``dim`` 0–1 of all but the first.

    Anchors: ``foot0``, ``foot1``: under the piles; ``top0``, ``top1``: above them; ``cap``, ``lead``: between the piles and left of them, at the difference; ``first``: the middle of
    the first block, ``part0``, ``part1``: left of its parts.

    Parameters
    ----------
    region
        Where.
    pulls, after
        One for each block, (n,), > 0 onto the first pile, < 0 onto the second; what they change to.
    starts
        Where each block comes from, (n, 2).
    parts
        The first block's two shares, which add up to it.
    """

    dial_names: ClassVar[dict[str, float]] = {
        "land": 0.0, "split": 0.0, "cap": 0.0, "after": 0.0, "ring": 0.0, "dim": 0.0,
    }  # fmt: skip
    bleeds: ClassVar[float] = 0.3

    def __init__(
        self, region: Region, pulls: ArrayLike, starts: ArrayLike, after: ArrayLike | None = None,
        parts: tuple[float, float] = (0.5, 0.5), **dials: float,
    ) -> None:  # fmt: skip
        self.pulls = np.asarray(pulls, dtype=float)
        self.later = self.pulls if after is None else np.asarray(after, dtype=float)
        self.starts, self.halves = np.asarray(starts, dtype=float), parts
        self.region = region
        piles = [np.where(side * p > 0, np.abs(p), 0).sum() for p in (self.pulls, self.later) for side in (1, -1)]
        self.unit = region.height * 0.97 / max(*piles, 1e-9)
        left, right = region.columns([1, 1], 0.16 * region.width)
        self.columns = left, right
        super().__init__((region.left, region.bottom, region.right, region.top), **dials)

    # ---- where the blocks are

    def _now(self) -> Floats:
        after = self.dial("after")
        return (1 - after) * self.pulls + after * self.later

    def boxes(self) -> Floats:
        """Left, bottom, width and height of each block once it has landed, (n, 4)."""
        foot, found = [self.region.bottom, self.region.bottom], []
        for pull, first in zip(self._now(), self.pulls, strict=True):
            side = 0 if first > 0 or (first == 0 and pull > 0) else 1
            column, height = self.columns[side], abs(pull) * self.unit
            found.append((column.left, foot[side], column.width, height))
            foot[side] += height
        return np.array(found).reshape(-1, 4)

    def block(self, number: int) -> Region:
        """Where a block stands once it has landed."""
        left, bottom, width, height = (float(edge) for edge in self.boxes()[number])
        return Region(left, left + width, bottom, bottom + height)

    def heights(self) -> tuple[float, float]:
        """Heights of both piles when all has landed."""
        boxes = self.boxes()
        first = boxes[:, 0] == self.columns[0].left
        return float(boxes[first, 3].sum()), float(boxes[~first, 3].sum())

    def _flown(self) -> Floats:
        land, others = self.dial("land"), len(self.pulls) - 1
        later = (land - 1) * (1 + FLIGHT / max(others, 1)) - np.arange(others)
        share = np.concatenate([[np.clip(land, 0, 1)], np.clip(later / FLIGHT, 0, 1)])
        return 1 - (1 - share) ** 3

    def anchor(self, name: str) -> Floats:
        """``foot0``, ``foot1``, ``top0``, ``top1``, ``cap``, ``first``, ``part0``, ``part1``."""
        heights = self.heights()
        if name in ("foot0", "foot1", "top0", "top1"):
            side = int(name[-1])
            up = heights[side] if name.startswith("top") else 0.0
            return np.array([self.columns[side].center[0], self.region.bottom + up, 0.0])
        if name == "cap":
            return np.array([self.region.center[0], self.region.bottom + sum(heights) / 2, 0.0])
        if name == "lead":
            return np.array([self.columns[0].left, self.region.bottom + sum(heights) / 2, 0.0])
        left, bottom, width, height = self.boxes()[0]
        if name == "first":
            return np.array([left + width / 2, bottom + height / 2, 0.0])
        if name in ("part0", "part1"):
            cut = self._cut()
            middle = height * (cut / 2 if name == "part0" else (1 + cut) / 2)
            return np.array([left, bottom + middle, 0.0])
        return super().anchor(name)

    def _cut(self) -> float:
        """Where the first block's parts meet, as a share of its height; a part of the other sign has no height."""
        one, other = (max(part, 0.0) for part in self.halves)
        return one / max(one + other, 1e-9)

    # ---- painting

    def draw(self, canvas: Canvas) -> None:
        """The ground, the blocks, what is said of the first, the difference."""
        ground = self.region.bottom
        for column in self.columns:
            canvas.line([(column.left - 0.1, ground - 0.02), (column.right + 0.1, ground - 0.02)], 0.05, rgba(theme().muted))
        flown, boxes, dim = self._flown(), self.boxes(), self.dial("dim")
        for n, (box, share) in enumerate(zip(boxes, flown, strict=True)):
            if share > 0 and box[3] > 0:
                self._draw_block(canvas, box, self.starts[n], float(share), self.pulls[n] > 0, 1 - 0.7 * dim * (n > 0))
        left, bottom, width, height = boxes[0]
        if split := self.dial("split"):
            self._draw_parts(canvas, left, bottom, width, height, split)
        if ring := self.dial("ring"):
            canvas.box(left, bottom, width, height, rgba(theme().chosen), ring, radius=0.08, line=0.07)
        if cap := self.dial("cap"):
            self._draw_cap(canvas, cap)

    def _draw_block(self, canvas: Canvas, box: Floats, start: Floats, share: float, positive: bool, opacity: float) -> None:
        left, bottom, width, height = box
        middle = np.array([left + width / 2, bottom + height / 2])
        size = np.array([width, height]) * share + 0.25 * (1 - share)
        x, y = start + (middle - start) * share - size / 2
        warm = ramp(theme().activation_ramp)[-1]
        sign = rgba(theme().positive if positive else theme().negative)
        color = (1 - share) * warm + share * (0.8 * sign + 0.2 * rgba(theme().background))
        gap = min(GAP, 0.3 * size[1])
        canvas.box(x, y + gap / 2, size[0], max(size[1] - gap, 0.012), color, opacity, radius=min(0.07, 0.4 * size[1]) + 0.1 * (1 - share))

    def _draw_parts(self, canvas: Canvas, left: float, bottom: float, width: float, height: float, split: float) -> None:
        cut = bottom + self._cut() * height
        warm = ramp(theme().activation_ramp)[-1]
        canvas.box(left, bottom + GAP / 2, width, max(cut - bottom - GAP, 0.02), warm, 0.75 * split, radius=0.03)
        canvas.line([(left - 0.12, cut), (left + width + 0.12, cut)], 0.05, rgba(theme().text), split)

    def _draw_cap(self, canvas: Canvas, cap: float) -> None:
        one, other = self.heights()
        low, high = sorted((one, other))
        column = self.columns[0 if one >= other else 1]
        base = self.region.bottom
        lower, color = base + low, rgba(theme().text)
        canvas.line([(self.columns[0].left, lower), (self.columns[1].right, lower)], 0.03, color, 0.7 * cap)
        box = (column.left, lower, column.right, base + high)
        bright = ramp(theme().activation_ramp)[-1]
        canvas.glow(lambda c: c.box(box[0], box[1], box[2] - box[0], box[3] - box[1], bright), box, 0.12, 0.8 * cap, theme().name == "dark")
        canvas.box(box[0], box[1], box[2] - box[0], max(box[3] - box[1], 0.02), bright, cap)


class PilePairs(Picture):
    """Several pairs of piles side by side; the higher of each is lit. Dial: ``grow`` 0 … n so many stand.

    Anchors: ``foot0``, … under each pair.

    Parameters
    ----------
    region
        Where.
    toward, against
        Heights of both piles of each pair, (n,).
    """

    dial_names: ClassVar[dict[str, float]] = {"grow": 0.0}
    bleeds: ClassVar[float] = 0.2

    def __init__(self, region: Region, toward: ArrayLike, against: ArrayLike, **dials: float) -> None:
        self.heights = np.stack([np.asarray(toward, dtype=float), np.asarray(against, dtype=float)], axis=1)
        self.slots = region.columns([1] * len(self.heights), 0.08 * region.width)
        self.unit = region.height * 0.97 / max(float(self.heights.max()), 1e-9)
        super().__init__((region.left, region.bottom, region.right, region.top), **dials)

    def anchor(self, name: str) -> Floats:
        """``foot0``, …"""
        if name.startswith("foot"):
            slot = self.slots[int(name[4:])]
            return np.array([slot.center[0], slot.bottom, 0.0])
        return super().anchor(name)

    def draw(self, canvas: Canvas) -> None:
        """Bars; the winner's end shines."""
        signs = rgba(theme().positive), rgba(theme().negative)
        for n, (slot, pair) in enumerate(zip(self.slots, self.heights, strict=True)):
            share = float(np.clip(self.dial("grow") - n, 0, 1))
            share = share * share * (3 - 2 * share)
            if share <= 0:
                continue
            bars = slot.columns([1, 1], 0.12 * slot.width)
            winner = int(np.argmax(pair))
            for side, (bar, height) in enumerate(zip(bars, pair, strict=True)):
                color = 0.8 * signs[side] + 0.2 * rgba(theme().background)
                canvas.box(bar.left, bar.bottom, bar.width, height * self.unit * share, color, 1.0 if side == winner else 0.45, radius=0.05)
            low, high = sorted(pair)
            top = bars[winner]
            canvas.box(top.left, top.bottom + low * self.unit * share, top.width, max((high - low) * self.unit * share, 0.03), ramp(theme().activation_ramp)[-1])
