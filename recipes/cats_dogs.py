"""Cat or dog? The photographs of Kaggle's competition, with a training of the head alone.

    fastcnn recipe cats_dogs --data FOLDER --strategy head

The data: 25,000 photographs from Asirra, a test for humans (Elson et al., "Asirra: A CAPTCHA that
Exploits Interest-Aligned Manual Image Categorization", CCS 2007), either in the folders `cats` and
`dogs`, or named `cat.1.jpg`, `dog.1.jpg` as Kaggle hands them out. Where there is a folder `test`
with such folders, its images are scored once, at the end.

The split: a random fifth of what is not the test part is held out.

What is typical here: random crops of the picture, the body of a ResNet-18 or VGG-16 frozen, the
last layer trained by Adam with its gradients cut. Both classes stand in ImageNet many times
over, so that a frozen body knows nearly all that is to be known.
"""

from pathlib import Path

from fastai.data.block import CategoryBlock, DataBlock
from fastai.data.transforms import RandomSplitter, get_image_files
from fastai.vision.augment import RandomResizedCrop, aug_transforms
from fastai.vision.data import ImageBlock

from fastcnn.recipe import Recipe
from fastcnn.settings import Settings


def animal(path: Path) -> str:
    """Read the label from the folder's name, else from the file's: `cats/1.jpg`, `cat.1.jpg`."""
    for name in (path.parent.name.lower(), path.name.lower()):
        for label in ("cat", "dog"):
            if name.startswith(label):
                return label
    raise ValueError(f"neither {path.parent.name} nor {path.name} begins with cat or dog")


def photographs(folder: Path) -> list[Path]:
    """List what is learned from and held out: everything outside of `test`."""
    held_back = set(test_photographs(folder))
    return [path for path in get_image_files(folder) if path not in held_back]


def test_photographs(folder: Path) -> list[Path]:
    """List what is scored once, at the end."""
    return list(get_image_files(folder / "test")) if (folder / "test").is_dir() else []


def cats_dogs(settings: Settings) -> DataBlock:
    """Say what an item is, what its label is, what is held out, and what is varied."""
    return DataBlock(
        blocks=(ImageBlock, CategoryBlock),
        get_items=photographs,
        get_y=animal,
        splitter=RandomSplitter(settings.valid_pct, seed=settings.seed),
        item_tfms=RandomResizedCrop(settings.size, min_scale=0.5),
        batch_tfms=aug_transforms(),
    )


RECIPE = Recipe(
    title="Cats and dogs: a head on a frozen body, random crops",
    data_block=cats_dogs,
    test_items=test_photographs,
    defaults={"arch": "resnet18", "strategy": "head", "clip": 1.0},
)
