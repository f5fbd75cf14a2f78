"""Multinomial logistic regression on frozen features, solved to its optimum instead of trained.

Over weights W and a bias b it minimises

    mean weighted cross-entropy of (W x + b)  +  strength / 2 * |W|^2

where x are the features, centred and divided by one number, so that a strength means the same for
any body. The sum is convex: it has one optimum, which no learning rate and no order can miss. The
strength is the one of the smallest log loss in a cross-validation over the training rows. Such a
head is how Kornblith et al. judge bodies in "Do Better ImageNet Models Transfer Better?", arXiv
1805.08974.
"""

import math
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from fastcnn.errors import TrainingError

STRENGTHS = tuple(10 ** (-half_decades / 2) for half_decades in range(-2, 11))
"""From 10 to 1e-5, strong to weak: two images a class, or wrong labels, want more than 0.1."""
UNJUDGED_STRENGTH = 1e-2
"""Taken, and one of `STRENGTHS`, where no class has two images to judge a strength by."""
CLEAR_RISE = 1.01
"""Two such rises of the held-out loss in a row end the way down the strengths."""
MANY_ROWS = 10_000
"""Above, one held-out fold tells the strengths apart well enough, in a fifth of the time."""
DOUBLE_PRECISION_SIZE = 2**22
"""Up to so many numbers, 32 MB, the last digits of the head are found in float64."""
SMALL_PROBLEM = 2**27
"""Up to so many products a look at all rows, threads would mostly wait for one another."""
BLOCK_SIZE = 2**20
"""Logits computed at a time, at most: bounds the memory where rows and classes are many."""

FOLD_TOLERANCE, PATH_TOLERANCE = 1e-2, 1e-4
"""Parts of the objective by which a fold, and a stage before the last, may miss the optimum."""
FINAL_TOLERANCE = {torch.float64: 1e-9, torch.float32: 1e-6}
"""The same for the head itself; float32 rounds too much for better."""
REMEMBERED_STEPS, MOST_STEPS, MOST_TRIALS = 10, 500, 20
"""Of L-BFGS: steps that tell the curvature, steps in all, lengths tried for each."""
SUFFICIENT_DECREASE, SUFFICIENT_FLATTENING = 1e-4, 0.9
"""The constants of the Wolfe conditions, as usual for L-BFGS."""
ABSENT_LOGIT = -30.0
"""Bias of a class without rows: the others average 0, so its probability is below exp(-30)."""


@dataclass(frozen=True)
class Stage:
    """The optimum at one strength, on the whole training set."""

    strength: float
    """Of the penalty, for features of unit scale."""
    weight: Tensor
    """float32 (classes, features), for the features as they were given."""
    bias: Tensor
    """float32 (classes,)."""
    train_loss: float
    """Mean weighted cross-entropy in nats, without the penalty."""
    cross_validated_loss: float
    """The same on held-out rows; nan where none could be held out."""


@dataclass(frozen=True)
class SolvedHead:
    """A linear head at its optimum."""

    weight: Tensor
    """float32 (classes, features), for the features as they were given."""
    bias: Tensor
    """float32 (classes,)."""
    strength: float
    """The one that cross-validation chose."""
    stages: tuple[Stage, ...]
    """From the strongest penalty down to the chosen one, which is this head."""


@torch.no_grad()
def solve_head(
    features: Tensor,
    targets: Tensor,
    n_classes: int,
    *,
    groups: Tensor | None = None,
    class_weights: Tensor | None = None,
    seed: int,
    n_folds: int = 5,
) -> SolvedHead:
    """Return the best linear head on `features`; the same input gives the same bits.

    Args:
        features: float32 (rows, features), on the processor as all that follows.
        targets: int64 (rows,), classes from 0 to `n_classes` - 1.
        n_classes: rows of the weight; a class without training rows is never predicted.
        groups: int64 (rows,); rows of one image share a number and never lie in two folds.
            Without it every row is an image.
        class_weights: (n_classes,), positive; what the loss of a row of each class counts.
        seed: shuffles the images before they are dealt out to the folds.
        n_folds: parts of the cross-validation, at least 2; fewer if there are fewer images.

    Raises:
        TrainingError: a feature is not a finite number.
    """
    groups = torch.arange(len(targets)) if groups is None else groups
    present, targets = targets.unique(return_inverse=True)
    class_weights = torch.ones(n_classes) if class_weights is None else class_weights
    row_weights = class_weights.double()[present][targets]
    with _threads_for(features.numel() * len(present)):
        space = _FeatureSpace(features)
        folds = assign_folds(targets, groups, n_folds, seed)
        losses = _cross_validate(space.rows.float(), targets, row_weights, folds)
        optima = _whole_path(space.rows, targets, row_weights, len(losses))
    stages = []
    for strength, loss, (weights, train_loss) in zip(STRENGTHS, losses, optima, strict=False):
        weight, bias = _with_absent(*space.original(weights[0]), present, n_classes)
        stages.append(Stage(strength, weight, bias, train_loss, loss))
    last = stages[-1]
    return SolvedHead(last.weight, last.bias, last.strength, tuple(stages))


