"""Where in a network the last feature map with places is: what a picture of its gaze starts from.

Pooling forgets where something was seen. The layer before it is looked for by letting a picture
through: it is the last whose output has a row and a column for each place of the picture, and on
which the score of a class depends there. A vision transformer that reads its class token alone,
for instance, does not look at the other tokens behind its last block.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import Any

import torch
from fastai.layers import SequentialEx
from fastai.vision.learner import TimmBody
from torch import Tensor, nn

CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict, SequentialEx, TimmBody)
"""Modules that are opened; what is inside a block of a network is not looked at."""

Sides = tuple[int, int]
"""Height and width."""


@dataclass(frozen=True)
class MapLayout:
    """How the output of a layer holds its places."""

    sides: Sides
    """Rows and columns of the map."""
    channels_last: bool = False
    """Whether it is (N, rows, columns, C), not (N, C, rows, columns)."""
    n_prefix: int | None = None
    """Tokens before those of the places, of an output (N, tokens, C); None of a map."""

    def as_map(self, output: Tensor) -> Tensor:
        """Return a layer's output, or its gradient, as (N, C, rows, columns)."""
        if self.n_prefix is not None:
            tokens = output[:, self.n_prefix :].transpose(1, 2)
            return tokens.reshape(*tokens.shape[:2], *self.sides)
        return output.movedim(-1, 1) if self.channels_last else output


@dataclass(frozen=True)
class MapLayer:
    """The layer that a picture of the network's gaze is made from."""

    name: str
    """As `model.get_submodule` takes it."""
    layout: MapLayout
    """Of its output."""


def find_map_layer(model: nn.Module, image: Tensor, label: Tensor) -> MapLayer:
    """Return the last layer with places on which the score of a class depends.

    Args:
        model: from images (N, 3, H, W) to logits (N, classes).
        image: (1, 3, H, W) as the model takes it.
        label: the number of the class, (1,) int64.

    Raises:
        ValueError: no layer has places.
    """
    n_prefix = _said_prefix(model)
    for modules in (_coarse(model), dict(model.named_modules())):
        outputs, gradients = _passed(model, modules, image, label)
        found = [
            (MapLayer(name, layout), gradient)
            for (name, output), gradient in zip(outputs.items(), gradients, strict=True)
            if (layout := layout_of_output(tuple(output.shape), _sides(image), n_prefix))
        ]
        for layer, gradient in reversed(found):
            if gradient is not None and layer.layout.as_map(gradient).any():
                return layer
        if found:  # a head of zeros depends on nothing
            return found[-1][0]
    raise ValueError("no layer of the network has an output with places")


def layout_of_output(
    shape: tuple[int, ...], picture: Sides, n_prefix: int | None = None
) -> MapLayout | None:
    """Return how an output of this shape holds the places of a picture, None where it has none.

    Args:
        shape: of the output, batch dimension included.
        picture: height and width of what went in, in pixels.
        n_prefix: tokens before those of the places, where the network says it.
    """
    if len(shape) == 4:
        if _is_grid(shape[2:], picture):
            return MapLayout((shape[2], shape[3]))
        if _is_grid(shape[1:3], picture):
            return MapLayout((shape[1], shape[2]), channels_last=True)
    if len(shape) == 3:
        said = [] if n_prefix is None else [n_prefix]
        for before in (*said, *range(shape[1] - 1)):
            if sides := _grid_of(shape[1] - before, picture):
                return MapLayout(sides, n_prefix=before)
    return None


def _is_grid(sides: tuple[int, ...], picture: Sides) -> bool:
    """Whether the sides may be those of a picture, made smaller by the same factor, up to one."""
    rows, columns = sides
    off = abs(rows * picture[1] - columns * picture[0])
    return 1 < rows * columns <= picture[0] * picture[1] and off < max(picture)


def _grid_of(n_tokens: int, picture: Sides) -> Sides | None:
    """Return rows and columns of so many tokens, None where they make no map of the picture."""
    rows = round((max(n_tokens, 0) * picture[0] / picture[1]) ** 0.5)
    grids = ((one, n_tokens // one) for one in (rows, rows - 1, rows + 1) if one > 0)
    return next((g for g in grids if g[0] * g[1] == n_tokens and _is_grid(g, picture)), None)


def _said_prefix(model: nn.Module) -> int | None:
    """Return the number of class and register tokens, where timm's network says it."""
    said = (getattr(module, "num_prefix_tokens", None) for module in model.modules())
    return next((n for n in said if isinstance(n, int)), None)


def _coarse(model: nn.Module) -> dict[str, nn.Module]:
    """Return the modules down to the blocks of the network."""
    return dict(_opened("", model))


def _opened(name: str, module: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    yield name, module
    if not name or isinstance(module, CONTAINERS) or name.endswith(".model"):
        below = ((f"{name}.{own}".lstrip("."), child) for own, child in module.named_children())
        yield from chain.from_iterable(_opened(*one) for one in below)


def _passed(
    model: nn.Module, modules: dict[str, nn.Module], image: Tensor, label: Tensor
) -> tuple[dict[str, Tensor], tuple[Tensor | None, ...]]:
    """Return what the modules put out, the last called last, and the score's gradients there."""
    with evaluating(model), torch.enable_grad(), outputs_of(modules) as outputs:
        logits = model(image.clone().requires_grad_())
        score = logits.gather(1, label[:, None]).sum()
    outputs = {name: output for name, output in outputs.items() if output.requires_grad}
    if not outputs:
        return {}, ()
    return outputs, torch.autograd.grad(score, list(outputs.values()), allow_unused=True)


@contextmanager
def outputs_of(modules: dict[str, nn.Module]) -> Iterator[dict[str, Tensor]]:
    """Keep what modules put out while the block runs, by name, the last called last."""
    outputs: dict[str, Tensor] = {}

    def keep(name: str, output: Any) -> None:
        outputs.pop(name, None)
        if isinstance(output, Tensor):
            outputs[name] = output

    handles = [
        module.register_forward_hook(lambda _, __, output, name=name: keep(name, output))
        for name, module in modules.items()
    ]
    try:
        yield outputs
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Put a model into evaluation mode for the block, and each module back into its own after."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


def _sides(image: Tensor) -> Sides:
    return image.shape[-2], image.shape[-1]
