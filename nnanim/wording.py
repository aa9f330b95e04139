"""How long a message to the person at the keyboard may be, and how it counts."""

from __future__ import annotations

LONGEST_MESSAGE = 300
"""Characters of a message; what is longer loses its middle, since what is wrong stands first and what helps last."""
LONGEST_VALUE = 60
"""Characters of a value that a message repeats."""


def one_line(message: object, most: int = LONGEST_MESSAGE) -> str:
    """A message in one line of at most so many characters."""
    words = " ".join(str(message).split())
    if len(words) <= most:
        return words
    end = (most - 3) // 3
    return f"{words[: most - 3 - end]} … {words[len(words) - end :]}"


def brief(value: object) -> str:
    """A value as a message repeats it: at most :data:`LONGEST_VALUE` characters."""
    return one_line(value, LONGEST_VALUE)


def n_of(count: int, singular: str, plural: str = "") -> str:
    """A count with its noun: ``1 number``, ``2 numbers``."""
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"


def listed(names: list[str], most: int = 3) -> str:
    """The first few of some names, and how many more there are: ``a, b and 5 more``."""
    shown = [brief(name) for name in names[:most]]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
