"""What a matrix product makes of receptive fields: it keeps to a place, or mixes all of them."""

from collections.abc import Sequence
from dataclasses import replace

from fastcnn.models.summary.regions import UNKNOWN, Region

ROWS, COLUMNS = -2, -1
FUSED = {
    "_scaled_dot_product_flash_attention",
    "_scaled_dot_product_flash_attention_for_cpu",
    "_scaled_dot_product_efficient_attention",
    "_scaled_dot_product_fused_attention_overrideable",
    "_scaled_dot_product_cudnn_attention",
}
"""Attention in one operation, of queries, keys and values (…, tokens, channels)."""
PRODUCTS = {"mm", "bmm", "addmm", "baddbmm"} | FUSED


def after_product(name: str, given: Sequence[Region | None]) -> Region:
    """Return the region behind a matrix product of what has the regions `given`, None: weights.

    A matrix of weights keeps every position to itself where each has a row or column of its own,
    and mixes them where they are summed over. Attention mixes all; where positions lie in
    windows, or rows and columns are treated apart, it is not known.
    """
    if name in FUSED:
        return _after_attention(given[:3])
    left, right = given[-2:]
    summed = bool((left and COLUMNS in left.axes) or (right and ROWS in right.axes))
    regions = [region for region in (left, right) if region is not None]
    if any(len(region.axes) > 1 or any(axis < ROWS for axis in region.axes) for region in regions):
        return UNKNOWN
    axes: tuple[int, ...] = ()
    if (left and ROWS in left.axes) or (left is None and summed):
        axes = (ROWS,)
    elif (right and COLUMNS in right.axes) or (right is None and summed):
        axes = (COLUMNS,)
    base = max(regions, key=lambda region: (region.is_whole, bool(region.axes), region.size or 0))
    if summed or (left and right and left.axes and right.axes):
        return base.mixed(axes)
    return replace(base, axes=axes)


def _after_attention(given: Sequence[Region | None]) -> Region:
    regions = [region for region in given if region is not None]
    if any(region.axes not in ((), (ROWS,)) for region in regions):
        return UNKNOWN
    queries = given[0].axes if given[0] else ()
    return max(regions, key=lambda region: region.size or 0).mixed(queries)
