"""Fits in a precision by fastai's own loop, together with fastai's other callbacks."""

import copy
from typing import Any

import pytest
import torch
from fastai.callback.core import (
    Callback,
    CancelBatchException,
    CancelEpochException,
    CancelFitException,
    CancelTrainException,
    TrainEvalCallback,
)
from fastai.callback.mixup import CutMix, MixUp
from fastai.callback.training import GradientAccumulation, GradientClip
from fastai.data.core import DataLoaders
from fastai.data.load import DataLoader
from fastai.learner import Learner
from fastai.losses import CrossEntropyLossFlat
from fastai.optimizer import SGD
from torch import Tensor, nn

from fastcnn.training.callbacks import FrozenStaysFrozen
from fastcnn.training.mixed_precision import InPrecision
from fastcnn.training.precision import PRECISIONS

N_CLASSES = 3
LOW = ("bf16 channels_last", "fp16 channels_last")


def network() -> nn.Sequential:
    """A body of two convolutions and a head."""
    torch.manual_seed(0)
    body = nn.Sequential(
        *(nn.Conv2d(3, 16, 3, stride=2), nn.BatchNorm2d(16), nn.ReLU()),
        *(nn.Conv2d(16, 16, 3, stride=2), nn.BatchNorm2d(16), nn.ReLU()),
    )
    head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, N_CLASSES))
    return nn.Sequential(body, head)


def loaders(images: bool = True) -> DataLoaders:
    """Noise with a tint that tells the class, or features that tell it."""
    generator = torch.Generator().manual_seed(0)
    targets = torch.arange(48) % N_CLASSES
    tint = torch.eye(N_CLASSES)[targets]
    inputs = torch.randn(48, 3, 16, 16, generator=generator) + tint[:, :, None, None]
    pairs = list(zip(inputs if images else tint, targets, strict=True))
    return DataLoaders(DataLoader(pairs, bs=16), DataLoader(pairs, bs=16))


def learner(model: nn.Module, images: bool = True, loss: Any = None) -> Learner:
    loss = loss or CrossEntropyLossFlat()
    made = Learner(loaders(images), model, loss_func=loss, lr=0.1, opt_func=SGD, train_bn=False)
    made.logger = lambda row: None
    return made


def fitted(precision: str, *callbacks: Callback, epochs: int = 3) -> Learner:
    made = learner(network())
    torch.manual_seed(0)
    with made.no_bar():
        made.fit(epochs, cbs=[*callbacks, InPrecision(PRECISIONS[precision])])
    return made


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_fit_learns_and_ends_near_that_in_float32(precision: str) -> None:
    made = fitted(precision)
    first, last = made.recorder.values[0], made.recorder.values[-1]
    assert last[1] < 0.7 < first[0]
    assert list(last) == pytest.approx(list(fitted("fp32").recorder.values[-1]), rel=0.05)
    assert all(parameter.dtype is torch.float32 for parameter in made.model.parameters())
    assert isinstance(made.model, nn.Sequential)
    assert not torch.is_autocast_enabled("cpu")


class Watch(Callback):
    """Notes what the convolutions compute in, and what the loss is computed of."""

    order = InPrecision.order + 5

    def __init__(self, model: nn.Sequential) -> None:
        super().__init__()
        self.inside: set[tuple[bool, torch.dtype, bool]] = set()
        self.outside: set[tuple[bool, torch.dtype, bool]] = set()
        model[0][0].register_forward_hook(self.note)

    def note(self, module: nn.Module, inputs: Any, output: Tensor) -> None:
        last = output.is_contiguous(memory_format=torch.channels_last)
        self.inside.add((module.training, output.dtype, last))

    def after_pred(self) -> None:
        context = torch.is_autocast_enabled("cpu")
        self.outside.add((self.learn.training, self.learn.pred.dtype, context))


@pytest.mark.parametrize("precision", LOW)
def test_the_forward_pass_alone_is_low_in_training_and_validation(precision: str) -> None:
    made = learner(network())
    watch = Watch(made.model)
    with made.no_bar():
        made.fit(1, cbs=[watch, InPrecision(PRECISIONS[precision])])
    dtype = PRECISIONS[precision].dtype
    assert watch.inside == {(True, dtype, True), (False, dtype, True)}
    assert watch.outside == {(True, torch.float32, False), (False, torch.float32, False)}


