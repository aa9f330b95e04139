"""Parameters: what may be written, what is refused, and what is said about it in one line."""

from __future__ import annotations

import json
import math
import os
import threading
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import Field, model_validator

from nnanim.course import load_course
from nnanim.lecture.recipe import Output, Recipe
from nnanim.params import (
    Numbers,
    ParameterError,
    Params,
    Sizes,
    allowed,
    json_schema,
    parse_assignments,
    read_toml,
    show_value,
)
from nnanim.wording import LONGEST_MESSAGE, one_line


class Sample(Params):
    """Parameters of every kind."""

    sizes: Sizes = Field((3, 4, 2), min_length=2, max_length=4, description="sizes of layers")
    inputs: Numbers = Field((0.8, 0.3), description="inputs")
    learning_rate: float = Field(0.05, gt=0, le=10, description="step size")
    seed: int = Field(0, ge=0, lt=100)
    method: Literal["sgd", "adam"] = "sgd"
    shuffle: bool = False
    name: str = "plain"
    file: Path | None = None

    @model_validator(mode="after")
    def _check(self) -> Sample:
        if self.seed == 13:
            raise ValueError("seed must not be 13 (try --set seed=12)")
        return self


def read(*assignments: str) -> Sample:
    return Sample.read(parse_assignments(assignments))


def refused(*assignments: str) -> str:
    with pytest.raises(ParameterError) as error:
        read(*assignments)
    message = str(error.value)
    assert "\n" not in message
    assert "pydantic" not in message
    return message


# What may be written ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "name", "value"),
    [
        ("sizes=3-4-4-2", "sizes", (3, 4, 4, 2)),
        ("sizes=3,4", "sizes", (3, 4)),
        ("sizes = [3, 4]", "sizes", (3, 4)),
        ("sizes=3 4 5", "sizes", (3, 4, 5)),
        ("sizes=2024-10-12", "sizes", (2024, 10, 12)),  # a date, if TOML were believed
        ("inputs=0.8", "inputs", (0.8,)),
        ("inputs=-0.5,-1e-3", "inputs", (-0.5, -0.001)),
        ("inputs=1e-3", "inputs", (0.001,)),
        ("learning-rate=0.5", "learning_rate", 0.5),
        ("learning_rate=1", "learning_rate", 1.0),
        ("learning_rate=1e-9", "learning_rate", 1e-9),
        ("seed=7", "seed", 7),
        ("method=adam", "method", "adam"),
        ('method="adam"', "method", "adam"),
        ("shuffle=true", "shuffle", True),
        ("name=a=b", "name", "a=b"),
        ("file=3", "file", Path("3")),
        ("file='a b'", "file", Path("'a b'")),
        ("file=a b.npz", "file", Path("a b.npz")),
    ],
)
def test_values_as_people_write_them(written, name, value):
    params = read(written)
    assert getattr(params, name) == value
    assert type(getattr(params, name)) is type(value)
    assert set(params.changed()) == {name}


