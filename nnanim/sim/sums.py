"""Whether a text that goes on from a sum, such as “2 + 2 =”, begins with the right answer."""

from __future__ import annotations

import re
from collections.abc import Sequence

ASKED = re.compile(r"\s*(\d{1,9})\s*\+\s*(\d{1,9})\s*=\s*")


def answer_to(prompt: str) -> int | None:
    """What a prompt asks for, if it is the sum of two whole numbers and nothing else."""
    found = ASKED.fullmatch(prompt)
    return int(found[1]) + int(found[2]) if found else None


def begins_with(text: str, answer: int) -> bool:
    """Whether a text begins with a number, as a whole number."""
    return re.match(rf"\s*{answer}(?!\d)", text) is not None


def judged(prompt: str, texts: Sequence[str], greedy: str, first_tokens: Sequence[str]) -> dict[str, int]:
    """What is right, as arrays of a trace.

    Parameters
    ----------
    texts, greedy
        What was drawn, and what comes without random numbers.
    first_tokens
        The likeliest first tokens.

    Returns
    -------
    ``sum_asked`` 0 or 1, ``right_count`` how many of the texts begin with the answer, ``greedy_right`` 0 or 1, and ``right_place``
    where the answer stands among the likeliest first tokens, from 0, or −1.
    """
    answer = answer_to(prompt)
    if answer is None:
        return {"sum_asked": 0, "right_count": 0, "greedy_right": 0, "right_place": -1}
    names = [token.strip() for token in first_tokens]
    return {
        "sum_asked": 1, "right_count": sum(begins_with(text, answer) for text in texts),
        "greedy_right": int(begins_with(greedy, answer)), "right_place": names.index(str(answer)) if str(answer) in names else -1,
    }  # fmt: skip
