"""What the trials of one process share: pictures, features, weights and drawings in memory."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from filelock import FileLock
from numpy.typing import ArrayLike
from torch import Tensor

from fastcnn.assembly import Shared
from fastcnn.data.feature_entries import Vector
from fastcnn.data.feature_store import FeatureStore
from fastcnn.data.memory import available_memory
from fastcnn.data.pixels import PixelCache
from fastcnn.data.views import views
from fastcnn.models.blueprint import Blueprint
from fastcnn.models.weights import Weights
from fastcnn.narrator import Narrator
from fastcnn.plan import Plan, draw, weights_for
from fastcnn.settings import Settings
from fastcnn.training.choice import PrecisionChoice
from fastcnn.training.job import Job

PART_OF_MEMORY = 8
"""One part in so many of the memory that is left is what features take at most, a process."""
ASSUMED_MEMORY = 2 * 1024**3
FEATURES_LOCK = "features.lock"


class KeptWeights(Weights):
    """Weights whose file is read once."""

    @cached_property
    def _tensors(self) -> dict[str, Tensor]:
        return super().state()

    def state(self) -> dict[str, Tensor]:
        """Return the tensors: a learner copies them into its network."""
        return copy.copy(self._tensors)


class KeptFeatures(FeatureStore):
    """A feature store that has the vectors of this process in memory too."""

    def __init__(self, limit: int) -> None:
        """Open the usual store; keep at most `limit` bytes in memory."""
        super().__init__()
        self._limit_in_memory, self._bytes = limit, 0
        self._memory: dict[str, Vector] = {}

    def get(self, keys: Sequence[str]) -> dict[str, Vector]:
        """Return the vectors that are here, from memory where they are."""
        there = {key: self._memory[key] for key in keys if key in self._memory}
        missing = [key for key in keys if key not in there]
        if not missing:
            return there
        found = super().get(missing)
        self._keep(found)
        return there | found

    def put(self, features: Mapping[str, ArrayLike]) -> None:
        """Keep vectors on disk and in memory."""
        super().put(features)
        self._keep({key: np.asarray(vector, dtype="<f4") for key, vector in features.items()})

    def _keep(self, found: Mapping[str, Vector]) -> None:
        n_bytes = sum(vector.nbytes for vector in found.values())
        if self._bytes + n_bytes > self._limit_in_memory:
            self._memory, self._bytes = {}, 0
        if n_bytes <= self._limit_in_memory:
            self._memory |= found
            self._bytes += n_bytes


@dataclass
class Kept:
    """What a process keeps from trial to trial."""

    shared: Shared
    """Pictures and features."""
    locks: Path
    """Where the processes lock what only one shall compute."""
    n_processes: int
    """Processes that share the machine."""
    most_views: int
    """The largest `views` of any trial: computed together, they cost one decoding."""
    weights: dict[tuple[str, str | None, bool], Weights] = field(default_factory=dict)
    """By architecture, file, and whether the architecture was named."""
    drawings: dict[tuple[object, ...], Blueprint] = field(default_factory=dict)
    """Networks without numbers, found to fit their weights: by what names these, head, size and
    strategy."""
    features: set[tuple[object, ...]] = field(default_factory=set)
    """What is in the store by now."""

    def network(
        self, settings: Settings, arch_was_named: bool, n_classes: int, narrator: Narrator
    ) -> tuple[Weights, Blueprint]:
        """Return weights and drawing of the network that the settings name.

        Raises:
            FastcnnError: they cannot be had, or do not go with the settings.
        """
        is_random = settings.strategy == "scratch"
        key = (settings.arch, settings.weights if not is_random else "", arch_was_named)
        if key not in self.weights:
            found = weights_for(settings, arch_was_named, narrator)
            self.weights[key] = KeptWeights(found.architecture, found.source, found.path)
        weights = self.weights[key]
        drawing = (*key, settings.head, settings.size, settings.strategy)
        if drawing not in self.drawings or settings.freeze_until:
            self.drawings[drawing] = draw(weights, settings, n_classes, narrator)
        return weights, self.drawings[drawing]

    def shared_by(self, plan: Plan, narrator: Narrator) -> Shared:
        """Return what the trial shares with others; what was measured depends on its network."""
        return replace(self.shared, choice=PrecisionChoice(plan.settings, plan.device, narrator))

    def bring_features(self, job: Job) -> None:
        """Have the features of a frozen body computed by one process, not by all at once."""
        settings = job.settings
        key = (settings.arch, settings.weights, settings.size, settings.resize, settings.precision)
        if key in self.features:
            return
        with self._alone():
            job.head_features(job.images.train, views(max(self.most_views, settings.views)))
            job.head_features(job.images.valid, views(1))
        self.features.add(key)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        lock = FileLock(self.locks / FEATURES_LOCK) if self.n_processes > 1 else nullcontext()
        with lock:
            yield


@contextmanager
def kept_between_trials(
    plan: Plan, locks: Path, *, n_processes: int, most_views: int
) -> Iterator[Kept]:
    """Open what the trials of a process share.

    Args:
        plan: what all of them vary.
        locks: as in `Kept`.
        n_processes: as in `Kept`.
        most_views: as in `Kept`.
    """
    left = (available_memory() or ASSUMED_MEMORY) // n_processes
    with KeptFeatures(left // PART_OF_MEMORY) as store:
        pixels = PixelCache(left // (PART_OF_MEMORY // 2))
        choice = PrecisionChoice(plan.settings, plan.device, Narrator(quiet=True))
        yield Kept(Shared(pixels, store, choice), locks, n_processes, most_views)
