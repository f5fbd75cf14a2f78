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
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from fastcnn.training.folds import assign_folds
from fastcnn.training.lbfgs import minimise
from fastcnn.training.logistic import FeatureSpace, Problem
from fastcnn.training.threads import one_thread

STRENGTHS = tuple(10 ** (-half_decades / 2) for half_decades in range(-2, 11))
"""From 10 to 1e-5, strong to weak: two images a class, or wrong labels, want more than 0.1."""
UNJUDGED_STRENGTH = 1e-2
"""Taken, and one of `STRENGTHS`, where no class has two images to judge a strength by."""
CLEAR_RISE = 1.01
"""Two such rises of the held-out loss in a row end the way down the strengths."""
MANY_ROWS = 10_000
"""Above, one held-out fold tells the strengths apart well enough, in a fifth of the time."""
SMALL_PROBLEM = 2**27
"""Up to so many products a look at all rows, one thread: on a busy machine more only wait."""

FOLD_TOLERANCE, PATH_TOLERANCE = 1e-2, 1e-4
"""Parts of the objective by which a fold, and a stage before the last, may miss the optimum."""
FINAL_TOLERANCE = {torch.float64: 1e-9, torch.float32: 1e-6}
"""The same for the head itself; float32 rounds too much for better."""
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
    with one_thread(features.numel() * len(present) <= SMALL_PROBLEM):
        space = FeatureSpace(features)
        folds = assign_folds(targets, groups, n_folds, seed)
        losses = _cross_validate(space.rows.float(), targets, row_weights, folds)
        optima = _whole_path(space.rows, targets, row_weights, len(losses))
    stages = []
    for strength, loss, (weights, train_loss) in zip(STRENGTHS, losses, optima, strict=False):
        weight, bias = with_absent(*space.original(weights[0]), present, n_classes)
        stages.append(Stage(strength, weight, bias, train_loss, loss))
    last = stages[-1]
    return SolvedHead(last.weight, last.bias, last.strength, tuple(stages))


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
    problem = Problem(rows, targets, learning / learning.sum(0), int(targets.max()) + 1)
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
    exact = Problem(rows, targets, shares, n_classes)
    rough = Problem(rows.float(), targets, shares, n_classes)
    strengths = STRENGTHS[:n_strengths]
    optima = [weights.to(rows.dtype) for weights in _path(rough, strengths, PATH_TOLERANCE)]
    optima[-1] = minimise(exact, optima[-1], strengths[-1], FINAL_TOLERANCE[rows.dtype])
    return [(weights, float((exact.row_losses(weights) * shares).sum())) for weights in optima]


def _path(problem: Problem, strengths: Sequence[float], tolerance: float) -> Iterator[Tensor]:
    """Yield the optimum (heads, C, axes + 1) at each strength, strong to weak.

    Optima move along nearly a straight line in the logarithm of the strength, so each search
    starts where the last two point to.
    """
    before = last = problem.mean_squares.new_zeros(problem.shape)
    for place, strength in enumerate(strengths):
        start = 2 * last - before if place > 1 else last
        before, last = last, minimise(problem, start, strength, tolerance)
        yield last


def with_absent(
    weight: Tensor, bias: Tensor, present: Tensor, n_classes: int
) -> tuple[Tensor, Tensor]:
    """Give the classes that no row shows a row each too; return float32."""
    all_weight = torch.zeros(n_classes, weight.shape[1])
    all_bias = torch.full((n_classes,), ABSENT_LOGIT)
    all_weight[present], all_bias[present] = weight.float(), bias.float()
    return all_weight, all_bias
