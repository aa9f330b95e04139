"""One handwritten digit on its way through a trained network, what decided the answer, and how little would change it.

The networks were trained once (:func:`trained_networks`) and are shipped, so that everybody looks at the same one; the pass
itself is computed in float64.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from importlib import resources

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from nnanim.sim.data import Examples
from nnanim.sim.digit_runs import CLASSES, Digits
from nnanim.sim.multilayer import Networks, accuracy, answers, seeded
from nnanim.sim.threads import one_thread
from nnanim.sim.training import Recipe, steps_in, train
from nnanim.trace import Trace

Report = Callable[[float, str], None]
SHIPPED = "digit_networks.npz"
SEEDS = (1, 2, 3, 4, 5)
"""Of the shipped networks; the first is looked into, the others are its control."""
HIDDEN, TRAINED, TESTED = 24, 4000, 1000
WATCHED = 1972
"""Row of a doubtful three; with the rest of the test part it was never trained on."""
EPOCHS, BATCH, RATE = 30, 50, 0.003
SMALL = 14
"""Side of the small pictures of the test digits: each of their pixels is the mean of four."""


def trained_networks(seeds: Sequence[int] = SEEDS, epochs: int = EPOCHS) -> Networks:
    """Train 784–24–10 with ReLU on 4,000 digits by AdamW (rate 0.003, batches of 50); what is shipped came from this.

    Raises
    ------
    WheelError
        When MNIST is not installed.
    """
    with one_thread():
        seen = Digits.of(TRAINED, TESTED, WATCHED).seen
        generators = seeded(seeds)
        start = _drawn(generators)
        recipe = Recipe("adamw", RATE, steps_in(epochs, len(seen), BATCH), BATCH)
        return train(start, seen.inputs, seen.labels, recipe, "classes", generators)[0]


def untrained_networks(seeds: Sequence[int] = SEEDS) -> Networks:
    """The networks from which training started, float32, in the order of the seeds."""
    return _drawn(seeded(seeds))


def _drawn(generators: Sequence[torch.Generator]) -> Networks:
    return Networks.drawn((784, HIDDEN, CLASSES), torch.relu, generators)


@cache
def shipped_networks() -> Networks:
    """The trained networks that come with nnanim, float32, in the order of :data:`SEEDS`."""
    place = resources.files("nnanim.sim").joinpath("shipped", SHIPPED)
    with place.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
        return Networks(tuple(torch.from_numpy(file[name]) for name in ("w1", "b1", "w2", "b2")), torch.relu)


def record(row: int = WATCHED, neuron: int | None = None, report: Report = lambda share, what: None) -> Trace:
    """Send a digit of MNIST through the first network; find what decided, and which single pixels would turn it.

    Parameters
    ----------
    row
        Of the 5,000 digits, from 0.
    neuron
        The hidden neuron that is looked into, from 0; by default the one that pulls hardest for the answer.

    Returns
    -------
    A trace with ``image`` (28, 28), ``label``, ``answer``, ``rival``: the label if the answer is wrong, else the second best;
    ``unseen``: whether it belongs to the digits that were held out. ``blank``, ``ink``: pixels that are zero, and that are not; ``sizes`` (784, 24, 10).
    ``weights[1]`` (24, 784), ``biases[1]``, ``weights[2]`` (10, 24), ``biases[2]``, ``parameters``; ``z``, ``a`` (24), ``firing``,
    ``logits``, ``shares`` (10).
    Of the neuron: ``neuron``, ``products`` (28, 28), ``sums`` (29): running sum after each row of pixels, ``sum``, ``bias``,
    ``neuron_z``, ``neuron_a``; ``to_answer``, ``to_rival``: its weights to the two.
    Of the race: ``pulls`` (24): (weight to the answer − weight to the rival) × a; ``tilt``: the same of the biases; ``toward``,
    ``against``: what pulls each way, the tilt included, both ≥ 0; ``lead`` = ``toward`` − ``against`` = difference of the logits.
    Of the erasures, one ink pixel each set to zero (n): ``pixels``: its place in reading order, ``leads``, ``turned``: whether
    the answer becomes another; ``turning``: how many do. ``pixel``: the one after which the lead over the rival is least, with
    ``erased_a``, ``erased_pulls``, ``erased_toward``, ``erased_against``, ``erased_lead``, ``erased_shares``, ``erased_answer``.
    Of the control: ``right``: how many of the ``tested`` held-out digits are read right, ``falling``: how many of those one pixel
    turns, ``falls`` (right), ``small`` (right, 14, 14): their pictures; ``new_right``, ``seen_right``: accuracies, 0–1.
    Of the network as it was drawn, before training: ``start[1]`` (24, 784), ``start[2]`` (10, 24): its weights; ``start_reads``
    (tested): which of the held-out digits it reads right, ``start_right``: how many.
    Of the other networks (4): ``other_answers``, ``other_toward``, ``other_against``: the same piles, as to the same two names;
    ``agreeing``: how many answer alike.

    Raises
    ------
    WheelError
        When MNIST is not installed.
    """
    with one_thread(), torch.no_grad():
        digits = Digits.of(TRAINED, TESTED, row)
        held_out = Digits.of(TRAINED, TESTED, WATCHED)
        every = shipped_networks().doubled()
        one = every.only(0)
        x = digits.watched.inputs[0].double()
        found, pair, chosen = _one_pass(one, x, int(digits.watched.labels[0]), neuron)
        found["unseen"] = np.array(bool((held_out.unseen.inputs == digits.watched.inputs).all(1).any()))
        report(0.2, "erasing one pixel after another")
        found |= _erased(one, x, pair)
        report(0.4, "the same for the digits that are read right")
        found |= _control(every.only(0), held_out)
        found |= _untrained(untrained_networks(SEEDS[:1]), held_out)
        found |= _others(every, x, pair)
        return Trace({**found, "neuron": np.array(chosen)})


def _one_pass(net: Networks, x: Tensor, label: int, neuron: int | None) -> tuple[dict[str, np.ndarray], tuple[int, int], int]:
    w1, b1, w2, b2 = (parameter[0] for parameter in net.parameters)
    z, logits = (layer[0, 0] for layer in net.sums(x[None]))
    a = torch.relu(z)
    ranked = logits.argsort(descending=True).tolist()
    answer = ranked[0]
    rival = label if label != answer else ranked[1]
    pulls = (w2[answer] - w2[rival]) * a
    chosen = int(pulls.argmax()) if neuron is None else neuron
    products = w1[chosen] * x
    sums = torch.cat([torch.zeros(1, dtype=x.dtype), torch.cumsum(products.view(28, 28).sum(1), 0)])
    tensors = {
        "image": x.view(28, 28).float(), "weights[1]": w1.float(), "biases[1]": b1, "weights[2]": w2, "biases[2]": b2,
        "z": z, "a": a, "logits": logits, "shares": logits.softmax(0), "products": products.view(28, 28), "sums": sums,
        "sum": sums[-1], "bias": b1[chosen], "neuron_z": z[chosen], "neuron_a": a[chosen],
        "to_answer": w2[answer, chosen], "to_rival": w2[rival, chosen], "pulls": pulls,
    }  # fmt: skip
    counts = {
        "label": label, "answer": answer, "rival": rival, "blank": int((x == 0).sum()), "ink": int((x > 0).sum()),
        "parameters": net.size, "firing": int((a > 0).sum()),
    }  # fmt: skip
    found = {name: tensor.numpy() for name, tensor in tensors.items()} | {name: np.array(n) for name, n in counts.items()}
    found["sizes"] = np.array([len(x), len(z), len(logits)])
    return found | _piles(net, pulls, answer, rival), (answer, rival), chosen


def _piles(net: Networks, pulls: Tensor, answer: int, rival: int, before: str = "") -> dict[str, np.ndarray]:
    """What pulls towards the answer and what against it; the biases' difference goes to the side that it pulls to."""
    b2 = net.parameters[3][0]
    every = torch.cat([pulls, (b2[answer] - b2[rival])[None]])
    toward, against = every.clamp(min=0).sum(), (-every).clamp(min=0).sum()
    return {
        f"{before}tilt": every[-1].numpy(), f"{before}toward": toward.numpy(), f"{before}against": against.numpy(),
        f"{before}lead": (toward - against).numpy(),
    }  # fmt: skip


