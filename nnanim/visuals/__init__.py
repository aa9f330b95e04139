"""What is drawn: manim mobjects that know colours, type, regions and where their numbers come from.

This is the door for scenes: ``from nnanim.visuals import Tag, Turn``. A room is opened when something in it is asked for.
"""

from __future__ import annotations

import importlib
from typing import Any

_ROOMS: dict[str, tuple[str, ...]] = {
    "page.figures": ("Figures",),
    "page.frame": ("Region", "frame"),
    "page.math": ("Formula",),
    "page.columns": ("Column", "ColumnTable"),
    "page.panel": ("Legend", "Panel", "side_by_side"),
    "page.plan": ("Plan", "across", "down"),
    "page.readout": ("Readout", "Tag"),
    "page.table": ("ELLIPSIS", "Table", "elide", "rows_that_fit"),
    "page.text": ("Paragraph", "TextLine", "lines_within", "row", "text_width", "veil"),
    "page.theme": ("along", "ramp", "rgba", "theme"),
    "page.verdict": ("Verdict",),
    "paint.canvas": ("Canvas",),
    "paint.motion": ("Later", "Sweep", "Turn", "in_turn"),
    "paint.painted": ("Painted",),
    "paint.picture": ("Picture",),
    "plots.axes": ("Axes", "EndLabel", "Slider", "end_labels", "room_for", "spread"),
    "plots.bars": ("ProbabilityBars",),
    "plots.bend_heap": ("BendHeap",),
    "plots.curves": ("Curves",),
    "plots.field": ("Field", "draw_points"),
    "plots.fold": ("Fold",),
    "plots.odds": ("Odds", "PieceName"),
    "plots.plot": ("CurvePlot",),
    "plots.points": ("PointCloud",),
    "plots.riding": ("RidingCurves",),
    "plots.rates": ("Knobs", "Rounds"),
    "plots.scales": ("LinearScale", "LogScale"),
    "plots.series": ("Bars", "Series"),
    "plots.strip": ("Strip",),
    "plots.swept": ("SweptField",),
    "plots.wall": ("FieldWall",),
    "networks.firing": ("Firing", "draw_neuron"),
    "plots.tally": ("Tally",),
    "networks.network": ("Network",),
    "space.braid": ("Braid",),
    "cells.card": ("MatrixCard", "Product"),
    "networks.wheel": ("Wheel",),
    "networks.wheel_row": ("WheelRow", "wheel_plan"),
    "tokens.futures": ("Futures",),
    "tokens.readings": ("Readings",),
    "networks.digit": ("Digit", "square_in"),
    "networks.digit_network": ("DigitNetwork",),
    "networks.inside": ("InsideNeuron",),
    "networks.layers": ("HiddenNeurons", "Outputs"),
    "networks.layout": ("DigitLayout",),
    "networks.piles": ("PilePairs", "Piles"),
    "networks.threads": ("Threads",),
    "networks.wall": ("DigitWall",),
    "space.bowls": ("Bowls",),
    "space.dots": ("Dots",),
    "space.landscape": ("Landscape",),
    "space.terrain": ("Terrain",),
    "space.walks": ("Walk",),
    "plots.rising": ("RisingLines",),
    "networks.filters": ("Filters",),
    "networks.weight_cells": ("WeightCells",),
    "space.slabs": ("Slabs",),
    "cells.heatmap": ("HeatMap",),
    "cells.matrix": ("LayerEquation",),
    "cells.number_grid": ("NumberGrid",),
    "cells.vectors": ("DotProduct", "Mixture"),
    "tokens.names": ("token_names",),
    "tokens.looks": ("Looks",),
    "tokens.tokens": ("visible_text",),
    "tokens.wall": ("HeadWall",),
    "cells.weight_wall": ("Sliver", "WeightWall"),
}
"""Room and file → the names in it that scenes use."""

_WHERE = {name: room for room, names in _ROOMS.items() for name in names}
__all__ = sorted(_WHERE)


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_WHERE[name]}"), name)


def __dir__() -> list[str]:
    return __all__
