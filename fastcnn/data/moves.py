"""Mirroring and moving by whole pixels: the usual variation of small pictures, at next to no cost.

Both only choose which pixel stands where, so they are done at once, on bytes, by NumPy: torch's
own ways to cut windows out of a batch take several times as long on a processor.
"""

from typing import Any

import numpy as np
import torch
from fastai.torch_core import TensorImage
from fastai.vision.augment import RandTransform
from torch import Tensor


class MirrorAndShift(RandTransform):
    """Mirrors half of the training pictures, and moves each by up to a part of its side.

    What comes in at the border is mirrored too. For CIFAR-10 up to 4 of 32 pixels are usual (He
    et al., "Deep Residual Learning for Image Recognition", arXiv 1512.03385, section 4.2).
    """

    order = 9  # just before the conversion to numbers from 0 to 1: bytes are moved faster

    def __init__(self, part: float = 1 / 8) -> None:
        """Move by up to `part` of the shorter side, below 1."""
        super().__init__(p=1.0)
        self.part = part

    def before_call(self, batch: Any, split_idx: int) -> None:
        """Draw for each picture of a batch: pixels down and to the right, and whether to mirror."""
        super().before_call(batch, split_idx)
        images = batch[0] if isinstance(batch, tuple) else batch
        self.most = int(self.part * min(images.shape[-2:]))
        self.shifts = torch.randint(-self.most, self.most + 1, (len(images), 2)).tolist()
        self.mirrored = (torch.rand(len(images)) < 0.5).numpy()

    def encodes(self, images: TensorImage) -> TensorImage:
        """Return pictures (N, C, H, W) of the type they came in."""
        pixels = images.as_subclass(Tensor).cpu().permute(0, 2, 3, 1).numpy()
        _, height, width, _ = pixels.shape
        margin = (self.most, self.most)
        wide = np.pad(pixels, ((0, 0), margin, margin, (0, 0)), mode="reflect")
        moved = np.empty_like(pixels)
        for place, (down, right) in enumerate(self.shifts):
            top, left = self.most - down, self.most - right
            moved[place] = wide[place, top : top + height, left : left + width]
        moved[self.mirrored] = moved[self.mirrored, :, ::-1]
        return TensorImage(torch.from_numpy(moved).permute(0, 3, 1, 2).to(images.device))
