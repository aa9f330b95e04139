"""One token after another: logits become probabilities, some are cut away, one is drawn, and the text grows by it.

Also what a key/value cache saves, counted in multiplications.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from nnanim.params import ParameterError
from nnanim.sim.causal_model import CausalModel
from nnanim.sim.threads import one_thread
from nnanim.trace import Trace
from nnanim.wording import n_of

TOP = 10
"""How many of the most likely tokens a trace names at every step; the others are summed up."""

UNITS = (("billion", 1e9), ("million", 1e6), ("thousand", 1e3), ("", 1.0))
"""In which large counts are read."""


@dataclass(frozen=True)
class Sampling:
    """How a token is drawn: temperature, then top-k, then top-p.

    Parameters
    ----------
    temperature
        Logits are divided by it; > 0. Small ones sharpen, large ones flatten. (Greedy choice is ``top_k=1``.)
    top_k
        Only so many of the most likely tokens stay; 0 keeps all.
    top_p
        Of those only the fewest most likely that together reach this probability; in (0, 1], 1 keeps all
        (nucleus sampling, Holtzman et al. 2020).

    Raises
    ------
    ParameterError
        When one of them is out of its bounds.
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.temperature) and self.temperature > 0):
            raise ParameterError(
                f"temperature must be > 0, got {self.temperature:g} (always the most likely token is top_k=1)"
            )
        if self.top_k < 0:
            raise ParameterError(f"top_k must be ≥ 0 (0 keeps all tokens), got {self.top_k}")
        if not 0 < self.top_p <= 1:
            raise ParameterError(f"top_p must be > 0 and ≤ 1, got {self.top_p:g}")


@dataclass(frozen=True)
class Choice:
    """The distribution that a token is drawn from, most likely token first (equal ones by id).

    Attributes
    ----------
    order
        Token ids, (V,).
    logits
        As the model gave them, (V,).
    probabilities
        softmax(logits / temperature), (V,).
    kept
        Which tokens top-k and top-p leave, always the first few, (V,).
    kept_probabilities
        The same probabilities, zero where cut, scaled to sum to 1, (V,).
    """

    order: Int[Tensor, " V"]
    logits: Float[Tensor, " V"]
    probabilities: Float[Tensor, " V"]
    kept: Bool[Tensor, " V"]
    kept_probabilities: Float[Tensor, " V"]


def choose(logits: Float[Tensor, " V"], sampling: Sampling) -> Choice:
    """Turn logits into the distribution that is drawn from, in float64."""
    sorted_logits, order = torch.sort(logits.double(), descending=True, stable=True)
    probabilities = torch.softmax((sorted_logits - sorted_logits[0]) / sampling.temperature, dim=0)
    kept = torch.ones_like(probabilities, dtype=torch.bool)
    if sampling.top_k:
        kept[sampling.top_k :] = False
    if sampling.top_p < 1:
        share = torch.where(kept, probabilities, 0.0)
        before = (share / share.sum()).cumsum(0).roll(1)  # the probability of all tokens ahead of each
        before[0] = 0.0
        kept &= before < sampling.top_p
    kept_probabilities = torch.where(kept, probabilities, 0.0)
    return Choice(order, sorted_logits, probabilities, kept, kept_probabilities / kept_probabilities.sum())


def draw(choice: Choice, number: float) -> int:
    """The rank of the token on which a random number in [0, 1) falls when the kept probabilities are laid end to end."""
    ends = choice.kept_probabilities.cumsum(0)
    last = int(choice.kept.sum()) - 1
    return min(int(torch.searchsorted(ends, torch.tensor(number, dtype=ends.dtype), right=True)), last)


def entropy(probabilities: Float[Tensor, " V"]) -> float:
    """Uncertainty in bits: −Σ p log₂ p."""
    return float(torch.special.entr(probabilities).sum() / math.log(2))


def counted_pass(model: CausalModel, ids: Sequence[int], cache: Any = None) -> tuple[Float[Tensor, " V"], int]:
    """The logits after the last token, and how many multiplications the matrix products of this pass took.

    Torch counts them while it multiplies, so that they are right for every architecture. Norms, rotations and softmax are
    not matrix products.

    Parameters
    ----------
    ids
        Tokens that are read in this pass.
    cache
        Holds keys and values of the tokens before them.
    """
    with FlopCounterMode(display=False) as counter:
        logits = model.forward(ids, cache, keep=()).logits[-1]
    return logits, counter.get_total_flops() // 2  # it counts an addition for each multiplication


