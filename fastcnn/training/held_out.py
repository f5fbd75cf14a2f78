"""What a linear head says of every image that it has not learned from: a cross-validation."""

import torch
from torch import Tensor

from fastcnn.training.folds import assign_folds
from fastcnn.training.lbfgs import minimise
from fastcnn.training.logistic import FeatureSpace, Problem
from fastcnn.training.solver import FOLD_TOLERANCE, MANY_ROWS

FOLDS, FOLDS_OF_MANY = 5, 2
"""Parts that are held out in turn; fewer where each head learns from thousands all the same."""


@torch.no_grad()
def held_out_probabilities(
    features: Tensor, targets: Tensor, n_classes: int, *, strength: float, seed: int
) -> Tensor:
    """Return the probability of every class for every row by a head that has not seen the row.

    Args:
        features: float32 (rows, features).
        targets: int64 (rows,), classes from 0 to `n_classes` - 1.
        n_classes: columns of the answer.
        strength: of the L2 penalty, as `solve_head` chose it.
        seed: deals the rows out to the folds.

    Returns:
        float32 (rows, n_classes); a row that is the only one of its class is judged by a head
        that has seen it, since without it there would be no such class.
    """
    n_folds = FOLDS if len(targets) <= MANY_ROWS else FOLDS_OF_MANY
    folds = assign_folds(targets, torch.arange(len(targets)), n_folds, seed)
    learning = (folds[:, None] != torch.arange(n_folds)).float()
    rows = FeatureSpace(features).rows.float()
    problem = Problem(rows, targets, learning / learning.sum(0), n_classes)
    weights = minimise(problem, rows.new_zeros(problem.shape), strength, FOLD_TOLERANCE)
    found = rows.new_empty(len(rows), n_classes)
    for fold in range(n_folds):
        judged = (folds == fold) | ((folds < 0) if fold == 0 else False)
        found[judged] = torch.softmax(rows[judged] @ weights[fold].T, dim=1)
    return found
