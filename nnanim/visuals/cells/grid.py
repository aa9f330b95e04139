"""What has its parts in rows and columns: cells of a matrix, numbers of a table."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike

from nnanim.visuals.paint.painted import Floats, Painted, emphasis_of, mask_of

UNIT_SQUARE = np.array([[-0.5, -0.5, 0.0], [0.5, -0.5, 0.0], [0.5, 0.5, 0.0], [-0.5, 0.5, 0.0]])
"""Corners of a part of size 1 around the origin, in their order."""


class Grid(Painted):
    """Parts with four corners (lower left, lower right, upper right, upper left) in a table of ``shape``."""

    array_names: ClassVar[tuple[str, ...]] = ("opacity", "emphasis")
    state_names: ClassVar[tuple[str, ...]] = ("shape",)

    def __init__(self, corners: ArrayLike, shape: tuple[int, int]) -> None:
        super().__init__(corners, points_per_part=4)
        self.shape = shape
        self.emphasis: Floats = np.zeros(self.n_parts)

    def emphasise(
        self, which: Any = None, *, row: int | None = None, column: int | None = None,
        strength: float = 1.0, others: float = 0.25,
    ) -> Self:  # fmt: skip
        """Speak of some cells and dim the others.

        Parameters
        ----------
        which
            A mask (rows, columns), or what indexes such an array: ``(2, 0)``, ``(slice(1, 3), 0)``.
        row, column
            A whole row or column instead, or, given both, one cell.
        strength
            How strongly, 0–1.
        others
            What is left of the others' opacity, 0–1.

        Raises
        ------
        ValueError
            When nothing says which cells.
        """
        if which is None:
            if row is None and column is None:
                raise ValueError("say which cells: a mask, row=… or column=…")
            which = (slice(None) if row is None else row, slice(None) if column is None else column)
        self.emphasis = emphasis_of(mask_of(self.shape, which), strength, others)
        return self

    def calm(self) -> Self:
        """Speak of all cells alike again."""
        self.emphasis = np.zeros(self.n_parts)
        return self

    @property
    def seen(self) -> Floats:
        """Opacity of each part as it is drawn, shape (n_parts,), 0–1."""
        return np.clip(self.opacity * (1.0 + np.clip(self.emphasis, -1.0, 0.0)), 0.0, 1.0)

    def cell_center(self, row: int, column: int) -> Floats:
        """The middle of a cell now, a point (3,)."""
        return self.parts()[np.ravel_multi_index((row, column), self.shape)].mean(axis=0)
