"""A moving average of the weights, which is what is validated and kept."""

import torch
from fastai.callback.core import Callback
from fastai.callback.training import GradientClip
from timm.utils import ModelEmaV3
from torch import Tensor, nn


class AverageWeights(Callback):
    """Averages weights and BatchNorm statistics after each step, by timm's `ModelEmaV3`.

    Its decay grows from 0, so that a short training is not held at where it began: after n steps
    it is 1 - n ** (-2/3), up to the decay asked for. From each validation on the network holds the
    average, so that whatever looks at it after an epoch, or at the end, sees what was validated;
    the next stretch of training goes on from the weights that were trained.
    """

    order = GradientClip.order + 1

    def __init__(self, decay: float) -> None:
        """Take the part of the average that stays in each step."""
        super().__init__()
        self.decay = decay

    def before_fit(self) -> None:
        """Start from the weights as they are."""
        self.average = ModelEmaV3(self.learn.model, decay=self.decay, use_warmup=True)
        self.n_steps, self.step_was_skipped, self.is_in_network = 0, False, False

    def before_train(self) -> None:
        """Go back to the trained weights."""
        self._put_into_network(False)

    def after_cancel_step(self) -> None:
        """Remember that there was no step, as when half precision overflows."""
        self.step_was_skipped = True

    def after_step(self) -> None:
        """Add the weights to the average."""
        if not self.step_was_skipped:
            self.n_steps += 1
            self.average.update(self.learn.model, step=self.n_steps)
        self.step_was_skipped = False

    def before_validate(self) -> None:
        """Validate the average."""
        self._put_into_network(True)

    def after_fit(self) -> None:
        """Leave the average in the network and forget the rest."""
        self._put_into_network(True)
        del self.average

    def _put_into_network(self, wanted: bool) -> None:
        if self.is_in_network != wanted:
            exchange(self.learn.model, self.average.module)
            self.is_in_network = wanted


@torch.no_grad()
def exchange(one: nn.Module, other: nn.Module) -> None:
    """Exchange the parameters and buffers of two networks of one kind, in place.

    What is equal is not touched: a frozen tensor keeps every bit, the sign of a zero too.
    """
    for mine, theirs in zip(_tensors(one), _tensors(other), strict=True):
        if not torch.equal(mine, theirs):
            held = mine.clone()
            mine.copy_(theirs)
            theirs.copy_(held)


def _tensors(network: nn.Module) -> list[Tensor]:
    return [*network.parameters(), *network.buffers()]
