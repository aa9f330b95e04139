"""The weights between two layers as threads: thousands of curves that grow, rest, and carry light to where they end.

Colour is the sign of a weight, opacity a power of its magnitude, so that thousands stay threads and do not turn to grey.
Light leaves warm and arrives in the colour of the sign of its weight.
"""

from __future__ import annotations

from collections.abc import Hashable
from itertools import count
from typing import ClassVar

import cairo
import numpy as np
from numpy.typing import ArrayLike

from nnanim.visuals.networks.layout import DigitLayout, bezier
from nnanim.visuals.page.theme import ramp, rgba, theme
from nnanim.visuals.paint.canvas import Canvas
from nnanim.visuals.paint.painted import Floats, ink
from nnanim.visuals.paint.picture import Picture
from nnanim.visuals.paint.texture import paint_texture

POWER = 2.3
"""Opacity of a line is this power of its weight's share of the largest."""
MOST_LINES = 8000
"""Of more lines only the heaviest are drawn: the others would be too faint to be seen."""
FEW = 2000
"""Up to so many lines are stroked one by one, with their widths."""
PIECES, LIT_PIECES = 20, 40
WIDTH = 0.013
TAIL, NOSE = 0.11, 0.02
"""How far light reaches behind and before its front, as a share of a line."""

_number = count()
_kept: dict[Hashable, cairo.ImageSurface] = {}


