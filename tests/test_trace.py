"""A trace comes back from every file as it was, cannot be changed, and every source in it leads to one number."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from dataclasses import FrozenInstanceError
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nnanim.quantity import Given
from nnanim.trace import Trace, TraceError

names = st.from_regex(r"[a-z_.]{1,8}(\[\d\]){0,2}", fullmatch=True) | st.sampled_from(
    ["file", "allow_pickle", "args", "kwds", "weights[1]", "parameters.seed"]
)
arrays = hnp.arrays(
    st.sampled_from([np.float32, np.float64, np.int64, np.int32, np.uint8, np.bool_]),
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
)
traces = st.builds(
    lambda table, text, given: Trace(table, text, frozenset(list(table)[:given])),
    st.dictionaries(names, arrays, max_size=5),
    st.dictionaries(st.text(max_size=8), st.text(max_size=20), max_size=3),
    st.integers(0, 2),
)


def equal(first: np.ndarray, second: np.ndarray) -> bool:
    return (
        first.dtype == second.dtype and first.shape == second.shape and first.tobytes() == second.tobytes()
    )


@settings(max_examples=60)
@given(trace=traces, suffix=st.sampled_from([".npz", ".safetensors"]))
def test_a_saved_trace_comes_back_bit_for_bit(tmp_path_factory, trace, suffix):
    path = tmp_path_factory.getbasetemp() / f"trace{suffix}"
    path.write_bytes(trace.to_bytes(suffix))
    back = Trace.load(path)
    assert set(back) == set(trace)
    assert all(equal(back[name], trace[name]) for name in trace)
    assert dict(back.text) == dict(trace.text)
    assert back.given == trace.given
    assert back.digest == trace.digest


@settings(max_examples=40)
@given(traces)
def test_a_saved_trace_is_read_by_plain_numpy(trace):
    with np.load(io.BytesIO(trace.to_bytes(".npz")), allow_pickle=False) as file:
        assert all(equal(file[name], trace[name]) for name in trace)
        assert set(file.files) - set(trace) == {"__text__"}


@settings(max_examples=60)
@given(traces)
def test_csv_has_a_line_for_every_number(trace):
    rows = list(csv.reader(io.StringIO(trace.to_bytes(".csv").decode())))
    assert rows[0] == ["source", "value"]
    assert len(rows) - 1 == sum(trace[name].size for name in trace)
    sources = [source for source, _ in rows[1:]]
    if len(set(sources)) == len(sources):  # names such as x and x[0] may meet
        for source, value in rows[1:]:
            number = {"True": 1.0, "False": 0.0}.get(value) if value in ("True", "False") else float(value)
            recorded = trace.value(source)
            assert number == recorded or (math.isnan(number) and math.isnan(recorded))


def refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")


@settings(max_examples=60)
@given(traces)
def test_json_is_strict_json_and_holds_everything(trace):
    record = json.loads(trace.to_bytes(".json"), parse_constant=refuse)
    assert record["digest"] == trace.digest
    assert record["text"] == dict(trace.text)
    assert set(record["given"]) == trace.given
    assert set(record["arrays"]) == set(trace)
    for name, values in record["arrays"].items():
        back = np.array(values, dtype=trace[name].dtype).reshape(trace[name].shape)
        assert np.array_equal(back, trace[name], equal_nan=back.dtype.kind == "f")


def test_other_endings_are_refused_by_name():
    for suffix in (".txt", "", ".npy", ".NPZ"):
        with pytest.raises(TraceError, match=r"\.npz, \.safetensors, \.csv or \.json"):
            Trace({}).to_bytes(suffix)


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
@pytest.mark.parametrize("content", [None, b"", b"garbage", bytes(100)])
def test_what_is_no_trace_is_refused_with_its_name(tmp_path, suffix, content):
    path = tmp_path / f"broken{suffix}"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(TraceError, match=re.escape(str(path))):
        Trace.load(path)


# The digest --------------------------------------------------------------------------------------------


def sample(**changes: Any) -> Trace:
    record: dict[str, Any] = {
        "arrays": {"a": np.array([1.0, 2.0], dtype=np.float32), "b": np.array(3)},
        "text": {"words": "one two"},
        "given": frozenset({"b"}),
    } | changes
    return Trace(**record)


OTHERS = {
    "a value": {"arrays": {"a": np.array([1.0, np.nextafter(np.float32(2), 3)], dtype=np.float32), "b": np.array(3)}},
    "the sign of zero": {"arrays": {"a": np.array([1.0, 2.0], dtype=np.float32), "b": np.array(-0.0)}},
    "a name": {"arrays": {"c": np.array([1.0, 2.0], dtype=np.float32), "b": np.array(3)}},
    "a type": {"arrays": {"a": np.array([1.0, 2.0], dtype=np.float64), "b": np.array(3)}},
    "a shape": {"arrays": {"a": np.array([[1.0, 2.0]], dtype=np.float32), "b": np.array(3)}},
    "a scalar's shape": {"arrays": {"a": np.array([1.0, 2.0], dtype=np.float32), "b": np.array([3])}},
    "an array more": {"arrays": {"a": np.array([1.0, 2.0], dtype=np.float32), "b": np.array(3), "c": np.zeros(0)}},
    "the text": {"text": {"words": "one  two"}},
    "a text's name": {"text": {"word": "one two"}},
    "what is given": {"given": frozenset({"a"})},
}  # fmt: skip


def test_the_digest_changes_with_whatever_changes():
    digests = {name: sample(**changes).digest for name, changes in OTHERS.items()}
    assert sample().digest not in digests.values()
    assert len(set(digests.values())) == len(OTHERS)


def test_the_digest_is_of_the_content_and_not_of_its_order_or_layout():
    a = np.arange(6.0).reshape(2, 3)
    first = Trace({"a": a, "b": np.ones(2)})
    second = Trace({"b": np.ones(4)[::2], "a": np.asfortranarray(a)})
    assert first.digest == second.digest


# Frozen ------------------------------------------------------------------------------------------------


def test_a_trace_cannot_be_changed():
    source, words = np.zeros(3), {"a": "b"}
    trace = Trace({"a": source}, words)
    source[0], words["a"] = 5, "c"
    assert trace["a"][0] == 0
    assert trace.text["a"] == "b"
    with pytest.raises(ValueError, match="read-only"):
        trace["a"][0] = 1
    with pytest.raises(TypeError):
        trace.arrays["b"] = np.zeros(1)  # type: ignore[index]
    with pytest.raises(TypeError):
        trace.text["b"] = ""  # type: ignore[index]
    with pytest.raises(FrozenInstanceError):
        trace.given = frozenset()  # type: ignore[misc]


def test_more_given_numbers_make_another_trace():
    trace = Trace({"a": np.zeros(2)})
    more = trace.with_given({"parameters.seed": 3})
    assert "parameters.seed" not in trace
    assert more.given == {"parameters.seed"}
    assert isinstance(more.quantity("parameters.seed", decimals=0), Given)
    assert not isinstance(more.quantity("a", 1), Given)
    assert more.digest != trace.digest


# Sources -----------------------------------------------------------------------------------------------


@given(traces)
def test_every_number_is_found_by_its_source(trace):
    for name in trace:
        for index in np.ndindex(trace[name].shape):
            source = name + "".join(f"[{i}]" for i in index)
            if any(other != name and other.startswith(name) for other in trace):
                continue  # x[0] may be an array and an element of x
            if any(other != name and source.startswith(other + "[") for other in trace):
                continue
            quantity, exact = trace.quantity(name, *index), float(trace[name][index])
            assert quantity.source == source
            assert trace.value(source) == quantity.value == exact or math.isnan(exact)
            assert quantity.kind == ("given" if name in trace.given else "computed")


@pytest.mark.parametrize(
    "source",
    ["c", "a", "a[3]", "a[-1]", "a[0][0]", "a[0]x", "a[0", "a[]", "a [0]", "ab[0]", "s[0]", "m[1]", "m[0][2]", "m[0,1]", "[0]"],
)
def test_a_source_that_leads_nowhere_says_so(source):
    trace = Trace({"a": np.zeros(3), "s": np.array(1.0), "m": np.zeros((2, 2))})
    with pytest.raises(TraceError, match=re.escape(source)):
        trace.value(source)


def test_the_longest_name_is_meant():
    trace = Trace({"w": np.array([10.0, 20.0]), "w[1]": np.array([1.0, 2.0])})
    assert trace.value("w[1][0]") == 1.0
    assert trace.value("w[0]") == 10.0


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_the_second_computation_travels_in_the_file(tmp_path, suffix):
    first = {"x": np.array([0.5, 1.25]), "n": np.array(3), "only_here": np.array([1.0])}
    trace = Trace(first, {"a": "b"})
    near, far = Trace({"x": np.array([0.5, 1.26])}), Trace({"x": np.array([0.5, 1.5]), "n": np.array(3)}, {"a": "c"})
    trace = trace.beside(near, far)
    trace = trace.with_given({"parameters.rate": 0.1})
    path = tmp_path / f"trace{suffix}"
    path.write_bytes(trace.to_bytes(suffix))
    read = Trace.load(path)
    assert read.digest == trace.digest
    assert sorted(read) == sorted(trace)
    assert [list(other["x"]) for other in read.again] == [[0.5, 1.26], [0.5, 1.5]]
    assert read.again[1].text["a"] == "c"
    assert (read.second("x[1]"), read.second("x[0]")) == (1.5, 0.5)
    assert read.quantity("x", 0).text == "0.50"
    assert read.quantity("x", 1).is_chaotic
    assert read.quantity("only_here", 0).is_chaotic
    assert read.quantity("parameters.rate").second is None
    assert trace.digest != Trace(first, {"a": "b"}).with_given({"parameters.rate": 0.1}).digest
