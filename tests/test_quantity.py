"""What stands on screen is the value rounded, and nothing with a digit gets there without a source."""

from __future__ import annotations

import itertools
import math
from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nnanim.quantity import (
    Cited,
    Given,
    Label,
    Quantity,
    Sentence,
    UnsourcedDigit,
    as_showable,
    counted,
    decimals_that_add_up,
    facts,
    format_number,
    join,
    parse_number,
)

numbers = st.floats(-1e9, 1e9) | st.floats(-2, 2) | st.floats(-0.01, 0.01)
decimals = st.integers(0, 6)


def rounded(value: float, places: int) -> Decimal:
    """The value rounded half to even, in decimal arithmetic on the binary number itself."""
    return Decimal(value).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN)


@given(numbers, decimals)
@example(-0.001, 2)
@example(-0.0, 0)
@example(0.125, 2)
@example(2.5, 0)
@example(-999999.5, 0)
def test_a_number_is_shown_rounded_and_reads_back(value, places):
    text = format_number(value, places)
    assert Decimal(str(parse_number(text))) == rounded(value, places)
    assert "-" not in text
    assert text.startswith("−") == (rounded(value, places) < 0)
    assert len(text.partition(".")[2]) == places
    assert set(text) <= set("−0123456789.,")


@given(st.integers(-(10**12), 10**12))
def test_whole_numbers_have_their_thousands_separated(value):
    text = format_number(float(value), 0)
    groups = text.removeprefix("−").split(",")
    assert int("".join(groups)) == abs(value)
    assert 1 <= len(groups[0]) <= 3
    assert all(len(group) == 3 for group in groups[1:])


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [(-0.004, 2, "0.00"), (-0.005001, 2, "−0.01"), (-3.0, 0, "−3"), (49152, 0, "49,152"), (0.5, 0, "0"), (1.5, 0, "2")],
)
def test_examples_of_formatting(value, places, text):
    assert format_number(value, places) == text


@given(st.floats(-10, 10), st.integers(0, 3))
def test_a_percent_sign_multiplies_what_is_shown_but_not_the_value(value, places):
    quantity = Quantity(value, "p[0]", places, " %")
    (entry,) = quantity.entries
    assert quantity.text == format_number(value * 100, places) + " %"
    assert (entry.text, entry.value, entry.kind, entry.source) == (quantity.text, value, "computed", "p[0]")


def test_rounding_again_keeps_kind_value_and_source():
    quantity = Given(0.123456, "parameters.gain", 2).rounded_to(4)
    assert (quantity.text, quantity.kind, quantity.source) == ("0.1235", "given", "parameters.gain")


# Plain strings -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", ["0.5", "layer 2", "x₁", "10²", "½", "٣", "３", "①"])
def test_digits_in_plain_strings_are_refused(words):
    for attempt in (as_showable, Sentence, lambda text: join("so", text), lambda text: Sentence("{a}", {"a": text}).text):
        with pytest.raises(UnsourcedDigit, match="no source"):
            attempt(words)
    assert as_showable(Label(words)).text == words
    assert Label(words).entries == ()


@given(st.text(st.characters(categories=["L", "P", "Z", "S"]), max_size=20))
def test_words_without_digits_may_be_shown(words):
    assert as_showable(words).text == words


# The literature ----------------------------------------------------------------------------------------


def test_a_fact_must_be_in_the_table():
    with pytest.raises(KeyError, match="no_such_fact"):
        Cited("no_such_fact")
    with pytest.raises(TypeError):
        Cited("gpt3_parameters", text="2")  # type: ignore[call-arg]