def generate(
    model: CausalModel,
    prompt: str,
    steps: int,
    sampling: Sampling,
    seed: int,
    most_prompt_tokens: int | None = None,
    report: Callable[[float, str], None] = lambda share, what: None,
) -> Trace:
    """Continue a text token by token and keep what was decided at every step.

    It ends after ``steps`` tokens, or with the marker by which the model ends a text, or when the model can read no more.
    At each step the model reads with and without a cache; what is drawn comes from the cached pass. (A model without a
    cache reads without.)

    Parameters
    ----------
    prompt
        The text to be continued.
    seed
        Of the random numbers, one for each step.
    most_prompt_tokens
        A longer prompt is refused.
    report
        Told which share is done.

    Returns
    -------
    A trace with S steps and, at each, the R = min(10, V) most likely tokens. ``ids`` (prompt and drawn), ``prompt_length``,
    ``step_count``, ``context_lengths`` (S); ``top_ids``, ``top_logits``, ``top_plain`` (probabilities at temperature 1),
    ``top_probabilities`` (at the temperature), ``top_kept`` (0 or 1), ``top_kept_probabilities`` (after the cuts; all
    (S, R)) and for all other tokens together ``rest_plain``, ``rest_probabilities``, ``rest_kept_probabilities`` (S);
    ``rest_count`` tokens, ``rest_kept_counts`` (S) of them kept; ``kept_counts``, ``kept_mass`` (S);
    ``entropies`` and ``kept_entropies`` in bits (S); ``draws`` in [0, 1), ``drawn_ids``, ``drawn_ranks`` (0 the most
    likely), ``drawn_logits``, ``drawn_probabilities``, ``drawn_kept_probabilities``, and the drawn token's place on
    the line of kept probabilities, ``drawn_from`` and ``drawn_to`` (S); ``multiplications_cached``,
    ``multiplications_uncached`` and their running sums ``total_cached``, ``total_uncached`` (S), ``total_ratio``;
    ``readable_cached`` and ``readable_uncached``, the last of the running sums in the unit that the text ``unit`` names;
    ``cache_difference`` (S), the largest difference of any logit with and without the cache, and
    ``agreement``, the next power of ten above the largest of these; ``likeliest_count``, how often no token was more likely
    than the drawn one; ``vocabulary_size``, ``layer_count``, ``caches`` (1 when the model has a cache), ``logit_cap`` (of
    :class:`Sizes`), ``ended`` (1 when the model ended the text), ``full`` (1 when it can read no more tokens),
    ``end_marks``, how many of its tokens end a text.
    Text: ``prompt``, ``continuation``, ``model``, ``weights_note``; ``tokens`` and ``top_tokens`` as JSON lists.

    Raises
    ------
    ParameterError
        When the prompt is empty or too long.
    """
    ids = model.encode(prompt)
    most = min(model.config.n_context - 1, most_prompt_tokens or model.config.n_context)
    if not prompt or not ids:
        raise ParameterError("prompt must not be empty: the model needs a token to go on from")
    if len(ids) > most:
        raise ParameterError(f"prompt must have at most {n_of(most, 'token')}, got {len(ids)}")
    generator = torch.Generator().manual_seed(seed)
    prompt_length, record, cache, new = len(ids), _Record(model), model.new_cache(), list(ids)
    with one_thread():
        for step in range(steps):
            report(step / steps, "generating")
            without, all_work = counted_pass(model, ids)
            logits, work = (without, all_work) if cache is None else counted_pass(model, new, cache)
            if not bool(torch.isfinite(logits).all()):
                raise ParameterError(f"the model {model.config.name} gives logits that are no numbers")
            choice = choose(logits, sampling)
            number = float(torch.rand((), generator=generator, dtype=torch.float64))
            rank = draw(choice, number)
            record.step(choice, number, rank, len(ids), (work, all_work), float((logits - without).abs().max()))
            new = [int(choice.order[rank])]
            ids = [*ids, *new]
            if new[0] in model.tokenizer.end_ids or len(ids) >= model.config.n_context:
                break
    return record.trace(prompt, ids, prompt_length, cache is not None)


