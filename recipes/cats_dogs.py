"""Cat or dog? The photographs of Kaggle's competition: only the last layers learn, by Adam.

    fastcnn recipe cats_dogs --data FOLDER

The data: 25,000 photographs from Asirra, a test for humans (Elson et al., "Asirra: A CAPTCHA that
Exploits Interest-Aligned Manual Image Categorization", CCS 2007), either in the folders `cats` and
`dogs`, or named `cat.1.jpg`, `dog.1.jpg` as Kaggle hands them out. Where there is a folder `test`
with labelled photographs, they are scored once, at the end; those without a label are left out.

The split: a random fifth of what is not the test part is held out.

What is typical here: the body of a ResNet-18 (or `--arch vgg16_bn`) is frozen, and fastai's head of
two layers learns from its features by Adam, with its gradients cut to norm 1. Both classes stand
in ImageNet many times over, so that a frozen body knows nearly all that is to be known. Random
crops of half the picture at least are for the strategies that train on pictures: `full` sees them.
"""

from pathlib import Path

from fastai.data.block import CategoryBlock, DataBlock
from fastai.data.transforms import RandomSplitter, get_image_files
from fastai.vision.augment import RandomResizedCrop, aug_transforms
from fastai.vision.data import ImageBlock

from fastcnn.recipe import Recipe
from fastcnn.settings import Settings

NAMES = {"cat": "cat", "cats": "cat", "dog": "dog", "dogs": "dog"}


def animal(path: Path) -> str:
    """Read the label from the file's name, else from its folder's: `cat.1.jpg`, `cats/1.jpg`."""
    for name in (path.name.split(".")[0], path.parent.name):
        if name.lower() in NAMES:
            return NAMES[name.lower()]
    raise ValueError(f"neither {path.name} nor the folder {path.parent.name} says cat or dog")


def labelled(path: Path) -> bool:
    """Tell whether a file says what it shows: those of Kaggle's own test do not."""
    return not {path.name.split(".")[0].lower(), path.parent.name.lower()}.isdisjoint(NAMES)


def photographs(folder: Path) -> list[Path]:
    """List what is learned from and held out: everything outside of `test`."""
    held_back = set(test_photographs(folder))
    return [one for one in get_image_files(folder) if labelled(one) and one not in held_back]


def test_photographs(folder: Path) -> list[Path]:
    """List what is scored once, at the end."""
    test = folder / "test"
    return [one for one in get_image_files(test) if labelled(one)] if test.is_dir() else []


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
    title="Cats and dogs: only the last layers, by Adam with cut gradients",
    data_block=cats_dogs,
    test_items=test_photographs,
    defaults={"strategy": "head", "head": "fastai", "arch": "resnet18", "clip": 1.0, "epochs": 5},
)
