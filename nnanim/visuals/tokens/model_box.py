"""A language model as a box that text goes into: its name, what its weights are, and its layers, one line each."""

from __future__ import annotations

import numpy as np
from manim import RoundedRectangle, VGroup

from nnanim.quantity import Label, Quantity, Showable, counted, join
from nnanim.visuals.page.frame import Region, frame
from nnanim.visuals.page.glyphs import Weight
from nnanim.visuals.page.text import TextLine, text_width
from nnanim.visuals.page.theme import theme
from nnanim.visuals.plots.distribution import DistributionBars


class ModelBox(VGroup):
    """A box as large as a region.

    Parameters
    ----------
    name, note
        The model's name, and what its weights are.
    region
        Where.
    count
        How many layers it has; without it the box is one line of text high and shows none.

    Attributes
    ----------
    rim
        The box itself; its stroke can light up.
    layers
        A bar for each layer, from the lowest; none when there is no count.
    """

    def __init__(self, name: Label, note: Label, region: Region, count: Quantity | None = None) -> None:
        super().__init__()
        self.rim = RoundedRectangle(
            width=region.width, height=region.height, corner_radius=0.16, stroke_width=3,
            stroke_color=theme().muted, fill_color=theme().panel, fill_opacity=1,
        ).move_to(region.center)  # fmt: skip
        self.add(self.rim)
        room = region.width - 0.3
        if count is None:
            whole = join(name, "·", note)
            size = max(min(frame().body, frame().body * room / text_width(whole, frame().body, "semibold")), frame().smallest)
            self.layers = DistributionBars([], 0, 1, 0.1)
            self.add(TextLine(whole, size, None, "semibold").on(region.center))
            return
        lines: list[tuple[Showable, float, float, str, Weight]] = [
            (name, region.top - 0.38, frame().body, theme().text, "semibold"),
            (note, region.top - 0.82, frame().small, theme().muted, "regular"),
            (counted(count, "layer", "layers"), region.bottom + 0.32, frame().small, theme().muted, "regular"),
        ]
        for line, y, size, color, weight in lines:
            size = max(min(size, size * room / text_width(line, size, weight)), frame().smallest)
            self.add(TextLine(line, size, color, weight).on(np.array([region.center[0], y, 0])))
        self.layers = _layers(int(count.value), Region(region.left + 0.28, region.right - 0.28, region.bottom + 0.62, region.top - 1.2))
        self.add(self.layers)


def _layers(count: int, region: Region) -> DistributionBars:
    """A bar for each layer, centred in a region."""
    pitch = min(region.height / count, 0.16)
    heights = [region.bottom + pitch * (n + 0.5) + (region.height - pitch * count) / 2 for n in range(count)]
    return DistributionBars(heights, region.left, region.right, 0.55 * pitch, slice(None)).show(np.full(count, 1.0))
