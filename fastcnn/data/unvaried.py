"""Transforms without chance: what a recipe's transform does to a picture that is validated.

Every answer is one of fastai's own transforms, so that it can stand in an exported model.
"""

from typing import Any

from fastai.vision.augment import (
    AffineCoordTfm,
    CropPad,
    RandomCrop,
    RandomResizedCrop,
    RandomResizedCropGPU,
    Resize,
    ResizeMethod,
)
from fastcore.foundation import L
from fastcore.imports import noop

from fastcnn.data.changed import changed
from fastcnn.data.preparation import validation_size


def unvaried(transform: Any) -> list[Any]:
    """Return transforms that do in both parts, to the bit, what `transform` does in validation.

    None for one that only varies training pictures. A transform of the recipe's own that draws
    in validation too cannot be told from one that does not, and is left as it is.
    """
    if isinstance(transform, AffineCoordTfm):  # its split_idx says only where it was last used
        return [] if transform.size is None else [_in_both(transform, aff_fs=L(), coord_fs=L())]
    if getattr(transform, "split_idx", None) == 0:
        return []
    if isinstance(transform, Resize):
        return [_central(transform)]
    if isinstance(transform, RandomCrop):
        return [CropPad(transform.size[::-1], order=transform.order)]
    if isinstance(transform, RandomResizedCrop):
        return _squished_and_cropped(transform)
    if isinstance(transform, RandomResizedCropGPU):
        # A crop larger than the picture is never found, so the central one is taken.
        return [_in_both(transform, min_scale=2.0, max_scale=2.0)]
    return [_in_both(transform)] if getattr(transform, "split_idx", None) == 1 else [transform]


def _in_both(transform: Any, **attributes: Any) -> Any:
    """Return a copy that acts on both parts, with other attributes."""
    return changed(transform, split_idx=None, **attributes)


def _central(resize: Any) -> Any:
    """Return a `Resize` that never draws where to crop, or on which side to pad."""
    return _in_both(resize, before_call=noop, pcts=(0.5, 0.5))


def _squished_and_cropped(transform: Any) -> list[Any]:
    """Return a `RandomResizedCrop` as it validates: squished a little too large, then cropped."""
    width, height = transform.size
    larger = validation_size(transform)[::-1]  # fastai takes height and width
    order, resamples = transform.order, transform.resamples
    resize = Resize(larger, ResizeMethod.Squish, resamples=resamples, order=order)
    return [_central(resize), CropPad((height, width), order=order)]
