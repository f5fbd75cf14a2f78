"""Kernels' gradients where feature maps are small: as one product of matrices.

The last blocks of a network have many channels on maps of 7 x 7 places or fewer. There oneDNN
computes the gradient of the kernels at a fifth of the speed of the forward pass and less (bfloat16,
a processor with AMX). Laid out as a matrix, a row a place, the same gradient is one product
(Chellapilla et al., "High Performance Convolutional Neural Networks for Document Processing",
2006), three to five times as fast; on larger maps laying out costs more than it wins.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn.functional import conv2d, pad
from torch.nn.grad import conv2d_input
from torch.overrides import TorchFunctionMode

MOST_PLACES = 64
"""Of a map that counts as small."""
FEWEST_CHANNELS = 128
"""Of maps with fewer the product is too thin to be faster."""
PART_BYTES = 16 * 2**20
"""Of the matrix: a larger one has left the processor's cache before it is read."""
KERNEL, ROW = (3, 3), 9
"""The kernel that all these networks have, and its numbers a channel."""


class SmallMapGradients(TorchFunctionMode):
    """Within it, convolutions on small maps get their kernels' gradients by a product of matrices.

    It concerns 3 x 3 convolutions in bfloat16 on a processor; all others are torch's own.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Do what was called, a convolution on a small map in our way."""
        if func is conv2d:
            call = Call(*args, **(kwargs or {}))
            if call.pays:
                return call.own_way()
        return func(*args, **(kwargs or {}))


class Call(NamedTuple):
    """What `torch.conv2d` is called with."""

    input: Tensor
    """(N, C, H, W)."""
    weight: Tensor
    """(D, C, 3, 3), of those that matter."""
    bias: Tensor | None = None
    stride: int | tuple[int, ...] = 1
    padding: int | tuple[int, ...] | str = 0
    dilation: int | tuple[int, ...] = 1
    groups: int = 1

    @property
    def pays(self) -> bool:
        """Whether the product of matrices is the faster way to the kernels' gradient."""
        if not (self._learns_in_bfloat16 and self._is_plain) or self.input.ndim != 4:
            return False
        _, channels, height, width = self.input.shape
        return 0 < height * width <= MOST_PLACES and channels >= FEWEST_CHANNELS

    @property
    def _learns_in_bfloat16(self) -> bool:
        is_learning = torch.is_grad_enabled() and self.weight.requires_grad
        if not is_learning or self.input.device.type != "cpu":
            return False
        is_low = torch.is_autocast_enabled("cpu")
        dtype = torch.get_autocast_dtype("cpu") if is_low else self.input.dtype
        return dtype is torch.bfloat16

    @property
    def _is_plain(self) -> bool:
        is_same_size = self.padding in (1, (1, 1)) and self.stride in (1, (1, 1))
        is_whole = self.dilation in (1, (1, 1)) and self.groups == 1 and self.bias is None
        return is_same_size and is_whole and tuple(self.weight.shape[2:]) == KERNEL

    def own_way(self) -> Tensor:
        """Return the map (N, D, H, W), bfloat16, that torch returns."""
        kind = type(self.input)
        maps = self.input if kind is Tensor else self.input.as_subclass(Tensor)
        made: Tensor = _Convolution.apply(maps.to(torch.bfloat16), self.weight.to(torch.bfloat16))
        return made if kind is Tensor else made.as_subclass(kind)


class _Convolution(torch.autograd.Function):
    """A 3 x 3 convolution that keeps the map's size; gradients but the kernels' are torch's."""

    @staticmethod
    def forward(ctx: Any, maps: Tensor, weight: Tensor) -> Tensor:
        """Return the convolution of (N, C, H, W) by (D, C, 3, 3)."""
        ctx.save_for_backward(maps, weight)
        return conv2d(maps, weight, padding=1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None]:
        """Return the gradients of maps and kernels for that of the result, (N, D, H, W)."""
        maps, weight = ctx.saved_tensors
        needs_maps, needs_weight = ctx.needs_input_grad
        return (
            conv2d_input(maps.shape, weight, gradient, padding=1) if needs_maps else None,
            weight_gradient(maps, gradient) if needs_weight else None,
        )


def weight_gradient(maps: Tensor, gradient: Tensor) -> Tensor:
    """Return the gradient of the kernels, (D, C, 3, 3), of a convolution with a margin of 1.

    A batch whose matrix would be too large is done in parts, added up in float32.

    Args:
        maps: what was convolved, (N, C, H, W).
        gradient: of what came out, (N, D, H, W).
    """
    n, channels, height, width = maps.shape
    row_bytes = maps.element_size() * ROW * channels
    most = max(1, PART_BYTES // (row_bytes * height * width))
    parts = [_product(*part) for part in zip(maps.split(most), gradient.split(most), strict=True)]
    whole = parts[0] if n <= most else _sum(parts)
    return whole.reshape(-1, *KERNEL, channels).permute(0, 3, 1, 2)


def _product(maps: Tensor, gradient: Tensor) -> Tensor:
    """Return the kernels' gradient as a matrix, (D, 9 * C), the nine places of a kernel outside."""
    channels, made = maps.shape[1], gradient.shape[1]
    with_margin = pad(maps.permute(0, 2, 3, 1), (0, 0, 1, 1, 1, 1))
    windows = with_margin.unfold(1, 3, 1).unfold(2, 3, 1)  # (N, H, W, C, 3, 3)
    rows = windows.permute(0, 1, 2, 4, 5, 3).reshape(-1, ROW * channels)  # a row a place
    return gradient.permute(0, 2, 3, 1).reshape(-1, made).t() @ rows


def _sum(parts: list[Tensor]) -> Tensor:
    """Add up in float32 at least, so that no part is lost beside the others."""
    exact = torch.promote_types(parts[0].dtype, torch.float32)
    return torch.stack(parts).sum(dim=0, dtype=exact).to(parts[0].dtype)
