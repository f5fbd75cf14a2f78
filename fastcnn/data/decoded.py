"""Picture files as batches of pixels, for passes that look at each file once, in order."""

import copy
import hashlib
import io
import os
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import PIL
import torch
from fastai.data.core import DataLoaders
from fastai.torch_core import TensorImage
from fastai.vision.core import PILImage
from torch import Tensor

from fastcnn.data.preparation import VALIDATION
from fastcnn.data.rgb import open_picture

BATCHES_AHEAD = 2
"""How many batches are decoded before they are asked for."""
PROBE_SIZES = ((317, 251), (203, 331), (1100, 900))
"""Width and height of the pictures that stand for all: one wide, one tall, one large."""


def decoded_batches(
    paths: Sequence[Path], dls: DataLoaders, batch_size: int
) -> Iterator[tuple[Sequence[Path], Tensor]]:
    """Yield the paths of a batch and its pixels (n, 3, H, W), uint8, as validation sees them.

    Threads decode ahead: Pillow lets go of Python's lock while it works.
    """
    open_item = _ItemOpener(dls)
    batches = [paths[start : start + batch_size] for start in range(0, len(paths), batch_size)]
    waiting: deque[tuple[Sequence[Path], list[Future[Tensor]]]] = deque()
    pool = ThreadPoolExecutor(min(8, os.cpu_count() or 1))
    try:
        for batch in batches:
            waiting.append((batch, [pool.submit(open_item, path) for path in batch]))
            if len(waiting) > BATCHES_AHEAD:
                yield _collected(*waiting.popleft())
        while waiting:
            yield _collected(*waiting.popleft())
    finally:
        pool.shutdown(cancel_futures=True)


def fingerprint(dls: DataLoaders) -> str:
    """Return a hash of what decoding and the validation transforms make of fixed pictures.

    So a setting of any transform, of the recipe's own too, and another release of Pillow tell
    themselves, without being listed.
    """
    pixels = hashlib.sha256(PIL.__version__.encode())
    for batch in probe_inputs(dls):
        pixels.update(f"{tuple(batch.shape)}".encode() + batch.cpu().numpy().tobytes())
    return pixels.hexdigest()


def probe_inputs(dls: DataLoaders) -> Iterator[Tensor]:
    """Yield what the network would get of fixed pictures, each (1, 3, H, W) float32."""
    open_item = _ItemOpener(dls)
    for width, height in PROBE_SIZES:
        item = open_item(io.BytesIO(_probe_file(width, height)))
        yield as_network_input(item.unsqueeze(0), dls)


def as_network_input(pixels: Tensor, dls: DataLoaders) -> Tensor:
    """Apply the validation transforms of a batch: (N, 3, H, W), float32, normalised, on device."""
    dls.valid.after_batch.split_idx = VALIDATION  # or, before a loader has begun, it draws
    batch = dls.valid.after_batch((TensorImage(pixels.to(dls.device)),))[0]
    return torch.Tensor(batch.as_subclass(torch.Tensor))


class _ItemOpener:
    """Opens a picture file by the item transforms of validation; each thread has its own.

    fastai's transforms keep what they drew for an item in themselves.
    """

    def __init__(self, dls: DataLoaders) -> None:
        self._transforms = dls.valid.after_item
        self._of_thread = threading.local()

    def __call__(self, file: Any) -> Tensor:
        if not hasattr(self._of_thread, "transforms"):
            self._of_thread.transforms = copy.deepcopy(self._transforms)
            self._of_thread.transforms.split_idx = VALIDATION
        item = self._of_thread.transforms((open_picture(file, PILImage),))[0]
        return torch.Tensor(item.as_subclass(torch.Tensor))


def _collected(paths: Sequence[Path], items: list[Future[Tensor]]) -> tuple[Sequence[Path], Tensor]:
    return paths, torch.stack([item.result() for item in items])


def _probe_file(width: int, height: int) -> bytes:
    """Return a JPEG of noise and ramps: flat pictures would hide what a crop or filter does."""
    random = np.random.default_rng(0)
    ramp = np.linspace(0, 160, width, dtype=np.float32)[None, :, None]
    pixels = (ramp + random.uniform(0, 95, (height, width, 3))).astype(np.uint8)
    file = io.BytesIO()
    PIL.Image.fromarray(pixels).save(file, format="JPEG", quality=90)
    return file.getvalue()