class _Record:
    """What is kept of every step."""

    def __init__(self, model: CausalModel) -> None:
        self.model = model
        self.rows: list[dict[str, float | int | Sequence[float]]] = []

    def step(
        self, choice: Choice, number: float, rank: int, context: int, work: tuple[int, int], difference: float
    ) -> None:
        """Note one step; ``rank`` is the drawn token's, ``work`` multiplications with and without the cache."""
        plain = torch.softmax(choice.logits, dim=0)
        ends = choice.kept_probabilities.cumsum(0)
        count = int(choice.kept.sum())
        self.rows.append(
            {
                "context_lengths": context,
                "top_ids": choice.order[:TOP].tolist(),
                "top_logits": choice.logits[:TOP].tolist(),
                "top_plain": plain[:TOP].tolist(),
                "top_probabilities": choice.probabilities[:TOP].tolist(),
                "top_kept": choice.kept[:TOP].long().tolist(),
                "top_kept_probabilities": choice.kept_probabilities[:TOP].tolist(),
                "rest_plain": float(plain[TOP:].sum()),
                "rest_probabilities": float(choice.probabilities[TOP:].sum()),
                "rest_kept_probabilities": float(choice.kept_probabilities[TOP:].sum()),
                "rest_kept_counts": max(0, count - TOP),
                "kept_counts": count,
                "kept_mass": float(choice.probabilities[:count].sum()),
                "entropies": entropy(choice.probabilities),
                "kept_entropies": entropy(choice.kept_probabilities),
                "draws": number,
                "drawn_ids": int(choice.order[rank]),
                "drawn_ranks": rank,
                "drawn_logits": float(choice.logits[rank]),
                "drawn_probabilities": float(choice.probabilities[rank]),
                "drawn_kept_probabilities": float(choice.kept_probabilities[rank]),
                "drawn_from": float(ends[rank - 1]) if rank else 0.0,
                "drawn_to": float(ends[rank]),
                "multiplications_cached": work[0],
                "multiplications_uncached": work[1],
                "cache_difference": difference,
            }
        )

    def trace(self, prompt: str, ids: Sequence[int], prompt_length: int, caches: bool) -> Trace:
        """Everything as named arrays."""
        model = self.model
        arrays = {name: np.array([row[name] for row in self.rows]) for name in self.rows[0]}
        arrays["total_cached"] = arrays["multiplications_cached"].cumsum()
        arrays["total_uncached"] = arrays["multiplications_uncached"].cumsum()
        unit, scale = next(row for row in UNITS if arrays["total_cached"][-1] >= row[1])
        numbers = {
            "ids": ids,
            "prompt_length": prompt_length,
            "step_count": len(self.rows),
            "vocabulary_size": model.config.n_vocabulary,
            "rest_count": max(0, model.config.n_vocabulary - TOP),
            "layer_count": model.config.n_layers,
            "caches": int(caches),
            "logit_cap": model.config.logit_cap,
            "total_ratio": arrays["total_uncached"][-1] / arrays["total_cached"][-1],
            "readable_cached": arrays["total_cached"][-1] / scale,
            "readable_uncached": arrays["total_uncached"][-1] / scale,
            "likeliest_count": (arrays["drawn_logits"] == arrays["top_logits"][:, 0]).sum(),
            "agreement": 10.0 ** math.ceil(math.log10(max(float(arrays["cache_difference"].max()), 1e-9))),
            "ended": int(ids[-1] in model.tokenizer.end_ids),
            "full": int(len(ids) >= model.config.n_context),
            "end_marks": len(model.tokenizer.end_ids),
        }
        text = {
            "prompt": prompt,
            "continuation": model.decode(ids[prompt_length:]),
            "model": model.config.name,
            "weights_note": model.config.weights_note,
            "unit": unit,
            "tokens": json.dumps(model.token_texts(ids)),
            "top_tokens": json.dumps([model.token_texts(row) for row in arrays["top_ids"].tolist()]),
        }
        return Trace({**arrays, **{name: np.asarray(value) for name, value in numbers.items()}}, text)
