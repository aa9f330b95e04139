"""Forward propagation: every beat stands in the frame and keeps its numbers with the network, whatever the parameters."""

from __future__ import annotations

from typing import Any

import pytest
from productions import load, production_of, walked

from nnanim.audit.ledger import check_ledger
from nnanim.engine import rehearse
from nnanim.subject import in_silence
from nnanim.visuals.cells.number_grid import NumberGrid

THOUSAND = (1000.0, 1000.0, 1000.0)
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "default": ("16:9", {}),
    "default, tall": ("9:16", {}),
    "learned": ("16:9", {"example": "by-hand"}),
    "one neuron in each layer": ("9:16", {"layers": (1, 1, 1), "gain": 0.01}),
    "two neurons in each layer": ("16:9", {"layers": (2, 2, 2)}),
    "large inputs": ("1:1", {"inputs": THOUSAND}),
    "large sums": ("16:9", {"inputs": tuple(-x for x in THOUSAND)}),
    "wide layers": ("1:1", {"layers": (1000,) * 6}),
}


@pytest.mark.parametrize("case", CASES)
def test_every_number_has_its_source(case):
    aspect, params = CASES[case]
    scene, found = walked(load(), {"aspect": aspect}, **params)
    assert not found
    assert not check_ledger(scene.ledger, scene.trace)
    assert all(claim.holds(scene.trace) for claim in scene.claims)


@pytest.mark.parametrize("case", ["learned", "large inputs"])
def test_no_numbers_stay_without_their_network(case):
    aspect, params = CASES[case]
    made = production_of(load(), {"aspect": aspect}, **params)
    alone: list[int] = []

    def look(scene: Any, beat: Any) -> None:
        alone.extend(beat.number for mobject in scene.mobjects if type(mobject) is NumberGrid)

    rehearse(lambda: made.scene(look), made.settings)
    assert not alone


@pytest.mark.parametrize(("layers", "neuron"), [((4, 30, 3), 15), ((4, 30, 3), 7), ((3, 13, 2), 7), ((40, 1000, 3), 500), ((3, 30, 30, 2), 30)])
@pytest.mark.parametrize("aspect", ["16:9", "9:16"])
def test_the_neuron_that_was_asked_for_is_shown(layers, neuron, aspect):
    """However many are left out: its products stand in the table, and it is ringed and named."""
    inputs = tuple(round(0.1 * (k % 10), 1) for k in range(layers[0]))
    scene, found = walked(load(), {"aspect": aspect}, layers=layers, neuron=neuron, inputs=inputs)
    assert not found
    sources = {shown.entry.source for shown in scene.ledger}
    assert {f"weights[1][{neuron - 1}][0]", f"pre_activations[1][{neuron - 1}]", f"activations[1][{neuron - 1}]"} <= sources
    multiplied = {source for source in sources if source.startswith("products[1][")}
    assert multiplied
    assert all(source.startswith(f"products[1][{neuron - 1}]") for source in multiplied)


def test_the_same_parameters_give_the_same_trace():
    chapter = load("forward-propagation")
    parameters = chapter.Params.read({"example": "by-hand"})
    first, second = (chapter().simulate(parameters, in_silence) for _ in range(2))
    assert first.digest == second.digest