def test_every_fact_is_complete_and_its_text_says_its_value():
    scales = {"thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}
    assert facts()
    for key, fact in facts().items():
        cited = Cited(key)
        (entry,) = cited.entries
        assert (entry.kind, entry.value, entry.text) == ("cited", float(fact["value"]), fact["text"])
        assert entry.source == f"facts.toml: {key}"
        assert fact["status"] in ("measured", "reported", "estimated")
        assert fact["source"] in cited.note
        assert str(fact["year"]) in cited.note
        number, _, scale = fact["text"].partition(" ")
        assert math.isclose(parse_number(number) * scales.get(scale, 1.0), fact["value"], rel_tol=0.05)


# Sentences ---------------------------------------------------------------------------------------------


@given(st.permutations(["a", "b", "c", "d"]), st.lists(st.floats(-5, 5), min_size=4, max_size=4))
def test_entries_stand_in_the_order_of_reading(order, values):
    quantities = {name: Quantity(value, f"{name}[0]") for name, value in zip("abcd", values, strict=True)}
    inner = Sentence("first {x}, then {y}", {"x": quantities[order[0]], "y": quantities[order[1]]})
    sentence = Sentence("{s}; at last {y}, {label} and {x}.", {
        "x": quantities[order[3]], "y": quantities[order[2]], "s": inner, "label": Label("GPT-2"),
    })  # fmt: skip
    assert [entry.source for entry in sentence.entries] == [f"{name}[0]" for name in order]
    shown = [quantities[name].text for name in order]
    assert sentence.text == f"first {shown[0]}, then {shown[1]}; at last {shown[2]}, GPT-2 and {shown[3]}."
    assert (inner + sentence).entries == inner.entries + sentence.entries


def test_a_number_that_is_said_twice_is_entered_twice():
    assert len(Sentence("{a} is {a}", {"a": Quantity(1, "a")}).entries) == 2


@given(st.integers(0, 60))
def test_joining_loses_nothing(count):
    parts = [Quantity(float(n), f"x[{n}]", 0) for n in range(count)]
    joined = join(*parts, separator="–")
    assert joined.text == "–".join(str(n) for n in range(count))
    assert [entry.value for entry in joined.entries] == list(range(count))


@pytest.mark.parametrize("template", ["{missing}", "{}", "{z.text}", "{z:.1}", "{z:>9}", "{z!r}", "{z"])
def test_a_sentence_must_know_its_numbers_and_leave_them_as_they_are(template):
    with pytest.raises((KeyError, ValueError)):
        Sentence(template, {"z": Quantity(0.68, "z")})


def test_counted_nouns_agree_with_their_number():
    assert counted(Quantity(1, "n", 0), "input", "inputs").text == "1 input"
    assert counted(Quantity(0, "n", 0), "input", "inputs").text == "0 inputs"
    assert counted(Quantity(1200, "n", 0), "input", "inputs").text == "1,200 inputs"


# Sums --------------------------------------------------------------------------------------------------


@given(st.lists(st.floats(-9, 9), min_size=1, max_size=6), st.integers(0, 3), st.integers(0, 3))
@example([1 / 3, 1 / 3, 1 / 3], 2, 2)
@example([0.125, 0.125, 0.25], 2, 2)
def test_decimals_with_which_a_sum_is_right_on_screen(terms, preferred, further):
    total, most = math.fsum(terms), preferred + further
    right = [
        places
        for places in range(preferred, most + 1)
        if sum(Decimal(format_number(term, places).replace("−", "-").replace(",", "")) for term in terms)
        == Decimal(format_number(total, places).replace("−", "-").replace(",", ""))
    ]
    assert decimals_that_add_up(terms, total, preferred, most) == (right[0] if right else None)


def test_thirds_never_add_up_to_one():
    assert decimals_that_add_up([1 / 3] * 3, 1.0, 2, 6) is None
    assert decimals_that_add_up([0.25, 0.75], 1.0) == 2
    # 0.124 + 0.124 + 0.252 = 0.5, but 0.12 + 0.12 + 0.25 is 0.49.
    assert decimals_that_add_up([0.124, 0.124, 0.252], 0.5) == 3


def test_adding_up_agrees_with_every_small_case():
    values = [n / 1000 for n in (-1250, -5, 0, 4, 5, 6, 333, 995)]
    for terms in itertools.product(values, repeat=2):
        places = decimals_that_add_up(list(terms), sum(terms), 2, 3)
        assert places is not None, terms  # thousandths always add up in thousandths
        shown = [Decimal(f"{term:.{places}f}") for term in terms]
        assert sum(shown) == Decimal(f"{sum(terms):.{places}f}")


# Powers of ten -----------------------------------------------------------------------------------------

magnitudes = st.floats(1e-30, 1e30) | st.floats(-1e30, -1e-30)


@given(magnitudes, st.integers(1, 4))
@example(9.99, 2)
@example(9999.6, 2)
@example(0.00099951, 2)
def test_significant_figures_are_those_of_decimal_arithmetic(value, figures):
    shown = Quantity(value, "x").to_figures(figures)
    exact = Decimal(value)
    expected = exact.quantize(Decimal(1).scaleb(exact.adjusted() - figures + 1), ROUND_HALF_EVEN)
    factor, _, exponent = shown.text.partition("\u00a0×\u00a010")
    written = Decimal(factor.replace("−", "-").replace(",", ""))
    written = written.scaleb(int(exponent.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")))) if exponent else written
    if exact.adjusted() < figures:  # above, a number without powers of ten shows all its whole figures
        assert written == expected
    else:
        assert abs(written - exact) <= abs(expected - exact)
    if exponent:
        assert abs(expected) < Decimal("0.001") or abs(expected) >= 10000
    assert (shown.value, shown.source) == (value, "x")


def test_zero_has_no_figures():
    assert Quantity(0.0, "x").to_figures(2).text == "0"
    assert Quantity(-0.0, "x").to_figures(2).text == "0"


@pytest.mark.parametrize(
    ("quantity", "text"),
    [
        (Quantity(0.19634, "x", 3, second=0.485), "chaotic"),
        (Quantity(0.19634, "x", 3, second=0.19635), "0.196"),
        (Quantity(0.19634, "x", 3, second=0.19734), "0.2"),
        (Quantity(0.12499, "x", 2, second=0.1250001), "0.12"),  # between two: either is right
        (Quantity(1e-9, "x", 2, second=3e-9), "0.00"),
        (Quantity(4321.4, "x", 0, second=4321.41), "4,321"),
        (Quantity(4321.4, "x", 0, second=4324.0), "4.3\u00a0×\u00a010³"),
        (Quantity(2.108e-6, "x", second=1.578e-6).to_figures(2), "chaotic"),
        (Quantity(2.108e-6, "x", second=2.109e-6).to_figures(2), "2.1\u00a0×\u00a010⁻⁶"),
        (Quantity(2.108e-6, "x", second=2.12e-6).to_figures(2), "2\u00a0×\u00a010⁻⁶"),
        (Quantity(0.6784, "x", 1, " %", second=0.6785), "68 %"),
        (Quantity(0.6784, "x", 1, " %", second=0.7), "chaotic"),
        (Quantity(7.0, "x", 0, second=8.0), "chaotic"),
        (Quantity(7.0, "x", 0, second=7.0), "7"),
        (Quantity(0.5, "x", second=float("nan")), "chaotic"),
        (Quantity(0.0, "x", second=1e-40).to_figures(2), "0"),
    ],
)
def test_only_digits_that_two_computations_agree_on_are_shown(quantity, text):
    assert quantity.text == text
    assert len(quantity.entries) == (text != "chaotic")


def off_by(text: str, value: float) -> Decimal:
    """How far a written number is from a value, in units of its last digit."""
    factor, _, exponent = text.replace("−", "-").replace(",", "").partition("\u00a0×\u00a010")
    power = int(exponent.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")) or 0)
    unit = Decimal(1).scaleb(power - len(factor.partition(".")[2]))
    return abs(Decimal(factor).scaleb(power) - Decimal(value)) / unit


@given(st.floats(-1e6, 1e6).filter(lambda x: abs(x) > 1e-6), st.floats(1e-9, 1.0), st.integers(0, 4), st.integers(1, 4))
def test_what_is_shown_is_right_of_both_computations(value, relative, decimals, figures):
    second = value * (1 + relative)
    for quantity in (Quantity(value, "x", decimals, second=second), Quantity(value, "x", second=second).to_figures(figures)):
        if not quantity.is_chaotic:
            assert off_by(quantity.text, value) <= Decimal("0.5001")
            assert off_by(quantity.text, second) <= Decimal("0.5201")
        else:  # not even one figure is sure: rounding moves it by a fiftieth at least
            assert abs(value - second) * 16 > 0.02 * abs(value)
