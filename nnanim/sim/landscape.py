"""Loss surfaces over two parameters, and real optimisers walking down them.

Everything is float64; gradients come from autograd, steps from torch.optim. What became of a run is told from the numbers
that are measured here by :mod:`nnanim.sim.outcomes`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from nnanim.sim.outcomes import STILL
from nnanim.sim.surfaces import SurfaceName
from nnanim.sim.trained_loss import TrainedNetwork, train_network
from nnanim.trace import Trace

Optimiser = Literal["sgd", "momentum", "adam"]
Loss = Callable[[Float[Tensor, "*points 2"]], Float[Tensor, "*points"]]
Window = tuple[float, float, float, float]
"""Left, right, bottom and top of the part of the plane that is looked at."""

BEYOND = 1e6
"""A run stops at the first point whose loss or coordinates are larger than this: it diverges."""
CLOSE = 0.02
"""How near to a minimum a run must stay in order to converge, as a share of the window's diagonal."""
FEWEST_PAIRS = 3
"""So many steps that go somewhere, each after another, must there be before most of them can be said to turn back."""
BOWL = (0.35, 1.7)
"""The bowl's coefficients. Along θ₂ it curves by 3.4: from a learning rate of 2 / 3.4 ≈ 0.59 on, plain steps grow."""


# Surfaces ----------------------------------------------------------------------------------------------


def bowl(theta: Float[Tensor, "*points 2"]) -> Float[Tensor, "*points"]:
    """An elongated quadratic bowl, 0.35 θ₁² + 1.7 θ₂²; its minimum is 0 at the origin."""
    x, y = theta.unbind(-1)
    return BOWL[0] * x**2 + BOWL[1] * y**2


def rosenbrock(theta: Float[Tensor, "*points 2"]) -> Float[Tensor, "*points"]:
    """A curved, narrow valley, (1 − θ₁)² + 100 (θ₂ − θ₁²)² (Rosenbrock 1960); its minimum is 0 at (1, 1)."""
    x, y = theta.unbind(-1)
    return (1 - x) ** 2 + 100 * (y - x**2) ** 2


