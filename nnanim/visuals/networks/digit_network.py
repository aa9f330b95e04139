"""Everything that a digit's way through a network is drawn with, made out of the record of that way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from manim.utils.rate_functions import linear

from nnanim.visuals.networks.digit import Digit
from nnanim.visuals.networks.inside import InsideNeuron
from nnanim.visuals.networks.layers import HiddenNeurons, Outputs
from nnanim.visuals.networks.layout import DigitLayout
from nnanim.visuals.networks.piles import Piles
from nnanim.visuals.networks.threads import Threads
from nnanim.visuals.page.frame import Region
from nnanim.visuals.paint.motion import Later, Turn


class DigitNetwork:
    """A digit, the threads of both layers, the neurons and the outputs, all in one layout.

    Attributes
    ----------
    layout, digit, first, second, hidden, outputs
        Where things stand, and the pictures; ``first`` and ``second`` are the threads.
    neuron, answer, rival
        The hidden neuron that is looked at, and the two outputs that are compared.

    Parameters
    ----------
    record
        As :func:`nnanim.sim.digit_pass.record` makes it.
    region
        What the network fills.
    at_first, leaving, at_last
        Where the digit stands at first, when the tape leaves it, and at last.
    """

    def __init__(
        self, record: Mapping[str, Any], region: Region, at_first: Region, leaving: Region, at_last: Region
    ) -> None:
        t = self.record = record
        self.neuron, self.answer, self.rival = (int(t[name]) for name in ("neuron", "answer", "rival"))
        pair = self.answer, self.rival
        self.layout = layout = DigitLayout(region)
        self.digit = Digit(
            t["image"], layout, at_first, leaving, at_last, neuron=self.neuron, pixel=int(t["pixel"])
        )
        sent = t["a"] / max(float(t["a"].max()), 1e-9)
        weights, before = ([t[f"{name}[{n}]"] for n in (1, 2)] for name in ("weights", "start"))
        self.first = Threads(
            layout, layout.first_lines, weights[0], t["image"].reshape(-1), self.neuron, before=before[0]
        )
        self.second = Threads(layout, layout.second_lines, weights[1], sent, self.neuron, pair, before[1])
        self.hidden = HiddenNeurons(layout, t["a"], self.neuron, t["erased_a"])
        self.outputs = Outputs(layout, t["shares"], pair, t["erased_shares"])

    def growing(self) -> list[Turn | Later]:
        """Lines grow out of the digit's ticks, neurons light up where they arrive, and so on to the outputs."""
        return [
            Turn(self.first, 3.0, linear, grow=1),
            Later(0.9, Turn(self.hidden, 1.5, show=1)),
            Later(1.8, Turn(self.second, 1.6, linear, grow=1)),
            Later(2.2, Turn(self.outputs, 1.2, show=1)),
        ]

    def nearing(self, share: float, seconds: float = 1.8) -> list[Turn]:
        """The looked-at neuron comes near, or goes back."""
        return [
            Turn(part, seconds, near=share) for part in (self.digit, self.first, self.second, self.hidden)
        ]

    def inside(self, region: Region) -> InsideNeuron:
        """The looked-at neuron from within."""
        t = self.record
        own = t["weights[1]"][self.neuron], t["sums"], float(t["bias"])
        return InsideNeuron(region, t["image"], *own, tall=self.layout.tall)

    def piles(self, region: Region, flying: bool = False) -> Piles:
        """The piles of pulls towards answer and rival: the looked-at neuron's first, then by size, the bias last.

        Parameters
        ----------
        region
            Where.
        flying
            Whether the blocks are still at their neurons; else they have landed and the difference is lit.
        """
        t, by_size = self.record, np.argsort(-np.abs(self.record["pulls"]))
        order = [self.neuron, *(n for n in by_size if n != self.neuron and t["pulls"][n])]
        pulls, later = ([*t[name][order], t["tilt"]] for name in ("pulls", "erased_pulls"))
        starts = [*self.layout.hidden[order], self.layout.region.center[:2]]
        a = float(t["a"][self.neuron])
        parts = float(t["to_answer"]) * a, -float(t["to_rival"]) * a
        dials = {} if flying else {"land": float(len(pulls)), "cap": 1.0}
        return Piles(region, pulls, starts, later, parts, **dials)
