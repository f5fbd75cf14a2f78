"""Any picture as 8-bit RGB, upright, as a person would see it."""

import numpy as np
from PIL import Image, ImageOps

WHITE = (255, 255, 255)
"""What shows through where a picture is transparent, as on paper."""


def as_rgb(image: Image.Image) -> Image.Image:
    """Return the first frame in RGB.

    What the EXIF data say of its orientation is done; 16-bit grey is scaled (Pillow would clip it
    to white); transparent parts lie on white; palettes, CMYK and grey are converted.
    """
    upright = ImageOps.exif_transpose(image)
    if upright.mode.startswith("I") or upright.mode == "F":
        upright = _to_eight_bits(upright)
    if upright.mode in ("LA", "PA", "RGBA", "La", "RGBa") or "transparency" in upright.info:
        opaque = Image.new("RGBA", upright.size, WHITE)
        opaque.alpha_composite(upright.convert("RGBA"))
        return opaque.convert("RGB")
    return upright.convert("RGB")


def _to_eight_bits(image: Image.Image) -> Image.Image:
    """Scale 16-bit levels to 8 bits; what goes beyond 16 bits, or is not whole, by its range."""
    levels = np.asarray(image).astype(np.float64)
    lowest, highest = float(levels.min(initial=0)), float(levels.max(initial=0))
    if lowest < 0 or highest > 65535 or image.mode == "F":
        levels = (levels - lowest) / max(highest - lowest, 1e-12) * 65535
    elif highest <= 255 and image.mode == "I":
        levels = levels * 257
    return Image.fromarray(np.round(levels / 257).astype(np.uint8))
