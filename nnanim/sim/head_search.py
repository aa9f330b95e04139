"""A search through every head of a language model for three that do something nameable, each with a control.

A head is chosen on one set of inputs; its score is then taken on inputs that it was not chosen on, and on their controls.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from nnanim.params import ParameterError
from nnanim.sim.attention import Arrays, Text
from nnanim.sim.copying import copying
from nnanim.sim.language_model import LanguageModel

if TYPE_CHECKING:
    from nnanim.sim.causal_model import CausalModel

Ids = list[int]
Report = Callable[[float, str], None]
PATTERNS = ("previous", "induction", "indirect")
"""What is searched for: the previous token, what followed last time, the indirect object."""

EACH = 10
"""Inputs to search on, as many to check on, as many controls."""
HALF = 16
"""Random tokens that are repeated, or not."""
SHOWN = 6
"""As many in the example that is drawn."""
COMMON = 6000
"""Where a tokenizer has too few whole words: its first tokens, which are frequent ones in a byte-pair vocabulary."""

SENTENCES = tuple(
    """The river froze before anyone noticed the cold.
A small boat crossed the harbour at dawn.
She opened the window and listened to the rain.
Most people forget where they put their keys.
The teacher drew a circle on the board.
Old houses make strange noises during the night.
He bought fresh bread and a bottle of milk.
Our train was late because of the storm.
Children played in the park until it got dark.
The doctor wrote a short letter to his brother.
My neighbour plants tomatoes every spring.
The museum keeps its oldest maps in a cellar.
Two dogs ran across the empty street.
Nobody expected the answer to be so simple.
The orchestra tuned before the lights went down.
Farmers wait for rain in the early summer.
A new bridge will connect both parts of the city.
The painter mixed blue and yellow on a plate.
Good tools last longer than cheap ones.
The ship carried coal, wood and a few letters.""".splitlines()
)
NAMES = ("Mary", "John", "Tom", "Anna", "Peter", "Lucy", "James", "Sarah", "Paul", "Emma", "David", "Laura", "Mark", "Kate")
PLACES = ("store", "park", "school", "station", "market", "office")
THINGS = ("drink", "book", "letter", "ring", "ball", "key")


@dataclass(frozen=True)
class Case:
    """One input and what counts in it: the mean of the attention that tokens ``rows`` give to tokens ``columns``."""

    ids: Ids
    rows: list[int]
    columns: list[int]

    def score(self, attention: Float[Tensor, "L H T T"]) -> Float[Tensor, "L H"]:
        """The score of every head."""
        return attention[:, :, self.rows, self.columns].double().mean(dim=-1)


@dataclass(frozen=True)
class Inputs:
    """What a search needs: inputs to choose a head on, others to check it on, the others' controls, and a pair to draw."""

    search: list[Case]
    check: list[Case]
    control: list[Case]
    example: tuple[Ids, Ids]


# What is looked for ------------------------------------------------------------------------------------


def previous_inputs(model: CausalModel, generator: torch.Generator) -> Inputs:
    """Every token but the first against the one before it; the control shuffles the words."""

    def case(ids: Ids) -> Case:
        return Case(ids, list(range(1, len(ids))), list(range(len(ids) - 1)))

    sentences = [list(model.encode(sentence)) for sentence in SENTENCES]
    shuffled = [shuffle(ids, generator) for ids in sentences[EACH:]]
    return Inputs(
        [case(ids) for ids in sentences[:EACH]],
        [case(ids) for ids in sentences[EACH:]],
        [case(ids) for ids in shuffled],
        (sentences[EACH], shuffled[0]),
    )


