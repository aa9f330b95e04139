"""Parameters of a chapter: typed, bounded, documented, and read from the command line or from TOML.

Whatever is wrong with a value becomes one sentence that says what is allowed and shows an example.
"""

from __future__ import annotations

import datetime
import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path, PurePath
from types import NoneType, UnionType
from typing import Annotated, Any, Self, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, ValidationInfo, field_validator

from nnanim.wording import brief, n_of, one_line


class ParameterError(ValueError):
    """A parameter that cannot be used; the message is one sentence for the person at the keyboard, and short."""

    def __init__(self, message: object) -> None:
        super().__init__(one_line(message))


class Typed(str):
    """A value as it was typed: a text parameter takes it as it stands, any other reads it as TOML."""


def split_numbers(value: Any) -> Any:
    """Let ``3-4-4-2`` and ``0.8,0.3`` stand for sequences, and a single number for a sequence of one."""
    if isinstance(value, str):
        separator = r"[,;\s]+" if re.search(r"[,;\s]", value.strip()) else r"(?<=\d)-"
        return tuple(part for part in re.split(separator, value.strip().strip("[]()")) if part)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return (value,)
    if isinstance(value, tuple | list):
        return tuple(str(part).lower() if isinstance(part, bool) else part for part in value)
    return value


Sizes = Annotated[tuple[int, ...], BeforeValidator(split_numbers)]
"""Whole numbers, also written ``3-4-4-2``."""
Numbers = Annotated[tuple[float, ...], BeforeValidator(split_numbers)]
"""Numbers, also written ``0.8,0.3,0.6``."""


class Params(BaseModel):
    """What a lecturer may change in a chapter. Every chapter subclasses this with its own fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True)

    @field_validator("*", mode="before")
    @classmethod
    def _keep_apart(cls, value: Any, info: ValidationInfo) -> Any:
        """Truth is not a number here, though Python takes ``true`` for 1; a text has no broken characters."""
        if isinstance(value, bool) and cls.model_fields[str(info.field_name)].annotation in (int, float):
            return str(value).lower()  # a word, which the field then refuses
        if isinstance(value, str) and cls.is_text(str(info.field_name)) and not _is_unicode(value):
            raise ValueError("holds bytes that are not UTF-8 text")
        return value

    @classmethod
    def is_text(cls, name: str) -> bool:
        """Whether a parameter is free text or a file, which is taken as it is typed."""
        return name in cls.model_fields and _is_text(cls.model_fields[name].annotation)

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Self:
        """Check values and fill in defaults.

        Text that was typed (:func:`parse_assignments`) is taken as it stands: ``3.10``, ``007``, ``"so"`` with its quotes,
        spaces at its ends. From a TOML file only strings are texts: of a bare ``3.10`` the file has lost the zero.

        Raises
        ------
        ParameterError
            Naming the first parameter that is wrong, what is allowed, and an example.
        """
        try:
            return cls.model_validate({name: cls._meant(name, value) for name, value in values.items()})
        except ValidationError as error:
            raise ParameterError(_explain(cls, error)) from None

    @classmethod
    def _meant(cls, name: str, value: Any) -> Any:
        if not isinstance(value, Typed):
            return value
        return str(value) if cls.is_text(name) else _parse_value(value.strip())

    @classmethod
    def defaults(cls) -> Self:
        """The parameters when nobody sets any."""
        return cls.read({})

    def changed(self) -> dict[str, Any]:
        """The parameters that differ from their defaults, as plain values; a default may follow from the others."""
        mine = self.model_dump(mode="json")
        usual = self.defaults().model_dump(mode="json") | {
            name: json.loads(json.dumps(field.get_default(call_default_factory=True, validated_data=dict(self))))
            for name, field in type(self).model_fields.items()
            if field.default_factory is not None
        }
        return {name: value for name, value in mine.items() if value != usual[name]}

    @classmethod
    def table(cls) -> list[tuple[str, str, str, str]]:
        """A row for each parameter: name, default, what is allowed, description."""
        default = cls.defaults()
        return [
            (name, show_value(getattr(default, name)), allowed(cls, name), field.description or "")
            for name, field in cls.model_fields.items()
        ]


def _is_text(annotation: Any) -> bool:
    if get_origin(annotation) is Annotated:
        return _is_text(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return all(_is_text(option) for option in get_args(annotation) if option is not NoneType)
    return isinstance(annotation, type) and issubclass(annotation, str | PurePath)


def _is_unicode(text: str) -> bool:
    return text.isascii() or not any(0xD800 <= ord(character) < 0xE000 for character in text)


def parse_assignments(assignments: Sequence[str]) -> dict[str, Typed]:
    """Take ``["seed=3", "layers=3-4-2", "prompt=3.10"]`` apart; :meth:`Params.read` knows what the values are.

    Raises
    ------
    ParameterError
        When one has no ``=``.
    """
    values: dict[str, Typed] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals or not name.strip():
            raise ParameterError(f"--set takes NAME=VALUE, got {brief(repr(assignment))} (try --set seed=1)")
        values[name.strip().replace("-", "_")] = Typed(text)
    return values


def _parse_value(text: str) -> Any:
    """TOML, or else plain words."""
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
    return value if isinstance(value, int | float | bool | str | list) else text


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file once (it may be a pipe).

    Raises
    ------
    ParameterError
        When it cannot be read or is not TOML, with its line.
    """
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))  # a byte-order mark is no part of the text
    except OSError as error:
        raise ParameterError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ParameterError(f"{path}: is not a TOML file (it is not UTF-8 text)") from None
    except tomllib.TOMLDecodeError as error:
        raise ParameterError(f"{path}: is not valid TOML: {error}") from None


