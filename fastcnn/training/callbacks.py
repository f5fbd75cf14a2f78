"""Our fastai callbacks. None of them is in an exported model."""

import math
import time

from fastai.callback.core import Callback, TrainEvalCallback
from fastai.learner import Recorder

from fastcnn.errors import TrainingError
from fastcnn.models.groups import set_frozen_eval, set_statistics_eval
from fastcnn.narrator import Advance
from fastcnn.training.history import EpochRow, History


class FrozenStaysFrozen(Callback):
    """Keeps what is frozen in evaluation mode, so that no BatchNorm statistic moves."""

    order = TrainEvalCallback.order + 1

    def __init__(self, keeps_statistics: bool = False) -> None:
        """Keep BatchNorm in evaluation mode where it learns, too, if `keeps_statistics`."""
        super().__init__()
        self.keeps_statistics = keeps_statistics

    def before_train(self) -> None:
        """Act after fastai has put the whole model into training mode."""
        set_frozen_eval(self.learn.model)
        if self.keeps_statistics:
            set_statistics_eval(self.learn.model[0])


class EpochClock(Callback):
    """Tells the training loader how many epochs of the whole strategy are over."""

    def __init__(self) -> None:
        """Start at the first epoch."""
        super().__init__()
        self.epochs_done = 0

    def before_train(self) -> None:
        """Set the clock before the order of the epoch is drawn."""
        self.learn.dls.train.epoch = self.epochs_done

    def after_epoch(self) -> None:
        """Move the clock on."""
        self.epochs_done += 1


class KeepHistory(Callback):
    """Adds a row to the history after every epoch; stops a training that has lost its way."""

    order = Recorder.order + 1

    def __init__(self, history: History, phase: str) -> None:
        """Keep `history`, calling the phase `phase`."""
        super().__init__()
        self.history, self.phase = history, phase

    def before_epoch(self) -> None:
        """Start the clock and forget the rates of the last epoch."""
        self.started = time.perf_counter()
        self.highest = [0.0] * len(self.learn.opt.hypers)

    def after_batch(self) -> None:
        """Remember the highest rate of each group."""
        if self.learn.training:
            rates = [float(hyper["lr"]) for hyper in self.learn.opt.hypers]
            self.highest = [max(pair) for pair in zip(self.highest, rates, strict=True)]

    def after_epoch(self) -> None:
        """Write the row.

        Raises:
            TrainingError: the loss is no longer a number.
        """
        train_loss, valid_loss, accuracy = map(float, self.learn.recorder.values[-1])
        lost = [loss for loss in (train_loss, valid_loss) if not math.isfinite(loss)]
        if lost:
            raise TrainingError(
                f"the loss became {lost[0]} in epoch {len(self.history.rows) + 1}: "
                "the training diverged",
                hint="give a smaller rate, for example --lr 0.0005, or --lr auto",
            )
        self.history.add(
            EpochRow(
                phase=self.phase,
                epoch=len(self.history.rows) + 1,
                train_loss=train_loss,
                valid_loss=valid_loss,
                accuracy=accuracy,
                lr_head=self.highest[-1],
                lr_body=self.highest[-2] or None if len(self.highest) > 1 else None,
                seconds=round(time.perf_counter() - self.started, 3),
            )
        )


class ShowProgress(Callback):
    """Moves a progress bar, a step a batch, through all phases of a strategy."""

    order = Recorder.order + 1

    def __init__(self, advance: Advance) -> None:
        """Move the bar by calling `advance`."""
        super().__init__()
        self.advance, self.done, self.note = advance, 0, ""

    def after_batch(self) -> None:
        """Count training batches only: they are what takes the time."""
        if self.learn.training:
            self.done += 1
            self.advance(self.done, self.note)

    def after_epoch(self) -> None:
        """Show the score of the epoch behind the bar; a range test has none."""
        values = getattr(self.learn.recorder, "values", None)
        if values and len(values[-1]) > 1:
            self.note = f"accuracy {float(values[-1][-1]):.3f}"
            self.advance(self.done, self.note)


class WhereTimeGoes(Callback):
    """Adds up the seconds of the training steps and of waiting for their batches."""

    order = Recorder.order + 2

    def __init__(self) -> None:
        """Start with nothing counted."""
        super().__init__()
        self.n_images, self.loading, self.computing = 0, 0.0, 0.0

    def before_train(self) -> None:
        """Waiting for the first batch begins."""
        self.since = time.perf_counter()

    def before_batch(self) -> None:
        """The batch is here."""
        if self.learn.training:
            self.here = time.perf_counter()

    def after_batch(self) -> None:
        """The step is done, and waiting begins again."""
        if self.learn.training:
            now = time.perf_counter()
            self.loading += self.here - self.since
            self.computing += now - self.here
            self.n_images += len(self.learn.yb[0])
            self.since = now

    def images_per_second(self) -> dict[str, float | None]:
        """Return images a second of computing, and of waiting for batches and computing."""
        return {
            "model": round(self.n_images / self.computing, 2),
            "together": round(self.n_images / (self.loading + self.computing), 2),
        }
