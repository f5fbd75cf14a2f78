"""Mirroring and moving: each picture is a window of itself or of its mirror image."""

import torch
from fastai.torch_core import TensorImage
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from fastcnn.data.moves import MirrorAndShift


@given(
    st.integers(1, 4), st.integers(8, 20), st.integers(8, 20), st.sampled_from([0, 1 / 8, 1 / 4])
)
def test_every_picture_is_a_window_of_its_mirrored_surroundings(
    n: int, height: int, width: int, part: float
) -> None:
    images = TensorImage(torch.randint(256, (n, 3, height, width), dtype=torch.uint8))
    most = int(part * min(height, width))
    moved = MirrorAndShift(part)(images, split_idx=0)
    assert moved.dtype == images.dtype and moved.shape == images.shape
    wide = functional.pad(images.float(), [most] * 4, mode="reflect")
    for picture, around in zip(moved.float(), wide, strict=True):
        windows = [
            around[:, top : top + height, left : left + width]
            for top in range(2 * most + 1)
            for left in range(2 * most + 1)
        ]
        assert any(torch.equal(picture, w) or torch.equal(picture.flip(2), w) for w in windows)


def test_all_ways_are_taken() -> None:
    """Of many pictures some are moved to each side as far as it goes, and about half mirrored."""
    torch.manual_seed(0)
    picture = torch.zeros(2000, 3, 16, 16, dtype=torch.uint8)
    transform = MirrorAndShift(1 / 8)
    transform(TensorImage(picture), split_idx=0)
    assert {tuple(shift) for shift in transform.shifts} == {
        (down, right) for down in range(-2, 3) for right in range(-2, 3)
    }
    assert 900 < transform.mirrored.sum() < 1100


@given(st.integers(0, 9), st.integers(0, 9))
def test_two_epochs_in_a_row_show_a_picture_both_ways(seed: int, epoch: int) -> None:
    images = torch.randint(256, (64, 3, 8, 8), dtype=torch.uint8)
    shown = {}
    for number in (epoch, epoch + 1, epoch + 2):
        transform = MirrorAndShift(0)
        transform.begin_epoch(seed=seed, epoch=number)
        order = torch.randperm(64)
        shown[number] = torch.empty_like(images)
        shown[number][order] = transform(TensorImage(images[order]), split_idx=0).as_subclass(
            torch.Tensor
        )
    now, then, again = shown.values()
    assert torch.equal(then, now.flip(3))
    assert torch.equal(again, now)
    as_it_is = (now == images).flatten(1).all(1).sum()
    assert 8 < as_it_is < 56  # half of 64, in all but one of a billion draws


def test_another_seed_begins_with_other_pictures() -> None:
    images = TensorImage(torch.randint(256, (200, 3, 8, 8), dtype=torch.uint8))
    turns = []
    for seed in range(8):
        transform = MirrorAndShift()
        transform.begin_epoch(seed=seed, epoch=0)
        transform(images, split_idx=0)
        turns.append(tuple(transform.mirrored))
    assert len(set(turns)) > 4  # some seeds share one of 32 draws


def test_validation_pictures_stay() -> None:
    images = TensorImage(torch.rand(4, 3, 8, 8))
    assert torch.equal(MirrorAndShift()(images, split_idx=1), images)
