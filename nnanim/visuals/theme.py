"""Colours by role: the one place where a value becomes a colour.

A scene says ``theme().positive``, never a colour's name; the palette is chosen once for a whole render.
"""

from __future__ import annotations

import tomllib
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
from manim import ManimColor
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Theme:
    """A palette: one colour (``#RRGGBB``) for each role.

    ``fullest`` is how far a filled cell or neuron goes from the panel's colour towards its sign's, 0–1: as far as
    the theme's text colour stays readable on it.
    """

    name: str
    background: str
    panel: str
    line: str
    text: str
    muted: str
    positive: str
    negative: str
    highlight: str
    gradient: str
    good: str
    fullest: float

    def signed(self, value: float) -> str:
        """The colour of a sign: positive, negative, or muted for exactly zero."""
        if value == 0:
            return self.muted
        return self.positive if value > 0 else self.negative

    def diverging(self, values: ArrayLike, limit: float = 1.0) -> NDArray[np.float64]:
        """Colours of signed values: the panel colour at 0, towards the colour of the sign at ``±limit``.

        Parameters
        ----------
        values
            Any shape.
        limit
            The magnitude at which the colour is fullest.
        Returns
        -------
        RGBA in 0–1, of the values' shape + (4,).
        """
        signed = np.asarray(values, dtype=float)
        strength = np.clip(np.abs(signed) / max(limit, 1e-12), 0.0, 1.0)[..., None] * self.fullest
        colour = np.where((signed >= 0)[..., None], rgba(self.positive), rgba(self.negative))
        return (1 - strength) * rgba(self.panel) + strength * colour

    def ink_on(self, fills: ArrayLike) -> NDArray[np.float64]:
        """Text or background colour, whichever reads better on each of ``fills``: RGBA in 0–1, opaque, shape (…, 4)."""
        text, background, under = rgba(self.text), rgba(self.background), np.asarray(fills, dtype=float)
        reads = contrast(text, under) >= contrast(background, under)
        return np.where(reads[..., None], text, background)


@cache
def themes() -> dict[str, Theme]:
    """Every palette by name."""
    table = tomllib.loads(
        resources.files("nnanim.visuals").joinpath("themes.toml").read_text(encoding="utf-8")
    )
    return {name: Theme(name=name, **roles) for name, roles in table.items()}


_current: ContextVar[str] = ContextVar("theme", default="dark")


def theme() -> Theme:
    """The palette of this render."""
    return themes()[_current.get()]


def use_theme(name: str) -> None:
    """Choose the palette by name for everything drawn from now on.

    Raises
    ------
    KeyError
        When there is no palette of that name.
    """
    themes()[name]
    _current.set(name)


@cache
def _rgba(colour: str) -> tuple[float, ...]:
    return tuple(float(channel) for channel in ManimColor(colour).to_rgba())


def rgba(colour: str) -> NDArray[np.float64]:
    """A ``#RRGGBB`` colour as RGBA in 0–1."""
    return np.array(_rgba(colour))


def contrast(first: ArrayLike, second: ArrayLike) -> NDArray[np.float64]:
    """Contrast ratio of opaque colours (…, 4), 1–21 (WCAG 2.2, relative luminance)."""
    one, other = _luminance(first), _luminance(second)
    return np.asarray((np.maximum(one, other) + 0.05) / (np.minimum(one, other) + 0.05))


def _luminance(colours: ArrayLike) -> NDArray[np.float64]:
    channels = np.asarray(colours, dtype=float)[..., :3]
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return np.asarray(linear @ (0.2126, 0.7152, 0.0722))
