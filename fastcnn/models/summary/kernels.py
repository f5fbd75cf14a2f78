"""Kernel, stride and padding of a block that may hold several convolutions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn

from fastcnn.models.summary.blocks import Block
from fastcnn.models.summary.watched import Seen, Watched

WAYS_PAST = {"downsample", "shortcut", "skip", "conv_skip", "ds"}
"""Names that authors give to the convolution beside a residual block's own: not in its row."""
MOST_LISTED = 4


@dataclass(frozen=True)
class Kernels:
    """What slides over the map in one block, in the order of the calls."""

    sizes: str
    """Height x width of each, as `1x1, 3x3, 1x1`; `6 x (1x1, 3x3)` where they repeat."""
    stride: int | None
    """How many times smaller the whole block makes each side; None where that is not known."""
    paddings: str
    """Of each, in the same order: rows added at each edge, `same` where the size decides."""


def kernels_of(block: Block, watched: Watched) -> Kernels | None:
    """Return the kernels of convolutions and pools in a block, None where it has none.

    Those on the way past a residual block, and those on maps that are pooled already (as in
    squeeze-excite), are left out.
    """
    found = [(name, module) for name in block.modules for name, module in _sliding(name, watched)]
    found.sort(key=lambda pair: watched.seen[pair[0]].order)
    if not found:
        return None
    sizes = [f"{h}x{w}" for h, w in (_pair(module.kernel_size) for _, module in found)]
    return Kernels(
        sizes=_listed(sizes),
        stride=_stride(block, [module for _, module in found], watched),
        paddings=_listed([_padding(module) for _, module in found]),
    )


def _sliding(inside: str, watched: Watched) -> list[tuple[str, Any]]:
    block = watched.drawn.network.get_submodule(inside)
    named = [(f"{inside}.{name}" if name else inside, module, name)
             for name, module in block.named_modules()]  # fmt: skip
    return [
        (full, module)
        for full, module, name in named
        if full in watched.seen
        and all(hasattr(module, what) for what in ("kernel_size", "stride", "padding"))
        and not any(True for _ in module.children())
        and not WAYS_PAST & set(name.split("."))
        and _slides(module, watched.seen[full])
    ]


def _slides(module: nn.Module, seen: Seen) -> bool:
    """Whether there is a map to slide over: more than one position, and more than one row."""
    return seen.taken is not None and len(seen.taken) == 4 and seen.taken[2:] != (1, 1)


def _stride(block: Block, modules: Sequence[Any], watched: Watched) -> int | None:
    """Return how much further apart two positions are behind the block than before it."""
    seen = [watched.seen[name] for name in block.modules if name in watched.seen]
    before, after = seen[0].before if seen else None, seen[-1].region if seen else None
    if before and after and before.is_known and after.is_known:
        return after.jump[0] // before.jump[0]
    if len(modules) == 1:
        return _pair(modules[0].stride)[0]
    return None


def _padding(module: Any) -> str:
    if type(module).__name__.endswith("Same") or module.padding == "same":
        return "same"
    return "x".join(dict.fromkeys(str(side) for side in _pair(module.padding)))


def _listed(texts: Sequence[str]) -> str:
    """Put texts in a row, once with the number of times where they repeat."""
    for length in range(1, len(texts) // 2 + 1):
        times, rest = divmod(len(texts), length)
        repeats = not rest and all(a == b for a, b in zip(texts, texts[length:], strict=False))
        if repeats and len(texts) > MOST_LISTED:
            part = ", ".join(texts[:length])
            return f"{times} x ({part})" if length > 1 else f"{times} x {part}"
    return ", ".join(texts)


def _pair(given: Any) -> tuple[int, int]:
    values = list(given) if isinstance(given, tuple | list) else [given]
    return int(values[0]), int(values[-1])
