"""Splits: nothing in both parts, groups on one side, classes in the same share, by seed."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastcnn.data.splits import fold_places, groups_of, split_places
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


@given(labels=LABELS, seed=st.integers(0, 2**31), n_folds=st.integers(2, 7))
@settings(max_examples=25)
def test_each_image_is_held_out_in_one_fold_and_the_classes_have_their_share(
    labels: list[str], seed: int, n_folds: int
) -> None:
    asked = Settings(folds=n_folds, seed=seed)
    folds = [fold_places(labels, None, asked, fold) for fold in range(n_folds)]
    held_out = [place for _, valid in folds for place in valid]
    assert sorted(held_out) == list(range(len(labels)))
    for train, valid in folds:
        assert sorted(train + valid) == list(range(len(labels)))
        shares = Counter(labels[place] for place in valid)
        assert all(abs(shares[name] - n / n_folds) < 1 for name, n in Counter(labels).items())
    assert [fold_places(labels, None, asked, fold) for fold in range(n_folds)] == folds


@given(
    sizes=st.lists(st.integers(1, 5), min_size=12, max_size=30),
    seed=st.integers(0, 2**31),
    n_folds=st.integers(2, 4),
)
@settings(max_examples=25)
def test_folds_tear_no_group_apart(sizes: list[int], seed: int, n_folds: int) -> None:
    """Of groups that are all of one class, as frames of a film are."""
    groups = [f"film {number}" for number, size in enumerate(sizes) for _ in range(size)]
    labels = ["ab"[int(group.split()[1]) % 2] for group in groups]
    asked = Settings(folds=n_folds, seed=seed)
    folds = [fold_places(labels, groups, asked, fold) for fold in range(n_folds)]
    assert sorted(place for _, valid in folds for place in valid) == list(range(len(labels)))
    for train, valid in folds:
        assert valid
        assert not {groups[place] for place in train} & {groups[place] for place in valid}
        for name, count in Counter(labels).items():
            held_out = sum(labels[place] == name for place in valid)
            assert abs(held_out - count / n_folds) <= max(sizes)


def test_more_folds_than_there_is_to_deal() -> None:
    labels, groups = list("aaaabbbb"), list("xyzzxyzz")
    for some, words, most in ((None, "images of the largest class", 4), (groups, "groups", 3)):
        with pytest.raises(DataError, match=f"at most {most}: there are no more {words}") as caught:
            fold_places(labels, some, Settings(folds=5), 0)
        assert caught.value.problems[0].hint == f"give --folds {most}"
        assert len(fold_places(labels, some, Settings(folds=most), 0)[1]) > 0


def test_folds_of_groups_that_are_whole_classes() -> None:
    with pytest.raises(DataError, match="fold 1 of 2 holds out all images of its classes"):
        fold_places(list("aabbccdd"), list("aabbccdd"), Settings(folds=2), 0)


def test_the_group_is_read_from_the_path() -> None:
    names = ["film1_frame2.jpg", "film1_frame9.jpg", "still.jpg"]
    assert groups_of(names, "(.+)_frame") == ["film1", "film1", "alone: still.jpg"]
    with pytest.raises(UsageError, match="matches no path"):
        groups_of(names, "clip[0-9]+")
    with pytest.raises(UsageError, match="regular expression"):
        groups_of(names, "(")
