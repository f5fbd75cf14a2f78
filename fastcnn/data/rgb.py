"""Any picture as 8-bit RGB, upright, as a person would see it."""

from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image, ImageOps

TURNED = (0x0112, (5, 6, 7, 8))
"""The EXIF tag of the orientation, and its values that swap width and height."""
WHITE = (255, 255, 255)
"""What shows through where a picture is transparent, as on paper."""


def open_picture(file: str | Path | BinaryIO, image_class: Any) -> Any:
    """Return the picture in a file as fastai's `image_class`, upright, as a person would see it.

    For an opaque file of 8 bits that is, bit by bit, what `image_class.create` and Pillow's
    `exif_transpose` after it return, which is what an exported model does.
    """
    with Image.open(file) as image:
        return image_class(as_rgb(image).convert(image_class._open_args["mode"]))


def as_rgb(image: Image.Image) -> Image.Image:
    """Return the first frame in RGB.

    What the EXIF data say of its orientation is done; 16-bit grey is scaled (Pillow would clip it
    to white); transparent parts lie on white; palettes, CMYK and grey are converted.
    """
    upright = ImageOps.exif_transpose(image)
    if is_deep(upright):
        upright = _to_eight_bits(upright)
    if is_transparent(upright):
        opaque = Image.new("RGBA", upright.size, WHITE)
        opaque.alpha_composite(upright.convert("RGBA"))
        return opaque.convert("RGB")
    return upright.convert("RGB")


def is_deep(image: Image.Image) -> bool:
    """Return whether a picture has more than 8 bits a channel."""
    return image.mode.startswith("I") or image.mode == "F"


def is_transparent(image: Image.Image) -> bool:
    """Return whether a picture has an alpha channel, or a transparent colour."""
    return image.mode in ("LA", "PA", "RGBA", "La", "RGBa") or "transparency" in image.info


def _to_eight_bits(image: Image.Image) -> Image.Image:
    """Scale 16-bit levels to 8 bits; what goes beyond 16 bits, or is not whole, by its range."""
    levels = np.asarray(image).astype(np.float64)
    lowest, highest = float(levels.min(initial=0)), float(levels.max(initial=0))
    if lowest < 0 or highest > 65535 or image.mode == "F":
        levels = (levels - lowest) / max(highest - lowest, 1e-12) * 65535
    elif highest <= 255 and image.mode == "I":
        levels = levels * 257
    return Image.fromarray(np.round(levels / 257).astype(np.uint8))
