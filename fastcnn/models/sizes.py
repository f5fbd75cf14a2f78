"""How large networks are, counted on the meta device and remembered, since there are 1,300 of them.

One JSON file below the cache folder for each pair of timm's and torch's versions. Nothing depends
on it: what is lost, damaged or cannot be written is counted again.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import timm
import torch
from torch.utils.flop_counter import FlopCounterMode

from fastcnn.errors import TrainingError
from fastcnn.files import write_json
from fastcnn.models.architectures import Architecture, native_size
from fastcnn.models.networks import is_own
from fastcnn.models.summary.published import published, run_drawn
from fastcnn.narrator import Narrator
from fastcnn.places import cache_folder

COUNTING = 1
"""Raised whenever what is counted changes."""
KEPT_TOGETHER = 20
"""Networks after which the file is written, so that an interrupt loses few."""


@dataclass(frozen=True)
class NetworkSizes:
    """Of a network as published, at its own input size."""

    parameters: int
    """Classifier included."""
    multiply_adds: int
    """For one picture, as `fastcnn summary` counts them."""


def sizes_of(
    architectures: Sequence[Architecture], narrator: Narrator
) -> Mapping[str, NetworkSizes | None]:
    """Return the sizes of each by name; None where a network cannot be built or run here."""
    kept = _read()
    missing = [one for one in architectures if one.name not in kept]
    with narrator.bar("counting networks", len(missing)) as advance:
        for done, architecture in enumerate(missing, start=1):
            kept[architecture.name] = _counted(architecture)
            advance(done, architecture.name)
            if done % KEPT_TOGETHER == 0:
                _write(kept)
    if missing:
        _write(kept)
    return {one.name: kept[one.name] for one in architectures}


def _counted(architecture: Architecture) -> NetworkSizes | None:
    try:
        drawn = published(architecture)
        drawn.network.requires_grad_(False)
        side = native_size(architecture)
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            run_drawn(drawn, torch.empty(1, 3, side, side, device="meta"))
    except Exception:  # 1,300 networks fail in as many ways; the list shall not
        return None
    parameters = sum(parameter.numel() for parameter in drawn.network.parameters())
    return NetworkSizes(parameters, int(counter.get_total_flops()) // 2)


def _file() -> Path:
    versions = f"{COUNTING}-timm-{timm.__version__}-torch-{torch.__version__}"
    return cache_folder() / "measured" / f"network-sizes-{versions}.json"


def _read() -> dict[str, NetworkSizes | None]:
    try:
        kept = json.loads(_file().read_text("utf-8"))
        return {
            str(name): one and NetworkSizes(int(one["parameters"]), int(one["multiply_adds"]))
            for name, one in kept.items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def _write(kept: Mapping[str, NetworkSizes | None]) -> None:
    """Keep what others have published; our own, counted in a moment, may change with fastcnn.

    Where the folder cannot be written to, the next list counts anew.
    """
    lasting = {name: one and asdict(one) for name, one in kept.items() if not is_own(name)}
    try:
        write_json(_file(), lasting)
    except (TrainingError, OSError):
        return
