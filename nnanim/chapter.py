"""Chapter: what every scene file subclasses. A subject (parameters, simulation, record) and the lesson that is told of it.

A chapter is an ordinary manim scene; everything it shows comes out of its trace.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from nnanim.lesson.beats import Beat, Cue, Reading, Timing, speaking_seconds
from nnanim.lesson.claims import Case, Cases, Claim, ClaimError, either, otherwise
from nnanim.lesson.ledger import Shown, is_visible
from nnanim.lesson.pages import Lesson
from nnanim.lesson.stage import Look
from nnanim.params import Params as BaseParams
from nnanim.quantity import Given, Quantity
from nnanim.subject import Report, Subject
from nnanim.trace import Trace

__all__ = [
    "Beat",
    "Case",
    "Cases",
    "Chapter",
    "Claim",
    "ClaimError",
    "Cue",
    "Look",
    "Reading",
    "Report",
    "Shown",
    "Timing",
    "either",
    "is_visible",
    "otherwise",
    "speaking_seconds",
]


class Chapter(Subject, Lesson):
    """A lesson of one to two minutes. Subclasses define ``Params``, ``simulate`` and ``construct``.

    Parameters
    ----------
    parameters
        The chapter's parameters; by default their defaults.
    trace
        The record of ``simulate(parameters)`` when it is at hand already.
    look
        Theme, captions and how long sentences take.
    """

    def __init__(
        self, *args: Any, parameters: BaseParams | None = None, trace: Trace | None = None, look: Look | None = None, **kwargs: Any
    ) -> None:
        self.params: Any = parameters or self.Params.defaults()
        self._trace = trace
        super().__init__(*args, look=look, **kwargs)

    @cached_property
    def trace(self) -> Trace:
        """The record of the simulation, with the chapter's numeric parameters beside it as ``parameters.NAME``."""
        return self._trace or self.record(self.params)

    def given(self, name: str, *index: int, decimals: int = 0) -> Quantity:
        """A parameter's value, to be shown."""
        quantity = self.trace.quantity(f"parameters.{name}", *index, decimals=decimals)
        assert isinstance(quantity, Given)
        return quantity

    def count(self, name: str, *index: int) -> Quantity:
        """A whole number of the trace, to be shown."""
        return self.trace.quantity(name, *index, decimals=0)

    def exactly(self, name: str, *index: int) -> Quantity:
        """A parameter's value with all decimals that it has."""
        value = self.trace.value(f"parameters.{name}" + "".join(f"[{place}]" for place in index))
        return self.given(name, *index, decimals=len(f"{value:.10f}".rstrip("0").partition(".")[2]))
