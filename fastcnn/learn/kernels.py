"""Kernels that were made by hand, long before any were learned."""

from dataclasses import dataclass

import numpy as np

from fastcnn.learn.pictures import Plane
from fastcnn.models.naive import conv_forward


@dataclass(frozen=True)
class Kernel:
    """A grid of weights and what it is good for."""

    name: str
    weights: Plane
    """(3, 3)."""
    answers_to: str
    """What makes its numbers large."""
    is_picture: bool = False
    """Whether what comes out is again a picture, with levels from 0 to 255."""


VERTICAL = Kernel(
    "vertical edge",
    np.array([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]),
    "brighter to the right",
)
"""Sobel and Feldman's, 1968."""
HORIZONTAL = Kernel("horizontal edge", VERTICAL.weights.T.copy(), "brighter below")
OUTLINE = Kernel(
    "outline",
    np.array([[0.0, 1.0, 0.0], [1.0, -4.0, 1.0], [0.0, 1.0, 0.0]]),
    "darker than what is around it",
)
"""Laplace's operator on a grid."""
BLUR = Kernel(
    "blur",
    np.array([[1.0, 2.0, 1.0], [2.0, 4.0, 2.0], [1.0, 2.0, 1.0]]) / 16,
    "bright",
    is_picture=True,
)
"""A mean in which the middle counts most; the weights add up to 1, so that white stays white."""
SHARPEN = Kernel(
    "sharpen",
    np.array([[0.0, -1.0, 0.0], [-1.0, 5.0, -1.0], [0.0, -1.0, 0.0]]),
    "brighter than what is around it",
    is_picture=True,
)
"""The picture minus its outline."""
KERNELS = (VERTICAL, HORIZONTAL, OUTLINE, BLUR, SHARPEN)


def feature_map(plane: Plane, kernel: Kernel, stride: int = 1, padding: int = 0) -> Plane:
    """Return what one kernel makes of one plane (H, W), by `conv_forward` and without a bias."""
    x, w = plane[None, None], kernel.weights[None, None]
    made: Plane = conv_forward(x, w, np.zeros(1), stride, padding)[0, 0]
    return made
