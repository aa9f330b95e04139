"""Tokens as rounded boxes on a shared baseline: the pieces of text that a language model reads.

A space is shown as ``␣``, a line break as ``↵``, a piece of a character as its bytes: nothing is invisible.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from manim import RoundedRectangle, VGroup
from numpy.typing import NDArray

from nnanim.characters import byte_of, clusters, stand_in
from nnanim.quantity import Label, Showable
from nnanim.visuals.page.frame import Region, frame
from nnanim.visuals.page.glyphs import CAP_HEIGHT, OPEN_BOX, RETURN, TAB, advance, covers, outline
from nnanim.visuals.page.text import Align, TextLine
from nnanim.visuals.page.theme import theme

BOX_HEIGHT = 1.56
"""Height of a token's box, in em of its text."""
PADDING = 0.30
"""Free space left and right of the text, in em."""
TOKEN_GAP = 0.18
"""Distance between the boxes of a row, in em."""
LINE_STEP = 1.86
"""Distance between the baselines of a row's lines, in em."""
CORNER = 0.3
SIGNS = {" ": OPEN_BOX, "\n": RETURN, "\t": TAB}


def visible_text(text: str, most: int | None = None, spaces: bool = True) -> Label:
    """A token's text with everything in it visible: ``␣the``, ``↵``, ``😀``, ``byte F0``, ``‹U+0000›``.

    Parameters
    ----------
    text
        The token's own text; pieces of characters as :mod:`nnanim.characters` writes them.
    most
        Longer ones are cut to this many characters, the last of them an ellipsis.
    spaces
        Whether it is a token by itself; in running text spaces are not shown as ``␣``, and a byte is written as ``‹F0›``.
    """
    data = [byte_of(character) for character in text]
    if spaces and data and None not in data:
        parts = ["byte " if len(data) == 1 else "bytes ", " ".join(f"{byte:02X}" for byte in data)]
    else:
        parts = [_visible(cluster, spaces) for cluster in clusters(text)]
    if most is not None and len("".join(parts)) > most:
        lengths = np.cumsum([len(part) for part in parts])
        parts = [*parts[: int(np.searchsorted(lengths, most - 1, side="right"))], "…"]
    return Label("".join(parts))


def _visible(cluster: str, spaces: bool) -> str:
    if cluster in SIGNS:
        return SIGNS[cluster] if spaces or cluster != " " else cluster
    if (cluster.isprintable() or len(cluster) > 1) and _has_ink(cluster):
        return cluster
    return "".join(c if c.isprintable() and _has_ink(c) else stand_in(c) for c in cluster)


def _has_ink(text: str) -> bool:
    return covers(text) and len(outline(text).points) > 0


