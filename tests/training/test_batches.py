"""What a step learns from: mixed pictures, and several batches as one."""

import pytest
import torch
from fastai.callback.core import Callback
from fastai.callback.training import GradientClip
from small_learner import (
    copy_of,
    fit,
    loaders,
    near,
    phase,
    small_learner,
    state_of,
)
from torch import Tensor
from torch.nn import functional

from fastcnn.settings import Settings
from fastcnn.training.accumulation import AccumulateBatches
from fastcnn.training.options import MixUpOrCutMix


class SeeMixing(Callback):
    """Compares the loss of a mixed batch with that of soft targets."""

    order = 70

    def __init__(self) -> None:
        super().__init__()
        self.kinds: list[str] = []
        self.weights: list[Tensor] = []

    def after_loss(self) -> None:
        if not self.learn.training:
            return
        mixing = self.learn.mix_up_or_cut_mix
        own, other = self.learn.y, mixing.yb1[0]
        weight = torch.as_tensor(mixing.lam, dtype=torch.float32).expand(len(own))[:, None]
        soft = weight * functional.one_hot(own, 3) + (1 - weight) * functional.one_hot(other, 3)
        expected = functional.cross_entropy(self.learn.pred, soft)
        assert torch.allclose(self.learn.loss, expected, atol=1e-6)
        self.kinds.append("mixup" if torch.as_tensor(mixing.lam).numel() > 1 else "cutmix")
        self.weights.append(weight)


@pytest.mark.parametrize(
    ("alphas", "kinds"),
    [((0.4, 0.0), {"mixup"}), ((0.0, 1.0), {"cutmix"}), ((0.4, 1.0), {"mixup", "cutmix"})],
)
def test_the_loss_of_mixed_pictures_is_that_of_mixed_targets(
    alphas: tuple[float, float], kinds: set[str]
) -> None:
    torch.manual_seed(0)
    dls, seen = loaders(), SeeMixing()
    before = [image.clone() for image, _ in dls.train.dataset]
    learner = small_learner(dls=dls)
    loss = learner.loss_func
    fit(learner, phase(epochs=3), Settings(), MixUpOrCutMix(*alphas), seen)
    assert set(seen.kinds) == kinds and len(seen.kinds) == 18
    assert any(bool((weight < 0.99).any()) for weight in seen.weights)
    after = [image for image, _ in dls.train.dataset]
    assert all(map(torch.equal, before, after))
    assert learner.loss_func is loss


def test_the_draws_come_from_the_seed_of_the_batch() -> None:
    """Torch's generator alone decides, which the loaders seed for each batch."""
    ends = []
    for seed in (0, 0, 1):
        learner = small_learner()
        torch.manual_seed(seed)
        fit(learner, phase(epochs=1), Settings(), MixUpOrCutMix(0.4, 1.0))
        ends.append(state_of(learner.model))
    assert ends[0] == ends[1] != ends[2]


def test_a_batch_of_one_is_not_mixed() -> None:
    ends = []
    for callbacks in ([], [MixUpOrCutMix(0.4, 1.0)]):
        learner = small_learner(dls=loaders(4, bs=1))
        fit(learner, phase(epochs=1), Settings(), *callbacks)
        ends.append(copy_of(learner))
    assert near(*ends)


@pytest.mark.parametrize("n_train", [48, 44, 46])
@pytest.mark.parametrize("opt", ["sgd", "adam"])
def test_three_small_batches_are_one_large_one(n_train: int, opt: str) -> None:
    """Also where an epoch ends with fewer batches, or with a smaller one."""
    learners = []
    for bs, callbacks in ((12, []), (4, [AccumulateBatches(3)])):
        learner = small_learner(Settings(opt=opt), loaders(n_train, bs=bs), with_batchnorm=False)
        with learner.no_logging(), learner.no_bar():
            learner.fit(2, lr=0.01, cbs=[GradientClip(0.3), *callbacks])
        learners.append(learner)
    assert near(copy_of(learners[0]), copy_of(learners[1]))
    start = small_learner(Settings(opt=opt), with_batchnorm=False)
    assert not near(copy_of(learners[0]), copy_of(start), tolerance=1e-3)


def test_accumulated_batches_are_logged_as_they_are_and_leave_no_gradient() -> None:
    """A rate of zero: the losses are those of the batches whatever happens to the gradients."""
    losses = []
    for callbacks in ([], [AccumulateBatches(4)]):
        learner = small_learner(dls=loaders(46, bs=4), with_batchnorm=False)
        fit(learner, phase(rate=0.0), Settings(), *callbacks)
        losses.append([float(loss) for loss in learner.recorder.losses])
        assert all(parameter.grad is None for parameter in learner.model.parameters())
    assert losses[0] == losses[1]
