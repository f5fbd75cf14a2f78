"""Near pairs of perceptual hashes: the same as comparing all with all."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fastcnn.data.doctor.near import BANDS_FOR_MANY, FARTHEST, bits, near_pairs

HASHES = st.integers(0, 2**64 - 1)


@st.composite
def crowds(draw: st.DrawFn) -> list[int]:
    """Hashes of which many are a few bits away from another."""
    hashes = draw(st.lists(HASHES, min_size=1, max_size=12))
    for _ in range(draw(st.integers(0, 12))):
        of, flips = draw(st.sampled_from(hashes)), draw(st.lists(st.integers(0, 63), max_size=9))
        for flip in flips:
            of ^= 1 << flip
        hashes.append(of)
    return hashes


@given(crowds())
def test_all_pairs_are_found_once(hashes: list[int]) -> None:
    expected = [
        (one, other)
        for other in range(len(hashes))
        for one in range(other)
        if (hashes[one] ^ hashes[other]).bit_count() <= FARTHEST
    ]
    assert sorted(near_pairs(np.array(hashes, dtype=np.uint64))) == sorted(expected)


@given(st.lists(HASHES, max_size=20))
def test_bits_are_counted(numbers: list[int]) -> None:
    assert bits(np.array(numbers, dtype=np.uint64)).tolist() == [n.bit_count() for n in numbers]


def test_among_very_many_close_pairs_are_found(monkeypatch: object) -> None:
    """Up to three bits apart, whichever they are."""
    from fastcnn.data.doctor import near

    generator = np.random.default_rng(0)
    hashes = generator.integers(0, 2**64, 3_000, dtype=np.uint64)
    flips = [np.uint64(1) << np.uint64(bit) for bit in generator.integers(0, 64, 3)]
    copies = hashes[:50] ^ flips[0] ^ flips[1] ^ flips[2]
    everything = np.r_[hashes, copies]
    before, near.MANY = near.MANY, 100
    try:
        found = set(near_pairs(everything))
    finally:
        near.MANY = before
    assert BANDS_FOR_MANY == 4
    assert {(place, 3_000 + place) for place in range(50)} <= found


def test_of_a_crowd_each_is_paired_with_the_next() -> None:
    """Thousands of frames of a camera that sees nothing: all pairs of them would be millions."""
    found = set(near_pairs(np.zeros(2_500, dtype=np.uint64)))
    assert found == {(place, place + 1) for place in range(2_499)}
