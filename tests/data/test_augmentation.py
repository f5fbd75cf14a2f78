"""The levels of `--augment`: what varies in training, and that validation never does."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from fastai.data.block import CategoryBlock, DataBlock
from fastai.data.core import DataLoaders
from fastai.data.transforms import RandomSplitter, get_image_files
from fastai.vision.augment import (
    FlipItem,
    RandomCrop,
    RandomResizedCrop,
    Resize,
    ResizeMethod,
    aug_transforms,
)
from fastai.vision.core import PILImage
from fastai.vision.data import ImageBlock
from PIL import ImageOps

from fastcnn.data.augmentation import LEVELS, apply_augmentation, describe_augmentation
from fastcnn.data.loaders import make_loaders
from fastcnn.data.loading import read_images
from fastcnn.inference.export import export_bytes
from fastcnn.inference.predictor import open_predictor
from fastcnn.models.learner import add_normalisation, build_learner
from fastcnn.models.weights import find_weights
from fastcnn.narrator import Narrator
from fastcnn.recipe_book import find_recipe
from fastcnn.setting_checks import CHOICES
from fastcnn.settings import Settings

SETTINGS = Settings(arch="test_resnet", size=64, bs=8, seed=3)


def invert(image: PILImage) -> PILImage:
    """A recipe's own transform that draws nothing."""
    return PILImage(ImageOps.invert(image))


def block_with(item_tfms: Any, batch_tfms: Any = None) -> DataBlock:
    """A user's recipe."""
    return DataBlock(
        blocks=(ImageBlock, CategoryBlock),
        get_items=get_image_files,
        get_y=lambda path: path.stem.rsplit("_", 1)[0],
        splitter=RandomSplitter(0.5, seed=1),
        item_tfms=item_tfms,
        batch_tfms=batch_tfms,
    )


RECIPES = {
    "pets": lambda: find_recipe("pets").data_block(SETTINGS),
    "squish": lambda: block_with(Resize(64, ResizeMethod.Squish), aug_transforms()),
    "pad": lambda: block_with([Resize((48, 64), ResizeMethod.Pad, "zeros"), FlipItem()]),
    "presized": lambda: block_with(Resize(96), aug_transforms(size=64, min_scale=0.75)),
    "sized warp": lambda: block_with(Resize(96), aug_transforms(size=64)),
    "random resized": lambda: block_with(RandomResizedCrop(64, min_scale=0.3)),
    "a transform for each part": lambda: block_with(
        [RandomResizedCrop(64, split_idx=0), Resize(64, split_idx=1)]
    ),
    "random crop": lambda: block_with([Resize(80), RandomCrop((64, 48))]),
}


def loaders(block: DataBlock, folder: Path, augment: str) -> DataLoaders:
    """Loaders of a recipe at a level."""
    images = read_images(block, folder)
    block.item_tfms, block.batch_tfms = apply_augmentation(block, SETTINGS.changed(augment=augment))
    return make_loaders(block, images, SETTINGS, torch.device("cpu"))


def validation_pixels(dls: DataLoaders) -> torch.Tensor:
    """Every validation picture."""
    return torch.cat([x.as_subclass(torch.Tensor) for x, _ in dls.valid.new(num_workers=0)])


def training_pixels(dls: DataLoaders, epoch: int, indices: Sequence[int] = range(8)) -> Any:
    """Some training pictures in an epoch, always of the same files."""
    loader = dls.train.new(shuffle=False, num_workers=0, get_idxs=lambda: list(indices))
    loader.epoch = epoch
    return next(iter(loader))[0].as_subclass(torch.Tensor)


def test_every_level_is_described_in_one_line() -> None:
    assert sorted(LEVELS) == sorted(CHOICES["augment"])
    for level in LEVELS:
        assert "\n" not in describe_augmentation(level)
    with pytest.raises(KeyError):
        describe_augmentation("stronger")


def test_a_description_needs_no_fastai() -> None:
    code = "import sys, fastcnn.data.augmentation; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).stdout == b"False\n"


@pytest.mark.parametrize("recipe", RECIPES)
def test_validation_is_the_same_to_the_bit(recipe: str, small_pets: Path) -> None:
    """So that models that were trained at different levels are compared on the same pictures."""
    expected = validation_pixels(loaders(RECIPES[recipe](), small_pets, "default"))
    for level in ("none", "light", "strong"):
        assert torch.equal(
            validation_pixels(loaders(RECIPES[recipe](), small_pets, level)), expected
        ), level


@pytest.mark.parametrize("recipe", RECIPES)
def test_none_trains_on_what_validation_sees(recipe: str, small_pets: Path) -> None:
    dls = loaders(RECIPES[recipe](), small_pets, "none")
    files = list(dls.train_ds.items)[:8]
    (seen,) = next(iter(dls.test_dl(files, num_workers=0)))
    for epoch in (0, 1):
        assert torch.equal(training_pixels(dls, epoch), seen)


@pytest.mark.parametrize("recipe", ["pets", "squish"])
@pytest.mark.parametrize("level", ["light", "strong"])
def test_light_and_strong_vary(level: str, recipe: str, small_pets: Path) -> None:
    dls = loaders(RECIPES[recipe](), small_pets, level)
    first, second = (training_pixels(dls, epoch) for epoch in (0, 1))
    assert torch.equal(first, training_pixels(dls, 0))
    assert all(not torch.equal(a, b) for a, b in zip(first, second, strict=True))
    assert first.shape == (8, 3, 64, 64)
    assert first.isfinite().all()


def test_stronger_is_stronger(small_pets: Path) -> None:
    """By how far a training picture lies from the same one in another epoch."""
    distance = {}
    for level in LEVELS:
        dls = loaders(RECIPES["pets"](), small_pets, level)
        pictures = [training_pixels(dls, epoch).clamp(0, 1) for epoch in range(3)]
        pairs = zip(pictures, pictures[1:], strict=False)
        distance[level] = sum(float((a - b).abs().mean()) for a, b in pairs)
    assert distance["none"] == 0 < distance["light"] < distance["default"] < distance["strong"]


@pytest.mark.parametrize("level", LEVELS)
def test_a_recipes_own_transform_survives(level: str, small_pets: Path) -> None:
    plain = loaders(block_with(Resize(64)), small_pets, "none")
    dls = loaders(block_with([invert, Resize(64)]), small_pets, level)
    inverted = 1 - validation_pixels(plain)
    assert (validation_pixels(dls) - inverted).abs().max() < 1.01 / 255  # Pillow rounds
    dark, bright = training_pixels(dls, 0).mean(), training_pixels(plain, 0).mean()
    assert abs(dark - (1 - bright)) < 0.1


@pytest.mark.parametrize("level", LEVELS)
def test_every_level_can_be_exported(level: str, small_pets: Path, tiny_weights: Path) -> None:
    """What is exported predicts the pixels that validation saw, whichever level trained it."""
    dls = loaders(RECIPES["pets"](), small_pets, level)
    weights = find_weights(
        "test_resnet", str(tiny_weights), arch_was_named=True, narrator=Narrator()
    )
    add_normalisation(dls, weights.architecture)
    learner = build_learner(dls, weights, SETTINGS)
    expected = validation_pixels(dls)
    exported = open_predictor(export_bytes(learner), "x").learner
    files = list(dls.valid_ds.items)
    seen = torch.cat([batch[0] for batch in exported.dls.test_dl(files, num_workers=0)])
    assert torch.equal(seen.as_subclass(torch.Tensor), expected)
    names = {type(t).__name__ for t in exported.dls.valid.after_batch.fs}
    assert names == {"IntToFloatTensor", "Normalize"}
