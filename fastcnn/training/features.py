"""What a frozen body makes of each picture: taken from the store, or computed and stored."""

import hashlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import timm
import torch
from fastai.data.core import DataLoaders
from torch import Tensor, nn

from fastcnn.data.decoded import as_network_input, decoded_batches, fingerprint, probe_inputs
from fastcnn.data.feature_keys import feature_key, image_hashes
from fastcnn.data.feature_store import FeatureStore
from fastcnn.data.views import View
from fastcnn.errors import TrainingError
from fastcnn.models.folding import folded
from fastcnn.models.heads import FeatureLayout
from fastcnn.narrator import Narrator
from fastcnn.training.out_of_memory import OutOfMemory, attempt
from fastcnn.training.precision import Precision

VERSIONS = f"features 3, torch {torch.__version__}, timm {timm.__version__}"
"""The number goes up whenever a view, the pooling or the folding comes to mean something else."""
BATCH = 16
"""Pictures in a forward pass without gradients: more are not faster on a processor."""
BATCH_ON_GPU = 128
KEPT_TOGETHER = 512
"""Vectors that go to the store in one go: what a run killed in the middle has then kept."""
Keys = list[list[str]]
"""Of every view of every picture."""
Vectors = dict[str, npt.NDArray[np.float32]]
"""Features (F,) by the key they are stored under."""
MEASURED_BATCHES = 4
"""Batches that the speed of decoding and of the body alone is measured on."""


@dataclass(frozen=True)
class FrozenBody:
    """A body that does not move, and everything that decides what it makes of a picture file."""

    body: nn.Module
    """In evaluation mode, laid out for `precision`."""
    layout: FeatureLayout
    """How its output is pooled."""
    dls: DataLoaders
    """Their validation transforms are what a picture goes through."""
    precision: Precision
    """What it computes in."""

    def network(self) -> nn.Module:
        """Return what computes the features: a copy of the body as it is now, quicker than it."""
        quick = folded(self.body, next(probe_inputs(self.dls)))
        self.precision.lay_out(quick)
        return quick

    def features(self, network: nn.Module, pixels: Tensor) -> Tensor:
        """Return pooled features, (N, F) float32 on the processor, of pixels (N, 3, H, W) uint8."""
        batch = self.precision.layout(as_network_input(pixels, self.dls))
        with torch.inference_mode(), self.precision.autocast(self.dls.device):
            output = network(batch)
        return self.layout.pooled(output).cpu().clone()

    @cached_property
    def pixels(self) -> str:
        """What the way to the body makes of a picture, as a hash."""
        return fingerprint(self.dls)

    def key_parts(self) -> dict[str, str]:
        """Return what a stored vector depends on beside the picture and the view.

        The body is hashed anew each time: it may have been trained since.
        """
        return {
            "pixels": self.pixels,
            "body_sha256": f"{body_sha256(self.body)} {VERSIONS}",
            "precision": self.precision.name,
        }


