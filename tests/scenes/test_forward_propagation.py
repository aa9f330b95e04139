"""Forward propagation: every beat stands in the frame and keeps its numbers with the network, whatever the parameters."""

from __future__ import annotations

from typing import Any

import pytest
from productions import load, production_of, walked

from nnanim.audit.ledger import check_ledger
from nnanim.engine import rehearse
from nnanim.visuals.number_grid import NumberGrid

THOUSAND = (1000.0, 1000.0, 1000.0)
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "default": ("16:9", {}),
    "one neuron in each layer": ("9:16", {"layers": (1, 1, 1), "gain": 0.01}),
    "two neurons in each layer": ("16:9", {"layers": (2, 2, 2)}),
    "large inputs": ("1:1", {"inputs": THOUSAND}),
    "large sums": ("16:9", {"inputs": tuple(-x for x in THOUSAND)}),
    "wide layers": ("1:1", {"layers": (1000,) * 6}),
}


@pytest.mark.parametrize("case", CASES)
def test_every_beat_fits_and_every_number_has_its_source(case):
    aspect, params = CASES[case]
    scene, found = walked(load(), {"aspect": aspect}, **params)
    assert not found
    assert not check_ledger(scene.ledger, scene.trace)
    assert all(claim.holds(scene.trace) for claim in scene.claims)


@pytest.mark.parametrize("case", ["default", "large inputs"])
def test_no_numbers_stay_without_their_network(case):
    aspect, params = CASES[case]
    made = production_of(load(), {"aspect": aspect}, **params)
    alone: list[int] = []

    def look(scene: Any, beat: Any) -> None:
        alone.extend(beat.number for mobject in scene.mobjects if type(mobject) is NumberGrid)

    rehearse(lambda: made.scene(look), made.settings)
    assert not alone


def test_the_same_parameters_give_the_same_trace():
    chapter = load("forward-propagation")
    parameters = chapter.Params.defaults()
    first, second = (chapter().simulate(parameters) for _ in range(2))
    assert first.digest == second.digest
