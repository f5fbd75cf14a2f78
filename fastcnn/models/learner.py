"""A fastai `Learner` of a body with found weights and a new linear head."""

from typing import Any

import torch
from fastai.data.core import DataLoaders
from fastai.data.transforms import Normalize
from fastai.learner import Learner
from fastai.losses import CrossEntropyLossFlat
from fastai.metrics import accuracy
from fastai.vision.learner import vision_learner
from torch import nn
from torchvision.ops import Permute

from fastcnn.data.randomness import seed_everything
from fastcnn.errors import UsageError
from fastcnn.models.architectures import Architecture, bare_body, feature_shape
from fastcnn.models.groups import parameter_groups, splitter_for
from fastcnn.models.state_file import load_body, require_fit
from fastcnn.models.weights import Weights
from fastcnn.settings import Settings


def build_learner(dls: DataLoaders, weights: Weights, settings: Settings) -> Learner:
    """Return a learner on `dls`: body with `weights`, linear head that knows nothing yet.

    `train_bn=False`, because fastai otherwise trains the BatchNorm of a frozen body. That the
    weights fit is known by now: see `require_buildable`.
    """
    architecture = weights.architecture
    seed_everything(settings.seed, "new layers")
    shape = feature_shape(architecture, settings.size)
    learner = vision_learner(
        dls,
        architecture.builder,
        pretrained=False,
        normalize=False,
        custom_head=linear_head(shape, n_classes=len(dls.vocab)),
        init=None,
        splitter=splitter_for(architecture),
        loss_func=CrossEntropyLossFlat(),
        metrics=accuracy,
        train_bn=False,
    )
    load_body(learner.model[0], weights.state(), architecture)
    return learner


def require_buildable(weights: Weights, size: int) -> None:
    """Find out in a moment, on a network without memory, that a learner can be built.

    Raises:
        WeightsError: the file does not fit the architecture.
        UsageError: the network does not take images of this size.
    """
    feature_shape(weights.architecture, size)
    state = weights.state()
    with torch.device("meta"):
        body = bare_body(weights.architecture)
    require_fit(body, state, weights.architecture, weights.describe())
    parameter_groups(nn.Sequential(body, nn.Identity()), weights.architecture)


def add_normalisation(dls: DataLoaders, architecture: Architecture) -> None:
    """Normalise as the weights of `architecture` expect; other numbers cost ten points silently."""
    dls.add_tfms(
        [Normalize.from_stats(architecture.mean, architecture.std, cuda=False)], "after_batch"
    )
    dls.to(dls.device)


def linear_head(shape: tuple[int, ...], n_classes: int) -> nn.Sequential:
    """Average pooling and one linear layer, from features of `shape` to (N, n_classes) logits.

    The layer starts at zero: every class is equally likely, and the first step already goes
    where the data points (there is no symmetry to break in a single layer).
    """
    pooling: list[nn.Module] = []
    n_features = shape[-1]
    if len(shape) == 4:
        channels_last = _is_channels_last(shape)
        pooling = [Permute([0, 3, 1, 2])] if channels_last else []
        pooling += [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
        n_features = shape[-1] if channels_last else shape[1]
    linear = nn.Linear(n_features, n_classes)
    nn.init.zeros_(linear.weight)
    nn.init.zeros_(linear.bias)
    return nn.Sequential(*pooling, linear)


def choose_device(name: str) -> Any:
    """Return the torch device that `--device` names; auto is CUDA where there is one.

    Apple's MPS is used only when it is asked for: it can train to worse results without a word
    (pytorch issues 92615 and 109457).

    Raises:
        UsageError: the device is not there.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    device = torch.device(name)
    there = {
        "cpu": True,
        "cuda": torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count(),
        "mps": torch.backends.mps.is_available(),
    }
    if not there[device.type]:
        raise UsageError(f"--device {name} is not there", hint="leave --device away, or give cpu")
    return device


def _is_channels_last(shape: tuple[int, ...]) -> bool:
    """Feature maps are square, so the odd one out of (_, a, b, c) is the channels."""
    return shape[1] == shape[2] != shape[3]
