"""The folds of a cross-validation."""

import numpy as np
import torch
from torch import Tensor


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
