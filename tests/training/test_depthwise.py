"""Gradients of depthwise convolutions: torch's own, up to rounding."""

from collections.abc import Callable

import pytest
import timm
import torch
from fastai.torch_core import TensorImage
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.functional import conv2d

from fastcnn.training.depthwise import map_gradient, weight_gradient
from fastcnn.training.fast_gradients import FastGradients
from fastcnn.training.precision import PRECISIONS, Precision

CPU = torch.device("cpu")
BF16 = PRECISIONS["bf16 channels_last"]


def convolved(layer: nn.Module, maps: Tensor) -> Tensor:
    with torch.autocast("cpu", torch.bfloat16), FastGradients():
        made: Tensor = layer(maps)
    return made


def is_own(result: Tensor) -> bool:
    """Whether the gradients will be computed in our way."""
    return result.grad_fn is not None and result.grad_fn.name() == "_DepthwiseBackward"


@given(
    *(st.integers(1, 3), st.integers(2, 5), st.sampled_from([1, 3, 5, 7])),
    *(st.integers(1, 3), st.integers(0, 3), st.integers(7, 12), st.integers(7, 12), st.booleans()),
)
@settings(max_examples=60)
def test_the_gradients_are_those_of_autograd(
    n: int,
    channels: int,
    kernel: int,
    stride: int,
    margin: int,
    height: int,
    width: int,
    channels_last: bool,
) -> None:
    layout = torch.channels_last if channels_last else torch.contiguous_format
    maps = torch.randn(n, channels, height, width).contiguous(memory_format=layout)
    maps.requires_grad_()
    weight = torch.randn(channels, 1, kernel, kernel, requires_grad=True)
    result = conv2d(maps, weight, None, stride, margin, groups=channels)
    gradient = torch.randn_like(result)
    result.backward(gradient)
    tensors = gradient, maps.detach(), weight.detach(), [stride, stride], [margin, margin]
    assert maps.grad is not None and weight.grad is not None
    torch.testing.assert_close(map_gradient(*tensors), maps.grad, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(weight_gradient(*tensors), weight.grad, rtol=1e-4, atol=1e-4)


def depthwise(channels: int = 16, **other: object) -> nn.Conv2d:
    how: dict[str, object] = {"kernel_size": 5, "padding": 2, "bias": False} | other
    return nn.Conv2d(channels, channels, groups=channels, **how)  # type: ignore[arg-type]


OURS: dict[str, Callable[[], nn.Conv2d]] = {
    "a large kernel": depthwise,
    "a larger one, with a bias": lambda: depthwise(kernel_size=7, padding=3, bias=True),
    "a stride": lambda: depthwise(kernel_size=3, padding=1, stride=2),
    "both": lambda: depthwise(stride=2, padding=0),
    "a wide kernel": lambda: depthwise(kernel_size=(1, 5), padding=(0, 2), stride=(1, 2)),
}


@pytest.mark.parametrize("precision", [BF16, PRECISIONS["fp32"]], ids=["channels last", "first"])
@pytest.mark.parametrize("what", OURS)
def test_a_layer_learns_as_ever(what: str, precision: Precision) -> None:
    """In either layout of memory, which the gradient of the map keeps."""
    torch.manual_seed(0)
    layer, results = OURS[what](), {}
    precision.lay_out(layer)
    for name, run in {"own": convolved, "torch": in_autocast}.items():
        maps = torch.linspace(-1, 1, 2 * 16 * 15 * 14).reshape(2, 16, 15, 14)
        maps = precision.layout(maps).requires_grad_()
        layer.zero_grad()
        result = run(layer, maps)
        assert is_own(result) == (name == "own") and result.dtype is torch.bfloat16
        result.float().square().mean().backward()
        learned = [p.grad.clone() for p in layer.parameters() if p.grad is not None]
        assert maps.grad is not None and len(learned) == len(list(layer.parameters()))
        assert precision.layout(maps.grad) is maps.grad
        results[name] = (result.detach(), maps.grad, *learned)
    for own, torchs in zip(results["own"], results["torch"], strict=True):
        assert own.dtype is torchs.dtype
        assert (own - torchs).float().norm() <= 0.01 * torchs.float().norm()


def in_autocast(layer: nn.Module, maps: Tensor) -> Tensor:
    with torch.autocast("cpu", torch.bfloat16):
        made: Tensor = layer(maps)
    return made


OTHERS: dict[str, Callable[[], nn.Conv2d]] = {
    "what is fast": lambda: depthwise(kernel_size=3, padding=1),
    "fewer groups": lambda: nn.Conv2d(16, 16, 5, groups=8),
    "two kernels a channel": lambda: nn.Conv2d(16, 32, 5, groups=16),
    "all channels": lambda: nn.Conv2d(16, 16, 5, stride=2),
    "dilation": lambda: depthwise(dilation=2),
    "a margin by name": lambda: depthwise(padding="same"),
    "float64": lambda: depthwise().double(),
}


@pytest.mark.parametrize("what", OTHERS)
def test_all_others_are_torchs_own(what: str) -> None:
    layer = OTHERS[what]()
    maps = torch.randn(1, 16, 12, 12, dtype=layer.weight.dtype, requires_grad=True)
    result = convolved(layer, maps)
    assert not is_own(result)
    torch.testing.assert_close(result, in_autocast(layer, maps))


def test_what_does_not_learn_is_left_alone() -> None:
    layer, maps = depthwise(), torch.randn(1, 16, 8, 8)
    assert is_own(convolved(layer, maps))
    with FastGradients():
        assert not is_own(layer(maps))  # in float32
    with torch.no_grad():
        assert not is_own(convolved(layer, maps))


def test_it_depends_on_the_gradient_that_is_slow() -> None:
    """A stride slows the map's down, a large kernel its own."""
    strided, large = OURS["a stride"](), OURS["a large kernel"]()
    maps = torch.randn(1, 16, 8, 8)
    assert not is_own(convolved(strided, maps))
    for layer in (strided, large):
        layer.requires_grad_(False)
    maps.requires_grad_()
    assert is_own(convolved(strided, maps)) and not is_own(convolved(large, maps))


def test_a_call_by_names_and_a_gradient_that_is_one_number_repeated() -> None:
    layer, maps = depthwise(), torch.randn(2, 16, 8, 8)
    layer.requires_grad_()
    named = {"groups": 16, "padding": 2, "weight": layer.weight}
    with torch.autocast("cpu", torch.bfloat16), FastGradients():
        result = conv2d(maps, **named)  # type: ignore[arg-type]
    assert is_own(result)
    result.mean().backward()
    assert layer.weight.grad is not None and layer.weight.grad.abs().min() > 0


@pytest.mark.parametrize("kind", [TensorImage, nn.Parameter])
def test_the_result_is_of_the_type_that_torchs_is(kind: type[Tensor]) -> None:
    layer = depthwise()
    maps = kind(torch.randn(2, 16, 8, 8))
    result = convolved(layer, maps)
    assert type(result) is type(in_autocast(layer, maps))
    result.as_subclass(Tensor).float().sum().backward()


def test_a_whole_network_learns_what_torchs_own_learns() -> None:
    torch.manual_seed(0)
    network = timm.create_model("tf_efficientnet_lite0", num_classes=3).train()
    BF16.lay_out(network)
    images, targets, gradients = torch.randn(4, 3, 64, 64), torch.tensor([0, 1, 2, 0]), []
    for forward in (BF16.training_forward, BF16.autocast):
        torch.manual_seed(1)  # of its dropout
        network.zero_grad()
        with forward(CPU):
            predictions = network(BF16.layout(images))
        nn.functional.cross_entropy(predictions.float(), targets).backward()
        gradients.append(torch.cat([p.grad.flatten() for p in network.parameters()]))
    own, torchs = gradients
    assert (own - torchs).norm() < 0.05 * torchs.norm()
