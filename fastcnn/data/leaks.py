"""Exact copies of images across the parts of a data set: a score on them is no score."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from fastcnn.data.loading import ImageSet


def copies_across_parts(images: ImageSet) -> list[tuple[str, str]]:
    """Return pairs of a held-out image and an image learned from that has the same bytes.

    Only files of the same length are read.
    """
    learned: dict[int, list[int]] = defaultdict(list)
    for index in images.train:
        learned[_length(images.items[index])].append(index)
    suspects = [
        index for index in (*images.valid, *images.test) if _length(images.items[index]) in learned
    ]
    lengths = {_length(images.items[index]) for index in suspects}
    by_content = {
        content: index
        for length in lengths
        for content, index in _contents(images.items, learned[length])
    }
    return [
        (images.relative(index), images.relative(by_content[content]))
        for content, index in _contents(images.items, suspects)
        if content in by_content
    ]


def _length(path: Path) -> int:
    return path.stat().st_size


def _contents(items: Sequence[Path], indices: Sequence[int]) -> list[tuple[bytes, int]]:
    found = []
    for index in indices:
        with items[index].open("rb") as file:
            found.append((hashlib.file_digest(file, "sha256").digest(), index))
    return found
