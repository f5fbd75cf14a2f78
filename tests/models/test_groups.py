"""Parameter groups: the same names for torchvision's and timm's networks, nothing left out."""

import pytest
import torch
from torch import nn

from fastcnn.models.architectures import bare_body, feature_shape, find_architecture
from fastcnn.models.groups import parameter_groups, set_frozen_eval
from fastcnn.models.learner import linear_head

EXPECTED = {
    "resnet18": ["stem", "layer1", "layer2", "layer3", "layer4", "head"],
    "resnet50": ["stem", "layer1", "layer2", "layer3", "layer4", "head"],
    "resnet26d": ["stem", "layer1", "layer2", "layer3", "layer4", "head"],
    "vgg16_bn": ["stem", "block2", "block3", "block4", "block5", "head"],
    "tf_efficientnet_lite0": ["stem", *[f"blocks.{n}" for n in range(7)], "head"],
    "convnext_atto": ["stem", *[f"stages.{n}" for n in range(4)], "head"],
    "test_vit": ["stem", *[f"blocks.{n}" for n in range(6)], "head"],
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


@pytest.mark.parametrize(
    "name", ["resnet18", "vgg16_bn", "test_vit", "swin_tiny_patch4_window7_224"]
)
def test_the_linear_head_takes_what_the_body_gives(name: str) -> None:
    architecture = find_architecture(name)
    size = 160 if name == "test_vit" else 224
    shape = feature_shape(architecture, size)
    with torch.device("meta"):
        features = bare_body(architecture).eval()(torch.zeros(2, 3, size, size))
        assert linear_head(shape, 5)(features).shape == (2, 5)


def test_the_head_starts_without_an_opinion() -> None:
    logits = linear_head((1, 8, 3, 3), 4)(torch.rand(2, 8, 3, 3))
    assert torch.equal(logits, torch.zeros(2, 4))


def test_frozen_parts_are_put_into_evaluation_mode() -> None:
    frozen = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.Dropout())
    learning = nn.Sequential(nn.BatchNorm2d(4), nn.Dropout())
    model = nn.Sequential(frozen, learning).train()
    frozen.requires_grad_(False)
    set_frozen_eval(model)
    assert not any(module.training for module in frozen.modules())
    assert all(module.training for module in learning.modules())
