"""Tokens' names for people, for pictures of attention."""

from __future__ import annotations

from collections.abc import Sequence

from nnanim.quantity import Label
from nnanim.visuals.tokens.tokens import visible_text

LONGEST_NAME = 11
"""Characters of a token's name at the most; longer ones end in an ellipsis."""
CONTINUES = "·"
"""Stands before a token that goes on with the word before it."""


def token_names(texts: Sequence[str], most: int = LONGEST_NAME) -> list[Label]:
    """Tokens' names for people: the space before a word is left out, a token that continues a word begins with ``·``.

    Parameters
    ----------
    texts
        The tokens' own texts.
    most
        Longer names are cut to this many characters.
    """
    names = []
    for place, text in enumerate(texts):
        if text.startswith(" ") and text.strip():
            text = text[1:]
        elif place and text[:1].isalnum() and texts[place - 1][-1:].isalnum():
            text = CONTINUES + text
        names.append(visible_text(text, most))
    return names
