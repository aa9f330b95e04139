"""What an audit finds, where and when, and the exceptions that a chapter declares with their reasons."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any, Literal, get_args

Kind = Literal[
    "ledger", "claim", "digits", "crash",
    "off-frame", "caption-strip", "overlap", "crossed", "covered", "small", "contrast", "empty", "hurried",
    "jump", "flash", "freeze", "still", "early", "low",
]  # fmt: skip
KINDS: tuple[str, ...] = get_args(Kind)
NOTES = frozenset({"empty", "freeze"})
"""In a plain scene these may be meant so; what a chapter has to keep to is its own."""
Box = tuple[float, float, float, float]
"""Left, bottom, right, top, in manim units."""


class ExceptionError(ValueError):
    """A declared exception that cannot be used; one sentence for the person at the keyboard."""


@dataclass(frozen=True)
class Finding:
    """Something that is wrong.

    Parameters
    ----------
    kind
        One of :data:`KINDS`.
    what, other
        The two objects: what is in the wrong, and what it is at odds with (or nothing).
    detail
        The fault in a few words, with what was measured.
    chapter, look
        Where: the chapter or scene, and its theme and aspect (and the parameters that differ from the defaults).
    beat
        Number of the beat; of the play, in a plain scene.
    time
        Seconds since the beginning of the video.
    box
        The place, in manim units.
    picture
        File with the place boxed, when one was written.
    also
        Other beats in which the same was found.
    note
        It may be meant so: it is said, but is no fault.
    """

    kind: Kind
    what: str
    detail: str
    other: str = ""
    chapter: str = ""
    look: str = ""
    beat: int = 0
    time: float = 0.0
    box: Box | None = None
    picture: str = ""
    also: tuple[int, ...] = ()
    excused: str = ""
    note: bool = False

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """What makes two findings the same fault."""
        return (self.kind, self.chapter, self.look, self.what, self.other)

    def as_dict(self) -> dict[str, Any]:
        """The finding for JSON."""
        return {**self.__dict__, "box": None if self.box is None else [round(float(side), 3) for side in self.box]}


def gathered(findings: Iterable[Finding]) -> list[Finding]:
    """The same fault in several moments becomes one finding, in its first beat, that names the others."""
    first: dict[tuple[str, ...], Finding] = {}
    for finding in findings:
        known = first.get(finding.key)
        if known is None:
            first[finding.key] = finding
        elif finding.beat not in (known.beat, *known.also):
            first[finding.key] = replace(known, also=(*known.also, finding.beat))
    return list(first.values())


@dataclass(frozen=True)
class Excuse:
    """A deliberate exception: findings of a kind whose object's name matches a pattern, and why they may stand."""

    kind: str
    what: str
    reason: str

    def covers(self, finding: Finding) -> bool:
        """Whether it excuses this finding: the pattern (``*`` stands for anything) fits either of the two objects."""
        return self.kind == finding.kind and any(
            fnmatchcase(name, self.what) for name in (finding.what, finding.other) if name
        )


def declared(cls: type) -> list[Excuse]:
    """The exceptions of a scene class: ``exceptions = (("contrast", "panel *", "it is only a texture"), …)``.

    Raises
    ------
    ExceptionError
        When one is not (kind, pattern, reason), or has no reason, or a kind that there is not.
    """
    excuses = []
    for entry in getattr(cls, "exceptions", ()):
        if not isinstance(entry, Sequence) or len(entry) != 3 or not all(isinstance(part, str) for part in entry):
            raise ExceptionError(f"{cls.__name__}.exceptions: each must be (kind, what, reason), got {entry!r}")
        kind, what, reason = entry
        if kind not in KINDS:
            raise ExceptionError(f"{cls.__name__}.exceptions: there is no kind {kind!r}; there are {', '.join(KINDS)}")
        if not reason.strip():
            raise ExceptionError(f"{cls.__name__}.exceptions: {kind} of “{what}” needs a reason")
        excuses.append(Excuse(kind, what, reason))
    return excuses


def excused(findings: Iterable[Finding], excuses: Sequence[Excuse]) -> list[Finding]:
    """The findings, those with an exception marked with its reason."""
    marked = []
    for finding in findings:
        reason = next((excuse.reason for excuse in excuses if excuse.covers(finding)), "")
        marked.append(replace(finding, excused=reason))
    return marked
