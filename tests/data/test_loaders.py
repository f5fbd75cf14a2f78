"""Loaders of a recipe's own transforms: its block stays as it is, its functions are used."""

import random
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fastai.data.block import CategoryBlock, DataBlock, TransformBlock
from fastai.data.transforms import FuncSplitter, IntToFloatTensor, get_image_files
from fastai.vision.augment import Resize, aug_transforms
from fastai.vision.core import PILImage
from fastai.vision.data import ImageBlock
from fasttransform import Pipeline, Transform
from photographs import block_with

from fastcnn.data.image_loader import loader_speed
from fastcnn.data.loaders import make_loaders
from fastcnn.data.loading import ImageSet, read_images
from fastcnn.data.pixels import PixelCache
from fastcnn.data.randomness import seed_everything
from fastcnn.settings import Settings

SETTINGS = Settings(bs=8)
CPU = torch.device("cpu")


def loaders_of(block: DataBlock, folder: Path, pixels: PixelCache | None = None) -> Any:
    return make_loaders(block, read_images(block, folder), SETTINGS, CPU, pixels)


@pytest.fixture
def loader(few_pets: Path) -> Any:
    """The training loader of the few pets, in memory."""
    block = block_with(Resize(32), held_out="0")
    block.new(item_tfms=Resize(32), batch_tfms=aug_transforms())
    return loaders_of(block, few_pets, PixelCache()).train


def test_the_block_stays_as_the_recipe_wrote_it(few_pets: Path) -> None:
    block = block_with(Resize(32), held_out="0")
    get_items, splitter = block.get_items, block.splitter
    transforms = [type(transform) for transform in block.item_tfms]
    loaders_of(block, few_pets)
    assert (block.get_items, block.splitter) == (get_items, splitter)
    assert [type(transform) for transform in block.item_tfms] == transforms


def test_the_split_of_the_images_holds(few_pets: Path) -> None:
    """Held-out images of unknown classes are in neither part."""
    block = block_with(Resize(32), held_out="0")
    whole = read_images(block, few_pets)
    images = ImageSet(few_pets, whole.items, whole.labels, whole.train[:20], whole.valid[1:], ())
    loaders = make_loaders(block, images, SETTINGS, CPU)
    assert list(loaders.train_ds.items) == [whole.items[index] for index in whole.train[:20]]
    assert list(loaders.valid_ds.items) == [whole.items[index] for index in whole.valid[1:]]
    assert list(loaders.vocab) == images.classes


@pytest.mark.parametrize(
    "getter",
    [
        lambda path: path.stem[0].isupper(),
        Pipeline([lambda path: path.stem, lambda stem: ord(stem[0])]),
    ],
)
def test_labels_are_what_the_getters_say(few_pets: Path, getter: Any) -> None:
    """A number stays a number; fastai's own block of the same transforms has the same targets."""
    block = DataBlock(
        blocks=(ImageBlock, CategoryBlock),
        getters=[lambda path: path, getter],
        get_items=get_image_files,
        splitter=FuncSplitter(lambda path: "0" in path.name),
        item_tfms=Resize(32),
    )
    loaders = loaders_of(block, few_pets)
    assert type(loaders.vocab[0]) is type(getter(loaders.train_ds.items[0]))
    for path, (_, y) in zip(loaders.valid_ds.items, loaders.valid_ds, strict=True):
        assert loaders.vocab[int(y)] == getter(path)


def test_any_item_transform_will_do(few_pets: Path) -> None:
    def flipped(image: PILImage) -> PILImage:
        return PILImage(image.transpose(0))

    plain, turned = (
        block_with(Resize(32), held_out="0"),
        block_with(Resize(32), Transform(flipped, order=2), held_out="0"),
    )
    batch = {}
    for name, block in (("plain", plain), ("turned", turned)):
        batch[name] = loaders_of(block, few_pets, PixelCache()).valid.one_batch()[0]
    assert torch.equal(batch["plain"].flip(-1), batch["turned"])


class Doubled(PILImage):
    """A recipe's own way to open a file."""

    @classmethod
    def create(cls, file: Any, **_: Any) -> Any:
        image = PILImage.create(file)
        return cls(image.resize((2 * image.size[0], image.size[1])))


