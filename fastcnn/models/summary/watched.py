"""One pass of one image through a drawn network, and what was seen of each of its modules."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

from fastcnn.models.summary.published import Published, run_drawn
from fastcnn.models.summary.receptive_field import ReceptiveFields
from fastcnn.models.summary.regions import Region

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Seen:
    """What was seen of a module at its first call."""

    order: int
    """Which call of all it was."""
    taken: Shape | None
    """Shape of its first input, batch dimension included; None where it takes no tensor."""
    given: Shape | None
    """Shape of its output."""
    before: Region | None
    """What a position of its input depends on."""
    region: Region | None
    """What a position of its output depends on."""
    is_gated: bool
    """Whether a map was scaled inside it by numbers from the whole picture."""


@dataclass(frozen=True)
class Watched:
    """A network and what one image showed of it."""

    drawn: Published
    """The network."""
    seen: Mapping[str, Seen]
    """Every module that was called, by its name in the network."""
    multiply_adds: Mapping[str, int]
    """Of each module that has any, what is inside it included; the whole network's under ""."""


def watch(drawn: Published, size: int) -> Watched:
    """Let one image of `size` pixels a side through, on the meta device.

    Multiply-adds are counted by torch's `FlopCounterMode`: those of convolutions, matrix products
    and attention, half of its operations. Norms, activations and pooling are not counted, as is
    usual.

    Raises:
        UsageError: the network does not take images of this size.
    """
    drawn.network.requires_grad_(False)  # else the counter waits for a backward pass
    image = torch.empty(1, 3, size, size, device="meta")
    fields = ReceptiveFields(image)
    with torch.no_grad(), _hooks(drawn.network, fields) as seen:
        with FlopCounterMode(display=False) as counter, fields:
            run_drawn(drawn, image)
    prefix = type(drawn.network).__name__
    counts = {
        str(name).removeprefix(prefix).removeprefix("."): sum(operations.values()) // 2
        for name, operations in counter.get_flop_counts().items()
        if name != "Global"
    }
    return Watched(drawn, seen, {**counts, "": int(counter.get_total_flops()) // 2})


@contextmanager
def _hooks(network: nn.Module, fields: ReceptiveFields) -> Iterator[dict[str, Seen]]:
    seen: dict[str, Seen] = {}
    begun: dict[str, list[tuple[int, int]]] = {}
    calls = iter(range(10**9))

    def before(name: str) -> None:
        begun.setdefault(name, []).append((next(calls), fields.n_gates))

    def after(name: str, inputs: Any, output: Any) -> None:
        order, n_gates = begun[name].pop()
        source, result = _first_tensor(inputs), _first_tensor(output)
        if name not in seen:
            seen[name] = Seen(
                order=order,
                taken=None if source is None else tuple(source.shape),
                given=None if result is None else tuple(result.shape),
                before=None if source is None else fields.region(source),
                region=_largest(output, fields),
                is_gated=fields.n_gates > n_gates,
            )

    handles = []
    for name, module in network.named_modules():
        handles += [
            module.register_forward_pre_hook(lambda _, __, name=name: before(name)),
            module.register_forward_hook(lambda _, x, y, name=name: after(name, x, y)),
        ]
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()


def _first_tensor(values: Any) -> Tensor | None:
    return next((one for one in tree_leaves(values) if isinstance(one, Tensor)), None)


def _largest(output: Any, fields: ReceptiveFields) -> Region | None:
    """Return the largest region of the tensors put out; an unknown one is larger than any."""
    tensors = [one for one in tree_leaves(output) if isinstance(one, Tensor)]
    regions = [region for tensor in tensors if (region := fields.region(tensor)) is not None]
    unknown = [region for region in regions if not region.is_known]
    return next(iter(unknown), None) or max(regions, key=lambda r: r.size or 0, default=None)