def show_value(value: Any) -> str:
    """A value the way it is written behind ``--set NAME=``."""
    if value is None:
        return "none"
    if isinstance(value, tuple | list):
        joint = "-" if all(isinstance(item, int) and item >= 0 for item in value) else ","
        return joint.join(show_value(item) for item in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


_KINDS = {
    "integer": ("a whole number", "whole number"),
    "number": ("a number", "number"),
    "boolean": ("true or false", "true or false"),
    "string": ("text", "text"),
}
_BOUNDS = {"exclusiveMinimum": ">", "minimum": "≥", "exclusiveMaximum": "<", "maximum": "≤"}


def allowed(cls: type[Params], name: str) -> str:
    """What a parameter accepts, in words: ``a number > 0 and ≤ 10``, ``one of sigmoid, tanh``."""
    return _allowed(cls.model_json_schema()["properties"][name])


def _allowed(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return "one of " + ", ".join(map(str, schema["enum"]))
    if "anyOf" in schema:
        return " or ".join(_allowed(option) for option in schema["anyOf"] if option.get("type") != "null")
    if schema.get("type") == "array":
        items = schema["items"]
        noun = _KINDS[items["type"]][1]
        return _count(schema.get("minItems"), schema.get("maxItems"), noun) + _bounds(items, ", each ")
    if schema.get("format") == "path":
        return "a file"
    if schema["type"] == "string" and ("maxLength" in schema or schema.get("minLength", 0) > 1):
        return "text of " + _count(schema.get("minLength"), schema.get("maxLength"), "character")
    return _KINDS[schema["type"]][0] + _bounds(schema, " ")


def _count(least: int | None, most: int | None, noun: str) -> str:
    """How many of something there may be: ``2 numbers``, ``1 to 4 numbers``, ``at least 1 number``."""
    if least and most:
        return n_of(most, noun) if least == most else f"{least} to {n_of(most, noun)}"
    if least:
        return f"at least {n_of(least, noun)}"
    return f"at most {n_of(most, noun)}" if most else f"{noun}s"


def _show_bound(bound: float) -> str:
    """A bound the way people write it."""
    return str(int(bound)) if float(bound).is_integer() else f"{bound:g}"


def _bounds(schema: Mapping[str, Any], before: str) -> str:
    bounds = [f"{sign} {_show_bound(schema[rule])}" for rule, sign in _BOUNDS.items() if rule in schema]
    return before + " and ".join(bounds) if bounds else ""


def _explain(cls: type[Params], error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    if not first["loc"]:
        return str(first["ctx"]["error"]) if "error" in first.get("ctx", {}) else first["msg"]
    name = str(first["loc"][0])
    if first["type"] == "extra_forbidden":
        near = get_close_matches(name, cls.model_fields, n=1)
        known = f"did you mean {near[0]}?" if near else "known are " + ", ".join(cls.model_fields)
        return f"there is no parameter {brief(repr(name))}; {known}"
    if first["type"] == "value_error":
        return f"{name}: {first['ctx']['error']}"
    place = f" at place {first['loc'][1] + 1}" if len(first["loc"]) > 1 and isinstance(first["loc"][1], int) else ""
    return f"{name} must be {allowed(cls, name)}, got {_received(first)}{place}{_advice(cls, name, first)}"


def _received(error: Any) -> str:
    """The value that was wrong, as a message repeats it."""
    got, too = error["input"], error["type"]
    if got in ("", None):
        return "nothing"
    if too.startswith("string_too_"):
        return n_of(len(got), "character")
    if isinstance(got, tuple | list) and too.startswith("too_"):
        return brief(show_value(got))
    return brief(str(got).lower() if isinstance(got, bool) else got)


def _advice(cls: type[Params], name: str, error: Any) -> str:
    """How to write it right."""
    if cls.is_text(name) and isinstance(error["input"], bool | int | float | datetime.date | datetime.time):
        return " (in a TOML file a text stands in quotes)"
    return _example(cls, name)


def _example(cls: type[Params], name: str) -> str:
    try:
        default = getattr(cls.defaults(), name)
    except ParameterError:
        return ""
    return "" if default is None else f" (try --set {name}={show_value(default)})"


def json_schema(cls: type[Params]) -> str:
    """The parameters as a JSON schema, for editors and forms."""
    return json.dumps(cls.model_json_schema(), indent=2, ensure_ascii=False)
