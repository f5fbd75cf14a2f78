"""The pooling behind a body hands its gradient back in the layout of the maps."""

from contextlib import AbstractContextManager

import pytest
import torch
from fastai.layers import AdaptiveConcatPool2d
from torch import Tensor, nn

from fastcnn.training.precision import PRECISIONS

CPU = torch.device("cpu")


@pytest.mark.parametrize("name", ["fp32 channels_last", "bf16 channels_last", "fp32"])
@pytest.mark.parametrize("pooling", [nn.AdaptiveAvgPool2d(1), AdaptiveConcatPool2d()])
def test_the_gradient_of_maps_lies_as_they_do(name: str, pooling: nn.Module) -> None:
    torch.manual_seed(0)
    precision = PRECISIONS[name]
    body = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.GELU())
    precision.lay_out(body)
    images = precision.layout(torch.rand(4, 3, 5, 5))
    gradients: list[Tensor] = []

    def learned(context: AbstractContextManager[object]) -> list[Tensor]:
        body.zero_grad()
        with context:
            maps = body(images)
            pooled = pooling(maps)
            maps.register_hook(gradients.append)  # behind the hook of ours
        pooled.float().square().sum().backward()
        return [p.grad.clone() for p in body.parameters() if p.grad is not None]

    plain, found = learned(precision.autocast(CPU)), learned(precision.training_forward(CPU))
    layout = torch.channels_last if precision.channels_last else torch.contiguous_format
    assert gradients[1].is_contiguous(memory_format=layout)
    most = 0.1 if "bf16" in name else 1e-5  # torch's own bfloat16 is 0.06 off float32
    for ours, theirs in zip(found, plain, strict=True):
        assert float((ours - theirs).abs().max()) <= most * float(theirs.abs().max())


def test_maps_that_do_not_learn_are_let_through() -> None:
    maps = torch.rand(2, 4, 3, 3).contiguous(memory_format=torch.channels_last)
    with PRECISIONS["fp32 channels_last"].training_forward(CPU):
        assert torch.equal(nn.AdaptiveAvgPool2d(1)(maps), maps.mean((2, 3), keepdim=True))
