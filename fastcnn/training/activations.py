"""What a step keeps in memory beside weights and their gradients, told without computing it.

It is not guessed: torch tells which tensors its graph keeps for the backward pass, on the meta
device too, where a tensor has a shape and no numbers.
"""

import copy
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from fastcnn.models.blueprint import Blueprint
from fastcnn.models.groups import set_frozen_eval
from fastcnn.training.precision import Precision

FLOAT = 4
"""Bytes of a float32 number."""


def activation_bytes(
    drawn: Blueprint, n_frozen: int, batch: int, size: int, precision: Precision
) -> int:
    """Return the bytes that a forward pass keeps, and the two largest outputs of a layer.

    Below the frozen groups nothing is kept; a layer's input and output are all that lives there.
    Backward needs as much for the gradients of a layer's input and output.
    """
    network = copy.deepcopy(drawn.model).train()
    learning = set(drawn.learning_tensors(n_frozen))
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(name in learning)
    set_frozen_eval(network)
    return step_bytes(network, torch.empty(batch, 3, size, size, device="meta"), precision)


def step_bytes(network: nn.Module, images: Tensor, precision: Precision) -> int:
    """Return the same for a network as it stands, both of the meta device."""
    with _kept_tensors(network) as kept, _outputs(network) as outputs:
        network(images)
    largest = sorted(_bytes(tensor, precision) for tensor in outputs)[-2:]
    return sum(_bytes(tensor, precision) for tensor in kept.values()) + sum(largest)


@contextmanager
def _kept_tensors(network: nn.Module) -> Iterator[dict[int, Tensor]]:
    """Collect what the graph of the block keeps, one tensor a storage; parameters are not among it.

    See "Hooks for autograd saved tensors" in torch's documentation.
    """
    weights = {_storage(parameter) for parameter in network.parameters()}
    kept: dict[int, Tensor] = {}

    def note(tensor: Tensor) -> Tensor:
        if _storage(tensor) not in weights:
            kept.setdefault(_storage(tensor), tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        yield kept


@contextmanager
def _outputs(network: nn.Module) -> Iterator[list[Tensor]]:
    """Collect what the layers of a network put out in the block, innermost layers alone."""
    seen: list[Tensor] = []

    def note(module: nn.Module, inputs: object, output: object) -> None:
        if isinstance(output, Tensor):
            seen.append(output)

    leaves = [module for module in network.modules() if not list(module.children())]
    hooks = [module.register_forward_hook(note) for module in leaves]
    try:
        yield seen
    finally:
        for hook in hooks:
            hook.remove()


def _bytes(tensor: Tensor, precision: Precision) -> int:
    """Return what the storage of a tensor of the meta device takes where autocast is at work."""
    n_bytes = int(tensor.untyped_storage().nbytes())
    return n_bytes * precision.dtype.itemsize // FLOAT if tensor.is_floating_point() else n_bytes


def _storage(tensor: Tensor) -> int:
    """Return what tells storages apart while they live; views share theirs."""
    return int(tensor.untyped_storage()._cdata)
