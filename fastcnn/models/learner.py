"""A fastai `Learner` of a body with found weights and a new head."""

from typing import Any

import torch
from fastai.data.core import DataLoaders
from fastai.data.transforms import Normalize
from fastai.learner import Learner
from fastai.metrics import accuracy
from torch import Tensor, nn

from fastcnn.data.randomness import seed_everything
from fastcnn.errors import UsageError
from fastcnn.models.architectures import Architecture, bare_body, feature_shape
from fastcnn.models.blueprint import Blueprint
from fastcnn.models.groups import splitter_for
from fastcnn.models.heads import layout_of, make_head
from fastcnn.models.state_file import load_body, require_fit
from fastcnn.models.weights import Weights
from fastcnn.settings import Settings
from fastcnn.training.losses import loss_for
from fastcnn.training.optimizers import optimizer_for


def build_learner(
    dls: DataLoaders,
    weights: Weights,
    settings: Settings,
    *,
    is_random: bool = False,
    weights_of_classes: Tensor | None = None,
) -> Learner:
    """Return a learner on `dls`: body with `weights` (or random), head that knows nothing yet.

    `train_bn=False`, because fastai otherwise trains the BatchNorm of a frozen body. That the
    weights fit is known by now: see `require_buildable`. `weights_of_classes`, (classes,)
    float32, multiply the loss of their images.
    """
    architecture = weights.architecture
    seed_everything(settings.seed, "new layers")
    layout = layout_of(feature_shape(architecture, settings.size))
    head = make_head(settings.head, layout, n_classes=len(dls.vocab))
    learner = Learner(
        dls,
        nn.Sequential(bare_body(architecture), head),
        splitter=splitter_for(architecture),
        loss_func=loss_for(settings, weights_of_classes),
        opt_func=optimizer_for(settings),
        metrics=accuracy,
        train_bn=False,
    )
    if not is_random:
        load_body(learner.model[0], weights.state(), architecture)
    return learner


def require_buildable(weights: Weights, drawn: Blueprint) -> None:
    """Find out in a moment, from the network without memory, that a learner can be built.

    Raises:
        WeightsError: the file does not fit the architecture.
    """
    if weights.path is not None:
        require_fit(drawn.model[0], weights.state(), weights.architecture, weights.describe())


def add_normalisation(dls: DataLoaders, architecture: Architecture) -> None:
    """Normalise as the weights of `architecture` expect; other numbers cost ten points silently."""
    dls.add_tfms(
        [Normalize.from_stats(architecture.mean, architecture.std, cuda=False)], "after_batch"
    )
    dls.to(dls.device)


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
