"""Splits: nothing in both parts, groups on one side, classes in the same share, by seed."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastcnn.data.splits import groups_of, split_places
from fastcnn.errors import DataError, UsageError
from fastcnn.settings import Settings

LABELS = st.lists(st.sampled_from("abc"), min_size=30, max_size=90)


@given(labels=LABELS, seed=st.integers(0, 2**31), split=st.sampled_from(["random", "stratified"]))
def test_every_image_is_in_one_part_and_the_seed_decides(
    labels: list[str], seed: int, split: str
) -> None:
    settings = Settings(split=split, seed=seed)
    if min(Counter(labels).values()) < 2 and split == "stratified":
        with pytest.raises(DataError):
            split_places(labels, None, settings)
        return
    train, valid = split_places(labels, None, settings)
    assert sorted(train + valid) == list(range(len(labels)))
    assert abs(len(valid) - 0.2 * len(labels)) <= 1
    assert split_places(labels, None, settings) == (train, valid)
    if split == "stratified":
        shares = Counter(labels[place] for place in valid)
        assert all(abs(shares[name] - 0.2 * n) <= 1 for name, n in Counter(labels).items())


@given(
    groups=st.lists(st.integers(0, 12), min_size=60, max_size=120),
    split=st.sampled_from(["auto", "stratified"]),
)
def test_a_group_is_never_torn_apart(groups: list[int], split: str) -> None:
    labels = ["ab"[group % 2] for group in groups]
    names = list(map(str, groups))
    if len(set(names)) < 10:
        return
    train, valid = split_places(labels, names, Settings(split=split))
    assert sorted(train + valid) == list(range(len(labels)))
    assert not {names[place] for place in train} & {names[place] for place in valid}


def test_the_group_is_read_from_the_path() -> None:
    names = ["film1_frame2.jpg", "film1_frame9.jpg", "still.jpg"]
    assert groups_of(names, "(.+)_frame") == ["film1", "film1", "alone: still.jpg"]
    with pytest.raises(UsageError, match="matches no path"):
        groups_of(names, "clip[0-9]+")
    with pytest.raises(UsageError, match="regular expression"):
        groups_of(names, "(")
