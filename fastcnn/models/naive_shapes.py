"""How large a layer's output is, and which shapes go together: what `naive` checks first."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
"""What the layers take and return."""

DIMENSIONS = {
    "x": ("N", "C", "H", "W"),
    "w": ("F", "C", "KH", "KW"),
    "b": ("F",),
    "dout": ("N", "F", "OH", "OW"),
}
"""What each array is counted by."""


def output_size(size: int, kernel: int, stride: int, padding: int = 0) -> int:
    """Return on how many places a kernel fits along one side: OH or OW.

    The first place is at the edge of the padded picture, and each step goes `stride` pixels on, as
    long as the whole kernel fits: floor((size + 2 * padding - kernel) / stride) + 1.

    Args:
        size: rows or columns of the picture, pixels.
        kernel: rows or columns of the kernel or window, pixels, not more than the padded picture.
        stride: pixels of a step.
        padding: zeros before and behind, pixels.

    >>> output_size(32, kernel=3, stride=1), output_size(32, kernel=3, stride=2, padding=1)
    (30, 16)
    """
    return (size + 2 * padding - kernel) // stride + 1


def conv_output_shape(
    x: Array, w: Array, stride: int, padding: int, b: Array | None = None
) -> tuple[int, int, int, int]:
    """Return the shape (N, F, OH, OW) of what a convolution makes.

    Raises:
        ValueError: pictures, filters, biases (where given), stride and padding do not go together.
    """
    problems = [*_not_whole("stride", stride, 1), *_not_whole("padding", padding, 0)]
    problems += [*_not_array("x", x), *_not_array("w", w)]
    _raise(problems + ([] if b is None else _not_array("b", b)))
    (pictures, channels, height, width), (filters, depth, *kernel) = x.shape, w.shape
    if depth != channels:
        problems.append(f"w has {depth} channels, expected {channels} as x has")
    if b is not None and b.shape != (filters,):
        problems.append(f"b has the shape {b.shape}, expected ({filters},), one a filter")
    padded = height + 2 * padding, width + 2 * padding
    _raise(problems + _not_within("the kernel", kernel, padded))
    rows = output_size(height, kernel[0], stride, padding)
    return pictures, filters, rows, output_size(width, kernel[1], stride, padding)


def pool_output_shape(x: Array, size: int, stride: int) -> tuple[int, int, int, int]:
    """Return the shape (N, C, OH, OW) of what a pooling makes.

    Raises:
        ValueError: windows of that size and stride do not fit into the pictures.
    """
    problems = [*_not_whole("size", size, 1), *_not_whole("stride", stride, 1)]
    _raise(problems + _not_array("x", x))
    pictures, channels, height, width = x.shape
    _raise(_not_within("the window", (size, size), (height, width)))
    rows, columns = output_size(height, size, stride), output_size(width, size, stride)
    return pictures, channels, rows, columns


def require_output(dout: Array, shape: tuple[int, ...]) -> None:
    """Raise unless `dout` has the shape of the layer's output.

    Raises:
        ValueError: it has not.
    """
    _raise(_not_array("dout", dout))
    if dout.shape != shape:
        _raise([f"dout has the shape {dout.shape}, expected {shape} as the output has"])


def _raise(problems: list[str]) -> None:
    if problems:
        raise ValueError("; ".join(problems))


def _not_array(name: str, given: object) -> list[str]:
    """Say what is wrong with the kind of an array; integers would overflow, lists have no shape."""
    dimensions = DIMENSIONS[name]
    expected = f"expected {len(dimensions)} dimensions ({', '.join(dimensions)}) of float64"
    if not isinstance(given, np.ndarray):
        return [f"{name} is a {type(given).__name__}, expected a NumPy array"]
    if given.dtype != np.float64:
        return [f"{name} holds {given.dtype}, {expected}"]
    if given.ndim != len(dimensions):
        return [f"{name} has the shape {given.shape}, {expected}"]
    return []


def _not_whole(name: str, given: object, least: int) -> list[str]:
    if isinstance(given, int | np.integer) and given >= least:
        return []
    return [f"{name} is {given!r}, expected a whole number, at least {least}"]


def _not_within(what: str, kernel: Sequence[int], picture: Sequence[int]) -> list[str]:
    if min(kernel) >= 1 and kernel[0] <= picture[0] and kernel[1] <= picture[1]:
        return []
    return [
        f"{what} is {kernel[0]}x{kernel[1]}, expected at least 1x1 and at most "
        f"{picture[0]}x{picture[1]}, the picture with its padding"
    ]
