"""Heads: on the output of a body, and on what pooling leaves of it."""

import pytest
import torch
from torch import Tensor

from fastcnn.models.architectures import bare_body, feature_shape, find_architecture
from fastcnn.models.heads import head_columns, layout_of, make_head, on_features

SHAPES = {"map": (1, 8, 3, 3), "channels last": (1, 3, 3, 8), "vector": (1, 8)}
kinds = pytest.mark.parametrize("kind", ["linear", "fastai"])
shapes = pytest.mark.parametrize("shape", SHAPES.values(), ids=list(SHAPES))


@kinds
@pytest.mark.parametrize(
    "name", ["resnet18", "vgg16_bn", "test_vit", "swin_tiny_patch4_window7_224"]
)
def test_a_head_takes_what_the_body_gives(name: str, kind: str) -> None:
    architecture = find_architecture(name)
    size = 160 if name == "test_vit" else 224
    layout = layout_of(feature_shape(architecture, size))
    with torch.device("meta"):
        output = bare_body(architecture).eval()(torch.zeros(2, 3, size, size))
        assert make_head(kind, layout, 5).eval()(output).shape == (2, 5)


@shapes
def test_the_linear_head_starts_without_an_opinion(shape: tuple[int, ...]) -> None:
    logits = make_head("linear", layout_of(shape), 4)(output_of(shape))
    assert torch.equal(logits, torch.zeros(2, 4))


@kinds
@shapes
def test_a_head_says_the_same_of_pooled_features(shape: tuple[int, ...], kind: str) -> None:
    """Training its layers behind the pooling is training the head."""
    layout, output = layout_of(shape), output_of(shape)
    head = make_head(kind, layout, 4).eval()
    torch.nn.init.normal_(head[-1].weight)
    vectors = head_columns(layout.pooled(output), kind, layout)
    assert torch.allclose(on_features(head, layout)(vectors), head(output), atol=1e-6)
    assert on_features(head, layout)[-1] is head[-1]


@shapes
def test_pooled_features_are_float32_whatever_the_body_computed_in(shape: tuple[int, ...]) -> None:
    pooled = layout_of(shape).pooled(output_of(shape).bfloat16())
    assert pooled.dtype == torch.float32
    assert pooled.shape == (2, 8 if len(shape) == 2 else 16)


def output_of(shape: tuple[int, ...]) -> Tensor:
    """Make up what a body gives for two pictures."""
    return torch.randn(2, *shape[1:], generator=torch.Generator().manual_seed(0))
