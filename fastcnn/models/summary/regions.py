"""Which pixels one position of a feature map depends on, and how layers widen that region.

The arithmetic is that of Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional
Neural Networks" (Distill 2019, doi 10.23915/distill.00021): a kernel of k at a distance of j pixels
between neighbouring positions widens the region by (k - 1) j, a stride of s multiplies j by s.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

Pair = tuple[int, int]
"""Of the vertical and the horizontal axis."""
MAP = (-2, -1)
"""The dimensions of a feature map (N, C, H, W) that hold its positions, counted from the last."""


@dataclass(frozen=True)
class Region:
    """What a position of a feature map depends on.

    Position i of an axis depends on the pixels from i * jump + low to i * jump + high, padding
    counted as pixels.
    """

    sides: Pair
    """Positions of the map, rows and columns."""
    axes: tuple[int, ...] = MAP
    """Dimensions of the tensor that hold rows and columns, or both in one; none once pooled."""
    low: Pair = (0, 0)
    """First pixel of position 0."""
    high: Pair = (0, 0)
    """Last pixel of position 0."""
    jump: Pair = (1, 1)
    """Pixels between two neighbouring positions."""
    is_whole: bool = False
    """Whether each position depends on every position of an earlier map."""
    is_known: bool = True
    """False behind whatever there is no rule for."""

    @property
    def size(self) -> int | None:
        """Return the side in pixels, the larger of both axes; None where it is not known."""
        if not self.is_known:
            return None
        return max(high - low + 1 for low, high in zip(self.low, self.high, strict=True))

    def slid(self, kernel: Pair, stride: Pair, padding: Pair, sides: Pair) -> "Region":
        """Return what a kernel sees that slides over the map; `kernel` counts its dilation."""
        low = _each(lambda low, pad, jump: low - pad * jump, self.low, padding, self.jump)
        high = _each(lambda high, pad, jump: high - pad * jump, self.high, padding, self.jump)
        high = _each(lambda high, wide, jump: high + (wide - 1) * jump, high, kernel, self.jump)
        jump = (self.jump[0] * stride[0], self.jump[1] * stride[1])
        return replace(self, sides=sides, low=low, high=high, jump=jump)

    def mixed(self, axes: tuple[int, ...] = ()) -> "Region":
        """Return what depends on all positions, as a mean does, or attention at its `axes`."""
        if self.is_whole:
            return replace(self, axes=axes)
        high = _each(lambda high, n, jump: high + (n - 1) * jump, self.high, self.sides, self.jump)
        return replace(self, axes=axes, high=high, is_whole=True)


UNKNOWN = Region((0, 0), is_known=False)
"""Of whatever there is no rule for; nothing computed from it is known either."""


def joined(regions: Sequence[Region]) -> tuple[Region, bool]:
    """Return what a sum, a product or the like of several maps depends on.

    The second value says whether a map was scaled or shifted by numbers that have no place, such
    as squeeze-excite's: they depend on the whole picture, which is not counted into the region.
    """
    if not all(region.is_known for region in regions):
        return UNKNOWN, False
    placed = [region for region in regions if region.axes] or list(regions)
    if whole := [region for region in placed if region.is_whole]:
        return max(whole, key=lambda region: region.size or 0), False
    first = placed[0]
    if {(one.sides, one.axes, one.jump) for one in placed} != {
        (first.sides, first.axes, first.jump)
    }:
        return UNKNOWN, False
    low = (min(one.low[0] for one in placed), min(one.low[1] for one in placed))
    high = (max(one.high[0] for one in placed), max(one.high[1] for one in placed))
    return replace(first, low=low, high=high), len(placed) < len(regions)


def _each(rule: Callable[[int, int, int], int], first: Pair, second: Pair, third: Pair) -> Pair:
    return rule(first[0], second[0], third[0]), rule(first[1], second[1], third[1])
