"""The losses against torch's own, and weights that make every class count the same."""

import numpy as np
import pytest
import torch
from fastai.layers import NoneReduce
from fastai.losses import FocalLossFlat
from small_learner import (
    fit,
    phase,
    small_learner,
)
from torch import Tensor
from torch.nn import functional

from fastcnn.setting_checks import CHOICES
from fastcnn.settings import Settings
from fastcnn.training.losses import class_weights, loss_for, sampling_weights
from fastcnn.training.options import MixUpOrCutMix

EVERY = pytest.mark.parametrize("name", CHOICES["loss"])
WEIGHTS = torch.tensor([0.5, 1.0, 2.0, 4.0])


@pytest.fixture
def batch() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(11, 4, generator=generator) * 3
    return logits, torch.randint(4, (11,), generator=generator)


def expected(
    name: str, logits: Tensor, targets: Tensor, weights: Tensor | None, how: str
) -> Tensor:
    """Compute the loss by torch's functions alone."""
    if name != "focal":
        smoothing = 0.1 if name == "label-smoothing" else 0.0
        return functional.cross_entropy(
            logits, targets, weight=weights, label_smoothing=smoothing, reduction=how
        )
    share = torch.ones(len(targets)) if weights is None else weights[targets]
    probability = functional.softmax(logits, dim=1)[torch.arange(len(targets)), targets]
    losses = -share * (1 - probability) ** 2 * probability.log()
    return {"none": losses, "sum": losses.sum(), "mean": losses.sum() / share.sum()}[how]


@EVERY
@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_it_is_what_torch_computes(
    name: str, weights: Tensor | None, batch: tuple[Tensor, Tensor]
) -> None:
    """Averaged, added up, and one by one as mixup and the report ask for it."""
    loss = loss_for(Settings(loss=name), weights)
    assert torch.allclose(loss(*batch), expected(name, *batch, weights, "mean"))
    with NoneReduce(loss) as not_reduced:
        one_by_one = not_reduced(*batch)
    assert one_by_one.shape == (11,)
    assert torch.allclose(one_by_one, expected(name, *batch, weights, "none"))
    loss.reduction = "sum"
    assert torch.allclose(loss(*batch), expected(name, *batch, weights, "sum"))


def test_without_weights_focal_is_fastais_and_with_them_it_is_not(
    batch: tuple[Tensor, Tensor],
) -> None:
    """fastai takes the weight for a part of the probability: it would focus on rare classes."""
    focal = Settings(loss="focal")
    assert torch.allclose(loss_for(focal, None)(*batch), FocalLossFlat()(*batch))
    with NoneReduce(loss_for(focal, WEIGHTS)) as ours, NoneReduce(FocalLossFlat()) as plain:
        assert torch.allclose(ours(*batch), plain(*batch) * WEIGHTS[batch[1]])
    with NoneReduce(FocalLossFlat(weight=WEIGHTS)) as theirs, NoneReduce(FocalLossFlat()) as plain:
        assert not torch.allclose(theirs(*batch), plain(*batch) * WEIGHTS[batch[1]])


@EVERY
def test_it_knows_probabilities_and_classes_and_mixes(
    name: str, batch: tuple[Tensor, Tensor]
) -> None:
    loss = loss_for(Settings(loss=name), WEIGHTS)
    assert torch.allclose(loss.activation(batch[0]), functional.softmax(batch[0], dim=1))
    assert torch.equal(loss.decodes(batch[0]), batch[0].argmax(1))
    assert loss.y_int


@EVERY
def test_the_weights_move_to_the_device_of_the_network(name: str) -> None:
    loss = loss_for(Settings(loss=name), WEIGHTS)
    loss.to(torch.device("meta"))
    logits = torch.zeros(2, 4, device="meta")
    assert loss(logits, torch.zeros(2, dtype=torch.int64, device="meta")).device.type == "meta"


@EVERY
def test_a_loss_of_next_to_nothing_has_a_gradient(name: str) -> None:
    """Sure and right, or sure and wrong: no infinity, nothing that is not a number."""
    logits = torch.tensor([[200.0, 0.0, 0.0, 0.0]] * 2, requires_grad=True)
    loss_for(Settings(loss=name), WEIGHTS)(logits, torch.tensor([0, 1])).backward()
    assert logits.grad is not None and bool(logits.grad.isfinite().all())


@EVERY
@pytest.mark.parametrize("mixing", [(0.0, 0.0), (0.4, 0.0), (0.0, 1.0)])
def test_it_trains_with_weights_and_with_every_kind_of_mixing(
    name: str, mixing: tuple[float, float]
) -> None:
    settings = Settings(loss=name)
    loss = loss_for(settings, torch.tensor([0.5, 1.0, 1.5]))
    learner = small_learner(settings, loss_func=loss)
    before = learner.validate()[0]
    callbacks = [MixUpOrCutMix(*mixing)] if any(mixing) else []
    fit(learner, phase(rate=0.03, epochs=2), settings, *callbacks)
    assert learner.validate()[0] < before
    assert learner.loss_func is loss and loss.reduction == "mean"


def test_class_weights_are_inverse_parts_with_mean_one() -> None:
    """In the order of the classes, not of their first picture."""
    labels = ["rare"] + ["often"] * 6 + ["middling"] * 3
    weights = class_weights(labels, ["middling", "often", "rare"])
    assert weights.dtype == torch.float32
    assert weights.tolist() == pytest.approx([10 / 9, 10 / 18, 10 / 3])
    each = {"middling": weights[0], "often": weights[1], "rare": weights[2]}
    assert np.mean([float(each[label]) for label in labels]) == pytest.approx(1)


def test_a_class_without_a_picture_changes_no_weight_of_the_others() -> None:
    """A recipe may fix a vocabulary that is larger than what its folder shows."""
    labels = ["a", "c", "c"]
    with_b, without = (class_weights(labels, names) for names in (["a", "b", "c"], ["a", "c"]))
    assert with_b[[0, 2]].tolist() == without.tolist()
    assert with_b[1] == 1


def test_sampling_draws_every_class_equally() -> None:
    labels = np.array(["rare"] + ["often"] * 6 + ["middling"] * 3)
    weights = sampling_weights(labels.tolist())
    assert weights.shape == (10,) and weights.dtype == np.float64
    sums = [weights[labels == name].sum() for name in ("rare", "often", "middling")]
    assert sums == pytest.approx([1 / 3] * 3)
