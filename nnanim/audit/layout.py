"""Whether a moment can be read: nothing off the frame, no text over text, no line through it, enough contrast.

Everything is measured on drawn pixels, at draft size, once things have come to rest.

Dimmed text (“what is not spoken of is dimmed”) is not held to the contrast of text that is to be read, nor to lines
that cross it: its own opacity is below full, which is how every chapter says “not now”. It is only let off when the
same words stood at full strength at some other moment of the scene; a text that is faint whenever it is seen was
never meant to be dimmed, and is judged by the pixels like any other. Text over text and text off the frame are faults
at any strength.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from manim import Camera, Mobject, PMobject, VMobject
from manim.mobject.types.image_mobject import AbstractImageMobject
from numpy.typing import NDArray
from scipy import ndimage

from nnanim.audit.findings import Box, Finding, Kind
from nnanim.audit.ink import Mask, Moment, Patch, Pixels, TextUnit, name_of, reaches
from nnanim.audit.ledger import SEEN
from nnanim.visuals.paint.painted import Painted

CONTRAST = 4.5
"""WCAG 2.2, 1.4.3: the least contrast of text, level AA."""
POOR_SHARE = 0.15
"""Share of a text's ink that may have less contrast: where a thin line passes behind."""
SMALLEST = 1 / 40
"""Height of the smallest type, as a share of the frame's height."""
ROOM = 0.25
"""Share of the stage that has to be used."""
TOLERANCE = 0.03
"""Manim units by which something may stand over an edge: less than a pixel and a half of a draft."""
LINE_CONTRAST = 1.6
"""A line behind a text is seen from this contrast to its surroundings on."""
HIDES = 0.35
"""Opacity from which what is drawn later hides a text."""

_LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
_BYTE = np.arange(256) / 255.0
_LINEAR = np.where(_BYTE <= 0.04045, _BYTE / 12.92, ((_BYTE + 0.055) / 1.055) ** 2.4)


@dataclass(frozen=True)
class Bounds:
    """Edges of a scene's regions, in manim units: the frame, the caption strip's upper edge, the stage.

    In a film pictures may go on beyond the frame and under the narration, words may not; ``lowest`` is the edge of the lowest
    fifth of a narrow film, ``smallest`` its smallest em as it is seen.
    """

    frame: Box
    caption_top: float | None
    stage: Box
    film: bool = False
    lowest: float | None = None
    smallest: float | None = None


def judge(moment: Moment, bounds: Bounds, room: bool = True) -> list[Finding]:
    """Every fault of a moment's layout; the findings know neither chapter nor beat yet.

    Parameters
    ----------
    room
        Whether the stage has to be used by now.
    """
    found = list(_outside(moment, bounds))
    if bounds.lowest is not None:
        found += _too_low(moment, bounds.lowest)
    entangled: set[int] = set()
    found += _text_over_text(moment, entangled)
    for number, unit in enumerate(moment.units):
        found += _too_small(moment, unit, bounds.smallest)
        if number in entangled or not unit.ink.any():
            continue  # what stands behind it is another text, and that is said already
        found += _poor_contrast(moment, number, unit)
        if unit.is_full:
            found += _crossed_behind(moment, number, unit)
            found += _covered(moment, unit)
    if room:
        found += _empty(moment, bounds)
    return found


# Edges ------------------------------------------------------------------------------------------------


def _outside(moment: Moment, bounds: Bounds) -> Iterator[Finding]:
    """What stands over the frame's edge, or in the strip that is the caption's."""
    owner_of = {id(leaf): unit.mobject for unit in moment.units for leaf in unit.mobject.get_family()}
    done: set[int] = set()
    for leaf in moment.leaves:
        if bounds.film and id(leaf) not in owner_of:
            continue  # a film's pictures may go on beyond the frame, and under the narration
        owner = owner_of.get(id(leaf), leaf)
        box = moment.box_of(leaf) if shows(leaf) and id(owner) not in done else None
        if box is None:
            continue
        ours = id(leaf) in moment.furniture or id(owner) in moment.furniture
        found = edge_fault(leaf, moment.camera, box, bounds, ours)
        if found is not None:
            done.add(id(owner))
            kind, detail = found
            yield Finding(kind, name_of(owner), detail, box=_clip(box, bounds.frame))


