"""Grad-CAM: it finds a layer in any network, and shows what truly decided where that is known."""

import pytest
import timm
import torch
from fastai.vision.learner import TimmBody
from torch import Tensor, nn
from torch.nn.functional import interpolate

from fastcnn.analysis.feature_map import MapLayer, MapLayout, find_map_layer, layout_of_output
from fastcnn.analysis.saliency import grad_cam
from fastcnn.models.architectures import bare_body, find_architecture
from fastcnn.models.heads import layout_of, make_head

SWIN = {"embed_dim": 16, "depths": (1, 1), "num_heads": (1, 2), "img_size": 56, "num_classes": 0}
LAYERS = {
    "three-conv": (32, (8, 8)),
    "three-conv-bn": (32, (8, 8)),
    "three-conv-evonorm-s0": (32, (8, 8)),
    "three-conv-evonorm-b0": (32, (8, 8)),
    "five-block:filters=8": (64, (2, 2)),
    "five-block:filters=8,dense=64": (64, (2, 2)),
    "sprint:filters=16": (32, (3, 3)),
    "resnet18": (64, (2, 2)),
    "resnet18 ": (32, (2, 2)),  # of its last map one place is left: the one before it
    "vgg16_bn": (64, (2, 2)),
    "tf_efficientnet_lite0": (64, (2, 2)),
    "test_convnext": (96, (3, 3)),
    "test_nfnet": (96, (3, 3)),
    "test_mambaout": (96, (3, 3)),  # (N, H, W, C)
    "test_vit": (160, (10, 10)),  # a class token
    "test_vit3": (160, (10, 10)),  # pooled by attention
    "mixer_s32_224": (224, (7, 7)),  # tokens of places alone
}
"""Side of the picture, and of the map that the heat is made from."""


def body_of(name: str) -> nn.Module:
    """Build a body with random weights; VGG's own would draw 100 million that are cut off."""
    architecture = find_architecture(name.strip())
    if not architecture.is_torchvision:
        return bare_body(architecture)
    with torch.device("meta"):
        body = bare_body(architecture)
    body.to_empty(device="cpu")
    for module in body.modules():
        if hasattr(module, "reset_parameters"):
            module.reset_parameters()
    return body


def with_head(body: nn.Module, size: int, kind: str = "linear") -> nn.Sequential:
    """Put a head of three classes, with opinions, behind a body."""
    with torch.no_grad():
        shape = body.eval()(torch.zeros(1, 3, size, size)).shape
    head = make_head(kind, layout_of(tuple(shape)), 3)
    nn.init.normal_(head[-1].weight)
    with torch.no_grad():
        head[-1].weight[1] = -head[-1].weight[0]  # what does not speak for one, does for the other
    return nn.Sequential(body, head)


@pytest.mark.parametrize("name", LAYERS)
def test_every_kind_of_network_shows_where_it_looked(name: str) -> None:
    torch.manual_seed(0)
    size, sides = LAYERS[name]
    model = with_head(body_of(name), size)
    images, classes = torch.randn(2, 3, size, size)[[0, 0, 1]], torch.tensor([0, 1, 2])
    assert find_map_layer(model, images[:1], classes[:1]).layout.sides == sides
    heat = grad_cam(model, images, classes)
    assert heat.shape == (3, size, size) and heat.dtype == torch.float32
    assert heat.isfinite().all() and heat.min() >= 0
    peaks = heat.amax((1, 2))
    assert set(peaks.tolist()) <= {0, 1} and peaks.any()


@pytest.mark.parametrize("kind", ["linear", "fastai"])
def test_swin_keeps_its_channels_last(kind: str) -> None:
    torch.manual_seed(0)
    network = timm.create_model("swin_tiny_patch4_window7_224", **SWIN)
    model = with_head(TimmBody(network, pretrained=False), 56, kind)
    images, classes = torch.randn(2, 3, 56, 56), torch.tensor([0, 1])
    heat = grad_cam(model, images, classes)
    of_body = grad_cam(model, images, classes, MapLayer("0", MapLayout((7, 7), channels_last=True)))
    assert heat.any() and torch.allclose(heat, of_body, atol=1e-5)


