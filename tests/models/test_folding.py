"""BatchNorm folded away: the same function, and nothing where it would be another."""

import pytest
import torch
from torch import Tensor, nn

from fastcnn.models.architectures import bare_body, find_architecture
from fastcnn.models.folding import folded

IMAGES = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))


def with_statistics(network: nn.Module) -> nn.Module:
    """Give every norm statistics and factors as if it had been trained."""
    generator = torch.Generator().manual_seed(1)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            for tensor, low in ((module.running_mean, -0.2), (module.running_var, 0.5)):
                tensor.uniform_(low, low + 0.5, generator=generator)
            with torch.no_grad():
                module.weight.uniform_(0.5, 1.5, generator=generator)
                module.bias.uniform_(-0.3, 0.3, generator=generator)
    return network.eval()


def norms(network: nn.Module) -> int:
    return sum(isinstance(module, nn.BatchNorm2d) for module in network.modules())


def assert_same(one: nn.Module, other: nn.Module) -> None:
    images = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        expected, found = one(images), other(images)
    assert (found - expected).norm() < 1e-4 * expected.norm()


@pytest.mark.parametrize(
    ("arch", "n_left"),
    [
        *(("resnet18", 0), ("vgg16_bn", 0), ("test_resnet", 0), ("tf_efficientnet_lite0", 0)),
        *(("mobilenetv3_small_050", 0), ("resnetv2_50", None)),
        ("densenet121", None),
    ],
)
def test_the_function_stays(arch: str, n_left: int | None) -> None:
    """None: norms that stand before a convolution are left, and those after one are not."""
    body = with_statistics(bare_body(find_architecture(arch)))
    before = norms(body)
    found = folded(body, IMAGES[:1])
    assert norms(body) == before
    assert norms(found) < before if n_left is None else norms(found) == n_left
    assert_same(body, found)


def test_the_copy_is_frozen_and_in_evaluation_mode() -> None:
    body = with_statistics(bare_body(find_architecture("test_resnet"))).train()
    found = folded(body, IMAGES[:1])
    assert body.training and not any(module.training for module in found.modules())
    assert not any(parameter.requires_grad for parameter in found.parameters())
    assert all(parameter.requires_grad for parameter in body.parameters())


class Branches(nn.Module):
    """The convolution's output goes two ways, of which only one leads through the norm."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution, self.norm = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)

    def forward(self, images: Tensor) -> Tensor:
        output = self.convolution(images)
        return self.norm(output) + output


class Twice(nn.Module):
    """One convolution, two norms."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(3, 3, 3, padding=1)
        self.first, self.second = nn.BatchNorm2d(3), nn.BatchNorm2d(3)

    def forward(self, images: Tensor) -> Tensor:
        return self.second(self.convolution(self.first(self.convolution(images))))


@pytest.mark.parametrize("kind", [Branches, Twice])
def test_what_would_be_another_function_is_left(kind: type[nn.Module]) -> None:
    network = with_statistics(kind())
    found = folded(network, IMAGES[:1])
    assert norms(found) == norms(network)
    assert_same(network, found)
