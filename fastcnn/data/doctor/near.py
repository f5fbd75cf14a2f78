"""Pairs of images that look the same though their bytes differ."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

FARTHEST = 6
"""Bits of 64 by which the perceptual hashes of two copies differ at most."""
MANY = 200_000
"""Images above which pairs more than 3 bits apart may be missed: looking for all takes hours."""
BANDS, BANDS_FOR_MANY = 7, 4
"""Parts that a hash is cut into: hashes that differ in fewer bits than these share one part."""
LARGEST_CROWD = 2_000
"""Images that share a part of the hash: of more, each is compared with the next one only."""
CHUNK = 4_000_000
"""Pairs that are compared in one go."""

Places = NDArray[np.int64]
ONES = np.array([number.bit_count() for number in range(256)], dtype=np.uint8)


def near_pairs(looks: NDArray[np.uint64]) -> Iterator[tuple[int, int]]:
    """Yield the places (i < j) of all pairs of hashes at most `FARTHEST` bits apart, once each.

    Norouzi, Punjani and Fleet, "Fast Search in Hamming Space with Multi-Index Hashing", arXiv
    1307.2982: only hashes that share a part are compared.
    """
    bands = _bands(BANDS if len(looks) <= MANY else BANDS_FOR_MANY)
    for number, band in enumerate(bands):
        for first, second in _sharing(looks & band):
            different = looks[first] ^ looks[second]
            near = bits(different) <= FARTHEST
            for earlier in bands[:number]:  # those were found when that part was looked at
                near &= (different & earlier) != 0
            yield from zip(first[near].tolist(), second[near].tolist(), strict=True)


def bits(numbers: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return how many bits of each number are set."""
    counted: NDArray[np.int64] = ONES[numbers.view(np.uint8).reshape(-1, 8)].sum(1, dtype=np.int64)
    return counted


def _bands(n_bands: int) -> list[np.uint64]:
    """Return masks that cut 64 bits into so many parts of nearly the same length."""
    edges = [64 * number // n_bands for number in range(n_bands + 1)]
    return [
        np.uint64((1 << high) - (1 << low)) for low, high in zip(edges, edges[1:], strict=False)
    ]


def _sharing(parts: NDArray[np.uint64]) -> Iterator[tuple[Places, Places]]:
    """Yield all pairs of places that hold the same number, in chunks."""
    order = np.argsort(parts, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(parts[order]) != 0])
    lengths = np.diff(np.r_[starts, len(parts)])
    waiting: list[tuple[Places, Places]] = []
    n_waiting = 0
    for start, length in zip(starts.tolist(), lengths.tolist(), strict=True):
        if length < 2:
            continue
        crowd = np.sort(order[start : start + length])
        one, other = _pairs(length)
        waiting.append((crowd[one], crowd[other]))
        n_waiting += len(one)
        if n_waiting >= CHUNK:
            yield _joined(waiting)
            waiting, n_waiting = [], 0
    if waiting:
        yield _joined(waiting)


def _pairs(length: int) -> tuple[Places, Places]:
    """Return the places of all pairs in a crowd; of a large one only neighbours, as a chain."""
    if length <= LARGEST_CROWD:
        return np.triu_indices(length, 1)
    places = np.arange(length)
    return places[:-1], places[1:]


def _joined(pairs: list[tuple[Places, Places]]) -> tuple[Places, Places]:
    return np.concatenate([one for one, _ in pairs]), np.concatenate([other for _, other in pairs])
