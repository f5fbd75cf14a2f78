"""Following the receptive field through a network, operation by operation, while it runs.

torch hands every operation to a `TorchDispatchMode`, residual sums and functional pooling included,
which hooks on modules would not see (so torchinfo, which has hooks alone, would not help here). It
works on the meta device, so nothing is computed. An operation that no rule is written for makes
what follows unknown: nothing is claimed for it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.weak import WeakTensorKeyDictionary

from fastcnn.models.summary.layouts import REARRANGING, rearranged, without_dims
from fastcnn.models.summary.products import PRODUCTS, after_product
from fastcnn.models.summary.regions import MAP, UNKNOWN, Pair, Region, joined

MEANS = {"mean", "sum", "amax", "amin", "var", "std", "var_mean", "std_mean", "linalg_vector_norm"}
"""What makes one number of many."""
POOLS = {"max_pool2d_with_indices", "max_pool2d", "avg_pool2d"}
ADAPTIVE = {"_adaptive_avg_pool2d", "adaptive_avg_pool2d", "adaptive_max_pool2d"}
PADS = {"constant_pad_nd", "reflection_pad2d", "replication_pad2d"}
BATCH_NORMS = {"native_batch_norm", "_native_batch_norm_legit_no_training", "cudnn_batch_norm"}
OTHER_NORMS = {"native_group_norm", "native_layer_norm"}
UNTAGGED = {"hardswish", "mish", "hardsigmoid", "log_sigmoid_forward", "glu_jvp"}
"""Number by number, though torch does not mark them so."""
SOFTMAXES = {"_softmax", "_safe_softmax", "_log_softmax"}


class ReceptiveFields(TorchDispatchMode):
    """Knows of every tensor computed from `image` inside the block which pixels it depends on."""

    def __init__(self, image: Tensor) -> None:
        """Start at a batch of one image, (1, 3, H, W): a pixel depends on itself."""
        super().__init__()
        self.n_gates = 0
        """How often a map was scaled by numbers from the whole picture."""
        self._regions = WeakTensorKeyDictionary()
        self._regions[image] = Region((image.shape[-2], image.shape[-1]))

    def region(self, tensor: Tensor) -> Region | None:
        """Return what a tensor depends on, None where not on the image."""
        found: Region | None = self._regions.get(tensor)
        return found

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Carry out an operation and note what its results depend on."""
        given = tree_leaves((args, kwargs))
        regions = [self._regions.get(one) for one in given if isinstance(one, Tensor)]
        out = func(*args, **(kwargs or {}))
        if any(region is not None for region in regions):
            for tensor in tree_leaves(out):
                if isinstance(tensor, Tensor):
                    self._keep(tensor, self._after(func, args, regions, tensor))
        return out

    def _keep(self, tensor: Tensor, found: Region) -> None:
        """Remember a result; what is written into a part of a larger tensor is not followed."""
        earlier = self._regions.get(tensor)
        is_part = tensor.untyped_storage().nbytes() > tensor.numel() * tensor.element_size()
        self._regions[tensor] = UNKNOWN if earlier not in (None, found) and is_part else found

    def _after(
        self, func: Any, args: tuple[Any, ...], given: Sequence[Region | None], out: Tensor
    ) -> Region:
        regions = [region for region in given if region is not None]
        if not all(region.is_known for region in regions):
            return UNKNOWN
        found = self._known(str(func.overloadpacket.__name__).rstrip("_"), func, args, given, out)
        whole = [region for region in regions if region.is_whole and region.axes]
        if found.is_known or not whole:
            return found
        # What sees everything goes on seeing everything, wherever its positions may lie now.
        return replace(whole[0], axes=MAP if out.ndim == 4 else (-2,))

    def _known(
        self,
        name: str,
        func: Any,
        args: tuple[Any, ...],
        given: Sequence[Region | None],
        out: Tensor,
    ) -> Region:
        regions = [region for region in given if region is not None]
        if name in PRODUCTS:
            return after_product(name, given)
        if name in ("cat", "stack"):
            return _put_together(name, args, regions, out)
        if torch.Tag.pointwise in func.tags or name in UNTAGGED:
            region, is_gated = joined(regions)
            self.n_gates += is_gated
            return region
        if name in OTHER_NORMS:
            self.n_gates += _scales_by_the_picture(name, args, regions[0])
            return regions[0]
        return _after_one(name, args, regions[0], out)


