"""The weights between two layers as lines: colour is the sign, width and opacity are the magnitude.

A handful of lines is stroked one by one; thousands are added up pixel by pixel with a sparse matrix.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Literal, Self

import cairo
import numpy as np
from manim import Camera, VMobject
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csc_matrix, csr_matrix

from nnanim.visuals.painted import INVISIBLE, Floats, Painted, emphasis_of, ink, mask_of
from nnanim.visuals.theme import rgba, theme

DENSE = 2000
"""From this many lines on a bundle is a texture: lines are summed up instead of stroked."""
MOST_CACHED = 30_000_000
"""Matrix entries that may be kept between frames (8 bytes each)."""
STRENGTH = 1.5
"""How much more a strong line counts in the colour of a pixel than a faint one: the power of its opacity."""
Singles = NDArray[np.float32]


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
            _footprint_of(ctx, self.parts(camera)[:, :, :2], self._typical_width(camera))

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
                _paint_texture(ctx, lines, shown, widths, self._typical_width(camera))
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


# ---- thousands of lines
#
# Cairo needs about 40 µs for a line across a third of a 1080p frame: half a second for 12,544 of them. But where
# lines lie changes rarely, while their colours change in every frame. So the share of each pixel that each line covers
# goes into a sparse matrix, once; a frame is then a few products of that matrix with a vector, some 10 ms each.
#
# Lines over lines: transmittances of layers multiply whatever their order, so their logarithms add up. The colour of a
# pixel is the mean of its lines' colours, weighted by opacity and again by strength, which does the work of drawing
# strong lines last (McGuire and Bavoil 2013, "Weighted blended order-independent transparency", eq. 7).


class _Footprint:
    """Which share of which pixel each line covers, for one place of the lines and one picture size.

    Parameters
    ----------
    ends
        Lines in pixels, x0, y0, x1, y1 each, shape (n_lines, 4).
    size
        Width and height of the picture, in pixels.
    box
        Width of a line, in pixels, at least 1.
    """

    def __init__(self, ends: Floats, size: tuple[int, int], box: float) -> None:
        self.ends, self.size, self.box = ends, size, box
        self.cells = np.zeros(0, dtype=np.int64)
        self.matrix: csr_matrix | None = None
        self.entries = 0
        if _entries(ends, box) <= MOST_CACHED:
            self.matrix = self._compact()
            self.entries = self.matrix.nnz

    def _compact(self) -> csr_matrix:
        """All lines by pixels, without the pixels that none of them touches."""
        rows = next(self._blocks(len(self.ends)))[1].tocsr()
        touched = np.diff(rows.indptr) > 0
        self.cells = np.flatnonzero(touched)
        pointers = np.append(rows.indptr[:-1][touched], rows.indptr[-1])
        return csr_matrix((rows.data, rows.indices, pointers), shape=(len(self.cells), rows.shape[1]))

    def _blocks(self, lines_each: int) -> Iterator[tuple[slice, csc_matrix]]:
        n_pixels = self.size[0] * self.size[1]
        for begin in range(0, len(self.ends), lines_each):
            block = slice(begin, min(begin + lines_each, len(self.ends)))
            shares, cells, pointers = _covered(self.ends[block], self.size, self.box)
            yield block, csc_matrix((shares, cells, pointers), shape=(n_pixels, len(pointers) - 1))

    def sums(self, columns: list[Singles]) -> list[Singles]:
        """For each column of values per line: the sum over the lines at every pixel of :attr:`cells`, by their shares."""
        if self.matrix is not None:
            return [self.matrix @ column for column in columns]
        totals = [np.zeros(self.size[0] * self.size[1], dtype=np.float32) for _ in columns]
        for block, matrix in self._blocks(2000):
            for total, column in zip(totals, columns, strict=True):
                total += matrix @ column[block]
        self.cells = np.flatnonzero(totals[0])
        return [total[self.cells] for total in totals]


def _entries(ends: Floats, box: float) -> float:
    """About how many shares of pixels these lines have."""
    return float(np.abs(ends[:, 2:] - ends[:, :2]).max(axis=1).sum()) * _taps(box)


def _taps(box: float) -> int:
    return int(np.ceil(box)) + 1


def _covered(
    ends: Floats, size: tuple[int, int], box: float
) -> tuple[Singles, NDArray[np.int32], NDArray[np.int32]]:
    """Shares, pixel numbers and column pointers of the lines, as a matrix by columns has them.

    A line is cut into steps of one pixel along the axis it runs along most; across it, a box of width ``box`` around
    the line covers some pixels in part.
    """
    width, height = size
    steep = np.abs(ends[:, 3] - ends[:, 1]) > np.abs(ends[:, 2] - ends[:, 0])
    along = np.where(steep[:, None], ends[:, 1::2], ends[:, ::2])
    across = np.where(steep[:, None], ends[:, ::2], ends[:, 1::2])
    backwards = along[:, 0] > along[:, 1]
    along[backwards], across[backwards] = along[backwards, ::-1], across[backwards, ::-1]
    room = np.where(steep, height, width)
    first = np.floor(along[:, 0]).clip(0, room)
    count = (np.ceil(along[:, 1]).clip(first, room) - first).astype(np.int32)
    extent = np.maximum(along[:, 1] - along[:, 0], 1e-9)
    slope = (across[:, 1] - across[:, 0]) / extent
    length = np.sqrt(1 + slope**2)  # of the line in one step

    taps = _taps(box)
    pointers = np.concatenate([[0], np.cumsum(count)])
    shares = np.empty((pointers[-1], taps), dtype=np.float32)
    cells = np.empty((pointers[-1], taps), dtype=np.int32)
    for begin in range(0, len(ends), 512):  # small enough to stay in the processor's cache
        lines = slice(begin, begin + 512)
        steps = slice(pointers[begin], pointers[min(begin + 512, len(ends))])

        def each(value: NDArray[Any], kind: type = np.float32, lines: slice = lines) -> NDArray[Any]:
            return np.repeat(value[lines].astype(kind), count[lines])

        place = (
            each(first, np.int32)
            + np.arange(steps.start, steps.stop, dtype=np.int32)
            - each(pointers[:-1], np.int32)
        )
        inside = np.minimum(place + np.float32(1), each(along[:, 1])) - np.maximum(place, each(along[:, 0]))
        middle = each(across[:, 0]) + (place + np.float32(0.5) - each(along[:, 0])) * each(slope)
        low = middle - np.float32(box / 2)
        cell = np.floor(low)
        weight = np.clip(inside, 0, 1) * each(length)
        stride_along, stride_across = (
            each(np.where(steep, width, 1), np.int32),
            each(np.where(steep, 1, width), np.int32),
        )
        limit = each(np.where(steep, width, height))
        base = place * stride_along
        for tap in range(taps):
            at = cell + np.float32(tap)
            covered = np.minimum(at + 1, low + np.float32(box)) - np.maximum(at, low)
            visible = (at >= 0) & (at < limit)
            shares[steps, tap] = np.clip(covered, 0, 1) * weight * visible
            cells[steps, tap] = base + np.where(visible, at, 0).astype(np.int32) * stride_across
    return shares.reshape(-1), cells.reshape(-1), (pointers * taps).astype(np.int32)


_footprints: list[_Footprint] = []


def _footprint(ends: Floats, size: tuple[int, int], box: float) -> _Footprint:
    """The footprint of these lines, from those lately used if it is among them; all kept ones share the room there is."""
    for known in _footprints:
        if known.size == size and known.box == box and np.array_equal(known.ends, ends):
            _footprints.remove(known)
            break
    else:
        room = MOST_CACHED - _entries(ends, box)
        while _footprints and sum(kept.entries for kept in _footprints) > room:
            _footprints.pop()
        known = _Footprint(ends, size, box)
    _footprints.insert(0, known)
    return known


def _pixels_per_unit(ctx: cairo.Context) -> float:
    matrix = ctx.get_matrix()
    return float(abs(matrix.xx * matrix.yy - matrix.xy * matrix.yx) ** 0.5)


def _footprint_of(ctx: cairo.Context, lines: Floats, typical: float) -> _Footprint:
    """The footprint of lines (n_lines, 2, 2) in scene units, of one typical width, on the context's picture."""
    surface = ctx.get_target()
    assert isinstance(surface, cairo.ImageSurface)
    matrix = ctx.get_matrix()
    x = matrix.xx * lines[:, :, 0] + matrix.xy * lines[:, :, 1] + matrix.x0
    y = matrix.yx * lines[:, :, 0] + matrix.yy * lines[:, :, 1] + matrix.y0
    box = typical * _pixels_per_unit(ctx)
    box = 1.0 if box < 1.3 else round(box, 2)
    size = (surface.get_stride() // 4, surface.get_height())
    return _footprint(np.stack([x, y], axis=-1).reshape(-1, 4), size, box)


def _paint_texture(ctx: cairo.Context, lines: Floats, colors: Floats, widths: Floats, typical: float) -> None:
    """Draw lines by summing up what they cover.

    Parameters
    ----------
    lines
        Shape (n_lines, 2, 2), in scene units.
    colors
        RGBA in the surface's order of channels, shape (n_lines, 4).
    widths
        In scene units, shape (n_lines,).
    typical
        A width that does not change with the weights, in scene units.
    """
    surface = ctx.get_target()
    assert isinstance(surface, cairo.ImageSurface)
    surface.flush()
    footprint = _footprint_of(ctx, lines, typical)
    size, box = footprint.size, footprint.box
    pixels_per_unit = _pixels_per_unit(ctx)

    depth = _depth(colors[:, 3] * widths * pixels_per_unit, box)
    weighted = depth * colors[:, 3] ** STRENGTH
    middle, axes, places = _color_axes(colors)
    columns = [depth, weighted, *(weighted * place for place in places)]
    total, norm, *sums = footprint.sums([column.astype(np.float32) for column in columns])

    pixels = np.ndarray((size[0] * size[1],), dtype=np.uint32, buffer=surface.get_data())
    before = pixels[footprint.cells].view(np.uint8).reshape(-1, 4)
    through = np.exp(-total)
    share = 255 * (1 - through)
    shifts = [share / np.maximum(norm, 1e-20) * part for part in sums]
    after = np.empty_like(before)
    for byte, channel in enumerate((2, 1, 0)):  # Cairo's bytes are B, G, R, A
        value = share * np.float32(middle[channel]) + before[:, byte] * through + np.float32(0.5)
        for axis, shift in zip(axes, shifts, strict=True):
            value += shift * np.float32(axis[channel])
        after[:, byte] = np.clip(value, 0, 255)
    after[:, 3] = before[:, 3] * through + share + np.float32(0.5)
    pixels[footprint.cells] = after.view(np.uint32)[:, 0]
    surface.mark_dirty()


def _depth(ink_across: Floats, box: float) -> Floats:
    """The logarithm of transmittance at which a line of ``box`` pixels hides as much in all as it should.

    ``ink_across`` is its opacity times its width in pixels, which may be another one than ``box``. Its inner ``box − 1`` pixels let ``exp(−depth)`` through; the two at its rims are covered by a share that is anything
    from 0 to 1, and what they let through is not linear in that share, so the mean over all shares is what is matched.
    """
    depths = np.linspace(1e-3, 9.0, 2000)
    hidden = (box - 1) * -np.expm1(-depths) + 2 * (1 + np.expm1(-depths) / depths)
    return np.interp(ink_across, np.append(0.0, hidden), np.append(0.0, depths))


def _color_axes(colors: Floats) -> tuple[Floats, list[Floats], list[Floats]]:
    """Colours as a middle plus places along as few axes as they need: blue and orange, and all between, need one."""
    drawn = colors[colors[:, 3] > 0, :3]
    middle = drawn.mean(axis=0) if len(drawn) else np.zeros(3)
    offsets = colors[:, :3] - middle
    spread, axes = np.linalg.eigh((drawn - middle).T @ (drawn - middle) / max(len(drawn), 1))
    needed = [axes[:, k] for k in range(3) if spread[k] > 1e-7]
    return middle, needed, [offsets @ axis for axis in needed]
