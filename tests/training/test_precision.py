"""Precisions by name, and what each does to a model and its images."""

import pytest
import timm
import torch
from torch import nn

from fastcnn.errors import UsageError
from fastcnn.training.precision import PRECISIONS, candidates, stored

CPU, CUDA, MPS = (torch.device(name) for name in ("cpu", "cuda", "mps"))


def names(asked: str, device: torch.device) -> list[str]:
    return [precision.name for precision in candidates(asked, device)]


def test_auto_offers_what_the_device_computes_in_best_guess_first() -> None:
    assert names("auto", CPU) == ["bf16 channels_last", "fp32 channels_last", "fp32"]
    assert names("auto", MPS) == ["fp32"]
    on_cuda = names("auto", CUDA)
    assert on_cuda[0] == "fp16 channels_last"
    assert on_cuda[-2:] == ["fp32 channels_last", "fp32"]
    assert ("bf16 channels_last" in on_cuda) == torch.cuda.is_bf16_supported()


@pytest.mark.parametrize(
    ("asked", "device", "name"),
    [
        ("fp32", CPU, "fp32 channels_last"),
        ("fp32", CUDA, "fp32 channels_last"),
        ("fp32", MPS, "fp32"),
        ("bf16", CPU, "bf16 channels_last"),
        ("fp16", CUDA, "fp16 channels_last"),
        ("bf16 channels_last", CPU, "bf16 channels_last"),
    ],
)
def test_a_named_precision_is_the_only_candidate(
    asked: str, device: torch.device, name: str
) -> None:
    assert names(asked, device) == [name]


@pytest.mark.parametrize("device", [CPU, MPS])
@pytest.mark.parametrize("asked", ["fp16", "fp16 channels_last"])
def test_float16_is_for_cuda_alone(asked: str, device: torch.device) -> None:
    with pytest.raises(UsageError, match=f"--precision fp16 .* {device.type}") as refused:
        candidates(asked, device)
    assert "--precision auto" in refused.value.problems[0].hint


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean 'bf16 channels_last'"):
        candidates("bf16 channels_lost", CPU)


def test_what_a_run_has_kept_is_found_by_its_very_name() -> None:
    for name in ("fp32", "fp32 channels_last", "bf16 channels_last"):
        assert stored(name, CPU) is PRECISIONS[name]
    with pytest.raises(UsageError):
        stored("fp16 channels_last", CPU)


@pytest.mark.parametrize("name", PRECISIONS)
def test_laying_out_changes_neither_a_value_nor_a_dtype_nor_an_object(name: str) -> None:
    model = timm.create_model("test_resnet")
    before = {key: value.clone() for key, value in model.state_dict().items()}
    parameters = list(model.parameters())
    PRECISIONS[name].lay_out(model)
    after = model.state_dict()
    assert all(torch.equal(before[key], after[key]) for key in before)
    assert all(before[key].dtype is after[key].dtype for key in before)
    assert all(a is b for a, b in zip(parameters, model.parameters(), strict=True))


def test_a_layout_can_be_changed_and_changed_back() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    images = torch.rand(2, 3, 5, 5)
    for name in ("fp32 channels_last", "fp32", "bf16 channels_last"):
        precision = PRECISIONS[name]
        precision.lay_out(model)
        laid_out = precision.layout(images)
        for tensor in (model[0].weight, laid_out):
            last = tensor.is_contiguous(memory_format=torch.channels_last)
            assert (last, tensor.is_contiguous()) == (precision.channels_last, not last)
        assert torch.equal(laid_out, images)


def test_features_need_no_layout() -> None:
    features = torch.rand(4, 7)
    assert PRECISIONS["bf16 channels_last"].layout(features) is features


@pytest.mark.parametrize("name", PRECISIONS)
def test_autocast_computes_in_the_format_and_ends_with_its_block(name: str) -> None:
    layer, features = nn.Linear(7, 3), torch.rand(4, 7)
    with PRECISIONS[name].autocast(CPU):
        assert layer(features).dtype is PRECISIONS[name].dtype
    assert layer(features).dtype is torch.float32
