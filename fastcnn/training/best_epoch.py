"""What the validation loss decides: when to stop, and which epoch's weights are kept."""

from pathlib import Path

import torch
from fastai.callback.tracker import EarlyStoppingCallback, SaveModelCallback, TrackerCallback
from fastai.learner import CancelFitException
from torch import Tensor

LARGEST_IN_MEMORY = 2 * 1024**3
"""Bytes of weights up to which they are kept in memory and not in a file."""


class StopEarly(TrackerCallback):
    """Ends the phase after so many epochs without a lower validation loss; fastai's own prints."""

    order = EarlyStoppingCallback.order

    def __init__(self, patience: int) -> None:
        """Wait for this many epochs."""
        super().__init__(monitor="valid_loss")
        self.patience = patience

    def before_fit(self) -> None:
        """Start waiting."""
        self.waited = 0
        super().before_fit()

    def after_epoch(self) -> None:
        """Look at the loss.

        Raises:
            CancelFitException: fastai's way of ending a fit.
        """
        super().after_epoch()
        self.waited = 0 if self.new_best else self.waited + 1
        if self.waited >= self.patience:
            raise CancelFitException


class KeepBestEpoch(TrackerCallback):
    """Brings back the weights of the epoch of the lowest validation loss at the end of the phase.

    fastai's own prints, and writes a file each time.
    """

    order = SaveModelCallback.order

    def __init__(self, folder: Path, largest_in_memory: int = LARGEST_IN_MEMORY) -> None:
        """Keep weights of more bytes than this in a file in `folder`."""
        super().__init__(monitor="valid_loss")
        self.file, self.largest_in_memory = folder / "best.pth", largest_in_memory

    def before_fit(self) -> None:
        """Start with no best epoch."""
        self.kept: dict[str, Tensor] | None = None
        super().before_fit()

    def after_epoch(self) -> None:
        """Keep the weights if no epoch was better."""
        super().after_epoch()
        if not self.new_best:
            return
        state: dict[str, Tensor] = self.learn.model.state_dict()
        if sum(tensor.nbytes for tensor in state.values()) > self.largest_in_memory:
            torch.save(state, self.file)
        else:
            self.kept = {name: tensor.clone() for name, tensor in state.items()}

    def after_fit(self) -> None:
        """Bring the weights back and forget them."""
        if self.file.exists():
            # Mapped, so that they are not in memory twice.
            self.kept = torch.load(self.file, map_location="cpu", mmap=True, weights_only=True)
        if self.kept is not None:
            self.learn.model.load_state_dict(self.kept)
        self.kept = None
        self.file.unlink(missing_ok=True)
        super().after_fit()
