"""Where a network looked: Grad-CAM, a map of the places that speak for a class.

Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based
Localization", arXiv 1610.02391. Of the last feature map each channel is weighted by how much the
score of the class grows with it, and what speaks for the class is left. Behind average pooling
and one linear layer that is the class activation map of Zhou et al., arXiv 1512.04150.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from fastai.learner import Learner
from torch import Tensor, nn

from fastcnn.analysis.feature_map import MapLayer, evaluating, find_map_layer
from fastcnn.inference.predictor import Predictor, open_trusted

Picture = npt.NDArray[np.uint8]
"""What the network saw, (H, W, 3), 0 to 255."""
Heat = npt.NDArray[np.float32]
"""What in it speaks for a class, (H, W), 0 to 1."""

BATCH = 16
"""Pictures that go through the network at a time."""


def grad_cam(
    model: nn.Module, images: Tensor, classes: Tensor, layer: MapLayer | None = None
) -> Tensor:
    """Return what speaks for a class in each image, (N, H, W) float32, 0 to 1.

    The brightest place of an image is 1; where nothing speaks for the class, all of it is 0.
    The gradient begins at the feature map, so a frozen body is as good as any. Parameters, their
    gradients and the modes of the modules are left as they were.

    Args:
        model: from images to one logit a class, (N, classes); `Sequential(body, head)`, say.
        images: (N, 3, H, W), float, normalised as the model takes them, on its device.
        classes: the number of the class to explain of each image, (N,) int64.
        layer: where to look; None lets `find_map_layer` choose.

    Raises:
        ValueError: no layer of the model has places.
    """
    images, classes = images.as_subclass(Tensor), classes.as_subclass(Tensor).to(images.device)
    if not len(images):
        return torch.zeros(images.shape[0], *images.shape[2:])
    with evaluating(model):
        layer = layer or find_map_layer(model, images[:1], classes[:1])
        parts = zip(images.split(BATCH), classes.split(BATCH), strict=True)
        return torch.cat([_heat(model, layer, *part) for part in parts])


def saliency_of(
    model: Path | Predictor | Learner, paths: Sequence[Path], class_names: Sequence[str]
) -> list[tuple[Picture, Heat]]:
    """Return each image as the network saw it, with what in it speaks for a class.

    Args:
        model: an exported model of this user's, or one that has been opened.
        paths: of the images, (N,).
        class_names: the class to explain of each image, (N,), such as the predicted one.

    Raises:
        ValueError: the model has no such class, or no layer with places.
        DataError: a file cannot be read as an image; it is named.
    """
    predictor = _opened(model)
    network = predictor.learner.model
    numbers = torch.tensor([predictor.classes.index(name) for name in class_names])
    layer = None
    found: list[tuple[Picture, Heat]] = []
    for start in range(0, len(paths), BATCH):
        inputs, pixels = predictor.inputs(paths[start : start + BATCH])
        classes = numbers[start : start + BATCH].to(inputs.device)
        layer = layer or find_map_layer(network, inputs[:1], classes[:1])
        found += zip(pixels, grad_cam(network, inputs, classes, layer).numpy(), strict=True)
    return found


def _opened(model: Path | Predictor | Learner) -> Predictor:
    if isinstance(model, Predictor):
        return model
    return open_trusted(model) if isinstance(model, Path) else Predictor(model)


def _heat(model: nn.Module, layer: MapLayer, images: Tensor, classes: Tensor) -> Tensor:
    with torch.no_grad(), _grown_from(model.get_submodule(layer.name)) as leaves:
        logits = model(images)
        score = logits.gather(1, classes[:, None]).sum()
        (gradient,) = torch.autograd.grad(score, leaves[-1])
    activations = layer.layout.as_map(leaves[-1].detach()).float()
    weights = layer.layout.as_map(gradient).float().mean((2, 3), keepdim=True)
    heat = (weights * activations).sum(1, keepdim=True).relu()
    enlarged = nn.functional.interpolate(heat, images.shape[2:], mode="bilinear")[:, 0]
    brightest = enlarged.amax((1, 2), keepdim=True)
    return torch.where(brightest > 0, enlarged / brightest, 0.0).cpu()


@contextmanager
def _grown_from(module: nn.Module) -> Iterator[list[Tensor]]:
    """Let the graph begin at what a module puts out, which is collected; before it there is none.

    It is called where gradients are switched off; from here on they are on.
    """
    leaves: list[Tensor] = []

    def begin(_: nn.Module, __: Any, output: Tensor) -> Tensor:
        leaves.append(output.detach().requires_grad_())
        torch.set_grad_enabled(True)
        return leaves[-1].clone()  # the next layer may work in place, which a leaf does not allow

    handle = module.register_forward_hook(begin)
    try:
        yield leaves
    finally:
        handle.remove()
