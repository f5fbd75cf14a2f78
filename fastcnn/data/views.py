"""The fixed pictures of one image that a frozen body sees, in place of random augmentation.

Features that are computed once cannot follow pictures drawn anew in every epoch. A few fixed
crops and mirror images are what AlexNet averaged its predictions over (Krizhevsky et al., NeurIPS
2012: four corners, the centre, and their mirror images); here they widen the training part.
"""

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional

WHOLE = 10
"""Tenths of the side in the whole picture."""
START, MIDDLE, END = 0, 1, 2
"""Where a crop begins, in halves of what it leaves away."""


@dataclass(frozen=True)
class View:
    """One fixed way to look at a picture; equal names are equal operations."""

    name: str
    """Says all that the operation depends on: it is part of the key of stored features."""
    tenths: int = WHOLE
    """Tenths of height and width that are kept."""
    across: int = MIDDLE
    """Where the crop lies from left to right: START, MIDDLE or END."""
    down: int = MIDDLE
    """Where it lies from top to bottom."""
    is_flipped: bool = False
    """Whether left and right are exchanged."""

    def apply(self, images: Tensor) -> Tensor:
        """Return the pictures in this view, (N, 3, H, W), uint8, from the same of any size.

        A crop is scaled back to H x W: bilinear with antialiasing in float32, then rounded. The
        view `plain` is the tensor itself, which is what prediction sees.
        """
        seen = images if self.tenths == WHOLE else self._cropped(images)
        return seen.flip(-1) if self.is_flipped else seen

    def _cropped(self, images: Tensor) -> Tensor:
        top, bottom = _kept(images.shape[-2], self.tenths, self.down)
        left, right = _kept(images.shape[-1], self.tenths, self.across)
        crop = images[..., top:bottom, left:right].float().contiguous()
        scaled = functional.interpolate(
            crop, size=images.shape[-2:], mode="bilinear", align_corners=False, antialias=True
        )
        return scaled.round().clamp(0, 255).to(images.dtype)


VIEWS = (
    View("plain"),
    View("flipped", is_flipped=True),
    View("9/10 top left", 9, START, START),
    View("9/10 bottom right flipped", 9, END, END, is_flipped=True),
    View("9/10 top right", 9, END, START),
    View("9/10 bottom left flipped", 9, START, END, is_flipped=True),
    View("8/10 centre", 8),
    View("8/10 centre flipped", 8, is_flipped=True),
)
"""All views in the order in which they are used."""


def views(count: int) -> tuple[View, ...]:
    """Return the first `count` views; the first is always the plain one.

    Raises:
        ValueError: there are not so many, or none are asked for.
    """
    if not 1 <= count <= len(VIEWS):
        raise ValueError(f"{count} views, expected 1 to {len(VIEWS)}")
    return VIEWS[:count]


def _kept(side: int, tenths: int, where: int) -> tuple[int, int]:
    """Return the first pixel that is kept, and the one behind the last."""
    length = max(1, round(side * tenths / WHOLE))
    begin = (side - length) * where // 2
    return begin, begin + length
