"""fastai's augmentation of batches in fewer passes over them: same draws, same up to rounding.

A recipe writes fastai's own; these take their place in the training loader, never in validation
or in an exported model.
"""

from collections.abc import Callable
from typing import Any

import torch
from fastai.torch_core import TensorImage
from fastai.vision.augment import AffineCoordTfm, LightingTfm, Warp, find_coeffs
from torch import Tensor
from torch.nn import functional

from fastcnn.data.changed import changed

PERSPECTIVE = type(Warp().coord_fs[0])
"""fastai's class of a change of perspective, which it has no public name for."""
LOGIT_EPS = 1e-7
"""What fastai's `logit` keeps colours away from 0 and 1 by."""


def faster_batch(transform: Any) -> Any:
    """Return a transform that does what `transform` does, sooner; or itself where there is none."""
    if type(transform).__module__ != AffineCoordTfm.__module__:  # someone's own may do anything
        return transform
    if isinstance(transform, AffineCoordTfm) and _is_projective(transform):
        return changed(transform, __class__=WarpAtOnce)
    if isinstance(transform, LightingTfm):
        return changed(transform, space_fn=light_at_once)
    return transform


class WarpAtOnce(AffineCoordTfm):
    """fastai's flips, turns, zooms and changes of perspective as one projection of the plane.

    fastai builds an affine grid, then multiplies and divides all of its positions, which takes
    four times as long as the sampling itself.
    """

    def encodes(self, images: TensorImage) -> Any:
        """Warp images (N, C, H, W), float32."""
        size = self.cp_size or tuple(images.shape[-2:])
        halves = all(old > 2 * new for old, new in zip(images.shape[-2:], size, strict=True))
        if self.split_idx or halves:  # fastai may smooth before it makes images much smaller
            return self._encode(images, self.mode)
        is_aligned = bool(self.align_corners)
        warped = functional.grid_sample(
            images.as_subclass(Tensor),
            sampling_grid(self._projections(), *size, is_aligned=is_aligned),
            mode=self.mode,
            padding_mode=self.pad_mode,
            align_corners=is_aligned,
        )
        return TensorImage(warped)

    def _projections(self) -> Tensor:
        """Return homogeneous matrices (N, 3, 3) from new positions to old, both in -1..1."""
        affine = self.mat.as_subclass(Tensor)
        last_row = affine.new_tensor([0, 0, 1]).expand(len(affine), 1, 3)
        projections = torch.cat([affine, last_row], dim=1)
        for warp in self.coord_fs:
            entries = find_coeffs(warp.orig_pts, warp.targ_pts).as_subclass(Tensor).flatten(1)
            entries = torch.cat([entries, torch.ones_like(entries[:, :1])], dim=1)
            projections = entries.view(-1, 3, 3) @ projections
        return projections


def sampling_grid(projections: Tensor, height: int, width: int, *, is_aligned: bool) -> Tensor:
    """Return where each pixel comes from, (N, H, W, 2) as x and y in -1..1, float32.

    `projections` (N, 3, 3) are homogeneous matrices. -1 and 1 are the centres of the corner
    pixels if the grid is aligned, else their outer corners (`align_corners` of torch).
    """
    x, y = (_centres(n, is_aligned).to(projections) for n in (width, height))
    along_x = projections[:, :, 0, None] * x
    along_y = projections[:, :, 1, None] * y + projections[:, :, 2, None]
    positions = along_y[..., None] + along_x[:, :, None]
    return (positions[:, :2] / positions[:, 2:]).permute(0, 2, 3, 1)


def light_at_once(images: Tensor, change: Callable[[Tensor], Tensor]) -> Tensor:
    """Change logits of colours, (N, 3, H, W) in 0..1: fastai's `lighting` in half the passes."""
    return change(torch.logit(images, eps=LOGIT_EPS)).sigmoid_()


def _is_projective(transform: Any) -> bool:
    known = all(type(warp) is PERSPECTIVE for warp in transform.coord_fs)
    return known and transform.mode == "bilinear"


def _centres(n: int, is_aligned: bool) -> Tensor:
    positions = torch.linspace(-1, 1, n)
    return positions if is_aligned else positions * (n - 1) / n