def test_a_default_that_follows_from_another_parameter_is_no_change():
    class Follows(Params):
        size: int = 3
        half: int = Field(default_factory=lambda given: given["size"] // 2)

    assert Follows.read({"size": 9}).half == 4
    assert Follows.read({"size": 9}).changed() == {"size": 9}
    assert Follows.read({"size": 9, "half": 4}).changed() == {"size": 9}
    assert Follows.read({"size": 9, "half": 1}).changed() == {"size": 9, "half": 1}
    assert Follows.read({}).changed() == {}
    assert Follows.read(Follows.read({"size": 9, "half": 1}).changed()).half == 1


AS_TYPED = ["3.10", "3", "1e5", "007", "true", "null", "none", "[1]", "[1, 2]", '"so"', "'so'", " leading", "trailing ", "  ", "inf", "nan", "-0", "1_000",
            "2024-01-01", "{a = 1}", "# no comment", "a # b", "\\n", "a\nb", "😀 世界 مرحبا é", "0x1F"]  # fmt: skip


@pytest.mark.parametrize("typed", AS_TYPED)
def test_text_is_taken_as_it_is_typed(typed):
    assert read(f"name={typed}").name == typed
    assert str(read(f"file={typed}").file) == str(Path(typed))


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_is_taken_as_it_is_typed(typed):
    assert read(f"name={typed}").name == typed


@pytest.mark.parametrize(
    ("chapter_name", "name"),
    [("autoregressive-generation", "prompt"), ("autoregressive-generation", "model"), ("qkv-attention", "sentence"),
     ("qkv-attention", "word"), ("qkv-attention", "model"), ("forward-propagation", "weights")],
)  # fmt: skip
def test_which_parameters_of_the_chapters_are_text(chapter_name, name):
    cls = load_course().chapter(chapter_name).Params
    assert cls.is_text(name)
    texts = {n for n, rule in cls.model_json_schema()["properties"].items()
             for option in rule.get("anyOf", [rule]) if option.get("type") == "string" and "enum" not in option}  # fmt: skip
    assert {n for n in cls.model_fields if cls.is_text(n)} == texts


@pytest.mark.parametrize("written", ["3.10", "7", "true", "2024-01-01"])
def test_a_bare_value_of_a_toml_file_is_no_text(tmp_path, written):
    (tmp_path / "mine.toml").write_text(f'name = "{written}"', encoding="utf-8")
    assert Sample.read(read_toml(tmp_path / "mine.toml")).name == written
    (tmp_path / "mine.toml").write_text(f"name = {written}", encoding="utf-8")
    with pytest.raises(ParameterError, match=r"name must be text, got .* a text stands in quotes"):
        Sample.read(read_toml(tmp_path / "mine.toml"))


def test_bytes_that_are_no_text_are_refused():
    assert "UTF-8" in refused("name=caf\udce9")


@given(st.lists(st.integers(1, 10**6), min_size=2, max_size=4), st.sampled_from("-, ;"))
def test_sizes_come_back_from_what_is_shown(sizes, separator):
    assert read("sizes=" + separator.join(map(str, sizes))).sizes == tuple(sizes)
    assert read("sizes=" + show_value(tuple(sizes))).sizes == tuple(sizes)


@given(st.lists(st.floats(-1000, 1000).map(lambda x: float(f"{x:g}")), min_size=1, max_size=5))
@example([1.0, -1.0])
@example([0.8, 0.3, 0.6])
def test_numbers_come_back_from_what_is_shown(values):
    assert read("inputs=" + show_value(tuple(values))).inputs == tuple(values)


def test_the_later_assignment_counts():
    assert read("seed=1", "seed=2").seed == 2


# What is refused ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ("seed", ["NAME=VALUE", "'seed'", "--set seed=1"]),
        ("=3", ["NAME=VALUE"]),
        ("sed=3", ["no parameter 'sed'", "did you mean seed?"]),
        ("qqq=3", ["no parameter 'qqq'", "known are", "learning_rate"]),
        ("learning_rate=-1", ["learning_rate must be a number > 0 and ≤ 10", "got -1", "--set learning_rate=0.05"]),
        ("learning_rate=0", ["> 0", "got 0"]),
        ("learning_rate=10.01", ["≤ 10", "got 10.01"]),
        ("learning_rate=nan", ["learning_rate", "got nan"]),
        ("learning_rate=inf", ["learning_rate", "got inf"]),
        ("learning_rate=fast", ["a number", "got fast"]),
        ("learning_rate=true", ["a number", "got true"]),
        ("seed=100", ["whole number ≥ 0 and < 100", "got 100"]),
        ("seed=1.5", ["whole number", "got 1.5"]),
        ("seed=true", ["whole number", "got true"]),
        ("seed=", ["got nothing"]),
        ("seed=13", ["seed must not be 13", "try --set seed=12"]),
        ("method=sdg", ["method must be one of sgd, adam", "got sdg", "--set method=sgd"]),
        ("sizes=3", ["2 to 4 whole numbers", "got 3", "--set sizes=3-4-2"]),
        ("sizes=3-4-5-6-7", ["2 to 4 whole numbers", "got 3,4,5,6,7"]),
        ("sizes=3-x", ["whole numbers", "got x at place 2"]),
        ("sizes=3-4.5", ["whole numbers", "got 4.5 at place 2"]),
        ("sizes=[true, 2]", ["whole numbers", "got true at place 1"]),
        ("inputs=[1, 'a']", ["inputs must be numbers", "got a at place 2", "--set inputs=0.8,0.3"]),
        ("shuffle=maybe", ["true or false", "got maybe"]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_what_is_allowed(written, parts):
    message = refused(written)
    for part in parts:
        assert part in message


class Counts(Params):
    """Parameters whose count is bounded in every way."""

    pair: Numbers = Field((1.0, 2.0), min_length=2, max_length=2)
    one: Numbers = Field((1.0,), min_length=1, max_length=1)
    few: Sizes = Field((1,), min_length=1, max_length=3)
    some: Sizes = Field((1,), min_length=1)
    lone: Sizes = Field((1,), max_length=1)
    most: Sizes = Field((1,), max_length=2)
    free: Numbers = (1.0,)
    note: str = Field("so", min_length=1, max_length=400)
    letter: str = Field("a", max_length=1)


def test_counts_are_said_as_people_say_them():
    said = {name: allowed(Counts, name) for name in Counts.model_fields}
    assert said == {
        "pair": "2 numbers",
        "one": "1 number",
        "few": "1 to 3 whole numbers",
        "some": "at least 1 whole number",
        "lone": "at most 1 whole number",
        "most": "at most 2 whole numbers",
        "free": "numbers",
        "note": "text of 1 to 400 characters",
        "letter": "text of at most 1 character",
    }


@given(st.sampled_from([*Counts.model_fields, "other"]), st.text(min_size=200, max_size=4000) | st.lists(st.integers(), min_size=200, max_size=900))
def test_messages_are_short_whatever_was_given(name, value):
    for given_value in (value, {"x": value}, [value]):
        try:
            Counts.read({name: given_value})
        except ParameterError as error:
            assert len(str(error)) <= LONGEST_MESSAGE
            assert name in str(error)
    if isinstance(value, str) and len(value) > 400:
        with pytest.raises(ParameterError, match=f"note must be text of 1 to 400 characters, got {len(value):,} characters"):
            Counts.read({"note": value})


@given(st.text(), st.integers(10, 300))
def test_a_message_in_one_line_keeps_its_ends(text, most):
    line = one_line(text, most)
    words = " ".join(text.split())
    assert len(line) <= most
    assert "\n" not in line
    if len(words) <= most:
        assert line == words
    else:
        start, end = line.split(" … ", 1) if words.count(" … ") == 0 else (line[:1], line[-1:])
        assert words.startswith(start)
        assert words.endswith(end)


@given(st.dictionaries(st.sampled_from([*Sample.model_fields, "other"]), st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
), max_size=2))  # fmt: skip
def test_whatever_a_toml_file_holds_is_read_or_refused_in_words(values):
    try:
        params = Sample.read(values)
    except ParameterError as error:
        assert any(name in str(error) for name in [*Sample.model_fields, "other"])
    else:
        assert Sample.read(params.model_dump()) == params
        assert 0 < params.learning_rate <= 10
        assert 0 <= params.seed < 100
        assert 2 <= len(params.sizes) <= 4
        assert all(map(math.isfinite, params.inputs))


def test_parameters_cannot_be_changed_afterwards():
    with pytest.raises(ValueError, match="frozen"):
        Sample.defaults().seed = 3  # type: ignore[misc]


# Files ---------------------------------------------------------------------------------------------------


def test_a_toml_file_says_the_same_as_assignments(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('sizes = [3, 4]\ninputs = "0.8,0.3"\nlearning_rate = 1\nmethod = "adam"\n', encoding="utf-8")
    assert Sample.read(read_toml(path)) == read("sizes=3-4", "inputs=0.8,0.3", "learning_rate=1", "method=adam")


def test_a_byte_order_mark_is_no_part_of_a_toml_file(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('seed = 3\nname = "é"\n', encoding="utf-8-sig")
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    assert read_toml(path) == {"seed": 3, "name": "é"}


def test_a_pipe_is_read_once(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_text("seed = 3\n"))
    writer.start()
    assert read_toml(pipe) == {"seed": 3}
    writer.join()


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        (b"seed = = 3", ["not valid TOML", "line 1"]),
        (b"a = 1\nb = 2\nseed 3", ["not valid TOML", "line 3"]),
        (b"seed = 1\nseed = 2", ["not valid TOML"]),
        (b"\xff\xfe\x00", ["not a TOML file", "UTF-8"]),
        (None, ["cannot be read", "No such file"]),
    ],
)
def test_a_wrong_file_is_named_with_its_line(tmp_path, content, parts):
    path = tmp_path / "wrong.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ParameterError) as error:
        read_toml(path)
    assert all(part in str(error.value) for part in [str(path), *parts])
    assert "\n" not in str(error.value)


def test_a_folder_is_not_a_file(tmp_path):
    with pytest.raises(ParameterError, match="cannot be read"):
        read_toml(tmp_path)


# The table and the schema -------------------------------------------------------------------------------


def test_the_table_has_a_row_for_each_parameter_whose_default_can_be_set():
    rows = {name: (default, allows, words) for name, default, allows, words in Sample.table()}
    assert list(rows) == list(Sample.model_fields)
    assert rows["sizes"] == ("3-4-2", "2 to 4 whole numbers", "sizes of layers")
    assert rows["learning_rate"] == ("0.05", "a number > 0 and ≤ 10", "step size")
    assert rows["method"][:2] == ("sgd", "one of sgd, adam")
    for name, (default, _, _) in rows.items():
        if default != "none":
            assert read(f"{name}={default}") == Sample.defaults()


def test_every_default_of_the_chapter_can_be_set_as_it_is_shown(chapter):
    for name, default, allows, words in chapter.Params.table():
        assert words
        assert allows == allowed(chapter.Params, name)
        if default != "none":
            assert chapter.Params.read(parse_assignments([f"{name}={default}"])) == chapter.Params.defaults()


def fits(schema: dict[str, Any], value: Any) -> bool:
    """A small JSON-schema validator of its own, for the rules that parameters use."""
    known = {"type", "enum", "anyOf", "items", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minItems", "maxItems",
             "default", "title", "description", "format", "properties", "additionalProperties", "const"}  # fmt: skip
    assert schema.keys() <= known, schema.keys() - known
    if "anyOf" in schema:
        return any(fits(option, value) for option in schema["anyOf"])
    kinds: dict[str, Any] = {
        "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
        "number": lambda v: isinstance(v, int | float) and not isinstance(v, bool),
        "string": lambda v: isinstance(v, str),
        "boolean": lambda v: isinstance(v, bool),
        "array": lambda v: isinstance(v, list),
        "object": lambda v: isinstance(v, dict),
        "null": lambda v: v is None,
    }
    if not kinds[schema["type"]](value) or ("enum" in schema and value not in schema["enum"]):
        return False
    if isinstance(value, dict):
        fields = schema["properties"]
        return all(name in fields and fits(fields[name], v) for name, v in value.items())
    if isinstance(value, list):
        return schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", math.inf) and all(fits(schema["items"], v) for v in value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return (schema.get("minimum", -math.inf) <= value <= schema.get("maximum", math.inf)
                and schema.get("exclusiveMinimum", -math.inf) < value < schema.get("exclusiveMaximum", math.inf))  # fmt: skip
    return True


