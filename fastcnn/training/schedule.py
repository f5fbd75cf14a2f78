"""One phase as one fit of fastai's, along a schedule of learning rates."""

from collections.abc import Sequence
from typing import Any

import fastai.callback.schedule  # noqa: F401  gives every Learner its schedules
from fastai.callback.core import Callback, TrainEvalCallback
from fastai.data.core import DataLoaders
from fastai.learner import Learner

from fastcnn.settings import Settings
from fastcnn.training.optimizers import cycle_of_momentum, decay_of
from fastcnn.training.phases import Method, Phase

UNUSED_RATE = 0.0
"""Stands in the optimizer for a frozen group, which takes no step."""
FLAT_PART = 0.75
"""Part of a phase in which the rate is level (flat-cosine), fastai's own number."""


def fit_by_schedule(
    learner: Learner, phase: Phase, settings: Settings, callbacks: Sequence[Any]
) -> None:
    """Fit the last groups of `learner`, as many as the phase has rates, and freeze those before.

    one-cycle: Smith, "A disciplined approach to neural network hyper-parameters", arXiv
    1803.09820; each group's rate rises from its highest divided by `phase.div` and falls to next
    to nothing, the momentum the other way round (muon's stays). flat-cosine: level, then down
    along a cosine; the momentum stays. The optimizer is a new one, without a gradient or an average
    of the phase before, and no gradient is left when the phase is over.
    """
    loss_func = learner.loss_func
    rates = _begin_anew(learner, phase)
    common = {"wd": decay_of(settings), "cbs": list(callbacks)}
    try:
        if settings.schedule == "flat-cosine":
            learner.fit_flat_cos(phase.epochs, lr=rates, pct_start=FLAT_PART, **common)
        else:
            cycle = {"pct_start": phase.pct_start, "div": phase.div}
            moms = cycle_of_momentum(settings.opt)
            learner.fit_one_cycle(phase.epochs, lr_max=rates, moms=moms, **cycle, **common)
    finally:
        learner.loss_func = loss_func  # mixup leaves its own behind when a fit breaks off
        learner.model.zero_grad(set_to_none=True)


def epochs_by_size(settings: Settings, phase: Phase) -> list[tuple[int, int]]:
    """Return (side of the picture in pixels, epochs) of the parts of a phase, in order.

    The first half of the main phase's epochs, rounded down, is at `settings.progressive`:
    Howard, "Training Imagenet in 3 hours for $25" (fast.ai, 2018), and Tan and Le,
    "EfficientNetV2", arXiv 2104.00298.
    """
    n_small = phase.epochs // 2
    if settings.progressive is None or not phase.is_main or phase.method is not Method.FIT:
        n_small = 0
    parts = [(settings.progressive or 0, n_small), (settings.size, phase.epochs - n_small)]
    return [(size, epochs) for size, epochs in parts if epochs]


class SwapLoaders(Callback):
    """Gives the learner other loaders at the beginning of an epoch of the fit.

    The schedule goes on: it counts epochs, and batches within each. The learner keeps the new
    loaders, and gets them at the end of the fit if that comes first. With the same validation
    images at the same size in both, the losses of all epochs can be compared.
    """

    order = TrainEvalCallback.order - 1

    def __init__(self, at_epoch: int, loaders: DataLoaders) -> None:
        """Swap before the epoch of this number, counted from 0 in the fit."""
        super().__init__()
        self.at_epoch, self.loaders = at_epoch, loaders

    def before_epoch(self) -> None:
        """Swap when it is time."""
        if self.learn.epoch == self.at_epoch:
            self.learn.dls = self.loaders

    def after_fit(self) -> None:
        """Swap at last, however early the fit ended."""
        self.learn.dls = self.loaders


def _begin_anew(learner: Learner, phase: Phase) -> list[float]:
    """Make a new optimizer and freeze; return the highest rate of every group of the learner.

    A learner of a head on features has no groups of the body.
    """
    learner.model.zero_grad(set_to_none=True)
    learner.create_opt()
    n_frozen = len(learner.opt.param_lists) - len(phase.rates)
    learner.freeze_to(n_frozen)
    return [UNUSED_RATE] * n_frozen + list(phase.rates)