def _without_each(net: Networks, x: Float[Tensor, " 784"]) -> tuple[Int[Tensor, " n"], Float[Tensor, "n 784"]]:
    """The places of a digit's ink, and the digit without each of these pixels."""
    ink = (x > 0).nonzero()[:, 0]
    erased = x.repeat(len(ink), 1)
    erased[torch.arange(len(ink)), ink] = 0.0
    return ink, erased


def _erased(net: Networks, x: Tensor, pair: tuple[int, int]) -> dict[str, np.ndarray]:
    answer, rival = pair
    ink, erased = _without_each(net, x)
    z, logits = (layer[0] for layer in net.sums(erased))
    leads = logits[:, answer] - logits[:, rival]
    turned = logits.argmax(-1) != answer
    least = int(leads.argmin())
    a = torch.relu(z[least])
    w2 = net.parameters[2][0]
    pulls = (w2[answer] - w2[rival]) * a
    return {
        "pixels": ink.numpy(), "leads": leads.numpy(), "turned": turned.numpy(), "turning": np.array(int(turned.sum())),
        "pixel": ink[least].numpy(), "erased_a": a.numpy(), "erased_pulls": pulls.numpy(),
        "erased_shares": logits[least].softmax(0).numpy(), "erased_answer": logits[least].argmax().numpy(),
        **_piles(net, pulls, answer, rival, "erased_"),
    }  # fmt: skip


