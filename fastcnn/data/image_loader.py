"""A fastai loader of images that decodes them into memory before its first epoch."""

import time
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from fastai.data.core import DataLoaders, TfmdDL

from fastcnn.data.pixels import PixelCache, Wanted
from fastcnn.data.preparation import Preparation
from fastcnn.data.randomness import ReproducibleDL, generators_kept
from fastcnn.data.ready_batches import ReadyBatches, ready_batches
from fastcnn.narrator import Narrator

SPEED_BATCHES = 8
"""Batches by which the speed of a loader is measured."""


@dataclass(frozen=True)
class Decoding:
    """What a loader's images are decoded to."""

    pixels: PixelCache
    """Where they are kept."""
    wanted: Sequence[Wanted]
    """Each image with its preparation."""
    keep: Sequence[Preparation]
    """How the images of both parts are prepared: neither takes the room of the other."""
    loads_alone: bool
    """Whether no loading processes are needed once all images are in memory."""


class ImageDL(ReproducibleDL):
    """A `ReproducibleDL` that brings its images into memory before an epoch, as far as it goes.

    With or without the memory, and with any number of loading processes, an epoch is the same.
    """

    decoding: Decoding | None = None
    ready: ReadyBatches | None = None
    """Its pictures as rows of a tensor, where their items need no work."""
    idle_processes = 0
    """Loading processes that are not needed as long as all images are in memory."""

    def new(self, dataset: Any = None, cls: type | None = None, **kwargs: Any) -> TfmdDL:
        """Copy the loader; a copy with a `num_workers` of its own keeps to that."""
        copy = super().new(dataset, cls, **kwargs)
        if dataset is None and "num_workers" not in kwargs:
            copy.decoding = self.decoding
            copy.ready = None if "after_item" in kwargs else self.ready
        return copy

    def __iter__(self) -> Generator[Any, None, None]:
        """Iterate over an epoch.

        Raises:
            DataError: a file cannot be read as an image; it is named.
        """
        self.decode()
        yield from super().__iter__()

    def decode(self) -> None:
        """Bring the images that are missing into memory; see `PixelCache.fill`."""
        if self.decoding is None:
            return
        pixels, wanted = self.decoding.pixels, self.decoding.wanted
        pixels.fill(wanted, keep=self.decoding.keep)
        processes, is_held = self.fake_l.num_workers, pixels.holds(wanted)
        # An item then costs a crop and a conversion: forking and handing batches over cost more.
        if self.decoding.loads_alone and is_held and processes:
            self.idle_processes, self.fake_l.num_workers = processes, 0
        if self.ready is None and is_held:
            self.ready = ready_batches(self, pixels, wanted)
        if self.idle_processes and not is_held:  # other images took the room
            self.idle_processes, self.fake_l.num_workers = 0, self.idle_processes

    def get_idxs(self) -> list[int]:
        """Return the order of the epoch, in which an image that is drawn again has a new number.

        That is its index and `n` for every time before, so that each time it is augmented anew.
        """
        indices: list[int] = super().get_idxs()
        if self.sampling_weights is None:
            return indices
        draws: Counter[int] = Counter()
        numbers = []
        for index in indices:
            numbers.append(index + self.n * draws[index])
            draws[index] += 1
        return numbers

    def create_batches(self, numbers: Iterable[int]) -> Iterator[Any]:
        """Make the batches of some numbers of the epoch, before the transforms of batches."""
        if self.ready is None:
            yield from super().create_batches(numbers)
            return
        for few in self.chunkify(number % int(self.n) for number in numbers):
            yield self.ready.batch(few)

    def item_at(self, number: int) -> Any:
        """Return the item of a number in the order of an epoch."""
        return super().item_at(number % int(self.n))


def decode_images(dls: DataLoaders, narrator: Narrator) -> None:
    """Decode the images of both parts with a progress bar, before the time of training counts.

    Left out, it happens in the first epoch.

    Raises:
        DataError: a file cannot be read as an image; it is named.
    """
    decodings = [found for loader in dls if (found := getattr(loader, "decoding", None))]
    wanted = [pair for decoding in decodings for pair in decoding.wanted]
    keep = [preparation for decoding in decodings for preparation in decoding.keep]
    for pixels in {decoding.pixels for decoding in decodings}:
        pixels.fill(wanted, narrator, keep=keep)
        if not pixels.holds(wanted):
            narrator.say("images that do not fit into memory are decoded anew in every epoch")


def loader_speed(loader: ReproducibleDL) -> float:
    """Return the images a second that a loader alone hands out, measured by its first batches.

    What is to be decoded once is decoded before; starting processes counts. The epoch stays, and
    the generators of random numbers are left as they were.
    """
    with generators_kept():
        if isinstance(loader, ImageDL):
            loader.decode()
        batches = loader.__iter__()
        started = time.perf_counter()
        n_images = sum(len(batch[0]) for batch in islice(batches, SPEED_BATCHES))
        seconds = time.perf_counter() - started
        batches.close()  # ends the processes, where there are any
    return n_images / seconds
