"""Order and augmentation derive from seed, epoch and position, and from nothing else."""

from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fastcnn.data.loaders import make_loaders
from fastcnn.data.loading import ImageSet, read_images
from fastcnn.data.randomness import derived_seed
from fastcnn.recipe_book import find_recipe
from fastcnn.settings import Settings

SETTINGS = Settings(size=48, bs=8, seed=3)


@pytest.fixture
def images(few_pets: Path) -> ImageSet:
    """The few pets, labelled and split."""
    return read_images(find_recipe("pets").data_block(SETTINGS), few_pets)


def first_batches(images: ImageSet, epoch: int, workers: int = 0, count: int = 2) -> list[Any]:
    """Build the loaders anew, as a second process would, and take some batches of an epoch."""
    loaders = make_loaders(
        find_recipe("pets").data_block(SETTINGS), images, SETTINGS, torch.device("cpu")
    )
    train = loaders.train.new(num_workers=workers)
    train.epoch = epoch
    batches = []
    for batch in train:
        batches.append(batch)
        torch.rand(7)  # what a training step draws must not matter for what comes next
        if len(batches) == count:
            return batches
    return batches


def test_the_same_epoch_again_is_the_same(images: ImageSet) -> None:
    for (x, y), (again_x, again_y) in zip(
        first_batches(images, epoch=2), first_batches(images, epoch=2), strict=True
    ):
        assert torch.equal(x, again_x)
        assert torch.equal(y, again_y)


def test_the_number_of_workers_does_not_matter(images: ImageSet) -> None:
    alone, many = first_batches(images, 1), first_batches(images, 1, workers=2)
    assert all(torch.equal(a[0], b[0]) for a, b in zip(alone, many, strict=True))


def test_another_epoch_is_another_order_and_augmentation(images: ImageSet) -> None:
    first, second = first_batches(images, 0, count=1), first_batches(images, 1, count=1)
    assert not torch.equal(first[0][0], second[0][0])


def test_a_batch_leaves_the_generators_where_its_position_puts_them(images: ImageSet) -> None:
    """So that the dropout which follows is the same in a resumed epoch."""
    draws = []
    for noise in (1, 100):
        torch.rand(noise)
        first_batches(images, epoch=0, count=1)
        loaders = make_loaders(
            find_recipe("pets").data_block(SETTINGS), images, SETTINGS, torch.device("cpu")
        )
        next(iter(loaders.train))
        draws.append(torch.rand(3))
    assert torch.equal(*draws)


def test_validation_images_are_left_as_they_are(images: ImageSet) -> None:
    """No augmentation, and none of its resampling: the same values as the resized file."""
    loaders = make_loaders(
        find_recipe("pets").data_block(SETTINGS), images, SETTINGS, torch.device("cpu")
    )
    x, _ = next(iter(loaders.valid))
    assert torch.equal(x * 255, (x * 255).round())


@given(st.tuples(st.integers(0, 9), st.integers(0, 99), st.integers(0, 999)))
def test_positions_do_not_share_their_randomness(position: tuple[int, int, int]) -> None:
    seed, epoch, index = position
    assert derived_seed(*position) == derived_seed(*position)
    assert 0 <= derived_seed(*position) < 2**32
    neighbours = {(seed + 1, epoch, index), (seed, epoch + 1, index), (seed, epoch, index + 1)}
    assert derived_seed(*position) not in {derived_seed(*other) for other in neighbours}
