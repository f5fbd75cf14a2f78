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

CONVOLUTIONS = (nn.Conv2d, Conv2dSame)
"""Those whose kernels are what they multiply by: a subclass may standardise them first."""
NORMS = (nn.BatchNorm2d, BatchNormAct2d)
TOLERANCE = 1e-4
"""Largest difference of the outputs, as a part of their size, that rounding may explain."""


def folded(network: nn.Module, images: Tensor) -> nn.Module:
    """Return a copy of `network` in evaluation mode, folded where that computes the same.

    Which norm follows which convolution is seen by letting `images` through, (N, 3, H, W) float32,
    one is enough. If the result then differs (a convolution's output may be used twice), nothing
    is folded.
    """
    plain = copy.deepcopy(network).eval().requires_grad_(False)
    quick = copy.deepcopy(plain)
    with torch.no_grad():
        for convolution, norm in _pairs(quick, images):
            _fold(quick, convolution, norm)
        expected, found = plain(images), quick.eval()(images)
    is_same = (found - expected).norm() <= TOLERANCE * expected.norm()
    return quick if bool(is_same) else plain


def _pairs(network: nn.Module, images: Tensor) -> list[tuple[str, str]]:
    """Return the names of the convolutions whose output goes into a norm, and of that norm."""
    outputs: list[tuple[str, Tensor]] = []  # held, so that no other tensor takes their place
    found: list[tuple[str, str]] = []

    def note(name: str) -> Iterator[torch.utils.hooks.RemovableHandle]:
        module = network.get_submodule(name)
        if type(module) in CONVOLUTIONS:
            yield module.register_forward_hook(lambda _, __, out: outputs.append((name, out)))
        elif type(module) in NORMS and module.track_running_stats:
            yield module.register_forward_pre_hook(lambda _, given: look(name, given[0]))

    def look(norm: str, given: Tensor) -> None:
        found.extend((name, norm) for name, output in outputs if output is given)

    handles = [handle for name, _ in network.named_modules() for handle in note(name)]
    try:
        network(images)
    finally:
        for handle in handles:
            handle.remove()
    times = Counter(name for name, _ in outputs) + Counter(norm for _, norm in found)
    return [pair for pair in found if all(times[name] == 1 for name in pair)]


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