class FeatureBank:
    """The features of a data set's pictures under one frozen body."""

    def __init__(self, frozen: FrozenBody, store: FeatureStore, narrator: Narrator) -> None:
        """Draw from `store`, and add to it what was not there."""
        self.frozen, self.store, self.narrator = frozen, store, narrator
        self.batch = BATCH if frozen.dls.device.type == "cpu" else BATCH_ON_GPU
        self.seconds = 0.0
        self.n_computed, self.n_found = 0, 0
        self.compute_seconds = 0.0

    def features(self, paths: Sequence[Path], views: Sequence[View]) -> Tensor:
        """Return the features of every picture in every view, (N, V, F), float32."""
        started = time.perf_counter()
        keys, found, missing = self._look_up(paths, views)
        if missing:
            computed = self._compute([paths[place] for place in missing], views)
            found |= self._kept(computed, [keys[place] for place in missing])
            self.n_computed += len(missing) * len(views)
            self.compute_seconds += time.perf_counter() - started
        self.n_found += (len(paths) - len(missing)) * len(views)
        result = torch.from_numpy(np.stack([[found[key] for key in row] for row in keys]))
        self.seconds += time.perf_counter() - started
        return result

    def n_missing(self, paths: Sequence[Path], views: Sequence[View]) -> int:
        """Return of how many pictures the store lacks a view."""
        return len(self._look_up(paths, views)[2])

    def speeds(self, paths: Sequence[Path], views: Sequence[View]) -> dict[str, float | None]:
        """Return images a second of decoding alone, of the body alone, and of both as computed.

        None where all features were found, so that nothing was decoded. A picture in two views
        counts as two in all three.
        """
        if not self.n_computed:
            return {"loader": None, "model": None, "together": None}
        few = paths[: MEASURED_BATCHES * self.batch]
        started = time.perf_counter()
        decoded = decoded_batches(few, self.frozen.dls, self.batch)
        batches = [view.apply(pixels) for _, pixels in decoded for view in views]
        decoding = time.perf_counter() - started
        network = self.frozen.network()
        started = time.perf_counter()
        for pixels in batches:
            self.frozen.features(network, pixels)
        computing = time.perf_counter() - started
        n_seen = len(few) * len(views)
        return {
            "loader": round(n_seen / decoding, 2),
            "model": round(n_seen / computing, 2),
            "together": round(self.n_computed / self.compute_seconds, 2),
        }

    def _look_up(
        self, paths: Sequence[Path], views: Sequence[View]
    ) -> tuple[Keys, Vectors, list[int]]:
        """Return the keys, what is stored under them, and where in `paths` a view is lacking."""
        parts = self.frozen.key_parts()
        keys = [
            [feature_key(image_sha256=image, view=view.name, **parts) for view in views]
            for image in image_hashes(paths)
        ]
        found = self.store.get([key for row in keys for key in row])
        missing = [place for place, row in enumerate(keys) if any(key not in found for key in row)]
        return keys, found, missing

    def _compute(self, paths: Sequence[Path], views: Sequence[View]) -> Iterator[Tensor]:
        """Yield the features of each picture, (V, F), in the order of `paths`."""
        done = 0
        with self.narrator.bar("features", len(paths)) as advance:
            while done < len(paths):
                for vectors in self._batches(paths[done:], views):
                    yield from vectors
                    done += len(vectors)
                    advance(done)

    def _batches(self, paths: Sequence[Path], views: Sequence[View]) -> Iterator[Tensor]:
        """Yield the features of batch after batch, (n, V, F).

        Where memory runs out it ends there, and batches are half as large from then on.
        """
        decoded = decoded_batches(paths, self.frozen.dls, self.batch)
        networks: list[nn.Module] = []

        def next_vectors() -> Tensor | None:
            if not networks:  # here, since it too may take more memory than there is
                networks.append(self.frozen.network())
            for _, pixels in decoded:
                seen = [self.frozen.features(networks[0], view.apply(pixels)) for view in views]
                return torch.stack(seen, dim=1)
            return None

        while isinstance(vectors := attempt(next_vectors), Tensor):
            yield vectors
        if isinstance(vectors, OutOfMemory):
            self._halve(vectors.reason)

    def _halve(self, reason: str) -> None:
        if self.batch == 1:
            raise TrainingError(
                f"memory ran out with one picture in the network: {reason}",
                hint="give smaller pictures or a smaller network, for example --size 128",
            )
        self.batch //= 2
        self.narrator.warn(
            f"memory ran out while features were computed; it goes on with {self.batch} "
            "pictures at a time"
        )

    def _kept(self, computed: Iterator[Tensor], keys: Keys) -> Vectors:
        """Store the vectors as they come, and return them all."""
        everything: Vectors = {}
        fresh: Vectors = {}
        for row, vectors in zip(keys, computed, strict=True):
            fresh |= {key: vector.numpy() for key, vector in zip(row, vectors, strict=True)}
            if len(fresh) >= KEPT_TOGETHER:
                self.store.put(fresh)
                everything, fresh = everything | fresh, {}
        self.store.put(fresh)
        return everything | fresh


def body_sha256(body: nn.Module) -> str:
    """Return a hash of a body's structure, of every weight and of every statistic."""
    digest = hashlib.sha256(repr(body).encode())
    for name, tensor in body.state_dict().items():
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy())
    return digest.hexdigest()