def assign_folds(targets: Tensor, groups: Tensor, n_folds: int, seed: int) -> Tensor:
    """Deal the images of each class out to the folds in turn; rows of one image stay together.

    Args:
        targets: int64 (rows,), the class of each row; an image has that of its first row.
        groups: int64 (rows,), the image of each row.
        n_folds: folds at most, at least 2.
        seed: shuffles the images of a class.

    Returns:
        The fold of each row, int64 (rows,), or -1 for an image that is the only one of its class:
        without it no fold could learn that class, so it is never held out.
    """
    _, first, image = np.unique(groups.numpy(), return_index=True, return_inverse=True)
    image_class = targets.numpy()[first]
    order = np.random.default_rng(seed).permutation(len(first))
    order = order[np.argsort(image_class[order], kind="stable")]
    order = order[np.bincount(image_class)[image_class[order]] > 1]
    fold = np.full(len(first), -1)
    fold[order] = np.arange(len(order)) % n_folds
    return torch.from_numpy(fold[image])


class _FeatureSpace:
    """Features as the solver sees them: centred, of unit scale, on their principal axes.

    Rows span at most as many directions as they are, and the best weights lie in that span, so
    fewer rows than features make the problem smaller without changing it.
    """

    def __init__(self, features: Tensor) -> None:
        """Find mean, scale and axes of `features` (rows, features), and transform them."""
        small = features.numel() <= DOUBLE_PRECISION_SIZE
        precision = torch.float64 if small else torch.float32
        self.mean = features.mean(0, dtype=torch.float64)
        centred = features.to(precision) - self.mean.to(precision)
        self.scale = float(torch.linalg.vector_norm(centred)) / math.sqrt(centred.numel()) or 1.0
        if not math.isfinite(self.scale):
            raise TrainingError(
                "the features of some image are not finite numbers, or too large to compute with",
                hint="give other weights, with --weights, or another body, with --arch",
            )
        centred /= self.scale
        self.axes = _principal_axes(centred)
        self.rows = centred.new_ones(len(centred), self.axes.shape[1] + 1)
        """(rows, axes + 1): the last column is 1 and carries the bias."""
        torch.mm(centred, self.axes, out=self.rows[:, :-1])

    def original(self, weights: Tensor) -> tuple[Tensor, Tensor]:
        """Return weight (C, features) and bias (C,) for the features as they were, float64."""
        weight = weights[:, :-1].double() @ self.axes.T.double() / self.scale
        return weight, weights[:, -1].double() - weight @ self.mean


def _principal_axes(centred: Tensor) -> Tensor:
    """Return orthonormal axes (features, axes) that span the rows, by the smaller Gram matrix."""
    few_rows = len(centred) < centred.shape[1]
    gram = centred @ centred.T if few_rows else centred.T @ centred
    axes: Tensor = torch.linalg.eigh(gram.double())[1].to(centred.dtype)
    if few_rows:
        # Where rows repeat, the shortest images are rounding: QR makes axes of them too, last.
        axes = torch.linalg.qr((centred.T @ axes).flip(1))[0]
    return axes


@dataclass(frozen=True)
class _Point:
    """Weights (heads, C, axes + 1), and the objective there."""

    weights: Tensor
    value: float
    gradient: Tensor


