"""Published weights in the caches of torch hub and Hugging Face, or fetched into them.

The caches are the ones all torch and timm programs of a user share, so nothing is fetched twice.
"""

import contextlib
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import timm
import torch
import torchvision
from huggingface_hub import hf_hub_download, hf_hub_url, try_to_load_from_cache

from fastcnn.models.architectures import Architecture
from fastcnn.narrator import Narrator, is_interactive
from fastcnn.network import answers

HUB_FILES = ("model.safetensors", "pytorch_model.bin")


@dataclass(frozen=True)
class PublishedFile:
    """Where the weights of an architecture are published."""

    url: str
    """Address of the file."""
    repository: str | None = None
    """Hugging Face repository, None where the file lies on a plain server."""

    @property
    def name(self) -> str:
        """The file's name, as torch hub keeps it."""
        return Path(urlsplit(self.url).path).name


def published_file(architecture: Architecture) -> PublishedFile | None:
    """Return where the ImageNet weights are published, or None.

    For torchvision's networks these are the first ImageNet weights: the later, more strongly
    regularised ones score higher on ImageNet and lower as frozen features (Kornblith et al.,
    "Do Better ImageNet Models Transfer Better?", arXiv 1805.08974).
    """
    if architecture.is_own:
        return None
    if architecture.is_torchvision:
        weights = torchvision.models.get_model_weights(architecture.name)
        return PublishedFile(weights["IMAGENET1K_V1"].url)
    config = timm.get_pretrained_cfg(architecture.name)
    if config.hf_hub_id:
        return PublishedFile(hf_hub_url(config.hf_hub_id, HUB_FILES[0]), config.hf_hub_id)
    return PublishedFile(config.url) if config.url else None


def cached_file(architecture: Architecture) -> Path | None:
    """Return the weights from torch hub's or Hugging Face's cache; nothing is fetched."""
    published = published_file(architecture)
    if published is None:
        return None
    if published.repository:
        for name in HUB_FILES:
            found = try_to_load_from_cache(published.repository, name)
            if isinstance(found, str):
                return Path(found)
    path = _torch_hub_path(published)
    return path if path.is_file() else None


def download_file(architecture: Architecture, narrator: Narrator) -> Path | None:
    """Fetch the published weights into the cache they belong to, or return None.

    A host that does not answer within seconds, or refuses, is no error: the caller knows what
    else there is.
    """
    published = published_file(architecture)
    if published is None or not answers(published.url):
        return None
    narrator.say(f"downloading the weights of {architecture.name} from {published.url}")
    if published.repository:
        return _from_hugging_face(published.repository)
    path = _torch_hub_path(published)
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(OSError, RuntimeError):  # refused, broken off, or a wrong hash
        torch.hub.download_url_to_file(
            published.url, str(path), _hash_prefix(path), progress=is_interactive()
        )
    return path if path.is_file() else None


def _from_hugging_face(repository: str) -> Path | None:
    for name in HUB_FILES:
        with contextlib.suppress(Exception):  # the hub has a dozen ways to say no
            return Path(hf_hub_download(repository, name, etag_timeout=3))
    return None


def _torch_hub_path(published: PublishedFile) -> Path:
    return Path(torch.hub.get_dir()) / "checkpoints" / published.name


def _hash_prefix(path: Path) -> str | None:
    """Published files carry the start of their sha256 behind the last dash of their name."""
    tail = path.stem.rsplit("-", 1)[-1]
    is_hash = len(tail) >= 8 and set(tail) <= set("0123456789abcdef")
    return tail if is_hash else None
