"""Heat on a picture: where a network looked, for eyes of any colour vision."""

import numpy as np
import numpy.typing as npt
from PIL import Image

COLOURS = "inferno"
"""matplotlib's map from black over red to pale yellow: brighter is hotter, to any colour vision."""
THICKEST = 0.7
"""How much of the picture the hottest place hides, 0 to 1."""

Picture = npt.NDArray[np.uint8]
Heat = npt.NDArray[np.float32]


def overlaid(picture: Picture, heat: Heat) -> Picture:
    """Return a picture in grey with the heat over it: the hotter a place, the brighter.

    Args:
        picture: (H, W, 3), 0 to 255.
        heat: (H, W), 0 to 1.
    """
    from matplotlib import colormaps

    grey = np.asarray(Image.fromarray(picture).convert("L"), dtype=np.float32)[..., None]
    colour = 255 * colormaps[COLOURS](heat)[..., :3]
    cover = THICKEST * heat[..., None]
    blended: Picture = np.round(grey * (1 - cover) + colour * cover).astype(np.uint8)
    return blended