def test_a_frozen_body_builds_no_graph_and_does_not_move() -> None:
    made = learner(network())
    made.model[0].requires_grad_(False)
    before = copy.deepcopy(made.model[0].state_dict())
    graphs: list[bool] = []
    made.model[0].register_forward_hook(lambda m, i, output: graphs.append(output.requires_grad))
    with made.no_bar():
        made.fit(1, cbs=[FrozenStaysFrozen(), InPrecision(PRECISIONS["bf16 channels_last"])])
    assert set(graphs) == {False}
    after = made.model[0].state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


@pytest.mark.parametrize("precision", LOW)
def test_cached_features_are_learned_from(precision: str) -> None:
    made = learner(nn.Linear(3, N_CLASSES), images=False)
    with made.no_bar():
        made.fit(10, cbs=InPrecision(PRECISIONS[precision]))
    assert made.recorder.values[-1][1] < 0.8


@pytest.mark.parametrize("precision", LOW)
@pytest.mark.parametrize(
    "others",
    [
        lambda: [MixUp(), GradientClip(0.1)],
        lambda: [CutMix()],
        lambda: [GradientAccumulation(32), GradientClip(0.1)],
    ],
)
def test_other_callbacks_do_as_they_do_in_float32(precision: str, others: Any) -> None:
    expected = fitted("fp32", *others())
    made = fitted(precision, *others())
    assert list(made.recorder.values[-1]) == pytest.approx(
        list(expected.recorder.values[-1]), rel=0.05
    )
    moved = [a - b for a, b in zip(made.model.parameters(), network().parameters(), strict=True)]
    wanted = [
        a - b for a, b in zip(expected.model.parameters(), network().parameters(), strict=True)
    ]
    apart = torch.cat([(a - b).flatten() for a, b in zip(moved, wanted, strict=True)])
    assert apart.norm() < 0.2 * torch.cat([w.flatten() for w in wanted]).norm()


def test_a_step_with_gradients_beyond_float16_is_left_out_and_the_scale_falls() -> None:
    loss = CrossEntropyLossFlat()
    made = learner(network(), loss=lambda pred, target: 1000 * loss(pred, target))
    in_precision = InPrecision(PRECISIONS["fp16 channels_last"])
    seen: list[tuple[bool, float]] = []
    weight = made.model[1][-1].weight
    before = weight.detach().clone()

    class Note(Callback):
        def after_batch(self) -> None:
            if self.learn.training:
                still = torch.equal(before, weight)
                seen.append((still, in_precision.loss_scaler.get_scale()))

    with made.no_bar():
        made.fit(5, lr=1e-4, cbs=[Note(), in_precision])
    assert seen[0] == (True, 2.0**15)
    still, scale = seen[-1]
    assert not still and scale < 2.0**15
    assert all(parameter.isfinite().all() for parameter in made.model.parameters())


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_a_forward_pass_that_fails_leaves_nothing_behind(error: type[BaseException]) -> None:
    made = learner(network())
    model = made.model

    def fail(*_: object) -> None:
        raise error("stopped")

    model[0][0].register_forward_hook(fail)
    with made.no_bar(), pytest.raises(error):
        made.fit(1, cbs=InPrecision(PRECISIONS["bf16 channels_last"]))
    assert not torch.is_autocast_enabled("cpu")
    assert made.model is model


class Refuse(Callback):
    """Ends batches before their forward pass, after `InPrecision` has made ready for it."""

    order, run_valid = InPrecision.order + 5, False

    def __init__(self, how: type[Exception]) -> None:
        super().__init__()
        self.how = how

    def before_batch(self) -> None:
        raise self.how


@pytest.mark.parametrize(
    "how", [CancelBatchException, CancelTrainException, CancelEpochException, CancelFitException]
)
def test_a_cancelled_batch_leaves_the_model_in_its_place(how: type[Exception]) -> None:
    model = network()  # the default callbacks cannot do without a single batch
    loss = CrossEntropyLossFlat()
    made = Learner(loaders(), model, loss_func=loss, default_cbs=False, cbs=TrainEvalCallback)
    low = InPrecision(PRECISIONS["bf16 channels_last"])
    made.fit(2, cbs=[Refuse(how), low])
    assert made.model is model and not torch.is_autocast_enabled("cpu")
    made.fit(1, cbs=low)
