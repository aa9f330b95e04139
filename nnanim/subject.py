"""Subject: what a chapter is about. Its parameters, its simulation, its record, its names; nothing is drawn here."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from nnanim.params import Params as BaseParams
from nnanim.recordings import SHIPPED, digest, recorded
from nnanim.sim.repeated import ROUNDING, other_rounding, repeated
from nnanim.syllabus import CourseError, read_syllabus
from nnanim.trace import Trace

Report = Callable[[float, str], None]
"""How a costly simulation tells how far it is: ``report(0.4, "training")``."""


def in_silence(share: float, what: str) -> None:
    """A report that nobody reads."""


class Subject:
    """Parameters and the simulation that turns them into a trace. Subclasses define ``Params`` and ``simulate``."""

    class Params(BaseParams):
        """What a lecturer may change."""

    title: ClassVar[str] = ""
    costly: ClassVar[bool] = False
    """Whether the trace is kept and found again: worth it for whatever takes a second, and loading torch does."""
    extremes: ClassVar[Sequence[Mapping[str, Any]] | None] = None
    """Parameter sets that the audit judges in place of those at the ends of all bounds, where these are too many."""
    repeats: ClassVar[int] = 2
    """How often the simulation is repeated with other rounding; only digits that survive are shown."""

    # What a chapter defines ---------------------------------------------------------------------------

    @staticmethod
    def simulate(p: Any, report: Report) -> Trace:
        """Compute everything that will be shown, with torch. Chapters define this.

        Parameters
        ----------
        p
            The chapter's parameters.
        report
            Told now and then how far a costly simulation is, as a share and in a word.
        """
        raise NotImplementedError("a chapter must define simulate(p, report)")

    @staticmethod
    def depends_on(p: Any) -> str:
        """What a costly simulation depends on besides its parameters and source, for instance a model's digest."""
        return ""

    # Its record ---------------------------------------------------------------------------------------

    @classmethod
    def record(cls, parameters: BaseParams, report: Report = in_silence) -> Trace:
        """Run the simulation, or read its recording when it is a costly one.

        The chapter's numeric parameters stand beside it as ``parameters.NAME``.
        """
        if cls.costly:
            trace = recorded(cls.recording(parameters), lambda: cls.simulate_again(parameters, report))
        else:
            trace = cls.simulate_again(parameters, report)
        return trace.with_given(numbers_of(parameters))

    @classmethod
    def simulate_again(cls, parameters: BaseParams, report: Report = in_silence) -> Trace:
        """Run the simulation, and repeat it with other roundings: see :mod:`nnanim.sim.repeated`."""
        return repeated(lambda told: cls.simulate(parameters, told), cls.repeats, report)

    @classmethod
    def rounded_otherwise(cls, parameters: BaseParams, seed: int) -> Trace:
        """The record of the simulation run once, now, with other rounding."""
        with other_rounding(seed):
            return cls.simulate(parameters, in_silence).with_given(numbers_of(parameters))

    @classmethod
    def recording(cls, parameters: BaseParams) -> Path:
        """Where the course ships the recording of a costly simulation; its name is a digest of all that it depends on."""
        folder = Path(sys.modules[cls.__module__].__file__ or "").parent
        key = digest(parameters, cls.simulate, f"{cls.depends_on(parameters)}\n{ROUNDING} {cls.repeats}")
        return folder / SHIPPED / cls.slug() / f"{key}.npz"

    # Names --------------------------------------------------------------------------------------------

    @classmethod
    def slug(cls) -> str:
        """The chapter's name on the command line: ``ForwardPropagation`` → ``forward-propagation``."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", cls.__name__).lower()

    @classmethod
    def heading(cls) -> str:
        """The chapter's title on screen."""
        return cls.title or cls.slug().replace("-", " ").capitalize()

    @classmethod
    def summary(cls) -> str:
        """What the chapter shows, in one sentence."""
        return (cls.__doc__ or "").strip().split("\n")[0]

    @classmethod
    def part(cls) -> str:
        """The part of the course that the chapter stands in; nothing outside of a course."""
        file = getattr(sys.modules.get(cls.__module__), "__file__", None)
        try:
            return read_syllabus(Path(file).parent).part_of(cls.slug()) if file else ""
        except CourseError:
            return ""


def numbers_of(parameters: BaseParams) -> dict[str, np.ndarray]:
    """The numeric parameters, as ``parameters.NAME``."""
    values = {f"parameters.{name}": np.asarray(value) for name, value in parameters.model_dump().items()}
    return {name: value for name, value in values.items() if value.dtype.kind in "if"}
