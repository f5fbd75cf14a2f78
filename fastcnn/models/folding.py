"""BatchNorm folded into the convolution before it: the same function in fewer passes.

In evaluation mode a BatchNorm multiplies each channel by one number and adds another, which the
convolution before it can do with its kernels and its bias: see Jacob et al., "Quantization and
Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference", arXiv 1712.05877,
section 3.2. Of EfficientNet-Lite0's time on a processor a quarter goes into its BatchNorms.
"""

import copy
from collections import Counter
from collections.abc import Iterator
from typing import Any

import torch
from timm.layers import BatchNormAct2d, Conv2dSame
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from fastcnn.data.images import out_of_resources

CONVOLUTIONS = (nn.Conv2d, Conv2dSame)
"""Those whose kernels are what they multiply by: a subclass may standardise them first."""
NORMS = (nn.BatchNorm2d, BatchNormAct2d)
"""Of a subclass it would not be known what else it does."""
TOLERANCE = 1e-4
"""Largest difference of the outputs, as a part of their size, that rounding may explain."""


def folded(network: nn.Module, images: Tensor) -> nn.Module:
    """Return a copy of `network` in evaluation mode, folded where that computes the same.

    Which norm follows which convolution is seen by letting `images` through, (N, 3, H, W) float32,
    one is enough. If the result then differs (a convolution's output may be used twice), nothing
    is folded.
    """
    quick = _frozen_copy(network)
    with torch.no_grad(), torch.backends.cudnn.flags(allow_tf32=False):
        expected, pairs = _watched(quick, images)
        if not pairs:
            return quick
        for convolution, norm in pairs:
            _fold(quick, convolution, norm)
        if _computes(quick.eval(), images, expected):
            return quick
    del quick  # before there is another copy
    return _frozen_copy(network)


def _frozen_copy(network: nn.Module) -> nn.Module:
    return copy.deepcopy(network).eval().requires_grad_(False)


def _computes(network: nn.Module, images: Tensor, expected: Tensor) -> bool:
    """Return whether a network's output for `images` is as expected, up to rounding."""
    try:
        found = network(images)
    except Exception as error:  # a network that reads its norms otherwise than by calling them
        if out_of_resources(error):
            raise
        return False
    return bool((found - expected).norm() <= TOLERANCE * expected.norm())


def _watched(network: nn.Module, images: Tensor) -> tuple[Tensor, list[tuple[str, str]]]:
    """Return the output, and the names of the convolutions that feed a norm, with that norm's."""
    outputs: list[tuple[str, Tensor]] = []  # held, so that no other tensor takes their place
    found: list[tuple[str, str]] = []

    def note(name: str) -> Iterator[torch.utils.hooks.RemovableHandle]:
        module = network.get_submodule(name)
        if type(module) in CONVOLUTIONS:
            yield module.register_forward_hook(lambda _, __, out: outputs.append((name, out)))
        elif type(module) in NORMS and module.track_running_stats:
            yield module.register_forward_pre_hook(lambda _, given: look(name, given))

    def look(norm: str, given: tuple[Any, ...]) -> None:
        found.extend((name, norm) for name, output in outputs if given and output is given[0])

    handles = [handle for name, _ in network.named_modules() for handle in note(name)]
    try:
        result: Tensor = network(images)
    finally:
        for handle in handles:
            handle.remove()
    times = Counter(name for name, _ in outputs) + Counter(norm for _, norm in found)
    return result, [pair for pair in found if all(times[name] == 1 for name in pair)]


def _fold(network: nn.Module, convolution: str, norm: str) -> None:
    """Replace both in place; what a timm norm does besides, its activation, stays."""
    before: Any = network.get_submodule(convolution)
    after: Any = network.get_submodule(norm)
    _replace(network, convolution, fuse_conv_bn_eval(before, after))
    kept = [after.drop, after.act] if isinstance(after, BatchNormAct2d) else []
    _replace(network, norm, nn.Sequential(*kept))


def _replace(network: nn.Module, name: str, module: nn.Module) -> None:
    parent, _, own_name = name.rpartition(".")
    setattr(network.get_submodule(parent), own_name, module)