def edge_fault(leaf: Mobject, camera: Camera, box: Box, bounds: Bounds, is_furniture: bool) -> tuple[Kind, str] | None:
    """What is wrong with a leaf's place; a thing that covers the whole frame is a background."""
    if _contains(box, bounds.frame):
        return None
    over = _sticks_out(box, bounds.frame)
    if over > TOLERANCE and (not isinstance(leaf, Painted) or reaches(leaf, camera, bounds.frame)):
        return "off-frame", f"{over:.2f} units outside the frame"
    top = bounds.caption_top
    if top is not None and not is_furniture and box[1] < top - TOLERANCE:
        above = (bounds.frame[0], top - TOLERANCE, *bounds.frame[2:])
        if not isinstance(leaf, Painted) or reaches(leaf, camera, above):
            return "caption-strip", f"{top - box[1]:.2f} units deep in the caption's strip"
    return None


def shows(leaf: Mobject) -> bool:
    """Whether a leaf draws anything at all."""
    if isinstance(leaf, Painted):
        return bool(len(leaf.opacity) and leaf.opacity.max() > SEEN)
    if isinstance(leaf, VMobject):
        stroke = leaf.get_stroke_opacity() if leaf.get_stroke_width() > 0 else 0.0
        return bool(len(leaf.points) and max(leaf.get_fill_opacity(), stroke) > SEEN)
    return isinstance(leaf, AbstractImageMobject | PMobject) and len(leaf.points) > 0


def _sticks_out(box: Box, frame: Box) -> float:
    return max(frame[0] - box[0], frame[1] - box[1], box[2] - frame[2], box[3] - frame[3])


def _contains(box: Box, frame: Box) -> bool:
    return box[0] <= frame[0] and box[1] <= frame[1] and box[2] >= frame[2] and box[3] >= frame[3]


def _clip(box: Box, frame: Box) -> Box:
    """A box as far as it is in the frame; at the edge nearest to it when it is wholly outside."""
    left, right = np.clip([box[0], box[2]], frame[0], frame[2])
    bottom, top = np.clip([box[1], box[3]], frame[1], frame[3])
    return (float(left), float(bottom), float(right), float(top))


def _too_low(moment: Moment, height: float) -> Iterator[Finding]:
    """Words in the lowest fifth of a narrow frame, where players lay their own controls."""
    for unit in moment.units:
        box = moment.ink_box(unit)
        if unit.is_full and box[1] < height - TOLERANCE:
            yield Finding("low", unit.name, f"{height - box[1]:.2f} units deep in the lowest fifth, where players have controls", box=box)


# Text over text ---------------------------------------------------------------------------------------


def _text_over_text(moment: Moment, entangled: set[int]) -> Iterator[Finding]:
    """Texts whose ink meets; notes in ``entangled`` those that have another text behind them."""
    places = [place for place, unit in enumerate(moment.units) if unit.opacity > 0.08 and unit.ink.any()]
    units = [moment.units[place] for place in places]
    if len(units) < 2:
        return
    edges = np.array([(u.patch[0].start, u.patch[0].stop, u.patch[1].start, u.patch[1].stop) for u in units])
    for number, unit in enumerate(units[:-1]):
        others = edges[number + 1 :]
        near = (
            (others[:, 0] < edges[number, 1])
            & (others[:, 1] > edges[number, 0])
            & (others[:, 2] < edges[number, 3])
            & (others[:, 3] > edges[number, 2])
        )
        for offset in np.flatnonzero(near):
            other = units[number + 1 + int(offset)]
            shared = _shared_ink(unit, other)
            if shared is None:
                continue
            rows, columns = np.nonzero(shared[0])
            if len(rows) < 4:
                continue
            entangled |= {places[number], places[number + 1 + int(offset)]}
            if unit.name == other.name and len(rows) > 0.7 * min(unit.ink.sum(), other.ink.sum()):
                continue  # one exactly on the other: the viewer sees one text
            patch = shared[1]
            box = moment.to_units(
                patch[0].start + rows.min(), patch[0].start + rows.max() + 1,
                patch[1].start + columns.min(), patch[1].start + columns.max() + 1,
            )  # fmt: skip
            yield Finding("overlap", unit.name, f"its ink and that of “{other.name}” share {len(rows)} pixels", other.name, box=box)


