"""Close to every bar of the audit: for each kind of fault a scene two in a hundred beyond its bar, and one as far within.

A bar that moves by more than that lets one of the two change sides. Where a bar counts whole things (pixels, frames,
bytes of colour) the nearest ones on both sides are taken; the share of the bar that they are stands beside them.
"""

from __future__ import annotations

from typing import Any

from manim import LEFT, RIGHT, UP, Line, Rectangle, Scene, Square

from nnanim.visuals.cells.heatmap import HeatMap
from scenes import Model, playing, still, word

WIDTH, HEIGHT = 128 / 9, 8.0
"""Of the frame, in manim units; a unit is 60 pixels at draft size."""


def grey(byte: int) -> str:
    return f"#{byte:02X}{byte:02X}{byte:02X}"


def plate(left: float, bottom: float, right: float, top: float, color: str = "#FFFFFF", opacity: float = 1.0) -> Rectangle:
    shape = Rectangle(width=right - left, height=top - bottom, fill_color=color, fill_opacity=opacity, stroke_width=0)
    return shape.move_to(((left + right) / 2, (bottom + top) / 2, 0))


def over_the_edge(share: float) -> Any:
    return still(lambda: plate(5, -1, WIDTH / 2 + share * 0.03, 1))


def crossed_by(byte: int) -> Any:
    """A line behind a word, as bright as that on black: its luminance L gives a contrast of (L + 0.05) / 0.05."""
    return still(lambda: Line(4 * LEFT, 4 * RIGHT, color=grey(byte), stroke_width=7), lambda: word("minimum"))


def covered_by(share: float) -> Any:
    return still(word, lambda: Rectangle(width=5, height=1.5, fill_opacity=share * 0.35, fill_color="#000000", stroke_width=0))


def sized(share: float) -> Any:
    return still(lambda: word(size=share * 72 * HEIGHT / 40))


def coloured(byte: int) -> Any:
    return still(lambda: word(color=grey(byte)))


def filling(share: float) -> type[Scene]:
    """Half of the frame's width, and half of its height times a share."""

    class Filling(Scene):
        def construct(self) -> None:
            self.add(plate(-WIDTH / 4, -HEIGHT / 4 * share, WIDTH / 4, HEIGHT / 4 * share))
            self.wait(1)

    return Filling


def standing_for(frames: int) -> Any:
    """Ten words, which take three seconds: ninety frames."""

    def play(scene: Scene) -> None:
        text = word("ten words that one can read in three seconds sharp", 36)
        scene.add(text)
        scene.wait(frames / 30)
        scene.remove(text)
        scene.wait(1)

    return playing(play)


def jumping_by(share: float) -> Any:
    def play(scene: Scene) -> None:
        square = Square(1).shift(3 * LEFT + UP)
        scene.add(square)
        scene.wait(1)
        square.shift(share * 0.25 * WIDTH * RIGHT)
        scene.wait(1)

    return playing(play)


def flashing_on(columns: int, byte: int = 255, times: int = 5) -> Any:
    """So many columns of 20 cells of four pixels: a quarter of the field of vision, 71 × 40 cells, is 710 of them."""

    def play(scene: Scene) -> None:
        left, top = 1 / 60, 0.0
        screen = plate(left, top - 80 / 60, left + 4 * columns / 60, top, grey(byte))
        scene.wait(0.5)
        for _ in range(times):
            scene.add(screen)
            scene.wait(1 / 10)
            scene.remove(screen)
            scene.wait(1 / 10)
        scene.wait(1)

    return playing(play)


def still_for(frames: int) -> Any:
    def play(scene: Scene) -> None:
        square = Square(1)
        scene.add(square)
        scene.wait(frames / 30)
        scene.remove(square)
        scene.wait(1)

    return playing(play)


PLAIN: list[tuple[str, type[Scene], type[Scene]]] = [
    ("off-frame", over_the_edge(1.02), over_the_edge(0.98)),
    ("crossed", crossed_by(50), crossed_by(47)),  # contrasts of 1.02 and 0.98 × 1.6
    ("covered", covered_by(1.02), covered_by(0.98)),
    ("small", sized(0.98), sized(1.02)),
    ("contrast", coloured(115), coloured(117)),  # 0.98 and 1.01 × 4.5
    ("empty", filling(0.98), filling(1.02)),
    ("hurried", standing_for(88), standing_for(92)),  # 0.98 and 1.02 × 90 frames
    ("jump", jumping_by(1.02), jumping_by(0.98)),
    ("flash", flashing_on(36), flashing_on(35)),  # 720 and 700 cells: 1.01 and 0.99 × 710
    ("flash", flashing_on(60, 90), flashing_on(60, 88)),  # luminances of 1.02 and 0.98 × 0.1
    ("flash", flashing_on(60, times=4), flashing_on(60, times=3)),
    ("freeze", still_for(184), still_for(176)),  # 1.02 and 0.98 × 180 frames
]


def deep(share: float) -> type[Model]:
    """A plate that reaches into the caption's strip, by a share of what is let pass."""

    class Deep(Model):
        def spoil(self, heat: HeatMap) -> None:
            top = self.frame.caption.top
            self.add(plate(3.2, top - share * 0.03, 3.8, top + 0.5))

    Deep.__module__ = Model.__module__
    return Deep


def using(share: float) -> type[Model]:
    """At the end of one beat a plate alone stands on the stage, as large as that share of a quarter of it."""

    class Using(Model):
        def spoil(self, heat: HeatMap) -> None:
            stage = self.frame.stage
            heat.set_opacity(0)
            self.add(plate(stage.left, stage.bottom, stage.left + stage.width / 2, stage.bottom + stage.height / 2 * share))

    Using.__module__ = Model.__module__
    return Using


CHAPTERS: list[tuple[str, type[Model], type[Model]]] = [
    ("caption-strip", deep(1.02), deep(0.98)),
    ("empty", using(0.97), using(1.03)),
]
