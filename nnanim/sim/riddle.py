"""What can be said of a word that looks, and of the riddle “The cat sat on the mat because it was …”; without torch.

Each function asks a trace of :mod:`nnanim.sim.all_heads` and :mod:`nnanim.sim.pronoun`, and answers with a word.
"""

from __future__ import annotations

from typing import Any

CAT, MAT, IT, LAST = 1, 5, 7, 9
"""Words of the sentence that is tried: two nouns, the pronoun, and the last word."""
CLEARLY = 2
"""So many right answers more than the fixed rule has are clearly better."""
STILL = 5e-5
"""A change in a share that is smaller shows no digit."""
SHORT = 0.5
"""A vector is short when its length is less than this share of the others' mean length."""


def usual(t: Any) -> bool:
    """Whether the sentence, and the word that looks, are those of the riddle."""
    return bool(t.text["sentence"] == t.text["trial.sentence"]) and t.words("tokens")[int(t["looking"])].strip() == "it"


def free(t: Any) -> bool:
    """Whether the word that looks has anything to choose."""
    return int(t["looking"]) > 0


def question(t: Any) -> str:
    """What the class is asked."""
    return "riddle" if usual(t) else "choice" if free(t) else "none"


def landed(t: Any) -> str:
    """Where threads land on the mean: on the word itself alone, not on the cat, or somewhere."""
    return "itself" if not free(t) else "not_cat" if usual(t) and t["mean_order"][0] != CAT else "some"


def first_word(t: Any) -> str:
    """How many heads prefer the first word."""
    wins = int(t["first_wins"])
    return "most" if 2 * wins > t["model.all_heads"] else "some" if wins else "none"


def over_half(t: Any) -> str:
    """How many heads give the target more than half."""
    count = int(t["over_half"])
    return "one" if count == 1 < t["model.all_heads"] else "none" if count == 0 else "many"


def others(t: Any) -> str:
    """Whether other words look at the target most, too."""
    return "some" if t["followers"] else "none" if t["rivals"] else "alone"


def seen(t: Any) -> str:
    """Whether the word sees others."""
    return "others" if free(t) else "itself"


def undivided(t: Any) -> str:
    """Whether one word gets all of the undivided strip, as it is shown."""
    return "all" if _most(t, 0) == 1 else "part"


def divided(t: Any) -> str:
    """Whether dividing leaves something to the others, as it is shown."""
    return "less" if _most(t, -1) < _most(t, 0) else "same"


def _most(t: Any, step: int) -> float:
    return round(float(t["step.shares"][step].max()), 2)


def moved(t: Any) -> str:
    """Whether the pronoun notices that the last word changes."""
    return "still" if t["trial.moved"] < STILL else "moves"


def arc(t: Any) -> str:
    """Where the last word's arc goes when it begins to mean the second noun."""
    before, after = (float(row[CAT] - row[MAT]) for row in t["trial.rows"][0, :2])
    return "jumps" if before > 0 > after else "cat" if after > 0 else "not_cat"


def every(t: Any) -> str:
    """Whether the head is right for every last word."""
    return "all" if t["trial.count"][0] == t["trial.words"] else "some"


def better(t: Any) -> str:
    """In how many other pairs the head is clearly better than the rule “always the first noun”."""
    count = int((t["trial.count"][1:] > t["trial.rule"] + CLEARLY).sum())
    return "none" if not count else "few" if 2 * count < t["trial.pairs"] else "most"


def lead(t: Any, name: str = "ask.shares") -> float:
    """How much likelier the first noun is than the second, as an answer, in hundredths as they are shown."""
    return round(float(t[name][0, 0]), 2) - round(float(t[name][0, 1]), 2)


def says(t: Any) -> str:
    """What the model answers."""
    return "cat" if lead(t) > 0 else "mat" if lead(t) < 0 else "neither"


def cut(t: Any) -> str:
    """Whether it answers the same without the head."""
    before, after = lead(t), lead(t, "ask.cut_shares")
    return "same" if (before > 0) == (after > 0) and (before < 0) == (after < 0) else "another"


def front(t: Any) -> str:
    """Whether whatever stands first draws the most, on the mean of all heads."""
    firsts = t["openings"].mean(axis=1).argmax(axis=1)
    return "itself" if not free(t) else "most" if not firsts.any() else "other"


def value(t: Any) -> str:
    """Whether the first word's value is short, whatever the word."""
    return "short" if (t["opening_lengths"] < SHORT).all() else "long"


def answer(t: Any) -> str:
    """Whether the head found what the model then did not say."""
    found = bool(t["trial.rows"][0, 1, MAT] > t["trial.rows"][0, 1, CAT])
    return "apart" if found and lead(t) > 0 else "other"
