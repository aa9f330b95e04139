"""What keeps a chapter a lesson: its length, and nothing in it that belongs to the vocabulary."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

SCENES = Path(__file__).resolve().parent.parent.parent / "scenes"
FIRST_FIVE = {"forward_propagation", "gradient_descent", "vanishing_gradients", "qkv_attention", "autoregressive_generation"}
LONGEST, LONGEST_OF_THE_FIRST = 320, 440
WIDEST = 110
DEBTS: dict[str, tuple[int, int]] = {
    "autoregressive_generation": (488, 0),
}
"""Films that are longer, or have wider lines, than the rules say: so many lines, so many of them too wide. They may only shrink."""
REGIONS_BY_HAND: dict[str, int] = {}
"""Of these too there may only be fewer."""
BARRED = {
    "a region made by hand": r"\bRegion\(",
    "points by hand": r"np\.array\(\[",
    "a frame's width compared": r"\b(width|height|ratio)\s*[<>]=?|[<>]=?\s*self\.frame\.(width|height)",
    "text measured": r"\btext_width\b",
    "a claim that is always true": r"lambda \w+: True\b",
    "an assertion in place of a case": r"\bAssertionError\b",
}
FILMS = sorted(file for file in SCENES.glob("*.py") if "film = False" not in file.read_text(encoding="utf-8"))


@pytest.mark.parametrize("file", FILMS, ids=lambda file: file.stem)
def test_a_film_is_short(file):
    lines = file.read_text(encoding="utf-8").splitlines()
    most, wide = DEBTS.get(file.stem, (LONGEST_OF_THE_FIRST if file.stem in FIRST_FIVE else LONGEST, 0))
    assert len(lines) <= most
    assert sum(len(line) > WIDEST for line in lines) <= wide


@pytest.mark.parametrize("file", FILMS, ids=lambda file: file.stem)
@pytest.mark.parametrize("name", BARRED)
def test_a_film_leaves_to_the_vocabulary_what_is_its(file, name):
    found = [line.strip() for line in file.read_text(encoding="utf-8").splitlines() if re.search(BARRED[name], line)]
    assert len(found) <= REGIONS_BY_HAND.get(file.stem, 0) if name == "a region made by hand" else found == []


@pytest.mark.parametrize(
    ("name", "line", "barred"),
    [
        ("a region made by hand", "Region(0, 1, 0, 1)", True), ("a region made by hand", "room: Region", False),
        ("points by hand", "np.array([1, 2])", True), ("points by hand", "np.array(values)", False),
        ("a frame's width compared", "if self.frame.width < 9:", True), ("a frame's width compared", "width=self.frame.width", False),
        ("a claim that is always true", "lambda t: True", True), ("a claim that is always true", "lambda t: True and t", True),
        ("a claim that is always true", 'lambda t: t["x"] > 0', False),
    ],
)  # fmt: skip
def test_the_rules_see_what_they_are_for(name, line, barred):
    assert bool(re.search(BARRED[name], line)) is barred


