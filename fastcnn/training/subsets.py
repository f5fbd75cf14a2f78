"""Smaller training parts of the same images, and the linear heads that learn from them."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from fastcnn.data.randomness import derived_seed
from fastcnn.training.lbfgs import minimise
from fastcnn.training.logistic import FeatureSpace, Problem
from fastcnn.training.solver import FOLD_TOLERANCE, with_absent
from fastcnn.training.threads import one_thread

SHARES = (0.1, 0.2, 0.35, 0.5, 0.7, 1.0)
"""Of the training images, that a learning curve has a point at."""
FEWEST = 2
"""Images of each class in the smallest subset, where it has so many."""

Numbers = npt.NDArray[np.int64]
Head = tuple[Tensor, Tensor]
"""Weight (classes, features) and bias (classes,), float32."""


def subset_sizes(targets: Numbers) -> list[int]:
    """Return how many images the subsets have, in rising order; the last is all of them."""
    fewest = int(np.minimum(np.bincount(targets), FEWEST).sum())
    return sorted({max(fewest, round(share * len(targets))) for share in SHARES})


def nested_order(targets: Numbers, seed: int, draw: int) -> Numbers:
    """Return the images (N,) in an order whose every beginning is a stratified subset.

    So each subset holds the smaller ones. The first `FEWEST` of each class come before all others;
    from there on a class has its share, to one image.

    Args:
        targets: the number of each image's class, (N,).
        seed: of the run.
        draw: another number is another order.
    """
    random = np.random.default_rng(derived_seed(seed, "subsets", draw))
    order = random.permutation(len(targets))
    turn = np.empty(len(targets))
    for number in np.unique(targets):
        own = order[targets[order] == number]
        turn[own] = (np.arange(len(own)) + random.random()) / len(own)
        turn[own[:FEWEST]] -= 1
    return np.argsort(turn, kind="stable")


@torch.no_grad()
def solve_subsets(
    features: Tensor,
    targets: Tensor,
    n_classes: int,
    subsets: Sequence[Numbers],
    *,
    strength: float,
    class_weights: Tensor | None = None,
) -> list[Head]:
    """Return the best linear head on each of several subsets, all of them solved together.

    Args:
        features: float32 (images, views, features), on the processor as all that follows.
        targets: int64 (images,), classes from 0 to `n_classes` - 1.
        n_classes: rows of each weight; each subset shows all classes that `targets` has.
        subsets: places of the images of each.
        strength: of the L2 penalty, as `solve_head` chose it on one of them.
        class_weights: (n_classes,), positive; what the loss of a row of each class counts.
    """
    if not subsets:
        return []
    used = np.unique(np.concatenate(subsets))
    n_views = features.shape[1]
    present, numbers = targets[torch.from_numpy(used)].unique(return_inverse=True)
    counts = torch.ones(n_classes) if class_weights is None else class_weights
    is_in = torch.from_numpy(np.stack([np.isin(used, subset) for subset in subsets], axis=1))
    shares = is_in * counts[present][numbers][:, None]
    shares = shares / (n_views * shares.sum(0))
    with one_thread():
        space = FeatureSpace(features[torch.from_numpy(used)].flatten(0, 1))
        rows = space.rows.float()
        numbers, shares = (one.repeat_interleave(n_views, dim=0) for one in (numbers, shares))
        problem = Problem(rows, numbers, shares, len(present))
        weights = minimise(problem, rows.new_zeros(problem.shape), strength, FOLD_TOLERANCE)
    return [with_absent(*space.original(one), present, n_classes) for one in weights]
