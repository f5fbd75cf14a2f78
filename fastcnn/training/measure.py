"""Which precision is the fastest for this model on this machine: a few real steps in each.

What holds for one network is wrong for another: depthwise convolutions train slower in bfloat16
than in float32 on processors where ordinary ones are four times as fast.
"""

import copy
import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import torch
from timm.layers import DropPath
from torch import Tensor, nn
from torch.amp import GradScaler

from fastcnn.data.images import out_of_resources
from fastcnn.models.groups import set_frozen_eval
from fastcnn.training.precision import PRECISIONS, Precision

TIMED_STEPS = 3
"""Their median counts. One step before them is not timed: it builds the kernels."""
CLEARLY_SLOWER = 1.5
"""A precision whose first timed step takes so many times the best is not tried further."""
TOLERANCES = {"loss": 0.1, "predictions": 0.5, "features": 0.1}
"""How far from fp32's a result may be, as a part of the size (Euclidean norm) of fp32's.

Nine networks in bfloat16, on eight photographs: loss 1 %, predictions of a random head 10 % (a
ResNet-50 of random weights 6 % and 32 %: BatchNorm over so few images magnifies what is rounded
away), features 3 % (EfficientNet-Lite0 7 %). Predictions that have nothing to do with fp32's are
about 100 % away, though their loss need not be.
"""
RATE = 0.0001
"""Learning rate of the trial: the weights move, yet a rounding error does not grow by it."""

Step = Callable[[], dict[str, Tensor]]
"""Does once what is timed, and returns its results by their names in `TOLERANCES`."""
Prepare = Callable[[Precision], Step]
"""Makes the step of a precision."""


@dataclass(frozen=True)
class Measurement:
    """How fast each precision is, and which one to use."""

    chosen: Precision
    """The fastest of those that compute the same as fp32; the last candidate if there is none."""
    images_per_second: Mapping[str, float]
    """By name; nothing where there was nothing to choose."""
    rejected: Mapping[str, str]
    """Why a precision is out of the question, by name."""
    is_remembered: bool = field(default=False, compare=False)
    """Whether it is what was found at an earlier time."""


@dataclass(frozen=True)
class _Trial:
    results: list[dict[str, Tensor]]
    """Of every step, float32, on the processor."""
    seconds: float
    """Of a step."""


def measure_training(
    model: nn.Module,
    loss_function: Callable[[Tensor, Tensor], Tensor],
    images: Tensor,
    targets: Tensor,
    candidates: Sequence[Precision],
    device: torch.device,
) -> Measurement:
    """Train copies of `model` for a few steps in each precision; the model itself is not touched.

    What is frozen stays frozen, and torch's global randomness is as before. A head that starts at
    zero predicts every class alike in any precision: the copies' last linear layer is random.

    Args:
        model: body and head, frozen as it will be trained.
        loss_function: mean loss of logits (N, n_classes), float32, and `targets`.
        images: (N, 3, H, W), float32, normalised; eight are enough.
        targets: what `loss_function` takes, of N images.
        candidates: what to choose from. One is chosen without measuring.
        device: where the training will run.

    Raises:
        RuntimeError: memory ran out. A candidate that fails for any other reason is rejected.
    """
    inputs, answers = _plain(images, device), _plain(targets, device)

    def prepare(precision: Precision) -> Step:
        network = _copy(model, precision, device).train()
        _make_comparable(network)
        optimizer = torch.optim.SGD([p for p in network.parameters() if p.requires_grad], lr=RATE)
        scaler = GradScaler(device.type, enabled=precision.dtype is torch.float16)

        def step() -> dict[str, Tensor]:
            optimizer.zero_grad()
            with precision.training_forward(device):
                predictions = network(precision.layout(inputs))
            loss = loss_function(predictions.float(), answers)
            scaler.scale(loss).backward()
            scaler.step(optimizer)
            scaler.update()
            return {"loss": loss, "predictions": predictions}

        return step

    with _own_randomness(device), torch.enable_grad():
        return _fastest(candidates, prepare, len(images))


def measure_inference(
    body: nn.Module, images: Tensor, candidates: Sequence[Precision], device: torch.device
) -> Measurement:
    """Let copies of `body` compute features in each precision; the body itself is not touched.

    Args:
        body: what makes features (N, …) of images.
        images, candidates, device: as for `measure_training`.

    Raises:
        RuntimeError: memory ran out. A candidate that fails for any other reason is rejected.
    """
    inputs = _plain(images, device)

    def prepare(precision: Precision) -> Step:
        network = _copy(body, precision, device).eval()

        def step() -> dict[str, Tensor]:
            with torch.inference_mode(), precision.autocast(device):
                return {"features": network(precision.layout(inputs))}

        return step

    with _own_randomness(device):
        return _fastest(candidates, prepare, len(images))


