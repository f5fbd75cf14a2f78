"""When memory runs out: the work begins again in smaller pieces, and the run goes on.

What failed must be gone before the next attempt. An exception holds the frames that it passed
through, and these the tensors; so nothing here hands one on, and all work happens outside of
`except`.
"""

import gc
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from torch import nn

from fastcnn.data.images import out_of_resources
from fastcnn.errors import TrainingError
from fastcnn.training.kept_memory import keep_no_more
from fastcnn.training.phases import total_epochs
from fastcnn.training.strategies import phases_of

if TYPE_CHECKING:
    from fastcnn.training.fit import Watch
    from fastcnn.training.job import Job

Result = TypeVar("Result")


@dataclass(frozen=True)
class OutOfMemory:
    """Stands for the result of work that memory ran out in."""

    reason: str
    """The first line of what torch or the system said."""


def attempt(work: Callable[[], Result]) -> Result | OutOfMemory:
    """Return what `work` returns, or that memory ran out; then nothing is held of the attempt."""
    try:
        return work()
    except Exception as error:
        if not out_of_resources(error):
            raise
        reason = (str(error).splitlines() or [type(error).__name__])[0]
    release()
    return OutOfMemory(reason)


def release() -> None:
    """Give back what nobody refers to any more, on a graphics card too."""
    gc.collect()  # learners and callbacks refer to each other
    keep_no_more()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def until_it_fits(
    job: "Job", name: str, n_frozen: int, work: Callable[[], Result], watch: "Watch | None" = None
) -> Result:
    """Return what `work`, a fit, returns; where memory runs out it begins again, half the batch.

    It begins with the weights, buffers, rows of the history and epochs of the first attempt. Twice
    as many batches then make a step, so that a step sees as many images as before; BatchNorm sees
    the smaller batches. The job keeps these settings for the phases that follow.

    Args:
        job: what is trained.
        name: what the user is told the work is.
        n_frozen: how many groups, from the stem on, the work does not move.
        work: fits `job.learner`, or a learner made of its head, by `job.settings`.
        watch: counts the epochs and shows them, where the work has any.

    Raises:
        TrainingError: memory runs out with the smallest batch too.
    """
    start = _Start(job, n_frozen, watch)
    while isinstance(result := attempt(work), OutOfMemory):
        start.restore()
        _halve(job, name, result.reason)
        if watch:
            _lengthen_bar(job, watch)
    return result


class _Start:
    """What a fit begins with, kept in memory."""

    def __init__(self, job: "Job", n_frozen: int, watch: "Watch | None") -> None:
        self.job, self.watch = job, watch
        self.model, self.dls = job.learner.model, job.learner.dls
        learning = [tensor for group in job.groups[n_frozen:] for tensor in group.parameters]
        moving = [*learning, *self.model.buffers()]
        self.values = [(tensor, tensor.detach().clone()) for tensor in moving]
        self.n_rows = len(job.history.rows)
        self.epochs_done = watch.clock.epochs_done if watch else 0
        self.batches_done = watch.progress.done if watch else 0

    @torch.no_grad()
    def restore(self) -> None:
        """Put everything back; the tensors in place, since groups and callbacks refer to them."""
        learner = self.job.learner
        _forget_the_fit(learner)
        learner.model, learner.dls = self.model, self.dls
        learner.model.zero_grad(set_to_none=True)
        for tensor, value in self.values:
            tensor.copy_(value)
        del self.job.history.rows[self.n_rows :]
        if self.watch:
            self.watch.clock.epochs_done = self.epochs_done
            self.watch.progress.done = self.batches_done
        release()


def _forget_the_fit(learner: Any) -> None:
    """Let go of what fastai keeps of the last batch and its graph, and of the optimizer's averages.

    It does so itself after a fit, but not after one that broke off.
    """
    learner.xb = learner.yb = (None,)
    learner.dl = learner.pred = learner.loss = learner.loss_grad = learner.opt = None


def _halve(job: "Job", name: str, reason: str) -> None:
    """Halve the batches of the settings and of the loaders, and double how many make a step."""
    before = int(job.learner.dls.train.bs)  # less than the setting where there are few images
    half, accumulate = before // 2, 2 * job.settings.accumulate
    if half < _smallest_batch(job.learner.model):
        raise TrainingError(
            f"memory ran out in {name} with batches of {before} already: {reason}",
            hint="give smaller pictures or a smaller network, for example --size 128",
        )
    job.settings = job.settings.changed(bs=half, accumulate=accumulate)
    for loader in job.learner.dls.loaders:
        loader.bs = min(loader.bs, half)
    job.narrator.warn(
        f"memory ran out in {name} with batches of {before}; it begins again with batches of "
        f"{half}, {accumulate} of them to a step"
    )


def _smallest_batch(model: nn.Module) -> int:
    """A BatchNorm of vectors has no variance to learn from in a batch of one, and refuses it."""
    return 2 if any(isinstance(module, nn.BatchNorm1d) for module in model.modules()) else 1


def _lengthen_bar(job: "Job", watch: "Watch") -> None:
    """Tell the progress bar that an epoch has more batches now."""
    phases = phases_of(job.strategy, job.settings, job.group_names, rate=1.0)
    epochs_left = total_epochs(phases) - watch.clock.epochs_done
    done = watch.progress.done
    watch.progress.advance(done, "", done + epochs_left * len(job.learner.dls.train))
