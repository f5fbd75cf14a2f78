"""The pixel cache: decoded once, within its memory, with the same batches as without it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from fastai.vision.augment import RandomResizedCrop, Resize, aug_transforms
from fastai.vision.core import PILImage
from photographs import block_with
from PIL import Image

from fastcnn.data.image_loader import decode_images
from fastcnn.data.loaders import make_loaders, worker_count
from fastcnn.data.loading import ImageSet, read_images
from fastcnn.data.pixels import PixelCache
from fastcnn.data.preparation import Whole
from fastcnn.errors import DataError
from fastcnn.narrator import Advance, Narrator
from fastcnn.settings import Settings

SETTINGS = Settings(bs=8, seed=3)
CPU = torch.device("cpu")


class Listener(Narrator):
    """Counts the steps of bars; interrupts at a step if told to."""

    def __init__(self, interrupt_at: int = 0) -> None:
        super().__init__(quiet=True)
        self.totals: list[int | None] = []
        self.interrupt_at = interrupt_at

    @contextmanager
    def bar(self, title: str, total: int | None = None) -> Iterator[Advance]:
        self.totals.append(total)

        def advance(done: int, note: str = "", total: int | None = None) -> None:
            if done == self.interrupt_at:
                raise KeyboardInterrupt

        yield advance


@pytest.fixture
def images(few_pets: Path, tmp_path: Path) -> ImageSet:
    """Copies of some pets: a test may take them away."""
    for number, file in enumerate(sorted(few_pets.glob("*.jpg"))[:24]):
        label = file.stem.rsplit("_", 1)[0]
        (tmp_path / f"{label}_{number}.jpg").write_bytes(file.read_bytes())
    return read_images(block(), tmp_path)


def block(size: int = 48, transform: Any = None) -> Any:
    made = block_with(transform or Resize(size), held_out="2.")
    return made.new(item_tfms=[transform or Resize(size)], batch_tfms=aug_transforms())


def loaders_of(images: ImageSet, pixels: PixelCache | None, size: int = 48) -> Any:
    return make_loaders(block(size), images, SETTINGS, CPU, pixels)


def batches(loader: Any, epoch: int = 1) -> list[Any]:
    loader.epoch = epoch
    return list(loader)


def same(first: list[Any], second: list[Any]) -> bool:
    pairs = zip(first, second, strict=True)
    return all(
        torch.equal(a, b) for batch, other in pairs for a, b in zip(batch, other, strict=True)
    )


def test_each_file_is_opened_once_in_a_run(images: ImageSet) -> None:
    """After that all files may go: a second epoch and a second strategy do without."""
    pixels, listener = PixelCache(), Listener()
    loaders = loaders_of(images, pixels)
    decode_images(loaders, listener)
    assert listener.totals == [len(images.items) - 1]  # fastai has looked at one
    for path in images.items:
        path.unlink()
    first = batches(loaders.train)
    assert same(first, batches(loaders.train))
    second_strategy = loaders_of(images, pixels)
    decode_images(second_strategy, listener)
    assert len(listener.totals) == 1
    assert same(first, batches(second_strategy.train))
    assert len(batches(second_strategy.valid)) == 1
    assert loaders.train.fake_l.num_workers == 0


def test_decoding_waits_for_the_first_epoch(images: ImageSet) -> None:
    """A strategy that trains on stored features never asks for pictures."""
    pixels = PixelCache()
    loaders = loaders_of(images, pixels)
    only_first = pixels.n_bytes
    batches(loaders.valid)
    valid_too = pixels.n_bytes
    batches(loaders.train)
    assert 0 < only_first < valid_too < pixels.n_bytes


@pytest.mark.parametrize("transform", [Resize(48), RandomResizedCrop(48, min_scale=0.5)])
def test_memory_and_processes_change_nothing(images: ImageSet, transform: Any) -> None:
    """All kept, some kept, none kept, no cache; loaded in this process or in two."""
    epochs = []
    for limit in (10**9, 60_000, 0, None):
        pixels = None if limit is None else PixelCache(limit)
        made = make_loaders(block(transform=transform), images, SETTINGS, CPU, pixels)
        loader = made.train.new(num_workers=2) if limit in (10**9, None) else made.train
        epochs.append(batches(loader) + batches(made.valid.new(num_workers=0)))
    assert all(same(epochs[0], epoch) for epoch in epochs[1:])


def test_no_more_memory_than_allowed(images: ImageSet) -> None:
    pixels = PixelCache(limit=100_000)
    loaders = loaders_of(images, pixels)
    decode_images(loaders, Listener())
    assert 80_000 < pixels.n_bytes <= 100_000
    batches(loaders.train)
    assert pixels.n_bytes <= 100_000
    assert loaders.train.fake_l.num_workers == worker_count()


def test_sizes_can_grow_and_shrink(images: ImageSet) -> None:
    """Each size is decoded for itself, once: pixels never depend on what was decoded before."""
    pixels, listener = PixelCache(), Listener()
    alone = {
        size: batches(loaders_of(images, None, size).train.new(num_workers=0)) for size in (32, 64)
    }
    for size in (32, 64, 32):
        loaders = loaders_of(images, pixels, size)
        decode_images(loaders, listener)
        assert loaders.one_batch()[0].shape == (8, 3, size, size)
        assert loaders.valid.one_batch()[0].shape[2:] == (size, size)
        assert same(alone[size], batches(loaders.train))
    assert len(listener.totals) == 2


def test_another_size_makes_room_for_itself(images: ImageSet) -> None:
    needed = PixelCache()
    decode_images(loaders_of(images, needed, 64), Listener())
    pixels = PixelCache(limit=needed.n_bytes + 1000)
    small, large = loaders_of(images, pixels, 32), loaders_of(images, pixels, 64)
    before = batches(small.train)
    decode_images(large, Listener())
    assert pixels.n_bytes == needed.n_bytes
    assert batches(large.train)[0][0].shape == (8, 3, 64, 64)
    assert same(before, batches(small.train))
    pixels.limit = 1000
    decode_images(large, Listener())
    assert (pixels.n_bytes, small.train.fake_l.num_workers) == (0, 0)
    assert same(before, batches(small.train))
    assert small.train.fake_l.num_workers == worker_count()


def test_a_damaged_file_is_named(images: ImageSet) -> None:
    pixels, victim = PixelCache(), images.items[5]
    victim.write_bytes(victim.read_bytes()[:2000])
    loaders = loaders_of(images, pixels)
    with pytest.raises(DataError, match=f"{victim.name} cannot be read as an image"):
        batches(loaders.train)
    victim.write_bytes(b"no image")
    with pytest.raises(DataError, match=victim.name):
        decode_images(loaders, Listener())


def test_an_interrupt_ends_the_threads(images: ImageSet) -> None:
    threads = threading.active_count()
    pixels = PixelCache()
    loaders = loaders_of(images, pixels)
    with pytest.raises(KeyboardInterrupt):
        decode_images(loaders, Listener(interrupt_at=3))
    assert threading.active_count() == threads
    batches(loaders.train)  # and all is well after it


def test_what_is_kept_cannot_be_changed_from_outside(tmp_path: Path) -> None:
    path, way, pixels = tmp_path / "a.png", Whole(PILImage), PixelCache()
    Image.new("RGB", (4, 4), (1, 2, 3)).save(path)
    pixels.fill([(path, way)])
    pixels.get(path, way).paste((9, 9, 9), (0, 0, 4, 4))
    assert pixels.get(path, way).getpixel((0, 0)) == (1, 2, 3)
