"""Which transforms a level puts in place of a recipe's, before any picture is read."""

from typing import Any

import pytest
from fastai.data.block import CategoryBlock, DataBlock
from fastai.vision.augment import (
    AffineCoordTfm,
    CropPad,
    LightingTfm,
    RandomCrop,
    RandomResizedCrop,
    RandTransform,
    Resize,
    ResizeMethod,
    aug_transforms,
)
from fastai.vision.data import ImageBlock

from fastcnn.data.augmentation import LEVELS, apply_augmentation
from fastcnn.data.unvaried import unvaried
from fastcnn.settings import Settings

SETTINGS = Settings(size=64)


def block_with(item_tfms: Any, batch_tfms: Any = None) -> DataBlock:
    """A user's recipe."""
    blocks = (ImageBlock, CategoryBlock)
    return DataBlock(blocks=blocks, item_tfms=item_tfms, batch_tfms=batch_tfms)


RECIPES = {
    "crop": lambda: block_with(Resize(64), aug_transforms()),
    "squish": lambda: block_with(Resize(64, ResizeMethod.Squish), aug_transforms()),
    "pad": lambda: block_with(Resize((48, 64), ResizeMethod.Pad, "zeros")),
    "presized": lambda: block_with(Resize(96), aug_transforms(size=64, min_scale=0.75)),
    "random resized": lambda: block_with(RandomResizedCrop(64, min_scale=0.3)),
}


class OwnRandom(RandTransform):
    """A random transform of a user's, which acts in both parts."""

    split_idx = None


def test_the_block_is_not_touched() -> None:
    for level in LEVELS:
        block = RECIPES["crop"]()
        items, batch = list(block.item_tfms), list(block.batch_tfms)
        before = [dict(vars(t)) for t in [*items, *batch] if not isinstance(t, type)]
        apply_augmentation(block, SETTINGS.changed(augment=level))
        assert (list(block.item_tfms), list(block.batch_tfms)) == (items, batch)
        assert [dict(vars(t)) for t in [*items, *batch] if not isinstance(t, type)] == before


@pytest.mark.parametrize("recipe", RECIPES)
def test_strong_warps_once_and_changes_light_once(recipe: str) -> None:
    """Each costs about 70 ms a batch; a warp to another size is the recipe's own."""
    items, batch = apply_augmentation(RECIPES[recipe](), SETTINGS.changed(augment="strong"))
    own_warps = [t for t in batch if isinstance(t, AffineCoordTfm) and t.size is None]
    assert len(own_warps) == 1
    assert len([t for t in batch if isinstance(t, LightingTfm)]) == 1
    keeps_whole = recipe in ("squish", "pad", "random resized")
    assert keeps_whole == (not any(isinstance(t, RandomResizedCrop) for t in items))
    zooms = [f for f in own_warps[0].aff_fs if f.func.__name__ == "zoom_mat"]
    assert len(zooms) == keeps_whole


def test_a_random_crop_keeps_the_shape_and_filter_of_the_resize() -> None:
    block = block_with(Resize((48, 64), resamples=(3, 0)))
    items, _ = apply_augmentation(block, SETTINGS.changed(augment="strong"))
    (crop,) = (t for t in items if isinstance(t, RandomResizedCrop))
    (resize,) = (t for t in items if isinstance(t, Resize))
    assert (crop.size, crop.mode, crop.order) == (resize.size, resize.mode, resize.order)
    assert (crop.split_idx, resize.split_idx) == (0, None)


def test_a_crop_of_the_recipes_becomes_central() -> None:
    (crop,) = unvaried(RandomCrop((64, 48)))
    assert isinstance(crop, CropPad)
    assert crop.size == RandomCrop((64, 48)).size


def test_a_random_transform_of_the_recipes_own_is_left() -> None:
    """It may be what makes all pictures of one size."""
    own = OwnRandom()
    assert unvaried(own) == [own]
    assert unvaried(RandTransform()) == []  # this one acts on training pictures only