def open_doubled(path: Path) -> PILImage:
    return PILImage(Doubled.create(path))


@pytest.mark.parametrize("opener", [Doubled.create, open_doubled])
def test_a_recipes_own_way_to_open_files_is_its_way(few_pets: Path, opener: Any) -> None:
    block = DataBlock(
        blocks=(TransformBlock(type_tfms=opener, batch_tfms=IntToFloatTensor), CategoryBlock),
        get_items=get_image_files,
        get_y=lambda path: path.stem.rsplit("_", 1)[0],
        splitter=FuncSplitter(lambda path: "0" in path.name),
        item_tfms=Resize((100, 200), "squish"),
    )
    pixels = PixelCache()
    loaders = loaders_of(block, few_pets, pixels)
    assert loaders.one_batch()[0].shape == (8, 3, 100, 200)
    assert loaders.train_ds[0][0].size[0] == 2 * PILImage.create(loaders.train_ds.items[0]).size[0]
    assert pixels.n_bytes == 0


def test_a_learner_predicts_from_a_path_or_an_image(few_pets: Path) -> None:
    loaders = loaders_of(block_with(Resize(32), held_out="0"), few_pets, PixelCache())
    path = loaders.valid_ds.items[0]
    given = [path, str(path), PILImage.create(path), np.array(PILImage.create(path))]
    batches = [loaders.test_dl([item], num_workers=0).one_batch()[0] for item in given]
    assert all(torch.equal(batch, batches[0]) for batch in batches[1:])


def test_measuring_the_speed_moves_nothing(loader: Any) -> None:
    loader.epoch = 4
    expected, by_processes = list(loader), loader.new(num_workers=2)
    seed_everything(1)
    draws = random.random(), np.random.random(), torch.rand(1)
    seed_everything(1)
    assert loader_speed(loader) > 1
    assert loader_speed(by_processes) > 1
    assert (random.random(), np.random.random(), torch.rand(1)) == draws
    assert loader.epoch == 4
    assert all(torch.equal(a[0], b[0]) for a, b in zip(expected, loader, strict=True))


def test_rare_classes_can_be_drawn_more_often(loader: Any) -> None:
    n = len(loader.dataset)
    weights = np.ones(n)
    weights[:2], weights[2:4] = 10.0, 0.0
    assert sorted(loader.get_idxs()) == list(range(n))
    loader.sampling_weights = weights
    counts = Counter[int]()
    for epoch in range(200):
        loader.epoch = epoch
        order = loader.shuffle_fn(list(range(n)))
        assert len(order) == n
        counts.update(order)
    expected = 200 * n * weights / weights.sum()
    assert not counts[2] and not counts[3]
    for index in (0, 1, 4, n - 1):
        assert abs(counts[index] - expected[index]) < 5 * np.sqrt(expected[index])


def test_draws_depend_on_seed_and_epoch_alone(loader: Any) -> None:
    indices = list(range(len(loader.dataset)))
    loader.sampling_weights = np.linspace(1, 2, len(indices))
    first = loader.shuffle_fn(indices)
    np.random.seed(7)
    assert loader.new().shuffle_fn(indices) == first
    loader.epoch = 1
    assert loader.shuffle_fn(indices) != first
    assert loader.new(loader.dataset).sampling_weights is None
    loader.sampling_weights = np.ones(3)
    with pytest.raises(ValueError, match="size"):
        loader.shuffle_fn(indices)


def test_an_image_that_is_drawn_again_is_varied_anew(loader: Any) -> None:
    """Two processes make the same batches of it as this one."""
    loader.sampling_weights = np.eye(len(loader.dataset))[5] + 1e-9
    assert len(set(loader.get_idxs())) == len(loader.dataset)
    (x, y), *_ = list(loader)
    assert len(set(y.tolist())) == 1
    items = [loader.do_item(5 + repeat * loader.n)[0] for repeat in range(8)]
    assert len({item.numpy().tobytes() for item in items}) > 1
    (other, _), *_ = list(loader.new(num_workers=2))
    assert torch.equal(x, other)
