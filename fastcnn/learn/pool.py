"""The lesson on max pooling: one window by hand, sizes, and the way back with its ties."""

from typing import TYPE_CHECKING

import numpy as np

from fastcnn.learn.figures import new_figure, show_numbers, show_plane
from fastcnn.learn.kernels import VERTICAL, feature_map
from fastcnn.learn.lesson import Lesson, Step
from fastcnn.learn.pictures import Picture, Plane, largest_place
from fastcnn.learn.words import beside, block, drawn, grid, number, table
from fastcnn.models.naive import maxpool_backward, maxpool_forward

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WINDOWS = ((2, 2), (3, 2), (3, 1), (2, 3))
"""Size and stride of the poolings that are shown: side by side, overlapping twice, with gaps."""
PART = 8
"""Rows and columns of the map that are drawn with their numbers."""


def pool_lesson(picture: Picture) -> Lesson:
    """Walk a feature map of a picture through max pooling."""
    relu = np.maximum(feature_map(picture.grey(), VERTICAL, padding=1), 0)
    return Lesson(
        "Max pooling, by hand",
        [_map(picture, relu), _one_window(relu), _sizes(relu), _way_back(relu), _ties(relu)],
    )


def pooled(plane: Plane, size: int, stride: int) -> Plane:
    """Return the maxima of a plane (H, W), by `maxpool_forward`."""
    maxima: Plane = maxpool_forward(plane[None, None], size, stride)[0, 0]
    return maxima


def returned(plane: Plane, size: int, stride: int) -> Plane:
    """Return what each number of a plane is sent back where every maximum sends a 1."""
    dout = np.ones((1, 1, *pooled(plane, size, stride).shape))
    back: Plane = maxpool_backward(dout, plane[None, None], size, stride)[0, 0]
    return back


def _map(picture: Picture, relu: Plane) -> Step:
    return Step(
        "What comes in: a feature map",
        [
            f"{picture.name}, {len(relu)} x {len(relu)} grey levels, after the kernel "
            f"'{VERTICAL.name}' and ReLU, which 'fastcnn learn conv' explains. Bright is where the "
            "picture gets brighter from left to right.",
            block(drawn(relu)),
        ],
    )


def _one_window(relu: Plane) -> Step:
    size = 2
    maxima = pooled(relu, size, size)
    i, j = largest_place(maxima)
    top, left = i * size, j * size
    window = relu[top : top + size, left : left + size]
    row, column = largest_place(window)
    largest = f"max({', '.join(number(value) for value in window.ravel())})"
    return Step(
        "One window",
        [
            "Of every window only the largest number is kept. There are no weights: nothing here "
            "is learned.",
            block([f"rows {top}-{top + 1}, columns {left}-{left + 1}", *grid(window)]),
            block([f"y[{i}, {j}] = {largest} = {number(maxima[i, j])}"]),
            f"It stood in row {top + row}, column {left + column}. Had it stood anywhere else in "
            "the window, the number would be the same: that is what makes a network care less "
            "about where exactly a thing is.",
        ],
    )


def _sizes(relu: Plane) -> Step:
    rows = []
    for size, stride in WINDOWS:
        made = pooled(relu, size, stride)
        kept = f"{100 * made.size / relu.size:.0f}"
        rows.append([f"{size} x {size}", str(stride), "x".join(map(str, made.shape)), kept])
    return Step(
        "Size and stride of the windows",
        [
            "Windows side by side have a stride of their size. With a smaller stride they overlap, "
            "with a larger one some numbers are never looked at; what fills no whole window at the "
            "end is left out.",
            table(["window", "stride", "map", "% of the numbers"], rows),
        ],
        _sizes_figure(relu),
        "windows",
    )


def _sizes_figure(relu: Plane) -> "Figure":
    figure = new_figure(11, 2.7, "A feature map, and its maxima in windows of several sizes")
    first, *others = figure.subplots(1, 1 + len(WINDOWS))
    top = max(float(relu.max()), 1e-12)
    show_plane(first, relu, f"the map: {len(relu)} x {len(relu)}", highest=top)
    for axes, (size, stride) in zip(others, WINDOWS, strict=True):
        made = pooled(relu, size, stride)
        title = f"{size} x {size}, stride {stride}: {len(made)} x {len(made)}"
        show_plane(axes, made, title, highest=top)
    return figure


def _way_back(relu: Plane) -> Step:
    rows = []
    for size, stride in WINDOWS:
        back = returned(relu, size, stride)
        rows.append(
            [
                f"{size} x {size}",
                str(stride),
                f"{100 * (back > 0).mean():.0f}",
                number(back.max()),
            ]
        )
    return Step(
        "The way back: the winner takes it all",
        [
            "A little more of the largest number is as much more of the maximum; a little more of "
            "any other changes nothing. So each window sends its share to the one number that won, "
            "and 0 to the others. Here every maximum sends back a 1; where windows overlap, a "
            "number that wins in several gets the sum.",
            table(["window", "stride", "% that get something", "the most that one gets"], rows),
        ],
        _way_back_figure(relu),
        "way-back",
    )


def _way_back_figure(relu: Plane) -> "Figure":
    """Draw a part of the map, around its largest number, and what it is sent back."""
    row, column = (min(max(at - PART // 2, 0), len(relu) - PART) for at in largest_place(relu))
    part = (slice(row, row + PART), slice(column, column + PART))
    title = "A part of the map, and what its numbers are sent back: 1 by each maximum"
    figure = new_figure(13, 3.1, title)
    first, *others = figure.subplots(1, 1 + len(WINDOWS))
    top = max(float(relu.max()), 1.0)
    where = f"rows {row}-{row + PART - 1}, columns {column}-{column + PART - 1}"
    show_numbers(first, relu[part], where, highest=top, points=8)
    for axes, (size, stride) in zip(others, WINDOWS, strict=True):
        back = returned(relu, size, stride)
        show_numbers(
            axes, back[part], f"{size} x {size}, stride {stride}", highest=back.max(), points=9
        )
    return figure


def _ties(relu: Plane) -> Step:
    size = 2
    zeros = np.zeros((size, size))
    back = returned(zeros, size, size)
    n_windows = pooled(relu, size, size).size
    n_even = int((pooled(relu, size, size) == -pooled(-relu, size, size)).sum())
    return Step(
        "Ties",
        [
            "Where several numbers of a window are the largest, the first one, row by row, gets "
            "everything, here and in torch. That happens a lot: ReLU makes zeros, and "
            f"{n_even} of these {n_windows} windows hold one number four times.",
            block(beside(["window", *grid(zeros)], ["sent back", *grid(back)])),
            "It does no harm: what goes back into a zero of ReLU ends there.",
        ],
    )
