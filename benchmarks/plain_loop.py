"""A plain PyTorch loop, as tutorials write it: `ImageFolder`, `DataLoader`, float32, one cycle."""

import time
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import ImageFolder

from fastcnn.models.architectures import bare_body, feature_shape, find_architecture
from fastcnn.models.heads import layout_of, make_head

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class LoopResult:
    """What a loop brought."""

    curve: list[tuple[float, float]]
    """Minutes since the start, and accuracy on the test part, after each epoch."""
    seconds: float
    """All of it, the scoring after the last epoch in."""


def network(arch: str, size: int, n_classes: int = 10) -> nn.Sequential:
    """Return one of fastcnn's networks whole, with random weights."""
    architecture = find_architecture(arch)
    layout = layout_of(feature_shape(architecture, size))
    return nn.Sequential(bare_body(architecture), make_head("linear", layout, n_classes))


def step_seconds(model: nn.Module, images: Tensor, targets: Tensor) -> float:
    """Time one step of the plain loop in float32."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    started = time.perf_counter()
    loss = nn.functional.cross_entropy(model(images), targets)
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    return time.perf_counter() - started


def train_plainly(
    folder: Path, arch: str, *, epochs: int, bs: int, lr: float, wd: float, seed: int
) -> LoopResult:
    """Train on `train/`, mirrored and cropped with a margin of 4, and score on `test/`.

    The decay is fastcnn's: `lr * wd` a step.
    """
    torch.manual_seed(seed)
    convert = [transforms.ToTensor(), transforms.Normalize(MEAN, STD)]
    vary = [transforms.RandomCrop(32, 4, padding_mode="reflect"), transforms.RandomHorizontalFlip()]
    train = ImageFolder(folder / "train", transforms.Compose([*vary, *convert]))
    test = ImageFolder(folder / "test", transforms.Compose(convert))
    loader = DataLoader(train, bs, shuffle=True, num_workers=2, drop_last=True)
    held_out = DataLoader(test, bs, num_workers=2)
    started, curve = time.perf_counter(), []
    model = network(arch, 32)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=wd)
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=epochs * len(loader))
    for _ in range(epochs):
        model.train()
        for images, targets in loader:
            loss = nn.functional.cross_entropy(model(images), targets, label_smoothing=0.1)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            cycle.step()
        minutes = (time.perf_counter() - started) / 60
        curve.append((minutes, accuracy_of(model, held_out)))
    return LoopResult(curve, time.perf_counter() - started)


@torch.no_grad()
def accuracy_of(model: nn.Module, loader: DataLoader[tuple[Tensor, Tensor]]) -> float:
    """Return the part of the pictures that is classified right."""
    model.eval()
    right = [(model(images).argmax(1) == targets).float() for images, targets in loader]
    return float(torch.cat(right).mean())
