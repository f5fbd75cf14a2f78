"""Gradients of convolutions whose every channel has a kernel of its own.

EfficientNet, MobileNet and ConvNeXt are made of them. In bfloat16 oneDNN has no fast code for two
of their gradients: that of the map where the stride is above 1 (20 to 300 times slower than in
float32), and that of kernels larger than 3 x 3 (4 times slower). These two are computed in float32.
What that costs is small beside it: the map is cast once, to float32 before the kernels' gradient,
or back after its own. (Layers of EfficientNet-Lite0, 64 pictures of 96 px, a processor with AMX.)
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn.functional import conv2d

from fastcnn.training.convolution_call import Call, pair

LARGEST_FAST_SIDE = 3
"""Of a kernel whose gradient oneDNN computes as fast in bfloat16 as in float32."""


def suits(call: Call) -> bool:
    """Whether one of the gradients is faster in float32."""
    channels = call.input.shape[1]
    is_depthwise = call.groups == channels == call.weight.shape[0] and channels > 1
    if not is_depthwise or isinstance(call.padding, str) or call.dilation not in (1, (1, 1)):
        return False
    has_slow_map = _is_strided(pair(call.stride)) and call.input.requires_grad
    return has_slow_map or (_is_large(call.weight) and call.weight.requires_grad)


def convolve(call: Call) -> Tensor:
    """Return the map (N, C, H', W') that torch returns, in bfloat16.

    Raises:
        TypeError: the padding is given by name, which does not suit.
    """
    if isinstance(call.padding, str):
        raise TypeError(f"padding is {call.padding!r}, expected numbers")
    layout = pair(call.stride), pair(call.padding)
    made: Tensor = _Depthwise.apply(*call.in_bfloat16(), *layout)
    return made


class _Depthwise(torch.autograd.Function):
    """A depthwise convolution whose slow gradients are computed in float32."""

    @staticmethod
    def forward(
        ctx: Any,
        maps: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        stride: list[int],
        padding: list[int],
    ) -> Tensor:
        """Return the convolution of (N, C, H, W) by (C, 1, kernel height, kernel width)."""
        ctx.save_for_backward(maps, weight)
        ctx.stride, ctx.padding = stride, padding
        return conv2d(maps, weight, bias, stride, padding, groups=len(weight))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradients of maps, kernels and biases for that of the result."""
        maps, weight = ctx.saved_tensors
        of_maps, of_weight, of_bias, *_ = ctx.needs_input_grad
        where = ctx.stride, ctx.padding
        return (
            map_gradient(gradient, maps, weight, *where) if of_maps else None,
            weight_gradient(gradient, maps, weight, *where) if of_weight else None,
            gradient.sum(dim=(0, 2, 3)) if of_bias else None,
            None,
            None,
        )


def map_gradient(
    gradient: Tensor, maps: Tensor, weight: Tensor, stride: list[int], padding: list[int]
) -> Tensor:
    """Return the gradient of the map, (N, C, H, W), for that of the result, (N, C, H', W')."""
    dtype = torch.float32 if _is_strided(stride) else maps.dtype
    empty = torch.empty_like(maps, dtype=dtype)  # only its shape and layout are asked for
    tensors = gradient.to(dtype), empty, weight.to(dtype)
    return _backward(*tensors, stride, padding, [True, False, False])[0].to(maps.dtype)


def weight_gradient(
    gradient: Tensor, maps: Tensor, weight: Tensor, stride: list[int], padding: list[int]
) -> Tensor:
    """Return the gradient of the kernels, (C, 1, kernel height, kernel width)."""
    dtype = torch.float32 if _is_large(weight) else maps.dtype
    tensors = gradient.to(dtype), maps.to(dtype), weight.to(dtype)
    return _backward(*tensors, stride, padding, [False, True, False])[1].to(weight.dtype)


def _backward(
    gradient: Tensor,
    maps: Tensor,
    weight: Tensor,
    stride: list[int],
    padding: list[int],
    wanted: list[bool],
) -> tuple[Tensor, Tensor, Tensor]:
    found: tuple[Tensor, Tensor, Tensor] = torch.ops.aten.convolution_backward(
        *(gradient, maps, weight, None, stride, padding),
        *([1, 1], False, [0, 0], len(weight), wanted),
    )
    return found


def _is_strided(stride: list[int]) -> bool:
    return max(stride) > 1


def _is_large(weight: Tensor) -> bool:
    return max(weight.shape[2:]) > LARGEST_FAST_SIDE
