"""Text to token ids and back: the pieces of a vocabulary, each with the text that it stands for.

The merging itself is done by the `tokenizers` library; here is what belongs to the model: its vocabulary and rules.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import groupby
from typing import Any

from tokenizers import AddedToken, decoders, models, pre_tokenizers, trainers
from tokenizers import Tokenizer as Pipeline

from nnanim.characters import text_of
from nnanim.models import ModelError

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # or the library warns at every fork of the engine's workers
CONTROL = 3
"""Token type of markers such as ``<|endoftext|>`` in a GGUF file."""
END_MARKERS = ("<|endoftext|>", "<|im_end|>", "</s>", "<|end_of_text|>", "<|eot_id|>")
TOY_TEXT = """
A language model reads a text and says what may come next. It gives every token a probability, one token is drawn,
the token is put behind the text, and the model reads again. The cat sat on the mat because it was tired. The sun is
a star, the moon goes round the earth, and the sea is deep and blue. Once upon a time there was a small house in the
wood, and in the house lived an old man who could talk with the birds. He said: what you do today is what you will be
tomorrow. We learn from what we see, from what we hear and from what we try.
"""
"""What the toy model's vocabulary is learned from."""


class Tokenizer:
    """A vocabulary and the rules that cut text into its pieces.

    Parameters
    ----------
    pipeline
        The rules, as the `tokenizers` library holds them.
    end_ids
        Ids of the tokens with which the model ends a text; by default those of :data:`END_MARKERS` in the vocabulary.
    """

    def __init__(self, pipeline: Pipeline, end_ids: Iterable[int] | None = None) -> None:
        self.pipeline = pipeline
        self._end_ids = end_ids

    @property
    def size(self) -> int:
        """How many different tokens there are."""
        return int(self.pipeline.get_vocab_size(with_added_tokens=True))

    def encode(self, text: str) -> list[int]:
        """The ids of a text's tokens; markers that this model puts around every text are included."""
        return list(self.pipeline.encode(text).ids)

    def decode(self, ids: Sequence[int]) -> str:
        """The text of ids, markers included; bytes that are no text become ``�``, ids beyond the vocabulary ``#50260``."""
        runs = groupby((int(i) for i in ids), lambda i: self.pipeline.id_to_token(i) is not None)
        return "".join(
            self.pipeline.decode(list(run), skip_special_tokens=False) if known else "".join(map(beyond, run))
            for known, run in runs
        )

    def texts(self, ids: Sequence[int]) -> list[str]:
        """The text of each token by itself.

        Bytes that are a piece of a character are written as :mod:`nnanim.characters` does; an id that stands for nothing, as those do with which
        a vocabulary is filled up to a round size, as its number, ``#50260``.
        """
        return [text_of(self._bytes(int(i))) for i in ids]

    @cached_property
    def end_ids(self) -> frozenset[int]:
        """Ids of the markers with which a text ends."""
        if self._end_ids is not None:
            return frozenset(self._end_ids)
        found = (self.pipeline.token_to_id(marker) for marker in END_MARKERS)
        return frozenset(i for i in found if i is not None)

    @cached_property
    def _byte_level(self) -> bool:
        return "ByteLevel" in json.dumps(json.loads(self.pipeline.to_str())["decoder"])

    def _bytes(self, token_id: int) -> bytes:
        """The bytes that a token stands for."""
        piece = self.pipeline.id_to_token(token_id)
        if piece is None:
            return beyond(token_id).encode()
        if token_id in self._markers:
            return piece.encode()
        if self._byte_level:
            return b"".join(bytes([_BYTES[c]]) if c in _BYTES else c.encode() for c in piece)
        if re.fullmatch(r"<0x[0-9A-Fa-f]{2}>", piece):
            return bytes([int(piece[3:5], 16)])
        return piece.replace("▁", " ").encode()

    @cached_property
    def _markers(self) -> frozenset[int]:
        return frozenset(self.pipeline.get_added_tokens_decoder())

    # Where tokenizers come from -----------------------------------------------------------------------

    @classmethod
    def from_gguf(cls, fields: dict[str, Any]) -> Tokenizer:
        """Build the tokenizer that a GGUF file describes.

        Parameters
        ----------
        fields
            ``tokens``, ``merges``, ``token_type`` and ``pre`` of the file, under ``tokenizer.ggml.``.

        Raises
        ------
        ModelError
            When it cuts text by rules that are not known here.
        """
        if fields["pre"] not in _CUTS:
            raise ModelError(f"its tokenizer cuts text by the rules of {fields['pre']!r}; known are {', '.join(_CUTS)}")
        pieces: list[str] = fields["tokens"]
        vocabulary = {piece: number for number, piece in enumerate(pieces)}
        merges = [tuple(merge.split(" ")) for merge in fields["merges"]]
        pipeline = Pipeline(models.BPE(vocab=vocabulary, merges=merges))
        pipeline.pre_tokenizer = _CUTS[fields["pre"]]
        pipeline.decoder = decoders.ByteLevel()
        markers = [piece for piece, kind in zip(pieces, fields["token_type"], strict=True) if kind == CONTROL]
        pipeline.add_special_tokens([AddedToken(piece, special=True, normalized=False) for piece in markers])
        return cls(pipeline)

    @classmethod
    def toy(cls) -> Tokenizer:
        """A small byte-level vocabulary learned from :data:`TOY_TEXT`; it can write any text."""
        pipeline = Pipeline(models.BPE())
        pipeline.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        pipeline.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=512,
            show_progress=False,
            initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        )
        pipeline.train_from_iterator([TOY_TEXT.replace("\n", " ").strip()], trainer)
        return cls(pipeline)


def beyond(token_id: int) -> str:
    """What is written for an id that the vocabulary has no piece for."""
    return f"#{token_id}"


_CUTS: dict[str, Any] = {
    # Digits one by one, then GPT-2's rule: words with their leading space, numbers, signs, white space.
    "smollm": pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    ),
    "gpt-2": pre_tokenizers.ByteLevel(add_prefix_space=False),
}


def _byte_letters() -> dict[str, int]:
    """The letter that stands for each byte in a byte-level vocabulary (Radford et al. 2019, GPT-2's ``encoder.py``)."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    letters = {chr(byte): byte for byte in printable}
    return letters | {chr(256 + place): byte for place, byte in enumerate(others)}


_BYTES = _byte_letters()
