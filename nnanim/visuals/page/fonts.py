"""Which font draws which part of a line: the family of the package, or else one of the Noto fonts, packages as well.

Nothing is expected of the machine's own fonts.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import groupby
from pathlib import Path
from typing import Literal, NamedTuple

import font_source_sans_pro
import manimgx_fonts
import manimgx_fonts_cjk
import uharfbuzz as hb

from nnanim.characters import clusters, stand_in

FAMILY = "Source Sans Pro"
FALLBACKS = "Noto Sans, Noto Sans for single scripts, Noto Emoji, Noto Sans CJK"
"""Where the family lacks a character, by name and in this order (SIL Open Font License)."""
Weight = Literal["regular", "semibold", "bold"]
_FILES: dict[str, str] = {"regular": "Regular", "semibold": "Semibold", "bold": "Bold"}
_WEIGHTS = {"regular": 400, "semibold": 600, "bold": 700}
_CJK_FACES = {"cjk-jp": 0, "cjk-sc": 2}
"""Faces of the collection: Japanese forms where a line has kana, else simplified Chinese ones (Hangul is the same)."""
_IGNORED = {"\u200c", "\u200d", "\ufe0e", "\ufe0f"}
"""Characters that choose between forms and are never drawn themselves."""


class Run(NamedTuple):
    """Part of a line in one font: in the order of reading, but itself one of the runs from left to right."""

    text: str
    font: str
    backwards: bool


def font_path(weight: Weight) -> Path:
    """The family's font file of a weight."""
    return Path(font_source_sans_pro.__file__).parent / "files" / f"SourceSansPro-{_FILES[weight]}.otf"


@cache
def _noto() -> tuple[str, ...]:
    folder = Path(manimgx_fonts.__file__).parent
    names = {path.stem.removesuffix("[wght]") for path in folder.glob("*.ttf")} - {"NotoSans-Italic"}
    last = {"NotoSans": 0, "NotoSansSymbols": 2, "NotoEmoji": 3}
    return tuple(sorted(names, key=lambda name: (last.get(name, 1), name)))


@cache
def font(name: str, weight: Weight) -> hb.Font:
    """A font by its name: ``""`` is the family's own."""
    if not name:
        return hb.Font(hb.Face(hb.Blob.from_file_path(str(font_path(weight)))))
    if name in _CJK_FACES:
        path = Path(manimgx_fonts_cjk.__file__).parent / "NotoSansCJK-VF.otf.ttc"
        made = hb.Font(hb.Face(hb.Blob.from_file_path(str(path)), _CJK_FACES[name]))
    else:
        made = hb.Font(hb.Face(hb.Blob.from_file_path(str(Path(manimgx_fonts.__file__).parent / f"{name}[wght].ttf"))))
    made.set_variations({"wght": _WEIGHTS[weight]})
    return made


@lru_cache(maxsize=8192)
def font_for(cluster: str, weight: Weight, japanese: bool = False) -> str | None:
    """The first font that has every character of a cluster; None when there is none."""
    wanted = [ord(character) for character in cluster if character not in _IGNORED or len(cluster) == 1]
    names = ["", *_noto(), "cjk-jp" if japanese else "cjk-sc"]
    if "\ufe0f" in cluster and len(cluster) > 1:  # asks for the emoji where there is a plain form too
        names.insert(0, "NotoEmoji")
    for name in names:
        if all(font(name, weight).get_nominal_glyph(code) is not None for code in wanted):
            return name
    return None


def runs(text: str, weight: Weight) -> list[Run]:
    """The runs of a line from left to right; a character that no font has is written as ``‹U+E000›``."""
    japanese = any(0x3040 <= ord(character) <= 0x30FF for character in text)
    units: list[tuple[str, str]] = []
    for cluster in clusters(text):
        name = font_for(cluster, weight, japanese)
        for part in [cluster] if name is not None else cluster:
            name = font_for(part, weight, japanese)
            units.append((part, name) if name is not None else (stand_in(part), ""))
    made: list[Run] = []
    for backwards, span in _spans(units):
        parts = [
            Run("".join(cluster for cluster, _ in group), key[0], backwards and not key[1])
            for key, group in groupby(span, key=lambda unit: (unit[1], backwards and _direction(unit[0]) == "number"))
        ]
        made += reversed(parts) if backwards else parts
    return made


def _direction(cluster: str) -> str:
    kind = unicodedata.bidirectional(cluster[0])
    return {"L": "right", "R": "left", "AL": "left", "EN": "number", "AN": "number"}.get(kind, "")


def _spans(units: list[tuple[str, str]]) -> Iterator[tuple[bool, list[tuple[str, str]]]]:
    """Stretches of a line that are read from left to right, or backwards: from the first letter that is to the last.

    After the Unicode bidirectional algorithm (UAX 9) for a line that as a whole runs from left to right, without its
    embeddings: signs between letters that are read backwards belong to them, and so do numbers after them.
    """
    place = 0
    directions = [_direction(cluster) for cluster, _ in units]
    while place < len(units):
        begin = next((n for n in range(place, len(units)) if directions[n] == "left"), len(units))
        if begin > place:
            yield False, units[place:begin]
        end = next((n for n in range(begin, len(units)) if directions[n] == "right"), len(units))
        while end > begin and not directions[end - 1]:
            end -= 1
        if end > begin:
            yield True, units[begin:end]
        place = end
