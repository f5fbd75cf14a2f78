"""The summary of a network: a row a block, from the picture to the classes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from fastai.layers import SequentialEx
from torch import nn

from fastcnn.models.architectures import Architecture
from fastcnn.models.summary.blocks import CONTAINERS, Block, blocks_of, goes_along
from fastcnn.models.summary.kernels import Kernels, kernels_of
from fastcnn.models.summary.published import HEAD, published
from fastcnn.models.summary.watched import Watched, watch
from fastcnn.training.activations import step_bytes
from fastcnn.training.precision import PRECISIONS


@dataclass(frozen=True)
class Row:
    """A block of a network."""

    name: str
    """As the network calls it; of several modules the first. Of our own, without `body.`."""
    kind: str
    """The class of the module, or of what counts in a `Sequential`."""
    output: tuple[int, ...] | None
    """Shape of what it makes of one image, (C, H, W) or as it comes; None where nothing."""
    kernels: Kernels | None
    """What slides over the map in it."""
    parameters: int
    """How many numbers it learns."""
    multiply_adds: int
    """Of one image."""
    receptive_field: int | None
    """Side in pixels of what a position of its output depends on; None where not known."""
    group: str
    """Parameter group that it falls into, as `--freeze-until` takes it, or head."""
    is_gated: bool
    """Whether its map is scaled by numbers from the whole picture (squeeze-excite, some norms)."""
    sees_all: bool
    """Whether every position depends on every other, as behind attention or global pooling."""

    def to_json(self) -> dict[str, Any]:
        """Return the row by the contract's names."""
        kernels = self.kernels
        return {
            "name": self.name,
            "kind": self.kind + (", gated" if self.is_gated else ""),
            "output": None if self.output is None else list(self.output),
            "kernel": kernels and kernels.sizes,
            "stride": kernels and kernels.stride,
            "padding": kernels and kernels.paddings,
            "parameters": self.parameters,
            "multiply_adds": self.multiply_adds,
            "receptive_field": self.receptive_field,
            "group": self.group,
        }


@dataclass(frozen=True)
class Summary:
    """A network as published, block by block."""

    arch: str
    """Its name."""
    input_size: int
    """Side of the picture, in pixels."""
    parameters: int
    """Of the whole network."""
    multiply_adds: int
    """Of the whole network, for one image; more than the rows' where blocks are put together."""
    rows: Sequence[Row]
    """From the picture to the classes."""

    def to_json(self) -> dict[str, Any]:
        """Return the contract's document."""
        return {
            "arch": self.arch,
            "input_size": self.input_size,
            "parameters": self.parameters,
            "multiply_adds": self.multiply_adds,
            "rows": [row.to_json() for row in self.rows],
        }


def summarise(
    architecture: Architecture,
    size: int,
    n_classes: int | None = None,
    *,
    each_layer: bool = False,
) -> Summary:
    """Describe a network for pictures of `size` pixels, with its published classes or `n_classes`.

    Nothing is computed: the network has shapes and no numbers.

    Raises:
        UsageError: the network does not take images of this size.
    """
    drawn = published(architecture, n_classes)
    watched = watch(drawn, size)
    rows = _with_groups(list(_rows(watched, blocks_of(watched, each_layer=each_layer))))
    return Summary(
        arch=architecture.name,
        input_size=size,
        parameters=sum(parameter.numel() for parameter in drawn.network.parameters()),
        multiply_adds=watched.multiply_adds[""],
        rows=rows,
    )


def _rows(watched: Watched, blocks: Sequence[Block]) -> Iterator[Row]:
    counted: set[int] = set()
    for block in blocks:
        fresh = {id(p): p for p in _parameters(block, watched)}
        group = next((watched.drawn.groups[one] for one in fresh), "")
        n_parameters = sum(p.numel() for one, p in fresh.items() if one not in counted)
        counted |= set(fresh)
        seen = watched.seen.get(block.modules[0]) if block.modules else None
        yield Row(
            name=_name(block, watched),
            kind=_kind(block, watched),
            output=tuple(seen.given[1:]) if seen and seen.given else None,
            kernels=kernels_of(block, watched),
            parameters=n_parameters,
            multiply_adds=sum(watched.multiply_adds.get(name, 0) for name in block.modules),
            receptive_field=seen.region.size if seen and seen.region else None,
            group=group,
            is_gated=any(watched.seen[n].is_gated for n in block.modules if n in watched.seen),
            sees_all=bool(seen and seen.region and seen.region.is_whole),
        )


def _with_groups(rows: Sequence[Row]) -> list[Row]:
    """Give rows without parameters a group: pooling to one number a channel begins the head."""
    found: list[Row] = []
    for place, row in enumerate(rows):
        if not row.group:
            following = {later.group for later in rows[place:] if later.group}
            has_map = row.output is not None and len(row.output) > 1 and row.output[1:] != (1, 1)
            is_head = following <= {HEAD} and not has_map
            row = replace(row, group=HEAD if is_head or not found else found[-1].group)
        found.append(row)
    return found


def _parameters(block: Block, watched: Watched) -> Iterator[nn.Parameter]:
    network = watched.drawn.network
    for name in block.modules:
        yield from network.get_submodule(name).parameters()
    for name in block.parameters:
        yield network.get_parameter(name)


def _name(block: Block, watched: Watched) -> str:
    name = block.modules[0] if block.modules else ", ".join(block.parameters)
    return name.removeprefix("body.") if watched.drawn.architecture.is_own else name


def _kind(block: Block, watched: Watched) -> str:
    """Return the class of a module; of a container the classes of what counts in it."""
    if not block.modules:
        return "Parameter"
    name = block.modules[0]
    module = watched.drawn.network.get_submodule(name)
    if isinstance(module, SequentialEx):  # fastai's: what goes in is merged into what comes out
        return "residual"
    if type(module) not in CONTAINERS:
        return type(module).__name__
    children = {f"{name}.{child}": one for child, one in module.named_children()}
    kinds = [
        _kind(Block((child,)), watched)
        for child, one in children.items()
        if not goes_along(one, watched.seen.get(child))
    ]
    counts = {kind: kinds.count(kind) for kind in kinds}
    named = [kind if n == 1 else f"{n} x {kind}" for kind, n in counts.items()]
    return " + ".join(named) or type(module).__name__


def training_bytes(
    architecture: Architecture, size: int, n_classes: int | None = None
) -> int | None:
    """Return what one picture adds in training: what the forward pass keeps for the backward pass.

    In float32, every layer learning. Of a batch of two, since a norm over a single number cannot
    be trained. None where it cannot be told.
    """
    network = published(architecture, n_classes).network.train()
    images = torch.empty(2, 3, size, size, device="meta")
    try:
        return step_bytes(network, images, PRECISIONS["fp32"]) // 2
    except (RuntimeError, ValueError, NotImplementedError):  # what cannot be trained so
        return None
