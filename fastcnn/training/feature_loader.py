"""Loaders of stored features for fastai's training loop: batches of vectors, not pictures."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from fastai.data.core import DataLoaders
from fastai.data.load import chunked
from torch import Tensor

from fastcnn.data.randomness import ReproducibleDL, derived_seed, seed_everything


class FeatureDL(ReproducibleDL):
    """Batches of (features (N, F) float32, targets (N,) int64), drawn by (seed, epoch, batch)."""

    def create_batches(self, samples: Iterable[int]) -> Iterator[tuple[Tensor, Tensor]]:
        """Take whole batches from the tensors, a view of each picture at random."""
        features, targets = self.dataset.features, self.dataset.targets
        for number, batch in enumerate(chunked(samples, self.bs, self.drop_last)):
            random = np.random.default_rng(derived_seed(self.seed, self.epoch, "views", number))
            views = random.integers(features.shape[1], size=len(batch))
            seed_everything(self.seed, self.epoch, "batch", number)  # dropout and mixup draw next
            yield features[batch, views], targets[batch]


class Features:
    """A data set of features (N, V, F) and targets (N,)."""

    n_inp = 1
    """How many parts of an item go into the network: fastai asks."""

    def __init__(self, features: Tensor, targets: Tensor) -> None:
        """Keep both as they are."""
        self.features, self.targets = features, targets

    def __len__(self) -> int:
        """Return the number of pictures."""
        return len(self.targets)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        """Return a picture's first view and its target."""
        return self.features[index, 0], self.targets[index]


def feature_loaders(train: Features, valid: Features, like: DataLoaders) -> DataLoaders:
    """Return loaders of features with the batch size, seed and device of those of pictures."""
    common: dict[str, Any] = {"num_workers": 0, "do_setup": False}
    first = FeatureDL(
        train, bs=min(like.train.bs, len(train)), shuffle=True, drop_last=True, **common
    )
    second = FeatureDL(valid, bs=max(1024, like.valid.bs), **common)
    loaders = [first, second]
    for loader in loaders:
        loader.seed = like.train.seed
        loader.device = like.device
    first.sampling_weights = like.train.sampling_weights
    return DataLoaders(*loaders, path=like.path, device=like.device)
