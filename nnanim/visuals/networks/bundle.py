"""The weights between two layers as lines: colour is the sign, width and opacity are the magnitude.

A handful of lines is stroked one by one; thousands are a texture (:mod:`nnanim.visuals.paint.texture`).
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Self

import cairo
import numpy as np
from manim import Camera, VMobject
from numpy.typing import ArrayLike, NDArray

from nnanim.visuals.page.theme import rgba, theme
from nnanim.visuals.paint.painted import INVISIBLE, Floats, Painted, emphasis_of, ink, mask_of
from nnanim.visuals.paint.texture import footprint_of, paint_texture

DENSE = 2000
"""From this many lines on a bundle is a texture: lines are summed up instead of stroked."""


class WeightBundle(Painted):
    """All weights between two layers of neurons, one straight line each.

    Parameters
    ----------
    starts
        Centres of the neurons that the lines leave, shape (n_in, 3), in manim units.
    ends
        Centres of the neurons that they reach, shape (n_out, 3).
    weights
        Shape (n_out, n_in), as in ``torch.nn.Linear``.
    radius
        Radius of the neurons, or those of the two layers: lines run from rim to rim.
    limit
        The magnitude at which width and opacity are fullest; by default the largest one.
    widths
        Stroke widths at magnitude zero and at the limit, in manim's stroke units; by default by the number of lines.
    opacities
        Opacities at magnitude zero and at the limit, 0–1; by default by the number of lines.

    Raises
    ------
    ValueError
        When the weights' shape is not (n_out, n_in).
    """

    array_names: ClassVar[tuple[str, ...]] = (
        "opacity",
        "weights",
        "emphasis",
        "limit",
        "palette",
        "widths",
        "opacities",
        "curve",
    )
    shared_names: ClassVar[frozenset[str]] = frozenset({"limit", "palette", "widths", "opacities", "curve"})
    state_names: ClassVar[tuple[str, ...]] = ("shape",)
    colored_by: ClassVar[Literal["fill", "stroke"]] = "stroke"

    def __init__(
        self,
        starts: ArrayLike,
        ends: ArrayLike,
        weights: ArrayLike,
        radius: float | tuple[float, float] = 0.0,
        limit: float | None = None,
        widths: tuple[float, float] | None = None,
        opacities: tuple[float, float] | None = None,
    ) -> None:
        first, last = np.asarray(starts, dtype=float), np.asarray(ends, dtype=float)
        matrix = np.asarray(weights, dtype=float)
        self.shape = (len(last), len(first))
        if matrix.shape != self.shape:
            raise ValueError(
                f"weights from {len(first)} to {len(last)} neurons have the shape {self.shape}, not {matrix.shape}"
            )
        super().__init__(_rim_to_rim(first, last, *np.broadcast_to(radius, 2)), points_per_part=2)
        self.weights: Floats = matrix.reshape(-1).copy()
        self.emphasis: Floats = np.zeros(matrix.size)
        self.limit: Floats = np.array([limit or np.abs(matrix).max(initial=0.0) or 1.0])
        self.palette: Floats = np.stack([rgba(theme().negative), rgba(theme().muted), rgba(theme().positive)])
        fitting_widths, fitting_opacities, curve = _by_number(matrix.size)
        self.widths: Floats = np.array(widths or fitting_widths, dtype=float)
        self.opacities: Floats = np.array(opacities or fitting_opacities, dtype=float)
        self.curve: Floats = np.array([curve])

    # ---- what a lesson does with it

    def set_weights(self, weights: ArrayLike) -> Self:
        """Show other weights, shape (n_out, n_in), at the same limit."""
        self.weights = np.array(np.broadcast_to(np.asarray(weights, dtype=float), self.shape)).reshape(-1)
        return self

    def set_limit(self, limit: float) -> Self:
        """Set the magnitude at which lines are fullest."""
        self.limit = np.array([float(limit)])
        return self

    def emphasise(self, which: Any, strength: float = 1.0, others: float = 0.15) -> Self:
        """Speak of some weights: these are drawn last and opaque, the others are dimmed.

        Parameters
        ----------
        which
            A mask (n_out, n_in), or what indexes such an array: ``(2, 0)``, ``(2, slice(None))``, ``(rows, columns)``.
        strength
            How far towards opaque, 0–1.
        others
            What is left of the others' opacity, 0–1.
        """
        self.emphasis = emphasis_of(mask_of(self.shape, which), strength, others)
        return self

    def calm(self) -> Self:
        """Speak of all weights alike again."""
        self.emphasis = np.zeros(self.n_parts)
        return self

    def edge(self, i_out: int, i_in: int) -> tuple[Floats, Floats]:
        """Where one line begins and ends now, two points (3,)."""
        start, end = self.parts()[np.ravel_multi_index((i_out, i_in), self.shape)]
        return start.copy(), end.copy()

    def tint(self, color: Floats) -> Self:
        """Give both signs one colour."""
        self.palette = np.tile(color, (3, 1))
        return self

    def pointwise_become_partial(self, vmobject: VMobject, a: float, b: float) -> Self:
        """Show the piece of every line between two shares of its length: ``Create`` lets them grow towards the output."""
        assert isinstance(vmobject, WeightBundle)
        self.opacity = vmobject.opacity.copy()
        self.points = vmobject.points.copy()
        begin, end = np.clip((a, b), 0.0, 1.0)
        if (begin, end) != (0.0, 1.0):
            lines = vmobject.parts()
            along = lines[:, 1] - lines[:, 0]
            self.points = np.stack([lines[:, 0] + begin * along, lines[:, 0] + end * along], axis=1).reshape(
                -1, 3
            )
        return self

    # ---- how the lines look

    @property
    def magnitude(self) -> Floats:
        """Share of the limit, 0–1, of each line, shape (n_lines,)."""
        return np.clip(np.abs(self.weights) / max(float(self.limit[0]), 1e-12), 0.0, 1.0)

    @property
    def stroke_widths(self) -> Floats:
        """Width of each line, in manim's stroke units, shape (n_lines,)."""
        thin, thick = self.widths
        widths = thin + (thick - thin) * self.magnitude
        spoken_of = np.clip(self.emphasis, 0.0, 1.0)
        return widths + spoken_of * np.maximum(0.0, thin + 0.3 * (thick - thin) - widths)

    @property
    def rgba(self) -> Floats:
        """Colour of each line as it is drawn, shape (n_lines, 4), 0–1."""
        colors = self.palette[np.sign(self.weights).astype(int) + 1]
        faint, full = self.opacities
        opacity = faint + (full - faint) * self.magnitude ** self.curve[0]
        opacity = opacity + np.clip(self.emphasis, 0.0, 1.0) * (1.0 - opacity)
        colors[:, 3] *= opacity * (1.0 + np.clip(self.emphasis, -1.0, 0.0)) * self.opacity
        return colors

    @property
    def overhang(self) -> float:
        """Half of the widest line."""
        return 0.005 * float(self.widths.max())

    @property
    def keeps_to_clip(self) -> bool:
        """Thousands of lines are written straight into the picture."""
        return self.n_parts < DENSE

    def prepare_painting(self, ctx: cairo.Context, camera: Camera) -> None:
        """Find out which pixels thousands of lines cover, so that processes forked from this one need not."""
        if self.n_parts >= DENSE and isinstance(ctx.get_target(), cairo.ImageSurface):
            footprint_of(ctx, self.parts(camera)[:, :, :2], self._typical_width(camera))

    def _typical_width(self, camera: Camera) -> float:
        """A width that does not change with the weights, in scene units."""
        return float(self.widths.mean()) * camera.cairo_line_width_multiple

    def paint_parts(self, ctx: cairo.Context, camera: Camera) -> None:
        """Draw faint lines first, strong ones over them, those spoken of last."""
        lines = self.parts(camera)[:, :, :2]
        colors = ink(camera, self.rgba)
        widths = self.stroke_widths * camera.cairo_line_width_multiple
        seen = (colors[:, 3] > INVISIBLE) & (widths > 0)
        on_top = self.emphasis > 0
        for layer in (~on_top, on_top):
            drawn = layer & seen
            if (
                self.n_parts >= DENSE
                and drawn.sum() >= DENSE // 2
                and isinstance(ctx.get_target(), cairo.ImageSurface)
            ):
                shown = np.where(drawn[:, None], colors, colors * (1, 1, 1, 0))
                paint_texture(ctx, lines, shown, widths, self._typical_width(camera))
            else:
                _paint_strokes(
                    ctx, lines, colors, widths, np.flatnonzero(drawn)[np.argsort(self.magnitude[drawn])]
                )


