"""The tokenizer against `transformers` and against byte-pair encoding written out by hand."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from real_model import SMOLLM2, needs_model

from nnanim.characters import joined, text_of
from nnanim.models import ModelError
from nnanim.sim.tokenizer import CONTROL, Tokenizer

AWKWARD = (
    "The quick brown fox",
    " leading space",
    "  two  spaces ",
    "In 1984 there were 10,000 of them: 3.14159 and 1e-5",
    "2024",
    "x1y22z333",
    "emoji 😀👩‍👩‍👧 and flags 🇩🇪",
    "line\nbreaks\r\n\n\ttabs\t",
    "def f(x):\n    return x**2  # comment\n",
    "don't we'll I'm they've CAN'T",
    "Überraschung naïve café ﬁ",
    "你好，世界 こんにちは안녕",
    "<|im_start|>user\nHi<|im_end|>\n",
    "<|endoftext|>",
    "a\x00b\x7f\u200b\u2028c",
    "ĠĊ are letters here",
    "…—“”‘’",
    "\n",
    " ",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "https://example.com/?q=1&r=2#x",
)


@cache
def fields() -> dict:
    import gguf

    reader = gguf.GGUFReader(SMOLLM2.path)
    return {name: reader.fields[f"tokenizer.ggml.{name}"].contents() for name in ("tokens", "merges", "token_type", "pre")}


@cache
def smollm2() -> Tokenizer:
    return Tokenizer.from_gguf(fields())


@cache
def theirs():
    transformers = pytest.importorskip("transformers", reason="transformers is only needed by tests")
    # AutoTokenizer.from_pretrained(…, gguf_file=…) makes the same of the file, in 15 seconds.
    merges = [tuple(merge.split(" ")) for merge in fields()["merges"]]
    markers = [piece for piece, kind in zip(fields()["tokens"], fields()["token_type"], strict=True) if kind == CONTROL]
    return transformers.GPT2Tokenizer(vocab=vocabulary(), merges=merges, additional_special_tokens=markers)


@needs_model
@pytest.mark.parametrize("text", AWKWARD)
def test_ids_are_those_of_transformers(text):
    ids = smollm2().encode(text)
    assert ids == theirs()(text)["input_ids"]
    assert smollm2().decode(ids) == text


# Byte-pair encoding by hand (Sennrich et al. 2016; bytes as letters after GPT-2) -----------------------------


def byte_letters() -> dict[int, str]:
    """Bytes that print keep their letter, the others take the letters from 256 on, in order."""
    printable = [b for b in range(256) if chr(b).isprintable() and chr(b) not in " \xa0\xad"]
    hidden = [b for b in range(256) if b not in printable]
    return {b: chr(b) for b in printable} | {b: chr(256 + n) for n, b in enumerate(hidden)}


@cache
def ranks() -> dict[tuple[str, str], int]:
    return {tuple(merge.split(" ")): rank for rank, merge in enumerate(fields()["merges"])}


@cache
def vocabulary() -> dict[str, int]:
    return {piece: number for number, piece in enumerate(fields()["tokens"])}


def by_hand(text: str) -> list[int]:
    regex = pytest.importorskip("regex", reason="regex comes with transformers, which is only needed by tests")
    letters, ids = byte_letters(), []
    pattern = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
    for part in regex.split(r"(\p{N})", text):  # every digit stands alone
        for word in regex.findall(pattern, part):
            pieces = [letters[b] for b in word.encode()]
            while len(pieces) > 1:
                rank, at = min((ranks().get(pair, 10**9), n) for n, pair in enumerate(pairwise(pieces)))
                if rank == 10**9:
                    break
                pieces[at : at + 2] = ["".join(pieces[at : at + 2])]
            ids += [vocabulary()[piece] for piece in pieces if piece in vocabulary()]
    return ids


@needs_model
@settings(max_examples=100)
@given(text=st.text(st.one_of(st.sampled_from("ab eE \n\t'0123456789.,ßé😀中"), st.characters(codec="utf-8")), max_size=40))
def test_ids_are_those_of_merging_by_hand(text):
    if "<|" in text:
        return
    ids = smollm2().encode(text)
    assert ids == by_hand(text)
    known = {byte for byte, letter in byte_letters().items() if letter in vocabulary()}
    if known.issuperset(text.encode()):  # six control characters are in no token of this model
        assert smollm2().decode(ids) == text


@needs_model
@pytest.mark.parametrize("text", ["٣ ½ ² Ⅷ", "a ½b", " ④"])
def test_digits_of_every_script_stand_alone(text):
    """Where `transformers` reads a GGUF file it leaves this rule of the model out; llama.cpp does not."""
    assert smollm2().encode(text) == by_hand(text)


@needs_model
def test_digits_stand_alone():
    tokenizer = smollm2()
    assert tokenizer.texts(tokenizer.encode("It cost 1984 euros")) == ["It", " cost", " ", "1", "9", "8", "4", " euros"]


@needs_model
def test_markers_are_single_tokens_and_known_as_ends():
    tokenizer = smollm2()
    ids = tokenizer.encode("<|im_start|>Hi<|im_end|>")
    assert tokenizer.texts(ids) == ["<|im_start|>", "Hi", "<|im_end|>"]
    assert tokenizer.end_ids == {0, 2}
    assert tokenizer.size == 49_152


# What needs no model ------------------------------------------------------------------------------------------


@given(text=st.text(max_size=30))
def test_the_toy_vocabulary_writes_any_text(text):
    tokenizer = toy()
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text
    assert max(ids, default=0) < tokenizer.size


@cache
def toy() -> Tokenizer:
    return Tokenizer.toy()


def test_the_toy_vocabulary_is_always_the_same():
    assert Tokenizer.toy().pipeline.get_vocab() == Tokenizer.toy().pipeline.get_vocab()
    assert toy().texts(toy().encode(" token")) == [" token"]


def test_pieces_of_characters_are_written_as_bytes():
    ids = toy().encode("é😀")
    assert toy().texts(ids) == [text_of(bytes([byte])) for byte in "é😀".encode()]
    assert joined(toy().texts(ids)) == "é😀"
    "".join(toy().texts(ids)).encode()  # and never anything that cannot be saved


@given(ids=st.lists(st.integers(0, 600), max_size=8))
def test_an_id_without_a_piece_is_written_as_its_number(ids):
    tokenizer = toy()
    texts = tokenizer.texts(ids)
    assert [text == f"#{number}" for number, text in zip(ids, texts, strict=True)] == [number >= tokenizer.size for number in ids]
    known = [number for number in ids if number < tokenizer.size]
    assert tokenizer.decode(known) == tokenizer.pipeline.decode(known)
    if len(known) < len(ids):
        assert all(f"#{number}" in tokenizer.decode(ids) for number in ids if number >= tokenizer.size)


def test_unknown_rules_are_refused():
    with pytest.raises(ModelError, match="rules of 'llama-bpe'; known are smollm, gpt-2"):
        Tokenizer.from_gguf({"pre": "llama-bpe"})


def test_a_sentencepiece_vocabulary_shows_its_spaces():
    from tokenizers import Tokenizer as Pipeline
    from tokenizers import decoders
    from tokenizers import models as kinds

    pipeline = Pipeline(kinds.BPE({"▁cat": 0, "<0xF0>": 1, "s": 2, "</s>": 3}, []))
    pipeline.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    pipeline.add_special_tokens(["</s>"])
    tokenizer = Tokenizer(pipeline)
    assert tokenizer.texts([0, 1, 2, 3]) == [" cat", text_of(b"\xf0"), "s", "</s>"]
    assert tokenizer.end_ids == {3}
    assert Tokenizer(pipeline, [1, 2]).end_ids == {1, 2}
    assert CONTROL == 3
