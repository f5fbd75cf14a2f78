"""Parameter groups: the same names for torchvision's and timm's networks, nothing left out."""

import pytest
import torch
from torch import nn

from fastcnn.models.architectures import bare_body, find_architecture
from fastcnn.models.groups import parameter_groups, set_frozen_eval

EXPECTED = {
    "resnet18": ["stem", "layer1", "layer2", "layer3", "layer4", "head"],
    "resnet50": ["stem", "layer1", "layer2", "layer3", "layer4", "head"],
    "resnet26d": ["stem", "layer1", "layer2", "layer3", "layer4", "head"],
    "vgg16_bn": ["stem", "block2", "block3", "block4", "block5", "head"],
    "tf_efficientnet_lite0": ["stem", *[f"blocks.{n}" for n in range(7)], "head"],
    "convnext_atto": ["stem", *[f"stages.{n}" for n in range(4)], "head"],
    "test_vit": ["stem", *[f"blocks.{n}" for n in range(6)], "head"],
    "rdnet_tiny": ["body", "head"],
    "swin_tiny_patch4_window7_224": ["stem", *[f"layers.{n}" for n in range(4)], "head"],
}


@pytest.mark.parametrize("name", EXPECTED)
def test_groups_have_the_authors_names_and_every_parameter_once(name: str) -> None:
    architecture = find_architecture(name)
    with torch.device("meta"):
        model = nn.Sequential(bare_body(architecture), nn.Linear(2, 2))
    groups = parameter_groups(model, architecture)
    assert [group.name for group in groups] == EXPECTED[name]
    grouped = [id(parameter) for group in groups for parameter in group.parameters]
    assert sorted(grouped) == sorted(id(parameter) for parameter in model.parameters())
    assert sum(group.size for group in groups) == sum(p.numel() for p in model.parameters())


def test_frozen_parts_are_put_into_evaluation_mode() -> None:
    frozen = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.Dropout())
    learning = nn.Sequential(nn.BatchNorm2d(4), nn.Dropout())
    model = nn.Sequential(frozen, learning).train()
    frozen.requires_grad_(False)
    set_frozen_eval(model)
    assert not any(module.training for module in frozen.modules())
    assert all(module.training for module in learning.modules())
