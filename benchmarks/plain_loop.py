"""A plain PyTorch loop, as tutorials write it: `ImageFolder`, `DataLoader`, float32, one cycle."""

import time
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Subset
from torchvision import transforms
from torchvision.datasets import ImageFolder

from fastcnn.models.architectures import bare_body, feature_shape, find_architecture
from fastcnn.models.heads import layout_of, make_head

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class LoopResult:
    """What a loop brought."""

    curve: list[tuple[float, float]]
    """Minutes since the start, and accuracy on held-out images, after each epoch."""
    accuracy: float
    """On the test part, at the end."""
    seconds: float
    """Of the training and of scoring the held-out images; the test part is not in it."""


def network(arch: str, size: int, n_classes: int = 10) -> nn.Sequential:
    """Return one of fastcnn's networks whole, with random weights."""
    architecture = find_architecture(arch)
    layout = layout_of(feature_shape(architecture, size))
    return nn.Sequential(bare_body(architecture), make_head("linear", layout, n_classes))


class PlainSteps:
    """The plain loop's steps in float32, on a batch in memory."""

    def __init__(self, model: nn.Module) -> None:
        """Train `model`."""
        self.model, self.optimizer = model, torch.optim.AdamW(model.parameters(), lr=1e-3)

    def seconds(self, images: Tensor, targets: Tensor, n_steps: int) -> float:
        """Return the seconds of a step, the mean of a few."""
        started = time.perf_counter()
        for _ in range(n_steps):
            loss = nn.functional.cross_entropy(self.model(images), targets)
            loss.backward()
            self.optimizer.step()
            self.optimizer.zero_grad()
        return (time.perf_counter() - started) / n_steps


def train_plainly(
    folder: Path, arch: str, *, epochs: int, bs: int, lr: float, wd: float, seed: int
) -> LoopResult:
    """Train on `train/`, mirrored and cropped with a margin of 4, and score on `test/` once.

    A fiftieth of `train/` is held out, as in fastcnn's runs. The decay is fastcnn's: `lr * wd` a
    step.
    """
    torch.manual_seed(seed)
    convert = [transforms.ToTensor(), transforms.Normalize(MEAN, STD)]
    vary = [transforms.RandomCrop(32, 4, padding_mode="reflect"), transforms.RandomHorizontalFlip()]
    varied = ImageFolder(folder / "train", transforms.Compose([*vary, *convert]))
    plain = ImageFolder(folder / "train", transforms.Compose(convert))
    test = ImageFolder(folder / "test", transforms.Compose(convert))
    order = torch.randperm(len(varied)).tolist()
    n_held_out = len(order) // 50
    loader = DataLoader(
        Subset(varied, order[n_held_out:]), bs, shuffle=True, num_workers=2, drop_last=True
    )
    held_out = DataLoader(Subset(plain, order[:n_held_out]), bs)
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
        accuracy = accuracy_of(model, held_out)
        curve.append(((time.perf_counter() - started) / 60, accuracy))
    seconds = time.perf_counter() - started
    return LoopResult(curve, accuracy_of(model, DataLoader(test, bs, num_workers=2)), seconds)


@torch.no_grad()
def accuracy_of(model: nn.Module, loader: DataLoader[tuple[Tensor, Tensor]]) -> float:
    """Return the part of the pictures that is classified right."""
    model.eval()
    right = [(model(images).argmax(1) == targets).float() for images, targets in loader]
    return float(torch.cat(right).mean())
