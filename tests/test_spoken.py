"""What is read aloud: no digit of a number is lost or changed on its way to the voice."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnanim.quantity import Quantity, Sentence
from nnanim.quantity.spoken import DIGITS, spoken

UNITS = [*DIGITS, "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
TENS = {name: 10 * n for n, name in enumerate(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], 2)}
SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12, "quadrillion": 10**15}


def heard(words: str) -> str:
    """The figures that a listener writes down: a second way from words to numbers, by hand."""
    whole, point, decimals = words.partition(" point ")
    total = group = 0
    for word in re.split(r"[\s,-]+", whole.strip()):
        if word in SCALES:
            total, group = total + group * SCALES[word], 0
        elif word == "hundred":
            group *= 100
        else:
            group += TENS.get(word, 0) or UNITS.index(word)
    figures = str(total + group)
    return f"{figures}.{''.join(str(DIGITS.index(word)) for word in decimals.split())}" if point else figures


@given(st.floats(-1e9, 1e9, allow_nan=False), st.integers(0, 6))
@settings(max_examples=300)
def test_what_is_heard_is_what_is_shown(value, decimals):
    shown = Quantity(value, "x[0]", decimals).text
    said = spoken(Sentence("It is {x} now.", {"x": Quantity(value, "x[0]", decimals)}).text)
    words = re.fullmatch(r"It is (minus )?(.*) now\.", said)
    assert words
    assert ("−" if words[1] else "") + heard(words[2]) == shown.replace(",", "")


@given(st.floats(1e-30, 1e30), st.integers(1, 3))
@settings(max_examples=200)
def test_powers_of_ten_are_heard(value, figures):
    quantity = Quantity(value, "x[0]", figures - 1, powers=True)
    said = spoken(f"{quantity.text} of it.")
    found = re.fullmatch(r"(.*) times ten to the (minus )?([a-z -]+) of it\.", said)
    assert found
    factor, exponent = quantity.text.replace("\u00a0", " ").split(" × 10")
    assert heard(found[1]) == factor
    raised = int(exponent.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")))
    assert bool(found[2]) is (raised < 0)
    ordinal = found[3] if raised < 0 else cardinal(found[3])
    assert heard(ordinal) == str(abs(raised))


def cardinal(ordinal: str) -> str:
    """“twenty-first” → “twenty-one”."""
    irregular = {"first": "one", "second": "two", "third": "three", "fifth": "five", "eighth": "eight", "ninth": "nine", "twelfth": "twelve"}
    head, dash, last = ordinal.rpartition("-")
    if last in irregular:
        return head + dash + irregular[last]
    if last.endswith("ieth"):
        return head + dash + last.removesuffix("ieth") + "y"
    return head + dash + last.removesuffix("th")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("1.7 × 10¹⁶ times", "one point seven times ten to the sixteenth times"),
        ("−0.05", "minus zero point zero five"),
        ("It is 93.8 %.", "It is ninety-three point eight percent."),
        ("θ₁ and W₁₀₀", "theta one and W one hundred"),
        ("A 3-4-4-2 network", "A three -four -four -two network"),
        ("x² at 3", "x squared at three"),
        ("“␣cat” wins", "“ cat” wins"),
        ("12,544 weights, 3 of them", "twelve thousand, five hundred forty-four weights, three of them"),
        ("GPT-2 says 007", "GPT-two says zero zero seven"),
        ("from 2.31 to 0.06", "from two point three one to zero point zero six"),
    ],
)
def test_symbols_and_names(written, said):
    assert re.sub(r"\s*-\s*", "-", spoken(written)) == re.sub(r"\s*-\s*", "-", said)


@given(st.text(alphabet="ab 0123456789,.−-×⁰¹²³⁴₁₂%θ→", max_size=40))
@settings(max_examples=300)
def test_no_figure_reaches_the_voice(text):
    assert not any(character.isdigit() for character in spoken(text))
