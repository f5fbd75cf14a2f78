"""Heads: from what a body makes of a picture to a number a class.

Every head is pooling followed by layers on vectors. Of a frozen body only the pooled vectors
are kept, so a head can be trained on them and put back behind its pooling.
"""

from dataclasses import dataclass

import torch
from fastai.vision.learner import create_head
from torch import Tensor, nn
from torchvision.ops import Permute


@dataclass(frozen=True)
class FeatureLayout:
    """How the output of a body is laid out."""

    n_channels: int
    """Length of the vector that pooling leaves."""
    is_map: bool
    """Whether there is anything to pool: (N, C, H, W) or (N, H, W, C), not (N, C)."""
    channels_come_last: bool
    """Whether a map is (N, H, W, C), as some of timm's transformers give it."""

    def pooled(self, output: Tensor) -> Tensor:
        """Return the largest and the mean of each channel, (N, 2C); (N, C) where there is no map.

        float32 whatever the body computed in. The order is that of fastai's concat pooling.
        """
        output = output.float()
        if not self.is_map:
            return output
        sides = (1, 2) if self.channels_come_last else (2, 3)
        return torch.cat([output.amax(sides), output.mean(sides)], dim=1)


def layout_of(shape: tuple[int, ...]) -> FeatureLayout:
    """Return the layout of a body's output for one image, as `feature_shape` gives it."""
    if len(shape) != 4:
        return FeatureLayout(shape[-1], is_map=False, channels_come_last=False)
    # Feature maps are square, so the odd one out of (_, a, b, c) is the channels.
    channels_come_last = shape[1] == shape[2] != shape[3]
    return FeatureLayout(shape[-1] if channels_come_last else shape[1], True, channels_come_last)


def make_head(kind: str, layout: FeatureLayout, n_classes: int) -> nn.Sequential:
    """Return a new head, `linear` or `fastai`, from a body's output to (N, n_classes) logits."""
    order = [Permute([0, 3, 1, 2])] if layout.channels_come_last else []
    layers = _linear if kind == "linear" else _fastai
    return nn.Sequential(*order, *layers(layout, n_classes))


def on_features(head: nn.Sequential, layout: FeatureLayout) -> nn.Sequential:
    """Return the part of a head that takes pooled vectors; its layers are the head's own.

    Training it trains the head. It takes what `FeatureLayout.pooled` gives, cut by
    `head_columns`.
    """
    if not layout.is_map:
        return head
    n_pooling = 2 + layout.channels_come_last  # the pooling and a Flatten
    return head[n_pooling:]


def head_columns(features: Tensor, kind: str, layout: FeatureLayout) -> Tensor:
    """Return the columns of pooled features that a head of this kind looks at."""
    if kind == "linear" and layout.is_map:
        return features[..., layout.n_channels :]
    return features


def _linear(layout: FeatureLayout, n_classes: int) -> list[nn.Module]:
    """Average pooling and one linear layer.

    The layer starts at zero: every class is equally likely, and the first step already goes
    where the data points (there is no symmetry to break in a single layer).
    """
    pooling: list[nn.Module] = [nn.AdaptiveAvgPool2d(1), nn.Flatten()] if layout.is_map else []
    linear = nn.Linear(layout.n_channels, n_classes)
    nn.init.zeros_(linear.weight)
    nn.init.zeros_(linear.bias)
    return [*pooling, linear]


def _fastai(layout: FeatureLayout, n_classes: int) -> list[nn.Module]:
    """Return fastai's head: concat pooling, then two linear layers with BatchNorm and dropout."""
    pools = layout.is_map
    return list(create_head(layout.n_channels, n_classes, concat_pool=pools, pool=pools))
