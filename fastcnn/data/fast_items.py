"""fastai's item transforms of training pictures in fewer steps: same draws, same bits.

A recipe writes fastai's own; these take their place in the training loader, never in validation
or in an exported model.
"""

from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from fastai.torch_core import TensorCategory, TensorImage
from fastai.vision.augment import RandomResizedCrop, Resize, ResizeMethod
from fastai.vision.core import PILImage, ToTensor
from PIL import Image

from fastcnn.data.changed import changed


def faster_item(transform: Any) -> Any:
    """Return a transform that does what `transform` does, sooner; or itself where there is none."""
    if type(transform) is Resize and transform.method == ResizeMethod.Crop:
        return changed(transform, __class__=ResizeByCrop)
    if type(transform) is RandomResizedCrop:
        return changed(transform, __class__=CropOfReduced)
    if type(transform) is ToTensor:
        return changed(transform, __class__=ImageToTensor)
    return transform


class ResizeByCrop(Resize):
    """`Resize` that crops, without the padding by nothing that takes most of its time.

    It also spares itself to look up, in vain, what to do with a category.
    """

    def __call__(self, item: Any, split_idx: int | None = None, **other: Any) -> Any:
        """Draw and resize the image of (image, category)."""
        if not _is_image_and_category(item):
            return super().__call__(item, split_idx=split_idx, **other)
        self.before_call(item, split_idx)
        acts = self.split_idx is None or self.split_idx == split_idx
        return (PILImage(self._resized(item[0])), item[1]) if acts else item

    def _resized(self, image: Image.Image) -> Image.Image:
        (width, height), (new_width, new_height) = image.size, self.size
        scale = min(width / new_width, height / new_height)
        crop_width, crop_height = int(scale * new_width), int(scale * new_height)
        left = int(self.pcts[0] * (width - crop_width))
        top = int(self.pcts[1] * (height - crop_height))
        crop = image.crop((left, top, left + crop_width, top + crop_height))
        return crop if crop.size == self.size else crop.resize(self.size, self.mode)


class CropOfReduced(RandomResizedCrop):
    """`RandomResizedCrop` of a reduced image: it draws as for the file, then scales what it drew.

    What `random.randint` draws is not in proportion to its range.
    """

    tl: tuple[int, int]
    cp_size: tuple[int, int]

    def before_call(self, batch: Any, split_idx: int) -> None:
        """Draw for `full_size`, the width and height of the file."""
        image = batch[0] if isinstance(batch, tuple) else batch
        full_size = getattr(image, "full_size", image.size)
        super().before_call(SimpleNamespace(size=full_size), split_idx)
        drawn: Any = zip(self.tl, self.cp_size, full_size, image.size, strict=True)
        (left, width), (top, height) = (_scaled(*stretch) for stretch in drawn)
        self.tl, self.cp_size, self.orig_sz = (left, top), (width, height), image.size


class ImageToTensor(ToTensor):
    """`ToTensor` without looking up, in vain, what to do with a category."""

    def __call__(self, item: Any, split_idx: int | None = None, **other: Any) -> Any:
        """Return (image (3, H, W) uint8, category)."""
        if not _is_image_and_category(item):
            return super().__call__(item, split_idx=split_idx, **other)
        pixels = torch.from_numpy(np.array(item[0]))
        return TensorImage(pixels.permute(2, 0, 1)), item[1]


def _is_image_and_category(item: Any) -> bool:
    kinds = tuple(map(type, item)) if isinstance(item, tuple) else None
    return kinds == (PILImage, TensorCategory) and item[0].mode == "RGB"


def _scaled(start: int, length: int, full: int, reduced: int) -> tuple[int, int]:
    """Return start and length of a stretch of `full` pixels where they are only `reduced`."""
    scale = reduced / full
    new_length = max(1, round(length * scale))
    return min(round(start * scale), reduced - new_length), new_length