def _after_one(name: str, args: tuple[Any, ...], region: Region, out: Tensor) -> Region:
    """Return the region behind an operation on one tensor."""
    if name in REARRANGING:
        return rearranged(name, args, region, out)
    if name in BATCH_NORMS:
        return region
    if name in SOFTMAXES:
        dim = int(args[1]) % out.ndim - out.ndim
        return region.mixed(region.axes) if dim in region.axes else region
    if name in MEANS:
        return _after_mean(args, region, out)
    return _after_kernel(name, args, region, out)


def _scales_by_the_picture(name: str, args: tuple[Any, ...], region: Region) -> bool:
    """A norm of channels keeps to its place; one over positions scales by the whole picture."""
    if not region.axes or region.is_whole:
        return False
    return name == "native_group_norm" or any(axis >= -len(args[1]) for axis in region.axes)


def _put_together(
    name: str, args: tuple[Any, ...], regions: Sequence[Region], out: Tensor
) -> Region:
    """Maps one behind the other in channels, or a row of positions with tokens of no place."""
    region, _ = joined(regions)
    dim = (int(args[1]) if len(args) > 1 else 0) % out.ndim - out.ndim
    if name == "stack":
        region = replace(region, axes=tuple(a - (a <= dim) for a in region.axes))
    if any(one.is_whole for one in regions) and region.is_known:
        return region.mixed(region.axes)
    is_place = dim in region.axes and name == "cat"
    return UNKNOWN if is_place and len(regions) > 1 and len(region.axes) > 1 else region


def _after_mean(args: tuple[Any, ...], region: Region, out: Tensor) -> Region:
    ndim = args[0].ndim
    listed = next((one for one in args[1:] if isinstance(one, list | tuple)), None) or range(ndim)
    dims = [int(dim) % ndim - ndim for dim in listed]
    return without_dims(region, dims, keepdim=out.ndim == ndim)


def _after_kernel(name: str, args: tuple[Any, ...], region: Region, out: Tensor) -> Region:
    """Return the region behind what slides over a map (N, C, H, W); unknown for all else."""
    if not region.axes:
        return region  # pooled: no positions to slide over
    if name in PADS and all(args[0].shape[axis] == out.shape[axis] for axis in region.axes):
        return region  # channels are added
    if region.axes != MAP or args[0].ndim != 4:
        return UNKNOWN
    sides = (out.shape[-2], out.shape[-1])
    if region.is_whole:
        return replace(region, sides=sides)
    if name == "convolution" and not args[6]:  # not transposed
        kernel, dilation = args[1].shape[-2:], _pair(args[5])
        wide = ((kernel[0] - 1) * dilation[0] + 1, (kernel[1] - 1) * dilation[1] + 1)
        return region.slid(wide, _pair(args[3]), _pair(args[4]), sides)
    if name in POOLS:
        kernel = _pair(args[1])
        stride = _pair(args[2]) if len(args) > 2 and args[2] else kernel
        return region.slid(kernel, stride, _pair(args[3] if len(args) > 3 else 0), sides)
    if name in PADS:
        left, _, top, _ = [*args[1], 0, 0][:4]
        return region.slid((1, 1), (1, 1), (top, left), sides)
    return _after_adaptive(region, sides) if name in ADAPTIVE else UNKNOWN


def _after_adaptive(region: Region, sides: Pair) -> Region:
    if sides == (1, 1):
        return region.mixed()
    if any(before % after for before, after in zip(region.sides, sides, strict=True)):
        return UNKNOWN
    kernel = (region.sides[0] // sides[0], region.sides[1] // sides[1])
    return region.slid(kernel, kernel, (0, 0), sides)


def _pair(given: Any) -> Pair:
    values = [int(value) for value in (given if isinstance(given, Sequence) else [given])]
    return values[0], values[-1]
