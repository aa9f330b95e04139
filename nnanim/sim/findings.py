"""What can be found in a record of :func:`nnanim.sim.descents.study`: the predicates of what is said of it.

Each takes the record, or the view of a run where it says so. Torch is not needed.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from nnanim.sim.outcomes import STILL, Outcome, alike, exceeds, outcome
from nnanim.trace import Trace, View

LEVEL = 1e-9
"""Bottoms whose losses differ by no more are equally deep."""
ALIKE = 0.8
"""From this correlation on two slices show much the same hills."""


def became(*outcomes: Outcome) -> Callable[[View], bool]:
    """The predicate of a run's view: whether it became one of these."""
    return lambda view: outcome(view.trace, view.prefix) in outcomes


def and_elsewhere(of: Outcome) -> Callable[[View], bool]:
    """The predicate of a run's view: whether it became this, away from where the first run has converged."""

    def holds(view: View) -> bool:
        trace = view.trace
        away = np.linalg.norm(view["points"][-1] - trace["descent.points"][-1])
        return became(of)(view) and settled(trace) and bool(away > trace["descent.tolerance"])

    return holds


def settled(trace: Trace, run: str = "descent") -> bool:
    """Whether a run converges, straight or after overshooting."""
    return outcome(trace, run) in (Outcome.CONVERGES, Outcome.SETTLES)


def not_settled(trace: Trace) -> bool:
    """Whether the first run does not converge."""
    return not settled(trace)


def settled_somewhere(trace: Trace) -> bool:
    """Whether the first run converges where others end elsewhere."""
    return settled(trace) and start_decides(trace)


# The first steps


def sloping(trace: Trace) -> bool:
    """Whether there is a slope at the start."""
    return bool(trace["descent.gradient_norms"][0] >= STILL)


def goes_by_slope(trace: Trace) -> bool:
    """Whether the first step is the learning rate times the gradient."""
    return bool((trace["descent.directions"][0] == trace["descent.gradients"][0]).all())


def goes_otherwise(trace: Trace) -> bool:
    """Whether it is not."""
    return not goes_by_slope(trace)


def _both(trace: Trace) -> tuple[float, float]:
    losses = trace["descent.losses"]
    return float(losses[0]), float(losses[int(trace["descent.reach"])])


def falls(trace: Trace) -> bool:
    """Whether the loss falls over the first steps."""
    return exceeds(*_both(trace))


def rises(trace: Trace) -> bool:
    """Whether it rises."""
    return exceeds(*_both(trace)[::-1])


def stays(trace: Trace) -> bool:
    """Whether it hardly changes."""
    return alike(*_both(trace))


def saddle(trace: Trace) -> bool:
    """Whether the ground of the false rest bends up one way and down another."""
    low, high = trace["rest.curvatures"]
    return bool(low < 0 < high)


def no_saddle(trace: Trace) -> bool:
    """Whether it does not."""
    return not saddle(trace)


def no_end(trace: Trace) -> bool:
    """Whether one of the first two balls leaves all bounds."""
    return bool(np.isinf(trace["apart"]))


def apart(trace: Trace) -> bool:
    """Whether both end, and not near one another."""
    return not no_end(trace) and not together(trace)


def together(trace: Trace) -> bool:
    """Whether both end near one another."""
    return bool(trace["apart"] <= trace["descent.tolerance"])


# Bottoms and starts


def bottoms(count: int) -> Callable[[Trace], bool]:
    """The predicate that there are so many bottoms."""
    return lambda trace: bool(trace["bottoms.count"] == count)


def several(trace: Trace) -> bool:
    """Whether there are several bottoms."""
    return bool(trace["bottoms.count"] > 1)


def equally_deep(trace: Trace) -> bool:
    """Whether there are several bottoms, all of one depth."""
    return several(trace) and bool(trace["bottoms.spread"] < LEVEL)


def not_equally_deep(trace: Trace) -> bool:
    """Whether there is one bottom, or several of which some are deeper."""
    return not equally_deep(trace)


def start_decides(trace: Trace) -> bool:
    """Whether starts end in several bottoms."""
    return bool((trace["starts.share"] > 0).sum() > 1)


