"""Characters, and pieces of characters: what a tokenizer's tokens are made of.

A token may be a part of a character's bytes. In a text such a byte stands as a character of its own from a private area of
Unicode, so that the text can be saved, and put together again with what follows.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence

_FIRST = 0x10F700
"""Stands for byte 0; bytes that are no text are 0x80 to 0xFF."""
_ESCAPED = {0xDC00 + byte: _FIRST + byte for byte in range(0x80, 0x100)}
_JOINER, _KEYCAP = "\u200d", "\u20e3"


def text_of(data: bytes) -> str:
    """The text of UTF-8 bytes; a byte that is no text is kept as a stand-in."""
    return data.decode("utf-8", "surrogateescape").translate(_ESCAPED)


def byte_of(character: str) -> int | None:
    """The byte that a stand-in stands for; None for any other character."""
    place = ord(character)
    if place in _ESCAPED:  # what Python itself keeps of such a byte, in a file's name for instance
        place = _ESCAPED[place]
    return place - _FIRST if 0x80 <= place - _FIRST < 0x100 else None


def stand_in(character: str) -> str:
    """What is written for a character that cannot be drawn: its number, or that of the byte."""
    byte = byte_of(character)
    return f"‹{byte:02X}›" if byte is not None else f"‹U+{ord(character):04X}›"


def readable(text: str) -> str:
    """A text for a message: what is no character of its own is written as its number."""
    return "".join(character if character.isprintable() else stand_in(character) for character in text)


def joined(pieces: Iterable[str]) -> str:
    """Pieces one behind the other; bytes that make a character together become that character."""
    text = "".join(pieces)
    if all(byte_of(character) is None for character in text):
        return text
    parts = (c.encode("utf-8", "surrogatepass") if (byte := byte_of(c)) is None else bytes([byte]) for c in text)
    return text_of(b"".join(parts))


def whole(pieces: Sequence[str]) -> list[str]:
    """The same text in fewer pieces, none of which ends within a character if the text does not."""
    groups: list[list[str]] = []
    for piece in pieces:
        inside = groups and groups[-1][-1] and piece and None not in (byte_of(groups[-1][-1][-1]), byte_of(piece[0]))
        if inside:
            groups[-1].append(piece)
        else:
            groups.append([piece])
    return [joined(group) for group in groups]


def clusters(text: str) -> list[str]:
    """What a reader takes for one character each: letters with their accents, emoji with what modifies them.

    After the grapheme clusters of Unicode (UAX 29), as far as fonts must not be changed within them.
    """
    made: list[str] = []
    for character in text:
        if made and _continues(made[-1], character):
            made[-1] += character
        else:
            made.append(character)
    return made


def _continues(cluster: str, character: str) -> bool:
    place = ord(character)
    if cluster[-1] in "\n\r\t ":
        return False
    if unicodedata.category(character) in ("Mn", "Mc", "Me") or character == _KEYCAP:
        return True
    if 0x1F3FB <= place <= 0x1F3FF or 0xE0020 <= place <= 0xE007F:  # skin tones, and letters of subdivision flags
        return _is_pictograph(cluster[0])
    if character == _JOINER:
        return _is_pictograph(cluster[0])
    if cluster[-1] == _JOINER:
        return _is_pictograph(character)
    return len(cluster) == 1 and all(0x1F1E6 <= ord(c) <= 0x1F1FF for c in (cluster, character))  # a flag is two letters


def _is_pictograph(character: str) -> bool:
    return unicodedata.category(character) in ("So", "Sk")