def _rim_to_rim(starts: Floats, ends: Floats, start_radius: float, end_radius: float) -> Floats:
    lines = np.empty((len(ends), len(starts), 2, 3))
    lines[:, :, 0], lines[:, :, 1] = starts[None], ends[:, None]
    along = lines[:, :, 1] - lines[:, :, 0]
    length = np.linalg.norm(along, axis=-1, keepdims=True)
    along = along / np.maximum(length, 1e-12)
    shrink = np.minimum(1.0, length / max(start_radius + end_radius, 1e-12))  # neurons that overlap
    lines[:, :, 0] += along * start_radius * shrink
    lines[:, :, 1] -= along * end_radius * shrink
    return lines.reshape(-1, 3)


def _by_number(n_lines: int) -> tuple[tuple[float, float], tuple[float, float], float]:
    """Widths, opacities and the power with which opacity grows that keep a bundle readable.

    They go from a dozen bold lines to thousands of threads, of which only the strong ones may stand out.
    """
    crowd = float(np.clip(np.log10(max(n_lines, 1) / 12) / 3, 0.0, 1.0))

    def between(few: tuple[float, ...], many: tuple[float, ...]) -> list[float]:
        return [float((1 - crowd) * a + crowd * b) for a, b in zip(few, many, strict=True)]

    thin, thick, faint, full, power = between((1.5, 6.0, 0.38, 1.0, 1.0), (0.6, 1.25, 0.012, 0.7, 1.7))
    return (thin, thick), (faint, full), power


def _paint_strokes(
    ctx: cairo.Context, lines: Floats, colors: Floats, widths: Floats, order: NDArray[np.intp]
) -> None:
    ctx.set_line_cap(cairo.LineCap.BUTT)
    ends = lines[order].reshape(-1, 4).tolist()
    for (x0, y0, x1, y1), color, width in zip(
        ends, colors[order].tolist(), widths[order].tolist(), strict=True
    ):
        ctx.set_source_rgba(*color)
        ctx.set_line_width(width)
        ctx.move_to(x0, y0)
        ctx.line_to(x1, y1)
        ctx.stroke()
