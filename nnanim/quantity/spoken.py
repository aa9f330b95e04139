"""How a sentence is spoken: every number in words, no digit lost or changed, symbols by their names.

A voice reads “12,544” and “−0.43” as it likes; “one point seven times ten to the sixteenth” it cannot get wrong.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib import resources
from typing import Any

from nnanim.quantity.writing import LOWERED, MINUS

_RAISED = "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"
_LOWERED = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
_POWER = re.compile(rf"(\d[\d,]*(?:\.\d+)?)\s*×\s*10([{_RAISED}]+)")
_SIGN = re.compile(rf"(?<![\w.,])[{MINUS}-](?=\d)")
"""A minus that belongs to a number; a dash between two numbers, as in 2-8-8-1, is none."""
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def spoken(text: str) -> str:
    """A sentence as it is read aloud.

    Parameters
    ----------
    text
        As it is written on screen.
    """
    said = _SIGN.sub(" minus ", text)
    said = _POWER.sub(lambda found: f"{in_words(found[1])} times ten to the {_exponent(found[2])}", said)
    said = re.sub(r"[₀-₉]+", lambda found: f" {in_words(found[0].translate(_LOWERED))} ", said)
    said = re.sub(rf"[{_RAISED}]+", lambda found: f" {_raised(found[0])} ", said)
    said = _NUMBER.sub(lambda found: _apart(said, found), said)
    for symbol, name in symbols().items():
        said = said.replace(symbol, f" {name} " if name else " ")
    said = re.sub(r"\s+", " ", said).strip()
    return re.sub(r"\s+([.,;:?!])", r"\1", said)


def in_words(number: str) -> str:
    """A number's figures in words: whole numbers as one counts, decimals figure by figure.

    ``"12,544"`` is twelve thousand, five hundred forty-four; ``"0.005"`` is zero point zero zero five.
    """
    whole, point, decimals = number.rstrip(",").replace(",", "").partition(".")
    kept = whole.lstrip("0") or "0"
    zeros = [DIGITS[0]] * (len(whole) - len(kept))  # 007 keeps its zeros
    words = " ".join([*zeros, _engine().number_to_words(int(kept), andword="")])
    return f"{words} point {' '.join(DIGITS[int(figure)] for figure in decimals)}" if point and decimals else words


def _apart(text: str, found: re.Match[str]) -> str:
    """A number with spaces where letters stand against it; a comma behind it stays one."""
    figures = found[0].rstrip(",")
    before = " " if found.start() and (text[found.start() - 1].isalnum() or text[found.start() - 1] == "-") else ""
    after = " " if found.end() < len(text) and text[found.end()].isalpha() else ""
    return before + in_words(figures) + "," * (len(found[0]) - len(figures)) + after


def _raised(power: str) -> str:
    exponent = int(power.translate(LOWERED))
    return {2: "squared", 3: "cubed"}.get(exponent, f"to the {_exponent(power)}")


def _exponent(power: str) -> str:
    exponent = int(power.translate(LOWERED))
    if exponent < 0:
        return f"minus {in_words(str(-exponent))}"
    return str(_engine().number_to_words(_engine().ordinal(exponent), andword=""))


@cache
def _engine() -> Any:
    import inflect

    return inflect.engine()


@cache
def symbols() -> dict[str, str]:
    """What symbols are called: ``symbols.toml``."""
    return dict(tomllib.loads(resources.files("nnanim").joinpath("symbols.toml").read_text(encoding="utf-8")))
