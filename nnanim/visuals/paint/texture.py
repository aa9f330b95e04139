"""Thousands of lines as a texture: they are added up pixel by pixel with a sparse matrix instead of stroked.

What is drawn looks like the same lines drawn one by one, faint ones first.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cairo
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_matrix, csr_matrix

from nnanim.visuals.paint.painted import Floats, pixels_per_unit

MOST_CACHED = 30_000_000
"""Matrix entries that may be kept between frames (8 bytes each)."""
STRENGTH = 1.5
"""How much more a strong line counts in the colour of a pixel than a faint one: the power of its opacity."""
Singles = NDArray[np.float32]

# Cairo needs about 40 µs for a line across a third of a 1080p frame: half a second for 12,544 of them. But where
# lines lie changes rarely, while their colours change in every frame. So the share of each pixel that each line covers
# goes into a sparse matrix, once; a frame is then a few products of that matrix with a vector, some 10 ms each.
#
# Lines over lines: transmittances of layers multiply whatever their order, so their logarithms add up. The colour of a
# pixel is the mean of its lines' colours, weighted by opacity and again by strength, which does the work of drawing
# strong lines last (McGuire and Bavoil 2013, "Weighted blended order-independent transparency", eq. 7).


class Footprint:
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


footprints: list[Footprint] = []
"""Those lately used, the latest first."""


def _footprint(ends: Floats, size: tuple[int, int], box: float) -> Footprint:
    """The footprint of these lines, from those lately used if it is among them; all kept ones share the room there is."""
    for known in footprints:
        if known.size == size and known.box == box and np.array_equal(known.ends, ends):
            footprints.remove(known)
            break
    else:
        room = MOST_CACHED - _entries(ends, box)
        while footprints and sum(kept.entries for kept in footprints) > room:
            footprints.pop()
        known = Footprint(ends, size, box)
    footprints.insert(0, known)
    return known


def footprint_of(ctx: cairo.Context, lines: Floats, typical: float) -> Footprint:
    """The footprint of lines (n_lines, 2, 2) in scene units, of one typical width, on the context's picture."""
    surface = ctx.get_target()
    assert isinstance(surface, cairo.ImageSurface)
    matrix = ctx.get_matrix()
    x = matrix.xx * lines[:, :, 0] + matrix.xy * lines[:, :, 1] + matrix.x0
    y = matrix.yx * lines[:, :, 0] + matrix.yy * lines[:, :, 1] + matrix.y0
    box = typical * pixels_per_unit(ctx)
    box = 1.0 if box < 1.3 else round(box, 2)
    size = (surface.get_stride() // 4, surface.get_height())
    return _footprint(np.stack([x, y], axis=-1).reshape(-1, 4), size, box)


def paint_texture(ctx: cairo.Context, lines: Floats, colors: Floats, widths: Floats, typical: float) -> None:
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
    footprint = footprint_of(ctx, lines, typical)
    size, box = footprint.size, footprint.box
    depth = _depth(colors[:, 3] * widths * pixels_per_unit(ctx), box)
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