def _shared_ink(first: TextUnit, second: TextUnit) -> tuple[Mask, Patch] | None:
    """Where the ink of two texts meets, in the patch that they share."""
    patch = _common(first.patch, second.patch)
    if patch is None:
        return None
    one, two = (unit.ink[_within(unit.patch, patch)] for unit in (first, second))
    if not (one.any() and two.any()):
        return None
    return one & ndimage.binary_dilation(two), patch


def _common(first: Patch, second: Patch) -> Patch | None:
    rows = slice(max(first[0].start, second[0].start), min(first[0].stop, second[0].stop))
    columns = slice(max(first[1].start, second[1].start), min(first[1].stop, second[1].stop))
    return (rows, columns) if rows.start < rows.stop and columns.start < columns.stop else None


def _within(whole: Patch, part: Patch) -> Patch:
    """A patch of the picture as a patch of another patch."""
    return (
        slice(part[0].start - whole[0].start, part[0].stop - whole[0].start),
        slice(part[1].start - whole[1].start, part[1].stop - whole[1].start),
    )


# Size and contrast ------------------------------------------------------------------------------------


def _too_small(moment: Moment, unit: TextUnit, smallest: float | None = None) -> Iterator[Finding]:
    least = float(moment.camera.frame_height) * SMALLEST if smallest is None else smallest
    if 0 < unit.em < 0.985 * least:
        yield Finding("small", unit.name, f"type of {unit.em:.3f} units, the smallest is {least:.3f}", box=moment.ink_box(unit))


def luminance(pixels: NDArray[np.floating] | Pixels) -> NDArray[np.float64]:
    """Relative luminance (WCAG 2.2) of colours (…, 3): bytes, or 0–1."""
    if pixels.dtype == np.uint8:
        return np.asarray(_LINEAR[pixels[..., :3]] @ _LUMINANCE)
    index = np.clip(np.rint(pixels[..., :3] * 255), 0, 255).astype(np.uint8)
    return np.asarray(_LINEAR[index] @ _LUMINANCE)


