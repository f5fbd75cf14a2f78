"""Growing stratified subsets, and the heads that learn from them."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fastcnn.training.solver import solve_head
from fastcnn.training.subsets import FEWEST, nested_order, solve_subsets, subset_sizes

targets = st.lists(st.integers(0, 4), min_size=2, max_size=120).map(np.array)


@given(targets, st.integers(0, 2**31), st.integers(0, 4))
def test_every_subset_has_all_classes_in_their_share(
    targets: np.ndarray, seed: int, draw: int
) -> None:
    """Two of each where there are two; each subset holds the smaller ones, as it is a beginning."""
    order = nested_order(targets, seed, draw)
    assert sorted(order.images.tolist()) == list(range(len(targets)))
    assert nested_order(targets, seed, draw).images.tolist() == order.images.tolist()
    counts = np.bincount(targets)
    fewest = np.minimum(counts, FEWEST)
    sizes = subset_sizes([order])
    assert sizes == sorted(set(sizes)) and sizes[-1] == len(targets)
    assert sizes[0] >= fewest.sum()
    for size in sizes:
        chosen = np.bincount(targets[order.subset(size)], minlength=len(counts))
        assert (chosen >= fewest).all()
        rest = chosen > fewest
        if rest.any():  # their share, but for the rounding and for the rare classes' two
            shares = chosen[rest] / counts[rest]
            assert shares.max() - shares.min() <= 2 / counts[rest].min()


def sizes_of(targets: np.ndarray) -> list[int]:
    return subset_sizes([nested_order(targets, 1, 0)])


def test_sizes_grow_to_the_whole() -> None:
    assert sizes_of(np.repeat(np.arange(4), 50)) == [20, 40, 70, 100, 140, 200]
    assert sizes_of(np.repeat(np.arange(4), 3)) == [8, 12]
    assert sizes_of(np.array([0, 1])) == [2]


def test_draws_are_different_subsets() -> None:
    targets = np.repeat(np.arange(4), 20)
    drawn = {tuple(nested_order(targets, 1, draw).subset(24).tolist()) for draw in range(5)}
    assert len(drawn) == 5
    other, first = (nested_order(targets, seed, 0).images.tolist() for seed in (2, 1))
    assert other != first


@given(st.integers(0, 2**31), st.booleans())
@settings(max_examples=30)
def test_half_of_the_images_holds_half_of_the_groups(seed: int, mixed: bool) -> None:
    """Each whole, the classes in their share; a smaller subset lies in a larger one."""
    groups = np.repeat(np.arange(40), 5)
    targets = np.arange(200) % 4 if mixed else groups % 4
    order = nested_order(targets, seed, 0, [f"animal {number}" for number in groups])
    assert subset_sizes([order])[-2:] == [140, 200]
    assert len(order.subset(200)) == 200
    half = order.subset(100)
    assert len(half) == 100 and len(set(groups[half])) == 20
    assert np.bincount(targets[half]).tolist() == [25] * 4 or mixed
    assert set(order.subset(70)) < set(half) < set(order.subset(140))


@given(st.integers(0, 2**31))
@settings(max_examples=30)
def test_what_the_groups_cannot_make_is_no_point_of_a_curve(seed: int) -> None:
    """One animal has most of the pictures: no half leaves it whole."""
    groups = np.repeat(["a", "b", "c", "d", "e"], [92, 4, 4, 4, 4])
    order = nested_order(np.repeat([0, 1], [100, 8]), seed, 0, groups.tolist())
    sizes = subset_sizes([order])
    assert 54 not in sizes and sizes[-1] == 108
    for size in sizes:
        inside = set(groups[order.subset(size)])
        assert len(order.subset(size)) == np.isin(groups, list(inside)).sum()


def test_heads_solved_together_are_those_solved_alone() -> None:
    """Three views an image, unequal class weights, and a class that no image shows."""
    random = torch.Generator().manual_seed(0)
    numbers = torch.arange(60) % 3
    features = torch.randn(60, 3, 8, generator=random) + 2 * torch.eye(8)[numbers][:, None]
    weights = torch.tensor([1.0, 2.0, 0.5, 1.0])
    orders = [nested_order(numbers.numpy(), 0, draw) for draw in range(3)]
    subsets = [order.subset(30) for order in orders]
    alone = [
        solve_head(
            features[subset].flatten(0, 1),
            numbers[subset].repeat_interleave(3),
            4,
            groups=torch.arange(30).repeat_interleave(3),
            class_weights=weights,
            seed=0,
        )
        for subset in subsets
    ]
    for place, solved in enumerate(alone):
        found = solve_subsets(
            features, numbers, 4, subsets, strength=solved.strength, class_weights=weights
        )
        expected, together = (
            torch.softmax(features[:, 0] @ weight.T + bias, dim=1)
            for weight, bias in ((solved.weight, solved.bias), found[place])
        )
        assert (together - expected).abs().max() < 0.1
        assert (together.argmax(1) == expected.argmax(1)).float().mean() >= 0.95
        assert together[:, 3].max() < 1e-9
    assert solve_subsets(features, numbers, 4, [], strength=0.01) == []
