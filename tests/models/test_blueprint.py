"""The network without memory: the very names, shapes and groups of the one that is trained."""

from pathlib import Path

import pytest

from fastcnn.data.loaders import make_loaders
from fastcnn.data.loading import read_images
from fastcnn.errors import UsageError
from fastcnn.models.architectures import find_architecture
from fastcnn.models.blueprint import blueprint
from fastcnn.models.groups import parameter_groups
from fastcnn.models.learner import build_learner
from fastcnn.models.weights import no_weights
from fastcnn.recipe_book import find_recipe
from fastcnn.settings import Settings


@pytest.mark.parametrize(
    ("arch", "head"), [("test_resnet", "linear"), ("resnet18", "fastai"), ("test_vit", "fastai")]
)
def test_it_is_the_network_that_is_trained(few_pets: Path, arch: str, head: str) -> None:
    settings = Settings(arch=arch, head=head, size=160, bs=8)
    weights = no_weights(arch)
    block = find_recipe("pets").data_block(settings)
    loaders = make_loaders(block, read_images(block, few_pets), settings, "cpu")
    model = build_learner(loaders, weights, settings, is_random=True).model
    drawn = blueprint(weights.architecture, settings, n_classes=4)
    shapes = {name: tensor.shape for name, tensor in model.state_dict().items()}
    assert {name: tensor.shape for name, tensor in drawn.model.state_dict().items()} == shapes
    groups = parameter_groups(model, weights.architecture)
    assert [(group.name, group.size) for group in drawn.groups] == [
        (group.name, group.size) for group in groups
    ]
    for n_frozen in range(len(groups)):
        learning = [p for group in groups[n_frozen:] for p in group.parameters]
        names = {id(p): name for name, p in model.named_parameters()}
        assert sorted(drawn.learning_tensors(n_frozen)) == sorted(names[id(p)] for p in learning)
        assert drawn.n_learning(n_frozen) == sum(p.numel() for p in learning)


def test_it_takes_no_memory() -> None:
    drawn = blueprint(find_architecture("vgg16_bn"), Settings(size=64), n_classes=3)
    assert {tensor.device.type for tensor in drawn.model.state_dict().values()} == {"meta"}
    assert drawn.group_names == ["stem", "block2", "block3", "block4", "block5", "head"]
    assert drawn.learning_tensors(5) == ["1.2.weight", "1.2.bias"]
    assert drawn.n_learning(5) == 512 * 3 + 3


def test_a_size_that_the_network_does_not_take() -> None:
    with pytest.raises(UsageError, match="97 px"):
        blueprint(find_architecture("test_vit"), Settings(size=97), n_classes=3)
