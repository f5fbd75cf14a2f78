"""The network that will be trained, drawn without memory: its groups, names and sizes.

On torch's meta device a tensor has a shape and no numbers, so that the largest network is built in
a moment. Whatever can be told from shapes is told from here, before anything is trained.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from fastcnn.models.architectures import Architecture, bare_body, feature_shape
from fastcnn.models.groups import ParameterGroup, parameter_groups
from fastcnn.models.heads import FeatureLayout, layout_of, make_head
from fastcnn.settings import Settings


@dataclass(frozen=True)
class Blueprint:
    """Body and head on the meta device, under the names and shapes of those that are trained."""

    architecture: Architecture
    """What it is a drawing of."""
    model: nn.Sequential
    """Body and head, as a learner's model; no tensor of it holds a number."""
    layout: FeatureLayout
    """What the body gives to the head."""
    groups: Sequence[ParameterGroup]
    """The parameter groups from the stem to the head."""

    @property
    def group_names(self) -> list[str]:
        """The names of the groups from the stem to the head."""
        return [group.name for group in self.groups]

    def n_learning(self, n_frozen: int) -> int:
        """Return how many numbers learn while the first `n_frozen` groups are frozen."""
        return sum(group.size for group in self.groups[n_frozen:])

    def learning_tensors(self, n_frozen: int) -> list[str]:
        """Return the names of the parameters that learn, as `model.named_parameters()` has them."""
        learning = {id(p) for group in self.groups[n_frozen:] for p in group.parameters}
        return [name for name, p in self.model.named_parameters() if id(p) in learning]


def blueprint(architecture: Architecture, settings: Settings, n_classes: int) -> Blueprint:
    """Draw the network of `architecture` with the head that the settings ask for.

    Raises:
        UsageError: the network does not take images of `settings.size` pixels.
    """
    layout = layout_of(feature_shape(architecture, settings.size))
    with torch.device("meta"):
        head = make_head(settings.head, layout, n_classes)
        model = nn.Sequential(bare_body(architecture), head)
    return Blueprint(architecture, model, layout, parameter_groups(model, architecture))
