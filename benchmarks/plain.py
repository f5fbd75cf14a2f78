"""The plain way: fastai as its documentation writes it, on images, split and body given to it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import fastai.callback.progress  # gives a Learner its bar, and `no_bar`
import fastai.callback.schedule  # noqa: F401  gives it `fit_one_cycle` and `fine_tune`
import timm
import torch
from fastai.data.block import CategoryBlock, DataBlock
from fastai.data.core import DataLoaders
from fastai.data.transforms import Normalize, RandomSplitter
from fastai.learner import Learner
from fastai.metrics import accuracy
from fastai.vision import models
from fastai.vision.augment import Resize, aug_transforms
from fastai.vision.data import ImageBlock
from fastai.vision.learner import vision_learner
from torch import nn

from fastcnn.models.architectures import bare_body, find_architecture, torchvision_network
from fastcnn.models.state_file import load_body
from fastcnn.models.weights import Weights, find_weights
from fastcnn.narrator import Narrator

LITE = "tf_efficientnet_lite0"
BODIES = ("resnet18", "resnet50", LITE)
"""What is measured; only the last one's weights are packaged."""


@dataclass(frozen=True)
class PlainResult:
    """What a plain training brought."""

    seconds: float
    """From the learner built to the last validation done."""
    accuracy: float
    """Of the last epoch, on the held-out fifth."""


def breed(path: Path) -> str:
    """Read the label from a file name."""
    return path.stem.rsplit("_", 1)[0]


def plain_learner(
    paths: Sequence[Path], weights: Weights, seed: int, size: int = 224, bs: int = 32
) -> Learner:
    """Return `vision_learner` with its default head; the weights are those that fastcnn uses."""
    architecture = weights.architecture
    torch.manual_seed(seed)
    learner = vision_learner(
        plain_loaders(paths, weights, seed, size, bs),
        architecture.name if architecture.library == "timm" else getattr(models, architecture.name),
        pretrained=False,
        metrics=accuracy,
    )
    load_body(learner.model[0], weights.state(), architecture)
    return learner


def plain_loaders(
    paths: Sequence[Path], weights: Weights, seed: int, size: int, bs: int
) -> DataLoaders:
    """Return fastai's loaders with its default number of workers."""
    block = DataBlock(
        blocks=(ImageBlock, CategoryBlock),
        get_items=lambda _: list(paths),
        get_y=breed,
        splitter=RandomSplitter(0.2, seed=seed),
        item_tfms=Resize(size),
        batch_tfms=[
            *aug_transforms(),
            Normalize.from_stats(weights.architecture.mean, weights.architecture.std, cuda=False),
        ],
    )
    return block.dataloaders(paths[0].parent, bs=bs)


def plain_frozen(learner: Learner, epochs: int) -> PlainResult:
    """Train the head: `freeze` and `fit_one_cycle`."""
    learner.freeze()
    return _timed(learner, lambda: learner.fit_one_cycle(epochs))


def plain_fine_tune(learner: Learner, epochs: int, freeze_epochs: int = 1) -> PlainResult:
    """Train everything: `fine_tune`, or its second half alone where no epoch is frozen."""
    if freeze_epochs:
        return _timed(learner, lambda: learner.fine_tune(epochs, freeze_epochs=freeze_epochs))
    learner.unfreeze()
    return _timed(learner, lambda: learner.fit_one_cycle(epochs, slice(1e-5, 1e-3)))


def _timed(learner: Learner, fit: Callable[[], None]) -> PlainResult:
    with learner.no_bar(), learner.no_logging():
        started = time.perf_counter()
        fit()
        seconds = time.perf_counter() - started
    return PlainResult(seconds, float(learner.recorder.values[-1][-1]))


def random_weights(arch: str, folder: Path) -> Path:
    """Write a state dict of random weights: the resnets' own are not packaged with anything."""
    architecture = find_architecture(arch)
    torch.manual_seed(0)
    network = (
        torchvision_network(architecture)
        if architecture.is_torchvision
        else timm.create_model(arch, pretrained=False)
    )
    path = folder / f"{arch}.pth"
    torch.save(network.state_dict(), path)
    return path


def found_weights(arch: str, file: Path | None) -> Weights:
    """Return the weights that a run of fastcnn would start from."""
    return find_weights(
        arch, str(file) if file else None, arch_was_named=True, narrator=Narrator(quiet=True)
    )


def loaded_body(weights: Weights) -> nn.Module:
    """Return the bare body of the weights' architecture, holding them."""
    body = bare_body(weights.architecture)
    load_body(body, weights.state(), weights.architecture)
    return body
