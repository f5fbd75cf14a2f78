"""L-BFGS with a preconditioner, for convex objectives that are told when they are near enough."""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

REMEMBERED_STEPS, MOST_STEPS, MOST_TRIALS = 10, 500, 20
"""Of L-BFGS: steps that tell the curvature, steps in all, lengths tried for each."""
SUFFICIENT_DECREASE, SUFFICIENT_FLATTENING = 1e-4, 0.9
"""The constants of the Wolfe conditions, as usual for L-BFGS."""


@dataclass(frozen=True)
class Point:
    """Weights (heads, C, axes + 1), and the objective there."""

    weights: Tensor
    value: float
    gradient: Tensor


class Objective(Protocol):
    """What is minimised: it curves at least by `strength` in every direction that counts."""

    def at(self, weights: Tensor, strength: float) -> Point:
        """Return value and gradient at `weights`."""

    def curvature(self, weights: Tensor, strength: float) -> Tensor:
        """Return about the diagonal of the Hessian."""


def minimise(problem: Objective, start: Tensor, strength: float, tolerance: float) -> Tensor:
    """Return the optimum by L-BFGS: Nocedal and Wright, "Numerical Optimization", algorithm 7.5.

    torch's own knows no preconditioner, which here saves more than half of the steps. It ends
    where the objective, which curves at least by `strength` everywhere, cannot be more than a
    part of `tolerance` above its minimum: that gap is at most |gradient|^2 / (2 strength).
    """
    point = problem.at(start, strength)
    curvature = problem.curvature(start, strength)
    memory: deque[tuple[Tensor, Tensor]] = deque(maxlen=REMEMBERED_STEPS)
    for _ in range(MOST_STEPS):
        if _dot(point.gradient, point.gradient) <= 2 * strength * tolerance * point.value:
            break
        direction = _direction(point.gradient, memory, curvature)
        better = _line_search(problem, point, direction, strength)
        if better is None:
            break
        memory.append((better.weights - point.weights, better.gradient - point.gradient))
        point = better
        if (
            _dot(*memory[-1]) <= 0
        ):  # a convex function never curves so: all that is left is rounding
            break
    return point.weights


def _direction(
    gradient: Tensor, memory: Sequence[tuple[Tensor, Tensor]], curvature: Tensor
) -> Tensor:
    """Return the way down, by the two loops of algorithm 7.4 over steps and gradient changes."""
    way = -gradient
    parts = []
    for step, change in reversed(memory):
        parts.append(_dot(step, way) / _dot(step, change))
        way.sub_(change, alpha=parts[-1])
    way /= curvature
    if memory:
        step, change = memory[-1]
        way *= _dot(step, change) / _dot(change, change / curvature)
    for (step, change), part in zip(memory, reversed(parts), strict=True):
        way.add_(step, alpha=part - _dot(change, way) / _dot(step, change))
    return way


def _line_search(
    problem: Objective, start: Point, direction: Tensor, strength: float
) -> Point | None:
    """Return a point on the way that meets the Wolfe conditions, or None if none is found.

    Lengths are halved and doubled, as in Lewis and Overton, "Nonsmooth optimization via
    quasi-Newton methods". Where rounding drowns the descent, the slope tells it instead: Hager
    and Zhang, "A new conjugate gradient method with guaranteed descent and an efficient line
    search".
    """
    slope = _dot(start.gradient, direction)
    rounding = 4 * torch.finfo(direction.dtype).eps * abs(start.value)
    shortest, length, longest = 0.0, 1.0, math.inf
    for _ in range(MOST_TRIALS):
        point = problem.at(start.weights + length * direction, strength)
        new_slope, gain = _dot(point.gradient, direction), start.value - point.value
        flat = gain >= -rounding and new_slope <= (2 * SUFFICIENT_DECREASE - 1) * slope
        if gain < -SUFFICIENT_DECREASE * length * slope and not flat:
            longest = length
        elif new_slope < SUFFICIENT_FLATTENING * slope:
            shortest = length
        else:
            return point
        length = (shortest + longest) / 2 if longest < math.inf else 2 * length
    return None


def _dot(left: Tensor, right: Tensor) -> float:
    return float(torch.dot(left.flatten(), right.flatten()))
