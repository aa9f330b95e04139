"""Every simulation is computed again with other rounding, so that only digits which survive it are shown.

A torch operation rounds its result, and the order of a sum decides how. Other processors, threads and versions choose
other orders. Here the same code runs again while its roundings fall out otherwise: Monte Carlo arithmetic (Parker 1997,
*Monte Carlo Arithmetic: exploiting randomness in floating-point arithmetic*). It asks nothing of the simulation.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from nnanim.params import ParameterError
from nnanim.trace import Trace


def _names(words: str) -> frozenset[str]:
    return frozenset(words.split())


Report = Callable[[float, str], None]

PRODUCTS = _names(
    "linear bilinear matmul __matmul__ __rmatmul__ mm addmm bmm baddbmm addbmm mv addmv dot vdot inner einsum tensordot "
    "conv1d conv2d conv3d scaled_dot_product_attention"
)
"""Operations of torch that add up products: every number that goes in is off by one unit in its last place."""
SUMS = _names(
    "sum mean var std var_mean std_mean prod cumsum logsumexp norm vector_norm softmax log_softmax layer_norm rms_norm "
    "group_norm batch_norm cross_entropy nll_loss mse_loss binary_cross_entropy binary_cross_entropy_with_logits"
)
"""Operations that add up their first argument: it is off in the same way; labels and scales stay what they are."""
FUNCTIONS = _names(
    "exp expm1 log log1p log2 log10 rsqrt pow __pow__ square sin cos tan tanh sigmoid erf gelu silu elu softplus mish "
    "logsigmoid rand randn normal"
)
"""Functions that processors round differently, and drawn numbers: their results are off."""
ROUNDING = 1
"""Raised when what is repeated here changes: recordings made before are then made again."""
LARGE = 1 << 20
"""Tensors with more numbers are tables of weights: there it is enough that what they are multiplied with is off."""


def repeated(
    simulate: Callable[[Report], Trace], times: int = 2, report: Report = lambda share, what: None
) -> Trace:
    """What a simulation gives, with what it gives under other roundings beside it, as :attr:`Trace.again`.

    A simulation that does without torch is not repeated; where it refuses its numbers, that record of it is empty.

    Parameters
    ----------
    times
        How often it is repeated; once may come out the same by chance.
    """

    def part(number: int) -> Report:
        """Its share of the whole; without torch the first is the whole, and then ends sooner than it said."""
        return lambda share, what: report((number + share) / (1 + times), what if not number else f"{what}, again")

    trace = simulate(part(0))
    if "torch" not in sys.modules:
        return trace
    others = [_otherwise(simulate, seed, part(1 + seed)) for seed in range(times)]
    # What no rounding changes did without torch, whether or not somebody else had loaded it.
    return trace if all(other.digest == trace.digest for other in others) else trace.beside(*others)


def _otherwise(simulate: Callable[[Report], Trace], seed: int, report: Report) -> Trace:
    try:
        with other_rounding(seed):
            return simulate(report)
    except ParameterError:
        return Trace({})  # it overflows in one of the two: none of its numbers can be relied on


def other_rounding(seed: int = 0) -> AbstractContextManager[Any]:
    """Within it torch rounds otherwise: up or down by chance, but the same for the same seed."""
    import torch
    from torch.overrides import TorchFunctionMode

    signs = 2.0 * torch.randint(0, 2, (2 * LARGE,), generator=torch.Generator().manual_seed(seed)).double() - 1.0
    factors = {kind: (1.0 + torch.finfo(kind).eps * signs).to(kind) for kind in (torch.float32, torch.float64)}
    place = random.Random(seed).randrange

    def off(value: Any) -> Any:
        """A tensor of floating-point numbers, each one unit in its last place up or down; zeros and the rest as they are."""
        if not isinstance(value, torch.Tensor) or value.dtype not in factors or not 0 < value.numel() <= LARGE:
            return value
        return value * factors[value.dtype].narrow(0, place(LARGE), value.numel()).view(value.shape)

    class OtherRounding(TorchFunctionMode):
        """Sees every function of torch that Python calls; autograd's way back goes through the same factors."""

        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            name, kwargs = getattr(func, "__name__", ""), kwargs or {}
            if name in PRODUCTS:
                return func(*map(off, args), **kwargs)
            if name in SUMS:
                return func(*map(off, args[:1]), *args[1:], **kwargs)
            result = func(*args, **kwargs)
            return off(result) if name in FUNCTIONS else result

    return OtherRounding()