def induction_inputs(model: CausalModel, generator: torch.Generator) -> Inputs:
    """Random words, then the same again: a token of the second half against the one after its first appearance.

    The control's second half is random words of its own (Olsson et al. 2022, *In-context learning and induction heads*).
    """
    vocabulary = common_words(model)

    def words(count: int) -> Ids:
        chosen = torch.randperm(len(vocabulary), generator=generator)[:count]
        return [vocabulary[int(place)] for place in chosen]

    def case(ids: Ids) -> Case:
        half = len(ids) // 2
        return Case(ids, list(range(half, 2 * half)), list(range(1, half + 1)))

    repeated = [2 * words(min(HALF, len(vocabulary) // 2)) for _ in range(2 * EACH)]
    controls = []
    for ids in repeated[EACH:]:
        fresh = words(len(ids))
        half = len(ids) // 2
        controls.append(ids[:half] + [token for token in fresh if token not in ids[:half]][:half])
    short = words(2 * SHOWN)
    example = (2 * short[:SHOWN], short)
    return Inputs(
        [case(ids) for ids in repeated[:EACH]],
        [case(ids) for ids in repeated[EACH:]],
        [case(ids) for ids in controls],
        example,
    )


def indirect_inputs(model: CausalModel, generator: torch.Generator) -> Inputs:
    """“When A and B went to the store, B gave a drink to”: the last token against A.

    In the control A gives the drink, so that B is who gets it (Wang et al. 2022, *Interpretability in the wild*).
    """
    drawn: dict[tuple[str, str], tuple[str, str]] = {("Mary", "John"): ("store", "drink")}

    def pick(words: Sequence[str]) -> str:
        return words[int(torch.randint(len(words), (), generator=generator))]

    while len(drawn) < 2 * EACH:
        first, second = pick(NAMES), pick(NAMES)
        if first != second and (first, second) not in drawn:
            drawn[first, second] = (pick(PLACES), pick(THINGS))

    def case(first: str, second: str, giver: str, place: str, thing: str) -> Case:
        opening = f"When {first}"
        prompt = f"{opening} and {second} went to the {place}, {giver} gave a {thing} to"
        ids = list(model.encode(prompt))
        return Case(ids, [len(ids) - 1], [len(model.encode(opening)) - 1])

    people = list(drawn.items())
    plain = [case(a, b, b, *rest) for (a, b), rest in people]
    swapped = [case(a, b, a, *rest) for (a, b), rest in people]
    return Inputs(plain[EACH:], plain[:EACH], swapped[:EACH], (plain[0].ids, swapped[0].ids))


def shuffle(ids: Ids, generator: torch.Generator) -> Ids:
    """The same tokens in another order, none of them behind the one that it stood behind, when that can be had."""
    order = list(range(len(ids)))
    for _ in range(100):
        order = torch.randperm(len(ids), generator=generator).tolist()
        if all(later != earlier + 1 for earlier, later in pairwise(order)):
            break
    return [ids[place] for place in order]


def common_words(model: CausalModel) -> Ids:
    """Ids of the words in the sentences above that are one token each; any tokens when there are too few such."""
    words: dict[int, None] = {}
    for sentence in SENTENCES:
        ids = list(model.encode(sentence))
        texts = list(model.token_texts(ids))
        for number, text, following in zip(ids, texts, [*texts[1:], ""], strict=False):
            if text.startswith(" ") and text[1:].isalpha() and text[1:].islower() and len(text) >= 4 and not following[:1].isalnum():
                words[number] = None
    if len(words) >= 2 * HALF + SHOWN:
        return list(words)
    return list(range(min(model.config.n_vocabulary, COMMON)))


# The search --------------------------------------------------------------------------------------------

INPUTS = {"previous": previous_inputs, "induction": induction_inputs, "indirect": indirect_inputs}


def search_heads(model: CausalModel, seed: int, report: Report = lambda share, what: None) -> tuple[Arrays, Text]:
    """Find the head that does each of :data:`PATTERNS` best.

    Parameters
    ----------
    model
        Every head of every layer of it is tried.
    seed
        Of the random words, the shuffling, and the names.
    report
        Called with the share done and what is being done.

    Returns
    -------
    For each pattern: arrays ``found.NAME.layer`` and ``found.NAME.head``, counted from 1; ``found.NAME.score`` (the best
    mean on the inputs that were searched), ``found.NAME.check`` and ``found.NAME.control`` (the same head on new inputs
    and on their controls), ``found.NAME.count`` (inputs in each of the three), ``found.NAME.most`` (the largest mean that
    any head has on the new inputs), ``example.NAME.attention`` and ``example.NAME.control`` (T, T) of that head. Text ``example.NAME.tokens`` and ``example.NAME.control_tokens`` (JSON).
    For ``induction``, where the model offers what its heads write, what :func:`copying_of` returns.
    For ``indirect`` also ``example.indirect.answer`` and ``…control_answer``, the probability of the likeliest next
    token, and their texts; ``example.indirect.place``, the token that is looked for.

    Raises
    ------
    ParameterError
        When the model cannot read inputs of that length.
    """
    arrays: Arrays = {}
    text: Text = {}
    for number, name in enumerate(PATTERNS):
        inputs = INPUTS[name](model, torch.Generator().manual_seed(seed))
        cases = [*inputs.search, *inputs.check, *inputs.control]
        if (longest := max(len(case.ids) for case in cases)) > model.config.n_context:
            raise ParameterError(f"{model.config.name} reads {model.config.n_context} tokens, the search needs {longest}")
        done = 0

        def score(case: Case, name: str = name, number: int = number, count: int = len(cases)) -> Tensor:
            nonlocal done
            report((number + done / count) / len(PATTERNS), f"searching heads: {TITLES[name]}")
            done += 1
            return case.score(model.forward(case.ids, keep=("attention",)).attention)

        searched, checked, controlled = (
            torch.stack([score(case) for case in part]).mean(dim=0)
            for part in (inputs.search, inputs.check, inputs.control)
        )  # (L, H) each
        best = int(searched.argmax())
        layer, head = divmod(best, searched.shape[1])
        arrays |= {
            f"found.{name}.layer": np.array(layer + 1),
            f"found.{name}.head": np.array(head + 1),
            f"found.{name}.score": np.array(float(searched[layer, head])),
            f"found.{name}.check": np.array(float(checked[layer, head])),
            f"found.{name}.control": np.array(float(controlled[layer, head])),
            f"found.{name}.count": np.array(len(inputs.check)),
            f"found.{name}.most": np.array(float(checked.max())),
            f"found.{name}.scores": searched.numpy(),
        }
        for ids, kind in zip(inputs.example, ("attention", "control"), strict=True):
            example = model.forward(ids, keep=("attention",))
            arrays[f"example.{name}.{kind}"] = example.attention[layer, head].double().numpy()
            label = "tokens" if kind == "attention" else "control_tokens"
            text[f"example.{name}.{label}"] = json.dumps(list(model.token_texts(ids)), ensure_ascii=False)
            if name == "indirect":
                prefix = "" if kind == "attention" else "control_"
                chances = torch.softmax(example.logits[-1].double(), dim=-1)
                arrays[f"example.indirect.{prefix}answer"] = np.array(float(chances.max()))
                text[f"example.indirect.{prefix}answer"] = model.token_texts([int(chances.argmax())])[0]
        if name == "induction":
            arrays |= copying_of(model, layer, head, inputs)
        if name == "indirect":
            arrays["example.indirect.place"] = np.array(inputs.check[0].columns[0])
    report(1.0, "searching heads")
    return arrays, text


def copying_of(model: CausalModel, layer: int, head: int, inputs: Inputs) -> Arrays:
    """Whether a head that finds what followed last time also says it: the other half of induction.

    Olsson et al. 2022 call a head an induction head when it matches the prefix *and* raises the attended token's logit.

    Parameters
    ----------
    layer, head
        Counted from 0.

    Returns
    -------
    ``found.induction.lift``, how far the head by itself raises the logit of the token that it is to look at above the
    mean over the vocabulary (:func:`nnanim.sim.copying.copying`), as a mean over all tokens that look; ``….lifted``, the
    share of these in which it does; ``….control_lift``, the same mean where nothing repeats. Nothing for a model that
    does not offer what its heads write.
    """
    if not isinstance(model, LanguageModel):
        return {}
    lifts, control = (
        torch.cat([copying(model, layer, head, case.ids, case.rows, case.columns) for case in part])
        for part in (inputs.check, inputs.control)
    )
    return {
        "found.induction.lift": np.array(float(lifts.mean())),
        "found.induction.lifted": np.array(float((lifts > 0).double().mean())),
        "found.induction.control_lift": np.array(float(control.mean())),
    }


TITLES = {"previous": "the previous token", "induction": "what followed last time", "indirect": "the indirect object"}
