"""A network small enough to be followed by hand that has learned something: go out, or stay?

It is given sunshine, rain and free time, each from 0 to 1.
"""

from __future__ import annotations

from functools import cache
from importlib import resources

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from nnanim.sim.mlp import MLP
from nnanim.sim.multilayer import Networks, seeded
from nnanim.sim.threads import one_thread
from nnanim.sim.training import Recipe, train

SIZES = (3, 4, 4, 2)
STEPS, RATE, DAYS = 120, 0.05, 400
SHIPPED = "go_or_stay.npz"


def days(count: int, generator: torch.Generator) -> tuple[Float[Tensor, "n 3"], Int[Tensor, " n"]]:
    """Days drawn at random, and whether one goes out (0) or stays (1): sun and time must outweigh one and a half times the rain."""
    weather = torch.rand(count, 3, generator=generator)
    sunshine, rain, time = weather.T
    return weather, (sunshine + time - 1.5 * rain < 0.55).long()


def trained_network() -> MLP:
    """Train 3–4–4–2 with sigmoids on 400 days by Adam, 120 steps of all days; what is shipped came from this."""
    with one_thread():
        generator = seeded([2])[0]
        start = Networks.drawn(SIZES, torch.sigmoid, [generator])
        weather, answers = days(DAYS, generator)
        end, _ = train(start, weather, answers, Recipe("adam", RATE, STEPS), "classes")
        parameters = [parameter[0] for parameter in end.parameters]
        return MLP(tuple(parameters[::2]), tuple(parameters[1::2]))


@cache
def shipped_network() -> MLP:
    """The trained network that comes with nnanim: everybody looks at the same one."""
    place = resources.files("nnanim.sim").joinpath("shipped", SHIPPED)
    with place.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
        layers = range(1, len(SIZES))
        return MLP(tuple(torch.from_numpy(file[f"w{n}"]) for n in layers), tuple(torch.from_numpy(file[f"b{n}"]) for n in layers))
