"""Copies of what is learned from among what is held out."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from fastcnn.data.leaks import HEAD, copies_across_parts
from fastcnn.data.loading import ImageSet


def test_only_whole_copies_across_the_parts_are_named(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    one, other = random.bytes(3 * HEAD), random.bytes(3 * HEAD)
    contents = [one, other, one, one[:HEAD] + other[HEAD:], other, one[:-1]]
    items = tuple(tmp_path / f"{number}.jpg" for number in range(6))
    for path, content in zip(items, contents, strict=True):
        path.write_bytes(content)
    images = ImageSet(tmp_path, items, ("a",) * 6, train=(0, 1), valid=(2, 3), test=(4, 5))
    assert copies_across_parts(images) == [("2.jpg", "0.jpg"), ("4.jpg", "1.jpg")]


def test_what_was_read_serves_another_split(tmp_path: Path) -> None:
    """The files are gone by then."""
    items = tuple(tmp_path / f"{number}.jpg" for number in range(4))
    for path, content in zip(items, (b"one", b"two", b"one", b"six"), strict=True):
        path.write_bytes(content)
    first = ImageSet(tmp_path, items, ("a",) * 4, train=(0, 1), valid=(2, 3))
    known: dict[Any, Any] = {}
    assert copies_across_parts(first, known) == [("2.jpg", "0.jpg")]
    for path in items:
        path.unlink()
    second = replace(first, train=(2, 3), valid=(0, 1))
    assert copies_across_parts(second, known) == [("0.jpg", "2.jpg")]
