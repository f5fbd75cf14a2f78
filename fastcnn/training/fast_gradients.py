"""Gradients that a processor is slow at, brought about another way."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, conv2d
from torch.nn.parameter import Parameter
from torch.overrides import TorchFunctionMode

from fastcnn.training import depthwise, small_maps
from fastcnn.training.convolution_call import Call

PLAIN = (Tensor, Parameter)
"""Types of what is convolved that the result has not got."""


class FastGradients(TorchFunctionMode):
    """Within it, some layers learn in a way of ours; the result is that of torch.

    It concerns convolutions in bfloat16 on a processor that `small_maps` or `depthwise` knows a
    faster way for; all others are torch's own. Gradients of gradients are refused. And it concerns
    averages of whole maps, as behind a body or in squeeze-and-excitation: see `_keep_layout`.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Do what was called; a convolution for which there is one, in the faster way."""
        if func is conv2d:
            call = Call(*args, **(kwargs or {}))
            if way := _faster_way(call):
                made, kind = way(call), type(call.input)
                return made if kind in PLAIN else made.as_subclass(kind)
        if func is adaptive_avg_pool2d:
            _keep_layout(args[0] if args else (kwargs or {})["input"])
        return func(*args, **(kwargs or {}))


def _faster_way(call: Call) -> Callable[[Call], Tensor] | None:
    if not call.learns_in_bfloat16:
        return None
    ways = (way.convolve for way in (small_maps, depthwise) if way.suits(call))
    return next(ways, None)


def _keep_layout(maps: Tensor) -> None:
    """Have the gradient of maps (N, C, H, W) lie channels last where they do.

    That of a mean does not, and norm and activation before it then go through two layouts at once:
    a tenth of the step of a network whose last maps are small.
    """
    if maps.requires_grad and maps.is_contiguous(memory_format=torch.channels_last):
        maps.register_hook(_channels_last)


def _channels_last(gradient: Tensor) -> Tensor:
    return gradient.contiguous(memory_format=torch.channels_last)