json_values = st.fixed_dictionaries({}, optional={
    "sizes": st.lists(st.integers(-1, 9), max_size=5),
    "inputs": st.lists(st.floats(-9, 9), max_size=3),
    "learning_rate": st.floats(-1, 12),
    "seed": st.integers(-2, 102).filter(lambda seed: seed != 13),
    "method": st.sampled_from(["sgd", "adam", "SGD", ""]),
    "shuffle": st.booleans(),
    "name": st.text(max_size=3),
    "file": st.none() | st.text(max_size=3),
    "other": st.integers(),
})  # fmt: skip


@given(json_values)
def test_the_json_schema_accepts_exactly_what_is_read(values):
    schema = json.loads(json_schema(Sample))
    assert schema["additionalProperties"] is False
    try:
        Sample.read(values)
    except ParameterError:
        assert not fits(schema, values)
    else:
        assert fits(schema, values)


def test_the_chapters_schema_accepts_its_defaults_and_describes_them(chapter):
    schema = json.loads(json_schema(chapter.Params))
    defaults = chapter.Params.defaults().model_dump(mode="json")
    assert fits(schema, defaults)
    assert set(schema["properties"]) == set(defaults)
    assert not fits(schema, {**defaults, "activation": "swish"})
    assert not fits(schema, {**defaults, "layers": [3, 2]})
    assert all("description" in field for field in schema["properties"].values())


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20))
def test_a_typed_text_comes_back_from_its_recipe(tmp_path_factory, typed):
    """Written to TOML and read again it is the same text, whatever number, date or quotation it looks like."""
    folder = tmp_path_factory.mktemp("recipe")
    recipe = Recipe("sample", read(f"name={typed}"), Output(), "source")
    (folder / "recipe.toml").write_text(recipe.to_toml(), encoding="utf-8")
    assert Sample.read(read_toml(folder / "recipe.toml")["params"]) == recipe.params
