"""Parameter sets at the ends of a chapter's own bounds: one parameter at its lowest or highest, and all of them at once.

A chapter whose simulation is too costly for so many sets declares its own:
``extremes = ({"tokens": 2}, {"tokens": 32, "top_k": 1})``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from nnanim.audit.draw import WORDS, least_and_most, says_what
from nnanim.chapter import Chapter
from nnanim.params import ParameterError, Params

HALVINGS = 40
"""So often the way to a value that is refused is halved to find the last one that is not."""


def extreme_parameters(chapter: type[Chapter]) -> list[Params]:
    """The sets, each once and in the same order every time: low ends, high ends, all low, all high; never the defaults.

    Raises
    ------
    ParameterError
        When the chapter declares a set that it does not accept.
    """
    cls = chapter.Params
    if chapter.extremes is not None:
        return list(_each_once(cls, (cls.read(values) for values in chapter.extremes)))
    ends = {name: _ends_of(cls, name, schema) for name, schema in cls.model_json_schema()["properties"].items()}
    ends = {name: values for name, values in ends.items() if values}
    lows = {name: values[0] for name, values in ends.items()}
    highs = {name: values[-1] for name, values in ends.items()}
    single = [{name: value} for name, value in lows.items()]
    single += [{name: value} for name, values in ends.items() for value in values[1:]]
    read = [cls.read(values) for values in single]
    return list(_each_once(cls, [*read, _together(cls, lows), _together(cls, highs)]))


def sharpest(sets: Sequence[Params], count: int) -> list[Params]:
    """The few that strain a chapter most, in their order: those that change most parameters, then those longest to write.

    Of sets made from bounds these are everything at its lowest, everything at its highest, and the longest list or text.
    """
    strain = [(len(params.changed()), len(_written(params)), place) for place, params in enumerate(sets)]
    return [sets[place] for place in sorted(place for *_, place in sorted(strain, reverse=True)[:count])]


def _each_once(cls: type[Params], sets: Iterable[Params]) -> Iterator[Params]:
    known = {_written(cls.defaults())}
    for params in sets:
        if _written(params) not in known:
            known.add(_written(params))
            yield params


def _written(params: Params) -> str:
    return json.dumps(params.model_dump(mode="json"), sort_keys=True)


def _together(cls: type[Params], values: dict[str, Any]) -> Params:
    """As many of the values as go together, taken in their order."""
    chosen: dict[str, Any] = {}
    for name, value in values.items():
        if _accepts(cls, {**chosen, name: value}):
            chosen[name] = value
    return cls.read(chosen)


def _accepts(cls: type[Params], values: dict[str, Any]) -> bool:
    try:
        cls.read(values)
    except ParameterError:
        return False
    return True


def _ends_of(cls: type[Params], name: str, schema: dict[str, Any]) -> list[Any]:
    """Values of one parameter, the lowest first and the highest last, that are accepted beside the defaults."""
    if not says_what(schema):
        return []
    default = getattr(cls.defaults(), name)
    nearest = (_nearest_accepted(cls, name, default, value) for value in _ends(schema, default))
    return [value for value in nearest if value is not None]


def _nearest_accepted(cls: type[Params], name: str, default: Any, value: Any) -> Any:
    """The value, or the last one on the way to it from the default that is accepted; None where there is no way."""
    if _accepts(cls, {name: value}):
        return value
    start, end = np.asarray(default), np.asarray(value)
    if start.dtype.kind not in "if" or end.dtype.kind not in "if" or start.shape != end.shape:
        return None
    near, far = 0.0, 1.0
    for _ in range(HALVINGS):
        middle = (near + far) / 2
        if _accepts(cls, {name: _between(start, end, middle)}):
            near = middle
        else:
            far = middle
    return _between(start, end, near)


def _between(start: Any, end: Any, share: float) -> Any:
    """A number, or a sequence of numbers, so far on the way; whole where the parameter is, else with four figures."""
    there = start + share * (end - start)
    if start.dtype.kind == "i":
        return np.trunc(there).astype(int).tolist()
    return np.vectorize(lambda number: float(f"{number:.4g}"))(there).tolist()


def _ends(schema: dict[str, Any], default: Any = None) -> list[Any]:
    """What a schema allows, from its lowest to its highest value; empty where it does not say (a file)."""
    if "enum" in schema:
        return list(schema["enum"])
    if "examples" in schema:
        return list(schema["examples"])
    if "const" in schema:
        return [schema["const"]]
    if "anyOf" in schema:
        return [end for part in schema["anyOf"] for end in _ends(part, default)]
    match schema.get("type"):
        case "boolean":
            return [False, True]
        case "integer":
            return [int(end) for end in least_and_most(schema)]
        case "number":
            return [float(end) for end in least_and_most(schema)]
        case "array":
            return _shortest_and_longest(schema, default)
        case "string" if schema.get("format") != "path":
            return [WORDS[0][: schema.get("maxLength", len(WORDS[0]))], _words(schema.get("maxLength", 100))]
    return []


def _shortest_and_longest(schema: dict[str, Any], default: Any) -> list[Any]:
    """Sequences of the lowest and of the highest value; as long as the default where no length is stated."""
    items = _ends(schema["items"])
    if not items:
        return []
    usual = len(default) if isinstance(default, tuple | list) else 1
    least, most = schema.get("minItems", usual), schema.get("maxItems", usual)
    return [[items[0]] * least, [items[-1]] * most]


def _words(most: int) -> str:
    """As many words as fit into so many characters."""
    text = " ".join(WORDS * (most // len(" ".join(WORDS)) + 1))
    return text[:most].strip()
