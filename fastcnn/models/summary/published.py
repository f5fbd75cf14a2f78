"""The whole network as its authors published it, classifier included, drawn without memory."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import timm
import torch
from torch import nn

from fastcnn.errors import UsageError
from fastcnn.models.architectures import (
    CLASSIFIER_CHILDREN,
    Architecture,
    bare_body,
    feature_shape,
    native_size,
    torchvision_network,
)
from fastcnn.models.groups import parameter_groups
from fastcnn.models.heads import layout_of, make_head

HEAD = "head"
"""The group of the classifier."""
NOT_BUILT = (RuntimeError, AssertionError, ValueError, IndexError, TypeError, ImportError, KeyError)
"""What libraries raise for a network whose weights, settings or extras are not to be had."""
OWN_CLASSES = 10
"""Of fastcnn's own networks, which nobody has published for ImageNet's 1,000: CIFAR-10's."""


@dataclass(frozen=True)
class Published:
    """A network on the meta device, in evaluation mode; no tensor of it holds a number."""

    architecture: Architecture
    """What it is a drawing of."""
    network: nn.Module
    """From (N, 3, H, W) images to (N, classes) logits."""
    groups: Mapping[int, str]
    """The parameter group of each parameter, by its `id`."""


def published(architecture: Architecture, n_classes: int | None = None) -> Published:
    """Draw the network of `architecture`, with its published number of classes where None is given.

    That is 1,000 for nearly all, and 10 for fastcnn's own.

    Raises:
        UsageError: its library cannot build it here.
    """
    draw = {"torchvision": _torchvision, "timm": _timm}.get(architecture.library, _own)
    try:
        with torch.device("meta"):
            network, groups = draw(architecture, n_classes)
    except NOT_BUILT as error:
        raise UsageError(
            f"{architecture.name} cannot be built by {architecture.library} here: {error}",
            hint="fastcnn models lists others",
        ) from error
    return Published(architecture, network.eval(), groups)


def run_drawn(drawn: Published, image: torch.Tensor) -> Any:
    """Let an image of the meta device through.

    Raises:
        UsageError: the network does not take images of this size.
    """
    try:
        return drawn.network(image)
    except NOT_BUILT as error:
        name = drawn.architecture.name
        raise UsageError(
            f"{name} does not take images of {image.shape[-1]} px: {error}",
            hint=f"fastcnn summary {name} --size {native_size(drawn.architecture)}",
        ) from error


def _torchvision(
    architecture: Architecture, n_classes: int | None
) -> tuple[nn.Module, dict[int, str]]:
    """Its children without the last two are the body: the very parameters that are grouped."""
    network = torchvision_network(architecture, n_classes or 1000)
    children = list(network.children())
    body = nn.Sequential(*children[:-CLASSIFIER_CHILDREN])
    classifier = nn.Sequential(*children[-CLASSIFIER_CHILDREN:])
    return network, _by_id(nn.Sequential(body, classifier), architecture)


def _timm(architecture: Architecture, n_classes: int | None) -> tuple[nn.Module, dict[int, str]]:
    """What the body without a classifier does not have is the classifier."""
    given = {} if n_classes is None else {"num_classes": n_classes}
    network = timm.create_model(architecture.name, pretrained=False, **given)
    body: Any = bare_body(architecture)
    groups = _by_id(nn.Sequential(body, nn.Identity()), architecture)
    by_name = {name: groups[id(p)] for name, p in body.model.named_parameters()}
    return network, {id(p): by_name.get(name, HEAD) for name, p in network.named_parameters()}


def _own(architecture: Architecture, n_classes: int | None) -> tuple[nn.Module, dict[int, str]]:
    """A body of fastcnn's own with the head that `--head linear` puts behind it."""
    layout = layout_of(feature_shape(architecture, native_size(architecture)))
    head = make_head("linear", layout, n_classes or OWN_CLASSES)
    network = nn.Sequential(OrderedDict(body=bare_body(architecture), head=head))
    return network, _by_id(network, architecture)


def _by_id(model: nn.Sequential, architecture: Architecture) -> dict[int, str]:
    groups = parameter_groups(model, architecture)
    return {id(p): group.name for group in groups for p in group.parameters}
