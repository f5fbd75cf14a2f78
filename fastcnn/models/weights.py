"""Finding the weights of a body, in the order: the user's file, packaged, cached, downloaded."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import timm
from torch import Tensor

from fastcnn.errors import WeightsError
from fastcnn.models import packaged
from fastcnn.models.architectures import Architecture, find_architecture
from fastcnn.models.hubs import cached_file, download_file, published_file
from fastcnn.models.state_file import read_state
from fastcnn.narrator import Narrator
from fastcnn.network import host_of
from fastcnn.places import user_path


@dataclass(frozen=True)
class Weights:
    """A file of weights and the architecture it belongs to."""

    architecture: Architecture
    """The network they are for."""
    source: str
    """file, packaged, cache, download or random: what the record calls it."""
    path: Path | None
    """The file, None for random weights."""

    def sha256(self) -> str | None:
        """Return the hash of the file."""
        if self.path is None:
            return None
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def state(self) -> dict[str, Tensor]:
        """Read the tensors, under the names of torchvision or timm.

        Raises:
            WeightsError: the file is damaged, or not what its name says.
        """
        if self.path is None:
            return {}
        if self.source == "packaged":
            return packaged.packaged_state(self.path)
        if self.source == "file" or self.architecture.library != "timm":
            return read_state(self.path)
        return _through_timm(self.architecture, self.path)

    def describe(self) -> str:
        """Return how the weights were come by, in words."""
        name = self.path.name if self.path else ""
        return {
            "random": "random weights",
            "file": f"{self.path} (--weights)",
            "packaged": "ImageNet, packaged with the installation",
            "cache": f"{name} from the cache",
            "download": f"{name}, downloaded",
        }[self.source]


def no_weights(arch: str) -> Weights:
    """Return the random weights that an architecture is built with.

    Raises:
        UsageError: there is no such architecture.
    """
    return Weights(find_architecture(arch), "random", None)


def find_weights(
    arch: str, file: str | None, *, arch_was_named: bool, narrator: Narrator
) -> Weights:
    """Return the weights of `arch`, or the packaged network's where the user named none.

    Raises:
        UsageError: there is no such architecture.
        WeightsError: the weights of a named architecture cannot be had.
    """
    architecture = find_architecture(arch)
    if file is not None:
        return Weights(architecture, "file", user_path(file).absolute())
    found = _packaged(architecture) or _cached(architecture) or _downloaded(architecture, narrator)
    if found:
        return found
    if arch_was_named:
        raise _not_to_be_had(architecture)
    fallback = find_architecture(packaged.ARCHITECTURE)
    narrator.warn(
        f"the weights of {arch} cannot be had here, so the packaged {fallback.name} takes its place"
    )
    return Weights(fallback, "packaged", packaged.packaged_file())


def _packaged(architecture: Architecture) -> Weights | None:
    if architecture.name != packaged.ARCHITECTURE:
        return None
    return Weights(architecture, "packaged", packaged.packaged_file())


def _cached(architecture: Architecture) -> Weights | None:
    path = cached_file(architecture)
    return Weights(architecture, "cache", path) if path else None


def _downloaded(architecture: Architecture, narrator: Narrator) -> Weights | None:
    path = download_file(architecture, narrator)
    return Weights(architecture, "download", path) if path else None


def _not_to_be_had(architecture: Architecture) -> WeightsError:
    published = published_file(architecture)
    reason = (
        f"they are in no cache, and {host_of(published.url)} does not hand them out here"
        if published
        else "none are published for it"
    )
    if architecture.is_own:
        return WeightsError(
            f"{architecture.name} starts from random weights: {reason}",
            hint="train it by --strategy scratch, or give weights of your own with --weights FILE",
        )
    return WeightsError(
        f"the weights of {architecture.name} cannot be had: {reason}",
        hint="give a file with --weights FILE, or use --arch tf_efficientnet_lite0, "
        "whose weights are installed with fastcnn",
    )


def _through_timm(architecture: Architecture, path: Path) -> dict[str, Tensor]:
    """Let timm read a file of its own: it translates names that have changed since."""
    try:
        network = timm.create_model(
            architecture.name,
            pretrained=True,
            pretrained_cfg_overlay={"file": str(path)},
            num_classes=0,
        )
    except Exception as error:  # whatever timm and torch make of a damaged file
        raise WeightsError(
            f"{path} is not what timm expects for {architecture.name}: {error}",
            hint=f"delete {path} and run again",
        ) from error
    return dict(network.state_dict())
