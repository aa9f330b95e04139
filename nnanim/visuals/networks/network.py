"""A fully connected network: neurons as circles filled by their activation, weights as lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from manim import Animation, Dot, Transform, VGroup
from numpy.typing import ArrayLike, NDArray

from nnanim.quantity import Label, Quantity
from nnanim.visuals.cells.number_grid import NumberGrid
from nnanim.visuals.networks.bundle import WeightBundle
from nnanim.visuals.networks.neurons import Neurons
from nnanim.visuals.page.frame import Region, frame
from nnanim.visuals.page.glyphs import CAP_HEIGHT, Weight
from nnanim.visuals.page.table import ELLIPSIS, elide
from nnanim.visuals.page.text import TextLine, text_width
from nnanim.visuals.page.theme import theme
from nnanim.visuals.paint.motion import Sweep

MOST_NEURONS = 12
"""A larger layer shows its first and last neurons, an ellipsis, and its size."""
LARGEST_PITCH = 1.22
"""Distance of two neurons of a layer when there is room, in manim units."""
ROUND = 0.43
"""Radius of a neuron, in pitches of its layer."""
WEIGHT: Weight = "semibold"
CLEAR = 0.87
"""How far from a circle's middle its number may reach, in radii."""


class Network(VGroup):
    """Layers of neurons and the weights between them.

    Left to right in a landscape frame, top to bottom in a portrait one.

    Parameters
    ----------
    sizes
        Neurons of each layer, the input first.
    weights
        One matrix (n_out, n_in) for each layer but the first.
    region
        Where the network stands, its layers' names included.
    limit
        The activation's magnitude at which a neuron's colour is fullest.
    keep
        For a layer, the neuron that is drawn even where most are left out.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        weights: Sequence[ArrayLike],
        region: Region,
        limit: float = 1.0,
        keep: Mapping[int, int] | None = None,
    ) -> None:
        super().__init__()
        self.sizes, self.limit, self.downwards = tuple(sizes), limit, frame().portrait
        self.shown = [elide(size, MOST_NEURONS, (keep or {}).get(layer)) for layer, size in enumerate(sizes)]
        self.radii, self._places = self._arrange(region)
        heaviest = max(float(np.abs(np.asarray(w)).max()) for w in weights)
        self.bundles = VGroup()
        for layer, weight in enumerate(weights, start=1):
            rows, columns = self.visible(layer), self.visible(layer - 1)
            starts = np.array([self.center(layer - 1, n) for n in columns])
            ends = np.array([self.center(layer, n) for n in rows])
            self.bundles.add(
                WeightBundle(
                    starts,
                    ends,
                    np.asarray(weight)[np.ix_(rows, columns)],
                    radius=(self.radii[layer - 1], self.radii[layer]),
                    limit=heaviest,
                )
            )
        self.layers = VGroup(*(self._layer(layer) for layer in range(len(sizes))))
        self.names = self._names(region)
        self.numbers: list[NumberGrid | None] = [None for _ in sizes]
        self.add(self.bundles, self.layers, self._ellipses(), self.names)

    # Geometry -----------------------------------------------------------------------------------------

    def visible(self, layer: int) -> list[int]:
        """Indices of the neurons of a layer that are drawn."""
        return [n for n in self.shown[layer] if n != ELLIPSIS]

    def center(self, layer: int, neuron: int) -> NDArray[np.float64]:
        """Where a neuron stands, as a point (3,); the neuron must be drawn."""
        return self._places[layer][self.shown[layer].index(neuron)]

    def _arrange(self, region: Region) -> tuple[list[float], list[NDArray[np.float64]]]:
        """For each layer its neurons' radius and the places of its neurons and its ellipsis, (n, 3)."""
        size = frame().small
        names = [text_width(name if self.downwards else self.layer_name(n), size) for n, name in enumerate(self._all_names())]
        if self.downwards:
            left = region.left + max(names) + 0.3
            across, along, middle = region.right - left, region.height, (left + region.right) / 2
        else:
            label = (1.05 + 1.15 * self._name_rows) * size
            across, along, middle = region.height - label, region.width, region.bottom + label + (region.height - label) / 2
        pitches = [min(across / len(shown), LARGEST_PITCH) for shown in self.shown]
        radii = [min(ROUND * pitch, 0.34 * along / len(self.sizes)) for pitch in pitches]
        outer = [max(radius, 0.0 if self.downwards else name / 2) + 0.04 for radius, name in zip(radii, names, strict=True)]
        places = []
        for offset, pitch, shown in zip(np.linspace(outer[0], along - outer[-1], len(self.sizes)), pitches, self.shown, strict=True):
            side = (np.arange(len(shown)) - (len(shown) - 1) / 2) * pitch
            if self.downwards:
                points = np.stack([middle + side, np.full(len(shown), region.top - offset)], axis=1)
            else:
                points = np.stack([np.full(len(shown), region.left + offset), middle - side], axis=1)
            places.append(np.column_stack([points, np.zeros(len(shown))]))
        return radii, places

    # Parts --------------------------------------------------------------------------------------------

    def _layer(self, layer: int) -> Neurons:
        places = [place for place, neuron in zip(self._places[layer], self.shown[layer], strict=True) if neuron != ELLIPSIS]
        return Neurons(places, self.radii[layer], self.limit)

    def _ellipses(self) -> VGroup:
        dots = VGroup()
        for places, shown in zip(self._places, self.shown, strict=True):
            for place, neuron in zip(places, shown, strict=True):
                if neuron == ELLIPSIS:
                    step = (places[1] - places[0]) * 0.2
                    dots.add(*(Dot(place + k * step, radius=0.035, color=theme().muted, stroke_width=0) for k in (-1, 0, 1)))
        return dots

    def _all_names(self) -> list[str]:
        last = len(self.sizes) - 1
        hidden = ["hidden"] if last == 2 else [f"hidden {layer}" for layer in range(1, last)]
        names = ["input", *hidden, "output"]
        return [
            f"{name} ({size})" if size > MOST_NEURONS else name
            for name, size in zip(names, self.sizes, strict=True)
        ]

    def layer_name(self, layer: int) -> str:
        """What a layer is called: input, hidden, hidden 1, …, output."""
        return self._all_names()[layer].split(" (")[0]

    def _names(self, region: Region) -> VGroup:
        if self.downwards:
            names = [TextLine(Label(name), frame().small, theme().muted) for name in self._all_names()]
            for line, places in zip(names, self._places, strict=True):
                line.on(np.array([region.left, places[0][1], 0]), "left")
            return VGroup(*names)
        words, counts, size = self._fitting_names()
        lines = VGroup()
        for name, count, places in zip(words, counts, self._places, strict=True):
            rows = [name, count] if count else [name]
            block = VGroup()
            for number, row in enumerate(rows):
                baseline = region.bottom + 0.25 * size + (self._name_rows - 1 - number) * 1.15 * size
                block.add(TextLine(Label(row), size, theme().muted).at(float(places[0][0]), baseline, "center"))
            lines.add(block)
        return lines

    @property
    def _name_rows(self) -> int:
        """Lines of text under the network: layers with an ellipsis say their size on a second one."""
        return 1 + any(size > MOST_NEURONS for size in self.sizes)

    def _fitting_names(self) -> tuple[list[str], list[str], float]:
        """Names, if need be short ones, the sizes of the layers that are not shown whole, and the type that keeps them clear.

        Where even the smallest type leaves the sizes no room, they lose their parentheses.
        """
        columns = np.array([places[0][0] for places in self._places])
        plain = [self.layer_name(layer) for layer in range(len(self.sizes))]
        counts = [f"({neurons})" if neurons > MOST_NEURONS else "" for neurons in self.sizes]

        def clear(names: list[str], size: float, free: float) -> bool:
            widths = np.array([max(text_width(name, size), text_width(count, size)) for name, count in zip(names, counts, strict=True)])
            return bool((np.diff(columns) >= (widths[1:] + widths[:-1]) / 2 + free * size).all())

        size = frame().small
        for size in (frame().small, frame().smallest):
            for names in (plain, [name.replace("hidden ", "h") for name in plain], self._shortest()):
                if clear(names, size, 0.3):
                    return names, counts, size
        if not clear(self._shortest(), size, 0.1):
            counts = [count.strip("()") for count in counts]
        return self._shortest(), counts, size

    def _shortest(self) -> list[str]:
        last = len(self.sizes) - 1
        return ["in", *(f"h{layer}" for layer in range(1, last)), "out"]

    # What happens to it -------------------------------------------------------------------------------

    def show_values(self, layer: int, quantities: Sequence[Quantity]) -> None:
        """Fill a layer at once, without an animation."""
        self.layers[layer].light([quantities[n].value for n in self.visible(layer)])
        self._place_numbers(layer, quantities)
        if (numbers := self.numbers[layer]) is not None:
            numbers.show()

    def activate(self, layer: int, quantities: Sequence[Quantity], only: int | None = None, overlap: float = 0.35) -> list[Animation]:
        """Fill a layer's neurons with their activations, one after another; or one neuron alone.

        Returns animations to be played together.
        """
        which: Any = slice(None) if only is None else self.visible(layer).index(only)
        neurons = self.layers[layer]
        lit = neurons.copy().light([quantities[n].value for n in self.visible(layer)], which)
        sweeps: list[Animation] = [Sweep(neurons, lit, overlap)]
        self._place_numbers(layer, quantities)
        if (numbers := self.numbers[layer]) is not None:
            sweeps.append(Sweep(numbers, numbers.copy().show((which, 0)), overlap))
        return sweeps

    def change(self, layer: int, quantities: Sequence[Quantity]) -> list[Animation]:
        """Replace the values of a layer that is filled already."""
        neurons = self.layers[layer]
        sweeps: list[Animation] = [Sweep(neurons, neurons.copy().light([quantities[n].value for n in self.visible(layer)]), 0.0)]
        if (numbers := self.numbers[layer]) is not None:
            shown = [quantities[n] for n in self.visible(layer)]
            decimals = 2 if self._size_for([quantity.rounded_to(2) for quantity in shown], layer) >= 0.999 * numbers.em else 1
            target = numbers.copy().set_quantities([[quantity.rounded_to(decimals)] for quantity in shown])
            sweeps.append(Transform(numbers, target.set_fills(sweeps[0].target.fills)))
        return sweeps

    def take_numbers(self) -> list[NumberGrid]:
        """Take the numbers out of the drawing, for a movement to a place where not all of them fit; :meth:`add` puts them back."""
        taken = [numbers for numbers in self.numbers if numbers is not None]
        self.remove(*taken)
        return taken

    def value_text(self, layer: int, neuron: int) -> TextLine | None:
        """A text line that lies exactly on the number in a neuron, from which a copy can travel; None when there is none."""
        numbers = self.numbers[layer]
        if numbers is None or neuron not in self.visible(layer):
            return None
        quantity = numbers.quantities[self.visible(layer).index(neuron)]
        assert quantity is not None
        return TextLine(quantity, numbers.em, weight=WEIGHT).on(self.center(layer, neuron))

    def _place_numbers(self, layer: int, quantities: Sequence[Quantity]) -> None:
        """Put a layer's numbers into its neurons, unseen: as many decimals as fit, one count for all; or no numbers at all."""
        if self.numbers[layer] is not None:
            return
        shown = [quantities[n] for n in self.visible(layer)]
        for decimals in (2, 1):
            rounded = [quantity.rounded_to(decimals) for quantity in shown]
            size = min(self._size_for(rounded, layer), frame().body)
            if size >= frame().smallest:
                fills = theme().diverging([quantity.value for quantity in shown], self.limit)
                places = [self.center(layer, n) for n in self.visible(layer)]
                numbers = NumberGrid([[quantity] for quantity in rounded], places, size, fills, WEIGHT).hide()
                self.numbers[layer] = numbers
                self.add(numbers)
                return

    def _size_for(self, quantities: Sequence[Quantity], layer: int) -> float:
        """The largest type in which the widest of these numbers stands clear of a layer's circles."""
        widest = max(text_width(quantity, 1.0, WEIGHT) for quantity in quantities)
        return 2 * CLEAR * self.radii[layer] / float(np.hypot(widest, CAP_HEIGHT))