def _fastest(candidates: Sequence[Precision], prepare: Prepare, n_images: int) -> Measurement:
    """Try the candidates in order and take the fastest that computes the same as fp32."""
    if len(candidates) == 1:
        return Measurement(candidates[0], {}, {})
    trials: dict[str, _Trial] = {}
    rejected: dict[str, str] = {}
    for precision in candidates:
        best = min((trial.seconds for trial in trials.values()), default=math.inf)
        trial = _trial(precision, prepare, best * CLEARLY_SLOWER)
        if isinstance(trial, _Trial):
            trials[precision.name] = trial
        else:
            rejected[precision.name] = trial
    rejected |= _far_from_fp32(trials)
    sound = {name: trial for name, trial in trials.items() if name not in rejected}
    speed = {name: n_images / trial.seconds for name, trial in sound.items()}
    fastest = max(speed, key=speed.__getitem__, default=candidates[-1].name)
    return Measurement(PRECISIONS[fastest], speed, rejected)


def _trial(precision: Precision, prepare: Prepare, limit: float) -> _Trial | str:
    """Return the trial of a precision, or why it cannot be used."""
    try:
        trial = _timed(prepare(precision), limit)
    except Exception as error:  # kernels that are missing are told in many ways
        if out_of_resources(error):
            raise
        return f"not supported: {(str(error).splitlines() or [type(error).__name__])[0]}"
    return trial if _finite(trial.results[-1]) else "not finite"


def _timed(step: Step, limit: float) -> _Trial:
    """Run one step, then the timed ones, as long as there is a point in going on."""
    results, seconds = [_on_processor(step())], list[float]()
    while len(seconds) < TIMED_STEPS and _finite(results[-1]):
        started = time.perf_counter()
        results.append(_on_processor(step()))  # waits for what a graphics card still computes
        seconds.append(time.perf_counter() - started)
        if min(seconds) > limit:
            break
    return _Trial(results, median(seconds or [math.inf]))


def _on_processor(results: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {what: result.detach().float().cpu() for what, result in results.items()}


def _finite(results: Mapping[str, Tensor]) -> bool:
    return all(bool(result.isfinite().all()) for result in results.values())


def _far_from_fp32(trials: Mapping[str, _Trial]) -> dict[str, str]:
    """Return why those trials are to be rejected whose results are not those of fp32."""
    full = [name for name in ("fp32", "fp32 channels_last") if name in trials]
    if not full:
        return {}
    expected = trials[full[0]].results
    return {
        name: f"{what} {difference:.0%} away from fp32's"
        for name, trial in trials.items()
        for what, difference in _differences(trial.results, expected).items()
        if difference > TOLERANCES[what]
    }


def _differences(
    results: Sequence[Mapping[str, Tensor]], expected: Sequence[Mapping[str, Tensor]]
) -> dict[str, float]:
    """Return the largest difference after equally many steps, as a part of the expected size."""
    pairs = list(zip(results, expected, strict=False))  # one may have been tried further
    return {
        what: max(float((a[what] - b[what]).norm()) for a, b in pairs)
        / max(float(first.norm()), 1e-12)
        for what, first in expected[0].items()
    }


def _own_randomness(device: torch.device) -> AbstractContextManager[None]:
    return torch.random.fork_rng(devices=[device] if device.type == "cuda" else [])


def _plain(tensor: Any, device: torch.device) -> Tensor:
    """Take fastai's subclass off, whose bookkeeping would be timed too."""
    return torch.as_tensor(tensor).detach().as_subclass(Tensor).to(device)


def _copy(model: nn.Module, precision: Precision, device: torch.device) -> nn.Module:
    network = copy.deepcopy(model).to(device)
    precision.lay_out(network)
    return network


def _make_comparable(network: nn.Module) -> None:
    """Keep what is frozen frozen, make the head random, and let nothing be dropped at random."""
    set_frozen_eval(network)
    for module in network.modules():
        if isinstance(module, nn.Dropout | nn.Dropout2d | DropPath):
            module.eval()
    linears = [module for module in network.modules() if isinstance(module, nn.Linear)]
    for head in linears[-1:]:
        weight = torch.randn(head.weight.shape, generator=torch.Generator().manual_seed(0))
        with torch.no_grad():
            head.weight.copy_(weight / math.sqrt(head.in_features))
