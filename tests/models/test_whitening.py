"""The layer that whitens: what it promises of patches, and that training leaves it alone."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import fastcnn
from fastcnn.models.whitening import N_FILTERS, whiten, whitening_layer
from fastcnn.rate_finder import find_rates
from fastcnn.recipe_book import find_recipe


@settings(max_examples=30)
@given(st.integers(0, 1000), st.integers(4, 12))
def test_what_comes_out_is_white(seed: int, side: int) -> None:
    """Over all patches: uncorrelated, each of variance 1, less what counts as noise."""
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(40, 3, side, side, generator=generator)
    images = noise + 3 * torch.randn(40, 1, 1, 1, generator=generator)  # neighbours are alike
    layer = whitening_layer()
    whiten(layer, images)
    output = layer(images).detach().transpose(0, 1).flatten(1)
    half = output[: N_FILTERS // 2]
    torch.testing.assert_close(output[N_FILTERS // 2 :], -half, rtol=1e-4, atol=1e-4)
    found = np.cov(half.numpy(), bias=True)
    np.testing.assert_allclose(found, np.eye(N_FILTERS // 2), atol=0.02)


def test_pictures_of_one_colour_are_no_reason_to_fail() -> None:
    layer = whitening_layer()
    whiten(layer, torch.full((3, 3, 8, 8), 0.5))
    assert torch.isfinite(layer.weight).all()


@pytest.mark.slow
def test_a_range_test_sees_the_layer_that_training_has(few_pets: Path, work: Path) -> None:
    """With a random layer in its place, the curve of losses is another one."""
    options = {"arch": "sprint:filters=8-8-8", "size": 32, "bs": 8, "precision": "fp32"}
    curves = []
    for layer in (whiten, lambda layer, images: None):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("fastcnn.training.train.whiten", layer)
            curves.append(find_rates(find_recipe("pets"), data=few_pets, **options).curve)
    assert curves[0] != curves[1]


@pytest.mark.slow
def test_training_computes_it_and_leaves_it(few_pets: Path, work: Path) -> None:
    """The same pictures give the same layer, whatever was drawn before; other layers learn."""
    first, second = (
        fastcnn.run(
            *("pets",),
            data=few_pets,
            out=work / str(epochs),
            arch="sprint",
            size=32,
            epochs=epochs,
            bs=16,
        )
        for epochs in (1, 2)
    )
    ours, theirs = (run.learner("scratch").model.state_dict() for run in (first, second))
    whitening = [name for name in ours if "whitening" in name]
    assert whitening
    assert all(torch.equal(ours[name], theirs[name]) for name in whitening)
    assert not torch.equal(ours["0.block1.0.weight"], theirs["0.block1.0.weight"])
    entry = first.record["strategies"]["scratch"]
    in_it = sum(ours[name].numel() for name in whitening)
    assert entry["total_parameters"] - entry["trainable_parameters"] == in_it
