"""What an image costs beside the network, measured on a few: decoding, loading, augmenting."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fastai.torch_core import to_device

from fastcnn.data.decoded import decoded_batches
from fastcnn.data.image_loader import Decoding
from fastcnn.data.randomness import generators_kept
from fastcnn.training.job import Job

FEW = 8
"""Images that are decoded and loaded to see what one costs."""


@dataclass(frozen=True)
class ImageCosts:
    """What an image costs beside the network, in seconds and bytes."""

    decoding: float
    """To bring it into memory, where it is decoded once; 0 where loading it decodes it."""
    n_bytes: int
    """That it takes there."""
    training: float
    """To load it for a batch, augmentation included."""
    validation: float
    """To load it for scoring."""
    for_features: float
    """To decode it for a frozen body."""


def image_costs(job: Job) -> ImageCosts:
    """Decode and load a few images, and return what one takes.

    Raises:
        DataError: one of them cannot be read.
    """
    dls = job.learner.dls
    paths = job.train_paths[:FEW]
    with generators_kept():
        decoding, n_bytes = _decode(dls.train)
        together = seconds_of(lambda: list(decoded_batches(paths, dls, FEW)))
        return ImageCosts(
            decoding=decoding,
            n_bytes=n_bytes,
            training=_load(dls.train),
            validation=_load(dls.valid),
            for_features=together / len(paths),
        )


def decoding_of(job: Job) -> Decoding | None:
    """Return how the images to learn from are kept, None for a recipe that opens them itself."""
    decoding: Decoding | None = getattr(job.learner.dls.train, "decoding", None)
    return decoding


def seconds_of(work: Callable[[], object]) -> float:
    """Return the seconds that `work` takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _decode(loader: Any) -> tuple[float, int]:
    """Return the seconds and bytes an image that bringing the first ones into memory takes."""
    decoding = getattr(loader, "decoding", None)
    if decoding is None:  # then loading decodes
        return 0.0, 0
    pixels, wanted = decoding.pixels, decoding.wanted[:FEW]
    missing = [pair for pair in wanted if not pixels.holds([pair])]
    if not missing:
        return 0.0, 0
    before = pixels.n_bytes
    seconds = seconds_of(lambda: pixels.fill(missing, keep=decoding.keep))
    return seconds / len(missing), (pixels.n_bytes - before) // len(missing)


def _load(loader: Any) -> float:
    """Return the seconds an image that a batch of the first ones takes, once they are decoded."""
    numbers = range(min(FEW, len(loader.dataset)))

    def load() -> None:
        batch = loader.do_batch([loader.do_item(number) for number in numbers])
        loader.after_batch(to_device(batch, loader.device))

    _decode(loader)
    loader.before_iter()
    load()  # transforms set themselves up at their first call
    return seconds_of(load) / len(numbers)
