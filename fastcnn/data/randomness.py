"""Randomness that can be taken up again in the middle: every draw derives from where it stands.

An item's augmentation derives from (seed, epoch, index), a batch's (and the dropout that
follows) from (seed, epoch, batch). So it does not matter how many workers load the items, or
what was drawn before: at the same place the same pictures come.
"""

import hashlib
import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from fastai.data.core import TfmdDL
from fasttransform import ItemTransform

from fastcnn.interrupts import interrupts_held, leave_interrupts_to_the_main_process


def derived_seed(*position: int | str) -> int:
    """Return 32 bits that depend on every part of `position`, and on nothing else."""
    text = "/".join(str(part) for part in position)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest())


def seed_everything(*position: int | str) -> None:
    """Seed Python's, NumPy's and torch's generators from a position in the training."""
    seed = derived_seed(*position)
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


class SeedBatch(ItemTransform):
    """Stands first in `after_batch`, so that batch augmentation and dropout draw the same again."""

    order = -10_000

    def __init__(self) -> None:
        """Begin at epoch 0, batch 0 of seed 0; the loader says where it really is."""
        super().__init__()
        self.begin(seed=0, epoch=0)

    def begin(self, *, seed: int, epoch: int) -> None:
        """Start counting the batches of an epoch."""
        self.seed, self.epoch, self.batch = seed, epoch, 0

    def encodes(self, batch: Any) -> Any:
        """Seed the generators and hand the batch on as it is."""
        seed_everything(self.seed, self.epoch, "batch", self.batch)
        self.batch += 1
        return batch


class ReproducibleDL(TfmdDL):
    """fastai's `TfmdDL` whose order and augmentation derive from seed, epoch and position."""

    seed = 0
    epoch = 0

    def new(self, dataset: Any = None, cls: type | None = None, **kwargs: Any) -> TfmdDL:
        """Copy the loader as fastai does, with its seed."""
        copy = super().new(dataset, cls, **kwargs)
        copy.seed, copy.epoch = self.seed, self.epoch
        return copy

    def wif(self) -> None:
        """Prepare a loading process (fastai's name for torch's `worker_init_fn`)."""
        leave_interrupts_to_the_main_process()

    def __iter__(self) -> Iterator[Any]:
        """Iterate as fastai does; the first step starts the loading processes."""
        batches = super().__iter__()
        with interrupts_held():
            first = next(batches, None)
        if first is not None:
            yield first
            yield from batches

    def before_iter(self) -> None:
        """Tell the batch transforms where the epoch begins."""
        super().before_iter()
        for transform in self.after_batch.fs:
            if isinstance(transform, SeedBatch):
                transform.begin(seed=self.seed, epoch=self.epoch)

    def shuffle_fn(self, indices: list[int]) -> list[int]:
        """Return the order of this epoch."""
        order = random.Random(derived_seed(self.seed, self.epoch, "order"))
        return order.sample(indices, len(indices))

    def create_item(self, index: int) -> Any:
        """Load one item after seeding the generators for it; its transforms draw next."""
        seed_everything(self.seed, self.epoch, "item", index)
        return super().create_item(index)