class Token(VGroup):
    """One token: its text in a rounded box.

    Parameters
    ----------
    text
        What stands in the box; a plain string or :class:`Label` is a token's own text and made visible,
        anything else (a sentence, a quantity) is shown as it is.
    size
        Height of one em of the text.
    width
        Width of the box; by default as wide as the text and its padding.
    color
        Colour of the text, by default the theme's.
    fill, rim
        Colours of the box and its line, by default the theme's panel and line.

    Attributes
    ----------
    box, line
        The rounded rectangle, and the line of text.
    """

    def __init__(
        self,
        text: Showable,
        size: float | None = None,
        width: float | None = None,
        color: str | None = None,
        fill: str | None = None,
        rim: str | None = None,
        most: int | None = None,
    ) -> None:
        super().__init__()
        size = frame().body if size is None else size
        shown = visible_text(str(text), most) if isinstance(text, str) else text
        self.line = TextLine(shown, size, color)
        self.box = RoundedRectangle(
            width=width or token_width(text, size, most),
            height=BOX_HEIGHT * size,
            corner_radius=CORNER * size,
            stroke_width=2.0,
            stroke_color=rim or theme().line,
            fill_color=fill or theme().panel,
            fill_opacity=1,
        )
        self.box.move_to((0, CAP_HEIGHT / 2 * size, 0))
        self.line.at(0, 0, "center")
        self.add(self.box, self.line)

    @property
    def em(self) -> float:
        """Height of one em of the text now."""
        return self.line.em

    @property
    def baseline(self) -> float:
        """The y on which the text stands now: the same for all tokens of a line."""
        return float(self.box.get_center()[1]) - CAP_HEIGHT / 2 * self.em

    @property
    def middle(self) -> NDArray[np.float64]:
        """The middle of the box, as a point (3,)."""
        return np.asarray(self.box.get_center(), dtype=float)

    def at(self, x: float, baseline: float, align: Align = "left") -> Token:
        """Move so that the box begins, is centred or ends at ``x``, the text's baseline at ``baseline``."""
        share = {"left": -0.5, "center": 0.0, "right": 0.5}[align]
        center = self.middle
        self.shift((x - share * self.box.width - center[0], baseline - self.baseline, 0))
        return self

    def light(self, color: str | None = None) -> Token:
        """Mark the token: its rim takes a colour, by default the highlight."""
        self.box.set_stroke(color or theme().highlight, width=3.5)
        return self

    def calm(self) -> Token:
        """Give the rim its usual colour again."""
        self.box.set_stroke(theme().line, width=2.0)
        return self


def token_width(text: Showable, size: float, most: int | None = None) -> float:
    """Width of a token's box before it is made."""
    shown = visible_text(str(text), most) if isinstance(text, str) else text
    return max(advance(shown.text) + 2 * PADDING, 0.9 * BOX_HEIGHT) * size


class TokenRow(VGroup):
    """Tokens one behind the other on a shared baseline, in as many lines as are allowed.

    Parameters
    ----------
    texts
        The tokens' texts, shape (T,).
    region
        Where: the row is made smaller until it fits, and is centred in the region's height.
    size
        Height of one em to begin with.
    lines
        How many lines may be used at the most.
    align
        Where lines shorter than the region stand.
    widths
        ``own``: every box as wide as its text; ``equal``: all as wide as the widest, ``fill``: all equal and
        together as wide as the region, so that they stand over the columns of a matrix.
    most
        Longer tokens are cut to so many characters.
    top
        The row begins at the region's top instead of standing in its middle.
    step
        Distance of the baselines of two lines, in em.

    Attributes
    ----------
    tokens
        The :class:`Token` objects, in order; also the row's submobjects.

    Raises
    ------
    ValueError
        When the tokens do not fit even at the frame's smallest type.
    """

    def __init__(
        self,
        texts: Sequence[Showable],
        region: Region,
        size: float | None = None,
        lines: int = 1,
        align: Align = "center",
        widths: Literal["own", "equal", "fill"] = "own",
        most: int | None = None,
        top: bool = False,
        step: float = LINE_STEP,
    ) -> None:
        super().__init__()
        self.size, rows = fit_tokens(texts, region, size, lines, widths, most, step)
        em = self.size
        pitch = step * em
        share = {"left": 0.0, "center": 0.5, "right": 1.0}[align]
        high = region.top - BOX_HEIGHT / 2 * em if top else region.center[1] + pitch * (len(rows) - 1) / 2
        self.tokens: list[Token] = []
        for number, line in enumerate(rows):
            extents = [width for _, width in line]
            whole = sum(extents) + TOKEN_GAP * em * (len(line) - 1)
            x = region.left + share * (region.width - whole)
            for place, width in line:
                token = Token(texts[place], em, width, most=most)
                token.at(x, high - number * pitch - CAP_HEIGHT / 2 * em)
                x += width + TOKEN_GAP * em
                self.tokens.append(token)
        self.add(*self.tokens)

    @property
    def baseline(self) -> float:
        """The y on which the texts of the first line stand."""
        return self.tokens[0].baseline


