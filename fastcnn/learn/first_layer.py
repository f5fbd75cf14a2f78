"""The lesson on a first layer that was learned: several channels, several filters."""

from typing import TYPE_CHECKING, Any

import numpy as np

from fastcnn.learn.figures import SIGNS, SMALL, new_figure, show_plane
from fastcnn.learn.lesson import Lesson, Step
from fastcnn.learn.pictures import Picture, largest_place
from fastcnn.learn.words import beside, block, grid
from fastcnn.models.naive import conv_forward
from fastcnn.models.naive_shapes import Array
from fastcnn.models.packaged import ARCHITECTURE, packaged_file, packaged_state

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIDE = 96
"""Pixels of a side: the network's own 224 would take the plain loops a minute."""
STRIDE = 2
"""The layer's own."""
SHOWN = (0, 15, 21, 27, 3, 7, 20, 23)
"""Filters whose maps are drawn: four that answer to edges, four to colours."""
WORKED_OUT = 23
"""The one of them that is worked out by hand: orange has something of every channel."""
CHANNELS = ("red", "green", "blue")
ACROSS = 8
"""Filters in a row of their figure."""


def first_layer_lesson(picture: Picture) -> Lesson:
    """Walk a picture in colour through the first layer of the packaged EfficientNet-Lite0.

    Raises:
        WeightsError: its file is not the one that it should be.
    """
    filters = learned_filters()
    x = picture.colours(SIDE) / 127.5 - 1  # the levels from -1 to 1 that the network was trained on
    w = filters[[*SHOWN]]
    maps = conv_forward(x[None], w, np.zeros(len(w)), STRIDE)[0]
    return Lesson(
        "The first layer of a trained network",
        [
            _filters(filters),
            _one_number(picture.name, x, filters[WORKED_OUT], maps[SHOWN.index(WORKED_OUT)]),
            _maps(x, w, maps),
        ],
    )


def learned_filters() -> Array:
    """Return the filters (32, 3, 3, 3) of the first layer, trained on ImageNet."""
    state = packaged_state(packaged_file())
    weights: Array = next(iter(state.values())).numpy().astype(np.float64)
    return weights


def _filters(filters: Array) -> Step:
    n_filters, channels, height, width = filters.shape
    return Step(
        f"{n_filters} filters of {channels} kernels each",
        [
            f"{ARCHITECTURE} begins with a convolution of stride {STRIDE} and {n_filters} filters. "
            f"A picture in colour has {channels} channels, red, green and blue, so that a filter "
            f"is {channels} kernels of {height} x {width}, one a channel: {n_filters} * {channels} "
            f"* {height} * {width} = {filters.size} weights. All began as random numbers, and "
            "learned from a million photographs (ImageNet).",
            "In the figure a weight of 0 in all channels is mid-grey. Bright green beside purple "
            "is an edge, most of all in green, the channel that says most about brightness. A "
            "filter of one colour answers to that colour: 3 to blue, 7 to violet, 20 to green, 23 "
            "to orange.",
        ],
        _filters_figure(filters),
        "filters",
    )


def _filters_figure(filters: Array) -> "Figure":
    n_rows = len(filters) // ACROSS
    title = f"The {len(filters)} filters of the first layer (mid-grey: a weight of 0)"
    figure = new_figure(8, 1.15 * n_rows + 0.3, title)
    places = figure.subplots(n_rows, ACROSS, squeeze=False)
    for position, (axes, one) in enumerate(zip(places.flat, filters, strict=True)):
        show_filter(axes, one, str(position))
    return figure


def show_filter(axes: Any, one: Array, title: str) -> None:
    """Draw a filter (3, KH, KW) in colour: a weight of 0 is mid-grey."""
    strongest = max(float(np.abs(one).max()), 1e-12)
    axes.imshow((one / strongest / 2 + 0.5).transpose(1, 2, 0))
    axes.set_title(title, fontsize=SMALL)
    axes.set_axis_off()


def _one_number(name: str, x: Array, one: Array, made: Array) -> Step:
    i, j = largest_place(made)
    _, height, width = one.shape
    top, left = i * STRIDE, j * STRIDE
    patch = x[:, top : top + height, left : left + width]
    parts = [float((pixels * weights).sum()) for pixels, weights in zip(patch, one, strict=True)]
    lines = []
    for channel, pixels, weights, part in zip(CHANNELS, patch, one, parts, strict=True):
        from_picture = [f"{channel}, pixels", *grid(pixels)]
        from_filter = [f"{channel}, weights", *grid(weights)]
        lines += [*beside(from_picture, from_filter, ["sum of the products", f"{part:.2f}"]), ""]
    total = " + ".join(f"{part:.2f}" for part in parts)
    return Step(
        "One number, from three channels",
        [
            f"The picture is {name}, {x.shape[2]} x {x.shape[1]} pixels in colour, its levels from "
            f"-1 to 1. The largest number of the map of filter {WORKED_OUT}, with nine products a "
            "channel:",
            block(lines[:-1]),
            block([f"y[{i}, {j}] = {total} = {sum(parts):.2f}"]),
            f"conv_forward says {made[i, j]:.2f}. The channels are added up: however many go in, "
            "a filter makes one map.",
        ],
    )


def _maps(x: Array, filters: Array, maps: Array) -> Step:
    n_filters, height, width = maps.shape
    return Step(
        "Many filters, many maps",
        [
            f"{n_filters} of the filters, one after the other, make {n_filters} maps of {height} x "
            f"{width}: ({x.shape[1]} - 3) / {STRIDE} + 1, rounded down. In the network BatchNorm "
            "and ReLU6 follow, and the next layer's filters have a kernel for each of the maps.",
        ],
        _maps_figure(filters, maps),
        "maps",
    )


def _maps_figure(filters: Array, maps: Array) -> "Figure":
    figure = new_figure(9.6, 5.6, f"Learned filters and their maps {SIGNS}")
    across = len(filters) // 2
    places = figure.subplots(4, across, height_ratios=(1, 3, 1, 3))
    for position, (name, one, made) in enumerate(zip(SHOWN, filters, maps, strict=True)):
        row, column = 2 * (position // across), position % across
        show_filter(places[row, column], one, f"filter {name}")
        show_plane(places[row + 1, column], made, "", signed=True)
    return figure