class _Problem:
    """The objective, summed over several heads on the same rows.

    The heads are those of the folds: for each, held-out rows have no share in the loss. Solving
    them together makes one wide matrix product of many narrow ones.
    """

    def __init__(self, rows: Tensor, targets: Tensor, shares: Tensor, n_classes: int) -> None:
        """Take rows (N, axes + 1), targets (N,), and shares of the rows (N, heads), sum 1."""
        self.shape = (shares.shape[1], n_classes, rows.shape[1])
        self.targets = targets[:, None, None].expand(-1, shares.shape[1], 1)
        self.penalised = rows.new_ones(rows.shape[1])
        self.penalised[-1] = 0
        self.mean_squares = torch.linalg.vector_norm(rows, dim=0).square() / len(rows)
        n_rows = max(1, BLOCK_SIZE // (shares.shape[1] * n_classes))
        parts = (rows, self.targets, shares.to(rows.dtype))
        self.blocks = list(zip(*(part.split(n_rows) for part in parts), strict=True))

    def _log_probabilities(self, rows: Tensor, weights: Tensor) -> Tensor:
        logits = rows @ weights.flatten(0, 1).T
        return F.log_softmax(logits.view(-1, *self.shape[:2]), dim=2)

    def row_losses(self, weights: Tensor) -> Tensor:
        """Return the cross-entropy of every row under every head, (N, heads)."""
        losses = [
            -self._log_probabilities(rows, weights).gather(2, targets)[..., 0]
            for rows, targets, _ in self.blocks
        ]
        return torch.cat(losses)

    def at(self, weights: Tensor, strength: float) -> _Point:
        """Return the objective at `weights`; its gradient is probability less truth, by rows."""
        gradient = weights * (strength * self.penalised)
        value = float((weights * gradient).sum(dtype=torch.float64)) / 2
        for rows, targets, shares in self.blocks:
            errors = self._log_probabilities(rows, weights)
            value -= float((errors.gather(2, targets)[..., 0] * shares).sum(dtype=torch.float64))
            minus_one = errors.new_full((1, 1, 1), -1.0).expand_as(targets)
            errors.exp_().scatter_add_(2, targets, minus_one).mul_(shares[..., None])
            gradient.view(-1, self.shape[2]).addmm_(errors.flatten(1).T, rows)
        return _Point(weights, value, gradient)

    def curvature(self, weights: Tensor, strength: float) -> Tensor:
        """Return about the Hessian, (axes + 1,), which on principal axes is nearly diagonal.

        The first block tells how sure the head is well enough.
        """
        probabilities = self._log_probabilities(self.blocks[0][0], weights).exp_()
        doubt = float((probabilities * (1 - probabilities)).mean())
        curvature: Tensor = max(doubt, strength / 1000) * self.mean_squares
        return curvature + strength * self.penalised


def _cross_validate(
    rows: Tensor, targets: Tensor, row_weights: Tensor, folds: Tensor
) -> list[float]:
    """Return the held-out loss at each strength down to the best, nan where nothing is held out."""
    n_folds = int(folds.max()) + 1
    if n_folds == 0:
        return [math.nan] * (STRENGTHS.index(UNJUDGED_STRENGTH) + 1)
    judged = torch.arange(n_folds if len(rows) <= MANY_ROWS else 1)
    is_held_out = folds[:, None] == judged
    learning, held_out = row_weights[:, None] * ~is_held_out, row_weights[:, None] * is_held_out
    problem = _Problem(rows, targets, learning / learning.sum(0), int(targets.max()) + 1)
    losses: list[float] = []
    for weights in _path(problem, STRENGTHS, FOLD_TOLERANCE):
        losses.append(float((problem.row_losses(weights) * held_out).sum() / held_out.sum()))
        before, risen, risen_again = [math.inf, math.inf, *losses][-3:]
        if risen > CLEAR_RISE * before and risen_again > CLEAR_RISE * risen:
            break
    return losses[: losses.index(min(losses)) + 1]


def _whole_path(
    rows: Tensor, targets: Tensor, row_weights: Tensor, n_strengths: int
) -> list[tuple[Tensor, float]]:
    """Return optimum (1, C, axes + 1) and training loss at each of the first strengths.

    All but the last are found in float32; the last is the head, and as exact as can be.
    """
    shares = (row_weights / row_weights.sum())[:, None]
    n_classes = int(targets.max()) + 1
    exact = _Problem(rows, targets, shares, n_classes)
    rough = _Problem(rows.float(), targets, shares, n_classes)
    strengths = STRENGTHS[:n_strengths]
    optima = [weights.to(rows.dtype) for weights in _path(rough, strengths, PATH_TOLERANCE)]
    optima[-1] = _minimise(exact, optima[-1], strengths[-1], FINAL_TOLERANCE[rows.dtype])
    return [(weights, float((exact.row_losses(weights) * shares).sum())) for weights in optima]


def _path(problem: _Problem, strengths: Sequence[float], tolerance: float) -> Iterator[Tensor]:
    """Yield the optimum (heads, C, axes + 1) at each strength, strong to weak.

    Optima move along nearly a straight line in the logarithm of the strength, so each search
    starts where the last two point to.
    """
    before = last = problem.mean_squares.new_zeros(problem.shape)
    for place, strength in enumerate(strengths):
        start = 2 * last - before if place > 1 else last
        before, last = last, _minimise(problem, start, strength, tolerance)
        yield last


def _minimise(problem: _Problem, start: Tensor, strength: float, tolerance: float) -> Tensor:
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
        if better is None:  # rounding hides any further descent
            break
        memory.append((better.weights - point.weights, better.gradient - point.gradient))
        point = better
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
    problem: _Problem, start: _Point, direction: Tensor, strength: float
) -> _Point | None:
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


def _with_absent(
    weight: Tensor, bias: Tensor, present: Tensor, n_classes: int
) -> tuple[Tensor, Tensor]:
    """Give the classes that no row shows a row each too; return float32."""
    all_weight = torch.zeros(n_classes, weight.shape[1])
    all_bias = torch.full((n_classes,), ABSENT_LOGIT)
    all_weight[present], all_bias[present] = weight.float(), bias.float()
    return all_weight, all_bias


@contextmanager
def _threads_for(n_products: int) -> Iterator[None]:
    """Compute in one thread what is too small to share out."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1 if n_products <= SMALL_PROBLEM else n_threads)
    try:
        yield
    finally:
        torch.set_num_threads(n_threads)
