"""Which of ten kinds of living things is it? A subset of iNaturalist, made for a course.

    fastcnn recipe nature12k --strategy full-vs-head

The data: 12,000 photographs of Amphibia, Animalia, Arachnida, Aves, Fungi, Insecta, Mammalia,
Mollusca, Plantae and Reptilia in `inaturalist_12K/train/<Class>/` (10,000) and
`inaturalist_12K/val/<Class>/` (2,000), an archive of 3.8 GB that its authors keep at
storage.googleapis.com/wandb_datasets/nature_12K.zip. The observers hold the rights.

The split: a random fifth of `train` is held out for every choice there is to make. The folder
`val` is the test part: it is scored once, at the end. Many a report on this set chooses and scores
by the same 2,000 images, and is too good by what it chose.

The arithmetic, with all images: 8,000 to train on make 250 batches of 32 an epoch. `head` learns
2,048 features x 10 kinds + 10 biases = 20,490 numbers on a ResNet-50.
"""

from pathlib import Path

from fastai.data.block import CategoryBlock, DataBlock
from fastai.data.transforms import RandomSplitter, get_image_files, parent_label
from fastai.vision.augment import Resize, aug_transforms
from fastai.vision.data import ImageBlock

from fastcnn.data.fetch import Archive
from fastcnn.recipe import Recipe
from fastcnn.settings import Settings


def photographs(folder: Path) -> list[Path]:
    """List what is learned from and held out."""
    return list(get_image_files(folder / "train"))


def test_photographs(folder: Path) -> list[Path]:
    """List what is scored once, at the end."""
    return list(get_image_files(folder / "val"))


def nature12k(settings: Settings) -> DataBlock:
    """Say what an item is, what its label is, what is held out, and what is varied."""
    return DataBlock(
        blocks=(ImageBlock, CategoryBlock),
        get_items=photographs,
        get_y=parent_label,
        splitter=RandomSplitter(settings.valid_pct, seed=settings.seed),
        item_tfms=Resize(settings.size),
        batch_tfms=aug_transforms(),
    )


RECIPE = Recipe(
    title="iNaturalist's nature_12K: ten kinds of living things",
    data_block=nature12k,
    test_items=test_photographs,
    archive=Archive("https://storage.googleapis.com/wandb_datasets/nature_12K.zip"),
    defaults={"arch": "resnet50", "epochs": 5, "freeze_epochs": 1, "lr": "0.004", "bs": 32},
)
