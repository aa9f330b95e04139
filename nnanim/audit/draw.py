"""Random parameter sets from a chapter's own bounds, as its JSON schema states them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from nnanim.params import ParameterError, Params

UNBOUNDED = 1e3
"""Stands for a bound that a number does not have."""
LONGEST = 12
"""Stands for the length of a sequence, and for the size in it, that nothing bounds."""
TRIES = 200


def drawn_parameters(cls: type[Params], count: int, seed: int = 0) -> Iterator[Params]:
    """Draw sets that the chapter accepts.

    Each parameter keeps its default, takes one of its bounds, or lies somewhere between them. Sets that the chapter
    refuses (a parameter may depend on another) are drawn again, with fewer parameters changed each time.
    """
    random = np.random.default_rng(seed)
    properties = cls.model_json_schema()["properties"]
    for _ in range(count):
        for attempt in range(TRIES):
            keep = min(0.9, 0.3 + 0.6 * attempt / TRIES)
            values = {
                name: value
                for name, schema in properties.items()
                if random.random() > keep and says_what(schema) and (value := _draw(schema, random)) is not None
            }
            try:
                drawn = cls.read(values)
            except ParameterError:
                continue
            yield drawn
            break
        else:
            yield cls.defaults()


def says_what(schema: dict[str, Any]) -> bool:
    """Whether a schema says what may stand there: of a single word (a model's name) only its examples do."""
    texts = [part for part in (schema, *schema.get("anyOf", ())) if part.get("type") == "string"]
    if not texts or "enum" in schema or "examples" in schema:
        return True
    return " " in str(schema.get("default", ""))


def _draw(schema: dict[str, Any], random: np.random.Generator) -> Any:
    """A value of a schema; None where it cannot say (a file) or where nothing is a value."""
    if "enum" in schema:
        return schema["enum"][random.integers(len(schema["enum"]))]
    if "examples" in schema:
        return schema["examples"][random.integers(len(schema["examples"]))]
    if "const" in schema:
        return schema["const"]
    if "anyOf" in schema:
        return _draw(schema["anyOf"][random.integers(len(schema["anyOf"]))], random)
    kind = schema.get("type")
    if kind == "boolean":
        return bool(random.random() < 0.5)
    if kind == "integer":
        return _integer(schema, random)
    if kind == "number":
        return _number(schema, random)
    if kind == "array":
        least = schema.get("minItems", 1)
        most = min(schema.get("maxItems", LONGEST), max(least, LONGEST))
        # Long sequences of large sizes say no more than short ones, and cost more.
        return [_draw(_modest(schema["items"]), random) for _ in range(random.integers(least, most + 1))]
    if kind == "string" and schema.get("format") != "path":
        return _words(schema, random)
    return None


def _modest(schema: dict[str, Any]) -> dict[str, Any]:
    if schema.get("type") == "integer" and schema.get("maximum", np.inf) > 3 * LONGEST:
        return {**schema, "maximum": 3 * LONGEST}
    return schema


def bounds(schema: dict[str, Any]) -> tuple[float, float]:
    """The bounds that a schema of a number states, whether they belong to it or not; a stand-in where it has none."""
    low = schema.get("minimum", schema.get("exclusiveMinimum", 0 if schema["type"] == "integer" else -UNBOUNDED))
    high = schema.get("maximum", schema.get("exclusiveMaximum", UNBOUNDED))
    return float(low), float(max(high, low))


def least_and_most(schema: dict[str, Any]) -> tuple[float, float]:
    """The least and the greatest number that a schema allows; of a bound that does not belong to it, one beside it."""
    low, high = bounds(schema)
    beside = 1.0 if schema["type"] == "integer" else 1e-3 * (high - low)
    return low + beside * ("exclusiveMinimum" in schema), high - beside * ("exclusiveMaximum" in schema)


def _integer(schema: dict[str, Any], random: np.random.Generator) -> int:
    low, high = map(int, least_and_most(schema))
    where = random.random()
    if where < 0.15:
        return low
    if where < 0.3:
        return high
    if where < 0.65 and high - low > 50:  # most that people type is small
        return int(low + random.integers(0, 30))
    return int(random.integers(low, high + 1))


def _number(schema: dict[str, Any], random: np.random.Generator) -> float:
    low, high = bounds(schema)
    least, most = least_and_most(schema)
    where = random.random()
    if where < 0.12:
        value = least
    elif where < 0.24:
        value = most
    elif where < 0.6 and low >= 0 and high > 0:
        value = float(np.exp(random.uniform(np.log(max(low, 1e-3 * high)), np.log(high))))
    else:
        value = float(random.uniform(low, high))
    return float(f"{value:.4g}") if low < float(f"{value:.4g}") < high else value


WORDS = ["The", "cat", "that", "we", "saw", "sat", "on", "the", "mat", "because", "it", "was", "tired", "of", "running", "after", "mice", "all", "day", "long"]


def _words(schema: dict[str, Any], random: np.random.Generator) -> str:
    """Some words, as many as the bounds allow."""
    count = int(random.integers(1, len(WORDS)))
    start = int(random.integers(0, len(WORDS) - count + 1))
    text = " ".join(WORDS[start : start + count])
    return text[: schema.get("maxLength", len(text))].strip() or WORDS[0]
