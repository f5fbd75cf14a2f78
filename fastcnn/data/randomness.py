"""Randomness that can be taken up again in the middle: every draw derives from where it stands.

An item's augmentation derives from (seed, epoch, index), a batch's (and the dropout that
follows) from (seed, epoch, batch); small pictures are mirrored by the epoch and by what they show
(see `moves`). So it does not matter how many workers load the items, or what was drawn before: at
the same place the same pictures come.
"""

import hashlib
import random
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from fastai.data.core import TfmdDL
from fasttransform import ItemTransform
from numpy.typing import NDArray

from fastcnn.interrupts import interrupts_held, leave_interrupts_to_the_main_process


def derived_seed(*position: int | str | None) -> int:
    """Return 32 bits that depend on every part of `position`, and on nothing else."""
    text = "/".join(str(part) for part in position)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest())


def seed_everything(*position: int | str) -> None:
    """Seed Python's, NumPy's and torch's generators from a position in the training."""
    seed_item(*position)
    if torch.accelerator.is_available():
        torch.manual_seed(derived_seed(*position))


def seed_item(*position: int | str | None) -> None:
    """Seed as `seed_everything`, but of torch the processor's generator only.

    An item is made on the processor, and torch takes 0.3 ms to seed devices that are not there.
    """
    seed = derived_seed(*position)
    random.seed(seed)
    np.random.seed(seed)
    torch.default_generator.manual_seed(seed)


@contextmanager
def generators_kept() -> Iterator[None]:
    """Leave Python's, NumPy's and the processor's torch generator as they were before the block."""
    python, numpy = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng(devices=[]):
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)


@runtime_checkable
class BeginsEpochs(Protocol):
    """A batch transform that wants to know where in the training it is."""

    def begin_epoch(self, *, seed: int, epoch: int) -> None:
        """Prepare for the batches of an epoch, numbered from 0."""


class SeedBatch(ItemTransform):
    """Stands first in `after_batch`, so that batch augmentation and dropout draw the same again."""

    order = -10_000

    def __init__(self) -> None:
        """Begin at epoch 0, batch 0 of seed 0; the loader says where it really is."""
        super().__init__()
        self.begin_epoch(seed=0, epoch=0)

    def begin_epoch(self, *, seed: int, epoch: int) -> None:
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
    sampling_weights: NDArray[np.float64] | None = None
    """How often each item (n,) is drawn against the others in a shuffled epoch; None: each once."""

    def new(self, dataset: Any = None, cls: type | None = None, **kwargs: Any) -> TfmdDL:
        """Copy the loader as fastai does, with its seed, and its weights if for the same items."""
        copy = super().new(dataset, cls, **kwargs)
        copy.seed, copy.epoch = self.seed, self.epoch
        copy.sampling_weights = self.sampling_weights if dataset is None else None
        return copy

    def wif(self) -> None:
        """Prepare a loading process (fastai's name for torch's `worker_init_fn`)."""
        leave_interrupts_to_the_main_process()

    def __iter__(self) -> Generator[Any, None, None]:
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
            if isinstance(transform, BeginsEpochs):
                transform.begin_epoch(seed=self.seed, epoch=self.epoch)

    def shuffle_fn(self, indices: list[int]) -> list[int]:
        """Return the order of this epoch, or as many draws with replacement by the weights.

        Raises:
            ValueError: there are more or fewer weights than items.
        """
        seed = derived_seed(self.seed, self.epoch, "order")
        if self.sampling_weights is None:
            return random.Random(seed).sample(indices, len(indices))
        parts = self.sampling_weights / self.sampling_weights.sum()
        return list(np.random.default_rng(seed).choice(indices, len(indices), p=parts).tolist())

    def create_item(self, number: int | None) -> Any:
        """Load one item after seeding the generators for it; its transforms draw next."""
        seed_item(self.seed, self.epoch, "item", number)
        return self.item_at(number or 0)

    def item_at(self, number: int) -> Any:
        """Return the item of a number in the order of an epoch."""
        return super().create_item(number)
