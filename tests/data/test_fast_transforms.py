"""Our quicker forms of fastai's transforms: the same draws, and the same pictures."""

import random
from pathlib import Path
from typing import Any

import pytest
import torch
from fastai.torch_core import TensorCategory, TensorImage
from fastai.vision.augment import (
    Contrast,
    Dihedral,
    Flip,
    RandomErasing,
    RandomResizedCrop,
    Resize,
    Rotate,
    Saturation,
    Zoom,
    aug_transforms,
    setup_aug_tfms,
)
from fastai.vision.core import PILImage, ToTensor
from fasttransform import Pipeline

from fastcnn.data.fast_batches import WarpAtOnce, faster_batch
from fastcnn.data.fast_items import faster_item
from fastcnn.data.randomness import seed_everything

CATEGORY = TensorCategory(3)


def photographs(folder: Path, count: int) -> list[Any]:
    return [PILImage.create(file) for file in sorted(folder.glob("*.jpg"))[:count]]


@pytest.mark.parametrize(
    "transform",
    [
        Resize(64),
        Resize((50, 90)),
        Resize(300),
        Resize(64, "pad"),
        Resize(64, "squish"),
        RandomResizedCrop(64, min_scale=0.3),
        Resize(64, split_idx=0),
    ],
    ids=str,
)
@pytest.mark.parametrize("part", [0, 1])
def test_items_are_the_same_to_the_bit(few_pets: Path, transform: Any, part: int) -> None:
    for image in photographs(few_pets, 6):
        results = []
        for resize, to_tensor in (
            (transform, ToTensor()),
            map(faster_item, (transform, ToTensor())),
        ):
            random.seed(1)
            item = Pipeline([resize, to_tensor], split_idx=part)((image, CATEGORY))
            results.append((item, random.random()))
        ((x, y), draw), ((our_x, our_y), our_draw) = results
        assert torch.equal(x, our_x) and (y, draw) == (our_y, our_draw)
        assert (type(x), type(y), x.stride()) == (type(our_x), type(our_y), our_x.stride())


def test_what_is_no_image_with_a_category_goes_fastais_way(few_pets: Path) -> None:
    image = photographs(few_pets, 1)[0]
    for transform in (Resize(32, "crop"), ToTensor()):
        alone, pair = faster_item(transform)(image), faster_item(transform)((image, image))
        assert type(alone) is type(pair[0]) is type(pair[1]) is type(transform(image))


AUGMENTATIONS = {
    "fastai's default": aug_transforms(),
    "of satellites": aug_transforms(flip_vert=True, max_warp=0, max_rotate=90),
    "to a smaller size": aug_transforms(size=40),
    "to less than half the size": aug_transforms(size=12, max_zoom=1.5),
    "to a larger size": aug_transforms(size=(90, 70)),
    "with borders": aug_transforms(pad_mode="border", align_corners=False),
    "nearest": aug_transforms(mode="nearest", max_lighting=0),
    "one for all": aug_transforms(batch=True, min_zoom=0.8),
    "alone": [Flip(align_corners=False), RandomErasing(p=1.0)],
    "more of each": setup_aug_tfms(
        [Dihedral(), Rotate(30), Zoom(), Contrast(0.4), Saturation(0.4)]
    ),
}


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_batches_are_the_same_up_to_rounding(few_pets: Path, name: str) -> None:
    items = [ToTensor()(Resize(64)(image)) for image in photographs(few_pets, 12)]
    batch = torch.stack(items).float() / 255
    results = []
    for change in (lambda transform: transform, faster_batch):
        seed_everything(5)
        pipeline = Pipeline([change(transform) for transform in AUGMENTATIONS[name]], split_idx=0)
        x, y = pipeline((TensorImage(batch.clone()), CATEGORY))
        results.append((x, torch.rand(1), random.random()))
    (stock, *draws), (ours, *our_draws) = results
    assert draws == our_draws
    assert type(stock) is type(ours) and stock.shape == ours.shape
    assert not torch.equal(stock, batch)
    # The logit of a colour next to 1 depends on its last bit: a few pixels differ by more.
    assert (stock - ours).abs().mean() < 1e-5
    assert (stock - ours).abs().max() < 0.05


def test_the_recipes_own_transforms_are_left_alone() -> None:
    class Own(Flip):
        pass

    own = Own()
    assert faster_batch(own) is own
    transforms = aug_transforms()
    before = [type(transform) for transform in transforms]
    assert isinstance(faster_batch(transforms[0]), WarpAtOnce)
    assert [type(transform) for transform in transforms] == before
