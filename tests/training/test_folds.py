"""Dealing images out to the folds of a cross-validation."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from fastcnn.training.folds import assign_folds

seeds = st.integers(0, 10_000)


@st.composite
def views_of_images(draw: st.DrawFn) -> tuple[Tensor, Tensor]:
    """Draw the class and the image of each row, in any order; an image has one to four rows."""
    classes = draw(st.lists(st.integers(0, 4), min_size=1, max_size=40))
    n_views = draw(st.lists(st.integers(1, 4), min_size=len(classes), max_size=len(classes)))
    images = np.repeat(np.arange(len(classes)), n_views)
    order = np.random.default_rng(draw(seeds)).permutation(len(images))
    return torch.tensor(classes)[images[order]], torch.from_numpy(images[order] * 7 - 20)


@given(views_of_images(), st.integers(2, 6), seeds)
def test_folds_are_stratified_and_part_no_image(
    rows: tuple[Tensor, Tensor], n_folds: int, seed: int
) -> None:
    targets, images = rows
    folds = assign_folds(targets, images, n_folds, seed)
    fold_of = dict(zip(images.tolist(), folds.tolist(), strict=True))
    class_of = dict(zip(images.tolist(), targets.tolist(), strict=True))
    assert [fold_of[image] for image in images.tolist()] == folds.tolist()
    for number in set(class_of.values()):
        of_class = [fold for image, fold in fold_of.items() if class_of[image] == number]
        counts = [of_class.count(fold) for fold in range(n_folds)]
        if len(of_class) == 1:
            assert of_class == [-1]
        else:
            assert sum(counts) == len(of_class) and max(counts) - min(counts) <= 1
    sizes = [list(fold_of.values()).count(fold) for fold in range(n_folds)]
    assert max(sizes) - min(sizes) <= 1
    assert torch.equal(folds, assign_folds(targets, images, n_folds, seed))
