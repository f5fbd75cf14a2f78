"""Which precision is chosen, and that measuring leaves no trace."""

import copy
import random
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import timm
import torch
from torch import Tensor, nn

from fastcnn.models.groups import set_frozen_eval
from fastcnn.training.measure import Measurement, measure_inference, measure_training
from fastcnn.training.precision import PRECISIONS, Precision, candidates

CPU = torch.device("cpu")
AUTO = candidates("auto", CPU)
IMAGES = torch.randn(8, 3, 16, 16, generator=torch.Generator().manual_seed(1))
TARGETS = torch.arange(8) % 3


class Middle(nn.Module):
    """Stands between two layers and does what a test says."""

    def __init__(self, do: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.do = do

    def forward(self, features: Tensor) -> Tensor:
        return self.do(features)


def network(do: Callable[[Tensor], Tensor] = torch.relu) -> nn.Sequential:
    torch.manual_seed(0)
    body = nn.Sequential(nn.Conv2d(3, 8, 3, stride=2), nn.BatchNorm2d(8), nn.ReLU(), Middle(do))
    return nn.Sequential(body, nn.Sequential(nn.Flatten(), nn.Linear(8 * 49, 3)))


def training(model: nn.Module, among: tuple[Precision, ...] = AUTO) -> Measurement:
    return measure_training(model, nn.functional.cross_entropy, IMAGES, TARGETS, among, CPU)


def inference(model: nn.Module, among: tuple[Precision, ...] = AUTO) -> Measurement:
    return measure_inference(model, IMAGES, among, CPU)


both = pytest.mark.parametrize("measure", [training, inference])


def in_bf16() -> bool:
    return torch.is_autocast_enabled("cpu")


SLOW = 0.25
"""Seconds that are long beside a step here, also where other programs hold it up."""


def slow_in_bf16(features: Tensor) -> Tensor:
    time.sleep(SLOW if in_bf16() else 0)
    return features


def slow_in_fp32(features: Tensor) -> Tensor:
    time.sleep(0 if in_bf16() else SLOW)
    return features


@both
def test_the_fastest_is_chosen(measure: Callable[..., Measurement]) -> None:
    low = measure(network(slow_in_fp32))
    assert low.chosen.name == "bf16 channels_last"
    full = measure(network(slow_in_bf16))
    assert full.chosen.dtype is torch.float32
    for found in (low, full):
        assert set(found.images_per_second) == {precision.name for precision in AUTO}
        assert found.rejected == {}
        assert found.images_per_second[found.chosen.name] == max(found.images_per_second.values())
    assert full.images_per_second["bf16 channels_last"] < 8 / SLOW


@both
def test_what_is_clearly_slower_is_not_continued(measure: Callable[..., Measurement]) -> None:
    passes: list[bool] = []

    def count(features: Tensor) -> Tensor:
        passes.append(in_bf16())
        return slow_in_fp32(features)

    measure(network(count))
    assert passes == [True] * 4 + [False] * 4  # one to warm up and one timed, for each layout


@both
def test_a_single_candidate_is_chosen_without_a_step(measure: Callable[..., Measurement]) -> None:
    def fail(features: Tensor) -> Tensor:
        raise RuntimeError("was run")

    only = candidates("bf16", CPU)
    assert measure(network(fail), only) == Measurement(only[0], {}, {})


def log_of_the_rest(features: Tensor) -> Tensor:
    """0.999 is 1 in bfloat16, and the logarithm of what is left of 1 is not finite."""
    weight = torch.full((features.shape[-1], features.shape[-1]), 1 / features.shape[-1])
    ones = nn.functional.linear(torch.full_like(features, 0.999), weight)
    return features + torch.log(1 - ones.float())


def cancelled(features: Tensor) -> Tensor:
    """What is small beside 1000 is lost in bfloat16."""
    eye = torch.eye(features.shape[-1])
    return nn.functional.linear(features + 1000, eye) - 1000


@both
@pytest.mark.parametrize(
    ("do", "why"), [(log_of_the_rest, "not finite"), (cancelled, "away from fp32's")]
)
def test_what_computes_something_else_is_rejected(
    measure: Callable[..., Measurement], do: Any, why: str
) -> None:
    found = measure(network(do))
    assert found.chosen.dtype is torch.float32
    assert set(found.rejected) == {"bf16 channels_last"}
    assert why in found.rejected["bf16 channels_last"]
    assert set(found.images_per_second) == {"fp32", "fp32 channels_last"}


@both
def test_a_layout_that_the_model_cannot_take_is_rejected(
    measure: Callable[..., Measurement],
) -> None:
    found = measure(network(lambda features: features.view(8, -1)))
    assert found.chosen is PRECISIONS["fp32"]
    assert set(found.rejected) == {"bf16 channels_last", "fp32 channels_last"}
    assert all(why.startswith("not supported: view size") for why in found.rejected.values())


@both
def test_where_nothing_works_the_last_is_chosen_and_will_tell(
    measure: Callable[..., Measurement],
) -> None:
    found = measure(network(lambda features: features * torch.nan))
    assert found.chosen is AUTO[-1]
    assert found.images_per_second == {} and len(found.rejected) == 3


@both
def test_a_lack_of_memory_is_told_to_the_caller(measure: Callable[..., Measurement]) -> None:
    with pytest.raises(RuntimeError, match="can't allocate memory"):
        measure(network(lambda features: torch.empty(1 << 60)))


def randomness() -> list[Any]:
    return [torch.get_rng_state().tolist(), random.getstate(), np.random.get_state()[1].tolist()]


@pytest.mark.parametrize("mode", [True, False])
def test_measuring_leaves_model_and_randomness_as_they_were(mode: bool) -> None:
    model = nn.Sequential(timm.create_model("test_resnet", num_classes=3), nn.Dropout())
    model.train(mode)
    nn.functional.cross_entropy(model(IMAGES), TARGETS).backward()
    before, random_before = copy.deepcopy(model.state_dict()), randomness()
    grads = [parameter.grad.clone() for parameter in model.parameters()]
    training(model), inference(model)
    assert randomness() == random_before
    after = model.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert all(before[name].stride() == after[name].stride() for name in before)
    assert all(torch.equal(p.grad, g) for p, g in zip(model.parameters(), grads, strict=True))
    assert all(module.training == mode for module in model.modules())


def test_what_is_frozen_is_frozen_in_the_copies() -> None:
    model, seen = network(), []
    model[0].requires_grad_(False)
    set_frozen_eval(model)
    model[0].register_forward_hook(
        lambda module, inputs, output: seen.append((module.training, output.requires_grad))
    )
    training(model)
    assert set(seen) == {(False, False)}


def test_a_head_at_zero_hides_no_difference() -> None:
    model = network(cancelled)
    nn.init.zeros_(model[1][-1].weight)
    assert "bf16 channels_last" in training(model).rejected
    assert not model[1][-1].weight.any()


def test_dropout_does_not_look_like_a_difference() -> None:
    model = network(nn.Dropout(0.9))
    assert training(model).rejected == {}


def test_loss_scaling_is_measured_with_it() -> None:
    among = (PRECISIONS["fp16 channels_last"], PRECISIONS["fp32"])
    found = training(network(), among)
    assert set(found.images_per_second) == {precision.name for precision in among}
