"""How far the engine is from what the machine can do, and whether it still does the same thing."""

import time
from collections.abc import Callable
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from fastai.losses import CrossEntropyLossFlat
from plain import BODIES, LITE, found_weights, loaded_body, plain_loaders, random_weights
from torch import Tensor, nn

from fastcnn.models.architectures import feature_shape
from fastcnn.models.folding import folded
from fastcnn.models.heads import layout_of, make_head
from fastcnn.training.kept_memory import memory_kept
from fastcnn.training.measure import Measurement, measure_inference, measure_training
from fastcnn.training.precision import PRECISIONS, candidates

STEPS, BATCH = 10, 16
REPEATS = 3
MATRIX = 2048


def roof(data: Path, work: Path) -> dict[str, Any]:
    """Take the speed of the models alone, in every precision, and of a dense matrix product."""
    images = torch.rand(8, 3, 224, 224)
    targets = torch.arange(8)
    found: dict[str, Any] = {"product": {}, "models": {}}
    for dtype in (torch.float32, torch.bfloat16):
        found["product"][str(dtype)] = product_speed(dtype)
    for arch in BODIES:
        with memory_kept():
            found["models"][arch] = model_speeds(arch, images, targets, work)
    return found


def model_speeds(arch: str, images: Tensor, targets: Tensor, work: Path) -> dict[str, Any]:
    """Return images a second of a body alone, of its folded copy, and of steps of training."""
    weights = found_weights(arch, None if arch == LITE else random_weights(arch, work))
    body = loaded_body(weights)
    model = nn.Sequential(body, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.LazyLinear(37))
    model(images)
    works: dict[str, Callable[..., Measurement]] = {
        "inference": partial(measure_inference, body, images),
        "inference, BatchNorm folded": partial(measure_inference, folded(body, images), images),
        "training": partial(measure_training, model, CrossEntropyLossFlat(), images, targets),
    }
    return {work: speeds(measure) for work, measure in works.items()}


def speeds(measure: Callable[..., Measurement]) -> dict[str, float]:
    """Return images a second in each precision, the best of a few measurements of it alone.

    Beside nothing but itself no precision is given up as slower or as far from fp32, as happens
    to random weights.
    """
    found = {}
    cpu = torch.device("cpu")
    for precision in candidates("auto", cpu):
        taken = [measure((precision, precision), cpu) for _ in range(REPEATS)]
        found[precision.name] = max(one.images_per_second[precision.name] for one in taken)
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
    """Compare the loss of the same steps on the same batches, plain and in our precisions.

    The head is fastcnn's: one that drops at random would show its own luck.
    """
    paths, lite = sorted(data.glob("*.jpg")), found_weights(LITE, None)
    loader = plain_loaders(paths, lite, seed=42, size=224, bs=BATCH).train
    batches = [(Tensor(x), y.as_subclass(Tensor)) for x, y in islice(loader, STEPS)]
    found: dict[str, Any] = {}
    for arch in BODIES[:2]:
        weights = found_weights(arch, random_weights(arch, work))
        layout = layout_of(feature_shape(weights.architecture, 224))
        model = nn.Sequential(loaded_body(weights), make_head("linear", layout, n_classes=37))
        start = {name: tensor.clone() for name, tensor in model.state_dict().items()}
        found[arch] = {}
        for name in PRECISIONS:
            if name.startswith(("fp32", "bf16")):
                model.load_state_dict(start)
                found[arch][name] = steps(model, batches, name)
    return found


def steps(model: nn.Module, batches: list[tuple[Tensor, Tensor]], precision: str) -> list[float]:
    """Return the loss of each of a few SGD steps."""
    chosen, cpu = PRECISIONS[precision], torch.device("cpu")
    chosen.lay_out(model)
    model.train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    losses = []
    for images, targets in batches:
        with chosen.training_forward(cpu):
            output = model(chosen.layout(images))
        loss = nn.functional.cross_entropy(output.float(), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss))
    return losses
