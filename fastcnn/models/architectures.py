"""Architectures by name: fastcnn's own, torchvision's builders for four, timm for all others."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import timm
import torch
from fastai.vision import models as torchvision_models
from fastai.vision.core import imagenet_stats
from fastai.vision.learner import TimmBody
from torch import nn

from fastcnn.errors import UsageError, did_you_mean
from fastcnn.models.networks import OWN_NETWORKS, is_own, parse_network
from fastcnn.models.scratch import scratch_body

TORCHVISION = ("resnet18", "resnet34", "resnet50", "vgg16_bn")
CLASSIFIER_CHILDREN = 2
"""The last two children of a torchvision network (pooling and classifier) are not body."""


@dataclass(frozen=True)
class Architecture:
    """A network by name, before it has weights."""

    name: str
    """As the user writes it."""
    library: str
    """fastcnn, torchvision or timm."""
    mean: tuple[float, float, float]
    """What its published weights expect to be subtracted from pixels in 0..1, a channel."""
    std: tuple[float, float, float]
    """What they expect the difference to be divided by."""

    @property
    def is_torchvision(self) -> bool:
        """Whether torchvision builds it."""
        return self.library == "torchvision"

    @property
    def is_own(self) -> bool:
        """Whether it is one of fastcnn's own, for which no weights are published."""
        return self.library == "fastcnn"


def find_architecture(name: str) -> Architecture:
    """Return the architecture called `name`; one of our own may have settings behind a colon.

    Raises:
        UsageError: neither we nor timm know the name, or a setting is wrong.
    """
    if is_own(name):
        parse_network(name)
        mean, std = imagenet_stats
        return Architecture(name, "fastcnn", tuple(mean), tuple(std))
    if name in TORCHVISION:
        mean, std = imagenet_stats
        return Architecture(name, "torchvision", tuple(mean), tuple(std))
    config = _timm_config(name)
    if config is None:
        known = [*OWN_NETWORKS, *TORCHVISION, *timm.list_models()]
        raise UsageError(
            f"--arch is {name!r}{did_you_mean(name, known)}, expected one of "
            f"{', '.join([*TORCHVISION, *OWN_NETWORKS])} or a name that timm knows",
            hint="fastcnn models --all lists them",
        )
    return Architecture(name, "timm", tuple(config.mean), tuple(config.std))


def _timm_config(name: str) -> Any:
    """Return timm's settings of the published weights, None where timm knows no such name."""
    if not timm.is_model(name):
        return None
    try:
        return timm.get_pretrained_cfg(name)
    except RuntimeError:  # a tag behind the dot that is not known
        return None


@cache
def feature_shape(architecture: Architecture, size: int) -> tuple[int, ...]:
    """Return the shape of what the body makes of one image of `size` pixels a side.

    (1, C, H, W) for a convolutional body, (1, H, W, C) for one that keeps channels last, (1, C)
    for one that pools by itself. Nothing is computed: the network is built without memory.

    Raises:
        UsageError: the network does not take images of this size.
    """
    with torch.device("meta"):
        body = bare_body(architecture).eval()
        image = torch.zeros(1, 3, size, size)
        try:
            return tuple(body(image).shape)
        except (RuntimeError, AssertionError, ValueError) as error:
            raise UsageError(
                f"{architecture.name} does not take images of {size} px: {error}",
                hint=f"try --size {native_size(architecture)}",
            ) from error


def bare_body(architecture: Architecture) -> nn.Module:
    """Build the body alone, with random weights, as `vision_learner` cuts it."""
    if architecture.is_own:
        return scratch_body(parse_network(architecture.name))
    if architecture.is_torchvision:
        children = list(torchvision_network(architecture).children())
        return nn.Sequential(*children[:-CLASSIFIER_CHILDREN])
    network = timm.create_model(architecture.name, pretrained=False, num_classes=0)
    body: nn.Module = TimmBody(network, pretrained=False)
    return body


def torchvision_network(architecture: Architecture, n_classes: int = 1000) -> nn.Module:
    """Build one of torchvision's networks whole, with random weights."""
    build = getattr(torchvision_models, architecture.name)
    network: nn.Module = build(weights=None, num_classes=n_classes)
    return network


def native_size(architecture: Architecture) -> int:
    """Return the side of the pictures that a network was made for, in pixels."""
    if architecture.is_own:
        return parse_network(architecture.name).size
    if architecture.is_torchvision:
        return 224
    return int(timm.get_pretrained_cfg(architecture.name).input_size[-1])