class Tokens(nn.Module):
    """Brightness and redness of each place as tokens behind a class token and a register."""

    def forward(self, images: Tensor) -> Tensor:
        maps = nn.functional.avg_pool2d(images, 8)
        tokens = torch.stack([maps.mean(1), maps[:, 0]], dim=3).flatten(1, 2)
        return torch.cat([torch.zeros_like(tokens[:, :2]), tokens], dim=1)


class Gather(nn.Module):
    """A block whose class token looks at all places."""

    def forward(self, tokens: Tensor) -> Tensor:
        return torch.cat([tokens.mean(1, keepdim=True), tokens[:, 1:]], dim=1)


class First(nn.Module):
    """What reads the class token and forgets the rest."""

    def forward(self, tokens: Tensor) -> Tensor:
        return tokens[:, 0]


def brightness() -> nn.Sequential:
    """Channel 0 is how bright a place is, channel 1 how red, channel 2 how dark."""
    convolution = nn.Conv2d(3, 3, 1)
    with torch.no_grad():
        rows = [[1 / 3, 1 / 3, 1 / 3], [1, -0.5, -0.5], [-1 / 3, -1 / 3, -1 / 3]]
        convolution.weight.copy_(torch.tensor(rows)[..., None, None])
        convolution.bias.copy_(torch.tensor([0, 0, 1.0]))
    return nn.Sequential(convolution, nn.ReLU(), nn.AvgPool2d(8))


def looks_at_one_channel(body: nn.Module, n_channels: int) -> nn.Sequential:
    """Let class number n grow with channel n alone."""
    head = make_head("linear", layout_of(body(torch.zeros(1, 3, 64, 64)).shape), n_channels)
    nn.init.eye_(head[-1].weight)
    return nn.Sequential(body, head)


def with_a_square(colour: tuple[float, float, float], height: int = 64) -> Tensor:
    """Make a black picture with a square of 16 pixels in it, whose corner is at (8, 40)."""
    image = torch.zeros(1, 3, height, 64)
    image[:, :, 8:24, 40:56] = torch.tensor(colour)[:, None, None]
    return image


def inside(heat: Tensor) -> float:
    """Return the part of the heat that lies on the square, or next to it for the blur."""
    return float(heat[:, 4:28, 36:60].sum() / heat.sum())


@pytest.mark.parametrize("height", [64, 96])
def test_the_heat_lies_where_the_brightness_is(height: int) -> None:
    model = looks_at_one_channel(brightness(), 3)
    white, red = with_a_square((1, 1, 1), height), with_a_square((1, 0, 0), height)
    assert inside(grad_cam(model, white, torch.tensor([0]))) > 0.95
    assert inside(grad_cam(model, red, torch.tensor([1]))) > 0.95
    assert inside(grad_cam(model, white, torch.tensor([2]))) < 0.1  # the dark is everywhere else
    assert not grad_cam(model, white, torch.tensor([1])).any()  # nothing is red


