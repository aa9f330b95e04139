"""Text is laid on through masks: what a line covers of each pixel is worked out once, however often its colour changes.

Only mobjects that ask for it are drawn so, and then always: an edge may come out a level or two otherwise than when it is
filled, but the same path at the same place always looks the same.
"""

from __future__ import annotations

import cairo

from nnanim.visuals.paint.coverage import Coverage

from .paths import Path, PathAppender

# Pixels for each element of a path, four to a curve, up to which laying colour on costs less than filling.
PIXELS_PER_ELEMENT = 120
MOST_BYTES = 32_000_000


class Masks:
    """The masks of the paths that one camera fills."""

    def __init__(self) -> None:
        # A path is kept as well, or another could get its number.
        self._known: dict[int, tuple[Path, cairo.Matrix, Coverage | None]] = {}
        self._bytes = 0

    def fill(self, context: cairo.Context, path: Path, appender: PathAppender) -> None:
        """Fill the context's path, which is ``path``, with its colour, and keep the path."""
        matrix, known = context.get_matrix(), self._known.get(id(path))
        if known is None or known[0] is not path or known[1] != matrix:
            known = path, matrix, self._cut(context, path, appender)
            self._keep(known)
        if known[2] is None:
            context.fill_preserve()
            return
        known[2].lay(context, matrix)

    def _keep(self, known: tuple[Path, cairo.Matrix, Coverage | None]) -> None:
        path, _, mask = known
        size = len(path.elements) + (mask.size if mask else 0)
        if self._bytes + size > MOST_BYTES:
            self._known.clear()
            self._bytes = 0
        self._known[id(path)] = known
        self._bytes += size

    def _cut(self, context: cairo.Context, path: Path, appender: PathAppender) -> Coverage | None:
        def ink(painter: cairo.Context) -> None:
            appender.append(painter, path.elements)
            painter.fill()

        return Coverage.cut(context, path.box, ink, PIXELS_PER_ELEMENT * len(path.elements) / 16)
