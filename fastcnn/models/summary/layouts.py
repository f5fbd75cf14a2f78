"""Where the positions of a feature map go when a tensor is rearranged.

Networks flatten maps into rows of tokens, put channels last and split dimensions. A region follows
as long as every row and column keeps a dimension of its own, or both share one.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from torch import Tensor

from fastcnn.models.summary.regions import UNKNOWN, Region

AS_IT_IS = {"clone", "contiguous", "_to_copy", "alias", "detach", "lift_fresh"}
RESHAPING = {"view", "_unsafe_view", "_reshape_copy", "reshape"}
CUTTING = {"slice", "split", "split_with_sizes", "narrow", "split_copy"}
TAKING = {"select", "unbind"}
REARRANGING = AS_IT_IS | RESHAPING | CUTTING | TAKING
REARRANGING |= {"permute", "transpose", "t", "unsqueeze", "squeeze", "expand"}
"""Operations that move numbers and mix none."""


def rearranged(name: str, args: Sequence[Any], region: Region, out: Tensor) -> Region:
    """Return the region of a tensor that has been rearranged by one of `REARRANGING`."""
    source: Tensor = args[0]
    if name in AS_IT_IS or name == "expand" or not region.axes:
        return region
    if name in RESHAPING:
        return _reshaped(region, tuple(source.shape), tuple(out.shape))
    if name in CUTTING:
        return region if _keeps_places(args, region, out) else UNKNOWN
    if name in TAKING:
        dim = _from_end(int(args[1]) if len(args) > 1 else 0, source.ndim)
        return _without(region, [dim])
    if name == "squeeze":
        return _squeezed(args, region)
    if name == "unsqueeze":
        dim = _from_end(int(args[1]), out.ndim)
        return replace(region, axes=tuple(a - 1 if a <= dim else a for a in region.axes))
    order = _order(name, args, source.ndim)
    return replace(region, axes=tuple(order.index(axis % source.ndim) - source.ndim
                                      for axis in region.axes))  # fmt: skip


def without_dims(region: Region, dims: Sequence[int], *, keepdim: bool) -> Region:
    """Return the region behind a mean, a maximum or the like over `dims`, counted from the last.

    Over channels each position keeps its own; over all positions, everything is seen.
    """
    hit = [axis for axis in region.axes if axis in dims]
    if not hit:
        return region if keepdim else _without(region, dims)
    if len(hit) < len(region.axes):
        return UNKNOWN
    return region.mixed()


def _without(region: Region, dims: Sequence[int]) -> Region:
    if any(axis in dims for axis in region.axes):  # one position is taken out
        return replace(region, axes=()) if region.is_whole else UNKNOWN
    return replace(region, axes=tuple(a + sum(dim > a for dim in dims) for a in region.axes))


def _keeps_places(args: Sequence[Any], region: Region, out: Tensor) -> bool:
    """Whether a cut leaves all rows and columns, or a piece of a row of tokens as it is."""
    is_piece = len(region.axes) == 1 and (len(args) < 5 or args[4] == 1)
    return is_piece or all(args[0].shape[axis] == out.shape[axis] for axis in region.axes)


def _squeezed(args: Sequence[Any], region: Region) -> Region:
    source: Tensor = args[0]
    given = args[1] if len(args) > 1 else range(source.ndim)
    dims = [
        _from_end(int(dim), source.ndim) for dim in ([given] if isinstance(given, int) else given)
    ]
    gone = [dim for dim in dims if source.shape[dim] == 1]
    if any(axis in gone for axis in region.axes):
        return region.mixed()  # a map of one position
    return _without(region, gone)


def _order(name: str, args: Sequence[Any], ndim: int) -> list[int]:
    if name == "permute":
        return [int(dim) % ndim for dim in args[1]]
    order = list(range(ndim))
    first, second = (0, -1) if name == "t" else (int(args[1]), int(args[2]))
    order[first], order[second] = order[second], order[first]
    return order


def _reshaped(region: Region, before: tuple[int, ...], after: tuple[int, ...]) -> Region:
    """Find the dimensions that hold, each whole, the dimensions that held the positions."""
    dims = [axis % len(before) for axis in region.axes]
    places = [_holder(before, dim, after) for dim in dims]
    if None not in places:
        axes = tuple(dict.fromkeys(place - len(after) for place in places if place is not None))
        return replace(region, axes=axes)
    is_row = len(dims) == 1 and before[dims[0]] == math.prod(region.sides)
    start = math.prod(before[: dims[0]])
    for place in range(len(after) - 1):  # a row of positions becomes a map again
        found = (after[place], after[place + 1]) == region.sides
        if is_row and found and math.prod(after[:place]) == start:
            return replace(region, axes=(place - len(after), place + 1 - len(after)))
    return UNKNOWN


def _holder(before: tuple[int, ...], dim: int, after: tuple[int, ...]) -> int | None:
    """Return which new dimension holds all of an old one; None where it was split."""
    start, end = math.prod(before[:dim]), math.prod(before[: dim + 1])
    for place in range(len(after)):
        is_inside = math.prod(after[:place]) <= start and end <= math.prod(after[: place + 1])
        if is_inside and after[place] > 1:
            return place
    return None


def _from_end(dim: int, ndim: int) -> int:
    return dim % ndim - ndim
