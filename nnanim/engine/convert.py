"""RGBA pictures to YUV 4:2:0, converting only the parts that changed since the picture before.
The result is, byte for byte, what converting the whole picture gives."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import av
import numpy as np

from .boxes import Box

# Pixels around a part that swscale's filters look at.
MARGIN = 8
# Parts are widened to multiples of this, so that swscale is set up for a few sizes only.
STEP_DOWN, STEP_ACROSS = 128, 256
# From this share of the picture on, one conversion of all of it costs less.
MOST_OF_THE_PICTURE = 0.7

Convert = Callable[[np.ndarray], av.VideoFrame]


class FrameConverter:
    """Keeps the last picture's conversion and brings it up to date.

    Parameters
    ----------
    convert
        Converts a picture, uint8 (rows, columns, 4), to a frame of pixel format ``yuv420p``.
    """

    def __init__(self, convert: Convert) -> None:
        self._convert = convert
        self._frame: av.VideoFrame | None = None
        self._planes: list[np.ndarray] = []

    def frame(self, picture: np.ndarray, changed: Sequence[Box] | None = None) -> av.VideoFrame:
        """The picture (H, W, 4), H and W even, as a frame; it is the converter's own and changes with the next picture.

        Outside of the boxes in ``changed`` the picture must be the one before; ``None`` promises nothing.
        """
        if self._frame is None or changed is None:
            return self._renew_all(picture)
        height, width = picture.shape[:2]
        # What is read: room for the filters, in sizes that come again. Even edges, since two pixels share a colour.
        windows = [
            (
                _window(box.top, box.bottom, STEP_DOWN, height),
                _window(box.left, box.right, STEP_ACROSS, width),
            )
            for box in changed
        ]
        area = sum((rows.stop - rows.start) * (columns.stop - columns.start) for rows, columns in windows)
        if area > MOST_OF_THE_PICTURE * height * width:
            return self._renew_all(picture)
        for box, (rows, columns) in zip(changed, windows, strict=True):
            self._renew(box, picture, rows, columns)
        return self._frame

    def _renew(self, box: Box, picture: np.ndarray, rows: slice, columns: slice) -> None:
        part = _planes(self._convert(np.ascontiguousarray(picture[rows, columns])))
        # What is written: a change reaches across the part's edge, though not as far as the filters look.
        down = _inner(box.top, box.bottom, rows)
        across = _inner(box.left, box.right, columns)
        for plane, piece, size in zip(self._planes, part, (1, 2, 2), strict=True):
            plane[_shared(down, size), _shared(across, size)] = piece[
                _shared(down, size, rows.start), _shared(across, size, columns.start)
            ]

    def _renew_all(self, picture: np.ndarray) -> av.VideoFrame:
        # Let go of the old frame first, so that the new one gets its memory.
        self._frame, self._planes = None, []
        self._frame = self._convert(picture)
        self._planes = _planes(self._frame)
        return self._frame


def _window(start: int, stop: int, step: int, end: int) -> slice:
    """Pixels to convert for those from ``start`` to ``stop``: with a margin, and a multiple of ``step`` where there is room."""
    length = min(-(-(stop - start + 2 * MARGIN + 1) // step) * step, end)
    first = min(max((start - MARGIN) // 2 * 2, 0), end - length)
    return slice(first, first + length)


def _inner(start: int, stop: int, window: slice) -> slice:
    """Pixels to take over from a window: those that changed and a few beside them, which share their filters."""
    first = max(start - MARGIN // 2, window.start) // 2 * 2
    return slice(first, min(-(-(stop + MARGIN // 2) // 2) * 2, window.stop))


def _shared(pixels: slice, size: int, origin: int = 0) -> slice:
    """The same pixels in a plane that has one value for ``size`` of them."""
    return slice((pixels.start - origin) // size, (pixels.stop - origin) // size)


def _planes(frame: av.VideoFrame) -> list[np.ndarray]:
    return [
        np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]
        for plane in frame.planes
    ]