def himmelblau(theta: Float[Tensor, "*points 2"]) -> Float[Tensor, "*points"]:
    """Four equal minima, (θ₁² + θ₂ − 11)² + (θ₁ + θ₂² − 7)² (Himmelblau 1972); they are 0, one at (3, 2)."""
    x, y = theta.unbind(-1)
    return (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2


def saddle(theta: Float[Tensor, "*points 2"]) -> Float[Tensor, "*points"]:
    """A saddle between two valleys, ½ (θ₁² − θ₂²) + ⅛ θ₂⁴: flat at the origin, with minima −½ at (0, ±√2)."""
    x, y = theta.unbind(-1)
    return 0.5 * (x**2 - y**2) + y**4 / 8


FORMULAS: Mapping[str, Loss] = {"bowl": bowl, "rosenbrock": rosenbrock, "himmelblau": himmelblau, "saddle": saddle}
STRETCHED = ("rosenbrock", "himmelblau")
"""Surfaces whose heights span orders of magnitude: they are drawn on a logarithmic scale."""
STRETCH = 150.0
"""Heights on that scale: log(1 + STRETCH × share of the highest loss). Bottoms stay round, as they are."""


# Walking down ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Descent:
    """One run of an optimiser; T steps, fewer than asked for when it went beyond all bounds.

    Attributes
    ----------
    points, losses, gradients
        At the start and after every step, (T + 1, 2), (T + 1,), (T + 1, 2).
    directions
        What each step multiplied by −learning rate, (T, 2): the gradient, the velocity, or Adam's m̂ / (√v̂ + ε).
    stopped
        Whether the last point lies beyond :data:`BEYOND`.
    """

    points: NDArray[np.float64]
    losses: NDArray[np.float64]
    gradients: NDArray[np.float64]
    directions: NDArray[np.float64]
    stopped: bool

    @property
    def step_lengths(self) -> NDArray[np.float64]:
        """How far each step went, (T,)."""
        return np.linalg.norm(np.diff(self.points, axis=0), axis=1)

    def turning_share(self, negligible: float) -> float:
        """Share of the steps that turn back, more than 90° from the step before; steps shorter than that do not count.

        Zero when fewer than :data:`FEWEST_PAIRS` steps count.
        """
        steps = np.diff(self.points, axis=0)
        real = self.step_lengths > negligible
        pairs = real[1:] & real[:-1]
        turns = (steps[1:] * steps[:-1]).sum(axis=1) < 0
        return float(turns[pairs].mean()) if pairs.sum() >= FEWEST_PAIRS else 0.0

    def first(self, steps: int) -> Descent:
        """The same run, ended after so many steps."""
        if len(self.directions) <= steps:
            return self
        cut = steps + 1
        return Descent(self.points[:cut], self.losses[:cut], self.gradients[:cut], self.directions[:steps], False)


def descend(
    loss: Loss, start: Sequence[float], optimiser: Optimiser, learning_rate: float, momentum: float, steps: int
) -> Descent:
    """Walk down a loss from a start with ``torch.optim.SGD`` (with or without momentum) or ``torch.optim.Adam``.

    The direction of a step is read from the optimiser's state; of Adam it is m̂ / (√v̂ + ε), Kingma & Ba 2015, algorithm 1.
    """
    theta = torch.nn.Parameter(torch.tensor(start, dtype=torch.float64))
    walker = (
        torch.optim.Adam([theta], lr=learning_rate)
        if optimiser == "adam"
        else torch.optim.SGD([theta], lr=learning_rate, momentum=momentum if optimiser == "momentum" else 0.0)
    )
    points, losses, gradients, directions, stopped = [], [], [], [], False
    for step in range(steps + 1):
        walker.zero_grad()
        here = loss(theta)
        here.backward()
        assert theta.grad is not None
        points.append(theta.detach().clone())
        losses.append(here.detach())
        gradients.append(theta.grad.clone())
        stopped = not (float(losses[-1]) <= BEYOND and float(points[-1].abs().max()) <= BEYOND)
        if stopped or step == steps:
            break
        walker.step()
        directions.append(_direction(walker, theta))
    rows = (torch.stack(points).numpy(), torch.stack(losses).numpy(), torch.stack(gradients).numpy())
    return Descent(*rows, torch.stack(directions).numpy() if directions else np.zeros((0, 2)), stopped)


def _direction(walker: torch.optim.Optimizer, theta: torch.nn.Parameter) -> Float[Tensor, " axes"]:
    assert theta.grad is not None
    state, settings = walker.state[theta], walker.param_groups[0]
    if "exp_avg" in state:
        first, second = settings["betas"]
        step = int(state["step"])  # torch counts in float32, too coarse for what follows
        mean = state["exp_avg"] / (1 - first**step)
        spread = state["exp_avg_sq"] / (1 - second**step)
        return (mean / (spread.sqrt() + settings["eps"])).detach().clone()
    velocity = state.get("momentum_buffer")
    return (theta.grad if velocity is None else velocity).detach().clone()


def minimum_near(loss: Loss, point: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """The minimum that L-BFGS (``torch.optim.LBFGS`` with strong Wolfe line search) finds from a point, (2,).

    None where it finds none: a saddle, a plateau or a slope without end, told by gradient and Hessian from autograd.
    """
    theta = torch.nn.Parameter(torch.tensor(point, dtype=torch.float64))
    search = torch.optim.LBFGS([theta], max_iter=200, tolerance_grad=1e-10, tolerance_change=1e-14, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        search.zero_grad()
        here = loss(theta)
        here.backward()
        return here

    search.step(closure)
    found = theta.detach()
    gradient = torch.autograd.functional.jacobian(loss, found)
    assert isinstance(gradient, Tensor)
    settled = float(gradient.norm()) < 100 * STILL
    return found.numpy() if settled and float(curvatures(loss, found)[0]) > STILL else None


def curvatures(loss: Loss, point: Float[Tensor, " axes"]) -> Float[Tensor, " axes"]:
    """Eigenvalues of the loss's Hessian at a point, rising; NaN where the Hessian is not finite."""
    hessian = torch.autograd.functional.hessian(loss, point)
    assert isinstance(hessian, Tensor)
    return torch.linalg.eigvalsh(hessian) if bool(torch.isfinite(hessian).all()) else torch.full((2,), math.nan, dtype=point.dtype)


# The chapter's record ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Run:
    """One descent that the chapter shows: its name in the trace, and how the optimiser was set."""

    name: str
    optimiser: Optimiser
    learning_rate: float
    momentum: float = 0.0


def record(
    surface: SurfaceName, window: Window, start: Sequence[float], runs: Sequence[Run], steps: int,
    real_window: Window, real_start: Sequence[float], real_run: Run,
    seed: int, report: Callable[[float, str], None] = lambda share, what: None, network: TrainedNetwork | None = None,
) -> Trace:  # fmt: skip
    """A surface, runs on it, and a run on the loss surface of a small network.

    Parameters
    ----------
    surface, window, start, runs, steps
        The surface that is walked down, the part of it that is drawn, and the runs on it.
    real_window, real_start, real_run
        The same for the loss surface of the trained network, which is always computed.
    seed
        Of the network's data, first weights and directions.
    network
        The network, where it is trained already.

    Returns
    -------
    A trace with, for ``surface`` and ``network``: ``NAME.x`` (n), ``NAME.y`` (n), ``NAME.losses`` (n, n) with a row for each y,
    ``NAME.heights`` (n, n) = losses scaled to 0–1 for drawing, ``NAME.levels`` the losses of the contour lines;
    for each run: ``RUN.points``, ``RUN.losses``, ``RUN.gradients``, ``RUN.directions`` (see :class:`Descent`), ``RUN.heights``,
    ``RUN.gradient_norms``, ``RUN.step_lengths``, ``RUN.updates`` = learning rate × directions, ``RUN.steps``,
    ``RUN.boost`` how many times as long as its gradient the direction of the longest step is, ``RUN.path_length``,
    ``RUN.path_ratio`` and ``RUN.step_ratio``: its path and its longest step divided by those of the run ``momentum[0]``
    (NaN where that never moves), ``RUN.stopped``, ``RUN.learning_rate``, ``RUN.momentum``.
    What :func:`nnanim.sim.outcomes.outcome` decides by: ``RUN.turning_share``; ``RUN.distance`` of the end from the minimum
    that :func:`minimum_near` finds from there (infinite without one), ``RUN.farthest`` (the largest of the last tenth of the
    points, three at least), ``RUN.strays`` (2) (the largest in either half of as many steps more), ``RUN.tolerance`` of these;
    ``RUN.peaks`` (4): the highest loss in either half of the run, and of as many steps more.
    ``start.curvatures`` (2): eigenvalues of the Hessian at the start, rising. ``data.points``, ``data.labels``,
    ``training.losses``, ``accuracy``, ``network.parameter_count``; as text, ``NAME.scale`` (linear or logarithmic).
    """
    if network is None:
        network = train_network(seed, lambda share: report(0.6 * share, "training the small network"))
    loss = network.loss if surface == "network" else FORMULAS[surface]
    report(0.6, "walking down")
    arrays, text = drawn("surface", loss, window, "logarithmic" if surface in STRETCHED else "linear", 161 if surface != "network" else 65)
    for number, run in enumerate(runs):
        arrays |= walked(run, loss, start, steps, window, arrays, "surface")
        report(0.6 + 0.3 * number / len(runs), "walking down")
    for measure, ratio in (("path_length", "path_ratio"), ("longest_step", "step_ratio")):
        plain = float(arrays.get(f"momentum[0].{measure}", 0.0))
        for run in runs:
            arrays[f"{run.name}.{ratio}"] = np.array(arrays[f"{run.name}.{measure}"] / plain if plain else math.nan)
    arrays["start.curvatures"] = curvatures(loss, torch.tensor(start, dtype=torch.float64)).numpy()
    real_arrays, real_text = drawn("network", network.loss, real_window, "linear", 65)
    arrays |= real_arrays | walked(real_run, network.loss, real_start, steps, real_window, real_arrays, "network")
    arrays |= {
        "data.points": network.points.numpy(),
        "data.labels": network.labels.numpy(),
        "training.losses": network.history.numpy(),
        "accuracy": np.array(network.accuracy),
        "network.parameter_count": np.array(sum(w.numel() for w in network.weights)),
        "network.examples": np.array(len(network.points)),
        "beyond": np.array(BEYOND),
        "tiny": np.array(1 / BEYOND),
    }
    return Trace(arrays, text | real_text)


def drawn(name: str, loss: Loss, window: Window, scale: str, count: int) -> tuple[dict[str, NDArray[np.float64]], dict[str, str]]:
    """A surface on a grid of ``count`` × ``count`` points, with its heights and the levels of its contour lines."""
    left, right, bottom, top = window
    x = torch.linspace(left, right, count, dtype=torch.float64)
    y = torch.linspace(bottom, top, count, dtype=torch.float64)
    places = torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1)  # (n, n, 2), a row for each y
    with torch.no_grad():
        losses = torch.stack([loss(row) for row in places]).numpy()
    low, high = float(losses.min()), float(losses.max())
    stretch = STRETCH if scale == "logarithmic" else 0.0
    shares = np.arange(1, 12) / 12
    levels = low + (high - low) * (np.expm1(shares * math.log1p(stretch)) / stretch if stretch else shares)
    arrays = {
        f"{name}.x": x.numpy(),
        f"{name}.y": y.numpy(),
        f"{name}.losses": losses,
        f"{name}.lowest": np.array(low),
        f"{name}.highest": np.array(high),
        f"{name}.stretch": np.array(stretch),
        f"{name}.levels": levels,
        f"{name}.heights": _heights(losses, low, high, stretch),
    }
    return arrays, {f"{name}.scale": scale}


def _heights(losses: NDArray[np.float64], low: float, high: float, stretch: float) -> NDArray[np.float64]:
    """Losses as heights: 0 at the lowest of the window, 1 at its highest; logarithmic when there is a stretch."""
    shares = (losses - low) / max(high - low, 1e-300)
    return np.log1p(stretch * np.maximum(shares, 0.0)) / math.log1p(stretch) if stretch else shares


def walked(
    run: Run, loss: Loss, start: Sequence[float], steps: int, window: Window, surface: Mapping[str, NDArray[Any]], name: str
) -> dict[str, NDArray[np.float64]]:
    """A run, and what is measured on it and on as many steps more."""
    whole = descend(loss, start, run.optimiser, run.learning_rate, run.momentum, 2 * steps)
    descent = whole.first(steps)
    diagonal = math.hypot(window[1] - window[0], window[3] - window[2])
    lengths = descent.step_lengths
    arrays = {
        "points": descent.points,
        "losses": descent.losses,
        "gradients": descent.gradients,
        "directions": descent.directions,
        "updates": run.learning_rate * descent.directions,
        "gradient_norms": np.linalg.norm(descent.gradients, axis=1),
        "step_lengths": lengths,
        "boost": np.array(_boost(descent)),
        "path_length": np.array(lengths.sum()),
        "longest_step": np.array(lengths.max(initial=0.0)),
        "steps": np.array(len(lengths)),
        "turning_share": np.array(descent.turning_share(1e-9 * diagonal)),
        "tolerance": np.array(CLOSE * diagonal),
        "stopped": np.array(descent.stopped),
        "learning_rate": np.array(run.learning_rate),
        "momentum": np.array(run.momentum if run.optimiser == "momentum" else 0.0),
        "heights": _heights(descent.losses, float(surface[f"{name}.lowest"]), float(surface[f"{name}.highest"]), float(surface[f"{name}.stretch"])),
    } | _where_it_leads(whole, descent, loss, steps)  # fmt: skip
    return {f"{run.name}.{key}": value for key, value in arrays.items()}


def _where_it_leads(whole: Descent, descent: Descent, loss: Loss, steps: int) -> dict[str, NDArray[np.float64]]:
    """Distances from the minimum that the run may have come to, and its peaks; infinite where the run is out of bounds.

    ``whole`` is the run with as many steps more. A run that stopped has no minimum.
    """
    minimum = None if descent.stopped else minimum_near(loss, descent.points[-1])
    distances = np.linalg.norm(whole.points - (math.inf if minimum is None else minimum), axis=1)
    ends = [0, steps // 2, steps, steps + (steps + 1) // 2, 2 * steps]

    def greatest(values: NDArray[np.float64]) -> list[float]:
        beyond = np.full(2 * steps + 1 - len(values) + whole.stopped, math.inf)  # the last point of a stopped run counts as beyond
        filled = np.concatenate([values[: len(values) - whole.stopped], beyond])
        return [float(filled[first + (first > 0) : last + 1].max(initial=-math.inf)) for first, last in pairwise(ends)]

    return {
        "distance": np.array(distances[len(descent.points) - 1]),
        "farthest": np.array(distances[: len(descent.points)][-max(3, len(descent.points) // 10) :].max()),
        "strays": np.array(greatest(distances)[2:]),
        "peaks": np.array(greatest(whole.losses)),
    }


def _boost(descent: Descent) -> float:
    """Length of the longest step's direction as a multiple of the gradient there; 1 where there is no gradient."""
    if not len(descent.directions):
        return 1.0
    longest = int(descent.step_lengths.argmax())
    slope = float(np.linalg.norm(descent.gradients[longest]))
    return float(np.linalg.norm(descent.directions[longest])) / slope if slope > STILL else 1.0
