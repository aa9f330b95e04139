"""One step of learning in slow motion: one example, its loss, its gradient, the same example again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from nnanim.sim.data import Examples
from nnanim.sim.multilayer import Networks

PARTS = 30
"""Into so many parts the step is cut, to look at what the network gives on the way."""


def one_step(
    networks: Networks, examples: Examples, learning_rate: float, label: int
) -> dict[str, np.ndarray]:
    """A gradient step on the first example with a label, for one network with one hidden layer.

    Parameters
    ----------
    networks
        One network (S = 1): H hidden neurons, K classes.
    examples
        Inputs (n, d) and labels.
    learning_rate
        Every parameter moves by this times its gradient, the other way.
    label
        Of the example; if there is none of it, the first example is taken.

    Returns
    -------
    ``one_image`` (d), ``one_label``; ``one_shares`` (2, K): probabilities before and after the step;
    ``one_losses`` (2): −ln of that of the label; ``one_hidden`` (2, H): outputs of the hidden neurons.
    Gradients of the loss: ``one_logit_gradient`` (K) = shares − target, ``one_hidden_gradient`` (H),
    ``one_first_gradient`` (H, d), ``one_second_gradient`` (K, H). ``one_weight`` (2): the weight of the
    second layer that moves most, before and after; ``one_weight_at`` (2): its row (class) and column
    (neuron); ``one_weight_gradient``.
    """
    rows = (examples.labels == label).nonzero()[:, 0]
    at = int(rows[0]) if len(rows) else 0
    image, target = examples.inputs[at : at + 1], examples.labels[at : at + 1]
    leaves = [parameter.detach().clone().requires_grad_() for parameter in networks.parameters]
    hidden_sums, logits = Networks(tuple(leaves), networks.activation).sums(image)
    hidden_sums.retain_grad()
    logits.retain_grad()
    hidden = networks.activation(hidden_sums)
    loss = torch.nn.functional.cross_entropy(logits[0], target)
    loss.backward()
    gradients = [_gradient(leaf) for leaf in leaves]
    way = _way(Networks(tuple(leaf.detach() for leaf in leaves), networks.activation), gradients, learning_rate)
    moved = way[-1]
    with torch.no_grad():
        sums_after, logits_after = moved.sums(image)
        loss_after = torch.nn.functional.cross_entropy(logits_after[0], target)
        hidden_gradient = (
            _gradient(logits)[0, 0] @ leaves[2][0]
        ).detach()  # back through the second layer's weights
    second = gradients[2][0]
    row, column = divmod(int(second.abs().argmax()), second.shape[1])
    found = {
        "image": image[0],
        "label": target[0],
        "shares": torch.stack([logits[0, 0].softmax(-1), logits_after[0, 0].softmax(-1)]),
        "losses": torch.stack([loss, loss_after]),
        "hidden": torch.stack([hidden[0, 0], networks.activation(sums_after)[0, 0]]),
        "logit_gradient": _gradient(logits)[0, 0],
        "hidden_gradient": hidden_gradient,
        "first_gradient": gradients[0][0],
        "second_gradient": second,
        "weight": torch.stack([leaves[2][0, row, column], moved.parameters[2][0, row, column]]),
        "weight_at": torch.tensor([row, column]),
        "weight_gradient": second[row, column],
        **_path(way, image, target, row, column),
    }
    return {f"one_{name}": value.detach().numpy() for name, value in found.items()}


def on_the_way(networks: Networks, image: torch.Tensor, label: torch.Tensor, learning_rate: float) -> list[Networks]:
    """The network (S = 1) when its weights have gone 0, 1, … of 30 parts of the step on an image (1, d) and its label (1,)."""
    leaves = [parameter.detach().clone().requires_grad_() for parameter in networks.parameters]
    logits = Networks(tuple(leaves), networks.activation)(image)
    gradients = torch.autograd.grad(torch.nn.functional.cross_entropy(logits[0], label), leaves)
    return _way(networks.copy(), gradients, learning_rate)


def _way(networks: Networks, gradients: Sequence[torch.Tensor], learning_rate: float) -> list[Networks]:
    shares = [part / PARTS for part in range(PARTS + 1)]
    return [
        Networks(
            tuple(p - share * learning_rate * g for p, g in zip(networks.parameters, gradients, strict=True)),
            networks.activation,
        )
        for share in shares
    ]


@torch.no_grad()
def _path(way: list[Networks], image: torch.Tensor, target: torch.Tensor, row: int, column: int) -> dict[str, torch.Tensor]:
    sums = [network.sums(image) for network in way]
    logits = torch.cat([each[1][0] for each in sums])
    return {
        "path_shares": logits.softmax(-1),
        "path_losses": torch.nn.functional.cross_entropy(logits, target.expand(len(way)), reduction="none"),
        "path_hidden": torch.cat([network.activation(each[0])[0] for network, each in zip(way, sums, strict=True)]),
        "path_weight": torch.stack([network.weights[1][0, row, column] for network in way]),
    }


def _gradient(tensor: torch.Tensor) -> torch.Tensor:
    assert tensor.grad is not None
    return tensor.grad
