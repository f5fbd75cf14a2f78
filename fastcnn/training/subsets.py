"""Smaller training parts of the same images, and the linear heads that learn from them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

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
NEAR = 0.2
"""Part of a size by which a subset of whole groups may miss it."""

Numbers = npt.NDArray[np.int64]
Head = tuple[Tensor, Tensor]
"""Weight (classes, features) and bias (classes,), float32."""


@dataclass(frozen=True)
class Order:
    """Images in an order whose beginnings are stratified subsets, each holding the smaller ones."""

    images: Numbers
    """Places of the images, (N,)."""
    ends: Numbers
    """How many images the first group has, the first two, and so on; the last is N."""
    fewest: int
    """Of the smallest subset, which shows each class."""

    def subset(self, size: int) -> Numbers:
        """Return the places of about `size` images, in rising order: whole groups, or all."""
        n = len(self.images)
        if size < n:
            ends = self.ends[(self.ends >= min(self.fewest, size)) & (self.ends < n)]
            size = int(ends[np.abs(ends - size).argmin()]) if len(ends) else n
        return np.sort(self.images[:size])


def subset_sizes(orders: Sequence[Order]) -> list[int]:
    """Return how many images the subsets have, in rising order; the last is all of them.

    Sizes that whole groups do not come near to are left out.
    """
    n = len(orders[0].images)
    fewest = max(order.fewest for order in orders)
    sizes = sorted({max(fewest, round(share * n)) for share in SHARES})
    return [
        size
        for size in sizes
        if all(abs(len(order.subset(size)) - size) <= NEAR * size for order in orders)
    ]


def nested_order(
    targets: Numbers, seed: int, draw: int, groups: Sequence[str] | None = None
) -> Order:
    """Return the images in a random order of which every beginning is a stratified subset.

    The first `FEWEST` of each class come before all others; from there on a class has its share, to
    one image. Images of a group follow each other, and count as its commonest class: then the
    shares hold as well as the groups let them.

    Args:
        targets: the number of each image's class, (N,).
        seed: of the run.
        draw: another number is another order.
        groups: what each image belongs to; None where each is alone.
    """
    random = np.random.default_rng(derived_seed(seed, "subsets", draw))
    names = np.arange(len(targets)) if groups is None else np.asarray(groups)
    _, group, counts = np.unique(names, return_inverse=True, return_counts=True)
    members = np.split(np.argsort(group, kind="stable"), counts.cumsum()[:-1])
    kind = np.array([np.bincount(targets[own]).argmax() for own in members])
    order = random.permutation(len(members))
    turn = np.empty(len(members))
    for number in np.unique(kind):
        own = order[kind[order] == number]
        before = counts[own].cumsum() - counts[own]
        turn[own] = (before + random.random()) / counts[own].sum()
    order = np.argsort(turn, kind="stable")
    is_first = _first_of_all_classes([targets[members[place]] for place in order])
    order = np.concatenate([order[is_first], order[~is_first]])
    images = np.concatenate([members[place] for place in order])
    return Order(images, counts[order].cumsum(), int(counts[order][: is_first.sum()].sum()))


def _first_of_all_classes(classes: Sequence[Numbers]) -> npt.NDArray[np.bool_]:
    """Return which groups, of these classes, bring a class up to `FEWEST` images."""
    shown: Counter[int] = Counter()
    is_first = np.zeros(len(classes), dtype=bool)
    for place, own in enumerate(classes):
        is_first[place] = any(shown[number] < FEWEST for number in own.tolist())
        shown.update(own.tolist())
    return is_first


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
