"""The lesson on convolution: one number by hand, feature maps, ReLU and pooling, the way back."""

from typing import TYPE_CHECKING

import numpy as np

from fastcnn.learn.figures import (
    SIGNS,
    mark_patch,
    new_figure,
    picture_figure,
    show_numbers,
    show_plane,
    write_sign,
)
from fastcnn.learn.kernels import KERNELS, VERTICAL, feature_map
from fastcnn.learn.lesson import Lesson, Step
from fastcnn.learn.pictures import Picture, Plane, largest_place
from fastcnn.learn.words import beside, block, drawn, grid, number, sum_of_products, table
from fastcnn.models.naive import conv_backward, maxpool_forward

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STEPS = ((1, 0), (1, 1), (2, 0), (2, 1))
"""Stride and padding of the maps that are shown."""
SHOWN = 3
"""Kernels whose maps go on through ReLU and pooling."""


def conv_lesson(picture: Picture) -> Lesson:
    """Walk a picture through a convolution."""
    plane = picture.grey()
    edges = feature_map(plane, VERTICAL)
    row, column = largest_place(edges)
    return Lesson(
        "Convolution, by hand",
        [
            _numbers(picture, plane, (row, column)),
            _one_number(plane, edges, row, column),
            _feature_maps(plane, edges),
            _kernels(plane),
            _relu_and_pool(plane),
            _way_back(plane, row, column),
        ],
    )


def _numbers(picture: Picture, plane: Plane, place: tuple[int, int]) -> Step:
    side = len(plane)
    return Step(
        "A picture is a grid of numbers",
        [
            f"{picture.name}: its middle, shrunk to {side} x {side} grey levels, from 0 (black) to "
            f"255 (white). Here a character stands for two of them, one above the other.",
            block(drawn(plane, 255)),
        ],
        picture_figure(picture, place),
        "picture",
    )


def _one_number(plane: Plane, edges: Plane, row: int, column: int) -> Step:
    patch, kernel = plane[row : row + 3, column : column + 3], VERTICAL.weights
    pixels = [f"rows {row}-{row + 2}, columns {column}-{column + 2}", *grid(patch)]
    name = f"y[{row}, {column}]"
    return Step(
        "One number of a convolution",
        [
            "A kernel is a small grid of weights. Lay it on a patch of the picture, multiply each "
            "pixel with the weight on top of it, add up the products, and add a bias.",
            block(beside(pixels, [f"kernel '{VERTICAL.name}'", *grid(kernel)])),
            block(sum_of_products(name, patch, kernel, 0.0)),
            f"conv_forward says {number(edges[row, column])} too. It is the largest number of the "
            "whole map: nowhere else is the right side so much brighter than the left. Were it the "
            "other way round, the number would be negative; on a patch of one grey it is 0, since "
            "the weights add up to 0.",
        ],
        _number_figure(patch, kernel, edges, (row, column)),
        "one-number",
    )


def _number_figure(patch: Plane, kernel: Plane, edges: Plane, place: tuple[int, int]) -> "Figure":
    figure = new_figure(11, 3.1, f"One number of a feature map {SIGNS}")
    pixels, weights, products, result = figure.subplots(1, 4)
    show_numbers(pixels, patch, "pixels of the patch")
    write_sign(pixels, "x")
    show_numbers(weights, kernel, "weights of the kernel", signed=True)
    write_sign(weights, "=")
    show_numbers(products, patch * kernel, "their products", signed=True)
    write_sign(products, "→")
    total = number(edges[place])
    show_plane(result, edges, f"the map, and their sum, {total}, in it", signed=True)
    mark_patch(result, *place, 1, "black")
    return figure


def _feature_maps(plane: Plane, edges: Plane) -> Step:
    side = len(plane)
    rows = [
        [str(stride), str(padding), f"({side} + 2 * {padding} - 3) / {stride} + 1", "x".join(size)]
        for stride, padding in STEPS
        for size in [map(str, feature_map(plane, VERTICAL, stride, padding).shape)]
    ]
    return Step(
        "One kernel on every place: a feature map",
        [
            "The same nine weights, everywhere. Here bright is an edge, rising or falling:",
            block(drawn(np.abs(edges))),
            "The stride is how far the kernel goes from one place to the next; the padding is how "
            "many rows and columns of zeros lie around the picture. Together they say on how many "
            "places it fits (rounded down), so how large the map is:",
            table(["stride", "padding", "places on a side", "map"], rows),
        ],
    )


