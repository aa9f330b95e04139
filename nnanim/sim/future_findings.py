"""What can be found in a record of :func:`nnanim.sim.futures.futures`: the predicates of what is said of it.

Each takes the record. Torch is not needed.
"""

from __future__ import annotations

import numpy as np

from nnanim.trace import Trace

HARDLY = 0.005
"""A favourite's share that changes by less over all temperatures hardly changes."""
REPEATED, NEARLY = 1e-3, 1e-1
"""Logits that differ by less are the same; and nearly the same."""
CERTAIN = 0.9995
"""From this chance on nothing else could come."""
SPARES = 1.05
"""From this ratio of multiplications on a cache spares something worth saying."""


def sum_asked(t: Trace) -> bool:
    """Whether the beginning asks for a sum."""
    return int(t["sum_asked"]) == 1


def all_wrong(t: Trace) -> bool:
    """Whether a sum was asked, and none of the texts begins with the right answer."""
    return sum_asked(t) and int(t["right_count"]) == 0


def all_differ(t: Trace) -> bool:
    """Whether no two of the texts are one."""
    return int(t["distinct"]) == int(t["future_count"])


def some_differ(t: Trace) -> bool:
    """Whether the texts are not all one."""
    return int(t["distinct"]) > 1


def five_wrong(t: Trace) -> bool:
    """Whether a sum got as many answers as texts, all of them wrong."""
    return all_wrong(t) and all_differ(t)


def same_scores(t: Trace) -> bool:
    """Whether all texts begin with the same logits."""
    return bool(t["logit_differences"].max() < REPEATED)


def nearly_same_scores(t: Trace) -> bool:
    """Whether all texts begin with nearly the same logits."""
    return bool(t["logit_differences"].max() < NEARLY)


def right_is_not_likeliest(t: Trace) -> bool:
    """Whether the right answer of a sum is among the likeliest tokens, but not the first."""
    return bool(t["right_place"] > 0)


def tied(t: Trace) -> bool:
    """Whether the two likeliest tokens have one score."""
    return bool(t["top_logits"][0][0] == t["top_logits"][0][1])


def heat_hardly_matters(t: Trace) -> bool:
    """Whether temperature changes nothing to be seen: all tokens are alike, or the favourite has every chance."""
    return bool(float(np.ptp(t["heat.shares"][:, 0])) < HARDLY)


def nothing_cut(t: Trace) -> bool:
    """Whether every token may be drawn at first."""
    return bool(t["kept_counts"][0] == t["vocabulary_size"])


def single(t: Trace) -> bool:
    """Whether the cuts leave one token at first."""
    return bool(t["kept_counts"][0] == 1)


def likeliest_drawn(t: Trace) -> bool:
    """Whether the first token that is drawn is the likeliest."""
    return bool(t["drawn_ranks"][0] == 0)


def goes_on(t: Trace) -> bool:
    """Whether more than one token is drawn."""
    return bool(t["step_count"] > 1)


def one_step(t: Trace) -> bool:
    """Whether a single token is drawn."""
    return not goes_on(t)


def ended(t: Trace) -> bool:
    """Whether the model ended its text."""
    return bool(t["ended"] == 1)


def full(t: Trace) -> bool:
    """Whether the model can read no more."""
    return bool(t["full"] == 1)


def certain(t: Trace) -> bool:
    """Whether nothing else could have been drawn."""
    return bool(t["chances"][-1] > CERTAIN)


def unlikely(t: Trace) -> bool:
    """Whether there were a hundred texts or more as likely as this one."""
    return bool(t["one_in"][-1] >= 100)


def stays_at_first(t: Trace) -> bool:
    """Whether there is a step by which the first number can be moved without another text."""
    return bool(t["nudge_none"] > 0)


def turns_at_last(t: Trace) -> bool:
    """Whether some step makes another text."""
    return bool(t["nudge_other"] > 0)


def repeats(t: Trace) -> bool:
    """Whether the same random numbers gave the same text."""
    return bool(t["replay_same"] == 1)


def agree(t: Trace) -> bool:
    """Whether all texts without random numbers are one."""
    return int(t["greedy_count"]) == int(t["future_count"])


def agree_and_wrong(t: Trace) -> bool:
    """Whether they are one, and begin with a wrong answer."""
    return agree(t) and sum_asked(t) and bool(t["greedy_right"] == 0)


def cache_differs(t: Trace) -> bool:
    """Whether kept keys and values lead to other scores."""
    return bool(t["cache_difference"].max() > REPEATED)


def cache_spares(t: Trace) -> bool:
    """Whether kept keys and values spare multiplications."""
    return bool(t["total_ratio"] >= SPARES)
