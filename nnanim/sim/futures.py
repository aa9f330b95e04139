"""Several texts from one beginning: other random numbers, the same ones again, one moved a little, and none at all.

Each is a control of what a drawn text depends on. The first text, with every decision kept, is that of
:func:`nnanim.sim.generation.generate`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from nnanim.sim.causal_model import CausalModel
from nnanim.sim.generation import UNITS, Sampling, choose, draw, generate
from nnanim.sim.sums import judged
from nnanim.sim.threads import one_thread
from nnanim.trace import Trace

FUTURES = 5
"""So many texts grow from the same beginning; their seeds follow one another."""
NUDGES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
"""The first random number is moved by these, in turn, until the text becomes another."""
COLDEST, HOTTEST, HEATS = 0.5, 2.0, 40
"""Temperatures that are gone through, and how many on the way from one to the next."""
LARGEST_SEED = 2**31 - 1
LARGE = (("trillion", 1e12), *UNITS)
"""In which chances are read."""
GREEDY = Sampling(1.0, 1, 1.0)
"""Always the likeliest token."""


@dataclass(frozen=True)
class Written:
    """A text as it was drawn: token ids, and the logits before its first token."""

    ids: tuple[int, ...]
    first_logits: Float[Tensor, " V"]


def numbers_of(seed: int) -> Iterator[float]:
    """The random numbers of a seed, as :func:`nnanim.sim.generation.generate` draws them: in [0, 1), float64."""
    generator = torch.Generator().manual_seed(seed)
    while True:
        yield float(torch.rand((), generator=generator, dtype=torch.float64))


def seeds_from(seed: int, count: int) -> list[int]:
    """So many seeds that follow one another; behind the largest comes 0."""
    return [(seed + place) % (LARGEST_SEED + 1) for place in range(count)]


def write(model: CausalModel, ids: Sequence[int], steps: int, sampling: Sampling, numbers: Iterator[float]) -> Written:
    """Continue a text with these random numbers, one for each token, and stop as ``generate`` does.

    Parameters
    ----------
    ids
        Tokens of the beginning.
    steps
        At most so many tokens are drawn.
    """
    text, new, cache, first = list(ids), list(ids), model.new_cache(), None
    for _ in range(steps):
        logits = model.forward(text if cache is None else new, cache, keep=()).logits[-1]
        first = logits if first is None else first
        choice = choose(logits, sampling)
        new = [int(choice.order[draw(choice, next(numbers))])]
        text += new
        if new[0] in model.tokenizer.end_ids or len(text) >= model.config.n_context:
            break
    assert first is not None
    return Written(tuple(text[len(ids) :]), first)


def moved(first: float, by: float) -> float:
    """A number of [0, 1) moved up, or down where that leads out."""
    return first + by if first + by < 1 else first - by


def heats(logits: Float[Tensor, " V"], top: int, end: float) -> tuple[np.ndarray, np.ndarray]:
    """Temperatures from 1 down, up, and to the one that is used; and softmax(logits / temperature) at each.

    Returns
    -------
    Temperatures (H,), and the probabilities of the ``top`` likeliest tokens with the sum of all others last, (H, top + 1).
    """
    stops = [1.0, min(COLDEST, end), max(HOTTEST, end), end]
    legs = [np.geomspace(one, other, HEATS + 1)[1:] for one, other in pairwise(stops)]
    temperatures = np.concatenate([[1.0], *legs])
    ordered = torch.sort(logits.double(), descending=True, stable=True).values
    rows = [torch.softmax((ordered - ordered[0]) / float(t), dim=0).numpy() for t in temperatures]
    return temperatures, np.array([[*row[:top], row[top:].sum()] for row in rows])


def futures(
    model: CausalModel, prompt: str, steps: int, sampling: Sampling, seed: int, most_prompt_tokens: int | None = None,
    report: Callable[[float, str], None] = lambda share, what: None,
) -> Trace:  # fmt: skip
    """Five texts from one beginning, and what moves them apart.

    Returns
    -------
    The trace of :func:`nnanim.sim.generation.generate` for the first text, and beside it: ``future_count`` F;
    ``futures[b].ids``, the drawn tokens of each text (F of them, the first once more); ``future_seeds`` (F);
    ``future_draws`` (F), the first random number of each; ``logit_differences`` (F), the largest difference of any logit before the
    first draw from those of the first text; ``distinct``, how many of the texts differ;
    ``drawn_places`` (S), the rank of each drawn token counted from 1; ``chances`` (S), the product of the drawn tokens'
    shares so far, ``one_in`` (S), its inverse, and ``readable_one_in`` (S), that in the units that the text ``chance_units`` names;
    ``nudges`` the steps tried, ``nudge_none`` and ``nudge_other``: the largest of them before which the text stayed the
    same (0 if none), and the one with which it became another (0 if none); ``nudged_to`` where the moved number lies;
    ``nudged.ids`` the other text, ``nudged_same.ids`` the same one;
    ``replay.ids``, the last text once more, drawn with its own numbers again, and ``replay_same``, whether it is the same;
    ``greedy.ids`` the likeliest token at each step, ``greedy_count`` how many of F such runs gave it;
    what :func:`nnanim.sim.sums.judged` finds; ``heat.temperatures`` (H) and ``heat.shares`` (H, R + 1): see :func:`heats`.
    Text: ``futures``, ``nudged``, ``nudged_same``, ``replay``, ``greedy`` as JSON lists of the tokens' texts; ``end_texts``, those
    of them with which the model ends a text.

    Raises
    ------
    ParameterError
        As :func:`nnanim.sim.generation.generate`.
    """
    first = generate(model, prompt, steps, sampling, seed, most_prompt_tokens, lambda share, what: report(0.4 * share, what))
    length, ids = int(first["prompt_length"]), first["ids"].tolist()
    beginning, seeds = ids[:length], seeds_from(seed, FUTURES)
    with one_thread():
        written = []
        for place, each in enumerate(seeds):
            report(0.4 + 0.06 * place, "other futures")
            written.append(write(model, beginning, steps, sampling, numbers_of(each)))
        report(0.7, "the same numbers again")
        again = write(model, beginning, steps, sampling, numbers_of(seeds[-1]))
        report(0.76, "without random numbers")
        greedy = [write(model, beginning, steps, GREEDY, numbers_of(each)) for each in seeds]
        report(0.9, "a random number moved")
        nudge = _nudge(model, beginning, steps, sampling, seed)
    temperatures, shares = heats(written[0].first_logits, first["top_ids"].shape[1], sampling.temperature)
    apart = [float((one.first_logits - written[0].first_logits).abs().max()) for one in written]
    chance, units = _chance(first)
    arrays = {
        "future_count": FUTURES, "future_seeds": seeds, "future_draws": [next(numbers_of(each)) for each in seeds],
        "logit_differences": apart, "distinct": len({one.ids for one in written}), "drawn_places": first["drawn_ranks"] + 1,
        "replay.ids": again.ids, "replay_same": int(again.ids == written[-1].ids), "greedy.ids": greedy[0].ids,
        "greedy_count": sum(one.ids == greedy[0].ids for one in greedy),
        "heat.temperatures": temperatures, "heat.shares": shares,
        **{f"futures[{place}].ids": one.ids for place, one in enumerate(written)}, **chance, **nudge,
    }  # fmt: skip
    arrays |= judged(
        prompt, [model.decode(one.ids) for one in written], model.decode(greedy[0].ids), model.token_texts(first["top_ids"][0].tolist())
    )
    shown = {*first["top_ids"].flat, *(token for name, ids in arrays.items() if name.endswith(".ids") for token in ids)}
    text = {
        "futures": [model.token_texts(one.ids) for one in written], "chance_units": units,
        "end_texts": model.token_texts(sorted(int(token) for token in shown & set(model.tokenizer.end_ids))),
        **{name: model.token_texts(arrays[f"{name}.ids"]) for name in ("nudged", "nudged_same", "replay", "greedy")},
    }  # fmt: skip
    return Trace(
        {**first.arrays, **{name: np.asarray(value) for name, value in arrays.items()}},
        {**first.text, **{name: json.dumps(value) for name, value in text.items()}},
    )


def _chance(first: Trace) -> tuple[dict[str, Any], list[str]]:
    """How likely exactly this text was, after each of its tokens; and the units in which that is read."""
    chances = first["drawn_kept_probabilities"].cumprod()
    one_in = 1 / np.maximum(chances, 1e-300)
    units = [next(unit for unit in LARGE if value >= unit[1]) for value in np.maximum(one_in, 1.0)]
    readable = [value / scale for value, (_, scale) in zip(one_in, units, strict=True)]
    return {"chances": chances, "one_in": one_in, "readable_one_in": readable}, [name for name, _ in units]


def _nudge(model: CausalModel, beginning: Sequence[int], steps: int, sampling: Sampling, seed: int) -> dict[str, Any]:
    """Move the first random number farther and farther, the later ones kept, until another text comes of it."""

    def with_first(by: float) -> tuple[int, ...]:
        numbers = numbers_of(seed)
        first = moved(next(numbers), by)
        return write(model, beginning, steps, sampling, _after(first, numbers)).ids

    same, none, other, text = with_first(0.0), 0.0, 0.0, None
    kept = same
    for by in NUDGES:
        text = with_first(by)
        if text != kept:
            other = by
            break
        none = by
    start = next(numbers_of(seed))
    return {
        "nudges": NUDGES, "nudge_none": none, "nudge_other": other, "nudged_same.ids": same, "nudged.ids": text or same,
        "nudged_to": [moved(start, none), moved(start, other)],
    }  # fmt: skip


def _after(first: float, rest: Iterator[float]) -> Iterator[float]:
    yield first
    yield from rest

