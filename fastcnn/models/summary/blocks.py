"""Which modules make one row of a summary.

A row is a block as its authors name it: what timm's `group_matcher` takes for one layer, a
residual block of torchvision's, a named block of fastcnn's own. What is larger is opened up, to
single layers if need be; then a norm, an activation or a dropout goes with the layer before it,
and what makes the map smaller without parameters is a row of its own.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from timm.models import group_parameters
from torch import nn

from fastcnn.models.summary.watched import Seen, Watched

CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)
"""Modules that only hold others. A subclass with a `forward` of its own is a block."""

NEVER = 1e9
"""Place in the order of calls of what is not called."""


@dataclass(frozen=True)
class Block:
    """Modules, or parameters that stand alone, that make one row."""

    modules: tuple[str, ...]
    """Names, in the order in which they are called."""
    parameters: tuple[str, ...] = ()
    """Names of parameters that belong to no module of it."""


def blocks_of(watched: Watched, *, each_layer: bool = False) -> list[Block]:
    """Return the rows of a network in the order of its first calls; with all layers if wanted."""
    return list(_Opener(watched, each_layer).opened("", watched.drawn.network))


class _Opener:
    def __init__(self, watched: Watched, each_layer: bool) -> None:
        self.seen, self.each_layer = watched.seen, each_layer
        self.groups = watched.drawn.groups
        self.layers = None if each_layer else authors_layers(watched)

    def opened(self, name: str, module: nn.Module) -> Iterator[Block]:
        """Yield the blocks inside a module that is more than one."""
        own = [_inside(name, own) for own, _ in module.named_parameters(recurse=False)]
        if own:
            yield Block((), tuple(own))
        children = [(_inside(name, child), one) for child, one in module.named_children()]
        row: list[str] = []  # a layer with what goes along with it
        for child, one in sorted(children, key=lambda pair: self._order(*pair)):
            if self._is_opened(child, one):
                yield from _finished(row)
                yield from self.opened(child, one)
            elif self.each_layer or not goes_along(one, self.seen.get(child)):
                yield from _finished(row)
                row = [child]
            elif not any(True for _ in one.parameters()):
                row += [child] * bool(row)
            elif row and any(True for _ in module.get_submodule(_last(row[0])).parameters()):
                row.append(child)
            else:  # a norm does not go along with what learns nothing, as pooling
                yield from _finished(row)
                row = [child]
        yield from _finished(row)

    def _order(self, name: str, module: nn.Module) -> float:
        """When a module, or the first one in it, was called; what never was comes last."""
        inside = [_inside(name, other) for other, _ in module.named_modules()]
        return min((self.seen[one].order for one in inside if one in self.seen), default=NEVER)

    def _is_opened(self, name: str, module: nn.Module) -> bool:
        if name not in self.seen and self._order(name, module) < NEVER:
            return True  # it is not called itself, what it holds is
        parameters = list(module.parameters())
        if self.each_layer:
            return any(True for _ in module.children())
        if len({self.groups[id(p)] for p in parameters}) > 1:
            return True
        is_container = type(module) in CONTAINERS
        if self.layers is None:
            return is_container and _n_kernels(module) > 1
        if isinstance(module, CONTAINERS) and not is_container:
            return False
        return len({self.layers.get(id(p)) for p in parameters}) > 1


def goes_along(module: nn.Module, seen: Seen | None) -> bool:
    """Whether it has vectors for parameters at most, and leaves the map as large as it was."""
    if _makes_smaller(seen) and not any(True for _ in module.parameters()):
        return False
    return all(max(p.shape, default=1) == p.numel() for p in module.parameters())


def authors_layers(watched: Watched) -> Mapping[int, object] | None:
    """Return the block of each parameter, by its `id`, where the network's authors name blocks."""
    network: Any = watched.drawn.network
    if watched.drawn.architecture.is_own:
        own = (*network[0].children(), network[1])
        return {id(p): place for place, part in enumerate(own) for p in part.parameters()}
    if not hasattr(network, "group_matcher"):
        return None
    by_layer = group_parameters(network, network.group_matcher(coarse=False))
    parameters = dict(network.named_parameters())
    return {id(parameters[name]): layer for layer, names in by_layer.items() for name in names}


def _makes_smaller(seen: Seen | None) -> bool:
    """Whether a module puts out fewer numbers than it takes, as pooling does."""
    if seen is None or seen.taken is None or seen.given is None:
        return False
    return _size(seen.given) < _size(seen.taken)


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for side in shape:
        size *= side
    return size


def _n_kernels(module: nn.Module) -> int:
    return sum(
        hasattr(one, "kernel_size") or isinstance(one, nn.Linear) for one in module.modules()
    )


def _inside(name: str, child: str) -> str:
    return ".".join(part for part in (name, child) if part)


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def _finished(row: list[str]) -> Iterator[Block]:
    if row:
        yield Block(tuple(row))
        row.clear()
