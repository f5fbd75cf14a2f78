"""Gradients of convolutions that oneDNN is slow at in bfloat16, computed another way."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from torch import Tensor
from torch.nn.functional import conv2d
from torch.nn.parameter import Parameter
from torch.overrides import TorchFunctionMode

from fastcnn.training import depthwise, small_maps
from fastcnn.training.convolution_call import Call

PLAIN = (Tensor, Parameter)
"""Types of what is convolved that the result has not got."""


class FastGradients(TorchFunctionMode):
    """Within it, some convolutions learn in a way of ours; the result is that of torch.

    It concerns convolutions in bfloat16 on a processor that `small_maps` or `depthwise` knows a
    faster way for; all others are torch's own. Gradients of gradients are refused.
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
        return func(*args, **(kwargs or {}))


def _faster_way(call: Call) -> Callable[[Call], Tensor] | None:
    if not call.learns_in_bfloat16:
        return None
    ways = (way.convolve for way in (small_maps, depthwise) if way.suits(call))
    return next(ways, None)