def all_caught(trace: Trace) -> bool:
    """Whether every start ends in the one bottom."""
    return not start_decides(trace) and bool(trace["starts.caught"] == 1)


def some_caught(trace: Trace) -> bool:
    """Whether some starts end in the one bottom, and some do not."""
    return not start_decides(trace) and bool(0 < trace["starts.caught"] < 1)


def none_caught(trace: Trace) -> bool:
    """Whether no start ends in a bottom."""
    return bool(trace["starts.caught"] == 0)


# The step that a bottom can hold


def held(trace: Trace, rate: int) -> NDArray[np.bool_]:
    """Which balls are still at their bottoms with one of the rates that were tried: nearer than they were put beside them."""
    return np.asarray(trace["thrown.ends"][rate] < trace["thrown.nudge"] / 10)


def thrown_out(trace: Trace, rate: int) -> NDArray[np.bool_]:
    """Which balls are ten times as far from their bottoms as they were put beside them, or gone."""
    return np.asarray(trace["thrown.ends"][rate] > 10 * trace["thrown.nudge"])


def low_holds(trace: Trace) -> bool:
    """Whether every ball settles below the smallest limit."""
    return bool(held(trace, 0).all())


def low_fails(trace: Trace) -> bool:
    """Whether one does not."""
    return not low_holds(trace)


def high_fails(trace: Trace) -> bool:
    """Whether above the smallest limit the ball of the sharpest bottom, and no other, is out."""
    return bool(thrown_out(trace, 1)[0] and held(trace, 1)[1:].all())


def sharpest_fails(trace: Trace) -> bool:
    """The same where there are several bottoms."""
    return several(trace) and high_fails(trace)


def only_one_fails(trace: Trace) -> bool:
    """The same where there is only one."""
    return not several(trace) and high_fails(trace)


def high_surprises(trace: Trace) -> bool:
    """Whether it comes otherwise."""
    return not high_fails(trace)


def foretold(trace: Trace) -> bool:
    """Whether on both sides of the limit it comes as curvature foretells."""
    return low_holds(trace) and high_fails(trace)


# Weight, luck, slices


def _there(trace: Trace) -> tuple[int, int]:
    return int(trace["heavy.there"]), int(trace["descent.there"])


def weight_leads_elsewhere(trace: Trace) -> bool:
    """Whether both balls arrive, but not in the same bottom."""
    apart = np.linalg.norm(trace["heavy.points"][-1] - trace["descent.points"][-1])
    return min(_there(trace)) >= 0 and bool(apart > trace["descent.tolerance"])


def weight_helps(trace: Trace) -> bool:
    """Whether both balls arrive in the same bottom, the heavy one sooner."""
    heavy, plain = _there(trace)
    return 0 <= heavy < plain and not weight_leads_elsewhere(trace)


def weight_costs(trace: Trace) -> bool:
    """Whether both arrive in the same bottom, the heavy one later."""
    heavy, plain = _there(trace)
    return 0 <= plain < heavy and not weight_leads_elsewhere(trace)


def weight_changes_nothing(trace: Trace) -> bool:
    """Whether both arrive at once in the same bottom."""
    heavy, plain = _there(trace)
    return heavy == plain >= 0 and not weight_leads_elsewhere(trace)


def weight_alone(trace: Trace) -> bool:
    """Whether only the heavy ball arrives."""
    heavy, plain = _there(trace)
    return heavy >= 0 > plain


def weight_fails(trace: Trace) -> bool:
    """Whether the heavy ball does not arrive."""
    return _there(trace)[0] < 0


def crawled(one: bool) -> Callable[[Trace], bool]:
    """The predicate that our start crawled, and that one random start, or another number of them, does for as long."""
    return lambda trace: bool(trace["random.own"] > 0) and bool(trace["random.as_long"] == 1) == one


def never_crawled(one: bool) -> Callable[[Trace], bool]:
    """The predicate that ours never crawled, and that one random start, or another number of them, does."""
    return lambda trace: bool(trace["random.own"] == 0) and bool(trace["random.as_long"] == 1) == one


def other_hills(trace: Trace) -> bool:
    """Whether both slices look different."""
    return bool(trace["slices.likeness"] < ALIKE)


def same_hills(trace: Trace) -> bool:
    """Whether both slices look much alike."""
    return not other_hills(trace)
