"""The ledger as ``numbers.json``: every number that stood on screen, when, and where it came from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from nnanim.chapter import Shown


def rows(ledger: Sequence[Shown]) -> list[dict[str, Any]]:
    """A dictionary for each number: start and end in seconds, text, value, kind, source.

    One that ran has ``ran_from`` as well: where it began; in between it showed the elements that lie between the sources.
    """
    return [
        {
            "start": round(shown.start, 3),
            "end": round(shown.end, 3),
            "text": shown.entry.text,
            "value": shown.entry.value,
            "kind": shown.entry.kind,
            "source": shown.entry.source,
        }
        | (
            {"ran_from": {"text": shown.ran_from.text, "value": shown.ran_from.value, "source": shown.ran_from.source}}
            if shown.ran_from is not None
            else {}
        )
        for shown in ledger
    ]


def to_json(ledger: Sequence[Shown]) -> str:
    """The rows as JSON, one number a line."""
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows(ledger))
    return f"[\n{lines}\n]\n"
