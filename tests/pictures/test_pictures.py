"""Every chapter looks as it was accepted to look. ``make approve`` accepts a change.

In a usual run the dark 16:9 sheet of each chapter is compared; NNANIM_ALL_PICTURES=1 compares every look.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from nnanim.audit.pictures import compare, side_by_side, write_small

sys.path.insert(0, str(Path(__file__).parent))
import sheets

LOOKS = sheets.LOOKS if os.environ.get("NNANIM_ALL_PICTURES") else sheets.LOOKS[:1]


@pytest.mark.parametrize("chapter", sheets.chapters())
def test_the_chapter_looks_as_accepted(chapter, tmp_path_factory):
    made = sheets.production(chapter)
    for theme, aspect in LOOKS:
        path = sheets.reference(chapter, theme, aspect)
        assert path.is_file(), f"{path.name} is missing: look at the chapter's sheet, then make approve"
        drawn = sheets.sheet(made, theme, aspect)
        accepted = Image.open(path)
        found = compare(accepted, drawn)
        if not found.same:
            difference = tmp_path_factory.mktemp("pictures") / path.with_suffix(".png").name
            side_by_side(accepted, drawn, found).save(difference)
            pytest.fail(f"{path.name}: similarity {found.whole:.3f}, {found.worst:.2f} at {found.place}; see {difference}, or make approve")


def test_references_are_small_and_complete():
    expected = {sheets.reference(chapter, *look).name for chapter in sheets.chapters() for look in sheets.LOOKS}
    assert {path.name for path in sheets.HERE.glob("*.webp")} == expected
    assert all(path.stat().st_size <= 60_000 for path in sheets.HERE.glob("*.webp"))


@pytest.fixture(scope="module")
def accepted() -> Image.Image:
    return Image.open(sheets.reference("forward-propagation", "dark", "16:9")).convert("RGB")


def other_cairo(picture: Image.Image) -> Image.Image:
    """The same drawing with other edges: every line half a pixel softer and a third of a pixel aside."""
    moved = picture.transform(picture.size, Image.Transform.AFFINE, (1, 0, 0.33, 0, 1, 0.25), Image.Resampling.BICUBIC)
    noise = np.random.default_rng(0).integers(-2, 3, (*picture.size[::-1], 3))
    return Image.fromarray(np.clip(np.asarray(moved.filter(ImageFilter.GaussianBlur(0.3)), int) + noise, 0, 255).astype(np.uint8))


def test_another_way_of_smoothing_edges_is_no_difference(accepted):
    assert compare(accepted, accepted).whole == pytest.approx(1.0)
    assert compare(accepted, other_cairo(accepted)).same


@pytest.mark.parametrize("fault", ["lost", "added", "recoloured", "moved"])
def test_a_change_that_one_sees_is_a_difference(accepted, fault):
    changed = accepted.copy()
    draw = ImageDraw.Draw(changed)
    light = np.asarray(accepted.convert("L"), dtype=float)
    block = 12
    busy = [
        (light[y : y + block, x : x + 2 * block].std(), x, y)
        for y in range(40, light.shape[0] - 40, block) for x in range(20, light.shape[1] - 60, block)
    ]  # fmt: skip
    _, x, y = max(busy)
    plain = accepted.getpixel((14, 60))
    if fault == "lost":  # about one number of a sheet's small picture
        draw.rectangle((x, y, x + 2 * block, y + block), fill=plain)
    elif fault == "added":
        draw.text((60, 70), "0.9999", fill="#FFFFFF", font_size=14)
    elif fault == "recoloured":
        patch = changed.crop((x, y, x + 2 * block, y + block))
        red, green, blue = patch.split()
        changed.paste(Image.merge("RGB", (blue, red, green)).point(lambda value: 255 - value), (x, y))
    else:
        patch = changed.crop((x, y, x + 2 * block, y + block))
        draw.rectangle((x, y, x + 2 * block, y + block), fill=plain)
        changed.paste(patch, (x, y + 6))
    found = compare(accepted, changed)
    assert not found.same
    assert abs(found.place[0] - (60 if fault == "added" else x)) < 40
    assert side_by_side(accepted, changed, found).width > 3 * accepted.width


def test_another_size_is_another_picture(accepted):
    assert not compare(accepted, accepted.resize((450, 300))).same


def test_what_does_not_fit_is_refused(tmp_path):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (900, 900, 3), dtype=np.uint8))
    with pytest.raises(ValueError, match="60000 bytes"):
        write_small(noise, tmp_path / "noise.webp")
