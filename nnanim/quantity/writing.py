"""How numbers are written: decimals, the true minus sign, powers of ten; and how what was written is read back."""

from __future__ import annotations

import re

MINUS = "−"
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
LOWERED = {raised: ordinary for ordinary, raised in RAISED.items()}
TIMES_TEN = "\u00a0×\u00a010"
"""With no-break spaces: a number stays on one line."""
NUMBER = re.compile(rf"[{MINUS}+-]?\d[\d,]*(?:\.\d+)?(?:[eE][{MINUS}+-]?\d+)?")
SLACK = 0.52
"""A number shown is right when it is within so much of its last digit: half, and a little for what lies between two."""


def format_number(value: float, decimals: int) -> str:
    """Write a number the way every chapter does: fixed decimals, ``−`` for minus, never ``−0.00``."""
    written = f"{value:,.{decimals}f}" if decimals == 0 else f"{value:.{decimals}f}"
    if written.startswith("-"):
        written = written[1:] if not re.search(r"[1-9]", written) else MINUS + written[1:]
    return written


def format_powers(value: float, decimals: int) -> str:
    """Write a number as ``3.2 × 10⁻¹²``, for what is very small or very large."""
    factor, _, exponent = f"{value:.{decimals}e}".partition("e")
    return f"{factor.replace('-', MINUS)}{TIMES_TEN}{str(int(exponent)).translate(RAISED)}"


def is_right(text: str, value: float) -> bool:
    """Whether a number as it is written (with decimals, in powers of ten, in percent) is that value, up to its last digit."""
    percent = text.rstrip().endswith("%")
    factor, _, exponent = text.partition(TIMES_TEN)
    found = NUMBER.match(factor)
    if found is None:
        return False
    digits = found[0].replace(MINUS, "-").replace(",", "")
    power = int(re.match(r"-?\d+", exponent.translate(LOWERED))[0]) if exponent else 0  # type: ignore[index]
    unit = 10.0 ** (power - len(digits.partition(".")[2]))
    return abs(float(digits) * 10.0**power - value * (100.0 if percent else 1.0)) <= SLACK * unit


def parse_number(text: str) -> float:
    """Read back what :func:`format_number` wrote."""
    return float(text.replace(MINUS, "-").replace(",", ""))


def decimals_that_add_up(terms: list[float], total: float, preferred: int = 2, most: int = 4) -> int | None:
    """The fewest decimals with which the rounded terms really add up to the rounded total.

    Returns None when no count up to ``most`` does; the screen then says that numbers are rounded.
    """
    for decimals in range(preferred, most + 1):
        unit = 10.0**decimals
        if sum(round(round(term, decimals) * unit) for term in terms) == round(round(total, decimals) * unit):
            return decimals
    return None
