"""RGBA pictures to YUV 4:2:0, converting only the bands of rows that changed since the picture before.
The result is, byte for byte, what converting the whole picture gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import av
import numpy as np

# Rows that are compared and converted together. Even, because two rows share their colour in 4:2:0.
BAND_ROWS = 72
# Rows around a band that swscale's vertical filters look at.
MARGIN_ROWS = 4
# From this share of changed bands on, one conversion of the whole picture costs less.
MOST_BANDS = 0.75
# Where that happened, watching for changes rests for so many pictures: it costs a quarter of a conversion.
UNWATCHED_PICTURES = 6

Convert = Callable[[np.ndarray], av.VideoFrame]


class BandConverter:
    """Keeps the last picture and its conversion, and brings both up to date.

    Parameters
    ----------
    convert
        Converts rows of a picture, uint8 (rows, W, 4), to a frame of pixel format ``yuv420p``.
    """

    def __init__(self, convert: Convert) -> None:
        self._convert = convert
        self._rows: list[bytearray] = []
        self._rows_are_last = False
        self._frame: av.VideoFrame | None = None
        self._planes: list[np.ndarray] = []
        self._unwatched = 0

    def frame(self, picture: np.ndarray) -> av.VideoFrame:
        """The picture (H, W, 4) as a frame; it is the converter's own and changes with the next picture."""
        if self._unwatched:
            self._unwatched -= 1
            self._rows_are_last = False
            return self._renew_all(picture)
        compared = self._rows_are_last
        changed = list(self._take_changes(picture))
        self._rows_are_last = True
        if self._frame is None or len(changed) > MOST_BANDS * len(self._rows) or len(picture) < BAND_ROWS * 2:
            self._unwatched = UNWATCHED_PICTURES if compared else 0
            return self._renew_all(picture)
        for start in changed:
            self._renew(picture, start)
        return self._frame

    def _take_changes(self, picture: np.ndarray) -> Iterator[int]:
        """The first rows of the bands that differ from the last picture, which becomes this one."""
        for number, start in enumerate(range(0, len(picture), BAND_ROWS)):
            rows = picture[start : start + BAND_ROWS].data
            if number == len(self._rows):
                self._rows.append(bytearray(rows))
            # A bytearray compares itself with a buffer as memcmp does, several times faster than NumPy.
            elif self._rows_are_last and self._rows[number] == rows:
                continue
            else:
                self._rows[number][:] = rows
            yield start

    def _renew_all(self, picture: np.ndarray) -> av.VideoFrame:
        # Let go of the old frame first, so that the new one gets its memory.
        self._frame, self._planes = None, []
        self._frame = self._convert(picture)
        self._planes = _planes(self._frame)
        return self._frame

    def _renew(self, picture: np.ndarray, start: int) -> None:
        """Convert a band with what surrounds it; all windows are of one size, so that swscale is set up once."""
        stop = min(start + BAND_ROWS, len(picture))
        height = min(BAND_ROWS + 2 * MARGIN_ROWS, len(picture))
        top = min(max(start - MARGIN_ROWS, 0), len(picture) - height)
        window = _planes(self._convert(picture[top : top + height]))
        # The filters carry a change across the band's edge, though not as far as the margin reaches.
        first = start if start == top else start - MARGIN_ROWS // 2
        last = stop if stop == top + height else stop + MARGIN_ROWS // 2
        for plane, part, rows in zip(self._planes, window, (1, 2, 2), strict=True):
            plane[first // rows : last // rows] = part[(first - top) // rows : (last - top) // rows]


def _planes(frame: av.VideoFrame) -> list[np.ndarray]:
    return [
        np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]
        for plane in frame.planes
    ]
