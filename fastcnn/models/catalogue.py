"""The architectures that `--arch` takes: how large they are, and where their weights lie."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from fnmatch import fnmatch
from functools import cache
from typing import Any

import timm

from fastcnn.errors import UsageError, did_you_mean
from fastcnn.models import packaged
from fastcnn.models.architectures import TORCHVISION, Architecture, find_architecture, native_size
from fastcnn.models.hubs import cached_file, published_file
from fastcnn.models.networks import OWN_NETWORKS
from fastcnn.models.sizes import NetworkSizes, sizes_of
from fastcnn.narrator import Narrator

RECOMMENDED = (
    *OWN_NETWORKS,
    packaged.ARCHITECTURE,
    *TORCHVISION,
    "mobilenetv3_small_100",
    "mobilenetv3_large_100",
    "mobilenetv4_conv_small",
    "efficientnet_b0",
    "regnetx_004",
    "regnety_016",
    "resnet26d",
    "densenet121",
    "convnext_atto",
    "convnext_nano",
    "convnext_tiny",
    "convnextv2_nano",
    "vit_tiny_patch16_224",
    "vit_small_patch16_224",
    "swin_tiny_patch4_window7_224",
)
"""What serves most: one or two of each family, of a size that a plain machine trains."""
PACKAGED, CACHED, DOWNLOADABLE, NONE = "packaged", "cached", "downloadable", "none"
PLACES = (PACKAGED, CACHED, DOWNLOADABLE, NONE)
"""Where weights may lie. Of `none`, a network is trained from scratch."""


@dataclass(frozen=True)
class Entry:
    """One architecture."""

    name: str
    """As `--arch` takes it."""
    library: str
    """fastcnn, torchvision or timm."""
    parameters: int | None
    """Of the network as published, classifier included; None where it cannot be built here."""
    multiply_adds: int | None
    """For one picture of its input size."""
    input_size: int
    """Side of the pictures that it was made for, in pixels."""
    weights: str
    """packaged, cached, downloadable or none."""

    def to_json(self) -> dict[str, Any]:
        """Return everything by name."""
        return asdict(self)


@dataclass(frozen=True)
class Wanted:
    """Which architectures are to be listed."""

    name: str | None = None
    """Part of a name, or a pattern as `resnet*d`; None lists the recommended ones."""
    all: bool = False
    """Whether every architecture is meant where no name is given."""
    max_parameters: int | None = None
    max_multiply_adds: int | None = None
    weights: str | None = None
    """One of `PLACES`."""


@cache
def known_names() -> tuple[str, ...]:
    """Return every name that `--arch` takes: our own, torchvision's four, timm's."""
    timm_names = [name for name in timm.list_models() if name not in TORCHVISION]
    return (*OWN_NETWORKS, *TORCHVISION, *timm_names)


def list_architectures(wanted: Wanted, narrator: Narrator) -> list[Entry]:
    """Return the architectures that are wanted, smaller ones first.

    Their sizes are counted, not looked up, and remembered: some 0.3 s a network at the first time.

    Raises:
        UsageError: no name fits, or the place of the weights is unknown.
    """
    if wanted.weights not in (None, *PLACES):
        raise UsageError(
            f"--weights is {wanted.weights!r}{did_you_mean(str(wanted.weights), PLACES)}, "
            f"expected one of {', '.join(PLACES)}",
            hint="for example fastcnn models --weights packaged",
        )
    found = [(find_architecture(name), place) for name, place in _placed(wanted)]
    sizes = sizes_of([architecture for architecture, _ in found], narrator)
    entries = [_entry(one, place, sizes[one.name]) for one, place in found]
    return sorted(_small_enough(entries, wanted), key=lambda entry: entry.parameters or 0)


def place_of_weights(architecture: Architecture) -> str:
    """Return where ImageNet weights lie, the nearest place; the network is not asked."""
    if architecture.name == packaged.ARCHITECTURE:
        return PACKAGED
    if cached_file(architecture):
        return CACHED
    return DOWNLOADABLE if published_file(architecture) else NONE


def _placed(wanted: Wanted) -> Iterator[tuple[str, str]]:
    for name in _names(wanted):
        place = place_of_weights(find_architecture(name))
        if wanted.weights in (None, place):
            yield name, place


def _names(wanted: Wanted) -> Sequence[str]:
    if wanted.name is None:
        return known_names() if wanted.all else RECOMMENDED
    pattern = wanted.name.lower()
    pattern = pattern if set("*?[") & set(pattern) else f"*{pattern}*"
    found = [name for name in known_names() if fnmatch(name.lower(), pattern)]
    if not found:
        raise UsageError(
            f"no architecture is called {wanted.name!r}{did_you_mean(wanted.name, known_names())}",
            hint="fastcnn models --all lists every one of them",
        )
    return found


def _entry(architecture: Architecture, place: str, sizes: NetworkSizes | None) -> Entry:
    return Entry(
        name=architecture.name,
        library=architecture.library,
        parameters=sizes.parameters if sizes else None,
        multiply_adds=sizes.multiply_adds if sizes else None,
        input_size=native_size(architecture),
        weights=place,
    )


def _small_enough(entries: Iterable[Entry], wanted: Wanted) -> Iterator[Entry]:
    """A network that cannot be counted is no answer to a question of size."""
    for entry in entries:
        limits = (
            (wanted.max_parameters, entry.parameters),
            (wanted.max_multiply_adds, entry.multiply_adds),
        )
        if all(most is None or (size is not None and size <= most) for most, size in limits):
            yield entry
