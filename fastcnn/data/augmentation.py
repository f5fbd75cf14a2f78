"""What `--augment` means: how training pictures are varied. Validation is the same at every level.

fastai is imported where it is used, so that a command can describe the levels in a moment.
"""

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastai.data.block import DataBlock

    from fastcnn.settings import Settings

LEVELS = {
    "none": "no variation: training sees each picture as validation does",
    "light": "mirrored or not, enlarged by up to 15 % about a random point",
    "default": "what the recipe writes; in most, random crops and fastai's aug_transforms()",
    "strong": "random crops down to 35 % of the area, mirrored, turned by up to 15 degrees, in "
    "perspective, brightness, contrast, saturation and hue changed, a rectangle erased",
}
"""Every level with what it holds, from the weakest to the strongest."""

LIGHT_ZOOM = 1.15
"""Largest enlargement of `light`; the shift that comes with it is at most 7 % of the side."""
MIN_AREA = 0.35
"""Smallest part of the picture in a random crop, as in fastai's own lessons."""
MAX_LIGHTING = 0.3
"""Largest change of brightness, contrast and saturation; fastai's own default is 0.2."""
MAX_HUE_TURN = 0.05
"""Largest change of hue, in turns of the colour circle: red becomes orange or pink at most."""


def describe_augmentation(level: str) -> str:
    """Return one line that says what a level holds.

    Raises:
        KeyError: there is no such level.
    """
    return LEVELS[level]


def apply_augmentation(block: "DataBlock", settings: "Settings") -> tuple[list[Any], list[Any]]:
    """Return the item and batch transforms of a recipe's `DataBlock` at the level `augment`.

    Every level but `default` takes the chance out of the recipe's transforms, which leaves what
    validation sees, to the bit, and adds transforms that act on training pictures only. Those
    that act on validation are fastai's own, or the recipe's. The block stays as it is.
    """
    items, batch = made_square(list(block.item_tfms), settings), list(block.batch_tfms)
    if settings.augment == "default":
        return items, batch
    from fastcnn.data.unvaried import unvaried

    items = [part for transform in items for part in unvaried(transform)]
    batch = [part for transform in batch for part in unvaried(transform)]
    if settings.augment == "light":
        return items, [*batch, *_light()]
    if settings.augment == "strong":
        cropped = _cropped_at_random(items)
        max_zoom = 1 / math.sqrt(MIN_AREA) if cropped is None else 1.0
        return cropped or items, [*batch, *_strong(max_zoom)]
    return items, batch


def made_square(items: list[Any], settings: "Settings") -> list[Any]:
    """Return item transforms in which the recipe's way to a square is that of `resize`.

    It is a `Resize` in the place of the recipe's first `Resize` or `RandomResizedCrop`: the same
    in training, validation and the exported model. `default` leaves the recipe's.
    """
    from fastai.vision.augment import RandomResizedCrop, Resize

    ways = [place for place, one in enumerate(items) if isinstance(one, RandomResizedCrop | Resize)]
    if settings.resize == "default" or not ways:
        return items
    first, *others = ways
    resize = Resize(items[first].size[::-1], method=settings.resize, pad_mode="zeros")
    kept = [(place, one) for place, one in enumerate(items) if place not in others]
    return [resize if place == first else one for place, one in kept]


def _cropped_at_random(items: list[Any]) -> list[Any] | None:
    """Return `items` with a random crop of training pictures before the first `Resize` that crops.

    It is cut from the whole picture, so that nothing has to be enlarged, and has the right size
    already: the `Resize` then does nothing. None where the recipe squishes or pads: a training on
    crops would never see pictures as they are validated.
    """
    from fastai.vision.augment import RandomResizedCrop, Resize, ResizeMethod

    for place, resize in enumerate(items):
        if isinstance(resize, Resize) and resize.method == ResizeMethod.Crop:
            crop = RandomResizedCrop(
                resize.size[::-1],  # fastai takes height and width, and keeps width and height
                min_scale=MIN_AREA,
                resamples=resize.resamples,
                split_idx=0,
                order=resize.order,
            )
            return [*items[:place], crop, *items[place:]]
    return None


def _light() -> list[Any]:
    """Return the batch transforms of `light`: one warp."""
    from fastai.vision.augment import Flip, Zoom, setup_aug_tfms

    return list(setup_aug_tfms([Flip(), Zoom(max_zoom=LIGHT_ZOOM, p=1.0)]))


def _strong(max_zoom: float) -> list[Any]:
    """Return the batch transforms of `strong`: one warp, one change of light, hue, a rectangle.

    `max_zoom` above 1 stands in for random crops.
    """
    from fastai.vision import augment

    from fastcnn.data.hue import TurnHue, in_rgb

    warps = [augment.Flip(), augment.Warp(p=0.75), augment.Rotate(15, p=0.75)]
    if max_zoom > 1:
        warps.append(augment.Zoom(max_zoom=max_zoom, p=0.75))
    changes = (augment.Brightness, augment.Contrast, augment.Saturation)
    light = [change(MAX_LIGHTING) for change in changes]
    hue = augment.SpaceTfm(TurnHue(MAX_HUE_TURN), in_rgb)
    return list(augment.setup_aug_tfms([*warps, *light, hue, augment.RandomErasing(sh=0.2)]))