def ratio(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Contrast ratio of luminances, 1–21."""
    return np.asarray((np.maximum(first, second) + 0.05) / (np.minimum(first, second) + 0.05))


def _poor_contrast(moment: Moment, number: int, unit: TextUnit) -> Iterator[Finding]:
    """Too little contrast between a text's ink and what is really behind it, pixel by pixel.

    The ink's colour is what a pixel that it covers wholly would show: thin strokes are not blamed for being thin.
    """
    behind = moment.behind[number][..., :3][unit.ink] / 255.0
    shown = unit.opacity * unit.color[unit.ink] + (1 - unit.opacity) * behind
    measured = ratio(luminance(shown), luminance(behind))
    poor = float((measured < CONTRAST).mean())
    if poor > POOR_SHARE:
        worst = float(np.quantile(measured, POOR_SHARE / 2))
        where = "" if poor > 0.9 else f" on {poor:.0%} of its ink"
        dimmed = "" if unit.is_full else f", drawn at {unit.opacity:.0%}"
        yield Finding("contrast", unit.name, f"contrast {worst:.2f} : 1{where}{dimmed}", box=moment.ink_box(unit))


# Lines through text, shapes over text ------------------------------------------------------------------


def _crossed_behind(moment: Moment, number: int, unit: TextUnit) -> Iterator[Finding]:
    """A thin line that passes behind a text, through its letters."""
    behind = moment.behind[number]
    light = luminance(behind)
    if ratio(light.max(), light.min()) < LINE_CONTRAST:
        return
    em = _em_pixels(moment, unit)
    width = max(5, 2 * round(0.28 * em) + 1)
    around = ndimage.median_filter(light, size=width, mode="nearest")
    thin = ratio(light, around) >= LINE_CONTRAST
    rows, columns = np.nonzero(unit.ink)
    body = ndimage.binary_dilation(unit.ink, iterations=max(1, round(0.12 * em)))
    margin = max(1, round(0.1 * em))
    inner = np.zeros_like(body)
    inner[rows.min() + margin : rows.max() + 1 - margin, columns.min() : columns.max() + 1] = True
    crossing = thin & body & inner
    # A line that only touches the text's edge does not disturb; one that passes through it is as long as a letter.
    if crossing.sum() < 0.5 * em or not (crossing & unit.ink).any():
        return
    line, place = _longest(crossing)
    if line < 0.5 * em:
        return
    culprit = _culprit(moment, moment.leaves[: unit.first], unit, crossing)
    yield Finding("crossed", unit.name, f"a line of {culprit} runs through it", culprit, box=_place(moment, unit, place))


def _longest(mask: Mask) -> tuple[int, Mask]:
    """The longest connected piece of a mask: its extent in pixels, and the piece."""
    labels, count = ndimage.label(mask, structure=np.ones((3, 3)))
    best, piece = 0, mask
    for number, found in enumerate(ndimage.find_objects(labels), start=1):
        extent = max(part.stop - part.start for part in found)
        if extent > best:
            best, piece = extent, labels == number
    return best, piece if count else mask


def _covered(moment: Moment, unit: TextUnit) -> Iterator[Finding]:
    """Something drawn after a text that hides its ink, or runs through it."""
    em = _em_pixels(moment, unit)
    enough = max(4.0, 0.02 * em * em)
    own = {id(leaf) for leaf in unit.mobject.get_family()}
    texts = {id(leaf) for other in moment.units for leaf in other.mobject.get_family()}
    for leaf in moment.leaves[unit.last + 1 :]:
        if id(leaf) in own or id(leaf) in texts or not shows(leaf):
            continue  # text over text is a finding of its own
        alpha = moment.alpha_of(leaf, unit.patch)
        if alpha is None:
            continue
        over = unit.ink & (alpha > HIDES)
        if over.sum() < enough:
            continue
        broad = max(3, round(0.3 * em))
        solid = ndimage.binary_erosion(alpha > HIDES, np.ones((broad, broad))).any()
        kind: Kind = "covered" if solid else "crossed"
        verb = "hides" if solid else "runs through"
        name = name_of(leaf)
        share = over.sum() / max(unit.ink.sum(), 1)
        yield Finding(kind, unit.name, f"{name}, drawn later, {verb} {share:.0%} of its ink", name, box=_place(moment, unit, over))


def _em_pixels(moment: Moment, unit: TextUnit) -> float:
    rows = np.flatnonzero(unit.ink.any(axis=1))
    height = (rows.max() - rows.min() + 1) / 0.9 if len(rows) else 8.0
    return unit.em * moment.scale if unit.em else float(height)


def _culprit(moment: Moment, leaves: Sequence[Mobject], unit: TextUnit, where: Mask) -> str:
    """The object drawn behind a text that has most of its ink at a place; the later of two wins."""
    best, name = 0.0, "something"
    for leaf in leaves:
        alpha = moment.alpha_of(leaf, unit.patch) if shows(leaf) else None
        if alpha is None:
            continue
        # What covers the place and its surroundings alike is a surface, not a line.
        score = float(alpha[where].mean() - alpha.mean() / 2)
        if score >= best and score > 0.02:
            best, name = score, name_of(leaf)
    return name


def _place(moment: Moment, unit: TextUnit, where: Mask) -> Box:
    rows, columns = np.nonzero(where)
    top, left = unit.patch[0].start, unit.patch[1].start
    return moment.to_units(top + rows.min(), top + rows.max() + 1, left + columns.min(), left + columns.max() + 1)


# Room -------------------------------------------------------------------------------------------------


def used_box(moment: Moment, stage: Box) -> Box | None:
    """The box around everything that is seen on the stage; None when nothing is."""
    patch = moment.patch_of(stage, margin=0)
    assert patch is not None
    part = moment.picture[patch][..., :3].astype(int)
    background = np.asarray(moment.camera.background[0, 0, :3]).astype(int)
    rows, columns = np.nonzero(np.abs(part - background).max(axis=-1) > 12)
    if not len(rows):
        return None
    top, left = patch[0].start, patch[1].start
    return moment.to_units(top + rows.min(), top + rows.max() + 1, left + columns.min(), left + columns.max() + 1)


def area(box: Box | None) -> float:
    """Area of a box in manim units²."""
    return 0.0 if box is None else max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def _empty(moment: Moment, bounds: Bounds) -> Iterator[Finding]:
    used = used_box(moment, bounds.stage)
    share = area(used) / area(bounds.stage)
    if share < ROOM:
        yield Finding("empty", "stage", f"only {share:.0%} of the stage's room is used", box=used or bounds.stage)