@pytest.mark.parametrize("height", [64, 96])
def test_of_tokens_the_places_are_looked_at(height: int) -> None:
    """Neither the first tokens, nor those behind the last block that looks at them."""
    model = looks_at_one_channel(nn.Sequential(Tokens(), Gather(), nn.Identity(), First()), 2)
    image, label = with_a_square((1, 0, 0), height), torch.tensor([1])
    layer = find_map_layer(model, image, label)
    assert layer.name == "0.0"
    assert layer.layout == MapLayout((height // 8, 8), n_prefix=2)
    assert inside(grad_cam(model, image, label)) > 0.95


def test_behind_average_pooling_it_is_the_class_activation_map() -> None:
    torch.manual_seed(1)
    model = with_head(body_of("test_resnet"), 96)
    images, classes = torch.randn(4, 3, 96, 96), torch.tensor([0, 1, 2, 0])
    with torch.no_grad():
        maps = model.eval()[0](images)
        weighted = torch.einsum("nc,nchw->nhw", model[1][-1].weight[classes], maps).relu()
        expected = interpolate(weighted[:, None], (96, 96), mode="bilinear")[:, 0]
        expected /= expected.amax((1, 2), keepdim=True).clamp(min=1e-12)
    assert expected.any()
    assert torch.allclose(grad_cam(model, images, classes), expected, atol=1e-4)


def test_a_frozen_body_shows_the_same_and_nothing_is_left_behind() -> None:
    torch.manual_seed(0)
    model = with_head(body_of("test_efficientnet"), 64, "fastai")
    images, classes = torch.randn(2, 3, 64, 64), torch.tensor([0, 1])
    expected = grad_cam(model, images, classes)
    model.requires_grad_(False)
    model[0].train()
    model[1].eval()
    state = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    modes = [module.training for module in model.modules()]
    with torch.no_grad():
        assert torch.equal(grad_cam(model, images, classes), expected)
        assert not torch.is_grad_enabled()
    assert expected.any()
    assert [module.training for module in model.modules()] == modes
    assert all(torch.equal(tensor, state[name]) for name, tensor in model.state_dict().items())
    assert not any(p.requires_grad or p.grad is not None for p in model.parameters())
    assert not any(module._forward_hooks for module in model.modules())


def test_a_batch_shows_what_each_picture_shows_alone() -> None:
    torch.manual_seed(0)
    model = with_head(body_of("test_byobnet"), 64)
    images, classes = torch.randn(20, 3, 64, 64), torch.arange(20) % 3
    together = grad_cam(model, images, classes)
    alone = [grad_cam(model, images[i : i + 1], classes[i : i + 1]) for i in (0, 7, 19)]
    assert torch.allclose(together[[0, 7, 19]], torch.cat(alone), atol=1e-4)
    assert grad_cam(model, images[:0], classes[:0]).shape == (0, 64, 64)


def test_an_untrained_head_points_nowhere() -> None:
    body = body_of("test_resnet")
    model = nn.Sequential(body, make_head("linear", layout_of((1, 96, 2, 2)), 3))
    assert not grad_cam(model, torch.randn(1, 3, 64, 64), torch.tensor([0])).any()


def test_a_network_without_places_is_named() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(3 * 16 * 16, 2))
    with pytest.raises(ValueError, match="places"):
        grad_cam(model, torch.zeros(1, 3, 16, 16), torch.tensor([0]))


@pytest.mark.parametrize(
    ("shape", "picture", "expected"),
    [
        ((1, 512, 7, 7), (224, 224), MapLayout((7, 7))),
        ((1, 8, 8, 8), (64, 64), MapLayout((8, 8))),
        ((1, 7, 7, 768), (224, 224), MapLayout((7, 7), channels_last=True)),
        ((1, 64, 5, 8), (160, 256), MapLayout((5, 8))),
        ((1, 197, 192), (224, 224), MapLayout((14, 14), n_prefix=1)),
        ((1, 201, 192), (224, 224), MapLayout((14, 14), n_prefix=5)),
        ((1, 49, 192), (224, 224), MapLayout((7, 7), n_prefix=0)),
        ((1, 41, 96), (160, 256), MapLayout((5, 8), n_prefix=1)),
        ((1, 512, 1, 1), (224, 224), None),
        ((1, 512), (224, 224), None),
        ((1, 12, 197, 64), (224, 224), None),  # heads, tokens and what each token holds
    ],
)
def test_the_layout_is_told_from_the_shape(
    shape: tuple[int, ...], picture: tuple[int, int], expected: MapLayout | None
) -> None:
    assert layout_of_output(shape, picture) == expected


def test_what_the_network_says_of_its_first_tokens_is_believed() -> None:
    """Nine tokens may be three by three, or two by two behind five others."""
    assert layout_of_output((1, 9, 8), (32, 32)) == MapLayout((3, 3), n_prefix=0)
    assert layout_of_output((1, 9, 8), (32, 32), n_prefix=5) == MapLayout((2, 2), n_prefix=5)
