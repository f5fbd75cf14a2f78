"""Is this solar cell defective? Electroluminescence pictures, from a Python package.

    fastcnn recipe solar --strategy full-vs-head

The data: 2,624 grey pictures of 300 x 300 pixels of the cells of 44 solar modules, each with the
probability that it is defective by the experts' word: 0, 1/3, 2/3 or 1 (Deitsch et al., "Automatic
Classification of Defective Photovoltaic Module Cells in Electroluminescence Images", arXiv
1807.02894). They come with `pip install elpv-dataset`, so that this recipe needs no network.
The licence, CC BY-NC-SA 4.0, keeps them from commercial use.

The label: `defective` where the probability is above one half, else `functional`. A third of the
pictures is labelled 1/3 or 2/3, so that even the experts would not reach 1.0.

The split: a random fifth is held out. Cells of one module are on both sides: the package does not
say which module a cell is of.

What is typical here: a cell has no upright, so that all eight ways to turn and mirror it are fair;
and two thirds are functional, so that guessing reaches 0.69.
"""

import csv
from functools import cache
from pathlib import Path

from fastai.data.block import CategoryBlock, DataBlock
from fastai.data.transforms import RandomSplitter, get_image_files
from fastai.vision.augment import Resize, aug_transforms
from fastai.vision.data import ImageBlock

from fastcnn.errors import DataError
from fastcnn.recipe import Recipe
from fastcnn.settings import Settings


def packaged_cells() -> Path:
    """Find the folder of pictures and labels in the installed package."""
    try:
        import elpv_dataset
    except ImportError as error:
        raise DataError(
            "the pictures of solar cells are not installed",
            hint="pip install elpv-dataset, or give the package's folder data with --data",
        ) from error
    return Path(elpv_dataset.__file__).parent / "data"


@cache
def probabilities(table: Path) -> dict[str, float]:
    """Read how likely each cell is defective, by the name of its picture."""
    with table.open(encoding="utf-8") as file:
        rows = csv.reader(file, delimiter=" ", skipinitialspace=True)
        return {Path(name).name: float(probability) for name, probability, *_ in rows}


def condition(picture: Path) -> str:
    """Look up the label of a picture in the table beside its folder."""
    probability = probabilities(picture.parent.parent / "labels.csv")[picture.name]
    return "defective" if probability > 0.5 else "functional"


def solar(settings: Settings) -> DataBlock:
    """Say what an item is, what its label is, what is held out, and what is varied."""
    return DataBlock(
        blocks=(ImageBlock, CategoryBlock),
        get_items=get_image_files,
        get_y=condition,
        splitter=RandomSplitter(settings.valid_pct, seed=settings.seed),
        item_tfms=Resize(settings.size),
        batch_tfms=aug_transforms(flip_vert=True, max_warp=0),
    )


RECIPE = Recipe(
    title="Defective solar cells, from a Python package",
    data_block=solar,
    packaged=packaged_cells,
    licence="CC BY-NC-SA 4.0, Deitsch et al., arXiv 1807.02894: not for commercial use",
    defaults={"arch": "resnet18", "epochs": 5, "freeze_epochs": 1, "lr": "0.004", "bs": 32},
)