def _control(net: Networks, digits: Digits) -> dict[str, np.ndarray]:
    unseen = Examples(digits.unseen.inputs.double(), digits.unseen.labels)
    rows = (answers(net(unseen.inputs))[0] == unseen.labels).nonzero()[:, 0]
    falls = [bool((answers(net(_without_each(net, unseen.inputs[row])[1]))[0] != unseen.labels[row]).any()) for row in rows]
    pictures = unseen.inputs[rows].view(-1, SMALL, 2, SMALL, 2).mean((2, 4))
    shares = [float(accuracy(net, part.inputs.double(), part.labels)[0]) for part in (digits.unseen, digits.seen)]
    return {
        "tested": np.array(len(unseen)), "right": np.array(len(rows)), "falling": np.array(sum(falls)), "falls": np.array(falls),
        "small": (255 * pictures).round().to(torch.uint8).numpy(),
        "new_right": np.array(shares[0]), "seen_right": np.array(shares[1]),
    }  # fmt: skip


def _untrained(start: Networks, digits: Digits) -> dict[str, np.ndarray]:
    """What the network could do before it was trained."""
    reads = answers(start.doubled()(digits.unseen.inputs.double()))[0] == digits.unseen.labels
    first, second = (weights[0].numpy() for weights in start.weights)
    return {"start[1]": first, "start[2]": second, "start_reads": reads.numpy(), "start_right": reads.sum().numpy()}


def _others(every: Networks, x: Tensor, pair: tuple[int, int]) -> dict[str, np.ndarray]:
    answer, rival = pair
    named, piles = [], []
    for member in range(1, len(every)):
        net = every.only(member)
        z, logits = (layer[0, 0] for layer in net.sums(x[None]))
        w2 = net.parameters[2][0]
        named.append(int(logits.argmax()))
        piles.append(_piles(net, (w2[answer] - w2[rival]) * torch.relu(z), answer, rival))
    return {
        "other_answers": np.array(named), "agreeing": np.array(sum(name == answer for name in named)),
        "other_toward": np.array([float(pile["toward"]) for pile in piles]),
        "other_against": np.array([float(pile["against"]) for pile in piles]),
    }  # fmt: skip
