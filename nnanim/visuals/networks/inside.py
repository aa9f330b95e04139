"""Into one neuron: the digit, its weights, their products, a running sum beside the rows that it comes from, bias, and the bend."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from nnanim.visuals.networks.digit import square_in
from nnanim.visuals.networks.layout import SIDE
from nnanim.visuals.page.frame import Region
from nnanim.visuals.page.theme import along, rgba, theme
from nnanim.visuals.paint.canvas import Canvas
from nnanim.visuals.paint.painted import Floats
from nnanim.visuals.paint.picture import Picture

LINE = 0.075


class InsideNeuron(Picture):
    """What one neuron does with a digit.

    Dials: ``digit``, ``weights`` 0–1 they appear side by side; ``meet`` 0–1 the weights move over the digit; ``product`` 0–1
    both become their products; ``row`` 0–28 the sum has run through so many rows; ``add`` 0–1 the bias is added; ``bend`` 0–1
    the activation function is drawn; ``rise`` 0–1 the sum becomes the activation.

    Anchors: ``left``, ``right``: above the two squares; ``tip``: the sum's end, ``read``: beside or below it; ``peak``: the activation; ``zero``: where the sum's axis has 0;
    ``end``: where the sum stands at last; ``plus``, ``minus``: where products are largest.

    Parameters
    ----------
    region
        Where.
    image, weights
        (28, 28); the image 0–1.
    sums
        Running sum after each row, from 0, (29,).
    bias
        Of the neuron.
    weight_limit
        The magnitude at which a weight's colour is fullest; by default that of the hundredth part of them.
    tall
        Whether the squares stand below one another, with the sum at their right.
    """

    dial_names: ClassVar[dict[str, float]] = {
        "digit": 0.0, "weights": 0.0, "meet": 0.0, "product": 0.0, "row": 0.0, "sum": 0.0, "add": 0.0, "bend": 0.0, "rise": 0.0,
    }  # fmt: skip
    bleeds: ClassVar[float] = 0.3

    def __init__(
        self, region: Region, image: ArrayLike, weights: ArrayLike, sums: ArrayLike, bias: float,
        weight_limit: float | None = None, tall: bool = False, **dials: float,
    ) -> None:  # fmt: skip
        self.image = np.asarray(image, dtype=float).reshape(SIDE, SIDE)
        self.weights = np.asarray(weights, dtype=float).reshape(SIDE, SIDE)
        self.sums, self.bias = np.asarray(sums, dtype=float), float(bias)
        pulls = np.abs(self.image * self.weights)
        self.product_limit = float(np.quantile(pulls[pulls > 0], 0.9)) if pulls.any() else 1.0
        self.limit = float(np.quantile(np.abs(self.weights), 0.99)) if weight_limit is None else weight_limit
        self.tall = tall
        if tall:
            upper, lower = region.rows([1, 1], 0.9)
            self.first, self.second = square_in(upper), square_in(lower)
            left, right = region.columns([62, 38], 0.5)
            self.third = square_in(left)
        else:
            left, right = region.columns([1, 1], 0.9)
            self.first = self.third = square_in(left)
            self.second = square_in(right)
        self.plot = Region(right.left + 0.1, right.right - 2.1 * (not tall), self.third.bottom, self.third.top)
        reach = np.concatenate([self.sums, [self.sums[-1] + self.bias, 0.0]])
        self.low, self.high = float(reach.min()), float(max(reach.max(), 1e-6))
        if self.low > -0.12 * (self.high - self.low):
            self.low = self.high - 1.14 * (self.high - self.low)  # room left of zero, for the bend
        super().__init__((region.left, region.bottom, region.right, region.top), **dials)

    # ---- places

    def _x(self, value: float) -> float:
        return self.plot.left + (value - self.low) / (self.high - self.low) * self.plot.width

    def _y(self, row: float) -> float:
        return self.plot.top - row / SIDE * self.plot.height

    def anchor(self, name: str) -> Floats:
        """``left``, ``right``, ``tip``, ``zero``, ``end``, ``plus``, ``minus``."""
        z = self.sums[-1] + self.bias
        match name:
            case "left" | "right":
                square = self.first if name == "left" else self.second
                return np.array([square.center[0], square.top, 0.0])
            case "tip":
                return np.append(self._path()[-1], 0.0)
            case "read":
                return np.array([self.plot.center[0], self.plot.bottom - 0.75, 0.0]) if self.tall else np.append(self._path()[-1] + (0.3, 0), 0.0)
            case "peak":
                height = 0.8 * self.plot.height / max(self.high, 1e-9) * max(z, 0.0) * self.dial("rise")
                return np.array([self._x(z), self.plot.bottom + height, 0.0])
            case "zero":
                return np.array([self._x(0.0), self.plot.top, 0.0])
            case "base":
                return np.array([self._x(0.0), self.plot.bottom, 0.0])
            case "end":
                return np.array([self._x(z), self.plot.bottom, 0.0])
            case "plus" | "minus":
                products = self.image * self.weights * (1 if name == "plus" else -1)
                padded = np.pad(products, 1)
                around = sum(padded[i : i + SIDE, j : j + SIDE] for i in range(3) for j in range(3))
                row, column = divmod(int(np.argmax(around)), SIDE)
                cell = self.third.width / SIDE
                return np.array([self.third.left + (column + 0.5) * cell, self.third.top - (row + 0.5) * cell, 0.0])
        return super().anchor(name)

    def _path(self) -> Floats:
        """The running sum down the rows as far as the dial stands, then the bias, (n, 2)."""
        row = float(np.clip(self.dial("row"), 0, SIDE))
        places = [*range(int(row) + 1), *([row] if row > int(row) else [])]
        sums = np.interp(places, np.arange(SIDE + 1), self.sums)
        points = [(self._x(value), self._y(place)) for place, value in zip(places, sums, strict=True)]
        if add := self.dial("add"):
            points.append((self._x(self.sums[-1] + add * self.bias), self._y(SIDE)))
        return np.array(points)

    # ---- painting

    def draw(self, canvas: Canvas) -> None:
        """Squares, then the sum."""
        self._draw_squares(canvas)
        if self.dial("sum"):
            self._draw_sum(canvas, self.dial("sum"))

    def _square(self, first: Region, last: Region, share: float) -> tuple[float, float, float, float]:
        ends = [np.array([r.left, r.bottom, r.right, r.top]) for r in (first, last)]
        left, bottom, right, top = (1 - share) * ends[0] + share * ends[1]
        return float(left), float(bottom), float(right), float(top)

    def _draw_squares(self, canvas: Canvas) -> None:
        meet, product, row = self.dial("meet"), self.dial("product"), self.dial("row")
        ground = rgba(theme().panel)
        where = self._square(self.first, self.third, meet)
        if shown := self.dial("digit"):
            digit = along(theme().activation_ramp, self.image)
            full = self._strong(self.image * self.weights, self.product_limit)
            colors = (1 - product) * digit + product * full
            if self.dial("sum"):
                read = np.clip(row - np.arange(SIDE), 0, 1)[:, None, None] * self.dial("sum") * (row < SIDE)
                colors = colors * (1 - 0.55 * read) + ground * 0.55 * read
            canvas.image(colors, where, shown, smooth=False)
            self._grid(canvas, where, shown)
        if (shown := self.dial("weights") * (1 - product)) > 0:
            over = self._square(self.second, self.third, meet)
            colors = self._strong(self.weights, self.limit)
            if meet > 0:  # over the digit it lets the ink shine through
                colors = colors.copy()
                colors[..., 3] = 1 - 0.45 * meet
            canvas.image(colors, over, shown, smooth=False)
            self._grid(canvas, over, shown)

    def _strong(self, values: Floats, limit: float) -> Floats:
        """Colours that go all the way to the sign's, as there is no type on them."""
        share = np.clip(np.abs(values) / limit, 0, 1)[..., None]
        signs = np.where((values >= 0)[..., None], rgba(theme().positive), rgba(theme().negative))
        return (1 - share) * rgba(theme().panel) + share * signs

    def _grid(self, canvas: Canvas, where: tuple[float, float, float, float], opacity: float) -> None:
        left, bottom, right, top = where
        step, ground = (right - left) / SIDE, rgba(theme().background)
        for n in range(SIDE + 1):
            canvas.line([(left + n * step, bottom), (left + n * step, top)], 0.016, ground, 0.8 * opacity)
            canvas.line([(left, bottom + n * step), (right, bottom + n * step)], 0.016, ground, 0.8 * opacity)

    def _draw_sum(self, canvas: Canvas, shown: float) -> None:
        zero, row, bend = self._x(0.0), self.dial("row"), self.dial("bend")
        canvas.line([(zero, self.plot.bottom - 0.1), (zero, self.plot.top)], 0.03, rgba(theme().muted), 0.8 * shown)
        path = self._path()
        tip = path[-1]
        positive = rgba(theme().positive if tip[0] >= zero else theme().negative)
        if row < SIDE:
            canvas.line([(self.third.left, tip[1]), tip], 0.035, rgba(theme().chosen), 0.8 * shown)
        if len(path) > 1:
            canvas.line(path, LINE, positive, shown * (1 - bend))
        if bend:
            self._draw_bend(canvas, bend)
        else:
            canvas.disc(float(tip[0]), float(tip[1]), 0.13, positive, shown)

    def _draw_bend(self, canvas: Canvas, bend: float) -> None:
        """ReLU over the sum's own axis: flat up to zero, then as high as far right."""
        plot, z = self.plot, self.sums[-1] + self.bias
        slope = 0.8 * plot.height / max(self.high, 1e-9)
        reached = self.low + bend * (self.high - self.low)
        base = plot.bottom
        canvas.line([(plot.left, base), (plot.right, base)], 0.03, rgba(theme().muted), bend)
        points = [(self._x(v), base + slope * max(v, 0.0)) for v in (self.low, min(0.0, reached), reached)]
        canvas.line(points, LINE, rgba(theme().text), 1.0)
        height = base + slope * max(z, 0.0) * self.dial("rise")
        sign = rgba(theme().positive if z >= 0 else theme().negative)
        if self.dial("rise"):
            canvas.line([(self._x(z), base), (self._x(z), height)], 0.04, sign, 0.8)
        canvas.disc(self._x(z), height, 0.15, sign)
