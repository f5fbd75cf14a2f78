"""Gradients of convolutions on small maps: torch's own, up to the rounding of bfloat16."""

from collections.abc import Callable

import pytest
import torch
from fastai.torch_core import TensorImage
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.functional import conv2d

from fastcnn.training import small_maps
from fastcnn.training.fast_gradients import FastGradients
from fastcnn.training.precision import PRECISIONS
from fastcnn.training.small_maps import weight_gradient

CPU = torch.device("cpu")
OWN = "_ConvolutionBackward"


def convolved(layer: nn.Conv2d, maps: Tensor, dtype: torch.dtype = torch.bfloat16) -> Tensor:
    with torch.autocast("cpu", dtype, enabled=dtype is torch.bfloat16), FastGradients():
        return layer(maps)


def is_own(result: Tensor) -> bool:
    """Whether the gradient will be computed in our way."""
    return result.grad_fn is not None and result.grad_fn.name() == OWN


@given(
    *(st.integers(1, 3), st.integers(1, 5), st.integers(1, 5)),
    *(st.integers(1, 7), st.integers(1, 7), st.booleans(), st.booleans()),
)
@settings(max_examples=60)
def test_the_gradient_is_that_of_autograd(
    n: int,
    channels: int,
    made: int,
    height: int,
    width: int,
    channels_last: bool,
    in_parts: bool,
) -> None:
    """In float64 to the last digits but one, for any shape and layout, whole or image by image."""
    layout = torch.channels_last if channels_last else torch.contiguous_format
    maps = torch.randn(n, channels, height, width, dtype=torch.float64)
    maps = maps.contiguous(memory_format=layout)
    weight = torch.randn(made, channels, 3, 3, dtype=torch.float64, requires_grad=True)
    result = conv2d(maps, weight, padding=1)
    gradient = torch.randn_like(result)
    result.backward(gradient)
    assert weight.grad is not None
    with pytest.MonkeyPatch.context() as patch:
        if in_parts:
            patch.setattr(small_maps, "PART_BYTES", 1)
        torch.testing.assert_close(weight_gradient(gradient, maps), weight.grad)


@pytest.mark.parametrize(
    "shape", [(4, 128, 7, 7), (2, 160, 3, 5), (1, 256, 1, 1), (3, 128, 8, 8), (130, 128, 8, 8)]
)
def test_a_small_map_trains_as_ever(shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    layer = nn.Conv2d(shape[1], 64, 3, padding=1, bias=False)
    results = {}
    for name, run in {"own": convolved, "torch": in_autocast}.items():
        maps = torch.linspace(-1, 1, torch.Size(shape).numel()).reshape(shape).requires_grad_()
        layer.zero_grad()
        result = run(layer, maps)
        assert is_own(result) == (name == "own") and result.dtype is torch.bfloat16
        result.float().square().mean().backward()
        assert layer.weight.grad is not None and maps.grad is not None
        results[name] = (result.detach(), layer.weight.grad.clone(), maps.grad)
    for own, torchs in zip(results["own"], results["torch"], strict=True):
        assert own.dtype is torchs.dtype
        assert (own - torchs).float().norm() <= 0.01 * torchs.float().norm()


def in_autocast(layer: nn.Conv2d, maps: Tensor) -> Tensor:
    with torch.autocast("cpu", torch.bfloat16):
        return layer(maps)


OTHERS: dict[str, Callable[[], tuple[nn.Conv2d, Tensor]]] = {
    "a large map": lambda: (plain(), torch.randn(1, 128, 9, 9)),
    "few channels": lambda: (plain(64), torch.randn(1, 64, 7, 7)),
    "a stride": lambda: (plain(stride=2), torch.randn(1, 128, 7, 7)),
    "groups": lambda: (plain(groups=128), torch.randn(1, 128, 7, 7)),
    "dilation": lambda: (plain(dilation=2), torch.randn(1, 128, 7, 7)),
    "another margin": lambda: (plain(padding=0), torch.randn(1, 128, 7, 7)),
    "a margin by name": lambda: (plain(padding="same"), torch.randn(1, 128, 7, 7)),
    "another kernel": lambda: (plain(kernel_size=1), torch.randn(1, 128, 7, 7)),
    "a bias": lambda: (plain(bias=True), torch.randn(1, 128, 7, 7)),
    "no batch": lambda: (plain(), torch.randn(128, 7, 7)),
}


def plain(channels: int = 128, **other: object) -> nn.Conv2d:
    how: dict[str, object] = {"kernel_size": 3, "padding": 1, "bias": False} | other
    return nn.Conv2d(channels, 128, **how)  # type: ignore[arg-type]


@pytest.mark.parametrize("what", OTHERS)
def test_all_others_are_torchs_own(what: str) -> None:
    layer, maps = OTHERS[what]()
    result = convolved(layer, maps)
    assert not is_own(result)
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(result, layer(maps))


def test_what_does_not_learn_is_left_alone() -> None:
    layer, maps = plain(), torch.randn(1, 128, 7, 7)
    assert is_own(convolved(layer, maps))
    assert not is_own(convolved(layer, maps, torch.float32))
    with torch.no_grad():
        assert not is_own(convolved(layer, maps))
    layer.weight.requires_grad_(False)
    assert not is_own(convolved(layer, maps.requires_grad_()))


def test_a_picture_of_fastai_s_stays_one() -> None:
    """fastai's types go through the network, and are asked for behind it."""
    result = convolved(plain(), TensorImage(torch.randn(1, 128, 4, 4)))
    assert type(result) is TensorImage
    result.as_subclass(Tensor).float().sum().backward()


@pytest.mark.parametrize("name", PRECISIONS)
def test_only_bfloat16_asks_for_it(name: str) -> None:
    layer, maps = plain(), torch.randn(1, 128, 7, 7)
    if PRECISIONS[name].dtype is torch.float16:
        return
    with PRECISIONS[name].training_forward(CPU):
        assert is_own(layer(maps)) == (PRECISIONS[name].dtype is torch.bfloat16)
    assert not is_own(layer(maps))