class Threads(Picture):
    """All weights between two layers.

    Dials: ``grow`` 0–1 the lines grow out of their starts, in the order of these; ``light`` the front of a wave of light, 0 at the starts and
    1 at the ends (it begins before and ends behind); ``calm`` 0–1 they grow faint; ``pair`` 0–1 only the lines to some ends stay;
    ``near`` how near a hidden neuron has come; ``learned`` 0–1 from the weights before training to these.

    Parameters
    ----------
    layout
        Of the network.
    curves
        (n_out, n_in, 4, 2).
    weights
        (n_out, n_in), as in ``torch.nn.Linear``.
    carried
        What the starts send, 0–1 of the largest, (n_in,).
    neuron
        The hidden neuron that can come near.
    pair
        Ends that can be singled out.
    before
        The weights before training, (n_out, n_in); they are drawn on the scale of the trained ones.
    """

    dial_names: ClassVar[dict[str, float]] = {"grow": 0.0, "light": -1.0, "calm": 0.0, "pair": 0.0, "near": 0.0, "learned": 1.0}
    bleeds: ClassVar[float] = 0.1

    def __init__(
        self, layout: DigitLayout, curves: Floats, weights: ArrayLike, carried: ArrayLike, neuron: int = 0,
        pair: tuple[int, ...] = (), before: ArrayLike | None = None, **dials: float,
    ) -> None:  # fmt: skip
        given = np.asarray(weights, dtype=float)
        self.layout, self.neuron, self.number = layout, neuron, next(_number)
        n_out, n_in = given.shape
        self.few = given.size <= FEW
        largest = max(float(np.abs(given).max()), 1e-12)
        self.signed = given.reshape(-1) / largest
        strength = np.abs(self.signed)
        self.first = self.signed if before is None else np.asarray(before, dtype=float).reshape(-1) / largest
        order = np.argsort(strength)
        lit = np.flatnonzero(np.tile(np.asarray(carried) > 0, n_out) & (strength > 0.02))
        self.base = order[-MOST_LINES:]
        self.lit = lit[np.argsort(strength[lit])][-MOST_LINES // 2 :]
        flat = curves.reshape(-1, 4, 2)
        self.base_points = bezier(flat[self.base], np.linspace(0, 1, PIECES + 1))
        self.lit_points = bezier(flat[self.lit], np.linspace(0, 1, LIT_PIECES + 1))
        self.start = np.tile(np.arange(n_in) / n_in, n_out)
        self.carried = np.tile(np.clip(np.asarray(carried, dtype=float), 0, 1), n_out)
        self.to_pair = np.isin(np.repeat(np.arange(n_out), n_in), pair)
        whole = layout.region
        super().__init__((whole.left, whole.bottom, whole.right, whole.top), **dials)

    @property
    def keeps_to_clip(self) -> bool:
        """It writes pixels itself."""
        return False

    def draw(self, canvas: Canvas) -> None:
        """The lines at rest, then the light on them."""
        grow, near = self.dial("grow"), self.dial("near")
        opacity = (1 - 0.72 * self.dial("calm")) * max(0.0, 1 - 1.6 * near)
        if grow <= 0 or opacity <= 0:
            return
        state = (self.number, round(grow, 4), round(self.dial("pair"), 3), round(self.dial("learned"), 3))
        self._blit(canvas, self._surface(canvas, state, grow), opacity, near)
        if -NOSE < self.dial("light") < 1 + 3 * TAIL and near <= 0:
            self._draw_light(canvas)

    # ---- at rest

    def resting(self) -> Floats:
        """The weight of each line that is drawn, as a share of the largest learned one, (n,)."""
        learned = self.dial("learned")
        return np.asarray((1 - learned) * self.first[self.base] + learned * self.signed[self.base])

    def _surface(self, canvas: Canvas, state: Hashable, grow: float) -> cairo.ImageSurface:
        """The lines on a picture of their own, which is kept while they rest."""
        target = canvas.ctx.get_target()
        size = target.get_width(), target.get_height()
        key = state, size, theme().name, repr(canvas.ctx.get_matrix()), getattr(canvas.camera, "native_channels", False)
        if key in _kept:
            return _kept[key]
        surface = cairo.ImageSurface(cairo.FORMAT_ARGB32, *size)
        painter = cairo.Context(surface)
        painter.set_matrix(canvas.ctx.get_matrix())
        self._paint_lines(Canvas(painter, canvas.camera), grow)
        if grow >= 1:
            while len(_kept) > 6:
                _kept.pop(next(iter(_kept)))
            _kept[key] = surface
        return surface

    def _paint_lines(self, canvas: Canvas, grow: float) -> None:
        chosen = self.base
        signed = self.resting()
        strength = np.minimum(np.abs(signed), 1.0)
        opacity = (0.012 + 0.62 * strength**POWER) if not self.few else 0.06 + 0.8 * strength**1.2
        opacity = opacity * (1 - self.dial("pair") * np.where(self.to_pair[chosen], 0.0, 0.93))
        colors = np.where(signed[:, None] > 0, rgba(theme().positive)[:3], rgba(theme().negative)[:3])
        reached = np.clip(grow * 1.6 - 0.6 * self.start[chosen], 0, 1)
        if self.few:
            for points, color, alpha, width, upto in zip(self.base_points, colors, opacity, strength, reached, strict=True):
                last = round(float(upto) * PIECES)
                if last:
                    canvas.line(points[: last + 1], 0.008 + 0.045 * float(width), color, float(alpha))
            return
        there = np.clip(reached[:, None] * (PIECES + 1) - np.arange(PIECES), 0, 1)
        shine = np.exp(-(((np.arange(PIECES) + 0.5) / PIECES - reached[:, None]) ** 2) / 0.002) * ((reached > 0) & (reached < 1))[:, None]
        alphas = opacity[:, None] * there + 0.10 * shine
        inks = np.broadcast_to(colors[:, None], (*alphas.shape, 3))
        _paint(canvas, self.base_points, inks, np.clip(alphas, 0, 1))

    def _blit(self, canvas: Canvas, surface: cairo.ImageSurface, opacity: float, near: float) -> None:
        """Lay a picture of all pixels over the frame, as large as a neuron's nearness makes it."""
        ctx = canvas.ctx
        home = ctx.get_matrix()
        back = cairo.Matrix(home.xx, home.yx, home.xy, home.yy, home.x0, home.y0)
        back.invert()
        ctx.save()
        if near > 0:
            zoom, target = self.layout.zoom(near), self.layout.hidden[self.neuron]
            ctx.translate(*self.layout.seen(target, near, self.neuron))
            ctx.scale(zoom, zoom)
            ctx.translate(*-target)
        ctx.transform(back)
        ctx.set_source_surface(surface, 0, 0)
        ctx.paint_with_alpha(opacity)
        ctx.restore()

    # ---- light

    def _draw_light(self, canvas: Canvas) -> None:
        chosen, front = self.lit, self.dial("light")
        share = (np.arange(LIT_PIECES) + 0.5) / LIT_PIECES
        gap = front - 0.12 * (self.start[chosen] - 0.5)[:, None] - share
        shape = np.where(gap > 0, np.exp(-gap / TAIL), np.exp(-((gap / NOSE) ** 2)))
        strength = np.abs(self.signed[chosen])
        amount = self.carried[chosen] * (0.05 + 0.95 * strength**1.4 if not self.few else 0.25 + 0.75 * strength)
        alphas = np.clip(1.6 * amount[:, None] * shape, 0, 1)
        alphas[alphas < 0.006] = 0
        warm = ramp(theme().activation_ramp)[-1][:3]
        signs = np.where(self.signed[chosen][:, None] > 0, rgba(theme().positive)[:3], rgba(theme().negative)[:3])
        tint = np.clip(1.1 * share, 0, 1)[None, :, None]
        inks = (1 - tint) * warm + tint * signs[:, None]
        moving = alphas.any(axis=1)
        if not moving.any():
            return
        target = canvas.ctx.get_target()
        surface = cairo.ImageSurface(cairo.FORMAT_ARGB32, target.get_width(), target.get_height())
        painter = cairo.Context(surface)
        painter.set_matrix(canvas.ctx.get_matrix())
        _paint(Canvas(painter, canvas.camera), self.lit_points, inks, alphas, 1.6 if not self.few else 3.0)
        self._blit(canvas, surface, 1.0, 0.0)


def _paint(canvas: Canvas, points: Floats, colors: Floats, alphas: Floats, wide: float = 1.0) -> None:
    """Lines in pieces (n, k + 1, 2), each piece with its colour (n, k, 3) and opacity (n, k)."""
    lines = np.stack([points[:, :-1], points[:, 1:]], axis=2).reshape(-1, 2, 2)
    inks = ink(canvas.camera, np.concatenate([colors, alphas[..., None]], axis=-1).reshape(-1, 4))
    paint_texture(canvas.ctx, lines, inks, np.full(len(lines), WIDTH * wide), WIDTH * wide)
