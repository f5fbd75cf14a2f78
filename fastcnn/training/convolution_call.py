"""A convolution as `torch.nn.functional.conv2d` is asked for it."""

from typing import NamedTuple

import torch
from torch import Tensor

CAST = {torch.float32, torch.bfloat16, torch.float16}
"""Types that autocast casts."""


class Call(NamedTuple):
    """What `conv2d` is called with, in its order."""

    input: Tensor
    """(N, C, H, W)."""
    weight: Tensor
    """(D, C / groups, kernel height, kernel width)."""
    bias: Tensor | None = None
    """(D,)."""
    stride: int | tuple[int, ...] = 1
    padding: int | tuple[int, ...] | str = 0
    dilation: int | tuple[int, ...] = 1
    groups: int = 1

    @property
    def learns_in_bfloat16(self) -> bool:
        """Whether gradients may be asked for, on a processor, of a convolution in bfloat16."""
        is_on_cpu = self.input.device.type == "cpu" and self.input.ndim == 4
        if not (is_on_cpu and torch.is_grad_enabled()):
            return False
        types = {self.input.dtype, self.weight.dtype}
        if torch.is_autocast_enabled("cpu"):
            # Autocast leaves float64 alone.
            return torch.get_autocast_dtype("cpu") is torch.bfloat16 and types <= CAST
        return types == {torch.bfloat16}

    def in_bfloat16(self) -> tuple[Tensor, Tensor, Tensor | None]:
        """Return plain tensors of input, weight and bias as autocast would cast them."""
        maps = self.input.as_subclass(Tensor).to(torch.bfloat16)
        bias = None if self.bias is None else self.bias.to(torch.bfloat16)
        return maps, self.weight.to(torch.bfloat16), bias


def pair(value: int | tuple[int, ...]) -> list[int]:
    """Return what is said of both sides for each, [down, to the right]."""
    return [value, value] if isinstance(value, int) else [value[0], value[-1]]
