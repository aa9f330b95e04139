"""What is drawn of each loss surface, and where and how fast a walk on it begins by default; torch is not needed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from nnanim.params import show_value

SurfaceName = Literal["bowl", "rosenbrock", "himmelblau", "saddle", "network"]
WINDOWS = {
    "bowl": (-3.0, 3.0, -2.0, 2.0),
    "rosenbrock": (-2.0, 2.0, -1.0, 3.0),
    "himmelblau": (-5.0, 5.0, -5.0, 5.0),
    "saddle": (-2.4, 2.4, -2.0, 2.0),
    "network": (-1.0, 1.0, -1.0, 1.0),
}
"""Left, right, bottom and top of what is drawn."""
STARTS = {"bowl": (-2.4, 0.8), "rosenbrock": (-1.2, 1.0), "himmelblau": (0.2, -0.6), "saddle": (-1.8, 0.1), "network": (-0.8, 0.7)}
RATES = {"bowl": 0.05, "rosenbrock": 0.001, "himmelblau": 0.01, "saddle": 0.1, "network": 0.05}
LANDS = {
    "bowl": "A test land: an elongated bowl",
    "rosenbrock": "A test land: Rosenbrock’s valley",
    "himmelblau": "A test land: Himmelblau’s function",
    "saddle": "A test land: a saddle",
    "network": "A slice through a small network",
}
"""What a picture of it is called."""
USUAL = "himmelblau"


def default_start(known: dict[str, Any]) -> tuple[float, ...]:
    """A start from which the surface shows what it is known for."""
    return STARTS[known.get("surface", USUAL)]


def default_rate(known: dict[str, Any]) -> float:
    """A learning rate that suits the surface."""
    return RATES[known.get("surface", USUAL)]


def default_rates(known: dict[str, Any]) -> tuple[float, ...]:
    """A tenth of the learning rate, twice it, and a multiple that is too large on most surfaces."""
    surface = known.get("surface", USUAL)
    factors = (0.1, 2, 4) if surface == "himmelblau" else (0.1, 2, 12)
    return tuple(min(max(float(f"{known.get('learning_rate', RATES[surface]) * factor:.6g}"), 1e-6), 100.0) for factor in factors)


def check(surface: SurfaceName, start: Sequence[float], learning_rates: Sequence[float]) -> None:
    """Refuse a start outside of what is drawn, and learning rates beyond all reason.

    Raises
    ------
    ValueError
        When there is one.
    """
    left, right, bottom, top = WINDOWS[surface]
    x, y = start
    if not (left <= x <= right and bottom <= y <= top):
        raise ValueError(
            f"start must lie between {left:g} and {right:g}, {bottom:g} and {top:g} on the surface {surface}, "
            f"got {show_value(tuple(start))} (try --set start={show_value(STARTS[surface])})"
        )
    if not all(1e-6 <= rate <= 100 for rate in learning_rates):
        raise ValueError(f"learning_rates must each lie between 0.000001 and 100, got {show_value(tuple(learning_rates))}")
