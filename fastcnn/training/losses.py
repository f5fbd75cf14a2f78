"""The losses, and the weights that make rare classes count as much as frequent ones.

All are fastai's kind of loss: they know the softmax and the class that go with them, and average
or not as fastai's mixup asks. With class weights the mean is a weighted one, as in torch.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from fastai.losses import BaseLoss, CrossEntropyLossFlat, FocalLossFlat
from numpy.typing import NDArray
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight
from torch import Tensor, nn
from torch.nn import functional

from fastcnn.settings import Settings

SMOOTHING = 0.1
"""Part of the target that label smoothing spreads over all classes."""
GAMMA = 2.0
"""How strongly the focal loss looks away from what is right already."""


def loss_for(settings: Settings, weights: Tensor | None) -> Any:
    """Return the loss called `settings.loss`, for logits (N, C) and targets (N,) int64.

    Cross-entropy; the same with smoothed labels (Szegedy et al., "Rethinking the Inception
    Architecture for Computer Vision", arXiv 1512.00567, section 7); or the focal loss. `weights`
    are those of the classes, (C,) float32, None for no difference between them.
    """
    if settings.loss == "focal":
        return WeightedFocalLoss(GAMMA, weights)
    smoothing = SMOOTHING if settings.loss == "label-smoothing" else 0.0
    return CrossEntropyLossFlat(weight=weights, label_smoothing=smoothing)


def class_weights(labels: Sequence[str], classes: Sequence[str]) -> Tensor:
    """Return a weight for each of `classes`, (C,) float32: the inverse of its part of `labels`.

    `labels` are those of the training images; the mean of their weights is 1. A class that none
    of them shows is never a target, so its weight of 1 counts nowhere.
    """
    shown = np.unique(np.array(labels))
    weights = compute_class_weight("balanced", classes=shown, y=np.array(labels))
    weight_of = dict(zip(shown.tolist(), weights.tolist(), strict=True))
    return torch.tensor([weight_of.get(name, 1.0) for name in classes])


def sampling_weights(labels: Sequence[str]) -> NDArray[np.float64]:
    """Return how likely each image is to be drawn, (N,) float64 with sum 1: every class equally."""
    weights = np.asarray(compute_sample_weight("balanced", np.array(labels)), dtype=np.float64)
    likely: NDArray[np.float64] = weights / weights.sum()
    return likely


class WeightedFocalLoss(FocalLossFlat):
    """The focal loss: Lin et al., "Focal Loss for Dense Object Detection", arXiv 1708.02002.

    fastai's own takes the class weight for a part of the probability, and leaves it on the
    processor when the network is on another device.
    """

    def __init__(self, gamma: float, weight: Tensor | None) -> None:
        """Take the exponent of the focus and class weights (C,) float32."""
        BaseLoss.__init__(self, FocalLoss, gamma=gamma, weight=weight)


class FocalLoss(nn.Module):
    """Weighted cross-entropy, each term times (1 - probability of the target) ** gamma."""

    weight: Tensor | None

    def __init__(self, gamma: float, weight: Tensor | None, reduction: str = "mean") -> None:
        """Keep the weights (C,) float32 with the module, so that they move with it."""
        super().__init__()
        self.gamma, self.reduction = gamma, reduction
        self.register_buffer("weight", weight)

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the loss of logits (N, C) and targets (N,): a number, or (N,) not reduced."""
        surprise = functional.cross_entropy(logits, targets, reduction="none")
        share = torch.ones_like(surprise) if self.weight is None else self.weight[targets]
        losses = share * (1 - torch.exp(-surprise)) ** self.gamma * surprise
        if self.reduction == "none":
            return losses
        return losses.sum() / share.sum() if self.reduction == "mean" else losses.sum()
