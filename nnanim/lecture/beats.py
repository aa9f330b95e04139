"""The beats as ``beats.json``: where a film can be cut into slides, and what is said in each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from nnanim.chapter import Beat


def rows(beats: Sequence[Beat]) -> list[dict[str, Any]]:
    """A dictionary for each beat: number, name (its first sentence), start, held and end in seconds, words.

    From ``held`` on its last picture stands, until the stage is cleared for the next beat, which still belongs to this one.
    The film has a key frame there, so it can be cut without encoding.
    """
    return [
        {
            "number": beat.number,
            "name": beat.cues[0].text if beat.cues else "",
            "start": round(beat.start, 3),
            "held": round(beat.held, 3),
            "end": round(beat.end, 3),
            "words": beat.text,
        }
        for beat in beats
    ]


def to_json(beats: Sequence[Beat]) -> str:
    """The rows as JSON, one beat a line."""
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows(beats))
    return f"[\n{lines}\n]\n"
