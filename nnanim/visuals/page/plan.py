"""Plans of the frame: which regions there are in a wide, a square and a tall one, by shares, said at the top of a chapter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from nnanim.visuals.page.frame import Frame, Region


@dataclass(frozen=True)
class Split:
    """Regions beside one another or below one another; each is a share, or shares of a split within."""

    direction: Literal["across", "down"]
    parts: tuple[tuple[str, float, Split | None], ...]
    gap: float

    def regions(self, area: Region) -> dict[str, Region]:
        """The regions by name, those of splits within among them."""
        shares = [share for _, share, _ in self.parts]
        cut = area.columns(shares, self.gap) if self.direction == "across" else area.rows(shares, self.gap)
        found: dict[str, Region] = {}
        for (name, _, within), region in zip(self.parts, cut, strict=True):
            found[name] = region
            if within is not None:
                found |= within.regions(region)
        return found


def across(*, gap: float = 0.5, **parts: float | tuple[float, Split]) -> Split:
    """Regions from left to right: ``across(map=54, side=(46, down(plot=64, words=36)))``."""
    return Split("across", _parts(parts), gap)


def down(*, gap: float = 0.4, **parts: float | tuple[float, Split]) -> Split:
    """Regions from top to bottom."""
    return Split("down", _parts(parts), gap)


def _parts(parts: dict[str, Any]) -> tuple[tuple[str, float, Split | None], ...]:
    return tuple(
        (name, float(part[0]), part[1]) if isinstance(part, tuple) else (name, float(part), None)
        for name, part in parts.items()
    )


@dataclass(frozen=True)
class Plan:
    """How a stage is divided in frames of each shape; ``square`` holds for 4:3 and 1:1, and is the wide one if nothing is said.

    Parameters
    ----------
    wide, square, tall
        Splits of the stage; the names are the same in all of them.
    """

    wide: Split
    tall: Split
    square: Split | None = None

    def areas(self, frame: Frame) -> Areas:
        """The regions in a frame of this shape."""
        split = self.tall if frame.portrait else self.wide if frame.width > 12 or self.square is None else self.square
        return Areas(split.regions(frame.stage))


class Areas:
    """The regions of a plan, as attributes."""

    def __init__(self, regions: dict[str, Region]) -> None:
        self._regions = regions

    def __getattr__(self, name: str) -> Region:
        try:
            return self.__dict__["_regions"][name]
        except KeyError:
            raise AttributeError(f"the plan has no region {name!r} (it has {', '.join(self.__dict__['_regions'])})") from None
