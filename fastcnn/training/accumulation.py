"""Large batches in small pieces: gradients are added up before the optimizer takes a step."""

from fastai.callback.core import Callback
from fastai.callback.training import GradientAccumulation
from fastai.learner import CancelBatchException
from fastai.torch_core import find_bs


class AccumulateBatches(Callback):
    """Steps after every so many batches, and at the end of each epoch with those that are left.

    A step is that of one batch with all the images in it. fastai's own callback counts images
    and carries what is left into the next epoch; after the last one it is never used, and still
    there in the next phase. BatchNorm sees the small batches all the same.
    """

    order = GradientAccumulation.order
    run_valid = False

    def __init__(self, n_batches: int) -> None:
        """Add up this many batches."""
        super().__init__()
        self.n_batches = n_batches

    def before_train(self) -> None:
        """Begin the first step of the epoch."""
        self.n_added = self.n_images = 0

    def after_loss(self) -> None:
        """Weigh the mean over the batch as its images' part of the step, if all are as large."""
        n_images = find_bs(self.learn.yb)
        if self.n_added == 0:
            self.expected = n_images * self.n_batches
        self.n_added += 1
        self.n_images += n_images
        self.learn.loss_grad = self.learn.loss_grad * (n_images / self.expected)

    def before_step(self) -> None:
        """Go on to the next batch, or set right what came out smaller than expected and step.

        Raises:
            CancelBatchException: fastai's way of leaving the step out.
        """
        is_last_batch = self.learn.iter == self.learn.n_iter - 1
        if self.n_added < self.n_batches and not is_last_batch:
            raise CancelBatchException
        if self.n_images != self.expected:
            for parameter in self.learn.model.parameters():
                if parameter.grad is not None:
                    parameter.grad *= self.expected / self.n_images
        self.n_added = self.n_images = 0
