"""Training in a precision: one callback for every device, where fastai's own is for CUDA alone.

The path of float16 and its loss scaling has been tested on a processor only, never on CUDA.
"""

from typing import Any

import torch
from fastai.callback.core import Callback, CancelStepException
from fastai.callback.fp16 import MixedPrecision
from fastai.learner import Learner
from fastai.torch_core import to_float
from torch import nn
from torch.amp import GradScaler

from fastcnn.training.precision import Precision


class InPrecision(Callback):
    """Runs the forward pass in a precision, in training and in validation.

    The weights, the loss and the optimizer stay float32. Images and kernels are laid out as the
    precision says; cached features of shape (N, F) need no layout. The model stays in that
    layout after the fit: `Tensor.contiguous` undoes it for a format that wants it undone.
    """

    # The place of fastai's own: after MixUp and CutMix (0) have blended the images in float32 and
    # GradientAccumulation (6) has let a batch pass without a step; before GradientClip (11), which
    # must see gradients that are no longer scaled.
    order = MixedPrecision.order

    def __init__(self, precision: Precision) -> None:
        """Train in `precision`."""
        super().__init__()
        self.precision = precision

    def before_fit(self) -> None:
        """Lay the model out; fastai has put it on its device by now (order -10)."""
        self._put_back()
        self.precision.lay_out(self.learn.model)
        device = next(self.learn.model.parameters()).device
        # What is small vanishes in float16 alone; bfloat16 has the range of float32.
        self.loss_scaler = GradScaler(device.type, enabled=self.precision.dtype is torch.float16)

    def before_batch(self) -> None:
        """Lay the images out, and let the next forward pass run in the precision."""
        self._put_back()
        self.learn.xb = tuple(map(self.precision.layout, self.learn.xb))
        self.learn.model = _NextForward(self.learn, self.precision)

    def before_backward(self) -> None:
        """Scale the loss, so that no gradient vanishes in float16."""
        self.learn.loss_grad = self.loss_scaler.scale(self.learn.loss_grad)

    def before_step(self) -> None:
        """Take the scale out of the gradients; leave the step out where one is not finite."""
        if not self.loss_scaler.is_enabled():
            return
        probe: Any = _Probe(self.learn.opt.param_groups)
        self.loss_scaler.step(probe)
        self.loss_scaler.update()
        if not probe.finite:
            raise CancelStepException

    def _put_back(self) -> None:
        """Give the learner its model back where a batch was cancelled before the forward pass."""
        if isinstance(self.learn.model, _NextForward):
            self.learn.model = self.learn.model.model

    after_cancel_batch = after_epoch = after_fit = _put_back


class _NextForward:
    """Stands in a learner for its model until the next forward pass, which it runs in a precision.

    fastai has no event on either side of the forward pass alone. A context entered in one event
    and left in another would stay open, for everything in this thread, wherever the forward pass
    fails or is interrupted; a `with` cannot.
    """

    def __init__(self, learner: Learner, precision: Precision) -> None:
        self.learner, self.precision = learner, precision
        self.model: nn.Module = learner.model

    def __call__(self, *inputs: Any) -> Any:
        """Put the model back, and return what it predicts as float32."""
        self.learner.model = self.model
        with self.precision.training_forward(inputs[0].device):
            predictions = self.model(*inputs)
        return to_float(predictions)

    def __getattr__(self, name: str) -> Any:
        """Be the model to whoever looks between `before_batch` and the forward pass."""
        if name == "model":  # not there yet while being copied: do not look for it in itself
            raise AttributeError(name)
        return getattr(self.model, name)


class _Probe:
    """Stands for the optimizer before `GradScaler`, which steps where all gradients are finite.

    The step itself belongs to fastai, after the other callbacks have seen the gradients.
    """

    def __init__(self, param_groups: list[dict[str, Any]]) -> None:
        self.param_groups, self.finite = param_groups, False

    def step(self) -> None:
        """Note that the gradients are finite."""
        self.finite = True
