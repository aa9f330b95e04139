"""Tables said by their columns: what each is called, its colour, its weight; rows are named and can be spoken of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from manim import VGroup

from nnanim.quantity import Quantity, Showable
from nnanim.visuals.page.frame import Region
from nnanim.visuals.page.table import Table
from nnanim.visuals.page.text import Align
from nnanim.visuals.page.theme import theme

Cell = Showable | None


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Parameters
    ----------
    heading
        What stands on top; nothing where the column needs no name.
    role
        The role of its colour in the theme.
    bold
        Whether what stands in it is set in semibold.
    align
        ``right`` for numbers.
    """

    heading: Showable = ""
    role: str = "text"
    bold: bool = False
    align: Align = "right"


class ColumnTable(VGroup):
    """Rows under headings, and rows below a rule.

    Parameters
    ----------
    columns
        Columns; a plain string is a sign between two columns, repeated in every row.
    rows
        The cells of each row, one for each :class:`Column`.
    region
        Where.
    foot
        Rows under a rule.
    size
        Height of one em when there is room.

    Attributes
    ----------
    head, body, foot
        The heading row, the rows, the rows under the rule; ``table["name"]`` is the row whose first cell says so.
    """

    def __init__(
        self, columns: Sequence[Column | str], rows: Sequence[Sequence[Cell]], region: Region, foot: Sequence[Sequence[Cell]] = (), size: float | None = None
    ) -> None:  # fmt: skip
        super().__init__()
        marked = [Column(align="center", role="muted") if isinstance(column, str) else column for column in columns]
        signs = {place: column for place, column in enumerate(columns) if isinstance(column, str)}

        def whole(cells: Sequence[Cell], with_signs: bool = True) -> list[Cell]:
            rest = iter(cells)
            return [((signs[place] if with_signs else None) if place in signs else next(rest)) for place in range(len(columns))]

        named = [column for place, column in enumerate(marked) if place not in signs]
        heading = whole([column.heading or None for column in named], False)
        everything = [heading, *(whole(cells) for cells in rows), *(whole(cells, False) for cells in foot)]
        colors = {(0, c): theme().muted for c in range(len(columns))}
        colors |= {(r, c): getattr(theme(), column.role) for r in range(1, len(everything)) for c, column in enumerate(marked)}
        weights = {(r, c): "semibold" for r in range(1, len(everything)) for c, column in enumerate(marked) if column.bold}
        rules = [1 + len(rows)] if foot else []
        self.table = Table(everything, region, [column.align for column in marked], size, colors, weights, rules)  # type: ignore[arg-type]
        self.head = self.table.row(0)
        self.body = [self.table.row(1 + number) for number in range(len(rows))]
        self.foot = [self.table.row(1 + len(rows) + number) for number in range(len(foot))]
        self.names = [_name(cells) for cells in (*rows, *foot)]
        self.add(self.head, *self.body, self.table.rules, *self.foot)

    def __getitem__(self, name: int | str) -> VGroup:
        if isinstance(name, str):
            try:
                return [*self.body, *self.foot][self.names.index(name)]
            except ValueError:
                raise KeyError(f"the table has no row {name!r} (it has {', '.join(filter(None, self.names))})") from None
        return super().__getitem__(name)


def _name(cells: Sequence[Cell]) -> str:
    return "" if not cells or cells[0] is None else str(cells[0]) if isinstance(cells[0], str) else cells[0].text


def with_fitting_decimals(rows: Sequence[Sequence[Quantity]], decimals: Sequence[int], region: Region, size: float) -> list[list[Quantity]]:
    """The numbers with the most decimals of those offered with which a table of them fits a region."""
    for offered in decimals:
        rounded = [[number.rounded_to(offered) for number in row] for row in rows]
        try:
            Table(rounded, region, ["right"] * len(rounded[0]), size)
        except ValueError:
            continue
        return rounded
    raise ValueError(f"these numbers do not fit {region.width:.1f} × {region.height:.1f} with {decimals[-1]} decimals")
