"""Image files as users have them: odd sizes, turned by EXIF, grey, with a palette, large."""

from pathlib import Path

import numpy as np
from fastai.data.block import CategoryBlock, DataBlock
from fastai.data.transforms import FuncSplitter, get_image_files
from fastai.vision.data import ImageBlock
from PIL import Image

TURNED = 6
"""EXIF orientation: to be shown turned by 90 degrees."""


def large_photograph(photographs: Path) -> Image.Image:
    """A picture of 2000 x 1400 pixels that has detail at all scales: many photographs."""
    files = sorted(photographs.glob("*.jpg"))
    large = Image.new("RGB", (2000, 1400))
    for place in range(70):
        tile = Image.open(files[place % len(files)]).convert("RGB").resize((200, 200))
        large.paste(tile, (place % 10 * 200, place // 10 * 200))
    return large


def write_odd_files(folder: Path, photographs: Path) -> None:
    """Write two classes, `odd` and `even`, of seven photographs each, and a large one."""
    for number, file in enumerate(sorted(photographs.glob("*.jpg"))[:2]):
        label, photograph = ("odd", "even")[number], Image.open(file).convert("RGB")
        exif = Image.Exif()
        exif[0x0112] = TURNED
        photograph.resize((301, 167)).save(folder / f"{label}_1.jpg", quality=90)
        photograph.resize((167, 301)).save(folder / f"{label}_2.jpg", exif=exif)
        photograph.convert("L").save(folder / f"{label}_3.png")
        photograph.convert("P", palette=Image.Palette.ADAPTIVE).save(
            folder / f"{label}_4.png", transparency=3
        )
        see_through = photograph.convert("RGBA")
        see_through.putalpha(
            Image.fromarray(np.arange(256, dtype=np.uint8)[None]).resize(see_through.size)
        )
        see_through.save(folder / f"{label}_5.png")
        photograph.convert("CMYK").save(folder / f"{label}_6.jpg")
        photograph.resize((21, 17)).save(folder / f"{label}_8.jpg")
    large_photograph(photographs).save(folder / "odd_7.jpg", quality=90)


def block_with(
    *item_transforms: object, held_out: str = "_2", image_class: object = None
) -> DataBlock:
    """A recipe's `DataBlock` whose labels stand before the underscore."""
    return DataBlock(
        blocks=(ImageBlock(image_class) if image_class else ImageBlock, CategoryBlock),
        get_items=get_image_files,
        get_y=lambda path: path.stem.rsplit("_", 1)[0],
        splitter=FuncSplitter(lambda path: held_out in path.name),
        item_tfms=list(item_transforms),
    )
