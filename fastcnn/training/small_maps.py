"""Kernels' gradients where feature maps are small: as one product of matrices.

The last blocks of a network have many channels on maps of 7 x 7 places or fewer. There oneDNN
computes the gradient of the kernels at a fifth of the speed of the forward pass and less (bfloat16,
a processor with AMX). Laid out as a matrix, a row a place, the same gradient is one product
(Chellapilla et al., "High Performance Convolutional Neural Networks for Document Processing",
2006), three to five times as fast; on larger maps laying out costs more than it wins.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn.functional import conv2d, pad
from torch.nn.grad import conv2d_input

from fastcnn.training.convolution_call import Call

MOST_PLACES = 64
"""Of a map that counts as small."""
FEWEST_CHANNELS = 128
"""Of maps with fewer the product is too thin to be faster."""
PART_BYTES = 16 * 2**20
"""Of the matrix: a larger one has left the processor's cache before it is read."""
KERNEL, ROW = (3, 3), 9
"""The kernel that all these networks have, and its numbers a channel."""


def suits(call: Call) -> bool:
    """Whether the product of matrices is the faster way to the kernels' gradient."""
    _, channels, height, width = call.input.shape
    if (
        not call.weight.requires_grad
        or not 0 < height * width <= MOST_PLACES
        or channels < FEWEST_CHANNELS
    ):
        return False
    is_same_size = call.padding in (1, (1, 1)) and call.stride in (1, (1, 1))
    is_whole = call.dilation in (1, (1, 1)) and call.groups == 1 and call.bias is None
    return is_same_size and is_whole and tuple(call.weight.shape[2:]) == KERNEL


def convolve(call: Call) -> Tensor:
    """Return the map (N, D, H, W) that torch returns, in bfloat16."""
    made: Tensor = _Convolution.apply(*call.in_bfloat16()[:2])
    return made


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
            weight_gradient(gradient, maps) if needs_weight else None,
        )


def weight_gradient(gradient: Tensor, maps: Tensor) -> Tensor:
    """Return the gradient of the kernels, (D, C, 3, 3), of a convolution with a margin of 1.

    A batch whose matrix would be too large is done in parts, added up in float32.

    Args:
        gradient: of what came out, (N, D, H, W).
        maps: what was convolved, (N, C, H, W).
    """
    n, channels, height, width = maps.shape
    row_bytes = maps.element_size() * ROW * channels
    most = max(1, PART_BYTES // (row_bytes * height * width))
    parts = [_product(*part) for part in zip(gradient.split(most), maps.split(most), strict=True)]
    whole = parts[0] if n <= most else _sum(parts)
    return whole.reshape(-1, *KERNEL, channels).permute(0, 3, 1, 2)


def _product(gradient: Tensor, maps: Tensor) -> Tensor:
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
