"""What is each layer worth? One network on CIFAR-10, with one thing changed at a time.

    fastcnn recipe cifar10_ablation

The data: every fifth picture of CIFAR-10's training part, 10,000 in all, of which a random fifth
is held out and scored; the test part stays untouched.

The network: three convolutions of 3 x 3 with 32, 64 and 128 filters, each followed by Mish, then
the mean of each channel and one linear layer. It learns 896 + 18,496 + 73,856 + 1,290 = 94,538
numbers from nothing.

The rows: each changes one thing of the first. The columns: batches of 64 pictures, and batches of
4, too few for BatchNorm to tell what is usual; an EvoNorm-S0 looks at each picture by itself. Each
training is repeated with three seeds, since a seed alone moves the accuracy by a point or two: a
row is better than another only where their intervals say so.
"""

from pathlib import Path

from fastai.data.block import CategoryBlock, DataBlock
from fastai.data.external import URLs
from fastai.data.transforms import RandomSplitter, get_image_files, parent_label
from fastai.vision.augment import Resize
from fastai.vision.data import ImageBlock

from fastcnn.data.cifar_batches import as_folders
from fastcnn.data.moves import MirrorAndShift
from fastcnn.recipe import Ablation, Recipe
from fastcnn.settings import Settings

ROWS = {
    "three-conv, Mish, Adam": {},
    "+ BatchNorm": {"arch": "three-conv-bn"},
    "+ EvoNorm-S0": {"arch": "three-conv-evonorm-s0"},
    "+ EvoNorm-B0": {"arch": "three-conv-evonorm-b0"},
    "ReLU": {"arch": "three-conv:activation=relu"},
    "GELU": {"arch": "three-conv:activation=gelu"},
    "kernels of 5 x 5": {"arch": "three-conv:kernel=5"},
    "half the filters": {"arch": "three-conv:filters=16-32-64"},
    "twice the filters": {"arch": "three-conv:filters=64-128-256"},
    "AdamW": {"opt": "adamw"},
    "SGD with momentum": {"opt": "sgd", "lr": "0.05"},
}
COLUMNS = {"batches of 64": {"bs": 64}, "batches of 4": {"bs": 4}}


def every_fifth(folder: Path) -> list[Path]:
    """List 1,000 pictures of each class."""
    return sorted(get_image_files(folder / "train"))[::5]


def cifar10_ablation(settings: Settings) -> DataBlock:
    """Say what an item is, what its label is, what is held out, and what is varied."""
    return DataBlock(
        blocks=(ImageBlock, CategoryBlock),
        get_items=every_fifth,
        get_y=parent_label,
        splitter=RandomSplitter(settings.valid_pct, seed=settings.seed),
        item_tfms=Resize(settings.size),
        batch_tfms=[MirrorAndShift()],
    )


RECIPE = Recipe(
    title="CIFAR-10: what each layer is worth",
    data_block=cifar10_ablation,
    prepare=as_folders,
    url=URLs.CIFAR,
    n_images=60_000,
    ablation=Ablation(ROWS, COLUMNS, n_seeds=3),
    defaults={
        "arch": "three-conv",
        "strategy": "scratch",
        "size": 32,
        "epochs": 5,
        "lr": "0.004",
    },
)
