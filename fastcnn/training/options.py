"""The options of a fit, as the callbacks that carry them out for one phase."""

from collections.abc import Sequence
from pathlib import Path

import torch
from fastai.callback.core import Callback
from fastai.callback.mixup import CutMix, MixUp
from fastai.callback.training import GradientClip
from torch.distributions import Beta

from fastcnn.settings import Settings
from fastcnn.training.accumulation import AccumulateBatches
from fastcnn.training.averaging import AverageWeights
from fastcnn.training.best_epoch import KeepBestEpoch, StopEarly
from fastcnn.training.phases import Method, Phase


def callbacks_for(settings: Settings, phase: Phase, folder: Path) -> list[Callback]:
    """Return new callbacks for one fit; `folder` is for weights that are too large for memory.

    They work in fastai's order: mixing before the network, then adding up gradients, clipping
    their sum and averaging the weights; after an epoch, keeping the best and stopping early, which
    are for the main phase alone. There is nothing to cut and paste in features. None of them
    prints anything, or stays in the learner when the fit is over.
    """
    cutmix = settings.cutmix if phase.method is Method.FIT else 0.0
    chosen: list[Callback] = []
    if settings.mixup or cutmix:
        chosen.append(MixUpOrCutMix(settings.mixup, cutmix))
    if settings.accumulate > 1:
        chosen.append(AccumulateBatches(settings.accumulate))
    if settings.clip is not None:
        chosen.append(GradientClip(settings.clip))
    if settings.ema:
        chosen.append(AverageWeights(settings.ema))
    if settings.save_best and phase.is_main:
        chosen.append(KeepBestEpoch(folder))
    if settings.early_stop is not None and phase.is_main:
        chosen.append(StopEarly(settings.early_stop))
    return chosen


def selected_on_validation(settings: Settings, phases: Sequence[Phase]) -> bool:
    """Whether the validation images had a say in which weights are kept.

    Then the score on them is a little too good. Of a single epoch there is nothing to choose, and
    after the last epoch nothing to stop.
    """
    epochs = max((phase.epochs for phase in phases if phase.is_main), default=0)
    stops = settings.early_stop is not None and settings.early_stop < epochs - 1
    return stops or (settings.save_best and epochs > 1)


class MixUpOrCutMix(MixUp, CutMix):
    """fastai's mixup (arXiv 1710.09412) or cutmix (arXiv 1905.04899), drawn anew for each batch.

    Both are equally likely, as in timm's `Mixup`. A batch of one, which has nothing to mix with,
    stays as it is; fastai's mixup fails on it.
    """

    def __init__(self, mixup: float, cutmix: float) -> None:
        """Take the alpha of each, 0 for never."""
        super().__init__(mixup or cutmix)
        kinds = {MixUp: mixup, CutMix: cutmix}
        self.kinds = [(kind, Beta(alpha, alpha)) for kind, alpha in kinds.items() if alpha]

    def before_batch(self) -> None:
        """Mix the images; the loss is mixed likewise, see fastai's `MixHandler`."""
        if len(self.learn.y) == 1:
            self.yb1, self.lam = self.learn.yb, torch.ones(1, device=self.learn.x.device)
            return
        draw = int(torch.randint(len(self.kinds), ())) if len(self.kinds) > 1 else 0
        kind, self.distrib = self.kinds[draw]
        if kind is CutMix:  # it pastes in place, into what a loader may hand out again
            self.learn.xb = (self.learn.x.clone(),)
        kind.before_batch(self)