Lines = list[list[tuple[int, float]]]


def fit_tokens(
    texts: Sequence[Showable],
    region: Region,
    size: float | None = None,
    lines: int = 1,
    widths: Literal["own", "equal", "fill"] = "own",
    most: int | None = None,
    step: float = LINE_STEP,
) -> tuple[float, Lines]:
    """The largest em, at most ``size``, at which tokens fit a region, and their lines: (place, width) each.

    Raises
    ------
    ValueError
        When they do not fit even at the frame's smallest type.
    """
    em = frame().body if size is None else size
    own = np.array([token_width(text, 1.0, most) for text in texts])
    if widths != "own" and len(own):
        own[:] = own.max()
    while em >= frame().smallest * 0.999:
        rows = _break(own * em, TOKEN_GAP * em, region.width)
        high = (len(rows) - 1) * step * em + BOX_HEIGHT * em
        if rows and len(rows) <= lines and high <= region.height + 1e-6 and own.max() * em <= region.width + 1e-6:
            if widths == "fill":
                each = (region.width - TOKEN_GAP * em * (len(own) - 1)) / len(own)
                rows = [[(place, each) for place, _ in line] for line in rows]
            return em, rows
        em *= 0.97
    raise ValueError(f"{len(texts)} tokens do not fit {region.width:.1f} × {region.height:.1f} in {lines} lines")


def _break(extents: NDArray[np.float64], gap: float, width: float) -> Lines:
    rows: Lines = []
    reached = 0.0
    for place, extent in enumerate(extents):
        if rows and reached + gap + extent <= width + 1e-6:
            rows[-1].append((place, float(extent)))
            reached += gap + float(extent)
        else:
            rows.append([(place, float(extent))])
            reached = float(extent)
    return rows


class TokenFlow:
    """Where the tokens of a growing text stand: line after line, the oldest line leaving when there is no room.

    Parameters
    ----------
    texts
        All tokens that the text will ever have.
    region
        Where the text stands.
    size
        Height of one em to begin with; made smaller, down to ``least``, as long as that lets all lines fit.
    least
        The smallest em.
    most
        Longer tokens are cut to so many characters.
    """

    def __init__(
        self, texts: Sequence[str], region: Region, size: float, least: float | None = None, most: int | None = None
    ) -> None:
        self.texts, self.region, self.most = list(texts), region, most
        least = frame().smallest if least is None else least
        em = size
        while True:
            self.em = max(em, least)
            self.visible = max(1, int((region.height - BOX_HEIGHT * self.em) / (LINE_STEP * self.em) + 1 + 1e-6))
            extents = np.array([token_width(text, self.em, most) for text in texts])
            self.lines = _break(np.minimum(extents, region.width), TOKEN_GAP * self.em, region.width)
            if len(self.lines) <= self.visible or em <= least:
                break
            em *= 0.96
        self.places: dict[int, tuple[int, float, float]] = {}
        for row, line in enumerate(self.lines):
            x = region.left
            for place, width in line:
                self.places[place] = (row, x, width)
                x += width + TOKEN_GAP * self.em

    def first_row(self, count: int) -> int:
        """The first line that is seen when the text has so many tokens."""
        return max(0, self.places[count - 1][0] + 1 - self.visible)

    def row(self, place: int) -> int:
        """The line that a token stands in."""
        return self.places[place][0]

    @property
    def step(self) -> float:
        """Distance of two lines, in manim units."""
        return LINE_STEP * self.em

    def token(self, place: int, count: int) -> Token:
        """A token where it stands when the text has ``count`` tokens."""
        row, x, width = self.places[place]
        token = Token(self.texts[place], self.em, width, most=self.most)
        top = self.region.top - BOX_HEIGHT * self.em / 2 - CAP_HEIGHT / 2 * self.em
        return token.at(x, top - (row - self.first_row(count)) * self.step)
