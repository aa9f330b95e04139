"""Parameters of a chapter: typed, bounded, documented, and read from the command line or from TOML.

Whatever is wrong with a value becomes one sentence that says what is allowed and shows an example.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, ValidationInfo, field_validator


class ParameterError(ValueError):
    """A parameter that cannot be used; the message is one sentence for the person at the keyboard."""


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
        """Truth is not a number here, though Python takes ``true`` for 1."""
        if isinstance(value, bool) and cls.model_fields[str(info.field_name)].annotation in (int, float):
            return str(value).lower()  # a word, which the field then refuses
        return value

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Self:
        """Check values and fill in defaults.

        Raises
        ------
        ParameterError
            Naming the first parameter that is wrong, what is allowed, and an example.
        """
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            raise ParameterError(_explain(cls, error)) from None

    @classmethod
    def defaults(cls) -> Self:
        """The parameters when nobody sets any."""
        return cls.read({})

    def changed(self) -> dict[str, Any]:
        """The parameters that differ from their defaults, as plain values."""
        mine, default = self.model_dump(mode="json"), self.defaults().model_dump(mode="json")
        return {name: value for name, value in mine.items() if value != default[name]}

    @classmethod
    def table(cls) -> list[tuple[str, str, str, str]]:
        """A row for each parameter: name, default, what is allowed, description."""
        default = cls.defaults()
        return [
            (name, show_value(getattr(default, name)), allowed(cls, name), field.description or "")
            for name, field in cls.model_fields.items()
        ]


def parse_assignments(assignments: Sequence[str]) -> dict[str, Any]:
    """Read ``["seed=3", "layers=3-4-2", "activation=relu"]``; values are TOML, or else plain words.

    Raises
    ------
    ParameterError
        When one has no ``=``.
    """
    values: dict[str, Any] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals or not name.strip():
            raise ParameterError(f"--set takes NAME=VALUE, got {assignment!r} (try --set seed=1)")
        values[name.strip().replace("-", "_")] = _parse_value(text.strip())
    return values


def _parse_value(text: str) -> Any:
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
        return tomllib.loads(path.read_bytes().decode("utf-8"))
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
    "integer": ("a whole number", "whole numbers"),
    "number": ("a number", "numbers"),
    "boolean": ("true or false", "true or false"),
    "string": ("text", "texts"),
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
        least, most = schema.get("minItems"), schema.get("maxItems")
        count = (
            f"{least} to {most} "
            if least and most
            else f"at least {least} "
            if least
            else f"at most {most} "
            if most
            else ""
        )
        items = schema["items"]
        return f"{count}{_KINDS[items['type']][1]}" + _bounds(items, ", each ")
    if schema.get("format") == "path":
        return "a file"
    return _KINDS[schema["type"]][0] + _bounds(schema, " ")


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
        return f"there is no parameter {name!r}; {known}"
    if first["type"] == "value_error":
        return f"{name}: {first['ctx']['error']}"
    got = first["input"]
    got = show_value(got) if isinstance(got, tuple | list) and first["type"].startswith("too_") else got
    place = f" at place {first['loc'][1] + 1}" if len(first["loc"]) > 1 and isinstance(first["loc"][1], int) else ""
    return f"{name} must be {allowed(cls, name)}, got {'nothing' if got in ('', None) else got}{place}{_example(cls, name)}"


def _example(cls: type[Params], name: str) -> str:
    try:
        default = getattr(cls.defaults(), name)
    except ParameterError:
        return ""
    return "" if default is None else f" (try --set {name}={show_value(default)})"


def json_schema(cls: type[Params]) -> str:
    """The parameters as a JSON schema, for editors and forms."""
    return json.dumps(cls.model_json_schema(), indent=2, ensure_ascii=False)
