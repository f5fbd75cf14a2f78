"""From an image file to the pixels that the first item transform needs, and no more.

A preparation is a value: equal ones give equal pixels for the same file, whoever decodes it and
whether or not the result is kept. So neither memory nor processes decide what is trained on.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastai.vision.augment import PadMode, RandomResizedCrop, Resize, ResizeMethod
from fasttransform import Pipeline
from PIL import Image

from fastcnn.data.rgb import TURNED, as_rgb, open_picture

TRAINING, VALIDATION = 0, 1
"""fastai's `split_idx` of the two parts."""
SPARE = 2
"""How much larger than needed a JPEG is decoded at least: at 2 the mean difference from a full
decode is 0.3 of 255 levels, at 1 it is 1.0 and contours are 2 % softer."""
DRAFTED = ("JPEG", "MPO")
"""Formats that are decoded at a reduced scale."""
LARGEST = 2
"""How many times the sides of a file are enlarged at most: small files would fill the memory."""

Size = tuple[int, int]
"""Width and height in pixels, as Pillow has them."""


@dataclass(frozen=True)
class Whole:
    """All of the picture, upright."""

    image_class: Any

    def __call__(self, path: Path) -> Any:
        """Return the decoded image."""
        image = open_picture(path, self.image_class)
        return _described(image, image.size)


@dataclass(frozen=True)
class Resized:
    """What fastai's `Resize` makes of a whole file where it draws nothing, to the bit.

    The same `Resize` leaves the result as it is.
    """

    image_class: Any
    size: Size
    method: str
    """crop, pad or squish, as `Resize` knows them."""
    pad_mode: str
    resample: int

    def __post_init__(self) -> None:
        """Resize once here, since two threads must not be the first to do it.

        The library by which fastai finds what to do with an image finds it at the first call.
        """
        self._resize(self.image_class(Image.new(mode_of(self.image_class), (1, 1))))

    def __call__(self, path: Path) -> Any:
        """Return the resized image, or the file's own where it is to be enlarged too much."""
        image = open_picture(path, self.image_class)
        enlarged_at_most = LARGEST**2 * math.prod(image.size)
        if image.size != self.size and math.prod(self.size) <= enlarged_at_most:
            image = self._resize(image)
        return _described(image, image.size)

    def _resize(self, image: Any) -> Any:
        (width, height), resamples = self.size, (self.resample, Image.Resampling.NEAREST)
        resize = Resize((height, width), self.method, self.pad_mode, resamples)
        return resize(image, split_idx=VALIDATION)


@dataclass(frozen=True)
class Reduced:
    """A file made smaller as far as a random transform to `size` loses nothing.

    `Resize` enlarges small files in every epoch: up to `LARGEST` times that is done here, once.
    JPEGs are decoded at a reduced scale (DCT scaling) where they are more than `SPARE` times
    larger than needed, so pixels differ a little from those of a resized full decode.
    """

    image_class: Any
    size: Size
    method: str
    resample: int
    smallest_crop: tuple[float, float] | None = None
    """Of random crops: least width and least height, each squared, as parts of the whole area."""

    def __call__(self, path: Path) -> Any:
        """Return the reduced image."""
        with Image.open(path) as file:
            turned = file.format in DRAFTED and file.getexif().get(TURNED[0]) in TURNED[1]
            full_size = (file.size[1], file.size[0]) if turned else (file.size[0], file.size[1])
            if file.format in DRAFTED:
                width, height = self.size_of(full_size)[:: -1 if turned else 1]
                file.draft(None, (SPARE * width, SPARE * height))
            image = as_rgb(file).convert(mode_of(self.image_class))
        full_size = full_size if file.format in DRAFTED else image.size  # upright by now
        wanted = self.size_of(full_size)
        if image.size != wanted:
            image = image.resize(wanted, Image.Resampling(self.resample))
        return _described(self.image_class(image), full_size)

    def size_of(self, full_size: Size) -> Size:
        """Return the size of what becomes of a file of `full_size`."""
        factors = [side / full for side, full in zip(self.size, full_size, strict=True)]
        factor = min(factors) if self.method == ResizeMethod.Pad else max(factors)
        largest: float = LARGEST
        if self.smallest_crop:
            factor, largest = max(factor, *self._crop_factors(full_size, self.smallest_crop)), 1
        if factor > largest:
            return full_size
        if self.method == ResizeMethod.Squish:
            return self.size
        return max(1, round(full_size[0] * factor)), max(1, round(full_size[1] * factor))

    def _crop_factors(self, full_size: Size, smallest: tuple[float, float]) -> list[float]:
        """Return by how much to scale a file for its smallest crops to be just `size`."""
        crops = [math.sqrt(part * math.prod(full_size)) for part in smallest]
        return [side / crop if crop else 1 for side, crop in zip(self.size, crops, strict=True)]


Preparation = Whole | Resized | Reduced


def preparation_of(image_class: Any, item_transforms: Sequence[Any], part: int) -> Preparation:
    """Return what to prepare for the first item transform that acts on `part`.

    The whole file, unless that is a `Resize` or a `RandomResizedCrop` of fastai's: only of these
    is known what they need.
    """
    acting = [t for t in Pipeline(item_transforms).fs if t.split_idx in (None, part)]
    first = acting[0] if acting else None
    if type(first) is Resize:
        return _for_resize(image_class, first, part)
    if type(first) is RandomResizedCrop:
        return _for_random_crop(image_class, first, part)
    return Whole(image_class)


def validation_size(crop: Any) -> Size:
    """Return what a `RandomResizedCrop` squishes a file to in validation, then cuts the middle."""
    width, height = crop.size
    margin = math.ceil(max(width, height) * crop.val_xtra / 8) * 8
    return width + margin, height + margin


def mode_of(image_class: Any) -> str:
    """Return the Pillow mode that a fastai image class opens files in."""
    return str(image_class._open_args["mode"])


def _for_resize(image_class: Any, resize: Any, part: int) -> Preparation:
    size, own_way = (resize.size[0], resize.size[1]), "before_call" in vars(resize)
    draws_nothing = own_way and getattr(resize, "pcts", None) == (0.5, 0.5)
    if own_way and not draws_nothing:
        return Whole(image_class)
    if part == VALIDATION or draws_nothing:
        return Resized(image_class, size, resize.method, resize.pad_mode, resize.mode)
    return Reduced(image_class, size, resize.method, resize.mode)


def _for_random_crop(image_class: Any, crop: Any, part: int) -> Preparation:
    if part == VALIDATION:
        size = validation_size(crop)
        return Resized(image_class, size, ResizeMethod.Squish, PadMode.Zeros, crop.mode)
    least = (crop.min_scale * crop.ratio[0], crop.min_scale / crop.ratio[1])
    return Reduced(image_class, tuple(crop.size), ResizeMethod.Crop, crop.mode, least)


def _described(image: Any, full_size: Size) -> Any:
    """Note the size of the file at the image; what else the file says of itself is no longer true.

    `full_size` is what random crops are drawn for.
    """
    image.info, image.full_size = {}, full_size
    return image
