"""Steps with torch's own gradients of convolutions, in bfloat16 and float32, and with ours."""

import statistics
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import torch
from plain import LITE
from plain_loop import network
from torch import nn

from fastcnn.training.kept_memory import memory_kept
from fastcnn.training.precision import PRECISIONS

NETWORKS = {
    "sprint": (256, 32),
    "sprint:filters=64-128-256,activation=relu": (256, 32),
    "resnet18": (32, 224),
    "resnet50": (32, 224),
    LITE: (32, 224),
    "convnext_atto": (32, 224),
}
"""Images in a batch, and their side in pixels."""
REPEATS = 7
PRECISION = PRECISIONS["bf16 channels_last"]
Forward = Callable[[torch.device], AbstractContextManager[object]]
WAYS: dict[str, Forward] = {
    "float32": PRECISIONS["fp32 channels_last"].autocast,
    "torch": PRECISION.autocast,
    "fastcnn": PRECISION.training_forward,
}


def gradients(shared: Path, work: Path) -> dict[str, Any]:
    """Time steps of whole networks in turns, on batches in memory: images a second of each way."""
    with memory_kept():
        return {arch: _speeds(arch, *of) for arch, of in NETWORKS.items()}


def _speeds(arch: str, n_images: int, size: int) -> dict[str, float]:
    model = network(arch, size).train()
    PRECISION.lay_out(model)
    images = PRECISION.layout(torch.randn(n_images, 3, size, size))
    targets = torch.arange(n_images) % 10
    times: dict[str, list[float]] = {name: [] for name in WAYS}
    for repeat in range(REPEATS + 1):
        for name, forward in WAYS.items():
            taken = _step_seconds(model, images, targets, forward)
            if repeat:  # the first one sets up
                times[name].append(taken)
    return {name: n_images / statistics.median(each) for name, each in times.items()}


def _step_seconds(
    model: nn.Module, images: torch.Tensor, targets: torch.Tensor, forward: Forward
) -> float:
    started = time.perf_counter()
    model.zero_grad()
    with forward(torch.device("cpu")):
        predictions = model(images)
    loss: torch.Tensor = nn.functional.cross_entropy(predictions.float(), targets)
    loss.backward()  # type: ignore[no-untyped-call]
    return time.perf_counter() - started
