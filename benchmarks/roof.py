"""How far the engine is from what the machine can do, and whether it still does the same thing."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from fastai.losses import CrossEntropyLossFlat
from plain import found_weights, plain_learner, random_weights
from torch import Tensor, nn

from fastcnn.models.architectures import bare_body
from fastcnn.training.measure import measure_inference, measure_training
from fastcnn.training.precision import candidates

ARCHITECTURES = ("resnet18", "resnet50", "tf_efficientnet_lite0")
STEPS = 10
MATRIX = 2048


def roof(data: Path, work: Path) -> dict[str, Any]:
    """Take the speed of the models alone, in every precision, and of a dense matrix product."""
    cpu = torch.device("cpu")
    images = torch.rand(8, 3, 224, 224)
    targets = torch.arange(8)
    found: dict[str, Any] = {"product": {}, "models": {}}
    for dtype in (torch.float32, torch.bfloat16):
        found["product"][str(dtype)] = product_speed(dtype)
    for arch in ARCHITECTURES:
        body = bare_body(found_weights(arch, random_weights(arch, work)).architecture)
        model = nn.Sequential(body, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.LazyLinear(37))
        model(images)
        among = candidates("auto", cpu)
        inference = measure_inference(body, images, among, cpu)
        training = measure_training(model, CrossEntropyLossFlat(), images, targets, among, cpu)
        found["models"][arch] = {
            "inference": dict(inference.images_per_second),
            "training": dict(training.images_per_second),
        }
    return found


def product_speed(dtype: torch.dtype) -> float:
    """Return the TFLOP/s of a dense matrix product."""
    left, right = (torch.rand(MATRIX, MATRIX).to(dtype) for _ in range(2))
    return 2 * MATRIX**3 / best(lambda: left @ right) / 1e12


def best(work: Callable[[], Any], repeats: int = 7) -> float:
    """Return the fewest seconds that `work` took: the roof is what nothing else disturbed."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times)


def agreement(data: Path, work: Path) -> dict[str, Any]:
    """Compare the loss after the same steps on the same batches, plain and in our precision."""
    paths = sorted(data.glob("*.jpg"))
    found: dict[str, Any] = {}
    for arch in ARCHITECTURES[:2]:
        weights = found_weights(arch, random_weights(arch, work))
        learner = plain_learner(paths, weights, seed=42)
        batches = [learner.dls.one_batch() for _ in range(STEPS)]
        images = [(torch.Tensor(x), torch.Tensor(y).long()) for x, y in batches]
        start = {name: tensor.clone() for name, tensor in learner.model.state_dict().items()}
        losses = {}
        for name in ("fp32", "bf16 channels_last", "fp32 channels_last"):
            learner.model.load_state_dict(start)
            losses[name] = steps(learner.model, images, name)
        found[arch] = losses
    return found


def steps(model: nn.Module, batches: list[tuple[Tensor, Tensor]], precision: str) -> list[float]:
    """Return the loss of each of a few SGD steps."""
    from fastcnn.training.precision import PRECISIONS

    chosen, cpu = PRECISIONS[precision], torch.device("cpu")
    chosen.lay_out(model)
    torch.manual_seed(0)
    model.train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.005)
    losses = []
    for images, targets in batches:
        with chosen.autocast(cpu):
            output = model(chosen.layout(images))
        loss = nn.functional.cross_entropy(output.float(), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss))
    return losses
