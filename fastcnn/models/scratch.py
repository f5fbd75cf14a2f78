"""Networks small enough to be trained from nothing, made of torch's, timm's and fastai's layers.

No layer is of a class of ours, so that an exported network opens where fastcnn is not installed.
Each body is a `Sequential` whose children are its parameter groups: stem, block2 and so on, or
whitening, block1 and so on.
"""

from collections.abc import Callable, Iterator
from math import gcd

import torch
from fastai.layers import MergeLayer, SequentialEx
from timm.layers import EvoNorm2dB0, EvoNorm2dS0
from torch import nn

from fastcnn.models.networks import NetworkSettings, OwnNetwork
from fastcnn.models.whitening import N_FILTERS, WHITENING, whitening_layer

EVONORM_GROUPS = 8
"""Groups of channels over which EvoNorm-S0 takes its variance, where so many divide them."""
ACTIVATION_LAYERS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "mish": nn.Mish,
}
"""Rectified linear; Hendrycks and Gimpel, "Gaussian Error Linear Units", arXiv 1606.08415;
Ramachandran et al., "Searching for Activation Functions", arXiv 1710.05941; Misra, "Mish: A Self
Regularized Non-Monotonic Activation Function", arXiv 1908.08681: x * tanh(softplus(x))."""

Named = Iterator[tuple[str, nn.Module]]


def scratch_body(network: OwnNetwork) -> nn.Sequential:
    """Return the body of a network with random weights, without its last layer.

    From pictures (N, 3, H, W), float32, to a feature map (N, C, H', W'), or to vectors (N, dense)
    where the settings ask for a dense layer.
    """
    settings = network.settings
    body = nn.Sequential()
    for name, module in BLOCKS[network.name](settings):
        body.add_module(name, module)
    if settings.dense:
        body.add_module("dense", _dense(settings))
    elif settings.dropout:
        body.add_module("dropout", nn.Dropout2d(settings.dropout))
    start = _start_as_identity if network.name == "sprint" else _start
    for module in body.modules():
        start(module)
    return body


def three_conv(settings: NetworkSettings) -> Named:
    """Three blocks of a convolution with its activation; the map is halved in the first two.

    It is halved before the activation, which then has a quarter of the work: behind the
    convolution Mish alone would take three quarters of a step.
    """
    for name, n_in, n_out in _stages(settings):
        convolution, *after = _conv(n_in, n_out, settings)
        pool = [] if name == "block3" else [nn.MaxPool2d(2)]
        yield name, nn.Sequential(convolution, *pool, *after, *_deeper(n_out, settings))


def five_block(settings: NetworkSettings) -> Named:
    """Five blocks of convolution, activation and max-pooling: pictures end 32 times smaller."""
    for name, n_in, n_out in _stages(settings):
        first = _conv(n_in, n_out, settings)
        yield name, nn.Sequential(*first, *_deeper(n_out, settings), nn.MaxPool2d(2))


def sprint(settings: NetworkSettings) -> Named:
    """A residual network for 32 px that learns fast on a processor.

    A first layer that whitens (see `whitening`), then three blocks: a convolution whose map is
    halved before it is normalised (a quarter of the work for norm and activation), and a second
    one (more with a greater depth) beside a way past (He et al., "Deep Residual Learning for Image
    Recognition", arXiv 1512.03385). Few layers of many channels suit a processor's matrix units,
    few steps a short training; the order of pooling and norm is that of Page's and Jordan's fast
    CIFAR-10 networks (arXiv 2404.00498).
    """
    yield WHITENING, nn.Sequential(whitening_layer(), _activation(settings))
    n_in = N_FILTERS
    for number, n_out in enumerate(settings.filters, start=1):
        first, *after = _conv(n_in, n_out, settings)
        deeper = _deeper(n_out, settings)
        beside = [SequentialEx(*deeper, MergeLayer())] if deeper else []
        yield f"block{number}", nn.Sequential(first, nn.MaxPool2d(2), *after, *beside)
        n_in = n_out


BLOCKS: dict[str, Callable[[NetworkSettings], Named]] = {
    "three-conv": three_conv,
    "five-block": five_block,
    "sprint": sprint,
}
"""The blocks of each network, by name."""


def _stages(settings: NetworkSettings) -> Iterator[tuple[str, int, int]]:
    """Yield the name of each block with its channels before and after."""
    n_in = 3
    for number, n_out in enumerate(settings.filters, start=1):
        yield ("stem" if number == 1 else f"block{number}"), n_in, n_out
        n_in = n_out


def _conv(n_in: int, n_out: int, settings: NetworkSettings) -> list[nn.Module]:
    """Return a convolution that keeps the map's size, and what follows it.

    EvoNorm (Liu et al., "Evolving Normalization-Activation Layers", arXiv 2004.02967) is norm and
    activation in one. A norm brings a bias of its own.
    """
    convolution = nn.Conv2d(
        n_in, n_out, settings.kernel, padding=settings.kernel // 2, bias=settings.norm == "none"
    )
    if settings.norm == "evonorm-s0":
        return [convolution, EvoNorm2dS0(n_out, groups=gcd(n_out, EVONORM_GROUPS))]
    if settings.norm == "evonorm-b0":
        return [convolution, EvoNorm2dB0(n_out)]
    norm = [nn.BatchNorm2d(n_out)] if settings.norm == "batch" else []
    return [convolution, *norm, ACTIVATION_LAYERS[settings.activation]()]


def _deeper(n_channels: int, settings: NetworkSettings) -> list[nn.Module]:
    """Return the convolutions of a block behind its first one, each with what follows it."""
    return [
        layer
        for _ in range(settings.depth - 1)
        for layer in _conv(n_channels, n_channels, settings)
    ]


def _dense(settings: NetworkSettings) -> nn.Sequential:
    """Return a dense layer on the mean of each channel, so that it fits pictures of any size."""
    return nn.Sequential(
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(settings.filters[-1], settings.dense),
        _activation(settings),
        nn.Dropout(settings.dropout),
    )


def _activation(settings: NetworkSettings) -> nn.Module:
    """Return the activation where no norm stands before it, which an EvoNorm would need."""
    return ACTIVATION_LAYERS["relu" if settings.is_evonorm else settings.activation]()


def _start(module: nn.Module) -> None:
    """Draw weights that keep the signal's size from layer to layer.

    He et al., "Delving Deep into Rectifiers", arXiv 1502.01852; torch's own are smaller by a
    factor of 2.4, and a network without norms then begins with next to no signal.
    """
    if isinstance(module, nn.Conv2d | nn.Linear):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def _start_as_identity(module: nn.Module) -> None:
    """Draw weights of which the first filters hand on what comes in, as far as there are channels.

    The gradient then finds its way from the first step on: Zagoruyko and Komodakis, "DiracNets",
    arXiv 1706.00388, as arXiv 2404.00498 (section 3.3) has it. The other filters are torch's own,
    small: a norm follows, or else the way past carries the signal.
    """
    _start(module)
    if isinstance(module, nn.Conv2d):
        module.reset_parameters()
        with torch.no_grad():
            nn.init.dirac_(module.weight[: module.in_channels])
