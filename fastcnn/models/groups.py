"""Parameter groups: stem, blocks and head, the same for torchvision's and timm's networks.

fastai gives a torchvision function three groups and a timm name two, so that `freeze_to(-2)`
means different things. Here every network is cut where its authors named a block.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from timm.models import group_parameters
from torch import nn

from fastcnn.models.architectures import Architecture


@dataclass(frozen=True)
class ParameterGroup:
    """Parameters that are frozen together and learn at one rate."""

    name: str
    """stem, the authors' name of a block (layer2, blocks.3), or head."""
    parameters: tuple[nn.Parameter, ...]
    """In the order of the network."""

    @property
    def size(self) -> int:
        """How many numbers the group holds."""
        return sum(parameter.numel() for parameter in self.parameters)


def parameter_groups(model: nn.Sequential, architecture: Architecture) -> list[ParameterGroup]:
    """Return the groups of a body-and-head model, from the stem to the head."""
    body: Any = model[0]
    head = model[1]
    groups: dict[str, list[nn.Parameter]] = {}
    for name, parameters in _blocks(body, architecture):
        groups.setdefault(name, []).extend(parameters)
    groups["head"] = list(head.parameters())
    return [ParameterGroup(name, tuple(parameters)) for name, parameters in groups.items()]


def splitter_for(architecture: Architecture) -> Any:
    """Return the `splitter` that fastai's `Learner` takes: a model to its lists of parameters."""

    def split(model: nn.Sequential) -> list[list[nn.Parameter]]:
        return [list(group.parameters) for group in parameter_groups(model, architecture)]

    return split


def set_frozen_eval(module: nn.Module) -> None:
    """Put every part whose parameters are all frozen into evaluation mode.

    A frozen BatchNorm in training mode goes on moving its running statistics, and frozen
    dropout goes on dropping: neither would be frozen.
    """
    parameters = list(module.parameters())
    if parameters and not any(parameter.requires_grad for parameter in parameters):
        module.eval()
        return
    for child in module.children():
        set_frozen_eval(child)


def set_statistics_eval(body: nn.Module) -> None:
    """Put every layer that keeps statistics (BatchNorm) into evaluation mode."""
    for module in body.modules():
        if hasattr(module, "running_mean"):
            module.eval()


def _blocks(body: Any, architecture: Architecture) -> Iterator[tuple[str, list[nn.Parameter]]]:
    if architecture.is_own:
        return _own_blocks(body)
    return _torchvision_blocks(body) if architecture.is_torchvision else _timm_blocks(body.model)


def _own_blocks(body: nn.Sequential) -> Iterator[tuple[str, list[nn.Parameter]]]:
    for name, block in body.named_children():
        if parameters := list(block.parameters()):  # dropout has none
            yield name, parameters


def _torchvision_blocks(body: Any) -> Iterator[tuple[str, list[nn.Parameter]]]:
    """ResNet: conv1 and bn1 are the stem, then layer1 to layer4. VGG: a block ends at its pool."""
    if isinstance(body[0], nn.Sequential):
        block = 1
        for layer in body[0]:
            yield ("stem" if block == 1 else f"block{block}"), list(layer.parameters())
            block += isinstance(layer, nn.MaxPool2d)
        return
    stem_children = 4
    for number, child in enumerate(body, start=1 - stem_children):
        yield ("stem" if number < 1 else f"layer{number}"), list(child.parameters())


def _timm_blocks(network: Any) -> Iterator[tuple[str, list[nn.Parameter]]]:
    """The blocks that timm names for layer-wise rates; what follows the last belongs to it."""
    parameters = dict(network.named_parameters())
    try:
        matcher = network.group_matcher(coarse=True)
    except (AttributeError, AssertionError):  # a few of timm's networks name no (coarse) blocks
        yield "body", list(parameters.values())
        return
    by_block = group_parameters(network, matcher)
    blocks = [by_block[key] for key in sorted(by_block)]
    name = "stem"
    for position, members in enumerate(blocks):
        own = _own_prefix(members[0], others=blocks[:position] + blocks[position + 1 :])
        if position and not own.startswith(("head", "norm")):
            name = own
        yield name, [parameters[member] for member in members]


def _own_prefix(name: str, others: list[list[str]]) -> str:
    """Return the shortest dotted prefix of `name` that no parameter of another block has."""
    taken = [other + "." for block in others for other in block]
    parts = name.split(".")
    prefixes = (".".join(parts[:length]) for length in range(1, len(parts)))
    return next(
        (prefix for prefix in prefixes if not any(o.startswith(prefix + ".") for o in taken)), name
    )