def _kernels(plane: Plane) -> Step:
    rows = []
    for kernel in KERNELS:
        made = feature_map(plane, kernel)
        rows.append([kernel.name, number(made.min()), number(made.max()), kernel.answers_to])
    return Step(
        "Other weights, other questions",
        [
            "A layer of a network has many kernels, and a map for each. These five were thought "
            "out; a network learns its own.",
            table(["kernel", "lowest", "highest", "a high number means"], rows),
            "With padding, the zeros around the picture are as black as black can be, and the "
            "edge kernels see an edge there, as the figure shows.",
        ],
        _maps_figure(plane),
        "feature-maps",
    )


def _maps_figure(plane: Plane) -> "Figure":
    figure = new_figure(9.2, 1.95 * len(KERNELS), f"Five kernels and their maps {SIGNS}")
    for axes, kernel in zip(figure.subplots(len(KERNELS), 1 + 3), KERNELS, strict=True):
        show_numbers(axes[0], kernel.weights, kernel.name, signed=True)
        for place, (stride, padding) in zip(axes[1:], ((1, 0), (1, 1), (2, 1)), strict=True):
            made = feature_map(plane, kernel, stride, padding)
            title = f"stride {stride}, padding {padding}: {len(made)} x {len(made)}"
            show_plane(place, made, title, signed=not kernel.is_picture)
    return figure


def _relu_and_pool(plane: Plane) -> Step:
    rows = []
    for kernel in KERNELS[:SHOWN]:
        made = feature_map(plane, kernel, padding=1)
        rows.append([kernel.name, f"{100 * (made < 0).mean():.0f}", number(pooled(made).max())])
    return Step(
        "ReLU and max pooling, which follow",
        [
            "ReLU sets what is below 0 to 0: the map now says where there is such an edge, and "
            "nothing of the opposite kind. Max pooling keeps the largest number of every 2 x 2 "
            "window: a quarter of the numbers, and where exactly the edge is does not matter so "
            "much any more ('fastcnn learn pool').",
            table(["kernel", "% below 0", "highest after both"], rows),
        ],
        _relu_figure(plane),
        "relu-and-pool",
    )


def pooled(made: Plane) -> Plane:
    """Return a map (H, W) after ReLU and max pooling with 2 x 2 windows."""
    small: Plane = maxpool_forward(np.maximum(made, 0)[None, None], 2)[0, 0]
    return small


def _relu_figure(plane: Plane) -> "Figure":
    figure = new_figure(7.4, 2.3 * SHOWN, f"Convolution, ReLU, max pooling {SIGNS}")
    for axes, kernel in zip(figure.subplots(SHOWN, 3), KERNELS[:SHOWN], strict=True):
        made = feature_map(plane, kernel, padding=1)
        relu, small = np.maximum(made, 0), pooled(made)
        top = max(float(relu.max()), 1e-12)
        show_plane(axes[0], made, f"{kernel.name}: {len(made)} x {len(made)}", signed=True)
        show_plane(axes[1], relu, "ReLU", highest=top)
        show_plane(axes[2], small, f"max pooling: {len(small)} x {len(small)}", highest=top)
    return figure


def _way_back(plane: Plane, row: int, column: int) -> Step:
    x, w = plane[None, None], VERTICAL.weights[None, None]
    dout = np.zeros((1, 1, len(plane) - 2, len(plane) - 2))
    dout[0, 0, row, column] = 1.0
    dx, dw, db = conv_backward(dout, x, w)
    around = dx[0, 0, row : row + 3, column : column + 3]
    return Step(
        "The way back: who is to blame",
        [
            f"Say the loss depends on y[{row}, {column}] alone, and grows by 1 where that grows by "
            "1. By how much does it grow where a weight grows by 1? By the pixel under it, since "
            "the two are multiplied. And where a pixel does? By the weight on top of it. That is "
            "what conv_backward returns:",
            block(
                beside(
                    ["dw, a weight each", *grid(dw[0, 0])],
                    ["dx, in the patch", *grid(around)],
                    ["db", number(db[0])],
                )
            ),
            f"dx is 0 outside the patch ({int((dx != 0).sum())} numbers are not). In training "
            "every number of every map sends such a share back, and weights and pixels add up "
            "what they are sent.",
        ],
    )
