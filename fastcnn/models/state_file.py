"""Reading weights from a file safely, and putting them into a body without leaving any out."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from fastcnn.errors import WeightsError
from fastcnn.models.architectures import CLASSIFIER_CHILDREN, Architecture, torchvision_network

WRAPPINGS = ("state_dict", "model", "model_state_dict", "state_dict_ema")
NOT_LEARNED = "num_batches_tracked"
"""A counter that old files lack and that no prediction depends on."""


def read_state(path: Path) -> dict[str, Tensor]:
    """Read the tensors of a safetensors or torch file; code in it is never run.

    Raises:
        WeightsError: the file is not there, is damaged, or holds more than tensors.
    """
    if not path.is_file():
        raise WeightsError(
            f"{path} is not a file, expected weights (.safetensors or .pth)",
            hint="give a file that exists with --weights FILE",
        )
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return dict(load_file(path))
        return _unwrapped(torch.load(path, map_location="cpu", weights_only=True))
    except Exception as error:  # torch, pickle, zipfile and safetensors have their own
        raise WeightsError(
            f"{path} holds no readable weights: {str(error).splitlines()[0]}",
            hint="give a state dict saved by torch.save(model.state_dict(), FILE) or safetensors",
        ) from error


def require_fit(
    body: nn.Module, state: Mapping[str, Tensor], architecture: Architecture, origin: str
) -> None:
    """Raise unless `state`, in the names that its library gives them, has every tensor of `body`.

    Raises:
        WeightsError: a tensor of the body is missing in `state` or has another shape.
    """
    wanted = body.state_dict()
    renamed = _in_body_names(state, architecture)
    missing = [
        name
        for name, tensor in wanted.items()
        if not name.endswith(NOT_LEARNED)
        and (name not in renamed or renamed[name].shape != tensor.shape)
    ]
    if missing:
        few = ", ".join(_name_in_file(name, architecture) for name in missing[:4])
        raise WeightsError(
            f"{origin} does not fit {architecture.name}: {len(missing)} of {len(wanted)} tensors "
            f"of the body are missing or of another shape ({few}{', …' * (len(missing) > 4)})",
            hint="give the weights of this architecture, or their architecture with --arch",
        )


def load_body(body: nn.Module, state: Mapping[str, Tensor], architecture: Architecture) -> None:
    """Copy a state that fits into `body`; the classifier that it may hold is left out."""
    own = body.state_dict()
    renamed = _in_body_names(state, architecture)
    body.load_state_dict({name: renamed.get(name, tensor) for name, tensor in own.items()})


def _in_body_names(state: Mapping[str, Tensor], architecture: Architecture) -> dict[str, Tensor]:
    return {_name_in_body(name, architecture): tensor for name, tensor in state.items()}


def _unwrapped(content: Any) -> dict[str, Tensor]:
    for key in WRAPPINGS:
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    if not isinstance(content, Mapping) or not all(
        isinstance(value, Tensor) for value in content.values()
    ):
        raise ValueError("it is no mapping of names to tensors")
    return {name.removeprefix("module."): tensor for name, tensor in content.items()}


@lru_cache
def _children_in_body(architecture: Architecture) -> dict[str, str]:
    """fastai cuts a torchvision network into a Sequential, whose children have numbers."""
    with torch.device("meta"):
        names = [name for name, _ in torchvision_network(architecture).named_children()]
    return {name: str(place) for place, name in enumerate(names[:-CLASSIFIER_CHILDREN])}


def _name_in_body(name: str, architecture: Architecture) -> str:
    if architecture.is_own:
        return name
    if not architecture.is_torchvision:
        return f"model.{name}"
    child, dot, rest = name.partition(".")
    return _children_in_body(architecture).get(child, f"-{child}") + dot + rest


def _name_in_file(name: str, architecture: Architecture) -> str:
    if architecture.is_own:
        return name
    if not architecture.is_torchvision:
        return name.removeprefix("model.")
    place, dot, rest = name.partition(".")
    names = {place: child for child, place in _children_in_body(architecture).items()}
    return names[place] + dot + rest
