"""Aeroplane or frog? CIFAR-10, ten classes of pictures of 32 x 32 pixels.

    fastcnn recipe cifar10 --strategy full-vs-head

The data: 60,000 pictures, 6,000 of each class (Krizhevsky, "Learning Multiple Layers of Features
from Tiny Images", 2009), in `train/<class>/` (50,000) and `test/<class>/` (10,000). An archive of
these folders will do too, and so will the batches that torchvision downloads.

The split: a random fifth of `train` is held out for every choice there is to make. The folder
`test` is the test part: it is scored once, at the end.

Two ways with it. Transfer: the pictures are enlarged to 96 pixels, since a body from ImageNet
divides each side by 32 and would see a single cell. From nothing: `--strategy scratch --size 32`,
where a network of any architecture sees the pixels as they are; `--arch sprint` was made for it.

The variation: mirrored in every other epoch, and moved by up to an eighth of the side.

The arithmetic: 40,000 to train on make 1,250 batches of 32 an epoch. `head` learns 512 features
x 10 classes + 10 biases = 5,130 numbers on a ResNet-18.
"""

from pathlib import Path

from fastai.data.block import CategoryBlock, DataBlock
from fastai.data.external import URLs
from fastai.data.transforms import RandomSplitter, get_image_files, parent_label
from fastai.vision.augment import Resize
from fastai.vision.data import ImageBlock

from fastcnn.data.cifar_batches import as_folders
from fastcnn.data.moves import MirrorAndShift
from fastcnn.recipe import Recipe
from fastcnn.settings import Settings


def pictures(folder: Path) -> list[Path]:
    """List what is learned from and held out."""
    return list(get_image_files(folder / "train"))


def test_pictures(folder: Path) -> list[Path]:
    """List what is scored once, at the end."""
    return list(get_image_files(folder / "test"))


def cifar10(settings: Settings) -> DataBlock:
    """Say what an item is, what its label is, what is held out, and what is varied."""
    return DataBlock(
        blocks=(ImageBlock, CategoryBlock),
        get_items=pictures,
        get_y=parent_label,
        splitter=RandomSplitter(settings.valid_pct, seed=settings.seed),
        item_tfms=Resize(settings.size),
        batch_tfms=[MirrorAndShift()],
    )


RECIPE = Recipe(
    title="CIFAR-10: ten classes, 32 x 32 pixels",
    data_block=cifar10,
    test_items=test_pictures,
    prepare=as_folders,
    url=URLs.CIFAR,
    n_images=60_000,
    defaults={"arch": "resnet18", "size": 96, "epochs": 3, "freeze_epochs": 1, "bs": 64},
)
