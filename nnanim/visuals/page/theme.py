"""Colours by role: the one place where a value becomes a colour.

A scene says ``theme().positive``, never a colour's name; the palette is chosen once for a whole render.
"""

from __future__ import annotations

import tomllib
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from manim import ManimColor
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Theme:
    """A palette: one colour (``#RRGGBB``) for each role.

    ``fullest`` is how far a filled cell or neuron goes from the panel's colour towards its sign's, 0–1: as far as
    the theme's text colour stays readable on it. ``chosen`` is the colour of rings and glows, never of an area.
    ``activation_ramp`` and ``loss_ramp`` are stops of ramps through a perceptual space: see :func:`ramp`.
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
    query: str
    key: str
    value: str
    chosen: str
    first_class: str
    second_class: str
    activation_ramp: tuple[str, ...]
    loss_ramp: tuple[str, ...]
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
        on_text, on_background = contrast(text, under), contrast(background, under)
        chosen = np.where((on_text >= on_background)[..., None], text, background)
        # On tones of the middle only white or black reaches the contrast that is asked of text.
        extreme = np.where((contrast(WHITE, under) >= contrast(BLACK, under))[..., None], WHITE, BLACK)
        return np.where((np.maximum(on_text, on_background) >= READABLE)[..., None], chosen, extreme)


WHITE, BLACK = np.array([1.0, 1.0, 1.0, 1.0]), np.array([0.0, 0.0, 0.0, 1.0])
READABLE = 4.5
"""The least contrast of text (WCAG 2.2, level AA)."""


@cache
def themes() -> dict[str, Theme]:
    """Every palette by name."""
    table = tomllib.loads(
        resources.files("nnanim.visuals.page").joinpath("themes.toml").read_text(encoding="utf-8")
    )
    return {name: Theme(name=name, **{role: _frozen(colours) for role, colours in roles.items()}) for name, roles in table.items()}


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


SECOND_SIGNS = {
    "query": "its letter Q", "key": "its letter K", "value": "its letter V",
    "first_class": "discs", "second_class": "rings", "good": "a tick", "chosen": "a ring or a glow",
    "gradient": "arrows, and curves with their names", "muted": "smaller type", "text": "words",
}  # fmt: skip
"""What tells a role apart besides its colour; the signs of weights alone have none, and need none."""


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


RAMP_STEPS = 256


@cache
def ramp(stops: tuple[str, ...]) -> NDArray[np.float64]:
    """Colours through these stops, even to the eye (interpolated in OKLab): RGBA in 0–1, (256, 4).

    The stops of the theme's ramps are given: ``ramp(theme().loss_ramp)``.
    """
    from coloraide import Color

    between = Color.interpolate(list(stops), space="oklab")
    colours = [between(share).convert("srgb").fit(method="oklch-chroma")[:3] for share in np.linspace(0, 1, RAMP_STEPS)]
    made = np.column_stack([np.clip(np.array(colours, dtype=float), 0, 1), np.ones(RAMP_STEPS)])
    made.setflags(write=False)
    return made


def along(stops: tuple[str, ...], shares: ArrayLike) -> NDArray[np.float64]:
    """Colours of a ramp at shares 0–1 of any shape (…): RGBA (…, 4)."""
    places = np.rint(np.clip(np.nan_to_num(np.asarray(shares, dtype=float)), 0, 1) * (RAMP_STEPS - 1)).astype(int)
    return ramp(stops)[places]


def contrast(first: ArrayLike, second: ArrayLike) -> NDArray[np.float64]:
    """Contrast ratio of opaque colours (…, 4), 1–21 (WCAG 2.2, relative luminance)."""
    one, other = _luminance(first), _luminance(second)
    return np.asarray((np.maximum(one, other) + 0.05) / (np.minimum(one, other) + 0.05))


def _luminance(colours: ArrayLike) -> NDArray[np.float64]:
    channels = np.asarray(colours, dtype=float)[..., :3]
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return np.asarray(linear @ (0.2126, 0.7152, 0.0722))
