"""Pieces of characters come together again, whatever was cut where."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnanim.characters import byte_of, clusters, joined, readable, text_of, whole

texts = st.text(st.characters(exclude_categories=["Cs", "Co"]), max_size=12)


@given(st.binary(max_size=20))
def test_bytes_are_kept_and_can_be_saved(data):
    text = text_of(data)
    back = b"".join(c.encode() if byte_of(c) is None else bytes([byte_of(c)]) for c in text)
    assert back == data
    assert json.loads(json.dumps(text, ensure_ascii=False).encode()) == text


@given(texts, st.lists(st.integers(0, 40), max_size=6))
def test_a_text_cut_anywhere_between_its_bytes_is_whole_again(text, cuts):
    data = text.encode()
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    pieces = [text_of(data[a:b]) for a, b in pairwise(edges)]
    assert joined(pieces) == text
    put_together = whole(pieces)
    assert "".join(put_together) == text
    assert all(byte_of(c) is None for piece in put_together for c in piece)
    assert len(put_together) <= len(pieces)


def test_pieces_that_are_whole_stay_apart():
    assert whole(["Hi", " there", ""]) == ["Hi", " there", ""]
    assert whole([" ", text_of(b"\xf0\x9f"), text_of(b"\x98"), text_of(b"\x80"), "!"]) == [" ", "😀", "!"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ab", ["a", "b"]), ("e\u0301a", ["e\u0301", "a"]), ("👩‍💻x", ["👩‍💻", "x"]), ("👍🏽👍", ["👍🏽", "👍"]), ("☺️a", ["☺️", "a"]),
        ("🇩🇪🇫🇷", ["🇩🇪", "🇫🇷"]), ("1️⃣2", ["1️⃣", "2"]), ("a\u200db", ["a", "\u200d", "b"]), ("\n\u0301", ["\n", "\u0301"]),
    ],
)  # fmt: skip
def test_what_a_reader_takes_for_one_character(text, expected):
    assert clusters(text) == expected


@given(st.text(max_size=20))
def test_clusters_are_the_text(text):
    assert "".join(clusters(text)) == text
    assert all(clusters(text))


def test_a_message_shows_pieces_of_characters_as_bytes():
    assert readable(text_of(b"a\xf0\x9f") + "\x00é") == "a‹F0›‹9F›‹U+0000›é"
